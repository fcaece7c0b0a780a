/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Not a benchmark: writes the input of the compression benchmarks, "data BYTES".
 * A deterministic mixture of text of made-up words, tables of binary numbers
 * that change slowly, and noise; it compresses to somewhat less than half.
 */
#include "bench.h"

enum { WORDS = 3000 };

static char words[WORDS][12];
static uint64_t state = 2024;

static void put_text(size_t count)
{
    while (count > 0) {
        /* Few words are frequent, many are rare. */
        uint64_t bits = bench_random(&state);
        uint64_t word = (bits >> 40) % (1 + (bits >> 20) % (1 + (bits & 0xfffff) % WORDS));
        const char *text = words[word];

        for (; *text && count > 0; count--) {
            putchar(*text++);
        }
        if (count > 0) {
            putchar(bits >> 60 == 0 ? '\n' : ' ');
            count--;
        }
    }
}

static void put_table(size_t count)
{
    uint32_t value = (uint32_t)bench_random(&state);

    for (size_t i = 0; i < count; i++) {
        if (i % 4 == 0) {
            value += (uint32_t)(bench_random(&state) >> 58);
        }
        putchar((int)(value >> (i % 4 * 8) & 0xff));
    }
}

static void put_noise(size_t count)
{
    while (count-- > 0) {
        putchar((int)(bench_random(&state) >> 56));
    }
}

int main(int argc, char **argv)
{
    long bytes = argc == 2 ? atol(argv[1]) : 0;

    if (bytes <= 0) {
        fprintf(stderr, "usage: data BYTES\n");
        return 2;
    }
    for (int i = 0; i < WORDS; i++) {
        int length = 2 + (int)(bench_random(&state) % 9);

        for (int c = 0; c < length; c++) {
            words[i][c] = "etaoinshrdlucmfwypvbgkqjxz"[bench_random(&state) % 26 * (bench_random(&state) % 26) / 26];
        }
    }
    while (bytes > 0) {
        size_t part = bytes < 65536 ? (size_t)bytes : 65536;
        unsigned kind = (unsigned)(bench_random(&state) >> 61);

        if (kind < 5) {
            put_text(part);
        } else if (kind < 7) {
            put_table(part);
        } else {
            put_noise(part);
        }
        bytes -= (long)part;
    }
    return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The C library's memory and string functions over blocks of 16 bytes to
 * 64 KiB: copies, overlapping moves, fills, comparisons, lengths, searches.
 */
#include "bench.h"

enum { SIZE = 65536 };

static char from[SIZE + 64], to[SIZE + 64];

static uint64_t work(long iterations)
{
    uint64_t hash = BENCH_SEED, state = 7;

    for (size_t i = 0; i < sizeof from; i++) {
        from[i] = (char)('a' + bench_random(&state) % 26);
    }
    for (long round = 0; round < iterations; round++) {
        for (size_t size = 16; size <= SIZE; size *= 4) {
            /* The same number of bytes for each size. */
            for (size_t done = 0; done < SIZE; done += size) {
                size_t shift = (done / size) & 7;

                memcpy(to + shift, from, size);
                to[size - 1] = 0;
                hash += strlen(to);
                hash += (uint64_t)(memcmp(to + shift, from, size - 8) == 0);
                memmove(to + 3, to, size);
                hash += (uint64_t)(memchr(to, '!', size) == NULL);
                memset(to, (int)(round & 0x7f), size);
                __asm__ volatile("" : : "r"(to) : "memory");
            }
            hash = bench_mix(hash, (uint64_t)(unsigned char)to[size / 2]);
        }
    }
    return hash;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, "memstr", work);
}

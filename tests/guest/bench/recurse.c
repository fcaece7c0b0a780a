/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls and returns: recursive functions that do little else, calls through
 * function pointers, and a search of the eight queens.
 */
#include "bench.h"

typedef uint32_t (*function)(uint32_t);

__attribute__((noinline)) static uint32_t fibonacci(uint32_t n)
{
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

__attribute__((noinline)) static uint32_t takeuchi(uint32_t x, uint32_t y, uint32_t z)
{
    return y >= x ? z : takeuchi(takeuchi(x - 1, y, z), takeuchi(y - 1, z, x), takeuchi(z - 1, x, y));
}

__attribute__((noinline)) static uint32_t queens(uint32_t columns, uint32_t left, uint32_t right)
{
    uint32_t count = 0;

    if (columns == 0xff) {
        return 1;
    }
    for (uint32_t free = ~(columns | left | right) & 0xff; free; free &= free - 1) {
        uint32_t bit = free & -free;

        count += queens(columns | bit, (left | bit) << 1, (right | bit) >> 1);
    }
    return count;
}

static uint32_t twice(uint32_t x) { return x * 2; }
static uint32_t next(uint32_t x) { return x + 1; }
static uint32_t turned(uint32_t x) { return x << 7 | x >> 25; }
static uint32_t flipped(uint32_t x) { return ~x; }

static uint64_t work(long iterations)
{
    static const function table[4] = { twice, next, turned, flipped };
    uint64_t hash = BENCH_SEED;

    for (long i = 0; i < iterations; i++) {
        uint32_t value = (uint32_t)i;

        hash = bench_mix(hash, fibonacci(18));
        hash = bench_mix(hash, takeuchi(10, 5, 1));
        hash = bench_mix(hash, queens(0, 0, 0));
        for (uint32_t j = 0; j < 5000; j++) {
            value = table[(value ^ j) & 3](value);
        }
        hash = bench_mix(hash, value);
    }
    return hash;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, "recurse", work);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frame that every benchmark program shares.
 *
 * A program does a fixed amount of deterministic work per iteration, prints
 *     NAME CHECKSUM
 *     time NAME NANOSECONDS
 * and takes the number of iterations as its only argument. The checksum
 * depends on the number of iterations only: guest and native runs, under any
 * emulator, must print the same. Floating-point programs use operations that
 * IEEE 754 defines exactly (compiled with -ffp-contract=off and, for an inline
 * square root, -fno-math-errno), and no libm.
 */
#ifndef BENCH_H
#define BENCH_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static inline uint64_t bench_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline void bench_die(const char *what)
{
    fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* xorshift64*: the same sequence everywhere. */
static inline uint64_t bench_random(uint64_t *state)
{
    uint64_t x = *state;

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * UINT64_C(0x2545f4914f6cdd1d);
}

/* FNV-1a over a value, for the checksums. */
static inline uint64_t bench_mix(uint64_t hash, uint64_t value)
{
    for (int i = 0; i < 8; i++) {
        hash = (hash ^ (value & 0xff)) * UINT64_C(0x100000001b3);
        value >>= 8;
    }
    return hash;
}

static inline uint64_t bench_mix_double(uint64_t hash, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof bits);
    return bench_mix(hash, bits);
}

#define BENCH_SEED UINT64_C(0xcbf29ce484222325)

/* A program's main: WORK(iterations) returns the checksum. */
static inline int bench_main(int argc, char **argv, const char *name,
                             uint64_t (*work)(long iterations))
{
    char *end = NULL;
    long iterations = argc == 2 ? strtol(argv[1], &end, 10) : 0;
    uint64_t start, passed, sum;

    if (iterations <= 0 || *end) {
        fprintf(stderr, "usage: %s ITERATIONS (1 or more)\n", argv[0]);
        return 2;
    }
    start = bench_now();
    sum = work(iterations);
    passed = bench_now() - start;
    printf("%s %016llx\ntime %s %llu\n", name, (unsigned long long)sum,
           name, (unsigned long long)passed);
    return 0;
}

#endif

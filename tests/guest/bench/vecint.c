/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loops over bytes and words that a compiler makes vector code of: blending of two pictures, a brightness with saturation, a
 * threshold, sums of differences, and a checksum of words.
 */
#include "bench.h"

enum { N = 4096 };

static uint8_t a[N], b[N], c[N];
static uint32_t w[N];
static int16_t s[N];

static void blend(unsigned alpha)
{
    for (int i = 0; i < N; i++) {
        c[i] = (uint8_t)((a[i] * alpha + b[i] * (256 - alpha)) >> 8);
    }
}

static void brighten(int by)
{
    for (int i = 0; i < N; i++) {
        int t = c[i] + by;

        a[i] = (uint8_t)(t > 255 ? 255 : t);
        b[i] = c[i] > 128 ? b[i] : (uint8_t)(b[i] ^ 0x5a);
    }
}

static uint32_t differences(void)
{
    uint32_t sum = 0;

    for (int i = 0; i < N; i++) {
        sum += (uint32_t)abs(a[i] - b[i]);
    }
    return sum;
}

static void words(uint32_t k)
{
    for (int i = 0; i < N; i++) {
        w[i] = (w[i] << 5 | w[i] >> 27) ^ (w[i] + k);
        s[i] = (int16_t)((s[i] * 3 + (int16_t)w[i]) >> 1);
    }
}

static uint64_t work(long iterations)
{
    uint64_t hash = BENCH_SEED, state = 13;

    for (int i = 0; i < N; i++) {
        uint64_t r = bench_random(&state);

        a[i] = (uint8_t)r;
        b[i] = (uint8_t)(r >> 8);
        w[i] = (uint32_t)(r >> 32);
        s[i] = (int16_t)(r >> 16);
    }
    for (long round = 0; round < iterations; round++) {
        blend(64 + (unsigned)(round & 127));
        brighten(7);
        words((uint32_t)round);
        hash = bench_mix(hash, differences() + w[round % N] + (uint64_t)(uint16_t)s[(round * 3) % N]);
    }
    return hash;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, BENCH_NAME, work);
}

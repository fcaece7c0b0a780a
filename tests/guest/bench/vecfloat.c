/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loops over arrays of floats and doubles that a compiler makes vector code of: a x + y, a stencil, square roots, and a clamp.
 */
#include "bench.h"

enum { N = 2048 };

static float x[N + 2], y[N + 2], z[N + 2];
static double u[N], v[N];

static void axpy(float a)
{
    for (int i = 0; i < N; i++) {
        y[i] = a * x[i] + y[i] * 0.5f;
    }
}

static void stencil(void)
{
    for (int i = 1; i <= N; i++) {
        z[i] = (x[i - 1] + x[i] + x[i + 1]) * 0.25f + y[i] * 0.125f;
    }
}

static void clamp(void)
{
    for (int i = 0; i < N; i++) {
        float t = z[i] - 0.1f;

        x[i] = t < 0.0f ? 0.01f : t > 1.0f ? 1.0f : t;
    }
}

static void doubles(double a)
{
    for (int i = 0; i < N; i++) {
        u[i] = __builtin_sqrt(u[i] * u[i] + v[i] * a) * 0.875;
        v[i] = u[i] / (1.0 + v[i]);
    }
}

static uint64_t work(long iterations)
{
    uint64_t hash = BENCH_SEED, state = 11;

    for (int i = 0; i < N; i++) {
        x[i] = (float)(bench_random(&state) >> 40) / 16777216.0f;
        y[i] = (float)(bench_random(&state) >> 40) / 16777216.0f;
        u[i] = v[i] = (double)(bench_random(&state) >> 12) / 4503599627370496.0;
    }
    for (long round = 0; round < iterations; round++) {
        axpy(0.75f);
        stencil();
        clamp();
        doubles(0.5);
        hash = bench_mix_double(hash, u[round % N] + (double)x[(round * 5) % N] + (double)y[(round * 7) % N]);
    }
    return hash;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, BENCH_NAME, work);
}

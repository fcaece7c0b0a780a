/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Largest eigenvalue of an infinite matrix's corner by power iteration, in
 * double and, for the conversions, partly in single precision.
 */
#include "bench.h"

enum { N = 64 };

static double element(int i, int j)
{
    return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1);
}

static void multiply(const double *v, double *out, int transposed)
{
    for (int i = 0; i < N; i++) {
        double sum = 0;

        for (int j = 0; j < N; j++) {
            sum += (transposed ? element(j, i) : element(i, j)) * v[j];
        }
        out[i] = sum;
    }
}

static uint64_t work(long iterations)
{
    uint64_t hash = BENCH_SEED;

    for (long round = 0; round < iterations; round++) {
        double u[N], v[N], t[N], vbv = 0, vv = 0;
        float low = 0;

        for (int i = 0; i < N; i++) {
            u[i] = 1.0 + (double)(round % 8) / 8 * i;
        }
        for (int i = 0; i < 4; i++) {
            multiply(u, t, 0);
            multiply(t, v, 1);
            multiply(v, t, 0);
            multiply(t, u, 1);
        }
        for (int i = 0; i < N; i++) {
            vbv += u[i] * v[i];
            vv += v[i] * v[i];
            low = (float)((double)low + u[i]) * 0.5f;
        }
        hash = bench_mix_double(hash, vbv / vv);
        hash = bench_mix_double(hash, (double)low);
    }
    return hash;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, "spectral", work);
}

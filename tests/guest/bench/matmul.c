/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Product of two matrices of doubles, 96 by 96. */
#include "bench.h"

enum { N = 96 };

static double a[N][N], b[N][N], c[N][N];

static uint64_t work(long iterations)
{
    uint64_t hash = BENCH_SEED, state = 3;

    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            a[i][j] = (double)(bench_random(&state) >> 40) / 16777216.0;
            b[i][j] = (double)(bench_random(&state) >> 40) / 16777216.0 - 0.5;
        }
    }
    for (long round = 0; round < iterations; round++) {
        for (int i = 0; i < N; i++) {
            for (int j = 0; j < N; j++) {
                double sum = 0;

                for (int k = 0; k < N; k++) {
                    sum += a[i][k] * b[k][j];
                }
                c[i][j] = sum;
            }
        }
        hash = bench_mix_double(hash, c[round % N][(round * 7) % N]);
        a[round % N][(round * 3) % N] += 0.25;
    }
    return hash;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, "matmul", work);
}

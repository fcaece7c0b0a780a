/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Six bodies under gravity, leapfrog integration: divisions and square roots. */
#include "bench.h"

enum { BODIES = 6 };

struct body {
    double x[3], v[3], mass;
};

static struct body bodies[BODIES];

static void step(double dt)
{
    for (int i = 0; i < BODIES; i++) {
        for (int j = i + 1; j < BODIES; j++) {
            double d[3], square = 0.01, factor;

            for (int k = 0; k < 3; k++) {
                d[k] = bodies[i].x[k] - bodies[j].x[k];
                square += d[k] * d[k];
            }
            factor = dt / (square * __builtin_sqrt(square));
            for (int k = 0; k < 3; k++) {
                bodies[i].v[k] -= d[k] * bodies[j].mass * factor;
                bodies[j].v[k] += d[k] * bodies[i].mass * factor;
            }
        }
    }
    for (int i = 0; i < BODIES; i++) {
        for (int k = 0; k < 3; k++) {
            bodies[i].x[k] += dt * bodies[i].v[k];
        }
    }
}

static uint64_t work(long iterations)
{
    uint64_t hash = BENCH_SEED, state = 11;

    for (int i = 0; i < BODIES; i++) {
        for (int k = 0; k < 3; k++) {
            bodies[i].x[k] = (double)(bench_random(&state) >> 40) / 1048576.0 - 8.0;
            bodies[i].v[k] = (double)(bench_random(&state) >> 40) / 16777216.0 - 0.5;
        }
        bodies[i].mass = 1.0 + i;
    }
    for (long i = 0; i < iterations; i++) {
        for (int j = 0; j < 1000; j++) {
            step(0.001);
        }
        hash = bench_mix_double(hash, bodies[i % BODIES].x[i % 3]);
    }
    return hash;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, "nbody", work);
}

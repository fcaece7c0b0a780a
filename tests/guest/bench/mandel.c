/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Iterations of the Mandelbrot set on a grid: multiplications, adds, compares. */
#include "bench.h"

enum { WIDTH = 64, HEIGHT = 48, LIMIT = 200 };

static uint64_t work(long iterations)
{
    uint64_t hash = BENCH_SEED;

    for (long round = 0; round < iterations; round++) {
        double zoom = 1.0 / (double)(1 + round % 16);

        for (int row = 0; row < HEIGHT; row++) {
            uint64_t line = 0;

            for (int column = 0; column < WIDTH; column++) {
                double cr = -0.75 + zoom * (3.0 * column / WIDTH - 1.5);
                double ci = 0.05 + zoom * (2.0 * row / HEIGHT - 1.0);
                double r = 0, i = 0, rr = 0, ii = 0;
                unsigned count = 0;

                while (rr + ii <= 4.0 && count < LIMIT) {
                    i = 2 * r * i + ci;
                    r = rr - ii + cr;
                    rr = r * r;
                    ii = i * i;
                    count++;
                }
                line = line * 31 + count;
            }
            hash = bench_mix(hash, line);
        }
    }
    return hash;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, "mandel", work);
}

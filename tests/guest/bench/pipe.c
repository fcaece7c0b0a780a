/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two processes that hand a number to and fro by pipes: context switches. */
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static void transfer(ssize_t result)
{
    if (result != (ssize_t)sizeof(uint64_t)) {
        bench_die("pipe");
    }
}

static uint64_t work(long iterations)
{
    int there[2], back[2];
    uint64_t value = BENCH_SEED;
    pid_t child;

    if (pipe(there) || pipe(back)) {
        bench_die("pipe");
    }
    child = fork();
    if (child < 0) {
        bench_die("fork");
    }
    for (long i = 0; i < iterations; i++) {
        if (child == 0) {
            transfer(read(there[0], &value, sizeof value));
            value = bench_mix(value, 1);
            transfer(write(back[1], &value, sizeof value));
        } else {
            transfer(write(there[1], &value, sizeof value));
            transfer(read(back[0], &value, sizeof value));
        }
    }
    if (child == 0) {
        _exit(0);
    }
    waitpid(child, NULL, 0);
    return value;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, "pipe", work);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes: fork, execute this program again as the child, wait. Page table
 * work, copy on write, system calls, and code that runs once only.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static uint64_t work(long iterations)
{
    uint64_t hash = BENCH_SEED;

    for (long i = 0; i < iterations; i++) {
        char number[24];
        int status;
        pid_t child = fork();

        if (child < 0) {
            bench_die("fork");
        }
        if (child == 0) {
            snprintf(number, sizeof number, "%ld", i);
            execl("/proc/self/exe", "forkexec", "child", number, (char *)NULL);
            _exit(127);
        }
        if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) == 127) {
            bench_die("child process");
        }
        hash = bench_mix(hash, (uint64_t)WEXITSTATUS(status));
    }
    return hash;
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "child")) {
        return (int)(strtol(argv[2], NULL, 10) * 7 % 100);
    }
    return bench_main(argc, argv, "forkexec", work);
}

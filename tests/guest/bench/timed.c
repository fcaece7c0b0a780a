/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Not a benchmark: measures one. "timed NAME COUNT INPUT OUTPUT COMMAND..."
 * runs a command COUNT times with its standard input and output on two files
 * and prints "time NAME NANOSECONDS" of all runs together.
 */
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static void child(char **argv)
{
    int input = open(argv[3], O_RDONLY);
    int output = open(argv[4], O_WRONLY | O_CREAT | O_TRUNC, 0644);

    if (input < 0 || output < 0) {
        bench_die(argv[input < 0 ? 3 : 4]);
    }
    dup2(input, 0);
    dup2(output, 1);
    execvp(argv[5], argv + 5);
    bench_die(argv[5]);
}

int main(int argc, char **argv)
{
    uint64_t start = bench_now();

    if (argc < 6) {
        fprintf(stderr, "usage: timed NAME COUNT INPUT OUTPUT COMMAND...\n");
        return 2;
    }
    for (long i = 0; i < atol(argv[2]); i++) {
        int status;
        pid_t pid = fork();

        if (pid == 0) {
            child(argv);
        }
        if (pid < 0 || waitpid(pid, &status, 0) != pid || status) {
            bench_die(argv[5]);
        }
    }
    printf("time %s %llu\n", argv[1], (unsigned long long)(bench_now() - start));
    return 0;
}

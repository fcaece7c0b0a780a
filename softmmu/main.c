/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mimic, qemu-system-riscv64, ...: parse the command line, run the machine, say what went wrong.
 * A start-up error is one message on stderr and exit status 1.
 */
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "util/error.h"
#include "util/rcu.h"
#include "vl.h"

/* A closed stdin, stdout or stderr would give its number to the next file opened: guest RAM would become the terminal. */
static void fill_standard_fds(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0) {
            _exit(EXIT_FAILURE);
        }
    }
}

int main(int argc, char **argv)
{
    Error *err = NULL;
    fill_standard_fds();
    mallopt(M_MMAP_THRESHOLD, 256 * 1024); /* what images needed while they were loaded goes back to the host */
    error_set_program(argv[0]);
    rcu_thread_register();
    Startup *st = startup_new(argv[0]);
    int status = startup_parse(st, argc, argv, &err) ? vl_run(st, &err) : -1;
    chardev_restore_terminal();
    if (status < 0) {
        error_report_err(err);
        status = EXIT_FAILURE;
    }
    fflush(NULL);
    /* I/O and helper threads may still sleep in the kernel; everything that must not be lost was closed by vl_run() */
    _exit(status);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process: background, pid file, signals.
 *
 * SIGINT, SIGTERM and SIGHUP ask the machine to shut down; before it runs they end the process at once. The handler may
 * only write to a descriptor, and it has no object: hence the two variables.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vl.h"

static volatile sig_atomic_t signal_fd = -1;
static volatile sig_atomic_t last_signal;

/* --- background --- */

bool vl_daemonize(Startup *st, Error **errp)
{
    int fds[2];
    if (!st->daemonize) {
        return true;
    }
    if (pipe2(fds, O_CLOEXEC) < 0) {
        error_setg_errno(errp, errno, "cannot go to the background");
        return false;
    }
    pid_t pid = fork();
    if (pid < 0) {
        error_setg_errno(errp, errno, "cannot go to the background");
        return false;
    }
    if (pid > 0) { /* wait until the child has everything set up, or died */
        char c = 1;
        close(fds[1]);
        ssize_t n;
        do {
            n = read(fds[0], &c, 1);
        } while (n < 0 && errno == EINTR);
        _exit(n == 1 && c == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    close(fds[0]);
    st->ready_fd = fds[1];
    setsid();
    pid = fork(); /* no session leader: can never get a terminal again */
    if (pid > 0) {
        _exit(EXIT_SUCCESS);
    }
    umask(027);
    signal(SIGTSTP, SIG_IGN);
    signal(SIGTTOU, SIG_IGN);
    signal(SIGTTIN, SIG_IGN);
    return pid == 0;
}

bool vl_daemon_ready(Startup *st, Error **errp)
{
    if (st->ready_fd < 0) {
        return true;
    }
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || chdir("/") < 0) {
        error_setg_errno(errp, errno, "cannot go to the background");
        return false;
    }
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    if (null > 2) {
        close(null);
    }
    char ok = 0;
    bool told = write(st->ready_fd, &ok, 1) == 1;
    close(st->ready_fd);
    st->ready_fd = -1;
    return told;
}

/* --- pid file --- */

bool vl_write_pidfile(Startup *st, Error **errp)
{
    if (!st->pidfile) {
        return true;
    }
    char *full = g_canonicalize_filename(st->pidfile, NULL); /* the background changes directory */
    g_free(st->pidfile);
    st->pidfile = full;
    int fd = open(st->pidfile, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) {
        error_setg_errno(errp, errno, "cannot create PID file '%s'", st->pidfile);
        g_clear_pointer(&st->pidfile, g_free);
        return false;
    }
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char text[32];
    int len = snprintf(text, sizeof(text), "%d\n", (int)getpid());
    if (fcntl(fd, F_SETLK, &lock) < 0) {
        error_setg(errp, "cannot lock PID file '%s': another process runs with it", st->pidfile);
        close(fd);
        g_clear_pointer(&st->pidfile, g_free);
        return false;
    }
    if (ftruncate(fd, 0) < 0 || write(fd, text, (size_t)len) != len) {
        error_setg_errno(errp, errno, "cannot write PID file '%s'", st->pidfile);
        close(fd);
        return false;
    }
    return true; /* stays open: the lock says that we live */
}

void vl_remove_pidfile(Startup *st)
{
    if (st->pidfile) {
        unlink(st->pidfile);
    }
}

/* --- signals --- */

static void on_terminate(int sig)
{
    int err = errno, fd = signal_fd;
    if (fd >= 0) {
        uint64_t one = 1;
        last_signal = sig;
        if (write(fd, &one, sizeof(one)) < 0) { /* it is pending already */
        }
    } else {
        chardev_restore_terminal();
        signal(sig, SIG_DFL);
        raise(sig);
    }
    errno = err;
}

static void on_crash(int sig)
{
    chardev_restore_terminal();
    signal(sig, SIG_DFL);
    raise(sig);
}

static void terminate_requested(void *opaque)
{
    Machine *m = opaque;
    uint64_t n;
    if (read(signal_fd, &n, sizeof(n)) == sizeof(n)) {
        fprintf(stderr, "%s: terminating on signal %d\n", error_program(), (int)last_signal);
        m->no_shutdown = false;
        machine_request_shutdown(m, SHUTDOWN_HOST_SIGNAL, 0);
    }
}

bool vl_watch_signals(Startup *st, Error **errp)
{
    struct sigaction sa = {.sa_handler = on_terminate, .sa_flags = SA_RESTART};
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
    if (!st->m) { /* first call: before anything is set up */
        for (size_t i = 0; i < G_N_ELEMENTS(ends); i++) {
            struct sigaction old;
            if (sigaction(ends[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN) {
                continue; /* nohup */
            }
            sigaction(ends[i], &sa, NULL);
        }
        signal(SIGPIPE, SIG_IGN);
        sa.sa_handler = on_crash;
        sa.sa_flags = (int)SA_RESETHAND;
        sigaction(SIGABRT, &sa, NULL);
        return true;
    }
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) {
        error_setg_errno(errp, errno, "eventfd");
        return false;
    }
    event_loop_set_fd(st->m->loop, fd, terminate_requested, NULL, st->m);
    signal_fd = fd;
    return true;
}

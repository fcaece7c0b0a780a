/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal (or whatever stdin and stdout are). A terminal is put into raw mode; it gets its old mode back at the end of the
 * process, when it is suspended, and from abort handlers.
 *
 * The saved mode is the one piece of process-wide state here: there is one terminal, and signal handlers have no object.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "chardev-internal.h"

typedef struct StdioChardev {
    Chardev chr;
    bool signal, has_terminal;
} StdioChardev;

static struct termios saved_mode, raw_mode;
static volatile sig_atomic_t mode_changed, stdio_in_use;

void chardev_restore_terminal(void)
{
    if (mode_changed) {
        tcsetattr(STDIN_FILENO, TCSANOW, &saved_mode);
        mode_changed = 0;
    }
}

static void on_suspend(int sig)
{
    int err = errno;
    chardev_restore_terminal();
    raise(SIGSTOP);
    errno = err;
}

/* Another process group has the terminal. One that is nobody's controlling terminal has no foreground (ENOTTY): it is ours to set. */
static bool in_background(void)
{
    pid_t foreground = tcgetpgrp(STDIN_FILENO);
    return foreground >= 0 && foreground != getpgrp();
}

static void on_continue(int sig)
{
    int err = errno;
    if (stdio_in_use && !in_background()) {
        tcsetattr(STDIN_FILENO, TCSANOW, &raw_mode);
        mode_changed = 1;
    }
    errno = err;
}

static void make_raw(bool keep_signals)
{
    raw_mode = saved_mode;
    raw_mode.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    raw_mode.c_oflag |= OPOST;
    raw_mode.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN);
    if (!keep_signals) {
        raw_mode.c_lflag &= ~(tcflag_t)ISIG;
    }
    raw_mode.c_cflag &= ~(tcflag_t)(CSIZE | PARENB);
    raw_mode.c_cflag |= CS8;
    raw_mode.c_cc[VMIN] = 1;
    raw_mode.c_cc[VTIME] = 0;
    if (!in_background()) { /* there it would only stop us */
        tcsetattr(STDIN_FILENO, TCSANOW, &raw_mode);
        mode_changed = 1;
    }
    struct sigaction sa = {.sa_handler = on_suspend, .sa_flags = SA_RESTART};
    sigaction(SIGTSTP, &sa, NULL);
    sa.sa_handler = on_continue;
    sigaction(SIGCONT, &sa, NULL);
}

static bool stdio_realize(Object *obj, Error **errp)
{
    StdioChardev *s = (StdioChardev *)obj;
    Chardev *c = &s->chr;
    if (stdio_in_use) {
        error_setg(errp, "stdin and stdout are in use by another character device");
        return false;
    }
    if (fcntl(STDIN_FILENO, F_GETFL) < 0 && fcntl(STDOUT_FILENO, F_GETFL) < 0) {
        error_setg(errp, "stdin and stdout are closed");
        return false;
    }
    stdio_in_use = 1;
    s->has_terminal = tcgetattr(STDIN_FILENO, &saved_mode) == 0;
    if (s->has_terminal) {
        atexit(chardev_restore_terminal);
        make_raw(s->signal);
    }
    c->in_fd = chardev_reopen(STDIN_FILENO, O_RDONLY);
    /* a regular file shared with other writers keeps its common offset */
    c->out_fd = lseek(STDOUT_FILENO, 0, SEEK_CUR) >= 0 ? STDOUT_FILENO : chardev_reopen(STDOUT_FILENO, O_WRONLY);
    chardev_set_open(c, true);
    return true;
}

static void stdio_finalize(Object *obj)
{
    StdioChardev *s = (StdioChardev *)obj;
    if (s->chr.in_fd < 0 && s->chr.out_fd < 0) {
        return;
    }
    chardev_fd_forget(&s->chr);
    chardev_restore_terminal();
    if (s->chr.in_fd > 2) {
        close(s->chr.in_fd);
    }
    if (s->chr.out_fd > 2) {
        close(s->chr.out_fd);
    }
    stdio_in_use = 0;
}

static const Field stdio_fields[] = {
    FIELD(StdioChardev, signal, FIELD_BOOL, "signal", FIELD_PROP, .def = 1, .help = "Ctrl-C and Ctrl-Z act on the emulator, not on the guest"),
    FIELD_END};
static const ChardevClass stdio_class = {
    .backend = "stdio", .help = "this terminal: standard input and output", .write = chardev_fd_write, .watch = chardev_fd_watch};
CHARDEV_TYPE(stdio_type, "chardev-stdio", stdio_class, StdioChardev, stdio_fields, .realize = stdio_realize, .finalize = stdio_finalize);

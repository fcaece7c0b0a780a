/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pseudo terminal: whoever opens its slave side is the user. The kernel does not tell when that happens, only (by a
 * hang-up on the master) that nobody is there; so while nobody is, a timer looks.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "chardev-internal.h"
#include "util/clock.h"

enum { PTY_LOOK_MS = 200 };

typedef struct PtyChardev {
    Chardev chr;
    char *path; /* symbolic link to the slave */
    char *slave;
    int master;
    Timer *timer;
} PtyChardev;

static bool somebody_there(PtyChardev *s)
{
    struct pollfd p = {.fd = s->master, .events = POLLIN};
    return poll(&p, 1, 0) >= 0 && !(p.revents & POLLHUP);
}

static void pty_look(void *opaque)
{
    PtyChardev *s = opaque;
    if (somebody_there(s)) {
        s->chr.in_fd = s->chr.out_fd = s->master;
        chardev_set_open(&s->chr, true);
    } else {
        timer_set_ns(s->timer, realtime_ns() + PTY_LOOK_MS * NS_PER_MS);
    }
}

static void pty_gone(Chardev *c)
{
    PtyChardev *s = (PtyChardev *)c;
    chardev_fd_forget(c);
    c->in_fd = c->out_fd = -1;
    chardev_set_open(c, false);
    timer_set_ns(s->timer, realtime_ns() + PTY_LOOK_MS * NS_PER_MS);
}

static bool pty_realize(Object *obj, Error **errp)
{
    PtyChardev *s = (PtyChardev *)obj;
    char name[128];
    s->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (s->master < 0 || grantpt(s->master) < 0 || unlockpt(s->master) < 0 || ptsname_r(s->master, name, sizeof(name)) != 0) {
        error_setg_errno(errp, errno, "cannot make a pseudo terminal");
        return false;
    }
    s->slave = g_strdup(name);
    int slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios mode;
    if (slave >= 0) {
        if (tcgetattr(slave, &mode) == 0) {
            cfmakeraw(&mode);
            tcsetattr(slave, TCSANOW, &mode);
        }
        close(slave);
    }
    if (!chardev_set_nonblock(s->master, errp)) {
        return false;
    }
    if (s->path) {
        if (symlink(s->slave, s->path) < 0) {
            error_setg_errno(errp, errno, "cannot make the link '%s' to %s", s->path, s->slave);
            g_clear_pointer(&s->path, g_free); /* it is somebody else's */
            return false;
        }
    }
    s->timer = timer_new(s->chr.loop, CLOCK_KIND_REALTIME, pty_look, s);
    info_report("char device redirected to %s (label %s)", s->slave, chardev_id(&s->chr));
    pty_look(s);
    return true;
}

static void pty_init(Object *obj) { ((PtyChardev *)obj)->master = -1; }

static void pty_unrealize(Object *obj)
{
    PtyChardev *s = (PtyChardev *)obj;
    if (s->path) {
        unlink(s->path);
    }
}

static void pty_finalize(Object *obj)
{
    PtyChardev *s = (PtyChardev *)obj;
    if (s->timer) {
        timer_free(s->timer);
    }
    chardev_fd_forget(&s->chr);
    if (s->master >= 0) {
        close(s->master);
    }
    g_free(s->slave);
}

static char *pty_filename(const Chardev *c) { return g_strdup_printf("pty:%s", ((const PtyChardev *)c)->slave); }

static const Field pty_fields[] = {
    FIELD(PtyChardev, path, FIELD_STRING, "path", FIELD_PROP, .help = "make this a symbolic link to the terminal"), FIELD_END};
static const ChardevClass pty_class = {.backend = "pty", .help = "a new pseudo terminal", .write = chardev_fd_write,
                                       .watch = chardev_fd_watch, .filename = pty_filename, .eof = pty_gone};
static const TypeRecord pty_type = {
    .name = "chardev-pty", .parent = TYPE_CHARDEV, .instance_size = sizeof(PtyChardev), .class_kind = TYPE_CHARDEV,
    .class_data = &pty_class, .fields = pty_fields, .init = pty_init, .realize = pty_realize, .unrealize = pty_unrealize,
    .finalize = pty_finalize};
TYPE_REGISTER(pty_type);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Backends that are file descriptors: reading when the front end has room, writing what the kernel takes, watching for more.
 *
 * Descriptors never block. Those that came from outside (stdin, stdout) are reopened, so that O_NONBLOCK is not set behind
 * the back of the shell that shares them; where that is impossible, poll(2) is asked first and only a little written.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chardev-internal.h"

bool chardev_set_nonblock(int fd, Error **errp)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
        error_setg_errno(errp, errno, "file descriptor %d", fd);
        return false;
    }
    return true;
}

int chardev_reopen(int fd, int flags)
{
    char path[32];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    int own = open(path, flags | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    return own >= 0 ? own : fd;
}

void chardev_keep_passed(Chardev *c, int fd)
{
    if (c->passed_count < FDS_MAX) {
        c->passed[c->passed_count++] = fd;
    } else {
        close(fd);
    }
}

ssize_t chardev_fd_read(Chardev *c, uint8_t *buf, size_t len)
{
    ssize_t n;
    do {
        n = read(c->in_fd, buf, len);
    } while (n < 0 && errno == EINTR);
    return n;
}

ssize_t chardev_fd_write(Chardev *c, const uint8_t *buf, size_t len)
{
    if (c->out_fd < 0) {
        return -1;
    }
    if (c->out_known != c->out_fd) {
        c->out_known = c->out_fd;
        c->out_blocks = !c->out_socket && !(fcntl(c->out_fd, F_GETFL) & O_NONBLOCK);
    }
    if (c->out_blocks) {
        struct pollfd p = {.fd = c->out_fd, .events = POLLOUT};
        if (poll(&p, 1, 0) != 1 || !(p.revents & (POLLOUT | POLLERR | POLLHUP))) {
            return 0;
        }
        len = MIN(len, 512);
    }
    ssize_t n;
    do {
        n = c->out_socket ? send(c->out_fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL) : write(c->out_fd, buf, len);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS ? 0 : -1;
    }
    return n;
}

static void on_readable(void *opaque)
{
    Chardev *c = opaque;
    const ChardevClass *cls = chardev_class(c);
    uint8_t buf[READ_CHUNK];
    size_t room = MIN(chardev_can_receive(c), sizeof(buf));
    if (!room) {
        chardev_fd_watch(c, false, c->queue->len > 0);
        return;
    }
    object_ref(OBJECT(c));
    ssize_t n = cls->read ? cls->read(c, buf, room) : chardev_fd_read(c, buf, room);
    if (n > 0) {
        size_t len = cls->filter ? cls->filter(c, buf, (size_t)n) : (size_t)n;
        if (len) {
            chardev_receive(c, buf, len);
        }
    } else if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) {
        if (cls->eof) {
            cls->eof(c);
        } else { /* nothing more will come; output goes on */
            int fd = c->in_fd;
            c->in_fd = -1;
            chardev_fd_watch(c, false, c->queue->len > 0);
            if (fd > 2 && fd != c->out_fd) {
                close(fd);
            }
        }
    }
    object_unref(OBJECT(c));
}

static void on_writable(void *opaque) { chardev_work(opaque); }

void chardev_fd_watch(Chardev *c, bool input, bool output)
{
    int in = input && c->open ? c->in_fd : -1, out = output && c->open ? c->out_fd : -1;
    if (in == c->watched_in && out == c->watched_out) {
        return;
    }
    /* an old descriptor that stays in neither role goes; one that is both gets both callbacks at once */
    int old[2] = {c->watched_in, c->watched_out};
    for (int i = 0; i < 2; i++) {
        if (old[i] >= 0 && old[i] != in && old[i] != out) {
            event_loop_set_fd(c->loop, old[i], NULL, NULL, NULL);
        }
    }
    c->watched_in = in;
    c->watched_out = out;
    if (in >= 0) {
        event_loop_set_fd(c->loop, in, on_readable, in == out ? on_writable : NULL, c);
    }
    if (out >= 0 && out != in) {
        event_loop_set_fd(c->loop, out, NULL, on_writable, c);
    }
}

void chardev_fd_forget(Chardev *c)
{
    if (c->watched_in >= 0) {
        event_loop_set_fd(c->loop, c->watched_in, NULL, NULL, NULL);
    }
    if (c->watched_out >= 0 && c->watched_out != c->watched_in) {
        event_loop_set_fd(c->loop, c->watched_out, NULL, NULL, NULL);
    }
    c->watched_in = c->watched_out = -1;
}

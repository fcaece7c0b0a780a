/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets, TCP and UNIX, as server or client, with descriptors passed over them and a small telnet.
 *
 * A server talks to one client at a time; others wait in the kernel's queue. A client with reconnect= tries again after that
 * many seconds; the attempt runs on a pool thread, because looking up and connecting may take long.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "socket.h"
#include "util/clock.h"

typedef enum TelnetState { TELNET_DATA, TELNET_IAC, TELNET_OPTION, TELNET_SUB, TELNET_SUB_IAC } TelnetState;

typedef struct SocketChardev {
    Chardev chr;
    SocketAddress addr;
    char *fd_text;
    bool server, wait, telnet, nodelay, tight;
    uint32_t reconnect;
    int listen_fd;
    bool listening, unlink_path, broken;
    Timer *timer;
    char *peer;
    TelnetState telnet_state;
    /* an attempt under way: belongs to the pool thread until `done` */
    bool trying;
    int tried_fd;
} SocketChardev;

static void socket_listen_watch(SocketChardev *s, bool on);

/* --- connection --- */

static void socket_connected(SocketChardev *s, int fd)
{
    int one = 1;
    chardev_set_nonblock(fd, NULL);
    if (!s->addr.path && s->nodelay) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    }
    g_free(s->peer);
    s->peer = socket_name(fd, true);
    s->chr.in_fd = s->chr.out_fd = fd;
    s->chr.out_socket = true;
    s->broken = false;
    s->telnet_state = TELNET_DATA;
    if (s->telnet) { /* will echo, will and do binary, no go-ahead */
        static const uint8_t hello[] = {255, 251, 1, 255, 251, 3, 255, 251, 0, 255, 253, 0};
        if (send(fd, hello, sizeof(hello), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
            s->broken = true;
        }
    }
    chardev_set_open(&s->chr, true);
}

static void try_again(SocketChardev *s)
{
    if (s->reconnect && s->timer) {
        timer_set_ns(s->timer, realtime_ns() + (int64_t)s->reconnect * NS_PER_SEC);
    }
}

static void socket_gone(Chardev *c)
{
    SocketChardev *s = (SocketChardev *)c;
    if (c->in_fd < 0) {
        return;
    }
    int fd = c->in_fd;
    chardev_fd_forget(c);
    c->in_fd = c->out_fd = -1;
    s->broken = false;
    while (c->passed_count) {
        close(c->passed[--c->passed_count]);
    }
    chardev_set_open(c, false);
    close(fd);
    if (s->server) {
        socket_listen_watch(s, true);
    } else {
        try_again(s);
    }
}

static void on_accept(void *opaque)
{
    SocketChardev *s = opaque;
    int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
        return;
    }
    socket_listen_watch(s, false);
    socket_connected(s, fd);
}

static void socket_listen_watch(SocketChardev *s, bool on)
{
    if (s->listen_fd >= 0 && s->listening != on) {
        s->listening = on;
        event_loop_set_fd(s->chr.loop, s->listen_fd, on ? on_accept : NULL, NULL, s);
    }
}

/* --- reconnecting --- */

static void connect_work(void *opaque)
{
    SocketChardev *s = opaque;
    s->tried_fd = socket_address_connect(&s->addr, NULL);
}

static void connect_done(void *opaque)
{
    SocketChardev *s = opaque;
    s->trying = false;
    if (s->tried_fd >= 0 && s->timer) {
        socket_connected(s, s->tried_fd);
    } else if (s->tried_fd >= 0) {
        close(s->tried_fd);
    } else {
        try_again(s);
    }
    object_unref(OBJECT(s));
}

static void connect_start(void *opaque)
{
    SocketChardev *s = opaque;
    if (!s->trying && s->chr.in_fd < 0) {
        s->trying = true;
        object_ref(OBJECT(s));
        thread_pool_submit(s->chr.loop, connect_work, connect_done, s);
    }
}

/* --- data --- */

static ssize_t socket_read(Chardev *c, uint8_t *buf, size_t len)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int) * FDS_MAX)];
    } control;
    struct iovec iov = {.iov_base = buf, .iov_len = len};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
    ssize_t n;
    do {
        n = recvmsg(c->in_fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    int err = errno;
    for (struct cmsghdr *h = n >= 0 ? CMSG_FIRSTHDR(&msg) : NULL; h; h = CMSG_NXTHDR(&msg, h)) {
        if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS && h->cmsg_len >= CMSG_LEN(0)) {
            size_t count = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            for (size_t i = 0; i < count; i++) {
                int fd;
                memcpy(&fd, CMSG_DATA(h) + i * sizeof(int), sizeof(fd));
                chardev_keep_passed(c, fd);
            }
        }
    }
    errno = err;
    return n;
}

/* Takes telnet's commands out of the data. */
static size_t telnet_filter(Chardev *c, uint8_t *buf, size_t len)
{
    SocketChardev *s = (SocketChardev *)c;
    size_t out = 0;
    if (!s->telnet) {
        return len;
    }
    for (size_t i = 0; i < len; i++) {
        uint8_t ch = buf[i];
        switch (s->telnet_state) {
        case TELNET_DATA:
            if (ch == 255) {
                s->telnet_state = TELNET_IAC;
            } else if (ch) { /* carriage return comes with a NUL behind it */
                buf[out++] = ch;
            }
            break;
        case TELNET_IAC:
            s->telnet_state = ch >= 251 && ch <= 254 ? TELNET_OPTION : ch == 250 ? TELNET_SUB : TELNET_DATA;
            if (ch == 255) {
                buf[out++] = ch;
            } else if (ch == 243) {
                chardev_break(c);
            }
            break;
        case TELNET_OPTION:
            s->telnet_state = TELNET_DATA;
            break;
        case TELNET_SUB:
            s->telnet_state = ch == 255 ? TELNET_SUB_IAC : TELNET_SUB;
            break;
        case TELNET_SUB_IAC:
            s->telnet_state = ch == 240 ? TELNET_DATA : TELNET_SUB;
            break;
        }
    }
    return out;
}

static ssize_t socket_write(Chardev *c, const uint8_t *buf, size_t len)
{
    SocketChardev *s = (SocketChardev *)c;
    ssize_t n = chardev_fd_write(c, buf, len);
    if (n < 0) {
        s->broken = true; /* hang up in the main loop */
        bh_schedule(c->work);
    }
    return n;
}

static void socket_watch(Chardev *c, bool input, bool output)
{
    if (((SocketChardev *)c)->broken) {
        socket_gone(c);
    } else {
        chardev_fd_watch(c, input, output);
    }
}

static char *socket_filename(const Chardev *c)
{
    const SocketChardev *s = (const SocketChardev *)c;
    g_autofree char *own = s->listen_fd >= 0 && !s->addr.path ? socket_name(s->listen_fd, false)
                           : s->addr.path                     ? g_strdup(s->addr.path)
                           : s->addr.port ? g_strdup_printf("%s:%s", s->addr.host ? s->addr.host : "", s->addr.port)
                                          : g_strdup("");
    const char *kind = s->addr.path ? "unix" : s->telnet ? "telnet" : s->addr.port ? "tcp" : "fd";
    bool peer = c->open && s->peer && !s->addr.path && s->addr.port;
    return g_strdup_printf("%s%s:%s%s%s%s", c->open ? "" : "disconnected:", kind, own, s->server ? ",server=on" : "", peer ? " <-> " : "",
                           peer ? s->peer : "");
}

static void socket_disconnect(Chardev *c)
{
    if (c->in_fd >= 0) {
        shutdown(c->in_fd, SHUT_RDWR); /* what is seen of it is an end of file, in the main loop */
        ((SocketChardev *)c)->broken = true;
        bh_schedule(c->work);
    }
}

/* --- making --- */

/* fd=N: a connection, or a listener, that the parent process made. */
static bool take_inherited(SocketChardev *s, int *connection, Error **errp)
{
    uint64_t fd;
    int listening = 0;
    socklen_t len = sizeof(listening);
    if (!parse_u64(s->fd_text, &fd, errp)) {
        return false;
    }
    if (fd > INT_MAX || getsockopt((int)fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) < 0) {
        error_setg_errno(errp, errno, "fd=%s is no socket", s->fd_text);
        return false;
    }
    if (s->server) {
        s->listen_fd = (int)fd;
        return chardev_set_nonblock((int)fd, errp);
    }
    if (listening) {
        error_setg(errp, "fd=%s is a listening socket: server=on is missing", s->fd_text);
        return false;
    }
    *connection = (int)fd;
    return true;
}

static bool check_options(SocketChardev *s, Error **errp)
{
    int ways = (s->addr.path != NULL) + (s->fd_text != NULL) + (s->addr.port != NULL);
    if (ways != 1) {
        error_setg(errp, ways ? "path=, port= and fd= exclude each other" : "a socket needs path=, host= and port=, or fd=");
        return false;
    }
    if (s->server && s->reconnect) {
        error_setg(errp, "reconnect= is for clients (server=off)");
        return false;
    }
    return true;
}

static bool wait_for_client(SocketChardev *s, Error **errp)
{
    g_autofree char *where = socket_filename(&s->chr);
    info_report("waiting for connection on: %s", where);
    struct pollfd p = {.fd = s->listen_fd, .events = POLLIN};
    while (s->chr.in_fd < 0) {
        if (poll(&p, 1, -1) < 0 && errno != EINTR) {
            error_setg_errno(errp, errno, "waiting for a connection");
            return false;
        }
        int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0) {
            socket_connected(s, fd);
        }
    }
    return true;
}

static bool socket_realize(Object *obj, Error **errp)
{
    SocketChardev *s = (SocketChardev *)obj;
    int fd = -1;
    if (!check_options(s, errp)) {
        return false;
    }
    s->timer = timer_new(s->chr.loop, CLOCK_KIND_REALTIME, connect_start, s);
    if (s->fd_text) {
        if (!take_inherited(s, &fd, errp)) {
            return false;
        }
    } else if (s->server) {
        s->listen_fd = socket_address_listen(&s->addr, errp);
        if (s->listen_fd < 0) {
            return false;
        }
        s->unlink_path = s->addr.path && !s->addr.abstract;
        chardev_set_nonblock(s->listen_fd, NULL);
    } else if (s->reconnect) {
        connect_start(s);
        return true;
    } else {
        fd = socket_address_connect(&s->addr, errp);
        if (fd < 0) {
            return false;
        }
    }
    if (fd >= 0) {
        socket_connected(s, fd);
        return true;
    }
    if (s->wait) {
        return wait_for_client(s, errp);
    }
    socket_listen_watch(s, true);
    return true;
}

static void socket_init(Object *obj)
{
    SocketChardev *s = (SocketChardev *)obj;
    s->listen_fd = -1;
    s->tried_fd = -1;
}

static void socket_unrealize(Object *obj)
{
    SocketChardev *s = (SocketChardev *)obj;
    socket_listen_watch(s, false);
    if (s->unlink_path) {
        unlink(s->addr.path);
        s->unlink_path = false;
    }
    if (s->timer) {
        timer_free(s->timer);
        s->timer = NULL;
    }
}

static void socket_finalize(Object *obj)
{
    SocketChardev *s = (SocketChardev *)obj;
    socket_unrealize(obj);
    chardev_fd_forget(&s->chr);
    if (s->chr.in_fd >= 0) {
        close(s->chr.in_fd);
    }
    if (s->listen_fd >= 0) {
        close(s->listen_fd);
    }
    g_free(s->peer);
}

static const Field socket_fields[] = {
    FIELD(SocketChardev, addr.host, FIELD_STRING, "host", FIELD_PROP, .help = "address; none: this host only (0.0.0.0 listens everywhere)"),
    FIELD(SocketChardev, addr.port, FIELD_STRING, "port", FIELD_PROP, .help = "TCP port"),
    FIELD(SocketChardev, addr.path, FIELD_STRING, "path", FIELD_PROP, .help = "UNIX socket"),
    FIELD(SocketChardev, addr.abstract, FIELD_BOOL, "abstract", FIELD_PROP, .help = "path is in the abstract name space"),
    FIELD(SocketChardev, tight, FIELD_BOOL, "tight", FIELD_PROP, .def = 1, .help = "accepted"),
    FIELD(SocketChardev, addr.ipv4, FIELD_BOOL, "ipv4", FIELD_PROP, .help = "IPv4 only"),
    FIELD(SocketChardev, addr.ipv6, FIELD_BOOL, "ipv6", FIELD_PROP, .help = "IPv6 only"),
    FIELD(SocketChardev, fd_text, FIELD_STRING, "fd", FIELD_PROP, .help = "an open socket of the parent process"),
    FIELD(SocketChardev, server, FIELD_BOOL, "server", FIELD_PROP, .help = "listen instead of connecting"),
    FIELD(SocketChardev, wait, FIELD_BOOL, "wait", FIELD_PROP, .def = 1, .help = "a server waits for its first client before the machine starts"),
    FIELD(SocketChardev, telnet, FIELD_BOOL, "telnet", FIELD_PROP, .help = "talk telnet"),
    FIELD(SocketChardev, nodelay, FIELD_BOOL, "nodelay", FIELD_PROP, .help = "send small packets at once"),
    FIELD(SocketChardev, reconnect, FIELD_U32, "reconnect", FIELD_PROP, .max = 86400, .help = "seconds until a client tries again; 0: never"),
    FIELD_END,
};
static const ChardevClass socket_class = {.backend = "socket", .help = "TCP or UNIX socket, server or client", .write = socket_write,
                                          .watch = socket_watch, .filename = socket_filename, .disconnect = socket_disconnect,
                                          .read = socket_read, .filter = telnet_filter, .eof = socket_gone};
static const TypeRecord socket_type = {
    .name = "chardev-socket", .parent = TYPE_CHARDEV, .instance_size = sizeof(SocketChardev), .class_kind = TYPE_CHARDEV,
    .class_data = &socket_class, .fields = socket_fields, .init = socket_init, .realize = socket_realize,
    .unrealize = socket_unrealize, .finalize = socket_finalize};
TYPE_REGISTER(socket_type);

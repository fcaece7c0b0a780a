/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses of socket backends: listening, connecting, naming. Where no host is named the loopback address is meant, for a
 * listener too: nothing is offered to the network unless the address says so (0.0.0.0 or ::).
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "socket.h"

static bool unix_address(const SocketAddress *a, struct sockaddr_un *un, socklen_t *len, Error **errp)
{
    size_t n = strlen(a->path);
    *un = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (n + (a->abstract ? 1 : 0) >= sizeof(un->sun_path)) {
        error_setg(errp, "UNIX socket path '%s' is too long: at most %zu bytes", a->path, sizeof(un->sun_path) - 1);
        return false;
    }
    memcpy(un->sun_path + (a->abstract ? 1 : 0), a->path, n);
    *len = a->abstract ? (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n) : (socklen_t)sizeof(*un);
    return true;
}

static int unix_connect(const SocketAddress *a, Error **errp)
{
    struct sockaddr_un un;
    socklen_t len;
    if (!unix_address(a, &un, &len, errp)) {
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&un, len) < 0) {
        error_setg_errno(errp, errno, "cannot connect to '%s'", a->path);
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

static int unix_listen(const SocketAddress *a, Error **errp)
{
    struct sockaddr_un un;
    socklen_t len;
    struct stat st;
    if (!unix_address(a, &un, &len, errp)) {
        return -1;
    }
    if (!a->abstract && lstat(a->path, &st) == 0) {
        int other = S_ISSOCK(st.st_mode) ? unix_connect(a, NULL) : -1;
        if (other >= 0 || !S_ISSOCK(st.st_mode)) {
            error_setg(errp, other >= 0 ? "'%s' is in use: another process listens there" : "'%s' exists and is no socket", a->path);
            if (other >= 0) {
                close(other);
            }
            return -1;
        }
        unlink(a->path); /* left behind by a process that is gone */
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&un, len) < 0 || listen(fd, 1) < 0) {
        error_setg_errno(errp, errno, "cannot listen on '%s'", a->path);
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

static struct addrinfo *resolve(const SocketAddress *a, bool listener, Error **errp)
{
    struct addrinfo hints = {.ai_family = a->ipv4 && !a->ipv6 ? AF_INET : a->ipv6 && !a->ipv4 ? AF_INET6 : AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM, .ai_flags = listener ? AI_PASSIVE : 0};
    struct addrinfo *list = NULL;
    const char *host = a->host && *a->host ? a->host : hints.ai_family == AF_INET6 ? "::1" : "127.0.0.1";
    int r = getaddrinfo(host, a->port, &hints, &list);
    if (r != 0) {
        error_setg(errp, "address '%s:%s' does not resolve: %s", host, a->port, gai_strerror(r));
        return NULL;
    }
    return list;
}

static int inet_open(const SocketAddress *a, bool listener, Error **errp)
{
    struct addrinfo *list = resolve(a, listener, errp);
    int fd = -1, err = 0, one = 1;
    for (struct addrinfo *i = list; i && fd < 0; i = i->ai_next) {
        fd = socket(i->ai_family, i->ai_socktype | SOCK_CLOEXEC, i->ai_protocol);
        if (fd < 0) {
            err = errno;
            continue;
        }
        bool ok;
        if (listener) {
            setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
            ok = bind(fd, i->ai_addr, i->ai_addrlen) == 0 && listen(fd, 1) == 0;
        } else {
            ok = connect(fd, i->ai_addr, i->ai_addrlen) == 0;
        }
        if (!ok) {
            err = errno;
            close(fd);
            fd = -1;
        }
    }
    if (list) {
        freeaddrinfo(list);
        if (fd < 0) {
            error_setg_errno(errp, err, "cannot %s '%s:%s'", listener ? "listen on" : "connect to", a->host ? a->host : "", a->port);
        }
    }
    return fd;
}

int socket_address_listen(const SocketAddress *a, Error **errp) { return a->path ? unix_listen(a, errp) : inet_open(a, true, errp); }
int socket_address_connect(const SocketAddress *a, Error **errp) { return a->path ? unix_connect(a, errp) : inet_open(a, false, errp); }

char *socket_name(int fd, bool peer)
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof(ss);
    if ((peer ? getpeername(fd, (struct sockaddr *)&ss, &len) : getsockname(fd, (struct sockaddr *)&ss, &len)) < 0) {
        return g_strdup("unknown");
    }
    if (ss.ss_family == AF_UNIX) {
        const struct sockaddr_un *un = (struct sockaddr_un *)&ss;
        size_t n = len > offsetof(struct sockaddr_un, sun_path) ? len - offsetof(struct sockaddr_un, sun_path) : 0;
        return n && un->sun_path[0] ? g_strndup(un->sun_path, n) : n > 1 ? g_strndup(un->sun_path + 1, n - 1) : g_strdup("");
    }
    char host[256], port[32];
    if (getnameinfo((struct sockaddr *)&ss, len, host, sizeof(host), port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        return g_strdup("unknown");
    }
    return strchr(host, ':') ? g_strdup_printf("[%s]:%s", host, port) : g_strdup_printf("%s:%s", host, port);
}

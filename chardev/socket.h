/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses of socket backends. */
#ifndef CHARDEV_SOCKET_H
#define CHARDEV_SOCKET_H

#include "chardev-internal.h"

typedef struct SocketAddress {
    char *host, *port; /* TCP */
    char *path;        /* UNIX; NULL: TCP */
    bool abstract, ipv4, ipv6;
} SocketAddress;

/* Descriptors; -1 and errp on failure. Connecting may block: only at the start and on the reconnect thread. */
int socket_address_listen(const SocketAddress *a, Error **errp);
int socket_address_connect(const SocketAddress *a, Error **errp);
char *socket_name(int fd, bool peer); /* "127.0.0.1:4444" or a path; g_free */

#endif

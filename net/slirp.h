/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the two files of the user backend share.
 */
#ifndef NET_SLIRP_H
#define NET_SLIRP_H

#include <libslirp.h>

#include "internal.h"

typedef struct SlirpNet {
    NetClient *nc;
    Slirp *slirp;
    EventLoop *loop;
    GSource *source; /* slirp-poll.c */
    GPtrArray *forwards; /* char *: host forwarding rules, for display */
} SlirpNet;

GSource *slirp_poll_source_new(SlirpNet *s); /* attached to the loop's context */
extern const SlirpCb slirp_callbacks;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Host network backends and their connection to the NIC of a device.
 *
 * A NetClient is one end of a virtual cable; a backend (slirp, tap, socket) is a client, a NIC another; each has at most one peer.
 * Frames are whole Ethernet frames, at most NET_MAX_FRAME bytes with offload headers off. All calls in the loop of the backend (the main
 * loop) with the machine lock held.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/uio.h>

#include "util/error.h"
#include "util/main-loop.h"

#define NET_MAX_FRAME (64 * 1024 + 256)

struct OptionSet;
typedef struct NetClient NetClient;

typedef struct NetClientOps {
    const char *kind;                               /* "user", "nic" */
    bool (*can_receive)(NetClient *nc);             /* NULL: always */
    /* Takes a frame; returns false where it has no room now: the sender queues it until net_flush(). */
    bool (*receive)(NetClient *nc, const struct iovec *iov, int iovcnt);
    void (*link_changed)(NetClient *nc);
    void (*cleanup)(NetClient *nc);
    void (*print)(NetClient *nc, FILE *out);        /* `info network` details, one line without newline */
} NetClientOps;

struct NetClient {
    const NetClientOps *ops;
    char *name;          /* id */
    char *model;         /* for NICs: device type */
    NetClient *peer;
    void *opaque;
    bool link_down;
    GQueue queue;        /* frames waiting for this client; bounded */
    uint64_t rx_frames, tx_frames, dropped;
};

NetClient *net_client_new(const NetClientOps *ops, const char *name, const char *model, void *opaque);
void net_client_free(NetClient *nc);
bool net_connect(NetClient *a, NetClient *b, Error **errp); /* error where one is taken */
/* Sends to the peer. False: queued or dropped. */
bool net_send(NetClient *from, const void *frame, size_t len);
bool net_sendv(NetClient *from, const struct iovec *iov, int iovcnt);
void net_flush(NetClient *nc);     /* this client can receive again: delivers its queue */
void net_set_link(NetClient *nc, bool up);

/* -netdev TYPE,id=...: creates and adds to @table (id -> NetClient *). */
NetClient *netdev_create(GHashTable *table, EventLoop *loop, struct OptionSet *opts, Error **errp);
bool netdev_delete(GHashTable *table, const char *id, Error **errp);
void netdev_print_types(FILE *out); /* -netdev help */
bool netdev_hostfwd(NetClient *nc, const char *rule, bool add, Error **errp);

/* 52:54:00:12:34:56 and up; unique per process. */
void net_default_mac(uint8_t mac[6]);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kind of backend: one constant record per source file.
 */
#ifndef NET_INTERNAL_H
#define NET_INTERNAL_H

#include "net/net.h"
#include "util/option.h"
#include "util/registry.h"

typedef struct NetdevRecord {
    const char *name; /* "user" */
    const char *help;
    NetClient *(*create)(const char *id, EventLoop *loop, OptionSet *opts, Error **errp);
} NetdevRecord;
#define NETDEV(record) REGISTRY_ADD(netdev, record)

/* For hostfwd_add and hostfwd_remove; error where @nc is no user backend. */
bool slirp_hostfwd(NetClient *nc, const char *rule, bool add, Error **errp);
extern const NetClientOps slirp_ops;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What graph.c and backend.c share.
 */
#ifndef BLOCK_GRAPH_INTERNAL_H
#define BLOCK_GRAPH_INTERNAL_H

#include "block/driver.h"

struct BlockGraph {
    EventLoop *loop;
    GHashTable *nodes;     /* name -> BlockNode *, one reference each */
    GPtrArray *backends;   /* BlockBackend * */
    unsigned next_name;
};

struct BlockBackend {
    BlockGraph *graph;
    char *name;
    BlockNode *root;
    OptionSet *drive;      /* the -drive line; NULL for a -blockdev node */
    char *interface;       /* "virtio", "none", ...; NULL likewise */
    unsigned index;
    bool cdrom, explicit_index;
    void *device;
    char *device_name;
    unsigned in_flight;    /* blk_aio_ requests that have not called back; atomic */
    uint64_t reads, writes, read_bytes, written_bytes, flushes, errors;
};

void blk_free(BlockBackend *blk);
/* A node over @base, whose reference it takes, that keeps writes in a temporary file (snapshot=on). */
BlockNode *block_overlay_new(BlockGraph *g, BlockNode *base, Error **errp);
/* cache=, cache.direct=, aio=, discard=, readonly=/read-only=, locking= of a drive or node. */
bool block_read_flags(OptionSet *opts, BlockOpen *flags, Error **errp);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disks as devices and tools see them: a BlockBackend gives a guest device or tool its disk: a graph of nodes below (format over protocol).
 *
 * I/O runs in coroutines in the backend's event loop. Offsets and lengths are bytes; alignment is the layer's business. Errors are
 * negative errno values. All functions may be called only in the loop's thread, but for blk_aio_*, which any thread may call (the request
 * then starts in the loop's next turn). Those that wait (blk_pread, blk_flush, blk_drain, ...) refuse to run in a foreign thread: -EDEADLK, reported.
 */
#ifndef BLOCK_BLOCK_H
#define BLOCK_BLOCK_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/uio.h>

#include "util/coroutine.h"
#include "util/error.h"
#include "util/main-loop.h"

struct OptionSet;
struct JsonValue;
typedef struct BlockNode BlockNode;       /* one node of the graph: include/block/driver.h */
typedef struct BlockBackend BlockBackend;
typedef struct BlockGraph BlockGraph;     /* all nodes and backends of one machine or tool */

enum { BLOCK_REQ_FUA = 1, BLOCK_REQ_MAY_UNMAP = 2, BLOCK_REQ_ZERO = 4 };

BlockGraph *block_graph_new(EventLoop *loop);
void block_graph_free(BlockGraph *g); /* flushes and closes everything */

/*
 * -drive file=,format=,if=,id=,media=,readonly=,cache=,aio=,discard=,snapshot=,... Returns a backend named by id (or "virtio0", ...).
 * A writable image whose format is not named is probed only where that is safe; raw must be named, else a warning and
 * writes to sector 0 that would change the probed format are refused (robustness rule 10).
 */
BlockBackend *blk_new_from_drive(BlockGraph *g, struct OptionSet *opts, Error **errp);
/* -blockdev driver=,node-name=,file.driver=...: a node only; devices find it by name. */
bool block_node_create(BlockGraph *g, struct OptionSet *opts, Error **errp);
/* By backend id, else by node name (makes a backend for the node). NULL and error with a suggestion. */
BlockBackend *blk_find(BlockGraph *g, const char *name, Error **errp);
/* A backend may be used by one device at a time. */
bool blk_attach_device(BlockBackend *blk, void *dev, const char *dev_name, Error **errp);
void blk_detach_device(BlockBackend *blk, void *dev);

const char *blk_name(const BlockBackend *blk);
int64_t blk_length(BlockBackend *blk);       /* bytes, or -errno: -ENOMEDIUM of an empty drive */
bool blk_is_readonly(BlockBackend *blk);
bool blk_is_cdrom(BlockBackend *blk);        /* media=cdrom */
unsigned blk_request_alignment(BlockBackend *blk);
EventLoop *blk_loop(BlockBackend *blk);
struct OptionSet *blk_drive_options(BlockBackend *blk); /* the -drive line: if=, index=, bootindex=...; may be NULL */
/* Backends of -drive with if=@interface that no device took yet, in index order; NULL-terminated, g_free. */
BlockBackend **blk_list_unclaimed(BlockGraph *g, const char *interface);

int coroutine_fn blk_co_preadv(BlockBackend *blk, int64_t offset, const struct iovec *iov, int iovcnt, int flags);
int coroutine_fn blk_co_pwritev(BlockBackend *blk, int64_t offset, const struct iovec *iov, int iovcnt, int flags);
int coroutine_fn blk_co_flush(BlockBackend *blk);
int coroutine_fn blk_co_discard(BlockBackend *blk, int64_t offset, int64_t len);
int coroutine_fn blk_co_write_zeroes(BlockBackend *blk, int64_t offset, int64_t len, int flags);

typedef void BlkDone(void *opaque, int ret);
/* The iovec array must live until @done; called in blk_loop(). */
void blk_aio_preadv(BlockBackend *blk, int64_t offset, const struct iovec *iov, int iovcnt, int flags, BlkDone *done, void *opaque);
void blk_aio_pwritev(BlockBackend *blk, int64_t offset, const struct iovec *iov, int iovcnt, int flags, BlkDone *done, void *opaque);
void blk_aio_flush(BlockBackend *blk, BlkDone *done, void *opaque);
void blk_aio_discard(BlockBackend *blk, int64_t offset, int64_t len, BlkDone *done, void *opaque);
void blk_aio_write_zeroes(BlockBackend *blk, int64_t offset, int64_t len, int flags, BlkDone *done, void *opaque);
/* For start-up and tools: runs the loop until done. */
int blk_pread(BlockBackend *blk, int64_t offset, void *buf, int64_t len);
int blk_pwrite(BlockBackend *blk, int64_t offset, const void *buf, int64_t len, int flags);
int blk_flush(BlockBackend *blk);
void blk_drain(BlockBackend *blk);        /* returns when no request is in flight */
void block_graph_flush_all(BlockGraph *g);/* on stop and at the end; reports errors */

void block_print_info(BlockGraph *g, FILE *out); /* `info block` */

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Image formats and protocols: one BlockDriver record each, and the nodes of the block graph they run.
 *
 * All driver functions run in coroutines of the node's event loop, except open (start-up or a monitor command, may block) and close.
 * Errors of I/O functions are negative errno values. Offsets and lengths are bytes and were checked to lie within the node
 * (offset + length <= length) and to be multiples of node->alignment before the driver sees them.
 */
#ifndef BLOCK_DRIVER_H
#define BLOCK_DRIVER_H

#include "block/block.h"
#include "util/option.h"
#include "util/registry.h"

typedef struct BlockDriver BlockDriver;

typedef struct BlockOpen {
    bool readonly;
    bool direct;        /* cache.direct: bypass the host's page cache */
    bool no_flush;      /* cache=unsafe: flushes are ignored */
    bool writethrough;  /* cache=writethrough, directsync: every write is flushed */
    bool discard;       /* discard=unmap */
    bool uring;         /* aio=io_uring */
    bool locking_off;
    int depth;          /* of the backing chain; bounded */
} BlockOpen;

struct BlockNode {
    const BlockDriver *driver;
    BlockGraph *graph;
    EventLoop *loop;
    char *name;         /* node-name; NULL: anonymous */
    char *filename;     /* of a protocol node; of a format node its file's */
    void *state;
    BlockNode *file, *backing;
    BlockOpen flags;
    int refs;
    unsigned alignment; /* of requests the driver takes; a power of two */
    unsigned in_flight;
    struct WriteRange *writes; /* io.c: under way, where a write may have to read its surroundings first */
};

struct BlockDriver {
    const char *name;
    const char *help;
    bool is_protocol;   /* a leaf: file; formats have node->file */
    bool is_filter;     /* stands for node->file, with all its properties: may grow where that may */
    size_t state_size;
    /* 0: no; up to 100. @data: the first bytes of the file. */
    int (*probe)(const uint8_t *data, size_t len);
    /* node->file (formats) is open. Consumes its own keys of @opts. */
    bool (*open)(BlockNode *node, OptionSet *opts, Error **errp);
    void (*close)(BlockNode *node);
    int64_t (*length)(BlockNode *node);
    int coroutine_fn (*co_preadv)(BlockNode *node, int64_t offset, const struct iovec *iov, int iovcnt, int64_t len);
    int coroutine_fn (*co_pwritev)(BlockNode *node, int64_t offset, const struct iovec *iov, int iovcnt, int64_t len);
    int coroutine_fn (*co_flush)(BlockNode *node);
    int coroutine_fn (*co_discard)(BlockNode *node, int64_t offset, int64_t len);      /* NULL: ignored */
    int coroutine_fn (*co_write_zeroes)(BlockNode *node, int64_t offset, int64_t len, bool unmap); /* NULL or -ENOTSUP: zeros are written */
    int coroutine_fn (*co_truncate)(BlockNode *node, int64_t len);
};
#define BLOCK_DRIVER(record) REGISTRY_ADD(block_driver, record)
const BlockDriver *block_driver_find(const char *name);
const BlockDriver *const *block_driver_list(size_t *count);

/* --- nodes --- */
BlockNode *block_node_new(BlockGraph *g, const BlockDriver *drv, const char *name, const BlockOpen *flags);
BlockNode *block_node_find(BlockGraph *g, const char *name); /* by node-name; NULL: none. No new reference. */
BlockNode *block_node_ref(BlockNode *n);
void block_node_unref(BlockNode *n); /* closes with the last reference, after a flush */
/* A file with a format over it. @format NULL: probed. Used for -drive and backing files. */
BlockNode *block_open_file(BlockGraph *g, const char *filename, const char *format, const BlockOpen *flags, OptionSet *opts, Error **errp);
int64_t block_node_length(BlockNode *n);

/* I/O on a node from a coroutine: bounds, alignment and flags are dealt with here. */
int coroutine_fn node_co_preadv(BlockNode *n, int64_t offset, const struct iovec *iov, int iovcnt);
int coroutine_fn node_co_pwritev(BlockNode *n, int64_t offset, const struct iovec *iov, int iovcnt);
int coroutine_fn node_co_pread(BlockNode *n, int64_t offset, void *buf, int64_t len);
int coroutine_fn node_co_pwrite(BlockNode *n, int64_t offset, const void *buf, int64_t len);
int coroutine_fn node_co_flush(BlockNode *n);
int coroutine_fn node_co_discard(BlockNode *n, int64_t offset, int64_t len);
int coroutine_fn node_co_write_zeroes(BlockNode *n, int64_t offset, int64_t len, bool unmap);
int coroutine_fn node_co_truncate(BlockNode *n, int64_t len);
/* The same from outside a coroutine: runs the node's loop until done. */
int node_pread(BlockNode *n, int64_t offset, void *buf, int64_t len);
int node_flush(BlockNode *n);
/*
 * Runs @fn in a coroutine of the loop and turns the loop until it ended. Only from the loop's own thread, or while nobody runs the loop: from
 * another thread it is a mistake of the caller's, which is reported, and -EDEADLK is returned without a call of @fn.
 */
int block_run_coroutine(EventLoop *loop, int coroutine_fn (*fn)(void *opaque), void *opaque);

/*
 * Turns the loop until @n has no request in flight and *@more (may be NULL; read atomically) is 0. False, reported, from a thread
 * other than the loop's.
 */
bool block_node_drain(BlockNode *n, const unsigned *more);

/* --- scatter lists --- */
/* INT64_MAX where the sum is larger. */
int64_t iov_length(const struct iovec *iov, int cnt);
void iov_to_buf(const struct iovec *iov, int cnt, int64_t offset, void *buf, int64_t len);
void iov_from_buf(const struct iovec *iov, int cnt, int64_t offset, const void *buf, int64_t len);
void iov_zero(const struct iovec *iov, int cnt, int64_t offset, int64_t len);
/* [offset, offset+len) of a list as a new one; returns its count (@out has room for cnt entries). */
int iov_slice(const struct iovec *iov, int cnt, int64_t offset, int64_t len, struct iovec *out);

#endif

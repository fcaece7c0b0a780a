/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests on a node: bounds, alignment (unaligned requests become an aligned read-modify-write under the node's lock), write zeroes by
 * writing where the driver has nothing better, write-through, and counting for drain.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/driver.h"
#include "util/bytes.h"

enum { ZERO_CHUNK = 1024 * 1024 };

/* A protocol node grows by writing behind its end; a filter is what it stands for. */
static bool may_grow(const BlockNode *n)
{
    while (n->driver->is_filter) {
        n = n->file;
    }
    return n->driver->is_protocol;
}

static int check_range(BlockNode *n, int64_t offset, int64_t len, bool write)
{
    int64_t total = block_node_length(n);
    if (total < 0) {
        return (int)total;
    }
    if (offset < 0 || len < 0 || !range_within((uint64_t)offset, (uint64_t)len, (uint64_t)total)) {
        if (!(write && may_grow(n) && offset >= 0 && len >= 0 && len <= INT64_MAX - offset)) {
            return -EIO;
        }
    }
    return write && n->flags.readonly ? -EACCES : 0;
}

static void coroutine_fn request_end(BlockNode *n)
{
    if (--n->in_flight == 0) {
        co_queue_wake_all(&n->idle);
    }
}

static bool is_aligned(BlockNode *n, int64_t offset, const struct iovec *iov, int iovcnt, int64_t len)
{
    uint64_t mask = n->alignment - 1, bits = (uint64_t)offset | (uint64_t)len;
    for (int i = 0; i < iovcnt; i++) {
        bits |= (uintptr_t)iov[i].iov_base | iov[i].iov_len;
    }
    return !(bits & mask);
}

/* The aligned range around [offset, offset+len) in a bounce buffer. */
static int coroutine_fn bounce(BlockNode *n, int64_t offset, const struct iovec *iov, int iovcnt, int64_t len, bool write)
{
    int64_t mask = (int64_t)n->alignment - 1;
    int64_t start = offset & ~mask, end = (offset + len + mask) & ~mask;
    void *buf = NULL;
    if (posix_memalign(&buf, MAX(n->alignment, 4096u), (size_t)(end - start))) {
        return -ENOMEM;
    }
    struct iovec whole = {.iov_base = buf, .iov_len = (size_t)(end - start)};
    bool partial = start != offset || end != offset + len;
    int ret = 0;
    if (write) {
        co_mutex_lock(&n->rmw_lock);
    }
    if (!write || partial) {
        ret = n->driver->co_preadv(n, start, &whole, 1, end - start);
    }
    if (ret == 0 && write) {
        iov_to_buf(iov, iovcnt, 0, (uint8_t *)buf + (offset - start), len);
        ret = n->driver->co_pwritev(n, start, &whole, 1, end - start);
    } else if (ret == 0) {
        iov_from_buf(iov, iovcnt, 0, (uint8_t *)buf + (offset - start), len);
    }
    if (write) {
        co_mutex_unlock(&n->rmw_lock);
    }
    free(buf);
    return ret;
}

int coroutine_fn node_co_preadv(BlockNode *n, int64_t offset, const struct iovec *iov, int iovcnt)
{
    int64_t len = iov_length(iov, iovcnt);
    int ret = check_range(n, offset, len, false);
    if (ret < 0 || len == 0) {
        return ret;
    }
    n->in_flight++;
    ret = is_aligned(n, offset, iov, iovcnt, len) ? n->driver->co_preadv(n, offset, iov, iovcnt, len)
                                                  : bounce(n, offset, iov, iovcnt, len, false);
    request_end(n);
    return ret;
}

int coroutine_fn node_co_pwritev(BlockNode *n, int64_t offset, const struct iovec *iov, int iovcnt)
{
    int64_t len = iov_length(iov, iovcnt);
    int ret = check_range(n, offset, len, true);
    if (ret < 0 || len == 0) {
        return ret;
    }
    n->in_flight++;
    ret = is_aligned(n, offset, iov, iovcnt, len) ? n->driver->co_pwritev(n, offset, iov, iovcnt, len)
                                                  : bounce(n, offset, iov, iovcnt, len, true);
    request_end(n);
    return ret;
}

int coroutine_fn node_co_pread(BlockNode *n, int64_t offset, void *buf, int64_t len)
{
    struct iovec iov = {.iov_base = buf, .iov_len = (size_t)len};
    return node_co_preadv(n, offset, &iov, 1);
}

int coroutine_fn node_co_pwrite(BlockNode *n, int64_t offset, const void *buf, int64_t len)
{
    struct iovec iov = {.iov_base = (void *)(uintptr_t)buf, .iov_len = (size_t)len};
    return node_co_pwritev(n, offset, &iov, 1);
}

int coroutine_fn node_co_flush(BlockNode *n)
{
    /* cache=unsafe leaves out the flushes of the file; a format still has to write its metadata. */
    if ((n->flags.no_flush && n->driver->is_protocol) || n->flags.readonly || !n->driver->co_flush) {
        return 0;
    }
    n->in_flight++;
    int ret = n->driver->co_flush(n);
    request_end(n);
    return ret;
}

int coroutine_fn node_co_discard(BlockNode *n, int64_t offset, int64_t len)
{
    int ret = check_range(n, offset, len, true);
    if (ret < 0 || !n->flags.discard || !n->driver->co_discard) {
        return ret;
    }
    /* A discard is a hint: only whole units are handed on. */
    int64_t unit = n->alignment, start = (offset + unit - 1) / unit * unit, end = (offset + len) / unit * unit;
    if (end <= start) {
        return 0;
    }
    n->in_flight++;
    ret = n->driver->co_discard(n, start, end - start);
    request_end(n);
    return ret == -ENOTSUP ? 0 : ret;
}

static int coroutine_fn write_zero_bytes(BlockNode *n, int64_t offset, int64_t len)
{
    int64_t chunk = MIN(len, ZERO_CHUNK);
    void *zeros = NULL;
    if (posix_memalign(&zeros, 4096, (size_t)chunk)) {
        return -ENOMEM;
    }
    memset(zeros, 0, (size_t)chunk);
    int ret = 0;
    while (ret == 0 && len > 0) {
        int64_t piece = MIN(len, chunk);
        ret = node_co_pwrite(n, offset, zeros, piece);
        offset += piece;
        len -= piece;
    }
    free(zeros);
    return ret;
}

int coroutine_fn node_co_write_zeroes(BlockNode *n, int64_t offset, int64_t len, bool unmap)
{
    int ret = check_range(n, offset, len, true);
    if (ret < 0 || len == 0) {
        return ret;
    }
    ret = -ENOTSUP;
    if (n->driver->co_write_zeroes && !(((uint64_t)offset | (uint64_t)len) & (n->alignment - 1))) {
        n->in_flight++;
        ret = n->driver->co_write_zeroes(n, offset, len, unmap && n->flags.discard);
        request_end(n);
    }
    return ret == -ENOTSUP ? write_zero_bytes(n, offset, len) : ret;
}

int coroutine_fn node_co_truncate(BlockNode *n, int64_t len)
{
    return n->driver->co_truncate ? n->driver->co_truncate(n, len) : -ENOTSUP;
}

/* --- from outside a coroutine --- */
typedef struct Runner {
    int coroutine_fn (*fn)(void *opaque);
    void *opaque;
    int ret;
    bool done;
} Runner;

static void coroutine_fn runner_entry(void *opaque)
{
    Runner *r = opaque;
    r->ret = r->fn(r->opaque);
    r->done = true;
}

int block_run_coroutine(EventLoop *loop, int coroutine_fn (*fn)(void *opaque), void *opaque)
{
    Runner r = {.fn = fn, .opaque = opaque};
    co_enter(co_create(runner_entry, &r));
    while (!r.done) {
        main_loop_wait(loop, true);
    }
    return r.ret;
}

typedef struct Access {
    BlockNode *n;
    int64_t offset, len;
    void *buf;
} Access;

static int coroutine_fn do_pread(void *opaque)
{
    Access *a = opaque;
    return node_co_pread(a->n, a->offset, a->buf, a->len);
}

int node_pread(BlockNode *n, int64_t offset, void *buf, int64_t len)
{
    Access a = {n, offset, len, buf};
    return block_run_coroutine(n->loop, do_pread, &a);
}

static int coroutine_fn do_flush(void *opaque)
{
    return node_co_flush(opaque);
}

int node_flush(BlockNode *n)
{
    return block_run_coroutine(n->loop, do_flush, n);
}

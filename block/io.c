/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests on a node: bounds, alignment (unaligned requests become an aligned read-modify-write that no other write overlaps), write zeroes by
 * writing where the driver has nothing better, and counting for drain.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/driver.h"
#include "util/bytes.h"

enum { ZERO_CHUNK = 1024 * 1024, BOUNCE_CHUNK = 1024 * 1024 };

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

static bool is_aligned(BlockNode *n, int64_t offset, const struct iovec *iov, int iovcnt, int64_t len)
{
    uint64_t mask = n->alignment - 1, bits = (uint64_t)offset | (uint64_t)len;
    for (int i = 0; i < iovcnt; i++) {
        bits |= (uintptr_t)iov[i].iov_base | iov[i].iov_len;
    }
    return !(bits & mask);
}

/* --- overlapping writes --- */
/* One write on its way, on the stack of its coroutine. */
typedef struct WriteRange {
    int64_t start, end; /* aligned */
    bool partial;       /* reads its surroundings and writes them back */
    CoQueue waiters;
    struct WriteRange *next;
} WriteRange;

/* Waits until no write is under way that @w must not overlap: a partial one overlaps nothing. */
static void coroutine_fn range_begin(BlockNode *n, WriteRange *w)
{
    WriteRange *other = n->writes;
    co_queue_init(&w->waiters);
    while (other) {
        if (other->start < w->end && w->start < other->end && (other->partial || w->partial)) {
            co_queue_wait(&other->waiters, NULL);
            other = n->writes; /* the list has changed */
        } else {
            other = other->next;
        }
    }
    w->next = n->writes;
    n->writes = w;
}

static void coroutine_fn range_end(BlockNode *n, WriteRange *w)
{
    WriteRange **at = &n->writes;
    while (*at != w) {
        at = &(*at)->next;
    }
    *at = w->next;
    co_queue_wake_all(&w->waiters);
}

/* A piece of the request through @buf, which holds the aligned range [start, end) around it. */
static int coroutine_fn bounce_piece(BlockNode *n, int64_t offset, const struct iovec *iov, int iovcnt, int64_t done, int64_t len, uint8_t *buf,
                                     bool write)
{
    int64_t mask = (int64_t)n->alignment - 1;
    int64_t at = offset + done, start = at & ~mask, end = (at + len + mask) & ~mask;
    struct iovec whole = {.iov_base = buf, .iov_len = (size_t)(end - start)};
    int ret = 0;
    if (!write || start != at || end != at + len) {
        ret = n->driver->co_preadv(n, start, &whole, 1, end - start);
    }
    if (ret == 0 && write) {
        iov_to_buf(iov, iovcnt, done, buf + (at - start), len);
        ret = n->driver->co_pwritev(n, start, &whole, 1, end - start);
    } else if (ret == 0) {
        iov_from_buf(iov, iovcnt, done, buf + (at - start), len);
    }
    return ret;
}

/* An unaligned request, piece by piece through an aligned buffer. */
static int coroutine_fn bounce(BlockNode *n, int64_t offset, const struct iovec *iov, int iovcnt, int64_t len, bool write)
{
    int64_t mask = (int64_t)n->alignment - 1;
    uint8_t *buf = NULL;
    int ret = 0;
    if (offset > INT64_MAX - len - mask) {
        return -EFBIG;
    }
    int64_t room = MIN(((offset + len + mask) & ~mask) - (offset & ~mask), BOUNCE_CHUNK + mask + 1);
    if (posix_memalign((void **)&buf, MAX(n->alignment, 4096u), (size_t)room)) {
        return -ENOMEM;
    }
    for (int64_t done = 0; done < len && ret == 0;) {
        int64_t end = MIN(((offset + done) & ~mask) + BOUNCE_CHUNK, offset + len);
        ret = bounce_piece(n, offset, iov, iovcnt, done, end - offset - done, buf, write);
        done = end - offset;
    }
    free(buf);
    return ret;
}

static int coroutine_fn write_in_range(BlockNode *n, int64_t offset, const struct iovec *iov, int iovcnt, int64_t len)
{
    int64_t mask = (int64_t)n->alignment - 1;
    if (offset > INT64_MAX - len - mask) {
        return -EFBIG;
    }
    WriteRange w = {.start = offset & ~mask, .end = (offset + len + mask) & ~mask};
    w.partial = w.start != offset || w.end != offset + len;
    range_begin(n, &w);
    int ret = is_aligned(n, offset, iov, iovcnt, len) ? n->driver->co_pwritev(n, offset, iov, iovcnt, len)
                                                      : bounce(n, offset, iov, iovcnt, len, true);
    range_end(n, &w);
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
    n->in_flight--;
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
    ret = n->alignment == 1 ? n->driver->co_pwritev(n, offset, iov, iovcnt, len) : write_in_range(n, offset, iov, iovcnt, len);
    n->in_flight--;
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
    n->in_flight--;
    return ret;
}

int coroutine_fn node_co_discard(BlockNode *n, int64_t offset, int64_t len)
{
    int ret = check_range(n, offset, len, true);
    if (ret < 0 || !n->flags.discard || !n->driver->co_discard) {
        return ret;
    }
    /* A discard is a hint: only whole units are handed on. */
    int64_t unit = n->alignment, end = (offset + len) / unit * unit, start = offset / unit * unit;
    start += start < offset ? unit : 0;
    if (end <= start) {
        return 0;
    }
    n->in_flight++;
    ret = n->driver->co_discard(n, start, end - start);
    n->in_flight--;
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
        n->in_flight--;
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

/* The loop is this thread's until loop_release(). */
static bool loop_acquire(EventLoop *loop)
{
    if (g_main_context_acquire(event_loop_context(loop))) {
        return true;
    }
    error_report("block: a request that waits was made from a thread other than its event loop's; it is refused");
    return false;
}

static void loop_release(EventLoop *loop)
{
    g_main_context_release(event_loop_context(loop));
}

int block_run_coroutine(EventLoop *loop, int coroutine_fn (*fn)(void *opaque), void *opaque)
{
    Runner r = {.fn = fn, .opaque = opaque};
    if (!loop_acquire(loop)) {
        return -EDEADLK;
    }
    EventLoop *outer = event_loop_current();
    event_loop_set_current(loop); /* so that those who wait for a lock are woken from the loop */
    co_enter(co_create(runner_entry, &r));
    event_loop_set_current(outer);
    while (!r.done) {
        main_loop_wait(loop, true);
    }
    loop_release(loop);
    return r.ret;
}

static bool is_busy(const BlockNode *n, const unsigned *more)
{
    return n->in_flight || (more && __atomic_load_n(more, __ATOMIC_ACQUIRE));
}

bool block_node_drain(BlockNode *n, const unsigned *more)
{
    if (!is_busy(n, more)) {
        return true;
    }
    if (!loop_acquire(n->loop)) {
        return false;
    }
    while (is_busy(n, more)) {
        main_loop_wait(n->loop, true);
    }
    loop_release(n->loop);
    return true;
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

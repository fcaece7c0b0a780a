/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aio=io_uring: reads, writes and flushes go to a ring whose completions come in through an eventfd on the loop. Where the ring is
 * full, requests wait in a queue in the order of their arrival.
 */
#include <errno.h>
#include <liburing.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "aio.h"

enum { RING_ENTRIES = 128, IOV_BATCH = 1024 };

struct AioUring {
    struct io_uring ring;
    EventLoop *loop;
    int event;
    Timer *retry;   /* the kernel took nothing for want of memory: once more, soon */
    unsigned in_flight;
    GQueue waiting; /* UringJob * */
};

typedef struct UringJob {
    AioRequest *req;
    Coroutine *co;
    bool finished;
} UringJob;

/* What the kernel does not take now stays in the ring and goes with the next submit, at the latest after a while. */
static void hand_over(AioUring *u)
{
    int n;
    while ((n = io_uring_submit(&u->ring)) == -EINTR) {
    }
    if (n < 0 || io_uring_sq_ready(&u->ring)) {
        timer_set_ns(u->retry, realtime_ns() + NS_PER_MS);
    }
}

static void retry(void *opaque)
{
    hand_over(opaque);
}

static bool submit(AioUring *u, UringJob *job)
{
    struct io_uring_sqe *sqe = u->in_flight < RING_ENTRIES ? io_uring_get_sqe(&u->ring) : NULL;
    AioRequest *req = job->req;
    if (!sqe) {
        return false;
    }
    unsigned count = (unsigned)MIN(req->iovcnt, IOV_BATCH);
    switch (req->op) {
    case AIO_READ: io_uring_prep_readv(sqe, req->fd, req->iov, count, (uint64_t)req->offset); break;
    case AIO_WRITE: io_uring_prep_writev(sqe, req->fd, req->iov, count, (uint64_t)req->offset); break;
    default: io_uring_prep_fsync(sqe, req->fd, IORING_FSYNC_DATASYNC); break;
    }
    io_uring_sqe_set_data(sqe, job);
    u->in_flight++;
    hand_over(u);
    return true;
}

static void start(AioUring *u, UringJob *job)
{
    if (!g_queue_is_empty(&u->waiting) || !submit(u, job)) {
        g_queue_push_tail(&u->waiting, job);
    }
}

/* What a completion means; true where the request is finished. */
static bool account(AioRequest *req, int res)
{
    if (res == -EINTR || res == -EAGAIN) {
        return false;
    }
    if (res < 0 || req->op == AIO_FLUSH) {
        req->ret = res < 0 ? res : 0;
        return true;
    }
    if (res == 0) {
        req->ret = req->op == AIO_WRITE ? -ENOSPC : 0;
        if (req->op == AIO_READ) {
            iov_zero(req->iov, req->iovcnt, 0, req->len);
        }
        return true;
    }
    aio_advance(req, res);
    req->ret = 0;
    if (req->len && aio_behind_end(req)) {
        iov_zero(req->iov, req->iovcnt, 0, req->len);
        return true;
    }
    return req->len == 0;
}

static void completed(void *opaque)
{
    AioUring *u = opaque;
    uint64_t count;
    ssize_t ignored = read(u->event, &count, sizeof(count));
    (void)ignored;
    struct io_uring_cqe *cqe;
    while (io_uring_peek_cqe(&u->ring, &cqe) == 0) {
        UringJob *job = io_uring_cqe_get_data(cqe);
        int res = cqe->res;
        io_uring_cqe_seen(&u->ring, cqe);
        u->in_flight--;
        if (account(job->req, res)) {
            /*
             * Entered from a bottom half, not from here: who waits for another request in a nested turn of the loop would not see its completion,
             * because this handler is not called again before it returns; and the last request may free the ring.
             */
            job->finished = true;
            co_schedule(u->loop, job->co);
        } else {
            start(u, job);
        }
    }
    while (!g_queue_is_empty(&u->waiting) && submit(u, g_queue_peek_head(&u->waiting))) {
        g_queue_pop_head(&u->waiting);
    }
    if (io_uring_sq_ready(&u->ring)) {
        hand_over(u);
    }
}

AioUring *aio_uring_new(EventLoop *loop, Error **errp)
{
    AioUring *u = g_new0(AioUring, 1);
    u->loop = loop;
    g_queue_init(&u->waiting);
    int ret = io_uring_queue_init(RING_ENTRIES, &u->ring, 0);
    if (ret < 0) {
        error_setg_errno(errp, -ret, "aio=io_uring: cannot make a ring");
        error_append_hint(errp, "aio=threads works everywhere.");
        g_free(u);
        return NULL;
    }
    u->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (u->event < 0 || (ret = io_uring_register_eventfd(&u->ring, u->event)) < 0) {
        error_setg_errno(errp, u->event < 0 ? errno : -ret, "aio=io_uring: cannot watch the ring");
        if (u->event >= 0) {
            close(u->event);
        }
        io_uring_queue_exit(&u->ring);
        g_free(u);
        return NULL;
    }
    u->retry = timer_new(loop, CLOCK_KIND_REALTIME, retry, u);
    event_loop_set_fd(loop, u->event, completed, NULL, u);
    return u;
}

void aio_uring_free(AioUring *u)
{
    if (u) {
        event_loop_set_fd(u->loop, u->event, NULL, NULL, NULL);
        timer_free(u->retry);
        close(u->event);
        io_uring_queue_exit(&u->ring);
        g_free(u);
    }
}

int coroutine_fn aio_uring_run(AioUring *u, AioRequest *req)
{
    UringJob job = {.req = req, .co = co_self()};
    start(u, &job);
    while (!job.finished) {
        co_yield();
    }
    return req->ret;
}

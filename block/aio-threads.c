/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aio=threads: each request is one job of the bounded thread pool, done with the plain system calls. Discard and zeroing go this way for every
 * back end.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "aio.h"

enum { IOV_BATCH = 1024 }; /* IOV_MAX on Linux */

void aio_advance(AioRequest *req, int64_t done)
{
    req->offset += done;
    req->len -= done;
    while (req->iovcnt && (int64_t)req->iov->iov_len <= done) {
        done -= (int64_t)req->iov->iov_len;
        req->iov++;
        req->iovcnt--;
    }
    if (req->iovcnt) {
        req->iov->iov_base = (uint8_t *)req->iov->iov_base + done;
        req->iov->iov_len -= (size_t)done;
    }
}

bool aio_behind_end(const AioRequest *req)
{
    struct stat st;
    return req->op == AIO_READ && fstat(req->fd, &st) == 0 && S_ISREG(st.st_mode) && req->offset >= st.st_size;
}

static int transfer(AioRequest *req)
{
    while (req->len > 0) {
        int count = MIN(req->iovcnt, IOV_BATCH);
        ssize_t n = req->op == AIO_READ ? preadv(req->fd, req->iov, count, req->offset) : pwritev(req->fd, req->iov, count, req->offset);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return -errno;
        }
        if (n == 0) {
            if (req->op == AIO_WRITE) {
                return -ENOSPC;
            }
            iov_zero(req->iov, req->iovcnt, 0, req->len); /* behind the end of the file */
            return 0;
        }
        aio_advance(req, n);
        if (req->len > 0 && aio_behind_end(req)) {
            iov_zero(req->iov, req->iovcnt, 0, req->len);
            return 0;
        }
    }
    return 0;
}

static int carry_out(AioRequest *req)
{
    switch (req->op) {
    case AIO_READ:
    case AIO_WRITE: return transfer(req);
    case AIO_FLUSH: return fdatasync(req->fd) ? -errno : 0;
    case AIO_DISCARD:
        if (fallocate(req->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, req->offset, req->len)) {
            return errno == EOPNOTSUPP || errno == ENODEV ? -ENOTSUP : -errno;
        }
        return 0;
    case AIO_ZERO:
        if (fallocate(req->fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, req->offset, req->len)) {
            return errno == EOPNOTSUPP || errno == ENODEV || errno == EINVAL ? -ENOTSUP : -errno;
        }
        return 0;
    }
    return -ENOTSUP;
}

typedef struct Job {
    AioRequest *req;
    Coroutine *co;
} Job;

static void work(void *opaque)
{
    Job *job = opaque;
    job->req->ret = carry_out(job->req);
}

static void done(void *opaque)
{
    co_enter(((Job *)opaque)->co);
}

int coroutine_fn aio_threads_run(EventLoop *loop, AioRequest *req)
{
    Job job = {.req = req, .co = co_self()};
    thread_pool_submit(loop, work, done, &job);
    co_yield();
    return req->ret;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a file's requests reach the kernel: a thread pool, or io_uring. Called from coroutines of the loop; each call yields until it is done.
 * Requests are carried out whole: short reads at the end of the file are filled with zeros, other short transfers are continued.
 */
#ifndef BLOCK_AIO_H
#define BLOCK_AIO_H

#include "block/driver.h"

typedef enum AioOp { AIO_READ, AIO_WRITE, AIO_FLUSH, AIO_DISCARD, AIO_ZERO } AioOp;
typedef struct AioRequest {
    AioOp op;
    int fd;
    int64_t offset, len;
    struct iovec *iov; /* changed while the request runs */
    int iovcnt;
    int ret;
} AioRequest;

int coroutine_fn aio_threads_run(EventLoop *loop, AioRequest *req);

typedef struct AioUring AioUring; /* one ring per file */
AioUring *aio_uring_new(EventLoop *loop, Error **errp);
void aio_uring_free(AioUring *u);
int coroutine_fn aio_uring_run(AioUring *u, AioRequest *req);

/* Whether what is left of a read lies behind the end of a regular file; then it is zeros. (With O_DIRECT it could not even be asked for.) */
bool aio_behind_end(const AioRequest *req);
/* Drops what was transferred from the front of the request. */
void aio_advance(AioRequest *req, int64_t done);

#endif

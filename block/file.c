/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The `file` protocol: a regular file or block device of the host. Locks it by QEMU's byte layout (open file description locks at 100 + n for
 * what a process does, 200 + n for what it lets nobody else do), so that both programs keep out of each other's images.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aio.h"

typedef struct File {
    int fd;
    int64_t size;      /* grows with writes */
    bool is_device;
    int flush_error;   /* of the first flush that failed: what the kernel could not write it may have dropped, later flushes would lie */
    AioUring *uring;
} File;

/* Permissions by bit, as QEMU numbers them. */
enum { PERM_CONSISTENT_READ = 0, PERM_WRITE = 1, PERM_RESIZE = 3, LOCK_PERM_BASE = 100, LOCK_SHARED_BASE = 200 };

static bool lock_byte(int fd, int64_t byte)
{
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
    return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

static bool byte_is_free(int fd, int64_t byte)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
    return fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK;
}

static bool lock_file(int fd, const char *path, bool readonly, Error **errp)
{
    /* Reader: reads, lets nobody write or resize. Writer: reads, writes, resizes, and shares only reading. */
    const int mine[] = {PERM_CONSISTENT_READ, readonly ? PERM_CONSISTENT_READ : PERM_WRITE, readonly ? PERM_CONSISTENT_READ : PERM_RESIZE};
    const int unshared[] = {PERM_WRITE, PERM_RESIZE};
    bool good = true;
    for (unsigned i = 0; i < G_N_ELEMENTS(mine); i++) {
        lock_byte(fd, LOCK_PERM_BASE + mine[i]);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(unshared); i++) {
        lock_byte(fd, LOCK_SHARED_BASE + unshared[i]);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(mine); i++) {
        good &= byte_is_free(fd, LOCK_SHARED_BASE + mine[i]);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(unshared); i++) {
        good &= byte_is_free(fd, LOCK_PERM_BASE + unshared[i]);
    }
    if (!good) {
        error_setg(errp, "Failed to get \"%s\" lock on '%s'", readonly ? "consistent read" : "write", path);
        error_append_hint(errp, "Is another process using the image? -snapshot or readonly=on lets you look at it all the same.");
    }
    return good;
}

static bool find_size(File *f, const char *path, Error **errp)
{
    struct stat st;
    if (fstat(f->fd, &st)) {
        error_setg_errno(errp, errno, "cannot stat '%s'", path);
        return false;
    }
    if (S_ISDIR(st.st_mode)) {
        error_setg(errp, "'%s' is a directory, not a disk image", path);
        return false;
    }
    if (S_ISBLK(st.st_mode)) {
        uint64_t size = 0;
        f->is_device = true;
        if (ioctl(f->fd, BLKGETSIZE64, &size)) {
            error_setg_errno(errp, errno, "cannot tell the size of '%s'", path);
            return false;
        }
        f->size = (int64_t)size;
        return true;
    }
    if (!S_ISREG(st.st_mode)) {
        error_setg(errp, "'%s' is neither a regular file nor a block device", path);
        return false;
    }
    f->size = st.st_size;
    return true;
}

/* What O_DIRECT asks of requests. */
static unsigned direct_alignment(int fd, bool is_device)
{
    int sector = 0;
#ifdef STATX_DIOALIGN
    struct statx sx;
    if (!is_device && statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &sx) == 0 && sx.stx_mask & STATX_DIOALIGN) {
        sector = (int)MAX(sx.stx_dio_mem_align, sx.stx_dio_offset_align);
    }
#endif
    if (is_device && ioctl(fd, BLKSSZGET, &sector)) {
        sector = 0;
    }
    return sector >= 512 && sector <= 65536 && !(sector & (sector - 1)) ? (unsigned)sector : 512;
}

static bool file_open(BlockNode *n, OptionSet *opts, Error **errp)
{
    File *f = n->state;
    const char *path = option_get(opts, "filename");
    const char *aio = option_get(opts, "aio");
    if (!path) {
        error_setg(errp, "driver 'file': option 'filename' is missing");
        return false;
    }
    if (g_str_has_prefix(path, "file:")) {
        path += 5;
    }
    n->filename = g_strdup(path);
    bool uring = n->flags.uring || g_strcmp0(aio, "io_uring") == 0;
    /* O_NONBLOCK: a pipe without a writer must not hold us up; for files it means nothing. */
    f->fd = open(path, (n->flags.readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (n->flags.direct ? O_DIRECT : 0));
    if (f->fd < 0) {
        error_setg_errno(errp, errno, "Could not open '%s'", path);
        return false;
    }
    if (!find_size(f, path, errp) || (!n->flags.locking_off && !lock_file(f->fd, path, n->flags.readonly, errp)) ||
        (uring && !(f->uring = aio_uring_new(n->loop, errp)))) {
        close(f->fd);
        return false;
    }
    n->alignment = n->flags.direct ? direct_alignment(f->fd, f->is_device) : 1;
    return true;
}

static void file_close(BlockNode *n)
{
    File *f = n->state;
    aio_uring_free(f->uring);
    close(f->fd);
}

static int64_t file_length(BlockNode *n)
{
    return ((File *)n->state)->size;
}

static int coroutine_fn run(BlockNode *n, AioOp op, int64_t offset, const struct iovec *iov, int iovcnt, int64_t len)
{
    File *f = n->state;
    struct iovec small[16], *copy = small; /* back ends eat the list as they go */
    if (iovcnt > (int)G_N_ELEMENTS(small)) {
        copy = g_new(struct iovec, iovcnt);
    }
    if (iovcnt) {
        memcpy(copy, iov, sizeof(*iov) * (size_t)iovcnt);
    }
    AioRequest req = {.op = op, .fd = f->fd, .offset = offset, .len = len, .iov = copy, .iovcnt = iovcnt};
    bool ring = f->uring && op <= AIO_FLUSH;
    int ret = ring ? aio_uring_run(f->uring, &req) : aio_threads_run(n->loop, &req);
    if (copy != small) {
        g_free(copy);
    }
    return ret;
}

static int coroutine_fn file_preadv(BlockNode *n, int64_t offset, const struct iovec *iov, int iovcnt, int64_t len)
{
    return run(n, AIO_READ, offset, iov, iovcnt, len);
}

static int coroutine_fn file_pwritev(BlockNode *n, int64_t offset, const struct iovec *iov, int iovcnt, int64_t len)
{
    File *f = n->state;
    int ret = run(n, AIO_WRITE, offset, iov, iovcnt, len);
    if (ret == 0 && !f->is_device) {
        f->size = MAX(f->size, offset + len);
    }
    return ret;
}

static int coroutine_fn file_flush(BlockNode *n)
{
    File *f = n->state;
    if (f->flush_error) {
        return f->flush_error;
    }
    int ret = run(n, AIO_FLUSH, 0, NULL, 0, 0);
    if (ret < 0 && !n->flags.direct) {
        f->flush_error = ret;
    }
    return ret;
}

static int coroutine_fn file_discard(BlockNode *n, int64_t offset, int64_t len)
{
    return ((File *)n->state)->is_device ? -ENOTSUP : run(n, AIO_DISCARD, offset, NULL, 0, len);
}

static int coroutine_fn file_write_zeroes(BlockNode *n, int64_t offset, int64_t len, bool unmap)
{
    File *f = n->state;
    if (f->is_device || offset + len > f->size) {
        return -ENOTSUP;
    }
    return run(n, unmap ? AIO_DISCARD : AIO_ZERO, offset, NULL, 0, len);
}

static int coroutine_fn file_truncate(BlockNode *n, int64_t len)
{
    File *f = n->state;
    if (f->is_device) {
        return -ENOTSUP;
    }
    if (ftruncate(f->fd, len)) {
        return -errno;
    }
    f->size = len;
    return 0;
}

static const BlockDriver file_driver = {
    .name = "file",
    .help = "a file or block device of the host",
    .is_protocol = true,
    .state_size = sizeof(File),
    .open = file_open,
    .close = file_close,
    .length = file_length,
    .co_preadv = file_preadv,
    .co_pwritev = file_pwritev,
    .co_flush = file_flush,
    .co_discard = file_discard,
    .co_write_zeroes = file_write_zeroes,
    .co_truncate = file_truncate,
};
BLOCK_DRIVER(file_driver);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snapshot=on: writes go to a temporary file that nobody else sees and that ends with the process; the image is
 * opened read only. One bit for each cluster says whether it is in the temporary file, where it lies at its own
 * offset: the file has holes for the rest.
 *
 * A write that meets a cluster for the first time holds the lock until the whole cluster is there, so that no other
 * write sees half of it.
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "graph-internal.h"

enum { CLUSTER = 65536 };
#define LENGTH_MAX (64ll << 40) /* 128 MiB of bits */

typedef struct Overlay {
    BlockNode *temp;
    int64_t length;
    uint8_t *present; /* a bit for each cluster */
    uint8_t *copy;    /* one cluster, under the lock */
    CoMutex lock;
} Overlay;

static bool is_present(const Overlay *o, int64_t cluster) { return o->present[cluster / 8] >> (cluster % 8) & 1; }
static int64_t overlay_length(BlockNode *n) { return ((Overlay *)n->state)->length; }

static int coroutine_fn overlay_preadv(BlockNode *n, int64_t offset, const struct iovec *iov, int iovcnt, int64_t len)
{
    Overlay *o = n->state;
    g_autofree struct iovec *part = g_new(struct iovec, MAX(iovcnt, 1));
    for (int64_t done = 0; done < len;) {
        int64_t at = offset + done, run = 0;
        bool here = is_present(o, at / CLUSTER);
        /* neighbours that lie in the same file */
        while (done + run < len && is_present(o, (at + run) / CLUSTER) == here) {
            run += MIN(len - done - run, CLUSTER - (at + run) % CLUSTER);
        }
        int count = iov_slice(iov, iovcnt, done, run, part);
        int ret = node_co_preadv(here ? o->temp : n->file, at, part, count);
        if (ret < 0) {
            return ret;
        }
        done += run;
    }
    return 0;
}

/* The cluster as the image has it, with @len bytes at @from of the list put over it. */
static int coroutine_fn write_new(BlockNode *n, int64_t at, const struct iovec *iov, int iovcnt, int64_t from,
                                  int64_t len)
{
    Overlay *o = n->state;
    int64_t start = at - at % CLUSTER, bytes = MIN((int64_t)CLUSTER, o->length - start);
    int ret = len < bytes ? node_co_pread(n->file, start, o->copy, bytes) : 0;
    if (ret < 0) {
        return ret;
    }
    iov_to_buf(iov, iovcnt, from, o->copy + (at - start), len);
    ret = node_co_pwrite(o->temp, start, o->copy, bytes);
    if (ret >= 0) {
        o->present[start / CLUSTER / 8] |= (uint8_t)(1u << (start / CLUSTER % 8));
    }
    return ret;
}

static int coroutine_fn overlay_pwritev(BlockNode *n, int64_t offset, const struct iovec *iov, int iovcnt, int64_t len)
{
    Overlay *o = n->state;
    g_autofree struct iovec *part = g_new(struct iovec, MAX(iovcnt, 1));
    int ret = 0;
    for (int64_t done = 0; done < len && ret >= 0;) {
        int64_t at = offset + done, now = MIN(len - done, CLUSTER - at % CLUSTER);
        if (!is_present(o, at / CLUSTER)) {
            co_mutex_lock(&o->lock);
            bool still = !is_present(o, at / CLUSTER);
            ret = still ? write_new(n, at, iov, iovcnt, done, now) : 0;
            co_mutex_unlock(&o->lock);
            if (still) {
                done += now;
                continue;
            }
        }
        ret = node_co_pwritev(o->temp, at, part, iov_slice(iov, iovcnt, done, now, part));
        done += now;
    }
    return ret < 0 ? ret : 0;
}

static int coroutine_fn overlay_flush(BlockNode *n) { return 0; } /* nothing outlives the process */

static void overlay_close(BlockNode *n)
{
    Overlay *o = n->state;
    block_node_unref(o->temp);
    co_mutex_destroy(&o->lock);
    g_free(o->present);
    g_free(o->copy);
}

/* Not in the registry: only snapshot=on makes one. */
static const BlockDriver overlay_driver = {
    .name = "snapshot", .help = "writes to a temporary file", .state_size = sizeof(Overlay), .close = overlay_close,
    .length = overlay_length,
    .co_preadv = overlay_preadv, .co_pwritev = overlay_pwritev, .co_flush = overlay_flush,
};

static BlockNode *open_temporary(BlockGraph *g, int64_t length, Error **errp)
{
    const char *dir = g_getenv("TMPDIR");
    /* not /tmp, which may be memory */
    g_autofree char *path = g_build_filename(dir ? dir : "/var/tmp", "mimic-XXXXXX", NULL);
    g_autoptr(OptionSet) opts = option_set_new();
    BlockOpen flags = {.locking_off = true, .no_flush = true};
    int fd = g_mkstemp(path);
    if (fd < 0 || ftruncate(fd, length) < 0) {
        error_setg_errno(errp, errno, "cannot make a temporary file '%s' for snapshot=on", path);
        if (fd >= 0) {
            close(fd);
            g_unlink(path);
        }
        return NULL;
    }
    close(fd);
    BlockNode *temp = block_open_file(g, path, "file", &flags, opts, errp);
    g_unlink(path);
    return temp;
}

BlockNode *block_overlay_new(BlockGraph *g, BlockNode *base, Error **errp)
{
    BlockOpen flags = base->flags;
    int64_t length = block_node_length(base);
    if (length < 0 || length > LENGTH_MAX) {
        error_setg(errp, "snapshot=on: '%s' has no length, or one above 64 TiB", base->filename);
        block_node_unref(base);
        return NULL;
    }
    BlockNode *temp = open_temporary(g, length, errp);
    if (!temp) {
        block_node_unref(base);
        return NULL;
    }
    flags.readonly = false;
    BlockNode *n = block_node_new(g, &overlay_driver, NULL, &flags);
    Overlay *o = n->state;
    n->file = base;
    n->filename = g_strdup(base->filename);
    o->temp = temp;
    o->length = length;
    o->present = g_malloc0((gsize)(length / CLUSTER / 8 + 1));
    o->copy = g_malloc(CLUSTER);
    co_mutex_init(&o->lock);
    return n;
}

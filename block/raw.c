/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The raw format: the bytes of the file below. Options offset= and size= choose a part of it. Where the format was guessed, the first
 * sector is protected (see graph.c).
 */
#include <errno.h>

#include "block/driver.h"
#include "util/bytes.h"

typedef struct Raw {
    int64_t offset;
    int64_t size; /* -1: to the end of the file */
    bool protect_header;
} Raw;

static bool raw_open(BlockNode *n, OptionSet *opts, Error **errp)
{
    Raw *r = n->state;
    uint64_t offset, size;
    if (!option_get_size(opts, "offset", 0, &offset, errp) || !option_get_size(opts, "size", UINT64_MAX, &size, errp) ||
        !option_get_bool(opts, "mimic-protect-header", false, &r->protect_header, errp)) {
        return false;
    }
    int64_t total = block_node_length(n->file);
    if (total < 0) {
        error_setg_errno(errp, (int)-total, "cannot tell the length of '%s'", n->filename);
        return false;
    }
    if (offset > (uint64_t)total || (size != UINT64_MAX && !range_within(offset, size, (uint64_t)total))) {
        error_setg(errp, "offset and size reach behind the end of '%s' (%" G_GINT64_FORMAT " bytes)", n->filename, total);
        return false;
    }
    r->offset = (int64_t)offset;
    r->size = size == UINT64_MAX ? -1 : (int64_t)size;
    return true;
}

static int64_t raw_length(BlockNode *n)
{
    Raw *r = n->state;
    int64_t total = block_node_length(n->file);
    return total < 0 || r->size < 0 ? (total < 0 ? total : total - r->offset) : r->size;
}

static int coroutine_fn raw_preadv(BlockNode *n, int64_t offset, const struct iovec *iov, int iovcnt, int64_t len)
{
    return node_co_preadv(n->file, ((Raw *)n->state)->offset + offset, iov, iovcnt);
}

static int coroutine_fn raw_pwritev(BlockNode *n, int64_t offset, const struct iovec *iov, int iovcnt, int64_t len)
{
    Raw *r = n->state;
    if (r->protect_header && offset < 512) {
        return -EPERM;
    }
    return node_co_pwritev(n->file, r->offset + offset, iov, iovcnt);
}

static int coroutine_fn raw_flush(BlockNode *n)
{
    return node_co_flush(n->file);
}

static int coroutine_fn raw_discard(BlockNode *n, int64_t offset, int64_t len)
{
    Raw *r = n->state;
    if (r->protect_header && offset < 512) {
        return -EPERM;
    }
    return node_co_discard(n->file, r->offset + offset, len);
}

static int coroutine_fn raw_write_zeroes(BlockNode *n, int64_t offset, int64_t len, bool unmap)
{
    Raw *r = n->state;
    if (r->protect_header && offset < 512) {
        return -EPERM;
    }
    return node_co_write_zeroes(n->file, r->offset + offset, len, unmap);
}

static const BlockDriver raw_driver = {
    .name = "raw",
    .help = "the bytes as they are",
    .state_size = sizeof(Raw),
    .open = raw_open,
    .length = raw_length,
    .co_preadv = raw_preadv,
    .co_pwritev = raw_pwritev,
    .co_flush = raw_flush,
    .co_discard = raw_discard,
    .co_write_zeroes = raw_write_zeroes,
};
BLOCK_DRIVER(raw_driver);

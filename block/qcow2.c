/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2: opening, and the requests. What is not there yet is refused by name: internal snapshots are read only, encryption, external data files and
 * extended L2 entries do not open.
 */
#include "qcow2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/bytes.h"

enum {
    INCOMPAT_DIRTY = 1, INCOMPAT_CORRUPT = 2, INCOMPAT_DATA_FILE = 4, INCOMPAT_COMPRESSION = 8, INCOMPAT_EXTENDED_L2 = 16,
    EXT_BACKING_FORMAT = 0xe2792aca,
    META_BYTES = 4 << 20, /* of cached metadata of each kind; up to twice that while it is dirty */
};

typedef struct Header {
    uint64_t backing_offset, size, l1_offset, rt_offset;
    uint32_t backing_len, cluster_bits, crypt, l1_size, rt_clusters, snapshots, refcount_order, header_len;
} Header;

static int qcow2_probe(const uint8_t *data, size_t len)
{
    return len >= 72 && ld_be32(data) == QCOW2_MAGIC && ld_be32(data + 4) >= 2 ? 100 : 0;
}

static bool read_header(Qcow2 *s, Reader *r, Header *h, Error **errp)
{
    const char *file = s->node->filename;
    uint32_t magic = reader_be32(r);
    s->version = reader_be32(r);
    h->backing_offset = reader_be64(r);
    h->backing_len = reader_be32(r);
    h->cluster_bits = reader_be32(r);
    h->size = reader_be64(r);
    h->crypt = reader_be32(r);
    h->l1_size = reader_be32(r);
    h->l1_offset = reader_be64(r);
    h->rt_offset = reader_be64(r);
    h->rt_clusters = reader_be32(r);
    h->snapshots = reader_be32(r);
    reader_be64(r); /* snapshot table */
    h->refcount_order = 4;
    h->header_len = 72;
    if (s->version >= 3) {
        s->incompatible = reader_be64(r);
        reader_be64(r); /* compatible features may be ignored */
        s->autoclear = reader_be64(r);
        h->refcount_order = reader_be32(r);
        h->header_len = reader_be32(r);
        s->compression = h->header_len > 104 ? reader_u8(r) : 0;
    }
    if (r->failed || magic != QCOW2_MAGIC) {
        error_setg(errp, "'%s' is not a qcow2 image%s", file, r->failed ? ": it is shorter than the header" : "");
        return false;
    }
    if (s->version < 2 || s->version > 3) {
        error_setg(errp, "'%s': qcow2 version %u is not known; versions 2 and 3 are", file, s->version);
        return false;
    }
    return true;
}

static bool check_features(Qcow2 *s, const Header *h, Error **errp)
{
    const char *file = s->node->filename;
    bool writable = !s->node->flags.readonly;
    uint64_t known = INCOMPAT_DIRTY | INCOMPAT_CORRUPT | INCOMPAT_COMPRESSION;
    if (h->crypt) {
        error_setg(errp, "'%s': encrypted qcow2 images are not there yet", file);
    } else if (s->incompatible & INCOMPAT_DATA_FILE) {
        error_setg(errp, "'%s': qcow2 external data files are not there yet", file);
    } else if (s->incompatible & INCOMPAT_EXTENDED_L2) {
        error_setg(errp, "'%s': qcow2 extended L2 entries are not there yet", file);
    } else if (s->incompatible & ~known) {
        error_setg(errp, "'%s': unknown incompatible qcow2 features 0x%" G_GINT64_MODIFIER "x", file, s->incompatible & ~known);
    } else if (s->compression > 1) {
        error_setg(errp, "'%s': qcow2 compression type %u is not known", file, s->compression);
    } else if (writable && s->incompatible & INCOMPAT_CORRUPT) {
        error_setg(errp, "'%s' is marked corrupt and can be opened read-only only; qemu-img check -r all repairs it", file);
    } else if (writable && s->incompatible & INCOMPAT_DIRTY) {
        error_setg(errp, "'%s' was not closed cleanly (lazy refcounts); qemu-img check -r all repairs it", file);
    } else if (writable && h->snapshots) {
        error_setg(errp, "'%s' has internal snapshots, which are not there yet: open it with readonly=on", file);
    } else {
        return true;
    }
    return false;
}

static bool check_geometry(Qcow2 *s, const Header *h, Error **errp)
{
    const char *file = s->node->filename;
    uint64_t file_len = (uint64_t)block_node_length(s->node->file), bytes;
    if (h->cluster_bits < 9 || h->cluster_bits > 21) {
        error_setg(errp, "'%s': cluster size 2^%u is not between 512 bytes and 2 MiB", file, h->cluster_bits);
        return false;
    }
    if (h->refcount_order > 6 || (s->version >= 3 && (h->header_len < 104 || h->header_len > 1u << h->cluster_bits))) {
        error_setg(errp, "'%s': invalid qcow2 header", file);
        return false;
    }
    s->cluster_bits = h->cluster_bits;
    s->cluster_size = (int64_t)1 << h->cluster_bits;
    s->l2_bits = h->cluster_bits - 3;
    s->refcount_order = h->refcount_order;
    s->l2.max = s->refblocks.max = (unsigned)CLAMP(META_BYTES / s->cluster_size, 4, 256);
    uint64_t per_l2 = (uint64_t)1 << (s->cluster_bits + s->l2_bits);
    if (h->size > INT64_MAX || h->l1_size > (32u << 20) / 8 || (h->size + per_l2 - 1) / per_l2 > h->l1_size) {
        error_setg(errp, "'%s': the L1 table (%u entries) does not fit the size (%" G_GUINT64_FORMAT " bytes)", file, h->l1_size, h->size);
        return false;
    }
    if (h->rt_clusters == 0 || !mul_u64(h->rt_clusters, (uint64_t)s->cluster_size, &bytes) || bytes > (64u << 20)) {
        error_setg(errp, "'%s': invalid size of the refcount table (%u clusters)", file, h->rt_clusters);
        return false;
    }
    if (((h->l1_offset | h->rt_offset) & (uint64_t)(s->cluster_size - 1)) || !range_within(h->l1_offset, (uint64_t)h->l1_size * 8, file_len) ||
        !range_within(h->rt_offset, bytes, file_len)) {
        error_setg(errp, "'%s' is truncated or damaged: a table lies behind its end (%" G_GUINT64_FORMAT " bytes)", file, file_len);
        return false;
    }
    return true;
}

static bool read_table(Qcow2 *s, uint64_t offset, uint32_t entries, uint64_t **table, Error **errp)
{
    size_t bytes = (size_t)entries * 8;
    g_autofree uint8_t *raw = g_try_malloc(MAX(bytes, (size_t)8));
    *table = g_try_new0(uint64_t, MAX(entries, 1u));
    int ret = !raw || !*table ? -ENOMEM : node_pread(s->node->file, (int64_t)offset, raw, (int64_t)bytes);
    if (ret < 0) {
        error_setg_errno(errp, -ret, "cannot read a table of '%s'", s->node->filename);
        return false;
    }
    for (uint32_t i = 0; i < entries; i++) {
        (*table)[i] = ld_be64(raw + (size_t)i * 8);
    }
    return true;
}

/* Header extensions: only the backing format matters here; unknown ones stay untouched in the file. */
static char *backing_format(Reader *r, uint32_t header_len)
{
    reader_seek(r, header_len);
    while (reader_left(r) >= 8) {
        uint32_t type = reader_be32(r), len = reader_be32(r);
        const uint8_t *data = reader_bytes(r, len);
        if (type == 0 || !data) {
            return NULL;
        }
        if (type == EXT_BACKING_FORMAT) {
            return g_strndup((const char *)data, MIN(len, 64u));
        }
        reader_bytes(r, (8 - len % 8) % 8);
    }
    return NULL;
}

static bool open_backing(Qcow2 *s, Reader *r, const Header *h, Error **errp)
{
    if (!h->backing_offset) {
        return true;
    }
    if (h->backing_len > 1023 || !reader_seek(r, (size_t)h->backing_offset)) {
        error_setg(errp, "'%s': invalid name of the backing file", s->node->filename);
        return false;
    }
    const uint8_t *text = reader_bytes(r, h->backing_len);
    if (!text) {
        error_setg(errp, "'%s': invalid name of the backing file", s->node->filename);
        return false;
    }
    g_autofree char *name = g_strndup((const char *)text, h->backing_len);
    Reader again = reader_init(r->data, r->size);
    g_autofree char *format = backing_format(&again, h->header_len);
    g_autofree char *dir = g_path_get_dirname(s->node->filename);
    g_autofree char *path = g_path_is_absolute(name) ? g_strdup(name) : g_build_filename(dir, name, NULL);
    BlockOpen flags = s->node->flags;
    flags.readonly = true;
    flags.depth++;
    g_autoptr(OptionSet) none = option_set_new();
    s->node->backing = block_open_file(s->node->graph, path, format, &flags, none, errp);
    if (!s->node->backing) {
        error_prepend(errp, "backing file of '%s': ", s->node->filename);
    }
    return s->node->backing;
}

static int coroutine_fn clear_autoclear(void *opaque)
{
    Qcow2 *s = opaque;
    uint8_t zero[8] = {0};
    int ret = node_co_pwrite(s->node->file, 88, zero, sizeof(zero));
    return ret < 0 ? ret : node_co_flush(s->node->file); /* durable before the first write that they would lie about */
}

static void free_state(Qcow2 *s)
{
    g_free(s->l1);
    g_free(s->rt);
    qcow2_cache_free(&s->l2);
    qcow2_cache_free(&s->refblocks);
    g_hash_table_destroy(s->l1_dirty);
    g_hash_table_destroy(s->rt_dirty);
    g_array_free(s->pending_free, TRUE);
    co_mutex_destroy(&s->lock);
}

static bool open_tables(Qcow2 *s, const Header *h, Error **errp)
{
    s->size = (int64_t)h->size;
    s->l1_size = h->l1_size;
    s->l1_offset = (int64_t)h->l1_offset;
    s->rt_offset = (int64_t)h->rt_offset;
    s->rt_clusters = h->rt_clusters;
    s->rt_size = (uint32_t)((uint64_t)h->rt_clusters * (uint64_t)s->cluster_size / 8);
    s->next_free = (block_node_length(s->node->file) + s->cluster_size - 1) & ~(s->cluster_size - 1);
    if (!read_table(s, h->l1_offset, s->l1_size, &s->l1, errp) || !read_table(s, h->rt_offset, s->rt_size, &s->rt, errp)) {
        return false;
    }
    for (uint32_t i = 0; i < s->rt_size; i++) {
        if (s->rt[i] & (uint64_t)(s->cluster_size - 1) || s->rt[i] >= (uint64_t)s->next_free) {
            error_setg(errp, "'%s' is truncated or damaged: refcount block %u lies outside of the file", s->node->filename, i);
            return false;
        }
    }
    return true;
}

static bool qcow2_open(BlockNode *n, OptionSet *opts, Error **errp)
{
    Qcow2 *s = n->state;
    Header h;
    int64_t len = MIN(block_node_length(n->file), (int64_t)4096);
    g_autofree uint8_t *head = g_malloc0(4096);
    int ret = len > 0 ? node_pread(n->file, 0, head, len) : 0;
    if (ret < 0) {
        error_setg_errno(errp, -ret, "cannot read '%s'", n->filename);
        return false;
    }
    Reader r = reader_init(head, (size_t)MAX(len, 0));
    s->node = n;
    co_mutex_init(&s->lock);
    qcow2_cache_init(&s->l2, 4);
    qcow2_cache_init(&s->refblocks, 4);
    s->l1_dirty = g_hash_table_new(NULL, NULL);
    s->rt_dirty = g_hash_table_new(NULL, NULL);
    s->pending_free = g_array_new(FALSE, FALSE, sizeof(Extent));
    bool good = read_header(s, &r, &h, errp) && check_features(s, &h, errp) && check_geometry(s, &h, errp) && open_tables(s, &h, errp) &&
                open_backing(s, &r, &h, errp);
    if (good && !n->flags.readonly && s->autoclear && (ret = block_run_coroutine(n->loop, clear_autoclear, s)) < 0) {
        error_setg_errno(errp, -ret, "cannot write '%s'", n->filename);
        good = false;
    }
    if (!good) {
        free_state(s);
    }
    return good;
}

static void qcow2_close(BlockNode *n)
{
    free_state(n->state);
}

static int64_t qcow2_length(BlockNode *n)
{
    return ((Qcow2 *)n->state)->size;
}

/* --- reading --- */
/* From the file below; what lies behind its end is zero (the last cluster of a file may be short). */
static int coroutine_fn read_file(Qcow2 *s, int64_t host, const struct iovec *iov, int iovcnt, int64_t len)
{
    int64_t have = CLAMP(block_node_length(s->node->file) - host, 0, len);
    if (have == len) {
        return node_co_preadv(s->node->file, host, iov, iovcnt);
    }
    iov_zero(iov, iovcnt, have, len - have);
    g_autofree struct iovec *part = g_new(struct iovec, iovcnt);
    int n = iov_slice(iov, iovcnt, 0, have, part);
    return have ? node_co_preadv(s->node->file, host, part, n) : 0;
}

static int coroutine_fn read_backing(Qcow2 *s, int64_t offset, const struct iovec *iov, int iovcnt, int64_t len)
{
    BlockNode *backing = s->node->backing;
    int64_t have = backing ? CLAMP(block_node_length(backing) - offset, 0, len) : 0;
    iov_zero(iov, iovcnt, have, len - have);
    if (!have) {
        return 0;
    }
    g_autofree struct iovec *part = g_new(struct iovec, iovcnt);
    int n = iov_slice(iov, iovcnt, 0, have, part);
    return node_co_preadv(backing, offset, part, n);
}

/* One mapped piece. */
static int coroutine_fn read_piece(Qcow2 *s, const Map *map, int64_t offset, const struct iovec *iov, int iovcnt)
{
    switch (map->kind) {
    case MAP_NORMAL: return read_file(s, map->host, iov, iovcnt, map->len);
    case MAP_ZERO: iov_zero(iov, iovcnt, 0, map->len); return 0;
    case MAP_UNALLOCATED: return read_backing(s, offset, iov, iovcnt, map->len);
    case MAP_COMPRESSED: {
        g_autofree uint8_t *cluster = g_try_malloc((gsize)s->cluster_size);
        int ret = cluster ? qcow2_read_compressed(s, map->entry, cluster) : -ENOMEM;
        if (ret == 0) {
            iov_from_buf(iov, iovcnt, 0, cluster + (offset & (s->cluster_size - 1)), map->len);
        }
        return ret;
    }
    }
    return -EIO;
}

static int coroutine_fn qcow2_preadv(BlockNode *n, int64_t offset, const struct iovec *iov, int iovcnt, int64_t len)
{
    Qcow2 *s = n->state;
    g_autofree struct iovec *part = g_new(struct iovec, iovcnt);
    int ret = 0;
    for (int64_t done = 0; done < len && ret == 0;) {
        Map map;
        co_mutex_lock(&s->lock);
        ret = qcow2_map(s, offset + done, len - done, &map);
        co_mutex_unlock(&s->lock);
        if (ret == 0) {
            int count = iov_slice(iov, iovcnt, done, map.len, part);
            ret = read_piece(s, &map, offset + done, part, count);
            done += map.len;
        }
    }
    return ret;
}

/* --- writing --- */
/* Old contents of [offset, offset+len) of the guest into @buf, for the rest of a cluster that is written in part. Lock held. */
static int coroutine_fn read_old(Qcow2 *s, int64_t offset, uint8_t *buf, int64_t len)
{
    int ret = 0;
    while (len > 0 && ret == 0) {
        Map map = {.kind = MAP_ZERO, .len = len};
        if (offset < s->size) {
            ret = qcow2_map(s, offset, MIN(len, s->size - offset), &map);
        }
        struct iovec iov = {.iov_base = buf, .iov_len = (size_t)map.len};
        ret = ret < 0 ? ret : read_piece(s, &map, offset, &iov, 1);
        buf += map.len;
        offset += map.len;
        len -= map.len;
    }
    return ret;
}

/* Clusters that have no place of their own yet: allocated, filled up around the new data, written, then entered. Lock held. */
static int coroutine_fn write_new(Qcow2 *s, const Map *map, int64_t offset, const struct iovec *iov, int iovcnt, int64_t len)
{
    int64_t mask = s->cluster_size - 1;
    int64_t start = offset & ~mask, end = (offset + len + mask) & ~mask;
    int64_t head = offset - start, tail = end - offset - len;
    g_autofree uint8_t *around = head || tail ? g_try_malloc((gsize)(head + tail)) : NULL;
    if ((head || tail) && !around) {
        return -ENOMEM;
    }
    int ret = head ? read_old(s, start, around, head) : 0;
    ret = ret < 0 || !tail ? ret : read_old(s, offset + len, around + head, tail);
    /* A zero cluster that has a place keeps it. */
    bool in_place = map->kind == MAP_ZERO && map->copied && qcow2_offset_good(s, map->host) && end - start == s->cluster_size;
    int64_t host = ret < 0 ? ret : in_place ? map->host : qcow2_alloc(s, (end - start) >> s->cluster_bits);
    if (host < 0) {
        return (int)host;
    }
    g_autofree struct iovec *all = g_new(struct iovec, iovcnt + 2);
    int count = 0;
    if (head) {
        all[count++] = (struct iovec){.iov_base = around, .iov_len = (size_t)head};
    }
    memcpy(all + count, iov, sizeof(*iov) * (size_t)iovcnt);
    count += iovcnt;
    if (tail) {
        all[count++] = (struct iovec){.iov_base = around + head, .iov_len = (size_t)tail};
    }
    ret = node_co_pwritev(s->node->file, host, all, count);
    return ret < 0 ? ret : qcow2_set_entries(s, start, (end - start) >> s->cluster_bits, host);
}

/* How much of a request one allocation takes: as far as no cluster that can be written in place is touched. */
static int64_t coroutine_fn new_run(Qcow2 *s, int64_t offset, const Map *map, int64_t len)
{
    int64_t to_cluster_end = s->cluster_size - (offset & (s->cluster_size - 1));
    if (map->kind == MAP_COMPRESSED || map->kind == MAP_ZERO) {
        return MIN(len, to_cluster_end);
    }
    return MIN(MIN(len, map->len), 16 * s->cluster_size + to_cluster_end);
}

static int coroutine_fn qcow2_pwritev(BlockNode *n, int64_t offset, const struct iovec *iov, int iovcnt, int64_t len)
{
    Qcow2 *s = n->state;
    g_autofree struct iovec *part = g_new(struct iovec, iovcnt);
    int ret = 0;
    for (int64_t done = 0; done < len && ret == 0;) {
        Map map;
        co_mutex_lock(&s->lock);
        ret = s->broken ? -EIO : qcow2_map(s, offset + done, len - done, &map);
        if (ret == 0 && map.kind == MAP_NORMAL && map.copied) {
            co_mutex_unlock(&s->lock);
            int count = iov_slice(iov, iovcnt, done, map.len, part);
            ret = node_co_pwritev(n->file, map.host, part, count);
        } else {
            if (ret == 0) {
                map.len = new_run(s, offset + done, &map, len - done);
                int count = iov_slice(iov, iovcnt, done, map.len, part);
                ret = write_new(s, &map, offset + done, part, count, map.len);
            }
            ret = ret < 0 ? ret : qcow2_bound_dirty(s);
            co_mutex_unlock(&s->lock);
        }
        done += map.len;
    }
    return ret;
}

static int coroutine_fn zero_part(BlockNode *n, int64_t offset, int64_t len)
{
    g_autofree uint8_t *zeros = g_try_malloc0((gsize)len);
    return zeros ? node_co_pwrite(n, offset, zeros, len) : -ENOMEM;
}

static int coroutine_fn qcow2_write_zeroes(BlockNode *n, int64_t offset, int64_t len, bool unmap)
{
    Qcow2 *s = n->state;
    int64_t mask = s->cluster_size - 1, end = offset + len;
    int64_t first = (offset + mask) & ~mask, last = end == s->size ? (end + mask) & ~mask : end & ~mask;
    if (s->version < 3 || s->broken) {
        return -ENOTSUP;
    }
    if (first >= last) {
        return zero_part(n, offset, len);
    }
    int ret = first > offset ? zero_part(n, offset, first - offset) : 0;
    ret = ret < 0 || end <= last ? ret : zero_part(n, last, end - last);
    while (ret == 0 && first < last) { /* a table at a time: others get their turn, and memory is bounded */
        co_mutex_lock(&s->lock);
        int64_t count = s->broken ? -EIO : qcow2_set_zero(s, first, (last - first) >> s->cluster_bits);
        ret = count < 0 ? (int)count : qcow2_bound_dirty(s);
        co_mutex_unlock(&s->lock);
        first += count < 0 ? 0 : count << s->cluster_bits;
    }
    return ret;
}

static int coroutine_fn qcow2_flush(BlockNode *n)
{
    Qcow2 *s = n->state;
    co_mutex_lock(&s->lock);
    int ret = qcow2_commit(s);
    if (ret == 0 && qcow2_has_dirty(s)) { /* what the first commit released */
        ret = qcow2_commit(s);
    }
    co_mutex_unlock(&s->lock);
    return ret;
}

static const BlockDriver qcow2_driver = {
    .name = "qcow2",
    .help = "QEMU's copy-on-write format, versions 2 and 3",
    .state_size = sizeof(Qcow2),
    .probe = qcow2_probe,
    .open = qcow2_open,
    .close = qcow2_close,
    .length = qcow2_length,
    .co_preadv = qcow2_preadv,
    .co_pwritev = qcow2_pwritev,
    .co_flush = qcow2_flush,
    .co_write_zeroes = qcow2_write_zeroes,
};
BLOCK_DRIVER(qcow2_driver);

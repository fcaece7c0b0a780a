/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2: metadata clusters in memory, and the commit that writes them in the order of qcow2.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "qcow2.h"
#include "util/bytes.h"

static void block_free(gpointer p)
{
    MetaBlock *b = p;
    g_free(b->data);
    g_free(b);
}

void qcow2_cache_init(MetaCache *c, unsigned max)
{
    c->blocks = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, block_free);
    c->max = max;
}

void qcow2_cache_free(MetaCache *c)
{
    if (c->blocks) {
        g_hash_table_destroy(c->blocks);
    }
}

/* Drops the clean block used longest ago; false: there is none. */
static bool evict(MetaCache *c)
{
    GHashTableIter iter;
    gpointer value;
    MetaBlock *oldest = NULL;
    g_hash_table_iter_init(&iter, c->blocks);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        MetaBlock *b = value;
        if (!b->dirty && (!oldest || b->used < oldest->used)) {
            oldest = b;
        }
    }
    if (oldest) {
        g_hash_table_remove(c->blocks, &oldest->offset);
    }
    return oldest;
}

static void trim(MetaCache *c, unsigned max)
{
    while (g_hash_table_size(c->blocks) > max && evict(c)) {
    }
}

static MetaBlock *insert(Qcow2 *s, MetaCache *c, int64_t offset, uint8_t *data, bool dirty)
{
    trim(c, c->max - 1);
    MetaBlock *b = g_new0(MetaBlock, 1);
    *b = (MetaBlock){.offset = offset, .data = data, .dirty = dirty, .used = ++s->clock};
    g_hash_table_replace(c->blocks, &b->offset, b);
    return b;
}

MetaBlock *coroutine_fn qcow2_cache_get(Qcow2 *s, MetaCache *c, int64_t offset, int *ret)
{
    MetaBlock *b = g_hash_table_lookup(c->blocks, &offset);
    *ret = 0;
    if (b) {
        b->used = ++s->clock;
        return b;
    }
    uint8_t *data = g_try_malloc((gsize)s->cluster_size);
    *ret = data ? node_co_pread(s->node->file, offset, data, s->cluster_size) : -ENOMEM;
    if (*ret < 0) {
        g_free(data);
        return NULL;
    }
    return insert(s, c, offset, data, false);
}

MetaBlock *qcow2_cache_lookup(MetaCache *c, int64_t offset)
{
    return g_hash_table_lookup(c->blocks, &offset);
}

MetaBlock *qcow2_cache_new(Qcow2 *s, MetaCache *c, int64_t offset, uint8_t *data)
{
    return insert(s, c, offset, data, true);
}

static bool cache_is_dirty(const MetaCache *c)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, c->blocks);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        if (((MetaBlock *)value)->dirty) {
            return true;
        }
    }
    return false;
}

bool qcow2_has_dirty(Qcow2 *s)
{
    return s->rt_moved || g_hash_table_size(s->l1_dirty) || g_hash_table_size(s->rt_dirty) || cache_is_dirty(&s->l2) || cache_is_dirty(&s->refblocks);
}

static gint by_offset(gconstpointer a, gconstpointer b)
{
    int64_t x = (*(MetaBlock *const *)a)->offset, y = (*(MetaBlock *const *)b)->offset;
    return x < y ? -1 : x > y;
}

static int coroutine_fn write_meta(Qcow2 *s, int64_t offset, const void *data, int64_t len)
{
    s->unsynced = true; /* a write that fails may have happened in part */
    return node_co_pwrite(s->node->file, offset, data, len);
}

/* Writes all dirty blocks in file order. The lock keeps them from changing meanwhile. */
static int coroutine_fn write_cache(Qcow2 *s, MetaCache *c)
{
    g_autoptr(GPtrArray) dirty = g_ptr_array_new();
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, c->blocks);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        if (((MetaBlock *)value)->dirty) {
            g_ptr_array_add(dirty, value);
        }
    }
    g_ptr_array_sort(dirty, by_offset);
    for (unsigned i = 0; i < dirty->len; i++) {
        MetaBlock *b = g_ptr_array_index(dirty, i);
        int ret = write_meta(s, b->offset, b->data, s->cluster_size);
        if (ret < 0) {
            return ret;
        }
        b->dirty = false;
    }
    return 0;
}

static int coroutine_fn write_entry(Qcow2 *s, const uint64_t *table, int64_t offset, uint32_t index)
{
    uint8_t entry[8];
    st_be64(entry, table[index]);
    return write_meta(s, offset + (int64_t)index * 8, entry, sizeof(entry));
}

/* Changed entries of the L1 table. */
static int coroutine_fn write_l1(Qcow2 *s)
{
    guint count;
    g_autofree gpointer *keys = g_hash_table_get_keys_as_array(s->l1_dirty, &count);
    for (guint i = 0; i < count; i++) {
        int ret = write_entry(s, s->l1, s->l1_offset, GPOINTER_TO_UINT(keys[i]));
        if (ret < 0) {
            return ret;
        }
    }
    g_hash_table_remove_all(s->l1_dirty);
    return 0;
}

/* Metadata that was written before is durable after this, if any was. Whether that is so outlives a failed commit. */
static int coroutine_fn barrier(Qcow2 *s)
{
    int ret = s->unsynced ? node_co_flush(s->node->file) : 0;
    s->unsynced = s->unsynced && ret < 0;
    return ret;
}

/* True where the count of refcount block @index itself is in a block that only a dirty entry leads to. */
static bool depends_on_dirty(const Qcow2 *s, uint32_t index)
{
    uint64_t counted_in = s->rt[index] / (uint64_t)s->cluster_size / (uint64_t)(s->cluster_size * 8 >> s->refcount_order);
    return counted_in != index && counted_in <= UINT32_MAX && g_hash_table_contains(s->rt_dirty, GUINT_TO_POINTER((guint)counted_in));
}

/*
 * Changed entries of the refcount table. One that leads to a block whose own count is in another new block has to wait until that one's entry is durable;
 * the block that counts lies before the counted one's range, so there are no circles.
 */
static int coroutine_fn write_refcount_table(Qcow2 *s)
{
    while (g_hash_table_size(s->rt_dirty)) {
        guint count, written = 0;
        g_autofree gpointer *keys = g_hash_table_get_keys_as_array(s->rt_dirty, &count);
        for (guint i = 0; i < count; i++) {
            if (depends_on_dirty(s, GPOINTER_TO_UINT(keys[i]))) {
                continue;
            }
            int ret = write_entry(s, s->rt, s->rt_offset, GPOINTER_TO_UINT(keys[i]));
            if (ret < 0) {
                return ret;
            }
            keys[written++] = keys[i];
        }
        int ret = written == count ? 0 : written ? barrier(s) : -EIO;
        if (ret < 0) {
            return ret;
        }
        for (guint i = 0; i < written; i++) {
            g_hash_table_remove(s->rt_dirty, keys[i]);
        }
    }
    return 0;
}

/* A refcount table that outgrew its place: the new one whole, then the header that points to it. */
static int coroutine_fn write_moved_table(Qcow2 *s)
{
    int64_t bytes = (int64_t)s->rt_clusters * s->cluster_size;
    g_autofree uint8_t *raw = g_try_malloc0((gsize)bytes);
    uint8_t header[12];
    if (!raw) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < s->rt_size; i++) {
        st_be64(raw + (size_t)i * 8, s->rt[i]);
    }
    st_be64(header, (uint64_t)s->rt_offset);
    st_be32(header + 8, s->rt_clusters);
    int ret = write_meta(s, s->rt_offset, raw, bytes);
    ret = ret < 0 ? ret : barrier(s);
    ret = ret < 0 ? ret : write_meta(s, 48, header, sizeof(header)); /* within one sector */
    if (ret == 0) {
        s->rt_moved = false;
        g_hash_table_remove_all(s->rt_dirty);
    }
    return ret;
}

static void coroutine_fn release_pending(Qcow2 *s)
{
    for (unsigned i = 0; i < s->pending_free->len; i++) {
        Extent e = g_array_index(s->pending_free, Extent, i);
        qcow2_release(s, e.offset, e.len);
    }
    g_array_set_size(s->pending_free, 0);
}

int coroutine_fn qcow2_commit(Qcow2 *s)
{
    int ret = write_cache(s, &s->refblocks);
    if (ret == 0 && (s->rt_moved || g_hash_table_size(s->rt_dirty))) {
        ret = barrier(s);
        if (ret == 0) {
            ret = s->rt_moved ? write_moved_table(s) : write_refcount_table(s);
        }
    }
    if (ret == 0 && cache_is_dirty(&s->l2)) {
        s->unsynced = true; /* by the data that the tables point to */
        ret = barrier(s);
        ret = ret < 0 ? ret : write_cache(s, &s->l2);
    }
    if (ret == 0 && g_hash_table_size(s->l1_dirty)) {
        ret = barrier(s);
        ret = ret < 0 ? ret : write_l1(s);
    }
    if (ret == 0) {
        s->unsynced = true; /* by data written in place */
        ret = barrier(s);
    }
    if (ret == 0) {
        release_pending(s);
    }
    trim(&s->l2, s->l2.max);
    trim(&s->refblocks, s->refblocks.max);
    return ret;
}

int coroutine_fn qcow2_bound_dirty(Qcow2 *s)
{
    unsigned blocks = g_hash_table_size(s->l2.blocks) + g_hash_table_size(s->refblocks.blocks);
    return blocks > 2 * (s->l2.max + s->refblocks.max) ? qcow2_commit(s) : 0;
}

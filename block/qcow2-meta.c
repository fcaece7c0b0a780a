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

void qcow2_cache_init(MetaCache *c, unsigned max_clean)
{
    c->blocks = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, block_free);
    c->max_clean = max_clean;
}

void qcow2_cache_free(MetaCache *c)
{
    if (c->blocks) {
        g_hash_table_destroy(c->blocks);
    }
}

/* Drops the clean block used longest ago. */
static void evict(MetaCache *c)
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
}

static MetaBlock *insert(Qcow2 *s, MetaCache *c, int64_t offset, uint8_t *data, bool dirty)
{
    if (g_hash_table_size(c->blocks) >= c->max_clean) {
        evict(c);
    }
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

MetaBlock *qcow2_cache_new(Qcow2 *s, MetaCache *c, int64_t offset)
{
    return insert(s, c, offset, g_malloc0((gsize)s->cluster_size), true);
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

/* Writes all dirty blocks in file order. The lock keeps them from changing meanwhile. */
static int coroutine_fn write_cache(Qcow2 *s, MetaCache *c, bool *wrote)
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
        int ret = node_co_pwrite(s->node->file, b->offset, b->data, s->cluster_size);
        if (ret < 0) {
            return ret;
        }
        b->dirty = false;
        *wrote = true;
    }
    return 0;
}

/* Changed entries of a table that is kept in host byte order. */
static int coroutine_fn write_entries(Qcow2 *s, GHashTable *dirty, const uint64_t *table, int64_t offset, bool *wrote)
{
    g_autofree gpointer *keys = NULL;
    guint count;
    keys = g_hash_table_get_keys_as_array(dirty, &count);
    for (guint i = 0; i < count; i++) {
        uint32_t index = GPOINTER_TO_UINT(keys[i]);
        uint8_t entry[8];
        st_be64(entry, table[index]);
        int ret = node_co_pwrite(s->node->file, offset + (int64_t)index * 8, entry, sizeof(entry));
        if (ret < 0) {
            return ret;
        }
        *wrote = true;
    }
    g_hash_table_remove_all(dirty);
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
    int ret = node_co_pwrite(s->node->file, s->rt_offset, raw, bytes);
    ret = ret < 0 ? ret : node_co_flush(s->node->file);
    ret = ret < 0 ? ret : node_co_pwrite(s->node->file, 48, header, sizeof(header));
    if (ret == 0) {
        s->rt_moved = false;
        g_hash_table_remove_all(s->rt_dirty);
    }
    return ret;
}

static int coroutine_fn barrier(Qcow2 *s, bool *wrote)
{
    if (!*wrote) {
        return 0;
    }
    *wrote = false;
    return node_co_flush(s->node->file);
}

static int coroutine_fn release_pending(Qcow2 *s)
{
    int ret = 0;
    for (unsigned i = 0; i < s->pending_free->len && ret == 0; i++) {
        const Extent *e = &g_array_index(s->pending_free, Extent, i);
        ret = qcow2_release(s, e->offset, e->len);
    }
    g_array_set_size(s->pending_free, 0);
    return ret;
}

int coroutine_fn qcow2_commit(Qcow2 *s)
{
    bool wrote = false;
    int ret = write_cache(s, &s->refblocks, &wrote);
    if (ret == 0 && (s->rt_moved || g_hash_table_size(s->rt_dirty))) {
        ret = barrier(s, &wrote);
        if (ret == 0) {
            wrote = true;
            ret = s->rt_moved ? write_moved_table(s) : write_entries(s, s->rt_dirty, s->rt, s->rt_offset, &wrote);
        }
    }
    if (ret == 0 && cache_is_dirty(&s->l2)) {
        wrote = true; /* the data that the tables point to */
        ret = barrier(s, &wrote);
        ret = ret < 0 ? ret : write_cache(s, &s->l2, &wrote);
    }
    if (ret == 0 && g_hash_table_size(s->l1_dirty)) {
        wrote = true;
        ret = barrier(s, &wrote);
        ret = ret < 0 ? ret : write_entries(s, s->l1_dirty, s->l1, s->l1_offset, &wrote);
    }
    ret = ret < 0 ? ret : node_co_flush(s->node->file);
    return ret == 0 && s->pending_free->len ? release_pending(s) : ret;
}

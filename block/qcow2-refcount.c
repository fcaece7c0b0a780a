/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2: reference counts. Clusters are handed out from the end of the file; blocks of the refcount table and the table itself grow as needed.
 */
#include <errno.h>
#include <string.h>

#include "qcow2.h"
#include "util/bytes.h"

static int64_t clusters_per_block(const Qcow2 *s)
{
    return s->cluster_size * 8 >> s->refcount_order;
}

static uint64_t refcount_max(const Qcow2 *s)
{
    return s->refcount_order == 6 ? UINT64_MAX : (1ull << (1u << s->refcount_order)) - 1;
}

static uint64_t get_refcount(const Qcow2 *s, const uint8_t *data, int64_t index)
{
    switch (s->refcount_order) {
    case 3: return data[index];
    case 4: return ld_be16(data + index * 2);
    case 5: return ld_be32(data + index * 4);
    case 6: return ld_be64(data + index * 8);
    default: {
        unsigned bits = 1u << s->refcount_order, per_byte = 8 / bits;
        return data[index / per_byte] >> (index % per_byte * bits) & ((1u << bits) - 1);
    }
    }
}

static void put_refcount(const Qcow2 *s, uint8_t *data, int64_t index, uint64_t v)
{
    switch (s->refcount_order) {
    case 3: data[index] = (uint8_t)v; break;
    case 4: st_be16(data + index * 2, (uint16_t)v); break;
    case 5: st_be32(data + index * 4, (uint32_t)v); break;
    case 6: st_be64(data + index * 8, v); break;
    default: {
        unsigned bits = 1u << s->refcount_order, per_byte = 8 / bits, shift = (unsigned)(index % per_byte) * bits;
        uint8_t mask = (uint8_t)(((1u << bits) - 1) << shift);
        data[index / per_byte] = (uint8_t)((data[index / per_byte] & ~mask) | (v << shift & mask));
        break;
    }
    }
}

static int coroutine_fn change_refcount(Qcow2 *s, int64_t cluster, int delta)
{
    int64_t per_block = clusters_per_block(s);
    int64_t table_index = cluster / per_block;
    int ret;
    if (table_index >= s->rt_size || !s->rt[table_index]) {
        return qcow2_damaged(s, "no refcount for a cluster in use", cluster * s->cluster_size);
    }
    MetaBlock *b = qcow2_cache_get(s, &s->refblocks, (int64_t)s->rt[table_index], &ret);
    if (!b) {
        return ret;
    }
    uint64_t v = get_refcount(s, b->data, cluster % per_block);
    if (delta > 0 ? v == refcount_max(s) : v == 0) {
        return qcow2_damaged(s, "refcount out of range", cluster * s->cluster_size);
    }
    put_refcount(s, b->data, cluster % per_block, delta > 0 ? v + 1 : v - 1);
    b->dirty = true;
    return 0;
}

/* The table grows: a new one at the end of the file, twice as large. */
static int coroutine_fn grow_table(Qcow2 *s, int64_t needed)
{
    uint64_t entries = MAX((uint64_t)s->rt_size * 2, (uint64_t)needed + 1);
    uint64_t per_cluster = (uint64_t)s->cluster_size / 8;
    uint64_t clusters = (entries + per_cluster - 1) / per_cluster;
    entries = clusters * per_cluster;
    if (entries > (8u << 20)) { /* 64 MiB of table, what the reference takes as well */
        return -EFBIG;
    }
    uint64_t *table = g_try_realloc_n(s->rt, entries, 8);
    if (!table) {
        return -ENOMEM;
    }
    memset(table + s->rt_size, 0, (size_t)(entries - s->rt_size) * 8);
    Extent old = {s->rt_offset, (int64_t)s->rt_clusters * s->cluster_size};
    s->rt = table;
    s->rt_size = (uint32_t)entries;
    int64_t offset = qcow2_alloc(s, (int64_t)clusters);
    if (offset < 0) {
        return (int)offset;
    }
    s->rt_offset = offset;
    s->rt_clusters = (uint32_t)clusters;
    s->rt_moved = true;
    g_array_append_val(s->pending_free, old);
    return 0;
}

/* Sees to it that clusters [first, first+count) have refcount blocks; new ones are taken from next_free. */
static int coroutine_fn ensure_blocks(Qcow2 *s, int64_t first, int64_t count)
{
    int64_t per_block = clusters_per_block(s);
    for (int64_t i = first / per_block; i <= (first + count - 1) / per_block; i++) {
        if (i >= s->rt_size) {
            int ret = grow_table(s, i);
            if (ret < 0) {
                return ret;
            }
        }
        if (s->rt[i]) {
            continue;
        }
        int64_t at = s->next_free;
        s->next_free += s->cluster_size;
        s->rt[i] = (uint64_t)at;
        qcow2_cache_new(s, &s->refblocks, at);
        g_hash_table_add(s->rt_dirty, GUINT_TO_POINTER((guint)i));
        /* The block's own count may lie in the block itself or in one that is made now. */
        int ret = ensure_blocks(s, at / s->cluster_size, 1);
        ret = ret < 0 ? ret : change_refcount(s, at / s->cluster_size, 1);
        if (ret < 0) {
            return ret;
        }
    }
    return 0;
}

int64_t coroutine_fn qcow2_alloc(Qcow2 *s, int64_t count)
{
    int64_t first;
    do { /* blocks that were made moved next_free: look again */
        first = s->next_free;
        if (count <= 0 || first > INT64_MAX / 4 || count > (INT64_MAX / 4 - first) / s->cluster_size) {
            return -EFBIG;
        }
        int ret = ensure_blocks(s, first / s->cluster_size, count);
        if (ret < 0) {
            return ret;
        }
    } while (first != s->next_free);
    s->next_free += count * s->cluster_size;
    for (int64_t i = 0; i < count; i++) {
        int ret = change_refcount(s, first / s->cluster_size + i, 1);
        if (ret < 0) {
            return ret;
        }
    }
    return first;
}

int coroutine_fn qcow2_release(Qcow2 *s, int64_t offset, int64_t len)
{
    for (int64_t c = offset / s->cluster_size; c <= (offset + len - 1) / s->cluster_size; c++) {
        int ret = change_refcount(s, c, -1);
        if (ret < 0) {
            return ret;
        }
    }
    return 0;
}

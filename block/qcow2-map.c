/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2: from guest offsets to clusters of the file, through L1 and L2 tables. Every offset that comes from the file is checked before use.
 */
#include <errno.h>
#include <string.h>

#include "qcow2.h"
#include "util/bytes.h"

int coroutine_fn qcow2_damaged(Qcow2 *s, const char *what, int64_t offset)
{
    if (!s->broken) {
        s->broken = true;
        error_report("'%s': image is damaged: %s (at 0x%" G_GINT64_MODIFIER "x); writing is refused from now on", s->node->filename, what, offset);
    }
    return -EIO;
}

bool qcow2_offset_good(const Qcow2 *s, int64_t offset)
{
    return offset > 0 && !(offset & (s->cluster_size - 1)) && offset < s->next_free;
}

/* The L2 table for a guest offset; NULL with *ret 0: there is none. */
static MetaBlock *coroutine_fn find_l2(Qcow2 *s, int64_t offset, bool create, int *ret)
{
    uint64_t index = (uint64_t)offset >> (s->cluster_bits + s->l2_bits);
    *ret = 0;
    if (index >= s->l1_size) {
        *ret = -EIO;
        return NULL;
    }
    int64_t at = (int64_t)(s->l1[index] & QCOW2_OFFSET_MASK);
    if (at) {
        if (!qcow2_offset_good(s, at)) {
            *ret = qcow2_damaged(s, "L2 table lies outside of the file", at);
            return NULL;
        }
        return qcow2_cache_get(s, &s->l2, at, ret);
    }
    if (!create) {
        return NULL;
    }
    uint8_t *data = g_try_malloc0((gsize)s->cluster_size);
    at = data ? qcow2_alloc(s, 1) : -ENOMEM;
    if (at < 0) {
        *ret = (int)at;
        g_free(data);
        return NULL;
    }
    s->l1[index] = (uint64_t)at | QCOW2_COPIED;
    g_hash_table_add(s->l1_dirty, GUINT_TO_POINTER((guint)index));
    return qcow2_cache_new(s, &s->l2, at, data);
}

static MapKind entry_kind(const Qcow2 *s, uint64_t entry)
{
    if (entry & QCOW2_COMPRESSED) {
        return MAP_COMPRESSED;
    }
    if (s->version >= 3 && (entry & QCOW2_ZERO)) {
        return MAP_ZERO;
    }
    return entry & QCOW2_OFFSET_MASK ? MAP_NORMAL : MAP_UNALLOCATED;
}

int coroutine_fn qcow2_map(Qcow2 *s, int64_t offset, int64_t len, Map *map)
{
    int64_t in_cluster = offset & (s->cluster_size - 1);
    int64_t table_left = ((int64_t)1 << (s->cluster_bits + s->l2_bits)) - (offset & (((int64_t)1 << (s->cluster_bits + s->l2_bits)) - 1));
    int ret;
    MetaBlock *l2 = find_l2(s, offset, false, &ret);
    *map = (Map){.kind = MAP_UNALLOCATED, .len = MIN(len, table_left)};
    if (!l2) {
        return ret;
    }
    uint64_t index = (uint64_t)offset >> s->cluster_bits & ((1ull << s->l2_bits) - 1);
    uint64_t entry = ld_be64(l2->data + index * 8);
    map->entry = entry;
    map->kind = entry_kind(s, entry);
    map->copied = entry & QCOW2_COPIED;
    int64_t host = (int64_t)(entry & QCOW2_OFFSET_MASK);
    if (map->kind == MAP_NORMAL && !qcow2_offset_good(s, host)) {
        return qcow2_damaged(s, "data cluster lies outside of the file", host);
    }
    map->host = map->kind == MAP_NORMAL ? host + in_cluster : host;
    int64_t have = s->cluster_size - in_cluster;
    if (map->kind != MAP_COMPRESSED) {
        while (have < map->len) { /* following clusters of the same kind */
            uint64_t next = ld_be64(l2->data + ++index * 8);
            bool same = entry_kind(s, next) == map->kind && !(next & QCOW2_COPIED) == !map->copied &&
                        (map->kind != MAP_NORMAL || (int64_t)(next & QCOW2_OFFSET_MASK) == map->host + have);
            if (!same || (map->kind == MAP_NORMAL && !qcow2_offset_good(s, map->host + have))) {
                break;
            }
            have += s->cluster_size;
        }
    }
    map->len = MIN(map->len, have);
    return 0;
}

/* What an entry referred to is given up once the change is durable. */
static void give_up(Qcow2 *s, uint64_t entry)
{
    Extent e = {(int64_t)(entry & QCOW2_OFFSET_MASK), s->cluster_size};
    if (entry & QCOW2_COMPRESSED) {
        e = qcow2_compressed_extent(s, entry);
    }
    if (e.offset) {
        g_array_append_val(s->pending_free, e);
    }
}

static uint64_t index_in_table(const Qcow2 *s, int64_t offset)
{
    return (uint64_t)offset >> s->cluster_bits & ((1ull << s->l2_bits) - 1);
}

static void put_entry(MetaBlock *l2, uint64_t index, uint64_t entry)
{
    if (ld_be64(l2->data + index * 8) != entry) {
        st_be64(l2->data + index * 8, entry);
        l2->dirty = true;
    }
}

int coroutine_fn qcow2_set_entries(Qcow2 *s, int64_t offset, int64_t clusters, int64_t host)
{
    for (int64_t i = 0; i < clusters; i++, offset += s->cluster_size, host += s->cluster_size) {
        int ret;
        MetaBlock *l2 = find_l2(s, offset, true, &ret);
        if (!l2) {
            return ret;
        }
        uint64_t index = index_in_table(s, offset), old = ld_be64(l2->data + index * 8);
        if ((int64_t)(old & QCOW2_OFFSET_MASK) != host || (old & QCOW2_COMPRESSED)) {
            give_up(s, old);
        }
        put_entry(l2, index, (uint64_t)host | QCOW2_COPIED);
    }
    return 0;
}

int64_t coroutine_fn qcow2_set_zero(Qcow2 *s, int64_t offset, int64_t clusters)
{
    int ret;
    uint64_t index = index_in_table(s, offset);
    int64_t count = MIN(clusters, ((int64_t)1 << s->l2_bits) - (int64_t)index);
    MetaBlock *l2 = find_l2(s, offset, s->node->backing, &ret);
    if (!l2) {
        return ret < 0 ? ret : count; /* zero already */
    }
    for (int64_t i = 0; i < count; i++, index++) {
        uint64_t old = ld_be64(l2->data + index * 8);
        if (old & QCOW2_COMPRESSED) {
            give_up(s, old);
            put_entry(l2, index, QCOW2_ZERO);
        } else if (old || s->node->backing) {
            put_entry(l2, index, old | QCOW2_ZERO); /* keeps its place */
        }
    }
    return count;
}

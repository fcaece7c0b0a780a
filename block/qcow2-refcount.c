/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2: reference counts. Clusters are handed out from the end of the file, those that have a count already (leaked by a crash) are passed over.
 *
 * An allocation is planned whole first: the clusters asked for, before them the refcount blocks that their counts need, and a larger refcount
 * table where those do not fit. Then everything that can fail is done (reading blocks, memory), and only then state is changed, without a yield: an
 * error leaves no half of it behind that a later commit could write.
 */
#include <errno.h>
#include <string.h>

#include "qcow2.h"
#include "util/bytes.h"

#define CLUSTER_END_MAX ((int64_t)1 << 55) /* bytes; entries have room for 56 bits */

enum {
    TABLE_ENTRIES_MAX = 8 << 20, /* 64 MiB of refcount table, what the reference takes as well */
    SKIP_BLOCKS_MAX = 64,        /* refcount blocks that one allocation looks through for a free run */
};

static int64_t clusters_per_block(const Qcow2 *s)
{
    return s->cluster_size * 8 >> s->refcount_order;
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

static void set_broken_count(Qcow2 *s, int64_t cluster)
{
    qcow2_damaged(s, "refcount of a cluster in use is 0", cluster * s->cluster_size);
}

static int coroutine_fn drop_refcount(Qcow2 *s, int64_t cluster)
{
    int64_t per_block = clusters_per_block(s);
    int64_t table_index = cluster / per_block;
    int ret;
    if (table_index >= s->rt_size || !s->rt[table_index]) {
        set_broken_count(s, cluster);
        return -EIO;
    }
    MetaBlock *b = qcow2_cache_get(s, &s->refblocks, (int64_t)s->rt[table_index], &ret);
    if (!b) {
        return ret;
    }
    uint64_t v = get_refcount(s, b->data, cluster % per_block);
    if (!v) {
        set_broken_count(s, cluster);
        return -EIO;
    }
    put_refcount(s, b->data, cluster % per_block, v - 1);
    b->dirty = true;
    return 0;
}

void coroutine_fn qcow2_release(Qcow2 *s, int64_t offset, int64_t len)
{
    for (int64_t c = offset / s->cluster_size; c <= (offset + len - 1) / s->cluster_size; c++) {
        drop_refcount(s, c); /* what fails is leaked */
    }
}

/* --- allocation --- */
typedef struct Plan {
    int64_t first, count;    /* clusters: [blocks][table][what was asked for] */
    int64_t blocks;          /* new refcount blocks */
    int64_t table;           /* clusters of the new refcount table; 0: the old one does */
    uint64_t table_entries;
    uint8_t **block_data;
    uint64_t *table_data;
} Plan;

static bool has_block(const Qcow2 *s, int64_t index)
{
    return index < s->rt_size && s->rt[index];
}

/* Sizes for a run that begins at plan->first. The counts of what is added need room too, hence until nothing is added any more. */
static int plan_sizes(const Qcow2 *s, Plan *p, int64_t wanted)
{
    int64_t per_block = clusters_per_block(s), blocks = 0, per_cluster = s->cluster_size / 8;
    p->table = 0;
    p->table_entries = s->rt_size;
    do {
        p->blocks = blocks;
        p->count = blocks + p->table + wanted;
        if (p->first + p->count > CLUSTER_END_MAX >> s->cluster_bits) {
            return -EFBIG;
        }
        int64_t last = (p->first + p->count - 1) / per_block;
        if (last >= (int64_t)p->table_entries) {
            int64_t entries = MAX((int64_t)s->rt_size * 2, last + 1);
            p->table = (entries + per_cluster - 1) / per_cluster;
            p->table_entries = (uint64_t)(p->table * per_cluster);
            if (p->table_entries > TABLE_ENTRIES_MAX) {
                return -EFBIG;
            }
        }
        blocks = 0;
        for (int64_t i = p->first / per_block; i <= last; i++) {
            blocks += !has_block(s, i);
        }
    } while (p->count != blocks + p->table + wanted);
    return 0;
}

/* The first cluster of the run that is in use already, or -1 (none), or -errno - 1. Keeps the blocks of the run in memory. */
static int64_t coroutine_fn find_used(Qcow2 *s, const Plan *p, unsigned *budget)
{
    int64_t per_block = clusters_per_block(s);
    MetaBlock *b = NULL;
    int ret;
    for (int64_t c = p->first, index = -1; c < p->first + p->count; c++) {
        if (c / per_block != index) {
            index = c / per_block;
            b = NULL;
            if (has_block(s, index)) {
                b = qcow2_cache_get(s, &s->refblocks, (int64_t)s->rt[index], &ret);
                if (!b) {
                    return (int64_t)ret - 1;
                }
                b->dirty = true; /* it is going to be; keeps it from being evicted */
                *budget -= *budget > 0;
            }
        }
        if (b && get_refcount(s, b->data, c % per_block)) {
            return c;
        }
    }
    return -1;
}

/* Where certainly nothing is counted. */
static int64_t behind_all_blocks(const Qcow2 *s)
{
    int64_t i = s->rt_size;
    while (i > 0 && !s->rt[i - 1]) {
        i--;
    }
    return MAX(i * clusters_per_block(s), s->next_free >> s->cluster_bits);
}

static int coroutine_fn plan_run(Qcow2 *s, Plan *p, int64_t wanted)
{
    unsigned budget = SKIP_BLOCKS_MAX;
    *p = (Plan){.first = s->next_free >> s->cluster_bits};
    for (;;) {
        int ret = plan_sizes(s, p, wanted);
        int64_t used = ret < 0 ? -1 : find_used(s, p, &budget);
        if (ret < 0 || used < -1) {
            return ret < 0 ? ret : (int)(used + 1);
        }
        if (used < 0) {
            return 0;
        }
        if (!budget) { /* a table full of nonsense must not hold us up */
            p->first = behind_all_blocks(s);
            budget = SKIP_BLOCKS_MAX;
        } else {
            p->first = used + 1;
        }
    }
}

static void free_memory(Plan *p)
{
    for (int64_t i = 0; p->block_data && i < p->blocks; i++) {
        g_free(p->block_data[i]);
    }
    g_free(p->block_data);
    g_free(p->table_data);
}

static bool get_memory(const Qcow2 *s, Plan *p)
{
    bool good = true;
    p->block_data = g_new0(uint8_t *, p->blocks);
    for (int64_t i = 0; i < p->blocks && good; i++) {
        p->block_data[i] = g_try_malloc0((gsize)s->cluster_size);
        good = p->block_data[i];
    }
    if (good && p->table) {
        p->table_data = g_try_new0(uint64_t, p->table_entries);
        good = p->table_data;
    }
    return good;
}

/* Nothing here can fail or yield. */
static void apply_plan(Qcow2 *s, Plan *p)
{
    int64_t per_block = clusters_per_block(s), at = p->first, last = p->first + p->count - 1;
    if (p->table) {
        Extent old = {s->rt_offset, (int64_t)s->rt_clusters * s->cluster_size};
        memcpy(p->table_data, s->rt, (size_t)s->rt_size * 8);
        g_free(s->rt);
        s->rt = g_steal_pointer(&p->table_data);
        s->rt_size = (uint32_t)p->table_entries;
        s->rt_offset = (p->first + p->blocks) * s->cluster_size;
        s->rt_clusters = (uint32_t)p->table;
        s->rt_moved = true;
        g_array_append_val(s->pending_free, old);
    }
    for (int64_t i = p->first / per_block; i <= last / per_block; i++) {
        if (!s->rt[i]) {
            uint8_t *data = g_steal_pointer(&p->block_data[at - p->first]);
            s->rt[i] = (uint64_t)(at++ * s->cluster_size);
            qcow2_cache_new(s, &s->refblocks, (int64_t)s->rt[i], data);
            g_hash_table_add(s->rt_dirty, GUINT_TO_POINTER((guint)i));
        }
    }
    for (int64_t c = p->first; c <= last; c++) {
        MetaBlock *b = qcow2_cache_lookup(&s->refblocks, (int64_t)s->rt[c / per_block]);
        put_refcount(s, b->data, c % per_block, 1);
    }
    s->next_free = (last + 1) * s->cluster_size;
}

int64_t coroutine_fn qcow2_alloc(Qcow2 *s, int64_t count)
{
    Plan p;
    if (count <= 0 || count > CLUSTER_END_MAX >> s->cluster_bits) {
        return -EFBIG;
    }
    int ret = plan_run(s, &p, count);
    if (ret == 0 && !get_memory(s, &p)) {
        ret = -ENOMEM;
    }
    if (ret == 0) {
        apply_plan(s, &p);
    }
    free_memory(&p);
    return ret < 0 ? ret : (p.first + p.blocks + p.table) * s->cluster_size;
}

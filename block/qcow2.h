/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2, versions 2 and 3 ("The QCOW2 Image Format", docs/interop/qcow2.txt of the reference). What the files of the driver share.
 *
 * Durability: metadata changes stay in memory until qcow2_commit(), which writes them in an order that keeps the image consistent after a
 * power loss at any point: refcounts (and data) - flush - refcount table - flush - L2 tables - flush - L1 entries - flush. Clusters are taken from
 * the end of the file only; what is given up is released after the last reference to it is durably gone, and is not reused by this process.
 *
 * s->lock guards all metadata; it is held over data writes that allocate.
 */
#ifndef BLOCK_QCOW2_H
#define BLOCK_QCOW2_H

#include "block/driver.h"

#define QCOW2_MAGIC 0x514649fbu
#define QCOW2_OFFSET_MASK 0x00fffffffffffe00ull
#define QCOW2_COPIED (1ull << 63)
#define QCOW2_COMPRESSED (1ull << 62)
#define QCOW2_ZERO 1ull

/* A metadata cluster in memory: an L2 table or a refcount block, as on disk. */
typedef struct MetaBlock {
    int64_t offset;
    uint8_t *data;
    bool dirty;
    uint64_t used; /* clock of last use */
} MetaBlock;

typedef struct MetaCache {
    GHashTable *blocks; /* offset -> MetaBlock * */
    unsigned max;       /* clean blocks are dropped where there are more; dirty ones stay */
} MetaCache;

typedef struct Extent { int64_t offset, len; } Extent;

typedef struct Qcow2 {
    BlockNode *node;
    CoMutex lock;
    unsigned version, cluster_bits, l2_bits, refcount_order;
    int64_t cluster_size, size;
    uint64_t incompatible, autoclear;
    unsigned compression; /* 0 zlib, 1 zstd */
    /* host byte order */
    uint64_t *l1;
    uint32_t l1_size;
    int64_t l1_offset;
    GHashTable *l1_dirty;  /* set of indexes */
    uint64_t *rt;          /* refcount table */
    uint32_t rt_size;      /* entries */
    int64_t rt_offset;
    uint32_t rt_clusters;
    GHashTable *rt_dirty;
    bool rt_moved;         /* a new table whose header is not written yet */
    MetaCache l2, refblocks;
    int64_t next_free;     /* offset behind everything in use */
    GArray *pending_free;  /* Extent: unreferenced after the next commit */
    uint64_t clock;
    bool unsynced;         /* metadata was written since the last flush that succeeded */
    bool broken;           /* metadata was found damaged: no more writes */
} Qcow2;

/* --- qcow2-meta.c: cached metadata and the commit --- */
void qcow2_cache_init(MetaCache *c, unsigned max);
void qcow2_cache_free(MetaCache *c);
/* The cluster at @offset; read where it is not in memory. NULL and *ret on error. Valid until the next yield. */
MetaBlock *coroutine_fn qcow2_cache_get(Qcow2 *s, MetaCache *c, int64_t offset, int *ret);
MetaBlock *qcow2_cache_lookup(MetaCache *c, int64_t offset); /* in memory already; NULL: no */
MetaBlock *qcow2_cache_new(Qcow2 *s, MetaCache *c, int64_t offset, uint8_t *data); /* dirty; takes @data, a cluster */
/* Lock held. After an error everything that was not written stays dirty, and a later commit keeps the order all the same. */
int coroutine_fn qcow2_commit(Qcow2 *s);
bool qcow2_has_dirty(Qcow2 *s);
/* Commits where the metadata that waits takes much memory. */
int coroutine_fn qcow2_bound_dirty(Qcow2 *s);

/* --- qcow2-refcount.c --- */
/* @count contiguous clusters with refcount 1; the offset, or -errno. Lock held. */
int64_t coroutine_fn qcow2_alloc(Qcow2 *s, int64_t count);
/* Sets the refcount of the clusters that [offset, offset+len) touches one down; where that fails they are leaked. */
void coroutine_fn qcow2_release(Qcow2 *s, int64_t offset, int64_t len);

/* --- qcow2-map.c --- */
typedef enum MapKind { MAP_UNALLOCATED, MAP_ZERO, MAP_NORMAL, MAP_COMPRESSED } MapKind;
typedef struct Map {
    MapKind kind;
    int64_t host;    /* NORMAL: of the first byte asked for; ZERO: of the cluster, 0: none */
    uint64_t entry;  /* raw L2 entry of the first cluster */
    int64_t len;     /* bytes of one kind, contiguous in the file where NORMAL */
    bool copied;     /* may be written in place */
} Map;
/* What lies at [offset, offset+len), as far as it is of one kind. Lock held. */
int coroutine_fn qcow2_map(Qcow2 *s, int64_t offset, int64_t len, Map *map);
/* Points the guest clusters of [offset, offset+len) to consecutive host clusters at @host; old clusters are given up. Lock held. */
int coroutine_fn qcow2_set_entries(Qcow2 *s, int64_t offset, int64_t clusters, int64_t host);
/* Makes clusters read as zero, as far as one L2 table reaches. Returns how many, or -errno. */
int64_t coroutine_fn qcow2_set_zero(Qcow2 *s, int64_t offset, int64_t clusters);
/* True where a data or metadata cluster may lie at @offset. */
bool qcow2_offset_good(const Qcow2 *s, int64_t offset);
int coroutine_fn qcow2_damaged(Qcow2 *s, const char *what, int64_t offset); /* reports once; -EIO */

/* --- qcow2-compressed.c --- */
/* Where a compressed cluster lies in the file. */
Extent qcow2_compressed_extent(const Qcow2 *s, uint64_t entry);
/* Decompresses one cluster into @out (cluster_size bytes). */
int coroutine_fn qcow2_read_compressed(Qcow2 *s, uint64_t entry, uint8_t *out);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address spaces and their flat views: the tree rendered into sorted ranges without overlap.
 *
 * Regions are rendered from the highest priority down; each fills the gaps that are left inside its own window, so the
 * first to claim an address keeps it. Children of a device region lie above the region itself. Arithmetic is in
 * 128 bits, because an alias may begin before address 0 of what it shows and a region may end at 2^64.
 */
#include "memory-internal.h"

#include "util/rcu.h"

typedef __int128 Addr128;

typedef struct Builder {
    GArray *ranges; /* FlatRange, sorted */
} Builder;

static Addr128 region_size(const MemoryRegion *mr)
{
    return mr->size == UINT64_MAX ? (Addr128)1 << 64 : (Addr128)mr->size;
}

static void put_range(Builder *b, unsigned at, MemoryRegion *mr, Addr128 base, Addr128 start, Addr128 last, bool readonly)
{
    FlatRange r = {
        .start = (uint64_t)start, .last = (uint64_t)last, .mr = mr, .offset = (uint64_t)(start - base), .readonly = readonly};
    if (memory_region_reads_host(mr)) {
        r.host = mr->ram->host + r.offset;
        r.readonly |= mr->kind != MEM_RAM;
    }
    g_array_insert_val(b->ranges, at, r);
}

/* Gives @mr every address of [start, last] that nobody has. */
static void fill_gaps(Builder *b, MemoryRegion *mr, Addr128 base, Addr128 start, Addr128 last, bool readonly)
{
    for (unsigned i = 0; i < b->ranges->len && start <= last; i++) {
        FlatRange r = g_array_index(b->ranges, FlatRange, i);
        if ((Addr128)r.last < start) {
            continue;
        }
        if ((Addr128)r.start > last) {
            put_range(b, i, mr, base, start, last, readonly);
            return;
        }
        if (start < (Addr128)r.start) {
            put_range(b, i, mr, base, start, (Addr128)r.start - 1, readonly);
            i++;
        }
        start = (Addr128)r.last + 1;
    }
    if (start <= last) {
        put_range(b, b->ranges->len, mr, base, start, last, readonly);
    }
}

/* @base: address at which offset 0 of @mr lies; [lo, hi]: the window through which it is seen. */
static void render(Builder *b, MemoryRegion *mr, Addr128 base, Addr128 lo, Addr128 hi, bool readonly, int depth)
{
    if (!mr->enabled || depth > MEMORY_MAX_DEPTH) {
        return;
    }
    lo = MAX(lo, base);
    hi = MIN(hi, base + region_size(mr) - 1);
    if (lo > hi) {
        return;
    }
    readonly |= mr->readonly;
    if (mr->kind == MEM_ALIAS) {
        render(b, mr->alias, base - (Addr128)mr->alias_offset, lo, hi, readonly, depth + 1);
        return;
    }
    for (GList *l = mr->children; l; l = l->next) {
        MemoryRegion *child = l->data;
        render(b, child, base + (Addr128)child->addr, lo, hi, readonly, depth + 1);
    }
    if (mr->kind != MEM_CONTAINER) {
        fill_gaps(b, mr, base, lo, hi, readonly);
    }
}

FlatView *flat_view_build(MemoryRegion *root)
{
    Builder b = {.ranges = g_array_new(false, false, sizeof(FlatRange))};
    if (root) {
        render(&b, root, 0, 0, ((Addr128)1 << 64) - 1, false, 0);
    }
    FlatView *v = g_malloc(sizeof(*v) + b.ranges->len * sizeof(FlatRange));
    v->count = 0;
    for (unsigned i = 0; i < b.ranges->len; i++) {
        FlatRange r = g_array_index(b.ranges, FlatRange, i);
        FlatRange *p = v->count ? &v->ranges[v->count - 1] : NULL;
        if (p && p->mr == r.mr && p->readonly == r.readonly && p->last + 1 == r.start &&
            p->offset + (p->last - p->start) + 1 == r.offset) {
            p->last = r.last;
        } else {
            v->ranges[v->count++] = r;
        }
    }
    g_array_free(b.ranges, true);
    return v;
}

AddressSpace *address_space_new(struct Machine *m, MemoryRegion *root, const char *name)
{
    AddressSpace *as = g_new0(AddressSpace, 1);
    as->machine = m;
    as->root = root;
    as->name = g_strdup(name);
    machine_lock(m);
    as->view = flat_view_build(root);
    g_ptr_array_add(memory_state(m)->spaces, as);
    machine_unlock(m);
    return as;
}

static void address_space_reclaim(void *opaque)
{
    AddressSpace *as = opaque;
    g_free(as->view);
    g_free(as->name);
    g_free(as);
}

void address_space_free(AddressSpace *as)
{
    if (!as) {
        return;
    }
    machine_lock(as->machine);
    g_ptr_array_remove(memory_state(as->machine)->spaces, as);
    machine_unlock(as->machine);
    rcu_defer(address_space_reclaim, as);
}

const char *address_space_name(const AddressSpace *as) { return as->name; }

MemorySection address_space_lookup(AddressSpace *as, uint64_t addr)
{
    const FlatView *v = rcu_read(as->view);
    unsigned lo = 0, hi = v->count; /* the first range that ends at or after addr */
    while (lo < hi) {
        unsigned mid = lo + (hi - lo) / 2;
        if (v->ranges[mid].last < addr) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    MemorySection s = {.left = UINT64_MAX - addr};
    if (lo < v->count) {
        const FlatRange *r = &v->ranges[lo];
        if (addr < r->start) {
            s.left = r->start - addr;
            return s;
        }
        uint64_t in = addr - r->start;
        s.mr = r->mr;
        s.offset = r->offset + in;
        s.left = r->last - addr;
        s.readonly = r->readonly;
        s.host = r->host ? r->host + in : NULL;
    }
    if (s.left != UINT64_MAX) {
        s.left++; /* from inclusive; a section of all 2^64 bytes is one short, which nobody can tell */
    }
    return s;
}

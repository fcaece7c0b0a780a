/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the physical memory share: the state of one machine's memory, flat views, RAM bookkeeping.
 *
 * Written under the machine lock, read without one: the view of an address space, the table of RAM blocks and the array of
 * listeners are immutable once published; a change makes a new one and frees the old one after a grace period.
 */
#ifndef SOFTMMU_MEMORY_INTERNAL_H
#define SOFTMMU_MEMORY_INTERNAL_H

#include <inttypes.h>
#include <string.h>

#include "softmmu/machine.h"
#include "softmmu/memory.h"

enum { GUEST_PAGE_BITS = 12, GUEST_PAGE_SIZE = 1 << GUEST_PAGE_BITS, MEMORY_MAX_DEPTH = 64 };

/* One piece of an address space; [start, last] so that the whole 64-bit space can be said. */
typedef struct FlatRange {
    uint64_t start, last;
    MemoryRegion *mr;
    uint64_t offset; /* of start in mr */
    bool readonly;
    uint8_t *host; /* of start; NULL where reads go to a device */
} FlatRange;

struct FlatView {
    unsigned count;
    FlatRange ranges[]; /* by start, without overlap */
};

struct AddressSpace {
    struct Machine *machine;
    MemoryRegion *root;
    char *name;
    FlatView *view; /* published */
};

/* Sorted by host address. */
typedef struct RamTable {
    unsigned count;
    RamBlock *blocks[];
} RamTable;

typedef struct ListenerTable {
    unsigned count;
    MemoryListener *listeners[];
} ListenerTable;

typedef struct MemoryState {
    struct Machine *machine;
    int depth;    /* of memory_begin() */
    bool changed; /* since the outermost begin */
    GPtrArray *spaces;
    RamTable *ram;            /* published */
    ListenerTable *listeners; /* published */
    uint64_t next_ram_offset;
} MemoryState;

MemoryState *memory_state_new(struct Machine *m);
void memory_state_free(MemoryState *ms);
static inline MemoryState *memory_state(struct Machine *m) { return m->memory_state; }

FlatView *flat_view_build(MemoryRegion *root);

/* Where RAM comes from; all zero: an anonymous memfd. */
typedef struct RamSource {
    const char *path; /* a file, or a directory (of hugetlbfs, tmpfs) in which an unnamed file is made */
    bool share;       /* file: writes reach it */
    bool prealloc;
    bool no_huge;
} RamSource;
RamBlock *ram_block_new(struct Machine *m, const char *name, uint64_t size, const RamSource *src, Error **errp);
void ram_block_free(struct Machine *m, RamBlock *rb); /* after a grace period */
bool memory_region_init_ram_from(MemoryRegion *mr, struct Machine *m, Object *owner, const char *name, uint64_t size,
                                 const RamSource *src, Error **errp);

static inline bool memory_region_reads_host(const MemoryRegion *mr)
{
    return mr->kind == MEM_RAM || mr->kind == MEM_ROM || (mr->kind == MEM_ROMD && mr->romd);
}

#endif

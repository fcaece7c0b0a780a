/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest-physical memory: a tree of regions per machine, flattened into views that readers look up without a lock.
 *
 * The tree is changed under the machine lock inside memory_begin()/memory_commit(); commit publishes new flat views by
 * read-copy-update and tells the listeners (the translator drops its TLBs). Lookup and RAM access take no lock
 * (inside rcu_read_begin/end). MMIO callbacks run under what the region's guard says.
 */
#ifndef SOFTMMU_MEMORY_H
#define SOFTMMU_MEMORY_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "qom/object.h"

struct Machine;
typedef struct MemoryRegion MemoryRegion;
typedef struct AddressSpace AddressSpace;
typedef struct FlatView FlatView;

typedef enum MemoryResult { MEM_OK = 0, MEM_UNMAPPED = 1, MEM_DEVICE_ERROR = 2, MEM_DENIED = 4 } MemoryResult;

typedef enum MemoryGuard {
    MEM_GUARD_MACHINE, /* callbacks run with the machine lock held (taken if need be) */
    MEM_GUARD_NONE,    /* callbacks are thread safe by themselves */
} MemoryGuard;

typedef struct MmioOps {
    uint64_t (*read)(void *opaque, uint64_t offset, unsigned size);
    void (*write)(void *opaque, uint64_t offset, uint64_t value, unsigned size);
    unsigned access_min, access_max; /* what the guest may use: others are MEM_DEVICE_ERROR; 0: 1 and 8 */
    unsigned impl_min, impl_max;     /* what the callbacks take: accesses are split or widened; 0: as access_* */
    bool big_endian;                 /* register values; else little */
    bool allow_unaligned;
    MemoryGuard guard;
} MmioOps;

/* RAM behind a region: one memfd, mapped shared, huge pages advised. */
typedef struct RamBlock {
    char *name;
    uint8_t *host;
    uint64_t size;       /* page multiple */
    uint64_t ram_offset; /* unique start in the machine's RAM space; code and dirty tracking index by it */
    int fd;
    /* one byte per page: bits DIRTY_*, set by writers through slow paths, atomic */
    uint8_t *dirty;
    /* one bit per page: translated code is there, writes must be watched; owned by accel, atomic */
    unsigned long *code_pages;
} RamBlock;
enum { DIRTY_DISPLAY = 1, DIRTY_MIGRATION = 2 };

typedef enum MemoryKind { MEM_CONTAINER, MEM_RAM, MEM_ROM, MEM_MMIO, MEM_ALIAS, MEM_ROMD } MemoryKind;

struct MemoryRegion {
    MemoryKind kind;
    char *name;
    Object *owner;             /* may be NULL */
    struct Machine *machine;
    uint64_t size;             /* UINT64_MAX stands for 2^64 */
    uint64_t addr;             /* in its container */
    int priority;
    bool enabled, mapped;
    MemoryRegion *container;
    GList *children;           /* by priority, then newest first */
    const MmioOps *ops;
    void *opaque;
    RamBlock *ram;
    bool readonly;
    bool romd;                 /* MEM_ROMD: true: reads are direct from ram, writes go to ops; false: all to ops (pflash) */
    MemoryRegion *alias;
    uint64_t alias_offset;
    uint8_t dirty_log;         /* DIRTY_* clients that want logging */
    int busy;                  /* DMA re-entrancy guard */
};

/* --- building the tree (machine lock) --- */
void memory_region_init(MemoryRegion *mr, struct Machine *m, Object *owner, const char *name, uint64_t size);
bool memory_region_init_ram(MemoryRegion *mr, struct Machine *m, Object *owner, const char *name, uint64_t size, Error **errp);
/* Guest cannot write; the host fills it through mr->ram->host. */
bool memory_region_init_rom(MemoryRegion *mr, struct Machine *m, Object *owner, const char *name, uint64_t size, Error **errp);
void memory_region_init_mmio(MemoryRegion *mr, struct Machine *m, Object *owner, const MmioOps *ops, void *opaque, const char *name, uint64_t size);
bool memory_region_init_romd(MemoryRegion *mr, struct Machine *m, Object *owner, const MmioOps *ops, void *opaque, const char *name, uint64_t size, Error **errp);
void memory_region_init_alias(MemoryRegion *mr, struct Machine *m, Object *owner, const char *name, MemoryRegion *orig, uint64_t offset, uint64_t size);
void memory_region_destroy(MemoryRegion *mr); /* unmaps it first */

void memory_begin(struct Machine *m); /* nests */
void memory_commit(struct Machine *m);
void memory_map(MemoryRegion *container, uint64_t addr, MemoryRegion *mr);              /* priority 0 */
void memory_map_overlap(MemoryRegion *container, uint64_t addr, MemoryRegion *mr, int priority);
void memory_unmap(MemoryRegion *mr);
void memory_set_enabled(MemoryRegion *mr, bool enabled);
void memory_set_address(MemoryRegion *mr, uint64_t addr);
void memory_romd_set(MemoryRegion *mr, bool romd);
void memory_set_dirty_log(MemoryRegion *mr, unsigned client, bool on);
/* Pages dirtied since the last call; *bitmap gets one bit per 4 KiB page; clears. */
bool memory_dirty_fetch(MemoryRegion *mr, uint64_t offset, uint64_t len, unsigned client, unsigned long *bitmap);

/* --- address spaces --- */
AddressSpace *address_space_new(struct Machine *m, MemoryRegion *root, const char *name);
void address_space_free(AddressSpace *as);
const char *address_space_name(const AddressSpace *as);

/* What lies at an address: one piece of a flat view. */
typedef struct MemorySection {
    MemoryRegion *mr;   /* never an alias or container; NULL: unmapped */
    uint64_t offset;    /* of the address in mr */
    uint64_t left;      /* bytes from the address to the section's end */
    bool readonly;
    uint8_t *host;      /* RAM, ROM and readable ROMD: host address, else NULL */
} MemorySection;
/* Inside rcu_read_begin/end; @host stays valid as long as the region. No lock. */
MemorySection address_space_lookup(AddressSpace *as, uint64_t addr);

/* --- access with size (CPU slow path, fw_cfg, debugger). Dispatches to devices. Values in the guest's register sense: little endian memory
 * unless @big. --- */
MemoryResult address_space_read_mmio(AddressSpace *as, uint64_t addr, unsigned size, uint64_t *value);
MemoryResult address_space_write_mmio(AddressSpace *as, uint64_t addr, unsigned size, uint64_t value);

/* --- DMA: RAM only, bounded; never reaches another device's registers. Marks pages dirty and drops translated code. --- */
MemoryResult dma_read(AddressSpace *as, uint64_t addr, void *buf, uint64_t len);
MemoryResult dma_write(AddressSpace *as, uint64_t addr, const void *buf, uint64_t len);
MemoryResult dma_set(AddressSpace *as, uint64_t addr, uint8_t byte, uint64_t len);
/* Maps up to *len bytes (reduced to what is contiguous); NULL where not RAM. Unmap says how much was written. */
void *dma_map(AddressSpace *as, uint64_t addr, uint64_t *len, bool is_write);
void dma_unmap(AddressSpace *as, void *host, uint64_t len, bool is_write, uint64_t access_len);
/* Scatter list: appends iovecs for [addr, addr+len); false where any part is not RAM (nothing is appended). */
bool dma_map_iov(AddressSpace *as, uint64_t addr, uint64_t len, bool is_write, GArray *iov);
/* The guest does without [addr, addr+len): the host gets whole pages of it back; they read as zeros, or (private file) as the file. False where any
 * part is not RAM. */
bool dma_discard(AddressSpace *as, uint64_t addr, uint64_t len);

/* Loader and debugger: also writes ROM; never touches device registers. */
MemoryResult address_space_write_rom(AddressSpace *as, uint64_t addr, const void *buf, uint64_t len);
MemoryResult address_space_read_debug(AddressSpace *as, uint64_t addr, void *buf, uint64_t len);

/* --- tracking --- */
/* Someone other than translated code wrote RAM: marks dirty and calls the code-invalidation hook where code_pages says so. */
void ram_written(struct Machine *m, RamBlock *rb, uint64_t offset, uint64_t len);
RamBlock *ram_block_from_host(struct Machine *m, const void *host, uint64_t *offset); /* NULL: not RAM; lock free */

typedef struct MemoryListener {
    void (*changed)(struct MemoryListener *l);     /* after new views were published; machine lock held */
    void (*code_written)(struct MemoryListener *l, RamBlock *rb, uint64_t offset, uint64_t len); /* any thread */
    void (*dirty_log)(struct MemoryListener *l, RamBlock *rb); /* logging began: write TLB entries must be dropped */
} MemoryListener;
void memory_listener_add(struct Machine *m, MemoryListener *l);
void memory_listener_remove(struct Machine *m, MemoryListener *l);

void memory_print_tree(struct Machine *m, FILE *out, bool flat); /* `info mtree [-f]` */

#endif

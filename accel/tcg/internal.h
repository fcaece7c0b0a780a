/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of accel/tcg share: the accelerator, its per-vCPU part, TLB contexts, regions, pages with code,
 * segments of the code buffer.
 *
 * Locks, in order: machine lock > translate_lock > code_lock. translate_lock: the builder, the scratch region, and
 * which segment is filled. code_lock (short): hash chains' writers, page lists, links. Readers of the hash, of jump
 * caches and of CodePage.granules take none. What a reader may still hold is freed only after each vCPU passed a
 * quiescent point (reclaim.c). docs/devel/regions.md holds the protocols.
 */
#ifndef ACCEL_TCG_INTERNAL_H
#define ACCEL_TCG_INTERNAL_H

#include <glib.h>
#include <inttypes.h>

#include "accel/tcg/tcg-accel.h"
#include "softmmu/machine.h"
#include "softmmu/memory.h"
#include "tcg/backend.h"
#include "tcg/builder.h"
#include "tcg/tcg.h"
#include "util/log.h"

typedef struct Region Region;
typedef struct TcgVcpu TcgVcpu;

#define atomic_get(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define atomic_put(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define atomic_get_sc(p) __atomic_load_n((p), __ATOMIC_SEQ_CST)
#define atomic_put_sc(p, v) __atomic_store_n((p), (v), __ATOMIC_SEQ_CST)
#define full_fence() __atomic_thread_fence(__ATOMIC_SEQ_CST)

#define GUEST_PAGE ((uint64_t)1 << TLB_PAGE_BITS)
#define IN_PAGE(x) ((x) & ~TLB_PAGE_MASK)

/* ---------------------------------------------------------------- TLB contexts (tlb.c) */
/* Why an entry is slow; below them the five bits that the alignment check of a 32-byte access may compare. */
enum {
    TLB_IO = 0x400,    /* not plain RAM: addend is physical - virtual address */
    TLB_CODE = 0x200,  /* the page holds translated code */
    TLB_DIRTY = 0x100, /* the first write must be recorded */
    TLB_WATCH = 0x080, /* a watchpoint lies in the page */
    TLB_FLAGS = TLB_SLOW_BIT | TLB_IO | TLB_CODE | TLB_DIRTY | TLB_WATCH,
};

#define CTX_MAX 6           /* address spaces remembered per vCPU */
#define VICTIMS 8           /* per mode and access */
#define FILL_LOG 256        /* fills remembered for a cheap flush */
#define LARGE_RANGES 8
#define CHUNK_BITS 8        /* tables are cleared by chunks of 256 entries: 4 KiB */
#define CHUNK_ENTRIES (1u << CHUNK_BITS)
#define WRITE_FILTER_BITS 4096
#define JC_FILTER_BITS 8192

G_STATIC_ASSERT(JUMP_CACHE_ENTRIES / CHUNK_ENTRIES <= 64);

typedef struct LargeRange {
    uint64_t start, end; /* inclusive end */
} LargeRange;

typedef struct TlbCtx {
    TlbContext pub; /* what generated code sees; comes first */
    uint64_t key;
    bool used;
    uint64_t last_use;
    /* Fill log: mode << 14 | access << 12 | index; log_count > FILL_LOG: it overflowed, clear by chunks. */
    uint32_t log_count;
    uint16_t log[FILL_LOG];
    uint16_t chunks[TLB_MODES][TLB_ACCESS_COUNT];
    uint64_t jc_chunks;          /* of the jump cache */
    uint8_t victim_next[TLB_MODES][TLB_ACCESS_COUNT];
    bool victims_used;
    uint64_t victim_filter;      /* hashed virtual pages that may be among the victims */
    TlbEntry victim[TLB_MODES][TLB_ACCESS_COUNT][VICTIMS];
    LargeRange large[LARGE_RANGES];
    unsigned large_count;
    uint64_t write_filter[WRITE_FILTER_BITS / 64]; /* hashed host pages that may have a fast write entry here */
    uint64_t jc_filter[JC_FILTER_BITS / 64];       /* hashed virtual pages that may have a jump-cache entry here */
} TlbCtx;

/* ---------------------------------------------------------------- regions */
enum { VARIANT_STEP = 1 }; /* one instruction, never linked, not in jump caches */
enum { REGION_LIVE, REGION_DEAD };

typedef struct LinkState {
    Region *from, *to; /* to NULL: not linked */
    struct LinkState *next, **prev; /* in to->incoming */
    bool guard_set;    /* the guard's immediates were written once: they never change afterwards */
    uint64_t guard_addend;
} LinkState;

/* A page of RAM that holds or held code. Never freed before the accelerator. */
typedef struct CodePage {
    RamBlock *rb;
    uint64_t index;     /* page in rb */
    Region *regions;    /* code_lock */
    uint64_t granules;  /* atomic: 64-byte granules with code; all ones while a translation of the page is under way */
    uint64_t settled;   /* code_lock: granules of the list alone, or more since regions left it */
    uint32_t pending;   /* code_lock: translations under way */
    uint32_t write_seq; /* code_lock: stores that met code */
} CodePage;

struct Region {
    Region *hash_next;      /* atomic */
    uint64_t pc, flags;
    const uint8_t *host;    /* of the first byte: stands for the physical address */
    const uint8_t *host2;   /* start of the second page, or NULL */
    uint32_t variant;
    uint32_t state;         /* atomic */
    uint32_t insns;
    uint16_t segment;
    bool straddles;
    const uint8_t *addr;    /* entry, or for an interpreted one its place in the segment */
    TcgCode *code;          /* NULL: interpreted */
    TcgRegion *ir;          /* interpreted ones only */
    CodePage *page[2];
    Region *page_next[2], **page_prev[2]; /* prev: NULL while not in the list */
    uint64_t granules[2];
    uint16_t lo[2], hi[2];  /* byte hull in each page, hi exclusive */
    LinkState *links;
    LinkState *incoming;
    uint64_t execs;         /* entries by the dispatcher; relaxed */
    uint64_t sum;           /* of the guest bytes, until confirmed */
    uint64_t confirm_gen;
    Region *unconfirmed_next;
};

#define HASH_BITS 17
#define PAGE_DIR_BITS 10
#define PAGE_DIR_SIZE (1u << PAGE_DIR_BITS)

/* ---------------------------------------------------------------- code memory */
#define MAX_SEGMENTS 16
enum { SEG_FREE, SEG_FILLING, SEG_FULL, SEG_DRAINING };

typedef struct Segment {
    uint8_t *start;
    size_t size, used;
    Region **regions;      /* by address; count is published after the entry */
    uint32_t count, cap;
    uint32_t state;
    uint64_t drain_gen;    /* reusable when every vCPU has seen this generation */
} Segment;

/* ---------------------------------------------------------------- the accelerator */
#define MAX_VCPUS 1024

typedef struct AccelStats { /* translate_lock or code_lock as noted */
    uint64_t regions, insns, ops, code_bytes, translate_ns, interp_regions, retries; /* translate_lock */
    uint64_t links, link_present, link_guard, link_other, kills, store_kills, evicted, flush_all; /* code_lock */
} AccelStats;

typedef struct VcpuStats { /* written by the vCPU alone */
    uint64_t tlb_miss, tlb_fill, victim_hit, flush_all, flush_ctx, flush_page, switches, recycled;
    uint64_t jc_miss, lookups, enters, link_exits, guard_miss, io, watched_store, split, sleeps;
} VcpuStats;

struct TcgAccel {
    struct Machine *machine;
    const TargetRecord *target;
    bool interp, one_insn, started;
    size_t tb_size;
    TcgCodeBuffer cb;
    TcgBackend *be;
    TcgRuntime rt;
    uint32_t pc_offset;
    MemoryListener listener;
    GMutex translate_lock, code_lock;
    GMutex atomic_lock; /* misaligned atomics; taken last but for code_lock */

    Region **hash;
    CodePage ***page_dir[PAGE_DIR_SIZE]; /* three levels over the RAM page number */

    Segment seg[MAX_SEGMENTS];
    unsigned seg_count, seg_current;
    size_t seg_size;
    uint64_t reclaim_gen;    /* atomic */
    uint64_t turn_gen;       /* atomic: counts translations that await confirmation */
    Region *unconfirmed;     /* translate_lock */
    unsigned confirm_tick;
    bool dirty_seen;         /* atomic: some region was dirty-logged, so dirty bytes matter */

    struct Former *former;   /* translate_lock */
    GArray *breakpoints;     /* union of all CPUs', sorted; translate_lock */
    uint64_t debug_sum;      /* of the lists it was made from */

    TcgVcpu *vcpus[MAX_VCPUS];
    unsigned vcpu_count;     /* atomic */
    AccelStats stats;
};

enum { RUN_NONE, RUN_CODE, RUN_INTERP };

struct TcgVcpu {
    CpuState *cpu;
    TcgAccel *accel;
    TlbCtx *ctx;                 /* current */
    TlbCtx *contexts[CTX_MAX];
    unsigned ctx_count;          /* atomic for others' scans */
    uint64_t use_tick;
    const TargetRecord *target;
    uint32_t running;            /* RUN_* */
    /* quiescence (reclaim.c) */
    uint32_t online;             /* atomic */
    uint64_t seen_gen;           /* atomic */
    uint64_t turn_gen;           /* atomic: accel's as of this vCPU's last turn of the dispatcher */
    /* TLB flush requests of others (tlb.c) */
    uint64_t flush_request, flush_done; /* atomic tickets */
    /* RAM block of the last slow access */
    RamBlock *last_rb;
    uint64_t debug_sum;          /* of breakpoints and watchpoints */
    bool holds_atomic_lock;      /* released by cpu_loop_exit */
    bool watch_step;             /* the instruction after a watchpoint hit is being stepped */
    bool skip_breakpoint;        /* one step over another CPU's breakpoint */
    bool alone;                  /* the next instruction writes to its own region: it is run alone */
    Region *interpreted;         /* the running one, where it is interpreted */
    bool stepped;                /* one instruction was run for the debugger */
    bool attend;                 /* look at exceptions and interrupts before the next region */
    VcpuStats stats;
};

static inline TcgVcpu *vcpu_of(CpuState *cpu) { return cpu->accel; }
static inline uint64_t cpu_pc(const TcgAccel *a, const CpuState *cpu)
{
    return *(const uint64_t *)((const char *)cpu + a->pc_offset);
}

/* --- tlb.c --- */
static inline unsigned page_hash(uint64_t page_number, unsigned size) /* size: a power of two */
{
    return (unsigned)((page_number * 0x9e3779b97f4a7c15ull) >> 40) & (size - 1);
}
bool tlb_vcpu_init(TcgVcpu *v, Error **errp);
void tlb_vcpu_free(TcgVcpu *v);
/* A valid entry of the page of @va, from the table or the victims; NULL on a miss. */
TlbEntry *tlb_find(TcgVcpu *v, uint64_t va, MmuAccess access, unsigned mode);
/* The same after a walk where need be; raises guest faults. By value: a later fill may replace the entry. */
TlbEntry tlb_get(TcgVcpu *v, uint64_t va, MmuAccess access, unsigned mode);
void tlb_serve_requests(TcgVcpu *v); /* flushes that others asked for */
void tlb_ctx_flush(TlbCtx *c);
void tlb_request_flush(TcgVcpu *v);  /* any thread; does not wait */
void tlb_clear_jump_caches(TcgVcpu *v);
void tlb_jump_cache_put(TcgVcpu *v, uint64_t pc, uint64_t flags, const void *code, Region *r);
/* Any thread: every fast write entry of all vCPUs for [host, host+len) becomes slow with @why. */
void tlb_slow_writes(TcgAccel *a, const uint8_t *host, uint64_t len, uint64_t why);
/* Own thread: the write entry of @va is slow for @why; drops the reason where it no longer holds. */
void tlb_refresh_write(TcgVcpu *v, uint64_t va, unsigned mode);
RamBlock *vcpu_ram_block(TcgVcpu *v, const void *host, uint64_t *offset);

/* --- access.c, atomic.c: the runtime behind generated code --- */
uint64_t access_load(CpuState *cpu, uint64_t va, TcgMem mem);
void access_store(CpuState *cpu, uint64_t va, uint64_t val, TcgMem mem);
void access_load_vec(CpuState *cpu, uint64_t va, TcgMem mem);
void access_store_vec(CpuState *cpu, uint64_t va, TcgMem mem);
uint64_t access_atomic(CpuState *cpu, uint64_t va, uint64_t val, uint32_t mem_rmw);
uint64_t access_cmpxchg(CpuState *cpu, uint64_t va, uint64_t expected, uint64_t desired, TcgMem mem);
/* Reads and writes through a TLB entry that stands for the access; within one page. */
void access_read_entry(TcgVcpu *v, TlbEntry e, uint64_t va, void *buf, unsigned len);
void access_write_entry(TcgVcpu *v, TlbEntry e, uint64_t va, const void *buf, unsigned len, unsigned mode);
/* Before a store to a slow RAM page: leaves where it meets the region it comes from and the target wants that exact. */
void access_storing(TcgVcpu *v, TlbEntry e, uint64_t va, unsigned len);
/* After a store to host memory of a slow RAM page: dirty bits, code. */
void access_stored(TcgVcpu *v, TlbEntry e, uint64_t va, unsigned len, unsigned mode);
void access_watchpoint(TcgVcpu *v, uint64_t va, unsigned len, MmuAccess access); /* may leave */
/* Raises what the target wants on an access to nothing; returns where it ignores that. */
void access_bus_error(TcgVcpu *v, uint64_t va, uint64_t pa, MmuAccess access);

/* --- pages.c: RAM pages with code --- */
CodePage *code_page_find(TcgAccel *a, uint64_t ram_page);
CodePage *code_page_get(TcgAccel *a, RamBlock *rb, uint64_t index);
void code_pages_free(TcgAccel *a);
static inline bool ram_page_has_code(const RamBlock *rb, uint64_t index)
{
    return rb->code_pages && (__atomic_load_n(&rb->code_pages[index / 64], __ATOMIC_SEQ_CST) >> (index % 64) & 1);
}
static inline uint64_t granule_mask(unsigned first, unsigned end) /* byte range in a page, not empty */
{
    unsigned a = first >> 6, b = (end - 1) >> 6;

    return (~(uint64_t)0 >> (63 - (b - a))) << a;
}
/* Stores to the page are watched from here on; returns the sequence to hand to code_page_settled(). */
uint32_t code_page_watch(TcgAccel *a, CodePage *p);
/* code_lock held. The translation begun by watch is over; true: nothing was written to the page meanwhile. */
bool code_page_settled(TcgAccel *a, CodePage *p, uint32_t seq);
/* code_lock held. */
void code_page_add(CodePage *p, Region *r, unsigned which);
void code_page_remove(CodePage *p, Region *r, unsigned which);
/* RAM bytes changed: regions that overlap die. Any thread. */
void code_written(TcgAccel *a, RamBlock *rb, uint64_t offset, uint64_t len);

/* --- regions.c --- */
void regions_init(TcgAccel *a);
void regions_free(TcgAccel *a);
/* @host2: the second page's start, NULL for none, ANY_PAGE. Lock free. */
#define ANY_PAGE ((const uint8_t *)(uintptr_t)1)
Region *region_find_hashed(TcgAccel *a, const uint8_t *host, uint64_t pc, uint64_t flags, uint32_t variant,
                           const uint8_t *host2);
void region_insert(TcgAccel *a, Region *r); /* code_lock held */
void region_kill(TcgAccel *a, Region *r);   /* code_lock held; idempotent */
void region_free(Region *r);
/* Links @l (of a live region) to @to where the protocol allows. */
void region_link(TcgAccel *a, TcgVcpu *v, TcgLink *l, Region *to);
void region_unlink_all(TcgAccel *a, Region *r); /* code_lock held: both directions */

/* --- reclaim.c: segments and quiescence --- */
bool segments_init(TcgAccel *a, size_t used, Error **errp);
void segments_free(TcgAccel *a);
/* translate_lock held, caller's vCPU in the dispatcher. Room in the current segment (16-byte aligned). */
uint8_t *segment_room(TcgAccel *a, size_t *room);
void segment_commit(TcgAccel *a, Region *r, size_t bytes);
void segment_next(TcgAccel *a, TcgVcpu *v); /* the current one is full; may wait for other vCPUs */
Region *segment_find(TcgAccel *a, uintptr_t host_pc);
/* Takes translate_lock; pointers to regions held from before are void where seen_gen changed. */
void translate_lock(TcgAccel *a, TcgVcpu *v);
void vcpu_online(TcgVcpu *v);
void vcpu_offline(TcgVcpu *v);
bool vcpu_quiescent(TcgVcpu *v); /* true: region pointers held from before are void */

/* --- former.c --- */
struct Former *former_new(TcgAccel *a);
void former_free(struct Former *f);
/*
 * Translates at @pc, whose fetch TLB entry was just checked. NULL: a guest fault cannot be it; try again. May raise on
 * the second page.
 */
Region *former_translate(TcgVcpu *v, uint64_t pc, uint64_t flags, const uint8_t *host, uint32_t variant);
uint64_t region_sum(const Region *r);

/* --- debug.c --- */
void debug_refresh(TcgVcpu *v);     /* breakpoints or watchpoints may have changed while the vCPU was paused */
void debug_stop(TcgVcpu *v);        /* asks the machine to stop here */
bool debug_breakpoint_here(const TcgVcpu *v, uint64_t pc);

/* --- info.c --- */
void info_print_profile(TcgAccel *a);

/* --- exec.c --- */
void *exec_lookup(CpuState *cpu, uint64_t pc);

#endif

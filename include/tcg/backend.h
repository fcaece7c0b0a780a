/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The face of a host backend, and the records it leaves beside the code.
 *
 * Code memory: one memfd mapped twice (code-buffer.h): code is written through the RW mapping, runs in the RX one. Addresses in
 * records are RX addresses. The backend never keeps state of its own beyond TcgBackend.
 */
#ifndef TCG_BACKEND_H
#define TCG_BACKEND_H

#include "tcg/abi.h"
#include "tcg/tcg.h"

struct CpuState;
struct TcgCode;

/* --- code buffer --- */
typedef struct TcgCodeBuffer {
    uint8_t *rw, *rx;
    size_t size;
} TcgCodeBuffer;
bool tcg_code_buffer_new(TcgCodeBuffer *cb, size_t size, Error **errp); /* memfd, mapped RW and RX, never both */
void tcg_code_buffer_free(TcgCodeBuffer *cb);
static inline uint8_t *tcg_code_rw(const TcgCodeBuffer *cb, const void *rx) { return cb->rw + ((const uint8_t *)rx - cb->rx); }

/* --- the runtime's entry points, called by slow paths (through trampolines; may leave by longjmp) --- */
typedef struct TcgRuntime {
    uint64_t (*load)(struct CpuState *cpu, uint64_t va, TcgMem mem);              /* zero- or sign-extended to 64 bits by mem */
    void (*store)(struct CpuState *cpu, uint64_t va, uint64_t val, TcgMem mem);
    void (*load_vec)(struct CpuState *cpu, uint64_t va, TcgMem mem);              /* into call_ret; 16 or 32 bytes */
    void (*store_vec)(struct CpuState *cpu, uint64_t va, TcgMem mem);             /* from call_arg */
    uint64_t (*atomic)(struct CpuState *cpu, uint64_t va, uint64_t val, uint32_t mem_rmw); /* mem | rmw << 16 */
    uint64_t (*cmpxchg)(struct CpuState *cpu, uint64_t va, uint64_t expected, uint64_t desired, TcgMem mem);
    /* Entry of the region for an indirect jump that missed the jump cache, or NULL (pc is stored, back to the dispatcher). */
    void *(*lookup)(struct CpuState *cpu, uint64_t pc);
} TcgRuntime;

typedef struct TcgBackend TcgBackend; /* trampolines, host features; one per code buffer */
/* Writes trampolines to the start of the buffer; *used: bytes taken. @pc_offset: of slot TCG_SLOT_PC in CpuState. */
TcgBackend *tcg_backend_new(TcgCodeBuffer *cb, const TcgRuntime *rt, uint32_t pc_offset, size_t *used, Error **errp);
void tcg_backend_free(TcgBackend *be);
const char *tcg_backend_host_features(const TcgBackend *be); /* "avx2 bmi2 fma" */

/* --- links: patchable direct exits --- */
typedef struct TcgLink {
    struct TcgCode *code;   /* the region it leaves */
    uint64_t target_pc;
    uint32_t jump_off;      /* of the patchable rel32 (4-byte aligned), from code->rx */
    uint32_t unlinked_off;  /* where the jump goes while not linked: stores pc, returns this TcgLink to the dispatcher */
    uint8_t edge;           /* TcgEdge */
    bool cross_page;        /* target on another virtual page than the region's entry: guarded (guard_off) */
    bool backward;          /* polls exit_request */
    /*
     * Cross-page guard, filled in when linked, executed before the jump: compares the fetch TLB entry of target_pc (tag and
     * addend) with two 64-bit immediates; on a mismatch goes the unlinked way.
     */
    uint32_t guard_tag_off, guard_addend_off; /* of the 8-byte immediates (8-byte aligned), from code->rx */
} TcgLink;

/* --- sites: host return address -> guest instruction and map --- */
typedef struct TcgSite {
    uint32_t host_off; /* return address of the slow-path or helper call, from code->rx */
    uint16_t guest;    /* guest instruction index */
    uint32_t locs;     /* offset into code->loc_bytes */
} TcgSite;

/* One compiled region. Allocated by the backend as one block (g_malloc); freed by tcg_code_free(). */
typedef struct TcgCode {
    uint8_t *rx;             /* entry; 16-byte aligned; starts with a 5-byte nop for tcg_backend_kill() */
    uint32_t size;
    uint32_t dead_off;       /* stub that stores pc and returns to the dispatcher (0) */
    uint64_t pc, flags;
    TcgLink *links;  uint32_t link_count;
    TcgSite *sites;  uint32_t site_count; /* sorted by host_off */
    uint8_t *loc_bytes; uint32_t loc_size;/* packed: see tcg/site.c */
    int32_t *guest_pc; uint32_t guest_count; /* of each guest instruction, from `pc` on */
    const TcgSlot *slots;
    void *owner;             /* the runtime's region */
} TcgCode;

/*
 * Compiles a promoted region into @room bytes at @rx (16-byte aligned). NULL with *too_big set where it does not fit (try again
 * elsewhere or with fewer guest instructions); NULL and error where something cannot be compiled at all.
 * @mmu_fetch: TLB mode whose FETCH table guards use.
 */
TcgCode *tcg_backend_compile(TcgBackend *be, TcgRegion *r, uint8_t *rx, size_t room, unsigned mmu_fetch, bool *too_big, Error **errp);
void tcg_code_free(TcgCode *c);
void tcg_backend_print_code(const TcgBackend *be, const TcgCode *c, FILE *out); /* disassembly by capstone where built in, else bytes */

/* Patching is safe while other threads run the code. */
void tcg_backend_link(TcgBackend *be, TcgLink *l, const void *target_rx, uint64_t guard_tag, uint64_t guard_addend);
void tcg_backend_unlink(TcgBackend *be, TcgLink *l);
/* Makes every later entry into the region return to the dispatcher (patches the nop at its start). */
void tcg_backend_kill(TcgBackend *be, TcgCode *c);

/* The host's floating-point environment in MXCSR's layout. */
uint32_t tcg_host_fp_get(void);
void tcg_host_fp_set(uint32_t mxcsr);
/*
 * Runs from a region entry. Returns the TcgLink taken and unlinked, or NULL; *reason: TcgReason of a runtime exit. Leaves the guest's floating-point environment in force: a thread that runs guest code puts its own into tcg.host_mxcsr before the
 * first time, and back when it is done with it.
 */
TcgLink *tcg_backend_enter(TcgBackend *be, struct CpuState *cpu, const void *entry_rx, uint32_t *reason);
/* For slow paths: makes a longjmp out of generated code legal: restores MXCSR; cpu->tcg.ra is cleared. */
void tcg_backend_unwind(TcgBackend *be, struct CpuState *cpu);

/* --- precise state (tcg/site.c, the same for all backends) --- */
/* Writes dirty slots of the site of cpu->tcg.ra and the guest PC into memory, from the saved registers. */
void tcg_site_restore(const TcgCode *c, struct CpuState *cpu, uintptr_t ra);
const TcgSite *tcg_site_find(const TcgCode *c, uintptr_t ra);

/* --- interpreter: the same contract without host code --- */
/* cpu->tcg.ra while a runtime function or helper called by the interpreter runs: restore by tcg_interp_restore(). */
#define TCG_RA_INTERP ((uintptr_t)1)
typedef struct TcgInterpResult {
    TcgReason reason;
    bool linkable; /* left by a direct exit */
} TcgInterpResult;
/* Runs a (built or promoted) region to an exit; the PC slot is stored. Faults leave through the runtime's longjmp after precise state was stored. */
TcgInterpResult tcg_interp_run(const TcgRegion *r, struct CpuState *cpu, const TcgRuntime *rt);
/* For a fault raised inside a runtime call or helper while the interpreter runs: stores dirty slots and PC. */
void tcg_interp_restore(struct CpuState *cpu);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The contract between generated code and the C runtime: what lies where in memory, and what a site, an exit and a
 * slow path look like. Every backend, the interpreter and accel/tcg obey it.
 *
 * Registers on x86-64 while generated code runs: rbp = struct CpuState *, r15 = TlbContext * (same as cpu->tcg.tlb),
 * rsp = frame (TCG_FRAME_BYTES for spills at [rsp, rsp+TCG_FRAME_BYTES), kept 16-byte aligned so that a trampoline may call C);
 * rax and rcx are scratch inside one TinyCode operation; all other registers belong to the allocator. MXCSR holds the
 * guest's rounding mode and sticky exception flags, all exceptions masked. At region entry and on every exit no register carries
 * guest state: all slots are in memory.
 *
 * Slow paths and helper calls go through trampolines that preserve EVERY register (general ones in tcg.save_gpr, vector ones in
 * tcg.save_vec), so a site clobbers nothing and the allocator never spills around calls. The saved registers plus the
 * site's map are the precise guest state: nothing is stored ahead of a possible fault.
 */
#ifndef TCG_ABI_H
#define TCG_ABI_H

#include <stdint.h>

#define TCG_FRAME_BYTES 2048

/* --- TLB: 16-byte entries {tag, addend}; one set of tables per address-space identity (TlbContext) --- */
#define TLB_PAGE_BITS 12
#define TLB_PAGE_MASK (~(uint64_t)0xfff)
#define TLB_BITS 12                      /* entries per table */
#define TLB_ENTRIES (1u << TLB_BITS)
#define TLB_MODES 4                      /* what TcgMem's mmu field selects; the target defines their meaning */
enum { TLB_READ, TLB_WRITE, TLB_FETCH, TLB_ACCESS_COUNT };

/*
 * A hit on an access of 2^n bytes at virtual address va:
 *     entry = table[va >> 12 & (TLB_ENTRIES - 1)];  (va & (TLB_PAGE_MASK | (2^n - 1))) == entry.tag  ->  host address va + entry.addend
 * so a misaligned access never hits (the slow path handles it). An entry that must always take the slow path (MMIO, write-watched
 * page, invalid) has one of the low 12 bits of its tag set (TLB_SLOW_*) . Invalid: all ones.
 */
typedef struct TlbEntry {
    uint64_t tag;
    uint64_t addend; /* host - guest, modulo 2^64 */
} TlbEntry;
#define TLB_INVALID ~(uint64_t)0
#define TLB_SLOW_BIT 0x800u /* set in the tag of a valid entry whose every access goes through the slow path */

/* Inline cache of indirect jumps: index (pc >> 1) & (JUMP_CACHE_ENTRIES - 1). */
#define JUMP_CACHE_BITS 12
#define JUMP_CACHE_ENTRIES (1u << JUMP_CACHE_BITS)
typedef struct JumpCacheEntry {
    uint64_t pc;    /* all ones: empty */
    uint64_t flags; /* region mode flags; generated code compares the low 32 bits, which identify a mode uniquely, or all (TcgRegion.wide_flags) */
    void *code;     /* region entry */
    uint64_t spare;
} JumpCacheEntry;

typedef struct TlbContext {
    TlbEntry table[TLB_MODES][TLB_ACCESS_COUNT][TLB_ENTRIES];
    JumpCacheEntry jump_cache[JUMP_CACHE_ENTRIES];
    /* what follows is accel/tcg's alone */
} TlbContext;
#define TLB_TABLE_OFFSET(mode, access) ((int32_t)(((mode) * TLB_ACCESS_COUNT + (access)) * TLB_ENTRIES * sizeof(TlbEntry)))

/* --- what generated code reaches from rbp, inside struct CpuState (member `tcg`) --- */
typedef struct TcgCpuArea {
    TlbContext *tlb;        /* reloaded into r15 on region entry from the dispatcher only */
    uint32_t exit_request;  /* not 0: leave at the next POLL, backward link or indirect exit. Atomic, any thread */
    uint32_t guest_mxcsr;   /* in force on entry to, stored on exit from generated code; the register keeps it outside (tcg_host_fp_set()) */
    uint32_t host_mxcsr;    /* who enters generated code keeps its own here and puts it back at last */
    uint32_t live_mxcsr;    /* scratch of the trampolines */
    uint32_t last_exit;     /* see TCG_RET_* : which link a dispatcher exit came from */
    uint64_t excl_addr;     /* load-exclusive: virtual address, all ones: no reservation */
    uint64_t excl_val;      /* what was read there */
    uintptr_t ra;           /* host address behind the call of the running slow path or helper; 0 outside */
    uint64_t call_arg[4];   /* helper arguments, as bits */
    uint64_t call_ret[4];   /* result, as bits (vectors: all of it) */
    void *host_sp;          /* rsp of the running generated code: the frame, for spilled values */
    uint64_t save_gpr[16];  /* by x86 register number; valid while a slow path runs */
    uint8_t save_vec[16][32]; /* unaligned moves only: objects come from malloc */
    uint64_t profile_insns; /* free for accel/tcg */
    uint32_t fp_call;       /* not 0 while a TCG_HELPER_FP helper runs: MXCSR is the guest's (for tcg_backend_unwind) */
} TcgCpuArea;

/*
 * What tcg_enter() returns: 0: nothing to link (runtime exit, pc is stored; reason in the low 32 bits of *reason), else the
 * address of the TcgLink that was taken and is not linked yet (pc is stored).
 */

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The translator's public face for targets and the machine: TLB maintenance, leaving the run loop, guest memory access from
 * helpers, invalidation.
 */
#ifndef ACCEL_TCG_ACCEL_H
#define ACCEL_TCG_ACCEL_H

#include "target/cpu.h"

/* --- leaving: from helpers and tlb_fill on the vCPU thread, never returns --- */
/* State is restored to the start of the guest instruction that called (map of cpu->tcg.ra); then the run loop delivers cpu->exception. */
G_NORETURN void cpu_loop_exit(CpuState *cpu);
/* Sets cpu->exception first. */
G_NORETURN void cpu_raise(CpuState *cpu, int32_t exception);
/* Restores dirty slots and PC into memory without leaving (for a helper that inspects state). No-op outside of generated code. */
void cpu_sync_state(CpuState *cpu);

/* --- TLB --- */
enum { PAGE_R = 1, PAGE_W = 2, PAGE_X = 4 };
/* Maps the 4 KiB page of @va to the page of @pa. @page_size: of the guest's translation (a power of two), so that one flush of any address
 * inside drops all of it. @prot: PAGE_*: only what the access rights AND the dirty/accessed state allow without another walk. */
void tlb_set_page(CpuState *cpu, uint64_t va, uint64_t pa, unsigned prot, unsigned mode, uint64_t page_size);
/* The current address space: @key identifies it (e.g. satp with ASID and whatever else changes translation in this target). Switching to a key seen
 * before finds its entries again. Takes effect at once; the running region must end after it. */
void tlb_switch(CpuState *cpu, uint64_t key);
void tlb_flush_all(CpuState *cpu);                          /* every context */
void tlb_flush_current(CpuState *cpu);                      /* the current context */
void tlb_flush_page(CpuState *cpu, uint64_t va);            /* current context */
/* Contexts for which match(key, opaque) holds; va UINT64_MAX: all pages. */
void tlb_flush_matching(CpuState *cpu, bool (*match)(uint64_t key, void *opaque), void *opaque, uint64_t va);
/* Asks other vCPUs (all but @cpu) to flush everything before they run another region; @wait: returns after they did. */
void tlb_flush_others(CpuState *cpu, bool wait);

/* --- guest virtual memory from helpers, with the same faults as translated accesses --- */
uint64_t cpu_load(CpuState *cpu, uint64_t va, TcgMem mem);
void cpu_store(CpuState *cpu, uint64_t va, uint64_t val, TcgMem mem);
/* Host address of [va, va+len) within one page for RAM, after faults were raised; NULL for MMIO or watched pages (use cpu_load/cpu_store). */
void *cpu_probe(CpuState *cpu, uint64_t va, unsigned len, MmuAccess access, unsigned mode);

/* --- translated code --- */
void tcg_flush_all_code(CpuState *cpu);
/* fence.i / instruction cache maintenance: nothing to do for RAM writes, which are watched; ends nothing. */

/* --- the accelerator, used by softmmu/vl.c --- */
struct Machine;
struct OptionSet;
typedef struct TcgAccel TcgAccel;
/* -accel tcg,tb-size=MiB,thread=multi|single,interp=on|off,one-insn=on|off */
TcgAccel *tcg_accel_new(struct Machine *m, struct OptionSet *opts, Error **errp);
bool tcg_accel_add_cpu(TcgAccel *a, CpuState *cpu, Error **errp); /* per-vCPU structures; before its thread starts */
/* Body of a vCPU thread in between pauses: runs until cpu->stop_request, unplug or power-off; called by softmmu/cpus.c. */
void tcg_accel_run(TcgAccel *a, CpuState *cpu);
/* [start, start+len) of guest-physical RAM changed behind the guest CPUs' back (DMA, debugger, loader). Any thread. */
void tcg_invalidate_phys(TcgAccel *a, uint64_t ram_offset_start, uint64_t len);
void tcg_accel_print_info(TcgAccel *a, FILE *out); /* `info jit` */
void tcg_accel_free(TcgAccel *a);

#endif

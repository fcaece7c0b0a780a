/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RISC-V harts as a board sees them: how to make one, its interrupt lines, its time base, and what the device tree
 * says about it. Everything else about the target is private to target/riscv.
 *
 * Making a hart: riscv_cpu_new() -> riscv_cpu_set_hart_id(), _set_reset_vector(), _set_time_base() -> object_realize() ->
 * machine_add_cpu(). Interrupt lines are the bits of `mip`; they may be driven from any thread.
 */
#ifndef TARGET_RISCV_H
#define TARGET_RISCV_H

#include "target/cpu.h"

/* QOM types: the models are "<model>-riscv-cpu" ("rv64-riscv-cpu", "max-riscv-cpu", "rv32-riscv-cpu", ...). */
#define TYPE_RISCV_CPU "riscv-cpu"      /* abstract, below "cpu" */
#define TYPE_RISCV64_CPU "riscv64-cpu"  /* abstract, below "riscv-cpu": every 64-bit model */
#define TYPE_RISCV32_CPU "riscv32-cpu"
#define RISCV_CPU_SUFFIX "-riscv-cpu"
#define RISCV64_DEFAULT_MODEL "rv64"
#define RISCV32_DEFAULT_MODEL "rv32"

/*
 * An unrealized hart from text as given to -cpu: "rv64", "max,sv48=off,zbb=off"; NULL or "": the target's default model. `+zba`
 * and `-zba` are understood too. Errors suggest the nearest model or property. One reference.
 */
CpuState *riscv_cpu_new(const TargetRecord *target, const char *model, Error **errp);

/* Before realize. */
void riscv_cpu_set_hart_id(CpuState *cpu, uint64_t hart_id);      /* mhartid */
void riscv_cpu_set_reset_vector(CpuState *cpu, uint64_t pc);      /* where pc starts after reset (also property "resetvec") */
void riscv_cpu_set_powered_off(CpuState *cpu, bool off);          /* after reset; default: running (also "start-powered-off") */
/*
 * The board's `mtime` (lock free, any thread) and its ticks per second: read by `time`, compared with stimecmp by Sstc. Without one
 * the hart counts the machine's virtual clock at 10 MHz.
 */
void riscv_cpu_set_time_base(CpuState *cpu, uint64_t (*read_time)(void *opaque), void *opaque, uint32_t hz);
/* mtime was written: comparators are set up anew. Any thread. */
void riscv_cpu_time_changed(CpuState *cpu);

/* Interrupt lines, as bits of mip. */
enum {
    RISCV_IRQ_SSIP = 1u << 1,
    RISCV_IRQ_MSIP = 1u << 3,  /* ACLINT software interrupt */
    RISCV_IRQ_STIP = 1u << 5,  /* the hart's own (Sstc) */
    RISCV_IRQ_MTIP = 1u << 7,  /* ACLINT timer */
    RISCV_IRQ_SEIP = 1u << 9,  /* PLIC, supervisor context */
    RISCV_IRQ_MEIP = 1u << 11, /* PLIC, machine context */
};
void riscv_cpu_irq(CpuState *cpu, uint32_t bits, bool level); /* any thread */
/* An IrqHandler for `struct Irq`: opaque is the CpuState, n the bit number (3, 7, 9, 11). */
void riscv_cpu_irq_handler(void *opaque, int n, int level);

/* What the device tree needs. */
uint64_t riscv_cpu_hart_id(const CpuState *cpu);
unsigned riscv_cpu_xlen(const CpuState *cpu);                      /* 32 or 64 */
char *riscv_cpu_isa_string(const CpuState *cpu);                   /* "rv64imafdc_zicbom_..."; g_free */
char **riscv_cpu_isa_extensions(const CpuState *cpu);              /* "i", "m", ..., "zicbom": for riscv,isa-extensions; g_strfreev */
const char *riscv_cpu_isa_base(const CpuState *cpu);               /* "rv64i", "rv32i" */
const char *riscv_cpu_mmu_type(const CpuState *cpu);               /* "riscv,sv57", "riscv,sv39", "riscv,none" */
unsigned riscv_cpu_cbom_block_size(const CpuState *cpu);           /* 64; 0: no Zicbom */
unsigned riscv_cpu_cboz_block_size(const CpuState *cpu);           /* 64; 0: no Zicboz */

/* State for boards that start code without firmware, and for tests; vCPU paused. */
void riscv_cpu_set_gpr(CpuState *cpu, unsigned n, uint64_t v);
uint64_t riscv_cpu_get_gpr(const CpuState *cpu, unsigned n);

#endif

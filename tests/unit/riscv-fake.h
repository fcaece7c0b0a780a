/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A RISC-V hart without an accelerator or a machine, for tests of target/riscv: the interpreter runs its regions, 16 MiB of RAM
 * lie at 0x80000000, a store to 0x100000 ends the run, and every access walks the page tables (there is no TLB).
 */
#ifndef RISCV_FAKE_H
#define RISCV_FAKE_H

#include "softmmu/machine.h"
#include "target/riscv.h"

#define FAKE_RAM_BASE 0x80000000ull
#define FAKE_RAM_SIZE (16ull << 20)

typedef struct RiscvFake {
    CpuState *cpu;
    uint8_t *ram;
    bool optimize;        /* run promoted regions, else as built */
    unsigned region_insns;/* at most that many guest instructions per region */
    uint64_t insns;       /* executed, roughly */
    bool finished;
    uint32_t finish_code; /* what was stored at 0x100000 */
    unsigned flushes;     /* calls of tlb_flush_* and tlb_switch */
    bool stop_at_exception;
    int last_exception;   /* last one delivered; -1: none */
    unsigned exceptions;
} RiscvFake;

RiscvFake *riscv_fake_new(const char *target, const char *model);
void riscv_fake_free(RiscvFake *f);
/* Runs until finished or @max_insns were executed; true where finished. */
bool riscv_fake_run(RiscvFake *f, uint64_t max_insns);
void riscv_fake_put(RiscvFake *f, uint64_t addr, const void *code, size_t len);
bool riscv_fake_load_elf(RiscvFake *f, const char *path);

#endif

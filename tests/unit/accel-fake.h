/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tiny machine for tests of the accelerator: a guest with eight registers and two dozen instructions of 2 or 4 bytes,
 * a page table that the test writes, RAM blocks and one device. It stands in for target/<isa> and softmmu.
 */
#ifndef TESTS_ACCEL_FAKE_H
#define TESTS_ACCEL_FAKE_H

#include "accel/tcg/tcg-accel.h"
#include "softmmu/machine.h"
#include "softmmu/memory.h"

#define TOY_RAM_SIZE (1u << 20) /* at physical 0 */
#define TOY_RAM2_BASE 0x10000000ull /* another block of the same size */
#define TOY_IO_BASE 0x20000000ull /* one page of device: 64-bit registers */

typedef struct ToyMap {
    uint64_t key, va, pa;
    unsigned prot;
    uint64_t page_size;
} ToyMap;

typedef struct ToyCpu {
    CpuState cpu;
    uint64_t pc, r[8];
    uint64_t epc, cause, tval, vector; /* of the last exception */
    uint64_t irq_vector, irq_epc;
    bool irq_enable;
    uint64_t mode_flags;
    uint64_t key;            /* address space */
    GArray *maps;            /* ToyMap; where none matches: identity, all rights, unless strict */
    bool strict;
    uint64_t faults, fills;
    uint64_t sys_count[16];
    void (*on_sys)(struct ToyCpu *t, unsigned n);
} ToyCpu;

enum { TOY_LOAD_FAULT = 1, TOY_STORE_FAULT, TOY_FETCH_FAULT, TOY_BUS_ERROR, TOY_BREAK, TOY_MISALIGNED };

typedef struct ToyMachine {
    Machine *m;
    TcgAccel *accel;
    ToyCpu *cpu[4];
    unsigned cpus;
    RamBlock rb[2];
    uint8_t *ram, *ram2;
    uint64_t io[512];
    unsigned io_reads, io_writes, stop_requests;
    uint64_t at; /* where the assembler puts the next instruction, physical */
} ToyMachine;

/* @opts: as of -accel, may be NULL. */
ToyMachine *toy_new(unsigned cpus, const char *opts);
ToyMachine *toy_new_exact(unsigned cpus, const char *opts); /* a target with exact_code_writes */
void toy_free(ToyMachine *tm);
/* Runs from @pc until `sys 0`; then the cpu's stop_request is set and taken back. */
void toy_run(ToyMachine *tm, unsigned cpu, uint64_t pc);
bool toy_has_backend(void);
/* Physical write by someone else than the CPUs. */
void toy_dma(ToyMachine *tm, uint64_t pa, const void *data, uint64_t len);
void toy_map(ToyCpu *t, uint64_t key, uint64_t va, uint64_t pa, unsigned prot, uint64_t page_size);
void toy_unmap_all(ToyCpu *t);
void toy_memory_changed(ToyMachine *tm);
void toy_dirty_log(ToyMachine *tm, bool on); /* of the first block; clears its dirty bytes */

/* Assembler: to tm->at, which moves on. Stores without telling anyone, as a loader before start. */
enum {
    T_NOP, T_MOV, T_ADD, T_SUB, T_LD8, T_ST8, T_JR, T_RET, T_SYS, T_WFI, T_ST1, T_AMOADD, T_LD4, T_LD1, T_BREAK, T_FLUSH, T_SWITCH,
    T_MASK, T_LDX, T_STX,
    T_LI = 0x80, T_ADDI, T_BNE, T_BEQ, T_J, T_CALL, T_SHLI, T_BLT,
};
void t2(ToyMachine *tm, unsigned op, unsigned a, unsigned b);
void t4(ToyMachine *tm, unsigned op, unsigned a, unsigned b, int imm);
void t_jump(ToyMachine *tm, unsigned op, unsigned a, unsigned b, uint64_t target); /* pc-relative, from tm->at as virtual pc */
void t_const(ToyMachine *tm, unsigned reg, uint64_t value); /* any 64-bit value, 4 to 28 bytes */
uint16_t toy_encode2(unsigned op, unsigned a, unsigned b);
uint32_t toy_encode4(unsigned op, unsigned a, unsigned b, int imm);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random TinyCode for differential tests: regions with every operation of the op table, slots of all types, helpers,
 * faults, exits, diamonds and (also irreducible) loops with a bounded trip count; a CPU to run them on; and the comparison
 * of what two runs left behind. Everything follows from a seed.
 *
 * The regions are made by tcg_emit_raw(), so that no fold rule has touched what the oracle runs.
 */
#ifndef TESTS_TCG_RANDOM_H
#define TESTS_TCG_RANDOM_H

#include "target/cpu.h"
#include "tcg/backend.h"
#include "tcg/builder.h"
#include "tcg/tcg.h"

enum {
    TCG_RANDOM_FP = 1 << 0,
    TCG_RANDOM_VEC = 1 << 1,     /* v64 and v128 */
    TCG_RANDOM_VEC256 = 1 << 2,
    TCG_RANDOM_FLAGS = 1 << 3,
    TCG_RANDOM_MEM = 1 << 4,     /* loads, stores, atomics, exclusives, faults */
    TCG_RANDOM_CALL = 1 << 5,
    TCG_RANDOM_BRANCH = 1 << 6,
    TCG_RANDOM_LOOP = 1 << 7,
    TCG_RANDOM_I128 = 1 << 8,
    TCG_RANDOM_HOSTVEC = 1 << 9,
    TCG_RANDOM_RARE = 1 << 10,   /* FP with other NaN rules than RISC-V's */
    TCG_RANDOM_ALL = 0x7ff,
};

typedef struct TcgRandom {
    uint64_t state;                      /* of the number generator */
    uint32_t features;
    uint8_t skip_op[TCG_OP_COUNT];       /* operations not to use */
    unsigned coverage[TCG_OP_COUNT];     /* how often each was emitted */
} TcgRandom;
void tcg_random_init(TcgRandom *g, uint64_t seed, uint32_t features);
uint64_t tcg_random_next(TcgRandom *g);
uint64_t tcg_random_bits(TcgRandom *g); /* 64 bits with a taste for special values */

/* Builds a region of up to @size guest instructions (tcg_builder_begin to _end) at PC 0x1000. */
void tcg_random_region(TcgRandom *g, TcgBuilder *b, TcgRegion *r, unsigned size);

#define RANDOM_X 10
#define RANDOM_W 3
#define RANDOM_F 6
#define RANDOM_Q 3
#define RANDOM_Y 2
#define RANDOM_FL 2
#define RANDOM_MEM_BASE 0x10000u         /* the addresses that work: one page. Others fault */
#define RANDOM_MEM_SIZE 4096u
typedef struct RandomCpu {
    CpuState parent;
    uint64_t pc, x[RANDOM_X], trip;
    uint32_t w[RANDOM_W];
    uint64_t f[RANDOM_F];
    uint64_t q[RANDOM_Q][2];
    uint64_t y[RANDOM_Y][4];
    TcgLazyFlags fl[RANDOM_FL];
    uint8_t mem[RANDOM_MEM_SIZE + 64];
    /* run control */
    void (*restore)(CpuState *cpu);      /* what a fault calls before it leaves by longjmp */
    bool faulted;
    uint64_t fault_va;
    unsigned reason;
    bool linkable;
} RandomCpu;

extern const TcgSlot tcg_random_slots[];
extern const unsigned tcg_random_slot_count;

RandomCpu *tcg_random_cpu_new(void);
void tcg_random_cpu_free(RandomCpu *cpu);
void tcg_random_fill(TcgRandom *g, RandomCpu *cpu);
void tcg_random_copy(RandomCpu *to, const RandomCpu *from); /* registers, memory, FP environment */
/* Memory by plain C; atomics, exclusives; what is outside the page raises: restore(), then siglongjmp(parent.jmp_env). */
const TcgRuntime *tcg_random_runtime(void);
/* Runs in the interpreter, faults caught; the outcome is in the CPU. */
void tcg_random_interpret(RandomCpu *cpu, const TcgRegion *r);
/*
 * NULL where both are the same, else what differs. @mxcsr_mask: exception flags that count (0x3f: all; a backend that uses the
 * host's FPU for everything may differ in the denormal flag, 2). Flags are compared as status bits.
 */
const char *tcg_random_difference(const RandomCpu *a, const RandomCpu *b, uint32_t mxcsr_mask);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The running interpreter's frame.
 */
#ifndef TCG_INTERP_INTERNAL_H
#define TCG_INTERP_INTERNAL_H

#include "../reference-internal.h"
#include "target/cpu.h"
#include "tcg/backend.h"

#define INTERP_MAGIC 0x494e5450u

typedef struct Interp {
    uint32_t magic;     /* tells it from a frame of generated code */
    bool fp_call;       /* MXCSR is the guest's */
    const TcgRegion *r;
    struct CpuState *cpu;
    const TcgRuntime *rt;
    uint64_t (*vals)[4]; /* by value */
    const TcgInsn *at;   /* the instruction that runs */
} Interp;

void tcg_interp_memory(Interp *in, const TcgInsn *insn, uint64_t *result);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the files of the reference evaluator.
 */
#ifndef TCG_REFERENCE_INTERNAL_H
#define TCG_REFERENCE_INTERNAL_H

#include "tcg/backend.h"
#include "tcg/reference.h"

/* MXCSR bits */
enum {
    FPE_INVALID = 1, FPE_DENORMAL = 2, FPE_DIVZERO = 4, FPE_OVERFLOW = 8, FPE_UNDERFLOW = 16, FPE_INEXACT = 32,
    FPE_DAZ = 64, FPE_FTZ = 0x8000, FPE_TRAP_UNDERFLOW = 1 << 16, FPE_TRAP_OVERFLOW = 1 << 17,
};

uint64_t tcg_ref_int(const TcgInsn *insn, uint64_t a, uint64_t b);
uint64_t tcg_ref_float(const TcgInsn *insn, uint64_t a, uint64_t b, uint64_t c, uint32_t *mxcsr);
void tcg_ref_vector(const TcgInsn *insn, const uint64_t (*args)[4], uint64_t *result, uint32_t *mxcsr);

#endif

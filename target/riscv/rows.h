/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Semantic functions that more than one group of rows uses: compressed instructions are rows of their own, but mean what the
 * 32-bit instructions mean.
 */
#ifndef RISCV_ROWS_H
#define RISCV_ROWS_H

#include "insn.h"

/* Bits of .arg beside the TinyCode operation or the size. */
enum {
    RV_SIGNED = 8,   /* loads: log2 of the size | RV_SIGNED */
    RV_WORD = 0x100, /* arithmetic on 32 bits */
};

/* rows-i.c */
void rv_emit_jal(RvInsn *d);
void rv_emit_jalr(RvInsn *d);
void rv_emit_branch(RvInsn *d);  /* arg: TcgCond */
void rv_emit_load(RvInsn *d);    /* arg: log2 of the size | RV_SIGNED */
void rv_emit_store(RvInsn *d);   /* arg: log2 of the size */
void rv_emit_alu(RvInsn *d);     /* arg: TcgOp | RV_WORD */
void rv_emit_alu_imm(RvInsn *d);

/* rows-f.c */
void rv_emit_fload(RvInsn *d);   /* arg: log2 of the size */
void rv_emit_fstore(RvInsn *d);
bool rv_round(const RvInsn *d, TcgRound *rm); /* false: reserved */

/* rows-system.c */
void rv_emit_ebreak(RvInsn *d);

#endif

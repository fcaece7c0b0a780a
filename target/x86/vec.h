/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of vector instructions share: macros for rows, values through TcgHostVec, and the emit functions of
 * the common shapes. A row stands for the legacy and the VEX form together where they differ in nothing but what
 * happens to the upper half (x86_write_vec() sees to that) and in operand 1, which legacy rows write as H too.
 *
 * A row's argument: TcgHostVec, and VEC_* bits.
 */
#ifndef X86_VEC_H
#define X86_VEC_H

#include "emit-internal.h"
#include "tcg/hostvec.h"

enum {
    VEC_ID = 0xffff,
    /* 4 bits: the immediate's bits for the low half; the upper half uses those above. 0: the same for both */
    VEC_IMM_SHIFT_BIT = 16,
    VEC_ZERO = 1 << 20,        /* of a register with itself: 0 */
    VEC_ONES = 1 << 21,        /* of a register with itself: all ones */
    VEC_IMM_MASK_BIT = 24,     /* 8 bits: what counts of the immediate; 0: everything */
};

#define VEC_ROW(name_, pattern_, operands_, emit_, arg_, flags_, feat_)                                                \
    {.name = name_, .pattern = pattern_, .operands = operands_, .emit = emit_, .arg = arg_,                            \
     .flags = X86_ROW_SSE | (flags_), X86_NEEDS(feat_)}
/* Integer r = op(a, b): SSE on 128 bits, AVX on 128, AVX2 on 256. @extra: "" or ",Ib" */
#define VEC_INT(name_, map_, op_, extra_, feat_, emit_, arg_)                                                          \
    VEC_ROW(name_, "66 " map_ " " op_ " /r", "Vdq,Hdq,Wdq" extra_, emit_, arg_, X86_ROW_SSE_ALIGN, feat_),             \
    VEC_ROW("v" name_, "VEX.128.66." map_ ".WIG " op_ " /r", "Vdq,Hdq,Wdq" extra_, emit_, arg_, 0, AVX),               \
    VEC_ROW("v" name_, "VEX.256.66." map_ ".WIG " op_ " /r", "Vqq,Hqq,Wqq" extra_, emit_, arg_, 0, AVX2)
/* The same of one operand */
#define VEC_INT1(name_, pp_, map_, op_, extra_, feat_, emit_, arg_)                                                    \
    VEC_ROW(name_, pp_ " " map_ " " op_ " /r", "Vdq,Wdq" extra_, emit_, arg_, X86_ROW_SSE_ALIGN, feat_),               \
    VEC_ROW("v" name_, "VEX.128." pp_ "." map_ ".WIG " op_ " /r", "Vdq,Wdq" extra_, emit_, arg_, 0, AVX),              \
    VEC_ROW("v" name_, "VEX.256." pp_ "." map_ ".WIG " op_ " /r", "Vqq,Wqq" extra_, emit_, arg_, 0, AVX2)
/* Floating point and what came with AVX on both widths. Operands as given */
#define VEC_ANY(name_, pp_, map_, op_, operands_, feat_, emit_, arg_, flags_)                                          \
    VEC_ROW(name_, pp_ " " map_ " " op_ " /r", operands_, emit_, arg_, X86_ROW_SSE_ALIGN | (flags_), feat_),           \
    VEC_ROW("v" name_, "VEX.any." pp_ "." map_ ".WIG " op_ " /r", operands_, emit_, arg_, flags_, AVX)
/* Scalars and what exists on 128 bits only: @len "LIG" or "128" */
#define VEC_LOW(name_, len_, pp_, map_, op_, operands_, feat_, emit_, arg_, flags_)                                    \
    VEC_ROW(name_, pp_ " " map_ " " op_ " /r", operands_, emit_, arg_, X86_ROW_SSE_ALIGN | (flags_), feat_),           \
    VEC_ROW("v" name_, "VEX." len_ "." pp_ "." map_ ".WIG " op_ " /r", operands_, emit_, arg_, flags_, AVX)

/* --- values: vec-emit.c --- */
/* two vectors; one operand: b is TCG_NONE. Result as the identity says */
TcgVal x86_hv(X86Insn *d, TcgHostVec id, TcgVal a, TcgVal b, uint64_t imm);
TcgVal x86_hv3(X86Insn *d, TcgHostVec id, TcgVal a, TcgVal b, TcgVal c, uint64_t imm);
TcgVal x86_hv_gpr(X86Insn *d, TcgHostVec id, TcgVal a, TcgVal b);           /* b: i64 */
static inline TcgVal x86_vec_zero(X86Insn *d) { return tcg_const(d->b, TCG_V128, 0); }
TcgVal x86_vec_extract(X86Insn *d, TcgVal v, unsigned log2, unsigned lane); /* i64, zero-extended */
TcgVal x86_vec_insert(X86Insn *d, TcgVal v, unsigned log2, unsigned lane, TcgVal bits); /* bits: i64 */
/* upper 64 bits in the lower */
static inline TcgVal x86_vec_upper(X86Insn *d, TcgVal v) { return x86_hv(d, TCG_HV_MOVHLPS, v, v, 0); }
/* Operand n of 4, 8 or 16 bytes as v128: a register as it is, memory zero-extended (16 bytes: alignment by the row) */
TcgVal x86_vec_source(X86Insn *d, unsigned n);
void x86_vec_store(X86Insn *d, unsigned n, TcgVal v, unsigned bytes);       /* low 4 or 8 bytes to the memory operand */
/* x86_emit_fp_check() where the row computes */
void x86_vec_check(X86Insn *d);
/* vec-traps.c: where exceptions are unmasked, the flags of an operation that may underflow or overflow */
void x86_vec_trap_flags(X86Insn *d, TcgHostVec id, TcgVal a, TcgVal b, TcgVal c, uint64_t imm);
static inline void x86_vec_put(X86Insn *d, TcgVal v) { x86_write_vec(d, 0, v, TCG_NONE); } /* low half of operand 0 */
uint64_t x86_vec_imm(const X86Insn *d, bool high);                          /* last operand */

/* --- shapes --- */
X86Emit x86_emit_vmove;     /* 0 = 1 */
X86Emit x86_emit_vvv;       /* 0 = op(1, 2 [, imm]), lanes of 128 bits; operand 2 of 16 bytes serves both */
X86Emit x86_emit_vv;        /* 0 = op(1 [, imm]) */
X86Emit x86_emit_vscalar;   /* 0 = op(1, low lane of 2 [, imm]), upper lanes from 1 */
X86Emit x86_emit_vwiden;    /* 0 = op(1), 1 being half as wide or less */
X86Emit x86_emit_vnarrow;   /* 0 = op(1), 0 being half as wide */
X86Emit x86_emit_vcompare;  /* EFLAGS = op(0, 1) */
X86Emit x86_emit_vmask;     /* general register 0 = op(1): sign masks */
X86Emit x86_emit_vto_gpr;   /* general register 0 = op(low lane of 1): conversions */
X86Emit x86_emit_vfrom_gpr; /* 0 = op(1, integer 2) */
X86Emit x86_emit_vblend;    /* 0 = op(1, 2, mask); the mask is operand 3 or XMM0 */

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The meaning of each TinyCode operation as C functions: what the interpreter runs, what constant folding uses, and what
 * a backend calls for an operation that it does not emit inline.
 *
 * Floating point is done in integers (no host FPU is involved), exactly, with all five rounding modes. The environment
 * is one word in the layout of x86's MXCSR: bits 0-5 sticky IE DE ZE OE UE PE, bit 6 DAZ, 13-14 rounding (0 nearest,
 * 1 down, 2 up, 3 to zero), bit 15 FTZ; bits 16 and 17 (not x86's; never in a register): underflow, overflow are unmasked, which changes
 * what raises flags: every tiny result underflows, and inexact is what an unlimited exponent would leave inexact. TCG_RM_DYN takes the rounding from there. Values are bits:
 * an operand is 32 bytes, low bytes first, upper bytes ignored; a result is zero-extended to 32 bytes; a flags value is a
 * TcgLazyFlags.
 */
#ifndef TCG_REFERENCE_H
#define TCG_REFERENCE_H

#include "tcg/hostvec.h"
#include "tcg/tcg.h"

/*
 * Evaluates any operation that is not memory access, slot access, helper call or control flow. Operation, type, cond,
 * sub, aux and imm are taken from @insn; its arg[] are not looked at: args[k] is operand k.
 * The _env form uses and updates *mxcsr, the other one the host's own MXCSR (of the thread that calls: for calls out of generated code).
 */
void tcg_ref_eval(const TcgInsn *insn, const uint64_t (*args)[4], uint64_t *result);
void tcg_ref_eval_env(const TcgInsn *insn, const uint64_t (*args)[4], uint64_t *result, uint32_t *mxcsr);

/*
 * The same for scalar operations (all operands and the result at most 64 bits, at most 3 operands; so all of the scalar
 * FP and integer section but not SELECT): values in registers, the instruction packed into one word. Host's MXCSR.
 */
uint64_t tcg_ref_desc(const TcgInsn *insn); /* 0 where it cannot be packed */
uint64_t tcg_ref_scalar(uint64_t a, uint64_t b, uint64_t c, uint64_t desc);

/* Conditions on bits, for all integer types. */
bool tcg_ref_cond(TcgCond cond, TcgType type, uint64_t a, uint64_t b);

/* Flags: the x86 status bits (CF 0x1, PF 0x4, AF 0x10, ZF 0x40, SF 0x80, OF 0x800) or Arm NZCV (bits 31-28) of a lazy value. */
uint32_t tcg_ref_flags_x86(const TcgLazyFlags *f);
uint32_t tcg_ref_flags_arm(const TcgLazyFlags *f);
bool tcg_ref_flagtest(const TcgLazyFlags *f, TcgFlagCond cond);

/* Scalar fallbacks with short signatures. *mxcsr as above. */
uint64_t tcg_ref_fma(TcgType type, uint64_t a, uint64_t b, uint64_t c, unsigned neg, TcgFp fp, uint32_t *mxcsr);
uint64_t tcg_ref_fp2(TcgOp op, TcgType type, uint64_t a, uint64_t b, TcgFp fp, uint32_t *mxcsr); /* FADD FSUB FMUL FDIV FMIN FMAX */
uint64_t tcg_ref_fsqrt(TcgType type, uint64_t a, TcgFp fp, uint32_t *mxcsr);
bool tcg_ref_fcmp(TcgCond cond, bool signalling, TcgType type, uint64_t a, uint64_t b, uint32_t *mxcsr);
uint64_t tcg_ref_ftof(TcgType to, TcgType from, uint64_t a, TcgFp fp, uint32_t *mxcsr);
uint64_t tcg_ref_ftoi(TcgType to, bool is_unsigned, TcgType from, uint64_t a, TcgFp fp, uint32_t *mxcsr);
uint64_t tcg_ref_itof(TcgType to, TcgType from, bool is_unsigned, uint64_t a, TcgFp fp, uint32_t *mxcsr);
uint32_t tcg_ref_fclass(TcgType type, uint64_t a); /* RISC-V fclass bits */

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the integer rows use beyond insn.h.
 */
#ifndef X86_EMIT_INTERNAL_H
#define X86_EMIT_INTERNAL_H

#include "insn.h"

#define X86_MEM_WILL_WRITE TCG_MEM_WILL_WRITE
void x86_emit_fp_begin(
    X86Insn *d); /* before what may raise #XM, behind loads (x86_read_vec() and x86_read_scalar() do it) */

/* X86Cpu.sticky_saved: MXCSR's flags before the instruction, and its own ones where vec-traps.c found them out */
enum { X86_STICKY_EVALUATED = 1 << 8, X86_STICKY_FLAGS_SHIFT = 16 };

void x86_put_gpr_high(X86Insn *d, unsigned reg, TcgVal v);
TcgVal x86_seg_base(X86Insn *d, unsigned seg);                       /* i64; 0 where flat */
void x86_operand_address(X86Insn *d, unsigned bytes, bool write);    /* fills d->address and address_disp */
/* An access outside 64-bit mode that the quick compare refused: #GP(0), #SS(0), or returns. */
void x86_check_segment(X86Cpu *x, unsigned seg, uint64_t offset, unsigned bytes, bool write);
/* Stack pointers as i64 offsets, cut to the stack's width: sp + n; and a push there, which changes no register. */
TcgVal x86_add_sp(X86Insn *d, TcgVal sp, int64_t n);
void x86_emit_push_at(X86Insn *d, TcgVal sp, unsigned bytes, TcgVal v);
/* i32 operand of a narrow operation at the top of its i32; unchanged where @bytes is 4 or 8. */
TcgVal x86_shift_up(X86Insn *d, unsigned bytes, TcgVal v);
/* As x86_put_flags(), for operands that are shifted up already. */
void x86_put_flags_up(X86Insn *d, TcgFlagsKind kind, unsigned bytes, TcgVal a, TcgVal c, TcgVal carry);
/* SF, ZF and PF by the result, AF 0; CF and OF as given (i64, 0 or 1; TCG_NONE: 0). */
void x86_put_flags_result(X86Insn *d, unsigned bytes, TcgVal result, TcgVal cf, TcgVal of);
TcgVal x86_get_flag_bits(X86Insn *d, uint64_t mask);                 /* as x86_get_flags_packed(), the others 0 */
TcgVal x86_flagtest(X86Insn *d, TcgFlagCond cond);                   /* i64, 0 or 1 */
static inline TcgVal x86_const32(X86Insn *d, uint32_t v) { return tcg_const(d->b, TCG_I32, v); }
static inline TcgVal x86_konst(X86Insn *d, unsigned bytes, uint64_t v)
{
    return tcg_const(d->b, bytes == 8 ? TCG_I64 : TCG_I32, bytes == 8 ? v : (uint32_t)v);
}

#endif

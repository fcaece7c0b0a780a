/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flags as values. Operations of 8 and 16 bits are described at the top of an i32, so that a compare of their operands
 * is a compare of the numbers; see TcgLazyFlags.
 */
#include "emit-internal.h"

TcgVal x86_shift_up(X86Insn *d, unsigned bytes, TcgVal v)
{
    return bytes < 4 && v ? tcg_shl(d->b, TCG_I32, v, x86_const32(d, 32 - 8 * bytes)) : v;
}

void x86_put_flags_up(X86Insn *d, TcgFlagsKind kind, unsigned bytes, TcgVal a, TcgVal c, TcgVal carry)
{
    TcgType t = x86_type(bytes);
    TcgVal v;
    TcgInsn in = {.op = TCG_OP_FLAGS,
                  .type = TCG_FLAGS_T,
                  .sub = (uint8_t)t,
                  .arg = {a, c, carry},
                  .aux = kind | (uint32_t)t << 8,
                  .imm = bytes < 4 ? 32 - 8 * bytes : 0};
    tcg_emit_raw(d->b, &in, &v);
    if (v) {
        tcg_put(d->b, X86_SLOT_FLAGS, v);
    }
}

void x86_put_flags(X86Insn *d, TcgFlagsKind kind, unsigned bytes, TcgVal a, TcgVal c, TcgVal carry)
{
    bool count = kind == TCG_FK_SHL || kind == TCG_FK_SHR || kind == TCG_FK_SAR; /* c is no operand of that width */
    x86_put_flags_up(d, kind, bytes, x86_shift_up(d, bytes, a), count ? c : x86_shift_up(d, bytes, c), carry);
}

TcgVal x86_get_flags(X86Insn *d) { return tcg_get(d->b, X86_SLOT_FLAGS, TCG_FLAGS_T); }

TcgVal x86_get_flags_packed(X86Insn *d) { return tcg_emit1(d->b, TCG_OP_FLAGPACK, TCG_I64, x86_get_flags(d), 0); }

TcgVal x86_get_flag_bits(X86Insn *d, uint64_t mask)
{
    TcgVal v = tcg_emit1(d->b, TCG_OP_FLAGPACK, TCG_I64, x86_get_flags(d), mask);
    return tcg_and(d->b, TCG_I64, v, x86_const(d, mask));
}

void x86_put_flags_packed(X86Insn *d, TcgVal bits)
{
    TcgVal v;
    tcg_emit_raw(d->b, &(TcgInsn){.op = TCG_OP_FLAGUNPACK, .type = TCG_FLAGS_T, .arg = {bits}}, &v);
    if (v) {
        tcg_put(d->b, X86_SLOT_FLAGS, v);
    }
}

void x86_put_flags_result(X86Insn *d, unsigned bytes, TcgVal result, TcgVal cf, TcgVal of)
{
    TcgType t = x86_type(bytes);
    TcgVal v;
    TcgInsn in = {.op = TCG_OP_FLAGS, .type = TCG_FLAGS_T, .sub = (uint8_t)t, .arg = {x86_shift_up(d, bytes, result)},
                  .aux = TCG_FK_LOGIC | (uint32_t)t << 8, .imm = bytes < 4 ? 32 - 8 * bytes : 0};
    tcg_emit_raw(d->b, &in, &v);
    v = tcg_emit1(d->b, TCG_OP_FLAGPACK, TCG_I64, v, EFL_SF | EFL_ZF | EFL_PF);
    v = cf ? tcg_or(d->b, TCG_I64, v, cf) : v;
    v = of ? tcg_or(d->b, TCG_I64, v, tcg_shl(d->b, TCG_I64, of, x86_const(d, 11))) : v;
    x86_put_flags_packed(d, v);
}

TcgVal x86_flagtest(X86Insn *d, TcgFlagCond cond) { return tcg_flagtest(d->b, cond, x86_get_flags(d)); }
TcgVal x86_get_carry(X86Insn *d) { return x86_flagtest(d, TCG_FC_B); }
TcgFlagCond x86_cond(const X86Insn *d) { return (TcgFlagCond)(d->opcode & 15); }

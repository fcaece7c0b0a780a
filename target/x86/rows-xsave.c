/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * FXSAVE, the XSAVE family, XGETBV, XSETBV. The work is fpu-state.c's.
 */
#include "fpu-state.h"
#include "insn.h"
#include "x87.h"

static TcgVal control(X86Insn *d)
{
    uint32_t ctl = d->row->arg | (d->rex_w ? X86_STATE_WIDE : 0) | x86_rf_mode(d->flags) << X87_CTL_MMU_SHIFT;
    return tcg_const(d->b, TCG_I32, ctl);
}

static TcgVal address(X86Insn *d, unsigned bytes, bool write)
{
    int64_t disp;
    TcgVal v = x86_linear(d, bytes, write, &disp);
    return tcg_addi(d->b, TCG_I64, v, disp);
}

static void emit_fxsave(X86Insn *d)
{
    tcg_call(d->b, &x86_helper_fxsave, control(d), address(d, 512, true), TCG_NONE, TCG_NONE);
}
static void emit_fxrstor(X86Insn *d)
{
    tcg_call(d->b, &x86_helper_fxrstor, control(d), address(d, 512, false), TCG_NONE, TCG_NONE);
}

static bool check_osxsave(X86Insn *d)
{
    if (d->flags & X86_RF_OSXSAVE) {
        return true;
    }
    x86_emit_raise(d, X86_EXC_UD);
    return false;
}

/* EDX:EAX */
static TcgVal edx_eax(X86Insn *d)
{
    TcgVal hi = tcg_shl(d->b, TCG_I64, tcg_extu(d->b, x86_get_gpr(d, X86_DX, 4)), x86_const(d, 32));
    return tcg_or(d->b, TCG_I64, hi, tcg_extu(d->b, x86_get_gpr(d, X86_AX, 4)));
}

/* XSAVE and what follows it need OSXSAVE before #NM is thought of. */
static bool check_xsave(X86Insn *d)
{
    if (!check_osxsave(d)) {
        return false;
    }
    if (d->flags & X86_RF_TS) {
        x86_emit_raise(d, X86_EXC_NM);
        return false;
    }
    return true;
}

static void emit_xsave(X86Insn *d)
{
    if (check_xsave(d)) {
        TcgVal mask = edx_eax(d);
        tcg_call(d->b, &x86_helper_xsave, control(d), address(d, 576, true), mask, TCG_NONE);
    }
}

static void emit_xrstor(X86Insn *d)
{
    if (check_xsave(d)) {
        TcgVal mask = edx_eax(d);
        tcg_call(d->b, &x86_helper_xrstor, control(d), address(d, 576, false), mask, TCG_NONE);
    }
}

static void emit_xgetbv(X86Insn *d)
{
    if (check_osxsave(d)) {
        TcgVal v = tcg_call(d->b, &x86_helper_xgetbv, x86_get_gpr(d, X86_CX, 4), TCG_NONE, TCG_NONE, TCG_NONE);
        x86_put_gpr(d, X86_AX, 4, tcg_trunc(d->b, v));
        x86_put_gpr(d, X86_DX, 4, tcg_trunc(d->b, tcg_shr(d->b, TCG_I64, v, x86_const(d, 32))));
    }
}

static void emit_xsetbv(X86Insn *d)
{
    if (!check_osxsave(d)) {
        return;
    }
    if (d->flags & X86_RF_CPL) {
        x86_emit_raise_error(d, X86_EXC_GP, 0);
        return;
    }
    tcg_call(d->b, &x86_helper_xsetbv, x86_get_gpr(d, X86_CX, 4), edx_eax(d), TCG_NONE, TCG_NONE);
}

#define ENDS X86_ROW_ENDS
static const X86Row rows[] = {
    {"fxsave", "NP 0F AE /0 mod=m", "M", emit_fxsave, 0, X86_ROW_X87, X86_NEEDS(FXSR)},
    {"fxrstor", "NP 0F AE /1 mod=m", "M", emit_fxrstor, 0, X86_ROW_X87 | ENDS, X86_NEEDS(FXSR)},
    {"xsave", "NP 0F AE /4 mod=m", "M", emit_xsave, X86_XSAVE, 0, X86_NEEDS(XSAVE)},
    {"xrstor", "NP 0F AE /5 mod=m", "M", emit_xrstor, X86_XRSTOR, ENDS, X86_NEEDS(XSAVE)},
    {"xsaveopt", "NP 0F AE /6 mod=m", "M", emit_xsave, X86_XSAVEOPT, 0, X86_NEEDS(XSAVEOPT)},
    {"xsavec", "NP 0F C7 /4 mod=m", "M", emit_xsave, X86_XSAVEC, 0, X86_NEEDS(XSAVEC)},
    {"xsaves", "NP 0F C7 /5 mod=m", "M", emit_xsave, X86_XSAVES, X86_ROW_CPL0, X86_NEEDS(XSAVES)},
    {"xrstors", "NP 0F C7 /3 mod=m", "M", emit_xrstor, X86_XRSTORS, X86_ROW_CPL0 | ENDS, X86_NEEDS(XSAVES)},
    {"xgetbv", "NP 0F 01 D0", NULL, emit_xgetbv, 0, 0, X86_NEEDS(XSAVE)},
    {"xsetbv", "NP 0F 01 D1", NULL, emit_xsetbv, 0, ENDS, X86_NEEDS(XSAVE)},
};
const X86RowGroup x86_rows_xsave = X86_GROUP(rows);

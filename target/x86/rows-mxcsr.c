/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LDMXCSR and STMXCSR (SDM 1 10.2.3). While translated code runs the host's register holds MXCSR, so both are helpers
 * that run without it. A load ends the region: the rounding mode, and whether exceptions are unmasked, may be others.
 */
#include "emit-internal.h"

enum { MXCSR_BITS = 0xffff };

static void load_mxcsr(CpuState *cpu, uint32_t v)
{
    if (v & ~(uint32_t)MXCSR_BITS) {
        x86_raise_error(x86_cpu(cpu), X86_EXC_GP, 0);
    }
    x86_set_mxcsr(x86_cpu(cpu), v);
}
static uint64_t store_mxcsr(CpuState *cpu) { return x86_get_mxcsr(x86_cpu(cpu)); }

static const TcgHelper helper_load_mxcsr = {
    .name = "x86_load_mxcsr", .fn = (void *)load_mxcsr, .flags = TCG_HELPER_RAISES, .args = {TCG_I32},
    .reads = {{X86_SLOTS_SEG | X86_S0(X86_SLOT_EFLAGS)}},
};
static const TcgHelper helper_store_mxcsr = {.name = "x86_store_mxcsr", .fn = (void *)store_mxcsr, .ret = TCG_I64};

static void emit_ldmxcsr(X86Insn *d)
{
    tcg_call(d->b, &helper_load_mxcsr, x86_read_op(d, 0), TCG_NONE, TCG_NONE, TCG_NONE);
}

static void emit_stmxcsr(X86Insn *d)
{
    TcgVal v = tcg_call(d->b, &helper_store_mxcsr, TCG_NONE, TCG_NONE, TCG_NONE, TCG_NONE);
    x86_write_op(d, 0, tcg_trunc(d->b, v));
}

#define ROW(name_, pattern_, emit_, flags_, feature_)                                                                  \
    {.name = name_, .pattern = pattern_, .operands = "Md", .emit = emit_, .flags = X86_ROW_SSE | (flags_),             \
     X86_NEEDS(feature_)}
static const X86Row rows[] = {
    ROW("ldmxcsr", "NP 0F AE /2 mod=m", emit_ldmxcsr, X86_ROW_ENDS, SSE),
    ROW("stmxcsr", "NP 0F AE /3 mod=m", emit_stmxcsr, 0, SSE),
    ROW("vldmxcsr", "VEX.LZ.NP.0F.WIG AE /2 mod=m", emit_ldmxcsr, X86_ROW_ENDS, AVX),
    ROW("vstmxcsr", "VEX.LZ.NP.0F.WIG AE /3 mod=m", emit_stmxcsr, 0, AVX),
};
const X86RowGroup x86_rows_mxcsr = X86_GROUP(rows);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Vector registers and operands. A YMM register is two slots, the low one shared with its XMM register.
 */
#include "emit-internal.h"

TcgVal x86_get_xmm(X86Insn *d, unsigned reg) { return tcg_get(d->b, X86_SLOT_XMM + (reg & 15), TCG_V128); }
void x86_put_xmm(X86Insn *d, unsigned reg, TcgVal v) { tcg_put(d->b, X86_SLOT_XMM + (reg & 15), v); }
TcgVal x86_get_ymmh(X86Insn *d, unsigned reg) { return tcg_get(d->b, X86_SLOT_YMMH + (reg & 15), TCG_V128); }
void x86_put_ymmh(X86Insn *d, unsigned reg, TcgVal v) { tcg_put(d->b, X86_SLOT_YMMH + (reg & 15), v); }

void x86_zero_ymmh(X86Insn *d, unsigned reg)
{
    TcgVal zero = tcg_const(d->b, TCG_V128, 0);
    if (zero) {
        tcg_put(d->b, X86_SLOT_YMMH + (reg & 15), zero);
    }
}

/* Descriptor of the operand's halves: a misaligned access takes the slow path, which raises #GP(0) (target.c) */
static TcgMem vec_mem(const X86Insn *d, unsigned bytes)
{
    bool aligned = d->row->flags & X86_ROW_AVX_ALIGN || (d->row->flags & X86_ROW_SSE_ALIGN && !d->vex && bytes == 16);
    unsigned align = !aligned ? TCG_ALIGN_ANY : bytes == 32 ? TCG_ALIGN_TWICE : TCG_ALIGN_NATURAL;
    return x86_mem(d, 16) | TCG_MEM(0u, 0u, 0u, align, 0u);
}

void x86_vec_address(X86Insn *d, unsigned n, bool write)
{
    if (!d->address) {
        x86_operand_address(d, d->op[n].bytes, write);
    }
}

TcgVal x86_read_vec(X86Insn *d, unsigned n, TcgVal *hi)
{
    const X86Operand *o = &d->op[n];
    bool both = o->bytes == 32;
    if (o->kind != X86_OP_MEM) {
        if (hi) {
            *hi = both ? x86_get_ymmh(d, o->reg) : TCG_NONE;
        }
        return x86_get_xmm(d, o->reg);
    }
    x86_vec_address(d, n, false);
    TcgVal low = tcg_load(d->b, TCG_V128, d->address, d->address_disp, vec_mem(d, o->bytes));
    if (hi) {
        *hi = both ? tcg_load(d->b, TCG_V128, d->address, d->address_disp + 16, x86_mem(d, 16)) : TCG_NONE;
    }
    x86_emit_fp_begin(d);
    return low;
}

void x86_write_vec(X86Insn *d, unsigned n, TcgVal lo, TcgVal hi)
{
    const X86Operand *o = &d->op[n];
    if (o->kind != X86_OP_MEM) {
        x86_put_xmm(d, o->reg, lo);
        if (hi) {
            x86_put_ymmh(d, o->reg, hi);
        } else if (d->vex) {
            x86_zero_ymmh(d, o->reg);
        }
        return;
    }
    x86_vec_address(d, n, true);
    tcg_store(d->b, TCG_V128, d->address, d->address_disp, lo, vec_mem(d, o->bytes) | (hi ? TCG_MEM_PAIR : 0));
    if (hi) {
        tcg_store(d->b, TCG_V128, d->address, d->address_disp + 16, hi, x86_mem(d, 16));
    }
}

TcgVal x86_read_scalar(X86Insn *d, unsigned n, TcgType t)
{
    const X86Operand *o = &d->op[n];
    unsigned bytes = tcg_type_bytes(t);
    TcgVal v;
    if (o->kind == X86_OP_MEM) {
        x86_operand_address(d, bytes, false);
        v = tcg_load(d->b, t, d->address, d->address_disp, x86_mem(d, bytes));
        x86_emit_fp_begin(d);
        return v;
    }
    if (o->kind == X86_OP_GPR) {
        return tcg_bitcast(d->b, t, x86_get_gpr(d, o->reg, bytes));
    }
    if (o->kind == X86_OP_MMX) {
        v = tcg_get(d->b, X86_SLOT_MM + (o->reg & 7), TCG_I64);
    } else {
        tcg_emit_raw(d->b, &(TcgInsn){.op = TCG_OP_VEXTRACT, .type = TCG_I64, .arg = {x86_get_xmm(d, o->reg)}, .aux = 3}, &v);
    }
    return bytes == 4 ? tcg_bitcast(d->b, t, tcg_trunc(d->b, v)) : tcg_bitcast(d->b, t, v);
}

/* --- exceptions --- */

/* Before: the sticky flags are put aside, so that those of this instruction show. */
static void fp_begin(CpuState *cpu)
{
    X86Cpu *x = x86_cpu(cpu);
    x->sticky_saved = cpu->tcg.guest_mxcsr & 0x3f;
    cpu->tcg.guest_mxcsr &= ~0x3fu;
}
static const TcgHelper helper_fp_begin = {"x86_fp_begin", (void *)fp_begin, 0, TCG_VOID, {TCG_VOID}, {{0}}, {{0}}};

/*
 * What is found out before computing (the lower three flags) and is unmasked keeps the rest from happening (SDM 1 11.5.2, 11.5.3).
 * An unmasked underflow or overflow changes what raises flags: vec-traps.c found them out.
 */
static void fp_check(CpuState *cpu)
{
    enum { BEFORE = 7 };
    X86Cpu *x = x86_cpu(cpu);
    uint32_t enabled = ~(x->mxcsr_masks >> 7) & 0x3f, flags = cpu->tcg.guest_mxcsr & 0x3f;
    if (x->sticky_saved & X86_STICKY_EVALUATED) {
        flags = x->sticky_saved >> X86_STICKY_FLAGS_SHIFT & 0x3f;
        x->sticky_saved &= 0x3f;
    }
    uint32_t unmasked = flags & enabled;
    if (unmasked & BEFORE) {
        flags &= BEFORE;
    }
    cpu->tcg.guest_mxcsr = (cpu->tcg.guest_mxcsr & ~0x3fu) | flags | x->sticky_saved;
    if (unmasked) {
        x86_raise(x, x->cr4 & CR4_OSXMMEXCPT ? X86_EXC_XM : X86_EXC_UD);
    }
}
static const TcgHelper helper_fp_check = {"x86_fp_check", (void *)fp_check, TCG_HELPER_RAISES, TCG_VOID, {TCG_VOID}, {{0}}, {{0}}};

void x86_emit_fp_begin(X86Insn *d)
{
    if (d->flags & X86_RF_SSE_TRAPS && d->row->flags & X86_ROW_FP) {
        tcg_call(d->b, &helper_fp_begin, TCG_NONE, TCG_NONE, TCG_NONE, TCG_NONE);
    }
}

void x86_emit_fp_check(X86Insn *d)
{
    if (d->flags & X86_RF_SSE_TRAPS) {
        tcg_call(d->b, &helper_fp_check, TCG_NONE, TCG_NONE, TCG_NONE, TCG_NONE);
    }
}

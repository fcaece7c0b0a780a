/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every emit function uses: registers, memory operands, the stack, exceptions, jumps. (emit-flags.c: flags;
 * emit-vec.c: vectors.)
 *
 * Widths: a value of 8 bytes is an i64, everything narrower an i32 whose unused upper bits are zero where it was read,
 * and do not matter where it is written.
 */
#include "emit-internal.h"

/* --- helpers --- */

static void raise_fault(CpuState *cpu, uint32_t vector, uint32_t has_error, uint32_t error)
{
    if (has_error) {
        x86_raise_error(x86_cpu(cpu), (X86Exception)vector, error);
    }
    x86_raise(x86_cpu(cpu), (X86Exception)vector);
}
static const TcgHelper helper_raise = {
    "x86_raise", (void *)raise_fault,         TCG_HELPER_RAISES | TCG_HELPER_NORETURN,
    TCG_VOID,    {TCG_I32, TCG_I32, TCG_I32}, {{0}},
    {{0}}};

/* An access that the quick compare with read_end or write_end refused: SDM 3A 5.3. It may be allowed after all in an
 * expand-down segment. */
void x86_check_segment(X86Cpu *x, unsigned seg, uint64_t offset, unsigned bytes, bool write)
{
    const X86Seg *s = &x->seg[seg];
    bool code = s->attr & X86_ATTR_CODE, ok = !s->unusable && s->attr & X86_ATTR_P;
    ok = ok && (write ? !code && s->attr & X86_ATTR_RW : !code || s->attr & X86_ATTR_RW);
    if (!code && s->attr & X86_ATTR_EXPAND_DOWN) {
        ok = ok && offset > s->limit && offset + bytes - 1 <= (s->attr & X86_ATTR_DB ? 0xffffffffu : 0xffffu);
    } else {
        ok = ok && offset + bytes - 1 <= s->limit;
    }
    if (!ok) {
        x86_raise_error(x, seg == X86_SS ? X86_EXC_SS : X86_EXC_GP, 0);
    }
}
static void check_segment(CpuState *cpu, uint32_t seg, uint64_t offset, uint32_t bytes, uint32_t write)
{
    x86_check_segment(x86_cpu(cpu), seg, offset, bytes, write);
}
static const TcgHelper helper_check_segment = {"x86_check_segment", (void *)check_segment, TCG_HELPER_RAISES, TCG_VOID,
                                               {TCG_I32, TCG_I64, TCG_I32, TCG_I32}, {{X86_SLOTS_SEG, 0}}, {{0}}};

/* --- registers --- */

TcgType x86_type(unsigned bytes) { return bytes == 8 ? TCG_I64 : TCG_I32; }

static TcgVal narrow(X86Insn *d, TcgVal v, unsigned bytes)
{
    return bytes < 4 ? tcg_zext(d->b, TCG_I32, v, 8 * bytes) : v;
}

TcgVal x86_get_gpr(X86Insn *d, unsigned reg, unsigned bytes)
{
    TcgVal v = tcg_get(d->b, X86_SLOT_GPR + (reg & 15), TCG_I64);
    return bytes == 8 ? v : narrow(d, tcg_trunc(d->b, v), bytes);
}

TcgVal x86_get_gpr_high(X86Insn *d, unsigned reg)
{
    TcgVal v = tcg_trunc(d->b, tcg_get(d->b, X86_SLOT_GPR + (reg & 3), TCG_I64));
    return tcg_emit1(d->b, TCG_OP_EXTRACT, TCG_I32, v, 8 | 8 << 8);
}

static void deposit(X86Insn *d, unsigned reg, unsigned pos, unsigned len, TcgVal v)
{
    TcgVal old = tcg_get(d->b, X86_SLOT_GPR + reg, TCG_I64), result;
    tcg_emit_raw(
        d->b, &(TcgInsn){.op = TCG_OP_DEPOSIT, .type = TCG_I64, .arg = {old, tcg_extu(d->b, v)}, .imm = pos | len << 8},
        &result);
    if (result) {
        tcg_put(d->b, X86_SLOT_GPR + reg, result);
    }
}

void x86_put_gpr(X86Insn *d, unsigned reg, unsigned bytes, TcgVal v)
{
    reg &= 15;
    if (bytes == 8) {
        tcg_put(d->b, X86_SLOT_GPR + reg, v);
    } else if (bytes == 4) {
        tcg_put(d->b, X86_SLOT_GPR + reg, tcg_extu(d->b, v));
    } else {
        deposit(d, reg, 0, 8 * bytes, v);
    }
}

void x86_put_gpr_high(X86Insn *d, unsigned reg, TcgVal v) { deposit(d, reg & 3, 8, 8, v); }

/* --- addresses --- */

static TcgVal address_reg(X86Insn *d, int reg)
{
    return reg == X86_SP && d->sp ? d->sp : tcg_get(d->b, X86_SLOT_GPR + (unsigned)reg, TCG_I64);
}

/* base + index << scale in 64 bits, without the displacement; TCG_NONE: neither is there. */
static TcgVal address64(X86Insn *d)
{
    TcgVal v = TCG_NONE;
    if (d->base >= 0) {
        v = address_reg(d, d->base);
    }
    if (d->index >= 0) {
        TcgVal x =
            tcg_shl(d->b, TCG_I64, tcg_get(d->b, X86_SLOT_GPR + (unsigned)d->index, TCG_I64), x86_const(d, d->scale));
        v = v ? tcg_add(d->b, TCG_I64, v, x) : x;
    }
    return v;
}

/* The same in 32 bits with the displacement, cut to the address size. */
static TcgVal address32(X86Insn *d)
{
    TcgBuilder *b = d->b;
    TcgVal v = TCG_NONE, disp = tcg_const(b, TCG_I32, (uint32_t)d->disp);
    if (d->base >= 0) {
        v = tcg_trunc(b, address_reg(d, d->base));
    }
    if (d->index >= 0) {
        TcgVal x = tcg_trunc(b, tcg_get(b, X86_SLOT_GPR + (unsigned)d->index, TCG_I64));
        x = tcg_shl(b, TCG_I32, x, tcg_const(b, TCG_I32, d->scale));
        v = v ? tcg_add(b, TCG_I32, v, x) : x;
    }
    v = v ? tcg_add(b, TCG_I32, v, disp) : disp;
    return tcg_extu(b, narrow(d, v, d->addrsize));
}

TcgVal x86_offset(X86Insn *d)
{
    if (d->addrsize != 8) {
        return address32(d);
    }
    TcgVal v = address64(d);
    return v ? tcg_addi(d->b, TCG_I64, v, d->disp) : x86_const(d, (uint64_t)d->disp);
}

static bool is_flat(const X86Insn *d, unsigned seg)
{
    return x86_is64(d) ? seg < X86_FS : d->flags & X86_RF_FLAT && (seg == X86_DS || seg == X86_ES || seg == X86_SS);
}

TcgVal x86_seg_base(X86Insn *d, unsigned seg)
{
    if (is_flat(d, seg)) {
        return x86_const(d, 0);
    }
    return seg == X86_CS ? x86_const(d, x86_rf_cs_base(d->flags)) : tcg_get(d->b, X86_SLOT_SEG_BASE + seg, TCG_I64);
}

TcgVal x86_seg_linear(X86Insn *d, unsigned seg, TcgVal offset, unsigned bytes, bool write)
{
    TcgBuilder *b = d->b;
    if (is_flat(d, seg)) {
        return offset;
    }
    if (x86_is64(d)) {
        return tcg_add(b, TCG_I64, x86_seg_base(d, seg), offset);
    }
    TcgLabel ok = tcg_label_new(b);
    TcgVal end = tcg_get(b, (write ? X86_SLOT_SEG_WRITE : X86_SLOT_SEG_READ) + seg, TCG_I64);
    tcg_label_branch(b, ok, TCG_COND_LEU, TCG_I64, tcg_addi(b, TCG_I64, offset, bytes), end);
    tcg_call(b, &helper_check_segment, tcg_const(b, TCG_I32, seg), offset, tcg_const(b, TCG_I32, bytes),
             tcg_const(b, TCG_I32, write));
    tcg_label_bind(b, ok);
    TcgVal linear = tcg_add(b, TCG_I64, offset, x86_seg_base(d, seg));
    return tcg_extu(b, tcg_trunc(b, linear));
}

TcgVal x86_linear(X86Insn *d, unsigned bytes, bool write, int64_t *disp)
{
    *disp = 0;
    if (d->addrsize != 8) {
        return x86_seg_linear(d, (unsigned)d->seg, address32(d), bytes, write);
    }
    TcgVal v = address64(d);
    if (d->seg >= X86_FS) {
        TcgVal base = x86_seg_base(d, (unsigned)d->seg);
        v = v ? tcg_add(d->b, TCG_I64, base, v) : base;
    }
    if (!v || d->disp != (int32_t)d->disp) {
        TcgVal c = x86_const(d, (uint64_t)d->disp);
        return v ? tcg_add(d->b, TCG_I64, v, c) : c;
    }
    *disp = d->disp;
    return v;
}

TcgMem x86_mem(const X86Insn *d, unsigned bytes)
{
    return TCG_MEM((unsigned)__builtin_ctz(bytes), 0u, 0u, TCG_ALIGN_ANY, x86_rf_mode(d->flags));
}

/* --- operands --- */

void x86_operand_address(X86Insn *d, unsigned bytes, bool write)
{
    if (!d->address) {
        d->address = x86_linear(d, bytes, write, &d->address_disp);
    }
}

static TcgVal read_op(X86Insn *d, unsigned n, bool write)
{
    const X86Operand *o = &d->op[n];
    TcgType t = x86_type(o->bytes);
    switch (o->kind) {
    case X86_OP_GPR:
        return x86_get_gpr(d, o->reg, o->bytes);
    case X86_OP_GPR_HIGH:
        return x86_get_gpr_high(d, o->reg);
    case X86_OP_MEM:
        x86_operand_address(d, o->bytes, write);
        return tcg_load(d->b, t, d->address, d->address_disp, x86_mem(d, o->bytes) | (write ? X86_MEM_WILL_WRITE : 0));
    default: /* immediates */
        return tcg_const(d->b, t,
                         o->bytes < 4   ? (uint64_t)o->imm & ((1u << 8 * o->bytes) - 1)
                         : t == TCG_I32 ? (uint32_t)o->imm
                                        : (uint64_t)o->imm);
    }
}

TcgVal x86_read_op(X86Insn *d, unsigned n) { return read_op(d, n, false); }
TcgVal x86_read_op_rmw(X86Insn *d, unsigned n) { return read_op(d, n, true); }

void x86_write_op(X86Insn *d, unsigned n, TcgVal v)
{
    const X86Operand *o = &d->op[n];
    switch (o->kind) {
    case X86_OP_GPR:
        x86_put_gpr(d, o->reg, o->bytes, v);
        break;
    case X86_OP_GPR_HIGH:
        x86_put_gpr_high(d, o->reg, v);
        break;
    case X86_OP_MEM:
        x86_operand_address(d, o->bytes, true);
        tcg_store(d->b, x86_type(o->bytes), d->address, d->address_disp, v, x86_mem(d, o->bytes));
        break;
    default:
        break;
    }
}

/* --- exceptions --- */

static void emit_raise(X86Insn *d, X86Exception vector, bool has_error, uint32_t error)
{
    tcg_call(d->b, &helper_raise, tcg_const(d->b, TCG_I32, vector), tcg_const(d->b, TCG_I32, has_error),
             tcg_const(d->b, TCG_I32, error), TCG_NONE);
}

void x86_emit_raise(X86Insn *d, X86Exception vector) { emit_raise(d, vector, false, 0); }
void x86_emit_raise_error(X86Insn *d, X86Exception vector, uint32_t error_code)
{
    emit_raise(d, vector, true, error_code);
}

void x86_emit_raise_if(X86Insn *d, X86Exception vector, bool has_error, TcgCond cond, TcgType t, TcgVal a, TcgVal c)
{
    TcgLabel ok = tcg_label_new(d->b);
    tcg_label_branch(d->b, ok, tcg_cond_invert(cond), t, a, c);
    emit_raise(d, vector, has_error, 0);
    tcg_label_bind(d->b, ok);
}

/* --- near jumps --- */

uint64_t x86_target_pc(const X86Insn *d)
{
    uint64_t base = x86_rf_cs_base(d->flags), eip = x86_next_eip(d) + (uint64_t)d->op[0].imm;
    if (x86_is64(d)) {
        return eip;
    }
    eip = d->opsize == 2 ? (uint16_t)eip : (uint32_t)eip;
    return (uint32_t)(base + eip);
}

void x86_emit_jump(X86Insn *d, uint64_t linear, TcgEdge edge)
{
    if (d->flags & X86_RF_TF) {
        tcg_exit(d->b, (TcgReason)X86_REASON_STEP, linear);
    } else {
        tcg_goto(d->b, linear, edge, edge == TCG_EDGE_CALL ? x86_next_pc(d) : 0);
    }
}

void x86_emit_jump_indirect(X86Insn *d, TcgVal eip, TcgEdge edge)
{
    TcgBuilder *b = d->b;
    TcgVal linear = eip;
    if (!x86_is64(d) && x86_rf_cs_base(d->flags)) {
        linear = tcg_extu(b, tcg_trunc(b, tcg_addi(b, TCG_I64, eip, (int64_t)x86_rf_cs_base(d->flags))));
    }
    if (d->flags & X86_RF_TF) {
        tcg_put(b, X86_SLOT_PC, linear);
        x86_emit_leave_pc(d);
    } else {
        tcg_goto_indirect(b, linear, edge, edge == TCG_EDGE_CALL ? x86_next_pc(d) : 0);
    }
}

/* --- the stack --- */

static TcgVal stack_offset(X86Insn *d, TcgVal sp)
{
    TcgVal low = tcg_trunc(d->b, sp);
    return x86_is64(d) ? sp : tcg_extu(d->b, x86_stack_bytes(d) == 2 ? tcg_zext(d->b, TCG_I32, low, 16) : low);
}

void x86_put_sp(X86Insn *d, TcgVal sp)
{
    if (x86_stack_bytes(d) != 2) {
        tcg_put(d->b, X86_SLOT_GPR + X86_SP, sp);
    } else {
        deposit(d, X86_SP, 0, 16, tcg_trunc(d->b, sp));
    }
}

TcgVal x86_add_sp(X86Insn *d, TcgVal sp, int64_t n) { return stack_offset(d, tcg_addi(d->b, TCG_I64, sp, n)); }

void x86_emit_push_at(X86Insn *d, TcgVal sp, unsigned bytes, TcgVal v)
{
    tcg_store(d->b, x86_type(bytes), x86_seg_linear(d, X86_SS, sp, bytes, true), 0, v, x86_mem(d, bytes));
}

void x86_emit_push(X86Insn *d, unsigned bytes, TcgVal v)
{
    TcgVal sp = x86_add_sp(d, tcg_get(d->b, X86_SLOT_GPR + X86_SP, TCG_I64), -(int64_t)bytes);
    x86_emit_push_at(d, sp, bytes, v);
    x86_put_sp(d, sp);
}

TcgVal x86_emit_pop(X86Insn *d, unsigned bytes, TcgVal *new_sp)
{
    TcgVal sp = tcg_get(d->b, X86_SLOT_GPR + X86_SP, TCG_I64), at = stack_offset(d, sp);
    TcgVal v = tcg_load(d->b, x86_type(bytes), x86_seg_linear(d, X86_SS, at, bytes, false), 0, x86_mem(d, bytes));
    *new_sp = x86_add_sp(d, sp, bytes);
    return v;
}

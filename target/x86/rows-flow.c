/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Near control flow, and instructions about flags: jumps, calls, returns, LOOP, JCXZ; PUSHF, POPF, LAHF, SAHF, CLC and
 * its like.
 */
#include "emit-internal.h"

/* --- jumps --- */

/* Goes to the REL operand's target where cond(a, c). */
static void branch(X86Insn *d, TcgCond cond, TcgType t, TcgVal a, TcgVal c)
{
    uint64_t target = x86_target_pc(d);
    if (d->flags & X86_RF_TF) {
        TcgLabel no = tcg_label_new(d->b);
        tcg_label_branch(d->b, no, tcg_cond_invert(cond), t, a, c);
        x86_emit_jump(d, target, TCG_EDGE_JUMP);
        tcg_label_bind(d->b, no);
    } else {
        tcg_branch(d->b, cond, t, a, c, target);
    }
}

static void emit_jcc(X86Insn *d)
{
    if (d->flags & X86_RF_TF) {
        branch(d, TCG_COND_NE, TCG_I64, x86_flagtest(d, x86_cond(d)), x86_const(d, 0));
    } else {
        tcg_branch_flags(d->b, x86_cond(d), x86_get_flags(d), x86_target_pc(d));
    }
}

/* A 32-bit target out of a 16-bit code segment, whose limit it mostly is beyond: #GP(0). CS.read_end is the limit where
 * it is readable. */
static void check_eip(CpuState *cpu, uint64_t eip)
{
    X86Cpu *x = x86_cpu(cpu);
    if (eip > x->seg[X86_CS].limit) {
        x86_raise_error(x, X86_EXC_GP, 0);
    }
}
static const TcgHelper helper_check_eip = {
    "x86_check_eip", (void *)check_eip, TCG_HELPER_RAISES, TCG_VOID, {TCG_I64}, {{X86_SLOTS_SEG, 0}}, {{0}}};

/* Before anything of the instruction is put or stored. */
static void emit_check_eip(X86Insn *d, TcgVal eip)
{
    if (d->flags & (X86_RF_CS32 | X86_RF_CS64) || d->opsize != 4) {
        return;
    }
    TcgLabel ok = tcg_label_new(d->b);
    tcg_label_branch(d->b, ok, TCG_COND_LTU, TCG_I64, eip, tcg_get(d->b, X86_SLOT_SEG_READ + X86_CS, TCG_I64));
    tcg_call(d->b, &helper_check_eip, eip, TCG_NONE, TCG_NONE, TCG_NONE);
    tcg_label_bind(d->b, ok);
}

static void check_target(X86Insn *d)
{
    uint64_t eip = (uint32_t)(x86_next_eip(d) + (uint64_t)d->op[0].imm);
    if (eip > 0xffff) {
        emit_check_eip(d, x86_const(d, eip));
    }
}

static void emit_jmp(X86Insn *d)
{
    check_target(d);
    x86_emit_jump(d, x86_target_pc(d), TCG_EDGE_JUMP);
}

/* The return address is stored before the target is checked. Returns what rSP becomes. */
static TcgVal push_return(X86Insn *d)
{
    TcgVal sp = x86_add_sp(d, tcg_get(d->b, X86_SLOT_GPR + X86_SP, TCG_I64), -(int64_t)d->opsize);
    x86_emit_push_at(d, sp, d->opsize, x86_konst(d, d->opsize, x86_next_eip(d)));
    return sp;
}

static void emit_call(X86Insn *d)
{
    TcgVal sp = push_return(d);
    check_target(d);
    x86_put_sp(d, sp);
    x86_emit_jump(d, x86_target_pc(d), TCG_EDGE_CALL);
}

static TcgVal to_eip(X86Insn *d, TcgVal v)
{
    return d->opsize == 8 ? v : tcg_extu(d->b, d->opsize == 2 ? tcg_zext(d->b, TCG_I32, v, 16) : v);
}

static void emit_jmp_indirect(X86Insn *d)
{
    TcgVal eip = to_eip(d, x86_read_op(d, 0));
    emit_check_eip(d, eip);
    x86_emit_jump_indirect(d, eip, TCG_EDGE_JUMP);
}

static void emit_call_indirect(X86Insn *d)
{
    TcgVal eip = to_eip(d, x86_read_op(d, 0));
    TcgVal sp = push_return(d);
    emit_check_eip(d, eip);
    x86_put_sp(d, sp);
    x86_emit_jump_indirect(d, eip, TCG_EDGE_CALL);
}

static void emit_ret(X86Insn *d)
{
    TcgVal sp, eip = to_eip(d, x86_emit_pop(d, d->opsize, &sp));
    emit_check_eip(d, eip);
    x86_put_sp(d, d->op_count ? x86_add_sp(d, sp, d->op[0].imm) : sp);
    x86_emit_jump_indirect(d, eip, TCG_EDGE_RETURN);
}

static TcgVal get_count(X86Insn *d, TcgVal *wide)
{
    *wide = tcg_get(d->b, X86_SLOT_GPR + X86_CX, TCG_I64);
    return d->addrsize == 8 ? *wide : tcg_zext(d->b, TCG_I64, *wide, 8 * d->addrsize);
}

static void emit_jcxz(X86Insn *d)
{
    TcgVal wide, count = get_count(d, &wide);
    branch(d, TCG_COND_EQ, TCG_I64, count, x86_const(d, 0));
}

enum { LOOPNE, LOOPE, LOOP };

static void emit_loop(X86Insn *d)
{
    TcgVal left = tcg_addi(d->b, x86_type(d->addrsize), x86_get_gpr(d, X86_CX, d->addrsize), -1);
    TcgVal wide, count, zero = x86_const(d, 0);
    x86_put_gpr(d, X86_CX, d->addrsize, left);
    count = get_count(d, &wide);
    if (d->row->arg == LOOP) {
        branch(d, TCG_COND_NE, TCG_I64, count, zero);
        return;
    }
    TcgVal more = tcg_setcond(d->b, TCG_COND_NE, TCG_I64, count, zero);
    TcgVal go = x86_flagtest(d, d->row->arg == LOOPE ? TCG_FC_E : TCG_FC_NE);
    branch(d, TCG_COND_NE, TCG_I64, tcg_and(d->b, TCG_I64, more, go), zero);
}

/* --- flags --- */

static void put_status(X86Insn *d, uint64_t clear, TcgVal set)
{
    TcgVal v = x86_get_flag_bits(d, EFL_STATUS & ~clear);
    x86_put_flags_packed(d, set ? tcg_or(d->b, TCG_I64, v, set) : v);
}

static void emit_clc(X86Insn *d) { put_status(d, EFL_CF, TCG_NONE); }
static void emit_stc(X86Insn *d) { put_status(d, EFL_CF, x86_const(d, EFL_CF)); }
static void emit_cmc(X86Insn *d)
{
    x86_put_flags_packed(d, tcg_xor(d->b, TCG_I64, x86_get_flags_packed(d), x86_const(d, EFL_CF)));
}
static void emit_cld(X86Insn *d) { tcg_put(d->b, X86_SLOT_DF, x86_const(d, d->row->arg ? UINT64_MAX : 1)); }

enum { AH_FLAGS = EFL_CF | EFL_PF | EFL_AF | EFL_ZF | EFL_SF };

static void emit_lahf(X86Insn *d)
{
    TcgVal v = x86_get_flag_bits(d, AH_FLAGS);
    x86_put_gpr_high(d, X86_AX, tcg_trunc(d->b, tcg_or(d->b, TCG_I64, v, x86_const(d, EFL_FIXED))));
}

static void emit_sahf(X86Insn *d)
{
    TcgVal ah = tcg_extu(d->b, x86_get_gpr_high(d, X86_AX));
    put_status(d, AH_FLAGS, tcg_and(d->b, TCG_I64, ah, x86_const(d, AH_FLAGS)));
}

/* PUSHF in virtual-8086 mode with IOPL below 3: SDM 3B 20.2.7, 20.3. */
static uint64_t pushf_v86(CpuState *cpu, uint32_t bytes)
{
    X86Cpu *x = x86_cpu(cpu);
    uint32_t f = x86_get_eflags(x);
    if (!(x->cr4 & CR4_VME) || bytes != 2) {
        x86_raise_error(x, X86_EXC_GP, 0);
    }
    return (f & ~(uint32_t)EFL_IF) | EFL_IOPL | (f & EFL_VIF ? EFL_IF : 0);
}
static const TcgHelper helper_pushf_v86 = {
    "x86_pushf_v86", (void *)pushf_v86, TCG_HELPER_RAISES, TCG_I64, {TCG_I32}, {{X86_SLOTS_EFL, 0}}, {{0}}};

static bool v86_restricted(const X86Insn *d) { return d->flags & X86_RF_VM && !(d->flags & X86_RF_IOPL); }

static void emit_pushf(X86Insn *d)
{
    TcgBuilder *b = d->b;
    TcgVal v;
    if (v86_restricted(d)) {
        v = tcg_call(b, &helper_pushf_v86, x86_const32(d, d->opsize), TCG_NONE, TCG_NONE, TCG_NONE);
    } else {
        v = tcg_and(b, TCG_I64, tcg_get(b, X86_SLOT_EFLAGS, TCG_I64), x86_const(d, ~(uint64_t)(EFL_VM | EFL_RF)));
        v = tcg_or(b, TCG_I64, v,
                   tcg_and(b, TCG_I64, tcg_get(b, X86_SLOT_DF, TCG_I64), x86_const(d, EFL_DF))); /* +1 or -1 */
        v = tcg_or(b, TCG_I64, v, x86_get_flags_packed(d));
    }
    x86_emit_push(d, d->opsize, d->opsize == 8 ? v : tcg_trunc(b, v));
}

/* POPF (SDM 2B): what may change depends on CPL and IOPL. */
static void popf(CpuState *cpu, uint64_t v, uint32_t bytes)
{
    X86Cpu *x = x86_cpu(cpu);
    uint32_t old = x86_get_eflags(x), iopl = old >> 12 & 3;
    uint32_t may = EFL_STATUS | EFL_TF | EFL_DF | EFL_NT | EFL_AC | EFL_ID;
    if (x->eflags & EFL_VM && iopl < 3) {
        if (!(x->cr4 & CR4_VME) || bytes != 2 || v & EFL_TF || (v & EFL_IF && old & EFL_VIP)) {
            x86_raise_error(x, X86_EXC_GP, 0);
        }
        may = (may & 0xffff) | EFL_VIF;
        v = (v & 0xffff & ~(uint64_t)EFL_VIF) | (v & EFL_IF ? EFL_VIF : 0);
        x86_set_eflags(x, (old & ~may) | ((uint32_t)v & may));
        return;
    }
    if (x->cpl <= iopl) {
        may |= EFL_IF;
    }
    if (x->cpl == 0) {
        may |= EFL_IOPL;
    }
    if (bytes == 2) {
        may &= 0xffff;
    } else {
        old &= ~(uint32_t)EFL_RF;
    }
    x86_set_eflags(x, (old & ~may) | ((uint32_t)v & may));
}
static const TcgHelper helper_popf = {"x86_popf",         (void *)popf,         TCG_HELPER_RAISES,   TCG_VOID,
                                      {TCG_I64, TCG_I32}, {{X86_SLOTS_EFL, 0}}, {{X86_SLOTS_EFL, 0}}};

static void emit_popf(X86Insn *d)
{
    TcgVal sp, v = x86_emit_pop(d, d->opsize, &sp);
    tcg_call(d->b, &helper_popf, d->opsize == 8 ? v : tcg_extu(d->b, v), x86_const32(d, d->opsize), TCG_NONE, TCG_NONE);
    x86_put_sp(d, sp);
}

/* Not in the manual, but in every processor: AL is all copies of CF. */
static void emit_salc(X86Insn *d)
{
    x86_put_gpr(d, X86_AX, 1, tcg_neg(d->b, TCG_I32, tcg_trunc(d->b, x86_get_carry(d))));
}

#define ROW(name_, pattern_, operands_, emit_, ...) \
    { \
        .name = name_, .pattern = pattern_, .operands = operands_, .emit = emit_, __VA_ARGS__ \
    }
#define JCC(cc_, digit_) \
    ROW("j" cc_, "7" digit_, "Jb", emit_jcc, .flags = X86_ROW_F64, .scan = SCAN_BRANCH), \
        ROW("j" cc_, "0F 8" digit_, "Jz", emit_jcc, .flags = X86_ROW_F64, .scan = SCAN_BRANCH)
#define LOOPS(name_, pattern_, emit_, arg_) \
    ROW(name_, pattern_, "Jb", emit_, .arg = arg_, .flags = X86_ROW_F64, .scan = SCAN_BRANCH)

static const X86Row rows[] = {
    JCC("o", "0"),
    JCC("no", "1"),
    JCC("b", "2"),
    JCC("ae", "3"),
    JCC("e", "4"),
    JCC("ne", "5"),
    JCC("be", "6"),
    JCC("a", "7"),
    JCC("s", "8"),
    JCC("ns", "9"),
    JCC("p", "A"),
    JCC("np", "B"),
    JCC("l", "C"),
    JCC("ge", "D"),
    JCC("le", "E"),
    JCC("g", "F"),
    ROW("jmp", "EB", "Jb", emit_jmp, .flags = X86_ROW_F64, .scan = SCAN_JUMP),
    ROW("jmp", "E9", "Jz", emit_jmp, .flags = X86_ROW_F64, .scan = SCAN_JUMP),
    ROW("call", "E8", "Jz", emit_call, .flags = X86_ROW_F64, .scan = SCAN_CALL),
    ROW("jmp", "FF /4", "Ev", emit_jmp_indirect, .flags = X86_ROW_F64, .scan = SCAN_STOP),
    ROW("call", "FF /2", "Ev", emit_call_indirect, .flags = X86_ROW_F64, .scan = SCAN_STOP),
    ROW("ret", "C3", "", emit_ret, .flags = X86_ROW_F64, .scan = SCAN_STOP),
    ROW("ret", "C2", "Iw", emit_ret, .flags = X86_ROW_F64, .scan = SCAN_STOP),
    LOOPS("loopne", "E0", emit_loop, LOOPNE),
    LOOPS("loope", "E1", emit_loop, LOOPE),
    LOOPS("loop", "E2", emit_loop, LOOP),
    LOOPS("jcxz", "E3", emit_jcxz, 0),

    ROW("clc", "F8", "", emit_clc),
    ROW("stc", "F9", "", emit_stc),
    ROW("cmc", "F5", "", emit_cmc),
    ROW("salc", "D6", "", emit_salc, .flags = X86_ROW_I64),
    ROW("cld", "FC", "", emit_cld, .arg = 0),
    ROW("std", "FD", "", emit_cld, .arg = 1),
    ROW("lahf", "9F", "", emit_lahf, .flags = X86_ROW_I64),
    ROW("lahf", "9F", "", emit_lahf, .flags = X86_ROW_O64, X86_NEEDS(LAHF)),
    ROW("sahf", "9E", "", emit_sahf, .flags = X86_ROW_I64),
    ROW("sahf", "9E", "", emit_sahf, .flags = X86_ROW_O64, X86_NEEDS(LAHF)),
    ROW("pushf", "9C", "", emit_pushf, .flags = X86_ROW_D64),
    ROW("popf", "9D", "", emit_popf, .flags = X86_ROW_D64 | X86_ROW_ENDS),
};
const X86RowGroup x86_rows_flow = X86_GROUP(rows);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Integer arithmetic and logic: the eight operations of opcodes 00-3F and 80-83, TEST, INC, DEC, NEG, NOT, XADD,
 * CMPXCHG.
 *
 * With LOCK each is one atomic operation on memory. Where there is none (NEG), a compare-and-exchange tries, and
 * the instruction starts again where another CPU was faster.
 */
#include "emit-internal.h"

enum { ALU_ADD, ALU_OR, ALU_ADC, ALU_SBB, ALU_AND, ALU_SUB, ALU_XOR, ALU_CMP };

static TcgVal carry_in(X86Insn *d, TcgType t)
{
    TcgVal c = x86_get_carry(d);
    return t == TCG_I64 ? c : tcg_trunc(d->b, c);
}

/* The result of @op; with carry where it takes one. */
static TcgVal compute(X86Insn *d, unsigned op, TcgType t, TcgVal a, TcgVal c, TcgVal carry)
{
    TcgBuilder *b = d->b;
    switch (op) {
    case ALU_ADD: return tcg_add(b, t, a, c);
    case ALU_OR: return tcg_or(b, t, a, c);
    case ALU_ADC: return tcg_add(b, t, tcg_add(b, t, a, c), carry);
    case ALU_SBB: return tcg_sub(b, t, tcg_sub(b, t, a, c), carry);
    case ALU_AND: return tcg_and(b, t, a, c);
    case ALU_XOR: return tcg_xor(b, t, a, c);
    default: return tcg_sub(b, t, a, c);
    }
}

static void put_alu_flags(X86Insn *d, unsigned op, unsigned bytes, TcgVal a, TcgVal c, TcgVal carry, TcgVal result)
{
    static const uint8_t kinds[] = {TCG_FK_ADD,   TCG_FK_LOGIC, TCG_FK_ADC,   TCG_FK_SBB,
                                    TCG_FK_LOGIC, TCG_FK_SUB,   TCG_FK_LOGIC, TCG_FK_SUB};
    TcgFlagsKind kind = (TcgFlagsKind)kinds[op];
    if (kind == TCG_FK_LOGIC) {
        x86_put_flags(d, kind, bytes, result, TCG_NONE, TCG_NONE);
    } else {
        x86_put_flags(d, kind, bytes, a, c, carry);
    }
}

static TcgVal full_address(X86Insn *d, unsigned bytes)
{
    x86_operand_address(d, bytes, true);
    return tcg_addi(d->b, TCG_I64, d->address, d->address_disp);
}

static void emit_locked(X86Insn *d, unsigned op, TcgVal c)
{
    static const uint8_t rmw[] = {TCG_RMW_ADD, TCG_RMW_OR,  TCG_RMW_ADD, TCG_RMW_ADD,
                                  TCG_RMW_AND, TCG_RMW_ADD, TCG_RMW_XOR};
    unsigned bytes = d->op[0].bytes;
    TcgType t = x86_type(bytes);
    TcgVal carry = op == ALU_ADC || op == ALU_SBB ? carry_in(d, t) : TCG_NONE, by = c;
    if (op == ALU_ADC) {
        by = tcg_add(d->b, t, c, carry);
    } else if (op == ALU_SBB) {
        by = tcg_neg(d->b, t, tcg_add(d->b, t, c, carry));
    } else if (op == ALU_SUB) {
        by = tcg_neg(d->b, t, c);
    }
    TcgVal old = tcg_atomic(d->b, (TcgRmw)rmw[op], t, full_address(d, bytes), by, x86_mem(d, bytes));
    put_alu_flags(d, op, bytes, old, c, carry, compute(d, op, t, old, c, carry));
}

static void emit_alu(X86Insn *d)
{
    unsigned op = d->row->arg, bytes = d->op[0].bytes;
    TcgType t = x86_type(bytes);
    if (d->lock) {
        emit_locked(d, op, x86_read_op(d, 1));
        return;
    }
    TcgVal a = op == ALU_CMP ? x86_read_op(d, 0) : x86_read_op_rmw(d, 0), c = x86_read_op(d, 1);
    TcgVal carry = op == ALU_ADC || op == ALU_SBB ? carry_in(d, t) : TCG_NONE;
    TcgVal result = op == ALU_CMP ? TCG_NONE : compute(d, op, t, a, c, carry);
    if (op != ALU_CMP) {
        x86_write_op(d, 0, result);
    }
    put_alu_flags(d, op, bytes, a, c, carry, result);
}

static void emit_test(X86Insn *d)
{
    unsigned bytes = d->op[0].bytes;
    TcgVal r = tcg_and(d->b, x86_type(bytes), x86_read_op(d, 0), x86_read_op(d, 1));
    x86_put_flags(d, TCG_FK_LOGIC, bytes, r, TCG_NONE, TCG_NONE);
}

static void emit_incdec(X86Insn *d)
{
    unsigned bytes = d->op[0].bytes;
    TcgType t = x86_type(bytes);
    bool dec = d->row->arg;
    TcgVal carry = carry_in(d, t), by = x86_konst(d, bytes, dec ? UINT64_MAX : 1), a;
    if (d->lock) {
        a = tcg_atomic(d->b, TCG_RMW_ADD, t, full_address(d, bytes), by, x86_mem(d, bytes));
    } else {
        a = x86_read_op_rmw(d, 0);
        x86_write_op(d, 0, tcg_add(d->b, t, a, by));
    }
    x86_put_flags(d, dec ? TCG_FK_DEC : TCG_FK_INC, bytes, a, TCG_NONE, carry);
}

static void emit_not(X86Insn *d)
{
    unsigned bytes = d->op[0].bytes;
    TcgType t = x86_type(bytes);
    if (d->lock) {
        tcg_atomic(d->b, TCG_RMW_XOR, t, full_address(d, bytes), x86_konst(d, bytes, UINT64_MAX), x86_mem(d, bytes));
    } else {
        x86_write_op(d, 0, tcg_not(d->b, t, x86_read_op_rmw(d, 0)));
    }
}

/* Stores @v where @old still stands, else starts the instruction again. */
static void store_or_restart(X86Insn *d, TcgType t, unsigned bytes, TcgVal old, TcgVal v)
{
    TcgVal seen = tcg_cmpxchg(d->b, t, full_address(d, bytes), old, v, x86_mem(d, bytes));
    TcgLabel done = tcg_label_new(d->b);
    tcg_label_branch(d->b, done, TCG_COND_EQ, t, seen, old);
    tcg_exit(d->b, TCG_REASON_NONE, d->pc);
    tcg_label_bind(d->b, done);
}

static void emit_neg(X86Insn *d)
{
    unsigned bytes = d->op[0].bytes;
    TcgType t = x86_type(bytes);
    TcgVal a = x86_read_op_rmw(d, 0), r = tcg_neg(d->b, t, a);
    if (d->lock) {
        store_or_restart(d, t, bytes, a, r);
    } else {
        x86_write_op(d, 0, r);
    }
    x86_put_flags(d, TCG_FK_NEG, bytes, a, TCG_NONE, TCG_NONE);
}

static void emit_xadd(X86Insn *d)
{
    unsigned bytes = d->op[0].bytes;
    TcgType t = x86_type(bytes);
    TcgVal c = x86_read_op(d, 1), a;
    if (d->lock) {
        a = tcg_atomic(d->b, TCG_RMW_ADD, t, full_address(d, bytes), c, x86_mem(d, bytes));
        x86_write_op(d, 1, a);
    } else {
        a = x86_read_op_rmw(d, 0);
        TcgVal sum = tcg_add(d->b, t, a, c);
        if (d->op[0].kind == X86_OP_MEM) {
            x86_write_op(d, 0, sum);
            x86_write_op(d, 1, a);
        } else {
            x86_write_op(d, 1, a);
            x86_write_op(d, 0, sum); /* wins where both are the same register */
        }
    }
    x86_put_flags(d, TCG_FK_ADD, bytes, a, c, TCG_NONE);
}

/* The accumulator becomes @old where it was not equal; where it was, nothing of RAX changes, not even the upper half.
 */
static void put_accumulator(X86Insn *d, unsigned bytes, TcgVal acc, TcgVal old)
{
    TcgType t = x86_type(bytes);
    if (bytes == 4) {
        TcgVal rax = x86_get_gpr(d, X86_AX, 8);
        x86_put_gpr(d, X86_AX, 8, tcg_select(d->b, TCG_I64, TCG_COND_EQ, t, acc, old, rax, tcg_extu(d->b, old)));
    } else {
        x86_put_gpr(d, X86_AX, bytes, old); /* equal: the same value */
    }
}

static void emit_cmpxchg(X86Insn *d)
{
    unsigned bytes = d->op[0].bytes;
    TcgType t = x86_type(bytes);
    TcgVal acc = x86_get_gpr(d, X86_AX, bytes), c = x86_read_op(d, 1), old;
    if (d->lock) {
        old = tcg_cmpxchg(d->b, t, full_address(d, bytes), acc, c, x86_mem(d, bytes));
        put_accumulator(d, bytes, acc, old);
    } else {
        old = x86_read_op_rmw(d, 0);
        TcgVal v = tcg_select(d->b, t, TCG_COND_EQ, t, acc, old, c, old);
        if (d->op[0].kind == X86_OP_MEM) {
            x86_write_op(d, 0, v);
            put_accumulator(d, bytes, acc, old);
        } else if (bytes == 4) { /* unequal: all of the destination stays */
            TcgVal all = x86_get_gpr(d, d->op[0].reg, 8);
            put_accumulator(d, bytes, acc, old);
            x86_put_gpr(d, d->op[0].reg, 8,
                        tcg_select(d->b, TCG_I64, TCG_COND_EQ, t, acc, old, tcg_extu(d->b, c), all));
        } else {
            put_accumulator(d, bytes, acc, old);
            x86_write_op(d, 0, v);
        }
    }
    x86_put_flags(d, TCG_FK_SUB, bytes, acc, old, TCG_NONE);
}

#define ALU(name_, base_, op_) \
    {.name = name_, \
     .pattern = base_ "0 /r", \
     .operands = "Eb,Gb", \
     .emit = emit_alu, \
     .arg = op_, \
     .flags = X86_ROW_LOCK}, \
        {.name = name_, \
         .pattern = base_ "1 /r", \
         .operands = "Ev,Gv", \
         .emit = emit_alu, \
         .arg = op_, \
         .flags = X86_ROW_LOCK}, \
        {.name = name_, .pattern = base_ "2 /r", .operands = "Gb,Eb", .emit = emit_alu, .arg = op_}, \
        {.name = name_, .pattern = base_ "3 /r", .operands = "Gv,Ev", .emit = emit_alu, .arg = op_}, \
        {.name = name_, .pattern = base_ "4", .operands = "AL,Ib", .emit = emit_alu, .arg = op_}, \
    { \
        .name = name_, .pattern = base_ "5", .operands = "rAX,Iz", .emit = emit_alu, .arg = op_ \
    }
#define ALU8(name_, base_, op_) \
    {.name = name_, \
     .pattern = base_ "8 /r", \
     .operands = "Eb,Gb", \
     .emit = emit_alu, \
     .arg = op_, \
     .flags = (op_) == ALU_CMP ? 0 : X86_ROW_LOCK}, \
        {.name = name_, \
         .pattern = base_ "9 /r", \
         .operands = "Ev,Gv", \
         .emit = emit_alu, \
         .arg = op_, \
         .flags = (op_) == ALU_CMP ? 0 : X86_ROW_LOCK}, \
        {.name = name_, .pattern = base_ "A /r", .operands = "Gb,Eb", .emit = emit_alu, .arg = op_}, \
        {.name = name_, .pattern = base_ "B /r", .operands = "Gv,Ev", .emit = emit_alu, .arg = op_}, \
        {.name = name_, .pattern = base_ "C", .operands = "AL,Ib", .emit = emit_alu, .arg = op_}, \
    { \
        .name = name_, .pattern = base_ "D", .operands = "rAX,Iz", .emit = emit_alu, .arg = op_ \
    }
#define GROUP1(name_, digit_, op_) \
    {.name = name_, \
     .pattern = "80 " digit_, \
     .operands = "Eb,Ib", \
     .emit = emit_alu, \
     .arg = op_, \
     .flags = (op_) == ALU_CMP ? 0 : X86_ROW_LOCK}, \
        {.name = name_, \
         .pattern = "81 " digit_, \
         .operands = "Ev,Iz", \
         .emit = emit_alu, \
         .arg = op_, \
         .flags = (op_) == ALU_CMP ? 0 : X86_ROW_LOCK}, \
        {.name = name_, \
         .pattern = "82 " digit_, \
         .operands = "Eb,Ib", \
         .emit = emit_alu, \
         .arg = op_, \
         .flags = X86_ROW_I64 | ((op_) == ALU_CMP ? 0 : X86_ROW_LOCK)}, \
    { \
        .name = name_, .pattern = "83 " digit_, .operands = "Ev,Ibs", .emit = emit_alu, .arg = op_, \
        .flags = (op_) == ALU_CMP ? 0 : X86_ROW_LOCK \
    }

static const X86Row rows[] = {
    ALU("add", "0", ALU_ADD),
    ALU8("or", "0", ALU_OR),
    ALU("adc", "1", ALU_ADC),
    ALU8("sbb", "1", ALU_SBB),
    ALU("and", "2", ALU_AND),
    ALU8("sub", "2", ALU_SUB),
    ALU("xor", "3", ALU_XOR),
    ALU8("cmp", "3", ALU_CMP),
    GROUP1("add", "/0", ALU_ADD),
    GROUP1("or", "/1", ALU_OR),
    GROUP1("adc", "/2", ALU_ADC),
    GROUP1("sbb", "/3", ALU_SBB),
    GROUP1("and", "/4", ALU_AND),
    GROUP1("sub", "/5", ALU_SUB),
    GROUP1("xor", "/6", ALU_XOR),
    GROUP1("cmp", "/7", ALU_CMP),
    {.name = "test", .pattern = "84 /r", .operands = "Eb,Gb", .emit = emit_test},
    {.name = "test", .pattern = "85 /r", .operands = "Ev,Gv", .emit = emit_test},
    {.name = "test", .pattern = "A8", .operands = "AL,Ib", .emit = emit_test},
    {.name = "test", .pattern = "A9", .operands = "rAX,Iz", .emit = emit_test},
    {.name = "test", .pattern = "F6 /0", .operands = "Eb,Ib", .emit = emit_test},
    {.name = "test", .pattern = "F6 /1", .operands = "Eb,Ib", .emit = emit_test},
    {.name = "test", .pattern = "F7 /0", .operands = "Ev,Iz", .emit = emit_test},
    {.name = "test", .pattern = "F7 /1", .operands = "Ev,Iz", .emit = emit_test},
    {.name = "inc", .pattern = "40 +r", .operands = "Zv", .emit = emit_incdec, .arg = 0, .flags = X86_ROW_I64},
    {.name = "dec", .pattern = "48 +r", .operands = "Zv", .emit = emit_incdec, .arg = 1, .flags = X86_ROW_I64},
    {.name = "inc", .pattern = "FE /0", .operands = "Eb", .emit = emit_incdec, .arg = 0, .flags = X86_ROW_LOCK},
    {.name = "dec", .pattern = "FE /1", .operands = "Eb", .emit = emit_incdec, .arg = 1, .flags = X86_ROW_LOCK},
    {.name = "inc", .pattern = "FF /0", .operands = "Ev", .emit = emit_incdec, .arg = 0, .flags = X86_ROW_LOCK},
    {.name = "dec", .pattern = "FF /1", .operands = "Ev", .emit = emit_incdec, .arg = 1, .flags = X86_ROW_LOCK},
    {.name = "not", .pattern = "F6 /2", .operands = "Eb", .emit = emit_not, .flags = X86_ROW_LOCK},
    {.name = "not", .pattern = "F7 /2", .operands = "Ev", .emit = emit_not, .flags = X86_ROW_LOCK},
    {.name = "neg", .pattern = "F6 /3", .operands = "Eb", .emit = emit_neg, .flags = X86_ROW_LOCK},
    {.name = "neg", .pattern = "F7 /3", .operands = "Ev", .emit = emit_neg, .flags = X86_ROW_LOCK},
    {.name = "xadd", .pattern = "0F C0 /r", .operands = "Eb,Gb", .emit = emit_xadd, .flags = X86_ROW_LOCK},
    {.name = "xadd", .pattern = "0F C1 /r", .operands = "Ev,Gv", .emit = emit_xadd, .flags = X86_ROW_LOCK},
    {.name = "cmpxchg", .pattern = "0F B0 /r", .operands = "Eb,Gb", .emit = emit_cmpxchg, .flags = X86_ROW_LOCK},
    {.name = "cmpxchg", .pattern = "0F B1 /r", .operands = "Ev,Gv", .emit = emit_cmpxchg, .flags = X86_ROW_LOCK},
};
const X86RowGroup x86_rows_alu = X86_GROUP(rows);

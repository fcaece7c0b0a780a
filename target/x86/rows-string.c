/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * String instructions, and IN and OUT. Without a repeat prefix they are loads and stores like others; with one a helper
 * works, and where it stops before the end the instruction starts again.
 */
#include "emit-internal.h"
#include "repeat.h"

/* rSI or rDI as offset, and moved on by one element. */
static TcgVal offset_of(X86Insn *d, unsigned reg)
{
    TcgVal v = tcg_get(d->b, X86_SLOT_GPR + reg, TCG_I64);
    return d->addrsize == 8 ? v : tcg_zext(d->b, TCG_I64, v, 8 * d->addrsize);
}

static void move_on(X86Insn *d, unsigned reg, unsigned bytes)
{
    TcgVal by = tcg_get(d->b, X86_SLOT_DF, TCG_I64);
    by = tcg_shl(d->b, TCG_I64, by, x86_const(d, (unsigned)__builtin_ctz(bytes)));
    TcgVal v = tcg_add(d->b, TCG_I64, tcg_get(d->b, X86_SLOT_GPR + reg, TCG_I64), by);
    x86_put_gpr(d, reg, d->addrsize, d->addrsize == 8 ? v : tcg_trunc(d->b, v));
}

static unsigned element_bytes(const X86Insn *d)
{
    return d->opcode & 1 ? MIN(d->opsize, d->row->arg >= X86_STR_INS ? 4u : 8u) : 1;
}

static TcgVal load_from(X86Insn *d, unsigned seg, unsigned reg, unsigned bytes)
{
    return tcg_load(d->b, x86_type(bytes), x86_seg_linear(d, seg, offset_of(d, reg), bytes, false), 0,
                    x86_mem(d, bytes));
}

static void store_to(X86Insn *d, unsigned bytes, TcgVal v)
{
    tcg_store(d->b, x86_type(bytes), x86_seg_linear(d, X86_ES, offset_of(d, X86_DI), bytes, true), 0, v,
              x86_mem(d, bytes));
}

static void emit_once(X86Insn *d)
{
    unsigned op = d->row->arg, bytes = element_bytes(d);
    TcgVal a = TCG_NONE, c = TCG_NONE;
    switch (op) {
    case X86_STR_MOVS:
        store_to(d, bytes, load_from(d, (unsigned)d->seg, X86_SI, bytes));
        break;
    case X86_STR_STOS:
        store_to(d, bytes, x86_get_gpr(d, X86_AX, bytes));
        break;
    case X86_STR_LODS:
        x86_put_gpr(d, X86_AX, bytes, load_from(d, (unsigned)d->seg, X86_SI, bytes));
        break;
    default:
        c = load_from(d, X86_ES, X86_DI, bytes); /* this one's faults come first */
        a = op == X86_STR_CMPS ? load_from(d, (unsigned)d->seg, X86_SI, bytes) : x86_get_gpr(d, X86_AX, bytes);
        break;
    }
    if (op != X86_STR_STOS && op != X86_STR_SCAS) {
        move_on(d, X86_SI, bytes);
    }
    if (op != X86_STR_LODS) {
        move_on(d, X86_DI, bytes);
    }
    if (a) {
        x86_put_flags(d, TCG_FK_SUB, bytes, a, c, TCG_NONE);
    }
}

static void emit_helper(X86Insn *d, const TcgHelper *h)
{
    TcgBuilder *b = d->b;
    bool counted = d->rep || d->repne;
    uint32_t what = d->row->arg | (uint32_t)__builtin_ctz(element_bytes(d)) << X86_REP_SIZE_SHIFT |
                    (uint32_t)__builtin_ctz(d->addrsize) << X86_REP_ADDR_SHIFT | (uint32_t)d->seg << X86_REP_SEG_SHIFT |
                    x86_rf_mode(d->flags) << X86_REP_MODE_SHIFT | (counted ? X86_REP_COUNTED : 0) |
                    (d->repne ? X86_REP_WHILE_NE : 0) | (d->flags & X86_RF_TF ? X86_REP_ONE : 0) |
                    (d->flags & X86_RF_IOPL ? 0 : X86_REP_CHECK_IO) | (x86_is64(d) ? X86_REP_64 : 0);
    TcgVal more = tcg_call(b, h, x86_const32(d, what), TCG_NONE, TCG_NONE, TCG_NONE);
    if (counted) {
        TcgLabel done = tcg_label_new(b);
        tcg_label_branch(b, done, TCG_COND_EQ, TCG_I64, more, x86_const(d, 0));
        tcg_exit(b, x86_leave_reason(d), d->pc);
        tcg_label_bind(b, done);
    }
}

static void emit_string(X86Insn *d)
{
    if (d->rep || d->repne) {
        emit_helper(d, &x86_helper_repeat);
    } else {
        emit_once(d);
    }
}

static void emit_ports(X86Insn *d) { emit_helper(d, &x86_helper_ports); }

/* --- IN, OUT --- */

static TcgVal how(X86Insn *d, unsigned bytes) { return x86_const32(d, bytes | (d->flags & X86_RF_IOPL ? 0 : 0x10)); }
static unsigned port_bytes(const X86Insn *d) { return d->opcode & 1 ? MIN(d->opsize, 4u) : 1; }

static void emit_in(X86Insn *d)
{
    unsigned bytes = port_bytes(d);
    TcgVal v = tcg_call(d->b, &x86_helper_in, x86_read_op(d, 1), how(d, bytes), TCG_NONE, TCG_NONE);
    x86_put_gpr(d, X86_AX, bytes, tcg_trunc(d->b, v));
}

static void emit_out(X86Insn *d)
{
    unsigned bytes = port_bytes(d);
    tcg_call(d->b, &x86_helper_out, x86_read_op(d, 0), how(d, bytes), x86_get_gpr(d, X86_AX, bytes), TCG_NONE);
}

#define ROW(name_, pattern_, operands_, emit_, ...) \
    { \
        .name = name_, .pattern = pattern_, .operands = operands_, .emit = emit_, __VA_ARGS__ \
    }
#define STRING(name_, byte_, wide_, op_) \
    ROW(name_ "b", byte_, "", emit_string, .arg = op_, .flags = X86_ROW_REP), \
        ROW(name_, wide_, "", emit_string, .arg = op_, .flags = X86_ROW_REP)
#define PORTS(name_, byte_, wide_, op_) \
    ROW(name_ "b", byte_, "", emit_ports, .arg = op_, .flags = X86_ROW_REP | X86_ROW_ENDS), \
        ROW(name_, wide_, "", emit_ports, .arg = op_, .flags = X86_ROW_REP | X86_ROW_ENDS)

static const X86Row rows[] = {
    STRING("movs", "A4", "A5", X86_STR_MOVS),
    STRING("cmps", "A6", "A7", X86_STR_CMPS),
    STRING("stos", "AA", "AB", X86_STR_STOS),
    STRING("lods", "AC", "AD", X86_STR_LODS),
    STRING("scas", "AE", "AF", X86_STR_SCAS),
    PORTS("ins", "6C", "6D", X86_STR_INS),
    PORTS("outs", "6E", "6F", X86_STR_OUTS),
    ROW("in", "E4", "AL,Ib", emit_in),
    ROW("in", "E5", "eAX,Ib", emit_in),
    ROW("in", "EC", "AL,DX", emit_in),
    ROW("in", "ED", "eAX,DX", emit_in),
    ROW("out", "E6", "Ib,AL", emit_out, .flags = X86_ROW_ENDS),
    ROW("out", "E7", "Ib,eAX", emit_out, .flags = X86_ROW_ENDS),
    ROW("out", "EE", "DX,AL", emit_out, .flags = X86_ROW_ENDS),
    ROW("out", "EF", "DX,eAX", emit_out, .flags = X86_ROW_ENDS),
};
const X86RowGroup x86_rows_string = X86_GROUP(rows);

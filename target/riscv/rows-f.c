/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Single- and double-precision floating point: F and D (unprivileged manual, chapters 20 and 21), as TinyCode FP operations.
 *
 * f registers are 64 bits wide; a single lives in one with the upper half all ones, anything else reads as the canonical
 * NaN. Rounding: the instruction's own mode, or frm, which the host's MXCSR holds; where the host has no such mode the region flags
 * say so. Accrued exceptions collect in the host's sticky flags.
 */
#include "insn.h"
#include "rows.h"

enum { RM_DYN = 7 };

/* The rounding for TinyCode; false: reserved, the instruction is illegal. */
bool rv_round(const RvInsn *d, TcgRound *rm)
{
    if (d->rm == RM_DYN) {
        unsigned frm = RISCV_FLAG_FRM(d->flags);
        *rm = frm == RISCV_FRM_RMM ? TCG_RM_RMM : TCG_RM_DYN;
        return frm != RISCV_FRM_INVALID;
    }
    static const TcgRound modes[] = {TCG_RM_RNE, TCG_RM_RTZ, TCG_RM_RDN, TCG_RM_RUP, TCG_RM_RMM};
    if (d->rm > 4) {
        return false;
    }
    *rm = modes[d->rm];
    return true;
}

static TcgFp fp_for(TcgRound rm) { return TCG_FP(rm, TCG_NAN_RISCV, 0u); }

static TcgVal get_fp(RvInsn *d, TcgType t, unsigned r)
{
    if (t == TCG_F64) {
        return tcg_get(d->b, RISCV_SLOT_F0 + r, TCG_F64);
    }
    return tcg_emit1(d->b, TCG_OP_UNBOX32, TCG_F32, tcg_get(d->b, RISCV_SLOT_F0 + r, TCG_I64), 0);
}

static void put_fp(RvInsn *d, TcgType t, unsigned r, TcgVal v)
{
    tcg_put(d->b, RISCV_SLOT_F0 + r, t == TCG_F64 ? v : tcg_emit1(d->b, TCG_OP_BOX32, TCG_I64, v, 0));
}

static TcgVal get_bits(RvInsn *d, unsigned r) { return tcg_get(d->b, RISCV_SLOT_F0 + r, TCG_I64); }
static void put_bits(RvInsn *d, unsigned r, TcgVal v) { tcg_put(d->b, RISCV_SLOT_F0 + r, v); }

/* arg: TcgOp or condition in the low byte, then these. */
enum { ARG_D = 0x100, ARG_UNSIGNED = 0x200, ARG_LONG = 0x400, ARG_SIGNALLING = 0x800 };

static TcgType type_of(const RvInsn *d) { return d->row->arg & ARG_D ? TCG_F64 : TCG_F32; }
static unsigned low_arg(const RvInsn *d) { return d->row->arg & 0xff; }

/* ---- loads and stores ---- */

void rv_emit_fload(RvInsn *d)
{
    int64_t disp;
    TcgVal addr = rv_addr(d, &disp);
    unsigned size = d->row->arg;
    if (size == 3) {
        tcg_put(d->b, RISCV_SLOT_F0 + d->rd, tcg_load(d->b, TCG_F64, addr, disp, rv_mem(d, 3, false)));
    } else if (size == 2) {
        put_fp(d, TCG_F32, d->rd, tcg_load(d->b, TCG_F32, addr, disp, rv_mem(d, 2, false)));
    } else {
        TcgVal v = tcg_load(d->b, TCG_I64, addr, disp, rv_mem(d, 1, false));
        put_bits(d, d->rd, tcg_or(d->b, TCG_I64, v, rv_const(d, ~0xffffull)));
    }
}

void rv_emit_fstore(RvInsn *d)
{
    int64_t disp;
    TcgVal addr = rv_addr(d, &disp);
    if (d->row->arg == 3) {
        tcg_store(d->b, TCG_F64, addr, disp, tcg_get(d->b, RISCV_SLOT_F0 + d->rs2, TCG_F64), rv_mem(d, 3, false));
    } else {
        tcg_store(d->b, TCG_I64, addr, disp, get_bits(d, d->rs2), rv_mem(d, d->row->arg, false)); /* no check of the boxing */
    }
}

/* ---- arithmetic ---- */

static void emit_arith(RvInsn *d)
{
    TcgRound rm;
    if (!rv_round(d, &rm)) {
        rv_emit_illegal(d);
        return;
    }
    TcgType t = type_of(d);
    TcgVal a = get_fp(d, t, d->rs1), v;
    if (low_arg(d) == TCG_OP_FSQRT) {
        v = tcg_fsqrt(d->b, t, a, fp_for(rm));
    } else {
        v = tcg_fp2(d->b, (TcgOp)low_arg(d), t, a, get_fp(d, t, d->rs2), fp_for(rm));
    }
    put_fp(d, t, d->rd, v);
}

/* low arg: bit 0: negate the product, bit 1: negate the addend */
static void emit_fma(RvInsn *d)
{
    TcgRound rm;
    if (!rv_round(d, &rm)) {
        rv_emit_illegal(d);
        return;
    }
    TcgType t = type_of(d);
    TcgVal a = get_fp(d, t, d->rs1), b = get_fp(d, t, d->rs2), c = get_fp(d, t, d->rs3);
    put_fp(d, t, d->rd, tcg_fma(d->b, t, a, b, c, low_arg(d), fp_for(rm)));
}

static void emit_minmax(RvInsn *d)
{
    TcgType t = type_of(d);
    TcgVal a = get_fp(d, t, d->rs1), b = get_fp(d, t, d->rs2);
    put_fp(d, t, d->rd, tcg_fp2(d->b, (TcgOp)low_arg(d), t, a, b, fp_for(TCG_RM_RNE)));
}

static void emit_compare(RvInsn *d)
{
    TcgType t = type_of(d);
    TcgVal a = get_fp(d, t, d->rs1), b = get_fp(d, t, d->rs2);
    rv_put(d, d->rd, tcg_fcmp(d->b, (TcgCond)low_arg(d), d->row->arg & ARG_SIGNALLING, t, a, b));
}

static void emit_class(RvInsn *d)
{
    TcgType t = type_of(d);
    TcgInsn insn = {.op = TCG_OP_FCLASS, .type = TCG_I64, .aux = t, .arg = {get_fp(d, t, d->rs1)}};
    TcgVal v = TCG_NONE;
    tcg_emit_raw(d->b, &insn, &v);
    rv_put(d, d->rd, v);
}

/* ---- sign injection, on integers: low arg 0: copy, 1: negate, 2: xor ---- */

/* A single's bits in an i64 whose upper half is free; improperly boxed ones are the canonical NaN. */
static TcgVal single_bits(RvInsn *d, unsigned r)
{
    TcgVal v = get_bits(d, r);
    uint64_t boxed = ~0ull << 32;
    return tcg_select(d->b, TCG_I64, TCG_COND_GEU, TCG_I64, v, rv_const(d, boxed), v, rv_const(d, boxed | 0x7fc00000));
}

static void emit_sign(RvInsn *d)
{
    bool is_double = d->row->arg & ARG_D;
    uint64_t sign = is_double ? 1ull << 63 : 1ull << 31;
    TcgVal a = is_double ? get_bits(d, d->rs1) : single_bits(d, d->rs1), v;
    if (d->rs1 == d->rs2) { /* fmv, fneg, fabs */
        switch (low_arg(d)) {
        case 0: v = a; break;
        case 1: v = tcg_xor(d->b, TCG_I64, a, rv_const(d, sign)); break;
        default: v = tcg_and(d->b, TCG_I64, a, rv_const(d, ~sign)); break;
        }
        put_bits(d, d->rd, v);
        return;
    }
    TcgVal b = is_double ? get_bits(d, d->rs2) : single_bits(d, d->rs2);
    if (low_arg(d) == 1) {
        b = tcg_not(d->b, TCG_I64, b);
    }
    TcgVal s = tcg_and(d->b, TCG_I64, b, rv_const(d, sign));
    if (low_arg(d) == 2) {
        v = tcg_xor(d->b, TCG_I64, a, s);
    } else {
        v = tcg_or(d->b, TCG_I64, tcg_and(d->b, TCG_I64, a, rv_const(d, ~sign)), s);
    }
    put_bits(d, d->rd, v);
}

/* ---- conversions and moves ---- */

static void emit_to_int(RvInsn *d)
{
    TcgRound rm;
    if (!rv_round(d, &rm)) {
        rv_emit_illegal(d);
        return;
    }
    TcgType t = type_of(d);
    bool is_unsigned = d->row->arg & ARG_UNSIGNED;
    TcgVal a = get_fp(d, t, d->rs1);
    if (d->row->arg & ARG_LONG) {
        rv_put(d, d->rd, tcg_ftoi(d->b, TCG_I64, is_unsigned, t, a, fp_for(rm)));
    } else {
        rv_put32(d, d->rd, tcg_ftoi(d->b, TCG_I32, is_unsigned, t, a, fp_for(rm)));
    }
}

static void emit_from_int(RvInsn *d)
{
    TcgRound rm;
    if (!rv_round(d, &rm)) {
        rv_emit_illegal(d);
        return;
    }
    TcgType t = type_of(d), from = d->row->arg & ARG_LONG ? TCG_I64 : TCG_I32;
    TcgVal a = from == TCG_I64 ? rv_get(d, d->rs1) : rv_get32(d, d->rs1);
    put_fp(d, t, d->rd, tcg_itof(d->b, t, from, d->row->arg & ARG_UNSIGNED, a, fp_for(rm)));
}

/* arg: ARG_D where the result is a double */
static void emit_resize(RvInsn *d)
{
    TcgRound rm;
    if (!rv_round(d, &rm)) {
        rv_emit_illegal(d);
        return;
    }
    TcgType to = type_of(d), from = to == TCG_F64 ? TCG_F32 : TCG_F64;
    put_fp(d, to, d->rd, tcg_ftof(d->b, to, from, get_fp(d, from, d->rs1), fp_for(rm)));
}

static void emit_move_to_int(RvInsn *d)
{
    if (d->row->arg & ARG_D) {
        rv_put(d, d->rd, get_bits(d, d->rs1));
    } else {
        rv_put32(d, d->rd, tcg_trunc(d->b, get_bits(d, d->rs1)));
    }
}

static void emit_move_from_int(RvInsn *d)
{
    TcgVal v = rv_get(d, d->rs1);
    put_bits(d, d->rd, d->row->arg & ARG_D ? v : tcg_or(d->b, TCG_I64, v, rv_const(d, ~0ull << 32)));
}

/* ---- rows ---- */

#define ROW(name_, pattern_, format_, emit_, arg_, ext_, xlen_, fp_)                                                   \
    {.name = name_, .pattern = pattern_, .format = format_, .emit = emit_, .arg = (arg_), .ext = RISCV_EXT_##ext_, .xlen = xlen_, \
     .scan = SCAN_NEXT, .fp = RV_FP_##fp_}
/* Both widths: the format bits (funct7's low two) are 00 and 01. */
#define BOTH(name_, funct5_, rest_, format_, emit_, arg_, xlen_, fp_)                                                  \
    ROW(name_ ".s", funct5_ " 00 " rest_, format_, emit_, arg_, F, xlen_, fp_),                                        \
    ROW(name_ ".d", funct5_ " 01 " rest_, format_, emit_, (arg_) | ARG_D, D, xlen_, fp_)
#define ARITH(name_, funct5_, op_)                                                                                     \
    BOTH(name_, funct5_, "rs2 rs1 rm rd 1010011", "frd, frs1, frs2, rm", emit_arith, TCG_OP_##op_, RV_BOTH, CHANGES)
#define FMA(name_, opcode_, neg_)                                                                                      \
    BOTH(name_, "rs3", "rs2 rs1 rm rd " opcode_, "frd, frs1, frs2, frs3, rm", emit_fma, neg_, RV_BOTH, CHANGES)
#define SIGN(name_, funct3_, kind_)                                                                                    \
    BOTH(name_, "00100", "rs2 rs1 " funct3_ " rd 1010011", "frd, frs1, frs2", emit_sign, kind_, RV_BOTH, CHANGES)
#define MINMAX(name_, funct3_, op_)                                                                                    \
    BOTH(name_, "00101", "rs2 rs1 " funct3_ " rd 1010011", "frd, frs1, frs2", emit_minmax, TCG_OP_##op_, RV_BOTH, CHANGES)
#define COMPARE(name_, funct3_, arg_)                                                                                  \
    BOTH(name_, "10100", "rs2 rs1 " funct3_ " rd 1010011", "rd, frs1, frs2", emit_compare, arg_, RV_BOTH, CHANGES)
#define TO_INT(name_, rs2_, arg_, xlen_)                                                                               \
    BOTH(name_, "11000", rs2_ " rs1 rm rd 1010011", "rd, frs1, rm", emit_to_int, arg_, xlen_, CHANGES)
#define FROM_INT(suffix_, rs2_, arg_, xlen_)                                                                           \
    ROW("fcvt.s." suffix_, "11010 00 " rs2_ " rs1 rm rd 1010011", "frd, rs1, rm", emit_from_int, arg_, F, xlen_, CHANGES), \
    ROW("fcvt.d." suffix_, "11010 01 " rs2_ " rs1 rm rd 1010011", "frd, rs1, rm", emit_from_int, (arg_) | ARG_D, D, xlen_, CHANGES)

static const RvRow rows[] = {
    ROW("flw", "imm[11:0] rs1 010 rd 0000111", "frd, imm(rs1)", rv_emit_fload, 2, F, RV_BOTH, CHANGES),
    ROW("fld", "imm[11:0] rs1 011 rd 0000111", "frd, imm(rs1)", rv_emit_fload, 3, D, RV_BOTH, CHANGES),
    ROW("fsw", "imm[11:5] rs2 rs1 010 imm[4:0] 0100111", "frs2, imm(rs1)", rv_emit_fstore, 2, F, RV_BOTH, USES),
    ROW("fsd", "imm[11:5] rs2 rs1 011 imm[4:0] 0100111", "frs2, imm(rs1)", rv_emit_fstore, 3, D, RV_BOTH, USES),
    FMA("fmadd", "1000011", 0),
    FMA("fmsub", "1000111", 2),
    FMA("fnmsub", "1001011", 1),
    FMA("fnmadd", "1001111", 3),
    ARITH("fadd", "00000", FADD),
    ARITH("fsub", "00001", FSUB),
    ARITH("fmul", "00010", FMUL),
    ARITH("fdiv", "00011", FDIV),
    BOTH("fsqrt", "01011", "00000 rs1 rm rd 1010011", "frd, frs1, rm", emit_arith, TCG_OP_FSQRT, RV_BOTH, CHANGES),
    SIGN("fsgnj", "000", 0),
    SIGN("fsgnjn", "001", 1),
    SIGN("fsgnjx", "010", 2),
    MINMAX("fmin", "000", FMIN),
    MINMAX("fmax", "001", FMAX),
    COMPARE("feq", "010", TCG_COND_EQ),
    COMPARE("flt", "001", TCG_COND_LT | ARG_SIGNALLING),
    COMPARE("fle", "000", TCG_COND_LE | ARG_SIGNALLING),
    BOTH("fclass", "11100", "00000 rs1 001 rd 1010011", "rd, frs1", emit_class, 0, RV_BOTH, USES),
    TO_INT("fcvt.w", "00000", 0, RV_BOTH),
    TO_INT("fcvt.wu", "00001", ARG_UNSIGNED, RV_BOTH),
    TO_INT("fcvt.l", "00010", ARG_LONG, RV_64),
    TO_INT("fcvt.lu", "00011", ARG_LONG | ARG_UNSIGNED, RV_64),
    FROM_INT("w", "00000", 0, RV_BOTH),
    FROM_INT("wu", "00001", ARG_UNSIGNED, RV_BOTH),
    FROM_INT("l", "00010", ARG_LONG, RV_64),
    FROM_INT("lu", "00011", ARG_LONG | ARG_UNSIGNED, RV_64),
    ROW("fcvt.s.d", "01000 00 00001 rs1 rm rd 1010011", "frd, frs1, rm", emit_resize, 0, D, RV_BOTH, CHANGES),
    ROW("fcvt.d.s", "01000 01 00000 rs1 rm rd 1010011", "frd, frs1, rm", emit_resize, ARG_D, D, RV_BOTH, CHANGES),
    ROW("fmv.x.w", "11100 00 00000 rs1 000 rd 1010011", "rd, frs1", emit_move_to_int, 0, F, RV_BOTH, USES),
    ROW("fmv.x.d", "11100 01 00000 rs1 000 rd 1010011", "rd, frs1", emit_move_to_int, ARG_D, D, RV_64, USES),
    ROW("fmv.w.x", "11110 00 00000 rs1 000 rd 1010011", "frd, rs1", emit_move_from_int, 0, F, RV_BOTH, CHANGES),
    ROW("fmv.d.x", "11110 01 00000 rs1 000 rd 1010011", "frd, rs1", emit_move_from_int, ARG_D, D, RV_64, CHANGES),
};
const RvRowGroup riscv_rows_f = RV_GROUP(rows);

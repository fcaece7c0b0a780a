/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Half precision: Zfh and Zfhmin (unprivileged manual, chapter 23). Arithmetic goes through the exact helpers of half.c; loads,
 * stores, moves and sign injection are inline.
 */
#include "half.h"
#include "helper.h"
#include "insn.h"
#include "rows.h"

static TcgVal get_bits(RvInsn *d, unsigned r) { return tcg_get(d->b, RISCV_SLOT_F0 + r, TCG_I64); }
static void put_bits(RvInsn *d, unsigned r, TcgVal v) { tcg_put(d->b, RISCV_SLOT_F0 + r, v); }

/* arg: the operation, then where operands and result are. */
enum { FROM_X = 0x100, TO_X = 0x200, HAS_RM = 0x400, BINARY = 0x800 };

static void emit_h(RvInsn *d)
{
    TcgRound unused;
    unsigned arg = d->row->arg;
    if ((arg & HAS_RM) && !rv_round(d, &unused)) {
        rv_emit_illegal(d);
        return;
    }
    uint32_t op = (arg & 0xff) | (arg & HAS_RM ? (uint32_t)d->rm << 8 : 0);
    TcgVal a = arg & FROM_X ? rv_get(d, d->rs1) : get_bits(d, d->rs1);
    TcgVal b = arg & BINARY ? get_bits(d, d->rs2) : rv_const(d, 0);
    TcgVal v = tcg_call(d->b, &riscv_helper_h_arith, tcg_const(d->b, TCG_I32, op), a, b, TCG_NONE);
    if (arg & TO_X) {
        rv_put(d, d->rd, v);
    } else {
        put_bits(d, d->rd, v);
    }
}

static void emit_fma(RvInsn *d)
{
    TcgRound unused;
    if (!rv_round(d, &unused)) {
        rv_emit_illegal(d);
        return;
    }
    TcgVal op = tcg_const(d->b, TCG_I32, d->row->arg | (uint32_t)d->rm << 8);
    put_bits(d, d->rd, tcg_call(d->b, &riscv_helper_h_fma, op, get_bits(d, d->rs1), get_bits(d, d->rs2), get_bits(d, d->rs3)));
}

/* A half's bits, boxed; improperly boxed ones are the canonical NaN. */
static TcgVal half_bits(RvInsn *d, unsigned r)
{
    TcgVal v = get_bits(d, r);
    uint64_t boxed = ~0xffffull;
    return tcg_select(d->b, TCG_I64, TCG_COND_GEU, TCG_I64, v, rv_const(d, boxed), v, rv_const(d, boxed | 0x7e00));
}

/* arg 0: copy, 1: negate, 2: xor */
static void emit_sign(RvInsn *d)
{
    uint64_t sign = 1ull << 15;
    TcgVal a = half_bits(d, d->rs1), b = half_bits(d, d->rs2), v;
    if (d->row->arg == 1) {
        b = tcg_not(d->b, TCG_I64, b);
    }
    TcgVal s = tcg_and(d->b, TCG_I64, b, rv_const(d, sign));
    if (d->row->arg == 2) {
        v = tcg_xor(d->b, TCG_I64, a, s);
    } else {
        v = tcg_or(d->b, TCG_I64, tcg_and(d->b, TCG_I64, a, rv_const(d, ~sign)), s);
    }
    put_bits(d, d->rd, v);
}

static void emit_move_to_int(RvInsn *d) { rv_put(d, d->rd, tcg_sext(d->b, TCG_I64, get_bits(d, d->rs1), 16)); }
static void emit_move_from_int(RvInsn *d)
{
    put_bits(d, d->rd, tcg_or(d->b, TCG_I64, rv_get(d, d->rs1), rv_const(d, ~0xffffull)));
}

#define ROW(name_, pattern_, format_, emit_, arg_, ext_, ext2_, xlen_, fp_)                                            \
    {.name = name_, .pattern = pattern_, .format = format_, .emit = emit_, .arg = (arg_), .ext = RISCV_EXT_##ext_, .ext2 = ext2_, \
     .xlen = xlen_, .scan = SCAN_NEXT, .fp = RV_FP_##fp_}
#define H(name_, pattern_, format_, arg_, fp_) ROW(name_, pattern_, format_, emit_h, arg_, ZFH, 0, RV_BOTH, fp_)
#define H64(name_, pattern_, format_, arg_) ROW(name_, pattern_, format_, emit_h, arg_, ZFH, 0, RV_64, CHANGES)
#define ARITH(name_, funct5_, op_)                                                                                     \
    H(name_ ".h", funct5_ " 10 rs2 rs1 rm rd 1010011", "frd, frs1, frs2, rm", op_ | HAS_RM | BINARY, CHANGES)
#define FMA(name_, opcode_, neg_)                                                                                      \
    ROW(name_ ".h", "rs3 10 rs2 rs1 rm rd " opcode_, "frd, frs1, frs2, frs3, rm", emit_fma, neg_, ZFH, 0, RV_BOTH, CHANGES)
#define SIGN(name_, funct3_, kind_)                                                                                    \
    ROW(name_ ".h", "00100 10 rs2 rs1 " funct3_ " rd 1010011", "frd, frs1, frs2", emit_sign, kind_, ZFH, 0, RV_BOTH, CHANGES)
#define CONVERT(name_, pattern_, op_, ext2_)                                                                           \
    ROW(name_, pattern_ " rs1 rm rd 1010011", "frd, frs1, rm", emit_h, op_ | HAS_RM, ZFHMIN, ext2_, RV_BOTH, CHANGES)

static const RvRow rows[] = {
    ROW("flh", "imm[11:0] rs1 001 rd 0000111", "frd, imm(rs1)", rv_emit_fload, 1, ZFHMIN, 0, RV_BOTH, CHANGES),
    ROW("fsh", "imm[11:5] rs2 rs1 001 imm[4:0] 0100111", "frs2, imm(rs1)", rv_emit_fstore, 1, ZFHMIN, 0, RV_BOTH, USES),
    ROW("fmv.x.h", "11100 10 00000 rs1 000 rd 1010011", "rd, frs1", emit_move_to_int, 0, ZFHMIN, 0, RV_BOTH, USES),
    ROW("fmv.h.x", "11110 10 00000 rs1 000 rd 1010011", "frd, rs1", emit_move_from_int, 0, ZFHMIN, 0, RV_BOTH, CHANGES),
    CONVERT("fcvt.s.h", "01000 00 00010", H_TO_S, 0),
    CONVERT("fcvt.h.s", "01000 10 00000", H_FROM_S, 0),
    CONVERT("fcvt.d.h", "01000 01 00010", H_TO_D, RISCV_EXT_D),
    CONVERT("fcvt.h.d", "01000 10 00001", H_FROM_D, RISCV_EXT_D),
    FMA("fmadd", "1000011", 0),
    FMA("fmsub", "1000111", 2),
    FMA("fnmsub", "1001011", 1),
    FMA("fnmadd", "1001111", 3),
    ARITH("fadd", "00000", H_ADD),
    ARITH("fsub", "00001", H_SUB),
    ARITH("fmul", "00010", H_MUL),
    ARITH("fdiv", "00011", H_DIV),
    H("fsqrt.h", "01011 10 00000 rs1 rm rd 1010011", "frd, frs1, rm", H_SQRT | HAS_RM, CHANGES),
    SIGN("fsgnj", "000", 0),
    SIGN("fsgnjn", "001", 1),
    SIGN("fsgnjx", "010", 2),
    H("fmin.h", "00101 10 rs2 rs1 000 rd 1010011", "frd, frs1, frs2", H_MIN | BINARY, CHANGES),
    H("fmax.h", "00101 10 rs2 rs1 001 rd 1010011", "frd, frs1, frs2", H_MAX | BINARY, CHANGES),
    H("feq.h", "10100 10 rs2 rs1 010 rd 1010011", "rd, frs1, frs2", H_EQ | BINARY | TO_X, CHANGES),
    H("flt.h", "10100 10 rs2 rs1 001 rd 1010011", "rd, frs1, frs2", H_LT | BINARY | TO_X, CHANGES),
    H("fle.h", "10100 10 rs2 rs1 000 rd 1010011", "rd, frs1, frs2", H_LE | BINARY | TO_X, CHANGES),
    H("fclass.h", "11100 10 00000 rs1 001 rd 1010011", "rd, frs1", H_CLASS | TO_X, USES),
    H("fcvt.w.h", "11000 10 00000 rs1 rm rd 1010011", "rd, frs1, rm", H_TO_W | HAS_RM | TO_X, CHANGES),
    H("fcvt.wu.h", "11000 10 00001 rs1 rm rd 1010011", "rd, frs1, rm", H_TO_WU | HAS_RM | TO_X, CHANGES),
    H64("fcvt.l.h", "11000 10 00010 rs1 rm rd 1010011", "rd, frs1, rm", H_TO_L | HAS_RM | TO_X),
    H64("fcvt.lu.h", "11000 10 00011 rs1 rm rd 1010011", "rd, frs1, rm", H_TO_LU | HAS_RM | TO_X),
    H("fcvt.h.w", "11010 10 00000 rs1 rm rd 1010011", "frd, rs1, rm", H_FROM_W | HAS_RM | FROM_X, CHANGES),
    H("fcvt.h.wu", "11010 10 00001 rs1 rm rd 1010011", "frd, rs1, rm", H_FROM_WU | HAS_RM | FROM_X, CHANGES),
    H64("fcvt.h.l", "11010 10 00010 rs1 rm rd 1010011", "frd, rs1, rm", H_FROM_L | HAS_RM | FROM_X),
    H64("fcvt.h.lu", "11010 10 00011 rs1 rm rd 1010011", "frd, rs1, rm", H_FROM_LU | HAS_RM | FROM_X),
};
const RvRowGroup riscv_rows_zfh = RV_GROUP(rows);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Additional floating point: Zfa (unprivileged manual, chapter 25), for single, double and, with Zfh, half precision.
 */
#include "half.h"
#include "helper.h"
#include "insn.h"
#include "rows.h"
#include "zfa.h"

static TcgVal get_bits(RvInsn *d, unsigned r) { return tcg_get(d->b, RISCV_SLOT_F0 + r, TCG_I64); }
static void put_bits(RvInsn *d, unsigned r, TcgVal v) { tcg_put(d->b, RISCV_SLOT_F0 + r, v); }

/* The format is in bits 26..25 of every instruction here: 0 single, 1 double, 2 half. */
static unsigned format_of(const RvInsn *d) { return d->bits >> 25 & 3; }

static TcgVal get_fp(RvInsn *d, TcgType t, unsigned r)
{
    if (t == TCG_F64) {
        return tcg_get(d->b, RISCV_SLOT_F0 + r, TCG_F64);
    }
    return tcg_emit1(d->b, TCG_OP_UNBOX32, TCG_F32, get_bits(d, r), 0);
}

static void emit_fli(RvInsn *d)
{
    static const uint16_t halves[32] = {
        0xbc00, 0x0400, 0x0100, 0x0200, 0x1c00, 0x2000, 0x2c00, 0x3000, 0x3400, 0x3500, 0x3600, 0x3700, 0x3800, 0x3900, 0x3a00, 0x3b00,
        0x3c00, 0x3d00, 0x3e00, 0x3f00, 0x4000, 0x4100, 0x4200, 0x4400, 0x4800, 0x4c00, 0x5800, 0x5c00, 0x7800, 0x7c00, 0x7c00, 0x7e00,
    };
    unsigned n = d->rs1, fmt = format_of(d);
    if (fmt == ZFA_H) {
        put_bits(d, d->rd, rv_const(d, ~0xffffull | halves[n]));
        return;
    }
    /* What a half holds exactly widens; the smallest normal number, 2^-16, 2^-15 and 2^16 are the format's own. */
    uint64_t sign = halves[n] >> 15, exp = halves[n] >> 10 & 31, frac = halves[n] & 0x3ff;
    static const int8_t powers[] = {[2] = -16, [3] = -15, [29] = 16};
    unsigned bias = fmt == ZFA_D ? 1023 : 127, frac_bits = fmt == ZFA_D ? 52 : 23;
    uint64_t wide_exp = n == 1 ? 1 : exp - 15 + bias;
    if (n == 2 || n == 3 || n == 29) {
        wide_exp = (uint64_t)((int)bias + powers[n]);
        frac = 0;
    } else if (n >= 30) {
        wide_exp = 2 * bias + 1;
    }
    uint64_t v = sign << (fmt == ZFA_D ? 63 : 31) | wide_exp << frac_bits | frac << (frac_bits - 10);
    put_bits(d, d->rd, rv_const(d, fmt == ZFA_D ? v : v | ~0ull << 32));
}

/* As fmin and fmax, but a NaN operand makes the result NaN. */
static void emit_minmax(RvInsn *d)
{
    TcgOp op = (TcgOp)d->row->arg;
    if (format_of(d) == ZFA_H) {
        uint32_t h = op == TCG_OP_FMIN ? H_MINM : H_MAXM;
        put_bits(d, d->rd, tcg_call(d->b, &riscv_helper_h_arith, tcg_const(d->b, TCG_I32, h), get_bits(d, d->rs1),
                                    get_bits(d, d->rs2), TCG_NONE));
        return;
    }
    TcgType t = format_of(d) == ZFA_D ? TCG_F64 : TCG_F32;
    TcgVal a = get_fp(d, t, d->rs1), b = get_fp(d, t, d->rs2);
    TcgVal v = tcg_fp2(d->b, op, t, a, b, TCG_FP(TCG_RM_RNE, TCG_NAN_RISCV, 0u));
    TcgVal numbers = tcg_and(d->b, TCG_I64, tcg_fcmp(d->b, TCG_COND_EQ, false, t, a, a), tcg_fcmp(d->b, TCG_COND_EQ, false, t, b, b));
    v = t == TCG_F64 ? tcg_bitcast(d->b, TCG_I64, v) : tcg_emit1(d->b, TCG_OP_BOX32, TCG_I64, v, 0);
    TcgVal nan = rv_const(d, t == TCG_F64 ? 0x7ff8000000000000 : 0xffffffff7fc00000);
    put_bits(d, d->rd, tcg_select(d->b, TCG_I64, TCG_COND_NE, TCG_I64, numbers, rv_const(d, 0), v, nan));
}

/* fleq, fltq: arg is the condition; NaNs do not signal. */
static void emit_compare(RvInsn *d)
{
    TcgCond cond = (TcgCond)d->row->arg;
    if (format_of(d) == ZFA_H) {
        uint32_t h = cond == TCG_COND_LE ? H_LEQ : H_LTQ;
        rv_put(d, d->rd, tcg_call(d->b, &riscv_helper_h_arith, tcg_const(d->b, TCG_I32, h), get_bits(d, d->rs1),
                                  get_bits(d, d->rs2), TCG_NONE));
        return;
    }
    TcgType t = format_of(d) == ZFA_D ? TCG_F64 : TCG_F32;
    TcgVal a = get_fp(d, t, d->rs1), b = get_fp(d, t, d->rs2);
    rv_put(d, d->rd, tcg_fcmp(d->b, cond, false, t, a, b));
}

/* arg: 0 or ZFA_INEXACT */
static void emit_round(RvInsn *d)
{
    TcgRound unused;
    if (!rv_round(d, &unused)) {
        rv_emit_illegal(d);
        return;
    }
    uint32_t op = format_of(d) | d->row->arg | (uint32_t)d->rm << 8;
    put_bits(d, d->rd, tcg_call(d->b, &riscv_helper_fround, tcg_const(d->b, TCG_I32, op), get_bits(d, d->rs1), TCG_NONE, TCG_NONE));
}

static void emit_cvtmod(RvInsn *d)
{
    rv_put(d, d->rd, tcg_call(d->b, &riscv_helper_fcvtmod, tcg_const(d->b, TCG_I32, 0), get_bits(d, d->rs1), TCG_NONE, TCG_NONE));
}

static void emit_move_high(RvInsn *d)
{
    rv_put(d, d->rd, tcg_emit2(d->b, TCG_OP_SAR, TCG_I64, get_bits(d, d->rs1), rv_const(d, 32)));
}

static void emit_move_pair(RvInsn *d)
{
    TcgVal low = tcg_extu(d->b, rv_get32(d, d->rs1));
    put_bits(d, d->rd, tcg_or(d->b, TCG_I64, low, tcg_shl(d->b, TCG_I64, rv_get(d, d->rs2), rv_const(d, 32))));
}

#define ROW(name_, pattern_, format_, emit_, arg_, ext2_, xlen_, fp_)                                                  \
    {.name = name_, .pattern = pattern_, .format = format_, .emit = emit_, .arg = (arg_), .ext = RISCV_EXT_ZFA, .ext2 = ext2_, \
     .xlen = xlen_, .scan = SCAN_NEXT, .fp = RV_FP_##fp_}
#define FORMATS(name_, funct5_, rest_, format_, emit_, arg_)                                                           \
    ROW(name_ ".s", funct5_ " 00 " rest_, format_, emit_, arg_, 0, RV_BOTH, CHANGES),                                  \
    ROW(name_ ".d", funct5_ " 01 " rest_, format_, emit_, arg_, RISCV_EXT_D, RV_BOTH, CHANGES),                        \
    ROW(name_ ".h", funct5_ " 10 " rest_, format_, emit_, arg_, RISCV_EXT_ZFH, RV_BOTH, CHANGES)

static const RvRow rows[] = {
    FORMATS("fli", "11110", "00001 zimm 000 rd 1010011", "frd, zimm", emit_fli, 0),
    FORMATS("fminm", "00101", "rs2 rs1 010 rd 1010011", "frd, frs1, frs2", emit_minmax, TCG_OP_FMIN),
    FORMATS("fmaxm", "00101", "rs2 rs1 011 rd 1010011", "frd, frs1, frs2", emit_minmax, TCG_OP_FMAX),
    FORMATS("fround", "01000", "00100 rs1 rm rd 1010011", "frd, frs1, rm", emit_round, 0),
    FORMATS("froundnx", "01000", "00101 rs1 rm rd 1010011", "frd, frs1, rm", emit_round, ZFA_INEXACT),
    FORMATS("fleq", "10100", "rs2 rs1 100 rd 1010011", "rd, frs1, frs2", emit_compare, TCG_COND_LE),
    FORMATS("fltq", "10100", "rs2 rs1 101 rd 1010011", "rd, frs1, frs2", emit_compare, TCG_COND_LT),
    ROW("fcvtmod.w.d", "11000 01 01000 rs1 001 rd 1010011", "rd, frs1, rm", emit_cvtmod, 0, RISCV_EXT_D, RV_BOTH, CHANGES),
    ROW("fmvh.x.d", "11100 01 00001 rs1 000 rd 1010011", "rd, frs1", emit_move_high, 0, RISCV_EXT_D, RV_32, USES),
    ROW("fmvp.d.x", "10110 01 rs2 rs1 000 rd 1010011", "frd, rs1, rs2", emit_move_pair, 0, RISCV_EXT_D, RV_32, CHANGES),
};
const RvRowGroup riscv_rows_zfa = RV_GROUP(rows);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Multiplication, division, and decimal adjustment.
 *
 * Division by a dividend twice as wide as the operand is mostly one whose upper half only extends the lower one (XOR
 * EDX,EDX or CDQ before it): then the narrow division does. Which it is, is asked where constant folding does not know.
 */
#include "emit-internal.h"

/* --- multiplication --- */

/* Both halves of the product of 4- or 8-byte operands. */
static void multiply(X86Insn *d, bool is_signed, unsigned bytes, TcgVal a, TcgVal c, TcgVal *lo, TcgVal *hi)
{
    TcgBuilder *b = d->b;
    if (bytes == 8) {
        *lo = tcg_mul(b, TCG_I64, a, c);
        *hi = is_signed ? tcg_mulhs(b, TCG_I64, a, c) : tcg_mulhu(b, TCG_I64, a, c);
        return;
    }
    TcgVal wa = is_signed ? tcg_exts(b, a) : tcg_extu(b, a), wc = is_signed ? tcg_exts(b, c) : tcg_extu(b, c);
    TcgVal product = tcg_mul(b, TCG_I64, wa, wc);
    *lo = tcg_trunc(b, product);
    *hi = tcg_trunc(b, tcg_shr(b, TCG_I64, product, x86_const(d, 32)));
}

/* CF and OF together, the others by the low half (undefined). */
static void put_mul_flags(X86Insn *d, unsigned bytes, TcgVal lo, TcgVal over)
{
    x86_put_flags_result(d, bytes, lo, over, over);
}

/* MUL, IMUL of one operand; arg: signed. */
static void emit_mul(X86Insn *d)
{
    TcgBuilder *b = d->b;
    unsigned bytes = d->op[0].bytes;
    bool is_signed = d->row->arg;
    TcgVal a = x86_get_gpr(d, X86_AX, bytes), c = x86_read_op(d, 0);
    if (bytes < 4) {
        if (is_signed) {
            a = tcg_sext(b, TCG_I32, a, 8 * bytes);
            c = tcg_sext(b, TCG_I32, c, 8 * bytes);
        }
        TcgVal r = tcg_mul(b, TCG_I32, a, c),
               low = is_signed ? tcg_sext(b, TCG_I32, r, 8 * bytes) : tcg_zext(b, TCG_I32, r, 8 * bytes);
        if (bytes == 1) {
            x86_put_gpr(d, X86_AX, 2, r);
        } else {
            x86_put_gpr(d, X86_AX, 2, r);
            x86_put_gpr(d, X86_DX, 2, tcg_shr(b, TCG_I32, r, x86_const32(d, 16)));
        }
        put_mul_flags(d, bytes, low, tcg_setcond(b, TCG_COND_NE, TCG_I32, r, low));
        return;
    }
    TcgType t = x86_type(bytes);
    TcgVal lo, hi;
    multiply(d, is_signed, bytes, a, c, &lo, &hi);
    x86_put_gpr(d, X86_AX, bytes, lo);
    x86_put_gpr(d, X86_DX, bytes, hi);
    TcgVal plain = is_signed ? tcg_sar(b, t, lo, tcg_const(b, t, 8 * bytes - 1)) : tcg_const(b, t, 0);
    put_mul_flags(d, bytes, lo, tcg_setcond(b, TCG_COND_NE, t, hi, plain));
}

/* IMUL of two or three operands: the factors are the last two of (0, 1) or (1, 2). */
static void emit_imul(X86Insn *d)
{
    TcgBuilder *b = d->b;
    unsigned bytes = d->op[0].bytes, first = d->op_count == 3;
    TcgType t = x86_type(bytes);
    TcgVal a = x86_read_op(d, first), c = x86_read_op(d, first + 1);
    if (bytes == 2) {
        a = tcg_sext(b, t, a, 16);
        c = tcg_sext(b, t, c, 16);
    }
    x86_write_op(d, 0, tcg_mul(b, t, a, c));
    x86_put_flags(d, TCG_FK_MUL, bytes, a, c, TCG_NONE);
}

/* --- division --- */

static void put_quotient(X86Insn *d, unsigned bytes, TcgVal q, TcgVal r)
{
    x86_put_gpr(d, X86_AX, bytes, q);
    if (bytes == 1) {
        x86_put_gpr_high(d, X86_AX, r);
    } else {
        x86_put_gpr(d, X86_DX, bytes, r);
    }
}

/* 8 and 16 bits: the dividend is an i32. */
static void divide_narrow(X86Insn *d, bool is_signed, unsigned bytes, TcgVal c)
{
    TcgBuilder *b = d->b;
    TcgVal a = x86_get_gpr(d, X86_AX, 2), q, r, fits;
    if (bytes == 2) {
        a = tcg_or(b, TCG_I32, a, tcg_shl(b, TCG_I32, x86_get_gpr(d, X86_DX, 2), x86_const32(d, 16)));
    } else if (is_signed) {
        a = tcg_sext(b, TCG_I32, a, 16);
    }
    x86_emit_raise_if(d, X86_EXC_DE, false, TCG_COND_EQ, TCG_I32, c, x86_const32(d, 0));
    if (is_signed) {
        c = tcg_sext(b, TCG_I32, c, 8 * bytes);
        q = tcg_divs(b, TCG_I32, a, c); /* INT_MIN / -1 is INT_MIN: does not fit either */
        r = tcg_rems(b, TCG_I32, a, c);
        fits = tcg_sext(b, TCG_I32, q, 8 * bytes);
    } else {
        q = tcg_divu(b, TCG_I32, a, c);
        r = tcg_remu(b, TCG_I32, a, c);
        fits = tcg_zext(b, TCG_I32, q, 8 * bytes);
    }
    x86_emit_raise_if(d, X86_EXC_DE, false, TCG_COND_NE, TCG_I32, q, fits);
    put_quotient(d, bytes, q, r);
}

/* 128 by 64 bits. What does not fit raises; the remainder comes by a second call. */
static bool divide128(uint64_t hi, uint64_t lo, uint64_t by, bool is_signed, uint64_t *q, uint64_t *r)
{
    if (!is_signed) {
        unsigned __int128 a = (unsigned __int128)hi << 64 | lo;
        if (!by || hi >= by) {
            return false;
        }
        *q = (uint64_t)(a / by);
        *r = (uint64_t)(a % by);
        return true;
    }
    bool negative = (int64_t)hi < 0, by_negative = (int64_t)by < 0;
    unsigned __int128 a = (unsigned __int128)hi << 64 | lo;
    uint64_t uq, ur, limit = 1ull << 63;
    a = negative ? -a : a;
    if (!divide128((uint64_t)(a >> 64), (uint64_t)a, by_negative ? -by : by, false, &uq, &ur) ||
        uq > limit - (negative == by_negative)) {
        return false;
    }
    *q = negative != by_negative ? -uq : uq;
    *r = negative ? -ur : ur;
    return true;
}

static uint64_t quotient128(CpuState *cpu, uint64_t hi, uint64_t lo, uint64_t by, uint32_t is_signed)
{
    uint64_t q, r;
    if (!divide128(hi, lo, by, is_signed, &q, &r)) {
        x86_raise(x86_cpu(cpu), X86_EXC_DE);
    }
    return q;
}
static uint64_t remainder128(uint64_t hi, uint64_t lo, uint64_t by, uint32_t is_signed)
{
    uint64_t q, r;
    return divide128(hi, lo, by, is_signed, &q, &r) ? r : 0;
}
static const TcgHelper helper_quotient = {"x86_quotient128",
                                          (void *)quotient128,
                                          TCG_HELPER_RAISES,
                                          TCG_I64,
                                          {TCG_I64, TCG_I64, TCG_I64, TCG_I32},
                                          {{0}},
                                          {{0}}};
static const TcgHelper helper_remainder = {"x86_remainder128",
                                           (void *)remainder128,
                                           TCG_HELPER_PURE,
                                           TCG_I64,
                                           {TCG_I64, TCG_I64, TCG_I64, TCG_I32},
                                           {{0}},
                                           {{0}}};

/* The upper half matters. */
static void divide_full(X86Insn *d, bool is_signed, unsigned bytes, TcgVal hi, TcgVal lo, TcgVal c)
{
    TcgBuilder *b = d->b;
    TcgVal q, r;
    if (bytes == 8) {
        q = tcg_call(b, &helper_quotient, hi, lo, c, x86_const32(d, is_signed));
        r = tcg_call(b, &helper_remainder, hi, lo, c, x86_const32(d, is_signed));
        put_quotient(d, bytes, q, r);
        return;
    }
    TcgVal a = tcg_or(b, TCG_I64, tcg_shl(b, TCG_I64, tcg_extu(b, hi), x86_const(d, 32)), tcg_extu(b, lo)), fits;
    if (is_signed) {
        c = tcg_exts(b, c);
        q = tcg_divs(b, TCG_I64, a, c);
        fits = tcg_exts(b, tcg_trunc(b, q));
    } else {
        c = tcg_extu(b, c);
        q = tcg_divu(b, TCG_I64, a, c);
        fits = tcg_extu(b, tcg_trunc(b, q));
    }
    x86_emit_raise_if(d, X86_EXC_DE, false, TCG_COND_NE, TCG_I64, q, fits);
    r = tcg_sub(b, TCG_I64, a, tcg_mul(b, TCG_I64, q, c));
    put_quotient(d, bytes, tcg_trunc(b, q), tcg_trunc(b, r));
}

/* DIV, IDIV; arg: signed. */
static void emit_div(X86Insn *d)
{
    TcgBuilder *b = d->b;
    unsigned bytes = d->op[0].bytes;
    bool is_signed = d->row->arg;
    TcgType t = x86_type(bytes);
    TcgVal c = x86_read_op(d, 0);
    if (bytes < 4) {
        divide_narrow(d, is_signed, bytes, c);
        return;
    }
    TcgVal lo = x86_get_gpr(d, X86_AX, bytes), hi = x86_get_gpr(d, X86_DX, bytes);
    TcgVal plain = is_signed ? tcg_sar(b, t, lo, tcg_const(b, t, 8 * bytes - 1)) : tcg_const(b, t, 0);
    TcgLabel narrow = tcg_label_new(b), done = tcg_label_new(b);
    x86_emit_raise_if(d, X86_EXC_DE, false, TCG_COND_EQ, t, c, tcg_const(b, t, 0));
    tcg_label_branch(b, narrow, TCG_COND_EQ, t, hi, plain);
    divide_full(d, is_signed, bytes, hi, lo, c);
    tcg_label_goto(b, done);
    tcg_label_bind(b, narrow);
    if (is_signed) { /* the smallest number by -1 does not fit */
        TcgVal min = tcg_const(b, t, 1ull << (8 * bytes - 1)),
               all = tcg_const(b, t, bytes == 8 ? UINT64_MAX : UINT32_MAX);
        TcgVal bad =
            tcg_and(b, TCG_I64, tcg_setcond(b, TCG_COND_EQ, t, lo, min), tcg_setcond(b, TCG_COND_EQ, t, c, all));
        x86_emit_raise_if(d, X86_EXC_DE, false, TCG_COND_NE, TCG_I64, bad, x86_const(d, 0));
    }
    TcgVal q = is_signed ? tcg_divs(b, t, lo, c) : tcg_divu(b, t, lo, c);
    put_quotient(d, bytes, q, tcg_sub(b, t, lo, tcg_mul(b, t, q, c))); /* cheaper than dividing again */
    tcg_label_bind(b, done);
}

/* --- decimal adjustment (SDM 2A AAA.., 2B DAA..): AX and status flags in, both out --- */

enum { AAA, AAS, DAA, DAS };

static uint32_t result_flags(uint8_t al)
{
    return (al ? 0 : EFL_ZF) | (al & 0x80 ? EFL_SF : 0) | (__builtin_parity(al) ? 0 : EFL_PF);
}

static uint64_t adjust(uint32_t ax, uint64_t flags, uint32_t op)
{
    uint8_t al = (uint8_t)ax;
    bool af = flags & EFL_AF || (al & 15) > 9, cf = false;
    uint32_t f;
    if (op == AAA || op == AAS) {
        if (af) {
            ax = op == AAA ? ax + 0x106 : ax - 0x106;
        }
        al = (uint8_t)(ax & 15);
        f = result_flags(al) | (af ? EFL_AF | EFL_CF : 0);
        return (ax & 0xff00) | al | (uint64_t)f << 32;
    }
    bool high = al > 0x99 || flags & EFL_CF;
    uint8_t by = (uint8_t)((af ? 6 : 0) + (high ? 0x60 : 0));
    cf = high || (op == DAS && af && al < 6);
    al = (uint8_t)(op == DAA ? al + by : al - by);
    f = result_flags(al) | (af ? EFL_AF : 0) | (cf ? EFL_CF : 0);
    return (ax & 0xff00) | al | (uint64_t)f << 32;
}
static const TcgHelper helper_adjust = {
    "x86_adjust", (void *)adjust, TCG_HELPER_PURE, TCG_I64, {TCG_I32, TCG_I64, TCG_I32}, {{0}}, {{0}}};

static void emit_adjust(X86Insn *d)
{
    TcgVal v = tcg_call(d->b, &helper_adjust, x86_get_gpr(d, X86_AX, 2), x86_get_flags_packed(d),
                        x86_const32(d, d->row->arg), TCG_NONE);
    x86_put_gpr(d, X86_AX, 2, tcg_trunc(d->b, v));
    x86_put_flags_packed(d, tcg_shr(d->b, TCG_I64, v, x86_const(d, 32)));
}

static void emit_aam(X86Insn *d)
{
    TcgBuilder *b = d->b;
    TcgVal al = x86_get_gpr(d, X86_AX, 1), by = x86_const32(d, (uint32_t)d->op[0].imm);
    if (!d->op[0].imm) {
        x86_emit_raise(d, X86_EXC_DE);
        return;
    }
    TcgVal low = tcg_remu(b, TCG_I32, al, by), high = tcg_divu(b, TCG_I32, al, by);
    x86_put_gpr(d, X86_AX, 2, tcg_or(b, TCG_I32, low, tcg_shl(b, TCG_I32, high, x86_const32(d, 8))));
    x86_put_flags(d, TCG_FK_LOGIC, 1, low, TCG_NONE, TCG_NONE);
}

static void emit_aad(X86Insn *d)
{
    TcgBuilder *b = d->b;
    TcgVal high = tcg_mul(b, TCG_I32, x86_get_gpr_high(d, X86_AX), x86_const32(d, (uint32_t)d->op[0].imm));
    TcgVal al = x86_get_gpr(d, X86_AX, 1), r = tcg_zext(b, TCG_I32, tcg_add(b, TCG_I32, high, al), 8);
    x86_put_gpr(d, X86_AX, 2, r);
    x86_put_flags(d, TCG_FK_ADD, 1, tcg_zext(b, TCG_I32, high, 8), al, TCG_NONE);
}

#define ROW(name_, pattern_, operands_, emit_, ...) \
    { \
        .name = name_, .pattern = pattern_, .operands = operands_, .emit = emit_, __VA_ARGS__ \
    }

static const X86Row rows[] = {
    ROW("mul", "F6 /4", "Eb", emit_mul, .arg = 0),
    ROW("mul", "F7 /4", "Ev", emit_mul, .arg = 0),
    ROW("imul", "F6 /5", "Eb", emit_mul, .arg = 1),
    ROW("imul", "F7 /5", "Ev", emit_mul, .arg = 1),
    ROW("imul", "0F AF /r", "Gv,Ev", emit_imul),
    ROW("imul", "69 /r", "Gv,Ev,Iz", emit_imul),
    ROW("imul", "6B /r", "Gv,Ev,Ibs", emit_imul),
    ROW("div", "F6 /6", "Eb", emit_div, .arg = 0),
    ROW("div", "F7 /6", "Ev", emit_div, .arg = 0),
    ROW("idiv", "F6 /7", "Eb", emit_div, .arg = 1),
    ROW("idiv", "F7 /7", "Ev", emit_div, .arg = 1),
    ROW("aaa", "37", "", emit_adjust, .arg = AAA, .flags = X86_ROW_I64),
    ROW("aas", "3F", "", emit_adjust, .arg = AAS, .flags = X86_ROW_I64),
    ROW("daa", "27", "", emit_adjust, .arg = DAA, .flags = X86_ROW_I64),
    ROW("das", "2F", "", emit_adjust, .arg = DAS, .flags = X86_ROW_I64),
    ROW("aam", "D4", "Ib", emit_aam, .flags = X86_ROW_I64),
    ROW("aad", "D5", "Ib", emit_aad, .flags = X86_ROW_I64),
};
const X86RowGroup x86_rows_muldiv = X86_GROUP(rows);

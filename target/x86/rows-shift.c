/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shifts and rotates. Counts are taken modulo 32 (64 for 64-bit operands); one of 0 leaves all flags alone (SDM 2B).
 * Undefined flags are what processors give: OF of a count above 1 as of count 1, AF 0.
 *
 * A count in CL that may be 0 needs a decision for the flags alone: results are right for 0 by themselves.
 */
#include "emit-internal.h"

enum { ROL, ROR, RCL, RCR, SHL, SHR, SAL, SAR };

typedef struct Shift {
    unsigned bytes, bits;
    TcgType t;
    bool known;      /* constant count */
    unsigned count;  /* where known */
    TcgVal n;        /* of type t, masked */
} Shift;

static Shift begin(X86Insn *d, TcgVal count)
{
    Shift s = {.bytes = d->op[0].bytes};
    uint64_t k;
    s.bits = 8 * s.bytes;
    s.t = x86_type(s.bytes);
    unsigned mask = s.bytes == 8 ? 63 : 31;
    s.n = tcg_and(d->b, TCG_I32, count, x86_const32(d, mask));
    s.known = tcg_is_const(d->b, s.n, &k);
    s.count = s.known ? (unsigned)k : 0;
    s.n = s.t == TCG_I64 ? tcg_extu(d->b, s.n) : s.n;
    return s;
}

/*
 * Before the flags: where the count is 0 the instruction ends here. That leaves the region, so that behind it the flags
 * are known to be the shift's: to merge two kinds of flags would cost every shift by CL more than a few exits do.
 */
static void begin_flags(X86Insn *d, const Shift *s)
{
    if (s->known) {
        return;
    }
    TcgVal zero = tcg_const(d->b, s->t, 0);
    if (d->flags & (X86_RF_TF | X86_RF_BREAK)) {
        TcgLabel more = tcg_label_new(d->b);
        tcg_label_branch(d->b, more, TCG_COND_NE, s->t, s->n, zero);
        x86_emit_leave(d);
        tcg_label_bind(d->b, more);
    } else {
        tcg_branch(d->b, TCG_COND_EQ, s->t, s->n, zero, x86_next_pc(d));
    }
}

static TcgVal bit(X86Insn *d, TcgType t, TcgVal v, unsigned n)
{
    TcgVal r = tcg_and(d->b, t, tcg_shr(d->b, t, v, tcg_const(d->b, t, n)), tcg_const(d->b, t, 1));
    return t == TCG_I64 ? r : tcg_extu(d->b, r);
}

static TcgVal at_place(X86Insn *d, TcgVal bit01, uint64_t flag)
{
    return tcg_shl(d->b, TCG_I64, bit01, x86_const(d, (unsigned)__builtin_ctzll(flag)));
}

/* Store-back may be read-modify-write, or @locked never: shifts take no LOCK. */
static void emit_shift(X86Insn *d, unsigned op, TcgVal count)
{
    static const uint8_t kinds[] = {[SHL] = TCG_FK_SHL, [SAL] = TCG_FK_SHL, [SHR] = TCG_FK_SHR, [SAR] = TCG_FK_SAR};
    TcgVal a = x86_read_op_rmw(d, 0), r;
    Shift s = begin(d, count);
    if (op == SAR) {
        r = tcg_sar(d->b, s.t, s.bytes < 4 ? tcg_sext(d->b, s.t, a, s.bits) : a, s.n);
    } else {
        r = op == SHR ? tcg_shr(d->b, s.t, a, s.n) : tcg_shl(d->b, s.t, a, s.n);
    }
    x86_write_op(d, 0, r);
    if (s.known && !s.count) {
        return;
    }
    begin_flags(d, &s);
    x86_put_flags(d, (TcgFlagsKind)kinds[op], s.bytes, a, s.n, TCG_NONE);
}

/* CF and OF as given (0 or 1), the others as they are. */
static void put_carry_overflow(X86Insn *d, TcgVal cf, TcgVal of)
{
    TcgVal v = tcg_or(d->b, TCG_I64, x86_get_flag_bits(d, EFL_STATUS & ~(EFL_CF | EFL_OF)), cf);
    x86_put_flags_packed(d, tcg_or(d->b, TCG_I64, v, at_place(d, of, EFL_OF)));
}

static TcgVal rotate(X86Insn *d, unsigned op, const Shift *s, TcgVal a)
{
    TcgBuilder *b = d->b;
    TcgVal n = s->n;
    if (s->bytes >= 4) {
        return op == ROL ? tcg_rol(b, s->t, a, n) : tcg_ror(b, s->t, a, n);
    }
    a = tcg_mul(b, TCG_I32, a,
                x86_const32(d, s->bytes == 1 ? 0x01010101 : 0x00010001)); /* repeated: 32 is a multiple of the width */
    a = op == ROL ? tcg_rol(b, TCG_I32, a, n) : tcg_ror(b, TCG_I32, a, n);
    return tcg_zext(b, TCG_I32, a, s->bits);
}

static void emit_rotate(X86Insn *d, unsigned op, TcgVal count)
{
    TcgVal a = x86_read_op_rmw(d, 0);
    Shift s = begin(d, count);
    TcgVal r = rotate(d, op, &s, a);
    x86_write_op(d, 0, r);
    if (s.known && !s.count) {
        return;
    }
    begin_flags(d, &s);
    TcgVal top = bit(d, s.t, r, s.bits - 1), cf, of;
    if (op == ROL) {
        cf = bit(d, s.t, r, 0);
        of = tcg_xor(d->b, TCG_I64, top, cf);
    } else {
        cf = top;
        of = tcg_xor(d->b, TCG_I64, top, bit(d, s.t, r, s.bits - 2));
    }
    put_carry_overflow(d, cf, of);
}

/* --- through carry: the rotation is of bits + 1 bits --- */

static inline unsigned rcl_count(unsigned bits, unsigned n) { return bits < 32 ? n % (bits + 1) : n; }

/* @how: bits | right << 8. The new carry is returned in *carry. */
static uint64_t rotate_carry(uint64_t a, unsigned how, unsigned n, unsigned *carry)
{
    unsigned bits = how & 0xff, c = *carry;
    for (n = rcl_count(bits, n); n; n--) {
        unsigned out;
        if (how & 0x100) {
            out = a & 1;
            a = a >> 1 | (uint64_t)c << (bits - 1);
        } else {
            out = a >> (bits - 1) & 1;
            a = a << 1 | c;
        }
        c = out;
    }
    *carry = c;
    return bits == 64 ? a : a & ((1ull << bits) - 1);
}

static uint64_t rotated(uint64_t a, uint64_t carry, uint32_t how, uint32_t n)
{
    unsigned c = (unsigned)carry;
    return rotate_carry(a, how, n, &c);
}
static uint64_t rotated_carry(uint64_t a, uint64_t carry, uint32_t how, uint32_t n)
{
    unsigned c = (unsigned)carry;
    rotate_carry(a, how, n, &c);
    return c;
}
static const TcgHelper helper_rotated = {
    "x86_rotate_carry", (void *)rotated, TCG_HELPER_PURE, TCG_I64, {TCG_I64, TCG_I64, TCG_I32, TCG_I32}, {{0}}, {{0}}};
static const TcgHelper helper_rotated_carry = {"x86_rotate_carry_out", (void *)rotated_carry, TCG_HELPER_PURE, TCG_I64,
                                               {TCG_I64, TCG_I64, TCG_I32, TCG_I32}, {{0}}, {{0}}};

static void emit_rotate_carry(X86Insn *d, unsigned op, TcgVal count)
{
    TcgBuilder *b = d->b;
    TcgVal a = x86_read_op_rmw(d, 0), carry = x86_get_carry(d), r, cf;
    Shift s = begin(d, count);
    TcgVal wide = s.t == TCG_I64 ? a : tcg_extu(b, a);
    if (s.known && s.count == 1) {
        TcgVal in = s.t == TCG_I64 ? carry : tcg_trunc(b, carry), one = tcg_const(b, s.t, 1),
               top = tcg_const(b, s.t, s.bits - 1);
        cf = bit(d, s.t, a, op == RCL ? s.bits - 1 : 0);
        r = op == RCL ? tcg_or(b, s.t, tcg_shl(b, s.t, a, one), in)
                      : tcg_or(b, s.t, tcg_shr(b, s.t, a, one), tcg_shl(b, s.t, in, top));
        r = s.bytes < 4 ? tcg_zext(b, s.t, r, s.bits) : r;
    } else {
        TcgVal how = x86_const32(d, s.bits | (op == RCR ? 0x100 : 0)), n = s.t == TCG_I64 ? tcg_trunc(b, s.n) : s.n;
        r = tcg_call(b, &helper_rotated, wide, carry, how, n);
        cf = tcg_call(b, &helper_rotated_carry, wide, carry, how, n);
        r = s.t == TCG_I64 ? r : tcg_trunc(b, r);
    }
    x86_write_op(d, 0, r);
    if (s.known && !s.count) {
        return;
    }
    begin_flags(d, &s);
    TcgVal top = bit(d, s.t, r, s.bits - 1);
    put_carry_overflow(d, cf, tcg_xor(b, TCG_I64, top, op == RCL ? cf : bit(d, s.t, r, s.bits - 2)));
}

/* arg: operation. The count is operand 1: an immediate or CL. */
static void emit_group2(X86Insn *d)
{
    unsigned op = d->row->arg;
    TcgVal count = x86_read_op(d, 1);
    if (op == RCL || op == RCR) {
        emit_rotate_carry(d, op, count);
    } else if (op < RCL) {
        emit_rotate(d, op, count);
    } else {
        emit_shift(d, op, count);
    }
}

/* --- SHLD, SHRD: operand 1 gives the bits that come in, operand 2 the count --- */

/* CF: the last bit that went out; OF: the sign changed; the rest by the result. */
static void put_double_flags(X86Insn *d, const Shift *s, TcgVal a, TcgVal r, TcgVal cf)
{
    TcgVal of = tcg_xor(d->b, TCG_I64, bit(d, s->t, a, s->bits - 1), bit(d, s->t, r, s->bits - 1));
    x86_put_flags_result(d, s->bytes, r, cf, of);
}

static TcgVal flag_bit_by(X86Insn *d, TcgType t, TcgVal v, TcgVal n)
{
    TcgVal r = tcg_and(d->b, t, tcg_shr(d->b, t, v, n), tcg_const(d->b, t, 1));
    return t == TCG_I64 ? r : tcg_extu(d->b, r);
}

static void emit_double_wide(X86Insn *d, Shift *s, TcgVal a, TcgVal in, bool right)
{
    TcgBuilder *b = d->b;
    TcgType t = s->t;
    TcgVal width = tcg_const(b, t, s->bits), one = tcg_const(b, t, 1), back = tcg_sub(b, t, width, s->n), r;
    TcgVal zero = tcg_const(b, t, 0);
    /* A shift by the full width would wrap: the bits that come in are shifted by one and by the rest. */
    TcgVal rest = tcg_sub(b, t, tcg_const(b, t, s->bits - 1), s->n);
    if (s->known && s->count) {
        r = right ? tcg_or(b, t, tcg_shr(b, t, a, s->n), tcg_shl(b, t, in, back))
                  : tcg_or(b, t, tcg_shl(b, t, a, s->n), tcg_shr(b, t, in, back));
    } else if (s->known) {
        r = a;
    } else if (right) {
        r = tcg_or(b, t, tcg_shr(b, t, a, s->n), tcg_shl(b, t, tcg_shl(b, t, in, one), rest));
    } else {
        r = tcg_or(b, t, tcg_shl(b, t, a, s->n), tcg_shr(b, t, tcg_shr(b, t, in, one), rest));
    }
    x86_write_op(d, 0, r);
    if (s->known && !s->count) {
        return;
    }
    begin_flags(d, s);
    TcgVal cf = flag_bit_by(d, t, a, right ? tcg_sub(b, t, s->n, one) : tcg_sub(b, t, zero, s->n));
    put_double_flags(d, s, a, r, cf);
}

/* 16 bits: counts above 16 are undefined; processors go on with the destination's bits once more. */
static void emit_double16(X86Insn *d, Shift *s, TcgVal a, TcgVal in, bool right)
{
    TcgBuilder *b = d->b;
    TcgVal wa = tcg_extu(b, a), win = tcg_extu(b, in), n = tcg_extu(b, s->n), r, cf, sixteen = x86_const(d, 16),
           thirty_two = x86_const(d, 32);
    if (right) { /* bits from the bottom: destination, source, destination */
        TcgVal all = tcg_or(b, TCG_I64, tcg_or(b, TCG_I64, wa, tcg_shl(b, TCG_I64, win, sixteen)),
                            tcg_shl(b, TCG_I64, wa, thirty_two));
        r = tcg_shr(b, TCG_I64, all, n);
        cf = flag_bit_by(d, TCG_I64, all, tcg_addi(b, TCG_I64, n, -1));
    } else {     /* from the top: destination, source, destination */
        TcgVal all = tcg_or(b, TCG_I64, tcg_or(b, TCG_I64, wa, tcg_shl(b, TCG_I64, win, sixteen)),
                            tcg_shl(b, TCG_I64, wa, thirty_two));
        r = tcg_shr(b, TCG_I64, all, tcg_sub(b, TCG_I64, thirty_two, n));
        cf = flag_bit_by(d, TCG_I64, all, tcg_sub(b, TCG_I64, x86_const(d, 48), n));
    }
    r = tcg_zext(b, TCG_I32, tcg_trunc(b, r), 16);
    x86_write_op(d, 0, r);
    if (s->known && !s->count) {
        return;
    }
    begin_flags(d, s);
    put_double_flags(d, s, a, r, cf);
}

static void emit_double(X86Insn *d)
{
    TcgVal a = x86_read_op_rmw(d, 0), in = x86_read_op(d, 1);
    Shift s = begin(d, x86_read_op(d, 2));
    if (s.bytes == 2) {
        emit_double16(d, &s, a, in, d->row->arg);
    } else {
        emit_double_wide(d, &s, a, in, d->row->arg);
    }
}

#define ROW(name_, pattern_, operands_, emit_, ...) \
    { \
        .name = name_, .pattern = pattern_, .operands = operands_, .emit = emit_, __VA_ARGS__ \
    }
#define GROUP2(name_, digit_, op_) \
    ROW(name_, "C0 " digit_, "Eb,Ib", emit_group2, .arg = op_), \
        ROW(name_, "C1 " digit_, "Ev,Ib", emit_group2, .arg = op_), \
        ROW(name_, "D0 " digit_, "Eb,1", emit_group2, .arg = op_), \
        ROW(name_, "D1 " digit_, "Ev,1", emit_group2, .arg = op_), \
        ROW(name_, "D2 " digit_, "Eb,CL", emit_group2, .arg = op_), \
        ROW(name_, "D3 " digit_, "Ev,CL", emit_group2, .arg = op_)

static const X86Row rows[] = {
    GROUP2("rol", "/0", ROL),
    GROUP2("ror", "/1", ROR),
    GROUP2("rcl", "/2", RCL),
    GROUP2("rcr", "/3", RCR),
    GROUP2("shl", "/4", SHL),
    GROUP2("shr", "/5", SHR),
    GROUP2("sal", "/6", SAL),
    GROUP2("sar", "/7", SAR),
    ROW("shld", "0F A4 /r", "Ev,Gv,Ib", emit_double, .arg = 0),
    ROW("shld", "0F A5 /r", "Ev,Gv,CL", emit_double, .arg = 0),
    ROW("shrd", "0F AC /r", "Ev,Gv,Ib", emit_double, .arg = 1),
    ROW("shrd", "0F AD /r", "Ev,Gv,CL", emit_double, .arg = 1),
};
const X86RowGroup x86_rows_shift = X86_GROUP(rows);

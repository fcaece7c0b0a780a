/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conditions on flags whose origin is in sight, turned into one integer compare; whatever that takes beforehand is made
 * of plain operations. What each flag is: reference-flags.c, which tests compare this with.
 *
 * An 8- or 16-bit operation stands shifted up in an i32 (by `up`), so that sign, carry and zero are where those of an
 * i32 are; only what looks at low bits (carry in, parity, right shifts) has to know.
 */
#include "internal.h"

typedef struct Origin {
    TcgEmit *e;
    TcgFlagsKind kind;
    TcgType type;
    unsigned up;
    TcgVal a, b, c;
} Origin;

static TcgVal bin(const Origin *o, TcgOp op, TcgVal x, TcgVal y) { return tcg_emit_op2(o->e, op, o->type, x, y); }
static TcgVal k(const Origin *o, uint64_t v) { return tcg_emit_const(o->e, o->type, v & tcg_int_mask(o->type)); }
static TcgVal zero(const Origin *o) { return k(o, 0); }
static TcgVal not(const Origin *o, TcgVal v) { return tcg_emit_op1(o->e, TCG_OP_NOT, o->type, v, 0); }
static bool shifts(TcgFlagsKind kind) { return kind == TCG_FK_SHL || kind == TCG_FK_SHR || kind == TCG_FK_SAR; }

static TcgVal carry_in(const Origin *o) { return bin(o, TCG_OP_AND, o->c, k(o, 1)); }
static TcgVal carry_unit(const Origin *o)
{
    return o->up ? bin(o, TCG_OP_SHL, carry_in(o), k(o, o->up)) : carry_in(o);
}

/* The result's bits as sign and zero need them: a right shift is not brought back up, its low bits are cut. */
static TcgVal result(const Origin *o)
{
    switch (o->kind) {
    case TCG_FK_ADD:
        return bin(o, TCG_OP_ADD, o->a, o->b);
    case TCG_FK_ADC:
        return bin(o, TCG_OP_ADD, bin(o, TCG_OP_ADD, o->a, o->b), carry_unit(o));
    case TCG_FK_SUB:
        return bin(o, TCG_OP_SUB, o->a, o->b);
    case TCG_FK_SBB:
        return bin(o, TCG_OP_SUB, bin(o, TCG_OP_SUB, o->a, o->b), carry_unit(o));
    case TCG_FK_INC:
        return bin(o, TCG_OP_ADD, o->a, k(o, 1ull << o->up));
    case TCG_FK_DEC:
        return bin(o, TCG_OP_SUB, o->a, k(o, 1ull << o->up));
    case TCG_FK_SHL:
        return bin(o, TCG_OP_SHL, o->a, o->b);
    case TCG_FK_SHR:
        return bin(o, TCG_OP_SHR, o->a, o->b);
    case TCG_FK_SAR:
        return bin(o, TCG_OP_SAR, o->a, o->b);
    case TCG_FK_MUL:
        return bin(o, TCG_OP_MUL, o->a, o->b);
    default: /* LOGIC */
        return o->a;
    }
}

/* A value that is negative exactly where the overflow flag is set. 0: always clear; false: not known here. */
static bool overflow(const Origin *o, TcgVal *v)
{
    TcgVal r;

    *v = TCG_NONE;
    switch (o->kind) {
    case TCG_FK_ADD:
    case TCG_FK_ADC:
        r = result(o);
        *v = bin(o, TCG_OP_AND, bin(o, TCG_OP_XOR, o->a, r), bin(o, TCG_OP_XOR, o->b, r));
        return true;
    case TCG_FK_SUB:
    case TCG_FK_SBB:
        *v = bin(o, TCG_OP_AND, bin(o, TCG_OP_XOR, o->a, o->b), bin(o, TCG_OP_XOR, o->a, result(o)));
        return true;
    case TCG_FK_INC:
        *v = bin(o, TCG_OP_ANDN, result(o), o->a);
        return true;
    case TCG_FK_DEC:
        *v = bin(o, TCG_OP_ANDN, o->a, result(o));
        return true;
    case TCG_FK_LOGIC:
    case TCG_FK_SAR:
        return true;
    case TCG_FK_SHR:
        *v = o->a;
        return true;
    case TCG_FK_SHL: {
        TcgVal before = bin(o, TCG_OP_SHL, o->a, bin(o, TCG_OP_SUB, o->b, k(o, 1)));

        *v = bin(o, TCG_OP_XOR, before, result(o));
        return true;
    }
    default:
        return false;
    }
}

/* The carry flag as a compare. */
static bool carry(const Origin *o, TcgCompare *out)
{
    TcgVal v, one = k(o, 1);

    *out = (TcgCompare){o->type, TCG_COND_LT, TCG_NONE, zero(o)};
    switch (o->kind) {
    case TCG_FK_ADD:
        *out = (TcgCompare){o->type, TCG_COND_LTU, result(o), o->a};
        return true;
    case TCG_FK_ADC: /* majority of a, b and not result */
        v = bin(o, TCG_OP_ANDN, bin(o, TCG_OP_OR, o->a, o->b), result(o));
        out->a = bin(o, TCG_OP_OR, bin(o, TCG_OP_AND, o->a, o->b), v);
        return true;
    case TCG_FK_SUB:
        *out = (TcgCompare){o->type, TCG_COND_LTU, o->a, o->b};
        return true;
    case TCG_FK_SBB: /* majority of not a, b and result */
        v = bin(o, TCG_OP_AND, bin(o, TCG_OP_OR, not(o, o->a), o->b), result(o));
        out->a = bin(o, TCG_OP_OR, bin(o, TCG_OP_ANDN, o->b, o->a), v);
        return true;
    case TCG_FK_INC:
    case TCG_FK_DEC:
        *out = (TcgCompare){o->type, TCG_COND_NE, carry_in(o), zero(o)};
        return true;
    case TCG_FK_LOGIC:
        *out = (TcgCompare){o->type, TCG_COND_NE, zero(o), zero(o)};
        return true;
    case TCG_FK_SHL: /* the last bit that went out */
        out->a = bin(o, TCG_OP_SHL, o->a, bin(o, TCG_OP_SUB, o->b, one));
        return true;
    case TCG_FK_SHR:
    case TCG_FK_SAR:
        v = bin(o, o->kind == TCG_FK_SHR ? TCG_OP_SHR : TCG_OP_SAR, o->a, bin(o, TCG_OP_SUB, o->b, one));
        *out = (TcgCompare){o->type, TCG_COND_NE, bin(o, TCG_OP_AND, v, k(o, 1ull << o->up)), zero(o)};
        return true;
    default:
        return false;
    }
}

static TcgVal as_bit(const Origin *o, const TcgCompare *c)
{
    return tcg_emit_insn(o->e, (TcgInsn){.op = TCG_OP_SETCOND, .type = TCG_I64, .cond = (uint8_t)c->cond, .arg = {c->a, c->b},
                                         .aux = (uint32_t)c->type});
}

/* Either of two conditions. */
static TcgCompare either(const Origin *o, const TcgCompare *x, const TcgCompare *y)
{
    TcgVal v = tcg_emit_op2(o->e, TCG_OP_OR, TCG_I64, as_bit(o, x), as_bit(o, y));

    return (TcgCompare){TCG_I64, TCG_COND_NE, v, tcg_emit_const(o->e, TCG_I64, 0)};
}

static TcgCompare parity(const Origin *o, TcgVal r)
{
    TcgVal low = bin(o, TCG_OP_AND, o->up ? bin(o, TCG_OP_SHR, r, k(o, o->up)) : r, k(o, 0xff));
    TcgVal count = tcg_emit_op1(o->e, TCG_OP_POPCNT, o->type, low, 0);

    return (TcgCompare){o->type, TCG_COND_EQ, bin(o, TCG_OP_AND, count, k(o, 1)), zero(o)};
}

/* What a right shift of a narrow value leaves below it does not count. */
static TcgVal visible(const Origin *o, TcgVal r)
{
    bool right = o->kind == TCG_FK_SHR || o->kind == TCG_FK_SAR;

    return right && o->up ? bin(o, TCG_OP_AND, r, k(o, ~0ull << o->up)) : r;
}

/* Any of the even conditions; the odd ones are their opposites. */
static bool condition(const Origin *o, TcgFlagCond fc, TcgCompare *out)
{
    TcgCompare other;
    TcgVal v;

    switch (fc) {
    case TCG_FC_O:
        if (!overflow(o, &v)) {
            return false;
        }
        *out = (TcgCompare){o->type, TCG_COND_LT, v ? v : zero(o), zero(o)};
        return true;
    case TCG_FC_B:
        return carry(o, out);
    case TCG_FC_E:
        *out = (TcgCompare){o->type, TCG_COND_EQ, visible(o, result(o)), zero(o)};
        return true;
    case TCG_FC_BE:
        if (!carry(o, &other)) {
            return false;
        }
        condition(o, TCG_FC_E, out);
        if (o->kind != TCG_FK_LOGIC) {
            *out = either(o, out, &other);
        }
        return true;
    case TCG_FC_S:
        *out = (TcgCompare){o->type, TCG_COND_LT, result(o), zero(o)};
        return true;
    case TCG_FC_P:
        *out = parity(o, result(o));
        return true;
    case TCG_FC_L: /* sign differs from overflow */
        if (!overflow(o, &v)) {
            return false;
        }
        v = v ? bin(o, TCG_OP_XOR, v, result(o)) : result(o);
        *out = (TcgCompare){o->type, TCG_COND_LT, v, zero(o)};
        return true;
    case TCG_FC_LE:
        if (!condition(o, TCG_FC_L, &other)) {
            return false;
        }
        condition(o, TCG_FC_E, out);
        *out = either(o, out, &other);
        return true;
    default:
        return false;
    }
}

/* Bits at the places of EFLAGS. */
static bool packed(const Origin *o, TcgFlagCond fc, TcgCompare *out)
{
    static const uint16_t mask[16] = {[TCG_FC_O] = 0x800, [TCG_FC_B] = 1, [TCG_FC_E] = 0x40, [TCG_FC_BE] = 0x41, [TCG_FC_S] = 0x80,
                                      [TCG_FC_P] = 4,     [TCG_FC_L] = 0x80, [TCG_FC_LE] = 0xc0};
    TcgVal v = o->a;

    if (fc == TCG_FC_L || fc == TCG_FC_LE) { /* sign xor overflow to the sign's place, zero as it is */
        TcgVal of = bin(o, TCG_OP_AND, bin(o, TCG_OP_SHR, v, k(o, 4)), k(o, 0x80));

        v = bin(o, TCG_OP_XOR, v, of);
    }
    *out = (TcgCompare){TCG_I64, TCG_COND_NE, bin(o, TCG_OP_AND, v, k(o, mask[fc & 15])), zero(o)};
    return true;
}

/* Counts of 0, narrow values shifted beyond their width, and what only a known count tells are the reference's. */
static bool shift_is_plain(const Origin *o, TcgFlagCond fc)
{
    unsigned width = tcg_int_bits(o->type);
    uint64_t count;

    if (!tcg_emit_is_const(o->e, o->b, &count)) {
        return !o->up && (fc == TCG_FC_E || fc == TCG_FC_S || fc == TCG_FC_P);
    }
    count &= width - 1;
    return count && count <= width - o->up;
}

bool tcg_fold_flags_of(TcgEmit *e, TcgVal flags, TcgFlagCond fc, TcgCompare *c)
{
    const TcgInsn *f = &e->r->insns[flags];
    Origin o = {e, (TcgFlagsKind)(f->aux & 0xff), (TcgType)f->sub, (unsigned)f->imm & 31, f->arg[0], f->arg[1], f->arg[2]};
    TcgFlagCond even = (TcgFlagCond)(fc & 14);
    bool done;

    if (f->op == TCG_OP_FLAGUNPACK && f->aux == 0) {
        o = (Origin){e, TCG_FK_PACKED_X86, TCG_I64, 0, f->arg[0], TCG_NONE, TCG_NONE};
        done = packed(&o, even, c);
    } else if (f->op != TCG_OP_FLAGS || !tcg_type_is_int(o.type) || o.kind <= TCG_FK_PACKED_ARM) {
        return false;
    } else {
        if (o.kind == TCG_FK_NEG) {
            o.kind = TCG_FK_SUB;
            o.b = o.a;
            o.a = zero(&o);
        }
        if (shifts(o.kind) ? !shift_is_plain(&o, even) : o.kind == TCG_FK_MUL && o.up) {
            return false;
        }
        done = condition(&o, even, c);
    }
    if (done && (fc & 1)) {
        c->cond = tcg_cond_invert(c->cond);
    }
    return done;
}

/* --- all flags as bits --- */

/* AF at its place: the carry into bit 4. */
static TcgVal adjust_bit(const Origin *o)
{
    TcgVal r = result(o), v;

    switch (o->kind) {
    case TCG_FK_ADD:
    case TCG_FK_ADC:
    case TCG_FK_SUB:
    case TCG_FK_SBB:
        v = bin(o, TCG_OP_XOR, bin(o, TCG_OP_XOR, o->a, o->b), r);
        break;
    case TCG_FK_INC:
    case TCG_FK_DEC:
        v = bin(o, TCG_OP_XOR, o->a, r);
        break;
    default:
        return TCG_NONE;
    }
    v = bin(o, TCG_OP_AND, o->up ? bin(o, TCG_OP_SHR, v, k(o, o->up)) : v, k(o, 0x10));
    return o->type == TCG_I64 ? v : tcg_emit_op1(o->e, TCG_OP_EXTU, TCG_I64, v, 0);
}

TcgVal tcg_fold_flagpack(TcgEmit *e, const TcgInsn *in)
{
    static const struct {
        uint16_t mask;
        uint8_t fc;
    } bits[] = {{1, TCG_FC_B}, {4, TCG_FC_P}, {0x40, TCG_FC_E}, {0x80, TCG_FC_S}, {0x800, TCG_FC_O}};
    const TcgInsn f = e->r->insns[in->arg[0]];
    uint64_t wanted = in->imm ? in->imm : 0x8d5;
    Origin o = {e, (TcgFlagsKind)(f.aux & 0xff), (TcgType)f.sub, (unsigned)f.imm & 31, f.arg[0], f.arg[1], f.arg[2]};
    TcgVal all = tcg_emit_const(e, TCG_I64, 0), v;

    if (in->aux) {
        return TCG_NONE;
    }
    if (f.op == TCG_OP_FLAGUNPACK && f.aux == 0) {
        return tcg_emit_op2(e, TCG_OP_AND, TCG_I64, f.arg[0], tcg_emit_const(e, TCG_I64, wanted));
    }
    if (f.op != TCG_OP_FLAGS || !tcg_type_is_int(o.type) || o.kind <= TCG_FK_PACKED_ARM || o.kind == TCG_FK_MUL) {
        return TCG_NONE;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(bits) && shifts(o.kind); i++) {
        if (wanted & bits[i].mask && !shift_is_plain(&o, (TcgFlagCond)bits[i].fc)) {
            return TCG_NONE;
        }
    }
    if (o.kind == TCG_FK_NEG) {
        o.kind = TCG_FK_SUB;
        o.b = o.a;
        o.a = zero(&o);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(bits); i++) {
        TcgCompare c;

        if (!(wanted & bits[i].mask) || !condition(&o, (TcgFlagCond)bits[i].fc, &c)) {
            continue;
        }
        v = tcg_emit_op2(e, TCG_OP_SHL, TCG_I64, as_bit(&o, &c), tcg_emit_const(e, TCG_I64, (unsigned)__builtin_ctz(bits[i].mask)));
        all = tcg_emit_op2(e, TCG_OP_OR, TCG_I64, v, all);
    }
    v = wanted & 0x10 ? adjust_bit(&o) : TCG_NONE;
    return v ? tcg_emit_op2(e, TCG_OP_OR, TCG_I64, all, v) : all;
}

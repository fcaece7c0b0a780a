/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IEEE 754 binary32 and binary64 in integers: all rounding modes, sticky exceptions in MXCSR's layout, and the NaN rules of
 * RISC-V, x86 and Arm. Tininess is detected after rounding, as x86 and RISC-V do.
 *
 * A finite number is unpacked to sign, exponent and a 64-bit significand with its top bit set: sig * 2^(exp - 63).
 * Results are computed to at least 64 bits with everything below or'ed ("jammed") into the lowest, which rounds the same
 * as the exact value: 64 bits are 11 more than binary64 keeps.
 */
#include "reference-internal.h"

typedef unsigned __int128 u128;

typedef struct Format {
    unsigned frac;  /* bits of the fraction */
    int bias;
    unsigned width;
} Format;
static const Format format32 = {23, 127, 32}, format64 = {52, 1023, 64};

typedef enum Class { C_ZERO, C_FINITE, C_INF, C_QNAN, C_SNAN } Class;

typedef struct Num {
    Class cls;
    bool sign, denormal;
    int exp;
    uint64_t sig;
    uint64_t bits;
} Num;

typedef struct Env {
    TcgRound round;
    TcgNan nan;
    bool daz, ftz, trap_underflow, trap_overflow;
    uint32_t raised;
} Env;

static const Format *format(TcgType t) { return t == TCG_F32 ? &format32 : &format64; }

static Env env_begin(TcgFp fp, uint32_t mxcsr)
{
    static const TcgRound modes[4] = {TCG_RM_RNE, TCG_RM_RDN, TCG_RM_RUP, TCG_RM_RTZ};
    TcgRound round = tcg_fp_round(fp);

    return (Env){.round = round >= TCG_RM_DYN ? modes[mxcsr >> 13 & 3] : round,
                 .nan = tcg_fp_nan(fp),
                 .daz = tcg_fp_ftz(fp) || mxcsr & FPE_DAZ,
                 .ftz = tcg_fp_ftz(fp) || (mxcsr & FPE_FTZ && !(mxcsr & FPE_TRAP_UNDERFLOW)),
                 .trap_underflow = mxcsr & FPE_TRAP_UNDERFLOW,
                 .trap_overflow = mxcsr & FPE_TRAP_OVERFLOW};
}

static uint64_t sign_bit(const Format *f, bool sign) { return (uint64_t)sign << (f->width - 1); }
static uint64_t frac_mask(const Format *f) { return (1ull << f->frac) - 1; }
static uint64_t infinity(const Format *f, bool sign)
{
    return sign_bit(f, sign) | (uint64_t)(2 * f->bias + 1) << f->frac;
}

static Num unpack(const Format *f, uint64_t bits, const Env *e)
{
    Num n = {.bits = bits, .sign = bits >> (f->width - 1) & 1};
    int biased = (int)(bits >> f->frac) & (2 * f->bias + 1);
    uint64_t frac = bits & frac_mask(f);

    if (biased == 2 * f->bias + 1) {
        n.cls = !frac ? C_INF : frac >> (f->frac - 1) ? C_QNAN : C_SNAN;
    } else if (biased == 0) {
        if (frac == 0 || e->daz) {
            n.cls = C_ZERO;
        } else {
            int lead = __builtin_clzll(frac);

            n.cls = C_FINITE;
            n.denormal = true;
            n.sig = frac << lead;
            n.exp = 1 - f->bias - (int)f->frac + (63 - lead);
        }
    } else {
        n.cls = C_FINITE;
        n.sig = (frac | 1ull << f->frac) << (63 - f->frac);
        n.exp = biased - f->bias;
    }
    return n;
}

static bool is_nan(const Num *n) { return n->cls >= C_QNAN; }

static uint64_t default_nan(const Format *f, const Env *e)
{
    return infinity(f, e->nan == TCG_NAN_X86) | 1ull << (f->frac - 1);
}

static uint64_t invalid(const Format *f, Env *e)
{
    e->raised |= FPE_INVALID;
    return default_nan(f, e);
}

/* The NaN result of an operation with a NaN among its operands (in the order of the rule). */
static uint64_t pick_nan(const Format *f, Env *e, const Num *const *ops, unsigned n)
{
    const Num *first = NULL, *first_signalling = NULL, *pick;

    for (unsigned i = n; i-- > 0;) {
        first = is_nan(ops[i]) ? ops[i] : first;
        first_signalling = ops[i]->cls == C_SNAN ? ops[i] : first_signalling;
    }
    if (first_signalling) {
        e->raised |= FPE_INVALID;
    }
    pick = e->nan == TCG_NAN_ARM && first_signalling ? first_signalling : first;
    if (e->nan == TCG_NAN_RISCV || e->nan == TCG_NAN_ARM_DEFAULT || !pick) {
        return default_nan(f, e);
    }
    return pick->bits | 1ull << (f->frac - 1);
}

static uint64_t pick_nan2(const Format *f, Env *e, const Num *a, const Num *b)
{
    const Num *ops[2] = {a, b};

    return pick_nan(f, e, ops, 2);
}

/* One ulp up? @rem: what is dropped, @half: its middle. */
static bool rounds_up(const Env *e, bool sign, uint64_t kept, uint64_t rem, uint64_t half)
{
    switch (e->round) {
    case TCG_RM_RNE:
        return rem > half || (rem == half && kept & 1);
    case TCG_RM_RMM:
        return rem >= half;
    case TCG_RM_RDN:
        return sign && rem;
    case TCG_RM_RUP:
        return !sign && rem;
    default:
        return false;
    }
}

static uint64_t round_sig(const Env *e, bool sign, uint64_t sig, unsigned drop, bool *inexact)
{
    uint64_t kept = sig >> drop, rem = sig & ((1ull << drop) - 1);

    *inexact = rem != 0;
    return kept + rounds_up(e, sign, kept, rem, 1ull << (drop - 1));
}

static uint64_t overflow(const Format *f, Env *e, bool sign, bool inexact)
{
    bool to_infinity = e->round == TCG_RM_RNE || e->round == TCG_RM_RMM || e->round == (sign ? TCG_RM_RDN : TCG_RM_RUP);

    e->raised |= FPE_OVERFLOW | (inexact || !e->trap_overflow ? FPE_INEXACT : 0);
    return infinity(f, sign) - !to_infinity;
}

static uint64_t round_pack(const Format *f, Env *e, bool sign, int exp, uint64_t sig)
{
    unsigned drop = 63 - f->frac;
    int emin = 1 - f->bias;
    uint64_t r;
    bool inexact;

    if (exp < emin) {
        unsigned shift = (unsigned)(emin - exp);
        bool tiny;

        r = round_sig(e, sign, sig, drop, &inexact);
        tiny = shift > 1 || r >> (f->frac + 1) == 0; /* rounded with unbounded exponent, still below the least normal number */
        if (tiny && e->trap_underflow) {
            e->raised |= FPE_UNDERFLOW | (inexact ? FPE_INEXACT : 0);
        } else if (tiny && e->ftz) {
            e->raised |= FPE_UNDERFLOW | FPE_INEXACT;
            return sign_bit(f, sign);
        }
        sig = shift < 64 ? sig >> shift | (sig << (64 - shift) != 0) : 1;
        r = round_sig(e, sign, sig, drop, &inexact);
        if (inexact && !(tiny && e->trap_underflow)) {
            e->raised |= FPE_INEXACT | (tiny ? FPE_UNDERFLOW : 0);
        }
        return sign_bit(f, sign) | r; /* a carry makes it the least normal number */
    }
    r = round_sig(e, sign, sig, drop, &inexact);
    if (r >> (f->frac + 1)) {
        r >>= 1;
        exp++;
    }
    if (exp > f->bias) {
        return overflow(f, e, sign, inexact);
    }
    e->raised |= inexact ? FPE_INEXACT : 0;
    return sign_bit(f, sign) | (uint64_t)(exp + f->bias) << f->frac | (r & frac_mask(f));
}

static unsigned clz128(u128 x)
{
    uint64_t high = (uint64_t)(x >> 64);

    return high ? (unsigned)__builtin_clzll(high) : 64 + (unsigned)__builtin_clzll((uint64_t)x);
}

static u128 shift_jam(u128 x, unsigned n)
{
    if (n == 0) {
        return x;
    }
    return n < 128 ? x >> n | (x << (128 - n) != 0) : x != 0;
}

/* x * 2^(exp - 125) */
static uint64_t round_pack128(const Format *f, Env *e, bool sign, int exp, u128 x)
{
    unsigned lead = clz128(x);

    x <<= lead;
    return round_pack(f, e, sign, exp + 2 - (int)lead, (uint64_t)(x >> 64) | ((uint64_t)x != 0));
}

/* Signed sum of two numbers whose top bit is bit 125. */
static uint64_t sum(const Format *f, Env *e, bool as, int ae, u128 a, bool bs, int be, u128 b)
{
    if (ae < be || (ae == be && a < b)) {
        bool s = as;
        int x = ae;
        u128 t = a;

        as = bs, ae = be, a = b;
        bs = s, be = x, b = t;
    }
    b = shift_jam(b, (unsigned)(ae - be));
    if (as == bs) {
        return round_pack128(f, e, as, ae, a + b);
    }
    a -= b;
    return a ? round_pack128(f, e, as, ae, a) : sign_bit(f, e->round == TCG_RM_RDN);
}

static uint64_t fp_add(const Format *f, Env *e, const Num *a, const Num *b, bool b_sign)
{
    if (a->cls == C_INF || b->cls == C_INF) {
        if (a->cls == b->cls && a->sign != b_sign) {
            return invalid(f, e);
        }
        return a->cls == C_INF ? infinity(f, a->sign) : infinity(f, b_sign);
    }
    if (a->cls == C_ZERO && b->cls == C_ZERO) {
        return sign_bit(f, a->sign == b_sign ? a->sign : e->round == TCG_RM_RDN);
    }
    if (a->cls == C_ZERO || b->cls == C_ZERO) {
        return a->cls == C_ZERO ? round_pack(f, e, b_sign, b->exp, b->sig) : round_pack(f, e, a->sign, a->exp, a->sig);
    }
    return sum(f, e, a->sign, a->exp, (u128)a->sig << 62, b_sign, b->exp, (u128)b->sig << 62);
}

static uint64_t fp_mul(const Format *f, Env *e, const Num *a, const Num *b)
{
    bool sign = a->sign ^ b->sign;

    if (a->cls == C_INF || b->cls == C_INF) {
        return a->cls == C_ZERO || b->cls == C_ZERO ? invalid(f, e) : infinity(f, sign);
    }
    if (a->cls == C_ZERO || b->cls == C_ZERO) {
        return sign_bit(f, sign);
    }
    return round_pack128(f, e, sign, a->exp + b->exp - 1, (u128)a->sig * b->sig);
}

static uint64_t fp_div(const Format *f, Env *e, const Num *a, const Num *b)
{
    bool sign = a->sign ^ b->sign;
    int exp = a->exp - b->exp;
    u128 num;

    if (a->cls == C_INF || b->cls == C_INF) {
        return a->cls == b->cls ? invalid(f, e) : a->cls == C_INF ? infinity(f, sign) : sign_bit(f, sign);
    }
    if (b->cls == C_ZERO) {
        if (a->cls == C_ZERO) {
            return invalid(f, e);
        }
        e->raised |= FPE_DIVZERO;
        return infinity(f, sign);
    }
    if (a->cls == C_ZERO) {
        return sign_bit(f, sign);
    }
    if (a->sig >= b->sig) {
        num = (u128)a->sig << 63;
    } else {
        num = (u128)a->sig << 64;
        exp--;
    }
    return round_pack(f, e, sign, exp, (uint64_t)(num / b->sig) | (num % b->sig != 0));
}

/* IEEE 754-2019 minimumNumber and maximumNumber. */
static uint64_t fp_minmax(const Format *f, Env *e, const Num *a, const Num *b, bool max)
{
    bool less;

    if (a->cls == C_SNAN || b->cls == C_SNAN) {
        e->raised |= FPE_INVALID;
    }
    if (is_nan(a) && is_nan(b)) {
        return default_nan(f, e);
    }
    if (is_nan(a) || is_nan(b)) {
        return is_nan(a) ? b->bits : a->bits;
    }
    if (a->sign != b->sign) {
        less = a->sign;
    } else {
        less = a->sign ? a->bits > b->bits : a->bits < b->bits;
    }
    return less ^ max ? a->bits : b->bits;
}

/* The denormal flag yields to NaN operands, invalid operations and division by zero (SDM vol. 1, 4.9.2). */
static bool denormal_counts(TcgOp op, const Env *e, const Num *x, const Num *y)
{
    return op != TCG_OP_FMIN && op != TCG_OP_FMAX && !is_nan(x) && !is_nan(y) && !(e->raised & (FPE_INVALID | FPE_DIVZERO));
}

uint64_t tcg_ref_fp2(TcgOp op, TcgType type, uint64_t a, uint64_t b, TcgFp fp, uint32_t *mxcsr)
{
    const Format *f = format(type);
    Env e = env_begin(fp, *mxcsr);
    Num x = unpack(f, a, &e), y = unpack(f, b, &e);
    uint64_t r;

    if (op == TCG_OP_FMIN || op == TCG_OP_FMAX) {
        r = fp_minmax(f, &e, &x, &y, op == TCG_OP_FMAX);
    } else if (is_nan(&x) || is_nan(&y)) {
        r = pick_nan2(f, &e, &x, &y);
    } else if (op == TCG_OP_FMUL) {
        r = fp_mul(f, &e, &x, &y);
    } else if (op == TCG_OP_FDIV) {
        r = fp_div(f, &e, &x, &y);
    } else {
        r = fp_add(f, &e, &x, &y, y.sign ^ (op == TCG_OP_FSUB));
    }
    if ((x.denormal || y.denormal) && denormal_counts(op, &e, &x, &y)) {
        e.raised |= FPE_DENORMAL;
    }
    *mxcsr |= e.raised;
    return r;
}

static uint64_t isqrt128(u128 n, bool *exact)
{
    u128 root = 0, rem = n;

    for (int bit = 126; bit >= 0; bit -= 2) {
        u128 trial = root + ((u128)1 << bit);

        root >>= 1;
        if (rem >= trial) {
            rem -= trial;
            root += (u128)1 << bit;
        }
    }
    *exact = rem == 0;
    return (uint64_t)root;
}

uint64_t tcg_ref_fsqrt(TcgType type, uint64_t a, TcgFp fp, uint32_t *mxcsr)
{
    const Format *f = format(type);
    Env e = env_begin(fp, *mxcsr);
    Num x = unpack(f, a, &e);
    uint64_t r;

    if (is_nan(&x)) {
        r = pick_nan2(f, &e, &x, &x);
    } else if (x.cls == C_ZERO) {
        r = sign_bit(f, x.sign);
    } else if (x.sign) {
        r = invalid(f, &e);
    } else if (x.cls == C_INF) {
        r = infinity(f, false);
    } else {
        bool odd = x.exp & 1, exact;
        uint64_t root = isqrt128((u128)x.sig << (odd ? 64 : 63), &exact);

        e.raised |= x.denormal ? FPE_DENORMAL : 0;
        r = round_pack(f, &e, false, (x.exp - odd) / 2, root | !exact);
    }
    *mxcsr |= e.raised;
    return r;
}

static uint64_t fp_fma(const Format *f, Env *e, const Num *a, const Num *b, const Num *c, bool product_sign, bool c_sign)
{
    if (a->cls == C_INF || b->cls == C_INF) {
        if (c->cls == C_INF && c_sign != product_sign) {
            return invalid(f, e);
        }
        return infinity(f, product_sign);
    }
    if (c->cls == C_INF) {
        return infinity(f, c_sign);
    }
    if (a->cls == C_ZERO || b->cls == C_ZERO) {
        if (c->cls == C_ZERO) {
            return sign_bit(f, product_sign == c_sign ? c_sign : e->round == TCG_RM_RDN);
        }
        return round_pack(f, e, c_sign, c->exp, c->sig);
    }
    {
        /* The product's lowest bits are 0 (the significands have at most 53 bits), so shifting by 2 loses nothing. */
        u128 product = (u128)a->sig * b->sig;
        unsigned lead = clz128(product);
        int exp = a->exp + b->exp + 1 - (int)lead;

        product = product << lead >> 2;
        if (c->cls == C_ZERO) {
            return round_pack128(f, e, product_sign, exp, product);
        }
        return sum(f, e, product_sign, exp, product, c_sign, c->exp, (u128)c->sig << 62);
    }
}

uint64_t tcg_ref_fma(TcgType type, uint64_t a, uint64_t b, uint64_t c, unsigned neg, TcgFp fp, uint32_t *mxcsr)
{
    const Format *f = format(type);
    Env e = env_begin(fp, *mxcsr);
    Num x = unpack(f, a, &e), y = unpack(f, b, &e), z = unpack(f, c, &e);
    bool zero_by_infinity = (x.cls == C_INF && y.cls == C_ZERO) || (x.cls == C_ZERO && y.cls == C_INF);
    uint64_t r;

    if (is_nan(&x) || is_nan(&y) || is_nan(&z)) {
        const Num *ops[3] = {&x, &y, &z};

        if (e.nan == TCG_NAN_ARM) { /* Arm looks at the addend first */
            ops[0] = &z, ops[1] = &x, ops[2] = &y;
        }
        if (zero_by_infinity && e.nan != TCG_NAN_X86) {
            r = invalid(f, &e);
        } else {
            r = pick_nan(f, &e, ops, 3);
        }
    } else if (zero_by_infinity) {
        r = invalid(f, &e);
    } else {
        r = fp_fma(f, &e, &x, &y, &z, x.sign ^ y.sign ^ (neg & 1), z.sign ^ (neg >> 1 & 1));
        if ((x.denormal || y.denormal || z.denormal) && !(e.raised & FPE_INVALID)) {
            e.raised |= FPE_DENORMAL;
        }
    }
    *mxcsr |= e.raised;
    return r;
}

bool tcg_ref_fcmp(TcgCond cond, bool signalling, TcgType type, uint64_t a, uint64_t b, uint32_t *mxcsr)
{
    const Format *f = format(type);
    Env e = env_begin(TCG_FP(TCG_RM_RNE, TCG_NAN_RISCV, 0), *mxcsr);
    Num x = unpack(f, a, &e), y = unpack(f, b, &e);
    bool equal, less;

    if (is_nan(&x) || is_nan(&y)) {
        if (signalling || x.cls == C_SNAN || y.cls == C_SNAN) {
            *mxcsr |= FPE_INVALID;
        }
        return cond == TCG_COND_NE;
    }
    if (x.denormal || y.denormal) {
        *mxcsr |= FPE_DENORMAL;
    }
    if (x.cls == C_ZERO && y.cls == C_ZERO) {
        equal = true;
        less = false;
    } else {
        uint64_t xb = x.cls == C_ZERO ? sign_bit(f, x.sign) : x.bits, yb = y.cls == C_ZERO ? sign_bit(f, y.sign) : y.bits;

        equal = xb == yb;
        less = x.sign != y.sign ? x.sign : x.sign ? xb > yb : xb < yb;
    }
    switch (cond) {
    case TCG_COND_EQ:
        return equal;
    case TCG_COND_NE:
        return !equal;
    case TCG_COND_LT:
        return less;
    case TCG_COND_LE:
        return less || equal;
    case TCG_COND_GT:
        return !less && !equal;
    default:
        return !less;
    }
}

uint64_t tcg_ref_ftof(TcgType to, TcgType from, uint64_t a, TcgFp fp, uint32_t *mxcsr)
{
    const Format *f = format(from), *g = format(to);
    Env e = env_begin(fp, *mxcsr);
    Num x = unpack(f, a, &e);
    uint64_t r;

    if (is_nan(&x)) {
        uint64_t frac = x.bits & frac_mask(f);

        e.raised |= x.cls == C_SNAN ? FPE_INVALID : 0;
        frac = g->frac > f->frac ? frac << (g->frac - f->frac) : frac >> (f->frac - g->frac);
        if (e.nan == TCG_NAN_RISCV || e.nan == TCG_NAN_ARM_DEFAULT) {
            r = default_nan(g, &e);
        } else {
            r = infinity(g, x.sign) | frac | 1ull << (g->frac - 1);
        }
    } else if (x.cls == C_INF) {
        r = infinity(g, x.sign);
    } else if (x.cls == C_ZERO) {
        r = sign_bit(g, x.sign);
    } else {
        e.raised |= x.denormal ? FPE_DENORMAL : 0;
        r = round_pack(g, &e, x.sign, x.exp, x.sig);
    }
    *mxcsr |= e.raised;
    return r;
}

/* The magnitude rounded to an integer; false where it needs more than 64 bits. */
static bool to_integer(Env *e, const Num *x, uint64_t *out, bool *inexact)
{
    uint64_t whole, rest;
    int shift = 63 - x->exp;

    *inexact = false;
    if (x->cls == C_ZERO) {
        *out = 0;
        return true;
    }
    if (x->cls != C_FINITE || shift < 0) {
        return false;
    }
    if (shift < 64) {
        whole = x->sig >> shift;
        rest = shift ? x->sig << (64 - shift) : 0;
    } else {
        whole = 0;
        rest = shift == 64 ? x->sig : 1;
    }
    *inexact = rest != 0;
    if (rounds_up(e, x->sign, whole, rest, 1ull << 63)) {
        if (++whole == 0) {
            return false;
        }
    }
    *out = whole;
    return true;
}

uint64_t tcg_ref_ftoi(TcgType to, bool is_unsigned, TcgType from, uint64_t a, TcgFp fp, uint32_t *mxcsr)
{
    Env e = env_begin(fp, *mxcsr);
    Num x = unpack(format(from), a, &e);
    unsigned width = to == TCG_I32 ? 32 : 64;
    uint64_t mask = width == 32 ? 0xffffffffu : ~0ull, top = 1ull << (width - 1);
    uint64_t max = is_unsigned ? mask : top - 1, min = is_unsigned ? 0 : top, r;
    bool negative = x.sign && !is_nan(&x), inexact, fits = to_integer(&e, &x, &r, &inexact);

    if (fits) {
        fits = negative ? (is_unsigned ? r == 0 : r <= top) : r <= max;
    }
    if (!fits) {
        e.raised = FPE_INVALID;
        r = negative ? min : max;
    } else {
        e.raised |= inexact ? FPE_INEXACT : 0;
        r = (negative ? -r : r) & mask;
    }
    *mxcsr |= e.raised;
    return r;
}

uint64_t tcg_ref_itof(TcgType to, TcgType from, bool is_unsigned, uint64_t a, TcgFp fp, uint32_t *mxcsr)
{
    const Format *f = format(to);
    Env e = env_begin(fp, *mxcsr);
    bool sign;
    uint64_t r;
    int lead;

    if (from == TCG_I32) {
        a = is_unsigned ? (uint32_t)a : (uint64_t)(int64_t)(int32_t)a;
    }
    sign = !is_unsigned && a >> 63;
    a = sign ? -a : a;
    if (a == 0) {
        return 0;
    }
    lead = __builtin_clzll(a);
    r = round_pack(f, &e, sign, 63 - lead, a << lead);
    *mxcsr |= e.raised;
    return r;
}

/* RISC-V F extension, 11.9: bit 0 -inf, 1 -normal, 2 -subnormal, 3 -0, 4 +0, 5 +subnormal, 6 +normal, 7 +inf, 8 sNaN, 9 qNaN. */
uint32_t tcg_ref_fclass(TcgType type, uint64_t a)
{
    Env e = {0};
    Num x = unpack(format(type), a, &e);
    unsigned size;

    if (is_nan(&x)) {
        return x.cls == C_SNAN ? 1u << 8 : 1u << 9;
    }
    size = x.cls == C_ZERO ? 0 : x.cls == C_INF ? 3 : x.denormal ? 1 : 2;
    return 1u << (x.sign ? 3 - size : 4 + size);
}

uint64_t tcg_ref_float(const TcgInsn *insn, uint64_t a, uint64_t b, uint64_t c, uint32_t *mxcsr)
{
    TcgType type = (TcgType)insn->type, source = (TcgType)(insn->aux & 0xff);

    switch (insn->op) {
    case TCG_OP_FSQRT:
        return tcg_ref_fsqrt(type, a, insn->aux, mxcsr);
    case TCG_OP_FMA:
        return tcg_ref_fma(type, a, b, c, (unsigned)insn->imm, insn->aux, mxcsr);
    case TCG_OP_FCMP:
        return tcg_ref_fcmp((TcgCond)insn->cond, insn->imm & 1, source, a, b, mxcsr);
    case TCG_OP_FTOF:
        return tcg_ref_ftof(type, source, a, insn->aux >> 8, mxcsr);
    case TCG_OP_FTOI:
        return tcg_ref_ftoi(type, insn->imm & 1, source, a, insn->aux >> 8, mxcsr);
    case TCG_OP_ITOF:
        return tcg_ref_itof(type, (TcgType)insn->sub, insn->imm & 1, a, insn->aux, mxcsr);
    case TCG_OP_FCLASS:
        return tcg_ref_fclass(source, a);
    default:
        return tcg_ref_fp2((TcgOp)insn->op, type, a, b, insn->aux, mxcsr);
    }
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Half-precision arithmetic (Zfh, Zfhmin) in integers, exact in every rounding mode and on every host.
 *
 * Every finite half is a multiple of 2^-24 below 2^16, so sums, products and fused products are exact in 128-bit fixed point;
 * quotients and roots are exact up to a sticky bit far below the last place. One function rounds a magnitude to
 * a half and says which exceptions that raised. Tininess is detected after rounding, as RISC-V has it.
 */
#include "half.h"
#include "helper.h"

typedef unsigned __int128 u128;

enum { NX = 1, UF = 2, OF = 4, DZ = 8, NV = 16 };
enum { RNE, RTZ, RDN, RUP, RMM };
enum { H_QNAN = 0x7e00, H_INF = 0x7c00, H_LARGEST = 0x7bff, H_SIGN = 0x8000 };
#define BOX16 (~0xffffull)

typedef struct Half {
    bool sign, inf, nan, snan, zero;
    uint64_t fixed; /* magnitude in units of 2^-24 */
} Half;

typedef struct Ctx {
    unsigned rm;
    uint32_t flags;
} Ctx;

static uint16_t unbox(uint64_t v) { return v >> 16 == BOX16 >> 16 ? (uint16_t)v : H_QNAN; }

static Half unpack(uint16_t h)
{
    unsigned exp = h >> 10 & 31, frac = h & 0x3ff;
    Half r = {.sign = h >> 15};
    if (exp == 31) {
        r.inf = !frac;
        r.nan = frac != 0;
        r.snan = r.nan && !(frac & 0x200);
    } else {
        r.fixed = exp ? (uint64_t)(frac | 0x400) << (exp - 1) : frac;
        r.zero = !r.fixed;
    }
    return r;
}

static int top_bit(u128 v)
{
    uint64_t high = (uint64_t)(v >> 64);
    return high ? 127 - __builtin_clzll(high) : 63 - __builtin_clzll((uint64_t)v);
}

/* @mag without its @drop low bits, rounded; sets *inexact. */
static u128 round_off(u128 mag, unsigned drop, bool sign, unsigned rm, bool *inexact)
{
    if (!drop) {
        *inexact = false;
        return mag;
    }
    u128 kept = drop < 128 ? mag >> drop : 0;
    u128 rest = drop < 128 ? mag & (((u128)1 << drop) - 1) : mag;
    u128 half = drop <= 128 ? (u128)1 << (drop - 1) : 0; /* further out nothing reaches the middle */
    *inexact = rest != 0;
    bool up;
    switch (rm) {
    case RNE: up = half && (rest > half || (rest == half && (kept & 1))); break;
    case RMM: up = half && rest >= half; break;
    case RDN: up = sign && rest; break;
    case RUP: up = !sign && rest; break;
    default: up = false; break;
    }
    return kept + up;
}

/* @mag * 2^@scale to a half. */
static uint16_t pack(Ctx *c, bool sign, u128 mag, int scale)
{
    uint16_t s = sign ? H_SIGN : 0;
    if (!mag) {
        return s;
    }
    int e = top_bit(mag) + scale;
    bool inexact, ignored;
    int drop = (e < -14 ? -24 : e - 10) - scale;
    u128 sig = drop > 0 ? round_off(mag, (unsigned)drop, sign, c->rm, &inexact) : (inexact = false, mag << -drop);
    if (e < -14) {
        bool tiny = true;
        if (e == -15) { /* with an unbounded exponent it might have become 2^-14 */
            int fine = e - 10 - scale;
            tiny = fine <= 0 || round_off(mag, (unsigned)fine, sign, c->rm, &ignored) < 0x800;
        }
        c->flags |= inexact ? (tiny ? UF | NX : NX) : 0;
        return s | (uint16_t)sig; /* a carry into the exponent makes the smallest normal number */
    }
    if (sig == 0x800) {
        sig = 0x400;
        e++;
    }
    if (e > 15) {
        c->flags |= OF | NX;
        bool to_inf = c->rm == RNE || c->rm == RMM || (c->rm == RDN && sign) || (c->rm == RUP && !sign);
        return s | (to_inf ? H_INF : H_LARGEST);
    }
    c->flags |= inexact ? NX : 0;
    return s | (uint16_t)((e + 15) << 10) | ((uint16_t)sig & 0x3ff);
}

static uint16_t nan_result(Ctx *c, bool invalid)
{
    c->flags |= invalid ? NV : 0;
    return H_QNAN;
}

static bool any_snan(Half a, Half b, Half d) { return a.snan || b.snan || d.snan; }

/* a * b + d */
static uint16_t fused(Ctx *c, Half a, Half b, Half d)
{
    bool psign = a.sign ^ b.sign;
    bool zero_by_inf = (a.zero && b.inf) || (a.inf && b.zero);
    if (a.nan || b.nan || d.nan || zero_by_inf) {
        return nan_result(c, zero_by_inf || any_snan(a, b, d));
    }
    if (a.inf || b.inf) {
        return d.inf && d.sign != psign ? nan_result(c, true) : (uint16_t)(H_INF | (psign ? H_SIGN : 0));
    }
    if (d.inf) {
        return H_INF | (d.sign ? H_SIGN : 0);
    }
    __int128 p = (__int128)((u128)a.fixed * b.fixed), q = (__int128)((u128)d.fixed << 24);
    __int128 sum = (psign ? -p : p) + (d.sign ? -q : q);
    if (!sum) { /* exact zero: the common sign of two zeros, else by the rounding mode */
        bool negative = p == 0 && q == 0 && psign == d.sign ? psign : c->rm == RDN;
        return negative ? H_SIGN : 0;
    }
    return pack(c, sum < 0, (u128)(sum < 0 ? -sum : sum), -48);
}

static const Half one = {.fixed = 1 << 24};

static uint16_t divide(Ctx *c, Half a, Half b)
{
    bool sign = a.sign ^ b.sign;
    uint16_t s = sign ? H_SIGN : 0;
    bool invalid = (a.zero && b.zero) || (a.inf && b.inf);
    if (a.nan || b.nan || invalid) {
        return nan_result(c, invalid || a.snan || b.snan);
    }
    if (a.inf || b.zero) {
        c->flags |= a.inf ? 0 : DZ;
        return s | H_INF;
    }
    if (b.inf || a.zero) {
        return s;
    }
    u128 n = (u128)a.fixed << 60;
    return pack(c, sign, (n / b.fixed) << 1 | (n % b.fixed != 0), -61);
}

static uint16_t square_root(Ctx *c, Half a)
{
    if (a.nan || (a.sign && !a.zero)) {
        return nan_result(c, !a.nan || a.snan);
    }
    if (a.zero || a.inf) {
        return (a.sign ? H_SIGN : 0) | (a.inf ? H_INF : 0);
    }
    u128 n = (u128)a.fixed << 60, root = 0;
    for (u128 bit = (u128)1 << 52; bit; bit >>= 1) {
        if ((root | bit) * (root | bit) <= n) {
            root |= bit;
        }
    }
    return pack(c, false, root << 1 | (root * root != n), -43);
}

/* ---- comparisons ---- */

static int64_t ordered(Half a)
{
    int64_t v = a.inf ? INT64_MAX / 2 : (int64_t)a.fixed;
    return a.sign ? -v : v;
}

static uint16_t pick(Ctx *c, uint16_t ha, uint16_t hb, bool max)
{
    Half a = unpack(ha), b = unpack(hb);
    c->flags |= a.snan || b.snan ? NV : 0;
    if (a.nan || b.nan) {
        return a.nan ? (b.nan ? H_QNAN : hb) : ha;
    }
    int64_t x = ordered(a) * 2 - a.sign, y = ordered(b) * 2 - b.sign; /* -0 below +0 */
    return (x < y) != max ? ha : hb;
}

static uint64_t compare(Ctx *c, Half a, Half b, unsigned op)
{
    if (a.nan || b.nan) {
        c->flags |= op == H_LT || op == H_LE || a.snan || b.snan ? NV : 0;
        return 0;
    }
    int64_t x = ordered(a), y = ordered(b);
    return op == H_EQ ? x == y : op == H_LT || op == H_LTQ ? x < y : x <= y;
}

static uint64_t classify(uint16_t h)
{
    Half a = unpack(h);
    bool normal = h & H_INF;
    if (a.nan) {
        return a.snan ? 1 << 8 : 1 << 9;
    }
    unsigned kind = a.inf ? 0 : a.zero ? 3 : normal ? 1 : 2;
    return 1u << (a.sign ? kind : 7 - kind);
}

/* ---- conversions ---- */

static uint64_t to_int(Ctx *c, Half a, unsigned bits, bool is_signed)
{
    uint64_t max = is_signed ? (1ull << (bits - 1)) - 1 : bits == 64 ? UINT64_MAX : (1ull << bits) - 1;
    uint64_t min = is_signed ? (uint64_t)-(int64_t)max - 1 : 0;
    if (a.nan || a.inf) {
        c->flags |= NV;
        return a.nan || !a.sign ? max : min;
    }
    bool inexact;
    uint64_t v = (uint64_t)round_off(a.fixed, 24, a.sign, c->rm, &inexact);
    if (a.sign && v && !is_signed) { /* below zero; magnitudes never reach the other limits */
        c->flags |= NV;
        return 0;
    }
    c->flags |= inexact ? NX : 0;
    return a.sign ? 0 - v : v;
}

static uint16_t from_int(Ctx *c, uint64_t v, bool is_signed)
{
    bool sign = is_signed && (int64_t)v < 0;
    return pack(c, sign, sign ? 0 - v : v, 0);
}

/* A float or double given by its fields. */
static uint16_t from_float(Ctx *c, bool sign, unsigned exp, unsigned exp_bits, uint64_t frac, unsigned frac_bits)
{
    if (exp == (1u << exp_bits) - 1) {
        return frac ? nan_result(c, !(frac >> (frac_bits - 1) & 1)) : (uint16_t)(H_INF | (sign ? H_SIGN : 0));
    }
    int bias = (1 << (exp_bits - 1)) - 1;
    uint64_t sig = exp ? frac | 1ull << frac_bits : frac;
    return pack(c, sign, sig, (int)(exp ? exp : 1) - bias - (int)frac_bits);
}

/* Always exact: the wider formats hold every half as a normal number. */
static uint64_t to_float(Ctx *c, Half a, unsigned exp_bits, unsigned frac_bits)
{
    uint64_t sign = (uint64_t)a.sign << (exp_bits + frac_bits), exp_max = ((1ull << exp_bits) - 1) << frac_bits;
    if (a.nan) {
        c->flags |= a.snan ? NV : 0;
        return exp_max | 1ull << (frac_bits - 1);
    }
    if (a.inf || a.zero) {
        return sign | (a.inf ? exp_max : 0);
    }
    unsigned top = 63u - (unsigned)__builtin_clzll(a.fixed);
    uint64_t frac = a.fixed ^ 1ull << top; /* its low bits are 0 where it is wider than frac_bits: only ten bits count */
    frac = top > frac_bits ? frac >> (top - frac_bits) : frac << (frac_bits - top);
    uint64_t exp = (1ull << (exp_bits - 1)) - 1 + top - 24;
    return sign | exp << frac_bits | frac;
}

/* ---- the helpers ---- */

static Ctx begin(const RiscvCpu *rc, uint32_t op_rm)
{
    unsigned rm = op_rm >> 8 & 7;
    return (Ctx){.rm = rm == 7 ? rc->frm : rm};
}

static void finish(RiscvCpu *rc, const Ctx *c)
{
    if (c->flags) {
        riscv_fflags_write(rc, riscv_fflags_read(rc) | c->flags);
    }
}

static uint64_t sign_extend32(uint64_t v) { return (uint64_t)(int64_t)(int32_t)v; }
static uint64_t box(uint16_t h) { return BOX16 | h; }
static uint32_t unbox_single(uint64_t v) { return v >> 32 == 0xffffffff ? (uint32_t)v : 0x7fc00000; }

static uint64_t arith(Ctx *c, unsigned op, uint64_t va, uint64_t vb)
{
    uint16_t ha = unbox(va), hb = unbox(vb);
    Half a = unpack(ha), b = unpack(hb), zero = {.sign = a.sign ^ b.sign, .zero = true}, minus = b;
    minus.sign = !b.sign;
    uint32_t s = unbox_single(va);
    switch (op) {
    case H_ADD: return box(fused(c, a, one, b));
    case H_SUB: return box(fused(c, a, one, minus));
    case H_MUL: return box(fused(c, a, b, zero));
    case H_DIV: return box(divide(c, a, b));
    case H_SQRT: return box(square_root(c, a));
    case H_MIN: return box(pick(c, ha, hb, false));
    case H_MAX: return box(pick(c, ha, hb, true));
    case H_EQ: case H_LT: case H_LE: case H_LEQ: case H_LTQ: return compare(c, a, b, op);
    case H_MINM: case H_MAXM: {
        uint16_t h = pick(c, ha, hb, op == H_MAXM);
        return box(a.nan || b.nan ? H_QNAN : h);
    }
    case H_CLASS: return classify(ha);
    case H_TO_W: return sign_extend32(to_int(c, a, 32, true));
    case H_TO_WU: return sign_extend32(to_int(c, a, 32, false));
    case H_TO_L: return to_int(c, a, 64, true);
    case H_TO_LU: return to_int(c, a, 64, false);
    case H_FROM_W: return box(from_int(c, sign_extend32(va), true));
    case H_FROM_WU: return box(from_int(c, (uint32_t)va, false));
    case H_FROM_L: return box(from_int(c, va, true));
    case H_FROM_LU: return box(from_int(c, va, false));
    case H_TO_S: return 0xffffffffull << 32 | to_float(c, a, 8, 23);
    case H_TO_D: return to_float(c, a, 11, 52);
    case H_FROM_S: return box(from_float(c, s >> 31, s >> 23 & 0xff, 8, s & 0x7fffff, 23));
    default: return box(from_float(c, va >> 63, va >> 52 & 0x7ff, 11, va & ((1ull << 52) - 1), 52));
    }
}

static uint64_t h_arith(CpuState *cpu, uint32_t op_rm, uint64_t a, uint64_t b)
{
    RiscvCpu *rc = riscv_cpu(cpu);
    Ctx c = begin(rc, op_rm);
    uint64_t v = arith(&c, op_rm & 0xff, a, b);
    finish(rc, &c);
    return v;
}

static uint64_t h_fma(CpuState *cpu, uint32_t neg_rm, uint64_t va, uint64_t vb, uint64_t vd)
{
    RiscvCpu *rc = riscv_cpu(cpu);
    Ctx c = begin(rc, neg_rm);
    Half a = unpack(unbox(va)), b = unpack(unbox(vb)), d = unpack(unbox(vd));
    a.sign ^= neg_rm & 1;
    d.sign ^= neg_rm >> 1 & 1;
    uint16_t h = fused(&c, a, b, d);
    finish(rc, &c);
    return box(h);
}

const TcgHelper riscv_helper_h_arith = {
    .name = "h_arith", .fn = (void *)h_arith, .ret = TCG_I64, .args = {TCG_I32, TCG_I64, TCG_I64},
};
const TcgHelper riscv_helper_h_fma = {
    .name = "h_fma", .fn = (void *)h_fma, .ret = TCG_I64, .args = {TCG_I32, TCG_I64, TCG_I64, TCG_I64},
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reference functions of x86 vector instructions: floating point. All of it is integer arithmetic (reference-fp.c),
 * exact in results, exception flags, DAZ and FTZ. The approximations of RCPPS and RSQRTPS are not those of any
 * processor; they are exact to 2^-23.
 *
 * References: Intel SDM volume 1, chapters 4.8, 10, 11, 14; volume 2.
 */
#include "hostvec-internal.h"

#include <string.h>

static uint64_t fp2(const TcgHvArgs *h, TcgOp op, uint64_t a, uint64_t b)
{
    return tcg_ref_fp2(op, hv_type(h->p), a, b, HV_ROUND_DYN, h->mxcsr);
}

void hv_arith(const TcgHvArgs *h, TcgHvReg *r)
{
    *r = h->a;
    for (unsigned i = 0; i < hv_fp_lanes(h->p); i++) {
        hv_fp_set(r, h->p, i, fp2(h, (TcgOp)(h->p & 0xff), hv_fp_lane(&h->a, h->p, i), hv_fp_lane(&h->b, h->p, i)));
    }
}

void hv_addsub(const TcgHvArgs *h, TcgHvReg *r)
{
    for (unsigned i = 0; i < hv_fp_lanes(h->p); i++) {
        hv_fp_set(r, h->p, i, fp2(h, i & 1 ? TCG_OP_FADD : TCG_OP_FSUB, hv_fp_lane(&h->a, h->p, i),
                                  hv_fp_lane(&h->b, h->p, i)));
    }
}

void hv_hfp(const TcgHvArgs *h, TcgHvReg *r)
{
    unsigned n = hv_fp_lanes(h->p);

    for (unsigned i = 0; i < n; i++) {
        const TcgHvReg *x = i < n / 2 ? &h->a : &h->b;
        unsigned k = 2 * (i % (n / 2));

        hv_fp_set(r, h->p, i, fp2(h, (TcgOp)(h->p & 0xff), hv_fp_lane(x, h->p, k), hv_fp_lane(x, h->p, k + 1)));
    }
}

/* A denormal operand as the instruction sees it */
static uint64_t daz(const TcgHvArgs *h, uint64_t v)
{
    bool d = h->p & HV_F64;
    uint64_t sign = v & (d ? 1ull << 63 : 1u << 31), exponent = v & (d ? 0x7ff0000000000000ull : 0x7f800000u);

    return *h->mxcsr & FPE_DAZ && !exponent ? sign : v;
}

/* a if it is less (greater), else b: also where one is a NaN or both are zero */
void hv_minmax(const TcgHvArgs *h, TcgHvReg *r)
{
    bool max = (h->p & 0xff) == TCG_OP_FMAX;

    *r = h->a;
    for (unsigned i = 0; i < hv_fp_lanes(h->p); i++) {
        uint64_t a = hv_fp_lane(&h->a, h->p, i), b = hv_fp_lane(&h->b, h->p, i);
        bool first = tcg_ref_fcmp(TCG_COND_LT, true, hv_type(h->p), max ? b : a, max ? a : b, h->mxcsr);

        hv_fp_set(r, h->p, i, daz(h, first ? a : b));
    }
}

enum { REL_LESS = 1, REL_EQUAL = 2, REL_GREATER = 4, REL_UNORDERED = 8 };

static bool is_nan(uint64_t v, bool d)
{
    return d ? v << 1 > 0x7ffull << 53 : (uint32_t)(v << 1) > 0xff000000u;
}

static unsigned relation(const TcgHvArgs *h, bool signalling, uint64_t a, uint64_t b)
{
    uint32_t scratch = *h->mxcsr;
    bool equal = tcg_ref_fcmp(TCG_COND_EQ, signalling, hv_type(h->p), a, b, h->mxcsr);

    if (is_nan(a, h->p & HV_F64) || is_nan(b, h->p & HV_F64)) {
        return REL_UNORDERED;
    }
    if (equal) {
        return REL_EQUAL;
    }
    return tcg_ref_fcmp(TCG_COND_LT, false, hv_type(h->p), a, b, &scratch) ? REL_LESS : REL_GREATER;
}

/* SDM 2A, CMPPD: the 32 predicates; the upper 16 signal the other way round */
void hv_cmp(const TcgHvArgs *h, TcgHvReg *r)
{
    static const uint8_t holds[16] = {
        REL_EQUAL, REL_LESS, REL_LESS | REL_EQUAL, REL_UNORDERED,
        REL_LESS | REL_GREATER | REL_UNORDERED, REL_EQUAL | REL_GREATER | REL_UNORDERED, REL_GREATER | REL_UNORDERED,
        REL_LESS | REL_EQUAL | REL_GREATER, REL_EQUAL | REL_UNORDERED, REL_LESS | REL_UNORDERED,
            REL_LESS | REL_EQUAL | REL_UNORDERED, 0,
        REL_LESS | REL_GREATER, REL_EQUAL | REL_GREATER, REL_GREATER, 15,
    };
    unsigned predicate = h->imm & 15;
    bool signalling = (0x6666 >> predicate & 1) ^ (h->imm >> 4 & 1);

    *r = h->a;
    for (unsigned i = 0; i < hv_fp_lanes(h->p); i++) {
        unsigned rel = relation(h, signalling, hv_fp_lane(&h->a, h->p, i), hv_fp_lane(&h->b, h->p, i));
        hv_fp_set(r, h->p, i, holds[predicate] & rel ? ~0ull : 0);
    }
}

void hv_comis(const TcgHvArgs *h, TcgHvReg *r)
{
    switch (relation(h, h->p & 1, hv_fp_lane(&h->a, h->p, 0), hv_fp_lane(&h->b, h->p, 0))) {
    case REL_UNORDERED: r->q[0] = 0x45; break;
    case REL_EQUAL: r->q[0] = 0x40; break;
    case REL_LESS: r->q[0] = 1; break;
    default: break;
    }
}

/* Unary operations: scalar ones have their operand in b */
static const TcgHvReg *source(const TcgHvArgs *h, TcgHvReg *r)
{
    if (h->p & HV_SCALAR) {
        *r = h->a;
        return &h->b;
    }
    return &h->a;
}

void hv_sqrt(const TcgHvArgs *h, TcgHvReg *r)
{
    const TcgHvReg *x = source(h, r);

    for (unsigned i = 0; i < hv_fp_lanes(h->p); i++) {
        hv_fp_set(r, h->p, i, tcg_ref_fsqrt(hv_type(h->p), hv_fp_lane(x, h->p, i), HV_ROUND_DYN, h->mxcsr));
    }
}

/* Parameter 1: of the square root. Denormals are 0, no exceptions, always to nearest */
void hv_approx(const TcgHvArgs *h, TcgHvReg *r)
{
    const TcgHvReg *x = source(h, r);
    TcgFp fp = TCG_FP(TCG_RM_RNE, TCG_NAN_X86, 1);

    for (unsigned i = 0; i < hv_fp_lanes(h->p); i++) {
        uint32_t none = 0x1f80;
        uint64_t v = x->d[i];

        if (h->p & 1) {
            v = tcg_ref_fsqrt(TCG_F32, v, fp, &none);
        }
        r->d[i] = (uint32_t)tcg_ref_fp2(TCG_OP_FDIV, TCG_F32, 0x3f800000, v, fp, &none);
    }
}

static bool rounds_away(unsigned mode, bool sign, bool odd, uint64_t rest, uint64_t half)
{
    switch (mode) {
    case 0: return rest > half || (rest == half && odd);
    case 1: return sign && rest;
    case 2: return !sign && rest;
    default: return false;
    }
}

/* To an integral value. Immediate: bits 0-1 the mode, bit 2: MXCSR's instead, bit 3: never inexact */
static uint64_t round_integral(const TcgHvArgs *h, uint64_t v)
{
    bool d = h->p & HV_F64, sign = v >> (d ? 63 : 31) & 1;
    unsigned frac = d ? 52 : 23, mode = h->imm & 4 ? *h->mxcsr >> 13 & 3 : h->imm & 3;
    int bias = d ? 1023 : 127, exponent = (int)(v >> frac & (d ? 0x7ff : 0xff)) - bias;
    uint64_t sign_bit = (uint64_t)sign << (d ? 63 : 31), kept, rest;

    if (is_nan(v, d)) {
        *h->mxcsr |= v >> (frac - 1) & 1 ? 0 : FPE_INVALID;
        return v | 1ull << (frac - 1);
    }
    v = daz(h, v);
    if (exponent >= (int)frac || v == sign_bit) {
        return v;
    }
    if (exponent < 0) {
        uint64_t rest_of_half = exponent < -1 ? 1 : (v & ((1ull << frac) - 1)) ? 3 : 2;

        kept = rounds_away(mode, sign, false, rest_of_half, 2) ? (uint64_t)bias << frac : 0;
        rest = 1;
    } else {
        uint64_t unit = 1ull << (frac - (unsigned)exponent), magnitude = v & ~sign_bit;

        rest = magnitude & (unit - 1);
        kept = magnitude - rest;
        /* the lowest bit of 1.x is the hidden one */
        if (rounds_away(mode, sign, exponent ? kept & unit : 1, rest, unit / 2)) {
            kept += unit;
        }
    }
    if (rest && !(h->imm & 8)) {
        *h->mxcsr |= FPE_INEXACT;
    }
    return sign_bit | kept;
}

void hv_round(const TcgHvArgs *h, TcgHvReg *r)
{
    const TcgHvReg *x = source(h, r);

    for (unsigned i = 0; i < hv_fp_lanes(h->p); i++) {
        hv_fp_set(r, h->p, i, round_integral(h, hv_fp_lane(x, h->p, i)));
    }
}

/*
 * Immediate: upper digit: which products count, lower: where the sum goes. Sums are made in each lane, with the
 * operands in the order that shows on processors by which NaN comes out.
 */
static void dot(const TcgHvArgs *h, TcgHvReg *r, unsigned p)
{
    unsigned n = hv_fp_lanes(p);
    uint64_t t[4] = {0}, pair[4];
    TcgType type = hv_type(p);

    for (unsigned i = 0; i < n; i++) {
        if (h->imm >> (4 + i) & 1) {
            t[i] = tcg_ref_fp2(TCG_OP_FMUL, type, hv_fp_lane(&h->a, p, i), hv_fp_lane(&h->b, p, i), HV_ROUND_DYN,
                               h->mxcsr);
        }
    }
    for (unsigned i = 0; i < n; i++) {
        pair[i] = tcg_ref_fp2(TCG_OP_FADD, type, t[n == 2 ? i : i ^ 1], t[n == 2 ? i ^ 1 : i], HV_ROUND_DYN, h->mxcsr);
    }
    for (unsigned i = 0; i < n; i++) {
        uint64_t sum = n == 2 ? pair[i] : tcg_ref_fp2(TCG_OP_FADD, type, pair[i], pair[i ^ 2], HV_ROUND_DYN, h->mxcsr);
        hv_fp_set(r, p, i, h->imm >> i & 1 ? sum : 0);
    }
}
void hv_dpps(const TcgHvArgs *h, TcgHvReg *r) { dot(h, r, HV_F32); }
void hv_dppd(const TcgHvArgs *h, TcgHvReg *r) { dot(h, r, HV_F64); }

/* --- FMA: x * y + z --- */
static void fma_lanes(const TcgHvArgs *h, TcgHvReg *r, const TcgHvReg *x, const TcgHvReg *y, const TcgHvReg *z)
{
    static const uint8_t negate[][2] = {{0, 0}, {2, 2}, {1, 1}, {3, 3}, {2, 0}, {0, 2}}; /* even and odd lanes */

    *r = h->a;
    for (unsigned i = 0; i < hv_fp_lanes(h->p); i++) {
        hv_fp_set(r, h->p, i, tcg_ref_fma(hv_type(h->p), hv_fp_lane(x, h->p, i), hv_fp_lane(y, h->p, i),
                                          hv_fp_lane(z, h->p, i),
                                          negate[h->p >> HV_FMA_SHIFT][i & 1], HV_ROUND_DYN, h->mxcsr));
    }
}
void hv_fma132(const TcgHvArgs *h, TcgHvReg *r) { fma_lanes(h, r, &h->a, &h->c, &h->b); }
void hv_fma213(const TcgHvArgs *h, TcgHvReg *r) { fma_lanes(h, r, &h->b, &h->a, &h->c); }
void hv_fma231(const TcgHvArgs *h, TcgHvReg *r) { fma_lanes(h, r, &h->b, &h->c, &h->a); }

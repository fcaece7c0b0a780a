/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reference functions of x86 vector instructions: conversions between floating-point formats and integers.
 * References: Intel SDM volume 1, 4.9, 11.5, 14.4; volume 2.
 */
#include "hostvec-internal.h"

static uint32_t to_single(const TcgHvArgs *h, uint64_t v)
{
    return (uint32_t)tcg_ref_ftof(TCG_F32, TCG_F64, v, HV_ROUND_DYN, h->mxcsr);
}
static uint64_t to_double(const TcgHvArgs *h, uint32_t v)
{
    return tcg_ref_ftof(TCG_F64, TCG_F32, v, HV_ROUND_DYN, h->mxcsr);
}

/* What does not fit is the "integer indefinite" */
static uint64_t to_int(const TcgHvArgs *h, TcgType from, uint64_t v, TcgType to, unsigned round)
{
    uint32_t flags = *h->mxcsr & ~0x3fu;
    uint64_t r = tcg_ref_ftoi(to, false, from, v, TCG_FP(round, TCG_NAN_X86, 0), &flags);

    *h->mxcsr |= flags;
    return flags & FPE_INVALID ? (to == TCG_I32 ? 1u << 31 : 1ull << 63) : r;
}

static uint64_t from_int(const TcgHvArgs *h, TcgType to, TcgType from, uint64_t v)
{
    return tcg_ref_itof(to, from, false, v, HV_ROUND_DYN, h->mxcsr);
}

void hv_cvtps2pd(const TcgHvArgs *h, TcgHvReg *r)
{
    for (unsigned i = 0; i < 2; i++) {
        r->q[i] = to_double(h, h->a.d[i]);
    }
}

void hv_cvtpd2ps(const TcgHvArgs *h, TcgHvReg *r)
{
    for (unsigned i = 0; i < 2; i++) {
        r->d[i] = to_single(h, h->a.q[i]);
    }
}

void hv_cvtss2sd(const TcgHvArgs *h, TcgHvReg *r)
{
    *r = h->a;
    r->q[0] = to_double(h, h->b.d[0]);
}

void hv_cvtsd2ss(const TcgHvArgs *h, TcgHvReg *r)
{
    *r = h->a;
    r->d[0] = to_single(h, h->b.q[0]);
}

void hv_cvtdq2ps(const TcgHvArgs *h, TcgHvReg *r)
{
    for (unsigned i = 0; i < 4; i++) {
        r->d[i] = (uint32_t)from_int(h, TCG_F32, TCG_I32, h->a.d[i]);
    }
}

void hv_cvtdq2pd(const TcgHvArgs *h, TcgHvReg *r)
{
    for (unsigned i = 0; i < 2; i++) {
        r->q[i] = from_int(h, TCG_F64, TCG_I32, h->a.d[i]);
    }
}

void hv_cvtps2dq(const TcgHvArgs *h, TcgHvReg *r)
{
    for (unsigned i = 0; i < 4; i++) {
        r->d[i] = (uint32_t)to_int(h, TCG_F32, h->a.d[i], TCG_I32, h->p);
    }
}

void hv_cvtpd2dq(const TcgHvArgs *h, TcgHvReg *r)
{
    for (unsigned i = 0; i < 2; i++) {
        r->d[i] = (uint32_t)to_int(h, TCG_F64, h->a.q[i], TCG_I32, h->p);
    }
}

void hv_cvtf2si(const TcgHvArgs *h, TcgHvReg *r)
{
    r->q[0] = to_int(h, hv_type(h->p), hv_fp_lane(&h->a, h->p, 0), h->p & HV_Q ? TCG_I64 : TCG_I32, h->p & 0xff);
}

void hv_cvtsi2f(const TcgHvArgs *h, TcgHvReg *r)
{
    *r = h->a;
    hv_fp_set(r, h->p, 0, from_int(h, hv_type(h->p), h->p & HV_Q ? TCG_I64 : TCG_I32, h->b.q[0]));
}

/* --- half precision: exact whatever DAZ says, except that VCVTPS2PH's operand obeys it --- */
void hv_cvtph2ps(const TcgHvArgs *h, TcgHvReg *r)
{
    for (unsigned i = 0; i < 4; i++) {
        uint32_t v = h->a.w[i], sign = (v & 0x8000) << 16, exponent = v >> 10 & 31, frac = v & 0x3ff;

        if (exponent == 31) {
            *h->mxcsr |= frac && !(frac & 0x200) ? FPE_INVALID : 0;
            r->d[i] = sign | 0x7f800000 | frac << 13 | (frac ? 0x400000 : 0);
        } else if (exponent) {
            r->d[i] = sign | (exponent + 112) << 23 | frac << 13;
        } else if (frac) {
            unsigned lead = (unsigned)__builtin_clz(frac) - 21; /* 1: bit 9 is set */
            r->d[i] = sign | (113 - lead) << 23 | (frac << lead & 0x3ff) << 13;
        } else {
            r->d[i] = sign;
        }
    }
}

static uint32_t rounded(unsigned mode, bool sign, uint32_t v, unsigned drop, bool *inexact)
{
    uint32_t kept = v >> drop, rest = v & ((1u << drop) - 1), half = 1u << (drop - 1);
    bool up = mode == 0 ? rest > half || (rest == half && kept & 1) : mode == 1 ? sign && rest : mode == 2 ? !sign &&
        rest : false;

    *inexact = rest != 0;
    return kept + up;
}

static uint16_t to_half(const TcgHvArgs *h, uint32_t v)
{
    bool sign = v >> 31, inexact;
    unsigned mode = h->imm & 4 ? *h->mxcsr >> 13 & 3 : h->imm & 3, sign_bit = v >> 16 & 0x8000;
    int exponent = (int)(v >> 23 & 0xff);
    uint32_t frac = v & 0x7fffff, r;

    if (exponent == 255) {
        *h->mxcsr |= frac && !(frac & 0x400000) ? FPE_INVALID : 0;
        return (uint16_t)(sign_bit | 0x7c00 | frac >> 13 | (frac ? 0x200 : 0));
    }
    if (!exponent && (!frac || *h->mxcsr & FPE_DAZ)) {
        return (uint16_t)sign_bit;
    }
    if (!exponent) {
        bool whole = *h->mxcsr & FPE_TRAP_UNDERFLOW && !(frac << (unsigned)(__builtin_clz(frac) - 8) & 0x1fff);
        *h->mxcsr |= FPE_DENORMAL | FPE_UNDERFLOW | (whole ? 0 : FPE_INEXACT);
        return (uint16_t)(sign_bit | (mode == (sign ? 1u : 2u)));
    }
    frac |= 0x800000;
    exponent -= 112;
    if (exponent < 1) {
        unsigned shift = (unsigned)(1 - exponent);
        bool unlimited, tiny = (rounded(mode, sign, frac, 13, &unlimited) < 0x800) | (shift > 1), trap = tiny &&
            *h->mxcsr & FPE_TRAP_UNDERFLOW;

        frac = shift < 12 ? frac >> shift | ((frac & ((1u << shift) - 1)) != 0) : 1;
        r = rounded(mode, sign, frac, 13, &inexact);
        *h->mxcsr |= trap ? FPE_UNDERFLOW | (unlimited ? FPE_INEXACT : 0) : inexact
            ? FPE_INEXACT | (tiny ? FPE_UNDERFLOW : 0) : 0;
        return (uint16_t)(sign_bit | r);
    }
    r = rounded(mode, sign, frac, 13, &inexact) + ((uint32_t)(exponent - 1) << 10);
    if (r >= 0x7c00) {
        *h->mxcsr |= FPE_OVERFLOW | (inexact || !(*h->mxcsr & FPE_TRAP_OVERFLOW) ? FPE_INEXACT : 0);
        return (uint16_t)(sign_bit | (mode == 0 || mode == (sign ? 1u : 2u) ? 0x7c00 : 0x7bff));
    }
    *h->mxcsr |= inexact ? FPE_INEXACT : 0;
    return (uint16_t)(sign_bit | r);
}

void hv_cvtps2ph(const TcgHvArgs *h, TcgHvReg *r)
{
    for (unsigned i = 0; i < 4; i++) {
        r->w[i] = to_half(h, h->a.d[i]);
    }
}

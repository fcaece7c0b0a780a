/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Helpers of Zfa: rounding to an integral value in any format and mode, and the modular conversion of doubles to 32 bits.
 * In integers, with the exceptions by the manual; operands and results are f registers as they are.
 */
#include "zfa.h"
#include "helper.h"

enum { NX = 1, NV = 16 };
enum { RNE, RTZ, RDN, RUP, RMM };

typedef struct Format {
    unsigned exp_bits, frac_bits;
} Format;
static const Format formats[] = {[ZFA_S] = {8, 23}, [ZFA_D] = {11, 52}, [ZFA_H] = {5, 10}};

static unsigned width(const Format *f) { return 1 + f->exp_bits + f->frac_bits; }
static uint64_t quiet_nan(const Format *f) { return ((2ull << f->exp_bits) - 1) << (f->frac_bits - 1); }

static uint64_t unbox(const Format *f, uint64_t v)
{
    unsigned w = width(f);
    if (w == 64) {
        return v;
    }
    return v >> w == ~0ull >> w ? v & ((1ull << w) - 1) : quiet_nan(f);
}

static uint64_t box(const Format *f, uint64_t v) { return width(f) == 64 ? v : v | ~0ull << width(f); }

static bool round_up(unsigned rm, bool sign, uint64_t kept, uint64_t rest, uint64_t half)
{
    switch (rm) {
    case RNE: return rest > half || (rest == half && (kept & 1));
    case RMM: return rest >= half;
    case RDN: return sign && rest;
    case RUP: return !sign && rest;
    default: return false;
    }
}

/* Integral @n below 2^(frac_bits + 1) in format @f. */
static uint64_t from_integral(const Format *f, uint64_t n)
{
    if (!n) {
        return 0;
    }
    unsigned top = 63u - (unsigned)__builtin_clzll(n);
    uint64_t bias = (1ull << (f->exp_bits - 1)) - 1, hidden = 1ull << f->frac_bits;
    uint64_t sig = top <= f->frac_bits ? n << (f->frac_bits - top) : n >> (top - f->frac_bits);
    return (bias + top) << f->frac_bits | (sig & (hidden - 1));
}

static uint64_t integral(const Format *f, uint64_t v, unsigned rm, uint32_t *flags)
{
    uint64_t hidden = 1ull << f->frac_bits, frac = v & (hidden - 1), exp_max = (1ull << f->exp_bits) - 1;
    uint64_t exp = v >> f->frac_bits & exp_max, sign = v >> (width(f) - 1) & 1;
    int e = (int)exp - (int)(exp_max >> 1);
    if (exp == exp_max && frac) {
        *flags |= frac >> (f->frac_bits - 1) ? 0 : NV;
        return quiet_nan(f);
    }
    if (e >= (int)f->frac_bits || (!exp && !frac)) {
        return v;
    }
    uint64_t kept, rest, half;
    if (e < -1) { /* below one half */
        kept = 0;
        rest = 1;
        half = 2;
    } else {
        unsigned drop = (unsigned)((int)f->frac_bits - e);
        uint64_t sig = frac | hidden;
        kept = sig >> drop;
        rest = sig & ((1ull << drop) - 1);
        half = 1ull << (drop - 1);
    }
    *flags |= rest ? NX : 0;
    return sign << (width(f) - 1) | from_integral(f, kept + round_up(rm, sign, kept, rest, half));
}

static void accrue(RiscvCpu *rc, uint32_t flags)
{
    if (flags) {
        riscv_fflags_write(rc, riscv_fflags_read(rc) | flags);
    }
}

static uint64_t fround(CpuState *cpu, uint32_t op, uint64_t v)
{
    RiscvCpu *rc = riscv_cpu(cpu);
    const Format *f = &formats[op & 3];
    unsigned rm = op >> 8 & 7;
    uint32_t flags = 0;
    v = box(f, integral(f, unbox(f, v), rm == 7 ? rc->frm : rm, &flags));
    accrue(rc, op & ZFA_INEXACT ? flags : flags & NV);
    return v;
}

static uint64_t fcvtmod(CpuState *cpu, uint32_t op, uint64_t v)
{
    uint64_t frac = v & ((1ull << 52) - 1);
    int exp = (int)(v >> 52 & 0x7ff), e = exp - 1023;
    bool sign = v >> 63;
    uint32_t flags = 0;
    uint64_t n = 0; /* magnitude modulo 2^64 */
    bool in_range;
    if (exp == 0x7ff) {
        in_range = false;
    } else if (e < 0) {
        flags = exp || frac ? NX : 0;
        in_range = true;
    } else {
        uint64_t sig = frac | 1ull << 52;
        n = e >= 52 ? (e - 52 < 64 ? sig << (e - 52) : 0) : sig >> (52 - e);
        flags = e < 52 && (sig & ((1ull << (52 - e)) - 1)) ? NX : 0;
        in_range = e < 31 || (e == 31 && sign && n == 1ull << 31);
    }
    accrue(riscv_cpu(cpu), in_range ? flags : NV);
    return (uint64_t)(int64_t)(int32_t)(uint32_t)(sign ? 0 - n : n);
}

const TcgHelper riscv_helper_fround = {
    .name = "fround", .fn = (void *)fround, .ret = TCG_I64, .args = {TCG_I32, TCG_I64},
};
const TcgHelper riscv_helper_fcvtmod = {
    .name = "fcvtmod", .fn = (void *)fcvtmod, .ret = TCG_I64, .args = {TCG_I32, TCG_I64},
};

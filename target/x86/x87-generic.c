/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x87 arithmetic for hosts that are not x86: C's long double and fenv. What a long double of another format can hold is
 * rounded to 64 bits of mantissa here; results of the transcendental functions, condition codes of partial remainders
 * and scaled results of unmasked overflow are not those of a processor. Formats, comparisons and exception flags of
 * plain arithmetic are.
 */
#if !defined(__x86_64__) && !defined(__i386__)

#include <fenv.h>
#include <math.h>
#include <string.h>

#include "x87-host.h"

enum { BIAS = 16383, SPECIAL = 0x7fff };

static const X86Fpr indefinite = {.mantissa = 3ull << 62, .exponent = 0xffff};

/* ---- formats ---- */

static bool is_nan(const X86Fpr *a) { return (a->exponent & SPECIAL) == SPECIAL && a->mantissa << 1; }
static bool is_quiet(const X86Fpr *a) { return a->mantissa >> 62 & 1; }
/* Encodings that later processors refuse: unnormals, pseudo-infinity, pseudo-NaNs. */
static bool is_unsupported(const X86Fpr *a) { return (a->exponent & SPECIAL) && !(a->mantissa >> 63); }
static bool is_denormal(const X86Fpr *a) { return !(a->exponent & SPECIAL) && a->mantissa; }

static long double to_host(const X86Fpr *a)
{
    unsigned e = a->exponent & SPECIAL;
    long double v =
        e == SPECIAL ? (long double)INFINITY : ldexpl((long double)a->mantissa, (int)(e ? e : 1) - BIAS - 63);
    return a->exponent & 0x8000 ? -v : v;
}

static X86Fpr from_host(long double v)
{
    X86Fpr r = {.exponent = signbit(v) ? 0x8000 : 0};
    int e;
    if (isnan(v)) {
        return indefinite;
    }
    v = fabsl(v);
    if (isinf(v)) {
        r.exponent |= SPECIAL;
        r.mantissa = 1ull << 63;
    } else if (v != 0) {
        v = frexpl(v, &e);
        e += BIAS - 1;
        int shift = e > 0 ? 64 : 63 + e; /* denormals have fewer bits */
        long double scaled = rintl(ldexpl(v, shift));
        if (scaled >= 0x1p64L) {
            scaled /= 2;
            e++;
        }
        r.mantissa = (uint64_t)scaled;
        r.exponent |= e > 0 ? (uint16_t)MIN(e, SPECIAL) : (uint16_t)(r.mantissa >> 63);
        if (e >= SPECIAL) {
            r.mantissa = 1ull << 63;
        }
    }
    return r;
}

/* ---- environment ---- */

static void enter(uint16_t cw)
{
    static const int modes[] = {FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};
    fesetround(modes[cw >> 10 & 3]);
    feclearexcept(FE_ALL_EXCEPT);
}

static uint32_t leave(void)
{
    int f = fetestexcept(FE_ALL_EXCEPT);
    fesetround(FE_TONEAREST);
    return (f & FE_INVALID ? X87_IE : 0) | (f & FE_DIVBYZERO ? X87_ZE : 0) | (f & FE_OVERFLOW ? X87_OE : 0) |
           (f & FE_UNDERFLOW ? X87_UE : 0) | (f & FE_INEXACT ? X87_PE : 0);
}

static long double to_precision(long double v, uint16_t cw)
{
    switch (cw >> 8 & 3) {
    case 0: return (float)v;
    case 2: return (double)v;
    default: return v;
    }
}

/* Operands that are not numbers: the answer, and flags. False: compute. */
static bool special_operand(const X86Fpr *a, const X86Fpr *b, X86Fpr *r, uint32_t *sw)
{
    *sw = is_denormal(a) || is_denormal(b) ? X87_DE : 0;
    if (is_unsupported(a) || is_unsupported(b)) {
        *r = indefinite;
        *sw = X87_IE;
        return true;
    }
    if (!is_nan(a) && !is_nan(b)) {
        return false;
    }
    bool bad = (is_nan(a) && !is_quiet(a)) || (is_nan(b) && !is_quiet(b));
    const X86Fpr *pick = !is_nan(b) || (is_nan(a) && a->mantissa >= b->mantissa) ? a : b;
    *r = *pick;
    r->mantissa |= 3ull << 62;
    *sw = bad ? X87_IE : 0;
    return true;
}

/* ---- arithmetic ---- */

uint32_t x87_host_binary(X87Binary op, X86Fpr *r, const X86Fpr *a, const X86Fpr *b, uint16_t cw, uint16_t sticky)
{
    uint32_t sw;
    if (special_operand(a, b, r, &sw)) {
        return sw;
    }
    volatile long double x = to_host(a), y = to_host(b), v;
    enter(cw);
    switch (op) {
    case X87_ADD: v = x + y; break;
    case X87_MUL: v = x * y; break;
    case X87_SUB: v = x - y; break;
    case X87_SUBR: v = y - x; break;
    case X87_DIV: v = x / y; break;
    default: v = y / x; break;
    }
    *r = from_host(to_precision(v, cw));
    uint32_t flags = leave();
    return flags & (X87_IE | X87_ZE) ? flags : flags | sw;
}

uint32_t x87_host_binary_mem(X87Binary op, X87Type type, X86Fpr *r, const X86Fpr *a, uint64_t b, uint16_t cw,
                             uint16_t sticky)
{
    X86Fpr m;
    uint32_t sw = x87_host_load(type, &m, b, sticky);
    return sw | x87_host_binary(op, r, a, &m, cw, sticky);
}

uint32_t x87_host_compare(bool quiet, const X86Fpr *a, const X86Fpr *b, uint16_t sticky)
{
    X86Fpr r;
    uint32_t sw;
    if (special_operand(a, b, &r, &sw)) {
        return (quiet ? sw : X87_IE) | X87_C0 | X87_C2 | X87_C3;
    }
    long double x = to_host(a), y = to_host(b);
    return sw | (x < y ? X87_C0 : x == y ? X87_C3 : 0);
}

uint32_t x87_host_compare_mem(X87Type type, const X86Fpr *a, uint64_t b, uint16_t sticky)
{
    X86Fpr m;
    uint32_t sw = x87_host_load(type, &m, b, sticky);
    return sw | x87_host_compare(false, a, &m, sticky);
}

/* ---- loads and stores ---- */

/* A binary format with @frac fraction and @exp exponent bits. */
static uint32_t load_float(X86Fpr *r, uint64_t bits, unsigned frac, unsigned exp)
{
    unsigned e = (unsigned)(bits >> frac & ((1u << exp) - 1)), top = (1u << exp) - 1;
    uint64_t f = bits & ((1ull << frac) - 1);
    uint16_t sign = bits >> (frac + exp) & 1 ? 0x8000 : 0;
    *r = (X86Fpr){.exponent = sign};
    if (e == top) {
        bool signalling = f && !(f >> (frac - 1));
        r->exponent |= SPECIAL;
        r->mantissa = 1ull << 63 | f << (63 - frac) | (f ? 1ull << 62 : 0);
        return signalling ? X87_IE : 0;
    }
    if (e == 0 && f == 0) {
        return 0;
    }
    r->mantissa = (e ? 1ull << 63 : 0) | f << (63 - frac);
    unsigned shift = (unsigned)__builtin_clzll(r->mantissa);
    r->mantissa <<= shift;
    r->exponent |= (uint16_t)((e ? e : 1) + BIAS - (top >> 1) - shift);
    return e ? 0 : X87_DE;
}

static void load_int(X86Fpr *r, int64_t v)
{
    uint64_t m = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    *r = (X86Fpr){0};
    if (m) {
        unsigned shift = (unsigned)__builtin_clzll(m);
        r->mantissa = m << shift;
        r->exponent = (uint16_t)((v < 0 ? 0x8000 : 0) | (BIAS + 63 - shift));
    }
}

uint32_t x87_host_load(X87Type type, X86Fpr *r, uint64_t bits, uint16_t sticky)
{
    switch (type) {
    case X87_F32: return load_float(r, bits, 23, 8);
    case X87_F64: return load_float(r, bits, 52, 11);
    case X87_I16: load_int(r, (int16_t)bits); return 0;
    case X87_I32: load_int(r, (int32_t)bits); return 0;
    default: load_int(r, (int64_t)bits); return 0;
    }
}

static uint32_t store_int(const X86Fpr *a, uint64_t *bits, unsigned width, bool truncate, uint16_t cw)
{
    uint64_t least = 1ull << (width - 1);
    X86Fpr r;
    uint32_t sw;
    *bits = least;
    if (special_operand(a, a, &r, &sw)) {
        return X87_IE;
    }
    long double v = to_host(a);
    enter(cw);
    long double i = truncate ? truncl(v) : nearbyintl(v);
    leave();
    if (i >= (long double)least || i < -(long double)least) {
        return X87_IE;
    }
    *bits = (uint64_t)(int64_t)i & (least | (least - 1));
    return i != v ? X87_PE | (fabsl(i) > fabsl(v) ? X87_C1 : 0) : 0;
}

uint32_t x87_host_store(X87Type type, const X86Fpr *a, uint64_t *bits, uint16_t cw, uint16_t sticky)
{
    static const uint8_t widths[] = {32, 64, 16, 32, 64, 16, 32, 64};
    X86Fpr r;
    uint32_t sw;
    if (type != X87_F32 && type != X87_F64) {
        return store_int(a, bits, widths[type], type >= X87_T16, cw);
    }
    unsigned frac = type == X87_F32 ? 23 : 52, exp = type == X87_F32 ? 8 : 11;
    if (special_operand(a, a, &r, &sw)) {
        *bits = (r.exponent & 0x8000 ? 1ull << (frac + exp) : 0) | ((1ull << exp) - 1) << frac |
                (r.mantissa >> (63 - frac) & ((1ull << frac) - 1));
        return sw;
    }
    long double v = to_host(a);
    enter(cw);
    if (type == X87_F32) {
        volatile float f = (float)v;
        uint32_t w;
        memcpy(&w, (const void *)&f, 4);
        *bits = w;
    } else {
        volatile double f = (double)v;
        memcpy(bits, (const void *)&f, 8);
    }
    return leave();
}

void x87_host_constant(X87Constant which, X86Fpr *r, uint16_t cw, uint16_t sticky)
{
    static const X86Fpr down[] = {/* rounded down; the last bit of some goes up in other modes */
                                  {1ull << 63, 0x3fff, {0}},
                                  {0xd49a784bcd1b8afe, 0x4000, {0}},
                                  {0xb8aa3b295c17f0bb, 0x3fff, {0}},
                                  {0xc90fdaa22168c234, 0x4000, {0}},
                                  {0x9a209a84fbcff798, 0x3ffd, {0}},
                                  {0xb17217f7d1cf79ab, 0x3ffe, {0}},
                                  {0, 0, {0}}};
    static const uint8_t up[] = {0, 0, 1, 1, 1, 1, 0}; /* nearest is the upper one */
    unsigned rc = cw >> 10 & 3;
    *r = down[which];
    if (which != X87_FLD1 && which != X87_FLDZ && (rc == 2 || (rc == 0 && up[which]))) {
        r->mantissa++;
    }
}

/* ---- decimal ---- */

void x87_host_load_bcd(X86Fpr *r, const uint8_t bcd[10])
{
    int64_t v = 0;
    for (unsigned i = 9; i-- > 0;) {
        v = v * 100 + (bcd[i] >> 4) * 10 + (bcd[i] & 15);
    }
    load_int(r, v);
    r->exponent |= bcd[9] & 0x80 ? 0x8000 : 0;
}

uint32_t x87_host_store_bcd(const X86Fpr *a, uint8_t bcd[10], uint16_t cw, uint16_t sticky)
{
    uint64_t v;
    uint32_t sw = store_int(a, &v, 64, false, cw);
    uint64_t m = (int64_t)v < 0 ? 0 - v : v;
    if ((sw & X87_IE) || m > 999999999999999999ull) {
        memset(bcd, 0, 10);
        bcd[7] = 0xc0;
        bcd[8] = bcd[9] = 0xff;
        return X87_IE;
    }
    for (unsigned i = 0; i < 9; i++, m /= 100) {
        bcd[i] = (uint8_t)((m % 100 / 10) << 4 | m % 10);
    }
    bcd[9] = a->exponent & 0x8000 ? 0x80 : 0;
    return sw;
}

/* ---- functions ---- */

static uint32_t examine(const X86Fpr *a)
{
    unsigned e = a->exponent & SPECIAL;
    uint32_t sign = a->exponent & 0x8000 ? X87_C1 : 0;
    if (is_unsupported(a)) {
        return sign;
    }
    if (e == SPECIAL) {
        return sign | (a->mantissa << 1 ? X87_C0 : X87_C0 | X87_C2);
    }
    return sign | (e ? X87_C2 : a->mantissa ? X87_C2 | X87_C3 : X87_C3);
}

static uint32_t remainder_of(X86Fpr s[2], bool nearest)
{
    long double x = to_host(&s[0]), y = to_host(&s[1]);
    int d = (s[0].exponent & SPECIAL) - (s[1].exponent & SPECIAL);
    if (isinf(x) || y == 0) {
        s[0] = indefinite;
        return X87_IE;
    }
    if (d >= 64) {
        s[0] = from_host(fmodl(x, ldexpl(y, d - 32)));
        return X87_C2;
    }
    long double r = nearest ? remainderl(x, y) : fmodl(x, y);
    uint64_t q = (uint64_t)fabsl(nearbyintl((x - r) / y));
    s[0] = from_host(r);
    return (q & 1 ? X87_C1 : 0) | (q & 2 ? X87_C3 : 0) | (q & 4 ? X87_C0 : 0);
}

static uint32_t extract(X86Fpr s[2])
{
    long double x = to_host(&s[0]);
    int e;
    if (x == 0 || isinf(x)) {
        s[1] = from_host(x == 0 ? -INFINITY : INFINITY);
        return x == 0 ? X87_ZE : 0;
    }
    long double f = frexpl(x, &e);
    s[1] = from_host(e - 1);
    s[0] = from_host(f * 2);
    return 0;
}

static long double scale(long double x, long double by)
{
    return ldexpl(x, (int)truncl(fmaxl(fminl(by, 100000), -100000)));
}

static uint32_t trigonometric(X87Function f, X86Fpr s[2])
{
    long double x = to_host(&s[0]);
    if (isinf(x)) {
        s[0] = s[1] = indefinite;
        return X87_IE;
    }
    if (fabsl(x) >= 0x1p63L) {
        return X87_C2;
    }
    switch (f) {
    case X87_FSIN: s[0] = from_host(sinl(x)); break;
    case X87_FCOS: s[0] = from_host(cosl(x)); break;
    case X87_FSINCOS:
        s[0] = from_host(cosl(x));
        s[1] = from_host(sinl(x));
        break;
    default: s[0] = from_host(1); s[1] = from_host(tanl(x));
    }
    return x != 0 ? X87_PE : 0;
}

uint32_t x87_host_function(X87Function f, X86Fpr s[2], uint16_t cw, uint16_t sticky)
{
    bool two =
        f == X87_FYL2X || f == X87_FPATAN || f == X87_FPREM || f == X87_FPREM1 || f == X87_FYL2XP1 || f == X87_FSCALE;
    X86Fpr r, zero = {0};
    uint32_t sw;
    if (f == X87_FXAM) {
        return examine(&s[0]);
    }
    if (f == X87_FTST) {
        return x87_host_compare(false, &s[0], &zero, sticky);
    }
    if (special_operand(&s[0], two ? &s[1] : &s[0], &r, &sw)) {
        s[0] = s[1] = r;
        return sw;
    }
    long double x = to_host(&s[0]), y = to_host(&s[1]);
    switch (f) {
    case X87_FPREM: return sw | remainder_of(s, false);
    case X87_FPREM1: return sw | remainder_of(s, true);
    case X87_FXTRACT: return sw | extract(s);
    case X87_FSIN:
    case X87_FCOS:
    case X87_FSINCOS:
    case X87_FPTAN: return sw | trigonometric(f, s);
    default: break;
    }
    enter(cw);
    volatile long double v;
    switch (f) {
    case X87_F2XM1: v = expm1l(x * logl(2)); break;
    case X87_FYL2X: v = y * log2l(x); break;
    case X87_FYL2XP1: v = y * (log1pl(x) / logl(2)); break;
    case X87_FPATAN: v = atan2l(y, x); break;
    case X87_FSQRT: v = to_precision(sqrtl(x), cw); break;
    case X87_FRNDINT: v = rintl(x); break;
    default: v = scale(x, y); break;
    }
    s[0] = from_host(v);
    return sw | leave();
}

#endif

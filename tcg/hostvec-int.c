/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reference functions of x86 vector instructions: integer arithmetic, comparison and shifts, lane by lane.
 * Reference: Intel SDM volume 2.
 */
#include "hostvec-internal.h"

#include <stdlib.h>

static int64_t clamp(int64_t v, int64_t lo, int64_t hi) { return v < lo ? lo : v > hi ? hi : v; }
static int64_t clamp_signed(int64_t v, unsigned log2)
{
    int64_t top = (int64_t)1 << (8 * (1 << log2) - 1);
    return clamp(v, -top, top - 1);
}
static int64_t clamp_unsigned(int64_t v, unsigned log2) { return clamp(v, 0, ((int64_t)1 << 8 * (1 << log2)) - 1); }

/* Lanes of 2^log2 bytes: a and b zero-extended, sa and sb sign-extended */
#define LANEWISE(name, expression)                                                                                     \
    void name(const TcgHvArgs *h, TcgHvReg *r)                                                                         \
    {                                                                                                                  \
        unsigned log2 = h->p;                                                                                          \
        for (unsigned i = 0; i < 16u >> log2; i++) {                                                                   \
            uint64_t a = hv_lane(&h->a, log2, i), b = hv_lane(&h->b, log2, i);                                         \
            int64_t sa = hv_slane(&h->a, log2, i), sb = hv_slane(&h->b, log2, i);                                      \
            (void)a, (void)b, (void)sa, (void)sb;                                                                      \
            hv_set(r, log2, i, (uint64_t)(expression));                                                                \
        }                                                                                                              \
    }
LANEWISE(hv_add, a + b)
LANEWISE(hv_sub, a - b)
LANEWISE(hv_adds, clamp_signed(sa + sb, log2))
LANEWISE(hv_addus, clamp_unsigned((int64_t)(a + b), log2))
LANEWISE(hv_subs, clamp_signed(sa - sb, log2))
LANEWISE(hv_subus, a > b ? a - b : 0)
LANEWISE(hv_mullo, a * b)
LANEWISE(hv_avg, (a + b + 1) >> 1)
LANEWISE(hv_minu, a < b ? a : b)
LANEWISE(hv_maxu, a > b ? a : b)
LANEWISE(hv_mins, sa < sb ? sa : sb)
LANEWISE(hv_maxs, sa > sb ? sa : sb)
LANEWISE(hv_cmpeq, a == b ? ~0ull : 0)
LANEWISE(hv_cmpgt, sa > sb ? ~0ull : 0)
LANEWISE(hv_sign, sb < 0 ? -a : sb == 0 ? 0 : a)
LANEWISE(hv_abs, sa < 0 ? -a : a)
LANEWISE(hv_shlv, b < 8u << log2 ? a << b : 0)
LANEWISE(hv_shrv, b < 8u << log2 ? a >> b : 0)
LANEWISE(hv_sarv, sa >> (b < 8u << log2 ? b : (8u << log2) - 1))

/* Shifts of all lanes by the same count */
#define SHIFT(name, expression)                                                                                        \
    static void name##_by(const TcgHvArgs *h, TcgHvReg *r, uint64_t count)                                             \
    {                                                                                                                  \
        unsigned log2 = h->p, bits = 8u << log2;                                                                       \
        for (unsigned i = 0; i < 16u >> log2; i++) {                                                                   \
            uint64_t a = hv_lane(&h->a, log2, i);                                                                      \
            int64_t sa = hv_slane(&h->a, log2, i);                                                                     \
            (void)a, (void)sa, (void)bits;                                                                             \
            hv_set(r, log2, i, (uint64_t)(expression));                                                                \
        }                                                                                                              \
    }                                                                                                                  \
    void name(const TcgHvArgs *h, TcgHvReg *r) { name##_by(h, r, h->b.q[0]); }                                         \
    void name##i(const TcgHvArgs *h, TcgHvReg *r) { name##_by(h, r, h->imm); }
SHIFT(hv_shl, count < bits ? a << count : 0)
SHIFT(hv_shr, count < bits ? a >> count : 0)
SHIFT(hv_sar, sa >> (count < bits ? count : bits - 1))

#define WORDS(name, expression)                                                                                        \
    void name(const TcgHvArgs *h, TcgHvReg *r)                                                                         \
    {                                                                                                                  \
        for (unsigned i = 0; i < 8; i++) {                                                                             \
            int32_t sa = h->a.sw[i], sb = h->b.sw[i];                                                                  \
            uint32_t a = h->a.w[i], b = h->b.w[i];                                                                     \
            (void)sa, (void)sb, (void)a, (void)b;                                                                      \
            r->w[i] = (uint16_t)(expression);                                                                          \
        }                                                                                                              \
    }
WORDS(hv_mulhw, sa * sb >> 16)
WORDS(hv_mulhuw, a * b >> 16)
WORDS(hv_mulhrsw, ((sa * sb >> 14) + 1) >> 1)

void hv_muludq(const TcgHvArgs *h, TcgHvReg *r)
{
    for (unsigned i = 0; i < 2; i++) {
        r->q[i] = (uint64_t)h->a.d[2 * i] * h->b.d[2 * i];
    }
}

void hv_muldq(const TcgHvArgs *h, TcgHvReg *r)
{
    for (unsigned i = 0; i < 2; i++) {
        r->sq[i] = (int64_t)h->a.sd[2 * i] * h->b.sd[2 * i];
    }
}

void hv_maddwd(const TcgHvArgs *h, TcgHvReg *r)
{
    for (unsigned i = 0; i < 4; i++) {
        r->d[i] = (uint32_t)(h->a.sw[2 * i] * h->b.sw[2 * i]) + (uint32_t)(h->a.sw[2 * i + 1] * h->b.sw[2 * i + 1]);
    }
}

void hv_maddubsw(const TcgHvArgs *h, TcgHvReg *r)
{
    for (unsigned i = 0; i < 8; i++) {
        r->w[i] = (uint16_t)clamp_signed(h->a.b[2 * i] * h->b.sb[2 * i] + h->a.b[2 * i + 1] * h->b.sb[2 * i + 1], 1);
    }
}

void hv_sadbw(const TcgHvArgs *h, TcgHvReg *r)
{
    for (unsigned i = 0; i < 16; i++) {
        r->q[i / 8] += (unsigned)abs(h->a.b[i] - h->b.b[i]);
    }
}

void hv_mpsadbw(const TcgHvArgs *h, TcgHvReg *r)
{
    unsigned from = h->imm & 4, block = (h->imm & 3) * 4;

    for (unsigned i = 0; i < 8; i++) {
        for (unsigned k = 0; k < 4; k++) {
            r->w[i] = (uint16_t)(r->w[i] + abs(h->a.b[from + i + k] - h->b.b[block + k]));
        }
    }
}

void hv_minpos(const TcgHvArgs *h, TcgHvReg *r)
{
    unsigned best = 0;

    for (unsigned i = 1; i < 8; i++) {
        best = h->a.w[i] < h->a.w[best] ? i : best;
    }
    r->w[0] = h->a.w[best];
    r->w[1] = (uint16_t)best;
}

/* Sums or differences of neighbours: those of a come first. Parameter 1: saturating */
static void horizontal_words(const TcgHvArgs *h, TcgHvReg *r, int sign)
{
    for (unsigned i = 0; i < 8; i++) {
        const TcgHvReg *x = i < 4 ? &h->a : &h->b;
        int v = x->sw[2 * (i & 3)] + sign * x->sw[2 * (i & 3) + 1];

        r->w[i] = (uint16_t)(h->p ? clamp_signed(v, 1) : v);
    }
}
void hv_haddw(const TcgHvArgs *h, TcgHvReg *r) { horizontal_words(h, r, 1); }
void hv_hsubw(const TcgHvArgs *h, TcgHvReg *r) { horizontal_words(h, r, -1); }

void hv_haddd(const TcgHvArgs *h, TcgHvReg *r)
{
    for (unsigned i = 0; i < 4; i++) {
        const TcgHvReg *x = i < 2 ? &h->a : &h->b;
        r->d[i] = x->d[2 * (i & 1)] + x->d[2 * (i & 1) + 1];
    }
}

void hv_hsubd(const TcgHvArgs *h, TcgHvReg *r)
{
    for (unsigned i = 0; i < 4; i++) {
        const TcgHvReg *x = i < 2 ? &h->a : &h->b;
        r->d[i] = x->d[2 * (i & 1)] - x->d[2 * (i & 1) + 1];
    }
}

#define BITWISE(name, expression)                                                                                      \
    void name(const TcgHvArgs *h, TcgHvReg *r)                                                                         \
    {                                                                                                                  \
        for (unsigned i = 0; i < 2; i++) {                                                                             \
            uint64_t a = h->a.q[i], b = h->b.q[i];                                                                     \
            r->q[i] = (expression);                                                                                    \
        }                                                                                                              \
    }
BITWISE(hv_and, a & b)
BITWISE(hv_andn, ~a & b)
BITWISE(hv_or, a | b)
BITWISE(hv_xor, a ^ b)

/* Parameter 0: of all bits (PTEST); a lane size: of the lanes' sign bits (VTESTPS, VTESTPD) */
void hv_ptest(const TcgHvArgs *h, TcgHvReg *r)
{
    uint64_t mask = h->p == 2 ? 0x8000000080000000ull : h->p == 3 ? 1ull << 63 : ~0ull, both = 0, only_b = 0;

    for (unsigned i = 0; i < 2; i++) {
        both |= h->a.q[i] & h->b.q[i] & mask;
        only_b |= ~h->a.q[i] & h->b.q[i] & mask;
    }
    r->q[0] = (both ? 0 : 0x40) | (only_b ? 0 : 1);
}

void hv_movmsk(const TcgHvArgs *h, TcgHvReg *r)
{
    for (unsigned i = 0; i < 16u >> h->p; i++) {
        r->q[0] |= (uint64_t)(hv_slane(&h->a, h->p, i) < 0) << i;
    }
}

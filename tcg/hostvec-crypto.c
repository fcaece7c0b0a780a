/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reference functions of x86 vector instructions: AES-NI, PCLMULQDQ, SHA, and the string comparisons of SSE4.2.
 *
 * References: Intel SDM volume 1, 12.13 (AES), 5.19 (SHA), volume 2 (the instructions; 4.1 for string comparison); FIPS
 * 197, FIPS 180-4.
 */
#include "hostvec-internal.h"

/* --- AES: the state is a column after another, byte i in row i % 4 --- */
static uint8_t gf_mul(uint8_t a, uint8_t b)
{
    unsigned r = 0, x = a;

    for (; b; b >>= 1, x = x << 1 ^ (x & 0x80 ? 0x11b : 0)) {
        r ^= b & 1 ? x : 0;
    }
    return (uint8_t)r;
}

static uint8_t gf_inverse(uint8_t a) /* a^254; of 0: 0 */
{
    uint8_t r = 1, square = a;

    for (unsigned i = 1; i < 8; i++) {
        square = gf_mul(square, square);
        r = gf_mul(r, square);
    }
    return r;
}

static unsigned rol8(unsigned x, unsigned n) { return (x << n | x >> (8 - n)) & 0xff; }
static uint8_t sub(uint8_t v)
{
    unsigned x = gf_inverse(v);
    return (uint8_t)(x ^ rol8(x, 1) ^ rol8(x, 2) ^ rol8(x, 3) ^ rol8(x, 4) ^ 0x63);
}
static uint8_t inverse_sub(uint8_t v) { return gf_inverse((uint8_t)(rol8(v, 1) ^ rol8(v, 3) ^ rol8(v, 6) ^ 5)); }

static void mix_columns(TcgHvReg *r, const uint8_t factor[4])
{
    TcgHvReg x = *r;

    for (unsigned i = 0; i < 16; i++) {
        r->b[i] = 0;
        for (unsigned k = 0; k < 4; k++) {
            r->b[i] ^= gf_mul(x.b[(i & ~3u) + ((i + k) & 3)], factor[k]);
        }
    }
}
static const uint8_t mix[4] = {2, 3, 1, 1}, unmix[4] = {14, 11, 13, 9};

/* Parameter 1: the last round */
void hv_aesenc(const TcgHvArgs *h, TcgHvReg *r)
{
    for (unsigned i = 0; i < 16; i++) {
        r->b[i] = sub(h->a.b[(i + 4 * (i & 3)) & 15]);
    }
    if (!h->p) {
        mix_columns(r, mix);
    }
    r->q[0] ^= h->b.q[0];
    r->q[1] ^= h->b.q[1];
}

void hv_aesdec(const TcgHvArgs *h, TcgHvReg *r)
{
    for (unsigned i = 0; i < 16; i++) {
        r->b[i] = inverse_sub(h->a.b[(i - 4 * (i & 3)) & 15]);
    }
    if (!h->p) {
        mix_columns(r, unmix);
    }
    r->q[0] ^= h->b.q[0];
    r->q[1] ^= h->b.q[1];
}

void hv_aesimc(const TcgHvArgs *h, TcgHvReg *r)
{
    *r = h->a;
    mix_columns(r, unmix);
}

void hv_aeskeygen(const TcgHvArgs *h, TcgHvReg *r)
{
    for (unsigned i = 0; i < 4; i++) {
        uint32_t x = h->a.d[i | 1], s = 0;

        for (unsigned k = 0; k < 4; k++) {
            s |= (uint32_t)sub((uint8_t)(x >> 8 * k)) << 8 * k;
        }
        r->d[i] = i & 1 ? (s >> 8 | s << 24) ^ h->imm : s;
    }
}

void hv_clmul(const TcgHvArgs *h, TcgHvReg *r)
{
    uint64_t a = h->a.q[h->imm & 1], b = h->b.q[h->imm >> 4 & 1];

    for (unsigned i = 0; i < 64; i++) {
        if (b >> i & 1) {
            r->q[0] ^= a << i;
            r->q[1] ^= i ? a >> (64 - i) : 0;
        }
    }
}

/* --- SHA --- */
static uint32_t rol(uint32_t x, unsigned n) { return x << n | x >> (32 - n); }
static uint32_t ror(uint32_t x, unsigned n) { return x >> n | x << (32 - n); }
static uint32_t choose(uint32_t x, uint32_t y, uint32_t z) { return (x & y) ^ (~x & z); }
static uint32_t majority(uint32_t x, uint32_t y, uint32_t z) { return (x & y) ^ (x & z) ^ (y & z); }

/* The oldest word of a SHA-1 block of four is in the highest lane */
void hv_sha1rnds4(const TcgHvArgs *h, TcgHvReg *r)
{
    static const uint32_t constant[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
    uint32_t a = h->a.d[3], b = h->a.d[2], c = h->a.d[1], d = h->a.d[0], e = 0;
    unsigned kind = h->imm & 3;

    for (unsigned i = 0; i < 4; i++) {
        uint32_t f = kind == 0 ? choose(b, c, d) : kind == 2 ? majority(b, c, d) : b ^ c ^ d;
        uint32_t next = f + rol(a, 5) + h->b.d[3 - i] + e + constant[kind];

        e = d, d = c, c = rol(b, 30), b = a, a = next;
    }
    r->d[3] = a, r->d[2] = b, r->d[1] = c, r->d[0] = d;
}

void hv_sha1nexte(const TcgHvArgs *h, TcgHvReg *r)
{
    *r = h->b;
    r->d[3] += rol(h->a.d[3], 30);
}

void hv_sha1msg1(const TcgHvArgs *h, TcgHvReg *r)
{
    r->d[3] = h->a.d[1] ^ h->a.d[3];
    r->d[2] = h->a.d[0] ^ h->a.d[2];
    r->d[1] = h->b.d[3] ^ h->a.d[1];
    r->d[0] = h->b.d[2] ^ h->a.d[0];
}

void hv_sha1msg2(const TcgHvArgs *h, TcgHvReg *r)
{
    r->d[3] = rol(h->a.d[3] ^ h->b.d[2], 1);
    r->d[2] = rol(h->a.d[2] ^ h->b.d[1], 1);
    r->d[1] = rol(h->a.d[1] ^ h->b.d[0], 1);
    r->d[0] = rol(h->a.d[0] ^ r->d[3], 1);
}

/* a: C D G H, b: A B E F (highest lane first), c: two words with their constants */
void hv_sha256rnds2(const TcgHvArgs *h, TcgHvReg *r)
{
    uint32_t a = h->b.d[3], b = h->b.d[2], c = h->a.d[3], d = h->a.d[2], e = h->b.d[1], f = h->b.d[0], g = h->a.d[1],
        k = h->a.d[0];

    for (unsigned i = 0; i < 2; i++) {
        uint32_t t = choose(e, f, g) + (ror(e, 6) ^ ror(e, 11) ^ ror(e, 25)) + h->c.d[i] + k;
        uint32_t top = t + majority(a, b, c) + (ror(a, 2) ^ ror(a, 13) ^ ror(a, 22));

        k = g, g = f, f = e, e = t + d, d = c, c = b, b = a, a = top;
    }
    r->d[3] = a, r->d[2] = b, r->d[1] = e, r->d[0] = f;
}

void hv_sha256msg1(const TcgHvArgs *h, TcgHvReg *r)
{
    for (unsigned i = 0; i < 4; i++) {
        uint32_t w = i < 3 ? h->a.d[i + 1] : h->b.d[0];
        r->d[i] = h->a.d[i] + (ror(w, 7) ^ ror(w, 18) ^ w >> 3);
    }
}

void hv_sha256msg2(const TcgHvArgs *h, TcgHvReg *r)
{
    for (unsigned i = 0; i < 4; i++) {
        uint32_t w = i < 2 ? h->b.d[i + 2] : r->d[i - 2];
        r->d[i] = h->a.d[i] + (ror(w, 17) ^ ror(w, 19) ^ w >> 10);
    }
}

/* --- PCMPESTRx, PCMPISTRx --- */
typedef struct StringCompare {
    unsigned n, la, lb; /* elements of a register, valid ones */
    uint32_t result;    /* IntRes2 */
} StringCompare;

static int64_t element(const TcgHvReg *x, unsigned imm, unsigned i)
{
    return imm & 2 ? hv_slane(x, imm & 1, i) : (int64_t)hv_lane(x, imm & 1, i);
}

static unsigned implicit_length(const TcgHvReg *x, unsigned imm, unsigned n)
{
    unsigned i = 0;

    while (i < n && hv_lane(x, imm & 1, i)) {
        i++;
    }
    return i;
}

static unsigned explicit_length(int64_t v, unsigned n)
{
    uint64_t magnitude = v < 0 ? -(uint64_t)v : (uint64_t)v;
    return magnitude < n ? (unsigned)magnitude : n;
}

/* One bit of IntRes1: element j of b against a */
static bool aggregate(const TcgHvArgs *h, const StringCompare *s, unsigned j)
{
    bool valid = j < s->lb;

    switch (h->imm >> 2 & 3) {
    case 0: /* any of the set */
        for (unsigned i = 0; valid && i < s->la; i++) {
            if (element(&h->a, h->imm, i) == element(&h->b, h->imm, j)) {
                return true;
            }
        }
        return false;
    case 1: /* in one of the ranges */
        for (unsigned i = 0; valid && i + 1 < s->la; i += 2) {
            int64_t v = element(&h->b, h->imm, j);
            if (element(&h->a, h->imm, i) <= v && v <= element(&h->a, h->imm, i + 1)) {
                return true;
            }
        }
        return false;
    case 2: /* equal each */
        if (!valid || j >= s->la) {
            return !valid && j >= s->la;
        }
        return element(&h->a, h->imm, j) == element(&h->b, h->imm, j);
    default: /* a is a substring from here on, as far as the register reaches */
        for (unsigned i = 0; i < s->la && j + i < s->n; i++) {
            if (j + i >= s->lb || element(&h->a, h->imm, i) != element(&h->b, h->imm, j + i)) {
                return false;
            }
        }
        return true;
    }
}

/* c: the lengths of a and b as 64-bit numbers, where bit 8 of the immediate operand (not the instruction's) says so */
static StringCompare compare_strings(const TcgHvArgs *h)
{
    StringCompare s = {.n = h->imm & 1 ? 8 : 16};

    if (h->imm & TCG_HV_EXPLICIT) {
        s.la = explicit_length(h->c.sq[0], s.n);
        s.lb = explicit_length(h->c.sq[1], s.n);
    } else {
        s.la = implicit_length(&h->a, h->imm, s.n);
        s.lb = implicit_length(&h->b, h->imm, s.n);
    }
    for (unsigned j = 0; j < s.n; j++) {
        s.result |= (uint32_t)aggregate(h, &s, j) << j;
    }
    if (h->imm & 0x10) {
        s.result ^= h->imm & 0x20 ? (1u << s.lb) - 1 : (1u << s.n) - 1;
    }
    return s;
}

/* The mask, as bits or as lanes */
void hv_pcmpstrm(const TcgHvArgs *h, TcgHvReg *r)
{
    StringCompare s = compare_strings(h);

    if (!(h->imm & 0x40)) {
        r->d[0] = s.result;
        return;
    }
    for (unsigned i = 0; i < s.n; i++) {
        hv_set(r, h->imm & 1, i, s.result >> i & 1 ? ~0ull : 0);
    }
}

/* The index; in the upper half EFLAGS bits */
void hv_pcmpstri(const TcgHvArgs *h, TcgHvReg *r)
{
    StringCompare s = compare_strings(h);

    if (!s.result) {
        r->q[0] = s.n;
    } else {
        r->q[0] = h->imm & 0x40 ? 31 - (unsigned)__builtin_clz(s.result) : (unsigned)__builtin_ctz(s.result);
    }
    r->q[1] = (s.result ? 1u : 0) | (s.lb < s.n ? 0x40u : 0) | (s.la < s.n ? 0x80u : 0) | (s.result & 1 ? 0x800u : 0);
}

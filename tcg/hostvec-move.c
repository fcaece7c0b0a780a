/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reference functions of x86 vector instructions: those that move lanes about, pack, widen and blend.
 * Reference: Intel SDM volume 2.
 */
#include "hostvec-internal.h"

#include <string.h>

/* Parameter: log2 of the bytes of the lanes that are packed */
static void pack(const TcgHvArgs *h, TcgHvReg *r, bool to_signed)
{
    unsigned n = 16u >> h->p;
    int64_t top = (int64_t)1 << (8 * (1 << h->p) / 2);

    for (unsigned i = 0; i < 2 * n; i++) {
        int64_t v = hv_slane(i < n ? &h->a : &h->b, h->p, i % n), lo = to_signed ? -top / 2 : 0,
            hi = to_signed ? top / 2 - 1 : top - 1;

        hv_set(r, h->p - 1, i, (uint64_t)(v < lo ? lo : v > hi ? hi : v));
    }
}
void hv_packss(const TcgHvArgs *h, TcgHvReg *r) { pack(h, r, true); }
void hv_packus(const TcgHvArgs *h, TcgHvReg *r) { pack(h, r, false); }

static void unpack(const TcgHvArgs *h, TcgHvReg *r, unsigned from)
{
    for (unsigned i = 0; i < 16u >> h->p; i++) {
        hv_set(r, h->p, i, hv_lane(i & 1 ? &h->b : &h->a, h->p, from + i / 2));
    }
}
void hv_unpackl(const TcgHvArgs *h, TcgHvReg *r) { unpack(h, r, 0); }
void hv_unpackh(const TcgHvArgs *h, TcgHvReg *r) { unpack(h, r, 8u >> h->p); }

void hv_slldq(const TcgHvArgs *h, TcgHvReg *r)
{
    for (unsigned i = h->imm; i < 16; i++) {
        r->b[i] = h->a.b[i - h->imm];
    }
}

void hv_srldq(const TcgHvArgs *h, TcgHvReg *r)
{
    for (unsigned i = 0; i + h->imm < 16; i++) {
        r->b[i] = h->a.b[i + h->imm];
    }
}

void hv_alignr(const TcgHvArgs *h, TcgHvReg *r)
{
    for (unsigned i = 0; i < 16; i++) {
        unsigned k = i + h->imm;
        r->b[i] = k < 16 ? h->b.b[k] : k < 32 ? h->a.b[k - 16] : 0;
    }
}

void hv_shufb(const TcgHvArgs *h, TcgHvReg *r)
{
    for (unsigned i = 0; i < 16; i++) {
        r->b[i] = h->b.b[i] & 0x80 ? 0 : h->a.b[h->b.b[i] & 15];
    }
}

void hv_shufd(const TcgHvArgs *h, TcgHvReg *r)
{
    for (unsigned i = 0; i < 4; i++) {
        r->d[i] = h->a.d[h->imm >> 2 * i & 3];
    }
}

/* Parameter 0: the low four words, 1: the high four */
void hv_shufw(const TcgHvArgs *h, TcgHvReg *r)
{
    *r = h->a;
    for (unsigned i = 0; i < 4; i++) {
        r->w[4 * h->p + i] = h->a.w[4 * h->p + (h->imm >> 2 * i & 3)];
    }
}

void hv_shufps(const TcgHvArgs *h, TcgHvReg *r)
{
    for (unsigned i = 0; i < 4; i++) {
        r->d[i] = (i < 2 ? &h->a : &h->b)->d[h->imm >> 2 * i & 3];
    }
}

void hv_shufpd(const TcgHvArgs *h, TcgHvReg *r)
{
    r->q[0] = h->a.q[h->imm & 1];
    r->q[1] = h->b.q[h->imm >> 1 & 1];
}

void hv_permil(const TcgHvArgs *h, TcgHvReg *r)
{
    for (unsigned i = 0; i < 16u >> h->p; i++) {
        uint64_t k = hv_lane(&h->b, h->p, i);
        hv_set(r, h->p, i, hv_lane(&h->a, h->p, h->p == 2 ? k & 3 : k >> 1 & 1));
    }
}

void hv_permilpd(const TcgHvArgs *h, TcgHvReg *r)
{
    r->q[0] = h->a.q[h->imm & 1];
    r->q[1] = h->a.q[h->imm >> 1 & 1];
}

/* Parameter: log2 of the bytes of the source's lanes, and in the lower digit of the result's */
void hv_movsx(const TcgHvArgs *h, TcgHvReg *r)
{
    unsigned from = h->p >> 4, to = h->p & 15;
    for (unsigned i = 0; i < 16u >> to; i++) {
        hv_set(r, to, i, (uint64_t)hv_slane(&h->a, from, i));
    }
}

void hv_movzx(const TcgHvArgs *h, TcgHvReg *r)
{
    unsigned from = h->p >> 4, to = h->p & 15;
    for (unsigned i = 0; i < 16u >> to; i++) {
        hv_set(r, to, i, hv_lane(&h->a, from, i));
    }
}

void hv_blend(const TcgHvArgs *h, TcgHvReg *r)
{
    for (unsigned i = 0; i < 16u >> h->p; i++) {
        hv_set(r, h->p, i, hv_lane(h->imm >> i & 1 ? &h->b : &h->a, h->p, i));
    }
}

void hv_blendv(const TcgHvArgs *h, TcgHvReg *r)
{
    for (unsigned i = 0; i < 16u >> h->p; i++) {
        hv_set(r, h->p, i, hv_lane(hv_slane(&h->c, h->p, i) < 0 ? &h->b : &h->a, h->p, i));
    }
}

void hv_insertps(const TcgHvArgs *h, TcgHvReg *r)
{
    *r = h->a;
    r->d[h->imm >> 4 & 3] = h->b.d[h->imm >> 6];
    for (unsigned i = 0; i < 4; i++) {
        r->d[i] = h->imm >> i & 1 ? 0 : r->d[i];
    }
}

void hv_broadcast(const TcgHvArgs *h, TcgHvReg *r)
{
    for (unsigned i = 0; i < 16u >> h->p; i++) {
        hv_set(r, h->p, i, hv_lane(&h->a, h->p, 0));
    }
}

void hv_movhl(const TcgHvArgs *h, TcgHvReg *r)
{
    r->q[0] = h->b.q[1];
    r->q[1] = h->a.q[1];
}

/* Parameter: bytes */
void hv_movs(const TcgHvArgs *h, TcgHvReg *r)
{
    *r = h->a;
    memcpy(r->b, h->b.b, h->p);
}

void hv_movq(const TcgHvArgs *h, TcgHvReg *r) { r->q[0] = h->a.q[0]; }

/* Parameter 0: even singles, 1: odd singles, 2: the low double */
void hv_dup(const TcgHvArgs *h, TcgHvReg *r)
{
    for (unsigned i = 0; i < 2; i++) {
        if (h->p == 2) {
            r->q[i] = h->a.q[0];
        } else {
            r->d[2 * i] = r->d[2 * i + 1] = h->a.d[2 * i + h->p];
        }
    }
}

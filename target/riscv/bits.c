/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carry-less multiplication (Zbc): polynomials over GF(2) of 64 bits. Pure helpers.
 *
 * Four bits of one factor at a time, from a table of the other factor's small multiples.
 */
#include "helper.h"

typedef struct Product {
    uint64_t low, high;
} Product;

static Product multiply(uint64_t a, uint64_t b)
{
    Product t[16] = {{0, 0}, {a, 0}}, p = {0, 0};
    for (unsigned i = 2; i < 16; i += 2) {
        t[i].low = t[i / 2].low << 1;
        t[i].high = t[i / 2].high << 1 | t[i / 2].low >> 63;
        t[i + 1].low = t[i].low ^ a;
        t[i + 1].high = t[i].high;
    }
    for (int shift = 60; shift >= 0; shift -= 4) {
        const Product *m = &t[b >> shift & 15];
        p.high = (p.high << 4 | p.low >> 60) ^ m->high;
        p.low = p.low << 4 ^ m->low;
    }
    return p;
}

static uint64_t clmul(uint64_t a, uint64_t b) { return multiply(a, b).low; }
static uint64_t clmulh(uint64_t a, uint64_t b) { return multiply(a, b).high; }

static uint64_t clmulr(uint64_t a, uint64_t b)
{
    Product p = multiply(a, b);
    return p.high << 1 | p.low >> 63;
}

#define PURE(name_)                                                                                                    \
    const TcgHelper riscv_helper_##name_ = {                                                                           \
        .name = #name_, .fn = (void *)name_, .flags = TCG_HELPER_PURE, .ret = TCG_I64, .args = {TCG_I64, TCG_I64},     \
    }
PURE(clmul);
PURE(clmulh);
PURE(clmulr);

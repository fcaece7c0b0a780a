/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bit manipulation that is no short sequence of TinyCode. Pure helpers.
 *
 * Carry-less multiplication (Zbc, Zbkc): polynomials over GF(2) of 64 bits, four bits of one factor at a time, from a table of
 * the other factor's small multiples. Interleaving (Zbkb on 32-bit harts) and crossbar permutations (Zbkx).
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

/* ---- Zbkb, Zbkx ---- */

static uint64_t zip(uint64_t v)
{
    uint64_t out = 0;
    for (unsigned i = 0; i < 16; i++) {
        out |= (v >> i & 1) << (2 * i) | (v >> (i + 16) & 1) << (2 * i + 1);
    }
    return out;
}

static uint64_t unzip(uint64_t v)
{
    uint64_t out = 0;
    for (unsigned i = 0; i < 16; i++) {
        out |= (v >> (2 * i) & 1) << i | (v >> (2 * i + 1) & 1) << (i + 16);
    }
    return out;
}

/* Lanes of @table chosen by the lanes of @index; 0 where there is no such lane. A 32-bit hart's upper half is 0 in both. */
static uint64_t xperm(uint64_t table, uint64_t index, unsigned bits)
{
    uint64_t mask = (1ull << bits) - 1, out = 0;
    for (unsigned at = 0; at < 64; at += bits) {
        uint64_t lane = (index >> at & mask) * bits;
        out |= (lane < 64 ? table >> lane & mask : 0) << at;
    }
    return out;
}

static uint64_t xperm4(uint64_t table, uint64_t index) { return xperm(table, index, 4); }
static uint64_t xperm8(uint64_t table, uint64_t index) { return xperm(table, index, 8); }

#define PURE(name_)                                                                                                    \
    const TcgHelper riscv_helper_##name_ = {                                                                           \
        .name = #name_, .fn = (void *)name_, .flags = TCG_HELPER_PURE, .ret = TCG_I64, .args = {TCG_I64, TCG_I64},     \
    }
PURE(clmul);
PURE(clmulh);
PURE(clmulr);
PURE(xperm4);
PURE(xperm8);
#define PURE1(name_)                                                                                                   \
    const TcgHelper riscv_helper_##name_ = {                                                                           \
        .name = #name_, .fn = (void *)name_, .flags = TCG_HELPER_PURE, .ret = TCG_I64, .args = {TCG_I64},              \
    }
PURE1(zip);
PURE1(unzip);

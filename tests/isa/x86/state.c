/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random state for a case: values at the borders of what instructions distinguish, in registers and memory. Pointer
 * registers are those that generate.c prefers as bases.
 */
#include <string.h>

#include <glib.h>

#include "generate.h"

static uint64_t integer(GenRandom *r)
{
    static const uint64_t special[] = {0,
                                       1,
                                       2,
                                       ~0ull,
                                       1ull << 63,
                                       ~(1ull << 63),
                                       0x80000000,
                                       0x7fffffff,
                                       0xffffffff,
                                       0x8000,
                                       0x7fff,
                                       0xffff,
                                       0x80,
                                       0x7f,
                                       0xff,
                                       0x55aa55aa55aa55aa,
                                       0x0123456789abcdef,
                                       0xffffffff80000000,
                                       31,
                                       63,
                                       64,
                                       10};
    uint64_t any = gen_random(r);
    switch (gen_below(r, 6)) {
    case 0:
    case 1: return special[any % G_N_ELEMENTS(special)];
    case 2: return any >> (any & 63);
    case 3: return 1ull << (any & 63);
    case 4: return (uint64_t)((int64_t)any >> (any & 63));
    default: return any;
    }
}

static uint32_t single(GenRandom *r)
{
    static const uint32_t special[] = {0,          0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000,
                                       0x7fc00000, 0xffc00001, 0x7f800001, 0xff812345, 1,          0x807fffff,
                                       0x7f7fffff, 0x4f000000, 0xcf000001, 0x4effffff, 0x3f000000, 0x3effffff,
                                       0x4b800001, 0x00800000, 0x40490fdb, 0xcb000001, 0x5f000000, 0x34000000};
    uint32_t any = (uint32_t)gen_random(r);
    switch (gen_below(r, 3)) {
    case 0: return special[any % G_N_ELEMENTS(special)];
    case 1: return (any & 0x807fffff) | (100 + (any >> 23 & 0x3f)) << 23;
    default: return any;
    }
}

static uint64_t dbl(GenRandom *r)
{
    static const uint64_t special[] = {0,
                                       1ull << 63,
                                       0x3ff0000000000000,
                                       0xbff8000000000000,
                                       0x7ff0000000000000,
                                       0xfff0000000000000,
                                       0x7ff8000000000000,
                                       0xfff8000000000123,
                                       0x7ff0000000000001,
                                       0xfff4000000000000,
                                       1,
                                       0x800fffffffffffff,
                                       0x7fefffffffffffff,
                                       0x41dfffffffc00000,
                                       0x41e0000000000000,
                                       0xc1e0000000200000,
                                       0x43e0000000000000,
                                       0x3fe0000000000000,
                                       0x36a0000000000000,
                                       0x380fffffffffffff,
                                       0x47efffffffffffff,
                                       0x0010000000000000,
                                       0x400921fb54442d18};
    uint64_t any = gen_random(r);
    switch (gen_below(r, 3)) {
    case 0: return special[any % G_N_ELEMENTS(special)];
    case 1: return (any & 0x800fffffffffffff) | (0x3e0 + (any >> 52 & 0x3f)) << 52;
    default: return any;
    }
}

static uint64_t lanes(GenRandom *r)
{
    switch (gen_below(r, 4)) {
    case 0: return single(r) | (uint64_t)single(r) << 32;
    case 1: return dbl(r);
    default: return integer(r);
    }
}

static void extended(GenRandom *r, uint64_t *mantissa, uint16_t *exponent)
{
    static const struct {
        uint16_t e;
        uint64_t m;
    } special[] = {
        {0, 0},
        {0x8000, 0},
        {0x3fff, 1ull << 63},
        {0xbfff, 3ull << 62},
        {0x7fff, 1ull << 63},
        {0xffff, 1ull << 63},
        {0x7fff, 3ull << 62},
        {0xffff, 0xc000000000012345},
        {0x7fff, 0x8000000000000001},
        {0, 1},
        {0x8000, 0x7fffffffffffffff},
        {0, 1ull << 63},
        {0x7ffe, ~0ull},
        {1, 1ull << 63},
        {0x403e, 1ull << 63},
        {0xc03e, 1ull << 63},
        {0x401e, 0x8000000000000000},
        {0x400e, 0xffff000000000000},
        {0x3ffe, 1ull << 63},
        {0x4000, 0xc90fdaa22168c235},
        {0x3fff, 1},
        {0x7fff, 0},
        {0x7fff, 1ull << 62},
        {0x43fe, ~0ull},
        {0x3c00, 1ull << 63},
        {0x407f, 0xffffff8000000000},
        {0x403a, 0xde0b6b3a763fffff},
    };
    uint64_t any = gen_random(r);
    switch (gen_below(r, 4)) {
    case 0:
    case 1:
        *mantissa = special[any % G_N_ELEMENTS(special)].m;
        *exponent = special[any % G_N_ELEMENTS(special)].e;
        break;
    case 2:
        *mantissa = gen_random(r) | 1ull << 63;
        *exponent = (uint16_t)((any & 0x8000) | (0x3fff - 40 + any % 90));
        break;
    default: *mantissa = gen_random(r) | (any & 1 ? 0 : 1ull << 63); *exponent = (uint16_t)(any >> 20);
    }
}

static void fpu_state(GenRandom *r, X86BenchState *s)
{
    unsigned top = gen_below(r, 8);
    s->fcw = gen_below(r, 8) ? 0x037f : (uint16_t)(0x0040 | (gen_random(r) & 0x3f));
    if (gen_below(r, 2)) {
        static const uint16_t precision[] = {0, 0x200, 0x300, 0x300};
        s->fcw = (uint16_t)((s->fcw & 0xff) | precision[gen_below(r, 4)] | gen_below(r, 4) << 10);
    }
    s->fsw = (uint16_t)(top << 11 | (gen_random(r) & 0x4700));
    if (gen_below(r, 4) == 0) {
        s->fsw |= (uint16_t)gen_below(r, 0x80);
    }
    if (s->fsw & ~s->fcw & 0x3f) {
        s->fsw |= 0x8080;
    }
    switch (gen_below(r, 4)) {
    case 0: s->ftw = 0xff; break;
    case 1: s->ftw = (uint16_t)(gen_random(r) & 0xff); break;
    case 2: s->ftw = (uint16_t)(0xff ^ 1u << ((top - 1) & 7)); break;
    default: s->ftw = (uint16_t)(0xffu << top & 0xff);
    }
    for (unsigned i = 0; i < 8; i++) {
        extended(r, &s->st[i].mantissa, &s->st[i].exponent);
    }
}

static void general_state(GenRandom *r, X86BenchMode mode, X86BenchState *s)
{
    static const uint8_t pointers[] = {3, 4, 5, 6, 7, 12, 13, 14};
    uint32_t base = mode == X86_BENCH_16 ? 0 : X86_BENCH_DATA;
    for (unsigned i = 0; i < 16; i++) {
        s->gpr[i] = integer(r);
    }
    for (unsigned i = 0; i < sizeof(pointers); i++) {
        uint32_t at = 0x200 + (gen_below(r, X86_BENCH_DATA_SIZE - 0x400) & ~31u);
        if (gen_below(r, 8) == 0) {
            at = gen_below(r, X86_BENCH_DATA_SIZE + X86_BENCH_RO_SIZE);
        }
        s->gpr[pointers[i]] = base + at;
    }
    if (gen_below(r, 3)) {
        s->gpr[X86_CX] = gen_below(r, 40);
        s->gpr[9] = gen_below(r, 40);
    }
}

/* Where one step of DPPS or DPPD traps, how many of the others have left their flags is the processor's affair: both stay masked. */
static bool has_dot_product(const GenSequence *seq)
{
    for (unsigned i = 0; i < seq->count; i++) {
        if (!strncmp(seq->insn[i].name, "dpp", 3) || !strncmp(seq->insn[i].name, "vdpp", 4)) {
            return true;
        }
    }
    return false;
}

void gen_state(GenRandom *r, const GenSequence *seq, X86BenchCase *c)
{
    static const uint32_t status = EFL_STATUS;
    X86BenchState *s = &c->in;
    memset(s, 0, sizeof(*s));
    c->code_offset = gen_below(r, 4)   ? gen_below(r, 0xe00)
                     : gen_below(r, 2) ? 0x1000 - gen_below(r, 20)
                                       : gen_below(r, 0x1e00);
    s->rip = X86_BENCH_CODE + c->code_offset;
    general_state(r, seq->mode, s);
    if (strcmp(seq->insn[0].name, "xsave") == 0) { /* components that both sides have */
        s->gpr[X86_AX] = gen_below(r, 8);
        s->gpr[X86_DX] = 0;
    }
    s->rflags = EFL_FIXED | EFL_IF | (gen_random(r) & status) | (gen_below(r, 8) ? 0 : EFL_DF);
    for (unsigned i = 0; i < 16; i++) {
        for (unsigned k = 0; k < 4; k++) {
            s->ymm[i][k] = seq->mode == X86_BENCH_64 || i < 8 ? lanes(r) : 0;
        }
    }
    s->mxcsr = 0x1f80;
    if (gen_below(r, 2)) {
        s->mxcsr = 0x1f80 | gen_below(r, 4) << 13 | gen_below(r, 64) | (gen_below(r, 4) ? 0 : 0x8000) |
                   (gen_below(r, 4) ? 0 : 0x40);
    }
    if (gen_below(r, 12) == 0 && !has_dot_product(seq)) {
        s->mxcsr &= ~(gen_below(r, 64) << 7);
        s->mxcsr &= ~(~s->mxcsr >> 7 & 63); /* nothing that is unmasked is there yet */
    }
    fpu_state(r, s);
    if (seq->mode == X86_BENCH_64) {
        s->fs_base = X86_BENCH_FS_BASE;
        s->gs_base = X86_BENCH_GS_BASE;
    }
    for (unsigned i = 0; i < X86_BENCH_DATA_SIZE; i += 8) {
        uint64_t v = lanes(r);
        memcpy(c->data + i, &v, 8);
    }
    for (unsigned i = 0; i + 16 <= X86_BENCH_DATA_SIZE; i += 16 * (1 + gen_below(r, 16))) {
        uint64_t m;
        uint16_t e;
        extended(r, &m, &e);
        memcpy(c->data + i, &m, 8);
        memcpy(c->data + i + 8, &e, 2);
    }
}

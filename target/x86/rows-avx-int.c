/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accesses under a mask: VMASKMOVPS/PD, VPMASKMOVD/Q, MASKMOVDQU, and gathers. A lane whose mask bit is clear is not
 * accessed and does not fault.
 *
 * Without a branch for each lane: a load for a lane that is not wanted goes to the address of one that is. Where no
 * lane is wanted nothing is loaded. A masked load that faults has not begun; a gather leaves its lanes up to the fault
 * and goes on from there.
 *
 * Reference: Intel SDM volume 2, VMASKMOV, VPMASKMOV, VGATHERxxx, VPGATHERxx; 2.3.12 (VSIB).
 */
#include "vec.h"

enum { MAX_LANES = 8 };

/* Sign bits of all lanes: bit i is lane i's */
static TcgVal mask_bits(X86Insn *d, TcgVal lo, TcgVal hi, bool quads)
{
    TcgHostVec id = quads ? TCG_HV_MOVMSKPD : TCG_HV_MOVMSKPS;
    TcgVal bits = x86_hv(d, id, lo, TCG_NONE, 0);
    if (hi) {
        TcgVal high = tcg_shl(d->b, TCG_I64, x86_hv(d, id, hi, TCG_NONE, 0), x86_const(d, quads ? 2 : 4));
        bits = tcg_or(d->b, TCG_I64, bits, high);
    }
    return bits;
}

static TcgVal mask_bit(X86Insn *d, TcgVal bits, unsigned lane)
{
    return tcg_and(d->b, TCG_I64, bits, x86_const(d, 1ull << lane));
}

/* Loads lanes from @offset[i] where their bit is set; at least one is. Result: lanes of a register pair */
static void load_lanes(X86Insn *d, unsigned seg, const TcgVal *offset, unsigned n, bool quads, TcgVal bits,
                       TcgVal out[2])
{
    TcgBuilder *b = d->b;
    TcgVal zero = x86_const(d, 0), wanted = offset[n - 1];
    unsigned bytes = quads ? 8 : 4, per_half = 16 / bytes;
    for (unsigned i = n - 1; i-- > 0;) {
        wanted = tcg_select(b, TCG_I64, TCG_COND_NE, TCG_I64, mask_bit(d, bits, i), zero, offset[i], wanted);
    }
    out[0] = out[1] = x86_vec_zero(d);
    for (unsigned i = 0; i < n; i++) {
        TcgVal at = tcg_select(b, TCG_I64, TCG_COND_NE, TCG_I64, mask_bit(d, bits, i), zero, offset[i], wanted);
        TcgVal v = tcg_load(b, quads ? TCG_I64 : TCG_I32, x86_seg_linear(d, seg, at, bytes, false), 0,
                            x86_mem(d, bytes));
        TcgVal *half = &out[i / per_half];
        *half = x86_vec_insert(d, *half, quads ? 3 : 2, i % per_half, quads ? v : tcg_extu(b, v));
    }
}

static TcgVal wrapped(X86Insn *d, TcgVal offset)
{
    return d->addrsize == 8 ? offset : d->addrsize == 4 ? tcg_extu(d->b, tcg_trunc(d->b, offset))
        : tcg_zext(d->b, TCG_I64, offset, 16);
}

static TcgHostVec blend_id(bool quads) { return quads ? TCG_HV_BLENDVPD : TCG_HV_BLENDVPS; }

/* Argument: 1: lanes of 8 bytes. 0 = memory 2 under mask 1 */
static void emit_mask_load(X86Insn *d)
{
    TcgBuilder *b = d->b;
    bool quads = d->row->arg & 1, both = d->op[0].bytes == 32;
    unsigned bytes = d->op[0].bytes, lane = quads ? 8 : 4, n = bytes / lane;
    TcgLabel none = tcg_label_new(b), apart = tcg_label_new(b), done = tcg_label_new(b);
    TcgVal mhi, mlo = x86_read_vec(d, 1, &mhi), bits = mask_bits(d, mlo, mhi, quads), zero = x86_vec_zero(d);
    TcgVal offset[MAX_LANES], v[2];

    tcg_label_branch(b, none, TCG_COND_EQ, TCG_I64, bits, x86_const(d, 0));
    offset[0] = x86_offset(d);
    if (!x86_is64(d) && (!(d->flags & X86_RF_FLAT) || d->seg >= X86_FS)) { /* a segment's end is not where pages end */
        tcg_label_branch(b, apart, TCG_COND_NE, TCG_I64, bits, x86_const(d, 0));
    } else {
        TcgVal in_page = tcg_and(b, TCG_I64, x86_seg_linear(d, (unsigned)d->seg, offset[0], 1, false),
                                 x86_const(d, 0xfff));
        tcg_label_branch(b, apart, TCG_COND_GTU, TCG_I64, in_page, x86_const(d, 0x1000 - bytes));
    }
    /* all on one page: who may read one lane may read all */
    TcgVal at = x86_seg_linear(d, (unsigned)d->seg, offset[0], bytes, false);
    v[0] = tcg_load(b, TCG_V128, at, 0, x86_mem(d, 16));
    v[1] = both ? tcg_load(b, TCG_V128, at, 16, x86_mem(d, 16)) : TCG_NONE;
    x86_write_vec(d, 0, x86_hv3(d, blend_id(quads), zero, v[0], mlo, 0),
                  both ? x86_hv3(d, blend_id(quads), zero, v[1], mhi, 0) : TCG_NONE);
    tcg_label_goto(b, done);

    tcg_label_bind(b, apart);
    for (unsigned i = 1; i < n; i++) {
        offset[i] = wrapped(d, tcg_addi(b, TCG_I64, offset[0], (int64_t)(i * lane)));
    }
    load_lanes(d, (unsigned)d->seg, offset, n, quads, bits, v);
    zero = x86_vec_zero(d);
    x86_write_vec(d, 0, x86_hv3(d, blend_id(quads), zero, v[0], mlo, 0),
                  both ? x86_hv3(d, blend_id(quads), zero, v[1], mhi, 0) : TCG_NONE);
    tcg_label_goto(b, done);

    tcg_label_bind(b, none);
    zero = x86_vec_zero(d);
    x86_write_vec(d, 0, zero, both ? zero : TCG_NONE);
    tcg_label_bind(b, done);
}

/* Stores the lanes whose bit is set, one after the other */
static void store_lanes(X86Insn *d, TcgVal offset, TcgVal lo, TcgVal hi, unsigned log2, unsigned n, TcgVal bits)
{
    TcgBuilder *b = d->b;
    unsigned bytes = 1u << log2, per_half = 16 / bytes;
    for (unsigned i = 0; i < n; i++) {
        TcgLabel next = tcg_label_new(b);
        tcg_label_branch(b, next, TCG_COND_EQ, TCG_I64, mask_bit(d, bits, i), x86_const(d, 0));
        TcgVal v = x86_vec_extract(d, i < per_half ? lo : hi, log2, i % per_half);
        TcgVal at = x86_seg_linear(d, (unsigned)d->seg, wrapped(d, tcg_addi(b, TCG_I64, offset, (int64_t)(i * bytes))),
                                   bytes, true);
        tcg_store(b, log2 == 3 ? TCG_I64 : TCG_I32, at, 0, log2 == 3 ? v : tcg_trunc(b, v), x86_mem(d, bytes));
        tcg_label_bind(b, next);
    }
}

/* memory 0 under mask 1 = 2 */
static void emit_mask_store(X86Insn *d)
{
    TcgBuilder *b = d->b;
    bool quads = d->row->arg & 1, both = d->op[2].bytes == 32;
    unsigned bytes = d->op[2].bytes, n = bytes / (quads ? 8 : 4);
    TcgLabel some = tcg_label_new(b), done = tcg_label_new(b);
    TcgVal mhi, hi, mlo = x86_read_vec(d, 1, &mhi), lo = x86_read_vec(d, 2, &hi), bits = mask_bits(d, mlo, mhi, quads),
        offset = x86_offset(d);

    tcg_label_branch(b, some, TCG_COND_NE, TCG_I64, bits, x86_const(d, (1u << n) - 1));
    TcgVal at = x86_seg_linear(d, (unsigned)d->seg, offset, bytes, true);
    tcg_store(b, TCG_V128, at, 0, lo, x86_mem(d, 16));
    if (both) {
        tcg_store(b, TCG_V128, at, 16, hi, x86_mem(d, 16));
    }
    tcg_label_goto(b, done);
    tcg_label_bind(b, some);
    store_lanes(d, offset, lo, hi, quads ? 3 : 2, n, bits);
    tcg_label_bind(b, done);
}

/* MASKMOVDQU: bytes of 0 under mask 1 to DS:rDI */
static void emit_maskmov(X86Insn *d)
{
    TcgBuilder *b = d->b;
    TcgVal v = x86_get_xmm(d, d->op[0].reg),
        bits = x86_hv(d, TCG_HV_PMOVMSKB, x86_get_xmm(d, d->op[1].reg), TCG_NONE, 0);
    TcgVal offset = wrapped(d, x86_get_gpr(d, X86_DI, 8));
    TcgLabel none = tcg_label_new(b);

    tcg_label_branch(b, none, TCG_COND_EQ, TCG_I64, bits, x86_const(d, 0));
    store_lanes(d, offset, v, TCG_NONE, 0, 16, bits);
    tcg_label_bind(b, none);
}

/* --- gathers: 0 = memory at base + index lanes, under mask 2, which becomes 0. Argument: 1: indexes of 8 bytes --- */
static TcgVal lane_offset(X86Insn *d, TcgVal base, TcgVal index[2], bool wide, unsigned i)
{
    TcgBuilder *b = d->b;
    unsigned log2 = wide ? 3 : 2, per_half = 16u >> log2;
    TcgVal x = x86_vec_extract(d, index[i / per_half], log2, i % per_half);
    x = wide ? x : tcg_exts(b, tcg_trunc(b, x));
    return wrapped(d, tcg_add(b, TCG_I64, base, tcg_shl(b, TCG_I64, x, x86_const(d, d->scale))));
}

/* The registers of a gather: [0] low half, [1] high */
typedef struct Gather {
    unsigned dst, mask, n;
    bool quads, both, wide_mask; /* both: 256 bits of lanes; wide_mask: of mask, used or not */
    TcgVal to[2], wanted[2], bits;
} Gather;

/* One lane after the other, each done for good: dst has it and its mask is 0 when the next one faults */
static void gather_lane(X86Insn *d, Gather *g, unsigned i, TcgVal offset)
{
    TcgBuilder *b = d->b;
    unsigned bytes = g->quads ? 8 : 4, log2 = g->quads ? 3 : 2, half = i * bytes / 16, lane = i % (16 / bytes);
    TcgVal v = tcg_load(b, g->quads ? TCG_I64 : TCG_I32, x86_seg_linear(d, (unsigned)d->seg, offset, bytes, false), 0,
                        x86_mem(d, bytes));
    v = tcg_select(b, TCG_I64, TCG_COND_NE, TCG_I64, mask_bit(d, g->bits, i), x86_const(d, 0),
                   g->quads ? v : tcg_extu(b, v),
                   x86_vec_extract(d, g->to[half], log2, lane));
    g->to[half] = x86_vec_insert(d, g->to[half], log2, lane, v);
    g->wanted[half] = x86_hv(d, g->quads ? TCG_HV_BLENDPD : TCG_HV_BLENDPS, g->wanted[half], x86_vec_zero(d),
                             1u << lane);
    if (half) {
        x86_put_ymmh(d, g->dst, g->to[1]);
        x86_put_ymmh(d, g->mask, g->wanted[1]);
    } else {
        x86_put_xmm(d, g->dst, g->to[0]);
        x86_put_xmm(d, g->mask, g->wanted[0]);
        if (!g->wide_mask) {
            x86_zero_ymmh(d, g->dst);
        }
    }
}

/* Sign bits become whole lanes, as the processor leaves them at a fault */
static TcgVal whole_lanes(X86Insn *d, TcgVal mask, bool quads)
{
    return quads ? x86_hv(d, TCG_HV_PCMPGTQ, x86_vec_zero(d), mask, 0) : x86_hv(d, TCG_HV_PSRAD_I, mask, TCG_NONE, 31);
}

static void gather(X86Insn *d, Gather *g, TcgVal index[2], bool wide)
{
    TcgBuilder *b = d->b;
    TcgVal offset[MAX_LANES], base = x86_offset(d), zero = x86_const(d, 0), first;
    TcgLabel none = tcg_label_new(b);

    x86_put_xmm(d, g->mask, g->wanted[0]);
    x86_put_ymmh(d, g->mask, g->wide_mask ? g->wanted[1] : x86_vec_zero(d));
    tcg_label_branch(b, none, TCG_COND_EQ, TCG_I64, g->bits, zero);
    for (unsigned i = 0; i < g->n; i++) {
        offset[i] = lane_offset(d, base, index, wide, i);
    }
    first = offset[g->n - 1];
    for (unsigned i = g->n - 1; i-- > 0;) {
        first = tcg_select(b, TCG_I64, TCG_COND_NE, TCG_I64, mask_bit(d, g->bits, i), zero, offset[i], first);
    }
    for (unsigned i = 0; i < g->n; i++) {
        gather_lane(d, g, i, tcg_select(b, TCG_I64, TCG_COND_NE, TCG_I64, mask_bit(d, g->bits, i), zero, offset[i],
                                        first));
    }
    tcg_label_bind(b, none);
}

static void emit_gather(X86Insn *d)
{
    bool wide = d->row->arg & 1;
    unsigned vl = d->vex_l ? 32 : 16, index_reg = d->sib_index & (x86_is64(d) ? 15 : 7);
    Gather g = {.dst = d->op[0].reg, .mask = d->op[2].reg, .quads = d->rex_w};
    g.n = vl / MAX(g.quads ? 8u : 4u, wide ? 8u : 4u);
    g.both = g.n * (g.quads ? 8 : 4) == 32;
    g.wide_mask = vl == 32;

    if ((d->modrm & 7) != 4 || d->addrsize == 2 || g.dst == g.mask || g.dst == index_reg || g.mask == index_reg) {
        x86_emit_raise(d, X86_EXC_UD);
        return;
    }
    d->index = -1;
    TcgVal index[2] = {x86_get_xmm(d, index_reg), g.n * (wide ? 8 : 4) == 32 ? x86_get_ymmh(d, index_reg) : TCG_NONE};
    g.to[0] = x86_get_xmm(d, g.dst);
    g.wanted[0] = whole_lanes(d, x86_get_xmm(d, g.mask), g.quads);
    if (g.both) {
        g.to[1] = x86_get_ymmh(d, g.dst);
    }
    if (g.wide_mask) {
        g.wanted[1] = whole_lanes(d, x86_get_ymmh(d, g.mask), g.quads);
    }
    g.bits = mask_bits(d, g.wanted[0], g.both ? g.wanted[1] : TCG_NONE, g.quads);
    if (g.n == 2 && !g.quads) { /* two singles: the mask above them does not count */
        g.bits = tcg_and(d->b, TCG_I64, g.bits, x86_const(d, 3));
    }
    gather(d, &g, index, wide);
    x86_put_xmm(d, g.mask, x86_vec_zero(d));
    x86_zero_ymmh(d, g.mask);
    if (!g.both) {
        x86_zero_ymmh(d, g.dst);
    }
    if (g.n == 2 && !g.quads) {
        x86_put_xmm(d, g.dst, x86_hv(d, TCG_HV_MOVQ, x86_get_xmm(d, g.dst), TCG_NONE, 0));
    }
}

#define MASKED(name_, pattern_, load_, store_, arg_, feat_)                                                            \
    VEC_ROW(name_, "VEX.any.66.0F38." pattern_ " " load_ " /r", "Vx,Hx,Mx", emit_mask_load, arg_, 0, feat_),           \
    VEC_ROW(name_, "VEX.any.66.0F38." pattern_ " " store_ " /r", "Mx,Hx,Vx", emit_mask_store, arg_, 0, feat_)
#define GATHER(name_, w_, op_, arg_) VEC_ROW(name_, "VEX.any.66.0F38." w_ " " op_ " /r", "Vx,Md,Hx", emit_gather,      \
                                             arg_, 0, AVX2)

static const X86Row rows[] = {
    MASKED("vmaskmovps", "W0", "2C", "2E", 0, AVX), MASKED("vmaskmovpd", "W0", "2D", "2F", 1, AVX),
    MASKED("vpmaskmovd", "W0", "8C", "8E", 0, AVX2), MASKED("vpmaskmovq", "W1", "8C", "8E", 1, AVX2),
    VEC_LOW("maskmovdqu", "128", "66", "0F", "F7", "Vdq,Udq", SSE2, emit_maskmov, 0, 0),
    GATHER("vpgatherdd", "W0", "90", 0), GATHER("vpgatherdq", "W1", "90", 0), GATHER("vpgatherqd", "W0", "91", 1),
    GATHER("vpgatherqq", "W1", "91", 1), GATHER("vgatherdps", "W0", "92", 0), GATHER("vgatherdpd", "W1", "92", 0),
    GATHER("vgatherqps", "W0", "93", 1), GATHER("vgatherqpd", "W1", "93", 1),
};
const X86RowGroup x86_rows_avx_int = X86_GROUP(rows);

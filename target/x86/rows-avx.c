/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What AVX, AVX2, F16C and FMA add: operations over the whole of a YMM register (permutations, broadcasts, insertion of
 * halves), variable shifts, half precision, fused multiplication. Reference: Intel SDM volume 2.
 */
#include "vec.h"

#define V(name_, pattern_, operands_, emit_, arg_, flags_, feat_) VEC_ROW(name_, "VEX." pattern_ " /r", operands_,     \
                                                                          emit_, arg_, flags_, feat_)

/* A half of a pair of halves; NULL'ed where @zero */
static TcgVal choose_half(X86Insn *d, const TcgVal halves[4], unsigned imm)
{
    return imm & 8 ? x86_vec_zero(d) : halves[imm & 3];
}

/* VPERM2F128, VPERM2I128 */
static void emit_perm2(X86Insn *d)
{
    TcgVal h[4];
    unsigned imm = (unsigned)d->op[3].imm;
    h[2] = x86_read_vec(d, 2, &h[3]);
    h[0] = x86_read_vec(d, 1, &h[1]);
    x86_write_vec(d, 0, choose_half(d, h, imm & 15), choose_half(d, h, imm >> 4 & 15));
}

static void emit_insert_half(X86Insn *d)
{
    TcgVal hi, half = x86_read_vec(d, 2, NULL), lo = x86_read_vec(d, 1, &hi);
    bool upper = d->op[3].imm & 1;
    x86_write_vec(d, 0, upper ? lo : half, upper ? half : hi);
}

static void emit_extract_half(X86Insn *d)
{
    TcgVal hi, lo = x86_read_vec(d, 1, &hi);
    x86_vec_put(d, d->op[2].imm & 1 ? hi : lo);
}

static void emit_broadcast_half(X86Insn *d)
{
    TcgVal v = x86_read_vec(d, 1, NULL);
    x86_write_vec(d, 0, v, v);
}

/* Argument: the broadcast; the lane is operand 1's lowest */
static void emit_broadcast(X86Insn *d)
{
    TcgVal v;
    if (d->op[1].kind == X86_OP_MEM && d->op[1].bytes <= 2) {
        v = x86_vec_insert(d, x86_vec_zero(d), 2, 0, tcg_extu(d->b, x86_read_op(d, 1)));
    } else {
        v = x86_vec_source(d, 1);
    }
    switch (d->row->arg) { /* those that SSE has */
    case TCG_HV_VPBROADCASTD: v = x86_hv(d, TCG_HV_PSHUFD, v, TCG_NONE, 0); break;
    case TCG_HV_VPBROADCASTQ: v = x86_hv(d, TCG_HV_PUNPCKLQDQ, v, v, 0); break;
    default: v = x86_hv(d, (TcgHostVec)d->row->arg, v, TCG_NONE, 0);
    }
    x86_write_vec(d, 0, v, d->op[0].bytes == 32 ? v : TCG_NONE);
}

/* VPERMQ, VPERMPD: two of four quadwords for each half */
static TcgVal two_quads(X86Insn *d, TcgVal lo, TcgVal hi, unsigned first, unsigned second)
{
    TcgVal a = first & 2 ? hi : lo, b = second & 2 ? hi : lo;
    if (a == b && !(first & 1) && second & 1) {
        return a;
    }
    return x86_hv(d, TCG_HV_SHUFPD, a, b, (first & 1) | (second & 1) << 1);
}

static void emit_permq(X86Insn *d)
{
    unsigned imm = (unsigned)d->op[2].imm;
    TcgVal hi, lo = x86_read_vec(d, 1, &hi);
    TcgVal rlo = two_quads(d, lo, hi, imm & 3, imm >> 2 & 3), rhi = two_quads(d, lo, hi, imm >> 4 & 3, imm >> 6 & 3);
    x86_write_vec(d, 0, rlo, rhi);
}

/* VPERMD, VPERMPS: bits 0-1 of an index choose within both halves, bit 2 between them */
static TcgVal permuted(X86Insn *d, TcgVal lo, TcgVal hi, TcgVal index)
{
    TcgVal from_lo = x86_hv(d, TCG_HV_VPERMILPS, lo, index, 0), from_hi = x86_hv(d, TCG_HV_VPERMILPS, hi, index, 0);
    return x86_hv3(d, TCG_HV_BLENDVPS, from_lo, from_hi, x86_hv(d, TCG_HV_PSLLD_I, index, TCG_NONE, 29), 0);
}

static void emit_permd(X86Insn *d)
{
    TcgVal hi, ihi, lo = x86_read_vec(d, 2, &hi), ilo = x86_read_vec(d, 1, &ihi);
    TcgVal rlo = permuted(d, lo, hi, ilo), rhi = permuted(d, lo, hi, ihi);
    x86_write_vec(d, 0, rlo, rhi);
}

/* VZEROUPPER, VZEROALL (argument 1); in 32-bit modes the upper eight registers do not exist */
static void emit_zero(X86Insn *d)
{
    for (unsigned i = 0; i < (x86_is64(d) ? 16u : 8u); i++) {
        if (d->row->arg) {
            x86_put_xmm(d, i, x86_vec_zero(d));
        }
        x86_zero_ymmh(d, i);
    }
}

/* VCVTPS2PH: to memory only half as many bytes */
static void emit_cvtps2ph(X86Insn *d)
{
    TcgVal hi, v = x86_read_vec(d, 1, &hi);
    uint64_t imm = (uint64_t)d->op[2].imm & 7;
    v = x86_hv(d, TCG_HV_VCVTPS2PH, v, TCG_NONE, imm);
    if (hi) {
        v = x86_hv(d, TCG_HV_MOVLHPS, v, x86_hv(d, TCG_HV_VCVTPS2PH, hi, TCG_NONE, imm), 0);
    }
    x86_vec_check(d);
    if (d->op[0].kind == X86_OP_MEM && !hi) {
        x86_vec_store(d, 0, v, 8);
    } else {
        x86_vec_put(d, v);
    }
}

static void emit_fma(X86Insn *d)
{
    TcgVal chi, bhi, c = x86_read_vec(d, 2, &chi), b = x86_read_vec(d, 1, &bhi), hi = TCG_NONE;
    TcgVal lo = x86_hv3(d, (TcgHostVec)d->row->arg, x86_get_xmm(d, d->op[0].reg), b, c, 0);
    if (chi) {
        hi = x86_hv3(d, (TcgHostVec)d->row->arg, x86_get_ymmh(d, d->op[0].reg), bhi, chi, 0);
    }
    x86_vec_check(d);
    x86_write_vec(d, 0, lo, hi);
}

static void emit_fma_scalar(X86Insn *d)
{
    TcgVal c = x86_vec_source(d, 2);
    TcgVal v = x86_hv3(d, (TcgHostVec)d->row->arg, x86_get_xmm(d, d->op[0].reg), x86_get_xmm(d, d->op[1].reg), c, 0);
    x86_vec_check(d);
    x86_vec_put(d, v);
}

#define FMA_P(name_, form_, op_, id_)                                                                                  \
    V(name_ form_ "ps", "any.66.0F38.W0 " op_, "Vx,Hx,Wx", emit_fma, TCG_HV_##id_##PS, X86_ROW_FP, FMA),               \
    V(name_ form_ "pd", "any.66.0F38.W1 " op_, "Vx,Hx,Wx", emit_fma, TCG_HV_##id_##PD, X86_ROW_FP, FMA)
#define FMA_S(name_, form_, op_, id_)                                                                                  \
    V(name_ form_ "ss", "LIG.66.0F38.W0 " op_, "Vdq,Hdq,Wss", emit_fma_scalar, TCG_HV_##id_##SS, X86_ROW_FP, FMA),     \
    V(name_ form_ "sd", "LIG.66.0F38.W1 " op_, "Vdq,Hdq,Wsd", emit_fma_scalar, TCG_HV_##id_##SD, X86_ROW_FP, FMA)
/* The opcodes of a form differ in the upper digit */
#define FMA_FORMS(name_, p_, s_, id_)                                                                                  \
    FMA_P(name_, "132", "9" p_, id_##132), FMA_P(name_, "213", "A" p_, id_##213),                                      \
        FMA_P(name_, "231", "B" p_, id_##231), \
    FMA_S(name_, "132", "9" s_, id_##132), FMA_S(name_, "213", "A" s_, id_##213), FMA_S(name_, "231", "B" s_, id_##231)
#define FMA_PACKED(name_, p_, id_)                                                                                     \
    FMA_P(name_, "132", "9" p_, id_##132), FMA_P(name_, "213", "A" p_, id_##213), FMA_P(name_, "231", "B" p_, id_##231)
#define BROADCAST(name_, op_, w_, id_) V(name_, "any.66.0F38.W0 " op_, "Vx," w_, emit_broadcast, TCG_HV_##id_, 0, AVX2)

static const X86Row rows[] = {
    V("vbroadcastss", "any.66.0F38.W0 18", "Vx,Md", emit_broadcast, TCG_HV_VPBROADCASTD, 0, AVX),
    V("vbroadcastss", "any.66.0F38.W0 18", "Vx,Udq", emit_broadcast, TCG_HV_VPBROADCASTD, 0, AVX2),
    V("vbroadcastsd", "256.66.0F38.W0 19", "Vx,Mq", emit_broadcast, TCG_HV_VPBROADCASTQ, 0, AVX),
    V("vbroadcastsd", "256.66.0F38.W0 19", "Vx,Udq", emit_broadcast, TCG_HV_VPBROADCASTQ, 0, AVX2),
    V("vbroadcastf128", "256.66.0F38.W0 1A", "Vqq,Mdq", emit_broadcast_half, 0, 0, AVX),
    V("vbroadcasti128", "256.66.0F38.W0 5A", "Vqq,Mdq", emit_broadcast_half, 0, 0, AVX2),
    BROADCAST("vpbroadcastb", "78", "Wb", VPBROADCASTB), BROADCAST("vpbroadcastw", "79", "Ww", VPBROADCASTW),
    BROADCAST("vpbroadcastd", "58", "Wd", VPBROADCASTD), BROADCAST("vpbroadcastq", "59", "Wq", VPBROADCASTQ),
    V("vperm2f128", "256.66.0F3A.W0 06", "Vqq,Hqq,Wqq,Ib", emit_perm2, 0, 0, AVX),
    V("vperm2i128", "256.66.0F3A.W0 46", "Vqq,Hqq,Wqq,Ib", emit_perm2, 0, 0, AVX2),
    V("vinsertf128", "256.66.0F3A.W0 18", "Vqq,Hqq,Wdq,Ib", emit_insert_half, 0, 0, AVX),
    V("vinserti128", "256.66.0F3A.W0 38", "Vqq,Hqq,Wdq,Ib", emit_insert_half, 0, 0, AVX2),
    V("vextractf128", "256.66.0F3A.W0 19", "Wdq,Vqq,Ib", emit_extract_half, 0, 0, AVX),
    V("vextracti128", "256.66.0F3A.W0 39", "Wdq,Vqq,Ib", emit_extract_half, 0, 0, AVX2),
    V("vpermilps", "any.66.0F38.W0 0C", "Vx,Hx,Wx", x86_emit_vvv, TCG_HV_VPERMILPS, 0, AVX),
    V("vpermilpd", "any.66.0F38.W0 0D", "Vx,Hx,Wx", x86_emit_vvv, TCG_HV_VPERMILPD, 0, AVX),
    V("vpermilps", "any.66.0F3A.W0 04", "Vx,Wx,Ib", x86_emit_vv, TCG_HV_VPERMILPS_I, 0, AVX),
    V("vpermilpd", "any.66.0F3A.W0 05", "Vx,Wx,Ib", x86_emit_vv, TCG_HV_VPERMILPD_I | 2 << VEC_IMM_SHIFT_BIT, 0, AVX),
    V("vpermq", "256.66.0F3A.W1 00", "Vqq,Wqq,Ib", emit_permq, 0, 0, AVX2),
    V("vpermpd", "256.66.0F3A.W1 01", "Vqq,Wqq,Ib", emit_permq, 0, 0, AVX2),
    V("vpermd", "256.66.0F38.W0 36", "Vqq,Hqq,Wqq", emit_permd, 0, 0, AVX2),
    V("vpermps", "256.66.0F38.W0 16", "Vqq,Hqq,Wqq", emit_permd, 0, 0, AVX2),
    V("vpblendd", "any.66.0F3A.W0 02", "Vx,Hx,Wx,Ib", x86_emit_vvv, TCG_HV_VPBLENDD | 4 << VEC_IMM_SHIFT_BIT, 0, AVX2),
    V("vpsllvd", "any.66.0F38.W0 47", "Vx,Hx,Wx", x86_emit_vvv, TCG_HV_VPSLLVD, 0, AVX2),
    V("vpsllvq", "any.66.0F38.W1 47", "Vx,Hx,Wx", x86_emit_vvv, TCG_HV_VPSLLVQ, 0, AVX2),
    V("vpsrlvd", "any.66.0F38.W0 45", "Vx,Hx,Wx", x86_emit_vvv, TCG_HV_VPSRLVD, 0, AVX2),
    V("vpsrlvq", "any.66.0F38.W1 45", "Vx,Hx,Wx", x86_emit_vvv, TCG_HV_VPSRLVQ, 0, AVX2),
    V("vpsravd", "any.66.0F38.W0 46", "Vx,Hx,Wx", x86_emit_vvv, TCG_HV_VPSRAVD, 0, AVX2),
    V("vtestps", "any.66.0F38.W0 0E", "Vx,Wx", x86_emit_vcompare, TCG_HV_VTESTPS, 0, AVX),
    V("vtestpd", "any.66.0F38.W0 0F", "Vx,Wx", x86_emit_vcompare, TCG_HV_VTESTPD, 0, AVX),
    VEC_ROW("vzeroupper", "VEX.128.NP.0F.WIG 77", "", emit_zero, 0, 0, AVX),
    VEC_ROW("vzeroall", "VEX.256.NP.0F.WIG 77", "", emit_zero, 1, 0, AVX),

    V("vcvtph2ps", "128.66.0F38.W0 13", "Vdq,Wq", x86_emit_vwiden, TCG_HV_VCVTPH2PS, X86_ROW_FP, F16C),
    V("vcvtph2ps", "256.66.0F38.W0 13", "Vqq,Wdq", x86_emit_vwiden, TCG_HV_VCVTPH2PS, X86_ROW_FP, F16C),
    V("vcvtps2ph", "128.66.0F3A.W0 1D", "Wq,Vdq,Ib", emit_cvtps2ph, 0, X86_ROW_FP, F16C),
    V("vcvtps2ph", "256.66.0F3A.W0 1D", "Wdq,Vqq,Ib", emit_cvtps2ph, 0, X86_ROW_FP, F16C),

    FMA_PACKED("vfmaddsub", "6", VFMADDSUB), FMA_PACKED("vfmsubadd", "7", VFMSUBADD),
    FMA_FORMS("vfmadd", "8", "9", VFMADD), FMA_FORMS("vfmsub", "A", "B", VFMSUB),
    FMA_FORMS("vfnmadd", "C", "D", VFNMADD), FMA_FORMS("vfnmsub", "E", "F", VFNMSUB),
};
const X86RowGroup x86_rows_avx = X86_GROUP(rows);

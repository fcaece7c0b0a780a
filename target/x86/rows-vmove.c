/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Moves of vectors and scalars between registers, memory and general registers; insertion and extraction of lanes. SSE
 * to SSE4.1 and their VEX forms. Reference: Intel SDM volume 2, MOVxxx, PINSRx, PEXTRx, INSERTPS, EXTRACTPS, LDDQU.
 */
#include "vec.h"

/*
 * MOVSS, MOVSD from memory: the rest becomes 0; between registers the rest is operand 1's. Argument: TcgHostVec of the
 * latter
 */
static void emit_load_scalar(X86Insn *d) { x86_vec_put(d, x86_vec_source(d, 1)); }
static void emit_store_scalar(X86Insn *d) { x86_vec_store(d, 0, x86_get_xmm(d, d->op[1].reg), d->op[0].bytes); }

/* 8 bytes of memory become the low or high half; with registers MOVHLPS and MOVLHPS are the same operations */
static void emit_half(X86Insn *d)
{
    TcgVal b = x86_vec_source(d, 2);
    x86_vec_put(d, x86_hv(d, (TcgHostVec)d->row->arg, x86_get_xmm(d, d->op[1].reg), b, 0));
}

static void emit_store_high(X86Insn *d) { x86_vec_store(d, 0, x86_vec_upper(d, x86_get_xmm(d, d->op[1].reg)), 8); }

/* MOVD, MOVQ */
static TcgVal widened(X86Insn *d, unsigned n)
{
    TcgVal v = x86_read_op(d, n);
    return d->op[n].bytes == 8 ? v : tcg_extu(d->b, v);
}

static void emit_movd_load(X86Insn *d)
{
    unsigned bytes = d->op[1].bytes;
    if (d->op[1].kind == X86_OP_MEM) {
        x86_vec_put(d, x86_vec_source(d, 1));
    } else {
        x86_vec_put(d, x86_vec_insert(d, x86_vec_zero(d), bytes == 8 ? 3 : 2, 0, widened(d, 1)));
    }
}

static void emit_movd_store(X86Insn *d)
{
    unsigned bytes = d->op[0].bytes;
    TcgVal v = x86_get_xmm(d, d->op[1].reg);
    if (d->op[0].kind == X86_OP_MEM) {
        x86_vec_store(d, 0, v, bytes);
    } else {
        TcgVal bits = x86_vec_extract(d, v, bytes == 8 ? 3 : 2, 0);
        x86_put_gpr(d, d->op[0].reg, bytes, bytes == 8 ? bits : tcg_trunc(d->b, bits));
    }
}

static void emit_movq(X86Insn *d)
{
    if (d->op[0].kind == X86_OP_MEM) {
        x86_vec_store(d, 0, x86_get_xmm(d, d->op[1].reg), 8);
    } else if (d->op[1].kind == X86_OP_MEM) {
        x86_vec_put(d, x86_vec_source(d, 1));
    } else {
        x86_vec_put(d, x86_hv(d, TCG_HV_MOVQ, x86_get_xmm(d, d->op[1].reg), TCG_NONE, 0));
    }
}

/* --- lanes; argument: log2 of the bytes, where operand sizes do not say so --- */
static unsigned lane_log2(const X86Insn *d, unsigned bytes)
{
    return d->row->arg != 9 ? d->row->arg : bytes == 8 ? 3 : 2;
}

static void emit_extract(X86Insn *d)
{
    unsigned log2 = lane_log2(d, d->op[0].bytes), lane = (unsigned)d->op[2].imm & ((16u >> log2) - 1),
        bytes = 1u << log2;
    TcgVal v = x86_vec_extract(d, x86_get_xmm(d, d->op[1].reg), log2, lane);
    if (d->op[0].kind == X86_OP_MEM) {
        x86_operand_address(d, bytes, true);
        tcg_store(d->b, bytes == 8 ? TCG_I64 : TCG_I32, d->address, d->address_disp,
                  bytes == 8 ? v : tcg_trunc(d->b, v), x86_mem(d, bytes));
    } else {
        bytes = bytes == 8 ? 8 : 4;
        x86_put_gpr(d, d->op[0].reg, bytes, bytes == 8 ? v : tcg_trunc(d->b, v));
    }
}

static void emit_insert(X86Insn *d)
{
    unsigned log2 = lane_log2(d, d->op[2].bytes), lane = (unsigned)d->op[3].imm & ((16u >> log2) - 1);
    TcgVal bits = widened(d, 2);
    x86_vec_put(d, x86_vec_insert(d, x86_get_xmm(d, d->op[1].reg), log2, lane, bits));
}

/* From memory there is but one source lane */
static void emit_insertps(X86Insn *d)
{
    uint64_t imm = (uint64_t)d->op[3].imm & (d->op[2].kind == X86_OP_MEM ? 0x3f : 0xff);
    TcgVal b = x86_vec_source(d, 2);
    x86_vec_put(d, x86_hv(d, TCG_HV_INSERTPS, x86_get_xmm(d, d->op[1].reg), b, imm));
}

#define WIDE(name_, pp_, op_, load_, feat_, flags_)                                                                    \
    VEC_ROW(name_, pp_ " 0F " op_ " /r", load_, x86_emit_vmove, 0, flags_, feat_),                                     \
    VEC_ROW("v" name_, "VEX.any." pp_ ".0F.WIG " op_ " /r", load_, x86_emit_vmove, 0, flags_, AVX)
#define SCALAR(name_, pp_, mem_, reg_, id_, feat_)                                                                     \
    VEC_ROW(name_, pp_ " 0F 10 /r mod=m", "Vdq," mem_, emit_load_scalar, 0, 0, feat_),                                 \
    VEC_ROW("v" name_, "VEX.LIG." pp_ ".0F.WIG 10 /r mod=m", "Vdq," mem_, emit_load_scalar, 0, 0, AVX),                \
    VEC_ROW(name_, pp_ " 0F 10 /r mod=3", "Vdq,Hdq," reg_, emit_half, id_, 0, feat_),                                  \
    VEC_ROW("v" name_, "VEX.LIG." pp_ ".0F.WIG 10 /r mod=3", "Vdq,Hdq," reg_, emit_half, id_, 0, AVX),                 \
    VEC_ROW(name_, pp_ " 0F 11 /r mod=m", mem_ ",Vdq", emit_store_scalar, 0, 0, feat_),                                \
    VEC_ROW("v" name_, "VEX.LIG." pp_ ".0F.WIG 11 /r mod=m", mem_ ",Vdq", emit_store_scalar, 0, 0, AVX),               \
    VEC_ROW(name_, pp_ " 0F 11 /r mod=3", "Udq,Vdq", emit_scalar_11, id_, 0, feat_),                                   \
    VEC_ROW("v" name_, "VEX.LIG." pp_ ".0F.WIG 11 /r mod=3", "Udq,Hdq,Vdq", emit_half, id_, 0, AVX)
#define HALF(name_, pp_, op_, form_, operands_, emit_, arg_, feat_)                                                    \
    VEC_ROW(name_, pp_ " 0F " op_ " /r " form_, operands_, emit_, arg_, 0, feat_),                                     \
    VEC_ROW("v" name_, "VEX.128." pp_ ".0F.WIG " op_ " /r " form_, operands_, emit_, arg_, 0, AVX)
#define LANE(name_, map_, op_, operands_, emit_, arg_, feat_)                                                          \
    VEC_ROW(name_, "66 " map_ " " op_ " /r", operands_, emit_, arg_, 0, feat_),                                        \
    VEC_ROW("v" name_, "VEX.128.66." map_ ".WIG " op_ " /r", operands_, emit_, arg_, 0, AVX)

static void emit_scalar_11(X86Insn *d)
{
    x86_vec_put(d, x86_hv(d, (TcgHostVec)d->row->arg, x86_get_xmm(d, d->op[0].reg), x86_get_xmm(d, d->op[1].reg), 0));
}

static const X86Row rows[] = {
    WIDE("movups", "NP", "10", "Vps,Wps", SSE, 0),
    WIDE("movups", "NP", "11", "Wps,Vps", SSE, 0),
    WIDE("movupd", "66", "10", "Vpd,Wpd", SSE2, 0),
    WIDE("movupd", "66", "11", "Wpd,Vpd", SSE2, 0),
    WIDE("movaps", "NP", "28", "Vps,Wps", SSE, X86_ROW_AVX_ALIGN),
    WIDE("movaps", "NP", "29", "Wps,Vps", SSE, X86_ROW_AVX_ALIGN),
    WIDE("movapd", "66", "28", "Vpd,Wpd", SSE2, X86_ROW_AVX_ALIGN),
    WIDE("movapd", "66", "29", "Wpd,Vpd", SSE2, X86_ROW_AVX_ALIGN),
    WIDE("movdqa", "66", "6F", "Vx,Wx", SSE2, X86_ROW_AVX_ALIGN),
    WIDE("movdqa", "66", "7F", "Wx,Vx", SSE2, X86_ROW_AVX_ALIGN),
    WIDE("movdqu", "F3", "6F", "Vx,Wx", SSE2, 0),
    WIDE("movdqu", "F3", "7F", "Wx,Vx", SSE2, 0),
    WIDE("lddqu", "F2", "F0", "Vx,Mx", SSE3, 0),
    WIDE("movntps", "NP", "2B", "Mps,Vps", SSE, X86_ROW_AVX_ALIGN),
    WIDE("movntpd", "66", "2B", "Mpd,Vpd", SSE2, X86_ROW_AVX_ALIGN),
    WIDE("movntdq", "66", "E7", "Mx,Vx", SSE2, X86_ROW_AVX_ALIGN),
    VEC_ROW("movntdqa", "66 0F38 2A /r", "Vx,Mx", x86_emit_vmove, 0, X86_ROW_AVX_ALIGN, SSE41),
    VEC_ROW("vmovntdqa", "VEX.128.66.0F38.WIG 2A /r", "Vx,Mx", x86_emit_vmove, 0, X86_ROW_AVX_ALIGN, AVX),
    VEC_ROW("vmovntdqa", "VEX.256.66.0F38.WIG 2A /r", "Vx,Mx", x86_emit_vmove, 0, X86_ROW_AVX_ALIGN, AVX2),

    SCALAR("movss", "F3", "Mss", "Udq", TCG_HV_MOVSS, SSE),
    SCALAR("movsd", "F2", "Msd", "Udq", TCG_HV_MOVSD, SSE2),
    HALF("movlps", "NP", "12", "mod=m", "Vdq,Hdq,Mq", emit_half, TCG_HV_MOVSD, SSE),
    HALF("movlpd", "66", "12", "mod=m", "Vdq,Hdq,Mq", emit_half, TCG_HV_MOVSD, SSE2),
    HALF("movhlps", "NP", "12", "mod=3", "Vdq,Hdq,Udq", emit_half, TCG_HV_MOVHLPS, SSE),
    HALF("movlps", "NP", "13", "mod=m", "Mq,Vdq", emit_store_scalar, 0, SSE),
    HALF("movlpd", "66", "13", "mod=m", "Mq,Vdq", emit_store_scalar, 0, SSE2),
    HALF("movhps", "NP", "16", "mod=m", "Vdq,Hdq,Mq", emit_half, TCG_HV_MOVLHPS, SSE),
    HALF("movhpd", "66", "16", "mod=m", "Vdq,Hdq,Mq", emit_half, TCG_HV_MOVLHPS, SSE2),
    HALF("movlhps", "NP", "16", "mod=3", "Vdq,Hdq,Udq", emit_half, TCG_HV_MOVLHPS, SSE),
    HALF("movhps", "NP", "17", "mod=m", "Mq,Vdq", emit_store_high, 0, SSE),
    HALF("movhpd", "66", "17", "mod=m", "Mq,Vdq", emit_store_high, 0, SSE2),

    LANE("movd", "0F", "6E", "Vdq,Ey", emit_movd_load, 0, SSE2),
    LANE("movd", "0F", "7E", "Ey,Vdq", emit_movd_store, 0, SSE2),
    VEC_ROW("movq", "F3 0F 7E /r", "Vdq,Wq", emit_movq, 0, 0, SSE2),
    VEC_ROW("vmovq", "VEX.128.F3.0F.WIG 7E /r", "Vdq,Wq", emit_movq, 0, 0, AVX),
    VEC_ROW("movq", "66 0F D6 /r", "Wq,Vdq", emit_movq, 0, 0, SSE2),
    VEC_ROW("vmovq", "VEX.128.66.0F.WIG D6 /r", "Wq,Vdq", emit_movq, 0, 0, AVX),

    LANE("pextrw", "0F", "C5", "Gd,Udq,Ib", emit_extract, 1, SSE2),
    LANE("pextrb", "0F3A", "14", "Mb,Vdq,Ib", emit_extract, 0, SSE41),
    LANE("pextrb", "0F3A", "14", "Rd,Vdq,Ib", emit_extract, 0, SSE41),
    LANE("pextrw", "0F3A", "15", "Mw,Vdq,Ib", emit_extract, 1, SSE41),
    LANE("pextrw", "0F3A", "15", "Rd,Vdq,Ib", emit_extract, 1, SSE41),
    LANE("pextrd", "0F3A", "16", "Ey,Vdq,Ib", emit_extract, 9, SSE41),
    LANE("extractps", "0F3A", "17", "Ed,Vdq,Ib", emit_extract, 2, SSE41),
    LANE("pinsrw", "0F", "C4", "Vdq,Hdq,Mw,Ib", emit_insert, 1, SSE2),
    LANE("pinsrw", "0F", "C4", "Vdq,Hdq,Rd,Ib", emit_insert, 1, SSE2),
    LANE("pinsrb", "0F3A", "20", "Vdq,Hdq,Mb,Ib", emit_insert, 0, SSE41),
    LANE("pinsrb", "0F3A", "20", "Vdq,Hdq,Rd,Ib", emit_insert, 0, SSE41),
    LANE("pinsrd", "0F3A", "22", "Vdq,Hdq,Ey,Ib", emit_insert, 9, SSE41),
    LANE("insertps", "0F3A", "21", "Vdq,Hdq,Wss,Ib", emit_insertps, 0, SSE41),
};
const X86RowGroup x86_rows_vmove = X86_GROUP(rows);

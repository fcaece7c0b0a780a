/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AES-NI, PCLMULQDQ, SHA, their VEX forms, and the string comparisons of SSE4.2.
 * Reference: Intel SDM volume 2; 4.1 (imm8 of PCMPxSTRx).
 */
#include "vec.h"

/* SHA256RNDS2: XMM0 is the third operand */
static void emit_sha256rnds2(X86Insn *d)
{
    TcgVal b = x86_read_vec(d, 1, NULL);
    x86_put_xmm(d, d->op[0].reg, x86_hv3(d, TCG_HV_SHA256RNDS2, x86_get_xmm(d, d->op[0].reg), b, x86_get_xmm(d, 0), 0));
}

/* A length in rAX or rDX, sign-extended */
static TcgVal length(X86Insn *d, unsigned reg)
{
    return d->rex_w && x86_is64(d) ? x86_get_gpr(d, reg, 8) : tcg_exts(d->b, x86_get_gpr(d, reg, 4));
}

/* Argument: bit 0: index to ECX, else mask to XMM0; bit 1: lengths are zero-terminated */
static void emit_pcmpstr(X86Insn *d)
{
    bool index = d->row->arg & 1, implicit = d->row->arg & 2;
    uint64_t imm = ((uint64_t)d->op[2].imm & 0x7f) | (implicit ? 0 : TCG_HV_EXPLICIT);
    TcgVal b = x86_read_vec(d, 1, NULL), a = x86_get_xmm(d, d->op[0].reg), lengths = x86_vec_zero(d);
    if (!implicit) {
        lengths = x86_vec_insert(d, lengths, 3, 0, length(d, X86_AX));
        lengths = x86_vec_insert(d, lengths, 3, 1, length(d, X86_DX));
    }
    TcgVal result = x86_hv3(d, TCG_HV_PCMPSTRI, a, b, lengths, imm);
    if (index) {
        x86_put_gpr(d, X86_CX, 4, tcg_trunc(d->b, x86_vec_extract(d, result, 3, 0)));
    } else {
        TcgVal mask = x86_hv3(d, TCG_HV_PCMPSTRM, a, b, lengths, imm);
        x86_put_xmm(d, 0, mask);
        if (d->vex) {
            x86_zero_ymmh(d, 0);
        }
    }
    x86_put_flags_packed(d, x86_vec_extract(d, result, 3, 1));
}

#define AES(name_, op_, id_)                                                                                           \
    VEC_ROW(name_, "66 0F38 " op_ " /r", "Vdq,Hdq,Wdq", x86_emit_vvv, TCG_HV_##id_, X86_ROW_SSE_ALIGN, AES),           \
    VEC_ROW("v" name_, "VEX.128.66.0F38.WIG " op_ " /r", "Vdq,Hdq,Wdq", x86_emit_vvv, TCG_HV_##id_, 0, AES),           \
    VEC_ROW("v" name_, "VEX.256.66.0F38.WIG " op_ " /r", "Vqq,Hqq,Wqq", x86_emit_vvv, TCG_HV_##id_, 0, VAES)
#define SHA(name_, op_, id_) VEC_ROW(name_, "NP 0F38 " op_ " /r", "Vdq,Hdq,Wdq", x86_emit_vvv, TCG_HV_##id_,           \
                                     X86_ROW_SSE_ALIGN, SHA)
#define STRING(name_, op_, arg_)                                                                                       \
    VEC_ROW(name_, "66 0F3A " op_ " /r", "Vdq,Wdq,Ib", emit_pcmpstr, arg_, 0, SSE42),                                  \
    VEC_ROW("v" name_, "VEX.128.66.0F3A.WIG " op_ " /r", "Vdq,Wdq,Ib", emit_pcmpstr, arg_, 0, AVX)

static const X86Row rows[] = {
    AES("aesenc", "DC", AESENC), AES("aesenclast", "DD", AESENCLAST), AES("aesdec", "DE", AESDEC),
        AES("aesdeclast", "DF", AESDECLAST),
    VEC_ROW("aesimc", "66 0F38 DB /r", "Vdq,Wdq", x86_emit_vv, TCG_HV_AESIMC, X86_ROW_SSE_ALIGN, AES),
    VEC_ROW("vaesimc", "VEX.128.66.0F38.WIG DB /r", "Vdq,Wdq", x86_emit_vv, TCG_HV_AESIMC, 0, AES),
    VEC_ROW("aeskeygenassist", "66 0F3A DF /r", "Vdq,Wdq,Ib", x86_emit_vv, TCG_HV_AESKEYGENASSIST, X86_ROW_SSE_ALIGN,
            AES),
    VEC_ROW("vaeskeygenassist", "VEX.128.66.0F3A.WIG DF /r", "Vdq,Wdq,Ib", x86_emit_vv, TCG_HV_AESKEYGENASSIST, 0, AES),
    VEC_ROW("pclmulqdq", "66 0F3A 44 /r", "Vdq,Hdq,Wdq,Ib", x86_emit_vvv, TCG_HV_PCLMULQDQ, X86_ROW_SSE_ALIGN, PCLMUL),
    VEC_ROW("vpclmulqdq", "VEX.128.66.0F3A.WIG 44 /r", "Vdq,Hdq,Wdq,Ib", x86_emit_vvv, TCG_HV_PCLMULQDQ, 0, PCLMUL),
    VEC_ROW("vpclmulqdq", "VEX.256.66.0F3A.WIG 44 /r", "Vqq,Hqq,Wqq,Ib", x86_emit_vvv, TCG_HV_PCLMULQDQ, 0, VPCLMUL),
    SHA("sha1nexte", "C8", SHA1NEXTE), SHA("sha1msg1", "C9", SHA1MSG1), SHA("sha1msg2", "CA", SHA1MSG2),
    SHA("sha256msg1", "CC", SHA256MSG1), SHA("sha256msg2", "CD", SHA256MSG2),
    VEC_ROW("sha256rnds2", "NP 0F38 CB /r", "Vdq,Wdq", emit_sha256rnds2, 0, X86_ROW_SSE_ALIGN, SHA),
    VEC_ROW("sha1rnds4", "NP 0F3A CC /r", "Vdq,Hdq,Wdq,Ib", x86_emit_vvv, TCG_HV_SHA1RNDS4, X86_ROW_SSE_ALIGN, SHA),
    STRING("pcmpestrm", "60", 0), STRING("pcmpestri", "61", 1), STRING("pcmpistrm", "62", 2),
        STRING("pcmpistri", "63", 3),
};
const X86RowGroup x86_rows_crypto = X86_GROUP(rows);

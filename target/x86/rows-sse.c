/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Floating point in vector registers: SSE, SSE2, SSE3 and SSE4.1 with their AVX forms, packed and scalar.
 *
 * MXCSR is the guest's while translated code runs, so rounding, flags, denormals and NaNs are the host's. Where the
 * guest unmasked exceptions x86_vec_check() looks for them before the result is put. References: Intel SDM volume 1,
 * chapters 10 to 12; volume 2.
 */
#include "vec.h"

#define PACKED(name_, pp_, op_, feat_, id_)                                                                            \
    VEC_ANY(name_, pp_, "0F", op_, "Vps,Hps,Wps", feat_, x86_emit_vvv, TCG_HV_##id_, X86_ROW_FP)
#define PACKED1(name_, pp_, op_, feat_, id_)                                                                           \
    VEC_ANY(name_, pp_, "0F", op_, "Vps,Wps", feat_, x86_emit_vv, TCG_HV_##id_, X86_ROW_FP)
#define SCALAR(name_, pp_, op_, w_, feat_, id_)                                                                        \
    VEC_LOW(name_, "LIG", pp_, "0F", op_, "Vdq,Hdq," w_, feat_, x86_emit_vscalar, TCG_HV_##id_, X86_ROW_FP)
/* The four of an operation */
#define ARITH(name_, op_, id_)                                                                                         \
    PACKED(name_ "ps", "NP", op_, SSE, id_##PS), PACKED(name_ "pd", "66", op_, SSE2, id_##PD),                         \
    SCALAR(name_ "ss", "F3", op_, "Wss", SSE, id_##SS), SCALAR(name_ "sd", "F2", op_, "Wsd", SSE2, id_##SD)
/* No arithmetic: bits and lanes */
#define BITS(name_, pp_, op_, extra_, feat_, arg_)                                                                     \
    VEC_ANY(name_, pp_, "0F", op_, "Vps,Hps,Wps" extra_, feat_, x86_emit_vvv, arg_, 0)
/* Comparison: 8 predicates, 32 with VEX */
#define COMPARE(name_, pp_, operands_, feat_, emit_, id_)                                                              \
    VEC_ROW(name_, pp_ " 0F C2 /r", operands_ ",Ib", emit_, TCG_HV_##id_ | 7u << VEC_IMM_MASK_BIT,                     \
            X86_ROW_SSE_ALIGN | X86_ROW_FP, feat_), \
    VEC_ROW("v" name_, "VEX.any." pp_ ".0F.WIG C2 /r", operands_ ",Ib", emit_, TCG_HV_##id_ | 31u << VEC_IMM_MASK_BIT, \
            X86_ROW_FP, AVX)
#define ROUND(name_, op_, operands_, emit_, id_)                                                                       \
    VEC_ANY(name_, "66", "0F3A", op_, operands_ ",Ib", SSE41, emit_, TCG_HV_##id_, X86_ROW_FP)
/* Of the half as wide source, or to the half as wide destination */
#define WIDEN(name_, pp_, op_, id_)                                                                                    \
    VEC_ROW(name_, pp_ " 0F " op_ " /r", "Vdq,Wq", x86_emit_vwiden, TCG_HV_##id_, X86_ROW_FP, SSE2),                   \
    VEC_ROW("v" name_, "VEX.128." pp_ ".0F.WIG " op_ " /r", "Vdq,Wq", x86_emit_vwiden, TCG_HV_##id_, X86_ROW_FP, AVX), \
    VEC_ROW("v" name_, "VEX.256." pp_ ".0F.WIG " op_ " /r", "Vqq,Wdq", x86_emit_vwiden, TCG_HV_##id_, X86_ROW_FP, AVX)
#define NARROW(name_, pp_, op_, id_)                                                                                   \
    VEC_ANY(name_, pp_, "0F", op_, "Vdq,Wx", SSE2, x86_emit_vnarrow, TCG_HV_##id_, X86_ROW_FP)
#define TO_GPR(name_, pp_, op_, w_, feat_, id_)                                                                        \
    VEC_LOW(name_, "LIG", pp_, "0F", op_, "Gy," w_, feat_, x86_emit_vto_gpr, TCG_HV_##id_, X86_ROW_FP)
#define FROM_GPR(name_, pp_, feat_, id_)                                                                               \
    VEC_LOW(name_, "LIG", pp_, "0F", "2A", "Vdq,Hdq,Ey", feat_, x86_emit_vfrom_gpr, TCG_HV_##id_, X86_ROW_FP)
#define COMIS(name_, pp_, op_, w_, feat_, id_)                                                                         \
    VEC_LOW(name_, "LIG", pp_, "0F", op_, "Vdq," w_, feat_, x86_emit_vcompare, TCG_HV_##id_, X86_ROW_FP)

static void emit_movddup(X86Insn *d)
{
    if (d->op[1].bytes == 8) {
        x86_vec_put(d, x86_hv(d, TCG_HV_MOVDDUP, x86_vec_source(d, 1), TCG_NONE, 0));
    } else {
        x86_emit_vv(d);
    }
}

static const X86Row rows[] = {
    ARITH("add", "58", ADD), ARITH("mul", "59", MUL), ARITH("sub", "5C", SUB), ARITH("div", "5E", DIV),
    ARITH("min", "5D", MIN), ARITH("max", "5F", MAX),
    PACKED1("sqrtps", "NP", "51", SSE, SQRTPS), PACKED1("sqrtpd", "66", "51", SSE2, SQRTPD),
    SCALAR("sqrtss", "F3", "51", "Wss", SSE, SQRTSS), SCALAR("sqrtsd", "F2", "51", "Wsd", SSE2, SQRTSD),
    VEC_ANY("rsqrtps", "NP", "0F", "52", "Vps,Wps", SSE, x86_emit_vv, TCG_HV_RSQRTPS, 0),
    VEC_LOW("rsqrtss", "LIG", "F3", "0F", "52", "Vdq,Hdq,Wss", SSE, x86_emit_vscalar, TCG_HV_RSQRTSS, 0),
    VEC_ANY("rcpps", "NP", "0F", "53", "Vps,Wps", SSE, x86_emit_vv, TCG_HV_RCPPS, 0),
    VEC_LOW("rcpss", "LIG", "F3", "0F", "53", "Vdq,Hdq,Wss", SSE, x86_emit_vscalar, TCG_HV_RCPSS, 0),
    PACKED("addsubpd", "66", "D0", SSE3, ADDSUBPD), PACKED("addsubps", "F2", "D0", SSE3, ADDSUBPS),
    PACKED("haddpd", "66", "7C", SSE3, HADDPD), PACKED("haddps", "F2", "7C", SSE3, HADDPS),
    PACKED("hsubpd", "66", "7D", SSE3, HSUBPD), PACKED("hsubps", "F2", "7D", SSE3, HSUBPS),

    BITS("andps", "NP", "54", "", SSE, TCG_HV_ANDPS), BITS("andpd", "66", "54", "", SSE2, TCG_HV_ANDPS),
    BITS("andnps", "NP", "55", "", SSE, TCG_HV_ANDNPS | VEC_ZERO),
        BITS("andnpd", "66", "55", "", SSE2, TCG_HV_ANDNPS | VEC_ZERO),
    BITS("orps", "NP", "56", "", SSE, TCG_HV_ORPS), BITS("orpd", "66", "56", "", SSE2, TCG_HV_ORPS),
    BITS("xorps", "NP", "57", "", SSE, TCG_HV_XORPS | VEC_ZERO),
        BITS("xorpd", "66", "57", "", SSE2, TCG_HV_XORPS | VEC_ZERO),
    BITS("unpcklps", "NP", "14", "", SSE, TCG_HV_UNPCKLPS), BITS("unpcklpd", "66", "14", "", SSE2, TCG_HV_UNPCKLPD),
    BITS("unpckhps", "NP", "15", "", SSE, TCG_HV_UNPCKHPS), BITS("unpckhpd", "66", "15", "", SSE2, TCG_HV_UNPCKHPD),
    BITS("shufps", "NP", "C6", ",Ib", SSE, TCG_HV_SHUFPS),
    BITS("shufpd", "66", "C6", ",Ib", SSE2, TCG_HV_SHUFPD | 2 << VEC_IMM_SHIFT_BIT),
    VEC_ANY("movsldup", "F3", "0F", "12", "Vps,Wps", SSE3, x86_emit_vv, TCG_HV_MOVSLDUP, 0),
    VEC_ANY("movshdup", "F3", "0F", "16", "Vps,Wps", SSE3, x86_emit_vv, TCG_HV_MOVSHDUP, 0),
    VEC_ROW("movddup", "F2 0F 12 /r", "Vdq,Wq", emit_movddup, TCG_HV_MOVDDUP, 0, SSE3),
    VEC_ROW("vmovddup", "VEX.128.F2.0F.WIG 12 /r", "Vdq,Wq", emit_movddup, TCG_HV_MOVDDUP, 0, AVX),
    VEC_ROW("vmovddup", "VEX.256.F2.0F.WIG 12 /r", "Vqq,Wqq", emit_movddup, TCG_HV_MOVDDUP, 0, AVX),
    VEC_ANY("movmskps", "NP", "0F", "50", "Gd,Ups", SSE, x86_emit_vmask, TCG_HV_MOVMSKPS, 0),
    VEC_ANY("movmskpd", "66", "0F", "50", "Gd,Upd", SSE2, x86_emit_vmask, TCG_HV_MOVMSKPD, 0),
    VEC_ANY("blendps", "66", "0F3A", "0C", "Vps,Hps,Wps,Ib", SSE41, x86_emit_vvv,
            TCG_HV_BLENDPS | 4 << VEC_IMM_SHIFT_BIT, 0),
    VEC_ANY("blendpd", "66", "0F3A", "0D", "Vpd,Hpd,Wpd,Ib", SSE41, x86_emit_vvv,
            TCG_HV_BLENDPD | 2 << VEC_IMM_SHIFT_BIT, 0),
    VEC_ROW("blendvps", "66 0F38 14 /r", "Vdq,Hdq,Wdq", x86_emit_vblend, TCG_HV_BLENDVPS, X86_ROW_SSE_ALIGN, SSE41),
    VEC_ROW("blendvpd", "66 0F38 15 /r", "Vdq,Hdq,Wdq", x86_emit_vblend, TCG_HV_BLENDVPD, X86_ROW_SSE_ALIGN, SSE41),
    VEC_ROW("vblendvps", "VEX.any.66.0F3A.W0 4A /r", "Vx,Hx,Wx,Lx", x86_emit_vblend, TCG_HV_BLENDVPS, 0, AVX),
    VEC_ROW("vblendvpd", "VEX.any.66.0F3A.W0 4B /r", "Vx,Hx,Wx,Lx", x86_emit_vblend, TCG_HV_BLENDVPD, 0, AVX),

    COMPARE("cmpps", "NP", "Vps,Hps,Wps", SSE, x86_emit_vvv, CMPPS),
        COMPARE("cmppd", "66", "Vpd,Hpd,Wpd", SSE2, x86_emit_vvv, CMPPD),
    COMPARE("cmpss", "F3", "Vdq,Hdq,Wss", SSE, x86_emit_vscalar, CMPSS),
        COMPARE("cmpsd", "F2", "Vdq,Hdq,Wsd", SSE2, x86_emit_vscalar, CMPSD),
    COMIS("ucomiss", "NP", "2E", "Wss", SSE, UCOMISS), COMIS("ucomisd", "66", "2E", "Wsd", SSE2, UCOMISD),
    COMIS("comiss", "NP", "2F", "Wss", SSE, COMISS), COMIS("comisd", "66", "2F", "Wsd", SSE2, COMISD),
    ROUND("roundps", "08", "Vps,Wps", x86_emit_vv, ROUNDPS), ROUND("roundpd", "09", "Vpd,Wpd", x86_emit_vv, ROUNDPD),
    ROUND("roundss", "0A", "Vdq,Hdq,Wss", x86_emit_vscalar, ROUNDSS),
        ROUND("roundsd", "0B", "Vdq,Hdq,Wsd", x86_emit_vscalar, ROUNDSD),
    VEC_ANY("dpps", "66", "0F3A", "40", "Vps,Hps,Wps,Ib", SSE41, x86_emit_vvv, TCG_HV_DPPS, X86_ROW_FP),
    VEC_LOW("dppd", "128", "66", "0F3A", "41", "Vdq,Hdq,Wdq,Ib", SSE41, x86_emit_vvv, TCG_HV_DPPD, X86_ROW_FP),

    WIDEN("cvtps2pd", "NP", "5A", CVTPS2PD), NARROW("cvtpd2ps", "66", "5A", CVTPD2PS),
        WIDEN("cvtdq2pd", "F3", "E6", CVTDQ2PD),
    NARROW("cvtpd2dq", "F2", "E6", CVTPD2DQ), NARROW("cvttpd2dq", "66", "E6", CVTTPD2DQ),
    SCALAR("cvtss2sd", "F3", "5A", "Wss", SSE2, CVTSS2SD), SCALAR("cvtsd2ss", "F2", "5A", "Wsd", SSE2, CVTSD2SS),
    PACKED1("cvtdq2ps", "NP", "5B", SSE2, CVTDQ2PS), PACKED1("cvtps2dq", "66", "5B", SSE2, CVTPS2DQ),
    PACKED1("cvttps2dq", "F3", "5B", SSE2, CVTTPS2DQ),
    FROM_GPR("cvtsi2ss", "F3", SSE, CVTSI2SS_32), FROM_GPR("cvtsi2sd", "F2", SSE2, CVTSI2SD_32),
    TO_GPR("cvttss2si", "F3", "2C", "Wss", SSE, CVTTSS2SI_32), TO_GPR("cvtss2si", "F3", "2D", "Wss", SSE, CVTSS2SI_32),
    TO_GPR("cvttsd2si", "F2", "2C", "Wsd", SSE2, CVTTSD2SI_32),
        TO_GPR("cvtsd2si", "F2", "2D", "Wsd", SSE2, CVTSD2SI_32),
};
const X86RowGroup x86_rows_sse = X86_GROUP(rows);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Integers in vector registers: SSE2, SSSE3, SSE4.1 and SSE4.2 with their AVX and AVX2 forms.
 * Reference: Intel SDM volume 2.
 */
#include "vec.h"

#define VVV(name_, map_, op_, feat_, id_, bits_) VEC_INT(name_, map_, op_, "", feat_, x86_emit_vvv,                    \
                                                         TCG_HV_##id_ | (bits_))
#define SSE2(name_, op_, id_) VVV(name_, "0F", op_, SSE2, id_, 0)
#define SSSE3(name_, op_, id_) VVV(name_, "0F38", op_, SSSE3, id_, 0)
#define SSE41(name_, op_, id_) VVV(name_, "0F38", op_, SSE41, id_, 0)
/* Shifts by a vector: the count is 128 bits wide in all forms */
#define SHIFT(name_, op_, id_)                                                                                         \
    VEC_ROW(name_, "66 0F " op_ " /r", "Vdq,Hdq,Wdq", x86_emit_vvv, TCG_HV_##id_, X86_ROW_SSE_ALIGN, SSE2),            \
    VEC_ROW("v" name_, "VEX.128.66.0F.WIG " op_ " /r", "Vdq,Hdq,Wdq", x86_emit_vvv, TCG_HV_##id_, 0, AVX),             \
    VEC_ROW("v" name_, "VEX.256.66.0F.WIG " op_ " /r", "Vqq,Hqq,Wdq", x86_emit_vvv, TCG_HV_##id_, 0, AVX2)
/* Shifts by an immediate: ModRM.rm is what is shifted, with VEX another register gets it */
#define SHIFT_I(name_, op_, ext_, id_)                                                                                 \
    VEC_ROW(name_, "66 0F " op_ " " ext_, "Udq,Ib", emit_shift_legacy, TCG_HV_##id_, 0, SSE2),                         \
    VEC_ROW("v" name_, "VEX.128.66.0F.WIG " op_ " " ext_, "Hdq,Udq,Ib", x86_emit_vv, TCG_HV_##id_, 0, AVX),            \
    VEC_ROW("v" name_, "VEX.256.66.0F.WIG " op_ " " ext_, "Hqq,Uqq,Ib", x86_emit_vv, TCG_HV_##id_, 0, AVX2)
/* Lanes become wider: the source has @lo bytes for 128 bits, @hi for 256 */
#define WIDEN(name_, op_, lo_, hi_, id_)                                                                               \
    VEC_ROW(name_, "66 0F38 " op_ " /r", "Vdq," lo_, x86_emit_vwiden, TCG_HV_##id_, 0, SSE41),                         \
    VEC_ROW("v" name_, "VEX.128.66.0F38.WIG " op_ " /r", "Vdq," lo_, x86_emit_vwiden, TCG_HV_##id_, 0, AVX),           \
    VEC_ROW("v" name_, "VEX.256.66.0F38.WIG " op_ " /r", "Vqq," hi_, x86_emit_vwiden, TCG_HV_##id_, 0, AVX2)

static void emit_shift_legacy(X86Insn *d)
{
    unsigned reg = d->op[0].reg;
    x86_put_xmm(d, reg, x86_hv(d, (TcgHostVec)d->row->arg, x86_get_xmm(d, reg), TCG_NONE,
                               (uint64_t)d->op[1].imm & 0xff));
}

static const X86Row rows[] = {
    SSE2("paddb", "FC", PADDB), SSE2("paddw", "FD", PADDW), SSE2("paddd", "FE", PADDD), SSE2("paddq", "D4", PADDQ),
    VVV("psubb", "0F", "F8", SSE2, PSUBB, VEC_ZERO), VVV("psubw", "0F", "F9", SSE2, PSUBW, VEC_ZERO),
    VVV("psubd", "0F", "FA", SSE2, PSUBD, VEC_ZERO), VVV("psubq", "0F", "FB", SSE2, PSUBQ, VEC_ZERO),
    SSE2("paddsb", "EC", PADDSB), SSE2("paddsw", "ED", PADDSW), SSE2("paddusb", "DC", PADDUSB),
        SSE2("paddusw", "DD", PADDUSW),
    SSE2("psubsb", "E8", PSUBSB), SSE2("psubsw", "E9", PSUBSW), SSE2("psubusb", "D8", PSUBUSB),
        SSE2("psubusw", "D9", PSUBUSW),
    SSE2("pmullw", "D5", PMULLW), SSE2("pmulhw", "E5", PMULHW), SSE2("pmulhuw", "E4", PMULHUW),
        SSE2("pmuludq", "F4", PMULUDQ),
    SSE2("pmaddwd", "F5", PMADDWD), SSE2("psadbw", "F6", PSADBW), SSE2("pavgb", "E0", PAVGB),
        SSE2("pavgw", "E3", PAVGW),
    SSE2("pminub", "DA", PMINUB), SSE2("pmaxub", "DE", PMAXUB), SSE2("pminsw", "EA", PMINSW),
        SSE2("pmaxsw", "EE", PMAXSW),
    SSE2("pand", "DB", PAND), VVV("pandn", "0F", "DF", SSE2, PANDN, VEC_ZERO), SSE2("por", "EB", POR),
    VVV("pxor", "0F", "EF", SSE2, PXOR, VEC_ZERO),
    VVV("pcmpeqb", "0F", "74", SSE2, PCMPEQB, VEC_ONES), VVV("pcmpeqw", "0F", "75", SSE2, PCMPEQW, VEC_ONES),
    VVV("pcmpeqd", "0F", "76", SSE2, PCMPEQD, VEC_ONES), VVV("pcmpgtb", "0F", "64", SSE2, PCMPGTB, VEC_ZERO),
    VVV("pcmpgtw", "0F", "65", SSE2, PCMPGTW, VEC_ZERO), VVV("pcmpgtd", "0F", "66", SSE2, PCMPGTD, VEC_ZERO),
    SSE2("packsswb", "63", PACKSSWB), SSE2("packssdw", "6B", PACKSSDW), SSE2("packuswb", "67", PACKUSWB),
    SSE2("punpcklbw", "60", PUNPCKLBW), SSE2("punpcklwd", "61", PUNPCKLWD), SSE2("punpckldq", "62", PUNPCKLDQ),
    SSE2("punpcklqdq", "6C", PUNPCKLQDQ), SSE2("punpckhbw", "68", PUNPCKHBW), SSE2("punpckhwd", "69", PUNPCKHWD),
    SSE2("punpckhdq", "6A", PUNPCKHDQ), SSE2("punpckhqdq", "6D", PUNPCKHQDQ),
    SHIFT("psllw", "F1", PSLLW), SHIFT("pslld", "F2", PSLLD), SHIFT("psllq", "F3", PSLLQ), SHIFT("psrlw", "D1", PSRLW),
    SHIFT("psrld", "D2", PSRLD), SHIFT("psrlq", "D3", PSRLQ), SHIFT("psraw", "E1", PSRAW), SHIFT("psrad", "E2", PSRAD),
    SHIFT_I("psrlw", "71", "/2", PSRLW_I), SHIFT_I("psraw", "71", "/4", PSRAW_I), SHIFT_I("psllw", "71", "/6", PSLLW_I),
    SHIFT_I("psrld", "72", "/2", PSRLD_I), SHIFT_I("psrad", "72", "/4", PSRAD_I), SHIFT_I("pslld", "72", "/6", PSLLD_I),
    SHIFT_I("psrlq", "73", "/2", PSRLQ_I), SHIFT_I("psrldq", "73", "/3", PSRLDQ), SHIFT_I("psllq", "73", "/6", PSLLQ_I),
    SHIFT_I("pslldq", "73", "/7", PSLLDQ),
    VEC_INT1("pshufd", "66", "0F", "70", ",Ib", SSE2, x86_emit_vv, TCG_HV_PSHUFD),
    VEC_INT1("pshufhw", "F3", "0F", "70", ",Ib", SSE2, x86_emit_vv, TCG_HV_PSHUFHW),
    VEC_INT1("pshuflw", "F2", "0F", "70", ",Ib", SSE2, x86_emit_vv, TCG_HV_PSHUFLW),
    VEC_ROW("pmovmskb", "66 0F D7 /r", "Gd,Udq", x86_emit_vmask, TCG_HV_PMOVMSKB, 0, SSE2),
    VEC_ROW("vpmovmskb", "VEX.128.66.0F.WIG D7 /r", "Gd,Udq", x86_emit_vmask, TCG_HV_PMOVMSKB, 0, AVX),
    VEC_ROW("vpmovmskb", "VEX.256.66.0F.WIG D7 /r", "Gd,Uqq", x86_emit_vmask, TCG_HV_PMOVMSKB, 0, AVX2),

    SSSE3("pshufb", "00", PSHUFB), SSSE3("phaddw", "01", PHADDW), SSSE3("phaddd", "02", PHADDD),
        SSSE3("phaddsw", "03", PHADDSW),
    SSSE3("pmaddubsw", "04", PMADDUBSW), SSSE3("phsubw", "05", PHSUBW), SSSE3("phsubd", "06", PHSUBD),
        SSSE3("phsubsw", "07", PHSUBSW),
    SSSE3("psignb", "08", PSIGNB), SSSE3("psignw", "09", PSIGNW), SSSE3("psignd", "0A", PSIGND),
        SSSE3("pmulhrsw", "0B", PMULHRSW),
    VEC_INT1("pabsb", "66", "0F38", "1C", "", SSSE3, x86_emit_vv, TCG_HV_PABSB),
    VEC_INT1("pabsw", "66", "0F38", "1D", "", SSSE3, x86_emit_vv, TCG_HV_PABSW),
    VEC_INT1("pabsd", "66", "0F38", "1E", "", SSSE3, x86_emit_vv, TCG_HV_PABSD),
    VEC_INT("palignr", "0F3A", "0F", ",Ib", SSSE3, x86_emit_vvv, TCG_HV_PALIGNR),

    SSE41("pmuldq", "28", PMULDQ), VVV("pcmpeqq", "0F38", "29", SSE41, PCMPEQQ, VEC_ONES),
        SSE41("packusdw", "2B", PACKUSDW),
    SSE41("pminsb", "38", PMINSB), SSE41("pminsd", "39", PMINSD), SSE41("pminuw", "3A", PMINUW),
        SSE41("pminud", "3B", PMINUD),
    SSE41("pmaxsb", "3C", PMAXSB), SSE41("pmaxsd", "3D", PMAXSD), SSE41("pmaxuw", "3E", PMAXUW),
        SSE41("pmaxud", "3F", PMAXUD),
    SSE41("pmulld", "40", PMULLD), VVV("pcmpgtq", "0F38", "37", SSE42, PCMPGTQ, VEC_ZERO),
    VEC_LOW("phminposuw", "128", "66", "0F38", "41", "Vdq,Wdq", SSE41, x86_emit_vv, TCG_HV_PHMINPOSUW, 0),
    WIDEN("pmovsxbw", "20", "Wq", "Wdq", PMOVSXBW), WIDEN("pmovsxbd", "21", "Wd", "Wq", PMOVSXBD),
    WIDEN("pmovsxbq", "22", "Ww", "Wd", PMOVSXBQ), WIDEN("pmovsxwd", "23", "Wq", "Wdq", PMOVSXWD),
    WIDEN("pmovsxwq", "24", "Wd", "Wq", PMOVSXWQ), WIDEN("pmovsxdq", "25", "Wq", "Wdq", PMOVSXDQ),
    WIDEN("pmovzxbw", "30", "Wq", "Wdq", PMOVZXBW), WIDEN("pmovzxbd", "31", "Wd", "Wq", PMOVZXBD),
    WIDEN("pmovzxbq", "32", "Ww", "Wd", PMOVZXBQ), WIDEN("pmovzxwd", "33", "Wq", "Wdq", PMOVZXWD),
    WIDEN("pmovzxwq", "34", "Wd", "Wq", PMOVZXWQ), WIDEN("pmovzxdq", "35", "Wq", "Wdq", PMOVZXDQ),
    VEC_INT("pblendw", "0F3A", "0E", ",Ib", SSE41, x86_emit_vvv, TCG_HV_PBLENDW),
    VEC_INT("mpsadbw", "0F3A", "42", ",Ib", SSE41, x86_emit_vvv, TCG_HV_MPSADBW | 3 << VEC_IMM_SHIFT_BIT),
    VEC_ROW("pblendvb", "66 0F38 10 /r", "Vdq,Hdq,Wdq", x86_emit_vblend, TCG_HV_PBLENDVB, X86_ROW_SSE_ALIGN, SSE41),
    VEC_ROW("vpblendvb", "VEX.128.66.0F3A.W0 4C /r", "Vdq,Hdq,Wdq,Ldq", x86_emit_vblend, TCG_HV_PBLENDVB, 0, AVX),
    VEC_ROW("vpblendvb", "VEX.256.66.0F3A.W0 4C /r", "Vqq,Hqq,Wqq,Lqq", x86_emit_vblend, TCG_HV_PBLENDVB, 0, AVX2),
    VEC_ANY("ptest", "66", "0F38", "17", "Vx,Wx", SSE41, x86_emit_vcompare, TCG_HV_PTEST, 0),
};
const X86RowGroup x86_rows_sse_int = X86_GROUP(rows);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reference evaluator's vector operations, lane by lane. Bits above the vector's width are 0 in the result.
 * Floating-point lanes use the current rounding mode and the x86 NaN rule, as the host instructions do.
 */
#include <string.h>

#include "reference-internal.h"

static uint64_t lane_get(const uint64_t *v, unsigned lane, unsigned bytes)
{
    uint64_t x = 0;

    memcpy(&x, (const uint8_t *)v + lane * bytes, bytes); /* little-endian host: true of all hosts so far */
    return x;
}

static void lane_set(uint64_t *v, unsigned lane, unsigned bytes, uint64_t x) { memcpy((uint8_t *)v + lane * bytes, &x, bytes); }

static int64_t sign(uint64_t x, unsigned bytes)
{
    unsigned drop = 64 - 8 * bytes;

    return (int64_t)(x << drop) >> drop;
}

static uint64_t lane_op(const TcgInsn *insn, uint64_t a, uint64_t b, unsigned bytes, uint32_t *mxcsr)
{
    static const TcgFp fp = TCG_FP(TCG_RM_DYN, TCG_NAN_X86, 0);
    TcgType type = bytes == 4 ? TCG_F32 : TCG_F64;

    switch (insn->op) {
    case TCG_OP_VADD:
        return a + b;
    case TCG_OP_VSUB:
        return a - b;
    case TCG_OP_VMUL:
        return a * b;
    case TCG_OP_VAND:
        return a & b;
    case TCG_OP_VOR:
        return a | b;
    case TCG_OP_VXOR:
        return a ^ b;
    case TCG_OP_VANDN:
        return a & ~b;
    case TCG_OP_VSHLI:
        return insn->imm < 64 ? a << insn->imm : 0;
    case TCG_OP_VSHRI:
        return insn->imm < 64 ? a >> insn->imm : 0;
    case TCG_OP_VSARI:
        return (uint64_t)(sign(a, bytes) >> (insn->imm < 64 ? insn->imm : 63));
    case TCG_OP_VCMPEQ:
        return a == b ? ~0ull : 0;
    case TCG_OP_VCMPGT:
        return sign(a, bytes) > sign(b, bytes) ? ~0ull : 0;
    case TCG_OP_VMINS:
        return sign(a, bytes) < sign(b, bytes) ? a : b;
    case TCG_OP_VMAXS:
        return sign(a, bytes) > sign(b, bytes) ? a : b;
    case TCG_OP_VMINU:
        return a < b ? a : b;
    case TCG_OP_VMAXU:
        return a > b ? a : b;
    case TCG_OP_VFADD:
        return tcg_ref_fp2(TCG_OP_FADD, type, a, b, fp, mxcsr);
    case TCG_OP_VFSUB:
        return tcg_ref_fp2(TCG_OP_FSUB, type, a, b, fp, mxcsr);
    case TCG_OP_VFMUL:
        return tcg_ref_fp2(TCG_OP_FMUL, type, a, b, fp, mxcsr);
    case TCG_OP_VFDIV:
        return tcg_ref_fp2(TCG_OP_FDIV, type, a, b, fp, mxcsr);
    default:
        return 0;
    }
}

void tcg_ref_vector(const TcgInsn *insn, const uint64_t (*args)[4], uint64_t *result, uint32_t *mxcsr)
{
    unsigned bytes = 1u << (insn->aux & 3), total = tcg_type_bytes((TcgType)insn->type), lanes = total / bytes;

    switch (insn->op) {
    case TCG_OP_VDUP:
        for (unsigned i = 0; i < lanes; i++) {
            lane_set(result, i, bytes, args[0][0]);
        }
        return;
    case TCG_OP_VEXTRACT:
        result[0] = lane_get(args[0], insn->imm & (16 / bytes - 1), bytes);
        return;
    case TCG_OP_VINSERT:
        memcpy(result, args[0], total);
        lane_set(result, insn->imm & (lanes - 1), bytes, args[1][0]);
        return;
    case TCG_OP_HOSTVEC:
        if (insn->aux < TCG_HV_COUNT) {
            tcg_hostvec[insn->aux].fn(total, args[0], args[1], insn->imm, result, mxcsr);
        }
        return;
    default:
        for (unsigned i = 0; i < lanes; i++) {
            lane_set(result, i, bytes, lane_op(insn, lane_get(args[0], i, bytes), lane_get(args[1], i, bytes), bytes, mxcsr));
        }
        return;
    }
}

/* --- x86 vector instructions by identity --- */

static void by_lanes(TcgOp op, unsigned log2, unsigned bytes, const uint64_t *a, const uint64_t *b, uint64_t *result, uint32_t *mxcsr)
{
    TcgInsn insn = {.op = (uint16_t)op, .aux = log2};
    unsigned lane = 1u << log2;

    for (unsigned i = 0; i < bytes / lane; i++) {
        lane_set(result, i, lane, lane_op(&insn, lane_get(a, i, lane), lane_get(b, i, lane), lane, mxcsr));
    }
}

#define LANEWISE(name, op, log2)                                                                                        \
    static void name(unsigned bytes, const uint64_t *a, const uint64_t *b, uint64_t imm, uint64_t *result, uint32_t *mxcsr) \
    {                                                                                                                   \
        by_lanes(op, log2, bytes, a, b, result, mxcsr);                                                                 \
    }
LANEWISE(hv_paddb, TCG_OP_VADD, 0)
LANEWISE(hv_paddw, TCG_OP_VADD, 1)
LANEWISE(hv_paddd, TCG_OP_VADD, 2)
LANEWISE(hv_paddq, TCG_OP_VADD, 3)
LANEWISE(hv_psubd, TCG_OP_VSUB, 2)
LANEWISE(hv_pand, TCG_OP_VAND, 3)
LANEWISE(hv_por, TCG_OP_VOR, 3)
LANEWISE(hv_pxor, TCG_OP_VXOR, 3)
LANEWISE(hv_addps, TCG_OP_VFADD, 2)
LANEWISE(hv_addpd, TCG_OP_VFADD, 3)
LANEWISE(hv_mulps, TCG_OP_VFMUL, 2)
LANEWISE(hv_mulpd, TCG_OP_VFMUL, 3)

static void hv_pshufd(unsigned bytes, const uint64_t *a, const uint64_t *b, uint64_t imm, uint64_t *result, uint32_t *mxcsr)
{
    for (unsigned i = 0; i < bytes / 4; i++) {
        unsigned from = (i & ~3u) + (imm >> (i & 3) * 2 & 3);

        lane_set(result, i, 4, lane_get(a, from, 4));
    }
}

const TcgHostVecInfo tcg_hostvec[TCG_HV_COUNT] = {
    [TCG_HV_PADDB] = {"paddb", 0x66, 1, 0xfc, true, false, hv_paddb},
    [TCG_HV_PADDW] = {"paddw", 0x66, 1, 0xfd, true, false, hv_paddw},
    [TCG_HV_PADDD] = {"paddd", 0x66, 1, 0xfe, true, false, hv_paddd},
    [TCG_HV_PADDQ] = {"paddq", 0x66, 1, 0xd4, true, false, hv_paddq},
    [TCG_HV_PSUBD] = {"psubd", 0x66, 1, 0xfa, true, false, hv_psubd},
    [TCG_HV_PAND] = {"pand", 0x66, 1, 0xdb, true, false, hv_pand},
    [TCG_HV_POR] = {"por", 0x66, 1, 0xeb, true, false, hv_por},
    [TCG_HV_PXOR] = {"pxor", 0x66, 1, 0xef, true, false, hv_pxor},
    [TCG_HV_ADDPS] = {"addps", 0, 1, 0x58, true, false, hv_addps},
    [TCG_HV_ADDPD] = {"addpd", 0x66, 1, 0x58, true, false, hv_addpd},
    [TCG_HV_MULPS] = {"mulps", 0, 1, 0x59, true, false, hv_mulps},
    [TCG_HV_MULPD] = {"mulpd", 0x66, 1, 0x59, true, false, hv_mulpd},
    [TCG_HV_PSHUFD] = {"pshufd", 0x66, 1, 0x70, false, true, hv_pshufd},
};

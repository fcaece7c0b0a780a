/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reference evaluator's vector operations, lane by lane. Bits above the vector's width are 0 in the result.
 * x86's own instructions are in hostvec*.c. Floating-point lanes use the current rounding mode and the x86 NaN rule, as the host instructions do.
 */
#include <string.h>

#include "reference-internal.h"
#include "tcg/hostvec.h"

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
    case TCG_OP_HOSTVECI:
    case TCG_OP_HOSTVEC3:
    case TCG_OP_HOSTVECG:
    case TCG_OP_HOSTVECX:
        if (insn->aux < TCG_HV_COUNT) {
            tcg_hostvec_ref((TcgHostVec)insn->aux, args, insn->imm, result, mxcsr);
        }
        return;
    default:
        for (unsigned i = 0; i < lanes; i++) {
            lane_set(result, i, bytes, lane_op(insn, lane_get(args[0], i, bytes), lane_get(args[1], i, bytes), bytes, mxcsr));
        }
        return;
    }
}

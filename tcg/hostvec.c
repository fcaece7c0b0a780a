/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of x86 vector instructions, made from hostvec-list.h.
 */
#include "hostvec-internal.h"

#include <string.h>

enum { HVP_NP = 0, HVP_66 = 0x66, HVP_F3 = 0xf3, HVP_F2 = 0xf2 };
enum { HV_FP = TCG_HVB_FP, HV_IMM = TCG_HVB_IMM, HV_W = TCG_HVB_W, HV_REG = TCG_HVB_REG };

const TcgHostVecInfo tcg_hostvec[TCG_HV_COUNT] = {
#define HV(id, name_, prefix_, map_, opcode_, form_, feature_, flags_, fn_, p_)                                        \
    [TCG_HV_##id] = {.name = name_, .prefix = HVP_##prefix_, .map = map_, .opcode = opcode_,                           \
                     .form = (TCG_HVF_##form_) & 15, \
                     .ext = (TCG_HVF_##form_) >> 4, .feature = TCG_HVX_##feature_, .flags = flags_, .param = p_,       \
                         .fn = fn_},
#include "tcg/hostvec-list.h"
#undef HV
};

TcgOp tcg_hostvec_op(TcgHostVec id)
{
    const TcgHostVecInfo *v = &tcg_hostvec[id];

    switch (v->form) {
    case TCG_HVF_BLENDV:
    case TCG_HVF_XMM0:
    case TCG_HVF_FMA:
    case TCG_HVF_REF3:
        return TCG_OP_HOSTVEC3;
    case TCG_HVF_TOGPR:
    case TCG_HVF_FLAGS:
        return TCG_OP_HOSTVECG;
    case TCG_HVF_FROMGPR:
        return TCG_OP_HOSTVECX;
    default:
        return v->flags & TCG_HVB_FP ? TCG_OP_HOSTVEC : TCG_OP_HOSTVECI;
    }
}

unsigned tcg_hostvec_result_bits(TcgHostVec id)
{
    const TcgHostVecInfo *v = &tcg_hostvec[id];

    if (v->form == TCG_HVF_FLAGS) {
        return 7;
    }
    return v->fn == hv_movmsk ? 16u >> v->param : v->flags & TCG_HVB_W ? 64 : 32;
}

void tcg_hostvec_ref(TcgHostVec id, const uint64_t (*args)[4], uint64_t imm, uint64_t *result, uint32_t *mxcsr)
{
    const TcgHostVecInfo *v = &tcg_hostvec[id];
    unsigned n = tcg_op_info[tcg_hostvec_op(id)].operand_count;
    TcgHvArgs h = {.imm = imm & 0x1ff, .p = v->param, .mxcsr = mxcsr};
    TcgHvReg r = {{0}};

    memcpy(&h.a, args[0], 16);
    memcpy(&h.b, args[1], v->form == TCG_HVF_FROMGPR ? 8 : 16);
    if (n > 2) {
        memcpy(&h.c, args[2], 16);
    }
    v->fn(&h, &r);
    memcpy(result, &r, 16);
}

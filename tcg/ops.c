/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known about operations and types: the table made from tcg-opc.h, names, widths, the type of a value.
 */
#include "tcg/tcg.h"

const TcgOpInfo tcg_op_info[TCG_OP_COUNT] = {
#define OP(op_name, text, res, opnds, eff)                                                                              \
    [TCG_OP_##op_name] = {.name = text,                                                                                 \
                          .result = TCG_RES_##res,                                                                      \
                          .operand_count = sizeof(opnds) - 1,                                                           \
                          .operands = opnds,                                                                            \
                          .effects = eff},
#include "tcg/tcg-opc.h"
#undef OP
};

unsigned tcg_type_bytes(TcgType t)
{
    static const uint8_t bytes[TCG_TYPE_COUNT] = {
        [TCG_I32] = 4, [TCG_I64] = 8,  [TCG_I128] = 16, [TCG_F32] = 4,   [TCG_F64] = 8,
        [TCG_V64] = 8, [TCG_V128] = 16, [TCG_V256] = 32, [TCG_FLAGS_T] = sizeof(TcgLazyFlags),
    };

    return (unsigned)t < TCG_TYPE_COUNT ? bytes[t] : 0;
}

const char *tcg_type_name(TcgType t)
{
    static const char *const names[TCG_TYPE_COUNT] = {
        [TCG_VOID] = "void", [TCG_I32] = "i32", [TCG_I64] = "i64",   [TCG_I128] = "i128", [TCG_F32] = "f32",
        [TCG_F64] = "f64",   [TCG_V64] = "v64", [TCG_V128] = "v128", [TCG_V256] = "v256", [TCG_FLAGS_T] = "flags",
    };

    return (unsigned)t < TCG_TYPE_COUNT ? names[t] : "?";
}

TcgCond tcg_cond_swap(TcgCond c)
{
    static const uint8_t swapped[] = {
        [TCG_COND_EQ] = TCG_COND_EQ,   [TCG_COND_NE] = TCG_COND_NE,   [TCG_COND_LT] = TCG_COND_GT,
        [TCG_COND_GE] = TCG_COND_LE,   [TCG_COND_LE] = TCG_COND_GE,   [TCG_COND_GT] = TCG_COND_LT,
        [TCG_COND_LTU] = TCG_COND_GTU, [TCG_COND_GEU] = TCG_COND_LEU, [TCG_COND_LEU] = TCG_COND_GEU,
        [TCG_COND_GTU] = TCG_COND_LTU,
    };

    return (TcgCond)swapped[c % 10];
}

TcgType tcg_value_type(const TcgRegion *r, TcgVal v)
{
    const TcgInsn *insn = &r->insns[v];

    switch (tcg_op_info[insn->op].result) {
    case TCG_RES_TYPE:
        return (TcgType)insn->type;
    case TCG_RES_I64:
        return TCG_I64;
    case TCG_RES_I32:
        return TCG_I32;
    case TCG_RES_FLAGS:
        return TCG_FLAGS_T;
    case TCG_RES_F32:
        return TCG_F32;
    case TCG_RES_F64:
        return TCG_F64;
    case TCG_RES_AUX:
        return (TcgType)(insn->aux & 0xff);
    default:
        return TCG_VOID;
    }
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reference evaluator: integers here, and the dispatch to flags, floating point and vectors.
 * Written for plainness: each operation as its definition in tcg-opc.h says it.
 */
#include "reference-internal.h"

#include <string.h>

bool tcg_ref_cond(TcgCond cond, TcgType type, uint64_t a, uint64_t b)
{
    int64_t sa, sb;

    if (type == TCG_I32) {
        a = (uint32_t)a;
        b = (uint32_t)b;
    }
    sa = type == TCG_I32 ? (int32_t)a : (int64_t)a;
    sb = type == TCG_I32 ? (int32_t)b : (int64_t)b;
    switch (cond) {
    case TCG_COND_EQ:
        return a == b;
    case TCG_COND_NE:
        return a != b;
    case TCG_COND_LT:
        return sa < sb;
    case TCG_COND_GE:
        return sa >= sb;
    case TCG_COND_LE:
        return sa <= sb;
    case TCG_COND_GT:
        return sa > sb;
    case TCG_COND_LTU:
        return a < b;
    case TCG_COND_GEU:
        return a >= b;
    case TCG_COND_LEU:
        return a <= b;
    case TCG_COND_GTU:
        return a > b;
    }
    return false;
}

static uint64_t divide(TcgOp op, uint64_t a, uint64_t b, unsigned width)
{
    bool is_signed = op == TCG_OP_DIVS || op == TCG_OP_REMS, rem = op == TCG_OP_REMS || op == TCG_OP_REMU;
    int64_t sa = width == 32 ? (int32_t)a : (int64_t)a, sb = width == 32 ? (int32_t)b : (int64_t)b;

    if (b == 0) {
        return rem ? a : ~0ull;
    }
    if (!is_signed) {
        return rem ? a % b : a / b;
    }
    if (sb == -1) {
        return rem ? 0 : -(uint64_t)sa;
    }
    return (uint64_t)(rem ? sa % sb : sa / sb);
}

static uint64_t multiply_high(TcgOp op, uint64_t a, uint64_t b, unsigned width)
{
    bool a_signed = op != TCG_OP_MULHU, b_signed = op == TCG_OP_MULHS;
    __int128 x = a, y = b;

    if (a_signed) {
        x = width == 32 ? (__int128)(int32_t)a : (__int128)(int64_t)a;
    }
    if (b_signed) {
        y = width == 32 ? (__int128)(int32_t)b : (__int128)(int64_t)b;
    }
    return (uint64_t)((unsigned __int128)(x * y) >> width);
}

static uint64_t shift(TcgOp op, uint64_t a, uint64_t count, unsigned width)
{
    unsigned n = count & (width - 1);

    switch (op) {
    case TCG_OP_SHL:
        return a << n;
    case TCG_OP_SHR:
        return a >> n;
    case TCG_OP_SAR:
        return width == 32 ? (uint64_t)((int32_t)a >> n) : (uint64_t)((int64_t)a >> n);
    case TCG_OP_ROL:
        return n ? a << n | a >> (width - n) : a;
    default:
        return n ? a >> n | a << (width - n) : a;
    }
}

static uint64_t extend(bool is_signed, uint64_t a, unsigned bits)
{
    unsigned drop = 64 - bits;

    return is_signed ? (uint64_t)((int64_t)(a << drop) >> drop) : a << drop >> drop;
}

static uint64_t count_bits(TcgOp op, uint64_t a, unsigned width)
{
    if (op == TCG_OP_POPCNT) {
        return (unsigned)__builtin_popcountll(a);
    }
    if (a == 0) {
        return width;
    }
    return op == TCG_OP_CLZ ? (unsigned)__builtin_clzll(a) - (64 - width) : (unsigned)__builtin_ctzll(a);
}

uint64_t tcg_ref_int(const TcgInsn *insn, uint64_t a, uint64_t b)
{
    unsigned width = insn->type == TCG_I32 ? 32 : 64, pos = insn->imm & 0xff, len = insn->imm >> 8 & 0xff;
    uint64_t field = len >= 64 ? ~0ull : (1ull << len) - 1;
    TcgOp op = (TcgOp)insn->op;

    switch (op) {
    case TCG_OP_ADD:
        return a + b;
    case TCG_OP_SUB:
        return a - b;
    case TCG_OP_MUL:
        return a * b;
    case TCG_OP_MULHU:
    case TCG_OP_MULHS:
    case TCG_OP_MULHSU:
        return multiply_high(op, a, b, width);
    case TCG_OP_DIVS:
    case TCG_OP_DIVU:
    case TCG_OP_REMS:
    case TCG_OP_REMU:
        return divide(op, a, b, width);
    case TCG_OP_NEG:
        return -a;
    case TCG_OP_NOT:
        return ~a;
    case TCG_OP_AND:
        return a & b;
    case TCG_OP_OR:
        return a | b;
    case TCG_OP_XOR:
        return a ^ b;
    case TCG_OP_ANDN:
        return a & ~b;
    case TCG_OP_SHL:
    case TCG_OP_SHR:
    case TCG_OP_SAR:
    case TCG_OP_ROL:
    case TCG_OP_ROR:
        return shift(op, a, b, width);
    case TCG_OP_CLZ:
    case TCG_OP_CTZ:
    case TCG_OP_POPCNT:
        return count_bits(op, a, width);
    case TCG_OP_BSWAP:
        return __builtin_bswap64(a) >> (64 - width);
    case TCG_OP_SEXT:
    case TCG_OP_ZEXT:
        return extend(op == TCG_OP_SEXT, a, insn->imm & 63 ? (unsigned)insn->imm & 63 : 64);
    case TCG_OP_EXTS:
        return (uint64_t)(int64_t)(int32_t)a;
    case TCG_OP_EXTU:
    case TCG_OP_TRUNC:
        return (uint32_t)a;
    case TCG_OP_EXTRACT:
        return pos < 64 ? a >> pos & field : 0;
    case TCG_OP_DEPOSIT:
        return pos < 64 ? (a & ~(field << pos)) | (b & field) << pos : a;
    case TCG_OP_BOX32:
        return a | 0xffffffff00000000ull;
    case TCG_OP_UNBOX32:
        return a >> 32 == 0xffffffff ? (uint32_t)a : 0x7fc00000;
    default:
        return 0;
    }
}

static void load_operand(uint64_t dst[4], const uint64_t src[4], TcgType type)
{
    unsigned n = tcg_type_bytes(type);

    memset(dst, 0, 32);
    memcpy(dst, src, n);
}

/* The type of operand @k as far as the instruction alone tells. */
static TcgType operand_type(const TcgInsn *insn, unsigned k)
{
    switch (tcg_op_info[insn->op].operands[k]) {
    case 't':
        return (TcgType)insn->type;
    case 'w':
        return TCG_I32;
    case 's':
        return TCG_F32;
    case 'f':
        return TCG_FLAGS_T;
    case 'x':
        return (TcgType)(insn->aux & 0xff);
    case 'v':
        return TCG_V128;
    case 'n':
        return (TcgType)insn->sub;
    default:
        return TCG_I64;
    }
}

static void eval_flags(const TcgInsn *insn, uint64_t (*a)[4], uint64_t *result)
{
    TcgLazyFlags f;

    switch (insn->op) {
    case TCG_OP_FLAGS:
        f = (TcgLazyFlags){.kind = insn->aux & 0xff, .type = insn->sub | (uint32_t)(insn->imm & 31) << 8, .a = a[0][0], .b = a[1][0], .c = a[2][0]};
        memcpy(result, &f, sizeof(f));
        break;
    case TCG_OP_FLAGTEST:
        memcpy(&f, a[0], sizeof(f));
        result[0] = tcg_ref_flagtest(&f, (TcgFlagCond)insn->cond);
        break;
    case TCG_OP_FLAGPACK:
        memcpy(&f, a[0], sizeof(f));
        result[0] = insn->aux ? tcg_ref_flags_arm(&f) : tcg_ref_flags_x86(&f);
        break;
    default:
        f = (TcgLazyFlags){.kind = insn->aux ? TCG_FK_PACKED_ARM : TCG_FK_PACKED_X86, .type = TCG_I64, .a = a[0][0]};
        memcpy(result, &f, sizeof(f));
        break;
    }
}

void tcg_ref_eval_env(const TcgInsn *insn, const uint64_t (*args)[4], uint64_t *result, uint32_t *mxcsr)
{
    uint64_t a[4][4];
    unsigned n = tcg_op_info[insn->op].operand_count;
    uint32_t env = 0x1f80;
    TcgType type;

    if (!mxcsr) {
        mxcsr = &env;
    }
    for (unsigned k = 0; k < n; k++) {
        load_operand(a[k], args[k], operand_type(insn, k));
    }
    memset(result, 0, 32);
    if (insn->op >= TCG_OP_VDUP && insn->op <= TCG_OP_HOSTVECX) {
        tcg_ref_vector(insn, (const uint64_t(*)[4])a, result, mxcsr);
        return;
    }
    if (insn->op >= TCG_OP_FADD && insn->op <= TCG_OP_FCLASS) {
        result[0] = tcg_ref_float(insn, a[0][0], a[1][0], a[2][0], mxcsr);
        return;
    }
    if (insn->op >= TCG_OP_FLAGS && insn->op <= TCG_OP_FLAGUNPACK) {
        eval_flags(insn, a, result);
        return;
    }
    switch (insn->op) {
    case TCG_OP_CONST:
        result[0] = insn->imm;
        return;
    case TCG_OP_COPY:
    case TCG_OP_BITCAST:
        memcpy(result, a[0], 32);
        return;
    case TCG_OP_SETCOND:
        result[0] = tcg_ref_cond((TcgCond)insn->cond, (TcgType)(insn->aux & 0xff), a[0][0], a[1][0]);
        return;
    case TCG_OP_SELECT:
        memcpy(result, tcg_ref_cond((TcgCond)insn->cond, (TcgType)(insn->aux & 0xff), a[0][0], a[1][0]) ? a[2] : a[3], 32);
        return;
    case TCG_OP_MAKE128:
        result[0] = a[0][0];
        result[1] = a[1][0];
        return;
    case TCG_OP_LO128:
    case TCG_OP_HI128:
        result[0] = a[0][insn->op == TCG_OP_HI128];
        return;
    default:
        break;
    }
    type = insn->op == TCG_OP_TRUNC || insn->op == TCG_OP_UNBOX32 ? TCG_I32 : insn->op == TCG_OP_BOX32 ? TCG_I64 : (TcgType)insn->type;
    result[0] = tcg_ref_int(insn, a[0][0], a[1][0]);
    if (type == TCG_I32) {
        result[0] = (uint32_t)result[0];
    }
}

void tcg_ref_eval(const TcgInsn *insn, const uint64_t (*args)[4], uint64_t *result)
{
    uint32_t mxcsr = tcg_host_fp_get(), before = mxcsr;

    tcg_ref_eval_env(insn, args, result, &mxcsr);
    if (mxcsr != before) {
        tcg_host_fp_set(mxcsr);
    }
}

/* op:8 type:4 cond:4 sub:4 imm:12 aux:32 */
uint64_t tcg_ref_desc(const TcgInsn *insn)
{
    if (insn->op > 0xff || insn->imm > 0xfff || tcg_op_info[insn->op].operand_count > 3) {
        return 0;
    }
    return (uint64_t)insn->op | (uint64_t)(insn->type & 15) << 8 | (uint64_t)(insn->cond & 15) << 12 | (uint64_t)(insn->sub & 15) << 16 |
           insn->imm << 20 | (uint64_t)insn->aux << 32;
}

uint64_t tcg_ref_scalar(uint64_t a, uint64_t b, uint64_t c, uint64_t desc)
{
    TcgInsn insn = {.op = desc & 0xff, .type = desc >> 8 & 15, .cond = desc >> 12 & 15, .sub = desc >> 16 & 15,
                    .imm = desc >> 20 & 0xfff, .aux = (uint32_t)(desc >> 32)};
    uint64_t args[3][4] = {{a}, {b}, {c}}, result[4];

    tcg_ref_eval(&insn, (const uint64_t(*)[4])args, result);
    return result[0];
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The builder's emitters of values. Each does nothing and returns TCG_NONE where the current point cannot be reached.
 */
#include "builder-internal.h"

static TcgVal emit(TcgBuilder *b, TcgInsn in) { return b->reachable ? tcg_emit_insn(b->e, in) : TCG_NONE; }

TcgVal tcg_const(TcgBuilder *b, TcgType type, uint64_t bits) { return b->reachable ? tcg_emit_const(b->e, type, bits) : TCG_NONE; }

TcgVal tcg_get(TcgBuilder *b, unsigned slot, TcgType type)
{
    return emit(b, (TcgInsn){.op = TCG_OP_GET, .type = (uint8_t)type, .aux = slot});
}

void tcg_put(TcgBuilder *b, unsigned slot, TcgVal v)
{
    if (b->reachable) {
        emit(b, (TcgInsn){.op = TCG_OP_PUT, .type = (uint8_t)tcg_value_type(b->r, v), .arg = {v}, .aux = slot});
    }
}

bool tcg_is_const(const TcgBuilder *b, TcgVal v, uint64_t *bits) { return tcg_emit_is_const(b->e, v, bits); }

TcgVal tcg_emit1(TcgBuilder *b, TcgOp op, TcgType type, TcgVal a, uint64_t imm)
{
    return b->reachable ? tcg_emit_op1(b->e, op, type, a, imm) : TCG_NONE;
}

TcgVal tcg_emit2(TcgBuilder *b, TcgOp op, TcgType type, TcgVal a, TcgVal c)
{
    return b->reachable ? tcg_emit_op2(b->e, op, type, a, c) : TCG_NONE;
}

TcgInsn *tcg_emit_raw(TcgBuilder *b, const TcgInsn *insn, TcgVal *result)
{
    TcgVal v;

    if (!b->reachable) {
        if (result) {
            *result = TCG_NONE;
        }
        return NULL;
    }
    v = tcg_builder_append(b, insn);
    if (result) {
        *result = v;
    }
    return &b->r->insns[v];
}

TcgVal tcg_setcond(TcgBuilder *b, TcgCond cond, TcgType cmp_type, TcgVal x, TcgVal y)
{
    return emit(b, (TcgInsn){.op = TCG_OP_SETCOND, .type = TCG_I64, .cond = (uint8_t)cond, .arg = {x, y}, .aux = cmp_type});
}

TcgVal tcg_select(TcgBuilder *b, TcgType type, TcgCond cond, TcgType cmp_type, TcgVal x, TcgVal y, TcgVal if_true, TcgVal if_false)
{
    return emit(b, (TcgInsn){.op = TCG_OP_SELECT, .type = (uint8_t)type, .cond = (uint8_t)cond, .arg = {x, y, if_true, if_false}, .aux = cmp_type});
}

TcgVal tcg_bitcast(TcgBuilder *b, TcgType to, TcgVal v) { return b->reachable ? tcg_emit_bitcast(b->e, to, v) : TCG_NONE; }

/* --- memory --- */

TcgVal tcg_load(TcgBuilder *b, TcgType type, TcgVal addr, int64_t disp, TcgMem mem)
{
    return emit(b, (TcgInsn){.op = TCG_OP_LD, .type = (uint8_t)type, .arg = {addr}, .aux = mem, .imm = (uint64_t)disp});
}

void tcg_store(TcgBuilder *b, TcgType type, TcgVal addr, int64_t disp, TcgVal v, TcgMem mem)
{
    emit(b, (TcgInsn){.op = TCG_OP_ST, .type = (uint8_t)type, .arg = {addr, v}, .aux = mem, .imm = (uint64_t)disp});
}

TcgVal tcg_atomic(TcgBuilder *b, TcgRmw op, TcgType type, TcgVal addr, TcgVal v, TcgMem mem)
{
    return emit(b, (TcgInsn){.op = TCG_OP_ATOMIC, .type = (uint8_t)type, .sub = (uint8_t)op, .arg = {addr, v}, .aux = mem});
}

TcgVal tcg_cmpxchg(TcgBuilder *b, TcgType type, TcgVal addr, TcgVal expected, TcgVal desired, TcgMem mem)
{
    return emit(b, (TcgInsn){.op = TCG_OP_CMPXCHG, .type = (uint8_t)type, .arg = {addr, expected, desired}, .aux = mem});
}

TcgVal tcg_load_exclusive(TcgBuilder *b, TcgType type, TcgVal addr, TcgMem mem)
{
    return emit(b, (TcgInsn){.op = TCG_OP_LDX, .type = (uint8_t)type, .arg = {addr}, .aux = mem});
}

TcgVal tcg_store_exclusive(TcgBuilder *b, TcgType type, TcgVal addr, TcgVal v, TcgMem mem)
{
    return emit(b, (TcgInsn){.op = TCG_OP_STX, .type = TCG_I64, .sub = (uint8_t)type, .arg = {addr, v}, .aux = mem});
}

void tcg_fence(TcgBuilder *b, unsigned kinds) { emit(b, (TcgInsn){.op = TCG_OP_FENCE, .imm = kinds}); }

/* --- floating point --- */

TcgVal tcg_fp2(TcgBuilder *b, TcgOp op, TcgType t, TcgVal x, TcgVal y, TcgFp fp)
{
    return emit(b, (TcgInsn){.op = (uint16_t)op, .type = (uint8_t)t, .arg = {x, y}, .aux = fp});
}

TcgVal tcg_fsqrt(TcgBuilder *b, TcgType t, TcgVal x, TcgFp fp)
{
    return emit(b, (TcgInsn){.op = TCG_OP_FSQRT, .type = (uint8_t)t, .arg = {x}, .aux = fp});
}

TcgVal tcg_fma(TcgBuilder *b, TcgType t, TcgVal x, TcgVal y, TcgVal z, unsigned neg, TcgFp fp)
{
    return emit(b, (TcgInsn){.op = TCG_OP_FMA, .type = (uint8_t)t, .arg = {x, y, z}, .aux = fp, .imm = neg});
}

TcgVal tcg_fcmp(TcgBuilder *b, TcgCond cond, bool signalling, TcgType t, TcgVal x, TcgVal y)
{
    return emit(b, (TcgInsn){.op = TCG_OP_FCMP, .type = TCG_I64, .cond = (uint8_t)cond, .arg = {x, y}, .aux = t, .imm = signalling});
}

TcgVal tcg_ftof(TcgBuilder *b, TcgType to, TcgType from, TcgVal x, TcgFp fp)
{
    return emit(b, (TcgInsn){.op = TCG_OP_FTOF, .type = (uint8_t)to, .arg = {x}, .aux = from | fp << 8});
}

TcgVal tcg_ftoi(TcgBuilder *b, TcgType to, bool is_unsigned, TcgType from, TcgVal x, TcgFp fp)
{
    return emit(b, (TcgInsn){.op = TCG_OP_FTOI, .type = (uint8_t)to, .arg = {x}, .aux = from | fp << 8, .imm = is_unsigned});
}

TcgVal tcg_itof(TcgBuilder *b, TcgType to, TcgType from, bool is_unsigned, TcgVal x, TcgFp fp)
{
    return emit(b, (TcgInsn){.op = TCG_OP_ITOF, .type = (uint8_t)to, .sub = (uint8_t)from, .arg = {x}, .aux = fp, .imm = is_unsigned});
}

/* --- flags --- */

TcgVal tcg_flags(TcgBuilder *b, TcgFlagsKind kind, TcgType t, TcgVal x, TcgVal y, TcgVal carry)
{
    return emit(b, (TcgInsn){.op = TCG_OP_FLAGS, .type = TCG_FLAGS_T, .sub = (uint8_t)t, .arg = {x, y, carry}, .aux = kind | (uint32_t)t << 8});
}

TcgVal tcg_flagtest(TcgBuilder *b, TcgFlagCond cond, TcgVal flags)
{
    return emit(b, (TcgInsn){.op = TCG_OP_FLAGTEST, .type = TCG_I64, .cond = (uint8_t)cond, .arg = {flags}});
}

/* --- helpers --- */

TcgVal tcg_call(TcgBuilder *b, const TcgHelper *h, TcgVal a0, TcgVal a1, TcgVal a2, TcgVal a3)
{
    TcgVal v;

    if (!b->reachable) {
        return TCG_NONE;
    }
    v = tcg_builder_append(b, &(TcgInsn){.op = TCG_OP_CALL, .type = (uint8_t)h->ret, .arg = {a0, a1, a2, a3}, .aux = tcg_region_add_helper(b->r, h)});
    if (h->flags & TCG_HELPER_NORETURN) {
        tcg_exit(b, TCG_REASON_NONE, UINT64_MAX); /* never gets there; every block has an end */
    }
    return h->ret == TCG_VOID ? TCG_NONE : v;
}

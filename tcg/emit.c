/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making instructions: append, constants, common subexpressions, and what is known about the bits of each value.
 *
 * The table of common subexpressions is a small direct-mapped cache: a newer expression replaces an older one in its
 * place. It is valid from one call of tcg_emit_new_block() to the next; blocks that are only entered from the block
 * before them go on with its table, because what that block computed dominates them.
 */
#include "internal.h"
#include "tcg/hostvec.h"

#include <string.h>

void tcg_emit_begin(TcgEmit *e)
{
    e->gen++;
    if (e->gen == 0) { /* wrapped: entries of old would look new */
        memset(e->cse_gen, 0, sizeof(e->cse_gen));
        e->gen = 1;
    }
    e->guest = 0;
}

/* zb of an integer result, from the operation and what is known of the operands. */
static unsigned known_zero_bits(const TcgEmit *e, const TcgInsn *in, unsigned width)
{
    const uint8_t *zb = e->zb;
    TcgVal a = in->arg[0], b = in->arg[1];
    uint64_t c;

    switch (in->op) {
    case TCG_OP_CONST:
        return in->imm ? 64 - (unsigned)__builtin_clzll(in->imm) : 0;
    case TCG_OP_COPY:
        return zb[a];
    case TCG_OP_ADD:
        return MAX(zb[a], zb[b]) + 1u;
    case TCG_OP_MUL:
        return zb[a] + (unsigned)zb[b];
    case TCG_OP_AND:
        return MIN(zb[a], zb[b]);
    case TCG_OP_ANDN:
    case TCG_OP_DIVU:
        return in->op == TCG_OP_ANDN || (tcg_emit_is_const(e, b, &c) && c) ? zb[a] : width;
    case TCG_OP_REMU:
        return tcg_emit_is_const(e, b, &c) && c ? MIN(zb[a], zb[b]) : zb[a];
    case TCG_OP_OR:
    case TCG_OP_XOR:
        return MAX(zb[a], zb[b]);
    case TCG_OP_SHL:
        return tcg_emit_is_const(e, b, &c) ? zb[a] + (unsigned)(c & (width - 1)) : width;
    case TCG_OP_SHR:
        if (tcg_emit_is_const(e, b, &c)) {
            unsigned n = (unsigned)(c & (width - 1));

            return zb[a] > n ? zb[a] - n : 0;
        }
        return zb[a];
    case TCG_OP_SAR:
        return zb[a] < width ? zb[a] : width;
    case TCG_OP_CLZ:
    case TCG_OP_CTZ:
    case TCG_OP_POPCNT:
        return 7;
    case TCG_OP_ZEXT:
        return MIN((unsigned)in->imm, zb[a]);
    case TCG_OP_EXTU:
    case TCG_OP_TRUNC:
        return zb[a];
    case TCG_OP_EXTS:
        return zb[a] < 32 ? zb[a] : width;
    case TCG_OP_SEXT:
        return zb[a] < in->imm ? zb[a] : width;
    case TCG_OP_EXTRACT:
        return (unsigned)(in->imm >> 8 & 0xff);
    case TCG_OP_SELECT:
        return MAX(zb[in->arg[2]], zb[in->arg[3]]);
    case TCG_OP_SETCOND:
    case TCG_OP_FLAGTEST:
    case TCG_OP_FCMP:
    case TCG_OP_STX:
        return 1;
    case TCG_OP_FCLASS:
        return 10;
    case TCG_OP_VEXTRACT:
        return 8u << (in->aux & 7);
    case TCG_OP_HOSTVECG:
        return tcg_hostvec_result_bits((TcgHostVec)in->aux);
    case TCG_OP_LD:
    case TCG_OP_LDX:
    case TCG_OP_ATOMIC:
    case TCG_OP_CMPXCHG:
        return tcg_mem_signed(in->aux) ? width : 8 * tcg_mem_bytes(in->aux);
    default:
        return width;
    }
}

static unsigned known_sign_bits(const TcgEmit *e, const TcgInsn *in, unsigned width, unsigned zero_bits)
{
    const uint8_t *sb = e->sb;
    TcgVal a = in->arg[0], b = in->arg[1];
    unsigned n = width;
    uint64_t c;

    switch (in->op) {
    case TCG_OP_CONST: {
        int64_t v = width == 32 ? (int32_t)in->imm : (int64_t)in->imm;

        n = 64 - (unsigned)__builtin_clrsbll(v);
        break;
    }
    case TCG_OP_COPY:
    case TCG_OP_NOT:
        n = sb[a];
        break;
    case TCG_OP_ADD:
    case TCG_OP_SUB:
        n = MAX(sb[a], sb[b]) + 1u;
        break;
    case TCG_OP_NEG:
        n = sb[a] + 1u;
        break;
    case TCG_OP_AND:
    case TCG_OP_OR:
    case TCG_OP_XOR:
    case TCG_OP_ANDN:
        n = MAX(sb[a], sb[b]);
        break;
    case TCG_OP_SHL:
        n = tcg_emit_is_const(e, b, &c) ? sb[a] + (unsigned)(c & (width - 1)) : width;
        break;
    case TCG_OP_SAR:
        n = sb[a];
        if (tcg_emit_is_const(e, b, &c)) {
            unsigned k = (unsigned)(c & (width - 1));

            n = n > k ? n - k : 1;
        }
        break;
    case TCG_OP_SEXT:
        n = MIN((unsigned)in->imm, sb[a]);
        break;
    case TCG_OP_EXTS:
        n = sb[a];
        break;
    case TCG_OP_TRUNC:
        n = sb[a];
        break;
    case TCG_OP_SELECT:
        n = MAX(sb[in->arg[2]], sb[in->arg[3]]);
        break;
    case TCG_OP_LD:
    case TCG_OP_LDX:
    case TCG_OP_ATOMIC:
    case TCG_OP_CMPXCHG:
        n = tcg_mem_signed(in->aux) ? 8 * tcg_mem_bytes(in->aux) : width;
        break;
    default:
        break;
    }
    n = MIN(n, zero_bits + 1);
    return MAX(MIN(n, width), 1);
}

TcgVal tcg_emit_append(TcgEmit *e, const TcgInsn *in)
{
    TcgRegion *r = e->r;
    TcgVal v = r->insn_count;
    TcgType type;

    if (v >= r->insn_cap) {
        tcg_region_grow_insns(r);
    }
    r->insns[v] = *in;
    r->insns[v].guest = e->guest;
    r->insn_count = v + 1;
    type = tcg_value_type(r, v);
    e->zb[v] = e->sb[v] = 64;
    if (tcg_type_is_int(type)) {
        unsigned width = tcg_int_bits(type), zero = MIN(known_zero_bits(e, in, width), width);

        e->zb[v] = (uint8_t)zero;
        e->sb[v] = (uint8_t)known_sign_bits(e, in, width, zero);
    }
    return v;
}

static bool is_pure(const TcgInsn *in)
{
    return tcg_op_info[in->op].effects == 0 && in->op != TCG_OP_PHI && in->op != TCG_OP_INSN && in->op != TCG_OP_NOP;
}

static bool same_insn(const TcgInsn *x, const TcgInsn *y)
{
    return x->op == y->op && x->type == y->type && x->cond == y->cond && x->sub == y->sub && x->aux == y->aux &&
           x->imm == y->imm && memcmp(x->arg, y->arg, sizeof(x->arg)) == 0;
}

static inline unsigned hash_insn(const TcgInsn *in)
{
    uint64_t h = in->op | (uint64_t)in->type << 16 | (uint64_t)in->cond << 24 | (uint64_t)in->sub << 28 | (uint64_t)in->aux << 32;

    h = (h ^ in->imm) * 0x9e3779b97f4a7c15ull;
    h ^= h >> 29;
    h = (h ^ (in->arg[0] | (uint64_t)in->arg[1] << 32)) * 0xbf58476d1ce4e5b9ull;
    h ^= in->arg[2] | (uint64_t)in->arg[3] << 32;
    return (unsigned)((h * 0x94d049bb133111ebull) >> 56) & (CSE_SIZE - 1);
}

TcgVal tcg_emit_insn(TcgEmit *e, TcgInsn in)
{
    TcgVal v = tcg_fold(e, &in);
    unsigned slot;

    if (v) {
        return v;
    }
    in.map = 0;
    if (!is_pure(&in)) {
        return tcg_emit_append(e, &in);
    }
    slot = hash_insn(&in);
    if (e->cse_gen[slot] == e->gen && same_insn(&e->r->insns[e->cse_val[slot]], &in)) {
        return e->cse_val[slot];
    }
    v = tcg_emit_append(e, &in);
    e->cse_gen[slot] = e->gen;
    e->cse_val[slot] = v;
    return v;
}

TcgVal tcg_emit_const(TcgEmit *e, TcgType type, uint64_t bits)
{
    TcgInsn in = {.op = TCG_OP_CONST, .type = (uint8_t)type, .imm = tcg_type_bytes(type) == 4 ? (uint32_t)bits : bits};

    return tcg_emit_insn(e, in);
}

TcgVal tcg_emit_op1(TcgEmit *e, TcgOp op, TcgType type, TcgVal a, uint64_t imm)
{
    TcgInsn in = {.op = (uint16_t)op, .type = (uint8_t)type, .arg = {a}, .imm = imm};
    char letter = tcg_op_info[op].operands[0];

    if (letter == 'x') {
        in.aux = tcg_value_type(e->r, a);
    } else if (letter == 'n') {
        in.sub = (uint8_t)tcg_value_type(e->r, a);
    }
    return tcg_emit_insn(e, in);
}

TcgVal tcg_emit_op2(TcgEmit *e, TcgOp op, TcgType type, TcgVal a, TcgVal b)
{
    TcgInsn in = {.op = (uint16_t)op, .type = (uint8_t)type, .arg = {a, b}};

    if (tcg_op_info[op].operands[0] == 'x') {
        in.aux = tcg_value_type(e->r, a);
    }
    return tcg_emit_insn(e, in);
}

TcgVal tcg_emit_bitcast(TcgEmit *e, TcgType to, TcgVal v)
{
    if (tcg_value_type(e->r, v) == to) {
        return v;
    }
    return tcg_emit_op1(e, TCG_OP_BITCAST, to, v, 0);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fold rules: an instruction about to be made is looked at together with the instructions that define its operands.
 *
 * tcg_fold() returns the value that already holds the result, or 0 after rewriting *in into something at most as
 * expensive, which the caller then appends. Rules are grouped in one function per operation, each rule with a one-line comment
 * that reads like algebra. The rules are also a strength reduction for what RISC-V frontends emit: its *W instructions
 * are exts(op.i32(trunc x, trunc y)), so chains of them stay in i32.
 *
 * Canonical forms that other code relies on: a constant is the right operand of a commutative operation and of a compare;
 * x - const is x + -const; a mask of 8, 16 or 32 ones is ZEXT.
 */
#include "internal.h"

#include <string.h>

#include "tcg/reference.h"

#define DEF(v) (&e->r->insns[v])
static inline bool konst(const TcgEmit *e, TcgVal v, uint64_t *c) { return tcg_emit_is_const(e, v, c); }

static TcgVal to_const(TcgInsn *in, TcgType type, uint64_t bits)
{
    *in = (TcgInsn){.op = TCG_OP_CONST, .type = (uint8_t)type, .imm = type == TCG_I32 ? (uint32_t)bits : bits};
    return 0;
}

static TcgVal to_op1(TcgInsn *in, TcgOp op, TcgType type, TcgVal a, uint64_t imm)
{
    *in = (TcgInsn){.op = (uint16_t)op, .type = (uint8_t)type, .arg = {a}, .imm = imm};
    return 0;
}

/* The operation became another one that has rules of its own. */
static TcgVal again(TcgEmit *e, TcgInsn *in) { return tcg_fold(e, in); }

/* All operands constant: let the reference compute. */
static bool fold_constants(TcgEmit *e, TcgInsn *in, TcgVal *result)
{
    uint64_t args[4][4] = {{0}}, res[4];
    unsigned n = tcg_op_info[in->op].operand_count;
    TcgType type = tcg_op_info[in->op].result == TCG_RES_I64 ? TCG_I64 : (TcgType)in->type;

    if (in->op < TCG_OP_ADD || in->op > TCG_OP_DEPOSIT || !tcg_type_is_int(type)) {
        return false;
    }
    for (unsigned k = 0; k < n; k++) {
        if (!konst(e, in->arg[k], &args[k][0])) {
            return false;
        }
    }
    tcg_ref_eval_env(in, (const uint64_t(*)[4])args, res, NULL);
    *result = to_const(in, type, res[0]);
    return true;
}

static TcgVal fold_add(TcgEmit *e, TcgInsn *in)
{
    TcgType t = (TcgType)in->type;
    TcgInsn *x = DEF(in->arg[0]);
    uint64_t c, d;

    if (!konst(e, in->arg[1], &c)) {
        if (DEF(in->arg[1])->op == TCG_OP_NEG) { /* x + -y = x - y */
            in->op = TCG_OP_SUB;
            in->arg[1] = DEF(in->arg[1])->arg[0];
            return again(e, in);
        }
        return 0;
    }
    if (c == 0) { /* x + 0 = x */
        return in->arg[0];
    }
    if (x->op == TCG_OP_ADD && konst(e, x->arg[1], &d)) { /* (x + d) + c = x + (c + d) */
        TcgVal base = x->arg[0];

        return tcg_emit_op2(e, TCG_OP_ADD, t, base, tcg_emit_const(e, t, c + d));
    }
    return 0;
}

static TcgVal fold_sub(TcgEmit *e, TcgInsn *in)
{
    TcgType t = (TcgType)in->type;
    uint64_t c;

    if (in->arg[0] == in->arg[1]) { /* x - x = 0 */
        return to_const(in, t, 0);
    }
    if (konst(e, in->arg[1], &c)) { /* x - c = x + -c */
        return tcg_emit_op2(e, TCG_OP_ADD, t, in->arg[0], tcg_emit_const(e, t, -c));
    }
    if (konst(e, in->arg[0], &c) && c == 0) { /* 0 - x = -x */
        to_op1(in, TCG_OP_NEG, t, in->arg[1], 0);
        return again(e, in);
    }
    return 0;
}

static TcgVal fold_mul(TcgEmit *e, TcgInsn *in)
{
    TcgType t = (TcgType)in->type;
    uint64_t c;

    if (!konst(e, in->arg[1], &c)) {
        return 0;
    }
    if (c == 0) { /* x * 0 = 0 */
        return to_const(in, t, 0);
    }
    if (c == 1) { /* x * 1 = x */
        return in->arg[0];
    }
    if ((c & (c - 1)) == 0) { /* x * 2^n = x << n */
        return tcg_emit_op2(e, TCG_OP_SHL, t, in->arg[0], tcg_emit_const(e, t, (unsigned)__builtin_ctzll(c)));
    }
    return 0;
}

static TcgVal fold_div(TcgEmit *e, TcgInsn *in)
{
    TcgType t = (TcgType)in->type;
    uint64_t c;

    if (!konst(e, in->arg[1], &c) || c == 0 || (c & (c - 1))) {
        return 0;
    }
    if (c == 1) { /* x / 1 = x; x % 1 = 0 */
        return in->op == TCG_OP_DIVS || in->op == TCG_OP_DIVU ? in->arg[0] : to_const(in, t, 0);
    }
    if (in->op == TCG_OP_DIVU) { /* x / 2^n = x >> n */
        return tcg_emit_op2(e, TCG_OP_SHR, t, in->arg[0], tcg_emit_const(e, t, (unsigned)__builtin_ctzll(c)));
    }
    if (in->op == TCG_OP_REMU) { /* x % 2^n = x & 2^n - 1 */
        return tcg_emit_op2(e, TCG_OP_AND, t, in->arg[0], tcg_emit_const(e, t, c - 1));
    }
    return 0;
}

static TcgVal fold_and(TcgEmit *e, TcgInsn *in)
{
    TcgType t = (TcgType)in->type;
    TcgInsn *x = DEF(in->arg[0]);
    unsigned zb = e->zb[in->arg[0]];
    uint64_t c, d;

    if (in->arg[0] == in->arg[1]) { /* x & x = x */
        return in->arg[0];
    }
    if (!konst(e, in->arg[1], &c)) {
        if (DEF(in->arg[1])->op == TCG_OP_NOT) { /* x & ~y = andn x, y */
            in->op = TCG_OP_ANDN;
            in->arg[1] = DEF(in->arg[1])->arg[0];
            return again(e, in);
        }
        return 0;
    }
    if (c == 0) { /* x & 0 = 0 */
        return to_const(in, t, 0);
    }
    if (c == tcg_int_mask(t) || (zb < 64 && (c & ((1ull << zb) - 1)) == (1ull << zb) - 1)) { /* the mask changes nothing */
        return in->arg[0];
    }
    if (x->op == TCG_OP_AND && konst(e, x->arg[1], &d)) { /* (x & d) & c = x & (c & d) */
        TcgVal base = x->arg[0];

        return tcg_emit_op2(e, TCG_OP_AND, t, base, tcg_emit_const(e, t, c & d));
    }
    if (c == 0xff || c == 0xffff || c == 0xffffffff) {
        to_op1(in, TCG_OP_ZEXT, t, in->arg[0], c == 0xff ? 8 : c == 0xffff ? 16 : 32);
        return again(e, in);
    }
    return 0;
}

static TcgVal fold_or_xor(TcgEmit *e, TcgInsn *in)
{
    TcgType t = (TcgType)in->type;
    TcgInsn *x = DEF(in->arg[0]);
    bool is_or = in->op == TCG_OP_OR;
    uint64_t c, d;

    if (in->arg[0] == in->arg[1]) { /* x | x = x; x ^ x = 0 */
        return is_or ? in->arg[0] : to_const(in, t, 0);
    }
    if (!konst(e, in->arg[1], &c)) {
        return 0;
    }
    if (c == 0) {
        return in->arg[0];
    }
    if (c == tcg_int_mask(t)) { /* x | -1 = -1; x ^ -1 = ~x */
        if (is_or) {
            return to_const(in, t, c);
        }
        to_op1(in, TCG_OP_NOT, t, in->arg[0], 0);
        return again(e, in);
    }
    if (x->op == in->op && konst(e, x->arg[1], &d)) { /* (x op d) op c = x op (c op d) */
        TcgVal base = x->arg[0];

        return tcg_emit_op2(e, (TcgOp)in->op, t, base, tcg_emit_const(e, t, is_or ? c | d : c ^ d));
    }
    if (!is_or && c == 1 && x->op == TCG_OP_SETCOND) { /* setcond ^ 1 = setcond of the inverse */
        *in = *x;
        in->cond ^= 1;
    }
    return 0;
}

static TcgVal fold_andn(TcgEmit *e, TcgInsn *in)
{
    TcgType t = (TcgType)in->type;
    uint64_t c;

    if (in->arg[0] == in->arg[1]) { /* x & ~x = 0 */
        return to_const(in, t, 0);
    }
    if (konst(e, in->arg[1], &c)) { /* x & ~c = x & (~c) */
        return tcg_emit_op2(e, TCG_OP_AND, t, in->arg[0], tcg_emit_const(e, t, ~c));
    }
    if (konst(e, in->arg[0], &c)) {
        if (c == 0) {
            return to_const(in, t, 0);
        }
        if (c == tcg_int_mask(t)) { /* -1 & ~x = ~x */
            to_op1(in, TCG_OP_NOT, t, in->arg[1], 0);
            return again(e, in);
        }
    }
    return 0;
}

static TcgVal fold_shift(TcgEmit *e, TcgInsn *in)
{
    TcgType t = (TcgType)in->type;
    TcgInsn *x = DEF(in->arg[0]);
    unsigned width = tcg_int_bits(t), n;
    uint64_t c, d;

    if (konst(e, in->arg[0], &c) && (c == 0 || (c == tcg_int_mask(t) && in->op >= TCG_OP_SAR && in->op <= TCG_OP_ROR))) {
        return in->arg[0]; /* 0 stays 0; all ones rotate into themselves */
    }
    if (!konst(e, in->arg[1], &c)) {
        /* shift x, y & (width - 1) = shift x, y */
        TcgInsn *y = DEF(in->arg[1]);

        if (y->op == TCG_OP_AND && konst(e, y->arg[1], &d) && (d & (width - 1)) == width - 1) {
            in->arg[1] = y->arg[0];
        }
        return 0;
    }
    n = (unsigned)(c & (width - 1));
    if (n == 0) {
        return in->arg[0];
    }
    if (c != n) {
        in->arg[1] = tcg_emit_const(e, t, n);
        x = DEF(in->arg[0]);
    }
    if (x->op == in->op && in->op <= TCG_OP_SAR && konst(e, x->arg[1], &d)) { /* (x op d) op c = x op (c + d) */
        unsigned sum = n + (unsigned)d;
        TcgVal base = x->arg[0];

        if (sum >= width) {
            if (in->op != TCG_OP_SAR) {
                return to_const(in, t, 0);
            }
            sum = width - 1;
        }
        return tcg_emit_op2(e, (TcgOp)in->op, t, base, tcg_emit_const(e, t, sum));
    }
    if (in->op == TCG_OP_SHR && e->zb[in->arg[0]] <= n) { /* nothing is left */
        return to_const(in, t, 0);
    }
    if (x->op == TCG_OP_SHL && konst(e, x->arg[1], &d) && d == n && in->op != TCG_OP_SHL) {
        unsigned keep = width - n;

        if ((keep == 8 || keep == 16 || keep == 32) && (in->op == TCG_OP_SHR || in->op == TCG_OP_SAR)) {
            /* x << n >> n = extension from the low bits */
            to_op1(in, in->op == TCG_OP_SHR ? TCG_OP_ZEXT : TCG_OP_SEXT, t, x->arg[0], keep);
            return again(e, in);
        }
    }
    if (in->op == TCG_OP_SAR && e->zb[in->arg[0]] < width) { /* not negative */
        in->op = TCG_OP_SHR;
    }
    return 0;
}

static TcgVal fold_involution(TcgEmit *e, TcgInsn *in)
{
    TcgInsn *x = DEF(in->arg[0]);

    if (x->op == in->op) { /* op op x = x */
        return x->arg[0];
    }
    if (in->op == TCG_OP_NEG && x->op == TCG_OP_SUB) { /* -(x - y) = y - x */
        in->op = TCG_OP_SUB;
        in->arg[1] = x->arg[0];
        in->arg[0] = x->arg[1];
    }
    return 0;
}

/* Looks through what only changes bits that an extension from @bits drops. */
static TcgVal low_bits_of(TcgEmit *e, TcgVal v, unsigned bits)
{
    for (;;) {
        TcgInsn *x = DEF(v);
        uint64_t c, mask = bits >= 64 ? ~0ull : (1ull << bits) - 1;

        if ((x->op == TCG_OP_SEXT || x->op == TCG_OP_ZEXT) && x->imm >= bits) {
            v = x->arg[0];
        } else if (x->op == TCG_OP_AND && konst(e, x->arg[1], &c) && (c & mask) == mask) {
            v = x->arg[0];
        } else {
            return v;
        }
    }
}

static TcgVal fold_extend(TcgEmit *e, TcgInsn *in)
{
    unsigned bits = (unsigned)in->imm, width = tcg_int_bits((TcgType)in->type);
    const uint8_t *known = in->op == TCG_OP_SEXT ? e->sb : e->zb;

    if (bits >= width || known[in->arg[0]] <= bits) { /* is so already */
        return in->arg[0];
    }
    in->arg[0] = low_bits_of(e, in->arg[0], bits);
    if (known[in->arg[0]] <= bits) {
        return in->arg[0];
    }
    if (in->op == TCG_OP_SEXT && e->zb[in->arg[0]] < bits) { /* not negative */
        return in->arg[0];
    }
    return 0;
}

static TcgVal fold_widen(TcgEmit *e, TcgInsn *in)
{
    TcgInsn *x = DEF(in->arg[0]);

    if (x->op == TCG_OP_TRUNC) { /* widen(trunc x) = x, or an extension of it */
        to_op1(in, in->op == TCG_OP_EXTS ? TCG_OP_SEXT : TCG_OP_ZEXT, TCG_I64, x->arg[0], 32);
        return again(e, in);
    }
    if (in->op == TCG_OP_EXTS && e->zb[in->arg[0]] < 32) { /* not negative: the cheaper one */
        in->op = TCG_OP_EXTU;
    }
    return 0;
}

static TcgVal fold_trunc(TcgEmit *e, TcgInsn *in)
{
    TcgInsn *x = DEF(in->arg[0]);

    if (x->op == TCG_OP_EXTS || x->op == TCG_OP_EXTU) { /* trunc(widen x) = x */
        return x->arg[0];
    }
    in->arg[0] = low_bits_of(e, in->arg[0], 32); /* trunc of an extension that keeps the low half */
    x = DEF(in->arg[0]);
    if (x->op == TCG_OP_EXTS || x->op == TCG_OP_EXTU) {
        return x->arg[0];
    }
    return 0;
}

static TcgVal fold_extract(TcgEmit *e, TcgInsn *in)
{
    TcgType t = (TcgType)in->type;
    unsigned pos = in->imm & 0xff, len = in->imm >> 8 & 0xff, width = tcg_int_bits(t);

    if (pos + len > width || len == 0) { /* not valid; the verifier says so */
        return 0;
    }
    if (len == width) {
        return in->arg[0];
    }
    if (pos == 0) { /* low bits: a mask */
        return tcg_emit_op2(e, TCG_OP_AND, t, in->arg[0], tcg_emit_const(e, t, (1ull << len) - 1));
    }
    if (pos + len >= e->zb[in->arg[0]] || pos + len == width) { /* nothing above: a shift */
        return tcg_emit_op2(e, TCG_OP_SHR, t, in->arg[0], tcg_emit_const(e, t, pos));
    }
    return 0;
}

static TcgVal fold_deposit(TcgEmit *e, TcgInsn *in)
{
    unsigned len = in->imm >> 8 & 0xff;

    if (len == tcg_int_bits((TcgType)in->type)) { /* all of it */
        return in->arg[1];
    }
    in->arg[1] = low_bits_of(e, in->arg[1], len);
    return 0;
}

static TcgVal fold_halves(TcgEmit *e, TcgInsn *in)
{
    TcgInsn *x = DEF(in->arg[0]);

    return x->op == TCG_OP_MAKE128 ? x->arg[in->op == TCG_OP_HI128] : 0;
}

static TcgVal fold_bitcast(TcgEmit *e, TcgInsn *in)
{
    TcgInsn *x = DEF(in->arg[0]);

    if (x->op == TCG_OP_BITCAST) { /* only the first and last type matter */
        in->arg[0] = x->arg[0];
        in->aux = x->aux;
        x = DEF(in->arg[0]);
    }
    if ((TcgType)in->aux == (TcgType)in->type) {
        return in->arg[0];
    }
    if (x->op == TCG_OP_CONST && tcg_type_bytes((TcgType)in->type) <= 8) {
        return to_const(in, (TcgType)in->type, x->imm);
    }
    return 0;
}

static TcgVal fold_box(TcgEmit *e, TcgInsn *in)
{
    TcgInsn *x = DEF(in->arg[0]);
    uint64_t c;

    if (in->op == TCG_OP_UNBOX32 && x->op == TCG_OP_BOX32) { /* unbox(box x) = x */
        return x->arg[0];
    }
    if (konst(e, in->arg[0], &c)) {
        if (in->op == TCG_OP_BOX32) {
            return to_const(in, TCG_I64, c | 0xffffffff00000000ull);
        }
        return to_const(in, TCG_F32, c >> 32 == 0xffffffff ? (uint32_t)c : 0x7fc00000);
    }
    return 0;
}

static TcgVal fold_memory(TcgEmit *e, TcgInsn *in)
{
    TcgInsn *x = DEF(in->arg[0]);
    uint64_t c;

    if (x->op == TCG_OP_ADD && konst(e, x->arg[1], &c)) { /* [x + c + disp] = [x + (c + disp)] */
        int64_t disp = (int64_t)(in->imm + c);

        if (disp == (int32_t)disp) {
            in->arg[0] = x->arg[0];
            in->imm = (uint64_t)disp;
        }
    }
    if (in->op == TCG_OP_ST && tcg_type_is_int((TcgType)in->type)) { /* only the low bits are stored */
        unsigned bits = 8 * tcg_mem_bytes(in->aux);

        in->arg[1] = low_bits_of(e, in->arg[1], bits);
        x = DEF(in->arg[1]);
        if (bits <= 32 && (x->op == TCG_OP_EXTS || x->op == TCG_OP_EXTU)) {
            in->type = TCG_I32;
            in->arg[1] = low_bits_of(e, x->arg[0], bits);
        }
    }
    return 0;
}

static TcgVal fold_setcond(TcgEmit *e, TcgInsn *in)
{
    TcgCompare c = {(TcgType)in->aux, (TcgCond)in->cond, in->arg[0], in->arg[1]};
    int known = tcg_fold_compare(e, &c);
    uint64_t k;

    if (known >= 0) {
        return to_const(in, TCG_I64, (uint64_t)known);
    }
    if (c.type == TCG_I64 && c.cond == TCG_COND_NE && e->zb[c.a] == 1 && konst(e, c.b, &k) && k == 0) {
        return c.a; /* (0 or 1) != 0 is itself */
    }
    in->aux = c.type;
    in->cond = (uint8_t)c.cond;
    in->arg[0] = c.a;
    in->arg[1] = c.b;
    return 0;
}

static TcgVal fold_select(TcgEmit *e, TcgInsn *in)
{
    TcgCompare c = {(TcgType)in->aux, (TcgCond)in->cond, in->arg[0], in->arg[1]};
    int known = tcg_fold_compare(e, &c);
    uint64_t yes, no;

    if (known >= 0) {
        return in->arg[known ? 2 : 3];
    }
    if (in->arg[2] == in->arg[3]) {
        return in->arg[2];
    }
    in->aux = c.type;
    in->cond = (uint8_t)c.cond;
    in->arg[0] = c.a;
    in->arg[1] = c.b;
    if (in->type == TCG_I64 && konst(e, in->arg[2], &yes) && konst(e, in->arg[3], &no) && (yes ^ no) == 1 && yes + no == 1) {
        in->op = TCG_OP_SETCOND; /* cond ? 1 : 0 */
        in->cond ^= no == 1;
        in->arg[2] = in->arg[3] = TCG_NONE;
    }
    return 0;
}

static TcgVal fold_flagtest(TcgEmit *e, TcgInsn *in)
{
    TcgCompare c;

    if (tcg_fold_flagtest(e, in->arg[0], (TcgFlagCond)in->cond, &c)) {
        *in = (TcgInsn){.op = TCG_OP_SETCOND, .type = TCG_I64, .cond = (uint8_t)c.cond, .arg = {c.a, c.b}, .aux = c.type};
        return again(e, in);
    }
    return 0;
}

static TcgVal fold_flagpack(TcgEmit *e, TcgInsn *in) { return tcg_fold_flagpack(e, in); }

/* Conditional branches and exits keep their kind; what they test gets simpler. */
static TcgVal fold_branch(TcgEmit *e, TcgInsn *in)
{
    bool exit = in->op == TCG_OP_EXIT_IF || in->op == TCG_OP_EXIT_FLAGS;
    TcgCompare c = {(TcgType)in->type, (TcgCond)in->cond, in->arg[0], in->arg[1]};

    if (in->op == TCG_OP_BRFLAGS || in->op == TCG_OP_EXIT_FLAGS) {
        if (!tcg_fold_flagtest(e, in->arg[0], (TcgFlagCond)in->cond, &c)) {
            return 0;
        }
    }
    if (tcg_fold_compare(e, &c) >= 0) {
        e->known_branch = true; /* tcg_pass_fold() changes the graph */
        return 0;
    }
    in->op = exit ? TCG_OP_EXIT_IF : TCG_OP_BRCOND;
    in->type = (uint8_t)c.type;
    in->cond = (uint8_t)c.cond;
    in->arg[0] = c.a;
    in->arg[1] = c.b;
    return 0;
}

static TcgVal fold_vector(TcgEmit *e, TcgInsn *in)
{
    switch (in->op) {
    case TCG_OP_VAND:
    case TCG_OP_VOR:
    case TCG_OP_VMINS:
    case TCG_OP_VMAXS:
    case TCG_OP_VMINU:
    case TCG_OP_VMAXU: /* x op x = x */
        return in->arg[0] == in->arg[1] ? in->arg[0] : 0;
    case TCG_OP_VXOR:
    case TCG_OP_VSUB:
    case TCG_OP_VANDN: /* x op x = 0 */
        return in->arg[0] == in->arg[1] ? to_const(in, (TcgType)in->type, 0) : 0;
    default: /* shift by 0 */
        return in->imm == 0 ? in->arg[0] : 0;
    }
}

static TcgVal fold_copy(TcgEmit *e, TcgInsn *in) { return in->arg[0]; }

typedef TcgVal FoldFn(TcgEmit *e, TcgInsn *in);
static FoldFn *const fold_fns[TCG_OP_COUNT] = {
    [TCG_OP_COPY] = fold_copy,
    [TCG_OP_ADD] = fold_add,         [TCG_OP_SUB] = fold_sub,         [TCG_OP_MUL] = fold_mul,
    [TCG_OP_DIVS] = fold_div,        [TCG_OP_DIVU] = fold_div,        [TCG_OP_REMS] = fold_div,
    [TCG_OP_REMU] = fold_div,        [TCG_OP_NEG] = fold_involution,  [TCG_OP_NOT] = fold_involution,
    [TCG_OP_AND] = fold_and,         [TCG_OP_OR] = fold_or_xor,       [TCG_OP_XOR] = fold_or_xor,
    [TCG_OP_ANDN] = fold_andn,       [TCG_OP_SHL] = fold_shift,       [TCG_OP_SHR] = fold_shift,
    [TCG_OP_SAR] = fold_shift,       [TCG_OP_ROL] = fold_shift,       [TCG_OP_ROR] = fold_shift,
    [TCG_OP_BSWAP] = fold_involution, [TCG_OP_SEXT] = fold_extend,    [TCG_OP_ZEXT] = fold_extend,
    [TCG_OP_EXTS] = fold_widen,      [TCG_OP_EXTU] = fold_widen,      [TCG_OP_TRUNC] = fold_trunc,
    [TCG_OP_EXTRACT] = fold_extract, [TCG_OP_DEPOSIT] = fold_deposit, [TCG_OP_SETCOND] = fold_setcond,
    [TCG_OP_SELECT] = fold_select,   [TCG_OP_LO128] = fold_halves,    [TCG_OP_HI128] = fold_halves,
    [TCG_OP_FLAGPACK] = fold_flagpack,
    [TCG_OP_FLAGTEST] = fold_flagtest, [TCG_OP_BITCAST] = fold_bitcast,
    [TCG_OP_BOX32] = fold_box,       [TCG_OP_UNBOX32] = fold_box,     [TCG_OP_LD] = fold_memory,
    [TCG_OP_ST] = fold_memory,       [TCG_OP_BRCOND] = fold_branch,   [TCG_OP_BRFLAGS] = fold_branch,
    [TCG_OP_EXIT_IF] = fold_branch,  [TCG_OP_EXIT_FLAGS] = fold_branch, [TCG_OP_VAND] = fold_vector,
    [TCG_OP_VOR] = fold_vector,      [TCG_OP_VXOR] = fold_vector,     [TCG_OP_VSUB] = fold_vector,
    [TCG_OP_VANDN] = fold_vector,    [TCG_OP_VMINS] = fold_vector,    [TCG_OP_VMAXS] = fold_vector,
    [TCG_OP_VMINU] = fold_vector,    [TCG_OP_VMAXU] = fold_vector,    [TCG_OP_VSHLI] = fold_vector,
    [TCG_OP_VSHRI] = fold_vector,    [TCG_OP_VSARI] = fold_vector,
};

static bool commutes(unsigned op)
{
    switch (op) {
    case TCG_OP_ADD:
    case TCG_OP_MUL:
    case TCG_OP_MULHU:
    case TCG_OP_MULHS:
    case TCG_OP_AND:
    case TCG_OP_OR:
    case TCG_OP_XOR:
        return true;
    default:
        return false;
    }
}

TcgVal tcg_fold(TcgEmit *e, TcgInsn *in)
{
    FoldFn *fn;
    TcgVal v;

    if (in->op >= TCG_OP_ADD && in->op <= TCG_OP_DEPOSIT) {
        if (DEF(in->arg[0])->op == TCG_OP_CONST) {
            if (fold_constants(e, in, &v)) {
                return v;
            }
            if (commutes(in->op)) {
                TcgVal x = in->arg[0];

                in->arg[0] = in->arg[1];
                in->arg[1] = x;
            }
        }
    }
    fn = fold_fns[in->op];
    return fn ? fn(e, in) : 0;
}

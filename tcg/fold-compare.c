/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fold rules of compares, shared by SETCOND, SELECT, conditional branches and exits; and flags turned into compares.
 */
#include "internal.h"

#include "tcg/reference.h"

#define DEF(v) (&e->r->insns[v])

static bool is_unsigned(TcgCond c) { return c >= TCG_COND_LTU; }

/* What the known bits of both sides decide. */
static int compare_by_range(const TcgEmit *e, const TcgCompare *c, uint64_t k)
{
    unsigned width = tcg_int_bits(c->type), zb = e->zb[c->a];

    if (zb < width && zb < 64 && k >> zb) { /* a < 2^zb <= k as unsigned numbers */
        bool k_negative = k >> (width - 1) & 1; /* a is not negative */

        switch (c->cond) {
        case TCG_COND_EQ:
        case TCG_COND_GEU:
        case TCG_COND_GTU:
            return 0;
        case TCG_COND_NE:
        case TCG_COND_LTU:
        case TCG_COND_LEU:
            return 1;
        case TCG_COND_LT:
        case TCG_COND_LE:
            return k_negative ? 0 : 1;
        default:
            return k_negative ? 1 : 0;
        }
    }
    if (k == 0 && zb < width) {
        if (c->cond == TCG_COND_LT) {
            return 0;
        }
        if (c->cond == TCG_COND_GE) {
            return 1;
        }
    }
    return -1;
}

static int compare_same(TcgCond cond)
{
    switch (cond) {
    case TCG_COND_EQ:
    case TCG_COND_GE:
    case TCG_COND_LE:
    case TCG_COND_GEU:
    case TCG_COND_LEU:
        return 1;
    default:
        return 0;
    }
}

/* Unsigned compares with 0 and 1, which can only be one of true, false, ==, !=. -2: unchanged. */
static int compare_edge(TcgEmit *e, TcgCompare *c, uint64_t k)
{
    TcgCond cond = c->cond;

    if (k == 0) {
        if (cond == TCG_COND_LTU || cond == TCG_COND_GEU) {
            return cond == TCG_COND_GEU;
        }
        if (cond == TCG_COND_LEU || cond == TCG_COND_GTU) { /* x <= 0: x == 0 */
            c->cond = cond == TCG_COND_LEU ? TCG_COND_EQ : TCG_COND_NE;
        }
    } else if (k == 1 && (cond == TCG_COND_LTU || cond == TCG_COND_GEU)) { /* x < 1: x == 0 */
        c->cond = cond == TCG_COND_LTU ? TCG_COND_EQ : TCG_COND_NE;
        c->b = tcg_emit_const(e, c->type, 0);
    } else if (k == tcg_int_mask(c->type) && (cond == TCG_COND_LEU || cond == TCG_COND_GTU)) {
        return cond == TCG_COND_LEU;
    }
    return -2;
}

/* x == 0 and x != 0 where x is a difference or a condition. True: changed. */
static bool compare_zero(TcgEmit *e, TcgCompare *c)
{
    const TcgInsn *x = DEF(c->a);

    if (c->cond != TCG_COND_EQ && c->cond != TCG_COND_NE) {
        return false;
    }
    if (x->op == TCG_OP_SETCOND) {
        *c = (TcgCompare){(TcgType)x->aux, c->cond == TCG_COND_NE ? (TcgCond)x->cond : tcg_cond_invert((TcgCond)x->cond), x->arg[0],
                          x->arg[1]};
        return true;
    }
    if (x->op == TCG_OP_SUB || x->op == TCG_OP_XOR) {
        c->b = x->arg[1];
        c->a = x->arg[0];
        return true;
    }
    if (x->op == TCG_OP_NEG || x->op == TCG_OP_BSWAP) {
        c->a = x->arg[0];
        return true;
    }
    return false;
}

/* Both sides widened from i32 the same way (or one is a constant that is): compare in i32. */
static bool compare_narrow(TcgEmit *e, TcgCompare *c)
{
    const TcgInsn *x = DEF(c->a), *y = DEF(c->b);
    bool sign = x->op == TCG_OP_EXTS;
    TcgVal inner = x->arg[0];

    if (c->type != TCG_I64 || (x->op != TCG_OP_EXTS && x->op != TCG_OP_EXTU)) {
        return false;
    }
    if (!sign && !is_unsigned(c->cond) && c->cond > TCG_COND_NE) {
        if (e->zb[c->a] >= 32) {
            return false; /* zero-extended but compared signed */
        }
        if (y->op == TCG_OP_CONST && y->imm >= 0x80000000u) {
            return false;
        }
    }
    if (y->op == TCG_OP_CONST) {
        if (sign ? (int64_t)y->imm != (int32_t)y->imm : y->imm != (uint32_t)y->imm) {
            return false;
        }
        *c = (TcgCompare){TCG_I32, c->cond, inner, tcg_emit_const(e, TCG_I32, y->imm)};
        return true;
    }
    if (y->op != x->op || (!sign && !is_unsigned(c->cond) && c->cond > TCG_COND_NE && e->zb[c->b] >= 32)) {
        return false;
    }
    *c = (TcgCompare){TCG_I32, c->cond, inner, y->arg[0]};
    return true;
}

/* Both sides shifted up alike with nothing lost (8- and 16-bit operations of frontends): compared as they were. */
static bool compare_shifted(TcgEmit *e, TcgCompare *c)
{
    const TcgInsn *x = DEF(c->a), *y = DEF(c->b);
    unsigned width = tcg_int_bits(c->type);
    uint64_t up, up2;

    if ((c->cond > TCG_COND_NE && !is_unsigned(c->cond)) || x->op != TCG_OP_SHL || !tcg_emit_is_const(e, x->arg[1], &up) ||
        up >= width || e->zb[x->arg[0]] + up > width) {
        return false;
    }
    TcgVal low = x->arg[0];
    if (y->op == TCG_OP_CONST && !(y->imm & ((1ull << up) - 1))) {
        *c = (TcgCompare){c->type, c->cond, low, tcg_emit_const(e, c->type, y->imm >> up)};
        return true;
    }
    if (y->op == TCG_OP_SHL && tcg_emit_is_const(e, y->arg[1], &up2) && up2 == up && e->zb[y->arg[0]] + up <= width) {
        c->a = low;
        c->b = y->arg[0];
        return true;
    }
    return false;
}

int tcg_fold_compare(TcgEmit *e, TcgCompare *c)
{
    if (!tcg_type_is_int(c->type)) {
        return -1;
    }
    for (unsigned round = 0; round < 8; round++) {
        uint64_t k, a;
        int known;

        if (c->a == c->b) {
            return compare_same(c->cond);
        }
        if (tcg_emit_is_const(e, c->a, &a)) {
            TcgVal v = c->a;

            if (tcg_emit_is_const(e, c->b, &k)) {
                return tcg_ref_cond(c->cond, c->type, a, k);
            }
            c->a = c->b;
            c->b = v;
            c->cond = tcg_cond_swap(c->cond);
        }
        if (tcg_emit_is_const(e, c->b, &k)) {
            known = compare_by_range(e, c, k);
            if (known >= 0) {
                return known;
            }
            known = compare_edge(e, c, k);
            if (known >= 0) {
                return known;
            }
            if (tcg_emit_is_const(e, c->b, &k) && k == 0 && compare_zero(e, c)) {
                continue;
            }
        }
        if (!compare_narrow(e, c) && !compare_shifted(e, c)) {
            break;
        }
    }
    return -1;
}

/* A subtraction's condition compares its operands; a logical operation's compares the result with 0. */
bool tcg_fold_flagtest(TcgEmit *e, TcgVal flags, TcgFlagCond fc, TcgCompare *c)
{
    static const int8_t sub_cond[16] = {
        [TCG_FC_O] = -1,           [TCG_FC_NO] = -1,          [TCG_FC_B] = TCG_COND_LTU, [TCG_FC_AE] = TCG_COND_GEU,
        [TCG_FC_E] = TCG_COND_EQ,  [TCG_FC_NE] = TCG_COND_NE, [TCG_FC_BE] = TCG_COND_LEU, [TCG_FC_A] = TCG_COND_GTU,
        [TCG_FC_S] = -1,           [TCG_FC_NS] = -1,          [TCG_FC_P] = -1,           [TCG_FC_NP] = -1,
        [TCG_FC_L] = TCG_COND_LT,  [TCG_FC_GE] = TCG_COND_GE, [TCG_FC_LE] = TCG_COND_LE, [TCG_FC_G] = TCG_COND_GT,
    };
    static const int8_t logic_cond[16] = {
        [TCG_FC_O] = -1,          [TCG_FC_NO] = -1,          [TCG_FC_B] = -1,           [TCG_FC_AE] = -1,
        [TCG_FC_E] = TCG_COND_EQ, [TCG_FC_NE] = TCG_COND_NE, [TCG_FC_BE] = TCG_COND_EQ, [TCG_FC_A] = TCG_COND_NE,
        [TCG_FC_S] = TCG_COND_LT, [TCG_FC_NS] = TCG_COND_GE, [TCG_FC_P] = -1,           [TCG_FC_NP] = -1,
        [TCG_FC_L] = TCG_COND_LT, [TCG_FC_GE] = TCG_COND_GE, [TCG_FC_LE] = TCG_COND_LE, [TCG_FC_G] = TCG_COND_GT,
    };
    const TcgInsn *f = DEF(flags);
    TcgFlagsKind kind = (TcgFlagsKind)(f->aux & 0xff);
    TcgType type = (TcgType)f->sub;
    TcgVal a = f->arg[0], b = f->arg[1];
    int cond;

    if (f->op != TCG_OP_FLAGS || (kind != TCG_FK_SUB && kind != TCG_FK_LOGIC)) {
        return tcg_fold_flags_of(e, flags, fc, c);
    }
    cond = kind == TCG_FK_SUB ? sub_cond[fc & 15] : logic_cond[fc & 15];
    if (cond < 0) {
        return tcg_fold_flags_of(e, flags, fc, c);
    }
    *c = (TcgCompare){type, (TcgCond)cond, a, kind == TCG_FK_SUB ? b : tcg_emit_const(e, type, 0)};
    return true;
}

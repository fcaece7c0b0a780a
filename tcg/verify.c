/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verifier: what every pass may rely on. Types of operands, definition before use in linear order and by dominance
 * (a value is used only where every path comes through its definition), block structure, phis, exits and exit maps.
 * Slow on purpose (dominators by plain iteration on bit sets); runs in tests and in checking runs only.
 */
#include "internal.h"
#include "tcg/hostvec.h"

#include <stdlib.h>
#include <string.h>

typedef struct Verify {
    const TcgRegion *r;
    Error **errp;
    uint32_t words;
    uint64_t *dom;       /* [block][words]: blocks that dominate it */
    uint32_t *block_of;  /* by value */
    uint32_t block;
    TcgVal at;
} Verify;

static bool G_GNUC_PRINTF(2, 3) fail(const Verify *v, const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    error_setg(v->errp, "block %u, v%u (%s): %s", v->block, v->at,
               v->r->insns[v->at].op < TCG_OP_COUNT ? tcg_op_info[v->r->insns[v->at].op].name : "?", text);
    return false;
}

static void compute_dominators(Verify *v)
{
    const TcgRegion *r = v->r;
    bool changed = true;
    g_autofree uint64_t *set = g_new(uint64_t, v->words);

    memset(v->dom, 0xff, (size_t)r->block_count * v->words * 8);
    memset(v->dom, 0, v->words * 8);
    v->dom[0] = 1;
    while (changed) {
        changed = false;
        for (uint32_t b = 1; b < r->block_count; b++) {
            const TcgBlock *block = &r->blocks[b];
            uint64_t *mine = v->dom + (size_t)b * v->words;

            memset(set, 0xff, v->words * 8);
            for (unsigned k = 0; k < block->pred_count; k++) {
                const uint64_t *p = v->dom + (size_t)r->preds[block->pred_first + k] * v->words;

                for (uint32_t w = 0; w < v->words; w++) {
                    set[w] &= p[w];
                }
            }
            set[b / 64] |= 1ull << (b % 64);
            if (memcmp(set, mine, v->words * 8) != 0) {
                memcpy(mine, set, v->words * 8);
                changed = true;
            }
        }
    }
}

/* @val is defined on every path to position @at of block @block. */
static bool reaches(const Verify *v, TcgVal val, uint32_t block, TcgVal at)
{
    uint32_t home;

    if (val >= v->r->insn_count || v->block_of[val] == UINT32_MAX) {
        return false;
    }
    home = v->block_of[val];
    if (home == block) {
        return val < at;
    }
    return v->dom[(size_t)block * v->words + home / 64] >> (home % 64) & 1;
}

static bool check_use(const Verify *v, TcgVal val, TcgType want, const char *what)
{
    TcgType have;

    if (val >= v->at || !reaches(v, val, v->block, v->at)) {
        return fail(v, "%s v%u is not defined here", what, val);
    }
    have = tcg_value_type(v->r, val);
    if (have != want) {
        return fail(v, "%s v%u is %s, wants %s", what, val, tcg_type_name(have), tcg_type_name(want));
    }
    return true;
}

static bool check_phi(const Verify *v, const TcgInsn *in)
{
    const TcgRegion *r = v->r;
    const TcgBlock *block = &r->blocks[v->block];

    if (v->at > block->first && r->insns[v->at - 1].op != TCG_OP_PHI && r->insns[v->at - 1].op != TCG_OP_NOP) {
        return fail(v, "phi is not at the start of its block");
    }
    if ((uint64_t)in->aux + block->pred_count > r->phi_arg_count) {
        return fail(v, "phi operands out of range");
    }
    for (unsigned k = 0; k < block->pred_count; k++) {
        TcgVal arg = r->phi_args[in->aux + k];
        uint32_t pred = r->preds[block->pred_first + k];

        if (!reaches(v, arg, pred, UINT32_MAX)) {
            return fail(v, "operand v%u is not defined at the end of block %u", arg, pred);
        }
        if (tcg_value_type(r, arg) != (TcgType)in->type) {
            return fail(v, "operand v%u is %s", arg, tcg_type_name(tcg_value_type(r, arg)));
        }
    }
    return true;
}

static bool check_map(const Verify *v, const TcgInsn *in)
{
    const TcgRegion *r = v->r;
    const TcgMap *m;

    if (in->map == 0) {
        return true;
    }
    if (in->map >= r->map_count) {
        return fail(v, "map %u is out of range", in->map);
    }
    m = &r->maps[in->map];
    for (uint32_t i = 0; i < m->count; i++) {
        const TcgMapEntry *e = &r->map_entries[m->first + i];

        if (e->slot >= r->slot_count) {
            return fail(v, "map names slot %u of %u", e->slot, r->slot_count);
        }
        if (!check_use(v, e->val, (TcgType)e->type, "map entry")) {
            return false;
        }
        if (tcg_type_bytes((TcgType)e->type) != tcg_type_bytes(r->slots[e->slot].type)) {
            return fail(v, "map entry for %s has the wrong width", r->slots[e->slot].name);
        }
    }
    return true;
}

static bool check_slot(const Verify *v, const TcgInsn *in)
{
    if (in->aux >= v->r->slot_count) {
        return fail(v, "slot %u of %u", in->aux, v->r->slot_count);
    }
    if (tcg_type_bytes((TcgType)in->type) != tcg_type_bytes(v->r->slots[in->aux].type)) {
        return fail(v, "%s is %s, not %s", v->r->slots[in->aux].name, tcg_type_name(v->r->slots[in->aux].type),
                    tcg_type_name((TcgType)in->type));
    }
    return true;
}

static bool check_type(const Verify *v, const TcgInsn *in)
{
    TcgType t = (TcgType)in->type;
    uint32_t len = in->imm >> 8 & 0xff;

    if (in->type >= TCG_TYPE_COUNT) {
        return fail(v, "type %u", in->type);
    }
    if (((in->op >= TCG_OP_ADD && in->op <= TCG_OP_ZEXT) || in->op == TCG_OP_EXTRACT || in->op == TCG_OP_DEPOSIT) && !tcg_type_is_int(t)) {
        return fail(v, "type %s of an integer operation", tcg_type_name(t));
    }
    if ((in->op == TCG_OP_SEXT || in->op == TCG_OP_ZEXT) && in->imm != 8 && in->imm != 16 && in->imm != 32) {
        return fail(v, "extension from %u bits", (unsigned)in->imm);
    }
    if ((in->op == TCG_OP_EXTRACT || in->op == TCG_OP_DEPOSIT) && (!len || (in->imm & 0xff) + len > tcg_int_bits(t))) {
        return fail(v, "field is outside of the value");
    }
    if (in->op >= TCG_OP_FADD && in->op <= TCG_OP_FMAX && !tcg_type_is_fp(t)) {
        return fail(v, "type %s of a floating-point operation", tcg_type_name(t));
    }
    if (in->op >= TCG_OP_VDUP && in->op < TCG_OP_HOSTVEC && in->op != TCG_OP_VEXTRACT && !tcg_type_is_vec(t)) {
        return fail(v, "type %s of a vector operation", tcg_type_name(t));
    }
    if (in->op >= TCG_OP_HOSTVEC && in->op <= TCG_OP_HOSTVECX) {
        if (in->aux >= TCG_HV_COUNT || tcg_hostvec_op((TcgHostVec)in->aux) != in->op) {
            return fail(v, "instruction %u is not for this operation", in->aux);
        }
        if (t != (in->op == TCG_OP_HOSTVECG ? TCG_I64 : TCG_V128)) {
            return fail(v, "type %s of %s", tcg_type_name(t), tcg_hostvec[in->aux].name);
        }
    }
    if (in->op == TCG_OP_BITCAST && tcg_type_bytes(t) != tcg_type_bytes((TcgType)(in->aux & 0xff))) {
        return fail(v, "bitcast from %s to %s", tcg_type_name((TcgType)(in->aux & 0xff)), tcg_type_name(t));
    }
    return true;
}

static bool check_insn(Verify *v)
{
    const TcgRegion *r = v->r;
    const TcgInsn *in = &r->insns[v->at];
    const TcgBlock *block = &r->blocks[v->block];
    uint32_t effects;
    unsigned n;

    if (in->op >= TCG_OP_COUNT) {
        return fail(v, "operation %u", in->op);
    }
    effects = tcg_op_info[in->op].effects;
    if (in->op == TCG_OP_CALL && in->aux >= r->helper_count) {
        return fail(v, "helper %u of %u", in->aux, r->helper_count);
    }
    if (effects & TCG_EFF_EXIT && in->aux >= r->exit_count) {
        return fail(v, "exit %u of %u", in->aux, r->exit_count);
    }
    if (effects & (TCG_EFF_TERM | TCG_EFF_ENDBLOCK) && v->at + 1 != block->end) {
        return fail(v, "is not the last of its block");
    }
    if ((in->op == TCG_OP_BR || effects & TCG_EFF_ENDBLOCK) && in->aux >= r->block_count) {
        return fail(v, "block %u of %u", in->aux, r->block_count);
    }
    if (r->guest_count && in->guest >= r->guest_count) {
        return fail(v, "guest instruction %u of %u", in->guest, r->guest_count);
    }
    n = tcg_operand_count(r, in);
    for (unsigned k = 0; k < n; k++) {
        if ((in->op == TCG_OP_FLAGS || in->op == TCG_OP_PUTF) && k > 0 && in->arg[k] == TCG_NONE) {
            continue;
        }
        if (!check_use(v, in->arg[k], tcg_operand_type(r, in, k), "operand")) {
            return false;
        }
    }
    if (in->op == TCG_OP_PHI && !check_phi(v, in)) {
        return false;
    }
    if ((in->op == TCG_OP_GET || in->op == TCG_OP_PUT || in->op == TCG_OP_PUTF) && !check_slot(v, in)) {
        return false;
    }
    if (in->map && !tcg_insn_leaves(r, in)) {
        return fail(v, "has a map but never leaves");
    }
    return check_type(v, in) && check_map(v, in);
}

static bool check_graph(Verify *v)
{
    const TcgRegion *r = v->r;
    uint32_t total = 0;

    for (uint32_t b = 0; b < r->block_count; b++) {
        const TcgBlock *block = &r->blocks[b];
        const TcgInsn *last = block->end > block->first ? &r->insns[block->end - 1] : NULL;
        uint32_t succ[2];
        unsigned n;

        v->block = b;
        v->at = last ? block->end - 1 : 0;
        if (block->first > block->end || block->end > r->insn_count || (b && block->first < r->blocks[b - 1].end)) {
            return fail(v, "block is out of order");
        }
        if (b + 1 == r->block_count && (!last || !(tcg_op_info[last->op].effects & TCG_EFF_TERM))) {
            return fail(v, "falls out of the region");
        }
        n = tcg_block_succs(r, b, succ);
        total += n;
        for (unsigned k = 0; k < n; k++) {
            bool found = false;

            if (succ[k] == 0 || succ[k] >= r->block_count) {
                return fail(v, "branches to block %u", succ[k]);
            }
            for (unsigned i = 0; i < r->blocks[succ[k]].pred_count; i++) {
                found |= r->preds[r->blocks[succ[k]].pred_first + i] == b;
            }
            if (!found) {
                return fail(v, "is not among the predecessors of block %u", succ[k]);
            }
        }
        if (b && block->pred_count == 0) {
            return fail(v, "block is never reached");
        }
        for (TcgVal i = block->first; i < block->end; i++) {
            v->block_of[i] = b;
        }
    }
    if (total != r->pred_count) {
        v->at = 0;
        return fail(v, "%u edges, %u predecessors", total, r->pred_count);
    }
    return true;
}

bool tcg_verify(const TcgRegion *r, Error **errp)
{
    Verify v = {.r = r, .errp = errp, .words = (r->block_count + 63) / 64};
    bool ok;

    if (r->block_count == 0) {
        error_setg(errp, "the region has no blocks");
        return false;
    }
    v.dom = g_new(uint64_t, (size_t)r->block_count * v.words);
    v.block_of = g_new(uint32_t, r->insn_count);
    memset(v.block_of, 0xff, r->insn_count * sizeof(uint32_t));
    ok = check_graph(&v);
    if (ok) {
        compute_dominators(&v);
    }
    for (uint32_t b = 0; ok && b < r->block_count; b++) {
        v.block = b;
        for (v.at = r->blocks[b].first; ok && v.at < r->blocks[b].end; v.at++) {
            ok = check_insn(&v);
        }
    }
    g_free(v.dom);
    g_free(v.block_of);
    return ok;
}

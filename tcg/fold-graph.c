/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Folding that changes the graph, after promotion has folded everything else on the way: branches and exits whose
 * condition turned out to be known, and phis that stand for one value. Most regions have neither; then this costs a look at
 * the phis.
 */
#include "internal.h"

static void to_nop(TcgInsn *in) { *in = (TcgInsn){.op = TCG_OP_NOP, .guest = in->guest}; }

/* Returns whether an edge or code went away. */
static bool fold_block_branches(TcgRegion *r, TcgBlock *block)
{
    TcgEmit *e = &tcg_full(r)->emit;

    for (TcgVal v = block->first; v < block->end; v++) {
        TcgInsn *in = &r->insns[v];
        TcgCompare c = {(TcgType)in->type, (TcgCond)in->cond, in->arg[0], in->arg[1]};
        int known;

        if (in->op != TCG_OP_BRCOND && in->op != TCG_OP_EXIT_IF) {
            continue;
        }
        known = tcg_fold_compare(e, &c); /* may append constants behind the last block: dead code */
        in = &r->insns[v];
        if (known < 0) {
            continue;
        }
        if (known == 0) {
            to_nop(in);
            if (v + 1 == block->end) {
                return true;
            }
            continue;
        }
        *in = (TcgInsn){.op = in->op == TCG_OP_BRCOND ? TCG_OP_BR : TCG_OP_EXIT, .guest = in->guest, .aux = in->aux, .map = in->map};
        for (TcgVal rest = v + 1; rest < block->end; rest++) {
            to_nop(&r->insns[rest]);
        }
        block->end = v + 1;
        return true;
    }
    return false;
}

static bool fold_branches(TcgRegion *r)
{
    bool changed = false;

    for (uint32_t b = 0; b < r->block_count; b++) {
        changed |= fold_block_branches(r, &r->blocks[b]);
    }
    if (changed) {
        tcg_region_recfg(r);
    }
    return changed;
}

static TcgVal resolve(TcgVal *remap, TcgVal v)
{
    while (remap && remap[v] != v) {
        remap[v] = remap[remap[v]];
        v = remap[v];
    }
    return v;
}

/*
 * The one value a phi stands for, or TCG_NONE. Definitions stay before uses in linear order: where a block is reached along
 * backward edges only, its phis have to stay.
 */
static TcgVal phi_single(const TcgRegion *r, const TcgBlock *block, TcgVal phi, TcgVal *remap)
{
    TcgVal one = TCG_NONE;

    for (unsigned k = 0; k < block->pred_count; k++) {
        TcgVal v = resolve(remap, r->phi_args[r->insns[phi].aux + k]);

        if (v != phi && v != one) {
            if (one) {
                return TCG_NONE;
            }
            one = v;
        }
    }
    return one < phi ? one : TCG_NONE;
}

static void apply(TcgRegion *r, const TcgVal *remap)
{
    for (uint32_t b = 0; b < r->block_count; b++) {
        for (TcgVal v = r->blocks[b].first; v < r->blocks[b].end; v++) {
            for (unsigned k = 0; k < 4; k++) {
                r->insns[v].arg[k] = remap[r->insns[v].arg[k]];
            }
        }
    }
    for (uint32_t i = 0; i < r->phi_arg_count; i++) {
        r->phi_args[i] = remap[r->phi_args[i]];
    }
    for (uint32_t i = 0; i < r->map_entry_count; i++) {
        r->map_entries[i].val = remap[r->map_entries[i].val];
    }
}

/* Replaces phis that stand for one value; one may make another one such. */
static void fold_phis(TcgRegion *r)
{
    TcgVal *remap = NULL;
    bool changed = true;

    while (changed) {
        changed = false;
        for (uint32_t b = 1; b < r->block_count; b++) {
            const TcgBlock *block = &r->blocks[b];

            for (TcgVal v = block->first; v < block->end && (r->insns[v].op == TCG_OP_PHI || r->insns[v].op == TCG_OP_NOP); v++) {
                TcgVal one = r->insns[v].op == TCG_OP_PHI ? phi_single(r, block, v, remap) : TCG_NONE;

                if (!one) {
                    continue;
                }
                if (!remap) {
                    remap = tcg_scratch_u32(r, r->insn_count);
                    for (TcgVal i = 0; i < r->insn_count; i++) {
                        remap[i] = i;
                    }
                }
                remap[v] = one;
                to_nop(&r->insns[v]);
                changed = true;
            }
        }
    }
    if (remap) {
        for (TcgVal i = 1; i < r->insn_count; i++) {
            remap[i] = resolve(remap, i);
        }
        apply(r, remap);
    }
}

void tcg_pass_fold(TcgRegion *r)
{
    TcgEmit *e = &tcg_full(r)->emit;

    if (!r->promoted) {
        return;
    }
    if (e->known_branch) {
        e->known_branch = false;
        tcg_emit_new_block(e);
        fold_branches(r);
    }
    if (r->phi_arg_count) {
        fold_phis(r);
    }
}

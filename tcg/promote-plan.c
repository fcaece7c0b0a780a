/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The data flow before promotion: dirty slots forward, needed slots backward, and from both the places of phis.
 * The rules are in promote.c's first comment. A region is small (some hundred blocks at most) and nearly in order, so plain
 * iteration in linear order converges in two or three rounds.
 */
#include "promote.h"

#include <string.h>

static inline TcgSlotSet set_or(TcgSlotSet a, TcgSlotSet b) { return (TcgSlotSet){{a.w[0] | b.w[0], a.w[1] | b.w[1]}}; }
static inline TcgSlotSet set_sub(TcgSlotSet a, TcgSlotSet b) { return (TcgSlotSet){{a.w[0] & ~b.w[0], a.w[1] & ~b.w[1]}}; }
static inline TcgSlotSet set_and(TcgSlotSet a, TcgSlotSet b) { return (TcgSlotSet){{a.w[0] & b.w[0], a.w[1] & b.w[1]}}; }
static inline bool set_equal(TcgSlotSet a, TcgSlotSet b) { return a.w[0] == b.w[0] && a.w[1] == b.w[1]; }
static inline unsigned set_count(TcgSlotSet a)
{
    return (unsigned)(__builtin_popcountll(a.w[0]) + __builtin_popcountll(a.w[1]));
}

static TcgSlotSet all_slots(unsigned n)
{
    TcgSlotSet s;

    s.w[0] = n >= 64 ? ~0ull : (1ull << n) - 1;
    s.w[1] = n >= 128 ? ~0ull : n > 64 ? (1ull << (n - 64)) - 1 : 0;
    return s;
}

void tcg_helper_effects(const TcgHelper *h, unsigned slot_count, TcgSlotSet *reads, TcgSlotSet *writes)
{
    *reads = *writes = (TcgSlotSet){{0, 0}};
    if (!(h->flags & TCG_HELPER_PURE)) {
        TcgSlotSet all = all_slots(slot_count);

        *reads = h->flags & TCG_HELPER_READS_ALL ? all : set_and(h->reads, all);
        *writes = h->flags & TCG_HELPER_WRITES_ALL ? all : set_and(h->writes, all);
    }
}

static inline void set_remove(TcgSlotSet *s, unsigned i) { s->w[i / 64] &= ~(1ull << (i % 64)); }

/* @real: slots that get a value which really was widened, not just a constant that could have been */
static void scan_put_form(const TcgRegion *r, const TcgInsn *put, TcgPromoteBlock *info, TcgSlotSet *real)
{
    const TcgInsn *x = &r->insns[put->arg[0]];
    bool k = x->op == TCG_OP_CONST && x->type == TCG_I64;
    bool is[FORM_COUNT] = {
        [FORM_BOX32] = x->op == TCG_OP_BOX32 || (k && x->imm >> 32 == 0xffffffff),
        [FORM_EXTS] = x->op == TCG_OP_EXTS || (x->op == TCG_OP_SEXT && x->type == TCG_I64 && x->imm <= 32) || (k && (int64_t)x->imm == (int32_t)x->imm),
    };

    for (unsigned f = 0; f < FORM_COUNT; f++) {
        if (is[f]) {
            tcg_slot_add(&info->form_gen[f], put->aux);
            set_remove(&info->form_kill[f], put->aux);
            if (!k) {
                tcg_slot_add(&real[f], put->aux);
            }
        } else {
            tcg_slot_add(&info->form_kill[f], put->aux);
            set_remove(&info->form_gen[f], put->aux);
        }
    }
}

static void scan_block(const TcgRegion *r, uint32_t block, TcgPromoteBlock *info, TcgSlotSet *real)
{
    const TcgBlock *b = &r->blocks[block];
    TcgSlotSet all = all_slots(r->slot_count), reads, writes;
    TcgSlotSet settled = {{0, 0}}; /* not dirty from before the block any more */
    uint32_t succ[2];
    unsigned n;

    memset(info, 0, sizeof(*info));
    for (uint32_t i = b->first; i < b->end; i++) {
        const TcgInsn *in = &r->insns[i];

        switch (in->op) {
        case TCG_OP_GET:
            if (!tcg_slot_in(&info->def, in->aux)) {
                tcg_slot_add(&info->use, in->aux);
            }
            break;
        case TCG_OP_PUT:
            tcg_slot_add(&info->def, in->aux);
            tcg_slot_add(&info->gen, in->aux);
            tcg_slot_add(&settled, in->aux);
            scan_put_form(r, in, info, real);
            break;
        case TCG_OP_CALL: {
            TcgSlotSet touched;

            tcg_helper_effects(r->helpers[in->aux], r->slot_count, &reads, &writes);
            touched = set_or(reads, writes);
            if (r->helpers[in->aux]->flags & TCG_HELPER_RAISES) {
                info->use_dirty = set_or(info->use_dirty, set_sub(all, settled));
            }
            info->use_dirty = set_or(info->use_dirty, set_sub(touched, settled));
            info->gen = set_sub(info->gen, touched);
            info->kill = set_or(info->kill, touched);
            info->def = set_or(info->def, writes);
            for (unsigned f = 0; f < FORM_COUNT; f++) {
                info->form_gen[f] = set_sub(info->form_gen[f], writes);
                info->form_kill[f] = set_or(info->form_kill[f], writes);
            }
            settled = set_or(settled, touched);
            break;
        }
        default:
            if (tcg_op_info[in->op].effects & (TCG_EFF_FAULT | TCG_EFF_EXIT)) {
                info->use_dirty = set_or(info->use_dirty, set_sub(all, settled));
            }
            break;
        }
    }
    n = tcg_block_succs(r, block, succ);
    for (unsigned k = 0; k < n; k++) {
        info->jumps |= succ[k] != block + 1;
    }
}

/* Slots that may be dirty at the start of each block. */
static void flow_dirty(const TcgRegion *r, TcgPromoteBlock *info)
{
    bool changed = true;

    while (changed) {
        changed = false;
        for (uint32_t b = 0; b < r->block_count; b++) {
            const TcgBlock *block = &r->blocks[b];
            TcgSlotSet in = info[b].dirty_in;

            for (unsigned k = 0; k < block->pred_count; k++) {
                const TcgPromoteBlock *p = &info[r->preds[block->pred_first + k]];

                in = set_or(in, set_or(p->gen, set_sub(p->dirty_in, p->kill)));
            }
            if (!set_equal(in, info[b].dirty_in)) {
                info[b].dirty_in = in;
                changed = true;
            }
        }
    }
}

static void flow_live(const TcgRegion *r, TcgPromoteBlock *info)
{
    bool changed = true;

    while (changed) {
        changed = false;
        for (uint32_t b = r->block_count; b-- > 0;) {
            TcgSlotSet out = {{0, 0}}, in;
            uint32_t succ[2];
            unsigned n = tcg_block_succs(r, b, succ);

            for (unsigned k = 0; k < n; k++) {
                out = set_or(out, info[succ[k]].live_in);
            }
            in = set_or(info[b].use, set_and(info[b].use_dirty, info[b].dirty_in));
            in = set_or(in, set_sub(out, info[b].def));
            if (!set_equal(in, info[b].live_in)) {
                info[b].live_in = in;
                changed = true;
            }
        }
    }
}

/* Slots whose value is of a narrow form at the start of each block: on all paths, so assumed until refuted. */
static void flow_form(const TcgRegion *r, TcgPromoteBlock *info, unsigned f, TcgSlotSet real)
{
    bool changed = true;

    for (uint32_t b = 0; b < r->block_count; b++) {
        info[b].widened[f] = b ? real : (TcgSlotSet){{0, 0}};
    }
    while (changed) {
        changed = false;
        for (uint32_t b = 1; b < r->block_count; b++) {
            const TcgBlock *block = &r->blocks[b];
            TcgSlotSet in = info[b].widened[f];

            for (unsigned k = 0; k < block->pred_count; k++) {
                const TcgPromoteBlock *p = &info[r->preds[block->pred_first + k]];

                in = set_and(in, set_or(p->form_gen[f], set_sub(p->widened[f], p->form_kill[f])));
            }
            if (!set_equal(in, info[b].widened[f])) {
                info[b].widened[f] = in;
                changed = true;
            }
        }
    }
}

static TcgSlotSet flag_slots(const TcgRegion *r)
{
    TcgSlotSet set = {{0, 0}};

    for (unsigned s = 0; s < r->slot_count; s++) {
        if (r->slots[s].type == TCG_FLAGS_T) {
            tcg_slot_add(&set, s);
        }
    }
    return set;
}

static bool merges(const TcgBlock *b) { return b->pred_count > 1 || b->loop_head; }

/*
 * Flags do not become phis: four words that mostly exit maps want, copied on every turn of a loop. Where blocks merge they are
 * in memory, stored by all predecessors that have them dirty.
 */
static void flow_flags(const TcgRegion *r, TcgPromoteBlock *info, TcgSlotSet flags)
{
    for (uint32_t b = 0; b < r->block_count; b++) {
        TcgSlotSet dirty = set_or(info[b].gen, set_sub(info[b].dirty_in, info[b].kill));
        uint32_t succ[2];
        unsigned n = tcg_block_succs(r, b, succ);

        for (unsigned k = 0; k < n; k++) {
            if (merges(&r->blocks[succ[k]])) {
                info[b].store = set_or(info[b].store, set_and(set_and(dirty, info[succ[k]].live_in), flags));
            }
        }
    }
    for (uint32_t b = 0; b < r->block_count; b++) {
        info[b].kill = set_or(info[b].kill, info[b].store);
        info[b].gen = set_sub(info[b].gen, info[b].store);
        info[b].dirty_in = (TcgSlotSet){{0, 0}};
    }
    flow_dirty(r, info);
}

static void place_phis(TcgRegion *r, TcgPromoteBlock *info)
{
    TcgRegionFull *f = tcg_full(r);
    uint32_t total = 0;

    for (uint32_t b = 0; b < r->block_count; b++) {
        const TcgBlock *block = &r->blocks[b];
        TcgPromoteBlock *p = &info[b];

        if (block->pred_count < 2 && !block->loop_head) {
            continue;
        }
        if (f->loop_entry[b] & TCG_JOIN_ALL) {
            p->phis = set_sub(p->live_in, flag_slots(r));
        } else if (block->loop_head) {
            TcgSlotSet def = {{0, 0}}, use = {{0, 0}};

            for (uint32_t i = b; i <= f->loop_end[b]; i++) {
                def = set_or(def, info[i].def);
                use = set_or(use, info[i].use);
            }
            p->phis = set_and(p->live_in, set_or(p->dirty_in, set_sub(use, def)));
            p->keep = set_sub(p->phis, def);
        } else {
            p->phis = set_and(p->live_in, p->dirty_in);
        }
        p->phi_first = total;
        total += set_count(p->phis) * block->pred_count;
    }
    if (total > r->phi_arg_cap) {
        r->phi_arg_cap = TCG_ROUND_UP_CAP(total);
        r->phi_args = g_renew(TcgVal, r->phi_args, r->phi_arg_cap);
    }
    if (total) {
        memset(r->phi_args, 0, total * sizeof(TcgVal));
    }
    r->phi_arg_count = total;
}

/* How often slots are used as f64 (positive) or i64 (negative), by loop depth. */
static void count_views(const TcgRegion *r, int32_t votes[TCG_MAX_SLOTS])
{
    for (uint32_t b = 0; b < r->block_count; b++) {
        const TcgBlock *block = &r->blocks[b];
        int32_t weight = 1 << 3 * MIN(block->loop_depth, 4);

        for (TcgVal v = block->first; v < block->end; v++) {
            const TcgInsn *in = &r->insns[v];

            if (in->op == TCG_OP_GET || in->op == TCG_OP_PUT) {
                votes[in->aux] += in->type == TCG_F64 ? weight : in->type == TCG_I64 ? -weight : 0;
            }
        }
    }
}

TcgPromoteBlock *tcg_promote_plan(TcgRegion *r, uint8_t view[TCG_MAX_SLOTS])
{
    TcgPromoteBlock *info;
    TcgSlotSet real[FORM_COUNT] = {{{0, 0}}};
    int32_t votes[TCG_MAX_SLOTS] = {0};
    bool merges = false;
    size_t n = r->block_count;

    for (uint32_t b = 0; b < r->block_count && !merges; b++) {
        const TcgBlock *block = &r->blocks[b];

        merges = block->pred_count > 1 || (block->pred_count == 1 && r->preds[block->pred_first] != b - 1);
    }
    if (!merges) {
        return NULL;
    }
    info = tcg_scratch_bytes(r, n * (sizeof(*info) + 2 * sizeof(TcgVal) * r->slot_count + sizeof(TcgSlotSet)) + 16);
    for (uint32_t b = 0; b < r->block_count; b++) {
        scan_block(r, b, &info[b], real);
    }
    count_views(r, votes);
    for (unsigned s = 0; s < r->slot_count; s++) {
        TcgType type = r->slots[s].type;

        view[s] = (uint8_t)(tcg_type_bytes(type) != 8 || !votes[s] ? type : votes[s] > 0 ? TCG_F64 : TCG_I64);
    }
    flow_dirty(r, info);
    flow_live(r, info);
    TcgSlotSet flags = flag_slots(r);
    if (flags.w[0] | flags.w[1]) {
        flow_flags(r, info, flags);
    }
    for (unsigned f = 0; f < FORM_COUNT; f++) {
        if (real[f].w[0] | real[f].w[1]) {
            flow_form(r, info, f, real[f]);
        }
    }
    place_phis(r, info);
    return info;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Promotion: guest registers become SSA values.
 *
 * The region is copied, block by block in linear order, into a fresh instruction array; on the way every instruction passes
 * through the fold rules and the table of common subexpressions again, because only now do values flow from one guest
 * instruction into the next. For each slot the pass knows `val`, the value it holds (TCG_NONE: only memory has
 * it), `mem`, the value that memory is known to hold, and whether it is dirty (val is newer than memory). Clean and val known
 * implies mem == val.
 *
 * What is decided before copying (only where blocks merge): which slots may be dirty at the start of each block (forward
 * data flow), which are needed there (backward), and from both where phis may be needed:
 *   at a merge          slots that are needed and may be dirty;
 *   at the head of a loop  these, and clean slots that the loop reads and nothing in it writes: loaded before the loop;
 *   at a JOIN_ALL block (a loop entered in the middle)  all that are needed.
 * A predecessor of such a block makes sure at its end that it has a value, by a GET where it has none. All other clean
 * slots are simply read from memory again. A planned phi whose operands turn out to be one value is not made.
 *
 * Being needed includes being dirty at an instruction that may leave the region: its exit map names the value.
 * Slots a helper reads or may write are stored (PUT) before the call; those it may write are unknown afterwards.
 * The PC slot is in a map only where an exit says that the slot holds the PC (exit->pc is all ones).
 */
#include "promote.h"

#include <string.h>

static inline TcgSlotSet set_or(TcgSlotSet a, TcgSlotSet b) { return (TcgSlotSet){{a.w[0] | b.w[0], a.w[1] | b.w[1]}}; }
static inline TcgSlotSet set_sub(TcgSlotSet a, TcgSlotSet b) { return (TcgSlotSet){{a.w[0] & ~b.w[0], a.w[1] & ~b.w[1]}}; }
static inline TcgSlotSet set_and(TcgSlotSet a, TcgSlotSet b) { return (TcgSlotSet){{a.w[0] & b.w[0], a.w[1] & b.w[1]}}; }
static inline void set_remove(TcgSlotSet *s, unsigned i) { s->w[i / 64] &= ~(1ull << (i % 64)); }

/* for (int s; (s = next(&set)) >= 0;) */
static inline int set_pop(TcgSlotSet *s)
{
    for (unsigned i = 0; i < TCG_MAX_SLOTS / 64; i++) {
        if (s->w[i]) {
            int bit = __builtin_ctzll(s->w[i]);

            s->w[i] &= s->w[i] - 1;
            return (int)i * 64 + bit;
        }
    }
    return -1;
}

typedef struct Promote {
    TcgRegion *r;
    TcgRegionFull *f;
    TcgEmit *e;
    TcgPromoteBlock *info;    /* NULL where nothing merges */
    TcgVal *out_val, *out_mem; /* [block * slot_count + slot], where later blocks need them */
    TcgSlotSet *out_dirty;
    const TcgInsn *old;
    TcgVal *remap;
    TcgSlotSet dirty;
    TcgVal block_first;       /* of the block being made: r->blocks[] still has the old one */
    uint32_t last_map;        /* valid while !map_stale */
    bool map_stale;
    uint8_t view[TCG_MAX_SLOTS]; /* with info: type of phis */
    TcgVal val[TCG_MAX_SLOTS], mem[TCG_MAX_SLOTS];
} Promote;

/* --- exit maps --- */

static void push_map_entry(TcgRegion *r, unsigned slot, TcgVal v)
{
    if (r->map_entry_count == r->map_entry_cap) {
        r->map_entry_cap = TCG_ROUND_UP_CAP(r->map_entry_count + 1);
        r->map_entries = g_renew(TcgMapEntry, r->map_entries, r->map_entry_cap);
    }
    r->map_entries[r->map_entry_count++] = (TcgMapEntry){(uint16_t)slot, (uint8_t)tcg_value_type(r, v), v};
}

static uint32_t add_map(TcgRegion *r, uint32_t first)
{
    uint32_t count = r->map_entry_count - first;

    if (count == 0) {
        return 0;
    }
    if (r->map_count == r->map_cap) {
        r->map_cap = TCG_ROUND_UP_CAP(r->map_count + 1);
        r->maps = g_renew(TcgMap, r->maps, r->map_cap);
    }
    r->maps[r->map_count] = (TcgMap){first, count};
    return r->map_count++;
}

static uint32_t make_map(Promote *p, bool with_pc)
{
    TcgRegion *r = p->r;
    TcgSlotSet set = p->dirty;
    uint32_t first = r->map_entry_count, map;
    bool pc_dirty = tcg_slot_in(&set, TCG_SLOT_PC);

    if (!p->map_stale && !(pc_dirty && with_pc)) {
        return p->last_map;
    }
    if (pc_dirty && !with_pc) {
        set_remove(&set, TCG_SLOT_PC);
    }
    for (int s; (s = set_pop(&set)) >= 0;) {
        push_map_entry(r, (unsigned)s, p->val[s]);
    }
    map = add_map(r, first);
    if (!(pc_dirty && with_pc)) {
        p->last_map = map;
        p->map_stale = false;
    }
    return map;
}

static bool wants_pc(const TcgRegion *r, const TcgInsn *in)
{
    const TcgExit *exit;

    if (!(tcg_op_info[in->op].effects & TCG_EFF_EXIT)) {
        return false;
    }
    exit = &r->exits[in->aux];
    return exit->kind == TCG_EXIT_RUNTIME && exit->pc == UINT64_MAX;
}

/* --- slots --- */

static TcgVal load_slot(Promote *p, unsigned s, TcgType type)
{
    TcgVal v = tcg_emit_append(p->e, &(TcgInsn){.op = TCG_OP_GET, .type = (uint8_t)type, .aux = s});

    p->val[s] = p->mem[s] = v;
    return v;
}

static TcgVal do_get(Promote *p, const TcgInsn *in)
{
    TcgVal v = p->val[in->aux];

    if (!v) {
        return load_slot(p, in->aux, (TcgType)in->type);
    }
    return tcg_emit_bitcast(p->e, (TcgType)in->type, v);
}

static bool same_bits(const Promote *p, TcgVal v, TcgVal known)
{
    const TcgInsn *x = &p->r->insns[v];

    return known && (v == known || (x->op == TCG_OP_BITCAST && x->arg[0] == known));
}

static void do_put(Promote *p, unsigned s, TcgVal v)
{
    bool was_dirty = tcg_slot_in(&p->dirty, s);

    if (p->val[s] == v) {
        return;
    }
    if (same_bits(p, v, p->mem[s])) {
        p->val[s] = p->mem[s];
        set_remove(&p->dirty, s);
        p->map_stale |= was_dirty;
        return;
    }
    p->val[s] = v;
    tcg_slot_add(&p->dirty, s);
    p->map_stale = true;
}

/* The slot's value to memory, where it is dirty. */
static void store_slot(Promote *p, unsigned s)
{
    TcgVal v = p->val[s];
    const TcgInsn *x = &p->r->insns[v];
    TcgInsn put = {.op = TCG_OP_PUT, .type = (uint8_t)tcg_value_type(p->r, v), .arg = {v}, .aux = s};

    if (x->op == TCG_OP_FLAGS || x->op == TCG_OP_FLAGUNPACK) {
        bool unpack = x->op == TCG_OP_FLAGUNPACK;

        put.op = TCG_OP_PUTF;
        put.cond = (uint8_t)(!unpack ? x->aux & 0xff : x->aux ? TCG_FK_PACKED_ARM : TCG_FK_PACKED_X86);
        put.sub = unpack ? TCG_I64 : x->sub;
        put.imm = unpack ? 0 : x->imm;
        memcpy(put.arg, x->arg, sizeof(put.arg));
    }
    tcg_emit_append(p->e, &put);
    p->mem[s] = v;
    set_remove(&p->dirty, s);
    p->map_stale = true;
}

static void do_call(Promote *p, TcgInsn in)
{
    const TcgHelper *h = p->r->helpers[in.aux];
    TcgSlotSet reads, writes, store;

    tcg_helper_effects(h, p->r->slot_count, &reads, &writes);
    store = set_and(set_or(reads, writes), p->dirty);
    for (int s; (s = set_pop(&store)) >= 0;) {
        store_slot(p, (unsigned)s);
    }
    in.map = h->flags & TCG_HELPER_RAISES ? make_map(p, false) : 0;
    tcg_emit_append(p->e, &in);
    for (int s; (s = set_pop(&writes)) >= 0;) {
        p->val[s] = p->mem[s] = TCG_NONE;
    }
}

/* --- edges --- */

static bool is_narrow(const TcgPromoteBlock *info, unsigned s)
{
    return tcg_slot_in(&info->widened[FORM_BOX32], s) || tcg_slot_in(&info->widened[FORM_EXTS], s);
}

static TcgType phi_type(const Promote *p, const TcgPromoteBlock *info, unsigned s)
{
    return tcg_slot_in(&info->widened[FORM_BOX32], s)  ? TCG_F32
           : tcg_slot_in(&info->widened[FORM_EXTS], s) ? TCG_I32
                                                       : (TcgType)p->view[s];
}

/*
 * A widened value made in a deeper loop, wanted here, behind that loop: made again here. The one in the loop is then left to
 * exit maps, where the backend widens on the way out.
 */
static TcgVal sink_widening(Promote *p, TcgVal v, uint32_t block)
{
    const TcgRegion *r = p->r;
    const TcgInsn *x = &r->insns[v];
    uint32_t home = block - 1;

    if ((x->op != TCG_OP_EXTS && x->op != TCG_OP_BOX32) || v >= p->block_first) {
        return v;
    }
    while (home > 0 && r->blocks[home].first > v) {
        home--;
    }
    return r->blocks[home].loop_depth > r->blocks[block].loop_depth ? tcg_emit_op1(p->e, (TcgOp)x->op, TCG_I64, x->arg[0], 0) : v;
}

/* @v as the operand of a phi: what was widened folds away. */
static TcgVal phi_operand(Promote *p, TcgVal v, const TcgPromoteBlock *info, unsigned s)
{
    TcgType type = phi_type(p, info, s);

    if (!is_narrow(info, s)) {
        return tcg_emit_bitcast(p->e, type, v);
    }
    v = tcg_emit_bitcast(p->e, TCG_I64, v);
    return tcg_emit_op1(p->e, type == TCG_F32 ? TCG_OP_UNBOX32 : TCG_OP_TRUNC, type, v, 0);
}

/* Before a block's terminator: values for the phis planned in its successors. */
static void feed_successors(Promote *p, uint32_t block)
{
    TcgRegion *r = p->r;
    uint32_t succ[2];
    TcgInsn *mine = r->insns;
    unsigned n;

    if (!p->info) {
        return;
    }
    TcgSlotSet store = set_and(p->info[block].store, p->dirty);
    for (int s; (s = set_pop(&store)) >= 0;) {
        store_slot(p, (unsigned)s);
    }
    mine = r->insns;
    r->insns = (TcgInsn *)p->old; /* the terminator is still in the old array */
    n = tcg_block_succs(r, block, succ);
    r->insns = mine;
    for (unsigned i = 0; i < n; i++) {
        const TcgBlock *b = &r->blocks[succ[i]];
        TcgPromoteBlock *info = &p->info[succ[i]];
        TcgSlotSet set = info->phis;
        uint32_t row = info->phi_first;

        for (int s; (s = set_pop(&set)) >= 0; row += b->pred_count) {
            TcgVal v = p->val[s] ? p->val[s] : load_slot(p, (unsigned)s, (TcgType)p->view[s]);

            v = phi_operand(p, sink_widening(p, v, block), info, (unsigned)s);
            for (unsigned k = 0; k < b->pred_count; k++) {
                if (r->preds[b->pred_first + k] == block) {
                    r->phi_args[row + k] = v;
                }
            }
        }
    }
}

static void save_out(Promote *p, uint32_t block)
{
    unsigned n = p->r->slot_count;

    memcpy(&p->out_val[(size_t)block * n], p->val, n * sizeof(TcgVal));
    memcpy(&p->out_mem[(size_t)block * n], p->mem, n * sizeof(TcgVal));
    p->out_dirty[block] = p->dirty;
}

static void load_out(Promote *p, uint32_t block)
{
    unsigned n = p->r->slot_count;

    memcpy(p->val, &p->out_val[(size_t)block * n], n * sizeof(TcgVal));
    memcpy(p->mem, &p->out_mem[(size_t)block * n], n * sizeof(TcgVal));
    p->dirty = p->out_dirty[block];
}

/* Keeps of the state of the first forward predecessor what all forward predecessors agree on. */
static void meet_forward(Promote *p, uint32_t block, TcgSlotSet *agreed)
{
    const TcgBlock *b = &p->r->blocks[block];
    unsigned n = p->r->slot_count, seen = 0;

    *agreed = (TcgSlotSet){{~0ull, ~0ull}};
    for (unsigned k = 0; k < b->pred_count; k++) {
        uint32_t pred = p->r->preds[b->pred_first + k];
        const TcgVal *val = &p->out_val[(size_t)pred * n], *mem = &p->out_mem[(size_t)pred * n];

        if (pred >= block) {
            continue;
        }
        if (seen++ == 0) {
            load_out(p, pred);
            continue;
        }
        p->dirty = set_or(p->dirty, p->out_dirty[pred]);
        for (unsigned s = 0; s < n; s++) {
            if (p->val[s] != val[s]) {
                p->val[s] = TCG_NONE;
                set_remove(agreed, s);
            }
            if (p->mem[s] != mem[s]) {
                p->mem[s] = TCG_NONE;
            }
        }
    }
    if (!seen) {
        memset(p->val, 0, sizeof(p->val));
        memset(p->mem, 0, sizeof(p->mem));
        *agreed = p->dirty = (TcgSlotSet){{0, 0}};
    }
}

static void make_phi(Promote *p, unsigned s, TcgType type, uint32_t row)
{
    p->val[s] = tcg_emit_append(p->e, &(TcgInsn){.op = TCG_OP_PHI, .type = (uint8_t)type, .aux = row, .imm = s});
}

/* Behind the phis of a block: the slots' values out of narrow ones. */
static void widen_phis(Promote *p, const TcgPromoteBlock *info, TcgSlotSet made)
{
    for (int s; (s = set_pop(&made)) >= 0;) {
        TcgType type = phi_type(p, info, (unsigned)s);

        if (is_narrow(info, (unsigned)s)) {
            p->val[s] = tcg_emit_op1(p->e, type == TCG_F32 ? TCG_OP_BOX32 : TCG_OP_EXTS, TCG_I64, p->val[s], 0);
        }
    }
}

/* State at the start of a block that merges. */
static void enter_merge(Promote *p, uint32_t block)
{
    const TcgBlock *b = &p->r->blocks[block];
    const TcgPromoteBlock *info = &p->info[block];
    TcgSlotSet agreed, set = info->phis, made = {{0, 0}};
    bool head = b->loop_head;
    uint32_t row = info->phi_first;

    meet_forward(p, block, &agreed);
    if (head) {
        p->dirty = info->dirty_in;
    }
    for (int s; (s = set_pop(&set)) >= 0; row += b->pred_count) {
        bool direct = tcg_slot_in(&agreed, (unsigned)s) && p->val[s] && (!head || tcg_slot_in(&info->keep, (unsigned)s));

        if (!direct) {
            make_phi(p, (unsigned)s, phi_type(p, info, (unsigned)s), row);
            tcg_slot_add(&made, (unsigned)s);
            if (tcg_slot_in(&p->dirty, (unsigned)s)) {
                p->mem[s] = TCG_NONE;
            }
        }
    }
    widen_phis(p, info, made);
    for (unsigned s = 0; s < p->r->slot_count; s++) {
        bool dirty = tcg_slot_in(&p->dirty, s);

        bool unseen = p->f->loop_entry[block] & TCG_JOIN_ALL && p->r->slots[s].type == TCG_FLAGS_T;

        if (!tcg_slot_in(&info->phis, s) && (head || unseen)) {
            p->val[s] = TCG_NONE;
        }
        if (dirty && !p->val[s]) { /* nobody needs it */
            set_remove(&p->dirty, s);
            dirty = false;
        }
        if (!dirty) {
            p->mem[s] = p->val[s];
        } else if (head) {
            p->mem[s] = TCG_NONE;
        }
    }
}

static void enter_block(Promote *p, uint32_t block)
{
    const TcgBlock *b = &p->r->blocks[block];

    if (block == 0) {
        return;
    }
    p->e->guest = b->end > b->first ? p->old[b->first].guest : p->e->guest;
    if (b->pred_count == 1 && !b->loop_head) {
        uint32_t pred = p->r->preds[b->pred_first];

        if (pred == block - 1) {
            return; /* state goes on as it is */
        }
        tcg_emit_new_block(p->e);
        load_out(p, pred);
    } else {
        tcg_emit_new_block(p->e);
        enter_merge(p, block);
    }
    p->map_stale = true;
}

/* Somebody other than the next block, as its only predecessor, wants the state at this block's end. */
static bool out_needed(const Promote *p, uint32_t block)
{
    const TcgRegion *r = p->r;
    uint32_t next = block + 1;

    return p->info && !(next < r->block_count && r->blocks[next].pred_count == 1 && r->preds[r->blocks[next].pred_first] == block &&
                        !p->info[block].jumps);
}

/* --- copying --- */

static void copy_insn(Promote *p, uint32_t i)
{
    TcgInsn in = p->old[i];
    bool leaves;
    TcgVal v;

    p->e->guest = in.guest;
    for (unsigned k = 0; k < 4; k++) {
        in.arg[k] = p->remap[in.arg[k]];
    }
    switch (in.op) {
    case TCG_OP_NOP:
        return;
    case TCG_OP_GET:
        p->remap[i] = do_get(p, &in);
        return;
    case TCG_OP_PUT:
        do_put(p, in.aux, in.arg[0]);
        return;
    case TCG_OP_CALL:
        if (!(p->r->helpers[in.aux]->flags & TCG_HELPER_PURE)) {
            do_call(p, in);
            p->remap[i] = p->r->insn_count - 1;
            return;
        }
        break;
    default:
        break;
    }
    leaves = tcg_insn_leaves(p->r, &in);
    if (leaves) {
        uint32_t map = make_map(p, wants_pc(p->r, &in));

        v = tcg_emit_insn(p->e, in);
        p->r->insns[v].map = map;
    } else {
        v = tcg_emit_insn(p->e, in);
    }
    p->remap[i] = v;
}

static void copy_block(Promote *p, uint32_t block)
{
    TcgBlock *b = &p->r->blocks[block];
    uint32_t first = p->r->insn_count, end = b->end;
    bool fed = false;

    p->block_first = first;
    enter_block(p, block);
    for (uint32_t i = b->first; i < end; i++) {
        if (!fed && i + 1 == end && tcg_op_info[p->old[i].op].effects & (TCG_EFF_TERM | TCG_EFF_ENDBLOCK)) {
            feed_successors(p, block);
            fed = true;
        }
        copy_insn(p, i);
    }
    if (!fed) {
        feed_successors(p, block);
    }
    if (out_needed(p, block)) {
        save_out(p, block);
    }
    /* b's old range is still read by feed_successors() for this block only; from here on it is the new one. */
    p->r->blocks[block].first = first;
    p->r->blocks[block].end = p->r->insn_count;
}

void tcg_pass_promote(TcgRegion *r)
{
    TcgRegionFull *f = tcg_full(r);
    Promote p;
    TcgInsn *old;
    uint32_t old_count;

    if (r->promoted) {
        return;
    }
    p.r = r;
    p.f = f;
    p.e = &f->emit;
    p.dirty = (TcgSlotSet){{0, 0}};
    p.map_stale = true;
    p.last_map = 0;
    memset(p.val, 0, sizeof(p.val));
    memset(p.mem, 0, sizeof(p.mem));
    p.info = tcg_promote_plan(r, p.view);
    if (p.info) {
        p.out_val = (TcgVal *)(p.info + r->block_count);
        p.out_mem = p.out_val + (size_t)r->block_count * r->slot_count;
        p.out_dirty = (TcgSlotSet *)(p.out_mem + (size_t)r->block_count * r->slot_count);
    }
    tcg_region_swap_insns(r, &old, &old_count);
    p.old = old;
    p.remap = tcg_scratch_u32(r, old_count);
    p.remap[0] = TCG_NONE;
    tcg_emit_begin(p.e);
    p.e->known_branch = false;
    for (uint32_t b = 0; b < r->block_count; b++) {
        copy_block(&p, b);
    }
    r->promoted = true;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linear scan over the intervals of liveness.c, in one forward pass.
 *
 * A value gets one register from its definition until its end or until it is evicted; from then on it is read from memory, which
 * its definition has stored (SSA: once is enough, and valid on every path). Where a loop contains the eviction and the value
 * enters that loop from outside, the register ends at the loop's head already, so that every back edge finds values
 * where the head expects them and no moves but those of phis are ever needed on edges.
 *
 * Memory homes, best first: the value's own guest slot (an unmodified GET costs nothing to evict; a dirty value that
 * only one slot's map entries name is written through, and its exits then have nothing to store), else a frame slot.
 * A slot may be a home only while no one else needs its memory: see home_allowed().
 *
 * What to evict: the value that saves the fewest weighted accesses per position; a value wanted only by maps saves none.
 */
#include "cg.h"

typedef struct Ra {
    Cg *c;
    uint32_t owner[3][16];
    uint32_t free[3];
    uint32_t next_end[3]; /* nothing expires before */
} Ra;

static void expire(Ra *ra, unsigned cls, uint32_t pos)
{
    if (ra->next_end[cls] >= pos)
        return;
    uint32_t next = UINT32_MAX;
    uint32_t all = cls == CLS_GPR ? GPR_ALLOCATABLE : XMM_ALLOCATABLE;
    for (uint32_t m = all & ~ra->free[cls]; m; m &= m - 1) {
        unsigned reg = (unsigned)__builtin_ctz(m);
        uint32_t end = ra->c->val[ra->owner[cls][reg]].end;
        if (end < pos)
            ra->free[cls] |= 1u << reg;
        else if (end < next)
            next = end;
    }
    ra->next_end[cls] = next;
}

/* Does anything write the slot's memory inside the interval (other than v itself)? */
static bool slot_clobbered(const Cg *c, unsigned slot, const Val *v)
{
    for (uint32_t k = 0; k < c->s->clobber_count; k++) { /* descending positions */
        const Clobber *w = &c->s->clobber[k];
        if (w->pos < v->start)
            break;
        if (w->pos <= v->end && tcg_slot_in(&w->set, slot) && &c->val[w->val] != v)
            return true;
    }
    return false;
}

/* Another value lives in the slot's memory at the same time; two GETs of the unmodified slot do not disturb each other */
static bool slot_taken(const Cg *c, unsigned slot, const Val *v, bool is_get)
{
    for (uint32_t k = 0; k < c->s->homed_count; k++) {
        const Val *o = &c->val[c->s->homed[k]];
        if (o->owner_slot == slot && o->start <= v->end && o->end >= v->start && !(is_get && !(o->flags & VF_STORE)))
            return true;
    }
    return false;
}

/*
 * May v be written to its slot at its definition? Only if from there on nothing reads the slot's old memory, on any path:
 * no GET, and no exit or helper without the slot in its map. (The map of an exit may lack it although v was defined
 * before: v may belong to the slot only on another path.)
 */
static bool home_allowed(const Cg *c, const Val *v)
{
    const TcgSlot *slot;
    uint32_t from = v->start;
    if (v->home < 0 || (v->type != TCG_I64 && v->type != TCG_F64 && !(v->type == TCG_I32 && (v->flags & VF_MAP64))))
        return false;
    slot = &c->r->slots[v->home];
    if (tcg_type_bytes(slot->type) != 8 || (v->flags & (VF_DIRTYNAN | VF_CANON)) == VF_DIRTYNAN)
        return false;
    for (uint32_t k = 0; k < c->s->loop_count; k++)
        if (c->s->loop[k].start <= v->start && v->start <= c->s->loop[k].end)
            from = MIN(from, c->s->loop[k].start);
    if (c->last_get[v->home] >= from)
        return false;
    uint32_t lo = 0, hi = c->s->msite_count; /* descending positions: the last one at or behind `from` */
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (c->s->msite[mid].pos >= from)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo && !tcg_slot_in(&c->s->msite[lo - 1].present, (unsigned)v->home))
        return false;
    return !slot_clobbered(c, (unsigned)v->home, v) && !slot_taken(c, (unsigned)v->home, v, false);
}

static bool get_resident(const Cg *c, const TcgInsn *in, const Val *v)
{
    return !(v->flags & VF_NOSLOT) && !slot_clobbered(c, in->aux, v) && !slot_taken(c, in->aux, v, true);
}

static void live_in_slot(Cg *c, uint32_t i, unsigned slot)
{
    Val *v = &c->val[i];
    v->mem = MEM_SLOT;
    v->owner_slot = (uint8_t)slot;
    v->disp = (int32_t)c->r->slots[slot].offset;
    GROW(c->s->homed, c->s->homed_count, c->s->homed_cap);
    c->s->homed[c->s->homed_count++] = i;
}

/*
 * A phi gets frame slots of its own, so that the moves of an edge meet only whole values. A CLS_MEM value is written while
 * operands are still being read: it keeps away from theirs.
 */
static void live_in_frame(Cg *c, uint32_t i)
{
    Val *v = &c->val[i];
    bool phi = cg_insn(c, i)->op == TCG_OP_PHI;
    unsigned n = MAX(tcg_type_bytes((TcgType)v->type), 8u) / 8;
    uint32_t k = 0, run = 0;
    for (; k < FRAME_SPILL_SLOTS && run < n; k++)
        run = (phi ? c->frame_end[k] == 0 : c->frame_end[k] + (v->cls == CLS_MEM) < v->start) ? run + 1 : 0;
    if (run < n) {
        c->frame_full = true;
        k = n; /* anything: the region is refused */
    }
    k -= n;
    for (unsigned j = 0; j < n; j++)
        c->frame_end[k + j] = phi ? UINT32_MAX - 1 : v->end;
    v->mem = MEM_FRAME;
    v->disp = (int32_t)(8 * k);
    v->flags |= VF_STORE;
}

static void give_memory(Cg *c, uint32_t i)
{
    Val *v = &c->val[i];
    const TcgInsn *in = cg_insn(c, i);
    if (v->mem != MEM_NONE)
        return;
    if (in->op == TCG_OP_GET && get_resident(c, in, v)) {
        live_in_slot(c, i, in->aux);
    } else if (in->op != TCG_OP_GET && v->cls != CLS_MEM && home_allowed(c, v)) {
        v->flags |= VF_STORE;
        live_in_slot(c, i, (unsigned)v->home);
    } else {
        live_in_frame(c, i);
    }
}

/* Weighted accesses that a register saves, per position it is held */
static float keep_value(Cg *c, Val *v, uint32_t pos, float here)
{
    bool through = v->start == pos && cg_insn(c, (uint32_t)(v - c->val))->op == TCG_OP_PHI;
    for (uint32_t k = 0; k < c->s->loop_count && !through; k++)
        through = c->s->loop[k].start <= pos && pos <= c->s->loop[k].end && v->start <= c->s->loop[k].start;
    if (through)
        return v->weight / (float)(v->end - v->start + 1);
    while (v->uses && c->s->use[v->uses].pos < pos)
        v->uses = c->s->use[v->uses].next;
    if (!v->uses)
        return 0;
    float cost = here / (float)(c->s->use[v->uses].pos - pos + 1);
    return v->mem == MEM_NONE ? cost * 1.2f : cost;
}

static void evict(Ra *ra, uint32_t i, uint32_t pos)
{
    Cg *c = ra->c;
    Val *v = &c->val[i];
    give_memory(c, i);
    v->reg_end = pos;
    for (bool changed = true; changed;) { /* loops may overlap: one that starts in another may end behind it */
        changed = false;
        for (uint32_t k = 0; k < c->s->loop_count; k++) {
            const Loop *l = &c->s->loop[k];
            if (v->start < l->start && l->start < v->reg_end && v->reg_end <= l->end)
                v->reg_end = l->start, changed = true;
        }
    }
    if (cg_insn(c, i)->op == TCG_OP_PHI)
        v->reg_end = v->start;
}

static void assign(Ra *ra, uint32_t i, unsigned reg)
{
    Val *v = &ra->c->val[i];
    v->reg = (uint8_t)reg;
    v->reg_end = UINT32_MAX;
    ra->owner[v->cls][reg] = i;
    ra->free[v->cls] &= ~(1u << reg);
    if (v->end < ra->next_end[v->cls])
        ra->next_end[v->cls] = v->end;
}

static bool is_free(const Ra *ra, const Val *v, unsigned reg) { return reg != NOREG && (ra->free[v->cls] >> reg & 1); }

static unsigned reg_of_arg(const Ra *ra, const Val *v, TcgVal arg)
{
    if (!arg)
        return NOREG;
    const Val *a = &ra->c->val[ra->c->val[arg].root];
    return a->cls == v->cls && is_free(ra, v, a->reg) && ra->owner[v->cls][a->reg] == ra->c->val[arg].root ? a->reg : NOREG;
}

/* The register that would save a move, or NOREG */
static unsigned hint(const Ra *ra, uint32_t i)
{
    const Cg *c = ra->c;
    const TcgInsn *in = cg_insn(c, i);
    const Val *v = &c->val[i];
    unsigned reg;

    if (v->phi && c->val[v->phi].cls == v->cls && c->val[v->phi].start <= v->start && is_free(ra, v, c->val[v->phi].reg) &&
        c->val[v->phi].reg_end > v->start)
        return c->val[v->phi].reg;
    switch (in->op) {
    case TCG_OP_PHI:
        for (uint32_t k = 0, n = c->r->blocks[c->block].pred_count; k < n; k++) {
            TcgVal a = c->r->phi_args[in->aux + k];
            const Val *av = &c->val[c->val[a].root];
            if (av->cls == v->cls && av->start < v->start && is_free(ra, v, av->reg))
                return av->reg;
        }
        return NOREG;
    case TCG_OP_MULHU: case TCG_OP_MULHS: case TCG_OP_MULHSU: case TCG_OP_REMS: case TCG_OP_REMU:
        return is_free(ra, v, RDX) ? RDX : NOREG;
    case TCG_OP_SELECT:
        reg = reg_of_arg(ra, v, in->arg[3]);
        return reg != NOREG ? reg : reg_of_arg(ra, v, in->arg[2]);
    case TCG_OP_CALL: case TCG_OP_LD: case TCG_OP_GET:
        return NOREG;
    default:
        break;
    }
    reg = reg_of_arg(ra, v, in->arg[0]);
    if (reg == NOREG && tcg_op_info[in->op].operand_count > 1 && in->op != TCG_OP_SUB && in->op != TCG_OP_FSUB && in->op != TCG_OP_FDIV)
        reg = reg_of_arg(ra, v, in->arg[1]);
    return reg;
}

static void allocate(Ra *ra, uint32_t i, float here)
{
    Cg *c = ra->c;
    Val *v = &c->val[i];
    uint32_t pos = v->start;

    expire(ra, v->cls, pos);
    uint32_t free = ra->free[v->cls];
    if (free) {
        unsigned reg = hint(ra, i);
        if (reg == NOREG) {
            uint32_t nice = v->cls == CLS_GPR ? free & ~(1u << RDX) : free;
            reg = (unsigned)__builtin_ctz(nice ? nice : free);
        }
        assign(ra, i, reg);
        return;
    }
    float best = keep_value(c, v, pos, here);
    unsigned best_reg = NOREG;
    uint32_t all = v->cls == CLS_GPR ? GPR_ALLOCATABLE : XMM_ALLOCATABLE;
    for (uint32_t m = all; m; m &= m - 1) {
        unsigned reg = (unsigned)__builtin_ctz(m);
        float k = keep_value(c, &c->val[ra->owner[v->cls][reg]], pos, here);
        if (k < best || (best_reg == NOREG && k == best)) {
            best = k;
            best_reg = reg;
        }
    }
    if (best_reg == NOREG) {
        give_memory(c, i);
        return;
    }
    evict(ra, ra->owner[v->cls][best_reg], pos);
    assign(ra, i, best_reg);
}

/* A GET that one instruction of the same loop depth wants as a plain operand needs no register: it is a memory operand */
static bool get_is_operand(const Cg *c, const TcgInsn *in, const Val *v, float here)
{
    if (v->cls != CLS_GPR && v->cls != CLS_XMM)
        return false;
    if (v->uses) {
        const UseNode *u = &c->s->use[v->uses];
        if (u->next || v->weight > here)
            return false;
        if (!(u->pos & 1)) {
            const TcgInsn *user = &c->r->insns[u->pos / 2];
            uint32_t e = tcg_op_info[user->op].effects;
            if ((e & (TCG_EFF_MEM_READ | TCG_EFF_MEM_WRITE)) && c->val[user->arg[0]].root == (uint32_t)(v - c->val))
                return false;
        }
    }
    return get_resident(c, in, v);
}

static bool wants_place(const Val *v)
{
    return v->end && v->cls != CLS_NONE && !(v->flags & (VF_ALIAS | VF_LAZY | VF_DEAD | VF_CONST | VF_FUSED));
}

static void note_busy(Ra *ra, uint32_t i, const TcgInsn *in)
{
    Cg *c = ra->c;
    uint8_t busy = 0;
    switch (in->op) {
    case TCG_OP_MULHU: case TCG_OP_MULHS: case TCG_OP_MULHSU: case TCG_OP_DIVS: case TCG_OP_DIVU: case TCG_OP_REMS: case TCG_OP_REMU:
        expire(ra, CLS_GPR, 2 * i);
        if (!(ra->free[CLS_GPR] >> RDX & 1) && c->val[ra->owner[CLS_GPR][RDX]].end > 2 * i)
            busy = 1;
        break;
    default:
        if (!(tcg_op_info[in->op].effects & (TCG_EFF_MEM_READ | TCG_EFF_MEM_WRITE | TCG_EFF_CALL | TCG_EFF_FP)) &&
            in->op < TCG_OP_FLAGS && tcg_type_is_int((TcgType)in->type))
            return;
    }
    unsigned variant = VEC_NONE;
    expire(ra, CLS_XMM, 2 * i);
    for (uint32_t m = XMM_ALLOCATABLE & ~ra->free[CLS_XMM]; m; m &= m - 1) {
        unsigned reg = (unsigned)__builtin_ctz(m);
        variant = MAX(variant, c->val[ra->owner[CLS_XMM][reg]].type == TCG_V256 ? (unsigned)VEC_YMM : VEC_XMM);
    }
    c->s->busy[i] = (uint8_t)(busy | variant << 1);
}

static void allocate_phis(Ra *ra, const TcgBlock *blk, float here)
{
    Cg *c = ra->c;
    for (unsigned round = 0; round < 2; round++) {
        for (uint32_t i = blk->first; i < blk->end && c->r->insns[i].op == TCG_OP_PHI; i++) {
            Val *v = &c->val[i];
            if (!wants_place(v) || v->reg != NOREG || v->mem != MEM_NONE)
                continue;
            if (v->cls == CLS_MEM) {
                live_in_frame(c, i);
                continue;
            }
            expire(ra, v->cls, v->start);
            if (round == 1 || hint(ra, i) != NOREG)
                allocate(ra, i, here);
        }
    }
}

void cg_allocate(Cg *c)
{
    static const float depth_weight[] = {1, 10, 100, 1000};
    TcgRegion *r = c->r;
    Ra ra = {.c = c, .free = {0, GPR_ALLOCATABLE, XMM_ALLOCATABLE}, .next_end = {UINT32_MAX, UINT32_MAX, UINT32_MAX}};

    c->s->homed_count = 0;
    for (uint32_t b = 0; b < r->block_count; b++) {
        const TcgBlock *blk = &r->blocks[b];
        float here = depth_weight[MIN(blk->loop_depth, 3)];
        c->block = b;
        allocate_phis(&ra, blk, here);
        for (uint32_t i = blk->first; i < blk->end; i++) {
            const TcgInsn *in = &r->insns[i];
            Val *v = &c->val[i];
            c->s->busy[i] = 0;
            if (in->op == TCG_OP_PHI || in->op <= TCG_OP_CONST || in->op == TCG_OP_INSN)
                continue;
            bool place = wants_place(v);
            if (place && in->op == TCG_OP_GET && get_is_operand(c, in, v, here)) {
                live_in_slot(c, i, in->aux);
                continue;
            }
            note_busy(&ra, i, in);
            const Group *g = cg_group(c, i);
            if (g && g->first == i)
                allocate(&ra, g->val, here / 2);
            if (place && v->cls == CLS_MEM)
                give_memory(c, i);
            else if (place)
                allocate(&ra, i, here);
        }
    }
}

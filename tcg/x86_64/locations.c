/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where values are, and how they are moved: loads of operands into registers, stores, and the parallel moves of phis on
 * the edges between blocks (sequentialised, cycles broken through a scratch register).
 */
#include "cg.h"

Loc cg_loc_at(const Cg *c, TcgVal val, uint32_t pos)
{
    const Val *v = &c->val[c->val[val].root];
    if (v->flags & VF_CONST)
        return (Loc){.kind = LOC_CONST, .slot = 255, .imm = c->r->insns[v->root].imm};
    if (v->reg != NOREG && pos < v->reg_end)
        return (Loc){.kind = v->cls == CLS_GPR ? LOC_GPR : LOC_XMM, .reg = v->reg, .slot = 255};
    if (v->mem == MEM_SLOT)
        return (Loc){.kind = LOC_MEM, .slot = v->owner_slot, .m = mem_b(RBP, v->disp)};
    if (v->mem == MEM_NONE)
        ((Cg *)c)->unsupported = "a value without a place";
    return (Loc){.kind = LOC_MEM, .slot = 255, .m = mem_b(RSP, v->disp)};
}

bool cg_dies(const Cg *c, TcgVal v) { return c->val[c->val[v].root].end <= c->pos; }

void cg_xmov(Cg *c, unsigned dst, unsigned src)
{
    if (dst == src)
        return;
    if (c->avx)
        asm_vrr(&c->a, X_MOVAPS, dst, 0, src, 0);
    else
        asm_rr(&c->a, X_MOVAPS, dst, src);
}

void cg_xrr(Cg *c, uint32_t x, unsigned reg, unsigned rm)
{
    if (c->avx)
        asm_vrr(&c->a, x, reg, 0, rm, 0);
    else
        asm_rr(&c->a, x, reg, rm);
}

void cg_xrm(Cg *c, uint32_t x, unsigned reg, Mem m)
{
    if (c->avx)
        asm_vrm(&c->a, x, reg, 0, m, 0);
    else
        asm_rm(&c->a, x, reg, m);
}

/* dst = a op b */
void cg_xop(Cg *c, uint32_t x, unsigned dst, unsigned a, Loc b)
{
    if (c->avx) {
        if (b.kind == LOC_MEM)
            asm_vrm(&c->a, x, dst, a, b.m, 0);
        else
            asm_vrr(&c->a, x, dst, a, b.reg, 0);
        return;
    }
    if (b.kind != LOC_MEM && b.reg == dst && dst != a) { /* b would be overwritten first */
        cg_xmov(c, XS0, a);
        asm_rr(&c->a, x, XS0, b.reg);
        cg_xmov(c, dst, XS0);
        return;
    }
    cg_xmov(c, dst, a);
    if (b.kind == LOC_MEM)
        asm_rm(&c->a, x, dst, b.m);
    else
        asm_rr(&c->a, x, dst, b.reg);
}

void cg_pool_rm(Cg *c, uint32_t x, unsigned reg, unsigned v, unsigned k)
{
    Mem m = mem_b(RBP, 0x12345678); /* mod 2, rm 5: turned into rip-relative */
    if (c->avx)
        asm_vrm(&c->a, x, reg, v, m, 0);
    else
        asm_rm(&c->a, x, reg, m);
    c->a.p[-5] &= 0x3f;
    asm_patch32(c->a.p - 4, c->be->pool + 16 * k);
}

void cg_load_gpr(Cg *c, unsigned dst, Loc l, bool w)
{
    uint32_t xw = w ? X_W : 0;
    switch (l.kind) {
    case LOC_GPR:
        if (l.reg != dst)
            asm_rr(&c->a, X_MOV | xw, dst, l.reg);
        break;
    case LOC_XMM:
        cg_xrr(c, X_MOVD_GX | xw, l.reg, dst);
        break;
    case LOC_MEM:
        asm_rm(&c->a, X_MOV | xw, dst, l.m);
        break;
    default:
        asm_mov_ri(&c->a, dst, w ? l.imm : (uint32_t)l.imm);
    }
}

static uint32_t load_word(TcgType t)
{
    return t == TCG_F32 || t == TCG_I32 ? X_MOVSS : t == TCG_F64 || t == TCG_V64 || t == TCG_I64 ? X_MOVSD : X_MOVUPS;
}

static void xmm_mem(Cg *c, bool store, unsigned reg, Mem m, TcgType t)
{
    uint32_t x = load_word(t) + (store ? 1 : 0); /* the _MR form is the next opcode */
    if (t == TCG_V256)
        asm_vrm(&c->a, x, reg, 0, m, 1);
    else
        cg_xrm(c, x, reg, m);
}

void cg_load_xmm(Cg *c, unsigned dst, Loc l, TcgType t)
{
    switch (l.kind) {
    case LOC_XMM:
        if (t == TCG_V256 && dst != l.reg)
            asm_vrr(&c->a, X_MOVAPS, dst, 0, l.reg, 1);
        else
            cg_xmov(c, dst, l.reg);
        break;
    case LOC_GPR:
        cg_xrr(c, X_MOVD_XG | (t == TCG_F32 ? 0 : X_W), dst, l.reg);
        break;
    case LOC_MEM:
        xmm_mem(c, false, dst, l.m, t);
        break;
    default:
        if (!l.imm) {
            cg_xop(c, X_XORPS, dst, dst, (Loc){.kind = LOC_XMM, .reg = (uint8_t)dst});
        } else {
            asm_mov_ri(&c->a, RAX, l.imm);
            cg_xrr(c, X_MOVD_XG | (t == TCG_F32 ? 0 : X_W), dst, RAX);
        }
    }
}

/* @t gives the width. CLS_MEM values are copied through XS1. */
void cg_store_loc(Cg *c, Mem to, Loc l, TcgType t, unsigned gtmp)
{
    unsigned bytes = tcg_type_bytes(t);
    switch (l.kind) {
    case LOC_GPR:
        asm_rm(&c->a, X_MOV_MR | (bytes == 8 ? X_W : 0), l.reg, to);
        break;
    case LOC_XMM:
        xmm_mem(c, true, l.reg, to, t);
        break;
    case LOC_CONST:
        for (; bytes > 8; bytes -= 8) {
            Mem high = to; /* keeps the index */
            high.disp += (int32_t)bytes - 8;
            asm_mov_mi(&c->a, true, high, 0);
        }
        if (bytes == 4 || fits_s32((int64_t)l.imm)) {
            asm_mov_mi(&c->a, bytes == 8, to, (int32_t)l.imm);
        } else {
            asm_mov_ri(&c->a, gtmp, l.imm);
            asm_rm(&c->a, X_MOV_MR | X_W, gtmp, to);
        }
        break;
    default:
        if (l.m.base == to.base && l.m.disp == to.disp)
            break;
        if (bytes <= 8) {
            asm_rm(&c->a, X_MOV | (bytes == 8 ? X_W : 0), gtmp, l.m);
            asm_rm(&c->a, X_MOV_MR | (bytes == 8 ? X_W : 0), gtmp, to);
            break;
        }
        for (unsigned k = 0; k < bytes; k += 16) {
            Mem from = l.m, dst = to;
            from.disp += (int32_t)k, dst.disp += (int32_t)k;
            cg_xrm(c, X_MOVUPS, XS1, from);
            cg_xrm(c, X_MOVUPS_MR, XS1, dst);
        }
    }
}

unsigned cg_use_gpr(Cg *c, TcgVal v, bool w, unsigned scratch)
{
    Loc l = cg_loc(c, v);
    if (l.kind == LOC_GPR)
        return l.reg;
    cg_load_gpr(c, scratch, l, w);
    return scratch;
}

unsigned cg_use_xmm(Cg *c, TcgVal v, unsigned scratch)
{
    Loc l = cg_loc(c, v);
    if (l.kind == LOC_XMM)
        return l.reg;
    cg_load_xmm(c, scratch, l, (TcgType)c->val[c->val[v].root].type);
    return scratch;
}

unsigned cg_dst_gpr(const Cg *c)
{
    const Val *v = &c->val[c->i];
    return v->reg != NOREG && v->reg_end > v->start ? v->reg : RAX;
}

unsigned cg_dst_xmm(const Cg *c)
{
    const Val *v = &c->val[c->i];
    return v->reg != NOREG && v->reg_end > v->start ? v->reg : XS1;
}

unsigned cg_vec_variant(const Cg *c) { return c->s->busy[c->i] >> 1 & 3; }

/* --- parallel moves --- */
typedef struct Move {
    Loc dst, src;
    TcgType type;
} Move;

static bool overlap(const Loc *a, const Loc *b, unsigned bytes)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == LOC_MEM)
        return a->m.base == b->m.base && a->m.disp < b->m.disp + (int32_t)bytes && b->m.disp < a->m.disp + (int32_t)bytes;
    return a->kind != LOC_CONST && a->reg == b->reg;
}

/* Has the value's definition written it there already? */
static bool stored_at(const Cg *c, TcgVal val, Mem m)
{
    const Val *v = &c->val[c->val[val].root];
    return (v->flags & VF_STORE) && v->disp == m.disp && m.base == (v->mem == MEM_SLOT ? RBP : RSP);
}

static unsigned edge_list(Cg *c, uint32_t from, uint32_t to, Move *moves, unsigned max)
{
    TcgRegion *r = c->r;
    const TcgBlock *t = &r->blocks[to];
    uint32_t src_pos = 2 * r->blocks[from].end - 1, dst_pos = 2 * t->first;
    uint32_t k = 0;
    unsigned n = 0;

    while (k < t->pred_count && r->preds[t->pred_first + k] != from)
        k++;
    for (uint32_t i = t->first; i < t->end && r->insns[i].op == TCG_OP_PHI; i++) {
        if (!c->val[i].end || k == t->pred_count)
            continue;
        TcgVal arg = r->phi_args[r->insns[i].aux + k];
        Move m = {cg_loc_at(c, i, dst_pos), cg_loc_at(c, arg, src_pos), (TcgType)c->val[i].type};
        if (overlap(&m.dst, &m.src, 1) || (m.dst.kind == LOC_MEM && stored_at(c, arg, m.dst.m)))
            continue;
        if (n == max) {
            c->unsupported = "more phis on an edge than there are slots";
            break;
        }
        moves[n++] = m;
    }
    return n;
}

static void emit_move(Cg *c, const Move *m)
{
    if (m->dst.kind == LOC_GPR)
        cg_load_gpr(c, m->dst.reg, m->src, cg_w(m->type));
    else if (m->dst.kind == LOC_XMM)
        cg_load_xmm(c, m->dst.reg, m->src, m->type);
    else
        cg_store_loc(c, m->dst.m, m->src, m->type, RCX);
}

bool cg_has_edge_moves(Cg *c, uint32_t from, uint32_t to)
{
    Move moves[TCG_MAX_SLOTS];
    return edge_list(c, from, to, moves, TCG_MAX_SLOTS) > 0;
}

/* rax (or XS0) holds the value that was in the way of a cycle; constants come last because loading one may use rax */
void cg_edge_moves(Cg *c, uint32_t from, uint32_t to)
{
    Move moves[TCG_MAX_SLOTS];
    unsigned n = edge_list(c, from, to, moves, TCG_MAX_SLOTS);

    if (c->frame_full)
        return; /* places are not distinct, the moves might never come to an end; the region is refused anyway */
    while (n) {
        unsigned k, j;
        int last_const = -1;
        for (k = 0; k < n; k++) {
            if (moves[k].src.kind == LOC_CONST && n > 1 && moves[k].dst.kind == LOC_XMM) {
                last_const = (int)k;
                continue;
            }
            for (j = 0; j < n && (j == k || !overlap(&moves[k].dst, &moves[j].src, tcg_type_bytes(moves[j].type))); j++)
                ;
            if (j == n)
                break;
        }
        if (k < n) {
            emit_move(c, &moves[k]);
            moves[k] = moves[--n];
            continue;
        }
        bool all_const = last_const >= 0;
        for (j = 0; j < n; j++)
            all_const &= moves[j].src.kind == LOC_CONST;
        if (all_const) { /* only constants for vector registers are left */
            for (j = 0; j < n; j++)
                emit_move(c, &moves[j]);
            break;
        }
        for (k = 0; moves[k].src.kind == LOC_CONST; k++)
            ;
        /* a cycle: put the source of one move aside, which frees that place for the move that wants it. The whole cycle is
         * done before the next one can be stuck, so one temporary is enough. */
        Loc tmp = {.kind = LOC_MEM, .slot = 255, .m = mem_b(RSP, FRAME_REF)};
        if (moves[k].src.kind == LOC_XMM)
            tmp = (Loc){.kind = LOC_XMM, .reg = XS0};
        else if (tcg_type_bytes(moves[k].type) <= 8)
            tmp = (Loc){.kind = LOC_GPR, .reg = RAX};
        else if (overlap(&moves[k].src, &tmp, 1)) {
            c->unsupported = "a tangle of phis";
            return;
        }
        Move save = {tmp, moves[k].src, moves[k].type};
        emit_move(c, &save);
        moves[k].src = tmp;
    }
}

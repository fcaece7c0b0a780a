/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leaving the region: exits and their out-of-line stubs, helper calls, and the encoding of sites (decoded by tcg/site.c).
 *
 * An exit stores the dirty slots of its map and then, by kind:
 *   DIRECT    [poll of exit_request on backward edges] [guard of the target's page] jmp rel32, patched by tcg_backend_link();
 *             unlinked it goes to code that stores the PC and hands the TcgLink to the dispatcher;
 *   INDIRECT  poll, then the jump cache is looked at inline; a miss goes through the lookup trampoline;
 *   RUNTIME   stores the PC and returns the reason.
 * No exit reads a slot's memory after another of its stores wrote it: a value that stays in a slot is named by
 * maps for that slot only, or the slot is not in the map (liveness.c, VF_NOSLOT).
 */
#include "cg.h"
#include "../site.h"

/* What a map entry needs done to the value that it is made from */
typedef struct Source {
    Loc loc;
    unsigned form; /* SITE_* transformation */
} Source;

static bool raw_nan(const Val *v) { return (v->flags & (VF_DIRTYNAN | VF_CANON)) == VF_DIRTYNAN; }

static Source source_of(const Cg *c, const TcgMapEntry *e)
{
    uint32_t root = c->val[e->val].map_root;
    const Val *v = &c->val[root];
    if (!(v->flags & VF_LAZY)) {
        Source s = {cg_loc(c, e->val), SITE_PLAIN};
        if (raw_nan(v))
            s.form = v->type == TCG_F32 ? SITE_NAN32 : SITE_NAN64;
        return s;
    }
    const TcgInsn *in = &c->r->insns[root];
    if (in->op == TCG_OP_FLAGS || in->op == TCG_OP_FLAGUNPACK)
        return (Source){{.kind = LOC_CONST, .slot = 255}, SITE_FLAGS};
    const Val *a = &c->val[c->val[in->arg[0]].root];
    Source s = {cg_loc(c, in->arg[0]), in->op == TCG_OP_EXTS || in->op == TCG_OP_SEXT ? SITE_EXTS : in->op == TCG_OP_BOX32 ? SITE_BOX32 : SITE_EXTU};
    if (s.form == SITE_BOX32 && raw_nan(a))
        s.form = SITE_BOX32_NAN;
    return s;
}

/* Stores one dirty slot; uses rax, XS0, XS1 */
static void store_slot(Cg *c, const TcgMapEntry *e)
{
    const TcgSlot *slot = &c->r->slots[e->slot];
    Mem to = mem_b(RBP, (int32_t)slot->offset);
    Source s = source_of(c, e);
    bool narrow = tcg_type_bytes(slot->type) == 4; /* the low half of a lazy value */

    switch (s.form) {
    case SITE_FLAGS:
        cg_store_flags(c, &c->r->insns[c->val[e->val].map_root], to);
        return;
    case SITE_PLAIN:
        if (s.loc.kind != LOC_MEM || s.loc.slot != e->slot)
            cg_store_loc(c, to, s.loc, slot->type, RAX);
        return;
    case SITE_EXTS: case SITE_EXTU:
        if (s.loc.kind == LOC_MEM)
            asm_rm(&c->a, s.form == SITE_EXTS ? X_MOVSXD : X_MOV, RAX, s.loc.m);
        else
            asm_rr(&c->a, s.form == SITE_EXTS ? X_MOVSXD : X_MOV, RAX, s.loc.reg);
        asm_rm(&c->a, X_MOV_MR | (narrow ? 0 : X_W), RAX, to);
        return;
    default:
        break;
    }
    TcgType t = s.form == SITE_NAN64 ? TCG_F64 : TCG_F32;
    if (s.loc.kind != LOC_XMM) {
        cg_load_xmm(c, XS1, s.loc, t);
        s.loc = (Loc){.kind = LOC_XMM, .reg = XS1, .slot = 255};
    }
    if (s.form != SITE_BOX32)
        cg_nan_fix(c, s.loc.reg, t);
    cg_store_loc(c, to, s.loc, t, RAX);
    if (!narrow && (s.form == SITE_BOX32 || s.form == SITE_BOX32_NAN)) {
        to.disp += 4;
        asm_mov_mi(&c->a, false, to, -1);
    }
}

static bool is_zero_vector(const Cg *c, const TcgMapEntry *e)
{
    const TcgInsn *in = &c->r->insns[c->val[e->val].root];
    return e->type == TCG_V128 && in->op == TCG_OP_CONST && !in->imm;
}

/* Many vectors become 0 at once where a guest clears upper halves: out of one register, neighbours together */
static void store_zeros(Cg *c, const TcgMapEntry *e, uint32_t count)
{
    bool have_zero = false;
    for (uint32_t k = 0; k < count; k++) {
        if (!is_zero_vector(c, &e[k]))
            continue;
        if (!have_zero)
            cg_load_xmm(c, XS0, (Loc){.kind = LOC_CONST}, TCG_V128);
        have_zero = true;
        int32_t at = (int32_t)c->r->slots[e[k].slot].offset;
        if (c->avx && k + 1 < count && is_zero_vector(c, &e[k + 1]) && (int32_t)c->r->slots[e[k + 1].slot].offset == at + 16) {
            asm_vrm(&c->a, X_MOVUPS_MR, XS0, 0, mem_b(RBP, at), 1);
            k++;
        } else {
            cg_xrm(c, X_MOVUPS_MR, XS0, mem_b(RBP, at));
        }
    }
}

static void store_map(Cg *c, const TcgInsn *in)
{
    const TcgMap *m = &c->r->maps[in->map];
    if (!in->map)
        return;
    const TcgMapEntry *e = &c->r->map_entries[m->first];
    store_zeros(c, e, m->count);
    for (uint32_t k = 0; k < m->count; k++)
        if (!is_zero_vector(c, &e[k]))
            store_slot(c, &e[k]);
}

static void store_pc(Cg *c, uint64_t pc)
{
    cg_store_loc(c, mem_b(RBP, (int32_t)c->be->pc_offset), (Loc){.kind = LOC_CONST, .slot = 255, .imm = pc}, TCG_I64, RAX);
}

static uint8_t *poll(Cg *c)
{
    asm_g1_mi(&c->a, G1_CMP, false, mem_b(RBP, CPU_OFF(exit_request)), 0);
    return asm_jcc(&c->a, CC_NE);
}

static void pad_to(Cg *c, unsigned align, unsigned before) /* so that p + before is a multiple of align */
{
    asm_nop(&c->a, (unsigned)(-((uintptr_t)c->a.p + before) & (align - 1)));
}

/* Compares the fetch TLB entry of the target with immediates that tcg_backend_link() fills in */
static void guard(Cg *c, TcgLink *l, Stub *s)
{
    int32_t entry = TLB_TABLE_OFFSET(c->mmu_fetch, TLB_FETCH) + (int32_t)((l->target_pc >> TLB_PAGE_BITS & (TLB_ENTRIES - 1)) << 4);
    for (unsigned k = 0; k < 2; k++) {
        pad_to(c, 8, 2);
        asm_mov_ri64(&c->a, RAX, TLB_INVALID - 1); /* no valid entry looks like this */
        uint32_t off = (uint32_t)(c->a.p - 8 - c->start);
        if (k == 0)
            l->guard_tag_off = off;
        else
            l->guard_addend_off = off;
        asm_rm(&c->a, X_CMP | X_W, RAX, mem_b(R15, entry + 8 * (int32_t)k));
        s->from[1 + k] = asm_jcc(&c->a, CC_NE);
    }
}

static void leave_direct(Cg *c, const TcgExit *e)
{
    GROW(c->s->link, c->s->link_count, c->s->link_cap);
    uint32_t index = c->s->link_count++;
    TcgLink *l = &c->s->link[index];
    *l = (TcgLink){.target_pc = e->pc, .edge = e->edge, .backward = e->pc <= c->r->guest[e->guest].pc,
                   .cross_page = ((e->pc ^ c->r->pc) & TLB_PAGE_MASK) != 0};
    Stub *s = cg_stub(c, STUB_LEAVE);
    s->block = index;
    if (l->backward)
        s->back = poll(c);
    if (l->cross_page)
        guard(c, l, s);
    pad_to(c, 4, 1);
    s->from[0] = asm_jmp(&c->a);
    l->jump_off = (uint32_t)(s->from[0] - c->start);
}

static void stub_leave(Cg *c, const Stub *s)
{
    TcgLink *l = &c->s->link[s->block];
    l->unlinked_off = (uint32_t)(c->a.p - c->start);
    store_pc(c, l->target_pc);
    asm_mov_ri64(&c->a, RAX, 0);
    GROW(c->s->plink, c->s->plink_count, c->s->plink_cap);
    c->s->plink[c->s->plink_count++] = (PatchLink){c->a.p - 8, s->block};
    asm_rr(&c->a, X_XOR, RDX, RDX);
    asm_patch32(asm_jmp(&c->a), c->be->t_leave);
    if (s->back) {
        asm_patch32(s->back, c->a.p);
        store_pc(c, l->target_pc);
        asm_rr(&c->a, X_XOR, RDX, RDX);
        asm_patch32(asm_jmp(&c->a), c->be->t_leave0);
    }
}

/* rcx: the target */
static void leave_indirect(Cg *c)
{
    int32_t cache = (int32_t)offsetof(TlbContext, jump_cache);
    asm_patch32(poll(c), c->be->t_leave_rcx);
    asm_mov_rr(&c->a, false, RAX, RCX);
    asm_g2_ri(&c->a, G2_SHL, false, RAX, 4); /* pc >> 1 times 32 bytes */
    asm_g1_ri(&c->a, G1_AND, false, RAX, (JUMP_CACHE_ENTRIES - 1) << 5);
    asm_rm(&c->a, X_CMP | X_W, RCX, mem_bi(R15, RAX, 0, cache));
    asm_patch32(asm_jcc(&c->a, CC_NE), c->be->t_lookup);
    asm_g1_mi(&c->a, G1_CMP, false, mem_bi(R15, RAX, 0, cache + 8), (int32_t)c->r->flags);
    asm_patch32(asm_jcc(&c->a, CC_NE), c->be->t_lookup);
    if (c->r->wide_flags) {
        asm_g1_mi(&c->a, G1_CMP, false, mem_bi(R15, RAX, 0, cache + 12), (int32_t)(c->r->flags >> 32));
        asm_patch32(asm_jcc(&c->a, CC_NE), c->be->t_lookup);
    }
    asm_rm(&c->a, 0xff, 4, mem_bi(R15, RAX, 0, cache + 16));
}

static void leave(Cg *c, const TcgInsn *in)
{
    const TcgExit *e = &c->r->exits[in->aux];
    bool indirect = e->kind == TCG_EXIT_INDIRECT && in->op == TCG_OP_EXIT;

    if (indirect) /* before a store overwrites the slot that it may be in */
        cg_load_gpr(c, RCX, cg_loc(c, in->arg[0]), true);
    store_map(c, in);
    if (indirect) {
        leave_indirect(c);
    } else if (e->kind == TCG_EXIT_DIRECT) {
        leave_direct(c, e);
    } else {
        if (e->pc != UINT64_MAX)
            store_pc(c, e->pc);
        asm_mov_ri(&c->a, RDX, e->reason);
        asm_patch32(asm_jmp(&c->a), c->be->t_leave0);
    }
}

bool lower_exit(Cg *c, const TcgInsn *in)
{
    uint8_t *at;
    switch (in->op) {
    case TCG_OP_EXIT:
        leave(c, in);
        return true;
    case TCG_OP_POLL:
        at = poll(c);
        break;
    default:
        at = asm_jcc(&c->a, (unsigned)cg_compare(c, (TcgType)in->type, (TcgCond)in->cond, in->arg[0], in->arg[1]));
    }
    cg_stub(c, STUB_EXIT)->from[0] = at;
    return true;
}

void stub_exit(Cg *c, const Stub *s)
{
    if (s->kind == STUB_LEAVE)
        stub_leave(c, s);
    else
        leave(c, &c->r->insns[s->insn]);
}

/* --- sites --- */
static void put_byte(Cg *c, uint8_t b) { c->s->locs[c->s->loc_size++] = b; }
static void put_bytes(Cg *c, uint64_t v, unsigned n)
{
    while (n--) {
        put_byte(c, (uint8_t)v);
        v >>= 8;
    }
}

static void encode_loc(Cg *c, Loc l, unsigned form)
{
    int64_t imm = (int64_t)l.imm;
    form <<= SITE_FORM_SHIFT;
    switch (l.kind) {
    case LOC_GPR:
        put_byte(c, (uint8_t)(SITE_GPR | form));
        put_byte(c, l.reg);
        break;
    case LOC_XMM:
        put_byte(c, (uint8_t)(SITE_VEC | form));
        put_byte(c, l.reg);
        break;
    case LOC_MEM:
        put_byte(c, (uint8_t)((l.slot != 255 ? SITE_SLOT : SITE_FRAME) | form));
        if (l.slot != 255)
            put_byte(c, l.slot);
        else
            put_bytes(c, (uint64_t)l.m.disp, 2);
        break;
    default: {
        unsigned n = imm == (int8_t)imm ? 1 : imm == (int32_t)imm ? 4 : 8;
        put_byte(c, (uint8_t)((n == 1 ? SITE_CONST8 : n == 4 ? SITE_CONST32 : SITE_CONST64) | form));
        put_bytes(c, (uint64_t)imm, n);
    }
    }
}

static void encode_flags(Cg *c, const TcgInsn *in)
{
    bool unpack = in->op == TCG_OP_FLAGUNPACK;
    put_byte(c, SITE_CONST8 | SITE_FLAGS << SITE_FORM_SHIFT);
    put_bytes(c, unpack ? (in->aux ? TCG_FK_PACKED_ARM : TCG_FK_PACKED_X86) : in->aux & 0xff, 2);
    put_bytes(c, unpack ? TCG_I64 : in->sub | (uint32_t)(in->imm & 31) << 8, 2);
    for (unsigned k = 0; k < 3; k++) {
        Loc l;
        cg_flags_operand(c, in, k, &l);
        encode_loc(c, l, SITE_PLAIN);
    }
}

static void encode(Cg *c, const TcgMapEntry *e)
{
    Source s = source_of(c, e);
    put_byte(c, (uint8_t)e->slot);
    if (s.form == SITE_FLAGS)
        encode_flags(c, &c->r->insns[c->val[e->val].map_root]);
    else
        encode_loc(c, s.loc, s.form);
}

void cg_site(Cg *c)
{
    const TcgInsn *in = &c->r->insns[c->i];
    const TcgMap *m = &c->r->maps[in->map];
    uint32_t count = in->map ? m->count : 0;

    GROW(c->s->site, c->s->site_count, c->s->site_cap);
    c->s->site[c->s->site_count++] = (TcgSite){(uint32_t)(c->a.p - c->start), in->guest, c->s->loc_size};
    size_t need = c->s->loc_size + 2 + 40 * (size_t)count;
    if (need > c->s->loc_cap) {
        c->s->loc_cap = (uint32_t)need * 2;
        c->s->locs = g_realloc(c->s->locs, c->s->loc_cap);
    }
    uint32_t at = c->s->loc_size;
    put_bytes(c, 0, 2);
    unsigned n = 0;
    for (uint32_t k = 0; k < count; k++) {
        const TcgMapEntry *e = &c->r->map_entries[m->first + k];
        Loc l = c->val[c->val[e->val].map_root].flags & VF_LAZY ? (Loc){.slot = 255} : cg_loc(c, e->val);
        if (l.kind == LOC_MEM && l.slot == e->slot)
            continue; /* there already */
        encode(c, e);
        n++;
    }
    c->s->locs[at] = (uint8_t)n, c->s->locs[at + 1] = (uint8_t)(n >> 8);
}

/* --- calls --- */
void cg_pass(Cg *c, unsigned n, Loc v, TcgType t)
{
    Mem to = mem_b(RBP, CPU_OFF(call_arg[0]) + 8 * (int32_t)n);
    if (v.kind == LOC_XMM || tcg_type_bytes(t) > 8)
        cg_store_loc(c, to, v, t, RCX);
    else if (v.kind == LOC_MEM && v.slot != 255 && tcg_type_bytes(t) < 8)
        cg_store_loc(c, to, v, TCG_I32, RCX); /* the slot has four bytes; what is above them is ignored */
    else
        cg_store_loc(c, to, v, TCG_I64, RCX);
}

static void take_result(Cg *c, TcgType t)
{
    if (!c->val[c->i].end)
        return;
    if (tcg_type_is_int(t))
        asm_mov_rr(&c->a, cg_w(t), cg_dst_gpr(c), RAX);
    else
        cg_load_xmm(c, cg_dst_xmm(c), (Loc){.kind = LOC_GPR, .reg = RAX}, t);
}

void lower_call(Cg *c, const TcgInsn *in)
{
    const TcgHelper *h = c->r->helpers[in->aux];
    unsigned kind = h->flags & TCG_HELPER_PURE ? (h->flags & TCG_HELPER_FP ? HELPER_PURE_FP : HELPER_PURE)
                                               : (h->flags & TCG_HELPER_FP ? HELPER_CPU_FP : HELPER_CPU);
    for (unsigned k = 0; k < 4 && h->args[k] != TCG_VOID; k++)
        cg_pass(c, k, cg_loc(c, in->arg[k]), h->args[k]);
    asm_mov_ri(&c->a, RAX, (uintptr_t)h->fn);
    asm_call_to(&c->a, c->be->t_helper[kind][cg_vec_variant(c)]);
    if (!(h->flags & TCG_HELPER_PURE))
        cg_site(c);
    if (h->ret != TCG_VOID)
        take_result(c, h->ret);
}

void cg_ref_scalar(Cg *c, const TcgInsn *in, uint64_t desc)
{
    for (unsigned k = 0, n = cg_operands(c->r, in); k < n; k++) {
        Loc l = cg_loc(c, in->arg[k]);
        TcgType t = cg_result_type(&c->r->insns[in->arg[k]]);
        if (l.kind != LOC_CONST && tcg_type_bytes(t) < 8) { /* zero-extended */
            if (l.kind == LOC_GPR)
                asm_mov_rr(&c->a, false, RAX, l.reg);
            else
                cg_load_gpr(c, RAX, l, false);
            l = (Loc){.kind = LOC_GPR, .reg = RAX};
        }
        cg_store_loc(c, mem_b(RBP, CPU_OFF(call_arg[0]) + 8 * (int32_t)k), l, l.kind == LOC_XMM ? t : TCG_I64, RAX);
    }
    asm_mov_ri(&c->a, RAX, desc);
    asm_rm(&c->a, X_MOV_MR | X_W, RAX, mem_b(RBP, CPU_OFF(call_arg[3])));
    asm_mov_ri(&c->a, RAX, (uintptr_t)tcg_ref_scalar);
    asm_call_to(&c->a, c->be->t_helper[HELPER_PURE_FP][cg_vec_variant(c)]);
    take_result(c, cg_result_type(in));
}

void lower_ref(Cg *c, const TcgInsn *in)
{
    TcgType t = cg_result_type(in);
    const Val *v = &c->val[c->i];
    uint64_t desc = tcg_type_bytes(t) <= 8 ? tcg_ref_desc(in) : 0;
    for (unsigned k = 0, n = cg_operands(c->r, in); k < n; k++)
        if (k == 3 || (in->arg[k] && tcg_type_bytes(cg_result_type(&c->r->insns[in->arg[k]])) > 8))
            desc = 0;

    if (desc) {
        cg_ref_scalar(c, in, desc);
        return;
    }
    for (unsigned k = 0, n = cg_operands(c->r, in); k < n; k++)
        if (in->arg[k])
            cg_store_loc(c, mem_b(RSP, FRAME_REF + 32 * (int32_t)k), cg_loc(c, in->arg[k]), cg_result_type(&c->r->insns[in->arg[k]]), RAX);
    asm_rm(&c->a, X_LEA | X_W, RAX, mem_b(RBP, 0x12345678)); /* made rip-relative */
    c->a.p[-5] &= 0x3f;
    cg_stub(c, STUB_DATA)->from[0] = c->a.p - 4;
    asm_call_to(&c->a, c->be->t_ref[cg_vec_variant(c)]);
    if (t == TCG_VOID || !v->end)
        return;
    Loc result = {.kind = LOC_MEM, .slot = 255, .m = mem_b(RSP, FRAME_REF_RESULT)};
    if (v->cls == CLS_GPR)
        cg_load_gpr(c, cg_dst_gpr(c), result, cg_w(t));
    else if (v->cls == CLS_XMM)
        cg_load_xmm(c, cg_dst_xmm(c), result, t);
    else
        cg_store_loc(c, mem_b(RSP, v->disp), result, t, RAX);
}

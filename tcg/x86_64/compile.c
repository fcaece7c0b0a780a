/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The driver of the x86-64 backend: liveness, allocation, then one forward pass that emits each block, then the out-of-line
 * stubs, then the TcgCode record. Also the life of a TcgBackend and patching.
 *
 * Code is written straight into its final place through the RW mapping. Before each operation there is a check for the room
 * it may need at most; where that fails the region is reported as too big.
 */
#include "cg.h"

/* --- room --- */
static bool room(Cg *c, size_t bytes)
{
    if ((size_t)(c->limit - c->a.p) < bytes)
        c->too_big = true;
    return !c->too_big;
}

static size_t edge_bytes(const Cg *c, uint32_t to)
{
    const TcgBlock *t = &c->r->blocks[to];
    size_t n = 64;
    for (uint32_t i = t->first; i < t->end && c->r->insns[i].op == TCG_OP_PHI; i++)
        n += 64;
    return n;
}

static size_t insn_bytes(const Cg *c, const TcgInsn *in)
{
    size_t n = 400 + (in->map ? 48 * (size_t)c->r->maps[in->map].count : 0);
    if (in->op == TCG_OP_BR || in->op == TCG_OP_BRCOND || in->op == TCG_OP_BRFLAGS)
        n += edge_bytes(c, in->aux);
    return n;
}

/* --- jumps between blocks --- */
Stub *cg_stub(Cg *c, StubKind kind)
{
    GROW(c->s->stub, c->s->stub_count, c->s->stub_cap);
    Stub *s = &c->s->stub[c->s->stub_count++];
    *s = (Stub){.kind = (uint8_t)kind, .insn = c->i};
    return s;
}

static void add_fixup(Cg *c, uint8_t *at, uint32_t block)
{
    GROW(c->s->fixup, c->s->fixup_count, c->s->fixup_cap);
    c->s->fixup[c->s->fixup_count++] = (Fixup){at, block};
}

void cg_jump_block(Cg *c, uint32_t block)
{
    if (c->s->block_at[block])
        asm_jmp_to(&c->a, c->s->block_at[block]);
    else
        add_fixup(c, asm_jmp(&c->a), block);
}

/* Conditional jump to a block; moves for its phis are done out of line */
void cg_jcc_block(Cg *c, unsigned cc, uint32_t block)
{
    if (cg_has_edge_moves(c, c->block, block) && c->s->block_at[block]) { /* the bottom of a loop: one jump a round */
        uint8_t *over = asm_jcc(&c->a, cc ^ 1);
        cg_edge_moves(c, c->block, block);
        asm_jmp_to(&c->a, c->s->block_at[block]);
        asm_patch32(over, c->a.p);
    } else if (cg_has_edge_moves(c, c->block, block)) {
        uint8_t *at = asm_jcc(&c->a, cc);
        Stub *s = cg_stub(c, STUB_EDGE);
        s->block = block;
        s->from[0] = at;
        s->insn = c->block;
    } else if (c->s->block_at[block]) {
        asm_jcc_to(&c->a, cc, c->s->block_at[block]);
    } else {
        add_fixup(c, asm_jcc(&c->a, cc), block);
    }
}

/* --- one instruction --- */
static void define(Cg *c, const Val *v)
{
    if (!v->end || !(v->flags & VF_STORE) || v->cls == CLS_MEM)
        return;
    Mem m = mem_b(v->mem == MEM_SLOT ? RBP : RSP, v->disp);
    if (v->cls == CLS_GPR)
        asm_rm(&c->a, X_MOV_MR | X_W, cg_dst_gpr(c), m);
    else
        cg_store_loc(c, m, (Loc){.kind = LOC_XMM, .reg = (uint8_t)cg_dst_xmm(c)}, (TcgType)v->type, RAX);
}

static void emit_get(Cg *c, const TcgInsn *in, const Val *v)
{
    Loc slot = {.kind = LOC_MEM, .slot = (uint8_t)in->aux, .m = mem_b(RBP, (int32_t)c->r->slots[in->aux].offset)};
    if (v->cls == CLS_MEM) {
        if (v->flags & VF_STORE)
            cg_store_loc(c, mem_b(RSP, v->disp), slot, (TcgType)v->type, RAX);
        return;
    }
    if (v->reg == NOREG && !(v->flags & VF_STORE))
        return; /* stays in its slot */
    if (v->cls == CLS_GPR)
        cg_load_gpr(c, cg_dst_gpr(c), slot, cg_w((TcgType)in->type));
    else
        cg_load_xmm(c, cg_dst_xmm(c), slot, (TcgType)in->type);
}

static bool lower(Cg *c, const TcgInsn *in)
{
    switch (in->op) {
    case TCG_OP_GET:
        emit_get(c, in, &c->val[c->i]);
        return true;
    case TCG_OP_PUT: {
        const TcgSlot *slot = &c->r->slots[in->aux];
        cg_store_loc(c, mem_b(RBP, (int32_t)slot->offset), cg_loc(c, in->arg[0]), slot->type, RAX);
        return true;
    }
    case TCG_OP_PUTF: {
        TcgInsn f = *in;
        f.op = TCG_OP_FLAGS;
        f.aux = in->cond;
        cg_store_flags(c, &f, mem_b(RBP, (int32_t)c->r->slots[in->aux].offset));
        return true;
    }
    case TCG_OP_BR:
        cg_edge_moves(c, c->block, in->aux);
        if (in->aux != c->block + 1)
            cg_jump_block(c, in->aux);
        return true;
    case TCG_OP_BRCOND: {
        int cc = cg_compare(c, (TcgType)in->type, (TcgCond)in->cond, in->arg[0], in->arg[1]);
        cg_jcc_block(c, (unsigned)cc, in->aux);
        return true;
    }
    case TCG_OP_CALL:
        lower_call(c, in);
        return true;
    case TCG_OP_LD: case TCG_OP_ST: case TCG_OP_ATOMIC: case TCG_OP_CMPXCHG: case TCG_OP_LDX: case TCG_OP_STX: case TCG_OP_FENCE:
        return lower_mem(c, in);
    case TCG_OP_EXIT_IF: case TCG_OP_POLL: case TCG_OP_EXIT:
        return lower_exit(c, in);
    case TCG_OP_FLAGS: case TCG_OP_FLAGTEST: case TCG_OP_FLAGPACK: case TCG_OP_FLAGUNPACK: case TCG_OP_BRFLAGS: case TCG_OP_EXIT_FLAGS:
        return lower_flags(c, in);
    default:
        if (in->op < TCG_OP_FLAGS)
            return lower_int(c, in);
        if (in->op < TCG_OP_VDUP)
            return lower_fp(c, in);
        return lower_vec(c, in);
    }
}

static void emit_insn(Cg *c, uint32_t i)
{
    const TcgInsn *in = &c->r->insns[i];
    const Val *v = &c->val[i];

    if (in->op <= TCG_OP_CONST || in->op == TCG_OP_INSN || in->op == TCG_OP_PHI || (v->flags & (VF_ALIAS | VF_LAZY | VF_DEAD | VF_FUSED)))
        return;
    if (!room(c, insn_bytes(c, in)))
        return;
    c->i = i;
    c->pos = 2 * i;
    if (!lower(c, in))
        lower_ref(c, in);
    if ((v->flags & (VF_DIRTYNAN | VF_CANON)) == (VF_DIRTYNAN | VF_CANON))
        cg_nan_fix(c, cg_dst_xmm(c), (TcgType)v->type);
    if (v->flags & VF_STORE)
        define(c, v);
}

static bool falls_through(const TcgRegion *r, const TcgBlock *blk)
{
    return blk->end == blk->first || !(tcg_op_info[r->insns[blk->end - 1].op].effects & TCG_EFF_TERM);
}

static void emit_blocks(Cg *c)
{
    TcgRegion *r = c->r;
    for (uint32_t b = 0; b < r->block_count && !c->too_big && !c->unsupported; b++) {
        const TcgBlock *blk = &r->blocks[b];
        c->block = b;
        c->s->block_at[b] = c->a.p;
        for (uint32_t i = blk->first; i < blk->end && !c->too_big; i++)
            emit_insn(c, i);
        if (b + 1 < r->block_count && falls_through(r, blk) && room(c, edge_bytes(c, b + 1))) {
            c->pos = 2 * blk->end - 1;
            cg_edge_moves(c, b, b + 1);
        }
    }
}

static void emit_stub(Cg *c, const Stub *s)
{
    for (unsigned k = 0; k < G_N_ELEMENTS(s->from); k++)
        if (s->from[k])
            asm_patch32(s->from[k], c->a.p);
    if (s->kind == STUB_EDGE) {
        cg_edge_moves(c, s->insn, s->block);
        cg_jump_block(c, s->block);
        return;
    }
    c->i = s->insn;
    c->pos = 2 * s->insn;
    switch (s->kind) {
    case STUB_EXIT: case STUB_LEAVE:
        stub_exit(c, s);
        break;
    case STUB_DATA:
        while ((uintptr_t)c->a.p & 7)
            asm_b(&c->a, 0xcc);
        asm_patch32(s->from[0], c->a.p);
        memcpy(c->a.p, &c->r->insns[s->insn], sizeof(TcgInsn));
        c->a.p += sizeof(TcgInsn);
        break;
    case STUB_FIXNAN: case STUB_REF: case STUB_FMINMAX:
        stub_fp(c, s);
        break;
    default:
        stub_mem(c, s);
    }
}

static void emit_stubs(Cg *c)
{
    for (uint32_t k = 0; k < c->s->stub_count && !c->too_big && !c->unsupported; k++) {
        Stub s = c->s->stub[k]; /* by value: emitting one may add more */
        size_t need = s.kind == STUB_EDGE ? edge_bytes(c, s.block) : insn_bytes(c, &c->r->insns[s.insn]);
        if (room(c, need))
            emit_stub(c, &s);
    }
}

/* --- the record --- */
static int by_host_off(const void *a, const void *b)
{
    const TcgSite *x = a, *y = b;
    return x->host_off < y->host_off ? -1 : x->host_off > y->host_off;
}

static TcgCode *make_code(Cg *c, uint8_t *rx, uint32_t dead_off)
{
    CgScratch *s = c->s;
    TcgRegion *r = c->r;
    size_t links = s->link_count * sizeof(TcgLink), sites = s->site_count * sizeof(TcgSite);
    size_t guest = r->guest_count * sizeof(int32_t);
    TcgCode *code = g_malloc(sizeof *code + links + sites + guest + s->loc_size + 1);
    uint8_t *p = (uint8_t *)(code + 1);

    *code = (TcgCode){.rx = rx, .size = (uint32_t)(c->a.p - c->start), .dead_off = dead_off, .pc = r->pc, .flags = r->flags,
                      .link_count = s->link_count, .site_count = s->site_count, .loc_size = s->loc_size,
                      .guest_count = r->guest_count, .slots = r->slots};
    code->links = (TcgLink *)(void *)p;
    p += links;
    code->guest_pc = (int32_t *)(void *)p;
    p += guest;
    code->sites = (TcgSite *)(void *)p;
    p += sites;
    code->loc_bytes = p;
    if (links)
        memcpy(code->links, s->link, links);
    for (uint32_t k = 0; k < r->guest_count; k++)
        code->guest_pc[k] = (int32_t)(r->guest[k].pc - r->pc);
    if (sites)
        memcpy(code->sites, s->site, sites);
    memcpy(code->loc_bytes, s->locs, s->loc_size);
    for (uint32_t k = 0; k < s->link_count; k++)
        code->links[k].code = code;
    for (uint32_t k = 1; k < s->site_count; k++) {
        if (code->sites[k].host_off < code->sites[k - 1].host_off) {
            qsort(code->sites, s->site_count, sizeof(TcgSite), by_host_off);
            break;
        }
    }
    for (uint32_t k = 0; k < s->plink_count; k++) {
        uint64_t v = (uintptr_t)&code->links[s->plink[k].link];
        memcpy(s->plink[k].at, &v, 8);
    }
    return code;
}

static CgScratch *take_scratch(TcgBackend *be, uint32_t insns, uint32_t blocks)
{
    CgScratch *s = __atomic_exchange_n(&be->scratch, NULL, __ATOMIC_ACQUIRE);
    if (!s)
        s = g_new0(CgScratch, 1);
    if (s->val_cap < insns) {
        s->val_cap = insns + insns / 2 + 256;
        s->val = g_realloc_n(s->val, s->val_cap, sizeof *s->val);
        s->busy = g_realloc(s->busy, s->val_cap);
        s->group_of = g_realloc_n(s->group_of, s->val_cap, sizeof *s->group_of);
    }
    if (s->block_cap < blocks) {
        s->block_cap = blocks * 2 + 16;
        s->block_at = g_realloc_n(s->block_at, s->block_cap, sizeof *s->block_at);
    }
    if (!s->locs)
        s->locs = g_malloc(s->loc_cap = 4096);
    s->stub_count = s->fixup_count = s->plink_count = s->site_count = s->loc_size = s->link_count = 0;
    return s;
}

static void free_scratch(CgScratch *s)
{
    if (!s)
        return;
    void *parts[] = {s->val, s->use, s->loop, s->clobber, s->msite, s->stub, s->fixup, s->plink, s->site, s->locs, s->link,
                     s->block_at, s->busy, s->homed, s->group, s->group_of, s};
    for (unsigned i = 0; i < G_N_ELEMENTS(parts); i++)
        g_free(parts[i]);
}

TcgCode *tcg_backend_compile(TcgBackend *be, TcgRegion *r, uint8_t *rx, size_t bytes, unsigned mmu_fetch, bool *too_big, Error **errp)
{
    TcgCode *code = NULL;
    *too_big = false;
    if (!r->promoted || !r->block_count) {
        error_setg(errp, "Only a promoted region can be compiled: call tcg_optimize() first");
        return NULL;
    }
    CgScratch *s = take_scratch(be, r->insn_count + r->insn_count / 2 + 1, /* and a pseudo value for two accesses */
                                  r->block_count);
    Cg c = {.be = be, .r = r, .s = s, .val = s->val, .feat = be->feat, .avx = (be->feat & FEAT_AVX) != 0,
            .bmi2 = (be->feat & FEAT_BMI2) != 0, .mmu_fetch = mmu_fetch};
    c.start = c.a.p = tcg_code_rw(be->cb, rx);
    c.limit = c.start + bytes;
    memset(s->block_at, 0, r->block_count * sizeof *s->block_at);
    s->val[0] = (Val){.flags = VF_CONST, .reg = NOREG};

    cg_liveness(&c);
    cg_allocate(&c);
    uint32_t dead_off = 0;
    if (room(&c, 256)) {
        asm_nop(&c.a, 5);
        emit_blocks(&c);
        emit_stubs(&c);
        if (room(&c, 64)) {
            dead_off = (uint32_t)(c.a.p - c.start);
            cg_store_loc(&c, mem_b(RBP, (int32_t)be->pc_offset), (Loc){.kind = LOC_CONST, .imm = r->pc}, TCG_I64, RAX);
            asm_rr(&c.a, X_XOR, RDX, RDX);
            asm_patch32(asm_jmp(&c.a), be->t_leave0);
        }
    }
    if (c.frame_full)
        c.too_big = true;
    if (c.unsupported) {
        error_setg(errp, "The x86-64 backend cannot compile the region at 0x%" PRIx64 ": %s", r->pc, c.unsupported);
    } else if (c.too_big) {
        *too_big = true;
    } else {
        for (uint32_t k = 0; k < s->fixup_count; k++)
            asm_patch32(s->fixup[k].at, s->block_at[s->fixup[k].block]);
        code = make_code(&c, rx, dead_off);
    }
    s = __atomic_exchange_n(&be->scratch, s, __ATOMIC_RELEASE);
    free_scratch(s);
    return code;
}

void tcg_code_free(TcgCode *c) { g_free(c); }

/* --- the backend object and patching --- */
TcgBackend *tcg_backend_new(TcgCodeBuffer *cb, const TcgRuntime *rt, uint32_t pc_offset, size_t *used, Error **errp)
{
    TcgBackend *be = g_new0(TcgBackend, 1);
    be->cb = cb;
    be->rt = *rt;
    be->pc_offset = pc_offset;
    be->feat = x86_features();
    if (!x86_trampolines(be, used, errp)) {
        g_free(be);
        return NULL;
    }
    char *text = (char *)x86_features_text(be->feat);
    g_strlcpy(be->features_text, text, sizeof be->features_text);
    g_free(text);
    return be;
}

void tcg_backend_free(TcgBackend *be)
{
    if (be)
        free_scratch(be->scratch);
    g_free(be);
}

const char *tcg_backend_host_features(const TcgBackend *be) { return be->features_text; }

TcgLink *tcg_backend_enter(TcgBackend *be, struct CpuState *cpu, const void *entry_rx, uint32_t *reason)
{
    return be->enter(cpu, entry_rx, reason);
}

void tcg_backend_unwind(TcgBackend *be, struct CpuState *cpu)
{
    if (cpu->tcg.fp_call) {
        __asm__ volatile("stmxcsr %0" : "=m"(cpu->tcg.guest_mxcsr));
        cpu->tcg.fp_call = 0;
    }
    __asm__ volatile("ldmxcsr %0" : : "m"(cpu->tcg.host_mxcsr));
    cpu->tcg.ra = 0;
}

static void patch_jump(const TcgBackend *be, const TcgLink *l, const uint8_t *target_rx)
{
    const uint8_t *at = l->code->rx + l->jump_off;
    __atomic_store_n((int32_t *)(void *)tcg_code_rw(be->cb, at), (int32_t)(target_rx - (at + 4)), __ATOMIC_RELEASE);
}

void tcg_backend_link(TcgBackend *be, TcgLink *l, const void *target_rx, uint64_t guard_tag, uint64_t guard_addend)
{
    if (l->cross_page) {
        uint8_t *rw = tcg_code_rw(be->cb, l->code->rx);
        __atomic_store_n((uint64_t *)(void *)(rw + l->guard_tag_off), guard_tag, __ATOMIC_RELEASE);
        __atomic_store_n((uint64_t *)(void *)(rw + l->guard_addend_off), guard_addend, __ATOMIC_RELEASE);
    }
    patch_jump(be, l, target_rx);
}

void tcg_backend_unlink(TcgBackend *be, TcgLink *l) { patch_jump(be, l, l->code->rx + l->unlinked_off); }

void tcg_backend_kill(TcgBackend *be, TcgCode *c)
{
    uint8_t *rw = tcg_code_rw(be->cb, c->rx); /* 16-byte aligned: one 8-byte store covers the jump */
    uint64_t word;
    int32_t rel = (int32_t)c->dead_off - 5;
    memcpy(&word, rw, 8);
    memcpy((uint8_t *)&word + 1, &rel, 4);
    *(uint8_t *)&word = 0xe9;
    __atomic_store_n((uint64_t *)(void *)rw, word, __ATOMIC_RELEASE);
}

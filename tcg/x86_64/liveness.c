/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Live intervals. One forward pass classifies values (constant, alias of another value, register class), one backward
 * pass in linear order finds each value's last use, its computing uses, dead instructions and the values that only exit maps want;
 * then intervals of values that enter a loop are stretched to its end.
 *
 * Why that is enough: definitions come before their uses in linear order (phi operands of back edges aside), so every
 * path from a definition to a use stays inside [definition, last use], unless it goes through a back edge, whose whole
 * range [head, source] the interval then covers.
 */
#include "cg.h"

TcgType cg_result_type(const TcgInsn *in)
{
    switch (tcg_op_info[in->op].result) {
    case TCG_RES_NONE: return TCG_VOID;
    case TCG_RES_I64: return TCG_I64;
    case TCG_RES_I32: return TCG_I32;
    case TCG_RES_FLAGS: return TCG_FLAGS_T;
    case TCG_RES_F32: return TCG_F32;
    case TCG_RES_F64: return TCG_F64;
    case TCG_RES_AUX: return (TcgType)in->aux;
    default: return (TcgType)in->type;
    }
}

unsigned cg_operands(const TcgRegion *r, const TcgInsn *in)
{
    if (in->op == TCG_OP_CALL) {
        unsigned n = 0;
        const TcgHelper *h = r->helpers[in->aux];
        while (n < 4 && h->args[n] != TCG_VOID)
            n++;
        return n;
    }
    if (in->op == TCG_OP_EXIT)
        return r->exits[in->aux].kind == TCG_EXIT_INDIRECT ? 1 : 0;
    return tcg_op_info[in->op].operand_count;
}

static unsigned class_of(const Cg *c, TcgType t)
{
    switch (t) {
    case TCG_I32: case TCG_I64: return CLS_GPR;
    case TCG_F32: case TCG_F64: case TCG_V64: case TCG_V128: case TCG_I128: return CLS_XMM;
    case TCG_V256: return c->feat & FEAT_AVX2 ? CLS_XMM : CLS_MEM;
    case TCG_FLAGS_T: return CLS_MEM;
    default: return CLS_NONE;
    }
}

/* Does the i32 value come with its upper half zero, in a register as in a spill slot? */
static bool zero_extended(const TcgInsn *in)
{
    return in->type == TCG_I32 && in->op != TCG_OP_PHI && in->op != TCG_OP_GET && in->op != TCG_OP_CONST;
}

static bool makes_nan(const TcgInsn *in)
{
    TcgFp fp;
    switch (in->op) {
    case TCG_OP_FADD: case TCG_OP_FSUB: case TCG_OP_FMUL: case TCG_OP_FDIV: case TCG_OP_FSQRT: case TCG_OP_FMA:
        fp = in->aux;
        break;
    case TCG_OP_FTOF:
        fp = in->aux >> 8;
        break;
    default:
        return false;
    }
    if (tcg_fp_round(fp) != TCG_RM_DYN && !(in->op == TCG_OP_FTOF && in->type == TCG_F64))
        return false; /* done by the reference function */
    return !tcg_fp_ftz(fp) && (tcg_fp_nan(fp) == TCG_NAN_RISCV || tcg_fp_nan(fp) == TCG_NAN_ARM_DEFAULT);
}

static void classify(Cg *c)
{
    TcgRegion *r = c->r;
    for (uint32_t b = 0; b < r->block_count; b++) {
        for (uint32_t i = r->blocks[b].first; i < r->blocks[b].end; i++) {
            const TcgInsn *in = &r->insns[i];
            Val *v = &c->val[i];
            TcgType t = cg_result_type(in);
            *v = (Val){.root = i, .map_root = i, .start = 2 * i + 1, .reg = NOREG, .home = -1, .type = (uint8_t)t,
                       .cls = (uint8_t)class_of(c, t)};
            switch (in->op) {
            case TCG_OP_PHI:
                v->start = 2 * r->blocks[b].first;
                break;
            case TCG_OP_CONST:
                v->flags = VF_CONST;
                v->cls = CLS_NONE;
                break;
            case TCG_OP_COPY: case TCG_OP_TRUNC:
                v->root = v->map_root = c->val[in->arg[0]].root;
                v->flags = VF_ALIAS;
                break;
            case TCG_OP_EXTU: {
                uint32_t root = c->val[in->arg[0]].root;
                if (zero_extended(&r->insns[root])) {
                    v->root = v->map_root = root;
                    v->flags = VF_ALIAS;
                }
                break;
            }
            default:
                if (makes_nan(in))
                    v->flags = VF_DIRTYNAN;
            }
        }
    }
}

/* Does operand @k of an instruction (its result is @v) have a say with its upper half? */
static bool needs_upper(const Cg *c, const TcgInsn *in, unsigned k, const Val *v)
{
    switch (in->op) {
    case TCG_OP_ADD: case TCG_OP_SUB: case TCG_OP_MUL: case TCG_OP_AND: case TCG_OP_OR: case TCG_OP_XOR: case TCG_OP_ANDN:
    case TCG_OP_NEG: case TCG_OP_NOT:
        return v->flags & VF_WIDE;
    case TCG_OP_SHL:
        return k == 0 && ((v->flags & VF_WIDE) || c->r->insns[in->arg[1]].op != TCG_OP_CONST || (c->r->insns[in->arg[1]].imm & 63) > 31);
    case TCG_OP_SHR: case TCG_OP_SAR: case TCG_OP_ROL: case TCG_OP_ROR:
        return k == 0;
    case TCG_OP_SEXT: case TCG_OP_ZEXT:
        return in->imm > 32;
    case TCG_OP_SELECT:
        return k < 2 || (v->flags & VF_WIDE);
    case TCG_OP_ST:
        return k == 0 || tcg_mem_size_log2(in->aux) > 2;
    default:
        return true;
    }
}

/*
 * The fold rules address memory from the oldest base: [x + d] after y = x + c. Where y is wanted anyway that keeps x alive beside
 * it, and the two cannot share a register, which costs a move in every round of a loop over a pointer. So from the
 * definition of y on, accesses use [y + d - c]; if x has no other use left, it ends there.
 */
static void rebase_addresses(Cg *c, const TcgBlock *blk)
{
    TcgRegion *r = c->r;
    for (uint32_t i = blk->first; i < blk->end; i++) {
        const TcgInsn *in = &r->insns[i];
        if (in->op == TCG_OP_ADD && in->type == TCG_I64 && r->insns[in->arg[1]].op == TCG_OP_CONST) {
            int64_t k = (int64_t)r->insns[in->arg[1]].imm;
            if (k == (int32_t)k && r->insns[in->arg[0]].op != TCG_OP_CONST)
                c->val[in->arg[0]].uses = i; /* borrowed until the backward pass: the newest sum of this base */
        } else if (in->op == TCG_OP_LD || in->op == TCG_OP_ST) {
            uint32_t y = c->val[in->arg[0]].uses;
            if (y >= blk->first && y < i) {
                r->insns[i].imm -= r->insns[r->insns[y].arg[1]].imm;
                r->insns[i].arg[0] = y;
            }
        }
    }
}

static void use(Cg *c, TcgVal arg, uint32_t pos, float weight)
{
    if (!arg)
        return;
    Val *v = &c->val[c->val[arg].root];
    if (v->flags & VF_CONST)
        return;
    if (v->end < pos)
        v->end = pos;
    v->flags |= VF_COMPUTED;
    v->weight += weight;
    GROW(c->s->use, c->s->use_count, c->s->use_cap);
    c->s->use[c->s->use_count] = (UseNode){pos, v->uses};
    v->uses = c->s->use_count++;
}

static void add_site(Cg *c, uint32_t pos, const TcgSlotSet *present)
{
    GROW(c->s->msite, c->s->msite_count, c->s->msite_cap);
    MapSite *m = &c->s->msite[c->s->msite_count++];
    *m = (MapSite){pos, *present};
    for (unsigned k = 0; k < G_N_ELEMENTS(present->w) && m != c->s->msite; k++)
        m->present.w[k] &= m[-1].present.w[k];
}

/* An exit map: every value in it stays alive until here */
static void use_map(Cg *c, uint32_t map, uint32_t pos)
{
    const TcgMap *m = &c->r->maps[map];
    const TcgMapEntry *e = &c->r->map_entries[m->first];
    TcgSlotSet present = {{0}};

    if (map == c->last_map) { /* the same as of the instruction behind this one: everything in it is alive already */
        present = c->s->msite[c->s->msite_count - 1].present;
        add_site(c, pos, &present);
        return;
    }
    c->last_map = map;
    for (uint32_t k = 0; k < m->count; k++)
        tcg_slot_add(&present, e[k].slot);
    for (uint32_t k = 0; k < m->count; k++) {
        uint32_t root = c->val[e[k].val].root;
        Val *v = &c->val[root];
        if (v->flags & VF_CONST)
            continue;
        if (v->end < pos)
            v->end = pos;
        if (c->val[e[k].val].type == TCG_I64)
            v->flags |= VF_MAP64;
        if (v->home == -1)
            v->home = (int16_t)e[k].slot;
        else if (v->home != (int16_t)e[k].slot)
            v->home = -2;
        const TcgInsn *in = &c->r->insns[root];
        if (in->op == TCG_OP_GET && in->aux != e[k].slot && tcg_slot_in(&present, in->aux))
            v->flags |= VF_NOSLOT;
    }
    add_site(c, pos, &present);
}

static uint32_t merge_uses(Cg *c, uint32_t x, uint32_t y) /* ascending lists */
{
    UseNode *use = c->s->use;
    uint32_t head = 0, *tail = &head;
    while (x && y) {
        uint32_t *min = use[x].pos <= use[y].pos ? &x : &y;
        *tail = *min;
        tail = &use[*min].next;
        *min = *tail;
    }
    *tail = x ? x : y;
    return head;
}

/*
 * An extension of 32 to 64 bits whose upper half no computation looks at is not computed: those who use it read the operand
 * itself, and maps leave the extending to the exits. Likewise boxing that only maps want.
 */
static bool make_lazy(Cg *c, const TcgInsn *in, Val *v)
{
    bool box = in->op == TCG_OP_BOX32;
    bool ext = in->op == TCG_OP_EXTS || in->op == TCG_OP_EXTU ||
               ((in->op == TCG_OP_SEXT || in->op == TCG_OP_ZEXT) && in->type == TCG_I64 && in->imm == 32);
    if (!v->end || (box ? v->flags & VF_COMPUTED : !ext || (v->flags & VF_NEED64)))
        return false;
    uint32_t root = c->val[in->arg[0]].root;
    Val *a = &c->val[root];
    if (a->flags & VF_CONST)
        return false;
    if (v->home != -1) { /* some map has it */
        v->flags |= VF_LAZY;
        a->flags |= VF_NOSLOT;
        a->home = -2;
    }
    v->flags |= VF_ALIAS;
    v->root = root;
    a->end = MAX(a->end, v->end);
    a->flags |= VF_COMPUTED;
    a->weight += v->weight;
    a->uses = merge_uses(c, a->uses, v->uses);
    return true;
}

/* Flags that only maps want are not put together: exits and sites take them from the operands. */
static bool make_lazy_flags(Cg *c, const TcgInsn *in, Val *v)
{
    if ((in->op != TCG_OP_FLAGS && in->op != TCG_OP_FLAGUNPACK) || !v->end || v->uses)
        return false;
    v->flags |= VF_LAZY;
    for (unsigned k = 0; k < tcg_op_info[in->op].operand_count; k++) {
        if (!in->arg[k])
            continue;
        Val *a = &c->val[c->val[in->arg[k]].root];
        if (a->flags & VF_CONST)
            continue;
        a->end = MAX(a->end, v->end);
        a->flags |= VF_COMPUTED | VF_NOSLOT;
        a->home = -2;
        if (c->val[in->arg[k]].type != TCG_I32)
            a->flags |= VF_NEED64;
    }
    return true;
}

static const TcgInsn *shift_of(const Cg *c, TcgVal v, bool w, TcgVal *x, unsigned *count)
{
    const TcgInsn *in = &c->r->insns[v];
    while (!w && (in->op == TCG_OP_EXTS || in->op == TCG_OP_EXTU || in->op == TCG_OP_TRUNC))
        in = &c->r->insns[in->arg[0]];
    if ((in->op != TCG_OP_SHL && in->op != TCG_OP_SHR) || in->type != (w ? TCG_I64 : TCG_I32))
        return NULL;
    const TcgInsn *n = &c->r->insns[in->arg[1]];
    if (n->op != TCG_OP_CONST)
        return NULL;
    *x = in->arg[0];
    *count = (unsigned)n->imm & (w ? 63 : 31);
    return in;
}

TcgVal cg_rotation(const Cg *c, const TcgInsn *in, unsigned *right)
{
    bool w = in->type == TCG_I64 && (c->val[in - c->r->insns].flags & VF_WIDE);
    TcgVal x, y;
    unsigned m, n;
    if (in->op != TCG_OP_OR)
        return TCG_NONE;
    const TcgInsn *s = shift_of(c, in->arg[0], w, &x, &m), *t = s ? shift_of(c, in->arg[1], w, &y, &n) : NULL;
    if (!t || s->op == t->op || c->val[x].root != c->val[y].root || m + n != (w ? 64u : 32u))
        return TCG_NONE;
    *right = s->op == TCG_OP_SHR ? m : n;
    return x;
}

/* Does it matter to the instruction which NaN an operand is? */
static bool sees_bits(const TcgInsn *in)
{
    TcgFp fp = in->aux;
    switch (in->op) {
    case TCG_OP_FCMP: case TCG_OP_FTOI: case TCG_OP_FCLASS:
        return false;
    case TCG_OP_FTOF:
        fp >>= 8;
        break;
    case TCG_OP_FADD: case TCG_OP_FSUB: case TCG_OP_FMUL: case TCG_OP_FDIV: case TCG_OP_FSQRT: case TCG_OP_FMA:
    case TCG_OP_FMIN: case TCG_OP_FMAX:
        break;
    default:
        return true;
    }
    return tcg_fp_nan(fp) != TCG_NAN_RISCV && tcg_fp_nan(fp) != TCG_NAN_ARM_DEFAULT;
}

static void clobbers(Cg *c, const TcgInsn *in, uint32_t pos)
{
    Clobber k = {.pos = pos};
    if (in->op == TCG_OP_PUT || in->op == TCG_OP_PUTF) {
        tcg_slot_add(&k.set, in->aux);
        k.val = in->op == TCG_OP_PUT ? c->val[in->arg[0]].root : 0;
    } else {
        const TcgHelper *h = c->r->helpers[in->aux];
        if (h->flags & TCG_HELPER_PURE)
            return;
        TcgSlotSet present = {{0}};
        if (!in->map)
            add_site(c, pos, &present);
        k.set = h->writes;
        if (h->flags & TCG_HELPER_WRITES_ALL)
            memset(&k.set, 0xff, sizeof k.set);
        if (!(k.set.w[0] | k.set.w[1]))
            return;
    }
    GROW(c->s->clobber, c->s->clobber_count, c->s->clobber_cap);
    c->s->clobber[c->s->clobber_count++] = k;
}

static bool has_side_effects(const TcgInsn *in)
{
    return (tcg_op_info[in->op].effects & ~(uint32_t)(TCG_EFF_READ_STATE | TCG_EFF_FP)) != 0;
}

/* The comparison of vectors whose flags the instruction asks for */
static const TcgInsn *vec_test_of(const Cg *c, const TcgInsn *in)
{
    unsigned cc;
    switch (in->op) {
    case TCG_OP_BRCOND: case TCG_OP_EXIT_IF:
        return cg_vec_test(c, (TcgType)in->type, (TcgCond)in->cond, in->arg[0], in->arg[1], &cc);
    case TCG_OP_SETCOND: case TCG_OP_SELECT:
        return cg_vec_test(c, (TcgType)(in->aux & 0xff), (TcgCond)in->cond, in->arg[0], in->arg[1], &cc);
    default:
        return NULL;
    }
}

/* Such a comparison is done where it is asked. Here too, for its exception flags, unless the first who asks comes at once */
static bool compared_later(const Cg *c, uint32_t i)
{
    const TcgInsn *in = &c->r->insns[i];
    if (in->op != TCG_OP_HOSTVECG || tcg_hostvec[in->aux].form != TCG_HVF_FLAGS || c->val[i].end)
        return false;
    for (i++; i < c->r->insn_count; i++) {
        const TcgInsn *next = &c->r->insns[i];
        if (vec_test_of(c, next) == in)
            return true;
        if (next->op != TCG_OP_NOP && next->op != TCG_OP_INSN && next->op != TCG_OP_CONST && !(c->val[i].flags & VF_DEAD))
            return false;
    }
    return false;
}

static void scan_insn(Cg *c, uint32_t i, float weight)
{
    const TcgInsn *in = &c->r->insns[i];
    Val *v = &c->val[i];

    if (in->op == TCG_OP_NOP || in->op == TCG_OP_INSN || in->op == TCG_OP_CONST || in->op == TCG_OP_PHI ||
        (v->flags & VF_ALIAS))
        return;
    if (!v->end && !has_side_effects(in) && !(tcg_op_info[in->op].effects & TCG_EFF_FP)) {
        v->flags |= VF_DEAD; /* a dead FP operation still leaves its exception flags */
        return;
    }
    if (compared_later(c, i)) {
        v->flags |= VF_FUSED;
        return;
    }
    if (in->op == TCG_OP_GET && !c->last_get[in->aux])
        c->last_get[in->aux] = 2 * i;
    if (make_lazy(c, in, v) || make_lazy_flags(c, in, v))
        return;
    unsigned right;
    TcgVal rotated = cg_rotation(c, in, &right);
    if (rotated) {
        v->flags |= VF_ROTATE;
        use(c, rotated, 2 * i, weight);
        if ((v->flags & VF_WIDE) && in->type == TCG_I64)
            c->val[c->val[rotated].root].flags |= VF_NEED64;
        return;
    }
    uint32_t effects = tcg_op_info[in->op].effects;
    bool bits = sees_bits(in);
    const TcgInsn *test = vec_test_of(c, in);
    if (test) {
        use(c, test->arg[0], 2 * i, weight);
        use(c, test->arg[1], 2 * i, weight);
    }
    for (unsigned k = test ? 2 : 0, n = cg_operands(c->r, in); k < n; k++) {
        use(c, in->arg[k], 2 * i, k == 0 && (effects & (TCG_EFF_MEM_READ | TCG_EFF_MEM_WRITE)) ? 3 * weight : weight);
        if (!in->arg[k])
            continue;
        if (bits)
            c->val[c->val[in->arg[k]].root].flags |= VF_CANON;
        if (c->val[in->arg[k]].type != TCG_I32 && needs_upper(c, in, k, v))
            c->val[c->val[in->arg[k]].root].flags |= VF_NEED64;
    }
    const Group *g = cg_group(c, i);
    if (g && g->first != i)
        use(c, g->val, 2 * i, weight / 2);
    if (in->map)
        use_map(c, in->map, 2 * i);
    else if (effects & (TCG_EFF_FAULT | TCG_EFF_EXIT))
        add_site(c, 2 * i, &(TcgSlotSet){{0}});
    if (in->op == TCG_OP_PUT || in->op == TCG_OP_PUTF || in->op == TCG_OP_CALL)
        clobbers(c, in, 2 * i);
}

static void edge(Cg *c, uint32_t from, uint32_t to, float weight)
{
    TcgRegion *r = c->r;
    const TcgBlock *f = &r->blocks[from], *t = &r->blocks[to];
    uint32_t pos = 2 * f->end - 1;

    if (to <= from) {
        GROW(c->s->loop, c->s->loop_count, c->s->loop_cap);
        c->s->loop[c->s->loop_count++] = (Loop){2 * t->first, pos};
    }
    uint32_t k = 0;
    while (k < t->pred_count && r->preds[t->pred_first + k] != from)
        k++;
    for (uint32_t i = t->first; i < t->end && r->insns[i].op == TCG_OP_PHI; i++) {
        if (to > from && !c->val[i].end)
            continue; /* dead */
        if (k == t->pred_count)
            break;
        TcgVal arg = r->phi_args[r->insns[i].aux + k];
        uint32_t root = c->val[arg].root;
        use(c, arg, pos, weight);
        c->val[root].flags |= VF_NEED64;
        c->val[root].flags |= VF_CANON; /* a phi may also hold an uncommon NaN that came from elsewhere and has to stay */
        if (root != i && c->val[root].type == c->val[i].type)
            c->val[root].phi = i;
    }
}

/* Successors of block b in *out; their number */
static unsigned successors(const TcgRegion *r, uint32_t b, uint32_t out[2])
{
    const TcgBlock *blk = &r->blocks[b];
    unsigned n = 0;
    if (blk->end > blk->first) {
        const TcgInsn *last = &r->insns[blk->end - 1];
        if (last->op == TCG_OP_BR || last->op == TCG_OP_BRCOND || last->op == TCG_OP_BRFLAGS)
            out[n++] = last->aux;
        if (tcg_op_info[last->op].effects & TCG_EFF_TERM)
            return n;
    }
    if (b + 1 < r->block_count)
        out[n++] = b + 1;
    return n;
}

static void stretch_over_loops(Cg *c)
{
    const Loop *loops = c->s->loop;
    uint32_t n = c->s->loop_count;
    for (uint32_t i = 1; n && i < c->r->insn_count; i++) {
        Val *v = &c->val[i];
        if (!v->end || (v->flags & (VF_CONST | VF_ALIAS | VF_LAZY)))
            continue;
        for (bool changed = true; changed;) {
            changed = false;
            for (uint32_t k = 0; k < n; k++)
                if (v->start < loops[k].start && v->end >= loops[k].start && v->end < loops[k].end)
                    v->end = loops[k].end, changed = true;
        }
    }
}

void cg_liveness(Cg *c)
{
    static const float depth_weight[] = {1, 10, 100, 1000};
    TcgRegion *r = c->r;

    c->s->use_count = 1; /* 0 ends lists */
    GROW(c->s->use, 1, c->s->use_cap);
    c->s->loop_count = c->s->clobber_count = c->s->msite_count = 0;
    classify(c);
    for (uint32_t b = 0; b < r->block_count; b++)
        rebase_addresses(c, &r->blocks[b]);
    for (uint32_t i = 0; i < r->insn_count; i++)
        c->val[i].uses = 0;
    cg_find_groups(c);
    for (uint32_t b = r->block_count; b-- > 0;) {
        float w = depth_weight[MIN(r->blocks[b].loop_depth, 3)];
        uint32_t succ[2];
        for (unsigned k = 0, n = successors(r, b, succ); k < n; k++)
            edge(c, b, succ[k], w);
        for (uint32_t i = r->blocks[b].end; i-- > r->blocks[b].first;)
            scan_insn(c, i, w);
    }
    for (uint32_t i = 1; i < r->insn_count; i++) /* roots that became aliases themselves */
        c->val[i].root = c->val[c->val[i].root].root;
    stretch_over_loops(c);
}

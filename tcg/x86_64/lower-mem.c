/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory: the inline TLB check, the access, and the out-of-line slow paths.
 *
 * An access that hits takes 8 instructions: address to rcx, table index to eax, tag bits masked in rcx, compare, branch, addend
 * to rax, and the access at [base + rax + disp]. The base register is never touched, so after the check rcx is free again. The slow path
 * is entered before anything was changed: its site's map describes the state at the start of the instruction.
 *
 * Accesses that may be misaligned take the index from the first byte and the tag from the last one: where the two are on
 * different pages the tag cannot belong to that index and the compare fails.
 *
 * Locked operations follow Intel SDM volume 3, chapter 9: aligned locked instructions order everything.
 */
#include "cg.h"

#define SIGN_BIT TCG_MEM(0u, 1u, 0u, 0u, 0u)
#define WIDE_BASE 1 /* Stub.reg: the whole address was put into FRAME_SCRATCH because the displacement is too big */

typedef struct Access {
    Loc base;
    int32_t disp;
    unsigned bytes;
    TcgMem mem;
    bool wide;
} Access;

static Loc scratch_loc(void) { return (Loc){.kind = LOC_MEM, .slot = 255, .m = mem_b(RSP, FRAME_SCRATCH)}; }

static Access access_of(Cg *c, const TcgInsn *in)
{
    Access a = {.base = cg_loc(c, in->arg[0]), .mem = in->aux, .bytes = tcg_mem_bytes(in->aux)};
    int64_t disp = (int64_t)in->imm;
    if (a.base.kind == LOC_CONST) {
        a.base.imm += in->imm;
    } else if (disp != (int32_t)disp || disp > INT32_MAX - 64) {
        a.wide = true;
    } else {
        a.disp = (int32_t)disp;
    }
    return a;
}

/* Puts a huge displacement and the base together in the frame; the stub finds it there */
static void begin(Cg *c, Access *a, const TcgInsn *in)
{
    if (!a->wide)
        return;
    asm_mov_ri(&c->a, RCX, in->imm);
    asm_mov_rr(&c->a, true, RAX, RCX);
    cg_load_gpr(c, RCX, a->base, true);
    asm_rr(&c->a, X_ADD | X_W, RAX, RCX);
    a->base = scratch_loc();
    asm_rm(&c->a, X_MOV_MR | X_W, RAX, a->base.m);
}

static void address_to(Cg *c, const Access *a, unsigned reg)
{
    if (a->base.kind == LOC_GPR && a->disp) {
        asm_lea(&c->a, true, reg, mem_b(a->base.reg, a->disp));
        return;
    }
    cg_load_gpr(c, reg, a->base, true);
    if (a->disp)
        asm_g1_ri(&c->a, G1_ADD, true, reg, a->disp);
}

static void index_from(Cg *c, unsigned reg)
{
    if (c->bmi2) {
        asm_vrr(&c->a, X_RORX, RAX, 0, reg, 0);
        asm_b(&c->a, TLB_PAGE_BITS - 4);
    } else {
        if (reg != RAX)
            asm_mov_rr(&c->a, false, RAX, reg);
        asm_g2_ri(&c->a, G2_SHR, false, RAX, TLB_PAGE_BITS - 4);
    }
    asm_g1_ri(&c->a, G1_AND, false, RAX, (TLB_ENTRIES - 1) << 4);
}

/* Check of a constant address: the entry is known */
static Mem check_const(Cg *c, const Access *a, unsigned access, Stub *s)
{
    uint64_t va = a->base.imm, last = va + (a->mem & TCG_MEM_PAIR ? 2 * a->bytes : a->bytes) - 1;
    int32_t table = TLB_TABLE_OFFSET(tcg_mem_mmu(a->mem), access) + (int32_t)((va >> TLB_PAGE_BITS & (TLB_ENTRIES - 1)) << 4);
    if ((va ^ last) & TLB_PAGE_MASK || va & tcg_mem_align_mask(a->mem)) {
        s->from[0] = asm_jmp(&c->a); /* always the slow path */
        return mem_b(RSP, 0);
    }
    asm_mov_ri(&c->a, RAX, va & TLB_PAGE_MASK);
    asm_rm(&c->a, X_CMP | X_W, RAX, mem_b(R15, table));
    s->from[0] = asm_jcc(&c->a, CC_NE);
    asm_rm(&c->a, X_ADD | X_W, RAX, mem_b(R15, table + 8));
    return mem_b(RAX, (int32_t)(va & ~TLB_PAGE_MASK));
}

/* The fast path's check; returns the host address, which uses rax. rcx is free afterwards. */
static Mem check(Cg *c, const Access *a, unsigned access, bool natural, Stub *s)
{
    int32_t table = TLB_TABLE_OFFSET(tcg_mem_mmu(a->mem), access);
    unsigned base = a->base.reg;
    int32_t mask;

    if (a->base.kind == LOC_CONST)
        return check_const(c, a, access, s);
    if (a->base.kind == LOC_MEM) {
        cg_load_gpr(c, RCX, a->base, true);
        base = RCX;
    }
    if (natural || tcg_mem_align(a->mem) != TCG_ALIGN_ANY || a->bytes == 1) {
        mask = (int32_t)(0xfffff000u | (natural ? a->bytes - 1 : tcg_mem_align_mask(a->mem)));
        if (a->disp)
            asm_lea(&c->a, true, RCX, mem_b(base, a->disp));
        else if (base != RCX)
            asm_mov_rr(&c->a, true, RCX, base);
        index_from(c, a->disp ? RCX : base);
    } else {
        mask = (int32_t)0xfffff000u;
        if (a->disp)
            asm_lea(&c->a, false, RAX, mem_b(base, a->disp));
        index_from(c, a->disp ? RAX : base);
        int32_t bytes = (int32_t)(a->mem & TCG_MEM_PAIR ? 2 * a->bytes : a->bytes);
        asm_lea(&c->a, true, RCX, mem_b(base, a->disp + bytes - 1));
    }
    asm_g1_ri(&c->a, G1_AND, true, RCX, mask);
    asm_rm(&c->a, X_CMP | X_W, RCX, mem_bi(R15, RAX, 0, table));
    s->from[0] = asm_jcc(&c->a, CC_NE);
    asm_rm(&c->a, X_MOV | X_W, RAX, mem_bi(R15, RAX, 0, table + 8));
    if (a->base.kind == LOC_GPR)
        return mem_bi(a->base.reg, RAX, 0, a->disp);
    asm_rm(&c->a, X_ADD | X_W, RAX, a->base.m);
    return mem_b(RAX, a->disp);
}

static void bswap(Cg *c, bool w, unsigned reg)
{
    asm_b(&c->a, (uint8_t)(0x40 | (w ? 8 : 0) | reg >> 3)), asm_b(&c->a, 0x0f), asm_b(&c->a, (uint8_t)(0xc8 | (reg & 7)));
}

/* Memory to a general register, extended to 64 bits (or 32 where !w) by the descriptor */
static void load_gpr(Cg *c, unsigned d, Mem m, TcgMem mem, bool w)
{
    unsigned log2 = tcg_mem_size_log2(mem);
    bool sign = tcg_mem_signed(mem);
    uint32_t xw = sign && w ? X_W : 0;
    switch (log2) {
    case 0:
        asm_rm(&c->a, sign ? X_MOVSXB | xw : X_MOVZXB, d, m);
        return;
    case 1:
        asm_rm(&c->a, sign && !tcg_mem_big(mem) ? X_MOVSXW | xw : X_MOVZXW, d, m);
        if (tcg_mem_big(mem)) {
            asm_rr(&c->a, 0xc1 | X_66, G2_ROL, d);
            asm_b(&c->a, 8);
            if (sign)
                asm_rr(&c->a, X_MOVSXW | xw, d, d);
        }
        return;
    default:
        break;
    }
    bool wide = log2 == 3, ext = log2 == 2 && xw;
    if (tcg_mem_big(mem)) {
        if (c->feat & FEAT_MOVBE) {
            asm_rm(&c->a, X_MOVBE | (wide ? X_W : 0), d, m);
        } else {
            asm_rm(&c->a, X_MOV | (wide ? X_W : 0), d, m);
            bswap(c, wide, d);
        }
        if (ext)
            asm_rr(&c->a, X_MOVSXD, d, d);
    } else {
        asm_rm(&c->a, ext ? X_MOVSXD : X_MOV | (wide ? X_W : 0), d, m);
    }
}

/* Register @src, as the runtime returns it, to a destination of the size and sign of an atomic's result */
static void extend(Cg *c, unsigned d, unsigned src, TcgMem mem, bool w)
{
    bool sign = tcg_mem_signed(mem);
    uint32_t xw = sign && w ? X_W : 0;
    switch (tcg_mem_size_log2(mem)) {
    case 0: asm_rr(&c->a, sign ? X_MOVSXB | xw : X_MOVZXB, d, src); break;
    case 1: asm_rr(&c->a, sign ? X_MOVSXW | xw : X_MOVZXW, d, src); break;
    case 2: asm_rr(&c->a, sign && w ? X_MOVSXD : X_MOV, d, src); break;
    default:
        if (d != src)
            asm_mov_rr(&c->a, true, d, src);
    }
}

static bool is_vec(TcgType t) { return t == TCG_V128 || t == TCG_V256 || t == TCG_I128; }

/* A v128 may be loaded from 4 or 8 bytes (the rest is 0), or its low bytes stored: as a scalar */
static TcgType access_type(const TcgInsn *in)
{
    unsigned bytes = tcg_mem_bytes(in->aux);
    return is_vec((TcgType)in->type) && bytes < 16 ? (bytes == 4 ? TCG_F32 : TCG_F64) : (TcgType)in->type;
}

static void emit_back(Cg *c, uint32_t stub) { c->s->stub[stub].back = c->a.p; }

/* The stub of the current instruction; by index because the array may move */
static uint32_t new_stub(Cg *c, StubKind kind, const Access *a)
{
    cg_stub(c, kind)->reg = a->wide ? WIDE_BASE : 0;
    return c->s->stub_count - 1;
}

static void access_load(Cg *c, const TcgInsn *in, Mem m)
{
    TcgType t = access_type(in);
    TcgMem mem = in->aux;
    Loc l = {.kind = LOC_MEM, .m = m};
    if (tcg_type_is_int(t)) {
        load_gpr(c, cg_dst_gpr(c), m, mem, cg_w(t));
    } else if (c->val[c->i].cls == CLS_MEM) {
        if (!c->val[c->i].end) /* nobody wants it: it has no place */
            cg_load_xmm(c, XS1, l, TCG_V128);
        else
            cg_store_loc(c, mem_b(RSP, c->val[c->i].disp), l, t, RCX);
    } else if (tcg_mem_big(mem) && tcg_mem_bytes(mem) > 1) {
        load_gpr(c, RCX, m, mem, tcg_mem_bytes(mem) == 8);
        cg_load_xmm(c, cg_dst_xmm(c), (Loc){.kind = LOC_GPR, .reg = RCX}, t);
    } else {
        cg_load_xmm(c, cg_dst_xmm(c), l, t);
    }
}

static void store_gpr(Cg *c, unsigned reg, Mem m, TcgMem mem)
{
    static const uint32_t word[] = {X_MOVB_MR, X_MOVW_MR, X_MOV_MR, X_MOV_MR | X_W};
    unsigned log2 = tcg_mem_size_log2(mem);
    if (!tcg_mem_big(mem) || log2 == 0) {
        asm_rm(&c->a, word[log2], reg, m);
    } else if (c->feat & FEAT_MOVBE) {
        asm_rm(&c->a, log2 == 1 ? X_MOVBEW_MR : X_MOVBE_MR | (log2 == 3 ? X_W : 0), reg, m);
    } else {
        if (reg != RCX)
            asm_mov_rr(&c->a, true, RCX, reg);
        if (log2 == 1) {
            asm_rr(&c->a, 0xc1 | X_66, G2_ROL, RCX);
            asm_b(&c->a, 8);
        } else {
            bswap(c, log2 == 3, RCX);
        }
        asm_rm(&c->a, word[log2], RCX, m);
    }
}

static void store_value(Cg *c, Loc v, Mem m, TcgMem mem, TcgType t)
{
    unsigned log2 = tcg_mem_size_log2(mem);
    bool big = tcg_mem_big(mem) && log2;
    if (v.kind == LOC_XMM && !big) {
        cg_store_loc(c, m, v, t, RCX);
    } else if (is_vec(t)) {
        cg_store_loc(c, m, v, t, RCX);
    } else if (v.kind == LOC_CONST && !big && (log2 < 3 || fits_s32((int64_t)v.imm))) {
        if (log2 == 1)
            asm_rm(&c->a, 0xc7 | X_66, 0, m);
        else
            asm_rm(&c->a, (log2 ? 0xc7 : 0xc6) | (log2 == 3 ? X_W : 0), 0, m);
        if (log2 == 0)
            asm_b(&c->a, (uint8_t)v.imm);
        else if (log2 == 1)
            asm_b(&c->a, (uint8_t)v.imm), asm_b(&c->a, (uint8_t)(v.imm >> 8));
        else
            asm_d(&c->a, (uint32_t)v.imm);
    } else {
        unsigned reg = v.reg;
        if (v.kind != LOC_GPR) {
            cg_load_gpr(c, RCX, v, log2 == 3);
            reg = RCX;
        }
        store_gpr(c, reg, m, mem);
    }
}

static void do_access(Cg *c, const TcgInsn *in, Mem m)
{
    if (in->op == TCG_OP_LD)
        access_load(c, in, m);
    else
        store_value(c, cg_loc(c, in->arg[1]), m, in->aux, access_type(in));
}

static void lower_plain(Cg *c, const TcgInsn *in)
{
    Access a = access_of(c, in);
    bool load = in->op == TCG_OP_LD;
    begin(c, &a, in);
    uint32_t s = new_stub(c, load ? STUB_LOAD : STUB_STORE, &a);
    if (is_vec(access_type(in)) && tcg_mem_big(a.mem))
        c->s->stub[s].from[0] = asm_jmp(&c->a);
    else
        do_access(c, in, check(c, &a, load ? TLB_READ : TLB_WRITE, false, &c->s->stub[s]));
    emit_back(c, s);
}

/* --- groups --- */

/* The check of a group's whole range; on a hit rax holds the addend. Returns where a failure jumps from. */
static uint8_t *check_group(Cg *c, const Group *g, Loc base)
{
    int32_t table = TLB_TABLE_OFFSET(g->mmu, g->write ? TLB_WRITE : TLB_READ);
    unsigned b = base.reg;
    if (base.kind != LOC_GPR) {
        cg_load_gpr(c, RCX, base, true);
        b = RCX;
    }
    if (g->lo)
        asm_lea(&c->a, false, RAX, mem_b(b, g->lo));
    index_from(c, g->lo ? RAX : b);
    /* the last byte; with alignment the last aligned address, which is on the same page and has the bits to check */
    asm_lea(&c->a, true, RCX, mem_b(b, g->hi - 1 - (int32_t)((uint32_t)(g->hi - 1 - g->aligned) & g->align)));
    asm_g1_ri(&c->a, G1_AND, true, RCX, (int32_t)(0xfffff000u | g->align));
    asm_rm(&c->a, X_CMP | X_W, RCX, mem_bi(R15, RAX, 0, table));
    uint8_t *miss = asm_jcc(&c->a, CC_NE);
    asm_rm(&c->a, X_MOV | X_W, RAX, mem_bi(R15, RAX, 0, table + 8));
    return miss;
}

/* The group's value from rax, or 1 */
static void set_group(Cg *c, const Group *g, bool valid)
{
    const Val *v = &c->val[g->val];
    if (!v->end)
        return;
    if (v->reg != NOREG) {
        if (valid)
            asm_mov_rr(&c->a, true, v->reg, RAX);
        else
            asm_mov_ri(&c->a, v->reg, 1);
    }
    if (v->mem == MEM_FRAME) {
        if (valid)
            asm_rm(&c->a, X_MOV_MR | X_W, RAX, mem_b(RSP, v->disp));
        else
            asm_mov_mi(&c->a, true, mem_b(RSP, v->disp), 1);
    }
}

static Mem group_address(Cg *c, const Access *a, unsigned addend)
{
    if (a->base.kind == LOC_GPR)
        return mem_bi(a->base.reg, addend, 0, a->disp);
    if (addend != RAX)
        asm_mov_rr(&c->a, true, RAX, addend);
    asm_rm(&c->a, X_ADD | X_W, RAX, a->base.m);
    return mem_b(RAX, a->disp);
}

static void lower_group(Cg *c, const TcgInsn *in, const Group *g)
{
    Access a = access_of(c, in);
    bool leader = g->first == c->i;
    uint32_t s = new_stub(c, leader ? STUB_LEADER : STUB_MEMBER, &a);

    if (leader) {
        c->s->stub[s].from[0] = check_group(c, g, a.base);
        set_group(c, g, true);
        do_access(c, in, group_address(c, &a, RAX));
    } else {
        Loc l = cg_loc(c, g->val);
        unsigned reg = l.reg;
        if (l.kind != LOC_GPR) {
            cg_load_gpr(c, RAX, l, true);
            reg = RAX;
        }
        asm_rr(&c->a, 0xf6 | X_BYTERM, 0, reg); /* test reg8, 1 */
        asm_b(&c->a, 1);
        c->s->stub[s].from[0] = asm_jcc(&c->a, CC_NE);
        do_access(c, in, group_address(c, &a, reg));
    }
    emit_back(c, s);
}

static void lower_access(Cg *c, const TcgInsn *in)
{
    const Group *g = cg_group(c, c->i);
    if (g)
        lower_group(c, in, g);
    else
        lower_plain(c, in);
}

static void lock(Cg *c) { asm_b(&c->a, 0xf0); }

static uint32_t sized(uint32_t x, unsigned log2) /* of an opcode whose byte form is one below */
{
    return log2 == 0 ? (x - 1) | X_BYTE : log2 == 1 ? x | X_66 : log2 == 3 ? x | X_W : x;
}

/* Borrows a register that neither @v nor the sequence uses; its content waits in XS0 */
static unsigned borrow(Cg *c, Loc v)
{
    unsigned t = loc_is(v, LOC_GPR, RDX) ? RBX : RDX;
    cg_xrr(c, X_MOVD_XG | X_W, XS0, t);
    return t;
}
static void give_back(Cg *c, unsigned t) { cg_xrr(c, X_MOVD_GX | X_W, XS0, t); }

/* rcx: address; the old value comes to rax */
static void cmpxchg_loop(Cg *c, unsigned rmw, Loc v, bool w)
{
    static const uint8_t cc[] = {[TCG_RMW_MIN] = CC_L, [TCG_RMW_MAX] = CC_G, [TCG_RMW_MINU] = CC_B, [TCG_RMW_MAXU] = CC_A};
    static const uint8_t op[] = {[TCG_RMW_AND] = X_AND, [TCG_RMW_OR] = X_OR, [TCG_RMW_XOR] = X_XOR};
    uint32_t xw = w ? X_W : 0;
    unsigned t = borrow(c, v);

    if (v.kind == LOC_CONST) {
        cg_store_loc(c, mem_b(RSP, FRAME_SCRATCH), v, TCG_I64, RAX);
        v = scratch_loc();
    }
    asm_rm(&c->a, X_MOV | xw, RAX, mem_b(RCX, 0));
    uint8_t *again = c->a.p;
    if (rmw >= TCG_RMW_MIN) {
        cg_load_gpr(c, t, v, w);
        asm_rr(&c->a, X_CMP | xw, RAX, t);
        asm_rr(&c->a, X_CMOV | cc[rmw] | xw, t, RAX);
    } else {
        asm_mov_rr(&c->a, w, t, RAX);
        if (v.kind == LOC_MEM)
            asm_rm(&c->a, op[rmw] | xw, t, v.m);
        else
            asm_rr(&c->a, op[rmw] | xw, t, v.reg);
    }
    lock(c);
    asm_rm(&c->a, X_CMPXCHG | xw, t, mem_b(RCX, 0));
    asm_jcc_to(&c->a, CC_NE, again);
    give_back(c, t);
}

static void lower_atomic(Cg *c, const TcgInsn *in)
{
    Access a = access_of(c, in);
    unsigned log2 = tcg_mem_size_log2(a.mem), d = cg_dst_gpr(c), rmw = in->sub;
    bool w = log2 == 3, wt = cg_w((TcgType)in->type);
    uint32_t xw = w ? X_W : 0;
    begin(c, &a, in);
    uint32_t s = new_stub(c, STUB_ATOMIC, &a);
    Loc v = cg_loc(c, in->arg[1]);

    if (log2 < 2 || log2 > 3 || tcg_mem_big(a.mem)) {
        c->s->stub[s].from[0] = asm_jmp(&c->a);
        emit_back(c, s);
        return;
    }
    Mem m = check(c, &a, TLB_WRITE, true, &c->s->stub[s]);
    if (rmw == TCG_RMW_ADD || rmw == TCG_RMW_SWAP) {
        cg_load_gpr(c, RCX, v, w);
        if (rmw == TCG_RMW_ADD)
            lock(c);
        asm_rm(&c->a, (rmw == TCG_RMW_ADD ? X_XADD : X_XCHG) | xw, RCX, m);
        extend(c, d, RCX, a.mem, wt);
    } else if (!c->val[c->i].end && rmw <= TCG_RMW_XOR) {
        static const uint8_t op[] = {[TCG_RMW_AND] = X_AND_MR, [TCG_RMW_OR] = X_OR_MR, [TCG_RMW_XOR] = X_XOR_MR};
        cg_load_gpr(c, RCX, v, w);
        lock(c);
        asm_rm(&c->a, op[rmw] | xw, RCX, m);
    } else {
        asm_lea(&c->a, true, RCX, m);
        cmpxchg_loop(c, rmw, v, w);
        extend(c, d, RAX, a.mem, wt);
    }
    emit_back(c, s);
}

/* lock cmpxchg [rcx], v; rax: expected, then old. Flags: equal where it was stored */
static void emit_cmpxchg(Cg *c, Loc v, unsigned log2)
{
    unsigned reg = v.reg;
    if (v.kind != LOC_GPR) {
        reg = borrow(c, v);
        cg_load_gpr(c, reg, v, true);
    }
    lock(c);
    asm_rm(&c->a, sized(X_CMPXCHG, log2), reg, mem_b(RCX, 0));
    if (v.kind != LOC_GPR)
        give_back(c, reg);
}

static bool lower_cmpxchg(Cg *c, const TcgInsn *in)
{
    Access a = access_of(c, in);
    unsigned log2 = tcg_mem_size_log2(a.mem);
    if (!tcg_type_is_int((TcgType)in->type) || log2 > 3) {
        c->unsupported = "a compare-exchange of more than 64 bits";
        return true;
    }
    begin(c, &a, in);
    uint32_t s = new_stub(c, STUB_CMPXCHG, &a);
    if (tcg_mem_big(a.mem) && log2) {
        c->s->stub[s].from[0] = asm_jmp(&c->a);
    } else {
        Mem m = check(c, &a, TLB_WRITE, true, &c->s->stub[s]);
        asm_lea(&c->a, true, RCX, m);
        cg_load_gpr(c, RAX, cg_loc(c, in->arg[1]), true);
        emit_cmpxchg(c, cg_loc(c, in->arg[2]), log2);
        extend(c, cg_dst_gpr(c), RAX, a.mem, cg_w((TcgType)in->type));
    }
    emit_back(c, s);
    return true;
}

static void lower_ldx(Cg *c, const TcgInsn *in)
{
    Access a = access_of(c, in);
    begin(c, &a, in);
    uint32_t s = new_stub(c, STUB_LDX, &a);
    Mem m = check(c, &a, TLB_READ, true, &c->s->stub[s]);
    load_gpr(c, RCX, m, a.mem & ~SIGN_BIT, true);
    emit_back(c, s);
    asm_rm(&c->a, X_MOV_MR | X_W, RCX, mem_b(RBP, CPU_OFF(excl_val))); /* zero-extended */
    address_to(c, &a, RAX);
    asm_rm(&c->a, X_MOV_MR | X_W, RAX, mem_b(RBP, CPU_OFF(excl_addr)));
    extend(c, cg_dst_gpr(c), RCX, a.mem, cg_w((TcgType)in->type));
}

static void lower_stx(Cg *c, const TcgInsn *in)
{
    Access a = access_of(c, in);
    unsigned log2 = tcg_mem_size_log2(a.mem), d = cg_dst_gpr(c);
    if (a.wide || a.base.kind == LOC_CONST)
        begin(c, &a, in);
    address_to(c, &a, RAX);
    asm_rm(&c->a, X_CMP | X_W, RAX, mem_b(RBP, CPU_OFF(excl_addr)));
    uint8_t *fail = asm_jcc(&c->a, CC_NE);
    uint32_t s = new_stub(c, STUB_STX, &a);
    if (tcg_mem_big(a.mem) && log2) {
        c->s->stub[s].from[0] = asm_jmp(&c->a);
    } else {
        Mem m = check(c, &a, TLB_WRITE, true, &c->s->stub[s]);
        asm_lea(&c->a, true, RCX, m);
        asm_rm(&c->a, X_MOV | X_W, RAX, mem_b(RBP, CPU_OFF(excl_val)));
        emit_cmpxchg(c, cg_loc(c, in->arg[1]), log2);
    }
    emit_back(c, s);
    asm_patch32(fail, c->a.p); /* the flags say "equal" where it was stored, on all three ways here */
    asm_mov_mi(&c->a, true, mem_b(RBP, CPU_OFF(excl_addr)), -1);
    asm_rr(&c->a, X_SETCC | CC_NE, 0, RAX);
    asm_rr(&c->a, X_MOVZXB, d, RAX);
}

bool lower_mem(Cg *c, const TcgInsn *in)
{
    switch (in->op) {
    case TCG_OP_LD: case TCG_OP_ST: lower_access(c, in); break;
    case TCG_OP_ATOMIC: lower_atomic(c, in); break;
    case TCG_OP_CMPXCHG: return lower_cmpxchg(c, in);
    case TCG_OP_LDX: lower_ldx(c, in); break;
    case TCG_OP_STX: lower_stx(c, in); break;
    default: /* FENCE: x86 keeps every order but store to load */
        if (in->imm & TCG_FENCE_SL) {
            lock(c);
            asm_g1_mi(&c->a, G1_OR, false, mem_b(RSP, FRAME_SCRATCH), 0);
        }
    }
    return true;
}

/* --- slow paths --- */
static void finish_load(Cg *c, const TcgInsn *in)
{
    TcgType t = access_type(in);
    Loc ret = {.kind = LOC_MEM, .slot = 255, .m = mem_b(RBP, CPU_OFF(call_ret))};
    if (tcg_type_is_int(t))
        asm_mov_rr(&c->a, cg_w(t), cg_dst_gpr(c), RAX);
    else if (c->val[c->i].cls == CLS_MEM) {
        if (c->val[c->i].end)
            cg_store_loc(c, mem_b(RSP, c->val[c->i].disp), ret, t, RCX);
    } else
        cg_load_xmm(c, cg_dst_xmm(c), is_vec(t) ? ret : (Loc){.kind = LOC_GPR, .reg = RAX}, t);
}

/* rax: address; value in call_arg */
static void call_slow(Cg *c, const TcgInsn *in, const Access *a)
{
    unsigned v = cg_vec_variant(c);
    bool load = in->op == TCG_OP_LD, vec = is_vec(access_type(in));
    if (!load)
        cg_pass(c, 0, cg_loc(c, in->arg[1]), access_type(in));
    address_to(c, a, RAX);
    asm_mov_ri(&c->a, RCX, a->mem);
    asm_call_to(&c->a, load ? (vec ? c->be->t_load_vec[v] : c->be->t_load[v]) : vec ? c->be->t_store_vec[v] : c->be->t_store[v]);
    cg_site(c);
    if (load)
        finish_load(c, in);
}

/*
 * A leader that misses: by its own check (then its range crosses pages), else by C, which fills the TLB, after which the group is
 * tried again. A member of a group without an addend: by its own check or by C.
 */
static void stub_group(Cg *c, const Stub *s)
{
    const TcgInsn *in = &c->r->insns[s->insn];
    const Group *g = cg_group(c, s->insn);
    bool leader = s->kind == STUB_LEADER;
    Access a = access_of(c, in);
    Stub own = {0};

    Mem m = check(c, &a, in->op == TCG_OP_ST ? TLB_WRITE : TLB_READ, false, &own);
    if (leader)
        set_group(c, g, false);
    do_access(c, in, m);
    asm_jmp_to(&c->a, s->back);
    asm_patch32(own.from[0], c->a.p);
    call_slow(c, in, &a);
    if (leader) {
        bool keep = in->op == TCG_OP_LD && tcg_type_is_int((TcgType)in->type) && cg_dst_gpr(c) == RAX;
        if (keep)
            asm_rm(&c->a, X_MOV_MR | X_W, RAX, mem_b(RSP, FRAME_SCRATCH));
        uint8_t *miss = check_group(c, g, cg_loc_at(c, in->arg[0], c->pos + 1));
        set_group(c, g, true);
        uint8_t *done = asm_jmp8(&c->a);
        asm_patch32(miss, c->a.p);
        set_group(c, g, false);
        asm_patch8(done, c->a.p);
        if (keep)
            asm_rm(&c->a, X_MOV | X_W, RAX, mem_b(RSP, FRAME_SCRATCH));
    }
    asm_jmp_to(&c->a, s->back);
}

void stub_mem(Cg *c, const Stub *s)
{
    const TcgInsn *in = &c->r->insns[s->insn];
    TcgBackend *be = c->be;
    unsigned v = cg_vec_variant(c);
    Access a = access_of(c, in);
    uint32_t word = a.mem;
    uint8_t *t = NULL;

    if (s->kind == STUB_LEADER || s->kind == STUB_MEMBER) {
        stub_group(c, s);
        return;
    }
    if (s->reg == WIDE_BASE)
        a.base = scratch_loc();
    if (s->kind == STUB_LOAD || s->kind == STUB_STORE) {
        call_slow(c, in, &a);
        asm_jmp_to(&c->a, s->back);
        return;
    }
    switch (s->kind) {
    case STUB_LDX: t = be->t_load[v]; break;
    case STUB_ATOMIC:
        t = be->t_atomic[v];
        word |= (uint32_t)in->sub << 16;
        cg_pass(c, 0, cg_loc(c, in->arg[1]), (TcgType)in->type);
        break;
    case STUB_CMPXCHG:
        t = be->t_cmpxchg[v];
        cg_pass(c, 0, cg_loc(c, in->arg[1]), (TcgType)in->type);
        cg_pass(c, 1, cg_loc(c, in->arg[2]), (TcgType)in->type);
        break;
    default: /* STX */
        t = be->t_cmpxchg[v];
        cg_pass(c, 0, (Loc){.kind = LOC_MEM, .slot = 255, .m = mem_b(RBP, CPU_OFF(excl_val))}, TCG_I64);
        cg_pass(c, 1, cg_loc(c, in->arg[1]), TCG_I64);
    }
    if (s->kind == STUB_STX) /* the reservation is gone even if this faults */
        asm_mov_mi(&c->a, true, mem_b(RBP, CPU_OFF(excl_addr)), -1);
    address_to(c, &a, RAX);
    asm_mov_ri(&c->a, RCX, word);
    asm_call_to(&c->a, t);
    cg_site(c);
    switch (s->kind) {
    case STUB_ATOMIC: case STUB_CMPXCHG:
        asm_mov_rr(&c->a, cg_w((TcgType)in->type), cg_dst_gpr(c), RAX);
        break;
    case STUB_LDX:
        extend(c, RCX, RAX, a.mem & ~SIGN_BIT, true);
        break;
    case STUB_STX:
        asm_rm(&c->a, sized(X_CMP, tcg_mem_size_log2(a.mem)), RAX, mem_b(RBP, CPU_OFF(excl_val)));
        break;
    default:
        break;
    }
    asm_jmp_to(&c->a, s->back);
}

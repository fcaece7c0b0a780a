/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Integer operations. Each function may use rax and rcx freely; the result goes to cg_dst_gpr(). Operands may be in a register, in
 * memory (spilled, or a guest slot) or constants; a result register may be that of an operand which dies here.
 * 32-bit operations leave the upper half of a register zero: the allocator counts on it (EXTU costs nothing).
 */
#include "cg.h"

static bool imm_ok(bool w, uint64_t v) { return !w || fits_s32((int64_t)v); }
static uint32_t xw(bool w) { return w ? X_W : 0; }

static void op_rl(Cg *c, uint32_t x, unsigned reg, Loc l)
{
    if (l.kind == LOC_MEM)
        asm_rm(&c->a, x, reg, l.m);
    else
        asm_rr(&c->a, x, reg, l.reg);
}

/* Constants that do not fit an immediate go to @scratch */
static Loc no_const(Cg *c, Loc l, bool w, unsigned scratch)
{
    if (l.kind != LOC_CONST)
        return l;
    cg_load_gpr(c, scratch, l, w);
    return (Loc){.kind = LOC_GPR, .reg = (uint8_t)scratch};
}

int cg_compare(Cg *c, TcgType t, TcgCond cond, TcgVal a, TcgVal b)
{
    static const uint8_t cc[] = {CC_E, CC_NE, CC_L, CC_GE, CC_LE, CC_G, CC_B, CC_AE, CC_BE, CC_A};
    static const uint8_t swapped[] = {TCG_COND_EQ, TCG_COND_NE, TCG_COND_GT, TCG_COND_LE, TCG_COND_GE, TCG_COND_LT,
                                      TCG_COND_GTU, TCG_COND_LEU, TCG_COND_GEU, TCG_COND_LTU};
    bool w = cg_w(t);
    unsigned vec_cc;
    const TcgInsn *test = cg_vec_test(c, t, cond, a, b, &vec_cc);
    if (test) {
        cg_vec_compare(c, test);
        return (int)vec_cc;
    }
    Loc x = cg_loc(c, a), y = cg_loc(c, b);

    if (x.kind == LOC_CONST && y.kind != LOC_CONST) {
        Loc tmp = x;
        x = y, y = tmp;
        cond = (TcgCond)swapped[cond];
    }
    x = no_const(c, x, w, RAX);
    if (y.kind == LOC_CONST && imm_ok(w, y.imm)) {
        if (x.kind == LOC_MEM)
            asm_g1_mi(&c->a, G1_CMP, w, x.m, (int32_t)y.imm);
        else if ((w ? y.imm : (uint32_t)y.imm) == 0)
            asm_rr(&c->a, X_TEST | xw(w), x.reg, x.reg);
        else
            asm_g1_ri(&c->a, G1_CMP, w, x.reg, (int32_t)y.imm);
        return cc[cond];
    }
    y = no_const(c, y, w, RCX);
    if (x.kind == LOC_MEM && y.kind == LOC_MEM) {
        cg_load_gpr(c, RAX, x, w);
        x = (Loc){.kind = LOC_GPR, .reg = RAX};
    }
    if (x.kind == LOC_MEM)
        asm_rm(&c->a, X_CMP_MR | xw(w), y.reg, x.m);
    else
        op_rl(c, X_CMP | xw(w), x.reg, y);
    return cc[cond];
}

static void binary(Cg *c, uint32_t x, unsigned g1, bool w, bool commutes, Loc a, Loc b)
{
    unsigned d = cg_dst_gpr(c);
    if (commutes && (a.kind == LOC_CONST || (loc_is(b, LOC_GPR, d) && !loc_is(a, LOC_GPR, d)))) {
        Loc t = a;
        a = b, b = t;
    }
    if (b.kind == LOC_CONST && imm_ok(w, b.imm)) {
        cg_load_gpr(c, d, a, w);
        asm_g1_ri(&c->a, g1, w, d, (int32_t)b.imm);
        return;
    }
    b = no_const(c, b, w, RCX);
    if (loc_is(b, LOC_GPR, d) && !loc_is(a, LOC_GPR, d)) {
        cg_load_gpr(c, RAX, a, w);
        op_rl(c, x | xw(w), RAX, b);
        asm_mov_rr(&c->a, w, d, RAX);
        return;
    }
    cg_load_gpr(c, d, a, w);
    op_rl(c, x | xw(w), d, b);
}

static void lower_add(Cg *c, bool w, Loc a, Loc b)
{
    unsigned d = cg_dst_gpr(c);
    if (a.kind == LOC_CONST) {
        Loc t = a;
        a = b, b = t;
    }
    if (a.kind == LOC_GPR && b.kind == LOC_CONST && imm_ok(w, b.imm) && a.reg != d) {
        asm_lea(&c->a, w, d, mem_b(a.reg, (int32_t)b.imm));
        return;
    }
    if (a.kind == LOC_GPR && b.kind == LOC_GPR && a.reg != d && b.reg != d) {
        bool swap = (a.reg & 7) == 5; /* r13 as base would need a displacement */
        asm_lea(&c->a, w, d, swap ? mem_bi(b.reg, a.reg, 0, 0) : mem_bi(a.reg, b.reg, 0, 0));
        return;
    }
    binary(c, X_ADD, G1_ADD, w, true, a, b);
}

static void lower_sub(Cg *c, bool w, Loc a, Loc b)
{
    unsigned d = cg_dst_gpr(c);
    if (b.kind == LOC_CONST && (int32_t)b.imm != INT32_MIN) {
        b.imm = w ? -b.imm : (uint32_t)-(uint32_t)b.imm;
        lower_add(c, w, a, b);
        return;
    }
    if (a.kind == LOC_CONST && (w ? a.imm : (uint32_t)a.imm) == 0) {
        cg_load_gpr(c, d, b, w);
        asm_g3_r(&c->a, G3_NEG, w, d);
        return;
    }
    if (loc_is(b, LOC_GPR, d) && !loc_is(a, LOC_GPR, d) && (a.kind != LOC_CONST || imm_ok(w, a.imm))) {
        asm_g3_r(&c->a, G3_NEG, w, d);
        if (a.kind == LOC_CONST)
            asm_g1_ri(&c->a, G1_ADD, w, d, (int32_t)a.imm);
        else
            op_rl(c, X_ADD | xw(w), d, a);
        return;
    }
    binary(c, X_SUB, G1_SUB, w, false, a, b);
}

static void lower_and(Cg *c, bool w, Loc a, Loc b)
{
    unsigned d = cg_dst_gpr(c);
    if (a.kind == LOC_CONST) {
        Loc t = a;
        a = b, b = t;
    }
    if (b.kind == LOC_CONST) {
        uint64_t m = w ? b.imm : (uint32_t)b.imm;
        if (m == 0xff || m == 0xffff) {
            if (a.kind != LOC_CONST) {
                op_rl(c, m == 0xff ? X_MOVZXB : X_MOVZXW, d, a);
                return;
            }
        } else if (m == UINT32_MAX) {
            if (a.kind == LOC_GPR)
                asm_mov_rr(&c->a, false, d, a.reg);
            else
                cg_load_gpr(c, d, a, false);
            return;
        } else if (m <= UINT32_MAX) {
            cg_load_gpr(c, d, a, false);
            asm_g1_ri(&c->a, G1_AND, false, d, (int32_t)m);
            return;
        }
    }
    binary(c, X_AND, G1_AND, w, true, a, b);
}

static void lower_andn(Cg *c, bool w, Loc a, Loc b) /* a & ~b */
{
    unsigned d = cg_dst_gpr(c);
    if (b.kind == LOC_CONST) {
        b.imm = ~b.imm;
        lower_and(c, w, a, b);
        return;
    }
    a = no_const(c, a, w, RAX);
    if (c->feat & FEAT_BMI1) {
        if (b.kind == LOC_MEM) {
            cg_load_gpr(c, RCX, b, w);
            b = (Loc){.kind = LOC_GPR, .reg = RCX};
        }
        if (a.kind == LOC_MEM)
            asm_vrm(&c->a, X_ANDN | xw(w), d, b.reg, a.m, 0);
        else
            asm_vrr(&c->a, X_ANDN | xw(w), d, b.reg, a.reg, 0);
        return;
    }
    cg_load_gpr(c, RCX, b, w);
    asm_g3_r(&c->a, G3_NOT, w, RCX);
    op_rl(c, X_AND | xw(w), RCX, a);
    asm_mov_rr(&c->a, w, d, RCX);
}

static void lower_mul(Cg *c, bool w, Loc a, Loc b)
{
    unsigned d = cg_dst_gpr(c);
    if (a.kind == LOC_CONST) {
        Loc t = a;
        a = b, b = t;
    }
    if (b.kind == LOC_CONST && imm_ok(w, b.imm) && a.kind != LOC_CONST) {
        op_rl(c, X_IMUL_I | xw(w), d, a);
        asm_d(&c->a, (uint32_t)b.imm);
        return;
    }
    b = no_const(c, b, w, RCX);
    if (loc_is(b, LOC_GPR, d)) {
        Loc t = a;
        a = b, b = t;
        b = no_const(c, b, w, RCX);
    }
    cg_load_gpr(c, d, a, w);
    op_rl(c, X_IMUL | xw(w), d, b);
}

static void lower_shift(Cg *c, const TcgInsn *in, bool w, Loc a, Loc b)
{
    unsigned d = cg_dst_gpr(c), ext;
    uint32_t bmi = 0;
    switch (in->op) {
    case TCG_OP_SHL: ext = G2_SHL, bmi = X_SHLX; break;
    case TCG_OP_SHR: ext = G2_SHR, bmi = X_SHRX; break;
    case TCG_OP_SAR: ext = G2_SAR, bmi = X_SARX; break;
    case TCG_OP_ROL: ext = G2_ROL; break;
    default: ext = G2_ROR;
    }
    if (b.kind == LOC_CONST) {
        unsigned n = (unsigned)b.imm & (w ? 63 : 31);
        if (in->op == TCG_OP_SHL && n >= 1 && n <= 3 && a.kind == LOC_GPR && a.reg != d) {
            if (n == 1)
                asm_lea(&c->a, w, d, mem_bi(a.reg, a.reg, 0, 0));
            else
                asm_lea(&c->a, w, d, mem_bi(NOREG, a.reg, n, 0));
            return;
        }
        if (n && c->bmi2 && (in->op == TCG_OP_ROL || in->op == TCG_OP_ROR) && a.kind != LOC_CONST) {
            unsigned right = in->op == TCG_OP_ROR ? n : (w ? 64 : 32) - n;
            if (a.kind == LOC_MEM)
                asm_vrm(&c->a, X_RORX | xw(w), d, 0, a.m, 0);
            else
                asm_vrr(&c->a, X_RORX | xw(w), d, 0, a.reg, 0);
            asm_b(&c->a, (uint8_t)right);
            return;
        }
        if (n || w || !loc_is(a, LOC_GPR, d))
            cg_load_gpr(c, d, a, w);
        else
            asm_mov_rr(&c->a, false, d, d); /* keeps the promise of a zero upper half */
        if (n)
            asm_g2_ri(&c->a, ext, w, d, n);
        return;
    }
    if (bmi && c->bmi2 && a.kind != LOC_CONST) {
        if (b.kind == LOC_MEM) {
            cg_load_gpr(c, RCX, b, false);
            b = (Loc){.kind = LOC_GPR, .reg = RCX};
        }
        if (a.kind == LOC_MEM)
            asm_vrm(&c->a, bmi | xw(w), d, b.reg, a.m, 0);
        else
            asm_vrr(&c->a, bmi | xw(w), d, b.reg, a.reg, 0);
        return;
    }
    cg_load_gpr(c, RCX, b, false);
    cg_load_gpr(c, d, a, w);
    asm_g2_cl(&c->a, ext, w, d);
}

static void unary_g3(Cg *c, unsigned ext, bool w, Loc a)
{
    unsigned d = cg_dst_gpr(c);
    cg_load_gpr(c, d, a, w);
    asm_g3_r(&c->a, ext, w, d);
}

/* clz, ctz: of zero the width */
static void lower_count(Cg *c, const TcgInsn *in, bool w, Loc a)
{
    unsigned d = cg_dst_gpr(c), bits = w ? 64 : 32;
    bool clz = in->op == TCG_OP_CLZ;
    a = no_const(c, a, w, RCX);
    if (c->feat & (clz ? FEAT_LZCNT : FEAT_BMI1)) {
        op_rl(c, (clz ? X_LZCNT : X_TZCNT) | xw(w), d, a);
        return;
    }
    op_rl(c, (clz ? X_BSR : X_BSF) | xw(w), RAX, a);
    asm_mov_ri(&c->a, RCX, clz ? 2 * bits - 1 : bits);
    asm_rr(&c->a, X_CMOV | CC_E | xw(w), RAX, RCX);
    if (clz)
        asm_g1_ri(&c->a, G1_XOR, false, RAX, (int32_t)bits - 1);
    asm_mov_rr(&c->a, w, d, RAX);
}

static void lower_ext(Cg *c, const TcgInsn *in, bool w, Loc a)
{
    unsigned d = cg_dst_gpr(c);
    bool sign = in->op == TCG_OP_SEXT;
    a = no_const(c, a, w, RCX);
    switch (in->imm) {
    case 8:
        op_rl(c, (sign ? X_MOVSXB | xw(w) : X_MOVZXB), d, a);
        break;
    case 16:
        op_rl(c, (sign ? X_MOVSXW | xw(w) : X_MOVZXW), d, a);
        break;
    default:
        if (sign && w)
            op_rl(c, X_MOVSXD, d, a);
        else
            op_rl(c, X_MOV, d, a);
    }
}

static void lower_extract(Cg *c, const TcgInsn *in, bool w, Loc a)
{
    unsigned d = cg_dst_gpr(c), pos = in->imm & 0xff, len = in->imm >> 8 & 0xff, bits = w ? 64 : 32;
    if (pos >= bits || !len || len > bits - pos) {
        c->unsupported = "an extract outside of its type";
        return;
    }
    if (pos + len == bits) {
        cg_load_gpr(c, d, a, w);
        if (pos)
            asm_g2_ri(&c->a, G2_SHR, w, d, pos);
        else if (!w)
            asm_mov_rr(&c->a, false, d, d);
    } else if (!pos && (len == 8 || len == 16) && a.kind != LOC_CONST) {
        op_rl(c, len == 8 ? X_MOVZXB : X_MOVZXW, d, a);
    } else if (len < 32) {
        bool wide = w && pos + len > 32;
        cg_load_gpr(c, d, a, wide);
        if (pos)
            asm_g2_ri(&c->a, G2_SHR, wide, d, pos);
        if (pos + len != (wide ? 64 : 32) || !pos)
            asm_g1_ri(&c->a, G1_AND, false, d, (int32_t)((1u << len) - 1));
    } else if (len == 32) { /* of 64 */
        cg_load_gpr(c, d, a, true);
        if (pos)
            asm_g2_ri(&c->a, G2_SHR, true, d, pos);
        asm_mov_rr(&c->a, false, d, d);
    } else {
        cg_load_gpr(c, d, a, true);
        asm_g2_ri(&c->a, G2_SHL, true, d, 64 - pos - len);
        asm_g2_ri(&c->a, G2_SHR, true, d, 64 - len);
    }
}

/* a with bits [pos, pos+len) from b: a ^ ((((a >> pos) ^ b) & mask) << pos) */
/* A byte at 0 or 8, or the low 16 bits: moves of that width. */
static void deposit_part(Cg *c, unsigned d, unsigned pos, unsigned len, bool w, Loc a, Loc b)
{
    unsigned src = b.reg;
    if (b.kind != LOC_GPR || src == d) {
        cg_load_gpr(c, RCX, b, false);
        src = RCX;
    }
    cg_load_gpr(c, d, a, w);
    if (pos)
        asm_g2_ri(&c->a, G2_ROR, w, d, pos);
    asm_rr(&c->a, len == 8 ? X_MOVB_MR : X_MOVW_MR, src, d);
    if (pos)
        asm_g2_ri(&c->a, G2_ROL, w, d, pos);
}

static void lower_deposit(Cg *c, const TcgInsn *in, bool w, Loc a, Loc b)
{
    unsigned d = cg_dst_gpr(c), pos = in->imm & 0xff, len = in->imm >> 8 & 0xff, bits = w ? 64 : 32;
    if (pos >= bits || !len || len > bits - pos) {
        c->unsupported = "a deposit outside of its type";
        return;
    }
    if ((len == 8 && (pos == 0 || pos == 8)) || (len == 16 && pos == 0)) {
        deposit_part(c, d, pos, len, w, a, b);
        return;
    }
    cg_load_gpr(c, RCX, a, w);
    if (pos)
        asm_g2_ri(&c->a, G2_SHR, w, RCX, pos);
    if (b.kind == LOC_CONST) {
        cg_load_gpr(c, RAX, b, w);
        b = (Loc){.kind = LOC_GPR, .reg = RAX};
    }
    op_rl(c, X_XOR | xw(w), RCX, b);
    if (len != bits) {
        asm_g2_ri(&c->a, G2_SHL, w, RCX, bits - len);
        if (bits - len != pos)
            asm_g2_ri(&c->a, G2_SHR, w, RCX, bits - len - pos);
    }
    cg_load_gpr(c, d, a, w);
    asm_rr(&c->a, X_XOR | xw(w), d, RCX);
}

static void lower_setcond(Cg *c, const TcgInsn *in)
{
    unsigned d = cg_dst_gpr(c), vec_cc;
    TcgType t = (TcgType)in->aux;
    const TcgInsn *test = cg_vec_test(c, t, (TcgCond)in->cond, in->arg[0], in->arg[1], &vec_cc);
    if (test) {
        cg_vec_compare(c, test);
        asm_rr(&c->a, X_SETCC | vec_cc, 0, RAX);
        asm_rr(&c->a, X_MOVZXB, d, RAX);
        return;
    }
    Loc a = cg_loc(c, in->arg[0]), b = cg_loc(c, in->arg[1]);
    /* x < 0: the sign bit */
    if (in->cond == TCG_COND_LT && b.kind == LOC_CONST && !(cg_w(t) ? b.imm : (uint32_t)b.imm) && a.kind != LOC_CONST) {
        cg_load_gpr(c, d, a, cg_w(t));
        asm_g2_ri(&c->a, G2_SHR, cg_w(t), d, cg_w(t) ? 63 : 31);
        return;
    }
    bool early = d != RAX && !loc_is(a, LOC_GPR, d) && !loc_is(b, LOC_GPR, d);
    if (early)
        asm_rr(&c->a, X_XOR, d, d);
    int cc = cg_compare(c, t, (TcgCond)in->cond, in->arg[0], in->arg[1]);
    if (early) {
        asm_rr(&c->a, X_SETCC | (unsigned)cc, 0, d);
    } else {
        asm_rr(&c->a, X_SETCC | (unsigned)cc, 0, RAX);
        asm_rr(&c->a, X_MOVZXB, d, RAX);
    }
}

/* 32-bit arithmetic is enough where nobody looks at the upper half */
static bool operand_width(const Cg *c, const TcgInsn *in)
{
    if (in->type != TCG_I64 || (c->val[c->i].flags & VF_WIDE) || !c->val[c->i].end)
        return cg_w((TcgType)in->type);
    switch (in->op) {
    case TCG_OP_ADD: case TCG_OP_SUB: case TCG_OP_MUL: case TCG_OP_AND: case TCG_OP_OR: case TCG_OP_XOR: case TCG_OP_ANDN:
    case TCG_OP_NEG: case TCG_OP_NOT: case TCG_OP_SELECT:
        return false;
    case TCG_OP_SHL:
        return c->r->insns[in->arg[1]].op != TCG_OP_CONST || (c->r->insns[in->arg[1]].imm & 63) > 31;
    default:
        return true;
    }
}

static bool lower_select(Cg *c, const TcgInsn *in)
{
    if (!tcg_type_is_int((TcgType)in->type)) {
        if (in->type != TCG_F32 && in->type != TCG_F64)
            return false;
        int cc = cg_compare(c, (TcgType)in->aux, (TcgCond)in->cond, in->arg[0], in->arg[1]);
        Loc x = cg_loc(c, in->arg[2]), y = cg_loc(c, in->arg[3]);
        unsigned d = cg_dst_xmm(c);
        bool flip = loc_is(x, LOC_XMM, d); /* d is overwritten by the first move */
        cg_load_xmm(c, d, flip ? x : y, (TcgType)in->type);
        /* a constant goes through rax and xor-free moves: the flags survive, except for 0.0, loaded by xorps (no flags) */
        uint8_t *over = asm_jcc8(&c->a, (unsigned)(flip ? cc : cc ^ 1));
        cg_load_xmm(c, d, flip ? y : x, (TcgType)in->type);
        asm_patch8(over, c->a.p);
        return true;
    }
    unsigned d = cg_dst_gpr(c);
    bool w = operand_width(c, in);
    int cc = cg_compare(c, (TcgType)in->aux, (TcgCond)in->cond, in->arg[0], in->arg[1]);
    Loc x = cg_loc(c, in->arg[2]), y = cg_loc(c, in->arg[3]);
    if (loc_is(x, LOC_GPR, d) && !loc_is(y, LOC_GPR, d)) {
        Loc t = x;
        x = y, y = t;
        cc ^= 1;
    }
    x = no_const(c, x, w, RCX);
    cg_load_gpr(c, d, y, w); /* mov: the flags stay */
    op_rl(c, X_CMOV | (unsigned)cc | xw(w), d, x);
    return true;
}

/* The rdx:rax instructions. rdx is parked in XS0 where something else lives in it. */
static bool park_rdx(Cg *c, unsigned d)
{
    bool park = (c->s->busy[c->i] & 1) && d != RDX;
    if (park)
        cg_xrr(c, X_MOVD_XG | X_W, XS0, RDX);
    return park;
}

static void lower_mulh(Cg *c, const TcgInsn *in, bool w, Loc a, Loc b)
{
    unsigned d = cg_dst_gpr(c);
    bool sign = in->op == TCG_OP_MULHS;
    if (!w) {
        bool sa = in->op != TCG_OP_MULHU, sb = sign;
        cg_load_gpr(c, RAX, a, false);
        cg_load_gpr(c, RCX, b, false);
        asm_rr(&c->a, sa ? X_MOVSXD : X_MOV, RAX, RAX);
        asm_rr(&c->a, sb ? X_MOVSXD : X_MOV, RCX, RCX);
        asm_rr(&c->a, X_IMUL | X_W, RAX, RCX);
        asm_g2_ri(&c->a, G2_SHR, true, RAX, 32);
        asm_mov_rr(&c->a, false, d, RAX);
        return;
    }
    bool park = park_rdx(c, d);
    if (in->op == TCG_OP_MULHSU) { /* mulhu - (a < 0 ? b : 0) */
        Mem tmp = mem_b(RSP, FRAME_SCRATCH);
        cg_load_gpr(c, RCX, b, true);
        asm_rm(&c->a, X_MOV_MR | X_W, RCX, tmp);
        cg_load_gpr(c, RAX, a, true);
        asm_mov_rr(&c->a, true, RCX, RAX);
        asm_g2_ri(&c->a, G2_SAR, true, RCX, 63);
        asm_rm(&c->a, X_AND | X_W, RCX, tmp);
        asm_rm(&c->a, 0xf7 | X_W, G3_MUL, tmp);
        asm_rr(&c->a, X_SUB | X_W, RDX, RCX);
    } else {
        b = no_const(c, b, true, RCX);
        cg_load_gpr(c, RAX, a, true);
        op_rl(c, 0xf7 | X_W, sign ? G3_IMUL : G3_MUL, b);
    }
    asm_mov_rr(&c->a, true, d, RDX);
    if (park)
        cg_xrr(c, X_MOVD_GX | X_W, XS0, RDX);
}

/* x/0 is all ones, x%0 is x, and INT_MIN by -1 does not trap */
static void lower_div(Cg *c, const TcgInsn *in, bool w, Loc a, Loc b)
{
    unsigned d = cg_dst_gpr(c);
    bool sign = in->op == TCG_OP_DIVS || in->op == TCG_OP_REMS, rem = in->op == TCG_OP_REMS || in->op == TCG_OP_REMU;
    uint8_t *zero = NULL, *minus = NULL, *done1 = NULL, *done2 = NULL;
    bool known = b.kind == LOC_CONST;
    uint64_t k = w ? b.imm : (uint32_t)b.imm, ones = w ? UINT64_MAX : UINT32_MAX;

    cg_load_gpr(c, RCX, b, w);
    cg_load_gpr(c, RAX, a, w);
    bool park = park_rdx(c, d);
    if (!known || !k) {
        asm_rr(&c->a, X_TEST | xw(w), RCX, RCX);
        zero = asm_jcc8(&c->a, CC_E);
    }
    if (sign && (!known || k == ones)) {
        asm_g1_ri(&c->a, G1_CMP, w, RCX, -1);
        minus = asm_jcc8(&c->a, CC_E);
    }
    if (sign) {
        if (w)
            asm_b(&c->a, 0x48);
        asm_b(&c->a, 0x99); /* cdq, cqo */
    } else {
        asm_rr(&c->a, X_XOR, RDX, RDX);
    }
    asm_g3_r(&c->a, sign ? G3_IDIV : G3_DIV, w, RCX);
    if (zero || minus)
        done1 = asm_jmp8(&c->a);
    if (minus) {
        asm_patch8(minus, c->a.p);
        if (rem)
            asm_rr(&c->a, X_XOR, RDX, RDX);
        else
            asm_g3_r(&c->a, G3_NEG, w, RAX);
        if (zero)
            done2 = asm_jmp8(&c->a);
    }
    if (zero) {
        asm_patch8(zero, c->a.p);
        if (rem)
            asm_mov_rr(&c->a, w, RDX, RAX);
        else
            asm_g1_ri(&c->a, G1_OR, w, RAX, -1);
    }
    if (done1)
        asm_patch8(done1, c->a.p);
    if (done2)
        asm_patch8(done2, c->a.p);
    if (d != (rem ? RDX : RAX))
        asm_mov_rr(&c->a, w, d, rem ? RDX : RAX);
    if (park)
        cg_xrr(c, X_MOVD_GX | X_W, XS0, RDX);
}

static bool lower_pair(Cg *c, const TcgInsn *in) /* i128 lives in an xmm register */
{
    if (in->op == TCG_OP_MAKE128) {
        unsigned d = cg_dst_xmm(c), lo = cg_use_gpr(c, in->arg[0], true, RAX), hi = cg_use_gpr(c, in->arg[1], true, RCX);
        cg_xrr(c, X_MOVD_XG | X_W, d, lo);
        if (c->avx)
            asm_vrr(&c->a, X_PINSRQ, d, d, hi, 0);
        else
            asm_rr(&c->a, X_PINSRQ, d, hi);
        asm_b(&c->a, 1);
        return true;
    }
    unsigned d = cg_dst_gpr(c), x = cg_use_xmm(c, in->arg[0], XS0);
    if (in->op == TCG_OP_LO128) {
        cg_xrr(c, X_MOVD_GX | X_W, x, d);
    } else {
        cg_xrr(c, X_PEXTRQ, x, d);
        asm_b(&c->a, 1);
    }
    return true;
}

static void lower_rotate(Cg *c, const TcgInsn *in)
{
    unsigned right, d = cg_dst_gpr(c);
    TcgVal x = cg_rotation(c, in, &right);
    bool w = operand_width(c, in);
    Loc a = no_const(c, cg_loc(c, x), w, RCX);
    if (!c->bmi2) {
        cg_load_gpr(c, d, a, w);
        asm_g2_ri(&c->a, G2_ROR, w, d, right);
        return;
    }
    if (a.kind == LOC_MEM)
        asm_vrm(&c->a, X_RORX | xw(w), d, 0, a.m, 0);
    else
        asm_vrr(&c->a, X_RORX | xw(w), d, 0, a.reg, 0);
    asm_b(&c->a, (uint8_t)right);
}

bool lower_int(Cg *c, const TcgInsn *in)
{
    bool w = operand_width(c, in);
    Loc a = {0}, b = {0};

    if (in->op >= TCG_OP_MAKE128)
        return lower_pair(c, in);
    if (in->op == TCG_OP_SETCOND) {
        lower_setcond(c, in);
        return true;
    }
    if (in->op == TCG_OP_SELECT)
        return lower_select(c, in);
    if (!tcg_type_is_int((TcgType)in->type))
        return false;
    if (c->val[c->i].flags & VF_ROTATE) {
        lower_rotate(c, in);
        return true;
    }
    a = cg_loc(c, in->arg[0]);
    if (tcg_op_info[in->op].operand_count > 1)
        b = cg_loc(c, in->arg[1]);
    switch (in->op) {
    case TCG_OP_ADD: lower_add(c, w, a, b); break;
    case TCG_OP_SUB: lower_sub(c, w, a, b); break;
    case TCG_OP_MUL: lower_mul(c, w, a, b); break;
    case TCG_OP_MULHU: case TCG_OP_MULHS: case TCG_OP_MULHSU: lower_mulh(c, in, w, a, b); break;
    case TCG_OP_DIVS: case TCG_OP_DIVU: case TCG_OP_REMS: case TCG_OP_REMU: lower_div(c, in, w, a, b); break;
    case TCG_OP_NEG: unary_g3(c, G3_NEG, w, a); break;
    case TCG_OP_NOT: unary_g3(c, G3_NOT, w, a); break;
    case TCG_OP_AND: lower_and(c, w, a, b); break;
    case TCG_OP_OR: binary(c, X_OR, G1_OR, w, true, a, b); break;
    case TCG_OP_XOR: binary(c, X_XOR, G1_XOR, w, true, a, b); break;
    case TCG_OP_ANDN: lower_andn(c, w, a, b); break;
    case TCG_OP_SHL: case TCG_OP_SHR: case TCG_OP_SAR: case TCG_OP_ROL: case TCG_OP_ROR: lower_shift(c, in, w, a, b); break;
    case TCG_OP_CLZ: case TCG_OP_CTZ: lower_count(c, in, w, a); break;
    case TCG_OP_POPCNT:
        op_rl(c, X_POPCNT | xw(w), cg_dst_gpr(c), no_const(c, a, w, RCX));
        break;
    case TCG_OP_BSWAP: {
        unsigned d = cg_dst_gpr(c);
        cg_load_gpr(c, d, a, w);
        asm_b(&c->a, (uint8_t)(0x40 | (w ? 8 : 0) | d >> 3)), asm_b(&c->a, 0x0f), asm_b(&c->a, (uint8_t)(0xc8 | (d & 7)));
        break;
    }
    case TCG_OP_SEXT: case TCG_OP_ZEXT: lower_ext(c, in, w, a); break;
    case TCG_OP_EXTS: op_rl(c, X_MOVSXD, cg_dst_gpr(c), no_const(c, a, false, RCX)); break;
    case TCG_OP_EXTU: op_rl(c, X_MOV, cg_dst_gpr(c), no_const(c, a, false, RCX)); break;
    case TCG_OP_EXTRACT: lower_extract(c, in, w, a); break;
    case TCG_OP_DEPOSIT: lower_deposit(c, in, w, a, b); break;
    default: return false;
    }
    return true;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Floating point on SSE2/AVX scalars. MXCSR holds the guest's rounding mode and collects its exception flags; an operation with a
 * static rounding mode, flush-to-zero or Arm's NaN propagation is not emitted here and goes through the reference function.
 *
 * NaNs: RISC-V and Arm's default-NaN mode want the canonical NaN as result where x86 propagates operands. Arithmetic does not care
 * which NaN it gets, so a result is made canonical only where somebody sees its bits: at once if an instruction of
 * the region does (VF_CANON), else at exits.
 *
 * References: Intel SDM volume 1, chapter 11 (MXCSR, comparison results) and 14.5 (FMA); RISC-V ISA manual, "F" and "D".
 */
#include "cg.h"

static uint32_t pp(TcgType t) { return t == TCG_F64 ? X_F2 : X_F3; }
static uint32_t ucomis(TcgType t) { return X_UCOMISS | (t == TCG_F64 ? X_66 : 0); }

static bool native(TcgFp fp)
{
    TcgNan nan = tcg_fp_nan(fp);
    return tcg_fp_round(fp) == TCG_RM_DYN && !tcg_fp_ftz(fp) && nan != TCG_NAN_ARM;
}

void cg_nan_fix(Cg *c, unsigned xmm, TcgType t)
{
    cg_xrr(c, ucomis(t), xmm, xmm);
    uint8_t *at = asm_jcc(&c->a, CC_P);
    Stub *s = cg_stub(c, STUB_FIXNAN);
    s->reg = (uint8_t)xmm;
    s->cls = (uint8_t)t;
    s->from[0] = at;
    s->back = c->a.p;
}

/* An xmm register or memory: what may be the last operand */
static Loc xmm_or_mem(Cg *c, TcgVal v, unsigned scratch)
{
    Loc l = cg_loc(c, v);
    if (l.kind == LOC_MEM || l.kind == LOC_XMM)
        return l;
    return (Loc){.kind = LOC_XMM, .reg = (uint8_t)cg_use_xmm(c, v, scratch)};
}

static bool arith(Cg *c, const TcgInsn *in, uint32_t x)
{
    TcgType t = (TcgType)in->type;
    if (!native(in->aux))
        return false;
    unsigned a = cg_use_xmm(c, in->arg[0], XS0);
    cg_xop(c, x | pp(t), cg_dst_xmm(c), a, xmm_or_mem(c, in->arg[1], XS1));
    return true;
}

static bool lower_sqrt(Cg *c, const TcgInsn *in)
{
    uint32_t x = X_SQRTS | pp((TcgType)in->type);
    if (!native(in->aux))
        return false;
    unsigned a = cg_use_xmm(c, in->arg[0], XS0), d = cg_dst_xmm(c);
    if (c->avx)
        asm_vrr(&c->a, x, d, a, a, 0);
    else
        asm_rr(&c->a, x, d, a);
    return true;
}

/*
 * d = +-(a*b) +- c. Infinity times zero plus a quiet NaN is invalid for RISC-V and IEEE's preferred reading, but x86 stays
 * silent: a NaN as c goes to the reference function.
 */
static bool lower_fma(Cg *c, const TcgInsn *in)
{
    TcgType t = (TcgType)in->type;
    uint32_t w = t == TCG_F64 ? X_W : 0, x = X_0F38 | X_66 | w;
    static const uint8_t form213[] = {0xa9, 0xad, 0xab, 0xaf};
    uint8_t op = form213[in->imm & 3];
    if (!native(in->aux) || !(c->feat & FEAT_FMA))
        return false;
    unsigned d = cg_dst_xmm(c), a, b, z;
    z = cg_use_xmm(c, in->arg[2], XS1);
    cg_xrr(c, ucomis(t), z, z);
    uint8_t *nan = asm_jcc(&c->a, CC_P);
    Stub *s = cg_stub(c, STUB_REF);
    s->from[0] = nan;
    uint32_t stub = c->s->stub_count - 1;

    a = cg_use_xmm(c, in->arg[0], XS0);
    Loc lb = cg_loc(c, in->arg[1]);
    if (d == z && d != a && lb.kind != LOC_CONST) { /* 231: d = a*b + d */
        if (lb.kind == LOC_MEM)
            asm_vrm(&c->a, x | (op + 0x10u), d, a, lb.m, 0);
        else
            asm_vrr(&c->a, x | (op + 0x10u), d, a, lb.reg, 0);
    } else if (lb.kind == LOC_XMM && d == lb.reg && d != z) {
        asm_vrr(&c->a, x | op, d, a, z, 0); /* 213: d = a*d + z */
    } else {
        /* XS0 becomes the product's first factor and the result, unless a is in d already */
        unsigned acc = d == a && d != z ? d : XS0;
        cg_xmov(c, acc, a);
        if (lb.kind == LOC_XMM) {
            b = lb.reg;
            asm_vrr(&c->a, x | op, acc, b, z, 0);
        } else if (lb.kind == LOC_MEM) { /* 132: acc = acc*mem + z */
            asm_vrm(&c->a, x | (op - 0x10u), acc, z, lb.m, 0);
        } else { /* constant: rare; through the frame */
            cg_store_loc(c, mem_b(RSP, FRAME_SCRATCH), lb, t, RAX);
            asm_vrm(&c->a, x | (op - 0x10u), acc, z, mem_b(RSP, FRAME_SCRATCH), 0);
        }
        cg_xmov(c, d, acc);
    }
    c->s->stub[stub].back = c->a.p;
    return true;
}

static void minmax_operands(Cg *c, const TcgInsn *in, unsigned *a, unsigned *b)
{
    *a = cg_use_xmm(c, in->arg[0], XS0);
    *b = cg_use_xmm(c, in->arg[1], XS1);
}

/* Equal (which may be -0 and +0) and unordered operands go out of line */
static bool lower_minmax(Cg *c, const TcgInsn *in)
{
    TcgType t = (TcgType)in->type;
    unsigned a, b;
    if (tcg_fp_nan(in->aux) != TCG_NAN_RISCV || tcg_fp_ftz(in->aux))
        return false;
    minmax_operands(c, in, &a, &b);
    cg_xrr(c, ucomis(t), a, b);
    uint8_t *at = asm_jcc(&c->a, CC_E);
    cg_xop(c, (in->op == TCG_OP_FMIN ? X_MINS : X_MAXS) | pp(t), cg_dst_xmm(c), a, (Loc){.kind = LOC_XMM, .reg = (uint8_t)b});
    Stub *s = cg_stub(c, STUB_FMINMAX);
    s->from[0] = at;
    s->back = c->a.p;
    return true;
}

static bool lower_fcmp(Cg *c, const TcgInsn *in)
{
    TcgType t = (TcgType)(in->aux & 0xff);
    unsigned d = cg_dst_gpr(c);
    uint32_t x = ucomis(t) | (in->imm & 1 ? 1 : 0); /* comis is the next opcode */
    bool eq = in->cond == TCG_COND_EQ;
    if (in->cond != TCG_COND_EQ && in->cond != TCG_COND_LT && in->cond != TCG_COND_LE)
        return false;
    /* a < b is b > a: "above" is false for unordered */
    unsigned a = cg_use_xmm(c, in->arg[eq ? 0 : 1], XS0);
    Loc b = xmm_or_mem(c, in->arg[eq ? 1 : 0], XS1);
    if (d != RAX)
        asm_rr(&c->a, X_XOR, d, d);
    if (b.kind == LOC_MEM)
        cg_xrm(c, x, a, b.m);
    else
        cg_xrr(c, x, a, b.reg);
    unsigned r = d;
    if (d == RAX) {
        asm_mov_ri(&c->a, RAX, 0);
    }
    if (eq) {
        asm_rr(&c->a, X_SETCC | CC_E, 0, r);
        asm_mov_ri(&c->a, RCX, 0);
        asm_rr(&c->a, X_CMOV | CC_P, r, RCX);
    } else {
        asm_rr(&c->a, X_SETCC | (in->cond == TCG_COND_LT ? CC_A : CC_AE), 0, r);
    }
    return true;
}

static bool lower_ftof(Cg *c, const TcgInsn *in)
{
    TcgType to = (TcgType)in->type, from = (TcgType)(in->aux & 0xff);
    TcgFp fp = in->aux >> 8;
    if (tcg_fp_ftz(fp) || tcg_fp_nan(fp) == TCG_NAN_ARM || (to == TCG_F32 && tcg_fp_round(fp) != TCG_RM_DYN) || to == from)
        return false;
    unsigned a = cg_use_xmm(c, in->arg[0], XS0), d = cg_dst_xmm(c);
    if (c->avx) {
        asm_vrr(&c->a, X_CVTF | pp(from), d, a, a, 0);
    } else {
        asm_rr(&c->a, X_CVTF | pp(from), d, a);
    }
    return true;
}

/* Saturating conversion: what x86 cannot do (it returns INT_MIN) is left to the reference function */
static bool lower_ftoi(Cg *c, const TcgInsn *in)
{
    TcgType from = (TcgType)(in->aux & 0xff);
    TcgRound round = tcg_fp_round(in->aux >> 8);
    bool w = cg_w((TcgType)in->type), is_unsigned = in->imm & 1;
    unsigned d = cg_dst_gpr(c);
    uint32_t x = (round == TCG_RM_RTZ ? X_CVTTF2I : X_CVTF2I) | pp(from);
    uint8_t *at[2] = {NULL, NULL};
    if ((round != TCG_RM_RTZ && round != TCG_RM_DYN) || tcg_fp_ftz(in->aux >> 8))
        return false;
    unsigned a = cg_use_xmm(c, in->arg[0], XS1);
    if (is_unsigned) {
        cg_xop(c, X_XORPS, XS0, XS0, (Loc){.kind = LOC_XMM, .reg = XS0});
        cg_xrr(c, ucomis(from), a, XS0);
        at[0] = asm_jcc(&c->a, CC_B);
        cg_pool_rm(c, ucomis(from), a, 0, w ? (from == TCG_F64 ? POOL_2P63_F64 : POOL_2P63_F32)
                                           : (from == TCG_F64 ? POOL_U32MAX_F64 : POOL_2P32_F32));
        at[1] = asm_jcc(&c->a, w || from == TCG_F32 ? CC_AE : CC_A);
        cg_xrr(c, x | X_W, d, a);
    } else {
        cg_xrr(c, x | (w ? X_W : 0), d, a);
        asm_g1_ri(&c->a, G1_CMP, w, d, 1);
        at[0] = asm_jcc(&c->a, CC_O);
    }
    Stub *s = cg_stub(c, STUB_REF);
    s->from[0] = at[0];
    s->from[1] = at[1];
    s->back = c->a.p;
    return true;
}

static void cvt_int(Cg *c, uint32_t x, unsigned d, Loc l)
{
    cg_xop(c, X_XORPS, d, d, (Loc){.kind = LOC_XMM, .reg = (uint8_t)d}); /* no dependence on what was there */
    cg_xop(c, x, d, d, l.kind == LOC_MEM ? l : (Loc){.kind = LOC_GPR, .reg = l.reg});
}

static bool lower_itof(Cg *c, const TcgInsn *in)
{
    TcgType to = (TcgType)in->type, from = (TcgType)in->sub;
    bool exact = to == TCG_F64 && from == TCG_I32, w = cg_w(from);
    unsigned d = cg_dst_xmm(c);
    uint32_t x = X_CVTI2F | pp(to);
    Loc l = cg_loc(c, in->arg[0]);
    if (!exact && tcg_fp_round(in->aux) != TCG_RM_DYN)
        return false;
    if (!(in->imm & 1)) {
        if (l.kind == LOC_CONST) {
            cg_load_gpr(c, RAX, l, w);
            l = (Loc){.kind = LOC_GPR, .reg = RAX};
        }
        cvt_int(c, x | (w ? X_W : 0), d, l);
        return true;
    }
    if (l.kind == LOC_GPR && !w)
        asm_mov_rr(&c->a, false, RAX, l.reg);
    else
        cg_load_gpr(c, RAX, l, w);
    Loc rax = {.kind = LOC_GPR, .reg = RAX};
    if (!w) {
        cvt_int(c, x | X_W, d, rax);
        return true;
    }
    /* the upper half of the range: halved with the lost bit kept sticky, then doubled, which is exact */
    asm_rr(&c->a, X_TEST | X_W, RAX, RAX);
    uint8_t *big = asm_jcc8(&c->a, CC_S);
    cvt_int(c, x | X_W, d, rax);
    uint8_t *done = asm_jmp8(&c->a);
    asm_patch8(big, c->a.p);
    asm_mov_rr(&c->a, false, RCX, RAX);
    asm_g2_ri(&c->a, G2_SHR, true, RAX, 1);
    asm_g1_ri(&c->a, G1_AND, false, RCX, 1);
    asm_rr(&c->a, X_OR | X_W, RAX, RCX);
    cvt_int(c, x | X_W, d, rax);
    cg_xop(c, X_ADDS | pp(to), d, d, (Loc){.kind = LOC_XMM, .reg = (uint8_t)d});
    asm_patch8(done, c->a.p);
    return true;
}

static void lower_box(Cg *c, const TcgInsn *in)
{
    unsigned d = cg_dst_gpr(c);
    Loc l = cg_loc(c, in->arg[0]);
    if (l.kind == LOC_CONST) {
        asm_mov_ri(&c->a, d, l.imm | 0xffffffff00000000);
        return;
    }
    cg_load_gpr(c, d, l, false);
    asm_mov_ri(&c->a, RCX, 0xffffffff00000000);
    asm_rr(&c->a, X_OR | X_W, d, RCX);
}

static void lower_unbox(Cg *c, const TcgInsn *in)
{
    unsigned d = cg_dst_xmm(c);
    Loc l = cg_loc(c, in->arg[0]);
    if (l.kind == LOC_CONST) {
        uint32_t bits = l.imm >> 32 == UINT32_MAX ? (uint32_t)l.imm : 0x7fc00000;
        cg_load_xmm(c, d, (Loc){.kind = LOC_CONST, .imm = bits}, TCG_F32);
        return;
    }
    if (l.kind == LOC_MEM) {
        Mem high = l.m;
        high.disp += 4;
        asm_g1_mi(&c->a, G1_CMP, false, high, -1);
    } else {
        asm_mov_rr(&c->a, true, RAX, l.reg);
        asm_g2_ri(&c->a, G2_SHR, true, RAX, 32);
        asm_g1_ri(&c->a, G1_CMP, false, RAX, -1);
    }
    uint8_t *at = asm_jcc(&c->a, CC_NE);
    cg_load_xmm(c, d, l, TCG_F32);
    Stub *s = cg_stub(c, STUB_FIXNAN);
    s->reg = (uint8_t)d;
    s->cls = TCG_F32;
    s->from[0] = at;
    s->back = c->a.p;
}

static void lower_bitcast(Cg *c, const TcgInsn *in)
{
    TcgType to = (TcgType)in->type;
    Loc l = cg_loc(c, in->arg[0]);
    if (tcg_type_is_int(to)) {
        unsigned d = cg_dst_gpr(c);
        cg_load_gpr(c, d, l, cg_w(to));
        if (loc_is(l, LOC_GPR, d) && !cg_w(to))
            asm_mov_rr(&c->a, false, d, d);
    } else {
        cg_load_xmm(c, cg_dst_xmm(c), l, to);
    }
}

bool lower_fp(Cg *c, const TcgInsn *in)
{
    switch (in->op) {
    case TCG_OP_FADD: return arith(c, in, X_ADDS);
    case TCG_OP_FSUB: return arith(c, in, X_SUBS);
    case TCG_OP_FMUL: return arith(c, in, X_MULS);
    case TCG_OP_FDIV: return arith(c, in, X_DIVS);
    case TCG_OP_FSQRT: return lower_sqrt(c, in);
    case TCG_OP_FMA: return lower_fma(c, in);
    case TCG_OP_FMIN: case TCG_OP_FMAX: return lower_minmax(c, in);
    case TCG_OP_FCMP: return lower_fcmp(c, in);
    case TCG_OP_FTOF: return lower_ftof(c, in);
    case TCG_OP_FTOI: return lower_ftoi(c, in);
    case TCG_OP_ITOF: return lower_itof(c, in);
    case TCG_OP_BITCAST:
        if (c->val[c->i].cls == CLS_MEM || tcg_type_bytes((TcgType)in->type) > 16)
            return false;
        lower_bitcast(c, in);
        return true;
    case TCG_OP_BOX32: lower_box(c, in); return true;
    case TCG_OP_UNBOX32: lower_unbox(c, in); return true;
    default: return false;
    }
}

void stub_fp(Cg *c, const Stub *s)
{
    const TcgInsn *in = &c->r->insns[s->insn];
    unsigned a, b;
    switch (s->kind) {
    case STUB_FIXNAN:
        cg_pool_rm(c, s->cls == TCG_F64 ? X_MOVSD : X_MOVSS, s->reg, 0, s->cls == TCG_F64 ? POOL_NAN64 : POOL_NAN32);
        break;
    case STUB_FMINMAX: {
        minmax_operands(c, in, &a, &b);
        uint8_t *nan = asm_jcc8(&c->a, CC_P); /* the flags of ucomis are still there */
        cg_xop(c, in->op == TCG_OP_FMIN ? X_ORPS : X_ANDPS, cg_dst_xmm(c), a, (Loc){.kind = LOC_XMM, .reg = (uint8_t)b});
        asm_jmp_to(&c->a, s->back);
        asm_patch8(nan, c->a.p);
        cg_ref_scalar(c, in, tcg_ref_desc(in));
        break;
    }
    default:
        cg_ref_scalar(c, in, tcg_ref_desc(in));
    }
    asm_jmp_to(&c->a, s->back);
}

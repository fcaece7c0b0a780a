/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Vector operations. HOSTVEC* are the instructions that they name, in VEX form where the host has it; what the host
 * lacks goes through the reference function. Of the lane-wise operations those are emitted that an instruction (or two)
 * does.
 *
 * Reference: Intel SDM volume 2.
 */
#include "cg.h"

static Loc in_reg(unsigned reg) { return (Loc){.kind = LOC_XMM, .reg = (uint8_t)reg, .slot = 255}; }

/*
 * A register or memory, as the ModRM.rm operand; legacy instructions want their memory aligned, so for them always a
 * register
 */
static Loc rm_operand(Cg *c, TcgVal v, unsigned scratch, bool reg_only)
{
    Loc l = cg_loc(c, v);
    if (l.kind == LOC_XMM || (l.kind == LOC_MEM && c->avx && !reg_only))
        return l;
    return in_reg(cg_use_xmm(c, v, scratch));
}

static void vex(Cg *c, uint32_t x, unsigned reg, unsigned v, Loc rm)
{
    if (rm.kind == LOC_MEM)
        asm_vrm(&c->a, x, reg, v, rm.m, 0);
    else
        asm_vrr(&c->a, x, reg, v, rm.reg, 0);
}

static bool host_has(const Cg *c, unsigned feature)
{
    static const uint32_t bit[] = {
        [TCG_HVX_SSE] = 0, [TCG_HVX_AVX] = FEAT_AVX, [TCG_HVX_AVX2] = FEAT_AVX2, [TCG_HVX_FMA] = FEAT_FMA,
            [TCG_HVX_F16C] = FEAT_F16C,
        [TCG_HVX_AES] = FEAT_AES, [TCG_HVX_PCLMUL] = FEAT_PCLMUL, [TCG_HVX_SHA] = FEAT_SHA};
    return (c->feat & bit[feature]) == bit[feature];
}

static uint32_t word_of(const TcgHostVecInfo *v)
{
    uint32_t pp = v->prefix == 0x66 ? X_66 : v->prefix == 0xf3 ? X_F3 : v->prefix == 0xf2 ? X_F2 : 0;
    return v->opcode | (uint32_t)v->map << 8 | pp | (v->flags & TCG_HVB_W ? X_W : 0);
}

static void immediate(Cg *c, const TcgHostVecInfo *v, const TcgInsn *in)
{
    if (v->flags & TCG_HVB_IMM)
        asm_b(&c->a, (uint8_t)in->imm);
}

/* d = op(a, b), legacy: a is copied to d first; b may be in d */
static void legacy2(Cg *c, const TcgHostVecInfo *v, const TcgInsn *in, unsigned d, unsigned a, unsigned b)
{
    unsigned to = b == d && a != d ? XS0 : d;
    cg_xmov(c, to, a);
    asm_rr(&c->a, word_of(v), to, b);
    immediate(c, v, in);
    cg_xmov(c, d, to);
}

static void two(Cg *c, const TcgHostVecInfo *v, const TcgInsn *in)
{
    unsigned d = cg_dst_xmm(c), a = cg_use_xmm(c, in->arg[0], XS0);
    bool legacy = !c->avx || v->form == TCG_HVF_L2;
    Loc b = rm_operand(c, in->arg[1], XS1, legacy || (v->flags & TCG_HVB_REG));
    if (legacy) {
        legacy2(c, v, in, d, a, b.reg);
        return;
    }
    vex(c, word_of(v), d, a, b);
    immediate(c, v, in);
}

static void one(Cg *c, const TcgHostVecInfo *v, const TcgInsn *in)
{
    unsigned d = cg_dst_xmm(c);
    if (v->form == TCG_HVF_R1) {
        asm_vrr(&c->a, word_of(v), cg_use_xmm(c, in->arg[0], XS0), 0, d, 0);
    } else {
        Loc a = rm_operand(c, in->arg[0], XS0, v->flags & TCG_HVB_REG);
        if (c->avx)
            vex(c, word_of(v), d, 0, a);
        else
            asm_rr(&c->a, word_of(v), d, a.reg);
    }
    immediate(c, v, in);
}

static void shift_imm(Cg *c, const TcgHostVecInfo *v, const TcgInsn *in)
{
    unsigned d = cg_dst_xmm(c), a = cg_use_xmm(c, in->arg[0], XS0);
    if (c->avx) {
        asm_vrr(&c->a, word_of(v), v->ext, d, a, 0);
    } else {
        cg_xmov(c, d, a);
        asm_rr(&c->a, word_of(v), v->ext, d);
    }
    immediate(c, v, in);
}

/* A constant that has to be in memory because both scratch registers are taken */
static Loc constant_in_frame(Cg *c, Loc l)
{
    Loc m = {.kind = LOC_MEM, .slot = 255, .m = mem_b(RSP, FRAME_SCRATCH)};
    if (l.kind != LOC_CONST)
        return l;
    cg_store_loc(c, m.m, l, TCG_V128, RAX);
    return m;
}

static void fused(Cg *c, const TcgHostVecInfo *v, const TcgInsn *in)
{
    unsigned d = cg_dst_xmm(c);
    Loc a = cg_loc(c, in->arg[0]), z = constant_in_frame(c, cg_loc(c, in->arg[2]));
    unsigned b = cg_use_xmm(c, in->arg[1], XS1);
    bool taken = d == b || loc_is(z, LOC_XMM, d);
    unsigned to = taken && !loc_is(a, LOC_XMM, d) ? XS0 : d;
    if (d == XS1) /* nobody wants the result */
        to = XS0;
    cg_load_xmm(c, to, a, TCG_V128);
    vex(c, word_of(v), to, b, z);
    cg_xmov(c, d, to);
}

/* All of register 0, which may hold 256 bits, to XS0 or the frame, or back */
static void move_register0(Cg *c, bool back, bool in_frame)
{
    Mem at = mem_b(RSP, FRAME_REF);
    unsigned wide = c->avx;
    if (in_frame && wide)
        asm_vrm(&c->a, back ? X_MOVUPS : X_MOVUPS_MR, 0, 0, at, 1);
    else if (in_frame)
        cg_xrm(c, back ? X_MOVUPS : X_MOVUPS_MR, 0, at);
    else if (wide)
        asm_vrr(&c->a, X_MOVAPS, back ? 0 : XS0, 0, back ? XS0 : 0, 1);
    else
        cg_xmov(c, back ? 0 : XS0, back ? XS0 : 0);
}

/* xmm0 is an operand; what it holds waits in XS0 or the frame */
static void implicit_xmm0(Cg *c, const TcgHostVecInfo *v, const TcgInsn *in)
{
    unsigned d = cg_dst_xmm(c), b = XS0;
    Loc lb = cg_loc(c, in->arg[1]), lc = cg_loc(c, in->arg[2]);
    bool in_frame = lb.kind != LOC_XMM, moved = !loc_is(lc, LOC_XMM, 0);

    cg_load_xmm(c, XS1, cg_loc(c, in->arg[0]), TCG_V128);
    if (in_frame)
        cg_load_xmm(c, XS0, lb, TCG_V128);
    else if (lb.reg != 0 || !moved)
        b = lb.reg;
    if (moved) {
        move_register0(c, false, in_frame);
        cg_load_xmm(c, 0, lc, TCG_V128);
    }
    asm_rr(&c->a, word_of(v), XS1, b);
    immediate(c, v, in);
    if (moved && d != 0)
        move_register0(c, true, in_frame);
    cg_xmov(c, d, XS1);
}

static void blendv(Cg *c, const TcgHostVecInfo *v, const TcgInsn *in)
{
    static const uint8_t vex_opcode[] = {0x4c, 0, 0, 0, 0x4a, 0x4b}; /* of 10, 14, 15 */
    if (!c->avx) {
        implicit_xmm0(c, v, in);
        return;
    }
    Loc b = constant_in_frame(c, cg_loc(c, in->arg[1]));
    unsigned a = cg_use_xmm(c, in->arg[0], XS0), mask = cg_use_xmm(c, in->arg[2], XS1);
    vex(c, vex_opcode[v->opcode - 0x10] | X_0F3A | X_66, cg_dst_xmm(c), a, b);
    asm_b(&c->a, (uint8_t)(mask << 4));
}

static void to_gpr(Cg *c, const TcgHostVecInfo *v, const TcgInsn *in)
{
    Loc a = rm_operand(c, in->arg[0], XS0, v->flags & TCG_HVB_REG);
    if (a.kind == LOC_MEM)
        cg_xrm(c, word_of(v), cg_dst_gpr(c), a.m);
    else
        cg_xrr(c, word_of(v), cg_dst_gpr(c), a.reg);
}

/* --- comparisons whose flags become a condition: done again where it is asked, see liveness.c --- */
const TcgInsn *cg_vec_test(const Cg *c, TcgType t, TcgCond cond, TcgVal a, TcgVal b, unsigned *cc)
{
    const TcgInsn *in = &c->r->insns[a], *zero = &c->r->insns[b];
    if (t != TCG_I64 || (cond != TCG_COND_EQ && cond != TCG_COND_NE) || zero->op != TCG_OP_CONST || zero->imm ||
        in->op != TCG_OP_AND)
        return NULL;
    const TcgInsn *test = &c->r->insns[in->arg[0]], *mask = &c->r->insns[in->arg[1]];
    if (test->op != TCG_OP_HOSTVECG || mask->op != TCG_OP_CONST || tcg_hostvec[test->aux].form != TCG_HVF_FLAGS ||
        tcg_hostvec[test->aux].feature != TCG_HVX_SSE)
        return NULL;
    switch (mask->imm) {
    case 1: *cc = CC_B; break;
    case 4: *cc = CC_P; break;
    case 0x40: *cc = CC_E; break;
    case 0x41: *cc = CC_BE; break;
    default: return NULL;
    }
    *cc ^= cond == TCG_COND_EQ;
    return test;
}

void cg_vec_compare(Cg *c, const TcgInsn *in)
{
    uint32_t x = word_of(&tcg_hostvec[in->aux]);
    unsigned a = cg_use_xmm(c, in->arg[0], XS0);
    Loc b = rm_operand(c, in->arg[1], XS1, false);
    if (b.kind == LOC_MEM)
        cg_xrm(c, x, a, b.m);
    else
        cg_xrr(c, x, a, b.reg);
}

static void to_flags(Cg *c, const TcgInsn *in)
{
    cg_vec_compare(c, in);
    if (!c->val[c->i].end)
        return;
    asm_b(&c->a, 0x9f); /* lahf */
    asm_b(&c->a, 0x0f), asm_b(&c->a, 0xb6), asm_b(&c->a, 0xc4); /* movzx eax, ah */
    asm_g1_ri(&c->a, G1_AND, false, RAX, 0x45);
    if (cg_dst_gpr(c) != RAX)
        asm_mov_rr(&c->a, false, cg_dst_gpr(c), RAX);
}

static void from_gpr(Cg *c, const TcgHostVecInfo *v, const TcgInsn *in)
{
    unsigned d = cg_dst_xmm(c), a = cg_use_xmm(c, in->arg[0], XS0);
    Loc b = cg_loc(c, in->arg[1]);
    if (b.kind == LOC_CONST || b.kind == LOC_XMM) {
        cg_load_gpr(c, RAX, b, true);
        b = (Loc){.kind = LOC_GPR, .reg = RAX};
    }
    if (c->avx) {
        vex(c, word_of(v), d, a, b);
        return;
    }
    cg_xmov(c, d, a);
    if (b.kind == LOC_MEM)
        asm_rm(&c->a, word_of(v), d, b.m);
    else
        asm_rr(&c->a, word_of(v), d, b.reg);
}

static bool hostvec(Cg *c, const TcgInsn *in)
{
    const TcgHostVecInfo *v = &tcg_hostvec[in->aux];
    if (in->aux >= TCG_HV_COUNT || !host_has(c, v->feature))
        return false;
    if (v->opcode == 0xc2 && in->imm > 7 && !c->avx) /* predicates of AVX */
        return false;
    switch (v->form) {
    case TCG_HVF_V1: case TCG_HVF_R1: one(c, v, in); return true;
    case TCG_HVF_V2: case TCG_HVF_L2: two(c, v, in); return true;
    case TCG_HVF_SI: shift_imm(c, v, in); return true;
    case TCG_HVF_FMA: fused(c, v, in); return true;
    case TCG_HVF_BLENDV: blendv(c, v, in); return true;
    case TCG_HVF_XMM0: implicit_xmm0(c, v, in); return true;
    case TCG_HVF_TOGPR: to_gpr(c, v, in); return true;
    case TCG_HVF_FLAGS: to_flags(c, in); return true;
    case TCG_HVF_FROMGPR: from_gpr(c, v, in); return true;
    default: return false;
    }
}

/* --- lanes and general registers --- */
static bool extract(Cg *c, const TcgInsn *in)
{
    unsigned log2 = in->aux & 3, lane = in->imm & ((16u >> log2) - 1), d = cg_dst_gpr(c);
    Loc a = cg_loc(c, in->arg[0]);
    if (a.kind == LOC_MEM) {
        static const uint32_t load[] = {X_MOVZXB, X_MOVZXW, X_MOV, X_MOV | X_W};
        a.m.disp += (int32_t)(lane << log2);
        asm_rm(&c->a, load[log2], d, a.m);
        return true;
    }
    unsigned reg = cg_use_xmm(c, in->arg[0], XS0);
    if (lane == 0 && log2 >= 2) {
        cg_xrr(c, X_MOVD_GX | (log2 == 3 ? X_W : 0), reg, d);
    } else if (log2 == 1) {
        cg_xrr(c, X_PEXTRW, d, reg);
        asm_b(&c->a, (uint8_t)lane);
    } else {
        cg_xrr(c, log2 == 0 ? X_PEXTRB : log2 == 2 ? X_PEXTRD : X_PEXTRQ, reg, d);
        asm_b(&c->a, (uint8_t)lane);
    }
    return true;
}

static bool insert(Cg *c, const TcgInsn *in)
{
    static const uint32_t word[] = {X_PINSRB, X_PINSRW, X_PINSRD, X_PINSRQ};
    unsigned log2 = in->aux & 3, d = cg_dst_xmm(c), lanes = tcg_type_bytes((TcgType)in->type) >> log2,
        lane = in->imm & (lanes - 1);
    Loc a = cg_loc(c, in->arg[0]), b = cg_loc(c, in->arg[1]);
    if (in->type == TCG_V256)
        return false;
    if (b.kind == LOC_CONST) {
        cg_load_gpr(c, RAX, b, log2 == 3);
        b = (Loc){.kind = LOC_GPR, .reg = RAX};
    }
    if (a.kind == LOC_CONST && a.imm == 0 && lane == 0 && log2 >= 2) { /* movd, movq */
        cg_load_xmm(c, d, b, log2 == 2 ? TCG_F32 : TCG_F64);
        return true;
    }
    if (a.kind == LOC_CONST && b.kind == LOC_GPR && b.reg == RAX && a.imm) { /* loading the vector takes rax */
        asm_rm(&c->a, X_MOV_MR | X_W, RAX, mem_b(RSP, FRAME_SCRATCH));
        b = (Loc){.kind = LOC_MEM, .slot = 255, .m = mem_b(RSP, FRAME_SCRATCH)};
    }
    unsigned reg = cg_use_xmm(c, in->arg[0], XS0);
    if (c->avx) {
        vex(c, word[log2], d, reg, b);
    } else {
        cg_xmov(c, d, reg);
        if (b.kind == LOC_MEM)
            asm_rm(&c->a, word[log2], d, b.m);
        else
            asm_rr(&c->a, word[log2], d, b.reg);
    }
    asm_b(&c->a, (uint8_t)lane);
    return true;
}

/* --- lane-wise operations of v64 and v128 --- */
static bool lanewise(Cg *c, const TcgInsn *in)
{
#define BWDQ(b, w, d, q) {b, w, d, q}
    static const int16_t op[][4] = {
        [TCG_OP_VADD - TCG_OP_VADD] = BWDQ(TCG_HV_PADDB, TCG_HV_PADDW, TCG_HV_PADDD, TCG_HV_PADDQ),
        [TCG_OP_VSUB - TCG_OP_VADD] = BWDQ(TCG_HV_PSUBB, TCG_HV_PSUBW, TCG_HV_PSUBD, TCG_HV_PSUBQ),
        [TCG_OP_VMUL - TCG_OP_VADD] = BWDQ(-1, TCG_HV_PMULLW, TCG_HV_PMULLD, -1),
        [TCG_OP_VAND - TCG_OP_VADD] = BWDQ(TCG_HV_PAND, TCG_HV_PAND, TCG_HV_PAND, TCG_HV_PAND),
        [TCG_OP_VOR - TCG_OP_VADD] = BWDQ(TCG_HV_POR, TCG_HV_POR, TCG_HV_POR, TCG_HV_POR),
        [TCG_OP_VXOR - TCG_OP_VADD] = BWDQ(TCG_HV_PXOR, TCG_HV_PXOR, TCG_HV_PXOR, TCG_HV_PXOR),
        [TCG_OP_VANDN - TCG_OP_VADD] = BWDQ(TCG_HV_PANDN, TCG_HV_PANDN, TCG_HV_PANDN, TCG_HV_PANDN),
        [TCG_OP_VSHLI - TCG_OP_VADD] = BWDQ(-1, TCG_HV_PSLLW_I, TCG_HV_PSLLD_I, TCG_HV_PSLLQ_I),
        [TCG_OP_VSHRI - TCG_OP_VADD] = BWDQ(-1, TCG_HV_PSRLW_I, TCG_HV_PSRLD_I, TCG_HV_PSRLQ_I),
        [TCG_OP_VSARI - TCG_OP_VADD] = BWDQ(-1, TCG_HV_PSRAW_I, TCG_HV_PSRAD_I, -1),
        [TCG_OP_VCMPEQ - TCG_OP_VADD] = BWDQ(TCG_HV_PCMPEQB, TCG_HV_PCMPEQW, TCG_HV_PCMPEQD, TCG_HV_PCMPEQQ),
        [TCG_OP_VCMPGT - TCG_OP_VADD] = BWDQ(TCG_HV_PCMPGTB, TCG_HV_PCMPGTW, TCG_HV_PCMPGTD, TCG_HV_PCMPGTQ),
        [TCG_OP_VMINS - TCG_OP_VADD] = BWDQ(TCG_HV_PMINSB, TCG_HV_PMINSW, TCG_HV_PMINSD, -1),
        [TCG_OP_VMAXS - TCG_OP_VADD] = BWDQ(TCG_HV_PMAXSB, TCG_HV_PMAXSW, TCG_HV_PMAXSD, -1),
        [TCG_OP_VMINU - TCG_OP_VADD] = BWDQ(TCG_HV_PMINUB, TCG_HV_PMINUW, TCG_HV_PMINUD, -1),
        [TCG_OP_VMAXU - TCG_OP_VADD] = BWDQ(TCG_HV_PMAXUB, TCG_HV_PMAXUW, TCG_HV_PMAXUD, -1),
        [TCG_OP_VFADD - TCG_OP_VADD] = BWDQ(-1, -1, TCG_HV_ADDPS, TCG_HV_ADDPD),
        [TCG_OP_VFSUB - TCG_OP_VADD] = BWDQ(-1, -1, TCG_HV_SUBPS, TCG_HV_SUBPD),
        [TCG_OP_VFMUL - TCG_OP_VADD] = BWDQ(-1, -1, TCG_HV_MULPS, TCG_HV_MULPD),
        [TCG_OP_VFDIV - TCG_OP_VADD] = BWDQ(-1, -1, TCG_HV_DIVPS, TCG_HV_DIVPD),
    };
    bool swap = in->op == TCG_OP_VANDN, one_operand = in->op >= TCG_OP_VSHLI && in->op <= TCG_OP_VSARI;
    /* not what is above a v64: it may raise flags */
    if (in->type != TCG_V128 && (in->type != TCG_V64 || in->op >= TCG_OP_VFADD))
        return false;
    int id = op[in->op - TCG_OP_VADD][in->aux & 3];
    if (id < 0 || (one_operand && in->imm >= 8u << (in->aux & 3)))
        return false;
    /* memory of a v64 is too short for an operand of 16 bytes */
    TcgInsn copy = {.op = in->op, .type = in->type, .aux = (uint32_t)id, .imm = in->imm,
                    .arg = {in->arg[swap ? 1 : 0], in->arg[one_operand || swap ? 0 : 1]}};
    if (in->type == TCG_V64 && !one_operand && cg_loc(c, copy.arg[1]).kind == LOC_MEM) {
        unsigned d = cg_dst_xmm(c), a = cg_use_xmm(c, copy.arg[0], XS0), b = cg_use_xmm(c, copy.arg[1], XS1);
        if (c->avx)
            asm_vrr(&c->a, word_of(&tcg_hostvec[id]), d, a, b, 0);
        else
            legacy2(c, &tcg_hostvec[id], in, d, a, b);
        return true;
    }
    return hostvec(c, &copy);
}

bool lower_vec(Cg *c, const TcgInsn *in)
{
    switch (in->op) {
    case TCG_OP_HOSTVEC: case TCG_OP_HOSTVECI: case TCG_OP_HOSTVEC3: case TCG_OP_HOSTVECG: case TCG_OP_HOSTVECX:
        return hostvec(c, in);
    case TCG_OP_VEXTRACT:
        return extract(c, in);
    case TCG_OP_VINSERT:
        return insert(c, in);
    case TCG_OP_VDUP:
        return false;
    default:
        return in->op >= TCG_OP_VADD && in->op <= TCG_OP_VFDIV && lanewise(c, in);
    }
}

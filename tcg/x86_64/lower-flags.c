/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flags as values. A flags value lives in the frame (or, unmodified, in its slot) in its lazy form, TcgLazyFlags; making one
 * is a few stores. What tests or packs it calls C: the fold rules have turned the common tests, of a subtraction
 * or a logic result, into comparisons before.
 */
#include "cg.h"

void cg_store_flags(Cg *c, const TcgInsn *in, Mem to)
{
    bool unpack = in->op == TCG_OP_FLAGUNPACK;
    TcgFlagsKind kind = unpack ? (in->aux ? TCG_FK_PACKED_ARM : TCG_FK_PACKED_X86) : (TcgFlagsKind)(in->aux & 0xff);
    uint32_t type = unpack ? TCG_I64 : in->sub | (uint32_t)(in->imm & 31) << 8;

    asm_mov_mi(&c->a, false, to, (int32_t)(kind | type << 16));
    for (unsigned k = 0; k < 3; k++) {
        Loc l;
        to.disp += 8;
        if (!cg_flags_operand(c, in, k, &l))
            continue;
        if (l.kind == LOC_MEM && tcg_type_bytes(cg_result_type(&c->r->insns[in->arg[k]])) < 8) {
            cg_load_gpr(c, RAX, l, false);
            l = (Loc){.kind = LOC_GPR, .reg = RAX};
        }
        cg_store_loc(c, to, l, TCG_I64, RAX);
    }
}

bool cg_flags_operand(const Cg *c, const TcgInsn *in, unsigned k, Loc *l)
{
    TcgFlagsKind kind = (TcgFlagsKind)(in->aux & 0xff);
    bool wanted = k == 0 || (in->op == TCG_OP_FLAGS && (k == 1 ? tcg_flags_use_b(kind) : tcg_flags_use_c(kind)));

    *l = (Loc){.kind = LOC_CONST, .slot = 255};
    if (!wanted || !in->arg[k])
        return wanted;
    *l = cg_loc(c, in->arg[k]);
    return true;
}

/* rax = address of the flags value */
static void flags_address(Cg *c, TcgVal v)
{
    Loc l = cg_loc(c, v);
    Mem at = l.m;
    if (l.kind == LOC_CONST) {
        at = mem_b(RSP, FRAME_REF);
        cg_store_loc(c, at, l, TCG_FLAGS_T, RAX);
    }
    asm_lea(&c->a, true, RAX, at);
}

/* eax = fn(address of the flags value, argument) */
static void call_on_flags(Cg *c, TcgVal v, const void *fn, uint64_t arg)
{
    flags_address(c, v);
    asm_rm(&c->a, X_MOV_MR | X_W, RAX, mem_b(RBP, CPU_OFF(call_arg[0])));
    asm_mov_mi(&c->a, true, mem_b(RBP, CPU_OFF(call_arg[1])), (int32_t)arg);
    asm_mov_ri(&c->a, RAX, (uintptr_t)fn);
    asm_call_to(&c->a, c->be->t_helper[HELPER_PURE][cg_vec_variant(c)]);
}

static void test(Cg *c, const TcgInsn *in)
{
    if (in->cond == TCG_FC_B || in->cond == TCG_FC_AE) { /* wanted at the start of regions and loops by what keeps CF */
        flags_address(c, in->arg[0]);
        asm_call_to(&c->a, c->be->t_carry[cg_vec_variant(c)]);
        if (in->cond == TCG_FC_AE)
            asm_g1_ri(&c->a, G1_XOR, false, RAX, 1);
        return;
    }
    call_on_flags(c, in->arg[0], (const void *)tcg_ref_flagtest, in->cond);
}

bool lower_flags(Cg *c, const TcgInsn *in)
{
    switch (in->op) {
    case TCG_OP_FLAGS: case TCG_OP_FLAGUNPACK:
        if (c->val[c->i].end)
            cg_store_flags(c, in, mem_b(RSP, c->val[c->i].disp));
        break;
    case TCG_OP_FLAGTEST:
        test(c, in);
        asm_rr(&c->a, X_MOVZXB, cg_dst_gpr(c), RAX);
        break;
    case TCG_OP_FLAGPACK:
        call_on_flags(c, in->arg[0], in->aux ? (const void *)tcg_ref_flags_arm : (const void *)tcg_ref_flags_x86, 0);
        asm_mov_rr(&c->a, false, cg_dst_gpr(c), RAX);
        break;
    case TCG_OP_BRFLAGS:
        test(c, in);
        asm_b(&c->a, 0x84), asm_b(&c->a, 0xc0); /* test al, al: the upper bytes of a bool are not defined */
        cg_jcc_block(c, CC_NE, in->aux);
        break;
    case TCG_OP_EXIT_FLAGS: {
        test(c, in);
        asm_b(&c->a, 0x84), asm_b(&c->a, 0xc0);
        uint8_t *at = asm_jcc(&c->a, CC_NE);
        cg_stub(c, STUB_EXIT)->from[0] = at;
        break;
    }
    default:
        return false;
    }
    return true;
}

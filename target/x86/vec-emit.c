/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Emit functions of the common shapes of vector instructions.
 *
 * Memory is read before anything else: it may fault. A 256-bit operation is done on two halves (docs/devel/x86.md).
 */
#include "vec.h"

static TcgVal raw(X86Insn *d, const TcgInsn *insn)
{
    TcgVal v = TCG_NONE;
    tcg_emit_raw(d->b, insn, &v);
    return v;
}

static TcgInsn hostvec_insn(TcgHostVec id, uint64_t imm)
{
    TcgOp op = tcg_hostvec_op(id);
    return (TcgInsn){.op = (uint16_t)op, .type = op == TCG_OP_HOSTVECG ? TCG_I64 : TCG_V128, .aux = id, .imm = imm};
}

TcgVal x86_hv(X86Insn *d, TcgHostVec id, TcgVal a, TcgVal b, uint64_t imm)
{
    TcgInsn insn = hostvec_insn(id, imm);
    insn.arg[0] = a;
    insn.arg[1] = b ? b : a;
    x86_vec_trap_flags(d, id, a, insn.arg[1], a, imm);
    return raw(d, &insn);
}

TcgVal x86_hv3(X86Insn *d, TcgHostVec id, TcgVal a, TcgVal b, TcgVal c, uint64_t imm)
{
    TcgInsn insn = hostvec_insn(id, imm);
    insn.arg[0] = a;
    insn.arg[1] = b;
    insn.arg[2] = c;
    x86_vec_trap_flags(d, id, a, b, c, imm);
    return raw(d, &insn);
}

TcgVal x86_hv_gpr(X86Insn *d, TcgHostVec id, TcgVal a, TcgVal b) { return x86_hv(d, id, a, b, 0); }

TcgVal x86_vec_extract(X86Insn *d, TcgVal v, unsigned log2, unsigned lane)
{
    return raw(d, &(TcgInsn){.op = TCG_OP_VEXTRACT, .type = TCG_I64, .arg = {v}, .aux = log2, .imm = lane});
}

TcgVal x86_vec_insert(X86Insn *d, TcgVal v, unsigned log2, unsigned lane, TcgVal bits)
{
    return raw(d, &(TcgInsn){.op = TCG_OP_VINSERT, .type = TCG_V128, .arg = {v, bits}, .aux = log2, .imm = lane});
}

TcgVal x86_vec_source(X86Insn *d, unsigned n)
{
    unsigned bytes = d->op[n].bytes;
    if (d->op[n].kind != X86_OP_MEM || bytes == 16) {
        return x86_read_vec(d, n, NULL);
    }
    x86_operand_address(d, bytes, false);
    TcgVal v = tcg_load(d->b, TCG_V128, d->address, d->address_disp, x86_mem(d, bytes));
    x86_emit_fp_begin(d);
    return v;
}

void x86_vec_store(X86Insn *d, unsigned n, TcgVal v, unsigned bytes)
{
    x86_operand_address(d, bytes, true);
    tcg_store(d->b, TCG_V128, d->address, d->address_disp, v, x86_mem(d, bytes));
}

void x86_vec_check(X86Insn *d)
{
    if (d->row->flags & X86_ROW_FP) {
        x86_emit_fp_check(d);
    }
}

uint64_t x86_vec_imm(const X86Insn *d, bool high)
{
    const X86Operand *o = &d->op[d->op_count - 1];
    unsigned shift = d->row->arg >> VEC_IMM_SHIFT_BIT & 15, mask = d->row->arg >> VEC_IMM_MASK_BIT;
    uint64_t imm = o->kind == X86_OP_IMM ? (uint64_t)o->imm & 0xff : 0;
    imm = mask ? imm & mask : imm;
    return high ? imm >> shift : imm;
}

static TcgHostVec id_of(const X86Insn *d) { return (TcgHostVec)(d->row->arg & VEC_ID); }

void x86_emit_vmove(X86Insn *d)
{
    TcgVal hi, lo = x86_read_vec(d, 1, &hi);
    x86_write_vec(d, 0, lo, hi);
}

/* Results that do not depend on the operands, as a processor knows them too */
static bool emit_idiom(X86Insn *d)
{
    bool both = d->op[0].bytes == 32;
    if (!(d->row->arg & (VEC_ZERO | VEC_ONES)) || d->op[2].kind != X86_OP_VEC || d->op[1].reg != d->op[2].reg) {
        return false;
    }
    TcgVal v = x86_vec_zero(d);
    if (d->row->arg & VEC_ONES) {
        v = x86_hv(d, TCG_HV_PCMPEQD, v, v, 0);
    }
    x86_write_vec(d, 0, v, both ? v : TCG_NONE);
    return true;
}

void x86_emit_vvv(X86Insn *d)
{
    TcgHostVec id = id_of(d);
    bool both = d->op[0].bytes == 32;
    if (emit_idiom(d)) {
        return;
    }
    TcgVal bhi, ahi, b = x86_read_vec(d, 2, &bhi), a = x86_read_vec(d, 1, &ahi);
    TcgVal lo = x86_hv(d, id, a, b, x86_vec_imm(d, false)), hi = TCG_NONE;
    if (both) {
        hi = x86_hv(d, id, ahi, bhi ? bhi : b, x86_vec_imm(d, true));
    }
    x86_vec_check(d);
    x86_write_vec(d, 0, lo, hi);
}

void x86_emit_vv(X86Insn *d)
{
    TcgVal ahi, a = x86_read_vec(d, 1, &ahi), lo = x86_hv(d, id_of(d), a, TCG_NONE, x86_vec_imm(d, false)),
        hi = TCG_NONE;
    if (d->op[0].bytes == 32) {
        hi = x86_hv(d, id_of(d), ahi, TCG_NONE, x86_vec_imm(d, true));
    }
    x86_vec_check(d);
    x86_write_vec(d, 0, lo, hi);
}

void x86_emit_vscalar(X86Insn *d)
{
    TcgVal b = x86_vec_source(d, 2), v = x86_hv(d, id_of(d), x86_get_xmm(d, d->op[1].reg), b, x86_vec_imm(d, false));
    x86_vec_check(d);
    x86_vec_put(d, v);
}

void x86_emit_vwiden(X86Insn *d)
{
    TcgVal a, lo, hi = TCG_NONE;
    if (d->op[1].kind == X86_OP_MEM && d->op[1].bytes == 2) {
        a = x86_vec_insert(d, x86_vec_zero(d), 2, 0, tcg_extu(d->b, x86_read_op(d, 1)));
    } else {
        a = x86_vec_source(d, 1);
    }
    lo = x86_hv(d, id_of(d), a, TCG_NONE, 0);
    if (d->op[0].bytes == 32) {
        hi = x86_hv(d, id_of(d), x86_hv(d, TCG_HV_PSRLDQ, a, TCG_NONE, d->op[1].bytes / 2), TCG_NONE, 0);
    }
    x86_vec_check(d);
    x86_write_vec(d, 0, lo, hi);
}

void x86_emit_vnarrow(X86Insn *d)
{
    TcgVal ahi, a = x86_read_vec(d, 1, &ahi), v = x86_hv(d, id_of(d), a, TCG_NONE, x86_vec_imm(d, false));
    if (d->op[1].bytes == 32) {
        v = x86_hv(d, TCG_HV_MOVLHPS, v, x86_hv(d, id_of(d), ahi, TCG_NONE, x86_vec_imm(d, false)), 0);
    }
    x86_vec_check(d);
    x86_vec_put(d, v);
}

void x86_emit_vcompare(X86Insn *d)
{
    TcgVal bhi = TCG_NONE, b = d->op[1].bytes >= 16 ? x86_read_vec(d, 1, &bhi) : x86_vec_source(d, 1);
    TcgVal flags = x86_hv(d, id_of(d), x86_get_xmm(d, d->op[0].reg), b, 0);
    if (bhi) { /* ZF and CF say that nothing was found: so in both halves */
        flags = tcg_and(d->b, TCG_I64, flags, x86_hv(d, id_of(d), x86_get_ymmh(d, d->op[0].reg), bhi, 0));
    }
    x86_vec_check(d);
    x86_put_flags_packed(d, flags);
}

void x86_emit_vmask(X86Insn *d)
{
    TcgVal ahi, a = x86_read_vec(d, 1, &ahi), v = x86_hv(d, id_of(d), a, TCG_NONE, 0);
    if (ahi) {
        unsigned lanes = id_of(d) == TCG_HV_PMOVMSKB ? 16 : id_of(d) == TCG_HV_MOVMSKPS ? 4 : 2;
        TcgVal high = tcg_shl(d->b, TCG_I64, x86_hv(d, id_of(d), ahi, TCG_NONE, 0), x86_const(d, lanes));
        v = tcg_or(d->b, TCG_I64, v, high);
    }
    x86_put_gpr(d, d->op[0].reg, 4, tcg_trunc(d->b, v));
}

void x86_emit_vto_gpr(X86Insn *d)
{
    unsigned bytes = d->op[0].bytes;
    TcgHostVec id = (TcgHostVec)(id_of(d) + (bytes == 8 ? TCG_HV_CVTSS2SI_64 - TCG_HV_CVTSS2SI_32 : 0));
    TcgVal v = x86_hv(d, id, x86_vec_source(d, 1), TCG_NONE, 0);
    x86_vec_check(d);
    x86_put_gpr(d, d->op[0].reg, bytes, bytes == 8 ? v : tcg_trunc(d->b, v));
}

void x86_emit_vfrom_gpr(X86Insn *d)
{
    unsigned bytes = d->op[2].bytes;
    TcgHostVec id = (TcgHostVec)(id_of(d) + (bytes == 8 ? TCG_HV_CVTSI2SS_64 - TCG_HV_CVTSI2SS_32 : 0));
    TcgVal b = x86_read_op(d, 2);
    if (d->op[2].kind == X86_OP_MEM) {
        x86_emit_fp_begin(d);
    }
    TcgVal v = x86_hv_gpr(d, id, x86_get_xmm(d, d->op[1].reg), bytes == 8 ? b : tcg_extu(d->b, b));
    x86_vec_check(d);
    x86_vec_put(d, v);
}

void x86_emit_vblend(X86Insn *d)
{
    TcgVal bhi, ahi, b = x86_read_vec(d, 2, &bhi), a = x86_read_vec(d, 1, &ahi), hi = TCG_NONE;
    unsigned mask = d->op_count > 3 ? d->op[3].reg : 0;
    TcgVal lo = x86_hv3(d, id_of(d), a, b, x86_get_xmm(d, mask), 0);
    if (bhi) {
        hi = x86_hv3(d, id_of(d), ahi, bhi, x86_get_ymmh(d, mask), 0);
    }
    x86_write_vec(d, 0, lo, hi);
}

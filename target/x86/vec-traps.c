/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exception flags where the guest unmasked exceptions (X86_RF_SSE_TRAPS). The host computes with all of them masked.
 * That gives the right flags but for unmasked underflow and overflow: then a tiny result underflows even when it is
 * exact, and inexact means that an unlimited exponent would not have helped. So operations that can do that are done
 * once more by the reference functions, which know both rules; x86_emit_fp_check() takes the flags from there.
 *
 * Reference: Intel SDM volume 1, 4.9.1.4, 4.9.1.5, 11.5.
 */
#include <string.h>

#include "vec.h"

enum { DESC_HALF = 1 << 16, DESC_DOUBLE = 1 << 17, DESC_IMM_SHIFT = 24 };
enum { TRAP_UNDERFLOW = 1 << 16, TRAP_OVERFLOW = 1 << 17 }; /* tcg/reference.h */

/* False: something unmasked came up */
static bool evaluate(CpuState *cpu, TcgHostVec id, const uint64_t (*v)[4], unsigned imm, uint64_t result[4])
{
    X86Cpu *x = x86_cpu(cpu);
    uint32_t enabled = ~(x->mxcsr_masks >> 7) & 0x3f, mxcsr = cpu->tcg.guest_mxcsr & ~0x3fu;
    mxcsr |= (enabled & 0x10 ? TRAP_UNDERFLOW : 0) | (enabled & 8 ? TRAP_OVERFLOW : 0);
    tcg_hostvec_ref(id, v, imm, result, &mxcsr);
    x->sticky_saved |= X86_STICKY_EVALUATED | (mxcsr & 0x3f) << X86_STICKY_FLAGS_SHIFT;
    return !(mxcsr & enabled);
}

/* Half of an operation on lanes of their own; the other half has ones, which do no harm */
static void evaluate_half(CpuState *cpu, uint64_t a, uint64_t b, uint64_t c, uint64_t desc)
{
    uint64_t one = desc & DESC_DOUBLE ? 0x3ff0000000000000 : 0x3f8000003f800000;
    unsigned half = desc & DESC_HALF ? 1 : 0;
    uint64_t v[3][4] = {{one, one}, {one, one}, {one, one}}, result[4];
    v[0][half] = a;
    v[1][half] = b;
    v[2][half] = c;
    evaluate(cpu, (TcgHostVec)(desc & 0xffff), (const uint64_t(*)[4])v, (unsigned)(desc >> DESC_IMM_SHIFT), result);
}

/* HADDxx, HSUBxx: what one operand's lanes give */
static void evaluate_operand(CpuState *cpu, uint64_t lo, uint64_t hi, uint64_t desc)
{
    uint64_t one = desc & DESC_DOUBLE ? 0x3ff0000000000000 : 0x3f8000003f800000;
    const uint64_t v[3][4] = {{lo, hi}, {one, one}, {one, one}};
    uint64_t result[4];
    evaluate(cpu, (TcgHostVec)(desc & 0xffff), v, 0, result);
}

/*
 * DPPS and DPPD multiply, add, DPPS adds again: what is unmasked ends it at that step. (A step's unmasked denormal also
 * takes away what steps before it left as inexact, which the processor keeps.)
 */
static void evaluate_dpps(CpuState *cpu, uint64_t alo, uint64_t ahi, uint64_t blo, uint64_t bhi)
{
    uint64_t v[3][4] = {{alo, ahi}, {blo, bhi}}, sum[3][4] = {{0}}, result[4];
    if (evaluate(cpu, TCG_HV_MULPS, (const uint64_t(*)[4])v, 0, sum[0])) {
        memcpy(sum[1], sum[0], sizeof(sum[1]));
        if (evaluate(cpu, TCG_HV_HADDPS, (const uint64_t(*)[4])sum, 0, result)) {
            memcpy(sum[0], result, sizeof(result));
            memcpy(sum[1], result, sizeof(result));
            evaluate(cpu, TCG_HV_HADDPS, (const uint64_t(*)[4])sum, 0, result);
        }
    }
}

static void evaluate_dppd(CpuState *cpu, uint64_t alo, uint64_t ahi, uint64_t blo, uint64_t bhi)
{
    uint64_t v[3][4] = {{alo, ahi}, {blo, bhi}}, sum[3][4] = {{0}}, result[4];
    if (evaluate(cpu, TCG_HV_MULPD, (const uint64_t(*)[4])v, 0, sum[0])) {
        memcpy(sum[1], sum[0], sizeof(sum[1]));
        evaluate(cpu, TCG_HV_HADDPD, (const uint64_t(*)[4])sum, 0, result);
    }
}

#define HELPER(name_, ...) static const TcgHelper helper_##name_ = {"x86_" #name_, (void *)name_, 0, TCG_VOID,         \
                                                                    {__VA_ARGS__}, {{0}}, {{0}}}
HELPER(evaluate_half, TCG_I64, TCG_I64, TCG_I64, TCG_I64);
HELPER(evaluate_operand, TCG_I64, TCG_I64, TCG_I64);
HELPER(evaluate_dpps, TCG_I64, TCG_I64, TCG_I64, TCG_I64);
HELPER(evaluate_dppd, TCG_I64, TCG_I64, TCG_I64, TCG_I64);

typedef enum Shape { NOT, LANES, LOWEST, HORIZONTAL, DOT } Shape;

/* Whether and how the operation has to be evaluated; its operands' lanes: *is_double */
static Shape shape_of(TcgHostVec id, bool *is_double)
{
    const TcgHostVecInfo *v = &tcg_hostvec[id];
    bool scalar = v->prefix >= 0xf2;
    *is_double = v->prefix == 0x66 || v->prefix == 0xf2;
    if (!(v->flags & TCG_HVB_FP)) {
        return NOT;
    }
    if (v->form == TCG_HVF_FMA) {
        *is_double = v->flags & TCG_HVB_W;
        return v->opcode & 1 && (v->opcode & 15) > 7 ? LOWEST : LANES;
    }
    switch (id) {
    case TCG_HV_DPPS: case TCG_HV_DPPD:
        return DOT;
    case TCG_HV_VCVTPS2PH:
        *is_double = false;
        return LANES;
    case TCG_HV_CVTPD2PS: case TCG_HV_CVTSD2SS:
        return scalar ? LOWEST : LANES;
    default:
        break;
    }
    switch (v->map == 1 ? v->opcode : 0) {
    case 0x58: case 0x59: case 0x5c: case 0x5e:
        return scalar ? LOWEST : LANES;
    case 0xd0:
        *is_double = v->prefix == 0x66;
        return LANES;
    case 0x7c: case 0x7d:
        *is_double = v->prefix == 0x66;
        return HORIZONTAL;
    default:
        return NOT;
    }
}

static TcgVal quad(X86Insn *d, TcgVal v, unsigned i) { return x86_vec_extract(d, v, 3, i); }

/* Products that the immediate leaves out are those of zeros */
static void trap_flags_dot(X86Insn *d, TcgHostVec id, TcgVal a, TcgVal b, uint64_t imm)
{
    TcgHostVec blend = id == TCG_HV_DPPS ? TCG_HV_BLENDPS : TCG_HV_BLENDPD;
    a = x86_hv(d, blend, x86_vec_zero(d), a, imm >> 4 & 15);
    b = x86_hv(d, blend, x86_vec_zero(d), b, imm >> 4 & 15);
    tcg_call(d->b, id == TCG_HV_DPPS ? &helper_evaluate_dpps : &helper_evaluate_dppd, quad(d, a, 0), quad(d, a, 1),
             quad(d, b, 0), quad(d, b, 1));
}

void x86_vec_trap_flags(X86Insn *d, TcgHostVec id, TcgVal a, TcgVal b, TcgVal c, uint64_t imm)
{
    bool is_double;
    Shape shape = d->flags & X86_RF_SSE_TRAPS && d->row->flags & X86_ROW_FP ? shape_of(id, &is_double) : NOT;
    if (shape == NOT) {
        return;
    }
    uint64_t desc = id | (is_double ? DESC_DOUBLE : 0u) | imm << DESC_IMM_SHIFT;
    if (shape == DOT) {
        trap_flags_dot(d, id, a, b, imm);
    } else if (shape == HORIZONTAL) {
        tcg_call(d->b, &helper_evaluate_operand, quad(d, a, 0), quad(d, a, 1), x86_const(d, desc), TCG_NONE);
        tcg_call(d->b, &helper_evaluate_operand, quad(d, b, 0), quad(d, b, 1), x86_const(d, desc), TCG_NONE);
    } else {
        for (unsigned i = 0; i < (shape == LOWEST ? 1u : 2u); i++) {
            TcgVal what = x86_const(d, desc | (i ? DESC_HALF : 0u));
            tcg_call(d->b, &helper_evaluate_half, quad(d, a, i), quad(d, b, i), quad(d, c, i), what);
        }
    }
}

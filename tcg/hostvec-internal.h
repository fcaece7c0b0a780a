/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the files of hostvec: the reference functions of x86 vector instructions, and what their parameter says.
 *
 * Lane sizes as a parameter are log2 of the bytes. A floating-point parameter is a type, HV_SCALAR where only the
 * lowest lane is computed (the others come from operand a), and in the low byte what the function asks for (a TcgOp, a
 * TcgRound).
 */
#ifndef TCG_HOSTVEC_INTERNAL_H
#define TCG_HOSTVEC_INTERNAL_H

#include "reference-internal.h"
#include "tcg/hostvec.h"

enum {
    HV_F32 = 0x100, HV_F64 = 0x200, HV_SCALAR = 0x400, HV_Q = 0x800, /* Q: a 64-bit integer */
    HV_FMA_SHIFT = 12, HV_FMA_MADD = 0 << 12, HV_FMA_MSUB = 1 << 12, HV_FMA_NMADD = 2 << 12, HV_FMA_NMSUB = 3 << 12,
    HV_FMA_MADDSUB = 4 << 12, HV_FMA_MSUBADD = 5 << 12,
};
static inline TcgType hv_type(unsigned p) { return p & HV_F64 ? TCG_F64 : TCG_F32; }
static inline unsigned hv_fp_lanes(unsigned p) { return p & HV_SCALAR ? 1 : p & HV_F64 ? 2 : 4; }
static inline uint64_t hv_fp_lane(const TcgHvReg *x, unsigned p, unsigned i) { return p & HV_F64 ? x->q[i] : x->d[i]; }
static inline void hv_fp_set(TcgHvReg *r, unsigned p, unsigned i, uint64_t v)
{
    if (p & HV_F64) {
        r->q[i] = v;
    } else {
        r->d[i] = (uint32_t)v;
    }
}
static inline uint64_t hv_lane(const TcgHvReg *x, unsigned log2, unsigned i)
{
    return log2 == 0 ? x->b[i] : log2 == 1 ? x->w[i] : log2 == 2 ? x->d[i] : x->q[i];
}
static inline int64_t hv_slane(const TcgHvReg *x, unsigned log2, unsigned i)
{
    return log2 == 0 ? x->sb[i] : log2 == 1 ? x->sw[i] : log2 == 2 ? x->sd[i] : x->sq[i];
}
static inline void hv_set(TcgHvReg *r, unsigned log2, unsigned i, uint64_t v)
{
    switch (log2) {
    case 0: r->b[i] = (uint8_t)v; break;
    case 1: r->w[i] = (uint16_t)v; break;
    case 2: r->d[i] = (uint32_t)v; break;
    default: r->q[i] = v;
    }
}
#define HV_ROUND_DYN TCG_FP(TCG_RM_DYN, TCG_NAN_X86, 0)

#define HV(id, name, prefix, map, opcode, form, feature, flags, fn, p) TcgHvFn fn;
#include "tcg/hostvec-list.h"
#undef HV

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * F: single precision. Results bit by bit, accrued exceptions, rounding modes
 * in the instruction and in frm, conversions at their limits.
 * isa: 32 64
 */
#include "check.h"

#define NX 1
#define UF 2
#define OF 4
#define DZ 8
#define NV 16

#define ONE 0x3f800000
#define INF 0x7f800000
#define NINF (-0x800000)
#define NAN 0x7fc00000
#define SNAN 0x7f800001
#define MAX 0x7f7fffff

/* 32-bit patterns are compared as fmv.x.w gives them: sign extended. */
#define FLAGS(want) frflags t1; TESTED(t1, want)
#define F1(op, a, want, flags) \
    LINE; li t0, a; fmv.w.x fa0, t0; csrw fflags, zero; op fa1, fa0; fmv.x.w t0, fa1; TESTED(t0, want); FLAGS(flags)
#define F2(op, a, b, want, flags) \
    LINE; li t0, a; fmv.w.x fa0, t0; li t0, b; fmv.w.x fa1, t0; csrw fflags, zero; op fa2, fa0, fa1; \
    fmv.x.w t0, fa2; TESTED(t0, want); FLAGS(flags); op fa0, fa0, fa1; fmv.x.w t0, fa0; TESTED(t0, want)
#define F2R(op, a, b, rm, want, flags) \
    LINE; li t0, a; fmv.w.x fa0, t0; li t0, b; fmv.w.x fa1, t0; csrw fflags, zero; op fa2, fa0, fa1, rm; \
    fmv.x.w t0, fa2; TESTED(t0, want); FLAGS(flags)
#define F3(op, a, b, c, want, flags) \
    LINE; li t0, a; fmv.w.x fa0, t0; li t0, b; fmv.w.x fa1, t0; li t0, c; fmv.w.x fa2, t0; csrw fflags, zero; \
    op fa3, fa0, fa1, fa2; fmv.x.w t0, fa3; TESTED(t0, want); FLAGS(flags)
/* result in an integer register */
#define X1(op, a, want, flags) \
    LINE; li t0, a; fmv.w.x fa0, t0; csrw fflags, zero; op t0, fa0; TESTED(t0, want); FLAGS(flags)
#define X1R(op, a, rm, want, flags) \
    LINE; li t0, a; fmv.w.x fa0, t0; csrw fflags, zero; op t0, fa0, rm; TESTED(t0, want); FLAGS(flags)
#define X2(op, a, b, want, flags) \
    LINE; li t0, a; fmv.w.x fa0, t0; li t0, b; fmv.w.x fa1, t0; csrw fflags, zero; op t0, fa0, fa1; \
    TESTED(t0, want); FLAGS(flags)
/* from an integer register */
#define I1(op, a, rm, want, flags) \
    LINE; li t0, a; csrw fflags, zero; op fa0, t0, rm; fmv.x.w t0, fa0; TESTED(t0, want); FLAGS(flags)

test:
    F2(fadd.s, ONE, 0x40000000, 0x40400000, 0)
    F2(fadd.s, ONE, 0x33800000, ONE, NX)            /* half a unit: to even */
    F2(fadd.s, 0x3f800001, 0x33800000, 0x3f800002, NX)
    F2(fadd.s, INF, NINF, NAN, NV)
    F2(fadd.s, MAX, MAX, INF, OF | NX)
    F2(fadd.s, -0x80000000, 0, 0, 0)
    F2(fadd.s, NAN + 5, ONE, NAN, 0)                /* a payload is not kept */
    F2(fadd.s, SNAN, ONE, NAN, NV)
    F2(fsub.s, ONE, ONE, 0, 0)
    F2(fsub.s, ONE, 0x40400000, -0x40000000, 0)
    F2(fsub.s, INF, INF, NAN, NV)
    F2(fmul.s, 0x40400000, 0x40a00000, 0x41700000, 0)
    F2(fmul.s, INF, 0, NAN, NV)
    F2(fmul.s, 0x00800000, 0x3f000000, 0x00400000, 0) /* an exact subnormal */
    F2(fmul.s, 1, 0x3f000000, 0, UF | NX)
    F2(fmul.s, 3, 0x3f000000, 2, UF | NX)
    F2(fdiv.s, ONE, 0x40400000, 0x3eaaaaab, NX)
    F2(fdiv.s, ONE, 0, INF, DZ)
    F2(fdiv.s, -0x40800000, 0, NINF, DZ)
    F2(fdiv.s, 0, 0, NAN, NV)
    F2(fdiv.s, 0, INF, 0, 0)
    F1(fsqrt.s, 0x40000000, 0x3fb504f3, NX)
    F1(fsqrt.s, 0x40800000, 0x40000000, 0)
    F1(fsqrt.s, -0x40800000, NAN, NV)
    F1(fsqrt.s, -0x80000000, -0x80000000, 0)

    /* Rounding modes of the instruction. */
    F2R(fdiv.s, ONE, 0x40400000, rtz, 0x3eaaaaaa, NX)
    F2R(fdiv.s, ONE, 0x40400000, rdn, 0x3eaaaaaa, NX)
    F2R(fdiv.s, ONE, 0x40400000, rup, 0x3eaaaaab, NX)
    F2R(fdiv.s, ONE, 0x40400000, rmm, 0x3eaaaaab, NX)
    F2R(fadd.s, ONE, 0x33800000, rmm, 0x3f800001, NX)
    F2R(fadd.s, ONE, 0x33800000, rup, 0x3f800001, NX)
    F2R(fadd.s, MAX, MAX, rtz, MAX, OF | NX)
    F2R(fadd.s, MAX, MAX, rdn, MAX, OF | NX)
    F2R(fadd.s, MAX, MAX, rup, INF, OF | NX)
    F2R(fsub.s, ONE, ONE, rdn, -0x80000000, 0)
    F2R(fmul.s, 1, 0x3f000000, rup, 1, UF | NX)
    /* Of frm. */
    li t0, 1
    csrw frm, t0
    F2(fdiv.s, ONE, 0x40400000, 0x3eaaaaaa, NX)
    F2R(fdiv.s, ONE, 0x40400000, rne, 0x3eaaaaab, NX)
    li t0, 3
    csrw frm, t0
    F2(fmul.s, 1, 0x3f000000, 1, UF | NX)
    li t0, 4
    csrw frm, t0
    F2(fadd.s, ONE, 0x33800000, 0x3f800001, NX)
    csrw frm, zero
    F2(fadd.s, ONE, 0x33800000, ONE, NX)
    /* Reserved values of frm and of the instruction are illegal. */
    li t0, 5
    csrw frm, t0
    TRAPS(ILLEGAL, fadd.s fa0, fa0, fa0)
    TRAPS(ILLEGAL, fcvt.w.s t0, fa0)
    csrw frm, zero
    TRAPS(ILLEGAL, .word 0x00a55553) /* fadd.s fa0, fa0, fa0 with rounding mode 5 */

    /* Fused: rounded once. */
    F3(fmadd.s, 0x40000000, 0x40400000, ONE, 0x40e00000, 0)
    F3(fmsub.s, 0x40000000, 0x40400000, ONE, 0x40a00000, 0)
    F3(fnmsub.s, 0x40000000, 0x40400000, ONE, -0x3f600000, 0)
    F3(fnmadd.s, 0x40000000, 0x40400000, ONE, -0x3f200000, 0)
    F3(fmsub.s, 0x3f800800, 0x3f800800, 0x3f801000, 0x33800000, 0)
    F3(fmadd.s, INF, 0, NAN, NAN, NV)
    F3(fmadd.s, INF, ONE, NINF, NAN, NV)
    F3(fmadd.s, ONE, ONE, SNAN, NAN, NV)
    F3(fnmadd.s, 0, ONE, 0, -0x80000000, 0)

    /* Signs, extrema, comparisons. */
    F2(fsgnj.s, ONE, -0x80000000, -0x40800000, 0)
    F2(fsgnjn.s, ONE, -0x80000000, ONE, 0)
    F2(fsgnjx.s, -0x40800000, -0x80000000, ONE, 0)
    F2(fsgnj.s, SNAN, 0, SNAN, 0)
    F2(fmin.s, ONE, 0x40000000, ONE, 0)
    F2(fmax.s, ONE, 0x40000000, 0x40000000, 0)
    F2(fmin.s, 0, -0x80000000, -0x80000000, 0)
    F2(fmax.s, -0x80000000, 0, 0, 0)
    F2(fmin.s, NAN, ONE, ONE, 0)
    F2(fmax.s, ONE, NAN, ONE, 0)
    F2(fmin.s, SNAN, ONE, ONE, NV)
    F2(fmax.s, SNAN, SNAN, NAN, NV)
    F2(fmin.s, NAN + 1, NAN + 2, NAN, 0)
    X2(feq.s, ONE, ONE, 1, 0)
    X2(feq.s, 0, -0x80000000, 1, 0)
    X2(feq.s, NAN, ONE, 0, 0)
    X2(feq.s, SNAN, ONE, 0, NV)
    X2(flt.s, -0x40800000, ONE, 1, 0)
    X2(flt.s, ONE, ONE, 0, 0)
    X2(flt.s, NAN, ONE, 0, NV)
    X2(fle.s, ONE, ONE, 1, 0)
    X2(fle.s, ONE, NAN, 0, NV)
    X2(fle.s, INF, NINF, 0, 0)

    X1(fclass.s, NINF, 0x001, 0)
    X1(fclass.s, -0x40800000, 0x002, 0)
    X1(fclass.s, -0x7fffffff, 0x004, 0)
    X1(fclass.s, -0x80000000, 0x008, 0)
    X1(fclass.s, 0, 0x010, 0)
    X1(fclass.s, 0x007fffff, 0x020, 0)
    X1(fclass.s, ONE, 0x040, 0)
    X1(fclass.s, INF, 0x080, 0)
    X1(fclass.s, SNAN, 0x100, 0)
    X1(fclass.s, NAN, 0x200, 0)

    /* To integers. */
    X1R(fcvt.w.s, 0x3fc00000, rtz, 1, NX)
    X1R(fcvt.w.s, 0x40200000, rne, 2, NX)
    X1R(fcvt.w.s, 0x40600000, rne, 4, NX)
    X1R(fcvt.w.s, 0x40200000, rmm, 3, NX)
    X1R(fcvt.w.s, -0x40400000, rdn, -2, NX)
    X1R(fcvt.w.s, -0x40400000, rup, -1, NX)
    X1R(fcvt.w.s, NAN, rtz, 0x7fffffff, NV)
    X1R(fcvt.w.s, -0x400000, rtz, 0x7fffffff, NV)
    X1R(fcvt.w.s, INF, rtz, 0x7fffffff, NV)
    X1R(fcvt.w.s, NINF, rtz, -0x80000000, NV)
    X1R(fcvt.w.s, 0x4f000000, rtz, 0x7fffffff, NV)
    X1R(fcvt.w.s, -0x31000000, rtz, -0x80000000, 0)
    X1R(fcvt.wu.s, -0x40800000, rtz, 0, NV)
    X1R(fcvt.wu.s, -0x41000000, rtz, 0, NX)
    X1R(fcvt.wu.s, 0x4f32d05e, rtz, -1294967296, 0)
    X1R(fcvt.wu.s, 0x4f800000, rtz, -1, NV)
    X1R(fcvt.wu.s, NAN, rtz, -1, NV)
    I1(fcvt.s.w, 0x7fffffff, rne, 0x4f000000, NX)
    I1(fcvt.s.w, 0x7fffffff, rtz, 0x4effffff, NX)
    I1(fcvt.s.w, -5, rne, -0x3f600000, 0)
    I1(fcvt.s.wu, -1, rne, 0x4f800000, NX)
    I1(fcvt.s.wu, 5, rne, 0x40a00000, 0)
#if XLEN == 64
    I1(fcvt.s.w, 0x100000005, rne, 0x40a00000, 0)
    I1(fcvt.s.l, -0x8000000000000000, rne, -0x21000000, 0)
    I1(fcvt.s.lu, -1, rne, 0x5f800000, NX)
    I1(fcvt.s.lu, -1, rdn, 0x5f7fffff, NX)
    X1R(fcvt.l.s, 0x5f000000, rtz, 0x7fffffffffffffff, NV)
    X1R(fcvt.l.s, -0x21000000, rtz, -0x8000000000000000, 0)
    X1R(fcvt.l.s, 0x4f32d05e, rtz, 3000000000, 0)
    X1R(fcvt.lu.s, 0x5f000000, rtz, -0x8000000000000000, 0)
    X1R(fcvt.lu.s, -0x40800000, rtz, 0, NV)
    X1R(fcvt.lu.s, INF, rtz, -1, NV)
#endif

    /* Memory and moves; flags accrue until they are cleared. */
    la s0, scratch
    li t0, 0x40490fdb
    sw t0, 4(s0)
    flw fs0, 4(s0)
    fsw fs0, 8(s0)
    lw t1, 8(s0)
    IS(t1, 0x40490fdb)
    fmv.s fs1, fs0
    fneg.s fs1, fs1
    fmv.x.w t1, fs1
    IS(t1, -0x3fb6f025)
    csrw fcsr, zero
    fmv.w.x fa0, zero
    li t0, ONE
    fmv.w.x fa1, t0
    fdiv.s fa2, fa1, fa0
    fdiv.s fa2, fa0, fa0
    csrr t1, fcsr
    IS(t1, DZ | NV)
    li t0, 0x7f
    csrw fcsr, t0
    csrr t1, frm
    IS(t1, 3)
    csrr t1, fflags
    IS(t1, 0x1f)
    li t0, -1
    csrw fcsr, t0
    csrr t1, fcsr
    IS(t1, 0xff)
    csrw fcsr, zero

    /* The unit's state: off is illegal, a write makes it dirty. */
    li t0, MSTATUS_FS
    csrc mstatus, t0
    TRAPS(ILLEGAL, fadd.s fa0, fa0, fa0)
    TRAPS(ILLEGAL, flw fa0, (s0))
    TRAPS(ILLEGAL, csrr t0, fcsr)
    li t0, 0x2000
    csrs mstatus, t0
    fmv.w.x fa0, zero
    csrr t1, mstatus
    li t0, MSTATUS_FS
    and t2, t1, t0
    IS_REG(t2, t0)
    HOLDS(bltz t1)
    PASS

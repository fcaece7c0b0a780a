/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Zfh: half precision, its conversions and its boxing.
 * isa: 32 64
 * march: zfh
 * cpu: zfh=on
 */
#include "check.h"

#define NX 1
#define UF 2
#define OF 4
#define DZ 8
#define NV 16

#define ONE 0x3c00
#define INF 0x7c00
#define NAN 0x7e00
#define MAX 0x7bff

/* Bit patterns are compared as fmv.x.h gives them: sign extended. */
#define FLAGS(want) frflags t1; TESTED(t1, want)
#define H1(op, a, want, flags) \
    LINE; li t0, a; fmv.h.x fa0, t0; csrw fflags, zero; op fa1, fa0; fmv.x.h t0, fa1; TESTED(t0, want); FLAGS(flags)
#define H2(op, a, b, want, flags) \
    LINE; li t0, a; fmv.h.x fa0, t0; li t0, b; fmv.h.x fa1, t0; csrw fflags, zero; op fa2, fa0, fa1; \
    fmv.x.h t0, fa2; TESTED(t0, want); FLAGS(flags)
#define H2R(op, a, b, rm, want, flags) \
    LINE; li t0, a; fmv.h.x fa0, t0; li t0, b; fmv.h.x fa1, t0; csrw fflags, zero; op fa2, fa0, fa1, rm; \
    fmv.x.h t0, fa2; TESTED(t0, want); FLAGS(flags)
#define H3(op, a, b, c, want, flags) \
    LINE; li t0, a; fmv.h.x fa0, t0; li t0, b; fmv.h.x fa1, t0; li t0, c; fmv.h.x fa2, t0; csrw fflags, zero; \
    op fa3, fa0, fa1, fa2; fmv.x.h t0, fa3; TESTED(t0, want); FLAGS(flags)
#define X1(op, a, want, flags) \
    LINE; li t0, a; fmv.h.x fa0, t0; csrw fflags, zero; op t0, fa0; TESTED(t0, want); FLAGS(flags)
#define X1R(op, a, rm, want, flags) \
    LINE; li t0, a; fmv.h.x fa0, t0; csrw fflags, zero; op t0, fa0, rm; TESTED(t0, want); FLAGS(flags)
#define X2(op, a, b, want, flags) \
    LINE; li t0, a; fmv.h.x fa0, t0; li t0, b; fmv.h.x fa1, t0; csrw fflags, zero; op t0, fa0, fa1; \
    TESTED(t0, want); FLAGS(flags)
#define I1(op, a, rm, want, flags) \
    LINE; li t0, a; csrw fflags, zero; op fa0, t0, rm; fmv.x.h t0, fa0; TESTED(t0, want); FLAGS(flags)

test:
    H2(fadd.h, ONE, 0x4000, 0x4200, 0)
    H2(fadd.h, ONE, 0x1000, ONE, NX)
    H2(fadd.h, MAX, MAX, INF, OF | NX)
    H2(fsub.h, ONE, 0x4200, -0x4000, 0)
    H2(fmul.h, 0x4200, 0x4500, 0x4b80, 0)
    H2(fmul.h, 1, 0x3800, 0, UF | NX)
    H2(fdiv.h, ONE, 0x4200, 0x3555, NX)
    H2(fdiv.h, ONE, 0, INF, DZ)
    H2R(fdiv.h, ONE, 0x4200, rup, 0x3556, NX)
    H2R(fadd.h, ONE, 0x1000, rmm, 0x3c01, NX)
    H2R(fadd.h, MAX, MAX, rtz, MAX, OF | NX)
    H1(fsqrt.h, 0x4000, 0x3da8, NX)
    H1(fsqrt.h, -0x4400, NAN, NV)
    H3(fmadd.h, 0x4000, 0x4200, ONE, 0x4700, 0)
    H3(fmsub.h, 0x4000, 0x4200, ONE, 0x4500, 0)
    H3(fnmsub.h, 0x4000, 0x4200, ONE, -0x3b00, 0)
    H3(fnmadd.h, 0x4000, 0x4200, ONE, -0x3900, 0)
    H2(fsgnj.h, ONE, -0x8000, -0x4400, 0)
    H2(fsgnjn.h, ONE, -0x8000, ONE, 0)
    H2(fsgnjx.h, -0x4400, -0x8000, ONE, 0)
    H2(fmin.h, 0, -0x8000, -0x8000, 0)
    H2(fmax.h, NAN, ONE, ONE, 0)
    H2(fmax.h, 0x7c01, ONE, ONE, NV)
    X2(feq.h, ONE, ONE, 1, 0)
    X2(flt.h, NAN, ONE, 0, NV)
    X2(fle.h, -0x4400, ONE, 1, 0)
    X1(fclass.h, -0x400, 0x001, 0)
    X1(fclass.h, 1, 0x020, 0)
    X1(fclass.h, NAN, 0x200, 0)

    X1R(fcvt.w.h, 0x4100, rne, 2, NX)
    X1R(fcvt.w.h, 0x4100, rmm, 3, NX)
    X1R(fcvt.w.h, INF, rtz, 0x7fffffff, NV)
    X1R(fcvt.wu.h, -0x4400, rtz, 0, NV)
    X1R(fcvt.wu.h, MAX, rtz, 65504, 0)
    I1(fcvt.h.w, -5, rne, -0x3b00, 0)
    I1(fcvt.h.w, 65519, rne, MAX, NX)
    I1(fcvt.h.w, 65520, rne, INF, OF | NX)
    I1(fcvt.h.wu, -1, rtz, MAX, OF | NX)
#if XLEN == 64
    X1R(fcvt.l.h, -0x4400, rtz, -1, 0)
    X1R(fcvt.lu.h, NAN, rtz, -1, NV)
    I1(fcvt.h.l, 2049, rne, 0x6800, NX)
    I1(fcvt.h.lu, 3, rne, 0x4200, 0)
#endif

    /* From and to single and double. */
#define H_OF_S(a, rm, want, flags) \
    LINE; li t0, a; fmv.w.x fa0, t0; csrw fflags, zero; fcvt.h.s fa1, fa0, rm; fmv.x.h t0, fa1; TESTED(t0, want); \
    FLAGS(flags); csrw fflags, zero; fcvt.d.s fa0, fa0; fcvt.h.d fa1, fa0, rm; fmv.x.h t0, fa1; \
    TESTED(t0, want); FLAGS(flags)
    H_OF_S(0x3f800000, rne, ONE, 0)
    H_OF_S(0x477fe000, rne, MAX, 0)
    H_OF_S(0x477ff000, rne, INF, OF | NX)
    H_OF_S(0x477fefff, rne, MAX, NX)
    H_OF_S(0x33800000, rne, 1, 0)
    H_OF_S(0x33000000, rne, 0, UF | NX)
    H_OF_S(0x33000000, rup, 1, UF | NX)
    H_OF_S(0x7fc01234, rne, NAN, 0)
#define S_OF_H(a, want, flags) \
    LINE; li t0, a; fmv.h.x fa0, t0; csrw fflags, zero; fcvt.s.h fa1, fa0; fmv.x.w t0, fa1; TESTED(t0, want); FLAGS(flags)
    S_OF_H(ONE, 0x3f800000, 0)
    S_OF_H(1, 0x33800000, 0)
    S_OF_H(-0x8000, -0x80000000, 0)
    S_OF_H(0x7c01, 0x7fc00000, NV)
    LINE
    li t0, ONE
    fmv.h.x fa0, t0
    fcvt.d.h fa1, fa0
    fcvt.w.d t0, fa1
    TESTED(t0, 1)

    /* Memory, moves and boxes. */
    la s0, scratch
    li t0, -0x4400
    sh t0, 6(s0)
    flh fs0, 6(s0)
    fmv.x.h t1, fs0
    IS(t1, -0x4400)
    fsd fs0, 8(s0)
    lw t1, 8(s0)
    IS(t1, -0x4400)
    lw t1, 12(s0)
    IS(t1, -1)
    sw zero, 16(s0)
    fsh fs0, 16(s0)
    lw t1, 16(s0)
    IS(t1, 0xbc00)
    /* A single is not a boxed half. */
    li t0, 0x3f803c00
    fmv.w.x fa0, t0
    fmv.x.h t1, fa0
    IS(t1, 0x3c00)
    fclass.h t1, fa0
    IS(t1, 0x200)
    PASS

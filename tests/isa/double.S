/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * D: double precision, and singles in wide registers: a single is valid only
 * with ones above it. Operands come from memory, so RV32 runs the same cases.
 * isa: 32 64
 */
#include "check.h"

#define NX 1
#define UF 2
#define OF 4
#define DZ 8
#define NV 16

#define ONE 0x3ff0000000000000
#define TWO 0x4000000000000000
#define THREE 0x4008000000000000
#define INF 0x7ff0000000000000
#define NAN 0x7ff8000000000000
#define SNAN 0x7ff0000000000001
#define MAX 0x7fefffffffffffff
#define MINUS 0x8000000000000000

#define POOL(...) .pushsection .rodata; .balign 8; 81: .dword __VA_ARGS__; .popsection; la t0, 81b; csrw fflags, zero
#define FLAGS(want) frflags t1; TESTED(t1, want)
/* fa3 against the pool's last value, whose offset is given */
#define SAME(offset) \
    la t1, scratch; fsd fa3, (t1); lw a2, 4(t1); lw a3, offset + 4(t0); beq a2, a3, 92f; j fail; 92: \
    lw a2, (t1); lw a3, offset(t0); beq a2, a3, 92f; j fail; 92:
#define D1(op, a, want, flags) LINE; POOL(a, want); fld fa0, (t0); op fa3, fa0; SAME(8); FLAGS(flags)
#define D2(op, a, b, want, flags) \
    LINE; POOL(a, b, want); fld fa0, (t0); fld fa1, 8(t0); op fa3, fa0, fa1; SAME(16); FLAGS(flags)
#define D2R(op, a, b, rm, want, flags) \
    LINE; POOL(a, b, want); fld fa0, (t0); fld fa1, 8(t0); op fa3, fa0, fa1, rm; SAME(16); FLAGS(flags)
#define D3(op, a, b, c, want, flags) \
    LINE; POOL(a, b, c, want); fld fa0, (t0); fld fa1, 8(t0); fld fa2, 16(t0); op fa3, fa0, fa1, fa2; \
    SAME(24); FLAGS(flags)
#define X1(op, a, want, flags) LINE; POOL(a); fld fa0, (t0); op t1, fa0; TESTED(t1, want); FLAGS(flags)
#define X1R(op, a, rm, want, flags) LINE; POOL(a); fld fa0, (t0); op t1, fa0, rm; TESTED(t1, want); FLAGS(flags)
#define X2(op, a, b, want, flags) \
    LINE; POOL(a, b); fld fa0, (t0); fld fa1, 8(t0); op t1, fa0, fa1; TESTED(t1, want); FLAGS(flags)
#define I1(op, a, want, flags) LINE; POOL(want); li t1, a; op fa3, t1; SAME(0); FLAGS(flags)

test:
    D2(fadd.d, ONE, TWO, THREE, 0)
    D2(fadd.d, ONE, 0x3ca0000000000000, ONE, NX)
    D2(fadd.d, 0x3ff0000000000001, 0x3ca0000000000000, 0x3ff0000000000002, NX)
    D2(fadd.d, 0x3fb999999999999a, 0x3fc999999999999a, 0x3fd3333333333334, NX) /* 0.1 + 0.2 */
    D2(fadd.d, INF, INF | MINUS, NAN, NV)
    D2(fadd.d, MAX, MAX, INF, OF | NX)
    D2(fadd.d, NAN + 99, ONE, NAN, 0)
    D2(fadd.d, SNAN, ONE, NAN, NV)
    D2(fsub.d, ONE, THREE, TWO | MINUS, 0)
    D2(fsub.d, 1, 1, 0, 0)
    D2(fmul.d, THREE, THREE, 0x4022000000000000, 0)
    D2(fmul.d, INF, 0, NAN, NV)
    D2(fmul.d, 0x0010000000000000, 0x3fe0000000000000, 0x0008000000000000, 0)
    D2(fmul.d, 1, 0x3fe0000000000000, 0, UF | NX)
    D2(fmul.d, 0x000fffffffffffff, TWO, 0x001ffffffffffffe, 0)
    /* Rounds up to the smallest normal number: tininess is detected after rounding. */
    D2(fmul.d, 0x0010000000000001, 0x3feffffffffffffe, 0x0010000000000000, NX)
    D2(fmul.d, 0x0010000000000000, 0x3fefffffffffffff, 0x0010000000000000, UF | NX)
    D2(fdiv.d, ONE, THREE, 0x3fd5555555555555, NX)
    D2(fdiv.d, ONE, MINUS, INF | MINUS, DZ)
    D2(fdiv.d, INF, INF, NAN, NV)
    D1(fsqrt.d, TWO, 0x3ff6a09e667f3bcd, NX)
    D1(fsqrt.d, 0x4022000000000000, THREE, 0)
    D1(fsqrt.d, ONE | MINUS, NAN, NV)
    D2R(fdiv.d, ONE, THREE, rup, 0x3fd5555555555556, NX)
    D2R(fdiv.d, ONE, THREE, rtz, 0x3fd5555555555555, NX)
    D2R(fdiv.d, ONE | MINUS, THREE, rdn, 0xbfd5555555555556, NX)
    D2R(fadd.d, ONE, 0x3ca0000000000000, rmm, 0x3ff0000000000001, NX)
    D2R(fadd.d, MAX, MAX, rtz, MAX, OF | NX)
    D2R(fmul.d, 1, 1, rup, 1, UF | NX)
    D2R(fsub.d, ONE, ONE, rdn, MINUS, 0)

    D3(fmadd.d, TWO, THREE, ONE, 0x401c000000000000, 0)
    D3(fmsub.d, TWO, THREE, ONE, 0x4014000000000000, 0)
    D3(fnmsub.d, TWO, THREE, ONE, 0xc014000000000000, 0)
    D3(fnmadd.d, TWO, THREE, ONE, 0xc01c000000000000, 0)
    D3(fmsub.d, 0x3ff0000002000000, 0x3ff0000002000000, 0x3ff0000004000000, 0x3c90000000000000, 0)
    D3(fmadd.d, INF, 0, NAN, NAN, NV)
    D3(fmadd.d, MAX, TWO, MAX | MINUS, MAX, 0)  /* no overflow in between */

    D2(fsgnj.d, ONE, MINUS, ONE | MINUS, 0)
    D2(fsgnjn.d, ONE, MINUS, ONE, 0)
    D2(fsgnjx.d, ONE | MINUS, MINUS, ONE, 0)
    D2(fmin.d, 0, MINUS, MINUS, 0)
    D2(fmax.d, MINUS, 0, 0, 0)
    D2(fmin.d, NAN, TWO, TWO, 0)
    D2(fmax.d, TWO, SNAN, TWO, NV)
    D2(fmin.d, NAN + 1, NAN + 2, NAN, 0)
    X2(feq.d, 0, MINUS, 1, 0)
    X2(feq.d, NAN, NAN, 0, 0)
    X2(feq.d, SNAN, ONE, 0, NV)
    X2(flt.d, ONE, TWO, 1, 0)
    X2(flt.d, ONE, NAN, 0, NV)
    X2(fle.d, TWO, TWO, 1, 0)
    X2(fle.d, TWO, ONE, 0, 0)
    X1(fclass.d, INF | MINUS, 0x001, 0)
    X1(fclass.d, ONE | MINUS, 0x002, 0)
    X1(fclass.d, MINUS + 1, 0x004, 0)
    X1(fclass.d, MINUS, 0x008, 0)
    X1(fclass.d, 0, 0x010, 0)
    X1(fclass.d, 1, 0x020, 0)
    X1(fclass.d, ONE, 0x040, 0)
    X1(fclass.d, INF, 0x080, 0)
    X1(fclass.d, SNAN, 0x100, 0)
    X1(fclass.d, NAN, 0x200, 0)

    X1R(fcvt.w.d, 0x4004000000000000, rne, 2, NX)
    X1R(fcvt.w.d, 0x4004000000000000, rmm, 3, NX)
    X1R(fcvt.w.d, 0x41dfffffffc00000, rtz, 0x7fffffff, 0)
    X1R(fcvt.w.d, 0x41dfffffffe00000, rtz, 0x7fffffff, NX)
    X1R(fcvt.w.d, 0x41dfffffffe00000, rup, 0x7fffffff, NV)
    X1R(fcvt.w.d, 0xc1e0000000000000, rtz, -0x80000000, 0)
    X1R(fcvt.w.d, NAN, rtz, 0x7fffffff, NV)
    X1R(fcvt.wu.d, 0x41efffffffe00000, rtz, -1, 0)
    X1R(fcvt.wu.d, ONE | MINUS, rtz, 0, NV)
    X1R(fcvt.wu.d, 0xbfe0000000000000, rtz, 0, NX)
    I1(fcvt.d.w, -5, 0xc014000000000000, 0)
    I1(fcvt.d.w, -0x80000000, 0xc1e0000000000000, 0)
    I1(fcvt.d.wu, -1, 0x41efffffffe00000, 0)
#if XLEN == 64
    I1(fcvt.d.l, 0x7fffffffffffffff, 0x43e0000000000000, NX)
    I1(fcvt.d.l, -3, THREE | MINUS, 0)
    I1(fcvt.d.lu, -1, 0x43f0000000000000, NX)
    I1(fmv.d.x, 0x123456789abcdef0, 0x123456789abcdef0, 0)
    X1R(fcvt.l.d, 0x43e0000000000000, rtz, 0x7fffffffffffffff, NV)
    X1R(fcvt.l.d, 0xc3e0000000000000, rtz, -0x8000000000000000, 0)
    X1R(fcvt.l.d, 0x432fffffffffffff, rne, 0x10000000000000, NX)
    X1R(fcvt.lu.d, 0x43e0000000000000, rtz, -0x8000000000000000, 0)
    X1R(fcvt.lu.d, INF | MINUS, rtz, 0, NV)
    X1(fmv.x.d, 0x123456789abcdef0, 0x123456789abcdef0, 0)
#endif

    /* Between the formats. */
#define S_OF_D(a, rm, want, flags) \
    LINE; POOL(a); fld fa0, (t0); fcvt.s.d fa3, fa0, rm; fmv.x.w t1, fa3; TESTED(t1, want); FLAGS(flags)
    S_OF_D(ONE, rne, 0x3f800000, 0)
    S_OF_D(0x3fd5555555555555, rne, 0x3eaaaaab, NX)
    S_OF_D(0x3fd5555555555555, rtz, 0x3eaaaaaa, NX)
    S_OF_D(MAX, rne, 0x7f800000, OF | NX)
    S_OF_D(MAX, rtz, 0x7f7fffff, OF | NX)
    S_OF_D(0x36a0000000000000, rne, 1, 0)
    S_OF_D(0x3690000000000000, rne, 0, UF | NX)
    S_OF_D(0x7ff8123456789abc, rne, 0x7fc00000, 0)
    S_OF_D(SNAN, rne, 0x7fc00000, NV)
#define D_OF_S(a, want, flags) LINE; POOL(want); li t1, a; fmv.w.x fa0, t1; fcvt.d.s fa3, fa0; SAME(0); FLAGS(flags)
    D_OF_S(0x3f800000, ONE, 0)
    D_OF_S(1, 0x36a0000000000000, 0)
    D_OF_S(0x7f800001, NAN, NV)
    D_OF_S(-0x800000, INF | MINUS, 0)

    /* Singles are boxed in ones. */
    LINE
    POOL(0xffffffff3f800000)
    li t1, 0x3f800000
    fmv.w.x fa3, t1
    SAME(0)
    flw fa3, (t0)
    SAME(0)
    fadd.s fa2, fa3, fa3
    fsub.s fa3, fa2, fa3
    SAME(0)
    /* Unboxed ones are not numbers, except to moves and stores. */
    LINE
    POOL(0x000000003f800000, 0xffffffff7fc00000)
    fld fa0, (t0)
    fmv.x.w t1, fa0
    TESTED(t1, 0x3f800000)
    fcvt.s.w fa1, zero
    fadd.s fa3, fa0, fa1
    SAME(8)
    fsgnj.s fa3, fa0, fa0
    SAME(8)
    fclass.s t1, fa0
    TESTED(t1, 0x200)
    feq.s t1, fa0, fa0
    TESTED(t1, 0)
    fmin.s fa3, fa0, fa1
    fmv.x.w t1, fa3
    TESTED(t1, 0)
    la t1, scratch
    fsw fa0, (t1)
    lw t1, (t1)
    TESTED(t1, 0x3f800000)
    FLAGS(0)
    PASS

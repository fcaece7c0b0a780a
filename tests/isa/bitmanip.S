/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Zba (addresses), Zbb (basic), Zbc (carry-less product), Zbs (single bits).
 * isa: 32 64
 * march: zba_zbb_zbc_zbs
 * cpu: zba=on,zbb=on,zbc=on,zbs=on
 */
#include "check.h"

#if XLEN == 64
#define MIN (-0x8000000000000000)
#else
#define MIN (-0x80000000)
#endif

test:
    /* Zba */
    RR(sh1add, 5, 100, 110)
    RR(sh2add, 5, 100, 120)
    RR(sh3add, 5, 100, 140)
    RR(sh1add, -1, 0, -2)
    RR(sh3add, MIN, 1, 1)
#if XLEN == 64
    RR(add.uw, 0x5ffffffff, 1, 0x100000000)
    RR(sh1add.uw, 0x580000000, 1, 0x100000001)
    RR(sh2add.uw, -1, 0, 0x3fffffffc)
    RR(sh3add.uw, -1, -8, 0x7fffffff0)
    RI(slli.uw, 0x5ffffffff, 4, 0xffffffff0)
    R1(zext.w, -1, 0xffffffff)
#endif

    /* Zbb: logic with complement */
    RR(andn, 0xff, 0x0f, 0xf0)
    RR(orn, 0x0f, -1, 0x0f)
    RR(orn, 0, 0, -1)
    RR(xnor, 0xff, 0x0f, -0xf1)
    /* counts */
    R1(clz, 0, XLEN)
    R1(clz, 1, XLEN - 1)
    R1(clz, -1, 0)
    R1(ctz, 0, XLEN)
    R1(ctz, MIN, XLEN - 1)
    R1(ctz, 40, 3)
    R1(cpop, 0, 0)
    R1(cpop, -1, XLEN)
    R1(cpop, 0x10f, 5)
    /* minimum, maximum, extension */
    RR(min, -1, 1, -1)
    RR(max, -1, 1, 1)
    RR(minu, -1, 1, 1)
    RR(maxu, -1, 1, -1)
    RR(min, MIN, 0, MIN)
    RR(max, MIN, MIN, MIN)
    R1(sext.b, 0x180, -0x80)
    R1(sext.b, 0x17f, 0x7f)
    R1(sext.h, 0x18000, -0x8000)
    R1(zext.h, -1, 0xffff)
    /* rotations */
    RR(rol, 1, XLEN - 1, MIN)
    RR(rol, MIN, 1, 1)
    RR(rol, 0x12, XLEN, 0x12)
    RR(ror, 1, 1, MIN)
    RR(ror, 0x12, 4, (2 << (XLEN - 4)) + 1)
    RI(rori, 1, 1, MIN)
    RI(rori, -2, XLEN - 1, -3)
    /* bytes */
    R1(orc.b, 0x00018000, 0x00ffff00)
    R1(orc.b, 0, 0)
#if XLEN == 64
    R1(rev8, 0x0123456789abcdef, 0xefcdab8967452301)
    R1(orc.b, 0x0100000000800001, 0xff00000000ff00ff)
    R1(clzw, 0, 32)
    R1(clzw, 0x100000001, 31)
    R1(ctzw, 0, 32)
    R1(ctzw, 0x100000000, 32)
    R1(cpopw, -1, 32)
    R1(cpopw, 0x500000003, 2)
    RR(rolw, 0x80000001, 4, 0x18)
    RR(rolw, 1, 31, -0x80000000)
    RR(rorw, 0x500000001, 1, -0x80000000)
    RR(rorw, 0x12345678, 32, 0x12345678)
    RI(roriw, 0x18, 4, -0x7fffffff)
#else
    R1(rev8, 0x12345678, 0x78563412)
#endif

    /* Zbc */
    RR(clmul, 5, 3, 15)
    RR(clmul, 7, 7, 21)
    RR(clmul, -1, 2, -2)
    RR(clmulh, MIN, 2, 1)
    RR(clmulh, 5, 3, 0)
    RR(clmulr, MIN, 1, 1)
    RR(clmulr, MIN, MIN, MIN)

    /* Zbs */
    RR(bset, 0, 3, 8)
    RR(bset, 0, XLEN + 3, 8)
    RR(bclr, -1, 3, -9)
    RR(binv, 8, 3, 0)
    RR(binv, 0, XLEN - 1, MIN)
    RR(bext, 8, 3, 1)
    RR(bext, 8, XLEN + 2, 0)
    RI(bseti, 0, XLEN - 1, MIN)
    RI(bclri, MIN, XLEN - 1, 0)
    RI(binvi, 0, 10, 1024)
    RI(bexti, MIN, XLEN - 1, 1)
    PASS

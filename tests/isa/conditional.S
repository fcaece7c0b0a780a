/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Zicond: a register or zero, by a condition.
 * isa: 32 64
 * cpu: zicond=on
 */
#include "check.h"

/* For assemblers that do not know these instructions. */
    .macro czero_eqz rd, rs1, rs2
    .insn r 0x33, 5, 7, \rd, \rs1, \rs2
    .endm
    .macro czero_nez rd, rs1, rs2
    .insn r 0x33, 7, 7, \rd, \rs1, \rs2
    .endm

test:
    RR(czero_eqz, 77, 0, 0)
    RR(czero_eqz, 77, 1, 77)
    RR(czero_eqz, -77, -1, -77)
    RR(czero_eqz, 0, 5, 0)
    RR(czero_nez, 77, 0, 77)
    RR(czero_nez, 77, 1, 0)
    RR(czero_nez, -77, -0x80000000, 0)
#if XLEN == 64
    /* The whole register is the condition. */
    RR(czero_eqz, 77, 0x100000000, 77)
    RR(czero_nez, 77, 0x100000000, 0)
    RR(czero_nez, 0x123456789abcdef0, 0, 0x123456789abcdef0)
#endif
    li t1, 5
    czero_eqz t2, zero, t1
    IS(t2, 0)
    czero_nez t2, t1, zero
    IS(t2, 5)
    PASS

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sstc: the comparator of S mode, its pending bit, who may use it, and an
 * interrupt that it delivers to S mode.
 * isa: 32 64
 * cpu: sstc=on
 */
#include "check.h"

#define STI 0x20
#define STIMECMP 0x14d
#define STIMECMPH 0x15d

test:
    /* Permission: menvcfg.STCE and mcounteren.TM. */
#if XLEN == 64
    csrw menvcfg, zero
#else
    csrw 0x31a, zero
#endif
    li t0, 7
    csrw mcounteren, t0
    TRAPS_IN(MODE_S, ILLEGAL, csrr t1, STIMECMP)
    li t0, -0x80000000
#if XLEN == 64
    slli t0, t0, 32
    csrs menvcfg, t0
    csrr t1, menvcfg
#else
    csrs 0x31a, t0
    csrr t1, 0x31a
#endif
    HOLDS(bltz t1)
    WORKS_IN_S(csrr t1, STIMECMP)
    TRAPS_IN(MODE_U, ILLEGAL, csrr t1, STIMECMP)
    csrw mcounteren, zero
    TRAPS_IN(MODE_S, ILLEGAL, csrr t1, STIMECMP)
    li t0, 7
    csrw mcounteren, t0

    /* Pending follows the comparison. */
    li t0, -1
    csrw STIMECMP, t0
#if XLEN == 32
    csrw STIMECMPH, t0
#endif
    csrr t1, mip
    andi t1, t1, STI
    IS(t1, 0)
    csrw STIMECMP, zero
#if XLEN == 32
    csrw STIMECMPH, zero
#endif
    csrr t1, mip
    andi t1, t1, STI
    IS(t1, STI)
    li t0, STI
    csrc mip, t0                /* cannot be written now */
    csrr t1, mip
    andi t1, t1, STI
    IS(t1, STI)

    /* Delivered to S mode, once it is due. */
    li t0, STI
    csrw mideleg, t0
    csrw mie, t0
    la t0, s_handler
    csrw stvec, t0
    li s0, 0
    csrsi mstatus, MSTATUS_SIE
    WORKS_IN_S(nop)
    IS(s0, 1)
    rdtime t1
    li t0, 10000
    add t1, t1, t0
#if XLEN == 64
    csrw STIMECMP, t1
#else
    csrr t2, timeh
    sltu t0, t1, t0
    add t2, t2, t0
    csrw STIMECMP, t1
    csrw STIMECMPH, t2
#endif
    li s1, 1
    WORKS_IN_S(1: beq s0, s1, 1b)
    IS(s0, 2)
    PASS

    .balign 4
s_handler:
    csrr t0, scause
    bgez t0, 1f
    andi t0, t0, 0xff
    addi t0, t0, -5
    bnez t0, 1f
    addi s0, s0, 1
    li t0, -1
    csrw STIMECMP, t0
#if XLEN == 32
    csrw STIMECMPH, t0
#endif
    sret
1:  j fail

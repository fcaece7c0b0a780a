/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Zicbom and Zicboz: blocks of 64 bytes are zeroed whatever the address in
 * them, maintenance keeps the data, and lower modes need permission.
 * isa: 32 64
 * march: zicbom_zicboz
 * cpu: zicbom=on,zicboz=on
 */
#include "check.h"

#define ENVCFG_CBIE_FLUSH 0x10
#define ENVCFG_CBCFE 0x40
#define ENVCFG_CBZE 0x80

/* blocks[0..2] all ones */
fill:
    la t0, blocks
    li t1, 192 / XBYTES
    li t2, -1
1:  SX t2, (t0)
    addi t0, t0, XBYTES
    addi t1, t1, -1
    bnez t1, 1b
    ret

/* a0: bytes of the three blocks that are zero; a1: offset of the first */
count:
    la t0, blocks
    li a0, 0
    li a1, -1
    li t1, 0
1:  add t2, t0, t1
    lbu t2, (t2)
    bnez t2, 2f
    addi a0, a0, 1
    bgez a1, 2f
    mv a1, t1
2:  addi t1, t1, 1
    li t2, 192
    bne t1, t2, 1b
    ret

test:
    jal fill
    la s0, blocks + 64
    cbo.zero (s0)
    jal count
    IS(a0, 64)
    IS(a1, 64)
    jal fill
    la s0, blocks + 64 + 37
    cbo.zero (s0)
    jal count
    IS(a0, 64)
    IS(a1, 64)

    jal fill
    cbo.clean (s0)
    cbo.flush (s0)
    jal count
    IS(a0, 0)
    /* Invalidation may drop what was not cleaned; it was. */
    cbo.inval (s0)
    jal count
    IS(a0, 0)

    /* S mode: refused, then permitted. */
    csrw menvcfg, zero
    TRAPS_IN(MODE_S, ILLEGAL, cbo.zero (s0))
    TRAPS_IN(MODE_S, ILLEGAL, cbo.clean (s0))
    TRAPS_IN(MODE_S, ILLEGAL, cbo.flush (s0))
    TRAPS_IN(MODE_S, ILLEGAL, cbo.inval (s0))
    jal count
    IS(a0, 0)
    li t0, ENVCFG_CBIE_FLUSH | ENVCFG_CBCFE | ENVCFG_CBZE
    csrw menvcfg, t0
    csrw senvcfg, zero
    WORKS_IN_S(cbo.clean (s0))
    WORKS_IN_S(cbo.flush (s0))
    WORKS_IN_S(cbo.inval (s0))
    WORKS_IN_S(cbo.zero (s0))
    jal count
    IS(a0, 64)
    /* U mode needs both. */
    jal fill
    TRAPS_IN(MODE_U, ILLEGAL, cbo.zero (s0))
    TRAPS_IN(MODE_U, ILLEGAL, cbo.clean (s0))
    jal count
    IS(a0, 0)
    li t0, ENVCFG_CBIE_FLUSH | ENVCFG_CBCFE | ENVCFG_CBZE
    csrw senvcfg, t0
    WORKS_IN_U(cbo.flush (s0))
    WORKS_IN_U(cbo.zero (s0))
    jal count
    IS(a0, 64)

    /* prefetches are hints */
    ori zero, s0, 0
    ori zero, s0, 1
    ori zero, s0, 3
    PASS

    .section .bss
    .balign 64
blocks: .space 192

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Physical memory protection: the kinds of regions, permissions by mode, the
 * order of entries, locked entries, MPRV, and the default without a match.
 * isa: 32 64
 */
#include "check.h"

#define R 1
#define W 2
#define X 4
#define TOR 0x08
#define NA4 0x10
#define NAPOT 0x18
#define LOCK 0x80

/* Entry 0 is the region under test, entry 1 all memory. */
#define PROTECT(config) li t0, (config) | (NAPOT | R | W | X) << 8; csrw pmpcfg0, t0; sfence.vma

test:
    csrw pmpcfg0, zero
    /* Without a match M mode may do all, others nothing. */
    la s0, area
    lw t1, (s0)
    TRAPS_IN(MODE_S, FETCH_ACCESS, nop)

    li t0, -1
    csrw pmpaddr1, t0
    /* 4 KiB, naturally aligned. */
    la s0, area
    srli t0, s0, 2
    ori t0, t0, 0x1ff
    csrw pmpaddr0, t0
    PROTECT(NAPOT | R)
    WORKS_IN_S(lw t1, (s0))
    TRAPS_IN(MODE_S, STORE_ACCESS, sw t1, (s0))
    IS_REG(s10, s0)
    TRAPS_IN(MODE_U, STORE_ACCESS, sb t1, 5(s0))
    TRAPS_IN(MODE_U, STORE_ACCESS, amoadd.w t1, t1, (s0))
    TRAPS_IN(MODE_S, FETCH_ACCESS, jr s0)
    IS_REG(s10, s0)
    sw t1, (s0)                 /* M mode may */
    li t0, 4096
    add s1, s0, t0
    addi s2, s0, -8
    WORKS_IN_S(sw t1, (s1))
    WORKS_IN_S(sw t1, 4(s2))
    PROTECT(NAPOT)
    TRAPS_IN(MODE_S, LOAD_ACCESS, lbu t1, 1(s0))
    PROTECT(NAPOT | R | W)
    WORKS_IN_U(sw t1, (s0))
    TRAPS_IN(MODE_U, FETCH_ACCESS, jr s0)
    PROTECT(NAPOT | X)
    li t0, 0x00000073           /* ecall */
    sw t0, (s0)
    fence.i
    TRAPS_IN(MODE_U, ECALL_U, jr s0)
    IS_REG(s8, s0)
    TRAPS_IN(MODE_U, LOAD_ACCESS, lw t1, (s0))

    /* Finer than a page only where the grain allows it: low bits of an address register that is off read as 0 below it. */
    csrw pmpcfg0, zero
    li t0, -1
    csrw pmpaddr0, t0
    csrr t1, pmpaddr0
    andi t1, t1, 1
    beqz t1, coarse

    /* Four bytes. */
    srli t0, s0, 2
    addi t0, t0, 2
    csrw pmpaddr0, t0
    PROTECT(NA4 | R)
    WORKS_IN_U(sw t1, 4(s0))
    TRAPS_IN(MODE_U, STORE_ACCESS, sw t1, 8(s0))
    TRAPS_IN(MODE_U, STORE_ACCESS, sb t1, 11(s0))
    WORKS_IN_U(lw t1, 8(s0))
    WORKS_IN_U(sw t1, 12(s0))

    /* Top of range: from entry 0's address to entry 1's. */
    csrw pmpcfg0, zero
    srli t0, s0, 2
    csrw pmpaddr0, t0
    addi t0, t0, 16
    csrw pmpaddr1, t0
    li t0, -1
    csrw pmpaddr2, t0
    li t0, (TOR | R) << 8 | (NAPOT | R | W | X) << 16
    csrw pmpcfg0, t0
    sfence.vma
    TRAPS_IN(MODE_S, STORE_ACCESS, sw t1, (s0))
    TRAPS_IN(MODE_S, STORE_ACCESS, sw t1, 60(s0))
    WORKS_IN_S(sw t1, 64(s0))
    WORKS_IN_S(sw t1, 4(s2))
    WORKS_IN_S(lw t1, 60(s0))
    /* The lowest entry wins. */
    li t0, (TOR | R) << 8 | (NAPOT | R | W | X) << 16 | (NA4 | R | W)
    csrw pmpcfg0, t0
    sfence.vma
    WORKS_IN_S(sw t1, (s0))
    TRAPS_IN(MODE_S, STORE_ACCESS, sw t1, 4(s0))

    /* M mode with the rights of S mode. */
    li t0, MSTATUS_MPP
    csrc mstatus, t0
    li t0, 0x800 | MSTATUS_MPRV
    csrs mstatus, t0
    sw t1, (s0)
    TRAPS(STORE_ACCESS, sw t1, 4(s0))
    li t0, MSTATUS_MPRV
    csrc mstatus, t0
    sw t1, 4(s0)

coarse:
    /* Top of range by pages; M mode with the rights of S mode. */
    csrw pmpcfg0, zero
    srli t0, s0, 2
    csrw pmpaddr0, t0
    srli t0, s1, 2
    csrw pmpaddr1, t0
    li t0, -1
    csrw pmpaddr2, t0
    li t0, (TOR | R) << 8 | (NAPOT | R | W | X) << 16
    csrw pmpcfg0, t0
    sfence.vma
    TRAPS_IN(MODE_S, STORE_ACCESS, sw t1, (s0))
    WORKS_IN_S(sw t1, (s1))
    WORKS_IN_S(lw t1, (s0))
    li t0, MSTATUS_MPP
    csrc mstatus, t0
    li t0, 0x800 | MSTATUS_MPRV
    csrs mstatus, t0
    sw t1, (s1)
    TRAPS(STORE_ACCESS, sw t1, (s0))
    li t0, MSTATUS_MPRV
    csrc mstatus, t0
    sw t1, (s0)

    /* Locked: binds M mode, and cannot be changed. */
    csrw pmpcfg0, zero
    srli t0, s0, 2
    ori t0, t0, 0x1ff
    csrw pmpaddr0, t0
    PROTECT(NAPOT | R | LOCK)
    lw t1, (s0)
    TRAPS(STORE_ACCESS, sw t1, (s0))
    IS_REG(s10, s0)
    TRAPS(FETCH_ACCESS, jr s0)
    csrw pmpcfg0, zero
    csrr t1, pmpcfg0
    andi t1, t1, 0xff
    IS(t1, NAPOT | R | LOCK)
    csrr s3, pmpaddr0
    csrw pmpaddr0, zero
    csrr t1, pmpaddr0
    IS_REG(t1, s3)
    TRAPS(STORE_ACCESS, sw t1, (s0))
    sw t1, 4(s2)
    PASS

    .section .bss
    .balign 4096
    .space 4096
area:
    .space 8192

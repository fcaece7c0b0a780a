/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Branches and jumps: each condition both ways, links, jumps through a
 * register that is also the link, odd targets, loops, calls that nest, and
 * more indirect targets than a small jump cache has ways.
 * isa: 32 64
 */
#include "check.h"

#define TAKEN(op, a, b) LINE; li a0, a; li a1, b; li a2, 1; li a3, 0; op a0, a1, 81f; j fail; 81:
#define NOT_TAKEN(op, a, b) LINE; li a0, a; li a1, b; li a2, 0; li a3, 1; op a0, a1, 81f; j 82f; 81: j fail; 82:

test:
    TAKEN(beq, 5, 5)
    NOT_TAKEN(beq, 5, 6)
    TAKEN(bne, 5, 6)
    NOT_TAKEN(bne, -1, -1)
    TAKEN(blt, -1, 1)
    NOT_TAKEN(blt, 1, -1)
    NOT_TAKEN(blt, 3, 3)
    TAKEN(bge, 1, -1)
    TAKEN(bge, 3, 3)
    NOT_TAKEN(bge, -2, -1)
    TAKEN(bltu, 1, -1)
    NOT_TAKEN(bltu, -1, 1)
    NOT_TAKEN(bltu, 0, 0)
    TAKEN(bgeu, -1, 1)
    TAKEN(bgeu, 0, 0)
    NOT_TAKEN(bgeu, 1, 2)
    TAKEN(blt, -0x80000000, 0x7fffffff)
    TAKEN(bltu, 0x7fffffff, -0x80000000)
#if XLEN == 64
    NOT_TAKEN(beq, 0x100000000, 0x200000000)
    TAKEN(bltu, 0x0fffffff, 0x100000000)
    TAKEN(blt, -0x100000000, 0)
#endif

    /* Backwards: a sum. */
    li t1, 0
    li t2, 100
1:  add t1, t1, t2
    addi t2, t2, -1
    bnez t2, 1b
    IS(t1, 5050)

    /* Links. */
    .option push
    .option norvc
1:  jal t1, 2f
2:  la t2, 1b
    sub t1, t1, t2
    IS(t1, 4)
    la t3, 3f
1:  jalr t1, 0(t3)
    j fail
3:  la t2, 1b
    sub t1, t1, t2
    IS(t1, 4)
    /* The link register is also the base: the old value is the target. */
    la t1, 3f
1:  jalr t1, 0(t1)
    j fail
3:  la t2, 1b
    sub t1, t1, t2
    IS(t1, 4)
    /* Bit 0 of the target is cleared; the offset is signed. */
    LINE
    la t1, 3f
    jalr zero, 1(t1)
    j fail
3:  LINE
    la t1, 3f + 16
    jalr zero, -16(t1)
    j fail
3:  .option pop

    /* Calls that nest. */
    li a0, 12
    jal factorial_sum
    IS(a0, 78)

    /* Indirect jumps over many targets in changing order. */
    li s0, 0
    li s1, 0
    li s2, 1000
1:  li t0, 37
    mul s1, s1, t0
    addi s1, s1, 11
    andi s1, s1, 63
    slli t0, s1, 3
    la t1, many
    add t1, t1, t0
    jalr t1
    addi s2, s2, -1
    bnez s2, 1b
    /* The same sum by the formula. */
    li s3, 0
    li s1, 0
    li s2, 1000
1:  li t0, 37
    mul s1, s1, t0
    addi s1, s1, 11
    andi s1, s1, 63
    add s3, s3, s1
    addi s2, s2, -1
    bnez s2, 1b
    IS_REG(s0, s3)

    /* Forward as far as a branch and a jump reach. */
    LINE
    beqz zero, far_branch
    j fail
    .space 4000
far_branch:
    LINE
    jal zero, far_jump
    j fail
    .space 500000
far_jump:
    PASS

/* a0 + (a0 - 1) + ... + 1 by recursion */
factorial_sum:
    beqz a0, 1f
    addi sp, sp, -2 * XBYTES
    SX ra, 0(sp)
    SX a0, XBYTES(sp)
    addi a0, a0, -1
    jal factorial_sum
    LX t0, XBYTES(sp)
    LX ra, 0(sp)
    add a0, a0, t0
    addi sp, sp, 2 * XBYTES
1:  ret

    .option push
    .option norvc
    .balign 8
many: /* 64 functions of two instructions */
    .set number, 0
    .rept 64
    addi s0, s0, number
    jalr zero, 0(ra)
    .set number, number + 1
    .endr
    .option pop

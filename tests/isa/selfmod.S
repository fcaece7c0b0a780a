/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Code that changes: after fence.i the new instructions run. In a buffer, in
 * the running block, across a page boundary, through a loop of many versions,
 * and data that lives in the page of running code.
 * isa: 32 64
 */
#include "check.h"

#define LI_A0 0x00000513        /* addi a0, zero, 0; the immediate is at bit 20 */
#define ADDI_A0 0x00050513      /* addi a0, a0, 0 */
#define RET 0x00008067

/* Store instruction a0 at a1. */
#define PUT(instruction, offset) li t0, instruction; sw t0, offset(s0)

test:
    la s0, buffer
    PUT(LI_A0 | 1 << 20, 0)
    PUT(RET, 4)
    fence.i
    jalr s0
    IS(a0, 1)
    PUT(LI_A0 | 2 << 20, 0)
    fence.i
    jalr s0
    IS(a0, 2)
    /* Half an instruction changes. */
    li t0, 0x0030
    sh t0, 2(s0)
    fence.i
    jalr s0
    IS(a0, 3)
    li t0, 0x7f
    sb t0, 3(s0)
    fence.i
    jalr s0
    IS(a0, 0x7f3)

    /* Many versions, each run several times. */
    li s1, 0
    li s3, 1000
    LINE
1:  slli t0, s1, 20
    li t1, LI_A0
    or t0, t0, t1
    sw t0, (s0)
    fence.i
    li s4, 5
2:  jalr s0
    mv a2, a0
    mv a3, s1
    bne a2, a3, 3f
    addi s4, s4, -1
    bnez s4, 2b
    addi s1, s1, 1
    bne s1, s3, 1b
    j 4f
3:  j fail
4:
    /* Ahead in the same stretch of code. */
    .option push
    .option norvc
    li a0, 0
    li s1, 3
    la t1, 2f
1:  lw t0, (t1)
    li t2, 1 << 20
    add t0, t0, t2
    sw t0, (t1)
    fence.i
2:  addi a0, a0, 0
    addi s1, s1, -1
    bnez s1, 1b
    .option pop
    IS(a0, 1 + 2 + 3)

    /* The second page of code that spans two. */
    la s0, buffer + 4096 - 8
    PUT(LI_A0 | 1 << 20, 0)
    PUT(ADDI_A0 | 1 << 20, 4)
    PUT(ADDI_A0 | 1 << 20, 8)
    PUT(RET, 12)
    fence.i
    jalr s0
    IS(a0, 3)
    PUT(ADDI_A0 | 100 << 20, 8)
    fence.i
    jalr s0
    IS(a0, 102)
    PUT(ADDI_A0 | 10 << 20, 4)
    fence.i
    jalr s0
    IS(a0, 111)
    /* An instruction of which half is in either page. */
    la s0, buffer + 4096 - 6
    PUT(LI_A0 | 1 << 20, 0)
    PUT(ADDI_A0 | 1 << 20, 4)
    PUT(RET, 8)
    fence.i
    jalr s0
    IS(a0, 2)
    li t0, 0x0075
    sh t0, 6(s0)                /* the half in the second page */
    fence.i
    jalr s0
    IS(a0, 8)

    /* A jump that led elsewhere, and a page that was data before. */
    la s0, buffer
    la s1, buffer + 8192
    PUT(0x00c0006f, 0)          /* j +12 */
    PUT(LI_A0 | 1 << 20, 4)
    PUT(RET, 8)
    PUT(LI_A0 | 2 << 20, 12)
    PUT(RET, 16)
    fence.i
    jalr s0
    IS(a0, 2)
    PUT(0x0040006f, 0)          /* j +4 */
    fence.i
    jalr s0
    IS(a0, 1)
    li t0, 100
    sw t0, (s1)
    lw t1, (s1)
    IS(t1, 100)
    mv s0, s1
    PUT(LI_A0 | 55 << 20, 0)
    PUT(RET, 4)
    fence.i
    jalr s0
    IS(a0, 55)

    /* Data beside running code: stores work and the code goes on. */
    la s0, counter
    li s1, 20000
1:  lw t0, (s0)
    addi t0, t0, 1
    sw t0, (s0)
    addi s1, s1, -1
    bnez s1, 1b
    lw t0, (s0)
    IS(t0, 20000)
    j 2f
    .balign 8
counter: .dword 0
2:
    /* An atomic operation changes code, too. */
    la s0, buffer
    PUT(LI_A0 | 1 << 20, 0)
    PUT(RET, 4)
    fence.i
    jalr s0
    li t0, 6 << 20
    amoadd.w zero, t0, (s0)
    fence.i
    jalr s0
    IS(a0, 7)
    la t1, double
    fld fa0, (t1)
    fsd fa0, (s0)
    fence.i
    jalr s0
    IS(a0, 99)
    PASS

    .section .rodata
    .balign 8
double: .word LI_A0 | 99 << 20, RET
    .section .bss
    .balign 4096
buffer: .space 12288

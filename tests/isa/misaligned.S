/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads and stores at every offset, compared with the same done byte by byte;
 * also across page boundaries.
 * isa: 32 64
 */
#include "check.h"

/* s0: base; s1: end of the offsets */
#define LOADS(op, size, signed) \
    LINE; mv s2, s0; \
71: op a2, (s2); li a4, size; li a5, signed; jal by_bytes; beq a2, a3, 72f; j fail; \
72: addi s2, s2, 1; bne s2, s1, 71b

#define STORES(op, size) \
    LINE; mv s2, s0; \
71: jal refill; li t0, -0x01234567; op t0, (s2); li a4, size; jal stored; beq a2, a3, 72f; j fail; \
72: addi s2, s2, 1; bne s2, s1, 71b

test:
    la s0, buffer
    addi s1, s0, 16
    jal all
    la s0, page - 16
    addi s1, s0, 24
    jal all
    PASS

all:
    mv s5, ra
    jal refill
    LOADS(lh, 2, 1)
    LOADS(lhu, 2, 0)
    LOADS(lw, 4, 1)
#if XLEN == 64
    LOADS(lwu, 4, 0)
    LOADS(ld, 8, 1)
#endif
    STORES(sh, 2)
    STORES(sw, 4)
#if XLEN == 64
    STORES(sd, 8)
    /* Floating point goes the same way. */
    LINE
    jal refill
    mv s2, s0
1:  ld a2, (s2)
    fld ft0, (s2)
    fmv.x.d a3, ft0
    bne a2, a3, 2f
    flw ft1, (s2)
    fmv.x.w a3, ft1
    sext.w a2, a2
    bne a2, a3, 2f
    la t0, scratch
    fsd ft0, 3(t0)
    ld a2, (s2)
    ld a3, 3(t0)
    bne a2, a3, 2f
    addi s2, s2, 1
    bne s2, s1, 1b
    j 3f
2:  j fail
3:
#endif
    jr s5

/* bytes 1, 12, 23... from s0 - 8 to s1 + 16 */
refill:
    addi t0, s0, -8
    addi t2, s1, 16
    li t1, 129
1:  sb t1, (t0)
    addi t1, t1, 11
    addi t0, t0, 1
    bne t0, t2, 1b
    ret

/* a3 = a4 bytes at s2, sign extended if a5 */
by_bytes:
    add t0, s2, a4
    li a3, 0
1:  addi t0, t0, -1
    lbu t1, (t0)
    slli a3, a3, 8
    or a3, a3, t1
    bne t0, s2, 1b
    slli t1, a4, 3
    li t2, XLEN
    sub t1, t2, t1
    sll a3, a3, t1
    beqz a5, 2f
    sra a3, a3, t1
    ret
2:  srl a3, a3, t1
    ret

/* After a store of a4 bytes of -0x01234567 at s2: a2 = a3 if it is there and the neighbours are untouched. */
stored:
    mv s4, ra
    li a5, 0
    jal by_bytes
    mv a2, a3
    li a3, -0x01234567
    slli t1, a4, 3
    li t2, XLEN
    sub t1, t2, t1
    sll a3, a3, t1
    srl a3, a3, t1
    bne a2, a3, 9f
    addi t0, s0, -8
    addi t2, s1, 16
    li t1, 129
    add t3, s2, a4
1:  bltu t0, s2, 2f
    bltu t0, t3, 3f
2:  lbu t4, (t0)
    andi t5, t1, 255
    bne t4, t5, 8f
3:  addi t0, t0, 1
    addi t1, t1, 11
    bne t0, t2, 1b
    jr s4
8:  mv a2, t4
    mv a3, t5
9:  jr s4

    .section .bss
    .balign 4096
    .space 64
buffer: .space 4096 - 64
page: .space 4096

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * C: each compressed instruction, immediates at their ends, and instructions
 * of four bytes that begin in the last two of a page.
 * isa: 32 64
 */
#include "check.h"

#define CI(op, start, imm, want) LINE; li t1, start; op t1, imm; TESTED(t1, want)
#define CB(op, start, imm, want) LINE; li a4, start; op a4, imm; TESTED(a4, want)
#define CR(op, a, b, want) LINE; li a4, a; li a5, b; op a4, a5; TESTED(a4, want)

test:
    .option rvc
    c.nop
    CI(c.li, 7, -32, -32)
    CI(c.li, 7, 31, 31)
    CI(c.lui, 7, 1, 0x1000)
    CI(c.lui, 7, 31, 0x1f000)
    CI(c.lui, 7, 0xfffff, -0x1000)
    CI(c.lui, 7, 0xfffe0, -0x20000)
    CI(c.addi, 100, -32, 68)
    CI(c.addi, 100, 31, 131)
    CI(c.slli, 3, 5, 96)
    CI(c.slli, 1, 31, (XLEN / 64 << 32) - 0x80000000)
    CB(c.srli, 96, 5, 3)
    CB(c.srli, -1, XLEN - 1, 1)
    CB(c.srai, -96, 5, -3)
    CB(c.srai, -1, 31, -1)
    CB(c.andi, 0xff, 15, 15)
    CB(c.andi, 0xff, -32, 0xe0)
    CR(c.mv, 1, 2, 2)
    CR(c.add, 1, 2, 3)
    CR(c.sub, 1, 2, -1)
    CR(c.xor, 6, 3, 5)
    CR(c.or, 6, 3, 7)
    CR(c.and, 6, 3, 2)
#if XLEN == 64
    CI(c.addiw, 0x7fffffff, 1, -0x80000000)
    CI(c.addiw, 0x100000005, 0, 5)
    CI(c.slli, 1, 40, 0x10000000000)
    CB(c.srli, -1, 40, 0xffffff)
    CB(c.srai, -0x8000000000000000, 63, -1)
    CR(c.addw, 0x7fffffff, 1, -0x80000000)
    CR(c.subw, 0x100000000, 1, -1)
#endif

    /* Stack pointer. */
    mv s6, sp
    la sp, area + 512
    mv t2, sp
    c.addi16sp sp, -512
    sub t1, t2, sp
    IS(t1, 512)
    c.addi16sp sp, 496
    sub t1, t2, sp
    IS(t1, 16)
    c.addi4spn a4, sp, 4
    sub t1, a4, sp
    IS(t1, 4)
    c.addi4spn a4, sp, 1020
    sub t1, a4, sp
    IS(t1, 1020)

    /* Memory. */
    la sp, area
    la a5, area
    li a4, -0x12345678
    li t1, 0x2468ace
    c.swsp t1, 252(sp)
    c.lwsp t2, 252(sp)
    IS(t2, 0x2468ace)
    c.sw a4, 124(a5)
    c.lw s0, 124(a5)
    IS(s0, -0x12345678)
    c.sw a4, 4(a5)
    lw t2, 4(a5)
    IS(t2, -0x12345678)
#if XLEN == 64
    li a4, 0x123456789abcdef0
    c.sdsp a4, 504(sp)
    c.ldsp t2, 504(sp)
    IS(t2, 0x123456789abcdef0)
    c.sd a4, 248(a5)
    c.ld s0, 248(a5)
    IS(s0, 0x123456789abcdef0)
#else
    li t0, 0x40490fdb
    sw t0, 124(a5)
    c.flw fa4, 124(a5)
    c.fsw fa4, 64(a5)
    lw t1, 64(a5)
    IS(t1, 0x40490fdb)
    c.flwsp ft3, 124(sp)
    c.fswsp ft3, 252(sp)
    lw t1, 252(sp)
    IS(t1, 0x40490fdb)
#endif
    la t0, double
    fld fa4, (t0)
    c.fsd fa4, 248(a5)
    c.fld fs0, 248(a5)
    c.fsdsp fs0, 504(sp)
    lw t1, 508(sp)
    IS(t1, 0x400921fb)
    sw zero, 508(sp)
    c.fsdsp fs0, 0(sp)
    c.fldsp ft9, 0(sp)
    fsd ft9, 8(sp)
    lw t1, 8(sp)
    IS(t1, 0x54442d18)
    mv sp, s6

    /* Jumps and branches. */
    LINE
    c.j 1f
    j fail
1:  li a4, 0
    c.beqz a4, 1f
    j fail
1:  li a4, 1
    c.beqz a4, 2f
    c.bnez a4, 1f
2:  j fail
1:  li a4, 0
    c.bnez a4, 2b
    la t1, 1f
    c.jr t1
    j fail
1:  la t1, 2f
1:  c.jalr t1
2:  la t2, 1b
    sub t1, ra, t2
    IS(t1, 2)
#if XLEN == 32
1:  c.jal 2f
    c.nop
2:  la t2, 1b
    sub t1, ra, t2
    IS(t1, 2)
#endif
    TRAPS(BREAKPOINT, c.ebreak)

    /* Not instructions: all zeros, and forms that are reserved. */
    TRAPS(ILLEGAL, .half 0x0000)
    TRAPS(ILLEGAL, .half 0x4002) /* c.lwsp x0 */
    TRAPS(ILLEGAL, .half 0x8002) /* c.jr x0 */
    TRAPS(ILLEGAL, .half 0x6101) /* c.addi16sp by 0 */
    TRAPS(ILLEGAL, .half 0x0004) /* c.addi4spn by 0 */
#if XLEN == 64
    TRAPS(ILLEGAL, .half 0x2005) /* c.addiw x0 */
    TRAPS(ILLEGAL, .half 0x6002) /* c.ldsp x0 */
    TRAPS(ILLEGAL, .half 0x9c41) /* between c.addw and what follows */
#endif

    /* Four bytes across a page boundary, reached by falling and by jumping. */
    LINE
    li a4, 5
    j straddle
    .balign 4096
    .space 4096 - 6
straddle:
    c.addi a4, 1                  /* at ...ffa */
    c.nop
    .option push
    .option norvc
    addi a4, a4, 100              /* at ...ffe */
    .option pop
    IS(a4, 106)
    la t1, target
    li a4, 1
    jr t1
    .balign 4096
    .space 4096 - 2
target:
    .option push
    .option norvc
    addi a4, a4, 41
    .option pop
    IS(a4, 42)
    PASS

    .section .rodata
    .balign 8
double: .dword 0x400921fb54442d18
    .section .bss
    .balign 16
area: .space 1024

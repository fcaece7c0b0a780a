/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RV32I and RV64I: arithmetic, logic, shifts, comparisons, upper immediates,
 * loads and stores with sign and zero extension, the register that is zero.
 * isa: 32 64
 */
#include "check.h"

#define MIN32 (-0x80000000)
#define MAX32 0x7fffffff

test:
    RR(add, 1, 2, 3)
    RR(add, -1, 1, 0)
    RR(add, MAX32, 0, MAX32)
#if XLEN == 64
    RR(add, MAX32, 1, 0x80000000)
    RR(add, 0x7fffffffffffffff, 1, -0x8000000000000000)
#else
    RR(add, MAX32, 1, MIN32)
#endif
    RR(sub, 1, 2, -1)
    RR(sub, 0, MAX32, -0x7fffffff)
    RR(sub, 5, 5, 0)
    RR(and, 0x0f0f0ff0, 0x00ff00ff, 0x000f00f0)
    RR(and, -1, 0x12345678, 0x12345678)
    RR(or, 0x0f0f0000, 0x00ff00ff, 0x0fff00ff)
    RR(or, 0, -5, -5)
    RR(xor, 0x0f0f0ff0, 0x00ff00ff, 0x0ff00f0f)
    RR(xor, -1, -1, 0)
    RR(slt, -1, 1, 1)
    RR(slt, 1, -1, 0)
    RR(slt, MIN32, MAX32, 1)
    RR(slt, 7, 7, 0)
    RR(sltu, -1, 1, 0)
    RR(sltu, 1, -1, 1)
    RR(sltu, 0, 0, 0)
    RR(sltu, 0, MIN32, 1)

    RI(addi, 5, -6, -1)
    RI(addi, 0, 2047, 2047)
    RI(addi, 0, -2048, -2048)
    RI(andi, -1, -16, -16)
    RI(andi, 0x1234, 0xff, 0x34)
    RI(ori, 0x1200, 0x34, 0x1234)
    RI(ori, 0, -1, -1)
    RI(xori, 0x00ff, 0x0f, 0xf0)
    RI(xori, 0x1234, -1, -0x1235)
    RI(slti, -5, -4, 1)
    RI(slti, 5, -4, 0)
    RI(sltiu, 5, -4, 1)       /* the immediate is sign extended, then unsigned */
    RI(sltiu, -4, -4, 0)
    RI(sltiu, 0, 1, 1)

    /* Shifts: only the low bits of the amount count. */
    RR(sll, 1, 4, 16)
    RR(sll, 1, XLEN, 1)
    RR(sll, 1, XLEN + 3, 8)
    RR(sll, -1, 31, -0x80000000)
    RR(srl, 16, 4, 1)
    RR(srl, -1, XLEN - 1, 1)
    RR(srl, 0x40000000, XLEN + 30, 1)
    RR(sra, -16, 2, -4)
    RR(sra, -1, XLEN - 1, -1)
    RR(sra, MIN32, 31, -1)
    RR(sra, MAX32, 30, 1)
    RI(slli, 3, 5, 96)
    RI(slli, -1, 31, -0x80000000)
    RI(srli, 96, 5, 3)
    RI(srli, -1, XLEN - 4, 15)
    RI(srai, -96, 5, -3)
    RI(srai, MIN32, 31, -1)
    RI(srai, MIN32, 0, MIN32)

#if XLEN == 64
    RR(sll, 1, 63, -0x8000000000000000)
    RR(sll, 1, 40, 0x10000000000)
    RR(srl, -1, 40, 0xffffff)
    RR(sra, -0x8000000000000000, 40, -0x800000)
    RI(slli, 1, 40, 0x10000000000)
    RI(srli, -1, 40, 0xffffff)
    RI(srai, -0x8000000000000000, 63, -1)
    /* 32-bit operations: upper halves of operands do not count, results are sign extended. */
    RR(addw, MAX32, 1, -0x80000000)
    RR(addw, 0x100000001, 0x200000002, 3)
    RR(subw, -0x80000000, 1, MAX32)
    RR(subw, 0x500000000, 0, 0)
    RR(sllw, 1, 31, -0x80000000)
    RR(sllw, 1, 32, 1)
    RR(sllw, 0xffffffff00000001, 4, 16)
    RR(srlw, -1, 4, 0x0fffffff)
    RR(srlw, -1, 0, -1)
    RR(srlw, -1, 32, -1)
    RR(srlw, 0x7fffffff80000000, 31, 1)
    RR(sraw, 0x80000000, 4, -0x08000000)
    RR(sraw, 0x7fffffff, 30, 1)
    RR(sraw, 0x80000000, 31, -1)
    RI(addiw, MAX32, 1, -0x80000000)
    RI(addiw, 0x123456789, 0, 0x23456789)
    RI(addiw, -1, 1, 0)
    RI(slliw, 1, 31, -0x80000000)
    RI(slliw, 0x1ffffffff, 0, -1)
    RI(srliw, -1, 1, MAX32)
    RI(srliw, 0x180000000, 31, 1)
    RI(sraiw, 0x180000000, 31, -1)
    RI(sraiw, 0x7fffffff, 3, 0x0fffffff)
#endif

    /* Upper immediates. */
    lui t1, 0x12345
    IS(t1, 0x12345000)
    lui t1, 0x80000
    IS(t1, MIN32)
    lui t1, 0xfffff
    IS(t1, -4096)
1:  auipc t1, 0
    la t2, 1b
    IS_REG(t1, t2)
1:  auipc t1, 0x12345
    la t2, 1b
    sub t1, t1, t2
    IS(t1, 0x12345000)
1:  auipc t1, 0xfffff
    la t2, 1b
    sub t1, t1, t2
    IS(t1, -4096)

    /* x0 stays zero whatever is written. */
    li t1, 77
    add zero, t1, t1
    IS(zero, 0)
    lui zero, 0x12345
    IS(zero, 0)
    la t1, bytes
    lw zero, (t1)
    IS(zero, 0)
    jal zero, 1f
1:  IS(zero, 0)
    add t1, zero, zero
    IS(t1, 0)

    /* Loads extend; offsets are signed. */
    la s0, bytes + 16
#define LOAD(op, offset, want) LINE; op t1, offset(s0); TESTED(t1, want); mv t2, s0; op t2, offset(t2); TESTED(t2, want)
    LOAD(lb, -16, 0x01)
    LOAD(lb, -9, -0x11)
    LOAD(lbu, -9, 0xef)
    LOAD(lh, -16, 0x2301)
    LOAD(lh, -10, -0x1033)
    LOAD(lhu, -10, 0xefcd)
    LOAD(lw, -16, 0x67452301)
    LOAD(lw, -12, -0x10325477)
    LOAD(lb, 0, 0x7f)
    LOAD(lb, 1, -0x80)
    LOAD(lh, 2, 0x7fff)
    LOAD(lh, 4, -0x8000)
    LOAD(lhu, 4, 0x8000)
#if XLEN == 64
    LOAD(lwu, -12, 0xefcdab89)
    LOAD(lwu, -16, 0x67452301)
    LOAD(ld, -16, 0xefcdab8967452301)
#endif

    /* Stores write their own bytes and no others. */
    la s0, scratch + 16
    li t1, -1
#define CLEAR SX zero, (s0); SX zero, XBYTES(s0)
    CLEAR
    li t1, 0x1234567f
    sb t1, 1(s0)
    lw t2, (s0)
    IS(t2, 0x7f00)
    CLEAR
    sh t1, 2(s0)
    lw t2, (s0)
    IS(t2, 0x567f0000)
    CLEAR
    sw t1, 4(s0)
    lw t2, (s0)
    IS(t2, 0)
    lw t2, 4(s0)
    IS(t2, 0x1234567f)
    sw t1, -8(s0)
    lw t2, -8(s0)
    IS(t2, 0x1234567f)
#if XLEN == 64
    CLEAR
    li t1, 0x1122334455667788
    sd t1, 8(s0)
    ld t2, 8(s0)
    IS(t2, 0x1122334455667788)
    ld t2, 0(s0)
    IS(t2, 0)
    lbu t2, 15(s0)
    IS(t2, 0x11)
    sw t1, 8(s0)
    ld t2, 8(s0)
    IS(t2, 0x1122334455667788)
    sb zero, 12(s0)
    ld t2, 8(s0)
    IS(t2, 0x1122330055667788)
#endif
    fence
    fence rw, w
    fence.tso
    pause_hint: .word 0x0100000f /* pause is a hint */
    PASS

    .section .rodata
    .balign 16
bytes:
    .byte 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef
    .space 8
    .byte 0x7f, 0x80, 0xff, 0x7f, 0x00, 0x80

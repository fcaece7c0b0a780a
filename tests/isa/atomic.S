/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A: each read-modify-write operation in both widths, reservations, ordering
 * bits, and the trap of a misaligned address.
 * isa: 32 64
 */
#include "check.h"

/* The old value comes back, the new one is in memory, the neighbours stay. */
#define AMO_W(op, memory, operand, result) \
    LINE; la s0, scratch; li t0, memory; sw t0, 8(s0); li t0, 0x11111111; sw t0, 4(s0); sw t0, 12(s0); \
    addi a0, s0, 8; li a1, operand; op a1, a1, (a0); TESTED(a1, memory); \
    lw t1, 8(s0); TESTED(t1, result); lw t1, 4(s0); TESTED(t1, 0x11111111); lw t1, 12(s0); TESTED(t1, 0x11111111)
#define AMO_D(op, memory, operand, result) \
    LINE; la s0, scratch; li t0, memory; sd t0, 8(s0); addi a0, s0, 8; li a1, operand; \
    op t2, a1, (a0); TESTED(t2, memory); ld t1, 8(s0); TESTED(t1, result)
/* STORE_MISALIGNED by the manual; an emulator may report the load half first. */
#define AMO_TRAPS(...) \
    LINE; la s7, 93f; __VA_ARGS__; j fail; 93: ori s9, s9, 2; TESTED(s9, STORE_MISALIGNED)

test:
    AMO_W(amoswap.w, -2, 5, 5)
    AMO_W(amoadd.w, 7, 5, 12)
    AMO_W(amoadd.w, 0x7fffffff, 1, -0x80000000)
    AMO_W(amoadd.w.aq, -1, -1, -2)
    AMO_W(amoadd.w.rl, 3, 0, 3)
    AMO_W(amoadd.w.aqrl, -5, 5, 0)
    AMO_W(amoxor.w, 0x0ff0, 0x00ff, 0x0f0f)
    AMO_W(amoand.w, 0x0ff0, 0x00ff, 0x00f0)
    AMO_W(amoor.w, 0x0ff0, 0x00ff, 0x0fff)
    AMO_W(amomin.w, -3, 2, -3)
    AMO_W(amomin.w, 3, -2, -2)
    AMO_W(amomax.w, -3, 2, 2)
    AMO_W(amomax.w, 3, -2, 3)
    AMO_W(amominu.w, -3, 2, 2)
    AMO_W(amominu.w, 3, -2, 3)
    AMO_W(amomaxu.w, -3, 2, -3)
    AMO_W(amomaxu.w, 3, -2, -2)
#if XLEN == 64
    /* Upper halves of the operand do not count. */
    AMO_W(amoadd.w, 7, 0x500000005, 12)
    AMO_W(amomax.w, 1, 0x5ffffffff, 1)
    AMO_W(amomaxu.w, 1, 0x500000000, 1)
    AMO_W(amominu.w, -1, 0x500000000, 0)
    AMO_D(amoswap.d, -2, 5, 5)
    AMO_D(amoadd.d, 0x7fffffffffffffff, 1, -0x8000000000000000)
    AMO_D(amoxor.d, 0x0ff000000000, 0x00ff00000000, 0x0f0f00000000)
    AMO_D(amoand.d, 0x0ff000000000, 0x00ff00000000, 0x00f000000000)
    AMO_D(amoor.d, 0x0ff000000000, 0x00ff00000001, 0x0fff00000001)
    AMO_D(amomin.d, -0x300000000, 2, -0x300000000)
    AMO_D(amomax.d, -0x300000000, 2, 2)
    AMO_D(amominu.d, -0x300000000, 2, 2)
    AMO_D(amomaxu.d, -0x300000000, 2, -0x300000000)
#endif
    /* Into x0 the memory still changes. */
    la s0, scratch
    li t0, 5
    sw t0, (s0)
    amoadd.w zero, t0, (s0)
    IS(zero, 0)
    lw t1, (s0)
    IS(t1, 10)

    /* A reservation that holds: success in the end, and 0 as its sign. */
    li t0, -9
    sw t0, (s0)
1:  lr.w t1, (s0)
    addi t2, t1, 1
    sc.w t3, t2, (s0)
    bnez t3, 1b
    IS(t1, -9)
    IS(t3, 0)
    lw t1, (s0)
    IS(t1, -8)
    /* It is used up: the next one fails and does not write. */
    li t2, 77
    sc.w t3, t2, (s0)
    HOLDS(bnez t3)
    lw t1, (s0)
    IS(t1, -8)
    /* Another address than the reserved one. */
    addi s1, s0, 32
    sw zero, (s1)
    lr.w t1, (s0)
    sc.w t3, t2, (s1)
    HOLDS(bnez t3)
    lw t1, (s1)
    IS(t1, 0)
    /* The value changed between. */
    lr.w t1, (s0)
    li t2, 1234
    sw t2, (s0)
    li t2, 77
    sc.w t3, t2, (s0)
    lw t1, (s0)
    LINE
    beqz t3, 1f /* own stores need not end it */
    IS(t1, 1234)
1:  /* A trap in between ends it or not; the loop succeeds all the same. */
    li s1, 10
    sw zero, (s0)
2:  lr.w.aqrl t1, (s0)
    addi t1, t1, 3
    sc.w.rl t3, t1, (s0)
    bnez t3, 2b
    addi s1, s1, -1
    bnez s1, 2b
    lw t1, (s0)
    IS(t1, 30)
#if XLEN == 64
    li t0, 0x123456789abcdef0
    sd t0, 8(s0)
    addi s1, s0, 8
1:  lr.d t1, (s1)
    addi t2, t1, 16
    sc.d t3, t2, (s1)
    bnez t3, 1b
    IS(t1, 0x123456789abcdef0)
    ld t1, (s1)
    IS(t1, 0x123456789abcdf00)
    lr.w t1, (s1)
    IS(t1, -0x65432100) /* sign extended */
#endif

    la s0, scratch
    addi s1, s0, 2
    TRAPS(LOAD_MISALIGNED, lr.w t1, (s1))
    IS_REG(s10, s1)
    AMO_TRAPS(amoadd.w t1, t1, (s1))
    IS_REG(s10, s1)
#if XLEN == 64
    addi s1, s0, 4
    TRAPS(LOAD_MISALIGNED, lr.d t1, (s1))
    AMO_TRAPS(amoor.d t1, t1, (s1))
#endif
    PASS

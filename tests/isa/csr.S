/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control and status registers: the six instructions, read-only and missing
 * registers, fields that keep only legal values, counters and who may read them.
 * isa: 32 64
 */
#include "check.h"

test:
    /* Swap, set, clear, with a register and with an immediate. */
    li t0, 0x1234
    csrrw t1, mscratch, t0
    csrrw t1, mscratch, zero
    IS(t1, 0x1234)
    csrr t1, mscratch
    IS(t1, 0)
    li t0, 0x0ff0
    csrw mscratch, t0
    li t0, 0x00ff
    csrrs t1, mscratch, t0
    IS(t1, 0x0ff0)
    csrrc t1, mscratch, t0
    IS(t1, 0x0fff)
    csrr t1, mscratch
    IS(t1, 0x0f00)
    csrrwi t1, mscratch, 31
    IS(t1, 0x0f00)
    csrrsi t1, mscratch, 0
    IS(t1, 31)
    csrrci t1, mscratch, 21
    IS(t1, 31)
    csrrsi t1, mscratch, 4
    IS(t1, 10)
    csrr t1, mscratch
    IS(t1, 14)
    /* The same register as source and destination. */
    li t1, 99
    csrrw t1, mscratch, t1
    IS(t1, 14)
    csrr t1, mscratch
    IS(t1, 99)
    li t0, -1
    csrw mscratch, t0
    csrr t1, mscratch
    IS(t1, -1)

    /* Read only: reading is fine, also as "set nothing"; writing is not. */
    csrr t1, mhartid
    IS(t1, 0)
    csrr t1, mvendorid
    csrr t1, marchid
    csrr t1, mimpid
    csrrs t1, cycle, zero
    csrrci t1, cycle, 0
    TRAPS(ILLEGAL, csrw cycle, zero)
    TRAPS(ILLEGAL, csrrs t1, mhartid, t0)
    TRAPS(ILLEGAL, csrrsi t1, mhartid, 1)
    TRAPS(ILLEGAL, csrrwi t1, instret, 0)
    /* Missing. */
    TRAPS(ILLEGAL, csrr t1, 0x123)
    TRAPS(ILLEGAL, csrw 0x5ff, zero)
    /* Of a higher mode. */
    TRAPS_IN(MODE_S, ILLEGAL, csrr t1, mscratch)
    TRAPS_IN(MODE_S, ILLEGAL, csrr t1, mstatus)
    TRAPS_IN(MODE_U, ILLEGAL, csrr t1, sscratch)
    TRAPS_IN(MODE_U, ILLEGAL, csrw sepc, zero)
    WORKS_IN_S(csrw sscratch, zero)

    /* misa: the width, and I M A F D C S U. */
    csrr t1, misa
    srli t2, t1, XLEN - 2
    IS(t2, XLEN / 32)
    li t0, 0x14112d
    and t2, t1, t0
    IS(t2, 0x14112d)

    /* Values that are kept and that are not. */
    li t0, -4
    csrw mepc, t0
    csrr t1, mepc
    IS(t1, -4)
    la t0, trap_entry
    csrr t1, mtvec
    IS_REG(t1, t0)
    li t0, MSTATUS_MPP
    csrc mstatus, t0
    li t0, 0x1000           /* previous mode 2 does not exist */
    csrs mstatus, t0
    csrr t1, mstatus
    srli t1, t1, 11
    andi t1, t1, 3
    HOLDS(addi t1, t1, -2; bnez t1)
    csrr t1, satp
    IS(t1, 0)
#if XLEN == 64
    li t0, 0xf000000000000123 /* no such translation: the whole write is ignored */
    csrw satp, t0
    csrr t1, satp
    IS(t1, 0)
#endif
    li t0, -1
    csrw mideleg, t0
    csrr t1, mideleg
    li t0, 0x888
    and t1, t1, t0
    IS(t1, 0)               /* M mode's interrupts are not delegated */
    csrw mideleg, zero

    /* sstatus, sie and sip are windows. */
    li t0, MSTATUS_SUM | MSTATUS_MXR
    csrs sstatus, t0
    csrr t1, mstatus
    and t1, t1, t0
    IS(t1, MSTATUS_SUM | MSTATUS_MXR)
    csrc mstatus, t0
    csrr t1, sstatus
    and t1, t1, t0
    IS(t1, 0)
    li t0, MSTATUS_MPP
    csrs mstatus, t0
    csrs sstatus, t0
    csrr t1, sstatus
    and t1, t1, t0
    IS(t1, 0)
    li t0, 0xaaa
    csrw mie, t0
    csrr t1, sie
    IS(t1, 0)               /* nothing is delegated */
    li t0, 0x222
    csrw mideleg, t0
    csrr t1, sie
    IS(t1, 0x222)
    csrw sie, zero
    csrr t1, mie
    IS(t1, 0x888)
    csrw mie, zero
    csrw mideleg, zero

    /* Counters move on. */
    rdcycle t1
    rdcycle t2
    HOLDS(bgeu t2, t1)
    rdinstret t1
    nop
    nop
    rdinstret t2
    HOLDS(bltu t1, t2)
    rdtime t1
    li t0, 1000
1:  rdtime t2
    addi t0, t0, -1
    bnez t0, 1b
    HOLDS(bgeu t2, t1)
1:  rdtime t2               /* and do not stand still */
    beq t1, t2, 1b
    li t0, CLINT_MTIME
    LX t1, (t0)
    rdtime t2
#if XLEN == 64
    HOLDS(bgeu t2, t1)
    sub t2, t2, t1
    HOLDS(li t0, 10000000; bltu t2, t0)
#else
    csrr t1, timeh
    csrr t1, cycleh
    csrr t1, instreth
    csrr t1, mstatush
#endif

    /* Who may read them. */
    csrw mcounteren, zero
    li t0, -1
    csrw scounteren, t0
    TRAPS_IN(MODE_S, ILLEGAL, rdcycle t1)
    TRAPS_IN(MODE_U, ILLEGAL, rdinstret t1)
    li t0, 7
    csrw mcounteren, t0
    csrw scounteren, zero
    WORKS_IN_S(rdcycle t1)
    WORKS_IN_S(rdtime t1)
    TRAPS_IN(MODE_U, ILLEGAL, rdcycle t1)
    li t0, 5
    csrw scounteren, t0
    WORKS_IN_U(rdinstret t1)
    WORKS_IN_U(rdcycle t1)
    TRAPS_IN(MODE_U, ILLEGAL, rdtime t1)
    PASS

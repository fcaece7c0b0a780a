/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traps: causes and their registers, the stack of modes and interrupt enables,
 * delegation to S mode, instructions that lower modes may not execute, and the
 * interrupts of the core-local interruptor: software, timer, vectors, wfi.
 * isa: 32 64
 */
#include "check.h"

#define NOWHERE 0x20000          /* nothing is mapped there */
#define TIMER_NEVER -1

#define MSI 0x8
#define MTI 0x80
#define SSI 0x2
#define STI 0x20

/* Instructions at the label that follows; mepc has to name it. */
#define TRAPS_AT(cause, ...) \
    LINE; la s6, 95f; la s7, 93f; .balign 4; 95: __VA_ARGS__; j fail; 93: TESTED(s9, cause); IS_REG(s8, s6)

test:
    /* Exceptions of M mode. */
    TRAPS_AT(ECALL_M, ecall)
    IS(s10, 0)
    TRAPS_AT(BREAKPOINT, ebreak)
    TRAPS_AT(ILLEGAL, .word 0xffffffff)
    TRAPS_AT(ILLEGAL, .word 0x0000007f)
    TRAPS_AT(ILLEGAL, .word 0)
    li s0, NOWHERE
    TRAPS_AT(LOAD_ACCESS, lw t1, 4(s0))
    IS(s10, NOWHERE + 4)
    TRAPS_AT(STORE_ACCESS, sw t1, 8(s0))
    IS(s10, NOWHERE + 8)
    LINE
    la s7, 1f
    jr s0
    j fail
1:  IS(s9, FETCH_ACCESS)
    IS(s8, NOWHERE)
    IS(s10, NOWHERE)
    /* The destination of a load that traps is unchanged. */
    li t6, 42
    TRAPS(LOAD_ACCESS, lw t6, (s0))
    IS(t6, 42)

    /* Calls from lower modes. */
    TRAPS_IN(MODE_U, ECALL_U, nop)
    csrr t1, mstatus
    srli t1, t1, 11
    andi t1, t1, 3
    IS(t1, MODE_U)
    TRAPS_IN(MODE_S, ECALL_S, nop)
    csrr t1, mstatus
    srli t1, t1, 11
    andi t1, t1, 3
    IS(t1, MODE_S)
    TRAPS_IN(MODE_U, BREAKPOINT, ebreak)
    TRAPS_IN(MODE_U, LOAD_ACCESS, lw t1, (s0))

    /* mret: MIE from MPIE, MPIE to 1, MPP to U, MPRV cleared when it leaves M mode. */
    li t0, MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP
    csrc mstatus, t0
    li t0, MSTATUS_MPP | MSTATUS_MPRV
    csrs mstatus, t0
    la t0, 1f
    csrw mepc, t0
    mret
1:  csrr t1, mstatus
    li t0, MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP | MSTATUS_MPRV
    and t1, t1, t0
    IS(t1, MSTATUS_MPIE | MSTATUS_MPRV)
    WORKS_IN_S(nop)
    csrr t1, mstatus
    li t0, MSTATUS_MPRV
    and t1, t1, t0
    IS(t1, 0)

    /* Instructions that are not for everybody. */
    TRAPS_IN(MODE_U, ILLEGAL, mret)
    TRAPS_IN(MODE_S, ILLEGAL, mret)
    TRAPS_IN(MODE_U, ILLEGAL, sret)
    TRAPS_IN(MODE_U, ILLEGAL, sfence.vma)
    WORKS_IN_S(sfence.vma)
    li t0, MSTATUS_TSR
    csrs mstatus, t0
    TRAPS_IN(MODE_S, ILLEGAL, sret)
    li t0, MSTATUS_TSR
    csrc mstatus, t0
    li t0, MSTATUS_TVM
    csrs mstatus, t0
    TRAPS_IN(MODE_S, ILLEGAL, csrr t1, satp)
    TRAPS_IN(MODE_S, ILLEGAL, sfence.vma)
    li t0, MSTATUS_TVM
    csrc mstatus, t0
    WORKS_IN_S(csrr t1, satp)
    li t0, MSTATUS_TW
    csrs mstatus, t0
    TRAPS_IN(MODE_S, ILLEGAL, wfi)
    li t0, MSTATUS_TW
    csrc mstatus, t0

    /* Delegation: a call from U mode reaches the handler of S mode; sret goes back. */
    li t0, 1 << ECALL_U | 1 << ILLEGAL
    csrw medeleg, t0
    la t0, s_handler
    csrw stvec, t0
    li s0, 0
    li t0, MSTATUS_SIE
    csrs mstatus, t0
    LINE
    la s7, 1f
    li t0, MSTATUS_MPP
    csrc mstatus, t0
    la t0, 2f
    csrw mepc, t0
    mret
    .balign 4
2:  ecall                       /* to S mode and back */
    addi s0, s0, 100
    .word 0xffffffff            /* the same */
    addi s0, s0, 1000
    ebreak                      /* to M mode */
1:  IS(s9, BREAKPOINT)
    IS(s0, 1111 + 1)
    csrr t1, sstatus            /* after sret: SIE as it was, SPIE 1, SPP U */
    andi t1, t1, 0x122
    IS(t1, 0x22)
    /* Traps of M mode are never delegated. */
    TRAPS(ILLEGAL, .word 0xffffffff)
    csrw medeleg, zero
    li t0, MSTATUS_SIE
    csrc mstatus, t0

    /* Software interrupt. */
    li s0, CLINT_MSIP
    li t0, MSI
    csrw mie, t0
    li t0, 1
    sw t0, (s0)
    csrr t1, mip
    andi t1, t1, MSI
    IS(t1, MSI)                 /* pending, but not taken: MIE is 0 */
    LINE
    la s7, 1f
    csrsi mstatus, MSTATUS_MIE
    nop
    j fail
1:  sw zero, (s0)
    srli t1, s9, XLEN - 1
    IS(t1, 1)
    andi t1, s9, 0xff
    IS(t1, 3)
    csrr t1, mstatus
    andi t1, t1, MSTATUS_MIE | MSTATUS_MPIE
    IS(t1, MSTATUS_MPIE)
    csrr t1, mip
    andi t1, t1, MSI
    IS(t1, 0)
    /* Lower modes are interrupted whatever MIE says. */
    li t0, 1
    sw t0, (s0)
    LINE
    la s7, 1f
    li t0, MSTATUS_MPP
    csrc mstatus, t0
    la t0, 2f
    csrw mepc, t0
    mret
2:  nop
    j 2b
1:  sw zero, (s0)
    srli t1, s9, XLEN - 1
    IS(t1, 1)

    /* Timer. */
    li t0, MTI
    csrw mie, t0
    li a0, 0
    jal set_timer
    csrr t1, mip
    andi t1, t1, MTI
    IS(t1, MTI)
    LINE
    la s7, 1f
    csrsi mstatus, MSTATUS_MIE
    nop
    j fail
1:  andi t1, s9, 0xff
    IS(t1, 7)
    li a0, TIMER_NEVER
    jal set_timer
    csrr t1, mip
    andi t1, t1, MTI
    IS(t1, 0)
    /* It interrupts a loop. */
    jal soon
    LINE
    la s7, 1f
    csrsi mstatus, MSTATUS_MIE
2:  j 2b
1:  andi t1, s9, 0xff
    IS(t1, 7)
    li a0, TIMER_NEVER
    jal set_timer
    /* wfi ends when the interrupt is pending, also when it is not taken. */
    jal soon
    LINE
    wfi
1:  csrr t1, mip
    andi t1, t1, MTI
    beqz t1, 1b
    /* Software goes before timer. */
    li t0, MSI | MTI
    csrw mie, t0
    li t0, 1
    sw t0, (s0)
    LINE
    la s7, 1f
    csrsi mstatus, MSTATUS_MIE
    nop
    j fail
1:  sw zero, (s0)
    andi t1, s9, 0xff
    IS(t1, 3)
    LINE
    la s7, 1f
    csrsi mstatus, MSTATUS_MIE
    nop
    j fail
1:  andi t1, s9, 0xff
    IS(t1, 7)
    li a0, TIMER_NEVER
    jal set_timer

    /* Vectors: exceptions to the base, interrupts to base + 4 * cause. */
    la t0, vectors + 1
    csrw mtvec, t0
    li t0, 1
    sw t0, (s0)
    li s1, 0
    csrsi mstatus, MSTATUS_MIE
    nop
    IS(s1, 3)
    li a0, 0
    jal set_timer
    nop
    IS(s1, 7)
    .option push
    .option norvc
    ecall
    .option pop
    IS(s1, 100)
    csrci mstatus, MSTATUS_MIE
    la t0, trap_entry
    csrw mtvec, t0

    /* Interrupts that are delegated: S mode's, taken in S and U mode, not in M mode. */
    li t0, SSI
    csrw mideleg, t0
    csrw mie, t0
    csrw mip, t0
    li t0, MSTATUS_SIE | MSTATUS_MIE
    csrs mstatus, t0
    nop
    nop
    la t0, s_handler
    csrw stvec, t0
    li s0, 0
    WORKS_IN_S(nop)
    IS(s0, 10000)
    csrr t1, mip
    andi t1, t1, SSI
    IS(t1, 0)
    csrw mie, zero
    csrw mideleg, zero
    csrci mstatus, MSTATUS_MIE | MSTATUS_SIE
    PASS

/* Counts in s0: calls 1, illegal instructions 11, software interrupts 10000; skips the instruction. */
    .balign 4
s_handler:
    csrr t0, scause
    bltz t0, 2f
    addi s0, s0, 1
    li t1, ECALL_U
    beq t0, t1, 1f
    addi s0, s0, 10
1:  csrr t1, sepc
    addi t1, t1, 4
    csrw sepc, t1
    csrr t1, sstatus
    andi t1, t1, MSTATUS_SPP
    bnez t1, 3f
    sret
2:  andi t0, t0, 0xff
    addi t0, t0, -1
    bnez t0, 3f
    csrci sip, SSI
    li t0, 10000
    add s0, s0, t0
    sret
3:  j fail

    .balign 64
vectors:
    .option push
    .option norvc
    j exception_vector
    j fail
    j fail
    j software_vector
    j fail
    j fail
    j fail
    j timer_vector
    .option pop
exception_vector:
    li s1, 100
    csrr t0, mepc
    addi t0, t0, 4
    csrw mepc, t0
    mret
software_vector:
    li s1, 3
    li t0, CLINT_MSIP
    sw zero, (t0)
    mret
timer_vector:
    li s1, 7
    mv s2, ra
    li a0, TIMER_NEVER
    jal set_timer
    mv ra, s2
    mret

/* mtimecmp = a0, sign extended to 64 bits */
set_timer:
    li t0, CLINT_MTIMECMP
#if XLEN == 64
    sd a0, (t0)
#else
    srai t1, a0, 31
    li t2, -1
    sw t2, 4(t0)
    sw a0, (t0)
    sw t1, 4(t0)
#endif
    ret

/* mtimecmp = now + 1/1000 s */
soon:
    li t0, CLINT_MTIME
    li t1, CLINT_MTIMECMP
    li t2, 10000
#if XLEN == 64
    ld t3, (t0)
    add t3, t3, t2
    sd t3, (t1)
#else
1:  lw t4, 4(t0)
    lw t3, (t0)
    lw t5, 4(t0)
    bne t4, t5, 1b
    add t2, t3, t2
    sltu t3, t2, t3
    add t4, t4, t3
    li t5, -1
    sw t5, 4(t1)
    sw t2, (t1)
    sw t4, 4(t1)
#endif
    ret

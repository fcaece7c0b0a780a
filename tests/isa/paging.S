/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual memory: Sv39 on RV64, Sv32 on RV32. Pages of two sizes, rights of
 * either mode, SUM and MXR, accessed and dirty bits, sfence.vma after changes,
 * accesses and instructions across pages that do not adjoin, MPRV.
 *
 * Memory at 0x80000000 is mapped to itself for S mode (and the same at
 * 0xc0000000 for U mode); the pages under test are at WINDOW.
 * isa: 32 64
 */
#include "check.h"

#define V 1
#define R 2
#define W 4
#define X 8
#define U 16
#define G 32
#define A 64
#define D 128
#define ALL (V | R | W | X | A | D)

#define WINDOW 0x40000000
#define ALIAS 0x40000000         /* what U mode adds to an address */

/* Entry of the last level's table: page number n of WINDOW maps to the page at a label, with these bits. */
#define MAP(n, label, bits) \
    la t0, label; srli t0, t0, 12; slli t0, t0, 10; ori t0, t0, (bits) & 0x7f; \
    li t1, (bits) & 0x380; or t0, t0, t1; la t1, table0; SX t0, (n) * XBYTES(t1); sfence.vma
#define PTE(reg, n) la t1, table0; LX reg, (n) * XBYTES(t1)

/* A check whose code runs in U mode, at its alias. */
#define TRAPS_IN_U(cause, ...) \
    LINE; la s7, 93f; li t0, MSTATUS_MPP; csrc mstatus, t0; la t0, 94f; li t1, ALIAS; add t0, t0, t1; \
    csrw mepc, t0; mret; .balign 4; 94: __VA_ARGS__; ecall; 93: TESTED(s9, cause)
#define FINE_IN_U(...) TRAPS_IN_U(ECALL_U, __VA_ARGS__)

test:
    /* Root: the window through tables, big pages for the rest. */
    la t2, root
#if XLEN == 64
    la t0, table1
    srli t0, t0, 2
    ori t0, t0, V
    sd t0, 1 * 8(t2)
    la t1, table1
    la t0, table0
    srli t0, t0, 2
    ori t0, t0, V
    sd t0, 0(t1)
    li t0, 0x80000000 >> 2 | ALL
    sd t0, 2 * 8(t2)
    ori t0, t0, U
    sd t0, 3 * 8(t2)
    li t0, 0x00000000 >> 2 | ALL /* devices */
    sd t0, 0(t2)
    li t0, 8 << 60
#else
    la t0, table0
    srli t0, t0, 2
    ori t0, t0, V
    li t1, 256 * 4
    add t1, t1, t2
    sw t0, (t1)
    li t0, 0x80000000 >> 2 | ALL
    li t1, 512 * 4
    add t1, t1, t2
    sw t0, (t1)
    li t3, 0x400000 >> 2
    add t0, t0, t3
    sw t0, 4(t1)
    sub t0, t0, t3
    li t1, 768 * 4
    add t1, t1, t2
    ori t0, t0, U
    sw t0, (t1)
    li t0, 0x00000000 >> 2 | ALL
    sw t0, (t2)
    li t0, 1 << 31
#endif
    srli t1, t2, 12
    or t0, t0, t1
    csrw satp, t0
    sfence.vma
    csrr t1, satp
    IS_REG(t1, t0)
    /* Accessed and dirty bits by traps, where the choice exists. */
    li t0, 1 << 29
#if XLEN == 64
    slli t0, t0, 32
    csrc menvcfg, t0
#else
    csrc 0x31a, t0
#endif

    li s0, WINDOW
    la s1, page_a
    li t0, 0x1111
    sw t0, (s1)
    la s2, page_b
    li t0, 0x2222
    sw t0, (s2)

    /* Not mapped. */
    TRAPS_IN(MODE_S, LOAD_PAGE, lw t1, 8(s0))
    IS(s10, WINDOW + 8)
    TRAPS_IN(MODE_S, STORE_PAGE, sw t1, 12(s0))
    IS(s10, WINDOW + 12)
    TRAPS_IN(MODE_S, FETCH_PAGE, jr s0)
    IS(s10, WINDOW)
    IS(s8, WINDOW)
    /* No entry at the level of the root. */
    li s3, 0x10000000 + ALIAS - (XLEN / 64) * (0x10000000 + ALIAS) + (XLEN / 64 << 35)
    TRAPS_IN(MODE_S, LOAD_PAGE, lw t1, (s3))
    IS_REG(s10, s3)
#if XLEN == 64
    /* Addresses whose upper bits are not all alike. */
    li s3, 0x4000000000 + WINDOW
    TRAPS_IN(MODE_S, LOAD_PAGE, lw t1, (s3))
    li s3, 1 << 62 | WINDOW
    TRAPS_IN(MODE_S, STORE_PAGE, sw t1, (s3))
    IS_REG(s10, s3)
#endif

    /* Mapped. */
    MAP(0, page_a, ALL)
    WORKS_IN_S(lw t6, (s0))
    IS(t6, 0x1111)
    WORKS_IN_S(li t6, 0x3333; sw t6, 4(s0))
    lw t1, 4(s1)
    IS(t1, 0x3333)
    /* To another page: after the fence the new one is seen. */
    MAP(0, page_b, ALL)
    WORKS_IN_S(lw t6, (s0))
    IS(t6, 0x2222)
    MAP(0, page_a, ALL)
    WORKS_IN_S(lw t6, (s0); la t0, table0; LX t1, (t0); la t2, page_b; srli t2, t2, 2; ori t2, t2, ALL - D; \
               li t1, D; or t2, t2, t1; SX t2, (t0); sfence.vma s0, zero; lw t5, (s0))
    IS(t6, 0x1111)
    IS(t5, 0x2222)
    MAP(0, page_a, 0)
    TRAPS_IN(MODE_S, LOAD_PAGE, lw t1, (s0))

    /* Rights. */
    MAP(0, page_a, V | R | A | D)
    WORKS_IN_S(lw t1, (s0))
    TRAPS_IN(MODE_S, STORE_PAGE, sw t1, (s0))
    TRAPS_IN(MODE_S, STORE_PAGE, amoadd.w t1, t1, (s0))
    TRAPS_IN(MODE_S, FETCH_PAGE, jr s0)
    MAP(0, page_a, V | R | W | A | D)
    WORKS_IN_S(sw t1, (s0))
    TRAPS_IN(MODE_S, FETCH_PAGE, jr s0)
    MAP(0, page_a, V | X | A | D)
    li t0, 0x00000073           /* ecall */
    sw t0, (s1)
    fence.i
    TRAPS_IN(MODE_S, ECALL_S, jr s0)
    IS(s8, WINDOW)
    TRAPS_IN(MODE_S, LOAD_PAGE, lw t1, (s0))
    TRAPS_IN(MODE_S, STORE_PAGE, sw t1, (s0))
    li t0, MSTATUS_MXR
    csrs mstatus, t0
    WORKS_IN_S(lw t6, (s0))
    IS(t6, 0x73)
    TRAPS_IN(MODE_S, STORE_PAGE, sw t1, (s0))
    li t0, MSTATUS_MXR
    csrc mstatus, t0
    TRAPS_IN(MODE_S, LOAD_PAGE, lw t1, (s0))
    /* Writable but not readable is reserved. */
    MAP(0, page_a, V | W | A | D)
    TRAPS_IN(MODE_S, LOAD_PAGE, lw t1, (s0))
    TRAPS_IN(MODE_S, STORE_PAGE, sw t1, (s0))

    /* Pages of U mode. */
    MAP(0, page_a, ALL | U)
    FINE_IN_U(lw t6, (s0))
    IS(t6, 0x73)
    FINE_IN_U(sw t6, 8(s0))
    TRAPS_IN_U(ECALL_U, jr s0)
    IS(s8, WINDOW)
    TRAPS_IN(MODE_S, LOAD_PAGE, lw t1, (s0))
    TRAPS_IN(MODE_S, STORE_PAGE, sw t1, (s0))
    TRAPS_IN(MODE_S, FETCH_PAGE, jr s0)
    li t0, MSTATUS_SUM
    csrs mstatus, t0
    WORKS_IN_S(lw t1, (s0))
    WORKS_IN_S(sw t1, (s0))
    TRAPS_IN(MODE_S, FETCH_PAGE, jr s0)
    li t0, MSTATUS_SUM
    csrc mstatus, t0
    TRAPS_IN(MODE_S, LOAD_PAGE, lw t1, (s0))
    MAP(0, page_a, ALL)
    TRAPS_IN_U(LOAD_PAGE, lw t1, (s0))
    TRAPS_IN_U(STORE_PAGE, sw t1, (s0))
    TRAPS_IN_U(FETCH_PAGE, jr s0)
    TRAPS_IN(MODE_U, FETCH_PAGE, nop) /* its own code is S mode's here */

    /* Accessed and dirty: set by the machine, or trapped for software to set. */
    MAP(1, page_a, ALL - A - D)
    li t0, WINDOW + 0x1000
    mv s3, t0
    LINE
    la s7, 1f
    li t0, 0x800
    csrs mstatus, t0
    li t0, 0x1000
    csrc mstatus, t0
    la t0, 2f
    csrw mepc, t0
    mret
2:  lw t1, (s3)
    ecall
1:  li t0, ECALL_S
    beq s9, t0, by_machine
    IS(s9, LOAD_PAGE)
    IS_REG(s10, s3)
    PTE(t2, 1)
    andi t2, t2, A | D
    IS(t2, 0)
    TRAPS_IN(MODE_S, FETCH_PAGE, jr s3)
    MAP(1, page_a, ALL - D)
    WORKS_IN_S(lw t1, (s3))
    TRAPS_IN(MODE_S, STORE_PAGE, sw t1, (s3))
    /* Now by the machine, if it can. */
    li t0, 1 << 29
#if XLEN == 64
    slli t0, t0, 32
    csrs menvcfg, t0
    csrr t1, menvcfg
#else
    csrs 0x31a, t0
    csrr t1, 0x31a
#endif
    and t1, t1, t0
    beqz t1, bits_done
    MAP(1, page_a, ALL - A - D)
    WORKS_IN_S(lw t1, (s3))
by_machine:
    PTE(t2, 1)
    andi t2, t2, A | D
    IS(t2, A)
    WORKS_IN_S(sw t1, (s3))
    PTE(t2, 1)
    andi t2, t2, A | D
    IS(t2, A | D)
bits_done:

    /* Across two pages that do not adjoin: page_b, then page_a. */
    MAP(2, page_b, ALL)
    MAP(3, page_a, ALL)
    li s3, WINDOW + 0x3000 - 2
    la t2, page_b + 4094
    li t0, 0x5678
    sh t0, (t2)
    li t0, 0x1234
    sh t0, (s1)
    WORKS_IN_S(lw t6, (s3))
    IS(t6, 0x12345678)
    WORKS_IN_S(li t6, -0x55667788; sw t6, (s3))
    lhu t1, (s1)
    IS(t1, 0xaa99)
    la t2, page_b + 4094
    lhu t1, (t2)
    IS(t1, 0x8878)
    /* The second page is missing: nothing is written, the address is in it. */
    MAP(3, page_a, 0)
    TRAPS_IN(MODE_S, LOAD_PAGE, lw t1, (s3))
    srli t1, s10, 12
    IS(t1, WINDOW / 4096 + 3)
    TRAPS_IN(MODE_S, STORE_PAGE, sw zero, (s3))
    srli t1, s10, 12
    IS(t1, WINDOW / 4096 + 3)
    la t2, page_b + 4094
    lhu t1, (t2)
    IS(t1, 0x8878)
    /* An instruction likewise: its second half faults, and then runs. */
    la t2, page_b + 4094
    li t0, 0x0513               /* addi a0, zero, 77: first half */
    sh t0, (t2)
    li t0, 0x04d0               /* second half */
    sh t0, (s1)
    li t0, 0x0073               /* ecall */
    sh t0, 2(s1)
    sh zero, 4(s1)
    fence.i
    TRAPS_IN(MODE_S, FETCH_PAGE, jr s3)
    IS_REG(s8, s3)
    IS(s10, WINDOW + 0x3000)
    MAP(3, page_a, ALL)
    TRAPS_IN(MODE_S, ECALL_S, jr s3)
    IS(a0, 77)
    IS(s8, WINDOW + 0x3002)

    /* The same virtual page with other code behind it. */
    la s4, page_b
    li s5, 0
    li s6, 50
1:  slli t0, s5, 20
    li t1, 0x513                /* addi a0, zero, s5 */
    or t0, t0, t1
    andi t1, s5, 1
    slli t1, t1, 12
    la t2, page_b
    add t2, t2, t1              /* page_b or page_c */
    sw t0, (t2)
    li t1, 0x73
    sw t1, 4(t2)
    srli t2, t2, 2
    li t1, ALL
    or t2, t2, t1
    la t1, table0
    SX t2, 4 * XBYTES(t1)
    sfence.vma
    fence.i
    li s3, WINDOW + 0x4000
    TRAPS_IN(MODE_S, ECALL_S, jr s3)
    IS_REG(a0, s5)
    addi s5, s5, 1
    bne s5, s6, 1b

    /* A big page: mapped to memory's start; misaligned ones are reserved. */
#if XLEN == 64
    la t1, table1
    li t0, 0x80000000 >> 2 | ALL
    sd t0, 8(t1)
    li s3, WINDOW + 0x200000
#else
    la t1, root + 257 * 4
    li t0, 0x80000000 >> 2 | ALL
    sw t0, (t1)
    li s3, WINDOW + 0x400000
#endif
    sfence.vma
    la t0, _start
    lw s5, (t0)
    WORKS_IN_S(lw t6, (s3))
    IS_REG(t6, s5)
    li t2, 0x1000 >> 2
    LX t0, (t1)
    mv s4, t1
#if XLEN == 64
    la s4, table1 + 8
#else
    la s4, root + 257 * 4
#endif
    LX t0, (s4)
    add t0, t0, t2
    SX t0, (s4)
    sfence.vma
    TRAPS_IN(MODE_S, LOAD_PAGE, lw t6, (s3))
    /* A last-level entry that points on is not valid. */
    MAP(5, page_a, V)
    li s3, WINDOW + 0x5000
    TRAPS_IN(MODE_S, LOAD_PAGE, lw t6, (s3))

    /* M mode with the eyes of S and U mode. */
    MAP(0, page_b, ALL)
    li t0, 0x4444
    la s2, page_b
    sw t0, (s2)
    li t0, MSTATUS_MPP
    csrc mstatus, t0
    li t0, 0x800 | MSTATUS_MPRV
    csrs mstatus, t0
    lw t6, (s0)
    li t0, MSTATUS_MPRV
    csrc mstatus, t0
    IS(t6, 0x4444)
    li t0, MSTATUS_MPP
    csrc mstatus, t0
    li t0, MSTATUS_MPRV
    csrs mstatus, t0
    TRAPS(LOAD_PAGE, lw t6, (s0))
    li t0, MSTATUS_MPRV
    csrc mstatus, t0

    /* Off again. */
    csrw satp, zero
    sfence.vma
    la s2, page_b
    WORKS_IN_S(lw t6, (s2))
    IS(t6, 0x4444)
    PASS

    .section .bss
    .balign 4096
root: .space 4096
table1: .space 4096
table0: .space 4096
page_b: .space 4096
page_c: .space 4096
page_a: .space 4096

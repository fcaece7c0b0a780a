/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frame of the instruction tests: programs in M mode at 0x80000000 of the
 * virt machine that check themselves and end through the test finisher at
 * 0x100000, so that the emulator's exit status tells the result. A failure
 * first prints its line number, what was got (a2) and what was wanted (a3).
 *
 * A test defines "test:" and ends with PASS. Hart 0 runs it; others wait.
 *
 * Registers that belong to the frame:
 *   gp   line number of the running check
 *   s7   where the next trap continues, in M mode (0: no trap is expected)
 *   s8, s9, s10   mepc, mcause and mtval of the last trap
 * Checks use t0-t6 and a0-a3; ra, sp, s0-s6 and a4-a7 belong to the test.
 *
 * Constants are written as signed numbers, which fit RV32 and RV64 alike.
 */
#ifndef CHECK_H
#define CHECK_H

#define XLEN __riscv_xlen
#if XLEN == 64
#define LX ld
#define SX sd
#define XBYTES 8
#define PTR .dword
#else
#define LX lw
#define SX sw
#define XBYTES 4
#define PTR .word
#endif

#define FINISHER 0x100000
#define UART 0x10000000
#define CLINT_MSIP 0x2000000
#define CLINT_MTIMECMP 0x2004000
#define CLINT_MTIME 0x200bff8

#define MODE_U 0
#define MODE_S 1
#define MODE_M 3
#define MSTATUS_SIE 0x2
#define MSTATUS_MIE 0x8
#define MSTATUS_MPIE 0x80
#define MSTATUS_SPP 0x100
#define MSTATUS_MPP 0x1800
#define MSTATUS_FS 0x6000
#define MSTATUS_MPRV 0x20000
#define MSTATUS_SUM 0x40000
#define MSTATUS_MXR 0x80000
#define MSTATUS_TVM 0x100000
#define MSTATUS_TW 0x200000
#define MSTATUS_TSR 0x400000

#define FETCH_ACCESS 1
#define ILLEGAL 2
#define BREAKPOINT 3
#define LOAD_MISALIGNED 4
#define LOAD_ACCESS 5
#define STORE_MISALIGNED 6
#define STORE_ACCESS 7
#define ECALL_U 8
#define ECALL_S 9
#define ECALL_M 11
#define FETCH_PAGE 12
#define LOAD_PAGE 13
#define STORE_PAGE 15

    .section .text.start, "ax", @progbits
    .globl _start
_start:
    csrr t0, mhartid
99: bnez t0, 99b
    la t0, trap_entry
    csrw mtvec, t0
    li t0, MSTATUS_FS
    csrs mstatus, t0
    csrw fcsr, zero
    li s7, 0
    li gp, 0
    la sp, stack_top
    /* All memory for S and U mode; the test of protection changes it. */
    li t0, -1
    csrw pmpaddr0, t0
    li t0, 0x1f
    csrw pmpcfg0, t0
    j test

    .balign 4
trap_entry:
    csrr s8, mepc
    csrr s9, mcause
    csrr s10, mtval
    beqz s7, unexpected
    mv t0, s7
    li s7, 0
    jr t0

unexpected:
    li t0, MSTATUS_MPRV
    csrc mstatus, t0
    la a0, unexpected_text
    jal put_text
    mv a0, s9
    jal put_hex
    la a0, epc_text
    jal put_text
    mv a0, s8
    jal put_hex
    la a0, tval_text
    jal put_text
    mv a0, s10
    jal put_hex
    la a0, newline_text
    jal put_text

/* From any mode: an environment call leads to M mode. */
fail:
    la s7, fail_in_m
    ecall
fail_in_m:
    li t0, MSTATUS_MPRV
    csrc mstatus, t0
    la a0, line_text
    jal put_text
    mv a0, gp
    jal put_number
    la a0, got_text
    jal put_text
    mv a0, a2
    jal put_hex
    la a0, want_text
    jal put_text
    mv a0, a3
    jal put_hex
    la a0, newline_text
    jal put_text
    li t1, 0x13333
    j finish
pass:
    la s7, pass_in_m
    ecall
pass_in_m:
    li t1, 0x5555
finish:
    li t0, FINISHER
    sw t1, (t0)
99: j 99b

put_char: /* a0; keeps all but t0 */
    li t0, UART
    sb a0, (t0)
    ret
put_text: /* a0 */
    mv t1, a0
    mv t2, ra
98: lbu a0, (t1)
    beqz a0, 99f
    jal put_char
    addi t1, t1, 1
    j 98b
99: jr t2
put_hex: /* a0 */
    mv t1, a0
    mv t2, ra
    li t3, XLEN - 4
98: srl a0, t1, t3
    andi a0, a0, 15
    li t0, 10
    blt a0, t0, 99f
    addi a0, a0, 'a' - '0' - 10
99: addi a0, a0, '0'
    jal put_char
    addi t3, t3, -4
    bgez t3, 98b
    jr t2
put_number: /* a0 below 10000 */
    mv t1, a0
    mv t2, ra
    li t3, 1000
98: divu a0, t1, t3
    remu t1, t1, t3
    addi a0, a0, '0'
    jal put_char
    li t0, 10
    divu t3, t3, t0
    bnez t3, 98b
    jr t2

    .section .rodata
unexpected_text: .string "unexpected trap: mcause "
epc_text: .string " mepc "
tval_text: .string " mtval "
line_text: .string "FAIL line "
got_text: .string " got "
want_text: .string " want "
newline_text: .string "\n"

    .section .bss
    .balign 16
stack: .space 4096
stack_top:
    .balign 64
scratch: .space 64

    .text

#define PASS j pass
#define LINE li gp, __LINE__
#define TESTED(reg, want) \
    li a3, want; mv a2, reg; beq a2, a3, 91f; j fail; 91:
/* reg has to hold want */
#define IS(reg, want) LINE; TESTED(reg, want)
#define IS_REG(reg, other) LINE; mv a2, reg; mv a3, other; beq a2, a3, 91f; j fail; 91:
/* condition on registers, as a branch writes it: HOLDS(bltu a0, a1) */
#define HOLDS(...) LINE; __VA_ARGS__, 91f; j fail; 91:
/* Two operands; also with the result in either operand's register. */
#define RR(op, a, b, want) \
    LINE; li a0, a; li a1, b; op t1, a0, a1; TESTED(t1, want); \
    mv t1, a0; op t1, t1, a1; TESTED(t1, want); \
    mv t1, a1; op t1, a0, t1; TESTED(t1, want)
#define RI(op, a, imm, want) \
    LINE; li a0, a; op t1, a0, imm; TESTED(t1, want); op a0, a0, imm; TESTED(a0, want)
#define R1(op, a, want) \
    LINE; li a0, a; op t1, a0; TESTED(t1, want); op a0, a0; TESTED(a0, want)

/* The instructions have to trap; execution goes on behind, in M mode. */
#define TRAPS(cause, ...) \
    LINE; la s7, 93f; __VA_ARGS__; mv a2, zero; li a3, cause; j fail; 93: TESTED(s9, cause)
/* The same for instructions that run in another mode. */
#define TRAPS_IN(mode, cause, ...) \
    LINE; la s7, 93f; li t0, MSTATUS_MPP; csrc mstatus, t0; li t0, (mode) << 11; csrs mstatus, t0; \
    la t0, 94f; csrw mepc, t0; mret; .balign 4; 94: __VA_ARGS__; ecall; 93: TESTED(s9, cause)
#define WORKS_IN_S(...) TRAPS_IN(MODE_S, ECALL_S, __VA_ARGS__)
#define WORKS_IN_U(...) TRAPS_IN(MODE_U, ECALL_U, __VA_ARGS__)

#endif

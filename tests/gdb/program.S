/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the debugger tests debug: a program in M mode at 0x80000000 of the virt machine that goes round for ever. Hart 0
 * calls, branches, loads, stores, computes in floating point and traps; hart 1 counts. Each place that a test needs has a name.
 * Every instruction is 4 bytes long.
 */
    .option norvc
    .option norelax
    .globl _start
    .type _start, @function
_start:
    .cfi_startproc
    .cfi_undefined ra
    csrr t0, mhartid
    bnez t0, second
    la t0, trap
    csrw mtvec, t0
    li t0, 0x6000
    csrs mstatus, t0
    la sp, stack_end
round:
    li a0, 5
call_site:
    jal ra, work
after_call:
    li s2, 0
patch_site:
    addi s2, s2, 1
    la t0, patch_result
    sw s2, 0(t0)
ecall_site:
    ecall
after_ecall:
    la t0, counter
    lw t1, 0(t0)
    addi t1, t1, 1
    sw t1, 0(t0)
    la t0, leave
    lw t1, 0(t0)
    beqz t1, round
    li t0, 0x100000 /* the test finisher */
    sw t1, 0(t0)
finished:
    j finished
    .cfi_endproc
    .size _start, . - _start

    .globl work
    .type work, @function
work:
    .cfi_startproc
    la t0, written
    lw t1, 0(t0)
    add t1, t1, a0
write_site:
    sw t1, 0(t0)
after_write:
    la t0, only_read
read_site:
    lw t1, 0(t0)
after_read:
    la t0, both
amo_site:
    amoadd.w t2, a0, (t0)
after_amo:
    li t1, 0
branch_taken:
    beqz t1, branch_target
    nop
branch_target:
    bnez t1, work
branch_not_taken:
    fcvt.d.w fa0, a0
    fadd.d fa0, fa0, fa0
    ret
    .cfi_endproc
    .size work, . - work

    .balign 4
trap:
    csrr t2, mepc
    addi t2, t2, 4
    csrw mepc, t2
trap_end:
    mret

second:
    la t0, second_counter
second_loop:
    lw t1, 0(t0)
    addi t1, t1, 1
    sw t1, 0(t0)
    j second_loop

    .data
    .balign 64
counter:        .word 0
written:        .word 0
only_read:      .word 0x1234
both:           .word 100
patch_result:   .word 0
leave:          .word 0
second_counter: .word 0
text:           .asciz "mimic debugger"
    .bss
    .balign 64
space:          .skip 256 * 1024
stack:          .skip 1024
stack_end:

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Context switch for x86-64, System V ABI (psABI 3.2.1): rbx, rbp, r12-r15, the x87 control word and MXCSR's control bits
 * belong to the caller of a function; everything else is lost across a call anyway.
 *
 *   void co_switch(void **save_sp, void *load_sp)
 *
 * pushes what must survive, stores the stack pointer to *save_sp and continues where load_sp was saved. A new coroutine's
 * stack is prepared by coroutine.c as if it had called co_switch from co_start.
 */
    .text
    .globl co_switch
    .hidden co_switch
    .type co_switch, @function
    .p2align 4
co_switch:
    .cfi_startproc
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    subq $8, %rsp
    stmxcsr (%rsp)
    fnstcw 4(%rsp)
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    ldmxcsr (%rsp)
    fldcw 4(%rsp)
    addq $8, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .cfi_endproc
    .size co_switch, . - co_switch

/* First code of a coroutine. The stack is 16-byte aligned here; an unwinder stops at the undefined return address. */
    .globl co_start
    .hidden co_start
    .type co_start, @function
    .p2align 4
co_start:
    .cfi_startproc
    .cfi_undefined rip
    xorl %ebp, %ebp
    call co_main
    ud2
    .cfi_endproc
    .size co_start, . - co_start

    .section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Context switch for AArch64 (AAPCS64 6.1): x19-x28, the frame pointer, the link register, the low halves of v8-v15 and
 * FPCR belong to the caller of a function.
 *
 *   void co_switch(void **save_sp, void *load_sp)
 *
 * The frame is 176 bytes: x19-x30 at 0, d8-d15 at 96, FPCR at 160. coroutine.c prepares a new stack accordingly,
 * with x30 pointing to co_start.
 */
    .text
    .globl co_switch
    .hidden co_switch
    .type co_switch, %function
    .p2align 4
co_switch:
    .cfi_startproc
    sub sp, sp, #176
    stp x19, x20, [sp, #0]
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    mrs x9, fpcr
    str x9, [sp, #160]
    mov x10, sp
    str x10, [x0]
    mov sp, x1
    ldr x9, [sp, #160]
    msr fpcr, x9
    ldp d14, d15, [sp, #144]
    ldp d12, d13, [sp, #128]
    ldp d10, d11, [sp, #112]
    ldp d8, d9, [sp, #96]
    ldp x29, x30, [sp, #80]
    ldp x27, x28, [sp, #64]
    ldp x25, x26, [sp, #48]
    ldp x23, x24, [sp, #32]
    ldp x21, x22, [sp, #16]
    ldp x19, x20, [sp, #0]
    add sp, sp, #176
    ret
    .cfi_endproc
    .size co_switch, . - co_switch

/* First code of a coroutine; an unwinder stops at the undefined return address. */
    .globl co_start
    .hidden co_start
    .type co_start, %function
    .p2align 4
co_start:
    .cfi_startproc
    .cfi_undefined x30
    mov x29, #0
    bl co_main
    brk #0
    .cfi_endproc
    .size co_start, . - co_start

    .section .note.GNU-stack, "", %progbits

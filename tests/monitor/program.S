/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the monitor tests look at: known code, known data, a counter that runs. M mode of the virt machine, at 0x80000000. */
    .option norvc
    .option norelax
    .globl _start
_start:
    li s2, 0x1234
    la s3, counter
round:
    lw t0, 0(s3)
    addi t0, t0, 1
    sw t0, 0(s3)
    j round

    .data
    .balign 64
values: .word 0x11223344, 0x80000001
    .dword -2
    .ascii "Hello\n"
    .balign 64
counter: .word 0

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Helpers of string and port instructions: repeat.c, port.c.
 */
#ifndef X86_REPEAT_H
#define X86_REPEAT_H

#include "x86-cpu.h"

enum { X86_STR_MOVS, X86_STR_STOS, X86_STR_LODS, X86_STR_CMPS, X86_STR_SCAS, X86_STR_INS, X86_STR_OUTS };
/* What a string helper does, packed into its argument. */
enum {
    X86_REP_OP = 7,                   /* X86_STR_* */
    X86_REP_SIZE_SHIFT = 3,           /* log2 of the element's bytes */
    X86_REP_ADDR_SHIFT = 5,           /* log2 of the address size */
    X86_REP_SEG_SHIFT = 7,            /* segment of rSI */
    X86_REP_MODE_SHIFT = 10,          /* TLB mode */
    X86_REP_COUNTED = 1 << 12,        /* with a repeat prefix: rCX counts */
    X86_REP_WHILE_NE = 1 << 13,       /* CMPS, SCAS: F2 */
    X86_REP_ONE = 1 << 14,            /* one iteration at most: single-stepping */
    X86_REP_CHECK_IO = 1 << 15,       /* INS, OUTS need the TSS' permission */
    X86_REP_64 = 1 << 16,             /* 64-bit mode: segments have no limits, only FS and GS a base */
};
extern const TcgHelper x86_helper_repeat;  /* (i32 what) -> i64: 1: more is left, the instruction starts again */
extern const TcgHelper x86_helper_ports;   /* the same for INS and OUTS */
extern const TcgHelper x86_helper_in;      /* (i32 port, i32 size | 0x10: check) -> i64 */
extern const TcgHelper x86_helper_out;     /* (i32 port, i32 size | 0x10: check, i32 value) */

/* Linear address of @offset in @seg for @bytes, checked; raises. repeat.c */
uint64_t x86_string_linear(X86Cpu *x, unsigned seg, uint64_t offset, unsigned bytes, bool write, bool is64);
void x86_string_advance(X86Cpu *x, unsigned reg, int64_t by, unsigned addrsize);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 80-bit arithmetic as the x87 does it: one instruction's computation, without the register stack. On an x86 host it is
 * the host's own x87 (x87-host.c); elsewhere C's long double, which may round and report differently (x87-generic.c).
 *
 * Each function returns status word bits: exception flags in bits 0-5, condition codes at their places. @cw is the
 * guest's control word with its masks: where an exception is not masked, results are as the processor leaves them then
 * (scaled ones after overflow), and the flags say that the caller must not store what the manual says is not stored
 * (SDM 1 8.5). @sticky: exception flags that may be returned although this operation did not bring them up.
 */
#ifndef X86_X87_HOST_H
#define X86_X87_HOST_H

#include "x86-cpu.h"

enum {
    X87_IE = 1,
    X87_DE = 2,
    X87_ZE = 4,
    X87_OE = 8,
    X87_UE = 16,
    X87_PE = 32,
    X87_SF = 64,
    X87_ES = 0x80,
    X87_C0 = 0x100,
    X87_C1 = 0x200,
    X87_C2 = 0x400,
    X87_C3 = 0x4000,
    X87_B = 0x8000,
    X87_FLAGS = 0x3f,
    X87_CC = X87_C0 | X87_C1 | X87_C2 | X87_C3,
};
enum { X87_CW_INIT = 0x37f };

/* In the order of ModRM.reg in D8, DC, DA, DE. */
typedef enum X87Binary { X87_ADD, X87_MUL, X87_COM, X87_COMP, X87_SUB, X87_SUBR, X87_DIV, X87_DIVR } X87Binary;
typedef enum X87Type {
    X87_F32,
    X87_F64,
    X87_I16,
    X87_I32,
    X87_I64,
    X87_T16,
    X87_T32,
    X87_T64
} X87Type; /* T: integer by truncation */
typedef enum X87Function {
    X87_F2XM1,
    X87_FYL2X,
    X87_FPTAN,
    X87_FPATAN,
    X87_FXTRACT,
    X87_FPREM1,
    X87_FPREM,
    X87_FYL2XP1,
    X87_FSQRT,
    X87_FSINCOS,
    X87_FRNDINT,
    X87_FSCALE,
    X87_FSIN,
    X87_FCOS,
    X87_FTST,
    X87_FXAM,
} X87Function;
typedef enum X87Constant { X87_FLD1, X87_FLDL2T, X87_FLDL2E, X87_FLDPI, X87_FLDLG2, X87_FLDLN2, X87_FLDZ } X87Constant;

/* a op b; the reversed forms b op a. */
uint32_t x87_host_binary(X87Binary op, X86Fpr *r, const X86Fpr *a, const X86Fpr *b, uint16_t cw, uint16_t sticky);
/* The same with b in memory format: F32, F64, I16, I32. */
uint32_t x87_host_binary_mem(X87Binary op, X87Type type, X86Fpr *r, const X86Fpr *a, uint64_t b, uint16_t cw,
                             uint16_t sticky);
uint32_t x87_host_compare(bool quiet, const X86Fpr *a, const X86Fpr *b, uint16_t sticky);
uint32_t x87_host_compare_mem(X87Type type, const X86Fpr *a, uint64_t b, uint16_t sticky);
uint32_t x87_host_load(X87Type type, X86Fpr *r, uint64_t bits, uint16_t sticky);
uint32_t x87_host_store(X87Type type, const X86Fpr *a, uint64_t *bits, uint16_t cw, uint16_t sticky);
void x87_host_constant(X87Constant which, X86Fpr *r, uint16_t cw, uint16_t sticky);
void x87_host_load_bcd(X86Fpr *r, const uint8_t bcd[10]);
uint32_t x87_host_store_bcd(const X86Fpr *a, uint8_t bcd[10], uint16_t cw, uint16_t sticky);
/*
 * s[0] is ST(0), s[1] ST(1). Afterwards s[0] is the new ST(0); of FPTAN, FXTRACT and FSINCOS that is what they push,
 * and s[1] what they leave below it (FPTAN, FSINCOS: nothing is pushed where C2 says that the operand is out of range).
 * FTST, FXAM change nothing.
 */
uint32_t x87_host_function(X87Function f, X86Fpr s[2], uint16_t cw, uint16_t sticky);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's x87 does the guest's arithmetic. Each function leaves it as it found it: empty, control word as the C
 * library wants it, no exception flags.
 *
 * Exceptions that the guest does not mask are not masked here either where that changes results. One then is pending,
 * and must be cleared by FNCLEX before the next instruction that looks at it: so FNSTSW, test and FNCLEX stand directly
 * behind the operation. Operations that push or pop run with invalid, denormal and zero-divide masked, so that the
 * number of registers is known.
 */
#if defined(__x86_64__) || defined(__i386__)

#include <string.h>

#include "x87-host.h"

enum { HOST_CW = 0x37f };

/*
 * FNCLEX is slow, and most results are inexact: so flags stay in the host's status word as long as the guest's has them
 * too (@sticky), and are cleared before an operation that must tell its own from old ones.
 */
static inline void enter(uint16_t cw, uint16_t sticky)
{
    uint16_t sw;
    __asm__ volatile("fnstsw %0" : "=a"(sw));
    if (G_UNLIKELY(sw & 0xff & ~sticky)) {
        __asm__ volatile("fnclex");
    }
    if (cw != HOST_CW) {
        __asm__ volatile("fldcw %0" : : "m"(cw));
    }
}

static inline void leave(uint16_t cw)
{
    if (cw != HOST_CW) {
        uint16_t host = HOST_CW;
        __asm__ volatile("fldcw %0" : : "m"(host));
    }
}

/* Bit 6 is always 1; reserved bits and infinity control do nothing. */
static inline uint16_t real_cw(uint16_t cw) { return (cw & 0xf3f) | 0x40; }
static inline uint16_t masked_cw(uint16_t cw) { return real_cw(cw) | X87_IE | X87_DE | X87_ZE; }

#define STATUS   "\n\tfnstsw %%ax\n\ttestb $0x80, %%al\n\tjz 1f\n\tfnclex\n1:\t"
#define CLOBBERS "cc", "memory", "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)"
#define BINARY(insn)                                                                                        \
    __asm__ volatile("fldt %[b]\n\tfldt %[a]\n\t" insn " %%st(1), %%st" STATUS "fstpt %[r]\n\tfstp %%st(0)" \
                     : "=a"(sw), [r] "=m"(*r)                                                               \
                     : [a] "m"(*a), [b] "m"(*b)                                                             \
                     : CLOBBERS)
#define BINARY_MEM(insn)                                              \
    __asm__ volatile("fldt %[a]\n\t" insn " %[b]" STATUS "fstpt %[r]" \
                     : "=a"(sw), [r] "=m"(*r)                         \
                     : [a] "m"(*a), [b] "m"(b)                        \
                     : CLOBBERS)

uint32_t x87_host_binary(X87Binary op, X86Fpr *r, const X86Fpr *a, const X86Fpr *b, uint16_t cw, uint16_t sticky)
{
    uint16_t sw;
    cw = real_cw(cw);
    enter(cw, sticky);
    switch (op) {
    case X87_ADD: BINARY("fadd"); break;
    case X87_MUL: BINARY("fmul"); break;
    case X87_SUB: BINARY("fsub"); break;
    case X87_SUBR: BINARY("fsubr"); break;
    case X87_DIV: BINARY("fdiv"); break;
    default: BINARY("fdivr"); break;
    }
    leave(cw);
    return sw & (X87_FLAGS | X87_C1);
}

#define BINARY_TYPES(insn)                          \
    switch (type) {                                 \
    case X87_F32: BINARY_MEM("f" insn "s"); break;  \
    case X87_F64: BINARY_MEM("f" insn "l"); break;  \
    case X87_I16: BINARY_MEM("fi" insn "s"); break; \
    default: BINARY_MEM("fi" insn "l"); break;      \
    }

uint32_t x87_host_binary_mem(X87Binary op, X87Type type, X86Fpr *r, const X86Fpr *a, uint64_t b, uint16_t cw,
                             uint16_t sticky)
{
    uint16_t sw;
    cw = real_cw(cw);
    enter(cw, sticky);
    switch (op) {
    case X87_ADD: BINARY_TYPES("add"); break;
    case X87_MUL: BINARY_TYPES("mul"); break;
    case X87_SUB: BINARY_TYPES("sub"); break;
    case X87_SUBR: BINARY_TYPES("subr"); break;
    case X87_DIV: BINARY_TYPES("div"); break;
    default: BINARY_TYPES("divr"); break;
    }
    leave(cw);
    return sw & (X87_FLAGS | X87_C1);
}

#define COMPARE(insn)                                                                                   \
    __asm__ volatile("fldt %[b]\n\tfldt %[a]\n\t" insn " %%st(1)" STATUS "fstp %%st(0)\n\tfstp %%st(0)" \
                     : "=a"(sw)                                                                         \
                     : [a] "m"(*a), [b] "m"(*b)                                                         \
                     : CLOBBERS)
#define COMPARE_MEM(insn) \
    __asm__ volatile("fldt %[a]\n\t" insn " %[b]" STATUS "fstp %%st(0)" : "=a"(sw) : [a] "m"(*a), [b] "m"(b) : CLOBBERS)

uint32_t x87_host_compare(bool quiet, const X86Fpr *a, const X86Fpr *b, uint16_t sticky)
{
    uint16_t sw;
    enter(HOST_CW, sticky);
    if (quiet) {
        COMPARE("fucom");
    } else {
        COMPARE("fcom");
    }
    return sw & (X87_FLAGS | X87_CC);
}

uint32_t x87_host_compare_mem(X87Type type, const X86Fpr *a, uint64_t b, uint16_t sticky)
{
    uint16_t sw;
    enter(HOST_CW, sticky);
    switch (type) {
    case X87_F32: COMPARE_MEM("fcoms"); break;
    case X87_F64: COMPARE_MEM("fcoml"); break;
    case X87_I16: COMPARE_MEM("ficoms"); break;
    default: COMPARE_MEM("ficoml"); break;
    }
    return sw & (X87_FLAGS | X87_CC);
}

#define LOAD(insn) \
    __asm__ volatile(insn " %[m]" STATUS "fstpt %[r]" : "=a"(sw), [r] "=m"(*r) : [m] "m"(bits) : CLOBBERS)

uint32_t x87_host_load(X87Type type, X86Fpr *r, uint64_t bits, uint16_t sticky)
{
    uint16_t sw;
    enter(HOST_CW, sticky);
    switch (type) {
    case X87_F32: LOAD("flds"); break;
    case X87_F64: LOAD("fldl"); break;
    case X87_I16: LOAD("filds"); break;
    case X87_I32: LOAD("fildl"); break;
    default: LOAD("fildll"); break;
    }
    return sw & X87_FLAGS;
}

#define STORE(insn)                                                     \
    __asm__ volatile("fldt %[a]\n\t" insn " %[m]" STATUS "fstp %%st(0)" \
                     : "=a"(sw), [m] "+m"(*bits)                        \
                     : [a] "m"(*a)                                      \
                     : CLOBBERS)
#define STORE_POP(insn) \
    __asm__ volatile("fldt %[a]\n\t" insn " %[m]" STATUS : "=a"(sw), [m] "+m"(*bits) : [a] "m"(*a) : CLOBBERS)

uint32_t x87_host_store(X87Type type, const X86Fpr *a, uint64_t *bits, uint16_t cw, uint16_t sticky)
{
    uint16_t sw;
    cw = type == X87_F32 || type == X87_F64 ? real_cw(cw) : masked_cw(cw) | X87_PE;
    *bits = 0;
    enter(cw, sticky);
    switch (type) {
    case X87_F32: STORE("fsts"); break;
    case X87_F64: STORE("fstl"); break;
    case X87_I16: STORE_POP("fistps"); break;
    case X87_I32: STORE_POP("fistpl"); break;
    case X87_I64: STORE_POP("fistpll"); break;
    case X87_T16: STORE_POP("fisttps"); break;
    case X87_T32: STORE_POP("fisttpl"); break;
    default: STORE_POP("fisttpll"); break;
    }
    leave(cw);
    return sw & (X87_FLAGS | X87_C1);
}

#define CONSTANT(insn) __asm__ volatile(insn "\n\tfstpt %0" : "=m"(*r) : : CLOBBERS)

void x87_host_constant(X87Constant which, X86Fpr *r, uint16_t cw, uint16_t sticky)
{
    cw = real_cw(cw) | X87_FLAGS;
    enter(cw, sticky);
    switch (which) {
    case X87_FLD1: CONSTANT("fld1"); break;
    case X87_FLDL2T: CONSTANT("fldl2t"); break;
    case X87_FLDL2E: CONSTANT("fldl2e"); break;
    case X87_FLDPI: CONSTANT("fldpi"); break;
    case X87_FLDLG2: CONSTANT("fldlg2"); break;
    case X87_FLDLN2: CONSTANT("fldln2"); break;
    default: CONSTANT("fldz"); break;
    }
    leave(cw);
}

typedef struct Bcd {
    uint8_t b[10];
} Bcd;

void x87_host_load_bcd(X86Fpr *r, const uint8_t bcd[10])
{
    const Bcd *m = (const Bcd *)bcd;
    __asm__ volatile("fbld %1\n\tfstpt %0" : "=m"(*r) : "m"(*m) : CLOBBERS);
}

uint32_t x87_host_store_bcd(const X86Fpr *a, uint8_t bcd[10], uint16_t cw, uint16_t sticky)
{
    Bcd *bits = (Bcd *)bcd;
    uint16_t sw;
    cw = masked_cw(cw) | X87_PE;
    enter(cw, sticky);
    STORE_POP("fbstp");
    leave(cw);
    return sw & (X87_FLAGS | X87_C1);
}

/* One operand; two; two of which the second is popped. */
#define FUNCTION(insn) \
    __asm__ volatile("fldt %[a]\n\t" insn STATUS "fstpt %[a]" : "=a"(sw), [a] "+m"(s[0]) : : CLOBBERS)
#define FUNCTION_2(insn, drop)                                                  \
    __asm__ volatile("fldt %[b]\n\tfldt %[a]\n\t" insn STATUS "fstpt %[a]" drop \
                     : "=a"(sw), [a] "+m"(s[0])                                 \
                     : [b] "m"(s[1])                                            \
                     : CLOBBERS)
/* Pushes unless C2: then both are stored. */
#define FUNCTION_PUSH(insn)                                                                                      \
    __asm__ volatile("fldt %[a]\n\t" insn STATUS "fstpt %[a]\n\ttestl $0x400, %%eax\n\tjnz 2f\n\tfstpt %[b]\n2:" \
                     : "=a"(sw), [a] "+m"(s[0]), [b] "+m"(s[1])                                                  \
                     :                                                                                           \
                     : CLOBBERS)
#define TEST(insn) __asm__ volatile("fldt %[a]\n\t" insn STATUS "fstp %%st(0)" : "=a"(sw) : [a] "m"(s[0]) : CLOBBERS)
#define DROP       "\n\tfstp %%st(0)"

uint32_t x87_host_function(X87Function f, X86Fpr s[2], uint16_t cw, uint16_t sticky)
{
    uint32_t sw = 0;
    cw = masked_cw(cw);
    enter(cw, sticky);
    switch (f) {
    case X87_F2XM1: FUNCTION("f2xm1"); break;
    case X87_FYL2X: FUNCTION_2("fyl2x", ""); break;
    case X87_FPTAN: FUNCTION_PUSH("fptan"); break;
    case X87_FPATAN: FUNCTION_2("fpatan", ""); break;
    case X87_FXTRACT: /* does not write C2 */
        __asm__ volatile("fldt %[a]\n\tfxtract" STATUS "fstpt %[a]\n\tfstpt %[b]"
                         : "=a"(sw), [a] "+m"(s[0]), [b] "+m"(s[1])
                         :
                         : CLOBBERS);
        break;
    case X87_FPREM1: FUNCTION_2("fprem1", DROP); break;
    case X87_FPREM: FUNCTION_2("fprem", DROP); break;
    case X87_FYL2XP1: FUNCTION_2("fyl2xp1", ""); break;
    case X87_FSQRT: FUNCTION("fsqrt"); break;
    case X87_FSINCOS: FUNCTION_PUSH("fsincos"); break;
    case X87_FRNDINT: FUNCTION("frndint"); break;
    case X87_FSCALE: FUNCTION_2("fscale", DROP); break;
    case X87_FSIN: FUNCTION("fsin"); break;
    case X87_FCOS: FUNCTION("fcos"); break;
    case X87_FTST: TEST("ftst"); break;
    default: TEST("fxam"); break;
    }
    leave(cw);
    return sw & (X87_FLAGS | X87_CC);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The x87 register stack: what x87*.c, fpu-state.c and the MMX rows share.
 *
 * MMX registers are slots that alias the mantissas of fpr. So helpers that touch fpr declare all eight as read and
 * written: where a region has no MMX instructions that costs nothing. Everything else of the x87 state is in memory
 * only.
 */
#ifndef X86_X87_H
#define X86_X87_H

#include "insn.h"
#include "x87-host.h"

#define X87_SLOTS                            \
    {                                        \
        {                                    \
            0, 0xffull << (X86_SLOT_MM - 64) \
        }                                    \
    }

/* Control word of a helper call: what differs between instructions, and FOP. */
enum {
    X87_CTL_INDEX = 7,      /* i of ST(i) */
    X87_CTL_OP_SHIFT = 3,   /* 4 bits: X87Binary, X87Function... */
    X87_CTL_TYPE_SHIFT = 7, /* 3 bits: X87Type */
    X87_CTL_TO_I = 1 << 10, /* the result goes to ST(i) */
    X87_CTL_POP_SHIFT = 11, /* 2 bits */
    X87_CTL_QUIET = 1 << 13,
    X87_CTL_FOP_SHIFT = 16, /* 11 bits */
    X87_CTL_MMU_SHIFT = 28, /* 2 bits */
};
static inline unsigned x87_ctl_op(uint32_t ctl) { return ctl >> X87_CTL_OP_SHIFT & 15; }
static inline X87Type x87_ctl_type(uint32_t ctl) { return (X87Type)(ctl >> X87_CTL_TYPE_SHIFT & 7); }
static inline unsigned x87_ctl_pops(uint32_t ctl) { return ctl >> X87_CTL_POP_SHIFT & 3; }
static inline unsigned x87_ctl_mmu(uint32_t ctl) { return ctl >> X87_CTL_MMU_SHIFT & 3; }

static inline X86Fpr *x87_st(X86Cpu *x, unsigned i) { return &x->fpr[(x->ftop + i) & 7]; }
static inline bool x87_empty(const X86Cpu *x, unsigned i) { return x->ftag >> ((x->ftop + i) & 7) & 1; }
static inline uint16_t x87_status(const X86Cpu *x) { return (uint16_t)(x->fsw | x->ftop << 11); }
/* With TOP; the control word has to be there: ES and B follow from both. */
void x87_set_status(X86Cpu *x, uint16_t fsw);
void x87_set_control(X86Cpu *x, uint16_t fcw);
/* An unmasked exception waits: raises #MF, or drives FERR# where CR0.NE is 0. */
void x87_pending(X86Cpu *x);
static inline void x87_wait(X86Cpu *x)
{
    if (G_UNLIKELY(x->fsw & X87_ES)) {
        x87_pending(x);
    }
}
uint16_t x87_full_tags(const X86Cpu *x); /* two bits each */
void x87_set_full_tags(X86Cpu *x, uint16_t tags);

static inline uint64_t x87_wrap(const X86Cpu *x, uint64_t linear)
{
    return x->region_flags & X86_RF_CS64 ? linear : (uint32_t)linear;
}
/* Memory in one go: faults come before anything is written. */
void x87_store_bytes(X86Cpu *x, uint64_t linear, const void *data, unsigned len, unsigned mode);
void x87_load_bytes(X86Cpu *x, uint64_t linear, void *data, unsigned len, unsigned mode);

/* --- helpers (x87.c, x87-env.c), called by rows-x87.c --- */
extern const TcgHelper x87_helper_wait, x87_helper_binary, x87_helper_binary_mem, x87_helper_compare,
    x87_helper_compare_mem, x87_helper_comi, x87_helper_load, x87_helper_load80, x87_helper_load_bcd, x87_helper_store,
    x87_helper_store80, x87_helper_store_bcd, x87_helper_push_st, x87_helper_store_st, x87_helper_constant,
    x87_helper_function, x87_helper_xch, x87_helper_cmov, x87_helper_misc, x87_helper_get_status,
    x87_helper_get_control, x87_helper_set_control, x87_helper_init, x87_helper_clear, x87_helper_store_env,
    x87_helper_load_env;
enum { X87_CHS, X87_ABS, X87_FREE, X87_INCSTP, X87_DECSTP, X87_NOP }; /* of x87_helper_misc */
enum { X87_ENV_32 = 1, X87_ENV_REGS = 2, X87_ENV_REAL = 4 }; /* of the environment's helpers, as X87_CTL_INDEX */

#endif

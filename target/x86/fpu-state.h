/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Helpers of the state images, for rows-xsave.c. Their first argument is a control word as of x87.h (TLB mode in its
 * place) with X86_STATE_*.
 */
#ifndef X86_FPU_STATE_H
#define X86_FPU_STATE_H

#include "x86-cpu.h"

enum {
    X86_XSAVE,
    X86_XSAVEOPT,
    X86_XSAVEC,
    X86_XSAVES,
    X86_XRSTOR,
    X86_XRSTORS,
    X86_STATE_KIND = 7,
    X86_STATE_WIDE = 8
};
/* All vector and MMX registers. */
#define X86_STATE_SLOTS                   \
    {                                     \
        {                                 \
            ~0ull << X86_SLOT_XMM, 0x7fff \
        }                                 \
    }
extern const TcgHelper x86_helper_fxsave, x86_helper_fxrstor, x86_helper_xsave, x86_helper_xrstor, x86_helper_xgetbv,
    x86_helper_xsetbv;

#endif

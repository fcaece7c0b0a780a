/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EFLAGS as one word (SDM 1 3.4.3), put together from and taken apart into the lazy status flags, DF, and the rest.
 */
#include "x86-cpu.h"

/* VIF, VIP, ID and the rest that a CPU has; bit 1 is always set. */
#define EFL_REST (EFL_TF | EFL_IF | EFL_IOPL | EFL_NT | EFL_RF | EFL_VM | EFL_AC | EFL_VIF | EFL_VIP | EFL_ID)

uint32_t x86_get_eflags(const X86Cpu *x)
{
    uint32_t df = (int64_t)x->df < 0 ? EFL_DF : 0;
    return (uint32_t)(x->eflags & EFL_REST) | EFL_FIXED | df | (tcg_ref_flags_x86(&x->flags) & EFL_STATUS);
}

void x86_set_eflags(X86Cpu *x, uint32_t v)
{
    x->flags = (TcgLazyFlags){.kind = TCG_FK_PACKED_X86, .type = TCG_I64, .a = v & EFL_STATUS};
    x->df = v & EFL_DF ? (uint64_t)-1 : 1;
    uint64_t rest = (v & EFL_REST) | EFL_FIXED;
    bool mode = (rest ^ x->eflags) & (EFL_TF | EFL_IOPL | EFL_VM | EFL_AC);
    x->eflags = rest;
    if (mode) {
        x86_update_flags(x);
    }
}

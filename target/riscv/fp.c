/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fcsr: the guest's rounding mode and accrued exceptions live in the guest's MXCSR, which the host's registers hold while
 * translated code runs (in memory, cpu.tcg.guest_mxcsr, while C runs). What MXCSR cannot express (frm 4 and above) is in
 * rc->frm and in the region flags, so that such code is translated differently.
 */
#include "riscv-cpu.h"

/* MXCSR: sticky bits IE 0, DE 1, ZE 2, OE 3, UE 4, PE 5; rounding control bits 13 and 14; all exceptions masked. */
enum { MXCSR_IE = 1, MXCSR_ZE = 4, MXCSR_OE = 8, MXCSR_UE = 16, MXCSR_PE = 32, MXCSR_STICKY = 0x3f, MXCSR_RC_SHIFT = 13 };
enum { FFLAG_NX = 1, FFLAG_UF = 2, FFLAG_OF = 4, FFLAG_DZ = 8, FFLAG_NV = 16 };

uint32_t riscv_fflags_read(const RiscvCpu *rc)
{
    uint32_t m = rc->cpu.tcg.guest_mxcsr;
    return (m & MXCSR_PE ? FFLAG_NX : 0u) | (m & MXCSR_UE ? FFLAG_UF : 0u) | (m & MXCSR_OE ? FFLAG_OF : 0u) |
           (m & MXCSR_ZE ? FFLAG_DZ : 0u) | (m & MXCSR_IE ? FFLAG_NV : 0u);
}

void riscv_fflags_write(RiscvCpu *rc, uint32_t v)
{
    uint32_t m = rc->cpu.tcg.guest_mxcsr & ~(uint32_t)MXCSR_STICKY;
    m |= v & FFLAG_NX ? MXCSR_PE : 0u;
    m |= v & FFLAG_UF ? MXCSR_UE : 0u;
    m |= v & FFLAG_OF ? MXCSR_OE : 0u;
    m |= v & FFLAG_DZ ? MXCSR_ZE : 0u;
    m |= v & FFLAG_NV ? MXCSR_IE : 0u;
    rc->cpu.tcg.guest_mxcsr = m;
}

void riscv_frm_write(RiscvCpu *rc, uint32_t v)
{
    static const uint8_t host[8] = {0, 3, 1, 2, 0, 0, 0, 0}; /* RNE, RTZ, RDN, RUP */
    rc->frm = (uint8_t)(v & 7);
    uint32_t m = rc->cpu.tcg.guest_mxcsr & ~(3u << MXCSR_RC_SHIFT);
    rc->cpu.tcg.guest_mxcsr = m | (uint32_t)host[v & 7] << MXCSR_RC_SHIFT;
}

void riscv_fs_dirty(RiscvCpu *rc) { rc->mstatus |= MSTATUS_FS | MSTATUS_SD; }

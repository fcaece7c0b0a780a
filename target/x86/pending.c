/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Weak stand-ins for functions of this folder whose files do not exist yet, so that programs link. Goes away.
 */
#include "x86-cpu.h"

__attribute__((weak)) void x86_raise(X86Cpu *x, X86Exception vector) { cpu_raise(&x->cpu, (int32_t)vector); }
__attribute__((weak)) void x86_raise_error(X86Cpu *x, X86Exception vector, uint32_t error_code)
{
    x->error_code = error_code;
    x->has_error = true;
    cpu_raise(&x->cpu, (int32_t)vector);
}
__attribute__((weak)) void x86_check_io(X86Cpu *x, uint32_t port, unsigned size) {}
__attribute__((weak)) void x86_check_breakpoint(X86Cpu *x, uint64_t linear) {}
__attribute__((weak)) bool x86_check_io_breakpoint(X86Cpu *x, uint32_t port, unsigned bytes) { return false; }
__attribute__((weak)) uint32_t x86_get_eflags(const X86Cpu *x) { return tcg_ref_flags_x86(&x->flags) | (uint32_t)x->eflags | (x->df == 1 ? 0 : EFL_DF); }
__attribute__((weak)) void x86_set_eflags(X86Cpu *x, uint32_t v)
{
    x->flags = (TcgLazyFlags){.kind = TCG_FK_PACKED_X86, .type = TCG_I64, .a = v & EFL_STATUS};
    x->df = v & EFL_DF ? ~(uint64_t)0 : 1;
    x->eflags = (v & ~(EFL_STATUS | EFL_DF)) | EFL_FIXED;
}
__attribute__((weak)) const X86DecodeConfig *x86_decode_config(uint64_t flags)
{
    static const X86DecodeConfig all = {{~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u}};
    return &all;
}
__attribute__((weak)) void x86_fpu_reset(X86Cpu *x)
{
    x->fcw = 0x37f;
    x->fsw = x->ftop = 0;
    x->ftag = 0xff;
}
__attribute__((weak)) void x86_set_mxcsr(X86Cpu *x, uint32_t v)
{
    x->cpu.tcg.guest_mxcsr = v | 0x1f80;
    x->mxcsr_masks = v & 0x1f80;
    x86_update_flags(x);
}

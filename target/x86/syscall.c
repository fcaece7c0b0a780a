/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SYSCALL, SYSRET, SYSENTER, SYSEXIT (SDM 2B; 3A 5.8.7, 5.8.8; AMD's manual for SYSCALL outside long mode). Segments
 * get fixed contents; no descriptor is read.
 *
 * What the rows leave to the caller: CPUID features. What raises does so first.
 */
#include "segment.h"

enum {
    FLAT_DATA = X86_ATTR_G | X86_ATTR_DB | X86_ATTR_P | X86_ATTR_S | X86_ATTR_RW | X86_ATTR_ACCESSED,
    FLAT_CODE32 = FLAT_DATA | X86_ATTR_CODE,
    FLAT_CODE64 = (FLAT_CODE32 & ~X86_ATTR_DB) | X86_ATTR_L,
};

static void put_flat(X86Cpu *x, unsigned seg, uint16_t selector, uint16_t attr, unsigned cpl)
{
    attr = (uint16_t)(attr | cpl << X86_ATTR_DPL_SHIFT);
    x86_set_seg(x, seg, (uint16_t)((selector & ~3u) | cpl), 0, 0xffffffffu, attr);
}

static void put_flat_code(X86Cpu *x, uint16_t cs, uint16_t ss, bool is64, unsigned cpl, uint64_t pc)
{
    put_flat(x, X86_CS, cs, is64 ? FLAT_CODE64 : FLAT_CODE32, cpl);
    put_flat(x, X86_SS, ss, FLAT_DATA, cpl);
    x->cpl = (uint8_t)cpl;
    x->pc = is64 ? pc : (uint32_t)pc;
}

void x86_syscall(X86Cpu *x, uint64_t next_pc)
{
    if (!(x->efer & EFER_SCE) || !(x->cr0 & CR0_PE)) {
        x86_raise(x, X86_EXC_UD);
    }
    uint16_t cs = (uint16_t)(x->star >> 32) & 0xfffc;
    uint32_t flags = x86_get_eflags(x);
    if (x86_long_mode(x)) {
        bool from64 = x86_code64(x);
        x->gpr[X86_CX] = next_pc - (from64 ? 0 : x->seg[X86_CS].base);
        x->gpr[11] = flags & ~(uint32_t)EFL_RF;
        x86_put_eflags(x, flags & ~(uint32_t)x->sfmask & ~(uint32_t)EFL_RF);
        put_flat_code(x, cs, (uint16_t)(cs + 8), true, 0, from64 ? x->lstar : x->cstar);
    } else {
        x->gpr[X86_CX] = (uint32_t)(next_pc - x->seg[X86_CS].base);
        x86_put_eflags(x, flags & ~(uint32_t)(EFL_IF | EFL_RF | EFL_VM));
        put_flat_code(x, cs, (uint16_t)(cs + 8), false, 0, (uint32_t)x->star);
    }
    x86_update_flags(x);
}

void x86_sysret(X86Cpu *x, unsigned opsize)
{
    if (!(x->efer & EFER_SCE)) {
        x86_raise(x, X86_EXC_UD);
    }
    if (!(x->cr0 & CR0_PE) || x->cpl != 0) {
        x86_gp0(x);
    }
    uint16_t sel = (uint16_t)(x->star >> 48);
    uint64_t pc = x->gpr[X86_CX];
    if (!x86_long_mode(x)) {
        x86_put_eflags(x, x86_get_eflags(x) | EFL_IF);
        put_flat_code(x, sel, (uint16_t)(sel + 8), false, 3, pc);
    } else {
        if (opsize == 8 && !x86_canonical(x, pc)) {
            x86_gp0(x);
        }
        x86_put_eflags(x, (uint32_t)x->gpr[11] & (X86_EFL_ALL & ~(uint32_t)(EFL_RF | EFL_VM)));
        put_flat_code(x, (uint16_t)(opsize == 8 ? sel + 16 : sel), (uint16_t)(sel + 8), opsize == 8, 3, pc);
    }
    x86_update_flags(x);
}

void x86_sysenter(X86Cpu *x)
{
    uint16_t cs = (uint16_t)x->sysenter_cs & 0xfffc;
    bool is64 = x86_long_mode(x);
    if (!(x->cr0 & CR0_PE) || !cs) {
        x86_gp0(x);
    }
    x->eflags &= ~(uint64_t)(EFL_VM | EFL_IF | EFL_RF);
    x->gpr[X86_SP] = is64 ? x->sysenter_esp : (uint32_t)x->sysenter_esp;
    put_flat_code(x, cs, (uint16_t)(cs + 8), is64, 0, x->sysenter_eip);
    x86_update_flags(x);
}

void x86_sysexit(X86Cpu *x, unsigned opsize)
{
    uint16_t cs = (uint16_t)x->sysenter_cs & 0xfffc;
    uint64_t pc = x->gpr[X86_DX], sp = x->gpr[X86_CX];
    bool to64 = opsize == 8;
    if (!(x->cr0 & CR0_PE) || !cs || x->cpl != 0 || (to64 && (!x86_canonical(x, pc) || !x86_canonical(x, sp)))) {
        x86_gp0(x);
    }
    cs = (uint16_t)(cs + (to64 ? 32 : 16));
    x->gpr[X86_SP] = to64 ? sp : (uint32_t)sp;
    put_flat_code(x, cs, (uint16_t)(cs + 8), to64, 3, pc);
    x86_update_flags(x);
}

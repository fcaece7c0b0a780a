/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reset, INIT, and start-up of application processors (SDM 3A 9.1.1, 8.4); and the states in which boards start code
 * without firmware.
 */
#include <string.h>

#include "accel/tcg/tcg-accel.h"
#include "x86-cpu.h"

enum {
    ATTR_DATA = X86_ATTR_P | X86_ATTR_S | X86_ATTR_RW | X86_ATTR_ACCESSED,
    ATTR_CODE = ATTR_DATA | X86_ATTR_CODE,
    ATTR_LDT = X86_ATTR_P | 2, ATTR_TSS32 = X86_ATTR_P | 11,
    ATTR_FLAT = X86_ATTR_G | X86_ATTR_DB,
};

static void reset_system_seg(X86Seg *s, uint16_t attr)
{
    *s = (X86Seg){.limit = 0xffff, .attr = attr};
}

/* What reset and INIT have in common (SDM 3A table 9-1). */
static void reset_core(X86Cpu *x)
{
    memset(x->gpr, 0, sizeof(x->gpr));
    x->gpr[X86_DX] = x->signature;
    for (unsigned i = 0; i < X86_SEG_COUNT; i++) {
        x86_set_seg(x, i, 0, 0, 0xffff, ATTR_DATA);
    }
    x86_set_seg(x, X86_CS, 0xf000, 0xffff0000, 0xffff, ATTR_DATA);
    x->pc = 0xfffffff0;
    reset_system_seg(&x->ldt, ATTR_LDT);
    reset_system_seg(&x->tr, ATTR_TSS32);
    x->gdt.base = x->idt.base = 0;
    x->gdt.limit = x->idt.limit = 0xffff;
    x->cr2 = x->cr3 = x->cr4 = x->efer = 0;
    x->cpl = 0;
    x->flags = (TcgLazyFlags){.kind = TCG_FK_PACKED_X86, .type = TCG_I64};
    x->df = 1;
    x->eflags = EFL_FIXED;
    x->inhibit = UINT64_MAX;
    memset(x->dr, 0, sizeof(x->dr));
    x->dr[6] = DR6_FIXED;
    x->dr[7] = DR7_FIXED;
    x->pkru = x->dr_pending = 0;
    x->smm = x->nmi_blocked = x->wait_sipi = false;
    x->cpu.exception = -1;
    x->has_error = x->is_int = false;
    x->delivering = -1;
    x->cpu.tcg.excl_addr = UINT64_MAX;
}

/* The bootstrap processor runs, others sleep until they get INIT and SIPI. */
static void reset_activity(X86Cpu *x)
{
    x->wait_sipi = !x86_cpu_is_bsp(&x->cpu);
    __atomic_store_n(&x->cpu.halted, x->wait_sipi, __ATOMIC_SEQ_CST);
}

static void reset_mmu(X86Cpu *x)
{
    if (x->normal_memory) {
        x->cpu.as = x->normal_memory;
    }
    x86_mmu_flush(x);
    x86_mmu_switch(x);
    x86_update_flags(x);
}

static void reset_msrs(X86Cpu *x)
{
    x->star = x->lstar = x->cstar = x->sfmask = x->kernel_gs_base = x->tsc_aux = 0;
    x->sysenter_cs = x->sysenter_esp = x->sysenter_eip = 0;
    x->pat = 0x0007040600070406ull;
    x->misc_enable = 1; /* fast strings */
    x->debugctl = x->spec_ctrl = x->tsc_adjust = x->xss = 0;
    x->smbase = 0x30000;
    x->mtrr_def = 0;
    memset(x->mtrr_fixed, 0, sizeof(x->mtrr_fixed));
    memset(x->mtrr_var, 0, sizeof(x->mtrr_var));
    memset(x->msr_misc, 0, sizeof(x->msr_misc));
    memset(x->mc_status, 0, sizeof(x->mc_status));
    for (unsigned i = 0; i < G_N_ELEMENTS(x->mc_status); i++) {
        x->mc_status[i][0] = UINT64_MAX;
    }
    x->mcg_status = 0;
    x->mcg_ctl = UINT64_MAX;
    x->xcr0 = 1;
    x->tsc_offset = 0;
    x->tsc_offset = 0 - x86_cpu_tsc(&x->cpu);
}

void x86_reset(CpuState *cpu)
{
    X86Cpu *x = x86_cpu(cpu);
    if (!x->normal_memory) {
        x->normal_memory = cpu->as;
    }
    reset_core(x);
    x->cr0 = CR0_ET | CR0_NW | CR0_CD;
    reset_msrs(x);
    memset(x->xmm, 0, sizeof(x->xmm));
    memset(x->ymmh, 0, sizeof(x->ymmh));
    memset(x->fpr, 0, sizeof(x->fpr));
    cpu->tcg.guest_mxcsr = x->mxcsr_masks = 0x1f80;
    x->sticky_saved = 0;
    x86_fpu_reset(x);
    x->a20_mask = UINT64_MAX;
    cpu_interrupt_clear(cpu, X86_PIN_NMI | X86_PIN_SMI | X86_PIN_INIT | X86_PIN_SIPI | X86_PIN_MCE);
    __atomic_store_n(&cpu->powered_off, false, __ATOMIC_SEQ_CST);
    reset_activity(x);
    reset_mmu(x);
}

void x86_init_reset(X86Cpu *x)
{
    uint64_t cr0 = (x->cr0 & (CR0_CD | CR0_NW)) | CR0_ET;
    reset_core(x);
    x->cr0 = cr0;
    x->xcr0 = 1;
    reset_activity(x);
    reset_mmu(x);
}

void x86_sipi_start(X86Cpu *x)
{
    uint8_t vector = __atomic_load_n(&x->sipi_vector, __ATOMIC_ACQUIRE);
    x->wait_sipi = false;
    x86_set_seg(x, X86_CS, (uint16_t)(vector << 8), (uint64_t)vector << 12, 0xffff, ATTR_DATA);
    x->pc = (uint64_t)vector << 12;
    __atomic_store_n(&x->cpu.halted, false, __ATOMIC_SEQ_CST);
    x86_update_flags(x);
}

/* ---- code started by the board ---- */

void x86_cpu_start_flat32(CpuState *cpu, uint32_t eip)
{
    X86Cpu *x = x86_cpu(cpu);
    x->cr0 = CR0_PE | CR0_ET;
    x->cr3 = x->cr4 = x->efer = 0;
    for (unsigned i = 0; i < X86_SEG_COUNT; i++) {
        x86_set_seg(x, i, 0x18, 0, UINT32_MAX, ATTR_DATA | ATTR_FLAT);
    }
    x86_set_seg(x, X86_CS, 0x10, 0, UINT32_MAX, ATTR_CODE | ATTR_FLAT);
    x86_set_eflags(x, EFL_FIXED);
    x->pc = eip;
    x->cpl = 0;
    x->wait_sipi = false;
    __atomic_store_n(&cpu->halted, false, __ATOMIC_SEQ_CST);
    reset_mmu(x);
}

void x86_cpu_start_long(CpuState *cpu, uint64_t rip, uint64_t cr3)
{
    X86Cpu *x = x86_cpu(cpu);
    x86_cpu_start_flat32(cpu, 0);
    x->cr0 |= CR0_PG;
    x->cr4 |= CR4_PAE;
    x->cr3 = cr3;
    x->efer |= EFER_LME | EFER_LMA;
    x86_set_seg(x, X86_CS, 0x10, 0, UINT32_MAX, (ATTR_CODE | X86_ATTR_G | X86_ATTR_L));
    x->pc = rip;
    reset_mmu(x);
}

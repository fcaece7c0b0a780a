/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control registers, EFER and XCR0 (SDM 3A 2.5, 2.2.1, 2.6), and the region flags that are made of them.
 *
 * Writers check first and raise before anything changed. A change that gives page-table entries another meaning flushes the TLB;
 * regions end after each of these instructions.
 */
#include "accel/tcg/tcg-accel.h"
#include "x86-cpu.h"

/* ---- region flags ---- */

static bool seg_is_flat(const X86Seg *s)
{
    return s->base == 0 && s->read_end > UINT32_MAX && s->write_end > UINT32_MAX;
}

static unsigned data_mode(const X86Cpu *x)
{
    if (x->cpl == 3) {
        return X86_MODE_U;
    }
    return (x->cr4 & CR4_SMAP) && (x->eflags & EFL_AC) ? X86_MODE_K_AC : X86_MODE_K;
}

static uint64_t segment_flags(const X86Cpu *x)
{
    const X86Seg *cs = &x->seg[X86_CS], *ss = &x->seg[X86_SS];
    if ((x->efer & EFER_LMA) && (cs->attr & X86_ATTR_L)) {
        return X86_RF_CS64 | X86_RF_FLAT;
    }
    uint64_t f = cs->attr & X86_ATTR_DB ? X86_RF_CS32 : 0;
    f |= ss->attr & X86_ATTR_DB ? X86_RF_SS32 : 0;
    if (seg_is_flat(&x->seg[X86_DS]) && seg_is_flat(&x->seg[X86_ES]) && seg_is_flat(ss)) {
        f |= X86_RF_FLAT;
    }
    if (cs->base) {
        f |= X86_RF_CSBASE | (uint64_t)(uint32_t)cs->base << 32;
    }
    return f;
}

static uint64_t control_flags(const X86Cpu *x)
{
    uint64_t f = 0;
    f |= x->cr0 & CR0_PE ? X86_RF_PE : 0;
    f |= x->cr0 & CR0_EM ? X86_RF_EM : 0;
    f |= x->cr0 & CR0_TS ? X86_RF_TS : 0;
    f |= x->cr0 & CR0_MP ? X86_RF_MP : 0;
    f |= x->cr0 & CR0_NE ? X86_RF_NE : 0;
    f |= x->cr4 & CR4_OSFXSR ? X86_RF_OSFXSR : 0;
    f |= x->cr4 & CR4_FSGSBASE ? X86_RF_FSGSBASE : 0;
    f |= x->cr4 & CR4_UMIP ? X86_RF_CR4_UMIP : 0;
    f |= x->cr4 & CR4_VME ? X86_RF_VME : 0;
    f |= x->efer & EFER_LMA ? X86_RF_LMA : 0;
    if (x->cr4 & CR4_OSXSAVE) {
        f |= X86_RF_OSXSAVE | ((x->xcr0 & 6) == 6 ? X86_RF_AVX : 0);
    }
    return f;
}

/* Instruction breakpoints: DR7.RWn is 0 and Ln or Gn is set. */
static bool has_exec_breakpoint(const X86Cpu *x)
{
    for (unsigned i = 0; i < 4; i++) {
        if ((x->dr[7] >> (2 * i) & 3) && !(x->dr[7] >> (16 + 4 * i) & 3)) {
            return true;
        }
    }
    return false;
}

void x86_update_flags(X86Cpu *x)
{
    uint64_t f = x->cpl | segment_flags(x) | control_flags(x) | x->flags_config;
    unsigned iopl = (unsigned)(x->eflags & EFL_IOPL) >> 12;
    f |= x->eflags & EFL_VM ? X86_RF_VM : 0;
    f |= (x->eflags & EFL_TF) || x->dr_pending ? X86_RF_TF : 0;
    f |= !(x->cr0 & CR0_PE) || x->cpl <= iopl ? X86_RF_IOPL : 0;
    f |= (x->mxcsr_masks & 0x1f80) != 0x1f80 ? X86_RF_SSE_TRAPS : 0;
    f |= x->smm ? X86_RF_SMM : 0;
    f |= has_exec_breakpoint(x) ? X86_RF_BREAK : 0;
    x->region_flags = f | (uint64_t)data_mode(x) << X86_RF_MODE_SHIFT;
}

uint64_t x86_region_flags(CpuState *cpu) { return x86_cpu(cpu)->region_flags; }

/* ---- CR0 ---- */

#define CR0_BITS (CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD | CR0_PG)

static bool cr0_ok(X86Cpu *x, uint64_t v)
{
    if (v >> 32 || ((v & CR0_PG) && !(v & CR0_PE)) || ((v & CR0_NW) && !(v & CR0_CD))) {
        return false;
    }
    bool code64 = x->seg[X86_CS].attr & X86_ATTR_L;
    if ((v & CR0_PG) && !(x->cr0 & CR0_PG)) {
        if (x->efer & EFER_LME) {
            return (x->cr4 & CR4_PAE) && !code64;
        }
        return !(x->cr4 & CR4_PAE) || x86_pdptes_ok(x, x->cr3);
    }
    if (!(v & CR0_PG) && (x->cr0 & CR0_PG)) {
        return !(x->cr4 & CR4_PCIDE) && !((x->efer & EFER_LMA) && code64);
    }
    return true;
}

void x86_write_cr0(X86Cpu *x, uint64_t v)
{
    if (!cr0_ok(x, v)) {
        x86_raise_error(x, X86_EXC_GP, 0);
    }
    uint64_t old = x->cr0;
    x->cr0 = (v & CR0_BITS) | CR0_ET;
    if ((old ^ x->cr0) & CR0_PG) {
        x->efer &= ~(uint64_t)EFER_LMA;
        x->efer |= (x->cr0 & CR0_PG) && (x->efer & EFER_LME) ? EFER_LMA : 0;
    }
    if ((old ^ x->cr0) & (CR0_PG | CR0_WP | CR0_PE)) {
        x86_mmu_flush(x);
    }
    if (!(x->cr0 & CR0_PE)) {
        x->cpl = 0;
    }
    x86_mmu_switch(x);
    x86_update_flags(x);
}

/* ---- CR3 ---- */

#define CR3_NOFLUSH (1ull << 63)

static bool key_has_pcid(uint64_t key, void *opaque) { return (key & 0xfff) == *(const uint64_t *)opaque; }

void x86_write_cr3(X86Cpu *x, uint64_t v)
{
    bool keep = false;
    if (x->efer & EFER_LMA) {
        if (x->cr4 & CR4_PCIDE) {
            keep = v & CR3_NOFLUSH;
            v &= ~CR3_NOFLUSH;
        }
        if (v & ~(x->phys_mask | 0xfff)) {
            x86_raise_error(x, X86_EXC_GP, 0);
        }
    } else {
        v = (uint32_t)v;
        if ((x->cr0 & CR0_PG) && (x->cr4 & CR4_PAE) && !x86_pdptes_ok(x, v)) {
            x86_raise_error(x, X86_EXC_GP, 0);
        }
    }
    x->cr3 = v;
    if (!(x->cr0 & CR0_PG) || !x->cpu.accel) {
        return;
    }
    x86_mmu_switch(x);
    if (!(x->cr4 & CR4_PCIDE)) {
        tlb_flush_current(&x->cpu);
    } else if (!keep) {
        uint64_t pcid = v & 0xfff;
        tlb_flush_matching(&x->cpu, key_has_pcid, &pcid, UINT64_MAX);
    }
}

/* ---- CR4 ---- */

uint64_t x86_cr4_allowed(const X86Cpu *x)
{
    static const struct {
        uint16_t feature;
        uint32_t bits;
    } by_feature[] = {
        {X86_FEAT_VME, CR4_VME | CR4_PVI}, {X86_FEAT_TSC, CR4_TSD}, {X86_FEAT_DE, CR4_DE}, {X86_FEAT_PSE, CR4_PSE},
        {X86_FEAT_PAE, CR4_PAE}, {X86_F(1_EDX, 7), CR4_MCE}, {X86_FEAT_PGE, CR4_PGE}, {X86_FEAT_MMX, CR4_PCE},
        {X86_FEAT_FXSR, CR4_OSFXSR}, {X86_FEAT_SSE, CR4_OSXMMEXCPT}, {X86_FEAT_UMIP, CR4_UMIP}, {X86_FEAT_LA57, CR4_LA57},
        {X86_FEAT_FSGSBASE, CR4_FSGSBASE}, {X86_FEAT_PCID, CR4_PCIDE}, {X86_FEAT_XSAVE, CR4_OSXSAVE},
        {X86_FEAT_SMEP, CR4_SMEP}, {X86_FEAT_SMAP, CR4_SMAP}, {X86_FEAT_PKU, CR4_PKE},
    };
    uint64_t allowed = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(by_feature); i++) {
        allowed |= x86_has(x, by_feature[i].feature) ? by_feature[i].bits : 0;
    }
    return allowed;
}

static bool cr4_ok(X86Cpu *x, uint64_t v)
{
    uint64_t changed = v ^ x->cr4;
    if (v & ~x86_cr4_allowed(x)) {
        return false;
    }
    if (x->efer & EFER_LMA) {
        if (!(v & CR4_PAE) || (changed & CR4_LA57)) {
            return false;
        }
        return !(changed & v & CR4_PCIDE) || !(x->cr3 & 0xfff);
    }
    if (changed & v & CR4_PCIDE) {
        return false;
    }
    bool load = (x->cr0 & CR0_PG) && (v & CR4_PAE) && (changed & (CR4_PAE | CR4_PSE | CR4_PGE | CR4_SMEP));
    return !load || x86_pdptes_ok(x, x->cr3);
}

void x86_write_cr4(X86Cpu *x, uint64_t v)
{
    if (!cr4_ok(x, v)) {
        x86_raise_error(x, X86_EXC_GP, 0);
    }
    uint64_t changed = v ^ x->cr4;
    x->cr4 = v;
    if (changed & (CR4_PSE | CR4_PAE | CR4_PGE | CR4_LA57 | CR4_PCIDE | CR4_SMEP | CR4_SMAP | CR4_PKE)) {
        x86_mmu_flush(x);
    }
    x86_mmu_switch(x);
    x86_update_flags(x);
}

/* ---- CR8, EFER, XCR0, PKRU ---- */

uint64_t x86_read_cr8(X86Cpu *x) { return x->apic_ops && x->apic_ops->get_cr8 ? x->apic_ops->get_cr8(x->apic) & 15 : 0; }

#define EFER_FFXSR (1u << 14)

bool x86_write_efer(X86Cpu *x, uint64_t v)
{
    uint64_t allowed = 0;
    allowed |= x86_has(x, X86_FEAT_SYSCALL) ? EFER_SCE : 0;
    allowed |= x86_has(x, X86_FEAT_LM) ? EFER_LME | EFER_LMA : 0;
    allowed |= x86_has(x, X86_FEAT_NX) ? EFER_NXE : 0;
    allowed |= x86_has(x, X86_F(8001_EDX, 25)) ? EFER_FFXSR : 0;
    if ((v & ~allowed) || (((v ^ x->efer) & EFER_LME) && (x->cr0 & CR0_PG))) {
        return false;
    }
    uint64_t old = x->efer;
    x->efer = (v & ~(uint64_t)EFER_LMA) | (x->efer & EFER_LMA);
    if ((old ^ x->efer) & EFER_NXE) {
        x86_mmu_flush(x);
    }
    x86_update_flags(x);
    return true;
}

bool x86_write_xcr0(X86Cpu *x, uint64_t v)
{
    if (!(v & 1) || (v & ~x->xcr0_mask) || ((v & 4) && !(v & 2))) {
        return false;
    }
    x->xcr0 = v;
    x86_update_flags(x);
    return true;
}

void x86_write_pkru(X86Cpu *x, uint32_t v)
{
    if (x->pkru == v) {
        return;
    }
    x->pkru = v;
    if ((x->cr4 & CR4_PKE) && x->cpu.accel) {
        tlb_flush_all(&x->cpu); /* entries of every context were made with the old rights */
    }
}

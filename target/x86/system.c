/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Helpers of system instructions. Called from translated code on the vCPU thread; what they need of slots is in their declarations.
 */
#include "accel/tcg/tcg-accel.h"
#include "softmmu/machine.h"
#include "system.h"

G_NORETURN static void gp0(X86Cpu *x) { x86_raise_error(x, X86_EXC_GP, 0); }

/* ---- control and debug registers ---- */

static uint64_t read_cr(CpuState *cpu, uint32_t n)
{
    X86Cpu *x = x86_cpu(cpu);
    switch (n) {
    case 0: return x->cr0;
    case 2: return x->cr2;
    case 3: return x->cr3;
    case 4: return x->cr4;
    default: return x86_read_cr8(x);
    }
}

static void write_cr(CpuState *cpu, uint32_t n, uint64_t v)
{
    X86Cpu *x = x86_cpu(cpu);
    switch (n) {
    case 0: x86_write_cr0(x, v); break;
    case 2: x->cr2 = v; break;
    case 3: x86_write_cr3(x, v); break;
    case 4: x86_write_cr4(x, v); break;
    default:
        if (v > 15) {
            gp0(x);
        }
        if (x->apic_ops && x->apic_ops->set_cr8) {
            x->apic_ops->set_cr8(x->apic, (uint8_t)v);
        }
    }
}

/* DR4 and DR5 are other names of DR6 and DR7, or nothing; and with DR7.GD nobody may look (SDM 3B 17.2). */
static unsigned debug_register(X86Cpu *x, uint32_t n)
{
    if (n == 4 || n == 5) {
        if (x->cr4 & CR4_DE) {
            x86_raise(x, X86_EXC_UD);
        }
        n += 2;
    }
    if (x->dr[7] & DR7_GD) {
        x->dr[7] &= ~(uint64_t)DR7_GD;
        x->dr[6] |= DR6_BD;
        x86_raise(x, X86_EXC_DB);
    }
    return n;
}

static uint64_t read_dr(CpuState *cpu, uint32_t n)
{
    X86Cpu *x = x86_cpu(cpu);
    return x86_read_dr(x, debug_register(x, n));
}

static void write_dr(CpuState *cpu, uint32_t n, uint64_t v)
{
    X86Cpu *x = x86_cpu(cpu);
    n = debug_register(x, n);
    x86_write_dr(x, n, v);
}

/* PE can be set by it, not cleared. */
static void lmsw(CpuState *cpu, uint32_t v)
{
    X86Cpu *x = x86_cpu(cpu);
    x86_write_cr0(x, (x->cr0 & ~(uint64_t)(CR0_MP | CR0_EM | CR0_TS)) | (v & 15));
}

static void clts(CpuState *cpu)
{
    X86Cpu *x = x86_cpu(cpu);
    x->cr0 &= ~(uint64_t)CR0_TS;
    x86_update_flags(x);
}

/* ---- MSRs, CPUID, time ---- */

static uint64_t rdmsr(CpuState *cpu, uint32_t index)
{
    uint64_t v = 0;
    if (!x86_rdmsr(x86_cpu(cpu), index, &v)) {
        gp0(x86_cpu(cpu));
    }
    return v;
}

enum { MSR_EFER = 0xc0000080 };

static uint64_t wrmsr(CpuState *cpu, uint32_t index, uint64_t v)
{
    X86Cpu *x = x86_cpu(cpu);
    uint64_t flags = x->region_flags;
    if (!x86_wrmsr(x, index, v)) {
        gp0(x);
    }
    return index == MSR_EFER || flags != x->region_flags;
}

static void cpuid(CpuState *cpu)
{
    X86Cpu *x = x86_cpu(cpu);
    uint32_t r[4];
    x86_cpuid(x, (uint32_t)x->gpr[X86_AX], (uint32_t)x->gpr[X86_CX], r);
    x->gpr[X86_AX] = r[0];
    x->gpr[X86_BX] = r[1];
    x->gpr[X86_CX] = r[2];
    x->gpr[X86_DX] = r[3];
}

static uint64_t rdtsc(CpuState *cpu) { return x86_cpu_tsc(cpu); }

static uint64_t rdtsc_checked(CpuState *cpu)
{
    X86Cpu *x = x86_cpu(cpu);
    if ((x->cr4 & CR4_TSD) && (x->cr0 & CR0_PE) && x->cpl) {
        gp0(x);
    }
    return x86_cpu_tsc(cpu);
}

static uint64_t tsc_aux(CpuState *cpu) { return x86_cpu(cpu)->tsc_aux; }

/* ---- TLB ---- */

static void invlpg(CpuState *cpu, uint64_t va) { x86_invlpg(x86_cpu(cpu), va); }

static void invpcid(CpuState *cpu, uint64_t type, uint64_t pcid, uint64_t va)
{
    if (!x86_invpcid(x86_cpu(cpu), type, pcid, va)) {
        gp0(x86_cpu(cpu));
    }
}

/* ---- the rest ---- */

/*
 * A store to the monitored line cannot be seen. With other CPUs that may do it MWAIT is a pause, else only an interrupt
 * can end the wait: it is a HLT.
 */
static void mwait(CpuState *cpu, uint32_t ecx)
{
    X86Cpu *x = x86_cpu(cpu);
    if (ecx & ~1u) {
        gp0(x);
    }
    bool alone = cpu->machine && cpu->machine->cpus && cpu->machine->cpus->len == 1;
    if (alone && (x->eflags & EFL_IF)) {
        __atomic_store_n(&cpu->halted, true, __ATOMIC_SEQ_CST);
    }
}

static uint64_t rdpkru(CpuState *cpu, uint32_t ecx)
{
    X86Cpu *x = x86_cpu(cpu);
    if (!(x->cr4 & CR4_PKE)) {
        x86_raise(x, X86_EXC_UD);
    }
    if (ecx) {
        gp0(x);
    }
    return x->pkru;
}

static void wrpkru(CpuState *cpu, uint32_t ecx, uint32_t edx, uint32_t eax)
{
    X86Cpu *x = x86_cpu(cpu);
    if (!(x->cr4 & CR4_PKE)) {
        x86_raise(x, X86_EXC_UD);
    }
    if (ecx || edx) {
        gp0(x);
    }
    x86_write_pkru(x, eax);
}

static void set_ac(CpuState *cpu, uint32_t on)
{
    X86Cpu *x = x86_cpu(cpu);
    x->eflags = (x->eflags & ~(uint64_t)EFL_AC) | (on ? EFL_AC : 0);
    x86_update_flags(x);
}

static void check_base(CpuState *cpu, uint64_t v)
{
    if (!x86_canonical(x86_cpu(cpu), v)) {
        gp0(x86_cpu(cpu));
    }
}

/* CLI and STI where CPL is above IOPL: the virtual interrupt flag of VME and PVI (SDM 3A 20.3, 20.4). */
static void cli_sti(CpuState *cpu, uint32_t on)
{
    X86Cpu *x = x86_cpu(cpu);
    bool v86 = x->eflags & EFL_VM;
    if (!(v86 ? x->cr4 & CR4_VME : x->cpl == 3 && (x->cr4 & CR4_PVI))) {
        gp0(x);
    }
    if (on && (x->eflags & EFL_VIP)) {
        gp0(x);
    }
    x->eflags = (x->eflags & ~(uint64_t)EFL_VIF) | (on ? EFL_VIF : 0);
}

static void rsm(CpuState *cpu) { x86_rsm(x86_cpu(cpu)); }

/* ---- declarations ---- */

#define NOTHING {{0}}
#define SYSTEM X86_SLOTS_SYSTEM
#define WITH_KERNEL_GS {{0x7fffffffffull, 1ull << (X86_SLOT_KERNEL_GS - 64)}}
#define EFLAGS {{X86_S0(X86_SLOT_EFLAGS)}}
#define ACDB {{0x1eull}}
#define HELPER(name_, flags_, ret_, reads_, writes_, ...)                                                              \
    const TcgHelper x86_helper_##name_ = {                                                                             \
        .name = "x86_" #name_, .fn = (void *)name_, .flags = flags_, .ret = ret_, .args = {__VA_ARGS__},               \
        .reads = reads_, .writes = writes_,                                                                            \
    }
/* None of them computes floating point or looks at MXCSR: they may run with the guest's, which spares exchanging it. */
#define RAISES (TCG_HELPER_RAISES | TCG_HELPER_FP)
#define PLAIN TCG_HELPER_FP
HELPER(read_cr, PLAIN, TCG_I64, NOTHING, NOTHING, TCG_I32);
HELPER(write_cr, RAISES, TCG_VOID, SYSTEM, SYSTEM, TCG_I32, TCG_I64);
HELPER(read_dr, RAISES, TCG_I64, EFLAGS, NOTHING, TCG_I32);
HELPER(write_dr, RAISES, TCG_VOID, EFLAGS, EFLAGS, TCG_I32, TCG_I64);
HELPER(lmsw, RAISES, TCG_VOID, SYSTEM, SYSTEM, TCG_I32);
HELPER(clts, PLAIN, TCG_VOID, SYSTEM, NOTHING, TCG_VOID);
HELPER(rdmsr, RAISES, TCG_I64, WITH_KERNEL_GS, NOTHING, TCG_I32);
HELPER(wrmsr, RAISES, TCG_I64, WITH_KERNEL_GS, WITH_KERNEL_GS, TCG_I32, TCG_I64);
HELPER(cpuid, PLAIN, TCG_VOID, ACDB, ACDB, TCG_VOID);
HELPER(rdtsc, PLAIN, TCG_I64, NOTHING, NOTHING, TCG_VOID);
HELPER(rdtsc_checked, RAISES, TCG_I64, NOTHING, NOTHING, TCG_VOID);
HELPER(tsc_aux, PLAIN, TCG_I64, NOTHING, NOTHING, TCG_VOID);
HELPER(invlpg, PLAIN, TCG_VOID, NOTHING, NOTHING, TCG_I64);
HELPER(invpcid, RAISES, TCG_VOID, NOTHING, NOTHING, TCG_I64, TCG_I64, TCG_I64);
HELPER(mwait, RAISES, TCG_VOID, EFLAGS, NOTHING, TCG_I32);
HELPER(rdpkru, RAISES, TCG_I64, NOTHING, NOTHING, TCG_I32);
HELPER(wrpkru, RAISES, TCG_VOID, NOTHING, NOTHING, TCG_I32, TCG_I32, TCG_I32);
HELPER(set_ac, PLAIN, TCG_VOID, SYSTEM, EFLAGS, TCG_I32);
HELPER(check_base, RAISES, TCG_VOID, NOTHING, NOTHING, TCG_I64);
HELPER(cli_sti, RAISES, TCG_VOID, EFLAGS, EFLAGS, TCG_I32);
HELPER(rsm, RAISES, TCG_VOID, SYSTEM, SYSTEM, TCG_VOID);

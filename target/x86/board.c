/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The processor as a board sees it (include/target/x86.h): set-up before realize, pins, time, facts.
 */
#include "accel/tcg/tcg-accel.h"
#include "softmmu/machine.h"
#include "x86-cpu.h"

/* ---- before realize ---- */

void x86_cpu_set_apic_id(CpuState *cpu, uint32_t apic_id)
{
    X86Cpu *x = x86_cpu(cpu);
    x->apic_id = apic_id;
    x->cfg.apic_id = apic_id;
}

void x86_cpu_set_topology(CpuState *cpu, unsigned sockets, unsigned cores, unsigned threads)
{
    X86Cpu *x = x86_cpu(cpu);
    x->sockets = MAX(sockets, 1u);
    x->cores = MAX(cores, 1u);
    x->threads = MAX(threads, 1u);
}

void x86_cpu_set_io(CpuState *cpu, struct AddressSpace *io) { x86_cpu(cpu)->io = io; }

void x86_cpu_set_apic(CpuState *cpu, const X86ApicOps *ops, void *opaque)
{
    X86Cpu *x = x86_cpu(cpu);
    x->apic_ops = ops;
    x->apic = opaque;
}

void x86_cpu_set_ferr(CpuState *cpu, void (*raise)(void *opaque, bool level), void *opaque)
{
    X86Cpu *x = x86_cpu(cpu);
    x->ferr = raise;
    x->ferr_opaque = opaque;
}

void x86_cpu_set_smm_memory(CpuState *cpu, struct AddressSpace *smm) { x86_cpu(cpu)->smm_memory = smm; }

/* ---- pins ---- */

void x86_cpu_pin(CpuState *cpu, uint32_t pins, bool level)
{
    if (level) {
        cpu_interrupt_set(cpu, pins);
    } else {
        cpu_interrupt_clear(cpu, pins & (X86_PIN_INTR)); /* the others are edges: kept until taken */
    }
}

void x86_cpu_irq_handler(void *opaque, int n, int level)
{
    if (n >= 0 && n < 6) {
        x86_cpu_pin(opaque, 1u << n, level != 0);
    }
}

void x86_cpu_sipi(CpuState *cpu, uint8_t vector)
{
    X86Cpu *x = x86_cpu(cpu);
    __atomic_store_n(&x->sipi_vector, vector, __ATOMIC_RELEASE);
    cpu_interrupt_set(cpu, X86_PIN_SIPI); /* whether it waits for one is looked at where the pin is taken, behind an INIT */
}

static void set_a20(CpuState *cpu, void *opaque)
{
    X86Cpu *x = x86_cpu(cpu);
    uint64_t mask = opaque ? UINT64_MAX : ~(1ull << 20);
    if (mask != x->a20_mask) {
        x->a20_mask = mask;
        x86_mmu_flush(x);
    }
}

void x86_cpu_set_a20(CpuState *cpu, bool enabled)
{
    void *on = enabled ? cpu : NULL;
    if (cpu == current_cpu || !cpu->thread) { /* the next instruction of who switched it has to see it */
        set_a20(cpu, on);
    } else {
        cpu_run_on(cpu, set_a20, on);
    }
}

/* ---- time ---- */

uint64_t x86_tsc_hz(const CpuState *cpu) { return x86_cpu((CpuState *)cpu)->cfg.tsc_hz; }

uint64_t x86_cpu_tsc(CpuState *cpu)
{
    const X86Cpu *x = x86_cpu(cpu);
    uint64_t ns = cpu->machine && cpu->machine->clock ? (uint64_t)virtual_clock_ns(cpu->machine->clock) : 0;
    uint64_t ticks = x->cfg.tsc_hz == NS_PER_SEC ? ns : (uint64_t)((unsigned __int128)ns * x->cfg.tsc_hz / NS_PER_SEC);
    return ticks + __atomic_load_n(&x->tsc_offset, __ATOMIC_RELAXED);
}

/* ---- facts ---- */

uint32_t x86_cpu_apic_id(const CpuState *cpu) { return x86_cpu((CpuState *)cpu)->apic_id; }
bool x86_cpu_is_bsp(const CpuState *cpu) { return x86_cpu((CpuState *)cpu)->apic_id == 0; }
unsigned x86_cpu_phys_bits(const CpuState *cpu) { return x86_cpu((CpuState *)cpu)->phys_bits; }
bool x86_cpu_has_long_mode(const CpuState *cpu) { return x86_has(x86_cpu((CpuState *)cpu), X86_FEAT_LM); }
uint32_t x86_cpu_signature(const CpuState *cpu) { return x86_cpu((CpuState *)cpu)->signature; }
uint32_t x86_cpu_features_edx(const CpuState *cpu) { return x86_cpu((CpuState *)cpu)->feature_words[X86_FEATW_1_EDX]; }

/* ---- registers, vCPU paused ---- */

void x86_cpu_set_gpr(CpuState *cpu, unsigned n, uint64_t v)
{
    if (n < 16) {
        x86_cpu(cpu)->gpr[n] = v;
    }
}

uint64_t x86_cpu_get_gpr(const CpuState *cpu, unsigned n) { return n < 16 ? x86_cpu((CpuState *)cpu)->gpr[n] : 0; }

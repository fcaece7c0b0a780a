/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x86 processors as a board sees them: how to make one, its pins, its local APIC, its I/O space, its time. Everything
 * else about the target is private to target/x86.
 *
 * Making one: x86_cpu_new() -> x86_cpu_set_apic_id(), _set_topology(), _set_io(), _set_apic() -> object_realize() ->
 * machine_add_cpu(). Pins may be driven from any thread.
 */
#ifndef TARGET_X86_H
#define TARGET_X86_H

#include "target/cpu.h"

struct AddressSpace;

/* QOM types: the models are "<model>-x86_64-cpu" and "<model>-i386-cpu" ("qemu64-x86_64-cpu", "max-i386-cpu"). */
#define TYPE_X86_CPU "x86-cpu"       /* abstract, below "cpu" */
#define TYPE_X86_64_CPU "x86_64-cpu" /* abstract, below "x86-cpu": every model of the 64-bit target */
#define TYPE_I386_CPU "i386-cpu"
#define X86_64_CPU_SUFFIX "-x86_64-cpu"
#define I386_CPU_SUFFIX "-i386-cpu"
#define X86_64_DEFAULT_MODEL "qemu64"
#define I386_DEFAULT_MODEL "qemu32"

/*
 * An unrealized CPU from text as given to -cpu: "qemu64", "max,+avx2,-pcid", "Haswell,enforce"; NULL or "": the target's default model.
 * Errors suggest the nearest model or feature. One reference.
 */
CpuState *x86_cpu_new(const TargetRecord *target, const char *model, Error **errp);

/* --- before realize --- */
void x86_cpu_set_apic_id(CpuState *cpu, uint32_t apic_id); /* CPUID, MSR_APIC_BASE; id 0 is the bootstrap processor */
void x86_cpu_set_topology(CpuState *cpu, unsigned sockets, unsigned cores, unsigned threads); /* CPUID leaves 1, 4, 0xB, 0x8000001E */
void x86_cpu_set_io(CpuState *cpu, struct AddressSpace *io);  /* IN and OUT; 64 KiB */

/*
 * The interrupt controller as the CPU sees it. Called on the vCPU thread without the machine lock; NULL members read 0 and ignore writes.
 * Without any ops the CPU has no APIC (CPUID says so) and @ack must still be given where the INTR pin is used.
 */
typedef struct X86ApicOps {
    /* The CPU takes the interrupt that the INTR pin announces: its vector, -1: it was withdrawn. Acknowledges it. */
    int (*ack)(void *opaque);
    uint64_t (*get_base)(void *opaque);            /* IA32_APIC_BASE */
    bool (*set_base)(void *opaque, uint64_t base); /* false: #GP */
    uint8_t (*get_cr8)(void *opaque);              /* task priority, bits 7..4 of TPR */
    void (*set_cr8)(void *opaque, uint8_t v);
    /* x2APIC registers, MSR 0x800 + index; false: #GP. The TSC deadline too (index UINT32_MAX). */
    bool (*read_msr)(void *opaque, uint32_t index, uint64_t *value);
    bool (*write_msr)(void *opaque, uint32_t index, uint64_t value);
} X86ApicOps;
void x86_cpu_set_apic(CpuState *cpu, const X86ApicOps *ops, void *opaque);

/* --- pins, any thread; bits of CpuState.interrupt_lines --- */
enum {
    X86_PIN_INTR = 1u << 0,  /* level: PIC or APIC has an interrupt; taken where EFLAGS.IF allows, then X86ApicOps.ack */
    X86_PIN_NMI = 1u << 1,   /* edge */
    X86_PIN_SMI = 1u << 2,   /* edge */
    X86_PIN_INIT = 1u << 3,  /* edge: reset to real mode; an application processor then waits for SIPI */
    X86_PIN_SIPI = 1u << 4,  /* by x86_cpu_sipi() */
    X86_PIN_MCE = 1u << 5,
};
void x86_cpu_pin(CpuState *cpu, uint32_t pins, bool level);
void x86_cpu_sipi(CpuState *cpu, uint8_t vector);   /* ignored unless it waits for one */
void x86_cpu_irq_handler(void *opaque, int n, int level); /* an IrqHandler: opaque is the CpuState, n the pin's bit (0 INTR, 1 NMI, ...) */
void x86_cpu_set_a20(CpuState *cpu, bool enabled);  /* any thread; address line 20 of physical addresses */
/* FERR#: raised when an unmasked x87 exception waits and CR0.NE is 0 (IRQ 13 of a PC); cleared by x86_cpu_ignne(). */
void x86_cpu_set_ferr(CpuState *cpu, void (*raise)(void *opaque, bool level), void *opaque);
void x86_cpu_ignne(CpuState *cpu);
/* SMM: the machine says what memory looks like from inside it (SMRAM open). NULL: the CPU has no SMM, SMI is ignored. Before realize. */
void x86_cpu_set_smm_memory(CpuState *cpu, struct AddressSpace *smm);

/* --- facts for boards and firmware tables --- */
uint32_t x86_cpu_apic_id(const CpuState *cpu);
bool x86_cpu_is_bsp(const CpuState *cpu);
uint64_t x86_cpu_tsc(CpuState *cpu);                /* any thread: what RDTSC would read */
uint64_t x86_tsc_hz(const CpuState *cpu);
unsigned x86_cpu_phys_bits(const CpuState *cpu);
bool x86_cpu_has_long_mode(const CpuState *cpu);
uint32_t x86_cpu_signature(const CpuState *cpu);    /* CPUID 1 EAX, EDX: for SMBIOS */
uint32_t x86_cpu_features_edx(const CpuState *cpu);

/* --- boards that start code without firmware, and tests; vCPU paused --- */
void x86_cpu_set_gpr(CpuState *cpu, unsigned n, uint64_t v); /* n as encoded: 0 AX, 1 CX, 2 DX, 3 BX, 4 SP, ... */
uint64_t x86_cpu_get_gpr(const CpuState *cpu, unsigned n);
/* Flat 32-bit protected mode without paging (PVH, multiboot, Linux's 32-bit entry): segments flat, selectors CS 0x10, others 0x18. */
void x86_cpu_start_flat32(CpuState *cpu, uint32_t eip);
/* 64-bit mode with page tables at @cr3, segments flat, interrupts off. */
void x86_cpu_start_long(CpuState *cpu, uint64_t rip, uint64_t cr3);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Local APICs of a machine (SDM 3A chapter 11 [10 in older issues]): xAPIC by MMIO, x2APIC by MSR.
 *
 * One "apic-bus" device holds the MMIO window and knows all APICs; each CPU has one LocalApic. Order for a board:
 *
 *   DeviceState *apics = apics_create(m, pic, errp);
 *   ioapic = ioapic_create(m, IOAPIC_DEFAULT_ADDRESS, apic_deliver_msi, apics, errp);
 *   apics_add_eoi(apics, ioapic_eoi, ioapic);
 *   pic = i8259_create(isa, apic_pic_line(apics), errp);  apics_set_pic(apics, i8259_ack, pic);
 *   for each CPU, in order of index:
 *       cpu = x86_cpu_new(...);
 *       apic = apic_create(apics, apic_id, &(ApicPins){.intr = irq_make(x86_cpu_irq_handler, cpu, 0), ...}, errp);
 *       x86_cpu_set_apic(cpu, &(X86ApicOps of the functions below), apic);
 *
 * Thread safe: each APIC has its own lock, nothing takes the machine lock. Pins are driven with that lock held; PIC and
 * I/O APIC are called without it. Lock order: machine, PIC or I/O APIC, an APIC, a vCPU's work_lock.
 */
#ifndef HW_INTC_APIC_H
#define HW_INTC_APIC_H

#include "hw/device.h"

#define TYPE_APIC_BUS "apic-bus"
#define TYPE_APIC "apic"
#define APIC_DEFAULT_ADDRESS 0xfee00000ull
enum { APICS_MAX = 288, APIC_TSC_DEADLINE = UINT32_MAX /* index of apic_read_msr() */ };

typedef struct LocalApic LocalApic;

/* The CPU's side. Any may be empty. */
typedef struct ApicPins {
    Irq intr;                          /* level */
    Irq nmi, smi, init;                /* driven to 1 as an edge */
    void (*sipi)(void *opaque, uint8_t vector);
    uint64_t (*tsc)(void *opaque);     /* what RDTSC reads; any thread */
    void *opaque;                      /* of sipi and tsc */
    uint64_t tsc_hz;
    bool x2apic;                       /* the CPU model has it: may be switched on by IA32_APIC_BASE */
    bool tsc_deadline;
} ApicPins;

/* Maps the window at 0xfee00000 over what else is there. A CPU sees its own APIC in it; writes by others are MSIs. */
DeviceState *apics_create(Machine *m, Error **errp);
void apics_set_pic(DeviceState *apics, int (*ack)(void *pic), void *pic);
void apics_add_eoi(DeviceState *apics, void (*eoi)(void *opaque, uint8_t vector), void *opaque);
/* INTR of the PIC: LINT0 of every APIC, that is the CPU's INTR pin where its APIC is off. */
Irq apic_pic_line(DeviceState *apics);
Irq apic_nmi_line(DeviceState *apics);                /* LINT1 of every APIC */
/* APIC number of the CPU with the next index. Id 0 is the bootstrap processor. */
LocalApic *apic_create(DeviceState *apics, uint32_t apic_id, const ApicPins *pins, Error **errp);
/* A message from a device or I/O APIC. @apics: the apic-bus. */
void apic_deliver_msi(void *apics, uint64_t addr, uint32_t data);

/* --- members of X86ApicOps; @opaque is the LocalApic --- */
int apic_ack(void *opaque);
uint64_t apic_get_base(void *opaque);
bool apic_set_base(void *opaque, uint64_t base);
uint8_t apic_get_cr8(void *opaque);
void apic_set_cr8(void *opaque, uint8_t v);
bool apic_read_msr(void *opaque, uint32_t index, uint64_t *value);
bool apic_write_msr(void *opaque, uint32_t index, uint64_t value);

void apic_print(LocalApic *apic, FILE *out);          /* `info lapic` */
LocalApic *apic_of_cpu(DeviceState *apics, unsigned cpu_index); /* NULL: none */

#endif

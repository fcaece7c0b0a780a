/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * I/O APIC (82093AA, version 0x20): 24 lines, each with a redirection entry. Interrupts leave as messages, in the form
 * of an MSI. Thread safe by its own lock, which is held while it sends.
 */
#ifndef HW_INTC_IOAPIC_H
#define HW_INTC_IOAPIC_H

#include "hw/device.h"

#define TYPE_IOAPIC "ioapic"
#define IOAPIC_DEFAULT_ADDRESS 0xfec00000ull
enum { IOAPIC_LINES = 24 };

typedef void IoapicSend(void *opaque, uint64_t addr, uint32_t data); /* apic_deliver_msi */

/* Maps it at @addr in system memory. */
DeviceState *ioapic_create(Machine *m, uint64_t addr, IoapicSend *send, void *opaque, Error **errp);
Irq ioapic_line(DeviceState *ioapic, unsigned n);
void ioapic_eoi(void *ioapic, uint8_t vector); /* an APIC's end of a level-triggered interrupt; fits apics_add_eoi() */
void ioapic_print(DeviceState *ioapic, FILE *out);

#endif

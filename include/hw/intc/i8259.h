/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PC's pair of 8259A interrupt controllers: ports 0x20, 0xa0 and the edge/level registers 0x4d0, 0x4d1.
 * Thread safe by its own lock: lines, i8259_ack() and the ports need no machine lock.
 */
#ifndef HW_INTC_I8259_H
#define HW_INTC_I8259_H

#include "hw/isa.h"

#define TYPE_I8259 "isa-i8259"

/* @intr: the INTR output: the CPU's pin, or apic_pic_line(). It is driven with the controller's lock held. */
DeviceState *i8259_create(IsaBus *bus, Irq intr, Error **errp);
Irq i8259_line(DeviceState *pic, unsigned n); /* 0..15; 2 is the cascade: nothing comes in there */
/* The two INTA cycles: the vector; a spurious one (IRQ 7 or 15) where the request is gone. Fits X86ApicOps.ack. */
int i8259_ack(void *pic);
bool i8259_output(DeviceState *pic);          /* level of INTR */
void i8259_print(DeviceState *pic, FILE *out); /* `info pic` */

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 8254 interval timer at port 0x40, and the speaker gate at port 0x61. Guarded by the machine lock.
 */
#ifndef HW_TIMER_I8254_H
#define HW_TIMER_I8254_H

#include "hw/isa.h"

#define TYPE_I8254 "isa-pit"
#define TYPE_PC_SPEAKER "isa-pcspk"
enum { PIT_HZ = 1193182, PIT_CHANNELS = 3 };

/* @irq0: what channel 0 drives: ISA line 0, or hpet_legacy_line(hpet, 0). */
DeviceState *pit_create(IsaBus *bus, Irq irq0, Error **errp);
void pit_set_gate(DeviceState *pit, unsigned channel, bool level);
bool pit_get_gate(DeviceState *pit, unsigned channel);
bool pit_get_out(DeviceState *pit, unsigned channel);
/* Port 0x61: gate of channel 2, its output, refresh toggle. Silent. */
DeviceState *pcspk_create(IsaBus *bus, DeviceState *pit, Error **errp);

#endif

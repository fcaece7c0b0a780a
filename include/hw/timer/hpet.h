/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * High precision event timers (IA-PC HPET specification 1.0a): 64-bit counter of 100 MHz, timers with periodic mode,
 * legacy replacement. Thread safe by its own lock.
 */
#ifndef HW_TIMER_HPET_H
#define HW_TIMER_HPET_H

#include "hw/device.h"

#define TYPE_HPET "hpet"
#define HPET_DEFAULT_ADDRESS 0xfed00000ull
enum { HPET_GSIS = 32 };

/*
 * @gsi: lines by I/O APIC input, @gsi_count of them; @intcap: which of them timers may use (bit n: line n). Legacy
 * replacement drives the lines that PIT and RTC otherwise drive.
 */
DeviceState *hpet_create(Machine *m, uint64_t addr, const Irq *gsi, unsigned gsi_count, uint32_t intcap,
                         Irq legacy_irq0, Irq legacy_irq8, Error **errp);
/* Where PIT (0) and RTC (1) drive their interrupts: passed on to legacy_irq0 and 8 but while replaced. */
Irq hpet_legacy_line(DeviceState *hpet, unsigned n);

#endif

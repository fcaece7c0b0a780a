/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MC146818 clock and CMOS RAM at ports 0x70, 0x71. Time is the host's wall clock moved by -rtc base=. Guarded by the
 * machine lock.
 */
#ifndef HW_RTC_MC146818_H
#define HW_RTC_MC146818_H

#include "hw/isa.h"

#define TYPE_MC146818 "mc146818rtc"
enum { CMOS_BYTES = 128 };

/* @irq8: ISA line 8, or hpet_legacy_line(hpet, 1). */
DeviceState *mc146818_create(IsaBus *bus, Irq irq8, Error **errp);
/* The board's configuration bytes; they outlive resets. 0x00..0x0d and the century are the clock's. */
void mc146818_set_cmos(DeviceState *rtc, unsigned index, uint8_t value);
uint8_t mc146818_get_cmos(DeviceState *rtc, unsigned index);

#endif

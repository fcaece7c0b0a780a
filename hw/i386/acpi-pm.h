/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fixed ACPI hardware of south bridges (ACPI 6.3, section 4.8): PM1 event and control registers, the 3.579545 MHz timer, general
 * purpose events, and the APM ports through which firmware is told to switch ACPI on. Private to hw/i386. Guarded by the machine
 * lock; the timer needs none.
 */
#ifndef HW_I386_ACPI_PM_H
#define HW_I386_ACPI_PM_H

#include "hw/device.h"

enum { PM_STS_TIMER = 1, PM_STS_GLOBAL = 1 << 5, PM_STS_POWER = 1 << 8, PM_STS_RTC = 1 << 10, PM_STS_WAKE = 1 << 15 };
enum { PM_CNT_SCI_EN = 1, PM_CNT_SLEEP = 1 << 13, PM_GPE_MAX = 16 };

typedef struct AcpiPm {
    Machine *machine;
    MemoryRegion io;         /* what PMBASE moves: event 0, control 4, timer 8 */
    MemoryRegion event, control, timer, gpe, apm;
    uint16_t sts, en, cnt;
    uint8_t gpe_bytes, gpe_regs[PM_GPE_MAX]; /* status bytes, then as many enable bytes */
    int64_t overflow_ns;     /* when the timer's bit 23 changes next */
    Timer *overflow;
    Irq sci;
    uint8_t apm_cnt, apm_sts, acpi_enable, acpi_disable;
    void (*smi)(void *opaque); /* after a write to the command port; may be NULL */
    void *smi_opaque;
    uint8_t s4_value;
} AcpiPm;

/* @window: size of `io`. The general purpose events are to be mapped by the caller, 0: none. */
void acpi_pm_init(AcpiPm *pm, Machine *m, Object *owner, unsigned window, uint8_t gpe_bytes);
void acpi_pm_destroy(AcpiPm *pm);
void acpi_pm_reset(AcpiPm *pm);
void acpi_pm_power_button(void *pm); /* a PowerdownFn */
void acpi_pm_set_gpe(AcpiPm *pm, unsigned n, bool level);

#endif

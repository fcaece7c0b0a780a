/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SiFive PLIC: what a board needs to wire one.
 */
#ifndef HW_INTC_SIFIVE_PLIC_H
#define HW_INTC_SIFIVE_PLIC_H

#include "hw/device.h"

#define TYPE_SIFIVE_PLIC "riscv.sifive.plic"
enum { PLIC_SOURCES_MAX = 1024, PLIC_CONTEXTS_MAX = 1024 };

/* The next context (in order of calls, from 0) interrupts @cpu by @line; before the machine runs. */
void plic_add_context(DeviceState *plic, Irq line);
/* Input line of source @n; level triggered; any thread may drive it. */
Irq plic_line(DeviceState *plic, unsigned n);

#endif

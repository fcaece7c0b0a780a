/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RISC-V ACLINT: what a board needs to wire its software-interrupt and timer devices. A SiFive CLINT is one of each,
 * 16 KiB apart.
 */
#ifndef HW_INTC_RISCV_ACLINT_H
#define HW_INTC_RISCV_ACLINT_H

#include "hw/device.h"

#define TYPE_RISCV_ACLINT_SWI "riscv.aclint.swi"
#define TYPE_RISCV_ACLINT_MTIMER "riscv.aclint.mtimer"
enum {
    ACLINT_SWI_SIZE = 0x4000, ACLINT_MTIMER_SIZE = 0x8000, ACLINT_HARTS_MAX = 4095, ACLINT_TIMEBASE_HZ = 10000000,
};

/* Line of hart @n (from 0, below num-harts); before the machine runs. */
void aclint_swi_connect(DeviceState *dev, unsigned n, Irq line);
void aclint_mtimer_connect(DeviceState *dev, unsigned n, Irq line);
/* mtime; opaque: the mtimer. Any thread. */
uint64_t aclint_mtime(void *mtimer);
/* Called after the guest wrote mtime. */
void aclint_mtimer_set_hook(DeviceState *dev, void (*changed)(void *opaque), void *opaque);

#endif

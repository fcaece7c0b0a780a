/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices that a board wires by hand: a SysDevice offers MMIO windows and output lines by number; the board says where
 * the windows lie and what the lines drive. Users cannot create them.
 *
 *   DeviceState *rtc = device_new(m, "goldfish_rtc");
 *   device_attach(rtc, NULL, "rtc", errp);
 *   sys_map(rtc, 0, 0x101000);
 *   sys_connect(rtc, 0, plic_line(plic, 11));
 */
#ifndef HW_SYSBUS_H
#define HW_SYSBUS_H

#include "hw/device.h"

#define TYPE_SYS_DEVICE "sys-bus-device"
enum { SYS_DEVICE_MMIO_MAX = 8, SYS_DEVICE_IRQ_MAX = 8 };

typedef struct SysDevice {
    DeviceState dev;
    MemoryRegion *mmio[SYS_DEVICE_MMIO_MAX];
    unsigned mmio_count;
    Irq irq[SYS_DEVICE_IRQ_MAX];
    unsigned irq_count;
} SysDevice;
#define SYS_DEVICE(x) ((SysDevice *)(x))

/* By the device, in realize. */
void sys_add_mmio(SysDevice *dev, MemoryRegion *mr);
void sys_add_irqs(SysDevice *dev, unsigned count);
/* Unmaps and destroys all windows; done at unrealize, where a device did not do it earlier. */
void sys_remove_mmio(SysDevice *dev);

/* By the board, after device_attach(). */
void sys_map(DeviceState *dev, unsigned n, uint64_t addr);
void sys_connect(DeviceState *dev, unsigned n, Irq irq);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The devices a board wires by hand: numbered MMIO windows and output lines. A window that the board does not map
 * exists only in the device.
 */
#include "hw/sysbus.h"

static void sys_device_unrealize(Object *obj)
{
    sys_remove_mmio(SYS_DEVICE(obj));
}

static const DeviceClass sys_device_class = {.bus_type = "System", .category = DEVICE_CAT_MISC};
static const TypeRecord sys_device_type = {
    .name = TYPE_SYS_DEVICE, .parent = TYPE_DEVICE, .help = "device wired by the board",
    .instance_size = sizeof(SysDevice), .abstract = true, .class_kind = TYPE_DEVICE, .class_data = &sys_device_class,
    .unrealize = sys_device_unrealize,
};
TYPE_REGISTER(sys_device_type);

void sys_add_mmio(SysDevice *dev, MemoryRegion *mr)
{
    g_assert(dev->mmio_count < SYS_DEVICE_MMIO_MAX);
    dev->mmio[dev->mmio_count++] = mr;
}

void sys_add_irqs(SysDevice *dev, unsigned count)
{
    g_assert(dev->irq_count + count <= SYS_DEVICE_IRQ_MAX);
    dev->irq_count += count;
}

void sys_remove_mmio(SysDevice *dev)
{
    while (dev->mmio_count) {
        memory_region_destroy(dev->mmio[--dev->mmio_count]);
    }
}

void sys_map(DeviceState *dev, unsigned n, uint64_t addr)
{
    g_assert(n < SYS_DEVICE(dev)->mmio_count);
    memory_map(dev->machine->system_memory, addr, SYS_DEVICE(dev)->mmio[n]);
}

void sys_connect(DeviceState *dev, unsigned n, Irq irq)
{
    g_assert(n < SYS_DEVICE(dev)->irq_count);
    SYS_DEVICE(dev)->irq[n] = irq;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ISA bus: lines as the board wired them, and ports that come and go with their device. Nothing is decoded twice:
 * where two devices claim a port the one that came last has it, as with regions of equal priority anywhere.
 *
 * Guarded by the machine lock.
 */
#include "hw/isa.h"
#include "hw/sysbus.h"

static const BusClass isa_bus_class = {.name = TYPE_ISA_BUS};
static const TypeRecord isa_bus_type = {
    .name = TYPE_ISA_BUS, .parent = TYPE_BUS, .help = "ISA bus", .instance_size = sizeof(IsaBus),
    .class_kind = TYPE_BUS, .class_data = &isa_bus_class,
};
TYPE_REGISTER(isa_bus_type);

static const DeviceClass bridge_class = {.bus_type = "System", .category = DEVICE_CAT_BRIDGE};
static const TypeRecord bridge_type = {
    .name = "isabus-bridge", .parent = TYPE_SYS_DEVICE, .help = "carries an ISA bus", .class_kind = TYPE_DEVICE,
    .class_data = &bridge_class,
};
TYPE_REGISTER(bridge_type);

static void isa_device_unrealize(Object *obj)
{
    IsaDevice *dev = ISA_DEVICE(obj);
    while (dev->io_count) {
        memory_region_destroy(dev->io[--dev->io_count]);
    }
}

static const DeviceClass isa_device_class = {.bus_type = TYPE_ISA_BUS, .category = DEVICE_CAT_MISC};
static const TypeRecord isa_device_type = {
    .name = TYPE_ISA_DEVICE, .parent = TYPE_DEVICE, .help = "any ISA device", .instance_size = sizeof(IsaDevice),
    .abstract = true, .class_kind = TYPE_DEVICE, .class_data = &isa_device_class, .unrealize = isa_device_unrealize,
};
TYPE_REGISTER(isa_device_type);

IsaBus *isa_bus_new(Machine *m, DeviceState *parent, MemoryRegion *mem, MemoryRegion *io)
{
    if (!parent) {
        parent = device_new(m, "isabus-bridge");
        device_attach(parent, NULL, NULL, &error_fatal);
    }
    IsaBus *bus = (IsaBus *)bus_new(TYPE_ISA_BUS, parent, m, "isa.0");
    bus->mem = mem;
    bus->io = io;
    return bus;
}

void isa_bus_set_irqs(IsaBus *bus, const Irq lines[ISA_IRQS])
{
    for (unsigned i = 0; i < ISA_IRQS; i++) {
        bus->irq[i] = lines[i];
    }
}

DeviceState *isa_create(IsaBus *bus, const char *type, Error **errp, ...)
{
    DeviceState *dev = device_new(bus->bus.machine, type);
    va_list ap;
    va_start(ap, errp);
    bool ok = true;
    for (const char *name; ok && (name = va_arg(ap, const char *));) {
        ok = object_set(OBJECT(dev), name, va_arg(ap, const char *), errp);
    }
    va_end(ap);
    if (!ok) {
        object_unref(OBJECT(dev));
        return NULL;
    }
    return device_attach(dev, &bus->bus, NULL, errp) ? dev : NULL;
}

Irq isa_irq(IsaDevice *dev, unsigned n)
{
    return n < ISA_IRQS ? isa_bus(dev)->irq[n] : (Irq){0};
}

bool isa_check_irq(IsaDevice *dev, unsigned n, Error **errp)
{
    if (n >= ISA_IRQS) {
        error_setg(errp, "%s: irq=%u: the ISA bus has lines 0 to %d", object_type_name(OBJECT(dev)), n, ISA_IRQS - 1);
        return false;
    }
    return true;
}

void isa_add_io(IsaDevice *dev, MemoryRegion *mr, uint16_t port)
{
    g_assert(dev->io_count < ISA_DEVICE_IO_MAX);
    dev->io[dev->io_count++] = mr;
    memory_map(isa_bus(dev)->io, port, mr);
}

void isa_add_ports(IsaDevice *dev, MemoryRegion *mr, const MmioOps *ops, void *opaque, const char *name, uint16_t port,
                   unsigned count)
{
    memory_region_init_mmio(mr, dev->dev.machine, OBJECT(dev), ops, opaque, name, MIN(count, 0x10000u - port));
    isa_add_io(dev, mr, port);
}

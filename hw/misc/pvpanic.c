/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pvpanic: one byte by which a guest says that it has crashed, at an ISA port or in a PCI BAR (the reference's
 * docs/specs/pvpanic). Reading tells which events are understood. Guarded by the machine lock.
 */
#include "hw/isa.h"
#include "hw/misc/pc-misc.h"
#include "hw/pci/pci.h"
#include "util/log.h"

enum { EVENT_PANICKED = 1, EVENT_CRASH_LOADED = 2, EVENTS = 3, BAR_BYTES = 16 };

static void tell(Machine *m, uint8_t events, uint64_t value)
{
    if (value & ~(uint64_t)events) {
        log_if(LOG_GUEST_ERROR, "pvpanic: unknown event bits 0x%x\n", (unsigned)value & 0xff);
    }
    if (value & events & EVENT_PANICKED) {
        machine_request_panic(m);
    } else if (value & events & EVENT_CRASH_LOADED) {
        log_if(LOG_GUEST_ERROR, "pvpanic: the guest has crashed and runs its crash kernel\n");
    }
}

/* --- ISA --- */
typedef struct PvPanic {
    IsaDevice isa;
    MemoryRegion io;
    uint16_t port;
    uint8_t events;
} PvPanic;

static uint64_t port_read(void *opaque, uint64_t offset, unsigned size) { return ((PvPanic *)opaque)->events; }

static void port_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    PvPanic *s = opaque;
    tell(s->isa.dev.machine, s->events, value);
}

static const MmioOps port_ops = {.read = port_read, .write = port_write, ISA_BYTE_PORTS};

static bool pvpanic_realize(Object *obj, Error **errp)
{
    PvPanic *s = (PvPanic *)obj;
    isa_add_ports(&s->isa, &s->io, &port_ops, s, TYPE_PVPANIC, s->port, 1);
    return true;
}

static const Field pvpanic_fields[] = {
    FIELD(PvPanic, port, FIELD_U16, "ioport", FIELD_PROP, .def = 0x505, .help = "port"),
    FIELD(PvPanic, events, FIELD_U8, "events", FIELD_PROP, .def = EVENTS, .min = 0, .max = EVENTS,
          .help = "1: panic, 2: crash kernel started"),
    FIELD_END,
};
static const DeviceClass pvpanic_class = {
    .bus_type = TYPE_ISA_BUS, .category = DEVICE_CAT_MISC, .user_creatable = true,
};
static const TypeRecord pvpanic_type = {
    .name = TYPE_PVPANIC, .parent = TYPE_ISA_DEVICE, .help = "tells of crashes of the guest",
    .instance_size = sizeof(PvPanic), .class_kind = TYPE_DEVICE, .class_data = &pvpanic_class, .fields = pvpanic_fields,
    .realize = pvpanic_realize,
};
TYPE_REGISTER(pvpanic_type);

/* --- PCI --- */
typedef struct PvPanicPci {
    PciDevice pci;
    MemoryRegion bar;
    uint8_t events;
} PvPanicPci;

static uint64_t bar_read(void *opaque, uint64_t offset, unsigned size)
{
    return offset ? 0 : ((PvPanicPci *)opaque)->events;
}

static void bar_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    PvPanicPci *s = opaque;
    if (!offset) {
        tell(s->pci.dev.machine, s->events, value);
    }
}

static const MmioOps bar_ops = {.read = bar_read, .write = bar_write, .impl_min = 1, .impl_max = 1};

static bool pvpanic_pci_realize(PciDevice *pci, Error **errp)
{
    PvPanicPci *s = (PvPanicPci *)pci;
    memory_region_init_mmio(&s->bar, pci->dev.machine, OBJECT(pci), &bar_ops, s, "pvpanic-pci", BAR_BYTES);
    pci_register_bar(pci, 0, 0, &s->bar);
    return true;
}

static void pvpanic_pci_unrealize(PciDevice *pci) { memory_region_destroy(&((PvPanicPci *)pci)->bar); }

static const Field pvpanic_pci_fields[] = {
    FIELD(PvPanicPci, events, FIELD_U8, "events", FIELD_PROP, .def = EVENTS, .min = 0, .max = EVENTS,
          .help = "1: panic, 2: crash kernel started"),
    FIELD_END,
};
static const PciClass pvpanic_pci_class = {
    PCI_DEVICE_PART, .device.category = DEVICE_CAT_MISC, .device.user_creatable = true, .vendor_id = 0x1b36,
    .device_id = 0x0011, .subsystem_vendor = 0x1af4, .subsystem = 0x1100, .class_id = 0x0880, .revision = 1,
    .realize = pvpanic_pci_realize, .unrealize = pvpanic_pci_unrealize,
};
static const TypeRecord pvpanic_pci_type = {
    .name = "pvpanic-pci", .parent = TYPE_PCI_DEVICE, .help = "tells of crashes of the guest",
    .instance_size = sizeof(PvPanicPci), .class_kind = TYPE_DEVICE, .class_data = &pvpanic_pci_class,
    .fields = pvpanic_pci_fields,
};
TYPE_REGISTER(pvpanic_pci_type);

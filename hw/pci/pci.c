/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI devices and buses: places on a bus, reset, interrupt pins and their way to the root (each bridge rotates them by the slot: PCI-to-PCI Bridge
 * Architecture 1.2, section 9.1).
 */
#include "hw/pci/pci.h"

#include <stdlib.h>
#include <string.h>

#include "pci-internal.h"
#include "util/bytes.h"

/* --- interrupts --- */
PciBus *pci_root_of(PciDevice *dev)
{
    PciBus *bus = dev->bus;
    while (bus->bridge) {
        bus = bus->bridge->bus;
    }
    return bus;
}

static unsigned line_at_root(PciDevice *dev, PciBus **root)
{
    unsigned pin = dev->config[PCI_INTERRUPT_PIN] - 1u;
    while (dev->bus->bridge) {
        pin = (pin + PCI_SLOT((unsigned)dev->devfn)) & 3;
        dev = dev->bus->bridge;
    }
    PciBus *bus = *root = dev->bus;
    unsigned slot = PCI_SLOT((unsigned)dev->devfn);
    return bus->pin_map ? bus->pin_map(bus->pin_opaque, slot, pin & 3) & (PCI_LINES_MAX - 1) : (slot + pin) & 3;
}

/* What the device asserts towards the bus is its level, unless the command register says otherwise. STATUS bit 3 mirrors the level. */
void pci_irq(PciDevice *dev, bool level)
{
    if (!dev->config[PCI_INTERRUPT_PIN]) {
        return;
    }
    dev->irq_level = level;
    dev->config[PCI_STATUS] = (uint8_t)((dev->config[PCI_STATUS] & ~PCI_STATUS_INTERRUPT) | (level ? PCI_STATUS_INTERRUPT : 0));
    bool drive = level && !(ld_le16(dev->config + PCI_COMMAND) & PCI_COMMAND_INTX_DISABLE) && !pci_msi_enabled(dev) && !pci_msix_enabled(dev);
    if (drive == dev->irq_driven) {
        return;
    }
    dev->irq_driven = drive;
    PciBus *root;
    unsigned n = line_at_root(dev, &root);
    if (drive) {
        dev->irq_line = (uint8_t)n;
    } else {
        n = dev->irq_line; /* the map may have changed since */
    }
    root->line_count[n] += drive ? 1 : -1;
    irq_set(&root->lines[n], root->line_count[n] > 0);
}

bool pci_is_master(const PciDevice *dev)
{
    return ld_le16(dev->config + PCI_COMMAND) & PCI_COMMAND_MASTER;
}

AddressSpace *pci_dma_as(PciDevice *dev)
{
    return pci_is_master(dev) ? dev->dev.machine->as : pci_root_of(dev)->no_dma;
}

/* --- devices --- */
static void fill_header(PciDevice *dev)
{
    const PciClass *pc = pci_class(dev);
    memset(dev->config, 0, sizeof(dev->config));
    memset(dev->writable, 0, sizeof(dev->writable));
    memset(dev->clears, 0, sizeof(dev->clears));
    st_le16(dev->config + PCI_VENDOR_ID, pc->vendor_id);
    st_le16(dev->config + PCI_DEVICE_ID, pc->device_id);
    dev->config[PCI_REVISION] = pc->revision;
    dev->config[PCI_CLASS_PROG] = pc->prog;
    st_le16(dev->config + PCI_CLASS_DEVICE, pc->class_id);
    dev->config[PCI_HEADER_TYPE] = (uint8_t)((pc->bridge ? 1 : 0) | (dev->multifunction ? 0x80 : 0));
    if (!pc->bridge) {
        st_le16(dev->config + PCI_SUBSYSTEM_VENDOR, pc->subsystem_vendor ? pc->subsystem_vendor : 0x1af4);
        st_le16(dev->config + PCI_SUBSYSTEM_ID, pc->subsystem ? pc->subsystem : 0x1100);
    }
    st_le16(dev->writable + PCI_COMMAND, 0x0547);
    st_le16(dev->clears + PCI_STATUS, 0xf900);
    dev->writable[PCI_CACHE_LINE] = 0xff;
    dev->writable[PCI_INTERRUPT_LINE] = 0xff;
}

static bool pci_realize(Object *obj, Error **errp)
{
    PciDevice *dev = PCI_DEVICE(obj);
    const PciClass *pc = pci_class(dev);
    fill_header(dev);
    if (pc->realize && !pc->realize(dev, errp)) {
        return false;
    }
    return pci_rom_load(dev, errp);
}

static void unmap_bars(PciDevice *dev)
{
    for (unsigned n = 0; n < PCI_BARS; n++) {
        if (dev->bars[n].mapped) {
            memory_unmap(dev->bars[n].region);
            dev->bars[n].mapped = false;
        }
    }
}

static void pci_unrealize(Object *obj)
{
    PciDevice *dev = PCI_DEVICE(obj);
    const PciClass *pc = pci_class(dev);
    pci_irq(dev, false);
    unmap_bars(dev);
    pci_msix_free(dev);
    pci_rom_free(dev);
    if (pc->unrealize) {
        pc->unrealize(dev);
    }
    memset(dev->bars, 0, sizeof(dev->bars));
}

void pci_device_reset(DeviceState *ds)
{
    PciDevice *dev = PCI_DEVICE(ds);
    const PciClass *pc = pci_class(dev);
    pci_irq(dev, false);
    st_le16(dev->config + PCI_COMMAND, 0);
    dev->config[PCI_CACHE_LINE] = 0;
    dev->config[PCI_INTERRUPT_LINE] = 0;
    for (unsigned n = 0; n < PCI_BARS; n++) {
        if (dev->bars[n].region) {
            st_le32(dev->config + PCI_BAR0 + 4 * n, dev->bars[n].type);
            if (dev->bars[n].type & PCI_BAR_MEM64) {
                st_le32(dev->config + PCI_BAR0 + 4 * n + 4, 0);
            }
        }
    }
    pci_rom_reset(dev);
    pci_update_bars(dev);
    pci_messages_reset(dev);
    if (pc->reset) {
        pc->reset(dev);
    }
}

static void pci_init(Object *obj)
{
    const PciClass *pc = pci_class(obj);
    PCI_DEVICE(obj)->devfn = -1; /* to be chosen */
    PCI_DEVICE(obj)->multifunction = pc->multifunction;
    PCI_DEVICE(obj)->default_rom = pc->romfile;
}

static const Field pci_fields[] = {
    FIELD(PciDevice, addr, FIELD_STRING, "addr", FIELD_PROP, .help = "slot and function on the bus, hexadecimal: 04 or 04.1"),
    FIELD(PciDevice, multifunction, FIELD_BOOL, "multifunction", FIELD_PROP, .help = "other functions of the slot may be used"),
    FIELD(PciDevice, romfile, FIELD_STRING, "romfile", FIELD_PROP, .help = "option ROM image; empty: none"),
    FIELD(PciDevice, rombar, FIELD_U32, "rombar", FIELD_PROP, .def = 1, .help = "0: the option ROM is not shown to the guest"),
    FIELD_END,
};
static const PciClass pci_device_class = {PCI_DEVICE_PART};
static const TypeRecord pci_device_type = {
    .name = TYPE_PCI_DEVICE, .parent = TYPE_DEVICE, .help = "a device on a PCI bus", .instance_size = sizeof(PciDevice), .abstract = true,
    .class_kind = TYPE_DEVICE, .class_data = &pci_device_class, .fields = pci_fields, .init = pci_init, .realize = pci_realize, .unrealize = pci_unrealize,
};
TYPE_REGISTER(pci_device_type);

/* --- buses --- */
static bool parse_addr(PciDevice *dev, Error **errp)
{
    char *end;
    unsigned long slot = strtoul(dev->addr, &end, 16), func = 0;
    if (*end == '.') {
        func = strtoul(end + 1, &end, 16);
    }
    if (*end || end == dev->addr || slot > 31 || func > 7) {
        error_setg(errp, "addr=%s is no place on a PCI bus: write SLOT or SLOT.FUNCTION, hexadecimal, slot up to 1f and function up to 7", dev->addr);
        return false;
    }
    dev->devfn = (int)PCI_DEVFN(slot, func);
    return true;
}

/* Software looks at functions 1 to 7 only where function 0 says that they may be there. */
static bool functions_agree(PciBus *bus, PciDevice *dev, Error **errp)
{
    unsigned slot = PCI_SLOT((unsigned)dev->devfn), func = PCI_FUNC((unsigned)dev->devfn);
    const PciDevice *first = bus->devices[PCI_DEVFN(slot, 0)];
    if (func && first && !first->multifunction) {
        error_setg(errp, "PCI: %s cannot be function %u of slot %u: function 0, %s, has not multifunction=on", object_type_name(OBJECT(dev)), func, slot,
                   object_type_name(OBJECT(first)));
        return false;
    }
    for (unsigned i = 1; !func && !dev->multifunction && i < 8; i++) {
        if (bus->devices[PCI_DEVFN(slot, i)]) {
            error_setg(errp, "PCI: %s cannot be function 0 of slot %u without multifunction=on: function %u is used", object_type_name(OBJECT(dev)), slot, i);
            return false;
        }
    }
    return true;
}

static bool pci_bus_attach(Bus *bus, DeviceState *ds, Error **errp)
{
    PciBus *pb = (PciBus *)bus;
    PciDevice *dev = PCI_DEVICE(ds);
    unsigned slots = pb->slots;
    if (dev->addr && !parse_addr(dev, errp)) {
        return false;
    }
    if (!dev->addr && dev->devfn < 0) {
        for (unsigned slot = 0; slot < slots && dev->devfn < 0; slot++) {
            if (!pb->devices[PCI_DEVFN(slot, 0)]) {
                dev->devfn = (int)PCI_DEVFN(slot, 0);
            }
        }
    }
    if (dev->devfn < 0 || PCI_SLOT((unsigned)dev->devfn) >= slots) {
        error_setg(errp, dev->devfn < 0 ? "PCI bus '%s' is full" : "PCI bus '%s' has no such slot", bus->name);
        return false;
    }
    if (pb->devices[dev->devfn]) {
        error_setg(errp, "PCI: slot %u function %u of bus '%s' is taken by %s", PCI_SLOT((unsigned)dev->devfn), PCI_FUNC((unsigned)dev->devfn),
                   bus->name, object_type_name(OBJECT(pb->devices[dev->devfn])));
        return false;
    }
    dev->bus = pb;
    if (!functions_agree(pb, dev, errp)) {
        return false;
    }
    pb->devices[dev->devfn] = dev;
    return true;
}

static void pci_bus_detach(Bus *bus, DeviceState *ds)
{
    PciBus *pb = (PciBus *)bus;
    PciDevice *dev = PCI_DEVICE(ds);
    if (dev->devfn >= 0 && pb->devices[dev->devfn] == dev) {
        pb->devices[dev->devfn] = NULL;
    }
}

static void pci_print(Bus *bus, DeviceState *ds, FILE *out, int indent)
{
    PciDevice *dev = PCI_DEVICE(ds);
    fprintf(out, "%*sclass %04x, addr %02x.%x, pci id %04x:%04x (sub %04x:%04x)\n", indent, "", ld_le16(dev->config + PCI_CLASS_DEVICE),
            PCI_SLOT((unsigned)dev->devfn), PCI_FUNC((unsigned)dev->devfn), ld_le16(dev->config), ld_le16(dev->config + 2),
            ld_le16(dev->config + PCI_SUBSYSTEM_VENDOR), ld_le16(dev->config + PCI_SUBSYSTEM_ID));
    for (unsigned n = 0; n < PCI_BARS; n++) {
        const PciBar *bar = &dev->bars[n];
        if (bar->region && bar->mapped) {
            fprintf(out, "%*sbar %u: %s at 0x%" G_GINT64_MODIFIER "x [0x%" G_GINT64_MODIFIER "x]\n", indent, "", n, bar->type & PCI_BAR_IO ? "i/o" : "mem",
                    bar->addr, bar->addr + bar->size - 1);
        }
    }
}

static char *pci_path(DeviceState *ds)
{
    return pci_firmware_path(PCI_DEVICE(ds));
}

static void bus_init(Object *obj)
{
    ((PciBus *)obj)->slots = 32;
}

static void bus_finalize(Object *obj)
{
    PciBus *bus = (PciBus *)obj;
    if (bus->no_dma) {
        address_space_free(bus->no_dma);
        memory_region_destroy(&bus->nothing);
    }
}

static const BusClass pci_bus_class = {
    .name = TYPE_PCI_BUS, .attach = pci_bus_attach, .detach = pci_bus_detach, .print_device = pci_print, .device_path = pci_path,
};
static const TypeRecord pci_bus_type = {
    .name = TYPE_PCI_BUS, .parent = TYPE_BUS, .help = "conventional PCI", .instance_size = sizeof(PciBus), .class_kind = TYPE_BUS, .class_data = &pci_bus_class,
    .init = bus_init, .finalize = bus_finalize,
};
TYPE_REGISTER(pci_bus_type);
static const TypeRecord pcie_bus_type = {
    .name = TYPE_PCIE_BUS, .parent = TYPE_BUS, .help = "PCI Express", .instance_size = sizeof(PciBus), .class_kind = TYPE_BUS, .class_data = &pci_bus_class,
    .init = bus_init, .finalize = bus_finalize,
};
TYPE_REGISTER(pcie_bus_type);

PciBus *pci_root_bus_new_kind(DeviceState *host, bool express, const char *name, MemoryRegion *mem, MemoryRegion *io)
{
    PciBus *bus = (PciBus *)bus_new(express ? TYPE_PCIE_BUS : TYPE_PCI_BUS, host, host->machine, name);
    bus->express = express;
    bus->mem = mem;
    bus->io = io;
    memory_region_init(&bus->nothing, host->machine, OBJECT(bus), "pci-no-dma", UINT64_MAX);
    bus->no_dma = address_space_new(host->machine, &bus->nothing, "pci-no-dma");
    return bus;
}

PciBus *pci_root_bus_new(DeviceState *host, const char *name, MemoryRegion *mem, MemoryRegion *io, const Irq lines[4])
{
    PciBus *bus = pci_root_bus_new_kind(host, true, name, mem, io);
    memcpy(bus->lines, lines, 4 * sizeof(bus->lines[0]));
    return bus;
}

void pci_root_set_msi(PciBus *root, PciMsiFn *fn, void *opaque)
{
    root->msi = fn;
    root->msi_opaque = opaque;
}

PciDevice *pci_create(PciBus *bus, const char *type, int devfn, Error **errp)
{
    DeviceState *ds = device_new(bus->bus.machine, type);
    PCI_DEVICE(ds)->devfn = devfn;
    return device_attach(ds, &bus->bus, NULL, errp) ? PCI_DEVICE(ds) : NULL;
}

/* Bus 0 is the root; others lie behind the bridge whose range of bus numbers holds them. */
PciDevice *pci_find(PciBus *root, unsigned number, unsigned devfn)
{
    PciBus *bus = root;
    unsigned current = 0;
    for (int depth = 0; current != number; depth++) {
        PciBus *next = NULL;
        for (unsigned i = 0; i < PCI_DEVFN_MAX && !next && depth < 32; i++) {
            PciDevice *dev = bus->devices[i];
            if (dev && pci_class(dev)->bridge && number >= dev->config[PCI_SECONDARY_BUS] && number <= dev->config[PCI_SUBORDINATE_BUS] &&
                dev->config[PCI_SECONDARY_BUS] && dev->dev.child_buses->len) {
                next = dev->dev.child_buses->pdata[0];
                current = dev->config[PCI_SECONDARY_BUS];
            }
        }
        if (!next) {
            return NULL;
        }
        bus = next;
    }
    return devfn < PCI_DEVFN_MAX ? bus->devices[devfn] : NULL;
}

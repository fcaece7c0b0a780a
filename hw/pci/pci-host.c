/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What host bridges share: configuration mechanism #1 (PCI Local Bus 3.0, section 3.2.2.3.2), and the paths by which firmware names devices.
 */
#include "pci-internal.h"
#include "util/bytes.h"

enum { CONFIG_ENABLE = 1u << 31 };

static uint64_t address_read(void *opaque, uint64_t offset, unsigned size)
{
    PciConfigPorts *p = opaque;
    if (size == 1 && offset == 1 && p->reset_read) {
        return p->reset_read(p->reset_opaque);
    }
    return size == 4 && offset == 0 ? p->latch : UINT64_MAX;
}

static void address_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    PciConfigPorts *p = opaque;
    if (size == 4 && offset == 0) {
        p->latch = (uint32_t)value & 0x80fffffc;
    } else if (size == 1 && offset == 1 && p->reset_write) {
        p->reset_write(p->reset_opaque, (uint8_t)value);
    }
}
static const MmioOps address_ops = {.read = address_read, .write = address_write, .access_min = 1, .access_max = 4, .impl_min = 1, .impl_max = 4};

static PciDevice *target(const PciConfigPorts *p)
{
    return p->latch & CONFIG_ENABLE ? pci_find(p->root, p->latch >> 16 & 0xff, p->latch >> 8 & 0xff) : NULL;
}

static uint64_t data_read(void *opaque, uint64_t offset, unsigned size)
{
    PciConfigPorts *p = opaque;
    PciDevice *dev = target(p);
    return dev ? pci_config_read(dev, (p->latch & 0xfc) + (uint32_t)offset, size) : UINT64_MAX >> (64 - 8 * size);
}

static void data_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    PciConfigPorts *p = opaque;
    PciDevice *dev = target(p);
    if (dev) {
        pci_config_write(dev, (p->latch & 0xfc) + (uint32_t)offset, (uint32_t)value, size);
    }
}
static const MmioOps data_ops = {
    .read = data_read, .write = data_write, .access_min = 1, .access_max = 4, .impl_min = 1, .impl_max = 4,
};

void pci_config_ports_init(PciConfigPorts *p, Machine *m, Object *owner, PciBus *root, MemoryRegion *io)
{
    p->root = root;
    p->latch = 0;
    memory_region_init_mmio(&p->address, m, owner, &address_ops, p, "pci-conf-idx", 4);
    memory_region_init_mmio(&p->data, m, owner, &data_ops, p, "pci-conf-data", 4);
    memory_map(io, 0xcf8, &p->address);
    memory_map(io, 0xcfc, &p->data);
}

void pci_config_ports_destroy(PciConfigPorts *p)
{
    memory_region_destroy(&p->address);
    memory_region_destroy(&p->data);
}

/* --- paths, as bootorder files of SeaBIOS and OVMF have them (IEEE 1275, PCI binding) --- */
static const char *name_of_class(uint16_t class_id)
{
    static const struct {
        uint16_t class_id;
        const char *name;
    } names[] = {
        {0x0100, "scsi"}, {0x0101, "ide"}, {0x0102, "fdc"}, {0x0103, "ipi"}, {0x0104, "raid"}, {0x0200, "ethernet"}, {0x0201, "token-ring"},
        {0x0202, "fddi"}, {0x0203, "atm"}, {0x0300, "display"}, {0x0400, "video"}, {0x0401, "sound"}, {0x0500, "memory"}, {0x0501, "flash"},
        {0x0600, "host"}, {0x0601, "isa"}, {0x0602, "eisa"}, {0x0603, "mca"}, {0x0604, "pci-bridge"}, {0x0605, "pcmcia"}, {0x0700, "serial"},
        {0x0701, "parallel"}, {0x0c00, "fireware"}, {0x0c01, "access-bus"}, {0x0c02, "ssa"}, {0x0c03, "usb"}, {0x0c04, "fibre-channel"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (names[i].class_id == class_id) {
            return names[i].name;
        }
    }
    return NULL;
}

static char *own_part(const PciDevice *dev)
{
    const char *name = name_of_class(ld_le16(dev->config + PCI_CLASS_DEVICE));
    g_autofree char *ids = name ? NULL : g_strdup_printf("pci%04x,%04x", ld_le16(dev->config), ld_le16(dev->config + 2));
    unsigned func = PCI_FUNC((unsigned)dev->devfn), slot = PCI_SLOT((unsigned)dev->devfn);
    return func ? g_strdup_printf("%s@%x,%x", name ? name : ids, slot, func) : g_strdup_printf("%s@%x", name ? name : ids, slot);
}

char *pci_firmware_path(PciDevice *dev)
{
    char *path = own_part(dev);
    for (PciDevice *bridge = dev->bus->bridge; bridge; bridge = bridge->bus->bridge) {
        g_autofree char *tail = path, *part = own_part(bridge);
        path = g_strdup_printf("%s/%s", part, tail);
    }
    g_autofree char *tail = path;
    return g_strdup_printf("/pci@i0cf8/%s", tail);
}

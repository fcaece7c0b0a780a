/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI-to-PCI bridges (PCI-to-PCI Bridge Architecture 1.2): the registers that all share, and the conventional bridges `pci-bridge`,
 * `i82801b11-bridge` and `pcie-pci-bridge`. The windows are kept for the guest to program; devices behind a bridge decode their own
 * BARs in the same address space, so the windows need no regions of their own.
 */
#include "pci-internal.h"
#include "util/bytes.h"

typedef struct PciBridge {
    PciDevice pci;
    uint8_t chassis;
    bool msi;
} PciBridge;

PciBus *pci_bridge_init(PciDevice *dev, const char *bus_name, bool express, unsigned slots)
{
    dev->writable[PCI_PRIMARY_BUS] = dev->writable[PCI_SECONDARY_BUS] = dev->writable[PCI_SUBORDINATE_BUS] = 0xff;
    dev->writable[PCI_IO_BASE] = dev->writable[PCI_IO_LIMIT] = 0xf0;
    dev->config[PCI_IO_BASE] = dev->config[PCI_IO_LIMIT] = 1; /* 32-bit */
    st_le16(dev->writable + PCI_MEMORY_BASE, 0xfff0);
    st_le16(dev->writable + PCI_MEMORY_LIMIT, 0xfff0);
    st_le16(dev->writable + PCI_PREF_BASE, 0xfff0);
    st_le16(dev->writable + PCI_PREF_LIMIT, 0xfff0);
    st_le16(dev->config + PCI_PREF_BASE, 1); /* 64-bit */
    st_le16(dev->config + PCI_PREF_LIMIT, 1);
    st_le32(dev->writable + PCI_PREF_BASE_UPPER, UINT32_MAX);
    st_le32(dev->writable + PCI_PREF_LIMIT_UPPER, UINT32_MAX);
    st_le32(dev->writable + 0x30, UINT32_MAX); /* upper halves of the I/O window */
    st_le16(dev->writable + PCI_BRIDGE_CONTROL, 0x005f);
    PciBus *bus = (PciBus *)bus_new(express ? TYPE_PCIE_BUS : TYPE_PCI_BUS, &dev->dev, dev->dev.machine, dev->dev.id ? dev->dev.id : bus_name);
    bus->bridge = dev;
    bus->express = express;
    bus->slots = slots;
    bus->mem = dev->bus->mem;
    bus->io = dev->bus->io;
    return bus;
}

void pci_bridge_reset(PciDevice *dev)
{
    for (unsigned i = PCI_PRIMARY_BUS; i < 0x34; i++) {
        dev->config[i] &= (uint8_t)~dev->writable[i];
    }
    st_le16(dev->config + PCI_BRIDGE_CONTROL, 0);
}

static bool conventional_realize(PciDevice *dev, Error **errp)
{
    pci_bridge_init(dev, "pci-bridge", false, 32);
    return true;
}

static bool express_realize(PciDevice *dev, Error **errp)
{
    if (!dev->bus->express) {
        error_setg(errp, "pcie-pci-bridge has to be on a PCI Express bus, '%s' is none (pci-bridge goes there)", dev->bus->bus.name);
        return false;
    }
    pcie_add_capability(dev, 7);
    pci_bridge_init(dev, "pcie-pci-bridge", false, 32);
    return true;
}

static const Field bridge_fields[] = {
    FIELD(PciBridge, chassis, FIELD_U8, "chassis_nr", FIELD_PROP, .help = "number of the chassis"),
    FIELD(PciBridge, msi, FIELD_BOOL, "msi", FIELD_PROP | FIELD_HIDDEN, .help = "accepted for compatibility"),
    FIELD_END,
};
#define BRIDGE_PART                                                                                                     \
    PCI_DEVICE_PART, .device.category = DEVICE_CAT_BRIDGE, .device.user_creatable = true, .class_id = 0x0604, .bridge = true, .reset = pci_bridge_reset
#define BRIDGE_TYPE(symbol, type_name, text)                                                                            \
    static const TypeRecord symbol##_type = {.name = (type_name), .parent = TYPE_PCI_DEVICE, .help = (text),            \
        .instance_size = sizeof(PciBridge), .class_kind = TYPE_DEVICE, .class_data = &symbol##_class, .fields = bridge_fields};  \
    TYPE_REGISTER(symbol##_type)
static const PciClass bridge_class = {BRIDGE_PART, .vendor_id = 0x1b36, .device_id = 0x0001, .realize = conventional_realize};
BRIDGE_TYPE(bridge, "pci-bridge", "PCI-to-PCI bridge");
static const PciClass i82801_class = {BRIDGE_PART, .vendor_id = 0x8086, .device_id = 0x244e, .prog = 1, .revision = 0x92, .realize = conventional_realize};
BRIDGE_TYPE(i82801, "i82801b11-bridge", "PCI-to-PCI bridge of ICH9");
static const PciClass pcie_pci_class = {BRIDGE_PART, .vendor_id = 0x1b36, .device_id = 0x000e, .realize = express_realize};
BRIDGE_TYPE(pcie_pci, "pcie-pci-bridge", "PCI Express to PCI bridge");

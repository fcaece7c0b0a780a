/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pcie-root-port: a bridge from the root bus to a bus with one slot (1b36:000c).
 */
#include "hw/pci/pci.h"
#include "util/bytes.h"

typedef struct RootPort {
    PciDevice pci;
    PciBus *secondary;
    uint16_t slot;
    uint8_t chassis, port;
} RootPort;

static bool root_port_realize(PciDevice *dev, Error **errp)
{
    RootPort *rp = (RootPort *)dev;
    if (dev->bus->bridge || !dev->bus->express) {
        error_setg(errp, "pcie-root-port has to be on the root bus pcie.0");
        return false;
    }
    pci_set_interrupt_pin(dev, 1);
    pcie_add_capability(dev, 4);
    uint8_t at = (uint8_t)dev->express_cap;
    st_le32(dev->config + at + 0x14, (uint32_t)rp->slot << 19); /* slot capabilities: its number */
    st_le16(dev->writable + at + 0x18, 0x1fff);
    st_le16(dev->writable + at + 0x1c, 0x001f);
    rp->secondary = pci_bridge_init(dev, "pcie-port", true, 1);
    return true;
}

static void root_port_reset(PciDevice *dev)
{
    pci_bridge_reset(dev);
    if (((RootPort *)dev)->secondary->devices[0]) { /* presence detected */
        st_le16(dev->config + dev->express_cap + 0x1a, 1u << 6);
    }
}

static const Field root_port_fields[] = {
    FIELD(RootPort, slot, FIELD_U16, "slot", FIELD_PROP, .help = "number of the physical slot"),
    FIELD(RootPort, chassis, FIELD_U8, "chassis", FIELD_PROP, .help = "number of the chassis"),
    FIELD(RootPort, port, FIELD_U8, "port", FIELD_PROP, .help = "number of the port"),
    FIELD_END,
};
static const PciClass root_port_class = {
    PCI_DEVICE_PART, .device.category = DEVICE_CAT_BRIDGE, .device.user_creatable = true, .vendor_id = 0x1b36, .device_id = 0x000c,
    .class_id = 0x0604, .bridge = true, .realize = root_port_realize, .reset = root_port_reset,
};
static const TypeRecord root_port_type = {
    .name = "pcie-root-port", .parent = TYPE_PCI_DEVICE, .help = "PCI Express root port", .instance_size = sizeof(RootPort),
    .class_kind = TYPE_DEVICE, .class_data = &root_port_class, .fields = root_port_fields,
};
TYPE_REGISTER(root_port_type);

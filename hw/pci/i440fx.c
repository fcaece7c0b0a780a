/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The i440FX north bridge (82441FX data sheet, order number 290549): host bridge 8086:1237 at 00:00.0 with PAM (0x59-0x5f) and SMRAM (0x72).
 */
#include <string.h>

#include "pc-memory.h"
#include "util/bytes.h"

enum { I440FX_PAM = 0x59, I440FX_SMRAM = 0x72, I440FX_RAM_SIZE = 0x57 };

static PcHost *host_of(PciDevice *dev) { return (PcHost *)dev->bus->bus.parent; }

static bool meets(uint32_t offset, unsigned size, unsigned first, unsigned last) { return offset <= last && offset + size > first; }

static void config_written(PciDevice *dev, uint32_t offset, unsigned size)
{
    PcHost *h = host_of(dev);
    if (meets(offset, size, I440FX_PAM, I440FX_PAM + PAM_BYTES - 1)) {
        pc_memory_set_pam(h, dev->config + I440FX_PAM);
    }
    if (meets(offset, size, I440FX_SMRAM, I440FX_SMRAM)) {
        uint8_t *smram = &dev->config[I440FX_SMRAM];
        if (*smram & SMRAM_LOCK) { /* until the next reset */
            *smram &= (uint8_t)~SMRAM_OPEN;
            dev->writable[I440FX_SMRAM] = SMRAM_CLOSE;
        }
        pc_memory_set_smram(h, *smram);
    }
}

static bool root_realize(PciDevice *dev, Error **errp)
{
    uint64_t units = host_of(dev)->setup.below_4g >> 23; /* of 8 MiB: coreboot reads it */
    dev->config[I440FX_RAM_SIZE] = (uint8_t)MIN(units, 255);
    memset(dev->writable + I440FX_PAM, 0xff, PAM_BYTES);
    return true;
}

static void root_reset(PciDevice *dev)
{
    st_le16(dev->config + PCI_COMMAND, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY);
    st_le16(dev->config + PCI_STATUS, 0x0280);
    memset(dev->config + I440FX_PAM, 0, PAM_BYTES);
    dev->config[I440FX_SMRAM] = 2;
    dev->writable[I440FX_SMRAM] = SMRAM_OPEN | SMRAM_CLOSE | SMRAM_LOCK | SMRAM_ENABLE;
    config_written(dev, I440FX_PAM, PAM_BYTES);
    config_written(dev, I440FX_SMRAM, 1);
}

static const PciClass root_class = {
    PCI_DEVICE_PART, .device.category = DEVICE_CAT_BRIDGE, .vendor_id = 0x8086, .device_id = 0x1237, .revision = 2, .class_id = 0x0600,
    .realize = root_realize, .reset = root_reset, .config_written = config_written,
};
static const TypeRecord root_type = {
    .name = "i440FX", .parent = TYPE_PCI_DEVICE, .help = "host bridge of the i440FX", .class_kind = TYPE_DEVICE, .class_data = &root_class,
};
TYPE_REGISTER(root_type);

static const DeviceClass host_class = {.bus_type = "System", .category = DEVICE_CAT_BRIDGE};
static bool host_realize(Object *obj, Error **errp) { return true; }
static const TypeRecord host_type = {
    .name = "i440FX-pcihost", .parent = TYPE_SYS_DEVICE, .help = "north bridge i440FX", .instance_size = sizeof(PcHost), .class_kind = TYPE_DEVICE,
    .class_data = &host_class, .realize = host_realize, .unrealize = pc_host_unrealize,
};
TYPE_REGISTER(host_type);

/* INTA of slot 1 is PIRQA, and so on around (how boards of the time wire it). */
static unsigned pin_map(void *opaque, unsigned slot, unsigned pin) { return (slot + pin + 3) & 3; }

PcHost *i440fx_create(Machine *m, const PcHostSetup *setup, Error **errp)
{
    PcHost *h = pc_host_new(m, "i440FX-pcihost", false, "pci.0", setup, errp);
    if (!h) {
        return NULL;
    }
    h->root->pin_map = pin_map;
    return pci_create(h->root, "i440FX", PCI_DEVFN(0, 0), errp) ? h : NULL;
}

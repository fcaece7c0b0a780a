/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Q35 north bridge (Intel 3 Series Express chipset data sheet, 316966): host bridge 8086:29c0 at 00:00.0 with PCIEXBAR (0x60: the ECAM window),
 * PAM (0x90-0x96), SMRAM (0x9d), ESMRAMC (0x9e: TSEG). The extended size of TSEG, 16 MiB, is told at 0x50, as the reference does.
 */
#include <string.h>

#include "pc-memory.h"
#include "util/bytes.h"

enum {
    Q35_EXT_TSEG = 0x50, Q35_PCIEXBAR = 0x60, Q35_PAM = 0x90, Q35_SMRAM = 0x9d, Q35_ESMRAMC = 0x9e, PCIEXBAR_ENABLE = 1,
    TSEG_ENABLE = 1, TSEG_SIZE = 6, EXT_TSEG_MIB = 16,
};
#define Q35_ECAM_DEFAULT 0xb0000000ull
#define MIB (1024 * 1024ull)
#define ECAM_SIZE (256 * MIB)

static PcHost *host_of(PciDevice *dev) { return (PcHost *)dev->bus->bus.parent; }

static bool meets(uint32_t offset, unsigned size, unsigned first, unsigned last) { return offset <= last && offset + size > first; }

/* --- ECAM --- */
static uint64_t ecam_read(void *opaque, uint64_t offset, unsigned size)
{
    PcHost *h = opaque;
    PciDevice *dev = pci_find(h->root, offset >> 20 & 0xff, offset >> 12 & 0xff);
    return dev ? pci_config_read(dev, offset & 0xfff, size) : UINT64_MAX >> (64 - 8 * size);
}

static void ecam_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    PcHost *h = opaque;
    PciDevice *dev = pci_find(h->root, offset >> 20 & 0xff, offset >> 12 & 0xff);
    if (dev) {
        pci_config_write(dev, offset & 0xfff, (uint32_t)value, size);
    }
}
static const MmioOps ecam_ops = {.read = ecam_read, .write = ecam_write, .access_min = 1, .access_max = 4, .impl_min = 1, .impl_max = 4};

static void update_ecam(PciDevice *dev)
{
    PcHost *h = host_of(dev);
    Machine *m = dev->dev.machine;
    uint64_t reg = ld_le64(dev->config + Q35_PCIEXBAR);
    unsigned kind = reg >> 1 & 3; /* 256, 128, 64 MiB; 3 is reserved */
    uint64_t size = ECAM_SIZE >> kind;
    memory_begin(m);
    memory_region_destroy(&h->ecam_window); /* an alias: the write may come through it */
    if ((reg & PCIEXBAR_ENABLE) && kind != 3) {
        uint64_t base = reg & 0xffc000000ull & ~(size - 1);
        memory_region_init_alias(&h->ecam_window, m, OBJECT(h), "pcie-mmcfg", &h->ecam, 0, size);
        memory_map(m->system_memory, base, &h->ecam_window);
    }
    memory_commit(m);
}

/* --- SMRAM --- */
static void update_smram(PciDevice *dev)
{
    PcHost *h = host_of(dev);
    uint8_t *smram = &dev->config[Q35_SMRAM], esmramc = dev->config[Q35_ESMRAMC];
    if (*smram & SMRAM_LOCK) {
        *smram &= (uint8_t)~SMRAM_OPEN;
        dev->writable[Q35_SMRAM] = SMRAM_CLOSE;
        dev->writable[Q35_ESMRAMC] = 0;
        st_le16(dev->writable + Q35_EXT_TSEG, 0);
    }
    pc_memory_set_smram(h, *smram);
    static const uint8_t sizes[] = {1, 2, 8, EXT_TSEG_MIB}; /* MiB */
    uint64_t size = esmramc & TSEG_ENABLE && *smram & SMRAM_ENABLE ? sizes[(esmramc & TSEG_SIZE) >> 1] * MIB : 0;
    pc_memory_set_tseg(h, size, h->setup.below_4g - MIN(size, h->setup.below_4g));
}

static void config_written(PciDevice *dev, uint32_t offset, unsigned size)
{
    if (meets(offset, size, Q35_PCIEXBAR, Q35_PCIEXBAR + 7)) {
        update_ecam(dev);
    }
    if (meets(offset, size, Q35_PAM, Q35_PAM + PAM_BYTES - 1)) {
        pc_memory_set_pam(host_of(dev), dev->config + Q35_PAM);
    }
    if (meets(offset, size, Q35_SMRAM, Q35_ESMRAMC)) {
        update_smram(dev);
    }
    if (meets(offset, size, Q35_EXT_TSEG, Q35_EXT_TSEG + 1) && ld_le16(dev->config + Q35_EXT_TSEG) == 0xffff) {
        /* a guest that writes ones asks for the extended size */
        st_le16(dev->config + Q35_EXT_TSEG, EXT_TSEG_MIB);
    }
}

static bool root_realize(PciDevice *dev, Error **errp)
{
    memset(dev->writable + Q35_PAM, 0xff, PAM_BYTES);
    st_le64(dev->writable + Q35_PCIEXBAR, 0xff0000007ull | 0x0c000000);
    return true;
}

static void root_reset(PciDevice *dev)
{
    st_le64(dev->config + Q35_PCIEXBAR, Q35_ECAM_DEFAULT);
    memset(dev->config + Q35_PAM, 0, PAM_BYTES);
    dev->config[Q35_SMRAM] = 2;
    dev->config[Q35_ESMRAMC] = 0x38;
    dev->writable[Q35_SMRAM] = SMRAM_OPEN | SMRAM_CLOSE | SMRAM_LOCK | SMRAM_ENABLE;
    dev->writable[Q35_ESMRAMC] = TSEG_ENABLE | TSEG_SIZE;
    if (host_of(dev)->setup.smm) {
        st_le16(dev->config + Q35_EXT_TSEG, EXT_TSEG_MIB);
        st_le16(dev->writable + Q35_EXT_TSEG, 0xffff);
    }
    update_ecam(dev);
    pc_memory_set_pam(host_of(dev), dev->config + Q35_PAM);
    update_smram(dev);
}

static const PciClass root_class = {
    PCI_DEVICE_PART, .device.category = DEVICE_CAT_BRIDGE, .vendor_id = 0x8086, .device_id = 0x29c0, .revision = 0, .class_id = 0x0600,
    .realize = root_realize, .reset = root_reset, .config_written = config_written,
};
static const TypeRecord root_type = {
    .name = "mch", .parent = TYPE_PCI_DEVICE, .help = "host bridge of the Q35", .class_kind = TYPE_DEVICE, .class_data = &root_class,
};
TYPE_REGISTER(root_type);

static const DeviceClass host_class = {.bus_type = "System", .category = DEVICE_CAT_BRIDGE};
static bool host_realize(Object *obj, Error **errp) { return true; }
static const TypeRecord host_type = {
    .name = "q35-pcihost", .parent = TYPE_SYS_DEVICE, .help = "north bridge Q35", .instance_size = sizeof(PcHost), .class_kind = TYPE_DEVICE,
    .class_data = &host_class, .realize = host_realize, .unrealize = pc_host_unrealize,
};
TYPE_REGISTER(host_type);

PcHost *q35_host_create(Machine *m, const PcHostSetup *setup, Error **errp)
{
    PcHost *h = pc_host_new(m, "q35-pcihost", true, "pcie.0", setup, errp);
    if (!h) {
        return NULL;
    }
    memory_region_init_mmio(&h->ecam, m, OBJECT(h), &ecam_ops, h, "pcie-mmcfg-mmio", ECAM_SIZE);
    return pci_create(h->root, "mch", PCI_DEVFN(0, 0), errp) ? h : NULL;
}

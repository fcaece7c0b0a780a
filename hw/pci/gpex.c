/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The generic PCI Express host bridge: configuration space memory mapped as ECAM (PCI Express Base 4.0, section 7.2.2), a 32-bit and a
 * 64-bit memory window, an I/O window, four interrupt lines. Function 00:00.0 is the bridge itself (1b36:0008).
 */
#include "hw/pci/pci.h"
#include "hw/sysbus.h"

typedef struct GpexHost {
    SysDevice sys;
    MemoryRegion ecam, mem, io, mmio_window, high_window;
    PciBus *root;
} GpexHost;

static PciDevice *decode(GpexHost *h, uint64_t offset)
{
    return pci_find(h->root, offset >> 20 & 0xff, offset >> 12 & 0xff);
}

static uint64_t ecam_read(void *opaque, uint64_t offset, unsigned size)
{
    PciDevice *dev = decode(opaque, offset);
    return dev ? pci_config_read(dev, offset & 0xfff, size) : UINT64_MAX >> (64 - 8 * size);
}

static void ecam_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    PciDevice *dev = decode(opaque, offset);
    if (dev) {
        pci_config_write(dev, offset & 0xfff, (uint32_t)value, size);
    }
}

static const MmioOps ecam_ops = {.read = ecam_read, .write = ecam_write, .access_min = 1, .access_max = 4, .impl_min = 1, .impl_max = 4};

static bool gpex_realize(Object *obj, Error **errp)
{
    GpexHost *h = (GpexHost *)obj;
    Machine *m = h->sys.dev.machine;
    memory_region_init_mmio(&h->ecam, m, obj, &ecam_ops, h, "pcie-mmcfg-mmio", 256u << 20);
    memory_region_init(&h->mem, m, obj, "gpex_mmio", UINT64_MAX);
    memory_region_init(&h->io, m, obj, "gpex_ioport", 64 * 1024);
    sys_add_mmio(&h->sys, &h->ecam);
    sys_add_mmio(&h->sys, &h->io);
    return true;
}

static void gpex_unrealize(Object *obj)
{
    GpexHost *h = (GpexHost *)obj;
    memory_region_destroy(&h->mmio_window);
    memory_region_destroy(&h->high_window);
    memory_region_destroy(&h->mem);
}

static const DeviceClass gpex_class = {.bus_type = "System", .category = DEVICE_CAT_BRIDGE};
static const TypeRecord gpex_type = {
    .name = "gpex-pcihost", .parent = TYPE_SYS_DEVICE, .help = "generic PCI Express host bridge", .instance_size = sizeof(GpexHost),
    .class_kind = TYPE_DEVICE, .class_data = &gpex_class, .realize = gpex_realize, .unrealize = gpex_unrealize,
};
TYPE_REGISTER(gpex_type);

static const PciClass gpex_root_class = {PCI_DEVICE_PART, .vendor_id = 0x1b36, .device_id = 0x0008, .class_id = 0x0600};
static const TypeRecord gpex_root_type = {
    .name = "gpex-root", .parent = TYPE_PCI_DEVICE, .help = "the host bridge as a function of its bus", .class_kind = TYPE_DEVICE, .class_data = &gpex_root_class,
};
TYPE_REGISTER(gpex_root_type);

PciBus *gpex_create(Machine *m, const GpexWindows *w, const Irq lines[4], Error **errp)
{
    DeviceState *ds = device_new(m, "gpex-pcihost");
    GpexHost *h = (GpexHost *)ds;
    if (!device_attach(ds, NULL, NULL, errp)) {
        return NULL;
    }
    h->root = pci_root_bus_new(ds, "pcie.0", &h->mem, &h->io, lines);
    sys_map(ds, 0, w->ecam);
    if (w->pio_size) {
        sys_map(ds, 1, w->pio);
    }
    memory_region_init_alias(&h->mmio_window, m, OBJECT(ds), "pcie-mmio", &h->mem, w->mmio, w->mmio_size);
    memory_map(m->system_memory, w->mmio, &h->mmio_window);
    if (w->mmio_high_size) {
        memory_region_init_alias(&h->high_window, m, OBJECT(ds), "pcie-mmio-high", &h->mem, w->mmio_high, w->mmio_high_size);
        memory_map(m->system_memory, w->mmio_high, &h->high_window);
    }
    return pci_create(h->root, "gpex-root", PCI_DEVFN(0, 0), errp) ? h->root : NULL;
}

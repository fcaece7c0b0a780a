/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PCI card "VGA" (1234:1111): BAR 0 video memory, BAR 2 registers (EDID not yet, VGA ports at 0x400, DISPI at 0x500,
 * byte order at 0x600), the legacy ports and window, and SeaVGABIOS as its option ROM.
 */
#include <string.h>

#include "hw/pci/pci.h"
#include "vga.h"

enum { MMIO_BYTES = 4096, MMIO_PORTS = 0x400, MMIO_DISPI = 0x500, MMIO_EXT = 0x600, LITTLE_ENDIAN_FB = 0x1e1e1e1e };

typedef struct VgaPci {
    PciDevice pci;
    VgaState vga;
    MemoryRegion mmio;
} VgaPci;

static uint64_t mmio_read(void *opaque, uint64_t offset, unsigned size)
{
    VgaPci *s = opaque;

    if (offset >= MMIO_PORTS && offset < MMIO_PORTS + 0x20) {
        return vga_port_read(&s->vga, (uint32_t)(offset - MMIO_PORTS) + 0x3c0);
    }
    if (offset >= MMIO_DISPI && offset < MMIO_DISPI + 2 * VGA_DISPI_REGS) {
        uint16_t v = vga_dispi_read(&s->vga, (unsigned)(offset - MMIO_DISPI) / 2);

        return offset & 1 ? v >> 8 : size == 1 ? v & 0xff : v;
    }
    if (offset >= MMIO_EXT && offset < MMIO_EXT + 8) {
        uint64_t regs = 8 | (uint64_t)LITTLE_ENDIAN_FB << 32; /* size, byte order */

        return regs >> (8 * (offset - MMIO_EXT)) & 0xffff;
    }
    return offset < MMIO_PORTS ? 0 : ~0ull;
}

static void mmio_write(void *opaque, uint64_t offset, uint64_t v, unsigned size)
{
    VgaPci *s = opaque;

    if (offset >= MMIO_PORTS && offset < MMIO_PORTS + 0x20) {
        for (unsigned i = 0; i < size; i++) {
            vga_port_write(&s->vga, (uint32_t)(offset - MMIO_PORTS) + 0x3c0 + i, (uint8_t)(v >> (8 * i)));
        }
    } else if (offset >= MMIO_DISPI && offset < MMIO_DISPI + 2 * VGA_DISPI_REGS && size == 2) {
        vga_dispi_write(&s->vga, (unsigned)(offset - MMIO_DISPI) / 2, (uint16_t)v);
    }
}

static const MmioOps mmio_ops = {.read = mmio_read, .write = mmio_write, .access_min = 1, .access_max = 8, .impl_min = 1, .impl_max = 2};

static bool vga_pci_realize(PciDevice *dev, Error **errp)
{
    VgaPci *s = (VgaPci *)dev;
    Machine *m = dev->dev.machine;
    VgaState *v = &s->vga;

    if (!vga_init(v, m, OBJECT(dev), "VGA", errp)) {
        return false;
    }
    memory_region_init_mmio(&s->mmio, m, OBJECT(dev), &mmio_ops, s, "vga.mmio", MMIO_BYTES);
    pci_register_bar(dev, 0, PCI_BAR_PREFETCH, &v->vram);
    pci_register_bar(dev, 2, 0, &s->mmio);
    memory_begin(m);
    memory_map_overlap(dev->bus->mem, 0xa0000, &v->window, 1);
    memory_map_overlap(dev->bus->io, 0x3b0, &v->ports_mono, 1);
    memory_map_overlap(dev->bus->io, 0x3c0, &v->ports, 1);
    memory_map_overlap(dev->bus->io, 0x3d0, &v->ports_color, 1);
    memory_map_overlap(dev->bus->io, 0x1ce, &v->ports_dispi, 1);
    memory_commit(m);
    return true;
}

static void vga_pci_unrealize(PciDevice *dev)
{
    VgaPci *s = (VgaPci *)dev;

    if (s->vga.console) {
        vga_exit(&s->vga);
        memory_region_destroy(&s->mmio);
    }
}

static void vga_pci_reset(PciDevice *dev) { vga_reset(&((VgaPci *)dev)->vga); }

static const Field vga_pci_fields[] = {
    FIELD(VgaPci, vga.vram_mb, FIELD_U32, "vgamem_mb", FIELD_PROP, .def = 16, .help = "video memory in MiB, a power of two"),
    FIELD_END,
};
static const PciClass vga_pci_class = {
    PCI_DEVICE_PART, .device.category = DEVICE_CAT_DISPLAY, .device.user_creatable = true, .vendor_id = 0x1234, .device_id = 0x1111,
    .class_id = 0x0300, .revision = 2, .subsystem_vendor = 0x1af4, .subsystem = 0x1100, .romfile = "vgabios-stdvga.bin",
    .realize = vga_pci_realize, .unrealize = vga_pci_unrealize, .reset = vga_pci_reset,
};
static const TypeRecord vga_pci_type = {
    .name = "VGA", .parent = TYPE_PCI_DEVICE, .help = "VGA with Bochs VBE extensions", .instance_size = sizeof(VgaPci),
    .class_kind = TYPE_DEVICE, .class_data = &vga_pci_class, .fields = vga_pci_fields,
};
TYPE_REGISTER(vga_pci_type);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Option ROMs: the image of property romfile behind the expansion ROM base address register (PCI Local Bus 3.0, sections 6.2.5.2 and 6.3).
 * The image that a class names by default serves several devices, so its ids are made those of the device it is put on.
 */
#include <string.h>

#include "pci-internal.h"
#include "util/bytes.h"

enum { ROM_MAX = 16 << 20, ROM_ENABLE = 1, ROM_PAGE = 2048 };

unsigned pci_rom_offset(const PciDevice *dev) { return pci_class(dev)->bridge ? 0x38 : PCI_ROM; }

/* The bytes of a legacy image (section 6.3.3.2) sum up to 0; byte 6 is free to make them so. */
static void adopt_ids(const PciDevice *dev, uint8_t *rom, uint64_t len)
{
    if (len < 0x1a || rom[0] != 0x55 || rom[1] != 0xaa) {
        return;
    }
    uint64_t at = ld_le16(rom + 0x18), bytes = rom[2] * 512ull;
    if (!range_within(at, 24, len) || memcmp(rom + at, "PCIR", 4)) {
        return;
    }
    memcpy(rom + at + 4, dev->config + PCI_VENDOR_ID, 4);
    if (rom[at + 0x14] == 0 && bytes <= len) { /* code type: PC-AT */
        uint8_t sum = 0;
        for (uint64_t i = 0; i < bytes; i++) {
            sum = (uint8_t)(sum + rom[i]);
        }
        rom[6] = (uint8_t)(rom[6] - sum);
    }
}

bool pci_rom_load(PciDevice *dev, Error **errp)
{
    bool own = dev->romfile != NULL;
    const char *name = own ? dev->romfile : dev->default_rom;
    Machine *m = dev->dev.machine;
    if (!name || !*name || !dev->rombar || dev->rom.machine) {
        return true;
    }
    g_autofree char *path = find_firmware(m, name, own ? errp : NULL);
    g_autofree uint8_t *data = NULL;
    uint64_t len, size = ROM_PAGE;
    if (!path || !load_file(path, ROM_MAX, false, &data, &len, own ? errp : NULL)) {
        return !own; /* a device works without the ROM that it has by default */
    }
    while (size < len) {
        size *= 2;
    }
    if (!memory_region_init_rom(&dev->rom, m, OBJECT(dev), "option-rom", MAX(size, 4096), errp)) {
        return false;
    }
    if (!own) {
        adopt_ids(dev, data, len);
    }
    memcpy(dev->rom.ram->host, data, len);
    st_le32(dev->writable + pci_rom_offset(dev), (uint32_t)~(dev->rom.size - 1) | ROM_ENABLE);
    return true;
}

void pci_rom_reset(PciDevice *dev)
{
    if (dev->rom.machine) {
        st_le32(dev->config + pci_rom_offset(dev), 0);
    }
}

void pci_rom_update(PciDevice *dev)
{
    if (!dev->rom.machine) {
        return;
    }
    uint32_t reg = ld_le32(dev->config + pci_rom_offset(dev));
    uint64_t addr = reg & ~(dev->rom.size - 1);
    bool on = (reg & ROM_ENABLE) && (ld_le16(dev->config + PCI_COMMAND) & PCI_COMMAND_MEMORY) && addr &&
              addr != (UINT32_MAX & ~(dev->rom.size - 1));
    if (dev->rom_mapped && (!on || addr != dev->rom_addr)) {
        memory_unmap(&dev->rom);
        dev->rom_mapped = false;
    }
    if (on && !dev->rom_mapped) {
        memory_map_overlap(dev->bus->mem, addr, &dev->rom, 1);
        dev->rom_mapped = true;
        dev->rom_addr = addr;
    }
}

void pci_rom_free(PciDevice *dev)
{
    memory_region_destroy(&dev->rom);
    dev->rom_mapped = false;
}

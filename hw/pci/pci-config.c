/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration space: reads and masked writes, base address registers that move their regions, capabilities.
 */
#include <string.h>

#include "hw/pci/pci.h"
#include "pci-internal.h"
#include "util/bytes.h"
#include "util/log.h"

static unsigned bar_offset(unsigned n)
{
    return PCI_BAR0 + 4 * n;
}

static uint64_t bar_address(const PciDevice *dev, unsigned n)
{
    const PciBar *bar = &dev->bars[n];
    uint16_t command = ld_le16(dev->config + PCI_COMMAND);
    uint64_t addr = ld_le32(dev->config + bar_offset(n));
    if (!(command & (bar->type & PCI_BAR_IO ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY))) {
        return UINT64_MAX;
    }
    if (bar->type & PCI_BAR_MEM64) {
        addr |= (uint64_t)ld_le32(dev->config + bar_offset(n + 1)) << 32;
    }
    addr &= ~(bar->size - 1) & ~(uint64_t)(bar->type & PCI_BAR_IO ? 3 : 15);
    /* All ones is what software writes to learn the size; 0 is the state after reset. */
    uint64_t top = bar->type & PCI_BAR_MEM64 ? UINT64_MAX : UINT32_MAX;
    bool sizing = addr == (top & ~(bar->size - 1));
    return addr == 0 || sizing || addr + bar->size < addr ? UINT64_MAX : addr;
}

void pci_update_bars(PciDevice *dev)
{
    memory_begin(dev->dev.machine);
    for (unsigned n = 0; n < PCI_BARS; n++) {
        PciBar *bar = &dev->bars[n];
        if (!bar->region) {
            continue;
        }
        uint64_t addr = bar_address(dev, n);
        if (bar->mapped && addr == bar->addr) {
            continue;
        }
        if (bar->mapped) {
            memory_unmap(bar->region);
            bar->mapped = false;
        }
        if (addr != UINT64_MAX) {
            memory_map_overlap(bar->type & PCI_BAR_IO ? dev->bus->io : dev->bus->mem, addr, bar->region, 1);
            bar->mapped = true;
            bar->addr = addr;
        }
    }
    pci_rom_update(dev);
    memory_commit(dev->dev.machine);
}

void pci_register_bar(PciDevice *dev, unsigned n, uint8_t type, MemoryRegion *region)
{
    PciBar *bar = &dev->bars[n];
    g_assert(n < PCI_BARS && is_power_of_2(region->size) && !bar->region);
    *bar = (PciBar){.region = region, .size = region->size, .type = type};
    uint64_t mask = ~(region->size - 1);
    st_le32(dev->config + bar_offset(n), type);
    st_le32(dev->writable + bar_offset(n), (uint32_t)mask & ~(type & PCI_BAR_IO ? 3u : 15u));
    if (type & PCI_BAR_MEM64) {
        g_assert(n + 1 < PCI_BARS);
        st_le32(dev->writable + bar_offset(n + 1), (uint32_t)(mask >> 32));
    }
}

uint8_t pci_add_capability(PciDevice *dev, uint8_t id, uint8_t size)
{
    unsigned at = dev->next_cap ? dev->next_cap : 0x40;
    unsigned end = (at + size + 3) & ~3u;
    if (end > PCI_CONFIG_BYTES) {
        return 0;
    }
    dev->next_cap = (uint8_t)end;
    dev->config[at] = id;
    dev->config[at + 1] = dev->config[PCI_CAPABILITIES];
    dev->config[PCI_CAPABILITIES] = (uint8_t)at;
    dev->config[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
    return (uint8_t)at;
}

void pcie_add_capability(PciDevice *dev, uint8_t port_type)
{
    uint8_t at = pci_add_capability(dev, 0x10, 0x3c);
    dev->express_cap = at;
    st_le16(dev->config + at + 2, (uint16_t)(2 | port_type << 4 | (port_type == 4) << 8)); /* version 2; a root port has a slot */
    st_le32(dev->config + at + 4, 1u << 15);                                             /* role-based error reporting */
    st_le16(dev->writable + at + 8, 0x77ef);                                             /* device control */
    if (port_type != 9) {
        st_le32(dev->config + at + 0xc, 1u << 4 | 1);    /* link: x1, 2.5 GT/s */
        st_le16(dev->config + at + 0x12, 1u << 4 | 1);
        st_le16(dev->writable + at + 0x10, 0x0153);
    }
}

void pci_set_interrupt_pin(PciDevice *dev, uint8_t pin)
{
    dev->config[PCI_INTERRUPT_PIN] = pin;
}

uint32_t pci_config_read(PciDevice *dev, uint32_t offset, unsigned size)
{
    const PciClass *pc = pci_class(dev);
    uint32_t value = 0;
    if (offset + size > PCIE_CONFIG_BYTES || (offset >= PCI_CONFIG_BYTES && !dev->express_cap)) {
        return UINT32_MAX >> (32 - 8 * size);
    }
    if (pc->config_reading) {
        pc->config_reading(dev, offset, size);
    }
    for (unsigned i = 0; i < size; i++) {
        value |= (uint32_t)dev->config[offset + i] << (8 * i);
    }
    return value;
}

static bool touches(uint32_t offset, unsigned size, uint32_t first, uint32_t last)
{
    return offset <= last && offset + size > first;
}

void pci_config_write(PciDevice *dev, uint32_t offset, uint32_t value, unsigned size)
{
    const PciClass *pc = pci_class(dev);
    if (offset + size > PCIE_CONFIG_BYTES) {
        return;
    }
    for (unsigned i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)(value >> (8 * i)), *at = &dev->config[offset + i], mask = dev->writable[offset + i];
        *at = (uint8_t)((*at & ~mask) | (byte & mask));
        *at &= (uint8_t)~(byte & dev->clears[offset + i]);
    }
    unsigned rom = pci_rom_offset(dev);
    if (touches(offset, size, PCI_COMMAND, PCI_COMMAND + 1) || touches(offset, size, PCI_BAR0, pc->bridge ? 0x17 : 0x27) ||
        touches(offset, size, rom, rom + 3)) {
        pci_update_bars(dev);
    }
    if (touches(offset, size, PCI_COMMAND, PCI_COMMAND + 1)) {
        pci_irq(dev, dev->irq_level); /* INTx may have been switched off */
    }
    pci_messages_written(dev, offset, size);
    if (pc->config_written) {
        pc->config_written(dev, offset, size);
    }
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of hw/pci share.
 */
#ifndef HW_PCI_INTERNAL_H
#define HW_PCI_INTERNAL_H

#include "hw/pci/pci.h"

/* Maps and unmaps BARs by what configuration space says now. */
void pci_update_bars(PciDevice *dev);
PciBus *pci_root_of(PciDevice *dev);

/* messages (msi.c) */
void pci_messages_written(PciDevice *dev, uint32_t offset, unsigned size); /* configuration space was written */
void pci_messages_reset(PciDevice *dev);
void pci_msix_free(PciDevice *dev);

/* option ROM (pci-rom.c) */
bool pci_rom_load(PciDevice *dev, Error **errp);
void pci_rom_reset(PciDevice *dev);
void pci_rom_update(PciDevice *dev); /* maps it by what its base address register says */
void pci_rom_free(PciDevice *dev);
unsigned pci_rom_offset(const PciDevice *dev);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of hw/pci share.
 */
#ifndef HW_PCI_INTERNAL_H
#define HW_PCI_INTERNAL_H

#include "hw/pci/pci.h"

/* Maps and unmaps BARs by what configuration space says now. */
void pci_update_bars(PciDevice *dev);

#endif

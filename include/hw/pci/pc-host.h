/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The north bridges of a PC: i440FX (82441FX data sheet 290549) and Q35 (316966), with what they do to memory: PCI below RAM, the
 * PAM shadow of C0000-FFFFF, and SMRAM. Guarded by the machine lock.
 */
#ifndef HW_PCI_PC_HOST_H
#define HW_PCI_PC_HOST_H

#include "hw/pci/pci.h"

typedef struct PcHost PcHost; /* a SysDevice "i440FX-pcihost" or "q35-pcihost" */

typedef struct PcHostSetup {
    MemoryRegion *ram;    /* all of it; what is below 4 GiB begins at its offset 0, which is address 0 */
    uint64_t below_4g;
    MemoryRegion *io;     /* I/O space, 64 KiB */
    bool smm;             /* there is a second view of memory, for system management mode */
} PcHostSetup;

/* The root bus is "pci.0" with lines PIRQA..PIRQD (the south bridge sets them). */
PcHost *i440fx_create(Machine *m, const PcHostSetup *setup, Error **errp);
/* The root bus is "pcie.0"; the pin map and 8 lines are the south bridge's. */
PcHost *q35_host_create(Machine *m, const PcHostSetup *setup, Error **errp);

PciBus *pc_host_bus(PcHost *host);
MemoryRegion *pc_host_pci_memory(PcHost *host);   /* what is not RAM: ROMs and legacy windows are mapped here */
AddressSpace *pc_host_smm_memory(PcHost *host);   /* NULL: without SMM */
/* Port 0xcf9, which lies inside of the configuration address register: the south bridge's. */
void pc_host_set_reset_port(PcHost *host, uint8_t (*read)(void *opaque), void (*write)(void *opaque, uint8_t value), void *opaque);

#endif

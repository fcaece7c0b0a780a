/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What both north bridges share: their state, and the memory windows behind PAM and SMRAM registers (pc-memory.c).
 */
#ifndef HW_PCI_PC_MEMORY_H
#define HW_PCI_PC_MEMORY_H

#include "hw/pci/pc-host.h"
#include "hw/sysbus.h"

enum { PAM_SECTIONS = 13, PAM_BYTES = 7, SMRAM_OPEN = 0x40, SMRAM_CLOSE = 0x20, SMRAM_LOCK = 0x10, SMRAM_ENABLE = 8 };

typedef struct PcMemory {
    MemoryRegion pci;       /* lies below RAM */
    MemoryRegion legacy;    /* A0000-BFFFF: PCI over RAM, unless SMRAM is open to all */
    MemoryRegion roms;      /* C0000-FFFFF: PCI over RAM */
    MemoryRegion hole[2];   /* behind these two: where PCI has nothing, RAM does not show */
    MemoryRegion shadow[PAM_SECTIONS][2]; /* RAM over that: read only, read and write */
    MemoryRegion smm_root, smm_system, smm_low, smm_tseg; /* the view from inside SMM */
    MemoryRegion tseg_hole; /* what others see at TSEG */
    AddressSpace *smm_as;
} PcMemory;

struct PcHost {
    SysDevice sys;
    PcHostSetup setup;
    PcMemory mem;
    PciBus *root;
    PciConfigPorts ports;
    MemoryRegion ecam, ecam_window; /* Q35 */
};

void pc_memory_init(PcHost *h);
void pc_memory_destroy(PcHost *h);
/* @pam: the seven registers as they are now. */
void pc_memory_set_pam(PcHost *h, const uint8_t pam[PAM_BYTES]);
void pc_memory_set_smram(PcHost *h, uint8_t smram);
/* @size 0: no TSEG. It ends at the end of low RAM. */
void pc_memory_set_tseg(PcHost *h, uint64_t size, uint64_t base);
/* Common part of both creations. */
PcHost *pc_host_new(Machine *m, const char *type, bool express, const char *bus_name, const PcHostSetup *setup, Error **errp);
void pc_host_unrealize(Object *obj);

#endif

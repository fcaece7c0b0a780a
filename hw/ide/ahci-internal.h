/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The AHCI controller's parts (AHCI 1.3.1): ahci.c registers and interrupts, ahci-port.c commands and frames,
 * ahci-ncq.c queued commands.
 */
#ifndef HW_IDE_AHCI_INTERNAL_H
#define HW_IDE_AHCI_INTERNAL_H

#include "ide-internal.h"

enum { AHCI_PORTS = 6, AHCI_SLOTS = 32, AHCI_MEM_BYTES = 4096, AHCI_PORT_BASE = 0x100, AHCI_PORT_BYTES = 0x80,
      CFIS_BYTES = 20, AHCI_PRD_BYTES = 16 };

enum { /* PxIS */
    PIS_D2H = 1 << 0, PIS_PIO_SETUP = 1 << 1, PIS_SET_BITS = 1 << 3, PIS_OVERFLOW = 1 << 24, PIS_BUS_ERROR = 1 << 29,
    PIS_TASK_FILE_ERROR = 1 << 30,
    PIS_MASK = 0x7dc000ff, /* writable in PxIE */
    /* PxCMD */
    PCMD_START = 1 << 0, PCMD_SPIN_UP = 1 << 1, PCMD_POWER = 1 << 2, PCMD_CLO = 1 << 3, PCMD_FIS_ENABLE = 1 << 4,
    PCMD_FIS_RUNNING = 1 << 14, PCMD_RUNNING = 1 << 15,
    PCMD_ATAPI = 1 << 24,
};

typedef struct AhciPort {
    struct Ahci *ahci;
    IdeBus *bus;
    unsigned number;
    /* registers */
    uint64_t clb, fb;
    uint32_t is, ie, cmd, tfd, sig, ssts, sctl, serr, sact, ci;
    /* commands */
    int busy_slot;             /* whose command the drive carries out; -1: none */
    bool halted;               /* after an error, until the host stops and starts the port */
    bool signature_due;        /* the first frame after a reset waits for PxCMD.FRE */
    uint32_t epoch;            /* counts stops: a queued command of an older one tells nobody */
    uint64_t table;            /* command table of busy_slot */
    uint32_t prd_count, prd_done;
    IdeSg sg;                  /* of PIO data of busy_slot */
    bool sg_loaded;
    BottomHalf *check;
} AhciPort;

typedef struct Ahci {
    PciDevice pci;
    MemoryRegion mem, idp;
    uint32_t ghc, is, index;
    AhciPort ports[AHCI_PORTS];
} Ahci;

/* --- ahci.c --- */
void ahci_raise(AhciPort *p, uint32_t bits); /* sets bits of PxIS */

/* --- ahci-port.c --- */
extern const IdeBusOps ahci_bus_ops;
void ahci_port_reset(AhciPort *p);           /* COMRESET */
void ahci_port_stop(AhciPort *p);
void ahci_port_check(void *opaque);          /* starts what PxCI asks for */
void ahci_post_signature(AhciPort *p);
bool ahci_load_list(AhciPort *p, uint64_t table, uint32_t count, IdeSg *sg);
void ahci_post_set_bits(AhciPort *p, uint32_t done, uint8_t status, uint8_t error);
AddressSpace *ahci_as(AhciPort *p);

/* --- ahci-ncq.c --- */
bool ahci_is_queued(uint8_t command);
void ahci_queue(AhciPort *p, IdeDrive *d, unsigned slot, const uint8_t *cfis, uint64_t table, uint32_t prd_count);

#endif

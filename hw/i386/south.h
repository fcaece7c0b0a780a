/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The south bridges: PIIX3 with the power management function of PIIX4 (290562, 290548), and ICH9 (316972). Private to hw/i386; guarded by
 * the machine lock.
 */
#ifndef HW_I386_SOUTH_H
#define HW_I386_SOUTH_H

#include "hw/isa.h"
#include "hw/pci/pc-host.h"

enum { GSI_COUNT = 24 };

/* At 00:01.0; its ISA bus with lines gsi[0..15]. */
PciDevice *piix3_create(PcHost *host, const Irq gsi[GSI_COUNT], IsaBus **isa, Error **errp);
/* At 00:01.3. @smi: driven once for each command where there is SMM; an empty one tells firmware that SMM is in use already. */
PciDevice *piix4_pm_create(PcHost *host, Irq sci, Irq smi, Error **errp);

/* At 00:1f.0: ISA bridge and power management. */
PciDevice *ich9_lpc_create(PcHost *host, const Irq gsi[GSI_COUNT], Irq smi, IsaBus **isa, Error **errp);
/* How firmware asks for SMIs that reach all CPUs: the line is driven with level 2 then, else 1: to the CPU that wrote the command. */
struct FwCfg;
bool ich9_lpc_add_files(PciDevice *lpc, struct FwCfg *fw, Error **errp);

/* Sleep states that are not offered. */
typedef struct SleepStates {
    bool no_s3, no_s4;
    uint8_t s4_value;
} SleepStates;
SleepStates piix4_pm_sleep(PciDevice *dev);
SleepStates ich9_lpc_sleep(PciDevice *dev);

#endif

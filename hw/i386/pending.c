/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stand-ins for devices whose files are not there yet: weak, so that each goes out of use when its device comes.
 */
#include "hw/dma/i8257.h"
#include "hw/ide/ide.h"
#include "hw/misc/pc-misc.h"
#include "hw/smbios.h"
#include "hw/timer/hpet.h"
#include "target/x86.h"

#define WEAK __attribute__((weak))
WEAK bool i8257_create(IsaBus *bus, Error **errp) { return true; }
WEAK bool ide_attach_drives(Machine *m, DeviceState *controller, Error **errp) { return true; }
WEAK void piix3_ide_connect(PciDevice *ide, Irq irq14, Irq irq15) {}
WEAK bool ide_get_geometry(DeviceState *c, unsigned bus, unsigned unit, uint32_t *cyl, uint32_t *heads, uint32_t *secs) { return false; }
WEAK uint8_t fdc_cmos_drive_types(DeviceState *fdc) { return 0; }
WEAK bool fdc_add_default_drives(DeviceState *fdc, Error **errp) { return true; }
WEAK bool smbios_build(const SmbiosConfig *c, SmbiosBlobs *out, Error **errp) { return true; }
WEAK void smbios_blobs_clear(SmbiosBlobs *b) {}
WEAK bool smbios_publish(const SmbiosBlobs *b, struct FwCfg *fw, Error **errp) { return true; }
WEAK DeviceState *hpet_create(Machine *m, uint64_t addr, const Irq *gsi, unsigned count, uint32_t intcap, Irq irq0, Irq irq8, Error **errp)
{
    return NULL;
}
WEAK Irq hpet_legacy_line(DeviceState *hpet, unsigned n) { return (Irq){0}; }
WEAK void x86_cpu_ignne(CpuState *cpu) {}

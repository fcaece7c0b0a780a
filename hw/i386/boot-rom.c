/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot.h"
#include "pc.h"
bool pc_boot_publish(Machine *m, PcBoot *boot, Error **errp)
{
    error_setg(errp, "-kernel needs direct-boot=on for now");
    return false;
}
bool pc_boot_load_pvh(Machine *m, PcBoot *boot, const uint8_t *data, uint64_t len, bool *is_pvh, Error **errp) { return true; }
bool pc_boot_load_multiboot(Machine *m, PcBoot *boot, const uint8_t *data, uint64_t len, bool *is_multiboot, Error **errp) { return true; }

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine `none`: nothing at all. Management tools start it to ask what the program can do.
 */
#include "softmmu/machine.h"

static const MachineRecord machine_none = {.name = "none", .desc = "empty machine", .max_cpus = 1};
MACHINE(machine_none);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the machine's life cycle share. */
#ifndef SOFTMMU_MACHINE_INTERNAL_H
#define SOFTMMU_MACHINE_INTERNAL_H

#include "softmmu/machine.h"

enum { REQUEST_SHUTDOWN = 1, REQUEST_RESET = 2, REQUEST_POWERDOWN = 4, REQUEST_STOP = 8, REQUEST_PANIC = 16 };

typedef struct MachineHook {
    void (*fn)(void);
    void *opaque;
} MachineHook;

void cpus_shutdown(Machine *m);
void roms_restore(Machine *m);
void rom_free(gpointer rom);
/* `ram` of a machine: from the memory backend the user named, -mem-path, or anonymous memory. */
bool machine_make_ram(Machine *m, Error **errp);

#endif

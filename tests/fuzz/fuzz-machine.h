/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For fuzz targets of what looks at a machine: one of two RISC-V CPUs that never run (there is no accelerator), 1 MiB of RAM at 2 GiB, and chardevs.
 */
#ifndef TESTS_FUZZ_MACHINE_H
#define TESTS_FUZZ_MACHINE_H

#include "softmmu/machine.h"

/* Made at the first call and kept: making one for each input would take most of the time. The machine lock is held. */
Machine *fuzz_machine(void);
/* As it was: paused, registers and memory cleared, no requests. */
void fuzz_machine_reset(Machine *m);

#endif

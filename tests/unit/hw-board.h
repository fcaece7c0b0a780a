/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests of devices: a machine of 16 MiB RAM at 2 GiB without CPUs, registers reached through the memory tree as a guest
 * would, and turns of the main loop.
 */
#ifndef TESTS_HW_BOARD_H
#define TESTS_HW_BOARD_H

#include "hw/device.h"

enum { HW_BOARD_RAM = 16 << 20 };
#define HW_BOARD_RAM_BASE 0x80000000ull

Machine *hw_board_new(void);
void hw_board_free(Machine *m);
/* The access must succeed. */
uint64_t hw_read(Machine *m, uint64_t addr, unsigned size);
void hw_write(Machine *m, uint64_t addr, uint64_t value, unsigned size);
/* Turns the main loop for @ms milliseconds, or until *done is not 0 (NULL: no such). */
void hw_spin(Machine *m, unsigned ms, const volatile int *done);
/* A line that counts: level and the number of rises. */
typedef struct HwLine {
    int level, rises;
} HwLine;
Irq hw_line(HwLine *line);

#endif

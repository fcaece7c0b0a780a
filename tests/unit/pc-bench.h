/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests of a PC's devices: the machine of hw-board.h with I/O ports, an ISA bus whose lines count, and a TSC of 1 GHz.
 */
#ifndef TESTS_PC_BENCH_H
#define TESTS_PC_BENCH_H

#include "hw-board.h"
#include "hw/isa.h"

typedef struct PcBench {
    Machine *m;
    MemoryRegion io;
    AddressSpace *io_as;
    IsaBus *isa;
    HwLine lines[ISA_IRQS];
} PcBench;

void pc_bench_init(PcBench *b);  /* the clock runs */
void pc_bench_free(PcBench *b);
void pc_bench_fixture_init(PcBench *b, gconstpointer data);
void pc_bench_fixture_free(PcBench *b, gconstpointer data);
void outb(PcBench *b, uint16_t port, uint8_t v);
uint8_t inb(PcBench *b, uint16_t port);
void outl(PcBench *b, uint16_t port, uint32_t v);
#define PC_TEST(path, fn) g_test_add(path, PcBench, NULL, pc_bench_fixture_init, fn, pc_bench_fixture_free)

#endif

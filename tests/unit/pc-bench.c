/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bench that PC devices are tested on: see pc-bench.h.
 */
#include "pc-bench.h"

void pc_bench_init(PcBench *b)
{
    Irq lines[ISA_IRQS];
    memset(b, 0, sizeof(*b));
    b->m = hw_board_new();
    memory_region_init(&b->io, b->m, NULL, "io", 0x10000);
    b->io_as = address_space_new(b->m, &b->io, "I/O");
    b->isa = isa_bus_new(b->m, NULL, b->m->system_memory, &b->io);
    for (unsigned i = 0; i < ISA_IRQS; i++) {
        lines[i] = hw_line(&b->lines[i]);
    }
    isa_bus_set_irqs(b->isa, lines);
    virtual_clock_start(b->m->clock);
    event_loop_clock_changed(b->m->loop);
}

void pc_bench_free(PcBench *b)
{
    virtual_clock_stop(b->m->clock);
    device_unplug(b->isa->bus.parent); /* with all that hangs from it: its ports go before their container */
    address_space_free(b->io_as);
    memory_region_destroy(&b->io);
    hw_board_free(b->m);
}

void pc_bench_fixture_init(PcBench *b, gconstpointer data) { pc_bench_init(b); }
void pc_bench_fixture_free(PcBench *b, gconstpointer data) { pc_bench_free(b); }

void outb(PcBench *b, uint16_t port, uint8_t v)
{
    g_assert_cmpint(address_space_write_mmio(b->io_as, port, 1, v), ==, MEM_OK);
}

void outl(PcBench *b, uint16_t port, uint32_t v)
{
    g_assert_cmpint(address_space_write_mmio(b->io_as, port, 4, v), ==, MEM_OK);
}

uint8_t inb(PcBench *b, uint16_t port)
{
    uint64_t v = 0;
    g_assert_cmpint(address_space_read_mmio(b->io_as, port, 1, &v), ==, MEM_OK);
    return (uint8_t)v;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine that device tests plug into: see hw-board.h.
 */
#include "hw-board.h"
#include "chardev/chardev.h"

static bool board_init(Machine *m, Error **errp)
{
    memory_map(m->system_memory, HW_BOARD_RAM_BASE, m->ram);
    return true;
}

static const MachineRecord hw_board = {
    .name = "hw-board", .desc = "device tests", .max_cpus = 1, .default_ram = HW_BOARD_RAM, .init = board_init,
};

Machine *hw_board_new(void)
{
    Machine *m = machine_new(&hw_board);
    machine_lock(m); /* as main() holds it while it sets up */
    chardevs_init(m->root, m->loop, NULL, NULL);
    g_assert_true(machine_realize(m, &error_fatal));
    event_loop_set_current(m->loop);
    return m;
}

void hw_board_free(Machine *m)
{
    chardevs_shutdown(m->root);
    event_loop_set_current(NULL);
    machine_unlock(m);
    machine_free(m);
}

uint64_t hw_read(Machine *m, uint64_t addr, unsigned size)
{
    uint64_t value = 0;
    g_assert_cmpint(address_space_read_mmio(m->as, addr, size, &value), ==, MEM_OK);
    return value;
}

void hw_write(Machine *m, uint64_t addr, uint64_t value, unsigned size)
{
    g_assert_cmpint(address_space_write_mmio(m->as, addr, size, value), ==, MEM_OK);
}

void hw_spin(Machine *m, unsigned ms, const volatile int *done)
{
    int64_t end = realtime_ns() + ms * NS_PER_MS;
    while (realtime_ns() < end && !(done && *done)) {
        main_loop_wait(m->loop, false);
        g_usleep(200);
    }
}

static void line_changed(void *opaque, int n, int level)
{
    HwLine *line = opaque;
    line->rises += level && !line->level;
    line->level = level;
}

Irq hw_line(HwLine *line) { return irq_make(line_changed, line, 0); }

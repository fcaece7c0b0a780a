/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine to look at; see fuzz-machine.h.
 */
#include "fuzz-machine.h"

#include <string.h>

#include "chardev/chardev.h"
#include "target/riscv.h"
#include "util/log.h"

enum { CPUS = 2 };

static bool init(Machine *m, Error **errp)
{
    memory_map(m->system_memory, 0x80000000, m->ram);
    for (unsigned i = 0; i < CPUS; i++) {
        CpuState *cpu = riscv_cpu_new(target_find("riscv64"), "max", errp);
        if (!cpu) {
            return false;
        }
        cpu->machine = m;
        cpu->as = m->as;
        riscv_cpu_set_hart_id(cpu, i);
        riscv_cpu_set_reset_vector(cpu, 0x80000000);
        if (!machine_add_cpu(m, cpu, errp) || !object_realize(OBJECT(cpu), errp)) {
            return false;
        }
    }
    return true;
}

static const MachineRecord record = {
    .name = "fuzz", .target = "riscv64", .desc = "two CPUs that never run", .max_cpus = CPUS, .default_ram = 1 << 20, .init = init,
};

Machine *fuzz_machine(void)
{
    static Machine *m;
    if (!m) {
        m = machine_new(&record);
        m->cpu_count = m->max_cpus = CPUS;
        machine_lock(m);
        chardevs_init(m->root, m->loop, NULL, NULL);
        if (!machine_realize(m, &error_fatal)) {
            return NULL;
        }
        event_loop_set_current(m->loop);
    }
    return m;
}

void fuzz_machine_reset(Machine *m)
{
    m->pending = 0;
    m->quit = false;
    for (unsigned i = 0; i < m->cpus->len; i++) {
        CpuState *cpu = g_ptr_array_index(m->cpus, i);
        cpu->target->reset(cpu);
        cpu->single_step = 0;
        cpu->watch_hit = -1;
        for (unsigned r = 1; r < 32; r++) {
            riscv_cpu_set_gpr(cpu, r, 0);
        }
    }
    memset(m->ram->ram->host, 0, 4096);
    log_set_mask(0);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CPU object and what other threads may do to it: raise interrupt lines and kick it.
 *
 * The kick protocol: whoever wants the vCPU's attention first makes the cause visible (an interrupt line, a work item,
 * a stop request), then stores exit_request, then signals `wake` with work_lock held. The run loop clears exit_request
 * first and looks at the causes afterwards, and before it sleeps it looks at exit_request with work_lock held. All
 * these accesses are sequentially consistent, so a cause is either seen by the look that follows the clearing, or finds
 * exit_request set again after it.
 */
#include <string.h>

#include "target/cpu.h"

__thread CpuState *current_cpu;

static void cpu_instance_init(Object *obj)
{
    CpuState *cpu = (CpuState *)obj;

    g_mutex_init(&cpu->work_lock);
    g_cond_init(&cpu->wake);
    g_queue_init(&cpu->work);
    cpu->breakpoints = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    cpu->watchpoints = g_array_new(FALSE, FALSE, sizeof(CpuWatchpoint));
    cpu->watch_hit = -1;
    cpu->exception = -1;
    cpu->tcg.excl_addr = UINT64_MAX;
    cpu->tcg.guest_mxcsr = 0x1f80; /* all exceptions masked, none seen, to nearest */
    cpu->tcg.host_mxcsr = 0x1f80;
}

static void cpu_instance_finalize(Object *obj)
{
    CpuState *cpu = (CpuState *)obj;
    gpointer item;

    while ((item = g_queue_pop_head(&cpu->work))) {
        g_free(item);
    }
    g_array_unref(cpu->breakpoints);
    g_array_unref(cpu->watchpoints);
    g_cond_clear(&cpu->wake);
    g_mutex_clear(&cpu->work_lock);
}

static const TypeRecord cpu_type = {
    .name = TYPE_CPU,
    .parent = "object",
    .help = "what every CPU shares",
    .instance_size = sizeof(CpuState),
    .abstract = true,
    .init = cpu_instance_init,
    .finalize = cpu_instance_finalize,
};
TYPE_REGISTER(cpu_type);

void cpu_init_common(CpuState *cpu, const TargetRecord *target)
{
    cpu->target = target;
}

void cpu_kick(CpuState *cpu)
{
    __atomic_store_n(&cpu->tcg.exit_request, 1, __ATOMIC_SEQ_CST);
    g_mutex_lock(&cpu->work_lock);
    g_cond_broadcast(&cpu->wake);
    g_mutex_unlock(&cpu->work_lock);
}

void cpu_interrupt_set(CpuState *cpu, uint32_t bits)
{
    __atomic_fetch_or(&cpu->interrupt_lines, bits, __ATOMIC_SEQ_CST);
    cpu_kick(cpu);
}

void cpu_interrupt_clear(CpuState *cpu, uint32_t bits)
{
    __atomic_fetch_and(&cpu->interrupt_lines, ~bits, __ATOMIC_SEQ_CST);
}

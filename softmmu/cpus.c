/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vCPU threads: one per CPU, which either runs guest code through the accelerator or waits.
 *
 * A thread is asked to leave by cpu->stop_request and a kick, and says that it is out by cpu->stopped. Both change under
 * the CPU's work_lock, on whose condition (`wake`) it waits; who waits for a stop waits on the machine-wide
 * `paused` condition. The one that pauses lets go of the machine lock meanwhile, because a vCPU on its way out may need it
 * to finish an access to a device.
 */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "softmmu/machine.h"
#include "util/rcu.h"
#include "util/trace.h"

TRACE_EVENT(cpu_thread_start, "cpu %u thread %d");
TRACE_EVENT(cpus_pause, "cpus %u");
TRACE_EVENT(cpus_resume, "cpus %u");

typedef struct CpusState {
    GMutex lock; /* taken last: inside work_lock */
    GCond paused;
} CpusState;

static CpusState *cpus_state(Machine *m)
{
    if (!m->cpus_state) { /* first CPU: still single-threaded */
        CpusState *cs = g_new0(CpusState, 1);
        g_mutex_init(&cs->lock);
        g_cond_init(&cs->paused);
        m->cpus_state = cs;
    }
    return m->cpus_state;
}

static bool flag(const bool *f) { return __atomic_load_n(f, __ATOMIC_ACQUIRE); }
static void set_flag(bool *f, bool v) { __atomic_store_n(f, v, __ATOMIC_RELEASE); }

static void say_stopped(CpuState *cpu, CpusState *cs)
{
    g_mutex_lock(&cs->lock);
    set_flag(&cpu->stopped, true);
    g_cond_broadcast(&cs->paused);
    g_mutex_unlock(&cs->lock);
}

/* Sleeps until there is guest code to run, work or the end. */
static void wait_turn(CpuState *cpu, CpusState *cs)
{
    g_mutex_lock(&cpu->work_lock);
    for (;;) {
        if (flag(&cpu->stop_request) && !flag(&cpu->stopped)) {
            say_stopped(cpu, cs);
        }
        bool idle = flag(&cpu->stopped) || flag(&cpu->powered_off);
        if (!idle || flag(&cpu->unplug) || !g_queue_is_empty(&cpu->work)) {
            break;
        }
        g_cond_wait(&cpu->wake, &cpu->work_lock);
    }
    g_mutex_unlock(&cpu->work_lock);
}

static gpointer vcpu_thread(gpointer opaque)
{
    CpuState *cpu = opaque;
    Machine *m = cpu->machine;
    CpusState *cs = cpus_state(m);
    rcu_thread_register();
    current_cpu = cpu;
    __atomic_store_n(&cpu->thread_id, (int)gettid(), __ATOMIC_RELEASE);
    g_mutex_lock(&cs->lock);
    g_cond_broadcast(&cs->paused);
    g_mutex_unlock(&cs->lock);
    trace(cpu_thread_start, cpu->index, cpu->thread_id);
    while (!flag(&cpu->unplug)) {
        wait_turn(cpu, cs);
        cpu_process_work(cpu);
        bool run = !flag(&cpu->stopped) && !flag(&cpu->stop_request) && !flag(&cpu->powered_off) && !flag(&cpu->unplug);
        if (run && m->accel_ops) {
            m->accel_ops->run(m->accel, cpu);
        } else if (run) { /* no accelerator: as a CPU that never gets anywhere */
            g_mutex_lock(&cpu->work_lock);
            while (!flag(&cpu->stop_request) && !flag(&cpu->unplug) && g_queue_is_empty(&cpu->work)) {
                g_cond_wait(&cpu->wake, &cpu->work_lock);
            }
            g_mutex_unlock(&cpu->work_lock);
        }
    }
    say_stopped(cpu, cs);
    current_cpu = NULL;
    rcu_thread_unregister();
    return NULL;
}

bool machine_add_cpu(Machine *m, CpuState *cpu, Error **errp)
{
    if (m->cpus->len >= m->max_cpus) {
        error_setg(errp, "the machine has room for %u CPUs", m->max_cpus);
        return false;
    }
    cpus_state(m);
    cpu->machine = m;
    cpu->index = m->cpus->len;
    cpu->as = cpu->as ? cpu->as : m->as;
    cpu->stopped = true;
    if (m->accel_ops && !m->accel_ops->add_cpu(m->accel, cpu, errp)) {
        return false;
    }
    if (!OBJECT(cpu)->parent) {
        object_add_child(OBJECT(m), "cpu[*]", OBJECT(cpu));
    }
    object_ref(OBJECT(cpu));
    g_ptr_array_add(m->cpus, cpu);
    return true;
}

void cpus_start_threads(Machine *m)
{
    CpusState *cs = cpus_state(m);
    for (unsigned i = 0; i < m->cpus->len; i++) {
        CpuState *cpu = m->cpus->pdata[i];
        if (cpu->thread) {
            continue;
        }
        char name[16];
        snprintf(name, sizeof(name), "CPU %u/%s", cpu->index, m->accel_ops ? m->accel_ops->thread_tag : "none");
        cpu->thread = g_thread_new(name, vcpu_thread, cpu); /* GLib names the kernel's thread too */
        g_mutex_lock(&cs->lock);
        while (!__atomic_load_n(&cpu->thread_id, __ATOMIC_ACQUIRE)) {
            g_cond_wait(&cs->paused, &cs->lock);
        }
        g_mutex_unlock(&cs->lock);
    }
}

static bool all_stopped(Machine *m)
{
    for (unsigned i = 0; i < m->cpus->len; i++) {
        CpuState *cpu = m->cpus->pdata[i];
        if (cpu->thread && cpu != current_cpu && !flag(&cpu->stopped)) {
            return false;
        }
    }
    return true;
}

void cpus_pause_all(Machine *m)
{
    CpusState *cs = cpus_state(m);
    trace(cpus_pause, m->cpus->len);
    for (unsigned i = 0; i < m->cpus->len; i++) {
        CpuState *cpu = m->cpus->pdata[i];
        if (cpu->thread && cpu != current_cpu) {
            set_flag(&cpu->stop_request, true);
            cpu_kick(cpu);
        }
    }
    unsigned depth = machine_unlock_all(m);
    g_mutex_lock(&cs->lock);
    while (!all_stopped(m)) {
        /* kicked again now and then: a kick may fall just before a vCPU begins to sleep in a wait of its own */
        if (!g_cond_wait_until(&cs->paused, &cs->lock, g_get_monotonic_time() + 20 * G_TIME_SPAN_MILLISECOND)) {
            g_mutex_unlock(&cs->lock);
            for (unsigned i = 0; i < m->cpus->len; i++) {
                CpuState *cpu = m->cpus->pdata[i];
                if (cpu->thread && cpu != current_cpu && !flag(&cpu->stopped)) {
                    cpu_kick(cpu);
                }
            }
            g_mutex_lock(&cs->lock);
        }
    }
    g_mutex_unlock(&cs->lock);
    machine_relock(m, depth);
}

void cpus_resume_all(Machine *m)
{
    trace(cpus_resume, m->cpus->len);
    for (unsigned i = 0; i < m->cpus->len; i++) {
        CpuState *cpu = m->cpus->pdata[i];
        if (cpu->held) { /* by the debugger, which steps another one */
            continue;
        }
        g_mutex_lock(&cpu->work_lock);
        set_flag(&cpu->stop_request, false);
        set_flag(&cpu->stopped, false);
        g_cond_broadcast(&cpu->wake);
        g_mutex_unlock(&cpu->work_lock);
    }
}

void cpu_power_on(CpuState *cpu)
{
    g_mutex_lock(&cpu->work_lock);
    set_flag(&cpu->powered_off, false);
    set_flag(&cpu->halted, false);
    g_cond_broadcast(&cpu->wake);
    g_mutex_unlock(&cpu->work_lock);
    cpu_kick(cpu);
}

/* Ends every vCPU thread; by machine_free(). */
void cpus_shutdown(Machine *m);
void cpus_shutdown(Machine *m)
{
    if (!m->cpus_state) {
        return;
    }
    CpusState *cs = cpus_state(m);
    for (unsigned i = 0; i < m->cpus->len; i++) {
        CpuState *cpu = m->cpus->pdata[i];
        set_flag(&cpu->unplug, true);
        set_flag(&cpu->stop_request, true);
        cpu_kick(cpu);
    }
    unsigned depth = machine_unlock_all(m);
    for (unsigned i = 0; i < m->cpus->len; i++) {
        CpuState *cpu = m->cpus->pdata[i];
        if (cpu->thread) {
            g_thread_join(cpu->thread);
            cpu->thread = NULL;
        }
    }
    machine_relock(m, depth);
    g_mutex_clear(&cs->lock);
    g_cond_clear(&cs->paused);
    g_clear_pointer(&m->cpus_state, g_free);
}

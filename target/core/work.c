/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work that other threads hand to a vCPU: a queue of functions that its thread runs between regions.
 *
 * A synchronous call from one vCPU to another keeps serving the caller's own queue while it waits, so two vCPUs that
 * call each other at the same time do not deadlock. The caller must not hold the machine lock: the vCPU it waits for
 * may be about to take it.
 */
#include "target/cpu.h"

typedef struct WorkDone {
    GMutex lock;
    GCond cond;
    bool done;
} WorkDone;

typedef struct CpuWork {
    CpuWorkFn *fn;
    void *opaque;
    WorkDone *done; /* NULL: nobody waits */
} CpuWork;

static void queue_work(CpuState *cpu, CpuWorkFn *fn, void *opaque, WorkDone *done)
{
    CpuWork *w = g_new0(CpuWork, 1);

    w->fn = fn;
    w->opaque = opaque;
    w->done = done;
    g_mutex_lock(&cpu->work_lock);
    g_queue_push_tail(&cpu->work, w);
    g_mutex_unlock(&cpu->work_lock);
    cpu_kick(cpu);
}

void cpu_run_on(CpuState *cpu, CpuWorkFn *fn, void *opaque)
{
    queue_work(cpu, fn, opaque, NULL);
}

/* How long a waiting vCPU thread lets its own queue rest. */
#define SERVE_OWN_US 200

void cpu_run_on_sync(CpuState *cpu, CpuWorkFn *fn, void *opaque)
{
    WorkDone done = {.done = false};

    if (cpu == current_cpu || !cpu->thread) {
        fn(cpu, opaque);
        return;
    }
    g_mutex_init(&done.lock);
    g_cond_init(&done.cond);
    queue_work(cpu, fn, opaque, &done);
    g_mutex_lock(&done.lock);
    while (!done.done) {
        if (!current_cpu) {
            g_cond_wait(&done.cond, &done.lock);
        } else if (!g_cond_wait_until(&done.cond, &done.lock, g_get_monotonic_time() + SERVE_OWN_US)) {
            g_mutex_unlock(&done.lock);
            cpu_process_work(current_cpu);
            g_mutex_lock(&done.lock);
        }
    }
    g_mutex_unlock(&done.lock);
    g_cond_clear(&done.cond);
    g_mutex_clear(&done.lock);
}

void cpu_process_work(CpuState *cpu)
{
    CpuWork *w;

    g_mutex_lock(&cpu->work_lock);
    while ((w = g_queue_pop_head(&cpu->work))) {
        g_mutex_unlock(&cpu->work_lock);
        w->fn(cpu, w->opaque);
        if (w->done) {
            /* The waiter frees the record as soon as it sees the flag: nothing is touched after the unlock. */
            g_mutex_lock(&w->done->lock);
            w->done->done = true;
            g_cond_signal(&w->done->cond);
            g_mutex_unlock(&w->done->lock);
        }
        g_free(w);
        g_mutex_lock(&cpu->work_lock);
    }
    g_mutex_unlock(&cpu->work_lock);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Breakpoints, watchpoints and single steps. None of them costs the fast path anything: regions end before a
 * breakpoint, a watched page's TLB entries are slow, and a step is a region of one instruction that is never linked.
 *
 * The lists change only while all vCPUs are paused. Each vCPU compares a sum over them when it resumes: new watchpoints
 * flush its TLB, and where the union of all CPUs' breakpoints changed all code is dropped. Regions are shared, so a CPU
 * may meet another one's breakpoint; it steps over it.
 */
#include <string.h>

#include "internal.h"

static uint64_t mix(uint64_t h, uint64_t x) { return (h ^ x) * 0x9e3779b97f4a7c15ull + (h >> 29); }

static uint64_t breakpoint_sum(const TcgAccel *a)
{
    unsigned n = atomic_get_sc(&((TcgAccel *)a)->vcpu_count);
    uint64_t h = 0;

    for (unsigned i = 0; i < n; i++) {
        const GArray *bp = a->vcpus[i]->cpu->breakpoints;

        for (unsigned k = 0; k < bp->len; k++) {
            h = mix(h, g_array_index(bp, uint64_t, k));
        }
    }
    return h;
}

static uint64_t watchpoint_sum(const CpuState *cpu)
{
    uint64_t h = 0;

    for (unsigned i = 0; i < cpu->watchpoints->len; i++) {
        const CpuWatchpoint *w = &g_array_index(cpu->watchpoints, CpuWatchpoint, i);

        h = mix(mix(mix(h, w->va), w->len), (uint64_t)w->on_read | (uint64_t)w->on_write << 1 | 4);
    }
    return h;
}

void debug_refresh(TcgVcpu *v)
{
    TcgAccel *a = v->accel;
    uint64_t watch = watchpoint_sum(v->cpu);

    if (watch != v->debug_sum) {
        v->debug_sum = watch;
        tlb_flush_all(v->cpu);
    }
    v->stepped = v->watch_step = false;
    v->cpu->watch_hit = -1;
    if (v->cpu->single_step) {
        return; /* steps look at no breakpoint: one that is taken out for a step over it costs no code */
    }
    translate_lock(a, v);
    uint64_t sum = breakpoint_sum(a);
    bool changed = sum != a->debug_sum;
    if (changed) {
        a->debug_sum = sum;
        g_array_set_size(a->breakpoints, 0);
        for (unsigned i = 0; i < a->vcpu_count; i++) {
            GArray *bp = a->vcpus[i]->cpu->breakpoints;

            g_array_append_vals(a->breakpoints, bp->data, bp->len);
        }
        tcg_flush_all_code(v->cpu);
    }
    g_mutex_unlock(&a->translate_lock);
}

bool debug_breakpoint_here(const TcgVcpu *v, uint64_t pc)
{
    const GArray *bp = v->cpu->breakpoints;

    for (unsigned i = 0; i < bp->len; i++) {
        if (g_array_index(bp, uint64_t, i) == pc) {
            return true;
        }
    }
    return v->accel->breakpoints->len == 0; /* a guest-made debug stop */
}

void debug_stop(TcgVcpu *v)
{
    CpuState *cpu = v->cpu;

    cpu->debug_stopped = true;
    /* The loop ends at its next turn, so no further instruction runs before the main loop stops the others. */
    atomic_put_sc(&cpu->stop_request, true);
    atomic_put_sc(&cpu->tcg.exit_request, 1);
    machine_request_stop(cpu->machine, RUN_STATE_DEBUG);
}

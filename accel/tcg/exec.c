/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The run loop of a vCPU: find a region, run it, link the way that led to it, and between regions look at what others
 * want.
 *
 * Requests: exit_request is cleared first, its causes are looked at afterwards; who makes a request does it the other
 * way round (target/core/cpu.c). So the turn that runs without looking costs one load. Exceptions come in by longjmp
 * with all guest state in memory, or from helpers that stored cpu->exception; interrupts are looked at whenever a
 * region ended by a runtime exit or a request came in.
 *
 * A vCPU without work sleeps on cpu->wake; it is offline for the reclaimer and for TLB flushes meanwhile.
 */
#include <string.h>

#include "internal.h"
#include "util/rcu.h"

#define CHAIN_OFF (LOG_NOCHAIN | LOG_PROFILE)

/* ------------------------------------------------------------------ leaving generated code */

void cpu_sync_state(CpuState *cpu)
{
    TcgVcpu *v = vcpu_of(cpu);

    if (v->running == RUN_CODE && cpu->tcg.ra) {
        Region *r = segment_find(v->accel, cpu->tcg.ra);

        if (r && r->code) {
            tcg_site_restore(r->code, cpu, cpu->tcg.ra);
        }
        cpu->tcg.ra = 0; /* memory is the truth from here on: what the caller changes must not be overwritten */
    } else if (v->running == RUN_INTERP && cpu->tcg.ra) {
        tcg_interp_restore(cpu);
        cpu->tcg.ra = 0;
    }
}

void cpu_loop_exit(CpuState *cpu)
{
    TcgVcpu *v = vcpu_of(cpu);

    cpu_sync_state(cpu);
    if (v->running == RUN_CODE) {
        tcg_backend_unwind(v->accel->be, cpu);
    }
    cpu->tcg.ra = 0;
    v->running = RUN_NONE;
    if (v->holds_atomic_lock) {
        v->holds_atomic_lock = false;
        g_mutex_unlock(&v->accel->atomic_lock);
    }
    siglongjmp(cpu->jmp_env, 1);
}

void cpu_raise(CpuState *cpu, int32_t exception)
{
    cpu->exception = exception;
    cpu_loop_exit(cpu);
}

/* ------------------------------------------------------------------ between regions */

static void sleep_until_kicked(TcgVcpu *v)
{
    CpuState *cpu = v->cpu;

    v->stats.sleeps++;
    vcpu_offline(v);
    g_mutex_lock(&cpu->work_lock);
    while (!atomic_get_sc(&cpu->tcg.exit_request)) {
        g_cond_wait(&cpu->wake, &cpu->work_lock);
    }
    g_mutex_unlock(&cpu->work_lock);
    vcpu_online(v);
}

/* False: the thread has to leave the loop. */
static bool serve_requests(TcgVcpu *v)
{
    CpuState *cpu = v->cpu;

    tlb_serve_requests(v);
    cpu_process_work(cpu);
    return !atomic_get(&cpu->stop_request) && !atomic_get(&cpu->unplug) && !atomic_get(&cpu->powered_off);
}

/* Requests, exceptions, interrupts, sleep. False: leave the loop. @moved: the guest PC may have changed. */
static bool attend(TcgVcpu *v, bool *moved)
{
    CpuState *cpu = v->cpu;
    const TargetRecord *t = v->target;

    v->attend = false;
    for (;;) {
        if (__atomic_exchange_n(&cpu->tcg.exit_request, 0, __ATOMIC_SEQ_CST) && !serve_requests(v)) {
            v->attend = true;
            return false;
        }
        if (cpu->exception >= 0) {
            t->deliver_exception(cpu);
            *moved = true;
        }
        if (v->stepped) {
            v->stepped = v->watch_step = false;
            debug_stop(v);
            return false;
        }
        if (!cpu->single_step && t->deliver_interrupt(cpu)) {
            atomic_put(&cpu->halted, false);
            *moved = true;
        }
        if (G_LIKELY(!atomic_get(&cpu->halted))) {
            return true;
        }
        if (t->has_work(cpu)) {
            atomic_put(&cpu->halted, false);
            return true;
        }
        *moved = true; /* whatever is remembered, it is old when it wakes */
        sleep_until_kicked(v);
    }
}

/* ------------------------------------------------------------------ finding */

/*
 * Host address of the byte at @va by the fetch TLB; raises guest faults. NULL where it is not RAM and the target
 * ignores that.
 */
static const uint8_t *fetch_host(TcgVcpu *v, uint64_t va, uint64_t flags)
{
    TlbEntry e = tlb_get(v, va, MMU_FETCH, v->target->fetch_mode(flags));

    if (e.tag & TLB_IO) {
        access_bus_error(v, va, va + e.addend, MMU_FETCH);
        return NULL;
    }
    return (const uint8_t *)(uintptr_t)(va + e.addend);
}

static Region *find_slow(TcgVcpu *v, uint64_t pc, uint64_t flags, uint32_t variant)
{
    TcgAccel *a = v->accel;
    const uint8_t *host = fetch_host(v, pc, flags);

    if (!host) {
        return NULL;
    }
    Region *r = region_find_hashed(a, host, pc, flags, variant, ANY_PAGE);
    if (r && r->straddles) {
        const uint8_t *host2 = fetch_host(v, (pc & TLB_PAGE_MASK) + GUEST_PAGE, flags);

        r = host2 ? region_find_hashed(a, host, pc, flags, variant, host2) : NULL;
    }
    return r ? r : former_translate(v, pc, flags, host, variant);
}

static Region *find(TcgVcpu *v, uint64_t pc, uint64_t flags, uint32_t variant, bool by_tlb)
{
    JumpCacheEntry *jc = &v->ctx->pub.jump_cache[(pc >> 1) & (JUMP_CACHE_ENTRIES - 1)];

    if (!variant && !by_tlb && jc->pc == pc && jc->flags == flags) {
        Region *r = (Region *)(uintptr_t)jc->spare;

        /* One with two pages got here perhaps because its second page is another now. */
        if (atomic_get(&r->state) == REGION_LIVE && !r->straddles) {
            return r;
        }
    }
    v->stats.jc_miss += !by_tlb;
    Region *r = find_slow(v, pc, flags, variant);
    if (r && !variant && (r->code || v->accel->interp) && !log_on(CHAIN_OFF)) {
        tlb_jump_cache_put(v, pc, flags, r->addr, r);
    }
    return r;
}

/* Called by generated code for an indirect jump that missed the jump cache. */
void *exec_lookup(CpuState *cpu, uint64_t pc)
{
    TcgVcpu *v = vcpu_of(cpu);
    uint64_t flags = v->target->region_flags(cpu);

    v->stats.lookups++;
    *(uint64_t *)((char *)cpu + v->accel->pc_offset) = pc;
    if (atomic_get(&cpu->tcg.exit_request) || log_on(CHAIN_OFF | LOG_EXEC)) {
        return NULL;
    }
    TlbEntry *e = tlb_find(v, pc, MMU_FETCH, v->target->fetch_mode(flags));
    if (!e || (__atomic_load_n(&e->tag, __ATOMIC_RELAXED) & TLB_IO)) {
        return NULL; /* faults are the dispatcher's */
    }
    Region *r = region_find_hashed(v->accel, (const uint8_t *)(uintptr_t)(pc + e->addend), pc, flags, 0, ANY_PAGE);
    if (!r || !r->code) {
        return NULL;
    }
    tlb_jump_cache_put(v, pc, flags, r->addr, r);
    return (void *)(uintptr_t)r->addr;
}

/* ------------------------------------------------------------------ running */

static void log_entry(TcgVcpu *v, const Region *r)
{
    log_printf(LOG_EXEC, "cpu %u: %#" PRIx64 " flags %#" PRIx64 " (%u instructions)%s\n", v->cpu->index, r->pc,
               r->flags, r->insns, r->code ? "" : " interpreted");
    if (log_on(LOG_CPU) && v->target->print_state) {
        FILE *out = log_lock();

        v->target->print_state(v->cpu, out);
        log_unlock(out);
    }
}

static void runtime_exit(TcgVcpu *v, uint32_t reason)
{
    v->attend = true;
    switch (reason) {
    case TCG_REASON_NONE: break;
    case TCG_REASON_IDLE: atomic_put(&v->cpu->halted, true); break;
    case TCG_REASON_PAUSE: g_thread_yield(); break;
    case TCG_REASON_DEBUG:
        if (debug_breakpoint_here(v, cpu_pc(v->accel, v->cpu))) {
            debug_stop(v);
        } else {
            v->skip_breakpoint = true; /* another CPU's: over it by a single instruction */
        }
        break;
    default:
        if (v->target->runtime_exit) {
            v->target->runtime_exit(v->cpu, reason);
        }
    }
}

/* Runs @r; the link it left by, where it can be linked. */
static TcgLink *run_region(TcgVcpu *v, Region *r)
{
    TcgAccel *a = v->accel;
    CpuState *cpu = v->cpu;
    uint32_t reason = TCG_REASON_NONE;

    v->stats.enters++;
    if (log_on(LOG_EXEC | LOG_PROFILE)) {
        __atomic_fetch_add(&r->execs, 1, __ATOMIC_RELAXED);
        if (log_on(LOG_EXEC)) {
            log_entry(v, r);
        }
    }
    if (r->variant & VARIANT_STEP) {
        atomic_put_sc(&cpu->tcg.exit_request, 1); /* an indirect exit must not go on by the jump cache */
    }
    if (r->code) {
        v->running = RUN_CODE;
        TcgLink *l = tcg_backend_enter(a->be, cpu, r->addr, &reason);
        v->running = RUN_NONE;
        if (l) {
            v->stats.link_exits++;
            return r->variant ? NULL : l;
        }
    } else {
        v->running = RUN_INTERP;
        v->interpreted = r;
        TcgInterpResult res = tcg_interp_run(r->ir, cpu, &a->rt);
        v->running = RUN_NONE;
        if (res.linkable) {
            return NULL;
        }
        reason = res.reason;
    }
    runtime_exit(v, reason);
    return NULL;
}

/* Turns of the dispatcher until the thread has to leave. */
static void run_loop(TcgAccel *a, TcgVcpu *v)
{
    CpuState *cpu = v->cpu;
    TcgLink *link = NULL;

    for (;;) {
        bool moved = false;

        if (vcpu_quiescent(v)) {
            link = NULL;
        }
        uint64_t turn = atomic_get(&a->turn_gen);
        if (G_UNLIKELY(turn != v->turn_gen)) {
            atomic_put_sc(&v->turn_gen, turn);
        }
        if (v->attend || atomic_get_sc(&cpu->tcg.exit_request)) {
            if (!attend(v, &moved)) {
                return;
            }
        }
        uint64_t gen = v->seen_gen;
        uint64_t pc = cpu_pc(a, cpu), flags = v->target->region_flags(cpu);
        bool stepping = cpu->single_step || v->watch_step;
        uint32_t variant = stepping || v->skip_breakpoint || v->alone ? VARIANT_STEP : 0;
        v->stepped = stepping; /* also where the fetch faults */
        Region *r = find(v, pc, flags, variant, link && !moved);
        if (!r) {
            v->attend = true; /* a signalled bus error, or a page that changes faster than it is translated */
            v->stepped = false;
            link = NULL;
            continue;
        }
        if (link && !moved && gen == v->seen_gen && !log_on(CHAIN_OFF)) {
            region_link(a, v, link, r);
        } else if (link) {
            v->stats.guard_miss++;
        }
        v->skip_breakpoint = v->alone = false;
        v->attend |= stepping;
        link = run_region(v, r);
    }
}

void tcg_accel_run(TcgAccel *a, CpuState *cpu)
{
    TcgVcpu *v = vcpu_of(cpu);

    rcu_thread_register();
    current_cpu = cpu;
    cpu->tcg.host_mxcsr = tcg_host_fp_get();
    vcpu_online(v);
    debug_refresh(v);
    /* The first turn looks at everything: a request may have come while nobody ran. */
    atomic_put_sc(&cpu->tcg.exit_request, 1);
    sigsetjmp(cpu->jmp_env, 0);
    v->attend = true; /* also after an exception came in by longjmp */
    run_loop(a, v);
    tcg_host_fp_set(cpu->tcg.host_mxcsr);
    vcpu_offline(v);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Run state: start, stop, reset, and the requests for them that any thread may make and the main loop carries out.
 *
 * Starting sets the clock going before any vCPU runs; stopping pauses the vCPUs before the clock stands still. A request
 * is a bit in machine->pending; what belongs to it (cause, status) is stored before the bit is set.
 */
#include "machine-internal.h"

#include "util/log.h"
#include "util/trace.h"

TRACE_EVENT(machine_state, "%s");
TRACE_EVENT(machine_request, "bits %d cause %d");

const char *const run_state_names[] = {
    [RUN_STATE_PRELAUNCH] = "prelaunch", [RUN_STATE_RUNNING] = "running", [RUN_STATE_PAUSED] = "paused",
    [RUN_STATE_SHUTDOWN] = "shutdown", [RUN_STATE_SUSPENDED] = "suspended", [RUN_STATE_DEBUG] = "debug",
    [RUN_STATE_INTERNAL_ERROR] = "internal-error", [RUN_STATE_IO_ERROR] = "io-error",
    [RUN_STATE_GUEST_PANICKED] = "guest-panicked", [RUN_STATE_INMIGRATE] = "inmigrate",
    [RUN_STATE_POSTMIGRATE] = "postmigrate", [RUN_STATE_SAVE_VM] = "save-vm", [RUN_STATE_RESTORE_VM] = "restore-vm",
    [RUN_STATE_WATCHDOG] = "watchdog", [RUN_STATE_COUNT] = NULL};

const char *const shutdown_cause_names[] = {
    [SHUTDOWN_GUEST] = "guest-shutdown", [SHUTDOWN_GUEST_PANIC] = "guest-panic", [SHUTDOWN_HOST_SIGNAL] = "host-signal",
    [SHUTDOWN_HOST_QMP] = "host-qmp-quit", [SHUTDOWN_HOST_UI] = "host-ui", [SHUTDOWN_HOST_ERROR] = "host-error",
    [SHUTDOWN_GUEST_RESET] = "guest-reset", [SHUTDOWN_HOST_QMP_RESET] = "host-qmp-system-reset", [SHUTDOWN_CAUSE_COUNT] = NULL};

/* --- handlers and notifiers --- */

static void hook_add(GPtrArray *list, void (*fn)(void), void *opaque)
{
    MachineHook *h = g_new(MachineHook, 1);
    *h = (MachineHook){fn, opaque};
    g_ptr_array_add(list, h);
}

void machine_add_reset(Machine *m, ResetFn *fn, void *opaque) { hook_add(m->reset_handlers, (void (*)(void))fn, opaque); }

void machine_remove_reset(Machine *m, ResetFn *fn, void *opaque)
{
    for (unsigned i = 0; i < m->reset_handlers->len; i++) {
        MachineHook *h = m->reset_handlers->pdata[i];
        if (h->fn == (void (*)(void))fn && h->opaque == opaque) {
            g_ptr_array_remove_index(m->reset_handlers, i);
            return;
        }
    }
}

void machine_add_state_notifier(Machine *m, StateFn *fn, void *opaque)
{
    hook_add(m->state_notifiers, (void (*)(void))fn, opaque);
}

void machine_add_powerdown(Machine *m, PowerdownFn *fn, void *opaque)
{
    hook_add(m->powerdown_notifiers, (void (*)(void))fn, opaque);
}

void machine_add_event_notifier(Machine *m, MachineEventFn *fn, void *opaque)
{
    hook_add(m->event_notifiers, (void (*)(void))fn, opaque);
}

static void tell_event(Machine *m, MachineEvent event, ShutdownCause cause)
{
    for (unsigned i = 0; i < m->event_notifiers->len; i++) {
        MachineHook *h = m->event_notifiers->pdata[i];
        ((MachineEventFn *)h->fn)(m, event, cause, h->opaque);
    }
}

static void set_state(Machine *m, RunState state)
{
    bool running = state == RUN_STATE_RUNNING;
    __atomic_store_n(&m->state, state, __ATOMIC_RELEASE);
    trace(machine_state, run_state_names[state]);
    for (unsigned i = 0; i < m->state_notifiers->len; i++) {
        MachineHook *h = m->state_notifiers->pdata[i];
        ((StateFn *)h->fn)(m, running, state, h->opaque);
    }
}

/* --- state --- */

bool machine_is_running(const Machine *m) { return __atomic_load_n(&m->state, __ATOMIC_ACQUIRE) == RUN_STATE_RUNNING; }

void machine_start(Machine *m)
{
    machine_lock(m);
    if (!machine_is_running(m)) {
        cpus_start_threads(m);
        virtual_clock_start(m->clock);
        event_loop_clock_changed(m->loop);
        set_state(m, RUN_STATE_RUNNING);
        cpus_resume_all(m);
    }
    machine_unlock(m);
}

void machine_stop(Machine *m, RunState why)
{
    machine_lock(m);
    if (machine_is_running(m)) {
        cpus_pause_all(m);
        virtual_clock_stop(m->clock);
        event_loop_clock_changed(m->loop);
        set_state(m, why);
    } else if (m->state != why) {
        set_state(m, why);
    }
    machine_unlock(m);
}

static void reset_cpus(Machine *m)
{
    for (unsigned i = 0; i < m->cpus->len; i++) {
        CpuState *cpu = m->cpus->pdata[i];
        __atomic_store_n(&cpu->halted, false, __ATOMIC_RELEASE);
        cpu->exception = -1;
        if (cpu->target->reset) {
            cpu->target->reset(cpu);
        }
    }
}

void machine_reset(Machine *m)
{
    machine_lock(m);
    bool running = machine_is_running(m);
    log_if(LOG_RESET, "machine reset\n");
    if (running) {
        cpus_pause_all(m);
    }
    for (unsigned i = 0; i < m->reset_handlers->len; i++) {
        MachineHook *h = m->reset_handlers->pdata[i];
        ((ResetFn *)h->fn)(h->opaque);
    }
    reset_cpus(m);
    roms_restore(m);
    if (m->record->reset) {
        m->record->reset(m);
    }
    if (running) {
        cpus_resume_all(m);
    }
    machine_unlock(m);
}

/* --- requests --- */

static void request(Machine *m, int bit)
{
    trace(machine_request, bit, m->shutdown_cause);
    __atomic_fetch_or(&m->pending, bit, __ATOMIC_ACQ_REL);
    event_loop_wake(m->loop);
}

void machine_request_shutdown(Machine *m, ShutdownCause cause, int exit_status)
{
    __atomic_store_n(&m->shutdown_cause, (int)cause, __ATOMIC_RELAXED);
    __atomic_store_n(&m->requested_status, exit_status, __ATOMIC_RELAXED);
    request(m, REQUEST_SHUTDOWN);
}

void machine_request_reset(Machine *m, ShutdownCause cause)
{
    cause = cause == SHUTDOWN_GUEST ? SHUTDOWN_GUEST_RESET : cause == SHUTDOWN_HOST_QMP ? SHUTDOWN_HOST_QMP_RESET : cause;
    if (m->no_reboot && cause == SHUTDOWN_GUEST_RESET) {
        machine_request_shutdown(m, cause, 0);
        return;
    }
    __atomic_store_n(&m->reset_cause, (int)cause, __ATOMIC_RELAXED);
    request(m, REQUEST_RESET);
}

void machine_request_powerdown(Machine *m) { request(m, REQUEST_POWERDOWN); }

void machine_request_stop(Machine *m, RunState why)
{
    __atomic_store_n(&m->stop_reason, (int)why, __ATOMIC_RELAXED);
    request(m, REQUEST_STOP);
}

void machine_request_panic(Machine *m) { request(m, REQUEST_PANIC); }

static bool do_shutdown(Machine *m)
{
    ShutdownCause cause = __atomic_load_n(&m->shutdown_cause, __ATOMIC_RELAXED);
    bool guest = cause == SHUTDOWN_GUEST || cause == SHUTDOWN_GUEST_PANIC || cause == SHUTDOWN_GUEST_RESET;
    machine_stop(m, RUN_STATE_SHUTDOWN);
    tell_event(m, MACHINE_EVENT_SHUTDOWN, cause);
    if (m->no_shutdown && guest) {
        return false;
    }
    m->exit_status = __atomic_load_n(&m->requested_status, __ATOMIC_RELAXED);
    m->quit = true;
    return true;
}

static void do_reset(Machine *m)
{
    machine_reset(m);
    tell_event(m, MACHINE_EVENT_RESET, __atomic_load_n(&m->reset_cause, __ATOMIC_RELAXED));
    switch (m->state) { /* states that only a reset leads out of */
    case RUN_STATE_SHUTDOWN:
    case RUN_STATE_INTERNAL_ERROR:
    case RUN_STATE_GUEST_PANICKED:
    case RUN_STATE_WATCHDOG:
        set_state(m, RUN_STATE_PRELAUNCH);
        break;
    default:
        break;
    }
}

static void do_powerdown(Machine *m)
{
    tell_event(m, MACHINE_EVENT_POWERDOWN, SHUTDOWN_HOST_QMP);
    for (unsigned i = 0; i < m->powerdown_notifiers->len; i++) {
        MachineHook *h = m->powerdown_notifiers->pdata[i];
        ((PowerdownFn *)h->fn)(h->opaque);
    }
}

bool machine_handle_requests(Machine *m)
{
    machine_lock(m);
    int bits = __atomic_exchange_n(&m->pending, 0, __ATOMIC_ACQ_REL);
    if (bits & REQUEST_PANIC) {
        tell_event(m, MACHINE_EVENT_PANIC, SHUTDOWN_GUEST_PANIC);
        if (m->panic_exit || !m->no_shutdown) {
            __atomic_store_n(&m->shutdown_cause, SHUTDOWN_GUEST_PANIC, __ATOMIC_RELAXED);
            __atomic_store_n(&m->requested_status, m->panic_exit ? 1 : 0, __ATOMIC_RELAXED);
            bits |= REQUEST_SHUTDOWN;
        } else {
            machine_stop(m, RUN_STATE_GUEST_PANICKED);
        }
    }
    if (bits & REQUEST_SHUTDOWN) {
        do_shutdown(m);
    }
    if (!m->quit) {
        if (bits & REQUEST_RESET) {
            do_reset(m);
        }
        if (bits & REQUEST_POWERDOWN) {
            do_powerdown(m);
        }
        if (bits & REQUEST_STOP) {
            machine_stop(m, __atomic_load_n(&m->stop_reason, __ATOMIC_RELAXED));
        }
    }
    machine_unlock(m);
    return m->quit;
}

int machine_run(Machine *m)
{
    machine_lock(m);
    event_loop_set_current(m->loop);
    cpus_start_threads(m);
    if (!m->start_paused && m->state == RUN_STATE_PRELAUNCH) {
        machine_start(m);
    }
    while (!machine_handle_requests(m)) {
        main_loop_wait(m->loop, true);
    }
    machine_unlock(m);
    return m->exit_status;
}

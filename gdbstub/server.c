/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The debugger's connection and its life with the machine: a client that connects stops the machine; whatever stops it later
 * is reported as long as a reply is owed. When the client goes, breakpoints go with it, and a machine that ran before runs on.
 */
#include "internal.h"

#include <string.h>

void gdb_reply(GdbServer *s, const char *text)
{
    gdb_packets_send(&s->packets, text, strlen(text));
}

static CpuState *cpu_at(GdbServer *s, unsigned i)
{
    return g_ptr_array_index(s->machine->cpus, i);
}

static bool at_breakpoint(CpuState *cpu)
{
    uint64_t pc = cpu->target->get_pc(cpu);
    for (unsigned i = 0; i < cpu->breakpoints->len; i++) {
        if (g_array_index(cpu->breakpoints, uint64_t, i) == pc) {
            return true;
        }
    }
    return false;
}

/* The CPU the stop is about: the one that asked for it, else one at a breakpoint, else the one gdb looked at. */
static CpuState *stopped_cpu(GdbServer *s)
{
    for (unsigned i = 0; i < s->machine->cpus->len; i++) {
        if (cpu_at(s, i)->debug_stopped) {
            return cpu_at(s, i);
        }
    }
    for (unsigned i = 0; i < s->machine->cpus->len; i++) {
        if (at_breakpoint(cpu_at(s, i))) {
            return cpu_at(s, i);
        }
    }
    return s->query_cpu;
}

/* Signals as gdb numbers them, which tell the user why the machine stands. */
static unsigned stop_signal(RunState state)
{
    switch (state) {
    case RUN_STATE_PAUSED: return 2;          /* INT */
    case RUN_STATE_SHUTDOWN: return 3;        /* QUIT */
    case RUN_STATE_INTERNAL_ERROR:
    case RUN_STATE_GUEST_PANICKED: return 6;  /* ABRT */
    case RUN_STATE_WATCHDOG: return 14;       /* ALRM */
    case RUN_STATE_IO_ERROR: return 23;       /* IO */
    default: return GDB_SIGNAL_TRAP;
    }
}

void gdb_reply_stop(GdbServer *s, unsigned signal)
{
    CpuState *cpu = signal == GDB_SIGNAL_TRAP ? stopped_cpu(s) : s->run_cpu;
    s->query_cpu = s->run_cpu = cpu;
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_printf(text, "T%02xthread:%x;", signal, cpu->index + 1);
    if (signal == GDB_SIGNAL_TRAP && cpu->watch_hit >= 0 && (unsigned)cpu->watch_hit < cpu->watchpoints->len) {
        const CpuWatchpoint *w = &g_array_index(cpu->watchpoints, CpuWatchpoint, cpu->watch_hit);
        const char *kind = w->on_read && w->on_write ? "awatch" : w->on_read ? "rwatch" : "watch";
        g_string_append_printf(text, "%s:%" G_GINT64_MODIFIER "x;", kind, w->va);
    }
    gdb_reply(s, text->str);
}

/* What a step and a stop left in the CPUs; they are paused. */
static void clear_steps(GdbServer *s)
{
    for (unsigned i = 0; i < s->machine->cpus->len; i++) {
        CpuState *cpu = cpu_at(s, i);
        cpu->single_step = 0;
        cpu->held = cpu->debug_stopped = false;
        cpu->watch_hit = -1;
    }
}

void gdb_resume(GdbServer *s, const char *actions)
{
    Machine *m = s->machine;
    clear_steps(s);
    if (m->state == RUN_STATE_SHUTDOWN || m->state == RUN_STATE_GUEST_PANICKED || m->state == RUN_STATE_INTERNAL_ERROR) {
        gdb_reply_stop(s, stop_signal(m->state)); /* only a reset leads out */
        return;
    }
    for (unsigned i = 0; actions && i < m->cpus->len; i++) {
        cpu_at(s, i)->single_step = actions[i] == GDB_STEP;
        cpu_at(s, i)->held = actions[i] == GDB_HOLD;
    }
    s->running = s->resumed = true;
    machine_start(m);
}

/* Is a machine that was shut down kept for a look at it? */
static bool kept_after_shutdown(const Machine *m)
{
    int cause = __atomic_load_n(&m->shutdown_cause, __ATOMIC_RELAXED);
    return m->no_shutdown && (cause == SHUTDOWN_GUEST || cause == SHUTDOWN_GUEST_PANIC || cause == SHUTDOWN_GUEST_RESET);
}

static void state_changed(Machine *m, bool running, RunState state, void *opaque)
{
    GdbServer *s = opaque;
    if (running) {
        return;
    }
    if (!s->connected) {
        if (state == RUN_STATE_DEBUG) {
            bh_schedule(s->restart); /* a stop that was on its way when the client went */
        }
        return;
    }
    if (!s->running) {
        return;
    }
    s->running = false;
    if (state == RUN_STATE_SHUTDOWN && !kept_after_shutdown(m)) {
        g_autofree char *text = g_strdup_printf("W%02x", (unsigned)__atomic_load_n(&m->requested_status, __ATOMIC_RELAXED) & 0xff);
        gdb_reply(s, text);
        return;
    }
    gdb_reply_stop(s, stop_signal(state));
}

static void restart(void *opaque)
{
    GdbServer *s = opaque;
    if (s->machine->state == RUN_STATE_DEBUG) {
        machine_start(s->machine);
    }
}

/* Hands all CPUs the lists anew; vCPUs are paused. The accelerator compares them with what it has when it resumes. */
static void apply_stops(GdbServer *s)
{
    for (unsigned c = 0; c < s->machine->cpus->len; c++) {
        CpuState *cpu = cpu_at(s, c);
        g_array_set_size(cpu->breakpoints, 0);
        g_array_set_size(cpu->watchpoints, 0);
        for (unsigned i = 0; i < s->stops->len; i++) {
            const GdbStop *stop = &g_array_index(s->stops, GdbStop, i);
            if (stop->kind <= 1) {
                g_array_append_val(cpu->breakpoints, stop->addr);
            } else {
                CpuWatchpoint w = {.va = stop->addr, .len = stop->len, .on_read = stop->kind != 2, .on_write = stop->kind != 3};
                g_array_append_val(cpu->watchpoints, w);
            }
        }
    }
}

bool gdb_insert(GdbServer *s, int kind, uint64_t addr, uint64_t len, bool add)
{
    if (kind < 0 || kind > 4 || (kind >= 2 && (len == 0 || len > 4096)) || s->stops->len > 4096) {
        return false;
    }
    bool found = false;
    for (unsigned i = 0; i < s->stops->len && !found; i++) {
        const GdbStop *stop = &g_array_index(s->stops, GdbStop, i);
        if (stop->kind == kind && stop->addr == addr && (kind <= 1 || stop->len == len)) {
            found = true;
            if (!add) {
                g_array_remove_index(s->stops, i);
            }
        }
    }
    if (add && !found) {
        GdbStop stop = {.kind = kind, .addr = addr, .len = len};
        g_array_append_val(s->stops, stop);
    }
    if (add || found) {
        apply_stops(s);
    }
    return add || found;
}

void gdb_release(GdbServer *s, bool resume)
{
    Machine *m = s->machine;
    bool running = machine_is_running(m);
    if (running) {
        cpus_pause_all(m);
    }
    g_array_set_size(s->stops, 0);
    apply_stops(s);
    clear_steps(s);
    s->running = false;
    if (running) {
        cpus_resume_all(m);
    } else if (resume && (m->state == RUN_STATE_PAUSED || m->state == RUN_STATE_DEBUG || m->state == RUN_STATE_PRELAUNCH)) {
        machine_start(m);
    }
}

/* A client that asks and does not read the answers waits. */
static size_t can_receive(void *opaque)
{
    GdbServer *s = opaque;
    return s->packets.pending->len > GDB_PENDING_MAX ? 0 : 1024;
}

static void receive(void *opaque, const uint8_t *buf, size_t len)
{
    GdbServer *s = opaque;
    for (size_t i = 0; i < len; i++) {
        switch (gdb_packets_feed(&s->packets, buf[i])) {
        case GDB_INPUT_PACKET: gdb_command(s, s->packets.buf, s->packets.len); break;
        case GDB_INPUT_INTERRUPT:
            if (s->running) {
                machine_stop(s->machine, RUN_STATE_PAUSED);
            }
            break;
        case GDB_INPUT_NONE: break;
        }
    }
}

static void event(void *opaque, CharEvent what)
{
    GdbServer *s = opaque;
    if (what == CHAR_EVENT_OPENED && !s->connected) {
        gdb_packets_reset(&s->packets);
        s->connected = true;
        s->running = s->physical = false;
        s->resumed = machine_is_running(s->machine);
        s->query_cpu = s->run_cpu = cpu_at(s, 0);
        if (s->resumed) {
            machine_stop(s->machine, RUN_STATE_PAUSED);
        }
    } else if (what == CHAR_EVENT_CLOSED && s->connected) {
        s->connected = false;
        gdb_release(s, s->resumed);
    }
}

static void writable(void *opaque)
{
    GdbServer *s = opaque;
    gdb_packets_flush(&s->packets);
    if (can_receive(s)) {
        char_frontend_accept_input(&s->fe);
    }
}

static const CharHandlers handlers = {.can_receive = can_receive, .receive = receive, .event = event, .writable = writable};

GdbServer *gdbserver_start(Machine *m, const char *device, Error **errp)
{
    if (!m->cpus->len) {
        error_setg(errp, "machine '%s' has no CPU to debug", m->record->name);
        return NULL;
    }
    Chardev *chr = chardev_find(m->root, device);
    if (!chr) {
        /* A debugger's socket is a server that does not wait, unless the user says so. */
        g_autofree char *text = g_strdup(device);
        if ((g_str_has_prefix(device, "tcp:") || g_str_has_prefix(device, "unix:")) && !strstr(device, "server")) {
            g_free(text);
            text = g_strdup_printf("%s,server=on,wait=off,nodelay=on", device);
        }
        bool none = false, mon = false;
        g_autofree char *label = g_strdup("gdb");
        for (unsigned n = 1; chardev_find(m->root, label); n++) {
            g_free(label);
            label = g_strdup_printf("gdb%u", n);
        }
        chr = chardev_create_legacy(m->root, label, text, &none, &mon, errp);
        if (!chr) {
            if (none) {
                error_setg(errp, "-gdb none: name a device, for example -gdb tcp::1234");
            }
            return NULL;
        }
    }
    GdbServer *s = g_new0(GdbServer, 1);
    s->machine = m;
    s->restart = bh_new(m->loop, restart, s);
    s->stops = g_array_new(FALSE, TRUE, sizeof(GdbStop));
    s->query_cpu = s->run_cpu = g_ptr_array_index(m->cpus, 0);
    s->target_xml = gdb_target_xml(s->query_cpu->target);
    gdb_packets_init(&s->packets, &s->fe);
    if (!char_frontend_attach(&s->fe, chr, errp)) {
        gdbserver_free(s);
        return NULL;
    }
    machine_add_state_notifier(m, state_changed, s);
    char_frontend_set_handlers(&s->fe, &handlers, s);
    return s;
}

void gdbserver_free(GdbServer *s)
{
    if (s) {
        char_frontend_detach(&s->fe);
        gdb_packets_free(&s->packets);
        bh_delete(s->restart);
        g_array_free(s->stops, TRUE);
        g_free(s->target_xml);
        g_free(s);
    }
}

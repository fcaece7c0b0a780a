/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The debugger's connection and its life with the machine: a client that connects stops the machine; whatever stops it later
 * is reported as long as a reply is owed; when the client goes, breakpoints go with it and the machine runs on.
 */
#include "internal.h"

#include <string.h>

#include "accel/tcg/tcg-accel.h"

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

/* The CPU the stop is about: one that hit a watchpoint, was stepped, or stands at a breakpoint; else the one gdb looked at. */
static CpuState *stopped_cpu(GdbServer *s)
{
    for (unsigned i = 0; i < s->machine->cpus->len; i++) {
        CpuState *cpu = cpu_at(s, i);
        if (cpu->watch_hit >= 0 || cpu->single_step) {
            return cpu;
        }
    }
    for (unsigned i = 0; i < s->machine->cpus->len; i++) {
        if (at_breakpoint(cpu_at(s, i))) {
            return cpu_at(s, i);
        }
    }
    return s->query_cpu;
}

void gdb_reply_stop(GdbServer *s)
{
    CpuState *cpu = stopped_cpu(s);
    s->query_cpu = s->run_cpu = cpu;
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_printf(text, "T05thread:%x;", cpu->index + 1);
    if (cpu->watch_hit >= 0 && (unsigned)cpu->watch_hit < cpu->watchpoints->len) {
        const CpuWatchpoint *w = &g_array_index(cpu->watchpoints, CpuWatchpoint, cpu->watch_hit);
        const char *kind = w->on_read && w->on_write ? "awatch" : w->on_read ? "rwatch" : "watch";
        g_string_append_printf(text, "%s:%" G_GINT64_MODIFIER "x;", kind, w->va);
    }
    gdb_reply(s, text->str);
}

void gdb_resume(GdbServer *s, CpuState *step)
{
    for (unsigned i = 0; i < s->machine->cpus->len; i++) {
        CpuState *cpu = cpu_at(s, i);
        cpu->single_step = cpu == step;
        cpu->watch_hit = -1;
        cpu->stopped = step && cpu != step; /* the others hold still during a step */
    }
    s->running = true;
    machine_start(s->machine);
}

static void state_changed(Machine *m, bool running, RunState state, void *opaque)
{
    GdbServer *s = opaque;
    if (running || !s->connected || !s->running) {
        return;
    }
    s->running = false;
    if (state == RUN_STATE_SHUTDOWN) {
        gdb_reply(s, "W00");
        return;
    }
    gdb_reply_stop(s);
    for (unsigned i = 0; i < m->cpus->len; i++) {
        cpu_at(s, i)->single_step = 0;
    }
}

/* Hands all CPUs the lists anew; vCPUs are paused. */
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
        tlb_flush_all(cpu);
        tcg_flush_all_code(cpu);
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

void gdb_detach(GdbServer *s)
{
    g_array_set_size(s->stops, 0);
    apply_stops(s);
    s->running = false;
    gdb_resume(s, NULL);
    s->running = false;
}

static size_t can_receive(void *opaque)
{
    return 4096;
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
        s->running = false;
        s->query_cpu = s->run_cpu = cpu_at(s, 0);
        machine_stop(s->machine, RUN_STATE_PAUSED);
    } else if (what == CHAR_EVENT_CLOSED && s->connected) {
        s->connected = false;
        gdb_detach(s);
    }
}

static void writable(void *opaque)
{
    GdbServer *s = opaque;
    gdb_packets_flush(&s->packets);
}

static const CharHandlers handlers = {.can_receive = can_receive, .receive = receive, .event = event, .writable = writable};

GdbServer *gdbserver_start(Machine *m, const char *device, Error **errp)
{
    Chardev *chr = chardev_find(m->root, device);
    if (!chr) {
        /* A debugger's socket is a server that does not wait, unless the user says so. */
        g_autofree char *text = g_strdup(device);
        if ((g_str_has_prefix(device, "tcp:") || g_str_has_prefix(device, "unix:")) && !strstr(device, "server")) {
            g_free(text);
            text = g_strdup_printf("%s,server=on,wait=off,nodelay=on", device);
        }
        bool none = false, mon = false;
        chr = chardev_create_legacy(m->root, "gdb", text, &none, &mon, errp);
        if (!chr) {
            if (none) {
                error_setg(errp, "-gdb none: name a device, for example -gdb tcp::1234");
            }
            return NULL;
        }
    }
    GdbServer *s = g_new0(GdbServer, 1);
    s->machine = m;
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
        g_array_free(s->stops, TRUE);
        g_free(s->target_xml);
        g_free(s);
    }
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A monitor's life on a character device: greeting, prompt, input to the line editor, output with CR before LF, and the same
 * commands run as one line for other front ends (gdb's `monitor`, human-monitor-command).
 */
#include "internal.h"

#include <stdio.h>
#include <string.h>

#include "util/error.h"
#include "util/json.h"

enum { PENDING_MAX = 64 * 1024, INPUT_CHUNK = 128 };

static void flush_pending(Monitor *mon)
{
    size_t taken = mon->pending->len ? char_frontend_write(&mon->fe, mon->pending->str, mon->pending->len) : 0;
    g_string_erase(mon->pending, 0, (gssize)taken);
}

void monitor_write(Monitor *mon, const char *text, size_t len)
{
    if (mon->capture) {
        for (size_t i = 0; i < len; i++) {
            if (text[i] != '\r') {
                g_string_append_c(mon->capture, text[i]);
            }
        }
        return;
    }
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) {
            g_string_append_c(mon->pending, '\r');
        }
        g_string_append_c(mon->pending, text[i]);
    }
    flush_pending(mon);
}

void monitor_printf(Monitor *mon, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    g_autofree char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    monitor_write(mon, text, strlen(text));
}

static ssize_t stream_write(void *cookie, const char *buf, size_t len)
{
    monitor_write(cookie, buf, len);
    return (ssize_t)len;
}

FILE *monitor_file(Monitor *mon)
{
    return fopencookie(mon, "w", (cookie_io_functions_t){.write = stream_write});
}

void monitor_error(Monitor *mon, Error *err)
{
    monitor_printf(mon, "Error: %s\n", error_message(err));
    if (error_hint(err)) {
        monitor_printf(mon, "%s\n", error_hint(err));
    }
    error_free(err);
}

Machine *monitor_machine(Monitor *mon)
{
    return mon->machine;
}

CpuState *monitor_cpu(Monitor *mon)
{
    GPtrArray *cpus = mon->machine->cpus;
    return mon->cpu_index < cpus->len ? g_ptr_array_index(cpus, mon->cpu_index) : NULL;
}

/* --- on a character device --- */
static void print_text(void *opaque, const char *text, size_t len)
{
    monitor_write(opaque, text, len);
}

static void run_line(void *opaque, const char *line)
{
    Monitor *mon = opaque;
    hmp_dispatch(mon, line);
    readline_prompt(mon->readline);
}

static char **complete(void *opaque, const char *head)
{
    return hmp_complete(opaque, head);
}

static const ReadlineOps readline_ops = {.print = print_text, .line = run_line, .complete = complete};

static void receive(void *opaque, const uint8_t *buf, size_t len)
{
    Monitor *mon = opaque;
    for (size_t i = 0; i < len; i++) {
        readline_feed(mon->readline, buf[i]);
    }
}

static void greet(Monitor *mon)
{
    if (!mon->greeted) {
        mon->greeted = true;
        monitor_printf(mon, "Mimic %s monitor - type 'help' for more information\n", MIMIC_VERSION);
    }
    readline_prompt(mon->readline);
}

static void event(void *opaque, CharEvent what)
{
    Monitor *mon = opaque;
    switch (what) {
    case CHAR_EVENT_OPENED:
        mon->greeted = false;
        if (char_frontend_focused(&mon->fe)) {
            greet(mon);
        }
        break;
    case CHAR_EVENT_MUX_IN: greet(mon); break;
    case CHAR_EVENT_MUX_OUT: monitor_write(mon, "\n", 1); break;
    default: break;
    }
}

/* What was printed and nobody reads stops the input. */
static size_t can_receive(void *opaque)
{
    Monitor *mon = opaque;
    return mon->pending->len > PENDING_MAX ? 0 : INPUT_CHUNK;
}

static void writable(void *opaque)
{
    Monitor *mon = opaque;
    flush_pending(mon);
    if (can_receive(mon)) {
        char_frontend_accept_input(&mon->fe);
    }
}

static const CharHandlers handlers = {.can_receive = can_receive, .receive = receive, .event = event, .writable = writable};

Monitor *monitor_new(Machine *m, struct Chardev *chr, const char *mode, Error **errp)
{
    if (strcmp(mode, "readline") != 0) {
        error_setg(errp, "monitor mode '%s' is not there yet: QMP is missing; use mode=readline", mode);
        return NULL;
    }
    Monitor *mon = g_new0(Monitor, 1);
    mon->machine = m;
    mon->pending = g_string_new(NULL);
    mon->readline = readline_new(&readline_ops, "(qemu) ", mon);
    if (!char_frontend_attach(&mon->fe, chr, errp)) {
        monitor_free(mon);
        return NULL;
    }
    char_frontend_set_handlers(&mon->fe, &handlers, mon);
    return mon;
}

void monitor_free(Monitor *mon)
{
    if (mon) {
        char_frontend_detach(&mon->fe);
        readline_free(mon->readline);
        g_string_free(mon->pending, TRUE);
        g_free(mon);
    }
}

char *hmp_run_line(Machine *m, const char *line, int cpu_index)
{
    Monitor mon = {.machine = m, .capture = g_string_new(NULL), .cpu_index = cpu_index < 0 ? 0 : (unsigned)cpu_index};
    hmp_dispatch(&mon, line);
    return g_string_free(mon.capture, FALSE);
}

void qmp_event(Machine *m, const char *name, struct JsonValue *data)
{
    /* Nobody listens before QMP is there. */
    json_free(data);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trace events: `-trace pattern` switches on events by name with * and ?. Off, an event costs one predicted branch on a byte.
 * With <sys/sdt.h> there at build time each event is a USDT probe `mimic:NAME` as well.
 *
 *   TRACE_EVENT(plic_claim, "hart %u irq %u");          at file scope
 *   trace(plic_claim, hart, irq);                        where it happens
 */
#ifndef UTIL_TRACE_H
#define UTIL_TRACE_H

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

#include "util/error.h"
#include "util/registry.h"

typedef struct TraceEvent {
    const char *name;
    const char *format;
    bool *enabled;
} TraceEvent;

#define TRACE_EVENT(ev, fmt)                                                                                            \
    static bool trace_on_##ev;                                                                                          \
    static const TraceEvent trace_event_##ev = {#ev, fmt, &trace_on_##ev};                                              \
    REGISTRY_ADD(trace, trace_event_##ev)

#ifdef HAVE_SYS_SDT_H
#include <sys/sdt.h>
#define TRACE_PROBE(ev) DTRACE_PROBE(mimic, ev)
#else
#define TRACE_PROBE(ev) ((void)0)
#endif

#define trace_enabled(ev) __builtin_expect(__atomic_load_n(&trace_on_##ev, __ATOMIC_RELAXED), 0)
#define trace(ev, ...)                                                                                                  \
    do {                                                                                                                \
        TRACE_PROBE(ev);                                                                                                \
        if (trace_enabled(ev)) {                                                                                        \
            trace_print(&trace_event_##ev, ##__VA_ARGS__);                                                              \
        }                                                                                                               \
    } while (0)

void trace_print(const TraceEvent *ev, ...);
void trace_print_events(FILE *out, const char *pattern); /* "NAME : state 0" for each that matches */
/* "plic_*" on, "-plic_claim" off, "help" lists on stdout (returns false with no error set). */
bool trace_set_pattern(const char *pattern, bool enable, Error **errp);

#endif

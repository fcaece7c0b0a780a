/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trace events: switching by pattern and printing to the log.
 *
 * The event records are constant; each points to the one byte beside it that is its switch. A switch is a
 * plain byte: a change reaches other threads soon, nothing more is promised.
 */
#include <fnmatch.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/log.h"
#include "util/trace.h"

REGISTRY_OWN(trace);

static const TraceEvent *const *trace_events(size_t *count)
{
    return (const TraceEvent *const *)REGISTRY_SORTED(trace, count);
}

void trace_print(const TraceEvent *ev, ...)
{
    int64_t now = hosttime_ns() / NS_PER_US;
    FILE *f = log_lock();
    va_list ap;
    const char *format = ev->format ? ev->format : "";

    fprintf(f, "%d@%" G_GINT64_FORMAT ".%06d:%s ", (int)getpid(), now / 1000000, (int)(now % 1000000), ev->name);
    va_start(ap, ev);
    vfprintf(f, format, ap);
    va_end(ap);
    fputc('\n', f);
    log_unlock(f);
}

void trace_print_events(FILE *out, const char *pattern)
{
    size_t count;
    const TraceEvent *const *events = trace_events(&count);

    for (size_t i = 0; i < count; i++) {
        if (fnmatch(pattern, events[i]->name, 0) == 0) {
            fprintf(out, "%s : state %d\n", events[i]->name, __atomic_load_n(events[i]->enabled, __ATOMIC_RELAXED));
        }
    }
}

bool trace_set_pattern(const char *pattern, bool enable, Error **errp)
{
    size_t count, matched = 0;
    const TraceEvent *const *events = trace_events(&count);
    g_autofree const char **names = NULL;

    if (!strcmp(pattern, "help") || !strcmp(pattern, "?")) {
        for (size_t i = 0; i < count; i++) {
            printf("%s\n", events[i]->name);
        }
        return false;
    }
    if (*pattern == '-') {
        enable = false;
        pattern++;
    }
    for (size_t i = 0; i < count; i++) {
        if (fnmatch(pattern, events[i]->name, 0) == 0) {
            __atomic_store_n(events[i]->enabled, enable, __ATOMIC_RELAXED);
            matched++;
        }
    }
    if (matched || strpbrk(pattern, "*?")) {
        return true; /* a pattern may match nothing, as in a build without that device */
    }
    names = g_new0(const char *, count + 1);
    for (size_t i = 0; i < count; i++) {
        names[i] = events[i]->name;
    }
    error_set_unknown(errp, pattern, names, "no trace event is named '%s' (-trace help lists them)", pattern);
    return false;
}

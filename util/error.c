/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Error objects, reports on the terminal, and the spelling suggestions that go with them.
 *
 * An Error is a class, a message and an optional hint line. A function sets one at most once; should it do so twice
 * the first is kept, because the first is the cause. error_fatal is only an address: it never holds an object.
 *
 * Reports are written with one call each, so that lines of several threads do not mix. A thread may divert its reports to
 * a sink (a monitor that runs a command).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/error.h"

struct Error {
    ErrorClass cls;
    char *message;
    char *hint;
};

Error *error_fatal;

static char program_name[64] = "mimic";
static __thread ErrorSink *report_sink;
static __thread void *report_opaque;

static void report_line(const char *prefix, const char *text)
{
    g_autofree char *line = g_strdup_printf("%s: %s%s\n", program_name, prefix, text);

    if (report_sink) {
        report_sink(line + strlen(program_name) + 2, report_opaque);
    } else {
        fputs(line, stderr);
    }
}

static void report_hint(const char *hint)
{
    const char *end = g_str_has_suffix(hint, "\n") ? "" : "\n";
    g_autofree char *line = g_strconcat(hint, end, NULL);

    if (report_sink) {
        report_sink(line, report_opaque);
    } else {
        fputs(line, stderr);
    }
}

/* Hands over a finished object, the one place that knows what an errp can be. */
static void error_deliver(Error **errp, Error *err)
{
    if (errp == &error_fatal) {
        report_sink = NULL;
        error_report_err(err);
        exit(1);
    }
    if (!errp || *errp) {
        error_free(err);
    } else {
        *errp = err;
    }
}

static Error *error_make(ErrorClass cls, const char *fmt, va_list ap) G_GNUC_PRINTF(2, 0);
static Error *error_make(ErrorClass cls, const char *fmt, va_list ap)
{
    Error *err = g_new0(Error, 1);

    err->cls = cls;
    err->message = g_strdup_vprintf(fmt, ap);
    return err;
}

void error_setg(Error **errp, const char *fmt, ...)
{
    va_list ap;

    if (!errp) {
        return;
    }
    va_start(ap, fmt);
    error_deliver(errp, error_make(ERROR_GENERIC, fmt, ap));
    va_end(ap);
}

void error_set_class(Error **errp, ErrorClass cls, const char *fmt, ...)
{
    va_list ap;

    if (!errp) {
        return;
    }
    va_start(ap, fmt);
    error_deliver(errp, error_make(cls, fmt, ap));
    va_end(ap);
}

void error_setg_errno(Error **errp, int err, const char *fmt, ...)
{
    Error *e;
    va_list ap;

    if (!errp) {
        return;
    }
    va_start(ap, fmt);
    e = error_make(ERROR_GENERIC, fmt, ap);
    va_end(ap);
    if (err) {
        char *with_reason = g_strdup_printf("%s: %s", e->message, g_strerror(err));

        g_free(e->message);
        e->message = with_reason;
    }
    error_deliver(errp, e);
}

void error_set_unknown(Error **errp, const char *word, const char *const *candidates, const char *fmt, ...)
{
    const char *near;
    Error *e;
    va_list ap;

    if (!errp) {
        return;
    }
    va_start(ap, fmt);
    e = error_make(ERROR_GENERIC, fmt, ap);
    va_end(ap);
    near = candidates ? suggest_nearest(word, candidates) : NULL;
    if (near) {
        error_append_hint(&e, "Did you mean '%s'?", near);
    }
    error_deliver(errp, e);
}

void error_append_hint(Error **errp, const char *fmt, ...)
{
    g_autofree char *text = NULL;
    char *joined;
    va_list ap;

    if (!errp || !*errp) {
        return;
    }
    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    joined = g_strconcat((*errp)->hint ? (*errp)->hint : "", text, NULL);
    g_free((*errp)->hint);
    (*errp)->hint = joined;
}

void error_prepend(Error **errp, const char *fmt, ...)
{
    g_autofree char *text = NULL;
    char *joined;
    va_list ap;

    if (!errp || !*errp) {
        return;
    }
    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    joined = g_strconcat(text, (*errp)->message, NULL);
    g_free((*errp)->message);
    (*errp)->message = joined;
}

void error_propagate(Error **dst, Error *err)
{
    if (err) {
        error_deliver(dst, err);
    }
}

const char *error_message(const Error *err)
{
    return err->message;
}

const char *error_hint(const Error *err)
{
    return err->hint;
}

ErrorClass error_class(const Error *err)
{
    return err->cls;
}

void error_free(Error *err)
{
    if (err) {
        g_free(err->message);
        g_free(err->hint);
        g_free(err);
    }
}

void error_report_err(Error *err)
{
    if (!err) {
        return;
    }
    report_line("", err->message);
    if (err->hint) {
        report_hint(err->hint);
    }
    error_free(err);
}

void error_set_sink(ErrorSink *sink, void *opaque)
{
    report_sink = sink;
    report_opaque = opaque;
}

void error_report(const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    report_line("", text);
}

void warn_report(const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    report_line("warning: ", text);
}

void info_report(const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    report_line("info: ", text);
}

void error_set_program(const char *argv0)
{
    const char *slash = strrchr(argv0, '/');

    g_strlcpy(program_name, slash ? slash + 1 : argv0, sizeof(program_name));
}

const char *error_program(void)
{
    return program_name;
}

/* --- suggestions --- */

#define SUGGEST_MAX 64 /* longer words are no typos, and the distance is quadratic */

/* Optimal string alignment: insert, delete, replace and swap of neighbours cost one each; case costs nothing. */
static unsigned edit_distance(const char *a, size_t n, const char *b, size_t m)
{
    unsigned rows[3][SUGGEST_MAX + 1];
    unsigned *prev2 = rows[0], *prev = rows[1], *cur = rows[2];

    for (size_t j = 0; j <= m; j++) {
        prev[j] = j;
    }
    for (size_t i = 1; i <= n; i++) {
        unsigned *spare = prev2;

        cur[0] = i;
        for (size_t j = 1; j <= m; j++) {
            char ca = g_ascii_tolower(a[i - 1]), cb = g_ascii_tolower(b[j - 1]);
            unsigned best = prev[j - 1] + (ca != cb);

            best = MIN(best, MIN(prev[j], cur[j - 1]) + 1);
            if (i > 1 && j > 1 && ca == g_ascii_tolower(b[j - 2]) && cb == g_ascii_tolower(a[i - 2])) {
                best = MIN(best, prev2[j - 2] + 1);
            }
            cur[j] = best;
        }
        prev2 = prev;
        prev = cur;
        cur = spare;
    }
    return prev[m];
}

const char *suggest_nearest(const char *word, const char *const *candidates)
{
    size_t n = strlen(word);
    unsigned limit = n < 3 ? 1 : n < 6 ? 2 : n < 12 ? 3 : 4;
    unsigned best = limit + 1;
    const char *found = NULL, *longer = NULL;

    if (n == 0 || n > SUGGEST_MAX) {
        return NULL;
    }
    for (; *candidates; candidates++) {
        size_t m = strlen(*candidates);
        unsigned d;

        if (m == 0 || m > SUGGEST_MAX) {
            continue;
        }
        d = edit_distance(word, n, *candidates, m);
        /* Half of the letters wrong is another word, not a typo. */
        if (d < best && d * 2 <= MAX(n, m)) {
            best = d;
            found = *candidates;
        }
        if (n >= 3 && m > n && !g_ascii_strncasecmp(word, *candidates, n) && (!longer || m < strlen(longer))) {
            longer = *candidates;
        }
    }
    /* A beginning of a name ("virtio-blk") is a better guess than a name two and more letters away. */
    return longer && best > 1 ? longer : found;
}

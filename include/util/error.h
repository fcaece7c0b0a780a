/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors: one object that says what was given, what is wrong with it and what would be right.
 *
 * A function that can fail takes a last argument `Error **errp` and returns bool (true: success) or a pointer (NULL: failure).
 * It sets *errp exactly once, and only when it fails. errp may be NULL (the caller does not care for the text),
 * or &error_fatal (print the message on stderr as `NAME: message` and exit with status 1; for start-up code only).
 * Not thread safe per object; distinct objects may be used from distinct threads.
 */
#ifndef UTIL_ERROR_H
#define UTIL_ERROR_H

#include <glib.h>
#include <stdarg.h>
#include <stdbool.h>

typedef struct Error Error;

/* The classes QMP clients tell apart; everything else is ERROR_GENERIC. */
typedef enum ErrorClass {
    ERROR_GENERIC,
    ERROR_COMMAND_NOT_FOUND,
    ERROR_DEVICE_NOT_FOUND,
    ERROR_DEVICE_NOT_ACTIVE,
    ERROR_KVM_MISSING_CAP,
} ErrorClass;

extern Error *error_fatal;

void error_setg(Error **errp, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
void error_set_class(Error **errp, ErrorClass cls, const char *fmt, ...) G_GNUC_PRINTF(3, 4);
/* Appends ": strerror(err)" to the message; @err is a positive errno value. */
void error_setg_errno(Error **errp, int err, const char *fmt, ...) G_GNUC_PRINTF(3, 4);
/* Second line for the person at the terminal ("Did you mean ...?"). No-op when nothing is set. */
void error_append_hint(Error **errp, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
void error_prepend(Error **errp, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
/*
 * An unknown name: the message, and where one of @candidates (NULL-terminated, may be NULL) is near to @word the hint
 * "Did you mean '...'?". The hint reaches error_fatal and QMP alike.
 */
void error_set_unknown(Error **errp, const char *word, const char *const *candidates, const char *fmt, ...)
    G_GNUC_PRINTF(4, 5);
/* Hands @err (may be NULL) to *dst; frees it where the caller does not want it. */
void error_propagate(Error **dst, Error *err);

const char *error_message(const Error *err);
const char *error_hint(const Error *err); /* NULL where there is none */
ErrorClass error_class(const Error *err);
void error_free(Error *err);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Error, error_free)

/* `NAME: message` and the hint on stderr (or the log, or the current monitor). Frees @err. */
void error_report_err(Error *err);
void error_report(const char *fmt, ...) G_GNUC_PRINTF(1, 2);
void warn_report(const char *fmt, ...) G_GNUC_PRINTF(1, 2);
void info_report(const char *fmt, ...) G_GNUC_PRINTF(1, 2);
/* The program name that reports start with; argv[0]'s last component. */
void error_set_program(const char *argv0);
const char *error_program(void);

/* Reports of this thread go to @sink instead of stderr until it is set to NULL (a monitor that runs a command). */
typedef void ErrorSink(const char *line, void *opaque);
void error_set_sink(ErrorSink *sink, void *opaque);

/*
 * First statement of a function that calls error_append_hint() or error_prepend() on its own errp: makes errp point to a
 * real object until the function returns, so that the addition also reaches error_fatal.
 */
typedef struct ErrorGuard {
    Error *local;
    Error **dst;
} ErrorGuard;
static inline void error_guard_leave(ErrorGuard *guard) { error_propagate(guard->dst, guard->local); }
#define ERRP_GUARD()                                                                                                    \
    __attribute__((cleanup(error_guard_leave))) ErrorGuard errp_guard = {.dst = errp};                                  \
    if (!errp || errp == &error_fatal) {                                                                                \
        errp = &errp_guard.local;                                                                                       \
    }

/*
 * The candidate nearest to @word by edit distance, or NULL where none is near enough to be a likely typo.
 * @candidates is a NULL-terminated list.
 */
const char *suggest_nearest(const char *word, const char *const *candidates);

#endif

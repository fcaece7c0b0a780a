/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log: `-d item,...` chooses items, `-D file` the destination (stderr otherwise). Lines are written whole.
 */
#ifndef UTIL_LOG_H
#define UTIL_LOG_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "util/error.h"

typedef enum LogItem {
    LOG_IN_ASM = 1u << 0,      /* guest code of each translated region */
    LOG_OP = 1u << 1,          /* TinyCode before optimisation */
    LOG_OP_OPT = 1u << 2,      /* TinyCode after optimisation */
    LOG_OUT_ASM = 1u << 3,     /* host code */
    LOG_INT = 1u << 4,         /* exceptions and interrupts */
    LOG_EXEC = 1u << 5,        /* each region entered through the dispatcher */
    LOG_CPU = 1u << 6,         /* registers with LOG_EXEC */
    LOG_MMU = 1u << 7,         /* page walks and TLB flushes */
    LOG_GUEST_ERROR = 1u << 8, /* the guest does what the specification forbids */
    LOG_UNIMP = 1u << 9,       /* the guest uses what is not there yet */
    LOG_PROFILE = 1u << 10,    /* per-region profile at exit */
    LOG_NOCHAIN = 1u << 11,    /* do not link regions to each other */
    LOG_PAGE = 1u << 12,       /* invalidation of translated code */
    LOG_RESET = 1u << 13,
    LOG_STRACE = 1u << 14,
} LogItem;

extern uint32_t log_mask;
#define log_on(item) (__builtin_expect((__atomic_load_n(&log_mask, __ATOMIC_RELAXED) & (item)) != 0, 0))

/* "in_asm,op,int" or "help" (then prints the list on stdout and returns false with no error set). */
bool log_parse_items(const char *text, uint32_t *mask, Error **errp);
void log_print_items(FILE *out); /* the list that "help" shows */
void log_set_mask(uint32_t mask);
bool log_set_file(const char *path, Error **errp);
/* Prints where any of @item's bits is on. */
void log_printf(LogItem item, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
#define log_if(item, ...)                                                                                               \
    do {                                                                                                                \
        if (log_on(item)) {                                                                                             \
            log_printf((item), __VA_ARGS__);                                                                            \
        }                                                                                                               \
    } while (0)
/* For output of many lines that must stay together. */
FILE *log_lock(void);
void log_unlock(FILE *f);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the monitor share. Main loop, machine lock held.
 */
#ifndef MONITOR_INTERNAL_H
#define MONITOR_INTERNAL_H

#include "chardev/chardev.h"
#include "monitor/monitor.h"

/* --- readline.c: a line editor that knows no terminal library: control codes and the common ANSI keys --- */
typedef struct Readline Readline;
typedef struct ReadlineOps {
    void (*print)(void *opaque, const char *text, size_t len);
    void (*line)(void *opaque, const char *line);
    /* Candidates for the word that ends at the cursor; NULL-terminated, freed with g_strfreev. */
    char **(*complete)(void *opaque, const char *line_to_cursor);
} ReadlineOps;
Readline *readline_new(const ReadlineOps *ops, const char *prompt, void *opaque);
void readline_free(Readline *rl);
void readline_prompt(Readline *rl); /* shows the prompt and what was typed so far */
void readline_feed(Readline *rl, uint8_t byte);
const char *readline_history(Readline *rl, unsigned i); /* oldest first; NULL behind the last */

/* --- hmp.c --- */
void hmp_dispatch(Monitor *mon, const char *line);
char **hmp_complete(Monitor *mon, const char *line_to_cursor);
void hmp_print_help(Monitor *mon, const char *word); /* NULL: all */

struct HmpArgs {
    GHashTable *strings; /* name -> char * */
    GHashTable *numbers; /* name -> uint64_t * */
    uint32_t flags;      /* bit per letter a-z */
    struct {             /* of `x/FMT` */
        unsigned count;
        char format;     /* 0: none was given */
        unsigned size;
    } fmt;
};

/* --- expr.c --- */
/* Evaluates at *text and moves it behind; $reg are the registers of @cpu. */
bool expr_eval(CpuState *cpu, const char **text, uint64_t *value, Error **errp);

/* --- monitor.c --- */
struct Monitor {
    Machine *machine;
    CharFrontend fe;
    Readline *readline;
    GString *capture;     /* output of human-monitor-command goes here instead */
    GString *pending;     /* what the chardev did not take yet */
    unsigned cpu_index;
    bool greeted;
};
void monitor_write(Monitor *mon, const char *text, size_t len);

#endif

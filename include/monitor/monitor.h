/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Monitors: HMP for people, QMP for programs, each on a chardev. Commands are constant records.
 * All commands run in the main loop with the machine lock held.
 */
#ifndef MONITOR_MONITOR_H
#define MONITOR_MONITOR_H

#include <glib.h>

#include "softmmu/machine.h"
#include "util/registry.h"

struct Chardev;
typedef struct Monitor Monitor;

typedef struct HmpArgs HmpArgs;
const char *hmp_arg_str(HmpArgs *a, const char *name);      /* NULL where absent */
bool hmp_arg_u64(HmpArgs *a, const char *name, uint64_t *v);/* false where absent */
bool hmp_arg_flag(HmpArgs *a, char letter);

typedef struct HmpCommand {
    const char *name;       /* "info mtree" for a sub-command of info */
    const char *aliases;    /* "q|exit"; may be NULL */
    const char *args;       /* "name:s,flat:-f,expr:i?,rest:S?": s word, S rest of line, i expression, -x flag, ? optional, / format for x */
    const char *params;     /* shown in help: "[-f]" */
    const char *help;
    void (*run)(Monitor *mon, HmpArgs *args);
} HmpCommand;
#define HMP_COMMAND(record) REGISTRY_ADD(hmp_command, record)

/* A monitor on a chardev; mode "readline" (HMP) or "control" (QMP). */
Monitor *monitor_new(Machine *m, struct Chardev *chr, const char *mode, Error **errp);
void monitor_free(Monitor *mon);
Machine *monitor_machine(Monitor *mon);
void monitor_printf(Monitor *mon, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
FILE *monitor_file(Monitor *mon);        /* a stream whose text goes to the monitor when closed */
void monitor_error(Monitor *mon, Error *err); /* "Error: ..." ; frees */
CpuState *monitor_cpu(Monitor *mon);     /* the one chosen by `cpu N` */
/* One line run as typed (human-monitor-command); the output, g_free. */
char *hmp_run_line(Machine *m, const char *line, int cpu_index);
/* An event for all QMP monitors; @data may be NULL, taken. */
struct JsonValue;
void qmp_event(Machine *m, const char *name, struct JsonValue *data);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands that steer the machine and the monitor itself.
 */
#include "internal.h"

#include <string.h>

#include "util/log.h"
#include "util/trace.h"

static void hmp_help(Monitor *mon, HmpArgs *args) { hmp_print_help(mon, hmp_arg_str(args, "word")); }
static const HmpCommand help_command = {"help", "?", "word:S?", "[COMMAND]", "show help on all commands or one", hmp_help};
HMP_COMMAND(help_command);

static void hmp_stop(Monitor *mon, HmpArgs *args) { machine_stop(mon->machine, RUN_STATE_PAUSED); }
static const HmpCommand stop_command = {"stop", "s", NULL, "", "pause the machine", hmp_stop};
HMP_COMMAND(stop_command);

static void hmp_cont(Monitor *mon, HmpArgs *args)
{
    RunState state = mon->machine->state;
    if (state == RUN_STATE_SHUTDOWN || state == RUN_STATE_INTERNAL_ERROR || state == RUN_STATE_GUEST_PANICKED) {
        monitor_printf(mon, "Error: the machine is in state '%s'; system_reset leads out of it\n", run_state_names[state]);
        return;
    }
    machine_start(mon->machine);
}
static const HmpCommand cont_command = {"cont", "c", NULL, "", "let the machine run", hmp_cont};
HMP_COMMAND(cont_command);

static void hmp_quit(Monitor *mon, HmpArgs *args) { machine_request_shutdown(mon->machine, SHUTDOWN_HOST_QMP, 0); }
static const HmpCommand quit_command = {"quit", "q|exit", NULL, "", "end the emulator", hmp_quit};
HMP_COMMAND(quit_command);

static void hmp_system_reset(Monitor *mon, HmpArgs *args) { machine_request_reset(mon->machine, SHUTDOWN_HOST_QMP); }
static const HmpCommand reset_command = {"system_reset", NULL, NULL, "", "press the reset button", hmp_system_reset};
HMP_COMMAND(reset_command);

static void hmp_system_powerdown(Monitor *mon, HmpArgs *args) { machine_request_powerdown(mon->machine); }
static const HmpCommand powerdown_command = {"system_powerdown", NULL, NULL, "", "press the power button", hmp_system_powerdown};
HMP_COMMAND(powerdown_command);

static void hmp_cpu(Monitor *mon, HmpArgs *args)
{
    uint64_t index = 0;
    hmp_arg_u64(args, "index", &index);
    if (index >= mon->machine->cpus->len) {
        monitor_printf(mon, "invalid CPU index %" G_GUINT64_FORMAT ": there are %u CPUs, from 0\n", index, mon->machine->cpus->len);
        return;
    }
    mon->cpu_index = (unsigned)index;
}
static const HmpCommand cpu_command = {"cpu", NULL, "index:i", "INDEX", "choose the CPU that registers and memory are shown of", hmp_cpu};
HMP_COMMAND(cpu_command);

static void hmp_log(Monitor *mon, HmpArgs *args)
{
    uint32_t mask = 0;
    Error *err = NULL;
    const char *items = hmp_arg_str(args, "items");
    if (!strcmp(items, "help") || !strcmp(items, "?")) {
        FILE *out = monitor_file(mon);
        log_print_items(out);
        fclose(out);
    } else if (g_strcmp0(items, "none") == 0 || log_parse_items(items, &mask, &err)) {
        log_set_mask(mask);
    } else if (err) {
        monitor_error(mon, err);
    }
}
static const HmpCommand log_command = {"log", NULL, "items:s", "ITEM[,...]|none|help", "choose what is logged, as -d does", hmp_log};
HMP_COMMAND(log_command);

static void hmp_trace_event(Monitor *mon, HmpArgs *args)
{
    Error *err = NULL;
    const char *state = hmp_arg_str(args, "state");
    bool on;
    if (!strcmp(hmp_arg_str(args, "pattern"), "help")) {
        monitor_printf(mon, "'info trace-events' lists the events\n");
    } else if (!parse_bool("state", state, &on, &err) || !trace_set_pattern(hmp_arg_str(args, "pattern"), on, &err)) {
        if (err) {
            monitor_error(mon, err);
        }
    }
}
static const HmpCommand trace_command = {"trace-event", NULL, "pattern:s,state:s", "PATTERN on|off", "switch trace events", hmp_trace_event};
HMP_COMMAND(trace_command);

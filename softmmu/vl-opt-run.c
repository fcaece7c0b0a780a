/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options about running: start and stop, the process, logs, help. Some are accepted because tools always send them and
 * they mean nothing here.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "util/log.h"
#include "util/registry.h"
#include "util/trace.h"
#include "vl.h"

#define OPT_FLAG(name, statement)                                                                                       \
    static bool name(Startup *st, const char *text, Error **errp)                                                       \
    {                                                                                                                   \
        statement;                                                                                                      \
        return true;                                                                                                    \
    }
OPT_FLAG(opt_paused, st->paused = true)
OPT_FLAG(opt_no_reboot, st->no_reboot = true)
OPT_FLAG(opt_no_shutdown, st->no_shutdown = true)
OPT_FLAG(opt_nodefaults, st->nodefaults = true)
OPT_FLAG(opt_accepted, (void)st)
OPT_FLAG(opt_daemonize, st->daemonize = true)
OPT_FLAG(opt_version, print_version(st); vl_exit_help())
OPT_FLAG(opt_help, print_help(st, text); vl_exit_help())
OPT_FLAG(opt_log_file, g_free(st->log_file); st->log_file = g_strdup(text))
OPT_FLAG(opt_pidfile, g_free(st->pidfile); st->pidfile = g_strdup(text))
#undef OPT_FLAG

static bool pick(OptionSet *o, const char *key, const char *const *choices, const char **value, Error **errp)
{
    *value = option_get(o, key);
    if (*value && !g_strv_contains(choices, *value)) {
        g_autofree char *list = g_strjoinv(", ", (char **)choices);
        error_set_unknown(errp, *value, choices, "'%s=%s': it takes %s", key, *value, list);
        return false;
    }
    return true;
}

static bool opt_action(Startup *st, const char *text, Error **errp)
{
    static const char *const known[] = {"reboot", "shutdown", "panic", "watchdog", NULL};
    static const char *const reboot[] = {"reset", "shutdown", NULL}, *const shutdown[] = {"poweroff", "pause", NULL};
    static const char *const panic[] = {"pause", "shutdown", "exit-failure", "none", NULL};
    static const char *const dog[] = {"reset", "shutdown", "poweroff", "inject-nmi", "pause", "debug", "none", NULL};
    g_autoptr(OptionSet) o = option_set_parse(text, NULL, errp);
    const char *r, *s, *p, *w;
    if (!o || !pick(o, "reboot", reboot, &r, errp) || !pick(o, "shutdown", shutdown, &s, errp) ||
        !pick(o, "panic", panic, &p, errp) || !pick(o, "watchdog", dog, &w, errp) || !option_check_unused(o, "-action", known, errp)) {
        return false;
    }
    if (r) {
        st->no_reboot = !strcmp(r, "shutdown");
    }
    if (s) {
        st->no_shutdown = !strcmp(s, "pause");
    }
    if (p) {
        st->panic_exit = !strcmp(p, "exit-failure");
    }
    return true;
}

static bool opt_log_items(Startup *st, const char *text, Error **errp)
{
    uint32_t mask;
    Error *err = NULL;
    if (!log_parse_items(text, &mask, &err)) {
        if (!err) {
            vl_exit_help();
        }
        error_propagate(errp, err);
        return false;
    }
    log_set_mask(mask);
    return true;
}

static bool trace_lines(const char *path, Error **errp)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) gerr = NULL;
    if (!g_file_get_contents(path, &text, NULL, &gerr)) {
        error_setg(errp, "%s", gerr->message);
        return false;
    }
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **l = lines; *l; l++) {
        char *name = g_strstrip(*l);
        if (*name && *name != '#' && !trace_set_pattern(name, true, errp)) {
            return false;
        }
    }
    return true;
}

static bool opt_trace(Startup *st, const char *text, Error **errp)
{
    static const char *const known[] = {"enable", "events", "file", NULL};
    if (!strcmp(text, "help") || !strcmp(text, "?")) {
        trace_set_pattern("help", true, NULL);
        vl_exit_help();
    }
    g_autoptr(OptionSet) o = option_set_parse(text, "enable", errp);
    if (!o) {
        return false;
    }
    const char *pattern = option_get(o, "enable"), *events = option_get(o, "events"), *file = option_get(o, "file");
    return option_check_unused(o, "-trace", known, errp) && (!file || opt_log_file(st, file, errp)) &&
           (!pattern || trace_set_pattern(pattern, true, errp)) && (!events || trace_lines(events, errp));
}

static bool opt_sandbox(Startup *st, const char *text, Error **errp)
{
    static const char *const known[] = {"enable", "obsolete", "elevateprivileges", "spawn", "resourcecontrol", NULL};
    static const char *const choices[] = {"allow", "deny", "children", NULL};
    OptionSet *o = option_set_parse(text, "enable", errp);
    if (!o) {
        return false;
    }
    if (st->sandbox_opts) {
        option_set_free(st->sandbox_opts);
    }
    st->sandbox_opts = o;
    st->sandbox_given = true;
    const char *v;
    for (int i = 1; known[i]; i++) {
        if (!pick(o, known[i], choices, &v, errp)) {
            return false;
        }
    }
    return option_get_bool(o, "enable", true, &st->sandbox, errp) && option_check_unused(o, "-sandbox", known, errp);
}

static bool opt_msg(Startup *st, const char *text, Error **errp)
{
    static const char *const known[] = {"timestamp", "guest-name", NULL};
    g_autoptr(OptionSet) o = option_set_parse(text, NULL, errp);
    bool b;
    return o && option_get_bool(o, "timestamp", false, &b, errp) && option_get_bool(o, "guest-name", false, &b, errp) &&
           option_check_unused(o, "-msg", known, errp);
}

static bool opt_overcommit(Startup *st, const char *text, Error **errp)
{
    static const char *const known[] = {"mem-lock", "cpu-pm", NULL};
    g_autoptr(OptionSet) o = option_set_parse(text, NULL, errp);
    bool lock, pm;
    if (!o || !option_get_bool(o, "mem-lock", false, &lock, errp) || !option_get_bool(o, "cpu-pm", false, &pm, errp) ||
        !option_check_unused(o, "-overcommit", known, errp)) {
        return false;
    }
    if (lock && mlockall(MCL_CURRENT | MCL_FUTURE) != 0) {
        error_setg(errp, "cannot lock memory (ulimit -l)");
        return false;
    }
    return true;
}

static bool opt_k(Startup *st, const char *text, Error **errp) { return true; }

static const OptionRow run_rows[] = {
    {"S", NULL, ARG_NONE, NULL, "do not start the CPUs; the monitor's 'cont' does", opt_paused},
    {"no-reboot", NULL, ARG_NONE, NULL, "end instead of rebooting", opt_no_reboot},
    {"no-shutdown", NULL, ARG_NONE, NULL, "stop instead of ending when the guest switches off", opt_no_shutdown},
    {"action", NULL, ARG_TEXT, "reboot=reset|shutdown,shutdown=poweroff|pause,panic=pause|shutdown|exit-failure|none", "what follows what the guest does", opt_action},
    {"nodefaults", NULL, ARG_NONE, NULL, "no default serial port, monitor or network", opt_nodefaults},
    {"no-user-config", NULL, ARG_NONE, NULL, "accepted: there are no configuration files", opt_accepted},
    {"daemonize", NULL, ARG_NONE, NULL, "go to the background once everything is set up", opt_daemonize},
    {"pidfile", NULL, ARG_TEXT, "FILE", "write the process id to FILE", opt_pidfile},
    {"sandbox", NULL, ARG_TEXT, "on|off[,...]", "system call filter (on where not said)", opt_sandbox},
    {"msg", NULL, ARG_TEXT, "timestamp=on|off", "accepted", opt_msg},
    {"overcommit", NULL, ARG_TEXT, "mem-lock=on|off", "keep guest memory out of swap", opt_overcommit},
    {"k", NULL, ARG_TEXT, "LANG", "accepted: keyboard layout", opt_k},
    {"incoming", NULL, ARG_TEXT, NULL, NULL, NULL, "migration"},
    {"loadvm", NULL, ARG_TEXT, NULL, NULL, NULL, "snapshots of running machines"},
    {"only-migratable", NULL, ARG_NONE, NULL, NULL, NULL, "migration"},
    {"readconfig", NULL, ARG_TEXT, NULL, NULL, NULL, "configuration files"},
    {"writeconfig", NULL, ARG_TEXT, NULL, NULL, NULL, "configuration files"},
    {"chroot", NULL, ARG_TEXT, NULL, NULL, NULL, "chroot"},
    {"runas", NULL, ARG_TEXT, NULL, NULL, NULL, "change of user"},
    {"add-fd", NULL, ARG_TEXT, NULL, NULL, NULL, "file descriptor sets"},
    {"semihosting", NULL, ARG_NONE, NULL, NULL, NULL, "semihosting"},
    {"semihosting-config", NULL, ARG_TEXT, NULL, NULL, NULL, "semihosting"},
    {"tpmdev", NULL, ARG_TEXT, NULL, NULL, NULL, "TPM"},
    {"plugin", NULL, ARG_TEXT, NULL, NULL, NULL, "plugins"},
    {"preconfig", NULL, ARG_NONE, NULL, NULL, NULL, "preconfig state"},
    {"xen-domid", NULL, ARG_TEXT, NULL, NULL, NULL, "Xen"},
    {NULL}};
static const OptionGroup run_options = {"6 running", "Running", run_rows};
OPTION_GROUP(run_options);

static const OptionRow help_rows[] = {
    {"help", "h", ARG_TEXT, "[WORD]", "this list, or what has to do with WORD", opt_help},
    {"version", NULL, ARG_NONE, NULL, "which version this is", opt_version},
    {"d", NULL, ARG_TEXT, "ITEM[,...]", "log these items ('-d help')", opt_log_items},
    {"D", NULL, ARG_TEXT, "FILE", "log to FILE instead of stderr", opt_log_file},
    {"trace", NULL, ARG_TEXT, "[enable=]PATTERN[,events=FILE][,file=FILE]", "trace events by name with * and ? ('-trace help')", opt_trace},
    {NULL}};
static const OptionGroup help_options = {"7 help", "Help and logs", help_rows};
OPTION_GROUP(help_options);

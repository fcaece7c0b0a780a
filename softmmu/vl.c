/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order in which a machine comes to life, and ends. One line per step; what a step does is in the file of its name.
 */
#include "vl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine-internal.h"
#include "util/log.h"

static void quit_hook(void *opaque) { machine_request_shutdown(opaque, SHUTDOWN_HOST_UI, 0); }

static const ChardevHooks console_hooks = {.quit = quit_hook};

static bool is_help(const char *text) { return text && (!strcmp(text, "help") || !strcmp(text, "?")); }

/* Everything up to the point where the board exists. */
static bool make_machine(Startup *st, Error **errp)
{
    st->m = machine_new(st->record);
    machine_lock(st->m); /* the main thread's, for good; the loop lets go of it when it sleeps */
    event_loop_set_current(st->m->loop);
    chardevs_init(st->m->root, st->m->loop, &console_hooks, st->m);
    if (st->escape >= 0) {
        chardevs_set_escape(st->m->root, (uint8_t)st->escape);
    }
    return vl_make_objects(st, false, errp) && vl_configure_machine(st, errp) && vl_make_accel(st, errp) &&
           vl_set_globals(st, errp) && vl_make_chardevs(st, errp) && vl_make_block(st, errp) && vl_make_netdevs(st, errp) &&
           vl_make_objects(st, true, errp) && vl_make_consoles(st, errp) && machine_realize(st->m, errp);
}

static bool make_devices(Startup *st, Error **errp)
{
    return vl_make_devices(st, errp) && vl_make_drive_devices(st, errp) && vl_make_nics(st, errp) &&
           vl_add_fw_cfg(st, errp) && machine_finish(st->m, errp);
}

static bool set_up(Startup *st, Error **errp)
{
    return (!st->log_file || log_set_file(st->log_file, errp)) && make_machine(st, errp) && make_devices(st, errp);
}

static void tear_down(Startup *st)
{
    Machine *m = st->m;
    cpus_shutdown(m);
    vl_free_accel(m); /* prints the profile where -d profile asked for it */
    vl_free_block(m);
    chardevs_shutdown(m->root);
    vl_remove_pidfile(st);
}

int vl_run(Startup *st, Error **errp)
{
    if (!vl_choose_machine(st, errp)) {
        return -1;
    }
    if (is_help(st->cpu)) {
        vl_print_cpus(st);
        vl_exit_help();
    }
    if (!vl_watch_signals(st, errp) || !vl_daemonize(st, errp)) {
        return -1;
    }
    if (!set_up(st, errp)) {
        return -1;
    }
    if (st->m->dumpdtb) {
        return EXIT_SUCCESS; /* the board wrote it */
    }
    if (!vl_make_monitors(st, errp) || !vl_write_pidfile(st, errp) || !vl_watch_signals(st, errp) ||
        !vl_daemon_ready(st, errp) || !vl_enter_sandbox(st, errp)) {
        return -1;
    }
    int status = machine_run(st->m);
    tear_down(st);
    return status;
}

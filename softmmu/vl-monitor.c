/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -monitor, -qmp, -mon and -gdb: each opened on its character device.
 */
#include <string.h>

#include "vl.h"
#ifdef HAVE_MONITOR
#include "monitor/monitor.h"
#endif
#ifdef HAVE_GDBSTUB
#include "gdbstub/gdbstub.h"
#endif

bool vl_make_monitor(Startup *st, Chardev *chr, const char *mode, Error **errp)
{
#ifdef HAVE_MONITOR
    return monitor_new(st->m, (struct Chardev *)chr, mode, errp) != NULL;
#else
    return true;
#endif
}

static bool from_short(Startup *st, VlItem *item, unsigned n, Error **errp)
{
    ERRP_GUARD();
    bool none;
    bool qmp = strcmp(item->option, "-monitor") != 0;
    g_autofree char *label = g_strdup_printf("compat_monitor%u", n);
    Chardev *c = chardev_create_legacy(st->m->root, label, item->text, &none, NULL, errp);
    if (none) {
        return true;
    }
    if (!c || !vl_make_monitor(st, c, qmp ? "control" : "readline", errp)) {
        error_prepend(errp, "%s %s: ", item->option, item->text);
        return false;
    }
    return true;
}

static bool from_mon(Startup *st, VlItem *item, Error **errp)
{
    static const char *const known[] = {"chardev", "mode", "pretty", "id", NULL};
    static const char *const modes[] = {"readline", "control", NULL};
    ERRP_GUARD();
    const char *id = option_get(item->opts, "chardev"), *mode = option_get(item->opts, "mode");
    bool pretty;
    option_get(item->opts, "id");
    if (!id) {
        error_setg(errp, "-mon needs a character device (-mon chardev=ID)");
        return false;
    }
    if (mode && !g_strv_contains(modes, mode)) {
        error_set_unknown(errp, mode, modes, "-mon: mode '%s' is not readline or control", mode);
        return false;
    }
    if (!option_get_bool(item->opts, "pretty", false, &pretty, errp) || !option_check_unused(item->opts, "-mon", known, errp)) {
        return false;
    }
    Chardev *c = chardev_find_error(st->m->root, id, errp);
    if (!c || !vl_make_monitor(st, c, mode ? mode : "readline", errp)) {
        error_prepend(errp, "-mon %s: ", item->text ? item->text : id);
        return false;
    }
    return true;
}

bool vl_make_monitors(Startup *st, Error **errp)
{
    unsigned n = 0;
    for (unsigned i = 0; i < st->mons->len; i++) {
        if (!from_mon(st, st->mons->pdata[i], errp)) {
            return false;
        }
    }
    for (unsigned i = 0; i < st->monitors->len; i++) {
        if (!from_short(st, st->monitors->pdata[i], n++, errp)) {
            return false;
        }
    }
    ERRP_GUARD();
    for (unsigned i = 0; i < st->gdbs->len; i++) {
        VlItem *item = st->gdbs->pdata[i];
#ifdef HAVE_GDBSTUB
        if (strcmp(item->text, "none") && !gdbserver_start(st->m, item->text, errp)) {
            error_prepend(errp, "-gdb %s: ", item->text);
            return false;
        }
#else
        error_setg(errp, "-gdb %s: this version has no debugger connection", item->text);
        return false;
#endif
    }
    return true;
}


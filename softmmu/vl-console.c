/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Character devices, objects, and who talks to whom: serial ports, monitors, and the defaults of the terminal.
 *
 * With -nographic and neither -serial nor -monitor given, serial port 0 and the monitor share the terminal: mon:stdio.
 */
#include <stdio.h>
#include <string.h>

#include "vl.h"

enum { MAX_SERIALS = 4 };

bool vl_make_chardevs(Startup *st, Error **errp)
{
    ERRP_GUARD();
    for (unsigned i = 0; i < st->chardevs->len; i++) {
        VlItem *item = st->chardevs->pdata[i];
        if (!chardev_create(st->m->root, item->opts, errp)) {
            error_prepend(errp, "-chardev %s: ", item->text);
            return false;
        }
    }
    return true;
}

/* Objects that work with disks or networks come after those. */
static bool object_is_late(OptionSet *o)
{
    const char *type = option_get(o, "qom-type");
    return type && (g_str_has_prefix(type, "filter-") || !strcmp(type, "colo-compare"));
}

bool vl_make_objects(Startup *st, bool late, Error **errp)
{
    ERRP_GUARD();
    for (unsigned i = 0; i < st->objects->len; i++) {
        VlItem *item = st->objects->pdata[i];
        if (object_is_late(item->opts) != late) {
            continue;
        }
        if (!user_object_create(st->m->root, item->opts, errp)) {
            error_prepend(errp, "-object %s: ", item->text);
            return false;
        }
    }
    return true;
}

static bool add_serial(Startup *st, const char *option, const char *text, Error **errp)
{
    ERRP_GUARD();
    Machine *m = st->m;
    bool none, monitor;
    if (m->serials->len >= MAX_SERIALS) {
        error_setg(errp, "%s %s: there are at most %d serial ports", option, text, MAX_SERIALS);
        return false;
    }
    g_autofree char *label = g_strdup_printf("serial%u", m->serials->len);
    Chardev *c = chardev_create_legacy(m->root, label, text, &none, &monitor, errp);
    if (!c && !none) {
        error_prepend(errp, "%s %s: ", option, text);
        return false;
    }
    g_ptr_array_add(m->serials, c);
    if (monitor) { /* its monitor comes after the serial port, which so gets the focus */
        VlItem *i = g_new0(VlItem, 1);
        i->option = "-mon";
        i->opts = option_set_new();
        option_set_put(i->opts, "chardev", chardev_id(c));
        g_ptr_array_add(st->mons, i);
    }
    return true;
}

bool vl_make_consoles(Startup *st, Error **errp)
{
    bool default_serial = !st->nodefaults && !st->serials->len;
    bool default_monitor = !st->nodefaults && !st->monitors->len && !st->mons->len;
    bool terminal = st->nographic || !st->display_given; /* there is no window that could show them */
    if (st->daemonize) {
        if (st->nographic && (default_serial || default_monitor)) {
            error_setg(errp, "-nographic cannot be used with -daemonize (or give -serial and -monitor)");
            return false;
        }
        terminal = false;
    }
    for (unsigned i = 0; i < st->serials->len; i++) {
        VlItem *item = st->serials->pdata[i];
        if (!strcmp(item->text, "mon:stdio") || !strcmp(item->text, "stdio")) {
            default_monitor = default_monitor && strcmp(item->text, "mon:stdio"); /* the monitor is there then */
            terminal = false;
        }
        if (!add_serial(st, item->option, item->text, errp)) {
            return false;
        }
    }
    for (unsigned i = 0; i < st->monitors->len; i++) {
        terminal = terminal && strcmp(((VlItem *)st->monitors->pdata[i])->text, "stdio");
    }
    for (unsigned i = 0; i < st->chardevs->len; i++) {
        const char *backend = option_get(((VlItem *)st->chardevs->pdata[i])->opts, "backend");
        terminal = terminal && strcmp(backend ? backend : "", "stdio");
    }
    if (default_serial) {
        const char *where = !terminal ? "null" : default_monitor ? "mon:stdio" : "stdio";
        return add_serial(st, "-serial", where, errp);
    }
    if (default_monitor && terminal) {
        item_add_plain(st->monitors, "-monitor", "stdio");
    }
    return true;
}

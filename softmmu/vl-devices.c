/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -device and -global.
 */
#include <stdio.h>
#include <string.h>

#include "vl.h"
#ifdef HAVE_HW
#include "hw/device.h"
#endif

bool vl_set_globals(Startup *st, Error **errp)
{
    ERRP_GUARD();
    for (unsigned i = 0; i < st->globals->len; i++) {
        VlItem *item = st->globals->pdata[i];
        g_autofree char *driver = NULL, *property = NULL;
        const char *value;
        if (item->opts) { /* driver=,property=,value= */
            driver = g_strdup(option_get(item->opts, "driver"));
            property = g_strdup(option_get(item->opts, "property"));
            value = option_get(item->opts, "value");
        } else { /* driver.property=value */
            const char *dot = strchr(item->text, '.'), *eq = strchr(item->text, '=');
            driver = g_strndup(item->text, (gsize)(dot - item->text));
            property = g_strndup(dot + 1, (gsize)(eq - dot - 1));
            value = eq + 1;
        }
        if (!driver || !property || !value || !*driver || !*property) {
            error_setg(errp, "-global %s: DRIVER.PROPERTY=VALUE is needed", item->text);
            return false;
        }
#ifdef HAVE_HW
        if (!device_add_global(st->m, driver, property, value, errp)) {
            error_prepend(errp, "-global %s: ", item->text);
            return false;
        }
#endif
    }
    return true;
}

bool vl_create_device(Startup *st, OptionSet *opts, Error **errp)
{
#ifdef HAVE_HW
    return device_create_from_options(st->m, opts, errp) != NULL;
#else
    error_setg(errp, "this version has no devices");
    return false;
#endif
}

bool vl_make_devices(Startup *st, Error **errp)
{
    ERRP_GUARD();
    for (unsigned i = 0; i < st->devices->len; i++) {
        VlItem *item = st->devices->pdata[i];
        if (!vl_create_device(st, item->opts, errp)) {
            error_prepend(errp, "-device %s: ", item->text);
            return false;
        }
    }
    return true;
}

void vl_print_devices(void)
{
#ifdef HAVE_HW
    device_print_list(stdout);
#endif
}

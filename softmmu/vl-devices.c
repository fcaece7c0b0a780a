/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -device and -global.
 */
#include <stdio.h>
#include <string.h>

#include "vl.h"
#ifdef HAVE_HW
#include "hw/device.h"
#include "hw/nvram/fw_cfg.h"
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

#ifdef HAVE_HW
static void look_for_fw_cfg(Object *obj, void *opaque)
{
    Object **found = opaque;
    if (!*found && object_is_a(obj, TYPE_FW_CFG)) {
        *found = obj;
    }
    if (!*found) {
        object_foreach_child(obj, look_for_fw_cfg, found);
    }
}

static bool one_fw_cfg(FwCfg *fw, OptionSet *o, Error **errp)
{
    static const char *const known[] = {"name", "file", "string", NULL};
    const char *name = option_get(o, "name"), *file = option_get(o, "file"), *string = option_get(o, "string");
    g_autofree uint8_t *data = NULL;
    uint64_t len;
    if (!name || !file == !string) {
        error_setg(errp, "name= and either file= or string= are needed");
        return false;
    }
    if (!option_check_unused(o, "-fw_cfg", known, errp)) {
        return false;
    }
    if (!g_str_has_prefix(name, "opt/")) {
        warn_report("-fw_cfg: the name '%s' should begin with opt/, all others belong to firmware", name);
    }
    if (file) {
        return load_file(file, 256 << 20, false, &data, &len, errp) && fw_cfg_add_file(fw, name, data, len, errp);
    }
    return fw_cfg_add_file(fw, name, string, strlen(string), errp);
}
#endif

bool vl_add_fw_cfg(Startup *st, Error **errp)
{
#ifdef HAVE_HW
    ERRP_GUARD();
    Object *fw = NULL;
    if (st->fw_cfgs->len) {
        look_for_fw_cfg(st->m->root, &fw);
    }
    for (unsigned i = 0; i < st->fw_cfgs->len; i++) {
        VlItem *item = st->fw_cfgs->pdata[i];
        if (!fw) {
            error_setg(errp, "machine '%s' has no fw_cfg", st->record->name);
        }
        if (!fw || !one_fw_cfg((FwCfg *)fw, item->opts, errp)) {
            error_prepend(errp, "-fw_cfg %s: ", item->text);
            return false;
        }
    }
#endif
    return true;
}

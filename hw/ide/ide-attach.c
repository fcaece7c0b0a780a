/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The drives of the command line on the board's controller: index N is unit N % U of bus N / U, where a bus has U
 * places.
 */
#include "ide-internal.h"
#include "util/option.h"

static IdeBus *bus_by_number(DeviceState *controller, uint64_t number)
{
    for (unsigned i = 0; i < controller->child_buses->len; i++) {
        IdeBus *bus = controller->child_buses->pdata[i];
        if (bus->number == number) {
            return bus;
        }
    }
    return NULL;
}

static bool set_text(DeviceState *dev, OptionSet *o, const char *key, Error **errp)
{
    const char *v = o ? option_get(o, key) : NULL;
    return !v || object_set(OBJECT(dev), key, v, errp);
}

static bool attach_one(Machine *m, DeviceState *controller, BlockBackend *blk, Error **errp)
{
    OptionSet *o = blk_drive_options(blk);
    unsigned units = controller->child_buses->len ? ((IdeBus *)controller->child_buses->pdata[0])->units : 1;
    uint64_t index = 0;
    if (o && !option_get_u64(o, "index", 0, &index, errp)) {
        return false;
    }
    IdeBus *bus = bus_by_number(controller, index / units);
    if (!bus) {
        error_setg(errp,
                   "drive '%s': machine '%s' has places for %u IDE drives, index=%" G_GUINT64_FORMAT " is none of them",
        blk_name(blk), m->record->name,
                   units * controller->child_buses->len, index);
        return false;
    }
    DeviceState *dev = device_new(m, blk_is_cdrom(blk) ? "ide-cd" : "ide-hd");
    g_autofree char *unit = g_strdup_printf("%u", (unsigned)(index % units));
    if (!object_set(OBJECT(dev), "drive", blk_name(blk), errp) || !object_set(OBJECT(dev), "unit", unit, errp) ||
        !set_text(dev, o, "serial", errp) ||
        !set_text(dev, o, "bootindex", errp)) {
        object_unref(OBJECT(dev));
        return false;
    }
    return device_attach(dev, &bus->bus, NULL, errp);
}

bool ide_attach_drives(Machine *m, DeviceState *controller, Error **errp)
{
    if (!m->block) {
        return true;
    }
    g_autofree BlockBackend **list = blk_list_unclaimed(m->block, "ide");
    for (BlockBackend **b = list; *b; b++) {
        if (!attach_one(m, controller, *b, errp)) {
            return false;
        }
    }
    return true;
}

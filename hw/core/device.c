/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Life of a device: created, configured by -global and by its creator, put on a bus, realized; unplugged. Both ways to
 * make one end in device_attach(): a board's hand-written wiring and the user's -device or device_add.
 *
 * Where devices hang in the composition tree is the reference's layout: boards name theirs below /machine or leave them
 * in /machine/unattached; the user's are in /machine/peripheral by id, or in /machine/peripheral-anon.
 *
 * Everything here runs with the machine lock held.
 */
#include <string.h>

#include "hw-core.h"
#include "util/option.h"

static void device_object_init(Object *obj)
{
    DEVICE(obj)->child_buses = g_ptr_array_new();
}

static void device_object_finalize(Object *obj)
{
    DeviceState *dev = DEVICE(obj);
    g_ptr_array_free(dev->child_buses, TRUE);
    g_free(dev->id);
    if (dev->opts) {
        option_set_free(dev->opts);
    }
}

static const TypeRecord device_type = {
    .name = TYPE_DEVICE, .parent = "object", .help = "any device", .instance_size = sizeof(DeviceState),
    .abstract = true, .init = device_object_init, .finalize = device_object_finalize,
};
TYPE_REGISTER(device_type);

Irq irq_make(IrqHandler *handler, void *opaque, int n)
{
    return (Irq){.handler = handler, .opaque = opaque, .n = n};
}

/* --- -global --- */
bool device_add_global(Machine *m, const char *driver, const char *property, const char *value, Error **errp)
{
    const TypeRecord *t = type_find(device_resolve_alias(driver));
    if (!t) {
        /* Command lines written for other machines carry such settings: the reference takes them too. */
        warn_report("-global %s.%s: there is no device '%s'", driver, property, driver);
        return true;
    }
    const Field *f = type_find_field(t, property);
    if (!f || !(f->flags & FIELD_PROP)) {
        const char **names = t->fields ? field_names(t->fields, FIELD_PROP) : NULL;
        error_set_unknown(errp, property, names, "-global: device '%s' has no property '%s'", driver, property);
        g_free(names);
        return false;
    }
    if (!t->abstract) { /* a bad value is told now, not when the device is made */
        Object *probe = object_new(t->name);
        bool ok = object_set(probe, property, value, errp);
        object_unref(probe);
        if (!ok) {
            return false;
        }
    }
    GlobalSetting *g = g_new0(GlobalSetting, 1);
    g->driver = g_strdup(t->name);
    g->property = g_strdup(property);
    g->value = g_strdup(value);
    g_ptr_array_add(system_bus(m)->globals, g);
    return true;
}

static void apply_globals(Machine *m, DeviceState *dev)
{
    GPtrArray *globals = system_bus(m)->globals;
    for (unsigned i = 0; i < globals->len; i++) {
        GlobalSetting *g = globals->pdata[i];
        Error *err = NULL;
        if (object_is_a(OBJECT(dev), g->driver) && !object_set(OBJECT(dev), g->property, g->value, &err)) {
            error_prepend(&err, "-global %s.%s=%s: ", g->driver, g->property, g->value);
            error_report_err(err);
        }
    }
}

/* --- creation --- */
DeviceState *device_new(Machine *m, const char *type)
{
    DeviceState *dev = DEVICE(object_new(type));
    dev->machine = m;
    apply_globals(m, dev);
    return dev;
}

static bool put_on_bus(DeviceState *dev, Bus *bus, Error **errp)
{
    const DeviceClass *dc = device_class(dev);
    const BusClass *bc = bus_class(bus);
    const char *type = object_type_name(OBJECT(dev));
    if (!dc || !dc->bus_type || strcmp(dc->bus_type, bc->name)) {
        error_setg(errp, "Device '%s' plugs into a %s bus, but '%s' is a %s bus", type,
                   dc && dc->bus_type ? dc->bus_type : "(no)", bus->name, bc->name);
        return false;
    }
    if (bc->max_devices && bus->devices->len >= bc->max_devices) {
        error_setg(errp, "Bus '%s' is full: it takes %u device%s", bus->name, bc->max_devices,
                   bc->max_devices == 1 ? "" : "s");
        return false;
    }
    dev->parent_bus = bus;
    if (bc->attach && !bc->attach(bus, dev, errp)) {
        dev->parent_bus = NULL;
        return false;
    }
    g_ptr_array_add(bus->devices, dev);
    return true;
}

static void take_off_bus(DeviceState *dev)
{
    Bus *bus = dev->parent_bus;
    if (bus) {
        const BusClass *bc = bus_class(bus);
        g_ptr_array_remove(bus->devices, dev);
        if (bc->detach) {
            bc->detach(bus, dev);
        }
        dev->parent_bus = NULL;
    }
}

static bool attach_below(DeviceState *dev, Bus *bus, Object *parent, const char *name, Error **errp)
{
    if (!put_on_bus(dev, bus, errp)) {
        return false;
    }
    object_add_child(parent, name, OBJECT(dev));
    if (!object_realize(OBJECT(dev), errp)) {
        take_off_bus(dev);
        object_remove_from_parent(OBJECT(dev));
        return false;
    }
    const DeviceClass *dc = device_class(dev);
    if (dc->reset) {
        dc->reset(dev);
    }
    return true;
}

bool device_attach(DeviceState *dev, Bus *bus, const char *child_name, Error **errp)
{
    Machine *m = dev->machine;
    Object *parent = child_name ? OBJECT(m) : device_container(m, "unattached");
    if (bus && bus->parent && !child_name) {
        parent = OBJECT(bus->parent);
    }
    bool ok = attach_below(dev, bus ? bus : &system_bus(m)->bus, parent, child_name ? child_name : "device[*]", errp);
    object_unref(OBJECT(dev)); /* the tree holds it; on failure the caller's pointer is dead */
    return ok;
}

static bool unknown_device(const char *driver, Error **errp)
{
    return type_unknown_error("device", driver, TYPE_DEVICE, errp);
}

static const TypeRecord *creatable_type(const char *driver, Error **errp)
{
    const TypeRecord *t = type_find(device_resolve_alias(driver));
    if (!t || t->abstract || !type_is_a(t, TYPE_DEVICE)) {
        unknown_device(driver, errp);
        return NULL;
    }
    const DeviceClass *dc = type_class(t, TYPE_DEVICE);
    if (!dc || !dc->user_creatable) {
        error_setg(errp, "Device '%s' is part of the board; it cannot be added with -device", driver);
        return NULL;
    }
    return t;
}

static bool id_is_free(Machine *m, const char *id, Error **errp)
{
    if (!option_check_id(id, errp)) {
        return false;
    }
    if (device_find(m, id)) {
        error_setg(errp, "Duplicate device ID '%s'", id);
        return false;
    }
    return true;
}

DeviceState *device_create_from_options(Machine *m, OptionSet *opts, Error **errp)
{
    const char *driver = option_get(opts, "driver");
    const char *id = option_get(opts, "id");
    const char *bus_name = option_get(opts, "bus");
    if (!driver) {
        error_setg(errp, "-device needs a driver, as in -device virtio-blk-pci,drive=ID; see -device help");
        return NULL;
    }
    const TypeRecord *t = creatable_type(driver, errp);
    if (!t || (id && !id_is_free(m, id, errp))) {
        return NULL;
    }
    const DeviceClass *dc = type_class(t, TYPE_DEVICE);
    Bus *bus = bus_find(m, dc->bus_type, bus_name, errp);
    if (!bus) {
        return NULL;
    }
    if (m->state == RUN_STATE_RUNNING && !dc->hotpluggable) {
        error_setg(errp, "Device '%s' cannot be added while the machine runs", driver);
        return NULL;
    }
    DeviceState *dev = device_new(m, t->name);
    dev->id = g_strdup(id);
    bool ok = object_set_options(OBJECT(dev), opts, errp) &&
              attach_below(dev, bus, device_container(m, id ? "peripheral" : "peripheral-anon"),
                           id ? id : "device[*]", errp);
    object_unref(OBJECT(dev));
    return ok ? dev : NULL;
}

typedef struct IdQuery {
    const char *id;
    DeviceState *found;
} IdQuery;

static bool id_matches(DeviceState *dev, void *opaque)
{
    IdQuery *q = opaque;
    if (dev->id && !strcmp(dev->id, q->id)) {
        q->found = dev;
        return false;
    }
    return true;
}

DeviceState *device_find(Machine *m, const char *id)
{
    IdQuery q = {.id = id};
    bus_walk(&system_bus(m)->bus, id_matches, &q);
    if (!q.found && strchr(id, '/')) {
        bool ambiguous = false;
        Object *obj = object_resolve(m->root ? m->root : OBJECT(m), id, &ambiguous);
        if (obj && object_is_a(obj, TYPE_DEVICE)) {
            return DEVICE(obj);
        }
    }
    return q.found;
}

void device_unplug(DeviceState *dev)
{
    while (dev->child_buses->len) {
        Bus *bus = dev->child_buses->pdata[dev->child_buses->len - 1];
        while (bus->devices->len) {
            device_unplug(bus->devices->pdata[bus->devices->len - 1]);
        }
        g_ptr_array_remove(dev->child_buses, bus);
        object_remove_from_parent(OBJECT(bus));
    }
    object_ref(OBJECT(dev));
    object_remove_from_parent(OBJECT(dev)); /* unrealizes */
    take_off_bus(dev);
    object_unref(OBJECT(dev));
}

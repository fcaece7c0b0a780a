/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Buses: what a device hangs from. Each bus is a QOM object; a device's own buses are its children in the composition
 * tree, and the devices on a bus are listed in order of attachment.
 *
 * The system bus of a machine is made on first use. Its reset handler resets the whole device tree: children before
 * the device that carries them, so that a transport finds its device already quiet.
 *
 * Search for a free bus walks newest first, as the reference does: the first -device virtio-blk-device lands on the
 * transport that was created last, which is the first one in the device tree.
 */
#include <string.h>

#include "hw-core.h"

static void bus_object_init(Object *obj)
{
    ((Bus *)obj)->devices = g_ptr_array_new();
}

static void bus_object_finalize(Object *obj)
{
    Bus *bus = (Bus *)obj;
    g_ptr_array_free(bus->devices, TRUE);
    g_free(bus->name);
}

static const TypeRecord bus_type = {
    .name = TYPE_BUS, .parent = "object", .help = "carries devices", .instance_size = sizeof(Bus), .abstract = true,
    .init = bus_object_init, .finalize = bus_object_finalize,
};
TYPE_REGISTER(bus_type);

static void global_free(void *p)
{
    GlobalSetting *g = p;
    g_free(g->driver);
    g_free(g->property);
    g_free(g->value);
    g_free(g);
}

static void system_bus_init(Object *obj)
{
    SystemBus *sb = (SystemBus *)obj;
    sb->globals = g_ptr_array_new_with_free_func(global_free);
    sb->registers = g_ptr_array_new_with_free_func(g_free);
}

static void system_bus_finalize(Object *obj)
{
    SystemBus *sb = (SystemBus *)obj;
    g_ptr_array_free(sb->globals, TRUE);
    g_ptr_array_free(sb->registers, TRUE);
}

static const BusClass system_bus_class = {.name = "System"};
static const TypeRecord system_bus_type = {
    .name = TYPE_SYSTEM_BUS, .parent = TYPE_BUS, .help = "devices wired by the board",
    .instance_size = sizeof(SystemBus), .class_kind = TYPE_BUS, .class_data = &system_bus_class,
    .init = system_bus_init, .finalize = system_bus_finalize,
};
TYPE_REGISTER(system_bus_type);

static void reset_fields(DeviceState *dev)
{
    for (const TypeRecord *t = OBJECT(dev)->type; t; t = type_parent(t)) {
        if (t->fields) {
            fields_reset(t->fields, dev, FIELD_STATE);
        }
    }
}

static void bus_reset(Bus *bus);
static void device_reset(DeviceState *dev)
{
    for (unsigned i = 0; i < dev->child_buses->len; i++) {
        bus_reset(dev->child_buses->pdata[i]);
    }
    const DeviceClass *dc = device_class(dev);
    reset_fields(dev);
    if (dc && dc->reset) {
        dc->reset(dev);
    }
}

static void bus_reset(Bus *bus)
{
    for (unsigned i = 0; i < bus->devices->len; i++) {
        device_reset(bus->devices->pdata[i]);
    }
}

static void system_reset(void *opaque)
{
    bus_reset(&((SystemBus *)opaque)->bus);
}

Object *device_container(Machine *m, const char *name)
{
    Object *found = object_get_child(OBJECT(m), name);
    if (!found) {
        found = object_new("container");
        object_add_child(OBJECT(m), name, found);
        object_unref(found); /* the tree holds it */
    }
    return found;
}

SystemBus *system_bus(Machine *m)
{
    if (!m->bus_state) {
        SystemBus *sb = (SystemBus *)object_new(TYPE_SYSTEM_BUS);
        sb->bus.machine = m;
        sb->bus.name = g_strdup("main-system-bus");
        m->bus_state = sb;
        object_add_child(device_container(m, "unattached"), "sysbus", OBJECT(sb));
        object_unref(OBJECT(sb));
        machine_add_reset(m, system_reset, sb);
    }
    return m->bus_state;
}

Bus *bus_new(const char *type, DeviceState *parent, Machine *m, const char *name)
{
    Bus *bus = (Bus *)object_new(type);
    bus->machine = m;
    bus->parent = parent;
    bus->name = g_strdup(name);
    if (parent) {
        g_ptr_array_add(parent->child_buses, bus);
        object_add_child(OBJECT(parent), name, OBJECT(bus));
        object_unref(OBJECT(bus)); /* the tree holds it */
    }
    return bus;
}

bool bus_walk(Bus *bus, bool (*fn)(DeviceState *dev, void *opaque), void *opaque)
{
    for (unsigned i = 0; i < bus->devices->len; i++) {
        DeviceState *dev = bus->devices->pdata[i];
        if (!fn(dev, opaque)) {
            return false;
        }
        for (unsigned j = 0; j < dev->child_buses->len; j++) {
            if (!bus_walk(dev->child_buses->pdata[j], fn, opaque)) {
                return false;
            }
        }
    }
    return true;
}

static bool bus_has_room(const Bus *bus)
{
    unsigned max = bus_class(bus)->max_devices;
    return !max || bus->devices->len < max;
}

typedef struct BusQuery {
    const char *type; /* class name */
    const char *name; /* or NULL */
    bool any_full;    /* one of the right kind was there, but full */
    GPtrArray *names; /* of the right kind, for the suggestion */
} BusQuery;

static Bus *search(Bus *bus, BusQuery *q)
{
    if (!strcmp(bus_class(bus)->name, q->type)) {
        g_ptr_array_add(q->names, bus->name);
        if (q->name ? !strcmp(q->name, bus->name) : bus_has_room(bus)) {
            return bus;
        }
        q->any_full |= !q->name;
    }
    for (unsigned i = bus->devices->len; i-- > 0;) {
        DeviceState *dev = bus->devices->pdata[i];
        for (unsigned j = dev->child_buses->len; j-- > 0;) {
            Bus *found = search(dev->child_buses->pdata[j], q);
            if (found) {
                return found;
            }
        }
    }
    return NULL;
}

static Bus *bus_by_path(Machine *m, const char *path, const char *type, Error **errp)
{
    bool ambiguous = false;
    Object *obj = object_resolve(m->root ? m->root : OBJECT(m), path, &ambiguous);
    if (!obj || !object_is_a(obj, TYPE_BUS)) {
        error_setg(errp, "Bus '%s' not found", path);
        return NULL;
    }
    if (strcmp(bus_class(obj)->name, type)) {
        error_setg(errp, "Bus '%s' is a %s bus, the device needs a %s bus", path, bus_class(obj)->name, type);
        return NULL;
    }
    return (Bus *)obj;
}

Bus *bus_find(Machine *m, const char *type, const char *name, Error **errp)
{
    if (name && strchr(name, '/')) {
        return bus_by_path(m, name, type, errp);
    }
    BusQuery q = {.type = type, .name = name, .names = g_ptr_array_new()};
    Bus *found = search(&system_bus(m)->bus, &q);
    g_ptr_array_add(q.names, NULL);
    if (found && !bus_has_room(found)) {
        error_setg(errp, "Bus '%s' is full", found->name);
        found = NULL;
    } else if (!found && name) {
        error_set_unknown(errp, name, (const char *const *)q.names->pdata, "Bus '%s' of kind %s not found", name, type);
    } else if (!found && q.any_full) {
        error_setg(errp, "All '%s' buses of this machine are full (%u of them)", type, q.names->len - 1);
    } else if (!found) {
        error_setg(errp, "No '%s' bus found for the device on machine '%s'", type, m->record ? m->record->name : "?");
    }
    g_ptr_array_free(q.names, TRUE);
    return found;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What people see of devices: `-device help`, `info qtree`, and the short names (virtio-blk) that stand for the
 * PCI form of a VirtIO device.
 */
#include <inttypes.h>
#include <string.h>

#include "hw-core.h"
#include "hw/sysbus.h"

static const struct {
    const char *alias, *type;
} aliases[] = {
    {"virtio-blk", "virtio-blk-pci"},   {"virtio-net", "virtio-net-pci"},         {"virtio-rng", "virtio-rng-pci"},
    {"virtio-serial", "virtio-serial-pci"}, {"virtio-balloon", "virtio-balloon-pci"},
    {"virtio-gpu", "virtio-gpu-pci"},   {"virtio-scsi", "virtio-scsi-pci"},       {"virtio-9p", "virtio-9p-pci"},
    {"virtio-keyboard", "virtio-keyboard-pci"}, {"virtio-mouse", "virtio-mouse-pci"},
    {"virtio-tablet", "virtio-tablet-pci"}, {"virtio-input-host", "virtio-input-host-pci"},
};

const char *device_resolve_alias(const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(aliases); i++) {
        if (!strcmp(aliases[i].alias, name)) {
            return aliases[i].type;
        }
    }
    return name;
}

const char *device_alias_of(const char *type)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(aliases); i++) {
        if (!strcmp(aliases[i].type, type)) {
            return aliases[i].alias;
        }
    }
    return NULL;
}

static const char *const category_names[] = {
    [DEVICE_CAT_BRIDGE] = "Controller/Bridge/Hub", [DEVICE_CAT_USB] = "USB", [DEVICE_CAT_STORAGE] = "Storage",
    [DEVICE_CAT_NETWORK] = "Network", [DEVICE_CAT_INPUT] = "Input", [DEVICE_CAT_DISPLAY] = "Display",
    [DEVICE_CAT_SOUND] = "Sound", [DEVICE_CAT_MISC] = "Misc", [DEVICE_CAT_CPU] = "CPU",
};

void device_print_list(FILE *out)
{
    const TypeRecord **types = type_list(TYPE_DEVICE, false);
    bool first = true;
    for (unsigned cat = 0; cat < G_N_ELEMENTS(category_names); cat++) {
        bool titled = false;
        for (const TypeRecord **t = types; *t; t++) {
            const DeviceClass *dc = type_class(*t, TYPE_DEVICE);
            if (!dc || !dc->user_creatable || dc->category != cat) {
                continue;
            }
            if (!titled) {
                fprintf(out, "%s%s devices:\n", first ? "" : "\n", category_names[cat]);
                titled = true;
                first = false;
            }
            const char *alias = device_alias_of((*t)->name);
            fprintf(out, "name \"%s\", bus %s", (*t)->name, dc->bus_type);
            if (alias) {
                fprintf(out, ", alias \"%s\"", alias);
            }
            if ((*t)->help) {
                fprintf(out, ", desc \"%s\"", (*t)->help);
            }
            fputc('\n', out);
        }
    }
    g_free(types);
}

typedef struct PropertyPrinter {
    Object *obj;
    FILE *out;
    int indent;
} PropertyPrinter;

static void print_property(const Field *f, const TypeRecord *owner, void *opaque)
{
    PropertyPrinter *p = opaque;
    if (f->flags & FIELD_PROP) {
        g_autofree char *text = object_get(p->obj, f->name, NULL);
        bool quoted = f->type == FIELD_STRING || f->type == FIELD_ENUM || f->type == FIELD_LINK;
        fprintf(p->out, quoted ? "%*s%s = \"%s\"\n" : "%*s%s = %s\n", p->indent, "", f->name, text ? text : "");
    }
}

static void print_bus(Bus *bus, FILE *out, int indent);
static void print_device(DeviceState *dev, FILE *out, int indent)
{
    fprintf(out, "%*sdev: %s, id \"%s\"\n", indent, "", object_type_name(OBJECT(dev)), dev->id ? dev->id : "");
    PropertyPrinter p = {.obj = OBJECT(dev), .out = out, .indent = indent + 2};
    object_foreach_property(OBJECT(dev)->type, print_property, &p);
    if (object_is_a(OBJECT(dev), TYPE_SYS_DEVICE)) {
        SysDevice *sd = SYS_DEVICE(dev);
        for (unsigned i = 0; i < sd->mmio_count; i++) {
            uint64_t addr = sd->mmio[i]->container ? sd->mmio[i]->addr : UINT64_MAX;
            fprintf(out, "%*smmio %016" PRIx64 "/%016" PRIx64 "\n", indent + 2, "", addr, sd->mmio[i]->size);
        }
    }
    const BusClass *bc = dev->parent_bus ? bus_class(dev->parent_bus) : NULL;
    if (bc && bc->print_device) {
        bc->print_device(dev->parent_bus, dev, out, indent + 2);
    }
    for (unsigned i = 0; i < dev->child_buses->len; i++) {
        print_bus(dev->child_buses->pdata[i], out, indent + 2);
    }
}

static void print_bus(Bus *bus, FILE *out, int indent)
{
    fprintf(out, "%*sbus: %s\n%*s  type %s\n", indent, "", bus->name, indent, "", bus_class(bus)->name);
    for (unsigned i = bus->devices->len; i-- > 0;) {
        print_device(bus->devices->pdata[i], out, indent + 2);
    }
}

void device_print_tree(Machine *m, FILE *out)
{
    print_bus(&system_bus(m)->bus, out, 0);
}

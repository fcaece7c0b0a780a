/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices and buses. A device is a QOM object below type "device" whose constant DeviceClass says on what kind of bus it
 * plugs, how it resets, and what its registers are.
 *
 * Properties and state come from the type's field table. Guarded by the machine lock, unless a device says otherwise for
 * its data path.
 */
#ifndef HW_DEVICE_H
#define HW_DEVICE_H

#include "qom/object.h"
#include "softmmu/machine.h"

#define TYPE_DEVICE "device"

struct OptionSet;
typedef struct DeviceState DeviceState;
typedef struct Bus Bus;
typedef struct BusClass BusClass;

typedef enum DeviceCategory {
    DEVICE_CAT_BRIDGE, DEVICE_CAT_USB, DEVICE_CAT_STORAGE, DEVICE_CAT_NETWORK, DEVICE_CAT_INPUT, DEVICE_CAT_DISPLAY,
    DEVICE_CAT_SOUND, DEVICE_CAT_MISC, DEVICE_CAT_CPU,
} DeviceCategory;

/* class_kind "device" */
typedef struct DeviceClass {
    const char *bus_type;      /* "pci", "virtio-bus", "system" ... */
    DeviceCategory category;
    bool user_creatable;       /* by -device and device_add */
    bool hotpluggable;
    void (*reset)(DeviceState *dev); /* after state fields were reset to their defaults */
    const struct RegisterBlock *registers; /* may be NULL */
} DeviceClass;

struct DeviceState {
    Object obj;
    Machine *machine;
    Bus *parent_bus;
    char *id;                  /* of the user, or NULL */
    GPtrArray *child_buses;    /* Bus * */
    struct OptionSet *opts;    /* -device line, for unused-option checks; may be NULL */
};

/* class_data of bus types is a BusClass; buses are QOM objects below type "bus" */
struct BusClass {
    const char *name;          /* "pci" */
    unsigned max_devices;      /* 0: no limit */
    /* Chooses the address (slot, port, ...) from the device's properties; called before the device is realized. May be NULL. */
    bool (*attach)(Bus *bus, DeviceState *dev, Error **errp);
    void (*detach)(Bus *bus, DeviceState *dev);
    void (*print_device)(Bus *bus, DeviceState *dev, FILE *out, int indent); /* extra lines of info qtree */
    char *(*device_path)(DeviceState *dev); /* firmware path component for bootorder; may be NULL */
};
#define TYPE_BUS "bus"
struct Bus {
    Object obj;
    Machine *machine;
    DeviceState *parent;       /* NULL: main system bus */
    char *name;                /* "virtio-mmio-bus.0" */
    GPtrArray *devices;
};

/* --- register tables: dispatch, tracing and the device fuzzer come from them --- */
typedef struct RegisterRow {
    uint32_t offset;
    uint8_t size;              /* bytes of the register: 1, 2, 4, 8 */
    uint8_t access;            /* REG_R | REG_W */
    const char *name;
    uint64_t (*read)(void *opaque, uint32_t offset);              /* NULL: reads 0 */
    void (*write)(void *opaque, uint32_t offset, uint64_t value); /* NULL: ignored */
    uint32_t count, stride;    /* repeated registers; count 0: one */
} RegisterRow;
enum { REG_R = 1, REG_W = 2, REG_RW = 3 };
typedef struct RegisterBlock {
    const char *name;
    uint32_t size;             /* of the MMIO window */
    uint8_t access_min, access_max;
    bool big_endian;
    MemoryGuard guard;
    const RegisterRow *rows;   /* ended by name NULL, sorted by offset */
} RegisterBlock;
/* An MMIO region dispatched by the table. Unknown offsets read 0 and are logged as guest errors. */
void register_block_init(MemoryRegion *mr, Machine *m, Object *owner, const RegisterBlock *block, void *opaque);

/* --- life --- */
/* A board's device: created, then set up with object_set*(), then device_attach()ed: put on the bus (NULL: the system bus) and realized.
 * device_attach() takes over the reference: the tree holds the device; after a failure the pointer is dead. */
DeviceState *device_new(Machine *m, const char *type);
bool device_attach(DeviceState *dev, Bus *bus, const char *child_name, Error **errp); /* child_name NULL: "unattached" naming */
/* -device and device_add: driver=, id=, bus=, addr=...; finds the bus; realizes. The device is owned by the tree. */
DeviceState *device_create_from_options(Machine *m, struct OptionSet *opts, Error **errp);
DeviceState *device_find(Machine *m, const char *id);
void device_unplug(DeviceState *dev);
void device_print_list(FILE *out);           /* -device help: by category, `name "X", bus PCI, desc "..."` */
void device_print_tree(Machine *m, FILE *out); /* info qtree */
#define DEVICE(x) ((DeviceState *)(x))
#define device_class(dev) ((const DeviceClass *)object_class(dev, TYPE_DEVICE))

Bus *bus_new(const char *type, DeviceState *parent, Machine *m, const char *name);
/* First bus of the kind with room, in tree order, or by name/canonical path where given. */
Bus *bus_find(Machine *m, const char *type, const char *name, Error **errp);

/* -global driver.prop=value: applied by device_new. */
bool device_add_global(Machine *m, const char *driver, const char *property, const char *value, Error **errp);

/* --- lines --- */
Irq irq_make(IrqHandler *handler, void *opaque, int n);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of hw/core share: the system bus object, which also keeps what belongs to one machine's device tree:
 * the -global settings and the dispatch records of register blocks. It is made on first use and lives as long as the
 * machine (machine->bus_state points to it).
 */
#ifndef HW_CORE_HW_CORE_H
#define HW_CORE_HW_CORE_H

#include "hw/device.h"

#define TYPE_SYSTEM_BUS "system-bus"

typedef struct GlobalSetting {
    char *driver, *property, *value;
} GlobalSetting;

typedef struct SystemBus {
    Bus bus;
    GPtrArray *globals;   /* GlobalSetting *, in order of the command line */
    GPtrArray *registers; /* records of register_block_init() */
} SystemBus;

SystemBus *system_bus(Machine *m);
#define bus_class(bus) ((const BusClass *)object_class(bus, TYPE_BUS))
/* Child container of the machine object, made on demand. */
Object *device_container(Machine *m, const char *name);
/* "virtio-blk" -> "virtio-blk-pci"; the name itself where it is no alias. */
const char *device_resolve_alias(const char *name);
const char *device_alias_of(const char *type); /* NULL: none */
/* Calls @fn for every device below @bus, parents first; stops where it returns false. */
bool bus_walk(Bus *bus, bool (*fn)(DeviceState *dev, void *opaque), void *opaque);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Debug port: each byte written to it goes to a character device. SeaBIOS and OVMF write their log to 0x402, other
 * software to 0xe9. Reading gives 0xe9 (readback=), by which software knows that it is there. Guarded by the machine
 * lock.
 */
#include "chardev/chardev.h"
#include "hw/isa.h"
#include "hw/misc/pc-misc.h"

typedef struct DebugCon {
    IsaDevice isa;
    MemoryRegion io;
    CharFrontend chr;
    char *chardev;
    uint32_t iobase, readback;
} DebugCon;

static uint64_t port_read(void *opaque, uint64_t offset, unsigned size) { return ((DebugCon *)opaque)->readback; }

static void port_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    uint8_t byte = (uint8_t)value;
    char_frontend_write(&((DebugCon *)opaque)->chr, &byte, 1); /* what the host does not take is lost */
}

static const MmioOps port_ops = {.read = port_read, .write = port_write, ISA_BYTE_PORTS};

static bool debugcon_realize(Object *obj, Error **errp)
{
    DebugCon *s = (DebugCon *)obj;
    Chardev *chr = NULL;
    if (s->chardev && *s->chardev && !(chr = chardev_find_error(s->isa.dev.machine->root, s->chardev, errp))) {
        return false;
    }
    if (!char_frontend_attach(&s->chr, chr, errp)) {
        return false;
    }
    isa_add_ports(&s->isa, &s->io, &port_ops, s, "isa-debugcon", (uint16_t)s->iobase, 1);
    return true;
}

static void debugcon_unrealize(Object *obj) { char_frontend_detach(&((DebugCon *)obj)->chr); }

static const Field debugcon_fields[] = {
    FIELD(DebugCon, chardev, FIELD_STRING, "chardev", FIELD_PROP, .help = "id of the character device behind it"),
    FIELD(DebugCon, iobase, FIELD_U32, "iobase", FIELD_PROP, .def = 0xe9, .min = 0, .max = 0xffff, .help = "port"),
    FIELD(DebugCon, readback, FIELD_U32, "readback", FIELD_PROP, .def = 0xe9, .min = 0, .max = 0xff,
          .help = "what the port reads as"),
    FIELD_END,
};
static const DeviceClass debugcon_class = {
    .bus_type = TYPE_ISA_BUS, .category = DEVICE_CAT_MISC, .user_creatable = true,
};
static const TypeRecord debugcon_type = {
    .name = TYPE_ISA_DEBUGCON, .parent = TYPE_ISA_DEVICE, .help = "debug port of firmware",
    .instance_size = sizeof(DebugCon), .class_kind = TYPE_DEVICE, .class_data = &debugcon_class,
    .fields = debugcon_fields, .realize = debugcon_realize, .unrealize = debugcon_unrealize,
};
TYPE_REGISTER(debugcon_type);

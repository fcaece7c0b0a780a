/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A 16550A at ISA ports: COM1 to COM4 by index, or anywhere by iobase= and irq=.
 *
 * Where no index is given the first of 0 to 3 is taken that no earlier serial port of the machine has. Guarded by the
 * machine lock.
 */
#include "hw/isa.h"
#include "hw/misc/pc-misc.h"
#include "serial.h"

enum { PORTS_MAX = 4, NOT_GIVEN = -1 };

typedef struct IsaSerial {
    IsaDevice isa;
    MemoryRegion io;
    SerialCore core;
    char *chardev;
    int32_t index, iobase, irq;
} IsaSerial;

static uint64_t port_read(void *opaque, uint64_t offset, unsigned size)
{
    return serial_core_read(&((IsaSerial *)opaque)->core, (unsigned)offset);
}

static void port_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    serial_core_write(&((IsaSerial *)opaque)->core, (unsigned)offset, (uint8_t)value);
}

static const MmioOps port_ops = {.read = port_read, .write = port_write, ISA_BYTE_PORTS};

static void serial_reset(DeviceState *dev) { serial_core_reset(&((IsaSerial *)dev)->core); }

static bool index_taken(IsaSerial *s, int index)
{
    GPtrArray *devices = isa_bus(&s->isa)->bus.devices;
    for (unsigned i = 0; i < devices->len; i++) {
        IsaSerial *other = devices->pdata[i];
        if (other != s && object_is_a(OBJECT(other), TYPE_ISA_SERIAL) && other->index == index) {
            return true;
        }
    }
    return false;
}

static bool choose_place(IsaSerial *s, Error **errp)
{
    static const uint16_t ports[PORTS_MAX] = {0x3f8, 0x2f8, 0x3e8, 0x2e8};
    static const uint8_t irqs[PORTS_MAX] = {4, 3, 4, 3};
    for (int i = 0; i < PORTS_MAX && s->index == NOT_GIVEN; i++) {
        if (!index_taken(s, i)) {
            s->index = i;
        }
    }
    if (s->index == NOT_GIVEN && (s->iobase == NOT_GIVEN || s->irq == NOT_GIVEN)) {
        error_setg(errp, "isa-serial: COM1 to COM%d are there already: give iobase= and irq=", PORTS_MAX);
        return false;
    }
    if (s->iobase == NOT_GIVEN) {
        s->iobase = ports[s->index];
    }
    if (s->irq == NOT_GIVEN) {
        s->irq = irqs[s->index];
    }
    return isa_check_irq(&s->isa, (unsigned)s->irq, errp);
}

static bool serial_realize(Object *obj, Error **errp)
{
    IsaSerial *s = (IsaSerial *)obj;
    Machine *m = s->isa.dev.machine;
    Chardev *chr = NULL;
    if (s->chardev && *s->chardev && !(chr = chardev_find_error(m->root, s->chardev, errp))) {
        return false;
    }
    if (!choose_place(s, errp)) {
        return false;
    }
    s->core.irq = isa_irq(&s->isa, (unsigned)s->irq);
    s->core.baudbase = 115200;
    if (!serial_core_init(&s->core, m, chr, errp)) {
        return false;
    }
    isa_add_ports(&s->isa, &s->io, &port_ops, s, "serial", (uint16_t)s->iobase, SERIAL_REGISTERS);
    return true;
}

static void serial_unrealize(Object *obj) { serial_core_free(&((IsaSerial *)obj)->core); }

static const Field serial_fields[] = {
    FIELD(IsaSerial, chardev, FIELD_STRING, "chardev", FIELD_PROP, .help = "id of the character device behind it"),
    FIELD(IsaSerial, index, FIELD_I32, "index", FIELD_PROP, .def = NOT_GIVEN, .min = (uint64_t)NOT_GIVEN,
          .max = PORTS_MAX - 1, .help = "0 to 3: COM1 to COM4"),
    FIELD(IsaSerial, iobase, FIELD_I32, "iobase", FIELD_PROP, .def = NOT_GIVEN, .min = (uint64_t)NOT_GIVEN,
          .max = 0xfff8, .help = "first port"),
    FIELD(IsaSerial, irq, FIELD_I32, "irq", FIELD_PROP, .def = NOT_GIVEN, .min = (uint64_t)NOT_GIVEN,
          .max = ISA_IRQS - 1, .help = "interrupt line"),
    SERIAL_STATE_FIELDS(IsaSerial, core),
    FIELD_END,
};
static const DeviceClass serial_class = {
    .bus_type = TYPE_ISA_BUS, .category = DEVICE_CAT_INPUT, .user_creatable = true, .reset = serial_reset,
};
static const TypeRecord serial_type = {
    .name = TYPE_ISA_SERIAL, .parent = TYPE_ISA_DEVICE, .help = "16550A serial port",
    .instance_size = sizeof(IsaSerial), .class_kind = TYPE_DEVICE, .class_data = &serial_class,
    .fields = serial_fields, .realize = serial_realize,
    .unrealize = serial_unrealize,
};
TYPE_REGISTER(serial_type);

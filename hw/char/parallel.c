/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parallel port (the PC's printer adapter, and SPP of IEEE 1284): LPT1 to LPT3 by index.
 *
 * What is strobed goes to the character device at once, so the printer is never busy but while the host takes no
 * more. Each byte is acknowledged, which is an interrupt where that is switched on. Guarded by the machine lock.
 */
#include "chardev/chardev.h"
#include "hw/isa.h"
#include "hw/misc/pc-misc.h"

enum { PORTS_MAX = 3, NOT_GIVEN = -1, R_DATA = 0, R_STATUS = 1, R_CONTROL = 2 };
enum { S_ERROR_OFF = 8, S_ONLINE = 0x10, S_ACK_OFF = 0x40, S_READY = 0x80 };
enum { C_STROBE = 1, C_INIT_OFF = 4, C_SELECT = 8, C_IRQ = 0x10, C_INPUT = 0x20, C_ONES = 0xc0 };

typedef struct Parallel {
    IsaDevice isa;
    MemoryRegion io;
    CharFrontend chr;
    Irq irq;
    char *chardev;
    int32_t index, iobase, irq_line;
    uint8_t data, control;
    bool waiting;       /* `data` found no room */
} Parallel;

static void strobe(Parallel *s)
{
    s->waiting = !char_frontend_write(&s->chr, &s->data, 1);
    if (!s->waiting && (s->control & C_IRQ)) { /* the pulse of ACK */
        irq_set(&s->irq, 1);
        irq_set(&s->irq, 0);
    }
}

static void writable(void *opaque)
{
    Parallel *s = opaque;
    if (s->waiting) {
        strobe(s);
    }
}

static const CharHandlers handlers = {.writable = writable};

static uint64_t port_read(void *opaque, uint64_t offset, unsigned size)
{
    Parallel *s = opaque;
    switch (offset) {
    case R_DATA: return s->control & C_INPUT ? 0xff : s->data;
    case R_STATUS: return S_ERROR_OFF | S_ONLINE | S_ACK_OFF | (s->waiting ? 0 : S_READY);
    case R_CONTROL: return s->control | C_ONES;
    default: return 0xff;
    }
}

static void port_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    Parallel *s = opaque;
    if (offset == R_DATA) {
        s->data = (uint8_t)value;
    } else if (offset == R_CONTROL) {
        bool rise = (value & C_STROBE) && !(s->control & C_STROBE);
        s->control = value & 0x3f;
        if (rise && (value & C_INIT_OFF) && !s->waiting) {
            strobe(s);
        }
    }
}

static const MmioOps port_ops = {.read = port_read, .write = port_write, ISA_BYTE_PORTS};

static bool index_taken(Parallel *s, int index)
{
    GPtrArray *devices = isa_bus(&s->isa)->bus.devices;
    for (unsigned i = 0; i < devices->len; i++) {
        Parallel *other = devices->pdata[i];
        if (other != s && object_is_a(OBJECT(other), TYPE_ISA_PARALLEL) && other->index == index) {
            return true;
        }
    }
    return false;
}

static bool choose_place(Parallel *s, Error **errp)
{
    static const uint16_t ports[PORTS_MAX] = {0x378, 0x278, 0x3bc};
    for (int i = 0; i < PORTS_MAX && s->index == NOT_GIVEN; i++) {
        if (!index_taken(s, i)) {
            s->index = i;
        }
    }
    if (s->index == NOT_GIVEN && s->iobase == NOT_GIVEN) {
        error_setg(errp, "isa-parallel: LPT1 to LPT%d are there already: give iobase= and irq=", PORTS_MAX);
        return false;
    }
    if (s->iobase == NOT_GIVEN) {
        s->iobase = ports[s->index];
    }
    return isa_check_irq(&s->isa, (unsigned)s->irq_line, errp);
}

static bool parallel_realize(Object *obj, Error **errp)
{
    Parallel *s = (Parallel *)obj;
    Chardev *chr = NULL;
    if (s->chardev && *s->chardev && !(chr = chardev_find_error(s->isa.dev.machine->root, s->chardev, errp))) {
        return false;
    }
    if (!choose_place(s, errp) || !char_frontend_attach(&s->chr, chr, errp)) {
        return false;
    }
    s->irq = isa_irq(&s->isa, (unsigned)s->irq_line);
    char_frontend_set_handlers(&s->chr, &handlers, s);
    isa_add_ports(&s->isa, &s->io, &port_ops, s, "parallel", (uint16_t)s->iobase, s->iobase == 0x3bc ? 3 : 8);
    return true;
}

static void parallel_unrealize(Object *obj) { char_frontend_detach(&((Parallel *)obj)->chr); }

static const Field parallel_fields[] = {
    FIELD(Parallel, chardev, FIELD_STRING, "chardev", FIELD_PROP, .help = "id of the character device behind it"),
    FIELD(Parallel, index, FIELD_I32, "index", FIELD_PROP, .def = NOT_GIVEN, .min = (uint64_t)NOT_GIVEN,
          .max = PORTS_MAX - 1, .help = "0 to 2: LPT1 to LPT3"),
    FIELD(Parallel, iobase, FIELD_I32, "iobase", FIELD_PROP, .def = NOT_GIVEN, .min = (uint64_t)NOT_GIVEN,
          .max = 0xfff8, .help = "first port"),
    FIELD(Parallel, irq_line, FIELD_I32, "irq", FIELD_PROP, .def = 7, .min = 0, .max = ISA_IRQS - 1,
          .help = "interrupt line"),
    FIELD(Parallel, data, FIELD_U8, "data", FIELD_STATE),
    FIELD(Parallel, control, FIELD_U8, "control", FIELD_STATE, .def = C_INIT_OFF | C_SELECT),
    FIELD(Parallel, waiting, FIELD_BOOL, "waiting", FIELD_STATE),
    FIELD_END,
};
static const DeviceClass parallel_class = {
    .bus_type = TYPE_ISA_BUS, .category = DEVICE_CAT_INPUT, .user_creatable = true,
};
static const TypeRecord parallel_type = {
    .name = TYPE_ISA_PARALLEL, .parent = TYPE_ISA_DEVICE, .help = "parallel port", .instance_size = sizeof(Parallel),
    .class_kind = TYPE_DEVICE, .class_data = &parallel_class, .fields = parallel_fields, .realize = parallel_realize,
    .unrealize = parallel_unrealize,
};
TYPE_REGISTER(parallel_type);

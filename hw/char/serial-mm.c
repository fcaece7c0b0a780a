/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A 16550A on a memory bus: eight byte registers, `regshift` address bits apart.
 */
#include "hw/sysbus.h"
#include "serial.h"

typedef struct SerialMm {
    SysDevice sys;
    MemoryRegion mmio;
    SerialCore core;
    char *chardev;
    uint8_t regshift;
} SerialMm;

static void line(void *opaque, int n, int level)
{
    irq_set(&((SerialMm *)opaque)->sys.irq[0], level);
}

static uint64_t mm_read(void *opaque, uint64_t offset, unsigned size)
{
    SerialMm *s = opaque;
    return serial_core_read(&s->core, (offset >> s->regshift) & (SERIAL_REGISTERS - 1));
}

static void mm_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    SerialMm *s = opaque;
    serial_core_write(&s->core, (offset >> s->regshift) & (SERIAL_REGISTERS - 1), value);
}

/* an access of any width reaches one register */
static const MmioOps mm_ops = {.read = mm_read, .write = mm_write, .access_min = 1, .access_max = 8};

static void mm_reset(DeviceState *dev)
{
    serial_core_reset(&((SerialMm *)dev)->core);
}

static bool mm_realize(Object *obj, Error **errp)
{
    SerialMm *s = (SerialMm *)obj;
    Machine *m = s->sys.dev.machine;
    Chardev *chr = NULL;
    if (s->chardev && *s->chardev && !(chr = chardev_find_error(m->root, s->chardev, errp))) {
        return false;
    }
    s->core.irq = irq_make(line, s, 0);
    if (!serial_core_init(&s->core, m, chr, errp)) {
        return false;
    }
    memory_region_init_mmio(&s->mmio, m, obj, &mm_ops, s, "serial", SERIAL_REGISTERS << s->regshift);
    sys_add_mmio(&s->sys, &s->mmio);
    sys_add_irqs(&s->sys, 1);
    return true;
}

static void mm_unrealize(Object *obj)
{
    sys_remove_mmio(SYS_DEVICE(obj));
    serial_core_free(&((SerialMm *)obj)->core);
}

static const Field mm_fields[] = {
    FIELD(SerialMm, chardev, FIELD_STRING, "chardev", FIELD_PROP, .help = "id of the character device behind it"),
    FIELD(SerialMm, regshift, FIELD_U8, "regshift", FIELD_PROP, .min = 0, .max = 4, .help = "log2 of the registers' distance"),
    FIELD(SerialMm, core.baudbase, FIELD_U32, "baudbase", FIELD_PROP, .def = 399193, .min = 1, .max = 100000000,
          .help = "baud rate of divisor 1"),
    SERIAL_STATE_FIELDS(SerialMm, core),
    FIELD_END,
};
static const DeviceClass mm_class = {.bus_type = "System", .category = DEVICE_CAT_MISC, .reset = mm_reset};
static const TypeRecord mm_type = {
    .name = "serial-mm", .parent = TYPE_SYS_DEVICE, .help = "16550A UART", .instance_size = sizeof(SerialMm),
    .class_kind = TYPE_DEVICE, .class_data = &mm_class, .fields = mm_fields, .realize = mm_realize,
    .unrealize = mm_unrealize,
};
TYPE_REGISTER(mm_type);

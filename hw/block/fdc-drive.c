/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Floppy drives: `-device floppy,unit=0,drive=ID` on a controller's floppy-bus. The geometry follows from the size of
 * the image: that of a standard format, or else of the smallest that holds it.
 *
 * Guarded by the machine lock.
 */
#include <inttypes.h>

#include "fdc-internal.h"
#include "hw/isa.h"
#include "hw/misc/pc-misc.h"
#include "util/option.h"

enum { RATE_500K = 0, RATE_300K = 1, RATE_250K = 2, RATE_1M = 3 };

/* The first that fits is taken: the usual formats of 3.5 inch before those of 5.25 inch. */
static const struct {
    uint8_t drive, tracks, heads, sectors, rate;
} formats[] = {
    {DRIVE_144, 80, 2, 18, RATE_500K}, {DRIVE_288, 80, 2, 36, RATE_1M}, {DRIVE_144, 80, 2, 9, RATE_250K},
    {DRIVE_120, 80, 2, 15, RATE_500K}, {DRIVE_120, 40, 2, 9, RATE_300K}, {DRIVE_120, 40, 2, 8, RATE_300K},
    {DRIVE_120, 40, 1, 9, RATE_300K}, {DRIVE_120, 40, 1, 8, RATE_300K}, {DRIVE_144, 80, 2, 20, RATE_500K},
    {DRIVE_144, 80, 2, 21, RATE_500K}, {DRIVE_144, 82, 2, 21, RATE_500K}, {DRIVE_144, 83, 2, 21, RATE_500K},
    {DRIVE_144, 80, 2, 22, RATE_500K}, {DRIVE_144, 80, 2, 23, RATE_500K}, {DRIVE_144, 80, 2, 24, RATE_500K},
    {DRIVE_288, 80, 2, 39, RATE_1M}, {DRIVE_288, 80, 2, 40, RATE_1M}, {DRIVE_288, 80, 2, 44, RATE_1M},
    {DRIVE_288, 80, 2, 48, RATE_1M}, {DRIVE_144, 80, 2, 10, RATE_250K}, {DRIVE_120, 80, 2, 18, RATE_500K},
    {DRIVE_120, 80, 1, 9, RATE_300K},
};

static void choose_format(Floppy *f)
{
    int64_t bytes = blk_length(f->blk);
    unsigned best = 0;
    int64_t best_bytes = INT64_MAX;
    for (unsigned i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (f->type != DRIVE_AUTO && f->type != formats[i].drive) {
            continue;
        }
        int64_t size = (int64_t)formats[i].tracks * formats[i].heads * formats[i].sectors * FDC_SECTOR;
        if (size == bytes) {
            best = i;
            break;
        }
        if (size > bytes && size < best_bytes) {
            best = i;
            best_bytes = size;
        }
    }
    f->tracks = formats[best].tracks;
    f->heads = formats[best].heads;
    f->sectors = formats[best].sectors;
    f->rate = formats[best].rate;
    if (f->type == DRIVE_AUTO) {
        f->type = formats[best].drive;
    }
}

bool floppy_locate(const Floppy *f, unsigned track, unsigned head, unsigned sector, int64_t *offset)
{
    if (track >= f->tracks || head >= f->heads || !sector || sector > f->sectors) {
        return false;
    }
    *offset = ((int64_t)(track * f->heads + head) * f->sectors + sector - 1) * FDC_SECTOR;
    return true;
}

uint8_t floppy_cmos_type(const Floppy *f)
{
    static const uint8_t types[] = {
        [DRIVE_AUTO] = 5, [DRIVE_144] = 4, [DRIVE_288] = 5, [DRIVE_120] = 2, [DRIVE_NONE] = 0,
    };
    return f ? types[f->type] : 0;
}

/* --- bus --- */
static bool bus_attach(Bus *bus, DeviceState *dev, Error **errp)
{
    FloppyBus *fb = (FloppyBus *)bus;
    Floppy *f = (Floppy *)dev;
    if (f->unit == UINT32_MAX) {
        f->unit = fb->drive[0] ? 1 : 0;
    }
    if (f->unit >= FDC_DRIVES) {
        error_setg(errp, "floppy: unit=%" PRIu32 ": a controller has units 0 to %d", f->unit, FDC_DRIVES - 1);
        return false;
    }
    if (fb->drive[f->unit]) {
        error_setg(errp, "floppy: unit %" PRIu32 " is in use", f->unit);
        return false;
    }
    fb->drive[f->unit] = f;
    return true;
}

static void bus_detach(Bus *bus, DeviceState *dev)
{
    FloppyBus *fb = (FloppyBus *)bus;
    if (fb->drive[((Floppy *)dev)->unit] == (Floppy *)dev) {
        fb->drive[((Floppy *)dev)->unit] = NULL;
    }
}

static const BusClass floppy_bus_class = {
    .name = TYPE_FLOPPY_BUS, .max_devices = FDC_DRIVES, .attach = bus_attach, .detach = bus_detach,
};
static const TypeRecord floppy_bus_type = {
    .name = TYPE_FLOPPY_BUS, .parent = TYPE_BUS, .help = "cable to floppy drives", .instance_size = sizeof(FloppyBus),
    .class_kind = TYPE_BUS, .class_data = &floppy_bus_class,
};
TYPE_REGISTER(floppy_bus_type);

/* --- drive --- */
static bool floppy_realize(Object *obj, Error **errp)
{
    Floppy *f = (Floppy *)obj;
    const char *name = f->dev.id ? f->dev.id : TYPE_FLOPPY;
    f->changed = true;
    if (!f->drive || !*f->drive) {
        return true;
    }
    if (!f->dev.machine->block) {
        error_setg(errp, "floppy: this machine has no disks");
        return false;
    }
    f->blk = blk_find(f->dev.machine->block, f->drive, errp);
    if (!f->blk || !blk_attach_device(f->blk, f, name, errp)) {
        f->blk = NULL;
        return false;
    }
    f->readonly = blk_is_readonly(f->blk);
    choose_format(f);
    return true;
}

static void floppy_unrealize(Object *obj)
{
    Floppy *f = (Floppy *)obj;
    if (f->blk) {
        blk_detach_device(f->blk, f); /* drains */
        f->blk = NULL;
    }
}

static const char *const type_names[] = {"auto", "144", "288", "120", "none", NULL};
static const Field floppy_fields[] = {
    FIELD(Floppy, unit, FIELD_U32, "unit", FIELD_PROP, .def = UINT32_MAX, .help = "0: A, 1: B"),
    FIELD(Floppy, drive, FIELD_STRING, "drive", FIELD_PROP,
          .help = "id of a -drive or node name; none: an empty drive"),
    FIELD(Floppy, type, FIELD_ENUM, "drive-type", FIELD_PROP, .info = type_names, .help = "kind of drive"),
    FIELD(Floppy, bootindex, FIELD_I32, "bootindex", FIELD_PROP, .def = -1, .help = "place in the boot order"),
    FIELD(Floppy, track, FIELD_U8, "track", FIELD_STATE),
    FIELD(Floppy, changed, FIELD_BOOL, "changed", FIELD_STATE, .def = 1),
    FIELD_END,
};
static const DeviceClass floppy_class = {
    .bus_type = TYPE_FLOPPY_BUS, .category = DEVICE_CAT_STORAGE, .user_creatable = true,
};
static const TypeRecord floppy_type = {
    .name = TYPE_FLOPPY, .parent = TYPE_DEVICE, .help = "floppy drive", .instance_size = sizeof(Floppy),
    .class_kind = TYPE_DEVICE, .class_data = &floppy_class, .fields = floppy_fields, .realize = floppy_realize,
    .unrealize = floppy_unrealize,
};
TYPE_REGISTER(floppy_type);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The drives: "ide-hd" and "ide-cd" as devices with their properties; reset and the signature that tells them apart;
 * counting of requests in flight.
 */
#include <string.h>

#include "ide-internal.h"
#include "util/bytes.h"

/* --- reset --- */
void ide_signature(IdeDrive *d)
{
    d->device &= (uint8_t)~0x0f;
    d->count = d->lba_low = 1;
    d->lba_mid = d->cdrom ? 0x14 : 0;
    d->lba_high = d->cdrom ? 0xeb : 0;
    d->error = 1; /* diagnostics passed */
    d->status = d->cdrom ? 0 : ST_IDLE;
}

void ide_drive_reset(IdeDrive *d, bool soft)
{
    d->generation++; /* what is in flight is of no interest any more */
    d->feature = d->hob_feature = d->hob_count = d->hob_low = d->hob_mid = d->hob_high = 0;
    d->device = 0xa0;
    d->command = 0;
    d->data_pos = d->data_end = 0;
    d->data_moved = NULL;
    d->left = d->packet_left = d->cd_left = 0;
    d->dma_waiting = d->lba48 = false;
    d->standby = false;
    if (!soft) {
        d->multiple = d->cdrom ? 0 : IDE_MULTIPLE_MAX;
        d->udma_mode = 0x20;
        d->mwdma_mode = 0;
        d->write_cache = d->write_cache_prop;
        d->smart_enabled = d->smart_autosave = true;
        d->smart_errors = 0;
        d->cur_heads = d->geo_heads;
        d->cur_secs = d->geo_secs;
    }
    if (d->cdrom) {
        mmc_reset(&d->mmc);
    }
    d->draining = d->in_flight != 0;
    d->soft_reset = soft;
    ide_signature(d);
    if (d->draining) {
        d->status = ST_BUSY;
    }
}

void ide_request_started(IdeDrive *d) { d->in_flight++; }

bool ide_request_ended(IdeDrive *d, uint32_t generation)
{
    d->in_flight--;
    if (d->draining && !d->in_flight) {
        d->draining = false;
        if (!(d->ide->control & CTL_SRST)) {
            ide_signature(d);
            if (d->ide->ops->command_done) {
                d->ide->ops->command_done(d->ide, d, true);
            }
        }
    }
    return generation == d->generation;
}

/* --- life --- */
/* The translation that BIOSes of old agreed on: 16 heads, 63 sectors, up to 16383 cylinders. */
static bool set_geometry(IdeDrive *d, Error **errp)
{
    if (d->cyls || d->heads || d->secs) {
        if (!d->cyls || d->cyls > 65535 || !d->heads || d->heads > 16 || !d->secs || d->secs > 255) {
            error_setg(errp, "%s: cyls must be 1 to 65535, heads 1 to 16, secs 1 to 255, and all three be given",
                       object_type_name(OBJECT(d)));
            return false;
        }
        d->geo_cyls = d->cyls;
        d->geo_heads = d->heads;
        d->geo_secs = d->secs;
        return true;
    }
    d->geo_heads = 16;
    d->geo_secs = 63;
    d->geo_cyls = (unsigned)CLAMP(d->sectors / (16 * 63), 2, 16383);
    return true;
}

static bool open_drive(IdeDrive *d, Error **errp)
{
    Machine *m = d->dev.machine;
    const char *type = object_type_name(OBJECT(d));
    if (!d->drive) {
        if (!d->cdrom) {
            error_setg(errp,
                       "%s needs a disk: drive=ID, with -drive if=none,id=ID,file=... or -blockdev node-name=ID,...",
            type);
        }
        return d->cdrom; /* a drive that is empty for good */
    }
    if (!m->block) {
        error_setg(errp, "%s: this machine has no disks", type);
        return false;
    }
    BlockBackend *blk = blk_find(m->block, d->drive, errp);
    if (!blk || !blk_attach_device(blk, d, d->dev.id ? d->dev.id : type, errp)) {
        return false;
    }
    d->blk = blk;
    int64_t len = blk_length(blk);
    if (!d->cdrom && len < 0) {
        error_setg_errno(errp, (int)-len, "%s: drive '%s' has no medium", type, d->drive);
        return false;
    }
    if (!d->cdrom && blk_is_readonly(blk)) {
        error_setg(errp, "%s: drive '%s' is read-only, which a hard disk cannot be (use ide-cd, or snapshot=on)", type,
                   d->drive);
        return false;
    }
    d->sectors = len > 0 ? (uint64_t)len / IDE_SECTOR : 0;
    return true;
}

/* QEMU's numbering: what guests name disks by (/dev/disk/by-id) must not change from run to run. */
static void fill_names(IdeDrive *d)
{
    if (!d->serial) {
        d->serial = g_strdup_printf("QM%05u", d->ide->number * 2 + (unsigned)d->unit + 1);
    }
    if (!d->model) {
        d->model = g_strdup(d->cdrom ? "QEMU DVD-ROM" : "QEMU HARDDISK");
    }
    if (!d->version) {
        d->version = g_strdup("2.5+");
    }
}

static bool check_properties(IdeDrive *d, Error **errp)
{
    const char *type = object_type_name(OBJECT(d));
    d->logical = d->logical ? d->logical : IDE_SECTOR;
    d->physical = d->physical ? d->physical : IDE_SECTOR;
    if (d->logical != IDE_SECTOR) {
        error_setg(errp, "%s: logical_block_size must be 512 for IDE", type);
        return false;
    }
    if (!is_power_of_2(d->physical) || d->physical < IDE_SECTOR || d->physical > IDE_SECTOR << 15) {
        error_setg(errp, "%s: physical_block_size is a power of two from 512 to 16777216", type);
        return false;
    }
    if (d->serial && strlen(d->serial) > 20) {
        error_setg(errp, "%s: the serial number '%s' has more than 20 characters", type, d->serial);
        return false;
    }
    return true;
}

static bool drive_realize(Object *obj, Error **errp)
{
    IdeDrive *d = IDE_DRIVE(obj);
    if (!check_properties(d, errp) || !open_drive(d, errp) || (!d->cdrom && !set_geometry(d, errp))) {
        return false;
    }
    fill_names(d);
    d->data = g_malloc0(IDE_BUFFER);
    d->iov = g_array_new(FALSE, FALSE, sizeof(struct iovec));
    d->mmc = (MmcDrive){.blk = d->blk, .vendor = "QEMU", .model = d->model, .version = d->version};
    ide_sg_clear(&d->sg);
    ide_drive_reset(d, false);
    return true;
}

static void drive_unrealize(Object *obj)
{
    IdeDrive *d = IDE_DRIVE(obj);
    d->generation++;
    if (d->blk) {
        blk_detach_device(d->blk, d); /* drains */
        d->blk = NULL;
    }
}

static void drive_finalize(Object *obj)
{
    IdeDrive *d = IDE_DRIVE(obj);
    g_free(d->data);
    if (d->iov) {
        g_array_free(d->iov, TRUE);
    }
    if (d->sg.entries) {
        g_array_free(d->sg.entries, TRUE);
    }
}

static void hd_init(Object *obj) { IDE_DRIVE(obj)->cdrom = false; }
static void cd_init(Object *obj) { IDE_DRIVE(obj)->cdrom = true; }
static void device_reset(DeviceState *dev) { ide_drive_reset(IDE_DRIVE(dev), false); }

#define DRIVE_FIELDS                                                                                                   \
    FIELD(IdeDrive, drive, FIELD_STRING, "drive", FIELD_PROP, .help = "id of a -drive or node name of a -blockdev"),   \
    FIELD(IdeDrive, unit, FIELD_I32, "unit", FIELD_PROP, .def = -1,                                                    \
          .help = "place on the bus: 0 or 1; -1: the first free"),                                                     \
    FIELD(IdeDrive, serial, FIELD_STRING, "serial", FIELD_PROP, .help = "serial number, up to 20 characters"),         \
    FIELD(IdeDrive, model, FIELD_STRING, "model", FIELD_PROP, .help = "model, up to 40 characters"),                   \
    FIELD(IdeDrive, version, FIELD_STRING, "ver", FIELD_PROP, .help = "firmware version, up to 8 characters"),         \
    FIELD(IdeDrive, wwn, FIELD_U64, "wwn", FIELD_PROP, .help = "world wide name; 0: none"),                            \
    FIELD(IdeDrive, bootindex, FIELD_I32, "bootindex", FIELD_PROP, .def = -1, .help = "place in the boot order"),      \
    FIELD(IdeDrive, logical, FIELD_U32, "logical_block_size", FIELD_PROP, .help = "bytes: 512"),                       \
    FIELD(IdeDrive, physical, FIELD_U32, "physical_block_size", FIELD_PROP, .help = "bytes; 0: 512"),                  \
    FIELD(IdeDrive, write_cache_prop, FIELD_BOOL, "write-cache", FIELD_PROP, .def = 1,                                 \
          .help = "starts with its write cache on"),                                                                   \
    FIELD(IdeDrive, share_rw, FIELD_BOOL, "share-rw", FIELD_PROP | FIELD_HIDDEN, .help = "accepted for compatibility")

static const Field hd_fields[] = {
    DRIVE_FIELDS,
    FIELD(IdeDrive, cyls, FIELD_U32, "cyls", FIELD_PROP, .help = "cylinders; 0: by size"),
    FIELD(IdeDrive, heads, FIELD_U32, "heads", FIELD_PROP, .help = "heads"),
    FIELD(IdeDrive, secs, FIELD_U32, "secs", FIELD_PROP, .help = "sectors for each track"),
    FIELD(IdeDrive, rotation_rate, FIELD_U16, "rotation_rate", FIELD_PROP,
          .help = "revolutions a minute; 1: not rotating; 0: not told"),
    FIELD_END,
};
static const Field cd_fields[] = {DRIVE_FIELDS, FIELD_END};

static const DeviceClass drive_class = {
    .bus_type = TYPE_IDE_BUS, .category = DEVICE_CAT_STORAGE, .user_creatable = true, .reset = device_reset,
};
static const TypeRecord drive_type = {
    .name = TYPE_IDE_DRIVE, .parent = TYPE_DEVICE, .help = "any IDE drive", .instance_size = sizeof(IdeDrive),
    .abstract = true, .class_kind = TYPE_DEVICE,
    .class_data = &drive_class, .realize = drive_realize, .unrealize = drive_unrealize, .finalize = drive_finalize,
};
TYPE_REGISTER(drive_type);
static const TypeRecord hd_type = {.name = "ide-hd", .parent = TYPE_IDE_DRIVE, .help = "virtual IDE disk",
                                   .fields = hd_fields, .init = hd_init};
TYPE_REGISTER(hd_type);
static const TypeRecord cd_type = {.name = "ide-cd", .parent = TYPE_IDE_DRIVE, .help = "virtual IDE CD-ROM",
                                   .fields = cd_fields, .init = cd_init};
TYPE_REGISTER(cd_type);

bool ide_get_geometry(DeviceState *controller, unsigned number, unsigned unit, uint32_t *cylinders, uint32_t *heads,
                      uint32_t *sectors)
{
    for (unsigned i = 0; i < controller->child_buses->len; i++) {
        IdeBus *bus = controller->child_buses->pdata[i];
        if (bus->number == number && unit < 2 && bus->drives[unit] && !bus->drives[unit]->cdrom) {
            *cylinders = bus->drives[unit]->geo_cyls;
            *heads = bus->drives[unit]->geo_heads;
            *sectors = bus->drives[unit]->geo_secs;
            return true;
        }
    }
    return false;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers of an IDE bus as both drives on it see them (ATA8-APT, ATA/ATAPI-7 volume 2): writes go to both,
 * reads come from the selected one. Offsets in the command block: 1 error/features, 2 count, 3 to 5 address, 6
 * device, 7 status/command; 0 is data.
 */
#include <string.h>

#include "ide-internal.h"
#include "util/bytes.h"
#include "util/log.h"

IdeDrive *ide_selected(IdeBus *bus) { return bus->drives[bus->select]; }

void ide_set_irq(IdeBus *bus, bool level)
{
    if (level && bus->control & CTL_NIEN) {
        level = false;
    }
    if (bus->irq != level) {
        bus->irq = level;
        bus->ops->set_irq(bus, level);
    }
}

uint8_t ide_reg_read(IdeBus *bus, unsigned reg)
{
    IdeDrive *d = ide_selected(bus);
    bool hob = bus->control & CTL_HOB;
    if (!d) { /* the first drive answers for a second that is not there, with zeros; an empty bus reads so too */
        return 0;
    }
    switch (reg) {
    case 1: return hob ? d->hob_feature : d->error;
    case 2: return hob ? d->hob_count : d->count;
    case 3: return hob ? d->hob_low : d->lba_low;
    case 4: return hob ? d->hob_mid : d->lba_mid;
    case 5: return hob ? d->hob_high : d->lba_high;
    case 6: return d->device;
    case 7:
        ide_set_irq(bus, false);
        return d->status;
    default: return 0;
    }
}

uint8_t ide_alt_status(IdeBus *bus)
{
    return ide_selected(bus) ? ide_selected(bus)->status : 0;
}

void ide_start_command(IdeBus *bus, IdeDrive *d, uint8_t command)
{
    enum { DEVICE_RESET = 0x08 };
    if (d->status & (ST_BUSY | ST_DRQ) && !(command == DEVICE_RESET && d->cdrom)) {
        return;
    }
    ide_set_irq(bus, false);
    d->command = command;
    d->data_pos = d->data_end = 0;
    d->data_moved = NULL;
    ata_execute(d);
}

static void write_register(IdeDrive *d, unsigned reg, uint8_t v)
{
    switch (reg) {
    case 1: d->hob_feature = d->feature; d->feature = v; break;
    case 2: d->hob_count = d->count; d->count = v; break;
    case 3: d->hob_low = d->lba_low; d->lba_low = v; break;
    case 4: d->hob_mid = d->lba_mid; d->lba_mid = v; break;
    case 5: d->hob_high = d->lba_high; d->lba_high = v; break;
    case 6: d->device = v | 0xa0; break;
    default: break;
    }
}

void ide_reg_write(IdeBus *bus, unsigned reg, uint8_t v)
{
    bus->control &= (uint8_t)~CTL_HOB;
    if (reg == 7) {
        enum { DIAGNOSTIC = 0x90 };
        IdeDrive *d = v == DIAGNOSTIC && !ide_selected(bus) ? bus->drives[0] : ide_selected(bus);
        if (d) {
            ide_start_command(bus, d, v);
        }
        return;
    }
    for (unsigned i = 0; i < 2; i++) {
        IdeDrive *d = bus->drives[i];
        if (d && !(d->status & (ST_BUSY | ST_DRQ))) {
            write_register(d, reg, v);
        }
    }
    if (reg == 6) {
        bus->select = v & DEV_SECOND && bus->units > 1;
    }
}

/* --- data register --- */
uint16_t ide_data_read(IdeBus *bus, unsigned bytes, uint32_t *out)
{
    IdeDrive *d = ide_selected(bus);
    *out = 0;
    if (!d || !(d->status & ST_DRQ) || !d->to_host || d->data_pos >= d->data_end) {
        return 0;
    }
    unsigned n = MIN(bytes, d->data_end - d->data_pos);
    memcpy(out, d->data + d->data_pos, n); /* the register is little endian: byte 0 first */
    *out = ld_le32(out);
    d->data_pos += n;
    if (d->data_pos >= d->data_end) {
        d->status &= (uint8_t)~ST_DRQ;
        ide_data_moved(d);
    }
    return (uint16_t)n;
}

void ide_data_write(IdeBus *bus, unsigned bytes, uint32_t v)
{
    IdeDrive *d = ide_selected(bus);
    uint8_t raw[4];
    if (!d || !(d->status & ST_DRQ) || d->to_host || d->data_pos >= d->data_end) {
        return;
    }
    st_le32(raw, v);
    unsigned n = MIN(bytes, d->data_end - d->data_pos);
    memcpy(d->data + d->data_pos, raw, n);
    d->data_pos += n;
    if (d->data_pos >= d->data_end) {
        d->status &= (uint8_t)~ST_DRQ;
        ide_data_moved(d);
    }
}

/* --- device control --- */
void ide_control_write(IdeBus *bus, uint8_t v)
{
    uint8_t old = bus->control;
    bus->control = v;
    if (v & CTL_SRST && !(old & CTL_SRST)) {
        for (unsigned i = 0; i < 2; i++) {
            if (bus->drives[i]) {
                ide_drive_reset(bus->drives[i], true);
                bus->drives[i]->status = ST_BUSY; /* until the bit is cleared */
            }
        }
    } else if (!(v & CTL_SRST) && old & CTL_SRST) {
        for (unsigned i = 0; i < 2; i++) {
            IdeDrive *d = bus->drives[i];
            if (d && !d->draining) {
                ide_signature(d);
                if (bus->ops->command_done) {
                    bus->ops->command_done(bus, d, true);
                }
            }
        }
        bus->select = 0;
    }
    if (v & CTL_NIEN) {
        ide_set_irq(bus, false);
    }
}

void ide_bus_hard_reset(IdeBus *bus)
{
    bus->control = 0;
    bus->select = 0;
    ide_set_irq(bus, false);
    for (unsigned i = 0; i < 2; i++) {
        if (bus->drives[i]) {
            ide_drive_reset(bus->drives[i], false);
        }
    }
}

/* --- the bus as an object --- */
static bool attach(Bus *b, DeviceState *dev, Error **errp)
{
    IdeBus *bus = (IdeBus *)b;
    IdeDrive *d = IDE_DRIVE(dev);
    if (d->unit < 0) {
        d->unit = bus->drives[0] && bus->units > 1 ? 1 : 0;
    }
    if ((unsigned)d->unit >= bus->units) {
        error_setg(errp, bus->units == 1 ? "Can't create IDE unit %d, bus supports only %u unit"
                   : "Can't create IDE unit %d, bus supports only %u units",
                   d->unit, bus->units);
        return false;
    }
    if (bus->drives[d->unit]) {
        error_setg(errp, "IDE unit %d of bus '%s' is in use", d->unit, b->name);
        return false;
    }
    d->ide = bus;
    bus->drives[d->unit] = d;
    return true;
}

static void detach(Bus *b, DeviceState *dev)
{
    IdeBus *bus = (IdeBus *)b;
    IdeDrive *d = IDE_DRIVE(dev);
    if (d->unit >= 0 && d->unit < 2 && bus->drives[d->unit] == d) {
        bus->drives[d->unit] = NULL;
    }
}

static void print_drive(Bus *bus, DeviceState *dev, FILE *out, int indent)
{
    const IdeDrive *d = IDE_DRIVE(dev);
    fprintf(out, "%*sunit %d: %s, %s\n", indent, "", d->unit, d->cdrom ? "CD-ROM" : "disk",
            d->blk ? blk_name(d->blk) : "no drive");
}

static char *path_part(DeviceState *dev)
{
    const IdeDrive *d = IDE_DRIVE(dev);
    return g_strdup_printf("drive@%x/disk@%x", d->ide->number, d->unit);
}

/* Two classes, because how many drives fit is a fact of the class. */
static const BusClass ide_bus_class = {
    .name = TYPE_IDE_BUS, .max_devices = 2, .attach = attach, .detach = detach, .print_device = print_drive,
    .device_path = path_part,
};
static const TypeRecord ide_bus_type = {
    .name = TYPE_IDE_BUS, .parent = TYPE_BUS, .help = "ATA", .instance_size = sizeof(IdeBus), .class_kind = TYPE_BUS,
    .class_data = &ide_bus_class,
};
TYPE_REGISTER(ide_bus_type);

static const BusClass sata_bus_class = {
    .name = TYPE_IDE_BUS, .max_devices = 1, .attach = attach, .detach = detach, .print_device = print_drive,
    .device_path = path_part,
};
static const TypeRecord sata_bus_type = {
    .name = "SATA", .parent = TYPE_IDE_BUS, .help = "ATA, one drive", .class_kind = TYPE_BUS,
    .class_data = &sata_bus_class,
};
TYPE_REGISTER(sata_bus_type);

IdeBus *ide_bus_new(DeviceState *controller, unsigned number, unsigned units, const IdeBusOps *ops, void *opaque)
{
    g_autofree char *name = g_strdup_printf("%s.%u", controller->id ? controller->id : "ide", number);
    IdeBus *bus = (IdeBus *)bus_new(units == 1 ? "SATA" : TYPE_IDE_BUS, controller, controller->machine, name);
    bus->number = number;
    bus->units = units;
    bus->ops = ops;
    bus->opaque = opaque;
    return bus;
}

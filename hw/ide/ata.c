/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ATA commands (ATA8-ACS; older ones: ATA/ATAPI-5): which there are, what ends them, and those that move no data.
 */
#include <errno.h>
#include <string.h>

#include "ide-internal.h"

/* --- the end of a command --- */
static void command_over(IdeDrive *d, bool irq)
{
    d->dma_waiting = false;
    if (irq) {
        ide_set_irq(d->ide, true);
    }
    if (d->ide->ops->command_done) {
        d->ide->ops->command_done(d->ide, d, false);
    }
}

void ide_finish(IdeDrive *d)
{
    d->status = ST_IDLE;
    d->error = 0;
    command_over(d, true);
}

void ide_fail(IdeDrive *d, uint8_t error)
{
    d->status = ST_READY | ST_ERR;
    d->error = error;
    d->data_pos = d->data_end = 0;
    command_over(d, true);
}

void ide_abort(IdeDrive *d) { ide_fail(d, ER_ABORT); }

void ide_offer(IdeDrive *d, uint32_t bytes, bool to_host, void (*then)(IdeDrive *d))
{
    d->data_pos = 0;
    d->data_end = bytes;
    d->to_host = to_host;
    d->data_moved = then;
    d->status = (uint8_t)((d->status & ~(ST_BUSY | ST_ERR)) | ST_IDLE | ST_DRQ);
    if (d->ide->ops->data_ready) {
        d->ide->ops->data_ready(d->ide, d);
    }
}

void ide_data_moved(IdeDrive *d)
{
    void (*then)(IdeDrive *) = d->data_moved;
    d->data_moved = NULL;
    d->data_pos = d->data_end = 0;
    d->status &= (uint8_t)~ST_DRQ;
    if (then) {
        then(d);
    }
}

/* --- continuation --- */
typedef struct Later {
    IdeDrive *d;
    uint32_t generation;
    void (*fn)(IdeDrive *d);
} Later;

static void run_later(void *opaque)
{
    Later *l = opaque;
    if (ide_request_ended(l->d, l->generation)) {
        l->fn(l->d);
    }
    object_unref(OBJECT(l->d));
    g_free(l);
}

void ide_later(IdeDrive *d, void (*fn)(IdeDrive *d))
{
    Later *l = g_new(Later, 1);
    *l = (Later){d, d->generation, fn};
    object_ref(OBJECT(d));
    ide_request_started(d);
    bh_once(d->dev.machine->loop, run_later, l);
}

/* --- commands without data --- */
typedef void AtaHandler(IdeDrive *d);

static void nothing(IdeDrive *d) { ide_finish(d); }

/* The last block of data was fetched: there is no further interrupt. */
static void quiet_end(IdeDrive *d)
{
    d->status = ST_IDLE;
    command_over(d, false);
}

static void identify(IdeDrive *d)
{
    if (d->cdrom) { /* the signature says what it is */
        ide_signature(d);
        ide_abort(d);
        return;
    }
    ata_identify(d, d->data);
    ide_offer(d, IDE_SECTOR, true, quiet_end);
    ide_set_irq(d->ide, true);
}

static void identify_packet(IdeDrive *d)
{
    atapi_identify(d, d->data);
    ide_offer(d, IDE_SECTOR, true, quiet_end);
    ide_set_irq(d->ide, true);
}

static void device_reset_command(IdeDrive *d)
{
    ide_drive_reset(d, true);
    if (!d->draining && d->ide->ops->command_done) {
        d->ide->ops->command_done(d->ide, d, true);
    }
}

/* Both drives test themselves; the first one answers. */
static void diagnostic(IdeDrive *d)
{
    for (int i = 0; i < 2; i++) {
        if (d->ide->drives[i]) {
            ide_signature(d->ide->drives[i]);
        }
    }
    d->ide->select = 0;
    command_over(d, true);
}

static void set_parameters(IdeDrive *d)
{
    unsigned heads = (d->device & 15u) + 1;
    if (!d->count) {
        ide_abort(d);
        return;
    }
    d->cur_heads = heads;
    d->cur_secs = d->count;
    ide_finish(d);
}

static void set_multiple(IdeDrive *d)
{
    if (d->count > IDE_MULTIPLE_MAX || (d->count & (d->count - 1))) {
        ide_abort(d);
        return;
    }
    d->multiple = d->count;
    ide_finish(d);
}

static bool set_transfer_mode(IdeDrive *d)
{
    uint8_t mode = d->count & 7;
    switch (d->count >> 3) {
    case 0:
    case 1: return true; /* PIO: taken, nothing depends on it */
    case 4:
        if (mode > 2) {
            return false;
        }
        d->mwdma_mode = (uint8_t)(1 << mode);
        d->udma_mode = 0;
        return true;
    case 8:
        if (mode > 5) {
            return false;
        }
        d->udma_mode = (uint8_t)(1 << mode);
        d->mwdma_mode = 0;
        return true;
    default: return false;
    }
}

static void set_features(IdeDrive *d)
{
    switch (d->feature) {
    case 0x02:
    case 0x82:
        if (d->cdrom) {
            ide_abort(d);
        } else if (d->feature == 0x02) {
            d->write_cache = true;
            ide_finish(d);
        } else {
            d->write_cache = false;
            ata_flush(d);
        }
        break;
    case 0x03:
        if (set_transfer_mode(d)) {
            ide_finish(d);
        } else {
            ide_abort(d);
        }
        break;
    case 0x05: case 0x85: /* power management level */
    case 0x42: case 0xc2: /* acoustics */
    case 0x55: case 0xaa: /* read look-ahead */
    case 0x66: case 0xcc: /* defaults after a reset */
    case 0x10: case 0x90: /* SATA features: none is on */
    case 0x69: case 0x67: case 0x96: case 0x9a:
        ide_finish(d);
        break;
    default: ide_abort(d);
    }
}

static void read_native_max(IdeDrive *d)
{
    if (!d->sectors) {
        ide_abort(d);
        return;
    }
    d->device |= DEV_LBA;
    uint64_t last = d->sectors - 1;
    ata_set_lba(d, d->lba48 ? last : MIN(last, (uint64_t)0x0fffffff));
    ide_finish(d);
}

static void check_power(IdeDrive *d)
{
    d->count = d->standby ? 0 : 0xff;
    ide_finish(d);
}

static void standby(IdeDrive *d)
{
    d->standby = true;
    if (d->cdrom) {
        ide_finish(d);
    } else {
        ata_flush(d);
    }
}

static void wake(IdeDrive *d)
{
    d->standby = false;
    ide_finish(d);
}

static void seek(IdeDrive *d) { ide_finish(d); }
static void pio(IdeDrive *d) { ata_read_write(d, false, false); }
static void pio_multiple(IdeDrive *d) { ata_read_write(d, false, true); }
static void dma(IdeDrive *d) { ata_read_write(d, true, false); }

static void trim(IdeDrive *d)
{
    if (d->feature & 1) {
        ata_trim(d);
    } else {
        ide_abort(d);
    }
}

static void refused(IdeDrive *d) { ide_abort(d); }

/* --- the table --- */
enum { HD = 1, CD = 2, EXT = 4, WRITE = 8, FUA = 16 };
typedef struct AtaRow {
    uint8_t code, flags;
    AtaHandler *run;
} AtaRow;

/* Sorted by code. */
static const AtaRow rows[] = {
    {0x00, HD | CD, refused},
    {0x06, HD | EXT | WRITE, trim},
    {0x08, CD, device_reset_command},
    {0x10, HD, nothing},
    {0x20, HD, pio}, {0x21, HD, pio}, {0x24, HD | EXT, pio}, {0x25, HD | EXT, dma}, {0x27, HD | EXT, read_native_max},
    {0x29, HD | EXT, pio_multiple},
    {0x2f, HD | EXT, ata_read_log},
    {0x30, HD | WRITE, pio}, {0x31, HD | WRITE, pio}, {0x34, HD | EXT | WRITE, pio}, {0x35, HD | EXT | WRITE, dma},
    {0x39, HD | EXT | WRITE, pio_multiple},
    {0x3c, HD | WRITE, pio}, {0x3d, HD | EXT | WRITE | FUA, dma},
    {0x40, HD, ata_verify}, {0x41, HD, ata_verify}, {0x42, HD | EXT, ata_verify},
    {0x70, HD, seek},
    {0x90, HD | CD, diagnostic}, {0x91, HD, set_parameters},
    {0x94, HD | CD, standby}, {0x95, HD | CD, wake}, {0x96, HD | CD, standby}, {0x97, HD | CD, wake},
    {0x98, HD | CD, check_power}, {0x99, HD | CD, standby},
    {0xa0, CD, atapi_packet}, {0xa1, CD, identify_packet},
    {0xb0, HD, ata_smart},
    {0xc4, HD, pio_multiple}, {0xc5, HD | WRITE, pio_multiple}, {0xc6, HD, set_multiple},
    {0xc8, HD, dma}, {0xc9, HD, dma}, {0xca, HD | WRITE, dma}, {0xcb, HD | WRITE, dma},
    {0xce, HD | EXT | WRITE | FUA, pio_multiple},
    {0xe0, HD | CD, standby}, {0xe1, HD | CD, wake}, {0xe2, HD | CD, standby}, {0xe3, HD | CD, wake},
    {0xe5, HD | CD, check_power}, {0xe6, HD | CD, standby},
    {0xe7, HD | CD, ata_flush}, {0xea, HD, ata_flush},
    {0xec, HD | CD, identify}, {0xef, HD | CD, set_features}, {0xf5, HD, nothing}, {0xf8, HD, read_native_max},
};

static const AtaRow *find_row(uint8_t code)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].code == code) {
            return &rows[i];
        }
    }
    return code > 0x10 && code < 0x20 ? find_row(0x10) : NULL; /* recalibrate in sixteen forms */
}

void ata_execute(IdeDrive *d)
{
    const AtaRow *row = find_row(d->command);
    d->status = ST_BUSY | ST_READY;
    d->error = 0;
    if (!row || !(row->flags & (d->cdrom ? CD : HD))) {
        if (d->cdrom && (d->command == 0x20 || d->command == 0x21)) {
            ide_signature(d); /* ATA/ATAPI-5, 9.12: what a packet device does with a read */
        }
        ide_abort(d);
        return;
    }
    d->lba48 = row->flags & EXT;
    d->is_write = row->flags & WRITE;
    d->fua = row->flags & FUA;
    row->run(d);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What drives say about themselves: IDENTIFY DEVICE (ATA8-ACS 7.16), IDENTIFY PACKET DEVICE (7.17), and a SMART
 * (7.53) that always finds them healthy.
 */
#include <string.h>

#include "ide-internal.h"
#include "util/bytes.h"

static void word(uint8_t *page, unsigned n, unsigned v) { st_le16(page + 2 * n, (uint16_t)v); }

/* Text is padded with spaces, the bytes of each word swapped. */
static void text(uint8_t *page, unsigned first, unsigned bytes, const char *s)
{
    size_t len = strlen(s);
    for (unsigned i = 0; i < bytes; i++) {
        page[2 * first + (i ^ 1)] = i < len ? (uint8_t)s[i] : ' ';
    }
}

static void transfer_modes(const IdeDrive *d, uint8_t *page)
{
    word(page, 62, 0x07);
    word(page, 63, 0x07u | (unsigned)d->mwdma_mode << 8);
    word(page, 64, 0x03);
    word(page, 65, 120);
    word(page, 66, 120);
    word(page, 67, 120);
    word(page, 68, 120);
    word(page, 88, 0x3fu | (unsigned)d->udma_mode << 8);
    word(page, 93, 1u << 14 | 1u << 13 | 1); /* 80-wire cable */
}

static void features(const IdeDrive *d, uint8_t *page)
{
    enum { SMART = 1, WRITE_CACHE = 1 << 5, NOP = 1 << 14, FLUSH = 1 << 12, FLUSH_EXT = 1 << 13, LBA48 = 1 << 10,
          VALID = 1 << 14, WWN = 1 << 8, SET_FEATURES_FUA = 1 << 6 };
    unsigned wwn = d->wwn ? WWN : 0;
    word(page, 80, 0xf0);   /* ATA/ATAPI-4 to -7 */
    word(page, 82, SMART | WRITE_CACHE | NOP);
    word(page, 83, VALID | FLUSH_EXT | FLUSH | LBA48);
    word(page, 84, VALID | wwn | SET_FEATURES_FUA);
    word(page, 85, (d->smart_enabled ? SMART : 0) | (d->write_cache ? WRITE_CACHE : 0) | NOP);
    word(page, 86, FLUSH_EXT | FLUSH | LBA48);
    word(page, 87, VALID | wwn | SET_FEATURES_FUA);
    for (unsigned i = 0; i < 4 && d->wwn; i++) {
        word(page, 108 + i, (unsigned)(d->wwn >> (48 - 16 * i)) & 0xffff);
    }
}

static void capacity(const IdeDrive *d, uint8_t *page)
{
    uint32_t chs = (uint32_t)MIN((uint64_t)d->geo_cyls * d->cur_heads * d->cur_secs, (uint64_t)UINT32_MAX);
    word(page, 1, d->geo_cyls);
    word(page, 3, d->geo_heads);
    word(page, 4, IDE_SECTOR * d->geo_secs);
    word(page, 5, IDE_SECTOR);
    word(page, 6, d->geo_secs);
    word(page, 54, d->geo_cyls);
    word(page, 55, d->cur_heads);
    word(page, 56, d->cur_secs);
    st_le32(page + 2 * 57, chs);
    st_le32(page + 2 * 60, (uint32_t)MIN(d->sectors, (uint64_t)0x0fffffff));
    st_le64(page + 2 * 100, d->sectors);
    word(page, 106, d->physical > IDE_SECTOR ? 0x6000u | (unsigned)__builtin_ctz(d->physical / IDE_SECTOR) : 0);
}

static void sata(const IdeDrive *d, uint8_t *page)
{
    if (d->ide->units == 1) {
        word(page, 75, 31);                  /* 32 queued commands */
        word(page, 76, 1u << 8 | 1u << 2 | 1u << 1); /* NCQ; generations 1 and 2 */
        word(page, 222, 0x1020);             /* serial */
        word(page, 93, 0);
    }
}

void ata_identify(IdeDrive *d, uint8_t *page)
{
    memset(page, 0, IDE_SECTOR);
    word(page, 0, 0x0040); /* fixed */
    text(page, 10, 20, d->serial);
    text(page, 23, 8, d->version);
    text(page, 27, 40, d->model);
    word(page, 20, 3);
    word(page, 21, 512);
    word(page, 22, 4);
    word(page, 47, 0x8000 | IDE_MULTIPLE_MAX);
    word(page, 48, 1);
    word(page, 49, 1u << 11 | 1u << 9 | 1u << 8); /* IORDY, LBA, DMA */
    word(page, 50, 0x4000);
    word(page, 51, 0x200);
    word(page, 52, 0x200);
    word(page, 53, 7);
    word(page, 59, d->multiple ? 0x100u | d->multiple : 0);
    capacity(d, page);
    transfer_modes(d, page);
    features(d, page);
    sata(d, page);
    word(page, 105, 1);      /* one block of TRIM ranges at a time is sure to be taken */
    word(page, 169, 1);      /* TRIM */
    word(page, 217, d->rotation_rate);
}

void atapi_identify(IdeDrive *d, uint8_t *page)
{
    memset(page, 0, IDE_SECTOR);
    /* packet device, CD-ROM, removable, DRQ at once, 12-byte packets */
    word(page, 0, 2u << 14 | 5u << 8 | 1u << 7 | 2u << 5);
    text(page, 10, 20, d->serial);
    text(page, 23, 8, d->version);
    text(page, 27, 40, d->model);
    word(page, 20, 3);
    word(page, 21, 512);
    word(page, 22, 4);
    word(page, 48, 1);
    word(page, 49, 1u << 9 | 1u << 8);
    word(page, 53, 7);
    transfer_modes(d, page);
    word(page, 71, 30);
    word(page, 72, 30);
    word(page, 80, 0x1e);
    word(page, 82, 1u << 4 | 1u << 9 | 1u << 14); /* packet, device reset, NOP */
    word(page, 83, 1u << 14);
    word(page, 84, 1u << 14);
    word(page, 85, 1u << 4 | 1u << 9 | 1u << 14);
    word(page, 87, 1u << 14);
    if (d->ide->units == 1) {
        word(page, 76, 1u << 2 | 1u << 1);
        word(page, 222, 0x1020);
        word(page, 93, 0);
    }
}

/* --- SMART --- */
static void checksum(uint8_t *page)
{
    uint8_t sum = 0;
    for (unsigned i = 0; i < IDE_SECTOR - 1; i++) {
        sum = (uint8_t)(sum + page[i]);
    }
    page[IDE_SECTOR - 1] = (uint8_t)-sum;
}

static void smart_over(IdeDrive *d)
{
    d->status = ST_IDLE;
    if (d->ide->ops->command_done) {
        d->ide->ops->command_done(d->ide, d, false);
    }
}

static void give_page(IdeDrive *d)
{
    checksum(d->data);
    ide_offer(d, IDE_SECTOR, true, smart_over);
    ide_set_irq(d->ide, true);
}

typedef struct SmartAttribute {
    uint8_t id, flags, value, threshold;
} SmartAttribute;
static const SmartAttribute attributes[] = {
    {1, 3, 100, 6}, {3, 3, 100, 0}, {4, 2, 100, 20}, {5, 3, 100, 36}, {9, 3, 100, 0}, {12, 3, 100, 0}, {190, 3, 69, 50},
};

static void read_data(IdeDrive *d, bool thresholds)
{
    memset(d->data, 0, IDE_SECTOR);
    d->data[0] = 1;
    for (size_t i = 0; i < G_N_ELEMENTS(attributes); i++) {
        uint8_t *e = d->data + 2 + 12 * i;
        const SmartAttribute *a = &attributes[i];
        e[0] = a->id;
        e[1] = thresholds ? a->threshold : a->flags;
        if (!thresholds) {
            e[3] = e[4] = a->value;
            e[5] = a->id == 190 ? 31 : 0; /* degrees */
        }
    }
    if (!thresholds) {
        d->data[362] = d->smart_autosave ? 2 : 0;
        d->data[364] = 32; /* time of off-line collection; then capabilities */
        d->data[367] = 1u << 4 | 1u << 3 | 1;
        d->data[368] = 3;
        d->data[370] = 1;
        d->data[372] = 2;
        d->data[373] = 54;
    }
    give_page(d);
}

static void read_log(IdeDrive *d)
{
    memset(d->data, 0, IDE_SECTOR);
    switch (d->lba_low) {
    case 0x00: /* directory: one error log, one self-test log */
        d->data[0] = 1;
        d->data[2] = d->data[12] = 1;
        break;
    case 0x01:
    case 0x06: d->data[0] = 1; break;
    default:
        ide_abort(d);
        return;
    }
    give_page(d);
}

/* READ LOG EXT: the directory, and the queued command that failed. */
void ata_read_log(IdeDrive *d)
{
    enum { DIRECTORY = 0x00, NCQ_ERROR = 0x10 };
    if ((d->lba_low != DIRECTORY && d->lba_low != NCQ_ERROR) || d->lba_mid || d->hob_mid || d->count != 1 ||
        d->hob_count) {
        ide_abort(d);
        return;
    }
    memset(d->data, 0, IDE_SECTOR);
    if (d->lba_low == DIRECTORY) {
        d->data[0] = 1;
        d->data[2 * NCQ_ERROR] = 1;
    } else {
        memcpy(d->data, d->ncq_log, sizeof(d->ncq_log));
    }
    give_page(d);
}

void ata_smart(IdeDrive *d)
{
    enum { READ_DATA = 0xd0, READ_THRESHOLDS, AUTOSAVE, SAVE, OFFLINE, READ_LOG, ENABLE = 0xd8, DISABLE, STATUS };
    if (d->lba_mid != 0x4f || d->lba_high != 0xc2 || (!d->smart_enabled && d->feature != ENABLE)) {
        ide_abort(d);
        return;
    }
    switch (d->feature) {
    case READ_DATA: read_data(d, false); return;
    case READ_THRESHOLDS: read_data(d, true); return;
    case READ_LOG: read_log(d); return;
    case AUTOSAVE: d->smart_autosave = d->count == 0xf1; break;
    case SAVE: break;
    case OFFLINE: break; /* a test that is over at once, and was passed */
    case ENABLE: d->smart_enabled = true; break;
    case DISABLE: d->smart_enabled = false; break;
    case STATUS: break; /* 4Fh and C2h are there already: no threshold exceeded */
    default: ide_abort(d); return;
    }
    ide_finish(d);
}

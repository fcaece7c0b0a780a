/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packet commands of CD drives (ATA/ATAPI-7 volume 1, chapter 6.27; the commands themselves: hw/scsi/mmc.c). Data
 * goes through the drive's buffer, by PIO in blocks of the size that the host allows, or by DMA. The interrupt reason
 * stands in the sector count register.
 */
#include <string.h>

#include "ide-internal.h"

enum { CD_BUFFER_SECTORS = 32 };

static void check(IdeDrive *d)
{
    d->count = IR_COMMAND | IR_TO_HOST;
    ide_fail(d, (uint8_t)(d->mmc.sense_key << 4 | (d->mmc.sense_key == SENSE_ILLEGAL_REQUEST ? ER_ABORT : 0)));
}

static void good(IdeDrive *d)
{
    d->count = IR_COMMAND | IR_TO_HOST;
    ide_finish(d);
}

static void pio_next(IdeDrive *d);
static void read_more(IdeDrive *d);

/* --- PIO: blocks of at most packet_limit bytes --- */
static void block_moved(IdeDrive *d)
{
    if (d->packet_left) {
        pio_next(d);
    } else if (d->cd_left) {
        d->status = ST_BUSY | ST_READY;
        read_more(d);
    } else {
        good(d);
    }
}

/* What is left lies at the end of what was read: it is moved to the front, where ide_offer() takes it from. */
static void pio_next(IdeDrive *d)
{
    uint32_t n = MIN(d->packet_left, d->packet_limit);
    if (n < d->packet_left && n & 1) {
        n--; /* only the last block may be odd */
    }
    if (d->packet_pos) {
        memmove(d->data, d->data + d->packet_pos, d->packet_left);
    }
    d->packet_pos = n;
    d->packet_left -= n;
    d->count = IR_TO_HOST;
    d->lba_mid = (uint8_t)n;
    d->lba_high = (uint8_t)(n >> 8);
    ide_offer(d, n, true, block_moved);
    ide_set_irq(d->ide, true);
}

/* @bytes lie in the buffer. */
static void deliver(IdeDrive *d, uint32_t bytes)
{
    if (!d->dma) {
        d->packet_pos = 0;
        d->packet_left = bytes;
        pio_next(d);
        return;
    }
    if (!ide_sg_copy(&d->sg, d->ide->ops->dma_as(d->ide), d->data, bytes, true)) {
        d->ide->ops->dma_done(d->ide, d->moved, d->sg.left, false);
        mmc_set_sense(&d->mmc, SENSE_ABORTED, 0, 0);
        check(d);
        return;
    }
    d->moved += bytes;
    if (d->cd_left) {
        ide_later(d, read_more);
        return;
    }
    d->ide->ops->dma_done(d->ide, d->moved, d->sg.left, true);
    good(d);
}

/* --- reading the disc --- */
typedef struct CdRequest {
    IdeDrive *d;
    uint32_t generation, sectors;
} CdRequest;

/* Makes raw sectors of cooked ones, last first, within the buffer. */
static void add_headers(IdeDrive *d, uint32_t sectors)
{
    for (uint32_t i = sectors; i-- > 0;) {
        uint8_t *to = d->data + i * 2352;
        memmove(to + 16, d->data + i * MMC_SECTOR, MMC_SECTOR);
        mmc_raw_header(to, (uint32_t)d->cd_lba + i);
        memset(to + 16 + MMC_SECTOR, 0, 288);
    }
}

static void read_done(void *opaque, int ret)
{
    CdRequest *r = opaque;
    IdeDrive *d = r->d;
    if (ide_request_ended(d, r->generation)) {
        if (ret < 0) {
            mmc_set_sense(&d->mmc, SENSE_MEDIUM_ERROR, 0x11, 0); /* unrecovered read error */
            if (d->dma) {
                d->ide->ops->dma_done(d->ide, d->moved, d->sg.left, false);
            }
            check(d);
        } else {
            if (d->cd_sector_bytes != MMC_SECTOR) {
                add_headers(d, r->sectors);
            }
            d->cd_lba += r->sectors;
            d->cd_left -= r->sectors;
            deliver(d, r->sectors * d->cd_sector_bytes);
        }
    }
    g_free(r);
}

static void read_more(IdeDrive *d)
{
    uint32_t n = MIN(d->cd_left, (uint32_t)CD_BUFFER_SECTORS);
    CdRequest *r = g_new(CdRequest, 1);
    *r = (CdRequest){d, d->generation, n};
    ide_request_started(d);
    d->bounce = (struct iovec){d->data, n * MMC_SECTOR};
    blk_aio_preadv(d->blk, (int64_t)d->cd_lba * MMC_SECTOR, &d->bounce, 1, 0, read_done, r);
}

/* --- the packet --- */
static void start_data(IdeDrive *d, uint32_t bytes)
{
    d->moved = 0;
    d->answer_bytes = bytes;
    if (d->dma) {
        d->dma_waiting = true;
        d->ide->ops->dma_wanted(d->ide, d);
    } else if (bytes) {
        deliver(d, bytes);
    } else {
        read_more(d);
    }
}

void atapi_dma_go(IdeDrive *d)
{
    if (d->answer_bytes) {
        deliver(d, d->answer_bytes);
    } else {
        read_more(d);
    }
}

static void packet_arrived(IdeDrive *d)
{
    MmcRead read;
    uint32_t len;
    uint8_t cdb[MMC_CDB_BYTES];
    memcpy(cdb, d->data, sizeof(cdb));
    d->status = ST_BUSY | ST_READY;
    d->cd_left = 0;
    switch (mmc_execute(&d->mmc, cdb, d->data, &len, &read)) {
    case MMC_DONE: good(d); break;
    case MMC_CHECK: check(d); break;
    case MMC_DATA: start_data(d, len); break;
    case MMC_READ:
        d->cd_lba = read.lba;
        d->cd_left = read.count;
        d->cd_sector_bytes = read.sector_bytes;
        start_data(d, 0);
        break;
    }
}

void atapi_packet(IdeDrive *d)
{
    if (d->feature & 2) { /* overlapped */
        ide_abort(d);
        return;
    }
    d->dma = d->feature & 1;
    d->packet_limit = (uint32_t)d->lba_high << 8 | d->lba_mid;
    if (d->packet_limit == 0xffff) {
        d->packet_limit--;
    }
    d->packet_limit = d->packet_limit ? d->packet_limit : 0xfffe;
    if (d->packet_limit == 1) {
        d->packet_limit = 2;
    }
    d->count = IR_COMMAND;
    ide_offer(d, MMC_CDB_BYTES, false, packet_arrived);
}

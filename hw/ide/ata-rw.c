/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ATA commands that read, write, verify, flush and trim. PIO goes through the drive's buffer a block at a time; DMA
 * straight between guest memory and the block layer in chunks of at most 1 MiB. What fails there is told in the error
 * register, with the address of the sector that the chunk began at.
 */
#include <errno.h>
#include <string.h>

#include "ide-internal.h"
#include "util/bytes.h"

enum { TRIM_ENTRIES = IDE_SECTOR / 8 };

/* --- addresses (ATA8-ACS 4.2; CHS: ATA-5) --- */
uint64_t ata_get_lba(const IdeDrive *d)
{
    if (d->lba48) {
        return (uint64_t)d->hob_high << 40 | (uint64_t)d->hob_mid << 32 | (uint64_t)d->hob_low << 24 |
            (uint64_t)d->lba_high << 16 |
               (uint64_t)d->lba_mid << 8 | d->lba_low;
    }
    if (d->device & DEV_LBA) {
        return (uint64_t)(d->device & 15) << 24 | (uint64_t)d->lba_high << 16 | (uint64_t)d->lba_mid << 8 | d->lba_low;
    }
    uint64_t cylinder = (uint64_t)d->lba_high << 8 | d->lba_mid;
    if (!d->lba_low) {
        return UINT64_MAX; /* sectors count from 1 */
    }
    return (cylinder * d->cur_heads + (d->device & 15u)) * d->cur_secs + d->lba_low - 1;
}

void ata_set_lba(IdeDrive *d, uint64_t lba)
{
    if (d->lba48 || d->device & DEV_LBA) {
        d->lba_low = (uint8_t)lba;
        d->lba_mid = (uint8_t)(lba >> 8);
        d->lba_high = (uint8_t)(lba >> 16);
        if (d->lba48) {
            d->hob_low = (uint8_t)(lba >> 24);
            d->hob_mid = (uint8_t)(lba >> 32);
            d->hob_high = (uint8_t)(lba >> 40);
        } else {
            d->device = (uint8_t)((d->device & 0xf0) | (lba >> 24 & 15));
        }
        return;
    }
    uint64_t track = lba / d->cur_secs;
    uint64_t cylinder = track / d->cur_heads;
    d->lba_low = (uint8_t)(lba % d->cur_secs + 1);
    d->lba_mid = (uint8_t)cylinder;
    d->lba_high = (uint8_t)(cylinder >> 8);
    d->device = (uint8_t)((d->device & 0xf0) | track % d->cur_heads);
}

static uint32_t sector_count(const IdeDrive *d)
{
    uint32_t n = d->lba48 ? (uint32_t)d->hob_count << 8 | d->count : d->count;
    return n ? n : d->lba48 ? 65536 : 256;
}

/* Reads address and count; false: out of the disk, and the command was ended. */
static bool begin(IdeDrive *d)
{
    d->lba = ata_get_lba(d);
    d->left = sector_count(d);
    d->moved = 0;
    if (d->lba == UINT64_MAX || !range_within(d->lba, d->left, d->sectors)) {
        ide_fail(d, ER_ABORT | ER_ID);
        return false;
    }
    return true;
}

static void io_failed(IdeDrive *d)
{
    ata_set_lba(d, d->lba);
    ide_fail(d, d->is_write ? ER_ABORT : ER_UNCORRECTABLE);
}

typedef struct IdeRequest {
    IdeDrive *d;
    uint32_t generation, sectors;
} IdeRequest;

static IdeRequest *request_new(IdeDrive *d, uint32_t sectors)
{
    IdeRequest *r = g_new(IdeRequest, 1);
    *r = (IdeRequest){d, d->generation, sectors};
    ide_request_started(d);
    return r;
}

/* --- PIO --- */
static void pio_read_next(IdeDrive *d);
static void pio_write_next(IdeDrive *d);

static void advance(IdeDrive *d, uint32_t sectors)
{
    d->lba += sectors;
    d->left -= sectors;
    d->count = (uint8_t)d->left;
    ata_set_lba(d, d->left ? d->lba : d->lba - 1);
}

static void pio_read_done(void *opaque, int ret)
{
    IdeRequest *r = opaque;
    IdeDrive *d = r->d;
    if (ide_request_ended(d, r->generation)) {
        if (ret < 0) {
            io_failed(d);
        } else {
            advance(d, r->sectors);
            ide_offer(d, r->sectors * IDE_SECTOR, true, pio_read_next);
            ide_set_irq(d->ide, true);
        }
    }
    g_free(r);
}

static void pio_read_next(IdeDrive *d)
{
    uint32_t n = MIN(d->left, d->block);
    if (!n) {
        d->status = ST_IDLE;
        if (d->ide->ops->command_done) {
            d->ide->ops->command_done(d->ide, d, false);
        }
        return;
    }
    d->status = ST_BUSY | ST_READY;
    d->bounce = (struct iovec){d->data, n * IDE_SECTOR};
    blk_aio_preadv(d->blk, (int64_t)(d->lba * IDE_SECTOR), &d->bounce, 1, 0, pio_read_done, request_new(d, n));
}

static void pio_write_done(void *opaque, int ret)
{
    IdeRequest *r = opaque;
    IdeDrive *d = r->d;
    if (ide_request_ended(d, r->generation)) {
        if (ret < 0) {
            io_failed(d);
        } else {
            advance(d, r->sectors);
            if (d->left) {
                pio_write_next(d);
                ide_set_irq(d->ide, true);
            } else {
                ide_finish(d);
            }
        }
    }
    g_free(r);
}

static void pio_write_block(IdeDrive *d)
{
    uint32_t n = MIN(d->left, d->block);
    d->status = ST_BUSY | ST_READY;
    d->bounce = (struct iovec){d->data, n * IDE_SECTOR};
    blk_aio_pwritev(d->blk, (int64_t)(d->lba * IDE_SECTOR), &d->bounce, 1, d->fua ||
                    !d->write_cache ? BLOCK_REQ_FUA : 0, pio_write_done, request_new(d, n));
}

static void pio_write_next(IdeDrive *d)
{
    ide_offer(d, MIN(d->left, d->block) * IDE_SECTOR, false, pio_write_block);
}

void ata_read_write(IdeDrive *d, bool dma, bool multiple)
{
    if ((multiple && !d->multiple) || (!dma && !multiple && d->fua)) {
        ide_abort(d);
        return;
    }
    if (!begin(d)) {
        return;
    }
    d->dma = dma;
    if (dma) {
        d->dma_waiting = true;
        d->status = ST_BUSY | ST_READY;
        d->ide->ops->dma_wanted(d->ide, d);
        return;
    }
    d->block = multiple ? d->multiple : 1;
    if (d->is_write) {
        pio_write_next(d); /* without an interrupt for the first block */
    } else {
        pio_read_next(d);
    }
}

/* --- DMA --- */
static void dma_next(IdeDrive *d);

static void dma_over(IdeDrive *d, bool ok)
{
    d->ide->ops->dma_done(d->ide, d->moved, d->sg.left, ok);
}

static void dma_chunk_done(void *opaque, int ret)
{
    IdeRequest *r = opaque;
    IdeDrive *d = r->d;
    ide_sg_unmap(d->ide->ops->dma_as(d->ide), d->iov, !d->is_write);
    if (ide_request_ended(d, r->generation)) {
        if (ret < 0) {
            dma_over(d, false);
            io_failed(d);
        } else {
            d->moved += (uint64_t)r->sectors * IDE_SECTOR;
            advance(d, r->sectors);
            if (d->left) {
                ide_later(d, dma_next);
            } else {
                dma_next(d);
            }
        }
    }
    g_free(r);
}

static void dma_next(IdeDrive *d)
{
    if (!d->left) {
        dma_over(d, true);
        ide_finish(d);
        return;
    }
    AddressSpace *as = d->ide->ops->dma_as(d->ide);
    uint64_t want = MIN((uint64_t)d->left * IDE_SECTOR, (uint64_t)IDE_CHUNK_MAX);
    int64_t n = ide_sg_map(&d->sg, as, want, IDE_SECTOR, !d->is_write, d->iov);
    if (n <= 0) { /* the list is too short, or not memory */
        g_array_set_size(d->iov, 0);
        dma_over(d, false);
        if (n < 0) {
            ide_fail(d, ER_ABORT | ER_ICRC);
        } else { /* PCI IDE 3.1: no interrupt, the host finds the engine stopped */
            d->status = ST_IDLE;
            d->dma_waiting = false;
            if (d->ide->ops->command_done) {
                d->ide->ops->command_done(d->ide, d, false);
            }
        }
        return;
    }
    uint32_t sectors = (uint32_t)(n / IDE_SECTOR);
    const struct iovec *iov = (const struct iovec *)(void *)d->iov->data;
    int64_t offset = (int64_t)(d->lba * IDE_SECTOR);
    IdeRequest *r = request_new(d, sectors);
    if (d->is_write) {
        blk_aio_pwritev(d->blk, offset, iov, (int)d->iov->len, d->fua || !d->write_cache ? BLOCK_REQ_FUA : 0,
                        dma_chunk_done, r);
    } else {
        blk_aio_preadv(d->blk, offset, iov, (int)d->iov->len, 0, dma_chunk_done, r);
    }
}

/*
 * --- TRIM (ATA8-ACS2 7.10): blocks of 64 entries, each 48 bits of address and 16 of count; the list comes by DMA ---
 */
static void trim_next(IdeDrive *d);

static void trim_done(void *opaque, int ret)
{
    IdeRequest *r = opaque;
    IdeDrive *d = r->d;
    if (ide_request_ended(d, r->generation)) {
        if (ret < 0 && ret != -ENOTSUP) {
            dma_over(d, false);
            ide_fail(d, ER_ABORT);
        } else {
            ide_later(d, trim_next);
        }
    }
    g_free(r);
}

static void trim_next(IdeDrive *d)
{
    for (;;) {
        if (d->data_pos == d->data_end) {
            if (!d->left) {
                d->data_pos = d->data_end = 0;
                dma_over(d, true);
                ide_finish(d);
                return;
            }
            if (!ide_sg_copy(&d->sg, d->ide->ops->dma_as(d->ide), d->data, IDE_SECTOR, false)) {
                dma_over(d, false);
                ide_fail(d, ER_ABORT);
                return;
            }
            d->left--;
            d->moved += IDE_SECTOR;
            d->data_pos = 0;
            d->data_end = IDE_SECTOR;
        }
        uint64_t entry = ld_le64(d->data + d->data_pos);
        uint64_t lba = entry & 0xffffffffffffull, n = entry >> 48;
        d->data_pos += 8;
        if (!n) {
            continue;
        }
        if (!range_within(lba, n, d->sectors)) {
            d->data_pos = d->data_end = 0;
            dma_over(d, false);
            ide_fail(d, ER_ABORT | ER_ID);
            return;
        }
        blk_aio_discard(d->blk, (int64_t)(lba * IDE_SECTOR), (int64_t)(n * IDE_SECTOR), trim_done,
                        request_new(d, (uint32_t)n));
        return;
    }
}

void ata_trim(IdeDrive *d)
{
    d->left = sector_count(d);
    d->moved = 0;
    d->data_pos = d->data_end = 0;
    d->dma = d->dma_waiting = true;
    d->status = ST_BUSY | ST_READY;
    d->ide->ops->dma_wanted(d->ide, d);
}

void ide_dma_go(IdeDrive *d)
{
    enum { DATA_SET_MANAGEMENT = 0x06 };
    if (!d->dma_waiting) {
        return;
    }
    d->dma_waiting = false;
    ide_sg_clear(&d->sg);
    if (!d->ide->ops->dma_list(d->ide, &d->sg)) {
        dma_over(d, false);
        ide_fail(d, ER_ABORT | ER_ICRC);
    } else if (d->cdrom) {
        atapi_dma_go(d);
    } else if (d->command == DATA_SET_MANAGEMENT) {
        trim_next(d);
    } else {
        dma_next(d);
    }
}

void ide_dma_cancel(IdeDrive *d)
{
    d->dma_waiting = false;
}

/* --- verify, flush --- */
static void verify_next(IdeDrive *d);

static void verify_done(void *opaque, int ret)
{
    IdeRequest *r = opaque;
    IdeDrive *d = r->d;
    if (ide_request_ended(d, r->generation)) {
        if (ret < 0) {
            io_failed(d);
        } else {
            advance(d, r->sectors);
            ide_later(d, verify_next);
        }
    }
    g_free(r);
}

static void verify_next(IdeDrive *d)
{
    uint32_t n = MIN(d->left, (uint32_t)(IDE_BUFFER / IDE_SECTOR));
    if (!n) {
        ide_finish(d);
        return;
    }
    d->bounce = (struct iovec){d->data, n * IDE_SECTOR};
    blk_aio_preadv(d->blk, (int64_t)(d->lba * IDE_SECTOR), &d->bounce, 1, 0, verify_done, request_new(d, n));
}

void ata_verify(IdeDrive *d)
{
    d->is_write = false;
    if (begin(d)) {
        verify_next(d);
    }
}

static void flush_done(void *opaque, int ret)
{
    IdeRequest *r = opaque;
    IdeDrive *d = r->d;
    if (ide_request_ended(d, r->generation)) {
        if (ret < 0) {
            ide_fail(d, ER_ABORT);
        } else {
            ide_finish(d);
        }
    }
    g_free(r);
}

void ata_flush(IdeDrive *d)
{
    if (d->cdrom) {
        ide_finish(d);
        return;
    }
    blk_aio_flush(d->blk, flush_done, request_new(d, 0));
}

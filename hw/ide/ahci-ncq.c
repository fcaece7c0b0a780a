/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Queued reads and writes (Serial ATA 3.0, 13.6; ACS-2, 7.12): up to 32 at a time straight between guest memory and
 * the block layer. The drive accepts a command at once, which empties its slot; that it is done is told by a set-bits
 * frame. An error stops the port; log page 10h says which command it was.
 */
#include <string.h>

#include "ahci-internal.h"
#include "util/bytes.h"

enum { READ_QUEUED = 0x60, WRITE_QUEUED = 0x61 };

typedef struct Queued {
    AhciPort *port;
    IdeDrive *d;
    uint32_t generation, epoch;
    unsigned tag;
    bool is_write, fua;
    uint64_t lba;
    uint32_t left, now; /* sectors; of the chunk in flight */
    IdeSg sg;
    GArray *iov;
} Queued;

bool ahci_is_queued(uint8_t command) { return command == READ_QUEUED || command == WRITE_QUEUED; }

static void next_chunk(Queued *q);

static void queued_free(Queued *q)
{
    object_unref(OBJECT(q->d));
    g_array_free(q->sg.entries, TRUE);
    g_array_free(q->iov, TRUE);
    g_free(q);
}

/* Page 10h: the command in error (ACS-2, A.14). */
static void note_error(IdeDrive *d, unsigned tag, uint64_t lba, uint8_t error)
{
    uint8_t *log = d->ncq_log;
    memset(log, 0, sizeof(d->ncq_log));
    log[0] = (uint8_t)tag;
    log[2] = ST_READY | ST_ERR;
    log[3] = error;
    for (int i = 0; i < 3; i++) {
        log[4 + i] = (uint8_t)(lba >> (8 * i));
        log[8 + i] = (uint8_t)(lba >> (24 + 8 * i));
    }
    log[7] = DEV_LBA;
}

static void queued_done(Queued *q, uint8_t error)
{
    AhciPort *p = q->port;
    if (q->generation == q->d->generation && q->epoch == p->epoch) {
        if (error) {
            note_error(q->d, q->tag, q->lba, error);
            p->halted = true;
            q->d->status = ST_READY | ST_ERR;
            q->d->error = error;
            ahci_post_set_bits(p, 0, q->d->status, error);
        } else {
            ahci_post_set_bits(p, 1u << q->tag, ST_IDLE, 0);
        }
    }
    queued_free(q);
}

static void go_on(void *opaque)
{
    Queued *q = opaque;
    if (ide_request_ended(q->d, q->generation)) {
        next_chunk(q);
    } else {
        queued_free(q);
    }
}

static void chunk_done(void *opaque, int ret)
{
    Queued *q = opaque;
    ide_sg_unmap(ahci_as(q->port), q->iov, !q->is_write);
    q->left -= q->now;
    if (ret >= 0) {
        q->lba += q->now;
    }
    if (ret >= 0 && q->left && q->generation == q->d->generation) {
        bh_once(q->d->dev.machine->loop, go_on, q); /* still counted as in flight */
        return;
    }
    ide_request_ended(q->d, q->generation);
    queued_done(q, ret >= 0 ? 0 : q->is_write ? ER_ABORT : ER_UNCORRECTABLE);
}

static void next_chunk(Queued *q)
{
    int64_t n = ide_sg_map(&q->sg, ahci_as(q->port), MIN((uint64_t)q->left * IDE_SECTOR, (uint64_t)IDE_CHUNK_MAX),
                           IDE_SECTOR, !q->is_write, q->iov);
    if (n <= 0) { /* the list is too short, or not memory */
        g_array_set_size(q->iov, 0);
        queued_done(q, ER_ABORT);
        return;
    }
    q->now = (uint32_t)(n / IDE_SECTOR);
    const struct iovec *iov = (const struct iovec *)(void *)q->iov->data;
    int64_t offset = (int64_t)(q->lba * IDE_SECTOR);
    ide_request_started(q->d);
    if (q->is_write) {
        blk_aio_pwritev(q->d->blk, offset, iov, (int)q->iov->len, q->fua || !q->d->write_cache ? BLOCK_REQ_FUA : 0,
                        chunk_done, q);
    } else {
        blk_aio_preadv(q->d->blk, offset, iov, (int)q->iov->len, 0, chunk_done, q);
    }
}

void ahci_queue(AhciPort *p, IdeDrive *d, unsigned slot, const uint8_t *fis, uint64_t table, uint32_t prd_count)
{
    Queued *q = g_new0(Queued, 1);
    unsigned tag = fis[12] >> 3;
    uint32_t count = (uint32_t)fis[11] << 8 | fis[3];
    *q = (Queued){.port = p, .d = object_ref(OBJECT(d)) ? d : NULL, .generation = d->generation, .epoch = p->epoch,
                  .tag = slot,
                  .is_write = fis[2] == WRITE_QUEUED, .fua = fis[7] & 0x80};
    q->iov = g_array_new(FALSE, FALSE, sizeof(struct iovec));
    q->left = count ? count : 65536;
    q->lba = (uint64_t)fis[10] << 40 | (uint64_t)fis[9] << 32 | (uint64_t)fis[8] << 24 | (uint64_t)fis[6] << 16 |
        (uint64_t)fis[5] << 8 | fis[4];
    p->ci &= ~(1u << slot);
    bool list = ahci_load_list(p, table, prd_count, &q->sg);
    if (tag != slot || !list || !range_within(q->lba, q->left, d->sectors)) {
        queued_done(q, tag == slot && list ? ER_ABORT | ER_ID : ER_ABORT);
        return;
    }
    p->sact |= 1u << slot;
    next_chunk(q);
}

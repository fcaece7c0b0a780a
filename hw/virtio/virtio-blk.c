/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-blk (VirtIO 1.2, section 5.2): several requests in flight on a block backend; flush, discard, write zeroes, device id. Requests that are in flight
 * at a reset finish against guest memory as on real hardware and are then forgotten.
 */
#include <errno.h>
#include <string.h>

#include "block/block.h"
#include "hw/virtio/virtio-pci.h"
#include "util/bytes.h"

enum {
    F_SEG_MAX = 2, F_RO = 5, F_BLK_SIZE = 6, F_FLUSH = 9, F_TOPOLOGY = 10, F_CONFIG_WCE = 11, F_MQ = 12, F_DISCARD = 13, F_WRITE_ZEROES = 14,
    T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11, T_WRITE_ZEROES = 13, S_OK = 0, S_IOERR = 1, S_UNSUPP = 2,
    SECTOR = 512, HEADER_BYTES = 16, RANGE_BYTES = 16, ID_BYTES = 20, CONFIG_BYTES = 60, MAX_ZERO_SECTORS = 1 << 22,
};

typedef struct VirtioBlk {
    VirtioDevice vdev;
    char *drive, *serial;
    uint16_t num_queues, queue_size;
    uint32_t logical, physical;
    int bootindex;
    bool share_rw, write_cache;
    BlockBackend *blk;
    uint32_t epoch;      /* counts resets: a completion of an older epoch is dropped */
    unsigned in_flight;
} VirtioBlk;

typedef struct Request {
    VirtioBlk *s;
    VirtQueue *vq;
    VirtElement *elem;
    uint32_t epoch, type;
    uint64_t sector;
    uint8_t *status;
    struct iovec *data;   /* a copy without header and status */
    unsigned data_count;
    uint64_t data_bytes;
    bool write;
} Request;

static void finish(Request *r, uint8_t status)
{
    VirtioBlk *s = r->s;
    if (r->epoch == s->epoch) {
        *r->status = status;
        uint32_t written = r->write ? 1 : (uint32_t)r->data_bytes + 1;
        virtq_push(r->vq, r->elem, written);
        virtq_notify(r->vq);
    }
    s->in_flight--;
    g_free(r->elem);
    g_free(r->data);
    g_free(r);
}

static void completed(void *opaque, int ret)
{
    finish(opaque, ret == 0 ? S_OK : ret == -ENOTSUP ? S_UNSUPP : S_IOERR);
}

/* Drops @n bytes from the front or the end of a list. */
static void drop_front(struct iovec **iov, unsigned *count, size_t n)
{
    while (n && *count) {
        size_t k = MIN(n, (*iov)->iov_len);
        (*iov)->iov_base = (uint8_t *)(*iov)->iov_base + k;
        (*iov)->iov_len -= k;
        n -= k;
        if (!(*iov)->iov_len) {
            (*iov)++;
            (*count)--;
        }
    }
}

static bool range_ok(VirtioBlk *s, uint64_t sector, uint64_t bytes)
{
    uint64_t start;
    int64_t total = blk_length(s->blk);
    return total >= 0 && mul_u64(sector, SECTOR, &start) && range_within(start, bytes, (uint64_t)total) &&
           !(start % s->logical) && !(bytes % s->logical);
}

static void read_write(Request *r)
{
    VirtioBlk *s = r->s;
    if (!range_ok(s, r->sector, r->data_bytes) || (r->write && blk_is_readonly(s->blk))) {
        finish(r, S_IOERR);
        return;
    }
    int64_t offset = (int64_t)(r->sector * SECTOR);
    if (r->write) {
        blk_aio_pwritev(s->blk, offset, r->data, (int)r->data_count, s->write_cache ? 0 : BLOCK_REQ_FUA, completed, r);
    } else {
        blk_aio_preadv(s->blk, offset, r->data, (int)r->data_count, 0, completed, r);
    }
}

static void discard_or_zero(Request *r)
{
    VirtioBlk *s = r->s;
    uint8_t raw[RANGE_BYTES];
    if (r->data_bytes != RANGE_BYTES) { /* max_*_seg is 1 */
        finish(r, S_IOERR);
        return;
    }
    size_t have = 0;
    for (unsigned i = 0; i < r->data_count; i++) {
        memcpy(raw + have, r->data[i].iov_base, r->data[i].iov_len);
        have += r->data[i].iov_len;
    }
    uint64_t sector = ld_le64(raw), sectors = ld_le32(raw + 8);
    uint32_t flags = ld_le32(raw + 12);
    if (sectors > MAX_ZERO_SECTORS || !range_ok(s, sector, sectors * SECTOR) || blk_is_readonly(s->blk)) {
        finish(r, S_IOERR);
    } else if (flags & ~1u || (r->type == T_DISCARD && flags)) {
        finish(r, S_UNSUPP);
    } else if (r->type == T_DISCARD) {
        blk_aio_discard(s->blk, (int64_t)(sector * SECTOR), (int64_t)(sectors * SECTOR), completed, r);
    } else {
        blk_aio_write_zeroes(s->blk, (int64_t)(sector * SECTOR), (int64_t)(sectors * SECTOR), flags & 1 ? BLOCK_REQ_MAY_UNMAP : 0, completed, r);
    }
}

static void get_id(Request *r)
{
    char id[ID_BYTES] = {0};
    const char *serial = r->s->serial ? r->s->serial : "";
    memcpy(id, serial, MIN(strlen(serial), sizeof(id)));
    size_t done = 0;
    for (unsigned i = 0; i < r->data_count && done < sizeof(id); i++) {
        size_t n = MIN(r->data[i].iov_len, sizeof(id) - done);
        memcpy(r->data[i].iov_base, id + done, n);
        done += n;
    }
    r->data_bytes = done;
    finish(r, S_OK);
}

static void dispatch(Request *r)
{
    switch (r->type) {
    case T_IN:
    case T_OUT: read_write(r); break;
    case T_FLUSH: blk_aio_flush(r->s->blk, completed, r); break;
    case T_GET_ID: get_id(r); break;
    case T_DISCARD:
    case T_WRITE_ZEROES: discard_or_zero(r); break;
    default: finish(r, S_UNSUPP); break;
    }
}

/* Header, data and status of an element; false where the guest broke the layout. */
static bool parse(VirtioBlk *s, VirtQueue *vq, VirtElement *e, Request *r)
{
    uint8_t header[HEADER_BYTES];
    size_t have = 0;
    if (e->out_bytes < HEADER_BYTES || e->in_bytes < 1) {
        virtio_broken(&s->vdev, "a request of %u bytes out and %u in", (unsigned)e->out_bytes, (unsigned)e->in_bytes);
        return false;
    }
    for (unsigned i = 0; i < e->out_count && have < sizeof(header); i++) {
        size_t n = MIN(e->out[i].iov_len, sizeof(header) - have);
        memcpy(header + have, e->out[i].iov_base, n);
        have += n;
    }
    *r = (Request){.s = s, .vq = vq, .elem = e, .epoch = s->epoch, .type = ld_le32(header) & 0x7fffffff, .sector = ld_le64(header + 8)};
    r->write = r->type == T_OUT || r->type == T_DISCARD || r->type == T_WRITE_ZEROES || r->type == T_FLUSH;
    struct iovec *last = &e->in[e->in_count - 1];
    r->status = (uint8_t *)last->iov_base + last->iov_len - 1;
    struct iovec *iov = r->write ? e->out : e->in;
    unsigned count = r->write ? e->out_count : e->in_count;
    struct iovec *copy = g_memdup2(iov, count * sizeof(*iov)), *from = copy;
    if (r->write) {
        drop_front(&from, &count, HEADER_BYTES);
        r->data_bytes = e->out_bytes - HEADER_BYTES;
    } else {
        if (--copy[count - 1].iov_len == 0) {
            count--;
        }
        r->data_bytes = e->in_bytes - 1;
    }
    r->data = count ? g_memdup2(from, count * sizeof(*from)) : NULL; /* a flush has none */
    r->data_count = count;
    g_free(copy);
    return true;
}

static void handle(VirtioDevice *vdev, VirtQueue *vq)
{
    VirtioBlk *s = (VirtioBlk *)vdev;
    VirtElement *e;
    do {
        virtq_set_notification(vq, false);
        while ((e = virtq_pop(vq))) {
            Request local;
            if (!parse(s, vq, e, &local)) {
                g_free(e);
                return;
            }
            s->in_flight++;
            dispatch(g_memdup2(&local, sizeof(local)));
        }
        virtq_set_notification(vq, true);
    } while (!virtq_empty(vq));
}

/* --- configuration --- */
static void get_config(VirtioDevice *vdev, uint8_t *c)
{
    VirtioBlk *s = (VirtioBlk *)vdev;
    int64_t len = blk_length(s->blk);
    st_le64(c, len > 0 ? (uint64_t)len / SECTOR : 0);
    st_le32(c + 12, s->queue_size - 2u);             /* seg_max */
    st_le32(c + 20, s->logical);
    c[24] = (uint8_t)(__builtin_ctz(s->physical) - __builtin_ctz(s->logical));
    c[32] = s->write_cache;
    st_le16(c + 34, s->num_queues);
    st_le32(c + 36, MAX_ZERO_SECTORS);               /* discard: sectors, segments, alignment */
    st_le32(c + 40, 1);
    st_le32(c + 44, s->logical / SECTOR);
    st_le32(c + 48, MAX_ZERO_SECTORS);               /* write zeroes: sectors, segments, may unmap */
    st_le32(c + 52, 1);
    c[56] = 1;
}

static void set_config(VirtioDevice *vdev, const uint8_t *c)
{
    ((VirtioBlk *)vdev)->write_cache = c[32] != 0;
}

/* Only now are the features final: a legacy driver writes them in two halves. */
static void status_changed(VirtioDevice *vdev, uint8_t old)
{
    if ((vdev->status & ~old & VIRTIO_DRIVER_OK) && !virtio_has(vdev, F_CONFIG_WCE)) {
        ((VirtioBlk *)vdev)->write_cache = virtio_has(vdev, F_FLUSH); /* 5.2.5.2: who flushes expects a cache */
    }
}

static bool blk_realize(VirtioDevice *vdev, Error **errp)
{
    VirtioBlk *s = (VirtioBlk *)vdev;
    const char *name = vdev->dev.id ? vdev->dev.id : "virtio-blk";
    if (!s->drive) {
        error_setg(errp, "virtio-blk needs a disk: drive=ID, with -drive if=none,id=ID,file=... or -blockdev node-name=ID,...");
        return false;
    }
    if (!is_power_of_2(s->queue_size) || s->queue_size < 4 || s->queue_size > VIRTIO_QUEUE_SIZE_MAX || !s->num_queues || s->num_queues > 32) {
        error_setg(errp, "virtio-blk: queue-size is a power of two from 4 to %d, num-queues 1 to 32", VIRTIO_QUEUE_SIZE_MAX);
        return false;
    }
    s->logical = s->logical ? s->logical : SECTOR;
    s->physical = s->physical ? s->physical : s->logical;
    if (!is_power_of_2(s->logical) || s->logical < SECTOR || s->logical > 32768 || !is_power_of_2(s->physical) || s->physical < s->logical) {
        error_setg(errp, "virtio-blk: logical_block_size is a power of two from 512 to 32768, physical_block_size not below it");
        return false;
    }
    if (!vdev->dev.machine->block) {
        error_setg(errp, "virtio-blk: this machine has no disks");
        return false;
    }
    s->blk = blk_find(vdev->dev.machine->block, s->drive, errp);
    if (!s->blk || !blk_attach_device(s->blk, s, name, errp)) {
        s->blk = NULL;
        return false;
    }
    for (unsigned i = 0; i < s->num_queues; i++) {
        virtio_add_queue(vdev, s->queue_size, handle);
    }
    vdev->config_len = CONFIG_BYTES;
    vdev->host_features = VIRTIO_F(F_SEG_MAX) | VIRTIO_F(F_BLK_SIZE) | VIRTIO_F(F_FLUSH) | VIRTIO_F(F_TOPOLOGY) | VIRTIO_F(F_CONFIG_WCE) |
                          VIRTIO_F(F_DISCARD) | VIRTIO_F(F_WRITE_ZEROES) | (s->num_queues > 1 ? VIRTIO_F(F_MQ) : 0) |
                          (blk_is_readonly(s->blk) ? VIRTIO_F(F_RO) : 0);
    return true;
}

static void blk_unrealize(VirtioDevice *vdev)
{
    VirtioBlk *s = (VirtioBlk *)vdev;
    s->epoch++;
    if (s->blk) {
        blk_detach_device(s->blk, s); /* drains */
    }
}

static void blk_reset(VirtioDevice *vdev)
{
    VirtioBlk *s = (VirtioBlk *)vdev;
    s->epoch++;
    s->write_cache = true;
}

static const Field blk_fields[] = {
    FIELD(VirtioBlk, drive, FIELD_STRING, "drive", FIELD_PROP, .help = "id of a -drive or node name of a -blockdev"),
    FIELD(VirtioBlk, serial, FIELD_STRING, "serial", FIELD_PROP, .help = "serial number, up to 20 characters"),
    FIELD(VirtioBlk, num_queues, FIELD_U16, "num-queues", FIELD_PROP, .def = 1, .help = "request queues"),
    FIELD(VirtioBlk, queue_size, FIELD_U16, "queue-size", FIELD_PROP, .def = 256, .help = "entries of each queue"),
    FIELD(VirtioBlk, logical, FIELD_U32, "logical_block_size", FIELD_PROP, .help = "bytes; 0: 512"),
    FIELD(VirtioBlk, physical, FIELD_U32, "physical_block_size", FIELD_PROP, .help = "bytes; 0: as logical"),
    FIELD(VirtioBlk, bootindex, FIELD_I32, "bootindex", FIELD_PROP, .def = -1, .help = "place in the boot order"),
    FIELD(VirtioBlk, share_rw, FIELD_BOOL, "share-rw", FIELD_PROP | FIELD_HIDDEN, .help = "accepted for compatibility"),
    FIELD_END,
};
static const VirtioClass blk_class = {
    VIRTIO_DEVICE_PART, .device.category = DEVICE_CAT_STORAGE, .device.user_creatable = true, .device_id = VIRTIO_ID_BLOCK, .name = "virtio-blk",
    .pci_class = 0x0100, .realize = blk_realize, .unrealize = blk_unrealize, .reset = blk_reset, .status_changed = status_changed,
    .get_config = get_config, .set_config = set_config,
};
static const TypeRecord blk_type = {
    .name = "virtio-blk-device", .parent = TYPE_VIRTIO_DEVICE, .help = "disk", .instance_size = sizeof(VirtioBlk), .class_kind = TYPE_DEVICE,
    .class_data = &blk_class, .fields = blk_fields,
};
TYPE_REGISTER(blk_type);
VIRTIO_PCI_FORM(blk_pci, "virtio-blk-pci", "virtio-blk-device", DEVICE_CAT_STORAGE, "disk");

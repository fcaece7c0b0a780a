/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Split virtqueues (VirtIO 1.2, section 2.7) with indirect descriptors and event indexes.
 *
 * Rings are mapped once when the guest enables the queue; their 16-bit indexes are read and written atomically. Descriptors are copied before they
 * are looked at. A chain has at most as many descriptors as the queue (or the indirect table) has entries, so a loop ends as an error.
 */
#include <string.h>

#include "hw/virtio/virtio.h"
#include "util/bytes.h"

enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4, DESC_BYTES = 16, AVAIL_NO_INTERRUPT = 1, USED_NO_NOTIFY = 1, CHAIN_MAX = 1024 };

typedef struct Desc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags, next;
} Desc;

static uint16_t load16(const uint8_t *p)
{
    return GUINT16_FROM_LE(__atomic_load_n((const uint16_t *)p, __ATOMIC_ACQUIRE));
}

static void store16(uint8_t *p, uint16_t v)
{
    __atomic_store_n((uint16_t *)p, GUINT16_TO_LE(v), __ATOMIC_RELEASE);
}

static Desc parse_desc(const uint8_t *p)
{
    uint8_t raw[DESC_BYTES];
    memcpy(raw, p, sizeof(raw));
    return (Desc){ld_le64(raw), ld_le32(raw + 8), ld_le16(raw + 12), ld_le16(raw + 14)};
}

/* --- rings --- */
static uint8_t *map_ring(VirtQueue *vq, uint64_t addr, uint64_t len, unsigned align, bool write)
{
    AddressSpace *as = vq->vdev->dev.machine->as;
    uint64_t have = len;
    uint8_t *host = addr & (align - 1) ? NULL : dma_map(as, addr, &have, write);
    if (host && have < len) {
        dma_unmap(as, host, have, write, 0);
        host = NULL;
    }
    return host;
}

void virtq_set_rings(VirtQueue *vq, uint64_t desc, uint64_t avail, uint64_t used)
{
    unsigned size = vq->size;
    virtq_stop(vq);
    vq->size = size;
    if (!vq->size || vq->size > vq->size_max || !is_power_of_2(vq->size)) {
        virtio_broken(vq->vdev, "queue %u: size %u is no power of two up to %u", vq->index, vq->size, vq->size_max);
        return;
    }
    vq->desc = desc;
    vq->avail = avail;
    vq->used = used;
    vq->desc_host = map_ring(vq, desc, (uint64_t)vq->size * DESC_BYTES, 16, false);
    vq->avail_host = map_ring(vq, avail, 6 + 2 * (uint64_t)vq->size, 2, false);
    vq->used_host = map_ring(vq, used, 6 + 8 * (uint64_t)vq->size, 4, true);
    if (!vq->desc_host || !vq->avail_host || !vq->used_host) {
        virtq_stop(vq);
        virtio_broken(vq->vdev, "queue %u: its rings are not in RAM or not aligned", vq->index);
        return;
    }
    vq->last_avail = 0;
    vq->used_index = load16(vq->used_host + 2);
    vq->signalled_valid = false;
    vq->notify_on = true;
    vq->ready = true;
}

void virtq_set_legacy(VirtQueue *vq, uint64_t addr, uint32_t align)
{
    uint64_t avail = addr + (uint64_t)vq->size * DESC_BYTES, used;
    if (!addr) {
        virtq_stop(vq);
    } else if (!is_power_of_2(align) || align > 1u << 20 || !align_up_u64(avail + 6 + 2 * (uint64_t)vq->size, align, &used)) {
        virtio_broken(vq->vdev, "queue %u: alignment %u", vq->index, align);
    } else {
        virtq_set_rings(vq, addr, avail, used);
    }
}

void virtq_stop(VirtQueue *vq)
{
    AddressSpace *as = vq->vdev->dev.machine->as;
    uint64_t n = vq->size;
    if (vq->desc_host) {
        dma_unmap(as, vq->desc_host, n * DESC_BYTES, false, 0);
    }
    if (vq->avail_host) {
        dma_unmap(as, vq->avail_host, 6 + 2 * n, false, 0);
    }
    if (vq->used_host) {
        dma_unmap(as, vq->used_host, 6 + 8 * n, true, 6 + 8 * n);
    }
    vq->desc_host = vq->avail_host = vq->used_host = NULL;
    vq->ready = false;
    vq->size = vq->size_max; /* transports change it only while the queue is not ready */
    vq->last_avail = vq->used_index = 0;
    vq->in_flight = 0;
    bh_cancel(vq->bh);
}

static void run_handler(void *opaque)
{
    VirtQueue *vq = opaque;
    if (vq->ready && virtio_running(vq->vdev)) {
        vq->handler(vq->vdev, vq);
    }
}

VirtQueue *virtio_add_queue(VirtioDevice *vdev, unsigned size, VirtQueueHandler *handler)
{
    g_assert(vdev->queue_count < VIRTIO_QUEUES_MAX && size <= VIRTIO_QUEUE_SIZE_MAX);
    VirtQueue *vq = &vdev->queues[vdev->queue_count];
    *vq = (VirtQueue){.vdev = vdev, .index = vdev->queue_count, .size_max = size, .size = size, .handler = handler};
    vq->bh = bh_new(vdev->dev.machine->loop, run_handler, vq);
    vdev->queue_count++;
    return vq;
}

void virtio_kick(VirtioDevice *vdev, unsigned queue)
{
    if (queue < vdev->queue_count && vdev->queues[queue].ready) {
        bh_schedule(vdev->queues[queue].bh);
    }
}

/* --- taking requests --- */
static uint16_t avail_index(VirtQueue *vq)
{
    return load16(vq->avail_host + 2);
}

bool virtq_empty(VirtQueue *vq)
{
    return !vq->ready || vq->vdev->broken || avail_index(vq) == vq->last_avail;
}

/* Asks for a kick at the next request, or tells that none is needed (2.7.10). */
void virtq_set_notification(VirtQueue *vq, bool on)
{
    vq->notify_on = on;
    if (!vq->ready) {
        return;
    }
    if (virtio_has(vq->vdev, VIRTIO_F_EVENT_IDX)) {
        if (on) {
            store16(vq->used_host + 4 + 8 * vq->size, avail_index(vq));
        }
    } else {
        store16(vq->used_host, on ? 0 : USED_NO_NOTIFY);
    }
    if (on) {
        __atomic_thread_fence(__ATOMIC_SEQ_CST); /* the flag before the caller looks at the ring again */
    }
}

/* A chain being collected. */
typedef struct Chain {
    GArray *out, *in; /* struct iovec */
    uint64_t out_bytes, in_bytes;
    unsigned count;
} Chain;

static bool add_buffer(VirtQueue *vq, Chain *c, const Desc *d)
{
    bool write = d->flags & DESC_WRITE;
    if (++c->count > CHAIN_MAX) {
        virtio_broken(vq->vdev, "queue %u: a chain of more than %d descriptors", vq->index, CHAIN_MAX);
        return false;
    }
    if (!write && c->in->len) {
        virtio_broken(vq->vdev, "queue %u: a readable descriptor follows a writable one", vq->index);
        return false;
    }
    *(write ? &c->in_bytes : &c->out_bytes) += d->len;
    if (d->len && !dma_map_iov(vq->vdev->dev.machine->as, d->addr, d->len, write, write ? c->in : c->out)) {
        virtio_broken(vq->vdev, "queue %u: buffer 0x%" G_GINT64_MODIFIER "x of %u bytes is not RAM", vq->index, d->addr, d->len);
        return false;
    }
    return true;
}

/* Walks a table of @size descriptors from @next on. */
static bool walk(VirtQueue *vq, Chain *c, const uint8_t *table, unsigned size, unsigned next, bool indirect)
{
    for (unsigned n = 0; n < size; n++) {
        if (next >= size) {
            virtio_broken(vq->vdev, "queue %u: descriptor %u of %u", vq->index, next, size);
            return false;
        }
        Desc d = parse_desc(table + (size_t)next * DESC_BYTES);
        if (d.flags & DESC_INDIRECT) {
            if (indirect || d.len % DESC_BYTES || !d.len || d.len / DESC_BYTES > CHAIN_MAX || d.flags & DESC_NEXT ||
                !virtio_has(vq->vdev, VIRTIO_F_INDIRECT)) {
                virtio_broken(vq->vdev, "queue %u: invalid indirect table", vq->index);
                return false;
            }
            g_autofree uint8_t *copy = g_malloc(d.len);
            if (dma_read(vq->vdev->dev.machine->as, d.addr, copy, d.len) != MEM_OK) {
                virtio_broken(vq->vdev, "queue %u: indirect table is not in RAM", vq->index);
                return false;
            }
            return walk(vq, c, copy, d.len / DESC_BYTES, 0, true);
        }
        if (!add_buffer(vq, c, &d)) {
            return false;
        }
        if (!(d.flags & DESC_NEXT)) {
            return true;
        }
        next = d.next;
    }
    virtio_broken(vq->vdev, "queue %u: the chain of descriptors is a loop", vq->index);
    return false;
}

static VirtElement *make_element(uint16_t head, const Chain *c)
{
    VirtElement *e = g_malloc(sizeof(*e) + (c->out->len + c->in->len) * sizeof(struct iovec));
    struct iovec *iov = (struct iovec *)(e + 1);
    *e = (VirtElement){.head = head, .out_count = c->out->len, .in_count = c->in->len, .out = iov, .in = iov + c->out->len,
                       .out_bytes = c->out_bytes, .in_bytes = c->in_bytes};
    if (c->out->len) {
        memcpy(e->out, c->out->data, c->out->len * sizeof(struct iovec));
    }
    if (c->in->len) {
        memcpy(e->in, c->in->data, c->in->len * sizeof(struct iovec));
    }
    return e;
}

/* The head at position @position of the available ring; -1: the ring is broken. */
static int ring_head(VirtQueue *vq, uint16_t position)
{
    if ((uint16_t)(avail_index(vq) - position) > vq->size) {
        virtio_broken(vq->vdev, "queue %u: available index runs ahead by more than the queue has entries", vq->index);
        return -1;
    }
    uint16_t head = load16(vq->avail_host + 4 + 2 * (position & (vq->size - 1)));
    if (head >= vq->size) {
        virtio_broken(vq->vdev, "queue %u: head %u of %u", vq->index, head, vq->size);
        return -1;
    }
    return head;
}

static bool collect(VirtQueue *vq, uint16_t position, int *head, Chain *c)
{
    *c = (Chain){.out = g_array_new(FALSE, FALSE, sizeof(struct iovec)), .in = g_array_new(FALSE, FALSE, sizeof(struct iovec))};
    *head = ring_head(vq, position);
    return *head >= 0 && walk(vq, c, vq->desc_host, vq->size, (unsigned)*head, false);
}

static void chain_free(Chain *c)
{
    g_array_free(c->out, TRUE);
    g_array_free(c->in, TRUE);
}

VirtElement *virtq_pop(VirtQueue *vq)
{
    VirtElement *e = NULL;
    Chain c;
    int head;
    if (virtq_empty(vq)) {
        return NULL;
    }
    if (vq->in_flight >= vq->size) {
        virtio_broken(vq->vdev, "queue %u: more requests than entries", vq->index);
        return NULL;
    }
    if (collect(vq, vq->last_avail, &head, &c)) {
        e = make_element((uint16_t)head, &c);
        vq->last_avail++;
        vq->in_flight++;
        if (virtio_has(vq->vdev, VIRTIO_F_EVENT_IDX) && vq->notify_on) {
            store16(vq->used_host + 4 + 8 * vq->size, vq->last_avail);
        }
    }
    chain_free(&c);
    return e;
}

void virtq_unpop(VirtQueue *vq, VirtElement *elem)
{
    if (vq->ready) {
        vq->last_avail--;
        vq->in_flight--;
    }
    g_free(elem);
}

bool virtq_has_in_bytes(VirtQueue *vq, uint64_t want)
{
    uint64_t have = 0;
    if (virtq_empty(vq)) {
        return false;
    }
    uint16_t end = avail_index(vq);
    for (uint16_t at = vq->last_avail; at != end && have < want; at++) {
        Chain c;
        int head;
        bool good = collect(vq, at, &head, &c);
        have += good ? c.in_bytes : 0;
        chain_free(&c);
        if (!good) {
            return false;
        }
    }
    return have >= want;
}

/* --- giving them back --- */
static void mark_written(VirtQueue *vq, const VirtElement *elem, uint32_t written)
{
    Machine *m = vq->vdev->dev.machine;
    for (unsigned i = 0; i < elem->in_count && written; i++) {
        uint64_t offset, len = MIN((uint64_t)written, elem->in[i].iov_len);
        RamBlock *rb = ram_block_from_host(m, elem->in[i].iov_base, &offset);
        if (rb) {
            ram_written(m, rb, offset, len);
        }
        written -= (uint32_t)len;
    }
}

void virtq_fill(VirtQueue *vq, VirtElement *elem, uint32_t written, unsigned index)
{
    mark_written(vq, elem, written);
    if (vq->ready) { /* else it was reset meanwhile */
        uint8_t *slot = vq->used_host + 4 + 8 * (size_t)((vq->used_index + index) & (vq->size - 1));
        st_le32(slot, elem->head);
        st_le32(slot + 4, written);
    }
}

void virtq_flush(VirtQueue *vq, unsigned count)
{
    if (!vq->ready) {
        return;
    }
    uint16_t old = vq->used_index;
    vq->used_index = (uint16_t)(old + count);
    store16(vq->used_host + 2, vq->used_index);
    vq->in_flight -= MIN(count, vq->in_flight);
    if ((uint16_t)(vq->used_index - vq->signalled_used) < count) {
        vq->signalled_valid = false; /* the index went once around since the last interrupt */
    }
}

void virtq_push(VirtQueue *vq, VirtElement *elem, uint32_t written)
{
    virtq_fill(vq, elem, written, 0);
    virtq_flush(vq, 1);
}

static bool wants_interrupt(VirtQueue *vq)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* used index before the guest's wish is read */
    if (virtio_has(vq->vdev, VIRTIO_F_NOTIFY_ON_EMPTY) && !vq->in_flight && virtq_empty(vq)) {
        return true;
    }
    if (!virtio_has(vq->vdev, VIRTIO_F_EVENT_IDX)) {
        return !(load16(vq->avail_host) & AVAIL_NO_INTERRUPT);
    }
    bool valid = vq->signalled_valid;
    uint16_t old = vq->signalled_used, now = vq->used_index, event = load16(vq->avail_host + 4 + 2 * vq->size);
    vq->signalled_used = now;
    vq->signalled_valid = true;
    return !valid || (uint16_t)(now - event - 1) < (uint16_t)(now - old);
}

void virtq_notify(VirtQueue *vq)
{
    VirtioDevice *vdev = vq->vdev;
    if (vq->ready && !vdev->broken && wants_interrupt(vq)) {
        vdev->isr |= VIRTIO_ISR_QUEUE;
        if (vdev->transport->queue_interrupt) {
            vdev->transport->queue_interrupt(vdev->transport_opaque, vq->index);
        } else {
            vdev->transport->interrupt(vdev->transport_opaque, VIRTIO_ISR_QUEUE);
        }
    }
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "nvme": registers (NVMe 1.4, chapter 3), queues (4), completions and interrupts by MSI-X or pin (7.5).
 */
#include "nvme-internal.h"

#include <string.h>

#include "util/log.h"

enum {
    REG_CAP = 0x00, REG_CAP_HIGH = 0x04, REG_VS = 0x08, REG_INTMS = 0x0c, REG_INTMC = 0x10, REG_CC = 0x14,
    REG_CSTS = 0x1c, REG_AQA = 0x24, REG_ASQ = 0x28, REG_ASQ_HIGH = 0x2c,
    REG_ACQ = 0x30, REG_ACQ_HIGH = 0x34, CC_ENABLE = 1, CSTS_READY = 1, CSTS_FATAL = 2, CSTS_SHUTDOWN = 0x0c,
    CSTS_SHUTDOWN_DONE = 0x08, CC_SHUTDOWN = 0xc000,
    VERSION = 0x10400, COMMANDS_PER_TURN = 64,
    CAP_LOW = (NVME_ENTRIES_MAX - 1) | 1 << 16 | 0x0f << 24, /* contiguous queues; ready within 7.5 seconds */
    CAP_HIGH = 1 << 5 | 4 << 20,                            /* the NVM command set; pages of 4 to 64 KiB */
};

AddressSpace *nvme_as(Nvme *n) { return pci_dma_as(&n->pci); }

/* --- interrupts --- */
static void update_pin(Nvme *n)
{
    bool level = false;
    for (unsigned i = 0; i < NVME_QUEUES; i++) {
        const NvmeCq *q = &n->cq[i];
        level |= q->size && q->interrupts && q->head != q->tail && (q->vector > 31 || !(n->intms & 1u << q->vector));
    }
    pci_irq(&n->pci, level && !pci_msix_enabled(&n->pci));
}

static void notify(Nvme *n, const NvmeCq *q)
{
    if (q->interrupts && pci_msix_enabled(&n->pci)) {
        pci_msix_notify(&n->pci, q->vector);
    } else {
        update_pin(n);
    }
}

/* --- completions --- */
typedef struct NvmeDone {
    uint16_t cq;
    uint8_t raw[NVME_CQE];
} NvmeDone;

static bool cq_full(const NvmeCq *q) { return (q->tail + 1) % q->size == q->head; }

static void post(Nvme *n, NvmeCq *q, uint8_t *raw)
{
    st_le16(raw + 14, (uint16_t)((ld_le16(raw + 14) & ~1u) | q->phase));
    if (dma_write(nvme_as(n), q->base + (uint64_t)q->tail * NVME_CQE, raw, NVME_CQE) != MEM_OK) {
        n->csts |= CSTS_FATAL;
        return;
    }
    q->tail++;
    if (q->tail == q->size) {
        q->tail = 0;
        q->phase = !q->phase;
    }
    notify(n, q);
}

void nvme_complete(Nvme *n, const NvmeCommand *c, uint16_t status)
{
    NvmeSq *sq = &n->sq[c->sq];
    uint8_t raw[NVME_CQE] = {0};
    if (!sq->size || !n->cq[sq->cq].size) {
        return; /* its queue was deleted */
    }
    st_le32(raw, c->result);
    st_le16(raw + 8, (uint16_t)sq->head);
    st_le16(raw + 10, c->sq);
    st_le16(raw + 12, c->cid);
    st_le16(raw + 14, (uint16_t)(status << 1));
    if (cq_full(&n->cq[sq->cq]) || n->waiting.length) {
        NvmeDone *d = g_new(NvmeDone, 1);
        d->cq = sq->cq;
        memcpy(d->raw, raw, sizeof(raw));
        g_queue_push_tail(&n->waiting, d);
    } else {
        post(n, &n->cq[sq->cq], raw);
    }
}

static void post_waiting(Nvme *n)
{
    for (GList *l = n->waiting.head, *next; l; l = next) {
        NvmeDone *d = l->data;
        NvmeCq *q = &n->cq[d->cq];
        next = l->next;
        if (q->size && cq_full(q)) {
            continue;
        }
        if (q->size) {
            post(n, q, d->raw);
        }
        g_queue_delete_link(&n->waiting, l);
        g_free(d);
    }
}

/* --- fetching --- */
static bool fetch(Nvme *n, unsigned id)
{
    NvmeSq *q = &n->sq[id];
    NvmeCommand c = {.sq = (uint16_t)id};
    if (!q->size || q->head == q->tail || n->in_flight >= NVME_IN_FLIGHT_MAX || n->waiting.length >= NVME_PENDING_MAX) {
        return false;
    }
    if (dma_read(nvme_as(n), q->base + (uint64_t)q->head * NVME_SQE, c.raw, sizeof(c.raw)) != MEM_OK) {
        n->csts |= CSTS_FATAL;
        return false;
    }
    q->head = (q->head + 1) % q->size;
    c.cid = ld_le16(c.raw + 2);
    uint16_t status = c.raw[1] & 0xc3 ? NVME_BAD_FIELD | NVME_DNR /* fused, or a scatter list */ : id ? nvme_io(n,
        &c) : nvme_admin(n, &c);
    if (status != NVME_LATER) {
        nvme_complete(n, &c, status);
    }
    return true;
}

static void work(void *opaque)
{
    Nvme *n = opaque;
    unsigned left = COMMANDS_PER_TURN;
    bool any = true;
    post_waiting(n);
    while (any && left) { /* round robin */
        any = false;
        for (unsigned id = 0; id < NVME_QUEUES && left; id++) {
            if (n->csts & CSTS_READY && !(n->csts & CSTS_FATAL) && n->cc & CC_ENABLE && fetch(n, id)) {
                any = true;
                left--;
            }
        }
    }
    if (any) {
        bh_schedule(n->work);
    }
}

/* --- on and off --- */
static void forget_queues(Nvme *n)
{
    memset(n->sq, 0, sizeof(n->sq));
    memset(n->cq, 0, sizeof(n->cq));
    g_queue_clear_full(&n->waiting, g_free);
    n->events = 0;
    n->generation++;
    update_pin(n);
}

void nvme_request_ended(Nvme *n)
{
    n->in_flight--;
    if (!(n->cc & CC_ENABLE) && !n->in_flight) {
        n->csts &= (uint32_t)~CSTS_READY;
    }
    bh_schedule(n->work);
}

static void enable(Nvme *n)
{
    unsigned mps = n->cc >> 7 & 15, sq_size = (n->aqa & 0xfff) + 1, cq_size = (n->aqa >> 16 & 0xfff) + 1;
    bool sizes = (n->cc >> 4 & 7) == 0 && mps <= 4;
    n->page = (uint32_t)NVME_PAGE_MIN << mps;
    if (!sizes || n->csts & CSTS_READY || sq_size < 2 || cq_size < 2 || n->asq & (n->page - 1) ||
        n->acq & (n->page - 1)) {
        log_if(LOG_GUEST_ERROR, "nvme: enabled with CC 0x%x AQA 0x%x\n", n->cc, n->aqa);
        n->csts |= CSTS_FATAL;
        return;
    }
    n->sq[0] = (NvmeSq){.base = n->asq, .size = sq_size};
    n->cq[0] = (NvmeCq){.base = n->acq, .size = cq_size, .users = 1, .interrupts = true, .phase = true};
    n->csts = CSTS_READY;
}

static void flushed(void *opaque, int ret)
{
    Nvme *n = opaque;
    if (ret < 0) {
        error_report("nvme: flush at shutdown of drive '%s' failed: %s", n->drive, g_strerror(-ret));
    }
    n->csts = (n->csts & ~(uint32_t)CSTS_SHUTDOWN) | CSTS_SHUTDOWN_DONE;
    nvme_request_ended(n);
}

static void control_written(Nvme *n, uint32_t v)
{
    uint32_t old = n->cc;
    n->cc = v;
    if (v & CC_SHUTDOWN && !(old & CC_SHUTDOWN)) {
        n->csts = (n->csts & ~(uint32_t)CSTS_SHUTDOWN) | 4; /* in progress */
        n->in_flight++;
        blk_aio_flush(n->blk, flushed, n);
    } else if (!(v & CC_SHUTDOWN) && old & CC_SHUTDOWN) {
        n->csts &= ~(uint32_t)CSTS_SHUTDOWN;
    }
    if (v & CC_ENABLE && !(old & CC_ENABLE)) {
        enable(n);
    } else if (!(v & CC_ENABLE) && old & CC_ENABLE) {
        forget_queues(n);
        n->csts &= ~(uint32_t)CSTS_FATAL;
        if (!n->in_flight) {
            n->csts &= ~(uint32_t)CSTS_READY;
        }
    }
}

/* --- registers --- */
static void doorbell(Nvme *n, unsigned offset, uint32_t v)
{
    unsigned id = offset / 8;
    if (id >= NVME_QUEUES || offset & 3) {
        return;
    }
    if (offset & 4) {
        NvmeCq *q = &n->cq[id];
        if (q->size && v < q->size) {
            q->head = v;
            update_pin(n);
            bh_schedule(n->work);
        }
    } else if (n->sq[id].size && v < n->sq[id].size) {
        n->sq[id].tail = v;
        bh_schedule(n->work);
    }
}

static uint64_t mem_read(void *opaque, uint64_t offset, unsigned size)
{
    const Nvme *n = opaque;
    switch (offset) {
    case REG_CAP: return CAP_LOW;
    case REG_CAP_HIGH: return CAP_HIGH;
    case REG_VS: return VERSION;
    case REG_INTMS:
    case REG_INTMC: return n->intms;
    case REG_CC: return n->cc;
    case REG_CSTS: return n->csts;
    case REG_AQA: return n->aqa;
    case REG_ASQ: return (uint32_t)n->asq;
    case REG_ASQ_HIGH: return n->asq >> 32;
    case REG_ACQ: return (uint32_t)n->acq;
    case REG_ACQ_HIGH: return n->acq >> 32;
    default: return 0;
    }
}

static void mem_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    Nvme *n = opaque;
    uint32_t v = (uint32_t)value;
    if (offset >= NVME_DOORBELLS) {
        doorbell(n, (unsigned)offset - NVME_DOORBELLS, v);
        return;
    }
    switch (offset) {
    case REG_INTMS: n->intms |= v; update_pin(n); break;
    case REG_INTMC: n->intms &= ~v; update_pin(n); break;
    case REG_CC: control_written(n, v); break;
    case REG_AQA: n->aqa = v & 0x0fff0fff; break;
    case REG_ASQ: n->asq = (n->asq & ~(uint64_t)UINT32_MAX) | (v & ~0xfffu); break;
    case REG_ASQ_HIGH: n->asq = (uint64_t)v << 32 | (uint32_t)n->asq; break;
    case REG_ACQ: n->acq = (n->acq & ~(uint64_t)UINT32_MAX) | (v & ~0xfffu); break;
    case REG_ACQ_HIGH: n->acq = (uint64_t)v << 32 | (uint32_t)n->acq; break;
    default: break;
    }
}

static const MmioOps mem_ops = {.read = mem_read, .write = mem_write, .access_min = 2, .access_max = 8, .impl_min = 4,
                                .impl_max = 4};

/* --- life --- */
static void nvme_reset(PciDevice *dev)
{
    Nvme *n = (Nvme *)dev;
    n->cc = n->aqa = n->intms = 0;
    n->csts = n->in_flight ? CSTS_READY : 0;
    n->asq = n->acq = 0;
    memset(n->features, 0, sizeof(n->features));
    n->features[0x06] = 1; /* volatile write cache */
    forget_queues(n);
}

static bool nvme_realize(PciDevice *dev, Error **errp)
{
    Nvme *n = (Nvme *)dev;
    Machine *m = dev->dev.machine;
    if (!n->drive || !n->serial || !*n->serial || strlen(n->serial) > 20) {
        error_setg(errp, "nvme needs drive=ID and serial=TEXT of 1 to 20 characters");
        return false;
    }
    if (!n->max_ioqpairs || n->max_ioqpairs > NVME_QUEUES - 1) {
        error_setg(errp, "nvme: max_ioqpairs is 1 to %d", NVME_QUEUES - 1);
        return false;
    }
    if (!m->block) {
        error_setg(errp, "nvme: this machine has no disks");
        return false;
    }
    BlockBackend *blk = blk_find(m->block, n->drive, errp);
    if (!blk || !blk_attach_device(blk, n, dev->dev.id ? dev->dev.id : "nvme", errp)) {
        return false;
    }
    n->blk = blk;
    int64_t len = blk_length(blk);
    if (len < NVME_LBA) {
        error_setg(errp, "nvme: drive '%s' has no medium, or one of less than %d bytes", n->drive, NVME_LBA);
        return false;
    }
    n->blocks = (uint64_t)len / NVME_LBA;
    g_queue_init(&n->waiting);
    n->work = bh_new(m->loop, work, n);
    memory_region_init_mmio(&n->mem, m, OBJECT(dev), &mem_ops, n, "nvme", NVME_BAR);
    pci_register_bar(dev, 0, PCI_BAR_MEM64, &n->mem);
    pci_set_interrupt_pin(dev, 1);
    if (dev->bus->express) {
        pcie_add_capability(dev, pci_bus_is_express_endpoint_slot(dev->bus) ? 0 : 9);
    }
    pci_msix_init_bar(dev, n->max_ioqpairs + 1, 4);
    return true;
}

static void nvme_unrealize(PciDevice *dev)
{
    Nvme *n = (Nvme *)dev;
    n->generation++;
    if (n->blk) {
        blk_detach_device(n->blk, n); /* drains */
        n->blk = NULL;
    }
    if (n->work) {
        g_queue_clear_full(&n->waiting, g_free);
        bh_delete(n->work);
        n->work = NULL;
        memory_region_destroy(&n->mem);
    }
}

static const Field nvme_fields[] = {
    FIELD(Nvme, drive, FIELD_STRING, "drive", FIELD_PROP, .help = "id of a -drive or node name of a -blockdev"),
    FIELD(Nvme, serial, FIELD_STRING, "serial", FIELD_PROP, .help = "serial number, 1 to 20 characters"),
    FIELD(Nvme, max_ioqpairs, FIELD_U32, "max_ioqpairs", FIELD_PROP, .def = 16, .help = "queue pairs for I/O"),
    FIELD(Nvme, bootindex, FIELD_I32, "bootindex", FIELD_PROP, .def = -1, .help = "place in the boot order"),
    FIELD_END,
};
static const PciClass nvme_class = {
    PCI_DEVICE_PART, .device.category = DEVICE_CAT_STORAGE, .device.user_creatable = true, .vendor_id = 0x1b36,
    .device_id = 0x0010, .class_id = 0x0108, .prog = 2,
    .revision = 2, .realize = nvme_realize, .unrealize = nvme_unrealize, .reset = nvme_reset,
};
static const TypeRecord nvme_type = {
    .name = "nvme", .parent = TYPE_PCI_DEVICE, .help = "NVM Express disk", .instance_size = sizeof(Nvme),
    .class_kind = TYPE_DEVICE, .class_data = &nvme_class,
    .fields = nvme_fields,
};
TYPE_REGISTER(nvme_type);

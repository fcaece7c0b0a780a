/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `edu`: a PCI device to learn writing drivers with (the reference's docs/specs/edu): an identity, a register that
 * inverts, a factorial that takes a while, interrupts by pin or MSI, and DMA to and from 4 KiB of its own.
 *
 * The factorial is modulo 2^32, so that from 34 on it is 0. DMA takes 100 ms of guest time and reaches guest RAM
 * only, below dma_mask. Guarded by the machine lock.
 */
#include <inttypes.h>

#include "hw/pci/pci.h"
#include "util/bytes.h"
#include "util/log.h"
#include "util/trace.h"

TRACE_EVENT(edu_dma, "from 0x%" PRIx64 " to 0x%" PRIx64 " count %" PRIu64 " command 0x%x");

enum { BAR_BYTES = 1 << 20, BUFFER = 0x40000, BUFFER_BYTES = 4096, IDENTITY = 0x010000ed, FACTORIAL_ZERO = 34 };
enum { R_ID = 0x00, R_INVERT = 0x04, R_FACTORIAL = 0x08, R_STATUS = 0x20, R_IRQ_STATUS = 0x24, R_IRQ_RAISE = 0x60,
       R_IRQ_ACK = 0x64, R_DMA_FROM = 0x80, R_DMA_TO = 0x88, R_DMA_COUNT = 0x90, R_DMA_COMMAND = 0x98 };
enum { STATUS_COMPUTING = 1, STATUS_IRQ = 0x80, IRQ_FACTORIAL = 1, IRQ_DMA = 0x100 };
enum { DMA_RUN = 1, DMA_FROM_DEVICE = 2, DMA_IRQ = 4, DMA_TIME_MS = 100 };

typedef struct Edu {
    PciDevice pci;
    MemoryRegion bar;
    Timer *timer;
    BottomHalf *bh;
    uint64_t dma_mask;
    uint32_t invert, factorial, status, irq_status;
    uint64_t from, to, count;
    uint32_t command;
    uint8_t buffer[BUFFER_BYTES];
} Edu;

static void raise_irq(Edu *s, uint32_t bits)
{
    s->irq_status |= bits;
    if (s->irq_status && !pci_notify(&s->pci, 0)) {
        pci_irq(&s->pci, true);
    }
}

static void ack_irq(Edu *s, uint32_t bits)
{
    s->irq_status &= ~bits;
    if (!s->irq_status) {
        pci_irq(&s->pci, false);
    }
}

static void compute(void *opaque)
{
    Edu *s = opaque;
    uint32_t result = 1;
    for (uint32_t n = MIN(s->factorial, (uint32_t)FACTORIAL_ZERO); n > 1; n--) {
        result *= n;
    }
    s->factorial = s->factorial >= FACTORIAL_ZERO ? 0 : result;
    s->status &= ~(uint32_t)STATUS_COMPUTING;
    if (s->status & STATUS_IRQ) {
        raise_irq(s, IRQ_FACTORIAL);
    }
}

static void dma_finished(void *opaque)
{
    Edu *s = opaque;
    bool out = s->command & DMA_FROM_DEVICE;
    uint64_t mine = out ? s->from : s->to;
    uint64_t other = (out ? s->to : s->from) & s->dma_mask;
    trace(edu_dma, s->from, s->to, s->count, s->command);
    if (!(s->command & DMA_RUN)) {
        return;
    }
    if (mine < BUFFER || !range_within(mine - BUFFER, s->count, BUFFER_BYTES)) {
        log_if(LOG_GUEST_ERROR, "edu: DMA of %" PRIu64 " bytes at 0x%" PRIx64 " misses the buffer\n", s->count, mine);
    } else if (out) {
        dma_write(pci_dma_as(&s->pci), other, s->buffer + (mine - BUFFER), s->count);
    } else {
        dma_read(pci_dma_as(&s->pci), other, s->buffer + (mine - BUFFER), s->count);
    }
    s->command &= ~(uint32_t)DMA_RUN;
    if (s->command & DMA_IRQ) {
        raise_irq(s, IRQ_DMA);
    }
}

/* --- registers --- */
static uint64_t bar_read(void *opaque, uint64_t offset, unsigned size)
{
    Edu *s = opaque;
    switch (offset) {
    case R_ID: return IDENTITY;
    case R_INVERT: return s->invert;
    case R_FACTORIAL: return s->factorial;
    case R_STATUS: return s->status;
    case R_IRQ_STATUS: return s->irq_status;
    case R_DMA_FROM: return s->from;
    case R_DMA_TO: return s->to;
    case R_DMA_COUNT: return s->count;
    case R_DMA_COMMAND: return s->command;
    default: return UINT64_MAX;
    }
}

static void dma_register(Edu *s, uint64_t *reg, uint64_t value)
{
    if (!(s->command & DMA_RUN)) { /* not while one runs */
        *reg = value;
    }
}

static void bar_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    Edu *s = opaque;
    switch (offset) {
    case R_INVERT: s->invert = ~(uint32_t)value; break;
    case R_FACTORIAL:
        if (!(s->status & STATUS_COMPUTING)) {
            s->factorial = (uint32_t)value;
            s->status |= STATUS_COMPUTING;
            bh_schedule(s->bh);
        }
        break;
    case R_STATUS: s->status = (s->status & ~(uint32_t)STATUS_IRQ) | (value & STATUS_IRQ); break;
    case R_IRQ_RAISE: raise_irq(s, (uint32_t)value); break;
    case R_IRQ_ACK: ack_irq(s, (uint32_t)value); break;
    case R_DMA_FROM: dma_register(s, &s->from, value); break;
    case R_DMA_TO: dma_register(s, &s->to, value); break;
    case R_DMA_COUNT: dma_register(s, &s->count, value); break;
    case R_DMA_COMMAND:
        if ((value & DMA_RUN) && !(s->command & DMA_RUN)) {
            s->command = value & (DMA_RUN | DMA_FROM_DEVICE | DMA_IRQ);
            timer_set_ns(s->timer, virtual_clock_ns(s->pci.dev.machine->clock) + DMA_TIME_MS * NS_PER_MS);
        }
        break;
    default: break;
    }
}

static const MmioOps bar_ops = {
    .read = bar_read, .write = bar_write, .access_min = 4, .access_max = 8, .impl_min = 4, .impl_max = 8,
};

/* --- life --- */
static bool edu_realize(PciDevice *pci, Error **errp)
{
    Edu *s = (Edu *)pci;
    EventLoop *loop = pci->dev.machine->loop;
    pci_set_interrupt_pin(pci, 1);
    pci_msi_init(pci, 1, false); /* without it there is the pin */
    s->timer = timer_new(loop, CLOCK_KIND_VIRTUAL, dma_finished, s);
    s->bh = bh_new(loop, compute, s);
    memory_region_init_mmio(&s->bar, pci->dev.machine, OBJECT(pci), &bar_ops, s, "edu-mmio", BAR_BYTES);
    pci_register_bar(pci, 0, 0, &s->bar);
    return true;
}

static void edu_unrealize(PciDevice *pci)
{
    Edu *s = (Edu *)pci;
    timer_free(s->timer);
    bh_delete(s->bh);
    memory_region_destroy(&s->bar);
}

static void edu_reset(PciDevice *pci)
{
    Edu *s = (Edu *)pci;
    timer_cancel(s->timer);
    bh_cancel(s->bh);
}

static const Field edu_fields[] = {
    FIELD(Edu, dma_mask, FIELD_U64, "dma_mask", FIELD_PROP, .def = 0xfffffff,
          .help = "bits of an address that reach the bus"),
    FIELD(Edu, invert, FIELD_U32, "invert", FIELD_STATE),
    FIELD(Edu, factorial, FIELD_U32, "factorial", FIELD_STATE),
    FIELD(Edu, status, FIELD_U32, "status", FIELD_STATE),
    FIELD(Edu, irq_status, FIELD_U32, "irq-status", FIELD_STATE),
    FIELD(Edu, from, FIELD_U64, "dma-from", FIELD_STATE),
    FIELD(Edu, to, FIELD_U64, "dma-to", FIELD_STATE),
    FIELD(Edu, count, FIELD_U64, "dma-count", FIELD_STATE),
    FIELD(Edu, command, FIELD_U32, "dma-command", FIELD_STATE, .min = 0, .max = 7),
    FIELD(Edu, buffer, FIELD_BYTES, "buffer", FIELD_KEPT, .count = BUFFER_BYTES),
    FIELD_END,
};
static const PciClass edu_class = {
    PCI_DEVICE_PART, .device.category = DEVICE_CAT_MISC, .device.user_creatable = true, .vendor_id = 0x1234,
    .device_id = 0x11e8, .subsystem_vendor = 0x1af4, .subsystem = 0x1100, .class_id = 0x00ff, .revision = 0x10,
    .realize = edu_realize, .unrealize = edu_unrealize, .reset = edu_reset,
};
static const TypeRecord edu_type = {
    .name = "edu", .parent = TYPE_PCI_DEVICE, .help = "device to learn writing drivers with",
    .instance_size = sizeof(Edu), .class_kind = TYPE_DEVICE, .class_data = &edu_class, .fields = edu_fields,
};
TYPE_REGISTER(edu_type);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PC's DMA: two 8237A (Intel data sheet 231466; called i8257 after the chip's ancestor) and the page registers
 * that hold the upper address bits. The second controller moves words and its channel 0 is where the first is
 * connected.
 *
 * A device asks by isa_dma_request(); a bottom half then calls the device's transfer function, which moves as much as
 * it wants to at a time. At the end of the block the terminal count is noted, and the channel stops or begins anew.
 * The device reaches guest RAM only.
 *
 * Guarded by the machine lock.
 */
#include "hw/dma/i8257.h"
#include "util/log.h"
#include "util/trace.h"

TRACE_EVENT(dma_run, "channel %u position %u of %u");

enum { CHANNELS = 4, R_COMMAND = 0, R_REQUEST, R_MASK, R_MODE, R_CLEAR_FLIP_FLOP, R_RESET, R_CLEAR_MASK, R_WRITE_MASK };
enum { COMMAND_OFF = 4, MODE_AUTO = 0x10, MODE_DOWN = 0x20, MODE_TO_MEMORY = 4, PAGES = 8 };

typedef struct DmaChannel {
    uint16_t base_address, base_count; /* as programmed */
    uint16_t address;                  /* where it is now */
    uint32_t done;                     /* units moved of base_count + 1 */
    uint8_t page, page_high, mode;
    IsaDmaTransfer *transfer;
    void *opaque;
} DmaChannel;

typedef struct I8257 {
    IsaDevice isa;
    MemoryRegion io, io_high, pages, pages_high;
    DmaChannel channel[CHANNELS];
    uint8_t pages_free[PAGES]; /* page registers that no channel uses */
    uint8_t command, mask, status; /* status: terminal counts in 3..0, requests in 7..4 */
    bool high_byte;            /* the flip-flop */
    uint8_t shift;             /* 0: bytes, 1: words */
    BottomHalf *bh;
    bool running;
} I8257;

static const int8_t page_channel[PAGES] = {-1, 2, 3, 1, -1, -1, -1, 0};

static uint32_t units(const DmaChannel *c) { return (uint32_t)c->base_count + 1; }
static unsigned block_bytes(const I8257 *s, const DmaChannel *c) { return units(c) << s->shift; }

static uint64_t start_address(const I8257 *s, const DmaChannel *c)
{
    uint64_t page = (uint64_t)(c->page_high & 0x7f) << 24 | (uint64_t)c->page << 16;
    return s->shift ? (page & ~0x1ffffull) | (uint64_t)c->base_address << 1 : page | c->base_address;
}

/* --- transfers --- */
static bool ready(const I8257 *s, unsigned n)
{
    const DmaChannel *c = &s->channel[n];
    return c->transfer && (s->status >> (n + 4) & 1) && !(s->mask >> n & 1) && !(s->command & COMMAND_OFF);
}

static void run_channel(I8257 *s, unsigned n)
{
    DmaChannel *c = &s->channel[n];
    unsigned size = block_bytes(s, c), pos = (c->done < units(c) ? c->done : 0) << s->shift;
    trace(dma_run, n, pos, size);
    pos = c->transfer(c->opaque, n + (s->shift ? CHANNELS : 0), pos, size);
    pos = MIN(pos, size);
    c->done = pos >> s->shift;
    if (pos >= size) {
        s->status |= 1u << n;
        if (c->mode & MODE_AUTO) {
            c->done = 0;
        } else {
            s->mask |= 1u << n;
        }
    }
    c->address = (uint16_t)(c->mode & MODE_DOWN ? c->base_address - c->done : c->base_address + c->done);
}

static void run(void *opaque)
{
    I8257 *s = opaque;
    if (s->running) {
        return;
    }
    s->running = true;
    for (unsigned n = 0; n < CHANNELS; n++) {
        if (ready(s, n)) {
            run_channel(s, n);
        }
    }
    s->running = false;
}

static I8257 *controller(IsaBus *bus, unsigned channel)
{
    return channel < ISA_DMA_CHANNELS ? bus->dma[channel / CHANNELS] : NULL;
}

static DmaChannel *channel_of(IsaBus *bus, unsigned channel)
{
    I8257 *s = controller(bus, channel);
    return s ? &s->channel[channel % CHANNELS] : NULL;
}

bool isa_has_dma(IsaBus *bus, unsigned channel) { return controller(bus, channel) && channel != CHANNELS; }

void isa_dma_register(IsaBus *bus, unsigned channel, IsaDmaTransfer *transfer, void *opaque)
{
    DmaChannel *c = channel_of(bus, channel);
    if (c) {
        c->transfer = transfer;
        c->opaque = opaque;
    }
}

void isa_dma_request(IsaBus *bus, unsigned channel, bool level)
{
    I8257 *s = controller(bus, channel);
    uint8_t bit = (uint8_t)(0x10u << channel % CHANNELS);
    if (s) {
        s->status = level ? s->status | bit : s->status & ~bit;
        if (level) {
            bh_schedule(s->bh);
        }
    }
}

void isa_dma_schedule(IsaBus *bus)
{
    for (unsigned i = 0; i < 2; i++) {
        if (bus->dma[i]) {
            bh_schedule(bus->dma[i]->bh);
        }
    }
}

bool isa_dma_is_write(IsaBus *bus, unsigned channel)
{
    DmaChannel *c = channel_of(bus, channel);
    return c && (c->mode & MODE_TO_MEMORY);
}

bool isa_dma_auto_init(IsaBus *bus, unsigned channel)
{
    DmaChannel *c = channel_of(bus, channel);
    return c && (c->mode & MODE_AUTO);
}

static unsigned move(IsaBus *bus, unsigned channel, uint8_t *buf, unsigned pos, unsigned len, bool to_memory)
{
    I8257 *s = controller(bus, channel);
    if (!s) {
        return 0;
    }
    DmaChannel *c = &s->channel[channel % CHANNELS];
    unsigned size = block_bytes(s, c);
    AddressSpace *as = bus->bus.machine->as;
    uint64_t start = start_address(s, c);
    len = pos < size ? MIN(len, size - pos) : 0;
    if (c->mode & MODE_DOWN) { /* backwards, byte by byte */
        for (unsigned i = 0; i < len; i++) {
            uint64_t at = start - pos - i;
            to_memory ? dma_write(as, at, buf + i, 1) : dma_read(as, at, buf + i, 1);
        }
    } else if (to_memory) {
        dma_write(as, start + pos, buf, len);
    } else {
        dma_read(as, start + pos, buf, len);
    }
    return len;
}

unsigned isa_dma_read_memory(IsaBus *bus, unsigned channel, void *buf, unsigned pos, unsigned len)
{
    return move(bus, channel, buf, pos, len, false);
}

unsigned isa_dma_write_memory(IsaBus *bus, unsigned channel, const void *buf, unsigned pos, unsigned len)
{
    return move(bus, channel, (uint8_t *)(uintptr_t)buf, pos, len, true);
}

/* --- registers --- */
static bool flip(I8257 *s)
{
    s->high_byte = !s->high_byte;
    return !s->high_byte;
}

static uint64_t channel_read(void *opaque, uint64_t offset, unsigned size)
{
    I8257 *s = opaque;
    unsigned reg = (unsigned)(offset >> s->shift);
    const DmaChannel *c = &s->channel[reg / 2 % CHANNELS];
    uint16_t value = reg & 1 ? (uint16_t)(c->base_count - c->done) : c->address;
    return flip(s) ? value >> 8 : value & 0xff;
}

static void channel_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    I8257 *s = opaque;
    unsigned reg = (unsigned)(offset >> s->shift);
    DmaChannel *c = &s->channel[reg / 2 % CHANNELS];
    uint16_t *base = reg & 1 ? &c->base_count : &c->base_address;
    *base = (uint16_t)(flip(s) ? (*base & 0xff) | value << 8 : (*base & 0xff00) | (value & 0xff));
    c->address = c->base_address;
    c->done = 0;
}

static void master_reset(I8257 *s)
{
    s->command = 0;
    s->status &= 0xf0;
    s->mask = 0xf;
    s->high_byte = false;
}

static uint64_t control_read(void *opaque, uint64_t offset, unsigned size)
{
    I8257 *s = opaque;
    switch (offset >> s->shift) {
    case R_COMMAND: {
        uint8_t value = s->status;
        s->status &= 0xf0;
        return value;
    }
    case R_WRITE_MASK: return s->mask | 0xf0;
    default: return 0;
    }
}

static void control_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    I8257 *s = opaque;
    unsigned n = value & 3;
    switch (offset >> s->shift) {
    case R_COMMAND: s->command = (uint8_t)value; break;
    case R_REQUEST: s->status = value & 4 ? s->status | 0x10u << n : s->status & ~(0x10u << n); break;
    case R_MASK: s->mask = value & 4 ? s->mask | 1u << n : s->mask & ~(1u << n); break;
    case R_MODE: s->channel[n].mode = (uint8_t)value; break;
    case R_CLEAR_FLIP_FLOP: s->high_byte = false; break;
    case R_RESET: master_reset(s); break;
    case R_CLEAR_MASK: s->mask = 0; break;
    case R_WRITE_MASK: s->mask = value & 0xf; break;
    default: break;
    }
    bh_schedule(s->bh);
}

static uint8_t *page_register(I8257 *s, uint64_t offset, bool high)
{
    int n = page_channel[offset % PAGES];
    return n < 0 ? &s->pages_free[offset % PAGES] : high ? &s->channel[n].page_high : &s->channel[n].page;
}

static uint64_t page_read(void *o, uint64_t offset, unsigned size) { return *page_register(o, offset, false); }
static uint64_t page_high_read(void *o, uint64_t offset, unsigned size) { return *page_register(o, offset, true); }

static void page_write(void *o, uint64_t offset, uint64_t value, unsigned size)
{
    *page_register(o, offset, false) = (uint8_t)value;
}

static void page_high_write(void *o, uint64_t offset, uint64_t value, unsigned size)
{
    *page_register(o, offset, true) = (uint8_t)value;
}

static const MmioOps channel_ops = {.read = channel_read, .write = channel_write, ISA_BYTE_PORTS};
static const MmioOps control_ops = {.read = control_read, .write = control_write, ISA_BYTE_PORTS};
static const MmioOps page_ops = {.read = page_read, .write = page_write, ISA_BYTE_PORTS};
static const MmioOps page_high_ops = {.read = page_high_read, .write = page_high_write, ISA_BYTE_PORTS};

/* --- life --- */
static void dma_reset(DeviceState *dev)
{
    master_reset((I8257 *)dev);
    ((I8257 *)dev)->status = 0;
}

static bool dma_realize(Object *obj, Error **errp)
{
    I8257 *s = (I8257 *)obj;
    unsigned word = s->shift;
    s->bh = bh_new(s->isa.dev.machine->loop, run, s);
    isa_add_ports(&s->isa, &s->io, &channel_ops, s, "dma-chan", word ? 0xc0 : 0x00, 8u << word);
    isa_add_ports(&s->isa, &s->io_high, &control_ops, s, "dma-cont", word ? 0xd0 : 0x08, 8u << word);
    isa_add_ports(&s->isa, &s->pages, &page_ops, s, "dma-page", word ? 0x88 : 0x80, PAGES);
    isa_add_ports(&s->isa, &s->pages_high, &page_high_ops, s, "dma-pageh", word ? 0x488 : 0x480, PAGES);
    return true;
}

static void dma_unrealize(Object *obj)
{
    I8257 *s = (I8257 *)obj;
    IsaBus *bus = isa_bus(&s->isa);
    if (bus) {
        bus->dma[s->shift] = NULL;
    }
    bh_delete(s->bh);
}

#define CHANNEL_FIELDS(n)                                                                                              \
    FIELD(I8257, channel[n].base_address, FIELD_U16, #n "-base-address", FIELD_STATE),                                 \
        FIELD(I8257, channel[n].base_count, FIELD_U16, #n "-base-count", FIELD_STATE),                                 \
        FIELD(I8257, channel[n].address, FIELD_U16, #n "-address", FIELD_STATE),                                       \
        FIELD(I8257, channel[n].done, FIELD_U32, #n "-done", FIELD_STATE, .min = 0, .max = 0x10000),                   \
        FIELD(I8257, channel[n].page, FIELD_U8, #n "-page", FIELD_STATE),                                              \
        FIELD(I8257, channel[n].page_high, FIELD_U8, #n "-page-high", FIELD_STATE),                                    \
        FIELD(I8257, channel[n].mode, FIELD_U8, #n "-mode", FIELD_STATE)
static const Field dma_fields[] = {
    CHANNEL_FIELDS(0), CHANNEL_FIELDS(1), CHANNEL_FIELDS(2), CHANNEL_FIELDS(3),
    FIELD(I8257, pages_free, FIELD_U8, "pages", FIELD_STATE, .count = PAGES),
    FIELD(I8257, command, FIELD_U8, "command", FIELD_STATE),
    FIELD(I8257, mask, FIELD_U8, "mask", FIELD_STATE, .def = 0xf, .min = 0, .max = 0xf),
    FIELD(I8257, status, FIELD_U8, "status", FIELD_STATE),
    FIELD(I8257, high_byte, FIELD_BOOL, "flip-flop", FIELD_STATE),
    FIELD_END,
};
static const DeviceClass dma_class = {.bus_type = TYPE_ISA_BUS, .category = DEVICE_CAT_MISC, .reset = dma_reset};
static const TypeRecord dma_type = {
    .name = TYPE_I8257, .parent = TYPE_ISA_DEVICE, .help = "8237A DMA controller", .instance_size = sizeof(I8257),
    .class_kind = TYPE_DEVICE, .class_data = &dma_class, .fields = dma_fields, .realize = dma_realize,
    .unrealize = dma_unrealize,
};
TYPE_REGISTER(dma_type);

bool i8257_create(IsaBus *bus, Error **errp)
{
    for (unsigned i = 0; i < 2; i++) {
        DeviceState *dev = device_new(bus->bus.machine, TYPE_I8257);
        ((I8257 *)dev)->shift = (uint8_t)i;
        if (!device_attach(dev, &bus->bus, NULL, errp)) {
            return false;
        }
        bus->dma[i] = (I8257 *)dev;
    }
    return true;
}

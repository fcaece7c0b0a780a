/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 8254 programmable interval timer (Intel 8254 data sheet, 231164).
 *
 * Nothing counts: a channel keeps when it was loaded, and count and output are computed from the virtual clock. Only
 * channel 0 has a host timer, for the rises of its output, which are the timer interrupts. In modes 2 to 4 the output
 * is high but for a moment or half a period: the line falls and rises when the output rises.
 *
 * A new count takes effect at once, in modes 1 and 5 at the next rise of the gate. Gates of channels 0 and 1 are high
 * for good; that of channel 2 is bit 0 of port 0x61.
 *
 * Guarded by the machine lock.
 */
#include "hw/timer/i8254.h"
#include "util/trace.h"

TRACE_EVENT(pit_control, "value 0x%02x");
TRACE_EVENT(pit_load, "channel %u mode %u count %u");

enum { CONTROL = 3, RW_LATCH = 0, RW_LOW = 1, RW_HIGH = 2, RW_BOTH = 3 };
/* Rises that come faster are left out, so that a guest cannot keep the main loop busy. */
#define MIN_PERIOD_NS (20 * NS_PER_US)

typedef struct PitChannel {
    uint32_t count;       /* 1..65536, of the last load */
    int64_t start_ns;     /* when counting began, moved on by the time the gate was low */
    int64_t stopped_ns;   /* when the gate stopped it */
    uint16_t latch;
    uint8_t mode, access, write_low, status;
    bool bcd, gate;
    bool null_count;      /* programmed, but nothing loaded (or triggered) yet */
    bool counting;        /* loaded, and in modes 1 and 5 triggered */
    bool read_high, write_high, latch_high; /* the second byte of RW_BOTH comes next */
    bool count_latched, status_latched;
} PitChannel;

typedef struct Pit {
    IsaDevice isa;
    MemoryRegion io;
    PitChannel channel[PIT_CHANNELS];
    Timer *timer;
    Irq irq0;
    int64_t next_ns;      /* rise that the timer waits for */
} Pit;

static int64_t now_ns(const Pit *s) { return virtual_clock_ns(s->isa.dev.machine->clock); }

/* --- what a channel shows --- */
static bool triggered_mode(const PitChannel *c) { return c->mode == 1 || c->mode == 5; }

static uint64_t ticks_to_ns(uint64_t ticks) /* rounded up */
{
    return (uint64_t)(((unsigned __int128)ticks * NS_PER_SEC + PIT_HZ - 1) / PIT_HZ);
}

/* Clock ticks since it began to count. */
static uint64_t elapsed(const PitChannel *c, int64_t now)
{
    int64_t until = !c->gate && !triggered_mode(c) ? c->stopped_ns : now;
    int64_t ns = MAX(until - c->start_ns, 0);
    return (uint64_t)((unsigned __int128)ns * PIT_HZ / NS_PER_SEC);
}

static uint16_t to_bcd(uint32_t v)
{
    return (uint16_t)(v % 10 | v / 10 % 10 << 4 | v / 100 % 10 << 8 | v / 1000 % 10 << 12);
}

static uint32_t from_bcd(uint16_t v) { return (v & 15) + (v >> 4 & 15) * 10 + (v >> 8 & 15) * 100 + (v >> 12) * 1000; }

static uint16_t counter(const PitChannel *c, int64_t now)
{
    uint32_t modulo = c->bcd ? 10000 : 0x10000, value = c->count;
    if (c->counting) {
        uint64_t d = elapsed(c, now);
        switch (c->mode) {
        case 2: value = c->count - (uint32_t)(d % c->count); break;
        case 3: value = c->count - (uint32_t)(2 * d % c->count & ~1u); break;
        default: value = (uint32_t)((c->count + modulo - d % modulo) % modulo); break;
        }
    }
    value %= modulo;
    return c->bcd ? to_bcd(value) : (uint16_t)value;
}

static bool output(const PitChannel *c, int64_t now)
{
    if (!c->counting) {
        return c->mode != 0;
    }
    uint64_t d = elapsed(c, now);
    switch (c->mode) {
    case 0: case 1: return d >= c->count;
    case 2: return !c->gate || d % c->count != c->count - 1;
    case 3: return !c->gate || d % c->count < (c->count + 1) / 2;
    default: return d != c->count;
    }
}

/* --- channel 0's interrupt --- */
/* Ticks after the start at which the output rises next, after @d of them; UINT64_MAX: never again. */
static uint64_t next_rise(const PitChannel *c, uint64_t d)
{
    if (!c->counting || !c->gate) {
        return UINT64_MAX;
    }
    switch (c->mode) {
    case 2: case 3: return (d / c->count + 1) * c->count;
    case 4: case 5: return d <= c->count ? c->count + 1 : UINT64_MAX;
    default: return d < c->count ? c->count : UINT64_MAX;
    }
}

static void arm(Pit *s, int64_t after)
{
    PitChannel *c = &s->channel[0];
    uint64_t rise = next_rise(c, elapsed(c, after));
    if (rise == UINT64_MAX) {
        timer_cancel(s->timer);
        s->next_ns = INT64_MAX;
        return;
    }
    s->next_ns = c->start_ns + (int64_t)ticks_to_ns(rise);
    timer_set_ns(s->timer, s->next_ns);
}

static void fire(void *opaque)
{
    Pit *s = opaque;
    int64_t now = now_ns(s);
    if (s->channel[0].mode != 0) {
        irq_set(&s->irq0, 0);
    }
    irq_set(&s->irq0, 1);
    /* a late one does not shift those after it; far behind, what was missed is missed */
    int64_t from = now - s->next_ns > NS_PER_SEC / 10 ? now : s->next_ns;
    if (ticks_to_ns(s->channel[0].count) < MIN_PERIOD_NS) {
        from = now + MIN_PERIOD_NS;
    }
    arm(s, from);
}

/* Something about the channel changed. */
static void changed(Pit *s, PitChannel *c, int64_t now)
{
    if (c == &s->channel[0]) {
        irq_set(&s->irq0, c->mode < 2 && output(c, now));
        arm(s, now);
    }
}

static void load(Pit *s, PitChannel *c, uint16_t value)
{
    uint32_t count = c->bcd ? from_bcd(value) : value;
    int64_t now = now_ns(s);
    c->count = count ? count : c->bcd ? 10000 : 0x10000;
    trace(pit_load, (unsigned)(c - s->channel), c->mode, c->count);
    if (!triggered_mode(c)) {
        c->counting = true;
        c->null_count = false;
        c->start_ns = c->stopped_ns = now;
    }
    changed(s, c, now);
}

bool pit_get_gate(DeviceState *pit, unsigned channel) { return ((Pit *)pit)->channel[channel % PIT_CHANNELS].gate; }

bool pit_get_out(DeviceState *pit, unsigned channel)
{
    Pit *s = (Pit *)pit;
    return output(&s->channel[channel % PIT_CHANNELS], now_ns(s));
}

void pit_set_gate(DeviceState *pit, unsigned channel, bool level)
{
    Pit *s = (Pit *)pit;
    PitChannel *c = &s->channel[channel % PIT_CHANNELS];
    int64_t now = now_ns(s);
    if (level == c->gate) {
        return;
    }
    c->gate = level;
    if (!level) {
        c->stopped_ns = now;
    } else if (triggered_mode(c)) { /* a trigger */
        c->start_ns = now;
        c->counting = true;
        c->null_count = false;
    } else if (c->mode == 2 || c->mode == 3) { /* begins anew */
        c->start_ns = now;
    } else {
        c->start_ns += now - c->stopped_ns;
    }
    changed(s, c, now);
}

/* --- registers --- */
static void latch_count(PitChannel *c, int64_t now)
{
    if (!c->count_latched) {
        c->latch = counter(c, now);
        c->count_latched = true;
        c->latch_high = false;
    }
}

static void latch_status(PitChannel *c, int64_t now)
{
    if (!c->status_latched) {
        c->status = (uint8_t)(output(c, now) << 7 | c->null_count << 6 | c->access << 4 | c->mode << 1 | c->bcd);
        c->status_latched = true;
    }
}

static void read_back(Pit *s, uint8_t value)
{
    int64_t now = now_ns(s);
    for (unsigned i = 0; i < PIT_CHANNELS; i++) {
        if (value >> (i + 1) & 1) {
            if (!(value & 0x20)) {
                latch_count(&s->channel[i], now);
            }
            if (!(value & 0x10)) {
                latch_status(&s->channel[i], now);
            }
        }
    }
}

static void control_write(Pit *s, uint8_t value)
{
    unsigned n = value >> 6, access = value >> 4 & 3, mode = value >> 1 & 7;
    int64_t now = now_ns(s);
    trace(pit_control, value);
    if (n == PIT_CHANNELS) {
        read_back(s, value);
        return;
    }
    PitChannel *c = &s->channel[n];
    if (access == RW_LATCH) {
        latch_count(c, now);
        return;
    }
    c->access = (uint8_t)access;
    c->mode = (uint8_t)(mode > 5 ? mode - 4 : mode);
    c->bcd = value & 1;
    c->counting = false;
    c->null_count = true;
    c->read_high = c->write_high = c->count_latched = c->status_latched = false;
    changed(s, c, now);
}

static void pit_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    Pit *s = opaque;
    if (offset == CONTROL) {
        control_write(s, (uint8_t)value);
        return;
    }
    PitChannel *c = &s->channel[offset];
    switch (c->access) {
    case RW_LOW: load(s, c, (uint8_t)value); break;
    case RW_HIGH: load(s, c, (uint16_t)(value << 8)); break;
    default:
        if (c->write_high) {
            load(s, c, (uint16_t)(c->write_low | value << 8));
        } else {
            c->write_low = (uint8_t)value;
            if (c->mode == 0) { /* the first byte stops it */
                c->counting = false;
                changed(s, c, now_ns(s));
            }
        }
        c->write_high = !c->write_high;
        break;
    }
}

static uint8_t pick(uint16_t v, bool high) { return (uint8_t)(high ? v >> 8 : v); }

static uint64_t pit_read(void *opaque, uint64_t offset, unsigned size)
{
    Pit *s = opaque;
    if (offset == CONTROL) {
        return 0; /* write only */
    }
    PitChannel *c = &s->channel[offset];
    if (c->status_latched) {
        c->status_latched = false;
        return c->status;
    }
    if (c->count_latched) {
        bool high = c->access == RW_HIGH || (c->access == RW_BOTH && c->latch_high);
        c->count_latched = c->access == RW_BOTH && !c->latch_high;
        c->latch_high = !c->latch_high;
        return pick(c->latch, high);
    }
    uint16_t v = counter(c, now_ns(s));
    if (c->access != RW_BOTH) {
        return pick(v, c->access == RW_HIGH);
    }
    c->read_high = !c->read_high;
    return pick(v, !c->read_high);
}

static const MmioOps pit_ops = {.read = pit_read, .write = pit_write, ISA_BYTE_PORTS};

/* --- life --- */
static void pit_reset(DeviceState *dev)
{
    Pit *s = (Pit *)dev;
    int64_t now = now_ns(s);
    for (unsigned i = 0; i < PIT_CHANNELS; i++) {
        PitChannel *c = &s->channel[i];
        c->start_ns = c->stopped_ns = now;
        c->gate = i != 2;
    }
    changed(s, &s->channel[0], now);
}

static bool pit_realize(Object *obj, Error **errp)
{
    Pit *s = (Pit *)obj;
    s->timer = timer_new(s->isa.dev.machine->loop, CLOCK_KIND_VIRTUAL, fire, s);
    isa_add_ports(&s->isa, &s->io, &pit_ops, s, "pit", 0x40, 4);
    return true;
}

static void pit_unrealize(Object *obj) { timer_free(((Pit *)obj)->timer); }

#define CHANNEL_FIELD(n, member, kind, ...)                                                                            \
    FIELD(Pit, channel[n].member, kind, #n "-" #member, FIELD_STATE, ##__VA_ARGS__)
#define CHANNEL_FIELDS(n)                                                                                              \
    CHANNEL_FIELD(n, count, FIELD_U32, .def = 0x10000, .min = 1, .max = 0x10000),                                      \
        CHANNEL_FIELD(n, start_ns, FIELD_I64), CHANNEL_FIELD(n, stopped_ns, FIELD_I64),                                \
        CHANNEL_FIELD(n, latch, FIELD_U16), CHANNEL_FIELD(n, mode, FIELD_U8, .def = 3, .min = 0, .max = 5),            \
        CHANNEL_FIELD(n, access, FIELD_U8, .def = RW_BOTH, .min = 0, .max = 3),                                        \
        CHANNEL_FIELD(n, write_low, FIELD_U8), CHANNEL_FIELD(n, status, FIELD_U8), CHANNEL_FIELD(n, bcd, FIELD_BOOL),  \
        CHANNEL_FIELD(n, gate, FIELD_BOOL), CHANNEL_FIELD(n, null_count, FIELD_BOOL, .def = 1),                        \
        CHANNEL_FIELD(n, counting, FIELD_BOOL), CHANNEL_FIELD(n, read_high, FIELD_BOOL),                               \
        CHANNEL_FIELD(n, write_high, FIELD_BOOL), CHANNEL_FIELD(n, latch_high, FIELD_BOOL),                            \
        CHANNEL_FIELD(n, count_latched, FIELD_BOOL), CHANNEL_FIELD(n, status_latched, FIELD_BOOL)
static const Field pit_fields[] = {
    CHANNEL_FIELDS(0), CHANNEL_FIELDS(1), CHANNEL_FIELDS(2),
    FIELD(Pit, next_ns, FIELD_I64, "next-ns", FIELD_DERIVED),
    FIELD_END,
};
static const DeviceClass pit_class = {.bus_type = TYPE_ISA_BUS, .category = DEVICE_CAT_MISC, .reset = pit_reset};
static const TypeRecord pit_type = {
    .name = TYPE_I8254, .parent = TYPE_ISA_DEVICE, .help = "8254 interval timer", .instance_size = sizeof(Pit),
    .class_kind = TYPE_DEVICE, .class_data = &pit_class, .fields = pit_fields, .realize = pit_realize,
    .unrealize = pit_unrealize,
};
TYPE_REGISTER(pit_type);

DeviceState *pit_create(IsaBus *bus, Irq irq0, Error **errp)
{
    DeviceState *dev = device_new(bus->bus.machine, TYPE_I8254);
    ((Pit *)dev)->irq0 = irq0;
    return device_attach(dev, &bus->bus, NULL, errp) ? dev : NULL;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PC's two 8259A interrupt controllers (Intel 8259A data sheet, 231468), the second on line 2 of the first, and
 * the registers that choose edge or level for each line (ELCR, of the 82371 south bridges).
 *
 * An edge is remembered in the request register until it is acknowledged. A level is there as long as the line is
 * high. The output is high while a request that is not masked has a higher priority than all that is in service.
 * Acknowledging when the request is gone answers as IRQ 7 (15 where the second chip has none) and puts nothing in
 * service.
 *
 * Linux acknowledges by the ports on each timer tick, so all of this has its own lock and no machine lock. The
 * output is driven with the lock held. Lock order: machine, this, an APIC.
 */
#include "hw/intc/i8259.h"
#include "util/log.h"
#include "util/trace.h"

TRACE_EVENT(pic_line, "line %d level %d");
TRACE_EVENT(pic_ack, "vector 0x%02x");
TRACE_EVENT(pic_write, "chip %u register %u value 0x%02x");
TRACE_EVENT(pic_read, "chip %u register %u value 0x%02x");

enum { LINES = 8, CASCADE = 2, NONE = 8 };
enum { ICW1 = 0x10, ICW1_IC4 = 1, ICW1_SINGLE = 2, ICW1_LEVEL = 8, ICW4_AEOI = 2, ICW4_SFNM = 0x10 };
enum { OCW3 = 8, OCW3_POLL = 4, OCW3_READ = 2, OCW3_READ_ISR = 1, OCW3_SMM = 0x40, OCW3_SMM_SET = 0x20 };

typedef struct PicChip {
    uint8_t line;        /* levels of the inputs */
    uint8_t edge;        /* inputs whose rise was seen */
    uint8_t irr, isr, imr;
    uint8_t elcr, elcr_mask;
    uint8_t base;        /* ICW2 */
    uint8_t lowest;      /* added to a line to get what priority 0 is: the line above the lowest one */
    uint8_t init_step;   /* 0: ready; else the ICW that comes next */
    bool init_icw4, single, level_mode;
    bool auto_eoi, rotate_auto, special_mask, special_nested, read_isr, poll;
} PicChip;

typedef struct Pic {
    IsaDevice isa;
    MemoryRegion io[2], elcr_io[2];
    GMutex lock;
    PicChip chip[2];
    Irq intr;
    bool output;
} Pic;

static uint8_t levels(const PicChip *c) { return c->level_mode ? 0xff : c->elcr; }

/* Priority of the best line in @mask, 0 is the highest; NONE where there is none. */
static unsigned best(const PicChip *c, uint8_t mask)
{
    if (!mask) {
        return NONE;
    }
    unsigned p = 0;
    while (!(mask >> ((p + c->lowest) & 7) & 1)) {
        p++;
    }
    return p;
}

/* The line that the chip asks for; NONE: nothing. */
static unsigned request(const Pic *p, unsigned n)
{
    const PicChip *c = &p->chip[n];
    unsigned wanted = best(c, c->irr & ~c->imr);
    if (wanted == NONE) {
        return NONE;
    }
    uint8_t serving = c->isr;
    if (c->special_mask) {
        serving &= ~c->imr;
    }
    if (c->special_nested && n == 0) {
        serving &= ~(1u << CASCADE); /* the second chip may ask again while it is served */
    }
    return wanted < best(c, serving) ? (wanted + c->lowest) & 7 : NONE;
}

static void chip_line(PicChip *c, unsigned n, bool level)
{
    uint8_t bit = 1u << n;
    c->line = level ? c->line | bit : c->line & ~bit;
    if (levels(c) & bit) {
        c->irr = level ? c->irr | bit : c->irr & ~bit;
        c->edge = level ? c->edge | bit : c->edge & ~bit;
    } else if (!level) {
        c->edge &= ~bit;
    } else if (!(c->edge & bit)) {
        c->edge |= bit;
        c->irr |= bit;
    }
}

/* The second chip's output, then the pair's. */
static void update(Pic *p)
{
    chip_line(&p->chip[0], CASCADE, request(p, 1) != NONE);
    bool out = request(p, 0) != NONE;
    if (out != p->output) {
        p->output = out;
        irq_set(&p->intr, out);
    }
}

static void line_changed(void *opaque, int n, int level)
{
    Pic *p = opaque;
    trace(pic_line, n, level);
    g_mutex_lock(&p->lock);
    chip_line(&p->chip[n / LINES], n % LINES, level != 0);
    update(p);
    g_mutex_unlock(&p->lock);
}

Irq i8259_line(DeviceState *pic, unsigned n)
{
    g_assert(n < 2 * LINES);
    return n == CASCADE ? (Irq){0} : irq_make(line_changed, pic, (int)n);
}

/* --- acknowledge and end --- */
static void take(PicChip *c, unsigned line)
{
    uint8_t bit = 1u << line;
    if (!c->auto_eoi) {
        c->isr |= bit;
    } else if (c->rotate_auto) {
        c->lowest = (line + 1) & 7;
    }
    if (!(levels(c) & bit)) {
        c->irr &= ~bit;
    }
}

/* What an INTA cycle, or a read in poll mode, does with chip @n; NONE: nothing was asked. */
static unsigned take_best(Pic *p, unsigned n)
{
    unsigned line = request(p, n);
    if (line != NONE) {
        take(&p->chip[n], line);
        if (n == 1) { /* the output pulses, so that what is left makes a new edge */
            chip_line(&p->chip[0], CASCADE, false);
        }
    }
    return line;
}

int i8259_ack(void *pic)
{
    Pic *p = pic;
    g_mutex_lock(&p->lock);
    unsigned line = take_best(p, 0), vector;
    if (line == CASCADE && !p->chip[0].single) {
        line = take_best(p, 1);
        vector = p->chip[1].base | (line == NONE ? 7 : line);
    } else {
        vector = p->chip[0].base | (line == NONE ? 7 : line);
    }
    update(p);
    g_mutex_unlock(&p->lock);
    trace(pic_ack, vector);
    return (int)vector;
}

bool i8259_output(DeviceState *pic) { return ((Pic *)pic)->output; }

static void end_line(PicChip *c, unsigned line, bool rotate)
{
    c->isr &= ~(1u << line);
    if (rotate) {
        c->lowest = (line + 1) & 7;
    }
}

static void ocw2(PicChip *c, uint8_t value)
{
    unsigned line = value & 7;
    switch (value >> 5) {
    case 0: case 4:
        c->rotate_auto = value >> 7;
        break;
    case 1: case 5: { /* not specific: the best that is in service; masked ones are not in special mask mode */
        unsigned p = best(c, c->special_mask ? c->isr & ~c->imr : c->isr);
        if (p != NONE) {
            end_line(c, (p + c->lowest) & 7, value >> 7);
        }
        break;
    }
    case 3: case 7:
        end_line(c, line, value >> 7);
        break;
    case 6:
        c->lowest = (line + 1) & 7;
        break;
    default: /* 2: no operation */
        break;
    }
}

/* --- registers --- */
static void icw1(PicChip *c, uint8_t value)
{
    c->edge = 0;
    c->level_mode = value & ICW1_LEVEL;
    c->irr &= levels(c) & c->line;
    c->imr = c->isr = c->lowest = 0;
    c->special_mask = c->read_isr = c->poll = c->auto_eoi = c->rotate_auto = c->special_nested = false;
    c->init_icw4 = value & ICW1_IC4;
    c->single = value & ICW1_SINGLE;
    c->init_step = 2;
}

static void command(PicChip *c, uint8_t value)
{
    if (value & ICW1) {
        icw1(c, value);
    } else if (!(value & OCW3)) {
        ocw2(c, value);
    } else {
        if (value & OCW3_POLL) {
            c->poll = true;
        }
        if (value & OCW3_READ) {
            c->read_isr = value & OCW3_READ_ISR;
        }
        if (value & OCW3_SMM) {
            c->special_mask = value & OCW3_SMM_SET;
        }
    }
}

static void data(PicChip *c, uint8_t value)
{
    switch (c->init_step) {
    case 2:
        c->base = value & 0xf8;
        c->init_step = c->single ? (c->init_icw4 ? 4 : 0) : 3;
        break;
    case 3: /* which line the second chip is on: wired */
        c->init_step = c->init_icw4 ? 4 : 0;
        break;
    case 4:
        c->auto_eoi = value & ICW4_AEOI;
        c->special_nested = value & ICW4_SFNM;
        c->init_step = 0;
        break;
    default:
        c->imr = value;
        break;
    }
}

static void pic_write(Pic *p, unsigned n, unsigned reg, uint8_t value)
{
    trace(pic_write, n, reg, value);
    g_mutex_lock(&p->lock);
    (reg ? data : command)(&p->chip[n], value);
    update(p);
    g_mutex_unlock(&p->lock);
}

static uint64_t pic_read(Pic *p, unsigned n, unsigned reg)
{
    PicChip *c = &p->chip[n];
    uint8_t value;
    g_mutex_lock(&p->lock);
    if (c->poll) {
        c->poll = false;
        unsigned line = take_best(p, n);
        value = line == NONE ? 0 : 0x80 | line;
        update(p);
    } else {
        value = reg ? c->imr : c->read_isr ? c->isr : c->irr;
    }
    g_mutex_unlock(&p->lock);
    trace(pic_read, n, reg, value);
    return value;
}

static uint64_t master_read(void *o, uint64_t at, unsigned size) { return pic_read(o, 0, at != 0); }
static uint64_t slave_read(void *o, uint64_t at, unsigned size) { return pic_read(o, 1, at != 0); }
static void master_write(void *o, uint64_t at, uint64_t v, unsigned size) { pic_write(o, 0, at != 0, (uint8_t)v); }
static void slave_write(void *o, uint64_t at, uint64_t v, unsigned size) { pic_write(o, 1, at != 0, (uint8_t)v); }

static uint64_t elcr_read(void *opaque, uint64_t offset, unsigned size) { return ((Pic *)opaque)->chip[offset].elcr; }

static void elcr_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    Pic *p = opaque;
    g_mutex_lock(&p->lock);
    PicChip *c = &p->chip[offset];
    c->elcr = value & c->elcr_mask;
    for (unsigned i = 0; i < LINES; i++) {
        if (c->elcr >> i & 1) {
            chip_line(c, i, c->line >> i & 1);
        }
    }
    update(p);
    g_mutex_unlock(&p->lock);
}

static const MmioOps master_ops = {.read = master_read, .write = master_write, ISA_BYTE_PORTS, .guard = MEM_GUARD_NONE};
static const MmioOps slave_ops = {.read = slave_read, .write = slave_write, ISA_BYTE_PORTS, .guard = MEM_GUARD_NONE};
static const MmioOps elcr_ops = {.read = elcr_read, .write = elcr_write, ISA_BYTE_PORTS, .guard = MEM_GUARD_NONE};

void i8259_print(DeviceState *dev, FILE *out)
{
    Pic *p = (Pic *)dev;
    g_mutex_lock(&p->lock);
    for (unsigned i = 0; i < 2; i++) {
        const PicChip *c = &p->chip[i];
        fprintf(out, "pic%u: irr=%02x imr=%02x isr=%02x hprio=%u irq_base=%02x rr_sel=%d elcr=%02x fnm=%d\n", i, c->irr,
                c->imr, c->isr, c->lowest, c->base, c->read_isr, c->elcr, c->special_nested);
    }
    g_mutex_unlock(&p->lock);
}

/* --- life --- */
static void pic_reset(DeviceState *dev)
{
    Pic *p = (Pic *)dev;
    g_mutex_lock(&p->lock);
    update(p);
    g_mutex_unlock(&p->lock);
}

static bool pic_realize(Object *obj, Error **errp)
{
    static const uint16_t ports[2] = {0x20, 0xa0};
    static const MmioOps *const ops[2] = {&master_ops, &slave_ops};
    Pic *p = (Pic *)obj;
    /* lines 0, 1, 2, 8 and 13 are edges whatever is written */
    p->chip[0].elcr_mask = 0xf8;
    p->chip[1].elcr_mask = 0xde;
    for (unsigned i = 0; i < 2; i++) {
        isa_add_ports(&p->isa, &p->io[i], ops[i], p, "pic", ports[i], 2);
    }
    isa_add_ports(&p->isa, &p->elcr_io[0], &elcr_ops, p, "elcr", 0x4d0, 2);
    return true;
}

static void pic_init(Object *obj) { g_mutex_init(&((Pic *)obj)->lock); }
static void pic_finalize(Object *obj) { g_mutex_clear(&((Pic *)obj)->lock); }

#define CHIP_FIELD(n, member, kind, ...) FIELD(Pic, chip[n].member, kind, #n "-" #member, FIELD_STATE, ##__VA_ARGS__)
#define CHIP_FIELDS(n)                                                                                                 \
    CHIP_FIELD(n, edge, FIELD_U8), CHIP_FIELD(n, irr, FIELD_U8), CHIP_FIELD(n, isr, FIELD_U8),                         \
        CHIP_FIELD(n, imr, FIELD_U8), CHIP_FIELD(n, elcr, FIELD_U8), CHIP_FIELD(n, base, FIELD_U8),                    \
        CHIP_FIELD(n, lowest, FIELD_U8, .min = 0, .max = 7), CHIP_FIELD(n, init_step, FIELD_U8, .min = 0, .max = 4),   \
        CHIP_FIELD(n, init_icw4, FIELD_BOOL), CHIP_FIELD(n, single, FIELD_BOOL),                                       \
        CHIP_FIELD(n, level_mode, FIELD_BOOL), CHIP_FIELD(n, auto_eoi, FIELD_BOOL),                                    \
        CHIP_FIELD(n, rotate_auto, FIELD_BOOL), CHIP_FIELD(n, special_mask, FIELD_BOOL),                               \
        CHIP_FIELD(n, special_nested, FIELD_BOOL), CHIP_FIELD(n, read_isr, FIELD_BOOL), CHIP_FIELD(n, poll, FIELD_BOOL)

static const Field pic_fields[] = {
    CHIP_FIELDS(0),
    CHIP_FIELDS(1),
    /* what devices drive: a reset of the controller does not change it */
    FIELD(Pic, chip[0].line, FIELD_U8, "0-line", FIELD_DERIVED),
    FIELD(Pic, chip[1].line, FIELD_U8, "1-line", FIELD_DERIVED),
    FIELD(Pic, output, FIELD_BOOL, "output", FIELD_DERIVED),
    FIELD_END,
};
static const DeviceClass pic_class = {.bus_type = TYPE_ISA_BUS, .category = DEVICE_CAT_MISC, .reset = pic_reset};
static const TypeRecord pic_type = {
    .name = TYPE_I8259, .parent = TYPE_ISA_DEVICE, .help = "two 8259A interrupt controllers",
    .instance_size = sizeof(Pic), .class_kind = TYPE_DEVICE, .class_data = &pic_class, .fields = pic_fields,
    .init = pic_init, .realize = pic_realize, .finalize = pic_finalize,
};
TYPE_REGISTER(pic_type);

DeviceState *i8259_create(IsaBus *bus, Irq intr, Error **errp)
{
    DeviceState *dev = device_new(bus->bus.machine, TYPE_I8259);
    ((Pic *)dev)->intr = intr;
    return device_attach(dev, &bus->bus, NULL, errp) ? dev : NULL;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * I/O APIC (Intel 82093AA data sheet, 290566; version 0x20 with the EOI register of later ones).
 *
 * An edge on a line that is not masked makes one message. A level makes one when the line is high and no message of
 * this entry waits for its EOI (remote IRR); the EOI looks at the line again. Polarity is the board's business: a
 * line is high while its interrupt is asserted.
 *
 * Level-triggered interrupts come here from vCPU threads at each EOI, so the device has its own lock and no machine
 * lock. It is held while a message is sent. Lock order: machine, this, an APIC.
 */
#include <inttypes.h>

#include "hw/intc/ioapic.h"
#include "hw/sysbus.h"
#include "util/trace.h"

TRACE_EVENT(ioapic_line, "line %d level %d");
TRACE_EVENT(ioapic_send, "line %u address 0x%" PRIx64 " data 0x%x");
TRACE_EVENT(ioapic_write, "register 0x%02x value 0x%x");

enum { SELECT = 0x00, WINDOW = 0x10, EOI = 0x40, APERTURE = 0x1000 };
enum { R_ID = 0, R_VERSION = 1, R_ARBITRATION = 2, R_ENTRIES = 0x10, VERSION = 0x20 };
enum {
    E_VECTOR = 0xff, E_LOGICAL = 1 << 11, E_REMOTE_IRR = 1 << 14, E_LEVEL = 1 << 15, E_MASKED = 1 << 16,
    E_LOW_WRITABLE = 0x1afff,
};

typedef struct IoApic {
    SysDevice sys;
    MemoryRegion mmio;
    GMutex lock;
    IoapicSend *send;
    void *send_opaque;
    uint8_t select, id;
    uint32_t line;    /* levels of the inputs */
    uint32_t request; /* edges that are not sent yet */
    uint64_t entry[IOAPIC_LINES];
} IoApic;

static void send(IoApic *s, unsigned n)
{
    uint64_t e = s->entry[n];
    uint64_t addr = 0xfee00000 | e >> 56 << 12 | (e & E_LOGICAL ? 4 : 0);
    uint32_t data = (e & 0x7ff) | 0x4000 | (e & E_LEVEL);
    trace(ioapic_send, n, addr, data);
    if (s->send) {
        s->send(s->send_opaque, addr, data);
    }
}

static void service(IoApic *s, unsigned n)
{
    uint64_t *e = &s->entry[n];
    uint32_t bit = 1u << n;
    if (*e & E_MASKED) {
        return;
    }
    if (!(*e & E_LEVEL)) {
        if (s->request & bit) {
            s->request &= ~bit;
            send(s, n);
        }
    } else if ((s->line & bit) && !(*e & E_REMOTE_IRR)) {
        *e |= E_REMOTE_IRR;
        send(s, n);
    }
}

static void line_changed(void *opaque, int n, int level)
{
    IoApic *s = opaque;
    uint32_t bit = 1u << n;
    trace(ioapic_line, n, level);
    g_mutex_lock(&s->lock);
    bool rise = level && !(s->line & bit);
    s->line = level ? s->line | bit : s->line & ~bit;
    if (rise) {
        if (!(s->entry[n] & (E_MASKED | E_LEVEL))) {
            s->request |= bit;
        }
        service(s, (unsigned)n);
    }
    g_mutex_unlock(&s->lock);
}

Irq ioapic_line(DeviceState *ioapic, unsigned n)
{
    g_assert(n < IOAPIC_LINES);
    return irq_make(line_changed, ioapic, (int)n);
}

void ioapic_eoi(void *ioapic, uint8_t vector)
{
    IoApic *s = ioapic;
    g_mutex_lock(&s->lock);
    for (unsigned n = 0; n < IOAPIC_LINES; n++) {
        uint64_t *e = &s->entry[n];
        if ((*e & E_VECTOR) == vector && (*e & (E_LEVEL | E_REMOTE_IRR)) == (E_LEVEL | E_REMOTE_IRR)) {
            *e &= ~(uint64_t)E_REMOTE_IRR;
            service(s, n);
        }
    }
    g_mutex_unlock(&s->lock);
}

/* --- registers --- */
static uint32_t window_read(const IoApic *s)
{
    unsigned n = (s->select - R_ENTRIES) / 2u;
    switch (s->select) {
    case R_ID: case R_ARBITRATION: return (uint32_t)s->id << 24;
    case R_VERSION: return VERSION | (IOAPIC_LINES - 1) << 16;
    default:
        if (s->select < R_ENTRIES || n >= IOAPIC_LINES) {
            return 0;
        }
        return (uint32_t)(s->select & 1 ? s->entry[n] >> 32 : s->entry[n]);
    }
}

static void entry_write(IoApic *s, unsigned n, bool high, uint32_t value)
{
    uint64_t *e = &s->entry[n];
    if (high) {
        *e = (uint32_t)*e | (uint64_t)(value & 0xff000000) << 32;
        return;
    }
    *e = (*e & ~(uint64_t)E_LOW_WRITABLE) | (value & E_LOW_WRITABLE);
    if (!(value & E_LEVEL)) { /* how software ends a level interrupt without an EOI register */
        *e &= ~(uint64_t)E_REMOTE_IRR;
    } else {
        s->request &= ~(1u << n);
    }
    service(s, n);
}

static uint64_t ioapic_read(void *opaque, uint64_t offset, unsigned size)
{
    IoApic *s = opaque;
    g_mutex_lock(&s->lock);
    uint32_t value = offset == SELECT ? s->select : offset == WINDOW ? window_read(s) : 0;
    g_mutex_unlock(&s->lock);
    return value;
}

static void ioapic_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    IoApic *s = opaque;
    if (offset == EOI) {
        ioapic_eoi(s, (uint8_t)value);
        return;
    }
    g_mutex_lock(&s->lock);
    unsigned n = (s->select - R_ENTRIES) / 2u;
    if (offset == SELECT) {
        s->select = (uint8_t)value;
    } else if (offset == WINDOW) {
        trace(ioapic_write, s->select, (uint32_t)value);
        if (s->select == R_ID) {
            s->id = value >> 24 & 15;
        } else if (s->select >= R_ENTRIES && n < IOAPIC_LINES) {
            entry_write(s, n, s->select & 1, (uint32_t)value);
        }
    }
    g_mutex_unlock(&s->lock);
}

static const MmioOps ioapic_ops = {
    .read = ioapic_read, .write = ioapic_write, .impl_min = 4, .impl_max = 4, .guard = MEM_GUARD_NONE,
};

void ioapic_print(DeviceState *dev, FILE *out)
{
    IoApic *s = (IoApic *)dev;
    g_mutex_lock(&s->lock);
    fprintf(out, "ioapic0: ver=0x%x id=0x%02x sel=0x%02x\n", VERSION, s->id, s->select);
    for (unsigned n = 0; n < IOAPIC_LINES; n++) {
        uint64_t e = s->entry[n];
        fprintf(out, "  pin %-2u 0x%016" PRIx64 " dest=%u vec=%u %s %s%s%s\n", n, e, (unsigned)(e >> 56),
                (unsigned)(e & E_VECTOR), e & E_LEVEL ? "level" : "edge", e & E_MASKED ? "masked" : "",
                e & E_REMOTE_IRR ? " remote-irr" : "", s->line >> n & 1 ? " high" : "");
    }
    g_mutex_unlock(&s->lock);
}

/* --- life --- */
static void ioapic_reset(DeviceState *dev)
{
    IoApic *s = (IoApic *)dev;
    g_mutex_lock(&s->lock);
    for (unsigned n = 0; n < IOAPIC_LINES; n++) {
        s->entry[n] = E_MASKED;
    }
    g_mutex_unlock(&s->lock);
}

static bool ioapic_realize(Object *obj, Error **errp)
{
    IoApic *s = (IoApic *)obj;
    memory_region_init_mmio(&s->mmio, s->sys.dev.machine, obj, &ioapic_ops, s, "ioapic", APERTURE);
    sys_add_mmio(&s->sys, &s->mmio);
    return true;
}

static void ioapic_init(Object *obj) { g_mutex_init(&((IoApic *)obj)->lock); }
static void ioapic_finalize(Object *obj) { g_mutex_clear(&((IoApic *)obj)->lock); }

static const Field ioapic_fields[] = {
    FIELD(IoApic, select, FIELD_U8, "select", FIELD_STATE),
    FIELD(IoApic, id, FIELD_U8, "id", FIELD_STATE, .min = 0, .max = 15),
    FIELD(IoApic, request, FIELD_U32, "request", FIELD_STATE, .min = 0, .max = (1 << IOAPIC_LINES) - 1),
    FIELD(IoApic, entry, FIELD_U64, "entry", FIELD_STATE, .count = IOAPIC_LINES, .def = E_MASKED),
    FIELD(IoApic, line, FIELD_U32, "line", FIELD_DERIVED),
    FIELD_END,
};
static const DeviceClass ioapic_class = {.bus_type = "System", .category = DEVICE_CAT_MISC, .reset = ioapic_reset};
static const TypeRecord ioapic_type = {
    .name = TYPE_IOAPIC, .parent = TYPE_SYS_DEVICE, .help = "I/O APIC", .instance_size = sizeof(IoApic),
    .class_kind = TYPE_DEVICE, .class_data = &ioapic_class, .fields = ioapic_fields, .init = ioapic_init,
    .realize = ioapic_realize, .finalize = ioapic_finalize,
};
TYPE_REGISTER(ioapic_type);

DeviceState *ioapic_create(Machine *m, uint64_t addr, IoapicSend *send_fn, void *opaque, Error **errp)
{
    DeviceState *dev = device_new(m, TYPE_IOAPIC);
    ((IoApic *)dev)->send = send_fn;
    ((IoApic *)dev)->send_opaque = opaque;
    if (!device_attach(dev, NULL, NULL, errp)) {
        return NULL;
    }
    sys_map(dev, 0, addr);
    return dev;
}

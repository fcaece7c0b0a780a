/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * High precision event timers (IA-PC HPET specification 1.0a): a 64-bit counter of 100 MHz and three timers, all of
 * which can be periodic and 64 bits wide. No FSB delivery.
 *
 * The counter is computed from the virtual clock. A timer's host timer is armed while counter and timer are on. A
 * level-triggered interrupt stays until its status bit is written; an edge is a pulse. In legacy replacement mode
 * timers 0 and 1 drive the lines of PIT and RTC, whose own interrupts are cut off.
 *
 * Reading the counter takes no machine lock; the device has its own. Lock order: machine, this, what the lines lead
 * to.
 */
#include <inttypes.h>

#include "hw/sysbus.h"
#include "hw/timer/hpet.h"
#include "util/log.h"
#include "util/trace.h"

TRACE_EVENT(hpet_write, "offset 0x%x value 0x%" PRIx64);
TRACE_EVENT(hpet_fire, "timer %u");

enum { TIMERS = 3, TICK_NS = 10, PERIOD_FS = TICK_NS * 1000000, VENDOR = 0x8086, APERTURE = 0x400 };
enum { R_ID = 0x00, R_CONFIG = 0x10, R_STATUS = 0x20, R_COUNTER = 0xf0, R_TIMER = 0x100, TIMER_STRIDE = 0x20 };
enum { CFG_ENABLE = 1, CFG_LEGACY = 2 };
enum {
    T_LEVEL = 1 << 1, T_ENABLE = 1 << 2, T_PERIODIC = 1 << 3, T_CAN_PERIODIC = 1 << 4, T_CAN_64 = 1 << 5,
    T_SET_VALUE = 1 << 6, T_32BIT = 1 << 8, T_ROUTE_SHIFT = 9, T_WRITABLE = 0x3f4e,
};
/* Faster periods are left out, so that a guest cannot keep the main loop busy. */
#define MIN_PERIOD_NS (20 * NS_PER_US)

typedef struct Hpet Hpet;
typedef struct HpetTimer {
    Hpet *owner;
    Timer *timer;
    uint64_t config;     /* low half: control; the routes that are possible are the upper half */
    uint64_t comparator; /* what it waits for */
    uint64_t period;     /* last value written while periodic */
    uint64_t target;     /* the comparator as a value of the full 64-bit counter */
    bool armed;
} HpetTimer;

struct Hpet {
    SysDevice sys;
    MemoryRegion mmio;
    GMutex lock;
    uint64_t config, status;
    uint64_t counter;    /* while stopped */
    uint64_t offset;     /* while it runs: added to the clock's ticks */
    uint32_t intcap;
    HpetTimer timers[TIMERS];
    Irq gsi[HPET_GSIS], legacy[2];
    bool legacy_in[2];   /* levels of PIT and RTC */
};

static uint64_t clock_ticks(const Hpet *s) { return (uint64_t)virtual_clock_ns(s->sys.dev.machine->clock) / TICK_NS; }
static bool running(const Hpet *s) { return s->config & CFG_ENABLE; }
static uint64_t counter(const Hpet *s) { return running(s) ? clock_ticks(s) + s->offset : s->counter; }

/* --- interrupts --- */
static Irq *line(Hpet *s, unsigned n)
{
    unsigned route = s->timers[n].config >> T_ROUTE_SHIFT & 31;
    return (s->config & CFG_LEGACY) && n < 2 ? &s->legacy[n] : &s->gsi[route];
}

static void drop_line(Hpet *s, unsigned n)
{
    if (s->status >> n & 1) {
        irq_set(line(s, n), 0);
    }
}

static void raise_line(Hpet *s, unsigned n)
{
    HpetTimer *t = &s->timers[n];
    trace(hpet_fire, n);
    bool level = t->config & T_LEVEL;
    s->status |= level ? 1u << n : 0;
    if (!(t->config & T_ENABLE)) {
        return;
    }
    irq_set(line(s, n), 1);
    if (!level) {
        irq_set(line(s, n), 0);
    }
}

static void disarm(HpetTimer *t)
{
    if (t->armed) {
        t->armed = false;
        timer_cancel(t->timer);
    }
}

static void arm_at(HpetTimer *t, uint64_t target, int64_t not_before_ns)
{
    uint64_t now = counter(t->owner), ticks = target - now;
    int64_t now_ns = virtual_clock_ns(t->owner->sys.dev.machine->clock);
    if (ticks > (uint64_t)(INT64_MAX / 2 / TICK_NS)) {
        disarm(t); /* centuries, or so long past that it was missed */
        return;
    }
    t->target = target;
    t->armed = true;
    timer_set_ns(t->timer, MAX(now_ns / TICK_NS * TICK_NS + (int64_t)ticks * TICK_NS, not_before_ns));
}

/* Waits for the counter to reach the comparator; one that was passed long ago is reached after the counter wrapped. */
static void arm(HpetTimer *t)
{
    if (!running(t->owner) || !(t->config & T_ENABLE)) {
        disarm(t);
        return;
    }
    uint64_t now = counter(t->owner);
    uint64_t target = t->comparator;
    if (t->config & T_32BIT) {
        target = now + (uint32_t)(t->comparator - now);
        /* just passed while it was being written: at once rather than in 43 s */
        target = (uint32_t)(t->comparator - now) > 0xf0000000 ? now : target;
    } else if (target < now && now - target < 0x10000000) {
        target = now;
    }
    arm_at(t, target, 0);
}

static void fired(void *opaque)
{
    HpetTimer *t = opaque;
    Hpet *s = t->owner;
    g_mutex_lock(&s->lock);
    uint64_t now = counter(s);
    if (!t->armed) {
        g_mutex_unlock(&s->lock);
        return;
    }
    t->armed = false;
    if ((int64_t)(now - t->target) < 0) {
        arm_at(t, t->target, 0);
        g_mutex_unlock(&s->lock);
        return;
    }
    if ((t->config & T_PERIODIC) && t->period) {
        uint64_t missed = (now - t->target) / t->period;
        uint64_t next = t->target + (missed + 1) * t->period;
        t->comparator = t->config & T_32BIT ? (uint32_t)next : next;
        bool too_fast = t->period < MIN_PERIOD_NS / TICK_NS;
        arm_at(t, next, too_fast ? virtual_clock_ns(s->sys.dev.machine->clock) + MIN_PERIOD_NS : 0);
    }
    raise_line(s, (unsigned)(t - s->timers));
    g_mutex_unlock(&s->lock);
}

/* --- legacy replacement --- */
static void legacy_changed(void *opaque, int n, int level)
{
    Hpet *s = opaque;
    g_mutex_lock(&s->lock);
    s->legacy_in[n] = level;
    if (!(s->config & CFG_LEGACY)) {
        irq_set(&s->legacy[n], level);
    }
    g_mutex_unlock(&s->lock);
}

Irq hpet_legacy_line(DeviceState *hpet, unsigned n) { return irq_make(legacy_changed, hpet, n & 1); }

/* --- registers --- */
static void write_config(Hpet *s, uint64_t value)
{
    uint64_t changed = s->config ^ value;
    if ((changed & CFG_ENABLE) && (value & CFG_ENABLE)) {
        __atomic_store_n(&s->offset, s->counter - clock_ticks(s), __ATOMIC_RELAXED);
    } else if (changed & CFG_ENABLE) {
        s->counter = counter(s);
    }
    if (changed & CFG_LEGACY) {
        drop_line(s, 0);
        drop_line(s, 1);
    }
    __atomic_store_n(&s->config, value & (CFG_ENABLE | CFG_LEGACY), __ATOMIC_RELEASE);
    if (changed & CFG_LEGACY) {
        for (unsigned i = 0; i < 2; i++) {
            irq_set(&s->legacy[i], (value & CFG_LEGACY) ? 0 : s->legacy_in[i]);
        }
    }
    if (changed & CFG_ENABLE) {
        for (unsigned i = 0; i < TIMERS; i++) {
            arm(&s->timers[i]);
        }
    }
}

static void write_timer_config(Hpet *s, HpetTimer *t, uint64_t value)
{
    unsigned n = (unsigned)(t - s->timers);
    drop_line(s, n);
    t->config = (t->config & ~(uint64_t)T_WRITABLE) | (value & T_WRITABLE);
    if (!(s->intcap >> (t->config >> T_ROUTE_SHIFT & 31) & 1)) {
        t->config &= ~(31ull << T_ROUTE_SHIFT); /* a route that is not there reads back as none */
    }
    if (!(t->config & T_LEVEL)) {
        s->status &= ~(1ull << n);
    } else if ((s->status >> n & 1) && (t->config & T_ENABLE)) {
        irq_set(line(s, n), 1);
    }
    if (t->config & T_32BIT) {
        t->comparator = (uint32_t)t->comparator;
        t->period = (uint32_t)t->period;
    }
    arm(t);
}

static void write_comparator(HpetTimer *t, uint64_t value)
{
    if (t->config & T_32BIT) {
        value = (uint32_t)value;
    }
    /* periodic: with SETVAL the accumulator, without it the period; who writes once means both */
    if (!(t->config & T_PERIODIC) || (t->config & T_SET_VALUE)) {
        t->comparator = value;
    }
    if (t->config & T_PERIODIC) {
        t->period = value;
    }
    t->config &= ~(uint64_t)T_SET_VALUE;
    arm(t);
}

static uint64_t read_timer(const Hpet *s, const HpetTimer *t, unsigned reg)
{
    switch (reg) {
    case 0x00: return t->config | (uint64_t)s->intcap << 32 | T_CAN_PERIODIC | T_CAN_64;
    case 0x08: return t->comparator;
    default: return 0; /* no FSB route */
    }
}

static uint64_t read64(const Hpet *s, unsigned reg)
{
    if (reg >= R_TIMER) {
        unsigned n = (reg - R_TIMER) / TIMER_STRIDE;
        return n < TIMERS ? read_timer(s, &s->timers[n], (reg - R_TIMER) % TIMER_STRIDE) : 0;
    }
    switch (reg) {
    /* revision 1, three timers, 64 bits, legacy replacement */
    case R_ID: return (uint64_t)PERIOD_FS << 32 | (uint64_t)VENDOR << 16 | 1 << 15 | 1 << 13 | (TIMERS - 1) << 8 | 1;
    case R_CONFIG: return s->config;
    case R_STATUS: return s->status;
    case R_COUNTER: return counter(s);
    default: return 0;
    }
}

static void write64(Hpet *s, unsigned reg, uint64_t value)
{
    unsigned n = (reg - R_TIMER) / TIMER_STRIDE;
    trace(hpet_write, reg, value);
    if (reg >= R_TIMER) {
        if (n < TIMERS && (reg - R_TIMER) % TIMER_STRIDE == 0) {
            write_timer_config(s, &s->timers[n], value);
        } else if (n < TIMERS && (reg - R_TIMER) % TIMER_STRIDE == 8) {
            write_comparator(&s->timers[n], value);
        }
    } else if (reg == R_CONFIG) {
        write_config(s, value);
    } else if (reg == R_STATUS) {
        for (unsigned i = 0; i < TIMERS; i++) {
            if (value >> i & 1) {
                drop_line(s, i);
            }
        }
        s->status &= ~value;
    } else if (reg == R_COUNTER && !running(s)) {
        s->counter = value;
    } else {
        log_if(LOG_GUEST_ERROR, "hpet: write of 0x%" PRIx64 " to register 0x%x\n", value, reg);
    }
}

static uint64_t hpet_read(void *opaque, uint64_t offset, unsigned size)
{
    Hpet *s = opaque;
    if ((offset & ~7ull) == R_COUNTER && (__atomic_load_n(&s->config, __ATOMIC_ACQUIRE) & CFG_ENABLE)) {
        /* Linux reads it for the time of day: no lock */
        return (clock_ticks(s) + __atomic_load_n(&s->offset, __ATOMIC_RELAXED)) >> (offset & 4) * 8;
    }
    g_mutex_lock(&s->lock);
    uint64_t value = read64(s, (unsigned)offset & ~7u) >> (offset & 4) * 8;
    g_mutex_unlock(&s->lock);
    return value;
}

/* Half a register: the other half stays. Of the comparator the halves are two writes of a whole one. */
static void hpet_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    Hpet *s = opaque;
    unsigned reg = (unsigned)offset & ~7u, n = (reg - R_TIMER) / TIMER_STRIDE;
    g_mutex_lock(&s->lock);
    if (size == 4) {
        uint64_t old = reg == R_STATUS ? 0 : read64(s, reg);
        if (reg >= R_TIMER && n < TIMERS && (reg & 8) && (s->timers[n].config & T_PERIODIC) &&
            !(s->timers[n].config & T_SET_VALUE)) {
            old = s->timers[n].period;
        }
        /* a low half of a comparator begins a new value */
        value = offset & 4 ? (uint32_t)old | value << 32 : (old & ~(uint64_t)UINT32_MAX) | value;
    }
    write64(s, reg, value);
    g_mutex_unlock(&s->lock);
}

static const MmioOps hpet_ops = {
    .read = hpet_read, .write = hpet_write, .access_min = 1, .access_max = 8, .impl_min = 4, .impl_max = 8,
    .guard = MEM_GUARD_NONE,
};

/* --- life --- */
static void hpet_reset(DeviceState *dev)
{
    Hpet *s = (Hpet *)dev;
    g_mutex_lock(&s->lock);
    for (unsigned i = 0; i < TIMERS; i++) {
        s->timers[i].armed = false;
        timer_cancel(s->timers[i].timer);
    }
    g_mutex_unlock(&s->lock);
}

static bool hpet_realize(Object *obj, Error **errp)
{
    Hpet *s = (Hpet *)obj;
    Machine *m = s->sys.dev.machine;
    for (unsigned i = 0; i < TIMERS; i++) {
        s->timers[i].owner = s;
        s->timers[i].timer = timer_new(m->loop, CLOCK_KIND_VIRTUAL, fired, &s->timers[i]);
    }
    memory_region_init_mmio(&s->mmio, m, obj, &hpet_ops, s, "hpet", APERTURE);
    sys_add_mmio(&s->sys, &s->mmio);
    return true;
}

static void hpet_unrealize(Object *obj)
{
    Hpet *s = (Hpet *)obj;
    for (unsigned i = 0; i < TIMERS; i++) {
        timer_free(s->timers[i].timer);
    }
}

static void hpet_init(Object *obj) { g_mutex_init(&((Hpet *)obj)->lock); }
static void hpet_finalize(Object *obj) { g_mutex_clear(&((Hpet *)obj)->lock); }

#define TIMER_FIELDS(n)                                                                                                \
    FIELD(Hpet, timers[n].config, FIELD_U64, #n "-config", FIELD_STATE),                                               \
        FIELD(Hpet, timers[n].comparator, FIELD_U64, #n "-comparator", FIELD_STATE, .def = -1),                        \
        FIELD(Hpet, timers[n].period, FIELD_U64, #n "-period", FIELD_STATE),                                           \
        FIELD(Hpet, timers[n].target, FIELD_U64, #n "-target", FIELD_STATE),                                           \
        FIELD(Hpet, timers[n].armed, FIELD_BOOL, #n "-armed", FIELD_DERIVED)
static const Field hpet_fields[] = {
    FIELD(Hpet, config, FIELD_U64, "config", FIELD_STATE, .min = 0, .max = 3),
    FIELD(Hpet, status, FIELD_U64, "status", FIELD_STATE, .min = 0, .max = (1 << TIMERS) - 1),
    FIELD(Hpet, counter, FIELD_U64, "counter", FIELD_STATE),
    FIELD(Hpet, offset, FIELD_U64, "offset", FIELD_STATE),
    TIMER_FIELDS(0), TIMER_FIELDS(1), TIMER_FIELDS(2),
    FIELD(Hpet, legacy_in[0], FIELD_BOOL, "pit-line", FIELD_DERIVED),
    FIELD(Hpet, legacy_in[1], FIELD_BOOL, "rtc-line", FIELD_DERIVED),
    FIELD_END,
};
static const DeviceClass hpet_class = {.bus_type = "System", .category = DEVICE_CAT_MISC, .reset = hpet_reset};
static const TypeRecord hpet_type = {
    .name = TYPE_HPET, .parent = TYPE_SYS_DEVICE, .help = "high precision event timers", .instance_size = sizeof(Hpet),
    .class_kind = TYPE_DEVICE, .class_data = &hpet_class, .fields = hpet_fields, .init = hpet_init,
    .realize = hpet_realize, .unrealize = hpet_unrealize, .finalize = hpet_finalize,
};
TYPE_REGISTER(hpet_type);

DeviceState *hpet_create(Machine *m, uint64_t addr, const Irq *gsi, unsigned gsi_count, uint32_t intcap,
                         Irq legacy_irq0, Irq legacy_irq8, Error **errp)
{
    DeviceState *dev = device_new(m, TYPE_HPET);
    Hpet *s = (Hpet *)dev;
    for (unsigned i = 0; i < MIN(gsi_count, (unsigned)HPET_GSIS); i++) {
        s->gsi[i] = gsi[i];
    }
    s->intcap = intcap;
    s->legacy[0] = legacy_irq0;
    s->legacy[1] = legacy_irq8;
    if (!device_attach(dev, NULL, NULL, errp)) {
        return NULL;
    }
    sys_map(dev, 0, addr);
    return dev;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RISC-V ACLINT (specification 1.0-rc4): MSWI and SSWI software interrupts, MTIMER timers.
 *
 * mtime counts the machine's virtual clock at timebase-freq, plus an offset that changes when the guest writes it. A hart's timer line is
 * high while mtime >= mtimecmp; for a comparator in the future a timer of the main loop is armed.
 *
 * IPIs and timers are hot, so no register takes the machine lock. A software interrupt is one store to the hart's
 * lines. A comparator and its host timer change together under the comparator's own lock, so that a
 * timer that fires while the guest writes a later value cannot raise the line again afterwards.
 */
#include "hw/intc/riscv-aclint.h"
#include "hw/sysbus.h"
#include "util/bytes.h"

enum { SWI_REGISTERS = ACLINT_SWI_SIZE / 4, MTIME = 0x7ff8 };

/* --- software interrupts --- */
typedef struct AclintSwi {
    SysDevice sys;
    MemoryRegion mmio;
    uint32_t num_harts;
    bool sswi;       /* supervisor: edge, reads 0 */
    Irq *lines;
    uint8_t *raised; /* atomic */
} AclintSwi;

static uint64_t swi_read(void *opaque, uint32_t offset)
{
    AclintSwi *s = opaque;
    unsigned n = offset / 4;
    return n < s->num_harts && !s->sswi ? __atomic_load_n(&s->raised[n], __ATOMIC_ACQUIRE) : 0;
}

static void swi_write(void *opaque, uint32_t offset, uint64_t value)
{
    AclintSwi *s = opaque;
    unsigned n = offset / 4;
    if (n >= s->num_harts) {
        return;
    }
    if (s->sswi) {
        if (value & 1) {
            irq_set(&s->lines[n], 1); /* sets sip.SSIP, which only the hart clears */
        }
        return;
    }
    __atomic_store_n(&s->raised[n], value & 1, __ATOMIC_RELEASE);
    irq_set(&s->lines[n], value & 1);
}

static const RegisterRow swi_rows[] = {
    {0, 4, REG_RW, "msip", swi_read, swi_write, SWI_REGISTERS, 4},
    {0},
};
static const RegisterBlock swi_registers = {
    .name = TYPE_RISCV_ACLINT_SWI, .size = ACLINT_SWI_SIZE, .access_min = 4, .access_max = 4, .guard = MEM_GUARD_NONE,
    .rows = swi_rows,
};

void aclint_swi_connect(DeviceState *dev, unsigned n, Irq line)
{
    AclintSwi *s = (AclintSwi *)dev;
    g_assert(n < s->num_harts);
    s->lines[n] = line;
}

static void swi_reset(DeviceState *dev)
{
    AclintSwi *s = (AclintSwi *)dev;
    for (unsigned i = 0; i < s->num_harts; i++) {
        __atomic_store_n(&s->raised[i], 0, __ATOMIC_RELEASE);
        irq_set(&s->lines[i], 0);
    }
}

static bool swi_realize(Object *obj, Error **errp)
{
    AclintSwi *s = (AclintSwi *)obj;
    s->lines = g_new0(Irq, s->num_harts);
    s->raised = g_new0(uint8_t, s->num_harts);
    register_block_init(&s->mmio, s->sys.dev.machine, obj, &swi_registers, s);
    sys_add_mmio(&s->sys, &s->mmio);
    return true;
}

static void swi_finalize(Object *obj)
{
    AclintSwi *s = (AclintSwi *)obj;
    g_free(s->lines);
    g_free(s->raised);
}

static const Field swi_fields[] = {
    FIELD(AclintSwi, num_harts, FIELD_U32, "num-harts", FIELD_PROP, .def = 1, .min = 1, .max = ACLINT_HARTS_MAX,
          .help = "harts with a register"),
    FIELD(AclintSwi, sswi, FIELD_BOOL, "sswi", FIELD_PROP, .help = "supervisor level"),
    FIELD_END,
};
static const DeviceClass swi_class = {
    .bus_type = "System", .category = DEVICE_CAT_MISC, .reset = swi_reset, .registers = &swi_registers,
};
static const TypeRecord swi_type = {
    .name = TYPE_RISCV_ACLINT_SWI, .parent = TYPE_SYS_DEVICE, .help = "software interrupts of harts",
    .instance_size = sizeof(AclintSwi), .class_kind = TYPE_DEVICE, .class_data = &swi_class, .fields = swi_fields,
    .realize = swi_realize, .finalize = swi_finalize,
};
TYPE_REGISTER(swi_type);

/* --- timers --- */
struct AclintMtimer;
typedef struct Comparator {
    struct AclintMtimer *owner;
    GMutex lock;
    uint64_t value;
    Timer *timer;
    Irq line;
} Comparator;

typedef struct AclintMtimer {
    SysDevice sys;
    MemoryRegion mmio;
    uint32_t num_harts, frequency;
    uint64_t offset; /* mtime less the clock's count; atomic */
    Comparator *comparators;
    void (*changed)(void *opaque);
    void *changed_opaque;
} AclintMtimer;

static uint64_t clock_ticks(AclintMtimer *s)
{
    unsigned __int128 ns = virtual_clock_ns(s->sys.dev.machine->clock);
    return ns * s->frequency / NS_PER_SEC;
}

uint64_t aclint_mtime(void *mtimer)
{
    AclintMtimer *s = mtimer;
    return clock_ticks(s) + __atomic_load_n(&s->offset, __ATOMIC_RELAXED);
}

/* Line and host timer by the comparator's value; its lock is held. */
static void comparator_update(Comparator *c)
{
    AclintMtimer *s = c->owner;
    uint64_t now = aclint_mtime(s);
    if (now >= c->value) {
        timer_cancel(c->timer);
        irq_set(&c->line, 1);
        return;
    }
    irq_set(&c->line, 0);
    /* the clock's time at which mtime reaches the value, rounded up; never for one beyond the clock's range */
    uint64_t ticks = c->value - __atomic_load_n(&s->offset, __ATOMIC_RELAXED);
    unsigned __int128 ns = ((unsigned __int128)ticks * NS_PER_SEC + s->frequency - 1) / s->frequency;
    if (ns < INT64_MAX) {
        timer_set_ns(c->timer, ns);
    } else {
        timer_cancel(c->timer);
    }
}

static void comparator_fire(void *opaque)
{
    Comparator *c = opaque;
    g_mutex_lock(&c->lock);
    comparator_update(c);
    g_mutex_unlock(&c->lock);
}

static uint64_t mtimecmp_read(void *opaque, uint32_t offset)
{
    AclintMtimer *s = opaque;
    unsigned n = offset / 8;
    return n < s->num_harts ? __atomic_load_n(&s->comparators[n].value, __ATOMIC_RELAXED) : 0;
}

static void mtimecmp_write(void *opaque, uint32_t offset, uint64_t value)
{
    AclintMtimer *s = opaque;
    unsigned n = offset / 8;
    if (n < s->num_harts) {
        Comparator *c = &s->comparators[n];
        g_mutex_lock(&c->lock);
        __atomic_store_n(&c->value, value, __ATOMIC_RELAXED);
        comparator_update(c);
        g_mutex_unlock(&c->lock);
    }
}

static uint64_t mtime_read(void *opaque, uint32_t offset)
{
    return aclint_mtime(opaque);
}

static void mtime_write(void *opaque, uint32_t offset, uint64_t value)
{
    AclintMtimer *s = opaque;
    __atomic_store_n(&s->offset, value - clock_ticks(s), __ATOMIC_RELAXED);
    for (unsigned i = 0; i < s->num_harts; i++) {
        comparator_fire(&s->comparators[i]);
    }
    if (s->changed) {
        s->changed(s->changed_opaque);
    }
}

static const RegisterRow mtimer_rows[] = {
    {0, 8, REG_RW, "mtimecmp", mtimecmp_read, mtimecmp_write, ACLINT_HARTS_MAX, 8},
    {MTIME, 8, REG_RW, "mtime", mtime_read, mtime_write},
    {0},
};
static const RegisterBlock mtimer_registers = {
    .name = TYPE_RISCV_ACLINT_MTIMER, .size = ACLINT_MTIMER_SIZE, .access_min = 4, .access_max = 8,
    .guard = MEM_GUARD_NONE, .rows = mtimer_rows,
};

void aclint_mtimer_connect(DeviceState *dev, unsigned n, Irq line)
{
    AclintMtimer *s = (AclintMtimer *)dev;
    g_assert(n < s->num_harts);
    s->comparators[n].line = line;
}

void aclint_mtimer_set_hook(DeviceState *dev, void (*changed)(void *opaque), void *opaque)
{
    AclintMtimer *s = (AclintMtimer *)dev;
    s->changed = changed;
    s->changed_opaque = opaque;
}

static void mtimer_reset(DeviceState *dev)
{
    AclintMtimer *s = (AclintMtimer *)dev;
    /* mtime starts at 0, the comparators out of reach */
    for (unsigned i = 0; i < s->num_harts; i++) {
        Comparator *c = &s->comparators[i];
        g_mutex_lock(&c->lock);
        c->value = UINT64_MAX;
        timer_cancel(c->timer);
        irq_set(&c->line, 0);
        g_mutex_unlock(&c->lock);
    }
    __atomic_store_n(&s->offset, -clock_ticks(s), __ATOMIC_RELAXED);
}

static bool mtimer_realize(Object *obj, Error **errp)
{
    AclintMtimer *s = (AclintMtimer *)obj;
    Machine *m = s->sys.dev.machine;
    s->comparators = g_new0(Comparator, s->num_harts);
    for (unsigned i = 0; i < s->num_harts; i++) {
        Comparator *c = &s->comparators[i];
        c->owner = s;
        g_mutex_init(&c->lock);
        c->value = UINT64_MAX;
        c->timer = timer_new(m->loop, CLOCK_KIND_VIRTUAL, comparator_fire, c);
    }
    register_block_init(&s->mmio, m, obj, &mtimer_registers, s);
    sys_add_mmio(&s->sys, &s->mmio);
    return true;
}

static void mtimer_unrealize(Object *obj)
{
    AclintMtimer *s = (AclintMtimer *)obj;
    sys_remove_mmio(&s->sys);
    for (unsigned i = 0; i < s->num_harts; i++) {
        timer_free(s->comparators[i].timer);
        g_mutex_clear(&s->comparators[i].lock);
    }
    g_free(s->comparators);
    s->comparators = NULL;
    s->num_harts = 0;
}

static const Field mtimer_fields[] = {
    FIELD(AclintMtimer, num_harts, FIELD_U32, "num-harts", FIELD_PROP, .def = 1, .min = 1, .max = ACLINT_HARTS_MAX,
          .help = "harts with a comparator"),
    FIELD(AclintMtimer, frequency, FIELD_U32, "timebase-freq", FIELD_PROP, .def = ACLINT_TIMEBASE_HZ, .min = 1,
          .max = 1000000000, .help = "ticks of mtime per second"),
    FIELD_END,
};
static const DeviceClass mtimer_class = {
    .bus_type = "System", .category = DEVICE_CAT_MISC, .reset = mtimer_reset, .registers = &mtimer_registers,
};
static const TypeRecord mtimer_type = {
    .name = TYPE_RISCV_ACLINT_MTIMER, .parent = TYPE_SYS_DEVICE, .help = "machine timer of harts",
    .instance_size = sizeof(AclintMtimer), .class_kind = TYPE_DEVICE, .class_data = &mtimer_class,
    .fields = mtimer_fields, .realize = mtimer_realize, .unrealize = mtimer_unrealize,
};
TYPE_REGISTER(mtimer_type);

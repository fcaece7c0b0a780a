/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What connects local APICs: messages by destination (SDM 3A 11.6.2), MSIs (11.11), the MMIO window, PIC and NMI
 * lines; and the life of the devices.
 *
 * A message takes the lock of one APIC after the other, and the sender's own is not held: two CPUs may send to each
 * other. The list of APICs is complete before vCPUs run.
 */
#include <inttypes.h>

#include "apic-internal.h"
#include "util/trace.h"

TRACE_EVENT(apic_message, "to 0x%x %s mode %u vector 0x%02x");
TRACE_EVENT(apic_msi, "address 0x%" PRIx64 " data 0x%x");

enum { WINDOW = 0x100000, PAGE = 0x1000, OVER_RAM = 4096 };

/* --- destinations --- */
static bool logical_match(const LocalApic *a, uint32_t dest, bool wide)
{
    uint32_t ldr = __atomic_load_n(&a->ldr, __ATOMIC_RELAXED);
    if (apic_x2(a)) {
        return dest >> 16 == ldr >> 16 && (dest & ldr & 0xffff);
    }
    if (wide && dest > 0xff) {
        return false;
    }
    ldr >>= 24;
    if (__atomic_load_n(&a->dfr, __ATOMIC_RELAXED) >> 28 == 0xf) {
        return dest & ldr;
    }
    return (dest >> 4 == ldr >> 4 || dest >> 4 == 0xf) && (dest & ldr & 0xf);
}

static bool matches(const LocalApic *a, const ApicMessage *msg)
{
    if (msg->dest == (msg->wide ? UINT32_MAX : 0xff)) {
        return true;
    }
    if (msg->logical) {
        return logical_match(a, msg->dest, msg->wide);
    }
    return msg->dest == (apic_x2(a) ? a->id : __atomic_load_n(&a->xapic_id, __ATOMIC_RELAXED) >> 24);
}

static void deliver(LocalApic *a, const ApicMessage *msg)
{
    if (!apic_on(a)) {
        return;
    }
    switch (msg->mode) {
    case DM_FIXED: case DM_LOWEST:
        g_mutex_lock(&a->lock);
        apic_l_accept(a, msg->vector, msg->level);
        g_mutex_unlock(&a->lock);
        break;
    case DM_SMI: irq_set(&a->pins.smi, 1); break;
    case DM_NMI: irq_set(&a->pins.nmi, 1); break;
    case DM_INIT:
        g_mutex_lock(&a->lock);
        apic_l_reset(a);
        g_mutex_unlock(&a->lock);
        irq_set(&a->pins.init, 1);
        break;
    case DM_SIPI:
        if (a->pins.sipi) {
            a->pins.sipi(a->pins.opaque, msg->vector);
        }
        break;
    case DM_EXTINT:
        g_mutex_lock(&a->lock);
        a->extint = true;
        apic_l_update(a);
        g_mutex_unlock(&a->lock);
        break;
    default: break;
    }
}

void apic_send(ApicBus *bus, const ApicMessage *msg)
{
    LocalApic *lowest = NULL;
    uint32_t lowest_priority = UINT32_MAX;
    trace(apic_message, msg->dest, msg->logical ? "logical" : "physical", msg->mode, msg->vector);
    for (unsigned i = 0; i < bus->count; i++) {
        LocalApic *a = bus->apic[i];
        if (!matches(a, msg)) {
            continue;
        }
        if (msg->mode != DM_LOWEST) {
            deliver(a, msg);
            continue;
        }
        uint32_t p = apic_on(a) ? apic_priority(a) : UINT32_MAX - 1;
        if (p < lowest_priority) {
            lowest = a;
            lowest_priority = p;
        }
    }
    if (lowest) {
        deliver(lowest, msg);
    }
}

void apic_send_ipi(LocalApic *from, uint64_t icr, bool wide)
{
    ApicBus *bus = from->bus;
    unsigned shorthand = icr >> 18 & 3;
    ApicMessage msg = {
        .dest = (uint32_t)(wide ? icr >> 32 : icr >> 56), .logical = icr >> 11 & 1, .wide = wide, .mode = icr >> 8 & 7,
        .vector = (uint8_t)icr, .level = false,
    };
    if (msg.mode == DM_INIT && (icr & 0xc000) == 0x8000) {
        return; /* INIT level de-assert: no effect since the Pentium 4 */
    }
    if (msg.mode <= DM_LOWEST && msg.vector < 16) {
        g_mutex_lock(&from->lock);
        apic_l_error(from, ESR_SEND_VECTOR);
        g_mutex_unlock(&from->lock);
        return;
    }
    if (msg.mode == DM_EXTINT || msg.mode == DM_RESERVED) {
        return;
    }
    if (!shorthand) {
        apic_send(bus, &msg);
        return;
    }
    for (unsigned i = 0; i < bus->count; i++) {
        bool self = bus->apic[i] == from;
        if (shorthand == 1 ? self : shorthand == 2 || !self) {
            deliver(bus->apic[i], &msg);
        }
    }
}

void apic_deliver_msi(void *apics, uint64_t addr, uint32_t data)
{
    trace(apic_msi, addr, data);
    if (addr >> 20 != APIC_DEFAULT_ADDRESS >> 20) {
        return;
    }
    apic_send(apics, &(ApicMessage){
        .dest = addr >> 12 & 0xff, .logical = addr >> 2 & 1, .mode = data >> 8 & 7, .vector = (uint8_t)data,
        .level = data >> 15 & 1,
    });
}

/* --- lines --- */
static void lint_changed(void *opaque, int n, int level)
{
    ApicBus *bus = opaque;
    for (unsigned i = 0; i < bus->count; i++) {
        LocalApic *a = bus->apic[i];
        g_mutex_lock(&a->lock);
        bool rise = level && !a->lint[n];
        a->lint[n] = level;
        if (rise && apic_on(a)) {
            apic_l_local(a, n ? LVT_LINT1 : LVT_LINT0);
        } else if (rise && n) {
            irq_set(&a->pins.nmi, 1);
        }
        apic_l_update(a);
        g_mutex_unlock(&a->lock);
    }
}

Irq apic_pic_line(DeviceState *apics) { return irq_make(lint_changed, apics, 0); }
Irq apic_nmi_line(DeviceState *apics) { return irq_make(lint_changed, apics, 1); }

/* --- the window --- */
static LocalApic *own_apic(const ApicBus *bus)
{
    const CpuState *cpu = current_cpu;
    return cpu && cpu->machine == bus->sys.dev.machine && cpu->index < bus->count ? bus->apic[cpu->index] : NULL;
}

void apic_bus_move(ApicBus *bus, uint64_t address)
{
    if (address != APIC_DEFAULT_ADDRESS) {
        /* takes the machine lock */
        memory_map_overlap(bus->sys.dev.machine->system_memory, address, &bus->moved, OVER_RAM);
    }
}

/* Registers are 32 bits on 16-byte boundaries; a read of a part gets that part, a write of a part does nothing. */
static uint64_t window_read(void *opaque, uint64_t offset, unsigned size)
{
    LocalApic *a = own_apic(opaque);
    if (!a || offset >= PAGE || apic_address(a) != APIC_DEFAULT_ADDRESS) {
        return UINT32_MAX;
    }
    return (offset & 0xf) < 4 ? apic_mmio_read(a, offset) >> (offset & 3) * 8 : 0;
}

static void window_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    LocalApic *a = own_apic(opaque);
    if (!a || offset >= PAGE || apic_address(a) != APIC_DEFAULT_ADDRESS) {
        apic_deliver_msi(opaque, APIC_DEFAULT_ADDRESS + offset, (uint32_t)value);
    } else if (size == 4 && !(offset & 0xf)) {
        apic_mmio_write(a, offset, (uint32_t)value);
    }
}

static LocalApic *moved_apic(const ApicBus *bus)
{
    LocalApic *a = own_apic(bus);
    return a && apic_address(a) == bus->moved.addr ? a : NULL;
}

static uint64_t moved_read(void *opaque, uint64_t offset, unsigned size)
{
    LocalApic *a = moved_apic(opaque);
    return !a ? UINT32_MAX : (offset & 0xf) < 4 ? apic_mmio_read(a, offset) >> (offset & 3) * 8 : 0;
}

static void moved_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    LocalApic *a = moved_apic(opaque);
    if (a && size == 4 && !(offset & 0xf)) {
        apic_mmio_write(a, offset, (uint32_t)value);
    }
}

static const MmioOps moved_ops = {
    .read = moved_read, .write = moved_write, .impl_min = 1, .impl_max = 4, .guard = MEM_GUARD_NONE,
};
static const MmioOps window_ops = {
    .read = window_read, .write = window_write, .impl_min = 1, .impl_max = 4, .guard = MEM_GUARD_NONE,
};

void apic_print(LocalApic *a, FILE *out)
{
    g_mutex_lock(&a->lock);
    fprintf(out, "dumping local APIC state for CPU %u\n\n", a->index);
    static const char *const names[LVT_COUNT] = {"LVTT", "LVTTHMR", "LVTPC", "LVT0", "LVT1", "LVTERR"};
    for (unsigned i = 0; i < LVT_COUNT; i++) {
        fprintf(out, "%-8s 0x%08x\n", names[i], a->lvt[i]);
    }
    fprintf(out, "TIMER    DCR=0x%x initial_count = %u current_count = %u\n", a->divide, a->initial,
            apic_l_timer_current(a));
    fprintf(out, "SPIV     0x%08x APIC %s, base 0x%" PRIx64 "\n", a->svr, a->svr & SVR_ENABLE ? "enabled" : "disabled",
            a->base);
    fprintf(out, "ICR      0x%016" PRIx64 " ESR 0x%08x TPR 0x%02x LDR 0x%08x DFR 0x%08x\n", a->icr, a->esr, a->tpr,
            a->ldr, a->dfr);
    const struct {
        const char *name;
        const uint32_t *set;
    } sets[] = {{"ISR", a->isr}, {"IRR", a->irr}};
    for (unsigned i = 0; i < G_N_ELEMENTS(sets); i++) {
        fprintf(out, "%-8s", sets[i].name);
        for (unsigned v = 0; v < 256; v++) {
            if (sets[i].set[v / 32] >> (v % 32) & 1) {
                fprintf(out, " %u%s", v, a->tmr[v / 32] >> (v % 32) & 1 ? "(level)" : "");
            }
        }
        fputc('\n', out);
    }
    g_mutex_unlock(&a->lock);
}

/* --- life --- */
static void apic_device_reset(DeviceState *dev)
{
    LocalApic *a = (LocalApic *)dev;
    g_mutex_lock(&a->lock);
    __atomic_store_n(&a->base, APIC_DEFAULT_ADDRESS | APIC_BASE_ENABLE | (a->id ? 0 : APIC_BASE_BSP), __ATOMIC_RELAXED);
    a->fire_ns = 0; /* whatever is armed goes */
    apic_l_reset(a);
    g_mutex_unlock(&a->lock);
}

static bool apic_realize(Object *obj, Error **errp)
{
    LocalApic *a = (LocalApic *)obj;
    a->timer = timer_new(a->sys.dev.machine->loop, CLOCK_KIND_VIRTUAL, apic_timer_fired, a);
    return true;
}

static void apic_unrealize(Object *obj) { timer_free(((LocalApic *)obj)->timer); }
static void apic_init(Object *obj) { g_mutex_init(&((LocalApic *)obj)->lock); }
static void apic_finalize(Object *obj) { g_mutex_clear(&((LocalApic *)obj)->lock); }

static const Field apic_fields[] = {
    FIELD(LocalApic, base, FIELD_U64, "base", FIELD_STATE),
    FIELD(LocalApic, xapic_id, FIELD_U32, "xapic-id", FIELD_STATE),
    FIELD(LocalApic, ldr, FIELD_U32, "ldr", FIELD_STATE),
    FIELD(LocalApic, dfr, FIELD_U32, "dfr", FIELD_STATE),
    FIELD(LocalApic, tpr, FIELD_U32, "tpr", FIELD_STATE, .min = 0, .max = 0xff),
    FIELD(LocalApic, svr, FIELD_U32, "svr", FIELD_STATE),
    FIELD(LocalApic, esr, FIELD_U32, "esr", FIELD_STATE),
    FIELD(LocalApic, errors, FIELD_U32, "errors", FIELD_STATE),
    FIELD(LocalApic, icr, FIELD_U64, "icr", FIELD_STATE),
    FIELD(LocalApic, lvt, FIELD_U32, "lvt", FIELD_STATE, .count = LVT_COUNT),
    FIELD(LocalApic, irr, FIELD_U32, "irr", FIELD_STATE, .count = VECTOR_WORDS),
    FIELD(LocalApic, isr, FIELD_U32, "isr", FIELD_STATE, .count = VECTOR_WORDS),
    FIELD(LocalApic, tmr, FIELD_U32, "tmr", FIELD_STATE, .count = VECTOR_WORDS),
    FIELD(LocalApic, extint, FIELD_BOOL, "extint", FIELD_STATE),
    FIELD(LocalApic, divide, FIELD_U32, "divide", FIELD_STATE, .min = 0, .max = 0xb),
    FIELD(LocalApic, initial, FIELD_U32, "initial", FIELD_STATE),
    FIELD(LocalApic, start_ns, FIELD_I64, "start-ns", FIELD_STATE),
    FIELD(LocalApic, ended, FIELD_BOOL, "timer-ended", FIELD_STATE),
    FIELD(LocalApic, deadline, FIELD_U64, "deadline", FIELD_STATE),
    FIELD(LocalApic, lint[0], FIELD_BOOL, "lint0", FIELD_DERIVED),
    FIELD(LocalApic, lint[1], FIELD_BOOL, "lint1", FIELD_DERIVED),
    FIELD(LocalApic, intr, FIELD_BOOL, "intr", FIELD_DERIVED),
    FIELD(LocalApic, fire_ns, FIELD_I64, "fire-ns", FIELD_DERIVED),
    FIELD_END,
};
static const DeviceClass apic_class = {.bus_type = "System", .category = DEVICE_CAT_MISC, .reset = apic_device_reset};
static const TypeRecord apic_type = {
    .name = TYPE_APIC, .parent = TYPE_SYS_DEVICE, .help = "local APIC", .instance_size = sizeof(LocalApic),
    .class_kind = TYPE_DEVICE, .class_data = &apic_class, .fields = apic_fields, .init = apic_init,
    .realize = apic_realize, .unrealize = apic_unrealize, .finalize = apic_finalize,
};
TYPE_REGISTER(apic_type);

static bool bus_realize(Object *obj, Error **errp)
{
    ApicBus *bus = (ApicBus *)obj;
    memory_region_init_mmio(&bus->mmio, bus->sys.dev.machine, obj, &window_ops, bus, "apic-msi", WINDOW);
    sys_add_mmio(&bus->sys, &bus->mmio);
    memory_region_init_mmio(&bus->moved, bus->sys.dev.machine, obj, &moved_ops, bus, "apic-moved", PAGE);
    sys_add_mmio(&bus->sys, &bus->moved);
    return true;
}

static void bus_reset(DeviceState *dev) { memory_unmap(&((ApicBus *)dev)->moved); }

static const DeviceClass bus_class = {.bus_type = "System", .category = DEVICE_CAT_MISC, .reset = bus_reset};
static const TypeRecord bus_type = {
    .name = TYPE_APIC_BUS, .parent = TYPE_SYS_DEVICE, .help = "window and messages of local APICs",
    .instance_size = sizeof(ApicBus), .class_kind = TYPE_DEVICE, .class_data = &bus_class, .realize = bus_realize,
};
TYPE_REGISTER(bus_type);

DeviceState *apics_create(Machine *m, Error **errp)
{
    DeviceState *dev = device_new(m, TYPE_APIC_BUS);
    if (!device_attach(dev, NULL, NULL, errp)) {
        return NULL;
    }
    memory_map_overlap(m->system_memory, APIC_DEFAULT_ADDRESS, &((ApicBus *)dev)->mmio, OVER_RAM);
    return dev;
}

void apics_set_pic(DeviceState *apics, int (*ack)(void *pic), void *pic)
{
    ((ApicBus *)apics)->pic_ack = ack;
    ((ApicBus *)apics)->pic = pic;
}

void apics_add_eoi(DeviceState *apics, void (*eoi)(void *opaque, uint8_t vector), void *opaque)
{
    ((ApicBus *)apics)->eoi = eoi;
    ((ApicBus *)apics)->eoi_opaque = opaque;
}

LocalApic *apic_create(DeviceState *apics, uint32_t apic_id, const ApicPins *pins, Error **errp)
{
    ApicBus *bus = (ApicBus *)apics;
    if (bus->count >= APICS_MAX) {
        error_setg(errp, "more than %d CPUs: there is no further local APIC", APICS_MAX);
        return NULL;
    }
    LocalApic *a = (LocalApic *)device_new(apics->machine, TYPE_APIC);
    a->bus = bus;
    a->pins = *pins;
    a->id = apic_id;
    a->index = bus->count;
    if (!a->pins.tsc || !a->pins.tsc_hz) {
        a->pins.tsc_deadline = false;
    }
    if (!device_attach(DEVICE(a), NULL, NULL, errp)) {
        return NULL;
    }
    bus->apic[bus->count++] = a;
    return a;
}

LocalApic *apic_of_cpu(DeviceState *apics, unsigned cpu_index)
{
    ApicBus *bus = (ApicBus *)apics;
    return cpu_index < bus->count ? bus->apic[cpu_index] : NULL;
}

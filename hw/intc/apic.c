/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local APIC (SDM 3A chapter "Advanced Programmable Interrupt Controller"): what it accepts, its priorities, its
 * INTR output, and its registers as xAPIC and as x2APIC.
 *
 * An interrupt is accepted into IRR, moves to ISR when the CPU takes it, and leaves at EOI. INTR is high while the
 * best of IRR is in a higher class than PPR, or while an external interrupt (PIC) is let through: by LINT0 in ExtINT
 * mode, by an ExtINT message, or because the APIC is off and INTR is the PIC's.
 *
 * Six local vectors (version 0x14). A register that is not there sets an error bit and reads 0; as MSR it is refused.
 */
#include "apic-internal.h"
#include "util/log.h"
#include "util/trace.h"

TRACE_EVENT(apic_accept, "cpu %u vector 0x%02x level %d");
TRACE_EVENT(apic_take, "cpu %u vector 0x%02x");
TRACE_EVENT(apic_eoi, "cpu %u vector 0x%02x");
TRACE_EVENT(apic_write, "cpu %u register 0x%02x value 0x%x");

enum { VERSION = 0x14 | (LVT_COUNT - 1) << 16, SVR_WRITABLE = 0x3ff };

static const uint32_t lvt_writable[LVT_COUNT] = {
    [LVT_TIMER] = 0x700ff, [LVT_THERMAL] = 0x107ff, [LVT_PERF] = 0x107ff, [LVT_LINT0] = 0x1a7ff, [LVT_LINT1] = 0x1a7ff,
    [LVT_ERROR] = 0x100ff,
};

/* --- vectors --- */
static int highest(const uint32_t *set)
{
    for (int w = VECTOR_WORDS - 1; w >= 0; w--) {
        if (set[w]) {
            return w * 32 + 31 - __builtin_clz(set[w]);
        }
    }
    return -1;
}

static bool has(const uint32_t *set, unsigned v) { return set[v / 32] >> (v % 32) & 1; }
static void put(uint32_t *set, unsigned v) { set[v / 32] |= 1u << (v % 32); }
static void drop(uint32_t *set, unsigned v) { set[v / 32] &= ~(1u << (v % 32)); }

static uint32_t ppr(const LocalApic *a)
{
    int serving = highest(a->isr);
    uint32_t class = serving < 0 ? 0 : (uint32_t)serving & 0xf0;
    return (a->tpr & 0xf0) >= class ? a->tpr : class;
}

uint32_t apic_priority(LocalApic *a)
{
    g_mutex_lock(&a->lock);
    uint32_t p = a->svr & SVR_ENABLE ? ppr(a) : UINT32_MAX - 1;
    g_mutex_unlock(&a->lock);
    return p;
}

/* The vector the CPU would get; -1: none. */
static int wanted(const LocalApic *a)
{
    if (!(a->svr & SVR_ENABLE)) {
        return -1;
    }
    int v = highest(a->irr);
    return v >= 0 && (uint32_t)v >> 4 > ppr(a) >> 4 ? v : -1;
}

static bool external(const LocalApic *a)
{
    uint32_t lint0 = a->lvt[LVT_LINT0];
    bool wire = !apic_on(a) || (!(lint0 & LVT_MASKED) && (lint0 >> 8 & 7) == DM_EXTINT);
    return (wire && a->lint[0]) || a->extint;
}

void apic_l_update(LocalApic *a)
{
    bool intr = (apic_on(a) && wanted(a) >= 0) || external(a);
    if (intr != a->intr) {
        a->intr = intr;
        irq_set(&a->pins.intr, intr);
    }
}

void apic_l_accept(LocalApic *a, uint8_t vector, bool level)
{
    trace(apic_accept, a->index, vector, level);
    if (vector < 16) {
        apic_l_error(a, ESR_RECEIVE_VECTOR);
        return;
    }
    if (!(a->svr & SVR_ENABLE)) {
        return;
    }
    put(a->irr, vector);
    (level ? put : drop)(a->tmr, vector);
    apic_l_update(a);
}

void apic_l_error(LocalApic *a, uint32_t bit)
{
    if (!(a->errors & bit)) { /* each is told once until software looks */
        a->errors |= bit;
        apic_l_local(a, LVT_ERROR);
    }
}

void apic_l_local(LocalApic *a, unsigned n)
{
    uint32_t lvt = a->lvt[n];
    if (lvt & LVT_MASKED) {
        return;
    }
    switch (n == LVT_TIMER || n == LVT_ERROR ? DM_FIXED : lvt >> 8 & 7) {
    case DM_FIXED: apic_l_accept(a, (uint8_t)lvt, (n == LVT_LINT0 || n == LVT_LINT1) && (lvt & LVT_LEVEL)); break;
    case DM_SMI: irq_set(&a->pins.smi, 1); break;
    case DM_NMI: irq_set(&a->pins.nmi, 1); break;
    case DM_INIT: irq_set(&a->pins.init, 1); break;
    default: break; /* ExtINT is a level: apic_l_update() */
    }
}

int apic_ack(void *opaque)
{
    LocalApic *a = opaque;
    g_mutex_lock(&a->lock);
    int v = apic_on(a) ? wanted(a) : -1;
    bool outside = v < 0 && external(a);
    if (v >= 0) {
        drop(a->irr, (unsigned)v);
        put(a->isr, (unsigned)v);
    } else {
        a->extint = false;
    }
    apic_l_update(a);
    g_mutex_unlock(&a->lock);
    trace(apic_take, a->index, v);
    return outside && a->bus->pic_ack ? a->bus->pic_ack(a->bus->pic) : v;
}

/* Takes the lock; the I/O APIC is told without it. */
static void end_of_interrupt(LocalApic *a)
{
    g_mutex_lock(&a->lock);
    int v = highest(a->isr);
    bool level = v >= 0 && has(a->tmr, (unsigned)v);
    if (v >= 0) {
        drop(a->isr, (unsigned)v);
        apic_l_update(a);
    }
    g_mutex_unlock(&a->lock);
    trace(apic_eoi, a->index, v);
    if (level && a->bus->eoi) {
        a->bus->eoi(a->bus->eoi_opaque, (uint8_t)v);
    }
}

/* --- base, task priority --- */
uint64_t apic_get_base(void *opaque) { return apic_base(opaque); }

static uint32_t x2_ldr(const LocalApic *a) { return a->id >> 4 << 16 | 1u << (a->id & 15); }

bool apic_set_base(void *opaque, uint64_t base)
{
    LocalApic *a = opaque;
    uint64_t old = apic_base(a);
    uint64_t known = APIC_BASE_BSP | APIC_BASE_ENABLE | (a->pins.x2apic ? APIC_BASE_X2 : 0) | 0xffffffffff000ull;
    bool on = base & APIC_BASE_ENABLE, x2 = base & APIC_BASE_X2;
    if ((base & ~known) || (x2 && !on)) {
        return false;
    }
    if (on && x2 != !!(old & APIC_BASE_X2) && (!x2 || !(old & APIC_BASE_ENABLE))) {
        return false; /* x2APIC is entered from xAPIC and left by switching off: 11.12.5 */
    }
    g_mutex_lock(&a->lock);
    __atomic_store_n(&a->base, base, __ATOMIC_RELAXED);
    if (!on && (old & APIC_BASE_ENABLE)) {
        uint32_t tpr = a->tpr;
        apic_l_reset(a);
        a->tpr = tpr;
    } else if (x2 && !(old & APIC_BASE_X2)) {
        __atomic_store_n(&a->ldr, x2_ldr(a), __ATOMIC_RELAXED);
    }
    apic_l_update(a);
    g_mutex_unlock(&a->lock);
    if (on && ((base ^ old) & ~(uint64_t)0xfff)) {
        apic_bus_move(a->bus, apic_address(a));
    }
    return true;
}

static void set_tpr(LocalApic *a, uint32_t tpr)
{
    g_mutex_lock(&a->lock);
    a->tpr = tpr & 0xff;
    apic_l_update(a);
    g_mutex_unlock(&a->lock);
}

uint8_t apic_get_cr8(void *opaque)
{
    LocalApic *a = opaque;
    g_mutex_lock(&a->lock); /* another CPU's INIT may be resetting it */
    uint8_t v = (uint8_t)(a->tpr >> 4);
    g_mutex_unlock(&a->lock);
    return v;
}

void apic_set_cr8(void *opaque, uint8_t v) { set_tpr(opaque, (uint32_t)(v & 15) << 4); }

/* --- registers --- */
static bool known_register(unsigned reg)
{
    switch (reg) {
    case AR_ID: case AR_VERSION: case AR_TPR: case AR_APR: case AR_PPR: case AR_EOI: case AR_LDR: case AR_DFR:
    case AR_SVR: case AR_ESR: case AR_ICR: case AR_ICR_HIGH: case AR_TIMER_INITIAL: case AR_TIMER_CURRENT:
    case AR_TIMER_DIVIDE:
        return true;
    default:
        return (reg >= AR_ISR && reg < AR_IRR + VECTOR_WORDS) || (reg >= AR_LVT && reg < AR_LVT + LVT_COUNT);
    }
}

/* Lock held. */
static uint32_t read_register(LocalApic *a, unsigned reg)
{
    switch (reg) {
    case AR_ID: return apic_x2(a) ? a->id : a->xapic_id;
    case AR_VERSION: return VERSION;
    case AR_TPR: return a->tpr;
    case AR_PPR: return ppr(a);
    case AR_LDR: return a->ldr;
    case AR_DFR: return a->dfr;
    case AR_SVR: return a->svr;
    case AR_ESR: return a->esr;
    case AR_ICR: return (uint32_t)a->icr;
    case AR_ICR_HIGH: return (uint32_t)(a->icr >> 32);
    case AR_TIMER_INITIAL: return a->initial;
    case AR_TIMER_CURRENT: return apic_l_timer_current(a);
    case AR_TIMER_DIVIDE: return a->divide;
    default: break;
    }
    if (reg >= AR_LVT && reg < AR_LVT + LVT_COUNT) {
        return a->lvt[reg - AR_LVT];
    }
    if (reg >= AR_IRR) {
        return reg < AR_IRR + VECTOR_WORDS ? a->irr[reg - AR_IRR] : 0;
    }
    return reg >= AR_TMR ? a->tmr[reg - AR_TMR] : reg >= AR_ISR ? a->isr[reg - AR_ISR] : 0;
}

static void write_svr(LocalApic *a, uint32_t value)
{
    a->svr = value & SVR_WRITABLE;
    if (!(value & SVR_ENABLE)) {
        for (unsigned i = 0; i < LVT_COUNT; i++) {
            a->lvt[i] |= LVT_MASKED;
        }
        apic_l_timer_arm(a);
    }
}

static void write_lvt(LocalApic *a, unsigned n, uint32_t value)
{
    uint32_t old = a->lvt[n];
    value &= lvt_writable[n];
    if (n == LVT_TIMER && !a->pins.tsc_deadline) {
        value &= ~(uint32_t)(TIMER_DEADLINE << 17);
    }
    a->lvt[n] = value | (a->svr & SVR_ENABLE ? 0 : LVT_MASKED);
    if (n == LVT_TIMER) {
        if ((old ^ value) >> 17 & 3) {
            apic_l_timer_mode(a, old >> 17 & 3, value >> 17 & 3);
        }
        apic_l_timer_arm(a);
    }
}

/* Lock held; registers that send something are not here. */
static void write_register(LocalApic *a, unsigned reg, uint32_t value)
{
    switch (reg) {
    case AR_ID: __atomic_store_n(&a->xapic_id, value & 0xff000000, __ATOMIC_RELAXED); break;
    case AR_TPR: a->tpr = value & 0xff; break;
    case AR_LDR: __atomic_store_n(&a->ldr, value & 0xff000000, __ATOMIC_RELAXED); break;
    case AR_DFR: __atomic_store_n(&a->dfr, value | 0x0fffffff, __ATOMIC_RELAXED); break;
    case AR_SVR: write_svr(a, value); break;
    case AR_ESR:
        a->esr = a->errors;
        a->errors = 0;
        break;
    case AR_ICR_HIGH: a->icr = (uint32_t)a->icr | (uint64_t)(value & 0xff000000) << 32; break;
    case AR_TIMER_INITIAL:
        if ((a->lvt[LVT_TIMER] >> 17 & 3) != TIMER_DEADLINE) {
            apic_l_timer_start(a, value);
        }
        break;
    case AR_TIMER_DIVIDE:
        a->divide = value & 0xb;
        apic_l_timer_arm(a);
        break;
    default:
        if (reg >= AR_LVT && reg < AR_LVT + LVT_COUNT) {
            write_lvt(a, reg - AR_LVT, value);
        }
        break;
    }
    apic_l_update(a);
}

/* xAPIC: the upper half was written before. */
static void send_icr(LocalApic *a, uint64_t value, bool wide)
{
    g_mutex_lock(&a->lock);
    uint64_t icr = wide ? value : (a->icr & 0xff00000000000000ull) | (value & 0xccfff);
    a->icr = icr;
    g_mutex_unlock(&a->lock);
    apic_send_ipi(a, icr, wide);
}

uint64_t apic_mmio_read(LocalApic *a, uint64_t offset)
{
    unsigned reg = offset >> 4 & 0xff;
    if (!apic_on(a) || apic_x2(a)) {
        return UINT32_MAX;
    }
    g_mutex_lock(&a->lock);
    uint32_t value = read_register(a, reg);
    if (!known_register(reg)) {
        apic_l_error(a, ESR_REGISTER);
    }
    g_mutex_unlock(&a->lock);
    return value;
}

void apic_mmio_write(LocalApic *a, uint64_t offset, uint32_t value)
{
    unsigned reg = offset >> 4 & 0xff;
    if (!apic_on(a) || apic_x2(a)) {
        return;
    }
    trace(apic_write, a->index, reg, value);
    if (reg == AR_EOI) {
        end_of_interrupt(a);
    } else if (reg == AR_ICR) {
        send_icr(a, value, false);
    } else {
        g_mutex_lock(&a->lock);
        if (!known_register(reg)) {
            apic_l_error(a, ESR_REGISTER);
        }
        write_register(a, reg, value);
        g_mutex_unlock(&a->lock);
    }
}

/* --- x2APIC --- */
static bool deadline_msr(LocalApic *a, uint64_t *get, uint64_t set)
{
    if (!a->pins.tsc_deadline) {
        return false;
    }
    g_mutex_lock(&a->lock);
    bool mode = (a->lvt[LVT_TIMER] >> 17 & 3) == TIMER_DEADLINE;
    if (get) {
        *get = mode ? a->deadline : 0;
    } else if (mode) {
        a->deadline = set;
        apic_l_timer_arm(a);
    }
    g_mutex_unlock(&a->lock);
    return true;
}

bool apic_read_msr(void *opaque, uint32_t index, uint64_t *value)
{
    LocalApic *a = opaque;
    if (index == APIC_TSC_DEADLINE) {
        return deadline_msr(a, value, 0);
    }
    if (!apic_x2(a) || !known_register(index) || index == AR_APR || index == AR_EOI || index == AR_DFR ||
        index == AR_ICR_HIGH) {
        return false;
    }
    g_mutex_lock(&a->lock);
    *value = index == AR_ICR ? a->icr : read_register(a, index);
    g_mutex_unlock(&a->lock);
    return true;
}

/* Bits that may be 1 in a write; 0 also for registers that take only 0; UINT64_MAX: cannot be written. */
static uint64_t x2_writable(const LocalApic *a, uint32_t reg)
{
    switch (reg) {
    case AR_TPR: case AR_SELF_IPI: return 0xff;
    case AR_SVR: return SVR_WRITABLE;
    case AR_EOI: case AR_ESR: return 0;
    case AR_ICR: return 0xffffffff000ccfffull;
    case AR_TIMER_INITIAL: return UINT32_MAX;
    case AR_TIMER_DIVIDE: return 0xb;
    default: break;
    }
    if (reg >= AR_LVT && reg < AR_LVT + LVT_COUNT) {
        bool lint = reg == AR_LVT + LVT_LINT0 || reg == AR_LVT + LVT_LINT1;
        return lvt_writable[reg - AR_LVT] | 0x1000 | (lint ? 0x4000 : 0); /* and what is read only */
    }
    return UINT64_MAX;
}

bool apic_write_msr(void *opaque, uint32_t index, uint64_t value)
{
    LocalApic *a = opaque;
    if (index == APIC_TSC_DEADLINE) {
        return deadline_msr(a, NULL, value);
    }
    uint64_t writable = apic_x2(a) ? x2_writable(a, index) : UINT64_MAX;
    if (writable == UINT64_MAX || (value & ~writable)) {
        return false;
    }
    trace(apic_write, a->index, index, (uint32_t)value);
    switch (index) {
    case AR_EOI: end_of_interrupt(a); break;
    case AR_ICR: send_icr(a, value, true); break;
    case AR_SELF_IPI: /* fixed, edge, to itself: 11.12.11 */
        g_mutex_lock(&a->lock);
        apic_l_accept(a, (uint8_t)value, false);
        g_mutex_unlock(&a->lock);
        break;
    default:
        g_mutex_lock(&a->lock);
        write_register(a, index, (uint32_t)value);
        g_mutex_unlock(&a->lock);
        break;
    }
    return true;
}

/* --- reset --- */
void apic_l_reset(LocalApic *a)
{
    apic_l_timer_stop(a);
    a->tpr = a->esr = a->errors = 0;
    a->icr = 0;
    a->svr = 0xff;
    __atomic_store_n(&a->xapic_id, a->id << 24, __ATOMIC_RELAXED);
    __atomic_store_n(&a->ldr, apic_x2(a) ? x2_ldr(a) : 0, __ATOMIC_RELAXED);
    __atomic_store_n(&a->dfr, UINT32_MAX, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < LVT_COUNT; i++) {
        a->lvt[i] = LVT_MASKED;
    }
    if (apic_base(a) & APIC_BASE_BSP) {
        a->lvt[LVT_LINT0] = DM_EXTINT << 8; /* virtual wire, as firmware leaves it: for what starts without any */
    }
    for (unsigned i = 0; i < VECTOR_WORDS; i++) {
        a->irr[i] = a->isr[i] = a->tmr[i] = 0;
    }
    a->extint = a->ended = false;
    a->divide = a->initial = 0;
    a->deadline = 0;
    apic_l_update(a);
}

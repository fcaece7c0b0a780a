/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SiFive platform-level interrupt controller (RISC-V PLIC specification 1.0.0).
 *
 * Each source has a gateway: a level that is high makes the source pending once; the next request is let through only
 * after the handler has completed this one, and if the level is still high then, the source is pending again at once. A
 * request that was made stays even when the level falls.
 *
 * A context is one privilege mode of one hart. Its line is high while an enabled pending source has a priority
 * above the context's threshold. A claim takes the best enabled pending source whatever the threshold is.
 *
 * Registers are hot (two accesses per interrupt), so the device has its own lock and its MMIO takes no machine lock.
 * Lock order: machine lock, this lock, a vCPU's work_lock.
 */
#include <string.h>

#include "hw/intc/sifive-plic.h"
#include "hw/sysbus.h"
#include "util/log.h"
#include "util/trace.h"

TRACE_EVENT(plic_claim, "context %u source %u");
TRACE_EVENT(plic_complete, "context %u source %u");
TRACE_EVENT(plic_line, "source %u level %d");

enum {
    WORDS = PLIC_SOURCES_MAX / 32,
    PRIORITY = 0x0, PENDING = 0x1000, ENABLE = 0x2000, ENABLE_STRIDE = 0x80,
    CONTEXT = 0x200000, CONTEXT_STRIDE = 0x1000, CLAIM = 4, APERTURE = 0x600000,
};

typedef struct PlicContext {
    uint32_t enable[WORDS];
    uint32_t threshold;
    Irq line;
    bool raised;
} PlicContext;

typedef struct Plic {
    SysDevice sys;
    MemoryRegion mmio;
    GMutex lock;
    uint32_t sources, max_priority; /* properties; source 0 does not exist but is counted */
    uint32_t priority[PLIC_SOURCES_MAX];
    uint32_t level[WORDS], pending[WORDS], claimed[WORDS];
    PlicContext *contexts[PLIC_CONTEXTS_MAX];
    unsigned context_count;
} Plic;

static unsigned word_count(const Plic *p) { return (p->sources + 31) / 32; }

/* Best enabled pending source of a context with a priority above @floor; 0: none. The lowest number wins a tie. */
static unsigned best_source(const Plic *p, const PlicContext *c, uint32_t floor)
{
    unsigned best = 0;
    uint32_t best_priority = floor;
    for (unsigned w = 0; w < word_count(p); w++) {
        for (uint32_t bits = p->pending[w] & c->enable[w]; bits; bits &= bits - 1) {
            unsigned n = w * 32 + __builtin_ctz(bits);
            if (p->priority[n] > best_priority) {
                best = n;
                best_priority = p->priority[n];
            }
        }
    }
    return best;
}

static void update_context(Plic *p, PlicContext *c)
{
    bool raise = best_source(p, c, c->threshold) != 0;
    if (raise != c->raised) {
        c->raised = raise;
        irq_set(&c->line, raise);
    }
}

static void update_source(Plic *p, unsigned n)
{
    for (unsigned i = 0; i < p->context_count; i++) {
        if (p->contexts[i]->enable[n / 32] >> (n % 32) & 1) {
            update_context(p, p->contexts[i]);
        }
    }
}

/* The gateway: a high level that nobody serves becomes a request. */
static void gateway(Plic *p, unsigned n)
{
    uint32_t bit = 1u << (n % 32), w = n / 32;
    if ((p->level[w] & bit) && !(p->claimed[w] & bit)) {
        p->pending[w] |= bit;
    }
}

static void input(void *opaque, int n, int level)
{
    Plic *p = opaque;
    uint32_t bit = 1u << (n % 32), w = n / 32;
    trace(plic_line, (unsigned)n, level);
    g_mutex_lock(&p->lock);
    if (!level) {
        p->level[w] &= ~bit;
    } else if (!(p->level[w] & bit)) {
        p->level[w] |= bit;
        gateway(p, n);
        update_source(p, n);
    }
    g_mutex_unlock(&p->lock);
}

Irq plic_line(DeviceState *plic, unsigned n)
{
    Plic *p = (Plic *)plic;
    g_assert(n > 0 && n < p->sources);
    return irq_make(input, p, n);
}

void plic_add_context(DeviceState *plic, Irq line)
{
    Plic *p = (Plic *)plic;
    g_assert(p->context_count < PLIC_CONTEXTS_MAX);
    PlicContext *c = g_new0(PlicContext, 1);
    c->line = line;
    p->contexts[p->context_count++] = c;
}

/* --- registers --- */
static uint64_t priority_read(void *opaque, uint32_t offset)
{
    Plic *p = opaque;
    return offset / 4 < p->sources ? p->priority[offset / 4] : 0;
}

static void priority_write(void *opaque, uint32_t offset, uint64_t value)
{
    Plic *p = opaque;
    unsigned n = offset / 4;
    if (!n || n >= p->sources) {
        log_if(LOG_GUEST_ERROR, "plic: priority of source %u, there are %u\n", n, p->sources - 1);
        return;
    }
    g_mutex_lock(&p->lock);
    p->priority[n] = value & p->max_priority; /* as many bits as there are: a larger value is cut off */
    update_source(p, n);
    g_mutex_unlock(&p->lock);
}

static uint64_t pending_read(void *opaque, uint32_t offset)
{
    Plic *p = opaque;
    return p->pending[(offset - PENDING) / 4];
}

static PlicContext *context_at(Plic *p, unsigned index)
{
    if (index >= p->context_count) {
        log_if(LOG_GUEST_ERROR, "plic: context %u, there are %u\n", index, p->context_count);
        return NULL;
    }
    return p->contexts[index];
}

static uint64_t enable_read(void *opaque, uint32_t offset)
{
    PlicContext *c = context_at(opaque, (offset - ENABLE) / ENABLE_STRIDE);
    return c ? c->enable[(offset - ENABLE) % ENABLE_STRIDE / 4] : 0;
}

static void enable_write(void *opaque, uint32_t offset, uint64_t value)
{
    Plic *p = opaque;
    PlicContext *c = context_at(p, (offset - ENABLE) / ENABLE_STRIDE);
    unsigned w = (offset - ENABLE) % ENABLE_STRIDE / 4;
    if (!c || w >= word_count(p)) {
        return;
    }
    uint32_t valid = p->sources - w * 32 >= 32 ? UINT32_MAX : (1u << (p->sources % 32)) - 1;
    g_mutex_lock(&p->lock);
    c->enable[w] = value & valid & (w ? UINT32_MAX : ~1u);
    update_context(p, c);
    g_mutex_unlock(&p->lock);
}

static uint64_t threshold_read(void *opaque, uint32_t offset)
{
    PlicContext *c = context_at(opaque, (offset - CONTEXT) / CONTEXT_STRIDE);
    return c ? c->threshold : 0;
}

static void threshold_write(void *opaque, uint32_t offset, uint64_t value)
{
    Plic *p = opaque;
    PlicContext *c = context_at(p, (offset - CONTEXT) / CONTEXT_STRIDE);
    if (c) {
        g_mutex_lock(&p->lock);
        c->threshold = value & p->max_priority;
        update_context(p, c);
        g_mutex_unlock(&p->lock);
    }
}

static uint64_t claim_read(void *opaque, uint32_t offset)
{
    Plic *p = opaque;
    unsigned index = (offset - CONTEXT) / CONTEXT_STRIDE;
    PlicContext *c = context_at(p, index);
    if (!c) {
        return 0;
    }
    g_mutex_lock(&p->lock);
    unsigned n = best_source(p, c, 0);
    if (n) {
        p->pending[n / 32] &= ~(1u << (n % 32));
        p->claimed[n / 32] |= 1u << (n % 32);
        update_source(p, n);
    }
    g_mutex_unlock(&p->lock);
    trace(plic_claim, index, n);
    return n;
}

static void complete_write(void *opaque, uint32_t offset, uint64_t value)
{
    Plic *p = opaque;
    unsigned index = (offset - CONTEXT) / CONTEXT_STRIDE;
    PlicContext *c = context_at(p, index);
    if (!c || value >= p->sources || !(c->enable[value / 32] >> (value % 32) & 1)) {
        log_if(LOG_GUEST_ERROR, "plic: context %u completes source %u, which it has not enabled\n", index,
               (unsigned)value);
        return;
    }
    unsigned n = value;
    trace(plic_complete, index, n);
    g_mutex_lock(&p->lock);
    p->claimed[n / 32] &= ~(1u << (n % 32));
    gateway(p, n);
    update_source(p, n);
    g_mutex_unlock(&p->lock);
}

static const RegisterRow rows[] = {
    {PRIORITY, 4, REG_RW, "priority", priority_read, priority_write, PLIC_SOURCES_MAX, 4},
    {PENDING, 4, REG_R, "pending", pending_read, NULL, WORDS, 4},
    /* one word for each 32 sources of each context: a plain array over the whole area */
    {ENABLE, 4, REG_RW, "enable", enable_read, enable_write, PLIC_CONTEXTS_MAX * ENABLE_STRIDE / 4, 4},
    {CONTEXT, 4, REG_RW, "threshold", threshold_read, threshold_write, PLIC_CONTEXTS_MAX, CONTEXT_STRIDE},
    {CONTEXT + CLAIM, 4, REG_RW, "claim", claim_read, complete_write, PLIC_CONTEXTS_MAX, CONTEXT_STRIDE},
    {0},
};
static const RegisterBlock plic_registers = {
    .name = TYPE_SIFIVE_PLIC, .size = APERTURE, .access_min = 4, .access_max = 4, .guard = MEM_GUARD_NONE, .rows = rows,
};

static void plic_reset(DeviceState *dev)
{
    Plic *p = (Plic *)dev;
    g_mutex_lock(&p->lock);
    for (unsigned i = 0; i < p->context_count; i++) {
        PlicContext *c = p->contexts[i];
        memset(c->enable, 0, sizeof(c->enable));
        c->threshold = 0;
        c->raised = false;
        irq_set(&c->line, 0);
    }
    g_mutex_unlock(&p->lock);
}

static bool plic_realize(Object *obj, Error **errp)
{
    Plic *p = (Plic *)obj;
    register_block_init(&p->mmio, p->sys.dev.machine, obj, &plic_registers, p);
    sys_add_mmio(&p->sys, &p->mmio);
    return true;
}

static void plic_init(Object *obj)
{
    g_mutex_init(&((Plic *)obj)->lock);
}

static void plic_finalize(Object *obj)
{
    Plic *p = (Plic *)obj;
    for (unsigned i = 0; i < p->context_count; i++) {
        g_free(p->contexts[i]);
    }
    g_mutex_clear(&p->lock);
}

static const Field plic_fields[] = {
    FIELD(Plic, sources, FIELD_U32, "num-sources", FIELD_PROP, .def = 96, .min = 1, .max = PLIC_SOURCES_MAX,
          .help = "interrupt sources, counting source 0, which does not exist"),
    FIELD(Plic, max_priority, FIELD_U32, "num-priorities", FIELD_PROP, .def = 7, .min = 1, .max = 7,
          .help = "highest priority, a power of two less one"),
    FIELD(Plic, priority, FIELD_U32, "priority", FIELD_STATE, .count = PLIC_SOURCES_MAX),
    FIELD(Plic, level, FIELD_U32, "level", FIELD_STATE, .count = WORDS),
    FIELD(Plic, pending, FIELD_U32, "pending", FIELD_STATE, .count = WORDS),
    FIELD(Plic, claimed, FIELD_U32, "claimed", FIELD_STATE, .count = WORDS),
    FIELD_END,
};
static const DeviceClass plic_class = {
    .bus_type = "System", .category = DEVICE_CAT_MISC, .reset = plic_reset, .registers = &plic_registers,
};
static const TypeRecord plic_type = {
    .name = TYPE_SIFIVE_PLIC, .parent = TYPE_SYS_DEVICE, .help = "platform-level interrupt controller",
    .instance_size = sizeof(Plic), .class_kind = TYPE_DEVICE, .class_data = &plic_class, .fields = plic_fields,
    .init = plic_init, .realize = plic_realize, .finalize = plic_finalize,
};
TYPE_REGISTER(plic_type);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PM1 registers, timer, general purpose events and APM ports. See acpi-pm.h.
 *
 * The status bit of the timer is set whenever bit 23 of the count changes; it is looked at when the status is read, and a host
 * timer runs only while the guest wants the interrupt.
 */
#include "acpi-pm.h"

#include <string.h>

#include "util/log.h"

#define PM_TIMER_HZ 3579545
enum { PM_EN_BITS = PM_STS_TIMER | PM_STS_GLOBAL | PM_STS_POWER | PM_STS_RTC };

static uint64_t ticks_at(int64_t ns) { return (uint64_t)((unsigned __int128)ns * PM_TIMER_HZ / NS_PER_SEC); }
static int64_t ns_of(uint64_t ticks) { return (int64_t)(((unsigned __int128)ticks * NS_PER_SEC + PM_TIMER_HZ - 1) / PM_TIMER_HZ); }
static int64_t now(const AcpiPm *pm) { return virtual_clock_ns(pm->machine->clock); }

static void next_overflow(AcpiPm *pm)
{
    pm->overflow_ns = ns_of((ticks_at(now(pm)) + 0x800000) & ~0x7fffffull);
}

static void look_at_timer(AcpiPm *pm)
{
    if (now(pm) >= pm->overflow_ns) {
        pm->sts |= PM_STS_TIMER;
    }
}

static void update_sci(AcpiPm *pm)
{
    look_at_timer(pm);
    bool level = pm->sts & pm->en & PM_EN_BITS;
    for (unsigned i = 0; i < pm->gpe_bytes / 2u; i++) {
        level |= pm->gpe_regs[i] & pm->gpe_regs[pm->gpe_bytes / 2 + i];
    }
    irq_set(&pm->sci, level);
    if ((pm->en & PM_STS_TIMER) && !(pm->sts & PM_STS_TIMER)) {
        timer_set_ns(pm->overflow, pm->overflow_ns);
    } else {
        timer_cancel(pm->overflow);
    }
}

static void overflow(void *opaque) { update_sci(opaque); }

/* --- PM1 event --- */
static uint64_t event_read(void *opaque, uint64_t offset, unsigned size)
{
    AcpiPm *pm = opaque;
    if (offset == 0) {
        look_at_timer(pm);
        return pm->sts;
    }
    return pm->en;
}

static void event_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    AcpiPm *pm = opaque;
    if (offset == 0) {
        look_at_timer(pm);
        if (pm->sts & value & PM_STS_TIMER) {
            next_overflow(pm);
        }
        pm->sts &= (uint16_t)~value;
    } else {
        pm->en = value & PM_EN_BITS;
    }
    update_sci(pm);
}
static const MmioOps event_ops = {.read = event_read, .write = event_write, .access_min = 1, .access_max = 4, .impl_min = 2, .impl_max = 2};

/* --- PM1 control --- */
static void sleep_now(AcpiPm *pm, unsigned type)
{
    if (type == 0 || type == pm->s4_value) { /* S5; S4 is the guest's own doing */
        machine_request_shutdown(pm->machine, SHUTDOWN_GUEST, 0);
    } else {
        log_if(LOG_UNIMP, "acpi: sleep type %u is not there: S3 is not offered\n", type);
    }
}

static uint64_t control_read(void *opaque, uint64_t offset, unsigned size)
{
    return offset == 0 ? ((AcpiPm *)opaque)->cnt : 0;
}

static void control_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    AcpiPm *pm = opaque;
    if (offset) {
        return;
    }
    pm->cnt = value & 0xffff & ~PM_CNT_SLEEP;
    if (value & PM_CNT_SLEEP) {
        sleep_now(pm, value >> 10 & 7);
    }
}
static const MmioOps control_ops = {.read = control_read, .write = control_write, .access_min = 1, .access_max = 4, .impl_min = 2, .impl_max = 2};

/* --- timer: 24 bits --- */
static uint64_t timer_read(void *opaque, uint64_t offset, unsigned size)
{
    return ticks_at(now(opaque)) & 0xffffff;
}
static void timer_write(void *opaque, uint64_t offset, uint64_t value, unsigned size) {}
static const MmioOps timer_ops = {
    .read = timer_read, .write = timer_write, .access_min = 1, .access_max = 4, .impl_min = 4, .impl_max = 4, .guard = MEM_GUARD_NONE,
};

/* --- general purpose events --- */
static uint64_t gpe_read(void *opaque, uint64_t offset, unsigned size) { return ((AcpiPm *)opaque)->gpe_regs[offset]; }

static void gpe_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    AcpiPm *pm = opaque;
    if (offset < pm->gpe_bytes / 2u) {
        pm->gpe_regs[offset] &= (uint8_t)~value;
    } else {
        pm->gpe_regs[offset] = (uint8_t)value;
    }
    update_sci(pm);
}
static const MmioOps gpe_ops = {.read = gpe_read, .write = gpe_write, .access_min = 1, .access_max = 4, .impl_min = 1, .impl_max = 1, .allow_unaligned = true};

void acpi_pm_set_gpe(AcpiPm *pm, unsigned n, bool level)
{
    if (level && n / 8 < pm->gpe_bytes / 2u) {
        pm->gpe_regs[n / 8] |= (uint8_t)(1u << (n & 7));
    }
    update_sci(pm);
}

/* --- APM: command 0xb2, status 0xb3 --- */
static uint64_t apm_read(void *opaque, uint64_t offset, unsigned size)
{
    AcpiPm *pm = opaque;
    return offset == 0 ? pm->apm_cnt : pm->apm_sts;
}

static void apm_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    AcpiPm *pm = opaque;
    if (offset) {
        pm->apm_sts = (uint8_t)value;
        return;
    }
    pm->apm_cnt = (uint8_t)value;
    if (value == pm->acpi_enable) {
        pm->cnt |= PM_CNT_SCI_EN;
    } else if (value == pm->acpi_disable) {
        pm->cnt &= (uint16_t)~PM_CNT_SCI_EN;
    }
    if (pm->smi) {
        pm->smi(pm->smi_opaque);
    }
}
static const MmioOps apm_ops = {.read = apm_read, .write = apm_write, .access_min = 1, .access_max = 2, .impl_min = 1, .impl_max = 1};

/* --- life --- */
void acpi_pm_init(AcpiPm *pm, Machine *m, Object *owner, unsigned window, uint8_t gpe_bytes)
{
    pm->machine = m;
    pm->gpe_bytes = MIN(gpe_bytes, PM_GPE_MAX);
    pm->overflow = timer_new(m->loop, CLOCK_KIND_VIRTUAL, overflow, pm);
    memory_region_init(&pm->io, m, owner, "acpi-pm", window);
    memory_region_init_mmio(&pm->event, m, owner, &event_ops, pm, "acpi-evt", 4);
    memory_region_init_mmio(&pm->control, m, owner, &control_ops, pm, "acpi-cnt", 4);
    memory_region_init_mmio(&pm->timer, m, owner, &timer_ops, pm, "acpi-tmr", 4);
    memory_region_init_mmio(&pm->apm, m, owner, &apm_ops, pm, "apm-io", 2);
    memory_map(&pm->io, 0, &pm->event);
    memory_map(&pm->io, 4, &pm->control);
    memory_map(&pm->io, 8, &pm->timer);
    if (gpe_bytes) {
        memory_region_init_mmio(&pm->gpe, m, owner, &gpe_ops, pm, "acpi-gpe0", gpe_bytes);
    }
}

void acpi_pm_destroy(AcpiPm *pm)
{
    MemoryRegion *const all[] = {&pm->event, &pm->control, &pm->timer, &pm->gpe, &pm->apm, &pm->io};
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
        memory_region_destroy(all[i]);
    }
    g_clear_pointer(&pm->overflow, timer_free);
}

void acpi_pm_reset(AcpiPm *pm)
{
    pm->sts = pm->en = pm->cnt = 0;
    memset(pm->gpe_regs, 0, sizeof(pm->gpe_regs));
    pm->apm_cnt = pm->apm_sts = 0;
    next_overflow(pm);
    update_sci(pm);
}

void acpi_pm_power_button(void *opaque)
{
    AcpiPm *pm = opaque;
    pm->sts |= PM_STS_POWER;
    update_sci(pm);
}

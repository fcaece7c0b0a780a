/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Goldfish RTC: nanoseconds since 1970 in two halves, and one alarm. Reading TIME_LOW latches TIME_HIGH.
 *
 * The time is the host's wall clock plus an offset that the guest changes by writing the time (high half first).
 * Guarded by the machine lock.
 */
#include "hw/sysbus.h"

typedef struct GoldfishRtc {
    SysDevice sys;
    MemoryRegion mmio;
    Timer *timer;
    int64_t offset;      /* added to the host's clock */
    uint64_t alarm;      /* ns */
    uint32_t alarm_high, time_high, time_high_write;
    bool alarm_running, irq_pending, irq_enabled;
} GoldfishRtc;

/* The host's wall clock, moved by -rtc base=. */
static uint64_t base_ns(GoldfishRtc *s) { return (uint64_t)hosttime_ns() + (uint64_t)s->sys.dev.machine->rtc_offset_ns; }

static uint64_t now_ns(GoldfishRtc *s) { return base_ns(s) + (uint64_t)s->offset; }

static void update_line(GoldfishRtc *s)
{
    irq_set(&s->sys.irq[0], s->irq_pending && s->irq_enabled);
}

static void alarm_set(GoldfishRtc *s)
{
    uint64_t now = now_ns(s);
    if (s->alarm <= now) {
        s->alarm_running = false;
        timer_cancel(s->timer);
        s->irq_pending = true;
        update_line(s);
        return;
    }
    s->alarm_running = true;
    uint64_t host = s->alarm - (uint64_t)s->offset - (uint64_t)s->sys.dev.machine->rtc_offset_ns;
    timer_set_ns(s->timer, host < INT64_MAX ? (int64_t)host : INT64_MAX - 1);
}

static void alarm_fire(void *opaque)
{
    GoldfishRtc *s = opaque;
    s->alarm_running = false;
    s->irq_pending = true;
    update_line(s);
}

static uint64_t time_low_read(void *opaque, uint32_t offset)
{
    GoldfishRtc *s = opaque;
    uint64_t now = now_ns(s);
    s->time_high = now >> 32;
    return (uint32_t)now;
}

static uint64_t time_high_read(void *opaque, uint32_t offset) { return ((GoldfishRtc *)opaque)->time_high; }
static uint64_t alarm_low_read(void *opaque, uint32_t offset) { return (uint32_t)((GoldfishRtc *)opaque)->alarm; }
static uint64_t alarm_high_read(void *opaque, uint32_t offset) { return ((GoldfishRtc *)opaque)->alarm >> 32; }
static uint64_t irq_enabled_read(void *opaque, uint32_t offset) { return ((GoldfishRtc *)opaque)->irq_enabled; }
static uint64_t alarm_status_read(void *opaque, uint32_t offset) { return ((GoldfishRtc *)opaque)->alarm_running; }

static void time_low_write(void *opaque, uint32_t offset, uint64_t value)
{
    GoldfishRtc *s = opaque;
    uint64_t wanted = (uint64_t)s->time_high_write << 32 | (uint32_t)value;
    s->offset = (int64_t)(wanted - base_ns(s));
    if (s->alarm_running) {
        alarm_set(s);
    }
}

static void time_high_write(void *opaque, uint32_t offset, uint64_t value)
{
    ((GoldfishRtc *)opaque)->time_high_write = value;
}

static void alarm_low_write(void *opaque, uint32_t offset, uint64_t value)
{
    GoldfishRtc *s = opaque;
    s->alarm = (uint64_t)s->alarm_high << 32 | (uint32_t)value;
    alarm_set(s);
}

static void alarm_high_write(void *opaque, uint32_t offset, uint64_t value)
{
    ((GoldfishRtc *)opaque)->alarm_high = value;
}

static void irq_enabled_write(void *opaque, uint32_t offset, uint64_t value)
{
    GoldfishRtc *s = opaque;
    s->irq_enabled = value & 1;
    update_line(s);
}

static void clear_alarm_write(void *opaque, uint32_t offset, uint64_t value)
{
    GoldfishRtc *s = opaque;
    s->alarm_running = false;
    timer_cancel(s->timer);
}

static void clear_interrupt_write(void *opaque, uint32_t offset, uint64_t value)
{
    GoldfishRtc *s = opaque;
    s->irq_pending = false;
    update_line(s);
}

static const RegisterRow rows[] = {
    {0x00, 4, REG_RW, "time-low", time_low_read, time_low_write},
    {0x04, 4, REG_RW, "time-high", time_high_read, time_high_write},
    {0x08, 4, REG_RW, "alarm-low", alarm_low_read, alarm_low_write},
    {0x0c, 4, REG_RW, "alarm-high", alarm_high_read, alarm_high_write},
    {0x10, 4, REG_RW, "irq-enabled", irq_enabled_read, irq_enabled_write},
    {0x14, 4, REG_W, "clear-alarm", NULL, clear_alarm_write},
    {0x18, 4, REG_R, "alarm-status", alarm_status_read, NULL},
    {0x1c, 4, REG_W, "clear-interrupt", NULL, clear_interrupt_write},
    {0},
};
static const RegisterBlock rtc_registers = {
    .name = "goldfish_rtc", .size = 0x24, .access_min = 4, .access_max = 4, .rows = rows,
};

static void rtc_reset(DeviceState *dev)
{
    GoldfishRtc *s = (GoldfishRtc *)dev;
    timer_cancel(s->timer);
    irq_set(&s->sys.irq[0], 0);
}

static bool rtc_realize(Object *obj, Error **errp)
{
    GoldfishRtc *s = (GoldfishRtc *)obj;
    Machine *m = s->sys.dev.machine;
    s->timer = timer_new(m->loop, CLOCK_KIND_HOST, alarm_fire, s);
    register_block_init(&s->mmio, m, obj, &rtc_registers, s);
    sys_add_mmio(&s->sys, &s->mmio);
    sys_add_irqs(&s->sys, 1);
    return true;
}

static void rtc_unrealize(Object *obj)
{
    timer_free(((GoldfishRtc *)obj)->timer);
    sys_remove_mmio(SYS_DEVICE(obj));
}

static const Field rtc_fields[] = {
    /* the offset survives a reset, as a battery-backed clock does */
    FIELD(GoldfishRtc, offset, FIELD_I64, "offset", FIELD_DERIVED),
    FIELD(GoldfishRtc, alarm, FIELD_U64, "alarm", FIELD_STATE),
    FIELD(GoldfishRtc, alarm_high, FIELD_U32, "alarm-high", FIELD_STATE),
    FIELD(GoldfishRtc, time_high, FIELD_U32, "time-high", FIELD_STATE),
    FIELD(GoldfishRtc, time_high_write, FIELD_U32, "time-high-write", FIELD_STATE),
    FIELD(GoldfishRtc, alarm_running, FIELD_BOOL, "alarm-running", FIELD_STATE),
    FIELD(GoldfishRtc, irq_pending, FIELD_BOOL, "irq-pending", FIELD_STATE),
    FIELD(GoldfishRtc, irq_enabled, FIELD_BOOL, "irq-enabled", FIELD_STATE),
    FIELD_END,
};
static const DeviceClass rtc_class = {.bus_type = "System", .reset = rtc_reset, .registers = &rtc_registers};
static const TypeRecord rtc_type = {
    .name = "goldfish_rtc", .parent = TYPE_SYS_DEVICE, .help = "wall clock with alarm",
    .instance_size = sizeof(GoldfishRtc), .class_kind = TYPE_DEVICE, .class_data = &rtc_class, .fields = rtc_fields,
    .realize = rtc_realize, .unrealize = rtc_unrealize,
};
TYPE_REGISTER(rtc_type);

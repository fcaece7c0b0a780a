/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MC146818A real-time clock with 128 bytes of CMOS RAM (Motorola data sheet; century at 0x32 as firmware of PCs has
 * it).
 *
 * The clock does not run: time is the host's wall clock, moved by -rtc base= and by what the guest sets. While the
 * guest holds it (SET, or the divider in reset) the time registers keep what is written; let go, the difference to
 * the host's clock is what counts from then on. Update-ended and alarm flags are found when somebody looks, or by a
 * timer where they interrupt.
 *
 * The periodic interrupt follows the machine's virtual clock. Guarded by the machine lock.
 */
#include <string.h>
#include <time.h>

#include "hw/rtc/mc146818.h"
#include "util/trace.h"

TRACE_EVENT(rtc_read, "register 0x%02x value 0x%02x");
TRACE_EVENT(rtc_write, "register 0x%02x value 0x%02x");

enum {
    SECONDS, SECONDS_ALARM, MINUTES, MINUTES_ALARM, HOURS, HOURS_ALARM, WEEKDAY, DAY, MONTH, YEAR,
    REG_A, REG_B, REG_C, REG_D, CENTURY = 0x32, CENTURY_PS2 = 0x37,
};
enum { A_UIP = 0x80, A_DIVIDER = 0x70, A_DIVIDER_ON = 0x20, A_RATE = 0xf };
enum { B_SET = 0x80, B_PIE = 0x40, B_AIE = 0x20, B_UIE = 0x10, B_SQWE = 8, B_BINARY = 4, B_24H = 2 };
enum { C_IRQ = 0x80, C_PF = 0x40, C_AF = 0x20, C_UF = 0x10, D_VALID = 0x80 };
enum { ALARM_ANY = 0xc0, UIP_NS = 244141, DAY_SECONDS = 86400 };
static const char *const tick_policies[] = {"discard", "delay", "slew", NULL};

typedef struct Rtc {
    IsaDevice isa;
    MemoryRegion io;
    Irq irq;
    Timer *periodic, *update;
    int32_t base_year, lost_ticks; /* properties */
    uint8_t cmos[CMOS_BYTES];
    uint8_t index;
    int64_t offset_ns;    /* what the guest moved the clock by */
    int64_t seen_second;  /* flags are right up to this one */
    int64_t seen_ns;      /* the same for the periodic flag, virtual time */
    int64_t next_tick;    /* virtual time of the next periodic interrupt */
} Rtc;

/* --- time --- */
static int64_t host_ns(const Rtc *s)
{
    return (int64_t)((uint64_t)hosttime_ns() + (uint64_t)s->isa.dev.machine->rtc_offset_ns);
}

static int64_t guest_ns(const Rtc *s) { return (int64_t)((uint64_t)host_ns(s) + (uint64_t)s->offset_ns); }
static int64_t virtual_ns(const Rtc *s) { return virtual_clock_ns(s->isa.dev.machine->clock); }

static int64_t floor_second(int64_t ns) { return ns / NS_PER_SEC - (ns % NS_PER_SEC < 0); }

static bool running(const Rtc *s)
{
    return !(s->cmos[REG_B] & B_SET) && (s->cmos[REG_A] & A_DIVIDER) <= A_DIVIDER_ON;
}

static uint8_t encode(const Rtc *s, int v)
{
    return (uint8_t)(s->cmos[REG_B] & B_BINARY ? v : (v / 10 % 10) << 4 | v % 10);
}

static int decode(const Rtc *s, uint8_t v) { return s->cmos[REG_B] & B_BINARY ? v : (v >> 4) * 10 + (v & 15); }

static int decode_hour(const Rtc *s, uint8_t v)
{
    if (s->cmos[REG_B] & B_24H) {
        return decode(s, v);
    }
    int hour = decode(s, v & 0x7f) % 12;
    return v & 0x80 ? hour + 12 : hour;
}

static uint8_t encode_hour(const Rtc *s, int hour)
{
    if (s->cmos[REG_B] & B_24H) {
        return encode(s, hour);
    }
    return encode(s, hour % 12 ? hour % 12 : 12) | (hour >= 12 ? 0x80 : 0);
}

/* The time into the registers. */
static void fill_registers(Rtc *s)
{
    time_t t = (time_t)floor_second(guest_ns(s));
    struct tm tm = {0};
    gmtime_r(&t, &tm);
    int year = tm.tm_year + 1900 - s->base_year;
    s->cmos[SECONDS] = encode(s, MIN(tm.tm_sec, 59));
    s->cmos[MINUTES] = encode(s, tm.tm_min);
    s->cmos[HOURS] = encode_hour(s, tm.tm_hour);
    s->cmos[WEEKDAY] = encode(s, tm.tm_wday + 1);
    s->cmos[DAY] = encode(s, tm.tm_mday);
    s->cmos[MONTH] = encode(s, tm.tm_mon + 1);
    s->cmos[YEAR] = encode(s, (year % 100 + 100) % 100);
    s->cmos[CENTURY] = encode(s, (year / 100 % 100 + 100) % 100);
}

/* The registers into the time: what they do not hold (half seconds) is kept by @ns. */
static void take_registers(Rtc *s, int64_t ns)
{
    struct tm tm = {
        .tm_sec = decode(s, s->cmos[SECONDS]), .tm_min = decode(s, s->cmos[MINUTES]),
        .tm_hour = decode_hour(s, s->cmos[HOURS]), .tm_mday = decode(s, s->cmos[DAY]),
        .tm_mon = decode(s, s->cmos[MONTH]) - 1,
        .tm_year = decode(s, s->cmos[YEAR]) + decode(s, s->cmos[CENTURY]) * 100 + s->base_year - 1900,
    };
    int64_t seconds = timegm(&tm);
    s->offset_ns = (int64_t)((uint64_t)seconds * NS_PER_SEC + (uint64_t)ns - (uint64_t)host_ns(s));
    s->seen_second = seconds;
}

/* --- flags and the line --- */
static void update_line(Rtc *s)
{
    bool on = s->cmos[REG_B] & s->cmos[REG_C] & (B_PIE | B_AIE | B_UIE);
    s->cmos[REG_C] = (s->cmos[REG_C] & ~C_IRQ) | (on ? C_IRQ : 0);
    irq_set(&s->irq, on);
}

static bool alarm_field(uint8_t alarm, int wanted, int value)
{
    return (alarm & ALARM_ANY) == ALARM_ANY || wanted == value;
}

/* The first second after @from that the alarm matches; -1: none within a day. Goes by hours, minutes, seconds. */
static int64_t next_alarm(const Rtc *s, int64_t from)
{
    uint8_t ah = s->cmos[HOURS_ALARM], am = s->cmos[MINUTES_ALARM], as = s->cmos[SECONDS_ALARM];
    int hour = decode_hour(s, ah), minute = decode(s, am), second = decode(s, as);
    for (int64_t t = from + 1; t <= from + DAY_SECONDS;) {
        int in_day = (int)(((t % DAY_SECONDS) + DAY_SECONDS) % DAY_SECONDS);
        if (!alarm_field(ah, hour, in_day / 3600)) {
            t += 3600 - in_day % 3600;
        } else if (!alarm_field(am, minute, in_day / 60 % 60)) {
            t += 60 - in_day % 60;
        } else if (!alarm_field(as, second, in_day % 60)) {
            t++;
        } else {
            return t;
        }
    }
    return -1;
}

static int64_t period_ns(const Rtc *s)
{
    unsigned rate = s->cmos[REG_A] & A_RATE;
    if (!rate || (s->cmos[REG_A] & A_DIVIDER) > A_DIVIDER_ON) {
        return 0;
    }
    return (NS_PER_SEC << ((rate < 3 ? rate + 7 : rate) - 1)) / 32768;
}

/* What happened since it was looked at last. */
static void catch_up(Rtc *s)
{
    int64_t now = virtual_ns(s), period = period_ns(s);
    if (period && !(s->cmos[REG_B] & B_PIE) && now / period != s->seen_ns / period) {
        s->cmos[REG_C] |= C_PF;
    }
    s->seen_ns = now;
    if (running(s)) {
        int64_t second = floor_second(guest_ns(s));
        if (second > s->seen_second) {
            int64_t alarm = next_alarm(s, s->seen_second);
            s->cmos[REG_C] |= C_UF | (alarm >= 0 && alarm <= second ? C_AF : 0);
        }
        s->seen_second = second;
    }
}

/* The timer of update-ended and alarm, where they interrupt and have not yet. */
static void arm_update(Rtc *s)
{
    int64_t next = INT64_MAX;
    uint8_t waiting = s->cmos[REG_B] & ~s->cmos[REG_C];
    if (running(s) && (waiting & B_UIE)) {
        next = s->seen_second + 1;
    } else if (running(s) && (waiting & B_AIE)) {
        int64_t alarm = next_alarm(s, s->seen_second);
        /* looks again each day: the alarm may match no second, and the host's clock may be set */
        next = alarm >= 0 ? alarm : s->seen_second + DAY_SECONDS;
    }
    int64_t host;
    if (next == INT64_MAX || __builtin_mul_overflow(next, NS_PER_SEC, &host) ||
        __builtin_sub_overflow(host, s->offset_ns, &host) ||
        __builtin_sub_overflow(host, s->isa.dev.machine->rtc_offset_ns, &host)) {
        timer_cancel(s->update);
    } else {
        timer_set_ns(s->update, host);
    }
}

static void update_fired(void *opaque)
{
    Rtc *s = opaque;
    catch_up(s);
    arm_update(s);
    update_line(s);
}

static void arm_periodic(Rtc *s)
{
    int64_t period = period_ns(s), now = virtual_ns(s);
    if (!period || !(s->cmos[REG_B] & B_PIE)) {
        timer_cancel(s->periodic);
        return;
    }
    s->next_tick = (now / period + 1) * period;
    timer_set_ns(s->periodic, s->next_tick);
}

static void periodic_fired(void *opaque)
{
    Rtc *s = opaque;
    s->cmos[REG_C] |= C_PF;
    arm_periodic(s);
    update_line(s);
}

/* --- registers --- */
static unsigned place(unsigned index) { return index == CENTURY_PS2 ? CENTURY : index; }
static bool is_time(unsigned index) { return index <= YEAR || index == CENTURY; }
static bool is_alarm(unsigned i) { return i == SECONDS_ALARM || i == MINUTES_ALARM || i == HOURS_ALARM; }

static uint8_t reg_a_read(const Rtc *s)
{
    int64_t ns = guest_ns(s) % NS_PER_SEC;
    ns += ns < 0 ? NS_PER_SEC : 0;
    return (s->cmos[REG_A] & ~A_UIP) | (running(s) && ns >= NS_PER_SEC - UIP_NS ? A_UIP : 0);
}

static uint8_t reg_c_read(Rtc *s)
{
    catch_up(s);
    uint8_t value = s->cmos[REG_C] & (C_PF | C_AF | C_UF);
    value |= s->cmos[REG_B] & value & (B_PIE | B_AIE | B_UIE) ? C_IRQ : 0;
    s->cmos[REG_C] = 0;
    update_line(s);
    arm_update(s);
    return value;
}

static uint8_t cmos_read(Rtc *s, unsigned index)
{
    if (is_time(index) && !is_alarm(index) && running(s)) {
        fill_registers(s);
    }
    switch (index) {
    case REG_A: return reg_a_read(s);
    case REG_C: return reg_c_read(s);
    case REG_D: return D_VALID;
    default: return s->cmos[index];
    }
}

/* Registers A and B say whether it runs. */
static void control_write(Rtc *s, unsigned index, uint8_t value)
{
    bool ran = running(s), divided = (s->cmos[REG_A] & A_DIVIDER) > A_DIVIDER_ON;
    catch_up(s);
    if (ran) {
        fill_registers(s);
    }
    int64_t fraction = ((guest_ns(s) % NS_PER_SEC) + NS_PER_SEC) % NS_PER_SEC;
    if (index == REG_A) {
        s->cmos[REG_A] = value & ~A_UIP;
    } else {
        s->cmos[REG_B] = value & B_SET ? value & ~B_UIE : value;
        if (ran && running(s)) { /* the format may have changed */
            fill_registers(s);
        }
    }
    if (!ran && running(s)) {
        take_registers(s, divided ? NS_PER_SEC / 2 : fraction); /* half a second after the divider starts */
    }
    arm_periodic(s);
    arm_update(s);
    update_line(s);
}

static void cmos_write(Rtc *s, unsigned index, uint8_t value)
{
    if (index == REG_A || index == REG_B) {
        control_write(s, index, value);
    } else if (is_alarm(index)) {
        catch_up(s);
        s->cmos[index] = value;
        arm_update(s);
    } else if (is_time(index)) {
        if (running(s)) { /* without SET: it goes on from what is written */
            catch_up(s);
            fill_registers(s);
            int64_t fraction = ((guest_ns(s) % NS_PER_SEC) + NS_PER_SEC) % NS_PER_SEC;
            s->cmos[index] = value;
            take_registers(s, fraction);
            arm_update(s);
        } else {
            s->cmos[index] = value;
        }
    } else if (index != REG_C && index != REG_D) {
        s->cmos[index] = value;
    }
}

static uint64_t port_read(void *opaque, uint64_t offset, unsigned size)
{
    Rtc *s = opaque;
    if (!offset) {
        return 0xff; /* write only */
    }
    uint8_t value = cmos_read(s, place(s->index));
    trace(rtc_read, s->index, value);
    return value;
}

static void port_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    Rtc *s = opaque;
    if (!offset) {
        s->index = value & (CMOS_BYTES - 1); /* bit 7 masks NMI */
        return;
    }
    trace(rtc_write, s->index, (unsigned)value);
    cmos_write(s, place(s->index), (uint8_t)value);
}

static const MmioOps port_ops = {.read = port_read, .write = port_write, ISA_BYTE_PORTS};

void mc146818_set_cmos(DeviceState *rtc, unsigned index, uint8_t value)
{
    Rtc *s = (Rtc *)rtc;
    index = place(index % CMOS_BYTES);
    if (index > REG_D && index != CENTURY) {
        s->cmos[index] = value;
    }
}

uint8_t mc146818_get_cmos(DeviceState *rtc, unsigned index) { return ((Rtc *)rtc)->cmos[place(index % CMOS_BYTES)]; }

/* --- life --- */
static void rtc_reset(DeviceState *dev)
{
    Rtc *s = (Rtc *)dev;
    s->cmos[REG_B] &= ~(B_PIE | B_AIE | B_UIE | B_SQWE);
    s->cmos[REG_C] = 0;
    timer_cancel(s->periodic);
    timer_cancel(s->update);
    update_line(s);
}

static bool rtc_realize(Object *obj, Error **errp)
{
    Rtc *s = (Rtc *)obj;
    EventLoop *loop = s->isa.dev.machine->loop;
    s->cmos[REG_A] = A_DIVIDER_ON | 6; /* 32768 Hz, 1024 periods in a second */
    s->cmos[REG_B] = B_24H;
    s->cmos[REG_D] = D_VALID;
    s->periodic = timer_new(loop, CLOCK_KIND_VIRTUAL, periodic_fired, s);
    s->update = timer_new(loop, CLOCK_KIND_HOST, update_fired, s);
    s->seen_second = floor_second(guest_ns(s));
    fill_registers(s);
    isa_add_ports(&s->isa, &s->io, &port_ops, s, "rtc", 0x70, 2);
    return true;
}

static void rtc_unrealize(Object *obj)
{
    timer_free(((Rtc *)obj)->periodic);
    timer_free(((Rtc *)obj)->update);
}

static const Field rtc_fields[] = {
    FIELD(Rtc, base_year, FIELD_I32, "base_year", FIELD_PROP, .help = "year that year 0 of the clock stands for"),
    FIELD(Rtc, lost_ticks, FIELD_ENUM, "lost_tick_policy", FIELD_PROP, .info = tick_policies,
          .help = "periodic interrupts that came too late (discard: left out, the others are accepted)"),
    FIELD(Rtc, index, FIELD_U8, "index", FIELD_STATE, .min = 0, .max = CMOS_BYTES - 1),
    FIELD(Rtc, cmos, FIELD_U8, "cmos", FIELD_KEPT, .count = CMOS_BYTES),
    FIELD(Rtc, offset_ns, FIELD_I64, "offset-ns", FIELD_KEPT),
    FIELD(Rtc, seen_second, FIELD_I64, "seen-second", FIELD_KEPT),
    FIELD(Rtc, seen_ns, FIELD_I64, "seen-ns", FIELD_KEPT),
    FIELD(Rtc, next_tick, FIELD_I64, "next-tick", FIELD_DERIVED),
    FIELD_END,
};
static const DeviceClass rtc_class = {.bus_type = TYPE_ISA_BUS, .category = DEVICE_CAT_MISC, .reset = rtc_reset};
static const TypeRecord rtc_type = {
    .name = TYPE_MC146818, .parent = TYPE_ISA_DEVICE, .help = "MC146818 clock with CMOS RAM",
    .instance_size = sizeof(Rtc), .class_kind = TYPE_DEVICE, .class_data = &rtc_class, .fields = rtc_fields,
    .realize = rtc_realize,
    .unrealize = rtc_unrealize,
};
TYPE_REGISTER(rtc_type);

DeviceState *mc146818_create(IsaBus *bus, Irq irq8, Error **errp)
{
    DeviceState *dev = device_new(bus->bus.machine, TYPE_MC146818);
    ((Rtc *)dev)->irq = irq8;
    return device_attach(dev, &bus->bus, NULL, errp) ? dev : NULL;
}

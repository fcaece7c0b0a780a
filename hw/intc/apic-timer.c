/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local APIC's timer (SDM 3A 11.5.4): one shot and periodic at 1 GHz over the divider, and TSC deadline.
 *
 * Nothing counts: the current count is computed from the machine's virtual clock. The host's timer is armed only
 * while the interrupt is not masked, because an expiry that nobody is told of has no effect.
 */
#include "apic-internal.h"
#include "util/trace.h"

TRACE_EVENT(apic_timer, "cpu %u at %" G_GINT64_FORMAT " ns");

/* Periodic interrupts that come faster are left out, so that a guest cannot keep the main loop busy. */
#define MIN_PERIOD_NS (20 * NS_PER_US)

static int64_t now_ns(const LocalApic *a) { return virtual_clock_ns(a->sys.dev.machine->clock); }
static unsigned mode(const LocalApic *a) { return a->lvt[LVT_TIMER] >> 17 & 3; }

static unsigned divide_shift(const LocalApic *a)
{
    return ((a->divide & 3) | (a->divide >> 1 & 4)) == 7 ? 0 : ((a->divide & 3) | (a->divide >> 1 & 4)) + 1;
}

static int64_t period_ns(const LocalApic *a) { return (int64_t)a->initial << divide_shift(a); }

uint32_t apic_l_timer_current(LocalApic *a)
{
    if (!a->initial || a->ended || mode(a) == TIMER_DEADLINE) {
        return 0;
    }
    int64_t since = now_ns(a) - a->start_ns;
    uint64_t ticks = (uint64_t)MAX(since, 0) >> divide_shift(a);
    if (mode(a) == TIMER_PERIODIC) {
        return a->initial - (uint32_t)(ticks % a->initial);
    }
    return ticks < a->initial ? a->initial - (uint32_t)ticks : 0;
}

static void set_host_timer(LocalApic *a, int64_t ns)
{
    a->fire_ns = ns;
    timer_set_ns(a->timer, ns);
}

void apic_l_timer_stop(LocalApic *a)
{
    if (a->fire_ns != INT64_MAX) {
        a->fire_ns = INT64_MAX;
        timer_cancel(a->timer);
    }
}

static void expire(LocalApic *a)
{
    trace(apic_timer, a->index, now_ns(a));
    apic_l_local(a, LVT_TIMER);
}

static void arm_deadline(LocalApic *a)
{
    if (!a->deadline || !a->pins.tsc) {
        apic_l_timer_stop(a);
        return;
    }
    uint64_t tsc = a->pins.tsc(a->pins.opaque);
    if (tsc >= a->deadline) {
        a->deadline = 0;
        apic_l_timer_stop(a);
        expire(a);
        return;
    }
    unsigned __int128 ns = (unsigned __int128)(a->deadline - tsc) * NS_PER_SEC;
    ns = (ns + a->pins.tsc_hz - 1) / a->pins.tsc_hz;
    if (ns > INT64_MAX / 2) {
        apic_l_timer_stop(a); /* centuries */
    } else {
        set_host_timer(a, now_ns(a) + (int64_t)ns);
    }
}

void apic_l_timer_arm(LocalApic *a)
{
    if (mode(a) == TIMER_DEADLINE) {
        arm_deadline(a); /* its expiry is seen in the deadline register, masked or not */
        return;
    }
    int64_t now = now_ns(a), period = period_ns(a), end = a->start_ns + period;
    if (!period || a->ended || (a->lvt[LVT_TIMER] & LVT_MASKED)) {
        apic_l_timer_stop(a);
    } else if (mode(a) == TIMER_PERIODIC) {
        int64_t next = now < end ? end : now + period - (now - a->start_ns) % period;
        set_host_timer(a, MAX(next, period < MIN_PERIOD_NS ? now + MIN_PERIOD_NS : 0));
    } else if (now < end) {
        set_host_timer(a, end);
    } else {
        apic_l_timer_stop(a);
    }
}

void apic_l_timer_start(LocalApic *a, uint32_t initial)
{
    a->initial = initial;
    a->start_ns = now_ns(a);
    a->ended = false;
    apic_l_timer_arm(a);
}

/* The count goes on where it is. Between counting and deadline what ran stops. */
void apic_l_timer_mode(LocalApic *a, unsigned old, unsigned new)
{
    int64_t since = now_ns(a) - a->start_ns, period = period_ns(a);
    if ((old ^ new) & TIMER_DEADLINE) {
        a->deadline = 0;
        a->initial = 0;
    } else if (period && since >= period && new == TIMER_ONE_SHOT) {
        a->start_ns += since / period * period;
    } else if (period && since >= period && new == TIMER_PERIODIC) {
        a->ended = true;
    }
}

/* Main loop. The timer may have been moved between its expiry and here: what counts is fire_ns. */
void apic_timer_fired(void *opaque)
{
    LocalApic *a = opaque;
    g_mutex_lock(&a->lock);
    int64_t now = now_ns(a);
    if (a->fire_ns == INT64_MAX) {
        g_mutex_unlock(&a->lock);
        return;
    }
    if (now < a->fire_ns) {
        timer_set_ns(a->timer, a->fire_ns);
    } else {
        a->fire_ns = INT64_MAX;
        if (mode(a) != TIMER_DEADLINE) {
            expire(a);
        }
        apic_l_timer_arm(a);
    }
    g_mutex_unlock(&a->lock);
}

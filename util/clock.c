/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clocks. The virtual clock is {base, running}: its time is base while stopped and base + monotonic time while running.
 *
 * Readers take no lock: a sequence count is odd while a writer is at work. The data are atomics with acquire and
 * release order instead of fences, so that a reader that saw new data is sure to see the changed count, and
 * so that race detectors understand it. A writer takes the time while the count is odd: a reader that accepts the old
 * data took its time earlier, hence the clock never steps back when it stops.
 */
#include <glib.h>
#include <time.h>

#include "util/clock.h"

struct VirtualClock {
    GMutex write_lock;
    unsigned seq;
    int64_t base;
    bool running;
};

static int64_t read_clock(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * NS_PER_SEC + ts.tv_nsec;
}

int64_t realtime_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t hosttime_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

VirtualClock *virtual_clock_new(void)
{
    VirtualClock *c = g_new0(VirtualClock, 1);

    g_mutex_init(&c->write_lock);
    return c;
}

void virtual_clock_free(VirtualClock *c)
{
    if (c) {
        g_mutex_clear(&c->write_lock);
        g_free(c);
    }
}

static void write_begin(VirtualClock *c)
{
    g_mutex_lock(&c->write_lock);
    __atomic_store_n(&c->seq, c->seq + 1, __ATOMIC_SEQ_CST);
}

static void write_end(VirtualClock *c, int64_t base, bool running)
{
    __atomic_store_n(&c->base, base, __ATOMIC_RELEASE);
    __atomic_store_n(&c->running, running, __ATOMIC_RELEASE);
    __atomic_store_n(&c->seq, c->seq + 1, __ATOMIC_RELEASE);
    g_mutex_unlock(&c->write_lock);
}

void virtual_clock_start(VirtualClock *c)
{
    write_begin(c);
    write_end(c, c->running ? c->base : c->base - realtime_ns(), true);
}

void virtual_clock_stop(VirtualClock *c)
{
    write_begin(c);
    write_end(c, c->running ? c->base + realtime_ns() : c->base, false);
}

void virtual_clock_set(VirtualClock *c, int64_t ns)
{
    write_begin(c);
    write_end(c, c->running ? ns - realtime_ns() : ns, c->running);
}

bool virtual_clock_running(const VirtualClock *c)
{
    return __atomic_load_n(&c->running, __ATOMIC_ACQUIRE);
}

int64_t virtual_clock_ns(const VirtualClock *c)
{
    for (;;) {
        unsigned seq = __atomic_load_n(&c->seq, __ATOMIC_ACQUIRE);
        int64_t base = __atomic_load_n(&c->base, __ATOMIC_ACQUIRE);
        int64_t now = __atomic_load_n(&c->running, __ATOMIC_ACQUIRE) ? base + realtime_ns() : base;

        if (!(seq & 1) && __atomic_load_n(&c->seq, __ATOMIC_ACQUIRE) == seq) {
            return now;
        }
    }
}

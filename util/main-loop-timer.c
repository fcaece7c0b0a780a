/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Timers: one binary heap per clock and loop, under the loop's guard.
 *
 * When a turn runs timers it first moves every due one from the heaps to the due list, in order of deadline, and then
 * calls them one by one. A timer that sets itself again into the past goes to the heap and waits for the next turn.
 * A timer on the due list still counts as pending: cancel, set and free take it off.
 */
#include "main-loop-internal.h"
#include "util/error.h"
#include "util/trace.h"

TRACE_EVENT(timer_slow, "clock %d callback %p took %" G_GINT64_FORMAT " us");

typedef enum TimerPlace { TIMER_IDLE, TIMER_IN_HEAP, TIMER_DUE } TimerPlace;

struct Timer {
    EventLoop *loop;
    LoopCallback *cb;
    void *opaque;
    int64_t deadline;
    Timer *prev, *next; /* due list */
    guint at;           /* index in the heap */
    ClockKind kind;
    TimerPlace place;
};

/* A jump of the wall clock is noticed after this long at the latest. */
#define HOST_CLOCK_CHECK_NS NS_PER_SEC

int64_t event_loop_clock_ns(EventLoop *loop, ClockKind kind)
{
    switch (kind) {
    case CLOCK_KIND_VIRTUAL: return loop->clock ? virtual_clock_ns(loop->clock) : 0;
    case CLOCK_KIND_HOST: return hosttime_ns();
    default: return realtime_ns();
    }
}

static bool clock_runs(EventLoop *loop, ClockKind kind)
{
    return kind != CLOCK_KIND_VIRTUAL || (loop->clock && virtual_clock_running(loop->clock));
}

/* --- the heap --- */

static void place_at(TimerHeap *h, guint at, Timer *t)
{
    h->items[at] = t;
    t->at = at;
}

static void sift_up(TimerHeap *h, guint at, Timer *t)
{
    while (at > 0 && h->items[(at - 1) / 2]->deadline > t->deadline) {
        place_at(h, at, h->items[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    place_at(h, at, t);
}

static void sift_down(TimerHeap *h, guint at, Timer *t)
{
    for (;;) {
        guint child = at * 2 + 1;

        if (child >= h->len) {
            break;
        }
        if (child + 1 < h->len && h->items[child + 1]->deadline < h->items[child]->deadline) {
            child++;
        }
        if (h->items[child]->deadline >= t->deadline) {
            break;
        }
        place_at(h, at, h->items[child]);
        at = child;
    }
    place_at(h, at, t);
}

static void heap_insert(TimerHeap *h, Timer *t)
{
    if (h->len == h->room) {
        h->room = h->room ? h->room * 2 : 16;
        h->items = g_renew(Timer *, h->items, h->room);
    }
    sift_up(h, h->len++, t);
    t->place = TIMER_IN_HEAP;
}

static void heap_remove(TimerHeap *h, Timer *t)
{
    guint at = t->at;
    Timer *last = h->items[--h->len];

    t->place = TIMER_IDLE;
    if (last == t) {
        return;
    }
    if (at > 0 && h->items[(at - 1) / 2]->deadline > last->deadline) {
        sift_up(h, at, last);
    } else {
        sift_down(h, at, last);
    }
}

/* --- the due list --- */

static void due_append(EventLoop *loop, Timer *t)
{
    t->place = TIMER_DUE;
    t->next = NULL;
    t->prev = loop->due_last;
    if (t->prev) {
        t->prev->next = t;
    } else {
        loop->due_first = t;
    }
    loop->due_last = t;
}

static void due_remove(EventLoop *loop, Timer *t)
{
    if (t->prev) {
        t->prev->next = t->next;
    } else {
        loop->due_first = t->next;
    }
    if (t->next) {
        t->next->prev = t->prev;
    } else {
        loop->due_last = t->prev;
    }
    t->place = TIMER_IDLE;
}

static void detach(Timer *t)
{
    if (t->place == TIMER_IN_HEAP) {
        heap_remove(&t->loop->heaps[t->kind], t);
    } else if (t->place == TIMER_DUE) {
        due_remove(t->loop, t);
    }
}

/* --- the turn's part --- */

int64_t loop_timers_timeout(EventLoop *loop)
{
    int64_t timeout = -1;

    for (int k = 0; k < CLOCK_KIND_COUNT; k++) {
        TimerHeap *h = &loop->heaps[k];
        int64_t now, left;

        if (h->len == 0 || !clock_runs(loop, k)) {
            continue;
        }
        now = event_loop_clock_ns(loop, k);
        if (h->items[0]->deadline <= now) {
            return 0;
        }
        if (__builtin_sub_overflow(h->items[0]->deadline, now, &left)) {
            left = INT64_MAX;
        }
        if (k == CLOCK_KIND_HOST) {
            left = MIN(left, HOST_CLOCK_CHECK_NS);
        }
        timeout = timeout < 0 ? left : MIN(timeout, left);
    }
    return timeout;
}

static void collect_due(EventLoop *loop)
{
    for (int k = 0; k < CLOCK_KIND_COUNT; k++) {
        TimerHeap *h = &loop->heaps[k];
        int64_t now = h->len && clock_runs(loop, k) ? event_loop_clock_ns(loop, k) : INT64_MIN;

        while (h->len && now != INT64_MIN && h->items[0]->deadline <= now) {
            Timer *t = h->items[0];

            heap_remove(h, t);
            due_append(loop, t);
        }
    }
}

static void call_timer(LoopCallback *cb, void *opaque, ClockKind kind)
{
    if (trace_enabled(timer_slow)) {
        int64_t start = realtime_ns(), took;

        cb(opaque);
        took = realtime_ns() - start;
        if (took >= NS_PER_MS) {
            trace(timer_slow, kind, (void *)cb, took / NS_PER_US);
        }
    } else {
        cb(opaque);
    }
}

void loop_run_timers(EventLoop *loop)
{
    g_mutex_lock(&loop->guard);
    collect_due(loop);
    while (loop->due_first) {
        Timer *t = loop->due_first;
        LoopCallback *cb = t->cb;
        void *opaque = t->opaque;
        ClockKind kind = t->kind;

        due_remove(loop, t);
        g_mutex_unlock(&loop->guard);
        call_timer(cb, opaque, kind); /* may free the timer */
        g_mutex_lock(&loop->guard);
    }
    g_mutex_unlock(&loop->guard);
}

void loop_free_timers(EventLoop *loop)
{
    for (int k = 0; k < CLOCK_KIND_COUNT; k++) {
        if (loop->heaps[k].len) {
            warn_report("event loop: freed with %u timers pending", loop->heaps[k].len);
        }
        g_free(loop->heaps[k].items);
    }
}

/* --- public --- */

Timer *timer_new(EventLoop *loop, ClockKind kind, LoopCallback *cb, void *opaque)
{
    Timer *t = g_new0(Timer, 1);

    t->loop = loop;
    t->kind = kind;
    t->cb = cb;
    t->opaque = opaque;
    return t;
}

void timer_free(Timer *t)
{
    if (t) {
        timer_cancel(t);
        g_free(t);
    }
}

void timer_set_ns(Timer *t, int64_t deadline_ns)
{
    EventLoop *loop = t->loop;

    g_mutex_lock(&loop->guard);
    detach(t);
    t->deadline = deadline_ns;
    heap_insert(&loop->heaps[t->kind], t);
    if (t->at == 0) { /* the first of its clock: the sleep may be too long now */
        loop_kick(loop);
    }
    g_mutex_unlock(&loop->guard);
}

void timer_cancel(Timer *t)
{
    g_mutex_lock(&t->loop->guard);
    detach(t);
    g_mutex_unlock(&t->loop->guard);
}

bool timer_pending(const Timer *t)
{
    bool pending;

    g_mutex_lock(&t->loop->guard);
    pending = t->place != TIMER_IDLE;
    g_mutex_unlock(&t->loop->guard);
    return pending;
}

int64_t timer_deadline_ns(const Timer *t)
{
    int64_t deadline;

    g_mutex_lock(&t->loop->guard);
    deadline = t->place != TIMER_IDLE ? t->deadline : INT64_MAX;
    g_mutex_unlock(&t->loop->guard);
    return deadline;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mutex, queue and sleep for coroutines.
 *
 * A waiter stands on its own coroutine's stack and remembers the loop whose thread it waits on; it is woken there through
 * co_schedule(). Code without a loop (tools before their loop runs, tests) is on one thread and is entered directly.
 * The bottom half of a wake-up runs in the waiter's own thread, hence only after the waiter has yielded: there is no race
 * between going to sleep and being woken.
 * An unlocked mutex is handed to the first waiter, so the order is FIFO and nobody starves.
 */
#include "util/coroutine.h"
#include "util/error.h"

typedef struct Waiter {
    Coroutine *co;
    EventLoop *loop;
} Waiter;

static Waiter waiter_here(void)
{
    return (Waiter){.co = co_self(), .loop = event_loop_current()};
}

/* After this the waiter's memory may be gone. */
static void wake(Waiter *w)
{
    if (w->loop) {
        co_schedule(w->loop, w->co);
    } else {
        co_enter(w->co);
    }
}

void co_mutex_init(CoMutex *m)
{
    g_mutex_init(&m->guard);
    m->holder = NULL;
    g_queue_init(&m->waiters);
}

void co_mutex_destroy(CoMutex *m)
{
    if (m->holder || m->waiters.length) {
        error_report("coroutine mutex: destroyed while it is held");
    }
    g_mutex_clear(&m->guard);
}

void coroutine_fn co_mutex_lock(CoMutex *m)
{
    Waiter w = waiter_here();

    g_mutex_lock(&m->guard);
    if (!m->holder) {
        m->holder = w.co;
        g_mutex_unlock(&m->guard);
        return;
    }
    g_queue_push_tail(&m->waiters, &w);
    g_mutex_unlock(&m->guard);
    co_yield(); /* entered again as the holder */
}

void coroutine_fn co_mutex_unlock(CoMutex *m)
{
    Waiter *next;

    g_mutex_lock(&m->guard);
    next = g_queue_pop_head(&m->waiters);
    m->holder = next ? next->co : NULL;
    g_mutex_unlock(&m->guard);
    if (next) {
        wake(next);
    }
}

void co_queue_init(CoQueue *q)
{
    g_queue_init(&q->waiters);
}

void coroutine_fn co_queue_wait(CoQueue *q, CoMutex *m)
{
    Waiter w = waiter_here();

    g_queue_push_tail(&q->waiters, &w);
    if (m) {
        co_mutex_unlock(m);
    }
    co_yield();
    if (m) {
        co_mutex_lock(m);
    }
}

bool co_queue_wake_one(CoQueue *q)
{
    Waiter *w = g_queue_pop_head(&q->waiters);

    if (w) {
        wake(w);
    }
    return w != NULL;
}

void co_queue_wake_all(CoQueue *q)
{
    /* Only those that wait now: one that is entered directly may wait again. */
    for (guint n = q->waiters.length; n > 0 && co_queue_wake_one(q); n--) {
    }
}

typedef struct Sleeper {
    Waiter waiter;
    EventLoop *loop; /* the timer's */
    Timer *timer;
} Sleeper;

static void sleep_over(void *opaque)
{
    Sleeper *s = opaque;

    timer_free(s->timer);
    if (s->waiter.loop == s->loop) {
        co_enter(s->waiter.co);
    } else {
        wake(&s->waiter);
    }
}

void coroutine_fn co_sleep_ns(EventLoop *loop, ClockKind kind, int64_t ns)
{
    Sleeper s = {.waiter = waiter_here(), .loop = loop};
    int64_t deadline;

    if (__builtin_add_overflow(event_loop_clock_ns(loop, kind), ns, &deadline)) {
        deadline = INT64_MAX;
    }
    s.timer = timer_new(loop, kind, sleep_over, &s);
    timer_set_ns(s.timer, deadline);
    co_yield();
}

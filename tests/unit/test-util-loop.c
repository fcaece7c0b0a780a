/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event loop: file descriptors, timers on three clocks, bottom halves, wake-up from other threads, nested turns,
 * the lock around dispatch, I/O threads and the worker pool; and the clocks themselves.
 */
#include <glib.h>
#include <glib-unix.h>
#include <stdlib.h>
#include <unistd.h>

#include "util/main-loop.h"

static void bump(void *opaque)
{
    ++*(int *)opaque;
}

/* --- clocks --- */

static void test_clock(void)
{
    VirtualClock *c = virtual_clock_new();
    int64_t a, b;

    g_assert_cmpint(virtual_clock_ns(c), ==, 0);
    g_assert_false(virtual_clock_running(c));
    virtual_clock_set(c, 1000 * NS_PER_SEC);
    virtual_clock_start(c);
    virtual_clock_start(c);
    a = virtual_clock_ns(c);
    g_usleep(2000);
    b = virtual_clock_ns(c);
    g_assert_cmpint(a, >=, 1000 * NS_PER_SEC);
    g_assert_cmpint(b - a, >=, 2 * NS_PER_MS);
    virtual_clock_stop(c);
    a = virtual_clock_ns(c);
    g_assert_cmpint(a, >=, b);
    g_usleep(1000);
    g_assert_cmpint(virtual_clock_ns(c), ==, a);
    virtual_clock_free(c);
    g_assert_cmpint(llabs(hosttime_ns() / NS_PER_SEC - g_get_real_time() / 1000000), <=, 1);
}

typedef struct ClockReader {
    VirtualClock *clock;
    bool stop; /* atomic */
} ClockReader;

static gpointer read_clock_often(gpointer opaque)
{
    ClockReader *r = opaque;
    int64_t last = 0;

    while (!__atomic_load_n(&r->stop, __ATOMIC_RELAXED)) {
        int64_t now = virtual_clock_ns(r->clock);

        g_assert_cmpint(now, >=, last);
        last = now;
    }
    return NULL;
}

static void test_clock_threads(void)
{
    ClockReader r = {.clock = virtual_clock_new()};
    GThread *t = g_thread_new("reader", read_clock_often, &r);

    for (int i = 0; i < 20000; i++) {
        virtual_clock_start(r.clock);
        virtual_clock_stop(r.clock);
    }
    __atomic_store_n(&r.stop, true, __ATOMIC_RELAXED);
    g_thread_join(t);
    virtual_clock_free(r.clock);
}

/* --- file descriptors --- */

typedef struct Pipe {
    EventLoop *loop;
    int fds[2];
    int reads, writes;
} Pipe;

static void pipe_read(void *opaque)
{
    Pipe *p = opaque;
    char c;

    g_assert_cmpint(read(p->fds[0], &c, 1), ==, 1);
    p->reads++;
    if (c == 'q') {
        event_loop_set_fd(p->loop, p->fds[0], NULL, NULL, NULL); /* from within its own callback */
    }
}

static void pipe_write(void *opaque)
{
    Pipe *p = opaque;

    p->writes++;
    g_assert_cmpint(write(p->fds[1], "x", 1), ==, 1);
    event_loop_set_fd(p->loop, p->fds[1], NULL, NULL, NULL);
}

static void test_fd(void)
{
    Pipe p = {.loop = event_loop_new(NULL)};

    g_assert_true(g_unix_open_pipe(p.fds, 0, NULL));
    event_loop_set_fd(p.loop, p.fds[0], pipe_read, NULL, &p);
    main_loop_wait(p.loop, false);
    g_assert_cmpint(p.reads, ==, 0);
    event_loop_set_fd(p.loop, p.fds[1], NULL, pipe_write, &p);
    while (!p.reads) {
        main_loop_wait(p.loop, true);
    }
    g_assert_cmpint(p.writes, ==, 1);
    g_assert_cmpint(write(p.fds[1], "qz", 2), ==, 2);
    main_loop_wait(p.loop, true);
    main_loop_wait(p.loop, false);
    g_assert_cmpint(p.reads, ==, 2); /* z was left alone */
    event_loop_set_fd(p.loop, 12345, NULL, NULL, NULL);
    close(p.fds[0]);
    close(p.fds[1]);
    event_loop_free(p.loop);
}

/* --- timers --- */

typedef struct Tick {
    EventLoop *loop;
    Timer *timer;
    int64_t deadline, late[200];
    int fired;
} Tick;

static void tick(void *opaque)
{
    Tick *t = opaque;
    int64_t now = event_loop_clock_ns(t->loop, CLOCK_KIND_REALTIME);

    g_assert_cmpint(now, >=, t->deadline);
    g_assert_true(event_loop_current() == t->loop);
    g_assert_false(timer_pending(t->timer));
    t->late[t->fired++] = now - t->deadline;
    t->deadline = now + 700 * NS_PER_US;
    timer_set_ns(t->timer, t->deadline);
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static void test_timer_precision(void)
{
    Tick t = {.loop = event_loop_new(NULL)};

    t.timer = timer_new(t.loop, CLOCK_KIND_REALTIME, tick, &t);
    t.deadline = realtime_ns();
    timer_set_ns(t.timer, t.deadline);
    while (t.fired < 200) {
        main_loop_wait(t.loop, true);
    }
    qsort(t.late, 200, sizeof(t.late[0]), by_value);
    g_test_message("late by %d us in the median, %d us at worst", (int)(t.late[100] / 1000), (int)(t.late[199] / 1000));
    timer_free(t.timer);
    event_loop_free(t.loop);
}

static void again_in_the_past(void *opaque)
{
    Tick *t = opaque;

    t->fired++;
    timer_set_ns(t->timer, 0);
}

static void test_timer_no_starving(void)
{
    Tick t = {.loop = event_loop_new(NULL)};
    int other = 0;
    Timer *u = timer_new(t.loop, CLOCK_KIND_HOST, bump, &other);

    t.timer = timer_new(t.loop, CLOCK_KIND_REALTIME, again_in_the_past, &t);
    timer_set_ns(t.timer, 0);
    timer_set_ns(u, hosttime_ns());
    main_loop_wait(t.loop, true);
    g_assert_cmpint(t.fired, ==, 1);
    main_loop_wait(t.loop, true);
    g_assert_cmpint(t.fired, ==, 2);
    g_assert_cmpint(other, ==, 1);
    timer_free(t.timer);
    timer_free(u);
    event_loop_free(t.loop);
}

typedef struct Ordered {
    Timer *timer;
    int64_t deadline, *last;
    int *fired;
} Ordered;

static void in_order(void *opaque)
{
    Ordered *o = opaque;

    g_assert_cmpint(o->deadline, >=, *o->last);
    *o->last = o->deadline;
    ++*o->fired;
}

static void test_timer_order(void)
{
    enum { N = 500 };
    EventLoop *loop = event_loop_new(NULL);
    Ordered o[N];
    int64_t last = 0;
    int fired = 0, left = 0;

    for (int i = 0; i < N; i++) {
        o[i] = (Ordered){.last = &last, .fired = &fired};
        o[i].timer = timer_new(loop, CLOCK_KIND_REALTIME, in_order, &o[i]);
    }
    for (int i = 0; i < 5000; i++) { /* set, replaced and cancelled in a random order */
        int at = g_test_rand_int_range(0, N);

        if (g_test_rand_int_range(0, 3)) {
            o[at].deadline = g_test_rand_int_range(1, 1000);
            timer_set_ns(o[at].timer, o[at].deadline);
            g_assert_cmpint(timer_deadline_ns(o[at].timer), ==, o[at].deadline);
        } else {
            timer_cancel(o[at].timer);
            g_assert_false(timer_pending(o[at].timer));
            g_assert_cmpint(timer_deadline_ns(o[at].timer), ==, INT64_MAX);
        }
    }
    for (int i = 0; i < N; i++) {
        left += timer_pending(o[i].timer);
    }
    main_loop_wait(loop, true);
    g_assert_cmpint(fired, ==, left);
    for (int i = 0; i < N; i++) {
        timer_free(o[i].timer);
    }
    event_loop_free(loop);
}

static void test_virtual_timer(void)
{
    VirtualClock *clock = virtual_clock_new();
    EventLoop *loop = event_loop_new(clock);
    int fired = 0, other = 0;
    Timer *t = timer_new(loop, CLOCK_KIND_VIRTUAL, bump, &fired), *u = timer_new(loop, CLOCK_KIND_REALTIME, bump, &other);

    timer_set_ns(t, NS_PER_MS);
    timer_set_ns(u, realtime_ns() + 3 * NS_PER_MS);
    while (!other) {
        main_loop_wait(loop, true); /* the stopped clock must not make it spin or fire */
    }
    g_assert_cmpint(fired, ==, 0);
    g_assert_true(timer_pending(t));
    virtual_clock_start(clock);
    event_loop_clock_changed(loop);
    while (!fired) {
        main_loop_wait(loop, true);
    }
    g_assert_cmpint(virtual_clock_ns(clock), >=, NS_PER_MS);
    timer_free(t);
    timer_free(u);
    event_loop_free(loop);
    virtual_clock_free(clock);
}

/* --- bottom halves --- */

typedef struct Half {
    EventLoop *loop;
    BottomHalf *bh;
    int runs;
} Half;

static void again(void *opaque)
{
    Half *h = opaque;

    h->runs++;
    bh_schedule(h->bh);
}

static void suicide(void *opaque)
{
    Half *h = opaque;

    h->runs++;
    bh_delete(h->bh);
}

static void nested(void *opaque)
{
    Half *h = opaque;

    h->runs++;
    main_loop_wait(h->loop, false);
}

static void test_bh(void)
{
    EventLoop *loop = event_loop_new(NULL);
    Half h = {.loop = loop};
    int n = 0;
    BottomHalf *a = bh_new(loop, bump, &n);

    bh_schedule(a);
    bh_schedule(a);
    main_loop_wait(loop, true);
    g_assert_cmpint(n, ==, 1);
    bh_schedule(a);
    bh_cancel(a);
    bh_once(loop, bump, &n);
    main_loop_wait(loop, true);
    g_assert_cmpint(n, ==, 2);
    bh_schedule(a);
    bh_delete(a);
    main_loop_wait(loop, false);
    g_assert_cmpint(n, ==, 2);

    h.bh = bh_new(loop, again, &h);
    bh_schedule(h.bh);
    main_loop_wait(loop, true);
    g_assert_cmpint(h.runs, ==, 1);
    bh_once(loop, nested, &h); /* behind `again` */
    main_loop_wait(loop, true);
    g_assert_cmpint(h.runs, ==, 4);
    bh_delete(h.bh);
    h.bh = bh_new(loop, suicide, &h);
    bh_schedule(h.bh);
    main_loop_wait(loop, true);
    g_assert_cmpint(h.runs, ==, 5);
    bh_once(loop, bump, &n); /* dropped with the loop */
    event_loop_free(loop);
}

/* --- threads --- */

typedef struct Remote {
    EventLoop *loop;
    Timer *timer;
    BottomHalf *bh;
    int count;
} Remote;

static gpointer schedule_from_afar(gpointer opaque)
{
    Remote *r = opaque;

    g_usleep(2000);
    timer_set_ns(r->timer, 0);
    g_usleep(2000);
    bh_schedule(r->bh);
    return NULL;
}

static gpointer wake_from_afar(gpointer opaque)
{
    Remote *r = opaque;

    g_usleep(2000);
    event_loop_wake(r->loop);
    return NULL;
}

static void test_cross_thread(void)
{
    Remote r = {.loop = event_loop_new(NULL)};
    GThread *t;

    r.timer = timer_new(r.loop, CLOCK_KIND_REALTIME, bump, &r.count);
    r.bh = bh_new(r.loop, bump, &r.count);
    timer_set_ns(r.timer, realtime_ns() + 3600 * NS_PER_SEC);
    t = g_thread_new("remote", schedule_from_afar, &r);
    while (r.count < 1) {
        main_loop_wait(r.loop, true);
    }
    while (r.count < 2) {
        main_loop_wait(r.loop, true);
    }
    g_thread_join(t);
    t = g_thread_new("waker", wake_from_afar, &r); /* only now: wake-ups that come together count once */
    main_loop_wait(r.loop, true);
    g_thread_join(t);
    timer_free(r.timer);
    bh_delete(r.bh);
    event_loop_free(r.loop);
}

static GMutex big_lock;
static int lock_depth;

static void take(void *opaque)
{
    g_mutex_lock(&big_lock);
    lock_depth++;
}

static void drop(void *opaque)
{
    lock_depth--;
    g_mutex_unlock(&big_lock);
}

static gpointer need_lock(gpointer opaque)
{
    Remote *r = opaque;

    g_mutex_lock(&big_lock); /* to be had only while the loop polls */
    bh_schedule(r->bh);
    g_mutex_unlock(&big_lock);
    return NULL;
}

static void locked_bump(void *opaque)
{
    g_assert_cmpint(lock_depth, ==, 1);
    bump(opaque);
}

static void test_lock(void)
{
    Remote r = {.loop = event_loop_new(NULL)};
    GThread *t;

    r.bh = bh_new(r.loop, locked_bump, &r.count);
    event_loop_set_lock(r.loop, take, drop, NULL);
    take(NULL);
    t = g_thread_new("locker", need_lock, &r);
    while (!r.count) {
        main_loop_wait(r.loop, true);
    }
    g_assert_cmpint(lock_depth, ==, 1);
    drop(NULL);
    g_thread_join(t);
    bh_delete(r.bh);
    event_loop_free(r.loop);
}

typedef struct Ping {
    EventLoop *here, *there;
    int rounds;
    bool done;
} Ping;

static void ping(void *opaque);

static void pong(void *opaque)
{
    Ping *p = opaque;

    g_assert_true(event_loop_current() == p->there);
    bh_once(p->here, ping, p);
}

static void ping(void *opaque)
{
    Ping *p = opaque;

    if (++p->rounds == 2000) {
        p->done = true;
    } else {
        bh_once(p->there, pong, p);
    }
}

static void test_io_thread(void)
{
    IoThread *io = io_thread_new("io");
    Ping p = {.here = event_loop_new(NULL), .there = io_thread_loop(io)};

    ping(&p);
    while (!p.done) {
        main_loop_wait(p.here, true);
    }
    io_thread_free(io);
    io_thread_free(io_thread_new("idle"));
    event_loop_free(p.here);
}

typedef struct Work {
    GThread *main;
    int *done;
    bool worked;
} Work;

static void work(void *opaque)
{
    Work *w = opaque;

    g_assert_true(g_thread_self() != w->main);
    w->worked = true;
}

static void work_done(void *opaque)
{
    Work *w = opaque;

    g_assert_true(g_thread_self() == w->main && w->worked);
    ++*w->done;
}

static void test_pool(void)
{
    EventLoop *loop = event_loop_new(NULL);
    Work w[500];
    int done = 0;

    for (int i = 0; i < 500; i++) {
        w[i] = (Work){.main = g_thread_self(), .done = &done};
        thread_pool_submit(loop, work, work_done, &w[i]);
    }
    while (done < 500) {
        main_loop_wait(loop, true);
    }
    event_loop_free(loop);
}

/* GLib's own sources work on the loop's context. */
static gboolean glib_timeout(gpointer opaque)
{
    bump(opaque);
    return G_SOURCE_REMOVE;
}

static void test_glib_source(void)
{
    EventLoop *loop = event_loop_new(NULL);
    GSource *source = g_timeout_source_new(3);
    int n = 0;

    g_source_set_callback(source, glib_timeout, &n, NULL);
    g_source_attach(source, event_loop_context(loop));
    g_source_unref(source);
    while (!n) {
        main_loop_wait(loop, true);
    }
    event_loop_free(loop);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/clock/virtual", test_clock);
    g_test_add_func("/clock/threads", test_clock_threads);
    g_test_add_func("/loop/fd", test_fd);
    g_test_add_func("/loop/timer-precision", test_timer_precision);
    g_test_add_func("/loop/timer-no-starving", test_timer_no_starving);
    g_test_add_func("/loop/timer-order", test_timer_order);
    g_test_add_func("/loop/virtual-timer", test_virtual_timer);
    g_test_add_func("/loop/bh", test_bh);
    g_test_add_func("/loop/cross-thread", test_cross_thread);
    g_test_add_func("/loop/lock", test_lock);
    g_test_add_func("/loop/io-thread", test_io_thread);
    g_test_add_func("/loop/pool", test_pool);
    g_test_add_func("/loop/glib-source", test_glib_source);
    return g_test_run();
}

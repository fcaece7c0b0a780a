/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Coroutines: switching (with floating-point state), nesting, pooling, mutex and queue order, sleep, moving to another
 * thread and back, and deep stacks.
 */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "util/coroutine.h"

static void count_to(void *opaque)
{
    int *n = opaque;

    for (int i = 0; i < 10000; i++) {
        ++*n;
        co_yield();
    }
}

static void test_switches(void)
{
    int n = 0;
    Coroutine *co = co_create(count_to, &n);

    g_assert_false(in_coroutine());
    for (int i = 1; i <= 10000; i++) {
        co_enter(co);
        g_assert_cmpint(n, ==, i);
    }
    co_enter(co); /* returns and is freed */
    g_assert_cmpint(n, ==, 10000);
    g_assert_null(co_self());
}

static void inner(void *opaque)
{
    GString *s = opaque;

    g_string_append_c(s, 'b');
    co_yield();
    g_string_append_c(s, 'd');
}

static void outer(void *opaque)
{
    GString *s = opaque;
    Coroutine *self = co_self(), *co = co_create(inner, s);

    g_string_append_c(s, 'a');
    co_enter(co);
    g_assert_true(co_self() == self);
    g_string_append_c(s, 'c');
    co_enter(co);
    g_string_append_c(s, 'e');
}

static void test_nesting(void)
{
    GString *s = g_string_new(NULL);

    co_enter(co_create(outer, s));
    g_assert_cmpstr(s->str, ==, "abcde");
    g_string_free(s, TRUE);
}

static void floating(void *opaque)
{
    double *sum = opaque, local = 0.5;

    for (int i = 0; i < 100; i++) {
        local = sqrt(local + i);
        co_yield();
    }
    *sum = local;
}

static void test_float(void)
{
    double a = 0, b = 0, expect = 0.5;
    Coroutine *ca = co_create(floating, &a), *cb = co_create(floating, &b);

    for (int i = 0; i <= 100; i++) {
        co_enter(ca);
        co_enter(cb);
    }
    for (int i = 0; i < 100; i++) {
        expect = sqrt(expect + i);
    }
    g_assert_true(a == expect && b == expect);
}

static unsigned deep(unsigned n)
{
    volatile char frame[512];

    memset((char *)frame, (int)n, sizeof(frame));
    return n ? deep(n - 1) + (unsigned char)frame[7] : 0;
}

static void run_deep(void *opaque)
{
    *(unsigned *)opaque = deep(200);
}

static void test_deep_and_pool(void)
{
    for (int i = 0; i < 1000; i++) { /* more than the pool holds, and many at a time */
        unsigned r = 0;

        co_enter(co_create(run_deep, &r));
        g_assert_cmpuint(r, ==, 200 * 201 / 2);
    }
}

static void test_many(void)
{
    enum { N = 300 };
    static int n[N];
    Coroutine *co[N];

    for (int i = 0; i < N; i++) {
        n[i] = 9998;
        co[i] = co_create(count_to, &n[i]);
        co_enter(co[i]);
    }
    for (int i = 0; i < N; i++) {
        g_assert_cmpint(n[i], ==, 9999);
        for (int k = 0; k < 10000; k++) {
            co_enter(co[i]);
        }
        n[i] = 0;
    }
}

/* --- locks --- */

typedef struct Lock {
    CoMutex mutex;
    CoQueue queue;
    EventLoop *loop;
    GString *order;
    int inside, left, counter;
} Lock;

static void locker(void *opaque)
{
    Lock *l = opaque;
    char id = 'a' + l->counter++;

    co_mutex_lock(&l->mutex);
    g_assert_cmpint(++l->inside, ==, 1);
    g_string_append_c(l->order, id);
    co_sleep_ns(l->loop, CLOCK_KIND_REALTIME, 100 * NS_PER_US);
    l->inside--;
    co_mutex_unlock(&l->mutex);
    l->left--;
}

static void lock_init(Lock *l)
{
    *l = (Lock){.loop = event_loop_new(NULL), .order = g_string_new(NULL)};
    event_loop_set_current(l->loop);
    co_mutex_init(&l->mutex);
    co_queue_init(&l->queue);
}

static void lock_done(Lock *l)
{
    co_mutex_destroy(&l->mutex);
    g_string_free(l->order, TRUE);
    event_loop_free(l->loop);
}

static void test_mutex(void)
{
    Lock l;

    lock_init(&l);
    l.left = 5;
    for (int i = 0; i < 5; i++) {
        co_enter(co_create(locker, &l));
    }
    while (l.left) {
        main_loop_wait(l.loop, true);
    }
    g_assert_cmpstr(l.order->str, ==, "abcde");
    lock_done(&l);
}

static void waiter(void *opaque)
{
    Lock *l = opaque;
    char id = 'a' + l->counter++;

    co_mutex_lock(&l->mutex);
    co_queue_wait(&l->queue, &l->mutex);
    g_assert_cmpint(++l->inside, ==, 1);
    g_string_append_c(l->order, id);
    l->inside--;
    co_mutex_unlock(&l->mutex);
    l->left--;
}

static void test_queue(void)
{
    Lock l;

    lock_init(&l);
    l.left = 4;
    g_assert_false(co_queue_wake_one(&l.queue));
    for (int i = 0; i < 4; i++) {
        co_enter(co_create(waiter, &l));
    }
    g_assert_true(co_queue_wake_one(&l.queue));
    while (l.left > 3) {
        main_loop_wait(l.loop, true);
    }
    g_assert_cmpstr(l.order->str, ==, "a");
    co_queue_wake_all(&l.queue);
    while (l.left) {
        main_loop_wait(l.loop, true);
    }
    g_assert_cmpstr(l.order->str, ==, "abcd");
    lock_done(&l);
}

/* Without a loop everything is entered directly. */
static void plain_waiter(void *opaque)
{
    Lock *l = opaque;

    co_queue_wait(&l->queue, NULL);
    l->counter++;
}

static void test_queue_without_loop(void)
{
    Lock l = {0};

    event_loop_set_current(NULL);
    co_queue_init(&l.queue);
    co_enter(co_create(plain_waiter, &l));
    co_enter(co_create(plain_waiter, &l));
    co_queue_wake_all(&l.queue);
    g_assert_cmpint(l.counter, ==, 2);
}

/* --- threads --- */

typedef struct Traveller {
    EventLoop *home, *away;
    GThread *home_thread;
    int hops;
    bool done;
} Traveller;

static void travel(void *opaque)
{
    Traveller *t = opaque;

    for (int i = 0; i < 1000; i++) {
        co_schedule(t->away, co_self());
        co_yield();
        g_assert_true(g_thread_self() != t->home_thread && event_loop_current() == t->away);
        co_schedule(t->home, co_self());
        co_yield();
        g_assert_true(g_thread_self() == t->home_thread && event_loop_current() == t->home);
        t->hops++;
    }
    t->done = true;
}

static void test_travel(void)
{
    IoThread *io = io_thread_new("io");
    Traveller t = {.home = event_loop_new(NULL), .away = io_thread_loop(io), .home_thread = g_thread_self()};

    co_enter(co_create(travel, &t));
    while (!t.done) {
        main_loop_wait(t.home, true);
    }
    g_assert_cmpint(t.hops, ==, 1000);
    io_thread_free(io);
    event_loop_free(t.home);
}

typedef struct Shared {
    CoMutex mutex;
    int inside, total;
    int running; /* atomic */
    EventLoop *main;
} Shared;

static void contender(void *opaque)
{
    Shared *s = opaque;

    for (int i = 0; i < 500; i++) {
        co_mutex_lock(&s->mutex);
        g_assert_cmpint(++s->inside, ==, 1);
        s->total++;
        s->inside--;
        co_mutex_unlock(&s->mutex);
    }
    if (__atomic_sub_fetch(&s->running, 1, __ATOMIC_SEQ_CST) == 0) {
        event_loop_wake(s->main);
    }
}

static void test_mutex_threads(void)
{
    IoThread *io[2] = {io_thread_new("io0"), io_thread_new("io1")};
    Shared s = {.running = 6, .main = event_loop_new(NULL)};

    co_mutex_init(&s.mutex);
    for (int i = 0; i < 6; i++) {
        co_schedule(i % 3 == 2 ? s.main : io_thread_loop(io[i % 3]), co_create(contender, &s));
    }
    while (__atomic_load_n(&s.running, __ATOMIC_SEQ_CST)) {
        main_loop_wait(s.main, true);
    }
    g_assert_cmpint(s.total, ==, 3000);
    io_thread_free(io[0]);
    io_thread_free(io[1]);
    co_mutex_destroy(&s.mutex);
    event_loop_free(s.main);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/coroutine/switches", test_switches);
    g_test_add_func("/coroutine/nesting", test_nesting);
    g_test_add_func("/coroutine/float", test_float);
    g_test_add_func("/coroutine/deep-and-pool", test_deep_and_pool);
    g_test_add_func("/coroutine/many", test_many);
    g_test_add_func("/coroutine/mutex", test_mutex);
    g_test_add_func("/coroutine/queue", test_queue);
    g_test_add_func("/coroutine/queue-without-loop", test_queue_without_loop);
    g_test_add_func("/coroutine/travel", test_travel);
    g_test_add_func("/coroutine/mutex-threads", test_mutex_threads);
    return g_test_run();
}

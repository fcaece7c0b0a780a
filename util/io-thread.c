/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads beside the main one: I/O threads, which run an event loop of their own, and each loop's pool of workers for
 * file operations that block.
 *
 * An I/O thread's loop exists before the thread runs, so its creator may set it up; it is freed after the join. The
 * thread is registered for RCU, because device code that runs there reads memory maps.
 * A pool belongs to a loop and is made on first use. GLib keeps idle workers for reuse by other pools.
 */
#include "main-loop-internal.h"
#include "util/rcu.h"

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

#define POOL_THREADS 64

struct IoThread {
    EventLoop *loop;
    GThread *thread;
    bool stop; /* atomic */
};

static gpointer io_thread_run(gpointer opaque)
{
    IoThread *t = opaque;

    rcu_thread_register();
    event_loop_set_current(t->loop);
    g_main_context_push_thread_default(t->loop->context);
    while (!__atomic_load_n(&t->stop, __ATOMIC_ACQUIRE)) {
        main_loop_wait(t->loop, true);
    }
    g_main_context_pop_thread_default(t->loop->context);
    event_loop_set_current(NULL);
    rcu_thread_unregister();
    return NULL;
}

IoThread *io_thread_new(const char *name)
{
    IoThread *t = g_new0(IoThread, 1);

    t->loop = event_loop_new(NULL);
    t->thread = g_thread_new(name, io_thread_run, t);
    return t;
}

EventLoop *io_thread_loop(IoThread *t)
{
    return t->loop;
}

void io_thread_free(IoThread *t)
{
    if (t) {
        __atomic_store_n(&t->stop, true, __ATOMIC_RELEASE);
        event_loop_wake(t->loop);
        g_thread_join(t->thread);
        event_loop_free(t->loop);
        g_free(t);
    }
}

typedef struct PoolItem {
    LoopCallback *work, *done;
    void *opaque;
} PoolItem;

static void pool_run(gpointer data, gpointer opaque)
{
    EventLoop *loop = opaque;
    PoolItem item;

#ifdef __SANITIZE_THREAD__
    __tsan_acquire(data); /* see tsan-glib.c */
#endif
    item = *(PoolItem *)data;
    g_free(data);
    item.work(item.opaque);
    if (item.done) {
        bh_once(loop, item.done, item.opaque);
    }
}

void thread_pool_submit(EventLoop *loop, LoopCallback *work, LoopCallback *done, void *opaque)
{
    PoolItem *item = g_new0(PoolItem, 1);

    item->work = work;
    item->done = done;
    item->opaque = opaque;
    g_mutex_lock(&loop->guard);
    if (!loop->pool) {
        loop->pool = g_thread_pool_new(pool_run, loop, POOL_THREADS, FALSE, NULL);
    }
    g_mutex_unlock(&loop->guard);
    /* Without a thread to be had the item stays queued until one of those at work is free. */
    g_thread_pool_push(loop->pool, item, NULL);
}

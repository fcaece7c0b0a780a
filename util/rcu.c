/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Read-copy-update on liburcu's memb flavour: a read section costs two stores and no barrier, because the writer uses
 * membarrier(2).
 *
 * A thread's registration is undone by a thread-exit hook, so a thread that forgets it cannot leave a dangling entry in
 * the library's list of readers. Deferred calls run on liburcu's own call_rcu thread.
 */
#include <glib.h>
#include <stdbool.h>
#include <urcu/urcu-memb.h>

#include "util/rcu.h"

/* liburcu is not instrumented: state the one order it gives, from the end of a read section to the end of a grace period. */
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
static char grace;
#define SAY_RELEASE(p) __tsan_release(p)
#define SAY_ACQUIRE(p) __tsan_acquire(p)
#define GRACE (&grace)
#else
#define SAY_RELEASE(p) ((void)0)
#define SAY_ACQUIRE(p) ((void)0)
#endif

typedef struct Deferred {
    struct rcu_head head;
    void (*fn)(void *);
    void *arg;
} Deferred;

static void thread_gone(void *unused)
{
    urcu_memb_unregister_thread();
}

static GPrivate registered = G_PRIVATE_INIT(thread_gone);

void rcu_thread_register(void)
{
    if (!g_private_get(&registered)) {
        urcu_memb_register_thread();
        g_private_set(&registered, &registered);
    }
}

void rcu_thread_unregister(void)
{
    if (g_private_get(&registered)) {
        g_private_set(&registered, NULL);
        urcu_memb_unregister_thread();
    }
}

void rcu_read_begin(void)
{
    urcu_memb_read_lock();
}

void rcu_read_end(void)
{
    SAY_RELEASE(GRACE);
    urcu_memb_read_unlock();
}

void rcu_wait(void)
{
    urcu_memb_synchronize_rcu();
    SAY_ACQUIRE(GRACE);
}

static void run_deferred(struct rcu_head *head)
{
    Deferred *d = caa_container_of(head, Deferred, head);

    SAY_ACQUIRE(GRACE);
    SAY_ACQUIRE(d);
    d->fn(d->arg);
    SAY_RELEASE(GRACE);
    g_free(d);
}

void rcu_defer(void (*fn)(void *), void *arg)
{
    Deferred *d = g_new0(Deferred, 1);

    d->fn = fn;
    d->arg = arg;
    rcu_thread_register(); /* call_rcu() itself enters a read section */
    SAY_RELEASE(d);
    urcu_memb_call_rcu(&d->head, run_deferred);
}

typedef struct Drain {
    GMutex lock;
    GCond cond;
    bool done;
} Drain;

static void drain_reached(void *arg)
{
    Drain *d = arg;

    g_mutex_lock(&d->lock);
    d->done = true;
    g_cond_signal(&d->cond);
    g_mutex_unlock(&d->lock);
}

/* The one call_rcu thread runs deferred calls in order, so the last one has all others behind it. */
void rcu_drain(void)
{
    Drain d = {.done = false};

    g_mutex_init(&d.lock);
    g_cond_init(&d.cond);
    rcu_defer(drain_reached, &d);
    g_mutex_lock(&d.lock);
    while (!d.done) {
        g_cond_wait(&d.cond, &d.lock);
    }
    g_mutex_unlock(&d.lock);
    g_mutex_clear(&d.lock);
    g_cond_clear(&d.cond);
}

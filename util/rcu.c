/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Read-copy-update on liburcu's memb flavour: a read section costs two stores and no barrier, because the writer uses
 * membarrier(2).
 *
 * A thread's registration is undone by a thread-exit hook, so a thread that forgets it cannot leave a dangling entry in
 * the library's list of readers. Deferred calls run on liburcu's own call_rcu thread.
 */
#include <glib.h>
#include <urcu/urcu-memb.h>

#include "util/rcu.h"

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
    urcu_memb_read_unlock();
}

void rcu_wait(void)
{
    urcu_memb_synchronize_rcu();
}

static void run_deferred(struct rcu_head *head)
{
    Deferred *d = caa_container_of(head, Deferred, head);

    d->fn(d->arg);
    g_free(d);
}

void rcu_defer(void (*fn)(void *), void *arg)
{
    Deferred *d = g_new0(Deferred, 1);

    d->fn = fn;
    d->arg = arg;
    rcu_thread_register(); /* call_rcu() itself enters a read section */
    urcu_memb_call_rcu(&d->head, run_deferred);
}

void rcu_drain(void)
{
    rcu_thread_register();
    urcu_memb_barrier();
}

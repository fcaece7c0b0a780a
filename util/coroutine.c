/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Coroutines: creation, entering, yielding, and the pool of stacks.
 *
 * Who enters a coroutine is its caller until it yields or ends; callers form a chain that ends at the thread's own stack.
 * A coroutine may continue on another thread after a yield, so the address of thread-local state must never be kept across
 * a switch: it is reached only through thread_state(), which the compiler can neither inline nor merge.
 * `running` stays set until the switch away is complete: a coroutine that scheduled itself on another thread's loop
 * is not entered there while it still stands on its stack here.
 * Finished coroutines keep their stacks in a small pool per thread.
 */
#include <stdlib.h>

#include "coroutine-internal.h"
#include "util/coroutine.h"
#include "util/error.h"

#define POOL_MAX 64

struct Coroutine {
    CoContext context;
    CoroutineEntry *entry;
    void *opaque;
    Coroutine *caller; /* valid while it runs */
    Coroutine *pool_next;
    bool running; /* atomic */
    bool done;
};

typedef struct CoThread {
    Coroutine leader; /* stands for the thread's own stack */
    Coroutine *current;
    Coroutine *pool;
    unsigned pool_len;
} CoThread;

static void G_GNUC_NORETURN bug(const char *what)
{
    error_report("coroutine: %s", what);
    abort();
}

static void free_coroutine(Coroutine *co)
{
    co_context_destroy(&co->context);
    g_free(co);
}

static void thread_gone(gpointer data)
{
    CoThread *t = data;

    while (t->pool) {
        Coroutine *co = t->pool;

        t->pool = co->pool_next;
        free_coroutine(co);
    }
#ifndef CO_ASSEMBLY
    g_free(t->leader.context.sp);
#endif
    g_free(t);
}

static GPrivate thread_key = G_PRIVATE_INIT(thread_gone);

static __attribute__((noinline)) CoThread *thread_state(void)
{
    CoThread *t = g_private_get(&thread_key);

    if (!t) {
        t = g_new0(CoThread, 1);
        t->current = &t->leader;
        g_private_set(&thread_key, t);
    }
    __asm__ volatile("" : "+r"(t)); /* not a pure function */
    return t;
}

Coroutine *co_self(void)
{
    CoThread *t = thread_state();

    return t->current == &t->leader ? NULL : t->current;
}

bool in_coroutine(void)
{
    return co_self() != NULL;
}

Coroutine *co_create(CoroutineEntry *entry, void *opaque)
{
    CoThread *t = thread_state();
    Coroutine *co = t->pool;

    if (co) {
        t->pool = co->pool_next;
        t->pool_len--;
    } else {
        co = g_new0(Coroutine, 1);
        if (!co_context_init(&co->context)) {
            bug("no memory for a stack");
        }
    }
    co->entry = entry;
    co->opaque = opaque;
    co->done = false;
    co_context_prepare(&co->context);
    return co;
}

/* Back on the caller's stack after the end of @co. */
static void recycle(Coroutine *co)
{
    CoThread *t = thread_state();

    if (t->pool_len < POOL_MAX) {
        co->pool_next = t->pool;
        t->pool = co;
        t->pool_len++;
    } else {
        free_coroutine(co);
    }
}

void co_enter(Coroutine *co)
{
    CoThread *t = thread_state();
    Coroutine *self = t->current;

    if (__atomic_exchange_n(&co->running, true, __ATOMIC_ACQUIRE)) {
        bug("co_enter of a coroutine that is running");
    }
    co->caller = self;
    t->current = co;
    co_context_switch(&self->context, &co->context, false);
    co_context_arrived(&self->context, &co->context);
    if (co->done) {
        co->running = false;
        recycle(co);
    } else {
        __atomic_store_n(&co->running, false, __ATOMIC_RELEASE); /* from here on it may be another thread's */
    }
}

/* Leaves the running coroutine for its caller. */
static void leave(Coroutine *self, bool last)
{
    Coroutine *caller = self->caller;

    thread_state()->current = caller;
    co_context_switch(&self->context, &caller->context, last);
    co_context_arrived(&self->context, &self->caller->context); /* maybe on another thread */
}

void coroutine_fn co_yield(void)
{
    Coroutine *self = co_self();

    if (!self) {
        bug("co_yield outside of a coroutine");
    }
    leave(self, false);
}

void co_main(void)
{
    Coroutine *self = co_self();

    co_context_arrived(&self->context, &self->caller->context);
    self->entry(self->opaque);
    self->done = true;
    leave(self, true);
    abort(); /* not reached */
}

static void enter_bh(void *opaque)
{
    Coroutine *co = opaque;

    if (__atomic_load_n(&co->running, __ATOMIC_ACQUIRE)) {
        co_schedule(event_loop_current(), co); /* it has not left its old thread yet */
    } else {
        co_enter(co);
    }
}

void co_schedule(EventLoop *loop, Coroutine *co)
{
    bh_once(loop, enter_bh, co);
}

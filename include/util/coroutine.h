/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stackful coroutines with an own context switch on x86-64 and AArch64 (ucontext elsewhere), annotated for ASan
 * and valgrind. A coroutine runs on one thread at a time; it may be resumed on another thread than it yielded on
 * only through co_schedule().
 */
#ifndef UTIL_COROUTINE_H
#define UTIL_COROUTINE_H

#include <glib.h>
#include <stdbool.h>

#include "util/main-loop.h"

typedef struct Coroutine Coroutine;
typedef void CoroutineEntry(void *opaque);

/* Marks functions that may yield: call them only from a coroutine. */
#define coroutine_fn

Coroutine *co_create(CoroutineEntry *entry, void *opaque); /* freed when entry returns; stacks are pooled */
void co_enter(Coroutine *co);    /* runs it until it yields or ends */
void coroutine_fn co_yield(void);
Coroutine *co_self(void);        /* NULL outside of a coroutine */
bool in_coroutine(void);
void co_schedule(EventLoop *loop, Coroutine *co); /* enters it soon from @loop's thread; any thread */

/* Mutual exclusion and queues among coroutines of any threads; FIFO; never block the thread. */
typedef struct CoMutex {
    GMutex guard;
    Coroutine *holder;
    GQueue waiters;
} CoMutex;
void co_mutex_init(CoMutex *m);
void co_mutex_destroy(CoMutex *m);
void coroutine_fn co_mutex_lock(CoMutex *m);
void coroutine_fn co_mutex_unlock(CoMutex *m);

typedef struct CoQueue {
    GQueue waiters;
} CoQueue;
void co_queue_init(CoQueue *q);
void coroutine_fn co_queue_wait(CoQueue *q, CoMutex *m); /* @m may be NULL; released while waiting */
bool co_queue_wake_one(CoQueue *q);
void co_queue_wake_all(CoQueue *q);

void coroutine_fn co_sleep_ns(EventLoop *loop, ClockKind kind, int64_t ns);

#endif

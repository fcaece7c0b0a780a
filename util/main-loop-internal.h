/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of an event loop, shared by main-loop*.c and io-thread.c.
 *
 * `guard` protects the timer heaps, the due list, the bottom-half queue and `polling`. It is never held while a callback
 * runs. A thread that adds work looks at `polling` under the guard: only a loop that may be asleep needs the
 * wake-up call. The loop sets it under the same guard after it has seen that there is nothing to do, so no
 * wake-up is lost.
 */
#ifndef UTIL_MAIN_LOOP_INTERNAL_H
#define UTIL_MAIN_LOOP_INTERNAL_H

#include "util/main-loop.h"

typedef struct TimerHeap {
    Timer **items; /* binary heap by (deadline, sequence) */
    guint len, room;
} TimerHeap;

struct EventLoop {
    GMainContext *context;
    VirtualClock *clock;
    LoopCallback *lock, *unlock;
    void *lock_opaque;
    GHashTable *fds; /* fd -> GSource * with one reference */
    GPollFD *poll_fds;
    guint poll_room;

    GMutex guard;
    TimerHeap heaps[CLOCK_KIND_COUNT];
    Timer *due_first, *due_last; /* taken from the heaps, about to run */
    BottomHalf *bh_first, *bh_last;
    uint64_t bh_turn;
    GThreadPool *pool; /* made on first use */
    bool polling;
    bool woken; /* a wake-up is on its way to a sleeping loop */
};

/* All below: @guard held. */
void loop_kick(EventLoop *loop);
int64_t loop_timers_timeout(EventLoop *loop); /* ns until the first deadline, 0: due, -1: none */

/* Not held. */
void loop_run_timers(EventLoop *loop);
void loop_run_bhs(EventLoop *loop);
void loop_free_timers(EventLoop *loop);
void loop_free_bhs(EventLoop *loop);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event loop: file descriptors, timers on three clocks and bottom halves on a GLib main context.
 * The main thread and every I/O thread run one of the same type.
 *
 * Locking: functions marked [any thread] may be called from anywhere; all others only from the loop's own thread or
 * while it is not running. A loop may be given a mutex that it holds while it dispatches and drops while it
 * polls (the main loop is given the machine lock): whoever calls main_loop_wait() holds it, and holds it again on return.
 *
 * A callback may run a nested main_loop_wait(), but its own fd, timer or bottom half is not called again meanwhile. A
 * callback may remove or free what it was called for. Timers and bottom halves must be freed before their loop is.
 */
#ifndef UTIL_MAIN_LOOP_H
#define UTIL_MAIN_LOOP_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/clock.h"

typedef struct EventLoop EventLoop;
typedef struct Timer Timer;
typedef struct BottomHalf BottomHalf;
typedef void LoopCallback(void *opaque);

/* @clock: the virtual clock its CLOCK_KIND_VIRTUAL timers follow; may be NULL (then such timers never fire). */
EventLoop *event_loop_new(VirtualClock *clock);
void event_loop_free(EventLoop *loop);
/* For a loop made before its machine; before any virtual timer is set on it, and the clock must outlive the loop. */
void event_loop_set_clock(EventLoop *loop, VirtualClock *clock);
/* Called around dispatch: @lock before callbacks run, @unlock before polling. Either both or none. */
void event_loop_set_lock(EventLoop *loop, LoopCallback *lock, LoopCallback *unlock, void *opaque);
GMainContext *event_loop_context(EventLoop *loop);
/* The loop whose callback runs on this thread, or the one set for this thread; NULL elsewhere. */
EventLoop *event_loop_current(void);
void event_loop_set_current(EventLoop *loop);

/* One turn: waits for the first event (not at all where @block is false) and dispatches. */
void main_loop_wait(EventLoop *loop, bool block);
void event_loop_wake(EventLoop *loop); /* [any thread] */

/* Handlers for @fd; NULL for a callback takes it off; both NULL removes the fd. */
void event_loop_set_fd(EventLoop *loop, int fd, LoopCallback *readable, LoopCallback *writable, void *opaque);

Timer *timer_new(EventLoop *loop, ClockKind kind, LoopCallback *cb, void *opaque); /* [any thread] */
void timer_free(Timer *t);                        /* removes it first */
void timer_set_ns(Timer *t, int64_t deadline_ns); /* [any thread] absolute on its clock; replaces */
void timer_cancel(Timer *t);                      /* [any thread] */
bool timer_pending(const Timer *t);               /* [any thread] */
int64_t timer_deadline_ns(const Timer *t);        /* INT64_MAX where not pending */
int64_t event_loop_clock_ns(EventLoop *loop, ClockKind kind); /* [any thread] */
/* To be called when the virtual clock starts or stops. [any thread] */
void event_loop_clock_changed(EventLoop *loop);

/* A bottom half runs once, soon, in the loop's thread, however often it is scheduled before that. */
BottomHalf *bh_new(EventLoop *loop, LoopCallback *cb, void *opaque);
void bh_schedule(BottomHalf *bh); /* [any thread] */
void bh_cancel(BottomHalf *bh);
void bh_delete(BottomHalf *bh);
void bh_once(EventLoop *loop, LoopCallback *cb, void *opaque); /* [any thread] */

/* An I/O thread: a thread that runs its own loop until freed. */
typedef struct IoThread IoThread;
IoThread *io_thread_new(const char *name);
EventLoop *io_thread_loop(IoThread *t);
void io_thread_free(IoThread *t); /* joins */

/* A bounded pool for blocking file work: @work runs on a pool thread, @done afterwards in @loop. [any thread] */
void thread_pool_submit(EventLoop *loop, LoopCallback *work, LoopCallback *done, void *opaque);

#endif

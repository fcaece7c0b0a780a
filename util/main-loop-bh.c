/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bottom halves: a FIFO of callbacks under the loop's guard.
 *
 * `queued` says that it stands in the FIFO, `scheduled` that it shall run when its turn comes. A cancelled or deleted
 * one stays in the FIFO as an empty entry that the next turn drops: so cancel and delete are cheap and safe from
 * within any callback, its own included.
 */
#include "main-loop-internal.h"
#include "util/trace.h"

TRACE_EVENT(bh_slow, "callback %p took %" G_GINT64_FORMAT " us");

struct BottomHalf {
    EventLoop *loop;
    LoopCallback *cb;
    void *opaque;
    BottomHalf *next;
    uint64_t turn; /* order in the FIFO */
    bool queued, scheduled, deleted;
};

static void queue_append(EventLoop *loop, BottomHalf *bh)
{
    bh->queued = true;
    bh->next = NULL;
    bh->turn = loop->bh_turn++;
    if (loop->bh_last) {
        loop->bh_last->next = bh;
    } else {
        loop->bh_first = bh;
    }
    loop->bh_last = bh;
    loop_kick(loop);
}

static BottomHalf *queue_pop(EventLoop *loop)
{
    BottomHalf *bh = loop->bh_first;

    loop->bh_first = bh->next;
    if (!loop->bh_first) {
        loop->bh_last = NULL;
    }
    bh->queued = false;
    return bh;
}

static void call_bh(LoopCallback *cb, void *opaque)
{
    if (trace_enabled(bh_slow)) {
        int64_t start = realtime_ns(), took;

        cb(opaque);
        took = realtime_ns() - start;
        if (took >= NS_PER_MS) {
            trace(bh_slow, (void *)cb, took / NS_PER_US);
        }
    } else {
        cb(opaque);
    }
}

void loop_run_bhs(EventLoop *loop)
{
    uint64_t stop;

    g_mutex_lock(&loop->guard);
    stop = loop->bh_turn; /* what is appended from here on waits for the next turn, also after a nested one */
    while (loop->bh_first && loop->bh_first->turn < stop) {
        BottomHalf *bh = queue_pop(loop);
        LoopCallback *cb = bh->scheduled ? bh->cb : NULL;
        void *opaque = bh->opaque;

        bh->scheduled = false;
        if (bh->deleted) {
            g_free(bh);
        }
        if (cb) {
            g_mutex_unlock(&loop->guard);
            call_bh(cb, opaque);
            g_mutex_lock(&loop->guard);
        }
    }
    g_mutex_unlock(&loop->guard);
}

void loop_free_bhs(EventLoop *loop)
{
    while (loop->bh_first) {
        BottomHalf *bh = queue_pop(loop);

        if (bh->deleted) {
            g_free(bh);
        }
    }
}

BottomHalf *bh_new(EventLoop *loop, LoopCallback *cb, void *opaque)
{
    BottomHalf *bh = g_new0(BottomHalf, 1);

    bh->loop = loop;
    bh->cb = cb;
    bh->opaque = opaque;
    return bh;
}

void bh_schedule(BottomHalf *bh)
{
    g_mutex_lock(&bh->loop->guard);
    bh->scheduled = true;
    if (!bh->queued) {
        queue_append(bh->loop, bh);
    }
    g_mutex_unlock(&bh->loop->guard);
}

void bh_cancel(BottomHalf *bh)
{
    g_mutex_lock(&bh->loop->guard);
    bh->scheduled = false;
    g_mutex_unlock(&bh->loop->guard);
}

void bh_delete(BottomHalf *bh)
{
    EventLoop *loop;
    bool now;

    if (!bh) {
        return;
    }
    loop = bh->loop;
    g_mutex_lock(&loop->guard);
    bh->scheduled = false;
    bh->deleted = true;
    now = !bh->queued;
    g_mutex_unlock(&loop->guard);
    if (now) {
        g_free(bh);
    }
}

void bh_once(EventLoop *loop, LoopCallback *cb, void *opaque)
{
    BottomHalf *bh = bh_new(loop, cb, opaque);

    bh->scheduled = true;
    bh->deleted = true; /* freed by the turn that runs it */
    g_mutex_lock(&loop->guard);
    queue_append(loop, bh);
    g_mutex_unlock(&loop->guard);
}

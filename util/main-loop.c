/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event loop's turn: prepare the GLib context, sleep in ppoll(2), check, dispatch.
 *
 * The context is driven by hand instead of by g_main_context_iteration(), because GLib sleeps in whole milliseconds and a guest's
 * timer must be accurate to tens of microseconds. Its sources (GIO, D-Bus, display libraries) work as usual.
 *
 * Order of one turn: sources, bottom halves, timers. Each part runs what was ready when it began; what is added
 * meanwhile waits for the next turn, so nothing can starve the rest. A callback may run a nested turn.
 * With a lock given, the caller of main_loop_wait() holds it, and holds it again on return; it is dropped only in ppoll().
 */
#include <errno.h>
#include <poll.h>
#include <sys/prctl.h>

#include "main-loop-internal.h"
#include "util/error.h"

static __thread EventLoop *current_loop;
static __thread bool slack_set;

EventLoop *event_loop_current(void)
{
    return current_loop;
}

void event_loop_set_current(EventLoop *loop)
{
    current_loop = loop;
}

EventLoop *event_loop_new(VirtualClock *clock)
{
    EventLoop *loop = g_new0(EventLoop, 1);

    loop->context = g_main_context_new();
    loop->clock = clock;
    g_mutex_init(&loop->guard);
    loop->fds = g_hash_table_new(NULL, NULL);
    return loop;
}

void event_loop_free(EventLoop *loop)
{
    GHashTableIter it;
    gpointer source;

    if (!loop) {
        return;
    }
    if (loop->pool) {
        g_thread_pool_free(loop->pool, FALSE, TRUE); /* waits for work under way; its `done` calls are dropped below */
    }
    g_hash_table_iter_init(&it, loop->fds);
    while (g_hash_table_iter_next(&it, NULL, &source)) {
        g_source_destroy(source);
        g_source_unref(source);
    }
    g_hash_table_destroy(loop->fds);
    loop_free_bhs(loop);
    loop_free_timers(loop);
    g_main_context_unref(loop->context);
    g_mutex_clear(&loop->guard);
    g_free(loop->poll_fds);
    if (current_loop == loop) {
        current_loop = NULL;
    }
    g_free(loop);
}

void event_loop_set_lock(EventLoop *loop, LoopCallback *lock, LoopCallback *unlock, void *opaque)
{
    loop->lock = lock;
    loop->unlock = unlock;
    loop->lock_opaque = opaque;
}

void event_loop_set_clock(EventLoop *loop, VirtualClock *clock)
{
    g_mutex_lock(&loop->guard);
    loop->clock = clock;
    g_mutex_unlock(&loop->guard);
    event_loop_wake(loop);
}

GMainContext *event_loop_context(EventLoop *loop)
{
    return loop->context;
}

/* --- waking --- */

void loop_kick(EventLoop *loop)
{
    if (loop->polling && !loop->woken) {
        loop->woken = true;
        g_main_context_wakeup(loop->context);
    }
}

void event_loop_wake(EventLoop *loop)
{
    /* Unlike for added work there is nothing else the loop could notice, so the call itself must stick. */
    g_main_context_wakeup(loop->context);
}

void event_loop_clock_changed(EventLoop *loop)
{
    event_loop_wake(loop);
}

/* --- file descriptors --- */

typedef struct FdSource {
    GSource source;
    gpointer tag;
    int fd;
    LoopCallback *readable, *writable;
    void *opaque;
    EventLoop *loop;
} FdSource;

static void remove_fd(EventLoop *loop, FdSource *s)
{
    g_hash_table_remove(loop->fds, GINT_TO_POINTER(s->fd));
    g_source_destroy(&s->source);
    g_source_unref(&s->source);
}

static gboolean fd_dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
    FdSource *s = (FdSource *)source;
    GIOCondition ready = g_source_query_unix_fd(source, s->tag);

    if (ready & G_IO_NVAL) {
        warn_report("event loop: file descriptor %d was closed while it was watched", s->fd);
        remove_fd(s->loop, s);
        return G_SOURCE_REMOVE;
    }
    /* An error or hang-up is found by whoever reads or writes next. */
    if (s->readable && (ready & (G_IO_IN | G_IO_HUP | G_IO_ERR))) {
        s->readable(s->opaque);
    }
    if (!g_source_is_destroyed(source) && s->writable &&
        (ready & (G_IO_OUT | G_IO_ERR | (s->readable ? 0 : G_IO_HUP)))) {
        s->writable(s->opaque);
    }
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs fd_funcs = {.dispatch = fd_dispatch};

void event_loop_set_fd(EventLoop *loop, int fd, LoopCallback *readable, LoopCallback *writable, void *opaque)
{
    FdSource *s = g_hash_table_lookup(loop->fds, GINT_TO_POINTER(fd));
    GIOCondition events = (readable ? G_IO_IN : 0) | (writable ? G_IO_OUT : 0);

    if (!readable && !writable) {
        if (s) {
            remove_fd(loop, s);
        }
        return;
    }
    if (!s) {
        s = (FdSource *)g_source_new(&fd_funcs, sizeof(*s));
        s->fd = fd;
        s->loop = loop;
        s->tag = g_source_add_unix_fd(&s->source, fd, events);
        g_source_attach(&s->source, loop->context);
        g_hash_table_insert(loop->fds, GINT_TO_POINTER(fd), s);
    } else {
        g_source_modify_unix_fd(&s->source, s->tag, events);
    }
    s->readable = readable;
    s->writable = writable;
    s->opaque = opaque;
}

/* --- one turn --- */

/* The shorter of GLib's timeout in ms and ours in ns; -1 is without end. */
static int64_t shorter(int glib_ms, int64_t ns)
{
    int64_t glib_ns = glib_ms < 0 ? -1 : glib_ms * NS_PER_MS;

    return glib_ns < 0 ? ns : ns < 0 ? glib_ns : MIN(glib_ns, ns);
}

/* Decides how long to sleep; from here to the end of the poll whoever adds work also wakes the loop. */
static int64_t begin_poll(EventLoop *loop, int glib_ms, bool block)
{
    int64_t timeout;

    g_mutex_lock(&loop->guard);
    timeout = !block || loop->bh_first || loop->due_first ? 0 : shorter(glib_ms, loop_timers_timeout(loop));
    loop->polling = timeout != 0;
    loop->woken = false;
    g_mutex_unlock(&loop->guard);
    return timeout;
}

static void poll_ns(EventLoop *loop, gint n, int64_t timeout)
{
    struct timespec ts = {.tv_sec = timeout / NS_PER_SEC, .tv_nsec = timeout % NS_PER_SEC};
    struct pollfd *fds = (struct pollfd *)loop->poll_fds;

    G_STATIC_ASSERT(sizeof(GPollFD) == sizeof(struct pollfd));
    G_STATIC_ASSERT(G_STRUCT_OFFSET(GPollFD, revents) == G_STRUCT_OFFSET(struct pollfd, revents));
    if (!slack_set) { /* the kernel's default would add 50 microseconds to every sleep */
        prctl(PR_SET_TIMERSLACK, 1);
        slack_set = true;
    }
    if (ppoll(fds, n, timeout < 0 ? NULL : &ts, NULL) < 0) {
        if (errno != EINTR) {
            warn_report("event loop: ppoll failed: %s", g_strerror(errno));
        }
        for (gint i = 0; i < n; i++) {
            fds[i].revents = 0;
        }
    }
}

static gint query(EventLoop *loop, gint priority, int *glib_ms)
{
    gint n;

    while ((n = g_main_context_query(loop->context, priority, glib_ms, loop->poll_fds, loop->poll_room)) >
           (gint)loop->poll_room) {
        loop->poll_room = n + 16;
        g_free(loop->poll_fds);
        loop->poll_fds = g_new0(GPollFD, loop->poll_room);
    }
    return n;
}

void main_loop_wait(EventLoop *loop, bool block)
{
    EventLoop *outer = current_loop;
    gint priority, n;
    int glib_ms;
    int64_t timeout;

    if (!g_main_context_acquire(loop->context)) {
        error_report("event loop: run by two threads at a time");
        return;
    }
    current_loop = loop;
    g_main_context_prepare(loop->context, &priority);
    n = query(loop, priority, &glib_ms);
    timeout = begin_poll(loop, glib_ms, block);
    if (loop->unlock) {
        loop->unlock(loop->lock_opaque);
    }
    poll_ns(loop, n, timeout);
    if (loop->lock) {
        loop->lock(loop->lock_opaque);
    }
    g_mutex_lock(&loop->guard);
    loop->polling = false;
    g_mutex_unlock(&loop->guard);
    if (g_main_context_check(loop->context, priority, loop->poll_fds, n)) {
        g_main_context_dispatch(loop->context);
    }
    loop_run_bhs(loop);
    loop_run_timers(loop);
    current_loop = outer;
    g_main_context_release(loop->context);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libslirp on the event loop: its descriptors change with every connection, so they are asked for before each turn by a GSource of
 * our own; its timers and its send callback. The loop prepares and checks with the machine lock held, so libslirp is never
 * entered by two threads at once.
 */
#include <poll.h>
#include <string.h>

#include "slirp.h"
#include "util/log.h"

typedef struct PollSource {
    GSource base;
    SlirpNet *net;
    GArray *fds;     /* GPollFD, as filled for this turn; registered by address, so it is not grown while registered */
    unsigned registered;
    gint64 deadline; /* monotonic microseconds; -1: none */
} PollSource;

static int to_glib(int events)
{
    return (events & SLIRP_POLL_IN ? G_IO_IN : 0) | (events & SLIRP_POLL_OUT ? G_IO_OUT : 0) |
           (events & SLIRP_POLL_PRI ? G_IO_PRI : 0) | (events & SLIRP_POLL_ERR ? G_IO_ERR : 0) |
           (events & SLIRP_POLL_HUP ? G_IO_HUP : 0);
}

static int add_poll(int fd, int events, void *opaque)
{
    PollSource *ps = opaque;
    GPollFD entry = {.fd = fd, .events = (gushort)to_glib(events)};
    g_array_append_val(ps->fds, entry);
    return (int)ps->fds->len - 1;
}

static int get_revents(int index, void *opaque)
{
    PollSource *ps = opaque;
    if (index < 0 || (unsigned)index >= ps->fds->len) {
        return 0;
    }
    int r = g_array_index(ps->fds, GPollFD, index).revents;
    return (r & G_IO_IN ? SLIRP_POLL_IN : 0) | (r & G_IO_OUT ? SLIRP_POLL_OUT : 0) | (r & G_IO_PRI ? SLIRP_POLL_PRI : 0) |
           (r & G_IO_ERR ? SLIRP_POLL_ERR : 0) | (r & G_IO_HUP ? SLIRP_POLL_HUP : 0);
}

static void unregister_fds(PollSource *ps)
{
    for (unsigned i = 0; i < ps->registered; i++) {
        g_source_remove_poll(&ps->base, &g_array_index(ps->fds, GPollFD, i));
    }
    ps->registered = 0;
}

static gboolean prepare(GSource *source, gint *timeout_ms)
{
    PollSource *ps = (PollSource *)source;
    uint32_t timeout = G_MAXINT32;
    unregister_fds(ps);
    g_array_set_size(ps->fds, 0);
    slirp_pollfds_fill(ps->net->slirp, &timeout, add_poll, ps);
    for (unsigned i = 0; i < ps->fds->len; i++) {
        g_source_add_poll(source, &g_array_index(ps->fds, GPollFD, i));
    }
    ps->registered = ps->fds->len;
    *timeout_ms = timeout >= G_MAXINT32 ? -1 : (gint)timeout;
    ps->deadline = *timeout_ms < 0 ? -1 : g_source_get_time(source) + (gint64)timeout * 1000;
    return FALSE;
}

static gboolean check(GSource *source)
{
    PollSource *ps = (PollSource *)source;
    for (unsigned i = 0; i < ps->fds->len; i++) {
        if (g_array_index(ps->fds, GPollFD, i).revents) {
            return TRUE;
        }
    }
    return ps->deadline >= 0 && g_get_monotonic_time() >= ps->deadline;
}

static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
    PollSource *ps = (PollSource *)source;
    slirp_pollfds_poll(ps->net->slirp, 0, get_revents, ps);
    return G_SOURCE_CONTINUE;
}

static void finalize(GSource *source)
{
    g_array_free(((PollSource *)source)->fds, TRUE);
}

static GSourceFuncs poll_funcs = {.prepare = prepare, .check = check, .dispatch = dispatch, .finalize = finalize};

GSource *slirp_poll_source_new(SlirpNet *s)
{
    GSource *source = g_source_new(&poll_funcs, sizeof(PollSource));
    PollSource *ps = (PollSource *)source;
    ps->net = s;
    ps->fds = g_array_new(FALSE, TRUE, sizeof(GPollFD));
    g_source_attach(source, event_loop_context(s->loop));
    return source;
}

/* --- callbacks of libslirp --- */
static ssize_t send_packet(const void *buf, size_t len, void *opaque)
{
    SlirpNet *s = opaque;
    uint8_t padded[60];
    if (len < sizeof(padded)) { /* the shortest Ethernet frame (IEEE 802.3) without its checksum */
        memset(padded, 0, sizeof(padded));
        memcpy(padded, buf, len);
        net_send(s->nc, padded, sizeof(padded));
    } else {
        net_send(s->nc, buf, len);
    }
    return (ssize_t)len;
}

static void guest_error(const char *msg, void *opaque)
{
    log_if(LOG_GUEST_ERROR, "user network: %s\n", msg);
}

static int64_t clock_get_ns(void *opaque)
{
    return event_loop_clock_ns(((SlirpNet *)opaque)->loop, CLOCK_KIND_VIRTUAL);
}

static void *timer_create_cb(SlirpTimerCb cb, void *cb_opaque, void *opaque)
{
    return timer_new(((SlirpNet *)opaque)->loop, CLOCK_KIND_VIRTUAL, cb, cb_opaque);
}

static void timer_free_cb(void *timer, void *opaque)
{
    timer_free(timer);
}

static void timer_mod_cb(void *timer, int64_t expire_ms, void *opaque)
{
    timer_set_ns(timer, expire_ms * NS_PER_MS);
}

static void wake(void *opaque)
{
    event_loop_wake(((SlirpNet *)opaque)->loop);
}

static void poll_fd_changed(int fd, void *opaque)
{
    wake(opaque);
}

const SlirpCb slirp_callbacks = {
    .send_packet = send_packet,
    .guest_error = guest_error,
    .clock_get_ns = clock_get_ns,
    .timer_new = timer_create_cb,
    .timer_free = timer_free_cb,
    .timer_mod = timer_mod_cb,
    .register_poll_fd = poll_fd_changed,
    .unregister_poll_fd = poll_fd_changed,
    .notify = wake,
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual cable: two clients that are each other's peer. A frame that the receiver has no room for waits in its queue,
 * which is bounded; beyond that frames are dropped and counted, as on a real wire.
 */
#include "net/net.h"

#include <string.h>

enum { QUEUE_MAX = 1024 };

typedef struct Frame {
    size_t len;
    uint8_t data[];
} Frame;

NetClient *net_client_new(const NetClientOps *ops, const char *name, const char *model, void *opaque)
{
    NetClient *nc = g_new0(NetClient, 1);
    nc->ops = ops;
    nc->name = g_strdup(name);
    nc->model = g_strdup(model);
    nc->opaque = opaque;
    g_queue_init(&nc->queue);
    return nc;
}

void net_client_free(NetClient *nc)
{
    if (!nc) {
        return;
    }
    if (nc->peer) {
        nc->peer->peer = NULL;
    }
    if (nc->ops->cleanup) {
        nc->ops->cleanup(nc);
    }
    g_queue_clear_full(&nc->queue, g_free);
    g_free(nc->name);
    g_free(nc->model);
    g_free(nc);
}

bool net_connect(NetClient *a, NetClient *b, Error **errp)
{
    if (a->peer || b->peer) {
        NetClient *taken = a->peer ? a : b;
        error_setg(errp, "network client '%s' is connected to '%s' already", taken->name, taken->peer->name);
        return false;
    }
    a->peer = b;
    b->peer = a;
    return true;
}

static bool deliver(NetClient *to, const struct iovec *iov, int iovcnt)
{
    if (to->ops->can_receive && !to->ops->can_receive(to)) {
        return false;
    }
    if (!to->ops->receive(to, iov, iovcnt)) {
        return false;
    }
    to->rx_frames++;
    return true;
}

static void enqueue(NetClient *to, const struct iovec *iov, int iovcnt, size_t len)
{
    if (to->queue.length >= QUEUE_MAX) {
        to->dropped++;
        return;
    }
    Frame *frame = g_malloc(sizeof(Frame) + len);
    frame->len = 0;
    for (int i = 0; i < iovcnt; i++) {
        memcpy(frame->data + frame->len, iov[i].iov_base, iov[i].iov_len);
        frame->len += iov[i].iov_len;
    }
    g_queue_push_tail(&to->queue, frame);
}

bool net_sendv(NetClient *from, const struct iovec *iov, int iovcnt)
{
    NetClient *to = from->peer;
    size_t len = 0;
    for (int i = 0; i < iovcnt; i++) {
        len += iov[i].iov_len;
    }
    from->tx_frames++;
    if (!to || from->link_down || to->link_down || len > NET_MAX_FRAME) {
        from->dropped++;
        return false;
    }
    if (to->queue.length == 0 && deliver(to, iov, iovcnt)) {
        return true;
    }
    enqueue(to, iov, iovcnt, len);
    return false;
}

bool net_send(NetClient *from, const void *frame, size_t len)
{
    struct iovec iov = {.iov_base = (void *)(uintptr_t)frame, .iov_len = len};
    return net_sendv(from, &iov, 1);
}

void net_flush(NetClient *nc)
{
    Frame *frame;
    while ((frame = g_queue_peek_head(&nc->queue))) {
        struct iovec iov = {.iov_base = frame->data, .iov_len = frame->len};
        if (!deliver(nc, &iov, 1)) {
            return;
        }
        g_free(g_queue_pop_head(&nc->queue));
    }
}

void net_set_link(NetClient *nc, bool up)
{
    nc->link_down = !up;
    if (nc->ops->link_changed) {
        nc->ops->link_changed(nc);
    }
    if (nc->peer && nc->peer->ops->link_changed) {
        nc->peer->ops->link_changed(nc->peer);
    }
}

void net_default_mac(uint8_t mac[6])
{
    static int count; /* of this process: addresses of all its machines differ */
    unsigned n = (unsigned)g_atomic_int_add(&count, 1);
    const uint8_t first[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
    memcpy(mac, first, 6);
    unsigned low = first[5] + n;
    mac[5] = (uint8_t)low;
    mac[4] = (uint8_t)(first[4] + (low >> 8));
}

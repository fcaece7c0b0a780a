/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-net (VirtIO 1.2, section 5.1): one pair of queues and the control queue. Mergeable receive buffers, MAC filter left to the backend (all
 * frames are passed on), link status. No checksum or segmentation offload yet, so frames are plain Ethernet both ways.
 */
#include <string.h>

#include "hw/virtio/virtio-pci.h"
#include "net/net.h"
#include "util/bytes.h"

enum {
    F_MAC = 5, F_MRG_RXBUF = 15, F_STATUS = 16, F_CTRL_VQ = 17, F_CTRL_RX = 18, F_CTRL_MAC_ADDR = 23, F_MTU = 3,
    CTRL_RX = 0, CTRL_MAC = 1, CTRL_MAC_TABLE_SET = 0, CTRL_MAC_ADDR_SET = 1, CTRL_OK = 0, CTRL_ERR = 1,
    HEADER_SHORT = 10, HEADER_LONG = 12, TX_BURST = 256, CONFIG_BYTES = 12,
};

typedef struct VirtioNet {
    VirtioDevice vdev;
    char *netdev;
    uint8_t mac[6], configured_mac[6];
    uint16_t mtu, rx_size, tx_size;
    int bootindex;
    bool mrg_rxbuf, status_on, ctrl_vq;
    NetClient *nc;
    VirtQueue *rx, *tx, *ctrl;
    char *romfile;
} VirtioNet;

static size_t header_bytes(const VirtioNet *s)
{
    bool wide = virtio_has(&s->vdev, F_MRG_RXBUF) || virtio_has(&s->vdev, VIRTIO_F_VERSION_1);
    return wide ? HEADER_LONG : HEADER_SHORT;
}

/* --- to the guest --- */
static bool can_receive(NetClient *nc)
{
    VirtioNet *s = nc->opaque;
    return virtio_running(&s->vdev) && s->rx->ready && !virtq_empty(s->rx);
}

/* Puts header and frame into as many buffers as they need; false where the guest offers too few now. */
static bool deliver(VirtioNet *s, const uint8_t *packet, size_t len)
{
    bool mergeable = virtio_has(&s->vdev, F_MRG_RXBUF);
    size_t done = 0;
    unsigned used = 0;
    struct iovec *first = NULL;
    unsigned first_count = 0;
    GPtrArray *filled = g_ptr_array_new_with_free_func(g_free);
    if (mergeable && !virtq_has_in_bytes(s->rx, len)) {
        virtq_set_notification(s->rx, true);
        if (!virtq_has_in_bytes(s->rx, len)) {
            g_ptr_array_free(filled, TRUE);
            return false;
        }
    }
    while (done < len) {
        VirtElement *e = virtq_pop(s->rx);
        if (!e || e->in_bytes < header_bytes(s)) {
            if (e) {
                g_free(e);
                virtio_broken(&s->vdev, "a receive buffer is smaller than the header");
            }
            break;
        }
        size_t n = virtio_scatter(e->in, e->in_count, 0, packet + done, len - done);
        if (!first) {
            first = e->in;
            first_count = e->in_count;
        }
        done += n;
        virtq_fill(s->rx, e, (uint32_t)n, used++);
        g_ptr_array_add(filled, e);
        if (!mergeable) {
            done = len; /* what did not fit is cut off, as on a wire with a small buffer */
        }
    }
    if (first && header_bytes(s) == HEADER_LONG) {
        uint8_t buffers[2];
        st_le16(buffers, (uint16_t)used);
        virtio_scatter(first, first_count, 10, buffers, sizeof(buffers));
    }
    virtq_flush(s->rx, used);
    virtq_notify(s->rx);
    g_ptr_array_free(filled, TRUE);
    return true;
}

static bool receive(NetClient *nc, const struct iovec *iov, int iovcnt)
{
    VirtioNet *s = nc->opaque;
    size_t header = header_bytes(s), len = 0;
    for (int i = 0; i < iovcnt; i++) {
        len += iov[i].iov_len;
    }
    g_autofree uint8_t *packet = g_malloc(header + len);
    memset(packet, 0, header);
    virtio_gather(iov, (unsigned)iovcnt, 0, packet + header, len);
    return deliver(s, packet, header + len);
}

static void handle_rx(VirtioDevice *vdev, VirtQueue *vq)
{
    net_flush(((VirtioNet *)vdev)->nc); /* there is room again */
}

/* --- from the guest --- */
static void handle_tx(VirtioDevice *vdev, VirtQueue *vq)
{
    VirtioNet *s = (VirtioNet *)vdev;
    size_t header = header_bytes(s);
    VirtElement *e;
    unsigned sent = 0;
    virtq_set_notification(vq, false);
    for (;;) {
        while (sent < TX_BURST && (e = virtq_pop(vq))) {
            size_t len = e->out_bytes > header ? (size_t)(e->out_bytes - header) : 0;
            if (len && len <= NET_MAX_FRAME) {
                g_autofree uint8_t *frame = g_malloc(len); /* copied once: the guest may change it meanwhile */
                virtio_gather(e->out, e->out_count, header, frame, len);
                net_send(s->nc, frame, len);
            }
            virtq_push(vq, e, 0);
            g_free(e);
            sent++;
        }
        if (sent >= TX_BURST) { /* others have their turn; go on in the next one */
            bh_schedule(vq->bh);
            break;
        }
        virtq_set_notification(vq, true);
        if (virtq_empty(vq)) {
            break;
        }
        virtq_set_notification(vq, false);
    }
    if (sent) {
        virtq_notify(vq);
    }
}

static uint8_t control(VirtioNet *s, VirtElement *e)
{
    uint8_t command[2], mac[6];
    if (virtio_gather(e->out, e->out_count, 0, command, sizeof(command)) != sizeof(command)) {
        return CTRL_ERR;
    }
    switch (command[0]) {
    case CTRL_RX: return CTRL_OK; /* everything is received anyway */
    case CTRL_MAC:
        if (command[1] == CTRL_MAC_TABLE_SET) {
            return CTRL_OK;
        }
        if (command[1] == CTRL_MAC_ADDR_SET && virtio_gather(e->out, e->out_count, 2, mac, sizeof(mac)) == sizeof(mac)) {
            memcpy(s->mac, mac, sizeof(mac));
            return CTRL_OK;
        }
        return CTRL_ERR;
    default: return CTRL_ERR;
    }
}

static void handle_ctrl(VirtioDevice *vdev, VirtQueue *vq)
{
    VirtElement *e;
    while ((e = virtq_pop(vq))) {
        if (!e->in_bytes) {
            virtio_broken(vdev, "a control request without room for the answer");
            g_free(e);
            return;
        }
        uint8_t ack = control((VirtioNet *)vdev, e);
        virtio_scatter(e->in, e->in_count, 0, &ack, 1);
        virtq_push(vq, e, 1);
        g_free(e);
    }
    virtq_notify(vq);
}

/* --- device --- */
static void link_changed(NetClient *nc)
{
    virtio_config_changed(&((VirtioNet *)nc->opaque)->vdev);
}

static const NetClientOps nic_ops = {.kind = "nic", .can_receive = can_receive, .receive = receive, .link_changed = link_changed};

static void get_config(VirtioDevice *vdev, uint8_t *c)
{
    VirtioNet *s = (VirtioNet *)vdev;
    bool down = s->nc->link_down || (s->nc->peer && s->nc->peer->link_down);
    memcpy(c, s->mac, 6);
    st_le16(c + 6, down ? 0 : 1);
    st_le16(c + 8, 1);
    st_le16(c + 10, s->mtu);
}

static void set_config(VirtioDevice *vdev, const uint8_t *c)
{
    VirtioNet *s = (VirtioNet *)vdev;
    if (vdev->legacy && !virtio_has(vdev, F_CTRL_MAC_ADDR)) {
        memcpy(s->mac, c, 6);
    }
}

static void status_changed(VirtioDevice *vdev, uint8_t old)
{
    if (virtio_running(vdev)) {
        net_flush(((VirtioNet *)vdev)->nc);
    }
}

static void net_reset(VirtioDevice *vdev)
{
    VirtioNet *s = (VirtioNet *)vdev;
    memcpy(s->mac, s->configured_mac, 6);
}

static bool connect_cable(VirtioNet *s, Error **errp)
{
    GHashTable *table = s->vdev.dev.machine->netdevs;
    NetClient *peer = s->netdev && table ? g_hash_table_lookup(table, s->netdev) : NULL;
    if (s->netdev && !peer) {
        error_setg(errp, "netdev '%s' not found; give -netdev TYPE,id=%s", s->netdev, s->netdev);
        return false;
    }
    DeviceState *transport = s->vdev.dev.parent_bus ? s->vdev.dev.parent_bus->parent : NULL;
    const char *id = s->vdev.dev.id ? s->vdev.dev.id : transport ? transport->id : NULL;
    s->nc = net_client_new(&nic_ops, id ? id : "nic", "virtio-net", s);
    if (peer && !net_connect(s->nc, peer, errp)) {
        net_client_free(s->nc);
        s->nc = NULL;
        return false;
    }
    return true;
}

static bool net_realize(VirtioDevice *vdev, Error **errp)
{
    VirtioNet *s = (VirtioNet *)vdev;
    static const uint8_t none[6];
    if (!is_power_of_2(s->rx_size) || !is_power_of_2(s->tx_size) || s->rx_size < 64 || s->tx_size < 64 || s->rx_size > VIRTIO_QUEUE_SIZE_MAX ||
        s->tx_size > VIRTIO_QUEUE_SIZE_MAX) {
        error_setg(errp, "virtio-net: rx_queue_size and tx_queue_size are powers of two from 64 to %d", VIRTIO_QUEUE_SIZE_MAX);
        return false;
    }
    if (!connect_cable(s, errp)) {
        return false;
    }
    if (!memcmp(s->configured_mac, none, 6)) {
        net_default_mac(s->configured_mac);
    }
    memcpy(s->mac, s->configured_mac, 6);
    s->rx = virtio_add_queue(vdev, s->rx_size, handle_rx);
    s->tx = virtio_add_queue(vdev, s->tx_size, handle_tx);
    s->ctrl = s->ctrl_vq ? virtio_add_queue(vdev, 64, handle_ctrl) : NULL;
    vdev->config_len = CONFIG_BYTES;
    vdev->host_features = VIRTIO_F(F_MAC) | (s->mrg_rxbuf ? VIRTIO_F(F_MRG_RXBUF) : 0) | (s->status_on ? VIRTIO_F(F_STATUS) : 0) |
                          (s->ctrl_vq ? VIRTIO_F(F_CTRL_VQ) | VIRTIO_F(F_CTRL_RX) | VIRTIO_F(F_CTRL_MAC_ADDR) : 0) |
                          (s->mtu ? VIRTIO_F(F_MTU) : 0);
    return true;
}

static void net_unrealize(VirtioDevice *vdev)
{
    net_client_free(((VirtioNet *)vdev)->nc);
}

static const Field net_fields[] = {
    FIELD(VirtioNet, netdev, FIELD_STRING, "netdev", FIELD_PROP, .help = "id of a -netdev"),
    FIELD(VirtioNet, configured_mac, FIELD_MAC, "mac", FIELD_PROP, .help = "address; left out: 52:54:00:12:34:56 and up"),
    FIELD(VirtioNet, mtu, FIELD_U16, "host_mtu", FIELD_PROP, .help = "offered to the guest; 0: none"),
    FIELD(VirtioNet, rx_size, FIELD_U16, "rx_queue_size", FIELD_PROP, .def = 256, .help = "entries"),
    FIELD(VirtioNet, tx_size, FIELD_U16, "tx_queue_size", FIELD_PROP, .def = 256, .help = "entries"),
    FIELD(VirtioNet, bootindex, FIELD_I32, "bootindex", FIELD_PROP, .def = -1, .help = "place in the boot order"),
    FIELD(VirtioNet, mrg_rxbuf, FIELD_BOOL, "mrg_rxbuf", FIELD_PROP, .def = 1, .help = "offer mergeable receive buffers"),
    FIELD(VirtioNet, status_on, FIELD_BOOL, "status", FIELD_PROP, .def = 1, .help = "offer link status"),
    FIELD(VirtioNet, ctrl_vq, FIELD_BOOL, "ctrl_vq", FIELD_PROP, .def = 1, .help = "offer the control queue"),
    FIELD(VirtioNet, romfile, FIELD_STRING, "romfile", FIELD_PROP | FIELD_HIDDEN, .help = "accepted; there is no option ROM yet"),
    FIELD_END,
};
static const VirtioClass net_class = {
    VIRTIO_DEVICE_PART, .device.category = DEVICE_CAT_NETWORK, .device.user_creatable = true, .device_id = VIRTIO_ID_NET, .name = "virtio-net",
    .pci_class = 0x0200, .realize = net_realize, .unrealize = net_unrealize, .reset = net_reset, .status_changed = status_changed,
    .get_config = get_config, .set_config = set_config,
};
static const TypeRecord net_type = {
    .name = "virtio-net-device", .parent = TYPE_VIRTIO_DEVICE, .help = "network card", .instance_size = sizeof(VirtioNet), .class_kind = TYPE_DEVICE,
    .class_data = &net_class, .fields = net_fields,
};
TYPE_REGISTER(net_type);
VIRTIO_PCI_FORM(net_pci, "virtio-net-pci", "virtio-net-device", DEVICE_CAT_NETWORK, "network card");

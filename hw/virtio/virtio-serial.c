/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-serial, the console device with many ports (VirtIO 1.2, section 5.3).
 *
 * Port 0 has queues 0 and 1, the control queues are 2 and 3, port n has 2n+2 and 2n+3. Port 0 is kept for a console, since drivers
 * without the multiport feature know only that one. Control messages that find no buffer wait in a bounded list.
 *
 * Output that the host does not take stays in its element until it does, so the guest is slowed down and nothing is lost.
 * All under the machine lock.
 */
#include "virtio-serial.h"

#include <string.h>

#include "hw/virtio/virtio-pci.h"
#include "util/bytes.h"
#include "util/log.h"

enum { F_MULTIPORT = 1, F_EMERG_WRITE = 2, QUEUE_SIZE = 128, CONTROL_BYTES = 8, CONFIG_BYTES = 12, EMERG_AT = 8, WAITING_MAX = 256, CHUNK = 4096 };
enum { Q_CONTROL_RX = 2, Q_CONTROL_TX = 3, TX_BURST = 64 };
enum { DEVICE_READY, PORT_ADD, PORT_REMOVE, PORT_READY, CONSOLE_PORT, RESIZE, PORT_OPEN, PORT_NAME };

typedef struct VirtioSerial {
    VirtioDevice vdev;
    uint32_t max_ports;
    bool emergency;
    Bus *bus;
    SerialPort *ports[SERIAL_PORTS_MAX];
    GQueue waiting; /* GBytes *: control messages without a buffer */
    bool ready;     /* the driver said so: ports may be announced */
} VirtioSerial;

typedef struct SerialBus {
    Bus bus;
    VirtioSerial *serial;
} SerialBus;

static unsigned rx_index(const SerialPort *p) { return p->nr ? 2 * p->nr + 2 : 0; }
static VirtQueue *rx_queue(const SerialPort *p) { return &p->serial->vdev.queues[rx_index(p)]; }
static VirtQueue *tx_queue(const SerialPort *p) { return &p->serial->vdev.queues[rx_index(p) + 1]; }

static SerialPort *port_of_queue(VirtioSerial *s, const VirtQueue *vq)
{
    unsigned nr = vq->index < 2 ? 0 : vq->index / 2 - 1;
    return nr < s->max_ports ? s->ports[nr] : NULL;
}

/* --- control messages --- */
static void flush_control(VirtioSerial *s)
{
    VirtQueue *vq = &s->vdev.queues[Q_CONTROL_RX];
    bool any = false;
    while (!g_queue_is_empty(&s->waiting)) {
        VirtElement *e = virtq_pop(vq);
        if (!e) {
            break;
        }
        GBytes *message = g_queue_pop_head(&s->waiting);
        gsize len;
        const uint8_t *data = g_bytes_get_data(message, &len);
        virtq_push(vq, e, (uint32_t)virtio_scatter(e->in, e->in_count, 0, data, len));
        g_bytes_unref(message);
        g_free(e);
        any = true;
    }
    if (any) {
        virtq_notify(vq);
    }
}

static void send_control(VirtioSerial *s, uint32_t port, uint16_t event, uint16_t value, const char *text)
{
    if (!s->ready || !virtio_has(&s->vdev, F_MULTIPORT)) {
        return;
    }
    if (g_queue_get_length(&s->waiting) >= WAITING_MAX) {
        log_if(LOG_GUEST_ERROR, "virtio-serial: the driver takes no control messages\n");
        return;
    }
    size_t len = CONTROL_BYTES + (text ? strlen(text) : 0);
    uint8_t *raw = g_malloc0(len);
    st_le32(raw, port);
    st_le16(raw + 4, event);
    st_le16(raw + 6, value);
    if (text) {
        memcpy(raw + CONTROL_BYTES, text, len - CONTROL_BYTES);
    }
    g_queue_push_tail(&s->waiting, g_bytes_new_take(raw, len));
    flush_control(s);
}

static void port_ready(VirtioSerial *s, SerialPort *p)
{
    if (p->is_console) {
        send_control(s, p->nr, CONSOLE_PORT, 1, NULL);
    }
    if (p->name) {
        send_control(s, p->nr, PORT_NAME, 1, p->name);
    }
    if (p->host_open) {
        send_control(s, p->nr, PORT_OPEN, 1, NULL);
    }
}

static void set_guest_open(SerialPort *p, bool open)
{
    bool was = p->guest_open;
    p->guest_open = open;
    if (open && !was && p->room) {
        p->room(p);
    }
}

static void control_message(VirtioSerial *s, const uint8_t *raw)
{
    uint32_t nr = ld_le32(raw);
    uint16_t event = ld_le16(raw + 4), value = ld_le16(raw + 6);
    if (event == DEVICE_READY) {
        s->ready = value != 0;
        for (unsigned i = 0; i < s->max_ports && s->ready; i++) {
            if (s->ports[i]) {
                send_control(s, i, PORT_ADD, 1, NULL);
            }
        }
        return;
    }
    SerialPort *p = nr < s->max_ports ? s->ports[nr] : NULL;
    if (!p) {
        log_if(LOG_GUEST_ERROR, "virtio-serial: message %u for port %u, which is not there\n", event, nr);
    } else if (event == PORT_READY && value) {
        port_ready(s, p);
    } else if (event == PORT_OPEN) {
        set_guest_open(p, value);
    }
}

static void handle_control_tx(VirtioDevice *vdev, VirtQueue *vq)
{
    VirtElement *e;
    while ((e = virtq_pop(vq))) {
        uint8_t raw[CONTROL_BYTES];
        if (virtio_gather(e->out, e->out_count, 0, raw, sizeof(raw)) == sizeof(raw)) {
            control_message((VirtioSerial *)vdev, raw);
        }
        virtq_push(vq, e, 0);
        g_free(e);
    }
    virtq_notify(vq);
}

static void handle_control_rx(VirtioDevice *vdev, VirtQueue *vq)
{
    flush_control((VirtioSerial *)vdev);
}

/* --- bytes to the host --- */
/* Offers what is left of an element; true where all of it is gone. */
static bool offer(SerialPort *p, VirtElement *e)
{
    while (p->pending_at < e->out_bytes) {
        uint8_t buf[CHUNK]; /* copied once: the guest may change it meanwhile */
        size_t len = virtio_gather(e->out, e->out_count, p->pending_at, buf, sizeof(buf));
        size_t n = p->output ? p->output(p, buf, len) : len;
        p->pending_at += n;
        if (n < len) {
            return false;
        }
    }
    return true;
}

static void pump(SerialPort *p)
{
    VirtQueue *vq = tx_queue(p);
    unsigned done = 0;
    while (done < TX_BURST) {
        if (!p->pending) {
            p->pending = virtq_pop(vq);
            p->pending_at = 0;
        }
        if (!p->pending || !offer(p, p->pending)) {
            break;
        }
        virtq_push(vq, p->pending, 0);
        g_clear_pointer(&p->pending, g_free);
        done++;
    }
    if (done) {
        virtq_notify(vq);
    }
    if (done == TX_BURST) {
        bh_schedule(vq->bh); /* others have their turn */
    }
}

static void handle_tx(VirtioDevice *vdev, VirtQueue *vq)
{
    VirtElement *e;
    SerialPort *p = port_of_queue((VirtioSerial *)vdev, vq);
    if (p) {
        pump(p);
        return;
    }
    while ((e = virtq_pop(vq))) { /* to nobody */
        virtq_push(vq, e, 0);
        g_free(e);
    }
    virtq_notify(vq);
}

void serial_port_resume(SerialPort *p)
{
    if (p->pending && virtio_running(&p->serial->vdev)) {
        bh_schedule(tx_queue(p)->bh);
    }
}

/* --- bytes to the guest --- */
static bool guest_listens(const SerialPort *p)
{
    VirtioDevice *vdev = &p->serial->vdev;
    return virtio_running(vdev) && (p->guest_open || p->is_console || !virtio_has(vdev, F_MULTIPORT));
}

size_t serial_port_room(SerialPort *p, size_t want)
{
    VirtQueue *vq = rx_queue(p);
    if (!guest_listens(p) || !vq->ready || virtq_empty(vq)) {
        return 0;
    }
    while (want > 1 && !virtq_has_in_bytes(vq, want)) {
        want /= 2;
    }
    return virtq_has_in_bytes(vq, want) ? want : 0;
}

void serial_port_input(SerialPort *p, const uint8_t *buf, size_t len)
{
    VirtQueue *vq = rx_queue(p);
    while (len) {
        VirtElement *e = virtq_pop(vq);
        if (!e) {
            break;
        }
        size_t n = virtio_scatter(e->in, e->in_count, 0, buf, len);
        virtq_push(vq, e, (uint32_t)n);
        g_free(e);
        buf += n;
        len -= n;
    }
    virtq_notify(vq);
}

static void handle_rx(VirtioDevice *vdev, VirtQueue *vq)
{
    SerialPort *p = port_of_queue((VirtioSerial *)vdev, vq);
    if (p && p->room) {
        p->room(p);
    }
}

void serial_port_set_host_open(SerialPort *p, bool open)
{
    if (open != p->host_open) {
        p->host_open = open;
        send_control(p->serial, p->nr, PORT_OPEN, open, NULL);
    }
}

/* --- the bus of ports --- */
static bool port_attach(Bus *bus, DeviceState *dev, Error **errp)
{
    VirtioSerial *s = ((SerialBus *)bus)->serial;
    SerialPort *p = SERIAL_PORT(dev);
    for (unsigned i = p->is_console ? 0 : 1; p->nr == UINT32_MAX && i < s->max_ports; i++) {
        p->nr = s->ports[i] ? p->nr : i;
    }
    if (p->nr >= s->max_ports) {
        error_setg(errp, p->nr == UINT32_MAX ? "virtio-serial: no port of '%s' is free (max_ports=%u)" :
                   "virtio-serial: '%s' has ports 0 to max_ports - 1, max_ports is %u", bus->name, s->max_ports);
        return false;
    }
    if (s->ports[p->nr]) {
        error_setg(errp, "virtio-serial: port nr=%u of '%s' is taken", p->nr, bus->name);
        return false;
    }
    if (!p->nr && !p->is_console) {
        error_setg(errp, "virtio-serial: port nr=0 is for a virtconsole; others start at nr=1");
        return false;
    }
    p->serial = s;
    s->ports[p->nr] = p;
    send_control(s, p->nr, PORT_ADD, 1, NULL);
    return true;
}

static void port_detach(Bus *bus, DeviceState *dev)
{
    VirtioSerial *s = ((SerialBus *)bus)->serial;
    SerialPort *p = SERIAL_PORT(dev);
    if (p->nr < s->max_ports && s->ports[p->nr] == p) {
        s->ports[p->nr] = NULL;
        send_control(s, p->nr, PORT_REMOVE, 1, NULL);
    }
}

static const BusClass serial_bus_class = {.name = VIRTIO_SERIAL_BUS_KIND, .attach = port_attach, .detach = port_detach};
static const TypeRecord serial_bus_type = {
    .name = "virtio-serial-bus", .parent = TYPE_BUS, .help = "ports of a virtio-serial device", .instance_size = sizeof(SerialBus),
    .class_kind = TYPE_BUS, .class_data = &serial_bus_class,
};
TYPE_REGISTER(serial_bus_type);

static void port_init(Object *obj)
{
    SERIAL_PORT(obj)->nr = UINT32_MAX;
}

static void port_finalize(Object *obj)
{
    SerialPort *p = SERIAL_PORT(obj);
    if (p->serial && p->nr < p->serial->max_ports && p->serial->ports[p->nr] == p) {
        p->serial->ports[p->nr] = NULL;
    }
    g_free(p->pending);
}

static const Field port_fields[] = {
    FIELD(SerialPort, nr, FIELD_U32, "nr", FIELD_PROP, .def = UINT32_MAX, .help = "port number; left out: the first free one"),
    FIELD(SerialPort, name, FIELD_STRING, "name", FIELD_PROP, .help = "name the guest finds the port by"),
    FIELD_END,
};
static const DeviceClass port_class = {.bus_type = VIRTIO_SERIAL_BUS_KIND, .category = DEVICE_CAT_INPUT};
static const TypeRecord port_type = {
    .name = TYPE_VIRTIO_SERIAL_PORT, .parent = TYPE_DEVICE, .help = "port of a virtio-serial device", .instance_size = sizeof(SerialPort),
    .abstract = true, .class_kind = TYPE_DEVICE, .class_data = &port_class, .fields = port_fields, .init = port_init, .finalize = port_finalize,
};
TYPE_REGISTER(port_type);

/* --- device --- */
static void get_config(VirtioDevice *vdev, uint8_t *config)
{
    st_le32(config + 4, ((VirtioSerial *)vdev)->max_ports);
}

/* Emergency output: one character by a write of the configuration, before any queue is set up. */
static void set_config(VirtioDevice *vdev, const uint8_t *config)
{
    VirtioSerial *s = (VirtioSerial *)vdev;
    uint8_t c = config[EMERG_AT];
    for (unsigned i = 0; i < s->max_ports && c && s->emergency; i++) {
        if (s->ports[i] && s->ports[i]->is_console && s->ports[i]->output) {
            s->ports[i]->output(s->ports[i], &c, 1);
            return;
        }
    }
}

static void serial_reset(VirtioDevice *vdev)
{
    VirtioSerial *s = (VirtioSerial *)vdev;
    s->ready = false;
    g_queue_clear_full(&s->waiting, (GDestroyNotify)g_bytes_unref);
    for (unsigned i = 0; i < s->max_ports; i++) {
        if (s->ports[i]) {
            s->ports[i]->guest_open = false;
            g_clear_pointer(&s->ports[i]->pending, g_free);
        }
    }
}

static char *bus_name(VirtioDevice *vdev)
{
    DeviceState *carrier = vdev->dev.parent_bus->parent;
    const char *id = vdev->dev.id ? vdev->dev.id : carrier ? carrier->id : NULL;
    if (id) {
        return g_strdup_printf("%s.0", id);
    }
    char *name = NULL;
    for (unsigned n = 0; !name; n++) {
        name = g_strdup_printf("virtio-serial-bus.%u", n);
        if (bus_find(vdev->dev.machine, VIRTIO_SERIAL_BUS_KIND, name, NULL)) {
            g_clear_pointer(&name, g_free);
        }
    }
    return name;
}

static bool serial_realize(VirtioDevice *vdev, Error **errp)
{
    VirtioSerial *s = (VirtioSerial *)vdev;
    g_autofree char *name = bus_name(vdev);
    g_queue_init(&s->waiting);
    s->bus = bus_new("virtio-serial-bus", &vdev->dev, vdev->dev.machine, name);
    ((SerialBus *)s->bus)->serial = s;
    for (unsigned i = 0; i < 2 * (s->max_ports + 1); i++) {
        VirtQueueHandler *handler = i & 1 ? handle_tx : handle_rx;
        handler = i == Q_CONTROL_RX ? handle_control_rx : i == Q_CONTROL_TX ? handle_control_tx : handler;
        virtio_add_queue(vdev, QUEUE_SIZE, handler);
    }
    vdev->config_len = CONFIG_BYTES;
    vdev->host_features = VIRTIO_F(F_MULTIPORT) | (s->emergency ? VIRTIO_F(F_EMERG_WRITE) : 0);
    return true;
}

static void serial_unrealize(VirtioDevice *vdev)
{
    serial_reset(vdev);
}

static const Field serial_fields[] = {
    FIELD(VirtioSerial, max_ports, FIELD_U32, "max_ports", FIELD_PROP, .def = SERIAL_PORTS_MAX, .min = 1, .max = SERIAL_PORTS_MAX, .help = "ports it can have"),
    FIELD(VirtioSerial, emergency, FIELD_BOOL, "emergency-write", FIELD_PROP, .def = 1, .help = "offer output by a register"),
    FIELD_END,
};
static const VirtioClass serial_class = {
    VIRTIO_DEVICE_PART, .device.category = DEVICE_CAT_INPUT, .device.user_creatable = true, .device_id = VIRTIO_ID_CONSOLE, .name = "virtio-serial",
    .pci_class = 0x0780, .realize = serial_realize, .unrealize = serial_unrealize, .reset = serial_reset, .get_config = get_config,
    .set_config = set_config,
};
static const TypeRecord serial_type = {
    .name = "virtio-serial-device", .parent = TYPE_VIRTIO_DEVICE, .help = "console and serial ports", .instance_size = sizeof(VirtioSerial),
    .class_kind = TYPE_DEVICE, .class_data = &serial_class, .fields = serial_fields,
};
TYPE_REGISTER(serial_type);
VIRTIO_PCI_FORM(serial_pci, "virtio-serial-pci", "virtio-serial-device", DEVICE_CAT_INPUT, "console and serial ports");

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ports of virtio-serial with a character device behind them: virtconsole (a terminal, /dev/hvcN) and virtserialport (a channel
 * by name, as guest agents use it). A console talks whether or not someone listens; a channel tells the guest when the host end opens.
 */
#include "chardev/chardev.h"
#include "virtio-serial.h"

typedef struct ConsolePort {
    SerialPort port;
    char *chardev;
    CharFrontend chr;
} ConsolePort;

static size_t can_receive(void *opaque)
{
    return serial_port_room(opaque, 4096);
}

static void receive(void *opaque, const uint8_t *buf, size_t len)
{
    serial_port_input(opaque, buf, len);
}

static void event(void *opaque, CharEvent ev)
{
    SerialPort *p = opaque;
    if (!p->is_console && (ev == CHAR_EVENT_OPENED || ev == CHAR_EVENT_CLOSED)) {
        serial_port_set_host_open(p, ev == CHAR_EVENT_OPENED);
    }
}

static void writable(void *opaque)
{
    serial_port_resume(opaque);
}

static const CharHandlers handlers = {.can_receive = can_receive, .receive = receive, .event = event, .writable = writable};

static size_t output(SerialPort *p, const uint8_t *buf, size_t len)
{
    return char_frontend_write(&((ConsolePort *)p)->chr, buf, len);
}

static void room(SerialPort *p)
{
    char_frontend_accept_input(&((ConsolePort *)p)->chr);
}

static bool console_realize(Object *obj, Error **errp)
{
    ConsolePort *c = (ConsolePort *)obj;
    Chardev *chr = NULL;
    if (c->chardev && !(chr = chardev_find_error(c->port.dev.machine->root, c->chardev, errp))) {
        return false;
    }
    if (!char_frontend_attach(&c->chr, chr, errp)) {
        return false;
    }
    c->port.output = output;
    c->port.room = room;
    c->port.host_open = c->port.is_console && chr;
    char_frontend_set_handlers(&c->chr, &handlers, c);
    return true;
}

static void console_unrealize(Object *obj)
{
    ConsolePort *c = (ConsolePort *)obj;
    char_frontend_detach(&c->chr);
    c->port.output = NULL;
    c->port.room = NULL;
}

static void console_init(Object *obj)
{
    SERIAL_PORT(obj)->is_console = true;
}

static const Field console_fields[] = {
    FIELD(ConsolePort, chardev, FIELD_STRING, "chardev", FIELD_PROP, .help = "id of the character device behind it"),
    FIELD_END,
};
static const DeviceClass console_class = {
    .bus_type = VIRTIO_SERIAL_BUS_KIND, .category = DEVICE_CAT_INPUT, .user_creatable = true, .hotpluggable = true,
};
static const TypeRecord port_with_chardev_type = {
    .name = "virtserialport", .parent = TYPE_VIRTIO_SERIAL_PORT, .help = "named channel of virtio-serial", .instance_size = sizeof(ConsolePort),
    .class_kind = TYPE_DEVICE, .class_data = &console_class, .fields = console_fields, .realize = console_realize, .unrealize = console_unrealize,
};
TYPE_REGISTER(port_with_chardev_type);
static const TypeRecord console_type = {
    .name = "virtconsole", .parent = TYPE_VIRTIO_SERIAL_PORT, .help = "console of virtio-serial", .instance_size = sizeof(ConsolePort),
    .class_kind = TYPE_DEVICE, .class_data = &console_class, .fields = console_fields, .init = console_init, .realize = console_realize,
    .unrealize = console_unrealize,
};
TYPE_REGISTER(console_type);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-serial and its ports: the device owns queues and control messages, a port type moves bytes to and from
 * the host (virtio-console.c: by a character device).
 */
#ifndef HW_VIRTIO_VIRTIO_SERIAL_H
#define HW_VIRTIO_VIRTIO_SERIAL_H

#include "hw/virtio/virtio.h"

#define TYPE_VIRTIO_SERIAL_PORT "virtio-serial-port"
#define VIRTIO_SERIAL_BUS_KIND "virtio-serial-bus"
enum { SERIAL_PORTS_MAX = 31 };

struct VirtioSerial;
typedef struct SerialPort {
    DeviceState dev;
    struct VirtioSerial *serial;
    uint32_t nr;          /* UINT32_MAX: to be chosen */
    char *name;
    bool is_console;
    bool host_open, guest_open;
    VirtElement *pending; /* output that the host did not take whole */
    uint64_t pending_at;
    /* Offers bytes to the host; returns how many it took. */
    size_t (*output)(struct SerialPort *port, const uint8_t *buf, size_t len);
    void (*room)(struct SerialPort *port); /* the guest can take input again */
} SerialPort;
#define SERIAL_PORT(x) ((SerialPort *)(x))

/* For port types. How much the guest takes now, up to @want; hands input over (len within that). */
size_t serial_port_room(SerialPort *port, size_t want);
void serial_port_input(SerialPort *port, const uint8_t *buf, size_t len);
void serial_port_set_host_open(SerialPort *port, bool open);
void serial_port_resume(SerialPort *port); /* output() would take bytes again */

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VirtIO device's life: status, features, configuration, the bus that joins it to its transport. Queues are in virtqueue.c.
 */
#include "hw/virtio/virtio.h"

#include <string.h>

#include "util/bytes.h"
#include "util/log.h"

void virtio_broken(VirtioDevice *vdev, const char *fmt, ...)
{
    if (log_on(LOG_GUEST_ERROR)) {
        va_list ap;
        va_start(ap, fmt);
        g_autofree char *text = g_strdup_vprintf(fmt, ap);
        va_end(ap);
        log_printf(LOG_GUEST_ERROR, "%s: %s; the device waits for a reset\n", virtio_class(vdev)->name, text);
    }
    if (!vdev->broken) {
        vdev->broken = true;
        vdev->status |= VIRTIO_NEEDS_RESET;
        virtio_config_changed(vdev);
    }
}

bool virtio_has(const VirtioDevice *vdev, unsigned feature)
{
    return vdev->guest_features >> feature & 1;
}

void virtio_config_changed(VirtioDevice *vdev)
{
    vdev->generation++;
    if (vdev->transport && (vdev->status & VIRTIO_DRIVER_OK || vdev->broken)) {
        vdev->isr |= VIRTIO_ISR_CONFIG;
        vdev->transport->interrupt(vdev->transport_opaque, VIRTIO_ISR_CONFIG);
    }
}

/* --- status and features --- */
void virtio_reset(VirtioDevice *vdev)
{
    const VirtioClass *vc = virtio_class(vdev);
    for (unsigned i = 0; i < vdev->queue_count; i++) {
        virtq_stop(&vdev->queues[i]);
    }
    if (vc->reset) {
        vc->reset(vdev);
    }
    vdev->status = 0;
    vdev->isr = 0;
    vdev->broken = false;
    vdev->guest_features = 0;
    if (vdev->transport) {
        vdev->transport->interrupt(vdev->transport_opaque, 0); /* the line falls */
    }
}

void virtio_device_reset(DeviceState *dev)
{
    virtio_reset(VIRTIO_DEVICE(dev));
}

uint64_t virtio_features(const VirtioDevice *vdev)
{
    uint64_t f = vdev->host_features | VIRTIO_F(VIRTIO_F_VERSION_1);
    f |= vdev->indirect_desc ? VIRTIO_F(VIRTIO_F_INDIRECT) : 0;
    f |= vdev->event_idx ? VIRTIO_F(VIRTIO_F_EVENT_IDX) : 0;
    if (vdev->legacy) {
        f &= ~VIRTIO_F(VIRTIO_F_VERSION_1);
        f |= VIRTIO_F(VIRTIO_F_NOTIFY_ON_EMPTY) | (vdev->any_layout ? VIRTIO_F(VIRTIO_F_ANY_LAYOUT) : 0);
    }
    return f;
}

void virtio_set_features(VirtioDevice *vdev, uint64_t features)
{
    const VirtioClass *vc = virtio_class(vdev);
    vdev->guest_features = features & virtio_features(vdev);
    if (vc->features_set) {
        vc->features_set(vdev);
    }
}

void virtio_set_status(VirtioDevice *vdev, uint8_t status)
{
    const VirtioClass *vc = virtio_class(vdev);
    uint8_t old = vdev->status;
    if (status == 0) {
        virtio_reset(vdev);
        return;
    }
    if ((status & VIRTIO_FEATURES_OK) && !(old & VIRTIO_FEATURES_OK) && !vdev->legacy && !virtio_has(vdev, VIRTIO_F_VERSION_1)) {
        status &= (uint8_t)~VIRTIO_FEATURES_OK; /* the modern interface needs it (6.1) */
    }
    vdev->status = status | (vdev->broken ? VIRTIO_NEEDS_RESET : 0);
    if (vc->status_changed) {
        vc->status_changed(vdev, old);
    }
    if ((status & VIRTIO_DRIVER_OK) && !(old & VIRTIO_DRIVER_OK)) { /* what was queued before */
        for (unsigned i = 0; i < vdev->queue_count; i++) {
            virtio_kick(vdev, i);
        }
    }
}

/* --- configuration --- */
uint32_t virtio_config_read(VirtioDevice *vdev, uint32_t offset, unsigned size)
{
    const VirtioClass *vc = virtio_class(vdev);
    uint8_t config[VIRTIO_CONFIG_MAX] = {0};
    uint32_t value = 0;
    if (!vc->get_config || !range_within(offset, size, vdev->config_len)) {
        return size == 4 ? UINT32_MAX : (1u << (8 * size)) - 1;
    }
    vc->get_config(vdev, config);
    for (unsigned i = 0; i < size; i++) {
        value |= (uint32_t)config[offset + i] << (8 * i);
    }
    return value;
}

void virtio_config_write(VirtioDevice *vdev, uint32_t offset, uint32_t value, unsigned size)
{
    const VirtioClass *vc = virtio_class(vdev);
    uint8_t config[VIRTIO_CONFIG_MAX] = {0};
    if (!vc->set_config || !vc->get_config || !range_within(offset, size, vdev->config_len)) {
        return;
    }
    vc->get_config(vdev, config);
    for (unsigned i = 0; i < size; i++) {
        config[offset + i] = (uint8_t)(value >> (8 * i));
    }
    vc->set_config(vdev, config);
}

/* --- type and bus --- */
static bool virtio_realize(Object *obj, Error **errp)
{
    VirtioDevice *vdev = VIRTIO_DEVICE(obj);
    const VirtioClass *vc = virtio_class(vdev);
    return !vc->realize || vc->realize(vdev, errp);
}

static void virtio_unrealize(Object *obj)
{
    VirtioDevice *vdev = VIRTIO_DEVICE(obj);
    const VirtioClass *vc = virtio_class(vdev);
    virtio_reset(vdev);
    if (vc->unrealize) {
        vc->unrealize(vdev);
    }
    for (unsigned i = 0; i < vdev->queue_count; i++) {
        bh_delete(vdev->queues[i].bh);
    }
    vdev->queue_count = 0;
}

static const Field virtio_fields[] = {
    FIELD(VirtioDevice, indirect_desc, FIELD_BOOL, "indirect_desc", FIELD_PROP, .def = 1, .help = "offer indirect descriptors"),
    FIELD(VirtioDevice, event_idx, FIELD_BOOL, "event_idx", FIELD_PROP, .def = 1, .help = "offer event indexes"),
    FIELD(VirtioDevice, any_layout, FIELD_BOOL, "any_layout", FIELD_PROP, .def = 1, .help = "offer any layout of requests (legacy)"),
    FIELD_END,
};
static const VirtioClass virtio_base_class = {VIRTIO_DEVICE_PART};
static const TypeRecord virtio_device_type = {
    .name = TYPE_VIRTIO_DEVICE, .parent = TYPE_DEVICE, .help = "a VirtIO device, whatever carries it", .instance_size = sizeof(VirtioDevice), .abstract = true,
    .class_kind = TYPE_DEVICE, .class_data = &virtio_base_class, .fields = virtio_fields, .realize = virtio_realize, .unrealize = virtio_unrealize,
};
TYPE_REGISTER(virtio_device_type);

typedef struct VirtioBus {
    Bus bus;
    const VirtioTransport *transport;
    void *opaque;
} VirtioBus;

static bool virtio_bus_attach(Bus *bus, DeviceState *dev, Error **errp)
{
    VirtioBus *vb = (VirtioBus *)bus;
    VIRTIO_DEVICE(dev)->transport = vb->transport;
    VIRTIO_DEVICE(dev)->transport_opaque = vb->opaque;
    return true;
}

static void virtio_bus_detach(Bus *bus, DeviceState *dev)
{
    VIRTIO_DEVICE(dev)->transport = NULL;
}

static const BusClass virtio_bus_class = {.name = TYPE_VIRTIO_BUS, .max_devices = 1, .attach = virtio_bus_attach, .detach = virtio_bus_detach};
static const TypeRecord virtio_bus_type = {
    .name = TYPE_VIRTIO_BUS, .parent = TYPE_BUS, .help = "joins a VirtIO device to its transport", .instance_size = sizeof(VirtioBus),
    .class_kind = TYPE_BUS, .class_data = &virtio_bus_class,
};
TYPE_REGISTER(virtio_bus_type);

Bus *virtio_bus_new(DeviceState *transport, const char *name, const VirtioTransport *ops, void *opaque)
{
    VirtioBus *vb = (VirtioBus *)bus_new(TYPE_VIRTIO_BUS, transport, transport->machine, name);
    vb->transport = ops;
    vb->opaque = opaque;
    return &vb->bus;
}

VirtioDevice *virtio_bus_device(Bus *bus)
{
    return bus->devices->len ? VIRTIO_DEVICE(bus->devices->pdata[0]) : NULL;
}

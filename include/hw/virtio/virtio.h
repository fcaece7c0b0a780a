/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VirtIO devices, neutral of their transport (Virtual I/O Device Version 1.2). A device is a type below "virtio-device" with a constant VirtioClass;
 * a transport (virtio-mmio, virtio-pci) carries one device and moves registers, interrupts and queue addresses.
 *
 * Everything runs with the machine lock held; queue handlers run as bottom halves in the main loop. Rings and descriptors are the guest's: each is
 * read once into host memory and checked; loops are bounded by the queue size; what breaks the rules stops the device with DEVICE_NEEDS_RESET.
 */
#ifndef HW_VIRTIO_VIRTIO_H
#define HW_VIRTIO_VIRTIO_H

#include <sys/uio.h>

#include "hw/device.h"

#define TYPE_VIRTIO_DEVICE "virtio-device"
#define TYPE_VIRTIO_BUS "virtio-bus"

enum { VIRTIO_QUEUES_MAX = 64, VIRTIO_QUEUE_SIZE_MAX = 1024, VIRTIO_CONFIG_MAX = 256 };
enum { VIRTIO_ID_NET = 1, VIRTIO_ID_BLOCK = 2, VIRTIO_ID_CONSOLE = 3, VIRTIO_ID_RNG = 4, VIRTIO_ID_BALLOON = 5, VIRTIO_ID_SCSI = 8, VIRTIO_ID_9P = 9 };
/* Device status (2.1). */
enum { VIRTIO_ACKNOWLEDGE = 1, VIRTIO_DRIVER = 2, VIRTIO_DRIVER_OK = 4, VIRTIO_FEATURES_OK = 8, VIRTIO_NEEDS_RESET = 64, VIRTIO_FAILED = 128 };
/* Interrupt status. */
enum { VIRTIO_ISR_QUEUE = 1, VIRTIO_ISR_CONFIG = 2 };
#define VIRTIO_F(bit) (1ull << (bit))
enum { VIRTIO_F_NOTIFY_ON_EMPTY = 24, VIRTIO_F_ANY_LAYOUT = 27, VIRTIO_F_INDIRECT = 28, VIRTIO_F_EVENT_IDX = 29, VIRTIO_F_VERSION_1 = 32 };

typedef struct VirtioDevice VirtioDevice;
typedef struct VirtQueue VirtQueue;

/* A request taken from a queue. Free with g_free after virtq_push(), or give it back with virtq_unpop(). */
typedef struct VirtElement {
    uint16_t head;
    unsigned out_count, in_count;
    struct iovec *out, *in; /* guest RAM: device reads `out`, writes `in`; in the same allocation */
    uint64_t out_bytes, in_bytes;
} VirtElement;

/* class_data, class_kind "device" */
typedef struct VirtioClass {
    DeviceClass device;      /* begin with VIRTIO_DEVICE_PART */
    uint16_t device_id;
    const char *name;        /* "virtio-blk" */
    uint16_t pci_class;      /* class code of its PCI form */
    /* Adds queues, fills in host_features; config_len. */
    bool (*realize)(VirtioDevice *vdev, Error **errp);
    void (*unrealize)(VirtioDevice *vdev);
    void (*reset)(VirtioDevice *vdev);        /* requests in flight are waited for or forgotten safely */
    void (*status_changed)(VirtioDevice *vdev, uint8_t old); /* may be NULL */
    void (*features_set)(VirtioDevice *vdev); /* guest_features are final; may be NULL */
    void (*get_config)(VirtioDevice *vdev, uint8_t *config); /* fills config_len bytes, little endian */
    void (*set_config)(VirtioDevice *vdev, const uint8_t *config); /* after a guest write; may be NULL */
} VirtioClass;
#define VIRTIO_DEVICE_PART .device.bus_type = TYPE_VIRTIO_BUS, .device.reset = virtio_device_reset
#define virtio_class(v) ((const VirtioClass *)object_class(v, TYPE_DEVICE))
#define VIRTIO_DEVICE(x) ((VirtioDevice *)(x))
void virtio_device_reset(DeviceState *dev);

/* What a transport does for its device. */
typedef struct VirtioTransport {
    void (*interrupt)(void *opaque, uint8_t isr_bits); /* vdev->isr was updated */
    void (*queue_interrupt)(void *opaque, unsigned queue); /* the same for VIRTIO_ISR_QUEUE, where each has its message; may be NULL */
} VirtioTransport;

typedef void VirtQueueHandler(VirtioDevice *vdev, VirtQueue *vq);

struct VirtQueue {
    VirtioDevice *vdev;
    unsigned index, size_max;
    VirtQueueHandler *handler;
    BottomHalf *bh;
    /* set by the transport */
    unsigned size;
    uint64_t desc, avail, used; /* guest-physical */
    bool ready;
    /* host addresses while ready */
    uint8_t *desc_host, *avail_host, *used_host;
    uint16_t last_avail, used_index, signalled_used;
    bool signalled_valid, notify_on;
    unsigned in_flight;
};

struct VirtioDevice {
    DeviceState dev;
    const VirtioTransport *transport;
    void *transport_opaque;
    uint8_t status, isr;
    bool broken, legacy;          /* legacy: the guest drives it by the pre-1.0 interface */
    uint32_t generation;          /* of the configuration */
    uint64_t host_features, guest_features;
    unsigned config_len;
    VirtQueue queues[VIRTIO_QUEUES_MAX];
    unsigned queue_count;
    /* properties */
    bool indirect_desc, event_idx, any_layout;
};

/* --- for devices --- */
VirtQueue *virtio_add_queue(VirtioDevice *vdev, unsigned size, VirtQueueHandler *handler);
/* Next request, or NULL: none, or the device broke. */
VirtElement *virtq_pop(VirtQueue *vq);
/* Done: @written bytes of `in` were filled. Marks guest memory as written. */
void virtq_push(VirtQueue *vq, VirtElement *elem, uint32_t written);
void virtq_unpop(VirtQueue *vq, VirtElement *elem); /* the last one popped; frees it */
/* Pushes that become visible together: fill several, then flush once. */
void virtq_fill(VirtQueue *vq, VirtElement *elem, uint32_t written, unsigned index);
void virtq_flush(VirtQueue *vq, unsigned count);
void virtq_notify(VirtQueue *vq);             /* interrupt, unless the guest does not want one */
bool virtq_empty(VirtQueue *vq);
void virtq_set_notification(VirtQueue *vq, bool on); /* kicks from the guest */
/* Bytes of `in` space waiting in the queue, at least up to @want. */
bool virtq_has_in_bytes(VirtQueue *vq, uint64_t want);
void virtio_config_changed(VirtioDevice *vdev);
bool virtio_has(const VirtioDevice *vdev, unsigned feature);
/* The guest broke the rules: says so in the log, sets NEEDS_RESET. */
void virtio_broken(VirtioDevice *vdev, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
static inline bool virtio_running(const VirtioDevice *vdev) { return (vdev->status & VIRTIO_DRIVER_OK) && !vdev->broken; }

/* Between a list of buffers, from byte @offset on, and one of the host's; returns how much was copied: less where the list ends first. */
size_t virtio_gather(const struct iovec *iov, unsigned count, uint64_t offset, void *buf, size_t len);
size_t virtio_scatter(const struct iovec *iov, unsigned count, uint64_t offset, const void *buf, size_t len);

/* --- for transports --- */
void virtio_reset(VirtioDevice *vdev);
void virtio_set_status(VirtioDevice *vdev, uint8_t status);
uint64_t virtio_features(const VirtioDevice *vdev);       /* offered */
void virtio_set_features(VirtioDevice *vdev, uint64_t features);
void virtio_kick(VirtioDevice *vdev, unsigned queue);     /* the guest notified */
/* Maps the rings; on failure the device is broken. Legacy: @desc only, the rest follows with alignment @align. */
void virtq_set_rings(VirtQueue *vq, uint64_t desc, uint64_t avail, uint64_t used);
void virtq_set_legacy(VirtQueue *vq, uint64_t addr, uint32_t align);
void virtq_stop(VirtQueue *vq);
uint32_t virtio_config_read(VirtioDevice *vdev, uint32_t offset, unsigned size);
void virtio_config_write(VirtioDevice *vdev, uint32_t offset, uint32_t value, unsigned size);
/* The device plugged into a transport's bus, NULL: none. */
VirtioDevice *virtio_bus_device(Bus *bus);
/* A bus for one device; its realize connects to the transport through @ops. */
Bus *virtio_bus_new(DeviceState *transport, const char *name, const VirtioTransport *ops, void *opaque);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VirtIO over MMIO (VirtIO 1.2, section 4.2): one window of registers, one line. force-legacy=on (the default, as the reference has it) shows the version 1
 * interface, off version 2.
 */
#include <string.h>

#include "hw/sysbus.h"
#include "hw/virtio/virtio.h"
#include "util/log.h"

typedef struct VirtioMmio {
    SysDevice sys;
    MemoryRegion mr;
    Bus *bus;
    bool force_legacy;
    uint32_t host_features_sel, guest_features_sel, queue_sel, page_shift;
    uint64_t guest_features;
    struct {
        uint32_t desc[2], avail[2], used[2]; /* version 2: as written, low and high */
        uint32_t pfn, align;                 /* version 1 */
    } queue[VIRTIO_QUEUES_MAX];
} VirtioMmio;

static void interrupt(void *opaque, uint8_t bits)
{
    VirtioMmio *p = opaque;
    VirtioDevice *vdev = virtio_bus_device(p->bus);
    irq_set(&p->sys.irq[0], vdev && vdev->isr != 0);
}
static const VirtioTransport mmio_transport = {.interrupt = interrupt};

static VirtioDevice *device_of(VirtioMmio *p)
{
    VirtioDevice *vdev = virtio_bus_device(p->bus);
    if (vdev) {
        vdev->legacy = p->force_legacy;
    }
    return vdev;
}

static VirtQueue *selected(VirtioMmio *p, VirtioDevice *vdev)
{
    return p->queue_sel < vdev->queue_count ? &vdev->queues[p->queue_sel] : NULL;
}

static void forget_queues(VirtioMmio *p)
{
    memset(p->queue, 0, sizeof(p->queue));
    p->host_features_sel = p->guest_features_sel = p->queue_sel = 0;
    p->guest_features = 0;
}

/* --- registers --- */
static uint64_t queue_read(VirtioMmio *p, VirtioDevice *vdev, uint64_t offset)
{
    VirtQueue *vq = selected(p, vdev);
    switch (offset) {
    case 0x34: return vq ? vq->size_max : 0;
    case 0x40: return vq && p->force_legacy ? p->queue[p->queue_sel].pfn : 0;
    case 0x44: return vq && !p->force_legacy ? vq->ready : 0;
    default: return 0;
    }
}

static uint64_t mmio_read(void *opaque, uint64_t offset, unsigned size)
{
    VirtioMmio *p = opaque;
    VirtioDevice *vdev = device_of(p);
    if (offset >= 0x100) {
        return vdev ? virtio_config_read(vdev, (uint32_t)offset - 0x100, size) : 0;
    }
    if (size != 4) {
        log_if(LOG_GUEST_ERROR, "virtio-mmio: read of %u bytes at 0x%x\n", size, (unsigned)offset);
        return 0;
    }
    switch (offset) {
    case 0x00: return 0x74726976; /* "virt" */
    case 0x04: return p->force_legacy ? 1 : 2;
    case 0x08: return vdev ? virtio_class(vdev)->device_id : 0;
    case 0x0c: return 0x554d4551; /* the vendor that drivers know */
    default: break;
    }
    if (!vdev) {
        return 0;
    }
    switch (offset) {
    case 0x10: return p->host_features_sel > 1 ? 0 : (uint32_t)(virtio_features(vdev) >> (32 * p->host_features_sel));
    case 0x60: return vdev->isr;
    case 0x70: return vdev->status;
    case 0xfc: return p->force_legacy ? 0 : vdev->generation;
    default: return queue_read(p, vdev, offset);
    }
}

static void take_features(VirtioMmio *p, VirtioDevice *vdev, uint32_t value)
{
    if (vdev->status & VIRTIO_FEATURES_OK || p->guest_features_sel > 1) {
        return;
    }
    unsigned shift = 32 * p->guest_features_sel;
    p->guest_features = (p->guest_features & ~(0xffffffffull << shift)) | (uint64_t)value << shift;
    if (p->force_legacy) {
        virtio_set_features(vdev, p->guest_features);
    }
}

static void write_status(VirtioMmio *p, VirtioDevice *vdev, uint8_t status)
{
    if (status == 0) {
        forget_queues(p);
    } else if ((status & VIRTIO_FEATURES_OK) && !(vdev->status & VIRTIO_FEATURES_OK) && !p->force_legacy) {
        virtio_set_features(vdev, p->guest_features);
    }
    virtio_set_status(vdev, status);
    interrupt(p, 0);
}

static uint64_t pair(const uint32_t v[2])
{
    return v[0] | (uint64_t)v[1] << 32;
}

static void write_queue(VirtioMmio *p, VirtioDevice *vdev, uint64_t offset, uint32_t value)
{
    VirtQueue *vq = selected(p, vdev);
    if (!vq) {
        return;
    }
    unsigned q = p->queue_sel;
    switch (offset) {
    case 0x38:
        if (!vq->ready) {
            vq->size = value;
        }
        break;
    case 0x3c: p->queue[q].align = value; break;
    case 0x40:
        if (p->force_legacy) {
            p->queue[q].pfn = value;
            virtq_set_legacy(vq, (uint64_t)value << p->page_shift, p->queue[q].align ? p->queue[q].align : 4096);
        }
        break;
    case 0x44:
        if (!p->force_legacy && value & 1) {
            virtq_set_rings(vq, pair(p->queue[q].desc), pair(p->queue[q].avail), pair(p->queue[q].used));
        } else if (!p->force_legacy) {
            virtq_stop(vq);
        }
        break;
    case 0x80:
    case 0x84: p->queue[q].desc[offset >> 2 & 1] = value; break;
    case 0x90:
    case 0x94: p->queue[q].avail[offset >> 2 & 1] = value; break;
    case 0xa0:
    case 0xa4: p->queue[q].used[offset >> 2 & 1] = value; break;
    default: log_if(LOG_GUEST_ERROR, "virtio-mmio: write to 0x%x\n", (unsigned)offset); break;
    }
}

static void mmio_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    VirtioMmio *p = opaque;
    VirtioDevice *vdev = device_of(p);
    if (!vdev) {
        return;
    }
    if (offset >= 0x100) {
        virtio_config_write(vdev, (uint32_t)offset - 0x100, (uint32_t)value, size);
        return;
    }
    switch (offset) {
    case 0x14: p->host_features_sel = (uint32_t)value; break;
    case 0x20: take_features(p, vdev, (uint32_t)value); break;
    case 0x24: p->guest_features_sel = (uint32_t)value; break;
    case 0x28: p->page_shift = value ? (uint32_t)__builtin_ctzll(value) : 0; break;
    case 0x30: p->queue_sel = (uint32_t)value; break;
    case 0x50: virtio_kick(vdev, (unsigned)MIN(value, VIRTIO_QUEUES_MAX)); break;
    case 0x64:
        vdev->isr &= (uint8_t)~value;
        interrupt(p, 0);
        break;
    case 0x70: write_status(p, vdev, (uint8_t)value); break;
    default: write_queue(p, vdev, offset, (uint32_t)value); break;
    }
}

static const MmioOps mmio_ops = {.read = mmio_read, .write = mmio_write, .access_min = 1, .access_max = 4, .impl_min = 1, .impl_max = 4};

/* --- device --- */
static bool mmio_realize(Object *obj, Error **errp)
{
    VirtioMmio *p = (VirtioMmio *)obj;
    Machine *m = p->sys.dev.machine;
    memory_region_init_mmio(&p->mr, m, obj, &mmio_ops, p, "virtio-mmio", 0x200);
    sys_add_mmio(&p->sys, &p->mr);
    sys_add_irqs(&p->sys, 1);
    unsigned n = 0;
    g_autofree char *name = NULL;
    do { /* virtio-mmio-bus.N, counted over the machine */
        g_free(name);
        name = g_strdup_printf("virtio-mmio-bus.%u", n++);
    } while (bus_find(m, TYPE_VIRTIO_BUS, name, NULL));
    p->bus = virtio_bus_new(&p->sys.dev, name, &mmio_transport, p);
    return true;
}

static void mmio_reset(DeviceState *dev)
{
    VirtioMmio *p = (VirtioMmio *)dev;
    p->page_shift = 0;
    forget_queues(p);
    interrupt(p, 0);
}

static const Field mmio_fields[] = {
    FIELD(VirtioMmio, force_legacy, FIELD_BOOL, "force-legacy", FIELD_PROP, .def = 1, .help = "show the version 1 interface"),
    FIELD_END,
};
static const DeviceClass mmio_class = {.bus_type = "System", .category = DEVICE_CAT_MISC, .reset = mmio_reset};
static const TypeRecord mmio_type = {
    .name = "virtio-mmio", .parent = TYPE_SYS_DEVICE, .help = "VirtIO transport by MMIO", .instance_size = sizeof(VirtioMmio), .class_kind = TYPE_DEVICE,
    .class_data = &mmio_class, .fields = mmio_fields, .realize = mmio_realize,
};
TYPE_REGISTER(mmio_type);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-rng (VirtIO 1.2, section 5.4): random bytes from the host's getrandom(2), which does not block once the host is up. max-bytes and period limit the rate.
 */
#include <sys/random.h>

#include "hw/virtio/virtio-pci.h"

typedef struct VirtioRng {
    VirtioDevice vdev;
    VirtQueue *vq;
    uint64_t max_bytes, quota;
    uint32_t period_ms;
    char *rng;       /* property rng=ID: an rng backend object; its kind does not matter, all are random */
    Timer *timer;
} VirtioRng;

static void handle(VirtioDevice *vdev, VirtQueue *vq)
{
    VirtioRng *s = (VirtioRng *)vdev;
    VirtElement *e;
    bool any = false;
    while (s->quota && (e = virtq_pop(vq))) {
        uint32_t filled = 0;
        for (unsigned i = 0; i < e->in_count && s->quota; i++) {
            size_t len = MIN(MIN(e->in[i].iov_len, (size_t)s->quota), (size_t)256); /* getrandom gives up to 256 bytes whole */
            ssize_t n = getrandom(e->in[i].iov_base, len, 0);
            if (n <= 0) {
                break;
            }
            filled += (uint32_t)n;
            s->quota -= s->max_bytes == INT64_MAX ? 0 : (uint64_t)n;
            if ((size_t)n < e->in[i].iov_len) {
                break; /* a short answer is legal; the driver asks again */
            }
        }
        virtq_push(vq, e, filled);
        g_free(e);
        any = true;
    }
    if (any) {
        virtq_notify(vq);
    }
    if (!s->quota && !timer_pending(s->timer)) {
        timer_set_ns(s->timer, event_loop_clock_ns(vdev->dev.machine->loop, CLOCK_KIND_VIRTUAL) + s->period_ms * NS_PER_MS);
    }
}

static void refill(void *opaque)
{
    VirtioRng *s = opaque;
    s->quota = s->max_bytes;
    virtio_kick(&s->vdev, 0);
}

static bool rng_realize(VirtioDevice *vdev, Error **errp)
{
    VirtioRng *s = (VirtioRng *)vdev;
    if (!s->max_bytes || !s->period_ms) {
        error_setg(errp, "virtio-rng: max-bytes and period have to be above 0");
        return false;
    }
    s->vq = virtio_add_queue(vdev, 8, handle);
    s->quota = s->max_bytes;
    s->timer = timer_new(vdev->dev.machine->loop, CLOCK_KIND_VIRTUAL, refill, s);
    return true;
}

static void rng_unrealize(VirtioDevice *vdev)
{
    timer_free(((VirtioRng *)vdev)->timer);
}

static const Field rng_fields[] = {
    FIELD(VirtioRng, max_bytes, FIELD_U64, "max-bytes", FIELD_PROP, .def = INT64_MAX, .help = "bytes per period"),
    FIELD(VirtioRng, period_ms, FIELD_U32, "period", FIELD_PROP, .def = 65536, .help = "milliseconds"),
    FIELD(VirtioRng, rng, FIELD_STRING, "rng", FIELD_PROP, .help = "id of an rng object"),
    FIELD_END,
};
static const VirtioClass rng_class = {
    VIRTIO_DEVICE_PART, .device.category = DEVICE_CAT_MISC, .device.user_creatable = true, .device_id = VIRTIO_ID_RNG, .name = "virtio-rng",
    .pci_class = 0x00ff, .realize = rng_realize, .unrealize = rng_unrealize,
};
static const TypeRecord rng_type = {
    .name = "virtio-rng-device", .parent = TYPE_VIRTIO_DEVICE, .help = "random number generator", .instance_size = sizeof(VirtioRng),
    .class_kind = TYPE_DEVICE, .class_data = &rng_class, .fields = rng_fields,
};
TYPE_REGISTER(rng_type);
VIRTIO_PCI_FORM(rng_pci, "virtio-rng-pci", "virtio-rng-device", DEVICE_CAT_MISC, "random number generator");

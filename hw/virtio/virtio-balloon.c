/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-balloon (VirtIO 1.2, section 5.5): the guest hands over page numbers of 4 KiB pages; the host takes the memory back. A page that
 * is given up without a word (deflate) comes back by being touched. Statistics: the guest leaves one buffer in the third queue, which is
 * returned when somebody asks, and then comes back filled.
 */
#include <inttypes.h>

#include "hw/virtio/virtio-pci.h"
#include "softmmu/balloon.h"
#include "util/bytes.h"
#include "util/log.h"

enum { F_MUST_TELL_HOST = 0, F_STATS_VQ = 1, F_DEFLATE_ON_OOM = 2 };
enum { PAGE_SHIFT = 12, QUEUE_ENTRIES = 128, CONFIG_BYTES = 8, STAT_BYTES = 10, STAT_COUNT = 10, PAGES_AT_ONCE = 1024 };

typedef struct VirtioBalloon {
    VirtioDevice vdev;
    VirtQueue *inflate, *deflate, *stats;
    uint32_t pages, actual;      /* asked of the guest; given by it */
    bool deflate_on_oom;
    VirtElement *stats_buffer;   /* the guest's, until new numbers are wanted; NULL: none */
    uint64_t stat[STAT_COUNT];
    uint32_t stats_known;        /* bit per number */
} VirtioBalloon;

/* --- pages --- */
/* One list of page numbers: neighbours go together. */
static void discard_list(VirtioBalloon *s, const uint8_t *list, size_t count)
{
    AddressSpace *as = s->vdev.dev.machine->as;

    for (size_t i = 0, n; i < count; i += n) {
        uint32_t first = ld_le32(list + 4 * i), last = first;

        for (n = 1; i + n < count; n++) {
            uint32_t next = ld_le32(list + 4 * (i + n));
            if (next == last + 1 && last != UINT32_MAX) {
                last = next;
            } else if (next + 1 == first && first) {
                first = next;
            } else {
                break;
            }
        }
        if (!dma_discard(as, (uint64_t)first << PAGE_SHIFT, ((uint64_t)(last - first) + 1) << PAGE_SHIFT)) {
            log_if(LOG_GUEST_ERROR, "virtio-balloon: pages 0x%x to 0x%x are not all memory\n", first, last);
        }
    }
}

static void handle_pages(VirtioDevice *vdev, VirtQueue *vq)
{
    VirtioBalloon *s = (VirtioBalloon *)vdev;
    VirtElement *e;

    while ((e = virtq_pop(vq))) {
        uint8_t list[4 * PAGES_AT_ONCE];
        size_t n;

        /* a request is as long as the guest makes its buffers: what Linux sends fits twice */
        for (uint64_t at = 0; vq == s->inflate && at < sizeof(list) * 64; at += n) {
            n = virtio_gather(e->out, e->out_count, at, list, sizeof(list)) & ~(size_t)3;
            if (!n) {
                break;
            }
            discard_list(s, list, n / 4);
        }
        virtq_push(vq, e, 0);
        virtq_notify(vq);
        g_free(e);
    }
}

/* --- statistics --- */
static void handle_stats(VirtioDevice *vdev, VirtQueue *vq)
{
    VirtioBalloon *s = (VirtioBalloon *)vdev;
    VirtElement *e;
    uint8_t entry[STAT_BYTES];

    while ((e = virtq_pop(vq))) {
        for (unsigned i = 0; i < 4 * STAT_COUNT && virtio_gather(e->out, e->out_count, i * STAT_BYTES, entry, STAT_BYTES) == STAT_BYTES; i++) {
            unsigned tag = ld_le16(entry);
            if (tag < STAT_COUNT) {
                s->stat[tag] = ld_le64(entry + 2);
                s->stats_known |= 1u << tag;
            }
        }
        if (s->stats_buffer) { /* more than one: the older goes back */
            virtq_push(vq, s->stats_buffer, 0);
            virtq_notify(vq);
            g_free(s->stats_buffer);
        }
        s->stats_buffer = e;
    }
}

static void ask_stats(VirtioBalloon *s)
{
    if (s->stats_buffer && virtio_running(&s->vdev)) {
        VirtElement *e = g_steal_pointer(&s->stats_buffer);
        virtq_push(s->stats, e, 0);
        virtq_notify(s->stats);
        g_free(e);
    }
}

/* --- the monitor's end --- */
/* The interface is called on the object that has it: the device, not its PCI form. */
static uint64_t actual_bytes(Object *obj)
{
    VirtioBalloon *s = (VirtioBalloon *)obj;
    uint64_t ram = s->vdev.dev.machine->ram_size, lent = (uint64_t)s->actual << PAGE_SHIFT;

    return lent < ram ? ram - lent : 0;
}

static void set_target(Object *obj, uint64_t bytes)
{
    VirtioBalloon *s = (VirtioBalloon *)obj;
    uint64_t ram = s->vdev.dev.machine->ram_size;

    s->pages = (uint32_t)MIN((ram - MIN(bytes, ram)) >> PAGE_SHIFT, (uint64_t)UINT32_MAX);
    virtio_config_changed(&s->vdev);
}

static void print_stats(Object *obj, FILE *out)
{
    static const char *const names[STAT_COUNT] = {
        "swapped in", "swapped out", "major faults", "minor faults", "free", "total", "available", "disk caches", "huge pages", "huge page failures"};
    VirtioBalloon *s = (VirtioBalloon *)obj;

    for (unsigned i = 0; i < STAT_COUNT; i++) {
        if (s->stats_known >> i & 1) {
            fprintf(out, "  guest: %s %" PRIu64 "%s\n", names[i], s->stat[i], i == 2 || i == 3 || i > 7 ? "" : " bytes");
        }
    }
    ask_stats(s);
}
static const BalloonInterface balloon = {.actual = actual_bytes, .set_target = set_target, .print = print_stats};

/* --- the device --- */
static void get_config(VirtioDevice *vdev, uint8_t *config)
{
    VirtioBalloon *s = (VirtioBalloon *)vdev;

    st_le32(config, s->pages);
    st_le32(config + 4, s->actual);
}

static void set_config(VirtioDevice *vdev, const uint8_t *config) { ((VirtioBalloon *)vdev)->actual = ld_le32(config + 4); }

static void forget_stats(VirtioBalloon *s)
{
    g_clear_pointer(&s->stats_buffer, g_free);
    s->stats_known = 0;
}

static void balloon_reset(VirtioDevice *vdev)
{
    VirtioBalloon *s = (VirtioBalloon *)vdev;

    forget_stats(s);
    s->actual = 0; /* whoever drives it next has all memory */
}

static bool balloon_realize(VirtioDevice *vdev, Error **errp)
{
    VirtioBalloon *s = (VirtioBalloon *)vdev;

    s->inflate = virtio_add_queue(vdev, QUEUE_ENTRIES, handle_pages);
    s->deflate = virtio_add_queue(vdev, QUEUE_ENTRIES, handle_pages);
    s->stats = virtio_add_queue(vdev, QUEUE_ENTRIES, handle_stats);
    vdev->host_features |= VIRTIO_F(F_STATS_VQ) | (s->deflate_on_oom ? VIRTIO_F(F_DEFLATE_ON_OOM) : 0);
    vdev->config_len = CONFIG_BYTES;
    return true;
}

static void balloon_unrealize(VirtioDevice *vdev) { forget_stats((VirtioBalloon *)vdev); }

static const Field balloon_fields[] = {
    FIELD(VirtioBalloon, deflate_on_oom, FIELD_BOOL, "deflate-on-oom", FIELD_PROP, .help = "the guest may take pages back when it runs out of memory"),
    FIELD_END,
};
static const VirtioClass balloon_class = {
    VIRTIO_DEVICE_PART, .device.category = DEVICE_CAT_MISC, .device.user_creatable = true, .device_id = VIRTIO_ID_BALLOON, .name = "virtio-balloon",
    .pci_class = 0x00ff, .realize = balloon_realize, .unrealize = balloon_unrealize, .reset = balloon_reset, .get_config = get_config,
    .set_config = set_config,
};
static const InterfaceRecord balloon_interfaces[] = {{INTERFACE_BALLOON, &balloon}, {NULL, NULL}};
static const TypeRecord balloon_type = {
    .name = "virtio-balloon-device", .parent = TYPE_VIRTIO_DEVICE, .help = "memory balloon", .instance_size = sizeof(VirtioBalloon),
    .class_kind = TYPE_DEVICE, .class_data = &balloon_class, .interfaces = balloon_interfaces, .fields = balloon_fields,
};
TYPE_REGISTER(balloon_type);
VIRTIO_PCI_FORM(balloon_pci, "virtio-balloon-pci", "virtio-balloon-device", DEVICE_CAT_MISC, "memory balloon");

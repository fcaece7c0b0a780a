/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtqueues from the driver's side, over virtio-mmio of both versions: chains, indirect tables, event indexes and
 * suppressed interrupts, index wrap, several requests in one kick; and what a driver must not do, after
 * which the device asks for a reset and works again when it got one.
 *
 * The device is one of the test's own: it copies what it reads into what it writes, each byte plus one.
 */
#include <string.h>

#include "hw-board.h"
#include "hw/sysbus.h"
#include "hw/virtio/virtio.h"
#include "util/bytes.h"
#include "util/option.h"

enum {
    MMIO = 0x10001000, SIZE = 8, NEXT = 1, WRITE = 2, INDIRECT = 4,
    LEGACY_RINGS = 0x10000, DESC = 0x20000, AVAIL = 0x21000, USED = 0x22000, TABLE = 0x30000, DATA = 0x40000,
};

/* --- the device --- */
typedef struct Echo {
    VirtioDevice vdev;
    unsigned handled;
    bool hold; /* pop, answer later */
    VirtElement *held[SIZE];
    unsigned held_count;
} Echo;

static void answer(VirtQueue *vq, VirtElement *e)
{
    uint8_t in[4096];
    uint32_t len = 0, n = 0;
    for (unsigned i = 0; i < e->out_count; i++) {
        for (size_t j = 0; j < e->out[i].iov_len && len < sizeof(in); j++) {
            in[len++] = ((uint8_t *)e->out[i].iov_base)[j];
        }
    }
    for (unsigned i = 0; i < e->in_count; i++) {
        for (size_t j = 0; j < e->in[i].iov_len && n < len; j++) {
            ((uint8_t *)e->in[i].iov_base)[j] = in[n++] + 1;
        }
    }
    virtq_push(vq, e, n);
    g_free(e);
}

static void echo_handle(VirtioDevice *vdev, VirtQueue *vq)
{
    Echo *s = (Echo *)vdev;
    VirtElement *e;
    while ((e = virtq_pop(vq))) {
        s->handled++;
        if (s->hold) {
            s->held[s->held_count++] = e;
        } else {
            answer(vq, e);
        }
    }
    virtq_notify(vq);
}

static bool echo_realize(VirtioDevice *vdev, Error **errp)
{
    virtio_add_queue(vdev, SIZE, echo_handle);
    return true;
}

static void echo_reset(VirtioDevice *vdev)
{
    Echo *s = (Echo *)vdev;
    while (s->held_count) {
        g_free(s->held[--s->held_count]);
    }
}

static const VirtioClass echo_class = {
    VIRTIO_DEVICE_PART, .device.user_creatable = true, .device_id = 42, .name = "echo", .realize = echo_realize, .reset = echo_reset,
};
static const TypeRecord echo_type = {
    .name = "test-echo", .parent = TYPE_VIRTIO_DEVICE, .help = "test device", .instance_size = sizeof(Echo), .class_kind = TYPE_DEVICE,
    .class_data = &echo_class,
};
TYPE_REGISTER(echo_type);

/* --- the driver --- */
typedef struct Driver {
    Machine *m;
    Echo *echo;
    HwLine line;
    bool legacy;
    uint32_t desc, avail, used;
    uint16_t avail_index;
} Driver;

static void wr(Driver *d, unsigned reg, uint32_t v) { hw_write(d->m, MMIO + reg, v, 4); }
static uint32_t rd(Driver *d, unsigned reg) { return hw_read(d->m, MMIO + reg, 4); }

static void poke(Driver *d, uint32_t at, const void *data, size_t len)
{
    g_assert_cmpint(dma_write(d->m->as, HW_BOARD_RAM_BASE + at, data, len), ==, MEM_OK);
}

static void poke16(Driver *d, uint32_t at, uint16_t v)
{
    uint8_t raw[2];
    st_le16(raw, v);
    poke(d, at, raw, 2);
}

static uint32_t peek(Driver *d, uint32_t at, unsigned size)
{
    uint8_t raw[4] = {0};
    g_assert_cmpint(dma_read(d->m->as, HW_BOARD_RAM_BASE + at, raw, size), ==, MEM_OK);
    return ld_le32(raw);
}

static void start(Driver *d, uint64_t features)
{
    d->avail_index = 0;
    dma_set(d->m->as, HW_BOARD_RAM_BASE, 0, DATA);
    wr(d, 0x70, 0);
    wr(d, 0x70, VIRTIO_ACKNOWLEDGE);
    wr(d, 0x70, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
    features |= d->legacy ? 0 : VIRTIO_F(VIRTIO_F_VERSION_1);
    for (unsigned i = 0; i < 2; i++) {
        wr(d, 0x24, i);
        wr(d, 0x20, (uint32_t)(features >> 32 * i));
    }
    if (!d->legacy) {
        wr(d, 0x70, 3 | VIRTIO_FEATURES_OK);
        g_assert_cmphex(rd(d, 0x70) & VIRTIO_FEATURES_OK, !=, 0);
    }
    wr(d, 0x30, 0);
    g_assert_cmpuint(rd(d, 0x34), ==, SIZE);
    wr(d, 0x38, SIZE);
    if (d->legacy) {
        wr(d, 0x28, 4096);
        wr(d, 0x3c, 4096);
        wr(d, 0x40, (HW_BOARD_RAM_BASE + LEGACY_RINGS) >> 12);
        d->desc = LEGACY_RINGS;
        d->avail = LEGACY_RINGS + SIZE * 16;
        d->used = LEGACY_RINGS + 4096;
    } else {
        d->desc = DESC;
        d->avail = AVAIL;
        d->used = USED;
        const uint32_t at[3][2] = {{0x80, DESC}, {0x90, AVAIL}, {0xa0, USED}};
        for (unsigned i = 0; i < 3; i++) {
            wr(d, at[i][0], (uint32_t)HW_BOARD_RAM_BASE + at[i][1]);
            wr(d, at[i][0] + 4, 0);
        }
        wr(d, 0x44, 1);
        g_assert_cmpuint(rd(d, 0x44), ==, 1);
    }
    wr(d, 0x70, (d->legacy ? 3 : 3 | VIRTIO_FEATURES_OK) | VIRTIO_DRIVER_OK);
}

static void set_up(Driver *d, gconstpointer legacy)
{
    d->m = hw_board_new();
    d->legacy = legacy != NULL;
    DeviceState *mmio = device_new(d->m, "virtio-mmio");
    g_assert_true(object_set(OBJECT(mmio), "force-legacy", d->legacy ? "on" : "off", &error_fatal));
    g_assert_true(device_attach(mmio, NULL, NULL, &error_fatal));
    sys_map(mmio, 0, MMIO);
    sys_connect(mmio, 0, hw_line(&d->line));
    g_autoptr(OptionSet) opts = option_set_parse("test-echo,id=e", "driver", &error_fatal);
    d->echo = (Echo *)device_create_from_options(d->m, opts, &error_fatal);
    machine_reset(d->m);
    g_assert_cmphex(rd(d, 0), ==, 0x74726976);
    g_assert_cmpuint(rd(d, 4), ==, d->legacy ? 1 : 2);
    g_assert_cmpuint(rd(d, 8), ==, 42);
}

static void tear_down(Driver *d, gconstpointer legacy) { hw_board_free(d->m); }

static void descriptor(Driver *d, uint32_t table, unsigned i, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
    uint8_t raw[16];
    st_le64(raw, addr);
    st_le32(raw + 8, len);
    st_le16(raw + 12, flags);
    st_le16(raw + 14, next);
    poke(d, table + i * 16, raw, sizeof(raw));
}

static void offer(Driver *d, uint16_t head)
{
    poke16(d, d->avail + 4 + d->avail_index % SIZE * 2, head);
    poke16(d, d->avail + 2, ++d->avail_index);
}

static void kick(Driver *d)
{
    wr(d, 0x50, 0);
    for (unsigned i = 0; i < 4; i++) {
        main_loop_wait(d->m->loop, false);
    }
}

static uint16_t used_index(Driver *d) { return peek(d, d->used + 2, 2); }

/* A request of @n bytes in descriptors 2i and 2i+1, its answer checked. */
static void request(Driver *d, unsigned i, const char *text)
{
    uint32_t len = strlen(text), data = DATA + i * 0x1000;
    poke(d, data, text, len);
    descriptor(d, d->desc, 2 * i, HW_BOARD_RAM_BASE + data, len, NEXT, 2 * i + 1);
    descriptor(d, d->desc, 2 * i + 1, HW_BOARD_RAM_BASE + data + 0x800, 0x100, WRITE, 0);
    offer(d, 2 * i);
}

static void check_answer(Driver *d, unsigned i, const char *text)
{
    for (unsigned j = 0; text[j]; j++) {
        g_assert_cmphex(peek(d, DATA + i * 0x1000 + 0x800 + j, 1), ==, (uint8_t)text[j] + 1);
    }
}

/* Broken, and works again after a reset. */
static void check_broken(Driver *d)
{
    g_assert_cmphex(rd(d, 0x70) & VIRTIO_NEEDS_RESET, !=, 0);
    unsigned before = d->echo->handled;
    kick(d);
    g_assert_cmpuint(d->echo->handled, ==, before);
    start(d, 0);
    g_assert_cmphex(rd(d, 0x70) & VIRTIO_NEEDS_RESET, ==, 0);
    request(d, 0, "again");
    kick(d);
    check_answer(d, 0, "again");
}

/* --- tests --- */
static void test_requests(Driver *d, gconstpointer legacy)
{
    start(d, 0);
    for (unsigned n = 0; n < 100; n++) { /* indexes go around the ring */
        request(d, n % 4, "hello");
        if (n % 3 == 0) {
            request(d, (n + 1) % 4, "there");
        }
        kick(d);
        check_answer(d, n % 4, "hello");
        g_assert_cmpuint(used_index(d), ==, d->avail_index);
        unsigned slot = d->used + 4 + (uint16_t)(d->avail_index - 1) % SIZE * 8;
        g_assert_cmpuint(peek(d, slot, 4), ==, n % 3 ? n % 4 * 2 : (n + 1) % 4 * 2);
        g_assert_cmpuint(peek(d, slot + 4, 4), ==, 5);
        g_assert_cmpint(d->line.level, ==, 1);
        g_assert_cmphex(rd(d, 0x60), ==, VIRTIO_ISR_QUEUE);
        wr(d, 0x64, 1);
        g_assert_cmpint(d->line.level, ==, 0);
    }
}

static void test_no_interrupt(Driver *d, gconstpointer legacy)
{
    start(d, 0);
    poke16(d, d->avail, 1); /* NO_INTERRUPT */
    request(d, 0, "quiet");
    kick(d);
    check_answer(d, 0, "quiet");
    g_assert_cmpint(d->line.level, ==, 0);
}

static void test_event_idx(Driver *d, gconstpointer legacy)
{
    start(d, VIRTIO_F(VIRTIO_F_EVENT_IDX));
    uint32_t used_event = d->avail + 4 + SIZE * 2, avail_event = d->used + 4 + SIZE * 8;
    request(d, 0, "a");
    kick(d);
    g_assert_cmpint(d->line.rises, ==, 1); /* the first after the start always tells */
    wr(d, 0x64, 1);
    g_assert_cmpuint(peek(d, avail_event, 2), ==, 1);
    poke16(d, used_event, 3); /* tell when used goes past 3 */
    request(d, 1, "b");
    kick(d);
    request(d, 2, "c");
    kick(d);
    g_assert_cmpint(d->line.rises, ==, 1);
    request(d, 3, "d");
    kick(d);
    g_assert_cmpint(d->line.rises, ==, 2);
}

static void test_indirect(Driver *d, gconstpointer legacy)
{
    start(d, VIRTIO_F(VIRTIO_F_INDIRECT));
    poke(d, DATA, "spread over", 11);
    for (unsigned i = 0; i < 11; i++) { /* one byte each, more than the ring has entries */
        descriptor(d, TABLE, i, HW_BOARD_RAM_BASE + DATA + i, 1, NEXT, i + 1);
    }
    descriptor(d, TABLE, 11, HW_BOARD_RAM_BASE + DATA + 0x800, 64, WRITE, 0);
    descriptor(d, d->desc, 3, HW_BOARD_RAM_BASE + TABLE, 12 * 16, INDIRECT, 0);
    offer(d, 3);
    kick(d);
    check_answer(d, 0, "spread over");
    g_assert_cmpuint(used_index(d), ==, 1);
}

static void test_reset_in_flight(Driver *d, gconstpointer legacy)
{
    start(d, 0);
    d->echo->hold = true;
    request(d, 0, "lost");
    kick(d);
    g_assert_cmpuint(d->echo->held_count, ==, 1);
    VirtQueue *vq = &d->echo->vdev.queues[0];
    VirtElement *late = d->echo->held[0];
    d->echo->held_count = 0;
    wr(d, 0x70, 0);
    answer(vq, late); /* comes after the reset: memory of the ring stays as it is */
    g_assert_cmpuint(used_index(d), ==, 0);
    d->echo->hold = false;
    start(d, 0);
    request(d, 1, "new");
    kick(d);
    check_answer(d, 1, "new");
}

/* Each row: a first descriptor (and a second) that a driver must not write. */
static void test_bad_chains(Driver *d, gconstpointer legacy)
{
    const uint64_t ram = HW_BOARD_RAM_BASE;
    const struct { uint64_t addr; uint32_t len; uint16_t flags, next; } bad[][2] = {
        {{ram + DATA, 4, NEXT, 0}},                                        /* a loop of one */
        {{ram + DATA, 4, NEXT, 1}, {ram + DATA, 4, NEXT, 0}},              /* of two */
        {{ram + DATA, 4, NEXT, 77}},                                       /* out of the table */
        {{0x10000000, 4, 0, 0}},                                           /* not RAM */
        {{UINT64_MAX - 2, 8, 0, 0}},                                       /* around the end */
        {{ram + HW_BOARD_RAM - 2, 4, WRITE, 0}},                           /* over the end of RAM */
        {{ram + DATA, 4, NEXT | WRITE, 1}, {ram + DATA, 4, 0, 0}},         /* readable after writable */
        {{ram + TABLE, 0, INDIRECT, 0}},                                   /* empty table */
        {{ram + TABLE, 15, INDIRECT, 0}},                                  /* half an entry */
        {{ram + TABLE, 0x7ffffff0, INDIRECT, 0}},                          /* enormous table */
        {{ram + TABLE, 16, INDIRECT | NEXT, 1}, {ram + DATA, 4, 0, 0}},    /* table and more */
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        start(d, VIRTIO_F(VIRTIO_F_INDIRECT));
        for (unsigned j = 0; j < 2; j++) {
            descriptor(d, d->desc, j, bad[i][j].addr, bad[i][j].len, bad[i][j].flags, bad[i][j].next);
        }
        offer(d, 0);
        kick(d);
        check_broken(d);
    }
    start(d, VIRTIO_F(VIRTIO_F_INDIRECT)); /* a table within a table */
    descriptor(d, d->desc, 0, ram + TABLE, 16, INDIRECT, 0);
    descriptor(d, TABLE, 0, ram + TABLE, 16, INDIRECT, 0);
    offer(d, 0);
    kick(d);
    check_broken(d);
}

static void test_bad_ring(Driver *d, gconstpointer legacy)
{
    start(d, 0);
    offer(d, SIZE); /* head out of the table */
    kick(d);
    check_broken(d);
    start(d, 0);
    poke16(d, d->avail + 2, SIZE + 1); /* more requests than entries */
    kick(d);
    check_broken(d);
    if (!d->legacy) {
        start(d, 0);
        wr(d, 0x44, 0);
        wr(d, 0x80, 0x10000000); /* rings in a device */
        wr(d, 0x44, 1);
        check_broken(d);
        start(d, 0);
        wr(d, 0x44, 0);
        wr(d, 0x38, 7); /* no power of two */
        wr(d, 0x44, 1);
        check_broken(d);
        wr(d, 0x70, 0);
        wr(d, 0x70, 3);
        wr(d, 0x70, 3 | VIRTIO_FEATURES_OK); /* without VERSION_1 */
        g_assert_cmphex(rd(d, 0x70) & VIRTIO_FEATURES_OK, ==, 0);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define QUEUE_TEST(name)                                                                                               \
    g_test_add("/virtqueue/modern/" #name, Driver, NULL, set_up, test_##name, tear_down);                              \
    g_test_add("/virtqueue/legacy/" #name, Driver, "legacy", set_up, test_##name, tear_down)
    QUEUE_TEST(requests);
    QUEUE_TEST(no_interrupt);
    QUEUE_TEST(event_idx);
    QUEUE_TEST(indirect);
    QUEUE_TEST(reset_in_flight);
    QUEUE_TEST(bad_chains);
    QUEUE_TEST(bad_ring);
    return g_test_run();
}

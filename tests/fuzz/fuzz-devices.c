/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: every device of the `virt` board, reached through the memory tree as a guest reaches it. An input is a
 * list of 16-byte steps: register accesses, bytes of RAM, turns of the main loop, and helpers that do legal things
 * (set up a virtqueue by MMIO or PCI, add a descriptor chain, kick), so that random steps get behind the first checks.
 *
 * Whatever a guest does must leave the host process alive; sanitizers say what is wrong beyond that. The board is
 * reset before each input and PCI BARs are put to fixed places.
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "block/block.h"
#include "chardev/chardev.h"
#include "fuzz.h"
#include "hw/device.h"
#include "util/bytes.h"

#define RAM 0x80000000ull
enum {
    STEP_BYTES = 16, PCI_SLOTS = 8, ECAM = 0x30000000, BARS = 0x40000000, VIRTIO_MMIO = 0x10001000, WINDOWS_MAX = 64,
    DESC = 0x1000, AVAIL = 0x2000, USED = 0x3000, LEGACY_RINGS = 0x4000, BUFFERS = 0x8000, RAM_USED = 0x10000, QUEUE = 8,
    PCI_MODERN_BAR = 0x20, VIRTIO_MODERN = BARS,
};

static const char *const devices[] = {
    "virtio-blk-pci,drive=d0,num-queues=2", "virtio-net-pci", "virtio-rng-pci,max-bytes=4096,period=1", "pcie-root-port,id=rp",
    "virtio-rng-pci,bus=rp", "virtio-blk-device,drive=d1,serial=fuzz", "virtio-net-device", "virtio-rng-device",
    "virtio-serial-pci,id=vs", "virtio-serial-device", "virtconsole,chardev=c0", "virtserialport,chardev=c1,name=p",
};

typedef struct Window {
    uint64_t addr, size;
} Window;
typedef struct Board {
    Machine *m;
    Window windows[WINDOWS_MAX];
    unsigned window_count;
    uint16_t avail_index;
} Board;

static void add_device(Machine *m, const char *text)
{
    g_autoptr(OptionSet) opts = option_set_parse(text, "driver", &error_fatal);
    if (type_find(option_get(opts, "driver"))) {
        device_create_from_options(m, opts, &error_fatal);
    }
}

static void add_disk(Machine *m, const char *id)
{
    char *path = NULL;
    int fd = g_file_open_tmp("fuzz-devices-XXXXXX", &path, NULL);
    if (fd < 0 || ftruncate(fd, 1 << 20) < 0) {
        abort();
    }
    g_autofree char *text = g_strdup_printf("file=%s,format=raw,if=none,id=%s", path, id);
    g_autoptr(OptionSet) opts = option_set_parse(text, NULL, &error_fatal);
    blk_new_from_drive(m->block, opts, &error_fatal);
    close(fd);
    g_unlink(path);
    g_free(path);
}

/* Every MMIO window below @mr that is visible in [first, last]. */
static void collect(Board *b, MemoryRegion *mr, uint64_t base, uint64_t first, uint64_t last)
{
    uint64_t end = mr->size == UINT64_MAX ? UINT64_MAX : base + mr->size - 1;
    if (!mr->enabled || base > last || end < first) {
        return;
    }
    first = MAX(first, base);
    last = MIN(last, end);
    if (mr->kind == MEM_ALIAS) {
        collect(b, mr->alias, base - mr->alias_offset, first, last);
    } else if ((mr->kind == MEM_MMIO || mr->kind == MEM_ROMD) && b->window_count < WINDOWS_MAX) {
        b->windows[b->window_count++] = (Window){first, last - first + 1};
    }
    for (GList *l = mr->children; l; l = l->next) {
        MemoryRegion *child = l->data;
        collect(b, child, base + child->addr, first, last);
    }
}

static void wr(Board *b, uint64_t addr, uint64_t value, unsigned size)
{
    address_space_write_mmio(b->m->as, addr, size, value);
}

static void map_bars(Board *b)
{
    for (unsigned slot = 0; slot < PCI_SLOTS; slot++) {
        uint64_t config = ECAM + (slot << 15);
        wr(b, config + 0x10, 0x1000 + slot * 0x100, 4);
        wr(b, config + PCI_MODERN_BAR, VIRTIO_MODERN + slot * 0x10000, 4);
        wr(b, config + PCI_MODERN_BAR + 4, 0, 4);
        wr(b, config + 0x18, 0x010100, 4); /* a bridge's bus numbers; a device's BAR 2 otherwise */
        wr(b, config + 4, 7, 2);
    }
}

static Board *board_new(void)
{
    Board *b = g_new0(Board, 1);
    Machine *m = b->m = machine_new(machine_find("riscv64/virt", NULL, &error_fatal));
    machine_lock(m);
    event_loop_set_current(m->loop);
    chardevs_init(m->root, m->loop, NULL, NULL);
    for (unsigned i = 0; i < 2; i++) {
        g_autofree char *text = g_strdup_printf("ringbuf,id=c%u", i);
        g_autoptr(OptionSet) opts = option_set_parse(text, "backend", &error_fatal);
        chardev_create(m->root, opts, &error_fatal);
    }
    m->block = block_graph_new(m->loop);
    add_disk(m, "d0");
    add_disk(m, "d1");
    m->ram_size = 8 << 20;
    m->firmware = g_strdup("none");
    machine_realize(m, &error_fatal);
    for (unsigned i = 0; i < G_N_ELEMENTS(devices); i++) {
        add_device(m, devices[i]);
    }
    if (!machine_finish(m, &error_fatal)) {
        abort();
    }
    map_bars(b);
    collect(b, m->system_memory, 0, 0, UINT64_MAX);
    return b;
}

/* --- steps --- */
static void ram64(Board *b, uint32_t offset, uint64_t value)
{
    uint8_t raw[8];
    st_le64(raw, value);
    dma_write(b->m->as, RAM + offset % (RAM_USED - 8), raw, sizeof(raw));
}

static void access_window(Board *b, bool write, unsigned size, unsigned index, uint32_t offset, uint64_t value)
{
    const Window *w = &b->windows[index % b->window_count];
    /* most of a big window is empty: keep near its start, now and then not */
    uint64_t limit = w->size > 0x40000 && index < 0xc000 ? 0x40000 : w->size;
    uint64_t addr = w->addr + offset % limit, got;
    if (write) {
        wr(b, addr & ~(uint64_t)(size - 1), value, size);
    } else {
        address_space_read_mmio(b->m->as, addr & ~(uint64_t)(size - 1), size, &got);
    }
}

static void setup_mmio(Board *b, unsigned slot, unsigned queue, uint64_t features)
{
    uint64_t base = VIRTIO_MMIO + (slot % 8) * 0x1000;
    const uint32_t steps[][2] = {{0x70, 1}, {0x70, 3}, {0x24, 0}, {0x20, (uint32_t)features}, {0x28, 4096}, {0x30, queue}, {0x38, QUEUE},
                                 {0x3c, 4096}, {0x40, (RAM + LEGACY_RINGS) >> 12}, {0x70, 7}};
    for (unsigned i = 0; i < G_N_ELEMENTS(steps); i++) {
        wr(b, base + steps[i][0], steps[i][1], 4);
    }
}

static void setup_pci(Board *b, unsigned slot, unsigned queue, uint64_t features)
{
    uint64_t base = VIRTIO_MODERN + (slot % PCI_SLOTS) * 0x10000;
    wr(b, base + 20, 3, 1);
    for (unsigned i = 0; i < 2; i++) {
        wr(b, base + 8, i, 4);
        wr(b, base + 12, (uint32_t)(features >> 32 * i) | i, 4); /* with VERSION_1 */
    }
    wr(b, base + 20, 11, 1);
    wr(b, base + 22, queue, 2);
    wr(b, base + 24, QUEUE, 2);
    wr(b, base + 32, (uint32_t)(RAM + DESC), 4);
    wr(b, base + 40, (uint32_t)(RAM + AVAIL), 4);
    wr(b, base + 48, (uint32_t)(RAM + USED), 4);
    wr(b, base + 28, 1, 2);
    wr(b, base + 20, 15, 1);
}

/* A descriptor; with the top bit of @value its chain is made available. */
static void add_descriptor(Board *b, bool legacy, unsigned index, uint32_t offset, uint64_t value)
{
    uint32_t table = legacy ? LEGACY_RINGS : DESC, avail = legacy ? LEGACY_RINGS + QUEUE * 16 : AVAIL, at = table + index % QUEUE * 16;
    ram64(b, at, RAM + BUFFERS + offset % (RAM_USED - BUFFERS));
    ram64(b, at + 8, (value & 0xffff) | (value >> 16 & 7) << 32 | (value >> 32 & (QUEUE - 1)) << 48);
    if (value >> 63) {
        uint8_t raw[2];
        st_le16(raw, (uint16_t)(index % QUEUE));
        dma_write(b->m->as, RAM + avail + 4 + b->avail_index++ % QUEUE * 2, raw, 2);
        st_le16(raw, b->avail_index);
        dma_write(b->m->as, RAM + avail + 2, raw, 2);
    }
}

static void step(Board *b, const uint8_t *p)
{
    unsigned op = p[0], size = 1u << (p[1] & 3), index = ld_le16(p + 2);
    uint32_t offset = ld_le32(p + 4);
    uint64_t value = ld_le64(p + 8);
    switch (op & 0xf) {
    case 0: case 1: access_window(b, false, size, index, offset, value); break;
    case 2: case 3: case 4: access_window(b, true, size, index, offset, value); break;
    case 5: ram64(b, offset, value); break;
    case 6: case 7: case 8: add_descriptor(b, op & 0x10, index, offset, value); break;
    case 9: setup_mmio(b, index, offset & 3, value); break;
    case 10: setup_pci(b, index, offset & 3, value); break;
    case 11: wr(b, VIRTIO_MMIO + (index & 7) * 0x1000 + 0x50, offset & 3, 4); break;
    case 12: wr(b, VIRTIO_MODERN + (index & 7) * 0x10000 + 0x3000 + (offset & 3) * 4, 0, 2); break;
    default:
        for (unsigned i = 0; i < 4; i++) {
            main_loop_wait(b->m->loop, false);
        }
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Board *b; /* the board outlives inputs; each starts with a reset */
    uint8_t last[64];
    if (!b) {
        b = board_new();
    }
    machine_reset(b->m);
    dma_set(b->m->as, RAM, 0, RAM_USED);
    b->avail_index = 0;
    map_bars(b);
    for (size_t at = 0; size - at >= STEP_BYTES && at < 400 * STEP_BYTES; at += STEP_BYTES) {
        step(b, data + at);
    }
    for (unsigned i = 0; i < 4; i++) {
        main_loop_wait(b->m->loop, false);
    }
    dma_read(b->m->as, RAM + USED, last, sizeof(last));
    return fuzz_answer(last[2] | last[4] << 4 | last[8] << 6, NULL);
}

/* A disk request by PCI: header, data, status; and the same by MMIO; a random-number request. */
static const uint8_t blk_pci[] =
    "\12\0\1\0" "\0\0\0\0" "\0\0\0\0\0\0\0\0"
    "\6\0\0\0" "\0\0\0\0" "\20\0\1\0\1\0\0\0"
    "\6\0\1\0" "\0\1\0\0" "\0\2\3\0\2\0\0\0"
    "\6\0\2\0" "\0\10\0\0" "\1\0\2\0\0\0\0\0"
    "\6\0\0\0" "\0\0\0\0" "\20\0\1\0\1\0\0\200"
    "\14\0\1\0" "\0\0\0\0" "\0\0\0\0\0\0\0\0"
    "\15\0\0\0" "\0\0\0\0" "\0\0\0\0\0\0\0\0";
static const uint8_t rng_mmio[] =
    "\11\0\5\0" "\0\0\0\0" "\0\0\0\0\0\0\0\0"
    "\26\0\0\0" "\0\0\0\0" "\100\0\2\0\0\0\0\200"
    "\13\0\5\0" "\0\0\0\0" "\0\0\0\0\0\0\0\0"
    "\15\0\0\0" "\0\0\0\0" "\0\0\0\0\0\0\0\0";
static const uint8_t registers[] =
    "\2\2\0\0" "\0\0\0\0" "\1\0\0\0\0\0\0\0"
    "\2\2\1\0" "\4\0\0\0" "\377\377\377\377\0\0\0\0"
    "\0\3\3\0" "\20\0\0\0" "\0\0\0\0\0\0\0\0";
const FuzzSeed fuzz_seeds[] = {{blk_pci, sizeof(blk_pci) - 1}, {rng_mmio, sizeof(rng_mmio) - 1}, {registers, sizeof(registers) - 1}, FUZZ_SEEDS_END};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pc-testdev: what unit tests that run inside a PC ask for: a latch of 32 bits at ports 0xe0 and 0xe8, a port that
 * flushes a page (there is nothing to flush: 0xe4), interrupt lines at 0x2000 plus their number, and 64 KiB of memory
 * behind device accesses at 0xff000000. Guarded by the machine lock.
 */
#include <string.h>

#include "hw/isa.h"
#include "hw/misc/pc-misc.h"
#include "util/bytes.h"

enum { LATCH = 0xe0, FLUSH = 0xe4, LATCH_BYTES = 0xe8, LINES = 0x2000, LINES_COUNT = 24, MEMORY_BYTES = 0x10000 };
#define MEMORY_ADDRESS 0xff000000ull

typedef struct PcTestDev {
    IsaDevice isa;
    MemoryRegion latch, flush, latch_bytes, lines, memory;
    uint8_t data[4];
    uint8_t contents[MEMORY_BYTES];
} PcTestDev;

static uint64_t load(const uint8_t *p, unsigned size)
{
    return size == 1 ? *p : size == 2 ? ld_le16(p) : size == 4 ? ld_le32(p) : ld_le64(p);
}

static void store(uint8_t *p, uint64_t v, unsigned size)
{
    uint8_t raw[8];
    st_le64(raw, v);
    memcpy(p, raw, size);
}

static uint64_t latch_read(void *o, uint64_t at, unsigned size) { return load(((PcTestDev *)o)->data + at, size); }

static void latch_write(void *o, uint64_t at, uint64_t value, unsigned size)
{
    store(((PcTestDev *)o)->data + at, value, size);
}

static uint64_t nothing_read(void *opaque, uint64_t offset, unsigned size) { return 0; }
static void nothing_write(void *opaque, uint64_t offset, uint64_t value, unsigned size) {}

static void lines_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    PcTestDev *s = opaque;
    Irq irq = isa_irq(&s->isa, (unsigned)offset);
    irq_set(&irq, value != 0);
}

static uint64_t memory_read(void *o, uint64_t at, unsigned size) { return load(((PcTestDev *)o)->contents + at, size); }

static void memory_write(void *o, uint64_t at, uint64_t value, unsigned size)
{
    store(((PcTestDev *)o)->contents + at, value, size);
}

static const MmioOps latch_ops = {.read = latch_read, .write = latch_write, .access_max = 4};
static const MmioOps byte_ops = {.read = latch_read, .write = latch_write, ISA_BYTE_PORTS};
static const MmioOps flush_ops = {
    .read = nothing_read, .write = nothing_write, .access_max = 4, .allow_unaligned = true,
};
static const MmioOps lines_ops = {.read = nothing_read, .write = lines_write, ISA_BYTE_PORTS};
static const MmioOps memory_ops = {.read = memory_read, .write = memory_write};

static bool testdev_realize(Object *obj, Error **errp)
{
    PcTestDev *s = (PcTestDev *)obj;
    Machine *m = s->isa.dev.machine;
    isa_add_ports(&s->isa, &s->latch, &latch_ops, s, "pc-testdev-ioport", LATCH, 4);
    isa_add_ports(&s->isa, &s->flush, &flush_ops, s, "pc-testdev-flush-page", FLUSH, 4);
    isa_add_ports(&s->isa, &s->latch_bytes, &byte_ops, s, "pc-testdev-ioport-byte", LATCH_BYTES, 4);
    isa_add_ports(&s->isa, &s->lines, &lines_ops, s, "pc-testdev-irq-line", LINES, LINES_COUNT);
    memory_region_init_mmio(&s->memory, m, obj, &memory_ops, s, "pc-testdev-iomem", MEMORY_BYTES);
    memory_map(isa_bus(&s->isa)->mem, MEMORY_ADDRESS, &s->memory);
    return true;
}

static void testdev_unrealize(Object *obj) { memory_region_destroy(&((PcTestDev *)obj)->memory); }

static const Field testdev_fields[] = {
    FIELD(PcTestDev, data, FIELD_U8, "data", FIELD_STATE, .count = 4),
    FIELD(PcTestDev, contents, FIELD_BYTES, "contents", FIELD_KEPT, .count = MEMORY_BYTES),
    FIELD_END,
};
static const DeviceClass testdev_class = {
    .bus_type = TYPE_ISA_BUS, .category = DEVICE_CAT_MISC, .user_creatable = true,
};
static const TypeRecord testdev_type = {
    .name = TYPE_PC_TESTDEV, .parent = TYPE_ISA_DEVICE, .help = "for unit tests inside a PC",
    .instance_size = sizeof(PcTestDev), .class_kind = TYPE_DEVICE, .class_data = &testdev_class,
    .fields = testdev_fields, .realize = testdev_realize, .unrealize = testdev_unrealize,
};
TYPE_REGISTER(testdev_type);

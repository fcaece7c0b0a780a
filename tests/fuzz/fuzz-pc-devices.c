/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: the legacy and interrupt devices of a PC on a bench: all ISA devices, PIC, APICs of two CPUs, I/O
 * APIC, HPET. An input is a list of 12-byte steps: port and register accesses, lines, keys, mouse movements,
 * acknowledgements, turns of the main loop, and whole legal sequences (a DMA block, a floppy command), so that random
 * steps get behind the first checks.
 *
 * Whatever a guest does must leave the host process alive; sanitizers say what is wrong beyond that.
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../unit/pc-bench.h"
#include "block/block.h"
#include "chardev/chardev.h"
#include "fuzz.h"
#include "hw/dma/i8257.h"
#include "hw/input/i8042.h"
#include "hw/input/ps2.h"
#include "hw/intc/apic.h"
#include "hw/intc/i8259.h"
#include "hw/intc/ioapic.h"
#include "hw/misc/pc-misc.h"
#include "hw/rtc/mc146818.h"
#include "hw/timer/hpet.h"
#include "hw/timer/i8254.h"
#include "util/bytes.h"
#include "util/option.h"

enum { STEP_BYTES = 12, STEPS_MAX = 400, CPUS = 2, LINES = 24, LOW_RAM = 1 << 20 };

static const struct {
    uint16_t port, count;
} ports[] = {
    {0x00, 16}, {0x20, 2}, {0x40, 4}, {0x60, 1}, {0x61, 1}, {0x64, 1}, {0x70, 2}, {0x80, 16}, {0x92, 1}, {0xa0, 2},
    {0xc0, 32}, {0xe0, 12}, {0xe9, 1}, {0x278, 8}, {0x2f8, 8}, {0x378, 8}, {0x3f0, 8}, {0x3f8, 8}, {0x402, 1},
    {0x480, 16}, {0x4d0, 2}, {0x501, 2}, {0x505, 1}, {0x2000, 24},
};
static const uint64_t windows[] = {IOAPIC_DEFAULT_ADDRESS, APIC_DEFAULT_ADDRESS, HPET_DEFAULT_ADDRESS, 0xff000000};

typedef struct Rig {
    PcBench b;
    MemoryRegion low;
    DeviceState *pic, *ioapic, *apics, *kbc;
    LocalApic *apic[CPUS];
    CpuState cpu[CPUS];
    Irq gsi[LINES];
} Rig;

static void gsi(void *opaque, int n, int level)
{
    Rig *r = opaque;
    if (n < ISA_IRQS && n != 2 && r->pic) {
        Irq irq = i8259_line(r->pic, (unsigned)n);
        irq_set(&irq, level);
    }
    Irq irq = ioapic_line(r->ioapic, n ? (unsigned)n : 2);
    irq_set(&irq, level);
}

static void add_disk(Machine *m)
{
    char *path = NULL;
    int fd = g_file_open_tmp("fuzz-floppy-XXXXXX", &path, NULL);
    if (fd < 0 || ftruncate(fd, 1440 << 10) < 0) {
        abort();
    }
    g_autofree char *text = g_strdup_printf("file=%s,format=raw,if=floppy", path);
    g_autoptr(OptionSet) opts = option_set_parse(text, NULL, &error_fatal);
    m->block = block_graph_new(m->loop);
    blk_new_from_drive(m->block, opts, &error_fatal);
    close(fd);
    g_unlink(path);
    g_free(path);
}

static uint64_t tsc(void *opaque) { return (uint64_t)virtual_clock_ns(((Machine *)opaque)->clock); }

static void add_controllers(Rig *r, Machine *m)
{
    r->apics = apics_create(m, &error_fatal);
    r->ioapic = ioapic_create(m, IOAPIC_DEFAULT_ADDRESS, apic_deliver_msi, r->apics, &error_fatal);
    apics_add_eoi(r->apics, ioapic_eoi, r->ioapic);
    for (unsigned i = 0; i < LINES; i++) {
        r->gsi[i] = irq_make(gsi, r, (int)i);
    }
    isa_bus_set_irqs(r->b.isa, r->gsi);
    r->pic = i8259_create(r->b.isa, apic_pic_line(r->apics), &error_fatal);
    apics_set_pic(r->apics, i8259_ack, r->pic);
    for (unsigned i = 0; i < CPUS; i++) {
        r->cpu[i].machine = m;
        r->cpu[i].index = i;
        const ApicPins pins = {.tsc = tsc, .opaque = m, .tsc_hz = NS_PER_SEC, .x2apic = true, .tsc_deadline = true};
        r->apic[i] = apic_create(r->apics, i, &pins, &error_fatal);
    }
}

static Rig *rig_new(void)
{
    static const char *const types[] = {
        TYPE_ISA_SERIAL, TYPE_ISA_SERIAL, TYPE_ISA_PARALLEL, TYPE_ISA_PARALLEL, TYPE_ISA_DEBUGCON, TYPE_ISA_DEBUG_EXIT,
        TYPE_PVPANIC, TYPE_PC_TESTDEV,
    };
    Rig *r = g_new0(Rig, 1);
    pc_bench_init(&r->b);
    Machine *m = r->b.m;
    memory_region_init_ram(&r->low, m, NULL, "low", LOW_RAM, &error_fatal);
    memory_map(m->system_memory, 0, &r->low);
    add_disk(m);
    add_controllers(r, m);
    DeviceState *hpet = hpet_create(m, HPET_DEFAULT_ADDRESS, r->gsi, LINES, 0xff0104, r->gsi[0], r->gsi[8],
                                    &error_fatal);
    DeviceState *pit = pit_create(r->b.isa, hpet_legacy_line(hpet, 0), &error_fatal);
    pcspk_create(r->b.isa, pit, &error_fatal);
    mc146818_create(r->b.isa, hpet_legacy_line(hpet, 1), &error_fatal);
    r->kbc = i8042_create(r->b.isa, (Irq){0}, &error_fatal);
    port92_create(r->b.isa, (Irq){0}, &error_fatal);
    i8257_create(r->b.isa, &error_fatal);
    fdc_add_default_drives(isa_create(r->b.isa, TYPE_ISA_FDC, &error_fatal, NULL), &error_fatal);
    for (unsigned i = 0; i < G_N_ELEMENTS(types); i++) {
        isa_create(r->b.isa, types[i], &error_fatal, NULL);
    }
    return r;
}

/* --- steps --- */
static void port_access(Rig *r, bool write, uint16_t where, unsigned size, uint32_t value)
{
    unsigned n = where % G_N_ELEMENTS(ports);
    uint16_t port = (uint16_t)(ports[n].port + (where >> 8) % ports[n].count);
    uint64_t got;
    if (write) {
        address_space_write_mmio(r->b.io_as, port, size, value);
    } else {
        address_space_read_mmio(r->b.io_as, port, size, &got);
    }
}

static void mmio_access(Rig *r, bool write, uint16_t where, uint32_t offset, unsigned size, uint64_t value)
{
    uint64_t addr = windows[where % G_N_ELEMENTS(windows)] + offset % 0x1000, got;
    current_cpu = &r->cpu[where >> 8 & 1];
    if (write) {
        address_space_write_mmio(r->b.m->as, addr, size, value);
    } else {
        address_space_read_mmio(r->b.m->as, addr, size, &got);
    }
    current_cpu = NULL;
}

/* I/O APIC entries and local registers by their numbers. */
static void registers(Rig *r, uint16_t where, uint32_t value)
{
    current_cpu = &r->cpu[where >> 15];
    if (where & 0x4000) {
        address_space_write_mmio(r->b.m->as, IOAPIC_DEFAULT_ADDRESS, 4, where & 0x3f);
        address_space_write_mmio(r->b.m->as, IOAPIC_DEFAULT_ADDRESS + 0x10, 4, value);
    } else if (where & 0x2000) {
        apic_write_msr(r->apic[where >> 15], where & 0x3f, value);
    } else if (where & 0x1000) {
        apic_set_base(r->apic[where >> 15], APIC_DEFAULT_ADDRESS | (value & 0xf00));
    } else {
        address_space_write_mmio(r->b.m->as, APIC_DEFAULT_ADDRESS + (where & 0x3f) * 16, 4, value);
    }
    current_cpu = NULL;
}

static void dma_block(Rig *r, uint8_t mode, uint32_t addr, uint16_t count)
{
    const uint8_t steps[][2] = {
        {0x0c, 0}, {0x0b, (uint8_t)((mode & 0xfc) | 2)}, {0x04, (uint8_t)addr}, {0x04, (uint8_t)(addr >> 8)},
        {0x81, (uint8_t)(addr >> 16 & 15)}, {0x05, (uint8_t)count}, {0x05, (uint8_t)(count >> 8)}, {0x0a, 2},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(steps); i++) {
        outb(&r->b, steps[i][0], steps[i][1]);
    }
}

static void floppy_command(Rig *r, const uint8_t *p)
{
    const uint8_t bytes[] = {p[1], p[2] & 7, p[3] % 90, p[2] >> 2 & 1, p[4] % 25, 2, p[5] % 40, 0x1b, 0xff};
    for (unsigned i = 0; i < sizeof(bytes); i++) {
        outb(&r->b, 0x3f5, bytes[i]);
    }
}

static void step(Rig *r, const uint8_t *p)
{
    unsigned size = 1u << (p[1] & 3);
    uint16_t where = ld_le16(p + 2);
    uint32_t offset = ld_le32(p + 4), value = ld_le32(p + 8);
    switch (p[0] & 0xf) {
    case 0: case 1: port_access(r, false, where, size, value); break;
    case 2: case 3: case 4: port_access(r, true, where, size, value); break;
    case 5: mmio_access(r, false, where, offset, size, value); break;
    case 6: case 7: mmio_access(r, true, where, offset, size, (uint64_t)value << (p[1] & 0x20)); break;
    case 8: registers(r, where, value); break;
    case 9: irq_set(&r->gsi[where % LINES], offset & 1); break;
    case 10: apic_ack(r->apic[where & 1]); break;
    case 11: ps2_keyboard_event(i8042_keyboard(r->kbc), value & 0xffff, offset & 1); break;
    case 12: ps2_mouse_event(i8042_mouse(r->kbc), (int)value, (int)offset, (int8_t)p[2], p[3]); break;
    case 13: dma_block(r, p[1], offset, where); break;
    case 14: floppy_command(r, p); break;
    default:
        for (unsigned i = 0; i < 4; i++) {
            main_loop_wait(r->b.m->loop, false);
        }
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Rig *r; /* the bench outlives inputs; each starts with a reset */
    if (!r) {
        r = rig_new();
    }
    machine_reset(r->b.m);
    for (size_t at = 0; size - at >= STEP_BYTES && at < STEPS_MAX * STEP_BYTES; at += STEP_BYTES) {
        step(r, data + at);
    }
    for (unsigned i = 0; i < 4; i++) {
        main_loop_wait(r->b.m->loop, false);
    }
    return fuzz_answer(inb(&r->b, 0x3f4) | inb(&r->b, 0x64) << 8 | inb(&r->b, 0x20), NULL);
}

/* A floppy sector by DMA; the PIC set up and a line driven; an APIC switched on and its timer. */
static const uint8_t floppy[] =
    "\2\0\20\2" "\0\0\0\0" "\0\0\0\0" "\2\0\20\2" "\0\0\0\0" "\34\0\0\0"
    "\15\104\377\1" "\0\200\0\0" "\0\0\0\0" "\16\346\0\0" "\1\22\0\0" "\0\0\0\0" "\17\0\0\0" "\0\0\0\0" "\0\0\0\0";
static const uint8_t pic[] =
    "\2\0\1\0" "\0\0\0\0" "\21\0\0\0" "\2\0\1\1" "\0\0\0\0" "\40\0\0\0" "\2\0\1\1" "\0\0\0\0" "\4\0\0\0"
    "\2\0\1\1" "\0\0\0\0" "\1\0\0\0" "\11\0\4\0" "\1\0\0\0" "\0\0\0\0" "\12\0\0\0" "\0\0\0\0" "\0\0\0\0";
static const uint8_t timer[] =
    "\10\0\17\0" "\0\0\0\0" "\377\1\0\0" "\10\0\62\0" "\0\0\0\0" "\100\0\2\0" "\10\0\70\0" "\0\0\0\0" "\20\0\0\0"
    "\17\0\0\0" "\0\0\0\0" "\0\0\0\0";
const FuzzSeed fuzz_seeds[] = {
    {floppy, sizeof(floppy) - 1}, {pic, sizeof(pic) - 1}, {timer, sizeof(timer) - 1}, FUZZ_SEEDS_END,
};

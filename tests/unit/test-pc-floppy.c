/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The floppy controller with DMA, as a BIOS uses it: reset, seek, sectors of a 1.44 MB image to memory and back,
 * tracks, and what goes wrong.
 */
#include <glib/gstdio.h>
#include <unistd.h>

#include "block/block.h"
#include "hw/dma/i8257.h"
#include "hw/misc/pc-misc.h"
#include "pc-bench.h"
#include "util/option.h"

enum { IMAGE = 1440 * 1024, SECTOR = 512, LOW_RAM = 0x100000, BUFFER = 0x8000 };

typedef struct Fixture {
    PcBench b;
    MemoryRegion low;  /* DMA reaches 16 MiB */
    DeviceState *fdc;
    char *path;
    uint8_t result[7];
} Fixture;

static void set_up(Fixture *f, gconstpointer readonly)
{
    pc_bench_init(&f->b);
    Machine *m = f->b.m;
    g_autofree uint8_t *image = g_malloc(IMAGE);
    for (unsigned i = 0; i < IMAGE; i++) {
        image[i] = (uint8_t)(i / SECTOR + i);
    }
    int fd = g_file_open_tmp("test-floppy-XXXXXX", &f->path, NULL);
    g_assert_cmpint(write(fd, image, IMAGE), ==, IMAGE);
    close(fd);
    m->block = block_graph_new(m->loop);
    const char *mode = readonly ? "on" : "off";
    g_autofree char *text = g_strdup_printf("file=%s,format=raw,if=floppy,readonly=%s", f->path, mode);
    g_autoptr(OptionSet) opts = option_set_parse(text, NULL, &error_fatal);
    g_assert_nonnull(blk_new_from_drive(m->block, opts, &error_fatal));
    g_assert_true(memory_region_init_ram(&f->low, m, NULL, "low", LOW_RAM, &error_fatal));
    memory_map(m->system_memory, 0, &f->low);
    g_assert_true(i8257_create(f->b.isa, &error_fatal));
    f->fdc = isa_create(f->b.isa, TYPE_ISA_FDC, &error_fatal, NULL);
    g_assert_nonnull(f->fdc);
    g_assert_true(fdc_add_default_drives(f->fdc, &error_fatal));
    machine_reset(m);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    BlockGraph *graph = f->b.m->block;
    virtual_clock_stop(f->b.m->clock);
    device_unplug(f->b.isa->bus.parent);
    block_graph_free(graph);
    f->b.m->block = NULL;
    address_space_free(f->b.io_as);
    memory_region_destroy(&f->b.io);
    memory_region_destroy(&f->low);
    hw_board_free(f->b.m);
    g_unlink(f->path);
    g_free(f->path);
}

static void dma_setup(Fixture *f, bool to_memory, uint32_t addr, unsigned bytes)
{
    PcBench *b = &f->b;
    outb(b, 0x0a, 6);
    outb(b, 0x0c, 0);
    outb(b, 0x0b, to_memory ? 0x46 : 0x4a);
    outb(b, 0x04, (uint8_t)addr);
    outb(b, 0x04, (uint8_t)(addr >> 8));
    outb(b, 0x81, (uint8_t)(addr >> 16));
    outb(b, 0x05, (uint8_t)(bytes - 1));
    outb(b, 0x05, (uint8_t)((bytes - 1) >> 8));
    outb(b, 0x0a, 2);
}

static void command(Fixture *f, unsigned len, const uint8_t *bytes)
{
    for (unsigned i = 0; i < len; i++) {
        g_assert_cmphex(inb(&f->b, 0x3f4) & 0xc0, ==, 0x80);
        outb(&f->b, 0x3f5, bytes[i]);
    }
}
#define COMMAND(f, ...) command(f, sizeof((uint8_t[]){__VA_ARGS__}), (const uint8_t[]){__VA_ARGS__})

static unsigned results(Fixture *f)
{
    unsigned n = 0;
    while (n < sizeof(f->result) && (inb(&f->b, 0x3f4) & 0xc0) == 0xc0) {
        f->result[n++] = inb(&f->b, 0x3f5);
    }
    return n;
}

static void wait_irq(Fixture *f)
{
    hw_spin(f->b.m, 2000, &f->b.lines[6].level);
    g_assert_cmpint(f->b.lines[6].level, ==, 1);
}

static void bring_up(Fixture *f)
{
    outb(&f->b, 0x3f2, 0x00);
    outb(&f->b, 0x3f2, 0x1c);
    wait_irq(f);
    for (unsigned i = 0; i < 4; i++) {
        COMMAND(f, 8);
        g_assert_cmpuint(results(f), ==, 2);
        g_assert_cmphex(f->result[0], ==, 0xc0 | i);
    }
    COMMAND(f, 3, 0xdf, 2); /* with DMA */
    COMMAND(f, 7, 0);
    wait_irq(f);
    COMMAND(f, 8);
    results(f);
    g_assert_cmphex(f->result[0], ==, 0x20);
    g_assert_cmphex(inb(&f->b, 0x3f7) & 0x80, ==, 0);
}

static void check_memory(Fixture *f, uint32_t addr, unsigned first_sector, unsigned bytes)
{
    g_autofree uint8_t *got = g_malloc(bytes);
    g_assert_cmpint(dma_read(f->b.m->as, addr, got, bytes), ==, MEM_OK);
    for (unsigned i = 0; i < bytes; i++) {
        unsigned at = first_sector * SECTOR + i;
        g_assert_cmphex(got[i], ==, (uint8_t)(at / SECTOR + at));
    }
}

static void test_read(Fixture *f, gconstpointer data)
{
    g_assert_cmphex(fdc_cmos_drive_types(f->fdc), ==, 0x40);
    g_assert_cmphex(inb(&f->b, 0x3f7) & 0x80, ==, 0x80); /* changed */
    bring_up(f);
    dma_setup(f, true, BUFFER, SECTOR);
    COMMAND(f, 0xe6, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    wait_irq(f);
    g_assert_cmpuint(results(f), ==, 7);
    g_assert_cmphex(f->result[0] | f->result[1] | f->result[2], ==, 0);
    g_assert_cmpuint(f->result[5], ==, 2);
    g_assert_cmpint(f->b.lines[6].level, ==, 0);
    check_memory(f, BUFFER, 0, SECTOR);
    dma_setup(f, true, BUFFER, 36 * SECTOR); /* both sides of track 7 */
    COMMAND(f, 0xe6, 0, 7, 0, 1, 2, 18, 0x1b, 0xff);
    wait_irq(f);
    results(f);
    g_assert_cmphex(f->result[0], ==, 0);
    g_assert_cmpuint(f->result[3], ==, 8);
    check_memory(f, BUFFER, 7 * 36, 36 * SECTOR);
    dma_setup(f, true, BUFFER, 4 * SECTOR); /* over the end of the track, without multi-track */
    COMMAND(f, 0x66, 4, 3, 1, 17, 2, 18, 0x1b, 0xff);
    wait_irq(f);
    results(f);
    g_assert_cmphex(f->result[0] & 0xc0, ==, 0x40);
    g_assert_cmphex(f->result[1], ==, 0x80);
    check_memory(f, BUFFER, 3 * 36 + 18 + 16, 2 * SECTOR);
}

static void test_write(Fixture *f, gconstpointer data)
{
    uint8_t block[3 * SECTOR];
    bring_up(f);
    memset(block, 0xa5, sizeof(block));
    dma_write(f->b.m->as, BUFFER, block, sizeof(block));
    dma_setup(f, false, BUFFER, sizeof(block));
    COMMAND(f, 0xc5, 0, 2, 0, 17, 2, 18, 0x1b, 0xff); /* 17, 18, and 1 of the other side */
    wait_irq(f);
    results(f);
    g_assert_cmphex(f->result[0] & 0xc0, ==, 0);
    dma_set(f->b.m->as, BUFFER, 0, sizeof(block));
    dma_setup(f, true, BUFFER, sizeof(block));
    COMMAND(f, 0xe6, 0, 2, 0, 17, 2, 18, 0x1b, 0xff);
    wait_irq(f);
    results(f);
    uint8_t back[sizeof(block)];
    dma_read(f->b.m->as, BUFFER, back, sizeof(back));
    g_assert_cmpmem(back, sizeof(back), block, sizeof(block));
    uint8_t ids[18 * 4];
    for (unsigned i = 0; i < 18; i++) {
        memcpy(ids + i * 4, (uint8_t[]){5, 0, (uint8_t)(i + 1), 2}, 4);
    }
    dma_write(f->b.m->as, BUFFER, ids, sizeof(ids));
    COMMAND(f, 0x0f, 0, 5);
    wait_irq(f);
    COMMAND(f, 8);
    results(f);
    g_assert_cmpuint(f->result[1], ==, 5);
    dma_setup(f, false, BUFFER, sizeof(ids));
    COMMAND(f, 0x4d, 0, 2, 18, 0x1b, 0xf6);
    wait_irq(f);
    results(f);
    g_assert_cmphex(f->result[0], ==, 0);
    dma_setup(f, true, BUFFER, 18 * SECTOR);
    COMMAND(f, 0x46, 0, 5, 0, 1, 2, 18, 0x1b, 0xff);
    wait_irq(f);
    results(f);
    uint8_t byte;
    dma_read(f->b.m->as, BUFFER + 18 * SECTOR - 1, &byte, 1);
    g_assert_cmphex(byte, ==, 0xf6);
}

static void test_errors(Fixture *f, gconstpointer data)
{
    bring_up(f);
    dma_setup(f, false, BUFFER, SECTOR);
    COMMAND(f, 0x45, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    wait_irq(f);
    results(f);
    g_assert_cmphex(f->result[1], ==, 2); /* write protected */
    static const uint8_t bad[][8] = {
        {0, 80, 0, 1, 2}, {0, 0, 0, 0, 2}, {0, 0, 0, 19, 2}, {0, 0, 0, 1, 3}, {1, 0, 0, 1, 2},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        COMMAND(f, 0x46, bad[i][0], bad[i][1], bad[i][2], bad[i][3], bad[i][4], 18, 0x1b, 0xff);
        wait_irq(f);
        g_assert_cmpuint(results(f), ==, 7);
        g_assert_cmphex(f->result[0] & 0xc0, ==, 0x40);
    }
    outb(&f->b, 0x3f7, 2); /* 250 kbit/s on a 1.44 MB disk */
    COMMAND(f, 0x4a, 0);
    wait_irq(f);
    results(f);
    g_assert_cmphex(f->result[1], ==, 1);
    outb(&f->b, 0x3f7, 0);
    COMMAND(f, 0x4a, 0);
    wait_irq(f);
    results(f);
    g_assert_cmphex(f->result[0], ==, 0);
    COMMAND(f, 0x1f);
    g_assert_cmpuint(results(f), ==, 1);
    g_assert_cmphex(f->result[0], ==, 0x80);
    COMMAND(f, 0x10);
    results(f);
    g_assert_cmphex(f->result[0], ==, 0x90);
    COMMAND(f, 0x0e);
    for (unsigned i = 0; i < 10; i++) {
        inb(&f->b, 0x3f5);
    }
    COMMAND(f, 8); /* nothing to tell */
    g_assert_cmpuint(results(f), ==, 1);
    dma_setup(f, true, BUFFER, SECTOR);
    COMMAND(f, 0x46, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    outb(&f->b, 0x3f2, 0); /* reset in the middle */
    outb(&f->b, 0x3f2, 0x1c);
    hw_spin(f->b.m, 20, NULL);
    g_assert_cmphex(inb(&f->b, 0x3f4), ==, 0x80);
}

/* Without DMA: byte by byte. */
static void test_pio(Fixture *f, gconstpointer data)
{
    bring_up(f);
    COMMAND(f, 3, 0xdf, 3);
    COMMAND(f, 0x46, 0, 0, 0, 4, 2, 5, 0x1b, 0xff);
    for (unsigned i = 0; i < 2 * SECTOR; i++) {
        wait_irq(f);
        g_assert_cmphex(inb(&f->b, 0x3f4), ==, 0xf0);
        unsigned at = 3 * SECTOR + i;
        g_assert_cmphex(inb(&f->b, 0x3f5), ==, (uint8_t)(at / SECTOR + at));
    }
    wait_irq(f);
    g_assert_cmpuint(results(f), ==, 7);
    g_assert_cmphex(f->result[0], ==, 0);
    COMMAND(f, 0x45, 0, 0, 0, 9, 2, 9, 0x1b, 0xff);
    for (unsigned i = 0; i < SECTOR; i++) {
        wait_irq(f);
        outb(&f->b, 0x3f5, (uint8_t)i);
    }
    wait_irq(f);
    g_assert_cmpuint(results(f), ==, 7);
    g_assert_cmphex(f->result[0], ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/floppy/read", Fixture, NULL, set_up, test_read, tear_down);
    g_test_add("/floppy/write", Fixture, NULL, set_up, test_write, tear_down);
    g_test_add("/floppy/errors", Fixture, "readonly", set_up, test_errors, tear_down);
    g_test_add("/floppy/pio", Fixture, NULL, set_up, test_pio, tear_down);
    return g_test_run();
}

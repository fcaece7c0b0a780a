/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NVMe at the register level: enable, identify, queues, a read and a write through a list of pages; and noise:
 * commands and registers at random must neither hang nor leave the machine.
 */
#include <glib/gstdio.h>
#include <string.h>

#include "block/block.h"
#include "hw-board.h"
#include "hw/pci/pci.h"
#include "util/bytes.h"
#include "util/option.h"

#define ECAM 0x30000000ull
#define RAM HW_BOARD_RAM_BASE
enum { BAR = 0x40000000, ASQ = 0x10000, ACQ = 0x20000, SQ1 = 0x30000, CQ1 = 0x40000, LIST = 0x50000, DATA = 0x100000,
      BLOCKS = 4096 };

typedef struct Fixture {
    Machine *m;
    PciBus *root;
    PciDevice *ctl;
    HwLine pins[4];
    char *disk;
    unsigned tail[2], head[2];
} Fixture;

static uint8_t pattern(uint64_t i) { return (uint8_t)(i * 13 + (i >> 9)); }

static void set_up(Fixture *f)
{
    static const GpexWindows windows = {.ecam = ECAM, .mmio = BAR, .mmio_size = 0x10000000, .pio = 0x10000000,
                                        .pio_size = 0x10000, .mmio_high = 1ull << 34, .mmio_high_size = 1 << 20};
    Irq lines[4];
    g_autofree uint8_t *data = g_malloc(BLOCKS * 512);
    for (size_t i = 0; i < BLOCKS * 512; i++) {
        data[i] = pattern(i);
    }
    *f = (Fixture){.m = hw_board_new()};
    f->m->block = block_graph_new(f->m->loop);
    close(g_file_open_tmp("nvme-XXXXXX", &f->disk, NULL));
    g_assert_true(g_file_set_contents(f->disk, (const char *)data, BLOCKS * 512, NULL));
    g_autofree char *text = g_strdup_printf("file=%s,format=raw,if=none,id=d,snapshot=on", f->disk);
    g_autoptr(OptionSet) o = option_set_parse(text, NULL, &error_fatal);
    g_assert_nonnull(blk_new_from_drive(f->m->block, o, &error_fatal));
    for (int i = 0; i < 4; i++) {
        lines[i] = hw_line(&f->pins[i]);
    }
    f->root = gpex_create(f->m, &windows, lines, &error_fatal);
    DeviceState *dev = device_new(f->m, "nvme");
    g_assert_true(object_set(OBJECT(dev), "drive", "d", &error_fatal));
    g_assert_true(object_set(OBJECT(dev), "serial", "s1", &error_fatal));
    g_assert_true(device_attach(dev, &f->root->bus, NULL, &error_fatal));
    f->ctl = PCI_DEVICE(dev);
    machine_reset(f->m);
    pci_config_write(f->ctl, PCI_BAR0, BAR, 4);
    pci_config_write(f->ctl, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
}

static void tear_down(Fixture *f)
{
    BlockGraph *g = f->m->block;
    device_unplug(DEVICE(f->ctl));
    block_graph_flush_all(g);
    block_graph_free(g);
    f->m->block = NULL;
    device_unplug(f->root->bus.parent);
    hw_board_free(f->m);
    g_unlink(f->disk);
    g_free(f->disk);
}

static uint32_t rd(Fixture *f, unsigned reg) { return (uint32_t)hw_read(f->m, BAR + reg, 4); }
static void wr(Fixture *f, unsigned reg, uint32_t v) { hw_write(f->m, BAR + reg, v, 4); }

static void enable(Fixture *f)
{
    wr(f, 0x24, 15 | 15 << 16);
    wr(f, 0x28, (uint32_t)RAM + ASQ);
    wr(f, 0x30, (uint32_t)RAM + ACQ);
    g_assert_cmpint(dma_set(f->m->as, RAM + ACQ, 0, 256), ==, MEM_OK);
    g_assert_cmpint(dma_set(f->m->as, RAM + CQ1, 0, 256), ==, MEM_OK);
    wr(f, 0x14, 0x00460001);
    g_assert_cmphex(rd(f, 0x1c), ==, 1);
    memset(f->tail, 0, sizeof(f->tail));
    memset(f->head, 0, sizeof(f->head));
}

/* One command, in queues of 16 entries; its status. */
static unsigned run(Fixture *f, unsigned q, uint8_t op, uint64_t prp1, uint64_t prp2, uint32_t d10, uint32_t d11,
                    uint32_t d12)
{
    uint8_t raw[64] = {op}, done[16];
    uint64_t cq = RAM + (q ? CQ1 : ACQ) + f->head[q] % 16 * 16;
    st_le16(raw + 2, (uint16_t)(f->tail[q] + 77));
    st_le32(raw + 4, 1);
    st_le64(raw + 24, prp1);
    st_le64(raw + 32, prp2);
    st_le32(raw + 40, d10);
    st_le32(raw + 44, d11);
    st_le32(raw + 48, d12);
    dma_write(f->m->as, RAM + (q ? SQ1 : ASQ) + f->tail[q] % 16 * 64, raw, sizeof(raw));
    f->tail[q]++;
    wr(f, 0x1000 + 8 * q, f->tail[q] % 16);
    unsigned phase = !(f->head[q] / 16 & 1);
    for (int i = 0; i < 500; i++) {
        hw_spin(f->m, 1, NULL);
        dma_read(f->m->as, cq, done, sizeof(done));
        if ((done[14] & 1u) == phase) {
            g_assert_cmpuint(ld_le16(done + 12), ==, f->tail[q] + 76);
            f->head[q]++;
            wr(f, 0x1004 + 8 * q, f->head[q] % 16);
            return ld_le16(done + 14) >> 1;
        }
    }
    g_assert_not_reached();
}

static void make_queues(Fixture *f)
{
    g_assert_cmphex(run(f, 0, 5, RAM + CQ1, 0, 1 | 15 << 16, 1 | 2, 0), ==, 0);
    g_assert_cmphex(run(f, 0, 1, RAM + SQ1, 0, 1 | 15 << 16, 1 | 1 << 16, 0), ==, 0);
}

static void test_commands(void)
{
    Fixture f;
    uint8_t b[32768];
    set_up(&f);
    enable(&f);
    g_assert_cmphex(run(&f, 0, 6, RAM + DATA, 0, 1, 0, 0), ==, 0);
    dma_read(f.m->as, RAM + DATA, b, 4096);
    g_assert_cmpmem(b + 4, 3, "s1 ", 3);
    g_assert_cmphex(run(&f, 0, 6, RAM + DATA, 0, 0, 0, 0), ==, 0);
    dma_read(f.m->as, RAM + DATA, b, 4096);
    g_assert_cmpuint(ld_le64(b), ==, BLOCKS);
    make_queues(&f);
    /* 32 KiB from block 3, the first page at an offset, the rest by a list in reverse */
    for (unsigned i = 0; i < 8; i++) {
        uint8_t entry[8];
        st_le64(entry, RAM + DATA + (8 - i) * 4096);
        dma_write(f.m->as, RAM + LIST + i * 8, entry, 8);
    }
    g_assert_cmphex(run(&f, 1, 2, RAM + DATA + 512, RAM + LIST, 3, 0, 63), ==, 0);
    dma_read(f.m->as, RAM + DATA + 512, b, 3584);
    dma_read(f.m->as, RAM + DATA + 8 * 4096, b + 3584, 4096);
    for (unsigned i = 0; i < 7680; i++) {
        g_assert_cmpuint(b[i], ==, pattern(3 * 512 + i));
    }
    g_assert_cmphex(run(&f, 1, 1, RAM + DATA + 512, RAM + LIST, 1000, 0, 63), ==, 0);
    g_assert_cmphex(run(&f, 1, 0, 0, 0, 0, 0, 0), ==, 0);
    g_assert_cmphex(run(&f, 1, 2, RAM + 0x200000, 0, 1000, 0, 0), ==, 0);
    dma_read(f.m->as, RAM + 0x200000, b, 512);
    g_assert_cmpuint(b[5], ==, pattern(3 * 512 + 5));
    for (unsigned i = 0; i < 20; i++) { /* around the queue */
        g_assert_cmphex(run(&f, 1, 8, 0, 0, 50 + i, 0, 0), ==, 0);
    }
    /* beyond the end, no memory, unknown, too much */
    g_assert_cmphex(run(&f, 1, 2, RAM + DATA, 0, BLOCKS, 0, 0), ==, 0x4080);
    g_assert_cmphex(run(&f, 1, 2, 0x1000, 0, 0, 0, 0), ==, 0x04);
    g_assert_cmphex(run(&f, 1, 2, BAR, 0, 0, 0, 0), ==, 0x04);
    g_assert_cmphex(run(&f, 1, 0x55, 0, 0, 0, 0, 0), ==, 0x4001);
    g_assert_cmphex(run(&f, 1, 2, RAM + DATA, RAM + LIST, 0, 0, 2047), ==, 0x4002);
    g_assert_cmphex(run(&f, 0, 4, 0, 0, 1, 0, 0), ==, 0x10c);
    g_assert_cmphex(run(&f, 0, 0, 0, 0, 1, 0, 0), ==, 0);
    g_assert_cmphex(run(&f, 0, 4, 0, 0, 1, 0, 0), ==, 0);
    wr(&f, 0x14, 0x00460000 | 1 << 14);
    hw_spin(f.m, 20, NULL);
    g_assert_cmphex(rd(&f, 0x1c), ==, 8);
    tear_down(&f);
}

static void test_noise(void)
{
    Fixture f;
    g_autoptr(GRand) rand = g_rand_new_with_seed(11);
    set_up(&f);
    for (int round = 0; round < 40; round++) {
        wr(&f, 0x14, 0);
        hw_spin(f.m, 5, NULL);
        enable(&f);
        for (uint64_t at = ASQ; at < ASQ + 16 * 64 + 0x40000; at += 64) { /* commands, lists, all of it at random */
            uint8_t raw[64];
            for (int i = 0; i < 64; i++) {
                raw[i] = (uint8_t)(g_rand_int(rand) >> (i % 8 > 2 ? 24 : 29));
            }
            raw[0] = (uint8_t)(g_rand_int(rand) % 13);
            raw[1] = 0;
            st_le32(raw + 4, 1);
            st_le64(raw + 24, RAM + (g_rand_int(rand) & 0xfffffc));
            st_le64(raw + 32, RAM + (g_rand_int(rand) & 0xfff000));
            dma_write(f.m->as, RAM + at, raw, sizeof(raw));
        }
        for (int i = 0; i < 300; i++) {
            uint32_t r = g_rand_int(rand);
            wr(&f, 0x1000 + (r & 0x1c), r >> 8 & 15);
            rd(&f, r >> 16 & 0x3c);
            if (i % 8 == 0) {
                main_loop_wait(f.m->loop, false);
            }
        }
    }
    machine_reset(f.m);
    hw_spin(f.m, 50, NULL);
    pci_config_write(f.ctl, PCI_BAR0, BAR, 4); /* a reset took it away */
    pci_config_write(f.ctl, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    g_assert_cmphex(rd(&f, 0x1c), ==, 0);
    tear_down(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/nvme/commands", test_commands);
    g_test_add_func("/nvme/noise", test_noise);
    return g_test_run();
}

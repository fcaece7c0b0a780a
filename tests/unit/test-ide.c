/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IDE, ATAPI and AHCI as a driver sees them: registers, PIO, bus master DMA, packets, frames, queued commands; and
 * what must not do harm: lists that are too short, addresses that are no memory, sectors beyond the end, I/O errors,
 * a reset in the middle.
 */
#include <glib/gstdio.h>
#include <string.h>

#include "block/block.h"
#include "block/fault.h"
#include "hw-board.h"
#include "hw/ide/ide.h"
#include "hw/pci/pci.h"
#include "util/bytes.h"
#include "util/option.h"

#define ECAM 0x30000000ull
#define PIO 0x10000000ull
#define RAM HW_BOARD_RAM_BASE
enum { ABAR = 0x40000000, BMBA = 0xc000, DISK_SECTORS = 4096, CD_SECTORS = 64 };

typedef struct Fixture {
    Machine *m;
    PciBus *root;
    PciDevice *ctl;
    HwLine irq[2], pins[4];
    char *disk, *cd;
} Fixture;

static uint8_t pattern(uint64_t i) { return (uint8_t)(i * 13 + (i >> 9)); }

static char *image(size_t bytes)
{
    char *path;
    g_autofree uint8_t *data = g_malloc(bytes);
    for (size_t i = 0; i < bytes; i++) {
        data[i] = pattern(i);
    }
    int fd = g_file_open_tmp("ide-XXXXXX", &path, NULL);
    g_assert_cmpint(fd, >=, 0);
    close(fd);
    g_assert_true(g_file_set_contents(path, (const char *)data, (gssize)bytes, NULL));
    return path;
}

static void drive(Fixture *f, const char *text)
{
    g_autoptr(OptionSet) o = option_set_parse(text, NULL, &error_fatal);
    g_assert_nonnull(blk_new_from_drive(f->m->block, o, &error_fatal));
}

static void set_up(Fixture *f, const char *type)
{
    static const GpexWindows windows = {.ecam = ECAM, .mmio = 0x40000000, .mmio_size = 0x10000000, .pio = PIO,
                                        .pio_size = 0x10000,
                                        .mmio_high = 1ull << 34, .mmio_high_size = 1 << 20};
    Irq lines[4];
    f->m = hw_board_new();
    f->m->block = block_graph_new(f->m->loop);
    f->disk = image(DISK_SECTORS * 512);
    f->cd = image(CD_SECTORS * 2048);
    bool ahci = !strcmp(type, TYPE_ICH9_AHCI);
    g_autofree char *hd = g_strdup_printf("file=%s,format=raw,if=ide,index=0", f->disk);
    g_autofree char *cd = g_strdup_printf("file=%s,format=raw,if=ide,index=%d,media=cdrom", f->cd, ahci ? 1 : 2);
    drive(f, hd);
    drive(f, cd);
    for (int i = 0; i < 4; i++) {
        lines[i] = hw_line(&f->pins[i]);
    }
    f->root = gpex_create(f->m, &windows, lines, &error_fatal);
    f->ctl = pci_create(f->root, type, PCI_DEVFN(1, 1), &error_fatal);
    if (!ahci) {
        piix3_ide_connect(f->ctl, hw_line(&f->irq[0]), hw_line(&f->irq[1]));
    }
    g_assert_true(ide_attach_drives(f->m, DEVICE(f->ctl), &error_fatal));
    machine_reset(f->m);
    pci_config_write(f->ctl, PCI_BAR0 + 16, BMBA, 4);
    pci_config_write(f->ctl, PCI_BAR0 + 20, ABAR, 4);
    pci_config_write(f->ctl, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
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
    g_unlink(f->cd);
    g_free(f->disk);
    g_free(f->cd);
}

static void ram_put(Fixture *f, uint64_t addr, const void *data, size_t n) { g_assert_cmpint(dma_write(f->m->as, addr,
    data, n), ==, MEM_OK); }
static void ram_get(Fixture *f, uint64_t addr, void *data, size_t n) { g_assert_cmpint(dma_read(f->m->as, addr, data,
    n), ==, MEM_OK); }
static void ram_u32(Fixture *f, uint64_t addr, uint32_t v) { uint8_t raw[4]; st_le32(raw, v); ram_put(f, addr, raw,
    4); }

static void check_pattern(const uint8_t *p, uint64_t from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        g_assert_cmpuint(p[i], ==, pattern(from + i));
    }
}

/* --- PIIX3 --- */
static uint8_t in(Fixture *f, unsigned port) { return (uint8_t)hw_read(f->m, PIO + port, 1); }
static void out(Fixture *f, unsigned port, uint8_t v) { hw_write(f->m, PIO + port, v, 1); }

static uint8_t settle(Fixture *f, unsigned base)
{
    for (int i = 0; i < 500 && in(f, base + 0x206) & 0x80; i++) {
        hw_spin(f->m, 1, NULL);
    }
    return in(f, base + 0x206);
}

static uint8_t command(Fixture *f, unsigned base, uint8_t code, uint32_t lba, unsigned count)
{
    out(f, base + 6, (uint8_t)(0xe0 | (lba >> 24 & 15)));
    out(f, base + 2, (uint8_t)count);
    out(f, base + 3, (uint8_t)lba);
    out(f, base + 4, (uint8_t)(lba >> 8));
    out(f, base + 5, (uint8_t)(lba >> 16));
    out(f, base + 7, code);
    return settle(f, base);
}

static void read_block(Fixture *f, unsigned base, uint8_t *to, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i += 2) {
        st_le16(to + i, (uint16_t)hw_read(f->m, PIO + base, 2));
    }
}

static void test_pio(void)
{
    Fixture f = {0};
    uint8_t b[8192];
    set_up(&f, TYPE_PIIX3_IDE);
    g_assert_cmphex(command(&f, 0x1f0, 0xec, 0, 0), ==, 0x58);
    g_assert_cmpint(f.irq[0].level, ==, 1);
    read_block(&f, 0x1f0, b, 512);
    g_assert_cmphex(in(&f, 0x1f7), ==, 0x50);
    g_assert_cmpint(f.irq[0].level, ==, 0);
    g_assert_cmpuint(ld_le32(b + 120), ==, DISK_SECTORS);
    g_assert_cmpuint(ld_le64(b + 200), ==, DISK_SECTORS);
    /* three sectors, an interrupt for each */
    int rises = f.irq[0].rises;
    g_assert_cmphex(command(&f, 0x1f0, 0x20, 5, 3), ==, 0x58);
    for (int i = 0; i < 3; i++) {
        g_assert_cmphex(settle(&f, 0x1f0) & 0x89, ==, 0x08);
        in(&f, 0x1f7);
        read_block(&f, 0x1f0, b + i * 512, 512);
    }
    settle(&f, 0x1f0);
    g_assert_cmpint(f.irq[0].rises - rises, ==, 3);
    check_pattern(b, 5 * 512, 1536);
    /* 16 sectors in one block; then written back elsewhere, 48-bit */
    g_assert_cmphex(command(&f, 0x1f0, 0xc4, 0, 16), ==, 0x58);
    read_block(&f, 0x1f0, b, 8192);
    for (int i = 0; i < 5; i++) {
        out(&f, 0x1f0 + 1 + (unsigned)i, 0); /* the upper halves */
    }
    g_assert_cmphex(command(&f, 0x1f0, 0x39, 100, 16) & 0x89, ==, 0x08);
    for (unsigned i = 0; i < 8192; i += 2) {
        hw_write(f.m, PIO + 0x1f0, ld_le16(b + i), 2);
    }
    g_assert_cmphex(settle(&f, 0x1f0), ==, 0x50);
    g_assert_cmphex(command(&f, 0x1f0, 0xe7, 0, 0), ==, 0x50);
    g_assert_cmphex(command(&f, 0x1f0, 0x20, 100, 1), ==, 0x58);
    read_block(&f, 0x1f0, b, 512);
    check_pattern(b, 0, 512);
    /* past the end; unknown; a second drive that is not there */
    g_assert_cmphex(command(&f, 0x1f0, 0x20, DISK_SECTORS - 1, 2), ==, 0x41);
    g_assert_cmphex(in(&f, 0x1f1), ==, 0x14);
    g_assert_cmphex(command(&f, 0x1f0, 0xfe, 0, 0), ==, 0x41);
    g_assert_cmphex(in(&f, 0x1f1), ==, 0x04);
    out(&f, 0x1f6, 0xf0);
    g_assert_cmphex(in(&f, 0x1f7), ==, 0);
    /* software reset: the signature */
    out(&f, 0x3f6, 4);
    g_assert_cmphex(in(&f, 0x3f6), ==, 0);
    out(&f, 0x3f6, 0);
    g_assert_cmphex(in(&f, 0x3f6), ==, 0x50);
    g_assert_cmphex(in(&f, 0x1f2) | in(&f, 0x1f3) << 8 | in(&f, 0x1f4) << 16 | in(&f, 0x1f5) << 24, ==, 0x0101);
    tear_down(&f);
}

static uint8_t dma(Fixture *f, uint8_t code, bool to_memory, uint32_t lba, unsigned count)
{
    out(f, BMBA + 2, 6);
    hw_write(f->m, PIO + BMBA + 4, RAM, 4);
    out(f, BMBA, to_memory ? 8 : 0);
    command(f, 0x1f0, code, lba, count);
    out(f, BMBA, to_memory ? 9 : 1);
    for (int i = 0; i < 500 && (in(f, 0x3f6) & 0x80 || (in(f, BMBA + 2) & 5) == 1); i++) {
        hw_spin(f->m, 1, NULL);
    }
    uint8_t status = in(f, 0x1f7);
    out(f, BMBA, 0);
    return status;
}

static void test_dma(void)
{
    Fixture f = {0};
    uint8_t b[4096];
    set_up(&f, TYPE_PIIX3_IDE);
    /* pieces that cut sectors in two */
    ram_u32(&f, RAM, RAM + 0x1000);
    ram_u32(&f, RAM + 4, 700);
    ram_u32(&f, RAM + 8, RAM + 0x1000 + 700);
    ram_u32(&f, RAM + 12, 0x80000000u | (4096 - 700));
    g_assert_cmphex(dma(&f, 0xc8, true, 9, 8), ==, 0x50);
    g_assert_cmphex(in(&f, BMBA + 2) & 7, ==, 4);
    ram_get(&f, RAM + 0x1000, b, sizeof(b));
    check_pattern(b, 9 * 512, sizeof(b));
    g_assert_cmphex(dma(&f, 0xca, false, 1000, 8), ==, 0x50);
    g_assert_cmphex(command(&f, 0x1f0, 0x20, 1007, 1), ==, 0x58);
    read_block(&f, 0x1f0, b, 512);
    check_pattern(b, 16 * 512, 512);
    /* the table is longer than the command: it stays active, with an interrupt */
    g_assert_cmphex(dma(&f, 0xc8, true, 0, 4), ==, 0x50);
    g_assert_cmphex(in(&f, BMBA + 2) & 6, ==, 4);
    /* too short */
    dma(&f, 0xc8, true, 0, 16);
    g_assert_cmphex(in(&f, 0x1f7) & 0x80, ==, 0);
    g_assert_cmphex(in(&f, BMBA + 2) & 1, ==, 0);
    /* into what is no memory: an error, nothing else */
    ram_u32(&f, RAM, 0x00001000);
    g_assert_cmphex(dma(&f, 0xc8, true, 0, 8), ==, 0x41);
    ram_u32(&f, RAM, ABAR);
    g_assert_cmphex(dma(&f, 0xca, false, 0, 8), ==, 0x41);
    /* trim: sectors 10 to 17 */
    uint8_t list[512] = {0};
    st_le64(list, 10 | 8ull << 48);
    ram_put(&f, RAM + 0x1000, list, sizeof(list));
    ram_u32(&f, RAM, RAM + 0x1000);
    ram_u32(&f, RAM + 4, 0x80000200);
    out(&f, 0x1f1, 1);
    out(&f, 0x1f2, 0); /* the upper half */
    g_assert_cmphex(dma(&f, 0x06, false, 0, 1), ==, 0x50);
    st_le64(list, (uint64_t)(DISK_SECTORS - 1) | 2ull << 48);
    ram_put(&f, RAM + 0x1000, list, sizeof(list));
    out(&f, 0x1f2, 0);
    g_assert_cmphex(dma(&f, 0x06, false, 0, 1), ==, 0x41);
    tear_down(&f);
}

/* A packet by PIO: data of up to 64 KiB; -1: an error, whose sense key it is. */
static int packet(Fixture *f, const uint8_t cdb[12], uint8_t *to)
{
    int total = 0;
    out(f, 0x176, 0xa0);
    out(f, 0x171, 0);
    out(f, 0x174, 0x00);
    out(f, 0x175, 0x08); /* blocks of 2048 bytes */
    out(f, 0x177, 0xa0);
    g_assert_cmphex(settle(f, 0x170) & 0x88, ==, 0x08);
    g_assert_cmphex(in(f, 0x172), ==, 1);
    for (int i = 0; i < 12; i += 2) {
        hw_write(f->m, PIO + 0x170, ld_le16(cdb + i), 2);
    }
    for (;;) {
        uint8_t status = settle(f, 0x170);
        if (status & 1) {
            return -(in(f, 0x171) >> 4);
        }
        if (!(status & 8)) {
            g_assert_cmphex(in(f, 0x172), ==, 3);
            return total;
        }
        g_assert_cmphex(in(f, 0x172), ==, 2);
        int n = in(f, 0x174) | in(f, 0x175) << 8;
        g_assert_cmpint(n, <=, 2048);
        read_block(f, 0x170, to + total, (unsigned)(n + 1) & ~1u);
        total += n;
    }
}

static void test_cdrom(void)
{
    Fixture f = {0};
    g_autofree uint8_t *b = g_malloc0(CD_SECTORS * 2352 + 64);
    set_up(&f, TYPE_PIIX3_IDE);
    g_assert_cmphex(command(&f, 0x170, 0xec, 0, 0), ==, 0x41);
    g_assert_cmphex(in(&f, 0x174) | in(&f, 0x175) << 8, ==, 0xeb14);
    g_assert_cmphex(command(&f, 0x170, 0xa1, 0, 0) & 0x89, ==, 0x08);
    read_block(&f, 0x170, b, 512);
    g_assert_cmphex(ld_le16(b), ==, 0x85c0);
    static const uint8_t ready[12], sense[12] = {3, 0, 0, 0, 18}, capacity[12] = {0x25},
    toc[12] = {0x43, 2, 0, 0, 0, 0, 0, 1, 0},
        read10[12] = {0x28, 0, 0, 0, 0, 3, 0, 0, 60}, beyond[12] = {0x28, 0, 0, 0, 0, 60, 0, 0, 5},
        raw[12] = {0xbe, 0, 0, 0, 0, 1, 0, 0, 2, 0xf8},
        config[12] = {0x46, 0, 0, 0, 0, 0, 0, 2, 0}, eject[12] = {0x1b, 0, 0, 0, 2}, load[12] = {0x1b, 0, 0, 0, 3},
        lock[12] = {0x1e, 0, 0, 0, 1},
        event[12] = {0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8}, bad[12] = {0xff};
    g_assert_cmpint(packet(&f, ready, b), ==, -6); /* after power on */
    g_assert_cmpint(packet(&f, ready, b), ==, 0);
    g_assert_cmpint(packet(&f, capacity, b), ==, 8);
    g_assert_cmpuint(ld_be32(b), ==, CD_SECTORS - 1);
    g_assert_cmpint(packet(&f, toc, b), ==, 20);
    g_assert_cmpint(packet(&f, config, b), >, 40);
    g_assert_cmphex(ld_be16(b + 6), ==, 8);
    g_assert_cmpint(packet(&f, read10, b), ==, 60 * 2048);
    check_pattern(b, 3 * 2048, 60 * 2048);
    g_assert_cmpint(packet(&f, raw, b), ==, 2 * 2352);
    check_pattern(b + 16, 2048, 2048);
    check_pattern(b + 2352 + 16, 4096, 2048);
    g_assert_cmphex(b[0] | b[1] << 8, ==, 0xff00);
    g_assert_cmpint(packet(&f, beyond, b), ==, -5);
    g_assert_cmpint(packet(&f, sense, b), ==, 18);
    g_assert_cmphex(b[12], ==, 0x21);
    g_assert_cmpint(packet(&f, bad, b), ==, -5);
    /* the tray */
    g_assert_cmpint(packet(&f, lock, b), ==, 0);
    g_assert_cmpint(packet(&f, eject, b), ==, -5);
    uint8_t unlock[12] = {0x1e};
    g_assert_cmpint(packet(&f, unlock, b), ==, 0);
    g_assert_cmpint(packet(&f, eject, b), ==, 0);
    g_assert_cmpint(packet(&f, event, b), ==, 8);
    g_assert_cmphex(b[4] | b[5] << 8, ==, 0x0103);
    g_assert_cmpint(packet(&f, ready, b), ==, -2);
    g_assert_cmpint(packet(&f, load, b), ==, 0);
    g_assert_cmpint(packet(&f, ready, b), ==, -6);
    g_assert_cmpint(packet(&f, ready, b), ==, 0);
    tear_down(&f);
}

/* --- AHCI --- */
enum { LIST = 0x10000, FISES = 0x11000, TABLE = 0x12000, DATA = 0x100000 };

static uint32_t ahci_rd(Fixture *f, unsigned reg) { return (uint32_t)hw_read(f->m, ABAR + reg, 4); }
static void ahci_wr(Fixture *f, unsigned reg, uint32_t v) { hw_write(f->m, ABAR + reg, v, 4); }

static void start_port(Fixture *f, unsigned port)
{
    unsigned base = 0x100 + 0x80 * port;
    ahci_wr(f, 4, 2);
    ahci_wr(f, base + 0, (uint32_t)RAM + LIST);
    ahci_wr(f, base + 8, (uint32_t)RAM + FISES);
    ahci_wr(f, base + 0x14, 0xffffffff);
    ahci_wr(f, base + 0x18, 0x17);
    ahci_wr(f, base + 0x30, 0xffffffff);
    ahci_wr(f, base + 0x10, 0xffffffff);
}

/* A command with one range of @bytes at DATA + slot * 64 KiB; @end bytes are in its list. */
static void make_slot(Fixture *f, unsigned slot, uint8_t code, uint64_t lba, unsigned count, bool write, uint32_t bytes,
                      uint64_t data)
{
    uint8_t fis[20] = {0x27, 0x80, code}, head[32] = {5 | (write ? 0x40 : 0), 0, 1};
    bool queued = code == 0x60 || code == 0x61;
    for (int i = 0; i < 3; i++) {
        fis[4 + i] = (uint8_t)(lba >> (8 * i));
        fis[8 + i] = (uint8_t)(lba >> (24 + 8 * i));
    }
    fis[7] = 0x40;
    fis[3] = queued ? (uint8_t)count : 0;
    fis[11] = queued ? (uint8_t)(count >> 8) : 0;
    fis[12] = queued ? (uint8_t)(slot << 3) : (uint8_t)count;
    fis[13] = queued ? 0 : (uint8_t)(count >> 8);
    st_le64(head + 8, RAM + TABLE + slot * 0x100);
    ram_put(f, RAM + LIST + slot * 32, head, sizeof(head));
    ram_put(f, RAM + TABLE + slot * 0x100, fis, sizeof(fis));
    uint8_t prd[16] = {0};
    st_le64(prd, data);
    st_le32(prd + 12, bytes - 1);
    ram_put(f, RAM + TABLE + slot * 0x100 + 0x80, prd, sizeof(prd));
}

static void wait_port(Fixture *f, unsigned port, uint32_t slots)
{
    unsigned base = 0x100 + 0x80 * port;
    for (int i = 0; i < 500 && (ahci_rd(f, base + 0x38) | ahci_rd(f, base + 0x34)) & slots &&
         !(ahci_rd(f, base + 0x10) & 1u << 30); i++) {
        hw_spin(f->m, 1, NULL);
    }
}

static void restart_port(Fixture *f, unsigned port)
{
    unsigned base = 0x100 + 0x80 * port;
    ahci_wr(f, base + 0x18, 0x16);
    for (int i = 0; i < 500 && ahci_rd(f, base + 0x18) & 0x8000; i++) {
        hw_spin(f->m, 1, NULL);
    }
    ahci_wr(f, base + 0x10, 0xffffffff);
    ahci_wr(f, base + 0x18, 0x17);
}

static void test_ahci(void)
{
    Fixture f = {0};
    g_autofree uint8_t *b = g_malloc(1 << 20);
    set_up(&f, TYPE_ICH9_AHCI);
    g_assert_cmphex(ahci_rd(&f, 0), ==, 0xc0141f05);
    g_assert_cmphex(ahci_rd(&f, 0x128), ==, 0x113);
    g_assert_cmphex(ahci_rd(&f, 0x228), ==, 0);
    start_port(&f, 0);
    g_assert_cmphex(ahci_rd(&f, 0x124), ==, 0x101);
    g_assert_cmphex(ahci_rd(&f, 0x1a4), ==, 0xeb140101);
    make_slot(&f, 0, 0xec, 0, 0, false, 512, RAM + DATA);
    ahci_wr(&f, 0x138, 1);
    wait_port(&f, 0, 1);
    ram_get(&f, RAM + DATA, b, 512);
    g_assert_cmpuint(ld_le64(b + 200), ==, DISK_SECTORS);
    g_assert_cmphex(ahci_rd(&f, 0x110) & 3, ==, 3);
    g_assert_cmpint(f.pins[1].level | f.pins[0].level | f.pins[2].level | f.pins[3].level, ==, 1);
    ahci_wr(&f, 0x110, 0xffffffff);
    ahci_wr(&f, 8, 1);
    g_assert_cmpint(f.pins[1].level | f.pins[0].level | f.pins[2].level | f.pins[3].level, ==, 0);
    make_slot(&f, 3, 0x25, 7, 100, false, 51200, RAM + DATA);
    ahci_wr(&f, 0x138, 8);
    wait_port(&f, 0, 8);
    ram_get(&f, RAM + DATA, b, 51200);
    check_pattern(b, 7 * 512, 51200);
    ram_get(&f, RAM + LIST + 3 * 32 + 4, b, 4);
    g_assert_cmpuint(ld_le32(b), ==, 51200);
    /* 32 queued ones */
    for (unsigned i = 0; i < 32; i++) {
        make_slot(&f, i, 0x60, i * 100, 64, false, 32768, RAM + DATA + i * 0x10000);
    }
    ahci_wr(&f, 0x134, 0xffffffff);
    ahci_wr(&f, 0x138, 0xffffffff);
    wait_port(&f, 0, 0xffffffff);
    g_assert_cmphex(ahci_rd(&f, 0x134), ==, 0);
    for (unsigned i = 0; i < 32; i++) {
        ram_get(&f, RAM + DATA + i * 0x10000, b, 32768);
        check_pattern(b, i * 100 * 512, 32768);
    }
    /* a queued one beyond the end: the port stops, the log tells which */
    ahci_wr(&f, 0x110, 0xffffffff);
    make_slot(&f, 5, 0x61, DISK_SECTORS, 1, true, 512, RAM + DATA);
    ahci_wr(&f, 0x134, 1u << 5);
    ahci_wr(&f, 0x138, 1u << 5);
    wait_port(&f, 0, 1u << 5);
    g_assert_cmphex(ahci_rd(&f, 0x110) & 1u << 30, ==, 1u << 30);
    restart_port(&f, 0);
    make_slot(&f, 0, 0x2f, 0x10, 1, false, 512, RAM + DATA);
    ahci_wr(&f, 0x138, 1);
    wait_port(&f, 0, 1);
    ram_get(&f, RAM + DATA, b, 512);
    g_assert_cmphex(b[0], ==, 5);
    /* no memory there; a list that is no memory */
    make_slot(&f, 0, 0x25, 0, 8, false, 4096, ABAR);
    ahci_wr(&f, 0x138, 1);
    wait_port(&f, 0, 1);
    g_assert_cmphex(ahci_rd(&f, 0x120) & 0x81, ==, 1);
    restart_port(&f, 0);
    ahci_wr(&f, 0x100, 0x1000);
    ahci_wr(&f, 0x138, 1);
    g_assert_cmphex(ahci_rd(&f, 0x110) & 1u << 29, ==, 1u << 29);
    /* reset with a request under way */
    restart_port(&f, 0);
    ahci_wr(&f, 0x100, (uint32_t)RAM + LIST);
    make_slot(&f, 0, 0x25, 0, 1024, false, 524288, RAM + DATA);
    ahci_wr(&f, 0x138, 1);
    ahci_wr(&f, 4, 1);
    hw_spin(f.m, 20, NULL);
    start_port(&f, 0);
    g_assert_cmphex(ahci_rd(&f, 0x120), ==, 0x150);
    tear_down(&f);
}

/* Reads and writes at random by the host: nothing may hang, assert or leave the machine. */
static void test_noise(void)
{
    static const char *const types[] = {TYPE_PIIX3_IDE, TYPE_ICH9_AHCI};
    for (int t = 0; t < 2; t++) {
        Fixture f = {0};
        g_autoptr(GRand) rand = g_rand_new_with_seed(7);
        set_up(&f, types[t]);
        for (int i = 0; i < 60000; i++) {
            uint32_t r = g_rand_int(rand), v = g_rand_int(rand);
            v = r & 0x100 ? v : r & 0x200 ? RAM + (v & 0x1ffff) : v & 0xff;
            if (r & 1 && i % 3 == 0) {
                ram_u32(&f, RAM + (g_rand_int(rand) & 0x1fffc), v);
            } else if (t == 0) {
                static const uint8_t commands[] = {0x20, 0x25, 0x35, 0xc8, 0xca, 0xa0, 0xec, 0x30};
                static const uint16_t bases[] = {0x1f0, 0x170, 0x3f6, 0x376, BMBA};
                unsigned n = r >> 4 & 7, base = bases[n % 5];
                unsigned off = base == BMBA ? r >> 10 & 15 : base > 0x300 ? 0 : r >> 10 & 7;
                hw_write(f.m, PIO + base + off, off == 7 && base < 0x300 && r & 0x8000 ? commands[v & 7] : v & 0xff, 1);
                hw_read(f.m, PIO + base + off, 1);
            } else {
                ahci_wr(&f, (r >> 4 & 0x1fc), v);
                ahci_rd(&f, (r >> 12 & 0x1fc));
            }
            if (i % 64 == 0) {
                main_loop_wait(f.m->loop, false);
            }
        }
        hw_spin(f.m, 50, NULL);
        machine_reset(f.m);
        hw_spin(f.m, 50, NULL);
        tear_down(&f);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ide/pio", test_pio);
    g_test_add_func("/ide/dma", test_dma);
    g_test_add_func("/ide/cdrom", test_cdrom);
    g_test_add_func("/ide/ahci", test_ahci);
    g_test_add_func("/ide/noise", test_noise);
    return g_test_run();
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The boards pc and q35 without running them: places of devices, memory below the BIOS, shadow RAM, interrupt routes, power management, fw_cfg,
 * the reset port, ECAM; and the machine's names.
 */
#include <glib/gstdio.h>
#include <string.h>

#include "chardev/chardev.h"
#include "hw/acpi/acpi.h"
#include "hw/pci/pci.h"
#include "hw-board.h"
#include "util/bytes.h"

typedef struct Board {
    Machine *m;
    AddressSpace *io;
    char *bios;
} Board;

static void find_bus(Object *obj, void *opaque)
{
    PciBus **found = opaque;
    if (!*found && (object_is_a(obj, "PCI") || object_is_a(obj, "PCIE"))) {
        *found = (PciBus *)obj;
    }
    if (!*found) {
        object_foreach_child(obj, find_bus, opaque);
    }
}

static PciBus *root_bus(Board *b)
{
    PciBus *bus = NULL;
    object_foreach_child(OBJECT(b->m), find_bus, &bus);
    return bus;
}

static void board_init(Board *b, gconstpointer name)
{
    g_autofree uint8_t *rom = g_malloc(256 * 1024);
    memset(rom, 0x90, 256 * 1024);
    memcpy(rom + 256 * 1024 - 16, "\xea\x5b\xe0\x00\xf0", 5);
    close(g_file_open_tmp("bios-XXXXXX", &b->bios, NULL));
    g_assert_true(g_file_set_contents(b->bios, (const char *)rom, 256 * 1024, NULL));
    b->m = machine_new(machine_find(name, "x86_64", &error_fatal));
    machine_lock(b->m);
    chardevs_init(b->m->root, b->m->loop, NULL, NULL);
    event_loop_set_current(b->m->loop);
    b->m->ram_size = 32 << 20;
    b->m->nodefaults = true;
    b->m->firmware = g_strdup(b->bios);
    g_assert_true(machine_realize(b->m, &error_fatal));
    g_assert_true(machine_finish(b->m, &error_fatal));
    b->io = address_space_new(b->m, root_bus(b)->io, "test-io");
}

static void board_free(Board *b, gconstpointer name)
{
    address_space_free(b->io);
    chardevs_shutdown(b->m->root);
    event_loop_set_current(NULL);
    machine_unlock(b->m);
    machine_free(b->m);
    g_remove(b->bios);
    g_free(b->bios);
}

static uint64_t in(Board *b, uint16_t port, unsigned size)
{
    uint64_t v = 0;
    g_assert_cmpint(address_space_read_mmio(b->io, port, size, &v), ==, MEM_OK);
    return v;
}

static void out(Board *b, uint16_t port, uint64_t v, unsigned size)
{
    g_assert_cmpint(address_space_write_mmio(b->io, port, size, v), ==, MEM_OK);
}

static uint32_t config(Board *b, unsigned devfn, unsigned at)
{
    out(b, 0xcf8, 0x80000000u | devfn << 8 | (at & 0xfc), 4);
    return (uint32_t)(in(b, 0xcfc, 4) >> (8 * (at & 3)));
}

static void set_config(Board *b, unsigned devfn, unsigned at, uint32_t v, unsigned size)
{
    out(b, 0xcf8, 0x80000000u | devfn << 8 | (at & 0xfc), 4);
    out(b, (uint16_t)(0xcfc + (at & 3)), v, size);
}

static uint64_t mem(Board *b, uint64_t addr)
{
    uint8_t raw[4] = {0};
    address_space_read_debug(b->m->as, addr, raw, sizeof(raw));
    return ld_le32(raw);
}

static void poke(Board *b, uint64_t addr, uint32_t v)
{
    uint8_t raw[4];
    st_le32(raw, v);
    dma_write(b->m->as, addr, raw, sizeof(raw));
}

static void test_places(Board *b, gconstpointer name)
{
    bool q35 = !strcmp(name, "q35");
    g_assert_cmphex(config(b, 0, 0), ==, q35 ? 0x29c08086 : 0x12378086);
    g_assert_cmphex(config(b, q35 ? 0xf8 : 8, 0), ==, q35 ? 0x29188086 : 0x70008086);
    if (!q35) {
        g_assert_cmphex(config(b, 0x0b, 0), ==, 0x71138086);
        g_assert_cmphex(config(b, 8, 0x0c) >> 16 & 0xff, ==, 0x80); /* several functions */
    }
    g_assert_cmphex(mem(b, 0xfffffff0), ==, 0x00e05bea);
    g_assert_cmphex(mem(b, 0xffff0), ==, 0x00e05bea);
}

static void test_shadow(Board *b, gconstpointer name)
{
    unsigned pam = !strcmp(name, "q35") ? 0x90 : 0x59, smram = !strcmp(name, "q35") ? 0x9d : 0x72;
    poke(b, 0xf0000, 0x12345678); /* ROM */
    g_assert_cmphex(mem(b, 0xf0000), ==, 0x90909090);
    set_config(b, 0, pam, 0x30, 1);
    poke(b, 0xf0000, 0x12345678);
    g_assert_cmphex(mem(b, 0xf0000), ==, 0x12345678);
    set_config(b, 0, pam, 0x10, 1); /* reads only */
    poke(b, 0xf0000, 0xaaaaaaaa);
    g_assert_cmphex(mem(b, 0xf0000), ==, 0x12345678);
    set_config(b, 0, pam, 0, 1);
    g_assert_cmphex(mem(b, 0xf0000), ==, 0x90909090);
    set_config(b, 0, pam + 1, 0x33, 1);
    poke(b, 0xc4000, 0x5a5a5a5a);
    g_assert_cmphex(mem(b, 0xc4000), ==, 0x5a5a5a5a);
    set_config(b, 0, smram, 0x4a, 1); /* open */
    poke(b, 0xa0000, 0x77777777);
    g_assert_cmphex(mem(b, 0xa0000), ==, 0x77777777);
    set_config(b, 0, smram, 0x1a, 1); /* closed and locked */
    g_assert_cmphex(mem(b, 0xa0000), !=, 0x77777777);
    set_config(b, 0, smram, 0x4a, 1);
    g_assert_cmphex(mem(b, 0xa0000), !=, 0x77777777);
    machine_reset(b->m);
    g_assert_cmphex(mem(b, 0xf0000), ==, 0x90909090);
}

static void init_pics(Board *b)
{
    static const uint16_t ports[] = {0x20, 0xa0};
    for (unsigned i = 0; i < 2; i++) {
        out(b, ports[i], 0x11, 1);
        out(b, ports[i] + 1, i ? 0x70 : 8, 1);
        out(b, ports[i] + 1, i ? 2 : 4, 1);
        out(b, ports[i] + 1, 1, 1);
    }
}

static void test_routes(Board *b, gconstpointer name)
{
    bool q35 = !strcmp(name, "q35");
    PciBus *root = root_bus(b);
    for (unsigned slot = 1; slot < 31; slot++) {
        for (unsigned pin = 0; pin < 4; pin++) {
            g_assert_cmpuint(root->pin_map(root->pin_opaque, slot, pin), ==, pc_acpi_pirq(q35 ? PC_ACPI_ICH9 : PC_ACPI_PIIX, slot, pin));
        }
    }
    PciDevice *dev = pci_create(root, "virtio-rng-pci", PCI_DEVFN(4, 0), &error_fatal);
    unsigned line = root->pin_map(root->pin_opaque, 4, 0), south = q35 ? 0xf8 : 8;
    init_pics(b);
    out(b, 0x4d1, 4, 1); /* level */
    pci_irq(dev, true);
    out(b, 0xa0, 0x0a, 1);
    g_assert_cmphex(in(b, 0xa0, 1), ==, 0); /* no route yet */
    set_config(b, south, q35 ? 0x68 + line - 4 : 0x60 + line, 10, 1);
    g_assert_cmphex(in(b, 0xa0, 1), ==, 4);
    pci_irq(dev, false);
    g_assert_cmphex(in(b, 0xa0, 1), ==, 0);
}

static void test_power(Board *b, gconstpointer name)
{
    bool q35 = !strcmp(name, "q35");
    set_config(b, q35 ? 0xf8 : 0x0b, 0x40, 0x601, 4);
    set_config(b, q35 ? 0xf8 : 0x0b, q35 ? 0x44 : 0x80, q35 ? 0x80 : 1, 1);
    g_assert_cmphex(in(b, 0x600, 2) & 0x100, ==, 0);
    for (unsigned i = 0; i < b->m->powerdown_notifiers->len; i++) {
        struct {
            PowerdownFn *fn;
            void *opaque;
        } *n = b->m->powerdown_notifiers->pdata[i];
        n->fn(n->opaque);
    }
    g_assert_cmphex(in(b, 0x600, 2) & 0x100, ==, 0x100);
    out(b, 0x600, 0x100, 2);
    g_assert_cmphex(in(b, 0x600, 2) & 0x100, ==, 0);
    out(b, 0xb2, q35 ? 2 : 0xf1, 1);
    g_assert_cmphex(in(b, 0x604, 2), ==, 1);
    out(b, 0xb2, q35 ? 3 : 0xf0, 1);
    g_assert_cmphex(in(b, 0x604, 2), ==, 0);
    g_assert_cmpint(b->m->pending, ==, 0);
    out(b, 0xcf9, 6, 1);
    g_assert_cmpint(b->m->pending, !=, 0);
}

static void test_fw_cfg(Board *b, gconstpointer name)
{
    char sign[5] = "";
    out(b, 0x510, 0, 2);
    for (unsigned i = 0; i < 4; i++) {
        sign[i] = (char)in(b, 0x511, 1);
    }
    g_assert_cmpstr(sign, ==, "QEMU");
    out(b, 0x510, 0x8000, 2); /* no tables of old */
    g_assert_cmphex(in(b, 0x511, 1), ==, 0);
    out(b, 0x510, 5, 2);
    g_assert_cmphex(in(b, 0x511, 1), ==, 1);
    g_assert_cmphex(in(b, 0x514, 4), ==, 0x554d4551); /* the bytes "QEMU" */
    out(b, 0x70, 0x34, 1);
    g_assert_cmphex(in(b, 0x71, 1), ==, 0); /* 16 MiB above 16 MiB, in units of 64 KiB */
    out(b, 0x70, 0x35, 1);
    g_assert_cmphex(in(b, 0x71, 1), ==, 1);
}

static void test_ecam(Board *b, gconstpointer name)
{
    set_config(b, 0, 0x60, 0xb0000001, 4);
    g_assert_cmphex(hw_read(b->m, 0xb0000000, 4), ==, 0x29c08086);
    g_assert_cmphex(hw_read(b->m, 0xb0000000 + (0xf8 << 12), 4), ==, 0x29188086);
    hw_write(b->m, 0xb0000060, 0xc0000001, 4); /* through the window that it moves */
    g_assert_cmphex(hw_read(b->m, 0xc0000000, 4), ==, 0x29c08086);
    hw_write(b->m, 0xc0000060, 0, 4);
}

static void test_names(void)
{
    g_assert_cmpstr(machine_find("pc", NULL, &error_fatal)->target, ==, "x86_64");
    g_assert_cmpstr(machine_find("pc", "i386", &error_fatal)->target, ==, "i386");
    g_assert_cmpstr(machine_find("i386/q35", NULL, &error_fatal)->target, ==, "i386");
    g_assert_cmpstr(machine_default("x86_64")->alias, ==, "pc");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    static const struct {
        const char *name;
        void (*fn)(Board *b, gconstpointer name);
    } cases[] = {{"places", test_places}, {"shadow", test_shadow}, {"routes", test_routes}, {"power", test_power}, {"fw-cfg", test_fw_cfg}};
    static const char *const boards[] = {"pc", "q35"};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        for (size_t j = 0; j < G_N_ELEMENTS(boards); j++) {
            g_autofree char *path = g_strdup_printf("/pc-board/%s/%s", boards[j], cases[i].name);
            g_test_add(path, Board, boards[j], board_init, cases[i].fn, board_free);
        }
    }
    g_test_add("/pc-board/q35/ecam", Board, "q35", board_init, test_ecam, board_free);
    g_test_add_func("/pc-board/names", test_names);
    return g_test_run();
}

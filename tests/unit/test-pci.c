/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PCI core: configuration mechanism #1, base address registers in both spaces, bridges, pins on their way to the root, MSI-X with masks and
 * pending bits, bus mastering, places on a bus, option ROMs.
 */
#include <glib/gstdio.h>
#include <string.h>

#include "hw-board.h"
#include "hw/pci/pci.h"
#include "util/bytes.h"

typedef struct Message {
    uint64_t addr;
    uint32_t data;
    unsigned count;
} Message;

typedef struct Bench {
    Machine *m;
    DeviceState *host;
    MemoryRegion io;
    AddressSpace *io_as;
    PciBus *root;
    PciConfigPorts ports;
    HwLine lines[4];
    Message message;
} Bench;

static void message(void *opaque, uint64_t addr, uint32_t data)
{
    Message *m = opaque;
    m->addr = addr;
    m->data = data;
    m->count++;
}

static void bench_init(Bench *b, gconstpointer data)
{
    b->m = hw_board_new();
    memory_region_init(&b->io, b->m, NULL, "io", 65536);
    b->io_as = address_space_new(b->m, &b->io, "io");
    b->host = device_new(b->m, "gpex-pcihost");
    object_ref(OBJECT(b->host));
    g_assert_true(device_attach(b->host, NULL, NULL, &error_fatal));
    b->root = pci_root_bus_new_kind(b->host, data != NULL, "pci.0", b->m->system_memory, &b->io);
    for (unsigned i = 0; i < 4; i++) {
        b->root->lines[i] = hw_line(&b->lines[i]);
    }
    pci_root_set_msi(b->root, message, &b->message);
    pci_config_ports_init(&b->ports, b->m, OBJECT(b->host), b->root, &b->io);
}

static void bench_free(Bench *b, gconstpointer data)
{
    pci_config_ports_destroy(&b->ports);
    object_unref(OBJECT(b->host));
    address_space_free(b->io_as);
    MemoryRegion io = b->io;
    hw_board_free(b->m);
    g_free(io.name); /* what was mapped in it is gone with the machine */
}

static uint64_t port(Bench *b, uint16_t at, unsigned size)
{
    uint64_t v = 0;
    g_assert_cmpint(address_space_read_mmio(b->io_as, at, size, &v), ==, MEM_OK);
    return v;
}

static void set_port(Bench *b, uint16_t at, uint64_t v, unsigned size)
{
    g_assert_cmpint(address_space_write_mmio(b->io_as, at, size, v), ==, MEM_OK);
}

static uint32_t config(Bench *b, unsigned bus, unsigned devfn, unsigned at)
{
    set_port(b, 0xcf8, 0x80000000u | bus << 16 | devfn << 8 | at, 4);
    return (uint32_t)port(b, 0xcfc, 4);
}

static void set_config(Bench *b, unsigned bus, unsigned devfn, unsigned at, uint32_t v)
{
    set_port(b, 0xcf8, 0x80000000u | bus << 16 | devfn << 8 | at, 4);
    set_port(b, 0xcfc, v, 4);
}

static void test_mechanism(Bench *b, gconstpointer data)
{
    PciDevice *dev = pci_create(b->root, "virtio-rng-pci", PCI_DEVFN(3, 0), &error_fatal);
    g_assert_cmphex(config(b, 0, dev->devfn, 0), ==, 0x10051af4);
    g_assert_cmphex(port(b, 0xcfe, 2), ==, 0x1005);
    g_assert_cmphex(port(b, 0xcff, 1), ==, 0x10);
    g_assert_cmphex(port(b, 0xcf8, 4), ==, 0x80000000u | (unsigned)dev->devfn << 8);
    g_assert_cmphex(config(b, 0, PCI_DEVFN(4, 0), 0), ==, 0xffffffff);
    g_assert_cmphex(config(b, 7, 0, 0), ==, 0xffffffff);
    set_port(b, 0xcf8, (uint64_t)dev->devfn << 8, 4); /* not enabled */
    g_assert_cmphex(port(b, 0xcfc, 4), ==, 0xffffffff);
}

static void test_bars(Bench *b, gconstpointer data)
{
    PciDevice *dev = pci_create(b->root, "virtio-rng-pci", -1, &error_fatal);
    unsigned devfn = (unsigned)dev->devfn;
    set_config(b, 0, devfn, PCI_BAR0, 0xffffffff);
    g_assert_cmphex(config(b, 0, devfn, PCI_BAR0), ==, 0xffffffe1); /* 32 ports */
    set_config(b, 0, devfn, PCI_BAR0, 0xc000);
    uint64_t v;
    g_assert_cmpint(address_space_read_mmio(b->io_as, 0xc000 + 18, 1, &v), ==, MEM_UNMAPPED);
    set_config(b, 0, devfn, PCI_COMMAND, PCI_COMMAND_IO);
    g_assert_cmphex(port(b, 0xc000 + 12, 2), !=, 0xffff); /* queue size */
    set_port(b, 0xc000 + 18, 1, 1);
    g_assert_cmphex(port(b, 0xc000 + 18, 1), ==, 1);
    set_config(b, 0, devfn, PCI_BAR0, 0xd000);
    g_assert_cmphex(port(b, 0xd000 + 18, 1), ==, 1);
    pci_device_reset(&dev->dev);
    g_assert_cmphex(config(b, 0, devfn, PCI_BAR0), ==, 1);
}

static void test_pins(Bench *b, gconstpointer data)
{
    PciDevice *bridge = pci_create(b->root, "pci-bridge", PCI_DEVFN(2, 0), &error_fatal);
    PciBus *behind = bridge->dev.child_buses->pdata[0];
    PciDevice *dev = pci_create(behind, "virtio-rng-pci", PCI_DEVFN(5, 0), &error_fatal);
    PciDevice *other = pci_create(b->root, "virtio-rng-pci", PCI_DEVFN(3, 0), &error_fatal);
    pci_irq(dev, true); /* INTA: rotated by 5 at the bridge, by 2 at the root: line 3 */
    g_assert_cmpint(b->lines[3].level, ==, 1);
    pci_irq(other, true);
    pci_irq(dev, false);
    g_assert_cmpint(b->lines[3].level, ==, 1); /* shared */
    set_config(b, 0, (unsigned)other->devfn, PCI_COMMAND, PCI_COMMAND_INTX_DISABLE);
    g_assert_cmpint(b->lines[3].level, ==, 0);
    g_assert_true(config(b, 0, (unsigned)other->devfn, PCI_COMMAND) >> 16 & PCI_STATUS_INTERRUPT);
    pci_irq(other, false);
    /* configuration cycles reach it by its bus number */
    set_config(b, 0, (unsigned)bridge->devfn, PCI_PRIMARY_BUS, 0x00050500);
    g_assert_cmphex(config(b, 5, (unsigned)dev->devfn, 0), ==, 0x10051af4);
}

static void test_msix(Bench *b, gconstpointer data)
{
    PciDevice *dev = pci_create(b->root, "virtio-rng-pci", -1, &error_fatal);
    unsigned devfn = (unsigned)dev->devfn, cap = dev->msix_cap;
    const uint64_t table = 0xc0000000;
    g_assert_cmpuint(cap, !=, 0);
    g_assert_cmphex(config(b, 0, devfn, cap) >> 16, ==, 1); /* two vectors */
    set_config(b, 0, devfn, PCI_BAR0 + 4, (uint32_t)table);
    set_config(b, 0, devfn, PCI_COMMAND, PCI_COMMAND_MEMORY);
    hw_write(b->m, table + 16, 0xfee00000, 4);
    hw_write(b->m, table + 20, 0, 4);
    hw_write(b->m, table + 24, 0x4055, 4);
    pci_msix_notify(dev, 1); /* off: lost */
    set_config(b, 0, devfn, cap, 0x80000000);
    pci_msix_notify(dev, 1); /* masked: pending */
    g_assert_cmpuint(b->message.count, ==, 0);
    g_assert_cmphex(hw_read(b->m, table + 0x800, 8), ==, 2);
    hw_write(b->m, table + 28, 0, 4); /* not a bus master: lost */
    g_assert_cmpuint(b->message.count, ==, 0);
    g_assert_cmphex(hw_read(b->m, table + 0x800, 8), ==, 0);
    set_config(b, 0, devfn, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    pci_msix_notify(dev, 1);
    g_assert_cmpuint(b->message.count, ==, 1);
    g_assert_cmphex(b->message.addr, ==, 0xfee00000);
    g_assert_cmphex(b->message.data, ==, 0x4055);
    set_config(b, 0, devfn, cap, 0xc0000000); /* all masked */
    pci_msix_notify(dev, 1);
    g_assert_cmpuint(b->message.count, ==, 1);
    set_config(b, 0, devfn, cap, 0x80000000);
    g_assert_cmpuint(b->message.count, ==, 2);
    pci_msix_notify(dev, 7); /* there is none */
    g_assert_cmpuint(b->message.count, ==, 2);
    pci_irq(dev, true); /* the pin is quiet meanwhile */
    g_assert_cmpint(b->lines[PCI_SLOT(devfn) & 3].level, ==, 0);
    pci_irq(dev, false);
    pci_device_reset(&dev->dev);
    g_assert_false(pci_msix_enabled(dev));
}

static void test_master(Bench *b, gconstpointer data)
{
    PciDevice *dev = pci_create(b->root, "virtio-rng-pci", -1, &error_fatal);
    uint8_t byte = 0;
    g_assert_cmpint(dma_read(pci_dma_as(dev), HW_BOARD_RAM_BASE, &byte, 1), !=, MEM_OK);
    set_config(b, 0, (unsigned)dev->devfn, PCI_COMMAND, PCI_COMMAND_MASTER);
    g_assert_cmpint(dma_read(pci_dma_as(dev), HW_BOARD_RAM_BASE, &byte, 1), ==, MEM_OK);
}

static void test_places(Bench *b, gconstpointer data)
{
    Error *err = NULL;
    pci_create(b->root, "virtio-rng-pci", PCI_DEVFN(3, 0), &error_fatal);
    g_assert_null(pci_create(b->root, "virtio-rng-pci", PCI_DEVFN(3, 0), &err));
    g_assert_nonnull(strstr(error_message(err), "taken"));
    g_clear_pointer(&err, error_free);
    g_assert_null(pci_create(b->root, "virtio-rng-pci", PCI_DEVFN(3, 1), &err)); /* function 0 has one function */
    g_clear_pointer(&err, error_free);
    g_assert_null(pci_create(b->root, "pcie-root-port", -1, &err)); /* not express */
    g_clear_pointer(&err, error_free);
    PciDevice *dev = b->root->devices[PCI_DEVFN(3, 0)];
    g_autofree char *path = pci_firmware_path(dev);
    g_assert_cmpstr(path, ==, "/pci@i0cf8/pci1af4,1005@3");
}

static void test_rom(Bench *b, gconstpointer data)
{
    g_autofree char *file = NULL;
    uint8_t image[3000] = {0x55, 0xaa, 2};
    int fd = g_file_open_tmp("pci-rom-XXXXXX", &file, NULL);
    g_assert_cmpint(fd, >=, 0);
    close(fd);
    image[2999] = 0x77;
    g_assert_true(g_file_set_contents(file, (const char *)image, sizeof(image), NULL));
    DeviceState *ds = device_new(b->m, "virtio-rng-pci");
    g_assert_true(object_set(OBJECT(ds), "romfile", file, &error_fatal));
    g_assert_true(device_attach(ds, &b->root->bus, NULL, &error_fatal));
    unsigned devfn = (unsigned)PCI_DEVICE(ds)->devfn;
    set_config(b, 0, devfn, PCI_ROM, 0xfffffffe);
    g_assert_cmphex(config(b, 0, devfn, PCI_ROM), ==, 0xfffff000);
    set_config(b, 0, devfn, PCI_ROM, 0xc8000001);
    set_config(b, 0, devfn, PCI_COMMAND, PCI_COMMAND_MEMORY);
    g_assert_cmphex(hw_read(b->m, 0xc8000000, 2), ==, 0xaa55);
    g_assert_cmphex(hw_read(b->m, 0xc8000000 + 2999, 1), ==, 0x77);
    g_remove(file);
    Error *err = NULL;
    ds = device_new(b->m, "virtio-rng-pci");
    g_assert_true(object_set(OBJECT(ds), "romfile", "/nowhere.rom", &error_fatal));
    g_assert_false(device_attach(ds, &b->root->bus, NULL, &err));
    error_free(err);
}

#define CASE(path, fn) g_test_add(path, Bench, NULL, bench_init, fn, bench_free)
int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    CASE("/pci/mechanism-1", test_mechanism);
    CASE("/pci/bars", test_bars);
    CASE("/pci/pins", test_pins);
    CASE("/pci/msix", test_msix);
    CASE("/pci/master", test_master);
    CASE("/pci/places", test_places);
    CASE("/pci/rom", test_rom);
    return g_test_run();
}

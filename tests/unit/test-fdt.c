/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The `virt` board as the guest sees it before it runs: the device tree agrees with the memory tree, /chosen with
 * the command line, the reset code with the OpenSBI contract; 32 bits, many harts, too little memory, a damaged -dtb.
 */
#include <libfdt.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "chardev/chardev.h"
#include "hw/device.h"
#include "util/bytes.h"
#include "util/rcu.h"

#define RAM_BASE 0x80000000ull

typedef struct Options {
    const char *machine, *kernel, *initrd, *append, *dtb;
    unsigned cpus;
    uint64_t ram;
} Options;

static Machine *board(Options o, Error **errp)
{
    Machine *m = machine_new(machine_find(o.machine ? o.machine : "riscv64/virt", NULL, &error_fatal));
    machine_lock(m);
    chardevs_init(m->root, m->loop, NULL, NULL);
    m->cpu_count = m->max_cpus = m->cores = o.cpus ? o.cpus : 1;
    m->ram_size = o.ram ? o.ram : 64 << 20;
    m->firmware = g_strdup("none");
    m->kernel = g_strdup(o.kernel);
    m->initrd = g_strdup(o.initrd);
    m->append = g_strdup(o.append);
    m->dtb = g_strdup(o.dtb);
    if (!machine_realize(m, errp) || !machine_finish(m, errp)) {
        machine_unlock(m);
        machine_free(m);
        return NULL;
    }
    return m;
}

static void board_free(Machine *m)
{
    chardevs_shutdown(m->root);
    machine_unlock(m);
    machine_free(m);
}

static uint64_t peek(Machine *m, uint64_t addr, unsigned size)
{
    uint8_t b[8] = {0};
    g_assert_cmpint(address_space_read_debug(m->as, addr, b, size), ==, MEM_OK);
    return ld_le64(b);
}

/* The tree, found as the harts find it: by the reset code's data. */
static void *tree(Machine *m)
{
    bool rv32 = !strcmp(m->record->target, "riscv32");
    uint64_t addr = peek(m, 0x1000 + 32, rv32 ? 4 : 8);
    uint8_t head[8];
    g_assert_cmphex(addr % (2 << 20), ==, 0);
    g_assert_cmpint(address_space_read_debug(m->as, addr, head, sizeof(head)), ==, MEM_OK);
    uint32_t size = ld_be32(head + 4);
    g_assert_cmphex(ld_be32(head), ==, FDT_MAGIC);
    g_assert_cmphex(addr + size, <=, RAM_BASE + m->ram_size);
    void *fdt = g_malloc(size);
    g_assert_cmpint(address_space_read_debug(m->as, addr, fdt, size), ==, MEM_OK);
    g_assert_cmpint(fdt_check_full(fdt, size), ==, 0);
    return fdt;
}

static const char *string_at(const void *fdt, const char *path, const char *property)
{
    int node = fdt_path_offset(fdt, path);
    g_assert_cmpint(node, >=, 0);
    return fdt_getprop(fdt, node, property, NULL);
}

/* Every reg of a node below /soc lies where a device answers. */
static void test_regs(void)
{
    Machine *m = board((Options){.cpus = 2}, &error_fatal);
    g_autofree void *fdt = tree(m);
    int node, soc = fdt_path_offset(fdt, "/soc");
    unsigned seen = 0;
    fdt_for_each_subnode(node, fdt, soc) {
        int len;
        const uint8_t *reg = fdt_getprop(fdt, node, "reg", &len);
        g_assert_true(reg && len >= 16);
        uint64_t addr = ld_be64(reg);
        rcu_read_begin();
        MemorySection s = address_space_lookup(m->as, addr);
        rcu_read_end();
        g_assert_nonnull(s.mr);
        g_assert_cmpuint(s.mr->kind, ==, MEM_MMIO);
        const char *name = fdt_get_name(fdt, node, NULL);
        g_assert_cmphex(g_ascii_strtoull(strchr(name, '@') + 1, NULL, 16), ==, addr);
        seen++;
    }
    g_assert_cmpuint(seen, ==, 3 + 8 + 3); /* rtc, uart, test; virtio; plic, clint, pci */
    g_assert_cmpstr(string_at(fdt, "/chosen", "stdout-path"), ==, "/soc/serial@10000000");
    g_assert_cmpstr(string_at(fdt, "/aliases", "serial0"), ==, "/soc/serial@10000000");
    g_assert_null(string_at(fdt, "/chosen", "bootargs"));
    g_assert_nonnull(string_at(fdt, "/cpus/cpu@1", "riscv,isa"));
    board_free(m);
}

/* Phandles are unique, and every reference to one finds a node. */
static void test_phandles(void)
{
    Machine *m = board((Options){.cpus = 5}, &error_fatal);
    g_autofree void *fdt = tree(m);
    uint64_t seen = 0;
    for (int node = fdt_next_node(fdt, -1, NULL); node >= 0; node = fdt_next_node(fdt, node, NULL)) {
        uint32_t p = fdt_get_phandle(fdt, node);
        g_assert_true(p < 64 && !(p && seen >> p & 1));
        seen |= p ? 1ull << p : 0;
    }
    const char *paths[][2] = {{"/poweroff", "regmap"}, {"/reboot", "regmap"}, {"/soc/serial@10000000", "interrupt-parent"},
                              {"/cpus/cpu-map/cluster0/core4", "cpu"}, {"/soc/plic@c000000", "interrupts-extended"}};
    for (unsigned i = 0; i < G_N_ELEMENTS(paths); i++) {
        const char *v = string_at(fdt, paths[i][0], paths[i][1]);
        g_assert_true(v && seen >> ld_be32(v) & 1);
    }
    int core = fdt_node_offset_by_phandle(fdt, ld_be32(string_at(fdt, "/cpus/cpu-map/cluster0/core4", "cpu")));
    g_assert_cmpstr(fdt_get_name(fdt, core, NULL), ==, "cpu@4");
    board_free(m);
}

static char *temp_file(const void *data, size_t len)
{
    char *path = NULL;
    int fd = g_file_open_tmp("mimic-test-XXXXXX", &path, NULL);
    g_assert_cmpint(write(fd, data, len), ==, (ssize_t)len);
    close(fd);
    return path;
}

static void test_kernel(void)
{
    uint8_t image[4096] = {0};
    st_le64(image + 16, 3 << 20); /* with .bss: 3 MiB */
    memcpy(image + 56, "RSC\5", 4);
    g_autofree char *kernel = temp_file(image, sizeof(image));
    g_autofree char *initrd = temp_file("0123456789", 10);
    Machine *m = board((Options){.kernel = kernel, .initrd = initrd, .append = "console=ttyS0 quiet"}, &error_fatal);
    g_autofree void *fdt = tree(m);
    g_assert_cmpstr(string_at(fdt, "/chosen", "bootargs"), ==, "console=ttyS0 quiet");
    uint64_t start = ld_be64(string_at(fdt, "/chosen", "linux,initrd-start"));
    uint64_t end = ld_be64(string_at(fdt, "/chosen", "linux,initrd-end"));
    g_assert_cmphex(end - start, ==, 10);
    g_assert_cmphex(start, ==, RAM_BASE + m->ram_size / 2);
    g_assert_cmphex(peek(m, start, 8), ==, ld_le64("01234567"));
    g_assert_cmphex(peek(m, 0x1000 + 24, 8), ==, RAM_BASE);           /* -bios none: straight into it */
    g_assert_cmphex(peek(m, 0x1000 + 40, 8), ==, 0x4942534f);         /* fw_dynamic */
    g_assert_cmphex(peek(m, 0x1000 + 56, 8), ==, RAM_BASE);           /* next stage */
    g_assert_cmphex(peek(m, 0x1000 + 64, 8), ==, 1);                  /* in S mode */
    board_free(m);
    /* little memory: the initrd comes right behind the kernel, never into it */
    m = board((Options){.kernel = kernel, .initrd = initrd, .ram = 8 << 20}, &error_fatal);
    g_autofree void *small = tree(m);
    g_assert_cmphex(ld_be64(string_at(small, "/chosen", "linux,initrd-start")), >=, RAM_BASE + (3 << 20));
    board_free(m);
    Error *err = NULL;
    g_assert_null(board((Options){.kernel = kernel, .ram = 2 << 20}, &err));
    g_assert_nonnull(strstr(error_message(err), "-m"));
    error_free(err);
    g_unlink(kernel);
    g_unlink(initrd);
}

static void test_user_tree(void)
{
    uint8_t blob[1024];
    fdt_create_empty_tree(blob, sizeof(blob));
    g_autofree char *path = temp_file(blob, sizeof(blob));
    Machine *m = board((Options){.dtb = path, .append = "a=b"}, &error_fatal);
    g_autofree void *fdt = tree(m);
    g_assert_cmpstr(string_at(fdt, "/chosen", "bootargs"), ==, "a=b");
    board_free(m);
    g_unlink(path);
    Error *err = NULL;
    memset(blob + 40, 0xee, 100);
    g_autofree char *bad = temp_file(blob, sizeof(blob));
    g_assert_null(board((Options){.dtb = bad}, &err));
    g_assert_nonnull(strstr(error_message(err), "device tree"));
    error_free(err);
    g_unlink(bad);
}

static void test_rv32(void)
{
    Machine *m = board((Options){.machine = "riscv32/virt"}, &error_fatal);
    g_autofree void *fdt = tree(m);
    g_assert_true(g_str_has_prefix(string_at(fdt, "/cpus/cpu@0", "riscv,isa"), "rv32"));
    g_assert_cmphex(peek(m, 0x1000 + 40, 4), ==, 0x4942534f);
    g_assert_cmphex(peek(m, 0x1000 + 44, 4), ==, 2);
    board_free(m);
}

static void test_many(void)
{
    Machine *m = board((Options){.cpus = 64}, &error_fatal);
    g_autofree void *fdt = tree(m);
    int len, plic = fdt_path_offset(fdt, "/soc/plic@c000000");
    g_assert_nonnull(fdt_getprop(fdt, plic, "interrupts-extended", &len));
    g_assert_cmpint(len, ==, 64 * 4 * 4);
    board_free(m);
    Error *err = NULL;
    g_assert_null(board((Options){.cpus = 513}, &err));
    g_assert_nonnull(strstr(error_message(err), "512"));
    error_free(err);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virt/regs", test_regs);
    g_test_add_func("/virt/phandles", test_phandles);
    g_test_add_func("/virt/kernel", test_kernel);
    g_test_add_func("/virt/user-tree", test_user_tree);
    g_test_add_func("/virt/rv32", test_rv32);
    g_test_add_func("/virt/many-harts", test_many);
    return g_test_run();
}

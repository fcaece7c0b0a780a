/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Physical memory: overlaps, priorities, aliases, publication to readers without a lock, splitting and widening of register
 * accesses, DMA that is refused at devices, re-entrancy, dirty tracking, images.
 */
#include <glib.h>
#include <string.h>

#include "softmmu/machine.h"
#include "util/rcu.h"

static const MachineRecord bench_record = {.name = "bench", .desc = "memory tests", .max_cpus = 4, .default_ram = 1 << 20};

typedef struct Recorder {
    unsigned count;
    uint64_t offset[16], value[16];
    unsigned size[16];
    Machine *m;
    uint64_t poke; /* address that a write callback accesses itself; 0: none */
    MemoryResult poke_result, dma_result;
} Recorder;

static uint64_t rec_read(void *opaque, uint64_t offset, unsigned size)
{
    Recorder *r = opaque;
    if (r->count < 16) {
        r->offset[r->count] = offset;
        r->size[r->count++] = size;
    }
    uint64_t v = 0;
    for (unsigned i = 0; i < size; i++) {
        v |= (uint64_t)(offset + i + 0x10) << (8 * i);
    }
    return v;
}

static void rec_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    Recorder *r = opaque;
    if (r->count < 16) {
        r->offset[r->count] = offset;
        r->value[r->count] = value;
        r->size[r->count++] = size;
    }
    if (r->poke) {
        uint64_t v, at = r->poke;
        r->poke = 0;
        r->poke_result = address_space_read_mmio(r->m->as, at, 4, &v);
        r->dma_result = dma_read(r->m->as, at, &v, 4);
    }
}

static MemorySection look(Machine *m, uint64_t addr)
{
    rcu_read_begin();
    MemorySection s = address_space_lookup(m->as, addr);
    rcu_read_end();
    return s;
}

static void test_overlap(void)
{
    Machine *m = machine_new(&bench_record);
    MemoryRegion low, high, box, inner;
    g_assert_true(memory_region_init_ram(&low, m, NULL, "low", 0x10000, NULL));
    g_assert_true(memory_region_init_ram(&high, m, NULL, "high", 0x1000, NULL));
    memory_begin(m);
    memory_map(m->system_memory, 0x1000, &low);
    memory_map_overlap(m->system_memory, 0x4000, &high, 1);
    g_assert_null(look(m, 0x1000).mr); /* nothing is seen before the commit */
    memory_commit(m);

    g_assert_null(look(m, 0xfff).mr);
    g_assert_cmpuint(look(m, 0xf00).left, ==, 0x100);
    MemorySection s = look(m, 0x1000);
    g_assert_true(s.mr == &low && s.offset == 0 && s.left == 0x3000);
    s = look(m, 0x4800);
    g_assert_true(s.mr == &high && s.offset == 0x800 && s.left == 0x800);
    s = look(m, 0x5000);
    g_assert_true(s.mr == &low && s.offset == 0x4000 && s.host == low.ram->host + 0x4000);
    g_assert_null(look(m, 0x11000).mr);
    g_assert_cmphex(look(m, 0x11000).left, ==, UINT64_MAX - 0x11000 + 1);

    memory_set_enabled(&high, false);
    g_assert_true(look(m, 0x4800).mr == &low);
    memory_set_enabled(&high, true);
    memory_set_address(&high, 0x8000);
    g_assert_true(look(m, 0x4800).mr == &low);
    g_assert_true(look(m, 0x8800).mr == &high);

    /* a container clips what is inside; of equal priorities the newest wins */
    memory_region_init(&box, m, NULL, "box", 0x800);
    g_assert_true(memory_region_init_ram(&inner, m, NULL, "inner", 0x1000, NULL));
    memory_map(&box, 0x400, &inner);
    memory_map(m->system_memory, 0x2000, &box);
    g_assert_true(look(m, 0x2300).mr == &low);
    g_assert_true(look(m, 0x2400).mr == &inner);
    g_assert_cmpuint(look(m, 0x2400).left, ==, 0x400);
    g_assert_true(look(m, 0x2800).mr == &low);

    memory_region_destroy(&inner);
    g_assert_true(look(m, 0x2400).mr == &low);
    memory_region_destroy(&box);
    memory_region_destroy(&high);
    memory_region_destroy(&low);
    g_assert_null(look(m, 0x2400).mr);
    machine_free(m);
}

static void test_alias(void)
{
    Machine *m = machine_new(&bench_record);
    MemoryRegion ram, half, rom_view, whole, self;
    g_assert_true(memory_region_init_ram(&ram, m, NULL, "ram", 0x10000, NULL));
    memory_region_init_alias(&half, m, NULL, "half", &ram, 0x8000, 0x4000);
    memory_region_init_alias(&rom_view, m, NULL, "rom-view", &ram, 0, 0x1000);
    rom_view.readonly = true;
    memory_map(m->system_memory, 0x100000, &ram);
    memory_map(m->system_memory, 0x0, &half);
    memory_map(m->system_memory, 0x200000, &rom_view);
    g_assert_true(look(m, 0x10).mr == &ram && look(m, 0x10).offset == 0x8010);
    g_assert_null(look(m, 0x4000).mr);
    uint8_t b = 0x5a;
    g_assert_cmpint(dma_write(m->as, 0x108010, &b, 1), ==, MEM_OK);
    b = 0;
    g_assert_cmpint(dma_read(m->as, 0x10, &b, 1), ==, MEM_OK);
    g_assert_cmphex(b, ==, 0x5a);
    g_assert_cmpint(dma_write(m->as, 0x200000, &b, 1), ==, MEM_DENIED);
    g_assert_cmpint(address_space_write_rom(m->as, 0x200000, &b, 1), ==, MEM_OK);
    g_assert_cmphex(ram.ram->host[0], ==, 0x5a);

    /* an alias of the whole tree, as an I/O MMU has it; one that contains itself ends */
    memory_region_init_alias(&whole, m, NULL, "whole", m->system_memory, 0, UINT64_MAX);
    AddressSpace *as = address_space_new(m, &whole, "dma");
    rcu_read_begin();
    g_assert_true(address_space_lookup(as, 0x100000).mr == &ram);
    rcu_read_end();
    memory_region_init_alias(&self, m, NULL, "self", m->system_memory, 0, 0x1000);
    memory_map(m->system_memory, 0x900000, &self);
    g_assert_true(look(m, 0x900010).mr == &ram);
    memory_map(m->system_memory, 0x800, &self);
    g_assert_true(look(m, 0x100000).mr == &ram);

    address_space_free(as);
    memory_region_destroy(&self);
    memory_region_destroy(&whole);
    memory_region_destroy(&rom_view);
    memory_region_destroy(&half);
    memory_region_destroy(&ram);
    machine_free(m);
}

static void test_split(void)
{
    static const MmioOps narrow = {.read = rec_read, .write = rec_write, .impl_min = 1, .impl_max = 2};
    static const MmioOps wide = {.read = rec_read, .write = rec_write, .access_min = 1, .access_max = 8, .impl_min = 4, .impl_max = 4};
    static const MmioOps strict = {.read = rec_read, .write = rec_write, .access_min = 4, .access_max = 4};
    static const MmioOps big = {.read = rec_read, .write = rec_write, .impl_min = 2, .impl_max = 2, .big_endian = true};
    Machine *m = machine_new(&bench_record);
    Recorder r = {.m = m};
    MemoryRegion mr[4];
    const MmioOps *ops[] = {&narrow, &wide, &strict, &big};
    for (unsigned i = 0; i < 4; i++) {
        memory_region_init_mmio(&mr[i], m, NULL, ops[i], &r, "dev", 0x100);
        memory_map(m->system_memory, 0x1000 * (i + 1), &mr[i]);
    }
    uint64_t v;
    g_assert_cmpint(address_space_read_mmio(m->as, 0x1008, 8, &v), ==, MEM_OK);
    g_assert_cmphex(v, ==, 0x1f1e1d1c1b1a1918);
    g_assert_cmpuint(r.count, ==, 4);
    g_assert_true(r.offset[0] == 8 && r.offset[3] == 14 && r.size[0] == 2);

    r.count = 0;
    g_assert_cmpint(address_space_read_mmio(m->as, 0x2006, 1, &v), ==, MEM_OK);
    g_assert_cmphex(v, ==, 0x16);
    g_assert_true(r.count == 1 && r.offset[0] == 4 && r.size[0] == 4);
    r.count = 0;
    g_assert_cmpint(address_space_write_mmio(m->as, 0x2006, 2, 0xabcd), ==, MEM_OK);
    g_assert_true(r.count == 1 && r.offset[0] == 4 && r.size[0] == 4 && r.value[0] == 0xabcd0000);
    r.count = 0;
    g_assert_cmpint(address_space_write_mmio(m->as, 0x2008, 8, 0x1122334455667788), ==, MEM_OK);
    g_assert_true(r.count == 2 && r.value[0] == 0x55667788 && r.value[1] == 0x11223344);

    r.count = 0;
    g_assert_cmpint(address_space_read_mmio(m->as, 0x3000, 2, &v), ==, MEM_DEVICE_ERROR);
    g_assert_cmpint(address_space_read_mmio(m->as, 0x3000, 8, &v), ==, MEM_DEVICE_ERROR);
    g_assert_cmpint(address_space_read_mmio(m->as, 0x3002, 4, &v), ==, MEM_DEVICE_ERROR);
    g_assert_cmpint(address_space_read_mmio(m->as, 0x3000, 3, &v), ==, MEM_DEVICE_ERROR);
    g_assert_cmpuint(r.count, ==, 0);
    g_assert_cmpint(address_space_read_mmio(m->as, 0x3004, 4, &v), ==, MEM_OK);

    r.count = 0;
    g_assert_cmpint(address_space_write_mmio(m->as, 0x4000, 4, 0x11223344), ==, MEM_OK);
    g_assert_true(r.count == 2 && r.value[0] == 0x4433 && r.value[1] == 0x2211);
    g_assert_cmpint(address_space_read_mmio(m->as, 0x4000, 2, &v), ==, MEM_OK);
    g_assert_cmphex(v, ==, 0x1011); /* the device's 0x1110 as a big-endian register */

    g_assert_cmpint(address_space_read_mmio(m->as, 0x9000, 4, &v), ==, MEM_UNMAPPED);
    g_assert_cmpint(address_space_read_mmio(m->as, 0x10fe, 4, &v), !=, MEM_OK); /* over the end */
    for (unsigned i = 0; i < 4; i++) {
        memory_region_destroy(&mr[i]);
    }
    machine_free(m);
}

static void test_dma(void)
{
    static const MmioOps ops = {.read = rec_read, .write = rec_write};
    Machine *m = machine_new(&bench_record);
    Recorder r = {.m = m};
    MemoryRegion ram, dev, rom;
    uint8_t buf[0x3000];
    g_assert_true(memory_region_init_ram(&ram, m, NULL, "ram", 0x2000, NULL));
    g_assert_true(memory_region_init_rom(&rom, m, NULL, "rom", 0x1000, NULL));
    memory_region_init_mmio(&dev, m, NULL, &ops, &r, "dev", 0x1000);
    memory_map(m->system_memory, 0x0, &ram);
    memory_map(m->system_memory, 0x2000, &dev);
    memory_map(m->system_memory, 0x8000, &rom);

    memset(buf, 0xee, sizeof(buf));
    g_assert_cmpint(dma_read(m->as, 0x1000, buf, 0x2000), ==, MEM_DENIED);
    g_assert_cmphex(buf[0x1800], ==, 0); /* not what was there before */
    g_assert_cmpint(dma_write(m->as, 0x1ff0, buf, 0x20), ==, MEM_DENIED);
    g_assert_cmpint(dma_set(m->as, 0x2000, 1, 4), ==, MEM_DENIED);
    g_assert_cmpint(dma_write(m->as, 0x8000, buf, 4), ==, MEM_DENIED);
    g_assert_cmpint(dma_read(m->as, 0x8000, buf, 4), ==, MEM_OK);
    g_assert_cmpint(dma_read(m->as, 0x9000, buf, 4), ==, MEM_UNMAPPED);
    g_assert_cmpint(dma_read(m->as, UINT64_MAX - 1, buf, 4), ==, MEM_UNMAPPED);
    g_assert_cmpint(dma_read(m->as, 0x2000, buf, 0), ==, MEM_OK);
    g_assert_cmpuint(r.count, ==, 0);

    uint64_t len = 0x5000;
    uint8_t *p = dma_map(m->as, 0x1000, &len, true);
    g_assert_true(p == ram.ram->host + 0x1000 && len == 0x1000);
    memory_set_dirty_log(&ram, DIRTY_DISPLAY, true);
    p[0] = 1;
    dma_unmap(m->as, p, len, true, 1);
    unsigned long bits = 0;
    g_assert_true(memory_dirty_fetch(&ram, 0, 0x2000, DIRTY_DISPLAY, &bits));
    g_assert_cmphex(bits, ==, 2);
    g_assert_false(memory_dirty_fetch(&ram, 0, 0x2000, DIRTY_DISPLAY, &bits));
    len = 4;
    g_assert_null(dma_map(m->as, 0x2000, &len, false));
    g_assert_cmpuint(len, ==, 0);

    g_autoptr(GArray) iov = g_array_new(false, false, 16);
    g_assert_true(dma_map_iov(m->as, 0, 0x2000, true, iov));
    g_assert_cmpuint(iov->len, ==, 1);
    g_assert_false(dma_map_iov(m->as, 0x1000, 0x1001, true, iov));
    g_assert_cmpuint(iov->len, ==, 1);

    uint64_t off;
    g_assert_true(ram_block_from_host(m, ram.ram->host + 5, &off) == ram.ram && off == 5);
    g_assert_null(ram_block_from_host(m, buf, &off));
    memory_region_destroy(&rom);
    memory_region_destroy(&dev);
    memory_region_destroy(&ram);
    machine_free(m);
}

static void test_reentry(void)
{
    static const MmioOps ops = {.read = rec_read, .write = rec_write};
    Machine *m = machine_new(&bench_record);
    Recorder r = {.m = m, .poke = 0x1004};
    MemoryRegion dev;
    memory_region_init_mmio(&dev, m, NULL, &ops, &r, "dev", 0x1000);
    memory_map(m->system_memory, 0x1000, &dev);
    g_assert_cmpint(address_space_write_mmio(m->as, 0x1000, 4, 1), ==, MEM_OK);
    g_assert_cmpint(r.poke_result, ==, MEM_DENIED);
    g_assert_cmpint(r.dma_result, ==, MEM_DENIED);
    g_assert_cmpuint(r.count, ==, 1);
    uint64_t v;
    g_assert_cmpint(address_space_read_mmio(m->as, 0x1000, 4, &v), ==, MEM_OK); /* and it is free again */
    memory_region_destroy(&dev);
    machine_free(m);
}

static void test_romd(void)
{
    static const MmioOps ops = {.read = rec_read, .write = rec_write};
    Machine *m = machine_new(&bench_record);
    Recorder r = {.m = m};
    MemoryRegion flash;
    uint64_t v;
    g_assert_true(memory_region_init_romd(&flash, m, NULL, &ops, &r, "flash", 0x1000, NULL));
    memory_map(m->system_memory, 0, &flash);
    flash.ram->host[4] = 0x77;
    g_assert_cmpint(address_space_read_mmio(m->as, 4, 1, &v), ==, MEM_OK);
    g_assert_true(v == 0x77 && r.count == 0);
    g_assert_cmpint(address_space_write_mmio(m->as, 4, 1, 0x70), ==, MEM_OK);
    g_assert_true(r.count == 1 && flash.ram->host[4] == 0x77);
    memory_romd_set(&flash, false);
    g_assert_cmpint(address_space_read_mmio(m->as, 4, 1, &v), ==, MEM_OK);
    g_assert_true(v == 0x14 && look(m, 4).host == NULL);
    memory_region_destroy(&flash);
    machine_free(m);
}

/* Readers look an address up while the map changes: they see the old or the new region, never nothing. */
typedef struct Race {
    Machine *m;
    MemoryRegion a, b;
    int stop;
    unsigned long seen_a, seen_b, bad;
} Race;

static gpointer race_reader(gpointer opaque)
{
    Race *race = opaque;
    rcu_thread_register();
    while (!__atomic_load_n(&race->stop, __ATOMIC_RELAXED)) {
        rcu_read_begin();
        MemorySection s = address_space_lookup(race->m->as, 0x1234);
        if (s.mr == &race->a) {
            __atomic_fetch_add(&race->seen_a, 1, __ATOMIC_RELAXED);
        } else if (s.mr == &race->b) {
            __atomic_fetch_add(&race->seen_b, 1, __ATOMIC_RELAXED);
        } else {
            __atomic_fetch_add(&race->bad, 1, __ATOMIC_RELAXED);
        }
        rcu_read_end();
    }
    rcu_thread_unregister();
    return NULL;
}

static void test_publication(void)
{
    Race race = {.m = machine_new(&bench_record)};
    g_assert_true(memory_region_init_ram(&race.a, race.m, NULL, "a", 0x4000, NULL));
    g_assert_true(memory_region_init_ram(&race.b, race.m, NULL, "b", 0x4000, NULL));
    memory_map(race.m->system_memory, 0, &race.a);
    memory_map_overlap(race.m->system_memory, 0, &race.b, 1);
    GThread *t = g_thread_new("reader", race_reader, &race);
    while (!__atomic_load_n(&race.seen_b, __ATOMIC_RELAXED)) {
        g_thread_yield();
    }
    for (int i = 0; i < 2000; i++) {
        memory_begin(race.m);
        memory_set_enabled(&race.b, i & 1);
        memory_set_address(&race.a, 0); /* no change */
        memory_commit(race.m);
    }
    __atomic_store_n(&race.stop, 1, __ATOMIC_RELAXED);
    g_thread_join(t);
    g_assert_cmpuint(race.bad, ==, 0);
    g_assert_cmpuint(race.seen_a + race.seen_b, >, 0);
    memory_region_destroy(&race.a);
    memory_region_destroy(&race.b);
    machine_free(race.m);
}

typedef struct Listener {
    MemoryListener l;
    unsigned changed, code;
    uint64_t offset;
} Listener;

static void on_changed(MemoryListener *l) { ((Listener *)l)->changed++; }
static void on_code(MemoryListener *l, RamBlock *rb, uint64_t offset, uint64_t len)
{
    ((Listener *)l)->code++;
    ((Listener *)l)->offset = offset;
}

static void test_listener(void)
{
    Machine *m = machine_new(&bench_record);
    Listener l = {.l = {.changed = on_changed, .code_written = on_code}};
    MemoryRegion ram;
    uint8_t b = 1;
    memory_listener_add(m, &l.l);
    g_assert_true(memory_region_init_ram(&ram, m, NULL, "ram", 0x10000, NULL));
    memory_begin(m);
    memory_map(m->system_memory, 0, &ram);
    memory_set_enabled(&ram, false);
    memory_set_enabled(&ram, true);
    memory_commit(m);
    g_assert_cmpuint(l.changed, ==, 1); /* one transaction, one call */
    g_assert_cmpint(dma_write(m->as, 0x3000, &b, 1), ==, MEM_OK);
    g_assert_cmpuint(l.code, ==, 0);
    ram.ram->code_pages[0] |= 1ul << 3;
    g_assert_cmpint(dma_write(m->as, 0x3010, &b, 1), ==, MEM_OK);
    g_assert_true(l.code == 1 && l.offset == 0x3010);
    memory_listener_remove(m, &l.l);
    g_assert_cmpint(dma_write(m->as, 0x3010, &b, 1), ==, MEM_OK);
    g_assert_cmpuint(l.code, ==, 1);
    memory_region_destroy(&ram);
    machine_free(m);
}

static void test_limits(void)
{
    Machine *m = machine_new(&bench_record);
    MemoryRegion mr = {0};
    Error *err = NULL;
    g_assert_false(memory_region_init_ram(&mr, m, NULL, "huge", UINT64_C(1) << 60, &err));
    g_assert_nonnull(strstr(error_message(err), "huge"));
    g_clear_pointer(&err, error_free);
    g_assert_false(memory_region_init_ram(&mr, m, NULL, "all", UINT64_MAX, &err));
    g_clear_pointer(&err, error_free);
    g_assert_false(memory_region_init_ram(&mr, m, NULL, "none", 0, &err));
    g_clear_pointer(&err, error_free);
    machine_free(m);
}

static void test_print(void)
{
    Machine *m = machine_new(&bench_record);
    MemoryRegion ram;
    g_assert_true(memory_region_init_ram(&ram, m, NULL, "board.ram", 0x10000, NULL));
    memory_map(m->system_memory, 0x80000000, &ram);
    g_autofree char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);
    memory_print_tree(m, f, false);
    memory_print_tree(m, f, true);
    fclose(f);
    g_assert_nonnull(strstr(text, "0000000080000000-000000008000ffff (prio 0, ram): board.ram"));
    g_assert_nonnull(strstr(text, "FlatView"));
    memory_region_destroy(&ram);
    machine_free(m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/memory/overlap", test_overlap);
    g_test_add_func("/memory/alias", test_alias);
    g_test_add_func("/memory/split", test_split);
    g_test_add_func("/memory/dma", test_dma);
    g_test_add_func("/memory/reentry", test_reentry);
    g_test_add_func("/memory/romd", test_romd);
    g_test_add_func("/memory/publication", test_publication);
    g_test_add_func("/memory/listener", test_listener);
    g_test_add_func("/memory/limits", test_limits);
    g_test_add_func("/memory/print", test_print);
    return g_test_run();
}

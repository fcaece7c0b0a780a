/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine's life: states and clock, requests from other threads, reset order and restored images, vCPU threads that pause
 * and resume, ELF and gzip files (also damaged ones), finding machines and firmware.
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "softmmu/machine.h"
#include "util/bytes.h"

typedef struct Board {
    MemoryRegion flash;
    unsigned resets;
    uint32_t level;
} Board;

static bool board_init(Machine *m, Error **errp)
{
    Board *b = m->board;
    memory_map(m->system_memory, 0x80000000, m->ram);
    if (!memory_region_init_rom(&b->flash, m, NULL, "flash", 0x1000, errp)) {
        return false;
    }
    memory_map(m->system_memory, 0x1000, &b->flash);
    return true;
}

static void board_cleanup(Machine *m) { memory_region_destroy(&((Board *)m->board)->flash); }
static void board_reset(Machine *m) { ((Board *)m->board)->resets++; }

static const Field board_fields[] = {
    FIELD(Board, level, FIELD_U32, "level", FIELD_PROP, .def = 7, .max = 9, .help = "a property"), FIELD_END};
static const MachineRecord test_board = {
    .name = "test-board", .target = "test", .alias = "tb", .desc = "machine tests", .max_cpus = 4, .default_ram = 4 << 20,
    .min_ram = 1 << 20, .max_ram = 1 << 30, .state_size = sizeof(Board), .fields = board_fields, .init = board_init, .reset = board_reset,
    .cleanup = board_cleanup};
MACHINE(test_board);

static Machine *board_new(void)
{
    Machine *m = machine_new(&test_board);
    g_assert_true(machine_realize(m, NULL));
    return m;
}

static void test_find(void)
{
    Error *err = NULL;
    g_assert_true(machine_find("test-board", NULL, NULL) == &test_board);
    g_assert_true(machine_find("tb", "test", NULL) == &test_board);
    g_assert_true(machine_find("test/test-board", NULL, NULL) == &test_board);
    g_assert_null(machine_find("test-bord", NULL, &err));
    g_assert_nonnull(strstr(error_hint(err), "test-board"));
    g_clear_pointer(&err, error_free);
    g_assert_null(machine_find("test-board", "other", &err));
    g_assert_nonnull(strstr(error_message(err), "belongs to target"));
    g_clear_pointer(&err, error_free);
    g_assert_nonnull(machine_find("none", "anything", NULL));
}

static void test_limits(void)
{
    Error *err = NULL;
    Machine *m = machine_new(&test_board);
    g_assert_cmpuint(((Board *)m->board)->level, ==, 7);
    m->max_cpus = 5;
    g_assert_false(machine_realize(m, &err));
    g_assert_nonnull(strstr(error_message(err), "4"));
    g_clear_pointer(&err, error_free);
    m->max_cpus = 1;
    m->ram_size = 4096;
    g_assert_false(machine_realize(m, &err));
    g_clear_pointer(&err, error_free);
    m->ram_size = UINT64_C(2) << 30;
    g_assert_false(machine_realize(m, &err));
    g_clear_pointer(&err, error_free);
    machine_free(m);
}

typedef struct Trail {
    GString *text;
} Trail;
static void on_state(Machine *m, bool running, RunState state, void *opaque)
{
    g_string_append_printf(((Trail *)opaque)->text, "%s%d ", run_state_names[state], running);
}
static void on_event(Machine *m, MachineEvent event, ShutdownCause cause, void *opaque)
{
    static const char *const names[] = {"SHUTDOWN", "RESET", "POWERDOWN", "PANIC"};
    g_string_append_printf(((Trail *)opaque)->text, "%s:%s ", names[event], shutdown_cause_names[cause]);
}
static void on_reset(void *opaque) { g_string_append(((Trail *)opaque)->text, "reset "); }
static void on_powerdown(void *opaque) { g_string_append(((Trail *)opaque)->text, "button "); }

static gpointer asks(gpointer opaque)
{
    Machine *m = opaque;
    machine_request_reset(m, SHUTDOWN_GUEST);
    g_usleep(20000);
    machine_request_powerdown(m);
    g_usleep(20000);
    machine_request_stop(m, RUN_STATE_PAUSED);
    g_usleep(20000);
    machine_request_shutdown(m, SHUTDOWN_GUEST, 42);
    return NULL;
}

static void test_requests(void)
{
    Machine *m = board_new();
    Trail t = {g_string_new(NULL)};
    machine_add_state_notifier(m, on_state, &t);
    machine_add_event_notifier(m, on_event, &t);
    machine_add_reset(m, on_reset, &t);
    machine_add_powerdown(m, on_powerdown, &t);
    g_assert_true(machine_finish(m, NULL));
    GThread *thread = g_thread_new("asks", asks, m);
    g_assert_cmpint(machine_run(m), ==, 42);
    g_thread_join(thread);
    g_assert_cmpstr(t.text->str, ==,
                    "reset running1 reset RESET:guest-reset POWERDOWN:host-qmp-quit button paused0 shutdown0 SHUTDOWN:guest-shutdown ");
    g_string_free(t.text, true);
    machine_free(m);
}

static gpointer ends(gpointer opaque)
{
    Machine *m = opaque;
    machine_request_shutdown(m, SHUTDOWN_GUEST, 0);
    g_usleep(30000);
    machine_request_shutdown(m, SHUTDOWN_HOST_QMP, 0);
    return NULL;
}

static void test_no_shutdown(void)
{
    Machine *m = board_new();
    m->no_shutdown = true;
    GThread *thread = g_thread_new("ends", ends, m);
    g_assert_cmpint(machine_run(m), ==, 0);
    g_thread_join(thread);
    machine_free(m);
    m = board_new();
    m->no_reboot = true;
    machine_request_reset(m, SHUTDOWN_GUEST); /* becomes the end */
    g_assert_cmpint(machine_run(m), ==, 0);
    machine_free(m);
}

static void test_clock(void)
{
    Machine *m = board_new();
    machine_lock(m);
    int64_t a = virtual_clock_ns(m->clock);
    g_usleep(2000);
    g_assert_cmpint(virtual_clock_ns(m->clock), ==, a);
    machine_start(m);
    g_usleep(2000);
    g_assert_cmpint(virtual_clock_ns(m->clock), >, a);
    machine_stop(m, RUN_STATE_PAUSED);
    a = virtual_clock_ns(m->clock);
    g_usleep(2000);
    g_assert_cmpint(virtual_clock_ns(m->clock), ==, a);
    g_assert_cmpint(m->state, ==, RUN_STATE_PAUSED);
    machine_unlock(m);
    machine_free(m);
}

/* --- vCPU threads, with an accelerator that counts and uses the machine lock as a device access would --- */

typedef struct CountAccel {
    Machine *m;
    int rounds[4];
    int inside;
} CountAccel;

static bool count_add(void *accel, CpuState *cpu, Error **errp) { return true; }
static void count_run(void *accel, CpuState *cpu)
{
    CountAccel *a = accel;
    while (!__atomic_load_n(&cpu->stop_request, __ATOMIC_ACQUIRE) && !__atomic_load_n(&cpu->unplug, __ATOMIC_ACQUIRE)) {
        __atomic_fetch_add(&a->inside, 1, __ATOMIC_SEQ_CST);
        machine_lock(a->m);
        a->rounds[cpu->index]++;
        machine_unlock(a->m);
        __atomic_fetch_sub(&a->inside, 1, __ATOMIC_SEQ_CST);
        cpu_process_work(cpu);
    }
}
static const AccelOps count_ops = {.name = "count", .thread_tag = "COUNT", .add_cpu = count_add, .run = count_run};

static const TypeRecord test_cpu_type = {.name = "test-machine-cpu", .parent = TYPE_CPU, .instance_size = sizeof(CpuState)};
TYPE_REGISTER(test_cpu_type);
static void cpu_was_reset(CpuState *cpu) { cpu->interrupt_lines = 0; }
static const TargetRecord test_target = {.name = "test", .cpu_base = "test-machine-cpu", .state_size = sizeof(CpuState), .reset = cpu_was_reset};
TARGET(test_target);

static void add_one(CpuState *cpu, void *opaque) { __atomic_fetch_add((int *)opaque, 1, __ATOMIC_SEQ_CST); }

static void test_cpus(void)
{
    Machine *m = machine_new(&test_board);
    CountAccel a = {.m = m};
    m->accel_ops = &count_ops;
    m->accel = &a;
    m->max_cpus = 2;
    g_assert_true(machine_realize(m, NULL));
    for (int i = 0; i < 2; i++) {
        CpuState *cpu = (CpuState *)object_new("test-machine-cpu");
        cpu_init_common(cpu, &test_target);
        g_assert_true(machine_add_cpu(m, cpu, NULL));
        object_unref(OBJECT(cpu));
    }
    CpuState *extra = (CpuState *)object_new("test-machine-cpu");
    cpu_init_common(extra, &test_target);
    Error *err = NULL;
    g_assert_false(machine_add_cpu(m, extra, &err));
    g_clear_pointer(&err, error_free);
    object_unref(OBJECT(extra));

    machine_lock(m);
    for (int i = 0; i < 50; i++) {
        machine_start(m);
        unsigned depth = machine_unlock_all(m);
        g_usleep(200);
        machine_relock(m, depth);
        machine_stop(m, RUN_STATE_PAUSED); /* with the lock held: must not deadlock with vCPUs that want it */
        g_assert_cmpint(a.inside, ==, 0);
        int before = a.rounds[0] + a.rounds[1];
        g_usleep(100);
        g_assert_cmpint(a.rounds[0] + a.rounds[1], ==, before);
    }
    g_assert_true(a.rounds[0] > 0 && a.rounds[1] > 0);
    int worked = 0;
    machine_unlock(m);
    cpu_run_on_sync(m->cpus->pdata[0], add_one, &worked); /* also while it is stopped */
    g_assert_cmpint(worked, ==, 1);
    machine_lock(m);
    ((CpuState *)m->cpus->pdata[1])->interrupt_lines = 5;
    machine_start(m);
    machine_reset(m);
    g_assert_cmpuint(((CpuState *)m->cpus->pdata[1])->interrupt_lines, ==, 0);
    g_assert_true(machine_is_running(m));
    machine_unlock(m);
    machine_free(m); /* ends running threads */
}

/* --- images --- */

static void test_roms(void)
{
    Machine *m = board_new();
    Error *err = NULL;
    uint8_t byte = 0, data[16] = "firmware";
    g_assert_true(machine_add_rom(m, "fw", data, sizeof(data), 0x1000, NULL));
    g_assert_true(machine_add_rom(m, "kernel", data, sizeof(data), 0x80000000, NULL));
    g_assert_false(machine_add_rom(m, "initrd", data, sizeof(data), 0x8000000f, &err));
    g_assert_true(strstr(error_message(err), "initrd") && strstr(error_message(err), "kernel"));
    g_clear_pointer(&err, error_free);
    g_assert_false(machine_add_rom(m, "nowhere", data, sizeof(data), 0x70000000, &err));
    g_clear_pointer(&err, error_free);
    g_assert_false(machine_add_rom(m, "over the end", data, sizeof(data), 0x80000000 + (4 << 20) - 8, &err));
    g_clear_pointer(&err, error_free);
    g_assert_false(machine_add_rom(m, "wraps", data, sizeof(data), UINT64_MAX - 3, &err));
    g_clear_pointer(&err, error_free);
    g_assert_true(machine_finish(m, NULL));
    g_assert_cmpuint(((Board *)m->board)->resets, ==, 1);
    address_space_read_debug(m->as, 0x1000, &byte, 1);
    g_assert_cmpint(byte, ==, 'f');
    g_assert_cmpint(dma_write(m->as, 0x80000000, "x", 1), ==, MEM_OK);
    machine_reset(m);
    address_space_read_debug(m->as, 0x80000000, &byte, 1);
    g_assert_cmpint(byte, ==, 'f');
    machine_free(m);
}

static void make_elf(uint8_t *elf, uint64_t paddr, uint64_t offset, uint64_t filesz, uint64_t memsz)
{
    memset(elf, 0, 128);
    memcpy(elf, "\177ELF\2\1\1", 7);
    st_le16(elf + 16, 2);
    st_le16(elf + 18, 243);
    st_le64(elf + 24, 0x80000010); /* entry */
    st_le64(elf + 32, 64);         /* program headers */
    st_le16(elf + 54, 56);
    st_le16(elf + 56, 1);
    st_le32(elf + 64, 1); /* PT_LOAD */
    st_le64(elf + 72, offset);
    st_le64(elf + 88, paddr);
    st_le64(elf + 96, filesz);
    st_le64(elf + 104, memsz);
}

static void test_elf(void)
{
    Machine *m = board_new();
    uint8_t elf[128 + 32];
    ElfInfo info;
    Error *err = NULL;
    make_elf(elf, 0x80001000, 128, 32, 0x100);
    memset(elf + 128, 0xab, 32);
    g_assert_true(image_is_elf(elf, sizeof(elf)));
    g_assert_true(load_elf(m, "a", elf, sizeof(elf), 243, &info, NULL));
    g_assert_true(info.entry == 0x80000010 && info.low == 0x80001000 && info.high == 0x80001100 && info.is64);
    g_assert_false(load_elf(m, "other cpu", elf, sizeof(elf), 62, &info, &err));
    g_clear_pointer(&err, error_free);
    for (size_t len = 0; len < sizeof(elf); len++) { /* cut short anywhere */
        g_assert_false(load_elf(m, "short", elf, len, 243, &info, &err));
        g_assert_nonnull(err);
        g_clear_pointer(&err, error_free);
    }
    static const uint64_t bad[][4] = {
        {0x80001000, UINT64_MAX, 32, 32}, {0x80001000, 128, UINT64_MAX, UINT64_MAX}, {UINT64_MAX, 128, 32, 64},
        {0x80001000, 128, 32, UINT64_C(1) << 62}, {0x80001000, 128, 32, 16}, {0x10, 128, 32, 32}};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        make_elf(elf, bad[i][0], bad[i][1], bad[i][2], bad[i][3]);
        g_assert_false(load_elf(m, "bad", elf, sizeof(elf), 243, &info, &err));
        g_clear_pointer(&err, error_free);
    }
    GRand *rand = g_rand_new_with_seed(7); /* and anything at all */
    for (int i = 0; i < 20000; i++) {
        make_elf(elf, 0x80002000, 128, 32, 0x100);
        for (int k = 0; k < 3; k++) {
            elf[g_rand_int_range(rand, 4, 120)] = (uint8_t)g_rand_int(rand);
        }
        g_ptr_array_set_size(m->roms, 0);
        load_elf(m, "random", elf, sizeof(elf), 243, &info, NULL);
    }
    g_rand_free(rand);
    machine_free(m);
}

static void test_files(void)
{
    char dir[] = "/tmp/machine-XXXXXX";
    g_assert_nonnull(mkdtemp(dir));
    g_autofree char *path = g_strconcat(dir, "/f", NULL);
    uint8_t *data;
    uint64_t len;
    Error *err = NULL;
    static const char text[] = "some text some text some text some text";
    gzFile gz = gzopen(path, "wb");
    gzwrite(gz, text, sizeof(text));
    gzclose(gz);
    g_assert_true(load_file(path, 1000, true, &data, &len, NULL));
    g_assert_true(len == sizeof(text) && !memcmp(data, text, len));
    g_free(data);
    g_assert_true(load_file(path, 1000, false, &data, &len, NULL));
    g_assert_cmpint(data[0], ==, 0x1f);
    for (gssize cut = (gssize)len - 1; cut > 2; cut--) {
        g_assert_true(g_file_set_contents(path, (char *)data, cut, NULL));
        uint8_t *other;
        uint64_t other_len;
        g_assert_false(load_file(path, 1000, true, &other, &other_len, &err));
        g_assert_nonnull(strstr(error_message(err), "cut short"));
        g_clear_pointer(&err, error_free);
    }
    g_free(data);
    gz = gzopen(path, "wb"); /* a bomb */
    g_autofree char *zeros = g_malloc0(1 << 20);
    gzwrite(gz, zeros, 1 << 20);
    gzclose(gz);
    g_assert_false(load_file(path, 100000, true, &data, &len, &err));
    g_assert_nonnull(strstr(error_message(err), "unpacks"));
    g_clear_pointer(&err, error_free);

    g_assert_false(load_file(path, 10, false, &data, &len, &err));
    g_clear_pointer(&err, error_free);
    g_assert_true(g_file_set_contents(path, "", 0, NULL));
    g_assert_false(load_file(path, 10, false, &data, &len, &err));
    g_assert_nonnull(strstr(error_message(err), "empty"));
    g_clear_pointer(&err, error_free);
    g_assert_false(load_file(dir, 10, false, &data, &len, &err));
    g_assert_nonnull(strstr(error_message(err), "directory"));
    g_clear_pointer(&err, error_free);
    g_assert_false(load_file("/dev/zero", 10, false, &data, &len, &err));
    g_clear_pointer(&err, error_free);
    unlink(path);
    g_assert_false(load_file(path, 10, false, &data, &len, &err));
    g_clear_pointer(&err, error_free);

    /* firmware */
    Machine *m = machine_new(&test_board);
    g_assert_null(find_firmware(m, "f", &err));
    g_assert_nonnull(strstr(error_hint(err), "/usr/share/qemu"));
    g_clear_pointer(&err, error_free);
    g_assert_true(g_file_set_contents(path, "x", 1, NULL));
    g_ptr_array_add(m->firmware_dirs, g_strdup(dir));
    g_autofree char *found = find_firmware(m, "f", NULL);
    g_assert_cmpstr(found, ==, path);
    g_autofree char *absolute = find_firmware(m, path, NULL);
    g_assert_cmpstr(absolute, ==, path);
    g_assert_null(find_firmware(m, dir, &err));
    g_clear_pointer(&err, error_free);
    machine_free(m);
    unlink(path);
    rmdir(dir);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/machine/find", test_find);
    g_test_add_func("/machine/limits", test_limits);
    g_test_add_func("/machine/requests", test_requests);
    g_test_add_func("/machine/no-shutdown", test_no_shutdown);
    g_test_add_func("/machine/clock", test_clock);
    g_test_add_func("/machine/cpus", test_cpus);
    g_test_add_func("/machine/roms", test_roms);
    g_test_add_func("/machine/elf", test_elf);
    g_test_add_func("/machine/files", test_files);
    return g_test_run();
}

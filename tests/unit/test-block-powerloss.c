/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Power loss: a guest writes a qcow2 disk at random through the `fault` filter's log; then thousands of states that the disk may have been left in
 * are built. Each must be a consistent image (leaks are allowed) in which every sector holds what was flushed last or was written later.
 * A sample is opened, written on and checked again, another sample goes to qemu-img check.
 *
 * MIMIC_POWERLOSS_STATES=N: that many states in all (3000). MIMIC_POWERLOSS_SEED=N: other runs (1).
 */
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "block-guest.h"

enum { SECTOR = 512, OPS = 350 };

typedef struct Case {
    const char *name;
    ImageSpec spec;
    unsigned workers;
    int64_t max_sectors;
    bool backed;
    const char *options;
} Case;

static char *scratch;
static unsigned states_per_case, seed = 1;

static const Case cases[] = {
    {"512-1bit", {3, 9, 0, 512 * 1024, NULL}, 3, 128, false, NULL},
    {"512-64bit", {3, 9, 6, 3 * 1024 * 1024, NULL}, 3, 1024, false, NULL}, /* the refcount table grows */
    {"4k-16bit", {3, 12, 4, 1024 * 1024 - 1536, NULL}, 4, 256, false, NULL},
    {"64k-16bit", {3, 16, 4, 4 * 1024 * 1024, NULL}, 3, 256, false, NULL},
    {"64k-v2", {2, 16, 4, 2 * 1024 * 1024, NULL}, 3, 256, false, "discard=unmap"},
    {"4k-backed", {3, 12, 4, 1024 * 1024, NULL}, 3, 64, true, "discard=unmap"},
    {"1k-2bit-backed", {3, 10, 1, 1024 * 1024, NULL}, 1, 64, true, NULL},
    {"2k-writethrough", {3, 11, 3, 512 * 1024, NULL}, 2, 32, false, "cache=writethrough"},
};

static void G_GNUC_NORETURN fail(const Case *c, uint64_t time, const uint8_t *data, int64_t len, const char *why)
{
    g_autofree char *path = g_strdup_printf("powerloss-%s.qcow2", c->name);
    g_file_set_contents(path, (const char *)data, (gssize)len, NULL);
    g_error("%s, seed %u, time %" G_GUINT64_FORMAT ": %s; the image was left in %s", c->name, seed, time, why, path);
}

/* What a user would do next: open it, go on writing, close it. */
static void continue_on(const Case *c, const Guest *g, uint64_t time, const uint8_t *data, int64_t len, GRand *rand)
{
    MemDisk disk;
    Rig rig;
    mem_disk_init(&disk, data, len, NULL);
    rig_open(&rig, &disk, "qcow2", NULL, NULL, c->options);
    if (!rig.blk) {
        fail(c, time, data, len, error_message(rig.err));
    }
    int64_t size = blk_length(rig.blk);
    g_autofree uint8_t *mirror = g_malloc((gsize)size), *buf = g_malloc((gsize)size);
    g_assert_cmpint(blk_pread(rig.blk, 0, mirror, size), ==, 0);
    for (int64_t s = 0; s < size / SECTOR; s++) {
        const uint8_t *want = image_sector(data, len, s);
        g_assert_cmpmem(mirror + s * SECTOR, SECTOR, want ? want : guest_backing(g, s), SECTOR);
    }
    for (int i = 0; i < 12; i++) {
        int64_t at = g_rand_int_range(rand, 0, (gint32)size), n = g_rand_int_range(rand, 1, 40000);
        n = MIN(n, size - at);
        memset(mirror + at, i + 1, (size_t)n);
        g_assert_cmpint(blk_pwrite(rig.blk, at, mirror + at, n, 0), ==, 0);
        if (i == 6) {
            g_assert_cmpint(blk_flush(rig.blk), ==, 0);
        }
    }
    g_assert_cmpint(blk_pread(rig.blk, 0, buf, size), ==, 0);
    g_assert_cmpmem(buf, size, mirror, size);
    rig_close(&rig);
    unsigned leaks;
    char *why = NULL;
    if (!image_check(disk.data, disk.len, &leaks, &why)) {
        g_autofree char *text = g_strdup_printf("after going on: %s", why);
        g_free(why);
        fail(c, time, data, len, text);
    }
    mem_disk_clear(&disk);
}

static void ask_qemu_img(const Case *c, uint64_t time, const uint8_t *data, int64_t len)
{
    g_autofree char *tool = g_find_program_in_path("qemu-img");
    if (!tool) {
        return;
    }
    g_autofree char *path = g_build_filename(scratch, "state.qcow2", NULL);
    g_autofree char *command = g_strdup_printf("qemu-img check -q -f qcow2 %s >/dev/null 2>&1", path);
    g_assert_true(g_file_set_contents(path, (const char *)data, (gssize)len, NULL));
    int status = system(command);
    if (!WIFEXITED(status) || (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != 3)) { /* 3: leaks only */
        fail(c, time, data, len, "qemu-img check finds errors");
    }
    g_unlink(path);
}

static void check_states(const Case *c, const Guest *g, const GByteArray *base, const FaultLog *log, GRand *rand)
{
    Replay *replay = replay_new(base->data, base->len, log);
    g_autofree uint64_t *times = replay_choose_times(log, rand, states_per_case);
    unsigned leaky = 0;
    for (unsigned i = 0; i < states_per_case; i++) {
        const uint8_t *data;
        int64_t len;
        unsigned leaks;
        char *why = NULL;
        replay_state(replay, times[i], rand, &data, &len);
        if (!image_check(data, len, &leaks, &why) || !guest_check_image(g, times[i], data, len, &why)) {
            fail(c, times[i], data, len, why);
        }
        leaky += leaks > 0;
        if (i % 16 == 0) {
            continue_on(c, g, times[i], data, len, rand);
        }
        if (i % 97 == 0) {
            ask_qemu_img(c, times[i], data, len);
        }
    }
    g_test_message("%u states, %u of them with leaked clusters", states_per_case, leaky);
    replay_free(replay);
}

static void test_case(gconstpointer opaque)
{
    const Case *c = opaque;
    GRand *rand = g_rand_new_with_seed(seed);
    g_autofree char *backing = g_build_filename(scratch, "base.raw", NULL);
    g_autofree uint8_t *below = NULL;
    ImageSpec spec = c->spec;
    if (c->backed) {
        below = g_malloc((gsize)spec.size);
        for (int64_t i = 0; i < spec.size; i++) {
            below[i] = (uint8_t)(g_rand_int(rand) | 1);
        }
        g_assert_true(g_file_set_contents(backing, (char *)below, (gssize)spec.size, NULL));
        spec.backing = backing;
    }
    g_autoptr(GByteArray) base = image_make(&spec);
    FaultLog *log = fault_log_new();
    Guest *g = guest_new(spec.size / SECTOR, below, log, rand);
    MemDisk disk;
    Rig rig;
    mem_disk_init(&disk, base->data, base->len, rand);
    rig_open(&rig, &disk, "qcow2", log, NULL, c->options);
    if (!rig.blk) {
        g_error("%s", error_message(rig.err));
    }
    guest_run(g, rig.blk, rig.loop, OPS, c->workers, c->max_sectors);
    g_assert_cmpuint(guest_errors(g), ==, 0);
    uint64_t start = fault_log_tick(log);
    rig_close(&rig);
    guest_flushed(g, start, fault_log_tick(log));
    check_states(c, g, base, log, rand);
    mem_disk_clear(&disk);
    guest_free(g);
    fault_log_free(log);
    g_rand_free(rand);
}

int main(int argc, char **argv)
{
    const char *states = g_getenv("MIMIC_POWERLOSS_STATES"), *number = g_getenv("MIMIC_POWERLOSS_SEED");
    g_test_init(&argc, &argv, NULL);
    states_per_case = MAX((states ? (unsigned)atoi(states) : 3000u) / (unsigned)G_N_ELEMENTS(cases), 1u);
    seed = number ? (unsigned)atoi(number) : seed;
    scratch = g_dir_make_tmp("mimic-powerloss-XXXXXX", NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name = g_strdup_printf("/block/powerloss/%s", cases[i].name);
        g_test_add_data_func(name, &cases[i], test_case);
    }
    int status = g_test_run();
    g_autofree char *base = g_build_filename(scratch, "base.raw", NULL);
    g_unlink(base);
    g_rmdir(scratch);
    return status;
}

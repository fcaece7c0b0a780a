/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Failing requests: the Nth read, write or flush of opening, using and closing a qcow2 disk fails, for every N, once or from then on, with nothing or a
 * part of a write done. Whatever happens, the image that is left is consistent, holds what was flushed, opens again and takes writes;
 * and the same for the states that a loss of power after the error may leave.
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "block-guest.h"
#include "util/bytes.h"
#include "util/option.h"

enum { SECTOR = 512, OPS = 28, SIZE = 192 * 1024, STATES = 8 };

typedef struct Case {
    const char *name;
    ImageSpec spec;
    bool backed;
    unsigned workers;
} Case;

static char *scratch;

static const Case cases[] = {
    {"512-64bit", {3, 9, 6, SIZE, NULL}, false, 2},
    {"512-64bit-table-full", {3, 9, 6, SIZE, NULL}, false, 1}, /* the refcount table has to grow soon */
    {"1k-1bit-backed", {3, 10, 0, SIZE, NULL}, true, 1},
    {"4k-16bit", {3, 12, 4, SIZE - 512, NULL}, false, 3},
    {"64k-v2", {2, 16, 4, SIZE, NULL}, false, 2},
};

static const FaultRule rules[] = {
    {.kind = FAULT_ANY, .error = EIO, .once = true},
    {.kind = FAULT_ANY, .error = ENOSPC, .once = false},
    {.kind = FAULT_ANY, .error = EIO, .once = true, .torn = 512},
    {.kind = FAULT_WRITE, .error = ENOSPC, .once = false, .torn = 1536},
    {.kind = FAULT_FLUSH, .error = EIO, .once = true},
    {.kind = FAULT_READ, .error = EIO, .once = true},
};

static void G_GNUC_NORETURN fail(const Case *c, const FaultRule *rule, const uint8_t *data, int64_t len, const char *why)
{
    g_autofree char *path = g_strdup_printf("errors-%s.qcow2", c->name);
    g_file_set_contents(path, (const char *)data, (gssize)len, NULL);
    g_error("%s, kind %d, request %" G_GUINT64_FORMAT ", errno %d, %s, torn %" G_GINT64_FORMAT ": %s; the image was left in %s", c->name, rule->kind,
            rule->nth, rule->error, rule->once ? "once" : "from then on", rule->torn, why, path);
}

/* Clusters in use up to where the first refcount table has no more room, so that growing it is part of what fails. */
static void fill_up(GByteArray *image)
{
    uint64_t cs = 512, per_block = 64, entries = cs / 8, end = entries * per_block - 24;
    uint64_t first = image->len / cs, blocks = entries - 1;
    uint64_t rt = ld_be64(image->data + 48), block0 = ld_be64(image->data + rt);
    g_byte_array_set_size(image, (guint)(end * cs));
    memset(image->data + first * cs, 0, (end - first) * cs);
    for (uint64_t i = 0; i < blocks; i++) {
        st_be64(image->data + rt + (i + 1) * 8, (first + i) * cs);
    }
    for (uint64_t c = 0; c < end; c++) { /* data of the old days: leaked */
        uint64_t block = c / per_block ? (first + c / per_block - 1) * cs : block0;
        st_be64(image->data + block + c % per_block * 8, 1);
    }
}

static void must_be_good(const Case *c, const FaultRule *rule, const Guest *g, uint64_t time, const uint8_t *data, int64_t len, const char *when)
{
    unsigned leaks;
    g_autofree char *why = NULL;
    if (!image_check(data, len, &leaks, &why) || !guest_check_image(g, time, data, len, &why)) {
        g_autofree char *text = g_strdup_printf("%s: %s", when, why);
        fail(c, rule, data, len, text);
    }
}

/* No more errors: it opens, reads the same, takes writes. */
static void go_on(const Case *c, const FaultRule *rule, const Guest *g, const uint8_t *data, int64_t len)
{
    MemDisk disk;
    Rig rig;
    unsigned leaks;
    g_autofree char *why = NULL;
    mem_disk_init(&disk, data, len, NULL);
    rig_open(&rig, &disk, "qcow2", NULL, NULL, NULL);
    if (!rig.blk) {
        fail(c, rule, data, len, error_message(rig.err));
    }
    int64_t size = blk_length(rig.blk);
    g_autofree uint8_t *mirror = g_malloc((gsize)size), *buf = g_malloc((gsize)size);
    g_assert_cmpint(blk_pread(rig.blk, 0, mirror, size), ==, 0);
    for (int64_t s = 0; s < size / SECTOR; s++) {
        const uint8_t *want = image_sector(data, len, s);
        g_assert_cmpmem(mirror + s * SECTOR, SECTOR, want ? want : guest_backing(g, s), SECTOR);
    }
    for (int64_t at = 700; at < size - 9000; at += 30000) {
        memset(mirror + at, (int)(at & 0xff), 9000);
        g_assert_cmpint(blk_pwrite(rig.blk, at, mirror + at, 9000, 0), ==, 0);
    }
    rig_close(&rig);
    if (!image_check(disk.data, disk.len, &leaks, &why)) {
        fail(c, rule, data, len, why);
    }
    rig_open(&rig, &disk, "qcow2", NULL, NULL, NULL);
    g_assert_nonnull(rig.blk);
    g_assert_cmpint(blk_pread(rig.blk, 0, buf, size), ==, 0);
    g_assert_cmpmem(buf, size, mirror, size);
    rig_close(&rig);
    mem_disk_clear(&disk);
}

/* False where the rule's number is beyond the last request. */
static bool one_run(const Case *c, const FaultRule *rule, const GByteArray *base, const uint8_t *below)
{
    GRand *rand = g_rand_new_with_seed((guint32)(11 + rule->nth % 4));
    FaultLog *log = fault_log_new();
    Guest *g = guest_new(c->spec.size / SECTOR, below, log, rand);
    MemDisk disk;
    Rig rig;
    mem_disk_init(&disk, base->data, base->len, rand);
    rig_open(&rig, &disk, "qcow2", log, rule, NULL);
    if (rig.blk) {
        guest_run(g, rig.blk, rig.loop, OPS, c->workers, 64);
    } else {
        g_assert_cmpuint(strlen(error_message(rig.err)), >, 10);
    }
    /* The rule also meets what closing does, so whether it was hit is known only then. */
    bool may_hit_later = !block_fault_was_hit(rig.fault);
    uint64_t count = block_fault_count(rig.fault, rule->kind);
    rig_close(&rig);
    must_be_good(c, rule, g, log->clock, disk.data, disk.len, "after the error");
    go_on(c, rule, g, disk.data, disk.len);
    Replay *replay = replay_new(base->data, base->len, log);
    g_autofree uint64_t *times = replay_choose_times(log, rand, STATES);
    for (unsigned i = 0; i < STATES; i++) {
        const uint8_t *data;
        int64_t len;
        replay_state(replay, times[i], rand, &data, &len);
        must_be_good(c, rule, g, times[i], data, len, "after the error and a power loss");
        if (i == STATES - 1) {
            go_on(c, rule, g, data, len);
        }
    }
    replay_free(replay);
    mem_disk_clear(&disk);
    guest_free(g);
    fault_log_free(log);
    g_rand_free(rand);
    return !may_hit_later || rule->nth <= count + 64; /* closing takes fewer requests than that */
}

static void test_case(gconstpointer opaque)
{
    const Case *c = opaque;
    g_autofree char *backing = g_build_filename(scratch, "base.raw", NULL);
    g_autofree uint8_t *below = NULL;
    ImageSpec spec = c->spec;
    if (c->backed) {
        below = g_malloc((gsize)spec.size);
        for (int64_t i = 0; i < spec.size; i++) {
            below[i] = (uint8_t)(i * 7 / 5 | 1);
        }
        g_assert_true(g_file_set_contents(backing, (char *)below, (gssize)spec.size, NULL));
        spec.backing = backing;
    }
    g_autoptr(GByteArray) base = image_make(&spec);
    if (strstr(c->name, "full")) {
        fill_up(base);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(rules); i++) {
        FaultRule rule = rules[i];
        for (rule.nth = 1; one_run(c, &rule, base, below); rule.nth++) {
        }
        g_assert_cmpuint(rule.nth, >, 10);
        g_test_message("kind %d, errno %d: %" G_GUINT64_FORMAT " runs", rule.kind, rule.error, rule.nth);
    }
}

/* A flush that failed is tried again: nothing may be taken for durable that was written before the failure. Every point in time is looked at. */
static void test_flush_again(void)
{
    static const Case c = {"flush-again", {3, 9, 6, SIZE, NULL}, false, 1};
    for (uint64_t nth = 1; nth <= 6; nth++) {
        FaultRule rule = {.kind = FAULT_FLUSH, .nth = nth, .error = EIO, .once = true};
        g_autoptr(GByteArray) base = image_make(&c.spec);
        g_autofree uint8_t *data = g_malloc0(100 * 1024);
        GRand *rand = g_rand_new_with_seed((guint32)nth);
        FaultLog *log = fault_log_new();
        MemDisk disk;
        Rig rig;
        mem_disk_init(&disk, base->data, base->len, NULL);
        rig_open(&rig, &disk, "qcow2", log, &rule, NULL);
        memset(data, 1, 100 * 1024);
        g_assert_cmpint(blk_pwrite(rig.blk, 0, data, 100 * 1024, 0), ==, 0);
        int first = blk_flush(rig.blk), second = blk_flush(rig.blk);
        g_assert_cmpint(first, ==, block_fault_was_hit(rig.fault) ? -EIO : 0);
        g_assert_cmpint(second, ==, 0);
        rig_close(&rig);
        for (uint64_t time = 1; time <= log->clock; time++) {
            Replay *replay = replay_new(base->data, base->len, log);
            for (int i = 0; i < 30; i++) {
                const uint8_t *state;
                int64_t len;
                unsigned leaks;
                g_autofree char *why = NULL;
                replay_state(replay, time, rand, &state, &len);
                if (!image_check(state, len, &leaks, &why)) {
                    fail(&c, &rule, state, len, why);
                }
            }
            replay_free(replay);
        }
        mem_disk_clear(&disk);
        fault_log_free(log);
        g_rand_free(rand);
    }
}

/* The same through option strings, over a file of the host. */
static void test_options(void)
{
    EventLoop *loop = event_loop_new(NULL);
    BlockGraph *graph = block_graph_new(loop);
    Error *err = NULL;
    g_autofree char *path = g_build_filename(scratch, "plain.raw", NULL);
    g_autofree char *zeros = g_malloc0(65536);
    uint8_t buf[4096] = {1};
    g_assert_true(g_file_set_contents(path, zeros, 65536, NULL));
    static const char *const bad[] = {"fail=wirte", "errno=ENOSPACE", "errno=0", "nth=x", "once=maybe", "torn=-1"};
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *text = g_strdup_printf("driver=fault,node-name=x,file.driver=file,file.filename=%s,%s", path, bad[i]);
        g_autoptr(OptionSet) opts = option_set_parse(text, NULL, NULL);
        g_assert_false(block_node_create(graph, opts, &err));
        g_assert_nonnull(err);
        g_clear_pointer(&err, error_free);
    }
    g_autofree char *text = g_strdup_printf("driver=fault,node-name=f,fail=write,nth=2,errno=ENOSPC,once=on,torn=1k,file.driver=file,file.filename=%s", path);
    g_autoptr(OptionSet) opts = option_set_parse(text, NULL, NULL);
    g_assert_true(block_node_create(graph, opts, &err));
    BlockBackend *blk = blk_find(graph, "f", &err);
    g_assert_nonnull(blk);
    memset(buf, 7, sizeof(buf));
    g_assert_cmpint(blk_pwrite(blk, 0, buf, 4096, 0), ==, 0);
    g_assert_cmpint(blk_pwrite(blk, 8192, buf, 4096, 0), ==, -ENOSPC);
    g_assert_cmpint(blk_pwrite(blk, 16384, buf, 4096, 0), ==, 0);
    g_assert_cmpint(blk_pread(blk, 8192, buf, 4096), ==, 0);
    g_assert_cmpint(buf[1023], ==, 7);
    g_assert_cmpint(buf[1024], ==, 0);
    block_graph_free(graph);
    event_loop_free(loop);
    g_unlink(path);
}

static void swallow(const char *line, void *opaque)
{
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    error_set_sink(swallow, NULL); /* "cannot flush", hundreds of times */
    scratch = g_dir_make_tmp("mimic-errors-XXXXXX", NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name = g_strdup_printf("/block/errors/%s", cases[i].name);
        g_test_add_data_func(name, &cases[i], test_case);
    }
    g_test_add_func("/block/errors/flush-again", test_flush_again);
    g_test_add_func("/block/errors/options", test_options);
    int status = g_test_run();
    g_autofree char *base = g_build_filename(scratch, "base.raw", NULL);
    g_unlink(base);
    g_rmdir(scratch);
    return status;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disks against a mirror in memory: random reads, writes and zeroes on images that qemu-img made, reopened, compared byte for byte, and checked by
 * qemu-img. Damaged images must be refused with an error. Without qemu-img these tests are skipped.
 */
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "block/block.h"
#include "util/option.h"

enum { DISK_BYTES = 3 * 1024 * 1024 + 512 };

static char *scratch;

static bool have_qemu_img(void)
{
    g_autofree char *path = g_find_program_in_path("qemu-img");
    if (!path) {
        g_test_skip("qemu-img is not installed");
    }
    return path;
}

static void run(const char *fmt, ...) G_GNUC_PRINTF(1, 2);
static void run(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    g_autofree char *command = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    g_autofree char *quiet = g_strdup_printf("%s >/dev/null", command);
    int status = system(quiet);
    if (status) {
        g_error("'%s' ended with status %d", command, status);
    }
}

static BlockBackend *open_drive(BlockGraph *g, const char *text, Error **errp)
{
    g_autoptr(OptionSet) opts = option_set_parse(text, NULL, errp);
    return opts ? blk_new_from_drive(g, opts, errp) : NULL;
}

typedef struct Case {
    const char *format, *create, *drive;
    bool backing;
} Case;

static void random_step(BlockBackend *blk, uint8_t *mirror, GRand *rand)
{
    int64_t len = 1 + (int64_t)pow(2, g_rand_double_range(rand, 0, 18));
    int64_t offset = g_rand_int_range(rand, 0, DISK_BYTES - (gint32)MIN(len, DISK_BYTES - 1));
    len = MIN(len, DISK_BYTES - offset);
    g_autofree uint8_t *buf = g_malloc((gsize)len);
    switch (g_rand_int_range(rand, 0, 8)) {
    case 0:
    case 1:
    case 2:
        memset(buf, g_rand_int_range(rand, 0, 256), (size_t)len);
        st_random:
        for (int64_t i = 0; i < len; i += 97) {
            buf[i] = (uint8_t)g_rand_int(rand);
        }
        g_assert_cmpint(blk_pwrite(blk, offset, buf, len, 0), ==, 0);
        memcpy(mirror + offset, buf, (size_t)len);
        break;
    case 3:
        g_assert_cmpint(blk_flush(blk), ==, 0);
        memset(buf, 0, (size_t)len);
        goto st_random;
    default:
        g_assert_cmpint(blk_pread(blk, offset, buf, len), ==, 0);
        g_assert_cmpmem(buf, len, mirror + offset, len);
        break;
    }
}

static void compare_all(BlockBackend *blk, const uint8_t *mirror)
{
    g_autofree uint8_t *buf = g_malloc(DISK_BYTES);
    g_assert_cmpint(blk_length(blk), ==, DISK_BYTES);
    g_assert_cmpint(blk_pread(blk, 0, buf, DISK_BYTES), ==, 0);
    g_assert_cmpmem(buf, DISK_BYTES, mirror, DISK_BYTES);
}

static void test_mirror(gconstpointer data)
{
    const Case *c = data;
    Error *err = NULL;
    if (!have_qemu_img()) {
        return;
    }
    g_autofree char *image = g_strdup_printf("%s/disk.%s", scratch, c->format);
    g_autofree char *base = g_strdup_printf("%s/base.raw", scratch);
    g_autofree char *raw = g_strdup_printf("%s/out.raw", scratch);
    g_autofree uint8_t *mirror = g_malloc0(DISK_BYTES);
    GRand *rand = g_rand_new_with_seed(20260117);
    if (c->backing) {
        for (int i = 0; i < DISK_BYTES; i++) {
            mirror[i] = (uint8_t)(g_rand_int(rand) | 1);
        }
        g_assert_true(g_file_set_contents(base, (char *)mirror, DISK_BYTES, NULL));
        run("qemu-img create -q -f %s %s -b %s -F raw %s %d", c->format, c->create, base, image, DISK_BYTES);
    } else {
        run("qemu-img create -q -f %s %s %s %d", c->format, c->create, image, DISK_BYTES);
    }
    for (int round = 0; round < 3; round++) {
        EventLoop *loop = event_loop_new(NULL);
        BlockGraph *g = block_graph_new(loop);
        g_autofree char *text = g_strdup_printf("file=%s,format=%s,%s", image, c->format, c->drive);
        BlockBackend *blk = open_drive(g, text, &err);
        if (!blk) {
            g_error("%s", error_message(err));
        }
        compare_all(blk, mirror);
        for (int i = 0; i < 300; i++) {
            random_step(blk, mirror, rand);
        }
        compare_all(blk, mirror);
        block_graph_free(g);
        event_loop_free(loop);
        if (strcmp(c->format, "raw")) {
            run("qemu-img check -q -f %s %s", c->format, image);
        }
        run("qemu-img convert -f %s -O raw %s %s", c->format, image, raw);
        char *contents;
        gsize len;
        g_assert_true(g_file_get_contents(raw, &contents, &len, NULL));
        g_assert_cmpmem(contents, len, mirror, DISK_BYTES);
        g_free(contents);
    }
    g_rand_free(rand);
    g_unlink(image);
}

static const Case cases[] = {
    {"raw", "", "cache=writeback", false},
    {"raw", "", "aio=io_uring", false},
    {"qcow2", "", "cache=writeback", false},
    {"qcow2", "", "aio=io_uring", false},
    {"qcow2", "", "aio=threads", true},
    {"qcow2", "-o compat=0.10", "cache=unsafe", false},
    {"qcow2", "-o cluster_size=512,refcount_bits=1", "cache=writeback", true},
    {"qcow2", "-o cluster_size=4k,refcount_bits=64", "cache=writethrough", false},
    {"qcow2", "-o cluster_size=2M,preallocation=metadata", "aio=threads", false},
};

/* A compressed image of a known pattern reads back, and stays right when parts are overwritten. */
static void test_compressed(gconstpointer data)
{
    const char *type = data;
    Error *err = NULL;
    if (!have_qemu_img()) {
        return;
    }
    g_autofree char *base = g_strdup_printf("%s/plain.raw", scratch);
    g_autofree char *image = g_strdup_printf("%s/packed.qcow2", scratch);
    g_autofree uint8_t *mirror = g_malloc0(DISK_BYTES);
    for (int i = 0; i < DISK_BYTES; i++) {
        mirror[i] = (uint8_t)(i / 1000 + i % 7);
    }
    g_assert_true(g_file_set_contents(base, (char *)mirror, DISK_BYTES, NULL));
    run("qemu-img convert -c -O qcow2 -o compression_type=%s -f raw %s %s", type, base, image);
    EventLoop *loop = event_loop_new(NULL);
    BlockGraph *g = block_graph_new(loop);
    g_autofree char *text = g_strdup_printf("file=%s,format=qcow2", image);
    BlockBackend *blk = open_drive(g, text, &err);
    g_assert_nonnull(blk);
    compare_all(blk, mirror);
    memset(mirror + 100000, 0xa5, 5000);
    g_assert_cmpint(blk_pwrite(blk, 100000, mirror + 100000, 5000, 0), ==, 0);
    compare_all(blk, mirror);
    block_graph_free(g);
    event_loop_free(loop);
    run("qemu-img check -q -f qcow2 %s", image);
}

/* Every image that is cut off or overwritten in its header and tables is refused or gives I/O errors; nothing crashes, nothing is written at open. */
static void test_damage(void)
{
    if (!have_qemu_img()) {
        return;
    }
    g_autofree char *good = g_strdup_printf("%s/good.qcow2", scratch);
    g_autofree char *bad = g_strdup_printf("%s/bad.qcow2", scratch);
    run("qemu-img create -q -f qcow2 -o cluster_size=4k,preallocation=metadata %s 1M", good);
    char *contents;
    gsize len;
    g_assert_true(g_file_get_contents(good, &contents, &len, NULL));
    GRand *rand = g_rand_new_with_seed(7);
    unsigned refused = 0;
    for (int i = 0; i < 400; i++) {
        g_autofree char *copy = g_memdup2(contents, len);
        gsize cut = len;
        if (i % 4 == 0) {
            cut = (gsize)g_rand_int_range(rand, 0, (gint32)MIN(len, 32768));
        } else {
            for (int k = 0; k < 4; k++) {
                copy[g_rand_int_range(rand, 0, i % 4 == 1 ? 112 : 28672)] = (char)g_rand_int(rand);
            }
        }
        g_assert_true(g_file_set_contents(bad, copy, (gssize)cut, NULL));
        EventLoop *loop = event_loop_new(NULL);
        BlockGraph *g = block_graph_new(loop);
        g_autofree char *text = g_strdup_printf("file=%s,format=qcow2,cache=unsafe", bad);
        Error *err = NULL;
        BlockBackend *blk = open_drive(g, text, &err);
        if (blk) {
            uint8_t buf[65536] = {1};
            blk_pread(blk, 0, buf, MIN(blk_length(blk), (int64_t)sizeof(buf)));
            blk_pwrite(blk, 0, buf, MIN(blk_length(blk), (int64_t)sizeof(buf)), 0);
        } else {
            g_assert_nonnull(err);
            g_assert_cmpuint(strlen(error_message(err)), >, 10);
            error_free(err);
            refused++;
        }
        block_graph_free(g);
        event_loop_free(loop);
    }
    g_assert_cmpuint(refused, >, 50);
    g_rand_free(rand);
    g_free(contents);
}

/* Two writers keep out of each other's image, and so does the reference. */
static void test_locking(void)
{
    Error *err = NULL;
    g_autofree char *image = g_strdup_printf("%s/locked.raw", scratch);
    g_autofree char *zeros = g_malloc0(65536);
    g_assert_true(g_file_set_contents(image, zeros, 65536, NULL));
    g_autofree char *text = g_strdup_printf("file=%s,format=raw", image);
    EventLoop *loop = event_loop_new(NULL);
    BlockGraph *one = block_graph_new(loop), *two = block_graph_new(loop);
    g_assert_nonnull(open_drive(one, text, &err));
    g_assert_null(open_drive(two, text, &err));
    g_assert_nonnull(strstr(error_message(err), "Failed to get \"write\" lock"));
    error_free(err);
    if (have_qemu_img()) {
        g_autofree char *command = g_strdup_printf("qemu-io -f raw -c 'write 0 512' %s >/dev/null 2>&1", image);
        g_assert_cmpint(system(command), !=, 0);
    }
    block_graph_free(one);
    block_graph_free(two);
    event_loop_free(loop);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    scratch = g_dir_make_tmp("mimic-block-XXXXXX", NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name = g_strdup_printf("/block/mirror/%s%s/%u", cases[i].format, cases[i].backing ? "-backed" : "", i);
        g_test_add_data_func(name, &cases[i], test_mirror);
    }
    g_test_add_data_func("/block/compressed/zlib", "zlib", test_compressed);
    g_test_add_data_func("/block/compressed/zstd", "zstd", test_compressed);
    g_test_add_func("/block/damage", test_damage);
    g_test_add_func("/block/locking", test_locking);
    int status = g_test_run();
    run("rm -r %s", scratch);
    return status;
}

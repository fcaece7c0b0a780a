/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests below the formats: unaligned ones beside aligned ones, bounds, threads that are not the loop's, requests from within completions, odd files.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "block-support.h"
#include "util/bytes.h"
#include "util/option.h"

static char *scratch;

static char *scratch_file(const char *name, int64_t len)
{
    char *path = g_build_filename(scratch, name, NULL);
    g_autofree char *zeros = g_malloc0((gsize)len);
    g_assert_true(g_file_set_contents(path, zeros, (gssize)len, NULL));
    return path;
}

static BlockBackend *open_drive(BlockGraph *g, Error **errp, const char *fmt, ...) G_GNUC_PRINTF(3, 4);
static BlockBackend *open_drive(BlockGraph *g, Error **errp, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    g_autofree char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    g_autoptr(OptionSet) opts = option_set_parse(text, NULL, errp);
    return opts ? blk_new_from_drive(g, opts, errp) : NULL;
}

typedef struct Request {
    struct iovec iov;
    int ret, *left;
} Request;

static void done(void *opaque, int ret)
{
    Request *r = opaque;
    r->ret = ret;
    --*r->left;
}

/* A write of a part of a sector must not bring back what another write of the whole sector has replaced meanwhile. */
static void test_partial_and_whole(void)
{
    for (guint32 seed = 1; seed <= 100; seed++) {
        static uint8_t zeros[8192], ones[4096], twos[4096] __attribute__((aligned(4096)));
        GRand *rand = g_rand_new_with_seed(seed);
        MemDisk disk;
        Rig rig;
        memset(ones, 1, 4096);
        memset(twos, 2, 4096);
        mem_disk_init(&disk, zeros, 8192, rand);
        disk.alignment = 512;
        rig_open(&rig, &disk, "raw", NULL, NULL, NULL);
        g_assert_nonnull(rig.blk);
        int left = 3;
        Request part = {{ones, 100}, 1, &left}, whole = {{twos, 4096}, 1, &left}, tail = {{ones, 30}, 1, &left};
        blk_aio_pwritev(rig.blk, 1024, &part.iov, 1, 0, done, &part);
        blk_aio_pwritev(rig.blk, 0, &whole.iov, 1, 0, done, &whole);
        blk_aio_pwritev(rig.blk, 4090, &tail.iov, 1, 0, done, &tail);
        while (left) {
            main_loop_wait(rig.loop, true);
        }
        g_assert_cmpint(part.ret | whole.ret | tail.ret, ==, 0);
        for (int i = 0; i < 4090; i++) {
            bool either = i >= 1024 && i < 1124;
            g_assert_true(disk.data[i] == 2 || (either && disk.data[i] == 1));
        }
        g_assert_cmpint(disk.data[4119], ==, 1);
        g_assert_cmpint(disk.data[4120], ==, 0);
        g_assert_cmpuint(disk.bad_requests, ==, 0);
        rig_close(&rig);
        mem_disk_clear(&disk);
        g_rand_free(rand);
    }
}

/* Many unaligned requests at a time, none overlapping: all must be there. */
static void test_unaligned_crowd(void)
{
    enum { LEN = 64 * 1024 };
    GRand *rand = g_rand_new_with_seed(5);
    g_autofree uint8_t *zeros = g_malloc0(LEN), *want = g_malloc(LEN);
    MemDisk disk;
    Rig rig;
    mem_disk_init(&disk, zeros, LEN, rand);
    disk.alignment = 4096;
    rig_open(&rig, &disk, "raw", NULL, NULL, NULL);
    int left = 0;
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(g_free);
    for (int64_t at = 0; at < LEN;) {
        int64_t len = g_rand_int_range(rand, 1, 3000);
        len = MIN(len, LEN - at);
        Request *r = g_new0(Request, 1);
        memset(want + at, (int)(all->len + 1), (size_t)len);
        *r = (Request){{want + at, (size_t)len}, 1, &left};
        g_ptr_array_add(all, r);
        left++;
        blk_aio_pwritev(rig.blk, at, &r->iov, 1, 0, done, r);
        at += len;
    }
    while (left) {
        main_loop_wait(rig.loop, true);
    }
    g_assert_cmpmem(disk.data, LEN, want, LEN);
    g_assert_cmpuint(disk.bad_requests, ==, 0);
    rig_close(&rig);
    mem_disk_clear(&disk);
    g_rand_free(rand);
}

/* A request larger than the bounce buffer. */
static void test_large_unaligned(void)
{
    const int64_t len = 5 * 1024 * 1024 + 77;
    g_autofree uint8_t *zeros = g_malloc0((gsize)len + 4096), *buf = g_malloc((gsize)len), *again = g_malloc((gsize)len);
    MemDisk disk;
    Rig rig;
    for (int64_t i = 0; i < len; i++) {
        buf[i] = (uint8_t)(i * 31 / 7);
    }
    mem_disk_init(&disk, zeros, len + 3967, NULL);
    disk.alignment = 512;
    rig_open(&rig, &disk, "raw", NULL, NULL, NULL);
    g_assert_cmpint(blk_pwrite(rig.blk, 333, buf, len, 0), ==, 0);
    g_assert_cmpint(blk_pread(rig.blk, 333, again, len), ==, 0);
    g_assert_cmpmem(again, len, buf, len);
    g_assert_cmpmem(disk.data + 333, len, buf, len);
    g_assert_cmpuint(disk.bad_requests, ==, 0);
    rig_close(&rig);
    mem_disk_clear(&disk);
}

/* A device cannot write behind its disk, though the file below would grow. */
static void test_bounds(void)
{
    g_autofree char *path = scratch_file("bounds", 4096);
    EventLoop *loop = event_loop_new(NULL);
    BlockGraph *graph = block_graph_new(loop);
    g_autofree char *text = g_strdup_printf("driver=file,node-name=f,filename=%s", path);
    g_autoptr(OptionSet) opts = option_set_parse(text, NULL, NULL);
    uint8_t buf[512] = {1};
    g_assert_true(block_node_create(graph, opts, NULL));
    BlockBackend *blk = blk_find(graph, "f", NULL);
    g_assert_cmpint(blk_pwrite(blk, 4096 - 512, buf, 512, 0), ==, 0);
    static const int64_t bad[] = {4096, 4096 - 511, 1 << 20, INT64_MAX - 100, -512};
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_cmpint(blk_pwrite(blk, bad[i], buf, 512, 0), ==, -EIO);
        g_assert_cmpint(blk_pread(blk, bad[i], buf, 512), ==, -EIO);
    }
    struct iovec huge[2] = {{buf, SIZE_MAX / 2}, {buf, SIZE_MAX / 2}};
    g_assert_cmpint(iov_length(huge, 2), ==, INT64_MAX);
    block_graph_free(graph);
    event_loop_free(loop);
    struct stat st;
    g_assert_cmpint(stat(path, &st), ==, 0);
    g_assert_cmpint(st.st_size, ==, 4096);
    g_unlink(path);
}

/* --- threads --- */
typedef struct Foreign {
    BlockBackend *blk;
    int read, flush, left;
    Request async;
    uint8_t buf[512];
    bool over;
} Foreign;

static gpointer foreign_thread(gpointer opaque)
{
    Foreign *f = opaque;
    uint8_t buf[512];
    f->read = blk_pread(f->blk, 0, buf, sizeof(buf));
    f->flush = blk_flush(f->blk);
    f->async = (Request){{f->buf, 512}, 1, &f->left};
    blk_aio_preadv(f->blk, 0, &f->async.iov, 1, 0, done, &f->async);
    __atomic_store_n(&f->over, true, __ATOMIC_RELEASE);
    return NULL;
}

static void count_report(const char *line, void *opaque)
{
}

static gpointer foreign_quiet(gpointer opaque)
{
    error_set_sink(count_report, NULL);
    return foreign_thread(opaque);
}

/* Waiting requests from another thread than the loop's are refused; others are carried out in the loop. */
static void test_foreign_thread(void)
{
    g_autofree char *path = scratch_file("foreign", 4096);
    EventLoop *loop = event_loop_new(NULL);
    BlockGraph *graph = block_graph_new(loop);
    Foreign f = {.left = 1};
    f.blk = open_drive(graph, NULL, "file=%s,format=raw", path);
    g_assert_nonnull(f.blk);
    g_main_context_acquire(event_loop_context(loop));
    GThread *thread = g_thread_new("foreign", foreign_quiet, &f);
    g_thread_join(thread);
    g_main_context_release(event_loop_context(loop));
    g_assert_cmpint(f.read, ==, -EDEADLK);
    g_assert_cmpint(f.flush, ==, -EDEADLK);
    g_assert_cmpint(f.left, ==, 1); /* not begun, but it counts */
    blk_drain(f.blk);
    g_assert_cmpint(f.left, ==, 0);
    g_assert_cmpint(f.async.ret, ==, 0);
    block_graph_free(graph);
    event_loop_free(loop);
    g_unlink(path);
}

/* --- a request from within the completion of another, that waits --- */
typedef struct Nested {
    BlockBackend *blk;
    uint8_t buf[512];
    int ret;
    bool over;
} Nested;

static void read_more(void *opaque, int ret)
{
    Nested *n = opaque;
    g_assert_cmpint(ret, ==, 0);
    n->ret = blk_pread(n->blk, 512, n->buf, 512);
    blk_drain(n->blk);
    n->over = true;
}

static void test_nested(gconstpointer aio)
{
    g_autofree char *path = scratch_file("nested", 4096);
    EventLoop *loop = event_loop_new(NULL);
    BlockGraph *graph = block_graph_new(loop);
    Error *err = NULL;
    Nested n = {.ret = 1};
    n.blk = open_drive(graph, &err, "file=%s,format=raw,aio=%s", path, (const char *)aio);
    if (!n.blk) {
        g_test_skip(error_message(err));
    } else {
        struct iovec iov = {n.buf, 512};
        blk_aio_preadv(n.blk, 0, &iov, 1, 0, read_more, &n);
        while (!n.over) {
            main_loop_wait(loop, true);
        }
        g_assert_cmpint(n.ret, ==, 0);
    }
    error_free(err);
    block_graph_free(graph);
    event_loop_free(loop);
    g_unlink(path);
}

/* --- files --- */
/* A file whose end is not at a sector: with O_DIRECT the rest of the last one reads as zeros. */
static void test_odd_length(gconstpointer aio)
{
    static const char *const directories[] = {"/var/tmp", "."}; /* O_DIRECT is not for every file system */
    bool tried = false;
    for (unsigned i = 0; i < G_N_ELEMENTS(directories); i++) {
        g_autofree char *path = g_strdup_printf("%s/mimic-odd-%d", directories[i], (int)getpid());
        uint8_t data[9000], buf[9000];
        memset(data, 9, sizeof(data));
        if (!g_file_set_contents(path, (char *)data, sizeof(data), NULL)) {
            continue;
        }
        EventLoop *loop = event_loop_new(NULL);
        BlockGraph *graph = block_graph_new(loop);
        BlockBackend *blk = open_drive(graph, NULL, "file=%s,format=raw,cache=none,aio=%s", path, (const char *)aio);
        if (blk) {
            tried = true;
            g_assert_cmpint(blk_pread(blk, 0, buf, sizeof(buf)), ==, 0);
            g_assert_cmpmem(buf, sizeof(buf), data, sizeof(data));
            g_assert_cmpint(blk_pread(blk, 8990, buf, 10), ==, 0);
            g_assert_cmpmem(buf, 10, data, 10);
        }
        block_graph_free(graph);
        event_loop_free(loop);
        g_unlink(path);
    }
    if (!tried) {
        g_test_skip("no file system with O_DIRECT here");
    }
}

static void test_not_files(void)
{
    EventLoop *loop = event_loop_new(NULL);
    BlockGraph *graph = block_graph_new(loop);
    g_autofree char *fifo = g_build_filename(scratch, "fifo", NULL);
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    const char *const paths[] = {fifo, scratch, "/dev/zero", "/nonexistent"};
    for (unsigned i = 0; i < G_N_ELEMENTS(paths); i++) {
        for (int readonly = 0; readonly < 2; readonly++) {
            Error *err = NULL;
            g_assert_null(open_drive(graph, &err, "file=%s,format=raw,readonly=%s", paths[i], readonly ? "on" : "off"));
            g_assert_nonnull(err);
            error_free(err);
        }
    }
    g_unlink(fifo);
    block_graph_free(graph);
    event_loop_free(loop);
}

/* An image that was guessed to be raw keeps its first sector: a guest that writes a header there would turn it into something else. */
static int coroutine_fn change_start(void *opaque)
{
    BlockBackend *blk = opaque;
    int zero = blk_co_write_zeroes(blk, 0, 4096, 0), discard = blk_co_discard(blk, 0, 4096);
    return zero == -EPERM && discard == -EPERM ? 0 : -1;
}

static void test_guessed_raw(void)
{
    g_autofree char *path = scratch_file("guessed", 8192);
    EventLoop *loop = event_loop_new(NULL);
    uint8_t header[512] = "QFI\373";
    for (int named = 0; named < 2; named++) {
        BlockGraph *graph = block_graph_new(loop);
        error_set_sink(count_report, NULL);
        BlockBackend *blk = open_drive(graph, NULL, "file=%s,discard=unmap%s", path, named ? ",format=raw" : "");
        error_set_sink(NULL, NULL);
        g_assert_nonnull(blk);
        g_assert_cmpint(blk_pwrite(blk, 512, header, 512, 0), ==, 0);
        g_assert_cmpint(blk_pwrite(blk, 0, header, 512, 0), ==, named ? 0 : -EPERM);
        if (!named) {
            g_assert_cmpint(block_run_coroutine(loop, change_start, blk), ==, 0);
        }
        block_graph_free(graph);
    }
    event_loop_free(loop);
    g_unlink(path);
}

/* --- qcow2: budgets --- */
/* Zeroing a disk without backing file touches only what is there; with one it stays within its memory and yields to others. */
static void test_zero_everything(void)
{
    static const ImageSpec plain = {3, 16, 4, (int64_t)1 << 42, NULL};
    g_autofree char *base = scratch_file("small-base", 65536);
    ImageSpec backed = {3, 12, 4, (int64_t)1 << 31, base};
    for (int i = 0; i < 2; i++) {
        const ImageSpec *spec = i ? &backed : &plain;
        g_autoptr(GByteArray) image = image_make(spec);
        MemDisk disk;
        Rig rig;
        uint8_t data[512] = {1}, zeros[512] = {0};
        mem_disk_init(&disk, image->data, image->len, NULL);
        rig_open(&rig, &disk, "qcow2", NULL, NULL, NULL);
        g_assert_nonnull(rig.blk);
        g_assert_cmpint(blk_pwrite(rig.blk, 1 << 20, data, 512, 0), ==, 0);
        int left = 1;
        Request r = {{NULL, 0}, 1, &left};
        blk_aio_write_zeroes(rig.blk, 0, spec->size, 0, done, &r);
        while (left) {
            main_loop_wait(rig.loop, true);
        }
        g_assert_cmpint(r.ret, ==, 0);
        g_assert_cmpint(blk_pread(rig.blk, 1 << 20, data, 512), ==, 0);
        g_assert_cmpmem(data, 512, zeros, 512);
        g_assert_cmpint(disk.len, <, (int64_t)image->len + (i ? 8 << 20 : 1 << 20));
        rig_close(&rig);
        unsigned leaks;
        char *why = NULL;
        g_assert_true(image_check(disk.data, disk.len, &leaks, &why));
        g_assert_cmpuint(leaks, ==, 0);
        mem_disk_clear(&disk);
    }
    g_unlink(base);
}

/* Refcount blocks full of nonsense behind the end of the file: an allocation passes over them, in bounded time. */
static void test_counts_behind_the_end(void)
{
    static const ImageSpec spec = {3, 9, 0, 1 << 20, NULL};
    g_autoptr(GByteArray) image = image_make(&spec);
    uint64_t junk = image->len;
    g_byte_array_set_size(image, image->len + 512);
    memset(image->data + junk, 0xff, 512);
    image->data[1024] |= 1u << junk / 512; /* it is in use */
    for (uint64_t i = 1; i < 64; i++) {
        st_be64(image->data + 512 + i * 8, junk);
    }
    memset(image->data + 1024 + 1, 0xff, 511); /* three clusters are free: too few */
    MemDisk disk;
    Rig rig;
    uint8_t data[2048] = {5};
    mem_disk_init(&disk, image->data, image->len, NULL);
    rig_open(&rig, &disk, "qcow2", NULL, NULL, NULL);
    g_assert_nonnull(rig.blk);
    g_assert_cmpint(blk_pwrite(rig.blk, 7, data, sizeof(data), 0), ==, 0); /* 4096 * 63 clusters further on */
    g_assert_cmpint(disk.len, >, 63 * 4096 * 512);
    rig_close(&rig);
    mem_disk_clear(&disk);
}

/* A full file: the write fails, and goes through once there is room again. */
static void test_full_file(void)
{
    static const ImageSpec spec = {3, 12, 4, 1 << 20, NULL};
    g_autoptr(GByteArray) image = image_make(&spec);
    g_autofree uint8_t *data = g_malloc(300000);
    MemDisk disk;
    Rig rig;
    memset(data, 3, 300000);
    mem_disk_init(&disk, image->data, image->len, NULL);
    disk.max = image->len + 100000;
    rig_open(&rig, &disk, "qcow2", NULL, NULL, NULL);
    g_assert_cmpint(blk_pwrite(rig.blk, 1000, data, 300000, 0), ==, -ENOSPC);
    disk.max = INT64_MAX;
    g_assert_cmpint(blk_pwrite(rig.blk, 1000, data, 300000, 0), ==, 0);
    rig_close(&rig);
    unsigned leaks;
    char *why = NULL;
    g_assert_true(image_check(disk.data, disk.len, &leaks, &why));
    for (int64_t s = 2; s < 500; s++) {
        g_assert_cmpmem(image_sector(disk.data, disk.len, s), 512, data, 512);
    }
    mem_disk_clear(&disk);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    scratch = g_dir_make_tmp("mimic-io-XXXXXX", NULL);
    g_test_add_func("/block/io/partial-and-whole", test_partial_and_whole);
    g_test_add_func("/block/io/unaligned-crowd", test_unaligned_crowd);
    g_test_add_func("/block/io/large-unaligned", test_large_unaligned);
    g_test_add_func("/block/io/bounds", test_bounds);
    g_test_add_func("/block/io/foreign-thread", test_foreign_thread);
    g_test_add_data_func("/block/io/nested/threads", "threads", test_nested);
    g_test_add_data_func("/block/io/nested/io_uring", "io_uring", test_nested);
    g_test_add_data_func("/block/io/odd-length/threads", "threads", test_odd_length);
    g_test_add_data_func("/block/io/odd-length/io_uring", "io_uring", test_odd_length);
    g_test_add_func("/block/io/not-files", test_not_files);
    g_test_add_func("/block/io/guessed-raw", test_guessed_raw);
    g_test_add_func("/block/io/zero-everything", test_zero_everything);
    g_test_add_func("/block/io/counts-behind-the-end", test_counts_behind_the_end);
    g_test_add_func("/block/io/full-file", test_full_file);
    int status = g_test_run();
    g_rmdir(scratch);
    return status;
}

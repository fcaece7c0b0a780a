/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kill -9: a process that writes a qcow2 file is killed at a random moment; the file must be consistent (leaks are allowed) and hold, in every sector,
 * what was flushed last or written later. This goes the whole way through the thread pool or io_uring to a file of the host.
 *
 * The writer writes generation after generation: every generation writes some sectors, flushes, and then says so through a pipe.
 * MIMIC_KILL_ROUNDS=N: that many kills for each way (15).
 */
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "block-support.h"
#include "util/bytes.h"
#include "util/option.h"

enum { SECTOR = 512, SECTORS = 4096, PER_GENERATION = 24 };

static char *scratch;

/* What generation @n writes: sectors and lengths from the number alone. */
static int64_t place(uint32_t generation, int i, int64_t *count)
{
    uint64_t v = (generation * 64ull + (uint64_t)i) * 0x9e3779b97f4a7c15ull;
    v ^= v >> 29;
    v *= 0xbf58476d1ce4e5b9ull;
    *count = 1 + (int64_t)(v >> 58) % 20;
    return (int64_t)(v >> 20) % (SECTORS - *count) & INT64_MAX;
}

static void G_GNUC_NORETURN writer(const char *path, const char *aio, uint32_t generation, int out)
{
    EventLoop *loop = event_loop_new(NULL);
    BlockGraph *graph = block_graph_new(loop);
    g_autofree char *text = g_strdup_printf("file=%s,format=qcow2,aio=%s", path, aio);
    g_autoptr(OptionSet) opts = option_set_parse(text, NULL, NULL);
    BlockBackend *blk = blk_new_from_drive(graph, opts, NULL);
    for (int i = 0; !blk && i < 1000; i++) { /* the kernel takes a ring of a killed process down at its leisure, and its file with it */
        g_usleep(5000);
        blk = blk_new_from_drive(graph, opts, NULL);
    }
    uint8_t buf[20 * SECTOR];
    if (!blk) {
        _exit(1);
    }
    for (;; generation++) {
        for (int i = 0; i < PER_GENERATION; i++) {
            int64_t count, sector = place(generation, i, &count);
            for (int64_t k = 0; k < count * SECTOR; k += 8) {
                st_le64(buf + k, (uint64_t)generation << 32 | (uint64_t)(sector + k / SECTOR));
            }
            if (blk_pwrite(blk, sector * SECTOR, buf, count * SECTOR, 0) < 0) {
                _exit(2);
            }
        }
        if (blk_flush(blk) < 0 || write(out, &generation, sizeof(generation)) != sizeof(generation)) {
            _exit(3);
        }
    }
}

/* The last generation that was reported before the kill; runs the writer for about @us microseconds after its first report. */
static uint32_t run_and_kill(const char *path, const char *aio, uint32_t generation, gulong us)
{
    int fds[2];
    g_assert_cmpint(pipe(fds), ==, 0);
    pid_t pid = fork();
    g_assert_cmpint(pid, >=, 0);
    if (pid == 0) {
        close(fds[0]);
        writer(path, aio, generation, fds[1]);
    }
    close(fds[1]);
    uint32_t last = 0, value;
    if (read(fds[0], &value, sizeof(value)) == sizeof(value)) {
        last = value;
        g_usleep(us);
    }
    kill(pid, SIGKILL);
    while (read(fds[0], &value, sizeof(value)) == sizeof(value)) {
        last = value;
    }
    int status;
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    close(fds[0]);
    g_assert_true(WIFSIGNALED(status) && last >= generation);
    return last;
}

/* @settled[s]: generation that was flushed; anything later up to @newest may stand there. */
static void check_file(const char *path, const uint32_t *settled, uint32_t newest)
{
    g_autofree char *data = NULL;
    g_autofree char *why = NULL;
    gsize len;
    unsigned leaks;
    g_assert_true(g_file_get_contents(path, &data, &len, NULL));
    if (!image_check((uint8_t *)data, (int64_t)len, &leaks, &why)) {
        g_error("%s", why);
    }
    for (int64_t s = 0; s < SECTORS; s++) {
        const uint8_t *sector = image_sector((uint8_t *)data, (int64_t)len, s);
        uint64_t word = sector ? ld_le64(sector) : 0, generation = word >> 32;
        for (int k = 8; sector && k < SECTOR; k += 8) {
            g_assert_cmpuint(ld_le64(sector + k), ==, word);
        }
        g_assert_true(generation >= settled[s] && generation <= newest);
        g_assert_true(!generation || (uint32_t)word == s);
    }
}

static void test_kill(gconstpointer opaque)
{
    const char *aio = opaque, *number = g_getenv("MIMIC_KILL_ROUNDS");
    int rounds = number ? atoi(number) : 15;
    static const ImageSpec spec = {3, 12, 4, SECTORS * SECTOR, NULL};
    g_autofree char *path = g_build_filename(scratch, "disk.qcow2", NULL);
    g_autofree uint32_t *settled = g_new0(uint32_t, SECTORS);
    GRand *rand = g_rand_new_with_seed(3);
    uint32_t generation = 1;
    for (int round = 0; round < rounds; round++) {
        if (round % 5 == 0) { /* a new one now and then: most happens in the beginning */
            g_autoptr(GByteArray) image = image_make(&spec);
            g_assert_true(g_file_set_contents(path, (char *)image->data, image->len, NULL));
            memset(settled, 0, SECTORS * sizeof(*settled));
        }
        uint32_t last = run_and_kill(path, aio, generation, (gulong)g_rand_int_range(rand, 0, 30000));
        for (; generation <= last; generation++) {
            for (int i = 0; i < PER_GENERATION; i++) {
                int64_t count, sector = place(generation, i, &count);
                for (int64_t s = sector; s < sector + count; s++) {
                    settled[s] = generation;
                }
            }
        }
        generation += 1; /* the one that was cut off */
        check_file(path, settled, generation - 1);
    }
    g_rand_free(rand);
    g_unlink(path);
}

static bool have_io_uring(void)
{
    EventLoop *loop = event_loop_new(NULL);
    BlockGraph *graph = block_graph_new(loop);
    g_autofree char *path = g_build_filename(scratch, "probe", NULL);
    g_autofree char *text = g_strdup_printf("file=%s,format=raw,aio=io_uring", path);
    g_autoptr(OptionSet) opts = option_set_parse(text, NULL, NULL);
    g_file_set_contents(path, "", 0, NULL);
    bool have = blk_new_from_drive(graph, opts, NULL);
    block_graph_free(graph);
    event_loop_free(loop);
    g_unlink(path);
    return have;
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    scratch = g_dir_make_tmp("mimic-kill-XXXXXX", NULL);
    g_test_add_data_func("/block/kill/threads", "threads", test_kill);
    if (have_io_uring()) {
        g_test_add_data_func("/block/kill/io_uring", "io_uring", test_kill);
    }
    int status = g_test_run();
    g_rmdir(scratch);
    return status;
}

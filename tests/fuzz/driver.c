/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small driver for fuzz targets (files with an LLVMFuzzerTestOneInput), so that they run with any compiler: it mutates
 * seeds for a given time with a given random seed. With clang the same files link with -fsanitize=fuzzer instead.
 *
 *   fuzz-x [--seconds N] [--runs N] [--seed N] [--max-len N] [FILE|DIRECTORY...]
 *
 * Files named are seeds beside those the target has built in (fuzz_seeds). With --runs 0 they are only run once, which
 * reproduces a crash. Before each input is run it stands in memory that a crash handler writes to `crash-TARGET`
 * in the current directory. An input that takes longer than 20 seconds is a failure too.
 * Coverage is not measured, but an input that makes the target answer with a new value (targets return a small hash of
 * what they saw) is kept as a seed: a cheap substitute that goes well below the first error check.
 */
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

#define KEPT_MAX 2000

static GPtrArray *corpus; /* GByteArray * */
static GHashTable *answers;
static uint64_t rng;
static const uint8_t *volatile current_data;
static volatile size_t current_len;
static char crash_name[256] = "crash";

static uint64_t random64(void)
{
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return rng * 0x2545f4914f6cdd1dull;
}

static size_t below(size_t n)
{
    return n ? random64() % n : 0;
}

/* Only async-signal-safe calls. */
static void on_crash(int sig)
{
    int fd = open(crash_name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    static const char note[] = "fuzz: the input that failed was written to the file crash-TARGET\n";

    if (fd >= 0) {
        ssize_t n = write(fd, current_data, current_len);

        n = write(2, note, sizeof(note) - 1) + n;
        close(fd);
    }
    signal(sig, SIG_DFL);
    raise(sig);
}

static void add_seed(const uint8_t *data, size_t len)
{
    GByteArray *a = g_byte_array_sized_new(len);

    g_byte_array_append(a, data, len);
    g_ptr_array_add(corpus, a);
}

static void add_path(const char *path)
{
    GDir *dir = g_dir_open(path, 0, NULL);
    const char *name;
    char *data;
    gsize len;

    if (!dir) {
        if (!g_file_get_contents(path, &data, &len, NULL)) {
            fprintf(stderr, "fuzz: cannot read '%s'\n", path);
            exit(2);
        }
        add_seed((uint8_t *)data, len);
        g_free(data);
        return;
    }
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *full = g_build_filename(path, name, NULL);

        add_path(full);
    }
    g_dir_close(dir);
}

/* --- mutation --- */

static const uint8_t interesting[] = {0, 1, 0x7f, 0x80, 0xff, '"', '\\', ',', '.', '=', '{', '}', '[', ']', '0', '9', '-', '\n'};

static void insert_bytes(GByteArray *a, size_t at, const uint8_t *data, size_t len)
{
    size_t old = a->len;

    g_byte_array_set_size(a, old + len);
    memmove(a->data + at + len, a->data + at, old - at);
    memcpy(a->data + at, data, len);
}

static void mutate_once(GByteArray *a, size_t max_len)
{
    const GByteArray *other = corpus->pdata[below(corpus->len)];
    size_t at = below(a->len), len = 1 + below(MIN(a->len - MIN(at, a->len), 64));
    uint8_t buf[64];

    switch (below(9)) {
    case 0: /* a bit */
        if (a->len) {
            a->data[at] ^= 1u << below(8);
        }
        break;
    case 1: /* a byte */
        if (a->len) {
            a->data[at] = random64();
        }
        break;
    case 2:
        if (a->len) {
            a->data[at] = interesting[below(sizeof(interesting))];
        }
        break;
    case 3: /* take out */
        if (a->len) {
            g_byte_array_remove_range(a, at, MIN(len, a->len - at));
        }
        break;
    case 4: /* repeat a piece */
        len = MIN(len, a->len - at);
        if (len) {
            memcpy(buf, a->data + at, len);
        }
        for (size_t n = 1 + below(16); n && len; n--) {
            insert_bytes(a, at, buf, len);
        }
        break;
    case 5: /* a piece of another seed */
        if (other->len) {
            size_t from = below(other->len);

            insert_bytes(a, at, other->data + from, 1 + below(other->len - from));
        }
        break;
    case 6: /* an integer of some size, near a limit */
        len = (size_t)1 << below(4);
        memset(buf, random64() & 1 ? 0xff : 0, 8);
        buf[below(8)] = interesting[below(5)];
        if (len <= a->len - at && a->len) {
            memcpy(a->data + at, buf, len);
        }
        break;
    case 7:
        insert_bytes(a, at, &interesting[below(sizeof(interesting))], 1);
        break;
    default: /* cut off */
        g_byte_array_set_size(a, at);
        break;
    }
    if (a->len > max_len) {
        g_byte_array_set_size(a, max_len);
    }
}

static bool run_one(const uint8_t *data, size_t len)
{
    /* In a block of its exact size, so that ASan sees a read beyond it. */
    g_autofree uint8_t *copy = g_malloc(len ? len : 1);
    int64_t start = g_get_monotonic_time(), took;
    int answer;

    memcpy(copy, len ? data : (const uint8_t *)"", len);
    current_data = copy;
    current_len = len;
    answer = LLVMFuzzerTestOneInput(copy, len);
    took = g_get_monotonic_time() - start;
    if (took > 20 * G_USEC_PER_SEC) {
        fprintf(stderr, "fuzz: one input took %d ms\n", (int)(took / 1000));
        raise(SIGABRT);
    }
    return g_hash_table_add(answers, GINT_TO_POINTER(answer));
}

static uint64_t fuzz(double seconds, uint64_t runs, size_t max_len)
{
    int64_t end = g_get_monotonic_time() + (int64_t)(seconds * G_USEC_PER_SEC);
    uint64_t n = 0;

    for (guint i = 0; i < corpus->len; i++) {
        const GByteArray *a = corpus->pdata[i];

        run_one(a->data, a->len);
    }
    while (n < runs && g_get_monotonic_time() < end) {
        const GByteArray *seed = corpus->pdata[below(corpus->len)];
        g_autoptr(GByteArray) a = g_byte_array_new();

        g_byte_array_append(a, seed->data, seed->len);
        for (size_t k = 1 + below(6); k; k--) {
            mutate_once(a, max_len);
        }
        if (run_one(a->data, a->len) && corpus->len < KEPT_MAX) {
            add_seed(a->data, a->len);
        }
        n++;
    }
    return n;
}

int main(int argc, char **argv)
{
    double seconds = 2;
    gint64 runs = -1, seed = 1, max_len = 4096;
    GOptionEntry entries[] = {
        {"seconds", 0, 0, G_OPTION_ARG_DOUBLE, &seconds, "how long (2)", "N"},
        {"runs", 0, 0, G_OPTION_ARG_INT64, &runs, "at most so many inputs; 0: the seeds only", "N"},
        {"seed", 0, 0, G_OPTION_ARG_INT64, &seed, "of the random numbers (1)", "N"},
        {"max-len", 0, 0, G_OPTION_ARG_INT64, &max_len, "longest input (4096)", "N"},
        {NULL},
    };
    g_autoptr(GOptionContext) context = g_option_context_new("[FILE|DIRECTORY...]");
    g_autoptr(GError) err = NULL;
    g_autofree char *target = g_path_get_basename(argv[0]);
    uint64_t n;

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &err)) {
        fprintf(stderr, "fuzz: %s\n", err->message);
        return 2;
    }
    corpus = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
    answers = g_hash_table_new(NULL, NULL);
    rng = (uint64_t)seed * 0x9e3779b97f4a7c15ull + 1;
    g_snprintf(crash_name, sizeof(crash_name), "crash-%s", target);
    for (const FuzzSeed *s = fuzz_seeds; s->data; s++) {
        add_seed(s->data, s->len);
    }
    add_seed((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++) {
        add_path(argv[i]);
    }
    signal(SIGSEGV, on_crash);
    signal(SIGABRT, on_crash);
    signal(SIGFPE, on_crash);
    signal(SIGILL, on_crash);
    signal(SIGBUS, on_crash);
    n = fuzz(seconds, runs < 0 ? UINT64_MAX : (uint64_t)runs, (size_t)max_len);
    printf("%s: %u seeds, %" G_GUINT64_FORMAT " inputs, %u answers: ok\n", target, corpus->len, n,
           g_hash_table_size(answers));
    g_ptr_array_free(corpus, TRUE);
    g_hash_table_destroy(answers);
    return 0;
}

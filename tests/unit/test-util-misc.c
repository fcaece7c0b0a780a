/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The small parts: checked arithmetic, byte order and the reader; the log; trace events; RCU.
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "util/bytes.h"
#include "util/log.h"
#include "util/rcu.h"
#include "util/trace.h"

TRACE_EVENT(misc_one, "value %d");
TRACE_EVENT(misc_two, "name %s");
TRACE_EVENT(misc_bare, "nothing");

static void test_arithmetic(void)
{
    uint64_t v = 77;

    g_assert_true(add_u64(UINT64_MAX - 1, 1, &v) && v == UINT64_MAX);
    g_assert_false(add_u64(UINT64_MAX, 1, &v));
    g_assert_true(sub_u64(5, 5, &v) && v == 0);
    g_assert_false(sub_u64(5, 6, &v));
    g_assert_true(mul_u64(1ull << 32, (1ull << 32) - 1, &v) && v == ((1ull << 32) - 1) << 32);
    g_assert_false(mul_u64(1ull << 32, 1ull << 32, &v));
    g_assert_true(range_within(0, 10, 10) && range_within(10, 0, 10) && range_within(3, 7, 10));
    g_assert_false(range_within(3, 8, 10) || range_within(11, 0, 10) || range_within(UINT64_MAX, 2, 10));
    g_assert_false(range_within(5, UINT64_MAX, 10));
    g_assert_true(align_up_u64(4097, 4096, &v) && v == 8192);
    g_assert_true(align_up_u64(4096, 4096, &v) && v == 4096);
    g_assert_false(align_up_u64(UINT64_MAX - 5, 4096, &v));
    g_assert_true(is_power_of_2(1ull << 63) && !is_power_of_2(0) && !is_power_of_2(6));
}

static void test_reader(void)
{
    static const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    Reader r = reader_init(data, sizeof(data));
    uint8_t out[8];

    g_assert_cmpuint(reader_u8(&r), ==, 1);
    g_assert_cmpuint(reader_le16(&r), ==, 0x0302);
    g_assert_cmpuint(reader_be32(&r), ==, 0x04050607);
    g_assert_cmpuint(reader_le64(&r), ==, 0x0f0e0d0c0b0a0908);
    g_assert_cmpuint(reader_left(&r), ==, 1);
    g_assert_false(r.failed);
    g_assert_cmpuint(reader_be16(&r), ==, 0);
    g_assert_true(r.failed);
    g_assert_cmpuint(reader_u8(&r), ==, 0); /* stays failed */
    g_assert_cmpuint(reader_left(&r), ==, 0);
    r = reader_init(data, sizeof(data));
    g_assert_true(reader_seek(&r, 16));
    g_assert_nonnull(reader_bytes(&r, 0));
    g_assert_null(reader_bytes(&r, SIZE_MAX));
    r = reader_init(data, sizeof(data));
    g_assert_false(reader_seek(&r, 17));
    st_be32(out, 0x11223344);
    g_assert_cmpuint(ld_le32(out), ==, 0x44332211);
    st_le64(out, 1);
    g_assert_cmpuint(ld_be64(out), ==, 1ull << 56);
}

static char *log_path(void)
{
    return g_strdup_printf("%s/mimic-log-%d", g_get_tmp_dir(), (int)getpid());
}

static char *read_log(void)
{
    g_autofree char *path = log_path();
    char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

static void test_log(void)
{
    g_autofree char *pattern = g_strdup_printf("%s/mimic-log-%%d", g_get_tmp_dir()), *text = NULL;
    g_autoptr(Error) err = NULL, no_dir = NULL;
    uint32_t mask = 0;
    FILE *f;

    g_assert_true(log_parse_items("in_asm,int", &mask, &err));
    g_assert_cmpuint(mask, ==, LOG_IN_ASM | LOG_INT);
    g_assert_true(log_parse_items("all", &mask, &err));
    g_assert_true((mask & LOG_MMU) && !(mask & LOG_NOCHAIN));
    g_assert_false(log_parse_items("in_asn", &mask, &err));
    g_assert_cmpstr(error_hint(err), ==, "Did you mean 'in_asm'?");
    g_assert_false(log_set_file("/nonexistent/x", &no_dir));
    g_assert_true(log_set_file(pattern, NULL));
    log_set_mask(LOG_INT);
    log_if(LOG_INT, "shown %d\n", 1);
    log_if(LOG_EXEC, "hidden\n");
    log_printf(LOG_EXEC | LOG_INT, "either\n");
    f = log_lock();
    fputs("several ", f);
    log_printf(LOG_INT, "together\n");
    log_unlock(f);
    text = read_log();
    g_assert_cmpstr(text, ==, "shown 1\neither\nseveral together\n");
}

static void test_trace(void)
{
    g_autofree char *text = NULL;
    g_autoptr(Error) err = NULL;

    trace(misc_one, 1);
    g_assert_true(trace_set_pattern("misc_*", true, NULL));
    g_assert_true(trace_set_pattern("-misc_t?o", true, NULL));
    g_assert_true(trace_set_pattern("no_such_*", true, NULL));
    g_assert_false(trace_set_pattern("misc_on", true, &err));
    g_assert_cmpstr(error_hint(err), ==, "Did you mean 'misc_one'?");
    trace(misc_one, 42);
    trace(misc_two, "hidden");
    trace(misc_bare);
    g_assert_true(trace_set_pattern("misc_one", false, NULL));
    trace(misc_one, 43);
    text = read_log();
    g_assert_nonnull(strstr(text, ":misc_one value 42\n"));
    g_assert_nonnull(strstr(text, ":misc_bare nothing\n"));
    g_assert_null(strstr(text, "hidden"));
    g_assert_null(strstr(text, "value 43")); /* time and process id may hold the digits */
}

/* --- RCU --- */

typedef struct Version {
    int value, check;
} Version;

static Version *current;
static bool stop_readers;

static gpointer reader_thread(gpointer opaque)
{
    rcu_thread_register();
    rcu_thread_register();
    while (!__atomic_load_n(&stop_readers, __ATOMIC_RELAXED)) {
        const Version *v;

        rcu_read_begin();
        v = rcu_read(current);
        g_assert_cmpint(v->value + v->check, ==, 0);
        rcu_read_end();
    }
    return NULL; /* its registration ends with it */
}

static void free_version(void *opaque)
{
    Version *v = opaque;

    v->value = v->check = 1; /* a reader that still sees it fails */
    g_free(v);
}

static void test_rcu(void)
{
    GThread *t[2];

    current = g_new0(Version, 1);
    t[0] = g_thread_new("reader0", reader_thread, NULL);
    t[1] = g_thread_new("reader1", reader_thread, NULL);
    for (int i = 1; i < 300; i++) {
        Version *old = current, *new = g_new0(Version, 1);

        new->value = i;
        new->check = -i;
        rcu_publish(current, new);
        if (i % 2) {
            rcu_defer(free_version, old);
        } else {
            rcu_wait();
            free_version(old);
        }
    }
    __atomic_store_n(&stop_readers, true, __ATOMIC_RELAXED);
    g_thread_join(t[0]);
    g_thread_join(t[1]);
    rcu_defer(free_version, current);
    rcu_drain();
    rcu_thread_unregister();
    rcu_thread_unregister();
}

int main(int argc, char **argv)
{
    g_autofree char *path = log_path();
    int result;

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/misc/arithmetic", test_arithmetic);
    g_test_add_func("/misc/reader", test_reader);
    g_test_add_func("/misc/log", test_log);
    g_test_add_func("/misc/trace", test_trace);
    g_test_add_func("/misc/rcu", test_rcu);
    result = g_test_run();
    g_unlink(path);
    return result;
}

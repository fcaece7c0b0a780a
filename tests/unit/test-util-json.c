/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON: values, 64-bit integers, printing, malformed input, bounds, and the stream splitter fed in every possible cut.
 */
#include <glib.h>
#include <string.h>

#include "util/json.h"

static void round_trip(const char *text, const char *expect)
{
    g_autoptr(Error) err = NULL;
    g_autoptr(JsonValue) v = json_parse(text, &err), copy = NULL;
    g_autofree char *printed = NULL;

    g_assert_null(err);
    copy = json_copy(v);
    printed = json_print(copy, false);
    g_assert_cmpstr(printed, ==, expect);
}

static void test_round_trip(void)
{
    round_trip("{\"a\":[1,-2,{\"b\":null}],'c':true}", "{\"a\": [1, -2, {\"b\": null}], \"c\": true}");
    round_trip(" [ ] ", "[]");
    round_trip("{}", "{}");
    round_trip("18446744073709551615", "18446744073709551615");
    round_trip("9223372036854775807", "9223372036854775807");
    round_trip("-9223372036854775808", "-9223372036854775808");
    round_trip("1e3", "1000.0");
    round_trip("0.1", "0.1");
    round_trip("-0.5E-2", "-0.005");
    round_trip("123456789.123456789", "123456789.12345679");
    round_trip("18446744073709551616", "1.8446744073709552e+19");
    round_trip("\"\\u00e9\\ud83d\\ude00\\n\\/\"", "\"\\u00E9\\uD83D\\uDE00\\n/\"");
    round_trip("\"\xc3\xa9\"", "\"\\u00E9\"");
    round_trip("'say \"x\" \\' '", "\"say \\\"x\\\" ' \"");
}

static void test_numbers(void)
{
    g_autoptr(JsonValue) v = json_parse("[18446744073709551615, -1, 5, 1.5]", NULL);
    uint64_t u;
    int64_t i;

    g_assert_cmpint(json_type(json_at(v, 0)), ==, JSON_UINT);
    g_assert_true(json_get_u64(json_at(v, 0), &u) && u == UINT64_MAX);
    g_assert_false(json_get_i64(json_at(v, 0), &i));
    g_assert_true(json_get_i64(json_at(v, 1), &i) && i == -1);
    g_assert_false(json_get_u64(json_at(v, 1), &u));
    g_assert_true(json_get_u64(json_at(v, 2), &u) && u == 5);
    g_assert_false(json_get_i64(json_at(v, 3), &i));
    g_assert_true(json_get_double(json_at(v, 3)) == 1.5);
    g_assert_null(json_at(v, 4));
    g_assert_false(json_get_u64(NULL, &u));
}

static void test_objects(void)
{
    g_autoptr(JsonValue) v = json_object();

    for (int i = 0; i < 1000; i++) {
        g_autofree char *key = g_strdup_printf("k%d", i);

        json_set(v, key, json_int(i));
    }
    json_set(v, "k7", json_string("seven")); /* keeps its place */
    g_assert_cmpuint(json_length(v), ==, 1000);
    g_assert_cmpstr(json_key_at(v, 7), ==, "k7");
    g_assert_cmpstr(json_get_string(json_value_at(v, 7)), ==, "seven");
    g_assert_cmpstr(json_get_string(json_lookup(v, "k7")), ==, "seven");
    g_assert_null(json_lookup(v, "none"));
    g_assert_null(json_key_at(v, 1000));
    g_assert_null(json_lookup(json_at(v, 0), "x"));
}

static void test_pretty(void)
{
    g_autoptr(JsonValue) v = json_parse("{'a':[1,{}],'b':'x'}", NULL);
    g_autofree char *text = json_print(v, true);
    g_autoptr(JsonValue) odd = json_string("bad \xff utf");
    g_autofree char *odd_text = json_print(odd, false);

    g_assert_cmpstr(text, ==, "{\n    \"a\": [\n        1,\n        {}\n    ],\n    \"b\": \"x\"\n}");
    g_assert_cmpstr(odd_text, ==, "\"bad \\uFFFD utf\"");
}

static void test_malformed(void)
{
    static const char *const bad[] = {
        "", " ", "{", "}", "[", "]", "[1,]", "[,1]", "{,}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "[1 2]", "01", "-",
        "1.", ".5", "1e", "1e+", "+1", "tru", "nulll", "True", "\"", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u000g\"",
        "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\\u0000\"", "\"\x01\"", "\"\n\"", "\"\xff\"", "\"\xc3\"",
        "\"\xed\xa0\x80\"", "{\"a\":1,\"a\":2}", "1 1", "{}{}", "1e999", "'", "'\\", "#", "/**/1", "NaN", "-Infinity", "0x10",
        "[1}", "{\"a\":1]", "\xef\xbb\xbf{}",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(Error) err = NULL;
        g_autoptr(JsonValue) v = json_parse(bad[i], &err);

        if (v || !err) {
            g_error("accepted: %s", bad[i]);
        }
        g_assert_true(g_str_has_prefix(error_message(err), "JSON parse error, "));
    }
}

static void test_depth(void)
{
    for (int depth = 400; depth <= 100000; depth += 99600) {
        g_autofree char *open = g_strnfill(depth, '['), *close = g_strnfill(depth, ']');
        g_autofree char *text = g_strconcat(open, close, NULL);
        g_autoptr(Error) err = NULL;
        g_autoptr(JsonValue) v = json_parse(text, &err);

        g_assert_true((v != NULL) == (depth == 400));
        if (err) {
            g_assert_nonnull(strstr(error_message(err), "nested deeper"));
        }
    }
}

typedef struct Log {
    GString *text;
    int errors;
} Log;

static void emit(JsonValue *value, Error *err, void *opaque)
{
    Log *log = opaque;

    g_assert_true(!value != !err);
    if (value) {
        g_autofree char *s = json_print(value, false);

        g_string_append_printf(log->text, "%s;", s);
        json_free(value);
    } else {
        log->errors++;
        g_string_append(log->text, "error;");
        error_free(err);
    }
}

static void feed(const char *data, size_t len, size_t cut, const char *expect)
{
    Log log = {.text = g_string_new(NULL)};
    JsonStream *s = json_stream_new(emit, &log);

    json_stream_feed(s, data, cut);
    json_stream_feed(s, data + cut, len - cut);
    if (strcmp(log.text->str, expect)) {
        g_error("fed '%s' cut at %zu: got %s, not %s", data, cut, log.text->str, expect);
    }
    json_stream_free(s);
    g_string_free(log.text, TRUE);
}

static void test_stream(void)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"{'a':1}{'b':2}\n[3] 4 \"x\"'y' true ", "{\"a\": 1};{\"b\": 2};[3];4;\"x\";\"y\";true;"},
        {"{\"s\":\"}{\\\"]\"}", "{\"s\": \"}{\\\"]\"};"},
        {"} {}\n{}", "error;{};"},
        {"{\"a\n{}\n", "error;{};"},
        {"{\"a\001 {}}\n[1]", "error;[1];"},
        {"{x}[2]", "error;[2];"},
        {"{\"a\":\xff[1]", "error;[1];"},
        {"\xff\xff{}", "{};"},
        {"[1}[2]", "error;[2];"},
        {"12{} ", "12;{};"},
        {"bad [1]", "error;[1];"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        size_t len = strlen(cases[i].in);

        for (size_t cut = 0; cut <= len; cut++) {
            feed(cases[i].in, len, cut, cases[i].out);
        }
    }
}

static void test_stream_bounds(void)
{
    Log log = {.text = g_string_new(NULL)};
    JsonStream *s = json_stream_new(emit, &log);
    g_autofree char *chunk = g_strnfill(1 << 20, '[');

    json_stream_feed(s, chunk, 1 << 20);
    g_assert_cmpint(log.errors, ==, 1);
    json_stream_feed(s, "\n{}", 3);
    g_assert_cmpstr(log.text->str, ==, "error;{};");
    json_stream_feed(s, "\"", 1);
    memset(chunk, 'x', 1 << 20);
    for (int i = 0; i < 70; i++) {
        json_stream_feed(s, chunk, 1 << 20);
    }
    g_assert_cmpint(log.errors, ==, 2);
    json_stream_feed(s, "\n1 ", 3);
    g_assert_cmpstr(log.text->str, ==, "error;{};error;1;");
    json_stream_free(s);
    g_string_free(log.text, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/json/round-trip", test_round_trip);
    g_test_add_func("/json/numbers", test_numbers);
    g_test_add_func("/json/objects", test_objects);
    g_test_add_func("/json/pretty", test_pretty);
    g_test_add_func("/json/malformed", test_malformed);
    g_test_add_func("/json/depth", test_depth);
    g_test_add_func("/json/stream", test_stream);
    g_test_add_func("/json/stream-bounds", test_stream_bounds);
    return g_test_run();
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Field tables: defaults, text and JSON round trips, ranges, reset, nested structs and lists; and the number parsers.
 */
#include <glib.h>
#include <string.h>

#include "util/field.h"
#include "util/json.h"

typedef struct Point {
    uint32_t x;
    char *label;
} Point;

typedef struct All {
    bool flag;
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    int32_t i32;
    int64_t i64;
    uint64_t size;
    double f64;
    char *string;
    int mode;
    Point point;
    GPtrArray *list;
    char **names;
    uint8_t mac[6];
    struct JsonValue *any;
    uint16_t regs[4];
    uint8_t raw[5];
} All;

static const char *const modes[] = {"none", "read", "write", NULL};
static const Field point_fields[] = {
    FIELD(Point, x, FIELD_U32, "x", FIELD_REQUIRED),
    FIELD(Point, label, FIELD_STRING, "label", 0, .def_str = "here"),
    FIELD_END,
};
static const Field fields[] = {
    FIELD(All, flag, FIELD_BOOL, "flag", FIELD_PROP, .def = 1),
    FIELD(All, u8, FIELD_U8, "u8", FIELD_PROP, .def = 8, .min = 1, .max = 100),
    FIELD(All, u16, FIELD_U16, "u16", FIELD_PROP | FIELD_STATE, .def = 16),
    FIELD(All, u32, FIELD_U32, "u32", FIELD_PROP),
    FIELD(All, u64, FIELD_U64, "u64", FIELD_PROP, .def = -1),
    FIELD(All, i32, FIELD_I32, "i32", FIELD_PROP, .def = -32, .min = (uint64_t)-100, .max = 50),
    FIELD(All, i64, FIELD_I64, "i64", FIELD_PROP),
    FIELD(All, size, FIELD_SIZE, "size", FIELD_PROP, .def = 4096),
    FIELD(All, f64, FIELD_F64, "f64", FIELD_PROP, .def_str = "0.25"),
    FIELD(All, string, FIELD_STRING, "string", FIELD_PROP, .def_str = "text"),
    FIELD(All, mode, FIELD_ENUM, "mode", FIELD_PROP, .info = modes, .def = 1),
    FIELD(All, point, FIELD_STRUCT, "point", FIELD_PROP, .info = point_fields),
    FIELD(All, list, FIELD_LIST, "list", FIELD_PROP, .info = point_fields, .elem_size = sizeof(Point)),
    FIELD(All, names, FIELD_STRLIST, "names", FIELD_PROP),
    FIELD(All, mac, FIELD_MAC, "mac", FIELD_PROP, .def_str = "52:54:00:12:34:56"),
    FIELD(All, any, FIELD_ANY, "any", FIELD_PROP),
    FIELD(All, regs, FIELD_U16, "regs", FIELD_STATE, .count = 4, .def = 7, .max = 0x7fff),
    FIELD(All, raw, FIELD_BYTES, "raw", FIELD_STATE, .count = 5),
    FIELD_END,
};

static char *print(All *a, const char *name)
{
    return field_print(field_find(fields, name), a);
}

static void test_defaults(void)
{
    All a = {0};
    g_autofree char *mac = NULL, *regs = NULL;

    fields_set_defaults(fields, &a);
    g_assert_true(a.flag && a.u8 == 8 && a.u16 == 16 && a.u32 == 0 && a.u64 == UINT64_MAX && a.i32 == -32);
    g_assert_true(a.size == 4096 && a.f64 == 0.25 && a.mode == 1 && a.regs[0] == 7 && a.regs[3] == 7);
    g_assert_cmpstr(a.string, ==, "text");
    g_assert_cmpstr(a.point.label, ==, "here");
    mac = print(&a, "mac");
    regs = print(&a, "regs");
    g_assert_cmpstr(mac, ==, "52:54:00:12:34:56");
    g_assert_cmpstr(regs, ==, "[7, 7, 7, 7]");
    a.u16 = 1;
    a.u32 = 5;
    a.regs[2] = 9;
    a.raw[4] = 1;
    fields_reset(fields, &a, FIELD_STATE);
    g_assert_true(a.u16 == 16 && a.u32 == 5 && a.regs[2] == 7 && a.raw[4] == 0);
    fields_free(fields, &a);
    g_assert_null(a.string);
    fields_free(fields, &a);
}

static void test_text(void)
{
    static const char *const pairs[][3] = {
        {"flag", "off", "off"}, {"flag", "yes", "on"}, {"u8", "100", "100"}, {"u16", "0xffff", "65535"},
        {"u64", "18446744073709551615", "18446744073709551615"}, {"i32", "-100", "-100"},
        {"i64", "-9223372036854775808", "-9223372036854775808"}, {"size", "1.5k", "1536"}, {"f64", "2.5", "2.5"},
        {"string", "a b", "a b"}, {"mode", "write", "write"}, {"mac", "aa-bb-cc-DD-ee-ff", "aa:bb:cc:dd:ee:ff"},
        {"point", "{'x':3}", "{\"x\": 3, \"label\": \"here\"}"}, {"names", "solo", "[\"solo\"]"},
        {"names", "['a','b']", "[\"a\", \"b\"]"}, {"regs", "[1,2,3,0x]", NULL}, {"regs", "[1,2,3,4]", "[1, 2, 3, 4]"},
        {"list", "[{'x':1},{'x':2,'label':'l'}]", "[{\"x\": 1, \"label\": \"here\"}, {\"x\": 2, \"label\": \"l\"}]"},
        {"any", "[1,{'q':null}]", "[1, {\"q\": null}]"},
    };
    All a = {0};

    fields_set_defaults(fields, &a);
    for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
        const Field *f = field_find(fields, pairs[i][0]);
        g_autoptr(Error) err = NULL;
        bool good = field_parse(f, &a, pairs[i][1], &err);
        g_autofree char *text = field_print(f, &a);

        g_assert_true(good == (pairs[i][2] != NULL));
        if (good) {
            g_assert_null(err);
            g_assert_cmpstr(text, ==, pairs[i][2]);
        }
    }
    fields_free(fields, &a);
}

static void test_bad_text(void)
{
    static const char *const bad[][2] = {
        {"flag", "maybe"}, {"u8", "0"}, {"u8", "101"}, {"u8", "256"}, {"u8", "-1"}, {"u8", "010"}, {"u8", ""}, {"u8", "1 "},
        {"u16", "65536"}, {"u32", "0x100000000"}, {"u64", "18446744073709551616"}, {"u64", "0x"}, {"i32", "-101"},
        {"i32", "51"}, {"i32", "2147483648"}, {"i64", "9223372036854775808"}, {"i64", "-9223372036854775809"}, {"i64", "--1"},
        {"size", "1.5"}, {"size", "1q"}, {"size", "1kk"}, {"size", "17E"}, {"size", "-1"}, {"size", "1."}, {"size", "k"},
        {"f64", "x"}, {"f64", "inf"}, {"f64", "nan"}, {"mode", "wrlte"}, {"mac", "52:54:00:12:34"},
        {"mac", "52:54:00:12:34:5g"}, {"mac", "52:54:00:12:34:56:"}, {"point", "{'y':1}"}, {"point", "{}"}, {"point", "3"},
        {"list", "{}"}, {"list", "[{'x':1},{}]"}, {"names", "[1]"}, {"regs", "[1,2]"}, {"regs", "[1,2,3,32768]"}, {"any", "{"},
    };
    All a = {0};

    fields_set_defaults(fields, &a);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(Error) err = NULL;

        if (field_parse(field_find(fields, bad[i][0]), &a, bad[i][1], &err) || !err) {
            g_error("%s accepted '%s'", bad[i][0], bad[i][1]);
        }
    }
    g_assert_true(a.u8 == 8 && a.i32 == -32);
    fields_free(fields, &a);
}

static void test_messages(void)
{
    g_autoptr(Error) range = NULL, word = NULL, unknown = NULL, missing = NULL;
    g_autoptr(JsonValue) json = json_parse("{'lable':'x'}", NULL), empty = json_object();
    Point p = {0};
    All a = {0};

    field_parse(field_find(fields, "u8"), &a, "101", &range);
    g_assert_cmpstr(error_message(range), ==, "Parameter 'u8' does not accept 101: it must be between 1 and 100");
    field_parse(field_find(fields, "mode"), &a, "wirte", &word);
    g_assert_cmpstr(error_message(word), ==, "Parameter 'mode' does not accept value 'wirte' (valid: none, read, write)");
    g_assert_cmpstr(error_hint(word), ==, "Did you mean 'write'?");
    g_assert_false(fields_from_json(point_fields, &p, json, &unknown));
    g_assert_cmpstr(error_message(unknown), ==, "Parameter 'lable' is unexpected");
    g_assert_cmpstr(error_hint(unknown), ==, "Did you mean 'label'?");
    g_assert_false(fields_from_json(point_fields, &p, empty, &missing));
    g_assert_cmpstr(error_message(missing), ==, "Parameter 'x' is missing");
    g_assert_false(field_parse(field_find(fields, "u8"), &a, "9x", NULL));
}

static void test_json(void)
{
    g_autoptr(JsonValue) in = json_parse(
        "{'flag':false,'u64':18446744073709551615,'i64':-5,'size':10,'f64':3,'string':'s','mode':'none','point':{'x':9},"
        "'list':[{'x':4}],'names':['p'],'any':[true],'regs':[4,3,2,1],'raw':'AQIDBAU='}", NULL);
    g_autoptr(Error) err = NULL;
    g_autoptr(JsonValue) out = NULL, again = NULL;
    g_autofree char *one = NULL, *two = NULL;
    All a = {0}, b = {0};

    fields_set_defaults(fields, &a);
    fields_set_defaults(fields, &b);
    g_assert_true(fields_from_json(fields, &a, in, &err));
    g_assert_true(!a.flag && a.u64 == UINT64_MAX && a.i64 == -5 && a.f64 == 3 && a.point.x == 9 && a.regs[3] == 1);
    g_assert_true(a.list->len == 1 && a.raw[4] == 5);
    out = fields_to_json(fields, &a);
    g_assert_true(fields_from_json(fields, &b, out, &err));
    again = fields_to_json(fields, &b);
    one = json_print(out, false);
    two = json_print(again, false);
    g_assert_cmpstr(one, ==, two);
    fields_free(fields, &a);
    fields_free(fields, &b);
}

static void test_bad_json(void)
{
    static const char *const bad[] = {
        "{'u8':'3'}", "{'u8':1.5}", "{'u8':-1}", "{'u8':1000}", "{'flag':1}", "{'flag':'on'}", "{'string':3}", "{'mode':1}",
        "{'mode':'no'}", "{'mac':1}", "{'raw':'AQ=='}", "{'raw':7}", "{'point':[]}", "{'list':[3]}", "{'names':[null]}",
        "{'i64':18446744073709551615}", "{'f64':'1'}", "{'regs':7}", "[]", "3", "{'zz':1}",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(JsonValue) json = json_parse(bad[i], NULL);
        g_autoptr(Error) err = NULL;
        All a = {0};

        g_assert_nonnull(json);
        if (fields_from_json(fields, &a, json, &err) || !err) {
            g_error("accepted %s", bad[i]);
        }
        fields_free(fields, &a);
    }
}

static void test_text_json(void)
{
    g_autoptr(JsonValue) json = json_parse("{'x':'0x10'}", NULL);
    g_autoptr(Error) err = NULL;
    All a = {0};

    fields_set_defaults(fields, &a);
    g_assert_true(field_from_json_text(field_find(fields, "point"), &a, json, &err));
    g_assert_cmpuint(a.point.x, ==, 16);
    g_assert_false(field_from_json(field_find(fields, "point"), &a, json, &err));
    fields_free(fields, &a);
}

static void test_sizes(void)
{
    static const struct {
        const char *text;
        uint64_t value;
    } good[] = {
        {"0", 0}, {"1", 1}, {"1b", 1}, {"1k", 1024}, {"1K", 1024}, {"128M", 128ull << 20}, {"1.5G", 3ull << 29},
        {"0.5k", 512}, {"2T", 2ull << 40}, {"1P", 1ull << 50}, {"15E", 15ull << 60}, {"0x1000", 4096}, {"15.5E", 31ull << 59},
        {"18446744073709551615", UINT64_MAX}, {"1.0000000000000000000000000001k", 1024},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        uint64_t v = 1;

        g_assert_true(parse_size(good[i].text, &v, NULL));
        g_assert_cmpuint(v, ==, good[i].value);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/field/defaults", test_defaults);
    g_test_add_func("/field/text", test_text);
    g_test_add_func("/field/bad-text", test_bad_text);
    g_test_add_func("/field/messages", test_messages);
    g_test_add_func("/field/json", test_json);
    g_test_add_func("/field/bad-json", test_bad_json);
    g_test_add_func("/field/text-json", test_text_json);
    g_test_add_func("/field/sizes", test_sizes);
    return g_test_run();
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Option strings: commas, implied and bare keys, help, JSON, nesting, tables, and what is left unused.
 */
#include <glib.h>
#include <string.h>

#include "util/json.h"
#include "util/option.h"

static void check_json(const char *text, const char *implied, const char *expect)
{
    g_autoptr(Error) err = NULL;
    g_autoptr(OptionSet) set = option_set_parse(text, implied, &err);
    g_autoptr(JsonValue) json = NULL;
    g_autofree char *printed = NULL;

    g_assert_null(err);
    json = option_set_json(set);
    printed = json_print(json, false);
    g_assert_cmpstr(printed, ==, expect);
}

static void test_syntax(void)
{
    check_json("", "driver", "{}");
    check_json("e1000", "driver", "{\"driver\": \"e1000\"}");
    check_json("driver=e1000,mac=x", "driver", "{\"driver\": \"e1000\", \"mac\": \"x\"}");
    check_json("a,,b,c=d,,e,,", "file", "{\"file\": \"a,b\", \"c\": \"d,e,\"}");
    check_json("x=1,x=2", NULL, "{\"x\": \"2\"}");
    check_json("flag,noflag,a=b=c", NULL, "{\"flag\": \"on\", \"noflag\": \"on\", \"a\": \"b=c\"}");
    check_json("a=,b=1", NULL, "{\"a\": \"\", \"b\": \"1\"}");
    check_json("a.b.c=1,a.b.d=2,a.e=3", NULL, "{\"a\": {\"b\": {\"c\": \"1\", \"d\": \"2\"}, \"e\": \"3\"}}");
    check_json("l.0=p,l.1=q", NULL, "{\"l\": [\"p\", \"q\"]}");
    check_json("l.1=q,l.0.x=p", NULL, "{\"l\": [{\"x\": \"p\"}, \"q\"]}");
    check_json("l.4000000000=q", NULL, "{\"l\": {\"4000000000\": \"q\"}}");
    check_json("0=zero", NULL, "{\"0\": \"zero\"}");
    check_json("a=1,a.b=2", NULL, "{\"a\": {\"b\": \"2\"}}");
    check_json(" {'driver':'x','n':5,'o':{'a':[1,'t',true],'e':{}}}", "driver",
               "{\"driver\": \"x\", \"n\": 5, \"o\": {\"a\": [1, \"t\", true], \"e\": {}}}");
}

static void test_malformed(void)
{
    g_autofree char *deep = g_strnfill(100, '.'), *many = g_strnfill(20000, 'a');
    const char *bad[] = {"=x", "a=1,=2", ".=1", "a.=1", ".a=1", "a..b=1", "{", "{'a':1", "{'a.':1}", "{'':1}", "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q=1",
                         deep, many};

    for (int i = 1; i < 20000; i += 2) {
        many[i] = ',';
    }
    many[19998] = '=';
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(Error) err = NULL;

        if (option_set_parse(bad[i], NULL, &err) || !err) {
            g_error("accepted '%s'", bad[i]);
        }
    }
}

static void test_help(void)
{
    g_autoptr(OptionSet) a = option_set_parse("help", "driver", NULL), b = option_set_parse("x,?", "driver", NULL),
                         c = option_set_parse("driver=help", "driver", NULL);
    g_autoptr(Error) err = NULL;

    g_assert_false(option_check_unused(a, "-device", NULL, &err));
    g_assert_true(option_wants_help(a) && !option_has(a, "driver"));
    g_assert_true(option_check_unused(a, "-device", NULL, NULL));
    g_assert_true(option_wants_help(b) && !strcmp(option_get(b, "driver"), "x"));
    g_assert_false(option_wants_help(c));
}

static void test_get(void)
{
    g_autoptr(OptionSet) set = option_set_parse("n=0x20,s=1.5M,b=off,bad=zz", NULL, NULL);
    g_autoptr(Error) err = NULL;
    uint64_t v;
    bool b;

    g_assert_true(option_get_u64(set, "n", 1, &v, NULL) && v == 32);
    g_assert_true(option_get_u64(set, "none", 7, &v, NULL) && v == 7);
    g_assert_true(option_get_size(set, "s", 1, &v, NULL) && v == 3 << 19);
    g_assert_true(option_get_bool(set, "b", true, &b, NULL) && !b);
    g_assert_true(option_get_bool(set, "none", true, &b, NULL) && b);
    g_assert_false(option_get_u64(set, "bad", 1, &v, &err));
    g_assert_cmpstr(error_message(err), ==, "Parameter 'bad': 'zz' is not a number");
    g_assert_false(option_get_bool(set, "bad", true, &b, NULL));
}

static void count(const char *key, const char *value, void *opaque)
{
    ++*(int *)opaque;
}

static void test_unused(void)
{
    g_autoptr(OptionSet) set = option_set_parse("x,lenght=3,sub.a=1", "driver", NULL);
    static const char *const known[] = {"length", "sub", NULL};
    g_autoptr(Error) err = NULL;
    int n = 0;

    option_foreach(set, count, &n);
    g_assert_cmpint(n, ==, 3);
    g_assert_cmpstr(option_get(set, "driver"), ==, "x");
    g_assert_false(option_used(set, "sub"));
    option_mark_used(set, "sub");
    g_assert_true(option_used(set, "sub") && option_used(set, "sub.a"));
    g_assert_false(option_check_unused(set, "-device x", known, &err));
    g_assert_cmpstr(error_message(err), ==, "-device x: option 'lenght' is not known");
    g_assert_cmpstr(error_hint(err), ==, "Did you mean 'length'?");
    option_get(set, "lenght");
    g_assert_true(option_check_unused(set, "-device x", NULL, NULL));
}

typedef struct Disk {
    char *file;
    uint64_t size;
    bool ro;
    GPtrArray *parts;
} Disk;

typedef struct Part {
    uint32_t start;
} Part;

static const Field part_fields[] = {FIELD(Part, start, FIELD_U32, "start", 0), FIELD_END};
static const Field disk_fields[] = {
    FIELD(Disk, file, FIELD_STRING, "file", FIELD_REQUIRED),
    FIELD(Disk, size, FIELD_SIZE, "size", 0),
    FIELD(Disk, ro, FIELD_BOOL, "read-only", 0),
    FIELD(Disk, parts, FIELD_LIST, "parts", 0, .info = part_fields, .elem_size = sizeof(Part)),
    FIELD_END,
};

static bool set_disk(const char *text, Disk *disk, Error **errp)
{
    g_autoptr(OptionSet) set = option_set_parse(text, "file", errp);

    memset(disk, 0, sizeof(*disk));
    option_get(set, "driver");
    return option_set_fields(set, disk_fields, disk, errp);
}

static void test_fields(void)
{
    static const char *const good[] = {
        "a.img,size=1k,read-only,parts.0.start=5,parts.1.start=0x6,driver=raw",
        "{'file':'a.img','size':1024,'read-only':true,'parts':[{'start':5},{'start':6}]}",
    };
    static const char *const bad[] = {"size=1", "a,raed-only", "a,size=zz", "a,parts.1.start=3", "a,parts.0.stop=3", "a,parts=3"};
    Disk disk;

    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(Error) err = NULL;

        g_assert_true(set_disk(good[i], &disk, &err));
        g_assert_cmpstr(disk.file, ==, "a.img");
        g_assert_true(disk.size == 1024 && disk.ro && disk.parts->len == 2);
        g_assert_cmpuint(((Part *)disk.parts->pdata[1])->start, ==, 6);
        fields_free(disk_fields, &disk);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(Error) err = NULL;

        if (set_disk(bad[i], &disk, &err) || !err) {
            g_error("accepted '%s'", bad[i]);
        }
        fields_free(disk_fields, &disk);
    }
}

static void test_id(void)
{
    g_assert_true(option_check_id("a1-b.c_D", NULL));
    g_assert_false(option_check_id("", NULL));
    g_assert_false(option_check_id("1a", NULL));
    g_assert_false(option_check_id("a/b", NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/option/syntax", test_syntax);
    g_test_add_func("/option/malformed", test_malformed);
    g_test_add_func("/option/help", test_help);
    g_test_add_func("/option/get", test_get);
    g_test_add_func("/option/unused", test_unused);
    g_test_add_func("/option/fields", test_fields);
    g_test_add_func("/option/id", test_id);
    return g_test_run();
}

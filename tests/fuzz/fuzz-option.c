/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: option strings, field tables and number parsing. The first byte chooses whether there is an implied key.
 * Whatever fills the struct is printed to JSON and read back to the same print.
 */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "util/field.h"
#include "util/json.h"
#include "util/option.h"

const FuzzSeed fuzz_seeds[] = {
    FUZZ_SEED("ivirtio,size=1.5G,count=0x10,ro,mac=52:54:00:12:34:56,mode=write,list.0.x=1,list.1.x=2,names.0=a"),
    FUZZ_SEED("-{'driver':'d','size':10,'mode':'read','list':[{'x':3}],'names':['p','q'],'f':1.5,'any':[{}],'i':-4,'r':[1,2,3]}"),
    FUZZ_SEED("ia,,b,point.x=4,point.y=-5,help,any={},r=[1,2,3],f=2.5e3"),
    FUZZ_SEED("-size=18446744073709551615,count=255,i=-2147483648"),
    FUZZ_SEEDS_END,
};

typedef struct Point {
    uint32_t x;
    int32_t y;
} Point;

typedef struct Device {
    char *driver;
    uint64_t size;
    uint8_t count;
    bool ro;
    uint8_t mac[6];
    int mode;
    Point point;
    GPtrArray *list;
    char **names;
    double f;
    JsonValue *any;
    int32_t i;
    uint16_t r[3];
} Device;

static const char *const modes[] = {"read", "write", NULL};
static const Field point_fields[] = {
    FIELD(Point, x, FIELD_U32, "x", FIELD_REQUIRED, .max = 1000),
    FIELD(Point, y, FIELD_I32, "y", 0),
    FIELD_END,
};
static const Field fields[] = {
    FIELD(Device, driver, FIELD_STRING, "driver", 0),
    FIELD(Device, size, FIELD_SIZE, "size", 0),
    FIELD(Device, count, FIELD_U8, "count", 0),
    FIELD(Device, ro, FIELD_BOOL, "ro", 0),
    FIELD(Device, mac, FIELD_MAC, "mac", 0),
    FIELD(Device, mode, FIELD_ENUM, "mode", 0, .info = modes),
    FIELD(Device, point, FIELD_STRUCT, "point", 0, .info = point_fields),
    FIELD(Device, list, FIELD_LIST, "list", 0, .info = point_fields, .elem_size = sizeof(Point)),
    FIELD(Device, names, FIELD_STRLIST, "names", 0),
    FIELD(Device, f, FIELD_F64, "f", 0),
    FIELD(Device, any, FIELD_ANY, "any", 0),
    FIELD(Device, i, FIELD_I32, "i", 0, .min = (uint64_t)INT32_MIN, .max = 5),
    FIELD(Device, r, FIELD_U16, "r", 0, .count = 3),
    FIELD_END,
};

static void check_round_trip(const Device *d)
{
    g_autoptr(JsonValue) json = fields_to_json(fields, d), again = NULL;
    g_autofree char *one = json_print(json, false), *two = NULL;
    Device copy = {0};

    if (!fields_from_json(fields, &copy, json, NULL)) {
        abort();
    }
    again = fields_to_json(fields, &copy);
    two = json_print(again, false);
    if (strcmp(one, two)) {
        abort();
    }
    fields_free(fields, &copy);
}

static void read_all(const char *key, const char *value, void *opaque)
{
    Device *d = opaque;
    const Field *f = field_find(fields, key);
    uint64_t v;
    bool b;

    parse_size(value, &v, NULL);
    parse_u64(value, &v, NULL);
    parse_bool(key, value, &b, NULL);
    if (f) {
        g_autofree char *text = NULL;

        field_parse(f, d, value, NULL);
        text = field_print(f, d);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = size ? g_strndup((const char *)data + 1, size - 1) : g_strdup("");
    g_autoptr(Error) err = NULL;
    g_autoptr(OptionSet) set = option_set_parse(text, size && data[0] == 'i' ? "driver" : NULL, &err);
    g_autoptr(JsonValue) json = NULL;
    Device d = {0};
    int answer;

    if (!set == !err) {
        abort();
    }
    if (!set) {
        return fuzz_answer(3, error_message(err));
    }
    fields_set_defaults(fields, &d);
    json = option_set_json(set);
    option_wants_help(set);
    if (option_set_fields(set, fields, &d, &err)) {
        check_round_trip(&d);
        answer = fuzz_answer(1, d.driver);
    } else {
        answer = fuzz_answer(2, error_message(err));
    }
    option_foreach(set, read_all, &d);
    option_check_unused(set, "-device", (const char *const[]){"driver", "size", NULL}, NULL);
    fields_free(fields, &d);
    return answer;
}

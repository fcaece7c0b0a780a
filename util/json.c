/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON values and their printer. The parser is json-parse.c.
 *
 * A value is one heap object. Arrays and objects hold their items in order; an object of more than a few members
 * has an index by key, made on demand, so that hostile input with many members costs linear time.
 * Printing matches what QMP clients are used to: ", " and ": " between items, plain ASCII with \u escapes.
 * Recursion is as deep as the value; the parser bounds that, and code that builds values knows its own depth.
 */
#include <math.h>
#include <string.h>

#include "util/json.h"

struct JsonValue {
    JsonType type;
    union {
        bool b;
        int64_t i;
        uint64_t u;
        double d;
        char *s;
        struct {
            GPtrArray *items;  /* JsonValue * */
            GPtrArray *keys;   /* char *, objects only */
            GHashTable *index; /* key -> position + 1; NULL while the object is small */
        };
    };
};

#define INDEX_FROM 16 /* members at which an index pays */

static JsonValue *value_new(JsonType type)
{
    JsonValue *v = g_new0(JsonValue, 1);

    v->type = type;
    return v;
}

JsonValue *json_null(void)
{
    return value_new(JSON_NULL);
}

JsonValue *json_bool(bool b)
{
    JsonValue *v = value_new(JSON_BOOL);

    v->b = b;
    return v;
}

JsonValue *json_int(int64_t i)
{
    JsonValue *v = value_new(JSON_INT);

    v->i = i;
    return v;
}

JsonValue *json_uint(uint64_t u)
{
    JsonValue *v;

    if (u <= INT64_MAX) {
        return json_int((int64_t)u);
    }
    v = value_new(JSON_UINT);
    v->u = u;
    return v;
}

JsonValue *json_double(double d)
{
    JsonValue *v = value_new(JSON_DOUBLE);

    v->d = d;
    return v;
}

JsonValue *json_string(const char *s)
{
    JsonValue *v = value_new(JSON_STRING);

    v->s = g_strdup(s ? s : "");
    return v;
}

JsonValue *json_stringf(const char *fmt, ...)
{
    JsonValue *v = value_new(JSON_STRING);
    va_list ap;

    va_start(ap, fmt);
    v->s = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    return v;
}

static void free_item(gpointer item)
{
    json_free(item);
}

JsonValue *json_array(void)
{
    JsonValue *v = value_new(JSON_ARRAY);

    v->items = g_ptr_array_new_with_free_func(free_item);
    return v;
}

JsonValue *json_object(void)
{
    JsonValue *v = value_new(JSON_OBJECT);

    v->items = g_ptr_array_new_with_free_func(free_item);
    v->keys = g_ptr_array_new_with_free_func(g_free);
    return v;
}

JsonValue *json_copy(const JsonValue *v)
{
    JsonValue *copy;

    switch (v->type) {
    case JSON_STRING:
        return json_string(v->s);
    case JSON_ARRAY:
        copy = json_array();
        for (guint i = 0; i < v->items->len; i++) {
            json_append(copy, json_copy(v->items->pdata[i]));
        }
        return copy;
    case JSON_OBJECT:
        copy = json_object();
        for (guint i = 0; i < v->items->len; i++) {
            json_set(copy, v->keys->pdata[i], json_copy(v->items->pdata[i]));
        }
        return copy;
    default:
        copy = g_new(JsonValue, 1);
        *copy = *v;
        return copy;
    }
}

void json_free(JsonValue *v)
{
    if (!v) {
        return;
    }
    if (v->type == JSON_STRING) {
        g_free(v->s);
    } else if (v->type == JSON_ARRAY || v->type == JSON_OBJECT) {
        g_clear_pointer(&v->index, g_hash_table_destroy);
        g_ptr_array_free(v->items, TRUE);
        if (v->keys) {
            g_ptr_array_free(v->keys, TRUE);
        }
    }
    g_free(v);
}

void json_append(JsonValue *array, JsonValue *item)
{
    g_return_if_fail(array->type == JSON_ARRAY && item);
    g_ptr_array_add(array->items, item);
}

/* Position of @key plus one, 0 where absent. */
static guint find_key(const JsonValue *object, const char *key)
{
    if (object->index) {
        return GPOINTER_TO_UINT(g_hash_table_lookup(object->index, key));
    }
    for (guint i = 0; i < object->keys->len; i++) {
        if (!strcmp(object->keys->pdata[i], key)) {
            return i + 1;
        }
    }
    return 0;
}

void json_set(JsonValue *object, const char *key, JsonValue *item)
{
    guint at;

    g_return_if_fail(object->type == JSON_OBJECT && item);
    at = find_key(object, key);
    if (at) {
        json_free(object->items->pdata[at - 1]);
        object->items->pdata[at - 1] = item;
        return;
    }
    g_ptr_array_add(object->keys, g_strdup(key));
    g_ptr_array_add(object->items, item);
    if (!object->index && object->keys->len >= INDEX_FROM) {
        object->index = g_hash_table_new(g_str_hash, g_str_equal);
        for (guint i = 0; i + 1 < object->keys->len; i++) {
            g_hash_table_insert(object->index, object->keys->pdata[i], GUINT_TO_POINTER(i + 1));
        }
    }
    if (object->index) {
        guint len = object->keys->len;

        g_hash_table_insert(object->index, object->keys->pdata[len - 1], GUINT_TO_POINTER(len));
    }
}

JsonType json_type(const JsonValue *v)
{
    return v->type;
}

bool json_get_bool(const JsonValue *v)
{
    return v && v->type == JSON_BOOL && v->b;
}

bool json_get_i64(const JsonValue *v, int64_t *out)
{
    if (!v || v->type != JSON_INT) {
        return false;
    }
    *out = v->i;
    return true;
}

bool json_get_u64(const JsonValue *v, uint64_t *out)
{
    if (v && v->type == JSON_UINT) {
        *out = v->u;
        return true;
    }
    if (v && v->type == JSON_INT && v->i >= 0) {
        *out = (uint64_t)v->i;
        return true;
    }
    return false;
}

double json_get_double(const JsonValue *v)
{
    switch (v ? v->type : JSON_NULL) {
    case JSON_INT: return (double)v->i;
    case JSON_UINT: return (double)v->u;
    case JSON_DOUBLE: return v->d;
    default: return 0;
    }
}

const char *json_get_string(const JsonValue *v)
{
    return v && v->type == JSON_STRING ? v->s : NULL;
}

size_t json_length(const JsonValue *v)
{
    return v && (v->type == JSON_ARRAY || v->type == JSON_OBJECT) ? v->items->len : 0;
}

const JsonValue *json_at(const JsonValue *array, size_t i)
{
    return i < json_length(array) ? array->items->pdata[i] : NULL;
}

const JsonValue *json_lookup(const JsonValue *object, const char *key)
{
    guint at = object && object->type == JSON_OBJECT ? find_key(object, key) : 0;

    return at ? object->items->pdata[at - 1] : NULL;
}

const char *json_key_at(const JsonValue *object, size_t i)
{
    return object && object->type == JSON_OBJECT && i < object->keys->len ? object->keys->pdata[i] : NULL;
}

const JsonValue *json_value_at(const JsonValue *object, size_t i)
{
    return json_at(object, i);
}

/* --- printing --- */

static void print_escaped_char(GString *out, gunichar c)
{
    switch (c) {
    case '"': g_string_append(out, "\\\""); return;
    case '\\': g_string_append(out, "\\\\"); return;
    case '\b': g_string_append(out, "\\b"); return;
    case '\f': g_string_append(out, "\\f"); return;
    case '\n': g_string_append(out, "\\n"); return;
    case '\r': g_string_append(out, "\\r"); return;
    case '\t': g_string_append(out, "\\t"); return;
    default: break;
    }
    if (c >= 0x20 && c < 0x7f) {
        g_string_append_c(out, (char)c);
    } else if (c < 0x10000) {
        g_string_append_printf(out, "\\u%04X", c);
    } else {
        c -= 0x10000;
        g_string_append_printf(out, "\\u%04X\\u%04X", 0xd800 + (c >> 10), 0xdc00 + (c & 0x3ff));
    }
}

/* Bytes that are no UTF-8 (a host file name, say) become U+FFFD each: what is printed always parses. */
static void print_string(GString *out, const char *s)
{
    const char *end = s + strlen(s);

    g_string_append_c(out, '"');
    while (s < end) {
        gunichar c = g_utf8_get_char_validated(s, end - s);

        if (c == (gunichar)-1 || c == (gunichar)-2) {
            print_escaped_char(out, 0xfffd);
            s++;
        } else {
            print_escaped_char(out, c);
            s = g_utf8_next_char(s);
        }
    }
    g_string_append_c(out, '"');
}

/* The shortest of the usual precisions that reads back equal; never an integer's text, so that the type survives. */
static void print_double(GString *out, double d)
{
    static const char *const formats[] = {"%.6g", "%.15g", "%.16g", "%.17g"};
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    if (!isfinite(d)) {
        g_string_append(out, "null"); /* JSON has no word for it */
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        g_ascii_formatd(text, sizeof(text), formats[i], d);
        if (g_ascii_strtod(text, NULL) == d) {
            break;
        }
    }
    g_string_append(out, text);
    if (!strpbrk(text, ".e")) {
        g_string_append(out, ".0");
    }
}

static void new_line(GString *out, bool pretty, int depth)
{
    if (pretty) {
        g_string_append_printf(out, "\n%*s", depth * 4, "");
    }
}

static void print_value(GString *out, const JsonValue *v, bool pretty, int depth);

static void print_container(GString *out, const JsonValue *v, bool pretty, int depth)
{
    bool object = v->type == JSON_OBJECT;

    g_string_append_c(out, object ? '{' : '[');
    for (guint i = 0; i < v->items->len; i++) {
        if (i) {
            g_string_append(out, pretty ? "," : ", ");
        }
        new_line(out, pretty, depth + 1);
        if (object) {
            print_string(out, v->keys->pdata[i]);
            g_string_append(out, ": ");
        }
        print_value(out, v->items->pdata[i], pretty, depth + 1);
    }
    if (v->items->len) {
        new_line(out, pretty, depth);
    }
    g_string_append_c(out, object ? '}' : ']');
}

static void print_value(GString *out, const JsonValue *v, bool pretty, int depth)
{
    switch (v->type) {
    case JSON_NULL: g_string_append(out, "null"); break;
    case JSON_BOOL: g_string_append(out, v->b ? "true" : "false"); break;
    case JSON_INT: g_string_append_printf(out, "%" G_GINT64_FORMAT, v->i); break;
    case JSON_UINT: g_string_append_printf(out, "%" G_GUINT64_FORMAT, v->u); break;
    case JSON_DOUBLE: print_double(out, v->d); break;
    case JSON_STRING: print_string(out, v->s); break;
    case JSON_ARRAY:
    case JSON_OBJECT: print_container(out, v, pretty, depth); break;
    }
}

char *json_print(const JsonValue *v, bool pretty)
{
    GString *out = g_string_new(NULL);

    print_value(out, v, pretty, 0);
    return g_string_free(out, FALSE);
}

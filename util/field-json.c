/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Structs from and to JSON by their field tables: QMP arguments and results, snapshot sections, JSON on the command line.
 *
 * Strict by default: a member's JSON type must be the field's. In text mode (option strings) a JSON string may stand for
 * any scalar. A failed conversion leaves the struct valid but partly set; its owner frees it as usual.
 * An owned member that is NULL (string, any) is left out of the object; JSON null does not set anything back.
 */
#include <string.h>

#include "field-internal.h"
#include "util/json.h"

static bool from_json(const Field *f, void *object, const JsonValue *json, bool text, Error **errp);
static bool struct_from_json(const Field *table, void *object, const JsonValue *json, bool text, Error **errp);

static bool type_error(const Field *f, const char *expected, Error **errp)
{
    error_setg(errp, "Invalid parameter type for '%s', expected: %s", f->name, expected);
    return false;
}

static bool scalar_from_json(const Field *f, void *p, const JsonValue *json, bool text, Error **errp)
{
    const char *s = json_get_string(json);
    g_autofree char *shown = NULL;
    uint64_t u;
    int64_t i;

    if (f->type == FIELD_ENUM) {
        return s ? field_store_enum(f, p, s, errp) : type_error(f, "string", errp);
    }
    if (s && text) {
        return field_parse_scalar(f, p, s, errp);
    }
    if (f->type == FIELD_BOOL) {
        if (json_type(json) != JSON_BOOL) {
            return type_error(f, "boolean", errp);
        }
        *(bool *)p = json_get_bool(json);
        return true;
    }
    if (json_type(json) != JSON_INT && json_type(json) != JSON_UINT &&
        (json_type(json) != JSON_DOUBLE || f->type != FIELD_F64)) {
        return type_error(f, f->type == FIELD_F64 ? "number" : "integer", errp);
    }
    shown = json_print(json, false);
    if (f->type == FIELD_F64) {
        return field_store_f64(f, p, json_get_double(json), shown, errp);
    }
    if (json_get_u64(json, &u)) {
        return field_store_u64(f, p, u, shown, errp);
    }
    return json_get_i64(json, &i) ? field_store_i64(f, p, i, shown, errp) : type_error(f, "integer", errp);
}

static bool array_from_json(const Field *f, char *p, const JsonValue *json, bool text, Error **errp)
{
    size_t size = field_scalar_size(f->type);

    if (json_type(json) != JSON_ARRAY) {
        return type_error(f, "array", errp);
    }
    if (json_length(json) != f->count) {
        error_setg(errp, "Parameter '%s' expects %u items, got %zu", f->name, f->count, json_length(json));
        return false;
    }
    for (uint32_t i = 0; i < f->count; i++) {
        if (!scalar_from_json(f, p + i * size, json_at(json, i), text, errp)) {
            return false;
        }
    }
    return true;
}

static bool list_from_json(const Field *f, GPtrArray **list, const JsonValue *json, bool text, Error **errp)
{
    Field self = {.name = f->name, .type = FIELD_LIST, .info = f->info};
    GPtrArray *items;

    if (json_type(json) != JSON_ARRAY) {
        return type_error(f, "array", errp);
    }
    items = g_ptr_array_new();
    for (size_t i = 0; i < json_length(json); i++) {
        void *item = g_malloc0(f->elem_size);

        g_ptr_array_add(items, item);
        fields_set_defaults(f->info, item);
        if (!struct_from_json(f->info, item, json_at(json, i), text, errp)) {
            const Field table[] = {self, FIELD_END};

            fields_free(table, &items);
            return false;
        }
    }
    if (*list) {
        const Field table[] = {self, FIELD_END};

        fields_free(table, list);
    }
    *list = items;
    return true;
}

static bool strlist_from_json(const Field *f, char ***out, const JsonValue *json, Error **errp)
{
    size_t n = json_length(json);
    g_auto(GStrv) strings = NULL;

    if (json_type(json) == JSON_STRING) {
        strings = g_new0(char *, 2);
        strings[0] = g_strdup(json_get_string(json));
    } else if (json_type(json) == JSON_ARRAY) {
        strings = g_new0(char *, n + 1);
        for (size_t i = 0; i < n; i++) {
            const char *s = json_get_string(json_at(json, i));

            if (!s) {
                return type_error(f, "array of strings", errp);
            }
            strings[i] = g_strdup(s);
        }
    } else {
        return type_error(f, "array of strings", errp);
    }
    g_strfreev(*out);
    *out = g_steal_pointer(&strings);
    return true;
}

static bool bytes_from_json(const Field *f, void *p, const char *s, Error **errp)
{
    gsize len;
    g_autofree guchar *data = NULL;

    if (!s) {
        return type_error(f, "string", errp);
    }
    data = g_base64_decode(s, &len);
    if (len != f->count) {
        error_setg(errp, "Parameter '%s' expects %u bytes in base64, got %zu", f->name, f->count, (size_t)len);
        return false;
    }
    memcpy(p, data, len);
    return true;
}

static bool from_json(const Field *f, void *object, const JsonValue *json, bool text, Error **errp)
{
    void *p = field_at(f, object);
    const char *s = json_get_string(json);

    switch (f->type) {
    case FIELD_STRING:
        if (!s) {
            return type_error(f, "string", errp);
        }
        g_free(*(char **)p);
        *(char **)p = g_strdup(s);
        return true;
    case FIELD_MAC: return s ? field_store_mac(f, p, s, errp) : type_error(f, "string", errp);
    case FIELD_STRUCT: return struct_from_json(f->info, p, json, text, errp);
    case FIELD_LIST: return list_from_json(f, p, json, text, errp);
    case FIELD_STRLIST: return strlist_from_json(f, p, json, errp);
    case FIELD_BYTES: return bytes_from_json(f, p, s, errp);
    case FIELD_ANY:
        json_free(*(JsonValue **)p);
        *(JsonValue **)p = json_copy(json);
        return true;
    case FIELD_LINK:
        error_setg(errp, "Parameter '%s' refers to an object and can be set on an object only", f->name);
        return false;
    default:
        return field_is_array(f) ? array_from_json(f, p, json, text, errp) : scalar_from_json(f, p, json, text, errp);
    }
}

static bool struct_from_json(const Field *table, void *object, const JsonValue *json, bool text, Error **errp)
{
    if (json_type(json) != JSON_OBJECT) {
        error_setg(errp, "Invalid parameter type, expected: object");
        return false;
    }
    for (size_t i = 0; i < json_length(json); i++) {
        const char *key = json_key_at(json, i);
        const Field *f = field_find(table, key);

        if (!f) {
            g_autofree const char **names = field_names(table, 0);

            error_set_unknown(errp, key, names, "Parameter '%s' is unexpected", key);
            return false;
        }
        if (!from_json(f, object, json_value_at(json, i), text, errp)) {
            return false;
        }
    }
    for (const Field *f = table; f && f->name; f++) {
        if ((f->flags & FIELD_REQUIRED) && !json_lookup(json, f->name)) {
            error_setg(errp, "Parameter '%s' is missing", f->name);
            return false;
        }
    }
    return true;
}

bool fields_from_json(const Field *table, void *object, const JsonValue *json, Error **errp)
{
    return struct_from_json(table, object, json, false, errp);
}

bool field_from_json(const Field *f, void *object, const JsonValue *json, Error **errp)
{
    return from_json(f, object, json, false, errp);
}

bool field_from_json_text(const Field *f, void *object, const JsonValue *json, Error **errp)
{
    return from_json(f, object, json, true, errp);
}

/* --- to JSON --- */

static JsonValue *scalar_to_json(const Field *f, const void *p)
{
    switch (f->type) {
    case FIELD_BOOL: return json_bool(*(const bool *)p);
    case FIELD_F64: return json_double(*(const double *)p);
    case FIELD_ENUM: {
        const char *const *names = f->info;
        int at = *(const int *)p;

        for (int i = 0; i <= at && names[i]; i++) {
            if (i == at) {
                return json_string(names[i]);
            }
        }
        return json_stringf("unknown-%d", at);
    }
    default:
        return field_is_signed(f->type) ? json_int(field_load_i64(f, p)) : json_uint(field_load_u64(f, p));
    }
}

static JsonValue *list_to_json(const Field *f, const GPtrArray *list)
{
    JsonValue *array = json_array();

    for (guint i = 0; list && i < list->len; i++) {
        json_append(array, fields_to_json(f->info, list->pdata[i]));
    }
    return array;
}

static JsonValue *bytes_to_json(const Field *f, const void *p)
{
    g_autofree char *text = g_base64_encode(p, f->count);

    return json_string(text);
}

JsonValue *field_to_json(const Field *f, const void *object)
{
    const char *p = field_at_const(f, object);
    JsonValue *array;

    switch (f->type) {
    case FIELD_STRING: return json_string(*(char *const *)p);
    case FIELD_STRUCT: return fields_to_json(f->info, p);
    case FIELD_LIST: return list_to_json(f, *(GPtrArray *const *)p);
    case FIELD_BYTES: return bytes_to_json(f, p);
    case FIELD_LINK: return json_null();
    case FIELD_ANY: return *(JsonValue *const *)p ? json_copy(*(JsonValue *const *)p) : json_null();
    case FIELD_MAC: {
        g_autofree char *text = field_print_mac(p);

        return json_string(text);
    }
    case FIELD_STRLIST:
        array = json_array();
        for (char **s = *(char **const *)p; s && *s; s++) {
            json_append(array, json_string(*s));
        }
        return array;
    default:
        if (!field_is_array(f)) {
            return scalar_to_json(f, p);
        }
        array = json_array();
        for (uint32_t i = 0; i < f->count; i++) {
            json_append(array, scalar_to_json(f, p + i * field_scalar_size(f->type)));
        }
        return array;
    }
}

JsonValue *fields_to_json(const Field *table, const void *object)
{
    JsonValue *json = json_object();

    for (const Field *f = table; f && f->name; f++) {
        const void *p = field_at_const(f, object);

        if ((f->type == FIELD_STRING || f->type == FIELD_ANY || f->type == FIELD_LINK) && !*(void *const *)p) {
            continue;
        }
        json_set(json, f->name, field_to_json(f, object));
    }
    return json;
}

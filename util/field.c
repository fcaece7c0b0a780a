/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Field tables: defaults, reset, release, lookup, and checked stores of single elements.
 *
 * A member is reached by its offset only; its size follows from the type. Numbers travel as 64 bits, signed
 * or not by type, and every store checks the range of the field and of the type, so that neither a command line nor a
 * QMP client nor a snapshot stream can put an impossible value into a struct.
 * FIELD_LINK members are left alone here: util knows no objects, qom/ sets and releases them.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "field-internal.h"
#include "util/json.h"

size_t field_scalar_size(FieldType type)
{
    switch (type) {
    case FIELD_BOOL: return sizeof(bool);
    case FIELD_U8: return 1;
    case FIELD_U16: return 2;
    case FIELD_U32:
    case FIELD_I32: return 4;
    case FIELD_U64:
    case FIELD_I64:
    case FIELD_SIZE: return 8;
    case FIELD_F64: return sizeof(double);
    case FIELD_ENUM: return sizeof(int);
    default: return 0;
    }
}

bool field_is_array(const Field *f)
{
    return f->count > 1 && field_scalar_size(f->type);
}

bool field_is_signed(FieldType type)
{
    return type == FIELD_I32 || type == FIELD_I64;
}

const char *field_type_name(const Field *f)
{
    switch (f->type) {
    case FIELD_BOOL: return "bool";
    case FIELD_U8: return "uint8";
    case FIELD_U16: return "uint16";
    case FIELD_U32: return "uint32";
    case FIELD_U64: return "uint64";
    case FIELD_I32: return "int32";
    case FIELD_I64: return "int64";
    case FIELD_SIZE: return "size";
    case FIELD_F64: return "number";
    case FIELD_STRING:
    case FIELD_MAC: return "str";
    case FIELD_ENUM: return "enum";
    case FIELD_STRUCT: return "struct";
    case FIELD_LIST: return "list";
    case FIELD_STRLIST: return "strlist";
    case FIELD_LINK: return "link";
    case FIELD_ANY: return "any";
    case FIELD_BYTES: return "bytes";
    }
    return "unknown";
}

const Field *field_find(const Field *table, const char *name)
{
    for (const Field *f = table; f && f->name; f++) {
        if (!strcmp(f->name, name)) {
            return f;
        }
    }
    return NULL;
}

const char **field_names(const Field *table, uint32_t flags)
{
    GPtrArray *names = g_ptr_array_new();

    for (const Field *f = table; f && f->name; f++) {
        if (!flags || (f->flags & flags)) {
            g_ptr_array_add(names, (gpointer)f->name);
        }
    }
    g_ptr_array_add(names, NULL);
    return (const char **)g_ptr_array_free(names, FALSE);
}

/* --- elements --- */

uint64_t field_load_u64(const Field *f, const void *p)
{
    switch (field_scalar_size(f->type)) {
    case 1: return *(const uint8_t *)p;
    case 2: return *(const uint16_t *)p;
    case 4: return *(const uint32_t *)p;
    default: return *(const uint64_t *)p;
    }
}

int64_t field_load_i64(const Field *f, const void *p)
{
    return field_scalar_size(f->type) == 4 ? *(const int32_t *)p : *(const int64_t *)p;
}

static void raw_store(size_t size, void *p, uint64_t v)
{
    switch (size) {
    case 1: *(uint8_t *)p = (uint8_t)v; break;
    case 2: *(uint16_t *)p = (uint16_t)v; break;
    case 4: *(uint32_t *)p = (uint32_t)v; break;
    case 8: *(uint64_t *)p = v; break;
    default: break;
    }
}

bool field_store_u64(const Field *f, void *p, uint64_t v, const char *shown, Error **errp)
{
    size_t size = field_scalar_size(f->type);
    uint64_t limit = size == 8 ? UINT64_MAX : (1ULL << size * 8) - 1;
    uint64_t max = f->max ? MIN(f->max, limit) : limit;

    if (field_is_signed(f->type)) {
        if (v > INT64_MAX) {
            error_setg(errp, "Parameter '%s' does not accept %s: it is too large", f->name, shown);
            return false;
        }
        return field_store_i64(f, p, (int64_t)v, shown, errp);
    }
    if (v < f->min || v > max) {
        error_setg(errp, "Parameter '%s' does not accept %s: it must be between %" PRIu64 " and %" PRIu64, f->name, shown,
                   f->min, max);
        return false;
    }
    raw_store(size, p, v);
    return true;
}

bool field_store_i64(const Field *f, void *p, int64_t v, const char *shown, Error **errp)
{
    bool narrow = field_scalar_size(f->type) == 4;
    int64_t min = narrow ? INT32_MIN : INT64_MIN, max = narrow ? INT32_MAX : INT64_MAX;

    if (!field_is_signed(f->type)) {
        if (v < 0) {
            error_setg(errp, "Parameter '%s' does not accept %s: it must not be negative", f->name, shown);
            return false;
        }
        return field_store_u64(f, p, (uint64_t)v, shown, errp);
    }
    if (f->min || f->max) {
        min = MAX(min, (int64_t)f->min);
        max = MIN(max, (int64_t)f->max);
    }
    if (v < min || v > max) {
        error_setg(errp, "Parameter '%s' does not accept %s: it must be between %" PRId64 " and %" PRId64, f->name, shown,
                   min, max);
        return false;
    }
    raw_store(field_scalar_size(f->type), p, (uint64_t)v);
    return true;
}

bool field_store_f64(const Field *f, void *p, double v, const char *shown, Error **errp)
{
    double min = (double)(int64_t)f->min, max = (double)(int64_t)f->max;

    if (!isfinite(v) || ((f->min || f->max) && (v < min || v > max))) {
        error_setg(errp, "Parameter '%s' does not accept %s: it is out of range", f->name, shown);
        return false;
    }
    *(double *)p = v;
    return true;
}

bool field_store_enum(const Field *f, void *p, const char *name, Error **errp)
{
    const char *const *names = f->info;
    g_autofree char *all = NULL;

    for (int i = 0; names[i]; i++) {
        if (!strcmp(names[i], name)) {
            *(int *)p = i;
            return true;
        }
    }
    all = g_strjoinv(", ", (char **)names);
    error_set_unknown(errp, name, names, "Parameter '%s' does not accept value '%s' (valid: %s)", f->name, name, all);
    return false;
}

bool field_store_mac(const Field *f, void *p, const char *text, Error **errp)
{
    uint8_t mac[6];
    bool good = strlen(text) == 17;

    for (int i = 0; good && i < 6; i++) {
        int high = g_ascii_xdigit_value(text[i * 3]), low = g_ascii_xdigit_value(text[i * 3 + 1]);
        char next = text[i * 3 + 2];

        good = high >= 0 && low >= 0 && (i == 5 ? next == 0 : next == ':' || next == '-');
        mac[i] = (uint8_t)(high << 4 | low);
    }
    if (!good) {
        error_setg(errp, "Parameter '%s' expects a MAC address such as 52:54:00:12:34:56, got '%s'", f->name, text);
        return false;
    }
    memcpy(p, mac, 6);
    return true;
}

char *field_print_mac(const void *p)
{
    const uint8_t *m = p;

    return g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
}

/* --- whole members --- */

static void free_list(const Field *f, GPtrArray **list)
{
    if (*list) {
        for (guint i = 0; i < (*list)->len; i++) {
            fields_free(f->info, (*list)->pdata[i]);
            g_free((*list)->pdata[i]);
        }
        g_ptr_array_set_free_func(*list, NULL);
        g_ptr_array_free(*list, TRUE);
        *list = NULL;
    }
}

static void free_member(const Field *f, void *object)
{
    void *p = field_at(f, object);

    switch (f->type) {
    case FIELD_STRING: g_clear_pointer((char **)p, g_free); break;
    case FIELD_STRLIST: g_clear_pointer((char ***)p, g_strfreev); break;
    case FIELD_ANY: g_clear_pointer((JsonValue **)p, json_free); break;
    case FIELD_LIST: free_list(f, p); break;
    case FIELD_STRUCT: fields_free(f->info, p); break;
    default: break;
    }
}

static void scalar_default(const Field *f, void *p)
{
    if (f->type == FIELD_F64) {
        *(double *)p = f->def_str ? g_ascii_strtod(f->def_str, NULL) : (double)f->def;
    } else if (f->type == FIELD_BOOL) {
        *(bool *)p = f->def != 0;
    } else if (f->type == FIELD_ENUM) {
        *(int *)p = (int)f->def;
    } else {
        raw_store(field_scalar_size(f->type), p, (uint64_t)f->def);
    }
}

static void set_default(const Field *f, void *object)
{
    char *p = field_at(f, object);
    size_t size = field_scalar_size(f->type);

    free_member(f, object);
    switch (f->type) {
    case FIELD_STRING: *(char **)p = g_strdup(f->def_str); break;
    case FIELD_STRUCT: fields_set_defaults(f->info, p); break;
    case FIELD_BYTES: memset(p, 0, f->count); break;
    case FIELD_MAC:
        if (!f->def_str || !field_store_mac(f, p, f->def_str, NULL)) {
            memset(p, 0, 6);
        }
        break;
    default:
        for (uint32_t i = 0; size && i < MAX(f->count, 1); i++) {
            scalar_default(f, p + i * size);
        }
        break;
    }
}

void fields_set_defaults(const Field *table, void *object)
{
    fields_reset(table, object, ~0u);
}

void fields_reset(const Field *table, void *object, uint32_t flags)
{
    for (const Field *f = table; f && f->name; f++) {
        if (flags == ~0u || (f->flags & flags)) {
            set_default(f, object);
        }
    }
}

void fields_free(const Field *table, void *object)
{
    for (const Field *f = table; f && f->name; f++) {
        free_member(f, object);
    }
}

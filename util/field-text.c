/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fields from and to text as on a command line. What has no plain text (arrays, structs, lists) is JSON.
 *
 * Numbers: decimal or 0x; a leading zero is refused, because some read it as octal and some do not. Sizes: a decimal number,
 * optionally with a fraction, and one suffix letter; computed in 128-bit integers, so that no byte is lost.
 */
#include <inttypes.h>
#include <string.h>

#include "field-internal.h"
#include "util/json.h"

bool parse_u64(const char *text, uint64_t *out, Error **errp)
{
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *p = hex ? text + 2 : text;
    uint64_t v = 0;

    if (!hex && p[0] == '0' && p[1]) {
        error_setg(errp, "'%s' is not a number: leading zeros (octal) are not accepted", text);
        return false;
    }
    if (!*p) {
        error_setg(errp, "'%s' is not a number", text);
        return false;
    }
    for (; *p; p++) {
        int digit = hex ? g_ascii_xdigit_value(*p) : g_ascii_digit_value(*p);

        if (digit < 0) {
            error_setg(errp, "'%s' is not a number", text);
            return false;
        }
        if (__builtin_mul_overflow(v, hex ? 16u : 10u, &v) || __builtin_add_overflow(v, (uint64_t)digit, &v)) {
            error_setg(errp, "'%s' is too large: the limit is %" PRIu64, text, UINT64_MAX);
            return false;
        }
    }
    *out = v;
    return true;
}

static bool size_error(const char *text, Error **errp)
{
    error_setg(errp, "'%s' is not a size", text);
    error_append_hint(errp, "A size is a number of bytes, or a number with one of the suffixes k, M, G, T, P, E "
                            "(1.5G, 512M, 64k).");
    return false;
}

static int suffix_shift(char c)
{
    static const char letters[] = "bkmgtpe";
    const char *at = c ? strchr(letters, g_ascii_tolower(c)) : letters;

    return at ? (int)(at - letters) * 10 : -1;
}

bool parse_size(const char *text, uint64_t *out, Error **errp)
{
    ERRP_GUARD();
    unsigned __int128 total, fraction = 0, scale = 1;
    uint64_t whole = 0;
    const char *p = text;
    int shift;

    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        return parse_u64(text, out, errp);
    }
    if (!g_ascii_isdigit(*p)) {
        return size_error(text, errp);
    }
    for (; g_ascii_isdigit(*p); p++) {
        if (__builtin_mul_overflow(whole, 10u, &whole) || __builtin_add_overflow(whole, (uint64_t)(*p - '0'), &whole)) {
            goto too_large;
        }
    }
    if (*p == '.') {
        for (p++; g_ascii_isdigit(*p); p++) {
            if (scale < 1000000000000000000ULL) { /* further digits are below one byte in any unit that matters */
                fraction = fraction * 10 + (unsigned)(*p - '0');
                scale *= 10;
            }
        }
        if (p[-1] == '.') {
            return size_error(text, errp);
        }
    }
    shift = suffix_shift(*p);
    if (shift < 0 || (*p && p[1])) {
        return size_error(text, errp);
    }
    if (fraction && shift == 0) {
        error_setg(errp, "'%s' is not a whole number of bytes", text);
        return false;
    }
    total = ((unsigned __int128)whole << shift) + ((fraction << shift) + scale / 2) / scale;
    if (total <= UINT64_MAX) {
        *out = (uint64_t)total;
        return true;
    }
too_large:
    error_setg(errp, "size '%s' is too large: the limit is %" PRIu64 " bytes", text, UINT64_MAX);
    return false;
}

bool parse_bool(const char *name, const char *text, bool *out, Error **errp)
{
    if (!strcmp(text, "on") || !strcmp(text, "yes") || !strcmp(text, "true") || !strcmp(text, "y")) {
        *out = true;
    } else if (!strcmp(text, "off") || !strcmp(text, "no") || !strcmp(text, "false") || !strcmp(text, "n")) {
        *out = false;
    } else {
        error_setg(errp, "Parameter '%s' expects 'on' or 'off', got '%s'", name, text);
        return false;
    }
    return true;
}

static bool parse_signed(const Field *f, void *p, const char *text, Error **errp)
{
    bool negative = *text == '-';
    uint64_t v;

    if (!parse_u64(text + negative, &v, errp)) {
        return false;
    }
    if (v > (uint64_t)INT64_MAX + negative) {
        error_setg(errp, "%s is out of range", text);
        return false;
    }
    return field_store_i64(f, p, negative ? (int64_t)(0 - v) : (int64_t)v, text, errp);
}

static bool parse_double(const Field *f, void *p, const char *text, Error **errp)
{
    char *end;
    double d = g_ascii_strtod(text, &end);

    if (end == text || *end) {
        error_setg(errp, "'%s' is not a number", text);
        return false;
    }
    return field_store_f64(f, p, d, text, errp);
}

bool field_parse_scalar(const Field *f, void *p, const char *text, Error **errp)
{
    ERRP_GUARD();
    uint64_t v;

    switch (f->type) {
    case FIELD_BOOL: return parse_bool(f->name, text, p, errp);
    case FIELD_ENUM: return field_store_enum(f, p, text, errp);
    case FIELD_F64:
        if (parse_double(f, p, text, errp)) {
            return true;
        }
        break;
    case FIELD_I32:
    case FIELD_I64:
        if (parse_signed(f, p, text, errp)) {
            return true;
        }
        break;
    case FIELD_SIZE:
        if (parse_size(text, &v, errp)) {
            return field_store_u64(f, p, v, text, errp);
        }
        break;
    default:
        if (parse_u64(text, &v, errp)) {
            return field_store_u64(f, p, v, text, errp);
        }
        break;
    }
    if (!g_str_has_prefix(error_message(*errp), "Parameter ")) {
        error_prepend(errp, "Parameter '%s': ", f->name);
    }
    return false;
}

bool field_parse(const Field *f, void *object, const char *text, Error **errp)
{
    ERRP_GUARD();
    g_autoptr(JsonValue) json = NULL;
    void *p = field_at(f, object);

    if (f->type == FIELD_STRING) {
        g_free(*(char **)p);
        *(char **)p = g_strdup(text);
        return true;
    }
    if (f->type == FIELD_MAC) {
        return field_store_mac(f, p, text, errp);
    }
    if (field_scalar_size(f->type) && !field_is_array(f)) {
        return field_parse_scalar(f, p, text, errp);
    }
    if (f->type == FIELD_LINK) {
        error_setg(errp, "Parameter '%s' refers to an object and can be set on an object only", f->name);
        return false;
    }
    if (f->type == FIELD_STRLIST && *text != '[') { /* one plain string is a list of one */
        g_strfreev(*(char ***)p);
        *(char ***)p = g_new0(char *, 2);
        (*(char ***)p)[0] = g_strdup(text);
        return true;
    }
    json = json_parse(text, errp);
    if (!json) {
        error_prepend(errp, "Parameter '%s' expects JSON: ", f->name);
        return false;
    }
    return field_from_json_text(f, object, json, errp);
}

char *field_print(const Field *f, const void *object)
{
    const void *p = field_at_const(f, object);
    JsonValue *json;
    char *text;

    if (field_scalar_size(f->type) && !field_is_array(f)) {
        switch (f->type) {
        case FIELD_BOOL: return g_strdup(*(const bool *)p ? "on" : "off");
        case FIELD_ENUM:
        case FIELD_F64: break;
        default:
            return field_is_signed(f->type) ? g_strdup_printf("%" PRId64, field_load_i64(f, p))
                                            : g_strdup_printf("%" PRIu64, field_load_u64(f, p));
        }
    }
    if (f->type == FIELD_MAC) {
        return field_print_mac(p);
    }
    if (f->type == FIELD_STRING) {
        return g_strdup(*(char *const *)p ? *(char *const *)p : "");
    }
    json = field_to_json(f, object);
    text = f->type == FIELD_ENUM ? g_strdup(json_get_string(json)) : json_print(json, false);
    json_free(json);
    return text;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Option strings. A set is a list of items in the order given; JSON input is flattened into the same list
 * (`{"a":{"b":1}}` gives `a.b`), each leaf keeping its JSON value, so that both spellings read alike.
 *
 * Text form: items are split at single commas, `,,` is a literal comma. The first item may lack a key, then it is the
 * implied key's value. A later bare word is `word=on`. A bare `help` or `?` only asks for help.
 * Bounds: 4096 items, keys of up to 16 parts; a list index in a key must continue the list, so that no key can ask
 * for a huge array.
 */
#include <string.h>

#include "util/json.h"
#include "util/option.h"

#define MAX_ITEMS 4096
#define MAX_PARTS 16

typedef struct OptionItem {
    char *key;
    char *text;
    JsonValue *json; /* as given in JSON; NULL: from text */
    bool help;
    bool used;
} OptionItem;

struct OptionSet {
    GPtrArray *items;
};

static void item_free(gpointer p)
{
    OptionItem *item = p;

    g_free(item->key);
    g_free(item->text);
    json_free(item->json);
    g_free(item);
}

OptionSet *option_set_new(void)
{
    OptionSet *set = g_new0(OptionSet, 1);

    set->items = g_ptr_array_new_with_free_func(item_free);
    return set;
}

void option_set_free(OptionSet *set)
{
    if (set) {
        g_ptr_array_free(set->items, TRUE);
        g_free(set);
    }
}

static OptionItem *item_at(const OptionSet *set, guint i)
{
    return set->items->pdata[i];
}

static OptionItem *item_add(OptionSet *set, char *key, char *text)
{
    OptionItem *item = g_new0(OptionItem, 1);

    item->key = key;
    item->text = text;
    g_ptr_array_add(set->items, item);
    return item;
}

void option_set_put(OptionSet *set, const char *key, const char *value)
{
    item_add(set, g_strdup(key), g_strdup(value));
}

/* --- parsing --- */

static bool check_key(const char *text, const char *key, Error **errp)
{
    unsigned parts = 1;
    bool empty = *key == 0;

    for (const char *c = key; *c; c++) {
        parts += *c == '.';
        empty |= *c == '.' && (c == key || c[1] == '.' || c[1] == 0);
    }
    if (empty || parts > MAX_PARTS) {
        error_setg(errp, "'%s' is not a valid option string: key '%s' %s", text, key,
                   empty ? "is empty or has an empty part" : "has too many parts");
        return false;
    }
    return true;
}

/* Up to the next single comma; *p ends behind it. */
static char *take_value(const char **p)
{
    GString *out = g_string_new(NULL);

    while (**p) {
        if (**p == ',') {
            ++*p;
            if (**p != ',') {
                break;
            }
        }
        g_string_append_c(out, **p);
        ++*p;
    }
    return g_string_free(out, FALSE);
}

static bool parse_items(OptionSet *set, const char *text, const char *implied_key, Error **errp)
{
    const char *p = text;

    for (bool first = true; *p; first = false) {
        size_t n = strcspn(p, "=,");
        bool bare = p[n] != '=';
        g_autofree char *key = NULL;

        if (set->items->len >= MAX_ITEMS) {
            error_setg(errp, "an option string has more than %d items", MAX_ITEMS);
            return false;
        }
        if (bare) {
            g_autofree char *word = take_value(&p);

            if (!strcmp(word, "help") || !strcmp(word, "?")) {
                item_add(set, g_steal_pointer(&word), g_strdup("on"))->help = true;
            } else if (first && implied_key) {
                item_add(set, g_strdup(implied_key), g_steal_pointer(&word));
            } else if (check_key(text, word, errp)) {
                item_add(set, g_steal_pointer(&word), g_strdup("on"));
            } else {
                return false;
            }
            continue;
        }
        key = g_strndup(p, n);
        if (!check_key(text, key, errp)) {
            return false;
        }
        p += n + 1;
        item_add(set, g_steal_pointer(&key), take_value(&p));
    }
    return true;
}

static char *leaf_text(const JsonValue *v)
{
    switch (json_type(v)) {
    case JSON_STRING: return g_strdup(json_get_string(v));
    case JSON_BOOL: return g_strdup(json_get_bool(v) ? "on" : "off");
    default: return json_print(v, false);
    }
}

static bool flatten(OptionSet *set, const char *prefix, const JsonValue *v, unsigned parts, Error **errp)
{
    bool object = json_type(v) == JSON_OBJECT;

    if (set->items->len >= MAX_ITEMS || parts > MAX_PARTS) {
        error_setg(errp, "options in JSON have too many items or are nested too deep at '%.64s'", prefix);
        return false;
    }
    if (json_length(v) == 0) {
        item_add(set, g_strdup(prefix), leaf_text(v))->json = json_copy(v);
        return true;
    }
    for (size_t i = 0; i < json_length(v); i++) {
        g_autofree char *index = g_strdup_printf("%zu", i);
        const char *part = object ? json_key_at(v, i) : index;
        g_autofree char *key = *prefix ? g_strconcat(prefix, ".", part, NULL) : g_strdup(part);

        if (!check_key(key, part, errp) || !flatten(set, key, json_value_at(v, i), parts + 1, errp)) {
            return false;
        }
    }
    return true;
}

static bool parse_json(OptionSet *set, const char *text, Error **errp)
{
    g_autoptr(JsonValue) json = json_parse(text, errp);

    if (!json) {
        return false;
    }
    return json_length(json) == 0 || flatten(set, "", json, 0, errp);
}

OptionSet *option_set_parse(const char *text, const char *implied_key, Error **errp)
{
    OptionSet *set = option_set_new();
    const char *p = text + strspn(text, " \t\n");

    if (*p == '{' ? parse_json(set, p, errp) : parse_items(set, text, implied_key, errp)) {
        return set;
    }
    option_set_free(set);
    return NULL;
}

/* --- reading --- */

static OptionItem *find_item(OptionSet *set, const char *key, bool mark)
{
    OptionItem *found = NULL;

    for (guint i = 0; i < set->items->len; i++) {
        OptionItem *item = item_at(set, i);

        if (!item->help && !strcmp(item->key, key)) {
            item->used |= mark;
            found = item;
        }
    }
    return found;
}

const char *option_get(OptionSet *set, const char *key)
{
    OptionItem *item = find_item(set, key, true);

    return item ? item->text : NULL;
}

bool option_has(OptionSet *set, const char *key)
{
    return find_item(set, key, false) != NULL;
}

bool option_get_bool(OptionSet *set, const char *key, bool def, bool *out, Error **errp)
{
    const char *text = option_get(set, key);

    *out = def;
    return !text || parse_bool(key, text, out, errp);
}

bool option_get_u64(OptionSet *set, const char *key, uint64_t def, uint64_t *out, Error **errp)
{
    ERRP_GUARD();
    const char *text = option_get(set, key);

    *out = def;
    if (text && !parse_u64(text, out, errp)) {
        error_prepend(errp, "Parameter '%s': ", key);
        return false;
    }
    return true;
}

bool option_get_size(OptionSet *set, const char *key, uint64_t def, uint64_t *out, Error **errp)
{
    ERRP_GUARD();
    const char *text = option_get(set, key);

    *out = def;
    if (text && !parse_size(text, out, errp)) {
        error_prepend(errp, "Parameter '%s': ", key);
        return false;
    }
    return true;
}

bool option_wants_help(OptionSet *set)
{
    bool wanted = false;

    for (guint i = 0; i < set->items->len; i++) {
        OptionItem *item = item_at(set, i);

        item->used |= item->help;
        wanted |= item->help;
    }
    return wanted;
}

/* @key itself or `key.`something. */
static bool key_covers(const char *key, const OptionItem *item)
{
    size_t n = strlen(key);

    return !item->help && !strncmp(item->key, key, n) && (item->key[n] == 0 || item->key[n] == '.');
}

bool option_used(OptionSet *set, const char *key)
{
    for (guint i = 0; i < set->items->len; i++) {
        if (key_covers(key, item_at(set, i)) && !item_at(set, i)->used) {
            return false;
        }
    }
    return true;
}

void option_mark_used(OptionSet *set, const char *key)
{
    for (guint i = 0; i < set->items->len; i++) {
        if (key_covers(key, item_at(set, i))) {
            item_at(set, i)->used = true;
        }
    }
}

void option_foreach(OptionSet *set, void (*fn)(const char *key, const char *value, void *opaque), void *opaque)
{
    for (guint i = 0; i < set->items->len; i++) {
        if (!item_at(set, i)->help) {
            fn(item_at(set, i)->key, item_at(set, i)->text, opaque);
        }
    }
}

/* --- as a nested value --- */

/* A tree in which a node is a leaf or has named children. Objects whose names are 0, 1, 2... become arrays at the end. */
static JsonValue *lists_from_indices(const JsonValue *v)
{
    size_t n = json_length(v);
    bool list = n > 0;
    JsonValue *out;

    if (json_type(v) != JSON_OBJECT) {
        return json_copy(v);
    }
    for (size_t i = 0; list && i < n; i++) {
        g_autofree char *index = g_strdup_printf("%zu", i);

        list = json_lookup(v, index) != NULL;
    }
    out = list ? json_array() : json_object();
    for (size_t i = 0; i < n; i++) {
        g_autofree char *index = g_strdup_printf("%zu", i);

        if (list) {
            json_append(out, lists_from_indices(json_lookup(v, index)));
        } else {
            json_set(out, json_key_at(v, i), lists_from_indices(json_value_at(v, i)));
        }
    }
    return out;
}

static void put_nested(JsonValue *root, const OptionItem *item)
{
    g_auto(GStrv) parts = g_strsplit(item->key, ".", -1);
    JsonValue *at = root;

    for (char **part = parts; *part; part++) {
        JsonValue *next;

        if (!part[1]) {
            json_set(at, *part, item->json ? json_copy(item->json) : json_string(item->text));
            return;
        }
        next = (JsonValue *)json_lookup(at, *part); /* part of our own tree */
        if (!next || json_type(next) != JSON_OBJECT) {
            next = json_object();
            json_set(at, *part, next);
        }
        at = next;
    }
}

JsonValue *option_set_json(OptionSet *set)
{
    g_autoptr(JsonValue) root = json_object();
    JsonValue *out = json_object();

    for (guint i = 0; i < set->items->len; i++) {
        if (!item_at(set, i)->help) {
            put_nested(root, item_at(set, i));
        }
    }
    for (size_t i = 0; i < json_length(root); i++) { /* the set itself is never a list */
        json_set(out, json_key_at(root, i), lists_from_indices(json_value_at(root, i)));
    }
    return out;
}

bool option_set_fields(OptionSet *set, const Field *table, void *object, Error **errp)
{
    g_autoptr(JsonValue) json = option_set_json(set);
    g_autofree const char **names = field_names(table, 0);

    for (size_t i = 0; i < json_length(json); i++) {
        const char *key = json_key_at(json, i);
        const JsonValue *value = json_value_at(json, i);
        const Field *f = field_find(table, key);
        const char *s = json_get_string(value);

        if (!f) {
            if (option_used(set, key)) {
                continue; /* the caller took it */
            }
            error_set_unknown(errp, key, names, "Parameter '%s' is unexpected", key);
            return false;
        }
        if (!(s ? field_parse(f, object, s, errp) : field_from_json_text(f, object, value, errp))) {
            return false;
        }
        option_mark_used(set, key);
    }
    for (const Field *f = table; f && f->name; f++) {
        if ((f->flags & FIELD_REQUIRED) && !json_lookup(json, f->name)) {
            error_setg(errp, "Parameter '%s' is missing", f->name);
            return false;
        }
    }
    return true;
}

bool option_check_unused(OptionSet *set, const char *what, const char *const *known, Error **errp)
{
    for (guint i = 0; i < set->items->len; i++) {
        const OptionItem *item = item_at(set, i);

        if (!item->used) {
            error_set_unknown(errp, item->key, known, "%s: option '%s' is not known", what, item->key);
            return false;
        }
    }
    return true;
}

bool option_check_id(const char *id, Error **errp)
{
    ERRP_GUARD();
    bool good = g_ascii_isalpha(*id);

    for (const char *c = id; good && *c; c++) {
        good = g_ascii_isalnum(*c) || strchr("-._", *c);
    }
    if (!good) {
        error_setg(errp, "Parameter 'id' expects an identifier, got '%s'", id);
        error_append_hint(errp, "Identifiers consist of letters, digits, '-', '.', '_', starting with a letter.");
    }
    return good;
}

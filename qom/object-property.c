/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Properties: the field tables of a type's chain, and dynamic ones that belong to a single object.
 *
 * A dynamic property hides a field of its name. A field of a derived type hides its ancestor's. A field is a property
 * where it has FIELD_PROP, FIELD_RUNTIME or FIELD_READONLY; pure state is not settable by a user. After realize only
 * FIELD_RUNTIME ones may be set.
 * A link holds a reference; it is given as an object's id or path and resolved in the tree the object stands in,
 * so an object is added to the tree before its links are set.
 */
#include <string.h>

#include "object-internal.h"
#include "util/json.h"
#include "util/option.h"

#define SHOWN (FIELD_PROP | FIELD_RUNTIME | FIELD_READONLY)

static DynamicProperty *find_dynamic(const Object *obj, const char *name)
{
    for (guint i = 0; obj->dynamic && i < obj->dynamic->len; i++) {
        DynamicProperty *p = obj->dynamic->pdata[i];

        if (!strcmp(p->name, name)) {
            return p;
        }
    }
    return NULL;
}

static void free_dynamic(gpointer data)
{
    DynamicProperty *p = data;

    g_free(p->name);
    g_free(p->type);
    g_free(p->help);
    g_free(p);
}

void object_add_property(Object *obj, const char *name, const char *type, const char *help,
                         struct JsonValue *(*get)(Object *, const DynamicProperty *),
                         bool (*set)(Object *, const DynamicProperty *, const struct JsonValue *, Error **), void *opaque)
{
    DynamicProperty *p = find_dynamic(obj, name);

    if (p) {
        g_ptr_array_remove(obj->dynamic, p);
    }
    if (!obj->dynamic) {
        obj->dynamic = g_ptr_array_new_with_free_func(free_dynamic);
    }
    p = g_new0(DynamicProperty, 1);
    p->name = g_strdup(name);
    p->type = g_strdup(type);
    p->help = g_strdup(help);
    p->get = get;
    p->set = set;
    p->opaque = opaque;
    g_ptr_array_add(obj->dynamic, p);
}

static Object **link_slot(Object *obj, const Field *f)
{
    return (Object **)((char *)obj + f->offset);
}

void object_free_properties(Object *obj)
{
    for (const TypeRecord *t = obj->type; t; t = type_parent(t)) {
        for (const Field *f = t->fields; f && f->name; f++) {
            if (f->type == FIELD_LINK) {
                Object *target = *link_slot(obj, f);

                *link_slot(obj, f) = NULL;
                object_unref(target);
            }
        }
        if (t->fields) {
            fields_free(t->fields, obj);
        }
    }
    if (obj->dynamic) {
        g_ptr_array_free(obj->dynamic, TRUE);
        obj->dynamic = NULL;
    }
}

bool object_check_required(Object *obj, Error **errp)
{
    for (const TypeRecord *t = obj->type; t; t = type_parent(t)) {
        for (const Field *f = t->fields; f && f->name; f++) {
            bool pointer = f->type == FIELD_STRING || f->type == FIELD_LINK || f->type == FIELD_ANY;

            if ((f->flags & FIELD_REQUIRED) && pointer && !*link_slot(obj, f)) {
                error_setg(errp, "%s: property '%s' must be set", obj->type->name, f->name);
                return false;
            }
        }
    }
    return true;
}

/* --- finding --- */

static bool not_found(Object *obj, const char *name, Error **errp)
{
    GPtrArray *names = g_ptr_array_new();

    for (const TypeRecord *t = obj->type; t; t = type_parent(t)) {
        for (const Field *f = t->fields; f && f->name; f++) {
            if (f->flags & SHOWN) {
                g_ptr_array_add(names, (gpointer)f->name);
            }
        }
    }
    for (guint i = 0; obj->dynamic && i < obj->dynamic->len; i++) {
        g_ptr_array_add(names, ((DynamicProperty *)obj->dynamic->pdata[i])->name);
    }
    g_ptr_array_add(names, NULL);
    error_set_unknown(errp, name, (const char *const *)names->pdata, "Property '%s.%s' not found", obj->type->name, name);
    g_ptr_array_free(names, TRUE);
    return false;
}

/* The field to be set, or NULL with the error set. */
static const Field *settable_field(Object *obj, const char *name, Error **errp)
{
    const Field *f = type_find_field(obj->type, name);

    if (!f || !(f->flags & SHOWN)) {
        not_found(obj, name, errp);
        return NULL;
    }
    if (!(f->flags & (FIELD_PROP | FIELD_RUNTIME)) || (f->flags & FIELD_READONLY)) {
        error_setg(errp, "Property '%s.%s' is read-only", obj->type->name, name);
        return NULL;
    }
    if (obj->realized && !(f->flags & FIELD_RUNTIME)) {
        error_setg(errp, "Property '%s.%s' cannot be set any more: the object is in use", obj->type->name, name);
        return NULL;
    }
    return f;
}

/* --- links --- */

static bool store_link(Object *obj, const Field *f, Object *target, Error **errp)
{
    Object *old = *link_slot(obj, f);

    if (target && f->info && !object_is_a(target, f->info)) {
        error_setg(errp, "Property '%s.%s' expects an object of type '%s', got one of type '%s'", obj->type->name, f->name,
                   (const char *)f->info, target->type->name);
        return false;
    }
    *link_slot(obj, f) = object_ref(target);
    object_unref(old);
    return true;
}

static bool resolve_link(Object *obj, const Field *f, const char *text, Error **errp)
{
    Object *root = object_root_of(obj), *target;
    unsigned matches, other;

    if (!*text) {
        return store_link(obj, f, NULL, errp);
    }
    target = object_resolve_typed(root, text, f->info, &matches);
    if (target) {
        return store_link(obj, f, target, errp);
    }
    if (matches > 1) {
        error_setg(errp, "Property '%s.%s': '%s' is ambiguous, give the whole path", obj->type->name, f->name, text);
        return false;
    }
    target = object_resolve_typed(root, text, NULL, &other);
    if (target) {
        return store_link(obj, f, target, errp); /* of another type: says so */
    }
    if (f->info) {
        g_autofree const char **names = object_names_of_type(root, f->info);

        error_set_unknown(errp, text, names, "Property '%s.%s': there is no object '%s'", obj->type->name, f->name, text);
    } else {
        error_setg(errp, "Property '%s.%s': there is no object '%s'", obj->type->name, f->name, text);
    }
    return false;
}

bool object_set_link(Object *obj, const char *name, Object *target, Error **errp)
{
    const Field *f = type_find_field(obj->type, name);

    if (!f || f->type != FIELD_LINK) {
        return not_found(obj, name, errp);
    }
    if (obj->realized && !(f->flags & FIELD_RUNTIME)) {
        error_setg(errp, "Property '%s.%s' cannot be set any more: the object is in use", obj->type->name, name);
        return false;
    }
    return store_link(obj, f, target, errp);
}

/* --- setting --- */

/* Text for a dynamic property, which takes JSON: by the name of its type. NULL with the error set on nonsense. */
static JsonValue *text_to_json(const DynamicProperty *p, const char *text, Error **errp)
{
    uint64_t u;
    int64_t i;
    bool b;

    if (!strcmp(p->type, "bool")) {
        return parse_bool(p->name, text, &b, errp) ? json_bool(b) : NULL;
    }
    if (!strcmp(p->type, "size")) {
        return parse_size(text, &u, errp) ? json_uint(u) : NULL;
    }
    if (!strncmp(p->type, "int", 3)) {
        const Field f = {.name = p->name, .type = FIELD_I64};

        return field_parse(&f, &i, text, errp) ? json_int(i) : NULL;
    }
    if (!strncmp(p->type, "uint", 4)) {
        return parse_u64(text, &u, errp) ? json_uint(u) : NULL;
    }
    return json_string(text);
}

static bool set_dynamic(Object *obj, const DynamicProperty *p, const JsonValue *v, bool text, Error **errp)
{
    g_autoptr(JsonValue) converted = NULL;

    if (!p->set) {
        error_setg(errp, "Property '%s.%s' is read-only", obj->type->name, p->name);
        return false;
    }
    if (text && json_get_string(v)) {
        converted = text_to_json(p, json_get_string(v), errp);
        if (!converted) {
            return false;
        }
    }
    return p->set(obj, p, converted ? converted : v, errp);
}

static bool set_value(Object *obj, const char *name, const JsonValue *v, bool text, Error **errp)
{
    DynamicProperty *p = find_dynamic(obj, name);
    const char *s = json_get_string(v);
    const Field *f;

    if (p) {
        return set_dynamic(obj, p, v, text, errp);
    }
    f = settable_field(obj, name, errp);
    if (!f) {
        return false;
    }
    if (f->type == FIELD_LINK) {
        if (json_type(v) != JSON_NULL && !s) {
            error_setg(errp, "Invalid parameter type for '%s', expected: string", name);
            return false;
        }
        return resolve_link(obj, f, s ? s : "", errp);
    }
    if (text) {
        return s ? field_parse(f, obj, s, errp) : field_from_json_text(f, obj, v, errp);
    }
    return field_from_json(f, obj, v, errp);
}

bool object_set(Object *obj, const char *name, const char *text, Error **errp)
{
    g_autoptr(JsonValue) v = json_string(text);

    return set_value(obj, name, v, true, errp);
}

bool object_set_json(Object *obj, const char *name, const JsonValue *v, Error **errp)
{
    return set_value(obj, name, v, false, errp);
}

bool object_set_options(Object *obj, OptionSet *opts, Error **errp)
{
    static const char *const skip[] = {"driver", "qom-type", "id", "bus"};
    g_autoptr(JsonValue) all = option_set_json(opts);

    for (size_t i = 0; i < json_length(all); i++) {
        const char *key = json_key_at(all, i);
        bool skipped = false;

        for (size_t k = 0; k < G_N_ELEMENTS(skip); k++) {
            skipped |= !strcmp(key, skip[k]);
        }
        if (skipped || (option_used(opts, key) && !find_dynamic(obj, key) && !type_find_field(obj->type, key))) {
            continue; /* the caller's own */
        }
        if (!set_value(obj, key, json_value_at(all, i), true, errp)) {
            return false;
        }
        option_mark_used(opts, key);
    }
    return true;
}

/* --- getting --- */

JsonValue *object_get_json(Object *obj, const char *name, Error **errp)
{
    const DynamicProperty *p = find_dynamic(obj, name);
    const Field *f;

    if (p) {
        if (!p->get) {
            error_setg(errp, "Property '%s.%s' cannot be read", obj->type->name, name);
            return NULL;
        }
        return p->get(obj, p);
    }
    f = type_find_field(obj->type, name);
    if (!f || !(f->flags & SHOWN)) {
        not_found(obj, name, errp);
        return NULL;
    }
    if (f->type == FIELD_LINK) {
        Object *target = *link_slot(obj, f);
        g_autofree char *path = target ? object_canonical_path(target) : NULL;

        return json_string(path ? path : "");
    }
    return field_to_json(f, obj);
}

char *object_get(Object *obj, const char *name, Error **errp)
{
    const Field *f = find_dynamic(obj, name) ? NULL : type_find_field(obj->type, name);
    g_autoptr(JsonValue) v = NULL;

    if (f && (f->flags & SHOWN) && f->type != FIELD_LINK) {
        return field_print(f, obj);
    }
    v = object_get_json(obj, name, errp);
    if (!v) {
        return NULL;
    }
    if (json_type(v) == JSON_BOOL) {
        return g_strdup(json_get_bool(v) ? "on" : "off");
    }
    return json_get_string(v) ? g_strdup(json_get_string(v)) : json_print(v, false);
}

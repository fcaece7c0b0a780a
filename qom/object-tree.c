/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The composition tree: named children in order of adding, canonical paths and their resolution.
 *
 * Guarded by the machine lock. A parent owns one reference to each child; a child knows its parent and its name but owns
 * neither. Names are unique below a parent: whoever takes a name from outside (an id) looks first with
 * object_get_child(), and a clash that slips through is reported and resolved with an index instead of losing an object.
 */
#include <string.h>

#include "object-internal.h"

Object *object_get_child(Object *parent, const char *name)
{
    return parent->children ? g_hash_table_lookup(parent->children, name) : NULL;
}

static char *free_index_name(Object *parent, const char *stem, size_t stem_len)
{
    for (unsigned i = 0;; i++) {
        char *name = g_strdup_printf("%.*s[%u]", (int)stem_len, stem, i);

        if (!object_get_child(parent, name)) {
            return name;
        }
        g_free(name);
    }
}

static bool is_above(const Object *top, const Object *obj)
{
    for (; obj; obj = obj->parent) {
        if (obj == top) {
            return true;
        }
    }
    return false;
}

void object_add_child(Object *parent, const char *name, Object *child)
{
    size_t len = strlen(name);

    if (child->parent || is_above(child, parent)) {
        object_bug("object_add_child: '%s' already has a parent or is above its new one", name);
    }
    if (!parent->children) {
        parent->children = g_hash_table_new(g_str_hash, g_str_equal);
        parent->child_order = g_ptr_array_new();
    }
    if (g_str_has_suffix(name, "[*]")) {
        child->name = free_index_name(parent, name, len - 3);
    } else if (object_get_child(parent, name)) {
        child->name = free_index_name(parent, name, len);
        warn_report("two objects named '%s' below one parent; the second is called '%s'", name, child->name);
    } else {
        child->name = g_strdup(name);
    }
    child->parent = parent;
    g_hash_table_insert(parent->children, child->name, object_ref(child));
    g_ptr_array_add(parent->child_order, child);
}

void object_remove_from_parent(Object *child)
{
    Object *parent = child->parent;

    if (!parent) {
        return;
    }
    object_unrealize(child);
    g_hash_table_remove(parent->children, child->name);
    g_ptr_array_remove(parent->child_order, child);
    g_clear_pointer(&child->name, g_free);
    child->parent = NULL;
    object_unref(child);
}

void object_foreach_child(Object *parent, void (*fn)(Object *child, void *opaque), void *opaque)
{
    guint n = parent->child_order ? parent->child_order->len : 0;
    g_autofree Object **children = g_new(Object *, n + 1);

    for (guint i = 0; i < n; i++) { /* the callback may change the tree */
        children[i] = object_ref(parent->child_order->pdata[i]);
    }
    for (guint i = 0; i < n; i++) {
        if (children[i]->parent == parent) {
            fn(children[i], opaque);
        }
        object_unref(children[i]);
    }
}

Object *object_root_of(Object *obj)
{
    while (obj->parent) {
        obj = obj->parent;
    }
    return obj;
}

char *object_canonical_path(const Object *obj)
{
    GString *path;

    if (!obj->parent) {
        return obj->children ? g_strdup("/") : NULL;
    }
    path = g_string_new(NULL);
    for (; obj->parent; obj = obj->parent) {
        g_string_prepend(path, obj->name);
        g_string_prepend_c(path, '/');
    }
    return g_string_free(path, FALSE);
}

/* --- resolution --- */

static Object *walk(Object *obj, char **parts)
{
    for (; obj && *parts; parts++) {
        if (**parts) {
            obj = object_get_child(obj, *parts);
        }
    }
    return obj;
}

typedef struct Search {
    char **parts;
    const char *type;
    Object *found;
    unsigned matches;
} Search;

static void search_below(Object *obj, Search *s)
{
    Object *hit = walk(obj, s->parts);

    if (hit && hit != obj && (!s->type || object_is_a(hit, s->type))) {
        s->found = hit;
        s->matches++;
    }
    for (guint i = 0; obj->child_order && i < obj->child_order->len; i++) {
        search_below(obj->child_order->pdata[i], s);
    }
}

Object *object_resolve_typed(Object *root, const char *path, const char *type, unsigned *matches)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    Search s = {.parts = parts, .type = type};

    if (*path == '/') {
        Object *obj = walk(root, parts);

        *matches = obj && (!type || object_is_a(obj, type));
        return *matches ? obj : NULL;
    }
    search_below(root, &s);
    *matches = s.matches;
    return s.matches == 1 ? s.found : NULL;
}

Object *object_resolve(Object *root, const char *path, bool *ambiguous)
{
    unsigned matches;
    Object *obj = object_resolve_typed(root, path, NULL, &matches);

    if (ambiguous) {
        *ambiguous = matches > 1;
    }
    return obj;
}

static void collect_names(Object *obj, const char *type, GPtrArray *names)
{
    if (obj->name && object_is_a(obj, type)) {
        g_ptr_array_add(names, obj->name);
    }
    for (guint i = 0; obj->child_order && i < obj->child_order->len; i++) {
        collect_names(obj->child_order->pdata[i], type, names);
    }
}

const char **object_names_of_type(Object *root, const char *type)
{
    GPtrArray *names = g_ptr_array_new();

    collect_names(root, type, names);
    g_ptr_array_add(names, NULL);
    return (const char **)g_ptr_array_free(names, FALSE);
}

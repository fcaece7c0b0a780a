/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Types: lookup in the registry, chains of parents, class data and interfaces.
 *
 * The registry is checked as a whole on first use: every parent exists, no chain is a cycle, no instance is
 * smaller than its parent's, every class kind is an ancestor. What fails is a mistake in the source, so it aborts at start-up
 * in every build and every test, not when a user happens to create that type.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "object-internal.h"

REGISTRY_OWN(type);

static const TypeRecord type_object = {
    .name = "object",
    .help = "base of all types",
    .instance_size = sizeof(Object),
    .abstract = true,
};
TYPE_REGISTER(type_object);

static const TypeRecord type_container = {
    .name = "container",
    .parent = "object",
    .help = "a node of the composition tree that only holds children",
};
TYPE_REGISTER(type_container);

void object_bug(const char *fmt, ...)
{
    va_list ap;

    fputs("qom: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    abort();
}

static const TypeRecord *find_in(const void *const *sorted, size_t count, const char *name)
{
    return registry_find(sorted, count, name);
}

static void check_type(const TypeRecord *t, const void *const *sorted, size_t count)
{
    const TypeRecord *p = t;
    size_t size = SIZE_MAX; /* of the nearest level that states one */
    bool kind_found = t->class_kind == NULL;

    for (int depth = 0;; depth++) {
        const TypeRecord *up = p->parent ? find_in(sorted, count, p->parent) : NULL;

        if (p->instance_size > size) {
            object_bug("type '%s' has a smaller instance than its parent '%s'", t->name, p->name);
        }
        size = p->instance_size ? p->instance_size : size;
        kind_found |= t->class_kind && !strcmp(p->name, t->class_kind);
        if (!p->parent) {
            break;
        }
        if (!up) {
            object_bug("type '%s' has an unknown parent '%s'", p->name, p->parent);
        }
        if (depth >= TYPE_MAX_DEPTH - 1) {
            object_bug("type '%s' has too many levels of parents, or is its own", t->name);
        }
        p = up;
    }
    if (strcmp(p->name, "object")) {
        object_bug("type '%s' does not descend from 'object'", t->name);
    }
    if (!kind_found) {
        object_bug("type '%s' has class data of kind '%s', which is no ancestor", t->name, t->class_kind);
    }
}

static const TypeRecord *const *all_types(size_t *count)
{
    static gsize checked;
    const void *const *sorted = REGISTRY_SORTED(type, count);

    if (g_once_init_enter(&checked)) {
        for (size_t i = 0; i < *count; i++) {
            check_type(sorted[i], sorted, *count);
        }
        g_once_init_leave(&checked, 1);
    }
    return (const TypeRecord *const *)sorted;
}

const TypeRecord *type_find(const char *name)
{
    size_t count;
    const TypeRecord *const *types = all_types(&count);

    return name ? find_in((const void *const *)types, count, name) : NULL;
}

const TypeRecord *type_parent(const TypeRecord *t)
{
    return type_find(t->parent);
}

size_t type_instance_size(const TypeRecord *t)
{
    while (!t->instance_size) {
        t = type_parent(t);
    }
    return t->instance_size;
}

size_t type_chain(const TypeRecord *t, const TypeRecord *chain[TYPE_MAX_DEPTH])
{
    size_t n = 0;

    for (const TypeRecord *p = t; p; p = type_parent(p)) {
        n++;
    }
    for (size_t i = n; i-- > 0; t = type_parent(t)) {
        chain[i] = t;
    }
    return n;
}

const void *type_interface(const TypeRecord *t, const char *iface)
{
    for (; t; t = type_parent(t)) {
        for (const InterfaceRecord *i = t->interfaces; i && i->name; i++) {
            if (!strcmp(i->name, iface)) {
                return i->vtable;
            }
        }
    }
    return NULL;
}

/* An interface without functions has no vtable but still counts. */
static bool has_interface(const TypeRecord *t, const char *iface)
{
    for (const InterfaceRecord *i = t->interfaces; i && i->name; i++) {
        if (!strcmp(i->name, iface)) {
            return true;
        }
    }
    return false;
}

bool type_is_a(const TypeRecord *t, const char *ancestor)
{
    for (; t; t = type_parent(t)) {
        if (!strcmp(t->name, ancestor) || has_interface(t, ancestor)) {
            return true;
        }
    }
    return false;
}

const void *type_class(const TypeRecord *t, const char *kind)
{
    for (; t; t = type_parent(t)) {
        if (t->class_kind && !strcmp(t->class_kind, kind)) {
            return t->class_data;
        }
    }
    return NULL;
}

const TypeRecord **type_list(const char *ancestor, bool include_abstract)
{
    size_t count;
    const TypeRecord *const *types = all_types(&count);
    GPtrArray *list = g_ptr_array_new();

    for (size_t i = 0; i < count; i++) {
        if (strcmp(types[i]->name, ancestor) && (include_abstract || !types[i]->abstract) &&
            type_is_a(types[i], ancestor)) {
            g_ptr_array_add(list, (gpointer)types[i]);
        }
    }
    g_ptr_array_add(list, NULL);
    return (const TypeRecord **)g_ptr_array_free(list, FALSE);
}

const Field *type_find_field(const TypeRecord *t, const char *name)
{
    for (; t; t = type_parent(t)) {
        const Field *f = field_find(t->fields, name);

        if (f) {
            return f;
        }
    }
    return NULL;
}

bool type_unknown_error(const char *what, const char *name, const char *ancestor, Error **errp)
{
    g_autofree const TypeRecord **types = type_list(ancestor, false);
    g_autofree const char **names = NULL;
    size_t n = 0;

    while (types[n]) {
        n++;
    }
    names = g_new0(const char *, n + 1);
    for (size_t i = 0; i < n; i++) {
        names[i] = types[i]->name;
    }
    error_set_unknown(errp, name, names, "unknown %s '%s'", what, name);
    return false;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the person at the command line meets: the help of a type's properties, and -object.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "object-internal.h"
#include "util/option.h"

void object_foreach_property(const TypeRecord *type, void (*fn)(const Field *f, const TypeRecord *owner, void *opaque),
                             void *opaque)
{
    const TypeRecord *chain[TYPE_MAX_DEPTH];
    size_t levels = type_chain(type, chain);

    for (size_t i = 0; i < levels; i++) {
        for (const Field *f = chain[i]->fields; f && f->name; f++) {
            if (type_find_field(type, f->name) == f) { /* not hidden by a derived type's */
                fn(f, chain[i], opaque);
            }
        }
    }
}

static void collect(const Field *f, const TypeRecord *owner, void *opaque)
{
    if ((f->flags & (FIELD_PROP | FIELD_RUNTIME)) && !(f->flags & FIELD_HIDDEN)) {
        g_ptr_array_add(opaque, (gpointer)f);
    }
}

static gint by_name(gconstpointer a, gconstpointer b)
{
    return strcmp((*(const Field *const *)a)->name, (*(const Field *const *)b)->name);
}

static char *help_type(const Field *f)
{
    if (f->type == FIELD_LINK && f->info) {
        return g_strdup_printf("link<%s>", (const char *)f->info);
    }
    return g_strdup(field_type_name(f));
}

/* " (default: x)"; empty where a default says nothing. */
static char *help_default(const Field *f)
{
    switch (f->type) {
    case FIELD_BOOL: return g_strdup_printf(" (default: %s)", f->def ? "true" : "false");
    case FIELD_ENUM: return g_strdup_printf(" (default: \"%s\")", ((const char *const *)f->info)[f->def]);
    case FIELD_STRING:
    case FIELD_MAC: return f->def_str ? g_strdup_printf(" (default: \"%s\")", f->def_str) : g_strdup("");
    case FIELD_I32:
    case FIELD_I64: return g_strdup_printf(" (default: %" G_GINT64_FORMAT ")", f->def);
    case FIELD_U8:
    case FIELD_U16:
    case FIELD_U32:
    case FIELD_U64:
    case FIELD_SIZE: return g_strdup_printf(" (default: %" G_GUINT64_FORMAT ")", (guint64)f->def);
    default: return g_strdup("");
    }
}

void type_print_help(const char *type_name)
{
    const TypeRecord *t = type_find(type_name);
    GPtrArray *fields = g_ptr_array_new();

    if (t) {
        object_foreach_property(t, collect, fields);
    }
    g_ptr_array_sort(fields, by_name);
    printf(fields->len ? "%s options:\n" : "There are no options for %s.\n", type_name);
    for (guint i = 0; i < fields->len; i++) {
        const Field *f = fields->pdata[i];
        g_autofree char *type = help_type(f);
        g_autofree char *def = help_default(f);
        int width = printf("  %s=<%s>", f->name, type);

        if (f->help || *def) {
            printf("%*s - %s%s", width < 24 ? 24 - width : 0, "", f->help ? f->help : "", f->help || !*def ? def : def + 1);
        }
        if (f->type == FIELD_ENUM) {
            g_autofree char *names = g_strjoinv("/", (char **)f->info);

            printf(" [%s]", names);
        }
        putchar('\n');
    }
    g_ptr_array_free(fields, TRUE);
}

/* --- -object --- */

static const TypeRecord *creatable_type(const char *name, Error **errp)
{
    const TypeRecord *t = name ? type_find(name) : NULL;

    if (!name) {
        error_setg(errp, "Parameter 'qom-type' is missing");
        return NULL;
    }
    if (!t) {
        type_unknown_error("object type", name, INTERFACE_USER_CREATABLE, errp);
        return NULL;
    }
    if (t->abstract || !type_is_a(t, INTERFACE_USER_CREATABLE)) {
        error_setg(errp, "object type '%s' cannot be created by -object or object-add", name);
        return NULL;
    }
    return t;
}

static Object *objects_container(Object *root)
{
    Object *objects = object_get_child(root, "objects");

    if (!objects) {
        objects = object_new("container");
        object_add_child(root, "objects", objects);
        object_unref(objects);
    }
    return objects;
}

static bool complete(Object *obj, Error **errp)
{
    const UserCreatable *uc = object_interface(obj, INTERFACE_USER_CREATABLE);

    return object_realize(obj, errp) && (!uc || !uc->complete || uc->complete(obj, errp));
}

Object *user_object_create(Object *root, OptionSet *opts, Error **errp)
{
    const TypeRecord *t = creatable_type(option_get(opts, "qom-type"), errp);
    const char *id = option_get(opts, "id");
    Object *objects, *obj;

    if (!t) {
        return NULL;
    }
    if (!id) {
        error_setg(errp, "Parameter 'id' is missing");
        return NULL;
    }
    if (!option_check_id(id, errp)) {
        return NULL;
    }
    objects = objects_container(root);
    if (object_get_child(objects, id)) {
        error_setg(errp, "there is an object with id '%s' already", id);
        return NULL;
    }
    obj = object_new(t->name);
    object_add_child(objects, id, obj); /* before the properties: links are resolved in the tree */
    object_unref(obj);
    if (!object_set_options(obj, opts, errp) || !complete(obj, errp)) {
        object_remove_from_parent(obj);
        return NULL;
    }
    return obj;
}

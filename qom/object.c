/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects: creation, reference counts, realize and unrealize.
 *
 * Creation sets the field defaults of every level, base first, then calls every level's init in the same order, so a
 * level may override what its parent set. The last reference unrealizes, drops the children (the last one added
 * first), calls every level's finalize from the most derived one up, and frees what fields and links own.
 */
#include "object-internal.h"

static Object *create(const TypeRecord *t)
{
    const TypeRecord *chain[TYPE_MAX_DEPTH];
    size_t levels = type_chain(t, chain);
    Object *obj = g_malloc0(type_instance_size(t));

    obj->type = t;
    obj->refs = 1;
    for (size_t i = 0; i < levels; i++) {
        if (chain[i]->fields) {
            fields_set_defaults(chain[i]->fields, obj);
        }
    }
    for (size_t i = 0; i < levels; i++) {
        if (chain[i]->init) {
            chain[i]->init(obj);
        }
    }
    return obj;
}

Object *object_new(const char *type_name)
{
    const TypeRecord *t = type_find(type_name);

    if (!t || t->abstract) {
        object_bug("object_new of %s type '%s'", t ? "abstract" : "unknown", type_name);
    }
    return create(t);
}

Object *object_try_new(const char *type_name, Error **errp)
{
    const TypeRecord *t = type_find(type_name);

    if (!t) {
        type_unknown_error("type", type_name, "object", errp);
        return NULL;
    }
    if (t->abstract) {
        error_setg(errp, "type '%s' is abstract: it only serves as a base of others", type_name);
        return NULL;
    }
    return create(t);
}

Object *object_ref(Object *obj)
{
    if (obj) {
        __atomic_add_fetch(&obj->refs, 1, __ATOMIC_RELAXED);
    }
    return obj;
}

static void destroy(Object *obj)
{
    const TypeRecord *chain[TYPE_MAX_DEPTH];
    size_t levels = type_chain(obj->type, chain);

    object_unrealize(obj);
    while (obj->child_order && obj->child_order->len) {
        object_remove_from_parent(obj->child_order->pdata[obj->child_order->len - 1]);
    }
    for (size_t i = levels; i-- > 0;) {
        if (chain[i]->finalize) {
            chain[i]->finalize(obj);
        }
    }
    object_free_properties(obj);
    g_clear_pointer(&obj->children, g_hash_table_destroy);
    if (obj->child_order) {
        g_ptr_array_free(obj->child_order, TRUE);
    }
    g_free(obj->name);
    g_free(obj);
}

void object_unref(Object *obj)
{
    if (obj && __atomic_sub_fetch(&obj->refs, 1, __ATOMIC_ACQ_REL) == 0) {
        obj->refs = 1; /* callbacks of its end may take and drop references */
        destroy(obj);
    }
}

bool object_is_a(const Object *obj, const char *ancestor)
{
    return obj && type_is_a(obj->type, ancestor);
}

Object *object_cast(Object *obj, const char *ancestor)
{
    return object_is_a(obj, ancestor) ? obj : NULL;
}

const char *object_type_name(const Object *obj)
{
    return obj->type->name;
}

/* --- realize --- */

static bool realize_from(const TypeRecord *t, Object *obj, Error **errp)
{
    while (t && !t->realize) {
        t = type_parent(t);
    }
    return !t || t->realize(obj, errp);
}

static void unrealize_children(Object *obj)
{
    for (guint i = obj->child_order ? obj->child_order->len : 0; i-- > 0;) {
        if (i < obj->child_order->len) { /* a child may have removed others */
            object_unrealize(obj->child_order->pdata[i]);
        }
    }
}

bool object_realize(Object *obj, Error **errp)
{
    if (obj->realized) {
        return true;
    }
    if (!object_check_required(obj, errp)) {
        return false;
    }
    if (!realize_from(obj->type, obj, errp)) {
        unrealize_children(obj);
        return false;
    }
    obj->realized = true;
    return true;
}

bool object_parent_realize(Object *obj, const char *type_name, Error **errp)
{
    const TypeRecord *t = type_find(type_name);

    if (!t || !object_is_a(obj, type_name)) {
        object_bug("object_parent_realize of '%s' by '%s', which is no type of it", obj->type->name, type_name);
    }
    return realize_from(type_parent(t), obj, errp);
}

void object_unrealize(Object *obj)
{
    if (!obj->realized) {
        return;
    }
    obj->realized = false;
    for (const TypeRecord *t = obj->type; t; t = type_parent(t)) {
        if (t->unrealize) {
            t->unrealize(obj);
        }
    }
    unrealize_children(obj);
}

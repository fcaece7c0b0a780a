/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The object model: constant type records, single inheritance, interfaces, properties from field tables, reference
 * counts, and one composition tree per machine with canonical paths.
 *
 * A type is a constant TypeRecord in the registry. There are no mutable class structures: what C++ would call a vtable
 * is the constant `class_data` of a record. The struct of a type starts with the struct of its parent type;
 * `struct Object` comes first of all.
 *
 * Life: object_new() -> properties -> object_realize() -> use -> object_unrealize() -> last object_unref(). A parent
 * holds one reference to each child. The tree and properties are guarded by the machine lock; reference counts are atomic.
 */
#ifndef QOM_OBJECT_H
#define QOM_OBJECT_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "util/error.h"
#include "util/field.h"
#include "util/registry.h"

typedef struct Object Object;
typedef struct TypeRecord TypeRecord;
struct JsonValue;
struct OptionSet;

typedef struct InterfaceRecord {
    const char *name;   /* "hotplug-handler" */
    const void *vtable; /* a constant struct that the interface's header declares */
} InterfaceRecord;

struct TypeRecord {
    const char *name;     /* "virtio-blk-device" */
    const char *parent;   /* NULL only for "object" itself */
    const char *help;     /* one line */
    size_t instance_size; /* 0: the parent's */
    bool abstract;
    const char *class_kind; /* name of the ancestor whose header declares the struct that class_data points to; NULL: none here */
    const void *class_data;
    const InterfaceRecord *interfaces; /* ended by name NULL; may be NULL */
    const Field *fields;               /* properties and state of this level; may be NULL */
    void (*init)(Object *obj);         /* parent's first; after field defaults were set */
    bool (*realize)(Object *obj, Error **errp);   /* only the most derived one is called; it may call object_parent_realize() */
    void (*unrealize)(Object *obj);    /* every level's is called, most derived first; then children are unrealized */
    void (*finalize)(Object *obj);     /* child's first */
};

#define TYPE_REGISTER(record) REGISTRY_ADD(type, record)

/* Every instance starts with this. All members are private to qom/. */
struct Object {
    const TypeRecord *type;
    Object *parent;
    char *name;           /* in its parent */
    GHashTable *children; /* name -> Object *, made on demand */
    GPtrArray *child_order;
    GPtrArray *dynamic;   /* DynamicProperty *, made on demand */
    int refs;
    bool realized;
};

/* --- types --- */
const TypeRecord *type_find(const char *name); /* NULL where unknown */
const TypeRecord *type_parent(const TypeRecord *t);
bool type_is_a(const TypeRecord *t, const char *ancestor);       /* also true for an interface */
const void *type_class(const TypeRecord *t, const char *kind);   /* nearest class_data for that class_kind, up the chain */
const void *type_interface(const TypeRecord *t, const char *iface);
/* All types below @ancestor sorted by name; NULL-terminated; g_free the array. */
const TypeRecord **type_list(const char *ancestor, bool include_abstract);
const Field *type_find_field(const TypeRecord *t, const char *name); /* searches the chain, most derived first */
/* "unknown X 'foo'" with the nearest name below @ancestor as a hint; always returns false. */
bool type_unknown_error(const char *what, const char *name, const char *ancestor, Error **errp);

/* --- objects --- */
Object *object_new(const char *type_name); /* one reference; abort on unknown or abstract type: a programming error */
Object *object_try_new(const char *type_name, Error **errp);
Object *object_ref(Object *obj);
void object_unref(Object *obj);
bool object_is_a(const Object *obj, const char *ancestor);
/* The object itself where it is of that type, else NULL. */
Object *object_cast(Object *obj, const char *ancestor);
#define OBJECT(x) ((Object *)(x))
#define object_class(obj, kind) type_class(OBJECT(obj)->type, (kind))
#define object_interface(obj, iface) type_interface(OBJECT(obj)->type, (iface))
const char *object_type_name(const Object *obj);

bool object_realize(Object *obj, Error **errp);   /* once; on failure the object stays unrealized and unref-able */
/* Calls the realize of the type level above @type_name. */
bool object_parent_realize(Object *obj, const char *type_name, Error **errp);
void object_unrealize(Object *obj);

/* --- composition tree --- */
/*
 * Takes a new reference. Where @name ends in "[*]" the first free index is used. A name that is taken gets an index, with
 * a warning: check an id from outside by option_check_id() and object_get_child() first.
 */
void object_add_child(Object *parent, const char *name, Object *child);
void object_remove_from_parent(Object *child); /* unrealizes it and drops the parent's reference */
Object *object_get_child(Object *parent, const char *name);
void object_foreach_child(Object *parent, void (*fn)(Object *child, void *opaque), void *opaque); /* in order of adding */
char *object_canonical_path(const Object *obj);             /* "/machine/soc/uart[0]"; g_free. NULL where not in a tree */
/* Absolute path, or a partial one that is unambiguous below @root. */
Object *object_resolve(Object *root, const char *path, bool *ambiguous);
Object *object_root_of(Object *obj);
/* "container" objects hold only children: object_new("container") for /machine, /machine/peripheral, ... */

/* --- properties: field tables of the whole chain, and dynamic ones of single objects --- */
typedef struct DynamicProperty {
    char *name, *type, *help;
    struct JsonValue *(*get)(Object *obj, const struct DynamicProperty *p);
    bool (*set)(Object *obj, const struct DynamicProperty *p, const struct JsonValue *v, Error **errp); /* NULL: read only */
    void *opaque;
} DynamicProperty;
void object_add_property(Object *obj, const char *name, const char *type, const char *help,
                         struct JsonValue *(*get)(Object *, const DynamicProperty *),
                         bool (*set)(Object *, const DynamicProperty *, const struct JsonValue *, Error **), void *opaque);
/* Links are given as id or path and resolved in the tree @obj stands in: add it to the tree first. */
bool object_set(Object *obj, const char *name, const char *text, Error **errp);
bool object_set_json(Object *obj, const char *name, const struct JsonValue *v, Error **errp);
bool object_set_link(Object *obj, const char *name, Object *target, Error **errp); /* type checked; takes a reference */
char *object_get(Object *obj, const char *name, Error **errp); /* text; g_free */
struct JsonValue *object_get_json(Object *obj, const char *name, Error **errp);
/* Every option of @opts except `driver`/`qom-type`, `id`, `bus`: sets properties; suggestion on an unknown one. */
bool object_set_options(Object *obj, struct OptionSet *opts, Error **errp);
void object_foreach_property(const TypeRecord *type, void (*fn)(const Field *f, const TypeRecord *owner, void *opaque), void *opaque);
/* `-device x,help`: the settable properties of a type on stdout, sorted, with type, default and help. */
void type_print_help(const char *type_name);

/* --- -object: types that say what the user can create by -object (interface "user-creatable") --- */
typedef struct UserCreatable {
    bool (*complete)(Object *obj, Error **errp); /* may be NULL */
} UserCreatable;
#define INTERFACE_USER_CREATABLE "user-creatable"
/* Creates, adds below root's "objects" child (which owns it), sets, realizes, completes. @opts: qom-type, id, properties. */
Object *user_object_create(Object *root, struct OptionSet *opts, Error **errp);

#endif

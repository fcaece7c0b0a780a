/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of qom/ share.
 */
#ifndef QOM_OBJECT_INTERNAL_H
#define QOM_OBJECT_INTERNAL_H

#include "qom/object.h"

/* Levels of a chain are bounded; a deeper one is taken for a cycle when the registry is checked. */
#define TYPE_MAX_DEPTH 32

/* Prints and aborts: for mistakes in the source that no input can cause. */
void G_GNUC_NORETURN G_GNUC_PRINTF(1, 2) object_bug(const char *fmt, ...);

size_t type_instance_size(const TypeRecord *t);
/* The chain from the base type down to @t; returns the number of levels. */
size_t type_chain(const TypeRecord *t, const TypeRecord *chain[TYPE_MAX_DEPTH]);

/* Releases links, owned members and dynamic properties. */
void object_free_properties(Object *obj);
/* A REQUIRED string or link that was not set. */
bool object_check_required(Object *obj, Error **errp);

/* The one object of type @type (NULL: any) that @path names below @root; *matches: how many there were. */
Object *object_resolve_typed(Object *root, const char *path, const char *type, unsigned *matches);
/* Names of all objects of @type below @root, NULL-terminated, borrowed strings; g_free the array. */
const char **object_names_of_type(Object *root, const char *type);

#endif

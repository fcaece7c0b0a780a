/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the field tables share: element access and the range of a number field.
 */
#ifndef UTIL_FIELD_INTERNAL_H
#define UTIL_FIELD_INTERNAL_H

#include "util/field.h"

static inline void *field_at(const Field *f, void *object)
{
    return (char *)object + f->offset;
}

static inline const void *field_at_const(const Field *f, const void *object)
{
    return (const char *)object + f->offset;
}

/* Bytes of one element of a number, bool, enum or double field; 0 for all other types. */
size_t field_scalar_size(FieldType type);
/* True for an array of scalars, which text shows as a JSON array. */
bool field_is_array(const Field *f);
bool field_is_signed(FieldType type);

uint64_t field_load_u64(const Field *f, const void *p);
int64_t field_load_i64(const Field *f, const void *p);
/* Stores after a range check; @shown: what the user wrote. */
bool field_store_u64(const Field *f, void *p, uint64_t v, const char *shown, Error **errp);
bool field_store_i64(const Field *f, void *p, int64_t v, const char *shown, Error **errp);
bool field_store_f64(const Field *f, void *p, double v, const char *shown, Error **errp);
bool field_store_enum(const Field *f, void *p, const char *name, Error **errp);
bool field_store_mac(const Field *f, void *p, const char *text, Error **errp);
char *field_print_mac(const void *p);

/* One element from text. */
bool field_parse_scalar(const Field *f, void *p, const char *text, Error **errp);

#endif

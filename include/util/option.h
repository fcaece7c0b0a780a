/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Option strings: QEMU's `implied,key=value,key.sub=value,flag` (`,,` is a literal comma) and the same as a JSON object,
 * both turned into one OptionSet that a field table or a device reads.
 *
 * Every key knows whether it was used, so that what nobody consumed becomes one error that names it and suggests the
 * nearest right word.
 */
#ifndef UTIL_OPTION_H
#define UTIL_OPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"
#include "util/field.h"

typedef struct OptionSet OptionSet;

/*
 * @text: `a=b,c` or `{...}`. @implied_key: key of a first item without `=` ("driver" for -device), or NULL.
 * A bare `flag` is flag=on, `noflag` stays a key of its own. Returns NULL on malformed text.
 */
OptionSet *option_set_parse(const char *text, const char *implied_key, Error **errp);
OptionSet *option_set_new(void);
void option_set_free(OptionSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OptionSet, option_set_free)

void option_set_put(OptionSet *set, const char *key, const char *value);
/* NULL where absent. Marks the key as used. The string lives as long as the set. Last one given wins. */
const char *option_get(OptionSet *set, const char *key);
bool option_has(OptionSet *set, const char *key);
bool option_get_bool(OptionSet *set, const char *key, bool def, bool *out, Error **errp);
bool option_get_u64(OptionSet *set, const char *key, uint64_t def, uint64_t *out, Error **errp);
bool option_get_size(OptionSet *set, const char *key, uint64_t def, uint64_t *out, Error **errp);
/* True where a bare `help` or `?` is among the items. */
bool option_wants_help(OptionSet *set);
/* True where every item named @key or below it (`key.`) was used, or there is none. Does not mark. */
bool option_used(OptionSet *set, const char *key);
/* Marks @key and every item below it as used. */
void option_mark_used(OptionSet *set, const char *key);
/* An id as `id=` takes it: a letter, then letters, digits, `-`, `.`, `_`. */
bool option_check_id(const char *id, Error **errp);
/* Calls @fn for each pair in the order given. */
void option_foreach(OptionSet *set, void (*fn)(const char *key, const char *value, void *opaque), void *opaque);
/* The whole set as a nested JSON object (a.b=c becomes {"a":{"b":"c"}}); strings stay strings when parsed from text. */
struct JsonValue *option_set_json(OptionSet *set);
/* Parses every key by the table into @object; unknown keys are errors with a suggestion. */
bool option_set_fields(OptionSet *set, const Field *table, void *object, Error **errp);
/*
 * Error naming the first key nobody used; @what: "-device virtio-blk-device"; @known: NULL-terminated names for the
 * suggestion, may be NULL. True where all were used.
 */
bool option_check_unused(OptionSet *set, const char *what, const char *const *known, Error **errp);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Field tables: one reflection record describes a struct member, and everything else is derived from it: QOM properties,
 * command-line options, QMP arguments and results, reset values, snapshot sections, help texts and the reference manual.
 *
 * A table is an array of Field ended by a record whose name is NULL (FIELD_END).
 */
#ifndef UTIL_FIELD_H
#define UTIL_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

struct JsonValue;

typedef enum FieldType {
    FIELD_BOOL,   /* bool; text: on/off/yes/no/true/false */
    FIELD_U8,
    FIELD_U16,
    FIELD_U32,
    FIELD_U64,
    FIELD_I32,
    FIELD_I64,
    FIELD_SIZE,   /* uint64_t bytes; text takes suffixes b, k, M, G, T, P, E (powers of 1024) and fractions */
    FIELD_F64,    /* double */
    FIELD_STRING, /* char *, owned by the struct (g_free) */
    FIELD_ENUM,   /* int; info: const char *const * names, NULL-terminated */
    FIELD_STRUCT, /* embedded struct; info: const Field * */
    FIELD_LIST,   /* GPtrArray * of heap structs; info: const Field *; elem_size: size of one; key.0.sub=value in text */
    FIELD_STRLIST,/* char ** (strv), owned */
    FIELD_LINK,   /* struct Object *; info: const char * of the QOM type; text: id or canonical path */
    FIELD_MAC,    /* uint8_t[6]; text aa:bb:cc:dd:ee:ff */
    FIELD_ANY,    /* struct JsonValue *, owned */
    FIELD_BYTES,  /* state only: `count` bytes */
} FieldType;

typedef enum FieldFlags {
    FIELD_PROP = 1 << 0,      /* settable by the user before the object is realized */
    FIELD_RUNTIME = 1 << 1,   /* settable after it is realized too */
    FIELD_READONLY = 1 << 2,  /* shown, never set */
    FIELD_STATE = 1 << 3,     /* guest-visible state: reset to `def`, saved in snapshots */
    FIELD_DERIVED = 1 << 4,   /* state that is recomputed after a load; listed so that nothing is forgotten */
    FIELD_REQUIRED = 1 << 5,  /* an argument that must be given */
    FIELD_HIDDEN = 1 << 6,    /* works, but is left out of help */
    FIELD_KEPT = 1 << 7,      /* state that outlives a reset (battery-backed): saved, never reset */
} FieldFlags;

typedef struct Field {
    const char *name; /* dashes, as the user types it */
    FieldType type;
    uint32_t flags;
    uint32_t offset;
    uint32_t count;     /* array length for numeric state; 0 or 1: scalar */
    uint32_t elem_size; /* FIELD_LIST: size of one element struct */
    const void *info;   /* by type, see above */
    int64_t def;        /* default for numbers, bools, enums (u64 by cast) */
    const char *def_str;/* default for strings */
    uint64_t min, max;  /* accepted range for numbers; both 0: the range of the type */
    uint16_t since;     /* section version in which a state field appeared; 0: the first */
    const char *help;
} Field;

#define FIELD_END {.name = NULL}
/* FIELD(MyState, member, FIELD_U32, "name", FIELD_PROP, .def = 3, .help = "...") */
#define FIELD(S, member, ftype, fname, fflags, ...)                                                                     \
    {.name = (fname), .type = (ftype), .flags = (fflags), .offset = offsetof(S, member), __VA_ARGS__}

/* Sets every member to its default. Owned members must be NULL or valid before (they are freed). */
void fields_set_defaults(const Field *table, void *object);
/* Only members with any of @flags; used by reset with FIELD_STATE. */
void fields_reset(const Field *table, void *object, uint32_t flags);
void fields_free(const Field *table, void *object); /* frees owned members and sets them to NULL */
const Field *field_find(const Field *table, const char *name);

/* One member from text as on a command line, with range checks. Unknown names are the caller's (field_find). */
bool field_parse(const Field *f, void *object, const char *text, Error **errp);
/* One member as text; g_free the result. */
char *field_print(const Field *f, const void *object);

/* Whole struct <-> JSON object. Unknown members are errors that suggest the nearest name. */
bool fields_from_json(const Field *table, void *object, const struct JsonValue *json, Error **errp);
struct JsonValue *fields_to_json(const Field *table, const void *object);
bool field_from_json(const Field *f, void *object, const struct JsonValue *json, Error **errp);
/* As field_from_json(), but a string may stand for a number, bool or enum as on a command line (option strings). */
bool field_from_json_text(const Field *f, void *object, const struct JsonValue *json, Error **errp);
struct JsonValue *field_to_json(const Field *f, const void *object);

/* "uint32", "size", "str", ... as shown in help. */
const char *field_type_name(const Field *f);
/* The names of a table, NULL-terminated, for suggestions; g_free the array only. @flags: only those with any; 0: all. */
const char **field_names(const Field *table, uint32_t flags);

/* Number with an optional size suffix; whole string must be consumed. */
bool parse_size(const char *text, uint64_t *out, Error **errp);
bool parse_u64(const char *text, uint64_t *out, Error **errp); /* decimal, 0x hex, 0 octal is NOT accepted: "010" is an error */
bool parse_bool(const char *name, const char *text, bool *out, Error **errp);

#endif

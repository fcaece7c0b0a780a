/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON with whole 64-bit integers (QMP needs uint64, which other libraries lose), and an incremental parser for streams
 * that hold several documents in a row (QMP). Depth, token and document size are bounded.
 */
#ifndef UTIL_JSON_H
#define UTIL_JSON_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

typedef enum JsonType { JSON_NULL, JSON_BOOL, JSON_INT, JSON_UINT, JSON_DOUBLE, JSON_STRING, JSON_ARRAY, JSON_OBJECT } JsonType;
/* JSON_INT holds any value that fits int64_t; JSON_UINT only what does not. */

typedef struct JsonValue JsonValue;

JsonValue *json_null(void);
JsonValue *json_bool(bool v);
JsonValue *json_int(int64_t v);
JsonValue *json_uint(uint64_t v);
JsonValue *json_double(double v);
JsonValue *json_string(const char *s);
JsonValue *json_stringf(const char *fmt, ...) G_GNUC_PRINTF(1, 2);
JsonValue *json_array(void);
JsonValue *json_object(void);
JsonValue *json_copy(const JsonValue *v);
void json_free(JsonValue *v); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(JsonValue, json_free)

void json_append(JsonValue *array, JsonValue *item);                    /* takes item */
void json_set(JsonValue *object, const char *key, JsonValue *item);     /* takes item, replaces, keeps order */

JsonType json_type(const JsonValue *v);
bool json_get_bool(const JsonValue *v);
bool json_get_i64(const JsonValue *v, int64_t *out);  /* false where it does not fit */
bool json_get_u64(const JsonValue *v, uint64_t *out);
double json_get_double(const JsonValue *v);
const char *json_get_string(const JsonValue *v);      /* NULL where not a string */
size_t json_length(const JsonValue *v);               /* items or members */
const JsonValue *json_at(const JsonValue *array, size_t i);
const JsonValue *json_lookup(const JsonValue *object, const char *key); /* NULL where absent */
const char *json_key_at(const JsonValue *object, size_t i);
const JsonValue *json_value_at(const JsonValue *object, size_t i);

/* The whole text must be one document. Also accepts 'single quoted' strings, as QMP does. */
JsonValue *json_parse(const char *text, Error **errp);
char *json_print(const JsonValue *v, bool pretty); /* g_free */

/*
 * Stream parser: @emit is called with each finished document (ownership passes) or with an error (value NULL; ownership
 * passes too). It must not free the stream.
 */
typedef struct JsonStream JsonStream;
typedef void JsonEmit(JsonValue *value, Error *err, void *opaque);
JsonStream *json_stream_new(JsonEmit *emit, void *opaque);
void json_stream_feed(JsonStream *s, const char *data, size_t len);
void json_stream_free(JsonStream *s);

#endif

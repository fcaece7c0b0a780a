/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: JSON. Whatever parses prints to text that parses to the same print; the stream splitter finds the same
 * documents however its input is cut.
 */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "util/json.h"

const FuzzSeed fuzz_seeds[] = {
    FUZZ_SEED("{\"execute\": \"qmp_capabilities\", \"arguments\": {\"enable\": [\"oob\"]}, \"id\": 1}\n{}"),
    FUZZ_SEED("[1, -2.5e3, 18446744073709551615, true, null, 'x', \"\\u00e9\\ud83d\\ude00\\n\"]"),
    FUZZ_SEED("{\"a\":{\"b\":[[[[{}]]]],\"c\":\"\"}} 1 'x'\"y\"[2]\n}"),
    FUZZ_SEED("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\""),
    FUZZ_SEEDS_END,
};

typedef struct Seen {
    GString *text;
} Seen;

static void emit(JsonValue *value, Error *err, void *opaque)
{
    Seen *seen = opaque;

    if (value) {
        g_autofree char *s = json_print(value, false);

        g_string_append(seen->text, s);
        json_free(value);
    } else {
        error_free(err);
    }
    g_string_append_c(seen->text, '\n');
}

static char *stream(const uint8_t *data, size_t size, size_t step)
{
    Seen seen = {.text = g_string_new(NULL)};
    JsonStream *s = json_stream_new(emit, &seen);

    for (size_t at = 0; at < size; at += step) {
        json_stream_feed(s, (const char *)data + at, MIN(step, size - at));
    }
    json_stream_free(s);
    return g_string_free(seen.text, FALSE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size), *whole = NULL, *cut = NULL;
    g_autoptr(Error) err = NULL;
    g_autoptr(JsonValue) v = json_parse(text, &err);
    int answer = 0;

    if (!v == !err) {
        abort();
    }
    if (v) {
        g_autofree char *once = json_print(v, false), *pretty = json_print(v, true), *twice = NULL;
        g_autoptr(JsonValue) again = json_parse(once, NULL), nice = json_parse(pretty, NULL);

        if (!again || !nice) {
            abort();
        }
        twice = json_print(nice, false);
        if (strcmp(once, twice)) {
            abort();
        }
        answer = fuzz_answer(1, once);
    } else {
        answer = fuzz_answer(2, error_message(err));
    }
    whole = stream(data, size, size + 1);
    cut = stream(data, size, 3);
    if (strcmp(whole, cut)) {
        abort();
    }
    return fuzz_answer(answer, whole);
}

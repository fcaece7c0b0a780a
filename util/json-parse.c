/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON parser (RFC 8259, plus 'single quoted' strings as QMP takes them) and the stream splitter.
 *
 * The parser is recursive descent over a whole document in memory, with a bound on depth and on the number of values.
 * The stream only finds where a document ends (it counts brackets outside of strings) and hands each to the parser, so
 * there is one grammar. Its memory is bounded by the document size; a document that cannot end well (unbalanced bracket,
 * raw control character in a string, too large, too deep) is reported at once and the stream then skips to the end of
 * the line, which is where a QMP client starts its next command. Byte 0xFF, which no UTF-8 text holds, resets it as well.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "util/json.h"

#define MAX_DEPTH 512
#define MAX_VALUES (2u << 20)
#define MAX_DOCUMENT (64u << 20)

typedef struct Parser {
    const char *start, *p, *end;
    unsigned depth, values;
    Error **errp;
} Parser;

static void G_GNUC_PRINTF(2, 3) parse_error(Parser *ps, const char *fmt, ...)
{
    g_autofree char *text = NULL;
    unsigned line = 1, column = 1;
    va_list ap;

    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    for (const char *c = ps->start; c < ps->p; c++) {
        line += *c == '\n';
        column = *c == '\n' ? 1 : column + 1;
    }
    error_setg(ps->errp, "JSON parse error, %s (line %u, column %u)", text, line, column);
}

static void skip_space(Parser *ps)
{
    while (ps->p < ps->end && strchr(" \t\r\n", *ps->p) && *ps->p) {
        ps->p++;
    }
}

static int peek(const Parser *ps)
{
    return ps->p < ps->end ? (unsigned char)*ps->p : -1;
}

/* What stands at the cursor, for messages. */
static const char *found(const Parser *ps, char buf[8])
{
    int c = peek(ps);

    if (c < 0) {
        return "the end";
    }
    if (c < 0x20 || c > 0x7e) {
        g_snprintf(buf, 8, "0x%02x", c);
    } else {
        g_snprintf(buf, 8, "'%c'", c);
    }
    return buf;
}

static bool parse_hex4(Parser *ps, unsigned *out)
{
    unsigned v = 0;

    for (int i = 0; i < 4; i++) {
        int c = peek(ps);

        if (c < 0 || !g_ascii_isxdigit(c)) {
            parse_error(ps, "\\u needs four hexadecimal digits");
            return false;
        }
        v = v << 4 | (unsigned)g_ascii_xdigit_value(c);
        ps->p++;
    }
    *out = v;
    return true;
}

static bool parse_unicode_escape(Parser *ps, GString *out)
{
    unsigned v, low;

    if (!parse_hex4(ps, &v)) {
        return false;
    }
    if (v >= 0xd800 && v < 0xdc00) {
        if (ps->end - ps->p < 2 || ps->p[0] != '\\' || ps->p[1] != 'u') {
            parse_error(ps, "a high surrogate stands without its low one");
            return false;
        }
        ps->p += 2;
        if (!parse_hex4(ps, &low)) {
            return false;
        }
        if (low < 0xdc00 || low > 0xdfff) {
            parse_error(ps, "a high surrogate stands without its low one");
            return false;
        }
        v = 0x10000 + ((v - 0xd800) << 10) + (low - 0xdc00);
    } else if (v >= 0xdc00 && v < 0xe000) {
        parse_error(ps, "a low surrogate stands without its high one");
        return false;
    }
    if (v == 0) {
        parse_error(ps, "\\u0000 is not accepted in a string");
        return false;
    }
    g_string_append_unichar(out, v);
    return true;
}

static bool parse_escape(Parser *ps, GString *out)
{
    static const char from[] = "\"\\/'bfnrt", to[] = "\"\\/'\b\f\n\r\t";
    int c = peek(ps);
    const char *at;

    if (c == 'u') {
        ps->p++;
        return parse_unicode_escape(ps, out);
    }
    at = c > 0 ? strchr(from, c) : NULL;
    if (!at) {
        parse_error(ps, "invalid escape sequence in a string");
        return false;
    }
    g_string_append_c(out, to[at - from]);
    ps->p++;
    return true;
}

/* At the opening quote. NULL on error; g_free the result. */
static char *parse_string(Parser *ps)
{
    char quote = *ps->p++;
    GString *out = g_string_new(NULL);

    for (;;) {
        const char *run = ps->p;
        int c;

        while (ps->p < ps->end && *ps->p != quote && *ps->p != '\\' && (unsigned char)*ps->p >= 0x20) {
            ps->p++;
        }
        if (ps->p > run) {
            const char *bad;

            if (!g_utf8_validate(run, ps->p - run, &bad)) {
                ps->p = bad;
                parse_error(ps, "invalid UTF-8 in a string");
                break;
            }
            g_string_append_len(out, run, ps->p - run);
        }
        c = peek(ps);
        if (c < 0) {
            parse_error(ps, "a string has no closing quote");
            break;
        }
        ps->p++;
        if (c == quote) {
            return g_string_free(out, FALSE);
        }
        if (c != '\\') {
            ps->p--;
            parse_error(ps, "control character 0x%02x in a string (use \\u%04x)", c, c);
            break;
        }
        if (!parse_escape(ps, out)) {
            break;
        }
    }
    g_string_free(out, TRUE);
    return NULL;
}

static size_t skip_digits(Parser *ps)
{
    const char *from = ps->p;

    while (ps->p < ps->end && g_ascii_isdigit(*ps->p)) {
        ps->p++;
    }
    return ps->p - from;
}

/* Checks the grammar of a number and tells whether it is whole; the cursor ends behind it. */
static bool scan_number(Parser *ps, bool *whole)
{
    size_t digits;

    *whole = true;
    if (peek(ps) == '-') {
        ps->p++;
    }
    if (peek(ps) == '0') {
        ps->p++;
        digits = 1;
        if (skip_digits(ps)) {
            parse_error(ps, "a number has leading zeros");
            return false;
        }
    } else {
        digits = skip_digits(ps);
    }
    if (digits && peek(ps) == '.') {
        *whole = false;
        ps->p++;
        digits = skip_digits(ps);
    }
    if (digits && (peek(ps) == 'e' || peek(ps) == 'E')) {
        *whole = false;
        ps->p++;
        if (peek(ps) == '+' || peek(ps) == '-') {
            ps->p++;
        }
        digits = skip_digits(ps);
    }
    if (!digits) {
        char buf[8];

        parse_error(ps, "expected a digit in a number, found %s", found(ps, buf));
        return false;
    }
    return true;
}

/* A whole number that fits neither int64 nor uint64 becomes a double, as in other JSON implementations. */
static JsonValue *parse_number(Parser *ps)
{
    const char *from = ps->p;
    g_autofree char *text = NULL;
    bool whole;
    double d;

    if (!scan_number(ps, &whole)) {
        return NULL;
    }
    text = g_strndup(from, ps->p - from);
    if (whole) {
        errno = 0;
        if (*text == '-') {
            int64_t i = g_ascii_strtoll(text, NULL, 10);

            if (errno == 0) {
                return json_int(i);
            }
        } else {
            uint64_t u = g_ascii_strtoull(text, NULL, 10);

            if (errno == 0) {
                return json_uint(u);
            }
        }
    }
    d = g_ascii_strtod(text, NULL);
    if (!isfinite(d)) {
        parse_error(ps, "a number is out of range");
        return NULL;
    }
    return json_double(d);
}

static JsonValue *parse_word(Parser *ps)
{
    const char *from = ps->p;
    size_t n;

    while (ps->p < ps->end && (g_ascii_isalnum(*ps->p) || *ps->p == '_')) {
        ps->p++;
    }
    n = ps->p - from;
    if (n == 4 && !memcmp(from, "true", 4)) {
        return json_bool(true);
    }
    if (n == 5 && !memcmp(from, "false", 5)) {
        return json_bool(false);
    }
    if (n == 4 && !memcmp(from, "null", 4)) {
        return json_null();
    }
    ps->p = from;
    parse_error(ps, "unknown word '%.*s' (true, false, null, or a quoted string)", (int)MIN(n, 32), from);
    return NULL;
}

static JsonValue *parse_value(Parser *ps);

static bool parse_member(Parser *ps, JsonValue *object)
{
    g_autofree char *key = NULL;
    JsonValue *value;
    char buf[8];

    if (peek(ps) != '"' && peek(ps) != '\'') {
        parse_error(ps, "expected a quoted key, found %s", found(ps, buf));
        return false;
    }
    key = parse_string(ps);
    if (!key) {
        return false;
    }
    skip_space(ps);
    if (peek(ps) != ':') {
        parse_error(ps, "expected ':' after the key, found %s", found(ps, buf));
        return false;
    }
    ps->p++;
    if (json_lookup(object, key)) {
        parse_error(ps, "duplicate key '%.64s'", key);
        return false;
    }
    value = parse_value(ps);
    if (!value) {
        return false;
    }
    json_set(object, key, value);
    return true;
}

/* At the opening bracket. */
static JsonValue *parse_container(Parser *ps)
{
    bool object = *ps->p == '{';
    int close = object ? '}' : ']';
    g_autoptr(JsonValue) v = object ? json_object() : json_array();
    char buf[8];

    ps->p++;
    skip_space(ps);
    if (peek(ps) == close) {
        ps->p++;
        return g_steal_pointer(&v);
    }
    for (;;) {
        if (object) {
            skip_space(ps);
            if (!parse_member(ps, v)) {
                return NULL;
            }
        } else {
            JsonValue *item = parse_value(ps);

            if (!item) {
                return NULL;
            }
            json_append(v, item);
        }
        skip_space(ps);
        if (peek(ps) == close) {
            ps->p++;
            return g_steal_pointer(&v);
        }
        if (peek(ps) != ',') {
            parse_error(ps, "expected ',' or '%c', found %s", close, found(ps, buf));
            return NULL;
        }
        ps->p++;
    }
}

static JsonValue *parse_value(Parser *ps)
{
    JsonValue *v = NULL;
    char *s, buf[8];
    int c;

    skip_space(ps);
    c = peek(ps);
    if (++ps->values > MAX_VALUES) {
        parse_error(ps, "more than %u values", MAX_VALUES);
        return NULL;
    }
    if (c == '{' || c == '[') {
        if (ps->depth >= MAX_DEPTH) {
            parse_error(ps, "nested deeper than %d", MAX_DEPTH);
            return NULL;
        }
        ps->depth++;
        v = parse_container(ps);
        ps->depth--;
    } else if (c == '"' || c == '\'') {
        s = parse_string(ps);
        if (s) {
            v = json_string(s);
            g_free(s);
        }
    } else if (c == '-' || (c >= '0' && c <= '9')) {
        v = parse_number(ps);
    } else if (c > 0 && (g_ascii_isalpha(c) || c == '_')) {
        v = parse_word(ps);
    } else {
        parse_error(ps, "expected a value, found %s", found(ps, buf));
    }
    return v;
}

static JsonValue *parse_document(const char *text, size_t len, Error **errp)
{
    Parser ps = {.start = text, .p = text, .end = text + len, .errp = errp};
    g_autoptr(JsonValue) v = NULL;
    char buf[8];

    if (len > MAX_DOCUMENT) {
        error_setg(errp, "JSON parse error, a document is larger than %u bytes", MAX_DOCUMENT);
        return NULL;
    }
    v = parse_value(&ps);
    if (!v) {
        return NULL;
    }
    skip_space(&ps);
    if (ps.p < ps.end) {
        parse_error(&ps, "expected the end, found %s", found(&ps, buf));
        return NULL;
    }
    return g_steal_pointer(&v);
}

JsonValue *json_parse(const char *text, Error **errp)
{
    return parse_document(text, strlen(text), errp);
}

/* --- streams --- */

typedef enum StreamState {
    BETWEEN,  /* documents */
    INSIDE,   /* brackets */
    STRING,   /* quoted, in brackets or at top level */
    ESCAPE,   /* after a backslash in a string */
    SCALAR,   /* a number or a word at top level */
    SKIPPING, /* what follows an error, up to the end of the line */
} StreamState;

struct JsonStream {
    JsonEmit *emit;
    void *opaque;
    GString *text;
    StreamState state;
    unsigned depth;
    char quote;
};

JsonStream *json_stream_new(JsonEmit *emit, void *opaque)
{
    JsonStream *s = g_new0(JsonStream, 1);

    s->emit = emit;
    s->opaque = opaque;
    s->text = g_string_new(NULL);
    return s;
}

void json_stream_free(JsonStream *s)
{
    if (s) {
        g_string_free(s->text, TRUE);
        g_free(s);
    }
}

static void stream_reset(JsonStream *s, StreamState state)
{
    s->depth = 0;
    s->state = state;
    if (s->text->allocated_len > 1u << 16) { /* one large document does not hold its memory for ever */
        g_string_free(s->text, TRUE);
        s->text = g_string_new(NULL);
    }
    g_string_truncate(s->text, 0);
}

static void stream_fail(JsonStream *s, const char *why)
{
    Error *err = NULL;

    error_setg(&err, "JSON parse error, %s", why);
    stream_reset(s, SKIPPING);
    s->emit(NULL, err, s->opaque);
}

static void stream_finish(JsonStream *s)
{
    Error *err = NULL;
    JsonValue *v = parse_document(s->text->str, s->text->len, &err);

    stream_reset(s, BETWEEN);
    s->emit(v, err, s->opaque);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void stream_structural(JsonStream *s, char c)
{
    if (c == '"' || c == '\'') {
        s->quote = c;
        s->state = STRING;
    } else if (c == '{' || c == '[') {
        if (++s->depth > MAX_DEPTH) {
            stream_fail(s, "nested too deep");
            return;
        }
        s->state = INSIDE;
    } else if (c == '}' || c == ']') {
        if (s->depth == 0) {
            stream_fail(s, "a closing bracket without its opening one");
            return;
        }
        if (--s->depth == 0) {
            g_string_append_c(s->text, c);
            stream_finish(s);
            return;
        }
    } else if (s->depth == 0) {
        s->state = SCALAR;
    }
    g_string_append_c(s->text, c);
}

static void stream_byte(JsonStream *s, char c)
{
    switch (s->state) {
    case SKIPPING:
        if (c == '\n') {
            s->state = BETWEEN;
        }
        break;
    case BETWEEN:
        if (!is_space(c)) {
            stream_structural(s, c);
        }
        break;
    case SCALAR:
        if (is_space(c) || (c && strchr("{}[]\"'", c))) {
            stream_finish(s);
            stream_byte(s, c); /* once: the state is BETWEEN now */
        } else {
            g_string_append_c(s->text, c);
        }
        break;
    case INSIDE:
        stream_structural(s, c);
        break;
    case STRING:
        g_string_append_c(s->text, c);
        if ((unsigned char)c < 0x20) {
            stream_fail(s, "a control character in a string");
            if (c == '\n') {
                s->state = BETWEEN;
            }
        } else if (c == '\\') {
            s->state = ESCAPE;
        } else if (c == s->quote) {
            s->state = INSIDE;
            if (s->depth == 0) {
                stream_finish(s);
            }
        }
        break;
    case ESCAPE:
        g_string_append_c(s->text, c);
        s->state = STRING;
        break;
    }
}

void json_stream_feed(JsonStream *s, const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)data[i] == 0xff) {
            if (s->text->len) {
                stream_fail(s, "reset by byte 0xff inside a document");
            }
            stream_reset(s, BETWEEN);
        } else {
            stream_byte(s, data[i]);
            if (s->text->len > MAX_DOCUMENT) {
                stream_fail(s, "a document is too large");
            }
        }
    }
}

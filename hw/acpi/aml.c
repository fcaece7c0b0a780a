/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Terms of AML (ACPI 6.3, chapter 20.2). A term that has a package length carries its opcode apart from its contents
 * until somebody takes it: only then is the length known.
 */
#include "hw/acpi/aml.h"

#include <string.h>

#include "aml-internal.h"

enum {
    ZERO_OP = 0x00, ONE_OP = 0x01, NAME_OP = 0x08, BYTE_PREFIX = 0x0a, WORD_PREFIX = 0x0b, DWORD_PREFIX = 0x0c,
    STRING_PREFIX = 0x0d, QWORD_PREFIX = 0x0e,
    SCOPE_OP = 0x10, BUFFER_OP = 0x11, PACKAGE_OP = 0x12, METHOD_OP = 0x14, DUAL_NAME = 0x2e, MULTI_NAME = 0x2f,
    EXT_PREFIX = 0x5b, EXT_REGION = 0x80,
    EXT_FIELD = 0x81, EXT_DEVICE = 0x82, LOCAL0 = 0x60, ARG0 = 0x68, STORE_OP = 0x70, NOTIFY_OP = 0x86,
    CREATE_DWORD_FIELD = 0x8a, LNOT_OP = 0x92,
    IF_OP = 0xa0, ELSE_OP = 0xa1, WHILE_OP = 0xa2, RETURN_OP = 0xa4,
};

Aml *aml_new(AmlForm form, uint8_t op, bool ext)
{
    Aml *a = g_new0(Aml, 1);
    a->form = form;
    a->op = op;
    a->ext = ext;
    a->bytes = g_byte_array_new();
    return a;
}

void aml_put(Aml *a, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        uint8_t b = (uint8_t)(value >> (8 * i));
        g_byte_array_append(a->bytes, &b, 1);
    }
}

void aml_free(Aml *a)
{
    g_byte_array_free(a->bytes, TRUE);
    g_free(a);
}

/* Lengths count themselves (20.2.4): up to 6 bits in one byte, else 4 bits and one to three further bytes. */
static void put_length(GByteArray *out, size_t payload, bool counts_itself)
{
    uint8_t raw[4];
    size_t n = 1, total = payload + (counts_itself ? 1 : 0);
    while (n < 4 && total >= (n == 1 ? (size_t)1 << 6 : (size_t)1 << (4 + 8 * (n - 1)))) {
        n++;
        total = payload + (counts_itself ? n : 0);
    }
    g_assert(total < (1u << 28));
    if (n == 1) {
        raw[0] = (uint8_t)total;
    } else {
        raw[0] = (uint8_t)((n - 1) << 6 | (total & 15));
        for (size_t i = 1; i < n; i++) {
            raw[i] = (uint8_t)(total >> (4 + 8 * (i - 1)));
        }
    }
    g_byte_array_append(out, raw, (guint)n);
}

static void append_int(GByteArray *out, uint64_t v)
{
    uint8_t raw[9];
    unsigned bytes = v <= 0xff ? 1 : v <= 0xffff ? 2 : v <= UINT32_MAX ? 4 : 8;
    if (v <= 1) {
        raw[0] = v ? ONE_OP : ZERO_OP;
        g_byte_array_append(out, raw, 1);
        return;
    }
    raw[0] = bytes == 1 ? BYTE_PREFIX : bytes == 2 ? WORD_PREFIX : bytes == 4 ? DWORD_PREFIX : QWORD_PREFIX;
    for (unsigned i = 0; i < bytes; i++) {
        raw[1 + i] = (uint8_t)(v >> (8 * i));
    }
    g_byte_array_append(out, raw, 1 + bytes);
}

void aml_append(GByteArray *out, Aml *a)
{
    static const uint8_t end_tag[2] = {0x79, 0}; /* checksum 0: none */
    if (a->form == AML_RESOURCES) {
        g_byte_array_append(a->bytes, end_tag, sizeof(end_tag));
    }
    if (a->form == AML_RESOURCES || a->form == AML_BUFFER) {
        g_autoptr(GByteArray) size = g_byte_array_new();
        append_int(size, a->bytes->len);
        g_byte_array_prepend(a->bytes, size->data, size->len);
    } else if (a->form == AML_COUNTED) {
        g_assert(a->children <= 255);
        uint8_t count = (uint8_t)a->children;
        g_byte_array_prepend(a->bytes, &count, 1);
    }
    if (a->form != AML_PLAIN) {
        uint8_t op[2] = {EXT_PREFIX, a->op};
        g_byte_array_append(out, a->ext ? op : op + 1, a->ext ? 2 : 1);
        put_length(out, a->bytes->len, true);
    }
    g_byte_array_append(out, a->bytes->data, a->bytes->len);
    aml_free(a);
}

void aml_add(Aml *parent, Aml *child)
{
    parent->children++;
    aml_append(parent->bytes, child);
}

/* --- names --- */
static void put_segment(Aml *a, const char *text, size_t len)
{
    char seg[4] = {'_', '_', '_', '_'};
    g_assert(len >= 1 && len <= 4);
    memcpy(seg, text, len);
    for (unsigned i = 0; i < 4; i++) {
        g_assert(g_ascii_isupper(seg[i]) || seg[i] == '_' || (i && g_ascii_isdigit(seg[i])));
    }
    g_byte_array_append(a->bytes, (const uint8_t *)seg, 4);
}

/* NameString (20.2.2): root or parent prefixes, then 0, 1, 2 or more segments. */
static void put_path(Aml *a, const char *path)
{
    while (*path == '\\' || *path == '^') {
        aml_put(a, (uint8_t)*path++, 1);
    }
    if (!*path) {
        aml_put(a, 0, 1);
        return;
    }
    g_auto(GStrv) segs = g_strsplit(path, ".", -1);
    unsigned n = g_strv_length(segs);
    if (n == 2) {
        aml_put(a, DUAL_NAME, 1);
    } else if (n > 2) {
        g_assert(n <= 255);
        aml_put(a, MULTI_NAME, 1);
        aml_put(a, n, 1);
    }
    for (unsigned i = 0; i < n; i++) {
        put_segment(a, segs[i], strlen(segs[i]));
    }
}

Aml *aml_path(const char *path)
{
    Aml *a = aml_new(AML_PLAIN, 0, false);
    put_path(a, path);
    return a;
}

/* --- containers --- */
Aml *aml_list(void) { return aml_new(AML_PLAIN, 0, false); }

static Aml *named(AmlForm form, uint8_t op, bool ext, const char *path)
{
    Aml *a = aml_new(form, op, ext);
    put_path(a, path);
    return a;
}

Aml *aml_scope(const char *path) { return named(AML_SIZED, SCOPE_OP, false, path); }
Aml *aml_device(const char *name) { return named(AML_SIZED, EXT_DEVICE, true, name); }
Aml *aml_package(void) { return aml_new(AML_COUNTED, PACKAGE_OP, false); }

Aml *aml_method(const char *name, unsigned args, bool serialized)
{
    Aml *a = named(AML_SIZED, METHOD_OP, false, name);
    aml_put(a, args | (serialized ? 8 : 0), 1);
    return a;
}

Aml *aml_name(const char *name, Aml *value)
{
    Aml *a = aml_new(AML_PLAIN, 0, false);
    aml_put(a, NAME_OP, 1);
    put_path(a, name);
    aml_append(a->bytes, value);
    return a;
}

static Aml *with_predicate(uint8_t op, Aml *predicate)
{
    Aml *a = aml_new(AML_SIZED, op, false);
    aml_append(a->bytes, predicate);
    return a;
}

Aml *aml_if(Aml *predicate) { return with_predicate(IF_OP, predicate); }
Aml *aml_while(Aml *predicate) { return with_predicate(WHILE_OP, predicate); }
Aml *aml_else(void) { return aml_new(AML_SIZED, ELSE_OP, false); }

Aml *aml_region(const char *name, AmlSpace space, uint64_t offset, uint64_t length)
{
    Aml *a = aml_new(AML_PLAIN, 0, false);
    aml_put(a, EXT_PREFIX | EXT_REGION << 8, 2);
    put_path(a, name);
    aml_put(a, space, 1);
    append_int(a->bytes, offset);
    append_int(a->bytes, length);
    return a;
}

Aml *aml_field(const char *region, AmlAccess access, bool write_as_zeros)
{
    Aml *a = named(AML_SIZED, EXT_FIELD, true, region);
    aml_put(a, access | (write_as_zeros ? 2u << 5 : 0), 1);
    return a;
}

Aml *aml_field_unit(const char *name, unsigned bits)
{
    Aml *a = aml_new(AML_PLAIN, 0, false);
    put_segment(a, name, strlen(name));
    put_length(a->bytes, bits, false);
    return a;
}

Aml *aml_field_skip(unsigned bits)
{
    Aml *a = aml_new(AML_PLAIN, 0, false);
    aml_put(a, 0, 1);
    put_length(a->bytes, bits, false);
    return a;
}

Aml *aml_create_dword_field(Aml *buffer, Aml *byte_index, const char *name)
{
    Aml *a = aml_new(AML_PLAIN, 0, false);
    aml_put(a, CREATE_DWORD_FIELD, 1);
    aml_append(a->bytes, buffer);
    aml_append(a->bytes, byte_index);
    put_path(a, name);
    return a;
}

/* --- values --- */
Aml *aml_int(uint64_t value)
{
    Aml *a = aml_new(AML_PLAIN, 0, false);
    append_int(a->bytes, value);
    return a;
}

Aml *aml_string(const char *text)
{
    Aml *a = aml_new(AML_PLAIN, 0, false);
    aml_put(a, STRING_PREFIX, 1);
    g_byte_array_append(a->bytes, (const uint8_t *)text, (guint)strlen(text) + 1);
    return a;
}

/* Three letters of five bits each, four hexadecimal digits, stored big endian (19.3.4). */
Aml *aml_eisaid(const char *id)
{
    g_assert(strlen(id) == 7);
    uint32_t v = 0;
    for (int i = 0; i < 3; i++) {
        v = v << 5 | ((uint32_t)(id[i] - 'A' + 1) & 0x1f);
    }
    for (int i = 3; i < 7; i++) {
        v = v << 4 | (uint32_t)g_ascii_xdigit_value(id[i]);
    }
    Aml *a = aml_new(AML_PLAIN, 0, false);
    aml_put(a, DWORD_PREFIX, 1);
    aml_put(a, GUINT32_SWAP_LE_BE(v), 4);
    return a;
}

/* The first three groups are little endian (19.6.142). */
Aml *aml_uuid(const char *text)
{
    static const uint8_t order[16] = {6, 4, 2, 0, 11, 9, 16, 14, 19, 21, 24, 26, 28, 30, 32, 34};
    uint8_t raw[16];
    g_assert(strlen(text) == 36);
    for (int i = 0; i < 16; i++) {
        raw[i] = (uint8_t)(g_ascii_xdigit_value(text[order[i]]) << 4 | g_ascii_xdigit_value(text[order[i] + 1]));
    }
    return aml_buffer(raw, sizeof(raw));
}

Aml *aml_buffer(const void *data, unsigned len)
{
    Aml *a = aml_new(AML_BUFFER, BUFFER_OP, false);
    g_byte_array_append(a->bytes, data, len);
    return a;
}

Aml *aml_resources(void) { return aml_new(AML_RESOURCES, BUFFER_OP, false); }

static Aml *one_byte(unsigned op)
{
    Aml *a = aml_new(AML_PLAIN, 0, false);
    aml_put(a, op, 1);
    return a;
}

Aml *aml_arg(unsigned n)
{
    g_assert(n < 7);
    return one_byte(ARG0 + n);
}

Aml *aml_local(unsigned n)
{
    g_assert(n < 8);
    return one_byte(LOCAL0 + n);
}

Aml *aml_call(const char *method, Aml *arg)
{
    Aml *a = aml_path(method);
    if (arg) {
        aml_append(a->bytes, arg);
    }
    return a;
}

/* --- statements and expressions --- */
Aml *aml_store(Aml *value, Aml *target)
{
    Aml *a = one_byte(STORE_OP);
    aml_append(a->bytes, value);
    aml_append(a->bytes, target);
    return a;
}

Aml *aml_return(Aml *value)
{
    Aml *a = one_byte(RETURN_OP);
    aml_append(a->bytes, value);
    return a;
}

Aml *aml_notify(Aml *object, uint8_t value)
{
    Aml *a = one_byte(NOTIFY_OP);
    aml_append(a->bytes, object);
    append_int(a->bytes, value);
    return a;
}

Aml *aml_binary(AmlBinary op, Aml *x, Aml *y, Aml *target)
{
    Aml *a = one_byte(op);
    aml_append(a->bytes, x);
    aml_append(a->bytes, y);
    if (target) {
        aml_append(a->bytes, target);
    } else {
        aml_put(a, 0, 1);
    }
    return a;
}

Aml *aml_logic(AmlLogic op, Aml *x, Aml *y)
{
    Aml *a = one_byte(op);
    aml_append(a->bytes, x);
    aml_append(a->bytes, y);
    return a;
}

Aml *aml_lnot(Aml *x)
{
    Aml *a = one_byte(LNOT_OP);
    aml_append(a->bytes, x);
    return a;
}

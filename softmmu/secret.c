/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `-object secret`: a password or key, given as text, in base64 or in a file, for what asks for it by id. Management tools give one to
 * every guest. Secrets encrypted with another one (keyid=) are refused: there is no cipher here yet.
 */
#include "softmmu/secret.h"

#include <string.h>

#include "softmmu/machine.h"

enum { SECRET_MAX = 64 * 1024 };

typedef struct Secret {
    Object obj;
    char *data, *file, *keyid, *iv;
    uint32_t format; /* 0 raw, 1 base64 */
    uint8_t *bytes;
    uint64_t len;
} Secret;

static const char *const formats[] = {"raw", "base64", NULL};

static void wipe(uint8_t *p, size_t len)
{
    if (p) {
        explicit_bzero(p, len);
    }
}

static bool secret_complete(Object *obj, Error **errp)
{
    Secret *s = (Secret *)obj;
    if (s->keyid || s->iv) {
        error_setg(errp, "secret '%s' is encrypted (keyid=), which this version cannot read", obj->name);
        return false;
    }
    if (!s->data == !s->file) {
        error_setg(errp, "secret '%s' needs either data= or file=", obj->name);
        return false;
    }
    if (s->file) {
        if (!load_file(s->file, SECRET_MAX, false, &s->bytes, &s->len, errp)) {
            return false;
        }
    } else {
        s->len = strlen(s->data);
        s->bytes = (uint8_t *)g_strdup(s->data);
        wipe((uint8_t *)s->data, s->len);
        g_clear_pointer(&s->data, g_free); /* nobody reads it back as a property */
    }
    if (s->format == 1) {
        g_autofree char *text = g_strndup((char *)s->bytes, s->len);
        gsize len;
        uint8_t *plain = g_base64_decode(text, &len);
        wipe((uint8_t *)text, s->len);
        wipe(s->bytes, s->len);
        g_free(s->bytes);
        s->bytes = plain;
        s->len = len;
    }
    return true;
}

static void secret_finalize(Object *obj)
{
    Secret *s = (Secret *)obj;
    wipe(s->bytes, s->len);
    g_free(s->bytes);
}

const uint8_t *secret_bytes(Object *obj, size_t *len)
{
    Secret *s = (Secret *)object_cast(obj, TYPE_SECRET);
    *len = s ? s->len : 0;
    return s ? s->bytes : NULL;
}

static const Field secret_fields[] = {
    FIELD(Secret, data, FIELD_STRING, "data", FIELD_PROP, .help = "the secret itself (seen by everyone who lists processes)"),
    FIELD(Secret, file, FIELD_STRING, "file", FIELD_PROP, .help = "file that holds it"),
    FIELD(Secret, format, FIELD_ENUM, "format", FIELD_PROP, .info = formats, .help = "how it is written"),
    FIELD(Secret, keyid, FIELD_STRING, "keyid", FIELD_PROP, .help = "another secret that it is encrypted with; not supported"),
    FIELD(Secret, iv, FIELD_STRING, "iv", FIELD_PROP, .help = "initialisation vector; not supported"),
    FIELD_END,
};
static const UserCreatable creatable = {.complete = secret_complete};
static const InterfaceRecord interfaces[] = {{INTERFACE_USER_CREATABLE, &creatable}, {NULL, NULL}};
static const TypeRecord secret_type = {
    .name = TYPE_SECRET, .parent = "object", .help = "a password or key", .instance_size = sizeof(Secret),
    .interfaces = interfaces, .fields = secret_fields, .finalize = secret_finalize};
TYPE_REGISTER(secret_type);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `-object rng-random` and `rng-builtin`: where a guest's random numbers come from. There is one source, the kernel's generator, which
 * all of its devices lead to; other files are refused rather than silently not read.
 */
#include <string.h>
#include <unistd.h>

#include "qom/object.h"

typedef struct RngObject {
    Object obj;
    char *filename;
} RngObject;

static bool rng_complete(Object *obj, Error **errp)
{
    static const char *const known[] = {"/dev/urandom", "/dev/random", "/dev/hwrng", NULL};
    RngObject *r = (RngObject *)obj;
    if (!r->filename) {
        return true;
    }
    if (!g_strv_contains(known, r->filename)) {
        error_set_unknown(errp, r->filename, known, "rng-random reads the kernel's generator only, not '%s'", r->filename);
        return false;
    }
    if (access(r->filename, R_OK) != 0 && strcmp(r->filename, "/dev/hwrng")) {
        error_setg(errp, "'%s' cannot be read", r->filename);
        return false;
    }
    return true;
}

static const Field random_fields[] = {
    FIELD(RngObject, filename, FIELD_STRING, "filename", FIELD_PROP, .def_str = "/dev/urandom", .help = "/dev/urandom, /dev/random or /dev/hwrng"),
    FIELD_END,
};
static const UserCreatable creatable = {.complete = rng_complete};
static const InterfaceRecord interfaces[] = {{INTERFACE_USER_CREATABLE, &creatable}, {NULL, NULL}};

static const TypeRecord rng_base = {.name = "rng-backend", .parent = "object", .abstract = true, .instance_size = sizeof(RngObject)};
TYPE_REGISTER(rng_base);
static const TypeRecord rng_random = {
    .name = "rng-random", .parent = "rng-backend", .help = "random numbers of the host", .interfaces = interfaces, .fields = random_fields};
TYPE_REGISTER(rng_random);
static const TypeRecord rng_builtin = {
    .name = "rng-builtin", .parent = "rng-backend", .help = "random numbers of the host", .interfaces = interfaces};
TYPE_REGISTER(rng_builtin);

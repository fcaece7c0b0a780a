/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The syntax of -smbios: which keys each type takes.
 */
#include <stdio.h>
#include <string.h>

#include "hw/smbios.h"
#include "smbios-internal.h"
#include "util/option.h"

static const char *const bios_keys[] = {"type", "vendor", "version", "date", "release", "uefi", NULL};
static const char *const system_keys[] = {"type", "manufacturer", "product", "version", "serial", "uuid", "sku",
                                          "family", NULL};
static const char *const board_keys[] = {"type", "manufacturer", "product", "version", "serial", "asset", "location",
                                         NULL};
static const char *const chassis_keys[] = {"type", "manufacturer", "version", "serial", "asset", "sku", NULL};
static const char *const cpu_keys[] = {"type", "sock_pfx", "manufacturer", "version", "serial", "asset", "part",
                                       "max-speed", "current-speed",
                                       "processor-family", "processor-id", NULL};
static const char *const port_keys[] = {"type", "internal_reference", "external_reference", "connector_type",
                                        "port_type", NULL};
static const char *const oem_keys[] = {"type", "value", NULL};
static const char *const dimm_keys[] = {"type", "loc_pfx", "bank", "manufacturer", "serial", "asset", "part", "speed",
                                        NULL};

static const struct {
    int type;
    const char *const *keys;
} types[] = {{0, bios_keys}, {1, system_keys}, {2, board_keys}, {3, chassis_keys}, {4, cpu_keys}, {8, port_keys},
             {11, oem_keys}, {17, dimm_keys}};

int smbios_option_type(OptionSet *o)
{
    uint64_t v;
    return option_has(o, "type") && option_get_u64(o, "type", 0, &v, NULL) && v < 256 ? (int)v : -1;
}

static bool check_value(OptionSet *o, const char *key, Error **errp)
{
    static const char *const numbers[] = {"max-speed", "current-speed", "processor-family", "processor-id",
                                          "connector_type", "port_type", "speed", NULL};
    static const uint64_t limits[] = {0xffff, 0xffff, 0xffff, UINT64_MAX, 0xff, 0xff, 0xffff};
    const char *v = option_get(o, key);
    unsigned major, minor;
    char rest;
    uint64_t n;
    bool b;
    for (int i = 0; v && numbers[i]; i++) {
        if (!strcmp(key, numbers[i])) {
            if (!option_get_u64(o, key, 0, &n, errp)) {
                return false;
            }
            if (n > limits[i]) {
                error_setg(errp, "'%s=%s' is more than %" G_GUINT64_FORMAT, key, v, limits[i]);
                return false;
            }
        }
    }
    if (v && !strcmp(key, "uuid") && !g_uuid_string_is_valid(v)) {
        error_setg(errp, "'%s' is no UUID (like 123e4567-e89b-12d3-a456-426614174000)", v);
        return false;
    }
    if (v && !strcmp(key, "release") && (sscanf(v, "%3u.%3u%c", &major, &minor, &rest) != 2 || major > 255 ||
                                         minor > 255)) {
        error_setg(errp, "release '%s' is not two numbers up to 255 like 1.16", v);
        return false;
    }
    return !v || strcmp(key, "uefi") || parse_bool(key, v, &b, errp);
}

bool smbios_check_option(OptionSet *o, Error **errp)
{
    static const char *const file_keys[] = {"file", NULL};
    if (option_get(o, "file")) {
        return option_check_unused(o, "-smbios file=", file_keys, errp);
    }
    uint64_t type;
    if (!option_has(o, "type")) {
        error_setg(errp, "type=N (0, 1, 2, 3, 4, 8, 11 or 17) or file=FILE is needed");
        return false;
    }
    if (!option_get_u64(o, "type", 0, &type, errp)) {
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        if ((uint64_t)types[i].type != type) {
            continue;
        }
        for (const char *const *k = types[i].keys; *k; k++) {
            if (!check_value(o, *k, errp)) {
                return false;
            }
        }
        g_autofree char *what = g_strdup_printf("-smbios type=%" G_GUINT64_FORMAT, type);
        return option_check_unused(o, what, types[i].keys, errp);
    }
    error_setg(errp,
               "structures of type %" G_GUINT64_FORMAT
               " cannot be described here (types 0, 1, 2, 3, 4, 8, 11 and 17 can)",
               type);
    return false;
}

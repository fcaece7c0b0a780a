/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -netdev KIND,id=ID,...: the kinds are records; what QEMU has and Mimic has not yet is named as such.
 */
#include <string.h>

#include "internal.h"

REGISTRY_OWN(netdev);

static const NetdevRecord *const *kinds(size_t *count)
{
    return (const NetdevRecord *const *)REGISTRY_SORTED(netdev, count);
}

static NetClient *unknown_kind(const char *kind, Error **errp)
{
    static const char *const later[] = {"tap", "bridge", "socket", "stream", "dgram", "hubport", "vhost-user", "l2tpv3", "vde", NULL};
    for (const char *const *name = later; *name; name++) {
        if (!strcmp(kind, *name)) {
            error_setg(errp, "-netdev %s: this backend is not there yet; 'user' is", kind);
            return NULL;
        }
    }
    size_t count;
    const NetdevRecord *const *all = kinds(&count);
    g_autofree const char **names = g_new0(const char *, count + 1);
    for (size_t i = 0; i < count; i++) {
        names[i] = all[i]->name;
    }
    const char *near = suggest_nearest(kind, names);
    error_setg(errp, "-netdev: unknown backend '%s'", kind);
    if (near) {
        error_append_hint(errp, "Did you mean '%s'? -netdev help lists them.", near);
    }
    return NULL;
}

NetClient *netdev_create(GHashTable *table, EventLoop *loop, OptionSet *opts, Error **errp)
{
    const char *kind = option_get(opts, "type");
    const char *id = option_get(opts, "id");
    if (!kind || !id) {
        error_setg(errp, "-netdev: '%s' is missing", kind ? "id" : "type");
        return NULL;
    }
    if (g_hash_table_contains(table, id)) {
        error_setg(errp, "-netdev %s: id '%s' is taken already", kind, id);
        return NULL;
    }
    size_t count;
    const NetdevRecord *const *all = kinds(&count);
    const NetdevRecord *record = registry_find((const void *const *)all, count, kind);
    if (!record) {
        return unknown_kind(kind, errp);
    }
    NetClient *nc = record->create(id, loop, opts, errp);
    if (nc) {
        g_hash_table_insert(table, g_strdup(id), nc);
    }
    return nc;
}

bool netdev_delete(GHashTable *table, const char *id, Error **errp)
{
    NetClient *nc = g_hash_table_lookup(table, id);
    if (!nc) {
        error_set_class(errp, ERROR_DEVICE_NOT_FOUND, "netdev '%s' not found", id);
        return false;
    }
    g_hash_table_remove(table, id);
    net_client_free(nc);
    return true;
}

void netdev_print_types(FILE *out)
{
    size_t count;
    const NetdevRecord *const *all = kinds(&count);
    fprintf(out, "Available netdev backend types:\n");
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "%s\n", all[i]->name);
    }
}

bool netdev_hostfwd(NetClient *nc, const char *rule, bool add, Error **errp)
{
    return slirp_hostfwd(nc, rule, add, errp);
}

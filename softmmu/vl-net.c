/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -netdev, -nic and -net. The last two are translated into a host end and a device: `-nic user,model=M,mac=A,...` is
 * `-netdev user,id=ID,...` and `-device M,netdev=ID,mac=A`.
 */
#include <stdio.h>
#include <string.h>

#include "vl.h"
#ifdef HAVE_NET
#include "net/net.h"
#endif

#ifdef HAVE_NET
static bool add_netdev(Startup *st, OptionSet *opts, Error **errp)
{
    return netdev_create(st->m->netdevs, st->m->loop, opts, errp) != NULL;
}

/* Divides the options of -nic between device and host end. */
typedef struct NicSplit {
    OptionSet *device, *host;
} NicSplit;

static void split_one(const char *key, const char *value, void *opaque)
{
    NicSplit *s = opaque;
    static const char *const device_keys[] = {"mac", "macaddr", "model", "addr", "vectors", "bootindex", NULL};
    if (!strcmp(key, "model")) {
        option_set_put(s->device, "driver", value);
    } else if (g_strv_contains(device_keys, key)) {
        option_set_put(s->device, strcmp(key, "macaddr") ? key : "mac", value);
    } else {
        option_set_put(s->host, key, value);
    }
}

static bool add_nic_device(Startup *st, OptionSet *device, const char *netdev, Error **errp)
{
    const char *driver = option_get(device, "driver");
    if (!driver) {
        driver = st->record->default_nic;
    }
    if (!driver) {
        error_setg(errp, "machine '%s' has no default network card: name one (model=DRIVER)", st->record->name);
        return false;
    }
    if (!strcmp(driver, "virtio")) {
        driver = "virtio-net-pci";
    }
    option_set_put(device, "driver", driver);
    if (netdev) {
        option_set_put(device, "netdev", netdev);
    }
    return vl_create_device(st, device, errp);
}

static bool one_nic(Startup *st, VlItem *item, unsigned n, Error **errp)
{
    const char *type = option_get(item->opts, "type");
    if (type && !strcmp(type, "none")) {
        return true;
    }
    NicSplit s = {.device = option_set_new(), .host = option_set_new()};
    g_autoptr(OptionSet) device = s.device;
    g_autoptr(OptionSet) host = s.host;
    option_foreach(item->opts, split_one, &s);
    const char *given = option_get(host, "id"), *netdev = option_get(host, "netdev");
    if (netdev) { /* -nic netdev=ID: its host end is there already */
        return add_nic_device(st, device, netdev, errp);
    }
    g_autofree char *id = given ? g_strdup(given) : g_strdup_printf("nic%u", n);
    option_set_put(host, "id", id);
    if (!option_get(host, "type")) {
        option_set_put(host, "type", "user");
    }
    return add_netdev(st, host, errp) && add_nic_device(st, device, id, errp);
}

/* -net nic,... -net user,...: the n-th card is connected to the n-th host end. */
static bool old_nets(Startup *st, Error **errp)
{
    g_autoptr(GPtrArray) cards = g_ptr_array_new();
    g_autoptr(GPtrArray) hosts = g_ptr_array_new_with_free_func(g_free);
    for (unsigned i = 0; i < st->nets->len; i++) {
        VlItem *item = st->nets->pdata[i];
        const char *type = option_get(item->opts, "type");
        if (type && !strcmp(type, "none")) {
            continue;
        }
        if (type && !strcmp(type, "nic")) {
            g_ptr_array_add(cards, item);
            continue;
        }
        NicSplit s = {.device = option_set_new(), .host = option_set_new()};
        g_autoptr(OptionSet) device = s.device;
        g_autoptr(OptionSet) host = s.host;
        option_foreach(item->opts, split_one, &s);
        char *id = g_strdup_printf("net%u", hosts->len);
        g_ptr_array_add(hosts, id);
        option_set_put(host, "id", id);
        if (!add_netdev(st, host, errp)) {
            error_prepend(errp, "-net %s: ", item->text);
            return false;
        }
    }
    for (unsigned i = 0; i < cards->len; i++) {
        VlItem *item = cards->pdata[i];
        NicSplit s = {.device = option_set_new(), .host = option_set_new()};
        g_autoptr(OptionSet) device = s.device;
        g_autoptr(OptionSet) host = s.host;
        option_foreach(item->opts, split_one, &s);
        if (!add_nic_device(st, device, i < hosts->len ? hosts->pdata[i] : NULL, errp)) {
            error_prepend(errp, "-net %s: ", item->text);
            return false;
        }
    }
    return true;
}

/* A PC has a network card that nobody asked for; the virtual boards have not, as in the reference. */
static bool default_nic(Startup *st, Error **errp)
{
    const MachineRecord *r = st->record;
    bool pc = !g_strcmp0(r->default_block_interface, "ide");
    if (!pc || st->nodefaults || st->nics->len || st->nets->len || st->netdevs->len || !r->default_nic || !type_find(r->default_nic)) {
        return true;
    }
    g_autoptr(OptionSet) host = option_set_new();
    g_autoptr(OptionSet) device = option_set_new();
    option_set_put(host, "id", "nic0");
    option_set_put(host, "type", "user");
    return add_netdev(st, host, errp) && add_nic_device(st, device, "nic0", errp);
}

bool vl_make_netdevs(Startup *st, Error **errp)
{
    ERRP_GUARD();
    for (unsigned i = 0; i < st->netdevs->len; i++) {
        VlItem *item = st->netdevs->pdata[i];
        if (!add_netdev(st, item->opts, errp)) {
            error_prepend(errp, "-netdev %s: ", item->text);
            return false;
        }
    }
    return true;
}

bool vl_make_nics(Startup *st, Error **errp)
{
    ERRP_GUARD();
    for (unsigned i = 0; i < st->nics->len; i++) {
        VlItem *item = st->nics->pdata[i];
        if (!one_nic(st, item, i, errp)) {
            error_prepend(errp, "-nic %s: ", item->text);
            return false;
        }
    }
    return old_nets(st, errp) && default_nic(st, errp);
}

void vl_print_netdevs(void) { netdev_print_types(stdout); }

static gboolean free_client(gpointer key, gpointer value, gpointer opaque)
{
    net_client_free(value);
    return true;
}

void vl_free_net(Machine *m) { g_hash_table_foreach_remove(m->netdevs, free_client, NULL); }
#else
bool vl_make_netdevs(Startup *st, Error **errp)
{
    if (st->netdevs->len) {
        error_setg(errp, "this version has no network");
        return false;
    }
    return true;
}
bool vl_make_nics(Startup *st, Error **errp) { return true; }
void vl_print_netdevs(void) {}
void vl_free_net(Machine *m) {}
#endif

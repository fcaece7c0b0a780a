/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands about networks: what is connected to what, forwarded ports, and the virtual cable.
 */
#include "internal.h"

#include <string.h>

#include "net/net.h"

/* The backends of the machine by name; NetClient *. */
static GPtrArray *backends(Machine *m)
{
    GPtrArray *out = g_ptr_array_new();
    g_autoptr(GList) keys = m->netdevs ? g_hash_table_get_keys(m->netdevs) : NULL;
    keys = g_list_sort(keys, (GCompareFunc)strcmp);
    for (GList *k = keys; k; k = k->next) {
        g_ptr_array_add(out, g_hash_table_lookup(m->netdevs, k->data));
    }
    return out;
}

static void print_client(FILE *out, NetClient *nc, const char *lead)
{
    fprintf(out, "%s%s: type=%s,", lead, nc->name, nc->ops->kind);
    if (nc->ops->print) {
        nc->ops->print(nc, out);
    } else {
        fprintf(out, "model=%s", nc->model ? nc->model : "");
    }
    fprintf(out, "%s\n", nc->link_down ? ",link=off" : "");
}

static void hmp_info_network(Monitor *mon, HmpArgs *args)
{
    g_autoptr(GPtrArray) all = backends(mon->machine);
    FILE *out = monitor_file(mon);
    for (unsigned i = 0; i < all->len; i++) {
        NetClient *nc = all->pdata[i];
        if (nc->peer) {
            print_client(out, nc->peer, "");
        }
        print_client(out, nc, nc->peer ? " \\ " : "");
        fprintf(out, "   %" G_GUINT64_FORMAT " frames from the guest, %" G_GUINT64_FORMAT " to it, %" G_GUINT64_FORMAT " dropped\n", nc->rx_frames,
                nc->tx_frames, nc->dropped + (nc->peer ? nc->peer->dropped : 0));
    }
    fclose(out);
}
static const HmpCommand network_command = {"info network", NULL, NULL, "", "network cards and what they are connected to", hmp_info_network};
HMP_COMMAND(network_command);

/* "[NETDEV] RULE": without a name the only user network is meant. */
static void forward(Monitor *mon, HmpArgs *args, bool add)
{
    const char *first = hmp_arg_str(args, "first"), *rule = hmp_arg_str(args, "second");
    g_autoptr(GPtrArray) all = backends(mon->machine);
    NetClient *chosen = NULL;
    unsigned found = 0;
    for (unsigned i = 0; i < all->len; i++) {
        NetClient *nc = all->pdata[i];
        if (rule ? !strcmp(nc->name, first) : !strcmp(nc->ops->kind, "user")) {
            chosen = nc;
            found++;
        }
    }
    if (found != 1) {
        monitor_printf(mon, rule ? "there is no netdev '%s'; 'info network' lists them\n" :
                                   found ? "there are several user networks: name one before '%s'\n" : "there is no user network for '%s'\n", first);
        return;
    }
    Error *err = NULL;
    if (!netdev_hostfwd(chosen, rule ? rule : first, add, &err)) {
        monitor_error(mon, err);
    } else if (!add) {
        monitor_printf(mon, "host forwarding rule for %s removed\n", rule ? rule : first);
    }
}

static void hmp_hostfwd_add(Monitor *mon, HmpArgs *args) { forward(mon, args, true); }
static const HmpCommand hostfwd_add_command = {"hostfwd_add", NULL, "first:s,second:s?", "[NETDEV] tcp|udp:[HOSTADDR]:HOSTPORT-[GUESTADDR]:GUESTPORT",
                                               "forward a host port to the guest", hmp_hostfwd_add};
HMP_COMMAND(hostfwd_add_command);

static void hmp_hostfwd_remove(Monitor *mon, HmpArgs *args) { forward(mon, args, false); }
static const HmpCommand hostfwd_remove_command = {"hostfwd_remove", NULL, "first:s,second:s?", "[NETDEV] tcp|udp:[HOSTADDR]:HOSTPORT",
                                                  "end the forwarding of a host port", hmp_hostfwd_remove};
HMP_COMMAND(hostfwd_remove_command);

static void hmp_set_link(Monitor *mon, HmpArgs *args)
{
    const char *name = hmp_arg_str(args, "name");
    g_autoptr(GPtrArray) all = backends(mon->machine), names = g_ptr_array_new();
    NetClient *chosen = NULL;
    Error *err = NULL;
    bool up;
    for (unsigned i = 0; i < all->len && !chosen; i++) {
        NetClient *nc = all->pdata[i];
        g_ptr_array_add(names, nc->name);
        if (nc->peer) {
            g_ptr_array_add(names, nc->peer->name);
        }
        chosen = !strcmp(nc->name, name) ? nc : nc->peer && !strcmp(nc->peer->name, name) ? nc->peer : NULL;
    }
    if (!chosen) {
        g_ptr_array_add(names, NULL);
        error_set_unknown(&err, name, (const char *const *)names->pdata, "there is no network client '%s'", name);
        monitor_error(mon, err);
    } else if (!parse_bool("state", hmp_arg_str(args, "state"), &up, &err)) {
        monitor_error(mon, err);
    } else {
        net_set_link(chosen, up);
    }
}
static const HmpCommand set_link_command = {"set_link", NULL, "name:s,state:s", "NAME on|off", "plug or pull a network cable (netdev or device id)", hmp_set_link};
HMP_COMMAND(set_link_command);

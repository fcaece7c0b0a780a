/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The `user` backend: a NAT network by libslirp that needs no privileges. Options and defaults are QEMU's: net 10.0.2.0/24, host 10.0.2.2,
 * DNS 10.0.2.3, DHCP from 10.0.2.15; IPv6 fec0::/64. hostfwd and guestfwd may be given several times.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "slirp.h"

static bool receive(NetClient *nc, const struct iovec *iov, int iovcnt)
{
    SlirpNet *s = nc->opaque;
    uint8_t frame[NET_MAX_FRAME];
    size_t len = 0;
    for (int i = 0; i < iovcnt && len + iov[i].iov_len <= sizeof(frame); i++) {
        memcpy(frame + len, iov[i].iov_base, iov[i].iov_len);
        len += iov[i].iov_len;
    }
    slirp_input(s->slirp, frame, (int)len);
    event_loop_wake(s->loop); /* there may be a new socket to poll */
    return true;
}

static void cleanup(NetClient *nc)
{
    SlirpNet *s = nc->opaque;
    if (s->source) {
        g_source_destroy(s->source);
        g_source_unref(s->source);
    }
    if (s->slirp) {
        slirp_cleanup(s->slirp);
    }
    g_ptr_array_free(s->forwards, TRUE);
    g_free(s);
}

static void print(NetClient *nc, FILE *out)
{
    SlirpNet *s = nc->opaque;
    fprintf(out, "net=user");
    for (unsigned i = 0; i < s->forwards->len; i++) {
        fprintf(out, ",hostfwd=%s", (const char *)g_ptr_array_index(s->forwards, i));
    }
}

const NetClientOps slirp_ops = {.kind = "user", .receive = receive, .cleanup = cleanup, .print = print};

/* --- host forwarding: PROTOCOL:HOSTADDR:HOSTPORT-GUESTADDR:GUESTPORT --- */
typedef struct Forward {
    bool udp;
    struct in_addr host, guest;
    int host_port, guest_port;
} Forward;

static bool parse_end(const char *text, struct in_addr *addr, int *port)
{
    const char *colon = strrchr(text, ':');
    uint64_t n;
    if (!colon || !parse_u64(colon + 1, &n, NULL) || n > 65535) {
        return false;
    }
    *port = (int)n;
    g_autofree char *host = g_strndup(text, (gsize)(colon - text));
    return !*host || inet_pton(AF_INET, host, addr) == 1;
}

static bool parse_forward(const char *rule, Forward *f)
{
    *f = (Forward){.host.s_addr = htonl(INADDR_ANY)};
    const char *p = strchr(rule, ':');
    if (!p) {
        return false;
    }
    g_autofree char *protocol = g_strndup(rule, (gsize)(p - rule));
    if (!strcmp(protocol, "udp")) {
        f->udp = true;
    } else if (*protocol && strcmp(protocol, "tcp") != 0) {
        return false;
    }
    const char *dash = strchr(p + 1, '-');
    g_autofree char *host = dash ? g_strndup(p + 1, (gsize)(dash - p - 1)) : g_strdup(p + 1);
    return parse_end(host, &f->host, &f->host_port) && (!dash || parse_end(dash + 1, &f->guest, &f->guest_port)) && (!dash || f->guest_port);
}

bool slirp_hostfwd(NetClient *nc, const char *rule, bool add, Error **errp)
{
    Forward f;
    if (!nc || nc->ops != &slirp_ops) {
        error_setg(errp, "network '%s' is no user network", nc ? nc->name : "");
        return false;
    }
    SlirpNet *s = nc->opaque;
    if (!parse_forward(rule, &f) || (add && !f.guest_port)) {
        error_setg(errp, "invalid forwarding rule '%s'", rule);
        error_append_hint(errp, "A rule is tcp|udp:[HOSTADDR]:HOSTPORT-[GUESTADDR]:GUESTPORT, for example tcp::2222-:22.");
        return false;
    }
    if (add) {
        if (slirp_add_hostfwd(s->slirp, f.udp, f.host, f.host_port, f.guest, f.guest_port) < 0) {
            error_setg(errp, "cannot forward host port %d (rule '%s'): %s", f.host_port, rule, g_strerror(errno));
            return false;
        }
        g_ptr_array_add(s->forwards, g_strdup(rule));
        return true;
    }
    if (slirp_remove_hostfwd(s->slirp, f.udp, f.host, f.host_port) < 0) {
        error_setg(errp, "there is no forwarding rule '%s'", rule);
        return false;
    }
    for (unsigned i = 0; i < s->forwards->len; i++) {
        if (g_str_has_prefix(g_ptr_array_index(s->forwards, i), rule)) {
            g_ptr_array_remove_index(s->forwards, i);
            break;
        }
    }
    return true;
}

/* --- options --- */

static bool parse_ipv4(const char *key, const char *text, struct in_addr *out, Error **errp)
{
    if (text && inet_pton(AF_INET, text, out) != 1) {
        error_setg(errp, "-netdev user: %s=%s is no IPv4 address", key, text);
        return false;
    }
    return true;
}

/* net=10.0.2.0/24 */
static bool parse_network(const char *text, SlirpConfig *c, Error **errp)
{
    g_auto(GStrv) parts = g_strsplit(text, "/", 2);
    uint64_t bits = 24;
    if (inet_pton(AF_INET, parts[0], &c->vnetwork) != 1 || (parts[1] && !parse_u64(parts[1], &bits, NULL)) || bits < 4 || bits > 30) {
        error_setg(errp, "-netdev user: net=%s is no network; write ADDRESS/BITS, for example 10.0.2.0/24", text);
        return false;
    }
    c->vnetmask.s_addr = htonl(~0u << (32 - bits));
    c->vnetwork.s_addr &= c->vnetmask.s_addr;
    uint32_t net = ntohl(c->vnetwork.s_addr), last = ~ntohl(c->vnetmask.s_addr);
    c->vhost.s_addr = htonl(net + MIN(2u, last - 1));
    c->vnameserver.s_addr = htonl(net + MIN(3u, last - 1));
    c->vdhcp_start.s_addr = htonl(net + MIN(15u, last - 1));
    return true;
}

static void collect(const char *key, const char *value, void *opaque)
{
    if (!strcmp(key, "hostfwd")) {
        g_ptr_array_add(opaque, g_strdup(value));
    }
}

static bool read_options(OptionSet *opts, SlirpConfig *c, Error **errp)
{
    bool restricted, ipv4, ipv6;
    if (!option_get_bool(opts, "restrict", false, &restricted, errp) || !option_get_bool(opts, "ipv4", true, &ipv4, errp) ||
        !option_get_bool(opts, "ipv6", true, &ipv6, errp)) {
        return false;
    }
    c->restricted = restricted;
    c->in_enabled = ipv4;
    c->in6_enabled = ipv6;
    const char *net = option_get(opts, "net");
    if (!parse_network(net ? net : "10.0.2.0/24", c, errp) || !parse_ipv4("host", option_get(opts, "host"), &c->vhost, errp) ||
        !parse_ipv4("dns", option_get(opts, "dns"), &c->vnameserver, errp) ||
        !parse_ipv4("dhcpstart", option_get(opts, "dhcpstart"), &c->vdhcp_start, errp)) {
        return false;
    }
    c->vhostname = option_get(opts, "hostname");
    c->tftp_path = option_get(opts, "tftp");
    c->tftp_server_name = option_get(opts, "tftp-server-name");
    c->bootfile = option_get(opts, "bootfile");
    c->vdomainname = option_get(opts, "domainname");
    inet_pton(AF_INET6, "fec0::", &c->vprefix_addr6);
    inet_pton(AF_INET6, "fec0::2", &c->vhost6);
    inet_pton(AF_INET6, "fec0::3", &c->vnameserver6);
    c->vprefix_len = 64;
    return true;
}

static NetClient *create(const char *id, EventLoop *loop, OptionSet *opts, Error **errp)
{
    static const char *const known[] = {"type", "id", "restrict", "ipv4", "ipv6", "net", "host", "dns", "dhcpstart", "hostname", "tftp",
                                        "tftp-server-name", "bootfile", "domainname", "hostfwd", NULL};
    SlirpConfig config = {.version = 4};
    if (!read_options(opts, &config, errp)) {
        return NULL;
    }
    option_has(opts, "hostfwd");
    if (!option_check_unused(opts, "-netdev user", known, errp)) {
        return NULL;
    }
    SlirpNet *s = g_new0(SlirpNet, 1);
    s->loop = loop;
    s->forwards = g_ptr_array_new_with_free_func(g_free);
    s->nc = net_client_new(&slirp_ops, id, "user", s);
    s->slirp = slirp_new(&config, &slirp_callbacks, s);
    if (!s->slirp) {
        error_setg(errp, "-netdev user: libslirp refused the configuration");
        net_client_free(s->nc);
        return NULL;
    }
    s->source = slirp_poll_source_new(s);
    g_autoptr(GPtrArray) rules = g_ptr_array_new_with_free_func(g_free);
    option_foreach(opts, collect, rules);
    for (unsigned i = 0; i < rules->len; i++) {
        if (!slirp_hostfwd(s->nc, g_ptr_array_index(rules, i), true, errp)) {
            net_client_free(s->nc);
            return NULL;
        }
    }
    return s->nc;
}

static const NetdevRecord user_netdev = {"user", "NAT network without privileges (libslirp)", create};
NETDEV(user_netdev);

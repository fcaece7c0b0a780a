/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What network cards share.
 */
#include "nic.h"

#include <string.h>

NetClient *nic_connect(DeviceState *dev, const NetClientOps *ops, const char *model, const char *netdev, uint8_t mac[6], void *opaque, Error **errp)
{
    static const uint8_t none[6];
    GHashTable *table = dev->machine->netdevs;
    NetClient *peer = netdev && table ? g_hash_table_lookup(table, netdev) : NULL;

    if (netdev && !peer) {
        error_setg(errp, "netdev '%s' not found; give -netdev TYPE,id=%s", netdev, netdev);
        return NULL;
    }
    NetClient *nc = net_client_new(ops, dev->id ? dev->id : model, model, opaque);
    if (peer && !net_connect(nc, peer, errp)) {
        net_client_free(nc);
        return NULL;
    }
    if (!memcmp(mac, none, 6)) {
        net_default_mac(mac);
    }
    return nc;
}

bool nic_link_up(const NetClient *nc) { return !nc->link_down && !(nc->peer && nc->peer->link_down); }

uint32_t nic_checksum_add(uint32_t sum, const uint8_t *data, size_t len)
{
    uint64_t total = sum;

    for (size_t i = 0; i + 1 < len; i += 2) {
        total += (uint32_t)data[i] << 8 | data[i + 1];
    }
    if (len & 1) {
        total += (uint32_t)data[len - 1] << 8;
    }
    while (total >> 32) {
        total = (total & 0xffffffff) + (total >> 32);
    }
    return (uint32_t)total;
}

uint16_t nic_checksum_end(uint32_t sum)
{
    while (sum >> 16) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)~sum;
}

uint32_t nic_crc32(const uint8_t *data, size_t len)
{
    uint32_t crc = ~0u;

    for (size_t i = 0; i < len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            bool carry = (crc >> 31) ^ (data[i] >> bit & 1);

            crc = crc << 1 ^ (carry ? 0x04c11db7u : 0);
        }
    }
    return crc;
}

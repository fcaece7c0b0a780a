/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What network cards share: the end of the cable, and the Internet checksum.
 */
#ifndef HW_NET_NIC_H
#define HW_NET_NIC_H

#include "hw/device.h"
#include "net/net.h"

/* The card's client, connected to -netdev @netdev where that is not NULL; gives *mac its default where it is all zero. NULL and an error. */
NetClient *nic_connect(DeviceState *dev, const NetClientOps *ops, const char *model, const char *netdev, uint8_t mac[6], void *opaque, Error **errp);
bool nic_link_up(const NetClient *nc);
/* RFC 1071 over @len bytes, added to @sum; fold with nic_checksum_end(). */
uint32_t nic_checksum_add(uint32_t sum, const uint8_t *data, size_t len);
uint16_t nic_checksum_end(uint32_t sum); /* as it goes on the wire, big endian when stored high byte first */
/* CRC-32 of an address as multicast filters hash it, most significant bit first (Ethernet's). */
uint32_t nic_crc32(const uint8_t *data, size_t len);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Realtek RTL8139C+ (data sheets RTL8139C(L) and RTL8139C+): registers are an array of bytes as the guest sees them. Guarded by the
 * machine lock.
 */
#ifndef HW_NET_RTL8139_H
#define HW_NET_RTL8139_H

#include "hw/pci/pci.h"
#include "nic.h"
#include "util/bytes.h"

enum {
    R_IDR = 0x00, R_MAR = 0x08, R_TSD = 0x10, R_TSAD = 0x20, R_RBSTART = 0x30, R_CR = 0x37, R_CAPR = 0x38, R_CBR = 0x3a, R_IMR = 0x3c, R_ISR = 0x3e,
    R_TCR = 0x40, R_RCR = 0x44, R_TCTR = 0x48, R_MPC = 0x4c, R_9346CR = 0x50, R_MSR = 0x58, R_TSAD_ALL = 0x60, R_BMCR = 0x62, R_BMSR = 0x64, R_ANAR = 0x66,
    R_ANLPAR = 0x68, R_TPPOLL = 0xd9, R_CPCR = 0xe0, R_RDSAR = 0xe4, RTL_REG_BYTES = 256,
};
enum { CR_RST = 0x10, CR_RE = 8, CR_TE = 4, CR_BUFE = 1, CPCR_TX = 1, CPCR_RX = 2 };
enum { ISR_ROK = 1, ISR_TOK = 4, ISR_TER = 8, ISR_NO_ROOM = 0x10, ISR_LINK = 0x20 };
enum { RCR_ALL = 1, RCR_MINE = 2, RCR_MULTICAST = 4, RCR_BROADCAST = 8, RCR_WRAP = 0x80 };
enum { FRAME_MAX = 16 * 1024, PACKET_MAX = 128 * 1024 };

typedef struct Rtl8139 {
    PciDevice pci;
    NetClient *nc;
    char *netdev;
    uint8_t configured_mac[6];
    int32_t bootindex;
    MemoryRegion io, mmio;
    uint8_t reg[RTL_REG_BYTES];
    uint16_t eeprom[64];
    uint32_t wire_in, wire_bits, wire_word, wire_out;
    bool wire_reading;
    /* C+ mode: places in the rings, the packet that is put together */
    uint32_t rx_index, tx_index[2];
    GByteArray *packet;
    uint32_t packet_flags, packet_tag;
    bool packet_bad;
    BottomHalf *tx_bh;
} Rtl8139;

static inline uint16_t rtl_get16(Rtl8139 *s, unsigned at) { return ld_le16(s->reg + at); }
static inline uint32_t rtl_get32(Rtl8139 *s, unsigned at) { return ld_le32(s->reg + at); }
void rtl_interrupt(Rtl8139 *s, uint16_t causes);

/* rtl8139-data.c */
void rtl_send_legacy(Rtl8139 *s, unsigned n);   /* transmit descriptor register @n was handed over */
void rtl_send_rings(void *opaque);              /* C+ mode */
bool rtl_receive(NetClient *nc, const struct iovec *iov, int iovcnt);
bool rtl_can_receive(NetClient *nc);
bool rtl_buffer_empty(Rtl8139 *s);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel 82540EM ("e1000"): PCI/PCI-X Family of Gigabit Ethernet Controllers Software Developer's Manual (Intel 317453).
 * Registers are one array indexed by offset / 4. Guarded by the machine lock.
 */
#ifndef HW_NET_E1000_H
#define HW_NET_E1000_H

#include "hw/pci/pci.h"
#include "nic.h"

/* Register offsets. */
enum {
    E1000_CTRL = 0x0, E1000_STATUS = 0x8, E1000_EECD = 0x10, E1000_EERD = 0x14, E1000_MDIC = 0x20, E1000_VET = 0x38, E1000_ICR = 0xc0, E1000_ITR = 0xc4,
    E1000_ICS = 0xc8, E1000_IMS = 0xd0, E1000_IMC = 0xd8, E1000_RCTL = 0x100, E1000_TCTL = 0x400, E1000_LEDCTL = 0xe00, E1000_PBA = 0x1000,
    E1000_RDBAL = 0x2800, E1000_RDBAH = 0x2804, E1000_RDLEN = 0x2808, E1000_RDH = 0x2810, E1000_RDT = 0x2818, E1000_TDBAL = 0x3800, E1000_TDBAH = 0x3804,
    E1000_TDLEN = 0x3808, E1000_TDH = 0x3810, E1000_TDT = 0x3818, E1000_STATS = 0x4000, E1000_MPC = 0x4010, E1000_GPRC = 0x4074, E1000_GPTC = 0x4080,
    E1000_GORCL = 0x4088, E1000_GOTCL = 0x4090, E1000_TORL = 0x40c0, E1000_TOTL = 0x40c8, E1000_TPR = 0x40d0, E1000_TPT = 0x40d4,
    E1000_STATS_END = 0x4100, E1000_RXCSUM = 0x5000, E1000_MTA = 0x5200, E1000_RAL = 0x5400, E1000_VFTA = 0x5600, E1000_VFTA_END = 0x5800,
    E1000_MMIO_BYTES = 0x20000, E1000_REGS = 0x6000 / 4,
};
enum { ICR_TXDW = 1, ICR_TXQE = 2, ICR_LSC = 4, ICR_RXDMT0 = 0x10, ICR_RXO = 0x40, ICR_RXT0 = 0x80, ICR_MDAC = 0x200 };
enum { RCTL_EN = 2, RCTL_UPE = 8, RCTL_MPE = 0x10, RCTL_BAM = 0x8000, RCTL_BSEX = 1 << 25, RCTL_SECRC = 1 << 26, TCTL_EN = 2 };

typedef struct E1000TxContext {
    uint8_t ipcss, ipcso, tucss, tucso, header;
    uint16_t ipcse, tucse, mss;
    bool ip4, tcp;
} E1000TxContext;

typedef struct E1000 {
    PciDevice pci;
    NetClient *nc;
    char *netdev;
    uint8_t configured_mac[6];
    int32_t bootindex;
    MemoryRegion mmio, io;
    uint32_t io_address;
    uint32_t reg[E1000_REGS];
    uint16_t phy[32], eeprom[64];
    /* the EEPROM's wire */
    uint32_t eecd;
    uint32_t wire_in, wire_bits, wire_word, wire_out;
    bool wire_reading;
    /* the packet that is being put together from descriptors */
    E1000TxContext tx;
    GByteArray *packet;
    uint8_t packet_popts;
    bool packet_tso, packet_any, packet_bad;
    BottomHalf *tx_bh;
} E1000;

static inline uint32_t *e1000_reg(E1000 *s, uint32_t offset) { return &s->reg[offset / 4]; }
void e1000_interrupt(E1000 *s, uint32_t causes);
void e1000_count(E1000 *s, uint32_t packets, uint32_t bytes_low, size_t bytes); /* statistics stick at the top */

/* e1000-tx.c */
void e1000_transmit(void *opaque);
/* e1000-rx.c */
bool e1000_can_receive(NetClient *nc);
bool e1000_receive(NetClient *nc, const struct iovec *iov, int iovcnt);

#endif

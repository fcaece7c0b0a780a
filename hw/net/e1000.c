/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 82540EM's registers, EEPROM (chapter 5, a Microwire 93C46 of 64 words) and PHY (M88E1000), interrupts, and the card.
 */
#include "e1000.h"

#include <string.h>

#include "util/bytes.h"

enum {
    EECD_SK = 1, EECD_CS = 2, EECD_DI = 4, EECD_DO = 8, EECD_REQ = 0x40, EECD_GNT = 0x80, EECD_PRESENT = 0x100,
    CTRL_RST = 1 << 26, CTRL_PHY_RST = 1u << 31, CTRL_SLU = 1 << 6, STATUS_LINK = 2, PHY_LINK = 4, PHY_AN_DONE = 0x20, PHY_SPEC_LINK = 0x400,
};
static const uint16_t phy_reset[32] = {
    [0] = 0x1140, [1] = 0x7949, [2] = 0x0141, [3] = 0x0c20, [4] = 0x0de1, [5] = 0x45e1, [6] = 0x0001, [9] = 0x0e00, [10] = 0x3c00,
    [15] = 0x3000, [16] = 0x0360, [17] = 0xa800, [20] = 0x0d60,
};
static const uint32_t phy_writable = 1u << 0 | 1u << 4 | 1u << 9 | 1u << 16 | 1u << 18 | 1u << 20 | 1u << 29 | 1u << 30;

void e1000_count(E1000 *s, uint32_t packets, uint32_t bytes_low, size_t bytes)
{
    uint32_t *p = e1000_reg(s, packets), *low = e1000_reg(s, bytes_low);
    uint64_t total = ((uint64_t)low[1] << 32 | low[0]) + bytes;

    *p += *p != UINT32_MAX;
    low[0] = (uint32_t)total;
    low[1] = (uint32_t)(total >> 32);
}

static void update_irq(E1000 *s)
{
    uint32_t *icr = e1000_reg(s, E1000_ICR);
    bool level = *icr & *e1000_reg(s, E1000_IMS);

    pci_irq(&s->pci, level);
}

void e1000_interrupt(E1000 *s, uint32_t causes)
{
    *e1000_reg(s, E1000_ICR) |= causes;
    update_irq(s);
}

/* ------------------------------------------------------------------ link */

static void show_link(E1000 *s)
{
    bool up = nic_link_up(s->nc);
    uint32_t *status = e1000_reg(s, E1000_STATUS);

    *status = up ? *status | STATUS_LINK : *status & ~(uint32_t)STATUS_LINK;
    s->phy[1] = (uint16_t)(up ? s->phy[1] | PHY_LINK | PHY_AN_DONE : s->phy[1] & ~(PHY_LINK | PHY_AN_DONE));
    s->phy[17] = (uint16_t)(up ? s->phy[17] | PHY_SPEC_LINK : s->phy[17] & ~PHY_SPEC_LINK);
}

static void link_changed(NetClient *nc)
{
    E1000 *s = nc->opaque;

    show_link(s);
    e1000_interrupt(s, ICR_LSC);
}

/* ------------------------------------------------------------------ EEPROM and PHY */

static void eeprom_fill(E1000 *s)
{
    uint16_t sum = 0;

    memset(s->eeprom, 0, sizeof(s->eeprom));
    for (unsigned i = 0; i < 3; i++) {
        s->eeprom[i] = ld_le16(s->configured_mac + 2 * i);
    }
    s->eeprom[10] = 0x4408;
    s->eeprom[11] = 0x1af4; /* subsystem: as the configuration space says */
    s->eeprom[12] = 0x1100;
    s->eeprom[13] = 0x100e;
    s->eeprom[14] = 0x8086;
    for (unsigned i = 0; i < 63; i++) {
        sum = (uint16_t)(sum + s->eeprom[i]);
    }
    s->eeprom[63] = (uint16_t)(0xbaba - sum); /* 5.6.35 */
}

/* A start bit, two bits of operation (10: read), six of address; then sixteen bits come out, highest first. */
static void eecd_write(E1000 *s, uint32_t v)
{
    uint32_t old = s->eecd;

    s->eecd = v & (EECD_SK | EECD_CS | EECD_DI | EECD_REQ);
    if (!(v & EECD_CS)) {
        s->wire_in = s->wire_bits = s->wire_out = 0;
        s->wire_reading = false;
        return;
    }
    if (!(old & EECD_SK) && (v & EECD_SK)) { /* the clock rises */
        if (s->wire_reading) {
            s->wire_out = s->wire_word >> 15 & 1;
            s->wire_word <<= 1;
            return;
        }
        bool bit = v & EECD_DI;
        if (!s->wire_bits && !bit) {
            return;
        }
        s->wire_in = s->wire_in << 1 | bit;
        if (++s->wire_bits == 9) {
            s->wire_reading = (s->wire_in >> 6 & 3) == 2;
            s->wire_word = s->eeprom[s->wire_in & 63];
            s->wire_out = 0;
        }
    }
}

static uint32_t eecd_read(E1000 *s)
{
    return s->eecd | EECD_PRESENT | (s->eecd & EECD_REQ ? EECD_GNT : 0) | (!s->wire_reading || s->wire_out ? EECD_DO : 0);
}

static void eerd_write(E1000 *s, uint32_t v)
{
    if (v & 1) {
        *e1000_reg(s, E1000_EERD) = (v & 0xff00) | 0x10 | (uint32_t)s->eeprom[v >> 8 & 63] << 16;
    }
}

static void mdic_write(E1000 *s, uint32_t v)
{
    unsigned nr = v >> 16 & 31, op = v >> 26 & 3;

    if ((v >> 21 & 31) != 1 || (op != 1 && op != 2)) {
        v |= 1u << 30; /* error */
    } else if (op == 2) {
        v = (v & ~0xffffu) | s->phy[nr];
    } else if (phy_writable >> nr & 1) {
        s->phy[nr] = nr == 0 ? (uint16_t)(v & ~0x823f) : (uint16_t)v; /* reset and restart of negotiation end at once */
    }
    *e1000_reg(s, E1000_MDIC) = v | 1u << 28;
    if (v >> 29 & 1) {
        e1000_interrupt(s, ICR_MDAC);
    }
}

/* ------------------------------------------------------------------ registers */

static void reset_registers(E1000 *s)
{
    memset(s->reg, 0, sizeof(s->reg));
    memcpy(s->phy, phy_reset, sizeof(s->phy));
    *e1000_reg(s, E1000_CTRL) = 0x00140241; /* full duplex, link up, 1000 Mb/s, software-defined pins */
    *e1000_reg(s, E1000_STATUS) = 0x80080281;
    *e1000_reg(s, E1000_PBA) = 0x00100030;
    *e1000_reg(s, E1000_LEDCTL) = 0x07068302;
    *e1000_reg(s, E1000_RAL) = ld_le32(s->configured_mac);
    *e1000_reg(s, E1000_RAL + 4) = ld_le16(s->configured_mac + 4) | 1u << 31;
    s->eecd = 0;
    s->wire_reading = false;
    g_byte_array_set_size(s->packet, 0);
    s->packet_any = s->packet_bad = false;
    show_link(s);
    update_irq(s);
}

static uint32_t reg_read(E1000 *s, uint32_t at)
{
    uint32_t v;

    if (at >= sizeof(s->reg)) {
        return 0;
    }
    v = *e1000_reg(s, at);
    switch (at) {
    case E1000_EECD: return eecd_read(s);
    case E1000_ICR:
        *e1000_reg(s, E1000_ICR) = 0;
        update_irq(s);
        return v | (v ? 1u << 31 : 0);
    case E1000_ICS: case E1000_IMC: return 0;
    default: break;
    }
    if (at >= E1000_STATS && at < E1000_STATS_END) { /* cleared by reading; a low half keeps its high half */
        *e1000_reg(s, at) = 0;
    }
    return v;
}

static bool is_stored(uint32_t at)
{
    return at == E1000_VET || at == E1000_ITR || at == 0x18 || (at >= 0x28 && at <= 0x34) || (at >= 0x170 && at <= 0x180) || at == 0x410 ||
           at == E1000_LEDCTL || at == E1000_PBA || (at >= 0x2820 && at <= 0x282c) || (at >= 0x3820 && at <= 0x3830) || at == E1000_RXCSUM ||
           (at >= E1000_MTA && at < E1000_VFTA_END) || (at >= 0x5800 && at <= 0x5838) || at == E1000_RDBAH || at == E1000_TDBAH;
}

static void ctrl_write(E1000 *s, uint32_t v)
{
    if (v & CTRL_RST) {
        reset_registers(s);
        return;
    }
    if (v & CTRL_PHY_RST) {
        memcpy(s->phy, phy_reset, sizeof(s->phy));
        show_link(s);
    }
    bool came_up = (v & CTRL_SLU) && !(*e1000_reg(s, E1000_CTRL) & CTRL_SLU);
    *e1000_reg(s, E1000_CTRL) = v & ~(uint32_t)CTRL_PHY_RST;
    if (came_up) {
        e1000_interrupt(s, ICR_LSC);
    }
}

static void reg_write(E1000 *s, uint32_t at, uint32_t v)
{
    if (at >= sizeof(s->reg)) {
        return;
    }
    uint32_t *r = e1000_reg(s, at);
    switch (at) {
    case E1000_CTRL: case 4: ctrl_write(s, v); break;
    case E1000_EECD: eecd_write(s, v); break;
    case E1000_EERD: eerd_write(s, v); break;
    case E1000_MDIC: mdic_write(s, v); break;
    case E1000_ICR: *r &= ~v; update_irq(s); break;
    case E1000_ICS: e1000_interrupt(s, v & 0x7fffffff); break;
    case E1000_IMS: *r |= v; update_irq(s); break;
    case E1000_IMC: *e1000_reg(s, E1000_IMS) &= ~v; update_irq(s); break;
    case E1000_RCTL: *r = v; net_flush(s->nc); break;
    case E1000_RDBAL: case E1000_TDBAL: *r = v & ~15u; break;
    case E1000_RDLEN: case E1000_TDLEN: *r = v & 0xfff80; break;
    case E1000_RDH: case E1000_TDH: *r = v & 0xffff; break;
    case E1000_RDT: *r = v & 0xffff; net_flush(s->nc); break;
    case E1000_TDT: *r = v & 0xffff; e1000_transmit(s); break;
    case E1000_TCTL: *r = v; e1000_transmit(s); break;
    default:
        if (is_stored(at)) {
            *r = v;
        }
    }
}

static uint64_t mmio_read(void *opaque, uint64_t offset, unsigned size) { return reg_read(opaque, (uint32_t)offset & ~3u); }
static void mmio_write(void *opaque, uint64_t offset, uint64_t v, unsigned size) { reg_write(opaque, (uint32_t)offset & ~3u, (uint32_t)v); }
static const MmioOps mmio_ops = {.read = mmio_read, .write = mmio_write, .access_min = 1, .access_max = 8, .impl_min = 4, .impl_max = 4};

/* The I/O window: IOADDR at 0, IODATA at 4 (13.2.2). */
static uint64_t io_read(void *opaque, uint64_t offset, unsigned size)
{
    E1000 *s = opaque;

    return offset == 0 ? s->io_address : offset == 4 ? reg_read(s, s->io_address & ~3u) : 0;
}

static void io_write(void *opaque, uint64_t offset, uint64_t v, unsigned size)
{
    E1000 *s = opaque;

    if (offset == 0) {
        s->io_address = (uint32_t)v;
    } else if (offset == 4) {
        reg_write(s, s->io_address & ~3u, (uint32_t)v);
    }
}
static const MmioOps io_ops = {.read = io_read, .write = io_write, .access_min = 1, .access_max = 4, .impl_min = 4, .impl_max = 4};

/* ------------------------------------------------------------------ the card */

static const NetClientOps nic_ops = {.kind = "nic", .can_receive = e1000_can_receive, .receive = e1000_receive, .link_changed = link_changed};

static bool e1000_realize(PciDevice *dev, Error **errp)
{
    E1000 *s = (E1000 *)dev;
    Machine *m = dev->dev.machine;

    s->nc = nic_connect(&dev->dev, &nic_ops, "e1000", s->netdev, s->configured_mac, s, errp);
    if (!s->nc) {
        return false;
    }
    s->packet = g_byte_array_new();
    s->tx_bh = bh_new(m->loop, e1000_transmit, s);
    memory_region_init_mmio(&s->mmio, m, OBJECT(dev), &mmio_ops, s, "e1000-mmio", E1000_MMIO_BYTES);
    memory_region_init_mmio(&s->io, m, OBJECT(dev), &io_ops, s, "e1000-io", 64);
    pci_register_bar(dev, 0, 0, &s->mmio);
    pci_register_bar(dev, 1, PCI_BAR_IO, &s->io);
    pci_set_interrupt_pin(dev, 1);
    eeprom_fill(s);
    reset_registers(s);
    return true;
}

static void e1000_unrealize(PciDevice *dev)
{
    E1000 *s = (E1000 *)dev;

    if (s->nc) {
        bh_delete(s->tx_bh);
        net_client_free(s->nc);
        g_byte_array_unref(s->packet);
        memory_region_destroy(&s->mmio);
        memory_region_destroy(&s->io);
        s->nc = NULL;
    }
}

static void e1000_reset(PciDevice *dev) { reset_registers((E1000 *)dev); }

static const Field e1000_fields[] = {
    FIELD(E1000, netdev, FIELD_STRING, "netdev", FIELD_PROP, .help = "id of a -netdev"),
    FIELD(E1000, configured_mac, FIELD_MAC, "mac", FIELD_PROP, .help = "address; left out: 52:54:00:12:34:56 and up"),
    FIELD(E1000, bootindex, FIELD_I32, "bootindex", FIELD_PROP, .def = -1, .help = "place in the boot order"),
    FIELD_END,
};
static const PciClass e1000_class = {
    PCI_DEVICE_PART, .device.category = DEVICE_CAT_NETWORK, .device.user_creatable = true, .vendor_id = 0x8086, .device_id = 0x100e, .class_id = 0x0200,
    .revision = 3, .subsystem_vendor = 0x1af4, .subsystem = 0x1100, .romfile = "pxe-e1000.rom", .realize = e1000_realize,
    .unrealize = e1000_unrealize, .reset = e1000_reset,
};
static const TypeRecord e1000_type = {
    .name = "e1000", .parent = TYPE_PCI_DEVICE, .help = "Intel 82540EM gigabit Ethernet", .instance_size = sizeof(E1000),
    .class_kind = TYPE_DEVICE, .class_data = &e1000_class, .fields = e1000_fields,
};
TYPE_REGISTER(e1000_type);

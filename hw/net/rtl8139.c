/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The RTL8139C+'s registers, EEPROM (Microwire 93C46 of 64 words), interrupts, and the card. Not there: interrupts of its timer, wake-up.
 */
#include "rtl8139.h"

#include <string.h>

enum { EE_SELECT = 8, EE_CLOCK = 4, EE_IN = 2, EE_OUT = 1, EE_MODE = 0xc0, MSR_NO_LINK = 4, BMSR_UP = 0x24, TSD_OWN = 1 << 13, DTCCR_DUMP = 8 };
static const uint32_t hardware_version = 0x74800000, version_bits = 0x7cc00000;

static void update_irq(Rtl8139 *s) { pci_irq(&s->pci, rtl_get16(s, R_ISR) & rtl_get16(s, R_IMR)); }

void rtl_interrupt(Rtl8139 *s, uint16_t causes)
{
    st_le16(s->reg + R_ISR, rtl_get16(s, R_ISR) | causes);
    update_irq(s);
}

static void show_link(Rtl8139 *s)
{
    bool up = nic_link_up(s->nc);

    s->reg[R_MSR] = (uint8_t)(up ? s->reg[R_MSR] & ~MSR_NO_LINK : s->reg[R_MSR] | MSR_NO_LINK);
    st_le16(s->reg + R_BMSR, (uint16_t)(up ? 0x7809 | BMSR_UP : 0x7809));
}

static void link_changed(NetClient *nc)
{
    Rtl8139 *s = nc->opaque;

    show_link(s);
    rtl_interrupt(s, ISR_LINK);
}

/* --- EEPROM: a start bit, two bits of operation (10: read), six of address; then words come out, highest bit first --- */
static void eeprom_fill(Rtl8139 *s)
{
    s->eeprom[0] = 0x8129;
    s->eeprom[1] = 0x10ec;
    s->eeprom[2] = 0x8139;
    s->eeprom[3] = 0x10ec;
    s->eeprom[4] = 0x8139;
    for (unsigned i = 0; i < 3; i++) {
        s->eeprom[7 + i] = ld_le16(s->configured_mac + 2 * i);
    }
}

static void eeprom_write(Rtl8139 *s, uint8_t v)
{
    uint8_t old = s->reg[R_9346CR];

    s->reg[R_9346CR] = v & (uint8_t)~EE_OUT;
    if ((v & EE_MODE) != 0x80 || !(v & EE_SELECT)) {
        s->wire_in = s->wire_bits = s->wire_out = 0;
        s->wire_reading = false;
        return;
    }
    if ((old & EE_CLOCK) || !(v & EE_CLOCK)) {
        return;
    }
    if (s->wire_reading) {
        s->wire_out = s->wire_word >> 15 & 1;
        s->wire_word <<= 1;
    } else if (s->wire_bits || (v & EE_IN)) {
        s->wire_in = s->wire_in << 1 | !!(v & EE_IN);
        if (++s->wire_bits == 9) {
            s->wire_reading = (s->wire_in >> 6 & 3) == 2;
            s->wire_word = s->eeprom[s->wire_in & 63];
            s->wire_out = 0;
        }
    }
}

/* --- registers --- */
static void reset_registers(Rtl8139 *s)
{
    memset(s->reg, 0, sizeof(s->reg));
    memcpy(s->reg + R_IDR, s->configured_mac, 6);
    for (unsigned i = 0; i < 4; i++) {
        st_le32(s->reg + R_TSD + 4 * i, TSD_OWN);
    }
    s->reg[R_CR] = CR_BUFE;
    st_le16(s->reg + R_CAPR, 0xfff0);
    st_le32(s->reg + R_TCR, hardware_version);
    s->reg[R_MSR] = 0x10;
    st_le16(s->reg + R_BMCR, 0x3100);
    st_le16(s->reg + R_ANAR, 0x05e1);
    st_le16(s->reg + R_ANLPAR, 0x45e1);
    s->reg[0x52] = 0x0c;
    s->wire_reading = false;
    s->wire_bits = 0;
    s->rx_index = s->tx_index[0] = s->tx_index[1] = 0;
    g_byte_array_set_size(s->packet, 0);
    show_link(s);
    update_irq(s);
}

static bool plus_mode(Rtl8139 *s) { return rtl_get16(s, R_CPCR) & (CPCR_TX | CPCR_RX); }

/* Registers are 4, 2 or 1 bytes wide. */
static unsigned width_at(unsigned at)
{
    bool four = (at >= R_TSD && at < 0x34) || (at >= R_TCR && at < 0x50) || (at >= 0x54 && at < 0x58) || (at >= R_RDSAR && at < 0xec);

    return four ? 4 : (at >= R_CAPR && at < R_TCR) || (at >= R_TSAD_ALL && at < 0x78) || at == R_CPCR || at == R_CPCR + 1 || at == 0x34 || at == 0x35 ? 2 : 1;
}

static uint64_t reg_read(void *opaque, uint64_t offset, unsigned size)
{
    Rtl8139 *s = opaque;
    uint64_t v = 0;

    s->reg[R_CR] = (uint8_t)((s->reg[R_CR] & ~CR_BUFE) | (rtl_buffer_empty(s) ? CR_BUFE : 0));
    s->reg[R_9346CR] = (uint8_t)((s->reg[R_9346CR] & ~EE_OUT) | (!s->wire_reading || s->wire_out ? EE_OUT : 0));
    st_le32(s->reg + R_TCTR, (uint32_t)(event_loop_clock_ns(s->pci.dev.machine->loop, CLOCK_KIND_VIRTUAL) / 30)); /* 33 MHz */
    uint16_t all = 0; /* of the four transmit registers: OWN, abort, underrun, done */
    for (unsigned i = 0; i < 4; i++) {
        uint32_t tsd = rtl_get32(s, R_TSD + 4 * i);
        all = (uint16_t)(all | (tsd >> 13 & 1) << i | (tsd >> 14 & 1) << (8 + i) | (tsd >> 15 & 1) << (12 + i));
    }
    st_le16(s->reg + R_TSAD_ALL, all);
    for (unsigned i = 0; i < size && offset + i < RTL_REG_BYTES; i++) {
        v |= (uint64_t)s->reg[offset + i] << (8 * i);
    }
    return v;
}

static void command_write(Rtl8139 *s, uint8_t v)
{
    if (v & CR_RST) {
        reset_registers(s);
        return;
    }
    if ((v & CR_RE) && !(s->reg[R_CR] & CR_RE)) {
        s->rx_index = 0;
        st_le16(s->reg + R_CBR, 0);
    }
    if (!(v & CR_TE)) {
        s->tx_index[0] = s->tx_index[1] = 0;
    }
    s->reg[R_CR] = v & (CR_RE | CR_TE);
    net_flush(s->nc);
}

static void dump_counters(Rtl8139 *s, uint32_t v)
{
    uint64_t at = (uint64_t)rtl_get32(s, R_TSD + 4) << 32 | (v & ~63u);

    dma_set(pci_dma_as(&s->pci), at, 0, 64);
    st_le32(s->reg + R_TSD, v & ~(uint32_t)DTCCR_DUMP);
}

static void write_wide(Rtl8139 *s, unsigned at, uint32_t v)
{
    st_le32(s->reg + at, v);
    if (at >= R_TSD && at < R_TSAD) {
        if (plus_mode(s)) {
            if (at == R_TSD && (v & DTCCR_DUMP)) {
                dump_counters(s, v);
            }
        } else if (!(v & TSD_OWN)) {
            st_le32(s->reg + at, v & 0x3f1fff);
            rtl_send_legacy(s, (at - R_TSD) / 4);
        }
    } else if (at == R_TSAD || at == R_TSAD + 8) {
        s->tx_index[(at - R_TSAD) / 8] = 0;
    } else if (at == R_RBSTART) {
        st_le16(s->reg + R_CBR, 0);
    } else if (at == R_TCR) {
        st_le32(s->reg + R_TCR, (v & ~version_bits) | hardware_version);
    } else if (at == R_RDSAR) {
        s->rx_index = 0;
    } else if (at == R_MPC) {
        st_le32(s->reg + R_MPC, 0);
    }
}

static void write_half(Rtl8139 *s, unsigned at, uint16_t v)
{
    if (at == R_ISR) {
        st_le16(s->reg + R_ISR, rtl_get16(s, R_ISR) & (uint16_t)~v);
    } else if (at == R_BMCR) {
        st_le16(s->reg + R_BMCR, v & (uint16_t)~0x8200); /* reset and restart of negotiation end at once */
    } else if (at != R_CBR && at != R_BMSR && at != R_ANLPAR && at != R_TSAD_ALL) {
        st_le16(s->reg + at, v);
    }
    if (at == R_ISR || at == R_IMR || at == R_CAPR) {
        update_irq(s);
        net_flush(s->nc); /* the driver has made room */
    }
}

static void write_byte(Rtl8139 *s, unsigned at, uint8_t v)
{
    switch (at) {
    case R_CR: command_write(s, v); break;
    case R_9346CR: eeprom_write(s, v); break;
    case R_MSR: s->reg[at] = (uint8_t)((v & 0xc0) | (s->reg[at] & 0x3f)); break;
    case R_TPPOLL:
        s->reg[at] = v & 0xc0;
        rtl_send_rings(s);
        break;
    default: s->reg[at] = v; break;
    }
}

static void reg_write(void *opaque, uint64_t offset, uint64_t v, unsigned size)
{
    Rtl8139 *s = opaque;

    for (unsigned at = (unsigned)offset, end = (unsigned)MIN(offset + size, RTL_REG_BYTES); at < end;) {
        unsigned width = width_at(at), start = at & ~(width - 1), n = MIN(start + width, end) - at;
        uint8_t bytes[4] = {0};
        if (start != R_ISR) { /* bits of which are cleared by ones: a byte that is not written stays */
            memcpy(bytes, s->reg + start, width);
        }
        for (unsigned i = 0; i < n; i++) {
            bytes[at - start + i] = (uint8_t)(v >> (8 * (at - (unsigned)offset + i)));
        }
        if (width == 4) {
            write_wide(s, start, ld_le32(bytes));
        } else if (width == 2) {
            write_half(s, start, ld_le16(bytes));
        } else {
            write_byte(s, start, bytes[0]);
        }
        at += n;
    }
}
static const MmioOps reg_ops = {.read = reg_read, .write = reg_write, .access_min = 1, .access_max = 4, .impl_min = 1, .impl_max = 4};

/* --- the card --- */
static const NetClientOps nic_ops = {.kind = "nic", .can_receive = rtl_can_receive, .receive = rtl_receive, .link_changed = link_changed};

static bool rtl_realize(PciDevice *dev, Error **errp)
{
    Rtl8139 *s = (Rtl8139 *)dev;
    Machine *m = dev->dev.machine;

    s->nc = nic_connect(&dev->dev, &nic_ops, "rtl8139", s->netdev, s->configured_mac, s, errp);
    if (!s->nc) {
        return false;
    }
    s->packet = g_byte_array_new();
    s->tx_bh = bh_new(m->loop, rtl_send_rings, s);
    memory_region_init_mmio(&s->io, m, OBJECT(dev), &reg_ops, s, "rtl8139-io", RTL_REG_BYTES);
    memory_region_init_mmio(&s->mmio, m, OBJECT(dev), &reg_ops, s, "rtl8139-mmio", RTL_REG_BYTES);
    pci_register_bar(dev, 0, PCI_BAR_IO, &s->io);
    pci_register_bar(dev, 1, 0, &s->mmio);
    pci_set_interrupt_pin(dev, 1);
    eeprom_fill(s);
    reset_registers(s);
    return true;
}

static void rtl_unrealize(PciDevice *dev)
{
    Rtl8139 *s = (Rtl8139 *)dev;

    if (s->nc) {
        bh_delete(s->tx_bh);
        net_client_free(s->nc);
        g_byte_array_unref(s->packet);
        memory_region_destroy(&s->io);
        memory_region_destroy(&s->mmio);
        s->nc = NULL;
    }
}

static void rtl_reset(PciDevice *dev) { reset_registers((Rtl8139 *)dev); }

static const Field rtl_fields[] = {
    FIELD(Rtl8139, netdev, FIELD_STRING, "netdev", FIELD_PROP, .help = "id of a -netdev"),
    FIELD(Rtl8139, configured_mac, FIELD_MAC, "mac", FIELD_PROP, .help = "address; left out: 52:54:00:12:34:56 and up"),
    FIELD(Rtl8139, bootindex, FIELD_I32, "bootindex", FIELD_PROP, .def = -1, .help = "place in the boot order"),
    FIELD_END,
};
static const PciClass rtl_class = {
    PCI_DEVICE_PART, .device.category = DEVICE_CAT_NETWORK, .device.user_creatable = true, .vendor_id = 0x10ec, .device_id = 0x8139, .class_id = 0x0200,
    .revision = 0x20, .subsystem_vendor = 0x1af4, .subsystem = 0x1100, .romfile = "pxe-rtl8139.rom", .realize = rtl_realize,
    .unrealize = rtl_unrealize, .reset = rtl_reset,
};
static const TypeRecord rtl_type = {
    .name = "rtl8139", .parent = TYPE_PCI_DEVICE, .help = "Realtek RTL8139C+ fast Ethernet", .instance_size = sizeof(Rtl8139),
    .class_kind = TYPE_DEVICE, .class_data = &rtl_class, .fields = rtl_fields,
};
TYPE_REGISTER(rtl_type);

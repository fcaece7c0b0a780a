/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The RTL8139C+'s data paths: one ring of bytes for reception and four transmit registers (legacy), or rings of descriptors with
 * checksums, VLAN tags and TCP segmentation (C+ mode). A turn handles a bounded number of descriptors.
 */
#include "rtl8139.h"

#include <string.h>

enum { D_OWN = 1u << 31, D_END = 1 << 30, D_FIRST = 1 << 29, D_LAST = 1 << 28, D_LARGE = 1 << 27, D_IPCS = 1 << 18, D_UDPCS = 1 << 17, D_TCPCS = 1 << 16 };
enum { TURN = 256, RING_MAX = 1024, TAG_WANTED = 1 << 17, TSD_OWN = 1 << 13, TSD_OK = 1 << 15 };

static AddressSpace *dma(Rtl8139 *s) { return pci_dma_as(&s->pci); }
static uint64_t get64(Rtl8139 *s, unsigned at) { return (uint64_t)rtl_get32(s, at + 4) << 32 | (rtl_get32(s, at) & ~255u); }

static void put_on_wire(Rtl8139 *s, const uint8_t *p, size_t len)
{
    uint8_t padded[60] = {0};

    if (len < sizeof(padded)) {
        memcpy(padded, p, len);
        p = padded;
        len = sizeof(padded);
    }
    if ((rtl_get32(s, R_TCR) >> 17 & 3) == 3) { /* loopback */
        struct iovec iov = {(void *)p, len};
        if (rtl_can_receive(s->nc)) {
            rtl_receive(s->nc, &iov, 1);
        }
    } else {
        net_send(s->nc, p, len);
    }
}

void rtl_send_legacy(Rtl8139 *s, unsigned n)
{
    uint32_t tsd = rtl_get32(s, R_TSD + 4 * n), len = tsd & 0x1fff;
    uint8_t frame[0x2000];

    if (!(s->reg[R_CR] & CR_TE)) {
        return;
    }
    if (dma_read(dma(s), rtl_get32(s, R_TSAD + 4 * n), frame, len) != MEM_OK) {
        rtl_interrupt(s, ISR_TER);
        return;
    }
    put_on_wire(s, frame, len);
    st_le32(s->reg + R_TSD + 4 * n, tsd | TSD_OWN | TSD_OK);
    rtl_interrupt(s, ISR_TOK);
}

/* --- C+ transmission --- */
typedef struct Ip4 {
    size_t ip, l4, end; /* offsets; end of the datagram */
    uint8_t protocol;
} Ip4;

static bool find_ip4(const uint8_t *p, size_t len, Ip4 *out)
{
    size_t at = 14;

    if (len >= 18 && ld_be16(p + 12) == 0x8100) {
        at = 18;
    }
    if (len < at + 20 || ld_be16(p + at - 2) != 0x0800 || p[at] >> 4 != 4 || (p[at] & 15) < 5) {
        return false;
    }
    *out = (Ip4){.ip = at, .l4 = at + 4u * (p[at] & 15), .end = at + ld_be16(p + at + 2), .protocol = p[at + 9]};
    return out->l4 <= len;
}

static void put_ip_sum(uint8_t *p, const Ip4 *h)
{
    st_be16(p + h->ip + 10, 0);
    st_be16(p + h->ip + 10, nic_checksum_end(nic_checksum_add(0, p + h->ip, h->l4 - h->ip)));
}

static void put_l4_sum(uint8_t *p, const Ip4 *h, size_t len)
{
    size_t end = MIN(h->end, len), at = h->l4 + (h->protocol == 6 ? 16 : 6);

    if ((h->protocol != 6 && h->protocol != 17) || at + 2 > end) {
        return;
    }
    uint32_t sum = h->protocol + (uint32_t)(end - h->l4);
    st_be16(p + at, 0);
    sum = nic_checksum_add(sum, p + h->ip + 12, 8);
    uint16_t value = nic_checksum_end(nic_checksum_add(sum, p + h->l4, end - h->l4));
    st_be16(p + at, value || h->protocol == 6 ? value : 0xffff);
}

static void send_segments(Rtl8139 *s, uint8_t *p, size_t len, size_t mss)
{
    Ip4 h;

    if (!mss || !find_ip4(p, len, &h) || h.protocol != 6 || h.l4 + 20 > len) {
        return;
    }
    size_t header = h.l4 + 4u * (p[h.l4 + 12] >> 4), sent = 0;
    if (header < h.l4 + 20 || header >= len) {
        return;
    }
    g_autofree uint8_t *frame = g_malloc(header + mss);
    for (unsigned nr = 0; header + sent < len; nr++) {
        size_t n = MIN(mss, len - header - sent);
        bool last = header + sent + n == len;
        memcpy(frame, p, header);
        memcpy(frame + header, p + header + sent, n);
        st_be16(frame + h.ip + 2, (uint16_t)(header + n - h.ip));
        st_be16(frame + h.ip + 4, (uint16_t)(ld_be16(p + h.ip + 4) + nr));
        st_be32(frame + h.l4 + 4, ld_be32(p + h.l4 + 4) + (uint32_t)sent);
        if (!last) {
            frame[h.l4 + 13] &= (uint8_t)~9; /* PSH and FIN stand in the last one only */
        }
        h.end = header + n;
        put_ip_sum(frame, &h);
        put_l4_sum(frame, &h, header + n);
        put_on_wire(s, frame, header + n);
        sent += n;
    }
}

static void packet_end(Rtl8139 *s)
{
    static const uint8_t none[4];
    uint32_t flags = s->packet_flags;
    Ip4 h;

    if (s->packet_bad || s->packet->len < 14) {
        return;
    }
    if (s->packet_tag & TAG_WANTED) {
        g_byte_array_append(s->packet, none, 4);
        memmove(s->packet->data + 16, s->packet->data + 12, s->packet->len - 16);
        st_be16(s->packet->data + 12, 0x8100);
        st_le16(s->packet->data + 14, (uint16_t)s->packet_tag); /* as it lies in memory */
    }
    uint8_t *p = s->packet->data;
    size_t len = s->packet->len;
    if (flags & D_LARGE) {
        send_segments(s, p, len, flags >> 16 & 0x7ff);
        return;
    }
    if (len > FRAME_MAX) {
        return;
    }
    if (find_ip4(p, len, &h)) {
        if (flags & (D_UDPCS | D_TCPCS)) {
            put_l4_sum(p, &h, len);
        }
        if (flags & D_IPCS) {
            put_ip_sum(p, &h);
        }
    }
    put_on_wire(s, p, len);
}

static void take_descriptor(Rtl8139 *s, const uint8_t *d)
{
    uint32_t flags = ld_le32(d), len = flags & 0xffff;

    if (flags & D_FIRST) {
        g_byte_array_set_size(s->packet, 0);
        s->packet_flags = flags;
        s->packet_tag = ld_le32(d + 4);
        s->packet_bad = false;
    }
    guint old = s->packet->len;
    if (old + len > PACKET_MAX) {
        s->packet_bad = true;
    } else {
        g_byte_array_set_size(s->packet, old + len);
        if (dma_read(dma(s), ld_le64(d + 8), s->packet->data + old, len) != MEM_OK) {
            s->packet_bad = true;
        }
    }
    if (flags & D_LAST) {
        packet_end(s);
        g_byte_array_set_size(s->packet, 0);
    }
}

/* How many descriptors of the ring were sent, up to a turn's worth. */
static unsigned send_ring(Rtl8139 *s, unsigned ring)
{
    unsigned done = 0;

    for (; done < TURN; done++) {
        uint64_t at = get64(s, R_TSAD + 8 * ring) + 16ull * s->tx_index[ring];
        uint8_t d[16];
        if (dma_read(dma(s), at, d, sizeof(d)) != MEM_OK || !(ld_le32(d) & D_OWN)) {
            break;
        }
        take_descriptor(s, d);
        bool end = ld_le32(d) & D_END;
        st_le32(d, ld_le32(d) & ~(uint32_t)D_OWN);
        dma_write(dma(s), at, d, 4);
        s->tx_index[ring] = end || s->tx_index[ring] + 1 >= RING_MAX ? 0 : s->tx_index[ring] + 1;
    }
    return done;
}

void rtl_send_rings(void *opaque)
{
    Rtl8139 *s = opaque;
    unsigned done = 0;

    if (!(s->reg[R_CR] & CR_TE) || !(rtl_get16(s, R_CPCR) & CPCR_TX)) {
        return;
    }
    for (unsigned i = 2; i-- > 0;) { /* the second ring has priority */
        if (s->reg[R_TPPOLL] & (i ? 0x80 : 0x40)) {
            unsigned n = send_ring(s, i);
            if (n < TURN) {
                s->reg[R_TPPOLL] &= (uint8_t)~(i ? 0x80 : 0x40);
            }
            done += n;
        }
    }
    if (s->reg[R_TPPOLL] & 0xc0) {
        bh_schedule(s->tx_bh);
    }
    if (done) {
        rtl_interrupt(s, ISR_TOK);
    }
}

/* --- reception --- */
static uint32_t ring_bytes(Rtl8139 *s) { return 8192u << (rtl_get32(s, R_RCR) >> 11 & 3); }
static uint32_t read_place(Rtl8139 *s) { return (rtl_get16(s, R_CAPR) + 16u) % ring_bytes(s); }
bool rtl_buffer_empty(Rtl8139 *s) { return read_place(s) == rtl_get16(s, R_CBR) % ring_bytes(s); }

bool rtl_can_receive(NetClient *nc)
{
    Rtl8139 *s = nc->opaque;

    return nic_link_up(nc) && (s->reg[R_CR] & CR_RE) && pci_is_master(&s->pci);
}

/* Whether the frame is for the card; *flags: physical match 4, broadcast 2, multicast 8. */
static bool accepts(Rtl8139 *s, const uint8_t *mac, unsigned *flags)
{
    static const uint8_t broadcast[6] = {255, 255, 255, 255, 255, 255};
    uint32_t rcr = rtl_get32(s, R_RCR);
    bool good = rcr & RCR_ALL;

    if (!memcmp(mac, broadcast, 6)) {
        *flags = 2;
        return good || (rcr & RCR_BROADCAST);
    }
    if (mac[0] & 1) {
        unsigned bit = nic_crc32(mac, 6) >> 26;
        *flags = 8;
        return good || ((rcr & RCR_MULTICAST) && (s->reg[R_MAR + bit / 8] >> (bit & 7) & 1));
    }
    bool mine = !memcmp(mac, s->reg + R_IDR, 6);
    *flags = mine ? 4 : 0;
    return good || (mine && (rcr & RCR_MINE));
}

static bool store_descriptor(Rtl8139 *s, const uint8_t *frame, size_t len, unsigned flags)
{
    uint64_t at = get64(s, R_RDSAR) + 16ull * s->rx_index;
    uint8_t d[16];

    if (dma_read(dma(s), at, d, sizeof(d)) != MEM_OK || !(ld_le32(d) & D_OWN)) {
        return false;
    }
    uint32_t word = ld_le32(d), size = word & 0x1fff, n = (uint32_t)MIN(len, size);
    if (dma_write(dma(s), ld_le64(d + 8), frame, n) != MEM_OK) {
        n = 0;
    }
    uint32_t status = (word & D_END) | D_FIRST | D_LAST | (flags & 8 ? 1 << 26 : 0) | (flags & 4 ? 1 << 25 : 0) | (flags & 2 ? 1 << 24 : 0) |
                      (n < len ? 1 << 20 | 1 << 22 : 0) | n; /* too long: an error */
    st_le32(d, status);
    st_le32(d + 4, 0);
    dma_write(dma(s), at + 4, d + 4, 4);
    dma_write(dma(s), at, d, 4);
    s->rx_index = word & D_END || s->rx_index + 1 >= RING_MAX ? 0 : s->rx_index + 1;
    return true;
}

static void store_bytes(Rtl8139 *s, uint32_t *place, const uint8_t *data, size_t len)
{
    uint32_t base = rtl_get32(s, R_RBSTART), size = ring_bytes(s);
    bool straight = (rtl_get32(s, R_RCR) & RCR_WRAP) && size < 65536;
    size_t first = straight ? len : MIN(len, (size_t)(size - *place));

    dma_write(dma(s), (uint64_t)base + *place, data, first);
    if (first < len) {
        dma_write(dma(s), base, data + first, len - first);
    }
    *place += (uint32_t)len;
    if (!straight) {
        *place %= size;
    }
}

static bool store_ring(Rtl8139 *s, const uint8_t *frame, size_t len, unsigned flags)
{
    uint32_t size = ring_bytes(s), place = rtl_get16(s, R_CBR) % size, used = (place + size - read_place(s)) % size;
    size_t need = (len + 4 + 3) & ~(size_t)3;
    uint8_t header[4];

    if (need + used >= size) {
        return false;
    }
    st_le16(header, (uint16_t)(1 | (flags & 8 ? 0x8000 : 0) | (flags & 4 ? 0x4000 : 0) | (flags & 2 ? 0x2000 : 0)));
    st_le16(header + 2, (uint16_t)len);
    uint32_t next = (place + (uint32_t)need) % size;
    store_bytes(s, &place, header, 4);
    store_bytes(s, &place, frame, len);
    st_le16(s->reg + R_CBR, (uint16_t)next);
    return true;
}

bool rtl_receive(NetClient *nc, const struct iovec *iov, int iovcnt)
{
    Rtl8139 *s = nc->opaque;
    uint8_t frame[4096] = {0};
    size_t len = 0;
    unsigned flags;

    for (int i = 0; i < iovcnt; i++) {
        if (iov[i].iov_len > sizeof(frame) - 4 - len) {
            return true; /* too long for the card */
        }
        memcpy(frame + len, iov[i].iov_base, iov[i].iov_len);
        len += iov[i].iov_len;
    }
    len = MAX(len, (size_t)60) + 4; /* with the check sequence, which is not computed */
    if (!accepts(s, frame, &flags)) {
        return true;
    }
    bool stored = rtl_get16(s, R_CPCR) & CPCR_RX ? store_descriptor(s, frame, len, flags) : store_ring(s, frame, len, flags);
    rtl_interrupt(s, stored ? ISR_ROK : ISR_NO_ROOM);
    return stored;
}

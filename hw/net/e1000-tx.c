/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transmission (manual 3.3 to 3.5): legacy, context and data descriptors, checksum insertion, TCP segmentation. A turn handles a
 * bounded number of descriptors and goes on in the next one.
 */
#include "e1000.h"

#include <string.h>

#include "util/bytes.h"

enum { TURN = 256, PACKET_MAX = 256 * 1024, FRAME_MAX = 16 * 1024, CMD_EOP = 1, CMD_TSE = 4, CMD_RS = 8, CMD_DEXT = 0x20, CMD_IC = 4, POPTS_IXSM = 1, POPTS_TXSM = 2 };

static void put_checksum(uint8_t *p, size_t len, size_t start, size_t end, size_t at)
{
    if (end == 0 || end >= len) {
        end = len - 1;
    }
    if (start <= end && at + 2 <= len) {
        st_be16(p + at, nic_checksum_end(nic_checksum_add(0, p + start, end - start + 1)));
    }
}

static void send_frame(E1000 *s, uint8_t *p, size_t len)
{
    const E1000TxContext *c = &s->tx;
    uint8_t padded[60] = {0};

    if (s->packet_popts & POPTS_TXSM) {
        put_checksum(p, len, c->tucss, c->tucse, c->tucso);
    }
    if (s->packet_popts & POPTS_IXSM) {
        put_checksum(p, len, c->ipcss, c->ipcse, c->ipcso);
    }
    if (len < sizeof(padded)) {
        memcpy(padded, p, len);
        p = padded;
        len = sizeof(padded);
    }
    e1000_count(s, E1000_GPTC, E1000_GOTCL, len + 4);
    e1000_count(s, E1000_TPT, E1000_TOTL, len + 4);
    net_send(s->nc, p, len);
}

/* The header of one segment (3.5.7): lengths, identification, sequence number, flags; the partial checksum gets the length. */
static void fix_header(E1000 *s, uint8_t *p, size_t len, unsigned nr, size_t sent, bool last)
{
    const E1000TxContext *c = &s->tx;

    if (c->ip4 && c->ipcss + 6u <= len) {
        st_be16(p + c->ipcss + 2, (uint16_t)(len - c->ipcss));
        st_be16(p + c->ipcss + 4, (uint16_t)(ld_be16(p + c->ipcss + 4) + nr));
    } else if (!c->ip4 && c->ipcss + 6u <= len) {
        st_be16(p + c->ipcss + 4, (uint16_t)(len - c->ipcss - 40));
    }
    if (c->tcp && c->tucss + 14u <= len) {
        st_be32(p + c->tucss + 4, ld_be32(p + c->tucss + 4) + (uint32_t)sent);
        if (!last) {
            p[c->tucss + 13] &= (uint8_t)~9; /* PSH and FIN stand in the last one only */
        }
    } else if (c->tucss + 6u <= len) {
        st_be16(p + c->tucss + 4, (uint16_t)(len - c->tucss));
    }
    if ((s->packet_popts & POPTS_TXSM) && c->tucso + 2u <= len) {
        uint32_t sum = ld_be16(p + c->tucso) + (uint32_t)(len - c->tucss);

        st_be16(p + c->tucso, (uint16_t)~nic_checksum_end(sum));
    }
}

static void send_segments(E1000 *s)
{
    const E1000TxContext *c = &s->tx;
    size_t header = c->header, total = s->packet->len, sent = 0;

    if (!c->mss || header >= total || header + c->mss > FRAME_MAX) {
        return;
    }
    g_autofree uint8_t *frame = g_malloc(header + c->mss);
    for (unsigned nr = 0; header + sent < total; nr++) {
        size_t n = MIN(c->mss, total - header - sent);

        memcpy(frame, s->packet->data, header);
        memcpy(frame + header, s->packet->data + header + sent, n);
        fix_header(s, frame, header + n, nr, sent, header + sent + n == total);
        send_frame(s, frame, header + n);
        sent += n;
    }
}

static void packet_end(E1000 *s)
{
    if (!s->packet_bad && s->packet->len) {
        if (s->packet_tso) {
            send_segments(s);
        } else if (s->packet->len <= FRAME_MAX) {
            send_frame(s, s->packet->data, s->packet->len);
        }
    }
    g_byte_array_set_size(s->packet, 0);
    s->packet_any = s->packet_bad = false;
}

static void append(E1000 *s, uint64_t addr, uint32_t len)
{
    guint old = s->packet->len;

    if (old + len > PACKET_MAX) {
        s->packet_bad = true;
        return;
    }
    g_byte_array_set_size(s->packet, old + len);
    if (dma_read(pci_dma_as(&s->pci), addr, s->packet->data + old, len) != MEM_OK) {
        s->packet_bad = true;
    }
}

static void context(E1000 *s, const uint8_t *d)
{
    uint32_t command = ld_le32(d + 8);

    s->tx = (E1000TxContext){.ipcss = d[0], .ipcso = d[1], .ipcse = ld_le16(d + 2), .tucss = d[4], .tucso = d[5], .tucse = ld_le16(d + 6),
                             .header = d[13], .mss = ld_le16(d + 14), .tcp = command >> 24 & 1, .ip4 = command >> 25 & 1};
}

static void descriptor(E1000 *s, const uint8_t *d)
{
    uint32_t command = ld_le32(d + 8);
    unsigned cmd = command >> 24;

    if (cmd & CMD_DEXT) {
        if ((command >> 20 & 15) == 0) {
            context(s, d);
            return;
        }
        if (!s->packet_any) {
            s->packet_popts = d[13];
            s->packet_tso = cmd & CMD_TSE;
        }
        s->packet_any = true;
        append(s, ld_le64(d), command & 0xfffff);
    } else {
        if (!s->packet_any) {
            s->packet_popts = 0;
            s->packet_tso = false;
        }
        s->packet_any = true;
        append(s, ld_le64(d), command & 0xffff);
        if ((cmd & CMD_EOP) && (cmd & CMD_IC) && s->packet->len) {
            put_checksum(s->packet->data, s->packet->len, d[13], 0, d[10]);
        }
    }
    if (cmd & CMD_EOP) {
        packet_end(s);
    }
}

void e1000_transmit(void *opaque)
{
    E1000 *s = opaque;
    uint32_t count = *e1000_reg(s, E1000_TDLEN) / 16, *head = e1000_reg(s, E1000_TDH), tail = *e1000_reg(s, E1000_TDT);
    uint64_t base = (uint64_t)*e1000_reg(s, E1000_TDBAH) << 32 | (*e1000_reg(s, E1000_TDBAL) & ~15u);
    uint32_t causes = ICR_TXQE;
    unsigned done = 0;

    if (!(*e1000_reg(s, E1000_TCTL) & TCTL_EN) || *head == tail) {
        return;
    }
    for (; *head != tail && *head < count && done < TURN; done++) {
        uint64_t at = base + 16ull * *head;
        uint8_t d[16];

        if (dma_read(pci_dma_as(&s->pci), at, d, sizeof(d)) != MEM_OK) {
            break;
        }
        descriptor(s, d);
        if (d[11] & CMD_RS) {
            d[12] |= 1; /* descriptor done */
            dma_write(pci_dma_as(&s->pci), at + 12, d + 12, 1);
            causes |= ICR_TXDW;
        }
        *head = *head + 1 >= count ? 0 : *head + 1;
    }
    if (done == TURN) {
        bh_schedule(s->tx_bh);
    }
    e1000_interrupt(s, causes);
}

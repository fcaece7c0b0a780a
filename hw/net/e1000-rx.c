/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reception (manual 3.2, 13.5): address filter, then the frame into as many descriptors as it takes. A frame that finds too
 * few waits in the sender's queue.
 */
#include "e1000.h"

#include <string.h>

#include "util/bytes.h"

enum { STATUS_DD = 1, STATUS_EOP = 2, STATUS_IXSM = 4, FRAME_MAX = 16 * 1024 };

static uint32_t buffer_bytes(E1000 *s)
{
    uint32_t rctl = *e1000_reg(s, E1000_RCTL), n = 2048u >> (rctl >> 16 & 3);

    return rctl & RCTL_BSEX && (rctl >> 16 & 3) ? n * 16 : n;
}

static uint32_t ring_count(E1000 *s) { return *e1000_reg(s, E1000_RDLEN) / 16; }

/* Descriptors that the guest has given. */
static uint32_t available(E1000 *s)
{
    uint32_t count = ring_count(s), head = *e1000_reg(s, E1000_RDH), tail = *e1000_reg(s, E1000_RDT);

    if (!count || head >= count || tail >= count) {
        return 0;
    }
    return tail >= head ? tail - head : count - head + tail;
}

bool e1000_can_receive(NetClient *nc)
{
    E1000 *s = nc->opaque;

    return nic_link_up(nc) && (*e1000_reg(s, E1000_RCTL) & RCTL_EN) && pci_is_master(&s->pci) && available(s);
}

static bool accepts(E1000 *s, const uint8_t *mac)
{
    uint32_t rctl = *e1000_reg(s, E1000_RCTL);
    static const uint8_t broadcast[6] = {255, 255, 255, 255, 255, 255};

    if (!memcmp(mac, broadcast, 6) && (rctl & RCTL_BAM)) {
        return true;
    }
    if (mac[0] & 1 ? rctl & RCTL_MPE : rctl & RCTL_UPE) {
        return true;
    }
    for (unsigned i = 0; i < 16; i++) {
        uint32_t low = *e1000_reg(s, E1000_RAL + 8 * i), high = *e1000_reg(s, E1000_RAL + 8 * i + 4);

        if (high >> 31 && low == ld_le32(mac) && (high & 0xffff) == ld_le16(mac + 4)) {
            return true;
        }
    }
    if (mac[0] & 1) { /* twelve bits of the address index the table */
        static const unsigned shifts[] = {4, 3, 2, 0};
        unsigned hash = (unsigned)((mac[5] << 8 | mac[4]) >> shifts[rctl >> 12 & 3]) & 0xfff;

        return *e1000_reg(s, E1000_MTA + 4 * (hash >> 5)) >> (hash & 31) & 1;
    }
    return false;
}

/* Into descriptors; there are enough. */
static void store(E1000 *s, const uint8_t *frame, size_t len)
{
    uint64_t base = (uint64_t)*e1000_reg(s, E1000_RDBAH) << 32 | (*e1000_reg(s, E1000_RDBAL) & ~15u);
    uint32_t *head = e1000_reg(s, E1000_RDH), size = buffer_bytes(s);
    AddressSpace *as = pci_dma_as(&s->pci);

    for (size_t done = 0; done < len;) {
        uint64_t at = base + 16ull * *head;
        size_t n = MIN(size, len - done);
        uint8_t d[16];

        if (dma_read(as, at, d, sizeof(d)) != MEM_OK) {
            return;
        }
        if (ld_le64(d)) { /* an address of 0 is skipped (3.2.3) */
            dma_write(as, ld_le64(d), frame + done, n);
            done += n;
        } else {
            n = 0;
        }
        st_le16(d + 8, (uint16_t)n);
        d[12] = (uint8_t)(STATUS_DD | STATUS_IXSM | (done == len ? STATUS_EOP : 0));
        d[13] = 0;
        dma_write(as, at + 8, d + 8, 8);
        *head = *head + 1 >= ring_count(s) ? 0 : *head + 1;
        if (*head == *e1000_reg(s, E1000_RDT)) {
            break;
        }
    }
}

bool e1000_receive(NetClient *nc, const struct iovec *iov, int iovcnt)
{
    E1000 *s = nc->opaque;
    uint8_t frame[FRAME_MAX + 4] = {0};
    size_t len = 0;

    for (int i = 0; i < iovcnt; i++) {
        size_t n = MIN(iov[i].iov_len, FRAME_MAX - len);

        memcpy(frame + len, iov[i].iov_base, n);
        len += n;
    }
    len = MAX(len, (size_t)60);
    if (!accepts(s, frame)) {
        return true;
    }
    size_t stored = len + (*e1000_reg(s, E1000_RCTL) & RCTL_SECRC ? 0 : 4); /* room for the check sequence, which is not computed */
    if (stored > (size_t)available(s) * buffer_bytes(s)) {
        e1000_interrupt(s, ICR_RXO);
        return false;
    }
    store(s, frame, stored);
    e1000_count(s, E1000_GPRC, E1000_GORCL, len + 4);
    e1000_count(s, E1000_TPR, E1000_TORL, len + 4);
    uint32_t causes = ICR_RXT0;
    if (available(s) < ring_count(s) >> ((*e1000_reg(s, E1000_RCTL) >> 8 & 3) + 1)) {
        causes |= ICR_RXDMT0;
    }
    e1000_interrupt(s, causes);
    return true;
}

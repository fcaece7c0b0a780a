/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scatter lists of IDE and AHCI: guest memory ranges that a transfer fills or empties in order, however it is cut
 * into requests.
 */
#include <string.h>

#include "ide-internal.h"

void ide_sg_clear(IdeSg *sg)
{
    if (sg->entries) {
        g_array_set_size(sg->entries, 0);
    } else {
        sg->entries = g_array_new(FALSE, FALSE, sizeof(IdeSgEntry));
    }
    sg->index = sg->offset = 0;
    sg->left = 0;
}

void ide_sg_add(IdeSg *sg, uint64_t addr, uint32_t len)
{
    IdeSgEntry e = {addr, len};
    if (len && sg->entries->len < IDE_SG_MAX) {
        g_array_append_val(sg->entries, e);
        sg->left += len;
    }
}

/* The next piece of at most @max bytes; the cursor moves behind it. */
static uint32_t next_piece(IdeSg *sg, uint64_t max, uint64_t *addr)
{
    const IdeSgEntry *e = &g_array_index(sg->entries, IdeSgEntry, sg->index);
    uint32_t n = (uint32_t)MIN(max, (uint64_t)(e->len - sg->offset));
    *addr = e->addr + sg->offset;
    sg->offset += n;
    sg->left -= n;
    if (sg->offset == e->len) {
        sg->index++;
        sg->offset = 0;
    }
    return n;
}

static void step_back(IdeSg *sg, uint64_t bytes)
{
    sg->left += bytes;
    while (bytes) {
        if (!sg->offset) {
            sg->index--;
            sg->offset = g_array_index(sg->entries, IdeSgEntry, sg->index).len;
        }
        uint32_t n = (uint32_t)MIN(bytes, (uint64_t)sg->offset);
        sg->offset -= n;
        bytes -= n;
    }
}

/* Takes @bytes off the end of a list. */
static void shorten(GArray *iov, uint64_t bytes)
{
    while (bytes) {
        struct iovec *last = &g_array_index(iov, struct iovec, iov->len - 1);
        if (last->iov_len > bytes) {
            last->iov_len -= bytes;
            return;
        }
        bytes -= last->iov_len;
        g_array_set_size(iov, iov->len - 1);
    }
}

int64_t ide_sg_map(IdeSg *sg, AddressSpace *as, uint64_t bytes, uint32_t unit, bool to_memory, GArray *iov)
{
    uint64_t done = 0, addr;
    while (done < bytes && sg->left && iov->len < IDE_IOV_MAX) {
        uint32_t n = next_piece(sg, bytes - done, &addr);
        if (!dma_map_iov(as, addr, n, to_memory, iov)) {
            return -1;
        }
        done += n;
    }
    uint64_t odd = done % unit; /* the rest of a sector goes with the next chunk */
    step_back(sg, odd);
    shorten(iov, odd);
    return (int64_t)(done - odd);
}

void ide_sg_unmap(AddressSpace *as, GArray *iov, bool to_memory)
{
    for (unsigned i = 0; i < iov->len; i++) {
        const struct iovec *v = &g_array_index(iov, struct iovec, i);
        dma_unmap(as, v->iov_base, v->iov_len, to_memory, v->iov_len);
    }
    g_array_set_size(iov, 0);
}

bool ide_sg_copy(IdeSg *sg, AddressSpace *as, void *buf, uint32_t bytes, bool to_memory)
{
    uint8_t *p = buf;
    uint64_t addr;
    while (bytes) {
        if (!sg->left) {
            return false;
        }
        uint32_t n = next_piece(sg, bytes, &addr);
        if ((to_memory ? dma_write(as, addr, p, n) : dma_read(as, addr, p, n)) != MEM_OK) {
            return false;
        }
        p += n;
        bytes -= n;
    }
    return true;
}

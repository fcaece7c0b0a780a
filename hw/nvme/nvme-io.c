/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads, writes, flush, write zeroes, dataset management (NVMe 1.4, chapter 6), and the memory that commands name by
 * physical region pages (4.3).
 */
#include <errno.h>
#include <string.h>

#include "block/driver.h"
#include "nvme-internal.h"

enum { RANGES_MAX = 256, RANGE_BYTES = 16 };

/* --- PRP entries: the first may begin within a page; the second is a page, or a list whose last entry leads on --- */
static bool add_page(Nvme *n, uint64_t addr, uint64_t bytes, bool to_memory, GArray *iov)
{
    return dma_map_iov(nvme_as(n), addr, bytes, to_memory, iov);
}

static uint16_t map_list(Nvme *n, uint64_t list, uint64_t bytes, bool to_memory, GArray *iov)
{
    uint8_t raw[8];
    for (unsigned links = 0; bytes;) {
        uint64_t left_in_page = n->page - (list & (n->page - 1));
        if (list & 7 || dma_read(nvme_as(n), list, raw, sizeof(raw)) != MEM_OK) {
            return NVME_TRANSFER_ERROR;
        }
        uint64_t entry = ld_le64(raw);
        if (left_in_page == 8 && bytes > n->page) {
            if (++links > 64) { /* MDTS pages fit into far fewer */
                return NVME_BAD_FIELD | NVME_DNR;
            }
            list = entry;
            continue;
        }
        uint64_t now = MIN(bytes, (uint64_t)n->page);
        if (entry & (n->page - 1)) {
            return NVME_BAD_FIELD | NVME_DNR;
        }
        if (!add_page(n, entry, now, to_memory, iov)) {
            return NVME_TRANSFER_ERROR;
        }
        bytes -= now;
        list += 8;
    }
    return NVME_OK;
}

uint16_t nvme_map(Nvme *n, const NvmeCommand *c, uint64_t bytes, bool to_memory, GArray *iov)
{
    uint64_t first = ld_le64(c->raw + 24), second = ld_le64(c->raw + 32);
    uint64_t now = MIN(bytes, n->page - (first & (n->page - 1)));
    if (bytes > (uint64_t)NVME_PAGE_MIN << NVME_MDTS || first & 3) {
        return NVME_BAD_FIELD | NVME_DNR;
    }
    if (!add_page(n, first, now, to_memory, iov)) {
        return NVME_TRANSFER_ERROR;
    }
    bytes -= now;
    if (!bytes) {
        return NVME_OK;
    }
    if (bytes > n->page) {
        return map_list(n, second, bytes, to_memory, iov);
    }
    if (second & (n->page - 1)) {
        return NVME_BAD_FIELD | NVME_DNR;
    }
    return add_page(n, second, bytes, to_memory, iov) ? NVME_OK : NVME_TRANSFER_ERROR;
}

void nvme_unmap(Nvme *n, GArray *iov, bool to_memory)
{
    for (unsigned i = 0; i < iov->len; i++) {
        const struct iovec *v = &g_array_index(iov, struct iovec, i);
        dma_unmap(nvme_as(n), v->iov_base, v->iov_len, to_memory, v->iov_len);
    }
    g_array_set_size(iov, 0);
}

/* --- requests --- */
typedef struct NvmeRequest {
    Nvme *n;
    NvmeCommand c;
    uint32_t generation;
    bool read;
    GArray *iov;
    uint8_t ranges[RANGES_MAX * RANGE_BYTES]; /* dataset management */
    unsigned next, count;
} NvmeRequest;

static NvmeRequest *request_new(Nvme *n, const NvmeCommand *c)
{
    NvmeRequest *r = g_new0(NvmeRequest, 1);
    r->n = n;
    r->c = *c;
    r->generation = n->generation;
    r->iov = g_array_new(FALSE, FALSE, sizeof(struct iovec));
    n->in_flight++;
    return r;
}

static void request_end(NvmeRequest *r, uint16_t status)
{
    Nvme *n = r->n;
    if (r->generation == n->generation) {
        nvme_complete(n, &r->c, status);
    }
    g_array_free(r->iov, TRUE);
    g_free(r);
    nvme_request_ended(n);
}

static void done(void *opaque, int ret)
{
    NvmeRequest *r = opaque;
    nvme_unmap(r->n, r->iov, r->read);
    request_end(r, ret >= 0 ? NVME_OK : ret == -ENOTSUP ? NVME_BAD_OPCODE | NVME_DNR : r->read ? NVME_READ_ERROR
                : NVME_WRITE_FAULT);
}

static bool range_of(const Nvme *n, const NvmeCommand *c, uint64_t *lba, uint64_t *blocks)
{
    *lba = ld_le64(c->raw + 40);
    *blocks = (nvme_dw(c, 12) & 0xffff) + 1;
    return range_within(*lba, *blocks, n->blocks);
}

static uint16_t read_write(Nvme *n, const NvmeCommand *c, bool read)
{
    uint64_t lba, blocks;
    bool fua = nvme_dw(c, 12) & 1u << 30;
    if (!range_of(n, c, &lba, &blocks)) {
        return NVME_LBA_RANGE | NVME_DNR;
    }
    if (!read && blk_is_readonly(n->blk)) {
        return NVME_WRITE_FAULT | NVME_DNR;
    }
    NvmeRequest *r = request_new(n, c);
    uint16_t status = nvme_map(n, c, blocks * NVME_LBA, read, r->iov);
    if (status != NVME_OK) {
        g_array_set_size(r->iov, 0);
        request_end(r, status);
        return NVME_LATER;
    }
    r->read = read;
    const struct iovec *iov = (const struct iovec *)(void *)r->iov->data;
    if (read) {
        blk_aio_preadv(n->blk, (int64_t)(lba * NVME_LBA), iov, (int)r->iov->len, 0, done, r);
    } else {
        blk_aio_pwritev(n->blk, (int64_t)(lba * NVME_LBA), iov, (int)r->iov->len, fua ||
                        !n->features[0x06] ? BLOCK_REQ_FUA : 0, done, r);
    }
    return NVME_LATER;
}

static uint16_t write_zeroes(Nvme *n, const NvmeCommand *c)
{
    uint64_t lba, blocks;
    if (!range_of(n, c, &lba, &blocks)) {
        return NVME_LBA_RANGE | NVME_DNR;
    }
    if (blk_is_readonly(n->blk)) {
        return NVME_WRITE_FAULT | NVME_DNR;
    }
    blk_aio_write_zeroes(n->blk, (int64_t)(lba * NVME_LBA), (int64_t)(blocks * NVME_LBA),
                         nvme_dw(c, 12) & 1u << 25 ? BLOCK_REQ_MAY_UNMAP : 0, done,
                         request_new(n, c));
    return NVME_LATER;
}

/*
 * --- dataset management: deallocation of up to 256 ranges, one after another; each goes on in the loop's next turn
 * ---
 */
static void discard_next(void *opaque);

static void discarded(void *opaque, int ret)
{
    NvmeRequest *r = opaque;
    if (ret < 0 && ret != -ENOTSUP) {
        request_end(r, NVME_WRITE_FAULT);
    } else {
        bh_once(r->n->pci.dev.machine->loop, discard_next, r);
    }
}

static void discard_next(void *opaque)
{
    NvmeRequest *r = opaque;
    while (r->next < r->count && r->generation == r->n->generation) {
        const uint8_t *e = r->ranges + (size_t)r->next++ * RANGE_BYTES;
        uint64_t blocks = ld_le32(e + 4), lba = ld_le64(e + 8);
        if (!range_within(lba, blocks, r->n->blocks)) {
            request_end(r, NVME_LBA_RANGE | NVME_DNR);
            return;
        }
        if (blocks) {
            blk_aio_discard(r->n->blk, (int64_t)(lba * NVME_LBA), (int64_t)(blocks * NVME_LBA), discarded, r);
            return;
        }
    }
    request_end(r, NVME_OK);
}

static uint16_t dataset(Nvme *n, const NvmeCommand *c)
{
    enum { DEALLOCATE = 4 };
    if (!(nvme_dw(c, 11) & DEALLOCATE) || blk_is_readonly(n->blk)) {
        return NVME_OK; /* hints */
    }
    NvmeRequest *r = request_new(n, c);
    r->count = (nvme_dw(c, 10) & 0xff) + 1;
    uint32_t bytes = r->count * RANGE_BYTES;
    uint16_t status = nvme_map(n, c, bytes, false, r->iov);
    if (status != NVME_OK) {
        request_end(r, status);
        return NVME_LATER;
    }
    iov_to_buf((const struct iovec *)(void *)r->iov->data, (int)r->iov->len, 0, r->ranges, bytes);
    g_array_set_size(r->iov, 0);
    discard_next(r);
    return NVME_LATER;
}

uint16_t nvme_io(Nvme *n, NvmeCommand *c)
{
    uint32_t nsid = nvme_dw(c, 1);
    if (nsid != 1 && !(c->raw[0] == 0 && nsid == UINT32_MAX)) {
        return NVME_BAD_NAMESPACE | NVME_DNR;
    }
    switch (c->raw[0]) {
    case 0x00: blk_aio_flush(n->blk, done, request_new(n, c)); return NVME_LATER;
    case 0x01: return read_write(n, c, false);
    case 0x02: return read_write(n, c, true);
    case 0x08: return write_zeroes(n, c);
    case 0x09: return dataset(n, c);
    default: return NVME_BAD_OPCODE | NVME_DNR;
    }
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Administration commands (NVMe 1.4, chapter 5): queues, identify, features, logs.
 */
#include <string.h>

#include "block/driver.h"
#include "nvme-internal.h"

enum { ANSWER = 4096 };

static uint16_t give(Nvme *n, const NvmeCommand *c, const uint8_t *data, uint32_t bytes)
{
    g_autoptr(GArray) iov = g_array_new(FALSE, FALSE, sizeof(struct iovec));
    uint16_t status = nvme_map(n, c, bytes, true, iov);
    if (status == NVME_OK) {
        iov_from_buf((const struct iovec *)(void *)iov->data, (int)iov->len, 0, data, bytes);
        nvme_unmap(n, iov, true);
    }
    return status;
}

/* --- queues --- */
static uint16_t create_cq(Nvme *n, const NvmeCommand *c)
{
    uint32_t id = nvme_dw(c, 10) & 0xffff, size = (nvme_dw(c, 10) >> 16) + 1, flags = nvme_dw(c, 11);
    uint64_t base = ld_le64(c->raw + 24);
    if (!id || id > n->max_ioqpairs || n->cq[id].size) {
        return NVME_BAD_QID | NVME_DNR;
    }
    if (size < 2 || size > NVME_ENTRIES_MAX) {
        return NVME_BAD_QSIZE | NVME_DNR;
    }
    if (flags >> 16 > n->max_ioqpairs) {
        return NVME_BAD_VECTOR | NVME_DNR;
    }
    if (!(flags & 1) || base & (n->page - 1)) {
        return NVME_BAD_FIELD | NVME_DNR;
    }
    n->cq[id] = (NvmeCq){.base = base, .size = size, .vector = (uint16_t)(flags >> 16), .interrupts = flags & 2,
                         .phase = true};
    return NVME_OK;
}

static uint16_t create_sq(Nvme *n, const NvmeCommand *c)
{
    uint32_t id = nvme_dw(c, 10) & 0xffff, size = (nvme_dw(c, 10) >> 16) + 1, flags = nvme_dw(c, 11), cq = flags >> 16;
    uint64_t base = ld_le64(c->raw + 24);
    if (!id || id > n->max_ioqpairs || n->sq[id].size) {
        return NVME_BAD_QID | NVME_DNR;
    }
    if (!cq || cq > n->max_ioqpairs || !n->cq[cq].size) {
        return NVME_BAD_CQ | NVME_DNR;
    }
    if (size < 2 || size > NVME_ENTRIES_MAX) {
        return NVME_BAD_QSIZE | NVME_DNR;
    }
    if (!(flags & 1) || base & (n->page - 1)) {
        return NVME_BAD_FIELD | NVME_DNR;
    }
    n->sq[id] = (NvmeSq){.base = base, .size = size, .cq = (uint16_t)cq};
    n->cq[cq].users++;
    return NVME_OK;
}

static uint16_t delete_sq(Nvme *n, const NvmeCommand *c)
{
    uint32_t id = nvme_dw(c, 10) & 0xffff;
    if (!id || id > n->max_ioqpairs || !n->sq[id].size) {
        return NVME_BAD_QID | NVME_DNR;
    }
    n->cq[n->sq[id].cq].users--;
    memset(&n->sq[id], 0, sizeof(n->sq[id])); /* what is under way ends without a word */
    return NVME_OK;
}

static uint16_t delete_cq(Nvme *n, const NvmeCommand *c)
{
    uint32_t id = nvme_dw(c, 10) & 0xffff;
    if (!id || id > n->max_ioqpairs || !n->cq[id].size) {
        return NVME_BAD_QID | NVME_DNR;
    }
    if (n->cq[id].users) {
        return NVME_BAD_DELETION;
    }
    memset(&n->cq[id], 0, sizeof(n->cq[id]));
    return NVME_OK;
}

/* --- identify --- */
static void text(uint8_t *at, size_t bytes, const char *s)
{
    memset(at, ' ', bytes);
    memcpy(at, s, MIN(strlen(s), bytes));
}

static void identify_controller(const Nvme *n, uint8_t *o)
{
    st_le16(o, 0x1b36);
    st_le16(o + 2, 0x1af4);
    text(o + 4, 20, n->serial);
    text(o + 24, 40, "QEMU NVMe Ctrl");
    text(o + 64, 8, "10.0");
    o[72] = 6;
    o[74] = 0x54;
    o[75] = 0x52;
    o[77] = NVME_MDTS;
    st_le32(o + 80, 0x10400);
    o[258] = 3;              /* abort limit, event limit */
    o[259] = NVME_EVENTS - 1;
    o[260] = 3;              /* one firmware slot, read only */
    o[261] = 4;              /* extended log pages */
    st_le16(o + 266, 343);   /* kelvin */
    st_le16(o + 268, 373);
    o[512] = 0x66;
    o[513] = 0x44;
    st_le32(o + 516, 1);
    st_le16(o + 520, 1 << 2 | 1 << 3); /* dataset management, write zeroes */
    o[525] = 1;              /* volatile write cache */
    g_snprintf((char *)o + 768, 256, "nqn.2019-08.org.qemu:%s", n->serial);
    st_le16(o + 2048, 2500); /* power state 0: 25 W */
    st_le32(o + 2052, 16);
    st_le32(o + 2056, 4);
}

static void identify_namespace(const Nvme *n, uint8_t *o)
{
    st_le64(o, n->blocks);
    st_le64(o + 8, n->blocks);
    st_le64(o + 16, n->blocks);
    o[24] = 1 << 4;          /* preferred sizes are told */
    o[33] = 1;               /* deallocated blocks read zero */
    o[99] = blk_is_readonly(n->blk);
    o[130] = 9;              /* format 0: 512 bytes, no metadata */
}

static uint16_t identify(Nvme *n, const NvmeCommand *c)
{
    enum { NAMESPACE = 0, CONTROLLER = 1, ACTIVE_LIST = 2, DESCRIPTORS = 3 };
    uint32_t nsid = nvme_dw(c, 1);
    uint8_t out[ANSWER] = {0};
    switch (nvme_dw(c, 10) & 0xff) {
    case NAMESPACE:
        if (nsid != 1 && nsid != UINT32_MAX) {
            return NVME_BAD_NAMESPACE | NVME_DNR;
        }
        identify_namespace(n, out);
        break;
    case CONTROLLER: identify_controller(n, out); break;
    case ACTIVE_LIST:
        if (nsid >= 0xfffffffe) {
            return NVME_BAD_NAMESPACE | NVME_DNR;
        }
        st_le32(out, nsid < 1 ? 1 : 0);
        break;
    case DESCRIPTORS: /* an EUI-64 from the serial number */
        if (nsid != 1) {
            return NVME_BAD_NAMESPACE | NVME_DNR;
        }
        out[0] = 1;
        out[1] = 8;
        st_be32(out + 4, 0x00525400);
        st_be32(out + 8, g_str_hash(n->serial));
        break;
    default: return NVME_BAD_FIELD | NVME_DNR;
    }
    return give(n, c, out, sizeof(out));
}

/* --- features, logs --- */
static uint16_t features(Nvme *n, NvmeCommand *c, bool set)
{
    enum { ARBITRATION = 1, POWER = 2, TEMPERATURE = 4, RECOVERY = 5, WRITE_CACHE = 6, QUEUES = 7, COALESCING = 8,
          VECTOR = 9, ATOMICITY = 10, EVENTS = 11 };
    uint8_t id = (uint8_t)nvme_dw(c, 10);
    uint32_t v = nvme_dw(c, 11), pairs = n->max_ioqpairs - 1;
    switch (id) {
    case QUEUES:
        if (set && ((v & 0xffff) == 0xffff || v >> 16 == 0xffff)) {
            return NVME_BAD_FIELD | NVME_DNR;
        }
        c->result = pairs | pairs << 16;
        return NVME_OK;
    case ARBITRATION: case POWER: case TEMPERATURE: case RECOVERY: case WRITE_CACHE: case COALESCING: case VECTOR:
    case ATOMICITY: case EVENTS:
        if (set) {
            n->features[id] = id == WRITE_CACHE ? v & 1 : v;
        } else {
            c->result = n->features[id];
        }
        return NVME_OK;
    default: return NVME_BAD_FIELD | NVME_DNR;
    }
}

static uint16_t get_log(Nvme *n, const NvmeCommand *c)
{
    enum { ERRORS = 1, SMART = 2, FIRMWARE = 3, LOG_BYTES = 512 };
    uint8_t out[LOG_BYTES] = {0};
    uint64_t bytes = ((uint64_t)(nvme_dw(c, 11) & 0xffff) << 16 | nvme_dw(c, 10) >> 16) * 4 + 4;
    uint64_t offset = ld_le64(c->raw + 48);
    switch (nvme_dw(c, 10) & 0xff) {
    case ERRORS: break;
    case SMART:
        st_le16(out + 1, 300); /* kelvin */
        out[3] = 100;          /* spare, and when it is too little */
        out[4] = 10;
        break;
    case FIRMWARE:
        out[0] = 1;
        text(out + 8, 8, "10.0");
        break;
    default: return NVME_BAD_LOG | NVME_DNR;
    }
    if (offset >= LOG_BYTES || offset & 3) {
        return NVME_BAD_FIELD | NVME_DNR;
    }
    return give(n, c, out + offset, (uint32_t)MIN(bytes, LOG_BYTES - offset));
}

uint16_t nvme_admin(Nvme *n, NvmeCommand *c)
{
    switch (c->raw[0]) {
    case 0x00: return delete_sq(n, c);
    case 0x01: return create_sq(n, c);
    case 0x02: return get_log(n, c);
    case 0x04: return delete_cq(n, c);
    case 0x05: return create_cq(n, c);
    case 0x06: return identify(n, c);
    case 0x08: c->result = 1; return NVME_OK; /* abort: it was too late */
    case 0x09: return features(n, c, true);
    case 0x0a: return features(n, c, false);
    case 0x0c: return n->events < NVME_EVENTS ? n->events++, NVME_LATER : NVME_EVENT_LIMIT;
    default: return NVME_BAD_OPCODE | NVME_DNR;
    }
}

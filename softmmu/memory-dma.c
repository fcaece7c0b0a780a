/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DMA: devices read and write guest RAM here and nowhere else. An address that belongs to another device's registers is
 * refused, never dispatched (rule 3 of the robustness rules), which also makes re-entry through DMA impossible.
 * Nothing takes a lock. What is written is marked dirty, and code translated from it is dropped.
 */
#include "memory-internal.h"

#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "util/bytes.h"
#include "util/rcu.h"

typedef enum DmaKind { DMA_READ, DMA_WRITE, DMA_SET, DMA_ROM_WRITE } DmaKind;

static MemoryResult section_allows(const MemorySection *s, DmaKind kind)
{
    if (!s->mr) {
        return MEM_UNMAPPED;
    }
    switch (kind) {
    case DMA_READ:
        return s->host ? MEM_OK : MEM_DENIED;
    case DMA_ROM_WRITE:
        return s->mr->ram ? MEM_OK : MEM_DENIED;
    default:
        return s->host && !s->readonly ? MEM_OK : MEM_DENIED;
    }
}

static MemoryResult dma_copy(AddressSpace *as, uint64_t addr, uint8_t *buf, uint64_t len, DmaKind kind, uint8_t byte)
{
    uint64_t end;
    if (len && !add_u64(addr, len - 1, &end)) {
        return MEM_UNMAPPED; /* wraps around the end of the address space */
    }
    while (len) {
        rcu_read_begin();
        MemorySection s = address_space_lookup(as, addr);
        MemoryResult r = section_allows(&s, kind);
        if (r != MEM_OK) {
            rcu_read_end();
            if (kind == DMA_READ) {
                memset(buf, 0, len); /* never hand out what was in the buffer before */
            }
            return r;
        }
        uint64_t n = MIN(MIN(len, s.left), (uint64_t)1 << 20); /* bounds the time inside the read section */
        uint8_t *host = s.mr->ram->host + s.offset;
        if (kind == DMA_READ) {
            memcpy(buf, host, n);
        } else {
            if (kind == DMA_SET) {
                memset(host, byte, n);
            } else {
                memcpy(host, buf, n);
            }
            ram_written(as->machine, s.mr->ram, s.offset, n);
        }
        rcu_read_end();
        buf = kind == DMA_SET ? NULL : buf + n;
        addr += n;
        len -= n;
    }
    return MEM_OK;
}

MemoryResult dma_read(AddressSpace *as, uint64_t addr, void *buf, uint64_t len)
{
    return dma_copy(as, addr, buf, len, DMA_READ, 0);
}

MemoryResult dma_write(AddressSpace *as, uint64_t addr, const void *buf, uint64_t len)
{
    return dma_copy(as, addr, (uint8_t *)buf, len, DMA_WRITE, 0);
}

MemoryResult dma_set(AddressSpace *as, uint64_t addr, uint8_t byte, uint64_t len)
{
    return dma_copy(as, addr, NULL, len, DMA_SET, byte);
}

MemoryResult address_space_write_rom(AddressSpace *as, uint64_t addr, const void *buf, uint64_t len)
{
    return dma_copy(as, addr, (uint8_t *)buf, len, DMA_ROM_WRITE, 0);
}

MemoryResult address_space_read_debug(AddressSpace *as, uint64_t addr, void *buf, uint64_t len)
{
    return dma_copy(as, addr, buf, len, DMA_READ, 0);
}

void *dma_map(AddressSpace *as, uint64_t addr, uint64_t *len, bool is_write)
{
    rcu_read_begin();
    MemorySection s = address_space_lookup(as, addr);
    void *host = NULL;
    if (*len && section_allows(&s, is_write ? DMA_WRITE : DMA_READ) == MEM_OK) {
        host = s.host;
        *len = MIN(*len, s.left);
    } else {
        *len = 0;
    }
    rcu_read_end();
    return host;
}

void dma_unmap(AddressSpace *as, void *host, uint64_t len, bool is_write, uint64_t access_len)
{
    uint64_t offset;
    if (!host || !is_write || !access_len) {
        return;
    }
    RamBlock *rb = ram_block_from_host(as->machine, host, &offset);
    if (rb) {
        ram_written(as->machine, rb, offset, MIN(access_len, len));
    }
}

bool dma_map_iov(AddressSpace *as, uint64_t addr, uint64_t len, bool is_write, GArray *iov)
{
    unsigned before = iov->len;
    uint64_t end;
    if (len && !add_u64(addr, len - 1, &end)) {
        return false;
    }
    while (len) {
        uint64_t n = len;
        void *host = dma_map(as, addr, &n, is_write);
        if (!host) {
            g_array_set_size(iov, before);
            return false;
        }
        struct iovec v = {.iov_base = host, .iov_len = n};
        g_array_append_val(iov, v);
        addr += n;
        len -= n;
    }
    return true;
}

bool dma_discard(AddressSpace *as, uint64_t addr, uint64_t len)
{
    uint64_t end, page = (uint64_t)sysconf(_SC_PAGESIZE);
    if (len && !add_u64(addr, len - 1, &end)) {
        return false;
    }
    while (len) {
        uint64_t n = len, offset;
        uint8_t *host = dma_map(as, addr, &n, true);
        RamBlock *rb = host ? ram_block_from_host(as->machine, host, &offset) : NULL;
        if (!rb) {
            return false;
        }
        uint64_t first = (offset + page - 1) & ~(page - 1), last = (offset + n) & ~(page - 1);
        if (first < last) {
            uint8_t *at = rb->host + first;
            if (madvise(at, last - first, MADV_REMOVE) != 0) { /* for shared memory only */
                madvise(at, last - first, MADV_DONTNEED);
            }
            ram_written(as->machine, rb, first, last - first);
        }
        addr += n;
        len -= n;
    }
    return true;
}

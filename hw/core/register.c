/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dispatch of MMIO by a table of registers. A row describes one register, or `count` of them `stride` bytes apart.
 *
 * An access that covers exactly one register calls its function. A narrower one reads the whole register and takes or
 * replaces its part; a wider one is split into the registers it covers. What no row covers reads 0, ignores writes, and
 * is logged as the guest's error. Rows are sorted by offset; where repeated rows interleave (two arrays with one stride),
 * the first row that contains the offset wins.
 */
#include <inttypes.h>

#include "hw-core.h"
#include "util/log.h"

typedef struct RegisterRegion {
    MmioOps ops;
    const RegisterBlock *block;
    void *opaque;
} RegisterRegion;

/* The row that covers @offset; *base is the offset of that register. */
static const RegisterRow *find_row(const RegisterBlock *block, uint32_t offset, uint32_t *base)
{
    for (const RegisterRow *row = block->rows; row->name && row->offset <= offset; row++) {
        uint32_t rel = offset - row->offset;
        uint32_t count = row->count ? row->count : 1;
        uint32_t stride = row->stride ? row->stride : row->size;
        uint32_t index = rel / stride;
        if (index < count && rel - index * stride < row->size) {
            *base = row->offset + index * stride;
            return row;
        }
    }
    return NULL;
}

static uint64_t mask_of(unsigned bytes)
{
    return bytes >= 8 ? UINT64_MAX : (1ull << (bytes * 8)) - 1;
}

static uint64_t register_read(void *opaque, uint64_t offset, unsigned size)
{
    RegisterRegion *r = opaque;
    uint64_t value = 0;
    for (unsigned done = 0; done < size;) {
        uint32_t base = 0, at = offset + done;
        const RegisterRow *row = find_row(r->block, at, &base);
        if (!row || !(row->access & REG_R)) {
            log_if(LOG_GUEST_ERROR, "%s: read of %s at offset 0x%x\n", r->block->name,
                   row ? "a write-only register" : "no register", at);
            done += row ? base + row->size - at : 1;
            continue;
        }
        unsigned part = MIN(base + row->size - at, size - done);
        uint64_t v = row->read ? row->read(r->opaque, base) : 0;
        value |= ((v >> ((at - base) * 8)) & mask_of(part)) << (done * 8);
        done += part;
    }
    return value;
}

static void register_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    RegisterRegion *r = opaque;
    for (unsigned done = 0; done < size;) {
        uint32_t base = 0, at = offset + done;
        const RegisterRow *row = find_row(r->block, at, &base);
        if (!row || !(row->access & REG_W)) {
            log_if(LOG_GUEST_ERROR, "%s: write of 0x%" PRIx64 " to %s at offset 0x%x\n", r->block->name, value,
                   row ? "a read-only register" : "no register", at);
            done += row ? base + row->size - at : 1;
            continue;
        }
        unsigned part = MIN(base + row->size - at, size - done), shift = (at - base) * 8;
        uint64_t v = (value >> (done * 8)) & mask_of(part);
        if (part < row->size) { /* replaces a part of the register */
            uint64_t old = (row->access & REG_R) && row->read ? row->read(r->opaque, base) : 0;
            v = (old & ~(mask_of(part) << shift)) | (v << shift);
        }
        if (row->write) {
            row->write(r->opaque, base, v);
        }
        done += part;
    }
}

void register_block_init(MemoryRegion *mr, Machine *m, Object *owner, const RegisterBlock *block, void *opaque)
{
    RegisterRegion *r = g_new0(RegisterRegion, 1);
    r->block = block;
    r->opaque = opaque;
    r->ops = (MmioOps){
        .read = register_read, .write = register_write,
        .access_min = block->access_min, .access_max = block->access_max,
        .big_endian = block->big_endian, .guard = block->guard,
    };
    g_ptr_array_add(system_bus(m)->registers, r);
    memory_region_init_mmio(mr, m, owner, &r->ops, r, block->name, block->size);
}

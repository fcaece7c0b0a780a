/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accesses of the CPU's slow path and of the debugger: by size, to RAM or to a device's registers.
 *
 * A device says which sizes the guest may use (access_*) and which its callbacks take (impl_*). Between the two an access
 * is split into pieces, lowest address first, or widened to the aligned unit around it: a narrow read takes its bytes
 * out of the unit, a narrow write sends the unit with zeros in the other bytes. All of it goes through the bytes
 * as they lie on the bus, so the byte order of the registers matters in one place only.
 *
 * A device that is entered while one of its own callbacks runs (by an access it caused itself) is refused.
 */
#include "memory-internal.h"

#include "util/bytes.h"
#include "util/log.h"
#include "util/rcu.h"
#include "util/trace.h"

TRACE_EVENT(memory_mmio_read, "%s+0x%" PRIx64 " size %u: 0x%" PRIx64);
TRACE_EVENT(memory_mmio_write, "%s+0x%" PRIx64 " size %u: 0x%" PRIx64);
TRACE_EVENT(memory_refused, "%s+0x%" PRIx64 " size %u %s");

static void value_to_bytes(uint64_t v, unsigned size, bool big, uint8_t bytes[8])
{
    size = MIN(size, 8u); /* it never is more; the linker's inliner wants to see it */
    for (unsigned i = 0; i < size; i++) {
        bytes[big ? size - 1 - i : i] = (uint8_t)(v >> (8 * i));
    }
}

static uint64_t value_from_bytes(const uint8_t *bytes, unsigned size, bool big)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < size; i++) {
        v |= (uint64_t)bytes[big ? size - 1 - i : i] << (8 * i);
    }
    return v;
}

static MemoryResult refuse(const MemoryRegion *mr, uint64_t offset, unsigned size, const char *why, MemoryResult r)
{
    trace(memory_refused, mr->name, offset, size, why);
    log_if(LOG_GUEST_ERROR, "%s: access of %u bytes at offset 0x%" PRIx64 " refused: %s\n", mr->name, size, offset, why);
    return r;
}

static MemoryResult check_access(const MemoryRegion *mr, uint64_t offset, unsigned size)
{
    const MmioOps *ops = mr->ops;
    unsigned min = ops->access_min ? ops->access_min : 1, max = ops->access_max ? ops->access_max : 8;
    if (size < min || size > max) {
        return refuse(mr, offset, size, "size", MEM_DEVICE_ERROR);
    }
    if ((offset & (size - 1)) && !ops->allow_unaligned) {
        return refuse(mr, offset, size, "alignment", MEM_DEVICE_ERROR);
    }
    return MEM_OK;
}

/* The unit the callbacks are called with. */
static unsigned piece_size(const MmioOps *ops, unsigned size)
{
    unsigned min = ops->impl_min ? ops->impl_min : ops->access_min ? ops->access_min : 1;
    unsigned max = ops->impl_max ? ops->impl_max : ops->access_max ? ops->access_max : 8;
    return MIN(MAX(size, min), max);
}

/* Where the unit lies that has the byte at @pos: around it when widened; as it comes where the device takes unaligned accesses. */
static uint64_t piece_at(uint64_t pos, unsigned unit, unsigned size) { return unit <= size ? pos : pos & ~(uint64_t)(unit - 1); }

static void device_read(MemoryRegion *mr, uint64_t offset, unsigned size, uint8_t *bytes)
{
    const MmioOps *ops = mr->ops;
    unsigned unit = piece_size(ops, size);
    uint8_t piece[8];
    for (unsigned done = 0; done < size;) {
        uint64_t at = piece_at(offset + done, unit, size);
        unsigned skip = (unsigned)(offset + done - at), n = MIN(unit - skip, size - done);
        uint64_t v = ops->read ? ops->read(mr->opaque, at, unit) : 0;
        value_to_bytes(v, unit, ops->big_endian, piece);
        memcpy(bytes + done, piece + skip, n);
        done += n;
    }
}

static void device_write(MemoryRegion *mr, uint64_t offset, unsigned size, const uint8_t *bytes)
{
    const MmioOps *ops = mr->ops;
    if (!ops->write) {
        return;
    }
    unsigned unit = piece_size(ops, size);
    for (unsigned done = 0; done < size;) {
        uint64_t at = piece_at(offset + done, unit, size);
        unsigned skip = (unsigned)(offset + done - at), n = MIN(unit - skip, size - done);
        uint8_t piece[8] = {0};
        memcpy(piece + skip, bytes + done, n);
        ops->write(mr->opaque, at, value_from_bytes(piece, unit, ops->big_endian), unit);
        done += n;
    }
}

/* Takes what the region's guard asks for. False: re-entered. */
static bool device_enter(MemoryRegion *mr, struct Machine *m)
{
    if (mr->ops->guard == MEM_GUARD_NONE) {
        return true;
    }
    machine_lock(m);
    if (mr->busy) {
        machine_unlock(m);
        return false;
    }
    mr->busy = 1;
    return true;
}

static void device_leave(MemoryRegion *mr, struct Machine *m)
{
    if (mr->ops->guard != MEM_GUARD_NONE) {
        mr->busy = 0;
        machine_unlock(m);
    }
}

static MemoryResult access_device(struct Machine *m, MemoryRegion *mr, uint64_t offset, uint8_t *bytes, unsigned size, bool write)
{
    MemoryResult r = check_access(mr, offset, size);
    if (r != MEM_OK) {
        return r;
    }
    if (!device_enter(mr, m)) {
        return refuse(mr, offset, size, "re-entered by its own access", MEM_DENIED);
    }
    if (write) {
        trace(memory_mmio_write, mr->name, offset, size, value_from_bytes(bytes, size, false));
        device_write(mr, offset, size, bytes);
    } else {
        device_read(mr, offset, size, bytes);
        trace(memory_mmio_read, mr->name, offset, size, value_from_bytes(bytes, size, false));
    }
    device_leave(mr, m);
    return MEM_OK;
}

/* In one piece where aligned, so that other vCPUs never see half of it. */
static void copy_whole(void *dst, const void *src, unsigned size)
{
    if (((uintptr_t)dst | (uintptr_t)src) & (size - 1)) {
        memcpy(dst, src, size);
    } else if (size == 8) {
        __atomic_store_n((uint64_t *)dst, __atomic_load_n((const uint64_t *)src, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
    } else if (size == 4) {
        __atomic_store_n((uint32_t *)dst, __atomic_load_n((const uint32_t *)src, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
    } else if (size == 2) {
        __atomic_store_n((uint16_t *)dst, __atomic_load_n((const uint16_t *)src, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
    } else {
        *(uint8_t *)dst = *(const uint8_t *)src;
    }
}

/* One aligned or unaligned access; @bytes as they lie in memory. */
static MemoryResult access_bytes(AddressSpace *as, uint64_t addr, uint8_t *bytes, unsigned size, bool write)
{
    rcu_read_begin();
    MemorySection s = address_space_lookup(as, addr);
    if (s.mr && s.left < size) { /* over the end of a section: byte by byte */
        rcu_read_end();
        MemoryResult r = MEM_OK;
        for (unsigned i = 0; i < size; i++) {
            r |= access_bytes(as, addr + i, bytes + i, 1, write);
        }
        return r;
    }
    MemoryResult r = MEM_OK;
    if (!s.mr) {
        r = MEM_UNMAPPED;
    } else if (!write && s.host) {
        copy_whole(bytes, s.host, size);
    } else if (write && s.host && s.mr->kind != MEM_ROMD) {
        if (!s.readonly) { /* a store into ROM is ignored, as on the board */
            copy_whole(s.host, bytes, size);
            ram_written(as->machine, s.mr->ram, s.offset, size);
        }
    } else {
        Object *owner = s.mr->owner;
        if (owner) {
            object_ref(owner);
        }
        rcu_read_end(); /* the callback may wait for the machine lock */
        r = access_device(as->machine, s.mr, s.offset, bytes, size, write);
        if (owner) {
            object_unref(owner);
        }
        return r;
    }
    rcu_read_end();
    return r;
}

static bool valid_size(unsigned size) { return size == 1 || size == 2 || size == 4 || size == 8; }

MemoryResult address_space_read_mmio(AddressSpace *as, uint64_t addr, unsigned size, uint64_t *value)
{
    uint8_t bytes[8] __attribute__((aligned(8))) = {0};
    *value = 0;
    if (!valid_size(size)) {
        return MEM_DEVICE_ERROR;
    }
    MemoryResult r = access_bytes(as, addr, bytes, size, false);
    if (r == MEM_OK) {
        *value = value_from_bytes(bytes, size, false);
    }
    return r;
}

MemoryResult address_space_write_mmio(AddressSpace *as, uint64_t addr, unsigned size, uint64_t value)
{
    uint8_t bytes[8] __attribute__((aligned(8)));
    if (!valid_size(size)) {
        return MEM_DEVICE_ERROR;
    }
    value_to_bytes(value, size, false, bytes);
    return access_bytes(as, addr, bytes, size, true);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slow paths of atomic operations. On RAM they are the host's own atomics, so they are atomic with inline code of other
 * vCPUs as well; on a device they are a read and a write under the machine lock. A misaligned one raises where the
 * target wants that, else it is done under a lock of its own, atomic only against others of its kind.
 */
#include <string.h>

#include "internal.h"

typedef struct AtomicOp {
    bool is_cmpxchg;
    TcgRmw rmw;
    uint64_t arg, expected;
    TcgMem mem;
} AtomicOp;

static uint64_t bits_of(TcgMem mem)
{
    return tcg_mem_bytes(mem) >= 8 ? ~(uint64_t)0 : (1ull << (8 * tcg_mem_bytes(mem))) - 1;
}

static uint64_t extend(uint64_t v, TcgMem mem)
{
    unsigned shift = 64 - 8 * MIN(tcg_mem_bytes(mem), 8u);

    return tcg_mem_signed(mem) ? (uint64_t)((int64_t)(v << shift) >> shift) : v << shift >> shift;
}

/* Guest's value of a raw little-endian one, and back: its own inverse. */
static uint64_t order(uint64_t v, TcgMem mem)
{
    if (!tcg_mem_big(mem)) {
        return v;
    }
    return __builtin_bswap64(v) >> (64 - 8 * MIN(tcg_mem_bytes(mem), 8u));
}

static uint64_t combine(const AtomicOp *op, uint64_t old)
{
    unsigned shift = 64 - 8 * MIN(tcg_mem_bytes(op->mem), 8u);
    int64_t so = (int64_t)(old << shift), sa = (int64_t)(op->arg << shift);
    uint64_t uo = old << shift, ua = op->arg << shift;

    switch (op->rmw) {
    case TCG_RMW_ADD: return old + op->arg;
    case TCG_RMW_AND: return old & op->arg;
    case TCG_RMW_OR: return old | op->arg;
    case TCG_RMW_XOR: return old ^ op->arg;
    case TCG_RMW_SWAP: return op->arg;
    case TCG_RMW_MIN: return so < sa ? old : op->arg;
    case TCG_RMW_MAX: return so > sa ? old : op->arg;
    case TCG_RMW_MINU: return uo < ua ? old : op->arg;
    case TCG_RMW_MAXU: return uo > ua ? old : op->arg;
    }
    return old;
}

/* The new value for @old; false: nothing is to be stored. */
static bool next_value(const AtomicOp *op, uint64_t old, uint64_t *next)
{
    uint64_t mask = bits_of(op->mem);

    if (op->is_cmpxchg) {
        *next = op->arg & mask;
        return (old & mask) == (op->expected & mask);
    }
    *next = combine(op, old) & mask;
    return true;
}

#define ON_HOST(bits)                                                                                                   \
    static uint64_t on_host##bits(const AtomicOp *op, void *host)                                                       \
    {                                                                                                                   \
        uint##bits##_t old = __atomic_load_n((uint##bits##_t *)host, __ATOMIC_SEQ_CST);                                 \
        for (;;) {                                                                                                      \
            uint64_t next;                                                                                              \
            if (!next_value(op, order(old, op->mem), &next)) {                                                          \
                return order(old, op->mem);                                                                             \
            }                                                                                                           \
            if (__atomic_compare_exchange_n((uint##bits##_t *)host, &old, (uint##bits##_t)order(next, op->mem), false,  \
                                            __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {                                      \
                return order(old, op->mem);                                                                             \
            }                                                                                                           \
        }                                                                                                               \
    }
ON_HOST(8)
ON_HOST(16)
ON_HOST(32)
ON_HOST(64)
#undef ON_HOST

static uint64_t on_device(TcgVcpu *v, const AtomicOp *op, TlbEntry e, uint64_t va)
{
    uint64_t pa = va + e.addend, old = 0, next;
    unsigned size = MIN(tcg_mem_bytes(op->mem), 8u);
    struct Machine *m = v->cpu->machine;

    v->stats.io++;
    machine_lock(m);
    MemoryResult r = address_space_read_mmio(v->cpu->as, pa, size, &old);
    old = order(old, op->mem);
    if (r == MEM_OK && next_value(op, old, &next)) {
        r = address_space_write_mmio(v->cpu->as, pa, size, order(next, op->mem));
    }
    machine_unlock(m);
    if (r != MEM_OK) {
        access_bus_error(v, va, pa, MMU_WRITE);
        return 0;
    }
    return old;
}

static uint64_t misaligned(TcgVcpu *v, const AtomicOp *op, uint64_t va)
{
    unsigned mode = tcg_mem_mmu(op->mem) % TLB_MODES, size = MIN(tcg_mem_bytes(op->mem), 8u);
    TcgMem plain = op->mem & ~(TCG_MEM(0, 0, 0, 3, 0) | TCG_MEM(0, 1, 0, 0, 0));

    /* Every fault, and leaving because code is met, comes before the lock is taken and anything is stored. */
    unsigned here = (unsigned)MIN(size, GUEST_PAGE - IN_PAGE(va));
    access_storing(v, tlb_get(v, va, MMU_WRITE, mode), va, here); /* faults are those of a write */
    tlb_get(v, va, MMU_READ, mode);
    if (here < size) {
        uint64_t second = va + here;

        access_storing(v, tlb_get(v, second, MMU_WRITE, mode), second, size - here);
        tlb_get(v, second, MMU_READ, mode);
    }
    uint64_t next, old;
    g_mutex_lock(&v->accel->atomic_lock);
    v->holds_atomic_lock = true;
    old = access_load(v->cpu, va, plain);
    if (next_value(op, old, &next)) {
        access_store(v->cpu, va, next, plain);
    }
    v->holds_atomic_lock = false;
    g_mutex_unlock(&v->accel->atomic_lock);
    return old;
}

static uint64_t run(CpuState *cpu, uint64_t va, const AtomicOp *op)
{
    TcgVcpu *v = vcpu_of(cpu);
    unsigned mode = tcg_mem_mmu(op->mem) % TLB_MODES, size = MIN(tcg_mem_bytes(op->mem), 8u);

    if (va & (size - 1)) {
        if (v->target->misaligned && tcg_mem_align(op->mem) != TCG_ALIGN_ANY) {
            v->target->misaligned(cpu, va, MMU_WRITE);
        }
        return extend(misaligned(v, op, va), op->mem);
    }
    TlbEntry e = tlb_get(v, va, MMU_WRITE, mode);
    if (e.tag & TLB_WATCH) {
        access_watchpoint(v, va, size, MMU_WRITE);
        access_watchpoint(v, va, size, MMU_READ);
    }
    if (e.tag & TLB_IO) {
        return extend(on_device(v, op, e, va), op->mem);
    }
    access_storing(v, e, va, size);
    void *host = (void *)(uintptr_t)(va + e.addend);
    uint64_t old;
    switch (size) {
    case 1: old = on_host8(op, host); break;
    case 2: old = on_host16(op, host); break;
    case 4: old = on_host32(op, host); break;
    default: old = on_host64(op, host); break;
    }
    if (e.tag & TLB_FLAGS) {
        access_stored(v, e, va, size, mode);
    }
    return extend(old, op->mem);
}

uint64_t access_atomic(CpuState *cpu, uint64_t va, uint64_t val, uint32_t mem_rmw)
{
    AtomicOp op = {.rmw = (TcgRmw)(mem_rmw >> 16), .arg = val, .mem = mem_rmw & 0xffff};

    return run(cpu, va, &op);
}

uint64_t access_cmpxchg(CpuState *cpu, uint64_t va, uint64_t expected, uint64_t desired, TcgMem mem)
{
    AtomicOp op = {.is_cmpxchg = true, .arg = desired, .expected = expected, .mem = mem};

    return run(cpu, va, &op);
}

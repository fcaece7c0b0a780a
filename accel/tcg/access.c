/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slow paths of loads and stores: what generated code calls when its inline TLB compare fails, and what helpers use.
 *
 * An access ends up here because of a miss, misalignment, a page boundary, a device, a watched page or a watchpoint.
 * Faults are raised before anything was stored: an access over a page boundary has both pages checked first. The state
 * is precise throughout (cpu->tcg.ra, see cpu_sync_state), so device code may raise, read registers, or stop the
 * machine.
 */
#include <string.h>

#include "internal.h"

static bool mem_traps(const TcgVcpu *v, uint64_t va, TcgMem mem) { return va & tcg_mem_align_mask(mem) && v->target->misaligned; }
static bool crosses(uint64_t va, unsigned len) { return IN_PAGE(va) + len > GUEST_PAGE; }

void access_bus_error(TcgVcpu *v, uint64_t va, uint64_t pa, MmuAccess access)
{
    log_if(LOG_GUEST_ERROR, "cpu %u: %s of nothing at physical %#" PRIx64 " (virtual %#" PRIx64 ")\n", v->cpu->index,
           access == MMU_READ ? "read" : access == MMU_WRITE ? "write" : "fetch", pa, va);
    if (v->target->bus_error) {
        v->target->bus_error(v->cpu, va, pa, access);
    }
}

void access_watchpoint(TcgVcpu *v, uint64_t va, unsigned len, MmuAccess access)
{
    CpuState *cpu = v->cpu;

    if (v->watch_step) {
        return;
    }
    if (v->target->access_watched) {
        v->target->access_watched(cpu, va, len, access);
    }
    for (unsigned i = 0; i < cpu->watchpoints->len; i++) {
        const CpuWatchpoint *w = &g_array_index(cpu->watchpoints, CpuWatchpoint, i);
        bool wanted = access == MMU_WRITE ? w->on_write : w->on_read;

        if (wanted && w->len && w->va <= va + (len - 1) && w->va + (w->len - 1) >= va) {
            /*
             * Back to the start of the instruction, where it stops; or the dispatcher steps it with watchpoints off
             * first.
             */
            cpu->watch_hit = (int)i;
            if (v->target->watch_before) {
                debug_stop(v);
            } else {
                v->watch_step = true;
            }
            cpu_loop_exit(cpu);
        }
    }
}

/* In one host access where aligned, so that other vCPUs never see a part of it. */
static void copy_out(void *dst, const uint8_t *host, unsigned len)
{
    if (len == 8 && !((uintptr_t)host & 7)) {
        uint64_t x = __atomic_load_n((const uint64_t *)host, __ATOMIC_RELAXED);
        memcpy(dst, &x, 8);
    } else if (len == 4 && !((uintptr_t)host & 3)) {
        uint32_t x = __atomic_load_n((const uint32_t *)host, __ATOMIC_RELAXED);
        memcpy(dst, &x, 4);
    } else if (len == 2 && !((uintptr_t)host & 1)) {
        uint16_t x = __atomic_load_n((const uint16_t *)host, __ATOMIC_RELAXED);
        memcpy(dst, &x, 2);
    } else if (len == 1) {
        *(uint8_t *)dst = __atomic_load_n(host, __ATOMIC_RELAXED);
    } else {
        memcpy(dst, host, len);
    }
}

static void copy_in(uint8_t *host, const void *src, unsigned len)
{
    if (len == 8 && !((uintptr_t)host & 7)) {
        uint64_t x;
        memcpy(&x, src, 8);
        __atomic_store_n((uint64_t *)host, x, __ATOMIC_RELAXED);
    } else if (len == 4 && !((uintptr_t)host & 3)) {
        uint32_t x;
        memcpy(&x, src, 4);
        __atomic_store_n((uint32_t *)host, x, __ATOMIC_RELAXED);
    } else if (len == 2 && !((uintptr_t)host & 1)) {
        uint16_t x;
        memcpy(&x, src, 2);
        __atomic_store_n((uint16_t *)host, x, __ATOMIC_RELAXED);
    } else if (len == 1) {
        __atomic_store_n(host, *(const uint8_t *)src, __ATOMIC_RELAXED);
    } else {
        memcpy(host, src, len);
    }
}

/* The next piece of a device access: a power of two up to 8; what is not one comes as it is aligned. */
static unsigned io_piece(uint64_t pa, unsigned len)
{
    unsigned n = 8;

    if (len <= 8 && !(len & (len - 1))) {
        return len;
    }
    while (n > len || (pa & (n - 1))) {
        n >>= 1;
    }
    return n;
}

void access_read_entry(TcgVcpu *v, TlbEntry e, uint64_t va, void *buf, unsigned len)
{
    if (e.tag & TLB_WATCH) {
        access_watchpoint(v, va, len, MMU_READ);
    }
    if (!(e.tag & TLB_IO)) {
        copy_out(buf, (const uint8_t *)(uintptr_t)(va + e.addend), len);
        return;
    }
    v->stats.io++;
    for (unsigned done = 0; done < len;) {
        uint64_t pa = va + done + e.addend, value = 0;
        unsigned n = io_piece(pa, len - done);

        if (address_space_read_mmio(v->cpu->as, pa, n, &value) != MEM_OK) {
            access_bus_error(v, va + done, pa, MMU_READ);
            value = 0;
        }
        value = GUINT64_TO_LE(value);
        memcpy((uint8_t *)buf + done, &value, n);
        done += n;
    }
}

static bool region_covers(const Region *r, const CodePage *p, unsigned first, unsigned end)
{
    for (unsigned i = 0; i < 2; i++) {
        if (r->page[i] == p && r->lo[i] < end && r->hi[i] > first) {
            return true;
        }
    }
    return false;
}

/*
 * The instructions behind the store must be the new ones. So nothing is stored: back to the start of the instruction,
 * which the dispatcher runs as a region of its own; in that one there is nothing behind it.
 */
void access_storing(TcgVcpu *v, TlbEntry e, uint64_t va, unsigned len)
{
    uint64_t offset;

    if (!v->target->exact_code_writes || !(e.tag & TLB_CODE) || !v->cpu->tcg.ra) {
        return;
    }
    Region *r = v->running == RUN_CODE ? segment_find(v->accel, v->cpu->tcg.ra) : v->interpreted;
    if (v->running == RUN_NONE || !r || (r->variant & VARIANT_STEP)) {
        return;
    }
    RamBlock *rb = vcpu_ram_block(v, (const uint8_t *)(uintptr_t)(va + e.addend), &offset);
    CodePage *p = rb ? code_page_find(v->accel, (rb->ram_offset + offset) >> TLB_PAGE_BITS) : NULL;
    unsigned first = (unsigned)IN_PAGE(offset);
    if (p && region_covers(r, p, first, first + len)) {
        v->alone = true;
        cpu_loop_exit(v->cpu);
    }
}

void access_stored(TcgVcpu *v, TlbEntry e, uint64_t va, unsigned len, unsigned mode)
{
    const uint8_t *host = (const uint8_t *)(uintptr_t)(va + e.addend);
    uint64_t offset;

    if (!(e.tag & (TLB_CODE | TLB_DIRTY))) {
        return;
    }
    RamBlock *rb = vcpu_ram_block(v, host, &offset);
    if (!rb) {
        return;
    }
    uint64_t index = offset >> TLB_PAGE_BITS;
    full_fence(); /* the store, then the look at what watches it */
    if (rb->dirty && ((e.tag & TLB_DIRTY) || atomic_get_sc(&v->accel->dirty_seen))) {
        __atomic_fetch_or(&rb->dirty[index], DIRTY_DISPLAY | DIRTY_MIGRATION, __ATOMIC_SEQ_CST);
    }
    if (e.tag & TLB_CODE) {
        v->stats.watched_store++;
        code_written(v->accel, rb, offset, len);
    }
    if ((e.tag & TLB_DIRTY) || !ram_page_has_code(rb, index)) {
        tlb_refresh_write(v, va, mode);
    }
}

void access_write_entry(TcgVcpu *v, TlbEntry e, uint64_t va, const void *buf, unsigned len, unsigned mode)
{
    if (e.tag & TLB_WATCH) {
        access_watchpoint(v, va, len, MMU_WRITE);
    }
    if (!(e.tag & TLB_IO)) {
        access_storing(v, e, va, len);
        copy_in((uint8_t *)(uintptr_t)(va + e.addend), buf, len);
        if (e.tag & TLB_FLAGS) {
            access_stored(v, e, va, len, mode);
        }
        return;
    }
    v->stats.io++;
    for (unsigned done = 0; done < len;) {
        uint64_t pa = va + done + e.addend, value = 0;
        unsigned n = io_piece(pa, len - done);

        memcpy(&value, (const uint8_t *)buf + done, n);
        if (address_space_write_mmio(v->cpu->as, pa, n, GUINT64_FROM_LE(value)) != MEM_OK) {
            access_bus_error(v, va + done, pa, MMU_WRITE);
        }
        done += n;
    }
}

/* @len bytes as they lie in guest memory. */
static void read_bytes(TcgVcpu *v, uint64_t va, void *buf, unsigned len, TcgMem mem)
{
    unsigned mode = tcg_mem_mmu(mem) % TLB_MODES;

    if (mem_traps(v, va, mem)) {
        v->target->misaligned(v->cpu, va, MMU_READ);
    }
    if (mem & TCG_MEM_WILL_WRITE) {
        tlb_get(v, va, MMU_WRITE, mode);
        if (crosses(va, len)) {
            tlb_get(v, va + (GUEST_PAGE - IN_PAGE(va)), MMU_WRITE, mode);
        }
    }
    TlbEntry e = tlb_get(v, va, MMU_READ, mode);
    if (G_LIKELY(!crosses(va, len))) {
        access_read_entry(v, e, va, buf, len);
        return;
    }
    unsigned first = (unsigned)(GUEST_PAGE - IN_PAGE(va));
    TlbEntry e2 = tlb_get(v, va + first, MMU_READ, mode);

    v->stats.split++;
    access_read_entry(v, e, va, buf, first);
    access_read_entry(v, e2, va + first, (uint8_t *)buf + first, len - first);
}

static void write_bytes(TcgVcpu *v, uint64_t va, const void *buf, unsigned len, TcgMem mem)
{
    unsigned mode = tcg_mem_mmu(mem) % TLB_MODES;

    if (mem_traps(v, va, mem)) {
        v->target->misaligned(v->cpu, va, MMU_WRITE);
    }
    TlbEntry e = tlb_get(v, va, MMU_WRITE, mode);
    if (mem & TCG_MEM_PAIR && crosses(va, 2 * len)) {
        tlb_get(v, va + (GUEST_PAGE - IN_PAGE(va)), MMU_WRITE, mode);
        e = tlb_get(v, va, MMU_WRITE, mode);
    }
    if (G_LIKELY(!crosses(va, len))) {
        access_write_entry(v, e, va, buf, len, mode);
        return;
    }
    unsigned first = (unsigned)(GUEST_PAGE - IN_PAGE(va));
    TlbEntry e2 = tlb_get(v, va + first, MMU_WRITE, mode);

    v->stats.split++;
    if (e2.tag & TLB_WATCH) {
        access_watchpoint(v, va + first, len - first, MMU_WRITE);
    }
    access_storing(v, e2, va + first, len - first);
    access_write_entry(v, e, va, buf, first, mode);
    access_write_entry(v, e2, va + first, (const uint8_t *)buf + first, len - first, mode);
}

static uint64_t value_of(uint64_t raw, TcgMem mem)
{
    unsigned bits = 8 * MIN(tcg_mem_bytes(mem), 8u);

    raw = tcg_mem_big(mem) ? GUINT64_FROM_BE(raw) >> (64 - bits) : GUINT64_FROM_LE(raw);
    if (tcg_mem_signed(mem)) {
        return (uint64_t)((int64_t)(raw << (64 - bits)) >> (64 - bits));
    }
    return raw << (64 - bits) >> (64 - bits);
}

uint64_t access_load(CpuState *cpu, uint64_t va, TcgMem mem)
{
    uint64_t raw = 0;

    read_bytes(vcpu_of(cpu), va, &raw, MIN(tcg_mem_bytes(mem), 8u), mem);
    return value_of(raw, mem);
}

void access_store(CpuState *cpu, uint64_t va, uint64_t val, TcgMem mem)
{
    unsigned len = MIN(tcg_mem_bytes(mem), 8u);
    uint64_t raw = tcg_mem_big(mem) ? GUINT64_TO_BE(val << (64 - 8 * len)) : GUINT64_TO_LE(val);

    write_bytes(vcpu_of(cpu), va, &raw, len, mem);
}

static void swap_vec(uint8_t *b, unsigned len)
{
    for (unsigned i = 0; i < len / 2; i++) {
        uint8_t t = b[i];
        b[i] = b[len - 1 - i];
        b[len - 1 - i] = t;
    }
}

void access_load_vec(CpuState *cpu, uint64_t va, TcgMem mem)
{
    unsigned len = MIN(tcg_mem_bytes(mem), 32u);
    uint8_t buf[32] = {0};

    read_bytes(vcpu_of(cpu), va, buf, len, mem);
    if (tcg_mem_big(mem)) {
        swap_vec(buf, len);
    }
    memcpy(cpu->tcg.call_ret, buf, sizeof(buf));
}

void access_store_vec(CpuState *cpu, uint64_t va, TcgMem mem)
{
    unsigned len = MIN(tcg_mem_bytes(mem), 32u);
    uint8_t buf[32];

    memcpy(buf, cpu->tcg.call_arg, sizeof(buf));
    if (tcg_mem_big(mem)) {
        swap_vec(buf, len);
    }
    write_bytes(vcpu_of(cpu), va, buf, len, mem);
}

uint64_t cpu_load(CpuState *cpu, uint64_t va, TcgMem mem) { return access_load(cpu, va, mem); }
void cpu_store(CpuState *cpu, uint64_t va, uint64_t val, TcgMem mem) { access_store(cpu, va, val, mem); }

void *cpu_probe(CpuState *cpu, uint64_t va, unsigned len, MmuAccess access, unsigned mode)
{
    TlbEntry e = tlb_get(vcpu_of(cpu), va, access, mode % TLB_MODES);

    if ((e.tag & TLB_FLAGS) || crosses(va, len)) {
        return NULL;
    }
    return (void *)(uintptr_t)(va + e.addend);
}

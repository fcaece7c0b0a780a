/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLB contexts: one set of tables per address space that a vCPU used lately, so that switching address spaces flushes
 * nothing.
 *
 * A context is a lazily zeroed mapping. A zeroed entry has tag 0, which only page 0 could match, and page 0 lives in
 * entry 0 of each table: marking entry 0 invalid makes a fresh context empty without touching the rest. The last entry
 * too: an access over the end of the address space compares its last byte's page, 0, with its first one's entry. Later clearing
 * writes all ones, by the fill log where few entries were filled, else by the 4 KiB chunks that were touched.
 *
 * The owner thread alone fills and clears. Other threads do one thing: turn a fast write entry slow (tlb_slow_writes),
 * by compare-and-swap on the tag. The owner therefore installs a fast write entry with an exchange and looks at the
 * page's code and dirty bits again afterwards; the other side sets the bits, then scans. One of the two sees the other.
 */
#include <string.h>
#include <sys/mman.h>

#include "internal.h"
#include "util/rcu.h"

static unsigned tlb_index(uint64_t va) { return (unsigned)(va >> TLB_PAGE_BITS) & (TLB_ENTRIES - 1); }
static uint64_t tag_of(const TlbEntry *e) { return __atomic_load_n(&e->tag, __ATOMIC_RELAXED); }
static bool entry_is(const TlbEntry *e, uint64_t page)
{
    uint64_t tag = tag_of(e);

    return (tag & TLB_PAGE_MASK) == page && tag != TLB_INVALID;
}

static bool filter_has(const uint64_t *f, unsigned bit)
{
    return __atomic_load_n(&f[bit / 64], __ATOMIC_RELAXED) >> (bit % 64) & 1;
}
static void filter_add(uint64_t *f, unsigned bit)
{
    __atomic_store_n(&f[bit / 64], f[bit / 64] | 1ull << (bit % 64), __ATOMIC_RELAXED);
}

/* ------------------------------------------------------------------ contexts */

static TlbCtx *ctx_new(Error **errp)
{
    TlbCtx *c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (c == MAP_FAILED) {
        error_setg(errp, "no memory for a translation lookaside buffer of %zu bytes", sizeof(*c));
        return NULL;
    }
    for (unsigned m = 0; m < TLB_MODES; m++) {
        for (unsigned a = 0; a < TLB_ACCESS_COUNT; a++) {
            c->pub.table[m][a][0].tag = TLB_INVALID;
            c->pub.table[m][a][TLB_ENTRIES - 1].tag = TLB_INVALID;
        }
    }
    memset(c->victim, 0xff, sizeof(c->victim));
    c->pub.jump_cache[0].pc = UINT64_MAX;
    return c;
}

static void clear_entry(TlbEntry *e)
{
    __atomic_store_n(&e->tag, TLB_INVALID, __ATOMIC_RELAXED);
}

static void clear_jump_cache(TlbCtx *c)
{
    for (uint64_t left = c->jc_chunks; left; left &= left - 1) {
        unsigned chunk = (unsigned)__builtin_ctzll(left);

        memset(&c->pub.jump_cache[chunk * CHUNK_ENTRIES], 0xff, CHUNK_ENTRIES * sizeof(JumpCacheEntry));
    }
    c->jc_chunks = 0;
    memset(c->jc_filter, 0, sizeof(c->jc_filter));
}

static void clear_tables(TlbCtx *c)
{
    if (c->log_count <= FILL_LOG) {
        for (unsigned i = 0; i < c->log_count; i++) {
            unsigned id = c->log[i];

            clear_entry(&c->pub.table[id >> 14][id >> 12 & 3][id & (TLB_ENTRIES - 1)]);
        }
        return;
    }
    for (unsigned m = 0; m < TLB_MODES; m++) {
        for (unsigned a = 0; a < TLB_ACCESS_COUNT; a++) {
            for (unsigned chunk = 0; c->chunks[m][a] >> chunk; chunk++) {
                if (c->chunks[m][a] >> chunk & 1) {
                    memset(&c->pub.table[m][a][chunk * CHUNK_ENTRIES], 0xff, CHUNK_ENTRIES * sizeof(TlbEntry));
                }
            }
            __atomic_store_n(&c->chunks[m][a], 0, __ATOMIC_RELAXED);
        }
    }
}

void tlb_ctx_flush(TlbCtx *c)
{
    clear_tables(c);
    c->log_count = 0;
    if (c->victims_used) {
        memset(c->victim, 0xff, sizeof(c->victim));
        c->victims_used = false;
        c->victim_filter = 0;
    }
    c->large_count = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(c->write_filter); i++) {
        __atomic_store_n(&c->write_filter[i], 0, __ATOMIC_RELAXED);
    }
    clear_jump_cache(c);
}

bool tlb_vcpu_init(TcgVcpu *v, Error **errp)
{
    TlbCtx *c = ctx_new(errp);

    if (!c) {
        return false;
    }
    c->used = true;
    v->contexts[0] = c;
    atomic_put_sc(&v->ctx_count, 1);
    v->ctx = c;
    v->cpu->tcg.tlb = &c->pub;
    return true;
}

void tlb_vcpu_free(TcgVcpu *v)
{
    for (unsigned i = 0; i < v->ctx_count; i++) {
        munmap(v->contexts[i], sizeof(TlbCtx));
    }
    v->ctx_count = 0;
    v->ctx = NULL;
    v->cpu->tcg.tlb = NULL;
}

void tlb_switch(CpuState *cpu, uint64_t key)
{
    TcgVcpu *v = vcpu_of(cpu);
    TlbCtx *best = NULL;

    if (v->ctx->key == key && v->ctx->used) {
        return;
    }
    v->stats.switches++;
    v->ctx->last_use = ++v->use_tick;
    for (unsigned i = 0; i < v->ctx_count; i++) {
        TlbCtx *c = v->contexts[i];

        if (c->used && c->key == key) {
            best = c;
            goto found;
        }
        if (!best || c->last_use < best->last_use) {
            best = c;
        }
    }
    if (v->ctx_count < CTX_MAX) {
        TlbCtx *c = ctx_new(NULL);

        if (c) {
            v->contexts[v->ctx_count] = c;
            atomic_put_sc(&v->ctx_count, v->ctx_count + 1);
            best = c;
        }
    }
    if (best->used) {
        v->stats.recycled++;
        tlb_ctx_flush(best);
    }
    best->used = true;
    best->key = key;
found:
    best->last_use = ++v->use_tick;
    v->ctx = best;
    cpu->tcg.tlb = &best->pub;
    log_if(LOG_MMU, "cpu %u: address space %#" PRIx64 "\n", cpu->index, key);
}

/* ------------------------------------------------------------------ finding and filling */

static void log_fill(TlbCtx *c, unsigned mode, unsigned access, unsigned index)
{
    if (c->log_count < FILL_LOG) {
        c->log[c->log_count++] = (uint16_t)(mode << 14 | access << 12 | index);
    } else {
        c->log_count = FILL_LOG + 1;
    }
    uint16_t *chunks = &c->chunks[mode][access], bit = (uint16_t)(1u << (index >> CHUNK_BITS));
    if (!(*chunks & bit)) {
        __atomic_store_n(chunks, *chunks | bit, __ATOMIC_RELAXED); /* others read it in slow_ctx() */
    }
}

static uint64_t debug_flags(CpuState *cpu, uint64_t page)
{
    for (unsigned i = 0; i < cpu->watchpoints->len; i++) {
        const CpuWatchpoint *w = &g_array_index(cpu->watchpoints, CpuWatchpoint, i);

        if (w->len && w->va <= (page | ~TLB_PAGE_MASK) && w->va + (w->len - 1) >= page) {
            return TLB_SLOW_BIT | TLB_WATCH;
        }
    }
    return 0;
}

/* Why writes to a RAM page must be seen now. */
static uint64_t write_reasons(const MemoryRegion *mr, const RamBlock *rb, uint64_t index)
{
    uint64_t why = 0;
    uint8_t log = __atomic_load_n(&mr->dirty_log, __ATOMIC_SEQ_CST);

    if (ram_page_has_code(rb, index)) {
        why |= TLB_SLOW_BIT | TLB_CODE;
    }
    if (log && rb->dirty && (__atomic_load_n(&rb->dirty[index], __ATOMIC_SEQ_CST) & log) != log) {
        why |= TLB_SLOW_BIT | TLB_DIRTY;
    }
    return why;
}

/* Puts {tag, addend} into the table; what was there moves to the victims. */
static TlbEntry *place(TlbCtx *c, uint64_t tag, uint64_t addend, unsigned mode, unsigned access)
{
    unsigned index = tlb_index(tag);
    TlbEntry *e = &c->pub.table[mode][access][index];
    uint64_t page = tag & TLB_PAGE_MASK;

    uint64_t was = tag_of(e);

    if (was != TLB_INVALID && (was & TLB_PAGE_MASK) != page && (was || e->addend)) {
        unsigned slot = c->victim_next[mode][access]++ % VICTIMS;
        TlbEntry *old = &c->victim[mode][access][slot];

        __atomic_store_n(&old->addend, e->addend, __ATOMIC_RELAXED);
        __atomic_store_n(&old->tag, was, __ATOMIC_RELAXED);
        c->victims_used = true;
        c->victim_filter |= 1ull << page_hash(was >> TLB_PAGE_BITS, 64);
    }
    log_fill(c, mode, access, index);
    __atomic_store_n(&e->addend, addend, __ATOMIC_RELAXED);
    if (access == TLB_WRITE) {
        __atomic_exchange_n(&e->tag, tag, __ATOMIC_SEQ_CST);
    } else {
        __atomic_store_n(&e->tag, tag, __ATOMIC_RELAXED);
    }
    return e;
}

static void note_large(TlbCtx *c, uint64_t va, uint64_t size)
{
    uint64_t start = va & ~(size - 1), end = start + (size - 1);
    uint64_t best_growth = UINT64_MAX;
    unsigned best = 0;

    for (unsigned i = 0; i < c->large_count; i++) {
        LargeRange *r = &c->large[i];
        uint64_t s = MIN(r->start, start), e = MAX(r->end, end);
        uint64_t growth = (e - s) - (r->end - r->start);

        if (growth == 0) {
            return;
        }
        if (growth < best_growth) {
            best_growth = growth;
            best = i;
        }
    }
    if (c->large_count < LARGE_RANGES && best_growth > size) { /* not a neighbour of one that is known */
        c->large[c->large_count++] = (LargeRange){start, end};
        return;
    }
    c->large[best].start = MIN(c->large[best].start, start);
    c->large[best].end = MAX(c->large[best].end, end);
}

static void place_write(TcgVcpu *v, const MemorySection *s, uint64_t va, uint64_t host_page, uint64_t debug,
                        unsigned mode)
{
    TlbCtx *c = v->ctx;
    uint64_t index = s->offset >> TLB_PAGE_BITS;
    uint64_t why = write_reasons(s->mr, s->mr->ram, index) | debug;

    if (!why) {
        filter_add(c->write_filter, page_hash(host_page >> TLB_PAGE_BITS, WRITE_FILTER_BITS));
    }
    TlbEntry *e = place(c, va | why, host_page - va, mode, TLB_WRITE);
    if (!why) {
        why = write_reasons(s->mr, s->mr->ram, index); /* set while we looked away? */
        if (why) {
            __atomic_fetch_or(&e->tag, why, __ATOMIC_SEQ_CST);
        }
    }
}

void tlb_set_page(CpuState *cpu, uint64_t va, uint64_t pa, unsigned prot, unsigned mode, uint64_t page_size)
{
    TcgVcpu *v = vcpu_of(cpu);
    TlbCtx *c = v->ctx;

    va &= TLB_PAGE_MASK;
    pa &= TLB_PAGE_MASK;
    if (mode >= TLB_MODES) {
        return;
    }
    v->stats.tlb_fill++;
    if (page_size > GUEST_PAGE) {
        note_large(c, va, page_size);
    }
    uint64_t debug = cpu->watchpoints->len ? debug_flags(cpu, va) : 0;
    if (v->target->page_watched && v->target->page_watched(cpu, va)) {
        debug |= TLB_SLOW_BIT | TLB_WATCH;
    }
    rcu_read_begin();
    MemorySection s = address_space_lookup(cpu->as, pa);
    bool direct = s.mr && s.host && s.left >= GUEST_PAGE && !((uintptr_t)s.host & ~TLB_PAGE_MASK);
    uint64_t io_tag = va | TLB_SLOW_BIT | TLB_IO | debug, io_addend = pa - va;
    uint64_t host_page = (uintptr_t)s.host;

    if (prot & PAGE_R) {
        place(c, direct ? va | debug : io_tag, direct ? host_page - va : io_addend, mode, TLB_READ);
    }
    if (prot & PAGE_X) {
        place(c, direct ? va : io_tag, direct ? host_page - va : io_addend, mode, TLB_FETCH);
    }
    if (prot & PAGE_W) {
        if (direct && !s.readonly && s.mr->kind != MEM_ROMD && s.mr->ram) {
            place_write(v, &s, va, host_page, debug, mode);
        } else {
            place(c, io_tag, io_addend, mode, TLB_WRITE);
        }
    }
    rcu_read_end();
}

/*
 * A write to it may have to be recorded. Whether its region is logged is not asked: the slow path marks it for all
 * clients.
 */
static bool page_is_clean(TcgAccel *a, const RamBlock *rb, uint64_t index)
{
    return atomic_get_sc(&a->dirty_seen) && rb->dirty &&
           __atomic_load_n(&rb->dirty[index], __ATOMIC_SEQ_CST) != (DIRTY_DISPLAY | DIRTY_MIGRATION);
}

static TlbEntry *find_victim(TcgVcpu *v, uint64_t page, MmuAccess access, unsigned mode)
{
    TlbCtx *c = v->ctx;

    if (!(c->victim_filter >> page_hash(page >> TLB_PAGE_BITS, 64) & 1)) {
        return NULL;
    }
    for (unsigned i = 0; i < VICTIMS; i++) {
        TlbEntry *vic = &c->victim[mode][access][i];

        if (entry_is(vic, page)) {
            uint64_t tag = __atomic_exchange_n(&vic->tag, TLB_INVALID, __ATOMIC_SEQ_CST), addend = vic->addend;

            v->stats.victim_hit++;
            TlbEntry *e = place(c, tag, addend, mode, access);
            if (access == MMU_WRITE && !(tag & TLB_FLAGS)) {
                /* A scan may have missed it on its way: look at the page again. */
                uint64_t offset;
                RamBlock *rb = vcpu_ram_block(v, (const void *)(uintptr_t)(page + addend), &offset);

                if (!rb || ram_page_has_code(rb, offset >> TLB_PAGE_BITS)) {
                    __atomic_fetch_or(&e->tag, TLB_SLOW_BIT | TLB_CODE, __ATOMIC_SEQ_CST);
                } else if (page_is_clean(v->accel, rb, offset >> TLB_PAGE_BITS)) {
                    __atomic_fetch_or(&e->tag, TLB_SLOW_BIT | TLB_DIRTY, __ATOMIC_SEQ_CST);
                }
            }
            return e;
        }
    }
    return NULL;
}

TlbEntry *tlb_find(TcgVcpu *v, uint64_t va, MmuAccess access, unsigned mode)
{
    TlbEntry *e = &v->ctx->pub.table[mode][access][tlb_index(va)];

    if (G_LIKELY(entry_is(e, va & TLB_PAGE_MASK))) {
        return e;
    }
    return find_victim(v, va & TLB_PAGE_MASK, access, mode);
}

TlbEntry tlb_get(TcgVcpu *v, uint64_t va, MmuAccess access, unsigned mode)
{
    TlbEntry *e = tlb_find(v, va, access, mode);

    if (e) {
        return (TlbEntry){tag_of(e), e->addend};
    }
    v->stats.tlb_miss++;
    v->target->tlb_fill(v->cpu, va, access, mode, false);
    e = tlb_find(v, va, access, mode);
    if (!e) {
        /* The target neither raised nor mapped: treat the page as absent rather than loop. */
        access_bus_error(v, va, va, access);
        return (TlbEntry){(va & TLB_PAGE_MASK) | TLB_SLOW_BIT | TLB_IO, UINT64_MAX - va};
    }
    return (TlbEntry){tag_of(e), e->addend};
}

RamBlock *vcpu_ram_block(TcgVcpu *v, const void *host, uint64_t *offset)
{
    RamBlock *rb = v->last_rb;

    if (rb && (const uint8_t *)host >= rb->host && (uint64_t)((const uint8_t *)host - rb->host) < rb->size) {
        *offset = (uint64_t)((const uint8_t *)host - rb->host);
        return rb;
    }
    rb = ram_block_from_host(v->cpu->machine, host, offset);
    if (rb) {
        v->last_rb = rb;
    }
    return rb;
}

void tlb_refresh_write(TcgVcpu *v, uint64_t va, unsigned mode)
{
    TlbEntry *e = &v->ctx->pub.table[mode][TLB_WRITE][tlb_index(va)];
    uint64_t page = va & TLB_PAGE_MASK, offset;

    uint64_t tag = tag_of(e);
    if (!entry_is(e, page) || (tag & TLB_IO)) {
        return;
    }
    uint64_t host_page = page + e->addend;
    rcu_read_begin();
    RamBlock *rb = vcpu_ram_block(v, (const void *)(uintptr_t)host_page, &offset);
    if (rb) {
        uint64_t index = offset >> TLB_PAGE_BITS, keep = tag & TLB_WATCH ? TLB_SLOW_BIT | TLB_WATCH : 0;
        /* By now the slow path has recorded the write for every client, so only code can keep the entry slow. */
        uint64_t code = ram_page_has_code(rb, index) ? TLB_SLOW_BIT | TLB_CODE : 0;

        if (!code && !keep) {
            filter_add(v->ctx->write_filter, page_hash(host_page >> TLB_PAGE_BITS, WRITE_FILTER_BITS));
        }
        __atomic_exchange_n(&e->tag, page | keep | code, __ATOMIC_SEQ_CST);
        if (!code && ram_page_has_code(rb, index)) {
            __atomic_fetch_or(&e->tag, TLB_SLOW_BIT | TLB_CODE, __ATOMIC_SEQ_CST);
        }
        if (page_is_clean(v->accel, rb, index)) {
            __atomic_fetch_or(&e->tag, TLB_SLOW_BIT | TLB_DIRTY, __ATOMIC_SEQ_CST);
        }
    }
    rcu_read_end();
}

/* ------------------------------------------------------------------ other threads' part */

static void slow_entry(TlbEntry *e, uint64_t host_first, uint64_t host_last, uint64_t why)
{
    uint64_t tag = __atomic_load_n(&e->tag, __ATOMIC_SEQ_CST);

    if (tag == TLB_INVALID || (tag & TLB_IO)) {
        return;
    }
    uint64_t host = (tag & TLB_PAGE_MASK) + __atomic_load_n(&e->addend, __ATOMIC_RELAXED);
    if (host < host_first || host > host_last) {
        return;
    }
    while ((tag & why) != why && tag != TLB_INVALID) {
        if (__atomic_compare_exchange_n(&e->tag, &tag, tag | why, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
            return;
        }
    }
}

static void slow_ctx(TlbCtx *c, uint64_t first, uint64_t last, uint64_t why)
{
    if (first == last && !filter_has(c->write_filter, page_hash(first >> TLB_PAGE_BITS, WRITE_FILTER_BITS))) {
        return;
    }
    for (unsigned m = 0; m < TLB_MODES; m++) {
        unsigned chunks = __atomic_load_n(&c->chunks[m][TLB_WRITE], __ATOMIC_RELAXED);

        for (unsigned chunk = 0; chunks >> chunk; chunk++) {
            if (chunks >> chunk & 1) {
                TlbEntry *e = &c->pub.table[m][TLB_WRITE][chunk * CHUNK_ENTRIES];

                for (unsigned i = 0; i < CHUNK_ENTRIES; i++) {
                    slow_entry(&e[i], first, last, why);
                }
            }
        }
        for (unsigned i = 0; i < VICTIMS; i++) {
            slow_entry(&c->victim[m][TLB_WRITE][i], first, last, why);
        }
    }
}

void tlb_slow_writes(TcgAccel *a, const uint8_t *host, uint64_t len, uint64_t why)
{
    uint64_t first = (uintptr_t)host & TLB_PAGE_MASK, last = ((uintptr_t)host + len - 1) & TLB_PAGE_MASK;
    unsigned n = atomic_get_sc(&a->vcpu_count);

    full_fence();
    for (unsigned i = 0; i < n; i++) {
        TcgVcpu *v = a->vcpus[i];
        unsigned count = atomic_get_sc(&v->ctx_count);

        for (unsigned k = 0; k < count; k++) {
            slow_ctx(v->contexts[k], first, last, why | TLB_SLOW_BIT);
        }
    }
}

/* ------------------------------------------------------------------ jump caches */

void tlb_jump_cache_put(TcgVcpu *v, uint64_t pc, uint64_t flags, const void *code, Region *r)
{
    TlbCtx *c = v->ctx;
    unsigned index = (unsigned)(pc >> 1) & (JUMP_CACHE_ENTRIES - 1);

    c->jc_chunks |= 1ull << (index >> CHUNK_BITS);
    filter_add(c->jc_filter, page_hash(pc >> TLB_PAGE_BITS, JC_FILTER_BITS));
    c->pub.jump_cache[index] = (JumpCacheEntry){pc, flags, (void *)(uintptr_t)code, (uintptr_t)r};
}

void tlb_clear_jump_caches(TcgVcpu *v)
{
    for (unsigned i = 0; i < v->ctx_count; i++) {
        clear_jump_cache(v->contexts[i]);
    }
}

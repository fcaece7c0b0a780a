/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flushing TLB contexts: everything, one context, one page; and flushes that other threads ask for.
 *
 * A flush also drops what was derived from the entries it drops: the jump cache's entries of the page. Cross-page links
 * compare with the fetch table itself, so they need no flush. A page inside a large page drops the whole large page,
 * because the guest may name any address in it.
 *
 * Requests of other threads are tickets: flush_request counts up, the owner takes the count, flushes, and stores it in
 * flush_done, in the dispatcher or when it comes online, so before it runs another region.
 */
#include <string.h>

#include "internal.h"

static bool in_range(uint64_t va, const LargeRange *r) { return va >= r->start && va <= r->end; }

static void drop_entry(TlbEntry *e, const LargeRange *r)
{
    uint64_t tag = __atomic_load_n(&e->tag, __ATOMIC_RELAXED);

    if (tag != TLB_INVALID && in_range(tag & TLB_PAGE_MASK, r)) {
        __atomic_store_n(&e->tag, TLB_INVALID, __ATOMIC_RELAXED);
    }
}

static void drop_jump_cache(TlbCtx *c, const LargeRange *r)
{
    for (unsigned i = 0; i < JUMP_CACHE_ENTRIES; i++) {
        if (!(c->jc_chunks >> (i >> CHUNK_BITS) & 1)) {
            i |= CHUNK_ENTRIES - 1;
        } else if (in_range(c->pub.jump_cache[i].pc, r)) {
            c->pub.jump_cache[i].pc = UINT64_MAX;
        }
    }
}

/* Drops every entry of a range of pages; r->end is inclusive. */
static void drop_range(TlbCtx *c, const LargeRange *r)
{
    uint64_t pages = ((r->end - r->start) >> TLB_PAGE_BITS) + 1;
    bool few = pages <= TLB_ENTRIES;

    for (unsigned m = 0; m < TLB_MODES; m++) {
        for (unsigned a = 0; a < TLB_ACCESS_COUNT; a++) {
            TlbEntry *t = c->pub.table[m][a];

            if (few && pages < 64) {
                for (uint64_t p = 0; p < pages; p++) {
                    drop_entry(&t[((r->start >> TLB_PAGE_BITS) + p) & (TLB_ENTRIES - 1)], r);
                }
            } else {
                for (unsigned i = 0; i < TLB_ENTRIES; i++) {
                    if (!(c->chunks[m][a] >> (i >> CHUNK_BITS) & 1)) {
                        i |= CHUNK_ENTRIES - 1;
                    } else {
                        drop_entry(&t[i], r);
                    }
                }
            }
            for (unsigned i = 0; c->victims_used && i < VICTIMS; i++) {
                drop_entry(&c->victim[m][a][i], r);
            }
        }
    }
    drop_jump_cache(c, r);
}

static void drop_page(TlbCtx *c, uint64_t va)
{
    uint64_t page = va & TLB_PAGE_MASK;
    LargeRange one = {page, page | ~TLB_PAGE_MASK};
    unsigned index = (unsigned)(page >> TLB_PAGE_BITS) & (TLB_ENTRIES - 1);
    bool victims = c->victim_filter >> page_hash(page >> TLB_PAGE_BITS, 64) & 1;

    for (unsigned m = 0; m < TLB_MODES; m++) {
        for (unsigned a = 0; a < TLB_ACCESS_COUNT; a++) {
            if (c->chunks[m][a] >> (index >> CHUNK_BITS) &
                1) { /* else nothing near it was ever filled: spare the cache */
                drop_entry(&c->pub.table[m][a][index], &one);
            }
            for (unsigned i = 0; victims && i < VICTIMS; i++) {
                drop_entry(&c->victim[m][a][i], &one);
            }
        }
    }
    unsigned bit = page_hash(page >> TLB_PAGE_BITS, JC_FILTER_BITS);
    if (c->jc_filter[bit / 64] >> (bit % 64) & 1) {
        /* The half-word addresses of one page are next to each other in the cache. */
        unsigned first = (unsigned)(page >> 1) & (JUMP_CACHE_ENTRIES - 1);

        for (unsigned i = first; i < first + GUEST_PAGE / 2; i++) {
            if (c->pub.jump_cache[i].pc >= one.start && c->pub.jump_cache[i].pc <= one.end) {
                c->pub.jump_cache[i].pc = UINT64_MAX;
            }
        }
    }
}

static void ctx_drop(TlbCtx *c, uint64_t va)
{
    for (unsigned i = 0; i < c->large_count; i++) {
        if (in_range(va, &c->large[i])) {
            LargeRange r = c->large[i];

            c->large[i] = c->large[--c->large_count];
            drop_range(c, &r);
            i--;
        }
    }
    drop_page(c, va);
}

void tlb_flush_all(CpuState *cpu)
{
    TcgVcpu *v = vcpu_of(cpu);

    log_if(LOG_MMU, "cpu %u: flush all\n", cpu->index);
    v->stats.flush_all++;
    for (unsigned i = 0; i < v->ctx_count; i++) {
        tlb_ctx_flush(v->contexts[i]);
    }
}

void tlb_flush_current(CpuState *cpu)
{
    TcgVcpu *v = vcpu_of(cpu);

    v->stats.flush_ctx++;
    tlb_ctx_flush(v->ctx);
}

void tlb_flush_page(CpuState *cpu, uint64_t va)
{
    TcgVcpu *v = vcpu_of(cpu);

    log_if(LOG_MMU, "cpu %u: flush page %#" PRIx64 "\n", cpu->index, va);
    v->stats.flush_page++;
    ctx_drop(v->ctx, va);
}

void tlb_flush_matching(CpuState *cpu, bool (*match)(uint64_t key, void *opaque), void *opaque, uint64_t va)
{
    TcgVcpu *v = vcpu_of(cpu);

    if (va == UINT64_MAX) {
        v->stats.flush_ctx++;
    } else {
        v->stats.flush_page++;
    }
    for (unsigned i = 0; i < v->ctx_count; i++) {
        TlbCtx *c = v->contexts[i];

        if (c->used && match(c->key, opaque)) {
            if (va == UINT64_MAX) {
                tlb_ctx_flush(c);
            } else {
                ctx_drop(c, va);
            }
        }
    }
}

void tlb_serve_requests(TcgVcpu *v)
{
    uint64_t ticket = atomic_get_sc(&v->flush_request);

    if (ticket != v->flush_done) {
        tlb_flush_all(v->cpu);
        atomic_put_sc(&v->flush_done, ticket);
    }
}

void tlb_request_flush(TcgVcpu *v)
{
    __atomic_fetch_add(&v->flush_request, 1, __ATOMIC_SEQ_CST);
    if (v->cpu == current_cpu) {
        tlb_serve_requests(v);
    } else {
        cpu_kick(v->cpu);
    }
}

void tlb_flush_others(CpuState *cpu, bool wait)
{
    TcgVcpu *me = vcpu_of(cpu);
    TcgAccel *a = me->accel;
    unsigned n = atomic_get_sc(&a->vcpu_count);

    for (unsigned i = 0; i < n; i++) {
        if (a->vcpus[i] != me) {
            tlb_request_flush(a->vcpus[i]);
        }
    }
    for (unsigned i = 0; wait && i < n; i++) {
        TcgVcpu *v = a->vcpus[i];

        /* One that is offline flushes before it runs again. Two that wait for each other serve each other. */
        while (v != me && atomic_get_sc(&v->online) &&
               atomic_get_sc(&v->flush_done) != atomic_get_sc(&v->flush_request)) {
            tlb_serve_requests(me);
            g_usleep(10);
        }
    }
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The region cache: hash, links between regions, and the death of a region. docs/devel/regions.md holds the protocols.
 *
 * Lookup takes no lock: chains are published by release stores, and a region that was taken out stays readable until
 * every vCPU passed a quiescent point (its memory belongs to a segment, reclaim.c). All writers hold code_lock.
 */
#include <string.h>

#include "internal.h"

static unsigned region_hash(const uint8_t *host, uint64_t pc, uint64_t flags)
{
    uint64_t h = (uintptr_t)host * 0x9e3779b97f4a7c15ull;

    h ^= (pc >> 1) * 0xc2b2ae3d27d4eb4full;
    h ^= flags * 0x165667b19e3779f9ull;
    return (unsigned)(h >> 40) & ((1u << HASH_BITS) - 1);
}

void regions_init(TcgAccel *a)
{
    a->hash = g_new0(Region *, 1u << HASH_BITS);
}

void regions_free(TcgAccel *a)
{
    g_clear_pointer(&a->hash, g_free);
}

Region *region_find_hashed(TcgAccel *a, const uint8_t *host, uint64_t pc, uint64_t flags, uint32_t variant,
                           const uint8_t *host2)
{
    Region *r = atomic_get(&a->hash[region_hash(host, pc, flags)]);

    while (r && !(r->pc == pc && r->host == host && r->flags == flags && r->variant == variant &&
                  (host2 == ANY_PAGE || r->host2 == host2) && atomic_get(&r->state) == REGION_LIVE)) {
        r = atomic_get(&r->hash_next);
    }
    return r;
}

void region_insert(TcgAccel *a, Region *r)
{
    Region **bucket = &a->hash[region_hash(r->host, r->pc, r->flags)];

    r->hash_next = *bucket;
    atomic_put(bucket, r);
    for (unsigned i = 0; i < 2 && r->page[i]; i++) {
        code_page_add(r->page[i], r, i);
    }
}

static void unhash(TcgAccel *a, Region *r)
{
    for (Region **p = &a->hash[region_hash(r->host, r->pc, r->flags)]; *p; p = &(*p)->hash_next) {
        if (*p == r) {
            atomic_put(p, r->hash_next); /* r->hash_next stays: a reader may stand on r */
            return;
        }
    }
}

static void link_drop(LinkState *ls)
{
    if (ls->to) {
        *ls->prev = ls->next;
        if (ls->next) {
            ls->next->prev = ls->prev;
        }
        ls->to = NULL;
    }
}

static TcgLink *link_of(const LinkState *ls) { return &ls->from->code->links[ls - ls->from->links]; }

void region_unlink_all(TcgAccel *a, Region *r)
{
    while (r->incoming) {
        LinkState *ls = r->incoming;

        tcg_backend_unlink(a->be, link_of(ls));
        link_drop(ls);
    }
    for (uint32_t i = 0; r->links && i < r->code->link_count; i++) {
        if (r->links[i].to) {
            tcg_backend_unlink(a->be, &r->code->links[i]);
            link_drop(&r->links[i]);
        }
    }
}

void region_kill(TcgAccel *a, Region *r)
{
    if (r->state == REGION_DEAD) {
        return;
    }
    atomic_put_sc(&r->state, REGION_DEAD);
    a->stats.kills++;
    if (r->code) {
        tcg_backend_kill(a->be, r->code);
    }
    unhash(a, r);
    for (unsigned i = 0; i < 2 && r->page[i]; i++) {
        code_page_remove(r->page[i], r, i);
    }
    region_unlink_all(a, r);
}

void region_free(Region *r)
{
    tcg_code_free(r->code);
    if (r->ir) {
        tcg_region_free(r->ir);
    }
    g_free(r->links);
    g_free(r);
}

/*
 * What may be linked: @to was found for the link's target in the current mode and address space. A plain link needs the
 * target on the same virtual page as the entry of the region it leaves, whose mapping was checked on the way in. A
 * guarded one compares the fetch TLB entry that proved @to. A second page of @to is looked at by its own code. The
 * guard's immediates are written once: another value later could be combined with an older jump by a vCPU that fetches
 * both non-atomically.
 */
static bool link_allowed(AccelStats *stats, const Region *from, const TcgLink *l, const Region *to, const LinkState *ls,
                         uint64_t addend)
{
    if (ls->to) {
        stats->link_present++; /* its guard failed: the fetch TLB had lost the page */
        return false;
    }
    bool good = from->state == REGION_LIVE && to->state == REGION_LIVE && to->code && !from->variant && !to->variant &&
                from->flags == to->flags && l->target_pc == to->pc;
    if (good && l->cross_page && ls->guard_set && ls->guard_addend != addend) {
        stats->link_guard++;
        return false;
    }
    if (good && !l->cross_page) { /* the virtual page is one and the same; so must be the RAM behind it */
        good = !((from->pc ^ to->pc) & TLB_PAGE_MASK) && from->host - IN_PAGE(from->pc) == to->host - IN_PAGE(to->pc);
    }
    stats->link_other += !good;
    return good;
}

/* Made when a region is first linked: most are run once and never are. code_lock. */
static LinkState *link_states(Region *r)
{
    if (!r->links) {
        r->links = g_new0(LinkState, r->code->link_count);
        for (uint32_t i = 0; i < r->code->link_count; i++) {
            r->links[i].from = r;
        }
    }
    return r->links;
}

void region_link(TcgAccel *a, TcgVcpu *v, TcgLink *l, Region *to)
{
    Region *from = l->code->owner;
    uint64_t tag = to->pc & TLB_PAGE_MASK, addend = (uintptr_t)to->host - to->pc;

    g_mutex_lock(&a->code_lock);
    LinkState *ls = &link_states(from)[l - from->code->links];
    if (!link_allowed(&a->stats, from, l, to, ls, addend)) {
        g_mutex_unlock(&a->code_lock);
        return;
    }
    tcg_backend_link(a->be, l, to->addr, tag, addend);
    if (l->cross_page) {
        ls->guard_set = true;
        ls->guard_addend = addend;
    }
    ls->to = to;
    ls->next = to->incoming;
    ls->prev = &to->incoming;
    if (ls->next) {
        ls->next->prev = &ls->next;
    }
    to->incoming = ls;
    a->stats.links++;
    g_mutex_unlock(&a->code_lock);
}

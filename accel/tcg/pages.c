/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RAM pages that hold translated code, and what a store into one does.
 *
 * A page is found by RAM page number in a three-level table whose levels appear by compare-and-swap and never go away.
 * `granules` says which 64-byte pieces hold code, so that a store beside them costs two loads; a store into one takes
 * code_lock and kills the regions whose bytes it met.
 *
 * Translator and store agree by order: the translator makes the page watched (bit in RamBlock.code_pages, all granules,
 * write entries slow), then copies the bytes; whoever stores first stores, then fences, then looks at the bit and the
 * granules. A store between the copy and the end of the translation counts write_seq up, and the translation is thrown
 * away.
 */
#include <string.h>

#include "internal.h"

#define LEVEL(page, n) ((unsigned)((page) >> ((n) * PAGE_DIR_BITS)) & (PAGE_DIR_SIZE - 1))

CodePage *code_page_find(TcgAccel *a, uint64_t ram_page)
{
    if (ram_page >> (3 * PAGE_DIR_BITS)) {
        return NULL;
    }
    CodePage ***mid = atomic_get(&a->page_dir[LEVEL(ram_page, 2)]);
    CodePage **low = mid ? atomic_get(&mid[LEVEL(ram_page, 1)]) : NULL;
    return low ? atomic_get(&low[LEVEL(ram_page, 0)]) : NULL;
}

/* *slot where it is set, else a new block put there: a copy of @init, or zeroed. */
static void *get_or_add(void *slot, size_t size, const void *init)
{
    void **p = slot, *have = atomic_get(p);

    if (!have) {
        void *fresh = g_malloc0(size);

        if (init) {
            memcpy(fresh, init, size);
        }
        if (__atomic_compare_exchange_n(p, &have, fresh, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            return fresh;
        }
        g_free(fresh);
    }
    return have;
}

CodePage *code_page_get(TcgAccel *a, RamBlock *rb, uint64_t index)
{
    uint64_t page = (rb->ram_offset >> TLB_PAGE_BITS) + index;

    if (page >> (3 * PAGE_DIR_BITS)) {
        return NULL;
    }
    CodePage fresh = {.rb = rb, .index = index};
    CodePage ***mid = get_or_add(&a->page_dir[LEVEL(page, 2)], PAGE_DIR_SIZE * sizeof(void *), NULL);
    CodePage **low = get_or_add(&mid[LEVEL(page, 1)], PAGE_DIR_SIZE * sizeof(void *), NULL);
    return get_or_add(&low[LEVEL(page, 0)], sizeof(CodePage), &fresh);
}

void code_pages_free(TcgAccel *a)
{
    for (unsigned i = 0; i < PAGE_DIR_SIZE; i++) {
        CodePage ***mid = a->page_dir[i];

        for (unsigned j = 0; mid && j < PAGE_DIR_SIZE; j++) {
            for (unsigned k = 0; mid[j] && k < PAGE_DIR_SIZE; k++) {
                g_free(mid[j][k]);
            }
            g_free(mid[j]);
        }
        g_free(mid);
        a->page_dir[i] = NULL;
    }
}

static void set_watched(CodePage *p, bool on)
{
    unsigned long bit = 1ul << (p->index % 64), *word = &p->rb->code_pages[p->index / 64];

    if (on) {
        __atomic_fetch_or(word, bit, __ATOMIC_SEQ_CST);
    } else {
        __atomic_fetch_and(word, ~bit, __ATOMIC_SEQ_CST);
    }
}

static void publish_granules(CodePage *p)
{
    atomic_put_sc(&p->granules, p->pending ? ~(uint64_t)0 : p->settled);
    if (!p->pending && !p->regions && ram_page_has_code(p->rb, p->index)) {
        set_watched(p, false);
    }
}

/* code_lock held: granules of the regions that are left. */
static void settle_granules(CodePage *p)
{
    uint64_t g = 0;

    for (Region *r = p->regions; r; r = r->page_next[r->page[0] != p]) {
        g |= r->granules[r->page[0] != p];
    }
    p->settled = g;
    publish_granules(p);
}

uint32_t code_page_watch(TcgAccel *a, CodePage *p)
{
    bool fresh;

    g_mutex_lock(&a->code_lock);
    p->pending++;
    atomic_put_sc(&p->granules, ~(uint64_t)0);
    fresh = !ram_page_has_code(p->rb, p->index);
    if (fresh) {
        set_watched(p, true);
    }
    uint32_t seq = p->write_seq;
    g_mutex_unlock(&a->code_lock);
    if (fresh) {
        tlb_slow_writes(a, p->rb->host + (p->index << TLB_PAGE_BITS), GUEST_PAGE, TLB_CODE);
    }
    full_fence();
    return seq;
}

bool code_page_settled(TcgAccel *a, CodePage *p, uint32_t seq)
{
    p->pending--;
    publish_granules(p);
    return p->write_seq == seq;
}

void code_page_add(CodePage *p, Region *r, unsigned which)
{
    Region *head = p->regions;

    r->page_next[which] = head;
    r->page_prev[which] = &p->regions;
    if (head) {
        head->page_prev[head->page[0] != p] = &r->page_next[which];
    }
    p->regions = r;
    p->settled |= r->granules[which];
    publish_granules(p);
    if (!ram_page_has_code(p->rb, p->index)) {
        set_watched(p, true);
    }
}

/* The granules stay as they are, which is safe, until the page is empty or a store looks closer. */
void code_page_remove(CodePage *p, Region *r, unsigned which)
{
    Region *next = r->page_next[which];

    if (!r->page_prev[which]) {
        return; /* died before it was published */
    }
    *r->page_prev[which] = next;
    if (next) {
        next->page_prev[next->page[0] != p] = r->page_prev[which];
    }
    r->page_prev[which] = NULL;
    r->page_next[which] = NULL;
    if (!p->regions) {
        p->settled = 0;
        publish_granules(p);
    }
}

static void written_in_page(TcgAccel *a, CodePage *p, unsigned first, unsigned end)
{
    if (!(atomic_get_sc(&p->granules) & granule_mask(first, end))) {
        return;
    }
    g_mutex_lock(&a->code_lock);
    p->write_seq++;
    for (Region *r = p->regions, *next; r; r = next) {
        unsigned which = r->page[0] != p;

        next = r->page_next[which];
        if (r->lo[which] < end && r->hi[which] > first) {
            log_if(LOG_PAGE, "code at %#" PRIx64 " was written to (%s+%#" PRIx64 ")\n", r->pc,
                   p->rb->name ? p->rb->name : "ram", (p->index << TLB_PAGE_BITS) + first);
            a->stats.store_kills++;
            region_kill(a, r);
        }
    }
    settle_granules(p);
    g_mutex_unlock(&a->code_lock);
}

void code_written(TcgAccel *a, RamBlock *rb, uint64_t offset, uint64_t len)
{
    if (offset >= rb->size) {
        return;
    }
    len = MIN(len, rb->size - offset);
    while (len) {
        unsigned first = (unsigned)IN_PAGE(offset);
        unsigned n = (unsigned)MIN(len, GUEST_PAGE - first);

        if (ram_page_has_code(rb, offset >> TLB_PAGE_BITS)) {
            CodePage *p = code_page_find(a, (rb->ram_offset + offset) >> TLB_PAGE_BITS);

            if (p) {
                written_in_page(a, p, first, first + n);
            }
        }
        offset += n;
        len -= n;
    }
}

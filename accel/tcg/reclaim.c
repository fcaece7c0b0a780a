/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Code memory as a ring of segments, and the quiescent points that tell when one can be used again.
 *
 * Regions are placed one behind the other in the current segment. When it is full the next one becomes current; by then
 * it has been drained: its regions were killed, and every vCPU has passed a quiescent point since. Draining begins one
 * segment ahead, so normally nobody waits. Dead regions keep their memory until their segment is drained; nothing else
 * is ever freed.
 *
 * Quiescence: a vCPU is online while it may hold pointers to regions. In its dispatcher, at a point where it holds
 * none, it compares reclaim_gen with what it saw last; when it differs it clears its jump caches and publishes the new
 * value. An offline vCPU holds nothing, and looks at reclaim_gen after it said it is online (both sequentially
 * consistent, as is the reclaimer's increment followed by its look at `online`): one of the two sees the other.
 */
#include <linux/membarrier.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "internal.h"

#define ROOM_MIN 16384 /* less than this left: the segment is full */

static void sync_core(int cmd)
{
    syscall(SYS_membarrier, cmd, 0, 0); /* best effort: old kernels lack it, and x86 does without */
}

bool segments_init(TcgAccel *a, size_t used, Error **errp)
{
    size_t start = (used + 4095) & ~(size_t)4095, total = a->cb.size;

    a->seg_count = total >= (64u << 20) ? MAX_SEGMENTS : 8;
    if (total < start || (a->seg_size = ((total - start) / a->seg_count) & ~(size_t)4095) < 4 * ROOM_MIN) {
        error_setg(errp, "a translation buffer of %zu bytes is too small", total);
        return false;
    }
    for (unsigned i = 0; i < a->seg_count; i++) {
        Segment *s = &a->seg[i];

        s->start = a->cb.rx + start + i * a->seg_size;
        s->size = a->seg_size;
        s->cap = (uint32_t)(a->seg_size / 64);
        s->regions = g_new0(Region *, s->cap);
        s->state = SEG_FREE;
    }
    a->seg[0].state = SEG_FILLING;
    sync_core(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE);
    return true;
}

static void segment_empty(Segment *s)
{
    uint32_t n = s->count;

    atomic_put(&s->count, 0);
    for (uint32_t i = 0; i < n; i++) {
        region_free(s->regions[i]);
        s->regions[i] = NULL;
    }
    s->used = 0;
}

void segments_free(TcgAccel *a)
{
    for (unsigned i = 0; i < a->seg_count; i++) {
        if (a->seg[i].regions) {
            segment_empty(&a->seg[i]);
            g_clear_pointer(&a->seg[i].regions, g_free);
        }
    }
}

/* Kills what lives in @s and asks all vCPUs for a quiescent point. */
static void drain_begin(TcgAccel *a, Segment *s)
{
    if (s->state != SEG_FULL) {
        return;
    }
    g_mutex_lock(&a->code_lock);
    for (uint32_t i = 0; i < s->count; i++) {
        if (s->regions[i]->state == REGION_LIVE) {
            a->stats.evicted++;
            region_kill(a, s->regions[i]);
        }
    }
    g_mutex_unlock(&a->code_lock);
    s->state = SEG_DRAINING;
    s->drain_gen = __atomic_add_fetch(&a->reclaim_gen, 1, __ATOMIC_SEQ_CST);
}

static bool drained(TcgAccel *a, const Segment *s)
{
    unsigned n = atomic_get_sc(&a->vcpu_count);

    for (unsigned i = 0; i < n; i++) {
        TcgVcpu *v = a->vcpus[i];

        if (atomic_get_sc(&v->online) && atomic_get_sc(&v->seen_gen) < s->drain_gen) {
            return false;
        }
    }
    return true;
}

static void drain_wait(TcgAccel *a, TcgVcpu *v, Segment *s)
{
    vcpu_offline(v); /* the caller holds no region; others may be waiting for it in turn */
    for (unsigned turn = 0; !drained(a, s); turn++) {
        unsigned n = atomic_get_sc(&a->vcpu_count);

        for (unsigned i = 0; turn % 64 == 0 && i < n; i++) {
            if (a->vcpus[i] != v && atomic_get_sc(&a->vcpus[i]->online)) {
                cpu_kick(a->vcpus[i]->cpu);
            }
        }
        g_usleep(20);
    }
    /* The translation in hand goes on; a link the caller remembers is void (it compares seen_gen). */
    vcpu_online(v);
}

/* Drops the unconfirmed list's entries of a segment that goes away (former.c). */
static void forget_unconfirmed(TcgAccel *a, unsigned segment)
{
    for (Region **p = &a->unconfirmed; *p;) {
        if ((*p)->segment == segment) {
            *p = (*p)->unconfirmed_next;
        } else {
            p = &(*p)->unconfirmed_next;
        }
    }
}

void segment_next(TcgAccel *a, TcgVcpu *v)
{
    unsigned next = (a->seg_current + 1) % a->seg_count, after = (next + 1) % a->seg_count;
    Segment *s = &a->seg[next];

    a->seg[a->seg_current].state = SEG_FULL;
    if (s->state != SEG_FREE) {
        drain_begin(a, s);
        drain_wait(a, v, s);
        forget_unconfirmed(a, next);
        segment_empty(s);
        sync_core(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE);
    }
    s->state = SEG_FILLING;
    a->seg_current = next;
    drain_begin(a, &a->seg[after]);
}

uint8_t *segment_room(TcgAccel *a, size_t *room)
{
    Segment *s = &a->seg[a->seg_current];

    if (s->size - s->used < ROOM_MIN || s->count + 1 >= s->cap) {
        return NULL;
    }
    *room = s->size - s->used;
    return s->start + s->used;
}

void segment_commit(TcgAccel *a, Region *r, size_t bytes)
{
    Segment *s = &a->seg[a->seg_current];

    r->segment = (uint16_t)a->seg_current;
    s->used = MIN(s->size, (s->used + bytes + 15) & ~(size_t)15);
    s->regions[s->count] = r;
    atomic_put(&s->count, s->count + 1);
}

Region *segment_find(TcgAccel *a, uintptr_t host_pc)
{
    const uint8_t *p = (const uint8_t *)host_pc;

    if (!a->seg_size || p < a->seg[0].start) {
        return NULL;
    }
    uint64_t n = (uint64_t)(p - a->seg[0].start) / a->seg_size;
    if (n >= a->seg_count) {
        return NULL;
    }
    Segment *s = &a->seg[n];
    uint32_t low = 0, high = atomic_get(&s->count);
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;

        if (s->regions[mid]->addr <= p) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low ? s->regions[low - 1] : NULL;
}

bool vcpu_quiescent(TcgVcpu *v)
{
    uint64_t gen = atomic_get(&v->accel->reclaim_gen);

    if (G_LIKELY(gen == v->seen_gen)) {
        return false;
    }
    tlb_clear_jump_caches(v);
    atomic_put_sc(&v->seen_gen, gen);
    return true;
}

void vcpu_online(TcgVcpu *v)
{
    atomic_put_sc(&v->online, 1);
    uint64_t gen = atomic_get_sc(&v->accel->reclaim_gen);
    if (gen != v->seen_gen) {
        tlb_clear_jump_caches(v);
        atomic_put_sc(&v->seen_gen, gen);
    }
}

void translate_lock(TcgAccel *a, TcgVcpu *v)
{
    if (g_mutex_trylock(&a->translate_lock)) {
        return;
    }
    /* The holder may wait for our quiescence. */
    vcpu_offline(v);
    g_mutex_lock(&a->translate_lock);
    vcpu_online(v);
}

void vcpu_offline(TcgVcpu *v)
{
    atomic_put_sc(&v->online, 0);
}

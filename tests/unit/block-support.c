/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disks in memory, the graph over them, and crash states. See block-support.h.
 */
#include "block-support.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "util/option.h"

enum { SECTOR = 512 };

/* --- disk --- */
void mem_disk_init(MemDisk *d, const uint8_t *data, int64_t len, GRand *rand)
{
    *d = (MemDisk){.data = g_memdup2(data, (gsize)len), .len = len, .max = INT64_MAX, .rand = rand};
}

void mem_disk_clear(MemDisk *d)
{
    g_clear_pointer(&d->data, g_free);
}

static MemDisk *disk_of(BlockNode *n)
{
    return *(MemDisk **)n->state;
}

/* Lets other requests go first. */
static void coroutine_fn wait_some(BlockNode *n)
{
    MemDisk *d = disk_of(n);
    for (int turns = d->rand ? g_rand_int_range(d->rand, 0, 3) : 0; turns > 0; turns--) {
        co_schedule(n->loop, co_self());
        co_yield();
    }
}

static bool mem_open(BlockNode *n, OptionSet *opts, Error **errp)
{
    uint64_t address;
    if (!option_get_u64(opts, "address", 0, &address, errp)) {
        return false;
    }
    *(MemDisk **)n->state = (MemDisk *)(uintptr_t)address;
    n->filename = g_strdup("/memory");
    n->alignment = MAX(disk_of(n)->alignment, 1u);
    return true;
}

static int64_t mem_length(BlockNode *n)
{
    return disk_of(n)->len;
}

static void check_alignment(MemDisk *d, int64_t offset, const struct iovec *iov, int iovcnt)
{
    uint64_t bits = (uint64_t)offset;
    for (int i = 0; i < iovcnt; i++) {
        bits |= iov[i].iov_len | (uintptr_t)iov[i].iov_base;
    }
    d->bad_requests += d->alignment && bits & (d->alignment - 1);
}

static int coroutine_fn mem_preadv(BlockNode *n, int64_t offset, const struct iovec *iov, int iovcnt, int64_t len)
{
    MemDisk *d = disk_of(n);
    check_alignment(d, offset, iov, iovcnt);
    wait_some(n);
    int64_t have = CLAMP(d->len - offset, 0, len);
    iov_from_buf(iov, iovcnt, 0, d->data + offset, have);
    iov_zero(iov, iovcnt, have, len - have);
    wait_some(n);
    return 0;
}

static int coroutine_fn mem_pwritev(BlockNode *n, int64_t offset, const struct iovec *iov, int iovcnt, int64_t len)
{
    MemDisk *d = disk_of(n);
    check_alignment(d, offset, iov, iovcnt);
    wait_some(n);
    if (offset + len > d->max) {
        return -ENOSPC;
    }
    if (offset + len > d->len) {
        d->data = g_realloc(d->data, (gsize)(offset + len));
        memset(d->data + d->len, 0, (size_t)(offset + len - d->len));
        d->len = offset + len;
    }
    iov_to_buf(iov, iovcnt, 0, d->data + offset, len);
    wait_some(n);
    return 0;
}

static int coroutine_fn mem_flush(BlockNode *n)
{
    wait_some(n);
    return 0;
}

static const BlockDriver memory_driver = {
    .name = "memory",
    .help = "a test's memory",
    .is_protocol = true,
    .state_size = sizeof(MemDisk *),
    .open = mem_open,
    .length = mem_length,
    .co_preadv = mem_preadv,
    .co_pwritev = mem_pwritev,
    .co_flush = mem_flush,
};
BLOCK_DRIVER(memory_driver);

/* --- graph --- */
static bool make_node(BlockGraph *g, const char *text, Error **errp)
{
    g_autoptr(OptionSet) opts = option_set_parse(text, NULL, errp);
    return opts && block_node_create(g, opts, errp);
}

void rig_open(Rig *r, MemDisk *disk, const char *format, FaultLog *log, const FaultRule *rule, const char *more_options)
{
    *r = (Rig){.loop = event_loop_new(NULL)};
    r->graph = block_graph_new(r->loop);
    g_autofree char *below = g_strdup_printf("driver=fault,node-name=fault,file.driver=memory,file.address=0x%" PRIxPTR, (uintptr_t)disk);
    g_autofree char *top = g_strdup_printf("driver=%s,node-name=disk,file=fault,%s", format, more_options ? more_options : "");
    if (!make_node(r->graph, below, &r->err)) {
        g_error("%s", error_message(r->err));
    }
    r->fault = block_node_find(r->graph, "fault");
    block_fault_set_log(r->fault, log);
    block_fault_set(r->fault, rule);
    if (make_node(r->graph, top, &r->err)) {
        r->blk = blk_find(r->graph, "disk", &r->err);
    }
}

void rig_close(Rig *r)
{
    block_graph_free(r->graph);
    event_loop_free(r->loop);
    error_free(r->err);
}

/* --- crash states --- */
struct Replay {
    const FaultLog *log;
    GByteArray *durable, *state;
    GPtrArray *pending;  /* FaultEvent *: begun, not durable yet */
    unsigned next;       /* event that has not begun */
    uint64_t flushed;    /* start of the last flush that was applied */
    uint64_t time;
};

Replay *replay_new(const uint8_t *base, int64_t len, const FaultLog *log)
{
    Replay *r = g_new0(Replay, 1);
    r->log = log;
    r->durable = g_byte_array_new();
    r->state = g_byte_array_new();
    r->pending = g_ptr_array_new();
    g_byte_array_append(r->durable, base, (guint)len);
    return r;
}

void replay_free(Replay *r)
{
    g_byte_array_free(r->durable, TRUE);
    g_byte_array_free(r->state, TRUE);
    g_ptr_array_free(r->pending, TRUE);
    g_free(r);
}

/* @fresh: what stands in space that was added to the file, but not written. */
static void apply(GByteArray *to, const FaultEvent *e, int64_t from, int64_t len, int fresh)
{
    int64_t at = e->offset + from;
    if (e->kind == FAULT_DISCARD && at + len > to->len) {
        len = MAX((int64_t)to->len - at, (int64_t)0);
    }
    if (len && at + len > to->len) {
        int64_t old = to->len;
        g_byte_array_set_size(to, (guint)(at + len));
        memset(to->data + old, fresh, (size_t)(at + len - old));
    }
    if (e->data) {
        memcpy(to->data + at, e->data + from, (size_t)len);
    } else {
        memset(to->data + at, 0, (size_t)len);
    }
}

/* All that a flush which began at @start made durable. */
static void apply_flush(Replay *r, uint64_t start)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < r->pending->len; i++) {
        FaultEvent *e = g_ptr_array_index(r->pending, i);
        if (e->end && e->end <= start) {
            apply(r->durable, e, 0, e->len, 0);
        } else {
            r->pending->pdata[kept++] = e;
        }
    }
    g_ptr_array_set_size(r->pending, (gint)kept);
}

static void advance(Replay *r, uint64_t time)
{
    /* Flushes in the order of their ends; each covers the writes that ended before its start. */
    for (;;) {
        const FaultEvent *first = NULL;
        for (unsigned i = 0; i < r->log->events->len; i++) {
            const FaultEvent *e = g_ptr_array_index(r->log->events, i);
            if (e->start > time) {
                break;
            }
            if (e->kind == FAULT_FLUSH && e->end > r->time && e->end <= time && (!first || e->end < first->end)) {
                first = e;
            }
        }
        uint64_t until = first ? first->end : time;
        for (; r->next < r->log->events->len; r->next++) {
            FaultEvent *e = g_ptr_array_index(r->log->events, r->next);
            if (e->start > until) {
                break;
            }
            if (e->kind != FAULT_FLUSH && e->len) {
                g_ptr_array_add(r->pending, e);
            }
        }
        r->time = until;
        if (!first) {
            return;
        }
        apply_flush(r, first->start);
    }
}

/* Sectors of the file, at its own boundaries. */
static void apply_some_sectors(GByteArray *to, const FaultEvent *e, GRand *rand, double chance, int fresh)
{
    for (int64_t from = 0; from < e->len;) {
        int64_t len = MIN(SECTOR - (e->offset + from) % SECTOR, e->len - from);
        if (g_rand_double(rand) < chance) {
            apply(to, e, from, len, fresh);
        }
        from += len;
    }
}

void replay_state(Replay *r, uint64_t time, GRand *rand, const uint8_t **data, int64_t *len)
{
    advance(r, time);
    g_byte_array_set_size(r->state, 0);
    g_byte_array_append(r->state, r->durable->data, r->durable->len);
    int kind = g_rand_int_range(rand, 0, 8);
    unsigned n = r->pending->len, pick = n ? (unsigned)g_rand_int_range(rand, 0, (gint32)n) : 0;
    double chance = g_rand_double(rand);
    int fresh = g_rand_int_range(rand, 0, 4) ? 0 : g_rand_int_range(rand, 0, 256); /* stale bytes, as some disks have them */
    for (unsigned i = 0; i < n; i++) {
        const FaultEvent *e = g_ptr_array_index(r->pending, i);
        bool whole = true;
        switch (kind) {
        case 0: whole = false; break;                                /* nothing came through */
        case 1: break;                                               /* everything */
        case 2: whole = g_rand_double(rand) < chance; break;         /* some requests */
        case 3: whole = i <= pick; break;                            /* up to one */
        case 4: whole = i >= pick; break;                            /* the late ones only */
        case 5: whole = i != pick; break;                            /* all but one */
        case 6: whole = i == pick; break;                            /* one only */
        default:                                                     /* torn */
            apply_some_sectors(r->state, e, rand, chance, fresh);
            continue;
        }
        if (whole) {
            apply(r->state, e, 0, e->len, fresh);
        } else if (i == pick && g_rand_boolean(rand)) {
            apply_some_sectors(r->state, e, rand, 0.5, fresh);
        }
    }
    *data = r->state->data;
    *len = r->state->len;
}

/* Times when most is at stake are chosen more often: just before a flush takes effect, and when a single entry or the header changes. */
static uint64_t choose_time(const FaultLog *log, GRand *rand, unsigned way)
{
    for (int tries = 0; way && tries < 1000; tries++) {
        const FaultEvent *e = g_ptr_array_index(log->events, g_rand_int_range(rand, 0, (gint32)log->events->len));
        if (way == 1 && e->kind == FAULT_WRITE && e->len <= 12) {
            return e->start + (uint64_t)g_rand_int_range(rand, 0, 4);
        }
        if (way > 1 && e->kind == FAULT_FLUSH) {
            return e->end - 1;
        }
    }
    return 1 + (uint64_t)(g_rand_double(rand) * (double)log->clock);
}

static int by_time(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

uint64_t *replay_choose_times(const FaultLog *log, GRand *rand, unsigned n)
{
    uint64_t *times = g_new(uint64_t, n);
    for (unsigned i = 0; i < n; i++) {
        times[i] = log->events->len ? choose_time(log, rand, i % 4) : log->clock;
    }
    qsort(times, n, sizeof(*times), by_time);
    return times;
}

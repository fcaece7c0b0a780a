/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that writes its disk at random and remembers when. See block-guest.h.
 */
#include "block-guest.h"

#include <string.h>

#include "util/bytes.h"

enum { SECTOR = 512 };
typedef enum WriteKind { DATA, ZEROES, DISCARD } WriteKind;

typedef struct Write {
    WriteKind kind;
    int64_t sector, count;
    uint64_t start, end;  /* end 0: failed, or cut off: it may stand there, and gives no promise */
    uint64_t durable;     /* end of the flush that covered it; UINT64_MAX: none */
} Write;

struct Guest {
    int64_t sectors;
    const uint8_t *backing;
    FaultLog *log;
    GRand *rand;
    GArray *writes;       /* Write; its number is the index + 1 */
    GArray **of_sector;   /* of uint32_t: numbers of writes */
    BlockBackend *blk;
    unsigned left, running, errors;
    int64_t max_sectors;
};

Guest *guest_new(int64_t sectors, const uint8_t *backing, FaultLog *log, GRand *rand)
{
    Guest *g = g_new0(Guest, 1);
    *g = (Guest){.sectors = sectors, .backing = backing, .log = log, .rand = rand};
    g->writes = g_array_new(FALSE, FALSE, sizeof(Write));
    g->of_sector = g_new0(GArray *, sectors);
    for (int64_t i = 0; i < sectors; i++) {
        g->of_sector[i] = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    }
    return g;
}

void guest_free(Guest *g)
{
    for (int64_t i = 0; i < g->sectors; i++) {
        g_array_free(g->of_sector[i], TRUE);
    }
    g_free(g->of_sector);
    g_array_free(g->writes, TRUE);
    g_free(g);
}

unsigned guest_errors(const Guest *g)
{
    return g->errors;
}

const uint8_t *guest_backing(const Guest *g, int64_t sector)
{
    static const uint8_t zeros[SECTOR];
    return g->backing ? g->backing + sector * SECTOR : zeros;
}

/* --- contents --- */
static void stamp(uint8_t *to, uint32_t number, int64_t sector)
{
    uint64_t v = number * 0x9e3779b97f4a7c15ull ^ (uint64_t)sector * 0xc2b2ae3d27d4eb4full;
    st_le64(to, number);
    for (unsigned k = 1; k < SECTOR / 8; k++) {
        v = v * 6364136223846793005ull + 1442695040888963407ull;
        st_le64(to + k * 8, v);
    }
}

static bool is_zero(const uint8_t *data)
{
    return data[0] == 0 && !memcmp(data, data + 1, SECTOR - 1);
}

/* The start of the latest write that was durable by @time; 0: none. */
static uint64_t settled(const Guest *g, uint64_t time, int64_t sector)
{
    uint64_t latest = 0;
    for (guint i = 0; i < g->of_sector[sector]->len; i++) {
        const Write *w = &g_array_index(g->writes, Write, g_array_index(g->of_sector[sector], uint32_t, i) - 1);
        if (w->kind != DISCARD && w->durable <= time) {
            latest = MAX(latest, w->start);
        }
    }
    return latest;
}

/* @latest: start of the latest write that is known to be done; @time: what begins later cannot be there. */
static bool may_hold(const Guest *g, uint64_t latest, uint64_t time, int64_t sector, const uint8_t *data, char **why)
{
    uint64_t number = ld_le64(data);
    if (!memcmp(data, guest_backing(g, sector), SECTOR) && !latest) {
        return true;
    }
    if (is_zero(data)) {
        for (guint i = 0; i < g->of_sector[sector]->len; i++) {
            const Write *w = &g_array_index(g->writes, Write, g_array_index(g->of_sector[sector], uint32_t, i) - 1);
            if (w->kind != DATA && w->start <= time && (!w->end || w->end >= latest)) {
                return true;
            }
        }
        *why = g_strdup_printf("sector %" G_GINT64_FORMAT " is zero, but the write begun at %" G_GUINT64_FORMAT " was done or flushed", sector, latest);
        return false;
    }
    uint8_t want[SECTOR];
    if (number && number <= g->writes->len) {
        const Write *w = &g_array_index(g->writes, Write, number - 1);
        stamp(want, (uint32_t)number, sector);
        if (memcmp(want, data, SECTOR)) {
            *why = g_strdup_printf("sector %" G_GINT64_FORMAT " is torn or from another place", sector);
        } else if (w->start > time) {
            *why = g_strdup_printf("sector %" G_GINT64_FORMAT " is from the future", sector);
        } else if (w->end && w->end < latest) {
            *why = g_strdup_printf("sector %" G_GINT64_FORMAT " holds the write of time %" G_GUINT64_FORMAT ", but a later one (%" G_GUINT64_FORMAT
                                   ") was done or flushed", sector, w->start, latest);
        } else {
            return true;
        }
        return false;
    }
    *why = g_strdup_printf("sector %" G_GINT64_FORMAT " holds what nobody wrote there, or old data after a flush", sector);
    return false;
}

bool guest_may_hold(const Guest *g, uint64_t time, int64_t sector, const uint8_t *data, char **why)
{
    return may_hold(g, settled(g, time, sector), time, sector, data, why);
}

bool guest_check_image(const Guest *g, uint64_t time, const uint8_t *image, int64_t len, char **why)
{
    for (int64_t s = 0; s < g->sectors; s++) {
        const uint8_t *data = image_sector(image, len, s);
        if (!guest_may_hold(g, time, s, data ? data : guest_backing(g, s), why)) {
            return false;
        }
    }
    return true;
}

/* --- requests --- */
void guest_flushed(Guest *g, uint64_t start, uint64_t end)
{
    for (guint i = 0; i < g->writes->len; i++) {
        Write *w = &g_array_index(g->writes, Write, i);
        if (w->end && w->end <= start) {
            w->durable = MIN(w->durable, end);
        }
    }
}

static uint32_t begin_write(Guest *g, WriteKind kind, int64_t sector, int64_t count)
{
    Write w = {.kind = kind, .sector = sector, .count = count, .start = fault_log_tick(g->log), .durable = UINT64_MAX};
    g_array_append_val(g->writes, w);
    uint32_t number = g->writes->len;
    for (int64_t s = sector; s < sector + count; s++) {
        g_array_append_val(g->of_sector[s], number);
    }
    return number;
}

static void end_write(Guest *g, uint32_t number, int ret, bool durable)
{
    Write *w = &g_array_index(g->writes, Write, number - 1);
    uint64_t now = fault_log_tick(g->log);
    g->errors += ret < 0;
    if (ret == 0) {
        w->end = now;
        w->durable = durable ? now : UINT64_MAX;
    }
}

static void coroutine_fn write_some(Guest *g, int64_t sector, int64_t count, bool fua)
{
    g_autofree uint8_t *buf = g_malloc((gsize)(count * SECTOR));
    uint32_t number = begin_write(g, DATA, sector, count);
    for (int64_t i = 0; i < count; i++) {
        stamp(buf + i * SECTOR, number, sector + i);
    }
    /* In two pieces, as a guest's scatter list may be. */
    size_t first = (size_t)g_rand_int_range(g->rand, 0, (gint32)count * SECTOR);
    struct iovec iov[2] = {{buf, first}, {buf + first, (size_t)count * SECTOR - first}};
    end_write(g, number, blk_co_pwritev(g->blk, sector * SECTOR, iov, 2, fua ? BLOCK_REQ_FUA : 0), fua);
}

static void coroutine_fn read_some(Guest *g, int64_t sector, int64_t count)
{
    g_autofree uint8_t *buf = g_malloc((gsize)(count * SECTOR));
    g_autofree uint64_t *latest = g_new0(uint64_t, count);
    struct iovec iov = {buf, (size_t)count * SECTOR};
    for (int64_t i = 0; i < count; i++) { /* what is done by now must be seen */
        for (guint k = 0; k < g->of_sector[sector + i]->len; k++) {
            const Write *w = &g_array_index(g->writes, Write, g_array_index(g->of_sector[sector + i], uint32_t, k) - 1);
            latest[i] = w->kind != DISCARD && w->end ? MAX(latest[i], w->start) : latest[i];
        }
    }
    if (blk_co_preadv(g->blk, sector * SECTOR, &iov, 1, 0) < 0) {
        g->errors++;
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        g_autofree char *why = NULL;
        if (!may_hold(g, latest[i], g->log->clock, sector + i, buf + i * SECTOR, &why)) {
            g_error("reading: %s", why);
        }
    }
}

static void coroutine_fn one_request(Guest *g)
{
    int64_t sector = g_rand_int_range(g->rand, 0, (gint32)g->sectors);
    int64_t count = 1 + g_rand_int_range(g->rand, 0, 1 << g_rand_int_range(g->rand, 0, 7));
    if (g_rand_int_range(g->rand, 0, 8) == 0) {
        count = 1 + g_rand_int_range(g->rand, 0, (gint32)g->max_sectors);
    }
    count = MIN(MIN(count, g->max_sectors), g->sectors - sector);
    uint64_t start;
    switch (g_rand_int_range(g->rand, 0, 20)) {
    case 0: write_some(g, sector, count, true); break;
    case 1:
    case 2: {
        uint32_t number = begin_write(g, ZEROES, sector, count);
        int flags = g_rand_boolean(g->rand) ? BLOCK_REQ_MAY_UNMAP : 0;
        end_write(g, number, blk_co_write_zeroes(g->blk, sector * SECTOR, count * SECTOR, flags), false);
        break;
    }
    case 3: {
        uint32_t number = begin_write(g, DISCARD, sector, count);
        end_write(g, number, blk_co_discard(g->blk, sector * SECTOR, count * SECTOR), false);
        break;
    }
    case 4:
    case 5:
        start = fault_log_tick(g->log);
        if (blk_co_flush(g->blk) == 0) {
            guest_flushed(g, start, fault_log_tick(g->log));
        } else {
            g->errors++;
        }
        break;
    case 6:
    case 7: read_some(g, sector, count); break;
    default: write_some(g, sector, count, false); break;
    }
}

static void coroutine_fn worker(void *opaque)
{
    Guest *g = opaque;
    while (g->left) {
        g->left--;
        one_request(g);
    }
    g->running--;
}

void guest_run(Guest *g, BlockBackend *blk, EventLoop *loop, unsigned ops, unsigned workers, int64_t max_sectors)
{
    g->blk = blk;
    g->left = ops;
    g->running = workers;
    g->max_sectors = max_sectors;
    for (unsigned i = 0; i < workers; i++) {
        co_schedule(loop, co_create(worker, g));
    }
    while (g->running) {
        main_loop_wait(loop, true);
    }
}

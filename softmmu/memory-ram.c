/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RAM blocks: one memfd (or file) each, mapped shared, aligned so that huge pages can back it, with an inaccessible page
 * behind it. Per page a byte of dirty bits, and a bit that says whether translated code came from it.
 *
 * The table of blocks is read without a lock; the offsets of a machine's blocks never overlap and are never reused, so
 * that (ram_offset + offset in block) names a byte of RAM for good.
 */
#include "memory-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "util/bytes.h"
#include "util/rcu.h"

enum { HUGE_PAGE = 2 << 20 };

static unsigned long bitmap_words(uint64_t pages) { return (pages + 63) / 64; }

static bool host_can_hold(const char *name, uint64_t size, Error **errp)
{
    struct sysinfo si;
    if (sysinfo(&si) != 0) {
        return true;
    }
    uint64_t unit = si.mem_unit ? si.mem_unit : 1;
    uint64_t have = (uint64_t)si.totalram * unit + (uint64_t)si.totalswap * unit;
    if (size > have) {
        g_autofree char *want = g_format_size_full(size, G_FORMAT_SIZE_IEC_UNITS);
        g_autofree char *host = g_format_size_full(have, G_FORMAT_SIZE_IEC_UNITS);
        error_setg(errp, "cannot set up %s of guest memory for '%s': this host has %s of memory and swap", want, name, host);
        return false;
    }
    return true;
}

static int open_backing(const char *name, uint64_t size, const RamSource *src, Error **errp)
{
    if (!src || !src->path) {
        int fd = memfd_create(name, MFD_CLOEXEC);
        if (fd < 0) {
            error_setg_errno(errp, errno, "cannot create memory for '%s'", name);
        }
        return fd;
    }
    struct stat st;
    bool dir = stat(src->path, &st) == 0 && S_ISDIR(st.st_mode);
    int fd = dir ? open(src->path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : open(src->path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) {
        error_setg_errno(errp, errno, "cannot open '%s' as memory for '%s'", src->path, name);
        return -1;
    }
    if (fstat(fd, &st) == 0 && st.st_size && (uint64_t)st.st_size < size) {
        error_setg(errp, "file '%s' has %" PRIu64 " bytes, but '%s' needs %" PRIu64, src->path, (uint64_t)st.st_size, name, size);
        close(fd);
        return -1;
    }
    return fd;
}

/* Maps @fd at a multiple of the huge page size with a page behind it that faults. NULL with errno set. */
static uint8_t *map_aligned(int fd, uint64_t size, bool shared)
{
    uint64_t span;
    if (!add_u64(size, 2 * (uint64_t)HUGE_PAGE, &span) || span > SIZE_MAX / 2) {
        errno = ENOMEM;
        return NULL;
    }
    uint8_t *area = mmap(NULL, span, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (area == MAP_FAILED) {
        return NULL;
    }
    uint8_t *at = (uint8_t *)(((uintptr_t)area + HUGE_PAGE - 1) & ~((uintptr_t)HUGE_PAGE - 1));
    if (mmap(at, size, PROT_READ | PROT_WRITE, MAP_FIXED | (shared ? MAP_SHARED : MAP_PRIVATE), fd, 0) == MAP_FAILED) {
        int err = errno;
        munmap(area, span);
        errno = err;
        return NULL;
    }
    uint64_t guard = (uint64_t)sysconf(_SC_PAGESIZE);
    if (at > area) {
        munmap(area, at - area);
    }
    munmap(at + size + guard, area + span - (at + size + guard));
    return at;
}

static void ram_table_change(MemoryState *ms, RamBlock *add, RamBlock *remove)
{
    RamTable *old = ms->ram;
    RamTable *t = g_malloc0(sizeof(*t) + (old->count + 1) * sizeof(t->blocks[0]));
    for (unsigned i = 0; i < old->count; i++) {
        if (add && add->host < old->blocks[i]->host) {
            t->blocks[t->count++] = add;
            add = NULL;
        }
        if (old->blocks[i] != remove) {
            t->blocks[t->count++] = old->blocks[i];
        }
    }
    if (add) {
        t->blocks[t->count++] = add;
    }
    rcu_publish(ms->ram, t);
    rcu_defer(g_free, old);
}

RamBlock *ram_block_new(struct Machine *m, const char *name, uint64_t size, const RamSource *src, Error **errp)
{
    MemoryState *ms = memory_state(m);
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), mapped;
    if (!size || !align_up_u64(size, page, &mapped)) {
        error_setg(errp, "memory '%s' of %" PRIu64 " bytes cannot be made", name, size);
        return NULL;
    }
    if (!host_can_hold(name, size, errp)) {
        return NULL;
    }
    int fd = open_backing(name, mapped, src, errp);
    if (fd < 0) {
        return NULL;
    }
    struct stat st;
    bool fresh = fstat(fd, &st) == 0 && (uint64_t)st.st_size < mapped;
    bool shared = !src || !src->path || src->share;
    uint8_t *host = !fresh || ftruncate(fd, (off_t)mapped) == 0 ? map_aligned(fd, mapped, shared) : NULL;
    if (!host) {
        error_setg_errno(errp, errno, "cannot set up %" PRIu64 " bytes of guest memory for '%s'", size, name);
        close(fd);
        return NULL;
    }
    if (!src || !src->no_huge) {
        madvise(host, mapped, MADV_HUGEPAGE);
    }
    if (src && src->prealloc && fallocate(fd, 0, 0, (off_t)mapped) != 0) {
        error_setg_errno(errp, errno, "cannot preallocate %" PRIu64 " bytes of guest memory for '%s'", size, name);
        munmap(host, mapped + page);
        close(fd);
        return NULL;
    }
    RamBlock *rb = g_new0(RamBlock, 1);
    rb->name = g_strdup(name);
    rb->host = host;
    rb->size = mapped;
    rb->fd = fd;
    rb->dirty = g_malloc0(mapped >> GUEST_PAGE_BITS);
    rb->code_pages = g_new0(unsigned long, bitmap_words(mapped >> GUEST_PAGE_BITS));
    machine_lock(m);
    rb->ram_offset = ms->next_ram_offset;
    ms->next_ram_offset += (mapped + HUGE_PAGE - 1) & ~((uint64_t)HUGE_PAGE - 1);
    ram_table_change(ms, rb, NULL);
    machine_unlock(m);
    return rb;
}

static void ram_block_reclaim(void *opaque)
{
    RamBlock *rb = opaque;
    munmap(rb->host, rb->size + (uint64_t)sysconf(_SC_PAGESIZE));
    close(rb->fd);
    g_free(rb->name);
    g_free(rb->dirty);
    g_free(rb->code_pages);
    g_free(rb);
}

void ram_block_free(struct Machine *m, RamBlock *rb)
{
    machine_lock(m);
    ram_table_change(memory_state(m), NULL, rb);
    machine_unlock(m);
    rcu_defer(ram_block_reclaim, rb);
}

RamBlock *ram_block_from_host(struct Machine *m, const void *host, uint64_t *offset)
{
    const uint8_t *p = host;
    RamBlock *found = NULL;
    rcu_read_begin();
    const RamTable *t = rcu_read(memory_state(m)->ram);
    unsigned lo = 0, hi = t->count;
    while (lo < hi) {
        unsigned mid = lo + (hi - lo) / 2;
        RamBlock *rb = t->blocks[mid];
        if (p < rb->host) {
            hi = mid;
        } else if ((uint64_t)(p - rb->host) >= rb->size) {
            lo = mid + 1;
        } else {
            *offset = (uint64_t)(p - rb->host);
            found = rb;
            break;
        }
    }
    rcu_read_end();
    return found;
}

/* --- tracking of writes --- */

static bool has_code(const RamBlock *rb, uint64_t first, uint64_t last)
{
    for (uint64_t p = first; p <= last; p++) {
        if (__atomic_load_n(&rb->code_pages[p / 64], __ATOMIC_RELAXED) & (1ul << (p % 64))) {
            return true;
        }
    }
    return false;
}

void ram_written(struct Machine *m, RamBlock *rb, uint64_t offset, uint64_t len)
{
    if (!len || !range_within(offset, len, rb->size)) {
        return;
    }
    uint64_t first = offset >> GUEST_PAGE_BITS, last = (offset + len - 1) >> GUEST_PAGE_BITS;
    for (uint64_t p = first; p <= last; p++) {
        const uint8_t all = DIRTY_DISPLAY | DIRTY_MIGRATION;
        if ((__atomic_load_n(&rb->dirty[p], __ATOMIC_RELAXED) & all) != all) {
            __atomic_fetch_or(&rb->dirty[p], all, __ATOMIC_RELEASE);
        }
    }
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* the write, then the look at the bit: pairs with the translator's */
    if (!has_code(rb, first, last)) {
        return;
    }
    rcu_read_begin();
    const ListenerTable *t = rcu_read(memory_state(m)->listeners);
    for (unsigned i = 0; i < t->count; i++) {
        if (t->listeners[i]->code_written) {
            t->listeners[i]->code_written(t->listeners[i], rb, offset, len);
        }
    }
    rcu_read_end();
}

static void tell_dirty_log(struct Machine *m, RamBlock *rb)
{
    rcu_read_begin();
    const ListenerTable *t = rcu_read(memory_state(m)->listeners);
    for (unsigned i = 0; i < t->count; i++) {
        if (t->listeners[i]->dirty_log) {
            t->listeners[i]->dirty_log(t->listeners[i], rb);
        }
    }
    rcu_read_end();
}

void memory_set_dirty_log(MemoryRegion *mr, unsigned client, bool on)
{
    if (!mr->ram) {
        return;
    }
    machine_lock(mr->machine);
    uint8_t old = mr->dirty_log, now = on ? old | client : old & ~client;
    __atomic_store_n(&mr->dirty_log, now, __ATOMIC_RELEASE);
    if (now & ~old) {
        for (uint64_t p = 0; p < mr->ram->size >> GUEST_PAGE_BITS; p++) {
            __atomic_fetch_and(&mr->ram->dirty[p], (uint8_t)~client, __ATOMIC_RELAXED);
        }
        tell_dirty_log(mr->machine, mr->ram);
    }
    machine_unlock(mr->machine);
}

bool memory_dirty_fetch(MemoryRegion *mr, uint64_t offset, uint64_t len, unsigned client, unsigned long *bitmap)
{
    RamBlock *rb = mr->ram;
    uint64_t first = offset >> GUEST_PAGE_BITS;
    if (!rb || !len || !range_within(offset, len, rb->size)) {
        return false;
    }
    uint64_t pages = ((offset + len - 1) >> GUEST_PAGE_BITS) - first + 1;
    memset(bitmap, 0, bitmap_words(pages) * sizeof(*bitmap));
    bool any = false;
    for (uint64_t i = 0; i < pages; i++) {
        uint8_t *d = &rb->dirty[first + i];
        if ((__atomic_load_n(d, __ATOMIC_RELAXED) & client) && (__atomic_fetch_and(d, (uint8_t)~client, __ATOMIC_ACQ_REL) & client)) {
            bitmap[i / 64] |= 1ul << (i % 64);
            any = true;
        }
    }
    if (any) {
        tell_dirty_log(mr->machine, rb); /* the next write must be seen again */
    }
    return any;
}

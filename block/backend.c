/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Backends: what a device or tool holds of the graph. Made from -drive or found by node name; requests with completion callbacks are
 * coroutines; statistics for `info block`.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "graph-internal.h"
#include "util/bytes.h"

void blk_free(BlockBackend *blk)
{
    if (blk) {
        block_node_unref(blk->root);
        option_set_free(blk->drive);
        g_free(blk->interface);
        g_free(blk->device_name);
        g_free(blk->name);
        g_free(blk);
    }
}

/* --- options --- */
static bool read_cache(const char *mode, BlockOpen *flags, Error **errp)
{
    static const char *const names[] = {"writeback", "none", "off", "writethrough", "directsync", "unsafe", NULL};
    if (!mode || !strcmp(mode, "writeback")) {
        return true;
    }
    if (!strcmp(mode, "none") || !strcmp(mode, "off")) {
        flags->direct = true;
    } else if (!strcmp(mode, "writethrough")) {
        flags->writethrough = true;
    } else if (!strcmp(mode, "directsync")) {
        flags->direct = flags->writethrough = true;
    } else if (!strcmp(mode, "unsafe")) {
        flags->no_flush = true;
    } else {
        const char *near = suggest_nearest(mode, names);
        error_setg(errp, "invalid cache mode '%s'", mode);
        error_append_hint(errp, "Modes are writeback, none, writethrough, directsync, unsafe.%s%s%s", near ? " Did you mean '" : "",
                          near ? near : "", near ? "'?" : "");
        return false;
    }
    return true;
}

static bool read_choice(OptionSet *opts, const char *key, const char *const *names, int *out, Error **errp)
{
    const char *text = option_get(opts, key);
    *out = 0;
    for (int i = 0; text && names[i]; i++) {
        if (!strcmp(names[i], text)) {
            *out = i;
            return true;
        }
    }
    if (text) {
        const char *near = suggest_nearest(text, names);
        error_setg(errp, "invalid value '%s' for option '%s'", text, key);
        if (near) {
            error_append_hint(errp, "Did you mean '%s'?", near);
        }
    }
    return !text;
}

bool block_read_flags(OptionSet *opts, BlockOpen *flags, Error **errp)
{
    static const char *const aio[] = {"threads", "io_uring", "native", NULL};
    static const char *const discard[] = {"ignore", "unmap", "off", "on", NULL};
    int aio_kind, discard_kind;
    bool readonly, direct, no_flush, locking;
    if (!read_cache(option_get(opts, "cache"), flags, errp) || !read_choice(opts, "aio", aio, &aio_kind, errp) ||
        !read_choice(opts, "discard", discard, &discard_kind, errp) || !option_get_bool(opts, "cache.direct", flags->direct, &direct, errp) ||
        !option_get_bool(opts, "cache.no-flush", flags->no_flush, &no_flush, errp) ||
        !option_get_bool(opts, option_has(opts, "readonly") ? "readonly" : "read-only", false, &readonly, errp) ||
        !option_get_bool(opts, "locking", true, &locking, errp)) {
        return false;
    }
    if (aio_kind == 2) {
        error_setg(errp, "aio=native (libaio) is not there yet; use aio=io_uring or aio=threads");
        return false;
    }
    flags->uring = aio_kind == 1;
    flags->discard = discard_kind == 1 || discard_kind == 3;
    flags->direct = direct;
    flags->no_flush = no_flush;
    flags->readonly |= readonly;
    flags->locking_off = !locking;
    return true;
}

static unsigned free_index(BlockGraph *g, const char *interface)
{
    for (unsigned index = 0;; index++) {
        bool taken = false;
        for (unsigned i = 0; i < g->backends->len; i++) {
            const BlockBackend *b = g_ptr_array_index(g->backends, i);
            taken |= b->interface && !strcmp(b->interface, interface) && b->index == index;
        }
        if (!taken) {
            return index;
        }
    }
}

static bool name_taken(BlockGraph *g, const char *name)
{
    for (unsigned i = 0; i < g->backends->len; i++) {
        if (!strcmp(((BlockBackend *)g_ptr_array_index(g->backends, i))->name, name)) {
            return true;
        }
    }
    return g_hash_table_contains(g->nodes, name);
}

static void copy_option(const char *key, const char *value, void *opaque)
{
    option_set_put(opaque, key, value);
}

static const char *const drive_keys[] = {"file", "format", "if", "id", "media", "index", "unit", "bus", "readonly", "read-only", "cache", "cache.direct",
                                         "cache.no-flush", "aio", "discard", "snapshot", "werror", "rerror", "serial", "locking", "offset", "size",
                                         "detect-zeroes", "driver", "file.filename", "file.driver", "bootindex", "copy-on-read", NULL};

/* What is accepted and has its default meaning only. */
static bool check_unsupported(OptionSet *opts, Error **errp)
{
    const char *zeroes = option_get(opts, "detect-zeroes");
    if (zeroes && strcmp(zeroes, "off") != 0) {
        error_setg(errp, "-drive: detect-zeroes=%s is not there yet", zeroes);
        return false;
    }
    const char *cor = option_get(opts, "copy-on-read");
    if (cor && strcmp(cor, "off") != 0) {
        error_setg(errp, "-drive: copy-on-read=%s is not there yet", cor);
        return false;
    }
    static const char *const passive[] = {"werror", "rerror", "serial", "bus", "unit", "bootindex", "file.driver"};
    for (unsigned i = 0; i < G_N_ELEMENTS(passive); i++) {
        option_mark_used(opts, passive[i]);
    }
    return true;
}

BlockBackend *blk_new_from_drive(BlockGraph *g, OptionSet *opts, Error **errp)
{
    BlockOpen flags = {0};
    const char *path = option_get(opts, "file"), *id = option_get(opts, "id"), *media = option_get(opts, "media");
    const char *interface = option_get(opts, "if");
    uint64_t index;
    interface = interface ? interface : "virtio";
    path = path ? path : option_get(opts, "file.filename");
    bool snapshot, cdrom = g_strcmp0(media, "cdrom") == 0, empty = !path || !*path;
    if (empty && !cdrom && strcmp(interface, "floppy") != 0) {
        error_setg(errp, "-drive: option 'file' is missing (only CD-ROM and floppy drives can be empty)");
        return NULL;
    }
    if (media && !cdrom && strcmp(media, "disk") != 0) {
        error_setg(errp, "-drive: media=%s is neither disk nor cdrom", media);
        return NULL;
    }
    flags.readonly = cdrom;
    const char *format = option_get(opts, "format");
    const char *driver = option_get(opts, "driver");
    format = format ? format : driver;
    if (!check_unsupported(opts, errp) || !option_get_bool(opts, "snapshot", false, &snapshot, errp) || !block_read_flags(opts, &flags, errp) ||
        !option_get_u64(opts, option_has(opts, "index") ? "index" : "unit", free_index(g, interface), &index, errp)) {
        return NULL;
    }
    g_autofree char *name = id ? g_strdup(id) : g_strdup_printf("%s%" G_GUINT64_FORMAT, interface, index);
    if (name_taken(g, name)) {
        error_setg(errp, "-drive: id '%s' is taken already", name);
        return NULL;
    }
    OptionSet *drive = option_set_new();
    option_foreach(opts, copy_option, drive);
    snapshot = snapshot && !flags.readonly;
    flags.readonly |= snapshot;
    BlockNode *root = empty ? NULL : block_open_file(g, path, format, &flags, opts, errp);
    if ((!root && !empty) || !option_check_unused(opts, "-drive", drive_keys, errp)) {
        block_node_unref(root);
        option_set_free(drive);
        return NULL;
    }
    if (snapshot && root && !(root = block_overlay_new(g, root, errp))) {
        option_set_free(drive);
        return NULL;
    }
    BlockBackend *blk = g_new0(BlockBackend, 1);
    blk->graph = g;
    blk->name = g_steal_pointer(&name);
    blk->root = root;
    blk->drive = drive;
    blk->interface = g_strdup(interface);
    blk->index = (unsigned)index;
    blk->cdrom = cdrom;
    g_ptr_array_add(g->backends, blk);
    return blk;
}

BlockBackend *blk_find(BlockGraph *g, const char *name, Error **errp)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (unsigned i = 0; i < g->backends->len; i++) {
        BlockBackend *blk = g_ptr_array_index(g->backends, i);
        if (!strcmp(blk->name, name)) {
            return blk;
        }
        g_ptr_array_add(names, blk->name);
    }
    BlockNode *node = g_hash_table_lookup(g->nodes, name);
    if (node) {
        BlockBackend *blk = g_new0(BlockBackend, 1);
        blk->graph = g;
        blk->name = g_strdup(name);
        blk->root = block_node_ref(node);
        g_ptr_array_add(g->backends, blk);
        return blk;
    }
    g_ptr_array_add(names, NULL);
    const char *near = suggest_nearest(name, (const char *const *)names->pdata);
    error_setg(errp, "drive '%s' not found", name);
    if (near) {
        error_append_hint(errp, "Did you mean '%s'?", near);
    }
    return NULL;
}

bool blk_attach_device(BlockBackend *blk, void *dev, const char *dev_name, Error **errp)
{
    if (blk->device) {
        error_setg(errp, "drive '%s' is used by device '%s' already", blk->name, blk->device_name);
        return false;
    }
    blk->device = dev;
    blk->device_name = g_strdup(dev_name);
    return true;
}

void blk_detach_device(BlockBackend *blk, void *dev)
{
    if (blk->device == dev) {
        blk_drain(blk);
        blk->device = NULL;
        g_clear_pointer(&blk->device_name, g_free);
    }
}

const char *blk_name(const BlockBackend *blk) { return blk->name; }
int64_t blk_length(BlockBackend *blk) { return blk->root ? block_node_length(blk->root) : -ENOMEDIUM; }
bool blk_is_readonly(BlockBackend *blk) { return !blk->root || blk->root->flags.readonly; }
bool blk_is_cdrom(BlockBackend *blk) { return blk->cdrom; }
unsigned blk_request_alignment(BlockBackend *blk) { return blk->root ? MAX(blk->root->alignment, 512u) : 512; }
EventLoop *blk_loop(BlockBackend *blk) { return blk->graph->loop; }
struct OptionSet *blk_drive_options(BlockBackend *blk) { return blk->drive; }

static gint by_index(gconstpointer a, gconstpointer b)
{
    const BlockBackend *x = *(BlockBackend *const *)a, *y = *(BlockBackend *const *)b;
    return x->index < y->index ? -1 : x->index > y->index;
}

BlockBackend **blk_list_unclaimed(BlockGraph *g, const char *interface)
{
    GPtrArray *out = g_ptr_array_new();
    for (unsigned i = 0; i < g->backends->len; i++) {
        BlockBackend *blk = g_ptr_array_index(g->backends, i);
        if (blk->interface && !strcmp(blk->interface, interface) && !blk->device) {
            g_ptr_array_add(out, blk);
        }
    }
    g_ptr_array_sort(out, by_index);
    g_ptr_array_add(out, NULL);
    return (BlockBackend **)g_ptr_array_free(out, FALSE);
}

/* --- requests --- */
/* A device keeps within its disk, whatever the node below would take (a file grows). */
static bool in_bounds(BlockBackend *blk, int64_t offset, int64_t len)
{
    int64_t total = blk_length(blk);
    return offset >= 0 && len >= 0 && total >= 0 && range_within((uint64_t)offset, (uint64_t)len, (uint64_t)total);
}

static int coroutine_fn finish(BlockBackend *blk, int ret, bool wrote, int flags)
{
    if (ret == 0 && wrote && (blk->root->flags.writethrough || flags & BLOCK_REQ_FUA)) {
        ret = node_co_flush(blk->root);
    }
    blk->errors += ret < 0;
    return ret;
}

int coroutine_fn blk_co_preadv(BlockBackend *blk, int64_t offset, const struct iovec *iov, int iovcnt, int flags)
{
    int64_t len = iov_length(iov, iovcnt);
    blk->reads++;
    blk->read_bytes += (uint64_t)len;
    return finish(blk, in_bounds(blk, offset, len) ? node_co_preadv(blk->root, offset, iov, iovcnt) : -EIO, false, flags);
}

int coroutine_fn blk_co_pwritev(BlockBackend *blk, int64_t offset, const struct iovec *iov, int iovcnt, int flags)
{
    int64_t len = iov_length(iov, iovcnt);
    blk->writes++;
    blk->written_bytes += (uint64_t)len;
    return finish(blk, in_bounds(blk, offset, len) ? node_co_pwritev(blk->root, offset, iov, iovcnt) : -EIO, true, flags);
}

int coroutine_fn blk_co_flush(BlockBackend *blk)
{
    blk->flushes++;
    return finish(blk, blk->root ? node_co_flush(blk->root) : -ENOMEDIUM, false, 0);
}

int coroutine_fn blk_co_discard(BlockBackend *blk, int64_t offset, int64_t len)
{
    return finish(blk, in_bounds(blk, offset, len) ? node_co_discard(blk->root, offset, len) : -EIO, true, 0);
}

int coroutine_fn blk_co_write_zeroes(BlockBackend *blk, int64_t offset, int64_t len, int flags)
{
    int ret = in_bounds(blk, offset, len) ? node_co_write_zeroes(blk->root, offset, len, flags & BLOCK_REQ_MAY_UNMAP) : -EIO;
    return finish(blk, ret, true, flags);
}

typedef enum AsyncKind { ASYNC_READ, ASYNC_WRITE, ASYNC_FLUSH, ASYNC_DISCARD, ASYNC_ZERO } AsyncKind;
typedef struct Async {
    AsyncKind kind;
    BlockBackend *blk;
    int64_t offset, len;
    const struct iovec *iov;
    int iovcnt, flags;
    BlkDone *done;
    void *opaque;
} Async;

static void coroutine_fn async_entry(void *opaque)
{
    Async a = *(Async *)opaque;
    int ret = -ENOTSUP;
    g_free(opaque);
    switch (a.kind) {
    case ASYNC_READ: ret = blk_co_preadv(a.blk, a.offset, a.iov, a.iovcnt, a.flags); break;
    case ASYNC_WRITE: ret = blk_co_pwritev(a.blk, a.offset, a.iov, a.iovcnt, a.flags); break;
    case ASYNC_FLUSH: ret = blk_co_flush(a.blk); break;
    case ASYNC_DISCARD: ret = blk_co_discard(a.blk, a.offset, a.len); break;
    case ASYNC_ZERO: ret = blk_co_write_zeroes(a.blk, a.offset, a.len, a.flags); break;
    }
    __atomic_sub_fetch(&a.blk->in_flight, 1, __ATOMIC_RELEASE); /* before, for the callback may drain */
    a.done(a.opaque, ret);
}

/* In the loop's own callbacks at once; from anywhere else (a vCPU thread that holds the machine lock) in the loop's next turn. */
static void start(Async a)
{
    EventLoop *loop = blk_loop(a.blk);
    Coroutine *co = co_create(async_entry, g_memdup2(&a, sizeof(a)));
    __atomic_add_fetch(&a.blk->in_flight, 1, __ATOMIC_RELAXED);
    if (event_loop_current() == loop) {
        co_enter(co);
    } else {
        co_schedule(loop, co);
    }
}

void blk_aio_preadv(BlockBackend *blk, int64_t offset, const struct iovec *iov, int iovcnt, int flags, BlkDone *done, void *opaque)
{
    start((Async){ASYNC_READ, blk, offset, 0, iov, iovcnt, flags, done, opaque});
}

void blk_aio_pwritev(BlockBackend *blk, int64_t offset, const struct iovec *iov, int iovcnt, int flags, BlkDone *done, void *opaque)
{
    start((Async){ASYNC_WRITE, blk, offset, 0, iov, iovcnt, flags, done, opaque});
}

void blk_aio_flush(BlockBackend *blk, BlkDone *done, void *opaque)
{
    start((Async){ASYNC_FLUSH, blk, 0, 0, NULL, 0, 0, done, opaque});
}

void blk_aio_discard(BlockBackend *blk, int64_t offset, int64_t len, BlkDone *done, void *opaque)
{
    start((Async){ASYNC_DISCARD, blk, offset, len, NULL, 0, 0, done, opaque});
}

void blk_aio_write_zeroes(BlockBackend *blk, int64_t offset, int64_t len, int flags, BlkDone *done, void *opaque)
{
    start((Async){ASYNC_ZERO, blk, offset, len, NULL, 0, flags, done, opaque});
}

/* --- from outside a coroutine --- */
static int coroutine_fn sync_entry(void *opaque)
{
    Async *a = opaque;
    switch (a->kind) {
    case ASYNC_READ: return blk_co_preadv(a->blk, a->offset, a->iov, a->iovcnt, a->flags);
    case ASYNC_WRITE: return blk_co_pwritev(a->blk, a->offset, a->iov, a->iovcnt, a->flags);
    default: return blk_co_flush(a->blk);
    }
}

static int run_sync(Async a)
{
    return block_run_coroutine(a.blk->graph->loop, sync_entry, &a);
}

int blk_pread(BlockBackend *blk, int64_t offset, void *buf, int64_t len)
{
    struct iovec iov = {.iov_base = buf, .iov_len = (size_t)len};
    return run_sync((Async){ASYNC_READ, blk, offset, 0, &iov, 1, 0, NULL, NULL});
}

int blk_pwrite(BlockBackend *blk, int64_t offset, const void *buf, int64_t len, int flags)
{
    struct iovec iov = {.iov_base = (void *)(uintptr_t)buf, .iov_len = (size_t)len};
    return run_sync((Async){ASYNC_WRITE, blk, offset, 0, &iov, 1, flags, NULL, NULL});
}

int blk_flush(BlockBackend *blk)
{
    return run_sync((Async){ASYNC_FLUSH, blk, 0, 0, NULL, 0, 0, NULL, NULL});
}

void blk_drain(BlockBackend *blk)
{
    if (blk->root) { /* without a medium requests end where they begin */
        block_node_drain(blk->root, &blk->in_flight);
    }
}

void block_graph_flush_all(BlockGraph *g)
{
    for (unsigned i = 0; i < g->backends->len; i++) {
        BlockBackend *blk = g_ptr_array_index(g->backends, i);
        blk_drain(blk);
        int ret = blk->root ? blk_flush(blk) : 0;
        if (ret < 0) {
            error_report("cannot flush drive '%s': %s", blk->name, g_strerror(-ret));
        }
    }
}

void block_print_info(BlockGraph *g, FILE *out)
{
    for (unsigned i = 0; i < g->backends->len; i++) {
        const BlockBackend *blk = g_ptr_array_index(g->backends, i);
        if (!blk->root) {
            fprintf(out, "%s: [not inserted]\n", blk->name);
            fprintf(out, "    Attached to:      %s\n", blk->device_name ? blk->device_name : "nothing");
            continue;
        }
        fprintf(out, "%s: %s (%s%s)\n", blk->name, blk->root->filename, blk->root->driver->name, blk->root->flags.readonly ? ", read-only" : "");
        fprintf(out, "    Attached to:      %s\n", blk->device_name ? blk->device_name : "nothing");
        fprintf(out, "    Cache mode:       %s%s\n", blk->root->flags.writethrough ? "writethrough" : "writeback", blk->root->flags.direct ? ", direct" : "");
        fprintf(out, "    Requests:         %" PRIu64 " reads (%" PRIu64 " bytes), %" PRIu64 " writes (%" PRIu64 " bytes), %" PRIu64 " flushes, %" PRIu64 " errors\n",
                blk->reads, blk->read_bytes, blk->writes, blk->written_bytes, blk->flushes, blk->errors);
    }
}

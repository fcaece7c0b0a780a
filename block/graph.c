/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The graph: nodes by name, opening a format over a file, probing. A writable image is never probed as raw without a word: the guest could turn it into
 * another format by writing a header (robustness rule 10), so raw has to be named; until it is, the image is read only.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "graph-internal.h"

enum { PROBE_BYTES = 2048, BACKING_DEPTH_MAX = 64 };

REGISTRY_OWN(block_driver);

const BlockDriver *const *block_driver_list(size_t *count)
{
    return (const BlockDriver *const *)REGISTRY_SORTED(block_driver, count);
}

const BlockDriver *block_driver_find(const char *name)
{
    size_t count;
    const void *const *all = (const void *const *)block_driver_list(&count);
    return registry_find(all, count, name);
}

static const BlockDriver *find_format(const char *name, Error **errp)
{
    static const char *const later[] = {"qcow", "qed", "vmdk", "vdi", "vpc", "vhdx", "luks", "parallels", "dmg", "cloop", "bochs", "vvfat", "nbd",
                                        "http", "https", "ssh", "null-co", "throttle", "copy-on-read", "blkdebug", NULL};
    const BlockDriver *drv = block_driver_find(name);
    if (drv) {
        return drv;
    }
    for (const char *const *l = later; *l; l++) {
        if (!strcmp(*l, name)) {
            error_setg(errp, "image format or protocol '%s' is not there yet", name);
            return NULL;
        }
    }
    size_t count;
    const BlockDriver *const *all = block_driver_list(&count);
    g_autofree const char **names = g_new0(const char *, count + 1);
    for (size_t i = 0; i < count; i++) {
        names[i] = all[i]->name;
    }
    const char *near = suggest_nearest(name, names);
    error_setg(errp, "unknown driver '%s'", name);
    if (near) {
        error_append_hint(errp, "Did you mean '%s'?", near);
    }
    return NULL;
}

BlockGraph *block_graph_new(EventLoop *loop)
{
    BlockGraph *g = g_new0(BlockGraph, 1);
    g->loop = loop;
    g->nodes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)block_node_unref);
    g->backends = g_ptr_array_new_with_free_func((GDestroyNotify)blk_free);
    return g;
}

void block_graph_free(BlockGraph *g)
{
    if (g) {
        g_ptr_array_free(g->backends, TRUE);
        g_hash_table_destroy(g->nodes);
        g_free(g);
    }
}

BlockNode *block_node_new(BlockGraph *g, const BlockDriver *drv, const char *name, const BlockOpen *flags)
{
    BlockNode *n = g_new0(BlockNode, 1);
    n->driver = drv;
    n->graph = g;
    n->loop = g->loop;
    n->name = g_strdup(name);
    n->flags = *flags;
    n->refs = 1;
    n->alignment = 1;
    n->state = g_malloc0(MAX(drv->state_size, (size_t)1));
    return n;
}

BlockNode *block_node_find(BlockGraph *g, const char *name)
{
    return g_hash_table_lookup(g->nodes, name);
}

BlockNode *block_node_ref(BlockNode *n)
{
    n->refs++;
    return n;
}

static void free_unopened(BlockNode *n)
{
    block_node_unref(n->file);
    block_node_unref(n->backing);
    g_free(n->state);
    g_free(n->name);
    g_free(n->filename);
    g_free(n);
}

void block_node_unref(BlockNode *n)
{
    if (!n || --n->refs) {
        return;
    }
    n->refs = 1; /* flushing must not close it again */
    if (!block_node_drain(n, NULL)) {
        return; /* from a foreign thread: better kept for ever than freed under those that use it */
    }
    int ret = node_flush(n);
    if (ret < 0) {
        error_report("cannot flush '%s': %s", n->filename ? n->filename : n->driver->name, g_strerror(-ret));
    }
    if (n->driver->close) {
        n->driver->close(n);
    }
    free_unopened(n);
}

int64_t block_node_length(BlockNode *n)
{
    return n->driver->length(n);
}

static BlockNode *open_driver(BlockGraph *g, const BlockDriver *drv, const char *name, BlockNode *file, const BlockOpen *flags,
                              OptionSet *opts, Error **errp)
{
    BlockNode *n = block_node_new(g, drv, name, flags);
    n->file = file;
    n->filename = g_strdup(file ? file->filename : NULL);
    if (!drv->open(n, opts, errp)) {
        free_unopened(n);
        return NULL;
    }
    return n;
}

static const BlockDriver *probe(BlockNode *file, Error **errp)
{
    uint8_t data[PROBE_BYTES] = {0};
    int64_t len = MIN(block_node_length(file), (int64_t)sizeof(data));
    int ret = len > 0 ? node_pread(file, 0, data, len) : 0;
    if (ret < 0) {
        error_setg_errno(errp, -ret, "cannot read '%s'", file->filename);
        return NULL;
    }
    const BlockDriver *best = NULL;
    int best_score = 0;
    size_t count;
    const BlockDriver *const *all = block_driver_list(&count);
    for (size_t i = 0; i < count; i++) {
        int score = all[i]->probe ? all[i]->probe(data, (size_t)MAX(len, 0)) : 0;
        if (score > best_score) {
            best = all[i];
            best_score = score;
        }
    }
    return best ? best : block_driver_find("raw");
}

BlockNode *block_open_file(BlockGraph *g, const char *filename, const char *format, const BlockOpen *flags, OptionSet *opts, Error **errp)
{
    if (flags->depth > BACKING_DEPTH_MAX) {
        error_setg(errp, "'%s': backing files are nested more than %d deep", filename, BACKING_DEPTH_MAX);
        return NULL;
    }
    const BlockDriver *drv = format ? find_format(format, errp) : NULL;
    if (format && !drv) {
        return NULL;
    }
    g_autoptr(OptionSet) file_opts = option_set_new();
    option_set_put(file_opts, "filename", filename);
    BlockNode *file = open_driver(g, block_driver_find("file"), NULL, NULL, flags, file_opts, errp);
    if (!file || drv == file->driver) {
        return file;
    }
    BlockOpen own = *flags;
    if (!drv) {
        drv = probe(file, errp);
        if (drv && !strcmp(drv->name, "raw") && !flags->readonly) {
            warn_report("Image format was not specified for '%s' and probing guessed raw: the start of the image is read only, because a guest that "
                        "writes there could turn it into another format. Specify format=raw to allow it.", filename);
            option_set_put(opts, "mimic-protect-header", "on");
        }
    }
    BlockNode *n = drv ? open_driver(g, drv, NULL, file, &own, opts, errp) : NULL;
    if (!drv) {
        block_node_unref(file);
    }
    return n;
}

/* --- -blockdev --- */
typedef struct SubOptions {
    const char *prefix;
    OptionSet *out;
    bool any;
} SubOptions;

static void take_sub(const char *key, const char *value, void *opaque)
{
    SubOptions *s = opaque;
    size_t len = strlen(s->prefix);
    if (!strncmp(key, s->prefix, len) && key[len] == '.') {
        option_set_put(s->out, key + len + 1, value);
        s->any = true;
    }
}

static BlockNode *node_from_options(BlockGraph *g, OptionSet *opts, int depth, Error **errp);

/* "file": a node name or file.* options. */
static BlockNode *child_from_options(BlockGraph *g, OptionSet *opts, const char *key, int depth, Error **errp)
{
    const char *name = option_get(opts, key);
    if (name) {
        BlockNode *n = g_hash_table_lookup(g->nodes, name);
        if (!n) {
            error_setg(errp, "-blockdev: there is no node '%s'", name);
        }
        return n ? block_node_ref(n) : NULL;
    }
    g_autoptr(OptionSet) sub = option_set_new();
    SubOptions s = {.prefix = key, .out = sub};
    option_foreach(opts, take_sub, &s);
    if (!s.any) {
        error_setg(errp, "-blockdev: option '%s' is missing", key);
        return NULL;
    }
    return node_from_options(g, sub, depth + 1, errp);
}

static BlockNode *node_from_options(BlockGraph *g, OptionSet *opts, int depth, Error **errp)
{
    const char *driver = option_get(opts, "driver");
    if (!driver || depth > 16) {
        error_setg(errp, driver ? "-blockdev: options are nested too deeply" : "-blockdev: option 'driver' is missing");
        return NULL;
    }
    const BlockDriver *drv = find_format(driver, errp);
    BlockOpen flags = {0};
    if (!drv || !block_read_flags(opts, &flags, errp)) {
        return NULL;
    }
    BlockNode *file = NULL;
    if (!drv->is_protocol && !(file = child_from_options(g, opts, "file", depth, errp))) {
        return NULL;
    }
    if (file && file->flags.readonly) {
        flags.readonly = true;
    }
    return open_driver(g, drv, option_get(opts, "node-name"), file, &flags, opts, errp);
}

bool block_node_create(BlockGraph *g, OptionSet *opts, Error **errp)
{
    const char *name = option_get(opts, "node-name");
    if (!name) {
        error_setg(errp, "-blockdev: option 'node-name' is missing");
        return false;
    }
    if (g_hash_table_contains(g->nodes, name)) {
        error_setg(errp, "-blockdev: node name '%s' is taken already", name);
        return false;
    }
    BlockNode *n = node_from_options(g, opts, 0, errp);
    if (n) {
        g_hash_table_insert(g->nodes, g_strdup(name), n);
    }
    return n;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Character devices as objects: the base type, the container, making one from options, finding, removing and listing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "chardev-internal.h"

#define CONTAINER "chardevs"
#define TYPE_CHARDEVS "chardev-container"

typedef struct ChardevContainer {
    Object obj;
    EventLoop *loop;
    const ChardevHooks *hooks;
    void *opaque;
    uint8_t escape;
} ChardevContainer;

static const TypeRecord container_type = {.name = TYPE_CHARDEVS, .parent = "container", .instance_size = sizeof(ChardevContainer)};
TYPE_REGISTER(container_type);

static const Field base_fields[] = {
    FIELD(Chardev, mux, FIELD_BOOL, "mux", FIELD_PROP, .help = "several front ends share it; Ctrl-A c goes from one to the next"),
    FIELD(Chardev, logfile, FIELD_STRING, "logfile", FIELD_PROP, .help = "a copy of all output goes to this file"),
    FIELD(Chardev, logappend, FIELD_BOOL, "logappend", FIELD_PROP, .help = "append to the logfile"),
    FIELD_END,
};

static void base_init(Object *obj)
{
    Chardev *c = CHARDEV(obj);
    c->in_fd = c->out_fd = c->out_known = c->watched_in = c->watched_out = c->log_fd = -1;
    c->focus = -1;
    c->line_start = true;
    c->queue = g_byte_array_new();
    c->passed = g_new0(int, FDS_MAX);
}

static void base_finalize(Object *obj)
{
    Chardev *c = CHARDEV(obj);
    if (c->work) {
        bh_delete(c->work);
    }
    for (int i = 0; i < CHARDEV_MUX_MAX; i++) {
        if (c->typed[i]) {
            g_byte_array_unref(c->typed[i]);
        }
    }
    for (int i = 0; i < c->passed_count; i++) {
        close(c->passed[i]);
    }
    g_free(c->passed);
    g_byte_array_unref(c->queue);
    if (c->log_fd >= 0) {
        close(c->log_fd);
    }
}

static const TypeRecord chardev_type = {
    .name = TYPE_CHARDEV,
    .parent = "object",
    .help = "host end of a character device",
    .instance_size = sizeof(Chardev),
    .abstract = true,
    .fields = base_fields,
    .init = base_init,
    .finalize = base_finalize,
};
TYPE_REGISTER(chardev_type);

/* --- the container --- */

void chardevs_init(Object *root, EventLoop *loop, const ChardevHooks *hooks, void *opaque)
{
    ChardevContainer *cc = (ChardevContainer *)object_new(TYPE_CHARDEVS);
    cc->loop = loop;
    cc->hooks = hooks;
    cc->opaque = opaque;
    cc->escape = MUX_ESCAPE_DEFAULT;
    object_add_child(root, CONTAINER, OBJECT(cc));
    object_unref(OBJECT(cc));
}

static ChardevContainer *container(Object *root) { return (ChardevContainer *)object_get_child(root, CONTAINER); }

void chardevs_set_escape(Object *root, uint8_t ch) { container(root)->escape = ch; }

static void collect(Object *child, void *opaque) { g_ptr_array_add(opaque, child); }

void chardevs_shutdown(Object *root)
{
    ChardevContainer *cc = container(root);
    if (cc) {
        g_autoptr(GPtrArray) all = g_ptr_array_new();
        object_foreach_child(OBJECT(cc), collect, all);
        for (unsigned i = 0; i < all->len; i++) {
            Chardev *c = all->pdata[i];
            for (int f = 0; f < CHARDEV_MUX_MAX; f++) {
                if (c->front[f]) {
                    char_frontend_flush(c->front[f], 1000);
                    break;
                }
            }
            object_remove_from_parent(OBJECT(c));
        }
    }
    chardev_restore_terminal();
}

/* --- making --- */

static const TypeRecord *backend_type(const char *name, Error **errp)
{
    static const char *const other_names[][2] = {{"memory", "ringbuf"}, {"tty", "serial"}, {NULL, NULL}};
    for (int i = 0; other_names[i][0]; i++) {
        name = !strcmp(name, other_names[i][0]) ? other_names[i][1] : name;
    }
    g_autofree const TypeRecord **types = type_list(TYPE_CHARDEV, false);
    g_autoptr(GPtrArray) known = g_ptr_array_new();
    for (const TypeRecord **t = types; *t; t++) {
        const ChardevClass *cls = type_class(*t, TYPE_CHARDEV);
        if (!strcmp(cls->backend, name)) {
            return *t;
        }
        g_ptr_array_add(known, (gpointer)cls->backend);
    }
    g_ptr_array_add(known, NULL);
    error_set_unknown(errp, name, (const char *const *)known->pdata, "there is no character device backend '%s' (-chardev help lists them)", name);
    return NULL;
}

static bool open_log(Chardev *c, Error **errp)
{
    if (c->logfile) {
        c->log_fd = open(c->logfile, O_WRONLY | O_CREAT | O_CLOEXEC | (c->logappend ? O_APPEND : O_TRUNC), 0644);
        if (c->log_fd < 0) {
            error_setg_errno(errp, errno, "cannot open logfile '%s'", c->logfile);
            return false;
        }
    }
    return true;
}

Chardev *chardev_create(Object *root, OptionSet *opts, Error **errp)
{
    ERRP_GUARD();
    ChardevContainer *cc = container(root);
    const char *id = option_get(opts, "id"), *backend = option_get(opts, "backend");
    if (!backend) {
        error_setg(errp, "-chardev needs a backend (-chardev stdio,id=char0; -chardev help lists them)");
        return NULL;
    }
    const TypeRecord *type = backend_type(backend, errp);
    if (!type) {
        return NULL;
    }
    if (!id) {
        error_setg(errp, "-chardev %s needs an id (id=char0)", backend);
        return NULL;
    }
    if (!option_check_id(id, errp)) {
        return NULL;
    }
    if (object_get_child(OBJECT(cc), id)) {
        error_setg(errp, "there is a character device with id '%s' already", id);
        return NULL;
    }
    Chardev *c = (Chardev *)object_new(type->name);
    c->loop = cc->loop;
    c->hooks = cc->hooks;
    c->hooks_opaque = cc->opaque;
    c->escape_char = cc->escape;
    c->work = bh_new(c->loop, chardev_work, c);
    object_add_child(OBJECT(cc), id, OBJECT(c));
    object_unref(OBJECT(c)); /* the tree's now */
    if (!object_set_options(OBJECT(c), opts, errp) || !open_log(c, errp) || !object_realize(OBJECT(c), errp)) {
        error_prepend(errp, "chardev '%s': ", id);
        object_remove_from_parent(OBJECT(c));
        return NULL;
    }
    return c;
}

/* --- finding --- */

Chardev *chardev_find(Object *root, const char *id)
{
    ChardevContainer *cc = container(root);
    return cc ? (Chardev *)object_get_child(OBJECT(cc), id) : NULL;
}

Chardev *chardev_find_error(Object *root, const char *id, Error **errp)
{
    Chardev *c = chardev_find(root, id);
    if (!c) {
        g_autoptr(GPtrArray) ids = g_ptr_array_new();
        if (container(root)) {
            object_foreach_child(OBJECT(container(root)), collect, ids);
        }
        for (unsigned i = 0; i < ids->len; i++) {
            ids->pdata[i] = ((Object *)ids->pdata[i])->name;
        }
        g_ptr_array_add(ids, NULL);
        error_set_unknown(errp, id, (const char *const *)ids->pdata, "there is no character device '%s' (-chardev ...,id=%s)", id, id);
    }
    return c;
}

bool chardev_remove(Object *root, const char *id, Error **errp)
{
    Chardev *c = chardev_find_error(root, id, errp);
    if (!c) {
        return false;
    }
    if (chardev_has_frontend(c)) {
        error_setg(errp, "character device '%s' is in use", id);
        return false;
    }
    object_remove_from_parent(OBJECT(c));
    return true;
}

void chardev_foreach(Object *root, void (*fn)(Chardev *chr, void *opaque), void *opaque)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    if (container(root)) {
        object_foreach_child(OBJECT(container(root)), collect, all);
    }
    for (unsigned i = 0; i < all->len; i++) {
        fn(all->pdata[i], opaque);
    }
}

void chardev_print_help(void)
{
    g_autofree const TypeRecord **types = type_list(TYPE_CHARDEV, false);
    printf("Available chardev backend types:\n");
    for (const TypeRecord **t = types; *t; t++) {
        const ChardevClass *cls = type_class(*t, TYPE_CHARDEV);
        printf("  %-10s %s\n", cls->backend, cls->help);
    }
}

const char *chardev_id(const Chardev *c) { return c->obj.name; }
const char *chardev_backend_name(const Chardev *c) { return chardev_class(c)->backend; }
bool chardev_is_mux(const Chardev *c) { return c->mux; }
bool chardev_is_open(const Chardev *c) { return c->open; }

char *chardev_filename(const Chardev *c)
{
    const ChardevClass *cls = chardev_class(c);
    return cls->filename ? cls->filename(c) : g_strdup(cls->backend);
}

bool chardev_has_frontend(const Chardev *c)
{
    for (int i = 0; i < CHARDEV_MUX_MAX; i++) {
        if (c->front[i]) {
            return true;
        }
    }
    return false;
}

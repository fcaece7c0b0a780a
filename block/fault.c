/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The `fault` filter: failing requests on purpose, and the write log. See include/block/fault.h.
 *
 * Options: fail=read|write|flush|discard|any, nth=N (1), errno=EIO|ENOSPC|number (EIO), once=on|off (off), torn=SIZE (0). Without fail= requests
 * only pass. An event is in the log from before its request goes down, for until its end any part of it may be on the disk.
 */
#include "block/fault.h"

#include <errno.h>
#include <string.h>

enum { SECTOR = 512 };

typedef struct Fault {
    FaultRule rule;
    bool armed, hit;
    uint64_t counts[FAULT_ANY + 1];
    FaultLog *log;
} Fault;

/* --- the log --- */
static void event_free(gpointer p)
{
    FaultEvent *e = p;
    g_free(e->data);
    g_free(e);
}

FaultLog *fault_log_new(void)
{
    FaultLog *log = g_new0(FaultLog, 1);
    log->events = g_ptr_array_new_with_free_func(event_free);
    return log;
}

void fault_log_free(FaultLog *log)
{
    if (log) {
        g_ptr_array_free(log->events, TRUE);
        g_free(log);
    }
}

uint64_t fault_log_tick(FaultLog *log)
{
    return ++log->clock;
}

static FaultEvent *log_begin(Fault *f, FaultKind kind, int64_t offset, int64_t len, const struct iovec *iov, int iovcnt)
{
    if (!f->log) {
        return NULL;
    }
    FaultEvent *e = g_new0(FaultEvent, 1);
    *e = (FaultEvent){.kind = kind, .offset = offset, .len = len, .start = fault_log_tick(f->log)};
    if (iov) {
        e->data = g_malloc((gsize)len);
        iov_to_buf(iov, iovcnt, 0, e->data, len);
    }
    g_ptr_array_add(f->log->events, e);
    return e;
}

/* What failed below is taken for not done: a write of nothing, a flush without an end. */
static int log_end(Fault *f, FaultEvent *e, int ret)
{
    if (e && f->log && (ret == 0 || e->kind != FAULT_FLUSH)) {
        e->end = fault_log_tick(f->log);
        e->len = ret == 0 ? e->len : 0;
    }
    return ret;
}

void block_fault_set_log(BlockNode *n, FaultLog *log)
{
    ((Fault *)n->state)->log = log;
}

/* --- rules --- */
void block_fault_set(BlockNode *n, const FaultRule *rule)
{
    Fault *f = n->state;
    f->armed = rule;
    f->hit = false;
    memset(f->counts, 0, sizeof(f->counts));
    if (rule) {
        f->rule = *rule;
    }
}

uint64_t block_fault_count(const BlockNode *n, FaultKind kind)
{
    return ((const Fault *)n->state)->counts[kind];
}

bool block_fault_was_hit(const BlockNode *n)
{
    return ((const Fault *)n->state)->hit;
}

/* 0, or the error that the request shall end with. */
static int decide(Fault *f, FaultKind kind)
{
    f->counts[kind]++;
    f->counts[FAULT_ANY]++;
    if (!f->armed || (f->rule.kind != kind && f->rule.kind != FAULT_ANY)) {
        return 0;
    }
    uint64_t count = f->counts[f->rule.kind];
    if (f->rule.once ? count != f->rule.nth : count < f->rule.nth) {
        return 0;
    }
    f->hit = true;
    return -f->rule.error;
}

static bool read_errno(const char *text, int *out, Error **errp)
{
    static const struct {
        const char *name;
        int value;
    } known[] = {{"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EAGAIN", EAGAIN}, {"ENOMEM", ENOMEM}, {"EPERM", EPERM}, {"EROFS", EROFS}, {"EDQUOT", EDQUOT}};
    const char *names[G_N_ELEMENTS(known) + 1] = {NULL};
    uint64_t number;
    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        names[i] = known[i].name;
        if (!strcmp(text, known[i].name)) {
            *out = known[i].value;
            return true;
        }
    }
    if (parse_u64(text, &number, NULL) && number > 0 && number < 4096) {
        *out = (int)number;
        return true;
    }
    error_set_unknown(errp, text, names, "driver 'fault': errno=%s is neither a name such as EIO or ENOSPC nor a number from 1 to 4095", text);
    return false;
}

static bool fault_open(BlockNode *n, OptionSet *opts, Error **errp)
{
    static const char *const kinds[] = {"read", "write", "flush", "discard", "any", NULL};
    Fault *f = n->state;
    const char *fail = option_get(opts, "fail"), *error = option_get(opts, "errno");
    uint64_t torn;
    f->rule = (FaultRule){.error = EIO};
    if ((error && !read_errno(error, &f->rule.error, errp)) || !option_get_u64(opts, "nth", 1, &f->rule.nth, errp) ||
        !option_get_bool(opts, "once", false, &f->rule.once, errp) || !option_get_size(opts, "torn", 0, &torn, errp)) {
        return false;
    }
    f->rule.torn = (int64_t)MIN(torn, (uint64_t)INT64_MAX);
    for (int i = 0; fail && kinds[i]; i++) {
        if (!strcmp(kinds[i], fail)) {
            f->rule.kind = (FaultKind)i;
            f->armed = true;
        }
    }
    if (fail && !f->armed) {
        error_set_unknown(errp, fail, kinds, "driver 'fault': fail=%s is not one of read, write, flush, discard, any", fail);
    }
    return !fail || f->armed;
}

/* --- requests --- */
static int64_t fault_length(BlockNode *n)
{
    return block_node_length(n->file);
}

static int coroutine_fn fault_preadv(BlockNode *n, int64_t offset, const struct iovec *iov, int iovcnt, int64_t len)
{
    int ret = decide(n->state, FAULT_READ);
    return ret ? ret : node_co_preadv(n->file, offset, iov, iovcnt);
}

static int coroutine_fn fault_pwritev(BlockNode *n, int64_t offset, const struct iovec *iov, int iovcnt, int64_t len)
{
    Fault *f = n->state;
    int ret = decide(f, FAULT_WRITE);
    g_autofree struct iovec *part = NULL;
    if (ret) {
        /* Torn where the disk tears: at its sectors. */
        int64_t end = (offset + MIN(len, f->rule.torn)) / SECTOR * SECTOR;
        len = MAX(end - offset, (int64_t)0);
        if (!len) {
            return ret;
        }
        part = g_new(struct iovec, iovcnt);
        iovcnt = iov_slice(iov, iovcnt, 0, len, part);
        iov = part;
    }
    FaultEvent *e = log_begin(f, FAULT_WRITE, offset, len, iov, iovcnt);
    int below = log_end(f, e, node_co_pwritev(n->file, offset, iov, iovcnt));
    return ret ? ret : below;
}

static int coroutine_fn fault_flush(BlockNode *n)
{
    Fault *f = n->state;
    int ret = decide(f, FAULT_FLUSH);
    if (ret) {
        return ret;
    }
    FaultEvent *e = log_begin(f, FAULT_FLUSH, 0, 0, NULL, 0);
    return log_end(f, e, node_co_flush(n->file));
}

static int coroutine_fn fault_discard(BlockNode *n, int64_t offset, int64_t len)
{
    Fault *f = n->state;
    int ret = decide(f, FAULT_DISCARD);
    if (ret) {
        return ret;
    }
    FaultEvent *e = log_begin(f, FAULT_DISCARD, offset, len, NULL, 0);
    return log_end(f, e, node_co_discard(n->file, offset, len));
}

static int coroutine_fn fault_write_zeroes(BlockNode *n, int64_t offset, int64_t len, bool unmap)
{
    Fault *f = n->state;
    int ret = decide(f, FAULT_WRITE);
    if (ret) {
        return ret;
    }
    FaultEvent *e = log_begin(f, FAULT_WRITE, offset, len, NULL, 0);
    return log_end(f, e, node_co_write_zeroes(n->file, offset, len, unmap));
}

static int coroutine_fn fault_truncate(BlockNode *n, int64_t len)
{
    int ret = decide(n->state, FAULT_WRITE);
    return ret ? ret : node_co_truncate(n->file, len);
}

static const BlockDriver fault_driver = {
    .name = "fault",
    .help = "passes requests on; fails chosen ones, for tests",
    .is_filter = true,
    .state_size = sizeof(Fault),
    .open = fault_open,
    .length = fault_length,
    .co_preadv = fault_preadv,
    .co_pwritev = fault_pwritev,
    .co_flush = fault_flush,
    .co_discard = fault_discard,
    .co_write_zeroes = fault_write_zeroes,
    .co_truncate = fault_truncate,
};
BLOCK_DRIVER(fault_driver);

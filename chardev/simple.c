/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simple backends: null, file, pipe (a pair of FIFOs) and ringbuf (memory that the monitor reads).
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chardev-internal.h"
#include "util/bytes.h"

/* --- null --- */

static ssize_t null_write(Chardev *c, const uint8_t *buf, size_t len) { return (ssize_t)len; }

static bool null_realize(Object *obj, Error **errp)
{
    chardev_set_open(CHARDEV(obj), true);
    return true;
}

static const ChardevClass null_class = {.backend = "null", .help = "output is dropped, input never comes", .write = null_write};
CHARDEV_TYPE(null_type, "chardev-null", null_class, Chardev, NULL, .realize = null_realize);

/* --- file --- */

typedef struct FileChardev {
    Chardev chr;
    char *path, *input_path;
    bool append;
} FileChardev;

static void close_fds(Object *obj)
{
    Chardev *c = CHARDEV(obj);
    chardev_fd_forget(c);
    if (c->in_fd >= 0 && c->in_fd != c->out_fd) {
        close(c->in_fd);
    }
    if (c->out_fd >= 0) {
        close(c->out_fd);
    }
}

static bool file_realize(Object *obj, Error **errp)
{
    FileChardev *s = (FileChardev *)obj;
    if (!s->path) {
        error_setg(errp, "the file backend needs a path (path=/tmp/serial.log)");
        return false;
    }
    s->chr.out_fd = open(s->path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK | (s->append ? O_APPEND : O_TRUNC), 0644);
    if (s->chr.out_fd < 0) {
        error_setg_errno(errp, errno, "cannot open '%s' for writing", s->path);
        return false;
    }
    if (s->input_path) {
        s->chr.in_fd = open(s->input_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (s->chr.in_fd < 0) {
            error_setg_errno(errp, errno, "cannot open '%s'", s->input_path);
            return false;
        }
    }
    chardev_set_open(&s->chr, true);
    return true;
}

static const Field file_fields[] = {
    FIELD(FileChardev, path, FIELD_STRING, "path", FIELD_PROP | FIELD_REQUIRED, .help = "file that output goes to"),
    FIELD(FileChardev, append, FIELD_BOOL, "append", FIELD_PROP, .help = "keep what is in the file"),
    FIELD(FileChardev, input_path, FIELD_STRING, "input-path", FIELD_PROP, .help = "file that input comes from"),
    FIELD_END,
};
static char *file_filename(const Chardev *c) { return g_strdup("file"); }
static const ChardevClass file_class = {
    .backend = "file", .help = "output goes to a file", .write = chardev_fd_write, .watch = chardev_fd_watch, .filename = file_filename};
CHARDEV_TYPE(file_type, "chardev-file", file_class, FileChardev, file_fields, .realize = file_realize, .finalize = close_fds);

/* --- pipe: PATH.in and PATH.out, or PATH for both --- */

typedef struct PipeChardev {
    Chardev chr;
    char *path;
} PipeChardev;

static bool pipe_realize(Object *obj, Error **errp)
{
    PipeChardev *s = (PipeChardev *)obj;
    if (!s->path) {
        error_setg(errp, "the pipe backend needs a path (path=/tmp/serial: FIFOs /tmp/serial.in and /tmp/serial.out)");
        return false;
    }
    g_autofree char *in = g_strconcat(s->path, ".in", NULL), *out = g_strconcat(s->path, ".out", NULL);
    /* read-write, so that opening does not wait for the other side and its leaving is no end of file */
    s->chr.in_fd = open(in, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    s->chr.out_fd = open(out, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (s->chr.in_fd < 0 && s->chr.out_fd < 0) {
        s->chr.in_fd = s->chr.out_fd = open(s->path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    }
    if (s->chr.in_fd < 0 || s->chr.out_fd < 0) {
        error_setg_errno(errp, errno, "cannot open the pipes '%s' and '%s' (mkfifo makes them)", in, out);
        return false;
    }
    chardev_set_open(&s->chr, true);
    return true;
}

static const Field pipe_fields[] = {
    FIELD(PipeChardev, path, FIELD_STRING, "path", FIELD_PROP | FIELD_REQUIRED, .help = "the FIFOs are PATH.in and PATH.out"), FIELD_END};
static const ChardevClass pipe_class = {
    .backend = "pipe", .help = "a pair of named pipes", .write = chardev_fd_write, .watch = chardev_fd_watch};
CHARDEV_TYPE(pipe_type, "chardev-pipe", pipe_class, PipeChardev, pipe_fields, .realize = pipe_realize, .finalize = close_fds);

/* --- ringbuf: keeps the newest --- */

enum { RINGBUF_MAX = 64 << 20 };

typedef struct RingbufChardev {
    Chardev chr;
    uint64_t size;
    uint8_t *ring;
    uint64_t produced, consumed;
} RingbufChardev;

static const ChardevClass ringbuf_class;

static bool ringbuf_realize(Object *obj, Error **errp)
{
    RingbufChardev *s = (RingbufChardev *)obj;
    if (!is_power_of_2(s->size) || s->size > RINGBUF_MAX) {
        error_setg(errp, "the size of a ringbuf must be a power of two up to 64M");
        return false;
    }
    s->ring = g_malloc0(s->size);
    chardev_set_open(&s->chr, true);
    return true;
}

static void ringbuf_finalize(Object *obj) { g_free(((RingbufChardev *)obj)->ring); }

static ssize_t ringbuf_put(Chardev *c, const uint8_t *buf, size_t len)
{
    RingbufChardev *s = (RingbufChardev *)c;
    for (size_t i = 0; i < len; i++) {
        s->ring[s->produced++ & (s->size - 1)] = buf[i];
    }
    if (s->produced - s->consumed > s->size) {
        s->consumed = s->produced - s->size;
    }
    return (ssize_t)len;
}

uint8_t *chardev_ringbuf_read(Chardev *chr, size_t max, size_t *len)
{
    RingbufChardev *s = (RingbufChardev *)chr;
    if (chardev_class(chr) != &ringbuf_class) {
        return NULL;
    }
    size_t n = MIN((uint64_t)max, s->produced - s->consumed);
    uint8_t *text = g_malloc(n + 1);
    for (size_t i = 0; i < n; i++) {
        text[i] = s->ring[s->consumed++ & (s->size - 1)];
    }
    text[n] = 0;
    *len = n;
    return text;
}

bool chardev_ringbuf_write(Chardev *chr, const void *buf, size_t len)
{
    if (chardev_class(chr) != &ringbuf_class) {
        return false;
    }
    ringbuf_put(chr, buf, len);
    return true;
}

static const Field ringbuf_fields[] = {
    FIELD(RingbufChardev, size, FIELD_SIZE, "size", FIELD_PROP, .def = 65536, .help = "bytes kept; a power of two"), FIELD_END};
static const ChardevClass ringbuf_class = {.backend = "ringbuf", .help = "memory that the monitor reads (ringbuf_read)", .write = ringbuf_put};
CHARDEV_TYPE(ringbuf_type, "chardev-ringbuf", ringbuf_class, RingbufChardev, ringbuf_fields, .realize = ringbuf_realize,
             .finalize = ringbuf_finalize);

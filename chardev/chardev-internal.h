/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of a character device: its struct, what a backend implements, and the shared plumbing for backends that
 * are one or two file descriptors (which is nearly all of them).
 */
#ifndef CHARDEV_INTERNAL_H
#define CHARDEV_INTERNAL_H

#include <glib.h>
#include <string.h>
#include <sys/types.h>

#include "chardev/chardev.h"
#include "util/main-loop.h"

enum { MUX_BUFFER = 4096, READ_CHUNK = 4096, FDS_MAX = 8, MUX_ESCAPE_DEFAULT = 1 /* Ctrl-A */ };

/* class_kind "chardev" */
typedef struct ChardevClass {
    const char *backend; /* name in -chardev */
    const char *help;
    /* Non-blocking. Bytes taken; 0: none now, call again when writable; -1: nobody is there, drop. */
    ssize_t (*write)(Chardev *c, const uint8_t *buf, size_t len);
    /* Main loop: whether to watch for input and for room. NULL: nothing to watch. */
    void (*watch)(Chardev *c, bool input, bool output);
    char *(*filename)(const Chardev *c); /* NULL: the backend's name */
    void (*disconnect)(Chardev *c);
    void (*send_break)(Chardev *c);
    /* backends on descriptors (fd.c) */
    ssize_t (*read)(Chardev *c, uint8_t *buf, size_t len);  /* NULL: read(2) */
    size_t (*filter)(Chardev *c, uint8_t *buf, size_t len); /* takes protocol bytes out, in place; may be NULL */
    void (*eof)(Chardev *c);                                /* NULL: input ends, output goes on */
} ChardevClass;

struct Chardev {
    Object obj;
    EventLoop *loop;
    const ChardevHooks *hooks;
    void *hooks_opaque;
    bool open;

    /* options of every backend */
    bool mux;
    char *logfile;
    bool logappend;
    int log_fd;

    /* front ends */
    CharFrontend *front[CHARDEV_MUX_MAX];
    int focus;        /* slot, -1: none */
    uint8_t escape_char;
    bool escape;      /* mux: it was typed */
    bool timestamps, line_start;
    int64_t stamp_base;
    GByteArray *typed[CHARDEV_MUX_MAX]; /* mux: input that the front end has no room for */

    GByteArray *queue; /* output the host did not take yet */
    BottomHalf *work;  /* deliver, flush, set watches */

    /* file descriptors, for backends that use chardev/fd.c; -1: none */
    int in_fd, out_fd;
    bool out_socket, out_blocks;
    int out_known;               /* the descriptor that out_blocks was found out for */
    int watched_in, watched_out; /* what the loop was told */
    int *passed;       /* descriptors received, FDS_MAX of them */
    int passed_count;
};

#define chardev_class(c) ((const ChardevClass *)object_class(c, TYPE_CHARDEV))

/* --- chardev.c --- */
#define CHARDEV_TYPE(record, record_name, bclass, sname, bfields, ...)                                                  \
    static const TypeRecord record = {.name = (record_name), .parent = TYPE_CHARDEV, .instance_size = sizeof(sname),    \
                                      .class_kind = TYPE_CHARDEV, .class_data = &(bclass), .fields = (bfields), __VA_ARGS__}; \
    TYPE_REGISTER(record)

/* --- frontend.c: called by backends, main loop, machine lock held --- */
size_t chardev_can_receive(Chardev *c);
void chardev_receive(Chardev *c, const uint8_t *buf, size_t len);
void chardev_set_open(Chardev *c, bool open); /* tells the front ends */
void chardev_break(Chardev *c);
void chardev_work(void *opaque);              /* the bottom half */
size_t chardev_queue_write(Chardev *c, const uint8_t *buf, size_t len);
void chardev_flush_queue(Chardev *c);

/* --- fd.c --- */
ssize_t chardev_fd_write(Chardev *c, const uint8_t *buf, size_t len);
void chardev_fd_watch(Chardev *c, bool input, bool output);
void chardev_fd_forget(Chardev *c); /* takes the watches off; closes nothing */
bool chardev_set_nonblock(int fd, Error **errp);
/* An own open file description of @fd that does not block, where the kernel gives one; else @fd itself. */
int chardev_reopen(int fd, int flags);
void chardev_keep_passed(Chardev *c, int fd);
ssize_t chardev_fd_read(Chardev *c, uint8_t *buf, size_t len);

#endif

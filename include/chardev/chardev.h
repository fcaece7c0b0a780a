/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Character devices: the host end of a serial port, a monitor or a debugger connection.
 *
 * A Chardev is a QOM object ("chardev-stdio", "chardev-socket", ...) in the container "chardevs" below the root of the
 * composition tree, named by its id. Front ends attach to it: one, or up to CHARDEV_MUX_MAX where it was made with mux=on
 * (or by `mon:`). Of a mux one front end has the focus: it gets what is typed; all may write.
 *
 * Locking: everything here is called with the machine lock held (callbacks of the main loop have it). Any thread that
 * holds it may write, accept input and detach; callbacks run in the main loop, except OPENED and MUX_* which are
 * delivered from within char_frontend_set_handlers() where the backend is already open.
 * Nothing blocks: what the host does not take at once is queued up to CHARDEV_QUEUE_MAX bytes.
 */
#ifndef CHARDEV_CHARDEV_H
#define CHARDEV_CHARDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "qom/object.h"
#include "util/main-loop.h"
#include "util/option.h"

#define TYPE_CHARDEV "chardev"
enum { CHARDEV_QUEUE_MAX = 64 * 1024, CHARDEV_MUX_MAX = 8 };

typedef struct Chardev Chardev; /* starts with an Object; private to chardev/ */
#define CHARDEV(x) ((Chardev *)(x))

typedef enum CharEvent {
    CHAR_EVENT_OPENED,  /* the other side is there (a client connected, the terminal is open) */
    CHAR_EVENT_CLOSED,
    CHAR_EVENT_BREAK,   /* serial break: from the line or typed as Ctrl-A b */
    CHAR_EVENT_MUX_IN,  /* this front end has the focus now */
    CHAR_EVENT_MUX_OUT,
} CharEvent;

typedef struct CharHandlers {
    size_t (*can_receive)(void *opaque); /* how many bytes receive() takes now; NULL: 4096 */
    void (*receive)(void *opaque, const uint8_t *buf, size_t len); /* len <= can_receive() */
    void (*event)(void *opaque, CharEvent event); /* may be NULL */
    void (*writable)(void *opaque); /* there is room again after a short write; may be NULL */
} CharHandlers;

/* --- front ends: embedded in the device, zeroed; one that is attached to nothing swallows writes --- */
typedef struct CharFrontend {
    Chardev *chr;
    const CharHandlers *handlers;
    void *opaque;
    int slot;        /* in the chardev's list */
    bool want_write; /* a short write happened: call writable() */
    bool opened;     /* OPENED was delivered and CLOSED was not */
} CharFrontend;

/* @chr may be NULL (connected to nothing). Error where @chr has a front end already and is no mux. Takes a reference. */
bool char_frontend_attach(CharFrontend *fe, Chardev *chr, Error **errp);
/* Starts delivery; NULL stops it. Delivers OPENED (and MUX_IN) at once where the backend is open. */
void char_frontend_set_handlers(CharFrontend *fe, const CharHandlers *handlers, void *opaque);
void char_frontend_detach(CharFrontend *fe); /* no callback after this; fine where never attached */
/*
 * Never blocks. Returns how much was taken (queued or written); the rest is the caller's to offer again when writable() is
 * called. Where nobody listens on the other side everything is taken and dropped.
 */
size_t char_frontend_write(CharFrontend *fe, const void *buf, size_t len);
size_t char_frontend_printf(CharFrontend *fe, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
/* can_receive() was 0 and is not any more. */
void char_frontend_accept_input(CharFrontend *fe);
bool char_frontend_connected(const CharFrontend *fe); /* backend there and open */
bool char_frontend_focused(const CharFrontend *fe);   /* has the focus of its mux (always true for no mux) */
void char_frontend_take_focus(CharFrontend *fe);      /* of its mux */
/* The oldest file descriptor that came with received bytes (SCM_RIGHTS), now the caller's; -1: none. */
int char_frontend_take_fd(CharFrontend *fe);
void char_frontend_disconnect(CharFrontend *fe);      /* hangs up on the client of a socket */
void char_frontend_send_break(CharFrontend *fe);
bool char_frontend_flush(CharFrontend *fe, int timeout_ms); /* true: queue is empty; waits for the host, for the end of the process only */

/* --- the container --- */
typedef struct ChardevHooks { /* what Ctrl-A x and s do; @opaque: see chardevs_init() */
    void (*quit)(void *opaque);
    void (*commit)(void *opaque);
} ChardevHooks;
/* Makes the container below @root; backends run in @loop. Once per machine, before any chardev. */
void chardevs_init(Object *root, EventLoop *loop, const ChardevHooks *hooks, void *opaque);
/* -echr: what stands for Ctrl-A in chardevs made from now on. */
void chardevs_set_escape(Object *root, uint8_t ch);
/* Hangs up, restores the terminal, frees all chardevs that nothing else holds. */
void chardevs_shutdown(Object *root);

/* -chardev backend,id=ID,...: makes and adds it. NULL on error. */
Chardev *chardev_create(Object *root, OptionSet *opts, Error **errp);
/*
 * -serial and -monitor syntax: stdio, mon:stdio, null, pty, file:PATH, pipe:PATH, tcp:HOST:PORT[,server][,nowait],
 * unix:PATH[,server], telnet:HOST:PORT[,server], chardev:ID, ringbuf, fd... `none` gives NULL with *none set and no error.
 * @label: id of what is made ("serial0"). `mon:` also sets *monitor (may be NULL where not allowed).
 */
Chardev *chardev_create_legacy(Object *root, const char *label, const char *text, bool *none, bool *monitor, Error **errp);
Chardev *chardev_find(Object *root, const char *id);
Chardev *chardev_find_error(Object *root, const char *id, Error **errp); /* with the nearest id as a hint */
bool chardev_remove(Object *root, const char *id, Error **errp); /* refused while a front end is attached */
void chardev_foreach(Object *root, void (*fn)(Chardev *chr, void *opaque), void *opaque);
/* `-chardev help` on stdout. */
void chardev_print_help(void);

const char *chardev_id(const Chardev *chr);
const char *chardev_backend_name(const Chardev *chr); /* "stdio" */
char *chardev_filename(const Chardev *chr);           /* as query-chardev shows it: "pty:/dev/pts/3"; g_free */
bool chardev_has_frontend(const Chardev *chr);
bool chardev_is_mux(const Chardev *chr);
bool chardev_is_open(const Chardev *chr);
/* Text written to a ringbuf chardev and not read yet, at most @max bytes; NULL: no ringbuf. g_free; *len bytes and a NUL. */
uint8_t *chardev_ringbuf_read(Chardev *chr, size_t max, size_t *len);
bool chardev_ringbuf_write(Chardev *chr, const void *buf, size_t len);

/* Terminal back into its first state; async-signal safe (abort handlers call it). */
void chardev_restore_terminal(void);

#endif

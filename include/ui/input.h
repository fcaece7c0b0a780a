/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Input: where keys that a person presses in a front end (or types as `sendkey`) go. A keyboard device puts a sink into the
 * machine's list (Machine.inputs) while it is realized; keys go to the newest sink. Keys are named as QMP's QKeyCode.
 *
 * Guarded by the machine lock.
 */
#ifndef UI_INPUT_H
#define UI_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "util/error.h"

typedef struct InputSink InputSink;

typedef struct InputOps {
    const char *name; /* of the device, for messages */
    /* Whether the device has the key; error with the nearest name where not. */
    bool (*known)(void *opaque, const char *qcode, Error **errp);
    void (*key)(void *opaque, const char *qcode, bool down); /* a known key */
} InputOps;

/* Part of the device. */
struct InputSink {
    const InputOps *ops;
    void *opaque;
    InputSink *next;
};

/* --- by devices; inline, as boards without user interface have keyboards too --- */
static inline void input_attach(InputSink **list, InputSink *sink)
{
    sink->next = *list;
    *list = sink;
}
static inline void input_detach(InputSink **list, InputSink *sink) /* no change where it is not in the list */
{
    for (; *list; list = &(*list)->next) {
        if (*list == sink) {
            *list = sink->next;
            sink->next = NULL;
            return;
        }
    }
}

/* --- by front ends --- */
bool input_key_known(InputSink *list, const char *qcode, Error **errp); /* also an error where there is no keyboard */
bool input_key(InputSink *list, const char *qcode, bool down, Error **errp);

#endif

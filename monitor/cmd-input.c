/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands that act as the person at the keyboard. Keys that are held or wait for earlier ones are a child of the machine, "typist",
 * and end with it.
 */
#include "internal.h"

#include <string.h>

#include "ui/input.h"
#include "util/main-loop.h"

#define TYPE_TYPIST "typist"
enum { STROKES_MAX = 1024, CHORD_MAX = 16, HOLD_DEFAULT_MS = 100, HOLD_MAX_MS = 60 * 1000 };

typedef struct Stroke {
    char *key;      /* NULL: wait for `hold_ms` */
    bool down;
    uint32_t hold_ms;
} Stroke;

typedef struct Typist {
    Object obj;
    Machine *machine;
    Timer *timer;
    GQueue strokes; /* Stroke *, oldest first */
    bool waiting;
} Typist;

static void stroke_free(void *opaque)
{
    Stroke *k = opaque;

    g_free(k->key);
    g_free(k);
}

static void typist_finalize(Object *obj)
{
    Typist *t = (Typist *)obj;

    if (t->timer) {
        timer_free(t->timer);
    }
    g_queue_clear_full(&t->strokes, stroke_free);
}
static const TypeRecord typist_type = {
    .name = TYPE_TYPIST, .parent = "object", .help = "keys of sendkey that are held", .instance_size = sizeof(Typist), .finalize = typist_finalize};
TYPE_REGISTER(typist_type);

static void go_on(void *opaque)
{
    Typist *t = opaque;
    Stroke *k;

    t->waiting = false;
    while (!t->waiting && (k = g_queue_pop_head(&t->strokes))) {
        if (k->key) {
            input_key(t->machine->inputs, k->key, k->down, NULL); /* the keyboard may have gone meanwhile */
        } else {
            t->waiting = true;
            timer_set_ns(t->timer, event_loop_clock_ns(t->machine->loop, CLOCK_KIND_VIRTUAL) + k->hold_ms * NS_PER_MS);
        }
        stroke_free(k);
    }
}

static Typist *typist_of(Machine *m)
{
    Typist *t = (Typist *)object_get_child(OBJECT(m), "typist");

    if (!t) {
        t = (Typist *)object_new(TYPE_TYPIST);
        t->machine = m;
        t->timer = timer_new(m->loop, CLOCK_KIND_VIRTUAL, go_on, t);
        object_add_child(OBJECT(m), "typist", OBJECT(t));
    }
    return t;
}

static void add_stroke(Typist *t, const char *key, bool down, uint32_t hold_ms)
{
    Stroke *k = g_new0(Stroke, 1);

    *k = (Stroke){.key = g_strdup(key), .down = down, .hold_ms = hold_ms};
    g_queue_push_tail(&t->strokes, k);
}

/* The keys of a chord go down in order, are held, and come up in the opposite order; then a pause as long, so that a repeated chord is seen twice. */
static bool add_chord(Typist *t, char **keys, unsigned count, uint32_t hold_ms, Error **errp)
{
    if (g_queue_get_length(&t->strokes) + 2 * count + 2 > STROKES_MAX) {
        error_setg(errp, "too many keys wait for earlier ones to be released; try again later");
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        add_stroke(t, keys[i], true, 0);
    }
    add_stroke(t, NULL, false, hold_ms);
    for (unsigned i = count; i-- > 0;) {
        add_stroke(t, keys[i], false, 0);
    }
    add_stroke(t, NULL, false, hold_ms);
    return true;
}

static bool check_chord(Machine *m, char **keys, unsigned count, Error **errp)
{
    if (!count || count > CHORD_MAX) {
        error_setg(errp, "a chord has 1 to %d keys joined by '-', as in ctrl-alt-f2", CHORD_MAX);
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        if (!input_key_known(m->inputs, keys[i], errp)) {
            return false;
        }
    }
    return true;
}

static void hmp_sendkey(Monitor *mon, HmpArgs *args)
{
    Machine *m = mon->machine;
    g_auto(GStrv) keys = g_strsplit(hmp_arg_str(args, "keys"), "-", CHORD_MAX + 1);
    unsigned count = g_strv_length(keys);
    uint64_t hold_ms = HOLD_DEFAULT_MS;
    Error *err = NULL;

    if (hmp_arg_u64(args, "hold", &hold_ms) && hold_ms > HOLD_MAX_MS) {
        error_setg(&err, "keys can be held for %d milliseconds at most", HOLD_MAX_MS);
    } else if (check_chord(m, keys, count, &err)) {
        Typist *t = typist_of(m);
        if (add_chord(t, keys, count, (uint32_t)hold_ms, &err) && !t->waiting) {
            go_on(t);
        }
    }
    if (err) {
        monitor_error(mon, err);
    }
}
static const HmpCommand sendkey_command = {"sendkey", NULL, "keys:s,hold:i?", "KEYS [HOLD_MS]",
                                           "press keys at once and release them: 'sendkey ctrl-alt-f2', 'sendkey ret'; held for 100 ms", hmp_sendkey};
HMP_COMMAND(sendkey_command);

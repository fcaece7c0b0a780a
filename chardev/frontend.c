/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Front ends: delivery of input, the bounded output queue, and the multiplexer with its Ctrl-A commands.
 *
 * Without mux, input is read only when the front end has room for it, so the host's own buffers push back. A mux reads on as
 * long as the buffer of the focused front end has room, because Ctrl-A must get through to a guest that hangs.
 * Everything that is triggered from another thread than the main loop's goes through the bottom half `work`.
 */
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "chardev-internal.h"
#include "util/clock.h"

/* --- input --- */

static size_t front_room(CharFrontend *fe)
{
    if (!fe || !fe->handlers || !fe->handlers->receive) {
        return 0;
    }
    return fe->handlers->can_receive ? fe->handlers->can_receive(fe->opaque) : READ_CHUNK;
}

size_t chardev_can_receive(Chardev *c)
{
    if (!c->mux) {
        return front_room(c->front[0]);
    }
    if (c->focus < 0 || !c->typed[c->focus]) {
        return READ_CHUNK;
    }
    return MUX_BUFFER - c->typed[c->focus]->len;
}

/* Hands over what was typed for a front end, as far as it has room. */
static void deliver_typed(Chardev *c, int slot)
{
    while (c->front[slot] && c->typed[slot] && c->typed[slot]->len) {
        size_t n = MIN(front_room(c->front[slot]), (size_t)c->typed[slot]->len);
        if (!n) {
            return;
        }
        g_autofree uint8_t *part = g_memdup2(c->typed[slot]->data, n); /* the callback may type more */
        g_byte_array_remove_range(c->typed[slot], 0, (guint)n);
        c->front[slot]->handlers->receive(c->front[slot]->opaque, part, n);
    }
}

static void front_event(CharFrontend *fe, CharEvent event)
{
    if (!fe || !fe->handlers) {
        return;
    }
    if (event == CHAR_EVENT_OPENED || event == CHAR_EVENT_CLOSED) {
        if (fe->opened == (event == CHAR_EVENT_OPENED)) {
            return;
        }
        fe->opened = event == CHAR_EVENT_OPENED;
    }
    if (fe->handlers->event) {
        fe->handlers->event(fe->opaque, event);
    }
}

static void set_focus(Chardev *c, int slot)
{
    if (slot == c->focus) {
        return;
    }
    if (c->focus >= 0) {
        deliver_typed(c, c->focus); /* typed before the switch */
        front_event(c->front[c->focus], CHAR_EVENT_MUX_OUT);
    }
    c->focus = slot;
    if (slot >= 0) {
        front_event(c->front[slot], CHAR_EVENT_MUX_IN);
        deliver_typed(c, slot);
    }
}

static int next_slot(const Chardev *c)
{
    for (int i = 1; i <= CHARDEV_MUX_MAX; i++) {
        int slot = (MAX(c->focus, 0) + i) % CHARDEV_MUX_MAX;
        if (c->front[slot] && c->front[slot]->handlers) {
            return slot;
        }
    }
    return c->focus;
}

static void say(Chardev *c, const char *text) { chardev_queue_write(c, (const uint8_t *)text, strlen(text)); }

static void mux_help(Chardev *c)
{
    static const char *const keys[][2] = {
        {"h", "print this help"}, {"x", "exit emulator"}, {"s", "save disk data back to file (if -snapshot)"},
        {"t", "toggle console timestamps"}, {"b", "send break (magic sysrq)"}, {"c", "switch between console and monitor"}};
    g_autofree char *esc = c->escape_char < 32 ? g_strdup_printf("C-%c", g_ascii_tolower((char)(c->escape_char + 64)))
                                               : g_strdup_printf("\\x%02x", c->escape_char);
    g_autoptr(GString) text = g_string_new("\r\n");
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_string_append_printf(text, "%s %s    %s\r\n", esc, keys[i][0], keys[i][1]);
    }
    g_string_append_printf(text, "%s %s  sends %s\r\n", esc, esc, esc);
    say(c, text->str);
}

/* The byte after Ctrl-A. True: it is input after all (Ctrl-A itself). */
static bool mux_command(Chardev *c, uint8_t ch)
{
    if (ch == c->escape_char) {
        return true;
    }
    switch (ch) {
    case '?':
    case 'h':
        mux_help(c);
        break;
    case 'x':
        say(c, "\r\nmimic: terminated\r\n");
        if (c->hooks && c->hooks->quit) {
            c->hooks->quit(c->hooks_opaque);
        }
        break;
    case 's':
        if (c->hooks && c->hooks->commit) {
            c->hooks->commit(c->hooks_opaque);
        }
        break;
    case 'b':
        if (c->focus >= 0) {
            front_event(c->front[c->focus], CHAR_EVENT_BREAK);
        }
        break;
    case 'c':
        set_focus(c, next_slot(c));
        break;
    case 't':
        c->timestamps = !c->timestamps;
        c->stamp_base = realtime_ns();
        c->line_start = false;
        break;
    default:
        break;
    }
    return false;
}

void chardev_receive(Chardev *c, const uint8_t *buf, size_t len)
{
    if (!c->mux) {
        if (c->front[0] && c->front[0]->handlers && c->front[0]->handlers->receive) {
            c->front[0]->handlers->receive(c->front[0]->opaque, buf, len);
        }
        return;
    }
    for (size_t i = 0; i < len; i++) {
        uint8_t ch = buf[i];
        bool input = true;
        if (c->escape) {
            c->escape = false;
            input = mux_command(c, ch);
        } else if (ch == c->escape_char) {
            c->escape = true;
            input = false;
        }
        if (input && c->focus >= 0 && c->typed[c->focus] && c->typed[c->focus]->len < MUX_BUFFER) {
            g_byte_array_append(c->typed[c->focus], &ch, 1);
        }
    }
    if (c->focus >= 0) {
        deliver_typed(c, c->focus);
    }
}

void chardev_set_open(Chardev *c, bool open)
{
    if (c->open == open) {
        return;
    }
    c->open = open;
    if (!open) {
        g_byte_array_set_size(c->queue, 0);
        c->escape = false;
    }
    object_ref(OBJECT(c));
    for (int i = 0; i < CHARDEV_MUX_MAX; i++) {
        front_event(c->front[i], open ? CHAR_EVENT_OPENED : CHAR_EVENT_CLOSED);
    }
    bh_schedule(c->work);
    object_unref(OBJECT(c));
}

void chardev_break(Chardev *c)
{
    front_event(c->front[c->mux ? MAX(c->focus, 0) : 0], CHAR_EVENT_BREAK);
}

/* --- output --- */

static void write_log(Chardev *c, const uint8_t *buf, size_t len)
{
    while (len) {
        ssize_t n = write(c->log_fd, buf, len);
        if (n <= 0) {
            return; /* a full disk does not stop the guest */
        }
        buf += n;
        len -= (size_t)n;
    }
}

void chardev_flush_queue(Chardev *c)
{
    const ChardevClass *cls = chardev_class(c);
    while (c->queue->len) {
        ssize_t n = c->open ? cls->write(c, c->queue->data, c->queue->len) : -1;
        if (n == 0) {
            return;
        }
        if (n < 0 || (size_t)n >= c->queue->len) {
            g_byte_array_set_size(c->queue, 0);
        } else {
            g_byte_array_remove_range(c->queue, 0, (guint)n);
        }
    }
}

size_t chardev_queue_write(Chardev *c, const uint8_t *buf, size_t len)
{
    if (!c->open) {
        return len;
    }
    size_t done = 0;
    if (!c->queue->len) {
        ssize_t n = chardev_class(c)->write(c, buf, len);
        if (n < 0) {
            return len;
        }
        done = (size_t)n;
    }
    size_t keep = MIN(len - done, (size_t)CHARDEV_QUEUE_MAX - MIN((size_t)c->queue->len, (size_t)CHARDEV_QUEUE_MAX));
    if (keep) {
        g_byte_array_append(c->queue, buf + done, (guint)keep);
    }
    if (c->queue->len) {
        bh_schedule(c->work);
    }
    return done + keep;
}

/* Ctrl-A t: a time before each line. */
static size_t write_stamped(Chardev *c, const uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (c->line_start) {
            int64_t ms = (realtime_ns() - c->stamp_base) / NS_PER_MS;
            char stamp[64];
            int n = snprintf(stamp, sizeof(stamp), "[%02d:%02d:%02d.%03d] ", (int)(ms / 3600000), (int)(ms / 60000 % 60),
                             (int)(ms / 1000 % 60), (int)(ms % 1000));
            if (chardev_queue_write(c, (const uint8_t *)stamp, (size_t)n) < (size_t)n) {
                return i;
            }
            c->line_start = false;
        }
        if (!chardev_queue_write(c, buf + i, 1)) {
            return i;
        }
        c->line_start = buf[i] == '\n';
    }
    return len;
}

size_t char_frontend_write(CharFrontend *fe, const void *buf, size_t len)
{
    Chardev *c = fe->chr;
    if (!c || !len) {
        return len;
    }
    size_t done = c->timestamps ? write_stamped(c, buf, len) : chardev_queue_write(c, buf, len);
    if (c->log_fd >= 0) {
        write_log(c, buf, done);
    }
    if (done < len) {
        fe->want_write = true;
    }
    return done;
}

size_t char_frontend_printf(CharFrontend *fe, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    g_autofree char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    return char_frontend_write(fe, text, strlen(text));
}

bool char_frontend_flush(CharFrontend *fe, int timeout_ms)
{
    Chardev *c = fe->chr;
    int64_t end = realtime_ns() + timeout_ms * NS_PER_MS;
    while (c && c->queue->len && c->open) {
        chardev_flush_queue(c);
        int64_t left = (end - realtime_ns()) / NS_PER_MS;
        if (!c->queue->len || left <= 0 || c->out_fd < 0) {
            break;
        }
        struct pollfd p = {.fd = c->out_fd, .events = POLLOUT};
        poll(&p, 1, (int)MIN(left, 50));
    }
    return !c || !c->queue->len;
}

/* The bottom half: everything that may have become possible. */
void chardev_work(void *opaque)
{
    Chardev *c = opaque;
    const ChardevClass *cls = chardev_class(c);
    object_ref(OBJECT(c));
    chardev_flush_queue(c);
    if (c->queue->len <= CHARDEV_QUEUE_MAX / 2) {
        for (int i = 0; i < CHARDEV_MUX_MAX; i++) {
            CharFrontend *fe = c->front[i];
            if (fe && fe->want_write) {
                fe->want_write = false;
                if (fe->handlers && fe->handlers->writable) {
                    fe->handlers->writable(fe->opaque);
                }
            }
        }
    }
    if (c->mux && c->focus >= 0) {
        deliver_typed(c, c->focus);
    }
    if (cls->watch) {
        cls->watch(c, chardev_can_receive(c) > 0, c->queue->len > 0);
    }
    object_unref(OBJECT(c));
}

/* --- attaching --- */

bool char_frontend_attach(CharFrontend *fe, Chardev *c, Error **errp)
{
    *fe = (CharFrontend){.slot = -1};
    if (!c) {
        return true;
    }
    int limit = c->mux ? CHARDEV_MUX_MAX : 1, slot = 0;
    while (slot < limit && c->front[slot]) {
        slot++;
    }
    if (slot == limit) {
        if (c->mux) {
            error_setg(errp, "character device '%s' has %d users, which is the most it takes", chardev_id(c), limit);
        } else {
            ERRP_GUARD();
            error_setg(errp, "character device '%s' is in use already", chardev_id(c));
            error_append_hint(errp, "With mux=on several can share it.");
        }
        return false;
    }
    object_ref(OBJECT(c));
    fe->chr = c;
    fe->slot = slot;
    c->front[slot] = fe;
    if (c->mux) {
        c->typed[slot] = c->typed[slot] ? c->typed[slot] : g_byte_array_new();
        if (c->focus < 0) {
            c->focus = slot;
        }
    }
    return true;
}

void char_frontend_set_handlers(CharFrontend *fe, const CharHandlers *handlers, void *opaque)
{
    Chardev *c = fe->chr;
    fe->handlers = handlers;
    fe->opaque = opaque;
    if (!c) {
        return;
    }
    if (!handlers) {
        fe->opened = false;
    } else if (c->open) {
        front_event(fe, CHAR_EVENT_OPENED);
        if (c->mux && c->focus == fe->slot) {
            front_event(fe, CHAR_EVENT_MUX_IN);
        }
    }
    bh_schedule(c->work);
}

void char_frontend_detach(CharFrontend *fe)
{
    Chardev *c = fe->chr;
    if (!c) {
        return;
    }
    c->front[fe->slot] = NULL;
    if (c->typed[fe->slot]) {
        g_byte_array_set_size(c->typed[fe->slot], 0);
    }
    if (c->focus == fe->slot) {
        c->focus = -1;
        for (int i = 0; i < CHARDEV_MUX_MAX; i++) {
            if (c->front[i]) {
                set_focus(c, i);
                break;
            }
        }
    }
    bh_schedule(c->work);
    *fe = (CharFrontend){.slot = -1};
    object_unref(OBJECT(c));
}

void char_frontend_accept_input(CharFrontend *fe)
{
    if (fe->chr) {
        bh_schedule(fe->chr->work);
    }
}

bool char_frontend_connected(const CharFrontend *fe) { return fe->chr && fe->chr->open; }
bool char_frontend_focused(const CharFrontend *fe) { return !fe->chr || !fe->chr->mux || fe->chr->focus == fe->slot; }

void char_frontend_take_focus(CharFrontend *fe)
{
    if (fe->chr && fe->chr->mux) {
        set_focus(fe->chr, fe->slot);
    }
}

int char_frontend_take_fd(CharFrontend *fe)
{
    Chardev *c = fe->chr;
    if (!c || !c->passed_count) {
        return -1;
    }
    int fd = c->passed[0];
    memmove(c->passed, c->passed + 1, (size_t)(--c->passed_count) * sizeof(int));
    return fd;
}

void char_frontend_disconnect(CharFrontend *fe)
{
    if (fe->chr && chardev_class(fe->chr)->disconnect) {
        chardev_class(fe->chr)->disconnect(fe->chr);
    }
}

void char_frontend_send_break(CharFrontend *fe)
{
    if (fe->chr && chardev_class(fe->chr)->send_break) {
        chardev_class(fe->chr)->send_break(fe->chr);
    }
}

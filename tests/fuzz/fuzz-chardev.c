/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: what comes in over a character device: telnet's commands, the multiplexer's keys, front ends whose room changes. Nothing
 * is handed over that the front end has no room for, and what is neither command nor key arrives in order.
 */
#include <glib.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chardev/chardev.h"
#include "fuzz.h"

const FuzzSeed fuzz_seeds[] = {
    FUZZ_SEED("hello\001c\001hworld\001\001\001b\001t"),
    FUZZ_SEED("a\377\375\001b\377\377c\377\363d\377\372\030\001\377\360e"),
    FUZZ_SEED("\001c\001c\377\001\001x\377\377\377\360\001"),
    FUZZ_SEEDS_END,
};

typedef struct Front {
    CharFrontend fe;
    size_t room, got;
    unsigned events;
} Front;

static size_t can(void *opaque) { return ((Front *)opaque)->room; }
static void receive(void *opaque, const uint8_t *buf, size_t len)
{
    Front *f = opaque;
    if (!len || len > f->room) {
        abort();
    }
    f->got += len;
    f->room = (f->room * 7 + buf[0]) % 40; /* 0 now and then: input must wait */
    char_frontend_write(&f->fe, buf, len);
}
static void event(void *opaque, CharEvent ev) { ((Front *)opaque)->events += 1u << (4 * ev); }
static const CharHandlers handlers = {.can_receive = can, .receive = receive, .event = event};

static void turn(EventLoop *loop)
{
    for (int i = 0; i < 3; i++) {
        main_loop_wait(loop, false);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fds[2];
    uint8_t away[4096];
    if (size < 2 || size > 8192 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) < 0) {
        return 0;
    }
    Object *root = object_new("container");
    EventLoop *loop = event_loop_new(NULL);
    event_loop_set_current(loop);
    chardevs_init(root, loop, NULL, NULL);
    g_autofree char *text = g_strdup_printf("socket,id=c,fd=%d,mux=%s,telnet=%s", fds[0], data[0] & 1 ? "on" : "off", data[0] & 2 ? "on" : "off");
    g_autoptr(OptionSet) o = option_set_parse(text, "backend", NULL);
    Chardev *c = chardev_create(root, o, NULL);
    Front front[2] = {{.room = 17}, {.room = 3}};
    if (!c) {
        abort();
    }
    for (int i = 0; i < (data[0] & 1 ? 2 : 1); i++) {
        if (!char_frontend_attach(&front[i].fe, c, NULL)) {
            abort();
        }
        char_frontend_set_handlers(&front[i].fe, &handlers, &front[i]);
    }
    for (size_t at = 2; at < size;) {
        size_t n = MIN(size - at, (size_t)data[1] % 64 + 1);
        if (write(fds[1], data + at, n) < 0) {
            break;
        }
        at += n;
        turn(loop);
        while (read(fds[1], away, sizeof(away)) > 0) {
        }
        for (int i = 0; i < 2; i++) {
            front[i].room += 5;
            char_frontend_accept_input(&front[i].fe);
        }
    }
    turn(loop);
    if (front[0].got + front[1].got > size) {
        abort();
    }
    int answer = (int)((front[0].events ^ front[1].events * 3) & 0xffff) + (front[0].got > 0) + 2 * (front[1].got > 0);
    close(fds[1]);
    turn(loop);
    char_frontend_detach(&front[0].fe);
    char_frontend_detach(&front[1].fe);
    chardevs_shutdown(root);
    object_unref(root);
    event_loop_free(loop);
    return answer;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: what a debugger sends. With a first byte of 'r' the rest is fed as it is; else each of its lines becomes a packet, with frame and checksum,
 * so that the commands behind the framing are reached. The machine does not run; a resume is followed by an interrupt. Lines for the monitor
 * (qRcmd) are left to fuzz-hmp. All answers must be well-formed packets.
 */
#include <stdlib.h>
#include <string.h>

#include "../../gdbstub/internal.h"
#include "chardev/chardev.h"
#include "fuzz-machine.h"
#include "fuzz.h"

const FuzzSeed fuzz_seeds[] = {
    FUZZ_SEED("-qSupported:multiprocess+;swbreak+\nQStartNoAckMode\nqXfer:features:read:target.xml:0,ffb\n?\nHg0\nqC\nqfThreadInfo\nqsThreadInfo"),
    FUZZ_SEED("-g\np0\np20\nP5=8877665544332211\nG0000000000000000\nqThreadExtraInfo,1\nT2\nHc-1\nqAttached"),
    FUZZ_SEED("-m80000000,40\nM80000010,4:01020304\nX80000020,3:abc\nm80000010,20\nmffffffffffffffff,2"),
    FUZZ_SEED("-Z0,80000000,4\nZ1,80000004,2\nZ2,80000100,8\nZ3,0,1\nZ4,ffffffffffffffff,1000\nz2,80000100,8\nz0,80000000,4"),
    FUZZ_SEED("-vCont?\nvCont;s:1;c\nvCont;C05:2\ns\nc80000000\nS05;80000004\nD"),
    FUZZ_SEED("r+$g#67-$m80000000,4#00$}#7d\3\3$X80000000,2:}\3}\4#00+++"),
    FUZZ_SEED("r$qSupported#37$vKill;1#6e$k#6b"),
    FUZZ_SEEDS_END,
};

static GdbServer *server(Machine *m)
{
    static GdbServer *s; /* its notifier stays with the machine */
    if (!s) {
        g_autoptr(OptionSet) opts = option_set_parse("ringbuf,id=gdb,size=65536", "backend", &error_fatal);
        chardev_create(m->root, opts, &error_fatal);
        s = gdbserver_start(m, "gdb", &error_fatal);
    }
    return s;
}

static void feed(GdbServer *s, const uint8_t *data, size_t len)
{
    while (len) {
        size_t n = MIN(len, (size_t)4096);
        s->fe.handlers->receive(s, data, n);
        data += n;
        len -= n;
    }
    if (s->running) {
        s->fe.handlers->receive(s, (const uint8_t *)"\3", 1);
    }
}

static void send_line(GdbServer *s, const char *line, size_t len)
{
    g_autoptr(GString) packet = g_string_new("$");
    uint8_t sum = 0;
    g_string_append_len(packet, line, (gssize)len);
    for (size_t i = 0; i < len; i++) {
        sum += (uint8_t)line[i];
    }
    g_string_append_printf(packet, "#%02x", sum);
    feed(s, (const uint8_t *)packet->str, packet->len);
}

/* $...#xx with a right checksum, +, - only. */
static int check_answers(Machine *m)
{
    size_t len;
    g_autofree uint8_t *out = chardev_ringbuf_read(chardev_find(m->root, "gdb"), 65536, &len);
    int packets = 0;
    for (size_t i = 0; out && len < 60000 && i < len;) { /* a full ring has lost its beginning */
        if (out[i] == '+' || out[i] == '-') {
            i++;
            continue;
        }
        uint8_t sum = 0;
        size_t start = ++i;
        for (; i < len && out[i] != '#'; i++) {
            sum += out[i];
        }
        char want[3];
        g_snprintf(want, sizeof(want), "%02x", sum);
        if (out[start - 1] != '$' || i + 2 >= len || memcmp(out + i + 1, want, 2)) {
            abort();
        }
        packets = packets * 3 + (i == start ? 0 : out[start] == 'E' ? 1 : 2);
        i += 3;
    }
    return packets;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Machine *m = fuzz_machine();
    GdbServer *s = server(m);
    if (!size || memmem(data, size, "qRcmd", 5)) {
        return 0;
    }
    fuzz_machine_reset(m);
    s->fe.handlers->event(s, CHAR_EVENT_CLOSED);
    machine_stop(m, RUN_STATE_PAUSED);
    s->fe.handlers->event(s, CHAR_EVENT_OPENED);
    if (data[0] == 'r') {
        feed(s, data + 1, size - 1);
    } else {
        const char *p = (const char *)data + 1, *end = (const char *)data + size;
        while (p < end) {
            const char *newline = memchr(p, '\n', (size_t)(end - p));
            size_t n = (size_t)((newline ? newline : end) - p);
            send_line(s, p, n);
            p += n + 1;
        }
    }
    if (s->stops->len > 8192) {
        abort();
    }
    return fuzz_answer(check_answers(m), NULL);
}

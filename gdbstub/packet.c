/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Framing of the remote serial protocol: $data#xx with a checksum, acknowledged by + or -, } as the escape character, 0x03 alone as
 * an interrupt. (GDB manual, appendix "Remote Protocol", Overview.) Bytes that make no packet are ignored; a packet that is too long or has a wrong
 * checksum is refused with '-' and dropped.
 */
#include "internal.h"

#include <string.h>

void gdb_packets_init(GdbPackets *p, CharFrontend *fe)
{
    *p = (GdbPackets){.fe = fe, .last = g_string_new(NULL), .pending = g_byte_array_new()};
}

void gdb_packets_reset(GdbPackets *p)
{
    p->state = GDB_WAIT;
    p->len = 0;
    p->no_ack = p->unacked = false;
    g_string_truncate(p->last, 0);
    g_byte_array_set_size(p->pending, 0);
}

void gdb_packets_free(GdbPackets *p)
{
    g_string_free(p->last, TRUE);
    g_byte_array_free(p->pending, TRUE);
}

void gdb_packets_flush(GdbPackets *p)
{
    size_t taken = p->pending->len ? char_frontend_write(p->fe, p->pending->data, p->pending->len) : 0;
    if (taken) {
        g_byte_array_remove_range(p->pending, 0, taken);
    }
}

static void put(GdbPackets *p, const void *data, size_t len)
{
    g_byte_array_append(p->pending, data, len);
    gdb_packets_flush(p);
}

void gdb_packets_send(GdbPackets *p, const char *data, size_t len)
{
    GString *out = p->last;
    uint8_t sum = 0;
    g_string_assign(out, "$");
    for (size_t i = 0; i < len; i++) {
        char c = data[i];
        if (c == '$' || c == '#' || c == '}' || c == '*') {
            g_string_append_c(out, '}');
            c ^= 0x20;
        }
        g_string_append_c(out, c);
    }
    for (size_t i = 1; i < out->len; i++) {
        sum += (uint8_t)out->str[i];
    }
    g_string_append_printf(out, "#%02x", sum);
    p->unacked = !p->no_ack;
    put(p, out->str, out->len);
}

/* The end of a packet: acknowledged, unescaped in place. */
static GdbInput finish(GdbPackets *p)
{
    p->state = GDB_WAIT;
    bool good = p->sum == p->given_sum && !p->overflow;
    if (!p->no_ack) {
        put(p, good ? "+" : "-", 1);
    }
    if (!good) {
        return GDB_INPUT_NONE;
    }
    size_t n = 0;
    for (size_t i = 0; i < p->len; i++) {
        char c = p->buf[i];
        if (c == '}' && i + 1 < p->len) {
            c = p->buf[++i] ^ 0x20;
        }
        p->buf[n++] = c;
    }
    p->buf[n] = 0;
    p->len = n;
    return GDB_INPUT_PACKET;
}

GdbInput gdb_packets_feed(GdbPackets *p, uint8_t byte)
{
    switch (p->state) {
    case GDB_WAIT:
        if (byte == '$') {
            p->state = GDB_DATA;
            p->len = 0;
            p->sum = 0;
            p->overflow = false;
        } else if (byte == 3) {
            return GDB_INPUT_INTERRUPT;
        } else if (byte == '+') {
            p->unacked = false;
        } else if (byte == '-' && p->unacked && !p->pending->len) { /* what is still queued here was not received wrongly */
            put(p, p->last->str, p->last->len);
        }
        break;
    case GDB_DATA:
        if (byte == '#') {
            p->state = GDB_SUM1;
        } else if (byte == '$') { /* never within a packet: the last one was cut off */
            p->len = 0;
            p->sum = 0;
            p->overflow = false;
        } else {
            p->sum += byte;
            if (p->len < GDB_PACKET_MAX) {
                p->buf[p->len++] = (char)byte;
            } else {
                p->overflow = true;
            }
        }
        break;
    case GDB_SUM1:
    case GDB_SUM2: {
        int digit = g_ascii_xdigit_value((char)byte);
        if (digit < 0) {
            p->state = GDB_WAIT;
            break;
        }
        p->given_sum = p->state == GDB_SUM1 ? (uint8_t)(digit << 4) : (uint8_t)(p->given_sum | digit);
        if (p->state == GDB_SUM2) {
            return finish(p);
        }
        p->state = GDB_SUM2;
        break;
    }
    }
    return GDB_INPUT_NONE;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the debugger's server share. Everything runs in the main loop with the machine lock held.
 */
#ifndef GDBSTUB_INTERNAL_H
#define GDBSTUB_INTERNAL_H

#include "chardev/chardev.h"
#include "gdbstub/gdbstub.h"

enum { GDB_PACKET_MAX = 16 * 1024, GDB_PENDING_MAX = 64 * 1024, GDB_SIGNAL_TRAP = 5 };
/* What a CPU does on resume. */
enum { GDB_HOLD = 0, GDB_CONTINUE = 'c', GDB_STEP = 's' };

/* --- packet.c: framing --- */
typedef enum GdbPacketState { GDB_WAIT, GDB_DATA, GDB_SUM1, GDB_SUM2 } GdbPacketState;

typedef struct GdbPackets {
    CharFrontend *fe;
    GdbPacketState state;
    char buf[GDB_PACKET_MAX + 1];
    size_t len;
    uint8_t sum, given_sum;
    bool overflow;
    bool no_ack;        /* QStartNoAckMode was agreed on */
    bool unacked;       /* the last packet sent waits for its '+' */
    GString *last;      /* last packet as sent, for a '-' */
    GByteArray *pending;/* what the connection did not take yet */
} GdbPackets;

/* What a byte completed. */
typedef enum GdbInput { GDB_INPUT_NONE, GDB_INPUT_PACKET, GDB_INPUT_INTERRUPT } GdbInput;
void gdb_packets_init(GdbPackets *p, CharFrontend *fe);
void gdb_packets_reset(GdbPackets *p); /* a new connection */
void gdb_packets_free(GdbPackets *p);
GdbInput gdb_packets_feed(GdbPackets *p, uint8_t byte); /* PACKET: text in p->buf, NUL-terminated, p->len bytes, unescaped */
void gdb_packets_send(GdbPackets *p, const char *data, size_t len);
void gdb_packets_flush(GdbPackets *p);

/* --- server.c --- */
struct GdbServer {
    Machine *machine;
    CharFrontend fe;
    GdbPackets packets;
    CpuState *query_cpu;    /* Hg: registers and memory */
    CpuState *run_cpu;      /* Hc: c and s */
    bool connected;
    bool physical;          /* memory is addressed physically */
    bool running;           /* a continue or step is under way: a stop reply is owed */
    bool resumed;           /* the machine ran when the client came, or was let run by it */
    BottomHalf *restart;
    GArray *stops;          /* GdbStop: breakpoints and watchpoints as gdb set them */
    char *target_xml;
};
typedef struct GdbStop {
    int kind;               /* 0, 1: breakpoint; 2 write, 3 read, 4 access watchpoint */
    uint64_t addr, len;
} GdbStop;

void gdb_reply(GdbServer *s, const char *text);
void gdb_reply_stop(GdbServer *s, unsigned signal); /* T05thread:...; */
void gdb_resume(GdbServer *s, const char *actions); /* one for each CPU; NULL: all continue */
bool gdb_insert(GdbServer *s, int kind, uint64_t addr, uint64_t len, bool add);
/* Takes breakpoints and steps out of the machine; @resume: and lets it run. A running machine goes on running. */
void gdb_release(GdbServer *s, bool resume);

/* --- commands.c --- */
void gdb_command(GdbServer *s, char *packet, size_t len);

/* --- target-xml.c --- */
char *gdb_target_xml(const TargetRecord *target); /* g_free */

#endif

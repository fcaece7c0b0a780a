/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PS/2 mouse with wheel (IntelliMouse) and five buttons (Explorer), which software switches on by sequences of
 * sample rates. Movement that finds no room in the queue is added up and sent when the queue has emptied.
 */
#include <stdlib.h>

#include "ps2-internal.h"
#include "util/trace.h"

TRACE_EVENT(ps2_mouse_command, "byte 0x%02x");
TRACE_EVENT(ps2_mouse_event, "dx %d dy %d dz %d buttons %u");

enum {
    C_SCALE_1 = 0xe6, C_SCALE_2 = 0xe7, C_RESOLUTION = 0xe8, C_STATUS = 0xe9, C_STREAM = 0xea, C_POLL = 0xeb,
    C_WRAP_OFF = 0xec, C_WRAP = 0xee, C_REMOTE = 0xf0, C_ID = 0xf2, C_RATE = 0xf3, C_ENABLE = 0xf4, C_DISABLE = 0xf5,
    C_DEFAULTS = 0xf6, C_RESEND = 0xfe, C_RESET = 0xff,
};
enum { S_REMOTE = 0x40, S_ENABLED = 0x20, S_SCALE_2 = 0x10 };
enum { ID_PLAIN = 0, ID_WHEEL = 3, ID_EXPLORER = 4, DELTA_MAX = 1 << 20, ROOM = 16 };

typedef struct Ps2Mouse {
    Ps2Device ps2;
    uint8_t status, resolution, rate, id;
    uint8_t rates[2];     /* the two before the last one */
    bool wrap;
    int32_t dx, dy, dz;   /* not sent yet */
    uint8_t buttons, sent_buttons;
} Ps2Mouse;

static int take(int32_t *from, int min, int max)
{
    int v = CLAMP(*from, min, max);
    *from -= v;
    return v;
}

/* A packet of what is waiting. Up is positive on the wire, and a wheel that turns towards the user. */
static unsigned packet(Ps2Mouse *s, uint8_t *out)
{
    int x = take(&s->dx, -255, 255), y = -take(&s->dy, -255, 255);
    out[0] = (uint8_t)(8 | (s->buttons & 7) | (x < 0 ? 0x10 : 0) | (y < 0 ? 0x20 : 0));
    out[1] = (uint8_t)x;
    out[2] = (uint8_t)y;
    s->sent_buttons = s->buttons;
    if (s->id == ID_PLAIN) {
        s->dz = 0;
        return 3;
    }
    if (s->id == ID_WHEEL) {
        out[3] = (uint8_t)take(&s->dz, -127, 127);
    } else {
        out[3] = (uint8_t)((take(&s->dz, -7, 7) & 0xf) | (s->buttons & (PS2_MOUSE_SIDE | PS2_MOUSE_EXTRA)) << 1);
    }
    return 4;
}

static bool unsent(const Ps2Mouse *s) { return s->dx || s->dy || s->dz || s->buttons != s->sent_buttons; }

static void send_packets(Ps2Mouse *s)
{
    if (!(s->status & S_ENABLED) || (s->status & S_REMOTE)) {
        return;
    }
    while (unsent(s) && s->ps2.queue.count < ROOM) {
        uint8_t out[4];
        ps2_send(&s->ps2, out, packet(s, out));
    }
}

static void drained(Ps2Device *ps2) { send_packets((Ps2Mouse *)ps2); }

void ps2_mouse_event(DeviceState *mouse, int dx, int dy, int dz, unsigned buttons)
{
    Ps2Mouse *s = (Ps2Mouse *)mouse;
    trace(ps2_mouse_event, dx, dy, dz, buttons);
    if (!(s->status & S_ENABLED)) {
        s->buttons = s->sent_buttons = buttons & 0x1f;
        return;
    }
    s->dx = CLAMP(s->dx + CLAMP(dx, -DELTA_MAX, DELTA_MAX), -DELTA_MAX, DELTA_MAX);
    s->dy = CLAMP(s->dy + CLAMP(dy, -DELTA_MAX, DELTA_MAX), -DELTA_MAX, DELTA_MAX);
    s->dz = CLAMP(s->dz + CLAMP(dz, -DELTA_MAX, DELTA_MAX), -DELTA_MAX, DELTA_MAX);
    s->buttons = buttons & 0x1f;
    send_packets(s);
}

static void defaults(Ps2Mouse *s)
{
    s->status = 0;
    s->resolution = 2;
    s->rate = 100;
    s->dx = s->dy = s->dz = 0;
    ps2_clear(&s->ps2);
}

static void set_rate(Ps2Mouse *s, uint8_t rate)
{
    if (s->rates[0] == 200 && s->rates[1] == 100 && rate == 80) {
        s->id = ID_WHEEL;
    } else if (s->rates[0] == 200 && s->rates[1] == 200 && rate == 80) {
        s->id = ID_EXPLORER;
    }
    s->rates[0] = s->rates[1];
    s->rates[1] = s->rate = rate;
}

static void answer_status(Ps2Mouse *s)
{
    uint8_t b = s->buttons;
    uint8_t buttons = (b & PS2_MOUSE_LEFT ? 4 : 0) | (b & PS2_MOUSE_RIGHT ? 1 : 0) | (b & PS2_MOUSE_MIDDLE ? 2 : 0);
    ps2_answer(&s->ps2, s->status | buttons);
    ps2_answer(&s->ps2, s->resolution);
    ps2_answer(&s->ps2, s->rate);
}

static bool known(uint8_t byte)
{
    return byte >= C_SCALE_1 && byte != 0xed && byte != 0xef && byte != 0xf1 &&
           (byte <= C_DEFAULTS || byte >= C_RESEND);
}

/* Commands after their acknowledgement. */
static void carry_out(Ps2Mouse *s, uint8_t byte)
{
    uint8_t out[4];
    switch (byte) {
    case C_SCALE_1: s->status &= ~S_SCALE_2; break;
    case C_SCALE_2: s->status |= S_SCALE_2; break;
    case C_RESOLUTION: case C_RATE: s->ps2.pending = byte; break;
    case C_STATUS: answer_status(s); break;
    case C_STREAM: s->status &= ~S_REMOTE; break;
    case C_POLL:
        for (unsigned i = 0, n = packet(s, out); i < n; i++) {
            ps2_answer(&s->ps2, out[i]);
        }
        break;
    case C_WRAP: s->wrap = true; break;
    case C_REMOTE: s->status |= S_REMOTE; break;
    case C_ID: ps2_answer(&s->ps2, s->id); break;
    case C_ENABLE: s->status |= S_ENABLED; break;
    case C_DISABLE: s->status &= ~S_ENABLED; break;
    default: break;
    }
}

static void command(Ps2Device *ps2, uint8_t byte)
{
    Ps2Mouse *s = (Ps2Mouse *)ps2;
    uint8_t pending = ps2->pending;
    trace(ps2_mouse_command, byte);
    ps2->pending = 0;
    if (s->wrap && byte != C_RESET && byte != C_WRAP_OFF) {
        ps2_answer(ps2, byte);
        return;
    }
    s->wrap = false;
    if (pending == C_RESOLUTION || pending == C_RATE) {
        if (pending == C_RATE) {
            set_rate(s, byte);
        } else {
            s->resolution = byte & 3;
        }
        ps2_answer(ps2, PS2_ACK);
        return;
    }
    if (byte == C_RESEND) {
        ps2_answer(ps2, ps2->last);
        return;
    }
    if (byte == C_RESET || byte == C_DEFAULTS) {
        defaults(s);
    }
    ps2_answer(ps2, known(byte) ? PS2_ACK : PS2_RESEND);
    if (byte == C_RESET) {
        s->id = ID_PLAIN;
        ps2_answer(ps2, PS2_SELF_TEST_OK);
        ps2_answer(ps2, ID_PLAIN);
    } else {
        carry_out(s, byte);
    }
}

static void mouse_reset(DeviceState *dev) { irq_set(&((Ps2Device *)dev)->ready, 0); }

static void mouse_init(Object *obj)
{
    ((Ps2Device *)obj)->command = command;
    ((Ps2Device *)obj)->drained = drained;
}

static const Field mouse_fields[] = {
    FIELD(Ps2Mouse, status, FIELD_U8, "status", FIELD_STATE),
    FIELD(Ps2Mouse, resolution, FIELD_U8, "resolution", FIELD_STATE, .def = 2, .min = 0, .max = 3),
    FIELD(Ps2Mouse, rate, FIELD_U8, "rate", FIELD_STATE, .def = 100),
    FIELD(Ps2Mouse, id, FIELD_U8, "type", FIELD_STATE, .min = 0, .max = ID_EXPLORER),
    FIELD(Ps2Mouse, rates, FIELD_U8, "rates", FIELD_STATE, .count = 2),
    FIELD(Ps2Mouse, wrap, FIELD_BOOL, "wrap", FIELD_STATE),
    FIELD(Ps2Mouse, dx, FIELD_I32, "dx", FIELD_STATE),
    FIELD(Ps2Mouse, dy, FIELD_I32, "dy", FIELD_STATE),
    FIELD(Ps2Mouse, dz, FIELD_I32, "dz", FIELD_STATE),
    FIELD(Ps2Mouse, buttons, FIELD_U8, "buttons", FIELD_STATE),
    FIELD(Ps2Mouse, sent_buttons, FIELD_U8, "sent-buttons", FIELD_STATE),
    FIELD_END,
};
static const DeviceClass mouse_class = {.bus_type = "System", .category = DEVICE_CAT_INPUT, .reset = mouse_reset};
static const TypeRecord mouse_type = {
    .name = TYPE_PS2_MOUSE, .parent = TYPE_PS2_DEVICE, .help = "PS/2 mouse with wheel",
    .instance_size = sizeof(Ps2Mouse), .class_kind = TYPE_DEVICE, .class_data = &mouse_class,
    .fields = mouse_fields, .init = mouse_init,
};
TYPE_REGISTER(mouse_type);

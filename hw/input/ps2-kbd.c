/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PS/2 keyboard: scan code sets 1, 2 and 3, and the commands of an MF II keyboard. Keys come by their set-1 make
 * code.
 *
 * The controller translates set 2 to set 1 byte by byte, so here a key always sends what the chosen set says. Codes
 * of set 2 are found by turning that translation round. Pause and Print Screen send sequences, which depend on Ctrl
 * and Alt.
 */
#include <string.h>

#include "i8042-translate.h"
#include "ps2-internal.h"
#include "util/trace.h"

TRACE_EVENT(ps2_key, "key 0x%x down %d");
TRACE_EVENT(ps2_kbd_command, "byte 0x%02x");

enum {
    C_LEDS = 0xed, C_ECHO = 0xee, C_SET = 0xf0, C_ID = 0xf2, C_RATE = 0xf3, C_ENABLE = 0xf4, C_DISABLE = 0xf5,
    C_DEFAULTS = 0xf6, C_ALL_FIRST = 0xf7, C_ALL_LAST = 0xfa, C_KEY_FIRST = 0xfb, C_KEY_LAST = 0xfd, C_RESEND = 0xfe,
    C_RESET = 0xff,
};
enum {
    KEY_ALT = 0x38, KEY_ALT_R = 0xe038, KEY_CTRL = 0x1d, KEY_CTRL_R = 0xe01d, KEY_PAUSE = 0xe11d45,
    KEY_PRINT = 0xe02a37,
};

typedef struct Ps2Keyboard {
    Ps2Device ps2;
    uint8_t set, leds, rate;
    bool scanning, alt, ctrl;
} Ps2Keyboard;

/* --- scan codes --- */
static uint8_t set2_code(uint8_t set1)
{
    if (set1 == 0x41) { /* F7 and SysRq: the table has two rows that give them */
        return 0x83;
    }
    if (set1 == 0x54) {
        return 0x84;
    }
    for (unsigned i = 0; i < 0x80; i++) {
        if (i8042_translate(i) == set1) {
            return (uint8_t)i;
        }
    }
    return 0;
}

/* Set 3 has no prefixes: what differs from set 2. */
static const struct {
    uint32_t key;
    uint8_t code;
} set3_codes[] = {
    {0x01, 0x08}, {0x3b, 0x07}, {0x3c, 0x0f}, {0x3d, 0x17}, {0x3e, 0x1f}, {0x3f, 0x27}, {0x40, 0x2f}, {0x41, 0x37},
    {0x42, 0x3f}, {0x43, 0x47}, {0x44, 0x4f}, {0x57, 0x56}, {0x58, 0x5e}, {KEY_PRINT, 0x57}, {0x46, 0x5f},
    {KEY_PAUSE, 0x62}, {0x2b, 0x5c}, {0x3a, 0x14}, {0x1d, 0x11}, {0xe01d, 0x58}, {0x38, 0x19}, {0xe038, 0x39},
    {0xe05b, 0x8b}, {0xe05c, 0x8c}, {0xe05d, 0x8d}, {0xe052, 0x67}, {0xe047, 0x6e}, {0xe049, 0x6f}, {0xe053, 0x64},
    {0xe04f, 0x65}, {0xe051, 0x6d}, {0xe048, 0x63}, {0xe04b, 0x61}, {0xe050, 0x60}, {0xe04d, 0x6a}, {0x45, 0x76},
    {0xe035, 0x77}, {0x37, 0x7e}, {0x4a, 0x84}, {0x4e, 0x7c}, {0xe01c, 0x79}, {0x56, 0x13}, {0x54, 0x57},
};

static uint8_t set3_code(uint32_t key)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(set3_codes); i++) {
        if (set3_codes[i].key == key) {
            return set3_codes[i].code;
        }
    }
    return key < 0x80 ? set2_code((uint8_t)key) : 0;
}

/* Appends one code of set 1 or 2 with its prefix. */
static unsigned add_code(const Ps2Keyboard *s, uint8_t *out, unsigned n, uint8_t prefix, uint8_t set1, bool down)
{
    uint8_t code = s->set == 1 ? set1 : set2_code(set1);
    if (!code) {
        return n;
    }
    if (prefix) {
        out[n++] = prefix;
    }
    if (s->set == 1) {
        out[n++] = down ? code : code | 0x80;
        return n;
    }
    if (!down) {
        out[n++] = 0xf0;
    }
    out[n++] = code;
    return n;
}

static unsigned pause_codes(const Ps2Keyboard *s, uint8_t *out, bool down)
{
    if (!down) {
        return 0; /* it sends its release at once */
    }
    if (s->ctrl) { /* Break */
        return add_code(s, out, add_code(s, out, 0, 0xe0, 0x46, true), 0xe0, 0x46, false);
    }
    unsigned n = add_code(s, out, 0, 0xe1, 0x1d, true);
    n = add_code(s, out, n, 0, 0x45, true);
    n = add_code(s, out, n, 0xe1, 0x1d, false);
    return add_code(s, out, n, 0, 0x45, false);
}

static unsigned print_codes(const Ps2Keyboard *s, uint8_t *out, bool down)
{
    if (s->alt) { /* SysRq */
        return add_code(s, out, 0, 0, 0x54, down);
    }
    if (s->ctrl) {
        return add_code(s, out, 0, 0xe0, 0x37, down);
    }
    unsigned n = add_code(s, out, 0, 0xe0, down ? 0x2a : 0x37, down);
    return add_code(s, out, n, 0xe0, down ? 0x37 : 0x2a, down);
}

static unsigned key_codes(const Ps2Keyboard *s, uint8_t *out, uint32_t key, bool down)
{
    if (s->set == 3) {
        uint8_t code = set3_code(key);
        unsigned n = 0;
        if (!code) {
            return 0;
        }
        if (!down) {
            out[n++] = 0xf0;
        }
        out[n++] = code;
        return n;
    }
    if (key == KEY_PAUSE) {
        return pause_codes(s, out, down);
    }
    if (key == KEY_PRINT) {
        return print_codes(s, out, down);
    }
    if ((key & 0x80) || (key > 0x7f && key >> 8 != 0xe0)) {
        return 0; /* no make code */
    }
    return add_code(s, out, 0, (uint8_t)(key >> 8), (uint8_t)key, down);
}

void ps2_keyboard_event(DeviceState *kbd, uint32_t key, bool down)
{
    Ps2Keyboard *s = (Ps2Keyboard *)kbd;
    uint8_t out[16];
    trace(ps2_key, key, down);
    if (s->scanning) {
        ps2_send(&s->ps2, out, key_codes(s, out, key, down));
    }
    if (key == KEY_ALT || key == KEY_ALT_R) {
        s->alt = down;
    } else if (key == KEY_CTRL || key == KEY_CTRL_R) {
        s->ctrl = down;
    }
}

/* --- commands --- */
static void defaults(Ps2Keyboard *s)
{
    s->set = 2;
    s->rate = 0x2b;
    ps2_clear(&s->ps2);
}

static void argument(Ps2Keyboard *s, uint8_t command, uint8_t byte)
{
    if (byte >= 0xed) { /* a command instead of the argument */
        s->ps2.command(&s->ps2, byte);
        return;
    }
    switch (command) {
    case C_LEDS: s->leds = byte; break;
    case C_RATE: s->rate = byte; break;
    case C_SET:
        if (byte > 3) {
            ps2_answer(&s->ps2, PS2_RESEND);
            return;
        }
        ps2_answer(&s->ps2, PS2_ACK);
        if (byte) {
            s->set = byte;
        } else {
            ps2_answer(&s->ps2, s->set);
        }
        return;
    default: break;
    }
    ps2_answer(&s->ps2, PS2_ACK);
}

static void command(Ps2Device *ps2, uint8_t byte)
{
    Ps2Keyboard *s = (Ps2Keyboard *)ps2;
    uint8_t pending = ps2->pending;
    trace(ps2_kbd_command, byte);
    ps2->pending = 0;
    if (pending) {
        argument(s, pending, byte);
        return;
    }
    switch (byte) {
    case C_LEDS: case C_SET: case C_RATE: case C_KEY_FIRST ... C_KEY_LAST:
        ps2->pending = byte;
        ps2_answer(ps2, PS2_ACK);
        break;
    case C_ECHO: ps2_answer(ps2, C_ECHO); break;
    case C_ID:
        ps2_answer(ps2, PS2_ACK);
        ps2_answer(ps2, 0xab);
        ps2_answer(ps2, 0x83);
        break;
    case C_ENABLE:
        ps2_clear(ps2);
        s->scanning = true;
        ps2_answer(ps2, PS2_ACK);
        break;
    case C_DISABLE: case C_DEFAULTS:
        defaults(s);
        s->scanning = byte != C_DISABLE;
        ps2_answer(ps2, PS2_ACK);
        break;
    case C_ALL_FIRST ... C_ALL_LAST: ps2_answer(ps2, PS2_ACK); break;
    case C_RESEND: ps2_answer(ps2, ps2->last); break;
    case C_RESET:
        defaults(s);
        s->leds = 0;
        s->scanning = true;
        ps2_answer(ps2, PS2_ACK);
        ps2_answer(ps2, PS2_SELF_TEST_OK);
        break;
    case 0: ps2_answer(ps2, PS2_ACK); break; /* what the BIOS of old sends to see whether it is there */
    default: ps2_answer(ps2, PS2_RESEND); break;
    }
}

static void keyboard_reset(DeviceState *dev) { irq_set(&((Ps2Device *)dev)->ready, 0); }
static void keyboard_init(Object *obj) { ((Ps2Device *)obj)->command = command; }

static const Field keyboard_fields[] = {
    FIELD(Ps2Keyboard, set, FIELD_U8, "set", FIELD_STATE, .def = 2, .min = 1, .max = 3),
    FIELD(Ps2Keyboard, leds, FIELD_U8, "leds", FIELD_STATE),
    FIELD(Ps2Keyboard, rate, FIELD_U8, "rate", FIELD_STATE, .def = 0x2b),
    FIELD(Ps2Keyboard, scanning, FIELD_BOOL, "scanning", FIELD_STATE, .def = 1),
    FIELD(Ps2Keyboard, alt, FIELD_BOOL, "alt", FIELD_STATE),
    FIELD(Ps2Keyboard, ctrl, FIELD_BOOL, "ctrl", FIELD_STATE),
    FIELD_END,
};
static const DeviceClass keyboard_class = {
    .bus_type = "System", .category = DEVICE_CAT_INPUT, .reset = keyboard_reset,
};
static const TypeRecord keyboard_type = {
    .name = TYPE_PS2_KEYBOARD, .parent = TYPE_PS2_DEVICE, .help = "PS/2 keyboard", .instance_size = sizeof(Ps2Keyboard),
    .class_kind = TYPE_DEVICE, .class_data = &keyboard_class, .fields = keyboard_fields, .init = keyboard_init,
};
TYPE_REGISTER(keyboard_type);

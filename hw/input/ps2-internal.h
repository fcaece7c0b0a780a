/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the PS/2 devices share: the queue towards the controller (ps2.c).
 */
#ifndef HW_INPUT_PS2_INTERNAL_H
#define HW_INPUT_PS2_INTERNAL_H

#include "hw/input/ps2.h"
#include "hw/sysbus.h"

#define TYPE_PS2_DEVICE "ps2-device"
enum { PS2_QUEUE = 64, PS2_ACK = 0xfa, PS2_RESEND = 0xfe, PS2_SELF_TEST_OK = 0xaa };

typedef struct Ps2Fifo {
    uint8_t data[PS2_QUEUE];
    uint8_t head, count;
} Ps2Fifo;

typedef struct Ps2Device Ps2Device;
struct Ps2Device {
    SysDevice sys;
    Irq ready;
    Ps2Fifo answers, queue;
    uint8_t last;
    uint8_t pending;          /* command whose argument comes next; 0: none */
    void (*command)(Ps2Device *s, uint8_t byte);
    void (*drained)(Ps2Device *s); /* the queue became empty; may be NULL */
};

void ps2_answer(Ps2Device *s, uint8_t byte);
bool ps2_send(Ps2Device *s, const uint8_t *bytes, unsigned len); /* all or nothing */
void ps2_clear(Ps2Device *s);

#endif

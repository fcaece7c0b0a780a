/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PC's keyboard controller at ports 0x60 and 0x64 with a PS/2 keyboard (IRQ 1) and mouse (IRQ 12), and port 0x92.
 * Guarded by the machine lock.
 */
#ifndef HW_INPUT_I8042_H
#define HW_INPUT_I8042_H

#include "hw/isa.h"

#define TYPE_I8042 "i8042"
#define TYPE_PORT92 "port92"

/* @a20: driven with the gate's level (1: line 20 passes). A pulse on the reset line asks the machine for a reset. */
DeviceState *i8042_create(IsaBus *bus, Irq a20, Error **errp);
DeviceState *i8042_keyboard(DeviceState *kbc); /* the ps2-kbd, the ps2-mouse */
DeviceState *i8042_mouse(DeviceState *kbc);
DeviceState *port92_create(IsaBus *bus, Irq a20, Error **errp);
/* Controller and port 0x92 (@n 0 and 1) drive one gate: the last one written counts. */
typedef struct A20Gate {
    bool in[2];
    Irq out;
} A20Gate;
Irq a20_gate_line(A20Gate *gate, unsigned n);
/* For `sendkey` and displays: the machine's first i8042. Error where there is none or the key is unknown. */
bool i8042_send_key(Machine *m, const char *qcode, bool down, Error **errp);

#endif

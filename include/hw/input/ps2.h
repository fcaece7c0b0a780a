/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PS/2 keyboard and mouse: the devices at the ends of the i8042's two cables. Each has a queue of bytes for the host
 * and takes command bytes. Guarded by the machine lock.
 */
#ifndef HW_INPUT_PS2_H
#define HW_INPUT_PS2_H

#include "hw/device.h"

#define TYPE_PS2_KEYBOARD "ps2-kbd"
#define TYPE_PS2_MOUSE "ps2-mouse"
enum { PS2_MOUSE_LEFT = 1, PS2_MOUSE_RIGHT = 2, PS2_MOUSE_MIDDLE = 4, PS2_MOUSE_SIDE = 8, PS2_MOUSE_EXTRA = 16 };

/* --- the controller's end --- */
/* @ready: high while bytes wait. */
DeviceState *ps2_create(Machine *m, const char *type, Irq ready, Error **errp);
void ps2_write(DeviceState *dev, uint8_t byte);
uint8_t ps2_read(DeviceState *dev);      /* the next byte; the last one again where none waits */
bool ps2_waiting(DeviceState *dev);

/* --- the human's end --- */
/*
 * A key by its set-1 make code; keys with an 0xe0 prefix are 0xe000 | code; 0xe11d45 is Pause, 0xe02a37 Print Screen.
 * Dropped where the queue is full or the keyboard is off.
 */
void ps2_keyboard_event(DeviceState *kbd, uint32_t key, bool down);
uint32_t ps2_key_from_name(const char *qcode); /* "a", "ret", "ctrl", "f1", "kp_enter"; 0: unknown */
const char **ps2_key_names(void); /* NULL-terminated; g_free the array */
/* @dy: down is positive; @dz: towards the user. */
void ps2_mouse_event(DeviceState *mouse, int dx, int dy, int dz, unsigned buttons);

#endif

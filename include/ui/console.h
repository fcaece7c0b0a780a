/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Graphic consoles: what a display device draws on and a front end (or `screendump`) shows. A console owns a surface of 32-bit
 * pixels (pixman x8r8g8b8); its device brings it up to date when somebody looks, and costs nothing otherwise.
 *
 * Guarded by the machine lock.
 */
#ifndef UI_CONSOLE_H
#define UI_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

union pixman_image; /* pixman_image_t */
typedef struct Console Console;
typedef struct ConsoleSet ConsoleSet; /* all consoles of a machine */

typedef struct ConsoleOps {
    void (*update)(void *opaque);     /* makes the surface show what the guest's screen shows now */
    void (*invalidate)(void *opaque); /* the next update draws everything; may be NULL */
    /* The screen as text lines, UTF-8, where it is in a text mode; else NULL. g_free. May be NULL. */
    char *(*text)(void *opaque);
} ConsoleOps;

ConsoleSet *console_set_new(void);
void console_set_free(ConsoleSet *set); /* consoles must be gone */
Console *console_new(ConsoleSet *set, const char *label, const ConsoleOps *ops, void *opaque); /* 640x480 and black */
void console_free(Console *c);
unsigned console_count(const ConsoleSet *set);
Console *console_nth(const ConsoleSet *set, unsigned n); /* NULL: none */
const char *console_label(const Console *c);

/* --- by the device --- */
/* A surface of that size (1 to 16384 each way, else it stays), black; no change where it has the size. */
void console_resize(Console *c, unsigned width, unsigned height);
unsigned console_width(const Console *c);
unsigned console_height(const Console *c);
uint32_t *console_row(Console *c, unsigned y); /* pixels 0x00RRGGBB */
void console_changed(Console *c, unsigned x, unsigned y, unsigned width, unsigned height);

/* --- by front ends --- */
union pixman_image *console_image(Console *c); /* as of the last update; valid until the next */
void console_update(Console *c);
char *console_text(Console *c);            /* NULL: not in a text mode; g_free */
/* The screen as it is now into a new file. @format "png", "ppm" or "txt" (UTF-8; empty in a graphics mode); NULL: by the name's end, else ppm. Nothing is left behind on errors. */
bool console_screendump(Console *c, const char *path, const char *format, Error **errp);

#endif

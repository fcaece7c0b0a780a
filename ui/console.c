/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Graphic consoles and their surfaces. A surface is replaced only when the size changes.
 */
#include <glib.h>
#include <pixman.h>
#include <string.h>

#include "ui/console.h"

enum { MAX_SIDE = 16384 };

struct ConsoleSet {
    GPtrArray *consoles;
};

struct Console {
    ConsoleSet *set;
    char *label;
    const ConsoleOps *ops;
    void *opaque;
    pixman_image_t *image;
    unsigned width, height;
    pixman_box16_t changed; /* since the front ends looked; x1 >= x2: nothing */
};

ConsoleSet *console_set_new(void)
{
    ConsoleSet *set = g_new0(ConsoleSet, 1);

    set->consoles = g_ptr_array_new();
    return set;
}

void console_set_free(ConsoleSet *set)
{
    if (set) {
        g_ptr_array_unref(set->consoles);
        g_free(set);
    }
}

Console *console_new(ConsoleSet *set, const char *label, const ConsoleOps *ops, void *opaque)
{
    Console *c = g_new0(Console, 1);

    *c = (Console){.set = set, .label = g_strdup(label), .ops = ops, .opaque = opaque};
    console_resize(c, 640, 480);
    g_ptr_array_add(set->consoles, c);
    return c;
}

void console_free(Console *c)
{
    if (c) {
        g_ptr_array_remove(c->set->consoles, c);
        pixman_image_unref(c->image);
        g_free(c->label);
        g_free(c);
    }
}

unsigned console_count(const ConsoleSet *set) { return set ? set->consoles->len : 0; }
Console *console_nth(const ConsoleSet *set, unsigned n)
{
    return n < console_count(set) ? g_ptr_array_index(set->consoles, n) : NULL;
}
const char *console_label(const Console *c) { return c->label; }

void console_resize(Console *c, unsigned width, unsigned height)
{
    if (!width || !height || width > MAX_SIDE || height > MAX_SIDE || (width == c->width && height == c->height)) {
        return;
    }
    pixman_image_t *image = pixman_image_create_bits(PIXMAN_x8r8g8b8, (int)width, (int)height, NULL, 0); /* cleared */
    if (!image) {
        return; /* no memory: the old picture stays */
    }
    if (c->image) {
        pixman_image_unref(c->image);
    }
    c->image = image;
    c->width = width;
    c->height = height;
    console_changed(c, 0, 0, width, height);
}

unsigned console_width(const Console *c) { return c->width; }
unsigned console_height(const Console *c) { return c->height; }

uint32_t *console_row(Console *c, unsigned y)
{
    return pixman_image_get_data(c->image) + (size_t)y * ((unsigned)pixman_image_get_stride(c->image) / 4);
}

void console_changed(Console *c, unsigned x, unsigned y, unsigned width, unsigned height)
{
    int16_t x2 = (int16_t)MIN(x + width, c->width), y2 = (int16_t)MIN(y + height, c->height);
    pixman_box16_t *b = &c->changed;

    if (b->x1 >= b->x2 || b->y1 >= b->y2) {
        *b = (pixman_box16_t){(int16_t)x, (int16_t)y, x2, y2};
    } else {
        *b = (pixman_box16_t){MIN(b->x1, (int16_t)x), MIN(b->y1, (int16_t)y), MAX(b->x2, x2), MAX(b->y2, y2)};
    }
}

pixman_image_t *console_image(Console *c) { return c->image; }
void console_update(Console *c) { c->ops->update(c->opaque); }
char *console_text(Console *c) { return c->ops->text ? c->ops->text(c->opaque) : NULL; }

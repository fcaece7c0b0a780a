/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From video memory to the console's surface: text, planar, CGA and 256-colour modes, and DISPI's linear ones. Nothing is done
 * where neither memory nor registers changed. Blinking things are drawn in their visible phase.
 *
 * Offsets into video memory come from registers and are folded into the memory there is at each access.
 */
#include "vga.h"

#include <string.h>

#include "util/bytes.h"

typedef struct Picture { /* of a VGA mode */
    unsigned width, height, stride, start, rows; /* rows: scan lines of a text or pixel row */
    unsigned line_compare, pan;
} Picture;

static const uint8_t *word_at(const VgaState *s, uint32_t word)
{
    return s->vram.ram->host + ((uint64_t)word * 4 & (s->vram_size - 4));
}

static uint32_t dac_color(const VgaState *s, unsigned index)
{
    const uint8_t *c = &s->palette[3 * (index & s->dac_mask)];
    uint32_t rgb = 0;

    for (unsigned i = 0; i < 3; i++) {
        unsigned v = c[i];

        if (!(s->dispi[DISPI_ENABLE] & DISPI_8BIT_DAC)) {
            v = (v & 63) << 2 | (v & 63) >> 4;
        }
        rgb = rgb << 8 | v;
    }
    return rgb;
}

/* The sixteen colours that attributes and planes choose from. */
static void attr_colors(const VgaState *s, uint32_t out[16])
{
    for (unsigned i = 0; i < 16; i++) {
        unsigned v = s->attr[i] & 0x3f, select = s->attr[ATTR_COLOR_SELECT];

        v = s->attr[ATTR_MODE] & 0x80 ? (v & 15) | (select & 15) << 4 : v | (select & 12) << 4;
        out[i] = dac_color(s, v);
    }
}

static bool is_text(const VgaState *s) { return !vga_linear(s) && !(s->gfx[GFX_MISC] & 1); }
static bool is_blank(const VgaState *s)
{
    return !vga_linear(s) && (!(s->attr_index & 0x20) || (s->seq[SEQ_CLOCKING] & 0x20));
}
static unsigned dots(const VgaState *s) { return s->seq[SEQ_CLOCKING] & 1 ? 8 : 9; }

static Picture picture_of(const VgaState *s)
{
    unsigned over = s->crtc[CRTC_OVERFLOW], scan = s->crtc[CRTC_MAX_SCAN];
    Picture p = {
        .width = (s->crtc[CRTC_H_DISPLAY] + 1u) * (is_text(s) ? dots(s) : 8),
        .height = (s->crtc[CRTC_V_DISPLAY] | (over & 2) << 7 | (over & 0x40) << 3) + 1,
        .stride = s->crtc[CRTC_OFFSET] * 2u,
        .start = (unsigned)s->crtc[CRTC_START_HIGH] << 8 | s->crtc[CRTC_START_LOW],
        .rows = ((scan & 31) + 1) << (is_text(s) ? 0 : scan >> 7),
        .line_compare = s->crtc[CRTC_LINE_COMPARE] | (over & 0x10) << 4 | (scan & 0x40) << 3,
        .pan = s->attr[ATTR_PAN] & 7,
    };
    if (is_text(s) && dots(s) == 9) {
        p.pan = s->attr[ATTR_PAN] >= 8 ? 0 : p.pan + 1;
    }
    return p;
}

/* ------------------------------------------------------------------ text */

static unsigned font_offset(unsigned map) { return (map & 3) * 0x4000 + (map & 4 ? 0x2000 : 0); }

static void text_cell(const VgaState *s, const uint8_t *cell, unsigned line, bool cursor, const uint32_t colors[16], uint32_t *out)
{
    unsigned attr = cell[1], maps = s->seq[SEQ_CHARACTER_MAP], fore = attr & 15, back = attr >> 4;
    unsigned map = attr & 8 ? (maps >> 2 & 3) | (maps >> 3 & 4) : (maps & 3) | (maps >> 2 & 4);
    unsigned bits = word_at(s, font_offset(map) + cell[0] * 32u + (line & 31))[2];

    if (s->attr[ATTR_MODE] & 8) {
        back &= 7; /* bit 7 blinks */
    }
    if (cursor) {
        bits = 0xff;
    }
    for (unsigned x = 0; x < 8; x++) {
        out[x] = colors[bits & 0x80 >> x ? fore : back];
    }
    if (dots(s) == 9) { /* line graphics go on in the ninth column */
        bool joined = cursor || ((s->attr[ATTR_MODE] & 4) && (cell[0] & 0xe0) == 0xc0);

        out[8] = joined ? out[7] : colors[back];
    }
}

static bool cursor_line(const VgaState *s, unsigned line)
{
    unsigned first = s->crtc[CRTC_CURSOR_START] & 31, last = s->crtc[CRTC_CURSOR_END] & 31;

    return !(s->crtc[CRTC_CURSOR_START] & 0x20) && line >= first && line <= last;
}

static void text_line(const VgaState *s, const Picture *p, unsigned y, unsigned top, uint32_t start, const uint32_t colors[16], uint32_t *out)
{
    unsigned line = (y - top) % p->rows, columns = s->crtc[CRTC_H_DISPLAY] + 1u;
    uint32_t at = start + (y - top) / p->rows * p->stride;
    uint32_t cursor = (uint32_t)s->crtc[CRTC_CURSOR_HIGH] << 8 | s->crtc[CRTC_CURSOR_LOW];
    bool on_line = cursor_line(s, line);

    for (unsigned x = 0; x <= columns; x++, at++, out += dots(s)) { /* one more for panning */
        text_cell(s, word_at(s, at), line, on_line && at == cursor, colors, out);
    }
}

/* ------------------------------------------------------------------ graphics */

static void planar_word(const VgaState *s, const uint8_t *w, const uint32_t colors[16], uint32_t *out)
{
    unsigned enable = s->attr[ATTR_PLANE_ENABLE] & 15;

    for (unsigned x = 0; x < 8; x++) {
        unsigned bit = 7 - x;
        unsigned v = (w[0] >> bit & 1) | (w[1] >> bit & 1) << 1 | (w[2] >> bit & 1) << 2 | (w[3] >> bit & 1) << 3;

        out[x] = colors[v & enable];
    }
}

static void cga_word(const VgaState *s, const uint8_t *w, const uint32_t colors[16], uint32_t *out)
{
    unsigned enable = s->attr[ATTR_PLANE_ENABLE] & 15;

    for (unsigned x = 0; x < 8; x++) {
        unsigned at = x >> 2, bit = 6 - 2 * (x & 3);
        unsigned v = (w[at] >> bit & 3) | (w[at + 2] >> bit & 3) << 2;

        out[x] = colors[v & enable];
    }
}

static void graphics_line(const VgaState *s, const Picture *p, unsigned y, unsigned top, uint32_t start, const uint32_t colors[16], uint32_t *out)
{
    unsigned row = (y - top) / p->rows, mode = s->crtc[CRTC_MODE], shift = s->gfx[GFX_MODE] >> 5 & 3;
    uint32_t at = start;

    if (!(mode & 1) || !(mode & 2)) { /* CGA and Hercules: lines come from two or four banks */
        unsigned scan = (y - top) % ((s->crtc[CRTC_MAX_SCAN] & 31) + 1u), bit = mode & 0x40 ? 13 : 12;

        at += row * p->stride;
        at = !(mode & 1) ? (at & ~(1u << bit)) | (scan & 1) << bit : at;
        at = !(mode & 2) ? (at & ~0x2000u) | (scan & 2) << 12 : at;
    } else {
        at += row * p->stride;
    }
    for (unsigned x = 0; x <= s->crtc[CRTC_H_DISPLAY] + 1u; x++, at++, out += 8) {
        const uint8_t *w = word_at(s, at);

        if (shift & 2) {
            for (unsigned i = 0; i < 8; i++) {
                out[i] = dac_color(s, w[i >> 1]);
            }
        } else if (shift == 1) {
            cga_word(s, w, colors, out);
        } else {
            planar_word(s, w, colors, out);
        }
    }
}

static void draw_vga(VgaState *s)
{
    Picture p = picture_of(s);
    uint32_t colors[16];
    g_autofree uint32_t *line = g_new(uint32_t, p.width + 32);

    attr_colors(s, colors);
    console_resize(s->console, p.width, p.height);
    for (unsigned y = 0; y < p.height; y++) {
        bool below = y > p.line_compare; /* the split screen's lower part starts at 0 */
        unsigned top = below ? p.line_compare + 1 : 0, pan = below && (s->attr[ATTR_MODE] & 0x20) ? 0 : p.pan;

        (is_text(s) ? text_line : graphics_line)(s, &p, y, top, below ? 0 : p.start, colors, line);
        memcpy(console_row(s->console, y), line + pan, 4 * (size_t)p.width);
    }
    console_changed(s->console, 0, 0, p.width, p.height);
}

/* ------------------------------------------------------------------ linear modes */

static void linear_row(const VgaState *s, uint64_t at, unsigned width, uint32_t *out)
{
    const uint8_t *src = s->vram.ram->host + at;

    switch (s->dispi[DISPI_BPP]) {
    case 8:
        for (unsigned x = 0; x < width; x++) {
            out[x] = dac_color(s, src[x]);
        }
        break;
    case 15:
        for (unsigned x = 0; x < width; x++) {
            unsigned v = ld_le16(src + 2 * x), r = v >> 10 & 31, g = v >> 5 & 31, b = v & 31;

            out[x] = (r << 3 | r >> 2) << 16 | (g << 3 | g >> 2) << 8 | (b << 3 | b >> 2);
        }
        break;
    case 16:
        for (unsigned x = 0; x < width; x++) {
            unsigned v = ld_le16(src + 2 * x), r = v >> 11, g = v >> 5 & 63, b = v & 31;

            out[x] = (r << 3 | r >> 2) << 16 | (g << 2 | g >> 4) << 8 | (b << 3 | b >> 2);
        }
        break;
    case 24:
        for (unsigned x = 0; x < width; x++) {
            out[x] = (uint32_t)src[3 * x + 2] << 16 | (uint32_t)src[3 * x + 1] << 8 | src[3 * x];
        }
        break;
    case 32:
        for (unsigned x = 0; x < width; x++) {
            out[x] = ld_le32(src + 4 * x) & 0xffffff;
        }
        break;
    default: /* 4: planar */
        for (unsigned x = 0; x < width; x++) {
            unsigned bit = 7 - (x & 7);
            const uint8_t *w = s->vram.ram->host + ((at + x / 8 * 4) & (s->vram_size - 4));

            out[x] = dac_color(s, (w[0] >> bit & 1) | (w[1] >> bit & 1) << 1 | (w[2] >> bit & 1) << 2 | (w[3] >> bit & 1) << 3);
        }
        break;
    }
}

static bool pages_dirty(const VgaState *s, uint64_t at, uint64_t len)
{
    for (uint64_t page = at >> 12; page <= (at + len - 1) >> 12; page++) {
        if (s->dirty[page / 64] >> (page % 64) & 1) {
            return true;
        }
    }
    return false;
}

static void draw_linear(VgaState *s, bool all)
{
    const uint16_t *r = s->dispi;
    unsigned bits = r[DISPI_BPP] == 15 ? 16 : r[DISPI_BPP], width = r[DISPI_XRES], height = r[DISPI_YRES];
    uint64_t stride = (uint64_t)r[DISPI_VIRT_WIDTH] * bits / 8, used = (uint64_t)width * bits / 8;
    uint64_t at = r[DISPI_X_OFFSET] * (uint64_t)bits / 8 + r[DISPI_Y_OFFSET] * stride;

    console_resize(s->console, width, height);
    for (unsigned y = 0; y < height && at + used <= s->vram_size; y++, at += stride) {
        if (all || pages_dirty(s, at, used)) {
            linear_row(s, at, width, console_row(s->console, y));
            console_changed(s->console, 0, y, width, 1);
        }
    }
}

/* ------------------------------------------------------------------ the console's view */

/* Registers that do not set draw_all on being written: what of them is seen. */
static uint64_t shown_mode(const VgaState *s)
{
    uint64_t h = 0xcbf29ce484222325ull;
    const uint8_t *parts[] = {s->crtc, s->gfx, s->seq, s->attr};
    static const unsigned sizes[] = {VGA_CRTC_REGS, VGA_GFX_REGS, VGA_SEQ_REGS, VGA_ATTR_REGS};

    for (unsigned k = 0; k < G_N_ELEMENTS(parts); k++) {
        for (unsigned i = 0; i < sizes[k]; i++) {
            bool index_only = k == 1 && i != GFX_MODE && i != GFX_MISC;

            h = (h ^ (index_only ? 0 : parts[k][i])) * 0x100000001b3ull;
        }
    }
    return h ^ is_blank(s);
}

static void update(void *opaque)
{
    VgaState *s = opaque;
    uint64_t mode = shown_mode(s);
    bool all = s->draw_all || mode != s->drawn_mode;

    memset(s->dirty, 0, (s->vram_size >> 15) + sizeof(long));
    bool touched = memory_dirty_fetch(&s->vram, 0, s->vram_size, DIRTY_DISPLAY, s->dirty);
    if (!all && !touched) {
        return;
    }
    s->draw_all = false;
    s->drawn_mode = mode;
    if (is_blank(s)) {
        for (unsigned y = 0; y < console_height(s->console); y++) {
            memset(console_row(s->console, y), 0, 4 * (size_t)console_width(s->console));
        }
        console_changed(s->console, 0, 0, console_width(s->console), console_height(s->console));
    } else if (vga_linear(s)) {
        draw_linear(s, all);
    } else {
        draw_vga(s);
    }
}

static void invalidate(void *opaque) { ((VgaState *)opaque)->draw_all = true; }

/* Code page 437, upper half; the lower one is ASCII where it prints. */
static const uint16_t cp437[128] = {
    0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7, 0x00ea, 0x00eb, 0x00e8, 0x00ef, 0x00ee, 0x00ec, 0x00c4, 0x00c5,
    0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb, 0x00f9, 0x00ff, 0x00d6, 0x00dc, 0x00a2, 0x00a3, 0x00a5, 0x20a7, 0x0192,
    0x00e1, 0x00ed, 0x00f3, 0x00fa, 0x00f1, 0x00d1, 0x00aa, 0x00ba, 0x00bf, 0x2310, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab, 0x00bb,
    0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562, 0x2556, 0x2555, 0x2563, 0x2551, 0x2557, 0x255d, 0x255c, 0x255b, 0x2510,
    0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x255e, 0x255f, 0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256c, 0x2567,
    0x2568, 0x2564, 0x2565, 0x2559, 0x2558, 0x2552, 0x2553, 0x256b, 0x256a, 0x2518, 0x250c, 0x2588, 0x2584, 0x258c, 0x2590, 0x2580,
    0x03b1, 0x00df, 0x0393, 0x03c0, 0x03a3, 0x03c3, 0x00b5, 0x03c4, 0x03a6, 0x0398, 0x03a9, 0x03b4, 0x221e, 0x03c6, 0x03b5, 0x2229,
    0x2261, 0x00b1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00f7, 0x2248, 0x00b0, 0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x00a0,
};

static char *text(void *opaque)
{
    VgaState *s = opaque;

    if (!is_text(s) || is_blank(s)) {
        return NULL;
    }
    Picture p = picture_of(s);
    GString *out = g_string_new(NULL);
    for (unsigned row = 0; row < p.height / p.rows; row++) {
        for (unsigned x = 0; x <= s->crtc[CRTC_H_DISPLAY]; x++) {
            unsigned c = word_at(s, p.start + row * p.stride + x)[0];

            g_string_append_unichar(out, c >= 128 ? cp437[c - 128] : c >= 32 && c < 127 ? c : ' ');
        }
        while (out->len && out->str[out->len - 1] == ' ') {
            g_string_truncate(out, out->len - 1);
        }
        g_string_append_c(out, '\n');
    }
    return g_string_free(out, FALSE);
}

const ConsoleOps vga_console_ops = {.update = update, .invalidate = invalidate, .text = text};

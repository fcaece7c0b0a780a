/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VGA's ports 0x3b0 to 0x3df and the DISPI registers.
 */
#include "vga.h"

#include <string.h>

/* Bits of each register that exist. */
static const uint8_t seq_bits[VGA_SEQ_REGS] = {0x03, 0x3d, 0x0f, 0x3f, 0x0e};
static const uint8_t gfx_bits[VGA_GFX_REGS] = {0x0f, 0x0f, 0x0f, 0x1f, 0x03, 0x7b, 0x0f, 0x0f, 0xff};
static const uint8_t attr_bits[VGA_ATTR_REGS] = {63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 0xef, 0xff, 0x3f, 0x0f, 0x0f};

/* Where 0x3bx or 0x3dx does not answer: bit 0 of the miscellaneous register chooses. */
static bool is_elsewhere(const VgaState *s, uint32_t port)
{
    return s->misc & 1 ? port >= 0x3b0 && port <= 0x3bf : port >= 0x3d0 && port <= 0x3df;
}

static uint8_t dac_read(VgaState *s)
{
    uint8_t v = s->palette[s->dac_read * 3 + s->dac_sub];

    if (++s->dac_sub == 3) {
        s->dac_sub = 0;
        s->dac_read++;
    }
    return v;
}

static void dac_write(VgaState *s, uint8_t v)
{
    s->dac_cache[s->dac_sub] = v;
    if (++s->dac_sub == 3) {
        memcpy(&s->palette[s->dac_write * 3], s->dac_cache, 3);
        s->dac_sub = 0;
        s->dac_write++;
        s->draw_all = true;
    }
}

uint64_t vga_port_read(VgaState *s, uint32_t port)
{
    if (is_elsewhere(s, port)) {
        return 0xff;
    }
    switch (port) {
    case 0x3c0: return s->attr_data ? 0 : s->attr_index;
    case 0x3c1: return (s->attr_index & 0x1f) < VGA_ATTR_REGS ? s->attr[s->attr_index & 0x1f] : 0;
    case 0x3c2: return 0;
    case 0x3c4: return s->seq_index;
    case 0x3c5: return s->seq[s->seq_index];
    case 0x3c6: return s->dac_mask;
    case 0x3c7: return s->dac_state;
    case 0x3c8: return s->dac_write;
    case 0x3c9: return dac_read(s);
    case 0x3ca: return s->feature;
    case 0x3cc: return s->misc;
    case 0x3ce: return s->gfx_index;
    case 0x3cf: return s->gfx[s->gfx_index];
    case 0x3b4: case 0x3d4: return s->crtc_index;
    case 0x3b5: case 0x3d5: return s->crtc[s->crtc_index];
    case 0x3ba: case 0x3da: /* a program that waits for a retrace sees it come and go */
        s->attr_data = false;
        s->status1 ^= 0x09;
        return s->status1;
    default: return 0xff;
    }
}

static void attr_write(VgaState *s, uint8_t v)
{
    if (!s->attr_data) {
        s->attr_index = v & 0x3f;
    } else if ((s->attr_index & 0x1f) < VGA_ATTR_REGS) {
        s->attr[s->attr_index & 0x1f] = v & attr_bits[s->attr_index & 0x1f];
    }
    s->attr_data = !s->attr_data;
    s->draw_all = true;
}

static void crtc_write(VgaState *s, uint8_t v)
{
    if (s->crtc_index <= 7 && (s->crtc[CRTC_V_SYNC_END] & 0x80)) { /* write protected, but for line compare's bit 8 */
        if (s->crtc_index == CRTC_OVERFLOW) {
            s->crtc[CRTC_OVERFLOW] = (uint8_t)((s->crtc[CRTC_OVERFLOW] & ~0x10) | (v & 0x10));
        }
        return;
    }
    s->crtc[s->crtc_index] = v;
}

void vga_port_write(VgaState *s, uint32_t port, uint8_t v)
{
    if (is_elsewhere(s, port)) {
        return;
    }
    switch (port) {
    case 0x3c0: attr_write(s, v); break;
    case 0x3c2: s->misc = v & ~0x10; break;
    case 0x3c4: s->seq_index = v & 7; break;
    case 0x3c5:
        s->seq[s->seq_index] = v & seq_bits[s->seq_index];
        s->draw_all |= s->seq_index == SEQ_CLOCKING || s->seq_index == SEQ_CHARACTER_MAP;
        break;
    case 0x3c6: s->dac_mask = v; s->draw_all = true; break;
    case 0x3c7: s->dac_read = v; s->dac_sub = 0; s->dac_state = 3; break;
    case 0x3c8: s->dac_write = v; s->dac_sub = 0; s->dac_state = 0; break;
    case 0x3c9: dac_write(s, v); break;
    case 0x3ce: s->gfx_index = v & 15; break;
    case 0x3cf: s->gfx[s->gfx_index] = v & gfx_bits[s->gfx_index]; break;
    case 0x3b4: case 0x3d4: s->crtc_index = v & 31; break;
    case 0x3b5: case 0x3d5: crtc_write(s, v); break;
    case 0x3ba: case 0x3da: s->feature = v & 0x10; break;
    default: break;
    }
}

/* ------------------------------------------------------------------ DISPI */

enum { MAX_X = 16000, MAX_Y = 12000, MAX_BPP = 32 };

static unsigned pixel_bits(const VgaState *s)
{
    unsigned bpp = s->dispi[DISPI_BPP];

    return bpp == 15 ? 16 : bpp;
}

/* Makes sizes and offsets such that what is shown lies in video memory. */
static void dispi_fix(VgaState *s)
{
    uint16_t *r = s->dispi;

    if (!vga_linear(s)) {
        return;
    }
    switch (r[DISPI_BPP]) {
    case 4: case 8: case 15: case 16: case 24: case 32: break;
    default: r[DISPI_BPP] = 8;
    }
    unsigned bits = pixel_bits(s);
    r[DISPI_XRES] = (uint16_t)CLAMP(r[DISPI_XRES] & ~7, 8, MAX_X);
    r[DISPI_VIRT_WIDTH] = (uint16_t)CLAMP(r[DISPI_VIRT_WIDTH] & ~7, r[DISPI_XRES], MAX_X);
    uint64_t stride = (uint64_t)r[DISPI_VIRT_WIDTH] * bits / 8;
    if (stride > s->vram_size) {
        r[DISPI_VIRT_WIDTH] = r[DISPI_XRES];
        stride = (uint64_t)r[DISPI_VIRT_WIDTH] * bits / 8;
    }
    uint64_t lines = s->vram_size / stride;
    r[DISPI_YRES] = (uint16_t)CLAMP(r[DISPI_YRES], 1, MIN(lines, (uint64_t)MAX_Y));
    r[DISPI_VIRT_HEIGHT] = (uint16_t)MIN(lines, 0xffffull);
    uint64_t start = r[DISPI_X_OFFSET] * (uint64_t)bits / 8 + r[DISPI_Y_OFFSET] * stride;
    if (start + r[DISPI_YRES] * stride > s->vram_size) {
        r[DISPI_X_OFFSET] = r[DISPI_Y_OFFSET] = 0;
    }
}

uint16_t vga_dispi_read(VgaState *s, unsigned index)
{
    if (index >= VGA_DISPI_REGS) {
        return 0;
    }
    if (s->dispi[DISPI_ENABLE] & DISPI_GETCAPS) {
        switch (index) {
        case DISPI_XRES: return MAX_X;
        case DISPI_YRES: return MAX_Y;
        case DISPI_BPP: return MAX_BPP;
        default: break;
        }
    }
    return s->dispi[index];
}

/* The VGA registers follow, so that the window at 0xa0000 and the BIOS find a mode that fits. */
static void enter_linear(VgaState *s, uint16_t v)
{
    s->dispi[DISPI_VIRT_WIDTH] = s->dispi[DISPI_XRES];
    s->dispi[DISPI_X_OFFSET] = s->dispi[DISPI_Y_OFFSET] = 0;
    dispi_fix(s);
    if (!(v & DISPI_NOCLEAR)) {
        uint64_t bytes = (uint64_t)s->dispi[DISPI_VIRT_WIDTH] * pixel_bits(s) / 8 * s->dispi[DISPI_YRES];

        memset(s->vram.ram->host, 0, MIN(bytes, s->vram_size));
        ram_written(s->machine, s->vram.ram, 0, s->vram_size);
    }
    s->gfx[GFX_MISC] = (uint8_t)((s->gfx[GFX_MISC] & ~0x0c) | 0x04 | 1);
    s->seq[SEQ_MEMORY_MODE] |= 8;
    s->seq[SEQ_PLANE_MASK] = 15;
    s->crtc[CRTC_MAX_SCAN] &= ~0x9f;
}

void vga_dispi_write(VgaState *s, unsigned index, uint16_t v)
{
    switch (index) {
    case DISPI_ID:
        if (v >= 0xb0c0 && v <= DISPI_ID5) {
            s->dispi[DISPI_ID] = v;
        }
        return;
    case DISPI_XRES: case DISPI_YRES: case DISPI_BPP: case DISPI_VIRT_WIDTH: case DISPI_X_OFFSET: case DISPI_Y_OFFSET:
        s->dispi[index] = v;
        dispi_fix(s);
        break;
    case DISPI_BANK:
        s->dispi[index] = (uint16_t)(v & ((s->vram_size >> 16) - 1));
        return;
    case DISPI_ENABLE: {
        bool was = vga_linear(s);

        s->dispi[index] = v;
        if ((v & DISPI_ENABLED) && !was) {
            enter_linear(s, v);
        } else if (!(v & DISPI_ENABLED)) {
            s->dispi[DISPI_BANK] = 0;
        }
        break;
    }
    default: return;
    }
    s->draw_all = true;
}

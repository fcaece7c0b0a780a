/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VGA core shared by the cards that carry one: IBM VGA's registers and planar memory (IBM VGA Technical Reference; FreeVGA),
 * and the "Bochs VBE" (DISPI) registers for linear modes.
 *
 * Guarded by the machine lock. Video memory is a RAM region; its dirty log tells what to draw again in linear modes.
 */
#ifndef HW_DISPLAY_VGA_H
#define HW_DISPLAY_VGA_H

#include "hw/device.h"
#include "ui/console.h"

enum { VGA_SEQ_REGS = 8, VGA_GFX_REGS = 16, VGA_CRTC_REGS = 32, VGA_ATTR_REGS = 21, VGA_DISPI_REGS = 16 };

/* DISPI registers */
enum {
    DISPI_ID, DISPI_XRES, DISPI_YRES, DISPI_BPP, DISPI_ENABLE, DISPI_BANK, DISPI_VIRT_WIDTH, DISPI_VIRT_HEIGHT, DISPI_X_OFFSET,
    DISPI_Y_OFFSET, DISPI_VIDEO_MEMORY_64K,
    DISPI_ID5 = 0xb0c5, DISPI_ENABLED = 1, DISPI_GETCAPS = 2, DISPI_8BIT_DAC = 0x20, DISPI_LFB = 0x40, DISPI_NOCLEAR = 0x80,
};
/* Sequencer, graphics controller, CRTC and attribute registers with a name. */
enum { SEQ_CLOCKING = 1, SEQ_PLANE_MASK, SEQ_CHARACTER_MAP, SEQ_MEMORY_MODE };
enum { GFX_SET_RESET, GFX_SET_RESET_ENABLE, GFX_COMPARE, GFX_ROTATE, GFX_READ_MAP, GFX_MODE, GFX_MISC, GFX_DONT_CARE, GFX_BIT_MASK };
enum {
    CRTC_H_DISPLAY = 1, CRTC_OVERFLOW = 7, CRTC_PRESET_ROW = 8, CRTC_MAX_SCAN = 9, CRTC_CURSOR_START = 10, CRTC_CURSOR_END = 11, CRTC_START_HIGH = 12,
    CRTC_START_LOW = 13, CRTC_CURSOR_HIGH = 14, CRTC_CURSOR_LOW = 15, CRTC_V_SYNC_END = 0x11, CRTC_V_DISPLAY = 0x12, CRTC_OFFSET = 0x13,
    CRTC_MODE = 0x17, CRTC_LINE_COMPARE = 0x18,
};
enum { ATTR_MODE = 0x10, ATTR_OVERSCAN, ATTR_PLANE_ENABLE, ATTR_PAN, ATTR_COLOR_SELECT };

typedef struct VgaState {
    Machine *machine;
    Object *owner;
    Console *console;
    MemoryRegion vram;        /* linear; planes are interleaved: byte p of 32-bit word n is plane p's byte n */
    MemoryRegion window;      /* 0xa0000, 128 KiB */
    MemoryRegion ports_mono, ports, ports_color, ports_dispi;
    uint32_t vram_mb;         /* property */
    uint64_t vram_size;

    uint8_t misc, feature, seq_index, gfx_index, crtc_index, attr_index;
    uint8_t seq[VGA_SEQ_REGS], gfx[VGA_GFX_REGS], crtc[VGA_CRTC_REGS], attr[VGA_ATTR_REGS];
    bool attr_data;           /* port 0x3c0 takes data next */
    uint8_t status1;
    uint8_t dac_mask, dac_read, dac_write, dac_sub, dac_state;
    uint8_t dac_cache[3], palette[768];
    uint8_t latch[4];
    uint16_t dispi_index, dispi[VGA_DISPI_REGS];

    bool draw_all;
    uint64_t drawn_mode;      /* what the surface was last drawn for */
    unsigned long *dirty;     /* scratch of dirty fetches */
} VgaState;

/* Video memory, console, window and port regions are made; the card maps them. */
bool vga_init(VgaState *s, Machine *m, Object *owner, const char *label, Error **errp);
void vga_exit(VgaState *s);
void vga_reset(VgaState *s);

/* vga-ports.c */
uint64_t vga_port_read(VgaState *s, uint32_t port);
void vga_port_write(VgaState *s, uint32_t port, uint8_t v);
uint16_t vga_dispi_read(VgaState *s, unsigned index);
void vga_dispi_write(VgaState *s, unsigned index, uint16_t v);
static inline bool vga_linear(const VgaState *s) { return s->dispi[DISPI_ENABLE] & DISPI_ENABLED; }

/* vga-memory.c */
uint8_t vga_memory_read(VgaState *s, uint32_t offset); /* in the window */
void vga_memory_write(VgaState *s, uint32_t offset, uint8_t v);
extern const MmioOps vga_window_ops;

/* vga-draw.c */
extern const ConsoleOps vga_console_ops;

#endif

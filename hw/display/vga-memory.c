/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The window at 0xa0000: four planes behind latches, write modes 0 to 3, read modes 0 and 1, odd/even and chain-4
 * addressing (IBM VGA Technical Reference, graphics controller and sequencer). Where the card leaves out address bits (one
 * in odd/even, two in chain 4) we close the gaps; the CRT controller's word and doubleword modes, which undo that, then do nothing.
 */
#include "vga.h"

/* Window offset to an address in the mapped part; false: outside of it. */
static bool window_map(const VgaState *s, uint32_t *offset)
{
    switch (s->gfx[GFX_MISC] >> 2 & 3) {
    case 0: /* 128 KiB */
        return true;
    case 1: /* 64 KiB at 0xa0000; DISPI banks move it */
        if (*offset >= 0x10000) {
            return false;
        }
        *offset += vga_linear(s) ? (uint32_t)s->dispi[DISPI_BANK] << 16 : 0;
        return true;
    case 2:
        *offset -= 0x10000;
        return *offset < 0x8000;
    default:
        *offset -= 0x18000;
        return *offset < 0x8000;
    }
}

static bool chain4(const VgaState *s) { return s->seq[SEQ_MEMORY_MODE] & 8; }
static bool odd_even_write(const VgaState *s) { return !(s->seq[SEQ_MEMORY_MODE] & 4); }

/* 32-bit word of the four planes; its number is folded into the memory there is. */
static uint8_t *planes(const VgaState *s, uint32_t word)
{
    return s->vram.ram->host + ((uint64_t)word * 4 & (s->vram_size - 4));
}

uint8_t vga_memory_read(VgaState *s, uint32_t offset)
{
    if (!window_map(s, &offset)) {
        return 0xff;
    }
    if (chain4(s)) {
        return s->vram.ram->host[offset & (s->vram_size - 1)];
    }
    unsigned plane = s->gfx[GFX_READ_MAP] & 3;
    if (s->gfx[GFX_MODE] & 0x10) { /* odd/even: the address's lowest bit chooses of a pair */
        plane = (plane & 2) | (offset & 1);
        offset >>= 1;
    }
    const uint8_t *p = planes(s, offset);
    for (unsigned i = 0; i < 4; i++) {
        s->latch[i] = p[i];
    }
    if (!(s->gfx[GFX_MODE] & 8)) {
        return s->latch[plane];
    }
    uint8_t differ = 0; /* read mode 1: bits whose colour is the one compared with */
    for (unsigned i = 0; i < 4; i++) {
        if (s->gfx[GFX_DONT_CARE] >> i & 1) {
            differ |= s->latch[i] ^ (s->gfx[GFX_COMPARE] >> i & 1 ? 0xff : 0);
        }
    }
    return (uint8_t)~differ;
}

static uint8_t rotate(const VgaState *s, uint8_t v)
{
    unsigned n = s->gfx[GFX_ROTATE] & 7;

    return (uint8_t)(v >> n | v << (8 - n));
}

/* What the graphics controller makes of a byte for one plane. */
static uint8_t combine(const VgaState *s, unsigned plane, uint8_t v)
{
    uint8_t mask = s->gfx[GFX_BIT_MASK], set = s->gfx[GFX_SET_RESET] >> plane & 1 ? 0xff : 0, latch = s->latch[plane];

    switch (s->gfx[GFX_MODE] & 3) {
    case 1:
        return latch;
    case 0:
        v = s->gfx[GFX_SET_RESET_ENABLE] >> plane & 1 ? set : rotate(s, v);
        break;
    case 2:
        v = v >> plane & 1 ? 0xff : 0;
        break;
    default:
        mask &= rotate(s, v);
        v = set;
        break;
    }
    switch (s->gfx[GFX_ROTATE] >> 3 & 3) {
    case 1: v &= latch; break;
    case 2: v |= latch; break;
    case 3: v ^= latch; break;
    default: break;
    }
    return (uint8_t)((v & mask) | (latch & ~mask));
}

void vga_memory_write(VgaState *s, uint32_t offset, uint8_t v)
{
    unsigned mask = s->seq[SEQ_PLANE_MASK] & 15;

    if (!window_map(s, &offset)) {
        return;
    }
    if (chain4(s)) {
        uint64_t at = offset & (s->vram_size - 1);

        if (mask >> (offset & 3) & 1) {
            s->vram.ram->host[at] = v;
            ram_written(s->machine, s->vram.ram, at, 1);
        }
        return;
    }
    if (odd_even_write(s)) {
        mask &= offset & 1 ? 10 : 5;
        offset >>= 1;
    }
    uint8_t *p = planes(s, offset);
    for (unsigned i = 0; i < 4; i++) {
        if (mask >> i & 1) {
            p[i] = combine(s, i, v);
        }
    }
    ram_written(s->machine, s->vram.ram, (uint64_t)(p - s->vram.ram->host), 4);
}

static uint64_t window_read(void *opaque, uint64_t offset, unsigned size)
{
    return vga_memory_read(opaque, (uint32_t)offset);
}

static void window_write(void *opaque, uint64_t offset, uint64_t v, unsigned size)
{
    vga_memory_write(opaque, (uint32_t)offset, (uint8_t)v);
}

const MmioOps vga_window_ops = {.read = window_read, .write = window_write, .access_min = 1, .access_max = 8, .impl_min = 1,
                                .impl_max = 1, .allow_unaligned = true};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making, resetting and taking down the VGA core; its regions.
 */
#include "vga.h"

#include <string.h>

static uint64_t port_read(VgaState *s, uint32_t port, unsigned size)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < size; i++) {
        v |= vga_port_read(s, port + i) << (8 * i);
    }
    return v;
}

static void port_write(VgaState *s, uint32_t port, uint64_t v, unsigned size)
{
    for (unsigned i = 0; i < size; i++) { /* a word goes to index and data */
        vga_port_write(s, port + i, (uint8_t)(v >> (8 * i)));
    }
}

#define PORTS(name, base)                                                                                               \
    static uint64_t name##_read(void *opaque, uint64_t offset, unsigned size)                                           \
    {                                                                                                                   \
        return port_read(opaque, (base) + (uint32_t)offset, size);                                                      \
    }                                                                                                                   \
    static void name##_write(void *opaque, uint64_t offset, uint64_t v, unsigned size)                                  \
    {                                                                                                                   \
        port_write(opaque, (base) + (uint32_t)offset, v, size);                                                         \
    }                                                                                                                   \
    static const MmioOps name##_ops = {                                                                                 \
        .read = name##_read, .write = name##_write, .access_min = 1, .access_max = 4, .impl_min = 1, .impl_max = 2,     \
        .allow_unaligned = true};
PORTS(mono, 0x3b0)
PORTS(middle, 0x3c0)
PORTS(color, 0x3d0)
#undef PORTS

static uint64_t dispi_read(void *opaque, uint64_t offset, unsigned size)
{
    VgaState *s = opaque;

    return offset < 1 ? s->dispi_index : vga_dispi_read(s, s->dispi_index);
}

static void dispi_write(void *opaque, uint64_t offset, uint64_t v, unsigned size)
{
    VgaState *s = opaque;

    if (offset < 1) {
        s->dispi_index = (uint16_t)v;
    } else {
        vga_dispi_write(s, s->dispi_index, (uint16_t)v);
    }
}

/* 0x1ce index, 0x1cf data (a word at an odd port), 0x1d0 data for those that align. */
static const MmioOps dispi_ops = {.read = dispi_read, .write = dispi_write, .access_min = 1, .access_max = 4, .impl_min = 2,
                                  .impl_max = 2, .allow_unaligned = true};

void vga_reset(VgaState *s)
{
    memset(s->seq, 0, sizeof(s->seq));
    memset(s->gfx, 0, sizeof(s->gfx));
    memset(s->crtc, 0, sizeof(s->crtc));
    memset(s->attr, 0, sizeof(s->attr));
    memset(s->palette, 0, sizeof(s->palette));
    memset(s->dispi, 0, sizeof(s->dispi));
    memset(s->latch, 0, sizeof(s->latch));
    s->dispi[DISPI_ID] = DISPI_ID5;
    s->dispi[DISPI_VIDEO_MEMORY_64K] = (uint16_t)(s->vram_size >> 16);
    s->misc = s->feature = s->seq_index = s->gfx_index = s->crtc_index = s->attr_index = s->status1 = 0;
    s->attr_data = false;
    s->dac_mask = 0xff;
    s->dac_read = s->dac_write = s->dac_sub = s->dac_state = 0;
    s->dispi_index = 0;
    memset(s->vram.ram->host, 0, s->vram_size);
    ram_written(s->machine, s->vram.ram, 0, s->vram_size);
    s->draw_all = true;
}

bool vga_init(VgaState *s, Machine *m, Object *owner, const char *label, Error **errp)
{
    if (!s->vram_mb || s->vram_mb > 256 || (s->vram_mb & (s->vram_mb - 1))) {
        error_setg(errp, "%s: vgamem_mb has to be a power of two from 1 to 256, not %u", label, s->vram_mb);
        return false;
    }
    s->machine = m;
    s->owner = owner;
    s->vram_size = (uint64_t)s->vram_mb << 20;
    if (!memory_region_init_ram(&s->vram, m, owner, "vga.vram", s->vram_size, errp)) {
        return false;
    }
    memory_set_dirty_log(&s->vram, DIRTY_DISPLAY, true);
    memory_region_init_mmio(&s->window, m, owner, &vga_window_ops, s, "vga-lowmem", 0x20000);
    memory_region_init_mmio(&s->ports_mono, m, owner, &mono_ops, s, "vga-ports-3b0", 16);
    memory_region_init_mmio(&s->ports, m, owner, &middle_ops, s, "vga-ports-3c0", 16);
    memory_region_init_mmio(&s->ports_color, m, owner, &color_ops, s, "vga-ports-3d0", 16);
    memory_region_init_mmio(&s->ports_dispi, m, owner, &dispi_ops, s, "vbe", 4);
    s->dirty = g_new0(unsigned long, (s->vram_size >> 12) / (8 * sizeof(long)) + 1);
    if (!m->consoles) {
        m->consoles = console_set_new();
    }
    s->console = console_new(m->consoles, label, &vga_console_ops, s);
    vga_reset(s);
    return true;
}

void vga_exit(VgaState *s)
{
    if (!s->console) {
        return;
    }
    console_free(s->console);
    s->console = NULL;
    if (!console_count(s->machine->consoles)) {
        console_set_free(s->machine->consoles);
        s->machine->consoles = NULL;
    }
    memory_region_destroy(&s->window);
    memory_region_destroy(&s->ports_mono);
    memory_region_destroy(&s->ports);
    memory_region_destroy(&s->ports_color);
    memory_region_destroy(&s->ports_dispi);
    memory_region_destroy(&s->vram);
    g_free(s->dirty);
    s->dirty = NULL;
}

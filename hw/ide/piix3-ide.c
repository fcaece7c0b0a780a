/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The IDE function of the PIIX3 (82371SB datasheet, chapter 5; Programming Interface for Bus Master IDE Controller
 * 1.0): two channels at the legacy ports with a bus master each. BAR 4 holds the bus master registers: command,
 * status and address of the descriptor table, 8 bytes a channel.
 *
 * A command with DMA waits until the host sets the start bit, and the other way round. The table is read when both
 * are there: 64 KiB of it at most, copied.
 */
#include <string.h>

#include "ide-internal.h"
#include "util/bytes.h"

enum {
    CHANNELS = 2, BM_BYTES = 8, CMD_START = 1, CMD_TO_MEMORY = 8, STAT_ACTIVE = 1, STAT_ERROR = 2, STAT_INTERRUPT = 4,
    STAT_CAPABLE = 0x60,
    PRD_BYTES = 8, PRD_TABLE_MAX = 65536, PRD_END = 0x8000, IDETIM = 0x40, IDETIM_DECODE = 0x8000,
};

typedef struct Channel {
    struct Piix3Ide *ide;
    IdeBus *bus;
    MemoryRegion command, control; /* 1f0..1f7 and 3f6 */
    Irq irq;
    uint8_t bm_command, bm_status;
    uint32_t bm_table;
} Channel;

typedef struct Piix3Ide {
    PciDevice pci;
    Channel channels[CHANNELS];
    MemoryRegion bus_master;
} Piix3Ide;

/* --- ports --- */
static uint64_t command_read(void *opaque, uint64_t offset, unsigned size)
{
    Channel *c = opaque;
    uint32_t v;
    if (offset == 0) {
        ide_data_read(c->bus, size, &v);
        return v;
    }
    return ide_reg_read(c->bus, (unsigned)offset);
}

static void command_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    Channel *c = opaque;
    if (offset == 0) {
        ide_data_write(c->bus, size, (uint32_t)value);
    } else {
        ide_reg_write(c->bus, (unsigned)offset, (uint8_t)value);
    }
}

static uint64_t control_read(void *opaque, uint64_t offset,
                             unsigned size) { return ide_alt_status(((Channel *)opaque)->bus); }
static void control_write(void *opaque, uint64_t offset, uint64_t value,
                          unsigned size) { ide_control_write(((Channel *)opaque)->bus, (uint8_t)value); }

/* The data register takes 1, 2 and 4 bytes at offset 0; all others are bytes. */
static const MmioOps command_ops = {.read = command_read, .write = command_write, .access_min = 1, .access_max = 4,
                                    .impl_min = 1, .impl_max = 4, .allow_unaligned = true};
static const MmioOps control_ops = {.read = control_read, .write = control_write, .access_min = 1, .access_max = 4,
                                    .impl_min = 1, .impl_max = 1};

/* --- bus master --- */
static uint64_t bm_read(void *opaque, uint64_t offset, unsigned size)
{
    const Piix3Ide *s = opaque;
    const Channel *c = &s->channels[offset / BM_BYTES & 1];
    switch (offset % BM_BYTES) {
    case 0: return c->bm_command;
    case 2: return c->bm_status;
    case 4: case 5: case 6: case 7: return c->bm_table >> (8 * (offset % 4)) & 0xff;
    default: return 0;
    }
}

static void start_changed(Channel *c, uint8_t v)
{
    IdeDrive *d = ide_selected(c->bus);
    bool start = v & CMD_START;
    if (start && !(c->bm_command & CMD_START)) {
        c->bm_status |= STAT_ACTIVE;
        c->bm_command = v & (CMD_START | CMD_TO_MEMORY);
        if (d && d->dma_waiting) {
            ide_dma_go(d);
        }
    } else if (!start && c->bm_command & CMD_START) {
        c->bm_status &= (uint8_t)~STAT_ACTIVE; /* what is under way in the block layer ends by itself */
    }
}

static void bm_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    Piix3Ide *s = opaque;
    Channel *c = &s->channels[offset / BM_BYTES & 1];
    unsigned shift = 8 * (offset % 4);
    switch (offset % BM_BYTES) {
    case 0:
        start_changed(c, (uint8_t)value);
        c->bm_command = value & (CMD_START | CMD_TO_MEMORY);
        break;
    case 2:
        c->bm_status = (uint8_t)((value & STAT_CAPABLE) | (c->bm_status & STAT_ACTIVE) |
                                 (c->bm_status & ~value & (STAT_ERROR | STAT_INTERRUPT)));
        break;
    case 4: case 5: case 6: case 7:
        c->bm_table = ((c->bm_table & ~(0xffu << shift)) | (uint32_t)(value & 0xff) << shift) & ~3u;
        break;
    default: break;
    }
}

static const MmioOps bm_ops = {.read = bm_read, .write = bm_write, .access_min = 1, .access_max = 4, .impl_min = 1,
                               .impl_max = 1};

/* --- for the bus --- */
static void set_irq(IdeBus *bus, bool level)
{
    Channel *c = bus->opaque;
    if (level) {
        c->bm_status |= STAT_INTERRUPT;
    }
    irq_set(&c->irq, level);
}

static void dma_wanted(IdeBus *bus, IdeDrive *d)
{
    Channel *c = bus->opaque;
    if (c->bm_status & STAT_ACTIVE) {
        ide_dma_go(d);
    }
}

static AddressSpace *dma_as(IdeBus *bus) { return pci_dma_as(&((Channel *)bus->opaque)->ide->pci); }

/*
 * Descriptors: address, byte count (0: 64 KiB), end mark. One that crosses 64 KiB is not what the chip can do, but
 * what guests never notice.
 */
static bool dma_list(IdeBus *bus, IdeSg *sg)
{
    Channel *c = bus->opaque;
    uint8_t raw[PRD_BYTES];
    for (unsigned at = 0; at < PRD_TABLE_MAX; at += PRD_BYTES) {
        if (dma_read(dma_as(bus), (uint64_t)c->bm_table + at, raw, sizeof(raw)) != MEM_OK) {
            return false;
        }
        uint32_t len = ld_le16(raw + 4) & ~1u;
        ide_sg_add(sg, ld_le32(raw) & ~1u, len ? len : 65536);
        if (ld_le16(raw + 6) & PRD_END) {
            return true;
        }
    }
    return true;
}

static void dma_done(IdeBus *bus, uint64_t moved, uint64_t left, bool ok)
{
    Channel *c = bus->opaque;
    if (!ok) {
        c->bm_status = (uint8_t)((c->bm_status & ~STAT_ACTIVE) | (left ? STAT_ERROR : 0));
    } else if (!left) { /* a longer table keeps it active */
        c->bm_status &= (uint8_t)~STAT_ACTIVE;
    }
}

static const IdeBusOps bus_ops = {.set_irq = set_irq, .dma_wanted = dma_wanted, .dma_list = dma_list, .dma_as = dma_as,
                                  .dma_done = dma_done};

/* --- life --- */
void piix3_ide_connect(PciDevice *ide, Irq irq14, Irq irq15)
{
    Piix3Ide *s = (Piix3Ide *)ide;
    s->channels[0].irq = irq14;
    s->channels[1].irq = irq15;
}

/* A channel's ports are decoded where its timing register says so (IDETIM bit 15) and the function's I/O is on. */
static void update_ports(Piix3Ide *s)
{
    bool io = s->pci.config[PCI_COMMAND] & PCI_COMMAND_IO;
    memory_begin(s->pci.dev.machine);
    for (unsigned i = 0; i < CHANNELS; i++) {
        bool on = io && ld_le16(s->pci.config + IDETIM + 2 * i) & IDETIM_DECODE;
        memory_set_enabled(&s->channels[i].command, on);
        memory_set_enabled(&s->channels[i].control, on);
    }
    memory_commit(s->pci.dev.machine);
}

static void config_written(PciDevice *dev, uint32_t offset, unsigned size)
{
    if (offset < PCI_COMMAND + 2 || (offset < IDETIM + 4 && offset + size > IDETIM)) {
        update_ports((Piix3Ide *)dev);
    }
}

static void piix3_reset(PciDevice *dev)
{
    Piix3Ide *s = (Piix3Ide *)dev;
    for (unsigned i = 0; i < CHANNELS; i++) {
        Channel *c = &s->channels[i];
        c->bm_command = c->bm_status = 0;
        c->bm_table = 0;
        ide_bus_hard_reset(c->bus);
    }
    memset(dev->config + IDETIM, 0, 8);
    /* Without firmware (direct boot) nobody would switch the channels on. */
    st_le16(dev->config + IDETIM, IDETIM_DECODE);
    st_le16(dev->config + IDETIM + 2, IDETIM_DECODE);
    st_le16(dev->config + PCI_COMMAND, PCI_COMMAND_IO);
    st_le16(dev->config + PCI_STATUS, 0x0280);
    update_ports(s);
}

static bool piix3_realize(PciDevice *dev, Error **errp)
{
    static const uint16_t command_port[CHANNELS] = {0x1f0, 0x170}, control_port[CHANNELS] = {0x3f6, 0x376};
    Piix3Ide *s = (Piix3Ide *)dev;
    Machine *m = dev->dev.machine;
    memory_region_init_mmio(&s->bus_master, m, OBJECT(dev), &bm_ops, s, "piix-bmdma", CHANNELS * BM_BYTES);
    pci_register_bar(dev, 4, PCI_BAR_IO, &s->bus_master);
    for (unsigned i = 0; i < CHANNELS; i++) {
        Channel *c = &s->channels[i];
        c->ide = s;
        c->bus = ide_bus_new(&dev->dev, i, 2, &bus_ops, c);
        memory_region_init_mmio(&c->command, m, OBJECT(dev), &command_ops, c, "ide", 8);
        memory_region_init_mmio(&c->control, m, OBJECT(dev), &control_ops, c, "ide", 1);
        memory_map(dev->bus->io, command_port[i], &c->command);
        memory_map(dev->bus->io, control_port[i], &c->control);
    }
    memset(dev->writable + IDETIM, 0xff, 5); /* timing of both channels, of the second drives */
    return true;
}

static void piix3_unrealize(PciDevice *dev)
{
    Piix3Ide *s = (Piix3Ide *)dev;
    for (unsigned i = 0; i < CHANNELS; i++) {
        memory_region_destroy(&s->channels[i].command);
        memory_region_destroy(&s->channels[i].control);
    }
    memory_region_destroy(&s->bus_master);
}

static const PciClass piix3_class = {
    PCI_DEVICE_PART, .device.category = DEVICE_CAT_STORAGE, .vendor_id = 0x8086, .device_id = 0x7010,
    .class_id = 0x0101, .prog = 0x80,
    .realize = piix3_realize, .unrealize = piix3_unrealize, .reset = piix3_reset, .config_written = config_written,
};
static const TypeRecord piix3_type = {
    .name = TYPE_PIIX3_IDE, .parent = TYPE_PCI_DEVICE, .help = "PIIX3 IDE", .instance_size = sizeof(Piix3Ide),
    .class_kind = TYPE_DEVICE, .class_data = &piix3_class,
};
TYPE_REGISTER(piix3_type);

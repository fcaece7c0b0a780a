/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ISA bus: 16 interrupt lines, ports, and DMA channels, with devices at fixed places.
 *
 * A board (or a south bridge) makes the bus, says what the interrupt lines drive, and gives it a pair of DMA
 * controllers. Devices take their ports and lines in realize; everything is given back when they go. Guarded by the
 * machine lock; lines may be driven from any thread if what they lead to allows it (i8259, ioapic do).
 *
 *   IsaBus *isa = isa_bus_new(m, bridge, m->system_memory, io);
 *   isa_bus_set_irqs(isa, gsi);
 *   isa_create(isa, "isa-serial", errp, "index", "0", "chardev", "serial0", NULL);
 */
#ifndef HW_ISA_H
#define HW_ISA_H

#include "hw/device.h"

#define TYPE_ISA_BUS "ISA"           /* bus_type of ISA devices */
#define TYPE_ISA_DEVICE "isa-device"

enum { ISA_IRQS = 16, ISA_DEVICE_IO_MAX = 8, ISA_DMA_CHANNELS = 8 };

typedef struct IsaBus IsaBus;
typedef struct IsaDevice IsaDevice;
struct I8257;

struct IsaBus {
    Bus bus;
    MemoryRegion *mem, *io;
    Irq irq[ISA_IRQS];
    struct I8257 *dma[2];            /* channels 0..3 and 4..7; NULL: none */
};

struct IsaDevice {
    DeviceState dev;
    MemoryRegion *io[ISA_DEVICE_IO_MAX];
    unsigned io_count;
};
#define ISA_DEVICE(x) ((IsaDevice *)(x))

/* --- by the board --- */
/* @parent: the bridge below which bus "isa.0" is; NULL: a plain bridge ("isabus-bridge") on the system bus. */
IsaBus *isa_bus_new(Machine *m, DeviceState *parent, MemoryRegion *mem, MemoryRegion *io);
void isa_bus_set_irqs(IsaBus *bus, const Irq lines[ISA_IRQS]);
/* A board's device: type, then pairs of property name and text, ended by NULL. NULL on error. */
DeviceState *isa_create(IsaBus *bus, const char *type, Error **errp, ...) G_GNUC_NULL_TERMINATED;

/* --- by devices, from realize on --- */
static inline IsaBus *isa_bus(IsaDevice *dev) { return (IsaBus *)dev->dev.parent_bus; }
/* The line as the board wired it, to be copied into the device. A property is checked by isa_check_irq() first. */
Irq isa_irq(IsaDevice *dev, unsigned n);
bool isa_check_irq(IsaDevice *dev, unsigned n, Error **errp);
/* Puts an initialised region at a port; it is unmapped and destroyed when the device is unrealized. */
void isa_add_io(IsaDevice *dev, MemoryRegion *mr, uint16_t port);
/* Sizes of MmioOps for byte-wide ports: wider accesses reach one port after the other. */
#define ISA_BYTE_PORTS .access_max = 4, .impl_min = 1, .impl_max = 1, .allow_unaligned = true
/* The same for a region made from @ops; at most 64 KiB - @port ports. */
void isa_add_ports(IsaDevice *dev, MemoryRegion *mr, const MmioOps *ops, void *opaque, const char *name, uint16_t port,
                   unsigned count);

#endif

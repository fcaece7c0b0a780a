/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PIIX3 south bridge's function 0 (290550): ISA bridge 8086:7000, routing of PIRQA..D to ISA interrupts (0x60-0x63), reset control (0xcf9).
 */
#include <string.h>

#include "south.h"
#include "util/bytes.h"

enum { PIRQ_ROUTE = 0x60, PIRQS = 4, PIRQ_OFF = 0x80, RESET_NOW = 4, RESET_KIND = 2 };

typedef struct Piix3 {
    PciDevice pci;
    IsaBus *isa;
    Irq isa_irq[ISA_IRQS];
    bool pirq[PIRQS];
    bool driven[ISA_IRQS];
    uint8_t reset_control;
} Piix3;

static void update_irqs(Piix3 *s)
{
    bool level[ISA_IRQS] = {false};
    for (unsigned i = 0; i < PIRQS; i++) {
        uint8_t route = s->pci.config[PIRQ_ROUTE + i];
        if (s->pirq[i] && route < ISA_IRQS) {
            level[route] = true;
        }
    }
    for (unsigned i = 0; i < ISA_IRQS; i++) {
        if (level[i] != s->driven[i]) {
            s->driven[i] = level[i];
            irq_set(&s->isa_irq[i], level[i]);
        }
    }
}

static void pirq(void *opaque, int n, int level)
{
    Piix3 *s = opaque;
    s->pirq[n] = level;
    update_irqs(s);
}

static void config_written(PciDevice *dev, uint32_t offset, unsigned size)
{
    if (offset < PIRQ_ROUTE + PIRQS && offset + size > PIRQ_ROUTE) {
        update_irqs((Piix3 *)dev);
    }
}

/* --- port 0xcf9 --- */
static uint8_t reset_read(void *opaque) { return ((Piix3 *)opaque)->reset_control; }

static void reset_write(void *opaque, uint8_t value)
{
    Piix3 *s = opaque;
    s->reset_control = value & RESET_KIND;
    if (value & RESET_NOW) {
        machine_request_reset(s->pci.dev.machine, SHUTDOWN_GUEST_RESET);
    }
}

static void piix3_reset(PciDevice *dev)
{
    Piix3 *s = (Piix3 *)dev;
    static const struct {
        uint8_t at, value;
    } values[] = {
        {0x04, 7}, {0x06, 0}, {0x07, 2}, {0x4c, 0x4d}, {0x4e, 3}, {0x60, PIRQ_OFF}, {0x61, PIRQ_OFF}, {0x62, PIRQ_OFF}, {0x63, PIRQ_OFF}, {0x69, 2},
        {0x70, 0x80}, {0x76, 0x0c}, {0x77, 0x0c}, {0x78, 2}, {0xa0, 8}, {0xa8, 0x0f},
    };
    memset(dev->config + 0x40, 0, 0xc0);
    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        dev->config[values[i].at] = values[i].value;
    }
    s->reset_control = 0;
    update_irqs(s);
}

static bool piix3_realize(PciDevice *dev, Error **errp)
{
    Piix3 *s = (Piix3 *)dev;
    memset(dev->writable + 0x40, 0xff, 0xc0);
    s->isa = isa_bus_new(dev->dev.machine, &dev->dev, dev->bus->mem, dev->bus->io);
    return true;
}

static const PciClass piix3_class = {
    PCI_DEVICE_PART, .device.category = DEVICE_CAT_BRIDGE, .vendor_id = 0x8086, .device_id = 0x7000, .class_id = 0x0601, .multifunction = true,
    .realize = piix3_realize, .reset = piix3_reset, .config_written = config_written,
};
static const TypeRecord piix3_type = {
    .name = "PIIX3", .parent = TYPE_PCI_DEVICE, .help = "ISA bridge of PIIX3", .instance_size = sizeof(Piix3), .class_kind = TYPE_DEVICE,
    .class_data = &piix3_class,
};
TYPE_REGISTER(piix3_type);

PciDevice *piix3_create(PcHost *host, const Irq gsi[GSI_COUNT], IsaBus **isa, Error **errp)
{
    PciBus *root = pc_host_bus(host);
    Piix3 *s = (Piix3 *)pci_create(root, "PIIX3", PCI_DEVFN(1, 0), errp);
    if (!s) {
        return NULL;
    }
    memcpy(s->isa_irq, gsi, sizeof(s->isa_irq));
    isa_bus_set_irqs(s->isa, s->isa_irq);
    for (unsigned i = 0; i < PIRQS; i++) {
        root->lines[i] = irq_make(pirq, s, (int)i);
    }
    pc_host_set_reset_port(host, reset_read, reset_write, s);
    *isa = s->isa;
    return &s->pci;
}

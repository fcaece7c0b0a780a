/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "ich9-ahci": the registers of the host bus adapter and its ports (AHCI 1.3.1, chapter 3), interrupts by pin or
 * message.
 */
#include <string.h>

#include "ahci-internal.h"
#include "util/bytes.h"

enum { /* generic host control */
    HOST_CAP = 0x00, HOST_GHC = 0x04, HOST_IS = 0x08, HOST_PI = 0x0c, HOST_VS = 0x10, GHC_RESET = 1, GHC_IE = 2,
    GHC_AE = 1u << 31,
    CAP_VALUE = (AHCI_PORTS - 1) | (AHCI_SLOTS - 1) << 8 | 1 << 18 | 1 << 20, /* AHCI only; generation 1 */
    PORT_CLB = 0x00, PORT_CLBU = 0x04, PORT_FB = 0x08, PORT_FBU = 0x0c, PORT_IS = 0x10, PORT_IE = 0x14, PORT_CMD = 0x18,
    PORT_TFD = 0x20, PORT_SIG = 0x24, PORT_SSTS = 0x28,
    PORT_SCTL = 0x2c, PORT_SERR = 0x30, PORT_SACT = 0x34, PORT_CI = 0x38,
    IDP_BYTES = 32, IDP_INDEX = 0x10, IDP_DATA = 0x14, SATA_CAP = 0x12,
};
#define CAP_HIGH (1u << 31 | 1u << 30) /* 64-bit addresses, NCQ */

/* --- interrupts --- */
static void update_irq(Ahci *s, bool event)
{
    for (unsigned i = 0; i < AHCI_PORTS; i++) {
        if (s->ports[i].is & s->ports[i].ie) {
            s->is |= 1u << i;
        }
    }
    bool level = s->ghc & GHC_IE && s->is;
    if (pci_msi_enabled(&s->pci)) {
        pci_irq(&s->pci, false);
        if (level && event) {
            pci_msi_notify(&s->pci, 0);
        }
    } else {
        pci_irq(&s->pci, level);
    }
}

void ahci_raise(AhciPort *p, uint32_t bits)
{
    p->is |= bits;
    update_irq(p->ahci, bits & p->ie);
}

/* --- ports --- */
static uint32_t command_register(const AhciPort *p)
{
    const IdeDrive *d = p->bus->drives[0];
    bool running = p->cmd & PCMD_START || (d && d->in_flight); /* it has stopped when the last request has ended */
    uint32_t slot = p->busy_slot >= 0 ? (uint32_t)p->busy_slot << 8 : 0;
    return p->cmd | (running ? PCMD_RUNNING : 0) | (p->cmd & PCMD_FIS_ENABLE ? PCMD_FIS_RUNNING : 0) | slot | (d &&
        d->cdrom ? PCMD_ATAPI : 0);
}

static uint32_t port_read(const AhciPort *p, unsigned reg)
{
    switch (reg) {
    case PORT_CLB: return (uint32_t)p->clb;
    case PORT_CLBU: return (uint32_t)(p->clb >> 32);
    case PORT_FB: return (uint32_t)p->fb;
    case PORT_FBU: return (uint32_t)(p->fb >> 32);
    case PORT_IS: return p->is;
    case PORT_IE: return p->ie;
    case PORT_CMD: return command_register(p);
    case PORT_TFD: return p->tfd;
    case PORT_SIG: return p->sig;
    case PORT_SSTS: return p->ssts;
    case PORT_SCTL: return p->sctl;
    case PORT_SERR: return p->serr;
    case PORT_SACT: return p->sact;
    case PORT_CI: return p->ci;
    default: return 0;
    }
}

static void command_written(AhciPort *p, uint32_t v)
{
    enum { WRITABLE = PCMD_START | PCMD_SPIN_UP | PCMD_POWER | PCMD_FIS_ENABLE };
    uint32_t old = p->cmd;
    p->cmd = v & WRITABLE;
    if (v & PCMD_CLO) {
        p->tfd &= ~(uint32_t)(ST_BUSY | ST_DRQ);
    }
    if (old & PCMD_START && !(v & PCMD_START)) {
        ahci_port_stop(p);
    }
    if (p->cmd & PCMD_FIS_ENABLE && p->signature_due) {
        ahci_post_signature(p);
    }
    if (v & PCMD_START) {
        ahci_port_check(p);
    }
}

static void port_write(AhciPort *p, unsigned reg, uint32_t v)
{
    switch (reg) {
    case PORT_CLB: p->clb = (p->clb & ~(uint64_t)UINT32_MAX) | (v & ~0x3ffu); break;
    case PORT_CLBU: p->clb = (uint64_t)v << 32 | (uint32_t)p->clb; break;
    case PORT_FB: p->fb = (p->fb & ~(uint64_t)UINT32_MAX) | (v & ~0xffu); break;
    case PORT_FBU: p->fb = (uint64_t)v << 32 | (uint32_t)p->fb; break;
    case PORT_IS: p->is &= ~v; update_irq(p->ahci, false); break;
    case PORT_IE: p->ie = v & PIS_MASK; update_irq(p->ahci, true); break;
    case PORT_CMD: command_written(p, v); break;
    case PORT_SCTL: {
        bool was = (p->sctl & 15) == 1;
        p->sctl = v & 0xfff;
        if ((v & 15) == 1) {
            p->ssts = 0; /* the link is down meanwhile */
        } else if (was && !(v & 15)) {
            ahci_port_reset(p);
        }
        break;
    }
    case PORT_SERR: p->serr &= ~v; break;
    case PORT_SACT: p->sact |= v; break;
    case PORT_CI:
        if (p->cmd & PCMD_START) {
            p->ci |= v;
            ahci_port_check(p);
        }
        break;
    default: break;
    }
}

/* --- the adapter --- */
static void reset_adapter(Ahci *s)
{
    s->ghc = GHC_AE;
    s->is = 0;
    for (unsigned i = 0; i < AHCI_PORTS; i++) {
        AhciPort *p = &s->ports[i];
        p->clb = p->fb = 0;
        p->is = p->ie = 0;
        p->cmd = PCMD_SPIN_UP | PCMD_POWER;
        p->sctl = p->serr = 0;
        ahci_port_stop(p);
        ahci_port_reset(p);
    }
    update_irq(s, false);
}

static uint64_t mem_read(void *opaque, uint64_t offset, unsigned size)
{
    const Ahci *s = opaque;
    if (offset >= AHCI_PORT_BASE) {
        unsigned n = (unsigned)(offset - AHCI_PORT_BASE) / AHCI_PORT_BYTES;
        return n < AHCI_PORTS ? port_read(&s->ports[n], offset % AHCI_PORT_BYTES) : 0;
    }
    switch (offset) {
    case HOST_CAP: return CAP_VALUE | CAP_HIGH;
    case HOST_GHC: return s->ghc;
    case HOST_IS: return s->is;
    case HOST_PI: return (1u << AHCI_PORTS) - 1;
    case HOST_VS: return 0x10000;
    default: return 0;
    }
}

static void mem_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    Ahci *s = opaque;
    uint32_t v = (uint32_t)value;
    if (offset >= AHCI_PORT_BASE) {
        unsigned n = (unsigned)(offset - AHCI_PORT_BASE) / AHCI_PORT_BYTES;
        if (n < AHCI_PORTS) {
            port_write(&s->ports[n], offset % AHCI_PORT_BYTES, v);
        }
        return;
    }
    if (offset == HOST_GHC && v & GHC_RESET) {
        reset_adapter(s);
    } else if (offset == HOST_GHC) {
        s->ghc = (v & GHC_IE) | GHC_AE;
        update_irq(s, true);
    } else if (offset == HOST_IS) {
        s->is &= ~v;
        update_irq(s, true);
    }
}

static const MmioOps mem_ops = {.read = mem_read, .write = mem_write, .access_min = 1, .access_max = 8, .impl_min = 4,
                                .impl_max = 4};

/* Index and data ports: the same registers for those that have no other way (1.3.1, 10.14). */
static uint64_t idp_read(void *opaque, uint64_t offset, unsigned size)
{
    Ahci *s = opaque;
    return offset == IDP_INDEX ? s->index : offset == IDP_DATA ? mem_read(s, s->index, 4) : 0;
}

static void idp_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    Ahci *s = opaque;
    if (offset == IDP_INDEX) {
        s->index = (uint32_t)value & (AHCI_MEM_BYTES - 4);
    } else if (offset == IDP_DATA) {
        mem_write(s, s->index, value, 4);
    }
}

static const MmioOps idp_ops = {.read = idp_read, .write = idp_write, .access_min = 1, .access_max = 4, .impl_min = 4,
                                .impl_max = 4};

/* --- life --- */
static void ahci_reset(PciDevice *dev) { reset_adapter((Ahci *)dev); }

static bool ahci_realize(PciDevice *dev, Error **errp)
{
    Ahci *s = (Ahci *)dev;
    Machine *m = dev->dev.machine;
    memory_region_init_mmio(&s->mem, m, OBJECT(dev), &mem_ops, s, "ahci", AHCI_MEM_BYTES);
    memory_region_init_mmio(&s->idp, m, OBJECT(dev), &idp_ops, s, "ahci-idp", IDP_BYTES);
    pci_register_bar(dev, 4, PCI_BAR_IO, &s->idp);
    pci_register_bar(dev, 5, 0, &s->mem);
    pci_set_interrupt_pin(dev, 1);
    pci_msi_init(dev, 1, false);
    uint8_t cap = pci_add_capability(dev, SATA_CAP, 8);
    if (cap) {
        st_le16(dev->config + cap + 2, 0x0010);
        st_le32(dev->config + cap + 4, (IDP_INDEX / 4) << 4 | 8); /* in BAR 4 */
    }
    for (unsigned i = 0; i < AHCI_PORTS; i++) {
        AhciPort *p = &s->ports[i];
        p->ahci = s;
        p->number = i;
        p->busy_slot = -1;
        p->bus = ide_bus_new(&dev->dev, i, 1, &ahci_bus_ops, p);
        p->check = bh_new(m->loop, ahci_port_check, p);
        ide_sg_clear(&p->sg);
    }
    return true;
}

static void ahci_unrealize(PciDevice *dev)
{
    Ahci *s = (Ahci *)dev;
    for (unsigned i = 0; i < AHCI_PORTS; i++) {
        AhciPort *p = &s->ports[i];
        if (p->check) {
            bh_delete(p->check);
            g_array_free(p->sg.entries, TRUE);
            p->check = NULL;
        }
    }
    memory_region_destroy(&s->mem);
    memory_region_destroy(&s->idp);
}

static const PciClass ahci_class = {
    PCI_DEVICE_PART, .device.category = DEVICE_CAT_STORAGE, .device.user_creatable = true, .vendor_id = 0x8086,
    .device_id = 0x2922, .class_id = 0x0106, .prog = 1,
    .revision = 2, .realize = ahci_realize, .unrealize = ahci_unrealize, .reset = ahci_reset,
};
static const TypeRecord ahci_type = {
    .name = TYPE_ICH9_AHCI, .parent = TYPE_PCI_DEVICE, .help = "AHCI controller with six ports",
    .instance_size = sizeof(Ahci), .class_kind = TYPE_DEVICE,
    .class_data = &ahci_class,
};
TYPE_REGISTER(ahci_type);

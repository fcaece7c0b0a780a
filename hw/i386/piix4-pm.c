/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PIIX4's function 3 (290562, chapter 7): power management 8086:7113. PM registers where PMBASE (0x40) says while PMREGMISC (0x80) has bit 0,
 * general purpose events at 0xafe, APM at 0xb2. SMBus (0x90): the registers only, no host controller.
 */
#include <string.h>

#include "acpi-pm.h"
#include "south.h"
#include "util/bytes.h"

enum { PMBASE = 0x40, DEVACTB_HIGH = 0x5b, APMC_EN = 2, PMREGMISC = 0x80, GPE_PORT = 0xafe, APM_PORT = 0xb2 };

typedef struct Piix4Pm {
    PciDevice pci;
    AcpiPm pm;
    Irq smi;
    uint32_t smb_io_base;
    uint8_t disable_s3, disable_s4, s4_val;
    bool hotplug, hotplug_bridge;
} Piix4Pm;

static void update_window(Piix4Pm *s)
{
    uint16_t base = ld_le16(s->pci.config + PMBASE) & 0xffc0;
    bool on = (s->pci.config[PMREGMISC] & 1) && base;
    memory_begin(s->pm.machine);
    memory_unmap(&s->pm.io);
    if (on) {
        memory_map(s->pci.bus->io, base, &s->pm.io);
    }
    memory_commit(s->pm.machine);
}

static void smi(void *opaque)
{
    Piix4Pm *s = opaque;
    if (s->pci.config[DEVACTB_HIGH] & APMC_EN) {
        irq_set(&s->smi, 1);
    }
}

static void config_written(PciDevice *dev, uint32_t offset, unsigned size)
{
    if ((offset < PMBASE + 2 && offset + size > PMBASE) || (offset <= PMREGMISC && offset + size > PMREGMISC)) {
        update_window((Piix4Pm *)dev);
    }
}

static void pm_reset(PciDevice *dev)
{
    Piix4Pm *s = (Piix4Pm *)dev;
    memset(dev->config + 0x40, 0, 0xc0);
    dev->config[PCI_STATUS] = 0x80;
    dev->config[PCI_STATUS + 1] = 2;
    dev->config[PMBASE] = 1;
    st_le32(dev->config + 0x90, s->smb_io_base | 1);
    dev->config[0xd6] = 1; /* revision of the SMBus host controller; its enable bit in 0xd2 stays 0 */
    if (!s->smi.handler) {
        dev->config[DEVACTB_HIGH] = APMC_EN; /* firmware takes this as SMM set up by somebody else */
    }
    update_window(s);
    acpi_pm_reset(&s->pm);
}

static bool pm_realize(PciDevice *dev, Error **errp)
{
    Piix4Pm *s = (Piix4Pm *)dev;
    Machine *m = dev->dev.machine;
    pci_set_interrupt_pin(dev, 1);
    memset(dev->writable + 0x40, 0xff, 0xc0);
    acpi_pm_init(&s->pm, m, OBJECT(s), 64, 4);
    s->pm.acpi_enable = 0xf1;
    s->pm.acpi_disable = 0xf0;
    s->pm.s4_value = s->s4_val;
    s->pm.smi = smi;
    s->pm.smi_opaque = s;
    memory_map(dev->bus->io, GPE_PORT, &s->pm.gpe);
    memory_map(dev->bus->io, APM_PORT, &s->pm.apm);
    machine_add_powerdown(m, acpi_pm_power_button, &s->pm);
    return true;
}

static void pm_unrealize(PciDevice *dev) { acpi_pm_destroy(&((Piix4Pm *)dev)->pm); }

static const Field pm_fields[] = {
    FIELD(Piix4Pm, smb_io_base, FIELD_U32, "smb_io_base", FIELD_PROP, .def = 0xb100, .help = "port of the SMBus registers"),
    FIELD(Piix4Pm, disable_s3, FIELD_U8, "disable_s3", FIELD_PROP, .help = "1: sleep state S3 is not offered (it never is)"),
    FIELD(Piix4Pm, disable_s4, FIELD_U8, "disable_s4", FIELD_PROP, .help = "1: sleep state S4 is not offered"),
    FIELD(Piix4Pm, s4_val, FIELD_U8, "s4_val", FIELD_PROP, .def = 2, .max = 7, .help = "sleep type that stands for S4"),
    FIELD(Piix4Pm, hotplug, FIELD_BOOL, "acpi-root-pci-hotplug", FIELD_PROP | FIELD_HIDDEN, .help = "accepted for compatibility"),
    FIELD(Piix4Pm, hotplug_bridge, FIELD_BOOL, "acpi-pci-hotplug-with-bridge-support", FIELD_PROP | FIELD_HIDDEN, .help = "accepted for compatibility"),
    FIELD_END,
};
static const PciClass pm_class = {
    PCI_DEVICE_PART, .device.category = DEVICE_CAT_BRIDGE, .vendor_id = 0x8086, .device_id = 0x7113, .revision = 3, .class_id = 0x0680,
    .realize = pm_realize, .unrealize = pm_unrealize, .reset = pm_reset, .config_written = config_written,
};
static const TypeRecord pm_type = {
    .name = "PIIX4_PM", .parent = TYPE_PCI_DEVICE, .help = "power management of PIIX4", .instance_size = sizeof(Piix4Pm), .class_kind = TYPE_DEVICE,
    .class_data = &pm_class, .fields = pm_fields,
};
TYPE_REGISTER(pm_type);

PciDevice *piix4_pm_create(PcHost *host, Irq sci, Irq smi_line, Error **errp)
{
    Piix4Pm *s = (Piix4Pm *)pci_create(pc_host_bus(host), "PIIX4_PM", PCI_DEVFN(1, 3), errp);
    if (!s) {
        return NULL;
    }
    s->pm.sci = sci;
    s->smi = smi_line;
    return &s->pci;
}

SleepStates piix4_pm_sleep(PciDevice *dev)
{
    const Piix4Pm *s = (Piix4Pm *)dev;
    return (SleepStates){.no_s3 = true, .no_s4 = s->disable_s4, .s4_value = s->s4_val};
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ICH9 south bridge's function 00:1f.0 (316972, chapter 13): ISA bridge 8086:2918, PIRQA..H to ISA interrupts (0x60-0x6b) and to I/O APIC inputs
 * 16 to 23, RCBA with the device interrupt routes (chapter 10), PM registers behind PMBASE (0x40), reset control (0xcf9).
 */
#include <string.h>

#include "acpi-pm.h"
#include "hw/nvram/fw_cfg.h"
#include "south.h"
#include "util/bytes.h"

enum {
    PMBASE = 0x40, ACPI_CTRL = 0x44, PIRQA_ROUTE = 0x60, PIRQE_ROUTE = 0x68, GEN_PMCON_1 = 0xa0, SMI_LOCK = 0x10, RCBA = 0xf0,
    ACPI_ENABLE = 0x80, PIRQS = 8, PIRQ_OFF = 0x80, RCBA_SIZE = 16 * 1024, DIR_FIRST_SLOT = 25, PM_WINDOW = 128, APM_PORT = 0xb2,
    RESET_NOW = 4, RESET_KIND = 2, GCS = 0x3410, GCS_NO_REBOOT = 0x20,
};
enum { SMI_EN_GLOBAL = 1, SMI_EN_APMC = 1 << 5, SMI_REGS = 8 };
enum { SMI_TO_CALLER = 1, SMI_TO_ALL = 2 }; /* levels of the smi line */
#define SMI_FEATURE_BROADCAST 1ull
#define SMI_SUPPORTED "etc/smi/supported-features"
#define SMI_REQUESTED "etc/smi/requested-features"
#define SMI_OK "etc/smi/features-ok"

typedef struct Ich9Lpc {
    PciDevice pci;
    IsaBus *isa;
    AcpiPm pm;
    Irq gsi[GSI_COUNT], smi;
    bool pirq[PIRQS], sci, driven[GSI_COUNT];
    MemoryRegion rcba, smi_regs;
    uint8_t chip[RCBA_SIZE];
    uint8_t reset_control;
    uint32_t smi_en, smi_sts;
    FwCfg *fw;               /* where firmware negotiates features of SMIs; NULL: nowhere */
    uint64_t smi_features;   /* negotiated */
    bool disable_s3, disable_s4, noreboot;
    uint8_t s4_val;
    bool hotplug;
} Ich9Lpc;

/* --- interrupts --- */
static unsigned sci_gsi(const Ich9Lpc *s)
{
    static const uint8_t map[8] = {9, 10, 11, 9, 20, 21, 9, 9};
    return map[s->pci.config[ACPI_CTRL] & 7];
}

static void update_irqs(Ich9Lpc *s)
{
    bool level[GSI_COUNT] = {false};
    for (unsigned i = 0; i < PIRQS; i++) {
        uint8_t route = s->pci.config[i < 4 ? PIRQA_ROUTE + i : PIRQE_ROUTE + i - 4];
        level[16 + i] = s->pirq[i];
        if (s->pirq[i] && route < ISA_IRQS) {
            level[route] = true;
        }
    }
    level[sci_gsi(s)] |= s->sci;
    for (unsigned i = 0; i < GSI_COUNT; i++) {
        if (level[i] != s->driven[i]) {
            s->driven[i] = level[i];
            irq_set(&s->gsi[i], level[i]);
        }
    }
}

static void pirq(void *opaque, int n, int level)
{
    Ich9Lpc *s = opaque;
    s->pirq[n] = level;
    update_irqs(s);
}

static void sci(void *opaque, int n, int level)
{
    Ich9Lpc *s = opaque;
    s->sci = level;
    update_irqs(s);
}

/* Slots 25 to 31 are the chip's own: their routes are registers. Slot 30, the bridge, and all others go to PIRQE..H in turn. */
static unsigned pin_map(void *opaque, unsigned slot, unsigned pin)
{
    const Ich9Lpc *s = opaque;
    static const uint16_t registers[] = {0x3150, 0x314c, 0x3148, 0x3146, 0x3144, 0, 0x3140};
    uint16_t at = slot >= DIR_FIRST_SLOT ? registers[slot - DIR_FIRST_SLOT] : 0;
    if (!at) {
        return slot == 30 ? pin + 4 : ((slot + pin) & 3) + 4;
    }
    return ld_le16(s->chip + at) >> (4 * pin) & 7;
}

/* --- chip configuration registers --- */
static uint64_t rcba_read(void *opaque, uint64_t offset, unsigned size)
{
    const Ich9Lpc *s = opaque;
    uint64_t v = 0;
    for (unsigned i = 0; i < size; i++) {
        v |= (uint64_t)s->chip[offset + i] << (8 * i);
    }
    return v;
}

static void rcba_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    Ich9Lpc *s = opaque;
    for (unsigned i = 0; i < size; i++) {
        s->chip[offset + i] = (uint8_t)(value >> (8 * i));
    }
}
static const MmioOps rcba_ops = {.read = rcba_read, .write = rcba_write, .access_min = 1, .access_max = 4, .impl_min = 1, .impl_max = 4};

/* --- SMI enable and status --- */
static uint64_t smi_read(void *opaque, uint64_t offset, unsigned size)
{
    const Ich9Lpc *s = opaque;
    return offset == 0 ? s->smi_en : s->smi_sts;
}

static void smi_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    Ich9Lpc *s = opaque;
    if (offset == 0) {
        uint32_t fixed = s->pci.config[GEN_PMCON_1] & SMI_LOCK ? s->smi_en & SMI_EN_GLOBAL : 0;
        s->smi_en = (uint32_t)value | fixed;
    } else {
        s->smi_sts &= (uint32_t)~value;
    }
}
static const MmioOps smi_ops = {.read = smi_read, .write = smi_write, .access_min = 1, .access_max = 4, .impl_min = 4, .impl_max = 4};

static void apm_command(void *opaque)
{
    Ich9Lpc *s = opaque;
    if (s->smi_en & SMI_EN_APMC) {
        irq_set(&s->smi, s->smi_features & SMI_FEATURE_BROADCAST ? SMI_TO_ALL : SMI_TO_CALLER);
    }
}

/* Firmware writes what it asks for and then reads the answer: 1 where all of it is there. */
static void answer_features(void *opaque)
{
    Ich9Lpc *s = opaque;
    size_t len, ok_len;
    const uint8_t *asked = fw_cfg_file_data(s->fw, SMI_REQUESTED, &len);
    uint8_t *ok = fw_cfg_file_data(s->fw, SMI_OK, &ok_len);
    if (!asked || len < 8 || !ok || !ok_len || *ok) {
        return;
    }
    uint64_t features = ld_le64(asked);
    if (!(features & ~SMI_FEATURE_BROADCAST)) {
        s->smi_features = features;
        *ok = 1;
    }
}

static void forget_features(Ich9Lpc *s)
{
    size_t len;
    uint8_t *asked = s->fw ? fw_cfg_file_data(s->fw, SMI_REQUESTED, &len) : NULL, *ok = s->fw ? fw_cfg_file_data(s->fw, SMI_OK, &len) : NULL;
    if (asked && ok) {
        memset(asked, 0, 8);
        *ok = 0;
    }
    s->smi_features = 0;
}

bool ich9_lpc_add_files(PciDevice *lpc, FwCfg *fw, Error **errp)
{
    Ich9Lpc *s = (Ich9Lpc *)lpc;
    uint8_t supported[8], zeros[8] = {0};
    if (!s->smi.handler) {
        return true;
    }
    s->fw = fw;
    st_le64(supported, SMI_FEATURE_BROADCAST);
    return fw_cfg_add_file(fw, SMI_SUPPORTED, supported, sizeof(supported), errp) && fw_cfg_add_file(fw, SMI_REQUESTED, zeros, 8, errp) &&
           fw_cfg_add_file(fw, SMI_OK, zeros, 1, errp) && fw_cfg_set_writable(fw, SMI_REQUESTED, NULL, NULL) &&
           fw_cfg_set_selected(fw, SMI_OK, answer_features, s);
}

/* --- port 0xcf9 --- */
static uint8_t reset_read(void *opaque) { return ((Ich9Lpc *)opaque)->reset_control; }

static void reset_write(void *opaque, uint8_t value)
{
    Ich9Lpc *s = opaque;
    s->reset_control = value & 0x0a; /* system reset, full reset */
    if (value & RESET_NOW) {
        machine_request_reset(s->pci.dev.machine, SHUTDOWN_GUEST_RESET);
    }
}

/* --- configuration --- */
static void update_windows(Ich9Lpc *s)
{
    PciDevice *dev = &s->pci;
    uint16_t base = ld_le16(dev->config + PMBASE) & 0xff80;
    uint32_t rcba = ld_le32(dev->config + RCBA);
    memory_begin(dev->dev.machine);
    memory_unmap(&s->pm.io);
    if ((dev->config[ACPI_CTRL] & ACPI_ENABLE) && base) {
        memory_map(dev->bus->io, base, &s->pm.io);
    }
    memory_unmap(&s->rcba);
    if (rcba & 1) {
        memory_map(dev->dev.machine->system_memory, rcba & 0xffffc000, &s->rcba);
    }
    memory_commit(dev->dev.machine);
}

static void config_written(PciDevice *dev, uint32_t offset, unsigned size)
{
    Ich9Lpc *s = (Ich9Lpc *)dev;
    if ((offset < ACPI_CTRL + 1 && offset + size > PMBASE) || (offset < RCBA + 4 && offset + size > RCBA)) {
        update_windows(s);
    }
    if (dev->config[GEN_PMCON_1] & SMI_LOCK) {
        dev->writable[GEN_PMCON_1] = 0;
    }
    update_irqs(s);
}

static void lpc_reset(PciDevice *dev)
{
    Ich9Lpc *s = (Ich9Lpc *)dev;
    st_le16(dev->config + PCI_COMMAND, 7);
    st_le16(dev->config + PCI_STATUS, 0x0210);
    memset(dev->config + 0x40, 0, 0xc0);
    for (unsigned i = 0; i < 4; i++) {
        dev->config[PIRQA_ROUTE + i] = dev->config[PIRQE_ROUTE + i] = PIRQ_OFF;
    }
    st_le32(dev->config + PMBASE, 1);
    dev->writable[GEN_PMCON_1] = SMI_LOCK;
    memset(s->chip, 0, sizeof(s->chip));
    static const uint16_t routes[] = {0x3140, 0x3144, 0x3146, 0x3148, 0x314c, 0x3150};
    for (size_t i = 0; i < G_N_ELEMENTS(routes); i++) {
        st_le16(s->chip + routes[i], 0x3210);
    }
    s->chip[GCS] = s->noreboot ? GCS_NO_REBOOT : 0;
    s->smi_en = s->smi.handler ? 0 : SMI_EN_APMC; /* firmware takes this as SMM set up by somebody else */
    s->smi_sts = 0;
    s->reset_control = 0;
    forget_features(s);
    acpi_pm_reset(&s->pm);
    update_windows(s);
    update_irqs(s);
}

static bool lpc_realize(PciDevice *dev, Error **errp)
{
    Ich9Lpc *s = (Ich9Lpc *)dev;
    Machine *m = dev->dev.machine;
    s->isa = isa_bus_new(m, &dev->dev, dev->bus->mem, dev->bus->io);
    acpi_pm_init(&s->pm, m, OBJECT(s), PM_WINDOW, 16);
    s->pm.acpi_enable = 2;
    s->pm.acpi_disable = 3;
    s->pm.s4_value = s->s4_val;
    s->pm.smi = apm_command;
    s->pm.smi_opaque = s;
    s->pm.sci = irq_make(sci, s, 0);
    memory_map(&s->pm.io, 0x20, &s->pm.gpe);
    memory_region_init_mmio(&s->smi_regs, m, OBJECT(s), &smi_ops, s, "acpi-smi", SMI_REGS);
    memory_map(&s->pm.io, 0x30, &s->smi_regs);
    memory_map(dev->bus->io, APM_PORT, &s->pm.apm);
    memory_region_init_mmio(&s->rcba, m, OBJECT(s), &rcba_ops, s, "lpc-rcrb-mmio", RCBA_SIZE);
    st_le16(dev->writable + PMBASE, 0xff80);
    dev->writable[ACPI_CTRL] = 0x87;
    memset(dev->writable + PIRQA_ROUTE, 0x8f, 4);
    memset(dev->writable + PIRQE_ROUTE, 0x8f, 4);
    dev->writable[0x64] = 0xff;                          /* serial interrupts */
    memset(dev->writable + 0x80, 0xff, 0x20);            /* decode ranges */
    st_le32(dev->writable + RCBA, 0xffffc001);
    machine_add_powerdown(m, acpi_pm_power_button, &s->pm);
    return true;
}

static void lpc_unrealize(PciDevice *dev)
{
    Ich9Lpc *s = (Ich9Lpc *)dev;
    memory_region_destroy(&s->rcba);
    memory_region_destroy(&s->smi_regs);
    acpi_pm_destroy(&s->pm);
}

static const Field lpc_fields[] = {
    FIELD(Ich9Lpc, disable_s3, FIELD_BOOL, "disable_s3", FIELD_PROP, .help = "sleep state S3 is not offered (it never is)"),
    FIELD(Ich9Lpc, disable_s4, FIELD_BOOL, "disable_s4", FIELD_PROP, .help = "sleep state S4 is not offered"),
    FIELD(Ich9Lpc, s4_val, FIELD_U8, "s4_val", FIELD_PROP, .def = 2, .max = 7, .help = "sleep type that stands for S4"),
    FIELD(Ich9Lpc, noreboot, FIELD_BOOL, "noreboot", FIELD_PROP, .def = 1, .help = "the strap that keeps the watchdog from resetting"),
    FIELD(Ich9Lpc, hotplug, FIELD_BOOL, "acpi-pci-hotplug-with-bridge-support", FIELD_PROP | FIELD_HIDDEN, .help = "accepted for compatibility"),
    FIELD_END,
};
static const PciClass lpc_class = {
    PCI_DEVICE_PART, .device.category = DEVICE_CAT_BRIDGE, .vendor_id = 0x8086, .device_id = 0x2918, .revision = 2, .class_id = 0x0601,
    .multifunction = true, .realize = lpc_realize, .unrealize = lpc_unrealize, .reset = lpc_reset, .config_written = config_written,
};
static const TypeRecord lpc_type = {
    .name = "ICH9-LPC", .parent = TYPE_PCI_DEVICE, .help = "ISA bridge and power management of ICH9", .instance_size = sizeof(Ich9Lpc),
    .class_kind = TYPE_DEVICE, .class_data = &lpc_class, .fields = lpc_fields,
};
TYPE_REGISTER(lpc_type);

PciDevice *ich9_lpc_create(PcHost *host, const Irq gsi[GSI_COUNT], Irq smi, IsaBus **isa, Error **errp)
{
    PciBus *root = pc_host_bus(host);
    Ich9Lpc *s = (Ich9Lpc *)pci_create(root, "ICH9-LPC", PCI_DEVFN(0x1f, 0), errp);
    if (!s) {
        return NULL;
    }
    memcpy(s->gsi, gsi, sizeof(s->gsi));
    s->smi = smi;
    isa_bus_set_irqs(s->isa, s->gsi);
    root->pin_map = pin_map;
    root->pin_opaque = s;
    for (unsigned i = 0; i < PIRQS; i++) {
        root->lines[i] = irq_make(pirq, s, (int)i);
    }
    pc_host_set_reset_port(host, reset_read, reset_write, s);
    *isa = s->isa;
    return &s->pci;
}

SleepStates ich9_lpc_sleep(PciDevice *dev)
{
    const Ich9Lpc *s = (Ich9Lpc *)dev;
    return (SleepStates){.no_s3 = true, .no_s4 = s->disable_s4, .s4_value = s->s4_val};
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rest of a PC's DSDT: processors, legacy devices, sleep states, general purpose events, and what microvm has:
 * transports and a generic event device (ACPI 6.3, chapters 5.6, 7.4, 8.4, 9).
 */
#include "acpi-internal.h"

static Aml *pnp_device(const char *name, const char *hid, Aml *crs)
{
    Aml *dev = aml_device(name);
    aml_add(dev, aml_name("_HID", aml_eisaid(hid)));
    if (crs) {
        aml_add(dev, aml_name("_CRS", crs));
    }
    return dev;
}

static void add_cpus(const PcAcpiConfig *c, Aml *sb)
{
    for (unsigned i = 0; i < c->cpu_count; i++) {
        if (c->cpus[i].absent) {
            continue;
        }
        g_autofree char *name = g_strdup_printf("C%03X", i);
        Aml *cpu = aml_device(name);
        aml_add(cpu, aml_name("_HID", aml_string("ACPI0007")));
        aml_add(cpu, aml_name("_UID", aml_int(i)));
        if (c->range_count) {
            aml_add(cpu, aml_name("_PXM", aml_int(c->cpus[i].node)));
        }
        aml_add(sb, cpu);
    }
}

static void add_ports(const PcAcpiPort *ports, unsigned count, const char *prefix, const char *hid, Aml *parent)
{
    for (unsigned i = 0; i < count; i++) {
        if (!ports[i].base) {
            continue;
        }
        g_autofree char *name = g_strdup_printf("%s%u", prefix, i + 1);
        Aml *crs = aml_resources();
        aml_add(crs, aml_io(ports[i].base, ports[i].base, 8, 8));
        aml_add(crs, aml_irq(ports[i].irq & 15));
        Aml *dev = pnp_device(name, hid, crs);
        aml_add(dev, aml_name("_UID", aml_int(i + 1)));
        aml_add(dev, aml_name("_STA", aml_int(15)));
        aml_add(parent, dev);
    }
}

static void add_keyboard(Aml *parent)
{
    Aml *crs = aml_resources();
    aml_add(crs, aml_io(0x60, 0x60, 1, 1));
    aml_add(crs, aml_io(0x64, 0x64, 1, 1));
    aml_add(crs, aml_irq(1));
    aml_add(parent, pnp_device("KBD", "PNP0303", crs));
    crs = aml_resources();
    aml_add(crs, aml_irq(12));
    aml_add(parent, pnp_device("MOU", "PNP0F13", crs));
}

static void add_floppy(Aml *parent)
{
    Aml *crs = aml_resources();
    aml_add(crs, aml_io(0x3f2, 0x3f2, 0, 4));
    aml_add(crs, aml_io(0x3f7, 0x3f7, 0, 1));
    aml_add(crs, aml_irq(6));
    aml_add(crs, aml_dma(2));
    aml_add(parent, pnp_device("FDC0", "PNP0700", crs));
}

static void add_small_devices(const PcAcpiConfig *c, Aml *parent)
{
    if (c->rtc) {
        Aml *crs = aml_resources();
        aml_add(crs, aml_io(0x70, 0x70, 1, 8));
        aml_add(crs, aml_irq(8));
        aml_add(parent, pnp_device("RTC", "PNP0B00", crs));
    }
    if (c->i8042) {
        add_keyboard(parent);
    }
    if (c->fdc) {
        add_floppy(parent);
    }
    add_ports(c->serial, PC_ACPI_SERIALS, "COM", "PNP0501", parent);
    add_ports(c->parallel, PC_ACPI_PARALLELS, "LPT", "PNP0400", parent);
}

/* Devices of the emulated board itself that are not on the ISA bus. */
static void add_board_devices(const PcAcpiConfig *c, Aml *sb)
{
    if (c->hpet) {
        Aml *crs = aml_resources();
        aml_add(crs, aml_memory32_fixed(false, c->hpet_base ? (uint32_t)c->hpet_base : 0xfed00000u, 0x400));
        Aml *dev = pnp_device("HPET", "PNP0103", crs);
        aml_add(dev, aml_name("_UID", aml_int(0)));
        aml_add(sb, dev);
    }
    const struct {
        const char *name, *hid;
        uint16_t port;
        uint8_t len;
    } ids[] = {{"FWCF", "QEMU0002", c->fw_cfg_port, 12}, {"PEVT", "QEMU0001", c->pvpanic_port, 1}};
    for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
        if (!ids[i].port) {
            continue;
        }
        Aml *dev = aml_device(ids[i].name);
        aml_add(dev, aml_name("_HID", aml_string(ids[i].hid)));
        aml_add(dev, aml_name("_STA", aml_int(11))); /* works, but is not for the user */
        Aml *crs = aml_resources();
        aml_add(crs, aml_io(ids[i].port, ids[i].port, 1, ids[i].len));
        aml_add(dev, aml_name("_CRS", crs));
        if (i == 1) { /* pvpanic's driver reads and writes it by methods */
            aml_add(dev, aml_region("PEOR", AML_SYSTEM_IO, ids[i].port, 1));
            Aml *field = aml_field("PEOR", AML_BYTE_ACC, false);
            aml_add(field, aml_field_unit("PEPT", 8));
            aml_add(dev, field);
            Aml *rd = aml_method("RDPT", 0, false);
            aml_add(rd, aml_return(aml_path("PEPT")));
            aml_add(dev, rd);
            Aml *wr = aml_method("WRPT", 1, false);
            aml_add(wr, aml_store(aml_arg(0), aml_path("PEPT")));
            aml_add(dev, wr);
        }
        aml_add(sb, dev);
    }
}

/* _Sx: the SLP_TYP values for PM1a and PM1b control. */
static void add_sleep_state(Aml *dsdt, const char *name, uint8_t type)
{
    Aml *p = aml_package();
    aml_add(p, aml_int(type));
    aml_add(p, aml_int(type));
    aml_add(p, aml_int(0));
    aml_add(p, aml_int(0));
    aml_add(dsdt, aml_name(name, p));
}

static void add_fixed_hardware(const PcAcpiConfig *c, Aml *dsdt)
{
    if (!c->no_s3) {
        add_sleep_state(dsdt, "\\_S3", 1);
    }
    if (!c->no_s4) {
        add_sleep_state(dsdt, "\\_S4", c->s4_value ? c->s4_value : 2);
    }
    add_sleep_state(dsdt, "\\_S5", 0);
    Aml *gpe = aml_scope("\\_GPE");
    aml_add(gpe, aml_name("_HID", aml_string("ACPI0006")));
    aml_add(dsdt, gpe);
}

/* --- microvm --- */
static void add_transports(const PcAcpiConfig *c, Aml *sb)
{
    for (unsigned i = 0; i < c->virtio_count; i++) {
        g_autofree char *name = g_strdup_printf("VR%02X", i);
        const PcAcpiMmio *v = &c->virtio[i];
        Aml *dev = aml_device(name);
        aml_add(dev, aml_name("_HID", aml_string("LNRO0005")));
        aml_add(dev, aml_name("_UID", aml_int(i)));
        aml_add(dev, aml_name("_CCA", aml_int(1)));
        Aml *crs = aml_resources();
        aml_add(crs, aml_memory32_fixed(true, (uint32_t)v->base, v->size));
        aml_add(crs, aml_interrupt(true, true, false, &v->gsi, 1));
        aml_add(dev, aml_name("_CRS", crs));
        aml_add(sb, dev);
    }
}

/* The event device: its selector register says what happened, bit 1 that the power button was pressed. */
static void add_event_device(const PcAcpiConfig *c, Aml *sb)
{
    enum { POWER_BUTTON = 2 };
    uint32_t irq = c->ged_irq ? c->ged_irq : 9;
    Aml *dev = aml_device("\\_SB.GED");
    aml_add(dev, aml_name("_HID", aml_string("ACPI0013")));
    aml_add(dev, aml_name("_UID", aml_string("GED")));
    Aml *crs = aml_resources();
    aml_add(crs, aml_interrupt(false, true, false, &irq, 1));
    aml_add(dev, aml_name("_CRS", crs));
    aml_add(dev, aml_region("EREG", AML_SYSTEM_MEMORY, c->ged_base, 4));
    Aml *field = aml_field("EREG", AML_DWORD_ACC, true);
    aml_add(field, aml_field_unit("ESEL", 32));
    aml_add(dev, field);
    Aml *evt = aml_method("_EVT", 1, true);
    aml_add(evt, aml_store(aml_path("ESEL"), aml_local(0)));
    Aml *pressed = aml_if(aml_binary(AML_AND, aml_local(0), aml_int(POWER_BUTTON), NULL));
    aml_add(pressed, aml_notify(aml_path("PWRB"), 0x80));
    aml_add(evt, pressed);
    aml_add(dev, evt);
    aml_add(sb, dev);
    Aml *button = pnp_device("PWRB", "PNP0C0C", NULL);
    aml_add(button, aml_name("_UID", aml_int(0)));
    aml_add(sb, button);
}

void dsdt_add_devices(const PcAcpiConfig *c, Aml *dsdt)
{
    if (c->chipset == PC_ACPI_MICROVM) {
        Aml *sb = aml_scope("\\_SB");
        add_cpus(c, sb);
        add_small_devices(c, sb);
        add_board_devices(c, sb);
        add_transports(c, sb);
        if (c->ged_base) {
            add_event_device(c, sb);
        }
        aml_add(dsdt, sb);
        add_sleep_state(dsdt, "\\_S5", 5);
        return;
    }
    Aml *isa = aml_scope("\\_SB.PCI0.ISA");
    add_small_devices(c, isa);
    aml_add(dsdt, isa);
    Aml *sb = aml_scope("\\_SB");
    add_cpus(c, sb);
    add_board_devices(c, sb);
    aml_add(dsdt, sb);
    add_fixed_hardware(c, dsdt);
}

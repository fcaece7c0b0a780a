/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PCI part of a PC's DSDT: the host bridge, what it decodes (_CRS), how its interrupt pins reach the controllers
 * (_PRT), and the link devices, which are the chip's PIRQ route registers as the guest sees them (PCI Firmware
 * Specification 3.2; ACPI 6.3, 6.2.13).
 */
#include "acpi-internal.h"

enum { SLOTS = 32, PINS = 4, GSI_PIRQ_BASE = 16, ROUTE_OFF = 0x80 };

static bool is_ich9(const PcAcpiConfig *c) { return c->chipset == PC_ACPI_ICH9; }
static unsigned link_count(const PcAcpiConfig *c) { return is_ich9(c) ? 8 : 4; }

/*
 * PIIX: slots rotate the four PIRQs, slot 1 begins with A. ICH9: slots 0 to 24 rotate E to H, those of the chip
 * itself have A to D, but for slot 30 (the PCI bridge), which has E to H.
 */
unsigned pc_acpi_pirq(PcAcpiChipset chipset, unsigned slot, unsigned pin)
{
    if (chipset != PC_ACPI_ICH9) {
        return (slot + pin + 3) & 3;
    }
    return slot < 25 ? 4 + ((slot + pin) & 3) : slot == 30 ? 4 + (pin & 3) : pin & 3;
}

static Aml *route(unsigned slot, unsigned pin, Aml *source)
{
    Aml *entry = aml_package();
    aml_add(entry, aml_int((uint64_t)slot << 16 | 0xffff));
    aml_add(entry, aml_int(pin));
    aml_add(entry, source);
    aml_add(entry, aml_int(0));
    return entry;
}

static Aml *link_path(const char *prefix, unsigned n)
{
    g_autofree char *name = g_strdup_printf("%s%c", prefix, 'A' + n);
    return aml_path(name);
}

/* One _PRT: every slot and pin. The package would have 128 entries. */
static Aml *routing_table(const PcAcpiConfig *c, const char *prefix)
{
    Aml *table = aml_package();
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        for (unsigned pin = 0; pin < PINS; pin++) {
            if (c->chipset == PC_ACPI_PIIX && slot == 1 && pin == 0) {
                aml_add(table, route(slot, pin, aml_path("LNKS"))); /* power management: wired to the SCI */
            } else if (c->chipset == PC_ACPI_MICROVM) {
                Aml *entry = aml_package(); /* four lines at fixed inputs */
                aml_add(entry, aml_int((uint64_t)slot << 16 | 0xffff));
                aml_add(entry, aml_int(pin));
                aml_add(entry, aml_int(0));
                aml_add(entry, aml_int(GSI_PIRQ_BASE + ((slot + pin) & 3)));
                aml_add(table, entry);
            } else {
                aml_add(table, route(slot, pin, link_path(prefix, pc_acpi_pirq(c->chipset, slot, pin))));
            }
        }
    }
    return table;
}

static void add_routing(const PcAcpiConfig *c, Aml *host)
{
    if (!is_ich9(c)) {
        aml_add(host, aml_name("_PRT", routing_table(c, "LNK")));
        return;
    }
    aml_add(host, aml_name("PRTP", routing_table(c, "LNK")));
    aml_add(host, aml_name("PRTA", routing_table(c, "GSI")));
    Aml *prt = aml_method("_PRT", 0, false);
    Aml *apic = aml_if(aml_path("\\PICF"));
    aml_add(apic, aml_return(aml_path("PRTA")));
    aml_add(prt, apic);
    aml_add(prt, aml_return(aml_path("PRTP")));
    aml_add(host, prt);
}

static Aml *windows(const PcAcpiConfig *c)
{
    Aml *crs = aml_resources();
    aml_add(crs, aml_word_bus(0, c->mcfg_base && c->mcfg_size ? (uint16_t)((c->mcfg_size >> 20) - 1) : 0xff));
    aml_add(crs, aml_io(0xcf8, 0xcf8, 1, 8));
    aml_add(crs, aml_word_io(0, 0xcf7));
    aml_add(crs, aml_word_io(0xd00, 0xffff));
    if (c->chipset != PC_ACPI_MICROVM) {
        aml_add(crs, aml_dword_memory(true, 0xa0000, 0xbffff));
    }
    if (c->pci_hole_end) {
        aml_add(crs, aml_dword_memory(false, (uint32_t)c->pci_hole_start, (uint32_t)(c->pci_hole_end - 1)));
    }
    if (c->pci_hole64_end) {
        aml_add(crs, aml_qword_memory(true, c->pci_hole64_start, c->pci_hole64_end - 1));
    }
    return crs;
}

/*
 * _OSC: the guest may have what it asks for of: native hot plug (bit 0), PME (2), AER (3), capability structure (4).
 * Arg3 holds the query: status, support, control.
 */
static Aml *operating_system_capabilities(void)
{
    Aml *osc = aml_method("_OSC", 4, false);
    aml_add(osc, aml_create_dword_field(aml_arg(3), aml_int(0), "CDW1"));
    Aml *ours = aml_if(aml_logic(AML_LEQUAL, aml_arg(0), aml_uuid("33db4d5b-1ff7-401c-9657-7441c03dd766")));
    aml_add(ours, aml_create_dword_field(aml_arg(3), aml_int(8), "CDW3"));
    aml_add(ours, aml_binary(AML_AND, aml_path("CDW3"), aml_int(0x1d), aml_local(0)));
    Aml *revision = aml_if(aml_lnot(aml_logic(AML_LEQUAL, aml_arg(1), aml_int(1))));
    aml_add(revision, aml_binary(AML_OR, aml_path("CDW1"), aml_int(8), aml_path("CDW1")));
    aml_add(ours, revision);
    Aml *masked = aml_if(aml_lnot(aml_logic(AML_LEQUAL, aml_path("CDW3"), aml_local(0))));
    aml_add(masked, aml_binary(AML_OR, aml_path("CDW1"), aml_int(0x10), aml_path("CDW1")));
    aml_add(ours, masked);
    aml_add(ours, aml_store(aml_local(0), aml_path("CDW3")));
    aml_add(osc, ours);
    Aml *unknown = aml_else();
    aml_add(unknown, aml_binary(AML_OR, aml_path("CDW1"), aml_int(4), aml_path("CDW1")));
    aml_add(osc, unknown);
    aml_add(osc, aml_return(aml_arg(3)));
    return osc;
}

/* The ISA bridge with its route registers: PIIX 60h to 63h; ICH9 60h to 63h and 68h to 6Bh. */
static Aml *isa_bridge(const PcAcpiConfig *c)
{
    Aml *isa = aml_device("ISA");
    aml_add(isa, aml_name("_ADR", aml_int(is_ich9(c) ? 0x001f0000 : 0x00010000)));
    aml_add(isa, aml_region("PIRQ", AML_PCI_CONFIG, 0x60, 0x0c));
    Aml *regs = aml_field("PIRQ", AML_BYTE_ACC, false);
    for (unsigned i = 0; i < link_count(c); i++) {
        if (i == 4) {
            aml_add(regs, aml_field_skip(32));
        }
        g_autofree char *name = g_strdup_printf("PRQ%c", 'A' + i);
        aml_add(regs, aml_field_unit(name, 8));
    }
    aml_add(isa, regs);
    return isa;
}

void dsdt_add_pci(const PcAcpiConfig *c, Aml *dsdt)
{
    bool express = c->mcfg_base != 0;
    if (is_ich9(c)) {
        aml_add(dsdt, aml_name("\\PICF", aml_int(0)));
        Aml *pic = aml_method("\\_PIC", 1, false);
        aml_add(pic, aml_store(aml_arg(0), aml_path("\\PICF")));
        aml_add(dsdt, pic);
    }
    Aml *sb = aml_scope("\\_SB");
    Aml *host = aml_device("PCI0");
    aml_add(host, aml_name("_HID", aml_eisaid(express ? "PNP0A08" : "PNP0A03")));
    if (express) {
        aml_add(host, aml_name("_CID", aml_eisaid("PNP0A03")));
    }
    aml_add(host, aml_name("_UID", aml_int(0)));
    aml_add(host, aml_name("_BBN", aml_int(0)));
    if (express) {
        aml_add(host, operating_system_capabilities());
    }
    aml_add(host, aml_name("_CRS", windows(c)));
    add_routing(c, host);
    if (c->chipset != PC_ACPI_MICROVM) {
        aml_add(host, isa_bridge(c));
    }
    aml_add(sb, host);
    if (c->chipset != PC_ACPI_MICROVM) {
        dsdt_add_links(c, sb);
    }
    if (express) { /* ECAM is reserved by a device of its own, as firmware specification 4.1.2 asks for */
        Aml *ecam = aml_device("ECAM");
        aml_add(ecam, aml_name("_HID", aml_eisaid("PNP0C02")));
        aml_add(ecam, aml_name("_UID", aml_int(5)));
        Aml *crs = aml_resources();
        uint32_t size = c->mcfg_size ? c->mcfg_size : 256u << 20;
        aml_add(crs, c->mcfg_base >> 32 ? aml_qword_memory(false, c->mcfg_base, c->mcfg_base + size - 1)
                                        : aml_memory32_fixed(true, (uint32_t)c->mcfg_base, size));
        aml_add(ecam, aml_name("_CRS", crs));
        aml_add(sb, ecam);
    }
    aml_add(dsdt, sb);
}

/* --- links --- */
static Aml *interrupt_resource(const uint32_t *list, unsigned count)
{
    Aml *r = aml_resources();
    aml_add(r, aml_interrupt(true, true, true, list, count));
    return r;
}

/* A PIRQ that a route register leads to one of three IRQs, or nowhere. */
static Aml *routed_link(unsigned n)
{
    static const uint32_t irqs[] = {5, 10, 11};
    g_autofree char *name = g_strdup_printf("LNK%c", 'A' + n), *reg = g_strdup_printf("\\_SB.PCI0.ISA.PRQ%c", 'A' + n);
    Aml *dev = aml_device(name);
    aml_add(dev, aml_name("_HID", aml_eisaid("PNP0C0F")));
    aml_add(dev, aml_name("_UID", aml_int(n)));
    aml_add(dev, aml_name("_PRS", interrupt_resource(irqs, G_N_ELEMENTS(irqs))));
    Aml *sta = aml_method("_STA", 0, false);
    Aml *off = aml_if(aml_binary(AML_AND, aml_path(reg), aml_int(ROUTE_OFF), NULL));
    aml_add(off, aml_return(aml_int(9)));
    aml_add(sta, off);
    aml_add(sta, aml_return(aml_int(11)));
    aml_add(dev, sta);
    Aml *dis = aml_method("_DIS", 0, false);
    aml_add(dis, aml_binary(AML_OR, aml_path(reg), aml_int(ROUTE_OFF), aml_path(reg)));
    aml_add(dev, dis);
    Aml *crs = aml_method("_CRS", 0, false);
    aml_add(crs, aml_return(aml_call("IRQC", aml_path(reg))));
    aml_add(dev, crs);
    Aml *srs = aml_method("_SRS", 1, false);
    aml_add(srs, aml_create_dword_field(aml_arg(0), aml_int(5), "IRQV"));
    aml_add(srs, aml_store(aml_path("IRQV"), aml_path(reg)));
    aml_add(dev, srs);
    return dev;
}

/* A link that always leads to one input. */
static Aml *fixed_link(const char *name, unsigned uid, uint32_t gsi)
{
    Aml *dev = aml_device(name);
    aml_add(dev, aml_name("_HID", aml_eisaid("PNP0C0F")));
    aml_add(dev, aml_name("_UID", aml_int(uid)));
    aml_add(dev, aml_name("_PRS", interrupt_resource(&gsi, 1)));
    aml_add(dev, aml_name("_CRS", interrupt_resource(&gsi, 1)));
    aml_add(dev, aml_method("_SRS", 1, false));
    return dev;
}

void dsdt_add_links(const PcAcpiConfig *c, Aml *sb)
{
    /* A descriptor with the IRQ that a route register names; 0 where it is off. */
    static const uint32_t none;
    aml_add(sb, aml_name("IRQR", interrupt_resource(&none, 1)));
    Aml *current = aml_method("IRQC", 1, true);
    aml_add(current, aml_create_dword_field(aml_path("IRQR"), aml_int(5), "IRQV"));
    Aml *on = aml_if(aml_logic(AML_LLESS, aml_arg(0), aml_int(ROUTE_OFF)));
    aml_add(on, aml_store(is_ich9(c) ? aml_binary(AML_AND, aml_arg(0), aml_int(15), NULL) : aml_arg(0),
                          aml_path("IRQV")));
    aml_add(current, on);
    aml_add(current, aml_return(aml_path("IRQR")));
    aml_add(sb, current);
    for (unsigned i = 0; i < link_count(c); i++) {
        aml_add(sb, routed_link(i));
    }
    if (is_ich9(c)) {
        for (unsigned i = 0; i < 8; i++) {
            g_autofree char *name = g_strdup_printf("GSI%c", 'A' + i);
            aml_add(sb, fixed_link(name, GSI_PIRQ_BASE + i, GSI_PIRQ_BASE + i));
        }
    } else {
        aml_add(sb, fixed_link("LNKS", 8, c->sci_irq ? c->sci_irq : 9));
    }
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fixed tables of a PC (ACPI 6.3, chapter 5.2): FACS, FADT, MADT, HPET, MCFG, SRAT, WAET, RSDT, XSDT, RSDP. All
 * but the RSDP lie one after another in one file, FACS first for its alignment of 64. Pointers hold offsets until the
 * loader script makes addresses of them.
 */
#include <string.h>

#include "acpi-internal.h"
#include "util/bytes.h"

enum {
    HEADER_BYTES = 36, FADT_REV3_BYTES = 244, FADT_REV6_BYTES = 276, CPUS_MAX = 4096, RANGES_MAX = 1024,
    FADT_WBINVD = 1 << 0, FADT_PROC_C1 = 1 << 2, FADT_PWR_BUTTON = 1 << 4, FADT_SLP_BUTTON = 1 << 5,
    FADT_RTC_S4 = 1 << 7, FADT_RESET_REG = 1 << 10,
    FADT_PLATFORM_CLOCK = 1 << 15, FADT_APIC_CLUSTER = 1 << 18, FADT_HW_REDUCED = 1 << 20,
    BOOT_LEGACY_DEVICES = 1, BOOT_8042 = 2, RTC_CENTURY = 0x32, ZONE_HIGH = 1, ZONE_FSEG = 2,
    LAPIC_DEFAULT = 0xfee00000u, IOAPIC_DEFAULT = 0xfec00000u,
};

void acpi_put_u8(GByteArray *a, uint8_t v) { g_byte_array_append(a, &v, 1); }

void acpi_put_u16(GByteArray *a, uint16_t v)
{
    uint8_t raw[2];
    st_le16(raw, v);
    g_byte_array_append(a, raw, sizeof(raw));
}

void acpi_put_u32(GByteArray *a, uint32_t v)
{
    uint8_t raw[4];
    st_le32(raw, v);
    g_byte_array_append(a, raw, sizeof(raw));
}

void acpi_put_u64(GByteArray *a, uint64_t v)
{
    uint8_t raw[8];
    st_le64(raw, v);
    g_byte_array_append(a, raw, sizeof(raw));
}

void acpi_put_zeros(GByteArray *a, unsigned n)
{
    guint at = a->len;
    g_byte_array_set_size(a, at + n);
    memset(a->data + at, 0, n);
}

void acpi_put_gas(GByteArray *a, uint8_t space, uint8_t bits, uint8_t access, uint64_t addr)
{
    acpi_put_u8(a, space);
    acpi_put_u8(a, bits);
    acpi_put_u8(a, 0);
    acpi_put_u8(a, access);
    acpi_put_u64(a, addr);
}

uint32_t acpi_table_begin(AcpiBuild *b, const char signature[4], uint8_t revision, bool listed)
{
    GByteArray *t = b->out->tables;
    acpi_put_zeros(t, -t->len & 15); /* for those who look at a dump */
    uint32_t at = t->len;
    g_byte_array_append(t, (const uint8_t *)signature, 4);
    acpi_put_u32(t, 0); /* length, by acpi_table_end() */
    acpi_put_u8(t, revision);
    acpi_put_u8(t, 0);
    g_byte_array_append(t, (const uint8_t *)b->oem_id, 6);
    g_byte_array_append(t, (const uint8_t *)b->oem_table_id, 8);
    acpi_put_u32(t, 1);
    g_byte_array_append(t, (const uint8_t *)"BXPC", 4);
    acpi_put_u32(t, 1);
    if (listed) {
        g_array_append_val(b->offsets, at);
    }
    return at;
}

void acpi_table_end(AcpiBuild *b, uint32_t at)
{
    GByteArray *t = b->out->tables;
    uint32_t length = t->len - at;
    st_le32(t->data + at + 4, length);
    loader_add_checksum(b->out->loader, ACPI_TABLES_FILE, at + 9, at, length);
}

static uint16_t pm_base(const PcAcpiConfig *c) { return c->pm_base ? c->pm_base : 0x600; }

static uint32_t build_facs(AcpiBuild *b)
{
    GByteArray *t = b->out->tables;
    uint32_t at = t->len;
    g_byte_array_append(t, (const uint8_t *)"FACS", 4);
    acpi_put_u32(t, 64);
    acpi_put_zeros(t, 56);
    return at;
}

static uint32_t build_dsdt(AcpiBuild *b, const PcAcpiConfig *c)
{
    uint32_t at = acpi_table_begin(b, "DSDT", c->chipset == PC_ACPI_MICROVM ? 2 : 1, false);
    Aml *dsdt = aml_list();
    if (c->pci) {
        dsdt_add_pci(c, dsdt);
    }
    dsdt_add_devices(c, dsdt);
    aml_append(b->out->tables, dsdt);
    acpi_table_end(b, at);
    return at;
}

/* --- FADT (5.2.9) --- */
static uint32_t fadt_flags(const PcAcpiConfig *c)
{
    if (c->chipset == PC_ACPI_MICROVM) {
        return FADT_HW_REDUCED | (c->ged_regs ? FADT_RESET_REG : 0) | FADT_PWR_BUTTON | FADT_SLP_BUTTON;
    }
    uint32_t flags = FADT_WBINVD | FADT_PROC_C1 | FADT_SLP_BUTTON | FADT_RTC_S4 | FADT_RESET_REG | FADT_PLATFORM_CLOCK;
    uint32_t highest = 0;
    for (unsigned i = 0; i < c->cpu_count; i++) {
        highest = MAX(highest, c->cpus[i].apic_id);
    }
    return flags | (highest >= 8 && highest < 255 ? FADT_APIC_CLUSTER : 0); /* flat logical mode names eight CPUs */
}

static uint16_t gpe_base(const PcAcpiConfig *c)
{
    return c->gpe_base ? c->gpe_base : c->chipset == PC_ACPI_PIIX ? 0xafe : (uint16_t)(pm_base(c) + 0x20);
}

static uint8_t gpe_bytes(const PcAcpiConfig *c)
{
    return c->gpe_bytes ? c->gpe_bytes : c->chipset == PC_ACPI_PIIX ? 4 : 16;
}

/* Bytes 36 to 111: what version 1 of the table has. */
static void fadt_first_part(GByteArray *t, const PcAcpiConfig *c)
{
    bool fixed = c->chipset != PC_ACPI_MICROVM, given = c->acpi_enable || c->acpi_disable,
        piix = c->chipset == PC_ACPI_PIIX;
    acpi_put_u32(t, 0);                                           /* FACS */
    acpi_put_u32(t, 0);                                           /* DSDT */
    /* once: interrupt model; still looked at by old guests */
    acpi_put_u8(t, fixed);
    acpi_put_u8(t, 0);                                            /* preferred profile: unspecified */
    acpi_put_u16(t, fixed ? (c->sci_irq ? c->sci_irq : 9) : 0);
    acpi_put_u32(t, fixed ? (c->smi_command ? c->smi_command : 0xb2) : 0);
    acpi_put_u8(t, !fixed ? 0 : given ? c->acpi_enable : piix ? 0xf1 : 2);
    acpi_put_u8(t, !fixed ? 0 : given ? c->acpi_disable : piix ? 0xf0 : 3);
    acpi_put_u16(t, 0);                                           /* S4BIOS_REQ, PSTATE_CNT */
    acpi_put_u32(t, fixed ? pm_base(c) : 0);                      /* PM1a event block */
    acpi_put_u32(t, 0);
    acpi_put_u32(t, fixed ? pm_base(c) + 4u : 0);                 /* PM1a control */
    acpi_put_u32(t, 0);
    acpi_put_u32(t, 0);                                           /* PM2 control */
    acpi_put_u32(t, fixed ? pm_base(c) + 8u : 0);                 /* PM timer */
    acpi_put_u32(t, fixed ? gpe_base(c) : 0);
    acpi_put_u32(t, 0);
    acpi_put_u8(t, fixed ? 4 : 0);                                /* lengths */
    acpi_put_u8(t, fixed ? 2 : 0);
    acpi_put_u8(t, 0);
    acpi_put_u8(t, fixed ? 4 : 0);
    acpi_put_u8(t, fixed ? gpe_bytes(c) : 0);
    acpi_put_zeros(t, 3);                                         /* GPE1 length and base, CST_CNT */
    acpi_put_u16(t, 0xfff);                                       /* no C2 */
    acpi_put_u16(t, 0xfff);                                       /* no C3 */
    acpi_put_zeros(t, 8);                                         /* flush size, stride, duty, day and month alarm */
    acpi_put_u8(t, c->rtc ? RTC_CENTURY : 0);
    acpi_put_u16(t, (uint16_t)((fixed ? BOOT_LEGACY_DEVICES : 0) | (c->i8042 ? BOOT_8042 : 0)));
    acpi_put_u8(t, 0);
    acpi_put_u32(t, fadt_flags(c));
}

static void fadt_second_part(GByteArray *t, const PcAcpiConfig *c)
{
    bool fixed = c->chipset != PC_ACPI_MICROVM;
    uint16_t port = c->reset_port ? c->reset_port : 0xcf9;
    if (fixed) {
        acpi_put_gas(t, 1, 8, 1, port);
    } else {
        acpi_put_gas(t, 0, c->ged_regs ? 8 : 0, c->ged_regs ? 1 : 0, c->ged_regs ? c->ged_regs + 2 : 0);
    }
    acpi_put_u8(t, fixed ? (c->reset_value ? c->reset_value : 0x0f) : 0x42);
    acpi_put_zeros(t, 2);                                         /* ARM boot flags */
    acpi_put_u8(t, fixed ? 0 : 3);                                /* minor version */
    acpi_put_u64(t, 0);                                           /* X_FACS: the 32-bit one serves */
    acpi_put_u64(t, 0);                                           /* X_DSDT */
    acpi_put_gas(t, 1, fixed ? 32 : 0, 0, fixed ? pm_base(c) : 0);
    acpi_put_gas(t, 1, 0, 0, 0);
    acpi_put_gas(t, 1, fixed ? 16 : 0, 0, fixed ? pm_base(c) + 4u : 0);
    acpi_put_gas(t, 1, 0, 0, 0);
    acpi_put_gas(t, 1, 0, 0, 0);
    acpi_put_gas(t, 1, fixed ? 32 : 0, 0, fixed ? pm_base(c) + 8u : 0);
    acpi_put_gas(t, 1, fixed ? (uint8_t)(gpe_bytes(c) * 8) : 0, 0, fixed ? gpe_base(c) : 0);
    acpi_put_gas(t, 1, 0, 0, 0);
    if (!fixed) {
        acpi_put_gas(t, 0, c->ged_regs ? 8 : 0, c->ged_regs ? 1 : 0, c->ged_regs);                  /* sleep control */
        /* sleep status */
        acpi_put_gas(t, 0, c->ged_regs ? 8 : 0, c->ged_regs ? 1 : 0, c->ged_regs ? c->ged_regs + 1 : 0);
        acpi_put_u64(t, 0);                                       /* hypervisor identity */
    }
}

static void build_fadt(AcpiBuild *b, const PcAcpiConfig *c, uint32_t facs, uint32_t dsdt)
{
    GByteArray *t = b->out->tables;
    bool fixed = c->chipset != PC_ACPI_MICROVM;
    uint32_t at = acpi_table_begin(b, "FACP", fixed ? 3 : 6, true);
    fadt_first_part(t, c);
    fadt_second_part(t, c);
    g_assert(t->len - at == (fixed ? FADT_REV3_BYTES : FADT_REV6_BYTES));
    if (fixed) {
        st_le32(t->data + at + 36, facs);
        loader_add_pointer(b->out->loader, ACPI_TABLES_FILE, ACPI_TABLES_FILE, at + 36, 4);
    }
    st_le32(t->data + at + 40, dsdt);
    st_le64(t->data + at + 140, dsdt);
    loader_add_pointer(b->out->loader, ACPI_TABLES_FILE, ACPI_TABLES_FILE, at + 40, 4);
    loader_add_pointer(b->out->loader, ACPI_TABLES_FILE, ACPI_TABLES_FILE, at + 140, 8);
    acpi_table_end(b, at);
}

/* --- MADT (5.2.12) --- */
static void madt_override(GByteArray *t, uint8_t irq, uint32_t gsi, uint16_t flags)
{
    acpi_put_u8(t, 2);
    acpi_put_u8(t, 10);
    acpi_put_u8(t, 0); /* ISA */
    acpi_put_u8(t, irq);
    acpi_put_u32(t, gsi);
    acpi_put_u16(t, flags);
}

static bool madt_cpu(GByteArray *t, const PcAcpiCpu *cpu, unsigned uid)
{
    bool wide = cpu->apic_id >= 255 || uid >= 255;
    acpi_put_u8(t, wide ? 9 : 0);
    acpi_put_u8(t, wide ? 16 : 8);
    if (wide) {
        acpi_put_u16(t, 0);
        acpi_put_u32(t, cpu->apic_id);
        acpi_put_u32(t, !cpu->absent);
        acpi_put_u32(t, uid);
    } else {
        acpi_put_u8(t, (uint8_t)uid);
        acpi_put_u8(t, (uint8_t)cpu->apic_id);
        acpi_put_u32(t, !cpu->absent);
    }
    return wide;
}

static void build_madt(AcpiBuild *b, const PcAcpiConfig *c)
{
    enum { LEVEL_HIGH = 0x0d };
    GByteArray *t = b->out->tables;
    bool any_wide = false;
    uint32_t at = acpi_table_begin(b, "APIC", 3, true);
    acpi_put_u32(t, c->lapic_addr ? c->lapic_addr : LAPIC_DEFAULT);
    acpi_put_u32(t, !c->no_pic); /* PCAT_COMPAT: there is a pair of 8259s */
    for (unsigned i = 0; i < c->cpu_count; i++) {
        any_wide |= madt_cpu(t, &c->cpus[i], i);
    }
    acpi_put_u8(t, 1);
    acpi_put_u8(t, 12);
    acpi_put_u8(t, c->ioapic_id);
    acpi_put_u8(t, 0);
    acpi_put_u32(t, c->ioapic_addr ? c->ioapic_addr : IOAPIC_DEFAULT);
    acpi_put_u32(t, 0);
    if (!c->no_pit) {
        madt_override(t, 0, 2, 0);
    }
    if (c->chipset != PC_ACPI_MICROVM) { /* PIRQs and the SCI may be on them */
        static const uint8_t level[] = {5, 9, 10, 11};
        for (size_t i = 0; i < sizeof(level); i++) {
            madt_override(t, level[i], level[i], LEVEL_HIGH);
        }
    }
    if (any_wide) {
        acpi_put_u8(t, 10);
        acpi_put_u8(t, 12);
        acpi_put_u16(t, 0);
        acpi_put_u32(t, UINT32_MAX);
        acpi_put_u8(t, 1);
        acpi_put_zeros(t, 3);
    } else {
        acpi_put_u8(t, 4); /* NMI: LINT1 of all CPUs */
        acpi_put_u8(t, 6);
        acpi_put_u8(t, 0xff);
        acpi_put_u16(t, 0);
        acpi_put_u8(t, 1);
    }
    acpi_table_end(b, at);
}

/* --- small ones --- */
static void build_hpet(AcpiBuild *b, const PcAcpiConfig *c)
{
    GByteArray *t = b->out->tables;
    uint32_t at = acpi_table_begin(b, "HPET", 1, true);
    acpi_put_u32(t, 0x8086a201);
    acpi_put_gas(t, 0, 0, 0, c->hpet_base ? c->hpet_base : 0xfed00000u);
    acpi_put_zeros(t, 4); /* number, minimum tick, protection */
    acpi_table_end(b, at);
}

static void build_mcfg(AcpiBuild *b, const PcAcpiConfig *c)
{
    GByteArray *t = b->out->tables;
    uint32_t at = acpi_table_begin(b, "MCFG", 1, true), size = c->mcfg_size ? c->mcfg_size : 256u << 20;
    acpi_put_zeros(t, 8);
    acpi_put_u64(t, c->mcfg_base);
    acpi_put_u16(t, 0);
    acpi_put_u8(t, 0);
    acpi_put_u8(t, (uint8_t)((size >> 20) - 1));
    acpi_put_u32(t, 0);
    acpi_table_end(b, at);
}

/* SRAT (5.2.16): which CPU and which memory belong to which node. */
static void build_srat(AcpiBuild *b, const PcAcpiConfig *c)
{
    GByteArray *t = b->out->tables;
    uint32_t at = acpi_table_begin(b, "SRAT", 1, true);
    acpi_put_u32(t, 1);
    acpi_put_u64(t, 0);
    for (unsigned i = 0; i < c->cpu_count; i++) {
        const PcAcpiCpu *cpu = &c->cpus[i];
        bool wide = cpu->apic_id >= 255;
        acpi_put_u8(t, wide ? 2 : 0);
        acpi_put_u8(t, wide ? 24 : 16);
        if (wide) {
            acpi_put_u16(t, 0);
            acpi_put_u32(t, cpu->node);
            acpi_put_u32(t, cpu->apic_id);
            acpi_put_u32(t, 1);
            acpi_put_zeros(t, 8);
        } else {
            acpi_put_u8(t, (uint8_t)cpu->node);
            acpi_put_u8(t, (uint8_t)cpu->apic_id);
            acpi_put_u32(t, 1);
            acpi_put_u8(t, 0); /* local SAPIC EID */
            acpi_put_u8(t, (uint8_t)(cpu->node >> 8));
            acpi_put_u8(t, (uint8_t)(cpu->node >> 16));
            acpi_put_u8(t, (uint8_t)(cpu->node >> 24));
            acpi_put_u32(t, 0);
        }
    }
    for (unsigned i = 0; i < c->range_count; i++) {
        const PcAcpiRange *r = &c->ranges[i];
        acpi_put_u8(t, 1);
        acpi_put_u8(t, 40);
        acpi_put_u32(t, r->node);
        acpi_put_u16(t, 0);
        acpi_put_u64(t, r->base);
        acpi_put_u64(t, r->size);
        acpi_put_u32(t, 0);
        acpi_put_u32(t, 1);
        acpi_put_u64(t, 0);
    }
    acpi_table_end(b, at);
}

/* WAET: the PM timer can be read once, it does not go wrong as some chips' do. */
static void build_waet(AcpiBuild *b)
{
    uint32_t at = acpi_table_begin(b, "WAET", 1, true);
    acpi_put_u32(b->out->tables, 1u << 1);
    acpi_table_end(b, at);
}

/* --- the lists, and the pointer to them (5.2.5, 5.2.7, 5.2.8) --- */
static uint32_t build_list(AcpiBuild *b, const char *signature, unsigned width)
{
    GByteArray *t = b->out->tables;
    uint32_t at = acpi_table_begin(b, signature, 1, false);
    for (unsigned i = 0; i < b->offsets->len; i++) {
        uint32_t entry = t->len, offset = g_array_index(b->offsets, uint32_t, i);
        if (width == 4) {
            acpi_put_u32(t, offset);
        } else {
            acpi_put_u64(t, offset);
        }
        loader_add_pointer(b->out->loader, ACPI_TABLES_FILE, ACPI_TABLES_FILE, entry, (uint8_t)width);
    }
    acpi_table_end(b, at);
    return at;
}

static void build_rsdp(AcpiBuild *b, uint32_t rsdt, uint32_t xsdt)
{
    GByteArray *r = b->out->rsdp;
    g_byte_array_append(r, (const uint8_t *)"RSD PTR ", 8);
    acpi_put_u8(r, 0);
    g_byte_array_append(r, (const uint8_t *)b->oem_id, 6);
    acpi_put_u8(r, 2);
    acpi_put_u32(r, rsdt);
    acpi_put_u32(r, 36);
    acpi_put_u64(r, xsdt);
    acpi_put_zeros(r, 4);
    loader_add_pointer(b->out->loader, ACPI_RSDP_FILE, ACPI_TABLES_FILE, 16, 4);
    loader_add_pointer(b->out->loader, ACPI_RSDP_FILE, ACPI_TABLES_FILE, 24, 8);
    loader_add_checksum(b->out->loader, ACPI_RSDP_FILE, 8, 0, 20);
    loader_add_checksum(b->out->loader, ACPI_RSDP_FILE, 32, 0, 36);
}

static bool check(const PcAcpiConfig *c, Error **errp)
{
    if (!c->cpu_count || c->cpu_count > CPUS_MAX || c->range_count > RANGES_MAX || c->virtio_count > 256) {
        error_setg(errp,
                   "ACPI: %u CPUs, %u memory ranges and %u transports: there may be 1 to %d, up to %d and up to 256",
                   c->cpu_count, c->range_count, c->virtio_count, CPUS_MAX, RANGES_MAX);
        return false;
    }
    if ((c->pci_hole_end && c->pci_hole_start >= c->pci_hole_end) || c->pci_hole_end > 1ull << 32 ||
        (c->pci_hole64_end && c->pci_hole64_start >= c->pci_hole64_end)) {
        error_setg(errp, "ACPI: a PCI window ends before it begins, or the low one above 4 GiB");
        return false;
    }
    if (c->sci_irq > 15 || c->mcfg_size & 0xfffff || c->mcfg_size > 256u << 20) {
        error_setg(errp, "ACPI: the SCI is one of IRQ 0 to 15, ECAM has whole MiB up to 256");
        return false;
    }
    return true;
}

static void fill_name(char *out, size_t n, const char *text)
{
    memset(out, ' ', n);
    memcpy(out, text, MIN(strlen(text), n));
}

bool pc_acpi_build(const PcAcpiConfig *given, AcpiBlobs *out, Error **errp)
{
    PcAcpiConfig c = *given;
    c.pci |= c.chipset != PC_ACPI_MICROVM;
    if (!check(&c, errp)) {
        return false;
    }
    *out = (AcpiBlobs){.tables = g_byte_array_new(), .rsdp = g_byte_array_new(), .loader = g_byte_array_new()};
    g_autoptr(GArray) offsets = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    AcpiBuild b = {.out = out, .offsets = offsets};
    fill_name(b.oem_id, sizeof(b.oem_id), c.oem_id ? c.oem_id : "BOCHS");
    fill_name(b.oem_table_id, sizeof(b.oem_table_id), c.oem_table_id ? c.oem_table_id : "BXPC");
    loader_allocate(out->loader, ACPI_RSDP_FILE, 16, ZONE_FSEG);
    loader_allocate(out->loader, ACPI_TABLES_FILE, 64, ZONE_HIGH);

    uint32_t facs = build_facs(&b), dsdt = build_dsdt(&b, &c);
    build_fadt(&b, &c, facs, dsdt);
    build_madt(&b, &c);
    if (c.hpet) {
        build_hpet(&b, &c);
    }
    if (c.range_count) {
        build_srat(&b, &c);
    }
    if (c.pci && c.mcfg_base) {
        build_mcfg(&b, &c);
    }
    if (c.chipset != PC_ACPI_MICROVM) {
        build_waet(&b);
    }
    uint32_t rsdt = build_list(&b, "RSDT", 4);
    build_rsdp(&b, rsdt, build_list(&b, "XSDT", 8));
    return true;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The AML writer against hand-made byte strings, and the tables of each chipset: linked as firmware does it, walked
 * from the RSDP, summed up, and disassembled by iasl (acpica-tools) without a complaint.
 */
#include <glib/gstdio.h>
#include <string.h>

#include "hw/acpi/acpi.h"
#include "hw/acpi/aml.h"
#include "util/bytes.h"

enum { TABLES = 0x7fe0000, RSDP = 0xf5a00 };

static void expect(Aml *term, const char *hex)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autoptr(GString) text = g_string_new(NULL);
    aml_append(out, term);
    for (guint i = 0; i < out->len; i++) {
        g_string_append_printf(text, "%02x", out->data[i]);
    }
    g_assert_cmpstr(text->str, ==, hex);
}

static void test_terms(void)
{
    expect(aml_int(0), "00");
    expect(aml_int(1), "01");
    expect(aml_int(0xff), "0aff");
    expect(aml_int(0x100), "0b0001");
    expect(aml_int(0x10000), "0c00000100");
    expect(aml_int(1ull << 32), "0e0000000001000000");
    expect(aml_eisaid("PNP0A03"), "0c41d00a03");
    expect(aml_path("A"), "415f5f5f");
    expect(aml_path("\\_SB.PCI0"), "5c2e5f53425f50434930");
    expect(aml_path("^A.B.C"), "5e2f03415f5f5f425f5f5f435f5f5f");
    expect(aml_name("_UID", aml_int(2)), "085f5549440a02");
    expect(aml_device("RTC"), "5b82055254435f");
    expect(aml_method("M", 2, true), "14064d5f5f5f0a");
    expect(aml_uuid("33db4d5b-1ff7-401c-9657-7441c03dd766"), "11130a105b4ddb33f71f1c4096577441c03dd766");
    expect(aml_buffer("ab", 2), "11050a026162");
    Aml *p = aml_package();
    aml_add(p, aml_int(1));
    aml_add(p, aml_local(3));
    expect(p, "1204020163");
    Aml *f = aml_field("R", AML_BYTE_ACC, false);
    aml_add(f, aml_field_unit("X", 8));
    aml_add(f, aml_field_skip(100));
    expect(f, "5b810e525f5f5f01585f5f5f08004406"); /* 100 bits: 0x44 0x06 */
    Aml *r = aml_resources();
    aml_add(r, aml_io(0x70, 0x70, 1, 8));
    aml_add(r, aml_irq(8));
    expect(r, "11100a0d4701700070000108220001" "7900");
}

/* Package lengths at the borders of their forms: the bytes before the payload say how long it is. */
static void test_lengths(void)
{
    static const struct {
        unsigned payload;
        const char *head;
    } rows[] = {{62, "a13f"}, {63, "a14104"}, {4093, "a14fff"}, {4094, "a1810001"}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Aml *e = aml_else();
        for (unsigned n = 0; n < rows[i].payload; n++) {
            aml_add(e, aml_int(0));
        }
        g_autoptr(GByteArray) out = g_byte_array_new();
        aml_append(out, e);
        g_autoptr(GString) text = g_string_new(NULL);
        for (guint k = 0; k < strlen(rows[i].head) / 2; k++) {
            g_string_append_printf(text, "%02x", out->data[k]);
        }
        g_assert_cmpstr(text->str, ==, rows[i].head);
        g_assert_cmpuint(out->len, ==, strlen(rows[i].head) / 2 + rows[i].payload);
    }
}

/* --- whole sets --- */
static uint8_t sum(const uint8_t *p, size_t n)
{
    uint8_t s = 0;
    while (n--) {
        s = (uint8_t)(s + *p++);
    }
    return s;
}

typedef struct Set {
    GByteArray *tables, *rsdp;
    char *dir;
    GString *seen;
} Set;

static void look_at_table(Set *s, uint64_t addr)
{
    g_assert_cmpuint(addr, >=, TABLES);
    uint64_t at = addr - TABLES;
    g_assert_true(range_within(at, 36, s->tables->len));
    const uint8_t *t = s->tables->data + at;
    uint32_t len = ld_le32(t + 4);
    g_assert_true(range_within(at, len, s->tables->len));
    g_assert_cmpuint(sum(t, len), ==, 0);
    g_string_append_len(s->seen, (const char *)t, 4);
    g_string_append_c(s->seen, ' ');
    g_autofree char *path = g_strdup_printf("%s/%.4s.dat", s->dir, (const char *)t);
    g_assert_true(g_file_set_contents(path, (const char *)t, len, NULL));
    if (!memcmp(t, "FACP", 4)) {
        g_assert_cmpuint(ld_le32(t + 40), ==, ld_le64(t + 140));
        look_at_table(s, ld_le32(t + 40));
        if (ld_le32(t + 36)) {
            g_assert_cmpmem(s->tables->data + (ld_le32(t + 36) - TABLES), 4, "FACS", 4);
            g_assert_cmpuint(ld_le32(t + 36) % 64, ==, 0);
        }
    }
}

/* -1: iasl is not there; else its complaints. */
static int disassemble(Set *s)
{
    g_autofree char *iasl = g_find_program_in_path("iasl");
    g_auto(GStrv) names = g_strsplit(g_strstrip(s->seen->str), " ", -1);
    int bad = 0;
    for (char **n = names; *n; n++) {
        g_autofree char *path = g_strdup_printf("%s/%s.dat", s->dir, *n),
            *dsl = g_strdup_printf("%s/%s.dsl", s->dir, *n);
        if (iasl) {
            g_autofree char *text = NULL, *out = NULL, *err = NULL;
            char *argv[] = {iasl, (char *)"-d", path, NULL};
            int status;
            g_assert_true(g_spawn_sync(NULL, argv, NULL, 0, NULL, NULL, &out, &err, &status, NULL));
            bad += status != 0 || strstr(err, "rror") || !g_file_get_contents(dsl, &text, NULL, NULL) ||
                strstr(text, "Invalid") ||
                   strstr(text, "Unknown") || strstr(text, "unresolved");
            /* and compiled again, without an error */
            char *again[] = {iasl, (char *)"-oe", (char *)"-ve", dsl, NULL};
            if (!bad && !strcmp(*n, "DSDT")) {
                g_clear_pointer(&out, g_free);
                g_clear_pointer(&err, g_free);
                g_assert_true(g_spawn_sync(NULL, again, NULL, 0, NULL, NULL, &out, &err, &status, NULL));
                if (status != 0) {
                    bad++;
                    g_test_message("%s%s", out, err);
                }
            }
            g_unlink(dsl);
        }
        g_autofree char *aml = g_strdup_printf("%s/%s.aml", s->dir, *n);
        g_unlink(aml);
        g_unlink(path);
    }
    return iasl ? bad : -1;
}

static void check_set(const PcAcpiConfig *c, const char *want)
{
    AcpiBlobs b;
    Set s = {.dir = g_dir_make_tmp("acpi-XXXXXX", NULL), .seen = g_string_new(NULL)};
    g_assert_true(pc_acpi_build(c, &b, &error_fatal));
    g_assert_cmpuint(b.loader->len % 128, ==, 0);
    g_assert_true(acpi_blobs_link(&b, TABLES, RSDP, &s.tables, &s.rsdp, &error_fatal));
    acpi_blobs_clear(&b);
    const uint8_t *r = s.rsdp->data;
    g_assert_cmpmem(r, 8, "RSD PTR ", 8);
    g_assert_cmpuint(sum(r, 20), ==, 0);
    g_assert_cmpuint(sum(r, 36), ==, 0);
    const uint8_t *rsdt = s.tables->data + (ld_le32(r + 16) - TABLES),
        *xsdt = s.tables->data + (ld_le64(r + 24) - TABLES);
    g_assert_cmpuint(sum(rsdt, ld_le32(rsdt + 4)), ==, 0);
    g_assert_cmpuint(sum(xsdt, ld_le32(xsdt + 4)), ==, 0);
    unsigned n = (ld_le32(xsdt + 4) - 36) / 8;
    g_assert_cmpuint((ld_le32(rsdt + 4) - 36) / 4, ==, n);
    for (unsigned i = 0; i < n; i++) {
        g_assert_cmpuint(ld_le64(xsdt + 36 + 8 * i), ==, ld_le32(rsdt + 36 + 4 * i));
        look_at_table(&s, ld_le64(xsdt + 36 + 8 * i));
    }
    g_assert_cmpstr(g_strstrip(s.seen->str), ==, want);
    int bad = disassemble(&s);
    g_rmdir(s.dir);
    g_byte_array_unref(s.tables);
    g_byte_array_unref(s.rsdp);
    g_string_free(s.seen, TRUE);
    g_free(s.dir);
    if (bad < 0) {
        g_test_skip("iasl is not installed (Debian package acpica-tools)");
    } else {
        g_assert_cmpint(bad, ==, 0);
    }
}

static PcAcpiConfig pc_config(PcAcpiChipset chipset, const PcAcpiCpu *cpus, unsigned count)
{
    PcAcpiConfig c = {.chipset = chipset, .cpus = cpus, .cpu_count = count, .pci_hole_start = 0x20000000,
                      .pci_hole_end = 0xfec00000,
                      .pci_hole64_start = 0x100000000, .pci_hole64_end = 0x180000000, .hpet = true, .i8042 = true,
                      .rtc = true, .fdc = true,
                      .serial = {{0x3f8, 4}, {0x2f8, 3}}, .parallel = {{0x378, 7}}, .fw_cfg_port = 0x510,
                          .pvpanic_port = 0x505};
    return c;
}

static const PcAcpiCpu four[] = {{.apic_id = 0}, {.apic_id = 1}, {.apic_id = 2, .node = 1},
                                 {.apic_id = 3, .absent = true, .node = 1}};

static void test_piix(void)
{
    PcAcpiConfig c = pc_config(PC_ACPI_PIIX, four, 4);
    check_set(&c, "FACP DSDT APIC HPET WAET");
}

static void test_ich9(void)
{
    static const PcAcpiRange ranges[] = {{0, 0xa0000, 0}, {0x100000, 0xff00000, 0}, {0x10000000, 0x10000000, 1}};
    g_autofree PcAcpiCpu *many = g_new0(PcAcpiCpu, 288);
    for (unsigned i = 0; i < 288; i++) {
        many[i].apic_id = i;
        many[i].node = i & 1;
    }
    PcAcpiConfig c = pc_config(PC_ACPI_ICH9, many, 288);
    c.mcfg_base = 0xb0000000;
    c.ranges = ranges;
    c.range_count = 3;
    check_set(&c, "FACP DSDT APIC HPET SRAT MCFG WAET");
}

static void test_microvm(void)
{
    static const PcAcpiMmio virtio[] = {{0xfeb00000, 512, 24}, {0xfeb00200, 512, 25}};
    PcAcpiConfig c = {.chipset = PC_ACPI_MICROVM, .cpus = four, .cpu_count = 2, .virtio = virtio, .virtio_count = 2,
                      .ged_base = 0xfea00000,
                      .ged_regs = 0xfea00200, .serial = {{0x3f8, 4}}, .rtc = true, .no_pic = true, .no_pit = true};
    check_set(&c, "FACP DSDT APIC");
    c.pci = true;
    c.mcfg_base = 0xe0000000;
    c.pci_hole_start = 0xc0000000;
    c.pci_hole_end = 0xe0000000;
    check_set(&c, "FACP DSDT APIC MCFG");
}

static void refused(AcpiBlobs *b)
{
    GByteArray *tables, *rsdp;
    Error *err = NULL;
    g_assert_false(acpi_blobs_link(b, TABLES, RSDP, &tables, &rsdp, &err));
    g_assert_nonnull(strstr(error_message(err), "loader script"));
    error_free(err);
}

static void test_bad_scripts(void)
{
    static const struct {
        unsigned offset;
        uint32_t value;
    } bad[] = {{116, UINT32_MAX}, {116, 0x7fffffff}, {120, 3}, {120, 9}, {4, 0}, {60, 0x41414141}};
    PcAcpiConfig c = pc_config(PC_ACPI_PIIX, four, 4);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        AcpiBlobs b;
        g_assert_true(pc_acpi_build(&c, &b, &error_fatal));
        uint8_t *p = b.loader->data;
        while (ld_le32(p) != 2) { /* the first pointer */
            p += 128;
        }
        st_le32(p + bad[i].offset, bad[i].value);
        refused(&b);
        acpi_blobs_clear(&b);
    }
    AcpiBlobs b;
    Error *err = NULL;
    g_assert_true(pc_acpi_build(&c, &b, &error_fatal));
    g_byte_array_set_size(b.loader, b.loader->len - 1);
    refused(&b);
    acpi_blobs_clear(&b);
    c.pci_hole_start = 0xff000000;
    g_assert_false(pc_acpi_build(&c, &b, &err));
    error_free(err);
}

static void test_routing(void)
{
    g_assert_cmpuint(pc_acpi_pirq(PC_ACPI_PIIX, 1, 0), ==, 0);
    g_assert_cmpuint(pc_acpi_pirq(PC_ACPI_PIIX, 3, 0), ==, 2);
    g_assert_cmpuint(pc_acpi_pirq(PC_ACPI_PIIX, 2, 3), ==, 0);
    g_assert_cmpuint(pc_acpi_pirq(PC_ACPI_ICH9, 0, 0), ==, 4);
    g_assert_cmpuint(pc_acpi_pirq(PC_ACPI_ICH9, 3, 2), ==, 5);
    g_assert_cmpuint(pc_acpi_pirq(PC_ACPI_ICH9, 31, 0), ==, 0);
    g_assert_cmpuint(pc_acpi_pirq(PC_ACPI_ICH9, 30, 1), ==, 5);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/aml/terms", test_terms);
    g_test_add_func("/aml/lengths", test_lengths);
    g_test_add_func("/acpi/piix", test_piix);
    g_test_add_func("/acpi/ich9", test_ich9);
    g_test_add_func("/acpi/microvm", test_microvm);
    g_test_add_func("/acpi/bad-scripts", test_bad_scripts);
    g_test_add_func("/acpi/routing", test_routing);
    return g_test_run();
}

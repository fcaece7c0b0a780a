/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ACPI and SMBIOS tables of a PC: what the board tells their makers, and how they reach the guest: by fw_cfg where firmware runs.
 */
#include <string.h>

#include "hw/smbios.h"
#include "pc.h"
#include "target/x86.h"
#include "boot.h"



typedef struct PortSearch {
    const char *type;
    PcAcpiPort *ports;
    unsigned count;
} PortSearch;

static void look_at_port(Object *obj, void *opaque)
{
    PortSearch *s = opaque;
    object_foreach_child(obj, look_at_port, opaque);
    if (!object_is_a(obj, s->type)) {
        return;
    }
    g_autofree char *base = object_get(obj, "iobase", NULL), *irq = object_get(obj, "irq", NULL), *index = object_get(obj, "index", NULL);
    uint64_t n = index ? g_ascii_strtoull(index, NULL, 0) : 0;
    if (base && irq && n < s->count) {
        s->ports[n] = (PcAcpiPort){.base = (uint16_t)g_ascii_strtoull(base, NULL, 0), .irq = (uint8_t)g_ascii_strtoull(irq, NULL, 0)};
    }
}

static bool make_smbios(Machine *m, Error **errp)
{
    PcBoard *b = pc_board(m);
    CpuState *cpu = m->cpus->pdata[0];
    const SmbiosConfig config = {
        .product = m->record->desc, .version = m->record->name, .uuid = m->uuid, .ram_size = m->ram_size, .ram_below_4g = b->below_4g,
        .sockets = m->sockets, .cores = m->cores, .threads = m->threads, .cpu_signature = x86_cpu_signature(cpu),
        .cpu_features_edx = x86_cpu_features_edx(cpu), .entry_point_64 = b->smbios_entry && !strcmp(b->smbios_entry, "64"), .options = m->smbios,
    };
    SmbiosBlobs blobs = {0};
    bool ok = smbios_build(&config, &blobs, errp) && smbios_publish(&blobs, b->fw, errp) && pc_boot_add_smbios(m, &blobs, errp);
    smbios_blobs_clear(&blobs);
    return ok;
}

static bool make_acpi(Machine *m, PcAcpiConfig *config, Error **errp)
{
    PcBoard *b = pc_board(m);
    g_autofree PcAcpiCpu *cpus = g_new0(PcAcpiCpu, m->max_cpus);
    for (unsigned i = 0; i < m->max_cpus; i++) {
        cpus[i] = (PcAcpiCpu){.apic_id = pc_apic_id(m, i), .absent = i >= m->cpu_count};
    }
    config->cpus = cpus;
    config->cpu_count = m->max_cpus;
    config->no_pit = !b->pit;
    config->no_pic = !b->pic;
    config->hpet = b->hpet != NULL;
    config->i8042 = b->kbc != NULL;
    config->rtc = b->rtc != NULL;
    config->fdc = b->fdc != NULL;
    config->fw_cfg_port = b->fw ? FW_CFG_IO_PORT : 0;
    config->oem_id = b->oem_id;
    config->oem_table_id = b->oem_table_id;
    PortSearch serial = {"isa-serial", config->serial, PC_ACPI_SERIALS}, parallel = {"isa-parallel", config->parallel, PC_ACPI_PARALLELS};
    look_at_port(OBJECT(m), &serial);
    look_at_port(OBJECT(m), &parallel);
    AcpiBlobs blobs = {0};
    bool ok = pc_acpi_build(config, &blobs, errp) && (!b->fw || acpi_blobs_publish(&blobs, b->fw, errp)) && pc_boot_add_acpi(m, &blobs, errp);
    acpi_blobs_clear(&blobs);
    return ok;
}

bool pc_make_tables(Machine *m, PcAcpiConfig *config, Error **errp)
{
    PcBoard *b = pc_board(m);
    return (b->acpi == OFF || make_acpi(m, config, errp)) && (!b->fw || make_smbios(m, errp));
}

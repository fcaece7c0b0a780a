/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ACPI tables of a PC and how they reach the guest (ACPI 6.3; the loader script: the reference's
 * docs/specs/fw_cfg and acpi linker/loader description).
 *
 * A board fills PcAcpiConfig once all devices of the command line exist, calls pc_acpi_build() and hands the result
 * to fw_cfg (acpi_blobs_publish) where firmware runs, or puts it into memory by itself (acpi_blobs_link) where none
 * does.
 */
#ifndef HW_ACPI_ACPI_H
#define HW_ACPI_ACPI_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

struct FwCfg;

/* PIIX: pc. ICH9: q35. MICROVM: hardware-reduced ACPI, no PCI unless `pci` is set, power by GED. */
typedef enum PcAcpiChipset { PC_ACPI_PIIX, PC_ACPI_ICH9, PC_ACPI_MICROVM } PcAcpiChipset;

enum { PC_ACPI_SERIALS = 4, PC_ACPI_PARALLELS = 3 };

typedef struct PcAcpiCpu {
    uint32_t apic_id;    /* index in the list is the ACPI processor UID */
    bool absent;         /* possible, but not plugged: not enabled in MADT */
    uint32_t node;       /* proximity domain */
} PcAcpiCpu;

typedef struct PcAcpiRange { /* RAM of a proximity domain, for SRAT */
    uint64_t base, size;
    uint32_t node;
} PcAcpiRange;

typedef struct PcAcpiPort { /* a legacy device: not there where base is 0 */
    uint16_t base;
    uint8_t irq;
} PcAcpiPort;

typedef struct PcAcpiMmio { /* microvm: a virtio-mmio transport */
    uint64_t base;
    uint32_t size, gsi;
} PcAcpiMmio;

typedef struct PcAcpiConfig {
    PcAcpiChipset chipset;
    const PcAcpiCpu *cpus;
    unsigned cpu_count;

    /* interrupts. Zero values stand for the PC's usual ones. */
    uint32_t lapic_addr;         /* 0: 0xfee00000 */
    uint32_t ioapic_addr;        /* 0: 0xfec00000 */
    uint8_t ioapic_id;
    bool no_pit;                 /* IRQ 0 is not rerouted to GSI 2 */
    bool no_pic;                 /* no 8259 pair */

    /* PCI. Windows are [start, end); a window whose end is 0 is left out. */
    bool pci;                    /* always true for PIIX and ICH9, whatever it says */
    uint64_t pci_hole_start, pci_hole_end;     /* below 4 GiB */
    uint64_t pci_hole64_start, pci_hole64_end;
    uint64_t mcfg_base;          /* 0: no ECAM */
    uint32_t mcfg_size;          /* 0: 256 MiB */

    /*
     * Fixed hardware. PIIX: PM base 0x600, GPE0 at 0xafe with 4 bytes. ICH9: PM base 0x600, GPE0 at PM base + 0x20
     * with 16 bytes. PM1 event block at base, control at base + 4, timer at base + 8.
     */
    uint16_t pm_base;            /* 0: 0x600 */
    uint16_t gpe_base;           /* 0: by chipset */
    uint8_t gpe_bytes;
    uint8_t sci_irq;             /* 0: 9 */
    uint16_t smi_command;        /* port, 0: 0xb2 */
    uint8_t acpi_enable, acpi_disable; /* values for it; both 0: PIIX 0xf1/0xf0, ICH9 2/3 */
    bool no_s3, no_s4;           /* sleep states that are not offered */
    uint8_t s4_value;            /* SLP_TYP of S4; 0: 2 */
    uint16_t reset_port;         /* 0: 0xcf9, value 0x0f */
    uint8_t reset_value;

    /* devices */
    bool hpet;
    uint64_t hpet_base;          /* 0: 0xfed00000 */
    PcAcpiPort serial[PC_ACPI_SERIALS];
    PcAcpiPort parallel[PC_ACPI_PARALLELS];
    bool i8042, rtc, fdc;
    uint16_t fw_cfg_port;        /* 0: none; 0x510 */
    uint16_t pvpanic_port;       /* 0: none; 0x505 */

    /* NUMA: SRAT (and node of each CPU) where there are ranges */
    const PcAcpiRange *ranges;
    unsigned range_count;

    /* microvm */
    const PcAcpiMmio *virtio;
    unsigned virtio_count;
    /* generic event device: event selector; registers (sleep +0, reset +1) lie at ged_regs */
    uint64_t ged_base;
    uint64_t ged_regs;
    uint8_t ged_irq;             /* 0: 9 */

    const char *oem_id, *oem_table_id; /* up to 6 and 8 characters; NULL: "BOCHS ", "BXPC    ", which guests test for */
} PcAcpiConfig;

/*
 * Which PIRQ the board must wire: 0..3 LNKA..LNKD, 4..7 LNKE..LNKH. What _PRT says; @pin 0..3. Bridges rotate before
 * that.
 */
unsigned pc_acpi_pirq(PcAcpiChipset chipset, unsigned slot, unsigned pin);

typedef struct AcpiBlobs {
    GByteArray *tables;  /* "etc/acpi/tables": all but the RSDP, unlinked */
    GByteArray *rsdp;    /* "etc/acpi/rsdp" */
    GByteArray *loader;  /* "etc/table-loader": commands of 128 bytes */
} AcpiBlobs;

bool pc_acpi_build(const PcAcpiConfig *c, AcpiBlobs *out, Error **errp);
void acpi_blobs_clear(AcpiBlobs *b);

/* Adds the three files. */
bool acpi_blobs_publish(const AcpiBlobs *b, struct FwCfg *fw, Error **errp);
/*
 * Carries out the loader script here, as firmware would: the tables as they have to lie at @tables_addr, the RSDP at
 * @rsdp_addr (16-byte aligned; 0xe0000..0xfffff where the guest must find it by searching). Both are new; the script
 * is bounded.
 */
bool acpi_blobs_link(const AcpiBlobs *b, uint64_t tables_addr, uint64_t rsdp_addr, GByteArray **tables,
                     GByteArray **rsdp, Error **errp);

/* --- building blocks: tables and the loader script (hw/acpi/tables.c) --- */
/*
 * Begins a table with its 36-byte header in @blob; its offset. acpi_table_end() fills in the length and asks for the
 * checksum.
 */
typedef struct AcpiBuild {
    AcpiBlobs *out;
    char oem_id[6], oem_table_id[8];
    GArray *offsets;     /* uint32_t: of tables that the XSDT lists */
} AcpiBuild;
uint32_t acpi_table_begin(AcpiBuild *b, const char signature[4], uint8_t revision, bool listed);
void acpi_table_end(AcpiBuild *b, uint32_t offset);
void acpi_put_u8(GByteArray *a, uint8_t v);
void acpi_put_u16(GByteArray *a, uint16_t v);
void acpi_put_u32(GByteArray *a, uint32_t v);
void acpi_put_u64(GByteArray *a, uint64_t v);
void acpi_put_zeros(GByteArray *a, unsigned n);
/* Generic address structure (ACPI 5.2.3.2); @space 0 memory, 1 I/O. */
void acpi_put_gas(GByteArray *a, uint8_t space, uint8_t bits, uint8_t access, uint64_t addr);
/*
 * Loader commands. @zone 1: anywhere below 4 GiB, 2: the F segment. Pointers hold the offset within @src before they
 * are linked.
 */
void loader_allocate(GByteArray *loader, const char *file, uint32_t align, uint8_t zone);
void loader_add_pointer(GByteArray *loader, const char *dest, const char *src, uint32_t offset, uint8_t size);
void loader_add_checksum(GByteArray *loader, const char *file, uint32_t result, uint32_t start, uint32_t length);

#define ACPI_TABLES_FILE "etc/acpi/tables"
#define ACPI_RSDP_FILE "etc/acpi/rsdp"
#define ACPI_LOADER_FILE "etc/table-loader"

#endif

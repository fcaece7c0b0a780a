/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the boards `pc`, `q35` and `microvm` share: their state, and the parts from which each file puts its board together. Private to hw/i386;
 * everything runs with the machine lock held.
 */
#ifndef HW_I386_PC_H
#define HW_I386_PC_H

#include "block/block.h"
#include "hw/acpi/acpi.h"
#include "hw/input/i8042.h"
#include "hw/nvram/fw_cfg.h"
#include "south.h"

#define MIB (1024 * 1024ull)
#define GIB (1024 * MIB)
enum { PC_CPUS_MAX = 255, Q35_CPUS_MAX = 288, PC_FLASH_COUNT = 2 };
enum { AUTO, ON, OFF }; /* of properties that take auto, on and off */
extern const char *const pc_on_off_auto[];

typedef struct PcE820 {
    uint64_t base, size;
    uint32_t type; /* 1: RAM, 2: reserved */
} PcE820;
enum { E820_RAM = 1, E820_RESERVED = 2, PC_E820_MAX = 16 };

typedef struct PcBoard {
    /* properties */
    int smm, vmport, acpi, pit_on, pic_on, rtc_on; /* ON, OFF, AUTO */
    bool hpet_on, i8042_on, sata, smbus, fd_bootchk, direct_boot;
    bool serial_on, cmdline_auto, option_roms;  /* microvm, as the next ones */
    int pcie, ioapic2;
    uint64_t max_ram_below_4g;
    char *irqchip, *pflash[PC_FLASH_COUNT], *smbios_entry, *pcspk_audio, *oem_id, *oem_table_id;
    /* memory */
    MemoryRegion io, ram_low, ram_high, bios, bios_low, post;
    AddressSpace *io_as;
    uint64_t below_4g, above_4g;
    PcE820 e820[PC_E820_MAX];
    unsigned e820_count;
    /* parts */
    Irq gsi[GSI_COUNT];
    DeviceState *apics, *ioapic, *pic, *pit, *rtc, *hpet, *kbc, *fdc, *flash[PC_FLASH_COUNT];
    A20Gate a20;
    PcHost *host;
    PciDevice *south, *pm;
    IsaBus *isa;
    FwCfg *fw;
    DeviceState *ide, *transports[8];
    uint8_t boots;           /* 0: before the first reset, 1: the first boot, 2: later */
    struct PcBoot *boot;     /* what is started without firmware; boot.c */
} PcBoard;
static inline PcBoard *pc_board(Machine *m) { return m->board; }

/* --- memory, CPUs, interrupts: pc-common.c --- */
/* RAM at 0 and at 4 GiB; @below: how much of it goes below. */
void pc_map_ram(Machine *m, uint64_t below);
void pc_add_e820(PcBoard *b, uint64_t base, uint64_t size, uint32_t type);
bool pc_make_io(Machine *m);
/* APIC bus, I/O APIC, and the lines gsi[]; a PIC joins them by setting b->pic. */
bool pc_make_irqs(Machine *m, Error **errp);
/* After the north bridge: @smm_memory NULL where there is no SMM. */
bool pc_make_cpus(Machine *m, AddressSpace *smm_memory, Error **errp);
uint32_t pc_apic_id(const Machine *m, unsigned index);
uint32_t pc_apic_id_limit(const Machine *m);
bool pc_has_smm(const PcBoard *b);
Irq pc_smi_line(Machine *m);  /* level 1: the CPU that runs, 2: all; empty without SMM */
void pc_reset(Machine *m);
void pc_cleanup(Machine *m);

/* --- pc-isa.c: the devices on ISA: PIC, PIT, RTC, DMA, keyboard, serial and parallel ports, floppy, HPET --- */
bool pc_make_isa(Machine *m, uint32_t hpet_lines, Error **errp);
/* A graphic card for -vga, where the build has it. */
bool pc_make_vga(Machine *m, PciBus *bus, Error **errp);

/* --- pc-firmware.c --- */
/* Flash banks below 4 GiB where the command line gives some, else a ROM from -bios or @default_bios, shown below 1 MiB too. */
bool pc_load_firmware(Machine *m, MemoryRegion *rom_memory, const char *default_bios, Error **errp);

/* --- pc-fwcfg.c --- */
bool pc_make_fw_cfg(Machine *m, Error **errp);
/* All keys and files, when all devices are there. */
bool pc_fill_fw_cfg(Machine *m, Error **errp);
void pc_fill_cmos(Machine *m);
void pc_set_boot_order(Machine *m, const char *order);
bool pc_check_boot_order(const char *order, Error **errp);
/* Lines of "bootorder"; NULL: no device has a bootindex. g_free. */
char *pc_boot_order_file(Machine *m);

/* --- pc-tables.c --- */
bool pc_make_tables(Machine *m, PcAcpiConfig *config, Error **errp);

/* --- fields that all boards have --- */
#define PC_FIELDS                                                                                                       \
    FIELD(PcBoard, smm, FIELD_ENUM, "smm", FIELD_PROP, .info = pc_on_off_auto, .help = "system management mode"),       \
    FIELD(PcBoard, acpi, FIELD_ENUM, "acpi", FIELD_PROP, .info = pc_on_off_auto, .help = "ACPI tables"),                 \
    FIELD(PcBoard, irqchip, FIELD_STRING, "kernel-irqchip", FIELD_PROP, .help = "interrupt controllers in KVM: on, off, split (without KVM: off)"), \
    FIELD(PcBoard, direct_boot, FIELD_BOOL, "direct-boot", FIELD_PROP, .help = "start -kernel without running firmware"), \
    FIELD(PcBoard, oem_id, FIELD_STRING, "x-oem-id", FIELD_PROP, .help = "OEM id of ACPI tables, up to 6 characters"),    \
    FIELD(PcBoard, oem_table_id, FIELD_STRING, "x-oem-table-id", FIELD_PROP, .help = "OEM table id of ACPI tables, up to 8 characters")
#define PC_FULL_FIELDS                                                                                                  \
    PC_FIELDS,                                                                                                          \
    FIELD(PcBoard, vmport, FIELD_ENUM, "vmport", FIELD_PROP, .info = pc_on_off_auto, .help = "accepted; there is no VMware port"), \
    FIELD(PcBoard, hpet_on, FIELD_BOOL, "hpet", FIELD_PROP, .def = 1, .help = "high precision event timers"),            \
    FIELD(PcBoard, pit_on, FIELD_ENUM, "pit", FIELD_PROP, .info = pc_on_off_auto, .help = "interval timer 8254"),        \
    FIELD(PcBoard, i8042_on, FIELD_BOOL, "i8042", FIELD_PROP, .def = 1, .help = "keyboard controller"),                 \
    FIELD(PcBoard, sata, FIELD_BOOL, "sata", FIELD_PROP, .def = 1, .help = "disk controller of the board"),              \
    FIELD(PcBoard, smbus, FIELD_BOOL, "smbus", FIELD_PROP, .def = 1, .help = "accepted for compatibility"),              \
    FIELD(PcBoard, fd_bootchk, FIELD_BOOL, "fd-bootchk", FIELD_PROP, .def = 1, .help = "firmware checks the signature of floppy boot sectors"), \
    FIELD(PcBoard, max_ram_below_4g, FIELD_SIZE, "max-ram-below-4g", FIELD_PROP, .help = "how much memory may lie below 4 GiB"), \
    FIELD(PcBoard, smbios_entry, FIELD_STRING, "smbios-entry-point-type", FIELD_PROP, .help = "32, 64 or auto"),         \
    FIELD(PcBoard, pcspk_audio, FIELD_STRING, "pcspk-audiodev", FIELD_PROP, .help = "accepted; the speaker is silent"),  \
    FIELD(PcBoard, pflash[0], FIELD_STRING, "pflash0", FIELD_PROP, .help = "block node of flash bank 0"),                \
    FIELD(PcBoard, pflash[1], FIELD_STRING, "pflash1", FIELD_PROP, .help = "block node of flash bank 1")

#endif

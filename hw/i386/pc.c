/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The board `pc`: i440FX and PIIX3, as the reference's pc-i440fx.
 *
 *   CPUs, local APICs --- i440FX --- PCI bus pci.0
 *     |                                |  00.0 host bridge    01.0 PIIX3: ISA bridge, 01.1 IDE, 01.3 PIIX4 power management
 *   I/O APIC, 24 lines                 |  02.0 graphic card, then what the command line asks for
 *     |                              ISA: PIC pair, PIT, RTC and CMOS, DMA, keyboard and mouse, serial ports, floppy, fw_cfg
 *   HPET
 *
 * RAM fills memory from 0 up to 3.5 GiB (3 GiB where there is more than that) and goes on at 4 GiB; firmware ends at 4 GiB.
 */
#include <string.h>

#include "boot.h"
#include "hw/ide/ide.h"
#include "hw/intc/apic.h"
#include "pc.h"
#include "target/x86.h"

enum { HPET_LINES = 1u << 2 };
#define LOW_RAM_MAX 0xe0000000ull
#define LOW_RAM_SPLIT 0xc0000000ull

static uint64_t ram_below(const Machine *m, const PcBoard *b)
{
    uint64_t limit = b->max_ram_below_4g ? MIN(b->max_ram_below_4g, LOW_RAM_MAX) : LOW_RAM_MAX;
    return m->ram_size >= limit ? MIN(limit, LOW_RAM_SPLIT) : m->ram_size;
}

static void send_message(void *opaque, uint64_t addr, uint32_t data) { apic_deliver_msi(opaque, addr, data); }

static bool make_ide(Machine *m, PciBus *pci, Error **errp)
{
    PcBoard *b = pc_board(m);
    if (!type_find(TYPE_PIIX3_IDE)) {
        return true; /* a build without it */
    }
    PciDevice *ide = pci_create(pci, TYPE_PIIX3_IDE, PCI_DEVFN(1, 1), errp);
    if (!ide) {
        return false;
    }
    b->ide = &ide->dev;
    piix3_ide_connect(ide, b->gsi[14], b->gsi[15]);
    return ide_attach_drives(m, b->ide, errp);
}

static bool pc_init(Machine *m, Error **errp)
{
    PcBoard *b = pc_board(m);
    pc_map_ram(m, ram_below(m, b));
    const PcHostSetup setup = {.ram = m->ram, .below_4g = b->below_4g, .io = &b->io, .smm = pc_has_smm(b)};
    if (!pc_make_io(m) || !pc_make_irqs(m, errp) || !(b->host = i440fx_create(m, &setup, errp)) ||
        !pc_make_cpus(m, pc_host_smm_memory(b->host), errp)) {
        return false;
    }
    PciBus *pci = pc_host_bus(b->host);
    pci_root_set_msi(pci, send_message, b->apics);
    b->south = piix3_create(b->host, b->gsi, &b->isa, errp);
    return b->south && pc_make_isa(m, HPET_LINES, errp) && pc_make_fw_cfg(m, errp) && pc_make_vga(m, pci, errp) && make_ide(m, pci, errp) &&
           (b->pm = piix4_pm_create(b->host, b->gsi[9], pc_smi_line(m), errp)) &&
           pc_load_firmware(m, pc_host_pci_memory(b->host), "bios-256k.bin", errp);
}

static bool pc_finish(Machine *m, Error **errp)
{
    PcBoard *b = pc_board(m);
    SleepStates sleep = piix4_pm_sleep(b->pm);
    uint64_t above = 4 * GIB + b->above_4g;
    PcAcpiConfig acpi = {
        .chipset = PC_ACPI_PIIX, .pci = true, .pci_hole_start = b->below_4g, .pci_hole_end = 0xfec00000, .pci_hole64_start = (above + GIB - 1) & ~(GIB - 1),
        .no_s3 = sleep.no_s3, .no_s4 = sleep.no_s4, .s4_value = sleep.s4_value,
    };
    acpi.pci_hole64_end = acpi.pci_hole64_start + 2 * GIB;
    pc_fill_cmos(m);
    return pc_boot_prepare(m, errp) && pc_fill_fw_cfg(m, errp) && pc_make_tables(m, &acpi, errp) && pc_boot_finish(m, errp);
}

static const Field pc_fields[] = {PC_FULL_FIELDS, FIELD_END};
#define PC_COMMON                                                                                                       \
    .name = "pc-i440fx-7.2", .alias = "pc", .desc = "Standard PC (i440FX + PIIX, 1996)", .is_default = true, .max_cpus = PC_CPUS_MAX,   \
    .default_ram = 128 * MIB, .min_ram = 1 * MIB, .default_block_interface = "ide", .default_nic = "e1000",             \
    .state_size = sizeof(PcBoard), .fields = pc_fields, .init = pc_init, .finish = pc_finish, .reset = pc_reset, .cleanup = pc_cleanup
static const MachineRecord pc64 = {PC_COMMON, .target = "x86_64", .default_cpu = X86_64_DEFAULT_MODEL};
MACHINE(pc64);
static const MachineRecord pc32 = {PC_COMMON, .target = "i386", .default_cpu = I386_DEFAULT_MODEL};
MACHINE(pc32);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The board `q35`: Q35 and ICH9, as the reference's pc-q35.
 *
 *   CPUs, local APICs --- Q35 --- PCI Express root bus pcie.0, ECAM at b0000000
 *     |                             |  00.0 host bridge    1f.0 ICH9: ISA bridge and power management, 1f.2 AHCI with six ports
 *   I/O APIC, 24 lines              |  01.0 graphic card, then what the command line asks for
 *     | 16..23: PIRQA..PIRQH      ISA: PIC pair, PIT, RTC and CMOS, DMA, keyboard and mouse, serial ports, floppy, fw_cfg
 *   HPET
 *
 * RAM fills memory from 0 up to 2.75 GiB (2 GiB where there is more than that) and goes on at 4 GiB; firmware ends at 4 GiB.
 */
#include "boot.h"
#include "hw/ide/ide.h"
#include "hw/intc/apic.h"
#include "pc.h"
#include "target/x86.h"

enum { HPET_LINES = 0xff0104 };
#define LOW_RAM_MAX 0xb0000000ull
#define LOW_RAM_SPLIT 0x80000000ull
#define ECAM_BASE 0xb0000000ull
#define ECAM_SIZE (256 * MIB)

static uint64_t ram_below(const Machine *m, const PcBoard *b)
{
    uint64_t limit = b->max_ram_below_4g ? MIN(b->max_ram_below_4g, LOW_RAM_MAX) : LOW_RAM_MAX;
    return m->ram_size >= limit ? MIN(limit, LOW_RAM_SPLIT) : m->ram_size;
}

static void send_message(void *opaque, uint64_t addr, uint32_t data) { apic_deliver_msi(opaque, addr, data); }

static bool make_ahci(Machine *m, PciBus *pci, Error **errp)
{
    PcBoard *b = pc_board(m);
    if (!b->sata || !type_find(TYPE_ICH9_AHCI)) {
        return true;
    }
    PciDevice *ahci = pci_create(pci, TYPE_ICH9_AHCI, PCI_DEVFN(0x1f, 2), errp);
    b->ide = ahci ? &ahci->dev : NULL;
    return ahci && ide_attach_drives(m, b->ide, errp);
}

static bool q35_init(Machine *m, Error **errp)
{
    PcBoard *b = pc_board(m);
    pc_map_ram(m, ram_below(m, b));
    const PcHostSetup setup = {.ram = m->ram, .below_4g = b->below_4g, .io = &b->io, .smm = pc_has_smm(b)};
    if (!pc_make_io(m) || !pc_make_irqs(m, errp) || !(b->host = q35_host_create(m, &setup, errp)) ||
        !pc_make_cpus(m, pc_host_smm_memory(b->host), errp)) {
        return false;
    }
    PciBus *pci = pc_host_bus(b->host);
    pci_root_set_msi(pci, send_message, b->apics);
    b->south = b->pm = ich9_lpc_create(b->host, b->gsi, pc_smi_line(m), &b->isa, errp);
    return b->south && pc_make_isa(m, HPET_LINES, errp) && pc_make_fw_cfg(m, errp) && pc_make_vga(m, pci, errp) && make_ahci(m, pci, errp) &&
           pc_load_firmware(m, pc_host_pci_memory(b->host), "bios-256k.bin", errp);
}

static bool q35_finish(Machine *m, Error **errp)
{
    PcBoard *b = pc_board(m);
    SleepStates sleep = ich9_lpc_sleep(b->pm);
    uint64_t above = 4 * GIB + b->above_4g;
    PcAcpiConfig acpi = {
        .chipset = PC_ACPI_ICH9, .pci = true, .pci_hole_start = ECAM_BASE + ECAM_SIZE, .pci_hole_end = 0xfec00000,
        .pci_hole64_start = (above + GIB - 1) & ~(GIB - 1), .mcfg_base = ECAM_BASE, .mcfg_size = (uint32_t)ECAM_SIZE,
        .no_s3 = sleep.no_s3, .no_s4 = sleep.no_s4, .s4_value = sleep.s4_value,
    };
    acpi.pci_hole64_end = acpi.pci_hole64_start + 32 * GIB;
    pc_fill_cmos(m);
    pc_add_e820(b, ECAM_BASE, ECAM_SIZE, E820_RESERVED);
    return pc_boot_prepare(m, errp) && pc_fill_fw_cfg(m, errp) && ich9_lpc_add_files(b->pm, b->fw, errp) &&
           pc_make_tables(m, &acpi, errp) && pc_boot_finish(m, errp);
}

static const Field q35_fields[] = {PC_FULL_FIELDS, FIELD_END};
#define Q35_COMMON                                                                                                      \
    .name = "pc-q35-7.2", .alias = "q35", .desc = "Standard PC (Q35 + ICH9, 2009)", .max_cpus = Q35_CPUS_MAX,          \
    .default_ram = 128 * MIB, .min_ram = 1 * MIB, .default_block_interface = "ide", .ide_units_per_bus = 1, .default_nic = "e1000e",    \
    .state_size = sizeof(PcBoard), .fields = q35_fields, .init = q35_init, .finish = q35_finish, .reset = pc_reset, .cleanup = pc_cleanup
static const MachineRecord q35_64 = {Q35_COMMON, .target = "x86_64", .default_cpu = X86_64_DEFAULT_MODEL};
MACHINE(q35_64);
static const MachineRecord q35_32 = {Q35_COMMON, .target = "i386", .default_cpu = I386_DEFAULT_MODEL};
MACHINE(q35_32);

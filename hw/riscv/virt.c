/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The RISC-V `virt` board, the same to software as the reference's machine of that name.
 *
 *   harts --- ACLINT or CLINT: software interrupts, mtime at 10 MHz
 *     |  `--- PLIC, 95 sources, one M and one S context for each hart
 *     |         |  1..8 virtio-mmio   10 UART   11 RTC   0x20..0x23 PCIe INTA..INTD
 *   memory: reset code at 0x1000, test finisher, RTC, UART, fw_cfg, 2 flash banks, PCIe host, RAM at 2 GiB
 *
 * virt-fdt.c describes all this to the guest; boot.c loads what the harts start with.
 */
#include <inttypes.h>
#include <string.h>

#include "chardev/chardev.h"
#include "hw/block/pflash.h"
#include "hw/intc/riscv-aclint.h"
#include "hw/intc/sifive-plic.h"
#include "hw/sysbus.h"
#include "target/riscv.h"
#include "util/bytes.h"
#include "virt.h"

#define MIB (1024 * 1024ull)
#define GIB (1024 * MIB)

const VirtWindow virt_map[VIRT_PLACE_COUNT] = {
    [VIRT_DEBUG] = {0x0, 0x100},
    [VIRT_MROM] = {0x1000, 0xf000},
    [VIRT_TEST] = {0x100000, 0x1000},
    [VIRT_RTC] = {0x101000, 0x1000},
    [VIRT_CLINT] = {0x2000000, 0x10000},
    [VIRT_ACLINT_SSWI] = {0x2f00000, 0x4000},
    [VIRT_PCIE_PIO] = {0x3000000, 0x10000},
    [VIRT_PLATFORM_BUS] = {0x4000000, 0x2000000},
    [VIRT_PLIC] = {0xc000000, 0x600000},
    [VIRT_UART0] = {0x10000000, 0x100},
    [VIRT_VIRTIO] = {0x10001000, 0x1000}, /* of each slot */
    [VIRT_FW_CFG] = {0x10100000, 0x18},
    [VIRT_FLASH] = {0x20000000, 0x4000000}, /* two banks */
    [VIRT_PCIE_ECAM] = {0x30000000, 0x10000000},
    [VIRT_PCIE_MMIO] = {0x40000000, 0x40000000},
    [VIRT_DRAM] = {0x80000000, 0},
};

static bool is_rv32(const Machine *m) { return !strcmp(m->record->target, "riscv32"); }

static bool put(DeviceState *dev, unsigned window, uint64_t addr, Error **errp)
{
    if (!device_attach(dev, NULL, NULL, errp)) {
        return false;
    }
    sys_map(dev, window, addr);
    return true;
}

static void set_number(DeviceState *dev, const char *property, uint64_t value)
{
    char text[24];
    g_snprintf(text, sizeof(text), "%" PRIu64, value);
    object_set(OBJECT(dev), property, text, &error_fatal);
}

/* --- harts, their timers and software interrupts --- */
static void time_changed(void *opaque)
{
    Machine *m = opaque;
    for (unsigned i = 0; i < m->cpus->len; i++) {
        riscv_cpu_time_changed(m->cpus->pdata[i]);
    }
}

static bool add_timer(Machine *m, VirtBoard *b, Error **errp)
{
    b->mtimer = device_new(m, TYPE_RISCV_ACLINT_MTIMER);
    set_number(b->mtimer, "num-harts", m->cpu_count);
    aclint_mtimer_set_hook(b->mtimer, time_changed, m);
    return put(b->mtimer, 0, virt_map[VIRT_CLINT].base + ACLINT_SWI_SIZE, errp);
}

static bool add_harts(Machine *m, VirtBoard *b, Error **errp)
{
    const TargetRecord *target = target_find(m->record->target);
    if (!target) {
        error_setg(errp, "this build has no target '%s'", m->record->target);
        return false;
    }
    for (unsigned i = 0; i < m->cpu_count; i++) {
        CpuState *cpu = riscv_cpu_new(target, m->cpu_model, errp);
        if (!cpu) {
            return false;
        }
        riscv_cpu_set_hart_id(cpu, i);
        riscv_cpu_set_reset_vector(cpu, virt_map[VIRT_MROM].base);
        riscv_cpu_set_time_base(cpu, aclint_mtime, b->mtimer, ACLINT_TIMEBASE_HZ);
        cpu->machine = m;
        cpu->as = m->as;
        bool ok = object_realize(OBJECT(cpu), errp) && machine_add_cpu(m, cpu, errp);
        object_unref(OBJECT(cpu)); /* the machine holds it */
        if (!ok) {
            return false;
        }
        aclint_mtimer_connect(b->mtimer, i, irq_make(riscv_cpu_irq_handler, cpu, 7));
    }
    return true;
}

static bool add_swi(Machine *m, bool supervisor, uint64_t addr, Error **errp)
{
    DeviceState *swi = device_new(m, TYPE_RISCV_ACLINT_SWI);
    set_number(swi, "num-harts", m->cpu_count);
    object_set(OBJECT(swi), "sswi", supervisor ? "on" : "off", &error_fatal);
    if (!put(swi, 0, addr, errp)) {
        return false;
    }
    for (unsigned i = 0; i < m->cpu_count; i++) {
        aclint_swi_connect(swi, i, irq_make(riscv_cpu_irq_handler, m->cpus->pdata[i], supervisor ? 1 : 3));
    }
    return true;
}

static bool add_plic(Machine *m, VirtBoard *b, Error **errp)
{
    b->plic = device_new(m, TYPE_SIFIVE_PLIC);
    set_number(b->plic, "num-sources", VIRT_SOURCES);
    if (!put(b->plic, 0, virt_map[VIRT_PLIC].base, errp)) {
        return false;
    }
    for (unsigned i = 0; i < m->cpu_count; i++) {
        plic_add_context(b->plic, irq_make(riscv_cpu_irq_handler, m->cpus->pdata[i], 11));
        plic_add_context(b->plic, irq_make(riscv_cpu_irq_handler, m->cpus->pdata[i], 9));
    }
    return true;
}

/* --- the devices --- */
static bool add_uart(Machine *m, VirtBoard *b, Error **errp)
{
    DeviceState *uart = device_new(m, "serial-mm");
    struct Chardev *chr = m->serials->len ? m->serials->pdata[0] : NULL;
    if (chr && !object_set(OBJECT(uart), "chardev", chardev_id(chr), errp)) {
        object_unref(OBJECT(uart));
        return false;
    }
    if (!put(uart, 0, virt_map[VIRT_UART0].base, errp)) {
        return false;
    }
    sys_connect(uart, 0, plic_line(b->plic, VIRT_IRQ_UART0));
    return true;
}

static bool add_rtc_and_test(Machine *m, VirtBoard *b, Error **errp)
{
    if (!put(device_new(m, "riscv.sifive.test"), 0, virt_map[VIRT_TEST].base, errp)) {
        return false;
    }
    DeviceState *rtc = device_new(m, "goldfish_rtc");
    if (!put(rtc, 0, virt_map[VIRT_RTC].base, errp)) {
        return false;
    }
    sys_connect(rtc, 0, plic_line(b->plic, VIRT_IRQ_RTC));
    return true;
}

static bool add_virtio(Machine *m, VirtBoard *b, Error **errp)
{
    for (unsigned i = 0; i < VIRT_VIRTIO_COUNT; i++) {
        DeviceState *slot = device_new(m, "virtio-mmio");
        if (!put(slot, 0, virt_map[VIRT_VIRTIO].base + i * virt_map[VIRT_VIRTIO].size, errp)) {
            return false;
        }
        sys_connect(slot, 0, plic_line(b->plic, VIRT_IRQ_VIRTIO + i));
    }
    return true;
}

/* The disk of a bank: machine property pflash0/1, or -drive if=pflash in order. */
static bool flash_disk(Machine *m, VirtBoard *b, unsigned bank, BlockBackend **blk, Error **errp)
{
    *blk = NULL;
    if (b->pflash[bank]) {
        if (!m->block) {
            error_setg(errp, "pflash%u=%s: this build has no block layer", bank, b->pflash[bank]);
            return false;
        }
        *blk = blk_find(m->block, b->pflash[bank], errp);
        return *blk != NULL;
    }
    if (m->block) {
        g_autofree BlockBackend **list = blk_list_unclaimed(m->block, "pflash");
        unsigned first = bank && !b->flash[0] ? 1 : 0;
        for (unsigned i = 0; list && list[i]; i++) {
            struct OptionSet *opts = blk_drive_options(list[i]);
            uint64_t unit = bank;
            if (opts && (option_has(opts, "unit") || option_has(opts, "index"))) {
                const char *key = option_has(opts, "unit") ? "unit" : "index";
                if (!option_get_u64(opts, key, 0, &unit, errp)) {
                    return false;
                }
            } else if (i != first) {
                continue;
            }
            if (unit == bank) {
                *blk = list[i];
                return true;
            }
        }
    }
    return true;
}

static bool add_flash(Machine *m, VirtBoard *b, Error **errp)
{
    uint64_t size = virt_map[VIRT_FLASH].size / VIRT_FLASH_COUNT;
    for (unsigned i = 0; i < VIRT_FLASH_COUNT; i++) {
        BlockBackend *blk;
        g_autofree char *name = g_strdup_printf("virt.flash%u", i);
        if (!flash_disk(m, b, i, &blk, errp)) {
            return false;
        }
        b->flash[i] = pflash_cfi01_create(m, name, virt_map[VIRT_FLASH].base + i * size, size, VIRT_FLASH_SECTOR, blk, errp);
        if (!b->flash[i]) {
            return false;
        }
    }
    return true;
}

static bool add_pcie(Machine *m, VirtBoard *b, Error **errp)
{
    if (is_rv32(m)) {
        b->pcie_high = (VirtWindow){0x300000000, 4 * GIB};
    } else {
        b->pcie_high.size = 16 * GIB;
        b->pcie_high.base = (virt_map[VIRT_DRAM].base + m->ram_size + 16 * GIB - 1) & ~(16 * GIB - 1);
    }
    const GpexWindows windows = {
        .ecam = virt_map[VIRT_PCIE_ECAM].base,
        .mmio = virt_map[VIRT_PCIE_MMIO].base, .mmio_size = virt_map[VIRT_PCIE_MMIO].size,
        .mmio_high = b->pcie_high.base, .mmio_high_size = b->pcie_high.size,
        .pio = virt_map[VIRT_PCIE_PIO].base, .pio_size = virt_map[VIRT_PCIE_PIO].size,
    };
    Irq lines[4];
    for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++) {
        lines[i] = plic_line(b->plic, VIRT_IRQ_PCIE + i);
    }
    return gpex_create(m, &windows, lines, errp) != NULL;
}

static bool check_properties(const VirtBoard *b, Error **errp)
{
    if (b->acpi == 1) {
        error_setg(errp, "machine 'virt' describes itself by device tree only: acpi=on is not there yet");
        return false;
    }
    if (b->aia) {
        error_setg(errp, "machine 'virt' has the PLIC only: aia=none is the one value there is yet");
        return false;
    }
    if (b->iommu == 1) {
        error_setg(errp, "machine 'virt' has no IOMMU yet: iommu-sys=on cannot be");
        return false;
    }
    return true;
}

static bool virt_init(Machine *m, Error **errp)
{
    VirtBoard *b = m->board;
    if (!check_properties(b, errp)) {
        return false;
    }
    memory_begin(m);
    memory_map(m->system_memory, virt_map[VIRT_DRAM].base, m->ram);
    bool ok = memory_region_init_rom(&b->mrom, m, OBJECT(m), "riscv_virt_board.mrom", virt_map[VIRT_MROM].size, errp);
    if (ok) {
        memory_map(m->system_memory, virt_map[VIRT_MROM].base, &b->mrom);
        ok = add_timer(m, b, errp) && add_harts(m, b, errp) &&
             add_swi(m, false, virt_map[VIRT_CLINT].base, errp) &&
             (!b->aclint || add_swi(m, true, virt_map[VIRT_ACLINT_SSWI].base, errp)) && add_plic(m, b, errp) &&
             (b->fw_cfg = fw_cfg_create(m, virt_map[VIRT_FW_CFG].base, errp)) && add_rtc_and_test(m, b, errp) &&
             add_virtio(m, b, errp) && add_pcie(m, b, errp) && add_uart(m, b, errp) && add_flash(m, b, errp);
    }
    memory_commit(m);
    return ok;
}

/* --- what it starts with --- */
/* Firmware in flash takes the kernel from fw_cfg. */
static bool kernel_by_fw_cfg(Machine *m, FwCfg *fw, Error **errp)
{
    const struct { const char *path; uint16_t size_key, data_key; } files[] = {
        {m->kernel, FW_CFG_KERNEL_SIZE, FW_CFG_KERNEL_DATA}, {m->initrd, FW_CFG_INITRD_SIZE, FW_CFG_INITRD_DATA},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(files) && m->kernel; i++) {
        g_autofree uint8_t *data = NULL;
        uint64_t len;
        if (files[i].path) {
            if (!load_file(files[i].path, UINT32_MAX, i == 0, &data, &len, errp)) {
                return false;
            }
            fw_cfg_add_u32(fw, files[i].size_key, len);
            fw_cfg_add_bytes(fw, files[i].data_key, data, len);
        }
    }
    if (m->kernel && m->append) {
        fw_cfg_add_u32(fw, FW_CFG_CMDLINE_SIZE, strlen(m->append) + 1);
        fw_cfg_add_string(fw, FW_CFG_CMDLINE_DATA, m->append);
    }
    return true;
}

static bool load_images(Machine *m, VirtBoard *b, Error **errp)
{
    RiscvBoot *boot = &b->boot;
    *boot = (RiscvBoot){.machine = m, .xlen = is_rv32(m) ? 32 : 64, .ram_base = virt_map[VIRT_DRAM].base};
    if (!riscv_boot_firmware(boot, errp)) {
        return false;
    }
    if (pflash_has_image(b->flash[0])) {
        if (m->firmware && !strcmp(m->firmware, "none")) {
            boot->start = virt_map[VIRT_FLASH].base; /* the flash holds machine-mode code */
        } else {
            boot->kernel_entry = virt_map[VIRT_FLASH].base; /* the flash holds what the firmware starts */
            return kernel_by_fw_cfg(m, b->fw_cfg, errp);
        }
    }
    return riscv_boot_kernel(boot, errp) && riscv_boot_initrd(boot, errp);
}

static bool dump_dtb(const Machine *m, const void *fdt, size_t size, Error **errp)
{
    g_autoptr(GError) err = NULL;
    if (!g_file_set_contents(m->dumpdtb, fdt, size, &err)) {
        error_setg(errp, "cannot write the device tree to '%s': %s", m->dumpdtb, err->message);
        return false;
    }
    info_report("dtb dumped to %s", m->dumpdtb);
    return true;
}

static bool virt_finish(Machine *m, Error **errp)
{
    VirtBoard *b = m->board;
    fw_cfg_add_u16(b->fw_cfg, FW_CFG_NB_CPUS, m->cpu_count);
    /* the tree alone needs no kernel that fits */
    if (!m->dumpdtb && !load_images(m, b, errp)) {
        return false;
    }
    size_t size;
    g_autofree void *fdt = virt_fdt(m, &size, errp);
    if (!fdt) {
        return false;
    }
    if (m->dumpdtb) {
        return dump_dtb(m, fdt, size, errp);
    }
    return riscv_boot_place_dtb(&b->boot, size, errp) &&
           machine_add_rom(m, "device tree", fdt, size, b->boot.dtb_addr, errp) &&
           riscv_boot_reset_vector(&b->boot, virt_map[VIRT_MROM].base, errp);
}

static void virt_cleanup(Machine *m)
{
    memory_region_destroy(&((VirtBoard *)m->board)->mrom);
}

static const char *const on_off_auto[] = {"auto", "on", "off", NULL};
static const char *const aia_names[] = {"none", "aplic", "aplic-imsic", NULL};
static const Field virt_fields[] = {
    FIELD(VirtBoard, aclint, FIELD_BOOL, "aclint", FIELD_PROP, .help = "ACLINT devices, with supervisor software interrupts"),
    FIELD(VirtBoard, acpi, FIELD_ENUM, "acpi", FIELD_PROP, .info = on_off_auto, .help = "ACPI tables (off: there are none yet)"),
    FIELD(VirtBoard, aia, FIELD_ENUM, "aia", FIELD_PROP, .info = aia_names, .help = "advanced interrupt architecture (none)"),
    FIELD(VirtBoard, iommu, FIELD_ENUM, "iommu-sys", FIELD_PROP, .info = on_off_auto, .help = "IOMMU (off: there is none yet)"),
    FIELD(VirtBoard, usb, FIELD_BOOL, "usb", FIELD_PROP | FIELD_HIDDEN, .help = "accepted; the board has no USB of its own"),
    FIELD(VirtBoard, pflash[0], FIELD_STRING, "pflash0", FIELD_PROP, .help = "block node of flash bank 0"),
    FIELD(VirtBoard, pflash[1], FIELD_STRING, "pflash1", FIELD_PROP, .help = "block node of flash bank 1"),
    FIELD_END,
};

#define VIRT_COMMON                                                                                                    \
    .desc = "RISC-V VirtIO board", .is_default = true, .max_cpus = VIRT_CPUS_MAX,                      \
    .default_ram = 128 * MIB, .min_ram = 1 * MIB, .default_block_interface = "virtio",                                 \
    .default_nic = "virtio-net-pci", .state_size = sizeof(VirtBoard), .fields = virt_fields, .init = virt_init,        \
    .finish = virt_finish, .cleanup = virt_cleanup
static const MachineRecord virt64 = {VIRT_COMMON, .name = "virt", .target = "riscv64", .default_cpu = RISCV64_DEFAULT_MODEL};
MACHINE(virt64);
/* names are unique in the registry: this one is found as riscv32/virt by its alias */
static const MachineRecord virt32 = {
    VIRT_COMMON, .name = "virt32", .alias = "virt", .target = "riscv32", .max_ram = 10 * GIB, .default_cpu = RISCV32_DEFAULT_MODEL,
};
MACHINE(virt32);

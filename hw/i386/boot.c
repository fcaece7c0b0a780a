/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which kind of kernel it is, and the way without firmware: images into memory, the few registers of the chipset that ACPI's tables speak
 * of, and the first CPU's state. See boot.h.
 */
#include "boot.h"

#include <inttypes.h>
#include <string.h>

#include "hw/smbios.h"
#include "pc.h"
#include "target/x86.h"
#include "util/bytes.h"

#define KERNEL_MAX (1 * GIB)

GByteArray *pc_boot_add_image(PcBoot *boot, const char *what, uint64_t addr)
{
    g_assert(boot->image_count < PC_BOOT_IMAGES);
    PcBootImage *image = &boot->images[boot->image_count++];
    *image = (PcBootImage){.what = what, .bytes = g_byte_array_new(), .addr = addr};
    return image->bytes;
}

bool pc_boot_is_direct(Machine *m)
{
    PcBoard *b = pc_board(m);
    bool none = m->firmware && !strcmp(m->firmware, "none");
    return m->kernel && (b->direct_boot || none);
}

/* --- memory --- */
static unsigned put_range(PcE820 *out, unsigned n, unsigned max, uint64_t base, uint64_t end, uint32_t type)
{
    if (n < max && end > base) {
        out[n++] = (PcE820){base, end - base, type};
    }
    return n;
}

unsigned pc_boot_e820(Machine *m, PcE820 *out, unsigned max)
{
    const PcBoard *b = pc_board(m);
    uint64_t tables = b->below_4g - BOOT_TABLES; /* ours, or the firmware's */
    unsigned n = put_range(out, 0, max, 0, BOOT_EBDA, E820_RAM);
    n = put_range(out, n, max, BOOT_EBDA, 0xa0000, E820_RESERVED);
    n = put_range(out, n, max, 0xf0000, MIB, E820_RESERVED);
    n = put_range(out, n, max, MIB, tables, E820_RAM);
    n = put_range(out, n, max, tables, b->below_4g, 3); /* ACPI tables */
    for (unsigned i = 0; i < b->e820_count; i++) {
        if (b->e820[i].base >= b->below_4g) {
            n = put_range(out, n, max, b->e820[i].base, b->e820[i].base + b->e820[i].size, b->e820[i].type);
        }
    }
    return n;
}

/* As high as may be below @top, page aligned. */
bool pc_boot_load_initrd(Machine *m, PcBoot *boot, uint64_t top, Error **errp)
{
    if (!m->initrd) {
        return true;
    }
    const PcBoard *b = pc_board(m);
    uint64_t end = MIN(top, b->below_4g - BOOT_TABLES), len;
    uint64_t low = boot->kernel_addr + (uint64_t)boot->kernel_size;
    g_autofree uint8_t *data = NULL;
    if (end <= low) {
        error_setg(errp, "no memory is left for the initrd '%s' behind the kernel (-m gives more)", m->initrd);
        return false;
    }
    if (!load_file(m->initrd, end - low, false, &data, &len, errp)) {
        return false;
    }
    boot->initrd_addr = (uint32_t)((end - len) & ~0xfffull);
    boot->initrd_size = (uint32_t)len;
    if (boot->initrd_addr < low) {
        error_setg(errp, "the initrd '%s' of %" PRIu64 " bytes does not fit behind the kernel (-m gives more memory)", m->initrd, len);
        return false;
    }
    GByteArray *bytes = pc_boot_add_image(boot, m->initrd, boot->initrd_addr);
    g_byte_array_append(bytes, data, (guint)len);
    return true;
}

/* --- choice --- */
bool pc_boot_prepare(Machine *m, Error **errp)
{
    PcBoard *b = pc_board(m);
    g_autofree uint8_t *data = NULL;
    uint64_t len;
    if (!m->kernel) {
        if (b->direct_boot) {
            error_setg(errp, "direct-boot=on needs a kernel (-kernel)");
            return false;
        }
        return true;
    }
    if (m->ram_size < 4 * MIB) {
        error_setg(errp, "a kernel needs at least 4 MiB of memory (-m)");
        return false;
    }
    if (!load_file(m->kernel, MIN(KERNEL_MAX, b->below_4g), false, &data, &len, errp)) {
        return false;
    }
    PcBoot *boot = b->boot = g_new0(PcBoot, 1);
    boot->direct = pc_boot_is_direct(m);
    bool taken = false;
    if (!pc_boot_load_multiboot(m, boot, data, len, &taken, errp)) {
        return false;
    }
    if (!taken && image_is_elf(data, len) && !pc_boot_load_pvh(m, boot, data, len, &taken, errp)) {
        return false;
    }
    return taken || pc_boot_load_linux(m, boot, data, len, errp);
}

char *pc_boot_cmdline(Machine *m) { return g_strdup(m->append ? m->append : ""); }

/* --- tables: ACPI's at the end of low memory, the RSDP in the EBDA, where it is searched --- */
bool pc_boot_add_acpi(Machine *m, const AcpiBlobs *blobs, Error **errp)
{
    PcBoard *b = pc_board(m);
    PcBoot *boot = b->boot;
    if (!boot || !boot->direct) {
        return true;
    }
    g_autoptr(GByteArray) tables = NULL;
    g_autoptr(GByteArray) rsdp = NULL;
    uint64_t at = b->below_4g - BOOT_TABLES;
    if (!acpi_blobs_link(blobs, at, BOOT_EBDA + 0x10, &tables, &rsdp, errp)) {
        return false;
    }
    if (tables->len > BOOT_TABLES || rsdp->len > 0x100) {
        error_setg(errp, "the ACPI tables have %u bytes, more than the room for them", tables->len);
        return false;
    }
    static const uint8_t ebda_segment[2] = {BOOT_EBDA >> 4 & 0xff, BOOT_EBDA >> 12}, ebda_size[1] = {1}; /* KiB */
    boot->rsdp = BOOT_EBDA + 0x10;
    return machine_add_rom(m, "ACPI tables", tables->data, tables->len, at, errp) &&
           machine_add_rom(m, "ACPI RSDP", rsdp->data, rsdp->len, boot->rsdp, errp) &&
           machine_add_rom(m, "EBDA segment", ebda_segment, sizeof(ebda_segment), 0x40e, errp) &&
           machine_add_rom(m, "EBDA size", ebda_size, sizeof(ebda_size), BOOT_EBDA, errp);
}

bool pc_boot_add_smbios(Machine *m, const SmbiosBlobs *blobs, Error **errp) { return true; /* found only in the ROM area, which is not there */ }

/* --- start --- */
static void put_e820(Machine *m, uint8_t *zero_page)
{
    PcE820 list[PC_E820_MAX];
    unsigned n = pc_boot_e820(m, list, PC_E820_MAX);
    zero_page[0x1e8] = (uint8_t)n;
    for (unsigned i = 0; i < n; i++) {
        uint8_t *p = zero_page + 0x2d0 + 20 * i;
        st_le64(p, list[i].base);
        st_le64(p + 8, list[i].size);
        st_le32(p + 16, list[i].type);
    }
}

/* The zero page: the header of the image, and what its real-mode code would have found out. */
static bool add_zero_page(Machine *m, PcBoot *boot, Error **errp)
{
    uint8_t page[4096] = {0};
    const uint8_t *setup = boot->setup->data;
    unsigned end = 0x202u + setup[0x201];
    memcpy(page + 0x1f1, setup + 0x1f1, MIN(end, boot->setup->len) - 0x1f1);
    st_le64(page + 0x70, boot->rsdp);
    put_e820(m, page);
    return machine_add_rom(m, "Linux boot parameters", page, sizeof(page), BOOT_ZERO_PAGE, errp);
}

bool pc_boot_finish(Machine *m, Error **errp)
{
    PcBoot *boot = pc_board(m)->boot;
    if (!boot) {
        return true;
    }
    if (!boot->direct) {
        return pc_boot_publish(m, boot, errp);
    }
    if (boot->kind == PC_BOOT_LINUX && !add_zero_page(m, boot, errp)) {
        return false;
    }
    for (unsigned i = 0; i < boot->image_count; i++) {
        const PcBootImage *image = &boot->images[i];
        if (image->bytes->len && !machine_add_rom(m, image->what, image->bytes->data, image->bytes->len, image->addr, errp)) {
            return false;
        }
    }
    return true;
}

/* ACPI's tables name the places of PM registers and ECAM; firmware would have put them there. */
static void set_up_chipset(PcBoard *b)
{
    if (!b->pm) {
        return;
    }
    pci_config_write(b->pm, 0x40, 0x601, 4);
    if (b->pm != b->south) {
        pci_config_write(b->pm, 0x80, 1, 1);
        return;
    }
    pci_config_write(b->pm, 0x44, 0x80, 1);
    PciDevice *host = pci_find(pc_host_bus(b->host), 0, 0);
    if (host) {
        pci_config_write(host, 0x64, 0, 4);
        pci_config_write(host, 0x60, 0xb0000001, 4);
    }
}

void pc_boot_start(Machine *m)
{
    PcBoard *b = pc_board(m);
    PcBoot *boot = b->boot;
    if (!boot || !boot->direct || !m->cpus->len) {
        return;
    }
    CpuState *cpu = m->cpus->pdata[0];
    set_up_chipset(b);
    x86_cpu_set_a20(cpu, true);
    for (unsigned i = 0; i < 8; i++) {
        x86_cpu_set_gpr(cpu, i, 0);
    }
    x86_cpu_set_gpr(cpu, 0, boot->eax);
    x86_cpu_set_gpr(cpu, 3, boot->ebx);
    x86_cpu_set_gpr(cpu, 6, boot->esi);
    x86_cpu_start_flat32(cpu, boot->entry);
}

void pc_boot_free(Machine *m)
{
    PcBoot *boot = pc_board(m)->boot;
    if (boot) {
        for (unsigned i = 0; i < boot->image_count; i++) {
            g_byte_array_unref(boot->images[i].bytes);
        }
        g_clear_pointer(&boot->setup, g_byte_array_unref);
        g_clear_pointer(&pc_board(m)->boot, g_free);
    }
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting a RISC-V board, as the reference and OpenSBI agree on it.
 *
 * Every hart starts in the reset vector with a0 = hart id, a1 = device tree, a2 = the fw_dynamic record (OpenSBI,
 * docs/firmware/fw_dynamic.md), which names the next stage: the kernel in supervisor mode.
 *
 * Layout from the start of RAM: firmware, then the kernel at the next 2 MiB boundary (4 MiB for RV32), the initrd after
 * half of RAM or 512 MiB, whichever is less, but never over the kernel, the device tree at the end.
 */
#include <inttypes.h>
#include <string.h>

#include "boot.h"
#include "util/bytes.h"

#define MIB (1024 * 1024ull)
enum { EM_RISCV = 243, OPENSBI_VERSION = 2, OPENSBI_NEXT_S_MODE = 1 };
#define OPENSBI_MAGIC 0x4942534full /* "OSBI" */

static uint64_t align_up(uint64_t v, uint64_t align) { return (v + align - 1) & ~(align - 1); }

static uint64_t ram_end(const RiscvBoot *b) { return b->ram_base + b->machine->ram_size; }

/* Puts an ELF or flat file at @addr (ELF: where it wants to lie). */
static bool add_image(RiscvBoot *b, const char *what, const char *path, const uint8_t *data, uint64_t len,
                      uint64_t addr, uint64_t *low, uint64_t *high, Error **errp)
{
    if (image_is_elf(data, len)) {
        ElfInfo info;
        if (!load_elf(b->machine, path, data, len, EM_RISCV, &info, errp)) {
            return false;
        }
        *low = info.low; /* not the entry: a kernel's is a virtual address */
        *high = info.high;
        return true;
    }
    if (!range_within(addr, len, ram_end(b))) {
        error_setg(errp, "%s '%s' (%" PRIu64 " KiB) does not fit into the guest's memory at 0x%" PRIx64
                   "; give it more with -m", what, path, len / 1024, addr);
        return false;
    }
    *low = addr;
    *high = addr + len;
    return machine_add_rom(b->machine, path, data, len, addr, errp);
}

bool riscv_boot_firmware(RiscvBoot *b, Error **errp)
{
    Machine *m = b->machine;
    b->start = b->firmware_end = b->ram_base;
    const char *name = m->firmware;
    if (name && !strcmp(name, "none")) {
        return true;
    }
    if (!name || !*name || !strcmp(name, "default")) {
        name = b->xlen == 32 ? "opensbi-riscv32-generic-fw_dynamic.bin" : "opensbi-riscv64-generic-fw_dynamic.bin";
    }
    g_autofree char *path = find_firmware(m, name, errp);
    g_autofree uint8_t *data = NULL;
    uint64_t len;
    return path && load_file(path, m->ram_size, false, &data, &len, errp) &&
           add_image(b, "firmware", path, data, len, b->ram_base, &b->start, &b->firmware_end, errp);
}

/* Linux's Image header (Documentation/arch/riscv/boot-image-header.rst): size in memory with .bss; 0: not one. */
static uint64_t image_header_size(const uint8_t *data, uint64_t len)
{
    Reader r = reader_init(data, len);
    reader_seek(&r, 16);
    uint64_t size = reader_le64(&r);
    reader_seek(&r, 56);
    uint32_t magic2 = reader_le32(&r);
    return !r.failed && magic2 == 0x05435352 ? size : 0; /* "RSC\x05" */
}

bool riscv_boot_kernel(RiscvBoot *b, Error **errp)
{
    Machine *m = b->machine;
    if (!m->kernel) {
        return true;
    }
    g_autofree uint8_t *data = NULL;
    uint64_t len;
    if (!load_file(m->kernel, m->ram_size, true, &data, &len, errp)) {
        return false;
    }
    uint64_t addr = align_up(b->firmware_end, b->xlen == 32 ? 4 * MIB : 2 * MIB);
    if (!add_image(b, "kernel", m->kernel, data, len, addr, &b->kernel_entry, &b->kernel_end, errp)) {
        return false;
    }
    uint64_t in_memory, size = image_header_size(data, len);
    if (size && add_u64(b->kernel_entry, size, &in_memory)) {
        b->kernel_end = MAX(b->kernel_end, in_memory);
    }
    if (b->kernel_end > ram_end(b)) {
        error_setg(errp, "kernel '%s' ends at 0x%" PRIx64 ", beyond the guest's memory; give it more with -m", m->kernel,
                   b->kernel_end);
        return false;
    }
    return true;
}

bool riscv_boot_initrd(RiscvBoot *b, Error **errp)
{
    Machine *m = b->machine;
    if (!m->initrd) {
        return true;
    }
    g_autofree uint8_t *data = NULL;
    uint64_t len;
    if (!load_file(m->initrd, m->ram_size, false, &data, &len, errp)) {
        return false;
    }
    uint64_t base = b->kernel_entry ? b->kernel_entry : b->ram_base;
    uint64_t start = MAX(base + MIN(m->ram_size / 2, 512 * MIB), align_up(b->kernel_end, 2 * MIB));
    if (!range_within(start, len, ram_end(b))) {
        start = align_up(b->kernel_end, 2 * MIB); /* little memory: right behind the kernel */
    }
    if (!range_within(start, len, ram_end(b))) {
        error_setg(errp, "initrd '%s' (%" PRIu64 " KiB) does not fit behind the kernel; give the guest more memory "
                   "with -m", m->initrd, len / 1024);
        return false;
    }
    b->initrd_start = start;
    b->initrd_end = start + len;
    return machine_add_rom(m, m->initrd, data, len, start, errp);
}

bool riscv_boot_place_dtb(RiscvBoot *b, uint64_t size, Error **errp)
{
    uint64_t end = b->ram_base < 3072 * MIB ? MIN(ram_end(b), 3072 * MIB) : ram_end(b);
    uint64_t floor = MAX(MAX(b->kernel_end, b->firmware_end), b->initrd_end <= end ? b->initrd_end : 0);
    if (end < size || ((end - size) & ~(2 * MIB - 1)) < floor) {
        error_setg(errp, "no room for the device tree (%" PRIu64 " bytes) behind the images; give the guest more memory "
                   "with -m", size);
        return false;
    }
    b->dtb_addr = (end - size) & ~(2 * MIB - 1);
    return true;
}

bool riscv_boot_reset_vector(RiscvBoot *b, uint64_t rom, Error **errp)
{
    enum { START = 24, DTB = 32, FW_DYNAMIC = 40, WORD_MAX = 8 };
    bool rv32 = b->xlen == 32;
    unsigned word = rv32 ? 4 : WORD_MAX;
    const uint32_t code[] = {
        0x00000297,                      /* auipc t0, 0 */
        0x00000613 | 5 << 15 | FW_DYNAMIC << 20, /* addi a2, t0, FW_DYNAMIC */
        0xf1402573,                      /* csrr a0, mhartid */
        (rv32 ? 0x00002583u : 0x00003583u) | 5 << 15 | DTB << 20,   /* lw/ld a1, DTB(t0) */
        (rv32 ? 0x00002283u : 0x00003283u) | 5 << 15 | START << 20, /* lw/ld t0, START(t0) */
        0x00028067,                      /* jr t0 */
    };
    uint8_t bytes[FW_DYNAMIC + 6 * WORD_MAX] = {0};
    for (unsigned i = 0; i < G_N_ELEMENTS(code); i++) {
        st_le32(bytes + i * 4, code[i]);
    }
    st_le64(bytes + START, b->start);
    st_le64(bytes + DTB, b->dtb_addr);
    const uint64_t fw_dynamic[] = {OPENSBI_MAGIC, OPENSBI_VERSION, b->kernel_entry, OPENSBI_NEXT_S_MODE, 0, 0};
    for (unsigned i = 0; i < G_N_ELEMENTS(fw_dynamic); i++) {
        if (rv32) {
            st_le32(bytes + FW_DYNAMIC + i * word, fw_dynamic[i]);
        } else {
            st_le64(bytes + FW_DYNAMIC + i * word, fw_dynamic[i]);
        }
    }
    return machine_add_rom(b->machine, "reset vector", bytes, FW_DYNAMIC + G_N_ELEMENTS(fw_dynamic) * word, rom, errp);
}

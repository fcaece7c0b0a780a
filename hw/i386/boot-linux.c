/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linux' bzImage (the kernel's Documentation/x86/boot.rst): the header is checked, completed with the places of command line and
 * initrd, and the image is divided into real-mode and protected-mode code. Protocols from 2.02 on, kernels loaded high.
 */
#include <inttypes.h>
#include <string.h>

#include "boot.h"
#include "pc.h"
#include "util/bytes.h"

enum {
    HDR_SETUP_SECTS = 0x1f1, HDR_BOOT_FLAG = 0x1fe, HDR_JUMP = 0x200, HDR_MAGIC = 0x202, HDR_VERSION = 0x206, HDR_LOADER = 0x210, HDR_FLAGS = 0x211,
    HDR_CODE32 = 0x214, HDR_INITRD = 0x218, HDR_INITRD_SIZE = 0x21c, HDR_HEAP_END = 0x224, HDR_CMDLINE = 0x228, HDR_INITRD_MAX = 0x22c,
    HDR_CMDLINE_MAX = 0x238, HDR_INIT_SIZE = 0x260, HDR_BYTES = 0x268, SECTOR = 512, LOADED_HIGH = 1, CAN_USE_HEAP = 0x80, LOADER_ID = 0xb0,
};

static bool check_header(Machine *m, const uint8_t *data, uint64_t len, PcBoot *boot, Error **errp)
{
    if (len < HDR_BYTES || ld_le16(data + HDR_BOOT_FLAG) != 0xaa55 || memcmp(data + HDR_MAGIC, "HdrS", 4)) {
        error_setg(errp, "'%s' is no kernel that this machine can start: neither a Linux bzImage, nor an ELF file with a PVH note, nor multiboot", m->kernel);
        return false;
    }
    boot->protocol = ld_le16(data + HDR_VERSION);
    if (boot->protocol < 0x202 || !(data[HDR_FLAGS] & LOADED_HIGH)) {
        error_setg(errp, "'%s' is a Linux kernel of boot protocol %u.%02u: 2.02 and a kernel loaded high (bzImage) are the least", m->kernel,
                   boot->protocol >> 8, boot->protocol & 0xffu);
        return false;
    }
    return true;
}

static bool put_cmdline(Machine *m, PcBoot *boot, uint8_t *hdr, Error **errp)
{
    g_autofree char *text = pc_boot_cmdline(m);
    size_t len = strlen(text), max = boot->protocol >= 0x206 ? ld_le32(hdr + HDR_CMDLINE_MAX) : 255;
    max = MIN(max ? max : 255, BOOT_CMDLINE_MAX - 1);
    if (len > max) {
        error_setg(errp, "the kernel's command line (-append) has %zu characters, but this kernel takes at most %zu", len, max);
        return false;
    }
    boot->cmdline_addr = BOOT_CMDLINE;
    st_le32(hdr + HDR_CMDLINE, BOOT_CMDLINE);
    GByteArray *bytes = pc_boot_add_image(boot, "kernel command line", BOOT_CMDLINE);
    g_byte_array_append(bytes, (const uint8_t *)text, (guint)len + 1);
    return true;
}

bool pc_boot_load_linux(Machine *m, PcBoot *boot, const uint8_t *data, uint64_t len, Error **errp)
{
    if (!check_header(m, data, len, boot, errp)) {
        return false;
    }
    const PcBoard *b = pc_board(m);
    unsigned sectors = data[HDR_SETUP_SECTS] ? data[HDR_SETUP_SECTS] : 4;
    uint64_t setup_len = (sectors + 1ull) * SECTOR;
    if (setup_len >= len) {
        error_setg(errp, "the kernel '%s' is cut short: %" PRIu64 " bytes, %" PRIu64 " of them real-mode code", m->kernel, len, setup_len);
        return false;
    }
    boot->kind = PC_BOOT_LINUX;
    boot->setup = g_byte_array_new();
    g_byte_array_append(boot->setup, data, (guint)setup_len);
    boot->kernel_addr = MIB;
    boot->kernel_size = (uint32_t)(len - setup_len);
    uint64_t room = boot->protocol >= 0x20a ? MAX(ld_le32(data + HDR_INIT_SIZE), boot->kernel_size) : boot->kernel_size;
    if (b->below_4g < BOOT_TABLES + MIB || room > b->below_4g - BOOT_TABLES - MIB) {
        error_setg(errp, "the kernel '%s' needs %" PRIu64 " MiB of memory to start (-m gives more)", m->kernel, (uint64_t)(room / MIB + 2));
        return false;
    }
    uint8_t *hdr = boot->setup->data;
    hdr[HDR_LOADER] = LOADER_ID;
    hdr[HDR_FLAGS] |= CAN_USE_HEAP;
    st_le16(hdr + HDR_HEAP_END, (uint16_t)(BOOT_CMDLINE - BOOT_ZERO_PAGE - 0x200));
    GByteArray *kernel = pc_boot_add_image(boot, "kernel", boot->kernel_addr);
    g_byte_array_append(kernel, data + setup_len, (guint)(len - setup_len));
    uint64_t top = boot->protocol >= 0x203 ? ld_le32(hdr + HDR_INITRD_MAX) + 1ull : 0x38000000;
    if (!put_cmdline(m, boot, hdr, errp) || !pc_boot_load_initrd(m, boot, top, errp)) {
        return false;
    }
    st_le32(hdr + HDR_INITRD, boot->initrd_addr);
    st_le32(hdr + HDR_INITRD_SIZE, boot->initrd_size);
    boot->entry = boot->kernel_addr;
    boot->esi = BOOT_ZERO_PAGE;
    return true;
}

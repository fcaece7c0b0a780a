/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Multiboot kernels (Multiboot Specification 0.6.96): a header in the first 8 KiB; loaded by its addresses or as ELF; modules from -initrd, as
 * "FILE[ ARGUMENTS][,FILE...]"; the information structure with command line, modules and memory map.
 */
#include <inttypes.h>
#include <string.h>

#include "boot.h"
#include "pc.h"
#include "util/bytes.h"

enum {
    HEADER_MAGIC = 0x1badb002, BOOTED_MAGIC = 0x2badb002, SEARCH = 8192, HAS_ADDRESSES = 1 << 16, MODULES_MAX = 32,
    INFO_MEMORY = 1, INFO_CMDLINE = 4, INFO_MODULES = 8, INFO_MAP = 64, INFO_LOADER = 512, INFO_SIZE = 88, MODULE_SIZE = 16, MAP_SIZE = 24,
};

static const uint8_t *find_header(const uint8_t *data, uint64_t len)
{
    for (uint64_t at = 0; at + 12 <= MIN(len, SEARCH); at += 4) {
        if (ld_le32(data + at) == HEADER_MAGIC && ld_le32(data + at) + ld_le32(data + at + 4) + ld_le32(data + at + 8) == 0) {
            return data + at;
        }
    }
    return NULL;
}

/* By the addresses in the header. */
static bool load_flat(Machine *m, PcBoot *boot, const uint8_t *data, uint64_t len, const uint8_t *header, PcElf *elf, Error **errp)
{
    uint64_t at = (uint64_t)(header - data);
    if (at + 32 > len) {
        error_setg(errp, "the multiboot kernel '%s' is cut short in its header", m->kernel);
        return false;
    }
    uint32_t header_addr = ld_le32(header + 12), load = ld_le32(header + 16), load_end = ld_le32(header + 20), bss_end = ld_le32(header + 24);
    if (header_addr < load || header_addr - load > at) {
        error_setg(errp, "the multiboot kernel '%s' has a header address that is not in it", m->kernel);
        return false;
    }
    uint64_t first = at - (header_addr - load), size = load_end ? (uint64_t)load_end - load : len - first, room = bss_end > load ? bss_end - load : 0;
    if ((load_end && load_end < load) || size > len - first || !range_within(load, MAX(size, room), pc_board(m)->below_4g)) {
        error_setg(errp, "the multiboot kernel '%s' is cut short, or does not fit into memory (-m gives more)", m->kernel);
        return false;
    }
    GByteArray *bytes = pc_boot_add_image(boot, "multiboot kernel", load);
    g_byte_array_append(bytes, data + first, (guint)size);
    if (room > size) {
        g_byte_array_set_size(bytes, (guint)room);
        memset(bytes->data + size, 0, (size_t)(room - size));
    }
    *elf = (PcElf){.low = load, .high = load + MAX(size, room), .entry_phys = ld_le32(header + 28)};
    return true;
}

typedef struct Strings {
    GByteArray *bytes;
    uint32_t base;
} Strings;

static uint32_t put_string(Strings *s, const char *text)
{
    uint32_t at = s->base + s->bytes->len;
    g_byte_array_append(s->bytes, (const uint8_t *)text, (guint)strlen(text) + 1);
    return at;
}

/* Modules lie behind the kernel, each at a page. */
static bool load_modules(Machine *m, PcBoot *boot, uint64_t at, Strings *strings, uint8_t *list, unsigned *count, Error **errp)
{
    g_auto(GStrv) parts = g_strsplit(m->initrd ? m->initrd : "", ",", MODULES_MAX + 1);
    for (unsigned i = 0; parts[i] && *parts[i]; i++) {
        g_autofree uint8_t *data = NULL;
        uint64_t len, end = pc_board(m)->below_4g - BOOT_TABLES;
        if (i >= MODULES_MAX || boot->image_count >= PC_BOOT_IMAGES - 2) {
            error_setg(errp, "-initrd: more than %d multiboot modules", MODULES_MAX);
            return false;
        }
        g_auto(GStrv) words = g_strsplit(parts[i], " ", 2);
        at = (at + 4095) & ~4095ull;
        if (at >= end || !load_file(words[0], end - at, false, &data, &len, errp)) {
            if (at >= end) {
                error_setg(errp, "no memory is left for the multiboot module '%s' (-m gives more)", words[0]);
            }
            return false;
        }
        GByteArray *bytes = pc_boot_add_image(boot, "multiboot module", at);
        g_byte_array_append(bytes, data, (guint)len);
        uint8_t *p = list + MODULE_SIZE * i;
        st_le32(p, (uint32_t)at);
        st_le32(p + 4, (uint32_t)(at + len));
        st_le32(p + 8, put_string(strings, parts[i]));
        at += len;
        *count = i + 1;
    }
    return true;
}

static void put_map(Machine *m, uint8_t *map, unsigned *count)
{
    PcE820 list[PC_E820_MAX];
    *count = pc_boot_e820(m, list, PC_E820_MAX);
    for (unsigned i = 0; i < *count; i++) {
        uint8_t *p = map + MAP_SIZE * i;
        st_le32(p, MAP_SIZE - 4); /* does not count itself */
        st_le64(p + 4, list[i].base);
        st_le64(p + 12, list[i].size);
        st_le32(p + 20, list[i].type);
    }
}

static bool make_info(Machine *m, PcBoot *boot, const PcElf *elf, Error **errp)
{
    uint8_t info[INFO_SIZE] = {0}, modules[MODULES_MAX * MODULE_SIZE] = {0}, map[PC_E820_MAX * MAP_SIZE] = {0};
    unsigned module_count = 0, map_count;
    Strings strings = {g_byte_array_new(), BOOT_INFO + sizeof(info) + sizeof(modules) + sizeof(map)};
    g_autofree char *append = pc_boot_cmdline(m), *cmdline = g_strdup_printf("%s%s%s", m->kernel, *append ? " " : "", append);
    st_le32(info, INFO_MEMORY | INFO_CMDLINE | INFO_MODULES | INFO_MAP | INFO_LOADER);
    st_le32(info + 4, 639);
    st_le32(info + 8, (uint32_t)((pc_board(m)->below_4g - MIB) / 1024));
    st_le32(info + 16, put_string(&strings, cmdline));
    bool ok = load_modules(m, boot, elf->high, &strings, modules, &module_count, errp);
    put_map(m, map, &map_count);
    st_le32(info + 20, module_count);
    st_le32(info + 24, BOOT_INFO + sizeof(info));
    st_le32(info + 44, map_count * MAP_SIZE);
    st_le32(info + 48, BOOT_INFO + sizeof(info) + sizeof(modules));
    st_le32(info + 64, put_string(&strings, "mimic"));
    if (ok && strings.bytes->len > BOOT_CMDLINE_MAX) {
        error_setg(errp, "the command lines of kernel and modules have more than %d characters", BOOT_CMDLINE_MAX);
        ok = false;
    }
    if (ok) {
        GByteArray *bytes = pc_boot_add_image(boot, "multiboot information", BOOT_INFO);
        g_byte_array_append(bytes, info, sizeof(info));
        g_byte_array_append(bytes, modules, sizeof(modules));
        g_byte_array_append(bytes, map, sizeof(map));
        g_byte_array_append(bytes, strings.bytes->data, strings.bytes->len);
    }
    g_byte_array_unref(strings.bytes);
    return ok;
}

bool pc_boot_load_multiboot(Machine *m, PcBoot *boot, const uint8_t *data, uint64_t len, bool *is_multiboot, Error **errp)
{
    const uint8_t *header = find_header(data, len);
    PcElf elf;
    if (!header) {
        return true;
    }
    uint32_t flags = ld_le32(header + 4);
    *is_multiboot = true;
    boot->kind = PC_BOOT_MULTIBOOT;
    if (flags & HAS_ADDRESSES) {
        if (!load_flat(m, boot, data, len, header, &elf, errp)) {
            return false;
        }
    } else if (!image_is_elf(data, len)) {
        error_setg(errp, "the multiboot kernel '%s' gives no load addresses and is no ELF file", m->kernel);
        return false;
    } else if (!pc_boot_load_segments(m, boot, data, len, &elf, errp)) {
        return false;
    }
    if (elf.is64) {
        error_setg(errp, "the multiboot kernel '%s' is a 64-bit ELF file: multiboot starts 32-bit code (objcopy -O elf32-i386 makes one)", m->kernel);
        return false;
    }
    boot->entry = (uint32_t)elf.entry_phys;
    boot->eax = BOOTED_MAGIC;
    boot->ebx = BOOT_INFO;
    return make_info(m, boot, &elf, errp);
}

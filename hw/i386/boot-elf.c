/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernels as ELF files: their segments, and those with a PVH entry (the Xen PVH boot ABI, docs/misc/pvh.pandoc: an ELF note of type 18 gives the
 * 32-bit entry; EBX points to a start_info structure).
 */
#include <inttypes.h>
#include <string.h>

#include "boot.h"
#include "pc.h"
#include "util/bytes.h"

enum { PT_LOAD_TYPE = 1, PT_NOTE_TYPE = 4, NOTE_PHYS32_ENTRY = 18, SEGMENTS_MAX = 1024, PVH_MAGIC = 0x336ec578, NOTES_MAX = 4096 };

typedef struct ElfFile {
    Machine *m;
    Reader r;
    bool is64;
    uint64_t entry, phoff;
    unsigned phnum, phentsize, machine;
} ElfFile;

typedef struct Segment {
    uint32_t type;
    uint64_t offset, vaddr, paddr, filesz, memsz;
} Segment;

static uint64_t word(ElfFile *e) { return e->is64 ? reader_le64(&e->r) : reader_le32(&e->r); }

static bool read_header(ElfFile *e, Machine *m, const uint8_t *data, uint64_t len, Error **errp)
{
    *e = (ElfFile){.m = m, .r = reader_init(data, (size_t)len)};
    const uint8_t *ident = reader_bytes(&e->r, 16);
    if (!ident || ident[5] != 1) {
        error_setg(errp, "the kernel '%s' is no little-endian ELF file", m->kernel);
        return false;
    }
    e->is64 = ident[4] == 2;
    reader_le16(&e->r);
    e->machine = reader_le16(&e->r);
    reader_le32(&e->r);
    e->entry = word(e);
    e->phoff = word(e);
    word(e);
    reader_le32(&e->r);
    reader_le16(&e->r);
    e->phentsize = reader_le16(&e->r);
    e->phnum = reader_le16(&e->r);
    if (e->r.failed || e->phentsize < (e->is64 ? 56 : 32) || !e->phnum || e->phnum > SEGMENTS_MAX) {
        error_setg(errp, "the ELF file '%s' is damaged or has no program headers", m->kernel);
        return false;
    }
    if (e->machine != 3 && e->machine != 62) {
        error_setg(errp, "the ELF file '%s' is for another kind of CPU (machine %u)", m->kernel, e->machine);
        return false;
    }
    return true;
}

static bool read_segment(ElfFile *e, unsigned i, Segment *s)
{
    uint64_t at;
    if (!add_u64(e->phoff, (uint64_t)i * e->phentsize, &at) || at > e->r.size || !reader_seek(&e->r, (size_t)at)) {
        return false;
    }
    s->type = reader_le32(&e->r);
    if (e->is64) {
        reader_le32(&e->r);
    }
    s->offset = word(e);
    s->vaddr = word(e);
    s->paddr = word(e);
    s->filesz = word(e);
    s->memsz = word(e);
    return !e->r.failed && s->filesz <= s->memsz && range_within(s->offset, s->filesz, e->r.size);
}

bool pc_boot_load_segments(Machine *m, PcBoot *boot, const uint8_t *data, uint64_t len, PcElf *elf, Error **errp)
{
    ElfFile e;
    if (!read_header(&e, m, data, len, errp)) {
        return false;
    }
    const uint64_t top = pc_board(m)->below_4g;
    *elf = (PcElf){.entry = e.entry, .is64 = e.is64, .low = UINT64_MAX};
    for (unsigned i = 0; i < e.phnum; i++) {
        Segment s;
        if (!read_segment(&e, i, &s)) {
            error_setg(errp, "the ELF file '%s' is cut short or damaged at program header %u", m->kernel, i);
            return false;
        }
        if (s.type != PT_LOAD_TYPE || !s.memsz) {
            continue;
        }
        if (!range_within(s.paddr, s.memsz, top) || boot->image_count >= PC_BOOT_IMAGES - 8) {
            error_setg(errp, "the ELF file '%s': segment %u (0x%" PRIx64 ", %" PRIu64 " bytes) does not fit into memory (-m gives more)", m->kernel, i,
                       s.paddr, s.memsz);
            return false;
        }
        GByteArray *bytes = pc_boot_add_image(boot, "kernel segment", s.paddr);
        g_byte_array_append(bytes, data + s.offset, (guint)s.filesz);
        g_byte_array_set_size(bytes, (guint)s.memsz);
        memset(bytes->data + s.filesz, 0, (size_t)(s.memsz - s.filesz));
        if (e.entry >= s.vaddr && e.entry - s.vaddr < s.memsz) {
            elf->entry_phys = e.entry - s.vaddr + s.paddr;
        }
        elf->low = MIN(elf->low, s.paddr);
        elf->high = MAX(elf->high, s.paddr + s.memsz);
    }
    if (!elf->high) {
        error_setg(errp, "the ELF file '%s' has nothing to load", m->kernel);
    }
    return elf->high != 0;
}

/* The entry in the notes; 0: none. */
static uint64_t find_note(ElfFile *e, const uint8_t *data)
{
    for (unsigned i = 0; i < e->phnum; i++) {
        Segment s;
        if (!read_segment(e, i, &s) || s.type != PT_NOTE_TYPE) {
            continue;
        }
        Reader r = reader_init(data + s.offset, (size_t)s.filesz);
        for (unsigned n = 0; n < NOTES_MAX && reader_left(&r) >= 12; n++) {
            uint32_t name_len = reader_le32(&r), desc_len = reader_le32(&r), type = reader_le32(&r);
            uint64_t name_room = (name_len + 3ull) & ~3ull, desc_room = (desc_len + 3ull) & ~3ull;
            const uint8_t *name = reader_bytes(&r, (size_t)name_room), *desc = reader_bytes(&r, (size_t)MIN(desc_room, reader_left(&r)));
            if (name && desc && type == NOTE_PHYS32_ENTRY && name_len == 4 && !memcmp(name, "Xen", 4) && desc_len >= 4) {
                return desc_len >= 8 ? ld_le64(desc) : ld_le32(desc);
            }
        }
    }
    return 0;
}

/* start_info at BOOT_INFO, behind it the list of modules (one, the initrd) and the memory map. */
static void make_start_info(Machine *m, PcBoot *boot, uint32_t cmdline)
{
    enum { INFO = 56, MODULE = 32, ENTRY = 24 };
    PcE820 list[PC_E820_MAX];
    unsigned n = pc_boot_e820(m, list, PC_E820_MAX);
    GByteArray *bytes = pc_boot_add_image(boot, "PVH start info", BOOT_INFO);
    g_byte_array_set_size(bytes, INFO + MODULE + ENTRY * PC_E820_MAX);
    uint8_t *p = bytes->data, *map = p + INFO + MODULE;
    memset(p, 0, bytes->len);
    st_le32(p, PVH_MAGIC);
    st_le32(p + 4, 1);
    st_le32(p + 12, boot->initrd_size ? 1 : 0);
    st_le64(p + 16, boot->initrd_size ? BOOT_INFO + INFO : 0);
    st_le64(p + 24, cmdline);
    st_le64(p + 32, boot->direct && pc_board(m)->acpi != OFF ? BOOT_EBDA + 0x10 : 0); /* else it is searched */
    st_le64(p + 40, BOOT_INFO + INFO + MODULE);
    st_le32(p + 48, n);
    st_le64(p + INFO, boot->initrd_addr);
    st_le64(p + INFO + 8, boot->initrd_size);
    for (unsigned i = 0; i < n; i++) {
        st_le64(map + ENTRY * i, list[i].base);
        st_le64(map + ENTRY * i + 8, list[i].size);
        st_le32(map + ENTRY * i + 16, list[i].type);
    }
    boot->ebx = BOOT_INFO;
}

bool pc_boot_load_pvh(Machine *m, PcBoot *boot, const uint8_t *data, uint64_t len, bool *is_pvh, Error **errp)
{
    ElfFile e;
    PcElf elf;
    if (!read_header(&e, m, data, len, errp)) {
        return false;
    }
    uint64_t entry = find_note(&e, data);
    if (!entry || entry > UINT32_MAX) {
        error_setg(errp, "the ELF file '%s' has neither a PVH note nor a multiboot header: it cannot be started (Linux: use the bzImage)", m->kernel);
        return false;
    }
    if (!pc_boot_load_segments(m, boot, data, len, &elf, errp)) {
        return false;
    }
    *is_pvh = true;
    boot->kind = PC_BOOT_PVH;
    boot->entry = (uint32_t)entry;
    boot->kernel_addr = (uint32_t)elf.low;
    boot->kernel_size = (uint32_t)(elf.high - elf.low);
    g_autofree char *cmdline = pc_boot_cmdline(m);
    if (strlen(cmdline) >= BOOT_CMDLINE_MAX) {
        error_setg(errp, "the kernel's command line (-append) has %zu characters, more than %d", strlen(cmdline), BOOT_CMDLINE_MAX - 1);
        return false;
    }
    GByteArray *bytes = pc_boot_add_image(boot, "kernel command line", BOOT_CMDLINE);
    g_byte_array_append(bytes, (const uint8_t *)cmdline, (guint)strlen(cmdline) + 1);
    if (!pc_boot_load_initrd(m, boot, 0x80000000, errp)) {
        return false;
    }
    make_start_info(m, boot, BOOT_CMDLINE);
    return true;
}

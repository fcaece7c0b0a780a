/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Images from files into guest memory: whole files with clear errors, gzip, ELF, the firmware search, and the blobs that
 * each reset restores.
 *
 * Every file is copied once, bounded, and parsed through the bounds-carrying reader; nothing in it is trusted.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "machine-internal.h"
#include "util/bytes.h"

/* --- files --- */

static bool read_whole(int fd, const char *path, uint64_t max, GByteArray *out, Error **errp)
{
    for (;;) {
        uint8_t chunk[65536];
        ssize_t n = read(fd, chunk, sizeof(chunk));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            error_setg_errno(errp, errno, "cannot read '%s'", path);
            return false;
        }
        if (n == 0) {
            return true;
        }
        if ((uint64_t)n > max - out->len || out->len > G_MAXUINT / 2) {
            error_setg(errp, "file '%s' is larger than the %" PRIu64 " bytes that have room here", path, max);
            return false;
        }
        g_byte_array_append(out, chunk, (guint)n);
    }
}

static bool inflate_all(const char *path, const GByteArray *in, uint64_t max, GByteArray *out, Error **errp)
{
    z_stream z = {.next_in = in->data, .avail_in = in->len};
    if (inflateInit2(&z, 15 + 16) != Z_OK) { /* 16: a gzip header */
        error_setg(errp, "cannot set up decompression of '%s'", path);
        return false;
    }
    int ret = Z_OK;
    bool fits = true;
    while (ret == Z_OK && fits) {
        uint8_t chunk[65536];
        z.next_out = chunk;
        z.avail_out = sizeof(chunk);
        ret = inflate(&z, Z_NO_FLUSH);
        guint n = (guint)sizeof(chunk) - z.avail_out;
        fits = n <= max - out->len && out->len < G_MAXUINT / 2;
        if (fits) {
            g_byte_array_append(out, chunk, n);
        }
        if (ret == Z_OK && !z.avail_in && z.avail_out) {
            break; /* the file ends in the middle */
        }
    }
    inflateEnd(&z);
    if (!fits) {
        error_setg(errp, "file '%s' unpacks to more than the %" PRIu64 " bytes that have room here", path, max);
    } else if (ret != Z_STREAM_END) {
        error_setg(errp, "file '%s' is damaged or cut short: its gzip data %s", path, ret == Z_OK || ret == Z_BUF_ERROR ? "ends too early" : "is not valid");
    }
    return fits && ret == Z_STREAM_END;
}

bool load_file(const char *path, uint64_t max, bool gunzip, uint8_t **data, uint64_t *len, Error **errp)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        error_setg_errno(errp, errno, "could not open '%s'", path);
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    if (!S_ISREG(st.st_mode)) {
        error_setg(errp, "'%s' is %s, not a file", path, S_ISDIR(st.st_mode) ? "a directory" : "a device, pipe or socket");
        close(fd);
        return false;
    }
    if ((uint64_t)st.st_size > max) {
        error_setg(errp, "file '%s' has %" PRIu64 " bytes, more than the %" PRIu64 " that have room here", path, (uint64_t)st.st_size, max);
        close(fd);
        return false;
    }
    GByteArray *raw = g_byte_array_new();
    bool ok = read_whole(fd, path, max, raw, errp);
    close(fd);
    if (ok && raw->len == 0) {
        error_setg(errp, "file '%s' is empty", path);
        ok = false;
    }
    if (ok && gunzip && raw->len > 2 && raw->data[0] == 0x1f && raw->data[1] == 0x8b) {
        GByteArray *plain = g_byte_array_new();
        ok = inflate_all(path, raw, max, plain, errp);
        g_byte_array_free(raw, true);
        raw = plain;
    }
    if (!ok) {
        g_byte_array_free(raw, true);
        return false;
    }
    *len = raw->len;
    *data = g_byte_array_free(raw, false);
    return true;
}

/* --- ELF --- */

enum { ELF_CLASS64 = 2, ELF_DATA_LSB = 1, ELF_PT_LOAD = 1, ELF_MAX_SEGMENTS = 1024 };

bool image_is_elf(const uint8_t *data, uint64_t len) { return len >= 20 && !memcmp(data, "\177ELF", 4); }

typedef struct ElfReader {
    Reader r;
    bool is64, big;
} ElfReader;

static uint16_t elf16(ElfReader *e) { return e->big ? reader_be16(&e->r) : reader_le16(&e->r); }
static uint32_t elf32(ElfReader *e) { return e->big ? reader_be32(&e->r) : reader_le32(&e->r); }
static uint64_t elf64(ElfReader *e) { return e->big ? reader_be64(&e->r) : reader_le64(&e->r); }
static uint64_t elf_word(ElfReader *e) { return e->is64 ? elf64(e) : elf32(e); }

typedef struct ElfHeader {
    uint16_t machine, phentsize, phnum;
    uint64_t entry, phoff;
} ElfHeader;

static bool elf_header(ElfReader *e, const char *name, uint16_t machine_id, ElfHeader *h, Error **errp)
{
    const uint8_t *ident = reader_bytes(&e->r, 16);
    if (!ident || memcmp(ident, "\177ELF", 4)) {
        error_setg(errp, "'%s' is not an ELF file", name);
        return false;
    }
    e->is64 = ident[4] == ELF_CLASS64;
    e->big = ident[5] != ELF_DATA_LSB;
    elf16(e); /* type */
    h->machine = elf16(e);
    elf32(e); /* version */
    h->entry = elf_word(e);
    h->phoff = elf_word(e);
    elf_word(e); /* section table */
    elf32(e);    /* flags */
    elf16(e);    /* size of this header */
    h->phentsize = elf16(e);
    h->phnum = elf16(e);
    if (e->r.failed) {
        error_setg(errp, "ELF file '%s' is cut short in its header", name);
        return false;
    }
    if (h->machine != machine_id) {
        error_setg(errp, "ELF file '%s' is for another kind of CPU (machine %u; this one is %u)", name, h->machine, machine_id);
        return false;
    }
    if (h->phentsize < (e->is64 ? 56 : 32) || !h->phnum || h->phnum > ELF_MAX_SEGMENTS) {
        error_setg(errp, "ELF file '%s' has no usable program headers", name);
        return false;
    }
    return true;
}

typedef struct ElfSegment {
    uint32_t type;
    uint64_t offset, paddr, filesz, memsz;
} ElfSegment;

static bool elf_segment(ElfReader *e, const ElfHeader *h, unsigned i, ElfSegment *s)
{
    uint64_t at;
    if (!add_u64(h->phoff, (uint64_t)i * h->phentsize, &at) || at > SIZE_MAX || !reader_seek(&e->r, (size_t)at)) {
        return false;
    }
    s->type = elf32(e);
    if (e->is64) {
        elf32(e); /* flags */
    }
    s->offset = elf_word(e);
    elf_word(e); /* virtual address */
    s->paddr = elf_word(e);
    s->filesz = elf_word(e);
    s->memsz = elf_word(e);
    return !e->r.failed;
}

bool load_elf(Machine *m, const char *name, const uint8_t *data, uint64_t len, uint16_t machine_id, ElfInfo *info, Error **errp)
{
    ElfReader e = {.r = reader_init(data, len)};
    ElfHeader h;
    if (!elf_header(&e, name, machine_id, &h, errp)) {
        return false;
    }
    *info = (ElfInfo){.entry = h.entry, .low = UINT64_MAX, .is64 = e.is64};
    for (unsigned i = 0; i < h.phnum; i++) {
        ElfSegment s;
        uint64_t end;
        if (!elf_segment(&e, &h, i, &s)) {
            error_setg(errp, "ELF file '%s' is cut short: program header %u is not there", name, i);
            return false;
        }
        if (s.type != ELF_PT_LOAD || !s.memsz) {
            continue;
        }
        if (s.filesz > s.memsz || !range_within(s.offset, s.filesz, len) || !add_u64(s.paddr, s.memsz, &end)) {
            error_setg(errp, "ELF file '%s' is cut short or damaged: segment %u lies outside of it", name, i);
            return false;
        }
        if (s.memsz > m->ram_size && s.memsz - s.filesz > m->ram_size) {
            error_setg(errp, "ELF file '%s': segment %u of %" PRIu64 " bytes does not fit into memory", name, i, s.memsz);
            return false;
        }
        g_autofree uint8_t *image = g_try_malloc0(s.memsz);
        if (!image) {
            error_setg(errp, "ELF file '%s': segment %u is too large", name, i);
            return false;
        }
        memcpy(image, data + s.offset, s.filesz);
        g_autofree char *part = g_strdup_printf("%s segment %u", name, i);
        if (!machine_add_rom(m, part, image, s.memsz, s.paddr, errp)) {
            return false;
        }
        info->low = MIN(info->low, s.paddr);
        info->high = MAX(info->high, end);
    }
    if (!info->high) {
        error_setg(errp, "ELF file '%s' has nothing to load", name);
        return false;
    }
    return true;
}

/* --- blobs --- */

void rom_free(gpointer opaque)
{
    RomBlob *rom = opaque;
    if (rom->fd >= 0) {
        close(rom->fd);
    }
    g_free(rom->name);
    g_free(rom->data);
    g_free(rom);
}

static bool covers_ram(Machine *m, const char *name, uint64_t addr, uint64_t len, Error **errp)
{
    while (len) {
        MemorySection s = address_space_lookup(m->as, addr);
        if (!s.mr || !s.mr->ram) {
            error_setg(errp, "'%s' does not fit into memory: there is %s at 0x%" PRIx64, name, s.mr ? s.mr->name : "nothing", addr);
            if (m->ram_size) {
                g_autofree char *ram = g_format_size_full(m->ram_size, G_FORMAT_SIZE_IEC_UNITS);
                error_append_hint(errp, "The machine has %s of memory; -m gives it more.", ram);
            }
            return false;
        }
        uint64_t n = MIN(len, s.left);
        addr += n;
        len -= n;
    }
    return true;
}

enum { ROM_CHUNK = 1 << 20 };

static int64_t mtime_ns(const struct stat *st) { return (int64_t)st->st_mtim.tv_sec * NS_PER_SEC + st->st_mtim.tv_nsec; }

/* A kernel of 30 MiB need not be in memory twice: where @data is exactly what the file holds, the open file stands for it. */
static bool keep_file_open(RomBlob *rom, const uint8_t *data)
{
    struct stat st;
    int fd = rom->len >= ROM_CHUNK ? open(rom->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    if (fd < 0) {
        return false;
    }
    bool same = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size == rom->len;
    g_autofree uint8_t *chunk = g_malloc(ROM_CHUNK);
    for (uint64_t at = 0; same && at < rom->len;) {
        ssize_t n = pread(fd, chunk, ROM_CHUNK, (off_t)at);
        same = n > 0 && (uint64_t)n <= rom->len - at && !memcmp(chunk, data + at, (size_t)n);
        at += n > 0 ? (uint64_t)n : 0;
    }
    if (!same) {
        close(fd);
        return false;
    }
    rom->fd = fd;
    rom->mtime_ns = mtime_ns(&st);
    return true;
}

bool machine_add_rom(Machine *m, const char *name, const void *data, uint64_t len, uint64_t addr, Error **errp)
{
    ERRP_GUARD();
    uint64_t end;
    if (!add_u64(addr, len, &end)) {
        error_setg(errp, "'%s' of %" PRIu64 " bytes does not fit at 0x%" PRIx64, name, len, addr);
        return false;
    }
    if (!covers_ram(m, name, addr, len, errp)) {
        return false;
    }
    for (unsigned i = 0; i < m->roms->len; i++) {
        const RomBlob *r = m->roms->pdata[i];
        if (addr < r->addr + r->len && r->addr < end) {
            error_setg(errp, "'%s' (0x%" PRIx64 "-0x%" PRIx64 ") and '%s' (0x%" PRIx64 "-0x%" PRIx64 ") overlap in memory", name,
                       addr, end - 1, r->name, r->addr, r->addr + r->len - 1);
            return false;
        }
    }
    RomBlob *rom = g_new(RomBlob, 1);
    *rom = (RomBlob){.name = g_strdup(name), .len = len, .addr = addr, .fd = -1};
    if (!keep_file_open(rom, data)) {
        rom->data = g_memdup2(data, len);
    }
    g_ptr_array_add(m->roms, rom);
    return true;
}

static void restore_from_file(Machine *m, RomBlob *r)
{
    struct stat st;
    if (fstat(r->fd, &st) == 0 && ((uint64_t)st.st_size != r->len || mtime_ns(&st) != r->mtime_ns)) {
        warn_report("'%s' was changed since the start: this reset loads what is in it now", r->name);
        r->mtime_ns = mtime_ns(&st);
    }
    g_autofree uint8_t *chunk = g_malloc(ROM_CHUNK);
    for (uint64_t at = 0; at < r->len;) {
        ssize_t n = pread(r->fd, chunk, MIN((uint64_t)ROM_CHUNK, r->len - at), (off_t)at);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            warn_report("'%s' cannot be read any more at byte %" PRIu64, r->name, at);
            return;
        }
        address_space_write_rom(m->as, r->addr + at, chunk, (uint64_t)n);
        at += (uint64_t)n;
    }
}

void roms_restore(Machine *m)
{
    for (unsigned i = 0; i < m->roms->len; i++) {
        RomBlob *r = m->roms->pdata[i];
        if (r->data) {
            address_space_write_rom(m->as, r->addr, r->data, r->len);
        } else {
            restore_from_file(m, r);
        }
    }
}

/* --- firmware --- */

static const char *const firmware_places[] = {
    "/usr/local/share/mimic", "/usr/share/mimic", "/usr/share/qemu", "/usr/lib/riscv64-linux-gnu/opensbi/generic",
    "/usr/share/opensbi/lp64/generic/firmware", "/usr/lib/u-boot/qemu-riscv64", "/usr/lib/u-boot/qemu-riscv64_smode",
    "/usr/lib/u-boot/qemu_arm64", "/usr/lib/u-boot", "/usr/share/seabios", "/usr/share/OVMF", "/usr/share/AAVMF",
    "/usr/share/qemu-efi-aarch64", "/usr/lib/ipxe/qemu", NULL};

/* Names QEMU uses for files that distributions call otherwise. */
static const struct {
    const char *name, *file;
} firmware_aliases[] = {
    {"opensbi-riscv64-generic-fw_dynamic.bin", "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin"},
    {"opensbi-riscv64-generic-fw_dynamic.bin", "/usr/share/opensbi/lp64/generic/firmware/fw_dynamic.bin"},
    {"opensbi-riscv64-generic-fw_dynamic.elf", "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.elf"},
    {"opensbi-riscv64-generic-fw_jump.bin", "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_jump.bin"},
    {"opensbi-riscv64-generic-fw_jump.elf", "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_jump.elf"},
    {"opensbi-riscv32-generic-fw_dynamic.bin", "/usr/share/opensbi/ilp32/generic/firmware/fw_dynamic.bin"},
};

static bool is_file(const char *path) { return g_file_test(path, G_FILE_TEST_EXISTS) && !g_file_test(path, G_FILE_TEST_IS_DIR); }

static char *try_dir(const char *dir, const char *name, GString *looked)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_string_append_printf(looked, "%s%s", looked->len ? ", " : "", dir);
    return is_file(path) ? g_steal_pointer(&path) : NULL;
}

char *find_firmware(Machine *m, const char *name, Error **errp)
{
    ERRP_GUARD();
    g_autoptr(GString) looked = g_string_new(NULL);
    if (g_path_is_absolute(name) || is_file(name)) {
        if (is_file(name)) {
            return g_strdup(name);
        }
        error_setg(errp, g_file_test(name, G_FILE_TEST_IS_DIR) ? "firmware '%s' is a directory" : "firmware '%s' does not exist", name);
        return NULL;
    }
    char *found = NULL;
    for (unsigned i = 0; !found && m && i < m->firmware_dirs->len; i++) {
        found = try_dir(m->firmware_dirs->pdata[i], name, looked);
    }
    const char *env = g_getenv("MIMIC_FIRMWARE");
    g_auto(GStrv) dirs = g_strsplit(env ? env : "", ":", -1);
    for (char **d = dirs; !found && *d; d++) {
        found = **d ? try_dir(*d, name, looked) : NULL;
    }
    for (const char *const *d = firmware_places; !found && *d; d++) {
        found = try_dir(*d, name, looked);
    }
    for (size_t i = 0; !found && i < G_N_ELEMENTS(firmware_aliases); i++) {
        if (!strcmp(firmware_aliases[i].name, name) && is_file(firmware_aliases[i].file)) {
            found = g_strdup(firmware_aliases[i].file);
        }
    }
    if (!found) {
        error_setg(errp, "could not find firmware '%s'", name);
        error_append_hint(errp, "Looked in %s. Name a file with -bios, or a directory with -L or $MIMIC_FIRMWARE.", looked->str);
    }
    return found;
}

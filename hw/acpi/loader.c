/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The loader script: commands of 128 bytes by which firmware allocates memory for fw_cfg files, makes pointers
 * between them, and sums them up. Numbers are little endian, file names have 56 bytes. acpi_blobs_link() is what
 * firmware does with it; it checks the script as if it came from outside.
 */
#include <string.h>

#include "hw/acpi/acpi.h"
#include "hw/nvram/fw_cfg.h"
#include "util/bytes.h"

enum { COMMAND_BYTES = 128, FILE_BYTES = 56, CMD_ALLOCATE = 1, CMD_ADD_POINTER = 2, CMD_ADD_CHECKSUM = 3,
      COMMANDS_MAX = 4096 };

static void put_file(uint8_t *at, const char *file)
{
    g_assert(strlen(file) < FILE_BYTES);
    memcpy(at, file, strlen(file));
}

void loader_allocate(GByteArray *loader, const char *file, uint32_t align, uint8_t zone)
{
    uint8_t raw[COMMAND_BYTES] = {CMD_ALLOCATE};
    put_file(raw + 4, file);
    st_le32(raw + 60, align);
    raw[64] = zone;
    g_byte_array_append(loader, raw, sizeof(raw));
}

void loader_add_pointer(GByteArray *loader, const char *dest, const char *src, uint32_t offset, uint8_t size)
{
    uint8_t raw[COMMAND_BYTES] = {CMD_ADD_POINTER};
    put_file(raw + 4, dest);
    put_file(raw + 60, src);
    st_le32(raw + 116, offset);
    raw[120] = size;
    g_byte_array_append(loader, raw, sizeof(raw));
}

void loader_add_checksum(GByteArray *loader, const char *file, uint32_t result, uint32_t start, uint32_t length)
{
    uint8_t raw[COMMAND_BYTES] = {CMD_ADD_CHECKSUM};
    put_file(raw + 4, file);
    st_le32(raw + 60, result);
    st_le32(raw + 64, start);
    st_le32(raw + 68, length);
    g_byte_array_append(loader, raw, sizeof(raw));
}

/* --- carrying it out --- */
typedef struct Linked {
    GByteArray *bytes;
    uint64_t addr;
} Linked;

static Linked *find_file(Linked files[2], const uint8_t *name)
{
    if (!memchr(name, 0, FILE_BYTES)) {
        return NULL;
    }
    const char *text = (const char *)name;
    return !strcmp(text, ACPI_TABLES_FILE) ? &files[0] : !strcmp(text, ACPI_RSDP_FILE) ? &files[1] : NULL;
}

static bool add_pointer(Linked files[2], const uint8_t *c)
{
    Linked *dest = find_file(files, c + 4), *src = find_file(files, c + 60);
    uint32_t offset = ld_le32(c + 116);
    uint8_t size = c[120];
    if (!dest || !src || (size != 1 && size != 2 && size != 4 && size != 8) ||
        !range_within(offset, size, dest->bytes->len)) {
        return false;
    }
    uint64_t v = 0;
    uint8_t *at = dest->bytes->data + offset;
    for (unsigned i = 0; i < size; i++) {
        v |= (uint64_t)at[i] << (8 * i);
    }
    if (v > src->bytes->len || !add_u64(v, src->addr, &v) || (size < 8 && v >> (8 * size))) {
        return false;
    }
    for (unsigned i = 0; i < size; i++) {
        at[i] = (uint8_t)(v >> (8 * i));
    }
    return true;
}

static bool add_checksum(Linked files[2], const uint8_t *c)
{
    Linked *file = find_file(files, c + 4);
    uint32_t result = ld_le32(c + 60), start = ld_le32(c + 64), length = ld_le32(c + 68);
    if (!file || !range_within(start, length, file->bytes->len) || result >= file->bytes->len) {
        return false;
    }
    uint8_t sum = 0;
    for (uint32_t i = 0; i < length; i++) {
        sum = (uint8_t)(sum + file->bytes->data[start + i]);
    }
    file->bytes->data[result] = (uint8_t)(file->bytes->data[result] - sum);
    return true;
}

static GByteArray *copy_of(const GByteArray *a)
{
    return g_byte_array_append(g_byte_array_new(), a->data, a->len);
}

bool acpi_blobs_link(const AcpiBlobs *b, uint64_t tables_addr, uint64_t rsdp_addr, GByteArray **tables,
                     GByteArray **rsdp, Error **errp)
{
    Linked files[2] = {{copy_of(b->tables), tables_addr}, {copy_of(b->rsdp), rsdp_addr}};
    unsigned count = b->loader->len / COMMAND_BYTES;
    bool ok = count <= COMMANDS_MAX && b->loader->len % COMMAND_BYTES == 0;
    unsigned i = 0;
    for (; ok && i < count; i++) {
        const uint8_t *c = b->loader->data + (size_t)i * COMMAND_BYTES;
        switch (ld_le32(c)) {
        case CMD_ALLOCATE: ok = find_file(files, c + 4) != NULL; break;
        case CMD_ADD_POINTER: ok = add_pointer(files, c); break;
        case CMD_ADD_CHECKSUM: ok = add_checksum(files, c); break;
        default: break; /* unknown commands are passed over */
        }
    }
    if (!ok) {
        error_setg(errp, "ACPI: command %u of the loader script cannot be carried out", i);
        g_byte_array_free(files[0].bytes, TRUE);
        g_byte_array_free(files[1].bytes, TRUE);
        return false;
    }
    *tables = files[0].bytes;
    *rsdp = files[1].bytes;
    return true;
}

bool acpi_blobs_publish(const AcpiBlobs *b, FwCfg *fw, Error **errp)
{
    return fw_cfg_add_file(fw, ACPI_TABLES_FILE, b->tables->data, b->tables->len, errp) &&
           fw_cfg_add_file(fw, ACPI_RSDP_FILE, b->rsdp->data, b->rsdp->len, errp) &&
           fw_cfg_add_file(fw, ACPI_LOADER_FILE, b->loader->data, b->loader->len, errp);
}

void acpi_blobs_clear(AcpiBlobs *b)
{
    GByteArray **const all[] = {&b->tables, &b->rsdp, &b->loader};
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
        g_clear_pointer(all[i], g_byte_array_unref);
    }
}

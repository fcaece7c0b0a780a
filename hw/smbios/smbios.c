/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SMBIOS structures (DMTF DSP0134 3.2, chapter 7) and their anchors (chapter 5.2). A structure is a formatted part of
 * fixed layout and a list of strings that it refers to by number. Types 0, 2, 8 and 11 are there only where -smbios
 * asks for them: firmware has a type 0 of its own.
 */
#include "hw/smbios.h"

#include <stdio.h>
#include <string.h>

#include "hw/nvram/fw_cfg.h"
#include "smbios-internal.h"
#include "softmmu/machine.h"
#include "util/bytes.h"
#include "util/option.h"

enum {
    H_SYSTEM = 0x100, H_BOARD = 0x200, H_CHASSIS = 0x300, H_CPU = 0x400, H_PORT = 0x800, H_OEM = 0xe00,
    H_ARRAY = 0x1000, H_DIMM = 0x1100, H_RANGE = 0x1300,
    H_BOOT = 0x2000, H_END = 0x7f00, NO_HANDLE = 0xffff, NO_ERROR_INFO = 0xfffe, DIMMS_MAX = 256, SOCKETS_MAX = 256,
    TABLES_MAX = 65535,
};
#define DIMM_BYTES (16ull << 30)

/* --- writing --- */
typedef struct Writer {
    GByteArray *out;
    const SmbiosConfig *c;
    unsigned start, count, largest;
    GPtrArray *strings; /* const char * */
} Writer;

static void u8(Writer *w, unsigned v)
{
    uint8_t b = (uint8_t)v;
    g_byte_array_append(w->out, &b, 1);
}

static void number(Writer *w, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        u8(w, (unsigned)(v >> (8 * i)) & 0xff);
    }
}

static void begin(Writer *w, unsigned type, unsigned bytes, unsigned handle)
{
    w->start = w->out->len;
    g_ptr_array_set_size(w->strings, 0);
    u8(w, type);
    u8(w, bytes);
    number(w, handle, 2);
}

static void string(Writer *w, const char *text)
{
    if (!text || !*text || w->strings->len >= 255) {
        u8(w, 0);
        return;
    }
    g_ptr_array_add(w->strings, (gpointer)(uintptr_t)text);
    u8(w, w->strings->len);
}

static void end(Writer *w)
{
    g_assert(w->out->len - w->start == w->out->data[w->start + 1]);
    for (unsigned i = 0; i < w->strings->len; i++) {
        const char *s = w->strings->pdata[i];
        g_byte_array_append(w->out, (const uint8_t *)s, (guint)strlen(s) + 1);
    }
    number(w, 0, w->strings->len ? 1 : 2);
    w->largest = MAX(w->largest, w->out->len - w->start);
    w->count++;
}

/* --- what -smbios says --- */
static const char *given(const Writer *w, unsigned type, const char *key, const char *otherwise)
{
    for (unsigned i = w->c->options ? w->c->options->len : 0; i-- > 0;) { /* the last one wins */
        OptionSet *o = w->c->options->pdata[i];
        const char *v = smbios_option_type(o) == (int)type ? option_get(o, key) : NULL;
        if (v) {
            return v;
        }
    }
    return otherwise;
}

static bool wanted(const Writer *w, unsigned type)
{
    for (unsigned i = 0; w->c->options && i < w->c->options->len; i++) {
        if (smbios_option_type(w->c->options->pdata[i]) == (int)type) {
            return true;
        }
    }
    return false;
}

static uint64_t given_number(const Writer *w, unsigned type, const char *key, uint64_t otherwise)
{
    uint64_t v;
    const char *text = given(w, type, key, NULL);
    return text && parse_u64(text, &v, NULL) ? v : otherwise;
}

static const char *maker(const Writer *w) { return w->c->manufacturer ? w->c->manufacturer : "QEMU"; }

/* --- structures --- */
static void bios(Writer *w)
{
    unsigned major = 0, minor = 0;
    bool uefi = false;
    sscanf(given(w, 0, "release", "0.0"), "%3u.%3u", &major, &minor);
    parse_bool("uefi", given(w, 0, "uefi", "off"), &uefi, NULL);
    begin(w, 0, 24, 0);
    string(w, given(w, 0, "vendor", NULL));
    string(w, given(w, 0, "version", NULL));
    number(w, 0xe800, 2);
    string(w, given(w, 0, "date", NULL));
    u8(w, 0);
    number(w, 8, 8);                   /* characteristics: not told */
    u8(w, 0);
    u8(w, 0x14 | (uefi ? 8 : 0));      /* a virtual machine */
    u8(w, major & 0xff);
    u8(w, minor & 0xff);
    number(w, 0xffff, 2);
    end(w);
}

/* The first three groups are little endian since 2.6. */
static void put_uuid(Writer *w, const char *text)
{
    static const uint8_t order[16] = {6, 4, 2, 0, 11, 9, 16, 14, 19, 21, 24, 26, 28, 30, 32, 34};
    bool good = text && g_uuid_string_is_valid(text);
    for (int i = 0; i < 16; i++) {
        u8(w, good ? (unsigned)(g_ascii_xdigit_value(text[order[i]]) << 4 | g_ascii_xdigit_value(text[order[i] + 1]))
           : 0);
    }
}

static void identity(Writer *w)
{
    const SmbiosConfig *c = w->c;
    begin(w, 1, 27, H_SYSTEM);
    string(w, given(w, 1, "manufacturer", maker(w)));
    string(w, given(w, 1, "product", c->product ? c->product : "Standard PC"));
    string(w, given(w, 1, "version", c->version));
    string(w, given(w, 1, "serial", NULL));
    put_uuid(w, given(w, 1, "uuid", c->uuid));
    u8(w, 6); /* woken by the power switch */
    string(w, given(w, 1, "sku", NULL));
    string(w, given(w, 1, "family", NULL));
    end(w);
}

static void board(Writer *w)
{
    begin(w, 2, 15, H_BOARD);
    string(w, given(w, 2, "manufacturer", maker(w)));
    string(w, given(w, 2, "product", w->c->product));
    string(w, given(w, 2, "version", w->c->version));
    string(w, given(w, 2, "serial", NULL));
    string(w, given(w, 2, "asset", NULL));
    u8(w, 1); /* a hosting board */
    string(w, given(w, 2, "location", NULL));
    number(w, H_CHASSIS, 2);
    u8(w, 10); /* motherboard */
    u8(w, 0);
    end(w);
}

static void chassis(Writer *w)
{
    begin(w, 3, 22, H_CHASSIS);
    string(w, given(w, 3, "manufacturer", maker(w)));
    u8(w, 1);
    string(w, given(w, 3, "version", w->c->version));
    string(w, given(w, 3, "serial", NULL));
    string(w, given(w, 3, "asset", NULL));
    u8(w, 3); /* states: safe */
    u8(w, 3);
    u8(w, 3);
    u8(w, 2); /* security: unknown */
    number(w, 0, 4);
    number(w, 0, 4);
    string(w, given(w, 3, "sku", NULL));
    end(w);
}

static void processor(Writer *w, unsigned n)
{
    const SmbiosConfig *c = w->c;
    unsigned cores = MAX(c->cores, 1u), threads = cores * MAX(c->threads, 1u);
    g_autofree char *socket = g_strdup_printf("%s%2x", given(w, 4, "sock_pfx", "CPU"), n);
    begin(w, 4, 48, H_CPU + n);
    string(w, socket);
    u8(w, 3);
    u8(w, 0xfe); /* family: see below */
    string(w, given(w, 4, "manufacturer", maker(w)));
    number(w, given_number(w, 4, "processor-id", (uint64_t)c->cpu_features_edx << 32 | c->cpu_signature), 8);
    string(w, given(w, 4, "version", c->version));
    u8(w, 0);
    number(w, 0, 2);
    number(w, given_number(w, 4, "max-speed", 2000), 2);
    number(w, given_number(w, 4, "current-speed", 2000), 2);
    u8(w, 0x41); /* populated, enabled */
    u8(w, 1);
    number(w, NO_HANDLE, 2);
    number(w, NO_HANDLE, 2);
    number(w, NO_HANDLE, 2);
    string(w, given(w, 4, "serial", NULL));
    string(w, given(w, 4, "asset", NULL));
    string(w, given(w, 4, "part", NULL));
    u8(w, MIN(cores, 255u));
    u8(w, MIN(cores, 255u));
    u8(w, MIN(threads, 255u));
    number(w, 2, 2);
    number(w, given_number(w, 4, "processor-family", 1), 2);
    number(w, cores, 2);
    number(w, cores, 2);
    number(w, threads, 2);
    end(w);
}

static void connectors(Writer *w)
{
    for (unsigned i = 0, n = 0; w->c->options && i < w->c->options->len; i++) {
        OptionSet *o = w->c->options->pdata[i];
        uint64_t connector = 0, port = 0;
        if (smbios_option_type(o) != 8) {
            continue;
        }
        option_get_u64(o, "connector_type", 0, &connector, NULL);
        option_get_u64(o, "port_type", 0, &port, NULL);
        begin(w, 8, 9, H_PORT + n++);
        string(w, option_get(o, "internal_reference"));
        u8(w, 0);
        string(w, option_get(o, "external_reference"));
        u8(w, connector & 0xff);
        u8(w, port & 0xff);
        end(w);
    }
}

static void add_value(const char *key, const char *value, void *opaque)
{
    GPtrArray *list = opaque;
    if (!strcmp(key, "value") && list->len < 255) {
        g_ptr_array_add(list, (gpointer)(uintptr_t)value);
    }
}

static void oem_strings(Writer *w)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new();
    for (unsigned i = 0; w->c->options && i < w->c->options->len; i++) {
        if (smbios_option_type(w->c->options->pdata[i]) == 11) {
            option_foreach(w->c->options->pdata[i], add_value, list);
        }
    }
    begin(w, 11, 5, H_OEM);
    u8(w, list->len);
    for (unsigned i = 0; i < list->len; i++) {
        g_ptr_array_add(w->strings, list->pdata[i]);
    }
    end(w);
}

/* --- memory --- */
static void memory_array(Writer *w, unsigned dimms)
{
    uint64_t kib = w->c->ram_size >> 10;
    bool large = kib >= 0x80000000u;
    begin(w, 16, 23, H_ARRAY);
    u8(w, 1);
    u8(w, 3);
    u8(w, 6); /* multi-bit ECC */
    number(w, large ? 0x80000000u : kib, 4);
    number(w, NO_ERROR_INFO, 2);
    number(w, dimms, 2);
    number(w, large ? w->c->ram_size : 0, 8);
    end(w);
}

static void dimm(Writer *w, unsigned n, uint64_t bytes)
{
    uint64_t mib = bytes >> 20;
    bool large = mib >= 0x7fff;
    g_autofree char *name = g_strdup_printf("%s %u", given(w, 17, "loc_pfx", "DIMM"), n);
    uint64_t speed = given_number(w, 17, "speed", 0);
    begin(w, 17, 40, H_DIMM + n);
    number(w, H_ARRAY, 2);
    number(w, NO_ERROR_INFO, 2);
    number(w, 0xffff, 2);
    number(w, 0xffff, 2);
    number(w, large ? 0x7fff : mib, 2);
    u8(w, 9);
    u8(w, 0);
    string(w, name);
    string(w, given(w, 17, "bank", NULL));
    u8(w, 7); /* RAM */
    number(w, 2, 2);
    number(w, speed, 2);
    string(w, given(w, 17, "manufacturer", maker(w)));
    string(w, given(w, 17, "serial", NULL));
    string(w, given(w, 17, "asset", NULL));
    string(w, given(w, 17, "part", NULL));
    u8(w, 0);
    number(w, large ? mib : 0, 4);
    number(w, speed, 2);
    number(w, 0, 6);
    end(w);
}

static void memory_range(Writer *w, unsigned n, uint64_t start, uint64_t bytes)
{
    uint64_t first = start >> 10, last = ((start + bytes) >> 10) - 1;
    bool large = last >= UINT32_MAX;
    begin(w, 19, 31, H_RANGE + n);
    number(w, large ? UINT32_MAX : first, 4);
    number(w, large ? UINT32_MAX : last, 4);
    number(w, H_ARRAY, 2);
    u8(w, 1);
    number(w, large ? start : 0, 8);
    number(w, large ? start + bytes - 1 : 0, 8);
    end(w);
}

static void memory(Writer *w)
{
    const SmbiosConfig *c = w->c;
    uint64_t size = MAX(DIMM_BYTES, (c->ram_size / DIMMS_MAX + (1 << 20)) & ~((uint64_t)(1 << 20) - 1));
    unsigned dimms = (unsigned)MAX((c->ram_size + size - 1) / size, 1);
    memory_array(w, dimms);
    for (unsigned i = 0; i < dimms; i++) {
        dimm(w, i, MIN(size, c->ram_size - i * size));
    }
    uint64_t below = MIN(c->ram_below_4g ? c->ram_below_4g : c->ram_size, c->ram_size);
    if (below >= 1024) {
        memory_range(w, 0, 0, below);
    }
    if (c->ram_size > below) {
        memory_range(w, 1, c->ram_above_base ? c->ram_above_base : 1ull << 32, c->ram_size - below);
    }
}

static bool binary_files(Writer *w, Error **errp)
{
    for (unsigned i = 0; w->c->options && i < w->c->options->len; i++) {
        const char *file = option_get(w->c->options->pdata[i], "file");
        g_autofree uint8_t *data = NULL;
        uint64_t len;
        if (!file) {
            continue;
        }
        if (!load_file(file, TABLES_MAX, false, &data, &len, errp)) {
            return false;
        }
        if (len < 6 || data[1] < 4 || data[1] > len - 2 || data[len - 1] || data[len - 2]) {
            error_setg(errp,
                       "-smbios file=%s: that is no SMBIOS structure (header, formatted part, strings, two zero bytes)",
            file);
            return false;
        }
        g_byte_array_append(w->out, data, (guint)len);
        w->largest = MAX(w->largest, (unsigned)len);
        w->count++;
    }
    return true;
}

/* --- anchors --- */
static void fix_checksum(uint8_t *at, uint8_t *sum, unsigned len)
{
    *sum = 0;
    uint8_t total = 0;
    for (unsigned i = 0; i < len; i++) {
        total = (uint8_t)(total + at[i]);
    }
    *sum = (uint8_t)-total;
}

static GByteArray *make_anchor(const Writer *w, bool wide)
{
    uint8_t raw[31] = {0};
    if (wide) {
        memcpy(raw, "_SM3_", 5);
        raw[6] = 24;
        raw[7] = 3;
        raw[10] = 1;
        st_le32(raw + 12, w->out->len);
    } else {
        memcpy(raw, "_SM_", 4);
        raw[5] = 31;
        raw[6] = 2;
        raw[7] = 8;
        st_le16(raw + 8, (uint16_t)w->largest);
        memcpy(raw + 16, "_DMI_", 5);
        st_le16(raw + 22, (uint16_t)w->out->len);
        st_le16(raw + 28, (uint16_t)w->count);
        raw[30] = 0x28;
    }
    return g_byte_array_append(g_byte_array_new(), raw, wide ? 24 : 31);
}

void smbios_place(SmbiosBlobs *b, uint64_t addr)
{
    uint8_t *a = b->anchor->data;
    if (a[3] == '3') {
        st_le64(a + 16, addr);
        fix_checksum(a, a + 5, 24);
    } else {
        st_le32(a + 24, (uint32_t)addr);
        fix_checksum(a + 16, a + 21, 15);
        fix_checksum(a, a + 4, 31);
    }
}

bool smbios_build(const SmbiosConfig *c, SmbiosBlobs *out, Error **errp)
{
    g_autoptr(GPtrArray) strings = g_ptr_array_new();
    Writer w = {.out = g_byte_array_new(), .c = c, .strings = strings};
    unsigned sockets = CLAMP(c->sockets, 1, SOCKETS_MAX);
    if (wanted(&w, 0)) {
        bios(&w);
    }
    identity(&w);
    if (wanted(&w, 2)) {
        board(&w);
    }
    chassis(&w);
    for (unsigned i = 0; i < sockets; i++) {
        processor(&w, i);
    }
    connectors(&w);
    if (wanted(&w, 11)) {
        oem_strings(&w);
    }
    memory(&w);
    begin(&w, 32, 11, H_BOOT);
    number(&w, 0, 7);
    end(&w);
    bool ok = binary_files(&w, errp);
    begin(&w, 127, 4, H_END);
    end(&w);
    if (ok && w.out->len > TABLES_MAX) {
        error_setg(errp, "the SMBIOS tables have %u bytes, which is more than %d", w.out->len, TABLES_MAX);
        ok = false;
    }
    *out = (SmbiosBlobs){.tables = w.out};
    if (!ok) {
        smbios_blobs_clear(out);
        return false;
    }
    out->anchor = make_anchor(&w, c->entry_point_64);
    smbios_place(out, 0);
    return true;
}

void smbios_blobs_clear(SmbiosBlobs *b)
{
    g_clear_pointer(&b->tables, g_byte_array_unref);
    g_clear_pointer(&b->anchor, g_byte_array_unref);
}

bool smbios_publish(const SmbiosBlobs *b, FwCfg *fw, Error **errp)
{
    return fw_cfg_add_file(fw, "etc/smbios/smbios-tables", b->tables->data, b->tables->len, errp) &&
           fw_cfg_add_file(fw, "etc/smbios/smbios-anchor", b->anchor->data, b->anchor->len, errp);
}

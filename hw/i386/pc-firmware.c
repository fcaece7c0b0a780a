/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a PC runs first: flash banks, or a ROM, that end at 4 GiB. Their last 128 KiB are shown below 1 MiB as well, where the
 * north bridge may lay RAM over them.
 */
#include <string.h>

#include "hw/block/pflash.h"
#include "pc.h"
#include "util/option.h"

enum { FLASH_SECTOR = 4096, ROM_UNIT = 64 * 1024, LOW_SIZE = 128 * 1024 };
#define ROM_MAX (16 * MIB)
#define FLASH_MAX (8 * MIB)

static const struct {
    const char *file, *package;
} packages[] = {
    {"bios-256k.bin", "seabios"}, {"bios.bin", "seabios"}, {"bios-microvm.bin", "seabios"}, {"OVMF_CODE.fd", "ovmf"}, {"OVMF_CODE_4M.fd", "ovmf"},
};

static void name_package(const char *file, Error **errp)
{
    for (size_t i = 0; errp && i < G_N_ELEMENTS(packages); i++) {
        if (!strcmp(packages[i].file, file)) {
            error_append_hint(errp, " It is in Debian's package '%s' (apt install %s).", packages[i].package, packages[i].package);
        }
    }
}

/* The disk of a bank: machine property pflash0/1, or -drive if=pflash by unit or in order. */
static bool flash_disk(Machine *m, unsigned bank, BlockBackend **blk, Error **errp)
{
    PcBoard *b = pc_board(m);
    *blk = NULL;
    if (b->pflash[bank]) {
        if (!m->block) {
            error_setg(errp, "pflash%u=%s: this build has no block layer", bank, b->pflash[bank]);
            return false;
        }
        *blk = blk_find(m->block, b->pflash[bank], errp);
        return *blk != NULL;
    }
    g_autofree BlockBackend **list = m->block ? blk_list_unclaimed(m->block, "pflash") : NULL;
    for (unsigned i = 0; list && list[i]; i++) {
        struct OptionSet *opts = blk_drive_options(list[i]);
        uint64_t unit = i + (bank && b->flash[0] && !b->pflash[0] ? 1 : 0); /* the first one is taken by now */
        const char *key = opts && option_has(opts, "unit") ? "unit" : "index";
        if (opts && option_has(opts, key) && !option_get_u64(opts, key, 0, &unit, errp)) {
            return false;
        }
        if (unit == bank) {
            *blk = list[i];
            return true;
        }
    }
    return true;
}

static bool make_flash(Machine *m, bool *any, Error **errp)
{
    PcBoard *b = pc_board(m);
    uint64_t end = 4 * GIB;
    *any = false;
    for (unsigned i = 0; i < PC_FLASH_COUNT; i++) {
        BlockBackend *blk;
        if (!flash_disk(m, i, &blk, errp)) {
            return false;
        }
        if (!blk) {
            continue;
        }
        int64_t size = blk_length(blk);
        if (i && !b->flash[0]) {
            error_setg(errp, "pflash bank 1 is given, but not bank 0, which has the firmware's code (-drive if=pflash,unit=0)");
            return false;
        }
        if (size <= 0 || size % FLASH_SECTOR || (uint64_t)size > FLASH_MAX - (4 * GIB - end)) {
            error_setg(errp, "the image of pflash bank %u ('%s') has %" G_GINT64_FORMAT " bytes: it must be a multiple of 4096, all banks at most 8 MiB",
                       i, blk_name(blk), size);
            return false;
        }
        end -= (uint64_t)size;
        g_autofree char *name = g_strdup_printf("system.flash%u", i);
        b->flash[i] = pflash_cfi01_create(m, name, end, (uint64_t)size, FLASH_SECTOR, blk, errp);
        if (!b->flash[i]) {
            return false;
        }
        if (i == 0) {
            uint64_t low = MIN((uint64_t)size, LOW_SIZE);
            if (!memory_region_init_rom(&b->bios_low, m, OBJECT(m), "isa-bios", low, errp)) {
                return false;
            }
            memcpy(b->bios_low.ram->host, pflash_host(b->flash[i]) + (uint64_t)size - low, low);
        }
        *any = true;
    }
    return true;
}

static bool make_rom(Machine *m, MemoryRegion *rom_memory, const char *name, Error **errp)
{
    ERRP_GUARD();
    PcBoard *b = pc_board(m);
    g_autofree char *path = find_firmware(m, name, errp);
    g_autofree uint8_t *data = NULL;
    uint64_t len;
    if (!path) {
        name_package(name, errp);
        return false;
    }
    if (!load_file(path, ROM_MAX, false, &data, &len, errp)) {
        return false;
    }
    if (len % ROM_UNIT) {
        error_setg(errp, "firmware '%s' has %" G_GUINT64_FORMAT " bytes: a PC's is a multiple of 64 KiB", path, len);
        return false;
    }
    if (!memory_region_init_rom(&b->bios, m, OBJECT(m), "pc.bios", len, errp)) {
        return false;
    }
    memcpy(b->bios.ram->host, data, len);
    memory_map(rom_memory, 4 * GIB - len, &b->bios);
    uint64_t low = MIN(len, LOW_SIZE);
    memory_region_init_alias(&b->bios_low, m, OBJECT(m), "isa-bios", &b->bios, len - low, low);
    return true;
}

bool pc_load_firmware(Machine *m, MemoryRegion *rom_memory, const char *default_bios, Error **errp)
{
    PcBoard *b = pc_board(m);
    bool flash;
    if (!make_flash(m, &flash, errp)) {
        return false;
    }
    if (flash && m->firmware) {
        error_setg(errp, "-bios and pflash drives cannot both be given: each is the firmware");
        return false;
    }
    bool none = b->direct_boot || (m->firmware && !strcmp(m->firmware, "none"));
    if (!flash && none) {
        return true;
    }
    bool given = m->firmware && strcmp(m->firmware, "default");
    if (!flash && !make_rom(m, rom_memory, given ? m->firmware : default_bios, errp)) {
        return false;
    }
    memory_map(rom_memory, MIB - b->bios_low.size, &b->bios_low);
    return true;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -blockdev and -drive, and the devices of drives that come with one (if=virtio). Drives with if=ide and if=floppy belong to the board's controllers, which
 * find them by index; here they get their names ("ide0-hd0", "ide1-cd0", "floppy0") and their places are checked.
 */
#include <string.h>

#include "vl.h"
#ifdef HAVE_BLOCK
#include "block/block.h"
#endif

/* A CD-ROM drive and a floppy drive that nobody asked for: only where nobody asked for another of the kind. */
void vl_note_default_drives(Startup *st)
{
    static const char *const cd[] = {"ide-cd", "ide-hd", "scsi-cd", "scsi-hd", NULL}, *const fd[] = {"isa-fdc", "floppy", NULL};
    Machine *m = st->m;
    bool pc = !g_strcmp0(st->record->default_block_interface, "ide") && !st->nodefaults;
    m->default_cdrom = m->default_floppy = pc;
    for (unsigned i = 0; i < st->devices->len; i++) {
        const char *driver = option_get(((VlItem *)st->devices->pdata[i])->opts, "driver");
        m->default_cdrom &= !driver || !g_strv_contains(cd, driver);
        m->default_floppy &= !driver || !g_strv_contains(fd, driver);
    }
}

#ifdef HAVE_BLOCK
static unsigned places_per_bus(Startup *st, const char *interface)
{
    unsigned units = st->record->ide_units_per_bus ? st->record->ide_units_per_bus : 2;
    return !strcmp(interface, "ide") ? units : !strcmp(interface, "scsi") ? 7 : !strcmp(interface, "floppy") ? 2 : 0;
}

static bool index_taken(Startup *st, const VlItem *but, const char *interface, uint64_t index)
{
    for (unsigned i = 0; i < st->m->default_drives->len; i++) {
        OptionSet *o = st->m->default_drives->pdata[i];
        uint64_t other;
        if (o != but->opts && !g_strcmp0(option_get(o, "if"), interface) && option_get_u64(o, "index", 0, &other, NULL) && other == index) {
            return true;
        }
    }
    return false;
}

/* bus= and unit= become index=; where none is given the first free one is taken. */
static bool choose_place(Startup *st, VlItem *item, const char *interface, Error **errp)
{
    OptionSet *o = item->opts;
    unsigned places = places_per_bus(st, interface);
    uint64_t bus, unit, index;
    bool by_place = option_has(o, "bus") || option_has(o, "unit"), given = option_has(o, "index");
    if (!option_get_u64(o, "bus", 0, &bus, errp) || !option_get_u64(o, "unit", 0, &unit, errp) || !option_get_u64(o, "index", 0, &index, errp)) {
        return false;
    }
    if (given && by_place) {
        error_setg(errp, "index cannot be used with bus and unit");
        return false;
    }
    if (places && unit >= places) {
        error_setg(errp, "unit %" G_GUINT64_FORMAT " too big (max is %u)", unit, places - 1);
        return false;
    }
    if (MAX(MAX(bus, unit), index) > 4096) {
        error_setg(errp, "bus, unit and index are at most 4096");
        return false;
    }
    if (by_place) {
        index = places ? bus * places + unit : unit;
    } else if (!given) {
        index = 0;
        while (index_taken(st, item, interface, index)) {
            index++;
        }
    }
    if (strcmp(interface, "none") && index_taken(st, item, interface, index)) {
        error_setg(errp, "there is a drive with if=%s,index=%" G_GUINT64_FORMAT " already", interface, index);
        return false;
    }
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, index);
    option_set_put(o, "index", text);
    if (!option_has(o, "id") && places) {
        const char *media = !g_strcmp0(option_get(o, "media"), "cdrom") ? "-cd" : !strcmp(interface, "floppy") ? "" : "-hd";
        g_autofree char *name = *media ? g_strdup_printf("%s%" G_GUINT64_FORMAT "%s%" G_GUINT64_FORMAT, interface, index / places, media, index % places)
                                       : g_strdup_printf("floppy%" G_GUINT64_FORMAT, index);
        option_set_put(o, "id", name);
    }
    return true;
}

static bool choose_interface(Startup *st, VlItem *item, Error **errp)
{
    static const char *const known[] = {"ide", "floppy", "virtio", "none", "pflash", NULL};
    const char *interface = option_get(item->opts, "if");
    if (!interface) {
        interface = st->record->default_block_interface ? st->record->default_block_interface : "none";
        option_set_put(item->opts, "if", interface);
    }
    bool pc = !g_strcmp0(st->record->default_block_interface, "ide");
    if (!strcmp(interface, "scsi")) {
        error_setg(errp, "machine '%s' has no SCSI controller of its own: use if=none,id=ID and -device for controller and disk", st->record->name);
        return false;
    }
    if (!g_strv_contains(known, interface) || (!pc && (!strcmp(interface, "ide") || !strcmp(interface, "floppy")))) {
        error_set_unknown(errp, interface, known, "machine '%s' does not support if=%s (it has %svirtio, pflash and none)", st->record->name, interface,
                          pc ? "ide, floppy, " : "");
        return false;
    }
    if (!choose_place(st, item, interface, errp)) {
        return false;
    }
    if (st->snapshot && !option_has(item->opts, "snapshot")) {
        option_set_put(item->opts, "snapshot", "on");
    }
    return true;
}

/* What `-cdrom` without a disc would be. */
static void add_default_cdrom(Startup *st)
{
    VlItem none = {0};
    if (st->m->default_cdrom && !index_taken(st, &none, "ide", 2)) {
        g_autoptr(OptionSet) o = option_set_new();
        option_set_put(o, "if", "ide");
        option_set_put(o, "index", "2");
        option_set_put(o, "media", "cdrom");
        item_add_plain(st->drives, "default CD-ROM", "");
        ((VlItem *)st->drives->pdata[st->drives->len - 1])->opts = g_steal_pointer(&o);
    }
}

static bool make_drive(Startup *st, VlItem *item, Error **errp)
{
    if (!choose_interface(st, item, errp) || !blk_new_from_drive(st->m->block, item->opts, errp)) {
        error_prepend(errp, "%s %s: ", item->option, item->text);
        return false;
    }
    g_ptr_array_add(st->m->default_drives, item->opts);
    return true;
}

bool vl_make_block(Startup *st, Error **errp)
{
    ERRP_GUARD();
    Machine *m = st->m;
    m->block = block_graph_new(m->loop);
    for (unsigned i = 0; i < st->blockdevs->len; i++) {
        VlItem *item = st->blockdevs->pdata[i];
        if (!block_node_create(m->block, item->opts, errp)) {
            error_prepend(errp, "-blockdev %s: ", item->text);
            return false;
        }
    }
    unsigned given = st->drives->len;
    for (unsigned i = 0; i < given; i++) {
        if (!make_drive(st, st->drives->pdata[i], errp)) {
            return false;
        }
    }
    add_default_cdrom(st);
    return st->drives->len == given || make_drive(st, st->drives->pdata[given], errp);
}

/* What the board took is attached now; what is left has no place. */
static bool check_unclaimed(Startup *st, const char *interface, Error **errp)
{
    g_autofree BlockBackend **list = blk_list_unclaimed(st->m->block, interface);
    if (list[0]) {
        error_setg(errp, "machine '%s' does not support drive '%s' (if=%s): it has no such place", st->record->name, blk_name(list[0]), interface);
        return false;
    }
    return true;
}

bool vl_make_drive_devices(Startup *st, Error **errp)
{
    ERRP_GUARD();
    if (!check_unclaimed(st, "ide", errp) || !check_unclaimed(st, "floppy", errp)) {
        return false;
    }
    g_autofree BlockBackend **list = blk_list_unclaimed(st->m->block, "virtio");
    for (BlockBackend **b = list; *b; b++) {
        g_autoptr(OptionSet) o = option_set_new();
        option_set_put(o, "driver", "virtio-blk-pci");
        option_set_put(o, "drive", blk_name(*b));
        OptionSet *drive = blk_drive_options(*b);
        const char *bootindex = drive ? option_get(drive, "bootindex") : NULL;
        if (bootindex) {
            option_set_put(o, "bootindex", bootindex);
        }
        if (!vl_create_device(st, o, errp)) {
            error_prepend(errp, "the device of drive '%s': ", blk_name(*b));
            return false;
        }
    }
    return true;
}

void vl_free_block(Machine *m)
{
    if (m->block) {
        block_graph_flush_all(m->block);
        block_graph_free(m->block);
        m->block = NULL;
    }
}
#else
bool vl_make_block(Startup *st, Error **errp)
{
    if (st->drives->len || st->blockdevs->len) {
        error_setg(errp, "this version has no disks");
        return false;
    }
    return true;
}
bool vl_make_drive_devices(Startup *st, Error **errp) { return true; }
void vl_free_block(Machine *m) {}
#endif

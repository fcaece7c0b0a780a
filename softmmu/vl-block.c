/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -blockdev and -drive, and the devices of drives that come with one (if=virtio).
 */
#include <string.h>

#include "vl.h"
#ifdef HAVE_BLOCK
#include "block/block.h"
#endif

#ifdef HAVE_BLOCK
static bool choose_interface(Startup *st, VlItem *item, Error **errp)
{
    static const char *const known[] = {"virtio", "none", "pflash", NULL};
    const char *interface = option_get(item->opts, "if");
    if (!interface) {
        interface = st->record->default_block_interface ? st->record->default_block_interface : "none";
        option_set_put(item->opts, "if", interface);
    }
    if (!g_strv_contains(known, interface)) {
        error_set_unknown(errp, interface, known, "machine '%s' does not support if=%s (it has virtio, pflash and none)", st->record->name, interface);
        return false;
    }
    if (st->snapshot && !option_has(item->opts, "snapshot")) {
        option_set_put(item->opts, "snapshot", "on");
    }
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
    for (unsigned i = 0; i < st->drives->len; i++) {
        VlItem *item = st->drives->pdata[i];
        if (!choose_interface(st, item, errp) || !blk_new_from_drive(m->block, item->opts, errp)) {
            error_prepend(errp, "%s %s: ", item->option, item->text);
            return false;
        }
        g_ptr_array_add(m->default_drives, item->opts);
    }
    return true;
}

bool vl_make_drive_devices(Startup *st, Error **errp)
{
    ERRP_GUARD();
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

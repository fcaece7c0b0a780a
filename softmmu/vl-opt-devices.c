/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options that make devices and what they use of the host: disks, networks, serial lines, monitors.
 */
#include <stdio.h>
#include <string.h>

#include "qom/object.h"
#include "util/registry.h"
#include "vl.h"

static bool is_help(const char *text) { return !strcmp(text, "help") || !strcmp(text, "?"); }

/* A device behind a transport: virtio-blk-pci takes its own properties and those of virtio-blk-device. */
static void print_device_help(const char *driver)
{
    type_print_help(driver);
    if (g_str_has_prefix(driver, "virtio-") && g_str_has_suffix(driver, "-pci")) {
        g_autofree char *inner = g_strdup_printf("%.*s-device", (int)(strlen(driver) - strlen("-pci")), driver);
        if (type_find(inner)) {
            type_print_help(inner);
        }
    }
}

static bool opt_device(Startup *st, const char *text, Error **errp)
{
    if (is_help(text)) {
        vl_print_devices();
        vl_exit_help();
    }
    if (!item_add(st->devices, "-device", text, "driver", errp)) {
        return false;
    }
    VlItem *i = st->devices->pdata[st->devices->len - 1];
    if (option_wants_help(i->opts)) {
        const char *driver = option_get(i->opts, "driver");
        if (!driver || !type_find(driver)) {
            return type_unknown_error("device", driver ? driver : "", "device", errp);
        }
        print_device_help(driver);
        vl_exit_help();
    }
    return true;
}

static void print_creatable(void)
{
    printf("List of user creatable objects:\n");
    g_autofree const TypeRecord **types = type_list("object", false);
    for (const TypeRecord **t = types; *t; t++) {
        if (type_interface(*t, INTERFACE_USER_CREATABLE)) {
            printf("  %s\n", (*t)->name);
        }
    }
}

static bool opt_object(Startup *st, const char *text, Error **errp)
{
    if (is_help(text)) {
        print_creatable();
        vl_exit_help();
    }
    if (!item_add(st->objects, "-object", text, "qom-type", errp)) {
        return false;
    }
    VlItem *i = st->objects->pdata[st->objects->len - 1];
    if (option_wants_help(i->opts)) {
        const char *type = option_get(i->opts, "qom-type");
        if (!type || !type_find(type)) {
            return type_unknown_error("object type", type ? type : "", "object", errp);
        }
        type_print_help(type);
        vl_exit_help();
    }
    return true;
}

static bool opt_global(Startup *st, const char *text, Error **errp)
{
    if (strchr(text, '=') && strchr(text, '.') && strchr(text, '.') < strchr(text, '=')) {
        item_add_plain(st->globals, "-global", text);
        return true;
    }
    return item_add(st->globals, "-global", text, NULL, errp);
}

static bool opt_fw_cfg(Startup *st, const char *text, Error **errp) { return item_add(st->fw_cfgs, "-fw_cfg", text, "name", errp); }
static bool opt_drive(Startup *st, const char *text, Error **errp) { return item_add(st->drives, "-drive", text, NULL, errp); }
static bool opt_blockdev(Startup *st, const char *text, Error **errp) { return item_add(st->blockdevs, "-blockdev", text, "driver", errp); }

static bool add_disk(Startup *st, const char *option, const char *file, const char *index, const char *media)
{
    OptionSet *o = option_set_new();
    option_set_put(o, "file", file);
    option_set_put(o, "index", index);
    option_set_put(o, "media", media);
    item_add_plain(st->drives, option, file);
    ((VlItem *)st->drives->pdata[st->drives->len - 1])->opts = o;
    return true;
}

static bool opt_hda(Startup *st, const char *text, Error **errp) { return add_disk(st, "-hda", text, "0", "disk"); }
static bool opt_hdb(Startup *st, const char *text, Error **errp) { return add_disk(st, "-hdb", text, "1", "disk"); }
static bool opt_hdc(Startup *st, const char *text, Error **errp) { return add_disk(st, "-hdc", text, "2", "disk"); }
static bool opt_hdd(Startup *st, const char *text, Error **errp) { return add_disk(st, "-hdd", text, "3", "disk"); }
static bool add_floppy(Startup *st, const char *option, const char *file, const char *index)
{
    add_disk(st, option, file, index, "disk");
    option_set_put(((VlItem *)st->drives->pdata[st->drives->len - 1])->opts, "if", "floppy");
    return true;
}

static bool opt_fda(Startup *st, const char *text, Error **errp) { return add_floppy(st, "-fda", text, "0"); }
static bool opt_fdb(Startup *st, const char *text, Error **errp) { return add_floppy(st, "-fdb", text, "1"); }
static bool opt_cdrom(Startup *st, const char *text, Error **errp) { return add_disk(st, "-cdrom", text, "2", "cdrom"); }

static bool opt_pflash(Startup *st, const char *text, Error **errp)
{
    g_autofree char *all = g_strconcat("if=pflash,format=raw,file=", text, NULL);
    return item_add(st->drives, "-pflash", all, NULL, errp);
}

static bool opt_snapshot(Startup *st, const char *text, Error **errp)
{
    st->snapshot = true;
    return true;
}

static bool net_item(GPtrArray *list, const char *option, const char *text, Error **errp)
{
    g_autoptr(OptionSet) probe = option_set_parse(text, "type", errp);
    if (!probe) {
        return false;
    }
    if (option_wants_help(probe)) {
        vl_print_netdevs();
        vl_exit_help();
    }
    return item_add(list, option, text, "type", errp);
}

static bool opt_netdev(Startup *st, const char *text, Error **errp) { return net_item(st->netdevs, "-netdev", text, errp); }
static bool opt_nic(Startup *st, const char *text, Error **errp) { return net_item(st->nics, "-nic", text, errp); }
static bool opt_net(Startup *st, const char *text, Error **errp) { return net_item(st->nets, "-net", text, errp); }

static bool opt_chardev(Startup *st, const char *text, Error **errp)
{
    if (is_help(text)) {
        chardev_print_help();
        vl_exit_help();
    }
    return item_add(st->chardevs, "-chardev", text, "backend", errp);
}

static bool opt_serial(Startup *st, const char *text, Error **errp)
{
    item_add_plain(st->serials, "-serial", text);
    return true;
}

static bool opt_parallel(Startup *st, const char *text, Error **errp)
{
    if (strcmp(text, "none") && strcmp(text, "null")) {
        error_setg(errp, "this version has no parallel ports (none and null are accepted)");
        return false;
    }
    return true;
}

static bool opt_monitor(Startup *st, const char *text, Error **errp)
{
    item_add_plain(st->monitors, "-monitor", text);
    return true;
}

static bool opt_qmp(Startup *st, const char *text, Error **errp)
{
    item_add_plain(st->monitors, "-qmp", text);
    return true;
}

static bool opt_qmp_pretty(Startup *st, const char *text, Error **errp)
{
    item_add_plain(st->monitors, "-qmp-pretty", text);
    return true;
}

static bool opt_mon(Startup *st, const char *text, Error **errp) { return item_add(st->mons, "-mon", text, "chardev", errp); }

static bool opt_gdb(Startup *st, const char *text, Error **errp)
{
    item_add_plain(st->gdbs, "-gdb", text);
    return true;
}

static bool opt_s(Startup *st, const char *text, Error **errp)
{
    item_add_plain(st->gdbs, "-s", "tcp::1234");
    return true;
}

static bool opt_echr(Startup *st, const char *text, Error **errp)
{
    uint64_t v;
    if (!parse_u64(text, &v, errp)) {
        return false;
    }
    if (v > 255) {
        error_setg(errp, "%s is no character (0 to 255; Ctrl-A is 1)", text);
        return false;
    }
    st->escape = (int)v;
    return true;
}

static bool opt_nographic(Startup *st, const char *text, Error **errp)
{
    st->nographic = st->display_given = true;
    return true;
}

static bool opt_display(Startup *st, const char *text, Error **errp)
{
    static const char *const known[] = {"none", NULL};
    if (is_help(text)) {
        printf("Available display backend types:\nnone\n");
        vl_exit_help();
    }
    if (strcmp(text, "none")) {
        error_set_unknown(errp, text, known, "this version has no display '%s' (only none, or -nographic)", text);
        return false;
    }
    st->no_display = st->display_given = true;
    return true;
}

static bool opt_vga(Startup *st, const char *text, Error **errp)
{
    static const char *const known[] = {"none", "std", "cirrus", "vmware", "qxl", "virtio", "tcx", "cg3", "xenfb", NULL};
    if (is_help(text)) {
        printf("none                 no graphic card\n");
        if (type_find("VGA")) {
            printf("std                  standard VGA (default)\n");
        }
        vl_exit_help();
    }
    if (!g_strv_contains(known, text)) {
        error_set_unknown(errp, text, known, "there is no graphic card '%s' (none and std are known here)", text);
        return false;
    }
    if (strcmp(text, "none") && (strcmp(text, "std") || !type_find("VGA"))) {
        error_setg(errp, "this version has no graphic card '%s' (%s)", text, type_find("VGA") ? "it has std and none" : "only none");
        return false;
    }
    g_free(st->vga);
    st->vga = g_strdup(text);
    return true;
}

static bool opt_vnc(Startup *st, const char *text, Error **errp)
{
    if (strcmp(text, "none")) {
        error_setg(errp, "this version has no VNC server (only none)");
        return false;
    }
    return true;
}

static bool opt_audiodev(Startup *st, const char *text, Error **errp)
{
    g_autoptr(OptionSet) o = option_set_parse(text, "driver", errp);
    const char *driver = o ? option_get(o, "driver") : NULL;
    if (o && (!driver || strcmp(driver, "none"))) {
        error_setg(errp, "this version has no sound (only none)");
        return false;
    }
    return o != NULL;
}

static const OptionRow device_rows[] = {
    {"device", NULL, ARG_TEXT, "DRIVER[,PROP=VALUE...]", "add a device ('-device help' lists drivers, '-device DRIVER,help' properties)", opt_device},
    {"global", NULL, ARG_TEXT, "DRIVER.PROP=VALUE", "default of a property for all devices of a driver", opt_global},
    {"fw_cfg", NULL, ARG_TEXT, "[name=]NAME,file=FILE|string=TEXT", "a file that firmware and guest find as /opt/...; NAME begins with opt/", opt_fw_cfg},
    {"object", NULL, ARG_TEXT, "TYPE,id=ID[,PROP=VALUE...]", "make an object for others to use ('-object help')", opt_object},
    {NULL}};
static const OptionGroup device_options = {"2 devices", "Devices", device_rows};
OPTION_GROUP(device_options);

static const OptionRow disk_rows[] = {
    {"drive", NULL, ARG_TEXT, "[file=FILE][,if=TYPE][,format=F][,id=ID][,media=disk|cdrom][,...]", "a disk; if=virtio comes with its device, if=none is for -device ...,drive=ID", opt_drive},
    {"blockdev", NULL, ARG_TEXT, "DRIVER,node-name=N[,...]", "a node of the block graph", opt_blockdev},
    {"hda", NULL, ARG_TEXT, "FILE", "first disk", opt_hda},
    {"hdb", NULL, ARG_TEXT, "FILE", "second disk", opt_hdb},
    {"hdc", NULL, ARG_TEXT, "FILE", "third disk", opt_hdc},
    {"hdd", NULL, ARG_TEXT, "FILE", "fourth disk", opt_hdd},
    {"cdrom", NULL, ARG_TEXT, "FILE", "CD-ROM", opt_cdrom},
    {"fda", NULL, ARG_TEXT, "FILE", "first floppy", opt_fda},
    {"fdb", NULL, ARG_TEXT, "FILE", "second floppy", opt_fdb},
    {"pflash", NULL, ARG_TEXT, "FILE", "parallel flash, raw", opt_pflash},
    {"snapshot", NULL, ARG_NONE, NULL, "writes go to temporary files, not to the disk images", opt_snapshot},
    {"sd", NULL, ARG_TEXT, NULL, NULL, NULL, "SD cards"},
    {"mtdblock", NULL, ARG_TEXT, NULL, NULL, NULL, "flash memory of that kind"},
    {"fsdev", NULL, ARG_TEXT, NULL, NULL, NULL, "9p file systems"},
    {"virtfs", NULL, ARG_TEXT, NULL, NULL, NULL, "9p file systems"},
    {"iscsi", NULL, ARG_TEXT, NULL, NULL, NULL, "iSCSI"},
    {NULL}};
static const OptionGroup disk_options = {"3 disks", "Disks", disk_rows};
OPTION_GROUP(disk_options);

static const OptionRow net_rows[] = {
    {"netdev", NULL, ARG_TEXT, "TYPE,id=ID[,...]", "host end of a network ('-netdev help'), for -device ...,netdev=ID", opt_netdev},
    {"nic", NULL, ARG_TEXT, "TYPE[,model=DRIVER][,mac=ADDR][,...]|none", "network card and host end in one", opt_nic},
    {"net", NULL, ARG_TEXT, "nic|user|none[,...]", "the old way", opt_net},
    {NULL}};
static const OptionGroup net_options = {"4 network", "Network", net_rows};
OPTION_GROUP(net_options);

static const OptionRow char_rows[] = {
    {"nographic", NULL, ARG_NONE, NULL, "no display; serial port and monitor on this terminal (Ctrl-A h for help)", opt_nographic},
    {"serial", NULL, ARG_TEXT, "DEV", "serial port: stdio, mon:stdio, pty, null, none, file:PATH, pipe:PATH,\ntcp:HOST:PORT[,server][,nowait], unix:PATH[,server], telnet:..., chardev:ID", opt_serial},
    {"monitor", NULL, ARG_TEXT, "DEV", "monitor for people on DEV (as -serial)", opt_monitor},
    {"qmp", NULL, ARG_TEXT, "DEV", "monitor for programs on DEV", opt_qmp},
    {"qmp-pretty", NULL, ARG_TEXT, "DEV", "the same, indented", opt_qmp_pretty},
    {"mon", NULL, ARG_TEXT, "[chardev=]ID[,mode=readline|control][,pretty=on|off]", "monitor on a character device", opt_mon},
    {"chardev", NULL, ARG_TEXT, "BACKEND,id=ID[,mux=on|off][,...]", "character device ('-chardev help')", opt_chardev},
    {"echr", NULL, ARG_TEXT, "N", "the character that stands for Ctrl-A on a multiplexed console", opt_echr},
    {"parallel", NULL, ARG_TEXT, "none|null", NULL, opt_parallel},
    {"gdb", NULL, ARG_TEXT, "DEV", "wait for a debugger on DEV (tcp::1234)", opt_gdb},
    {"s", NULL, ARG_NONE, NULL, "the same as -gdb tcp::1234", opt_s},
    {"display", NULL, ARG_TEXT, "none", "which display", opt_display},
    {"vga", NULL, ARG_TEXT, "std|none", "which graphic card", opt_vga},
    {"vnc", NULL, ARG_TEXT, "none", NULL, opt_vnc},
    {"audiodev", NULL, ARG_TEXT, "none,id=ID", NULL, opt_audiodev},
    {"spice", NULL, ARG_TEXT, NULL, NULL, NULL, "SPICE server"},
    {"usb", NULL, ARG_NONE, NULL, NULL, NULL, "USB"},
    {"usbdevice", NULL, ARG_TEXT, NULL, NULL, NULL, "USB"},
    {"full-screen", NULL, ARG_NONE, NULL, NULL, NULL, "display"},
    {NULL}};
static const OptionGroup char_options = {"5 consoles", "Consoles, monitors, debugger, display", char_rows};
OPTION_GROUP(char_options);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The start of the emulator, from the command line to a running machine. Private to the vl-*.c files and main.c.
 *
 * main() fills a Startup from the option table (vl-options.c), then vl_run() (vl.c) makes the machine in a fixed order
 * of small steps. Nothing is opened, made or written before the whole command line was understood.
 */
#ifndef SOFTMMU_VL_H
#define SOFTMMU_VL_H

#include <glib.h>

#include "chardev/chardev.h"
#include "softmmu/machine.h"
#include "util/option.h"

/* One option as given: kept for messages that quote it. */
typedef struct VlItem {
    const char *option; /* "-device" */
    char *text;
    OptionSet *opts;    /* NULL where the text is no option string */
} VlItem;

typedef struct Startup {
    /* how we were called */
    const char *program;
    bool qemu_name;     /* as qemu-system-X: speaks of itself as the reference does where tools look */
    char *target;       /* NULL: any */

    /* the machine */
    OptionSet *machine; /* all -machine together; key "type" */
    const MachineRecord *record;
    Machine *m;
    GPtrArray *accels;  /* VlItem */
    bool accel_given;
    char *cpu, *name, *uuid, *mem_path;
    OptionSet *smp, *memory;
    bool mem_prealloc;
    char *kernel, *initrd, *append, *dtb, *bios, *boot_order, *boot_once, *boot_splash, *vga;
    int boot_splash_time, boot_reboot_timeout; /* -1: not given */
    bool boot_menu, boot_menu_given, boot_strict;
    GPtrArray *firmware_dirs; /* char * */
    int64_t rtc_offset_ns;

    /* host ends and devices: VlItem, in the order given */
    GPtrArray *chardevs, *objects, *drives, *blockdevs, *netdevs, *nics, *nets, *devices, *globals, *fw_cfgs, *smbios;
    GPtrArray *serials, *monitors, *mons, *gdbs;
    bool snapshot, one_insn;
    int escape; /* -echr; -1: Ctrl-A */

    /* behaviour */
    bool nographic, no_display, display_given, nodefaults, paused, no_reboot, no_shutdown, panic_exit;
    bool daemonize, sandbox_given, sandbox;
    OptionSet *sandbox_opts;
    char *pidfile, *log_file;
    int ready_fd; /* daemonize: the parent waits at the other end; -1 */
} Startup;

/* --- vl-options.c: the table --- */
typedef enum OptionArg { ARG_NONE, ARG_TEXT } OptionArg;
typedef struct OptionRow {
    const char *name, *alias;  /* "machine", "M" */
    OptionArg arg;
    const char *form;          /* "[type=]NAME[,prop=value...]" */
    const char *help;
    bool (*handle)(Startup *st, const char *text, Error **errp);
    const char *missing;       /* understood, but what it needs is not there: said in the error */
} OptionRow;
typedef struct OptionGroup {
    const char *name;          /* sorts: "1 machine" */
    const char *title;
    const OptionRow *rows;     /* ended by name NULL */
} OptionGroup;
#define OPTION_GROUP(record) REGISTRY_ADD(option_group, record)

Startup *startup_new(const char *argv0);
void startup_free(Startup *st);
bool startup_parse(Startup *st, int argc, char **argv, Error **errp);
void print_help(Startup *st, const char *word); /* NULL: everything */
void print_version(Startup *st);

/* For handlers. */
bool item_add(GPtrArray *list, const char *option, const char *text, const char *implied, Error **errp);
void item_add_plain(GPtrArray *list, const char *option, const char *text);
void merge_options(OptionSet *into, OptionSet *from);
G_NORETURN void vl_exit_help(void); /* after help was printed */

/* --- vl.c --- */
int vl_run(Startup *st, Error **errp); /* exit status; on a start-up error -1 and errp */

/* --- steps; each in the file of its name --- */
bool vl_choose_machine(Startup *st, Error **errp);                 /* vl-machine.c */
bool vl_configure_machine(Startup *st, Error **errp);
void vl_print_machines(Startup *st, const char *name); /* with a name: its properties */
void vl_print_cpus(Startup *st);
bool vl_parse_smp(Startup *st, Error **errp);
bool vl_parse_memory(Startup *st, Error **errp);
bool vl_make_accel(Startup *st, Error **errp);                     /* vl-accel.c */
void vl_print_accels(void);
void vl_free_accel(Machine *m);
bool vl_make_chardevs(Startup *st, Error **errp);                  /* vl-console.c */
bool vl_make_objects(Startup *st, bool late, Error **errp);
bool vl_make_consoles(Startup *st, Error **errp);
void vl_note_default_drives(Startup *st);                          /* vl-block.c */
bool vl_make_block(Startup *st, Error **errp);
bool vl_make_drive_devices(Startup *st, Error **errp);
void vl_free_block(Machine *m);
bool vl_make_netdevs(Startup *st, Error **errp);                   /* vl-net.c */
bool vl_make_nics(Startup *st, Error **errp);
void vl_print_netdevs(void);
void vl_free_net(Machine *m);
bool vl_set_globals(Startup *st, Error **errp);                    /* vl-devices.c */
bool vl_make_devices(Startup *st, Error **errp);
bool vl_add_fw_cfg(Startup *st, Error **errp);
bool vl_create_device(Startup *st, OptionSet *opts, Error **errp);
void vl_print_devices(void);
bool vl_make_monitor(Startup *st, Chardev *chr, const char *mode, Error **errp); /* vl-monitor.c */
bool vl_make_monitors(Startup *st, Error **errp); /* and debugger connections */

/* --- vl-process.c --- */
bool vl_daemonize(Startup *st, Error **errp); /* in the parent never returns */
bool vl_daemon_ready(Startup *st, Error **errp);
bool vl_write_pidfile(Startup *st, Error **errp);
void vl_remove_pidfile(Startup *st);
bool vl_watch_signals(Startup *st, Error **errp);

bool vl_enter_sandbox(Startup *st, Error **errp); /* vl-sandbox.c */

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options that describe the machine: its kind, CPUs, memory, firmware and kernel.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "util/registry.h"
#include "vl.h"
#ifdef HAVE_HW
#include "hw/smbios.h"
#endif

static bool keep(char **slot, const char *text)
{
    g_free(*slot);
    *slot = g_strdup(text);
    return true;
}

static bool is_help(const char *text) { return !strcmp(text, "help") || !strcmp(text, "?"); }

static bool opt_machine(Startup *st, const char *text, Error **errp)
{
    g_autoptr(OptionSet) o = option_set_parse(text, "type", errp);
    if (!o) {
        return false;
    }
    if (option_wants_help(o)) {
        vl_print_machines(st, option_get(o, "type"));
        vl_exit_help();
    }
    merge_options(st->machine, o);
    return true;
}

static bool opt_target(Startup *st, const char *text, Error **errp) { return keep(&st->target, text); }
static bool opt_cpu(Startup *st, const char *text, Error **errp) { return keep(&st->cpu, text); }
static bool opt_mem_path(Startup *st, const char *text, Error **errp) { return keep(&st->mem_path, text); }
static bool opt_kernel(Startup *st, const char *text, Error **errp) { return keep(&st->kernel, text); }
static bool opt_initrd(Startup *st, const char *text, Error **errp) { return keep(&st->initrd, text); }
static bool opt_append(Startup *st, const char *text, Error **errp) { return keep(&st->append, text); }
static bool opt_dtb(Startup *st, const char *text, Error **errp) { return keep(&st->dtb, text); }
static bool opt_bios(Startup *st, const char *text, Error **errp) { return keep(&st->bios, text); }

static bool opt_one_insn(Startup *st, const char *text, Error **errp)
{
    st->one_insn = true;
    return true;
}

static bool opt_mem_prealloc(Startup *st, const char *text, Error **errp)
{
    st->mem_prealloc = true;
    return true;
}

static bool opt_firmware_dir(Startup *st, const char *text, Error **errp)
{
    if (is_help(text)) {
        printf("/usr/local/share/mimic\n/usr/share/mimic\n/usr/share/qemu\n");
        vl_exit_help();
    }
    g_ptr_array_add(st->firmware_dirs, g_strdup(text));
    return true;
}

static bool merge_parsed(OptionSet **slot, const char *text, const char *implied, Error **errp)
{
    g_autoptr(OptionSet) o = option_set_parse(text, implied, errp);
    if (!o) {
        return false;
    }
    *slot = *slot ? *slot : option_set_new();
    merge_options(*slot, o);
    return true;
}

static bool opt_smp(Startup *st, const char *text, Error **errp) { return merge_parsed(&st->smp, text, "cpus", errp); }
static bool opt_memory(Startup *st, const char *text, Error **errp) { return merge_parsed(&st->memory, text, "size", errp); }

static bool opt_accel(Startup *st, const char *text, Error **errp)
{
    if (is_help(text)) {
        vl_print_accels();
        vl_exit_help();
    }
    st->accel_given = true;
    return item_add(st->accels, "-accel", text, "accel", errp);
}

static bool opt_enable_kvm(Startup *st, const char *text, Error **errp)
{
    st->accel_given = true;
    return item_add(st->accels, "-enable-kvm", "kvm", "accel", errp);
}

static bool opt_name(Startup *st, const char *text, Error **errp)
{
    static const char *const known[] = {"guest", "process", "debug-threads", NULL};
    g_autoptr(OptionSet) o = option_set_parse(text, "guest", errp);
    if (!o) {
        return false;
    }
    bool threads;
    const char *guest = option_get(o, "guest");
    option_get(o, "process");
    if (!option_get_bool(o, "debug-threads", true, &threads, errp) || !option_check_unused(o, "-name", known, errp)) {
        return false;
    }
    return !guest || keep(&st->name, guest);
}

static bool opt_uuid(Startup *st, const char *text, Error **errp)
{
    if (!g_uuid_string_is_valid(text)) {
        error_setg(errp, "'%s' is no UUID (like 123e4567-e89b-12d3-a456-426614174000)", text);
        return false;
    }
    return keep(&st->uuid, text);
}

/* Letters as on a PC: a and b floppies, c the first disk, d the first CD-ROM, n to p networks. */
static bool check_drives(const char *key, const char *letters, Error **errp)
{
    for (const char *c = letters; c && *c; c++) {
        if (*c < 'a' || *c > 'p') {
            error_setg(errp, "Invalid boot device '%c' in %s=%s: letters from a to p name them (a floppy, c disk, d CD-ROM, n network)", *c, key, letters);
            return false;
        }
        if (strchr(c + 1, *c)) {
            error_setg(errp, "Boot device '%c' was given twice in %s=%s", *c, key, letters);
            return false;
        }
    }
    return true;
}

static bool get_time(OptionSet *o, const char *key, int *out, Error **errp)
{
    uint64_t v;
    const char *text = option_get(o, key);
    if (!text || !strcmp(text, "-1")) {
        return true;
    }
    if (!option_get_u64(o, key, 0, &v, errp)) {
        return false;
    }
    if (v > 0xffff) {
        error_setg(errp, "%s=%s is more than 65535 milliseconds", key, text);
        return false;
    }
    *out = (int)v;
    return true;
}

static bool opt_boot(Startup *st, const char *text, Error **errp)
{
    static const char *const known[] = {"order", "once", "menu", "splash", "splash-time", "reboot-timeout", "strict", NULL};
    g_autoptr(OptionSet) o = option_set_parse(text, "order", errp);
    if (!o) {
        return false;
    }
    const char *order = option_get(o, "order"), *once = option_get(o, "once"), *splash = option_get(o, "splash");
    if (!check_drives("order", order, errp) || !check_drives("once", once, errp) || !option_get_bool(o, "menu", st->boot_menu, &st->boot_menu, errp) ||
        !option_get_bool(o, "strict", st->boot_strict, &st->boot_strict, errp) || !get_time(o, "splash-time", &st->boot_splash_time, errp) ||
        !get_time(o, "reboot-timeout", &st->boot_reboot_timeout, errp)) {
        return false;
    }
    st->boot_menu_given |= option_has(o, "menu");
    return (!order || keep(&st->boot_order, order)) && (!once || keep(&st->boot_once, once)) && (!splash || keep(&st->boot_splash, splash)) &&
           option_check_unused(o, "-boot", known, errp);
}

static bool opt_no_acpi(Startup *st, const char *text, Error **errp)
{
    option_set_put(st->machine, "acpi", "off");
    return true;
}

static bool opt_no_hpet(Startup *st, const char *text, Error **errp)
{
    option_set_put(st->machine, "hpet", "off");
    return true;
}

static bool opt_smbios(Startup *st, const char *text, Error **errp)
{
    if (!item_add(st->smbios, "-smbios", text, NULL, errp)) {
        return false;
    }
#ifdef HAVE_HW
    return smbios_check_option(((VlItem *)st->smbios->pdata[st->smbios->len - 1])->opts, errp);
#else
    return true;
#endif
}

static bool parse_rtc_date(const char *text, int64_t *offset_ns, Error **errp)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autofree char *full = strchr(text, 'T') ? g_strdup(text) : g_strconcat(text, "T00:00:00", NULL);
    g_autoptr(GDateTime) dt = g_date_time_new_from_iso8601(full, utc);
    if (!dt) {
        error_setg(errp, "base '%s' is not utc, localtime or a date like 2026-06-17T16:01:21", text);
        return false;
    }
    *offset_ns = (g_date_time_to_unix(dt) - g_get_real_time() / G_USEC_PER_SEC) * NS_PER_SEC;
    return true;
}

static bool opt_rtc(Startup *st, const char *text, Error **errp)
{
    static const char *const known[] = {"base", "clock", "driftfix", NULL};
    static const char *const clocks[] = {"host", "rt", "vm", NULL}, *const fixes[] = {"none", "slew", NULL};
    g_autoptr(OptionSet) o = option_set_parse(text, NULL, errp);
    if (!o) {
        return false;
    }
    const char *base = option_get(o, "base"), *clock = option_get(o, "clock"), *fix = option_get(o, "driftfix");
    if (fix && !g_strv_contains(fixes, fix)) {
        error_set_unknown(errp, fix, fixes, "driftfix '%s' is not none or slew", fix);
        return false;
    }
    if (clock && !g_strv_contains(clocks, clock)) {
        error_set_unknown(errp, clock, clocks, "clock '%s' is not host, rt or vm", clock);
        return false;
    }
    if (base && !strcmp(base, "localtime")) {
        time_t now = time(NULL);
        struct tm tm;
        localtime_r(&now, &tm);
        st->rtc_offset_ns = (int64_t)tm.tm_gmtoff * NS_PER_SEC;
    } else if (base && strcmp(base, "utc") && !parse_rtc_date(base, &st->rtc_offset_ns, errp)) {
        return false;
    }
    return option_check_unused(o, "-rtc", known, errp);
}

static const OptionRow rows[] = {
    {"machine", "M", ARG_TEXT, "[type=]NAME[,PROP=VALUE...]", "the machine ('-machine help' lists them; '-machine NAME,help' its properties)\naccel=NAME picks the accelerator, dumpdtb=FILE writes the device tree and ends", opt_machine},
    {"target", NULL, ARG_TEXT, "NAME", "the architecture, where the program's name does not say it (riscv64)", opt_target},
    {"cpu", NULL, ARG_TEXT, "MODEL[,PROP=VALUE...]", "the CPU model ('-cpu help')", opt_cpu},
    {"accel", NULL, ARG_TEXT, "NAME[,PROP=VALUE...]", "what runs guest code ('-accel help'); given again: fallbacks in that order", opt_accel},
    {"one-insn-per-tb", "singlestep", ARG_NONE, NULL, "translate each instruction by itself (to find errors of the translator)", opt_one_insn},
    {"smp", NULL, ARG_TEXT, "[cpus=]N[,maxcpus=M][,sockets=S][,cores=C][,threads=T]", "number of CPUs and their topology", opt_smp},
    {"m", NULL, ARG_TEXT, "[size=]SIZE[,slots=N,maxmem=SIZE]", "guest memory; MiB where no suffix (K, M, G, T) is given", opt_memory},
    {"mem-path", NULL, ARG_TEXT, "PATH", "guest memory from a file, or an unnamed file in a directory", opt_mem_path},
    {"mem-prealloc", NULL, ARG_NONE, NULL, "allocate guest memory at the start", opt_mem_prealloc},
    {"name", NULL, ARG_TEXT, "NAME", "a name for the guest", opt_name},
    {"uuid", NULL, ARG_TEXT, "UUID", "the machine's UUID", opt_uuid},
    {"kernel", NULL, ARG_TEXT, "FILE", "boot this kernel directly", opt_kernel},
    {"initrd", NULL, ARG_TEXT, "FILE", "initial RAM disk for the kernel", opt_initrd},
    {"append", NULL, ARG_TEXT, "TEXT", "command line of the kernel", opt_append},
    {"dtb", NULL, ARG_TEXT, "FILE", "device tree to use instead of the machine's own", opt_dtb},
    {"bios", NULL, ARG_TEXT, "FILE", "firmware; 'none' for none, 'default' for the machine's own", opt_bios},
    {"L", NULL, ARG_TEXT, "DIR", "look for firmware here first (also $MIMIC_FIRMWARE, a list with colons)", opt_firmware_dir},
    {"boot", NULL, ARG_TEXT, "[order=]DRIVES[,once=DRIVES][,menu=on|off][,strict=on|off][,splash=FILE]\n[,splash-time=MS][,reboot-timeout=MS]",
     "boot order by letters (a floppy, c disk, d CD-ROM, n network), for the first boot once=; strict: nothing else", opt_boot},
    {"rtc", NULL, ARG_TEXT, "[base=utc|localtime|DATE][,clock=host|rt|vm][,driftfix=none|slew]", "the guest's clock", opt_rtc},
    {"smbios", NULL, ARG_TEXT, "type=N[,KEY=VALUE...] or file=FILE", "what the SMBIOS tables say of the machine", opt_smbios},
    {"no-acpi", NULL, ARG_NONE, NULL, "the same as -machine acpi=off", opt_no_acpi},
    {"no-hpet", NULL, ARG_NONE, NULL, "the same as -machine hpet=off", opt_no_hpet},
    {"enable-kvm", NULL, ARG_NONE, NULL, NULL, opt_enable_kvm},
    {"icount", NULL, ARG_TEXT, NULL, NULL, NULL, "instruction counting"},
    {"acpitable", NULL, ARG_TEXT, NULL, NULL, NULL, "ACPI tables"},
    {"numa", NULL, ARG_TEXT, NULL, NULL, NULL, "NUMA"},
    {NULL}};

static const OptionGroup machine_options = {"1 machine", "The machine", rows};
OPTION_GROUP(machine_options);

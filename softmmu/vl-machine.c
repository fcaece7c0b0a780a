/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From -machine, -cpu, -smp, -m and the rest to a configured Machine; lists of machines and CPU models.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vl.h"

/* --- lists --- */

static void print_properties(const MachineRecord *r)
{
    printf("%s.%s options:\n", r->name, "machine");
    static const char *const common[][2] = {
        {"accel=<str>", "accelerators to try, separated by ':'"}, {"append=<str>", "command line of the kernel"},
        {"dtb=<str>", "device tree file"}, {"dumpdtb=<str>", "write the device tree to a file and end"},
        {"firmware=<str>", "firmware file"}, {"initrd=<str>", "initial RAM disk"}, {"kernel=<str>", "kernel file"},
        {"memory-backend=<str>", "id of the object that main memory is made of"}, {NULL}};
    for (int i = 0; common[i][0]; i++) {
        printf("  %-24s - %s\n", common[i][0], common[i][1]);
    }
    for (const Field *f = r->fields; f && f->name; f++) {
        if ((f->flags & FIELD_PROP) && !(f->flags & FIELD_HIDDEN)) {
            g_autofree char *left = g_strdup_printf("%s=<%s>", f->name, field_type_name(f));
            printf("  %-24s - %s\n", left, f->help ? f->help : "");
        }
    }
}

void vl_print_machines(Startup *st, const char *name)
{
    if (name) {
        Error *err = NULL;
        const MachineRecord *r = machine_find(name, st->target, &err);
        if (!r) {
            error_report_err(err);
            exit(EXIT_FAILURE);
        }
        print_properties(r);
        return;
    }
    printf("Supported machines are:\n");
    for (const MachineRecord *const *p = machine_list(); *p; p++) {
        const MachineRecord *r = *p;
        if (st->target && r->target && strcmp(r->target, st->target)) {
            continue;
        }
        g_autofree char *full = !st->target && r->target ? g_strdup_printf("%s/%s", r->target, r->name) : g_strdup(r->name);
        if (r->alias) {
            g_autofree char *alias = !st->target && r->target ? g_strdup_printf("%s/%s", r->target, r->alias) : g_strdup(r->alias);
            printf("%-20s %s (alias of %s)\n", alias, r->desc, r->name);
        }
        printf("%-20s %s%s\n", full, r->desc, r->is_default ? " (default)" : "");
    }
}

/* "rv64-riscv-cpu" is model "rv64": all but the last two parts. */
static char *model_name(const char *type)
{
    char *name = g_strdup(type);
    for (int i = 0; i < 2; i++) {
        char *dash = strrchr(name, '-');
        if (dash) {
            *dash = 0;
        }
    }
    return name;
}

void vl_print_cpus(Startup *st)
{
    const TargetRecord *t = st->record && st->record->target ? target_find(st->record->target) : NULL;
    if (!t) {
        printf("This machine has no CPUs.\n");
        return;
    }
    g_autofree const TypeRecord **types = type_list(t->cpu_base, false);
    printf("Available CPUs:\n");
    for (const TypeRecord **p = types; *p; p++) {
        g_autofree char *name = model_name((*p)->name);
        printf("  %-20s %s\n", name, (*p)->help ? (*p)->help : "");
    }
}

/* --- choice --- */

bool vl_choose_machine(Startup *st, Error **errp)
{
    const char *type = option_get(st->machine, "type");
    if (type) {
        st->record = machine_find(type, st->target, errp);
        return st->record != NULL;
    }
    st->record = machine_default(st->target);
    if (st->record) {
        return true;
    }
    bool target_known = !st->target;
    for (const MachineRecord *const *p = machine_list(); *p; p++) {
        target_known |= (*p)->target && st->target && !strcmp((*p)->target, st->target);
    }
    if (!target_known) {
        error_setg(errp, "this version has no machines for target '%s'", st->target);
    } else {
        error_setg(errp, "no machine specified, and there is no default (-machine help lists them)");
    }
    return false;
}

/* --- CPUs --- */

static bool get_count(OptionSet *o, const char *key, unsigned *out, Error **errp)
{
    uint64_t v;
    if (!option_get_u64(o, key, 0, &v, errp)) {
        return false;
    }
    if (option_has(o, key) && v == 0) {
        error_setg(errp, "Invalid CPU topology: %s must be greater than zero", key);
        return false;
    }
    if (v > 65536) {
        error_setg(errp, "Invalid CPU topology: %s=%" PRIu64 " is too large", key, v);
        return false;
    }
    *out = (unsigned)v;
    return true;
}

bool vl_parse_smp(Startup *st, Error **errp)
{
    static const char *const known[] = {"cpus", "maxcpus", "sockets", "dies", "clusters", "cores", "threads", NULL};
    unsigned cpus, max, sockets, dies, clusters, cores, threads;
    Machine *m = st->m;
    OptionSet *o = st->smp;
    if (!o) {
        return true;
    }
    if (!get_count(o, "cpus", &cpus, errp) || !get_count(o, "maxcpus", &max, errp) || !get_count(o, "sockets", &sockets, errp) ||
        !get_count(o, "dies", &dies, errp) || !get_count(o, "clusters", &clusters, errp) || !get_count(o, "cores", &cores, errp) ||
        !get_count(o, "threads", &threads, errp) || !option_check_unused(o, "-smp", known, errp)) {
        return false;
    }
    if (dies > 1 || clusters > 1) {
        error_setg(errp, "machine '%s' has no dies or clusters", st->record->name);
        return false;
    }
    unsigned total = max ? max : cpus;
    if (!total) {
        total = MAX(sockets, 1) * MAX(cores, 1) * MAX(threads, 1);
    }
    /* what is not given follows from the rest; cores before sockets before threads */
    if (!cores) {
        sockets = sockets ? sockets : 1;
        threads = threads ? threads : 1;
        cores = MAX(total / (sockets * threads), 1);
    } else if (!sockets) {
        threads = threads ? threads : 1;
        sockets = MAX(total / (cores * threads), 1);
    }
    threads = threads ? threads : MAX(total / (sockets * cores), 1);
    max = max ? max : MAX(total, cpus);
    cpus = cpus ? cpus : max;
    uint64_t product = (uint64_t)sockets * cores * threads;
    if (max < cpus) {
        error_setg(errp, "Invalid CPU topology: maxcpus (%u) must be equal to or greater than cpus (%u)", max, cpus);
        return false;
    }
    if (product != max) {
        error_setg(errp, "Invalid CPU topology: sockets (%u) * cores (%u) * threads (%u) must be maxcpus (%u)", sockets, cores, threads, max);
        return false;
    }
    unsigned limit = st->record->max_cpus ? st->record->max_cpus : 1;
    if (max > limit) {
        error_setg(errp, "Invalid SMP CPUs %u. The max CPUs supported by machine '%s' is %u", max, st->record->name, limit);
        return false;
    }
    m->cpu_count = cpus;
    m->max_cpus = max;
    m->sockets = sockets;
    m->cores = cores;
    m->threads = threads;
    return true;
}

/* --- memory --- */

bool vl_parse_memory(Startup *st, Error **errp)
{
    static const char *const known[] = {"size", "slots", "maxmem", NULL};
    Machine *m = st->m;
    OptionSet *o = st->memory;
    const char *text = o ? option_get(o, "size") : NULL;
    uint64_t size, slots, maxmem;
    if (!o) {
        return true;
    }
    if (text) {
        g_autofree char *mib = *text && g_ascii_isdigit(text[strlen(text) - 1]) ? g_strconcat(text, "M", NULL) : g_strdup(text);
        if (!parse_size(mib, &size, errp)) {
            error_prepend(errp, "size of memory: ");
            return false;
        }
        if (!size) {
            error_setg(errp, "the size of memory must be greater than zero");
            return false;
        }
        if (size > UINT64_MAX - 8191) {
            error_setg(errp, "%s of memory is too much", text);
            return false;
        }
        m->ram_size = (size + 8191) & ~UINT64_C(8191);
    }
    if (!option_get_u64(o, "slots", 0, &slots, errp) || !option_get_size(o, "maxmem", m->ram_size, &maxmem, errp) ||
        !option_check_unused(o, "-m", known, errp)) {
        return false;
    }
    if (maxmem < m->ram_size) {
        error_setg(errp, "maxmem (%" PRIu64 ") is less than the size of memory (%" PRIu64 ")", maxmem, m->ram_size);
        return false;
    }
    return true;
}

/* --- -machine properties --- */

static bool common_property(Startup *st, const char *key, const char *value, bool *known, Error **errp)
{
    Machine *m = st->m;
    const struct {
        const char *key;
        char **slot;
    } texts[] = {{"kernel", &st->kernel}, {"initrd", &st->initrd}, {"append", &st->append},
                 {"dtb", &st->dtb}, {"dumpdtb", &m->dumpdtb}, {"firmware", &st->bios}};
    *known = true;
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        if (!strcmp(texts[i].key, key)) {
            if (!*texts[i].slot) { /* -kernel and the like win */
                *texts[i].slot = g_strdup(value);
            }
            return true;
        }
    }
    if (!strcmp(key, "type") || !strcmp(key, "accel") || !strcmp(key, "memory-backend")) {
        return true;
    }
    static const char *const switches[] = {"usb", "dump-guest-core", "mem-merge", "graphics", "suppress-vmdesc", "hmat", "nvdimm", NULL};
    for (int i = 0; switches[i]; i++) {
        if (!strcmp(switches[i], key)) {
            bool on;
            if (!parse_bool(key, value, &on, errp)) {
                return false;
            }
            if (on && (!strcmp(key, "usb") || !strcmp(key, "hmat") || !strcmp(key, "nvdimm"))) {
                error_setg(errp, "'%s=on': machine '%s' has no %s", key, st->record->name, key);
                return false;
            }
            return true;
        }
    }
    *known = false;
    return true;
}

typedef struct PropertyWalk {
    Startup *st;
    Error *err;
} PropertyWalk;

static void one_property(const char *key, const char *value, void *opaque)
{
    PropertyWalk *w = opaque;
    const MachineRecord *r = w->st->record;
    bool known;
    if (w->err || !common_property(w->st, key, value, &known, &w->err) || known) {
        return;
    }
    const Field *f = r->fields ? field_find(r->fields, key) : NULL;
    if (f && (f->flags & FIELD_PROP)) {
        field_parse(f, w->st->m->board, value, &w->err);
        return;
    }
    static const char *const common[] = {"accel", "append", "dtb", "dumpdtb", "firmware", "initrd", "kernel", "memory-backend", NULL};
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (int i = 0; common[i]; i++) {
        g_ptr_array_add(names, (gpointer)common[i]);
    }
    for (f = r->fields; f && f->name; f++) {
        g_ptr_array_add(names, (gpointer)f->name);
    }
    g_ptr_array_add(names, NULL);
    error_set_unknown(&w->err, key, (const char *const *)names->pdata, "machine '%s' has no property '%s' (-machine %s,help lists them)", r->name, key, r->name);
}

static bool set_ram_backend(Startup *st, Error **errp)
{
    Machine *m = st->m;
    const char *id = option_get(st->machine, "memory-backend");
    if (!id) {
        return true;
    }
    Object *objects = object_get_child(m->root, "objects");
    Object *obj = objects ? object_get_child(objects, id) : NULL;
    if (!obj || !object_is_a(obj, "memory-backend")) {
        error_setg(errp, "-machine memory-backend=%s: there is no memory backend '%s' (-object memory-backend-ram,id=%s,size=...)", id, id, id);
        return false;
    }
    g_autofree char *size = object_get(obj, "size", NULL);
    uint64_t bytes;
    if (!st->memory && size && parse_size(size, &bytes, NULL)) {
        m->ram_size = bytes;
    }
    m->ram_backend = obj;
    return true;
}

bool vl_configure_machine(Startup *st, Error **errp)
{
    Machine *m = st->m;
    PropertyWalk w = {.st = st};
    option_foreach(st->machine, one_property, &w);
    if (w.err) {
        error_propagate(errp, w.err);
        return false;
    }
    if (!vl_parse_smp(st, errp) || !vl_parse_memory(st, errp) || !set_ram_backend(st, errp)) {
        return false;
    }
    if (st->append && !st->kernel) {
        error_setg(errp, "-append only allowed with -kernel option");
        return false;
    }
    if (st->initrd && !st->kernel) {
        error_setg(errp, "-initrd only allowed with -kernel option");
        return false;
    }
    if (st->vga && strcmp(st->vga, "none") && g_strcmp0(st->record->default_block_interface, "ide")) { /* not a PC */
        error_setg(errp, "-vga %s: machine '%s' has no graphic card of its own (-device VGA adds one where there is PCI)", st->vga, st->record->name);
        return false;
    }
    char **const from[] = {&st->name, &st->cpu, &st->kernel, &st->initrd, &st->append, &st->dtb, &st->bios, &st->mem_path, &st->boot_order,
                           &st->boot_once, &st->boot_splash, &st->vga};
    char **const to[] = {&m->name, &m->cpu_model, &m->kernel, &m->initrd, &m->append, &m->dtb, &m->firmware, &m->mem_path, &m->boot_order,
                         &m->boot_once, &m->boot_splash, &m->vga};
    for (size_t i = 0; i < G_N_ELEMENTS(from); i++) {
        g_free(*to[i]);
        *to[i] = g_strdup(*from[i]);
    }
    if (st->uuid) {
        g_strlcpy(m->uuid, st->uuid, sizeof(m->uuid));
    }
    for (unsigned i = 0; i < st->firmware_dirs->len; i++) {
        g_ptr_array_add(m->firmware_dirs, g_strdup(st->firmware_dirs->pdata[i]));
    }
    for (unsigned i = 0; i < st->smbios->len; i++) {
        g_ptr_array_add(m->smbios, ((VlItem *)st->smbios->pdata[i])->opts);
    }
    m->boot_splash_time = st->boot_splash_time;
    m->boot_reboot_timeout = st->boot_reboot_timeout;
    m->boot_menu = st->boot_menu;
    m->boot_menu_given = st->boot_menu_given;
    m->boot_strict = st->boot_strict;
    vl_note_default_drives(st);
    m->mem_prealloc = st->mem_prealloc;
    m->rtc_offset_ns = st->rtc_offset_ns;
    m->nodefaults = st->nodefaults;
    m->no_reboot = st->no_reboot;
    m->no_shutdown = st->no_shutdown;
    m->panic_exit = st->panic_exit;
    m->start_paused = st->paused;
    m->graphics = !st->nographic;
    return true;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line: looks options up in the table, calls their handlers, and makes help out of the same table.
 *
 * One dash and two are the same. A word without a dash is a disk image. An unknown option is an error that suggests the
 * nearest one; one that is known but cannot be served says what is missing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/log.h"
#include "util/registry.h"
#include "vl.h"

REGISTRY_OWN(option_group);

static const OptionGroup *const *groups(void)
{
    size_t n;
    return (const OptionGroup *const *)REGISTRY_SORTED(option_group, &n);
}

static const OptionRow *find_row(const char *name)
{
    for (const OptionGroup *const *g = groups(); *g; g++) {
        for (const OptionRow *r = (*g)->rows; r->name; r++) {
            if (!strcmp(r->name, name) || (r->alias && !strcmp(r->alias, name))) {
                return r;
            }
        }
    }
    return NULL;
}

static bool unknown_option(const char *name, Error **errp)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (const OptionGroup *const *g = groups(); *g; g++) {
        for (const OptionRow *r = (*g)->rows; r->name; r++) {
            if (!r->missing) {
                g_ptr_array_add(names, (gpointer)r->name);
            }
        }
    }
    g_ptr_array_add(names, NULL);
    ERRP_GUARD();
    const char *near = suggest_nearest(name, (const char *const *)names->pdata);
    error_setg(errp, "-%s: invalid option", name);
    if (near) {
        error_append_hint(errp, "Did you mean '-%s'?", near);
    } else {
        error_append_hint(errp, "Try -help %s.", name);
    }
    return false;
}

/* --- help --- */

static bool row_matches(const OptionRow *r, const OptionGroup *g, const char *word)
{
    g_autofree char *hay = g_strconcat(r->name, " ", r->alias ? r->alias : "", " ", r->form ? r->form : "", " ",
                                       r->help ? r->help : "", " ", g->title, NULL);
    g_autofree char *low = g_ascii_strdown(hay, -1), *needle = g_ascii_strdown(word, -1);
    return strstr(low, needle) != NULL;
}

static void print_row(const OptionRow *r)
{
    g_autofree char *left = g_strdup_printf("-%s%s%s%s%s", r->name, r->alias ? ", -" : "", r->alias ? r->alias : "", r->form ? " " : "",
                                            r->form ? r->form : "");
    const char *help = r->help ? r->help : "";
    if (strlen(left) <= 26) {
        printf("  %-26s  ", left);
    } else {
        printf("  %s\n%*s", left, 30, "");
    }
    for (const char *nl; (nl = strchr(help, '\n')); help = nl + 1) {
        printf("%.*s\n%*s", (int)(nl - help), help, 30, "");
    }
    printf("%s\n", help);
}

void print_help(Startup *st, const char *word)
{
    bool any = false;
    if (!word) {
        print_version(st);
        printf("usage: %s [options] [disk_image]\n\n'disk_image' is a disk image for the machine's default disk.\n", st->program);
    }
    for (const OptionGroup *const *g = groups(); *g; g++) {
        bool title = false;
        for (const OptionRow *r = (*g)->rows; r->name; r++) {
            if (r->missing || !r->help || (word && !row_matches(r, *g, word))) {
                continue;
            }
            if (!title) {
                printf("%s%s:\n", any ? "\n" : "", (*g)->title);
                title = any = true;
            }
            print_row(r);
        }
    }
    if (!any) {
        printf("No option has to do with '%s'.\n", word);
    } else if (!word) {
        printf("\n-help WORD shows only what has to do with a word; most options explain their values with 'help'.\n"
               "On a multiplexed console Ctrl-A h lists its keys: Ctrl-A x ends, Ctrl-A c goes to the monitor.\n");
    }
}

void print_version(Startup *st)
{
    if (st->qemu_name) {
        printf("QEMU emulator version 7.2.0 (Mimic " MIMIC_VERSION ")\n");
    } else {
        printf("mimic version " MIMIC_VERSION "\n");
    }
}

void vl_exit_help(void)
{
    fflush(stdout);
    exit(EXIT_SUCCESS);
}

/* --- items --- */

static void item_free(gpointer opaque)
{
    VlItem *i = opaque;
    g_free(i->text);
    option_set_free(i->opts);
    g_free(i);
}

void item_add_plain(GPtrArray *list, const char *option, const char *text)
{
    VlItem *i = g_new0(VlItem, 1);
    i->option = option;
    i->text = g_strdup(text);
    g_ptr_array_add(list, i);
}

bool item_add(GPtrArray *list, const char *option, const char *text, const char *implied, Error **errp)
{
    OptionSet *o = option_set_parse(text, implied, errp);
    if (!o) {
        return false;
    }
    item_add_plain(list, option, text);
    ((VlItem *)list->pdata[list->len - 1])->opts = o;
    return true;
}

static void merge_one(const char *key, const char *value, void *opaque) { option_set_put(opaque, key, value); }

void merge_options(OptionSet *into, OptionSet *from) { option_foreach(from, merge_one, into); }

/* --- the whole line --- */

Startup *startup_new(const char *argv0)
{
    Startup *st = g_new0(Startup, 1);
    const char *slash = strrchr(argv0, '/');
    st->program = slash ? slash + 1 : argv0;
    if (g_str_has_prefix(st->program, "qemu-system-")) {
        st->qemu_name = true;
        st->target = g_strdup(st->program + strlen("qemu-system-"));
    } else if (g_str_has_prefix(st->program, "mimic-system-")) {
        st->target = g_strdup(st->program + strlen("mimic-system-"));
    }
    st->machine = option_set_new();
    st->ready_fd = st->escape = -1;
    st->boot_splash_time = st->boot_reboot_timeout = -1;
    GPtrArray **const lists[] = {&st->accels, &st->chardevs, &st->objects, &st->drives, &st->blockdevs, &st->netdevs, &st->nics,
                                 &st->nets, &st->devices, &st->globals, &st->serials, &st->monitors, &st->mons, &st->gdbs, &st->fw_cfgs,
                                 &st->smbios};
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        *lists[i] = g_ptr_array_new_with_free_func(item_free);
    }
    st->firmware_dirs = g_ptr_array_new_with_free_func(g_free);
    return st;
}

void startup_free(Startup *st)
{
    GPtrArray *const lists[] = {st->accels, st->chardevs, st->objects, st->drives, st->blockdevs, st->netdevs, st->nics, st->nets,
                                st->devices, st->globals, st->serials, st->monitors, st->mons, st->gdbs, st->fw_cfgs, st->smbios,
                                st->firmware_dirs};
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        g_ptr_array_free(lists[i], true);
    }
    char *const texts[] = {st->target, st->cpu, st->name, st->uuid, st->mem_path, st->kernel, st->initrd, st->append, st->dtb, st->bios,
                           st->boot_order, st->boot_once, st->boot_splash, st->vga, st->pidfile, st->log_file};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_free(texts[i]);
    }
    OptionSet *const sets[] = {st->machine, st->smp, st->memory, st->sandbox_opts};
    for (size_t i = 0; i < G_N_ELEMENTS(sets); i++) {
        if (sets[i]) {
            option_set_free(sets[i]);
        }
    }
    g_free(st);
}

bool startup_parse(Startup *st, int argc, char **argv, Error **errp)
{
    ERRP_GUARD();
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (word[0] != '-' || !word[1]) {
            g_autoptr(OptionSet) o = option_set_new();
            option_set_put(o, "file", word);
            option_set_put(o, "index", "0");
            option_set_put(o, "media", "disk");
            item_add_plain(st->drives, "disk image", word);
            ((VlItem *)st->drives->pdata[st->drives->len - 1])->opts = g_steal_pointer(&o);
            continue;
        }
        const char *name = word + (word[1] == '-' ? 2 : 1);
        const OptionRow *r = *name ? find_row(name) : NULL;
        if (!r) {
            return unknown_option(name, errp);
        }
        const char *text = NULL;
        if (r->arg == ARG_TEXT) {
            if (!strcmp(r->name, "help") && (i + 1 >= argc || argv[i + 1][0] == '-')) {
                print_help(st, NULL);
                vl_exit_help();
            }
            if (i + 1 >= argc) {
                error_setg(errp, "-%s: requires an argument (-%s %s)", name, name, r->form ? r->form : "ARG");
                return false;
            }
            text = argv[++i];
        }
        if (r->missing) {
            error_setg(errp, "-%s%s%s: this version has no %s", name, text ? " " : "", text ? text : "", r->missing);
            return false;
        }
        if (!r->handle(st, text, errp)) {
            error_prepend(errp, "-%s%s%s: ", name, text ? " " : "", text ? text : "");
            return false;
        }
    }
    return true;
}

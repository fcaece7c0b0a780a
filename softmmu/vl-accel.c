/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -accel: the accelerators there are, and the first of those asked for that can be had.
 */
#include <stdio.h>
#include <string.h>

#include "vl.h"
#ifdef HAVE_TCG
#include "accel/tcg/tcg-accel.h"

static bool accel_add(void *accel, CpuState *cpu, Error **errp) { return tcg_accel_add_cpu(accel, cpu, errp); }
static void accel_run(void *accel, CpuState *cpu) { tcg_accel_run(accel, cpu); }
static const AccelOps tcg_ops = {.name = "tcg", .thread_tag = "TCG", .add_cpu = accel_add, .run = accel_run};

static bool make_tcg(Startup *st, OptionSet *opts, Error **errp)
{
    Machine *m = st->m;
    if (st->one_insn && !option_has(opts, "one-insn")) {
        option_set_put(opts, "one-insn", "on");
    }
    m->tcg = tcg_accel_new(m, opts, errp);
    m->accel = m->tcg;
    m->accel_ops = m->tcg ? &tcg_ops : NULL;
    return m->tcg != NULL;
}

void vl_free_accel(Machine *m)
{
    if (m->tcg) {
        tcg_accel_free(m->tcg);
        m->tcg = NULL;
    }
}
#else
static bool make_tcg(Startup *st, OptionSet *opts, Error **errp) { return true; }
void vl_free_accel(Machine *m) {}
#endif

static bool make_kvm(Startup *st, OptionSet *opts, Error **errp)
{
    error_setg(errp, "this version cannot use KVM; 'tcg' translates guest code on any host");
    return false;
}

static const struct {
    const char *name;
    bool there;
    bool (*make)(Startup *st, OptionSet *opts, Error **errp);
} accels[] = {{"tcg", true, make_tcg}, {"kvm", false, make_kvm}};

void vl_print_accels(void)
{
    printf("Accelerators supported in QEMU binary:\n");
    for (size_t i = 0; i < G_N_ELEMENTS(accels); i++) {
        if (accels[i].there) {
            printf("%s\n", accels[i].name);
        }
    }
}

static bool make_named(Startup *st, const char *name, OptionSet *opts, Error **errp)
{
    static const char *const names[] = {"tcg", "kvm", NULL};
    for (size_t i = 0; i < G_N_ELEMENTS(accels); i++) {
        if (!strcmp(accels[i].name, name)) {
            return accels[i].make(st, opts, errp);
        }
    }
    error_set_unknown(errp, name, names, "there is no accelerator '%s' (-accel help lists them)", name);
    return false;
}

bool vl_make_accel(Startup *st, Error **errp)
{
    const char *list = option_get(st->machine, "accel");
    if (list && st->accel_given) {
        error_setg(errp, "-accel and -machine accel= cannot be given together");
        return false;
    }
    if (!list && !st->accel_given) {
        list = "tcg";
    }
    g_auto(GStrv) names = list ? g_strsplit(list, ":", -1) : NULL;
    unsigned count = list ? g_strv_length(names) : st->accels->len;
    for (unsigned i = 0; i < count; i++) {
        g_autoptr(OptionSet) none = option_set_new();
        OptionSet *opts = list ? none : ((VlItem *)st->accels->pdata[i])->opts;
        const char *name = list ? names[i] : option_get(opts, "accel");
        Error *err = NULL;
        if (make_named(st, name ? name : "", opts, &err)) {
            return list || option_check_unused(opts, "-accel", NULL, errp);
        }
        if (i + 1 == count) {
            error_propagate(errp, err);
            return false;
        }
        error_free(err); /* the next one is asked for as its substitute */
    }
    return true;
}

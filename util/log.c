/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log: items chosen by `-d`, one destination chosen by `-D`.
 *
 * A line is formatted and written under one recursive lock, so lines of several threads never mix and a holder of
 * log_lock() may call log_printf(). The mask is a plain word that hot paths test without a lock; a change becomes
 * visible to other threads soon, which is all that is promised.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "util/log.h"

uint32_t log_mask;

static GRecMutex log_guard;
static FILE *log_file; /* NULL: stderr */

static const struct {
    const char *name;
    uint32_t mask;
    const char *help;
} log_items[] = {
    {"in_asm", LOG_IN_ASM, "show guest code of each translated region"},
    {"op", LOG_OP, "show TinyCode of each translated region"},
    {"op_opt", LOG_OP_OPT, "show TinyCode after optimisation"},
    {"out_asm", LOG_OUT_ASM, "show generated host code"},
    {"int", LOG_INT, "show exceptions and interrupts"},
    {"exec", LOG_EXEC, "show each region entered through the dispatcher"},
    {"cpu", LOG_CPU, "show registers with 'exec'"},
    {"mmu", LOG_MMU, "show page walks and TLB flushes"},
    {"guest_errors", LOG_GUEST_ERROR, "show when the guest does what the specification forbids"},
    {"unimp", LOG_UNIMP, "show when the guest uses what is not implemented"},
    {"profile", LOG_PROFILE, "show a profile of the regions at exit"},
    {"nochain", LOG_NOCHAIN, "do not link regions to each other"},
    {"page", LOG_PAGE, "show invalidation of translated code"},
    {"cpu_reset", LOG_RESET, "show state at reset"},
    {"strace", LOG_STRACE, "show system calls of user-mode programs"},
};

void log_print_items(FILE *out)
{
    fprintf(out, "Log items (comma separated):\n");
    for (size_t i = 0; i < G_N_ELEMENTS(log_items); i++) {
        fprintf(out, "%-15s %s\n", log_items[i].name, log_items[i].help);
    }
    fprintf(out, "%-15s %s\n", "all", "all of them but 'nochain'");
    fprintf(out, "%-15s %s\n", "trace:PATTERN", "trace events, as -trace PATTERN");
}

static bool add_item(const char *word, uint32_t *mask, Error **errp)
{
    const char *names[G_N_ELEMENTS(log_items) + 2] = {"all"};

    if (!strcmp(word, "all")) {
        for (size_t i = 0; i < G_N_ELEMENTS(log_items); i++) {
            *mask |= log_items[i].mask & ~LOG_NOCHAIN;
        }
        return true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(log_items); i++) {
        names[i + 1] = log_items[i].name;
        if (!strcmp(word, log_items[i].name)) {
            *mask |= log_items[i].mask;
            return true;
        }
    }
    error_set_unknown(errp, word, names, "unknown log item '%s' (-d help lists them)", word);
    return false;
}

bool log_parse_items(const char *text, uint32_t *mask, Error **errp)
{
    g_auto(GStrv) words = g_strsplit(text, ",", -1);
    uint32_t result = 0;

    for (char **w = words; *w; w++) {
        if (!strcmp(*w, "help") || !strcmp(*w, "?")) {
            log_print_items(stdout);
            return false;
        }
        if (!strcmp(*w, "none") || !**w) {
            continue;
        }
        if (!add_item(*w, &result, errp)) {
            return false;
        }
    }
    *mask = result;
    return true;
}

void log_set_mask(uint32_t mask)
{
    __atomic_store_n(&log_mask, mask, __ATOMIC_RELAXED);
}

bool log_set_file(const char *path, Error **errp)
{
    /* One %d in the name is the process id, as users of several machines at a time want it. */
    const char *percent = strstr(path, "%d");
    g_autofree char *name = percent ? g_strdup_printf("%.*s%d%s", (int)(percent - path), path, (int)getpid(), percent + 2)
                                    : g_strdup(path);
    FILE *f = fopen(name, "we"); /* e: not inherited by helpers */

    if (!f) {
        error_setg_errno(errp, errno, "cannot open log file '%s'", name);
        return false;
    }
    g_rec_mutex_lock(&log_guard);
    if (log_file) {
        fclose(log_file);
    }
    log_file = f;
    g_rec_mutex_unlock(&log_guard);
    return true;
}

FILE *log_lock(void)
{
    g_rec_mutex_lock(&log_guard);
    return log_file ? log_file : stderr;
}

void log_unlock(FILE *f)
{
    fflush(f);
    g_rec_mutex_unlock(&log_guard);
}

void log_printf(LogItem item, const char *fmt, ...)
{
    va_list ap;
    FILE *f;

    if (!log_on(item)) {
        return;
    }
    f = log_lock();
    va_start(ap, fmt);
    vfprintf(f, fmt, ap);
    va_end(ap);
    log_unlock(f);
}

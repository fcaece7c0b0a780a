/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds a command by its name and reads its arguments by its declaration (HmpCommand.args). `info X` is the command "info X" of the
 * table; `x/4xw addr` is `x` with a format.
 */
#include "internal.h"

#include <string.h>

REGISTRY_OWN(hmp_command);

static const HmpCommand *const *commands(size_t *count)
{
    return (const HmpCommand *const *)REGISTRY_SORTED(hmp_command, count);
}

const char *hmp_arg_str(HmpArgs *a, const char *name)
{
    return g_hash_table_lookup(a->strings, name);
}

bool hmp_arg_u64(HmpArgs *a, const char *name, uint64_t *v)
{
    uint64_t *found = g_hash_table_lookup(a->numbers, name);
    if (found) {
        *v = *found;
    }
    return found;
}

bool hmp_arg_flag(HmpArgs *a, char letter)
{
    return g_ascii_islower(letter) && (a->flags >> (letter - 'a') & 1);
}

static bool has_name(const HmpCommand *c, const char *word)
{
    if (!strcmp(c->name, word)) {
        return true;
    }
    g_auto(GStrv) aliases = g_strsplit(c->aliases ? c->aliases : "", "|", -1);
    return g_strv_contains((const char *const *)aliases, word);
}

static const HmpCommand *find(const char *word)
{
    size_t count;
    const HmpCommand *const *all = commands(&count);
    for (size_t i = 0; i < count; i++) {
        if (has_name(all[i], word)) {
            return all[i];
        }
    }
    return NULL;
}

static void unknown(Monitor *mon, const char *word)
{
    size_t count;
    const HmpCommand *const *all = commands(&count);
    g_autofree const char **names = g_new0(const char *, count + 1);
    for (size_t i = 0; i < count; i++) {
        names[i] = all[i]->name;
    }
    const char *near = suggest_nearest(word, names);
    monitor_printf(mon, "unknown command: '%s'%s%s%s\n", word, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static const char *skip_spaces(const char *p)
{
    while (*p == ' ' || *p == '\t') {
        p++;
    }
    return p;
}

static char *take_word(const char **p)
{
    *p = skip_spaces(*p);
    const char *start = *p;
    if (*start == '"') {
        GString *word = g_string_new(NULL);
        const char *q = start + 1;
        for (; *q && *q != '"'; q++) {
            if (*q == '\\' && q[1]) {
                q++;
            }
            g_string_append_c(word, *q);
        }
        *p = *q ? q + 1 : q;
        return g_string_free(word, FALSE);
    }
    while (**p && **p != ' ' && **p != '\t') {
        (*p)++;
    }
    return g_strndup(start, (gsize)(*p - start));
}

/* "/10xw" behind a command's name. */
static bool take_format(HmpArgs *a, const char **p, Error **errp)
{
    a->fmt.count = 1;
    *p = skip_spaces(*p);
    if (**p != '/') {
        return true;
    }
    (*p)++;
    if (g_ascii_isdigit(**p)) {
        char *end;
        a->fmt.count = (unsigned)MIN(g_ascii_strtoull(*p, &end, 10), 65536u);
        *p = end;
    }
    for (; **p && **p != ' ' && **p != '\t'; (*p)++) {
        switch (**p) {
        case 'x': case 'd': case 'u': case 'o': case 'c': case 'i': a->fmt.format = **p; break;
        case 'b': a->fmt.size = 1; break;
        case 'h': a->fmt.size = 2; break;
        case 'w': a->fmt.size = 4; break;
        case 'g': a->fmt.size = 8; break;
        default:
            error_setg(errp, "invalid format letter '%c'; letters are x d u o c i and sizes b h w g", **p);
            return false;
        }
    }
    return true;
}

/* Registers are those of a CPU that stands still. */
static bool eval(Monitor *mon, const char **p, uint64_t *v, Error **errp)
{
    CpuState *cpu = monitor_cpu(mon);
    if (!cpu) {
        error_setg(errp, "there is no CPU");
        return false;
    }
    bool pause = strchr(*p, '$') && machine_is_running(mon->machine);
    if (pause) {
        cpus_pause_all(mon->machine);
    }
    bool good = expr_eval(cpu, p, v, errp);
    if (pause) {
        cpus_resume_all(mon->machine);
    }
    return good;
}

static bool read_one(Monitor *mon, const char *spec, const char **p, HmpArgs *a, Error **errp)
{
    g_auto(GStrv) part = g_strsplit(spec, ":", 2);
    const char *type = part[1];
    bool optional = g_str_has_suffix(type, "?");
    *p = skip_spaces(*p);
    if (type[0] == '-') {
        if ((*p)[0] == '-' && (*p)[1] == type[1] && ((*p)[2] == 0 || (*p)[2] == ' ')) {
            a->flags |= 1u << (type[1] - 'a');
            *p += 2;
        }
        return true;
    }
    if (type[0] == '/') {
        return take_format(a, p, errp);
    }
    if (!**p) {
        if (!optional) {
            error_setg(errp, "argument '%s' is missing", part[0]);
        }
        return optional;
    }
    switch (type[0]) {
    case 's': g_hash_table_insert(a->strings, g_strdup(part[0]), take_word(p)); return true;
    case 'S':
        g_hash_table_insert(a->strings, g_strdup(part[0]), g_strdup(*p));
        *p += strlen(*p);
        return true;
    default: {
        uint64_t v;
        if (!eval(mon, p, &v, errp)) {
            return false;
        }
        g_hash_table_insert(a->numbers, g_strdup(part[0]), g_memdup2(&v, sizeof(v)));
        return true;
    }
    }
}

static bool read_args(Monitor *mon, const HmpCommand *c, const char *p, HmpArgs *a, Error **errp)
{
    g_auto(GStrv) specs = g_strsplit(c->args ? c->args : "", ",", -1);
    for (char **spec = specs; *spec && **spec; spec++) {
        if (!read_one(mon, *spec, &p, a, errp)) {
            return false;
        }
    }
    p = skip_spaces(p);
    if (*p) {
        error_setg(errp, "'%s' was not expected", p);
        return false;
    }
    return true;
}

/* The command a line begins with; *rest behind its name. */
static const HmpCommand *parse_name(Monitor *mon, const char *line, const char **rest)
{
    const char *p = skip_spaces(line);
    size_t len = strcspn(p, " \t/");
    g_autofree char *word = g_strndup(p, len);
    p += len;
    if (!strcmp(word, "info")) {
        g_autofree char *sub = take_word(&p);
        g_autofree char *full = g_strdup_printf("info %s", sub);
        const HmpCommand *c = *sub ? find(full) : NULL;
        if (!c && *sub) {
            unknown(mon, full);
        } else if (!c) {
            hmp_print_help(mon, "info");
        }
        *rest = p;
        return c;
    }
    const HmpCommand *c = find(word);
    if (!c && *word) {
        unknown(mon, word);
    }
    *rest = p;
    return c;
}

void hmp_dispatch(Monitor *mon, const char *line)
{
    const char *rest;
    const HmpCommand *c = parse_name(mon, line, &rest);
    if (!c) {
        return;
    }
    HmpArgs args = {
        .strings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
        .numbers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
    };
    Error *err = NULL;
    if (read_args(mon, c, rest, &args, &err)) {
        c->run(mon, &args);
    } else {
        monitor_printf(mon, "%s: %s\n", c->name, error_message(err));
        if (error_hint(err)) {
            monitor_printf(mon, "%s\n", error_hint(err));
        }
        monitor_printf(mon, "Try \"help %s\" for more information\n", c->name);
        error_free(err);
    }
    g_hash_table_destroy(args.strings);
    g_hash_table_destroy(args.numbers);
}

void hmp_print_help(Monitor *mon, const char *word)
{
    size_t count, shown = 0;
    const HmpCommand *const *all = commands(&count);
    for (size_t i = 0; i < count; i++) {
        const HmpCommand *c = all[i];
        bool is_info = g_str_has_prefix(c->name, "info ");
        bool wanted = !word ? !is_info
                            : has_name(c, word) || (is_info && (!strcmp(word, "info") || !strcmp(word, c->name + 5)));
        if (wanted) {
            monitor_printf(mon, "%s%s%s%s%s -- %s\n", c->name, c->aliases ? "|" : "", c->aliases ? c->aliases : "",
                           c->params && *c->params ? " " : "", c->params ? c->params : "", c->help);
            shown++;
        }
    }
    if (!word) {
        monitor_printf(mon, "info SUBJECT -- show what the machine is doing; 'help info' lists the subjects\n");
    } else if (!shown) {
        unknown(mon, word);
    }
}

char **hmp_complete(Monitor *mon, const char *head)
{
    g_autoptr(GPtrArray) out = g_ptr_array_new();
    size_t count;
    const HmpCommand *const *all = commands(&count);
    head = skip_spaces(head);
    bool info = g_str_has_prefix(head, "info ");
    bool help = g_str_has_prefix(head, "help ");
    const char *typed = skip_spaces(info || help ? head + 5 : head);
    if (strchr(typed, ' ')) {
        return NULL;
    }
    if (!info && !help && g_str_has_prefix("info", typed)) {
        g_ptr_array_add(out, g_strdup("info"));
    }
    for (size_t i = 0; i < count; i++) {
        bool is_info = g_str_has_prefix(all[i]->name, "info ");
        const char *name = all[i]->name + (is_info ? 5 : 0);
        if (is_info == info && g_str_has_prefix(name, typed)) {
            g_ptr_array_add(out, g_strdup(name));
        }
    }
    g_ptr_array_add(out, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&out), FALSE);
}

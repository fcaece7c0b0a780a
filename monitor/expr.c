/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Expressions as typed at the monitor: + - | ^ & * / % ~ ( ), decimal and 0x numbers, 'c', and $register. 64-bit, wrapping. Precedence
 * from low to high: | ^ &, + -, * / %, unary. Depth is bounded.
 */
#include "internal.h"

#include <string.h>

typedef struct Expr {
    CpuState *cpu;
    const char *p;
    int depth;
    Error **errp;
} Expr;

static bool sum(Expr *e, uint64_t *v);

static void skip_spaces(Expr *e)
{
    while (*e->p == ' ' || *e->p == '\t') {
        e->p++;
    }
}

static bool register_value(Expr *e, uint64_t *v)
{
    size_t len = strspn(e->p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    g_autofree char *name = g_strndup(e->p, len);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (const RegisterRecord *r = e->cpu->target->registers; r->name; r++) {
        if (!g_ascii_strcasecmp(r->name, name)) {
            *v = r->get(e->cpu, r);
            e->p += len;
            return true;
        }
        g_ptr_array_add(names, (void *)(uintptr_t)r->name);
    }
    g_ptr_array_add(names, NULL);
    error_setg(e->errp, "unknown register '$%s'", name);
    const char *near = suggest_nearest(name, (const char *const *)names->pdata);
    if (near) {
        error_append_hint(e->errp, "Did you mean '$%s'?", near);
    }
    return false;
}

static bool primary(Expr *e, uint64_t *v)
{
    skip_spaces(e);
    if (++e->depth > 64) {
        error_setg(e->errp, "expression is nested too deeply");
        return false;
    }
    bool good = true;
    char *end;
    switch (*e->p) {
    case '(':
        e->p++;
        good = sum(e, v);
        skip_spaces(e);
        if (good && *e->p != ')') {
            error_setg(e->errp, "')' expected");
            good = false;
        }
        e->p += good;
        break;
    case '-':
        e->p++;
        good = primary(e, v);
        *v = 0 - *v;
        break;
    case '+':
        e->p++;
        good = primary(e, v);
        break;
    case '~':
        e->p++;
        good = primary(e, v);
        *v = ~*v;
        break;
    case '\'':
        good = e->p[1] && e->p[2] == '\'';
        if (good) {
            *v = (uint8_t)e->p[1];
            e->p += 3;
        } else {
            error_setg(e->errp, "character constant is not closed");
        }
        break;
    case '$':
        e->p++;
        good = register_value(e, v);
        break;
    default:
        if (!g_ascii_isdigit(*e->p)) {
            error_setg(e->errp, *e->p ? "unexpected '%c' in expression" : "expression expected", *e->p);
            good = false;
            break;
        }
        *v = g_ascii_strtoull(e->p, &end, 0);
        e->p = end;
        break;
    }
    e->depth--;
    return good;
}

static bool product(Expr *e, uint64_t *v)
{
    if (!primary(e, v)) {
        return false;
    }
    for (;;) {
        uint64_t w;
        skip_spaces(e);
        char op = *e->p;
        if ((op != '*' && op != '/' && op != '%') || (op == '/' && g_ascii_isalpha(e->p[1]))) {
            return true; /* "/tmp/file" is the next argument */
        }
        e->p++;
        if (!primary(e, &w)) {
            return false;
        }
        if (op != '*' && w == 0) {
            error_setg(e->errp, "division by zero");
            return false;
        }
        *v = op == '*' ? *v * w : op == '/' ? *v / w : *v % w;
    }
}

static bool addition(Expr *e, uint64_t *v)
{
    if (!product(e, v)) {
        return false;
    }
    for (;;) {
        uint64_t w;
        skip_spaces(e);
        char op = *e->p;
        if (op != '+' && op != '-') {
            return true;
        }
        e->p++;
        if (!product(e, &w)) {
            return false;
        }
        *v = op == '+' ? *v + w : *v - w;
    }
}

static bool sum(Expr *e, uint64_t *v)
{
    if (!addition(e, v)) {
        return false;
    }
    for (;;) {
        uint64_t w;
        skip_spaces(e);
        char op = *e->p;
        if (op != '&' && op != '|' && op != '^') {
            return true;
        }
        e->p++;
        if (!addition(e, &w)) {
            return false;
        }
        *v = op == '&' ? *v & w : op == '|' ? *v | w : *v ^ w;
    }
}

bool expr_eval(CpuState *cpu, const char **text, uint64_t *value, Error **errp)
{
    Expr e = {.cpu = cpu, .p = *text, .errp = errp};
    bool good = sum(&e, value);
    *text = e.p;
    return good;
}

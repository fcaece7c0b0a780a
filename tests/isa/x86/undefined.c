/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The status flags that instructions leave undefined: from "Flags Affected" of each instruction's page (SDM 2A-2D).
 * Nothing else is left out of comparisons.
 */
#include <string.h>

#include <glib.h>

#include "generate.h"

static const struct {
    const char *name; /* glob */
    uint32_t flags;
} table[] = {
    {"and", EFL_AF},
    {"or", EFL_AF},
    {"xor", EFL_AF},
    {"test", EFL_AF},
    {"mul", EFL_SF | EFL_ZF | EFL_AF | EFL_PF},
    {"imul", EFL_SF | EFL_ZF | EFL_AF | EFL_PF},
    {"div", EFL_STATUS},
    {"idiv", EFL_STATUS},
    {"bt", EFL_OF | EFL_SF | EFL_AF | EFL_PF},
    {"bts", EFL_OF | EFL_SF | EFL_AF | EFL_PF},
    {"btr", EFL_OF | EFL_SF | EFL_AF | EFL_PF},
    {"btc", EFL_OF | EFL_SF | EFL_AF | EFL_PF},
    {"bsf", EFL_STATUS & ~EFL_ZF},
    {"bsr", EFL_STATUS & ~EFL_ZF},
    {"lzcnt", EFL_OF | EFL_SF | EFL_AF | EFL_PF},
    {"tzcnt", EFL_OF | EFL_SF | EFL_AF | EFL_PF},
    {"andn", EFL_AF | EFL_PF},
    {"bextr", EFL_AF | EFL_SF | EFL_PF},
    {"blsi", EFL_AF | EFL_PF},
    {"blsr", EFL_AF | EFL_PF},
    {"blsmsk", EFL_AF | EFL_PF},
    {"bzhi", EFL_AF | EFL_PF},
    {"aaa", EFL_OF | EFL_SF | EFL_ZF | EFL_PF},
    {"aas", EFL_OF | EFL_SF | EFL_ZF | EFL_PF},
    {"aam", EFL_OF | EFL_AF | EFL_CF},
    {"aad", EFL_OF | EFL_AF | EFL_CF},
    {"daa", EFL_OF},
    {"das", EFL_OF},
};

static bool is_shift(const char *name)
{
    static const char *const names[] = {"shl", "sal", "shr", "sar", "shld", "shrd", "rol", "ror", "rcl", "rcr"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* -1: not known. */
static int shift_count(const X86Insn *d, int cl)
{
    const X86Operand *last = &d->op[d->op_count - 1];
    unsigned mask = d->op[0].bytes == 8 ? 63 : 31;
    if (last->kind == X86_OP_IMM) {
        return (int)(last->imm & mask);
    }
    return cl < 0 ? -1 : (int)((unsigned)cl & mask);
}

static uint32_t shift_flags(const X86Insn *d, int cl)
{
    const char *name = d->row->name;
    int count = shift_count(d, cl), bits = 8 * d->op[0].bytes;
    bool rotate = name[0] == 'r';
    if (count == 0) {
        return 0;
    }
    uint32_t u = rotate ? 0 : EFL_AF;
    u |= count == 1 ? 0 : EFL_OF;
    if (!rotate && strcmp(name, "sar") != 0 && (count < 0 || count >= bits)) {
        u |= EFL_CF;
    }
    return u;
}

uint32_t undefined_flags(const X86Insn *d, int cl)
{
    const char *name = d->row->name;
    if (is_shift(name)) {
        return shift_flags(d, cl);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if (strcmp(table[i].name, name) == 0) {
            return table[i].flags;
        }
    }
    return 0;
}

bool undefined_result(const X86Insn *d)
{
    const char *name = d->row->name;
    if (strcmp(name, "shld") == 0 || strcmp(name, "shrd") == 0) { /* by more than the width */
        int count = shift_count(d, -1);
        return d->op[0].bytes == 2 && (count < 0 || count > 16);
    }
    return strcmp(name, "bswap") == 0 && d->opsize == 2;
}

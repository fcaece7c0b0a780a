/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of passes.
 */
#include "internal.h"

#include <stdlib.h>

static void check(const TcgRegion *r, const char *pass)
{
    g_autoptr(Error) err = NULL;

    if (tcg_full(r)->check && !tcg_verify(r, &err)) {
        error_report("TinyCode is not valid after %s: %s", pass, error_message(err));
        tcg_print(r, stderr);
        abort(); /* only in a checking run: a bug of the translator */
    }
}

void tcg_optimize(TcgRegion *r)
{
    check(r, "the frontend");
    tcg_pass_promote(r);
    check(r, "promotion");
    tcg_pass_fold(r);
    check(r, "folding");
    tcg_pass_dce(r);
    check(r, "dead code elimination");
}

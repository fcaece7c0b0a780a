/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flags as values. A flags value lives in the frame in its lazy form (TcgLazyFlags).
 */
#include "cg.h"

bool lower_flags(Cg *c, const TcgInsn *in)
{
    if (in->op == TCG_OP_BRFLAGS || in->op == TCG_OP_EXIT_FLAGS) {
        c->unsupported = "branches on flags";
        return true;
    }
    return false;
}

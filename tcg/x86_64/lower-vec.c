/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Vector operations: those that one SSE4.2 or AVX instruction does; everything else goes through the reference function.
 */
#include "cg.h"

bool lower_vec(Cg *c, const TcgInsn *in)
{
    return false;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's floating-point environment in MXCSR's layout, by <fenv.h>: for hosts without a file of their own.
 * Flush-to-zero and the denormal flag are not there.
 */
#include <fenv.h>

#include "reference-internal.h"

static const struct {
    int host;
    uint32_t mxcsr;
} flags[] = {{FE_INVALID, FPE_INVALID}, {FE_DIVBYZERO, FPE_DIVZERO}, {FE_OVERFLOW, FPE_OVERFLOW}, {FE_UNDERFLOW, FPE_UNDERFLOW}, {FE_INEXACT, FPE_INEXACT}};
static const int rounds[] = {FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};

uint32_t tcg_host_fp_get(void)
{
    int set = fetestexcept(FE_ALL_EXCEPT), round = fegetround();
    uint32_t mxcsr = 0x1f80;

    for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        mxcsr |= set & flags[i].host ? flags[i].mxcsr : 0;
    }
    for (unsigned i = 0; i < 4; i++) {
        mxcsr |= rounds[i] == round ? i << 13 : 0;
    }
    return mxcsr;
}

void tcg_host_fp_set(uint32_t mxcsr)
{
    feclearexcept(FE_ALL_EXCEPT);
    for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (mxcsr & flags[i].mxcsr) {
            feraiseexcept(flags[i].host);
        }
    }
    fesetround(rounds[mxcsr >> 13 & 3]);
}

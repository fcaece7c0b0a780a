/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host CPU can do beyond the baseline (x86-64-v2). AVX and its kin count only where the operating system
 * saves the wide registers (XGETBV). MIMIC_X86_FEATURES=baseline in the environment turns everything off, for tests.
 *
 * Reference: Intel SDM volume 2, CPUID.
 */
#include <cpuid.h>
#include <stdlib.h>

#include "cg.h"

uint32_t x86_features(void)
{
    unsigned a, b, c, d, feat = 0;
    const char *env = getenv("MIMIC_X86_FEATURES");

    if (env && !strcmp(env, "baseline"))
        return 0;
    if (!__get_cpuid(1, &a, &b, &c, &d))
        return 0;
    if (c & bit_MOVBE)
        feat |= FEAT_MOVBE;
    if (c & bit_AES)
        feat |= FEAT_AES;
    if (c & bit_PCLMUL)
        feat |= FEAT_PCLMUL;
    bool os_avx = false;
    if (c & bit_OSXSAVE) {
        unsigned lo, hi;
        __asm__("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
        os_avx = (lo & 6) == 6;
    }
    if (os_avx && (c & bit_AVX)) {
        feat |= FEAT_AVX;
        if (c & bit_FMA)
            feat |= FEAT_FMA;
        if (c & bit_F16C)
            feat |= FEAT_F16C;
    }
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
        if (b & 1u << 29)
            feat |= FEAT_SHA;
        if (b & bit_BMI)
            feat |= FEAT_BMI1;
        if (b & bit_BMI2)
            feat |= FEAT_BMI2;
        if ((feat & FEAT_AVX) && (b & bit_AVX2))
            feat |= FEAT_AVX2;
    }
    if (__get_cpuid(0x80000001, &a, &b, &c, &d) && (c & bit_LZCNT))
        feat |= FEAT_LZCNT;
    /* VEX-encoded integer instructions need the operating system's AVX support as well */
    if (!os_avx)
        feat &= ~(unsigned)(FEAT_BMI1 | FEAT_BMI2);
    if (env && !strcmp(env, "noavx"))
        feat &= ~(unsigned)(FEAT_AVX | FEAT_AVX2 | FEAT_FMA | FEAT_F16C);
    return feat;
}

const char *x86_features_text(uint32_t feat)
{
    static const char *const names[] = {"bmi1", "bmi2", "lzcnt", "fma", "avx", "avx2", "f16c", "movbe", "aes", "pclmul", "sha"};
    GString *s = g_string_new(NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
        if (feat >> i & 1)
            g_string_append_printf(s, "%s%s", s->len ? " " : "", names[i]);
    return g_string_free(s, FALSE);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPUID features by name, as users of -cpu know them, and what this emulator provides. Private to the CPU models.
 *
 * X(word, bit, name, provided). Properties are bool members X86Cpu.cfg.feature[n], n the place in this list. "provided" is
 * what translated code and the system part implement: 1; 0: known, but asking for it warns (or fails with `enforce`).
 */
#ifndef X86_FEATURES_H
#define X86_FEATURES_H

#include "x86-cpu.h"

#define X86_FEATURE_LIST(X)                                                                                            \
    X(1_EDX, 0, "fpu", 1) X(1_EDX, 1, "vme", 1) X(1_EDX, 2, "de", 1) X(1_EDX, 3, "pse", 1) X(1_EDX, 4, "tsc", 1)       \
    X(1_EDX, 5, "msr", 1) X(1_EDX, 6, "pae", 1) X(1_EDX, 7, "mce", 1) X(1_EDX, 8, "cx8", 1) X(1_EDX, 9, "apic", 1)     \
    X(1_EDX, 11, "sep", 1) X(1_EDX, 12, "mtrr", 1) X(1_EDX, 13, "pge", 1) X(1_EDX, 14, "mca", 1)                       \
    X(1_EDX, 15, "cmov", 1) X(1_EDX, 16, "pat", 1) X(1_EDX, 17, "pse36", 1) X(1_EDX, 18, "pn", 0)                      \
    X(1_EDX, 19, "clflush", 1) X(1_EDX, 21, "ds", 0) X(1_EDX, 22, "acpi", 1) X(1_EDX, 23, "mmx", 1)                    \
    X(1_EDX, 24, "fxsr", 1) X(1_EDX, 25, "sse", 1) X(1_EDX, 26, "sse2", 1) X(1_EDX, 27, "ss", 1) X(1_EDX, 28, "ht", 1) \
    X(1_EDX, 29, "tm", 0) X(1_EDX, 30, "ia64", 0) X(1_EDX, 31, "pbe", 0)                                               \
    X(1_ECX, 0, "pni", 1) X(1_ECX, 1, "pclmulqdq", 1) X(1_ECX, 2, "dtes64", 0) X(1_ECX, 3, "monitor", 1)               \
    X(1_ECX, 4, "ds-cpl", 0) X(1_ECX, 5, "vmx", 0) X(1_ECX, 6, "smx", 0) X(1_ECX, 7, "est", 0) X(1_ECX, 8, "tm2", 0)   \
    X(1_ECX, 9, "ssse3", 1) X(1_ECX, 10, "cid", 0) X(1_ECX, 12, "fma", 1) X(1_ECX, 13, "cx16", 1)                      \
    X(1_ECX, 14, "xtpr", 0) X(1_ECX, 15, "pdcm", 0) X(1_ECX, 17, "pcid", 1) X(1_ECX, 18, "dca", 0)                     \
    X(1_ECX, 19, "sse4.1", 1) X(1_ECX, 20, "sse4.2", 1) X(1_ECX, 21, "x2apic", 1) X(1_ECX, 22, "movbe", 1)             \
    X(1_ECX, 23, "popcnt", 1) X(1_ECX, 24, "tsc-deadline", 1) X(1_ECX, 25, "aes", 1) X(1_ECX, 26, "xsave", 1)          \
    X(1_ECX, 28, "avx", 1) X(1_ECX, 29, "f16c", 1) X(1_ECX, 30, "rdrand", 1) X(1_ECX, 31, "hypervisor", 1)             \
    X(7_EBX, 0, "fsgsbase", 1) X(7_EBX, 1, "tsc-adjust", 1) X(7_EBX, 2, "sgx", 0) X(7_EBX, 3, "bmi1", 1)               \
    X(7_EBX, 4, "hle", 0) X(7_EBX, 5, "avx2", 1) X(7_EBX, 6, "fdp-excptn-only", 0) X(7_EBX, 7, "smep", 1)              \
    X(7_EBX, 8, "bmi2", 1) X(7_EBX, 9, "erms", 1) X(7_EBX, 10, "invpcid", 1) X(7_EBX, 11, "rtm", 0)                    \
    X(7_EBX, 13, "zero-fcs-fds", 0) X(7_EBX, 14, "mpx", 0) X(7_EBX, 16, "avx512f", 0) X(7_EBX, 17, "avx512dq", 0)      \
    X(7_EBX, 18, "rdseed", 1) X(7_EBX, 19, "adx", 1) X(7_EBX, 20, "smap", 1) X(7_EBX, 21, "avx512ifma", 0)             \
    X(7_EBX, 22, "pcommit", 0) X(7_EBX, 23, "clflushopt", 1) X(7_EBX, 24, "clwb", 1) X(7_EBX, 25, "intel-pt", 0)       \
    X(7_EBX, 26, "avx512pf", 0) X(7_EBX, 27, "avx512er", 0) X(7_EBX, 28, "avx512cd", 0) X(7_EBX, 29, "sha-ni", 1)      \
    X(7_EBX, 30, "avx512bw", 0) X(7_EBX, 31, "avx512vl", 0)                                                            \
    X(7_ECX, 1, "avx512vbmi", 0) X(7_ECX, 2, "umip", 1) X(7_ECX, 3, "pku", 1) X(7_ECX, 5, "waitpkg", 0)                \
    X(7_ECX, 6, "avx512vbmi2", 0) X(7_ECX, 8, "gfni", 0) X(7_ECX, 9, "vaes", 1) X(7_ECX, 10, "vpclmulqdq", 1)          \
    X(7_ECX, 11, "avx512vnni", 0) X(7_ECX, 12, "avx512bitalg", 0) X(7_ECX, 14, "avx512-vpopcntdq", 0)                  \
    X(7_ECX, 16, "la57", 1) X(7_ECX, 22, "rdpid", 1) X(7_ECX, 24, "bus-lock-detect", 0) X(7_ECX, 25, "cldemote", 0)    \
    X(7_ECX, 27, "movdiri", 0) X(7_ECX, 28, "movdir64b", 0) X(7_ECX, 30, "sgxlc", 0) X(7_ECX, 31, "pks", 0)            \
    X(7_EDX, 2, "avx512-4vnniw", 0) X(7_EDX, 3, "avx512-4fmaps", 0) X(7_EDX, 4, "fsrm", 1)                             \
    X(7_EDX, 8, "avx512-vp2intersect", 0) X(7_EDX, 10, "md-clear", 0) X(7_EDX, 14, "serialize", 0)                     \
    X(7_EDX, 16, "tsx-ldtrk", 0) X(7_EDX, 19, "arch-lbr", 0) X(7_EDX, 22, "amx-bf16", 0) X(7_EDX, 23, "avx512-fp16", 0) \
    X(7_EDX, 24, "amx-tile", 0) X(7_EDX, 25, "amx-int8", 0) X(7_EDX, 26, "spec-ctrl", 0) X(7_EDX, 27, "stibp", 0)      \
    X(7_EDX, 28, "flush-l1d", 0) X(7_EDX, 29, "arch-capabilities", 0) X(7_EDX, 30, "core-capability", 0)               \
    X(7_EDX, 31, "ssbd", 0)                                                                                            \
    X(7_1_EAX, 4, "avx-vnni", 0) X(7_1_EAX, 5, "avx512-bf16", 0) X(7_1_EAX, 10, "fzrm", 0) X(7_1_EAX, 11, "fsrs", 0)   \
    X(7_1_EAX, 12, "fsrc", 0)                                                                                          \
    X(8001_EDX, 11, "syscall", 1) X(8001_EDX, 19, "mp", 0) X(8001_EDX, 20, "nx", 1) X(8001_EDX, 22, "mmxext", 1)       \
    X(8001_EDX, 25, "fxsr-opt", 1) X(8001_EDX, 26, "pdpe1gb", 1) X(8001_EDX, 27, "rdtscp", 1) X(8001_EDX, 29, "lm", 1) \
    X(8001_EDX, 30, "3dnowext", 0) X(8001_EDX, 31, "3dnow", 0)                                                         \
    X(8001_ECX, 0, "lahf-lm", 1) X(8001_ECX, 1, "cmp-legacy", 1) X(8001_ECX, 2, "svm", 0) X(8001_ECX, 3, "extapic", 0) \
    X(8001_ECX, 4, "cr8legacy", 0) X(8001_ECX, 5, "abm", 1) X(8001_ECX, 6, "sse4a", 0) X(8001_ECX, 7, "misalignsse", 0) \
    X(8001_ECX, 8, "3dnowprefetch", 1) X(8001_ECX, 9, "osvw", 0) X(8001_ECX, 10, "ibs", 0) X(8001_ECX, 11, "xop", 0)   \
    X(8001_ECX, 12, "skinit", 0) X(8001_ECX, 13, "wdt", 0) X(8001_ECX, 15, "lwp", 0) X(8001_ECX, 16, "fma4", 0)        \
    X(8001_ECX, 17, "tce", 0) X(8001_ECX, 19, "nodeid-msr", 0) X(8001_ECX, 21, "tbm", 0) X(8001_ECX, 22, "topoext", 1) \
    X(8001_ECX, 23, "perfctr-core", 0) X(8001_ECX, 24, "perfctr-nb", 0)                                                \
    X(8007_EDX, 8, "invtsc", 1)                                                                                        \
    X(8008_EBX, 0, "clzero", 0) X(8008_EBX, 2, "xsaveerptr", 0) X(8008_EBX, 4, "rdpru", 0) X(8008_EBX, 9, "wbnoinvd", 1) \
    X(8008_EBX, 12, "ibpb", 0) X(8008_EBX, 14, "ibrs", 0) X(8008_EBX, 15, "amd-stibp", 0) X(8008_EBX, 24, "amd-ssbd", 0) \
    X(8008_EBX, 25, "virt-ssbd", 0) X(8008_EBX, 26, "amd-no-ssb", 0)                                                   \
    X(D_1_EAX, 0, "xsaveopt", 1) X(D_1_EAX, 1, "xsavec", 1) X(D_1_EAX, 2, "xgetbv1", 1) X(D_1_EAX, 3, "xsaves", 1)     \
    X(6_EAX, 2, "arat", 1)

typedef struct X86FeatureName {
    const char *name;
    uint16_t feature; /* word << 5 | bit */
    bool provided;
} X86FeatureName;
enum {
#define X(word, bit, name, provided) +1
    X86_FEATURE_COUNT = 0 X86_FEATURE_LIST(X)
#undef X
};
extern const X86FeatureName x86_feature_names[X86_FEATURE_COUNT];
/* Number in x86_feature_names, -1: unknown. Takes '_' for '-' and the other spellings in use ("sse4_1", "xd", "sse3"). */
int x86_feature_find(const char *name);
/* "CPUID[EAX=01h].ECX.pcid [bit 17]" */
char *x86_feature_describe(unsigned n);
/* A name that the reference has for something outside of the CPUID words here (virtualization, paravirtual interfaces): never there. */
bool x86_feature_is_foreign(const char *name);

/* --- model-table.c --- */
typedef enum X86ModelKind { X86_MODEL_LIST, X86_MODEL_MAX, X86_MODEL_BASE, X86_MODEL_HOST } X86ModelKind;
typedef struct X86ModelRecord {
    const char *name;
    X86ModelKind kind;
    const struct X86ModelRecord *base; /* whose features it has as well */
    const char *add, *drop;            /* feature names, blank separated */
    const char *vendor, *model_id;
    uint32_t family, model, stepping, level, xlevel;
    uint32_t phys_bits;                /* 0: 40, or 36 and 32 without long mode */
} X86ModelRecord;
#define X86_MODEL_CLASS TYPE_X86_CPU /* whose class data is an X86ModelRecord */
void x86_model_apply(X86Cpu *x, const X86ModelRecord *m); /* features, identity into cfg */

#endif

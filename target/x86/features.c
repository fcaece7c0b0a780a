/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of CPUID features: the table, spellings, where they stand; and the decode configurations that region flags refer to.
 */
#include <string.h>

#include "features.h"

G_STATIC_ASSERT(X86_FEATURE_COUNT <= X86_FEATURE_NAMES_MAX);

const X86FeatureName x86_feature_names[X86_FEATURE_COUNT] = {
#define X(word, bit, name_, provided_) {name_, X86_F(word, bit), provided_},
    X86_FEATURE_LIST(X)
#undef X
};

static const struct {
    const char *other, *name;
} spellings[] = {
    {"sse3", "pni"}, {"pclmuldq", "pclmulqdq"}, {"sse4-1", "sse4.1"}, {"sse4-2", "sse4.2"}, {"xd", "nx"}, {"ffxsr", "fxsr-opt"},
    {"i64", "lm"}, {"clflush-opt", "clflushopt"}, {"lzcnt", "abm"}, {"sha", "sha-ni"}, {"kvm-steal-tm", "kvm-steal-time"},
};

int x86_feature_find(const char *name)
{
    g_autofree char *plain = g_strdelimit(g_strdup(name), "_", '-');
    const char *wanted = plain;
    for (size_t i = 0; i < G_N_ELEMENTS(spellings); i++) {
        if (!strcmp(plain, spellings[i].other)) {
            wanted = spellings[i].name;
        }
    }
    for (unsigned i = 0; i < X86_FEATURE_COUNT; i++) {
        if (!strcmp(x86_feature_names[i].name, wanted)) {
            return (int)i;
        }
    }
    return -1;
}

char *x86_feature_describe(unsigned n)
{
    static const struct {
        const char *leaf, *reg;
    } words[X86_FEATW_COUNT] = {
        [X86_FEATW_1_EDX] = {"01H", "EDX"}, [X86_FEATW_1_ECX] = {"01H", "ECX"}, [X86_FEATW_7_EBX] = {"07H", "EBX"},
        [X86_FEATW_7_ECX] = {"07H", "ECX"}, [X86_FEATW_7_EDX] = {"07H", "EDX"}, [X86_FEATW_7_1_EAX] = {"07H.1", "EAX"},
        [X86_FEATW_8001_EDX] = {"80000001H", "EDX"}, [X86_FEATW_8001_ECX] = {"80000001H", "ECX"},
        [X86_FEATW_8007_EDX] = {"80000007H", "EDX"}, [X86_FEATW_8008_EBX] = {"80000008H", "EBX"},
        [X86_FEATW_D_1_EAX] = {"0DH.1", "EAX"}, [X86_FEATW_6_EAX] = {"06H", "EAX"},
    };
    const X86FeatureName *f = &x86_feature_names[n];
    return g_strdup_printf("CPUID.%s:%s.%s [bit %u]", words[f->feature >> 5].leaf, words[f->feature >> 5].reg, f->name,
                           f->feature & 31u);
}

bool x86_feature_is_foreign(const char *name)
{
    static const char *const prefixes[] = {"vmx-", "hv-", "kvm-", "xen-", "svme-", "avx512", "amx-", "sgx-", NULL};
    static const char *const names[] = {
        "npt", "lbrv", "svm-lock", "nrip-save", "tsc-scale", "vmcb-clean", "flushbyasid", "decodeassists", "pause-filter", "pfthreshold",
        "avic", "v-vmsave-vmload", "vgif", "xstore", "xstore-en", "xcrypt", "xcrypt-en", "ace2", "ace2-en", "phe", "phe-en", "pmm", "pmm-en",
        "rdctl-no", "ibrs-all", "rsba", "skip-l1dfl-vmentry", "ssb-no", "mds-no", "pschange-mc-no", "tsx-ctrl", "taa-no", "lmce",
        "xfd", "cmpccxadd", "avx-ifma", "avx-vnni-int8", "avx-ne-convert", "prefetchiti", "amd-psfd", "lam", "kvm-hint-dedicated", NULL,
    };
    g_autofree char *plain = g_strdelimit(g_strdup(name), "_", '-');
    for (unsigned i = 0; prefixes[i]; i++) {
        if (g_str_has_prefix(plain, prefixes[i])) {
            return true;
        }
    }
    return g_strv_contains(names, plain);
}

/* ---- decode configurations ---- */

#define CONFIG_MAX 16
/* What the process knows; entries never change once counted, so readers need no lock. */
static X86DecodeConfig configs[CONFIG_MAX];
static unsigned config_count;
static GMutex config_lock;

bool x86_decode_config_add(const X86DecodeConfig *c, unsigned *number)
{
    g_mutex_lock(&config_lock);
    unsigned n = config_count, i;
    for (i = 0; i < n && memcmp(&configs[i], c, sizeof(*c)); i++) {
    }
    bool room = i < CONFIG_MAX;
    if (room && i == n) {
        configs[i] = *c;
        __atomic_store_n(&config_count, n + 1, __ATOMIC_RELEASE);
    }
    g_mutex_unlock(&config_lock);
    *number = i;
    return room;
}

const X86DecodeConfig *x86_decode_config(uint64_t region_flags)
{
    return &configs[(uint32_t)region_flags >> X86_RF_CONFIG_SHIFT];
}

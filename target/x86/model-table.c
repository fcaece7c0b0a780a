/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CPU models: what each reports about itself, named and made up as the reference's models are. A record names the
 * model it builds upon and what it adds to that and leaves out; QOM types for both targets follow from each.
 */
#include <string.h>

#include "features.h"

#define INTEL "GenuineIntel"
#define AMD "AuthenticAMD"
#define GENERIC_ID "QEMU Virtual CPU version 2.5+"

/* Building blocks: never models by themselves. */
static const X86ModelRecord ppro = {
    .add = "fpu de pse tsc msr mce cx8 pge cmov pat fxsr mmx sse sse2 pae sep apic",
};
static const X86ModelRecord ppro_full = {.base = &ppro, .add = "mtrr clflush mca pse36"};
static const X86ModelRecord core_amd64 = {.base = &ppro_full, .add = "vme syscall nx lm lahf-lm"};

static bool has_word(const char *list, const char *word)
{
    size_t len = strlen(word);
    for (const char *p = list; p && (p = strstr(p, word)); p += len) {
        if ((p == list || p[-1] == ' ') && (p[len] == ' ' || !p[len])) {
            return true;
        }
    }
    return false;
}

static void apply_features(X86Cpu *x, const X86ModelRecord *m)
{
    if (m->base) {
        apply_features(x, m->base);
    }
    for (unsigned i = 0; i < X86_FEATURE_COUNT; i++) {
        if (has_word(m->add, x86_feature_names[i].name)) {
            x->cfg.feature[i] = true;
        } else if (has_word(m->drop, x86_feature_names[i].name)) {
            x->cfg.feature[i] = false;
        }
    }
}

static void set_string(char **to, const char *s)
{
    g_free(*to);
    *to = g_strdup(s ? s : "");
}

void x86_model_apply(X86Cpu *x, const X86ModelRecord *m)
{
    static const char *const not_in_max[] = {"cmp-legacy", "ht", "topoext", "fxsr-opt", NULL};
    memset(x->cfg.feature, 0, sizeof(x->cfg.feature));
    if (m->kind == X86_MODEL_MAX) {
        for (unsigned i = 0; i < X86_FEATURE_COUNT; i++) {
            x->cfg.feature[i] = x86_feature_names[i].provided && !g_strv_contains(not_in_max, x86_feature_names[i].name);
        }
    }
    apply_features(x, m);
    int hypervisor = x86_feature_find("hypervisor");
    x->cfg.feature[hypervisor] = m->kind != X86_MODEL_BASE;
    set_string(&x->cfg.vendor, m->vendor);
    set_string(&x->cfg.model_id, m->model_id);
    x->cfg.family = m->family;
    x->cfg.model = m->model;
    x->cfg.stepping = m->stepping;
    x->cfg.level = m->level;
    x->cfg.xlevel = m->xlevel;
    x->cfg.phys_bits = m->phys_bits;
}

#define MODEL(id_, name_, help_, ...)                                                                                  \
    static const X86ModelRecord id_ = {.name = name_, __VA_ARGS__};                                                    \
    static const TypeRecord id_##_64 = {.name = name_ X86_64_CPU_SUFFIX, .parent = TYPE_X86_64_CPU, .help = help_,     \
                                        .class_kind = X86_MODEL_CLASS, .class_data = &id_};                            \
    static const TypeRecord id_##_32 = {.name = name_ I386_CPU_SUFFIX, .parent = TYPE_I386_CPU, .help = help_,         \
                                        .class_kind = X86_MODEL_CLASS, .class_data = &id_};                            \
    TYPE_REGISTER(id_##_64);                                                                                           \
    TYPE_REGISTER(id_##_32)

/* Generic ones. */
MODEL(qemu64, "qemu64", GENERIC_ID, .base = &ppro_full, .add = "pni cx16 lm syscall nx lahf-lm", .vendor = AMD,
      .model_id = GENERIC_ID, .family = 15, .model = 107, .stepping = 1, .level = 0xd, .xlevel = 0x8000000a);
MODEL(qemu32, "qemu32", GENERIC_ID, .base = &ppro, .add = "pni", .vendor = INTEL, .model_id = GENERIC_ID, .family = 6, .model = 6,
      .stepping = 3, .level = 4, .xlevel = 0x80000004);
MODEL(kvm64, "kvm64", "Common KVM processor", .base = &ppro_full, .add = "vme pni cx16 lm syscall nx", .vendor = INTEL,
      .model_id = "Common KVM processor", .family = 15, .model = 6, .stepping = 1, .level = 0xd, .xlevel = 0x80000008);
MODEL(kvm32, "kvm32", "Common 32-bit KVM processor", .base = &ppro_full, .add = "vme pni", .vendor = INTEL,
      .model_id = "Common 32-bit KVM processor", .family = 15, .model = 6, .stepping = 1, .level = 5, .xlevel = 0x80000008);
MODEL(max, "max", "Enables all features supported by the accelerator in the current host", .kind = X86_MODEL_MAX, .vendor = AMD,
      .model_id = "QEMU TCG CPU version 2.5+", .family = 15, .model = 107, .stepping = 1, .level = 0xd, .xlevel = 0x8000000a);
MODEL(base, "base", "base CPU model type with no features enabled", .kind = X86_MODEL_BASE, .vendor = "", .level = 0xd);
MODEL(host, "host", "processor with all supported host features (only with KVM)", .kind = X86_MODEL_HOST, .vendor = AMD,
      .family = 15, .model = 107, .level = 0xd, .xlevel = 0x8000000a);

/* Intel, old ones. */
MODEL(i486, "486", "Intel 486", .add = "fpu vme pse", .vendor = INTEL, .family = 4, .model = 8, .level = 1, .phys_bits = 32);
MODEL(pentium, "pentium", "Intel Pentium with MMX", .base = &i486, .add = "de tsc msr mce cx8 mmx apic", .vendor = INTEL, .family = 5,
      .model = 4, .stepping = 3, .level = 1, .phys_bits = 32);
MODEL(pentium2, "pentium2", "Intel Pentium II", .base = &pentium, .add = "pae sep mtrr pge mca cmov pat pse36 fxsr", .vendor = INTEL,
      .family = 6, .model = 5, .stepping = 2, .level = 2);
MODEL(pentium3, "pentium3", "Intel Pentium III", .base = &pentium2, .add = "sse", .vendor = INTEL, .family = 6, .model = 7,
      .stepping = 3, .level = 3);
MODEL(coreduo, "coreduo", "Genuine Intel(R) CPU           T2600  @ 2.16GHz", .base = &ppro,
      .add = "vme mtrr clflush mca ds acpi ss ht tm pbe pni monitor vmx est tm2 xtpr pdcm nx", .vendor = INTEL,
      .model_id = "Genuine Intel(R) CPU           T2600  @ 2.16GHz", .family = 6, .model = 14, .stepping = 8, .level = 10,
      .xlevel = 0x80000008);
MODEL(core2duo, "core2duo", "Intel(R) Core(TM)2 Duo CPU     T7700  @ 2.40GHz", .base = &core_amd64,
      .add = "ds acpi ss ht tm pbe pni ssse3 dtes64 monitor ds-cpl vmx est tm2 cx16 xtpr pdcm", .vendor = INTEL,
      .model_id = "Intel(R) Core(TM)2 Duo CPU     T7700  @ 2.40GHz", .family = 6, .model = 15, .stepping = 11, .level = 10,
      .xlevel = 0x80000008);
MODEL(n270, "n270", "Intel(R) Atom(TM) CPU N270   @ 1.60GHz", .base = &ppro,
      .add = "mtrr clflush mca vme ds acpi ss ht tm pbe pni ssse3 dtes64 monitor ds-cpl est tm2 xtpr movbe nx lahf-lm", .vendor = INTEL,
      .model_id = "Intel(R) Atom(TM) CPU N270   @ 1.60GHz", .family = 6, .model = 28, .stepping = 2, .level = 10, .xlevel = 0x80000008);

/* Intel, one generation upon the other. */
MODEL(conroe, "Conroe", "Intel Celeron_4x0 (Conroe/Merom Class Core 2)", .base = &core_amd64, .add = "pni ssse3", .vendor = INTEL,
      .model_id = "Intel Celeron_4x0 (Conroe/Merom Class Core 2)", .family = 6, .model = 15, .stepping = 3, .level = 10,
      .xlevel = 0x80000008);
MODEL(penryn, "Penryn", "Intel Core 2 Duo P9xxx (Penryn Class Core 2)", .base = &conroe, .add = "sse4.1 cx16", .vendor = INTEL,
      .model_id = "Intel Core 2 Duo P9xxx (Penryn Class Core 2)", .family = 6, .model = 23, .stepping = 3, .level = 10,
      .xlevel = 0x80000008);
MODEL(nehalem, "Nehalem", "Intel Core i7 9xx (Nehalem Class Core i7)", .base = &penryn, .add = "popcnt sse4.2", .vendor = INTEL,
      .model_id = "Intel Core i7 9xx (Nehalem Class Core i7)", .family = 6, .model = 26, .stepping = 3, .level = 11,
      .xlevel = 0x80000008);
MODEL(westmere, "Westmere", "Westmere E56xx/L56xx/X56xx (Nehalem-C)", .base = &nehalem, .add = "aes pclmulqdq arat", .vendor = INTEL,
      .model_id = "Westmere E56xx/L56xx/X56xx (Nehalem-C)", .family = 6, .model = 44, .stepping = 1, .level = 11,
      .xlevel = 0x80000008);
MODEL(sandybridge, "SandyBridge", "Intel Xeon E312xx (Sandy Bridge)", .base = &westmere,
      .add = "avx xsave tsc-deadline x2apic rdtscp xsaveopt", .vendor = INTEL, .model_id = "Intel Xeon E312xx (Sandy Bridge)",
      .family = 6, .model = 42, .stepping = 1, .level = 0xd, .xlevel = 0x80000008);
MODEL(ivybridge, "IvyBridge", "Intel Xeon E3-12xx v2 (Ivy Bridge)", .base = &sandybridge, .add = "f16c rdrand fsgsbase smep erms",
      .vendor = INTEL, .model_id = "Intel Xeon E3-12xx v2 (Ivy Bridge)", .family = 6, .model = 58, .stepping = 9, .level = 0xd,
      .xlevel = 0x80000008);
MODEL(haswell, "Haswell", "Intel Core Processor (Haswell)", .base = &ivybridge,
      .add = "fma movbe pcid abm bmi1 hle avx2 bmi2 invpcid rtm", .vendor = INTEL, .model_id = "Intel Core Processor (Haswell)",
      .family = 6, .model = 60, .stepping = 4, .level = 0xd, .xlevel = 0x80000008);
MODEL(haswell_notsx, "Haswell-noTSX", "Intel Core Processor (Haswell, no TSX)", .base = &haswell, .drop = "hle rtm", .vendor = INTEL,
      .model_id = "Intel Core Processor (Haswell, no TSX)", .family = 6, .model = 60, .stepping = 1, .level = 0xd,
      .xlevel = 0x80000008);
MODEL(broadwell, "Broadwell", "Intel Core Processor (Broadwell)", .base = &haswell, .add = "rdseed adx smap 3dnowprefetch",
      .vendor = INTEL, .model_id = "Intel Core Processor (Broadwell)", .family = 6, .model = 61, .stepping = 2, .level = 0xd,
      .xlevel = 0x80000008);
MODEL(broadwell_notsx, "Broadwell-noTSX", "Intel Core Processor (Broadwell, no TSX)", .base = &broadwell, .drop = "hle rtm",
      .vendor = INTEL, .model_id = "Intel Core Processor (Broadwell, no TSX)", .family = 6, .model = 61, .stepping = 2, .level = 0xd,
      .xlevel = 0x80000008);
MODEL(skylake_client, "Skylake-Client", "Intel Core Processor (Skylake)", .base = &broadwell, .add = "xsavec xgetbv1", .vendor = INTEL,
      .model_id = "Intel Core Processor (Skylake)", .family = 6, .model = 94, .stepping = 3, .level = 0xd, .xlevel = 0x80000008);
MODEL(skylake_server, "Skylake-Server", "Intel Xeon Processor (Skylake)", .base = &skylake_client,
      .add = "clflushopt clwb pdpe1gb pku avx512f avx512dq avx512bw avx512cd avx512vl", .vendor = INTEL,
      .model_id = "Intel Xeon Processor (Skylake)", .family = 6, .model = 85, .stepping = 4, .level = 0xd, .xlevel = 0x80000008);

/* AMD. */
MODEL(athlon, "athlon", GENERIC_ID, .base = &ppro, .add = "pse36 vme mtrr mca mmxext 3dnow 3dnowext", .vendor = AMD,
      .model_id = GENERIC_ID, .family = 6, .model = 2, .stepping = 3, .level = 2, .xlevel = 0x80000008);
MODEL(phenom, "phenom", "AMD Phenom(tm) 9550 Quad-Core Processor", .base = &core_amd64,
      .add = "ht pni monitor cx16 popcnt 3dnow 3dnowext mmxext fxsr-opt pdpe1gb rdtscp svm abm sse4a", .vendor = AMD,
      .model_id = "AMD Phenom(tm) 9550 Quad-Core Processor", .family = 16, .model = 2, .stepping = 3, .level = 5,
      .xlevel = 0x8000001a);
MODEL(epyc, "EPYC", "AMD EPYC Processor", .base = &core_amd64,
      .add = "rdrand f16c avx xsave aes popcnt movbe sse4.2 sse4.1 cx16 fma ssse3 monitor pclmulqdq pni rdtscp pdpe1gb fxsr-opt mmxext "
             "osvw 3dnowprefetch misalignsse sse4a abm cr8legacy svm topoext fsgsbase bmi1 avx2 smep bmi2 rdseed adx smap clflushopt "
             "sha-ni xsaveopt xsavec xgetbv1 arat", .vendor = AMD, .model_id = "AMD EPYC Processor", .family = 23, .model = 1,
      .stepping = 2, .level = 0xd, .xlevel = 0x8000001e);
MODEL(epyc_rome, "EPYC-Rome", "AMD EPYC-Rome Processor", .base = &epyc,
      .add = "clwb umip rdpid clzero xsaveerptr wbnoinvd ibpb amd-stibp perfctr-core xsaves", .vendor = AMD,
      .model_id = "AMD EPYC-Rome Processor", .family = 23, .model = 49, .level = 0xd, .xlevel = 0x8000001e);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CPU object: QOM types, properties (named as the reference names them), -cpu text, and realize, which makes CPUID words of
 * what was asked for and what can be provided.
 *
 * What a model or a property asks for and nobody provides is left out, with one warning for all of it (`check`, on by default), or is an
 * error (`enforce`). Configuration does not change after realize.
 */
#include <string.h>

#include "features.h"
#include "softmmu/machine.h"
#include "util/option.h"

extern const TargetRecord x86_64_target, i386_target;

/* ---- properties ---- */

enum {
#define X(word, bit, name, provided) FN_##word##_##bit,
    X86_FEATURE_LIST(X)
#undef X
};

static const Field x86_fields[] = {
#define X(word, bit, name_, provided)                                                                                  \
    {.name = name_, .type = FIELD_BOOL, .flags = FIELD_PROP, .offset = offsetof(X86Cpu, cfg.feature) + FN_##word##_##bit},
    X86_FEATURE_LIST(X)
#undef X
    FIELD(X86Cpu, cfg.check, FIELD_BOOL, "check", FIELD_PROP, .def = true, .help = "warn about features that cannot be provided"),
    FIELD(X86Cpu, cfg.enforce, FIELD_BOOL, "enforce", FIELD_PROP, .help = "refuse to start without a feature that was asked for"),
    FIELD(X86Cpu, cfg.vendor, FIELD_STRING, "vendor", FIELD_PROP, .help = "CPUID vendor, 12 characters"),
    FIELD(X86Cpu, cfg.model_id, FIELD_STRING, "model-id", FIELD_PROP, .help = "CPUID brand string, up to 48 characters"),
    FIELD(X86Cpu, cfg.family, FIELD_U32, "family", FIELD_PROP, .max = 0xff + 0xf, .help = "CPUID family"),
    FIELD(X86Cpu, cfg.model, FIELD_U32, "model", FIELD_PROP, .max = 0xff, .help = "CPUID model"),
    FIELD(X86Cpu, cfg.stepping, FIELD_U32, "stepping", FIELD_PROP, .max = 0xf, .help = "CPUID stepping"),
    FIELD(X86Cpu, cfg.level, FIELD_U32, "level", FIELD_PROP, .max = 0x1f, .help = "highest basic CPUID leaf"),
    FIELD(X86Cpu, cfg.xlevel, FIELD_U32, "xlevel", FIELD_PROP, .max = 0x8000ffff, .help = "highest extended CPUID leaf"),
    FIELD(X86Cpu, cfg.phys_bits, FIELD_U32, "phys-bits", FIELD_PROP, .max = 52, .help = "physical address bits; 0: by the model"),
    FIELD(X86Cpu, cfg.tsc_hz, FIELD_U64, "tsc-frequency", FIELD_PROP, .def = 1000000000, .min = 1000000, .max = 100000000000ull,
          .help = "time-stamp counter in Hz"),
    FIELD(X86Cpu, cfg.apic_id, FIELD_U32, "apic-id", FIELD_PROP, .def = UINT32_MAX, .help = "local APIC id; set by the board"),
    FIELD(X86Cpu, cfg.socket_id, FIELD_U32, "socket-id", FIELD_PROP, .help = "place in the topology; by the board"),
    FIELD(X86Cpu, cfg.die_id, FIELD_U32, "die-id", FIELD_PROP, .help = "place in the topology; by the board"),
    FIELD(X86Cpu, cfg.core_id, FIELD_U32, "core-id", FIELD_PROP, .help = "place in the topology; by the board"),
    FIELD(X86Cpu, cfg.thread_id, FIELD_U32, "thread-id", FIELD_PROP, .help = "place in the topology; by the board"),
#define IGNORED(name_) FIELD(X86Cpu, cfg.ignored_bool, FIELD_BOOL, name_, FIELD_PROP | FIELD_HIDDEN)
    IGNORED("kvm"), IGNORED("pmu"), IGNORED("migratable"), IGNORED("l3-cache"), IGNORED("host-cache-info"), IGNORED("host-phys-bits"),
    IGNORED("legacy-cache"), IGNORED("full-cpuid-auto-level"), IGNORED("cpuid-0xb"), IGNORED("tcg-cpuid"), IGNORED("fill-mtrr-mask"),
    IGNORED("kvm-no-smi-migration"), IGNORED("x-force-features"),
    FIELD_END,
};

static void init_common(Object *obj, const TargetRecord *target)
{
    X86Cpu *x = (X86Cpu *)obj;
    cpu_init_common(&x->cpu, target);
    x->a20_mask = UINT64_MAX;
    x->sockets = x->cores = x->threads = 1;
    const X86ModelRecord *m = object_class(obj, X86_MODEL_CLASS);
    if (m) {
        x86_model_apply(x, m);
    }
}

static void x86_64_init(Object *obj) { init_common(obj, &x86_64_target); }
static void i386_init(Object *obj) { init_common(obj, &i386_target); }

/* ---- realize ---- */

static bool asked(const X86Cpu *x, const char *name) { return x->cfg.feature[x86_feature_find(name)]; }
static void clear(X86Cpu *x, unsigned feature) { x->feature_words[feature >> 5] &= ~(1u << (feature & 31)); }

/* Features that this CPU cannot have although the emulator knows them. */
static bool possible(const X86Cpu *x, const X86FeatureName *f)
{
    static const uint16_t long_only[] = {X86_FEAT_LM, X86_FEAT_PDPE1GB, X86_FEAT_LA57, X86_FEAT_CX16, X86_FEAT_PCID};
    if (x->cpu.target->long_bits == 64) {
        return true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(long_only); i++) {
        if (f->feature == long_only[i] && i != 3) {
            return false;
        }
    }
    return true;
}

/* CPUID words of what can be had; the rest is reported. */
static bool filter_features(X86Cpu *x, Error **errp)
{
    g_autoptr(GString) missing = g_string_new(NULL);
    unsigned count = 0;
    memset(x->feature_words, 0, sizeof(x->feature_words));
    for (unsigned i = 0; i < X86_FEATURE_COUNT; i++) {
        const X86FeatureName *f = &x86_feature_names[i];
        if (!x->cfg.feature[i]) {
            continue;
        }
        if (f->provided && possible(x, f)) {
            x->feature_words[f->feature >> 5] |= 1u << (f->feature & 31);
        } else if (!f->provided) {
            g_autofree char *text = x86_feature_describe(i);
            g_string_append_printf(missing, "%s%s", count++ ? ", " : "", text);
        }
    }
    if (count && x->cfg.enforce) {
        ERRP_GUARD();
        error_setg(errp, "TCG doesn't support requested feature%s: %s", count > 1 ? "s" : "", missing->str);
        error_append_hint(errp, "Without 'enforce' the CPU would start without %s.\n", count > 1 ? "them" : "it");
        return false;
    }
    if (count && x->cfg.check && x->apic_id == 0) {
        warn_report("TCG doesn't support requested feature%s: %s", count > 1 ? "s" : "", missing->str);
    }
    return true;
}

/* What hangs together: without the one the other is nothing. */
static void drop_dependents(X86Cpu *x)
{
    static const struct {
        uint16_t without, goes;
    } rules[] = {
        {X86_FEAT_FXSR, X86_FEAT_SSE}, {X86_FEAT_SSE, X86_FEAT_SSE2}, {X86_FEAT_SSE2, X86_FEAT_SSE3}, {X86_FEAT_SSE3, X86_FEAT_SSSE3},
        {X86_FEAT_SSE2, X86_FEAT_AES}, {X86_FEAT_SSE2, X86_FEAT_PCLMUL}, {X86_FEAT_SSE2, X86_FEAT_SHA},
        {X86_FEAT_XSAVE, X86_FEAT_AVX}, {X86_FEAT_SSE2, X86_FEAT_AVX}, {X86_FEAT_AVX, X86_FEAT_AVX2}, {X86_FEAT_AVX, X86_FEAT_FMA},
        {X86_FEAT_AVX, X86_FEAT_F16C}, {X86_FEAT_AVX, X86_FEAT_VAES}, {X86_FEAT_AVX, X86_FEAT_VPCLMUL},
        {X86_FEAT_XSAVE, X86_FEAT_XSAVEOPT}, {X86_FEAT_XSAVE, X86_FEAT_XSAVEC}, {X86_FEAT_XSAVE, X86_FEAT_XGETBV1},
        {X86_FEAT_XSAVEC, X86_FEAT_XSAVES}, {X86_FEAT_LM, X86_FEAT_PCID}, {X86_FEAT_LM, X86_FEAT_LA57}, {X86_FEAT_LM, X86_FEAT_PDPE1GB},
        {X86_FEAT_LM, X86_FEAT_PKU}, {X86_FEAT_LM, X86_FEAT_FSGSBASE}, {X86_FEAT_PAE, X86_FEAT_NX}, {X86_FEAT_MSR, X86_FEAT_SYSCALL},
        {X86_FEAT_APIC, X86_FEAT_X2APIC}, {X86_FEAT_APIC, X86_FEAT_TSC_DEADLINE}, {X86_FEAT_MMX, X86_F(8001_EDX, 22)},
    };
    if (!x->apic_ops) {
        clear(x, X86_FEAT_APIC);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
        if (!x86_has(x, rules[i].without)) {
            clear(x, rules[i].goes);
        }
    }
}

/* AMD repeats part of leaf 1's EDX in leaf 0x80000001's. */
#define AMD_ALIASES 0x0183f3ffu

static void derive(X86Cpu *x)
{
    uint32_t *w = x->feature_words;
    if (x->cores * x->threads > 1) {
        w[X86_FEATW_1_EDX] |= 1u << 28;
        if (strcmp(x->cfg.vendor, "GenuineIntel")) {
            w[X86_FEATW_8001_ECX] |= 1u << 1;
        }
    }
    w[X86_FEATW_8001_EDX] &= ~AMD_ALIASES | 1u << 11;
    if (!strcmp(x->cfg.vendor, "AuthenticAMD")) {
        w[X86_FEATW_8001_EDX] |= w[X86_FEATW_1_EDX] & AMD_ALIASES;
    }
    x->xcr0_mask = x86_has(x, X86_FEAT_XSAVE) ? 3 : 1;
    x->xcr0_mask |= x86_has(x, X86_FEAT_AVX) ? 4 : 0;
    x->xcr0_mask |= x86_has(x, X86_FEAT_XSAVE) && x86_has(x, X86_FEAT_PKU) ? 1u << 9 : 0;

    uint32_t f = x->cfg.family, m = x->cfg.model;
    x->signature = x->cfg.stepping | (m & 15) << 4 | (m >> 4) << 16 | (f > 15 ? 0xf00 | (f - 15) << 20 : f << 8);

    bool lm = x86_has(x, X86_FEAT_LM), pae = x86_has(x, X86_FEAT_PAE) || x86_has(x, X86_FEAT_PSE36);
    x->phys_bits = x->cfg.phys_bits ? x->cfg.phys_bits : lm ? 40 : pae ? 36 : 32;
    x->phys_mask = (1ull << x->phys_bits) - 1;
    x->virt_bits = lm ? (x86_has(x, X86_FEAT_LA57) ? 57 : 48) : 32;
}

/* The leaves have to reach what the features need. */
static void raise_levels(X86Cpu *x)
{
    const uint32_t *w = x->feature_words;
    uint32_t level = 0, xlevel = 0;
    level = w[X86_FEATW_6_EAX] ? 6 : level;
    level = w[X86_FEATW_7_EBX] | w[X86_FEATW_7_ECX] | w[X86_FEATW_7_EDX] | w[X86_FEATW_7_1_EAX] ? 7 : level;
    level = x86_has(x, X86_FEAT_X2APIC) ? 0xb : level;
    level = x86_has(x, X86_FEAT_XSAVE) ? 0xd : level;
    xlevel = w[X86_FEATW_8001_EDX] | w[X86_FEATW_8001_ECX] ? 0x80000001 : xlevel;
    xlevel = w[X86_FEATW_8007_EDX] ? 0x80000007 : xlevel;
    xlevel = w[X86_FEATW_8008_EBX] || x86_has(x, X86_FEAT_LM) ? 0x80000008 : xlevel;
    xlevel = w[X86_FEATW_8001_ECX] >> 22 & 1 ? 0x8000001e : xlevel;
    x->cfg.level = MAX(x->cfg.level, level);
    x->cfg.xlevel = MAX(x->cfg.xlevel, xlevel);
}

static bool check_values(X86Cpu *x, Error **errp)
{
    size_t vendor = strlen(x->cfg.vendor);
    if (vendor && vendor != 12) {
        error_setg(errp, "CPU property 'vendor' is '%s'; it must have 12 characters, as GenuineIntel has", x->cfg.vendor);
        return false;
    }
    if (x->cfg.phys_bits && x->cfg.phys_bits < 32) {
        error_setg(errp, "phys-bits should be between 32 and 52  (but is %u)", x->cfg.phys_bits);
        return false;
    }
    if (asked(x, "lm") && x->cfg.phys_bits && x->cfg.phys_bits < 36) {
        error_setg(errp, "phys-bits=%u is too small for a 64-bit CPU: at least 36", x->cfg.phys_bits);
        return false;
    }
    return true;
}

static bool x86_realize(Object *obj, Error **errp)
{
    X86Cpu *x = (X86Cpu *)obj;
    const X86ModelRecord *m = object_class(obj, X86_MODEL_CLASS);
    if (m && m->kind == X86_MODEL_HOST) {
        error_setg(errp, "CPU model 'host' requires KVM");
        error_append_hint(errp, "With TCG, '-cpu max' has every feature there is.\n");
        return false;
    }
    if (x->cfg.apic_id != UINT32_MAX) {
        x->apic_id = x->cfg.apic_id;
    }
    if (!check_values(x, errp) || !filter_features(x, errp)) {
        return false;
    }
    drop_dependents(x);
    derive(x);
    raise_levels(x);
    unsigned number;
    X86DecodeConfig config;
    memcpy(config.words, x->feature_words, sizeof(config.words));
    config.words[X86_FEATW_1_EDX] &= ~(1u << 28); /* topology is not the decoder's business */
    config.words[X86_FEATW_8001_ECX] &= ~(1u << 1);
    if (!x86_decode_config_add(&config, &number)) {
        error_setg(errp, "more than 16 different sets of CPU features in one process");
        return false;
    }
    x->flags_config = (uint64_t)number << X86_RF_CONFIG_SHIFT;
    x86_reset(&x->cpu);
    return true;
}

/* ---- types ---- */

static const TypeRecord x86_type = {
    .name = TYPE_X86_CPU, .parent = TYPE_CPU, .help = "x86 processor", .instance_size = sizeof(X86Cpu), .abstract = true,
    .fields = x86_fields, .realize = x86_realize,
};
static const TypeRecord x86_64_type = {
    .name = TYPE_X86_64_CPU, .parent = TYPE_X86_CPU, .help = "64-bit x86 processor", .abstract = true, .init = x86_64_init,
};
static const TypeRecord i386_type = {
    .name = TYPE_I386_CPU, .parent = TYPE_X86_CPU, .help = "32-bit x86 processor", .abstract = true, .init = i386_init,
};
TYPE_REGISTER(x86_type);
TYPE_REGISTER(x86_64_type);
TYPE_REGISTER(i386_type);

/* ---- from the command line ---- */

static bool unknown_property(const char *name, Error **errp)
{
    g_autofree const char **features = field_names(x86_fields, FIELD_PROP);
    error_set_unknown(errp, name, features, "Property 'x86_64-cpu.%s' not found: no such CPU property", name);
    return false;
}

static bool set_property(Object *obj, const char *name, const char *value, Error **errp)
{
    X86Cpu *x = (X86Cpu *)obj;
    int n = x86_feature_find(name);
    if (n >= 0) {
        return parse_bool(name, value, &x->cfg.feature[n], errp);
    }
    g_autofree char *plain = g_strdelimit(g_strdup(name), "_", '-');
    if (field_find(x86_fields, plain)) {
        return object_set(obj, plain, value, errp);
    }
    if (x86_feature_is_foreign(name)) {
        bool on = false;
        if (!parse_bool(name, value, &on, errp)) {
            return false;
        }
        if (on) {
            warn_report("TCG doesn't support requested feature: %s", name);
        }
        return true;
    }
    return unknown_property(name, errp);
}

/* "avx2=on", "+avx2", "-avx2", "avx2" */
static bool apply_feature(Object *obj, const char *text, Error **errp)
{
    if (text[0] == '+' || text[0] == '-') {
        return set_property(obj, text + 1, text[0] == '+' ? "on" : "off", errp);
    }
    const char *eq = strchr(text, '=');
    if (!eq) {
        return set_property(obj, text, "on", errp);
    }
    g_autofree char *name = g_strndup(text, (gsize)(eq - text));
    return set_property(obj, name, eq + 1, errp);
}

static Object *new_model(const TargetRecord *target, const char *model, Error **errp)
{
    const char *suffix = target->long_bits == 64 ? X86_64_CPU_SUFFIX : I386_CPU_SUFFIX;
    g_autofree char *plain = g_strdup(model);
    if (g_str_has_suffix(plain, "-v1")) { /* versions of models: the first is the model itself */
        plain[strlen(plain) - 3] = 0;
    }
    g_autofree char *type = g_str_has_suffix(model, suffix) ? g_strdup(model) : g_strconcat(plain, suffix, NULL);
    const TypeRecord *record = type_find(type);
    if (record && type_is_a(record, target->cpu_base) && !record->abstract) {
        return object_new(type);
    }
    g_autofree const TypeRecord **all = type_list(target->cpu_base, false);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (const TypeRecord **t = all; *t; t++) {
        g_ptr_array_add(names, g_strndup((*t)->name, strlen((*t)->name) - strlen(suffix)));
    }
    g_ptr_array_add(names, NULL);
    error_set_unknown(errp, model, (const char *const *)names->pdata, "unable to find CPU model '%s' for %s", model, target->name);
    return NULL;
}

CpuState *x86_cpu_new(const TargetRecord *target, const char *model, Error **errp)
{
    g_auto(GStrv) parts = g_strsplit(model && *model ? model : target->default_model, ",", -1);
    Object *obj = new_model(target, parts[0], errp);
    /* as the reference does: `+x` and `-x` win over `x=on`, wherever they stand, and `-x` over `+x` */
    for (unsigned pass = 0; pass < 3; pass++) {
        for (char **p = parts + 1; obj && *p; p++) {
            unsigned kind = **p == '+' ? 1 : **p == '-' ? 2 : 0;
            if (kind == pass && !apply_feature(obj, *p, errp)) {
                object_unref(obj);
                return NULL;
            }
        }
    }
    return (CpuState *)obj;
}

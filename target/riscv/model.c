/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPU models: QOM types below "riscv64-cpu" and "riscv32-cpu", their properties (named as the reference names them), and realize,
 * which checks that the extensions fit together and freezes them.
 *
 * A model is a constant record that says which extensions it starts with; properties then change single ones.
 */
#include <string.h>

#include "accel/tcg/tcg-accel.h"
#include "riscv-cpu.h"
#include "softmmu/machine.h"

extern const TargetRecord riscv64_target, riscv32_target;

/* ---- properties ---- */

#define BOOL(name_, def_, help_) FIELD(RiscvCpu, cfg.name_, FIELD_BOOL, #name_, FIELD_PROP, .def = (def_), .help = help_)

static const Field riscv_fields[] = {
#define X(ID, member, rv64, max, help) BOOL(member, rv64, help),
    RISCV_EXTENSIONS(X)
#undef X
    BOOL(i, true, "base integer instructions (always there)"),
    BOOL(s, true, "supervisor mode"),
    BOOL(u, true, "user mode"),
    BOOL(g, false, "short for i, m, a, f, d, zicsr and zifencei"),
    BOOL(h, false, "hypervisor (not there yet)"),
    BOOL(v, false, "vector (not there yet)"),
    BOOL(mmu, true, "address translation"),
    BOOL(pmp, true, "physical memory protection, 16 entries of 4 KiB grain"),
    BOOL(debug, true, "debug trigger registers (no triggers)"),
    BOOL(sv32, true, "32-bit harts: two-level page tables"),
    BOOL(sv39, true, "three-level page tables"),
    BOOL(sv48, true, "four-level page tables"),
    BOOL(sv57, true, "five-level page tables"),
    FIELD(RiscvCpu, cfg.short_isa, FIELD_BOOL, "short-isa-string", FIELD_PROP, .help = "no multi-letter extensions in riscv,isa"),
    FIELD(RiscvCpu, cfg.start_powered_off, FIELD_BOOL, "start-powered-off", FIELD_PROP, .help = "wait for a start request after reset"),
    FIELD(RiscvCpu, cfg.cbom_blocksize, FIELD_U16, "cbom_blocksize", FIELD_PROP, .def = 64, .min = 8, .max = 4096,
          .help = "bytes of a cache block for Zicbom"),
    FIELD(RiscvCpu, cfg.cboz_blocksize, FIELD_U16, "cboz_blocksize", FIELD_PROP, .def = 64, .min = 8, .max = 4096,
          .help = "bytes of a cache block for Zicboz"),
    FIELD(RiscvCpu, cfg.cbop_blocksize, FIELD_U16, "cbop_blocksize", FIELD_PROP, .def = 64, .min = 8, .max = 4096,
          .help = "bytes of a cache block for prefetch hints"),
    FIELD(RiscvCpu, cfg.resetvec, FIELD_U64, "resetvec", FIELD_PROP, .def = 0x1000, .help = "pc after reset"),
    FIELD(RiscvCpu, cfg.hartid, FIELD_U64, "hartid", FIELD_PROP, .help = "mhartid; set by the board"),
    FIELD(RiscvCpu, cfg.mvendorid, FIELD_U64, "mvendorid", FIELD_PROP, .max = UINT32_MAX, .help = "mvendorid"),
    FIELD(RiscvCpu, cfg.marchid, FIELD_U64, "marchid", FIELD_PROP, .help = "marchid"),
    FIELD(RiscvCpu, cfg.mimpid, FIELD_U64, "mimpid", FIELD_PROP, .help = "mimpid"),
    FIELD(RiscvCpu, cfg.priv_spec, FIELD_STRING, "priv_spec", FIELD_PROP, .help = "privileged specification: v1.10.0 to v1.13.0 (all behave as v1.12.0)"),
    FIELD_END,
};

/* ---- models ---- */

#define E(ID) (1ull << RISCV_EXT_##ID)
#define EXT_IMAC (E(M) | E(A) | E(C) | E(ZICSR) | E(ZIFENCEI) | E(ZICNTR) | E(ZIHPM))
#define EXT_GC (EXT_IMAC | E(F) | E(D))
#define EXT_RVA22 (EXT_GC | E(ZICBOM) | E(ZICBOZ) | E(ZICBOP) | E(ZIHINTPAUSE) | E(ZFHMIN) | E(ZBA) | E(ZBB) | E(ZBS))
#define EXT_RVA22S (EXT_RVA22 | E(SSTC) | E(SVADU) | E(SVPBMT) | E(SVINVAL))

typedef struct RiscvModel {
    enum { MODEL_DEFAULTS, MODEL_MAX, MODEL_LIST } kind; /* property defaults; everything there is; ext */
    uint64_t ext;
    bool machine_only, no_sv48; /* no S mode; Sv39 at most */
} RiscvModel;
#define MODEL_KIND TYPE_RISCV_CPU /* whose class data is a RiscvModel */

static bool *config_flag(RiscvConfig *cfg, RiscvExt e)
{
    static const uint16_t offsets[] = {
#define X(ID, member, rv64, max, help) offsetof(RiscvConfig, member),
        RISCV_EXTENSIONS(X)
#undef X
    };
    return (bool *)((char *)cfg + offsets[e]);
}

static void apply_model(RiscvCpu *rc, const RiscvModel *m)
{
    static const bool in_max[] = {
#define X(ID, member, rv64, max, help) max,
        RISCV_EXTENSIONS(X)
#undef X
    };
    for (unsigned e = 0; e < RISCV_EXT_COUNT; e++) {
        if (m->kind == MODEL_MAX) {
            *config_flag(&rc->cfg, (RiscvExt)e) = in_max[e];
        } else if (m->kind == MODEL_LIST) {
            *config_flag(&rc->cfg, (RiscvExt)e) = m->ext >> e & 1;
        }
    }
    if (m->machine_only) {
        rc->cfg.s = rc->cfg.mmu = false;
    }
    if (m->no_sv48) {
        rc->cfg.sv48 = rc->cfg.sv57 = false;
    }
}

static void init_common(Object *obj, const TargetRecord *target, unsigned xlen)
{
    RiscvCpu *rc = (RiscvCpu *)obj;
    cpu_init_common(&rc->cpu, target);
    rc->xlen = xlen;
    g_mutex_init(&rc->timer_lock);
    const RiscvModel *m = object_class(obj, MODEL_KIND);
    if (m) {
        apply_model(rc, m);
    }
}

static void riscv64_init(Object *obj) { init_common(obj, &riscv64_target, 64); }
static void riscv32_init(Object *obj) { init_common(obj, &riscv32_target, 32); }

static void riscv_finalize(Object *obj)
{
    RiscvCpu *rc = (RiscvCpu *)obj;
    if (rc->timer) {
        timer_free(rc->timer);
    }
    g_mutex_clear(&rc->timer_lock);
}

/* ---- realize ---- */

static bool needs(const RiscvConfig *cfg, RiscvExt e, RiscvExt other, const char *name, const char *other_name, Error **errp)
{
    if (*config_flag((RiscvConfig *)cfg, e) && !*config_flag((RiscvConfig *)cfg, other)) {
        error_setg(errp, "CPU property '%s' needs '%s', which is off", name, other_name);
        error_append_hint(errp, "Turn both on (%s=on,%s=on) or both off.\n", name, other_name);
        return false;
    }
    return true;
}

static bool check_dependencies(const RiscvConfig *cfg, Error **errp)
{
    ERRP_GUARD();
    if (!cfg->i) {
        error_setg(errp, "CPU property 'i' cannot be off: every hart has the base integer instructions");
        return false;
    }
    if (cfg->h || cfg->v) {
        error_setg(errp, "CPU property '%s' is not implemented yet", cfg->h ? "h" : "v");
        return false;
    }
    if (cfg->s && !cfg->u) {
        error_setg(errp, "CPU property 's' (supervisor mode) needs 'u' (user mode), which is off");
        return false;
    }
    return needs(cfg, RISCV_EXT_D, RISCV_EXT_F, "d", "f", errp) && needs(cfg, RISCV_EXT_F, RISCV_EXT_ZICSR, "f", "zicsr", errp) &&
           needs(cfg, RISCV_EXT_ZFH, RISCV_EXT_ZFHMIN, "zfh", "zfhmin", errp) &&
           needs(cfg, RISCV_EXT_ZFHMIN, RISCV_EXT_F, "zfhmin", "f", errp) &&
           needs(cfg, RISCV_EXT_ZICNTR, RISCV_EXT_ZICSR, "zicntr", "zicsr", errp) &&
           needs(cfg, RISCV_EXT_ZIHPM, RISCV_EXT_ZICSR, "zihpm", "zicsr", errp) &&
           needs(cfg, RISCV_EXT_ZFA, RISCV_EXT_F, "zfa", "f", errp) && needs(cfg, RISCV_EXT_ZCB, RISCV_EXT_C, "zcb", "c", errp) &&
           needs(cfg, RISCV_EXT_ZAWRS, RISCV_EXT_A, "zawrs", "a", errp);
}

static bool check_values(const RiscvConfig *cfg, Error **errp)
{
    static const char *const specs[] = {"v1.10.0", "v1.11.0", "v1.12.0", "v1.13.0", NULL};
    const struct {
        const char *name;
        unsigned size;
    } blocks[] = {{"cbom_blocksize", cfg->cbom_blocksize}, {"cboz_blocksize", cfg->cboz_blocksize}, {"cbop_blocksize", cfg->cbop_blocksize}};
    for (size_t i = 0; i < G_N_ELEMENTS(blocks); i++) {
        if (blocks[i].size & (blocks[i].size - 1)) {
            error_setg(errp, "CPU property '%s' is %u; it must be a power of two", blocks[i].name, blocks[i].size);
            return false;
        }
    }
    if (cfg->priv_spec && !g_strv_contains((const gchar *const *)specs, cfg->priv_spec)) {
        error_set_unknown(errp, cfg->priv_spec, specs, "unknown privileged specification '%s' (known: v1.10.0 to v1.13.0)", cfg->priv_spec);
        return false;
    }
    return true;
}

static uint64_t make_misa(const RiscvCpu *rc)
{
    const RiscvConfig *cfg = &rc->cfg;
    uint64_t v = (rc->xlen == 32 ? 1ull : 2ull) << (rc->xlen - 2);
    const struct {
        bool on;
        char letter;
    } letters[] = {{true, 'I'}, {cfg->m, 'M'}, {cfg->a, 'A'}, {cfg->f, 'F'}, {cfg->d, 'D'}, {cfg->c, 'C'}, {cfg->s, 'S'}, {cfg->u, 'U'}};
    for (size_t i = 0; i < G_N_ELEMENTS(letters); i++) {
        v |= letters[i].on ? 1ull << (letters[i].letter - 'A') : 0;
    }
    return v;
}

/* What an absent base extension takes with it, where the user did not ask for the dependent one by itself. */
static void drop_dependents(RiscvConfig *cfg)
{
    if (!cfg->zicsr) {
        cfg->zicntr = cfg->zihpm = false;
    }
    if (!cfg->a) {
        cfg->zawrs = false;
    }
    if (!cfg->f) {
        cfg->zfh = cfg->zfhmin = cfg->zfa = false;
    }
    if (!cfg->c) {
        cfg->zcb = false;
    }
    if (!cfg->s) {
        cfg->sstc = cfg->svadu = cfg->svinval = cfg->svnapot = cfg->svpbmt = cfg->svvptc = cfg->mmu = false;
    }
    if (cfg->g) {
        cfg->m = cfg->a = cfg->f = cfg->d = cfg->zicsr = cfg->zifencei = true;
    }
    cfg->zfhmin |= cfg->zfh;
}

static bool riscv_realize(Object *obj, Error **errp)
{
    RiscvCpu *rc = (RiscvCpu *)obj;
    drop_dependents(&rc->cfg);
    if (!check_dependencies(&rc->cfg, errp) || !check_values(&rc->cfg, errp)) {
        return false;
    }
    rc->ext = 0;
    for (unsigned e = 0; e < RISCV_EXT_COUNT; e++) {
        rc->ext |= (uint64_t)*config_flag(&rc->cfg, (RiscvExt)e) << e;
    }
    rc->misa = make_misa(rc);
    riscv_reset(&rc->cpu);
    return true;
}

/* ---- reset (privileged manual 3.4) ---- */

static void reset_csrs(RiscvCpu *rc)
{
    uint64_t xl = riscv_is32(rc) ? 0 : (rc->cfg.u ? 2ull << 32 : 0) | (rc->cfg.s ? 2ull << 34 : 0);
    rc->mstatus = xl | (rc->cfg.u ? 0 : MSTATUS_MPP);
    rc->sscratch = rc->sepc = rc->scause = rc->stval = rc->mscratch = rc->mepc = rc->mcause = rc->mtval = 0;
    __atomic_store_n(&rc->mie, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&rc->mip_sw, 0, __ATOMIC_RELEASE);
    rc->mideleg = rc->medeleg = rc->mtvec = rc->mcounteren = rc->mcountinhibit = 0;
    rc->menvcfg = (riscv_has(rc, RISCV_EXT_SVADU) ? MENVCFG_ADUE : 0) | (riscv_has(rc, RISCV_EXT_SVPBMT) ? MENVCFG_PBMTE : 0);
    memset(rc->mstateen, 0, sizeof(rc->mstateen));
    memset(rc->sstateen, 0, sizeof(rc->sstateen));
    rc->cycle_offset = rc->instret_offset = 0;
    memset(rc->pmpcfg, 0, sizeof(rc->pmpcfg));
    memset(rc->pmpaddr, 0, sizeof(rc->pmpaddr));
    riscv_pmp_update(rc);
    rc->satp = rc->stvec = rc->scounteren = rc->senvcfg = 0;
    riscv_update_flags(rc);
}

void riscv_reset(CpuState *cpu)
{
    RiscvCpu *rc = riscv_cpu(cpu);
    uint64_t resetvec = rc->cfg.resetvec;
    rc->pc = riscv_is32(rc) ? (uint32_t)resetvec : resetvec;
    memset(rc->x, 0, sizeof(rc->x));
    memset(rc->f, 0, sizeof(rc->f));
    rc->priv = RISCV_PRIV_M;
    reset_csrs(rc);
    cpu->tcg.guest_mxcsr = 0x1f80;
    riscv_frm_write(rc, 0);
    cpu->exception = -1;
    rc->trap_value = 0;
    cpu->tcg.excl_addr = UINT64_MAX;
    riscv_stimecmp_write(rc, UINT64_MAX);
    __atomic_store_n(&cpu->halted, false, __ATOMIC_SEQ_CST);
    __atomic_store_n(&cpu->powered_off, rc->cfg.start_powered_off, __ATOMIC_SEQ_CST);
    if (cpu->accel) {
        tlb_flush_all(cpu);
        riscv_mmu_switch(rc);
    }
}

/* ---- types ---- */

static const TypeRecord riscv_type = {
    .name = TYPE_RISCV_CPU, .parent = TYPE_CPU, .help = "RISC-V hart", .instance_size = sizeof(RiscvCpu), .abstract = true,
    .fields = riscv_fields, .realize = riscv_realize, .finalize = riscv_finalize,
};
static const TypeRecord riscv64_type = {
    .name = TYPE_RISCV64_CPU, .parent = TYPE_RISCV_CPU, .help = "64-bit RISC-V hart", .abstract = true, .init = riscv64_init,
};
static const TypeRecord riscv32_type = {
    .name = TYPE_RISCV32_CPU, .parent = TYPE_RISCV_CPU, .help = "32-bit RISC-V hart", .abstract = true, .init = riscv32_init,
};
TYPE_REGISTER(riscv_type);
TYPE_REGISTER(riscv64_type);
TYPE_REGISTER(riscv32_type);

#define MODEL(id_, name_, parent_, help_, ...)                                                                         \
    static const RiscvModel id_##_model = {__VA_ARGS__};                                                               \
    static const TypeRecord id_##_type = {                                                                             \
        .name = name_ RISCV_CPU_SUFFIX, .parent = parent_, .help = help_, .class_kind = MODEL_KIND, .class_data = &id_##_model, \
    };                                                                                                                 \
    TYPE_REGISTER(id_##_type)

MODEL(rv64, "rv64", TYPE_RISCV64_CPU, "generic 64-bit hart: RV64GC, Zba, Zbb, Zbc, Zbs and more", .kind = MODEL_DEFAULTS);
MODEL(max, "max", TYPE_RISCV64_CPU, "64-bit hart with everything there is", .kind = MODEL_MAX);
MODEL(rv64i, "rv64i", TYPE_RISCV64_CPU, "bare RV64I: extensions are added by properties", .kind = MODEL_LIST, .machine_only = true);
MODEL(rva22s64, "rva22s64", TYPE_RISCV64_CPU, "profile RVA22S64", .kind = MODEL_LIST, .ext = EXT_RVA22S, .no_sv48 = true);
MODEL(rva22u64, "rva22u64", TYPE_RISCV64_CPU, "profile RVA22U64", .kind = MODEL_LIST, .ext = EXT_RVA22 | E(SVADU));
MODEL(sifive_u54, "sifive-u54", TYPE_RISCV64_CPU, "SiFive U54: RV64GC, Sv39", .kind = MODEL_LIST, .ext = EXT_GC | E(SVADU), .no_sv48 = true);
MODEL(sifive_e51, "sifive-e51", TYPE_RISCV64_CPU, "SiFive E51: RV64IMAC, no MMU", .kind = MODEL_LIST, .ext = EXT_IMAC, .machine_only = true);
MODEL(shakti_c, "shakti-c", TYPE_RISCV64_CPU, "Shakti C: RV64GC, Sv39", .kind = MODEL_LIST, .ext = EXT_GC | E(SVADU), .no_sv48 = true);
MODEL(rv32, "rv32", TYPE_RISCV32_CPU, "generic 32-bit hart: RV32GC, Zba, Zbb, Zbc, Zbs and more", .kind = MODEL_DEFAULTS);
MODEL(max32, "max32", TYPE_RISCV32_CPU, "32-bit hart with everything there is", .kind = MODEL_MAX);
MODEL(rv32i, "rv32i", TYPE_RISCV32_CPU, "bare RV32I: extensions are added by properties", .kind = MODEL_LIST, .machine_only = true);
MODEL(sifive_u34, "sifive-u34", TYPE_RISCV32_CPU, "SiFive U34: RV32GC, Sv32", .kind = MODEL_LIST, .ext = EXT_GC | E(SVADU));
MODEL(sifive_e34, "sifive-e34", TYPE_RISCV32_CPU, "SiFive E34: RV32IMAFC, no MMU", .kind = MODEL_LIST, .ext = EXT_IMAC | E(F), .machine_only = true);
MODEL(sifive_e31, "sifive-e31", TYPE_RISCV32_CPU, "SiFive E31: RV32IMAC, no MMU", .kind = MODEL_LIST, .ext = EXT_IMAC, .machine_only = true);
MODEL(ibex, "lowrisc-ibex", TYPE_RISCV32_CPU, "lowRISC Ibex: RV32IMC with Zba to Zbs, no MMU", .kind = MODEL_LIST,
      .ext = (EXT_IMAC & ~E(A)) | E(ZBA) | E(ZBB) | E(ZBC) | E(ZBS), .machine_only = true);

/* ---- from the command line ---- */

/* Extensions that the reference knows and this target does not: turning them off is what they are already. */
static bool absent_extension(const char *name)
{
    static const char *const names[] = {
        "zca", "zcd", "zcf", "zcmp", "zcmt", "zama16b", "zaamo", "zalrsc", "zmmul", "zacas", "zabha", "zk", "zkn", "zknd", "zkne", "zknh", "zkr", "zks", "zksed", "zksh", "zkt", "zfinx", "zdinx", "zhinx", "zhinxmin",
        "zfbfmin", "zimop", "zcmop", "zve32f", "zve32x", "zve64d", "zve64f", "zve64x", "zvfh", "zvfhmin", "zvfbfmin",
        "zvbb", "zvbc", "zvkb", "zvkn", "zvks", "smaia", "ssaia", "smepmp", "smrnmi", "sscofpmf", "svade", "smcntrpmf",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_str_equal(names[i], name)) {
            return true;
        }
    }
    return false;
}

static bool set_property(Object *obj, const char *name, const char *value, Error **errp)
{
    if (absent_extension(name)) {
        bool on;
        if (!parse_bool(name, value, &on, errp)) {
            return false;
        }
        if (on) {
            error_setg(errp, "CPU property '%s' is not implemented yet; only '%s=off' is possible", name, name);
        }
        return !on;
    }
    return object_set(obj, name, value, errp);
}

/* "zba=on", "+zba", "-zba", "zba" */
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
    bool is32 = target->long_bits == 32;
    if (is32 && g_str_equal(model, "max")) {
        model = "max32";
    }
    g_autofree char *type = g_str_has_suffix(model, RISCV_CPU_SUFFIX) ? g_strdup(model) : g_strconcat(model, RISCV_CPU_SUFFIX, NULL);
    const TypeRecord *record = type_find(type);
    if (record && type_is_a(record, target->cpu_base) && !record->abstract) {
        return object_new(type);
    }
    g_autofree const TypeRecord **all = type_list(target->cpu_base, false);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (const TypeRecord **t = all; *t; t++) {
        g_ptr_array_add(names, g_strndup((*t)->name, strlen((*t)->name) - strlen(RISCV_CPU_SUFFIX)));
    }
    g_ptr_array_add(names, NULL);
    error_set_unknown(errp, model, (const char *const *)names->pdata, "unknown CPU model '%s' for %s", model, target->name);
    return NULL;
}

CpuState *riscv_cpu_new(const TargetRecord *target, const char *model, Error **errp)
{
    g_auto(GStrv) parts = g_strsplit(model && *model ? model : target->default_model, ",", -1);
    Object *obj = new_model(target, parts[0], errp);
    for (char **p = parts + 1; obj && *p; p++) {
        if (!apply_feature(obj, *p, errp)) {
            object_unref(obj);
            return NULL;
        }
    }
    return (CpuState *)obj;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The accelerator as an object: options, set-up of code memory and backend, per-vCPU structures, and what the memory
 * core tells it.
 *
 * The backend is made with the first CPU, because it needs to know where the target keeps its PC.
 */
#include <string.h>

#include "internal.h"
#include "util/option.h"

#define TB_SIZE_DEFAULT 256u
#define TB_SIZE_MIN 4u
#define TB_SIZE_MAX 2000u

static TcgAccel *of_listener(MemoryListener *l) { return (TcgAccel *)((char *)l - offsetof(TcgAccel, listener)); }

static void on_changed(MemoryListener *l)
{
    TcgAccel *a = of_listener(l);
    unsigned n = atomic_get_sc(&a->vcpu_count);

    for (unsigned i = 0; i < n; i++) {
        tlb_request_flush(a->vcpus[i]);
    }
}

static void on_code_written(MemoryListener *l, RamBlock *rb, uint64_t offset, uint64_t len)
{
    code_written(of_listener(l), rb, offset, len);
}

static void on_dirty_log(MemoryListener *l, RamBlock *rb)
{
    TcgAccel *a = of_listener(l);

    atomic_put_sc(&a->dirty_seen, true);
    tlb_slow_writes(a, rb->host, rb->size, TLB_DIRTY);
}

void tcg_invalidate_phys(TcgAccel *a, uint64_t start, uint64_t len)
{
    while (len) {
        uint64_t n = MIN(len, GUEST_PAGE - IN_PAGE(start));
        CodePage *p = code_page_find(a, start >> TLB_PAGE_BITS);

        if (p && p->rb) {
            code_written(a, p->rb, start - p->rb->ram_offset, n);
        }
        start += n;
        len -= n;
    }
}

void tcg_flush_all_code(CpuState *cpu)
{
    TcgAccel *a = vcpu_of(cpu)->accel;

    g_mutex_lock(&a->code_lock);
    a->stats.flush_all++;
    for (unsigned i = 0; i < a->seg_count; i++) {
        uint32_t n = atomic_get(&a->seg[i].count);

        for (uint32_t k = 0; k < n; k++) {
            region_kill(a, a->seg[i].regions[k]);
        }
    }
    g_mutex_unlock(&a->code_lock);
}

/* ------------------------------------------------------------------ options */

static const char *const option_names[] = {"tb-size", "thread", "interp", "one-insn", NULL};

static bool parse_options(TcgAccel *a, struct OptionSet *opts, Error **errp)
{
    uint64_t mib = TB_SIZE_DEFAULT;
    const char *thread;

    if (!opts) {
        a->tb_size = (size_t)mib << 20;
        return true;
    }
    option_get(opts, "accel"); /* "tcg" itself */
    if (!option_get_u64(opts, "tb-size", TB_SIZE_DEFAULT, &mib, errp) ||
        !option_get_bool(opts, "interp", false, &a->interp, errp) ||
        !option_get_bool(opts, "one-insn", false, &a->one_insn, errp)) {
        return false;
    }
    if (mib == 0) {
        mib = TB_SIZE_DEFAULT;
    }
    if (mib < TB_SIZE_MIN || mib > TB_SIZE_MAX) {
        error_setg(errp, "tb-size=%" PRIu64 " is out of range: %u to %u (MiB), or 0 for the default of %u", mib,
                   TB_SIZE_MIN, TB_SIZE_MAX, TB_SIZE_DEFAULT);
        return false;
    }
    a->tb_size = (size_t)mib << 20;
    thread = option_get(opts, "thread");
    if (thread && strcmp(thread, "multi") && strcmp(thread, "single")) {
        static const char *const threads[] = {"multi", "single", NULL};

        error_set_unknown(errp, thread, threads, "thread=%s: must be 'multi' or 'single'", thread);
        return false;
    }
    if (thread && !strcmp(thread, "single")) {
        info_report("thread=single: every CPU has a thread of its own all the same");
    }
    return option_check_unused(opts, "-accel tcg", option_names, errp);
}

/* ------------------------------------------------------------------ life */

TcgAccel *tcg_accel_new(struct Machine *m, struct OptionSet *opts, Error **errp)
{
    TcgAccel *a = g_new0(TcgAccel, 1);

    if (!parse_options(a, opts, errp)) {
        g_free(a);
        return NULL;
    }
    a->machine = m;
    a->breakpoints = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    g_mutex_init(&a->translate_lock);
    g_mutex_init(&a->code_lock);
    g_mutex_init(&a->atomic_lock);
    regions_init(a);
    a->rt = (TcgRuntime){
        .load = access_load, .store = access_store, .load_vec = access_load_vec, .store_vec = access_store_vec,
        .atomic = access_atomic, .cmpxchg = access_cmpxchg, .lookup = exec_lookup,
    };
    a->listener = (MemoryListener){.changed = on_changed, .code_written = on_code_written, .dirty_log = on_dirty_log};
    memory_listener_add(m, &a->listener);
    return a;
}

/* With the first CPU the target is known. */
static bool start(TcgAccel *a, const TargetRecord *t, Error **errp)
{
    size_t used = 0;

    if (!t->slots || !t->slot_count || t->slot_count > TCG_MAX_SLOTS) {
        error_setg(errp, "target '%s' has no registers to translate for", t->name ? t->name : "?");
        return false;
    }
    a->target = t;
    a->pc_offset = t->slots[TCG_SLOT_PC].offset;
    if (!tcg_code_buffer_new(&a->cb, a->tb_size, errp)) {
        return false;
    }
    if (!a->interp) {
        Error *err = NULL;

        a->be = tcg_backend_new(&a->cb, &a->rt, a->pc_offset, &used, &err);
        if (!a->be) {
            warn_report("no code is generated for this host (%s): TinyCode is interpreted, which is slow",
                        err ? error_message(err) : "no backend");
            error_free(err);
            a->interp = true;
        }
    }
    if (!segments_init(a, used, errp)) {
        g_clear_pointer(&a->be, tcg_backend_free);
        tcg_code_buffer_free(&a->cb);
        return false;
    }
    a->former = former_new(a);
    a->started = true;
    return true;
}

bool tcg_accel_add_cpu(TcgAccel *a, CpuState *cpu, Error **errp)
{
    if (!cpu->target || (a->started && a->target != cpu->target)) {
        error_setg(errp, "CPUs of different targets cannot share one machine");
        return false;
    }
    if (a->vcpu_count >= MAX_VCPUS) {
        error_setg(errp, "more than %u CPUs", MAX_VCPUS);
        return false;
    }
    if (!a->started && !start(a, cpu->target, errp)) {
        return false;
    }
    TcgVcpu *v = g_new0(TcgVcpu, 1);
    v->cpu = cpu;
    v->accel = a;
    v->target = cpu->target;
    if (!tlb_vcpu_init(v, errp)) {
        g_free(v);
        return false;
    }
    cpu->accel = v;
    a->vcpus[a->vcpu_count] = v;
    atomic_put_sc(&a->vcpu_count, a->vcpu_count + 1);
    return true;
}

void tcg_accel_free(TcgAccel *a)
{
    if (!a) {
        return;
    }
    if (log_on(LOG_PROFILE)) {
        info_print_profile(a);
    }
    memory_listener_remove(a->machine, &a->listener);
    for (unsigned i = 0; i < a->vcpu_count; i++) {
        TcgVcpu *v = a->vcpus[i];

        tlb_vcpu_free(v);
        v->cpu->accel = NULL;
        g_free(v);
    }
    segments_free(a);
    code_pages_free(a);
    regions_free(a);
    former_free(a->former);
    if (a->started) {
        g_clear_pointer(&a->be, tcg_backend_free);
        tcg_code_buffer_free(&a->cb);
    }
    g_array_unref(a->breakpoints);
    g_mutex_clear(&a->translate_lock);
    g_mutex_clear(&a->code_lock);
    g_mutex_clear(&a->atomic_lock);
    g_free(a);
}

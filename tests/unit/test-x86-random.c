/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The x86-64 backend against the interpreter: random regions, interpreted as built and compiled after optimisation, must
 * leave the same state, with an empty TLB (every access takes the slow path) and with a full one.
 * TCG_RANDOM_COUNT and TCG_RANDOM_SEED in the environment: more regions, or one seed alone.
 */
#include <stdlib.h>
#include <string.h>

#include "tcg-random.h"

#define BUFFER (4u << 20)

typedef struct Fixture {
    TcgRegion *built, *opt;
    TcgBuilder *b;
    RandomCpu *start, *x, *y;
    TlbContext *tlb;
    TcgCodeBuffer cb;
    TcgBackend *be;
    size_t used;
} Fixture;

static const TcgCode *running;
static TcgBackend *running_be;

static void restore(CpuState *cpu) { tcg_site_restore(running, cpu, cpu->tcg.ra); }

static void fixture_init(Fixture *f)
{
    f->built = tcg_region_new(tcg_random_slots, tcg_random_slot_count);
    f->opt = tcg_region_new(tcg_random_slots, tcg_random_slot_count);
    f->b = tcg_builder_new();
    f->start = tcg_random_cpu_new();
    f->x = tcg_random_cpu_new();
    f->y = tcg_random_cpu_new();
    f->tlb = g_malloc(sizeof *f->tlb);
    g_assert_true(tcg_code_buffer_new(&f->cb, BUFFER, NULL));
    f->be = tcg_backend_new(&f->cb, tcg_random_runtime(), offsetof(RandomCpu, pc), &f->used, NULL);
    g_assert_nonnull(f->be);
    f->y->parent.tcg.tlb = f->tlb;
    g_test_message("host features: %s", tcg_backend_host_features(f->be));
}

static void fixture_free(Fixture *f)
{
    tcg_region_free(f->built);
    tcg_region_free(f->opt);
    tcg_builder_free(f->b);
    tcg_random_cpu_free(f->start);
    tcg_random_cpu_free(f->x);
    tcg_random_cpu_free(f->y);
    g_free(f->tlb);
    tcg_backend_free(f->be);
    tcg_code_buffer_free(&f->cb);
}

static void fill_tlb(Fixture *f, unsigned which) /* 1: for reads, 2: for writes */
{
    memset(f->tlb, 0xff, sizeof *f->tlb);
    for (unsigned m = 0; m < TLB_MODES; m++) {
        for (unsigned a = TLB_READ; a <= TLB_WRITE; a++) {
            if (!(which >> a & 1))
                continue;
            TlbEntry *e = &f->tlb->table[m][a][RANDOM_MEM_BASE >> TLB_PAGE_BITS & (TLB_ENTRIES - 1)];
            *e = (TlbEntry){RANDOM_MEM_BASE, (uintptr_t)f->y->mem - RANDOM_MEM_BASE};
        }
    }
}

static void run_native(Fixture *f, const TcgCode *code)
{
    RandomCpu *cpu = f->y;
    cpu->restore = restore;
    running = code;
    running_be = f->be;
    if (sigsetjmp(cpu->parent.jmp_env, 0) == 0) {
        TcgLink *l = tcg_backend_enter(f->be, &cpu->parent, code->rx, &cpu->reason);
        cpu->linkable = l != NULL;
    } else {
        tcg_backend_unwind(running_be, &cpu->parent);
    }
}

static void one_seed(Fixture *f, uint64_t seed, uint32_t features)
{
    TcgRandom g, again;
    g_autoptr(Error) err = NULL;
    bool too_big;

    tcg_random_init(&g, seed, features);
    unsigned size = 1 + (unsigned)(tcg_random_next(&g) % (seed % 16 == 0 ? 200 : 30));
    again = g;
    tcg_region_reset(f->built, 0x1000, 0);
    tcg_random_region(&g, f->b, f->built, size);
    tcg_region_reset(f->opt, 0x1000, 0);
    tcg_random_region(&again, f->b, f->opt, size);
    tcg_optimize(f->opt);
    if (!tcg_verify(f->opt, &err)) {
        tcg_print(f->built, stderr);
        tcg_print(f->opt, stderr);
        g_error("seed %" G_GUINT64_FORMAT ": %s", seed, error_message(err));
    }
    TcgCode *code = tcg_backend_compile(f->be, f->opt, f->cb.rx + f->used, BUFFER - f->used, 0, &too_big, &err);
    if (!code && too_big) {
        g_test_message("seed %" G_GUINT64_FORMAT ": too big", seed);
        return;
    }
    if (!code) {
        tcg_print(f->opt, stderr);
        g_error("seed %" G_GUINT64_FORMAT ": %s", seed, error_message(err));
    }
    if (g_getenv("TCG_RANDOM_SHOW")) {
        tcg_print(f->opt, stderr);
        tcg_backend_print_code(f->be, code, stderr);
    }
    for (unsigned run = 0; run < 4; run++) {
        tcg_random_fill(&g, f->start);
        tcg_random_copy(f->x, f->start);
        tcg_random_copy(f->y, f->start);
        tcg_random_interpret(f->x, f->built);
        fill_tlb(f, run);
        run_native(f, code);
        if (f->start->parent.tcg.exit_request && !f->y->linkable && !f->y->reason && !f->y->faulted)
            f->y->linkable = f->x->linkable; /* polled on a backward exit: back without a link */
        const char *diff = tcg_random_difference(f->x, f->y, 0x3d);
        if (diff) {
            tcg_print(f->built, stderr);
            tcg_print(f->opt, stderr);
            tcg_backend_print_code(f->be, code, stderr);
            g_error("seed %" G_GUINT64_FORMAT " run %u: interpreted and compiled, %s", seed, run, diff);
        }
    }
    tcg_code_free(code);
}

static void many(uint32_t features, uint64_t first, unsigned count)
{
    Fixture f;
    const char *s = g_getenv("TCG_RANDOM_SEED"), *n = g_getenv("TCG_RANDOM_COUNT");

    fixture_init(&f);
    if (s) {
        one_seed(&f, g_ascii_strtoull(s, NULL, 0), features);
    } else {
        if (n)
            count = (unsigned)g_ascii_strtoull(n, NULL, 0);
        for (unsigned i = 0; i < count; i++)
            one_seed(&f, first + i, features);
    }
    fixture_free(&f);
}

/* Loads and stores off one base: share a TLB check; around the page's end, misaligned, with registers short */
static void build_group(Fixture *f, TcgRegion *r, unsigned values)
{
    enum { X = 1 };
    TcgBuilder *b = f->b;
    TcgMem mem = TCG_MEM(3u, 0u, 0u, TCG_ALIGN_ANY, 1u), word = TCG_MEM(2u, 1u, 0u, TCG_ALIGN_ANY, 1u);
    tcg_region_reset(r, 0x1000, 0);
    tcg_builder_begin(b, r);
    tcg_builder_insn(b, 0x1000, 4);
    TcgVal base = tcg_get(b, X + 1, TCG_I64), v[16];
    for (unsigned i = 0; i < values; i++)
        v[i] = tcg_emit2(b, TCG_OP_MUL, TCG_I64, tcg_get(b, X + 2 + i % 8, TCG_I64), tcg_const(b, TCG_I64, 3 + i));
    for (unsigned i = 0; i < 4; i++) {
        tcg_builder_insn(b, 0x1004 + 8 * i, 4);
        tcg_put(b, X + 2 + i, tcg_load(b, TCG_I64, base, 8 * i - 8, i & 1 ? word : mem));
        tcg_builder_insn(b, 0x1008 + 8 * i, 4);
        tcg_store(b, TCG_I64, base, 12 * i, tcg_get(b, X + 5 + i, TCG_I64), i & 1 ? mem : word);
    }
    tcg_builder_insn(b, 0x1024, 4);
    for (unsigned i = 0; i < values; i++)
        tcg_put(b, X + 2 + i % 8, tcg_emit2(b, TCG_OP_XOR, TCG_I64, tcg_get(b, X + 2 + i % 8, TCG_I64), v[i]));
    tcg_builder_end(b, 0x1028);
}

static void test_group(void)
{
    Fixture f;
    fixture_init(&f);
    for (unsigned values = 0; values <= 16; values += 4) {
        bool too_big;
        TcgRandom g;
        tcg_random_init(&g, values, 0);
        build_group(&f, f.built, values);
        build_group(&f, f.opt, values);
        tcg_optimize(f.opt);
        TcgCode *code = tcg_backend_compile(f.be, f.opt, f.cb.rx + f.used, BUFFER - f.used, 0, &too_big, NULL);
        g_assert_nonnull(code);
        for (unsigned at = 0; at < 3 * 128; at++) {
            tcg_random_fill(&g, f.start);
            f.start->parent.tcg.exit_request = 0;
            f.start->x[1] = RANDOM_MEM_BASE + (at < 128 ? 0 : at < 256 ? 1000 : RANDOM_MEM_SIZE - 100) + at % 128;
            tcg_random_copy(f.x, f.start);
            tcg_random_copy(f.y, f.start);
            tcg_random_interpret(f.x, f.built);
            fill_tlb(&f, at & 3);
            run_native(&f, code);
            const char *diff = tcg_random_difference(f.x, f.y, 0x3d);
            if (diff) {
                tcg_backend_print_code(f.be, code, stderr);
                g_error("%u values at %u: %s", values, at, diff);
            }
        }
        tcg_code_free(code);
    }
    fixture_free(&f);
}

/*
 * Two loops of which neither is inside the other: a value read at the head of the first one must be there again after the second
 * one, behind the first one's end, ran short of registers.
 */
static void build_overlap(Fixture *f, TcgRegion *r, unsigned values)
{
    enum { X = 1, A = 0x1000, B = 0x1010, C = 0x1020, D = 0x1030 };
    TcgBuilder *b = f->b;
    TcgVal v[20], one = TCG_NONE;
    tcg_region_reset(r, A, 0);
    tcg_builder_begin(b, r);
    tcg_builder_label_pc(b, A);
    tcg_builder_label_pc(b, B);
    tcg_builder_insn(b, A, 4);
    one = tcg_const(b, TCG_I64, 1);
    tcg_put(b, X, tcg_add(b, TCG_I64, tcg_mul(b, TCG_I64, tcg_get(b, X, TCG_I64), tcg_get(b, X + 2, TCG_I64)), tcg_get(b, X + 2, TCG_I64)));
    tcg_builder_insn(b, B, 4);
    tcg_put(b, X + 1, tcg_add(b, TCG_I64, tcg_get(b, X + 1, TCG_I64), tcg_get(b, X, TCG_I64)));
    tcg_builder_insn(b, C, 4);
    tcg_put(b, X + 7, tcg_sub(b, TCG_I64, tcg_get(b, X + 7, TCG_I64), one));
    tcg_branch(b, TCG_COND_GT, TCG_I64, tcg_get(b, X + 7, TCG_I64), tcg_const(b, TCG_I64, 0), A);
    tcg_builder_insn(b, D, 4);
    for (unsigned i = 0; i < values; i++)
        v[i] = tcg_mul(b, TCG_I64, tcg_get(b, X + 1, TCG_I64), tcg_const(b, TCG_I64, 3 + 2 * i));
    for (unsigned i = 0; i < values; i++)
        tcg_put(b, X + 3, tcg_add(b, TCG_I64, tcg_mul(b, TCG_I64, tcg_get(b, X + 3, TCG_I64), tcg_const(b, TCG_I64, 5)), v[i]));
    tcg_put(b, X + 7, tcg_const(b, TCG_I64, 3));
    tcg_put(b, X + 6, tcg_sub(b, TCG_I64, tcg_get(b, X + 6, TCG_I64), one));
    tcg_branch(b, TCG_COND_GT, TCG_I64, tcg_get(b, X + 6, TCG_I64), tcg_const(b, TCG_I64, 0), B);
    tcg_builder_end(b, D + 4);
}

static void test_overlap(void)
{
    Fixture f;
    fixture_init(&f);
    for (unsigned values = 4; values <= 20; values++) {
        bool too_big;
        TcgRandom g;
        tcg_random_init(&g, values, 0);
        build_overlap(&f, f.built, values);
        build_overlap(&f, f.opt, values);
        tcg_optimize(f.opt);
        TcgCode *code = tcg_backend_compile(f.be, f.opt, f.cb.rx + f.used, BUFFER - f.used, 0, &too_big, NULL);
        g_assert_nonnull(code);
        tcg_random_fill(&g, f.start);
        f.start->parent.tcg.exit_request = 0;
        f.start->x[6] = 3;
        f.start->x[7] = 3;
        tcg_random_copy(f.x, f.start);
        tcg_random_copy(f.y, f.start);
        tcg_random_interpret(f.x, f.built);
        run_native(&f, code);
        const char *diff = tcg_random_difference(f.x, f.y, 0x3d);
        if (diff) {
            tcg_print(f.opt, stderr);
            tcg_backend_print_code(f.be, code, stderr);
            g_error("%u values: %s", values, diff);
        }
        tcg_code_free(code);
    }
    fixture_free(&f);
}

static void test_int(void) { many(0, 1, 2000); }
static void test_branch(void) { many(TCG_RANDOM_BRANCH | TCG_RANDOM_LOOP, 10001, 2000); }
static void test_mem(void) { many(TCG_RANDOM_MEM, 20001, 2000); }
static void test_call(void) { many(TCG_RANDOM_MEM | TCG_RANDOM_CALL | TCG_RANDOM_BRANCH | TCG_RANDOM_LOOP, 30001, 2000); }
static void test_fp(void) { many(TCG_RANDOM_FP | TCG_RANDOM_MEM | TCG_RANDOM_BRANCH | TCG_RANDOM_LOOP, 40001, 2000); }
static void test_vec(void) { many(TCG_RANDOM_VEC | TCG_RANDOM_VEC256 | TCG_RANDOM_HOSTVEC | TCG_RANDOM_I128 | TCG_RANDOM_MEM, 50001, 1000); }
static void test_flags(void) { many(TCG_RANDOM_FLAGS | TCG_RANDOM_BRANCH | TCG_RANDOM_LOOP | TCG_RANDOM_CALL, 60001, 1000); }
static void test_all(void) { many(TCG_RANDOM_ALL, 70001, 3000); }
static void test_baseline(void)
{
    g_setenv("MIMIC_X86_FEATURES", "baseline", TRUE);
    many(TCG_RANDOM_ALL, 80001, 2000);
    g_setenv("MIMIC_X86_FEATURES", "noavx", TRUE);
    many(TCG_RANDOM_ALL, 90001, 500);
    g_unsetenv("MIMIC_X86_FEATURES");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/x86/random/group", test_group);
    g_test_add_func("/x86/random/overlap", test_overlap);
    g_test_add_func("/x86/random/int", test_int);
    g_test_add_func("/x86/random/branch", test_branch);
    g_test_add_func("/x86/random/mem", test_mem);
    g_test_add_func("/x86/random/call", test_call);
    g_test_add_func("/x86/random/fp", test_fp);
    g_test_add_func("/x86/random/vec", test_vec);
    g_test_add_func("/x86/random/flags", test_flags);
    g_test_add_func("/x86/random/all", test_all);
    g_test_add_func("/x86/random/baseline", test_baseline);
    return g_test_run();
}

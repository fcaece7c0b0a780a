/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The optimiser against the interpreter: random regions run as built and as optimised must leave the same state. Every
 * pass is verified. TCG_RANDOM_COUNT and TCG_RANDOM_SEED in the environment: more regions, or one seed alone.
 */
#include <stdlib.h>
#include <string.h>

#include "tcg-random.h"

typedef struct Fixture {
    TcgRegion *built, *opt;
    TcgBuilder *b;
    RandomCpu *start, *x, *y;
} Fixture;

static void fixture_init(Fixture *f)
{
    f->built = tcg_region_new(tcg_random_slots, tcg_random_slot_count);
    f->opt = tcg_region_new(tcg_random_slots, tcg_random_slot_count);
    f->b = tcg_builder_new();
    f->start = tcg_random_cpu_new();
    f->x = tcg_random_cpu_new();
    f->y = tcg_random_cpu_new();
}

static void fixture_free(Fixture *f)
{
    tcg_region_free(f->built);
    tcg_region_free(f->opt);
    tcg_builder_free(f->b);
    tcg_random_cpu_free(f->start);
    tcg_random_cpu_free(f->x);
    tcg_random_cpu_free(f->y);
}

static void must_verify(const TcgRegion *r, const char *when, uint64_t seed)
{
    g_autoptr(Error) err = NULL;

    if (!tcg_verify(r, &err)) {
        tcg_print(r, stderr);
        g_error("seed %" G_GUINT64_FORMAT " %s: %s", seed, when, error_message(err));
    }
}

static void one_seed(Fixture *f, uint64_t seed, uint32_t features, unsigned *coverage)
{
    TcgRandom g, again;
    unsigned size;

    tcg_random_init(&g, seed, features);
    size = 1 + tcg_random_next(&g) % (seed % 16 == 0 ? 200 : 30);
    again = g;
    tcg_region_reset(f->built, 0x1000, 0);
    tcg_random_region(&g, f->b, f->built, size);
    must_verify(f->built, "as built", seed);
    tcg_region_reset(f->opt, 0x1000, 0);
    tcg_random_region(&again, f->b, f->opt, size);
    tcg_pass_promote(f->opt);
    must_verify(f->opt, "promoted", seed);
    tcg_pass_fold(f->opt);
    must_verify(f->opt, "folded", seed);
    tcg_pass_dce(f->opt);
    must_verify(f->opt, "without dead code", seed);
    for (unsigned i = 0; i < f->opt->insn_count && i < f->opt->block_count; i++) { /* phis that are left have a reason */
        for (TcgVal v = f->opt->blocks[i].first; v < f->opt->blocks[i].end; v++) {
            g_assert(f->opt->insns[v].op != TCG_OP_NOP);
        }
    }
    for (unsigned run = 0; run < 4; run++) {
        const char *diff;

        tcg_random_fill(&g, f->start);
        tcg_random_copy(f->x, f->start);
        tcg_random_copy(f->y, f->start);
        tcg_random_interpret(f->x, f->built);
        tcg_random_interpret(f->y, f->opt);
        diff = tcg_random_difference(f->x, f->y, 0x3f);
        if (diff) {
            tcg_print(f->built, stderr);
            tcg_print(f->opt, stderr);
            g_error("seed %" G_GUINT64_FORMAT " run %u: as built and optimised, %s", seed, run, diff);
        }
    }
    for (unsigned i = 0; i < TCG_OP_COUNT; i++) {
        coverage[i] += g.coverage[i];
    }
}

static uint64_t env_number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text ? g_ascii_strtoull(text, NULL, 0) : otherwise;
}

static void run_features(uint32_t features, uint64_t count, unsigned *coverage)
{
    uint64_t only = env_number("TCG_RANDOM_SEED", 0), n = env_number("TCG_RANDOM_COUNT", count);
    Fixture f;

    fixture_init(&f);
    for (uint64_t seed = only ? only : 1; seed <= (only ? only : n); seed++) {
        one_seed(&f, seed, features, coverage);
    }
    fixture_free(&f);
}

static void test_straight(void)
{
    unsigned coverage[TCG_OP_COUNT] = {0};

    run_features(TCG_RANDOM_MEM, 1500, coverage);
}

static void test_flow(void)
{
    unsigned coverage[TCG_OP_COUNT] = {0};

    run_features(TCG_RANDOM_MEM | TCG_RANDOM_BRANCH | TCG_RANDOM_LOOP | TCG_RANDOM_CALL, 3000, coverage);
}

static void test_all(void)
{
    unsigned coverage[TCG_OP_COUNT] = {0};

    run_features(TCG_RANDOM_ALL, 4000, coverage);
    for (unsigned op = TCG_OP_CONST; op < TCG_OP_COUNT; op++) {
        if (op != TCG_OP_COPY && op != TCG_OP_PHI && op != TCG_OP_PUTF && !coverage[op] && !getenv("TCG_RANDOM_SEED")) {
            g_error("the generator never emits %s", tcg_op_info[op].name);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tcg/random/straight", test_straight);
    g_test_add_func("/tcg/random/flow", test_flow);
    g_test_add_func("/tcg/random/all", test_all);
    return g_test_run();
}

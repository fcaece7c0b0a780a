/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Promotion, by example: where values come from, where phis and loads stand, what exit maps and calls of helpers see;
 * the builder's blocks, labels and polls; what the verifier refuses.
 */
#include <string.h>

#include "tcg-random.h"

enum { X0 = 1, X1, X2, X3, X4, X5 };
#define MEM64 TCG_MEM(3, 0, 0, 0, 1)

typedef struct T {
    TcgRegion *r;
    TcgBuilder *b;
} T;

static T begin(uint64_t pc)
{
    T t = {tcg_region_new(tcg_random_slots, tcg_random_slot_count), tcg_builder_new()};

    t.r->pc = pc;
    tcg_builder_begin(t.b, t.r);
    return t;
}

static void end(T *t)
{
    tcg_region_free(t->r);
    tcg_builder_free(t->b);
}

static void verify(const TcgRegion *r)
{
    g_autoptr(Error) err = NULL;

    if (!tcg_verify(r, &err)) {
        tcg_print(r, stderr);
        g_error("%s", error_message(err));
    }
}

static void optimise(T *t, uint64_t next_pc)
{
    tcg_builder_end(t->b, next_pc);
    verify(t->r);
    tcg_pass_promote(t->r);
    verify(t->r);
    tcg_pass_fold(t->r);
    verify(t->r);
    tcg_pass_dce(t->r);
    verify(t->r);
}

static TcgVal get(T *t, unsigned slot) { return tcg_get(t->b, slot, TCG_I64); }

static unsigned count(const TcgRegion *r, uint32_t block, TcgOp op)
{
    unsigned n = 0;

    for (TcgVal v = r->blocks[block].first; v < r->blocks[block].end; v++) {
        n += r->insns[v].op == op;
    }
    return n;
}

static unsigned count_all(const TcgRegion *r, TcgOp op)
{
    unsigned n = 0;

    for (uint32_t b = 0; b < r->block_count; b++) {
        n += count(r, b, op);
    }
    return n;
}

/* The @nth instruction of @op. */
static const TcgInsn *find(const TcgRegion *r, TcgOp op, unsigned nth)
{
    for (TcgVal v = 1; v < r->insn_count; v++) {
        if (r->insns[v].op == op && nth-- == 0) {
            return &r->insns[v];
        }
    }
    tcg_print(r, stderr);
    g_error("there is no such %s", tcg_op_info[op].name);
    return NULL;
}

/* "x1 x2": the slots in an instruction's map. */
static char *map_text(const TcgRegion *r, const TcgInsn *in)
{
    const TcgMap *m = &r->maps[in->map];
    GString *s = g_string_new(NULL);

    for (uint32_t i = 0; i < m->count; i++) {
        g_string_append_printf(s, "%s%s", i ? " " : "", r->slots[r->map_entries[m->first + i].slot].name);
    }
    return g_string_free(s, FALSE);
}

static void expect_map(const TcgRegion *r, const TcgInsn *in, const char *want)
{
    g_autofree char *have = map_text(r, in);

    if (strcmp(have, want) != 0) {
        tcg_print(r, stderr);
        g_error("map of %s is \"%s\", wanted \"%s\"", tcg_op_info[in->op].name, have, want);
    }
}

static void test_straight(void)
{
    T t = begin(0x1000);

    tcg_builder_insn(t.b, 0x1000, 4);
    tcg_put(t.b, X1, tcg_addi(t.b, TCG_I64, get(&t, X0), 1));
    tcg_builder_insn(t.b, 0x1004, 4);
    tcg_put(t.b, X2, tcg_load(t.b, TCG_I64, get(&t, X1), 0, MEM64)); /* x1 dirty, x2 not yet */
    tcg_builder_insn(t.b, 0x1008, 4);
    tcg_store(t.b, TCG_I64, get(&t, X0), 0, get(&t, X2), MEM64);
    tcg_store(t.b, TCG_I64, get(&t, X0), 8, get(&t, X1), MEM64);
    optimise(&t, 0x100c);
    g_assert_cmpuint(count_all(t.r, TCG_OP_GET), ==, 1); /* x0 once; x1 and x2 never */
    g_assert_cmpuint(count_all(t.r, TCG_OP_PUT), ==, 0);
    expect_map(t.r, find(t.r, TCG_OP_LD, 0), "x1");
    expect_map(t.r, find(t.r, TCG_OP_ST, 0), "x1 x2");
    g_assert_cmpuint(find(t.r, TCG_OP_ST, 0)->map, ==, find(t.r, TCG_OP_ST, 1)->map); /* shared */
    expect_map(t.r, find(t.r, TCG_OP_EXIT, 0), "x1 x2");
    end(&t);
}

static void test_diamond(void)
{
    T t = begin(0x1000);

    tcg_builder_label_pc(t.b, 0x1008);
    tcg_builder_insn(t.b, 0x1000, 4);
    tcg_branch(t.b, TCG_COND_EQ, TCG_I64, get(&t, X0), get(&t, X1), 0x1008);
    tcg_builder_insn(t.b, 0x1004, 4);
    tcg_put(t.b, X2, get(&t, X0));
    tcg_builder_insn(t.b, 0x1008, 4);
    tcg_put(t.b, X3, tcg_addi(t.b, TCG_I64, get(&t, X2), 5));
    optimise(&t, 0x100c);
    /* x2 is dirty on one way: a phi with its loaded value on the other; x0 and x1 have none */
    g_assert_cmpuint(count_all(t.r, TCG_OP_PHI), ==, 1);
    g_assert_cmpuint(find(t.r, TCG_OP_PHI, 0)->imm, ==, X2);
    expect_map(t.r, find(t.r, TCG_OP_EXIT, 0), "x2 x3");
    end(&t);
}

static void build_loop(T *t)
{
    *t = begin(0x1000);
    tcg_builder_label_pc(t->b, 0x1000);
    tcg_builder_insn(t->b, 0x1000, 4); /* ld x2, 0(x0) */
    tcg_put(t->b, X2, tcg_load(t->b, TCG_I64, get(t, X0), 0, MEM64));
    tcg_builder_insn(t->b, 0x1004, 4); /* add x3, x3, x2 */
    tcg_put(t->b, X3, tcg_add(t->b, TCG_I64, get(t, X3), get(t, X2)));
    tcg_builder_insn(t->b, 0x1008, 4); /* add x0, x0, x4 */
    tcg_put(t->b, X0, tcg_add(t->b, TCG_I64, get(t, X0), get(t, X4)));
    tcg_builder_insn(t->b, 0x100c, 4); /* bne x0, x1 */
    tcg_branch(t->b, TCG_COND_NE, TCG_I64, get(t, X0), get(t, X1), 0x1000);
    optimise(t, 0x1010);
}

static void test_loop(void)
{
    const TcgRegion *r;
    T t;

    build_loop(&t);
    r = t.r;
    g_assert_true(r->backward_polls);
    g_assert_true(r->blocks[1].loop_head);
    g_assert_cmpuint(r->blocks[0].pred_count, ==, 0);
    g_assert_cmpuint(r->blocks[1].loop_depth, ==, 1);
    g_assert_cmpuint(r->blocks[2].loop_depth, ==, 0);
    g_assert_cmpuint(count(r, 0, TCG_OP_GET), ==, 5); /* all loads are before the loop: x0..x4 */
    g_assert_cmpuint(count(r, 1, TCG_OP_GET), ==, 0);
    g_assert_cmpuint(count(r, 1, TCG_OP_PHI), ==, 3); /* x0 x2 x3; not x1, x4 */
    g_assert_cmpuint(count(r, 1, TCG_OP_POLL), ==, 1);
    expect_map(r, find(r, TCG_OP_POLL, 0), "x0 x2 x3");
    g_assert_cmphex(r->exits[find(r, TCG_OP_POLL, 0)->aux].pc, ==, 0x1000);
    end(&t);
}

/* for (w = 0; ; w += 1) sum += x: a 32-bit counter and a boxed float stay narrow; widened for the maps only. */
static void test_narrow(void)
{
    unsigned f0 = 15, f1 = 16;
    const TcgRegion *r;
    T t = begin(0x1000);
    TcgVal a;

    tcg_builder_label_pc(t.b, 0x1008);
    tcg_builder_insn(t.b, 0x1000, 4);
    tcg_put(t.b, X0, tcg_const(t.b, TCG_I64, 0));
    tcg_put(t.b, f0, tcg_const(t.b, TCG_I64, 0xffffffff00000000));
    tcg_builder_insn(t.b, 0x1008, 4);
    a = tcg_emit1(t.b, TCG_OP_UNBOX32, TCG_F32, tcg_get(t.b, f0, TCG_I64), 0);
    a = tcg_fp2(t.b, TCG_OP_FADD, TCG_F32, a, tcg_emit1(t.b, TCG_OP_UNBOX32, TCG_F32, tcg_get(t.b, f1, TCG_I64), 0), 0);
    tcg_put(t.b, f0, tcg_emit1(t.b, TCG_OP_BOX32, TCG_I64, a, 0));
    tcg_builder_insn(t.b, 0x100c, 4);
    tcg_put(t.b, X0, tcg_exts(t.b, tcg_add(t.b, TCG_I32, tcg_trunc(t.b, get(&t, X0)), tcg_const(t.b, TCG_I32, 1))));
    tcg_branch(t.b, TCG_COND_LT, TCG_I64, get(&t, X0), tcg_const(t.b, TCG_I64, 100), 0x1008);
    optimise(&t, 0x1010);
    r = t.r;
    g_assert_cmpuint(count_all(r, TCG_OP_PHI), ==, 2);
    g_assert_cmpint(find(r, TCG_OP_PHI, 0)->type, ==, TCG_I32);
    g_assert_cmpint(find(r, TCG_OP_PHI, 1)->type, ==, TCG_F32);
    g_assert_cmpint(find(r, TCG_OP_BRCOND, 0)->type, ==, TCG_I32);
    g_assert_cmpuint(count(r, 1, TCG_OP_UNBOX32), ==, 1); /* of f1; not of the sum */
    expect_map(r, find(r, TCG_OP_EXIT, 0), "x0 f0");
    end(&t);
}

/* A loop entered in its middle: the head is reached along the back edge only. */
static void test_rotated(void)
{
    T t = begin(0x1000);

    tcg_builder_label_pc(t.b, 0x1004);
    tcg_builder_label_pc(t.b, 0x1008);
    tcg_builder_insn(t.b, 0x1000, 4);
    tcg_goto(t.b, 0x1008, TCG_EDGE_JUMP, 0);
    tcg_builder_insn(t.b, 0x1004, 4);
    tcg_put(t.b, X0, tcg_add(t.b, TCG_I64, get(&t, X0), get(&t, X4)));
    tcg_builder_insn(t.b, 0x1008, 4);
    tcg_branch(t.b, TCG_COND_LTU, TCG_I64, get(&t, X0), get(&t, X1), 0x1004);
    optimise(&t, 0x100c);
    for (uint32_t b = 1; b < t.r->block_count; b++) { /* nothing is loaded in the loop */
        g_assert_cmpuint(t.r->blocks[b].loop_depth ? count(t.r, b, TCG_OP_GET) : 0, ==, 0);
    }
    end(&t);
}

static uint64_t nothing(void) { return 0; }
#define SET(slot) {{1ull << (slot)}}

static void test_helpers(void)
{
    static const TcgHelper reads = {.name = "reads", .fn = (void *)nothing, .ret = TCG_VOID, .reads = SET(X1)};
    static const TcgHelper writes = {.name = "writes", .fn = (void *)nothing, .ret = TCG_VOID, .writes = SET(X2), .flags = TCG_HELPER_RAISES};
    static const TcgHelper all = {.name = "all", .fn = (void *)nothing, .ret = TCG_I64, .flags = TCG_HELPER_READS_ALL | TCG_HELPER_WRITES_ALL | TCG_HELPER_RAISES};
    static const TcgHelper pure = {.name = "pure", .fn = (void *)nothing, .ret = TCG_I64, .args = {TCG_I64}, .flags = TCG_HELPER_PURE};
    T t = begin(0x1000);

    tcg_builder_insn(t.b, 0x1000, 4);
    tcg_put(t.b, X1, get(&t, X0));
    tcg_put(t.b, X2, get(&t, X0));
    tcg_put(t.b, X3, get(&t, X0));
    tcg_call(t.b, &reads, 0, 0, 0, 0);  /* stores x1 */
    tcg_call(t.b, &writes, 0, 0, 0, 0); /* stores x2 (it may leave it alone); map: x3 */
    tcg_put(t.b, X4, get(&t, X2));      /* loaded again */
    tcg_call(t.b, &pure, get(&t, X3), 0, 0, 0); /* unused: goes */
    tcg_call(t.b, &all, 0, 0, 0, 0);    /* stores x3 and x4; map empty */
    tcg_put(t.b, X5, get(&t, X1));
    optimise(&t, 0x1004);
    g_assert_cmpuint(count_all(t.r, TCG_OP_CALL), ==, 3);
    g_assert_cmpuint(count_all(t.r, TCG_OP_PUT), ==, 4);
    g_assert_cmpuint(find(t.r, TCG_OP_PUT, 0)->aux, ==, X1);
    g_assert_cmpuint(find(t.r, TCG_OP_PUT, 1)->aux, ==, X2);
    g_assert_cmpuint(find(t.r, TCG_OP_CALL, 0)->map, ==, 0);
    expect_map(t.r, find(t.r, TCG_OP_CALL, 1), "x3");
    expect_map(t.r, find(t.r, TCG_OP_CALL, 2), "");
    g_assert_cmpuint(count_all(t.r, TCG_OP_GET), ==, 3); /* x0; x2 after "writes"; x1 after "all" */
    expect_map(t.r, find(t.r, TCG_OP_EXIT, 0), "x5");
    end(&t);
}

/* The PC slot is in no map but that of an exit which says so. */
static void test_pc(void)
{
    T t = begin(0x1000);

    tcg_builder_label_pc(t.b, 0x1008);
    tcg_builder_insn(t.b, 0x1000, 4);
    tcg_put(t.b, TCG_SLOT_PC, get(&t, X0));
    tcg_put(t.b, X1, tcg_load(t.b, TCG_I64, get(&t, X0), 0, MEM64));
    tcg_branch(t.b, TCG_COND_EQ, TCG_I64, get(&t, X1), tcg_const(t.b, TCG_I64, 0), 0x1008);
    tcg_exit(t.b, TCG_REASON_IDLE, UINT64_MAX);
    tcg_builder_insn(t.b, 0x1008, 4);
    tcg_exit(t.b, TCG_REASON_NONE, 0x2000);
    optimise(&t, 0x100c);
    expect_map(t.r, find(t.r, TCG_OP_LD, 0), "");
    expect_map(t.r, find(t.r, TCG_OP_EXIT, 0), "pc x1");
    expect_map(t.r, find(t.r, TCG_OP_EXIT, 1), "x1");
    end(&t);
}

static void test_types(void)
{
    T t = begin(0x1000);
    unsigned f0 = 15;

    tcg_builder_insn(t.b, 0x1000, 4);
    tcg_put(t.b, f0, get(&t, X0));                       /* i64 into an f64 slot */
    tcg_put(t.b, f0 + 1, tcg_fsqrt(t.b, TCG_F64, tcg_get(t.b, f0, TCG_F64), 0));
    tcg_put(t.b, f0, tcg_get(t.b, f0, TCG_F64));         /* the same value again */
    optimise(&t, 0x1004);
    g_assert_cmpuint(count_all(t.r, TCG_OP_BITCAST), ==, 1);
    expect_map(t.r, find(t.r, TCG_OP_EXIT, 0), "f0 f1");
    end(&t);
}

static void test_labels(void)
{
    TcgLabel skip, done;
    T t = begin(0x1000);

    tcg_builder_label_pc(t.b, 0x1004);
    tcg_builder_label_pc(t.b, 0x9000); /* never reached by the former: an exit */
    tcg_builder_insn(t.b, 0x1000, 4);
    skip = tcg_label_new(t.b);
    done = tcg_label_new(t.b);
    tcg_label_branch(t.b, skip, TCG_COND_EQ, TCG_I64, get(&t, X0), tcg_const(t.b, TCG_I64, 0));
    tcg_put(t.b, X1, tcg_const(t.b, TCG_I64, 1));
    tcg_label_goto(t.b, done);
    tcg_put(t.b, X1, tcg_const(t.b, TCG_I64, 99)); /* unreachable: ignored */
    tcg_label_bind(t.b, skip);
    tcg_put(t.b, X1, tcg_const(t.b, TCG_I64, 2));
    tcg_label_bind(t.b, done);
    tcg_branch(t.b, TCG_COND_LT, TCG_I64, get(&t, X2), get(&t, X3), 0x9000);
    tcg_goto(t.b, 0x3000, TCG_EDGE_CALL, 0x1004);
    g_assert_false(tcg_builder_reachable(t.b));
    tcg_builder_insn(t.b, 0x1004, 4); /* nobody branches here: dropped */
    tcg_store(t.b, TCG_I64, get(&t, X0), 0, get(&t, X1), MEM64);
    optimise(&t, 0x1008);
    g_assert_cmpuint(count_all(t.r, TCG_OP_ST), ==, 0);
    g_assert_cmpuint(count_all(t.r, TCG_OP_PHI), ==, 1);
    g_assert_cmpuint(count_all(t.r, TCG_OP_EXIT_IF), ==, 1);
    g_assert_cmphex(t.r->exits[find(t.r, TCG_OP_EXIT_IF, 0)->aux].pc, ==, 0x9000);
    g_assert_cmpint(t.r->exits[find(t.r, TCG_OP_EXIT, 0)->aux].edge, ==, TCG_EDGE_CALL);
    end(&t);
}

/* More guest instructions than a region holds: it ends early, by an exit to the first one that is left out. */
static void test_full(void)
{
    const TcgRegion *r;
    T t = begin(0x1000);

    for (unsigned i = 0; i < TCG_MAX_GUEST_INSNS + 20; i++) {
        tcg_builder_insn(t.b, 0x1000 + 4 * i, 4);
        tcg_put(t.b, X0, tcg_addi(t.b, TCG_I64, get(&t, X0), 1));
    }
    optimise(&t, 0);
    r = t.r;
    g_assert_cmpuint(r->guest_count, ==, TCG_MAX_GUEST_INSNS);
    g_assert_cmphex(r->exits[find(r, TCG_OP_EXIT, 0)->aux].pc, ==, 0x1000 + 4 * TCG_MAX_GUEST_INSNS);
    g_assert_cmpuint(count_all(r, TCG_OP_ADD), ==, 1); /* the chain folds */
    end(&t);
}

/* Using a region again keeps nothing of the last one. */
static void test_reuse(void)
{
    T t;

    build_loop(&t);
    for (unsigned i = 0; i < 3; i++) {
        tcg_region_reset(t.r, 0x2000, 7);
        tcg_builder_begin(t.b, t.r);
        tcg_builder_insn(t.b, 0x2000, 2);
        tcg_put(t.b, X0, tcg_const(t.b, TCG_I64, 3));
        tcg_branch(t.b, TCG_COND_EQ, TCG_I64, get(&t, X1), get(&t, X2), 0x1000);
        optimise(&t, 0x2002);
        g_assert_cmpuint(t.r->block_count, ==, 1);
        g_assert_cmphex(t.r->flags, ==, 7);
        g_assert_false(t.r->backward_polls);
        expect_map(t.r, find(t.r, TCG_OP_EXIT_IF, 0), "x0");
    }
    end(&t);
}

static void must_refuse(const TcgRegion *r, const char *part)
{
    g_autoptr(Error) err = NULL;

    g_assert_false(tcg_verify(r, &err));
    if (!strstr(error_message(err), part)) {
        g_error("\"%s\" does not say \"%s\"", error_message(err), part);
    }
}

static void test_verifier(void)
{
    TcgInsn *in, saved;
    T t;

    build_loop(&t);
#define SPOIL(op, nth, change, message)                                                                                 \
    in = (TcgInsn *)find(t.r, op, nth);                                                                                 \
    saved = *in;                                                                                                        \
    change;                                                                                                             \
    must_refuse(t.r, message);                                                                                          \
    *in = saved;                                                                                                        \
    verify(t.r)
    SPOIL(TCG_OP_ADD, 0, in->arg[0] = t.r->insn_count - 1, "is not defined here");
    SPOIL(TCG_OP_ADD, 0, in->type = TCG_I32, "is i32");
    SPOIL(TCG_OP_ADD, 0, in->map = 1, "never leaves");
    SPOIL(TCG_OP_LD, 0, in->map = 1000, "out of range");
    SPOIL(TCG_OP_BRCOND, 0, in->aux = 77, "block");
    SPOIL(TCG_OP_BRCOND, 0, in->aux = 0, "branches to block 0");
    SPOIL(TCG_OP_GET, 0, in->aux = 99, "slot 99");
    SPOIL(TCG_OP_GET, 0, in->type = TCG_I32, "not i32");
    SPOIL(TCG_OP_EXIT, 0, in->op = TCG_OP_NOP, "falls out");
    SPOIL(TCG_OP_EXIT, 0, in->aux = 50, "exit 50");
    in = (TcgInsn *)find(t.r, TCG_OP_PHI, 0);
    t.r->phi_args[in->aux] = t.r->insn_count - 1;
    must_refuse(t.r, "at the end of block");
    end(&t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tcg/promote/straight", test_straight);
    g_test_add_func("/tcg/promote/diamond", test_diamond);
    g_test_add_func("/tcg/promote/loop", test_loop);
    g_test_add_func("/tcg/promote/narrow", test_narrow);
    g_test_add_func("/tcg/promote/rotated", test_rotated);
    g_test_add_func("/tcg/promote/helpers", test_helpers);
    g_test_add_func("/tcg/promote/pc", test_pc);
    g_test_add_func("/tcg/promote/types", test_types);
    g_test_add_func("/tcg/builder/labels", test_labels);
    g_test_add_func("/tcg/builder/full", test_full);
    g_test_add_func("/tcg/builder/reuse", test_reuse);
    g_test_add_func("/tcg/verify/refuses", test_verifier);
    return g_test_run();
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The x86-64 backend by example: links, guards, kills and polls do what backend.h says; small buffers are refused politely;
 * and the code of a few loops is not longer than it was when somebody last looked at it.
 */
#include <string.h>

#include "tcg-random.h"

#define BUFFER (1u << 20)
enum { SLOT_X = 1 };

typedef struct Fixture {
    TcgRegion *r;
    TcgBuilder *b;
    RandomCpu *cpu;
    TlbContext *tlb;
    TcgCodeBuffer cb;
    TcgBackend *be;
    size_t used;
} Fixture;

static void setup(Fixture *f, const void *data)
{
    f->r = tcg_region_new(tcg_random_slots, tcg_random_slot_count);
    f->b = tcg_builder_new();
    f->cpu = tcg_random_cpu_new();
    f->tlb = g_malloc(sizeof *f->tlb);
    memset(f->tlb, 0xff, sizeof *f->tlb);
    g_assert_true(tcg_code_buffer_new(&f->cb, BUFFER, NULL));
    f->be = tcg_backend_new(&f->cb, tcg_random_runtime(), offsetof(RandomCpu, pc), &f->used, NULL);
    g_assert_nonnull(f->be);
    f->cpu->parent.tcg.tlb = f->tlb;
    f->cpu->parent.tcg.guest_mxcsr = 0x1f80;
}

static void teardown(Fixture *f, const void *data)
{
    tcg_region_free(f->r);
    tcg_builder_free(f->b);
    tcg_random_cpu_free(f->cpu);
    g_free(f->tlb);
    tcg_backend_free(f->be);
    tcg_code_buffer_free(&f->cb);
}

static TcgCode *compile(Fixture *f)
{
    g_autoptr(Error) err = NULL;
    bool too_big;
    tcg_optimize(f->r);
    f->used = (f->used + 15) & ~(size_t)15;
    TcgCode *c = tcg_backend_compile(f->be, f->r, f->cb.rx + f->used, BUFFER - f->used, 0, &too_big, &err);
    if (!c)
        g_error("%s", err ? error_message(err) : "too big");
    f->used += c->size;
    return c;
}

static void begin(Fixture *f, uint64_t pc)
{
    tcg_region_reset(f->r, pc, 7);
    tcg_builder_begin(f->b, f->r);
}

/* x[slot] += k; then on to @next */
static TcgCode *adder(Fixture *f, uint64_t pc, unsigned slot, int64_t k, uint64_t next)
{
    begin(f, pc);
    tcg_builder_insn(f->b, pc, 4);
    tcg_put(f->b, SLOT_X + slot, tcg_addi(f->b, TCG_I64, tcg_get(f->b, SLOT_X + slot, TCG_I64), k));
    tcg_goto(f->b, next, TCG_EDGE_JUMP, 0);
    tcg_builder_end(f->b, pc + 4);
    return compile(f);
}

static TcgLink *enter(Fixture *f, const TcgCode *c)
{
    uint32_t reason;
    return tcg_backend_enter(f->be, &f->cpu->parent, c->rx, &reason);
}

static void test_links(Fixture *f, const void *data)
{
    TcgCode *a = adder(f, 0x1000, 0, 1, 0x1100), *b = adder(f, 0x1100, 1, 10, 0x1200);
    f->cpu->x[0] = f->cpu->x[1] = 0;

    TcgLink *l = enter(f, a);
    g_assert_true(l == &a->links[0]);
    g_assert_cmphex(l->target_pc, ==, 0x1100);
    g_assert_false(l->cross_page);
    g_assert_false(l->backward);
    g_assert_cmphex(f->cpu->pc, ==, 0x1100);
    g_assert_cmpuint(f->cpu->x[0], ==, 1);

    tcg_backend_link(f->be, l, b->rx, 0, 0);
    l = enter(f, a);
    g_assert_true(l == &b->links[0]);
    g_assert_cmpuint(f->cpu->x[0], ==, 2);
    g_assert_cmpuint(f->cpu->x[1], ==, 10);

    tcg_backend_kill(f->be, b);
    g_assert_null(enter(f, a));
    g_assert_cmphex(f->cpu->pc, ==, 0x1100);
    g_assert_cmpuint(f->cpu->x[1], ==, 10);

    tcg_backend_unlink(f->be, &a->links[0]);
    g_assert_true(enter(f, a) == &a->links[0]);
    g_assert_cmphex(tcg_code_rw(&f->cb, a->rx)[0], ==, a->rx[0]);
    tcg_code_free(a);
    tcg_code_free(b);
}

static void test_guard(Fixture *f, const void *data)
{
    TcgCode *a = adder(f, 0x1000, 0, 1, 0x5100), *b = adder(f, 0x5100, 1, 10, 0x5200);
    TlbEntry *e = &f->tlb->table[0][TLB_FETCH][5];
    TcgLink *l = enter(f, a);

    g_assert_true(l->cross_page);
    g_assert_cmpuint(l->guard_tag_off % 8, ==, 0);
    g_assert_cmpuint(l->guard_addend_off % 8, ==, 0);
    g_assert_cmpuint(l->jump_off % 4, ==, 0);
    *e = (TlbEntry){0x5000, 0x123456789000};
    tcg_backend_link(f->be, l, b->rx, 0x5000, 0x123456789000);
    g_assert_true(enter(f, a) == &b->links[0]);
    e->addend = 0x1000; /* another physical page */
    g_assert_true(enter(f, a) == &a->links[0]);
    *e = (TlbEntry){0x105000, 0x123456789000};
    g_assert_true(enter(f, a) == &a->links[0]);
    g_assert_cmphex(f->cpu->pc, ==, 0x5100);
    tcg_code_free(a);
    tcg_code_free(b);
}

static void test_poll(Fixture *f, const void *data)
{
    TcgCode *a = adder(f, 0x1000, 0, 1, 0x1000);
    TcgLink *l = enter(f, a);

    g_assert_true(l && l->backward);
    tcg_backend_link(f->be, l, a->rx, 0, 0); /* to itself, forever */
    f->cpu->parent.tcg.exit_request = 1;
    g_assert_null(enter(f, a));
    g_assert_cmphex(f->cpu->pc, ==, 0x1000);
    tcg_code_free(a);
}

static void test_too_big(Fixture *f, const void *data)
{
    g_autoptr(Error) err = NULL;
    bool too_big;
    begin(f, 0x1000);
    tcg_builder_insn(f->b, 0x1000, 4);
    tcg_builder_end(f->b, 0x1004);
    g_assert_null(tcg_backend_compile(f->be, f->r, f->cb.rx + f->used, 4096, 0, &too_big, &err));
    g_assert_nonnull(err); /* not promoted */
    tcg_optimize(f->r);
    g_assert_null(tcg_backend_compile(f->be, f->r, f->cb.rx + f->used, 100, 0, &too_big, NULL));
    g_assert_true(too_big);
    TcgCodeBuffer none;
    g_assert_false(tcg_code_buffer_new(&none, 0, NULL));
}

/* --- the length of code --- */

static bool best_host(const Fixture *f)
{
    const char *have = tcg_backend_host_features(f->be);
    return strstr(have, "bmi2") && strstr(have, "avx2") && strstr(have, "fma");
}

static void check_size(Fixture *f, const char *what, unsigned most)
{
    TcgCode *c = compile(f);
    g_test_message("%s: %u bytes", what, c->size);
    if (c->size > most && best_host(f)) {
        tcg_print(f->r, stderr);
        tcg_backend_print_code(f->be, c, stderr);
        g_error("%s: %u bytes, not at most %u", what, c->size, most);
    }
    tcg_code_free(c);
}

/* do { x2 += x1; x1 -= 1 } while (x1 != 0): add, sub, test, branch and the poll; no moves */
static void test_size_count(Fixture *f, const void *data)
{
    TcgBuilder *b = f->b;
    begin(f, 0x1000);
    tcg_builder_label_pc(b, 0x1000);
    tcg_builder_insn(b, 0x1000, 4);
    tcg_put(b, SLOT_X + 2, tcg_add(b, TCG_I64, tcg_get(b, SLOT_X + 2, TCG_I64), tcg_get(b, SLOT_X + 1, TCG_I64)));
    tcg_builder_insn(b, 0x1004, 4);
    TcgVal n = tcg_addi(b, TCG_I64, tcg_get(b, SLOT_X + 1, TCG_I64), -1);
    tcg_put(b, SLOT_X + 1, n);
    tcg_builder_insn(b, 0x1008, 4);
    tcg_branch(b, TCG_COND_NE, TCG_I64, n, tcg_const(b, TCG_I64, 0), 0x1000);
    tcg_builder_end(b, 0x100c);
    check_size(f, "counting loop", 144);
}

/* while (*p++) ; with byte loads */
static void test_size_strlen(Fixture *f, const void *data)
{
    TcgBuilder *b = f->b;
    begin(f, 0x1000);
    tcg_builder_label_pc(b, 0x1000);
    tcg_builder_insn(b, 0x1000, 4);
    TcgVal p = tcg_get(b, SLOT_X + 1, TCG_I64);
    TcgVal v = tcg_load(b, TCG_I64, p, 0, TCG_MEM(0u, 0u, 0u, TCG_ALIGN_ANY, 0u));
    tcg_put(b, SLOT_X + 2, v);
    tcg_builder_insn(b, 0x1004, 4);
    tcg_put(b, SLOT_X + 1, tcg_addi(b, TCG_I64, p, 1));
    tcg_builder_insn(b, 0x1008, 4);
    tcg_branch(b, TCG_COND_NE, TCG_I64, v, tcg_const(b, TCG_I64, 0), 0x1000);
    tcg_builder_end(b, 0x100c);
    check_size(f, "strlen loop", 204);
}

/* f2 += f0 * f1, n times: one multiplication and one addition with a NaN check each */
static void test_size_dot(Fixture *f, const void *data)
{
    enum { SLOT_F = 15 };
    TcgBuilder *b = f->b;
    TcgFp fp = TCG_FP(TCG_RM_DYN, TCG_NAN_RISCV, 0);
    begin(f, 0x1000);
    tcg_builder_label_pc(b, 0x1000);
    tcg_builder_insn(b, 0x1000, 4);
    TcgVal m = tcg_fp2(b, TCG_OP_FMUL, TCG_F64, tcg_get(b, SLOT_F, TCG_F64), tcg_get(b, SLOT_F + 1, TCG_F64), fp);
    tcg_put(b, SLOT_F + 2, tcg_fp2(b, TCG_OP_FADD, TCG_F64, tcg_get(b, SLOT_F + 2, TCG_F64), m, fp));
    tcg_builder_insn(b, 0x1004, 4);
    TcgVal n = tcg_addi(b, TCG_I64, tcg_get(b, SLOT_X + 1, TCG_I64), -1);
    tcg_put(b, SLOT_X + 1, n);
    tcg_builder_insn(b, 0x1008, 4);
    tcg_branch(b, TCG_COND_NE, TCG_I64, n, tcg_const(b, TCG_I64, 0), 0x1000);
    tcg_builder_end(b, 0x100c);
    check_size(f, "dot product", 192);
}

#define ADD(name, fn) g_test_add("/x86/backend/" name, Fixture, NULL, setup, fn, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("links", test_links);
    ADD("guard", test_guard);
    ADD("poll", test_poll);
    ADD("too-big", test_too_big);
    ADD("size/count", test_size_count);
    ADD("size/strlen", test_size_strlen);
    ADD("size/dot", test_size_dot);
    return g_test_run();
}

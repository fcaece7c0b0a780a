/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every vector instruction of hostvec-list.h: compiled (the host's own instruction where it has it) against the
 * interpreter (the reference function), on lanes of all sizes full of special values, under all rounding modes, with
 * DAZ and FTZ. Once with everything that the host has, once in legacy SSE encoding. HOSTVEC_RUNS in the environment:
 * more inputs.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tcg-random.h"
#include "tcg/hostvec.h"

#define BUFFER (2u << 20)
enum { SLOT_X1 = 2, SLOT_Q0 = 21, SLOT_Q1, SLOT_Q2 }; /* of tcg_random_slots */

typedef struct Fixture {
    TcgRegion *built, *opt;
    TcgBuilder *b;
    RandomCpu *start, *x, *y;
    TlbContext *tlb;
    TcgCodeBuffer cb;
    TcgBackend *be;
    size_t used;
    unsigned runs;
    TcgRandom g;
} Fixture;

static void fixture_init(Fixture *f, const char *features)
{
    if (features) {
        g_setenv("MIMIC_X86_FEATURES", features, TRUE);
    } else {
        g_unsetenv("MIMIC_X86_FEATURES");
    }
    f->built = tcg_region_new(tcg_random_slots, tcg_random_slot_count);
    f->opt = tcg_region_new(tcg_random_slots, tcg_random_slot_count);
    f->b = tcg_builder_new();
    f->start = tcg_random_cpu_new();
    f->x = tcg_random_cpu_new();
    f->y = tcg_random_cpu_new();
    f->tlb = g_malloc(sizeof(*f->tlb));
    memset(f->tlb, 0xff, sizeof(*f->tlb));
    g_assert_true(tcg_code_buffer_new(&f->cb, BUFFER, NULL));
    f->be = tcg_backend_new(&f->cb, tcg_random_runtime(), offsetof(RandomCpu, pc), &f->used, NULL);
    g_assert_nonnull(f->be);
    f->y->parent.tcg.tlb = f->tlb;
    f->runs = g_getenv("HOSTVEC_RUNS") ? (unsigned)atoi(g_getenv("HOSTVEC_RUNS")) : 300;
    tcg_random_init(&f->g, 7, 0);
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
    g_unsetenv("MIMIC_X86_FEATURES");
}

static unsigned pick(Fixture *f, unsigned n) { return (unsigned)(tcg_random_next(&f->g) % n); }

/* ---- inputs ---- */

static uint32_t random_single(Fixture *f)
{
    static const uint32_t special[] = {
        0, 0x3f800000, 0x40000000, 0x3f000000, 0x7f800000, 0x7fc00000, 0x7f800001, 0x7fc12345, 0x7fa00000, 0x00000001,
            0x007fffff, 0x00800000,
        0x00400000, 0x7f7fffff, 0x4f000000, 0x4effffff, 0x5f000000, 0x4b000001, 0x4affffff, 0x3effffff, 0x3fc00000,
            0x1f800000, 0x33800000,
        0x38800000, 0x387fffff, 0x33000000, 0x33000001, 0x477fe000, 0x477ff000, 0x477fefff, 0x38000000, 0x38001000,
            0x00ffffff, 0x20000000,
    };
    uint32_t r = (uint32_t)tcg_random_next(&f->g);
    return (pick(f, 3) ? special[r % G_N_ELEMENTS(special)] : pick(f, 2) ? r
            : (r & 0x807fffff) | (100 + pick(f, 60)) << 23) | (r & 0x80000000);
}

static uint64_t random_double(Fixture *f)
{
    static const uint64_t special[] = {
        0, 0x3ff0000000000000, 0x4000000000000000, 0x3fe0000000000000, 0x7ff0000000000000, 0x7ff8000000000000,
            0x7ff0000000000001,
        0x7ff8123456789abc, 0x7ff4000000000000, 0x7ff0000020000000, 1, 0x000fffffffffffff, 0x0010000000000000,
            0x0008000000000000,
        0x7fefffffffffffff, 0x41e0000000000000, 0x41dfffffffc00000, 0x41dfffffffe00000, 0x43e0000000000000,
            0x43dfffffffffffff, 0x4330000000000001,
        0x432fffffffffffff, 0x3fdfffffffffffff, 0x3ff8000000000000, 0x47efffffe0000000, 0x47effffff0000000,
            0x3810000000000000,
        0x380fffffffffffff, 0x36a0000000000000, 0x3690000000000000, 0x3690000000000001, 0x1ff0000000000000,
            0x001fffffffffffff,
    };
    uint64_t r = tcg_random_next(&f->g);
    return (pick(f, 3) ? special[r % G_N_ELEMENTS(special)] : pick(f, 2) ? r
            : (r & 0x800fffffffffffff) | (uint64_t)(900 + pick(f, 250)) << 52) |
           (r & 1ull << 63);
}

static void random_vector(Fixture *f, uint64_t q[2])
{
    static const uint16_t words[] = {0, 1, 0xffff, 0x7fff, 0x8000, 0x00ff, 0x0100, 0x8001, 0x3c00, 0x7c00, 0x7e00,
                                     0x7c01, 0x0400, 0x03ff, 0x7bff, 0xfc00};
    static const uint8_t bytes[] = {0, 1, 0x7f, 0x80, 0xff, 0x81, 16, 15, 8, 'a'};
    TcgHvReg v = {{0}};
    unsigned kind = pick(f, 6);
    for (unsigned i = 0; i < 16; i++) {
        uint64_t r = tcg_random_next(&f->g);
        switch (kind) {
        case 0: v.b[i] = pick(f, 2) ? bytes[r % sizeof(bytes)] : (uint8_t)r; break;
        case 1: v.w[i & 7] = pick(f, 2) ? words[r % 16] : (uint16_t)r; break;
        case 2: case 3: v.d[i & 3] = random_single(f); break;
        case 4: v.q[i & 1] = random_double(f); break;
        default: v.q[i & 1] = tcg_random_bits(&f->g);
        }
    }
    memcpy(q, &v, 16);
}

static uint32_t random_mxcsr(Fixture *f)
{
    return 0x1f80 | pick(f, 4) << 13 | (pick(f, 3) ? 0 : 0x40) | (pick(f, 3) ? 0 : 0x8000) |
        (pick(f, 3) ? 0 : 1u << pick(f, 6));
}

/* ---- one identity ---- */

/* Operands in q0, q1, q2 or x1; the result to q0 or x1. @same: all operands are q0 */
static void build(Fixture *f, TcgRegion *r, TcgHostVec id, uint64_t imm, bool same)
{
    TcgOp op = tcg_hostvec_op(id);
    TcgInsn in = {.op = (uint16_t)op, .type = op == TCG_OP_HOSTVECG ? TCG_I64 : TCG_V128, .aux = id, .imm = imm};
    TcgVal v = TCG_NONE;
    bool unary = tcg_hostvec[id].form == TCG_HVF_V1 || tcg_hostvec[id].form == TCG_HVF_R1 ||
        tcg_hostvec[id].form == TCG_HVF_SI ||
                 tcg_hostvec[id].form == TCG_HVF_TOGPR;

    tcg_region_reset(r, 0x1000, 0);
    tcg_builder_begin(f->b, r);
    tcg_builder_insn(f->b, 0x1000, 4);
    in.arg[0] = tcg_get(f->b, SLOT_Q0, TCG_V128);
    in.arg[1] = op == TCG_OP_HOSTVECX ? tcg_get(f->b, SLOT_X1, TCG_I64) : unary ||
        same ? in.arg[0] : tcg_get(f->b, SLOT_Q1, TCG_V128);
    if (op == TCG_OP_HOSTVEC3) {
        in.arg[2] = same ? in.arg[0] : tcg_get(f->b, SLOT_Q2, TCG_V128);
    }
    tcg_emit_raw(f->b, &in, &v);
    tcg_put(f->b, op == TCG_OP_HOSTVECG ? SLOT_X1 : SLOT_Q0, v);
    if (pick(f, 2)) { /* operands live on */
        tcg_builder_insn(f->b, 0x1004, 4);
        tcg_put(f->b, SLOT_Q1, tcg_get(f->b, SLOT_Q2, TCG_V128));
        tcg_put(f->b, SLOT_Q2, in.arg[0]);
    }
    tcg_builder_end(f->b, 0x1008);
}

static bool close_to(const RandomCpu *a, const RandomCpu *b)
{
    for (unsigned i = 0; i < 4; i++) {
        float x, y;
        memcpy(&x, (const char *)a->q[0] + 4 * i, 4);
        memcpy(&y, (const char *)b->q[0] + 4 * i, 4);
        if (isnan(x) ? !isnan(y) : x != y && !(fabsf(x - y) <= 1.5f / 4096 * fabsf(y)) &&
            !(fabsf(y) < 0x1p-125f && fabsf(x) < 0x1p-125f)) {
            return false;
        }
    }
    return true;
}

static void show(const char *what, const RandomCpu *c)
{
    g_printerr("%s q0 %016" PRIx64 "%016" PRIx64 " q1 %016" PRIx64 "%016" PRIx64 " q2 %016" PRIx64
               "%016" PRIx64 " x1 %016" PRIx64 " mxcsr %x\n", what,
               c->q[0][1], c->q[0][0], c->q[1][1], c->q[1][0], c->q[2][1], c->q[2][0], c->x[1],
                   c->parent.tcg.guest_mxcsr);
}

/* False after the first difference */
static bool compare(Fixture *f, TcgHostVec id, uint64_t imm, const TcgCode *code)
{
    const char *name = tcg_hostvec[id].name;
    bool approximate = g_str_has_prefix(name, "rcp") || g_str_has_prefix(name, "rsqrt");

    for (unsigned run = 0; run < f->runs; run++) {
        for (unsigned k = 0; k < RANDOM_Q; k++) {
            random_vector(f, f->start->q[k]);
        }
        if (!pick(f, 8)) {
            memcpy(f->start->q[1], f->start->q[0], 16);
        }
        if (g_str_has_prefix(name, "ps") && !pick(f, 3)) { /* a count */
            f->start->q[1][0] = pick(f, 70);
        }
        f->start->x[1] = tcg_random_bits(&f->g);
        f->start->parent.tcg.guest_mxcsr = random_mxcsr(f);
        tcg_random_copy(f->x, f->start);
        tcg_random_copy(f->y, f->start);
        tcg_random_interpret(f->x, f->built);
        tcg_backend_enter(f->be, &f->y->parent, code->rx, &f->y->reason);
        f->y->linkable = f->x->linkable;
        f->y->reason = f->x->reason;
        if (approximate && close_to(f->y, f->x)) {
            memcpy(f->y->q[0], f->x->q[0], 16);
        }
        const char *diff = tcg_random_difference(f->x, f->y, 0x3f);
        if (diff) {
            g_printerr("%s, %u: %s\n", name, (unsigned)imm, diff);
            show("before     ", f->start);
            show("interpreted", f->x);
            show("compiled   ", f->y);
            g_test_fail();
            return false;
        }
    }
    return true;
}

static void one(Fixture *f, TcgHostVec id, uint64_t imm, bool same)
{
    g_autoptr(Error) err = NULL;
    bool too_big;
    uint64_t seed = f->g.state;

    build(f, f->built, id, imm, same);
    f->g.state = seed;
    build(f, f->opt, id, imm, same);
    tcg_optimize(f->opt);
    if (!tcg_verify(f->opt, &err)) {
        g_error("%s: %s", tcg_hostvec[id].name, error_message(err));
    }
    TcgCode *code = tcg_backend_compile(f->be, f->opt, f->cb.rx + f->used, BUFFER - f->used, 0, &too_big, &err);
    g_assert_nonnull(code);
    if (!compare(f, id, imm, code)) {
        tcg_backend_print_code(f->be, code, stderr);
    }
    tcg_code_free(code);
}

static void test_all(gconstpointer features)
{
    Fixture f;
    fixture_init(&f, features);
    for (unsigned id = 0; id < TCG_HV_COUNT; id++) {
        unsigned kinds = tcg_hostvec[id].flags & TCG_HVB_IMM ? 24 : 1;
        for (unsigned k = 0; k < kinds; k++) {
            uint64_t imm = kinds == 1 ? 0 : k < 12 ? k : pick(&f, 256);
            if (g_str_has_prefix(tcg_hostvec[id].name, "cmp")) {
                imm &= 31;
            } else if (tcg_hostvec[id].form == TCG_HVF_REF3 && pick(&f, 2)) {
                imm |= TCG_HV_EXPLICIT;
            }
            one(&f, (TcgHostVec)id, imm, false);
            if (k % 8 == 0) {
                one(&f, (TcgHostVec)id, imm, true);
            }
        }
    }
    fixture_free(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/hostvec/host", NULL, test_all);
    g_test_add_data_func("/hostvec/noavx", "noavx", test_all);
    return g_test_run();
}

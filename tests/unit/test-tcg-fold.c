/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fold rules. Two kinds of tests: every pair of integer operations, one under the other, with constants at their edges: the
 * folded form must compute the same as the interpreter does unfolded; and the shape of what must come out (few instructions), so
 * that a rule that stopped working is seen.
 */
#include <string.h>

#include "tcg-random.h"

enum { X0 = 1, X1 = 2, X2 = 3 };

typedef struct Fixture {
    TcgRegion *built, *opt;
    TcgBuilder *b;
    RandomCpu *x, *y;
    TcgRandom g;
} Fixture;

static Fixture *fixture(void)
{
    Fixture *f = g_new0(Fixture, 1);

    f->built = tcg_region_new(tcg_random_slots, tcg_random_slot_count);
    f->opt = tcg_region_new(tcg_random_slots, tcg_random_slot_count);
    f->b = tcg_builder_new();
    f->x = tcg_random_cpu_new();
    f->y = tcg_random_cpu_new();
    tcg_random_init(&f->g, 1, 0);
    return f;
}

static void fixture_free(Fixture *f)
{
    tcg_region_free(f->built);
    tcg_region_free(f->opt);
    tcg_builder_free(f->b);
    tcg_random_cpu_free(f->x);
    tcg_random_cpu_free(f->y);
    g_free(f);
}

static TcgVal raw(TcgBuilder *b, TcgInsn in)
{
    TcgVal v;

    tcg_emit_raw(b, &in, &v);
    return v;
}

static TcgVal constant(TcgBuilder *b, TcgType t, uint64_t c)
{
    return raw(b, (TcgInsn){.op = TCG_OP_CONST, .type = (uint8_t)t, .imm = t == TCG_I32 ? (uint32_t)c : c});
}

static TcgVal operand(TcgBuilder *b, TcgType t, unsigned slot)
{
    TcgVal v = tcg_get(b, slot, TCG_I64);

    return t == TCG_I64 ? v : raw(b, (TcgInsn){.op = TCG_OP_TRUNC, .type = TCG_I32, .arg = {v}});
}

/* One layer: an operation on @x and a constant (or a second register), result of type *t. */
typedef struct Layer {
    uint16_t op;
    uint8_t cond, swap;
    uint64_t c;
} Layer;

static TcgVal layer(TcgBuilder *b, const Layer *l, TcgVal x, TcgType *t)
{
    TcgInsn in = {.op = l->op, .type = (uint8_t)*t, .arg = {x}};

    switch (l->op) {
    case TCG_OP_NEG:
    case TCG_OP_NOT:
    case TCG_OP_BSWAP:
    case TCG_OP_CLZ:
    case TCG_OP_POPCNT:
        break;
    case TCG_OP_SEXT:
    case TCG_OP_ZEXT:
        in.imm = *t == TCG_I32 && l->c > 16 ? 16 : l->c;
        break;
    case TCG_OP_EXTS:
    case TCG_OP_EXTU:
        if (*t == TCG_I64) {
            in.arg[0] = raw(b, (TcgInsn){.op = TCG_OP_TRUNC, .type = TCG_I32, .arg = {x}});
        }
        in.type = TCG_I64;
        *t = TCG_I64;
        break;
    case TCG_OP_TRUNC:
        if (*t == TCG_I32) {
            in.op = TCG_OP_NOT;
        }
        *t = TCG_I32;
        in.type = TCG_I32;
        break;
    case TCG_OP_EXTRACT:
        in.imm = *t == TCG_I32 ? (l->c & 31) | (32 - (l->c & 31)) / 2 << 8 | 1 << 8 : (l->c & 63) | (64 - (l->c & 63)) << 8;
        in.imm = (in.imm >> 8) + (in.imm & 0xff) > (*t == TCG_I32 ? 32u : 64u) ? 0x100 : in.imm;
        break;
    case TCG_OP_SETCOND:
        in.aux = *t;
        in.type = TCG_I64;
        in.cond = l->cond;
        in.arg[1] = constant(b, *t, l->c);
        *t = TCG_I64;
        break;
    default:
        in.arg[1] = l->c == 0x5eed ? operand(b, *t, X1) : constant(b, *t, l->c);
        break;
    }
    if (l->swap && in.arg[1]) {
        TcgVal v = in.arg[0];

        in.arg[0] = in.arg[1];
        in.arg[1] = v;
    }
    return raw(b, in);
}

static void build(Fixture *f, TcgRegion *r, TcgType t, const Layer *base, const Layer *inner, const Layer *outer)
{
    TcgBuilder *b = f->b;
    TcgVal v;

    tcg_region_reset(r, 0x1000, 0);
    tcg_builder_begin(b, r);
    tcg_builder_insn(b, 0x1000, 4);
    v = operand(b, t, X0);
    if (base) {
        v = layer(b, base, v, &t);
    }
    v = layer(b, inner, v, &t);
    v = layer(b, outer, v, &t);
    if (t == TCG_I32) {
        v = raw(b, (TcgInsn){.op = TCG_OP_EXTU, .type = TCG_I64, .arg = {v}});
    }
    tcg_put(b, X2, v);
    tcg_builder_end(b, 0x1004);
}

static void check_pair(Fixture *f, TcgType t, const Layer *base, const Layer *inner, const Layer *outer)
{
    static const uint64_t inputs[] = {0, 1, 2, 0x7f, 0x80, 0xff, 0x8000, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0xffffffff80000000,
                                      0x7fffffffffffffff, 0x8000000000000000, ~0ull, ~1ull, 0x123456789abcdef0};
    g_autoptr(Error) err = NULL;

    build(f, f->built, t, base, inner, outer);
    build(f, f->opt, t, base, inner, outer);
    tcg_optimize(f->opt);
    if (!tcg_verify(f->opt, &err)) {
        tcg_print(f->opt, stderr);
        g_error("%s", error_message(err));
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(inputs); i++) {
        f->x->x[0] = f->y->x[0] = inputs[i];
        f->x->x[1] = f->y->x[1] = inputs[(i * 7 + 3) % G_N_ELEMENTS(inputs)];
        tcg_random_interpret(f->x, f->built);
        tcg_random_interpret(f->y, f->opt);
        if (f->x->x[2] != f->y->x[2]) {
            tcg_print(f->built, stderr);
            tcg_print(f->opt, stderr);
            g_error("of 0x%" G_GINT64_MODIFIER "x: 0x%" G_GINT64_MODIFIER "x unfolded, 0x%" G_GINT64_MODIFIER "x folded", inputs[i], f->x->x[2], f->y->x[2]);
        }
    }
}

static unsigned make_layers(Layer *out)
{
    static const uint16_t binary[] = {TCG_OP_ADD, TCG_OP_SUB, TCG_OP_MUL, TCG_OP_AND, TCG_OP_OR, TCG_OP_XOR, TCG_OP_ANDN, TCG_OP_DIVU, TCG_OP_REMU,
                                      TCG_OP_DIVS, TCG_OP_REMS, TCG_OP_MULHU, TCG_OP_ROL};
    static const uint16_t shifts[] = {TCG_OP_SHL, TCG_OP_SHR, TCG_OP_SAR};
    static const uint16_t unary[] = {TCG_OP_NEG, TCG_OP_NOT, TCG_OP_BSWAP, TCG_OP_EXTS, TCG_OP_EXTU, TCG_OP_TRUNC, TCG_OP_CLZ, TCG_OP_POPCNT};
    static const uint64_t constants[] = {0, 1, 8, 0xff, 0x7fffffff, 0xffffffff, ~0ull, 0x5eed};
    static const uint64_t counts[] = {0, 1, 24, 31, 32, 33, 48, 63};
    static const uint64_t compared[] = {0, 1, 0x7fffffff, 0xffffffff, ~0ull};
    unsigned n = 0;

    for (unsigned i = 0; i < G_N_ELEMENTS(binary); i++) {
        for (unsigned k = 0; k < G_N_ELEMENTS(constants); k++) {
            out[n++] = (Layer){.op = binary[i], .c = constants[k]};
            if (k % 3 == 1) {
                out[n++] = (Layer){.op = binary[i], .c = constants[k], .swap = 1};
            }
        }
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(shifts); i++) {
        for (unsigned k = 0; k < G_N_ELEMENTS(counts); k++) {
            out[n++] = (Layer){.op = shifts[i], .c = counts[k]};
        }
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(unary); i++) {
        out[n++] = (Layer){.op = unary[i]};
    }
    for (unsigned bits = 8; bits <= 32; bits *= 2) {
        out[n++] = (Layer){.op = TCG_OP_SEXT, .c = bits};
        out[n++] = (Layer){.op = TCG_OP_ZEXT, .c = bits};
    }
    for (unsigned k = 0; k < 6; k++) {
        out[n++] = (Layer){.op = TCG_OP_EXTRACT, .c = counts[k + 1]};
    }
    for (unsigned cond = 0; cond <= TCG_COND_GTU; cond++) {
        for (unsigned k = 0; k < G_N_ELEMENTS(compared); k++) {
            out[n++] = (Layer){.op = TCG_OP_SETCOND, .cond = (uint8_t)cond, .c = compared[k], .swap = k == 3};
        }
    }
    return n;
}

static void test_pairs(void)
{
    Fixture *f = fixture();
    Layer layers[400];
    unsigned n = make_layers(layers);

    g_assert_cmpuint(n, <=, G_N_ELEMENTS(layers));
    for (unsigned i = 0; i < n; i++) {
        for (unsigned k = 0; k < n; k++) {
            check_pair(f, TCG_I64, NULL, &layers[i], &layers[k]);
            check_pair(f, TCG_I32, NULL, &layers[i], &layers[k]);
        }
    }
    fixture_free(f);
}

/* What is known about bits: a narrow value, an operation on it, and one that asks how narrow the result is. */
static void test_known_bits(void)
{
    static const Layer bases[] = {{.op = TCG_OP_ZEXT, .c = 8}, {.op = TCG_OP_SEXT, .c = 8}, {.op = TCG_OP_ZEXT, .c = 32},
                                  {.op = TCG_OP_SEXT, .c = 32}, {.op = TCG_OP_SETCOND, .cond = TCG_COND_GTU, .c = 1}};
    Fixture *f = fixture();
    Layer layers[400];
    unsigned n = make_layers(layers);

    for (unsigned i = 0; i < n; i++) {
        for (unsigned k = 0; k < n; k++) {
            uint16_t op = layers[k].op;

            if (op != TCG_OP_ZEXT && op != TCG_OP_SEXT && op != TCG_OP_AND && op != TCG_OP_EXTS && op != TCG_OP_EXTRACT && op != TCG_OP_SETCOND) {
                continue;
            }
            for (unsigned j = 0; j < G_N_ELEMENTS(bases); j++) {
                check_pair(f, (i + k + j) & 1 ? TCG_I64 : TCG_I32, &bases[j], &layers[i], &layers[k]);
            }
        }
    }
    fixture_free(f);
}

/* --- shapes --- */

typedef struct Shape {
    Fixture *f;
    TcgBuilder *b;
} Shape;

static Shape begin(void)
{
    Shape s = {.f = fixture()};

    s.b = s.f->b;
    tcg_builder_begin(s.b, s.f->opt);
    tcg_builder_insn(s.b, 0x1000, 4);
    return s;
}

static TcgVal x(Shape *s, unsigned slot) { return tcg_get(s->b, slot, TCG_I64); }

/* Optimises; the operations that are left, as text. */
static void expect(Shape *s, const char *want)
{
    g_autoptr(GString) have = g_string_new(NULL);
    const TcgRegion *r = s->f->opt;

    tcg_builder_end(s->b, 0x1004);
    tcg_optimize(s->f->opt);
    for (TcgVal v = 1; v < r->insn_count; v++) {
        if (r->insns[v].op != TCG_OP_INSN) {
            g_string_append_printf(have, "%s%s", have->len ? " " : "", tcg_op_info[r->insns[v].op].name);
        }
    }
    if (strcmp(have->str, want) != 0) {
        tcg_print(r, stderr);
        g_error("wanted \"%s\", have \"%s\"", want, have->str);
    }
    fixture_free(s->f);
}

static TcgVal addw(Shape *s, TcgVal a, TcgVal b) { return tcg_exts(s->b, tcg_add(s->b, TCG_I32, tcg_trunc(s->b, a), tcg_trunc(s->b, b))); }

static void test_shapes(void)
{
    static const TcgMem mem8 = TCG_MEM(0, 0, 0, 0, 1), mem32s = TCG_MEM(2, 1, 0, 0, 1), mem64 = TCG_MEM(3, 0, 0, 0, 1);
    Shape s = begin();

    /* addw, addw, sw: stays in i32, the store takes the i32 */
    tcg_put(s.b, X2, addw(&s, x(&s, X0), x(&s, X1)));
    tcg_put(s.b, X2, addw(&s, x(&s, X2), x(&s, X1)));
    tcg_store(s.b, TCG_I64, x(&s, X0), 0, x(&s, X2), TCG_MEM(2, 0, 0, 0, 1));
    expect(&s, "get get trunc trunc add add exts st exit");

    s = begin(); /* lui, addi: a constant */
    tcg_put(s.b, X2, tcg_const(s.b, TCG_I64, 0x12345000));
    tcg_put(s.b, X2, tcg_addi(s.b, TCG_I64, x(&s, X2), 0x678));
    expect(&s, "const exit");

    s = begin(); /* addi, ld: in the displacement */
    tcg_put(s.b, X2, tcg_load(s.b, TCG_I64, tcg_addi(s.b, TCG_I64, tcg_addi(s.b, TCG_I64, x(&s, X0), 16), 32), 8, mem64));
    expect(&s, "get ld exit");
    s = begin(); /* lbu, andi 0xff */
    tcg_put(s.b, X2, tcg_and(s.b, TCG_I64, tcg_load(s.b, TCG_I64, x(&s, X0), 0, mem8), tcg_const(s.b, TCG_I64, 0xff)));
    expect(&s, "get ld exit");
    s = begin(); /* lw, sext.w */
    tcg_put(s.b, X2, tcg_exts(s.b, tcg_trunc(s.b, tcg_load(s.b, TCG_I64, x(&s, X0), 0, mem32s))));
    expect(&s, "get ld exit");
    s = begin(); /* slli 32, srli 32 */
    tcg_put(s.b, X2, tcg_shr(s.b, TCG_I64, tcg_shl(s.b, TCG_I64, x(&s, X0), tcg_const(s.b, TCG_I64, 32)), tcg_const(s.b, TCG_I64, 32)));
    expect(&s, "get zext exit");
    s = begin(); /* slt, bnez */
    tcg_put(s.b, X2, tcg_setcond(s.b, TCG_COND_LT, TCG_I64, x(&s, X0), x(&s, X1)));
    tcg_branch(s.b, TCG_COND_NE, TCG_I64, x(&s, X2), tcg_const(s.b, TCG_I64, 0), 0x2000);
    tcg_put(s.b, X2, x(&s, X0));
    expect(&s, "get get setcond exit_if exit");
    s = begin(); /* subw, beqz: compares */
    tcg_branch(s.b, TCG_COND_EQ, TCG_I64, tcg_sub(s.b, TCG_I64, x(&s, X0), x(&s, X1)), tcg_const(s.b, TCG_I64, 0), 0x2000);
    expect(&s, "get get exit_if exit");
    s = begin(); /* cmp, jl */
    tcg_branch_flags(s.b, TCG_FC_L, tcg_flags(s.b, TCG_FK_SUB, TCG_I64, x(&s, X0), x(&s, X1), TCG_NONE), 0x2000);
    expect(&s, "get get exit_if exit");
    s = begin(); /* boxed single through a register */
    tcg_put(s.b, 15, tcg_emit1(s.b, TCG_OP_BOX32, TCG_I64, tcg_fp2(s.b, TCG_OP_FADD, TCG_F32, tcg_emit1(s.b, TCG_OP_UNBOX32, TCG_F32, tcg_get(s.b, 16, TCG_I64), 0),
            tcg_emit1(s.b, TCG_OP_UNBOX32, TCG_F32, tcg_get(s.b, 17, TCG_I64), 0), 0), 0));
    tcg_put(s.b, 15, tcg_emit1(s.b, TCG_OP_BOX32, TCG_I64, tcg_fsqrt(s.b, TCG_F32, tcg_emit1(s.b, TCG_OP_UNBOX32, TCG_F32, tcg_get(s.b, 15, TCG_I64), 0), 0), 0));
    expect(&s, "get unbox32 get unbox32 fadd fsqrt box32 exit");
    s = begin(); /* the same twice */
    tcg_put(s.b, X1, tcg_mul(s.b, TCG_I64, x(&s, X0), x(&s, X2)));
    tcg_put(s.b, X0, tcg_mul(s.b, TCG_I64, x(&s, X0), x(&s, X2)));
    expect(&s, "get get mul exit");
    s = begin(); /* known branch */
    tcg_put(s.b, X0, tcg_const(s.b, TCG_I64, 0));
    tcg_branch(s.b, TCG_COND_EQ, TCG_I64, x(&s, X0), tcg_const(s.b, TCG_I64, 0), 0x2000);
    tcg_store(s.b, TCG_I64, x(&s, X1), 0, x(&s, X2), mem64);
    expect(&s, "const exit");
    s = begin(); /* put back: not dirty */
    tcg_put(s.b, X2, x(&s, X0));
    tcg_put(s.b, X0, x(&s, X1));
    tcg_put(s.b, X0, x(&s, X2));
    tcg_put(s.b, X2, tcg_const(s.b, TCG_I64, 1));
    expect(&s, "const exit");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tcg/fold/shapes", test_shapes);
    g_test_add_func("/tcg/fold/pairs", test_pairs);
    g_test_add_func("/tcg/fold/known-bits", test_known_bits);
    return g_test_run();
}

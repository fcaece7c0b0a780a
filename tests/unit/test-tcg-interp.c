/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Operations one by one against expectations written down here, through the interpreter: integers, RISC-V's conversion and
 * classification rules, vectors, 128-bit pairs, memory (sizes, signs, byte order, exclusives, atomics), addresses with a
 * base as segmented guests make them, faults with precise state, exits.
 */
#include <string.h>

#include "tcg-random.h"
#include "tcg/reference.h"

enum { X0 = 1, X1, X2, X3, X4, X5, F0 = 15, Q0 = 21 };

typedef struct T {
    TcgRegion *r;
    TcgBuilder *b;
    RandomCpu *cpu;
} T;

static T begin(void)
{
    T t = {tcg_region_new(tcg_random_slots, tcg_random_slot_count), tcg_builder_new(), tcg_random_cpu_new()};

    t.r->pc = 0x1000;
    tcg_builder_begin(t.b, t.r);
    tcg_builder_insn(t.b, 0x1000, 4);
    t.cpu->parent.tcg.guest_mxcsr = 0x1f80;
    t.cpu->parent.tcg.excl_addr = ~0ull;
    return t;
}

static void run(T *t, bool optimise)
{
    g_autoptr(Error) err = NULL;

    tcg_builder_end(t->b, 0x1004);
    if (optimise) {
        tcg_optimize(t->r);
    }
    if (!tcg_verify(t->r, &err)) {
        g_error("%s", error_message(err));
    }
    tcg_random_interpret(t->cpu, t->r);
}

static void end(T *t)
{
    tcg_region_free(t->r);
    tcg_builder_free(t->b);
    tcg_random_cpu_free(t->cpu);
}

static TcgVal get(T *t, unsigned slot) { return tcg_get(t->b, slot, TCG_I64); }

/* --- scalar operations through the evaluator: what the interpreter runs for them --- */

static uint64_t eval(TcgInsn in, uint64_t a, uint64_t b, uint32_t *mxcsr)
{
    uint64_t args[4][4] = {{a}, {b}}, result[4];

    tcg_ref_eval_env(&in, (const uint64_t(*)[4])args, result, mxcsr);
    return result[0];
}

typedef struct IntCase {
    uint16_t op;
    uint8_t type;
    uint64_t imm, a, b, want;
} IntCase;

static void test_integers(void)
{
    static const IntCase cases[] = {
        {TCG_OP_ADD, TCG_I32, 0, 0xffffffff, 2, 1},
        {TCG_OP_SUB, TCG_I64, 0, 1, 2, ~0ull},
        {TCG_OP_MUL, TCG_I32, 0, 0x10001, 0x10001, 0x20001},
        {TCG_OP_MULHU, TCG_I64, 0, ~0ull, ~0ull, ~1ull},
        {TCG_OP_MULHS, TCG_I64, 0, ~0ull, ~0ull, 0},
        {TCG_OP_MULHSU, TCG_I64, 0, ~0ull, ~0ull, ~0ull},
        {TCG_OP_MULHSU, TCG_I64, 0, 2, 1ull << 63, 1},
        {TCG_OP_MULHS, TCG_I32, 0, 0x80000000, 0x80000000, 0x40000000},
        {TCG_OP_MULHU, TCG_I32, 0, 0xffffffff, 0xffffffff, 0xfffffffe},
        {TCG_OP_MULHSU, TCG_I32, 0, 0xffffffff, 0xffffffff, 0xffffffff},
        {TCG_OP_DIVS, TCG_I64, 0, -7ull, 2, -3ull},
        {TCG_OP_REMS, TCG_I64, 0, -7ull, 2, -1ull},
        {TCG_OP_DIVS, TCG_I64, 0, 1ull << 63, ~0ull, 1ull << 63},
        {TCG_OP_REMS, TCG_I64, 0, 1ull << 63, ~0ull, 0},
        {TCG_OP_DIVS, TCG_I32, 0, 0x80000000, 0xffffffff, 0x80000000},
        {TCG_OP_REMS, TCG_I32, 0, 0x80000000, 0xffffffff, 0},
        {TCG_OP_DIVS, TCG_I32, 0, 5, 0, 0xffffffff},
        {TCG_OP_DIVU, TCG_I32, 0, 5, 0, 0xffffffff},
        {TCG_OP_REMS, TCG_I32, 0, 0xfffffffb, 0, 0xfffffffb},
        {TCG_OP_REMU, TCG_I64, 0, 5, 0, 5},
        {TCG_OP_DIVU, TCG_I32, 0, 0xffffffff, 0x10, 0xfffffff},
        {TCG_OP_NEG, TCG_I32, 0, 1, 0, 0xffffffff},
        {TCG_OP_ANDN, TCG_I64, 0, 0xff, 0x0f, 0xf0},
        {TCG_OP_SHL, TCG_I32, 0, 1, 33, 2},
        {TCG_OP_SHL, TCG_I64, 0, 1, 65, 2},
        {TCG_OP_SAR, TCG_I32, 0, 0x80000000, 4, 0xf8000000},
        {TCG_OP_SHR, TCG_I32, 0, 0x80000000, 31, 1},
        {TCG_OP_ROL, TCG_I32, 0, 0x80000001, 4, 0x18},
        {TCG_OP_ROR, TCG_I32, 0, 0x80000001, 4, 0x18000000},
        {TCG_OP_ROR, TCG_I64, 0, 1, 64, 1},
        {TCG_OP_CLZ, TCG_I32, 0, 1, 0, 31},
        {TCG_OP_CLZ, TCG_I32, 0, 0, 0, 32},
        {TCG_OP_CTZ, TCG_I64, 0, 0, 0, 64},
        {TCG_OP_CTZ, TCG_I32, 0, 0, 0, 32},
        {TCG_OP_POPCNT, TCG_I32, 0, 0xf0f0f0f0, 0, 16},
        {TCG_OP_BSWAP, TCG_I32, 0, 0x11223344, 0, 0x44332211},
        {TCG_OP_BSWAP, TCG_I64, 0, 0x1122334455667788, 0, 0x8877665544332211},
        {TCG_OP_SEXT, TCG_I32, 8, 0x180, 0, 0xffffff80},
        {TCG_OP_SEXT, TCG_I64, 32, 0x80000000, 0, 0xffffffff80000000},
        {TCG_OP_ZEXT, TCG_I64, 16, ~0ull, 0, 0xffff},
        {TCG_OP_EXTS, TCG_I64, 0, 0x80000000, 0, 0xffffffff80000000},
        {TCG_OP_EXTU, TCG_I64, 0, 0x80000000, 0, 0x80000000},
        {TCG_OP_TRUNC, TCG_I32, 0, 0x123456789, 0, 0x23456789},
        {TCG_OP_EXTRACT, TCG_I64, 4 | 8 << 8, 0xabcd, 0, 0xbc},
        {TCG_OP_EXTRACT, TCG_I64, 0 | 64 << 8, ~0ull, 0, ~0ull},
        {TCG_OP_DEPOSIT, TCG_I32, 4 | 8 << 8, 0xffffffff, 0x12, 0xfffff12f},
        {TCG_OP_BOX32, TCG_I64, 0, 0x3f800000, 0, 0xffffffff3f800000},
        {TCG_OP_UNBOX32, TCG_F32, 0, 0xffffffff3f800000, 0, 0x3f800000},
        {TCG_OP_UNBOX32, TCG_F32, 0, 0xfffffffe3f800000, 0, 0x7fc00000},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        const IntCase *c = &cases[i];
        TcgInsn in = {.op = c->op, .type = c->type, .imm = c->imm};
        uint64_t have = eval(in, c->a, c->b, NULL);

        if (have != c->want) {
            g_error("%s.%s(0x%" G_GINT64_MODIFIER "x, 0x%" G_GINT64_MODIFIER "x) is 0x%" G_GINT64_MODIFIER "x, not 0x%" G_GINT64_MODIFIER "x",
                    tcg_op_info[c->op].name, tcg_type_name((TcgType)c->type), c->a, c->b, have, c->want);
        }
    }
}

#define INF 0x7ff0000000000000ull
#define NAN64 0x7ff8000000000000ull
#define SNAN64 0x7ff0000000000001ull
#define ONE 0x3ff0000000000000ull
#define SIGN (1ull << 63)

typedef struct FpCase {
    uint16_t op;
    uint8_t type, cond, sub;
    uint32_t aux;
    uint64_t imm, a, b, want;
    uint32_t flags; /* NV 1, DZ 4, OF 8, UF 0x10, NX 0x20 */
} FpCase;

static void test_floats(void)
{
#define RM(m) TCG_FP(TCG_RM_##m, TCG_NAN_RISCV, 0)
#define CVT(from, m) ((from) | RM(m) << 8)
    static const FpCase cases[] = {
        {TCG_OP_FADD, TCG_F64, 0, 0, RM(RNE), 0, INF, INF | SIGN, NAN64, 1},
        {TCG_OP_FADD, TCG_F64, 0, 0, RM(RNE), 0, ONE, NAN64 | SIGN | 5, NAN64, 0},
        {TCG_OP_FADD, TCG_F64, 0, 0, RM(RDN), 0, ONE, ONE | SIGN, SIGN, 0},
        {TCG_OP_FADD, TCG_F64, 0, 0, RM(RUP), 0, ONE, ONE | SIGN, 0, 0},
        {TCG_OP_FDIV, TCG_F64, 0, 0, RM(RNE), 0, ONE, SIGN, INF | SIGN, 4},
        {TCG_OP_FSQRT, TCG_F64, 0, 0, RM(RNE), 0, ONE | SIGN, 0, NAN64, 1},
        {TCG_OP_FSQRT, TCG_F64, 0, 0, RM(RNE), 0, SIGN, 0, SIGN, 0},
        {TCG_OP_FMUL, TCG_F64, 0, 0, RM(RTZ), 0, 0x7fefffffffffffff, 0x4000000000000000, 0x7fefffffffffffff, 0x28},
        {TCG_OP_FMUL, TCG_F64, 0, 0, RM(RMM), 0, 0x7fefffffffffffff, 0x4000000000000000, INF, 0x28},
        {TCG_OP_FMIN, TCG_F64, 0, 0, RM(RNE), 0, 0, SIGN, SIGN, 0},
        {TCG_OP_FMAX, TCG_F64, 0, 0, RM(RNE), 0, SIGN, 0, 0, 0},
        {TCG_OP_FMIN, TCG_F64, 0, 0, RM(RNE), 0, NAN64, ONE, ONE, 0},
        {TCG_OP_FMIN, TCG_F64, 0, 0, RM(RNE), 0, SNAN64, ONE, ONE, 1},
        {TCG_OP_FMAX, TCG_F64, 0, 0, RM(RNE), 0, NAN64 | 1, NAN64 | SIGN, NAN64, 0},
        {TCG_OP_FCMP, TCG_I64, TCG_COND_EQ, 0, TCG_F64, 0, NAN64, ONE, 0, 0},
        {TCG_OP_FCMP, TCG_I64, TCG_COND_EQ, 0, TCG_F64, 0, SNAN64, ONE, 0, 1},
        {TCG_OP_FCMP, TCG_I64, TCG_COND_LT, 0, TCG_F64, 1, NAN64, ONE, 0, 1},
        {TCG_OP_FCMP, TCG_I64, TCG_COND_LE, 0, TCG_F64, 1, SIGN, 0, 1, 0},
        {TCG_OP_FCMP, TCG_I64, TCG_COND_LT, 0, TCG_F64, 1, ONE | SIGN, ONE, 1, 0},
        /* RISC-V unprivileged, table of FCVT limits */
        {TCG_OP_FTOI, TCG_I32, 0, 0, CVT(TCG_F64, RTZ), 0, NAN64 | SIGN, 0, 0x7fffffff, 1},
        {TCG_OP_FTOI, TCG_I32, 0, 0, CVT(TCG_F64, RTZ), 0, INF | SIGN, 0, 0x80000000, 1},
        {TCG_OP_FTOI, TCG_I32, 0, 0, CVT(TCG_F64, RTZ), 1, NAN64, 0, 0xffffffff, 1},
        {TCG_OP_FTOI, TCG_I32, 0, 0, CVT(TCG_F64, RTZ), 1, ONE | SIGN, 0, 0, 1},
        {TCG_OP_FTOI, TCG_I32, 0, 0, CVT(TCG_F64, RTZ), 1, 0xbfe0000000000000, 0, 0, 0x20},
        {TCG_OP_FTOI, TCG_I64, 0, 0, CVT(TCG_F64, RTZ), 1, 0x43f0000000000000, 0, ~0ull, 1},
        {TCG_OP_FTOI, TCG_I64, 0, 0, CVT(TCG_F64, RTZ), 0, 0xc3e0000000000000, 0, SIGN, 0},
        {TCG_OP_FTOI, TCG_I64, 0, 0, CVT(TCG_F64, RTZ), 0, 0x43e0000000000000, 0, SIGN - 1, 1},
        {TCG_OP_FTOI, TCG_I32, 0, 0, CVT(TCG_F32, RNE), 0, 0x40200000, 0, 2, 0x20},          /* 2.5 */
        {TCG_OP_FTOI, TCG_I32, 0, 0, CVT(TCG_F32, RMM), 0, 0x40200000, 0, 3, 0x20},
        {TCG_OP_FTOI, TCG_I32, 0, 0, CVT(TCG_F32, RDN), 0, 0xc0200000, 0, 0xfffffffd, 0x20},
        {TCG_OP_FTOI, TCG_I32, 0, 0, CVT(TCG_F32, RUP), 0, 0xc0200000, 0, 0xfffffffe, 0x20},
        {TCG_OP_ITOF, TCG_F32, 0, TCG_I32, RM(RNE), 0, 0x01000001, 0, 0x4b800000, 0x20},
        {TCG_OP_ITOF, TCG_F32, 0, TCG_I32, RM(RMM), 0, 0x01000001, 0, 0x4b800001, 0x20},
        {TCG_OP_ITOF, TCG_F64, 0, TCG_I64, RM(RNE), 1, ~0ull, 0, 0x43f0000000000000, 0x20},
        {TCG_OP_ITOF, TCG_F64, 0, TCG_I32, RM(RNE), 0, 0xffffffff, 0, ONE | SIGN, 0},
        {TCG_OP_FTOF, TCG_F32, 0, 0, CVT(TCG_F64, RNE), 0, SNAN64, 0, 0x7fc00000, 1},
        {TCG_OP_FTOF, TCG_F64, 0, 0, CVT(TCG_F32, RNE), 0, 0xff800000, 0, INF | SIGN, 0},
        {TCG_OP_FTOF, TCG_F32, 0, 0, CVT(TCG_F64, RNE), 0, 0x3690000000000000, 0, 0, 0x30},   /* half of the least */
        {TCG_OP_FTOF, TCG_F32, 0, 0, CVT(TCG_F64, RMM), 0, 0x3690000000000000, 0, 1, 0x30},
        {TCG_OP_FCLASS, TCG_I64, 0, 0, TCG_F64, 0, INF | SIGN, 0, 1 << 0, 0},
        {TCG_OP_FCLASS, TCG_I64, 0, 0, TCG_F64, 0, ONE | SIGN, 0, 1 << 1, 0},
        {TCG_OP_FCLASS, TCG_I64, 0, 0, TCG_F64, 0, 1 | SIGN, 0, 1 << 2, 0},
        {TCG_OP_FCLASS, TCG_I64, 0, 0, TCG_F64, 0, SIGN, 0, 1 << 3, 0},
        {TCG_OP_FCLASS, TCG_I64, 0, 0, TCG_F64, 0, 0, 0, 1 << 4, 0},
        {TCG_OP_FCLASS, TCG_I64, 0, 0, TCG_F64, 0, 1, 0, 1 << 5, 0},
        {TCG_OP_FCLASS, TCG_I64, 0, 0, TCG_F32, 0, 0x3f800000, 0, 1 << 6, 0},
        {TCG_OP_FCLASS, TCG_I64, 0, 0, TCG_F32, 0, 0x7f800000, 0, 1 << 7, 0},
        {TCG_OP_FCLASS, TCG_I64, 0, 0, TCG_F32, 0, 0x7f800001, 0, 1 << 8, 0},
        {TCG_OP_FCLASS, TCG_I64, 0, 0, TCG_F32, 0, 0xffc00000, 0, 1 << 9, 0},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        const FpCase *c = &cases[i];
        TcgInsn in = {.op = c->op, .type = c->type, .cond = c->cond, .sub = c->sub, .aux = c->aux, .imm = c->imm};
        uint32_t mxcsr = 0x1f80;
        uint64_t have = eval(in, c->a, c->b, &mxcsr);

        if (have != c->want || (mxcsr & 0x3d) != c->flags) {
            g_error("case %u: %s(0x%" G_GINT64_MODIFIER "x, 0x%" G_GINT64_MODIFIER "x) is 0x%" G_GINT64_MODIFIER "x flags 0x%x, not 0x%" G_GINT64_MODIFIER "x flags 0x%x",
                    i, tcg_op_info[c->op].name, c->a, c->b, have, mxcsr & 0x3d, c->want, c->flags);
        }
    }
}

/* RISC-V wants NV of inf * 0 + quiet NaN; the NaN rules differ in what they pass on. */
static void test_nan_rules(void)
{
    static const uint64_t payload = NAN64 | 0x123, signalling = 0xfff0000000000456;
    uint32_t m = 0x1f80;

    g_assert_cmphex(tcg_ref_fma(TCG_F64, INF, 0, NAN64, 0, TCG_FP(TCG_RM_RNE, TCG_NAN_RISCV, 0), &m), ==, NAN64);
    g_assert_cmphex(m & 0x3f, ==, 1);
    m = 0x1f80;
    g_assert_cmphex(tcg_ref_fp2(TCG_OP_FADD, TCG_F64, payload, signalling, TCG_FP(0, TCG_NAN_X86, 0), &m), ==, payload);
    g_assert_cmphex(tcg_ref_fp2(TCG_OP_FADD, TCG_F64, payload, signalling, TCG_FP(0, TCG_NAN_ARM, 0), &m), ==, signalling | 1ull << 51);
    g_assert_cmphex(tcg_ref_fp2(TCG_OP_FADD, TCG_F64, payload, signalling, TCG_FP(0, TCG_NAN_ARM_DEFAULT, 0), &m), ==, NAN64);
    g_assert_cmphex(tcg_ref_fp2(TCG_OP_FSUB, TCG_F64, INF, INF, TCG_FP(0, TCG_NAN_X86, 0), &m), ==, NAN64 | SIGN);
    g_assert_cmphex(tcg_ref_fp2(TCG_OP_FSUB, TCG_F64, INF, INF, TCG_FP(0, TCG_NAN_ARM, 0), &m), ==, NAN64);
    /* -(1 * 1) - (-1) */
    g_assert_cmphex(tcg_ref_fma(TCG_F64, ONE, ONE, ONE | SIGN, 3, TCG_FP(TCG_RM_RDN, 0, 0), &m), ==, SIGN);
}

static void test_flags_arm(void)
{
    static const struct {
        TcgLazyFlags f;
        uint32_t nzcv;
    } cases[] = {
        {{TCG_FK_SUB, TCG_I64, 5, 5, 0}, 0x6},           /* equal: Z C */
        {{TCG_FK_SUB, TCG_I64, 3, 5, 0}, 0x8},           /* borrow: N */
        {{TCG_FK_SUB, TCG_I32, 0x80000000, 1, 0}, 0x3},  /* C V */
        {{TCG_FK_ADD, TCG_I32, 0xffffffff, 1, 0}, 0x6},  /* Z C */
        {{TCG_FK_ADD, TCG_I64, 0x7fffffffffffffff, 1, 0}, 0x9},
        {{TCG_FK_ADC, TCG_I32, 0xffffffff, 0xffffffff, 1}, 0xa},
        {{TCG_FK_LOGIC, TCG_I32, 0x80000000, 0, 0}, 0x8},
        {{TCG_FK_PACKED_ARM, TCG_I64, 0x50000000, 0, 0}, 0x5},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_cmphex(tcg_ref_flags_arm(&cases[i].f), ==, cases[i].nzcv << 28);
    }
}

static void test_vectors(void)
{
    uint64_t a[4] = {0x80ff7f0102030405, 0x8000000000000000, 3, 4}, b[4] = {0x8001010102030406, 1, 5, ~0ull}, r[4];
    uint64_t args[4][4];
#define VEC(op_, lane, imm_, type_)                                                                                     \
    memcpy(args[0], a, 32);                                                                                             \
    memcpy(args[1], b, 32);                                                                                             \
    tcg_ref_eval_env(&(TcgInsn){.op = TCG_OP_##op_, .type = type_, .aux = lane, .imm = imm_}, (const uint64_t(*)[4])args, r, NULL)

    VEC(VADD, 0, 0, TCG_V64);
    g_assert_cmphex(r[0], ==, 0x000080020406080b);
    g_assert_cmphex(r[1], ==, 0);
    VEC(VADD, 3, 0, TCG_V256);
    g_assert_cmphex(r[3], ==, 3);
    VEC(VCMPGT, 0, 0, TCG_V64);
    g_assert_cmphex(r[0], ==, 0x0000ff0000000000);
    VEC(VCMPEQ, 0, 0, TCG_V64);
    g_assert_cmphex(r[0], ==, 0xff0000ffffffff00);
    VEC(VMINS, 0, 0, TCG_V64);
    g_assert_cmphex(r[0], ==, 0x80ff010102030405);
    VEC(VMAXU, 0, 0, TCG_V64);
    g_assert_cmphex(r[0], ==, 0x80ff7f0102030406);
    VEC(VSARI, 1, 4, TCG_V64);
    g_assert_cmphex(r[0], ==, 0xf80f07f000200040);
    VEC(VSHLI, 0, 7, TCG_V64);
    g_assert_cmphex(r[0], ==, 0x0080808000800080);
    VEC(VSHRI, 3, 63, TCG_V128);
    g_assert_cmphex(r[1], ==, 1);
    VEC(VANDN, 3, 0, TCG_V64);
    g_assert_cmphex(r[0], ==, a[0] & ~b[0]);
    VEC(VMUL, 1, 0, TCG_V64);
    g_assert_cmphex(r[0], ==, (uint64_t)(uint16_t)(0x80ff * 0x8001) << 48 | (uint64_t)(uint16_t)(0x7f01 * 0x101) << 32 |
                                  (uint64_t)(uint16_t)(0x203 * 0x203) << 16 | (uint16_t)(0x405 * 0x406));
    VEC(VEXTRACT, 1, 3, TCG_I64);
    g_assert_cmphex(r[0], ==, 0x80ff);
    VEC(VINSERT, 0, 15, TCG_V128); /* operand b is a scalar */
    g_assert_cmphex(r[1], ==, 0x0600000000000000);
    VEC(VDUP, 1, 0, TCG_V256);
    g_assert_cmphex(r[3], ==, 0x0405040504050405);
    VEC(HOSTVECI, TCG_HV_PSHUFD, 0x1b, TCG_V128); /* reversed */
    g_assert_cmphex(r[0], ==, 0x0000000080000000);
    g_assert_cmphex(r[1], ==, 0x0203040580ff7f01);
}

/* --- memory --- */

static void test_loads(void)
{
    for (unsigned optimise = 0; optimise < 2; optimise++) {
        T t = begin();

        t.cpu->x[0] = RANDOM_MEM_BASE + 16;
        memcpy(&t.cpu->mem[8], "\x81\x82\x83\x84\x85\x86\x87\x88", 8);
        tcg_put(t.b, X1, tcg_load(t.b, TCG_I64, get(&t, X0), -8, TCG_MEM(0, 1, 0, 0, 1)));
        tcg_put(t.b, X2, tcg_load(t.b, TCG_I64, get(&t, X0), -8, TCG_MEM(1, 0, 1, 0, 1)));
        tcg_put(t.b, X3, tcg_load(t.b, TCG_I64, get(&t, X0), -8, TCG_MEM(2, 1, 1, 0, 1)));
        tcg_put(t.b, X4, tcg_load(t.b, TCG_I64, get(&t, X0), -8, TCG_MEM(3, 0, 0, 0, 1)));
        tcg_put(t.b, X5, tcg_extu(t.b, tcg_load(t.b, TCG_I32, get(&t, X0), -8, TCG_MEM(1, 1, 0, 0, 1))));
        tcg_put(t.b, Q0, tcg_load(t.b, TCG_V128, get(&t, X0), -8, TCG_MEM(4, 0, 0, 0, 1)));
        tcg_store(t.b, TCG_I64, get(&t, X0), 0, tcg_const(t.b, TCG_I64, 0x1122334455667788), TCG_MEM(2, 0, 1, 0, 1));
        run(&t, optimise);
        g_assert_cmphex(t.cpu->x[1], ==, 0xffffffffffffff81);
        g_assert_cmphex(t.cpu->x[2], ==, 0x8182);
        g_assert_cmphex(t.cpu->x[3], ==, 0xffffffff81828384);
        g_assert_cmphex(t.cpu->x[4], ==, 0x8887868584838281);
        g_assert_cmphex(t.cpu->x[5], ==, 0xffff8281);
        g_assert_cmphex(t.cpu->q[0][0], ==, 0x8887868584838281);
        g_assert_cmpint(memcmp(&t.cpu->mem[16], "\x55\x66\x77\x88\0", 5), ==, 0);
        g_assert_cmphex(t.cpu->pc, ==, 0x1004);
        g_assert_true(t.cpu->linkable);
        end(&t);
    }
}

/* base + (index << 3 & mask32) + disp: what segmented and 32-bit guests make of addresses. */
static void test_segment(void)
{
    for (unsigned optimise = 0; optimise < 2; optimise++) {
        T t = begin();
        TcgVal offset, linear;

        t.cpu->x[0] = RANDOM_MEM_BASE;      /* segment base */
        t.cpu->x[1] = 0xffffffff00000002;   /* index: only the low half counts */
        t.cpu->x[2] = 0xfffffffffffffff0;   /* -16 */
        memcpy(&t.cpu->mem[8], "\x2a", 1);
        offset = tcg_add(t.b, TCG_I32, tcg_trunc(t.b, get(&t, X2)), tcg_shl(t.b, TCG_I32, tcg_trunc(t.b, get(&t, X1)), tcg_const(t.b, TCG_I32, 3)));
        offset = tcg_add(t.b, TCG_I32, offset, tcg_const(t.b, TCG_I32, 8));
        linear = tcg_add(t.b, TCG_I64, tcg_extu(t.b, offset), get(&t, X0));
        linear = tcg_zext(t.b, TCG_I64, linear, 32);
        tcg_put(t.b, X3, tcg_load(t.b, TCG_I64, linear, 0, TCG_MEM(0, 0, 0, 0, 1)));
        run(&t, optimise);
        g_assert_false(t.cpu->faulted);
        g_assert_cmphex(t.cpu->x[3], ==, 0x2a);
        end(&t);
    }
}

static void test_atomics(void)
{
    T t = begin();
    static const TcgMem w = TCG_MEM(2, 1, 0, 1, 1), d = TCG_MEM(3, 0, 0, 1, 1);

    t.cpu->x[0] = RANDOM_MEM_BASE;
    memcpy(&t.cpu->mem[0], "\xff\xff\xff\xff\x01\x00\x00\x00", 8);
    tcg_put(t.b, X1, tcg_exts(t.b, tcg_atomic(t.b, TCG_RMW_MAX, TCG_I32, get(&t, X0), tcg_const(t.b, TCG_I32, 7), w)));
    tcg_put(t.b, X2, tcg_atomic(t.b, TCG_RMW_ADD, TCG_I64, get(&t, X0), tcg_const(t.b, TCG_I64, 1), d));
    tcg_put(t.b, X3, tcg_cmpxchg(t.b, TCG_I64, get(&t, X0), tcg_const(t.b, TCG_I64, 0x100000008), tcg_const(t.b, TCG_I64, 42), d));
    tcg_put(t.b, X4, tcg_cmpxchg(t.b, TCG_I64, get(&t, X0), tcg_const(t.b, TCG_I64, 5), tcg_const(t.b, TCG_I64, 6), d));
    run(&t, true);
    g_assert_cmphex(t.cpu->x[1], ==, ~0ull);
    g_assert_cmphex(t.cpu->x[2], ==, 0x100000007);
    g_assert_cmphex(t.cpu->x[3], ==, 0x100000008);
    g_assert_cmphex(t.cpu->x[4], ==, 42);
    g_assert_cmphex(t.cpu->mem[0], ==, 42);
    end(&t);
}

static void test_exclusive(void)
{
    T t = begin();
    static const TcgMem w = TCG_MEM(2, 1, 0, 1, 1);

    t.cpu->x[0] = RANDOM_MEM_BASE;
    memcpy(&t.cpu->mem[0], "\x00\x00\x00\x80", 4); /* negative: sign-extended when loaded */
    tcg_put(t.b, X1, tcg_load_exclusive(t.b, TCG_I64, get(&t, X0), w));
    tcg_put(t.b, X2, tcg_store_exclusive(t.b, TCG_I64, get(&t, X0), tcg_const(t.b, TCG_I64, 9), w)); /* succeeds */
    tcg_put(t.b, X3, tcg_store_exclusive(t.b, TCG_I64, get(&t, X0), tcg_const(t.b, TCG_I64, 10), w)); /* no reservation */
    tcg_load_exclusive(t.b, TCG_I64, get(&t, X0), w);
    tcg_store(t.b, TCG_I64, get(&t, X0), 0, tcg_const(t.b, TCG_I64, 11), w);
    tcg_put(t.b, X4, tcg_store_exclusive(t.b, TCG_I64, get(&t, X0), tcg_const(t.b, TCG_I64, 12), w)); /* was changed */
    run(&t, true);
    g_assert_cmphex(t.cpu->x[1], ==, 0xffffffff80000000);
    g_assert_cmphex(t.cpu->x[2], ==, 0);
    g_assert_cmphex(t.cpu->x[3], ==, 1);
    g_assert_cmphex(t.cpu->x[4], ==, 1);
    g_assert_cmphex(t.cpu->mem[0], ==, 11);
    g_assert_cmphex(t.cpu->parent.tcg.excl_addr, ==, ~0ull);
    end(&t);
}

/* --- leaving --- */

static void test_fault(void)
{
    T t = begin();

    t.cpu->x[0] = 0xdead0000;
    t.cpu->x[1] = t.cpu->x[2] = 1;
    tcg_put(t.b, X1, tcg_const(t.b, TCG_I64, 77)); /* done before the fault: must be seen */
    tcg_builder_insn(t.b, 0x1004, 4);
    tcg_put(t.b, X2, tcg_load(t.b, TCG_I64, get(&t, X0), 4, TCG_MEM(3, 0, 0, 0, 1)));
    tcg_builder_insn(t.b, 0x1008, 4);
    tcg_put(t.b, X1, tcg_const(t.b, TCG_I64, 78));
    run(&t, true);
    g_assert_true(t.cpu->faulted);
    g_assert_cmphex(t.cpu->fault_va, ==, 0xdead0004);
    g_assert_cmphex(t.cpu->pc, ==, 0x1004);
    g_assert_cmpuint(t.cpu->x[1], ==, 77);
    g_assert_cmpuint(t.cpu->x[2], ==, 1);
    g_assert_null(t.cpu->parent.tcg.host_sp);
    end(&t);
}

static void test_exits(void)
{
    T t = begin();

    t.cpu->x[0] = 0x4440;
    tcg_goto_indirect(t.b, tcg_addi(t.b, TCG_I64, get(&t, X0), 4), TCG_EDGE_RETURN, 0);
    run(&t, true);
    g_assert_cmphex(t.cpu->pc, ==, 0x4444);
    g_assert_false(t.cpu->linkable);
    end(&t);
    t = begin();
    tcg_exit(t.b, (TcgReason)(TCG_REASON_TARGET + 3), 0x1234);
    run(&t, true);
    g_assert_cmphex(t.cpu->pc, ==, 0x1234);
    g_assert_cmpuint(t.cpu->reason, ==, TCG_REASON_TARGET + 3);
    end(&t);
}

/* A loop that never ends leaves at the head when it is asked to. */
static void test_poll(void)
{
    for (unsigned optimise = 0; optimise < 2; optimise++) {
        T t = {tcg_region_new(tcg_random_slots, tcg_random_slot_count), tcg_builder_new(), tcg_random_cpu_new()};

        t.cpu->parent.tcg.exit_request = 1;
        tcg_builder_begin(t.b, t.r);
        tcg_builder_label_pc(t.b, 0x1000);
        tcg_builder_insn(t.b, 0x1000, 4);
        tcg_put(t.b, X0, tcg_addi(t.b, TCG_I64, get(&t, X0), 1));
        tcg_goto(t.b, 0x1000, TCG_EDGE_JUMP, 0);
        run(&t, optimise);
        g_assert_cmphex(t.cpu->pc, ==, 0x1000);
        g_assert_cmphex(t.cpu->x[0], ==, 0);
        end(&t);
    }
}

static void test_pair(void)
{
    T t = begin();
    TcgVal p;

    t.cpu->x[0] = 5;
    p = tcg_emit2(t.b, TCG_OP_MAKE128, TCG_I128, get(&t, X0), tcg_const(t.b, TCG_I64, 6));
    tcg_put(t.b, Q0, p);
    tcg_put(t.b, X1, tcg_emit1(t.b, TCG_OP_HI128, TCG_I64, tcg_get(t.b, Q0, TCG_I128), 0));
    run(&t, true);
    g_assert_cmpuint(t.cpu->q[0][0], ==, 5);
    g_assert_cmpuint(t.cpu->q[0][1], ==, 6);
    g_assert_cmpuint(t.cpu->x[1], ==, 6);
    end(&t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tcg/interp/integers", test_integers);
    g_test_add_func("/tcg/interp/floats", test_floats);
    g_test_add_func("/tcg/interp/nan-rules", test_nan_rules);
    g_test_add_func("/tcg/interp/flags-arm", test_flags_arm);
    g_test_add_func("/tcg/interp/vectors", test_vectors);
    g_test_add_func("/tcg/interp/loads", test_loads);
    g_test_add_func("/tcg/interp/segment", test_segment);
    g_test_add_func("/tcg/interp/atomics", test_atomics);
    g_test_add_func("/tcg/interp/exclusive", test_exclusive);
    g_test_add_func("/tcg/interp/fault", test_fault);
    g_test_add_func("/tcg/interp/exits", test_exits);
    g_test_add_func("/tcg/interp/poll", test_poll);
    g_test_add_func("/tcg/interp/pair", test_pair);
    return g_test_run();
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reference evaluator against the host processor (x86-64 only): floating point with all four hardware rounding modes,
 * result bits and sticky flags; EFLAGS of arithmetic. Round-to-nearest-away, which the host lacks, is checked by quadruple
 * precision arithmetic. The evaluator itself never touches the FPU, so the two are independent.
 */
#include <immintrin.h>
#include <string.h>

#include "tcg-random.h"
#include "tcg/reference.h"

static double to_double(uint64_t bits) { double d; memcpy(&d, &bits, 8); return d; }
static float to_float(uint64_t bits) { float f; uint32_t w = (uint32_t)bits; memcpy(&f, &w, 4); return f; }
static uint64_t from_double(double d) { uint64_t b; memcpy(&b, &d, 8); return b; }
static uint64_t from_float(float f) { uint32_t b; memcpy(&b, &f, 4); return b; }

static uint64_t operand(TcgRandom *g, TcgType type)
{
    uint64_t v = tcg_random_bits(g);

    if (type == TCG_F32) {
        v = tcg_random_next(g) & 1 ? v >> 32 : (uint32_t)v;
        if ((tcg_random_next(g) & 3) == 0) { /* near the limits of the exponent */
            v = (v & 0x807fffff) | (uint64_t)(tcg_random_next(g) % 3 == 0 ? 1 : 100 + tcg_random_next(g) % 60) << 23;
        }
        return (uint32_t)v;
    }
    if ((tcg_random_next(g) & 3) == 0) {
        v = (v & 0x800fffffffffffff) | (uint64_t)(tcg_random_next(g) % 3 == 0 ? 1 : 990 + tcg_random_next(g) % 66) << 52;
    }
    return v;
}

/* One scalar instruction under @mxcsr; flags are or'ed into it. */
#define SSE2OP(name, insn, ctype, conv, back)                                                                           \
    static uint64_t name(uint64_t a, uint64_t b, uint32_t *mxcsr)                                                       \
    {                                                                                                                   \
        ctype x = conv(a), y = conv(b);                                                                                 \
        uint32_t saved = _mm_getcsr();                                                                                  \
        __asm__ volatile("ldmxcsr %1\n\t" insn " %2, %0\n\tstmxcsr %1\n\tldmxcsr %3" : "+x"(x), "+m"(*mxcsr) : "x"(y), "m"(saved)); \
        return back(x);                                                                                                 \
    }
SSE2OP(host_addsd, "addsd", double, to_double, from_double)
SSE2OP(host_subsd, "subsd", double, to_double, from_double)
SSE2OP(host_mulsd, "mulsd", double, to_double, from_double)
SSE2OP(host_divsd, "divsd", double, to_double, from_double)
SSE2OP(host_sqrtsd, "sqrtsd", double, to_double, from_double)
SSE2OP(host_addss, "addss", float, to_float, from_float)
SSE2OP(host_subss, "subss", float, to_float, from_float)
SSE2OP(host_mulss, "mulss", float, to_float, from_float)
SSE2OP(host_divss, "divss", float, to_float, from_float)
SSE2OP(host_sqrtss, "sqrtss", float, to_float, from_float)

typedef uint64_t HostOp(uint64_t a, uint64_t b, uint32_t *mxcsr);

static void check(const char *what, uint64_t a, uint64_t b, uint32_t mode, uint64_t want, uint32_t want_csr, uint64_t have, uint32_t have_csr)
{
    if (want != have || (want_csr ^ have_csr) & 0x3f) {
        g_error("%s(0x%" G_GINT64_MODIFIER "x, 0x%" G_GINT64_MODIFIER "x) mode 0x%x: host 0x%" G_GINT64_MODIFIER "x flags 0x%x, reference 0x%" G_GINT64_MODIFIER
                "x flags 0x%x", what, a, b, mode, want, want_csr & 0x3f, have, have_csr & 0x3f);
    }
}

static uint32_t random_mode(TcgRandom *g)
{
    uint32_t mode = 0x1f80 | (uint32_t)(tcg_random_next(g) & 3) << 13;

    if (tcg_random_next(g) % 8 == 0) {
        mode |= 0x8000; /* flush to zero */
    }
    if (tcg_random_next(g) % 8 == 0) {
        mode |= 0x40; /* denormals are zeros */
    }
    return mode;
}

static void test_arithmetic(void)
{
    static const struct {
        TcgOp op;
        HostOp *host[2];
    } ops[] = {
        {TCG_OP_FADD, {host_addss, host_addsd}}, {TCG_OP_FSUB, {host_subss, host_subsd}}, {TCG_OP_FMUL, {host_mulss, host_mulsd}},
        {TCG_OP_FDIV, {host_divss, host_divsd}}, {TCG_OP_FSQRT, {host_sqrtss, host_sqrtsd}},
    };
    TcgRandom g;

    tcg_random_init(&g, 11, 0);
    for (unsigned i = 0; i < 2000000; i++) {
        unsigned k = i % G_N_ELEMENTS(ops), wide = i / 8 & 1;
        TcgType type = wide ? TCG_F64 : TCG_F32;
        uint64_t a = operand(&g, type), b = operand(&g, type), want, have;
        uint32_t mode = random_mode(&g), host_csr = mode, ref_csr = mode;
        TcgFp fp = TCG_FP(TCG_RM_DYN, TCG_NAN_X86, 0);

        if (ops[k].op == TCG_OP_FSQRT) {
            want = ops[k].host[wide](0, a, &host_csr);
            have = tcg_ref_fsqrt(type, a, fp, &ref_csr);
            b = a;
        } else {
            want = ops[k].host[wide](a, b, &host_csr);
            have = tcg_ref_fp2(ops[k].op, type, a, b, fp, &ref_csr);
        }
        check(tcg_op_info[ops[k].op].name, a, b, mode, want, host_csr, have, ref_csr);
    }
}

__attribute__((target("fma"))) static uint64_t host_fma(TcgType type, uint64_t a, uint64_t b, uint64_t c, uint32_t *mxcsr)
{
    uint32_t saved = _mm_getcsr();

    if (type == TCG_F64) {
        double x = to_double(a), y = to_double(b), z = to_double(c);

        __asm__ volatile("ldmxcsr %1\n\tvfmadd132sd %2, %3, %0\n\tstmxcsr %1\n\tldmxcsr %4" : "+x"(x), "+m"(*mxcsr) : "x"(y), "x"(z), "m"(saved));
        return from_double(x);
    }
    float x = to_float(a), y = to_float(b), z = to_float(c);

    __asm__ volatile("ldmxcsr %1\n\tvfmadd132ss %2, %3, %0\n\tstmxcsr %1\n\tldmxcsr %4" : "+x"(x), "+m"(*mxcsr) : "x"(y), "x"(z), "m"(saved));
    return from_float(x);
}

static void test_fma(void)
{
    TcgRandom g;

    if (!__builtin_cpu_supports("fma")) {
        g_test_skip("no FMA on this host");
        return;
    }
    tcg_random_init(&g, 12, 0);
    for (unsigned i = 0; i < 1000000; i++) {
        TcgType type = i & 1 ? TCG_F64 : TCG_F32;
        uint64_t a = operand(&g, type), b = operand(&g, type), c = operand(&g, type), want, have;
        uint32_t mode = random_mode(&g), host_csr = mode, ref_csr = mode;

        if (i % 4 == 0) { /* near cancellation: c = -a*b, rounded */
            c = (type == TCG_F64 ? host_mulsd : host_mulss)(a, b, &ref_csr) ^ (type == TCG_F64 ? 1ull << 63 : 1u << 31);
            ref_csr = mode;
        }
        want = host_fma(type, a, b, c, &host_csr);
        have = tcg_ref_fma(type, a, b, c, 0, TCG_FP(TCG_RM_DYN, TCG_NAN_X86, 0), &ref_csr);
        if (want != have || (host_csr ^ ref_csr) & 0x3f) {
            g_test_message("addend 0x%" G_GINT64_MODIFIER "x", c);
            check("fma", a, b, mode, want, host_csr, have, ref_csr);
        }
    }
}

#define SSE_CVT(name, insn, from_t, to_t, conv, in_c, out_c, in_k, out_k)                                               \
    static uint64_t name(uint64_t a, uint32_t *mxcsr)                                                                   \
    {                                                                                                                   \
        from_t x = (from_t)conv(a);                                                                                     \
        to_t y = 0;                                                                                                     \
        uint32_t saved = _mm_getcsr();                                                                                  \
        __asm__ volatile("ldmxcsr %1\n\t" insn " %2, %0\n\tstmxcsr %1\n\tldmxcsr %3" : out_k(y), "+m"(*mxcsr) : in_k(x), "m"(saved)); \
        return out_c(y);                                                                                                \
    }
SSE_CVT(host_d2s, "cvtsd2ss", double, float, to_double, double, from_float, "x", "+x")
SSE_CVT(host_s2d, "cvtss2sd", float, double, to_float, float, from_double, "x", "+x")
SSE_CVT(host_q2d, "cvtsi2sdq", int64_t, double, , , from_double, "r", "+x")
SSE_CVT(host_q2s, "cvtsi2ssq", int64_t, float, , , from_float, "r", "+x")
SSE_CVT(host_l2s, "cvtsi2ssl", int32_t, float, , , from_float, "r", "+x")
SSE_CVT(host_d2q, "cvtsd2siq", double, int64_t, to_double, , (uint64_t), "x", "=r")
SSE_CVT(host_s2q, "cvtss2siq", float, int64_t, to_float, , (uint64_t), "x", "=r")

static void test_conversions(void)
{
    TcgFp fp = TCG_FP(TCG_RM_DYN, TCG_NAN_X86, 0);
    TcgRandom g;

    tcg_random_init(&g, 13, 0);
    for (unsigned i = 0; i < 500000; i++) {
        uint64_t d = operand(&g, TCG_F64), s = operand(&g, TCG_F32), q = tcg_random_bits(&g), want, have;
        uint32_t mode = random_mode(&g), h, r;

        h = r = mode;
        want = host_d2s(d, &h);
        have = tcg_ref_ftof(TCG_F32, TCG_F64, d, fp, &r);
        check("d2s", d, 0, mode, want, h, have, r);
        h = r = mode;
        want = host_s2d(s, &h);
        have = tcg_ref_ftof(TCG_F64, TCG_F32, s, fp, &r);
        check("s2d", s, 0, mode, want, h, have, r);
        h = r = mode;
        want = host_q2d(q, &h);
        have = tcg_ref_itof(TCG_F64, TCG_I64, false, q, fp, &r);
        check("q2d", q, 0, mode, want, h, have, r);
        h = r = mode;
        want = host_q2s(q, &h);
        have = tcg_ref_itof(TCG_F32, TCG_I64, false, q, fp, &r);
        check("q2s", q, 0, mode, want, h, have, r);
        h = r = mode;
        want = host_l2s(q, &h);
        have = tcg_ref_itof(TCG_F32, TCG_I32, false, (uint32_t)q, fp, &r);
        check("l2s", q, 0, mode, want, h, have, r);
        h = r = mode;
        want = host_d2q(d, &h);
        have = tcg_ref_ftoi(TCG_I64, false, TCG_F64, d, fp, &r);
        if (!(h & 1)) { /* out of range: the host has its own value */
            check("d2q", d, 0, mode, want, h, have, r);
        }
        g_assert_cmpuint(h & 1, ==, r & 1);
        h = r = mode;
        want = host_s2q(s, &h);
        have = tcg_ref_ftoi(TCG_I64, false, TCG_F32, s, fp, &r);
        if (!(h & 1)) {
            check("s2q", s, 0, mode, want, h, have, r);
        }
        g_assert_cmpuint(h & 1, ==, r & 1);
    }
}

/* Nearest, ties away: of the two neighbours (down and up) the nearer to the exact value. */
static void test_nearest_away(void)
{
    TcgRandom g;

    tcg_random_init(&g, 14, 0);
    for (unsigned i = 0; i < 300000; i++) {
        bool wide = i & 1, mul = i >> 1 & 1;
        TcgType type = wide ? TCG_F64 : TCG_F32;
        uint64_t a = operand(&g, type), b = operand(&g, type), down, up, away, expect;
        uint32_t csr_d = 0x1f80, csr_u = 0x1f80, csr_a = 0x1f80;
        TcgOp op = mul ? TCG_OP_FMUL : TCG_OP_FADD;
        __float128 x = wide ? (__float128)to_double(a) : to_float(a), y = wide ? (__float128)to_double(b) : to_float(b), exact, lo, hi;

        down = tcg_ref_fp2(op, type, a, b, TCG_FP(TCG_RM_RDN, 0, 0), &csr_d);
        up = tcg_ref_fp2(op, type, a, b, TCG_FP(TCG_RM_RUP, 0, 0), &csr_u);
        away = tcg_ref_fp2(op, type, a, b, TCG_FP(TCG_RM_RMM, 0, 0), &csr_a);
        exact = mul ? x * y : x + y;
        lo = wide ? (__float128)to_double(down) : to_float(down);
        hi = wide ? (__float128)to_double(up) : to_float(up);
        if (exact != exact || lo - lo != 0 || hi - hi != 0 || (!mul && exact - x != y)) {
            continue; /* NaN, overflow, or a sum that quadruple precision does not hold */
        }
        if (down == up) {
            expect = down;
        } else if (exact - lo == hi - exact) {
            expect = exact < 0 ? down : up;
        } else {
            expect = exact - lo < hi - exact ? down : up;
        }
        if (expect != away && !(exact == 0 && mul == false)) {
            g_error("%s(0x%" G_GINT64_MODIFIER "x, 0x%" G_GINT64_MODIFIER "x) away: 0x%" G_GINT64_MODIFIER "x, expected 0x%" G_GINT64_MODIFIER "x",
                    tcg_op_info[op].name, a, b, away, expect);
        }
    }
}

/* --- EFLAGS --- */

#define STATUS 0x8d5u
#define FLAGS2(name, insn, ctype)                                                                                       \
    static uint32_t name(uint64_t a, uint64_t b, unsigned carry)                                                        \
    {                                                                                                                   \
        ctype x = (ctype)a, y = (ctype)b;                                                                               \
        uint64_t f;                                                                                                     \
        __asm__ volatile("bt $0, %k3\n\t" insn " %2, %1\n\tpushfq\n\tpopq %0" : "=r"(f), "+r"(x) : "r"(y), "r"(carry) : "cc"); \
        return (uint32_t)f & STATUS;                                                                                    \
    }
#define FLAGS1(name, insn, ctype)                                                                                       \
    static uint32_t name(uint64_t a, uint64_t b, unsigned carry)                                                        \
    {                                                                                                                   \
        ctype x = (ctype)a;                                                                                             \
        uint64_t f;                                                                                                     \
        __asm__ volatile("bt $0, %k2\n\t" insn " %1\n\tpushfq\n\tpopq %0" : "=r"(f), "+r"(x) : "r"(carry) : "cc");      \
        return (uint32_t)f & STATUS;                                                                                    \
    }
#define FLAGSC(name, insn, ctype)                                                                                       \
    static uint32_t name(uint64_t a, uint64_t b, unsigned carry)                                                        \
    {                                                                                                                   \
        ctype x = (ctype)a;                                                                                             \
        uint64_t f;                                                                                                     \
        __asm__ volatile(insn " %%cl, %1\n\tpushfq\n\tpopq %0" : "=r"(f), "+r"(x) : "c"(b) : "cc");                     \
        return (uint32_t)f & STATUS;                                                                                    \
    }
#define WIDTHS(M, op, insn)                                                                                             \
    M(host_##op##8, insn "b", uint8_t) M(host_##op##16, insn "w", uint16_t) M(host_##op##32, insn "l", uint32_t) M(host_##op##64, insn "q", uint64_t)
WIDTHS(FLAGS2, add, "add") WIDTHS(FLAGS2, adc, "adc") WIDTHS(FLAGS2, sub, "sub") WIDTHS(FLAGS2, sbb, "sbb")
WIDTHS(FLAGS1, inc, "inc") WIDTHS(FLAGS1, dec, "dec") WIDTHS(FLAGS1, neg, "neg")
WIDTHS(FLAGSC, shl, "shl") WIDTHS(FLAGSC, shr, "shr") WIDTHS(FLAGSC, sar, "sar")
FLAGS2(host_imul16, "imulw", uint16_t) FLAGS2(host_imul32, "imull", uint32_t) FLAGS2(host_imul64, "imulq", uint64_t)
static uint32_t host_imul8(uint64_t a, uint64_t b, unsigned carry)
{
    int product = (int8_t)a * (int8_t)b;

    return product != (int8_t)product ? 0x801 : 0;
}
FLAGS1(host_test8, "test %1,", uint8_t) FLAGS1(host_test16, "test %1,", uint16_t) FLAGS1(host_test32, "test %1,", uint32_t)
FLAGS1(host_test64, "test %1,", uint64_t)

typedef uint32_t HostFlags(uint64_t a, uint64_t b, unsigned carry);
static const struct {
    TcgFlagsKind kind;
    HostFlags *host[4];
    uint32_t care;
} flag_ops[] = {
#define ROW(k, op, mask) {TCG_FK_##k, {host_##op##8, host_##op##16, host_##op##32, host_##op##64}, mask}
    ROW(ADD, add, STATUS), ROW(ADC, adc, STATUS), ROW(SUB, sub, STATUS), ROW(SBB, sbb, STATUS), ROW(INC, inc, STATUS),
    ROW(DEC, dec, STATUS), ROW(NEG, neg, STATUS), ROW(SHL, shl, STATUS & ~0x10u), ROW(SHR, shr, STATUS & ~0x10u),
    ROW(SAR, sar, STATUS & ~0x10u), ROW(MUL, imul, 0x801), ROW(LOGIC, test, STATUS & ~0x10u),
};

static bool host_condition(uint32_t f, TcgFlagCond c)
{
    bool cf = f & 1, pf = f & 4, zf = f & 0x40, sf = f & 0x80, of = f & 0x800;
    const bool value[8] = {of, cf, zf, cf || zf, sf, pf, sf != of, zf || sf != of};

    return value[c >> 1] ^ (c & 1);
}

static void test_flags(void)
{
    TcgRandom g;

    tcg_random_init(&g, 15, 0);
    for (unsigned i = 0; i < 400000; i++) {
        unsigned k = i % G_N_ELEMENTS(flag_ops), w = i / 16 & 3, width = 8u << w, up = width < 32 ? 32 - width : 0;
        TcgFlagsKind kind = flag_ops[k].kind;
        bool shift = kind >= TCG_FK_SHL && kind <= TCG_FK_SAR;
        uint64_t a = tcg_random_bits(&g), b = shift ? 1 + tcg_random_next(&g) % (width - 1) : tcg_random_bits(&g), type_mask = width == 64 ? ~0ull : 0xffffffffu;
        unsigned carry = tcg_random_next(&g) & 1;
        TcgLazyFlags f = {.kind = kind, .type = (width == 64 ? TCG_I64 : TCG_I32) | up << 8, .a = a << up & type_mask,
                          .b = shift ? b : b << up & type_mask, .c = carry};
        uint32_t care = flag_ops[k].care, want = flag_ops[k].host[w](a, b, carry), have = tcg_ref_flags_x86(&f);

        if (shift && b != 1) {
            care &= ~0x800u; /* overflow is defined for a count of 1 only */
        }
        if ((want ^ have) & care) {
            g_error("flags kind %d width %u of 0x%" G_GINT64_MODIFIER "x, 0x%" G_GINT64_MODIFIER "x carry %u: host 0x%x, reference 0x%x", kind, width,
                    a, b, carry, want & care, have & care);
        }
        for (unsigned c = 0; c < 16; c++) {
            if (care == STATUS) {
                g_assert_cmpint(tcg_ref_flagtest(&f, (TcgFlagCond)c), ==, host_condition(want, (TcgFlagCond)c));
            }
        }
    }
}

/* The evaluator called out of code that runs with the guest's MXCSR. */
static void test_host_environment(void)
{
    TcgInsn insn = {.op = TCG_OP_FDIV, .type = TCG_F64, .aux = TCG_FP(TCG_RM_DYN, TCG_NAN_RISCV, 0)};
    uint32_t saved = _mm_getcsr(), after;
    uint64_t up, down;

    _mm_setcsr(0x1f80 | 2u << 13);
    up = tcg_ref_scalar(from_double(1), from_double(3), 0, tcg_ref_desc(&insn));
    after = _mm_getcsr();
    _mm_setcsr(0x1f80 | 1u << 13);
    down = tcg_ref_scalar(from_double(1), from_double(3), 0, tcg_ref_desc(&insn));
    _mm_setcsr(saved);
    g_assert_cmpuint(up, ==, down + 1);
    g_assert_cmphex(after & 0x3f, ==, 0x20);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tcg/host/arithmetic", test_arithmetic);
    g_test_add_func("/tcg/host/fma", test_fma);
    g_test_add_func("/tcg/host/conversions", test_conversions);
    g_test_add_func("/tcg/host/nearest-away", test_nearest_away);
    g_test_add_func("/tcg/host/flags", test_flags);
    g_test_add_func("/tcg/host/environment", test_host_environment);
    return g_test_run();
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The privileged side of target/riscv: CPU models, CSRs, traps and delegation, page walks, PMP, the supervisor timer, and
 * half-precision arithmetic in all rounding modes.
 */
#include <math.h>
#include <string.h>

#include "../../target/riscv/half.h"
#include "../../target/riscv/helper.h"
#include "accel/tcg/tcg-accel.h"
#include "riscv-fake.h"

static RiscvCpu *hart(RiscvFake *f) { return riscv_cpu(f->cpu); }

static uint64_t csr(RiscvFake *f, unsigned number)
{
    uint64_t v = 0;
    g_assert_true(riscv_csr_get(hart(f), number, &v));
    return v;
}
static void set_csr(RiscvFake *f, unsigned number, uint64_t v) { g_assert_true(riscv_csr_set(hart(f), number, v)); }

static void put64(RiscvFake *f, uint64_t addr, uint64_t v) { riscv_fake_put(f, addr, &v, 8); }
static uint64_t peek64(RiscvFake *f, uint64_t addr)
{
    uint64_t v;
    memcpy(&v, f->ram + (addr - FAKE_RAM_BASE), 8);
    return v;
}

/* ---- models ---- */

static void expect_error(const char *model, const char *part)
{
    Error *err = NULL;
    CpuState *cpu = riscv_cpu_new(target_find("riscv64"), model, &err);
    if (cpu) {
        g_assert_false(object_realize(OBJECT(cpu), &err));
        object_unref(OBJECT(cpu));
    }
    g_assert_nonnull(err);
    g_autofree char *all = g_strdup_printf("%s %s", error_message(err), error_hint(err) ? error_hint(err) : "");
    if (!strstr(all, part)) {
        g_test_message("-cpu %s: '%s' lacks '%s'", model, all, part);
        g_test_fail();
    }
    error_free(err);
}

static void test_models(void)
{
    RiscvFake *f = riscv_fake_new("riscv64", NULL);
    g_autofree char *isa = riscv_cpu_isa_string(f->cpu);
    g_assert_true(g_str_has_prefix(isa, "rv64imafdc_zicbom_zicbop_zicboz_zicntr_zicsr_zifencei"));
    g_assert_nonnull(strstr(isa, "_zba_zbb_zbc_zbs_sstc"));
    g_assert_cmpstr(riscv_cpu_mmu_type(f->cpu), ==, "riscv,sv57");
    g_assert_cmphex(csr(f, 0x301), ==, 0x800000000014112d);
    riscv_fake_free(f);

    f = riscv_fake_new("riscv64", "rv64,zbb=off,sv57=off,-zba,f=off,d=off,zfa=off,zkn=off");
    g_autofree char *isa2 = riscv_cpu_isa_string(f->cpu);
    g_assert_true(g_str_has_prefix(isa2, "rv64imac_zicbom"));
    g_assert_null(strstr(isa2, "_zba"));
    g_assert_null(strstr(isa2, "_zbb"));
    g_assert_cmpstr(riscv_cpu_mmu_type(f->cpu), ==, "riscv,sv48");
    riscv_fake_free(f);

    f = riscv_fake_new("riscv32", "max");
    g_assert_cmpuint(riscv_cpu_xlen(f->cpu), ==, 32);
    g_assert_cmpstr(riscv_cpu_mmu_type(f->cpu), ==, "riscv,sv32");
    riscv_fake_free(f);

    expect_error("rv46", "rv64");
    expect_error("rv32", "unknown CPU model");
    expect_error("rv64,zbx=on", "zb");
    expect_error("rv64,zbb=perhaps", "zbb");
    expect_error("rv64,f=off", "'d' needs 'f'");
    expect_error("rv64,v=on", "not implemented");
    expect_error("rv64,u=off", "supervisor");
    expect_error("rv64,cboz_blocksize=48", "power of two");
    expect_error("rv64,priv_spec=v9", "v1.10.0");
}

/* ---- CSRs ---- */

static void test_csrs(void)
{
    RiscvFake *f = riscv_fake_new("riscv64", "max");
    set_csr(f, 0x300, ~0ull);
    g_assert_cmphex(csr(f, 0x300), ==, 0x8000000a007e79aa); /* MPP kept as M, XL fixed at 64 bits, SD with FS */
    g_assert_cmphex(csr(f, 0x100), ==, 0x80000002000c6122);
    set_csr(f, 0x100, 0);
    g_assert_cmphex(csr(f, 0x300), ==, 0x0000000a00721888);
    set_csr(f, 0x300, 2ull << 11);
    g_assert_cmphex(csr(f, 0x300) & MSTATUS_MPP, ==, MSTATUS_MPP); /* reserved privilege 2 */
    set_csr(f, 0x302, ~0ull);
    g_assert_cmphex(csr(f, 0x302), ==, 0xb3ff);
    set_csr(f, 0x303, ~0ull);
    g_assert_cmphex(csr(f, 0x303), ==, 0x222);
    set_csr(f, 0x304, ~0ull);
    g_assert_cmphex(csr(f, 0x304), ==, 0xaaa);
    g_assert_cmphex(csr(f, 0x104), ==, 0x222);
    set_csr(f, 0x305, 0x80000003);
    g_assert_cmphex(csr(f, 0x305), ==, 0);
    set_csr(f, 0x305, 0x80000001);
    g_assert_cmphex(csr(f, 0x305), ==, 0x80000001);
    set_csr(f, 0x341, 0x80000003);
    g_assert_cmphex(csr(f, 0x341), ==, 0x80000002);
    set_csr(f, 0x180, 7ull << 60); /* no such mode: ignored */
    g_assert_cmphex(csr(f, 0x180), ==, 0);
    set_csr(f, 0x180, 9ull << 60 | 0xabcull << 44 | 0x80123);
    g_assert_cmphex(csr(f, 0x180), ==, 9ull << 60 | 0xabcull << 44 | 0x80123);
    g_assert_false(riscv_csr_set(hart(f), 0xf14, 1));
    uint64_t v;
    g_assert_false(riscv_csr_get(hart(f), 0x5c0, &v));
    char name[24];
    g_assert_cmpstr(riscv_csr_name(0xb83, name, sizeof(name)), ==, "mhpmcounter3h");
    g_assert_cmpstr(riscv_csr_name(0x3bf, name, sizeof(name)), ==, "pmpaddr15");
    set_csr(f, 0xb02, 1000);
    g_assert_cmpuint(csr(f, 0xb02), >=, 1000);
    set_csr(f, 0x320, 4);
    g_assert_cmpuint(csr(f, 0xb02), ==, csr(f, 0xb02));
    /* fcsr and MXCSR */
    set_csr(f, 0x300, MSTATUS_FS);
    set_csr(f, 0x003, 0x71);
    g_assert_cmphex(csr(f, 0x001), ==, 0x11);
    g_assert_cmphex(csr(f, 0x002), ==, 3);
    g_assert_cmphex(f->cpu->tcg.guest_mxcsr, ==, 0x1f80 | 2 << 13 | 0x21);
    set_csr(f, 0x002, 4);
    g_assert_cmpuint(RISCV_FLAG_FRM(riscv_region_flags(f->cpu)), ==, RISCV_FRM_RMM);
    riscv_fake_free(f);
}

/* ---- interrupts ---- */

static void test_interrupts(void)
{
    RiscvFake *f = riscv_fake_new("riscv64", "max");
    RiscvCpu *rc = hart(f);
    set_csr(f, 0x305, 0x80001001); /* vectored */
    set_csr(f, 0x105, 0x80002000);
    set_csr(f, 0x304, 0xaaa);
    g_assert_false(riscv_has_work(f->cpu));
    riscv_cpu_irq(f->cpu, RISCV_IRQ_MTIP | RISCV_IRQ_MEIP, true);
    g_assert_true(riscv_has_work(f->cpu));
    g_assert_false(riscv_deliver_interrupt(f->cpu)); /* MIE is off */
    set_csr(f, 0x300, MSTATUS_MIE);
    g_assert_true(riscv_deliver_interrupt(f->cpu)); /* external before timer */
    g_assert_cmphex(rc->pc, ==, 0x80001000 + 4 * 11);
    g_assert_cmphex(rc->mcause, ==, 1ull << 63 | 11);
    g_assert_cmphex(rc->mepc, ==, FAKE_RAM_BASE);
    g_assert_false(riscv_deliver_interrupt(f->cpu));
    riscv_cpu_irq(f->cpu, RISCV_IRQ_MEIP, false);
    /* delegated: not taken in M, taken in U even with SIE off */
    set_csr(f, 0x303, 0x222);
    riscv_cpu_irq(f->cpu, RISCV_IRQ_MTIP, false);
    riscv_cpu_irq(f->cpu, RISCV_IRQ_SEIP, true);
    set_csr(f, 0x300, MSTATUS_MIE);
    g_assert_false(riscv_deliver_interrupt(f->cpu));
    riscv_set_priv(rc, RISCV_PRIV_S);
    g_assert_false(riscv_deliver_interrupt(f->cpu));
    riscv_set_priv(rc, RISCV_PRIV_U);
    g_assert_true(riscv_deliver_interrupt(f->cpu));
    g_assert_cmpuint(rc->priv, ==, RISCV_PRIV_S);
    g_assert_cmphex(rc->pc, ==, 0x80002000);
    g_assert_cmphex(rc->scause, ==, 1ull << 63 | 9);
    g_assert_cmphex(rc->mstatus & MSTATUS_SPP, ==, 0);
    /* the line is seen in mip, software's own bit is kept apart */
    riscv_set_priv(rc, RISCV_PRIV_M);
    set_csr(f, 0x344, RISCV_IRQ_SEIP | RISCV_IRQ_SSIP);
    riscv_cpu_irq(f->cpu, RISCV_IRQ_SEIP, false);
    g_assert_cmphex(csr(f, 0x344), ==, RISCV_IRQ_SEIP | RISCV_IRQ_SSIP);
    riscv_fake_free(f);
}

static uint64_t fixed_time(void *opaque) { return *(uint64_t *)opaque; }

static void test_supervisor_timer(void)
{
    RiscvFake *f = riscv_fake_new("riscv64", "max");
    uint64_t now = 1000;
    riscv_cpu_set_time_base(f->cpu, fixed_time, &now, 10000000);
    set_csr(f, 0x14d, 500);
    g_assert_cmphex(csr(f, 0x344) & RISCV_IRQ_STIP, ==, 0); /* STCE is off */
    set_csr(f, 0x30a, MENVCFG_STCE);
    g_assert_cmphex(csr(f, 0x344) & RISCV_IRQ_STIP, ==, RISCV_IRQ_STIP);
    set_csr(f, 0x14d, 2000);
    g_assert_cmphex(csr(f, 0x344) & RISCV_IRQ_STIP, ==, 0);
    set_csr(f, 0x344, RISCV_IRQ_STIP);
    g_assert_cmphex(csr(f, 0x344) & RISCV_IRQ_STIP, ==, 0); /* read only now */
    now = 2000;
    for (unsigned i = 0; i < 100 && !(csr(f, 0x344) & RISCV_IRQ_STIP); i++) {
        g_usleep(1000);
        main_loop_wait(f->cpu->machine->loop, false);
    }
    g_assert_cmphex(csr(f, 0x344) & RISCV_IRQ_STIP, ==, RISCV_IRQ_STIP);
    set_csr(f, 0x14d, UINT64_MAX);
    g_assert_cmphex(csr(f, 0x344) & RISCV_IRQ_STIP, ==, 0);
    riscv_fake_free(f);
}

/* ---- translation ---- */

enum { V = 1, R = 2, W = 4, X = 8, U = 16, A = 64, D = 128 };
#define ROOT 0x80100000ull

static void open_pmp(RiscvFake *f)
{
    set_csr(f, 0x3b0, ~0ull);
    set_csr(f, 0x3a0, 0x1f); /* NAPOT, all of memory, rwx */
}

/* The leaf for @va at @level (0: 4 KiB) in tables from ROOT on. */
static uint64_t map(RiscvFake *f, unsigned levels, uint64_t va, uint64_t pte, unsigned level)
{
    uint64_t table = ROOT;
    for (unsigned l = levels - 1;; l--) {
        uint64_t addr = table + 8 * (va >> (12 + 9 * l) & 511);
        if (l == level) {
            put64(f, addr, pte);
            return addr;
        }
        table += 4096 * (1 + (va >> (12 + 9 * l) & 1));
        put64(f, addr, (table >> 12) << 10 | V);
    }
}

static bool probe(RiscvFake *f, uint64_t va, MmuAccess access, unsigned mode) { return riscv_tlb_fill(f->cpu, va, access, mode, true); }

static void test_walk(void)
{
    for (unsigned levels = 3; levels <= 5; levels++) {
        RiscvFake *f = riscv_fake_new("riscv64", "max");
        RiscvCpu *rc = hart(f);
        uint64_t va = 0x12345000, page = (FAKE_RAM_BASE + 0x200000) >> 2, pa;
        open_pmp(f);
        set_csr(f, 0x180, (uint64_t)(levels + 5) << 60 | ROOT >> 12);
        riscv_set_priv(rc, RISCV_PRIV_S);
        uint64_t at = map(f, levels, va, page | V | R | W, 0);
        g_assert_true(riscv_translate_debug(f->cpu, va + 0x123, &pa));
        g_assert_cmphex(pa, ==, FAKE_RAM_BASE + 0x200123);
        g_assert_cmphex(peek64(f, at) & (A | D), ==, 0);
        g_assert_false(probe(f, va, MMU_FETCH, RISCV_MODE_S));
        g_assert_true(probe(f, va, MMU_READ, RISCV_MODE_S));
        g_assert_cmphex(peek64(f, at) & (A | D), ==, A);
        g_assert_true(probe(f, va, MMU_WRITE, RISCV_MODE_S));
        g_assert_cmphex(peek64(f, at) & (A | D), ==, A | D);
        g_assert_false(probe(f, va, MMU_READ, RISCV_MODE_U));
        map(f, levels, va, page | V | R | X | U, 0);
        g_assert_true(probe(f, va, MMU_FETCH, RISCV_MODE_U));
        g_assert_false(probe(f, va, MMU_WRITE, RISCV_MODE_U));
        g_assert_false(probe(f, va, MMU_READ, RISCV_MODE_S));
        g_assert_true(probe(f, va, MMU_READ, RISCV_MODE_S_SUM));
        g_assert_false(probe(f, va, MMU_FETCH, RISCV_MODE_S_SUM));
        /* MXR, software-managed A and D, reserved combinations */
        map(f, levels, va, page | V | X | A, 0);
        g_assert_false(probe(f, va, MMU_READ, RISCV_MODE_S));
        set_csr(f, 0x300, MSTATUS_MXR);
        g_assert_true(probe(f, va, MMU_READ, RISCV_MODE_S));
        set_csr(f, 0x30a, 0);
        map(f, levels, va, page | V | R | W | A, 0);
        g_assert_true(probe(f, va, MMU_READ, RISCV_MODE_S));
        g_assert_false(probe(f, va, MMU_WRITE, RISCV_MODE_S));
        map(f, levels, va, page | V | R | W, 0);
        g_assert_false(probe(f, va, MMU_READ, RISCV_MODE_S));
        map(f, levels, va, page | V | W | A | D, 0);
        g_assert_false(probe(f, va, MMU_READ, RISCV_MODE_S));
        map(f, levels, va, 1ull << 54 | page | V | R | A, 0);
        g_assert_false(probe(f, va, MMU_READ, RISCV_MODE_S));
        /* superpages must be aligned; non-canonical addresses fault */
        map(f, levels, va, page | V | R | A, 1);
        g_assert_true(probe(f, va, MMU_READ, RISCV_MODE_S));
        map(f, levels, va, (page + (1 << 10)) | V | R | A, 1);
        g_assert_false(probe(f, va, MMU_READ, RISCV_MODE_S));
        g_assert_false(probe(f, 1ull << (11 + 9 * levels) | va, MMU_READ, RISCV_MODE_S));
        riscv_fake_free(f);
    }
}

static void test_pmp(void)
{
    RiscvFake *f = riscv_fake_new("riscv64", "max");
    RiscvCpu *rc = hart(f);
    uint64_t ram = FAKE_RAM_BASE;
    g_assert_cmphex(riscv_pmp_prot(rc, ram, RISCV_PRIV_M), ==, PAGE_R | PAGE_W | PAGE_X);
    g_assert_cmphex(riscv_pmp_prot(rc, ram, RISCV_PRIV_S), ==, 0);
    set_csr(f, 0x3b0, ram >> 2);
    set_csr(f, 0x3b1, (ram + 0x10000) >> 2);
    set_csr(f, 0x3a0, 0x0b00); /* entry 1: TOR, rw */
    g_assert_cmphex(riscv_pmp_prot(rc, ram, RISCV_PRIV_S), ==, PAGE_R | PAGE_W);
    g_assert_cmphex(riscv_pmp_prot(rc, ram + 0xffff, RISCV_PRIV_U), ==, PAGE_R | PAGE_W);
    g_assert_cmphex(riscv_pmp_prot(rc, ram + 0x10000, RISCV_PRIV_U), ==, 0);
    g_assert_cmphex(riscv_pmp_prot(rc, ram, RISCV_PRIV_M), ==, PAGE_R | PAGE_W | PAGE_X);
    /* a locked NAPOT region of 8 KiB binds M too and cannot be changed */
    set_csr(f, 0x3b0, (ram + 0x2000) >> 2 | 0x3ff);
    set_csr(f, 0x3a0, 0x0b00 | 0x99);
    g_assert_cmphex(riscv_pmp_prot(rc, ram + 0x2000, RISCV_PRIV_M), ==, PAGE_R);
    g_assert_cmphex(riscv_pmp_prot(rc, ram + 0x3fff, RISCV_PRIV_M), ==, PAGE_R);
    g_assert_cmphex(riscv_pmp_prot(rc, ram + 0x4000, RISCV_PRIV_M), ==, PAGE_R | PAGE_W | PAGE_X);
    set_csr(f, 0x3b0, 0);
    set_csr(f, 0x3a0, 0);
    g_assert_cmphex(csr(f, 0x3a0), ==, 0x99);
    g_assert_cmphex(riscv_pmp_prot(rc, ram + 0x2000, RISCV_PRIV_M), ==, PAGE_R);
    /* the grain: an odd address reads back rounded */
    set_csr(f, 0x3b2, ~0ull);
    g_assert_cmphex(csr(f, 0x3b2), ==, 0x3ffffffffffc00);
    riscv_fake_free(f);
}

/* ---- half precision ---- */

typedef uint64_t Arith(CpuState *cpu, uint32_t op_rm, uint64_t a, uint64_t b);

static double half_value(uint16_t h)
{
    int exp = h >> 10 & 31, frac = h & 0x3ff;
    double v = exp ? ldexp(frac | 0x400, exp - 25) : ldexp(frac, -24);
    v = exp == 31 ? (frac ? NAN : INFINITY) : v;
    return h >> 15 ? -v : v;
}

/* Whether @h is @exact rounded by @rm, judged by its neighbours. */
static bool rounds_to(uint16_t h, double exact, unsigned rm)
{
    double v = half_value(h);
    if (v == exact) {
        return true;
    }
    uint16_t mag = h & 0x7fff;
    double away = mag == 0x7c00 ? INFINITY : half_value(mag + 1), toward = mag ? half_value(mag - 1) : -half_value(1);
    double m = h >> 15 ? -exact : exact, hm = half_value(mag);
    bool negative = h >> 15, up = hm > m; /* rounded away from zero */
    double other = up ? toward : away, limit = ldexp(1, 16);
    double d = fabs(hm == INFINITY ? limit - m : hm - m), e = fabs(other == INFINITY ? limit - m : other - m);
    if (up ? m <= toward : m >= away) {
        return false;
    }
    switch (rm) {
    case 0: return d < e || (d == e && !(mag & 1));
    case 1: return !up;
    case 2: return up == negative;
    case 3: return up != negative;
    default: return d < e || (d == e && up);
    }
}

static void test_half(void)
{
    RiscvFake *f = riscv_fake_new("riscv64", "max");
    Arith *arith = (Arith *)riscv_helper_h_arith.fn;
    GRand *rand = g_rand_new_with_seed(4);
    for (unsigned n = 0; n < 300000; n++) {
        uint16_t a = (uint16_t)g_rand_int(rand), b = (uint16_t)g_rand_int(rand);
        static const uint8_t ops[] = {H_ADD, H_SUB, H_MUL, H_DIV, H_SQRT, H_FROM_D};
        unsigned rm = n % 5, op = ops[n / 5 % 6];
        double x = half_value(a), y = half_value(b);
        double exact = op == H_ADD ? x + y : op == H_SUB ? x - y : op == H_MUL ? x * y : op == H_DIV ? x / y : sqrt(x);
        uint64_t va = ~0xffffull | a;
        if (op == H_FROM_D) {
            exact = x * (1 + ldexp(g_rand_int(rand), -42));
            memcpy(&va, &exact, 8);
        }
        uint64_t v = arith(f->cpu, op | rm << 8, va, ~0xffffull | b);
        uint16_t h = (uint16_t)v;
        g_assert_cmphex(v >> 16, ==, 0xffffffffffff);
        if (isnan(exact)) {
            g_assert_cmphex(h, ==, 0x7e00);
        } else if (!rounds_to(h, exact, rm)) {
            g_error("op %u rm %u of %04x, %04x: %04x for %a", op, rm, a, b, h, exact);
        }
    }
    /* exceptions */
    riscv_fflags_write(hart(f), 0);
    arith(f->cpu, H_DIV, ~0xffffull | 0x3c00, ~0xffffull);
    g_assert_cmphex(riscv_fflags_read(hart(f)), ==, 8);
    riscv_fflags_write(hart(f), 0);
    g_assert_cmphex(arith(f->cpu, H_MUL, ~0xffffull | 0x7bff, ~0xffffull | 0x7bff) & 0xffff, ==, 0x7c00);
    g_assert_cmphex(riscv_fflags_read(hart(f)), ==, 5);
    riscv_fflags_write(hart(f), 0);
    arith(f->cpu, H_MUL, ~0xffffull | 0x0400, ~0xffffull | 0x3801); /* tiny and inexact */
    g_assert_cmphex(riscv_fflags_read(hart(f)), ==, 3);
    riscv_fflags_write(hart(f), 0);
    arith(f->cpu, H_MUL, ~0xffffull | 0x0400, ~0xffffull | 0x3bff); /* rounds up to the smallest normal: tiny all the same */
    g_assert_cmphex(riscv_fflags_read(hart(f)) & 1, ==, 1);
    g_rand_free(rand);
    riscv_fake_free(f);
}

static void test_registers(void)
{
    RiscvFake *f = riscv_fake_new("riscv64", "max");
    for (const RegisterRecord *r = f->cpu->target->registers; r->name; r++) {
        uint64_t v = r->get(f->cpu, r);
        if (r->set && !g_str_equal(r->group, "csr")) {
            g_assert_true(r->set(f->cpu, r, v));
        }
    }
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    f->cpu->target->print_state(f->cpu, out);
    fclose(out);
    g_assert_nonnull(strstr(text, " pc       0000000080000000\n"));
    g_assert_nonnull(strstr(text, " x0/zero  0000000000000000 x1/ra    0000000000000000 "));
    free(text);
    riscv_fake_free(f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/riscv/priv/models", test_models);
    g_test_add_func("/riscv/priv/csrs", test_csrs);
    g_test_add_func("/riscv/priv/interrupts", test_interrupts);
    g_test_add_func("/riscv/priv/supervisor-timer", test_supervisor_timer);
    g_test_add_func("/riscv/priv/walk", test_walk);
    g_test_add_func("/riscv/priv/pmp", test_pmp);
    g_test_add_func("/riscv/priv/half", test_half);
    g_test_add_func("/riscv/priv/registers", test_registers);
    return g_test_run();
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PLIC as its specification describes it: gateways, priorities, thresholds, claim and completion, several contexts,
 * reset, and registers that are not there. Also the ACLINT's software interrupts and timers.
 */
#include "hw-board.h"
#include "hw/intc/riscv-aclint.h"
#include "hw/intc/sifive-plic.h"
#include "hw/sysbus.h"

enum { BASE = 0xc000000, PENDING = 0x1000, ENABLE = 0x2000, CONTEXT = 0x200000, CLAIM = 4, CLINT = 0x2000000 };

typedef struct Fixture {
    Machine *m;
    DeviceState *plic;
    HwLine lines[3];
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    f->m = hw_board_new();
    f->plic = device_new(f->m, TYPE_SIFIVE_PLIC);
    g_assert_true(device_attach(f->plic, NULL, "plic", &error_fatal));
    sys_map(f->plic, 0, BASE);
    for (unsigned i = 0; i < G_N_ELEMENTS(f->lines); i++) {
        plic_add_context(f->plic, hw_line(&f->lines[i]));
    }
    machine_reset(f->m);
}

static void tear_down(Fixture *f, gconstpointer data) { hw_board_free(f->m); }

static void drive(Fixture *f, unsigned source, int level)
{
    Irq irq = plic_line(f->plic, source);
    irq_set(&irq, level);
}

static void wr(Fixture *f, uint32_t offset, uint32_t v) { hw_write(f->m, BASE + offset, v, 4); }
static uint32_t rd(Fixture *f, uint32_t offset) { return hw_read(f->m, BASE + offset, 4); }
static uint32_t claim(Fixture *f, unsigned c) { return rd(f, CONTEXT + c * 0x1000 + CLAIM); }
static void complete(Fixture *f, unsigned c, uint32_t n) { wr(f, CONTEXT + c * 0x1000 + CLAIM, n); }
static void enable(Fixture *f, unsigned c, unsigned word, uint32_t mask) { wr(f, ENABLE + c * 0x80 + word * 4, mask); }

static void test_claim(Fixture *f, gconstpointer data)
{
    drive(f, 5, 1);
    g_assert_cmphex(rd(f, PENDING), ==, 1 << 5);
    g_assert_cmpint(f->lines[0].level, ==, 0); /* neither enabled nor of any priority */
    enable(f, 0, 0, 1 << 5);
    g_assert_cmpint(f->lines[0].level, ==, 0);
    wr(f, 5 * 4, 3);
    g_assert_cmpint(f->lines[0].level, ==, 1);
    g_assert_cmpint(f->lines[1].level, ==, 0);
    g_assert_cmpuint(claim(f, 0), ==, 5);
    g_assert_cmpint(f->lines[0].level, ==, 0);
    g_assert_cmphex(rd(f, PENDING), ==, 0);
    g_assert_cmpuint(claim(f, 0), ==, 0);
    complete(f, 0, 5); /* still high: pending again */
    g_assert_cmpint(f->lines[0].level, ==, 1);
    g_assert_cmpuint(claim(f, 0), ==, 5);
    drive(f, 5, 0);
    complete(f, 0, 5);
    g_assert_cmpint(f->lines[0].level, ==, 0);
    g_assert_cmpint(f->lines[0].rises, ==, 2);
}

/* Several requests while one is served are one; a request outlives its level. */
static void test_gateway(Fixture *f, gconstpointer data)
{
    enable(f, 0, 0, 1 << 2);
    wr(f, 2 * 4, 1);
    drive(f, 2, 1);
    drive(f, 2, 0);
    g_assert_cmpint(f->lines[0].level, ==, 1);
    g_assert_cmpuint(claim(f, 0), ==, 2);
    drive(f, 2, 1);
    drive(f, 2, 0);
    drive(f, 2, 1);
    g_assert_cmphex(rd(f, PENDING), ==, 0); /* the gateway is shut until completion */
    complete(f, 0, 2);
    g_assert_cmpuint(claim(f, 0), ==, 2);
}

static void test_priority(Fixture *f, gconstpointer data)
{
    enable(f, 0, 0, 0xffffffff);
    enable(f, 0, 1, 0xffffffff);
    g_assert_cmphex(rd(f, ENABLE), ==, 0xfffffffe); /* there is no source 0 */
    wr(f, 3 * 4, 2);
    wr(f, 9 * 4, 7);
    wr(f, 40 * 4, 7);
    drive(f, 3, 1);
    drive(f, 40, 1);
    drive(f, 9, 1);
    g_assert_cmpuint(claim(f, 0), ==, 9); /* the lower number wins a tie */
    g_assert_cmpuint(claim(f, 0), ==, 40);
    wr(f, CONTEXT, 2);
    g_assert_cmpint(f->lines[0].level, ==, 0); /* 2 is not above 2 */
    g_assert_cmpuint(claim(f, 0), ==, 3);      /* but may be claimed */
    wr(f, 10 * 4, 0xffffffff);
    g_assert_cmpuint(rd(f, 10 * 4), ==, 7);
    wr(f, 0, 7);
    g_assert_cmpuint(rd(f, 0), ==, 0);
}

static void test_contexts(Fixture *f, gconstpointer data)
{
    enable(f, 1, 1, 1 << 3);
    enable(f, 2, 1, 1 << 3);
    wr(f, 35 * 4, 1);
    drive(f, 35, 1);
    g_assert_cmpint(f->lines[0].level + f->lines[1].level + f->lines[2].level, ==, 2);
    g_assert_cmpuint(claim(f, 2), ==, 35);
    g_assert_cmpint(f->lines[1].level, ==, 0);
    g_assert_cmpuint(claim(f, 1), ==, 0);
    complete(f, 0, 35); /* not enabled there: ignored */
    g_assert_cmpint(f->lines[1].level, ==, 0);
    complete(f, 2, 35);
    g_assert_cmpint(f->lines[1].level, ==, 1);
    machine_reset(f->m);
    g_assert_cmpint(f->lines[1].level, ==, 0);
    g_assert_cmphex(rd(f, ENABLE + 0x80 + 4), ==, 0);
}

static void test_outside(Fixture *f, gconstpointer data)
{
    wr(f, 200 * 4, 5);
    g_assert_cmpuint(rd(f, 200 * 4), ==, 0);
    enable(f, 900, 3, 0xffffffff);
    enable(f, 0, 31, 0xffffffff);
    g_assert_cmphex(rd(f, ENABLE + 31 * 4), ==, 0);
    g_assert_cmpuint(claim(f, 1000), ==, 0);
    complete(f, 1000, 3);
    complete(f, 0, 0xffffffff);
    wr(f, CONTEXT + 8, 1);
    g_assert_cmpuint(rd(f, 0x5ffffc), ==, 0);
    uint64_t v;
    g_assert_cmpint(address_space_read_mmio(f->m->as, BASE + 4, 1, &v), !=, MEM_OK);
}

static void test_swi(void)
{
    Machine *m = hw_board_new();
    HwLine lines[2] = {0};
    DeviceState *swi = device_new(m, TYPE_RISCV_ACLINT_SWI);
    g_assert_true(object_set(OBJECT(swi), "num-harts", "2", &error_fatal));
    g_assert_true(device_attach(swi, NULL, NULL, &error_fatal));
    sys_map(swi, 0, CLINT);
    aclint_swi_connect(swi, 0, hw_line(&lines[0]));
    aclint_swi_connect(swi, 1, hw_line(&lines[1]));
    hw_write(m, CLINT + 4, 0xffffffff, 4);
    g_assert_cmpint(lines[1].level, ==, 1);
    g_assert_cmpint(lines[0].level, ==, 0);
    g_assert_cmphex(hw_read(m, CLINT + 4, 4), ==, 1);
    hw_write(m, CLINT + 4, 0, 4);
    g_assert_cmpint(lines[1].level, ==, 0);
    hw_write(m, CLINT + 8, 1, 4);
    hw_write(m, CLINT + 0x3ffc, 1, 4);
    g_assert_cmphex(hw_read(m, CLINT + 8, 4), ==, 0);
    hw_board_free(m);
}

static void test_mtimer(void)
{
    Machine *m = hw_board_new();
    HwLine line = {0};
    DeviceState *timer = device_new(m, TYPE_RISCV_ACLINT_MTIMER);
    g_assert_true(device_attach(timer, NULL, NULL, &error_fatal));
    sys_map(timer, 0, CLINT);
    aclint_mtimer_connect(timer, 0, hw_line(&line));
    machine_reset(m);
    virtual_clock_start(m->clock);
    event_loop_clock_changed(m->loop);
    g_assert_cmphex(hw_read(m, CLINT, 8), ==, UINT64_MAX);
    uint64_t now = hw_read(m, CLINT + 0x7ff8, 8);
    hw_write(m, CLINT, now + 200000, 8); /* 20 ms */
    g_assert_cmpint(line.level, ==, 0);
    hw_spin(m, 2000, &line.level);
    g_assert_cmpint(line.level, ==, 1);
    g_assert_cmpuint(hw_read(m, CLINT + 0x7ff8, 8), >=, now + 200000);
    hw_write(m, CLINT + 4, 0xffffffff, 4); /* in halves, as RV32 does */
    g_assert_cmpint(line.level, ==, 0);
    hw_write(m, CLINT, 5, 4);
    g_assert_cmphex(hw_read(m, CLINT, 8), ==, 0xffffffff00000005);
    hw_write(m, CLINT + 0x7ff8, UINT64_MAX - 1000, 8); /* mtime itself */
    g_assert_cmpint(line.level, ==, 1);
    hw_write(m, CLINT, UINT64_MAX, 8); /* very soon or already, and no overflow */
    hw_write(m, CLINT + 0x7ff8, 0, 8);
    g_assert_cmpint(line.level, ==, 0);
    hw_write(m, CLINT, UINT64_MAX / 2, 8);
    hw_spin(m, 5, NULL);
    g_assert_cmpint(line.level, ==, 0);
    virtual_clock_stop(m->clock);
    hw_board_free(m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define PLIC_TEST(name) g_test_add("/plic/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    PLIC_TEST(claim);
    PLIC_TEST(gateway);
    PLIC_TEST(priority);
    PLIC_TEST(contexts);
    PLIC_TEST(outside);
    g_test_add_func("/aclint/swi", test_swi);
    g_test_add_func("/aclint/mtimer", test_mtimer);
    return g_test_run();
}

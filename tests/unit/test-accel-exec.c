/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The accelerator with the toy guest of accel-fake.h: running, linking, faults, self-modifying code, devices, address
 * spaces, interrupts, debugging. Each test runs with the interpreter, with one instruction per region, and as usual.
 */
#include <glib.h>
#include <string.h>

#include "accel-fake.h"
#include "util/option.h"

#define VECTOR 0x8000
#define DATA 0x40000

static ToyMachine *machine(gconstpointer opts)
{
    ToyMachine *tm = toy_new(1, opts);

    tm->cpu[0]->vector = VECTOR;
    tm->at = VECTOR;
    t2(tm, T_SYS, 0, 0); /* an exception ends the run */
    return tm;
}

static void test_loop(gconstpointer opts)
{
    ToyMachine *tm = machine(opts);
    ToyCpu *t = tm->cpu[0];

    tm->at = 0x1000;
    t_const(tm, 0, 0);
    t_const(tm, 1, 1000);
    uint64_t top = tm->at;
    t2(tm, T_ADD, 0, 1);
    t4(tm, T_ADDI, 1, 0, -1);
    t4(tm, T_LI, 2, 0, 0);
    t_jump(tm, T_BNE, 1, 2, top);
    t2(tm, T_SYS, 0, 0);
    for (int i = 0; i < 3; i++) {
        toy_run(tm, 0, 0x1000);
        g_assert_cmpuint(t->r[0], ==, 500500);
        g_assert_cmpuint(t->r[1], ==, 0);
    }
    g_assert_cmpuint(t->sys_count[0], ==, 3);
    toy_free(tm);
}

/* Calls and returns over two pages, indirect jumps. */
static void test_calls(gconstpointer opts)
{
    ToyMachine *tm = machine(opts);
    ToyCpu *t = tm->cpu[0];

    tm->at = 0x3000;
    t4(tm, T_ADDI, 0, 0, 3);
    t2(tm, T_RET, 0, 0);
    tm->at = 0x1000;
    t_const(tm, 0, 0);
    t_const(tm, 1, 200);
    t_const(tm, 3, 0);
    uint64_t top = tm->at;
    t_jump(tm, T_CALL, 0, 0, 0x3000);
    t4(tm, T_ADDI, 1, 0, -1);
    t_jump(tm, T_BNE, 1, 3, top);
    t_const(tm, 5, 0x2000);
    t2(tm, T_JR, 5, 0);
    tm->at = 0x2000;
    t4(tm, T_ADDI, 0, 0, 1);
    t2(tm, T_SYS, 0, 0);
    for (int i = 0; i < 3; i++) {
        toy_run(tm, 0, 0x1000);
        g_assert_cmpuint(t->r[0], ==, 601);
    }
    toy_free(tm);
}

static void test_fault(gconstpointer opts)
{
    ToyMachine *tm = machine(opts);
    ToyCpu *t = tm->cpu[0];
    uint64_t bad_pc;

    toy_map(t, 0, 0x500000, 0, 0, 4096);
    tm->at = 0x1000;
    t_const(tm, 0, 7);
    t_const(tm, 1, 0x500010);
    t4(tm, T_ADDI, 0, 0, 5);
    bad_pc = tm->at;
    t2(tm, T_LD8, 0, 1);
    t4(tm, T_ADDI, 0, 0, 100);
    t2(tm, T_SYS, 0, 0);
    toy_run(tm, 0, 0x1000);
    g_assert_cmpuint(t->cause, ==, TOY_LOAD_FAULT);
    g_assert_cmpuint(t->epc, ==, bad_pc);
    g_assert_cmpuint(t->tval, ==, 0x500010);
    g_assert_cmpuint(t->r[0], ==, 12);
    g_assert_cmpuint(t->r[1], ==, 0x500010);
    /* Once mapped it goes on where it was. */
    toy_unmap_all(t);
    toy_map(t, 0, 0x500000, DATA, PAGE_R, 4096);
    memcpy(tm->ram + DATA + 0x10, &(uint64_t){1000}, 8);
    toy_run(tm, 0, bad_pc);
    g_assert_cmpuint(t->r[0], ==, 1100);
    /* The break helper raises with everything before it done. */
    tm->at = 0x1100;
    t4(tm, T_ADDI, 0, 0, 1);
    bad_pc = tm->at;
    t2(tm, T_BREAK, 0, 0);
    toy_run(tm, 0, 0x1100);
    g_assert_cmpuint(t->cause, ==, TOY_BREAK);
    g_assert_cmpuint(t->epc, ==, bad_pc);
    g_assert_cmpuint(t->r[0], ==, 1101);
    /* Fetch from nowhere, and from the device. */
    toy_map(t, 0, 0x600000, 0, PAGE_R | PAGE_W, 4096);
    toy_run(tm, 0, 0x600004);
    g_assert_cmpuint(t->cause, ==, TOY_FETCH_FAULT);
    g_assert_cmpuint(t->epc, ==, 0x600004);
    toy_run(tm, 0, TOY_IO_BASE);
    g_assert_cmpuint(t->cause, ==, TOY_BUS_ERROR);
    toy_free(tm);
}

static void test_crossing(gconstpointer opts)
{
    ToyMachine *tm = machine(opts);
    ToyCpu *t = tm->cpu[0];
    uint64_t va = 0x500ffd, v;

    toy_map(t, 0, 0x500000, DATA, PAGE_R | PAGE_W, 4096);
    toy_map(t, 0, 0x501000, DATA + 0x5000, 0, 4096);
    tm->at = 0x1000;
    t2(tm, T_ST8, 0, 1);
    t2(tm, T_LD8, 2, 1);
    t2(tm, T_SYS, 0, 0);
    t->r[0] = 0x1122334455667788;
    t->r[1] = va;
    toy_run(tm, 0, 0x1000);
    g_assert_cmpuint(t->cause, ==, TOY_STORE_FAULT);
    g_assert_cmpuint(t->tval, ==, 0x501000);
    g_assert_cmpuint(t->epc, ==, 0x1000);
    memcpy(&v, tm->ram + DATA + 0xff8, 8);
    g_assert_cmpuint(v, ==, 0);
    toy_map(t, 0, 0x501000, DATA + 0x5000, PAGE_R | PAGE_W, 4096);
    toy_run(tm, 0, 0x1000);
    g_assert_cmpuint(t->r[2], ==, 0x1122334455667788);
    memcpy(&v, tm->ram + DATA + 0x5000, 8);
    g_assert_cmpuint(v, ==, 0x1122334455);
    g_assert_cmpuint(tm->ram[DATA + 0xffd], ==, 0x88);
    /* Misaligned within a page. */
    t->r[1] = 0x500101;
    toy_run(tm, 0, 0x1000);
    g_assert_cmpuint(t->r[2], ==, 0x1122334455667788);
    toy_free(tm);
}

static void test_smc(gconstpointer opts)
{
    ToyMachine *tm = machine(opts);
    ToyCpu *t = tm->cpu[0];

    tm->at = 0x3000; /* the function: r0 = 1 */
    t4(tm, T_LI, 0, 0, 1);
    t2(tm, T_RET, 0, 0);
    tm->at = 0x1000;
    t_const(tm, 1, 0x3002); /* its immediate's bytes */
    t_jump(tm, T_CALL, 0, 0, 0x3000);
    t2(tm, T_MOV, 3, 0);
    t4(tm, T_LI, 2, 0, 42);
    t2(tm, T_ST1, 2, 1);
    t_jump(tm, T_CALL, 0, 0, 0x3000);
    t2(tm, T_SYS, 0, 0);
    for (int i = 0; i < 4; i++) {
        tm->ram[0x3002] = 1; /* behind the guest's back: */
        toy_dma(tm, 0x3002, "\1", 1);
        toy_run(tm, 0, 0x1000);
        g_assert_cmpuint(t->r[3], ==, 1);
        g_assert_cmpuint(t->r[0], ==, 42);
    }
    /* A store into the running region: this one still runs to its end, the next time it is new. */
    tm->at = 0x5000;
    t_const(tm, 1, 0x5000 + 4 + 4 + 2 + 2); /* immediate of the last LI */
    t4(tm, T_LI, 2, 0, 9);
    t2(tm, T_ST1, 2, 1);
    t4(tm, T_LI, 4, 0, 5);
    t2(tm, T_SYS, 0, 0);
    toy_run(tm, 0, 0x5000);
    toy_run(tm, 0, 0x5000);
    g_assert_cmpuint(t->r[4], ==, 9);
    /* Data beside code in one page, outside its granules, stays cheap and right. */
    t->r[0] = 77;
    t->r[1] = 0x5800;
    tm->at = 0x6000;
    t2(tm, T_ST8, 0, 1);
    t2(tm, T_LD8, 2, 1);
    t2(tm, T_SYS, 0, 0);
    toy_run(tm, 0, 0x6000);
    g_assert_cmpuint(t->r[2], ==, 77);
    t->r[1] = 0x3002; /* code is patched by a store that comes through the TLB's fast entry again after the watch was
                         lifted */
    for (int i = 0; i < 5; i++) {
        t->r[0] = (uint64_t)(10 + i);
        tm->at = 0x7000;
        t2(tm, T_ST1, 0, 1);
        t_jump(tm, T_J, 0, 0, 0x1000 + 4 + 4 + 2 + 4 + 2); /* the second call */
        toy_run(tm, 0, 0x7000);
        g_assert_cmpuint(t->r[0], ==, 10 + (uint64_t)i);
    }
    toy_free(tm);
}

/* A store into the running region is seen by the next instruction, where the target wants that; also in a loop. */
static void test_smc_exact(gconstpointer opts)
{
    ToyMachine *tm = toy_new_exact(1, opts);
    ToyCpu *t = tm->cpu[0];

    tm->at = 0x5000;
    t_const(tm, 1, 0x5000 + 4 + 4 + 2 + 2); /* immediate of the last LI */
    uint64_t store = tm->at;
    t4(tm, T_LI, 2, 0, 9);
    t2(tm, T_ST1, 2, 1);
    t4(tm, T_LI, 4, 0, 5);
    t2(tm, T_SYS, 0, 0);
    g_assert_cmpuint(store, ==, 0x5004);
    toy_run(tm, 0, 0x5000);
    g_assert_cmpuint(t->r[4], ==, 9);
    toy_run(tm, 0, 0x5000);
    g_assert_cmpuint(t->r[4], ==, 9);
    /* r0 += n for n = 1 to 50: each turn adds one to the immediate of the addition that follows. */
    tm->at = 0x6000;
    t_const(tm, 0, 0);
    t_const(tm, 3, 50);
    uint64_t top = tm->at;
    t_const(tm, 1, top + 4 + 2 + 4 + 2 + 2);
    t2(tm, T_LD1, 5, 1);
    t4(tm, T_ADDI, 5, 0, 1);
    t2(tm, T_ST1, 5, 1);
    t4(tm, T_ADDI, 0, 0, 0);
    t4(tm, T_ADDI, 3, 0, -1);
    t4(tm, T_LI, 2, 0, 0);
    t_jump(tm, T_BNE, 3, 2, top);
    t2(tm, T_SYS, 0, 0);
    toy_run(tm, 0, 0x6000);
    g_assert_cmpuint(t->r[0], ==, 50 * 51 / 2);
    toy_free(tm);
}

/* An instruction over a page's end belongs to both pages. */
static void test_straddle(gconstpointer opts)
{
    ToyMachine *tm = machine(opts);
    ToyCpu *t = tm->cpu[0];
    uint64_t va = 0x700000;

    toy_map(t, 0, va, 0x10000, 7, 4096);
    toy_map(t, 0, va + 0x1000, 0x20000, 7, 4096);
    uint32_t li = toy_encode4(T_LI, 3, 0, 11);
    memcpy(tm->ram + 0x10ffe, &li, 2);
    memcpy(tm->ram + 0x20000, (uint8_t *)&li + 2, 2);
    tm->at = 0x20002;
    t2(tm, T_SYS, 0, 0);
    li = toy_encode4(T_LI, 3, 0, 22);
    memcpy(tm->ram + 0x30000, (uint8_t *)&li + 2, 2);
    tm->at = 0x30002;
    t2(tm, T_SYS, 0, 0);
    tm->at = 0x10ff0;
    for (int i = 0; i < 7; i++) {
        t2(tm, T_NOP, 0, 0);
    }
    for (int i = 0; i < 4; i++) {
        toy_unmap_all(t);
        toy_map(t, 0, va, 0x10000, 7, 4096);
        toy_map(t, 0, va + 0x1000, i & 1 ? 0x30000 : 0x20000, 7, 4096);
        tlb_flush_page(&t->cpu, va + 0x1000);
        for (int k = 0; k < 3; k++) {
            t->r[3] = 0;
            toy_run(tm, 0, va + 0xff0);
            g_assert_cmpuint(t->r[3], ==, i & 1 ? 22 : 11);
        }
    }
    toy_dma(tm, 0x30000, "\x37", 1); /* a write to the second page */
    toy_run(tm, 0, va + 0xff0);
    g_assert_cmpuint(t->r[3], ==, 0x37);
    /* Both virtual pages are the same page of RAM. */
    toy_unmap_all(t);
    toy_map(t, 0, va, 0x10000, 7, 4096);
    toy_map(t, 0, va + 0x1000, 0x10000, 7, 4096);
    li = toy_encode4(T_LI, 3, 0, 33);
    memcpy(tm->ram + 0x10000, (uint8_t *)&li + 2, 2);
    tm->at = 0x10002;
    t2(tm, T_SYS, 0, 0);
    tlb_flush_page(&t->cpu, va + 0x1000);
    for (int i = 33; i < 36; i++) {
        uint8_t byte = (uint8_t)i;

        toy_dma(tm, 0x10000, &byte, 1);
        toy_run(tm, 0, va + 0xff0);
        g_assert_cmpuint(t->r[3], ==, (uint64_t)i);
    }
    /* The second page goes away: the fault names it, the PC is the instruction's. */
    toy_unmap_all(t);
    toy_map(t, 0, va, 0x10000, 7, 4096);
    toy_map(t, 0, va + 0x1000, 0, 0, 4096);
    tlb_flush_page(&t->cpu, va + 0x1000);
    toy_run(tm, 0, va + 0xff0);
    g_assert_cmpuint(t->cause, ==, TOY_FETCH_FAULT);
    g_assert_cmpuint(t->tval, ==, va + 0x1000);
    g_assert_cmpuint(t->epc, ==, va + 0xffe);
    toy_free(tm);
}

/* A linked jump to another page follows the page's mapping. */
static void test_cross_page_link(gconstpointer opts)
{
    ToyMachine *tm = machine(opts);
    ToyCpu *t = tm->cpu[0];
    uint64_t va = 0x700000;
    static const uint64_t pa[3] = {0x20000, 0x30000, TOY_RAM2_BASE + 0x2000};

    for (int i = 0; i < 3; i++) {
        tm->at = pa[i];
        t4(tm, T_ADDI, 0, 0, 1 << (8 * i));
        t4(tm, T_ADDI, 1, 0, -1);
        t_jump(tm, T_BNE, 1, 2, tm->at - 0x1000 - 8);
        t2(tm, T_SYS, 0, 0);
    }
    tm->at = 0x10000;
    t_jump(tm, T_J, 0, 0, tm->at + 0x1000);
    for (int i = 0; i < 9; i++) {
        toy_unmap_all(t);
        toy_map(t, 0, va, 0x10000, 7, 4096);
        toy_map(t, 0, va + 0x1000, pa[i % 3], 7, 4096);
        tlb_flush_page(&t->cpu, va + 0x1000);
        t->r[0] = 0;
        t->r[1] = 50;
        t->r[2] = 0;
        toy_run(tm, 0, va);
        g_assert_cmpuint(t->r[0], ==, (uint64_t)(int64_t)(50 * (int16_t)(1 << (8 * (i % 3)))));
    }
    toy_free(tm);
}

static void test_device(gconstpointer opts)
{
    ToyMachine *tm = machine(opts);
    ToyCpu *t = tm->cpu[0];

    tm->at = 0x1000;
    t2(tm, T_ST8, 0, 1);
    t2(tm, T_LD4, 2, 1);
    t2(tm, T_AMOADD, 0, 1);
    t2(tm, T_LD8, 3, 1);
    t2(tm, T_SYS, 0, 0);
    t->r[0] = 0xfffffff0;
    t->r[1] = TOY_IO_BASE + 0x18;
    toy_run(tm, 0, 0x1000);
    g_assert_cmpuint(t->r[2], ==, 0xfffffffffffffff0);
    g_assert_cmpuint(t->r[0], ==, 0xfffffff0);
    g_assert_cmpuint(t->r[3], ==, 0x1ffffffe0);
    g_assert_cmpuint(tm->io[3], ==, 0x1ffffffe0);
    g_assert_cmpuint(tm->io_writes, ==, 2);
    g_assert_cmpuint(tm->io_reads, ==, 3);
    t->r[1] = 0x77000000; /* nothing there */
    toy_run(tm, 0, 0x1000);
    g_assert_cmpuint(t->cause, ==, TOY_BUS_ERROR);
    g_assert_cmpuint(t->epc, ==, 0x1000);
    toy_free(tm);
}

static void test_atomic(gconstpointer opts)
{
    ToyMachine *tm = machine(opts);
    ToyCpu *t = tm->cpu[0];
    uint64_t v = 100;

    memcpy(tm->ram + DATA, &v, 8);
    tm->at = 0x1000;
    t2(tm, T_AMOADD, 0, 1); /* r0 = 100, memory 105 */
    t2(tm, T_LDX, 2, 1);
    t2(tm, T_MOV, 3, 2);
    t4(tm, T_ADDI, 3, 0, 1);
    t2(tm, T_STX, 3, 1); /* r3 = 0 */
    t2(tm, T_MOV, 4, 2);
    t2(tm, T_STX, 4, 1); /* no reservation: r4 = 1 */
    t2(tm, T_SYS, 0, 0);
    t->r[0] = 5;
    t->r[1] = DATA;
    toy_run(tm, 0, 0x1000);
    memcpy(&v, tm->ram + DATA, 8);
    g_assert_cmpuint(t->r[0], ==, 100);
    g_assert_cmpuint(t->r[2], ==, 105);
    g_assert_cmpuint(t->r[3], ==, 0);
    g_assert_cmpuint(t->r[4], ==, 1);
    g_assert_cmpuint(v, ==, 106);
    t->r[1] = DATA + 4;
    toy_run(tm, 0, 0x1000);
    g_assert_cmpuint(t->cause, ==, TOY_MISALIGNED);
    g_assert_cmpuint(t->tval, ==, DATA + 4);
    toy_free(tm);
}

/* One virtual page, different RAM by address space: data and code. Switching back costs no fills. */
static void test_spaces(gconstpointer opts)
{
    ToyMachine *tm = machine(opts);
    ToyCpu *t = tm->cpu[0];
    uint64_t va = 0x900000, before = 0;

    for (uint64_t k = 0; k < 40; k++) {
        toy_map(t, k, va, DATA + k * 0x1000, 7, 4096);
        tm->at = DATA + k * 0x1000;
        t4(tm, T_LI, 3, 0, (int)k);
        t2(tm, T_RET, 0, 0);
        memcpy(tm->ram + DATA + k * 0x1000 + 0x800, &k, 8);
    }
    tm->at = 0x1000;
    uint64_t top = tm->at;
    t2(tm, T_SWITCH, 0, 0);
    t2(tm, T_LD8, 2, 1);
    t_jump(tm, T_CALL, 0, 0, 0x1100);
    t2(tm, T_SYS, 1, 0);
    t4(tm, T_ADDI, 0, 0, 1);
    t_jump(tm, T_BNE, 0, 4, top);
    t2(tm, T_SYS, 0, 0);
    tm->at = 0x1100;
    t2(tm, T_JR, 5, 0);
    for (int round = 0; round < 3; round++) {
        for (uint64_t k = 0; k < 6; k++) { /* as many as are remembered */
            t->r[0] = k;
            t->r[1] = va + 0x800;
            t->r[4] = k + 1;
            t->r[5] = va;
            toy_run(tm, 0, top);
            g_assert_cmpuint(t->r[2], ==, k);
            g_assert_cmpuint(t->r[3], ==, k);
        }
        if (round) {
            g_assert_cmpuint(t->fills, ==, before);
        }
        before = t->fills;
    }
    /* More than are remembered. */
    for (int round = 0; round < 3; round++) {
        for (uint64_t k = 0; k < 40; k++) {
            t->r[0] = k;
            t->r[1] = va + 0x800;
            t->r[4] = k + 1;
            t->r[5] = va;
            toy_run(tm, 0, top);
            g_assert_cmpuint(t->r[2], ==, k);
            g_assert_cmpuint(t->r[3], ==, k);
        }
    }
    toy_free(tm);
}

static void test_dirty(gconstpointer opts)
{
    ToyMachine *tm = machine(opts);
    ToyCpu *t = tm->cpu[0];

    tm->at = 0x1000;
    t2(tm, T_ST8, 0, 1);
    t2(tm, T_SYS, 0, 0);
    t->r[1] = DATA;
    toy_run(tm, 0, 0x1000);
    g_assert_cmpuint(tm->rb[0].dirty[DATA >> 12], ==, 0);
    for (int i = 0; i < 3; i++) {
        toy_dirty_log(tm, true);
        t->r[1] = DATA;
        toy_run(tm, 0, 0x1000);
        g_assert_cmpuint(tm->rb[0].dirty[DATA >> 12] & DIRTY_DISPLAY, ==, DIRTY_DISPLAY);
        g_assert_cmpuint(tm->rb[0].dirty[(DATA >> 12) + 1], ==, 0);
        t->r[1] = DATA + 0x1008;
        toy_run(tm, 0, 0x1000);
        g_assert_cmpuint(tm->rb[0].dirty[(DATA >> 12) + 1] & DIRTY_DISPLAY, ==, DIRTY_DISPLAY);
    }
    toy_free(tm);
}

static gpointer raise_line(gpointer opaque)
{
    CpuState *cpu = opaque;

    g_usleep(20000);
    cpu_interrupt_set(cpu, 1);
    return NULL;
}

static void test_interrupt(gconstpointer opts)
{
    ToyMachine *tm = machine(opts);
    ToyCpu *t = tm->cpu[0];

    t->irq_vector = 0x2000;
    tm->at = 0x2000;
    t2(tm, T_SYS, 0, 0);
    tm->at = 0x1000; /* two regions on two pages for ever */
    t_jump(tm, T_J, 0, 0, 0x3000);
    tm->at = 0x3000;
    t4(tm, T_ADDI, 0, 0, 1);
    t_jump(tm, T_J, 0, 0, 0x1000);
    tm->at = 0x1100; /* one instruction */
    t_jump(tm, T_J, 0, 0, 0x1100);
    tm->at = 0x1200; /* indirect */
    t2(tm, T_JR, 1, 0);
    tm->at = 0x1300;
    t2(tm, T_WFI, 0, 0);
    t_jump(tm, T_J, 0, 0, 0x1300);
    for (uint64_t pc = 0x1000; pc < 0x1400; pc += 0x100) {
        t->irq_enable = true;
        t->r[1] = pc;
        GThread *th = g_thread_new("irq", raise_line, &t->cpu);
        toy_run(tm, 0, pc);
        g_thread_join(th);
        g_assert_false(t->irq_enable);
        g_assert_cmpuint(t->pc, ==, 0x2002);
    }
    toy_free(tm);
}

static void test_debug(gconstpointer opts)
{
    ToyMachine *tm = machine(opts);
    ToyCpu *t = tm->cpu[0];
    uint64_t bp;

    tm->at = 0x1000;
    t4(tm, T_ADDI, 0, 0, 1);
    t4(tm, T_ADDI, 0, 0, 1);
    bp = tm->at;
    t4(tm, T_ADDI, 0, 0, 1);
    t2(tm, T_ST8, 0, 1);
    t4(tm, T_ADDI, 0, 0, 1);
    t2(tm, T_SYS, 0, 0);
    t->r[1] = DATA;
    toy_run(tm, 0, 0x1000);
    g_assert_cmpuint(t->r[0], ==, 4);
    g_array_append_val(t->cpu.breakpoints, bp);
    t->r[0] = 0;
    toy_run(tm, 0, 0x1000);
    g_assert_cmpuint(tm->stop_requests, ==, 1);
    g_assert_cmpuint(t->pc, ==, bp);
    g_assert_cmpuint(t->r[0], ==, 2);
    t->cpu.single_step = 1;
    toy_run(tm, 0, bp);
    g_assert_cmpuint(tm->stop_requests, ==, 2);
    g_assert_cmpuint(t->pc, ==, bp + 4);
    g_assert_cmpuint(t->r[0], ==, 3);
    t->cpu.single_step = 0;
    g_array_set_size(t->cpu.breakpoints, 0);
    toy_run(tm, 0, bp + 4);
    g_assert_cmpuint(t->r[0], ==, 4);
    g_assert_cmpuint(tm->stop_requests, ==, 2);
    CpuWatchpoint w = {DATA + 4, 1, false, true};
    g_array_append_val(t->cpu.watchpoints, w);
    t->r[0] = 0;
    toy_run(tm, 0, 0x1000);
    g_assert_cmpuint(tm->stop_requests, ==, 3);
    g_assert_cmpint(t->cpu.watch_hit, ==, 0);
    g_assert_cmpuint(t->pc, ==, bp + 6); /* behind the store, which is done */
    g_assert_cmpuint(*(uint64_t *)(tm->ram + DATA), ==, 3);
    g_array_set_size(t->cpu.watchpoints, 0);
    toy_run(tm, 0, t->pc);
    g_assert_cmpuint(t->r[0], ==, 4);
    toy_free(tm);
}

/* Code memory goes round and round. */
static void test_eviction(gconstpointer opts)
{
    g_autofree char *with_size = g_strconcat(opts, ",tb-size=4", NULL);
    ToyMachine *tm = machine(with_size);
    ToyCpu *t = tm->cpu[0];
    const unsigned n = 500;
    char *text = NULL;
    size_t len;

    for (unsigned i = 0; i < n; i++) { /* a chain of regions, 128 bytes apart */
        tm->at = 0x20000 + i * 128;
        for (int k = 0; k < 20; k++) {
            t4(tm, T_ADDI, (unsigned)(k % 7), 0, 1);
        }
        if (i + 1 == n) {
            t_const(tm, 7, 0x1000);
            t2(tm, T_JR, 7, 0);
        } else {
            t_jump(tm, T_J, 0, 0, tm->at + 128 - 80);
        }
    }
    tm->at = 0x1000;
    t2(tm, T_SYS, 0, 0);
    for (int round = 0; round < 60; round++) {
        memset(t->r, 0, sizeof(t->r));
        toy_run(tm, 0, 0x20000);
        g_assert_cmpuint(t->r[0], ==, 3 * n);
        g_assert_cmpuint(t->r[6], ==, 2 * n);
        for (unsigned i = 0; i < n * 128; i += 4096) {
            toy_dma(tm, 0x20000 + i, tm->ram + 0x20000 + i, 4096);
        }
    }
    FILE *f = open_memstream(&text, &len);
    tcg_accel_print_info(tm->accel, f);
    fclose(f);
    g_assert_nonnull(strstr(text, "invalidations"));
    free(text);
    toy_free(tm);
}

static void test_memory_changed(gconstpointer opts)
{
    ToyMachine *tm = machine(opts);
    ToyCpu *t = tm->cpu[0];
    uint64_t fills;

    tm->at = 0x1000;
    t2(tm, T_LD8, 2, 1);
    t2(tm, T_SYS, 0, 0);
    t->r[1] = DATA;
    toy_run(tm, 0, 0x1000);
    fills = t->fills;
    toy_run(tm, 0, 0x1000);
    g_assert_cmpuint(t->fills, ==, fills);
    toy_memory_changed(tm);
    toy_run(tm, 0, 0x1000);
    g_assert_cmpuint(t->fills, ==, 2 * fills);
    toy_free(tm);
}

/* A flush of any address in a large page drops all of it. */
static void test_large_page(gconstpointer opts)
{
    ToyMachine *tm = machine(opts);
    ToyCpu *t = tm->cpu[0];

    toy_map(t, 0, 0x40000000, 0, 7, 0x100000);
    toy_map(t, 0, 0x80000000, 0, 7, 0x100000);
    tm->at = 0x1000;
    t2(tm, T_LD8, 2, 1);
    t2(tm, T_SYS, 0, 0);
    *(uint64_t *)(tm->ram + DATA) = 5;
    t->r[1] = 0x40000000 + DATA;
    toy_run(tm, 0, 0x1000);
    t->r[1] = 0x80000000 + DATA;
    toy_run(tm, 0, 0x1000);
    g_assert_cmpuint(t->r[2], ==, 5);
    toy_unmap_all(t);
    toy_map(t, 0, 0x40000000, 0, 0, 0x100000);
    toy_map(t, 0, 0x80000000, 0, 7, 0x100000);
    tlb_flush_page(&t->cpu, 0x40001234);
    uint64_t fills = t->fills;
    t->r[1] = 0x80000000 + DATA;
    toy_run(tm, 0, 0x1000);
    g_assert_cmpuint(t->r[2], ==, 5);
    g_assert_cmpuint(t->fills, ==, fills);
    t->r[1] = 0x40000000 + DATA;
    toy_run(tm, 0, 0x1000);
    g_assert_cmpuint(t->cause, ==, TOY_LOAD_FAULT);
    toy_free(tm);
}

static void add(const char *name, void (*fn)(gconstpointer))
{
    static const char *const variants[][2] = {
        {"interp", "tcg,interp=on"}, {"code", "tcg"}, {"one-insn", "tcg,one-insn=on"}};

    for (unsigned i = 0; i < G_N_ELEMENTS(variants); i++) {
        g_autofree char *path = g_strdup_printf("/accel/%s/%s", variants[i][0], name);

        if (i == 0 || toy_has_backend()) {
            g_test_add_data_func(path, variants[i][1], fn);
        }
    }
}

static void test_options(void)
{
    static const char *const bad[] = {"tcg,tb-size=1", "tcg,tb-size=99999", "tcg,thread=many", "tcg,interpreter=on"};
    ToyMachine *tm = toy_new(1, NULL);

    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        OptionSet *set = option_set_parse(bad[i], "accel", NULL);
        Error *err = NULL;

        g_assert_null(tcg_accel_new(tm->m, set, &err));
        g_assert_nonnull(err);
        error_free(err);
        option_set_free(set);
    }
    toy_free(tm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("loop", test_loop);
    add("calls", test_calls);
    add("fault", test_fault);
    add("crossing", test_crossing);
    add("smc", test_smc);
    add("smc-exact", test_smc_exact);
    add("straddle", test_straddle);
    add("cross-page-link", test_cross_page_link);
    add("device", test_device);
    add("atomic", test_atomic);
    add("spaces", test_spaces);
    add("dirty", test_dirty);
    add("interrupt", test_interrupt);
    add("debug", test_debug);
    add("eviction", test_eviction);
    add("memory-changed", test_memory_changed);
    add("large-page", test_large_page);
    g_test_add_func("/accel/options", test_options);
    return g_test_run();
}

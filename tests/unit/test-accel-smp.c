/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several vCPUs at once: atomics, code that others rewrite, TLB flushes from outside, code memory that is reclaimed
 * while all run. Toy guest of accel-fake.h.
 */
#include <glib.h>
#include <string.h>

#include "accel-fake.h"

#define VCPUS 3
#define ROUNDS 2000
#define PASSES 60
#define DATA 0x40000

typedef struct Thread {
    ToyMachine *tm;
    unsigned cpu;
    uint64_t pc;
    unsigned rounds;
    bool *finished;
} Thread;

static gpointer run_thread(gpointer opaque)
{
    Thread *th = opaque;

    for (unsigned i = 0; i < th->rounds; i++) {
        toy_run(th->tm, th->cpu, th->pc);
    }
    current_cpu = NULL;
    __atomic_store_n(th->finished, true, __ATOMIC_SEQ_CST);
    return NULL;
}

static void run_all(ToyMachine *tm, uint64_t pc, unsigned rounds, void (*disturb)(ToyMachine *tm, unsigned turn))
{
    Thread th[VCPUS];
    GThread *g[VCPUS];
    bool finished[VCPUS] = {false};
    bool all = false;

    for (unsigned i = 0; i < VCPUS; i++) {
        th[i] = (Thread){tm, i, pc, rounds, &finished[i]};
        g[i] = g_thread_new("vcpu", run_thread, &th[i]);
    }
    for (unsigned turn = 0; !all; turn++) {
        if (disturb) {
            disturb(tm, turn);
        }
        g_usleep(50);
        all = true;
        for (unsigned i = 0; i < VCPUS; i++) {
            all &= __atomic_load_n(&finished[i], __ATOMIC_SEQ_CST);
        }
    }
    for (unsigned i = 0; i < VCPUS; i++) {
        g_thread_join(g[i]);
    }
}

/* r1 times: amoadd 1, over two pages; then a ldx/stx loop does the same. */
static void counter_code(ToyMachine *tm)
{
    tm->at = 0x1000;
    t_const(tm, 1, ROUNDS);
    t_const(tm, 2, DATA);
    t_const(tm, 6, 0);
    uint64_t top = tm->at;
    t4(tm, T_LI, 0, 0, 1);
    t2(tm, T_AMOADD, 0, 2);
    t_jump(tm, T_CALL, 0, 0, 0x2000);
    uint64_t retry = tm->at;
    t2(tm, T_LDX, 3, 2);
    t4(tm, T_ADDI, 3, 0, 1);
    t2(tm, T_STX, 3, 2);
    t_jump(tm, T_BNE, 3, 6, retry);
    t4(tm, T_ADDI, 1, 0, -1);
    t_jump(tm, T_BNE, 1, 6, top);
    t2(tm, T_SYS, 0, 0);
    tm->at = 0x2000;
    t4(tm, T_ADDI, 4, 0, 1);
    t2(tm, T_RET, 0, 0);
}

static void touch_code(ToyMachine *tm, unsigned turn)
{
    uint64_t pa = turn & 1 ? 0x1000 : 0x2000;

    toy_dma(tm, pa, tm->ram + pa, 64); /* the same bytes: drops the regions */
    if (turn % 7 == 0) {
        toy_memory_changed(tm);
    }
    if (turn % 5 == 0) {
        for (unsigned i = 0; i < VCPUS; i++) {
            cpu_kick(&tm->cpu[i]->cpu);
        }
    }
}

static void check_counter(gconstpointer opts, void (*disturb)(ToyMachine *tm, unsigned turn))
{
    ToyMachine *tm = toy_new(VCPUS, opts);

    counter_code(tm);
    run_all(tm, 0x1000, 2, disturb);
    uint64_t v;
    memcpy(&v, tm->ram + DATA, 8);
    g_assert_cmpuint(v, ==, VCPUS * 2 * ROUNDS * 2);
    for (unsigned i = 0; i < VCPUS; i++) {
        g_assert_cmpuint(tm->cpu[i]->r[4], ==, 2 * ROUNDS);
    }
    toy_free(tm);
}

static void test_counter(gconstpointer opts) { check_counter(opts, NULL); }
static void test_counter_disturbed(gconstpointer opts) { check_counter(opts, touch_code); }

/*
 * vCPU 0 writes a new immediate into a function, publishes its number, and waits until all others have called the
 * function and said which number they got; each must be the published one.
 */
static void test_cross_modify(gconstpointer opts)
{
    ToyMachine *tm = toy_new(VCPUS, opts);
    uint64_t turns = 200, patch, wait, mine;

    tm->at = 0x3000; /* the function */
    t4(tm, T_LI, 0, 0, 0);
    t2(tm, T_RET, 0, 0);
    tm->at = 0x1000; /* all: r5 = index, by toy's setup; r6 = 0 */
    t_const(tm, 6, 0);
    t_const(tm, 1, DATA);            /* published number */
    uint64_t branch = tm->at;
    t4(tm, T_BNE, 5, 6, 0);          /* others: patched below */
    t_const(tm, 4, 1);
    patch = tm->at;
    t_const(tm, 2, 0x3002);
    t2(tm, T_ST1, 4, 2);
    t2(tm, T_ST8, 4, 1);             /* publish */
    for (unsigned i = 1; i < VCPUS; i++) {
        t_const(tm, 2, DATA + 0x1000 * i);
        wait = tm->at;
        t2(tm, T_LD8, 3, 2);
        t_jump(tm, T_BNE, 3, 4, wait);
    }
    t4(tm, T_ADDI, 4, 0, 1);
    t_const(tm, 2, turns);
    t_jump(tm, T_BNE, 4, 2, patch);
    t2(tm, T_SYS, 0, 0);
    uint64_t others = tm->at;
    uint32_t bne = toy_encode4(T_BNE, 5, 6, (int)(others - branch));
    memcpy(tm->ram + branch, &bne, 4);
    t_const(tm, 4, 1);               /* the number to wait for */
    mine = tm->at;
    t2(tm, T_LD8, 3, 1);
    t_jump(tm, T_BNE, 3, 4, mine);
    t2(tm, T_SYS, 1, 0);             /* what fence.i is: nothing but an end of the region */
    t_jump(tm, T_CALL, 0, 0, 0x3000);
    t2(tm, T_MOV, 2, 4);
    t2(tm, T_MASK, 2, 15);           /* the immediate has eight bits that change */
    uint64_t bad = tm->at;
    t4(tm, T_BNE, 0, 2, 0);
    t2(tm, T_MOV, 2, 5);             /* r5 = DATA + 0x1000 * index for the others */
    t2(tm, T_ST8, 4, 2);
    t4(tm, T_ADDI, 4, 0, 1);
    t_const(tm, 2, turns);
    t_jump(tm, T_BNE, 4, 2, mine);
    t2(tm, T_SYS, 0, 0);
    bne = toy_encode4(T_BNE, 0, 2, (int)(tm->at - bad));
    memcpy(tm->ram + bad, &bne, 4);
    t_const(tm, 4, -1); /* wrong: tells, so that nobody waits for ever, and ends */
    t2(tm, T_SYS, 2, 0);
    for (unsigned i = 1; i < VCPUS; i++) {
        tm->cpu[i]->r[5] = DATA + 0x1000 * i;
    }
    run_all(tm, 0x1000, 1, NULL);
    for (unsigned i = 0; i < VCPUS; i++) {
        g_assert_cmpuint(tm->cpu[i]->r[4], ==, turns);
        g_assert_cmpuint(tm->cpu[i]->sys_count[2], ==, 0);
    }
    toy_free(tm);
}

static void drop_pages(ToyMachine *tm, unsigned turn)
{
    for (unsigned i = 0; i < 4; i++) {
        uint64_t pa = 0x20000 + ((turn * 4 + i) % 16) * 4096;

        toy_dma(tm, pa, tm->ram + pa, 4096);
    }
}

/* A small buffer, much code, all running: segments are drained under way. */
static void test_reclaim(gconstpointer opts)
{
    g_autofree char *with_size = g_strconcat(opts, ",tb-size=4", NULL);
    ToyMachine *tm = toy_new(VCPUS, with_size);
    const unsigned n = 500;

    for (unsigned i = 0; i < n; i++) {
        tm->at = 0x20000 + i * 128;
        for (int k = 0; k < 20; k++) {
            t4(tm, T_ADDI, (unsigned)(k % 5), 0, 1);
        }
        if (i + 1 == n) {
            t_const(tm, 7, 0x1000);
            t2(tm, T_JR, 7, 0);
        } else {
            t_jump(tm, T_J, 0, 0, tm->at + 128 - 80);
        }
    }
    tm->at = 0x1000;
    t4(tm, T_ADDI, 5, 0, -1);
    t_jump(tm, T_BNE, 5, 6, 0x1010);
    t2(tm, T_SYS, 0, 0);
    tm->at = 0x1010;
    t_const(tm, 7, 0x20000);
    t2(tm, T_JR, 7, 0);
    for (unsigned i = 0; i < VCPUS; i++) {
        tm->cpu[i]->r[5] = PASSES;
    }
    run_all(tm, 0x20000, 1, drop_pages);
    for (unsigned i = 0; i < VCPUS; i++) {
        g_assert_cmpuint(tm->cpu[i]->r[0], ==, PASSES * 4 * n);
    }
    toy_free(tm);
}

static gpointer flush_thread(gpointer opaque)
{
    Thread *th = opaque;

    toy_run(th->tm, th->cpu, th->pc);
    current_cpu = NULL;
    return NULL;
}

static void flush_others(ToyCpu *t, unsigned n)
{
    if (n == 3) {
        tlb_flush_others(&t->cpu, true);
    }
}

/* All flush all others, and wait: no deadlock. */
static void test_flush_others(gconstpointer opts)
{
    ToyMachine *tm = toy_new(VCPUS, opts);
    Thread th[VCPUS];
    GThread *g[VCPUS];

    tm->at = 0x1000;
    t_const(tm, 1, 200);
    uint64_t top = tm->at;
    t2(tm, T_SYS, 3, 0);
    t4(tm, T_ADDI, 1, 0, -1);
    t_jump(tm, T_BNE, 1, 6, top);
    t2(tm, T_SYS, 0, 0);
    for (unsigned i = 0; i < VCPUS; i++) {
        tm->cpu[i]->on_sys = flush_others;
        th[i] = (Thread){tm, i, 0x1000, 1, NULL};
        g[i] = g_thread_new("vcpu", flush_thread, &th[i]);
    }
    for (unsigned i = 0; i < VCPUS; i++) {
        g_thread_join(g[i]);
        g_assert_cmpuint(tm->cpu[i]->sys_count[3], ==, 200);
    }
    toy_free(tm);
}

static void add(const char *name, void (*fn)(gconstpointer))
{
    static const char *const variants[][2] = {
        {"interp", "tcg,interp=on"}, {"code", "tcg"}, {"one-insn", "tcg,one-insn=on"}};

    for (unsigned i = 0; i < G_N_ELEMENTS(variants); i++) {
        g_autofree char *path = g_strdup_printf("/accel-smp/%s/%s", variants[i][0], name);

        if (i == 0 || toy_has_backend()) {
            g_test_add_data_func(path, variants[i][1], fn);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("counter", test_counter);
    add("counter-disturbed", test_counter_disturbed);
    add("cross-modify", test_cross_modify);
    add("reclaim", test_reclaim);
    add("flush-others", test_flush_others);
    return g_test_run();
}

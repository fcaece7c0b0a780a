/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CPU object: interrupt lines, kick, wake from sleep, and the work queue between threads.
 */
#include <glib.h>

#include "target/cpu.h"

static void test_cpu_init(Object *obj)
{
    cpu_init_common((CpuState *)obj, NULL);
}

static const TypeRecord test_cpu_type = {
    .name = "test-cpu", .parent = TYPE_CPU, .instance_size = sizeof(CpuState), .init = test_cpu_init};
TYPE_REGISTER(test_cpu_type);

static void test_lines(void)
{
    CpuState *cpu = (CpuState *)object_new("test-cpu");

    g_assert_cmpuint(cpu_interrupts(cpu), ==, 0);
    cpu_interrupt_set(cpu, 5);
    g_assert_cmpuint(cpu_interrupts(cpu), ==, 5);
    g_assert_cmpuint(cpu->tcg.exit_request, ==, 1);
    cpu_interrupt_clear(cpu, 4);
    g_assert_cmpuint(cpu_interrupts(cpu), ==, 1);
    object_unref(OBJECT(cpu));
}

static void count_up(CpuState *cpu, void *opaque)
{
    ++*(int *)opaque;
}

static bool quit;

static gpointer vcpu_thread(gpointer opaque)
{
    CpuState *cpu = opaque;

    current_cpu = cpu;
    while (!__atomic_load_n(&quit, __ATOMIC_SEQ_CST)) {
        __atomic_store_n(&cpu->tcg.exit_request, 0, __ATOMIC_SEQ_CST);
        cpu_process_work(cpu);
        g_mutex_lock(&cpu->work_lock);
        while (!__atomic_load_n(&cpu->tcg.exit_request, __ATOMIC_SEQ_CST) &&
               !__atomic_load_n(&quit, __ATOMIC_SEQ_CST)) {
            g_cond_wait(&cpu->wake, &cpu->work_lock);
        }
        g_mutex_unlock(&cpu->work_lock);
    }
    cpu_process_work(cpu);
    return NULL;
}

typedef struct CallBack {
    CpuState *other;
    int *count;
} CallBack;

/* Runs on one vCPU and calls the other one. */
static void call_other(CpuState *cpu, void *opaque)
{
    CallBack *cb = opaque;

    cpu_run_on_sync(cb->other, count_up, cb->count);
}

static void test_work(void)
{
    CpuState *cpu[2];
    int count[2] = {0, 0};
    CallBack cross[2];

    quit = false;
    for (int i = 0; i < 2; i++) {
        cpu[i] = (CpuState *)object_new("test-cpu");
    }
    for (int i = 0; i < 2; i++) {
        cross[i] = (CallBack){cpu[!i], &count[!i]};
        cpu[i]->thread = g_thread_new("vcpu", vcpu_thread, cpu[i]);
    }
    for (int i = 0; i < 1000; i++) {
        cpu_run_on_sync(cpu[0], count_up, &count[0]);
    }
    g_assert_cmpint(count[0], ==, 1000);
    for (int i = 0; i < 200; i++) {
        cpu_run_on(cpu[0], call_other, &cross[0]);
        cpu_run_on_sync(cpu[1], call_other, &cross[1]);
    }
    cpu_run_on_sync(cpu[0], count_up, &count[0]);
    cpu_run_on_sync(cpu[1], count_up, &count[1]);
    g_assert_cmpint(count[0], ==, 1201);
    g_assert_cmpint(count[1], ==, 201);
    __atomic_store_n(&quit, true, __ATOMIC_SEQ_CST);
    for (int i = 0; i < 2; i++) {
        cpu_kick(cpu[i]);
        g_thread_join(cpu[i]->thread);
        object_unref(OBJECT(cpu[i]));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/target/lines", test_lines);
    g_test_add_func("/target/work", test_work);
    return g_test_run();
}

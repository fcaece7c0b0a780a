/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stacks of coroutines and the switch between them, with what the tools need to follow it.
 *
 * A stack is mapped lazily with an inaccessible page below it, so an overflow is a fault instead of silent damage.
 * ASan is told of each switch so that its shadow of the stack and its fake stacks move along; TSan sees each
 * coroutine as a fiber; valgrind learns where stacks are.
 */
#include <glib.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "coroutine-internal.h"

#ifndef CO_ASSEMBLY
#include <ucontext.h>
#endif

#ifdef CO_ASAN
#include <sanitizer/common_interface_defs.h>
#define STACK_SIZE (1u << 20) /* frames are larger there */
#else
#define STACK_SIZE (256u << 10)
#endif
#ifdef CO_TSAN
#include <sanitizer/tsan_interface.h>
#endif
#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#define CO_VALGRIND 1
#endif
#endif

#ifdef CO_ASSEMBLY
void co_switch(void **save_sp, void *load_sp);
void co_start(void);
#endif

bool co_context_init(CoContext *c)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    c->mapping_size = page + STACK_SIZE;
    c->mapping = mmap(NULL, c->mapping_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK,
                      -1, 0);
    if (c->mapping == MAP_FAILED) {
        c->mapping = NULL;
        return false;
    }
    if (mprotect(c->mapping, page, PROT_NONE) < 0) {
        munmap(c->mapping, c->mapping_size);
        c->mapping = NULL;
        return false;
    }
    c->bottom = (char *)c->mapping + page;
    c->size = STACK_SIZE;
#ifdef CO_VALGRIND
    c->valgrind_id = VALGRIND_STACK_REGISTER(c->bottom, (char *)c->bottom + c->size);
#endif
#ifndef CO_ASSEMBLY
    c->sp = g_new0(ucontext_t, 1);
#endif
    return true;
}

void co_context_destroy(CoContext *c)
{
#ifdef CO_VALGRIND
    VALGRIND_STACK_DEREGISTER(c->valgrind_id);
#endif
#ifdef CO_TSAN
    if (c->fiber) {
        __tsan_destroy_fiber(c->fiber);
    }
#endif
#ifndef CO_ASSEMBLY
    g_free(c->sp);
#endif
    munmap(c->mapping, c->mapping_size);
}

/* Top of the stack, 16-byte aligned as both ABIs ask at a call. */
static uint64_t *stack_top(const CoContext *c)
{
    return (uint64_t *)(((uintptr_t)c->bottom + c->size) & ~(uintptr_t)15);
}

void co_context_prepare(CoContext *c)
{
#if defined(CO_ASSEMBLY) && defined(__x86_64__)
    uint64_t *sp = stack_top(c) - 2;
    uint32_t control[2];

    /* co_start is entered by `ret` with sp 16-byte aligned; above: a zero return address for unwinders. */
    *--sp = (uint64_t)(uintptr_t)co_start;
    sp -= 7; /* rbp rbx r12-r15, and one word of control registers */
    memset(sp, 0, 7 * sizeof(*sp));
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(control[0]), "=m"(*(uint16_t *)&control[1]));
    memcpy(sp, control, 4);
    memcpy((char *)sp + 4, &control[1], 2);
    c->sp = sp;
#elif defined(CO_ASSEMBLY)
    uint64_t *sp = stack_top(c) - 22, fpcr;

    memset(sp, 0, 22 * sizeof(*sp));
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    sp[11] = (uint64_t)(uintptr_t)co_start;
    sp[20] = fpcr;
    c->sp = sp;
#else
    ucontext_t *uc = c->sp;

    getcontext(uc);
    uc->uc_stack.ss_sp = c->bottom;
    uc->uc_stack.ss_size = c->size;
    uc->uc_link = NULL;
    makecontext(uc, co_main, 0);
#endif
#ifdef CO_TSAN
    if (!c->fiber) {
        c->fiber = __tsan_create_fiber(0);
    }
#endif
}

void co_context_arrived(CoContext *self, CoContext *from)
{
#ifdef CO_ASAN
    const void *bottom;
    size_t size;

    __sanitizer_finish_switch_fiber(self->fake_stack, &bottom, &size);
    self->fake_stack = NULL;
    if (!from->mapping) { /* a thread's own stack: ASan knows its bounds, we need them to go back */
        from->bottom = (void *)bottom;
        from->size = size;
    }
#endif
}

void co_context_switch(CoContext *from, CoContext *to, bool last)
{
#ifdef CO_ASAN
    __sanitizer_start_switch_fiber(last ? NULL : &from->fake_stack, to->bottom, to->size);
#endif
#ifdef CO_TSAN
    if (!from->fiber) {
        from->fiber = __tsan_get_current_fiber();
    }
    __tsan_switch_to_fiber(to->fiber, 0);
#endif
#ifdef CO_ASSEMBLY
    co_switch(&from->sp, to->sp);
#else
    if (!from->sp) {
        from->sp = g_new0(ucontext_t, 1); /* a thread's own; kept with the thread's state */
    }
    swapcontext(from->sp, to->sp);
#endif
}

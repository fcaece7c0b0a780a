/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stacks and switching, as coroutine.c sees them. Two implementations of the switch: assembly (coroutine-<host>.S, frame
 * made by coroutine-stack.c) and ucontext where there is none.
 */
#ifndef UTIL_COROUTINE_INTERNAL_H
#define UTIL_COROUTINE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

/* -DCO_UCONTEXT tries the fallback on a host that has the assembly. */
#if (defined(__x86_64__) || defined(__aarch64__)) && !defined(CO_UCONTEXT)
#define CO_ASSEMBLY 1
#endif
#if defined(__SANITIZE_ADDRESS__)
#define CO_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CO_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define CO_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CO_TSAN 1
#endif
#endif

/* A place to continue at: a thread's own stack or a coroutine's. */
typedef struct CoContext {
    void *sp;          /* assembly: saved stack pointer; ucontext: ucontext_t * */
    void *bottom;      /* lowest usable byte of the stack; NULL for a thread's own until ASan tells */
    size_t size;
    void *mapping;     /* guard page and stack; NULL for a thread's own */
    size_t mapping_size;
    void *fake_stack;  /* ASan */
    void *fiber;       /* TSan */
    unsigned valgrind_id;
} CoContext;

/* Maps a stack with a guard page below. False where the host has no memory or mappings left. */
bool co_context_init(CoContext *c);
void co_context_destroy(CoContext *c);
/* Makes @c start afresh in co_main() when it is next switched to. */
void co_context_prepare(CoContext *c);
/* @last: the context that is left will never be continued. */
void co_context_switch(CoContext *from, CoContext *to, bool last);
/* First thing on @self after any switch to it; @from: what was left. */
void co_context_arrived(CoContext *self, CoContext *from);

/* In coroutine.c: body of every coroutine. Never returns. */
void co_main(void);

#endif

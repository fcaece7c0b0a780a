/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Read-copy-update, by liburcu (memb flavour). Readers take no lock; what a writer unpublishes is freed after every reader
 * that could have seen it has left its read section. Every thread that reads calls rcu_thread_register() first; it is undone when the thread ends.
 */
#ifndef UTIL_RCU_H
#define UTIL_RCU_H

void rcu_thread_register(void);   /* idempotent per thread */
void rcu_thread_unregister(void);
void rcu_read_begin(void);        /* nests */
void rcu_read_end(void);
void rcu_wait(void);              /* returns when all readers of now are gone; never inside a read section */
void rcu_defer(void (*fn)(void *), void *arg); /* fn(arg) after all readers of now are gone; on some thread */
void rcu_drain(void);             /* returns when everything deferred before the call has run */

#define rcu_publish(ptr, val) __atomic_store_n(&(ptr), (val), __ATOMIC_RELEASE)
#define rcu_read(ptr) __atomic_load_n(&(ptr), __ATOMIC_CONSUME)

#endif

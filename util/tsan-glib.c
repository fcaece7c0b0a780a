/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Only in builds with ThreadSanitizer: tells it of GLib's locks.
 *
 * GMutex and GCond are futexes inside a library that is not instrumented, so TSan sees neither their order nor
 * their wake-ups and would report every access that they guard. These definitions stand before the library's
 * in symbol lookup; each calls the real function and states the order. GRecMutex, GRWLock and threads use pthreads, which
 * TSan knows by itself.
 */
#include <dlfcn.h>
#include <glib.h>
#include <sanitizer/tsan_interface.h>

#define REAL(name)                                                                                                      \
    static __typeof__(&name) real_##name;                                                                               \
    __typeof__(&name) real = __atomic_load_n(&real_##name, __ATOMIC_RELAXED);                                           \
    if (!real) {                                                                                                        \
        real = (__typeof__(&name))dlsym(RTLD_NEXT, #name);                                                              \
        __atomic_store_n(&real_##name, real, __ATOMIC_RELAXED);                                                         \
    }

void g_mutex_lock(GMutex *m)
{
    REAL(g_mutex_lock)
    real(m);
    __tsan_acquire(m);
}

gboolean g_mutex_trylock(GMutex *m)
{
    gboolean taken;

    REAL(g_mutex_trylock)
    taken = real(m);
    if (taken) {
        __tsan_acquire(m);
    }
    return taken;
}

void g_mutex_unlock(GMutex *m)
{
    REAL(g_mutex_unlock)
    __tsan_release(m);
    real(m);
}

void g_cond_wait(GCond *c, GMutex *m)
{
    REAL(g_cond_wait)
    __tsan_release(m);
    real(c, m);
    __tsan_acquire(m);
}

gboolean g_cond_wait_until(GCond *c, GMutex *m, gint64 end)
{
    gboolean woken;

    REAL(g_cond_wait_until)
    __tsan_release(m);
    woken = real(c, m, end);
    __tsan_acquire(m);
    return woken;
}

/* The items of a pool travel through a queue inside GLib. */
gboolean g_thread_pool_push(GThreadPool *pool, gpointer data, GError **error)
{
    REAL(g_thread_pool_push)
    __tsan_release(data);
    return real(pool, data, error);
}

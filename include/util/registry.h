/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registry: constant records that are found at run time without any code running before main().
 *
 * Each set is a linker section `reg_<set>` of pointers to constant records. Every record type starts with
 * `const char *name`. The owner of a set writes REGISTRY_OWN(set) in exactly one .c file, so that the strong
 * `__start_`/`__stop_` symbols exist even where nothing was added. Static libraries are linked whole.
 */
#ifndef UTIL_REGISTRY_H
#define UTIL_REGISTRY_H

#include <stddef.h>

#if defined(__has_attribute)
#if __has_attribute(retain)
#define REGISTRY_KEEP used, retain
#endif
#endif
#ifndef REGISTRY_KEEP
#define REGISTRY_KEEP used
#endif

/* ASan's red zones would break the array: gcc leaves variables with a section alone, clang must be told. */
#ifdef __clang__
#define REGISTRY_PLACE(set) REGISTRY_KEEP, section("reg_" #set), aligned(sizeof(void *)), no_sanitize("address")
#else
#define REGISTRY_PLACE(set) REGISTRY_KEEP, section("reg_" #set), aligned(sizeof(void *))
#endif

/* Adds constant @record to @set; at file scope, no trailing code. */
#define REGISTRY_ADD(set, record)                                                                                       \
    static const void *const registry_##set##_##record __attribute__((REGISTRY_PLACE(set))) = &record

#define REGISTRY_OWN(set)                                                                                               \
    extern const void *const __start_reg_##set[];                                                                       \
    extern const void *const __stop_reg_##set[];                                                                        \
    static const void *const registry_##set##_owner __attribute__((REGISTRY_PLACE(set))) = NULL

/*
 * The records of a set sorted by name, NULL-terminated; made on first use, kept for the life of the process.
 * Two records of one name are a programming error: prints both and aborts at the first call. Thread safe.
 * Usage in the owner: return (const DeviceRecord *const *)REGISTRY_SORTED(device, &n);
 */
#define REGISTRY_SORTED(set, count) registry_sorted(#set, __start_reg_##set, __stop_reg_##set, (count))
const void *const *registry_sorted(const char *set, const void *const *start, const void *const *stop, size_t *count);
/* The same by another order, in which equal records are the error: for sets whose names are unique only with something else. @compare gets the records. */
typedef int RegistryCompare(const void *a, const void *b);
#define REGISTRY_SORTED_BY(set, count, compare) registry_sorted_by(#set, __start_reg_##set, __stop_reg_##set, (count), (compare))
const void *const *registry_sorted_by(const char *set, const void *const *start, const void *const *stop, size_t *count, RegistryCompare *compare);
/* Binary search in a sorted set; NULL where absent. */
const void *registry_find(const void *const *sorted, size_t count, const char *name);

#endif

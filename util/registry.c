/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registry: turns a linker section of record pointers into an array sorted by name.
 *
 * Each set is sorted once, on first use, and the result is kept in a list that only grows; a reader walks it without a lock.
 * The list is derived from constant data alone, so it is shared by all machines of the process.
 * An owner's own entry is a NULL pointer that keeps the section from being absent; it is skipped.
 */
#include <glib.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/registry.h"

typedef struct SortedSet {
    const void *const *start;
    const void **records;
    size_t count;
    struct SortedSet *next;
} SortedSet;

static SortedSet *sorted_sets; /* atomic; push only */
static GMutex sort_lock;

static const char *record_name(const void *record)
{
    return *(const char *const *)record;
}

static int compare_names(const void *a, const void *b) { return strcmp(record_name(a), record_name(b)); }

static gint compare_records(gconstpointer a, gconstpointer b, gpointer compare)
{
    return ((RegistryCompare *)compare)(*(const void *const *)a, *(const void *const *)b);
}

static SortedSet *find_set(const void *const *start)
{
    for (SortedSet *s = __atomic_load_n(&sorted_sets, __ATOMIC_ACQUIRE); s; s = s->next) {
        if (s->start == start) {
            return s;
        }
    }
    return NULL;
}

/* The bounds come as plain addresses: the compiler may not reason on the section as if it were one object. */
static SortedSet *sort_set(const char *set, const void *const *start, const void *const *stop, RegistryCompare *compare)
{
    size_t room = ((uintptr_t)stop - (uintptr_t)start) / sizeof(void *);
    SortedSet *s = g_new0(SortedSet, 1);

    s->start = start;
    s->records = g_new0(const void *, room + 1);
    for (size_t i = 0; i < room; i++) {
        if (start[i]) {
            s->records[s->count++] = start[i];
        }
    }
    g_qsort_with_data(s->records, (gint)s->count, sizeof(s->records[0]), compare_records, (gpointer)compare);
    for (size_t i = 1; i < s->count; i++) {
        if (!compare(s->records[i - 1], s->records[i])) {
            fprintf(stderr, "registry '%s': two records are named '%s' (at %p and %p)\n", set, record_name(s->records[i]),
                    s->records[i - 1], s->records[i]);
            abort();
        }
    }
    return s;
}

const void *const *registry_sorted_by(const char *set, const void *const *start, const void *const *stop, size_t *count, RegistryCompare *compare)
{
    SortedSet *s = find_set(start);

    if (!s) {
        g_mutex_lock(&sort_lock);
        s = find_set(start);
        if (!s) {
            s = sort_set(set, start, stop, compare);
            s->next = sorted_sets;
            __atomic_store_n(&sorted_sets, s, __ATOMIC_RELEASE);
        }
        g_mutex_unlock(&sort_lock);
    }
    if (count) {
        *count = s->count;
    }
    return s->records;
}

const void *const *registry_sorted(const char *set, const void *const *start, const void *const *stop, size_t *count)
{
    return registry_sorted_by(set, start, stop, count, compare_names);
}

const void *registry_find(const void *const *sorted, size_t count, const char *name)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int c = strcmp(name, record_name(sorted[mid]));

        if (c == 0) {
            return sorted[mid];
        }
        if (c < 0) {
            high = mid;
        } else {
            low = mid + 1;
        }
    }
    return NULL;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sorting: quicksort and heapsort of numbers, and a merge sort of strings by
 * pointer. Branches that no predictor foresees, and loads that depend on loads.
 */
#include "bench.h"

enum { COUNT = 20000, STRINGS = 4000, LENGTH = 16 };

static uint32_t source[COUNT], numbers[COUNT];
static char pool[STRINGS][LENGTH];
static const char *strings[STRINGS], *scratch[STRINGS];

static void quick_sort(uint32_t *v, long low, long high)
{
    while (low < high) {
        uint32_t pivot = v[low + (high - low) / 2];
        long i = low, j = high;

        while (i <= j) {
            while (v[i] < pivot) {
                i++;
            }
            while (v[j] > pivot) {
                j--;
            }
            if (i <= j) {
                uint32_t swap = v[i];

                v[i++] = v[j];
                v[j--] = swap;
            }
        }
        if (j - low < high - i) {
            quick_sort(v, low, j);
            low = i;
        } else {
            quick_sort(v, i, high);
            high = j;
        }
    }
}

static void sift(uint32_t *v, long at, long count)
{
    uint32_t value = v[at];

    for (long child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && v[child] < v[child + 1]) {
            child++;
        }
        if (value >= v[child]) {
            break;
        }
        v[at] = v[child];
    }
    v[at] = value;
}

static void heap_sort(uint32_t *v, long count)
{
    for (long i = count / 2 - 1; i >= 0; i--) {
        sift(v, i, count);
    }
    for (long i = count - 1; i > 0; i--) {
        uint32_t top = v[0];

        v[0] = v[i];
        v[i] = top;
        sift(v, 0, i);
    }
}

static int compare(const char *x, const char *y)
{
    while (*x && *x == *y) {
        x++;
        y++;
    }
    return (unsigned char)*x - (unsigned char)*y;
}

static void merge_sort(const char **v, const char **spare, long count)
{
    long half = count / 2, i = 0, j = half, out = 0;

    if (count < 2) {
        return;
    }
    merge_sort(v, spare, half);
    merge_sort(v + half, spare, count - half);
    while (i < half && j < count) {
        spare[out++] = compare(v[i], v[j]) <= 0 ? v[i++] : v[j++];
    }
    while (i < half) {
        spare[out++] = v[i++];
    }
    for (i = 0; i < out; i++) {
        v[i] = spare[i];
    }
}

static uint64_t work(long iterations)
{
    uint64_t hash = BENCH_SEED, state = 42;

    for (long round = 0; round < iterations; round++) {
        for (int i = 0; i < COUNT; i++) {
            source[i] = (uint32_t)(bench_random(&state) >> 33);
        }
        memcpy(numbers, source, sizeof source);
        quick_sort(numbers, 0, COUNT - 1);
        hash = bench_mix(hash, numbers[COUNT / 3]);
        memcpy(numbers, source, sizeof source);
        heap_sort(numbers, COUNT);
        hash = bench_mix(hash, numbers[COUNT / 2]);
        for (int i = 0; i < STRINGS; i++) {
            uint64_t bits = bench_random(&state);
            int length = 4 + (int)(bits >> 60 & 7);

            for (int c = 0; c < length; c++) {
                pool[i][c] = (char)('a' + (bits >> (c * 4) & 3));
            }
            pool[i][length] = 0;
            strings[i] = pool[i];
        }
        merge_sort(strings, scratch, STRINGS);
        for (int i = 0; i < STRINGS; i += 97) {
            hash = bench_mix(hash, (uint64_t)strings[i][3] << 8 | (uint64_t)strings[i][2]);
        }
    }
    return hash;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, "sort", work);
}

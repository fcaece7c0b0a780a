/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory management: maps anonymous memory, touches each page, makes it read
 * only and writable again, unmaps it; and plain system calls in between.
 */
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

enum { PAGE = 4096, PAGES = 256 };

static uint64_t work(long iterations)
{
    uint64_t hash = BENCH_SEED;

    for (long i = 0; i < iterations; i++) {
        volatile uint8_t *area = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        uint64_t sum = 0;

        if (area == MAP_FAILED) {
            bench_die("mmap");
        }
        /* Huge pages would make this another benchmark where the host has them. */
        madvise((void *)area, PAGES * PAGE, MADV_NOHUGEPAGE);
        for (int page = 0; page < PAGES; page++) {
            area[page * PAGE + (page & 0xfff)] = (uint8_t)(page + i);
        }
        if (mprotect((void *)area, PAGES * PAGE, PROT_READ)) {
            bench_die("mprotect");
        }
        for (int page = 0; page < PAGES; page++) {
            sum += area[page * PAGE + (page & 0xfff)];
        }
        mprotect((void *)area, PAGES * PAGE, PROT_READ | PROT_WRITE);
        for (int page = 0; page < PAGES; page += 2) {
            area[page * PAGE] = (uint8_t)sum;
        }
        for (int call = 0; call < 100; call++) {
            sum += (uint64_t)(getppid() > 0);
        }
        munmap((void *)area, PAGES * PAGE);
        hash = bench_mix(hash, sum);
    }
    return hash;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, "faults", work);
}

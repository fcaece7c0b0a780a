/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that writes its disk at random and remembers when: every write gets a number, which every sector of it carries, so that each
 * sector of a disk found later says which write it is from, and whether that is one that may stand there.
 *
 * At time T a sector may hold write V where V had begun by T, unless another write of the sector, begun after V's end, was flushed
 * by T. Times are those of the fault log.
 */
#ifndef TESTS_BLOCK_GUEST_H
#define TESTS_BLOCK_GUEST_H

#include "block-support.h"

typedef struct Guest Guest;
/* @backing: what unwritten sectors hold (@sectors * 512 bytes); NULL: zeros. */
Guest *guest_new(int64_t sectors, const uint8_t *backing, FaultLog *log, GRand *rand);
void guest_free(Guest *g);
/* @ops random requests, @workers of them at a time, of up to @max_sectors. Errors are taken down; reads are checked. */
void guest_run(Guest *g, BlockBackend *blk, EventLoop *loop, unsigned ops, unsigned workers, int64_t max_sectors);
unsigned guest_errors(const Guest *g);
/* A flush that succeeded from @start to @end covers what ended before. For flushes by others than guest_run() (closing). */
void guest_flushed(Guest *g, uint64_t start, uint64_t end);
/* False where sector @sector must not hold @data (512 bytes) after a power loss at @time. *why: g_free. */
bool guest_may_hold(const Guest *g, uint64_t time, int64_t sector, const uint8_t *data, char **why);
/* All sectors of an image file; unallocated ones hold the backing file's. */
bool guest_check_image(const Guest *g, uint64_t time, const uint8_t *image, int64_t len, char **why);
const uint8_t *guest_backing(const Guest *g, int64_t sector);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of the block layer share: disks in memory, qcow2 images made and checked without any of the code under test, and the states
 * that a power loss may leave.
 */
#ifndef TESTS_BLOCK_SUPPORT_H
#define TESTS_BLOCK_SUPPORT_H

#include "block/block.h"
#include "block/fault.h"

/* --- a disk in memory: driver `memory`, option address=<of a MemDisk> --- */
typedef struct MemDisk {
    uint8_t *data;      /* g_malloc */
    int64_t len, max;   /* bytes now, and at most (then ENOSPC) */
    unsigned alignment; /* of requests; 0: any */
    GRand *rand;        /* NULL: requests are carried out at once; else after a random number of turns of the loop */
    unsigned bad_requests; /* misaligned: a mistake of the layers above */
} MemDisk;
void mem_disk_init(MemDisk *d, const uint8_t *data, int64_t len, GRand *rand);
void mem_disk_clear(MemDisk *d);

/* --- images --- */
typedef struct ImageSpec {
    unsigned version, cluster_bits, refcount_order;
    int64_t size;
    const char *backing; /* file name of a raw image; NULL: none */
} ImageSpec;
GByteArray *image_make(const ImageSpec *spec);
/*
 * True where the image is consistent: every cluster referenced at most once, with a refcount of at least 1 that fits the COPIED
 * flag, all tables in the file. Leaks (a refcount without reference) are counted. *why: what is wrong; g_free.
 */
bool image_check(const uint8_t *data, int64_t len, unsigned *leaks, char **why);
/* The 512 bytes of a guest sector: of the image, NULL where it is unallocated; all zero where it reads as zero. Image is consistent. */
const uint8_t *image_sector(const uint8_t *data, int64_t len, int64_t sector);

/* --- a graph over a memory disk: node "fault" over it, and drive "disk" of format qcow2 (or @format) over that --- */
typedef struct Rig {
    EventLoop *loop;
    BlockGraph *graph;
    BlockNode *fault;
    BlockBackend *blk;  /* NULL where the image did not open */
    Error *err;         /* then */
} Rig;
void rig_open(Rig *r, MemDisk *disk, const char *format, FaultLog *log, const FaultRule *rule, const char *more_options);
void rig_close(Rig *r);

/* --- crash states --- */
typedef struct Replay Replay;
Replay *replay_new(const uint8_t *base, int64_t len, const FaultLog *log);
void replay_free(Replay *r);
/* @n points in time, in order; g_free. */
uint64_t *replay_choose_times(const FaultLog *log, GRand *rand, unsigned n);
/* A state that a loss of power at @time may leave. Times must not decrease from call to call. Valid until the next. */
void replay_state(Replay *r, uint64_t time, GRand *rand, const uint8_t **data, int64_t *len);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The `fault` filter: a node between a format and its file that makes chosen requests fail, and that records what reaches the file.
 *
 * With `-blockdev driver=fault,fail=write,nth=3,errno=ENOSPC,once=on,file=...` a guest's behaviour on a failing disk can be tried. Tests set rules and
 * attach a log: every write, zeroing, discard and flush with the times of its start and end, from which every state that a power
 * loss may leave can be built: a write is durable at a time T where a flush that began after the write's end was over by T; of all other writes begun
 * by T any sectors of 512 bytes may have reached the disk.
 */
#ifndef BLOCK_FAULT_H
#define BLOCK_FAULT_H

#include "block/driver.h"

typedef enum FaultKind { FAULT_READ, FAULT_WRITE, FAULT_FLUSH, FAULT_DISCARD, FAULT_ANY } FaultKind; /* WRITE: zeroing too */

typedef struct FaultRule {
    FaultKind kind;
    uint64_t nth;   /* 1: the next request of that kind */
    int error;      /* positive errno value */
    bool once;      /* this request only; else it and all of its kind that follow */
    int64_t torn;   /* bytes of a failing write that reach the file all the same; rounded down to 512 */
} FaultRule;

/* Replaces the rule; NULL: none. Counting starts anew. @n must be a `fault` node. */
void block_fault_set(BlockNode *n, const FaultRule *rule);
/* Requests of the kind since the last block_fault_set(), and whether the rule made one fail. */
uint64_t block_fault_count(const BlockNode *n, FaultKind kind);
bool block_fault_was_hit(const BlockNode *n);

typedef struct FaultEvent {
    FaultKind kind;      /* WRITE, FLUSH or DISCARD; what failed is not in the log, but for the torn part */
    int64_t offset, len;
    uint8_t *data;       /* of a write; NULL: zeros */
    uint64_t start, end; /* times on the log's clock; end 0: still under way */
} FaultEvent;

typedef struct FaultLog {
    GPtrArray *events;   /* FaultEvent *, by start */
    uint64_t clock;
} FaultLog;

FaultLog *fault_log_new(void);
void fault_log_free(FaultLog *log);
uint64_t fault_log_tick(FaultLog *log); /* the next point in time; for what the caller itself records */
/* From now on requests go to @log, which must outlive the node. NULL: no more. */
void block_fault_set_log(BlockNode *n, FaultLog *log);

#endif

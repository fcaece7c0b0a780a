/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The NVMe controller's parts (NVM Express 1.4): nvme.c registers, queues and completions, nvme-admin.c
 * administration, nvme-io.c reads and writes.
 *
 * Commands are fetched in the main loop, a bounded number in each turn. A command ends once, in nvme_complete().
 * Those that are in the block layer when the host switches the controller off are waited for: CSTS.RDY stays until
 * the last has ended, and their completions go nowhere.
 */
#ifndef HW_NVME_INTERNAL_H
#define HW_NVME_INTERNAL_H

#include "block/block.h"
#include "hw/pci/pci.h"
#include "util/bytes.h"

enum {
    NVME_QUEUES = 33, /* the administrative pair and 32 for I/O */
    NVME_ENTRIES_MAX = 2048, NVME_SQE = 64, NVME_CQE = 16, NVME_BAR = 16384, NVME_DOORBELLS = 0x1000, NVME_MDTS = 7,
    NVME_PAGE_MIN = 4096, NVME_LBA = 512,
    NVME_EVENTS = 4, NVME_IN_FLIGHT_MAX = 1024, NVME_PENDING_MAX = 4096,
};
enum { /* status codes, type in bits 8 and up; DNR: it is no use to try again */
    NVME_OK = 0, NVME_BAD_OPCODE = 0x01, NVME_BAD_FIELD = 0x02, NVME_TRANSFER_ERROR = 0x04, NVME_INTERNAL = 0x06,
    NVME_BAD_NAMESPACE = 0x0b, NVME_LBA_RANGE = 0x80,
    NVME_BAD_CQ = 0x100, NVME_BAD_QID = 0x101, NVME_BAD_QSIZE = 0x102, NVME_EVENT_LIMIT = 0x105,
    NVME_BAD_VECTOR = 0x108, NVME_BAD_LOG = 0x109, NVME_BAD_DELETION = 0x10c,
    NVME_WRITE_FAULT = 0x280, NVME_READ_ERROR = 0x281, NVME_DNR = 0x4000,
    NVME_LATER = 0xffff, /* not a status: it ends later, or never */
};

typedef struct NvmeSq {
    uint64_t base;
    uint32_t size, head, tail; /* size 0: not there */
    uint16_t cq;
} NvmeSq;

typedef struct NvmeCq {
    uint64_t base;
    uint32_t size, head, tail, users; /* users: submission queues that lead to it */
    uint16_t vector;
    bool interrupts, phase;
} NvmeCq;

typedef struct Nvme {
    PciDevice pci;
    char *drive, *serial;
    int32_t bootindex;
    uint32_t max_ioqpairs;
    BlockBackend *blk;
    MemoryRegion mem;
    /* registers */
    uint32_t intms, cc, csts, aqa;
    uint64_t asq, acq;
    NvmeSq sq[NVME_QUEUES];
    NvmeCq cq[NVME_QUEUES];
    BottomHalf *work;
    GQueue waiting;         /* NvmeDone *: completions for which there was no room */
    unsigned in_flight;
    uint32_t generation;
    unsigned events;        /* asynchronous event requests that wait, for ever */
    uint32_t page;          /* bytes */
    uint32_t features[256]; /* values set by the host, by identifier */
    uint64_t blocks;
} Nvme;

typedef struct NvmeCommand {
    uint8_t raw[NVME_SQE];
    uint16_t sq, cid;
    uint32_t result;
} NvmeCommand;
static inline uint32_t nvme_dw(const NvmeCommand *c, unsigned n) { return ld_le32(c->raw + 4 * n); }

/* --- nvme.c --- */
void nvme_complete(Nvme *n, const NvmeCommand *c, uint16_t status);
AddressSpace *nvme_as(Nvme *n);
void nvme_request_ended(Nvme *n);

/* --- nvme-admin.c, nvme-io.c: a status, or NVME_LATER --- */
uint16_t nvme_admin(Nvme *n, NvmeCommand *c);
uint16_t nvme_io(Nvme *n, NvmeCommand *c);
/* The memory that a command's PRP entries name, appended to @iov; a status. */
uint16_t nvme_map(Nvme *n, const NvmeCommand *c, uint64_t bytes, bool to_memory, GArray *iov);
void nvme_unmap(Nvme *n, GArray *iov, bool to_memory);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows of the CSR table (csr-table.c) and the engine that accesses them (csr.c).
 *
 * Privilege and read-only follow from the number (bits 9..8 and 11..10). A row adds: when the CSR exists at all, what else access
 * needs, how it is read and written. Plain storage has no functions: an offset and a mask of writable bits do.
 */
#ifndef RISCV_CSR_H
#define RISCV_CSR_H

#include "riscv-cpu.h"

typedef struct CsrRow CsrRow;
typedef bool CsrAllowed(const RiscvCpu *rc, const CsrRow *row, unsigned number, unsigned priv); /* false: illegal instruction */
typedef uint64_t CsrRead(RiscvCpu *rc, const CsrRow *row, unsigned number);
typedef void CsrWrite(RiscvCpu *rc, const CsrRow *row, unsigned number, uint64_t v);

struct CsrRow {
    const char *name;      /* with a %u for the index where count > 1 */
    uint16_t number;
    uint8_t count;         /* that many consecutive numbers; 0: one */
    uint8_t first_index;   /* shown in the name of the first */
    CsrAllowed *allowed;   /* NULL: always */
    CsrRead *read;         /* NULL: the member at offset */
    CsrWrite *write;       /* NULL: the member's bits in mask are replaced (none where mask is 0) */
    uint32_t offset;       /* of a uint64_t in RiscvCpu; 0: reads as zero */
    uint64_t mask;
};
extern const CsrRow riscv_csr_rows[];
extern const unsigned riscv_csr_row_count;

const CsrRow *riscv_csr_find(unsigned number); /* NULL: no such CSR at all */

#endif

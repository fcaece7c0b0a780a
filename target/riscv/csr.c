/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Access to CSRs by instructions and by the debugger. The rows are in csr-table.c.
 *
 * A write answers whether the running region must be left: its mode flags no longer hold, an interrupt became
 * deliverable (the privileged manual wants it taken right after the write), or the write changed translation (end_region).
 */
#include <string.h>

#include "csr.h"
#include "helper.h"

#define CSR_COUNT 4096

static gpointer build_index(gpointer unused)
{
    uint8_t *index = g_new0(uint8_t, CSR_COUNT); /* row number + 1 */
    g_assert(riscv_csr_row_count < 255);
    for (unsigned i = 0; i < riscv_csr_row_count; i++) {
        const CsrRow *row = &riscv_csr_rows[i];
        for (unsigned k = 0; k < MAX(row->count, 1); k++) {
            g_assert(!index[row->number + k]);
            index[row->number + k] = (uint8_t)(i + 1);
        }
    }
    return index;
}

const CsrRow *riscv_csr_find(unsigned number)
{
    static GOnce once = G_ONCE_INIT;
    const uint8_t *index = g_once(&once, build_index, NULL);
    unsigned n = index[number & (CSR_COUNT - 1)];
    return n ? &riscv_csr_rows[n - 1] : NULL;
}

const char *riscv_csr_name(unsigned number, char *buf, size_t size)
{
    const CsrRow *row = riscv_csr_find(number);
    if (!row) {
        g_snprintf(buf, size, "0x%x", number);
    } else if (row->count > 1) {
        unsigned i = row->first_index + number - row->number;
        const char *mark = strstr(row->name, "%u");
        g_snprintf(buf, size, "%.*s%u%s", (int)(mark - row->name), row->name, i, mark + 2);
    } else {
        g_strlcpy(buf, row->name, size);
    }
    return buf;
}

static uint64_t sign_extend_xlen(const RiscvCpu *rc, uint64_t v)
{
    return riscv_is32(rc) ? (uint64_t)(int64_t)(int32_t)v : v;
}

static uint64_t *member(RiscvCpu *rc, const CsrRow *row) { return (uint64_t *)(void *)((char *)rc + row->offset); }

static uint64_t read_row(RiscvCpu *rc, const CsrRow *row, unsigned number)
{
    uint64_t v = row->read ? row->read(rc, row, number) : row->offset ? *member(rc, row) : 0;
    return sign_extend_xlen(rc, v);
}

static void write_row(RiscvCpu *rc, const CsrRow *row, unsigned number, uint64_t v)
{
    if (row->write) {
        row->write(rc, row, number, v);
    } else if (row->offset) {
        uint64_t *m = member(rc, row);
        *m = (*m & ~row->mask) | (v & row->mask);
    }
}

static const CsrRow *allowed_row(RiscvCpu *rc, unsigned number, bool write)
{
    const CsrRow *row = riscv_csr_find(number);
    if (!row || rc->priv < (number >> 8 & 3) || (write && number >> 10 == 3) || !riscv_has(rc, RISCV_EXT_ZICSR)) {
        return NULL;
    }
    return !row->allowed || row->allowed(rc, row, number, rc->priv) ? row : NULL;
}

static uint64_t csr_read(CpuState *cpu, uint32_t which, uint32_t insn)
{
    RiscvCpu *rc = riscv_cpu(cpu);
    unsigned number = which & (CSR_COUNT - 1);
    const CsrRow *row = allowed_row(rc, number, false);
    if (!row) {
        riscv_raise(rc, CAUSE_ILLEGAL, insn);
    }
    if ((which & RISCV_CSR_FOR_UPDATE) && (number == 0x344 || number == 0x144)) {
        return __atomic_load_n(&rc->mip_sw, __ATOMIC_RELAXED); /* the lines must not be written back */
    }
    return read_row(rc, row, number);
}

static uint64_t csr_write(CpuState *cpu, uint32_t number, uint64_t v, uint32_t insn)
{
    RiscvCpu *rc = riscv_cpu(cpu);
    const CsrRow *row = allowed_row(rc, number, true);
    if (!row) {
        riscv_raise(rc, CAUSE_ILLEGAL, insn);
    }
    uint64_t flags = riscv_region_flags(cpu);
    rc->end_region = false;
    write_row(rc, row, number, v);
    return rc->end_region || riscv_region_flags(cpu) != flags || riscv_interrupt_ready(rc);
}

const TcgHelper riscv_helper_csr_read = {
    .name = "csr_read", .fn = (void *)csr_read, .flags = TCG_HELPER_RAISES, .ret = TCG_I64, .args = {TCG_I32, TCG_I32},
    .reads = RISCV_SLOTS_CSR,
};
const TcgHelper riscv_helper_csr_write = {
    .name = "csr_write", .fn = (void *)csr_write, .flags = TCG_HELPER_RAISES, .ret = TCG_I64, .args = {TCG_I32, TCG_I64, TCG_I32},
    .reads = RISCV_SLOTS_CSR, .writes = RISCV_SLOTS_CSR,
};

/* ---- debugger ---- */

/* What the debugger sees does not depend on the privilege, but a CSR of an absent extension stays absent. */
static const CsrRow *debug_row(RiscvCpu *rc, unsigned number)
{
    const CsrRow *row = riscv_csr_find(number);
    return row && (!row->allowed || row->allowed(rc, row, number, RISCV_PRIV_M)) ? row : NULL;
}

bool riscv_csr_get(RiscvCpu *rc, unsigned number, uint64_t *v)
{
    const CsrRow *row = debug_row(rc, number);
    if (row) {
        *v = read_row(rc, row, number);
    }
    return row != NULL;
}

bool riscv_csr_set(RiscvCpu *rc, unsigned number, uint64_t v)
{
    const CsrRow *row = debug_row(rc, number);
    if (!row || number >> 10 == 3) {
        return false;
    }
    write_row(rc, row, number, sign_extend_xlen(rc, v));
    return true;
}

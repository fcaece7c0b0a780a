/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Instruction rows: the one place where an instruction is declared. From a row derive its decoding, its disassembly, its
 * class for the region former, its translation, and random samples for tests.
 *
 * The pattern is written as the manual prints the encoding, bit 31 (15) first: binary digits are fixed; `rd`, `rs1`,
 * `rs2`, `rs3`, `rm`, `zimm` (a number where rs1 stands), `csr`, `aq`, `rl`, `fm`, `pred`, `succ` are fields of their usual width; `imm[12|10:5]` gives the bits of
 * the immediate that stand there; `uimm[...]` is the same, zero-extended; `shamt[5:0]` too. Compressed rows also have `rd'`, `rs1'`, `rs2'`
 * (x8..x15) and `rd/rs1`, `rd'/rs1'` (both). `field!=0` and `imm!=0` (at any bit group) exclude encodings. What a compressed
 * row leaves implicit stands in .fixed ("rd=1 rs1=2").
 *
 * Rows are grouped by extension in rows-*.c; riscv_row_groups lists the groups. They are compiled on first use into lookup
 * tables that never change afterwards. No two rows that can be enabled together may match the same word (a test sees to it).
 */
#ifndef RISCV_INSN_H
#define RISCV_INSN_H

#include "riscv-cpu.h"

typedef struct RvInsn RvInsn;
typedef struct RvRow RvRow;
typedef void RvEmit(RvInsn *d);

enum { RV_BOTH, RV_32, RV_64 };                 /* xlen */
enum { RV_FP_NONE, RV_FP_USES, RV_FP_CHANGES }; /* needs FS on; also makes it dirty */

struct RvRow {
    const char *name;    /* as an assembler takes it: "c.addi", "fmadd.s" */
    const char *pattern;
    const char *format;  /* operands for the disassembler: "rd, imm(rs1)" */
    RvEmit *emit;
    uint32_t arg;        /* for emit: which operation */
    uint8_t ext;         /* RiscvExt */
    uint8_t ext2;        /* needed as well; 0 (Zicsr): none */
    uint8_t alt;         /* does in place of ext; 0: none */
    uint8_t xlen;
    uint8_t scan;        /* ScanKind */
    uint8_t fp;
    const char *fixed;
};
typedef struct RvRowGroup {
    const RvRow *rows;
    unsigned count;
} RvRowGroup;
/* The groups, ended by NULL. RVV's rows-v.c will be one more. */
extern const RvRowGroup *const riscv_row_groups[];
#define RV_GROUP(rows_) {rows_, sizeof(rows_) / sizeof((rows_)[0])}

extern const RvRowGroup riscv_rows_i, riscv_rows_m, riscv_rows_a, riscv_rows_c, riscv_rows_f, riscv_rows_zfh, riscv_rows_b,
    riscv_rows_zbk, riscv_rows_zfa, riscv_rows_zcb, riscv_rows_system;

/* One decoded instruction, and where its translation goes. */
struct RvInsn {
    const RvRow *row; /* NULL: illegal */
    uint32_t bits;
    uint8_t len, rd, rs1, rs2, rs3, rm;
    bool rv32;
    int64_t imm; /* immediate, shift amount, csr number, or aq << 1 | rl */
    uint64_t pc, flags;
    TcgBuilder *b;
};

/* --- decode.c --- */
/* Length in bytes by the lowest two bits. */
static inline unsigned riscv_insn_len(unsigned low) { return (low & 3) == 3 ? 4 : 2; }
/* Fills row, bits, len and operands; row is NULL where illegal for @flags. */
void riscv_decode(RvInsn *d, uint32_t bits, uint64_t flags);
unsigned riscv_row_count(void);
const RvRow *riscv_row(unsigned i);
void riscv_row_encoding(unsigned i, uint32_t *mask, uint32_t *match);
bool riscv_row_matches(unsigned i, uint32_t bits); /* fixed bits and exclusions, not extensions */
/* A word that decodes to the row: its free bits are taken from @random; false where an exclusion hit (try another). */
bool riscv_row_sample(unsigned i, uint32_t random, uint32_t *bits);

/* --- disas.c --- */
void riscv_disassemble(const uint8_t *code, size_t avail, uint64_t pc, uint64_t flags, char *text, size_t size);


/* --- translate.c --- */
void riscv_scan(const uint8_t *code, size_t avail, uint64_t pc, uint64_t flags, ScanInfo *info);
void riscv_translate(TcgBuilder *b, const uint8_t *code, uint64_t pc, uint64_t flags);
unsigned riscv_fetch_mode(uint64_t flags);

/* --- for semantic functions --- */
static inline TcgVal rv_get(RvInsn *d, unsigned r)
{
    return r ? tcg_get(d->b, r, TCG_I64) : tcg_const(d->b, TCG_I64, 0);
}
static inline void rv_put(RvInsn *d, unsigned r, TcgVal v)
{
    if (r) {
        tcg_put(d->b, r, v);
    }
}
static inline TcgVal rv_get32(RvInsn *d, unsigned r) { return tcg_trunc(d->b, rv_get(d, r)); }
static inline void rv_put32(RvInsn *d, unsigned r, TcgVal v)
{
    if (r) {
        tcg_put(d->b, r, tcg_exts(d->b, v));
    }
}
static inline uint64_t rv_next_pc(const RvInsn *d)
{
    uint64_t pc = d->pc + d->len;
    return d->rv32 ? (uint32_t)pc : pc;
}
static inline uint64_t rv_target_pc(const RvInsn *d)
{
    uint64_t pc = d->pc + (uint64_t)d->imm;
    return d->rv32 ? (uint32_t)pc : pc;
}
static inline TcgVal rv_const(RvInsn *d, uint64_t v) { return tcg_const(d->b, TCG_I64, v); }
/* Base and displacement of a memory access of rs1 + imm. */
static inline TcgVal rv_addr(RvInsn *d, int64_t *disp)
{
    if (d->rv32) {
        *disp = 0;
        return tcg_extu(d->b, tcg_trunc(d->b, tcg_addi(d->b, TCG_I64, rv_get(d, d->rs1), d->imm)));
    }
    *disp = d->imm;
    return rv_get(d, d->rs1);
}
static inline TcgMem rv_mem(const RvInsn *d, unsigned size_log2, bool is_signed)
{
    return TCG_MEM(size_log2, (unsigned)is_signed, 0, TCG_ALIGN_ANY, RISCV_FLAG_MODE(d->flags));
}
void rv_emit_illegal(RvInsn *d);
void rv_emit_raise(RvInsn *d, RiscvCause cause, TcgVal value);
/* Leaves to the dispatcher, which looks at flags and interrupts, and goes on behind this instruction. */
static inline void rv_emit_leave(RvInsn *d) { tcg_exit(d->b, TCG_REASON_NONE, rv_next_pc(d)); }

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Helpers that translated code calls, as TinyCode declares them. CSRs that live in slots are passed to a helper by its
 * declaration, everything else in RiscvCpu is the helpers' own.
 */
#ifndef RISCV_HELPER_H
#define RISCV_HELPER_H

#include "riscv-cpu.h"

/* system.c */
extern const TcgHelper riscv_helper_raise;     /* (i32 cause, i64 value), does not return */
extern const TcgHelper riscv_helper_fs_dirty;  /* () */
extern const TcgHelper riscv_helper_sret;      /* (i32 insn): stores pc */
extern const TcgHelper riscv_helper_mret;      /* (i32 insn): stores pc */
extern const TcgHelper riscv_helper_wfi;       /* (i32 insn): traps where it must */
extern const TcgHelper riscv_helper_sfence;    /* (i32 insn, i64 va, i64 asid) */
extern const TcgHelper riscv_helper_cbo;       /* (i32 insn, i64 address): clean, flush, inval */
extern const TcgHelper riscv_helper_cbo_zero;  /* (i32 insn, i64 address) */

/* csr.c */
#define RISCV_CSR_FOR_UPDATE 0x10000 /* or'ed to the number: a read whose value is written back changed */
extern const TcgHelper riscv_helper_csr_read;  /* (i32 number, i32 insn) -> i64 */
extern const TcgHelper riscv_helper_csr_write; /* (i32 number, i64 value, i32 insn) -> i64: not 0: leave the region */
bool riscv_csr_get(RiscvCpu *rc, unsigned number, uint64_t *v); /* debugger: no privilege needed; false where there is none */
bool riscv_csr_set(RiscvCpu *rc, unsigned number, uint64_t v);
const char *riscv_csr_name(unsigned number, char *buf, size_t size);

/* bits.c: pure */
extern const TcgHelper riscv_helper_clmul, riscv_helper_clmulh, riscv_helper_clmulr; /* (i64, i64) -> i64 */
extern const TcgHelper riscv_helper_xperm4, riscv_helper_xperm8;                      /* (i64 table, i64 index) -> i64 */
extern const TcgHelper riscv_helper_zip, riscv_helper_unzip;                          /* (i64) -> i64 */

/* zfa.c: (i32 format and rm, i64) -> i64 */
extern const TcgHelper riscv_helper_fround, riscv_helper_fcvtmod;

/* half.c: operands and results are f registers as they are; rm is resolved (never dynamic), see rows-zfh.c */
extern const TcgHelper riscv_helper_h_arith;   /* (i32 operation and rm, i64, i64) -> i64 */
extern const TcgHelper riscv_helper_h_fma;     /* (i32 operation and rm, i64, i64, i64) -> i64 */

#endif

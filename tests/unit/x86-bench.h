/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A test bench for x86 instructions: the same bytes with the same state are run by target/x86 (a flat machine without
 * firmware or devices, the real accelerator) and by the host processor (a sandboxed child process), and what they leave
 * is compared.
 *
 * Both sides see the same addresses: X86_BENCH_CODE (two pages, read and execute), X86_BENCH_DATA (two pages, read and
 * write) and the read-only page behind them; everything else is unmapped. Both run with CPL 3. A run ends with the
 * first exception; code pages are filled with HLT, which is one.
 */
#ifndef X86_BENCH_H
#define X86_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define X86_BENCH_CODE      0x10000000u
#define X86_BENCH_CODE_SIZE 0x2000u
#define X86_BENCH_DATA      0x10010000u
#define X86_BENCH_DATA_SIZE 0x2000u                  /* writable; compared */
#define X86_BENCH_RO_SIZE   0x1000u                  /* behind it, read only, zero */
#define X86_BENCH_FS_BASE   (X86_BENCH_DATA + 0x400) /* where FS and GS point in 64-bit mode */
#define X86_BENCH_GS_BASE   (X86_BENCH_DATA + 0x1000)
enum { X86_BENCH_MAX_CODE = 160 };

typedef enum X86BenchMode { X86_BENCH_64, X86_BENCH_32, X86_BENCH_16, X86_BENCH_MODES } X86BenchMode;
/* Pseudo vectors. */
enum { X86_BENCH_ENDLESS = 256, X86_BENCH_DIED };

typedef struct X86BenchState {
    uint64_t gpr[16];
    uint64_t rip; /* linear */
    uint64_t rflags;
    uint64_t ymm[16][4];
    uint32_t mxcsr;
    uint16_t fcw, fsw; /* fsw with TOP */
    uint16_t ftw;      /* as FXSAVE: a bit for each physical register, 1: not empty */
    uint16_t fop;
    uint64_t fip, fdp;
    struct {
        uint64_t mantissa;
        uint16_t exponent, pad[3];
    } st[8]; /* ST(0).. */
    uint64_t fs_base, gs_base;
    /* results only: how it ended */
    uint32_t vector, error;
    uint64_t fault_address; /* of a page fault */
} X86BenchState;

typedef struct X86BenchCase {
    uint32_t mode;
    uint32_t code_offset; /* in the code pages */
    uint32_t code_len;
    uint8_t code[X86_BENCH_MAX_CODE];
    X86BenchState in, out;
    uint8_t data[X86_BENCH_DATA_SIZE];
    uint8_t data_out[X86_BENCH_DATA_SIZE];
} X86BenchCase;

/* --- the host (x86-native.c) --- */
typedef struct X86Native X86Native;
/* NULL where this host cannot: @why says why. A child process is started. */
X86Native *x86_native_new(const char **why);
void x86_native_free(X86Native *n);
bool x86_native_has_mode(const X86Native *n, X86BenchMode mode);
enum { X86_NATIVE_BATCH = 32 };
/* The case to fill in, k below X86_NATIVE_BATCH; it lies in memory shared with the child. */
X86BenchCase *x86_native_case(X86Native *n, unsigned k);
/* Runs the first @count cases: their `out` and `data_out`. A child that dies (X86_BENCH_DIED) is replaced. */
void x86_native_run(X86Native *n, unsigned count);
/* Selectors that the guest should have too: CS, SS, DS. */
uint16_t x86_native_selector(const X86Native *n, X86BenchMode mode, char seg);

/* --- target/x86 (x86-bench.c) --- */
typedef struct X86Bench X86Bench;
/* @accel_opts: as of -accel tcg ("interp=on", "one-insn=on", NULL); @model: as of -cpu, NULL: "max". Ends the program
 * where it cannot. */
X86Bench *x86_bench_new(const char *accel_opts, const char *model);
void x86_bench_free(X86Bench *b);
struct X86Cpu *x86_bench_cpu(X86Bench *b);
uint64_t x86_bench_flags(X86Bench *b, X86BenchMode mode); /* region flags of that mode, for decoding */
/* Runs the case; the result goes to @out and @data_out (X86_BENCH_DATA_SIZE bytes), not into the case. */
void x86_bench_run(X86Bench *b, const X86BenchCase *c, X86BenchState *out, uint8_t *data_out);

/* --- both --- */
void x86_bench_print_state(const X86BenchState *s, FILE *out);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cases as text, and the comparison of what a case left.
 *
 * A saved case is one line of words: `64` (mode), `at=OFFSET` in the code pages, `code=HEX`, `undefined=HEX` (flags),
 * then what is not 0: `rax=HEX`, `flags=`, `mxcsr=`, `ymm3=HEX` (64 digits), `st0=EXPONENT:MANTISSA`, `fcw=`, `fsw=`,
 * `ftw=`, `OFFSET=HEX` (data, by lines of 16 bytes). What stands behind a ; is a comment.
 */
#ifndef TESTS_ISA_X86_CASE_H
#define TESTS_ISA_X86_CASE_H

#include <glib.h>

#include "../../unit/x86-bench.h"

typedef struct CompareOptions {
    uint32_t undefined; /* status flags that may be anything */
    bool x87_pointers;
    bool strict; /* what processors differ in, or nobody minds: #SS for addresses that are not canonical, addresses in a
                    page, order of #MF */
} CompareOptions;

/* @c->out is what is expected. NULL: the same; else lines that say what differs; g_free. */
char *compare_states(const CompareOptions *o, const X86BenchCase *c, const X86BenchState *got, const uint8_t *data);
void case_print(const X86BenchCase *c, uint64_t flags, uint32_t undefined, FILE *out); /* disassembly, inputs */
void case_write(const X86BenchCase *c, uint64_t flags, uint32_t undefined, FILE *out); /* one line */
/* X86BenchCase *, with undefined flags in out.rflags. False: said on stderr why. */
bool case_read_file(const char *path, GPtrArray *cases);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random x86 instruction sequences with random state, made from the instruction rows of target/x86.
 *
 * Most memory operands lie in the bench's data pages, because a few registers start as pointers and the generator
 * prefers them as bases; the rest faults, on both sides alike. Left out is what depends on the operating system or
 * differs between processors (generate.c has the list). Behind an instruction that leaves flags undefined a compare
 * makes all of them defined again, unless it is the last one.
 */
#ifndef TESTS_ISA_X86_GENERATE_H
#define TESTS_ISA_X86_GENERATE_H

#include "../../../target/x86/insn.h"
#include "../../unit/x86-bench.h"

enum { GEN_MAX_INSNS = 24 };

typedef struct GenInsn {
    uint8_t bytes[16];
    uint8_t len;
    uint8_t rel_size;    /* of the jump displacement at its end; 0: none */
    int8_t rip_disp;     /* where a 32-bit displacement relative to RIP stands, -1: none */
    uint32_t rip_target; /* address it has to give */
    uint8_t skip;        /* jumps: how many items further the target is */
    uint32_t undefined;  /* flags left undefined */
    const char *name;
} GenInsn;

typedef struct GenSequence {
    X86BenchMode mode;
    GenInsn insn[GEN_MAX_INSNS];
    unsigned count;
} GenSequence;

typedef struct GenOptions {
    const char *only;  /* glob on instruction names, or NULL */
    const char *group; /* glob on the operands' column and pattern: "VEX*" */
    unsigned max_insns;
    bool alone; /* no second instruction but what cleans up flags */
} GenOptions;

typedef struct GenRandom {
    uint64_t state;
} GenRandom;
uint64_t gen_random(GenRandom *r);
static inline unsigned gen_below(GenRandom *r, unsigned n) { return (unsigned)((gen_random(r) >> 32) * n >> 32); }

/* False: no row fits the options. */
bool gen_sequence(GenRandom *r, const GenOptions *o, X86BenchMode mode, uint64_t flags, GenSequence *seq);
void gen_state(GenRandom *r, const GenSequence *seq, X86BenchCase *c);
/* The sequence's bytes at c->code_offset into the case. */
void gen_assemble(const GenSequence *seq, X86BenchCase *c);
/* Flags that are undefined at the end of the sequence. */
uint32_t gen_undefined(const GenSequence *seq, const X86BenchCase *c, uint64_t flags);
bool gen_host_has(unsigned feature); /* X86_FEAT_* */

/* undefined.c: status flags that the manual leaves undefined behind @d; @cl: the count in CL, -1: unknown. */
uint32_t undefined_flags(const X86Insn *d, int cl);
/* Its result is undefined: not for comparing. */
bool undefined_result(const X86Insn *d);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Private to tcg/: what builder and passes share. A region carries its own scratch memory (arrays that live as long as
 * the region), so that translating allocates nothing once the arrays have grown.
 *
 * TcgEmit is the one place where instructions are made: it folds, finds common subexpressions and keeps what is
 * known about each value's bits: value < 2^zb, and value is the sign extension of its low sb bits.
 */
#ifndef TCG_INTERNAL_H
#define TCG_INTERNAL_H

#include <glib.h>

#include "tcg/tcg.h"

#define CSE_SIZE 256

typedef struct TcgEmit {
    TcgRegion *r;
    uint8_t *zb, *sb; /* by value; as long as r->insn_cap */
    uint32_t gen;
    uint16_t guest;   /* given to each instruction */
    bool known_branch; /* a branch with a known condition went by: for tcg_pass_fold() */
    TcgVal cse_val[CSE_SIZE];
    uint32_t cse_gen[CSE_SIZE];
} TcgEmit;

/* What tcg_region_new() really allocates. */
typedef struct TcgRegionFull {
    TcgRegion r;
    TcgEmit emit;
    TcgInsn *spare;       /* second instruction array: passes that rebuild swap it in */
    uint32_t spare_cap;
    uint32_t *loop_end;   /* by block: last block of the loop whose head it is; else 0 */
    uint8_t *loop_entry;  /* by block: TCG_JOIN_* */
    uint32_t block_info_cap;
    uint32_t *u32;        /* scratch of passes */
    uint32_t u32_cap;
    void *bytes;
    size_t bytes_cap;
    bool check;           /* verify after each pass */
} TcgRegionFull;
static inline TcgRegionFull *tcg_full(const TcgRegion *r) { return (TcgRegionFull *)r; }

/* Block is entered from outside a loop around it, not through the loop's head (or is the head of such a loop). */
#define TCG_JOIN_ALL 1

#define TCG_ROUND_UP_CAP(n) ((n) < 64 ? 64 : (n) + (n) / 2)

uint32_t *tcg_scratch_u32(TcgRegion *r, size_t n);  /* not cleared; one user at a time */
void *tcg_scratch_bytes(TcgRegion *r, size_t n);    /* not cleared; one user at a time */

/* region.c */
void tcg_region_grow_insns(TcgRegion *r);
void tcg_region_swap_insns(TcgRegion *r, TcgInsn **old, uint32_t *old_count); /* r->insns becomes empty (1 entry) */
uint32_t tcg_region_add_block(TcgRegion *r, uint64_t pc);
uint32_t tcg_region_add_exit(TcgRegion *r, const TcgExit *exit);
uint32_t tcg_region_add_helper(TcgRegion *r, const TcgHelper *h);
void tcg_region_cfg(TcgRegion *r); /* drops unreachable blocks; preds, loop heads, depths, loop_end, loop_entry */
void tcg_region_recfg(TcgRegion *r); /* the same after edges were removed from a promoted region: phi operands follow */
static inline bool tcg_insn_leaves(const TcgRegion *r, const TcgInsn *insn)
{
    uint32_t effects = tcg_op_info[insn->op].effects;

    return effects & (TCG_EFF_FAULT | TCG_EFF_EXIT) ||
           (insn->op == TCG_OP_CALL && r->helpers[insn->aux]->flags & TCG_HELPER_RAISES);
}

/* emit.c */
void tcg_emit_begin(TcgEmit *e);    /* forgets everything */
static inline void tcg_emit_new_block(TcgEmit *e) { e->gen++; }
TcgVal tcg_emit_append(TcgEmit *e, const TcgInsn *in);   /* as it is */
TcgVal tcg_emit_insn(TcgEmit *e, TcgInsn in);           /* folded, CSEd; may return an older value */
TcgVal tcg_emit_const(TcgEmit *e, TcgType type, uint64_t bits);
TcgVal tcg_emit_op1(TcgEmit *e, TcgOp op, TcgType type, TcgVal a, uint64_t imm);
TcgVal tcg_emit_op2(TcgEmit *e, TcgOp op, TcgType type, TcgVal a, TcgVal b);
TcgVal tcg_emit_bitcast(TcgEmit *e, TcgType to, TcgVal v);
static inline bool tcg_emit_is_const(const TcgEmit *e, TcgVal v, uint64_t *bits)
{
    const TcgInsn *insn = &e->r->insns[v];

    if (insn->op != TCG_OP_CONST) {
        return false;
    }
    *bits = insn->imm;
    return true;
}
static inline unsigned tcg_int_bits(TcgType t) { return t == TCG_I32 ? 32 : 64; }
static inline uint64_t tcg_int_mask(TcgType t) { return t == TCG_I32 ? 0xffffffffu : ~(uint64_t)0; }

/* fold.c: 0: append *in as it (now) is; else the value that stands for it. */
TcgVal tcg_fold(TcgEmit *e, TcgInsn *in);
typedef struct TcgCompare {
    TcgType type;
    TcgCond cond;
    TcgVal a, b;
} TcgCompare;
/* Simplifies; 0: always false, 1: always true, -1: neither. */
int tcg_fold_compare(TcgEmit *e, TcgCompare *c);
TcgVal tcg_fold_flagpack(TcgEmit *e, const TcgInsn *in); /* TCG_NONE: left as it is */
bool tcg_fold_flagtest(TcgEmit *e, TcgVal flags, TcgFlagCond fc, TcgCompare *c); /* true: *c is the same condition */
bool tcg_fold_flags_of(TcgEmit *e, TcgVal flags, TcgFlagCond fc, TcgCompare *c); /* fold-flags.c: where it takes more than a compare */

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The builder: what a frontend calls to emit TinyCode. It folds constants and trivial identities on the way.
 *
 * The region former tells the builder beforehand which guest PCs inside the region are branch targets
 * (tcg_builder_label_pc), then for each guest instruction in linear order calls tcg_builder_insn() and the target's
 * translate function. tcg_goto()/tcg_branch() to a PC with a label become internal edges (with a POLL on backward ones);
 * to any other PC they become exits. After tcg_goto*(), tcg_exit() the rest up to the next label is unreachable: emitted calls are ignored.
 */
#ifndef TCG_BUILDER_H
#define TCG_BUILDER_H

#include "tcg/tcg.h"

typedef struct TcgBuilder TcgBuilder;

TcgBuilder *tcg_builder_new(void);
void tcg_builder_free(TcgBuilder *b);
void tcg_builder_begin(TcgBuilder *b, TcgRegion *r);
void tcg_builder_label_pc(TcgBuilder *b, uint64_t pc);     /* before the first instruction */
void tcg_builder_insn(TcgBuilder *b, uint64_t pc, unsigned len);
void tcg_builder_end(TcgBuilder *b, uint64_t next_pc);      /* falls out to @next_pc where still reachable; computes preds, loops */
bool tcg_builder_reachable(const TcgBuilder *b);            /* false after an unconditional exit until the next label */
TcgRegion *tcg_builder_region(TcgBuilder *b);
uint64_t tcg_builder_pc(const TcgBuilder *b);               /* of the current guest instruction */
unsigned tcg_builder_len(const TcgBuilder *b);

/* Values */
TcgVal tcg_const(TcgBuilder *b, TcgType type, uint64_t bits);
TcgVal tcg_get(TcgBuilder *b, unsigned slot, TcgType type); /* type of the slot's width */
void tcg_put(TcgBuilder *b, unsigned slot, TcgVal v);
bool tcg_is_const(const TcgBuilder *b, TcgVal v, uint64_t *bits);

/* Generic emitters; @type is insn->type */
TcgVal tcg_emit1(TcgBuilder *b, TcgOp op, TcgType type, TcgVal a, uint64_t imm);
TcgVal tcg_emit2(TcgBuilder *b, TcgOp op, TcgType type, TcgVal a, TcgVal c);
TcgInsn *tcg_emit_raw(TcgBuilder *b, const TcgInsn *insn, TcgVal *result); /* everything else; NULL where unreachable */

#define TCG_BIN(fn, OPC)                                                                                                \
    static inline TcgVal fn(TcgBuilder *b, TcgType t, TcgVal x, TcgVal y) { return tcg_emit2(b, TCG_OP_##OPC, t, x, y); }
TCG_BIN(tcg_add, ADD) TCG_BIN(tcg_sub, SUB) TCG_BIN(tcg_mul, MUL) TCG_BIN(tcg_mulhu, MULHU) TCG_BIN(tcg_mulhs, MULHS)
TCG_BIN(tcg_mulhsu, MULHSU) TCG_BIN(tcg_divs, DIVS) TCG_BIN(tcg_divu, DIVU) TCG_BIN(tcg_rems, REMS) TCG_BIN(tcg_remu, REMU)
TCG_BIN(tcg_and, AND) TCG_BIN(tcg_or, OR) TCG_BIN(tcg_xor, XOR) TCG_BIN(tcg_andn, ANDN) TCG_BIN(tcg_shl, SHL)
TCG_BIN(tcg_shr, SHR) TCG_BIN(tcg_sar, SAR) TCG_BIN(tcg_rol, ROL) TCG_BIN(tcg_ror, ROR)
#undef TCG_BIN
#define TCG_UN(fn, OPC)                                                                                                 \
    static inline TcgVal fn(TcgBuilder *b, TcgType t, TcgVal x) { return tcg_emit1(b, TCG_OP_##OPC, t, x, 0); }
TCG_UN(tcg_neg, NEG) TCG_UN(tcg_not, NOT) TCG_UN(tcg_clz, CLZ) TCG_UN(tcg_ctz, CTZ) TCG_UN(tcg_popcnt, POPCNT) TCG_UN(tcg_bswap, BSWAP)
#undef TCG_UN
static inline TcgVal tcg_addi(TcgBuilder *b, TcgType t, TcgVal x, int64_t i) { return tcg_add(b, t, x, tcg_const(b, t, (uint64_t)i)); }
static inline TcgVal tcg_sext(TcgBuilder *b, TcgType t, TcgVal x, unsigned bits) { return tcg_emit1(b, TCG_OP_SEXT, t, x, bits); }
static inline TcgVal tcg_zext(TcgBuilder *b, TcgType t, TcgVal x, unsigned bits) { return tcg_emit1(b, TCG_OP_ZEXT, t, x, bits); }
static inline TcgVal tcg_exts(TcgBuilder *b, TcgVal x) { return tcg_emit1(b, TCG_OP_EXTS, TCG_I64, x, 0); }
static inline TcgVal tcg_extu(TcgBuilder *b, TcgVal x) { return tcg_emit1(b, TCG_OP_EXTU, TCG_I64, x, 0); }
static inline TcgVal tcg_trunc(TcgBuilder *b, TcgVal x) { return tcg_emit1(b, TCG_OP_TRUNC, TCG_I32, x, 0); }
TcgVal tcg_setcond(TcgBuilder *b, TcgCond cond, TcgType cmp_type, TcgVal x, TcgVal y); /* i64 0/1 */
TcgVal tcg_select(TcgBuilder *b, TcgType type, TcgCond cond, TcgType cmp_type, TcgVal x, TcgVal y, TcgVal if_true, TcgVal if_false);
TcgVal tcg_bitcast(TcgBuilder *b, TcgType to, TcgVal v);

/* Guest memory */
TcgVal tcg_load(TcgBuilder *b, TcgType type, TcgVal addr, int64_t disp, TcgMem mem);
void tcg_store(TcgBuilder *b, TcgType type, TcgVal addr, int64_t disp, TcgVal v, TcgMem mem);
TcgVal tcg_atomic(TcgBuilder *b, TcgRmw op, TcgType type, TcgVal addr, TcgVal v, TcgMem mem);
TcgVal tcg_cmpxchg(TcgBuilder *b, TcgType type, TcgVal addr, TcgVal expected, TcgVal desired, TcgMem mem);
TcgVal tcg_load_exclusive(TcgBuilder *b, TcgType type, TcgVal addr, TcgMem mem);
TcgVal tcg_store_exclusive(TcgBuilder *b, TcgType type, TcgVal addr, TcgVal v, TcgMem mem);
void tcg_fence(TcgBuilder *b, unsigned kinds);

/* Floating point */
TcgVal tcg_fp2(TcgBuilder *b, TcgOp op, TcgType t, TcgVal x, TcgVal y, TcgFp fp);
TcgVal tcg_fsqrt(TcgBuilder *b, TcgType t, TcgVal x, TcgFp fp);
TcgVal tcg_fma(TcgBuilder *b, TcgType t, TcgVal x, TcgVal y, TcgVal z, unsigned neg, TcgFp fp);
TcgVal tcg_fcmp(TcgBuilder *b, TcgCond cond, bool signalling, TcgType t, TcgVal x, TcgVal y);
TcgVal tcg_ftof(TcgBuilder *b, TcgType to, TcgType from, TcgVal x, TcgFp fp);
TcgVal tcg_ftoi(TcgBuilder *b, TcgType to, bool is_unsigned, TcgType from, TcgVal x, TcgFp fp);
TcgVal tcg_itof(TcgBuilder *b, TcgType to, TcgType from, bool is_unsigned, TcgVal x, TcgFp fp);

/* Flags */
TcgVal tcg_flags(TcgBuilder *b, TcgFlagsKind kind, TcgType t, TcgVal x, TcgVal y, TcgVal carry);
TcgVal tcg_flagtest(TcgBuilder *b, TcgFlagCond cond, TcgVal flags);
void tcg_branch_flags(TcgBuilder *b, TcgFlagCond cond, TcgVal flags, uint64_t pc);

/* Helpers: unused arguments are TCG_NONE */
TcgVal tcg_call(TcgBuilder *b, const TcgHelper *h, TcgVal a0, TcgVal a1, TcgVal a2, TcgVal a3);

/* Control flow between guest instructions */
void tcg_branch(TcgBuilder *b, TcgCond cond, TcgType cmp_type, TcgVal x, TcgVal y, uint64_t pc); /* else falls through */
void tcg_goto(TcgBuilder *b, uint64_t pc, TcgEdge edge, uint64_t return_pc);   /* return_pc: only for TCG_EDGE_CALL */
void tcg_goto_indirect(TcgBuilder *b, TcgVal pc, TcgEdge edge, uint64_t return_pc);
/* Back to the dispatcher with the PC slot set to @pc (UINT64_MAX: what was put or what a helper stored). */
void tcg_exit(TcgBuilder *b, TcgReason reason, uint64_t pc);

/* Control flow within one guest instruction: forward labels only */
typedef uint32_t TcgLabel;
TcgLabel tcg_label_new(TcgBuilder *b);
void tcg_label_branch(TcgBuilder *b, TcgLabel l, TcgCond cond, TcgType cmp_type, TcgVal x, TcgVal y); /* starts a new block after it */
void tcg_label_goto(TcgBuilder *b, TcgLabel l);
void tcg_label_bind(TcgBuilder *b, TcgLabel l);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Instruction rows: the one place where an instruction is declared. From a row derive decoding, the class for the region
 * former, translation, disassembly of what has no better source, and random samples for tests.
 *
 * The pattern is written as the manual heads its instruction pages (SDM 2A 3.1.1.1), blanks between parts:
 *     legacy   [NP|66|F3|F2] [REX.W|W0] [0F|0F38|0F3A] OP [/r|/0../7|+r] [mod=m|mod=3] ...
 *     VEX      VEX.{128|256|LIG|LZ|any}.{NP|66|F3|F2}.{0F|0F38|0F3A}.{W0|W1|WIG} OP [/r|/0../7] [mod=m|mod=3]
 * where OP is two hexadecimal digits, a second byte pair after OP ("D9 E8") is a fixed ModRM byte. Without a mandatory prefix in the pattern,
 * 66 is operand size and F2/F3 are repeat prefixes; NP means none of the three may stand there. A pattern with a prefix wins over
 * one without. NFx means that F2 and F3 may not stand there (66 may). `+r` stands for eight opcodes; "C0+i" for eight ModRM bytes.
 * A row whose feature is missing is as if it were not there.
 *
 * Operands are written as in the manual's opcode map (SDM 2D, appendix A.2), up to four, comma separated:
 *     E general register or memory by ModRM.rm; G general register by ModRM.reg; R register only (mod=3); M memory only; B general register by VEX.vvvv
 *     W vector register or memory by rm; V vector register by reg; H vector register by VEX.vvvv (legacy SSE: same as V); U vector register by rm only;
 *     L vector register by imm8[7:4]; P MMX register by reg; Q MMX register or memory by rm; N MMX register by rm;
 *     S segment register by reg; C, D control and debug registers; I immediate; J relative target; O offset without ModRM; A far pointer;
 *     Z general register in the opcode (+r); X DS:rSI, Y ES:rDI (only described);
 *     AL, AX.. as eAX/rAX: "rAX" (operand size), "AL", "CL", "DX", "1" fixed ones
 * with sizes: b 8, w 16, d 32, q 64, v operand size 16/32/64, z 16/32 (immediates of v instructions), y 32/64 (by REX.W), dq 128, x 128/256 by VEX.L, ps pd ss sd as their widths,
 *     p far pointer, a bound pair, t 80 bit. An immediate is sign-extended to the operand size ("Ibs" marks Ib that is); else zero-extended.
 *
 * Groups of rows are listed in x86_row_groups and compiled on first use into tables that never change afterwards.
 */
#ifndef X86_INSN_H
#define X86_INSN_H

#include "x86-cpu.h"

typedef struct X86Insn X86Insn;
typedef void X86Emit(X86Insn *d);

enum {
    X86_ROW_I64 = 1 << 0,     /* #UD in 64-bit mode */
    X86_ROW_O64 = 1 << 1,     /* #UD outside 64-bit mode */
    X86_ROW_D64 = 1 << 2,     /* operand size is 64 in 64-bit mode (66: 16) */
    X86_ROW_F64 = 1 << 3,     /* operand size is 64 in 64-bit mode, whatever the prefixes */
    X86_ROW_LOCK = 1 << 4,    /* LOCK is allowed where the destination is memory */
    X86_ROW_PROT = 1 << 5,    /* #UD in real and virtual-8086 mode */
    X86_ROW_CPL0 = 1 << 6,    /* #GP(0) unless CPL is 0 */
    X86_ROW_X87 = 1 << 7,     /* #NM where EM or TS */
    X86_ROW_MMX = 1 << 8,     /* #UD where EM, #NM where TS */
    X86_ROW_SSE = 1 << 9,     /* #UD where EM or not OSFXSR, #NM where TS; VEX patterns: #UD where not X86_RF_AVX, #NM where TS */
    X86_ROW_FP = 1 << 10,     /* computes: where X86_RF_SSE_TRAPS emit must check for #XM (x86_emit_fp_check) */
    X86_ROW_IOPL = 1 << 11,   /* #GP(0) unless X86_RF_IOPL (CLI, STI; IN, OUT have their own rule) */
    X86_ROW_REP = 1 << 12,    /* F3/F2 repeat it: string instruction */
    X86_ROW_NO_VEX_VVVV = 1 << 13, /* VEX.vvvv must be 1111 */
    X86_ROW_AVX_ALIGN = 1 << 14,   /* memory operand must be aligned to its size: #GP(0) (also legacy SSE "aligned" moves) */
    X86_ROW_SSE_ALIGN = 1 << 15,   /* legacy SSE form: 16-byte memory operand must be aligned, #GP(0) */
    X86_ROW_ENDS = 1 << 16,   /* mode flags or interrupts may have changed: leaves the region behind it; decode says SCAN_STOP */
};

typedef struct X86Row {
    const char *name;      /* "add", lower case as the manual's */
    const char *pattern;
    const char *operands;  /* "Ev,Gv"; NULL or "": none */
    X86Emit *emit;
    uint32_t arg;          /* for emit: which operation */
    uint32_t flags;        /* X86_ROW_* */
    uint16_t feature;      /* X86_FEAT_* + 1; 0: every CPU */
    uint8_t scan;          /* ScanKind; 0 is SCAN_NEXT */
} X86Row;
#define X86_NEEDS(feat) .feature = (X86_FEAT_##feat) + 1
typedef struct X86RowGroup {
    const X86Row *rows;
    unsigned count;
} X86RowGroup;
#define X86_GROUP(rows_) {rows_, sizeof(rows_) / sizeof((rows_)[0])}
extern const X86RowGroup *const x86_row_groups[]; /* ended by NULL; in decode-table.c */
/* alu, data movement, shifts, strings, control flow, bit manipulation (BMI), system, x87, MMX, SSE, AVX, AES/SHA/CLMUL */
extern const X86RowGroup x86_rows_alu, x86_rows_muldiv, x86_rows_move, x86_rows_shift, x86_rows_string, x86_rows_flow, x86_rows_bits, x86_rows_system,
    x86_rows_segment, x86_rows_x87, x86_rows_mmx, x86_rows_mxcsr, x86_rows_vmove, x86_rows_sse, x86_rows_sse_int, x86_rows_avx, x86_rows_avx_int, x86_rows_crypto, x86_rows_xsave;

/* One operand, decoded. */
typedef enum X86OpKind { X86_OP_NONE, X86_OP_GPR, X86_OP_GPR_HIGH, X86_OP_MEM, X86_OP_IMM, X86_OP_REL, X86_OP_VEC, X86_OP_MMX, X86_OP_SEG, X86_OP_CR, X86_OP_DR, X86_OP_FAR } X86OpKind;
typedef struct X86Operand {
    uint8_t kind;  /* X86OpKind; GPR_HIGH: AH, CH, DH, BH as reg 0-3 */
    uint8_t reg;
    uint8_t bytes; /* 1, 2, 4, 8, 10, 16, 32 */
    int64_t imm;   /* IMM, sign- or zero-extended; REL: displacement; FAR: offset, selector in X86Insn.selector */
} X86Operand;

struct X86Insn {
    const X86Row *row;       /* NULL: #UD */
    uint8_t len;
    uint8_t opsize, addrsize;/* bytes: 2, 4, 8 */
    uint8_t map, opcode, modrm; /* map: 1 one-byte, 2 0F, 3 0F38, 4 0F3A (VEX numbering + 1) */
    uint8_t mod, reg, rm;    /* reg and rm with REX/VEX extension bits */
    bool has_modrm, rex, rex_w, vex, vex_l, lock, rep, repne, opsize_prefix;
    uint8_t vvvv;
    int8_t seg;              /* effective segment of the memory operand (override or default), X86_ES.. */
    bool seg_override;
    int8_t base, index;      /* registers of the memory operand, -1: none; base -2: RIP-relative (disp is then the linear target already) */
    uint8_t scale;           /* log2 */
    int64_t disp;
    uint16_t selector;
    X86Operand op[4];
    unsigned op_count;
    uint8_t sib_index;       /* SIB.index with its extension bit, 4 included: for VSIB */
    uint8_t is4;             /* imm8 of an L operand */

    uint64_t pc, flags;      /* linear address; region flags */
    TcgBuilder *b;

    /* while translating */
    TcgVal address;          /* of the memory operand, once x86_read_op() or x86_write_op() needed it; TCG_NONE: not yet */
    int64_t address_disp;
    TcgVal sp;               /* not TCG_NONE: what addresses use in place of rSP (POP to memory); i64 */
};
enum { X86_MAX_INSN_LEN = 15 };

/* --- decode.c --- */
/*
 * Decodes one instruction; false where more than @avail bytes are needed (at most 15 are looked at). Illegal code: true, row NULL, len what was looked at.
 * Checks mode, feature, LOCK and VEX rules, not CR0/CR4/CPL ones (those are x86_translate()'s, in the manual's order).
 */
bool x86_decode(X86Insn *d, const uint8_t *code, size_t avail, uint64_t pc, uint64_t flags);
unsigned x86_row_count(void);
const X86Row *x86_row(unsigned i);
unsigned x86_bad_row_count(void); /* rows whose pattern or operands cannot be read: left out, with a warning */

/* --- translate.c --- */
void x86_scan(const uint8_t *code, size_t avail, uint64_t pc, uint64_t flags, ScanInfo *info);
void x86_translate(TcgBuilder *b, const uint8_t *code, uint64_t pc, uint64_t flags);
void x86_disassemble(const uint8_t *code, size_t avail, uint64_t pc, uint64_t flags, char *text, size_t size);
unsigned x86_fetch_mode(uint64_t flags);

/* --- what every emit function uses: emit.c --- */
static inline bool x86_is64(const X86Insn *d) { return d->flags & X86_RF_CS64; }
static inline uint64_t x86_next_pc(const X86Insn *d) /* linear */
{
    uint64_t pc = d->pc + d->len;
    return x86_is64(d) ? pc : (uint32_t)pc;
}
static inline uint64_t x86_next_eip(const X86Insn *d)
{
    uint64_t eip = x86_next_pc(d) - x86_rf_cs_base(d->flags);
    return x86_is64(d) ? eip : (uint32_t)eip;
}
static inline TcgVal x86_const(X86Insn *d, uint64_t v) { return tcg_const(d->b, TCG_I64, v); }
TcgType x86_type(unsigned bytes);                 /* 8: i64, else i32 */
/* Registers: values are i64 for 8 bytes, i32 (zero-extended narrower ones) else. Writing 4 bytes clears the upper half; 1 and 2 keep the rest. */
TcgVal x86_get_gpr(X86Insn *d, unsigned reg, unsigned bytes);
TcgVal x86_get_gpr_high(X86Insn *d, unsigned reg); /* AH.. */
void x86_put_gpr(X86Insn *d, unsigned reg, unsigned bytes, TcgVal v);
/* Linear address of the memory operand: segment base added and limit checked for an access of @bytes, address size applied. Displacement left for the access in *disp. */
TcgVal x86_linear(X86Insn *d, unsigned bytes, bool write, int64_t *disp);
TcgVal x86_offset(X86Insn *d);                    /* effective address without the segment (LEA), i64, address size applied */
/* Any offset (i64, below 2^32 outside 64-bit mode) in segment @seg to a linear address, checked. */
TcgVal x86_seg_linear(X86Insn *d, unsigned seg, TcgVal offset, unsigned bytes, bool write);
TcgMem x86_mem(const X86Insn *d, unsigned bytes); /* descriptor of an unsigned access in the current mode */
TcgVal x86_read_op(X86Insn *d, unsigned n);       /* operand n as integer value of its size: register, memory or immediate */
void x86_write_op(X86Insn *d, unsigned n, TcgVal v); /* memory: at the address computed by x86_linear; read-modify-write is safe: reading probed for writing */
/* Vector operands: 16-byte values are v128. */
TcgVal x86_get_xmm(X86Insn *d, unsigned reg);
void x86_put_xmm(X86Insn *d, unsigned reg, TcgVal v);  /* keeps the upper half: legacy SSE */
TcgVal x86_get_ymmh(X86Insn *d, unsigned reg);
void x86_put_ymmh(X86Insn *d, unsigned reg, TcgVal v);
void x86_zero_ymmh(X86Insn *d, unsigned reg);          /* VEX.128 */
/* Loads operand n (kind VEC or MEM) as low and, for 32-byte operands, high half; alignment rule by the row's flags. @hi may be NULL for 16 bytes. */
TcgVal x86_read_vec(X86Insn *d, unsigned n, TcgVal *hi);
/* Stores to operand n or puts the register; @hi TCG_NONE for 16 bytes: legacy SSE keeps the upper half of a register, VEX clears it. */
void x86_write_vec(X86Insn *d, unsigned n, TcgVal lo, TcgVal hi);
/* Computes and keeps (d->address, d->address_disp) the address of memory operand n, checked by the row's alignment flags. */
void x86_vec_address(X86Insn *d, unsigned n, bool write);
TcgVal x86_read_scalar(X86Insn *d, unsigned n, TcgType t); /* f32/f64/i32/i64 from the low lane of a register, or from memory */
/* Flags: status flags become `kind` of the operands (values of the operation's type; narrow ones shifted up as TcgLazyFlags says). */
void x86_put_flags(X86Insn *d, TcgFlagsKind kind, unsigned bytes, TcgVal a, TcgVal c, TcgVal carry);
TcgVal x86_get_flags(X86Insn *d);                 /* the flags value */
TcgVal x86_get_flags_packed(X86Insn *d);          /* i64: the six status bits at their places */
void x86_put_flags_packed(X86Insn *d, TcgVal bits);
TcgVal x86_get_carry(X86Insn *d);                 /* i64, 0 or 1 */
TcgFlagCond x86_cond(const X86Insn *d);           /* low four bits of the opcode */
static inline unsigned x86_stack_bytes(const X86Insn *d) { return x86_is64(d) ? 8 : d->flags & X86_RF_SS32 ? 4 : 2; }
/* Operand 0 is read, changed and written: @n as x86_read_op(), limits and pages are checked for writing. */
TcgVal x86_read_op_rmw(X86Insn *d, unsigned n);
/* Exceptions at this instruction. */
void x86_emit_raise(X86Insn *d, X86Exception vector);
void x86_emit_raise_error(X86Insn *d, X86Exception vector, uint32_t error_code);
/* Raises where cond(a, b). Must stand before any put of the instruction. */
void x86_emit_raise_if(X86Insn *d, X86Exception vector, bool has_error, TcgCond cond, TcgType t, TcgVal a, TcgVal c);
/* Where X86_RF_SSE_TRAPS: raises #XM (or #UD without OSXMMEXCPT) if the operations before left an unmasked exception flag; before the results are put. */
void x86_emit_fp_check(X86Insn *d);
/*
 * Leaves to the dispatcher, which looks at flags and interrupts, and goes on behind this instruction / at the pc that was put or stored.
 * Every end of an instruction's control flow goes through these or x86_emit_jump*(), which know about single-stepping (X86_RF_TF: the
 * dispatcher gets X86_REASON_STEP and raises the trap).
 */
static inline TcgReason x86_leave_reason(const X86Insn *d) { return d->flags & X86_RF_TF ? (TcgReason)X86_REASON_STEP : TCG_REASON_NONE; }
static inline void x86_emit_leave(X86Insn *d) { tcg_exit(d->b, x86_leave_reason(d), x86_next_pc(d)); }
static inline void x86_emit_leave_pc(X86Insn *d) { tcg_exit(d->b, x86_leave_reason(d), UINT64_MAX); }
/* Near jumps to a linear address; the indirect one's is an EIP (i64, zero-extended), to which CS.base is added. */
void x86_emit_jump(X86Insn *d, uint64_t linear, TcgEdge edge);
void x86_emit_jump_indirect(X86Insn *d, TcgVal eip, TcgEdge edge);
uint64_t x86_target_pc(const X86Insn *d); /* linear target of the REL operand, which is operand 0 */
/* The stack: @bytes 2, 4, 8. push computes and stores, then changes rSP; pop returns the value and what rSP becomes in *new_sp, to be put by x86_put_sp(). */
void x86_emit_push(X86Insn *d, unsigned bytes, TcgVal v);
TcgVal x86_emit_pop(X86Insn *d, unsigned bytes, TcgVal *new_sp);
void x86_put_sp(X86Insn *d, TcgVal sp);

#endif

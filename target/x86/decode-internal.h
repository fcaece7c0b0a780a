/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compiled instruction rows: what decode-table.c makes of the patterns and decode.c looks up. Constant once built.
 */
#ifndef X86_DECODE_INTERNAL_H
#define X86_DECODE_INTERNAL_H

#include "insn.h"

/* What a pattern asks of an instruction, as one word: (key & mask) == match. */
enum {
    X86_KEY_MODRM = 0xff,
    X86_KEY_PREFIX_SHIFT = 8,   /* 2 bits: X86_PREFIX_* */
    X86_KEY_W = 1 << 10,
    X86_KEY_L = 1 << 11,
    X86_KEY_64 = 1 << 12,       /* 64-bit mode */
    X86_KEY_REPS = 1 << 13,     /* F2 or F3 stands there */
    X86_KEY_66 = 1 << 14,       /* 66 stands there */
};
enum { X86_PREFIX_NONE, X86_PREFIX_66, X86_PREFIX_F3, X86_PREFIX_F2 };

typedef enum X86OperandCode {
    X86_OC_NONE,
    X86_OC_E,
    X86_OC_G,
    X86_OC_R,
    X86_OC_M,
    X86_OC_B,
    X86_OC_W,
    X86_OC_V,
    X86_OC_H,
    X86_OC_U,
    X86_OC_L,
    X86_OC_P,
    X86_OC_Q,
    X86_OC_N,
    X86_OC_S,
    X86_OC_C,
    X86_OC_D,
    X86_OC_I,
    X86_OC_J,
    X86_OC_O,
    X86_OC_A,
    X86_OC_Z,
    X86_OC_X,
    X86_OC_Y,
    X86_OC_FIXED_GPR, /* `fixed` */
    X86_OC_FIXED_SEG,
    X86_OC_ONE,
    X86_OC_DESCRIBED, /* ST, ST(i): nothing to decode */
} X86OperandCode;

typedef enum X86SizeCode {
    X86_SZ_NONE,
    X86_SZ_B,
    X86_SZ_BS,
    X86_SZ_W,
    X86_SZ_D,
    X86_SZ_Q,
    X86_SZ_V,
    X86_SZ_Z,
    X86_SZ_Y,
    X86_SZ_DQ,
    X86_SZ_QQ,
    X86_SZ_X,
    X86_SZ_P,
    X86_SZ_A,
    X86_SZ_T,
    X86_SZ_S,
    X86_SZ_NATIVE, /* 8 in 64-bit mode, else 4 */
} X86SizeCode;

typedef struct X86CompiledOperand {
    uint8_t code, size, fixed;
} X86CompiledOperand;

typedef struct X86CompiledRow {
    const X86Row *row;
    uint32_t mask, match;
    uint8_t map, opcode; /* map as X86Insn.map */
    bool vex, plus_r, modrm, vvvv_free, /* vvvv_free: no operand in VEX.vvvv, which must then be 1111 */
        mandatory,    /* the pattern has 66, F3 or F2 of its own */
        no_opsize;    /* 66 is not operand size */
    uint8_t op_count;
    X86CompiledOperand op[4];
} X86CompiledRow;

/* Rows of one opcode: candidates [first, first + count) of the list, most specific first. */
typedef struct X86Bucket {
    uint16_t first;
    uint8_t count;
    bool modrm;
    uint16_t split; /* not 0: number of a table of X86_SPLIT_SIZE buckets by ModRM */
} X86Bucket;

enum { X86_SPACES = 7, X86_SPLIT_SIZE = 72 }; /* legacy maps 1-4, VEX maps 2-4 */
static inline unsigned x86_space(unsigned map, bool vex) { return vex ? map + 2 : map - 1; }
static inline unsigned x86_split_index(unsigned modrm) { return modrm >= 0xc0 ? 8 + (modrm & 63) : modrm >> 3 & 7; }

typedef struct X86DecodeTables {
    X86CompiledRow *rows;
    unsigned row_count, bad_rows;
    X86Bucket opcode[X86_SPACES][256];
    X86Bucket (*split)[X86_SPLIT_SIZE];
    uint16_t *list;
} X86DecodeTables;

const X86DecodeTables *x86_decode_tables(void); /* compiled on first use */
extern const X86Row x86_row_too_long; /* more than 15 bytes: #GP(0) */

#endif

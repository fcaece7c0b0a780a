/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bit manipulation, Zba, Zbb, Zbc, Zbs (unprivileged manual, chapter 28), and Zicond. Carry-less products are helpers;
 * everything else is a few TinyCode operations.
 */
#include "helper.h"
#include "insn.h"
#include "rows.h"

static bool is_word(const RvInsn *d) { return d->rv32 || (d->row->arg & RV_WORD); }

/* ---- Zba: low arg: shift; RV_WORD: rs1 is zero-extended from 32 bits ---- */

static void emit_shift_add(RvInsn *d)
{
    unsigned shift = d->row->arg & 3;
    if (d->rv32) {
        TcgVal a = tcg_shl(d->b, TCG_I32, rv_get32(d, d->rs1), tcg_const(d->b, TCG_I32, shift));
        rv_put32(d, d->rd, tcg_add(d->b, TCG_I32, a, rv_get32(d, d->rs2)));
        return;
    }
    TcgVal a = d->row->arg & RV_WORD ? tcg_extu(d->b, rv_get32(d, d->rs1)) : rv_get(d, d->rs1);
    a = tcg_shl(d->b, TCG_I64, a, rv_const(d, shift));
    rv_put(d, d->rd, tcg_add(d->b, TCG_I64, a, rv_get(d, d->rs2)));
}

static void emit_slli_uw(RvInsn *d)
{
    rv_put(d, d->rd, tcg_shl(d->b, TCG_I64, tcg_extu(d->b, rv_get32(d, d->rs1)), rv_const(d, (uint64_t)d->imm)));
}

/* ---- Zbb ---- */

/* low arg: AND, OR or XOR with the complement of rs2 */
static void emit_with_not(RvInsn *d)
{
    TcgVal a = rv_get(d, d->rs1), b = rv_get(d, d->rs2);
    TcgOp op = (TcgOp)(d->row->arg & 0xff);
    rv_put(d, d->rd, op == TCG_OP_AND ? tcg_andn(d->b, TCG_I64, a, b) : tcg_emit2(d->b, op, TCG_I64, a, tcg_not(d->b, TCG_I64, b)));
}

/* clz, ctz, cpop: low arg is the operation */
static void emit_count(RvInsn *d)
{
    TcgOp op = (TcgOp)(d->row->arg & 0xff);
    if (is_word(d)) {
        rv_put(d, d->rd, tcg_extu(d->b, tcg_emit1(d->b, op, TCG_I32, rv_get32(d, d->rs1), 0)));
    } else {
        rv_put(d, d->rd, tcg_emit1(d->b, op, TCG_I64, rv_get(d, d->rs1), 0));
    }
}

/* min, max, ...: arg is the condition under which rs1 is the result */
static void emit_minmax(RvInsn *d)
{
    TcgVal a = rv_get(d, d->rs1), b = rv_get(d, d->rs2);
    rv_put(d, d->rd, tcg_select(d->b, TCG_I64, (TcgCond)d->row->arg, TCG_I64, a, b, a, b));
}

static void emit_sext(RvInsn *d) { rv_put(d, d->rd, tcg_sext(d->b, TCG_I64, rv_get(d, d->rs1), d->row->arg)); }
static void emit_zext_h(RvInsn *d) { rv_put(d, d->rd, tcg_zext(d->b, TCG_I64, rv_get(d, d->rs1), 16)); }

static void emit_rev8(RvInsn *d)
{
    if (d->rv32) {
        rv_put32(d, d->rd, tcg_bswap(d->b, TCG_I32, rv_get32(d, d->rs1)));
    } else {
        rv_put(d, d->rd, tcg_bswap(d->b, TCG_I64, rv_get(d, d->rs1)));
    }
}

/* Each byte becomes all ones where it is not zero: its top bit is found by a carry, then spread. */
static void emit_orc_b(RvInsn *d)
{
    TcgVal x = rv_get(d, d->rs1);
    TcgVal low = rv_const(d, 0x7f7f7f7f7f7f7f7f);
    TcgVal top = tcg_add(d->b, TCG_I64, tcg_and(d->b, TCG_I64, x, low), low);
    top = tcg_and(d->b, TCG_I64, tcg_or(d->b, TCG_I64, top, x), rv_const(d, 0x8080808080808080));
    TcgVal spread = tcg_sub(d->b, TCG_I64, top, tcg_shr(d->b, TCG_I64, top, rv_const(d, 7)));
    TcgVal v = tcg_or(d->b, TCG_I64, spread, top);
    rv_put(d, d->rd, d->rv32 ? tcg_exts(d->b, tcg_trunc(d->b, v)) : v);
}

/* ---- Zbs: low arg: 0 clear, 1 extract, 2 invert, 3 set; 4: immediate ---- */

static void emit_single_bit(RvInsn *d)
{
    TcgType t = d->rv32 ? TCG_I32 : TCG_I64;
    TcgVal x = d->rv32 ? rv_get32(d, d->rs1) : rv_get(d, d->rs1);
    TcgVal n = d->row->arg & 4 ? tcg_const(d->b, t, (uint64_t)d->imm) : d->rv32 ? rv_get32(d, d->rs2) : rv_get(d, d->rs2);
    TcgVal bit = TCG_NONE, v;
    if ((d->row->arg & 3) != 1) {
        bit = tcg_shl(d->b, t, tcg_const(d->b, t, 1), n);
    }
    switch (d->row->arg & 3) {
    case 0: v = tcg_andn(d->b, t, x, bit); break;
    case 1: v = tcg_and(d->b, t, tcg_shr(d->b, t, x, n), tcg_const(d->b, t, 1)); break;
    case 2: v = tcg_xor(d->b, t, x, bit); break;
    default: v = tcg_or(d->b, t, x, bit); break;
    }
    if (d->rv32) {
        rv_put32(d, d->rd, v);
    } else {
        rv_put(d, d->rd, v);
    }
}

/* ---- Zbc: arg: 0 clmul, 1 clmulh, 2 clmulr ---- */

static void emit_clmul(RvInsn *d)
{
    static const TcgHelper *const helpers[] = {&riscv_helper_clmul, &riscv_helper_clmulh, &riscv_helper_clmulr};
    if (!d->rv32) {
        rv_put(d, d->rd, tcg_call(d->b, helpers[d->row->arg], rv_get(d, d->rs1), rv_get(d, d->rs2), TCG_NONE, TCG_NONE));
        return;
    }
    /* The 64-bit product of 32-bit operands holds all three results. */
    TcgVal a = tcg_extu(d->b, rv_get32(d, d->rs1)), b = tcg_extu(d->b, rv_get32(d, d->rs2));
    TcgVal v = tcg_call(d->b, &riscv_helper_clmul, a, b, TCG_NONE, TCG_NONE);
    static const uint8_t down[] = {0, 32, 31};
    rv_put32(d, d->rd, tcg_trunc(d->b, tcg_shr(d->b, TCG_I64, v, rv_const(d, down[d->row->arg]))));
}

/* ---- Zicond: arg: the condition on rs2 under which rs1 is kept ---- */

static void emit_czero(RvInsn *d)
{
    TcgVal zero = rv_const(d, 0);
    rv_put(d, d->rd, tcg_select(d->b, TCG_I64, (TcgCond)d->row->arg, TCG_I64, rv_get(d, d->rs2), zero, rv_get(d, d->rs1), zero));
}

/* What Zbkb and Zbkc share with Zbb and Zbc is there for either. */
#define ALT_ZBA 0
#define ALT_ZBB 0
#define ALT_ZBC 0
#define ALT_ZBS 0
#define ALT_ZICOND 0
#define ALT_ZBB_ZBKB RISCV_EXT_ZBKB
#define ALT_ZBC_ZBKC RISCV_EXT_ZBKC
#define RISCV_EXT_ZBB_ZBKB RISCV_EXT_ZBB
#define RISCV_EXT_ZBC_ZBKC RISCV_EXT_ZBC
#define ROW(name_, pattern_, format_, emit_, arg_, ext_, xlen_)                                                        \
    {.name = name_, .pattern = pattern_, .format = format_, .emit = emit_, .arg = (arg_), .ext = RISCV_EXT_##ext_,     \
     .alt = ALT_##ext_, .xlen = xlen_, .scan = SCAN_NEXT}
#define RRR(name_, funct7_, funct3_, opcode_, emit_, arg_, ext_, xlen_)                                                \
    ROW(name_, funct7_ " rs2 rs1 " funct3_ " rd " opcode_, "rd, rs1, rs2", emit_, arg_, ext_, xlen_)
#define UNARY(name_, top_, funct3_, opcode_, emit_, arg_, ext_, xlen_)                                                 \
    ROW(name_, top_ " rs1 " funct3_ " rd " opcode_, "rd, rs1", emit_, arg_, ext_, xlen_)
#define SHIFT(name_, funct7_, funct3_, emit_, arg_, ext_)                                                              \
    ROW(name_, funct7_ "0 shamt[4:0] rs1 " funct3_ " rd 0010011", "rd, rs1, imm", emit_, arg_, ext_, RV_32),           \
    ROW(name_, funct7_ " shamt[5:0] rs1 " funct3_ " rd 0010011", "rd, rs1, imm", emit_, arg_, ext_, RV_64)

static const RvRow rows[] = {
    RRR("sh1add", "0010000", "010", "0110011", emit_shift_add, 1, ZBA, RV_BOTH),
    RRR("sh2add", "0010000", "100", "0110011", emit_shift_add, 2, ZBA, RV_BOTH),
    RRR("sh3add", "0010000", "110", "0110011", emit_shift_add, 3, ZBA, RV_BOTH),
    RRR("add.uw", "0000100", "000", "0111011", emit_shift_add, 0 | RV_WORD, ZBA, RV_64),
    RRR("sh1add.uw", "0010000", "010", "0111011", emit_shift_add, 1 | RV_WORD, ZBA, RV_64),
    RRR("sh2add.uw", "0010000", "100", "0111011", emit_shift_add, 2 | RV_WORD, ZBA, RV_64),
    RRR("sh3add.uw", "0010000", "110", "0111011", emit_shift_add, 3 | RV_WORD, ZBA, RV_64),
    ROW("slli.uw", "000010 shamt[5:0] rs1 001 rd 0011011", "rd, rs1, imm", emit_slli_uw, 0, ZBA, RV_64),

    RRR("andn", "0100000", "111", "0110011", emit_with_not, TCG_OP_AND, ZBB_ZBKB, RV_BOTH),
    RRR("orn", "0100000", "110", "0110011", emit_with_not, TCG_OP_OR, ZBB_ZBKB, RV_BOTH),
    RRR("xnor", "0100000", "100", "0110011", emit_with_not, TCG_OP_XOR, ZBB_ZBKB, RV_BOTH),
    UNARY("clz", "0110000 00000", "001", "0010011", emit_count, TCG_OP_CLZ, ZBB, RV_BOTH),
    UNARY("ctz", "0110000 00001", "001", "0010011", emit_count, TCG_OP_CTZ, ZBB, RV_BOTH),
    UNARY("cpop", "0110000 00010", "001", "0010011", emit_count, TCG_OP_POPCNT, ZBB, RV_BOTH),
    UNARY("clzw", "0110000 00000", "001", "0011011", emit_count, TCG_OP_CLZ | RV_WORD, ZBB, RV_64),
    UNARY("ctzw", "0110000 00001", "001", "0011011", emit_count, TCG_OP_CTZ | RV_WORD, ZBB, RV_64),
    UNARY("cpopw", "0110000 00010", "001", "0011011", emit_count, TCG_OP_POPCNT | RV_WORD, ZBB, RV_64),
    UNARY("sext.b", "0110000 00100", "001", "0010011", emit_sext, 8, ZBB, RV_BOTH),
    UNARY("sext.h", "0110000 00101", "001", "0010011", emit_sext, 16, ZBB, RV_BOTH),
    UNARY("zext.h", "0000100 00000", "100", "0110011", emit_zext_h, 0, ZBB_ZBKB, RV_32),
    UNARY("zext.h", "0000100 00000", "100", "0111011", emit_zext_h, 0, ZBB_ZBKB, RV_64),
    UNARY("rev8", "0110100 11000", "101", "0010011", emit_rev8, 0, ZBB_ZBKB, RV_32),
    UNARY("rev8", "0110101 11000", "101", "0010011", emit_rev8, 0, ZBB_ZBKB, RV_64),
    UNARY("orc.b", "0010100 00111", "101", "0010011", emit_orc_b, 0, ZBB, RV_BOTH),
    RRR("min", "0000101", "100", "0110011", emit_minmax, TCG_COND_LT, ZBB, RV_BOTH),
    RRR("minu", "0000101", "101", "0110011", emit_minmax, TCG_COND_LTU, ZBB, RV_BOTH),
    RRR("max", "0000101", "110", "0110011", emit_minmax, TCG_COND_GT, ZBB, RV_BOTH),
    RRR("maxu", "0000101", "111", "0110011", emit_minmax, TCG_COND_GTU, ZBB, RV_BOTH),
    RRR("rol", "0110000", "001", "0110011", rv_emit_alu, TCG_OP_ROL, ZBB_ZBKB, RV_BOTH),
    RRR("ror", "0110000", "101", "0110011", rv_emit_alu, TCG_OP_ROR, ZBB_ZBKB, RV_BOTH),
    RRR("rolw", "0110000", "001", "0111011", rv_emit_alu, TCG_OP_ROL | RV_WORD, ZBB_ZBKB, RV_64),
    RRR("rorw", "0110000", "101", "0111011", rv_emit_alu, TCG_OP_ROR | RV_WORD, ZBB_ZBKB, RV_64),
    SHIFT("rori", "011000", "101", rv_emit_alu_imm, TCG_OP_ROR, ZBB_ZBKB),
    ROW("roriw", "0110000 shamt[4:0] rs1 101 rd 0011011", "rd, rs1, imm", rv_emit_alu_imm, TCG_OP_ROR | RV_WORD, ZBB_ZBKB, RV_64),

    RRR("clmul", "0000101", "001", "0110011", emit_clmul, 0, ZBC_ZBKC, RV_BOTH),
    RRR("clmulh", "0000101", "011", "0110011", emit_clmul, 1, ZBC_ZBKC, RV_BOTH),
    RRR("clmulr", "0000101", "010", "0110011", emit_clmul, 2, ZBC, RV_BOTH),

    RRR("bclr", "0100100", "001", "0110011", emit_single_bit, 0, ZBS, RV_BOTH),
    RRR("bext", "0100100", "101", "0110011", emit_single_bit, 1, ZBS, RV_BOTH),
    RRR("binv", "0110100", "001", "0110011", emit_single_bit, 2, ZBS, RV_BOTH),
    RRR("bset", "0010100", "001", "0110011", emit_single_bit, 3, ZBS, RV_BOTH),
    SHIFT("bclri", "010010", "001", emit_single_bit, 4 | 0, ZBS),
    SHIFT("bexti", "010010", "101", emit_single_bit, 4 | 1, ZBS),
    SHIFT("binvi", "011010", "001", emit_single_bit, 4 | 2, ZBS),
    SHIFT("bseti", "001010", "001", emit_single_bit, 4 | 3, ZBS),

    RRR("czero.eqz", "0000111", "101", "0110011", emit_czero, TCG_COND_NE, ZICOND, RV_BOTH),
    RRR("czero.nez", "0000111", "111", "0110011", emit_czero, TCG_COND_EQ, ZICOND, RV_BOTH),
};
const RvRowGroup riscv_rows_b = RV_GROUP(rows);

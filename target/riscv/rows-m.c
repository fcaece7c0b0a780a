/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Multiplication and division: M (unprivileged manual, chapter 13). TinyCode's division follows RISC-V's rule for zero and
 * overflow, so each is one operation.
 */
#include "insn.h"
#include "rows.h"

#define ROW(name_, funct7_, funct3_, opcode_, arg_, xlen_)                                                             \
    {.name = name_, .pattern = funct7_ " rs2 rs1 " funct3_ " rd " opcode_, .format = "rd, rs1, rs2", .emit = rv_emit_alu, \
     .arg = (arg_), .ext = RISCV_EXT_M, .xlen = xlen_, .scan = SCAN_NEXT}
#define M(name_, funct3_, op_) ROW(name_, "0000001", funct3_, "0110011", TCG_OP_##op_, RV_BOTH)
#define MW(name_, funct3_, op_) ROW(name_, "0000001", funct3_, "0111011", TCG_OP_##op_ | RV_WORD, RV_64)

static const RvRow rows[] = {
    M("mul", "000", MUL),     M("mulh", "001", MULHS), M("mulhsu", "010", MULHSU), M("mulhu", "011", MULHU),
    M("div", "100", DIVS),    M("divu", "101", DIVU),  M("rem", "110", REMS),      M("remu", "111", REMU),
    MW("mulw", "000", MUL),   MW("divw", "100", DIVS), MW("divuw", "101", DIVU),   MW("remw", "110", REMS),
    MW("remuw", "111", REMU),
};
const RvRowGroup riscv_rows_m = RV_GROUP(rows);

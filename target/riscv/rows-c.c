/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compressed instructions: C (unprivileged manual, chapter 27). Each is a row of its own whose fields and implicit registers
 * make it look like the 32-bit instruction that it abbreviates; the semantic functions are those.
 *
 * Encodings that the manual reserves as hints (results to x0, shifts by 0) simply match: they do nothing.
 */
#include "insn.h"
#include "rows.h"

#define ROW(name_, pattern_, format_, emit_, arg_, xlen_, scan_, fixed_, ext2_, fp_)                                   \
    {.name = name_, .pattern = pattern_, .format = format_, .emit = emit_, .arg = (arg_), .ext = RISCV_EXT_C, .ext2 = ext2_, \
     .xlen = xlen_, .scan = scan_, .fixed = fixed_, .fp = fp_}
#define NEXT(name_, pattern_, format_, emit_, arg_, xlen_, fixed_)                                                     \
    ROW(name_, pattern_, format_, emit_, arg_, xlen_, SCAN_NEXT, fixed_, 0, RV_FP_NONE)
#define FLOAD(name_, pattern_, format_, arg_, xlen_, fixed_, ext2_)                                                    \
    ROW(name_, pattern_, format_, rv_emit_fload, arg_, xlen_, SCAN_NEXT, fixed_, ext2_, RV_FP_CHANGES)
#define FSTORE(name_, pattern_, format_, arg_, xlen_, fixed_, ext2_)                                                   \
    ROW(name_, pattern_, format_, rv_emit_fstore, arg_, xlen_, SCAN_NEXT, fixed_, ext2_, RV_FP_USES)

static const RvRow rows[] = {
    /* quadrant 0 */
    NEXT("c.addi4spn", "000 uimm[5:4|9:6|2|3]!=0 rd' 00", "rd, rs1, imm", rv_emit_alu_imm, TCG_OP_ADD, RV_BOTH, "rs1=2"),
    FLOAD("c.fld", "001 uimm[5:3] rs1' uimm[7:6] rd' 00", "frd, imm(rs1)", 3, RV_BOTH, NULL, RISCV_EXT_D),
    NEXT("c.lw", "010 uimm[5:3] rs1' uimm[2|6] rd' 00", "rd, imm(rs1)", rv_emit_load, 2 | RV_SIGNED, RV_BOTH, NULL),
    FLOAD("c.flw", "011 uimm[5:3] rs1' uimm[2|6] rd' 00", "frd, imm(rs1)", 2, RV_32, NULL, RISCV_EXT_F),
    NEXT("c.ld", "011 uimm[5:3] rs1' uimm[7:6] rd' 00", "rd, imm(rs1)", rv_emit_load, 3 | RV_SIGNED, RV_64, NULL),
    FSTORE("c.fsd", "101 uimm[5:3] rs1' uimm[7:6] rs2' 00", "frs2, imm(rs1)", 3, RV_BOTH, NULL, RISCV_EXT_D),
    NEXT("c.sw", "110 uimm[5:3] rs1' uimm[2|6] rs2' 00", "rs2, imm(rs1)", rv_emit_store, 2, RV_BOTH, NULL),
    FSTORE("c.fsw", "111 uimm[5:3] rs1' uimm[2|6] rs2' 00", "frs2, imm(rs1)", 2, RV_32, NULL, RISCV_EXT_F),
    NEXT("c.sd", "111 uimm[5:3] rs1' uimm[7:6] rs2' 00", "rs2, imm(rs1)", rv_emit_store, 3, RV_64, NULL),

    /* quadrant 1 */
    NEXT("c.addi", "000 imm[5] rd/rs1 imm[4:0] 01", "rd, imm", rv_emit_alu_imm, TCG_OP_ADD, RV_BOTH, NULL),
    ROW("c.jal", "001 imm[11|4|9:8|10|6|7|3:1|5] 01", "target", rv_emit_jal, 0, RV_32, SCAN_JUMP, "rd=1", 0, RV_FP_NONE),
    NEXT("c.addiw", "001 imm[5] rd/rs1!=0 imm[4:0] 01", "rd, imm", rv_emit_alu_imm, TCG_OP_ADD | RV_WORD, RV_64, NULL),
    NEXT("c.li", "010 imm[5] rd imm[4:0] 01", "rd, imm", rv_emit_alu_imm, TCG_OP_ADD, RV_BOTH, "rs1=0"),
    NEXT("c.addi16sp", "011 imm[9]!=0 00010 imm[4|6|8:7|5] 01", "rd, imm", rv_emit_alu_imm, TCG_OP_ADD, RV_BOTH, "rd=2 rs1=2"),
    NEXT("c.lui", "011 imm[17]!=0 rd!=2 imm[16:12] 01", "rd, upper", rv_emit_alu_imm, TCG_OP_ADD, RV_BOTH, "rs1=0"),
    NEXT("c.srli", "100 shamt[5] 00 rd'/rs1' shamt[4:0] 01", "rd, imm", rv_emit_alu_imm, TCG_OP_SHR, RV_64, NULL),
    NEXT("c.srai", "100 shamt[5] 01 rd'/rs1' shamt[4:0] 01", "rd, imm", rv_emit_alu_imm, TCG_OP_SAR, RV_64, NULL),
    NEXT("c.srli", "100 0 00 rd'/rs1' shamt[4:0] 01", "rd, imm", rv_emit_alu_imm, TCG_OP_SHR, RV_32, NULL),
    NEXT("c.srai", "100 0 01 rd'/rs1' shamt[4:0] 01", "rd, imm", rv_emit_alu_imm, TCG_OP_SAR, RV_32, NULL),
    NEXT("c.andi", "100 imm[5] 10 rd'/rs1' imm[4:0] 01", "rd, imm", rv_emit_alu_imm, TCG_OP_AND, RV_BOTH, NULL),
    NEXT("c.sub", "100 0 11 rd'/rs1' 00 rs2' 01", "rd, rs2", rv_emit_alu, TCG_OP_SUB, RV_BOTH, NULL),
    NEXT("c.xor", "100 0 11 rd'/rs1' 01 rs2' 01", "rd, rs2", rv_emit_alu, TCG_OP_XOR, RV_BOTH, NULL),
    NEXT("c.or", "100 0 11 rd'/rs1' 10 rs2' 01", "rd, rs2", rv_emit_alu, TCG_OP_OR, RV_BOTH, NULL),
    NEXT("c.and", "100 0 11 rd'/rs1' 11 rs2' 01", "rd, rs2", rv_emit_alu, TCG_OP_AND, RV_BOTH, NULL),
    NEXT("c.subw", "100 1 11 rd'/rs1' 00 rs2' 01", "rd, rs2", rv_emit_alu, TCG_OP_SUB | RV_WORD, RV_64, NULL),
    NEXT("c.addw", "100 1 11 rd'/rs1' 01 rs2' 01", "rd, rs2", rv_emit_alu, TCG_OP_ADD | RV_WORD, RV_64, NULL),
    ROW("c.j", "101 imm[11|4|9:8|10|6|7|3:1|5] 01", "target", rv_emit_jal, 0, RV_BOTH, SCAN_JUMP, "rd=0", 0, RV_FP_NONE),
    ROW("c.beqz", "110 imm[8|4:3] rs1' imm[7:6|2:1|5] 01", "rs1, target", rv_emit_branch, TCG_COND_EQ, RV_BOTH, SCAN_BRANCH,
        "rs2=0", 0, RV_FP_NONE),
    ROW("c.bnez", "111 imm[8|4:3] rs1' imm[7:6|2:1|5] 01", "rs1, target", rv_emit_branch, TCG_COND_NE, RV_BOTH, SCAN_BRANCH,
        "rs2=0", 0, RV_FP_NONE),

    /* quadrant 2 */
    NEXT("c.slli", "000 shamt[5] rd/rs1 shamt[4:0] 10", "rd, imm", rv_emit_alu_imm, TCG_OP_SHL, RV_64, NULL),
    NEXT("c.slli", "000 0 rd/rs1 shamt[4:0] 10", "rd, imm", rv_emit_alu_imm, TCG_OP_SHL, RV_32, NULL),
    FLOAD("c.fldsp", "001 uimm[5] rd uimm[4:3|8:6] 10", "frd, imm(rs1)", 3, RV_BOTH, "rs1=2", RISCV_EXT_D),
    NEXT("c.lwsp", "010 uimm[5] rd!=0 uimm[4:2|7:6] 10", "rd, imm(rs1)", rv_emit_load, 2 | RV_SIGNED, RV_BOTH, "rs1=2"),
    FLOAD("c.flwsp", "011 uimm[5] rd uimm[4:2|7:6] 10", "frd, imm(rs1)", 2, RV_32, "rs1=2", RISCV_EXT_F),
    NEXT("c.ldsp", "011 uimm[5] rd!=0 uimm[4:3|8:6] 10", "rd, imm(rs1)", rv_emit_load, 3 | RV_SIGNED, RV_64, "rs1=2"),
    ROW("c.jr", "100 0 rs1!=0 00000 10", "rs1", rv_emit_jalr, 0, RV_BOTH, SCAN_STOP, "rd=0", 0, RV_FP_NONE),
    NEXT("c.mv", "100 0 rd rs2!=0 10", "rd, rs2", rv_emit_alu, TCG_OP_ADD, RV_BOTH, "rs1=0"),
    ROW("c.ebreak", "100 1 00000 00000 10", "", rv_emit_ebreak, 0, RV_BOTH, SCAN_STOP, NULL, 0, RV_FP_NONE),
    ROW("c.jalr", "100 1 rs1!=0 00000 10", "rs1", rv_emit_jalr, 0, RV_BOTH, SCAN_STOP, "rd=1", 0, RV_FP_NONE),
    NEXT("c.add", "100 1 rd/rs1 rs2!=0 10", "rd, rs2", rv_emit_alu, TCG_OP_ADD, RV_BOTH, NULL),
    FSTORE("c.fsdsp", "101 uimm[5:3|8:6] rs2 10", "frs2, imm(rs1)", 3, RV_BOTH, "rs1=2", RISCV_EXT_D),
    NEXT("c.swsp", "110 uimm[5:2|7:6] rs2 10", "rs2, imm(rs1)", rv_emit_store, 2, RV_BOTH, "rs1=2"),
    FSTORE("c.fswsp", "111 uimm[5:2|7:6] rs2 10", "frs2, imm(rs1)", 2, RV_32, "rs1=2", RISCV_EXT_F),
    NEXT("c.sdsp", "111 uimm[5:3|8:6] rs2 10", "rs2, imm(rs1)", rv_emit_store, 3, RV_64, "rs1=2"),
};
const RvRowGroup riscv_rows_c = RV_GROUP(rows);

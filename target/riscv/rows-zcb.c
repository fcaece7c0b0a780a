/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * More compressed instructions: Zcb (code-size manual). As in rows-c.c they reuse the semantics of what they abbreviate.
 */
#include "insn.h"
#include "rows.h"

/* arg: bits kept, sign-extended where RV_SIGNED_BITS is set */
enum { RV_SIGNED_BITS = 0x100 };

static void emit_extend(RvInsn *d)
{
    unsigned bits = d->row->arg & 0xff;
    TcgVal v = rv_get(d, d->rs1);
    rv_put(d, d->rd, d->row->arg & RV_SIGNED_BITS ? tcg_sext(d->b, TCG_I64, v, bits) : tcg_zext(d->b, TCG_I64, v, bits));
}

static void emit_not(RvInsn *d) { rv_put(d, d->rd, tcg_not(d->b, TCG_I64, rv_get(d, d->rs1))); }

#define ROW(name_, pattern_, format_, emit_, arg_, xlen_, ext2_)                                                       \
    {.name = name_, .pattern = pattern_, .format = format_, .emit = emit_, .arg = (arg_), .ext = RISCV_EXT_ZCB, .ext2 = ext2_, \
     .xlen = xlen_, .scan = SCAN_NEXT}

static const RvRow rows[] = {
    ROW("c.lbu", "100 000 rs1' uimm[0|1] rd' 00", "rd, imm(rs1)", rv_emit_load, 0, RV_BOTH, 0),
    ROW("c.lhu", "100 001 rs1' 0 uimm[1] rd' 00", "rd, imm(rs1)", rv_emit_load, 1, RV_BOTH, 0),
    ROW("c.lh", "100 001 rs1' 1 uimm[1] rd' 00", "rd, imm(rs1)", rv_emit_load, 1 | RV_SIGNED, RV_BOTH, 0),
    ROW("c.sb", "100 010 rs1' uimm[0|1] rs2' 00", "rs2, imm(rs1)", rv_emit_store, 0, RV_BOTH, 0),
    ROW("c.sh", "100 011 rs1' 0 uimm[1] rs2' 00", "rs2, imm(rs1)", rv_emit_store, 1, RV_BOTH, 0),
    ROW("c.zext.b", "100 111 rd'/rs1' 11 000 01", "rd", emit_extend, 8, RV_BOTH, 0),
    ROW("c.sext.b", "100 111 rd'/rs1' 11 001 01", "rd", emit_extend, 8 | RV_SIGNED_BITS, RV_BOTH, RISCV_EXT_ZBB),
    ROW("c.zext.h", "100 111 rd'/rs1' 11 010 01", "rd", emit_extend, 16, RV_BOTH, RISCV_EXT_ZBB),
    ROW("c.sext.h", "100 111 rd'/rs1' 11 011 01", "rd", emit_extend, 16 | RV_SIGNED_BITS, RV_BOTH, RISCV_EXT_ZBB),
    ROW("c.zext.w", "100 111 rd'/rs1' 11 100 01", "rd", emit_extend, 32, RV_64, RISCV_EXT_ZBA),
    ROW("c.not", "100 111 rd'/rs1' 11 101 01", "rd", emit_not, 0, RV_BOTH, 0),
    ROW("c.mul", "100 111 rd'/rs1' 10 rs2' 01", "rd, rs2", rv_emit_alu, TCG_OP_MUL, RV_BOTH, RISCV_EXT_M),
};
const RvRowGroup riscv_rows_zcb = RV_GROUP(rows);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bit manipulation for cryptography: what Zbkb has beyond Zbb, and Zbkx. (The instructions that Zbkb and Zbkc share with
 * Zbb and Zbc are in rows-b.c.) pack with x0 is zext.h, which is a row there.
 */
#include "helper.h"
#include "insn.h"
#include "rows.h"

/* arg: bits taken from each operand; the result is twice as wide, sign-extended from there where that is 32 bits. */
static void emit_pack(RvInsn *d)
{
    unsigned bits = d->row->arg;
    TcgVal low = tcg_emit1(d->b, TCG_OP_EXTRACT, TCG_I64, rv_get(d, d->rs1), (uint64_t)bits << 8);
    TcgVal high = tcg_emit1(d->b, TCG_OP_EXTRACT, TCG_I64, rv_get(d, d->rs2), (uint64_t)bits << 8);
    TcgVal v = tcg_or(d->b, TCG_I64, low, tcg_shl(d->b, TCG_I64, high, rv_const(d, bits)));
    rv_put(d, d->rd, bits == 16 ? tcg_exts(d->b, tcg_trunc(d->b, v)) : v);
}

static TcgVal swap_bits(RvInsn *d, TcgVal v, unsigned by, uint64_t mask)
{
    TcgVal down = tcg_and(d->b, TCG_I64, tcg_shr(d->b, TCG_I64, v, rv_const(d, by)), rv_const(d, mask));
    TcgVal up = tcg_shl(d->b, TCG_I64, tcg_and(d->b, TCG_I64, v, rv_const(d, mask)), rv_const(d, by));
    return tcg_or(d->b, TCG_I64, down, up);
}

static void emit_brev8(RvInsn *d)
{
    TcgVal v = rv_get(d, d->rs1);
    v = swap_bits(d, v, 1, 0x5555555555555555);
    v = swap_bits(d, v, 2, 0x3333333333333333);
    v = swap_bits(d, v, 4, 0x0f0f0f0f0f0f0f0f);
    rv_put(d, d->rd, d->rv32 ? tcg_exts(d->b, tcg_trunc(d->b, v)) : v);
}

/* arg: 0: zip, 1: unzip */
static void emit_zip(RvInsn *d)
{
    const TcgHelper *h = d->row->arg ? &riscv_helper_unzip : &riscv_helper_zip;
    TcgVal v = tcg_call(d->b, h, rv_get(d, d->rs1), TCG_NONE, TCG_NONE, TCG_NONE);
    rv_put(d, d->rd, tcg_exts(d->b, tcg_trunc(d->b, v)));
}

/* arg: bits of a lane */
static void emit_xperm(RvInsn *d)
{
    const TcgHelper *h = d->row->arg == 4 ? &riscv_helper_xperm4 : &riscv_helper_xperm8;
    TcgVal table = rv_get(d, d->rs1), index = rv_get(d, d->rs2);
    if (d->rv32) {
        table = tcg_extu(d->b, tcg_trunc(d->b, table));
        index = tcg_extu(d->b, tcg_trunc(d->b, index));
    }
    TcgVal v = tcg_call(d->b, h, table, index, TCG_NONE, TCG_NONE);
    rv_put(d, d->rd, d->rv32 ? tcg_exts(d->b, tcg_trunc(d->b, v)) : v);
}

#define ROW(name_, pattern_, format_, emit_, arg_, ext_, xlen_)                                                        \
    {.name = name_, .pattern = pattern_, .format = format_, .emit = emit_, .arg = (arg_), .ext = RISCV_EXT_##ext_, .xlen = xlen_, \
     .scan = SCAN_NEXT}

static const RvRow rows[] = {
    ROW("pack", "0000100 rs2!=0 rs1 100 rd 0110011", "rd, rs1, rs2", emit_pack, 16, ZBKB, RV_32),
    ROW("pack", "0000100 rs2 rs1 100 rd 0110011", "rd, rs1, rs2", emit_pack, 32, ZBKB, RV_64),
    ROW("packh", "0000100 rs2 rs1 111 rd 0110011", "rd, rs1, rs2", emit_pack, 8, ZBKB, RV_BOTH),
    ROW("packw", "0000100 rs2!=0 rs1 100 rd 0111011", "rd, rs1, rs2", emit_pack, 16, ZBKB, RV_64),
    ROW("brev8", "0110100 00111 rs1 101 rd 0010011", "rd, rs1", emit_brev8, 0, ZBKB, RV_BOTH),
    ROW("zip", "0000100 01111 rs1 001 rd 0010011", "rd, rs1", emit_zip, 0, ZBKB, RV_32),
    ROW("unzip", "0000100 01111 rs1 101 rd 0010011", "rd, rs1", emit_zip, 1, ZBKB, RV_32),
    ROW("xperm4", "0010100 rs2 rs1 010 rd 0110011", "rd, rs1, rs2", emit_xperm, 4, ZBKX, RV_BOTH),
    ROW("xperm8", "0010100 rs2 rs1 100 rd 0110011", "rd, rs1, rs2", emit_xperm, 8, ZBKX, RV_BOTH),
};
const RvRowGroup riscv_rows_zbk = RV_GROUP(rows);

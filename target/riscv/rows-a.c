/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Atomics: A (unprivileged manual, chapter 14) and Zawrs.
 *
 * Every read-modify-write is sequentially consistent on the hosts there are, so aq and rl need nothing more; TinyCode keeps
 * the order of memory operations otherwise. Misaligned addresses trap.
 */
#include "insn.h"
#include "rows.h"

static TcgVal address(RvInsn *d)
{
    return d->rv32 ? tcg_extu(d->b, rv_get32(d, d->rs1)) : rv_get(d, d->rs1);
}

static TcgMem memory(const RvInsn *d, unsigned size_log2)
{
    return TCG_MEM(size_log2, 0u, 0, TCG_ALIGN_NATURAL, RISCV_FLAG_MODE(d->flags));
}

static bool is_double(const RvInsn *d) { return d->row->arg & 0x100; }

static void emit_lr(RvInsn *d)
{
    TcgVal addr = address(d);
    if (is_double(d)) {
        rv_put(d, d->rd, tcg_load_exclusive(d->b, TCG_I64, addr, memory(d, 3)));
    } else {
        rv_put32(d, d->rd, tcg_load_exclusive(d->b, TCG_I32, addr, memory(d, 2)));
    }
}

static void emit_sc(RvInsn *d)
{
    TcgVal addr = address(d), failed;
    if (is_double(d)) {
        failed = tcg_store_exclusive(d->b, TCG_I64, addr, rv_get(d, d->rs2), memory(d, 3));
    } else {
        failed = tcg_store_exclusive(d->b, TCG_I32, addr, rv_get32(d, d->rs2), memory(d, 2));
    }
    rv_put(d, d->rd, failed);
}

static void emit_amo(RvInsn *d)
{
    TcgRmw op = (TcgRmw)(d->row->arg & 0xff);
    TcgVal addr = address(d);
    if (is_double(d)) {
        rv_put(d, d->rd, tcg_atomic(d->b, op, TCG_I64, addr, rv_get(d, d->rs2), memory(d, 3)));
    } else {
        rv_put32(d, d->rd, tcg_atomic(d->b, op, TCG_I32, addr, rv_get32(d, d->rs2), memory(d, 2)));
    }
}

/* A hint to stop until the reservation is lost: yielding once is enough. */
static void emit_wrs(RvInsn *d) { tcg_exit(d->b, TCG_REASON_PAUSE, rv_next_pc(d)); }

#define ROW(name_, pattern_, format_, emit_, arg_, xlen_)                                                              \
    {.name = name_, .pattern = pattern_, .format = format_, .emit = emit_, .arg = (arg_), .ext = RISCV_EXT_A, .xlen = xlen_, \
     .scan = SCAN_NEXT}
#define BOTH(name_, funct5_, rs2_, format_, emit_, arg_)                                                               \
    ROW(name_ ".w", funct5_ " aq rl " rs2_ " rs1 010 rd 0101111", format_, emit_, arg_, RV_BOTH),                      \
    ROW(name_ ".d", funct5_ " aq rl " rs2_ " rs1 011 rd 0101111", format_, emit_, (arg_) | 0x100, RV_64)
#define AMO(name_, funct5_, op_) BOTH(name_, funct5_, "rs2", "rd, rs2, (rs1)", emit_amo, TCG_RMW_##op_)
#define WRS(name_, bits_)                                                                                              \
    {.name = name_, .pattern = bits_ " 00000 000 00000 1110011", .format = "", .emit = emit_wrs, .ext = RISCV_EXT_ZAWRS, \
     .scan = SCAN_STOP}

static const RvRow rows[] = {
    BOTH("lr", "00010", "00000", "rd, (rs1)", emit_lr, 0),
    BOTH("sc", "00011", "rs2", "rd, rs2, (rs1)", emit_sc, 0),
    AMO("amoswap", "00001", SWAP),
    AMO("amoadd", "00000", ADD),
    AMO("amoxor", "00100", XOR),
    AMO("amoand", "01100", AND),
    AMO("amoor", "01000", OR),
    AMO("amomin", "10000", MIN),
    AMO("amomax", "10100", MAX),
    AMO("amominu", "11000", MINU),
    AMO("amomaxu", "11100", MAXU),
    WRS("wrs.nto", "0000000 01101"),
    WRS("wrs.sto", "0000000 11101"),
};
const RvRowGroup riscv_rows_a = RV_GROUP(rows);

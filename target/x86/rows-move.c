/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Data movement: MOV, extensions, LEA, XCHG, CMOVcc, SETcc, BSWAP, the stack instructions, XLAT; no-operations, hints
 * and fences.
 */
#include "emit-internal.h"

/* --- MOV and friends --- */

static void emit_mov(X86Insn *d) { x86_write_op(d, 0, x86_read_op(d, 1)); }

/* arg: signed */
static void emit_extend(X86Insn *d)
{
    const X86Operand *s = &d->op[1];
    unsigned to = d->op[0].bytes, from = s->bytes;
    bool is_signed = d->row->arg;
    TcgVal v;
    if (s->kind == X86_OP_MEM && is_signed) {
        x86_operand_address(d, from, false);
        v = tcg_load(d->b, x86_type(to), d->address, d->address_disp, x86_mem(d, from) | TCG_MEM(0, 1u, 0u, 0u, 0u));
    } else {
        v = x86_read_op(d, 1);
        if (is_signed && from < 4) {
            v = tcg_sext(d->b, TCG_I32, v, 8 * from);
        }
        if (to == 8 && from < 8) {
            v = is_signed ? tcg_exts(d->b, v) : tcg_extu(d->b, v);
        }
    }
    x86_write_op(d, 0, v);
}

/* CBW, CWDE, CDQE: rAX extended from its lower half. */
static void emit_cbw(X86Insn *d)
{
    TcgVal v = d->opsize == 8 ? tcg_exts(d->b, x86_get_gpr(d, X86_AX, 4)) :
                                tcg_sext(d->b, TCG_I32, x86_get_gpr(d, X86_AX, d->opsize / 2), 4u * d->opsize);
    x86_put_gpr(d, X86_AX, d->opsize, v);
}

/* CWD, CDQ, CQO: rDX filled with rAX's sign. */
static void emit_cwd(X86Insn *d)
{
    TcgType t = x86_type(d->opsize);
    TcgVal v = x86_get_gpr(d, X86_AX, d->opsize);
    if (d->opsize == 2) {
        v = tcg_sext(d->b, t, v, 16);
    }
    x86_put_gpr(d, X86_DX, d->opsize, tcg_sar(d->b, t, v, tcg_const(d->b, t, d->opsize == 8 ? 63 : 31)));
}

static void emit_lea(X86Insn *d)
{
    if (d->opsize < 8 && d->addrsize == 8) {
        d->addrsize = 4; /* the same low bits, cheaper */
    }
    TcgVal v = x86_offset(d);
    x86_write_op(d, 0, d->opsize == 8 ? v : tcg_trunc(d->b, v));
}

static void emit_xchg(X86Insn *d)
{
    unsigned bytes = d->op[0].bytes;
    TcgVal c = x86_read_op(d, 1);
    if (d->op[0].kind == X86_OP_MEM) { /* always locked */
        x86_operand_address(d, bytes, true);
        TcgVal at = tcg_addi(d->b, TCG_I64, d->address, d->address_disp);
        x86_write_op(d, 1, tcg_atomic(d->b, TCG_RMW_SWAP, x86_type(bytes), at, c, x86_mem(d, bytes)));
        return;
    }
    TcgVal a = x86_read_op(d, 0);
    x86_write_op(d, 1, a);
    x86_write_op(d, 0, c);
}

/* 90: with REX.B it exchanges with R8, else nothing happens (a 32-bit one would clear the upper half). */
static void emit_xchg_acc(X86Insn *d)
{
    if (d->op[0].reg != X86_AX) {
        emit_xchg(d);
    }
}

static void emit_pause(X86Insn *d)
{
    if (d->op[0].reg != X86_AX) {
        emit_xchg(d);
    } else if (!(d->flags & X86_RF_TF)) {
        tcg_exit(d->b, TCG_REASON_PAUSE, x86_next_pc(d));
    }
}

static void emit_cmov(X86Insn *d)
{
    TcgType t = x86_type(d->op[0].bytes);
    TcgVal v = x86_read_op(d, 1), old = x86_read_op(d, 0);
    x86_write_op(d, 0,
                 tcg_select(d->b, t, TCG_COND_NE, TCG_I64, x86_flagtest(d, x86_cond(d)), x86_const(d, 0), v, old));
}

static void emit_setcc(X86Insn *d) { x86_write_op(d, 0, tcg_trunc(d->b, x86_flagtest(d, x86_cond(d)))); }

/* Of 16 bits: undefined; processors give 0. */
static void emit_bswap(X86Insn *d)
{
    TcgType t = x86_type(d->op[0].bytes);
    x86_write_op(d, 0, d->op[0].bytes == 2 ? x86_const32(d, 0) : tcg_bswap(d->b, t, x86_read_op(d, 0)));
}

static void emit_xlat(X86Insn *d)
{
    TcgVal al = tcg_extu(d->b, x86_get_gpr(d, X86_AX, 1));
    TcgVal at = tcg_add(d->b, TCG_I64, x86_get_gpr(d, X86_BX, 8), al);
    if (d->addrsize != 8) {
        at = tcg_zext(d->b, TCG_I64, at, 8 * d->addrsize);
    }
    at = x86_seg_linear(d, (unsigned)d->seg, at, 1, false);
    x86_put_gpr(d, X86_AX, 1, tcg_load(d->b, TCG_I32, at, 0, x86_mem(d, 1)));
}

/* --- the stack --- */

static void emit_push(X86Insn *d)
{
    TcgVal v = x86_read_op(d, 0);
    x86_emit_push(d, d->opsize, v);
}

/* A memory operand's address is that with rSP already increased; a fault of the store leaves rSP alone. */
static void emit_pop(X86Insn *d)
{
    TcgVal sp, v = x86_emit_pop(d, d->opsize, &sp);
    if (d->op[0].kind == X86_OP_MEM) {
        d->sp = sp;
        x86_write_op(d, 0, v);
        x86_put_sp(d, sp);
    } else {
        x86_put_sp(d, sp);
        x86_write_op(d, 0, v);
    }
}

static TcgVal get_sp(X86Insn *d) { return tcg_get(d->b, X86_SLOT_GPR + X86_SP, TCG_I64); }

static void emit_pusha(X86Insn *d)
{
    TcgVal sp = get_sp(d), at = sp;
    for (unsigned r = 0; r < 8; r++) {
        at = x86_add_sp(d, at, -(int64_t)d->opsize);
        x86_emit_push_at(d, at, d->opsize, x86_get_gpr(d, r, d->opsize));
    }
    x86_put_sp(d, at);
}

static void emit_popa(X86Insn *d)
{
    TcgVal at = x86_add_sp(d, get_sp(d), 0), v[8];
    for (int r = 7; r >= 0; r--) {
        v[r] = tcg_load(d->b, TCG_I32, x86_seg_linear(d, X86_SS, at, d->opsize, false), 0, x86_mem(d, d->opsize));
        at = x86_add_sp(d, at, d->opsize);
    }
    for (unsigned r = 0; r < 8; r++) {
        if (r != X86_SP) {
            x86_put_gpr(d, r, d->opsize, v[r]);
        }
    }
    x86_put_sp(d, at);
}

/* Copies level - 1 frame pointers of the enclosing procedures, then pushes the new one. */
static void emit_enter(X86Insn *d)
{
    unsigned bytes = d->opsize, level = (unsigned)d->op[1].imm & 31;
    TcgVal at = x86_add_sp(d, get_sp(d), -(int64_t)bytes), bp = tcg_get(d->b, X86_SLOT_GPR + X86_BP, TCG_I64);
    x86_emit_push_at(d, at, bytes, x86_get_gpr(d, X86_BP, bytes));
    TcgVal frame = at;
    for (unsigned i = 1; i < level; i++) {
        TcgVal from = x86_add_sp(d, bp, -(int64_t)(i * bytes));
        TcgVal v = tcg_load(d->b, x86_type(bytes), x86_seg_linear(d, X86_SS, from, bytes, false), 0, x86_mem(d, bytes));
        at = x86_add_sp(d, at, -(int64_t)bytes);
        x86_emit_push_at(d, at, bytes, v);
    }
    if (level) {
        at = x86_add_sp(d, at, -(int64_t)bytes);
        x86_emit_push_at(d, at, bytes, bytes == 8 ? frame : tcg_trunc(d->b, frame));
    }
    at = x86_add_sp(d, at, -(int64_t)(uint16_t)d->op[0].imm);
    /* It faults where a push there would. */
    TcgVal last = x86_seg_linear(d, X86_SS, at, bytes, true), kept;
    kept = tcg_load(d->b, x86_type(bytes), last, 0, x86_mem(d, bytes) | X86_MEM_WILL_WRITE);
    tcg_store(d->b, x86_type(bytes), last, 0, kept, x86_mem(d, bytes));
    x86_put_gpr(d, X86_BP, bytes, bytes == 8 ? frame : tcg_trunc(d->b, frame));
    x86_put_sp(d, at);
}

static void emit_leave(X86Insn *d)
{
    TcgVal at = x86_add_sp(d, tcg_get(d->b, X86_SLOT_GPR + X86_BP, TCG_I64), 0);
    TcgVal v =
        tcg_load(d->b, x86_type(d->opsize), x86_seg_linear(d, X86_SS, at, d->opsize, false), 0, x86_mem(d, d->opsize));
    x86_put_sp(d, x86_add_sp(d, at, d->opsize));
    x86_put_gpr(d, X86_BP, d->opsize, v);
}

/* --- nothing, or nearly --- */

static void emit_nop(X86Insn *d) {}
static void emit_fence(X86Insn *d) { tcg_fence(d->b, d->row->arg); }

/* CLFLUSH and its like: nothing but the faults of a load. */
static void emit_clflush(X86Insn *d)
{
    x86_operand_address(d, 1, false);
    tcg_load(d->b, TCG_I32, d->address, d->address_disp, x86_mem(d, 1));
}

static void emit_ud(X86Insn *d) { x86_emit_raise(d, X86_EXC_UD); }

#define ROW(name_, pattern_, operands_, emit_, ...) \
    { \
        .name = name_, .pattern = pattern_, .operands = operands_, .emit = emit_, __VA_ARGS__ \
    }
#define CC16(M) \
    M("o", 0) \
    M("no", 1) M("b", 2) M("ae", 3) M("e", 4) M("ne", 5) M("be", 6) M("a", 7) M("s", 8) M("ns", 9) M("p", A) \
        M("np", B) M("l", C) M("ge", D) M("le", E) M("g", F)
#define CMOV(cc_, digit_) ROW("cmov" cc_, "0F 4" #digit_ " /r", "Gv,Ev", emit_cmov, X86_NEEDS(CMOV)),
#define SETCC(cc_, digit_) ROW("set" cc_, "0F 9" #digit_ " /r", "Eb", emit_setcc),
#define HINT(digit_) ROW("nop", "0F 1" #digit_ " /r", "Ev", emit_nop)

static const X86Row rows[] = {
    ROW("mov", "88 /r", "Eb,Gb", emit_mov),
    ROW("mov", "89 /r", "Ev,Gv", emit_mov),
    ROW("mov", "8A /r", "Gb,Eb", emit_mov),
    ROW("mov", "8B /r", "Gv,Ev", emit_mov),
    ROW("mov", "A0", "AL,Ob", emit_mov),
    ROW("mov", "A1", "rAX,Ov", emit_mov),
    ROW("mov", "A2", "Ob,AL", emit_mov),
    ROW("mov", "A3", "Ov,rAX", emit_mov),
    ROW("mov", "B0 +r", "Zb,Ib", emit_mov),
    ROW("mov", "B8 +r", "Zv,Iv", emit_mov),
    ROW("mov", "C6 /0", "Eb,Ib", emit_mov),
    ROW("mov", "C7 /0", "Ev,Iz", emit_mov),
    ROW("movzx", "0F B6 /r", "Gv,Eb", emit_extend),
    ROW("movzx", "0F B7 /r", "Gv,Ew", emit_extend),
    ROW("movsx", "0F BE /r", "Gv,Eb", emit_extend, .arg = 1),
    ROW("movsx", "0F BF /r", "Gv,Ew", emit_extend, .arg = 1),
    ROW("movsxd", "REX.W 63 /r", "Gv,Ed", emit_extend, .arg = 1, .flags = X86_ROW_O64),
    ROW("movsxd", "W0 63 /r", "Gv,Ev", emit_mov, .flags = X86_ROW_O64),
    ROW("cbw", "98", "", emit_cbw),
    ROW("cwd", "99", "", emit_cwd),
    ROW("lea", "8D /r mod=m", "Gv,M", emit_lea),
    ROW("xchg", "86 /r", "Eb,Gb", emit_xchg, .flags = X86_ROW_LOCK),
    ROW("xchg", "87 /r", "Ev,Gv", emit_xchg, .flags = X86_ROW_LOCK),
    ROW("xchg", "90 +r", "Zv,rAX", emit_xchg_acc),
    ROW("pause", "F3 90", "Zv,rAX", emit_pause, .scan = SCAN_STOP),
    CC16(CMOV) CC16(SETCC) ROW("bswap", "0F C8 +r", "Zv", emit_bswap),
    ROW("xlat", "D7", "", emit_xlat),

    ROW("push", "50 +r", "Zv", emit_push, .flags = X86_ROW_D64),
    ROW("pop", "58 +r", "Zv", emit_pop, .flags = X86_ROW_D64),
    ROW("push", "68", "Iz", emit_push, .flags = X86_ROW_D64),
    ROW("push", "6A", "Ibs", emit_push, .flags = X86_ROW_D64),
    ROW("push", "FF /6", "Ev", emit_push, .flags = X86_ROW_D64),
    ROW("pop", "8F /0", "Ev", emit_pop, .flags = X86_ROW_D64),
    ROW("pusha", "60", "", emit_pusha, .flags = X86_ROW_I64),
    ROW("popa", "61", "", emit_popa, .flags = X86_ROW_I64),
    ROW("enter", "C8", "Iw,Ib", emit_enter, .flags = X86_ROW_D64),
    ROW("leave", "C9", "", emit_leave, .flags = X86_ROW_D64),

    HINT(8),
    HINT(9),
    HINT(A),
    HINT(B),
    HINT(C),
    HINT(D),
    HINT(E),
    HINT(F),
    ROW("prefetchw", "0F 0D /r mod=m", "Mb", emit_nop),
    ROW("lfence", "NP 0F AE /5 mod=3", "", emit_fence, .arg = TCG_FENCE_LL | TCG_FENCE_LS, X86_NEEDS(SSE2)),
    ROW("mfence", "NP 0F AE /6 mod=3", "", emit_fence, .arg = 15, X86_NEEDS(SSE2)),
    ROW("sfence", "NP 0F AE /7 mod=3", "", emit_fence, .arg = TCG_FENCE_SS, X86_NEEDS(SSE)),
    ROW("clflush", "NP 0F AE /7 mod=m", "Mb", emit_clflush, X86_NEEDS(CLFSH)),
    ROW("clflushopt", "66 0F AE /7 mod=m", "Mb", emit_clflush, X86_NEEDS(CLFLUSHOPT)),
    ROW("clwb", "66 0F AE /6 mod=m", "Mb", emit_clflush, X86_NEEDS(CLWB)),
    ROW("ud2", "0F 0B", "", emit_ud, .scan = SCAN_STOP),
    ROW("ud1", "0F B9 /r", "Gv,Ev", emit_ud, .scan = SCAN_STOP),
    ROW("ud0", "0F FF /r", "Gv,Ev", emit_ud, .scan = SCAN_STOP),
};
const X86RowGroup x86_rows_move = X86_GROUP(rows);

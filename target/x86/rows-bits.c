/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bits: BT and its like, scans and counts, BMI1, BMI2, ADX, MOVBE, CRC32, RDRAND, and CMPXCHG8B/16B.
 * Undefined flags are what processors give.
 */
#include "bits.h"
#include "emit-internal.h"

static TcgVal zero_of(X86Insn *d, TcgType t) { return tcg_const(d->b, t, 0); }
static TcgVal one_of(X86Insn *d, TcgType t) { return tcg_const(d->b, t, 1); }
static TcgVal is_zero(X86Insn *d, TcgType t, TcgVal v) { return tcg_setcond(d->b, TCG_COND_EQ, t, v, zero_of(d, t)); }

/* The status flag @flag becomes @v01, the others stay. */
static void put_one_flag(X86Insn *d, uint64_t flag, TcgVal v01)
{
    TcgVal rest = x86_get_flag_bits(d, EFL_STATUS & ~flag);
    TcgVal at = tcg_shl(d->b, TCG_I64, v01, x86_const(d, (unsigned)__builtin_ctzll(flag)));
    x86_put_flags_packed(d, tcg_or(d->b, TCG_I64, rest, at));
}

/* --- BT, BTS, BTR, BTC --- */

enum { BT, BTS, BTR, BTC };

/* A register's bit number reaches beyond the operand: the address moves by whole operands. */
static void bit_string_address(X86Insn *d, unsigned bytes, TcgVal n, bool write)
{
    TcgBuilder *b = d->b;
    unsigned log_bytes = (unsigned)__builtin_ctz(bytes);
    TcgVal wide = bytes == 8 ? n : tcg_exts(b, bytes == 2 ? tcg_sext(b, TCG_I32, n, 16) : n);
    TcgVal delta = tcg_shl(b, TCG_I64, tcg_sar(b, TCG_I64, wide, x86_const(d, log_bytes + 3)), x86_const(d, log_bytes));
    TcgVal at = tcg_add(b, TCG_I64, x86_offset(d), delta);
    if (d->addrsize != 8) {
        at = tcg_zext(b, TCG_I64, at, 8 * d->addrsize);
    }
    d->address = x86_seg_linear(d, (unsigned)d->seg, at, bytes, write);
    d->address_disp = 0;
}

static void emit_bt(X86Insn *d)
{
    TcgBuilder *b = d->b;
    unsigned op = d->row->arg, bytes = d->op[0].bytes;
    TcgType t = x86_type(bytes);
    TcgVal n = x86_read_op(d, 1), v, r;
    if (d->op[1].kind == X86_OP_IMM) {
        n = tcg_const(b, t, (uint64_t)d->op[1].imm);
    } else if (d->op[0].kind == X86_OP_MEM) {
        bit_string_address(d, bytes, n, op != BT);
    }
    n = tcg_and(b, t, n, tcg_const(b, t, 8 * bytes - 1));
    TcgVal mask = tcg_shl(b, t, one_of(d, t), n);
    if (d->lock) {
        x86_operand_address(d, bytes, true);
        TcgVal at = tcg_addi(b, TCG_I64, d->address, d->address_disp);
        TcgRmw rmw = op == BTS ? TCG_RMW_OR : op == BTR ? TCG_RMW_AND : TCG_RMW_XOR;
        v = tcg_atomic(b, rmw, t, at, op == BTR ? tcg_not(b, t, mask) : mask, x86_mem(d, bytes));
    } else {
        v = op == BT ? x86_read_op(d, 0) : x86_read_op_rmw(d, 0);
        r = op == BTS ? tcg_or(b, t, v, mask) : op == BTR ? tcg_andn(b, t, v, mask) : tcg_xor(b, t, v, mask);
        if (op != BT) {
            x86_write_op(d, 0, r);
        }
    }
    TcgVal bit = tcg_and(b, t, tcg_shr(b, t, v, n), one_of(d, t));
    /* ZF stays; the others are undefined */
    TcgVal zf = x86_get_flag_bits(d, EFL_ZF);
    x86_put_flags_packed(d, tcg_or(b, TCG_I64, zf, t == TCG_I64 ? bit : tcg_extu(b, bit)));
}

/* --- scans and counts --- */

/* A source of 0 leaves the destination alone. arg: reverse */
static void emit_bsf(X86Insn *d)
{
    TcgBuilder *b = d->b;
    unsigned bytes = d->op[0].bytes;
    TcgType t = x86_type(bytes);
    TcgVal v = x86_read_op(d, 1), n;
    if (d->row->arg) {
        n = tcg_sub(b, t, tcg_const(b, t, bytes == 8 ? 63 : 31), tcg_clz(b, t, v));
    } else {
        n = tcg_ctz(b, t, v);
    }
    if (bytes == 2) {
        x86_write_op(d, 0, tcg_select(b, t, TCG_COND_EQ, t, v, zero_of(d, t), x86_read_op(d, 0), n));
    } else {
        TcgVal old = x86_get_gpr(d, d->op[0].reg, 8), wide = bytes == 8 ? n : tcg_extu(b, n);
        x86_put_gpr(d, d->op[0].reg, 8, tcg_select(b, TCG_I64, TCG_COND_EQ, t, v, zero_of(d, t), old, wide));
    }
    x86_put_flags(d, TCG_FK_LOGIC, bytes, v, TCG_NONE, TCG_NONE);
}

/* arg: leading */
static void emit_tzcnt(X86Insn *d)
{
    TcgBuilder *b = d->b;
    unsigned bytes = d->op[0].bytes;
    TcgType t = x86_type(bytes);
    TcgVal v = x86_read_op(d, 1), n;
    if (d->row->arg) {
        n = bytes == 2 ? tcg_addi(b, t, tcg_clz(b, t, v), -16) : tcg_clz(b, t, v);
    } else {
        n = tcg_ctz(b, t, bytes == 2 ? tcg_or(b, t, v, tcg_const(b, t, 0x10000)) : v);
    }
    x86_write_op(d, 0, n);
    TcgVal zf = tcg_shl(b, TCG_I64, is_zero(d, t, n), x86_const(d, 6)); /* the others are undefined */
    x86_put_flags_packed(d, tcg_or(b, TCG_I64, zf, is_zero(d, t, v)));
}

static void emit_popcnt(X86Insn *d)
{
    TcgType t = x86_type(d->op[0].bytes);
    TcgVal v = x86_read_op(d, 1);
    x86_write_op(d, 0, tcg_popcnt(d->b, t, v));
    x86_put_flags_packed(d, tcg_shl(d->b, TCG_I64, is_zero(d, t, v), x86_const(d, 6)));
}

/* --- BMI1 --- */

static void emit_andn(X86Insn *d)
{
    TcgVal r = tcg_andn(d->b, x86_type(d->op[0].bytes), x86_read_op(d, 2), x86_read_op(d, 1));
    x86_write_op(d, 0, r);
    x86_put_flags(d, TCG_FK_LOGIC, d->op[0].bytes, r, TCG_NONE, TCG_NONE);
}

enum { BLSR, BLSMSK, BLSI };

static void emit_bls(X86Insn *d)
{
    TcgBuilder *b = d->b;
    unsigned bytes = d->op[0].bytes;
    TcgType t = x86_type(bytes);
    TcgVal v = x86_read_op(d, 1), r, cf = is_zero(d, t, v), less = tcg_addi(b, t, v, -1);
    if (d->row->arg == BLSI) {
        r = tcg_and(b, t, v, tcg_neg(b, t, v));
        cf = tcg_setcond(b, TCG_COND_NE, t, v, zero_of(d, t));
    } else {
        r = d->row->arg == BLSR ? tcg_and(b, t, v, less) : tcg_xor(b, t, v, less);
    }
    x86_write_op(d, 0, r);
    x86_put_flags_result(d, bytes, r, cf, TCG_NONE);
}

/* The low @n bits of @v; all of them where n is the width or more. */
static TcgVal low_bits(X86Insn *d, TcgType t, TcgVal v, TcgVal n)
{
    TcgBuilder *b = d->b;
    TcgVal mask = tcg_addi(b, t, tcg_shl(b, t, one_of(d, t), n), -1);
    return tcg_select(b, t, TCG_COND_LTU, t, n, tcg_const(b, t, t == TCG_I64 ? 64 : 32), tcg_and(b, t, v, mask), v);
}

static void emit_bextr(X86Insn *d)
{
    TcgBuilder *b = d->b;
    unsigned bytes = d->op[0].bytes;
    TcgType t = x86_type(bytes);
    TcgVal v = x86_read_op(d, 1), c = x86_read_op(d, 2), start = tcg_zext(b, t, c, 8);
    TcgVal len = tcg_zext(b, t, tcg_shr(b, t, c, tcg_const(b, t, 8)), 8);
    v = tcg_select(b, t, TCG_COND_LTU, t, start, tcg_const(b, t, 8 * bytes), tcg_shr(b, t, v, start), zero_of(d, t));
    v = low_bits(d, t, v, len);
    x86_write_op(d, 0, v);
    x86_put_flags(d, TCG_FK_LOGIC, bytes, v, TCG_NONE, TCG_NONE);
}

/* --- BMI2 --- */

static void emit_bzhi(X86Insn *d)
{
    unsigned bytes = d->op[0].bytes;
    TcgType t = x86_type(bytes);
    TcgVal v = x86_read_op(d, 1), n = tcg_zext(d->b, t, x86_read_op(d, 2), 8), r = low_bits(d, t, v, n);
    x86_write_op(d, 0, r);
    x86_put_flags_result(d, bytes, r, tcg_setcond(d->b, TCG_COND_GTU, t, n, tcg_const(d->b, t, 8 * bytes - 1)),
                         TCG_NONE);
}

static void emit_mulx(X86Insn *d)
{
    TcgBuilder *b = d->b;
    unsigned bytes = d->op[0].bytes;
    TcgVal a = x86_get_gpr(d, X86_DX, bytes), c = x86_read_op(d, 2), lo, hi;
    if (bytes == 8) {
        lo = tcg_mul(b, TCG_I64, a, c);
        hi = tcg_mulhu(b, TCG_I64, a, c);
    } else {
        TcgVal product = tcg_mul(b, TCG_I64, tcg_extu(b, a), tcg_extu(b, c));
        lo = tcg_trunc(b, product);
        hi = tcg_trunc(b, tcg_shr(b, TCG_I64, product, x86_const(d, 32)));
    }
    x86_write_op(d, 1, lo);
    x86_write_op(d, 0, hi);
}

static void emit_pdep(X86Insn *d)
{
    const TcgHelper *h = d->row->arg ? &x86_helper_pext : &x86_helper_pdep;
    bool wide = d->op[0].bytes == 8;
    TcgVal v = x86_read_op(d, 1), mask = x86_read_op(d, 2);
    v = tcg_call(d->b, h, wide ? v : tcg_extu(d->b, v), wide ? mask : tcg_extu(d->b, mask), TCG_NONE, TCG_NONE);
    x86_write_op(d, 0, wide ? v : tcg_trunc(d->b, v));
}

static void emit_rorx(X86Insn *d)
{
    TcgType t = x86_type(d->op[0].bytes);
    x86_write_op(
        d, 0,
        tcg_ror(d->b, t, x86_read_op(d, 1), tcg_const(d->b, t, (uint64_t)d->op[2].imm & (8 * d->op[0].bytes - 1u))));
}

/* SARX, SHLX, SHRX: arg is the operation. TinyCode takes counts modulo the width too. */
static void emit_shiftx(X86Insn *d)
{
    x86_write_op(d, 0,
                 tcg_emit2(d->b, (TcgOp)d->row->arg, x86_type(d->op[0].bytes), x86_read_op(d, 1), x86_read_op(d, 2)));
}

/* --- ADCX, ADOX: arg is the flag --- */

static void emit_adcx(X86Insn *d)
{
    TcgBuilder *b = d->b;
    TcgType t = x86_type(d->op[0].bytes);
    TcgVal in = x86_flagtest(d, d->row->arg == EFL_CF ? TCG_FC_B : TCG_FC_O), c = t == TCG_I64 ? in : tcg_trunc(b, in);
    TcgVal a = x86_read_op(d, 0), v = x86_read_op(d, 1), sum = tcg_add(b, t, a, v), r = tcg_add(b, t, sum, c);
    TcgVal out = tcg_or(b, TCG_I64, tcg_setcond(b, TCG_COND_LTU, t, sum, a), tcg_setcond(b, TCG_COND_LTU, t, r, sum));
    x86_write_op(d, 0, r);
    put_one_flag(d, d->row->arg, out);
}

/* --- the rest --- */

static void emit_movbe(X86Insn *d)
{
    unsigned bytes = d->op[0].bytes;
    TcgType t = x86_type(bytes);
    TcgVal v = tcg_bswap(d->b, t, x86_read_op(d, 1));
    x86_write_op(d, 0, bytes == 2 ? tcg_shr(d->b, t, v, tcg_const(d->b, t, 16)) : v);
}

static void emit_crc32(X86Insn *d)
{
    unsigned bytes = d->op[1].bytes;
    TcgVal crc = x86_get_gpr(d, d->op[0].reg, 4), v = x86_read_op(d, 1);
    crc = tcg_call(d->b, &x86_helper_crc32, crc, bytes == 8 ? v : tcg_extu(d->b, v), x86_const32(d, bytes), TCG_NONE);
    x86_put_gpr(d, d->op[0].reg, 4, crc);
}

static void emit_rdrand(X86Insn *d)
{
    TcgVal v = tcg_call(d->b, &x86_helper_random, TCG_NONE, TCG_NONE, TCG_NONE, TCG_NONE);
    x86_write_op(d, 0, d->op[0].bytes == 8 ? v : tcg_trunc(d->b, v));
    x86_put_flags_packed(d, x86_const(d, EFL_CF));
}

static void emit_cmpxchg16b(X86Insn *d)
{
    x86_operand_address(d, 16, true);
    TcgVal at = tcg_addi(d->b, TCG_I64, d->address, d->address_disp);
    TcgVal same = tcg_call(d->b, &x86_helper_cmpxchg16b, at, x86_const32(d, x86_rf_mode(d->flags)), TCG_NONE, TCG_NONE);
    put_one_flag(d, EFL_ZF, same);
}

static TcgVal pair(X86Insn *d, unsigned hi, unsigned lo)
{
    TcgBuilder *b = d->b;
    TcgVal h = tcg_shl(b, TCG_I64, x86_get_gpr(d, hi, 8), x86_const(d, 32));
    return tcg_or(b, TCG_I64, h, tcg_extu(b, x86_get_gpr(d, lo, 4)));
}

static void emit_cmpxchg8b(X86Insn *d)
{
    TcgBuilder *b = d->b;
    TcgVal expected = pair(d, X86_DX, X86_AX), desired = pair(d, X86_CX, X86_BX), old;
    x86_operand_address(d, 8, true);
    if (d->lock) {
        old = tcg_cmpxchg(b, TCG_I64, tcg_addi(b, TCG_I64, d->address, d->address_disp), expected, desired,
                          x86_mem(d, 8));
    } else {
        old = tcg_load(b, TCG_I64, d->address, d->address_disp, x86_mem(d, 8) | X86_MEM_WILL_WRITE);
        TcgVal v = tcg_select(b, TCG_I64, TCG_COND_EQ, TCG_I64, old, expected, desired, old);
        tcg_store(b, TCG_I64, d->address, d->address_disp, v, x86_mem(d, 8));
    }
    for (unsigned i = 0; i < 2; i++) { /* equal: nothing of RAX and RDX changes, not even their upper halves */
        unsigned reg = i ? X86_DX : X86_AX;
        TcgVal v = i ? tcg_shr(b, TCG_I64, old, x86_const(d, 32)) : tcg_zext(b, TCG_I64, old, 32);
        x86_put_gpr(d, reg, 8, tcg_select(b, TCG_I64, TCG_COND_EQ, TCG_I64, old, expected, x86_get_gpr(d, reg, 8), v));
    }
    put_one_flag(d, EFL_ZF, tcg_setcond(b, TCG_COND_EQ, TCG_I64, old, expected));
}

#define ROW(name_, pattern_, operands_, emit_, ...) \
    { \
        .name = name_, .pattern = pattern_, .operands = operands_, .emit = emit_, __VA_ARGS__ \
    }
#define BITS(name_, opcode_, digit_, op_, flags_) \
    ROW(name_, "0F " opcode_ " /r", "Ev,Gv", emit_bt, .arg = op_, .flags = flags_), \
        ROW(name_, "0F BA " digit_, "Ev,Ib", emit_bt, .arg = op_, .flags = flags_)
#define VEXED(name_, pattern_, operands_, emit_, arg_, feature_) \
    ROW(name_, "VEX.LZ." pattern_, operands_, emit_, .arg = arg_, X86_NEEDS(feature_))

static const X86Row rows[] = {
    BITS("bt", "A3", "/4", BT, 0),
    BITS("bts", "AB", "/5", BTS, X86_ROW_LOCK),
    BITS("btr", "B3", "/6", BTR, X86_ROW_LOCK),
    BITS("btc", "BB", "/7", BTC, X86_ROW_LOCK),
    ROW("bsf", "0F BC /r", "Gv,Ev", emit_bsf, .arg = 0),
    ROW("bsr", "0F BD /r", "Gv,Ev", emit_bsf, .arg = 1),
    ROW("tzcnt", "F3 0F BC /r", "Gv,Ev", emit_tzcnt, .arg = 0, X86_NEEDS(BMI1)),
    ROW("lzcnt", "F3 0F BD /r", "Gv,Ev", emit_tzcnt, .arg = 1, X86_NEEDS(ABM)),
    ROW("popcnt", "F3 0F B8 /r", "Gv,Ev", emit_popcnt, X86_NEEDS(POPCNT)),
    VEXED("andn", "NP.0F38.WIG F2 /r", "Gy,By,Ey", emit_andn, 0, BMI1),
    VEXED("blsr", "NP.0F38.WIG F3 /1", "By,Ey", emit_bls, BLSR, BMI1),
    VEXED("blsmsk", "NP.0F38.WIG F3 /2", "By,Ey", emit_bls, BLSMSK, BMI1),
    VEXED("blsi", "NP.0F38.WIG F3 /3", "By,Ey", emit_bls, BLSI, BMI1),
    VEXED("bextr", "NP.0F38.WIG F7 /r", "Gy,Ey,By", emit_bextr, 0, BMI1),
    VEXED("bzhi", "NP.0F38.WIG F5 /r", "Gy,Ey,By", emit_bzhi, 0, BMI2),
    VEXED("mulx", "F2.0F38.WIG F6 /r", "Gy,By,Ey", emit_mulx, 0, BMI2),
    VEXED("pdep", "F2.0F38.WIG F5 /r", "Gy,By,Ey", emit_pdep, 0, BMI2),
    VEXED("pext", "F3.0F38.WIG F5 /r", "Gy,By,Ey", emit_pdep, 1, BMI2),
    VEXED("rorx", "F2.0F3A.WIG F0 /r", "Gy,Ey,Ib", emit_rorx, 0, BMI2),
    VEXED("sarx", "F3.0F38.WIG F7 /r", "Gy,Ey,By", emit_shiftx, TCG_OP_SAR, BMI2),
    VEXED("shlx", "66.0F38.WIG F7 /r", "Gy,Ey,By", emit_shiftx, TCG_OP_SHL, BMI2),
    VEXED("shrx", "F2.0F38.WIG F7 /r", "Gy,Ey,By", emit_shiftx, TCG_OP_SHR, BMI2),
    ROW("adcx", "66 0F38 F6 /r", "Gy,Ey", emit_adcx, .arg = EFL_CF, X86_NEEDS(ADX)),
    ROW("adox", "F3 0F38 F6 /r", "Gy,Ey", emit_adcx, .arg = EFL_OF, X86_NEEDS(ADX)),
    ROW("movbe", "NFx 0F38 F0 /r mod=m", "Gv,Mv", emit_movbe, X86_NEEDS(MOVBE)),
    ROW("movbe", "NFx 0F38 F1 /r mod=m", "Mv,Gv", emit_movbe, X86_NEEDS(MOVBE)),
    ROW("crc32", "F2 0F38 F0 /r", "Gy,Eb", emit_crc32, X86_NEEDS(SSE42)),
    ROW("crc32", "F2 0F38 F1 /r", "Gy,Ev", emit_crc32, X86_NEEDS(SSE42)),
    ROW("rdrand", "NFx 0F C7 /6 mod=3", "Rv", emit_rdrand, X86_NEEDS(RDRAND)),
    ROW("rdseed", "NFx 0F C7 /7 mod=3", "Rv", emit_rdrand, X86_NEEDS(RDSEED)),
    ROW("cmpxchg8b", "W0 0F C7 /1 mod=m", "Mq", emit_cmpxchg8b, .flags = X86_ROW_LOCK, X86_NEEDS(CX8)),
    ROW("cmpxchg16b", "REX.W 0F C7 /1 mod=m", "Mdq", emit_cmpxchg16b, .flags = X86_ROW_LOCK, X86_NEEDS(CX16)),
};
const X86RowGroup x86_rows_bits = X86_GROUP(rows);

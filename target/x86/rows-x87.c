/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The x87 instructions, D8 to DF, laid out as SDM 2D tables; and FWAIT.
 *
 * A row's `arg` is the helper's control word (x87.h) without ST(i), FOP and TLB mode, which come from the instruction.
 * Loads of operands stand in front of the helper, so where an exception is pending and the operand's page is missing
 * too, the page fault comes first.
 */
#include "x87.h"

#define OP(op)     ((uint32_t)(op) << X87_CTL_OP_SHIFT)
#define TYPE(type) ((uint32_t)(type) << X87_CTL_TYPE_SHIFT)
#define POPS(n)    ((uint32_t)(n) << X87_CTL_POP_SHIFT)

static TcgVal control(X86Insn *d)
{
    uint32_t ctl = d->row->arg | x86_rf_mode(d->flags) << X87_CTL_MMU_SHIFT;
    ctl |= (uint32_t)((d->opcode & 7) << 8 | d->modrm) << X87_CTL_FOP_SHIFT;
    if (d->mod == 3) {
        ctl |= d->modrm & 7;
    }
    return tcg_const(d->b, TCG_I32, ctl);
}

static TcgVal fip(X86Insn *d)
{
    uint64_t eip = d->pc - x86_rf_cs_base(d->flags);
    return x86_const(d, x86_is64(d) ? eip : (uint32_t)eip);
}

static TcgVal linear(X86Insn *d, unsigned bytes, bool write)
{
    int64_t disp;
    TcgVal v = x86_linear(d, bytes, write, &disp);
    return tcg_addi(d->b, TCG_I64, v, disp);
}

/* The memory operand's bits, zero-extended. */
static TcgVal operand(X86Insn *d)
{
    unsigned bytes = d->op[0].bytes;
    TcgVal v = x86_read_op(d, 0);
    return bytes == 8 ? v : tcg_extu(d->b, v);
}

static void emit_st(X86Insn *d, const TcgHelper *h) { tcg_call(d->b, h, control(d), fip(d), TCG_NONE, TCG_NONE); }
static void emit_mem(X86Insn *d, const TcgHelper *h)
{
    TcgVal v = operand(d);
    tcg_call(d->b, h, control(d), fip(d), v, x86_offset(d));
}

static void emit_binary(X86Insn *d) { emit_st(d, &x87_helper_binary); }
static void emit_compare(X86Insn *d) { emit_st(d, &x87_helper_compare); }
static void emit_push_st(X86Insn *d) { emit_st(d, &x87_helper_push_st); }
static void emit_store_st(X86Insn *d) { emit_st(d, &x87_helper_store_st); }
static void emit_constant(X86Insn *d) { emit_st(d, &x87_helper_constant); }
static void emit_function(X86Insn *d) { emit_st(d, &x87_helper_function); }
static void emit_xch(X86Insn *d) { emit_st(d, &x87_helper_xch); }
static void emit_misc(X86Insn *d) { emit_st(d, &x87_helper_misc); }
static void emit_binary_mem(X86Insn *d) { emit_mem(d, &x87_helper_binary_mem); }
static void emit_compare_mem(X86Insn *d) { emit_mem(d, &x87_helper_compare_mem); }
static void emit_load(X86Insn *d) { emit_mem(d, &x87_helper_load); }

static void emit_comi(X86Insn *d)
{
    x86_put_flags_packed(d, tcg_call(d->b, &x87_helper_comi, control(d), fip(d), TCG_NONE, TCG_NONE));
}

static void emit_cmov(X86Insn *d)
{
    /* DA: below, equal, below or equal, unordered; DB: not */
    static const TcgFlagCond conds[] = {TCG_FC_B, TCG_FC_E, TCG_FC_BE, TCG_FC_P};
    TcgFlagCond cond = conds[d->modrm >> 3 & 3];
    if (d->opcode == 0xdb) {
        cond = (TcgFlagCond)(cond ^ 1);
    }
    TcgVal v = tcg_flagtest(d->b, cond, x86_get_flags(d));
    tcg_call(d->b, &x87_helper_cmov, control(d), fip(d), v, TCG_NONE);
}

/* Ten bytes: eight and two. */
static void emit_load10(X86Insn *d, const TcgHelper *h)
{
    int64_t disp;
    TcgVal at = x86_linear(d, 10, false, &disp);
    TcgVal low = tcg_load(d->b, TCG_I64, at, disp, x86_mem(d, 8));
    TcgVal high = tcg_load(d->b, TCG_I32, at, disp + 8, x86_mem(d, 2));
    tcg_call(d->b, h, control(d), fip(d), low, high);
}

static void emit_load80(X86Insn *d) { emit_load10(d, &x87_helper_load80); }
static void emit_load_bcd(X86Insn *d) { emit_load10(d, &x87_helper_load_bcd); }

static void emit_store(X86Insn *d)
{
    TcgVal at = linear(d, d->op[0].bytes, true);
    tcg_call(d->b, &x87_helper_store, control(d), fip(d), at, x86_offset(d));
}

static void emit_store80(X86Insn *d)
{
    tcg_call(d->b, &x87_helper_store80, control(d), fip(d), linear(d, 10, true), x86_offset(d));
}
static void emit_store_bcd(X86Insn *d)
{
    tcg_call(d->b, &x87_helper_store_bcd, control(d), fip(d), linear(d, 10, true), x86_offset(d));
}

/* ---- control ---- */

static void emit_wait(X86Insn *d)
{
    if ((d->flags & (X86_RF_MP | X86_RF_TS)) == (X86_RF_MP | X86_RF_TS)) {
        x86_emit_raise(d, X86_EXC_NM);
    } else {
        tcg_call(d->b, &x87_helper_wait, TCG_NONE, TCG_NONE, TCG_NONE, TCG_NONE);
    }
}

static void emit_init(X86Insn *d) { tcg_call(d->b, &x87_helper_init, TCG_NONE, TCG_NONE, TCG_NONE, TCG_NONE); }
static void emit_clear(X86Insn *d) { tcg_call(d->b, &x87_helper_clear, TCG_NONE, TCG_NONE, TCG_NONE, TCG_NONE); }
static void emit_nothing(X86Insn *d) {}

static void emit_get_status(X86Insn *d)
{
    x86_write_op(d, 0, tcg_call(d->b, &x87_helper_get_status, TCG_NONE, TCG_NONE, TCG_NONE, TCG_NONE));
}
static void emit_get_control(X86Insn *d)
{
    x86_write_op(d, 0, tcg_call(d->b, &x87_helper_get_control, TCG_NONE, TCG_NONE, TCG_NONE, TCG_NONE));
}
static void emit_set_control(X86Insn *d)
{
    tcg_call(d->b, &x87_helper_set_control, x86_read_op(d, 0), TCG_NONE, TCG_NONE, TCG_NONE);
}

static void emit_env(X86Insn *d, const TcgHelper *h, bool write)
{
    uint32_t kind = d->row->arg | (d->opsize == 2 ? 0 : X87_ENV_32);
    if (!(d->flags & X86_RF_PE) || d->flags & X86_RF_VM) {
        kind |= X87_ENV_REAL;
    }
    unsigned bytes = (kind & X87_ENV_32 ? 28 : 14) + (kind & X87_ENV_REGS ? 80 : 0);
    TcgVal at = linear(d, bytes, write);
    tcg_call(d->b, h, tcg_const(d->b, TCG_I32, kind | x86_rf_mode(d->flags) << X87_CTL_MMU_SHIFT), at, TCG_NONE,
             TCG_NONE);
}

static void emit_store_env(X86Insn *d) { emit_env(d, &x87_helper_store_env, true); }
static void emit_load_env(X86Insn *d) { emit_env(d, &x87_helper_load_env, false); }

/* ---- rows ---- */

#define X87 X86_ROW_X87, X86_NEEDS(FPU)
#define MEM(name_, op_, digit_, size_, emit_, arg_) {name_, op_ " /" digit_ " mod=m", size_, emit_, arg_, X87}
#define ARITH_MEM(op_, digit_, name_, iname_)                                              \
    MEM(name_, "D8", digit_, "Md", emit_binary_mem, OP(op_) | TYPE(X87_F32)),              \
    MEM(name_, "DC", digit_, "Mq", emit_binary_mem, OP(op_) | TYPE(X87_F64)),              \
    MEM(iname_, "DA", digit_, "Md", emit_binary_mem, OP(op_) | TYPE(X87_I32)),             \
    MEM(iname_, "DE", digit_, "Mw", emit_binary_mem, OP(op_) | TYPE(X87_I16))
#define COMPARE_MEM(digit_, name_, iname_, pops_)                                          \
    MEM(name_, "D8", digit_, "Md", emit_compare_mem, TYPE(X87_F32) | POPS(pops_)),         \
    MEM(name_, "DC", digit_, "Mq", emit_compare_mem, TYPE(X87_F64) | POPS(pops_)),         \
    MEM(iname_, "DA", digit_, "Md", emit_compare_mem, TYPE(X87_I32) | POPS(pops_)),        \
    MEM(iname_, "DE", digit_, "Mw", emit_compare_mem, TYPE(X87_I16) | POPS(pops_))
/* D8 computes into ST(0); DC and DE into ST(i), where the reversed forms have changed places. */
#define ARITH_ST(op_, d8_, dc_, name_, to_i_, popping_)                                    \
    {name_, "D8 " d8_ "+i", "ST0,STi", emit_binary, OP(op_), X87},                         \
    {to_i_, "DC " dc_ "+i", "STi,ST0", emit_binary, OP(op_) | X87_CTL_TO_I, X87},          \
    {popping_, "DE " dc_ "+i", "STi,ST0", emit_binary, OP(op_) | X87_CTL_TO_I | POPS(1), X87}

static const X86Row rows[] = {
    ARITH_MEM(X87_ADD, "0", "fadd", "fiadd"),
    ARITH_MEM(X87_MUL, "1", "fmul", "fimul"),
    COMPARE_MEM("2", "fcom", "ficom", 0),
    COMPARE_MEM("3", "fcomp", "ficomp", 1),
    ARITH_MEM(X87_SUB, "4", "fsub", "fisub"),
    ARITH_MEM(X87_SUBR, "5", "fsubr", "fisubr"),
    ARITH_MEM(X87_DIV, "6", "fdiv", "fidiv"),
    ARITH_MEM(X87_DIVR, "7", "fdivr", "fidivr"),
    ARITH_ST(X87_ADD, "C0", "C0", "fadd", "fadd", "faddp"),
    ARITH_ST(X87_MUL, "C8", "C8", "fmul", "fmul", "fmulp"),
    ARITH_ST(X87_SUB, "E0", "E0", "fsub", "fsubr", "fsubrp"),
    ARITH_ST(X87_SUBR, "E8", "E8", "fsubr", "fsub", "fsubp"),
    ARITH_ST(X87_DIV, "F0", "F0", "fdiv", "fdivr", "fdivrp"),
    ARITH_ST(X87_DIVR, "F8", "F8", "fdivr", "fdiv", "fdivp"),
    {"fcom", "D8 D0+i", "ST0,STi", emit_compare, 0, X87},
    {"fcomp", "D8 D8+i", "ST0,STi", emit_compare, POPS(1), X87},
    {"fcom", "DC D0+i", "ST0,STi", emit_compare, 0, X87},
    {"fcomp", "DC D8+i", "ST0,STi", emit_compare, POPS(1), X87},
    {"fcomp", "DE D0+i", "ST0,STi", emit_compare, POPS(1), X87},
    {"fcompp", "DE D9", NULL, emit_compare, POPS(2), X87},
    {"fucompp", "DA E9", NULL, emit_compare, POPS(2) | X87_CTL_QUIET, X87},
    {"fucom", "DD E0+i", "ST0,STi", emit_compare, X87_CTL_QUIET, X87},
    {"fucomp", "DD E8+i", "ST0,STi", emit_compare, X87_CTL_QUIET | POPS(1), X87},
    {"fucomi", "DB E8+i", "ST0,STi", emit_comi, X87_CTL_QUIET, X87},
    {"fcomi", "DB F0+i", "ST0,STi", emit_comi, 0, X87},
    {"fucomip", "DF E8+i", "ST0,STi", emit_comi, X87_CTL_QUIET | POPS(1), X87},
    {"fcomip", "DF F0+i", "ST0,STi", emit_comi, POPS(1), X87},

    {"fld", "D9 /0 mod=m", "Md", emit_load, TYPE(X87_F32), X87},
    {"fst", "D9 /2 mod=m", "Md", emit_store, TYPE(X87_F32), X87},
    {"fstp", "D9 /3 mod=m", "Md", emit_store, TYPE(X87_F32) | POPS(1), X87},
    {"fldenv", "D9 /4 mod=m", "M", emit_load_env, 0, X87},
    {"fldcw", "D9 /5 mod=m", "Mw", emit_set_control, 0, X87},
    {"fnstenv", "D9 /6 mod=m", "M", emit_store_env, 0, X87},
    {"fnstcw", "D9 /7 mod=m", "Mw", emit_get_control, 0, X87},
    {"fld", "D9 C0+i", "STi", emit_push_st, 0, X87},
    {"fxch", "D9 C8+i", "STi", emit_xch, 0, X87},
    {"fnop", "D9 D0", NULL, emit_misc, OP(X87_NOP), X87},
    {"fstp", "D9 D8+i", "STi", emit_store_st, POPS(1) | X87_CTL_QUIET, X87},
    {"fchs", "D9 E0", NULL, emit_misc, OP(X87_CHS), X87},
    {"fabs", "D9 E1", NULL, emit_misc, OP(X87_ABS), X87},
    {"ftst", "D9 E4", NULL, emit_function, OP(X87_FTST), X87},
    {"fxam", "D9 E5", NULL, emit_function, OP(X87_FXAM), X87},
    {"fld1", "D9 E8", NULL, emit_constant, OP(X87_FLD1), X87},
    {"fldl2t", "D9 E9", NULL, emit_constant, OP(X87_FLDL2T), X87},
    {"fldl2e", "D9 EA", NULL, emit_constant, OP(X87_FLDL2E), X87},
    {"fldpi", "D9 EB", NULL, emit_constant, OP(X87_FLDPI), X87},
    {"fldlg2", "D9 EC", NULL, emit_constant, OP(X87_FLDLG2), X87},
    {"fldln2", "D9 ED", NULL, emit_constant, OP(X87_FLDLN2), X87},
    {"fldz", "D9 EE", NULL, emit_constant, OP(X87_FLDZ), X87},
    {"f2xm1", "D9 F0", NULL, emit_function, OP(X87_F2XM1), X87},
    {"fyl2x", "D9 F1", NULL, emit_function, OP(X87_FYL2X) | POPS(1), X87},
    {"fptan", "D9 F2", NULL, emit_function, OP(X87_FPTAN), X87},
    {"fpatan", "D9 F3", NULL, emit_function, OP(X87_FPATAN) | POPS(1), X87},
    {"fxtract", "D9 F4", NULL, emit_function, OP(X87_FXTRACT), X87},
    {"fprem1", "D9 F5", NULL, emit_function, OP(X87_FPREM1), X87},
    {"fdecstp", "D9 F6", NULL, emit_misc, OP(X87_DECSTP), X87},
    {"fincstp", "D9 F7", NULL, emit_misc, OP(X87_INCSTP), X87},
    {"fprem", "D9 F8", NULL, emit_function, OP(X87_FPREM), X87},
    {"fyl2xp1", "D9 F9", NULL, emit_function, OP(X87_FYL2XP1) | POPS(1), X87},
    {"fsqrt", "D9 FA", NULL, emit_function, OP(X87_FSQRT), X87},
    {"fsincos", "D9 FB", NULL, emit_function, OP(X87_FSINCOS), X87},
    {"frndint", "D9 FC", NULL, emit_function, OP(X87_FRNDINT), X87},
    {"fscale", "D9 FD", NULL, emit_function, OP(X87_FSCALE), X87},
    {"fsin", "D9 FE", NULL, emit_function, OP(X87_FSIN), X87},
    {"fcos", "D9 FF", NULL, emit_function, OP(X87_FCOS), X87},

    {"fcmovb", "DA C0+i", "ST0,STi", emit_cmov, 0, X86_ROW_X87, X86_NEEDS(CMOV)},
    {"fcmove", "DA C8+i", "ST0,STi", emit_cmov, 0, X86_ROW_X87, X86_NEEDS(CMOV)},
    {"fcmovbe", "DA D0+i", "ST0,STi", emit_cmov, 0, X86_ROW_X87, X86_NEEDS(CMOV)},
    {"fcmovu", "DA D8+i", "ST0,STi", emit_cmov, 0, X86_ROW_X87, X86_NEEDS(CMOV)},
    {"fcmovnb", "DB C0+i", "ST0,STi", emit_cmov, 0, X86_ROW_X87, X86_NEEDS(CMOV)},
    {"fcmovne", "DB C8+i", "ST0,STi", emit_cmov, 0, X86_ROW_X87, X86_NEEDS(CMOV)},
    {"fcmovnbe", "DB D0+i", "ST0,STi", emit_cmov, 0, X86_ROW_X87, X86_NEEDS(CMOV)},
    {"fcmovnu", "DB D8+i", "ST0,STi", emit_cmov, 0, X86_ROW_X87, X86_NEEDS(CMOV)},

    {"fild", "DB /0 mod=m", "Md", emit_load, TYPE(X87_I32), X87},
    {"fisttp", "DB /1 mod=m", "Md", emit_store, TYPE(X87_T32) | POPS(1), X86_ROW_X87, X86_NEEDS(SSE3)},
    {"fist", "DB /2 mod=m", "Md", emit_store, TYPE(X87_I32), X87},
    {"fistp", "DB /3 mod=m", "Md", emit_store, TYPE(X87_I32) | POPS(1), X87},
    {"fld", "DB /5 mod=m", "Mt", emit_load80, 0, X87},
    {"fstp", "DB /7 mod=m", "Mt", emit_store80, POPS(1), X87},
    {"fneni", "DB E0", NULL, emit_nothing, 0, X87},
    {"fndisi", "DB E1", NULL, emit_nothing, 0, X87},
    {"fnclex", "DB E2", NULL, emit_clear, 0, X87},
    {"fninit", "DB E3", NULL, emit_init, 0, X87},
    {"fnsetpm", "DB E4", NULL, emit_nothing, 0, X87},

    {"fld", "DD /0 mod=m", "Mq", emit_load, TYPE(X87_F64), X87},
    {"fisttp", "DD /1 mod=m", "Mq", emit_store, TYPE(X87_T64) | POPS(1), X86_ROW_X87, X86_NEEDS(SSE3)},
    {"fst", "DD /2 mod=m", "Mq", emit_store, TYPE(X87_F64), X87},
    {"fstp", "DD /3 mod=m", "Mq", emit_store, TYPE(X87_F64) | POPS(1), X87},
    {"frstor", "DD /4 mod=m", "M", emit_load_env, X87_ENV_REGS, X87},
    {"fnsave", "DD /6 mod=m", "M", emit_store_env, X87_ENV_REGS, X87},
    {"fnstsw", "DD /7 mod=m", "Mw", emit_get_status, 0, X87},
    {"ffree", "DD C0+i", "STi", emit_misc, OP(X87_FREE), X87},
    {"fxch", "DD C8+i", "STi", emit_xch, 0, X87},
    {"fst", "DD D0+i", "STi", emit_store_st, 0, X87},
    {"fstp", "DD D8+i", "STi", emit_store_st, POPS(1), X87},

    {"fild", "DF /0 mod=m", "Mw", emit_load, TYPE(X87_I16), X87},
    {"fisttp", "DF /1 mod=m", "Mw", emit_store, TYPE(X87_T16) | POPS(1), X86_ROW_X87, X86_NEEDS(SSE3)},
    {"fist", "DF /2 mod=m", "Mw", emit_store, TYPE(X87_I16), X87},
    {"fistp", "DF /3 mod=m", "Mw", emit_store, TYPE(X87_I16) | POPS(1), X87},
    {"fbld", "DF /4 mod=m", "Mt", emit_load_bcd, 0, X87},
    {"fild", "DF /5 mod=m", "Mq", emit_load, TYPE(X87_I64), X87},
    {"fbstp", "DF /6 mod=m", "Mt", emit_store_bcd, POPS(1), X87},
    {"fistp", "DF /7 mod=m", "Mq", emit_store, TYPE(X87_I64) | POPS(1), X87},
    {"ffreep", "DF C0+i", "STi", emit_misc, OP(X87_FREE) | POPS(1), X87},
    {"fxch", "DF C8+i", "STi", emit_xch, 0, X87},
    {"fstp", "DF D0+i", "STi", emit_store_st, POPS(1), X87},
    {"fstp", "DF D8+i", "STi", emit_store_st, POPS(1), X87},
    {"fnstsw", "DF E0", "AX", emit_get_status, 0, X87},
    {"fwait", "9B", NULL, emit_wait, 0, 0, X86_NEEDS(FPU)},
};
const X86RowGroup x86_rows_x87 = X86_GROUP(rows);

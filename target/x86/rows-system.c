/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System instructions: interrupt flag, HLT, control and debug registers, MSRs, CPUID and time, TLB maintenance, protection keys, segment
 * bases, RSM. SDM 2A to 2D; the work is in system.c.
 *
 * CLI, STI, SWAPGS and reads and writes of segment bases are inline. What changes region flags or translation ends the region.
 */
#include "emit-internal.h"
#include "system.h"

static TcgVal call0(X86Insn *d, const TcgHelper *h) { return tcg_call(d->b, h, TCG_NONE, TCG_NONE, TCG_NONE, TCG_NONE); }
static TcgVal call1(X86Insn *d, const TcgHelper *h, TcgVal a) { return tcg_call(d->b, h, a, TCG_NONE, TCG_NONE, TCG_NONE); }
static TcgVal call2(X86Insn *d, const TcgHelper *h, TcgVal a, TcgVal c) { return tcg_call(d->b, h, a, c, TCG_NONE, TCG_NONE); }

static void emit_nop(X86Insn *d) {}

/* EDX:EAX */
static void put_edx_eax(X86Insn *d, TcgVal v)
{
    x86_put_gpr(d, X86_AX, 4, tcg_trunc(d->b, v));
    x86_put_gpr(d, X86_DX, 4, tcg_trunc(d->b, tcg_shr(d->b, TCG_I64, v, x86_const(d, 32))));
}

static TcgVal get_edx_eax(X86Insn *d)
{
    TcgVal low = tcg_extu(d->b, x86_get_gpr(d, X86_AX, 4)), high = tcg_extu(d->b, x86_get_gpr(d, X86_DX, 4));
    return tcg_or(d->b, TCG_I64, low, tcg_shl(d->b, TCG_I64, high, x86_const(d, 32)));
}

/* A register operand of the mode's width as i64. */
static unsigned native_bytes(const X86Insn *d) { return x86_is64(d) ? 8 : 4; }
static TcgVal get_native(X86Insn *d, unsigned reg)
{
    TcgVal v = x86_get_gpr(d, reg, native_bytes(d));
    return x86_is64(d) ? v : tcg_extu(d->b, v);
}
static void put_native(X86Insn *d, unsigned reg, TcgVal v)
{
    x86_put_gpr(d, reg, native_bytes(d), x86_is64(d) ? v : tcg_trunc(d->b, v));
}

/* ---- interrupt flag, HLT ---- */

/*
 * The shadow of STI is the address behind it, whatever IF was. The region is left only where an interrupt is known to
 * wait: one that comes later asks for attention by itself.
 */
static void emit_cli_sti(X86Insn *d)
{
    bool on = d->row->arg;
    if (!(d->flags & X86_RF_IOPL)) {
        call1(d, &x86_helper_cli_sti, x86_const32(d, on));
        return;
    }
    TcgVal old = tcg_get(d->b, X86_SLOT_EFLAGS, TCG_I64);
    if (!on) {
        tcg_put(d->b, X86_SLOT_EFLAGS, tcg_and(d->b, TCG_I64, old, x86_const(d, ~(uint64_t)EFL_IF)));
        return;
    }
    tcg_put(d->b, X86_SLOT_EFLAGS, tcg_or(d->b, TCG_I64, old, x86_const(d, EFL_IF)));
    tcg_put(d->b, X86_SLOT_INHIBIT, x86_const(d, x86_next_pc(d)));
    TcgLabel over = tcg_label_new(d->b);
    tcg_label_branch(d->b, over, TCG_COND_EQ, TCG_I64, tcg_get(d->b, X86_SLOT_IRQ_WAITING, TCG_I64), x86_const(d, 0));
    x86_emit_leave(d);
    tcg_label_bind(d->b, over);
}

static void emit_hlt(X86Insn *d)
{
    if (d->flags & X86_RF_TF) {
        x86_emit_leave(d); /* the trap ends the wait at once */
    } else {
        tcg_exit(d->b, TCG_REASON_IDLE, x86_next_pc(d));
    }
}

/* ---- control and debug registers ---- */

/* A register that does not exist is #UD whatever the CPL (SDM 2B, MOV). False: raised. */
static bool may_access(X86Insn *d, bool exists)
{
    if (!exists) {
        x86_emit_raise(d, X86_EXC_UD);
    } else if (d->flags & X86_RF_CPL) {
        x86_emit_raise_error(d, X86_EXC_GP, 0);
    }
    return exists && !(d->flags & X86_RF_CPL);
}

static bool cr_exists(const X86Insn *d) { return d->reg == 0 || (d->reg >= 2 && d->reg <= 4) || (d->reg == 8 && x86_is64(d)); }

static void emit_read_cr(X86Insn *d)
{
    if (!may_access(d, cr_exists(d))) {
        return;
    }
    put_native(d, d->rm, call1(d, &x86_helper_read_cr, x86_const32(d, d->reg)));
}

static void emit_write_cr(X86Insn *d)
{
    if (!may_access(d, cr_exists(d))) {
        return;
    }
    call2(d, &x86_helper_write_cr, x86_const32(d, d->reg), get_native(d, d->rm));
}

static void emit_read_dr(X86Insn *d)
{
    if (!may_access(d, d->reg < 8)) {
        return;
    }
    put_native(d, d->rm, call1(d, &x86_helper_read_dr, x86_const32(d, d->reg)));
}

static void emit_write_dr(X86Insn *d)
{
    if (!may_access(d, d->reg < 8)) {
        return;
    }
    call2(d, &x86_helper_write_dr, x86_const32(d, d->reg), get_native(d, d->rm));
}

static void emit_smsw(X86Insn *d)
{
    if ((d->flags & X86_RF_CR4_UMIP) && (d->flags & X86_RF_CPL)) {
        x86_emit_raise_error(d, X86_EXC_GP, 0);
        return;
    }
    TcgVal v = call1(d, &x86_helper_read_cr, x86_const32(d, 0));
    x86_write_op(d, 0, d->op[0].bytes == 8 ? v : tcg_trunc(d->b, v));
}

static void emit_lmsw(X86Insn *d) { call1(d, &x86_helper_lmsw, x86_read_op(d, 0)); }
static void emit_clts(X86Insn *d) { call0(d, &x86_helper_clts); }

/* ---- MSRs, CPUID, time ---- */

static void emit_rdmsr(X86Insn *d) { put_edx_eax(d, call1(d, &x86_helper_rdmsr, x86_get_gpr(d, X86_CX, 4))); }

static void emit_wrmsr(X86Insn *d)
{
    TcgVal leave = call2(d, &x86_helper_wrmsr, x86_get_gpr(d, X86_CX, 4), get_edx_eax(d));
    TcgLabel over = tcg_label_new(d->b);
    tcg_label_branch(d->b, over, TCG_COND_EQ, TCG_I64, leave, x86_const(d, 0));
    x86_emit_leave(d);
    tcg_label_bind(d->b, over);
}

static void emit_cpuid(X86Insn *d) { call0(d, &x86_helper_cpuid); }

static void emit_rdtsc(X86Insn *d)
{
    TcgVal v = call0(d, d->flags & X86_RF_CPL ? &x86_helper_rdtsc_checked : &x86_helper_rdtsc);
    if (d->row->arg) { /* RDTSCP */
        x86_put_gpr(d, X86_CX, 4, tcg_trunc(d->b, call0(d, &x86_helper_tsc_aux)));
    }
    put_edx_eax(d, v);
}

static void emit_rdpid(X86Insn *d) { put_native(d, d->rm, call0(d, &x86_helper_tsc_aux)); }

/* CPUID leaf 0xA says that there are no counters. */
static void emit_rdpmc(X86Insn *d) { x86_emit_raise_error(d, X86_EXC_GP, 0); }

/* ---- TLB ---- */

static void emit_invlpg(X86Insn *d)
{
    TcgVal va = tcg_add(d->b, TCG_I64, x86_offset(d), x86_seg_base(d, (unsigned)d->seg));
    call1(d, &x86_helper_invlpg, va);
}

static void emit_invpcid(X86Insn *d)
{
    int64_t disp;
    TcgVal at = x86_linear(d, 16, false, &disp);
    TcgVal pcid = tcg_load(d->b, TCG_I64, at, disp, x86_mem(d, 8)), va = tcg_load(d->b, TCG_I64, at, disp + 8, x86_mem(d, 8));
    tcg_call(d->b, &x86_helper_invpcid, get_native(d, d->reg), pcid, va, TCG_NONE);
}

/* ---- MONITOR, MWAIT ---- */

/* The address must be readable; nothing else comes of it. */
static void emit_monitor(X86Insn *d)
{
    x86_emit_raise_if(d, X86_EXC_GP, true, TCG_COND_NE, TCG_I32, x86_get_gpr(d, X86_CX, 4), x86_const32(d, 0));
    TcgVal offset = x86_get_gpr(d, X86_AX, 8);
    if (d->addrsize < 8) {
        offset = tcg_and(d->b, TCG_I64, offset, x86_const(d, d->addrsize == 4 ? UINT32_MAX : UINT16_MAX));
    }
    unsigned seg = d->seg_override ? (unsigned)d->seg : X86_DS;
    TcgVal at = x86_seg_linear(d, seg, offset, 1, false);
    tcg_load(d->b, TCG_I32, at, 0, x86_mem(d, 1));
}

static void emit_mwait(X86Insn *d)
{
    call1(d, &x86_helper_mwait, x86_get_gpr(d, X86_CX, 4));
    if (d->flags & X86_RF_TF) {
        x86_emit_leave(d);
    } else {
        tcg_exit(d->b, TCG_REASON_PAUSE, x86_next_pc(d));
    }
}

/* ---- protection keys, AC ---- */

static void emit_rdpkru(X86Insn *d) { put_edx_eax(d, call1(d, &x86_helper_rdpkru, x86_get_gpr(d, X86_CX, 4))); }

static void emit_wrpkru(X86Insn *d)
{
    tcg_call(d->b, &x86_helper_wrpkru, x86_get_gpr(d, X86_CX, 4), x86_get_gpr(d, X86_DX, 4), x86_get_gpr(d, X86_AX, 4), TCG_NONE);
}

static void emit_set_ac(X86Insn *d)
{
    if (d->flags & X86_RF_CPL) {
        x86_emit_raise(d, X86_EXC_UD);
        return;
    }
    call1(d, &x86_helper_set_ac, x86_const32(d, d->row->arg));
}

/* ---- segment bases ---- */

enum { BASE_WRITES = 16 };

static void emit_base(X86Insn *d)
{
    unsigned seg = d->row->arg & 15, bytes = d->rex_w ? 8 : 4;
    if (!(d->flags & X86_RF_FSGSBASE)) {
        x86_emit_raise(d, X86_EXC_UD);
        return;
    }
    if (!(d->row->arg & BASE_WRITES)) {
        TcgVal base = tcg_get(d->b, X86_SLOT_SEG_BASE + seg, TCG_I64);
        x86_put_gpr(d, d->rm, bytes, bytes == 8 ? base : tcg_trunc(d->b, base));
        return;
    }
    TcgVal v = x86_get_gpr(d, d->rm, bytes);
    if (bytes == 4) {
        v = tcg_extu(d->b, v);
    } else { /* canonical with 48 bits is canonical with 57; the rest asks */
        TcgLabel fine = tcg_label_new(d->b);
        TcgVal low = tcg_sar(d->b, TCG_I64, tcg_shl(d->b, TCG_I64, v, x86_const(d, 16)), x86_const(d, 16));
        tcg_label_branch(d->b, fine, TCG_COND_EQ, TCG_I64, v, low);
        call1(d, &x86_helper_check_base, v);
        tcg_label_bind(d->b, fine);
    }
    tcg_put(d->b, X86_SLOT_SEG_BASE + seg, v);
}

static void emit_swapgs(X86Insn *d)
{
    TcgVal gs = tcg_get(d->b, X86_SLOT_SEG_BASE + X86_GS, TCG_I64), kernel = tcg_get(d->b, X86_SLOT_KERNEL_GS, TCG_I64);
    tcg_put(d->b, X86_SLOT_SEG_BASE + X86_GS, kernel);
    tcg_put(d->b, X86_SLOT_KERNEL_GS, gs);
}

/* ---- SMM ---- */

static void emit_rsm(X86Insn *d)
{
    if (!(d->flags & X86_RF_SMM)) {
        x86_emit_raise(d, X86_EXC_UD);
        return;
    }
    call0(d, &x86_helper_rsm);
    tcg_exit(d->b, TCG_REASON_NONE, UINT64_MAX);
}

/* ---- rows ---- */

#define CPL0 X86_ROW_CPL0
#define ENDS X86_ROW_ENDS
#define STOP .scan = SCAN_STOP
static const X86Row rows[] = {
    {"cli", "FA", NULL, emit_cli_sti, 0, 0},
    {"sti", "FB", NULL, emit_cli_sti, 1, 0},
    {"hlt", "F4", NULL, emit_hlt, 0, CPL0, STOP},
    {"mov", "0F 20 /r", "Rn,Cn", emit_read_cr, 0, X86_ROW_F64},
    {"mov", "0F 22 /r", "Cn,Rn", emit_write_cr, 0, X86_ROW_F64 | ENDS},
    {"mov", "0F 21 /r", "Rn,Dn", emit_read_dr, 0, X86_ROW_F64},
    {"mov", "0F 23 /r", "Dn,Rn", emit_write_dr, 0, X86_ROW_F64 | ENDS},
    {"smsw", "0F 01 /4 mod=3", "Rv", emit_smsw, 0, 0},
    {"smsw", "0F 01 /4 mod=m", "Mw", emit_smsw, 0, 0},
    {"lmsw", "0F 01 /6", "Ew", emit_lmsw, 0, CPL0 | ENDS},
    {"clts", "0F 06", NULL, emit_clts, 0, CPL0 | ENDS},
    {"invd", "0F 08", NULL, emit_nop, 0, CPL0},
    {"wbinvd", "0F 09", NULL, emit_nop, 0, CPL0},
    {"wrmsr", "0F 30", NULL, emit_wrmsr, 0, CPL0, X86_NEEDS(MSR)},
    {"rdtsc", "0F 31", NULL, emit_rdtsc, 0, 0, X86_NEEDS(TSC)},
    {"rdmsr", "0F 32", NULL, emit_rdmsr, 0, CPL0, X86_NEEDS(MSR)},
    {"rdpmc", "0F 33", NULL, emit_rdpmc, 0, 0, STOP},
    {"cpuid", "0F A2", NULL, emit_cpuid, 0, 0},
    {"rsm", "0F AA", NULL, emit_rsm, 0, 0, STOP},
    {"invlpg", "0F 01 /7 mod=m", "Mb", emit_invlpg, 0, CPL0 | ENDS},
    {"invpcid", "66 0F38 82 /r mod=m", "Gn,Mdq", emit_invpcid, 0, CPL0 | ENDS, X86_NEEDS(INVPCID)},
    {"monitor", "0F 01 C8", NULL, emit_monitor, 0, CPL0, X86_NEEDS(MONITOR)},
    {"mwait", "0F 01 C9", NULL, emit_mwait, 0, CPL0, X86_NEEDS(MONITOR), STOP},
    {"clac", "NP 0F 01 CA", NULL, emit_set_ac, 0, ENDS, X86_NEEDS(SMAP)},
    {"stac", "NP 0F 01 CB", NULL, emit_set_ac, 1, ENDS, X86_NEEDS(SMAP)},
    {"rdpkru", "NP 0F 01 EE", NULL, emit_rdpkru, 0, 0, X86_NEEDS(PKU)},
    {"wrpkru", "NP 0F 01 EF", NULL, emit_wrpkru, 0, ENDS, X86_NEEDS(PKU)},
    {"swapgs", "0F 01 F8", NULL, emit_swapgs, 0, X86_ROW_O64 | CPL0},
    {"rdtscp", "0F 01 F9", NULL, emit_rdtsc, 1, 0, X86_NEEDS(RDTSCP)},
    {"rdfsbase", "F3 0F AE /0 mod=3", "Ry", emit_base, X86_FS, X86_ROW_O64, X86_NEEDS(FSGSBASE)},
    {"rdgsbase", "F3 0F AE /1 mod=3", "Ry", emit_base, X86_GS, X86_ROW_O64, X86_NEEDS(FSGSBASE)},
    {"wrfsbase", "F3 0F AE /2 mod=3", "Ry", emit_base, X86_FS | BASE_WRITES, X86_ROW_O64, X86_NEEDS(FSGSBASE)},
    {"wrgsbase", "F3 0F AE /3 mod=3", "Ry", emit_base, X86_GS | BASE_WRITES, X86_ROW_O64, X86_NEEDS(FSGSBASE)},
    {"rdpid", "F3 0F C7 /7 mod=3", "Rn", emit_rdpid, 0, 0, X86_NEEDS(RDPID)},
};
const X86RowGroup x86_rows_system = X86_GROUP(rows);

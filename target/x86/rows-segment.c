/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows of segment registers, far transfers, software interrupts, fast system calls and descriptor tables. The work is
 * in helpers on state in memory (segment.c, far.c, interrupt.c, syscall.c).
 *
 * A load of DS or ES leaves the region only if it changed the region flags (mostly: whether segments are flat); FS and
 * GS never do. A load of SS always leaves, with interrupts held back over the next instruction.
 */
#include "emit-internal.h"
#include "segment.h"

static TcgVal none(void) { return TCG_NONE; }
static TcgVal call1(X86Insn *d, const TcgHelper *h, TcgVal a) { return tcg_call(d->b, h, a, none(), none(), none()); }
static TcgVal call2(X86Insn *d, const TcgHelper *h, TcgVal a, TcgVal b)
{
    return tcg_call(d->b, h, a, b, none(), none());
}

/* Declarations: everything but vectors; segment registers; nothing that is a slot. */
#define HELPER_SYSTEM(fn_, ...)                                                                                        \
    {                                                                                                                  \
        .name = "x86_" #fn_, .fn = (void *)fn_, .flags = TCG_HELPER_RAISES, .args = {__VA_ARGS__},                     \
        .reads = X86_SLOTS_SYSTEM, .writes = X86_SLOTS_SYSTEM,                                                         \
    }
#define HELPER_SEGMENT(fn_, ...)                                                                                       \
    {                                                                                                                  \
        .name = "x86_" #fn_, .fn = (void *)fn_, .flags = TCG_HELPER_RAISES, .ret = TCG_I64, .args = {__VA_ARGS__},     \
        .reads = {{X86_SLOTS_SEG | X86_S0(X86_SLOT_EFLAGS)}}, .writes = {{X86_SLOTS_SEG}},                             \
    }
#define HELPER_PLAIN(fn_, ret_, ...)                                                                                   \
    {                                                                                                                  \
        .name = "x86_" #fn_, .fn = (void *)fn_, .flags = TCG_HELPER_RAISES, .ret = ret_, .args = {__VA_ARGS__},        \
        .reads = {{X86_S0(X86_SLOT_EFLAGS)}},                                                                          \
    }

/* ---- segment registers ---- */

/* True: the region flags are others now. */
static uint64_t load_seg(CpuState *cpu, uint32_t seg, uint32_t selector)
{
    X86Cpu *x = x86_cpu(cpu);
    uint64_t flags = x->region_flags;
    x86_load_seg(x, seg, (uint16_t)selector);
    return flags != x->region_flags;
}
static uint64_t read_selector(CpuState *cpu, uint32_t seg) { return x86_cpu(cpu)->seg[seg].selector; }

static const TcgHelper helper_load_seg = HELPER_SEGMENT(load_seg, TCG_I32, TCG_I32);
static const TcgHelper helper_read_selector = {
    .name = "x86_read_selector", .fn = (void *)read_selector, .ret = TCG_I64, .args = {TCG_I32},
};

/* i64 */
static TcgVal selector_of(X86Insn *d, unsigned seg)
{
    if (d->flags & X86_RF_VM) {
        return tcg_shr(d->b, TCG_I64, x86_seg_base(d, seg), x86_const(d, 4));
    }
    return call1(d, &helper_read_selector, x86_const32(d, seg));
}

static TcgVal emit_load(X86Insn *d, unsigned seg, TcgVal selector)
{
    return call2(d, &helper_load_seg, x86_const32(d, seg), selector);
}

/* Behind the registers' puts. */
static void emit_after_load(X86Insn *d, unsigned seg, TcgVal changed, bool shadow)
{
    if (seg == X86_SS && shadow) { /* no single-step trap either */
        tcg_put(d->b, X86_SLOT_INHIBIT, x86_const(d, x86_next_pc(d)));
        tcg_exit(d->b, TCG_REASON_NONE, x86_next_pc(d));
        return;
    }
    if (seg == X86_SS) {
        x86_emit_leave(d);
        return;
    }
    if (seg < X86_FS) {
        TcgLabel same = tcg_label_new(d->b);
        tcg_label_branch(d->b, same, TCG_COND_EQ, TCG_I64, changed, x86_const(d, 0));
        x86_emit_leave(d);
        tcg_label_bind(d->b, same);
    }
}

static void emit_mov_to_seg(X86Insn *d)
{
    unsigned seg = d->op[0].reg;
    if (seg == X86_CS) {
        x86_emit_raise(d, X86_EXC_UD);
        return;
    }
    TcgVal changed = emit_load(d, seg, x86_read_op(d, 1));
    emit_after_load(d, seg, changed, true);
}

static void emit_mov_from_seg(X86Insn *d)
{
    TcgVal v = selector_of(d, d->op[1].reg);
    x86_write_op(d, 0, d->op[0].bytes == 8 ? v : tcg_trunc(d->b, v));
}

/* Instructions of the stack are 64 bits wide in 64-bit mode. */
static void emit_push_seg(X86Insn *d)
{
    TcgVal v = selector_of(d, d->op[0].reg);
    x86_emit_push(d, d->opsize, d->opsize == 8 ? v : tcg_trunc(d->b, v));
}

static void emit_pop_seg(X86Insn *d)
{
    unsigned seg = d->op[0].reg;
    TcgVal sp, v = x86_emit_pop(d, d->opsize, &sp);
    TcgVal changed = emit_load(d, seg, d->opsize == 8 ? tcg_trunc(d->b, v) : v);
    x86_put_sp(d, sp);
    emit_after_load(d, seg, changed, true);
}

/* The far pointer in memory: offset (i64 or i32 by operand size) and selector (i32). */
static void far_pointer(X86Insn *d, TcgVal *offset, TcgVal *selector)
{
    int64_t disp;
    TcgVal at = x86_linear(d, d->opsize + 2u, false, &disp);
    *offset = tcg_load(d->b, x86_type(d->opsize), at, disp, x86_mem(d, d->opsize));
    *selector = tcg_load(d->b, TCG_I32, at, disp + d->opsize, x86_mem(d, 2));
}

static void emit_load_pointer(X86Insn *d)
{
    unsigned seg = d->row->arg;
    TcgVal offset, selector;
    far_pointer(d, &offset, &selector);
    TcgVal changed = emit_load(d, seg, selector);
    x86_put_gpr(d, d->op[0].reg, d->opsize, offset);
    emit_after_load(d, seg, changed, false);
}

/* ---- far transfers ---- */

static void far_jump(CpuState *cpu, uint32_t selector, uint64_t offset, uint32_t opsize, uint64_t next)
{
    x86_far_jump(x86_cpu(cpu), (uint16_t)selector, offset, opsize, next);
}
static void far_call(CpuState *cpu, uint32_t selector, uint64_t offset, uint32_t opsize, uint64_t next)
{
    x86_far_call(x86_cpu(cpu), (uint16_t)selector, offset, opsize, next);
}
static void far_return(CpuState *cpu, uint32_t opsize, uint32_t pop) { x86_far_return(x86_cpu(cpu), opsize, pop); }
static void iret(CpuState *cpu, uint32_t opsize, uint64_t next) { x86_iret(x86_cpu(cpu), opsize, next); }

static const TcgHelper helper_far_jump = HELPER_SYSTEM(far_jump, TCG_I32, TCG_I64, TCG_I32, TCG_I64);
static const TcgHelper helper_far_call = HELPER_SYSTEM(far_call, TCG_I32, TCG_I64, TCG_I32, TCG_I64);
static const TcgHelper helper_far_return = HELPER_SYSTEM(far_return, TCG_I32, TCG_I32);
static const TcgHelper helper_iret = HELPER_SYSTEM(iret, TCG_I32, TCG_I64);

static void emit_far(X86Insn *d, TcgVal selector, TcgVal offset)
{
    const TcgHelper *h = d->row->arg ? &helper_far_call : &helper_far_jump;
    tcg_call(d->b, h, selector, offset, x86_const32(d, d->opsize), x86_const(d, x86_next_eip(d)));
    x86_emit_leave_pc(d);
}

static void emit_far_direct(X86Insn *d)
{
    emit_far(d, x86_const32(d, d->selector), x86_const(d, (uint64_t)d->op[0].imm));
}

static void emit_far_indirect(X86Insn *d)
{
    TcgVal offset, selector;
    far_pointer(d, &offset, &selector);
    emit_far(d, selector, d->opsize == 8 ? offset : tcg_extu(d->b, offset));
}

static void emit_far_return(X86Insn *d)
{
    uint32_t pop = d->op_count ? (uint32_t)d->op[0].imm & 0xffff : 0;
    call2(d, &helper_far_return, x86_const32(d, d->opsize), x86_const32(d, pop));
    x86_emit_leave_pc(d);
}

static void emit_iret(X86Insn *d)
{
    call2(d, &helper_iret, x86_const32(d, d->opsize), x86_const(d, x86_next_eip(d)));
    x86_emit_leave_pc(d);
}

/* ---- software interrupts ---- */

enum { INT_IS_TRAP = 0x200 };

/* INT n is entered at once; the others are rare and go the way of exceptions. */
static void software_interrupt(CpuState *cpu, uint32_t vector, uint64_t next)
{
    x86_software_interrupt(x86_cpu(cpu), (uint8_t)vector, next);
    x86_cpu(cpu)->inhibit = UINT64_MAX;
}
static void raise_int(CpuState *cpu, uint32_t what, uint64_t next)
{
    x86_raise_int(x86_cpu(cpu), (uint8_t)what, next, !(what & INT_IS_TRAP));
}
static const TcgHelper helper_int_n = HELPER_SYSTEM(software_interrupt, TCG_I32, TCG_I64);
static const TcgHelper helper_raise_int = {
    .name = "x86_raise_int", .fn = (void *)raise_int, .flags = TCG_HELPER_RAISES | TCG_HELPER_NORETURN,
    .args = {TCG_I32, TCG_I64},
};

/* The handler runs with TF clear, so there is no single-step trap at its start. */
static void emit_int_n(X86Insn *d)
{
    call2(d, &helper_int_n, x86_const32(d, (uint32_t)d->op[0].imm & 0xff), x86_const(d, x86_next_pc(d)));
    tcg_exit(d->b, TCG_REASON_NONE, UINT64_MAX);
}

static void emit_int(X86Insn *d)
{
    call2(d, &helper_raise_int, x86_const32(d, d->row->arg), x86_const(d, x86_next_pc(d)));
}

static void emit_into(X86Insn *d)
{
    TcgLabel over = tcg_label_new(d->b);
    tcg_label_branch(d->b, over, TCG_COND_EQ, TCG_I64, x86_flagtest(d, TCG_FC_O), x86_const(d, 0));
    emit_int(d);
    tcg_label_bind(d->b, over);
    x86_emit_leave(d);
}

/* ---- SYSCALL and its relatives ---- */

static void do_syscall(CpuState *cpu, uint64_t next) { x86_syscall(x86_cpu(cpu), next); }
static void do_sysret(CpuState *cpu, uint32_t opsize) { x86_sysret(x86_cpu(cpu), opsize); }
static void do_sysenter(CpuState *cpu) { x86_sysenter(x86_cpu(cpu)); }
static void do_sysexit(CpuState *cpu, uint32_t opsize) { x86_sysexit(x86_cpu(cpu), opsize); }
static const TcgHelper helper_syscall = HELPER_SYSTEM(do_syscall, TCG_I64);
static const TcgHelper helper_sysret = HELPER_SYSTEM(do_sysret, TCG_I32);
static const TcgHelper helper_sysenter = HELPER_SYSTEM(do_sysenter, TCG_VOID);
static const TcgHelper helper_sysexit = HELPER_SYSTEM(do_sysexit, TCG_I32);

/* Whether a single-step trap follows is for TF as it is behind them. */
static void emit_syscall(X86Insn *d)
{
    call1(d, &helper_syscall, x86_const(d, x86_next_pc(d)));
    tcg_exit(d->b, d->flags & X86_RF_TF ? (TcgReason)X86_REASON_STEP_IF_TF : TCG_REASON_NONE, UINT64_MAX);
}

static void emit_sysret(X86Insn *d)
{
    call1(d, &helper_sysret, x86_const32(d, d->opsize));
    tcg_exit(d->b, (TcgReason)X86_REASON_STEP_IF_TF, UINT64_MAX);
}

static void emit_sysenter(X86Insn *d)
{
    tcg_call(d->b, &helper_sysenter, none(), none(), none(), none());
    x86_emit_leave_pc(d);
}

static void emit_sysexit(X86Insn *d)
{
    call1(d, &helper_sysexit, x86_const32(d, d->opsize));
    x86_emit_leave_pc(d);
}

/* ---- descriptor tables ---- */

enum { TABLE_GDT, TABLE_IDT, TABLE_LDT, TABLE_TR };

static void load_table(CpuState *cpu, uint32_t which, uint32_t limit, uint64_t base)
{
    X86Cpu *x = x86_cpu(cpu);
    if (x86_long_mode(x) && !x86_canonical(x, base)) {
        x86_gp0(x);
    }
    if (which == TABLE_GDT) {
        x->gdt.base = base;
        x->gdt.limit = limit & 0xffff;
    } else {
        x->idt.base = base;
        x->idt.limit = limit & 0xffff;
    }
}
static uint64_t table_base(CpuState *cpu, uint32_t which)
{
    const X86Cpu *x = x86_cpu(cpu);
    return which == TABLE_GDT ? x->gdt.base : x->idt.base;
}
static uint64_t table_limit(CpuState *cpu, uint32_t which)
{
    const X86Cpu *x = x86_cpu(cpu);
    switch (which) {
    case TABLE_GDT: return x->gdt.limit;
    case TABLE_IDT: return x->idt.limit;
    case TABLE_LDT: return x->ldt.selector;
    default: return x->tr.selector;
    }
}
static void load_system(CpuState *cpu, uint32_t which, uint32_t selector)
{
    X86Cpu *x = x86_cpu(cpu);
    if (which == TABLE_LDT) {
        x86_lldt(x, (uint16_t)selector);
    } else {
        x86_ltr(x, (uint16_t)selector);
    }
}
static const TcgHelper helper_load_table = HELPER_PLAIN(load_table, TCG_VOID, TCG_I32, TCG_I32, TCG_I64);
static const TcgHelper helper_table_base = HELPER_PLAIN(table_base, TCG_I64, TCG_I32);
static const TcgHelper helper_table_limit = HELPER_PLAIN(table_limit, TCG_I64, TCG_I32);
static const TcgHelper helper_load_system = HELPER_PLAIN(load_system, TCG_VOID, TCG_I32, TCG_I32);

/* UMIP: SGDT, SIDT, SLDT, STR are the supervisor's. True: raised. */
static bool umip(X86Insn *d)
{
    if ((d->flags & X86_RF_CR4_UMIP) && (d->flags & X86_RF_CPL)) {
        x86_emit_raise_error(d, X86_EXC_GP, 0);
        return true;
    }
    return false;
}

static void emit_load_table(X86Insn *d)
{
    unsigned bytes = x86_is64(d) ? 8 : 4;
    int64_t disp;
    TcgVal at = x86_linear(d, bytes + 2, false, &disp);
    TcgVal limit = tcg_load(d->b, TCG_I32, at, disp, x86_mem(d, 2));
    TcgVal base = tcg_load(d->b, TCG_I64, at, disp + 2, x86_mem(d, bytes));
    if (d->opsize == 2 && bytes == 4) {
        base = tcg_and(d->b, TCG_I64, base, x86_const(d, 0xffffff));
    }
    tcg_call(d->b, &helper_load_table, x86_const32(d, d->row->arg), limit, base, none());
}

/* The base is stored whole, whatever the operand size. */
static void emit_store_table(X86Insn *d)
{
    if (umip(d)) {
        return;
    }
    unsigned bytes = x86_is64(d) ? 8 : 4;
    int64_t disp;
    TcgVal at = x86_linear(d, bytes + 2, true, &disp);
    TcgVal limit = call1(d, &helper_table_limit, x86_const32(d, d->row->arg));
    TcgVal base = call1(d, &helper_table_base, x86_const32(d, d->row->arg));
    tcg_store(d->b, TCG_I32, at, disp, tcg_trunc(d->b, limit), x86_mem(d, 2));
    tcg_store(d->b, TCG_I64, at, disp + 2, base, x86_mem(d, bytes));
}

static void emit_store_system(X86Insn *d)
{
    if (umip(d)) {
        return;
    }
    TcgVal v = call1(d, &helper_table_limit, x86_const32(d, d->row->arg));
    x86_write_op(d, 0, d->op[0].bytes == 8 ? v : tcg_trunc(d->b, v));
}

static void emit_load_system(X86Insn *d)
{
    call2(d, &helper_load_system, x86_const32(d, d->row->arg), x86_read_op(d, 0));
}

/* ---- questions about descriptors ---- */

enum { ASK_LAR, ASK_LSL, ASK_VERR, ASK_VERW };

/* All ones: no (ZF clear). */
static uint64_t ask(CpuState *cpu, uint32_t what, uint32_t selector)
{
    X86Cpu *x = x86_cpu(cpu);
    uint32_t v = 0;
    bool yes;
    switch (what) {
    case ASK_LAR: yes = x86_lar(x, (uint16_t)selector, &v); break;
    case ASK_LSL: yes = x86_lsl(x, (uint16_t)selector, &v); break;
    default: yes = x86_verify(x, (uint16_t)selector, what == ASK_VERW); break;
    }
    return yes ? v : UINT64_MAX;
}
static const TcgHelper helper_ask = HELPER_PLAIN(ask, TCG_I64, TCG_I32, TCG_I32);

/* ZF becomes @zf (i64, 0 or 1), the other flags stay. */
static void put_zf(X86Insn *d, TcgVal zf)
{
    TcgVal rest = tcg_and(d->b, TCG_I64, x86_get_flags_packed(d), x86_const(d, EFL_STATUS & ~EFL_ZF));
    x86_put_flags_packed(d, tcg_or(d->b, TCG_I64, rest, tcg_shl(d->b, TCG_I64, zf, x86_const(d, 6))));
}

static void emit_ask(X86Insn *d)
{
    unsigned source = d->row->arg >= ASK_VERR ? 0 : 1;
    TcgVal no = x86_const(d, UINT64_MAX);
    TcgVal v = call2(d, &helper_ask, x86_const32(d, d->row->arg), x86_read_op(d, source));
    put_zf(d, tcg_setcond(d->b, TCG_COND_NE, TCG_I64, v, no));
    if (source) {
        TcgLabel over = tcg_label_new(d->b);
        tcg_label_branch(d->b, over, TCG_COND_EQ, TCG_I64, v, no);
        x86_put_gpr(d, d->op[0].reg, d->opsize, d->opsize == 8 ? v : tcg_trunc(d->b, v));
        tcg_label_bind(d->b, over);
    }
}

static void emit_arpl(X86Insn *d)
{
    TcgBuilder *b = d->b;
    TcgVal three = x86_const32(d, 3), old = x86_read_op_rmw(d, 0);
    TcgVal old_rpl = tcg_and(b, TCG_I32, old, three), rpl = tcg_and(b, TCG_I32, x86_read_op(d, 1), three);
    TcgVal less = tcg_setcond(b, TCG_COND_LTU, TCG_I32, old_rpl, rpl);
    TcgVal raised = tcg_or(b, TCG_I32, tcg_and(b, TCG_I32, old, x86_const32(d, ~3u)), rpl);
    x86_write_op(d, 0, tcg_select(b, TCG_I32, TCG_COND_LTU, TCG_I32, old_rpl, rpl, raised, old));
    put_zf(d, less);
}

/* ---- rows ---- */

#define ROW(name_, pattern_, operands_, emit_, arg_, flags_, scan_)                                                    \
    {.name = name_, .pattern = pattern_, .operands = operands_, .emit = emit_, .arg = (arg_), .flags = (flags_),       \
     .scan = scan_}
#define STOP(name_, pattern_, operands_, emit_, arg_, flags_)                                                          \
    ROW(name_, pattern_, operands_, emit_, arg_, flags_, SCAN_STOP)
#define FAST(name_, pattern_, emit_, flags_, feature_)                                                                 \
    {.name = name_, .pattern = pattern_, .emit = emit_, .flags = (flags_), .scan = SCAN_STOP, X86_NEEDS(feature_)}
#define NEXT(name_, pattern_, operands_, emit_, arg_, flags_)                                                          \
    ROW(name_, pattern_, operands_, emit_, arg_, flags_, SCAN_NEXT)
#define I64 X86_ROW_I64
#define D64 X86_ROW_D64
#define CPL0 X86_ROW_CPL0
#define PROT X86_ROW_PROT

static const X86Row rows[] = {
    NEXT("mov", "8C /r mod=3", "Rv,Sw", emit_mov_from_seg, 0, 0),
    NEXT("mov", "8C /r mod=m", "Mw,Sw", emit_mov_from_seg, 0, 0),
    NEXT("mov", "8E /r", "Sw,Ew", emit_mov_to_seg, 0, 0),
    NEXT("push", "06", "ES", emit_push_seg, 0, I64),
    NEXT("push", "0E", "CS", emit_push_seg, 0, I64),
    NEXT("push", "16", "SS", emit_push_seg, 0, I64),
    NEXT("push", "1E", "DS", emit_push_seg, 0, I64),
    NEXT("push", "0F A0", "FS", emit_push_seg, 0, D64),
    NEXT("push", "0F A8", "GS", emit_push_seg, 0, D64),
    NEXT("pop", "07", "ES", emit_pop_seg, 0, I64),
    STOP("pop", "17", "SS", emit_pop_seg, 0, I64),
    NEXT("pop", "1F", "DS", emit_pop_seg, 0, I64),
    NEXT("pop", "0F A1", "FS", emit_pop_seg, 0, D64),
    NEXT("pop", "0F A9", "GS", emit_pop_seg, 0, D64),
    NEXT("les", "C4 /r mod=m", "Gv,Mp", emit_load_pointer, X86_ES, I64),
    NEXT("lds", "C5 /r mod=m", "Gv,Mp", emit_load_pointer, X86_DS, I64),
    STOP("lss", "0F B2 /r mod=m", "Gv,Mp", emit_load_pointer, X86_SS, 0),
    NEXT("lfs", "0F B4 /r mod=m", "Gv,Mp", emit_load_pointer, X86_FS, 0),
    NEXT("lgs", "0F B5 /r mod=m", "Gv,Mp", emit_load_pointer, X86_GS, 0),

    STOP("jmp", "EA", "Ap", emit_far_direct, 0, I64),
    STOP("call", "9A", "Ap", emit_far_direct, 1, I64),
    STOP("jmp", "FF /5 mod=m", "Mp", emit_far_indirect, 0, 0),
    STOP("call", "FF /3 mod=m", "Mp", emit_far_indirect, 1, 0),
    STOP("retf", "CB", "", emit_far_return, 0, 0),
    STOP("retf", "CA", "Iw", emit_far_return, 0, 0),
    STOP("iret", "CF", "", emit_iret, 0, 0),

    STOP("int3", "CC", "", emit_int, X86_EXC_BP, 0),
    STOP("int", "CD", "Ib", emit_int_n, 0, 0),
    STOP("into", "CE", "", emit_into, X86_EXC_OF, I64),
    STOP("int1", "F1", "", emit_int, X86_EXC_DB | INT_IS_TRAP, 0),

    FAST("syscall", "0F 05", emit_syscall, 0, SYSCALL),
    FAST("sysret", "0F 07", emit_sysret, 0, SYSCALL),
    FAST("sysenter", "0F 34", emit_sysenter, 0, SEP),
    FAST("sysexit", "0F 35", emit_sysexit, 0, SEP),

    NEXT("sldt", "0F 00 /0 mod=3", "Rv", emit_store_system, TABLE_LDT, PROT),
    NEXT("sldt", "0F 00 /0 mod=m", "Mw", emit_store_system, TABLE_LDT, PROT),
    NEXT("str", "0F 00 /1 mod=3", "Rv", emit_store_system, TABLE_TR, PROT),
    NEXT("str", "0F 00 /1 mod=m", "Mw", emit_store_system, TABLE_TR, PROT),
    NEXT("lldt", "0F 00 /2", "Ew", emit_load_system, TABLE_LDT, PROT | CPL0),
    NEXT("ltr", "0F 00 /3", "Ew", emit_load_system, TABLE_TR, PROT | CPL0),
    NEXT("verr", "0F 00 /4", "Ew", emit_ask, ASK_VERR, PROT),
    NEXT("verw", "0F 00 /5", "Ew", emit_ask, ASK_VERW, PROT),
    NEXT("lar", "0F 02 /r", "Gv,Ew", emit_ask, ASK_LAR, PROT),
    NEXT("lsl", "0F 03 /r", "Gv,Ew", emit_ask, ASK_LSL, PROT),
    NEXT("arpl", "63 /r", "Ew,Gw", emit_arpl, 0, PROT | I64),
    NEXT("sgdt", "0F 01 /0 mod=m", "Ms", emit_store_table, TABLE_GDT, 0),
    NEXT("sidt", "0F 01 /1 mod=m", "Ms", emit_store_table, TABLE_IDT, 0),
    NEXT("lgdt", "0F 01 /2 mod=m", "Ms", emit_load_table, TABLE_GDT, CPL0),
    NEXT("lidt", "0F 01 /3 mod=m", "Ms", emit_load_table, TABLE_IDT, CPL0),
};
const X86RowGroup x86_rows_segment = X86_GROUP(rows);

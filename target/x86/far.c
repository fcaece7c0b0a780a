/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Far JMP, CALL, RET and IRET in all modes: through descriptors and call gates, to other privilege levels, to and from
 * virtual-8086 mode, nested tasks (SDM 2A/2B: JMP, CALL, RET, IRET; 3A 5.8, 7.3, 20.2).
 *
 * On the vCPU thread with all state in memory but the PC, which is at the instruction as far as faults are concerned.
 */
#include "segment.h"

/* ---- real and virtual-8086 mode ---- */

/* Offsets beyond the limit cannot be gone to. */
static void check_ip_real(X86Cpu *x, uint64_t ip)
{
    if (ip > x->seg[X86_CS].limit) {
        x86_gp0(x);
    }
}

static void put_code_real(X86Cpu *x, uint16_t selector, uint64_t ip)
{
    x86_put_seg_real(x, X86_CS, selector);
    x->pc = (uint32_t)(x->seg[X86_CS].base + ip);
    x86_update_flags(x);
}

/* ---- call gates ---- */

typedef struct Gate {
    uint16_t selector;
    unsigned bytes, params; /* of a pushed word */
    uint64_t offset;
    X86Desc code;
} Gate;

/* Reads and checks gate and code segment; what privilege level comes out is the caller's to look at. */
static void read_gate(X86Cpu *x, uint16_t selector, X86Desc *d, Gate *g)
{
    unsigned type = x86_desc_type(d->attr);
    if (MAX(x->cpl, x86_rpl(selector)) > x86_dpl(d->attr)) {
        x86_fault(x, X86_EXC_GP, selector);
    }
    if (!x86_present(d->attr)) {
        x86_fault(x, X86_EXC_NP, selector);
    }
    g->selector = (uint16_t)(d->lo >> 16);
    g->offset = (d->lo & 0xffff) | (d->hi & 0xffff0000u);
    g->params = d->hi & 31;
    g->bytes = type == X86_SYS_CALL16 ? 2 : 4;
    if (type == X86_SYS_CALL16) {
        g->offset &= 0xffff;
    }
    if (x86_long_mode(x)) {
        uint64_t upper_base = d->base;
        if (!x86_desc_upper(x, selector, d)) {
            x86_fault(x, X86_EXC_GP, selector);
        }
        g->offset |= (d->base ^ upper_base) & ~0xffffffffull;
        g->bytes = 8;
        g->params = 0;
    }
    x86_desc_get(x, g->selector, &g->code, X86_EXC_GP);
    if (!x86_is_code(g->code.attr) || x86_dpl(g->code.attr) > x->cpl ||
        (x86_long_mode(x) && (g->code.attr & (X86_ATTR_L | X86_ATTR_DB)) != X86_ATTR_L)) {
        x86_fault(x, X86_EXC_GP, g->selector);
    }
    if (!x86_present(g->code.attr)) {
        x86_fault(x, X86_EXC_NP, g->selector);
    }
}

static void jump_gate(X86Cpu *x, uint16_t selector, X86Desc *d)
{
    Gate g;
    read_gate(x, selector, d, &g);
    if (!x86_is_conforming(g.code.attr) && x86_dpl(g.code.attr) != x->cpl) {
        x86_fault(x, X86_EXC_GP, g.selector);
    }
    x86_check_eip(x, &g.code, g.offset);
    x86_desc_accessed(x, &g.code);
    x86_put_code(x, g.selector, &g.code, x->cpl, g.offset);
    x86_update_flags(x);
}

/* To an inner level: its stack is in the TSS, parameters are copied (SDM 3A 5.8.5). */
static void call_inner(X86Cpu *x, Gate *g, uint64_t next_eip)
{
    unsigned cpl = x86_dpl(g->code.attr);
    uint16_t ss = 0;
    uint64_t sp = x86_tss_stack(x, cpl, &ss);
    X86Stack old = x86_stack(x, x->cpl), s;
    X86Desc d = {0};
    uint64_t params[31];
    uint16_t old_ss = x->seg[X86_SS].selector;
    uint64_t old_sp = x86_code64(x) ? x->gpr[X86_SP] : (uint32_t)x->gpr[X86_SP];

    if (g->bytes == 8) {
        ss = (uint16_t)cpl;
        s = x86_stack64(x, sp, cpl);
    } else {
        x86_desc_get(x, ss, &d, X86_EXC_TS);
        x86_check_stack(x, ss, &d, cpl, X86_EXC_TS);
        s = x86_stack_at(x, &d, ss, sp, cpl);
    }
    x86_stack_room(&s, (4 + g->params) * g->bytes, true);
    x86_check_eip(x, &g->code, g->offset);
    for (unsigned i = 0; i < g->params; i++) {
        params[i] = x86_pop(&old, g->bytes);
    }
    x86_push(&s, g->bytes, old_ss);
    x86_push(&s, g->bytes, old_sp);
    for (unsigned i = g->params; i--;) {
        x86_push(&s, g->bytes, params[i]);
    }
    x86_push(&s, g->bytes, x->seg[X86_CS].selector);
    x86_push(&s, g->bytes, next_eip);
    if (g->bytes == 8) {
        x86_desc_accessed(x, &g->code);
        x86_put_null(x, X86_SS, ss);
    } else {
        x86_desc_accessed(x, &d);
        x86_desc_accessed(x, &g->code);
        x86_put_seg(x, X86_SS, ss, &d);
    }
    x86_stack_commit(&s);
    x86_put_code(x, g->selector, &g->code, cpl, g->offset);
    x86_update_flags(x);
}

static void call_same(X86Cpu *x, uint16_t selector, X86Desc *d, uint64_t eip, unsigned bytes, uint64_t next_eip)
{
    X86Stack s = x86_stack(x, x->cpl);
    x86_check_eip(x, d, eip);
    x86_stack_room(&s, 2 * bytes, true);
    x86_push(&s, bytes, x->seg[X86_CS].selector);
    x86_push(&s, bytes, next_eip);
    x86_desc_accessed(x, d);
    x86_stack_commit(&s);
    x86_put_code(x, selector, d, x->cpl, eip);
    x86_update_flags(x);
}

static void call_gate(X86Cpu *x, uint16_t selector, X86Desc *d, uint64_t next_eip)
{
    Gate g;
    read_gate(x, selector, d, &g);
    if (!x86_is_conforming(g.code.attr) && x86_dpl(g.code.attr) < x->cpl) {
        call_inner(x, &g, next_eip);
    } else {
        call_same(x, g.selector, &g.code, g.offset, g.bytes, next_eip);
    }
}

/* ---- JMP and CALL to whatever the selector names ---- */

/* A task gate or TSS: always leaves by a task switch. */
static void to_task(X86Cpu *x, uint16_t selector, const X86Desc *d, unsigned how, uint64_t next_eip)
{
    unsigned type = x86_desc_type(d->attr);
    if (MAX(x->cpl, x86_rpl(selector)) > x86_dpl(d->attr)) {
        x86_fault(x, X86_EXC_GP, selector);
    }
    if (!x86_present(d->attr)) {
        x86_fault(x, X86_EXC_NP, selector);
    }
    x86_task_switch(x, type == X86_SYS_TASK ? (uint16_t)(d->lo >> 16) : selector, how, false, 0, next_eip);
}

static void to_system(X86Cpu *x, uint16_t selector, X86Desc *d, bool call, uint64_t next_eip)
{
    unsigned type = x86_desc_type(d->attr);
    bool gate = type == X86_SYS_CALL32 || (type == X86_SYS_CALL16 && !x86_long_mode(x));
    bool task = type == X86_SYS_TASK || type == X86_SYS_TSS16 || type == X86_SYS_TSS32;
    if (gate && call) {
        call_gate(x, selector, d, next_eip);
    } else if (gate) {
        jump_gate(x, selector, d);
    } else if (task && !x86_long_mode(x)) {
        to_task(x, selector, d, call ? X86_TASK_CALL : X86_TASK_JUMP, next_eip);
    } else {
        x86_fault(x, X86_EXC_GP, selector);
    }
}

static uint64_t narrow(uint64_t v, unsigned opsize)
{
    return opsize == 8 ? v : opsize == 4 ? (uint32_t)v : (uint16_t)v;
}

void x86_far_jump(X86Cpu *x, uint16_t selector, uint64_t offset, unsigned opsize, uint64_t next_eip)
{
    offset = narrow(offset, opsize);
    if (!x86_protected(x)) {
        check_ip_real(x, offset);
        put_code_real(x, selector, offset);
        return;
    }
    X86Desc d;
    x86_desc_get(x, selector, &d, X86_EXC_GP);
    if (!(d.attr & X86_ATTR_S)) {
        to_system(x, selector, &d, false, next_eip);
        return;
    }
    x86_check_code(x, selector, &d, x->cpl, true);
    x86_check_eip(x, &d, offset);
    x86_desc_accessed(x, &d);
    x86_put_code(x, selector, &d, x->cpl, offset);
    x86_update_flags(x);
}

void x86_far_call(X86Cpu *x, uint16_t selector, uint64_t offset, unsigned opsize, uint64_t next_eip)
{
    offset = narrow(offset, opsize);
    if (!x86_protected(x)) {
        X86Stack s = x86_stack(x, x->cpl);
        x86_stack_room(&s, 2 * opsize, true);
        check_ip_real(x, offset);
        x86_push(&s, opsize, x->seg[X86_CS].selector);
        x86_push(&s, opsize, next_eip);
        x86_stack_commit(&s);
        put_code_real(x, selector, offset);
        return;
    }
    X86Desc d;
    x86_desc_get(x, selector, &d, X86_EXC_GP);
    if (!(d.attr & X86_ATTR_S)) {
        to_system(x, selector, &d, true, next_eip);
        return;
    }
    x86_check_code(x, selector, &d, x->cpl, true);
    call_same(x, selector, &d, offset, opsize, next_eip);
}

/* ---- RET and IRET ---- */

/* Code segment of a return to level RPL of its selector (SDM 2B, RET; 2A, IRET). */
static void check_return_code(X86Cpu *x, uint16_t selector, X86Desc *d)
{
    x86_desc_get(x, selector, d, X86_EXC_GP);
    unsigned rpl = x86_rpl(selector), dpl = x86_dpl(d->attr);
    if (!x86_is_code(d->attr) || rpl < x->cpl || (d->attr & X86_ATTR_CONFORMING ? dpl > rpl : dpl != rpl)) {
        x86_fault(x, X86_EXC_GP, selector);
    }
    x86_check_code_mode(x, selector, d);
    if (!x86_present(d->attr)) {
        x86_fault(x, X86_EXC_NP, selector);
    }
}

/* What SS becomes: checked, or null where 64-bit code may have that. */
static void check_return_stack(X86Cpu *x, uint16_t ss, X86Desc *d, unsigned cpl, bool to_64)
{
    if (x86_null(ss)) {
        if (!to_64 || cpl == 3 || x86_rpl(ss) != cpl) {
            x86_gp0(x);
        }
        d->va = 0;
        return;
    }
    x86_desc_get(x, ss, d, X86_EXC_GP);
    x86_check_stack(x, ss, d, cpl, X86_EXC_GP);
    x86_desc_accessed(x, d);
}

/* SS and rSP of the stack returned to, @extra bytes popped off there. The code segment is loaded already. */
static void put_return_stack(X86Cpu *x, uint16_t ss, const X86Desc *d, uint64_t sp, unsigned extra)
{
    uint64_t mask = ~0ull;
    if (d->va) {
        x86_put_seg(x, X86_SS, ss, d);
    } else {
        x86_put_null(x, X86_SS, ss);
    }
    if (!x86_code64(x)) {
        mask = d->attr & X86_ATTR_DB ? 0xffffffffu : 0xffff;
    }
    x86_put_sp_masked(x, mask, sp + extra);
}

static void far_return_real(X86Cpu *x, unsigned opsize, unsigned pop_bytes)
{
    X86Stack s = x86_stack(x, x->cpl);
    x86_stack_room(&s, 2 * opsize, false);
    uint64_t ip = x86_pop(&s, opsize);
    uint16_t cs = (uint16_t)x86_pop(&s, opsize);
    check_ip_real(x, ip);
    s.sp += pop_bytes;
    x86_stack_commit(&s);
    put_code_real(x, cs, ip);
}

void x86_far_return(X86Cpu *x, unsigned opsize, unsigned pop_bytes)
{
    if (!x86_protected(x)) {
        far_return_real(x, opsize, pop_bytes);
        return;
    }
    X86Stack s = x86_stack(x, x->cpl);
    X86Desc code, stack = {0};
    x86_stack_room(&s, 2 * opsize, false);
    uint64_t eip = x86_pop(&s, opsize);
    uint16_t cs = (uint16_t)x86_pop(&s, opsize), ss;
    check_return_code(x, cs, &code);
    unsigned cpl = x86_rpl(cs);
    if (cpl == x->cpl) {
        x86_check_eip(x, &code, eip);
        x86_desc_accessed(x, &code);
        s.sp += pop_bytes;
        x86_stack_commit(&s);
        x86_put_code(x, cs, &code, cpl, eip);
        x86_update_flags(x);
        return;
    }
    s.sp = (s.sp + pop_bytes) & s.mask;
    x86_stack_room(&s, 2 * opsize, false);
    uint64_t sp = x86_pop(&s, opsize);
    ss = (uint16_t)x86_pop(&s, opsize);
    check_return_stack(x, ss, &stack, cpl, x86_desc_code64(x, &code));
    x86_check_eip(x, &code, eip);
    x86_desc_accessed(x, &code);
    x86_put_code(x, cs, &code, cpl, eip);
    put_return_stack(x, ss, &stack, sp, pop_bytes);
    x86_drop_segs(x, cpl);
    x86_update_flags(x);
}

uint32_t x86_iret_mask(const X86Cpu *x, unsigned cpl, unsigned opsize)
{
    uint32_t mask = EFL_STATUS | EFL_TF | EFL_DF | EFL_NT;
    if (opsize > 2) {
        mask |= EFL_RF | EFL_AC | EFL_ID;
    }
    if (cpl == 0) {
        mask |= EFL_IOPL | (opsize > 2 ? EFL_VIF | EFL_VIP : 0);
    }
    if (cpl <= x86_iopl(x)) {
        mask |= EFL_IF;
    }
    return mask;
}

static void put_iret_flags(X86Cpu *x, uint32_t flags, uint32_t mask)
{
    x86_put_eflags(x, (x86_get_eflags(x) & ~mask) | (flags & mask));
    x->nmi_blocked = false;
}

/* SDM 3A 20.3.3, tables 20-2: with IOPL below 3 IRET needs VME, where IF of the image is VIF. */
static void iret_v86_virtual(X86Cpu *x, uint64_t ip, uint16_t cs, uint32_t flags, X86Stack *s)
{
    bool vip = x->eflags & EFL_VIP;
    if ((flags & EFL_TF) || (vip && (flags & EFL_IF))) {
        x86_gp0(x);
    }
    uint32_t mask = 0xffff & ~(uint32_t)(EFL_IF | EFL_IOPL | EFL_FIXED);
    x86_stack_commit(s);
    put_iret_flags(x, (flags & mask) | (flags & EFL_IF ? EFL_VIF : 0), mask | EFL_VIF);
    put_code_real(x, cs, ip);
}

static void iret_real(X86Cpu *x, unsigned opsize)
{
    bool v86 = x86_v86(x), by_vme = v86 && x86_iopl(x) < 3;
    if (by_vme && (!(x->cr4 & CR4_VME) || opsize != 2)) {
        x86_gp0(x);
    }
    X86Stack s = x86_stack(x, x->cpl);
    x86_stack_room(&s, 3 * opsize, false);
    uint64_t ip = x86_pop(&s, opsize);
    uint16_t cs = (uint16_t)x86_pop(&s, opsize);
    uint32_t flags = (uint32_t)x86_pop(&s, opsize);
    check_ip_real(x, ip);
    if (by_vme) {
        iret_v86_virtual(x, ip, cs, flags, &s);
        return;
    }
    uint32_t mask = EFL_STATUS | EFL_TF | EFL_DF | EFL_NT | EFL_IF | (v86 ? 0 : EFL_IOPL);
    if (opsize > 2) {
        mask |= EFL_RF | EFL_AC | EFL_ID;
    }
    x86_stack_commit(&s);
    put_iret_flags(x, flags, mask);
    put_code_real(x, cs, ip);
}

/* The rest of a virtual-8086 frame (SDM 3A 20.2.3); EIP, CS and EFLAGS are popped. */
static void iret_to_v86(X86Cpu *x, X86Stack *s, uint64_t eip, uint16_t cs, uint32_t flags)
{
    static const uint8_t order[] = {X86_ES, X86_DS, X86_FS, X86_GS};
    uint16_t sel[4];
    x86_stack_room(s, 24, false);
    uint32_t esp = (uint32_t)x86_pop(s, 4);
    uint16_t ss = (uint16_t)x86_pop(s, 4);
    for (unsigned i = 0; i < 4; i++) {
        sel[i] = (uint16_t)x86_pop(s, 4);
    }
    if ((uint16_t)eip != eip) {
        x86_gp0(x);
    }
    put_iret_flags(x, flags, X86_EFL_ALL);
    x->cpl = 3;
    for (unsigned i = 0; i < 4; i++) {
        x86_put_seg_real(x, order[i], sel[i]);
    }
    x86_put_seg_real(x, X86_SS, ss);
    x->gpr[X86_SP] = esp;
    put_code_real(x, cs, eip);
}

static void iret_task(X86Cpu *x, uint64_t next_eip)
{
    if (x86_long_mode(x)) {
        x86_gp0(x);
    }
    uint16_t link = (uint16_t)x86_read_system(x, x->tr.base, 2);
    if (link & 4) {
        x86_fault(x, X86_EXC_TS, link);
    }
    x->nmi_blocked = false;
    x86_task_switch(x, link, X86_TASK_IRET, false, 0, next_eip);
}

typedef struct IretFrame {
    uint64_t ip, flags, sp;
    uint16_t cs, ss;
} IretFrame;

/* IRETQ's five words in one look at memory, where they lie in one page; in 64-bit mode all of them are always there. */
static void read_frame64(X86Cpu *x, X86Stack *s, unsigned opsize, IretFrame *f)
{
    const uint8_t *p = NULL;
    if (opsize == 8) {
        x86_stack_room(s, 40, false);
        p = x86_host(x, s->sp, 40, MMU_READ, s->mode);
    }
    if (p) {
        *f = (IretFrame){.ip = ld_le64(p), .cs = ld_le16(p + 8), .flags = ld_le64(p + 16), .sp = ld_le64(p + 24),
                         .ss = ld_le16(p + 32)};
        return;
    }
    f->ip = x86_pop(s, opsize);
    f->cs = (uint16_t)x86_pop(s, opsize);
    f->flags = x86_pop(s, opsize);
    f->sp = x86_pop(s, opsize);
    f->ss = (uint16_t)x86_pop(s, opsize);
}

static void iret_outer(X86Cpu *x, const IretFrame *f, X86Desc *code, unsigned opsize)
{
    X86Desc stack = {0};
    unsigned cpl = x86_rpl(f->cs), old = x->cpl;
    check_return_stack(x, f->ss, &stack, cpl, x86_desc_code64(x, code));
    x86_check_eip(x, code, f->ip);
    x86_desc_accessed(x, code);
    put_iret_flags(x, (uint32_t)f->flags, x86_iret_mask(x, old, opsize));
    x86_put_code(x, f->cs, code, cpl, f->ip);
    put_return_stack(x, f->ss, &stack, f->sp, 0);
    if (cpl != old) {
        x86_drop_segs(x, cpl);
    }
    x86_update_flags(x);
}

void x86_iret(X86Cpu *x, unsigned opsize, uint64_t next_eip)
{
    if (!x86_protected(x)) {
        iret_real(x, opsize);
        return;
    }
    if (x->eflags & EFL_NT) {
        iret_task(x, next_eip);
        return;
    }
    X86Stack s = x86_stack(x, x->cpl);
    IretFrame f;
    X86Desc code;
    if (x86_code64(x)) {
        read_frame64(x, &s, opsize, &f);
        check_return_code(x, f.cs, &code);
        iret_outer(x, &f, &code, opsize);
        return;
    }
    x86_stack_room(&s, 3 * opsize, false);
    f.ip = x86_pop(&s, opsize);
    f.cs = (uint16_t)x86_pop(&s, opsize);
    f.flags = x86_pop(&s, opsize);
    if ((f.flags & EFL_VM) && x->cpl == 0 && opsize == 4 && !x86_long_mode(x)) {
        iret_to_v86(x, &s, f.ip, f.cs, (uint32_t)f.flags);
        return;
    }
    check_return_code(x, f.cs, &code);
    if (x86_rpl(f.cs) != x->cpl) {
        x86_stack_room(&s, 2 * opsize, false);
        f.sp = x86_pop(&s, opsize);
        f.ss = (uint16_t)x86_pop(&s, opsize);
        iret_outer(x, &f, &code, opsize);
        return;
    }
    x86_check_eip(x, &code, f.ip);
    x86_desc_accessed(x, &code);
    x86_stack_commit(&s);
    put_iret_flags(x, (uint32_t)f.flags, x86_iret_mask(x, x->cpl, opsize));
    x86_put_code(x, f.cs, &code, x86_rpl(f.cs), f.ip);
    x86_update_flags(x);
}

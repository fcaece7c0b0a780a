/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entry of interrupts and exceptions: real-mode vector table, gates of 16, 32 and 64 bits, task gates, from
 * virtual-8086 mode and its own handlers under VME (SDM 3A chapter 6, 20.2, 20.3).
 *
 * The order is always: look at the gate, the code segment and the stack; push the frame; change registers. Whatever
 * raises does so before the third part, so exception.c can start over with the next event.
 */
#include <inttypes.h>

#include "segment.h"
#include "util/log.h"

typedef struct Event {
    uint8_t vector;
    bool is_int, has_error, external;
    uint32_t error_code;
    uint64_t return_pc;
} Event;

/* Error codes that name a gate (SDM 3A 6.13): IDT bit, and whether the cause came from outside. */
G_NORETURN static void gate_fault(X86Cpu *x, const Event *e, X86Exception vector)
{
    x86_raise_error(x, vector, e->vector * 8u + 2u + (e->is_int ? 0 : 1));
}

/* EXT counts where the event itself is not a software interrupt; exception.c says so in x86_ext() as well. */
G_NORETURN static void event_fault(X86Cpu *x, const Event *e, X86Exception vector, uint16_t selector)
{
    x86_raise_error(x, vector, (selector & 0xfffcu) | (e->is_int ? 0 : 1));
}

/* EFLAGS as pushed: RF is set for faults, so that the instruction's breakpoint does not stop it again (17.3.1.1). */
static uint32_t pushed_flags(const X86Cpu *x, const Event *e)
{
    enum { FAULTS = 1 << X86_EXC_DE | 1 << X86_EXC_BR | 1 << X86_EXC_UD | 1 << X86_EXC_NM | 1 << X86_EXC_TS |
           1 << X86_EXC_NP | 1 << X86_EXC_SS | 1 << X86_EXC_GP | 1 << X86_EXC_PF | 1 << X86_EXC_MF |
           1 << X86_EXC_AC | 1 << X86_EXC_XM };
    bool fault = !e->is_int && !e->external && e->vector < 32 && (FAULTS >> e->vector & 1);
    return x86_get_eflags(x) | (fault ? EFL_RF : 0);
}

/* ---- real mode, and virtual-8086 mode's own handlers ---- */

static void real_frame(X86Cpu *x, uint64_t vector_at, uint32_t flags, uint64_t return_ip, uint32_t clear)
{
    uint32_t target = (uint32_t)x86_read(x, vector_at, 4, x86_mode_at(x, x->cpl));
    X86Stack s = x86_stack(x, x->cpl);
    x86_stack_room(&s, 6, true);
    x86_push(&s, 2, flags);
    x86_push(&s, 2, x->seg[X86_CS].selector);
    x86_push(&s, 2, return_ip);
    x86_stack_commit(&s);
    x->eflags &= ~(uint64_t)clear;
    x86_put_seg_real(x, X86_CS, (uint16_t)(target >> 16));
    x->pc = (uint32_t)(x->seg[X86_CS].base + (target & 0xffff));
    x86_update_flags(x);
}

static void interrupt_real(X86Cpu *x, const Event *e)
{
    if (e->vector * 4u + 3 > x->idt.limit) {
        gate_fault(x, e, X86_EXC_GP);
    }
    real_frame(x, x->idt.base + e->vector * 4u, x86_get_eflags(x), e->return_pc - x->seg[X86_CS].base,
               EFL_IF | EFL_TF | EFL_AC | EFL_RF);
}

/* ---- 16- and 32-bit gates ---- */

typedef struct Entry {
    uint16_t selector; /* code segment */
    X86Desc code;
    uint64_t offset;
    unsigned bytes;    /* of a pushed word */
    unsigned cpl;      /* of the handler */
    bool clear_if;
    unsigned ist;
} Entry;

static void read_code(X86Cpu *x, const Event *e, Entry *t)
{
    if (x86_null(t->selector) || !x86_desc_find(x, t->selector, &t->code) || !x86_is_code(t->code.attr) ||
        x86_dpl(t->code.attr) > x->cpl) {
        event_fault(x, e, X86_EXC_GP, t->selector);
    }
    bool wrong_mode = x86_long_mode(x) && (t->code.attr & (X86_ATTR_L | X86_ATTR_DB)) != X86_ATTR_L;
    if (wrong_mode) {
        event_fault(x, e, X86_EXC_GP, t->selector);
    }
    if (!x86_present(t->code.attr)) {
        event_fault(x, e, X86_EXC_NP, t->selector);
    }
    t->cpl = x86_is_conforming(t->code.attr) ? x->cpl : x86_dpl(t->code.attr);
    if (x86_v86(x) && t->cpl != 0) { /* out of virtual-8086 mode only to level 0 */
        event_fault(x, e, X86_EXC_GP, t->selector);
    }
}

static void push_tail(X86Cpu *x, const Event *e, const Entry *t, X86Stack *s)
{
    uint64_t return_ip = e->return_pc - x->seg[X86_CS].base;
    x86_push(s, t->bytes, pushed_flags(x, e));
    x86_push(s, t->bytes, x->seg[X86_CS].selector);
    x86_push(s, t->bytes, x86_code64(x) ? return_ip : (uint32_t)return_ip);
    if (e->has_error) {
        x86_push(s, t->bytes, e->error_code);
    }
}

static void enter(X86Cpu *x, const Entry *t, const X86Stack *s)
{
    x86_stack_commit(s);
    x->eflags &= ~(uint64_t)(EFL_TF | EFL_NT | EFL_RF | EFL_VM | (t->clear_if ? EFL_IF : 0));
    x86_put_code(x, t->selector, &t->code, t->cpl, t->offset);
    x86_update_flags(x);
}

static void to_inner(X86Cpu *x, const Event *e, Entry *t)
{
    uint16_t ss, old_ss = x->seg[X86_SS].selector;
    uint32_t sp = (uint32_t)x86_tss_stack(x, t->cpl, &ss);
    bool v86 = x86_v86(x);
    X86Desc d;
    if (x86_null(ss) || !x86_desc_find(x, ss, &d)) {
        event_fault(x, e, X86_EXC_TS, ss);
    }
    x86_check_stack(x, ss, &d, t->cpl, X86_EXC_TS);
    X86Stack s = x86_stack_at(x, &d, ss, sp, t->cpl);
    x86_stack_room(&s, t->bytes * ((v86 ? 9 : 5) + e->has_error), true);
    if (t->offset > t->code.limit) {
        event_fault(x, e, X86_EXC_GP, 0);
    }
    if (v86) {
        static const uint8_t order[] = {X86_GS, X86_FS, X86_DS, X86_ES};
        for (unsigned i = 0; i < 4; i++) {
            x86_push(&s, t->bytes, x->seg[order[i]].selector);
        }
    }
    x86_push(&s, t->bytes, old_ss);
    x86_push(&s, t->bytes, x->gpr[X86_SP]);
    push_tail(x, e, t, &s);
    x86_desc_accessed(x, &d);
    x86_desc_accessed(x, &t->code);
    if (v86) {
        static const uint8_t dropped[] = {X86_ES, X86_DS, X86_FS, X86_GS};
        x->eflags &= ~(uint64_t)EFL_VM;
        for (unsigned i = 0; i < 4; i++) {
            x86_put_null(x, dropped[i], 0);
        }
    }
    x86_put_seg(x, X86_SS, ss, &d);
    enter(x, t, &s);
}

static void to_same(X86Cpu *x, const Event *e, Entry *t)
{
    X86Stack s = x86_stack(x, x->cpl);
    x86_stack_room(&s, t->bytes * (3 + e->has_error), true);
    if (t->offset > t->code.limit) {
        event_fault(x, e, X86_EXC_GP, 0);
    }
    push_tail(x, e, t, &s);
    x86_desc_accessed(x, &t->code);
    enter(x, t, &s);
}

static void interrupt_protected(X86Cpu *x, const Event *e)
{
    uint32_t at = e->vector * 8u;
    if (at + 7 > x->idt.limit) {
        gate_fault(x, e, X86_EXC_GP);
    }
    uint64_t gate = x86_read_system(x, x->idt.base + at, 8);
    uint32_t lo = (uint32_t)gate, hi = (uint32_t)(gate >> 32);
    uint16_t attr = (uint16_t)(hi >> 8 & 0xff);
    unsigned type = attr & 0x1f; /* with S, which must be 0 */
    bool task = type == X86_SYS_TASK;
    bool small = type == X86_SYS_INT16 || type == X86_SYS_TRAP16, big = type == X86_SYS_INT32 || type == X86_SYS_TRAP32;
    if ((!task && !small && !big) || (e->is_int && x86_dpl(attr) < x->cpl)) {
        gate_fault(x, e, X86_EXC_GP);
    }
    if (!x86_present(attr)) {
        gate_fault(x, e, X86_EXC_NP);
    }
    if (task) {
        x86_task_switch(x, (uint16_t)(lo >> 16), X86_TASK_CALL, e->has_error, e->error_code,
                        (uint32_t)(e->return_pc - x->seg[X86_CS].base));
        return;
    }
    Entry t = {.selector = (uint16_t)(lo >> 16), .bytes = small ? 2 : 4, .clear_if = !(type & 1),
               .offset = (lo & 0xffff) | (small ? 0 : hi & 0xffff0000u)};
    read_code(x, e, &t);
    if (t.cpl < x->cpl) {
        to_inner(x, e, &t);
    } else {
        to_same(x, e, &t);
    }
}

/* ---- 64-bit gates (SDM 3A 6.14) ---- */

/* The frame, lowest address first. */
static void store_frame64(X86Cpu *x, const uint64_t *words, unsigned count, uint64_t rsp, unsigned cpl)
{
    X86Stack s = x86_stack64(x, rsp, cpl);
    x86_stack_room(&s, count * 8, true);
    uint8_t *p = x86_host(x, rsp - count * 8, count * 8, MMU_WRITE, s.mode);
    if (p) {
        for (unsigned i = 0; i < count; i++) {
            st_le64(p + i * 8, words[i]);
        }
        return;
    }
    for (unsigned i = count; i--;) {
        x86_push(&s, 8, words[i]);
    }
}

static void interrupt_long(X86Cpu *x, const Event *e)
{
    uint32_t at = e->vector * 16u;
    if (at + 15 > x->idt.limit) {
        gate_fault(x, e, X86_EXC_GP);
    }
    const uint8_t *p = x86_host(x, x->idt.base + at, 16, MMU_READ, X86_MODE_K);
    uint64_t gate = p ? ld_le64(p) : x86_read_system(x, x->idt.base + at, 8);
    uint32_t upper = p ? ld_le32(p + 8) : (uint32_t)x86_read_system(x, x->idt.base + at + 8, 4);
    uint32_t lo = (uint32_t)gate, hi = (uint32_t)(gate >> 32);
    uint16_t attr = (uint16_t)(hi >> 8 & 0xff);
    unsigned type = attr & 0x1f;
    if ((type != X86_SYS_INT32 && type != X86_SYS_TRAP32) || (e->is_int && x86_dpl(attr) < x->cpl)) {
        gate_fault(x, e, X86_EXC_GP);
    }
    if (!x86_present(attr)) {
        gate_fault(x, e, X86_EXC_NP);
    }
    Entry t = {.selector = (uint16_t)(lo >> 16), .bytes = 8, .clear_if = !(type & 1), .ist = hi & 7,
               .offset = (lo & 0xffff) | (hi & 0xffff0000u) | (uint64_t)upper << 32};
    read_code(x, e, &t);
    bool inner = t.cpl < x->cpl;
    uint64_t rsp = t.ist ? x86_tss_ist(x, t.ist) : inner ? x86_tss_stack(x, t.cpl, NULL) : x->gpr[X86_SP];
    rsp &= ~15ull;
    if (!x86_canonical(x, t.offset)) {
        event_fault(x, e, X86_EXC_GP, 0);
    }
    bool from64 = x86_code64(x);
    uint64_t words[6], return_ip = e->return_pc - x->seg[X86_CS].base;
    unsigned n = 0;
    if (e->has_error) {
        words[n++] = e->error_code;
    }
    words[n++] = from64 ? return_ip : (uint32_t)return_ip;
    words[n++] = x->seg[X86_CS].selector;
    words[n++] = pushed_flags(x, e);
    words[n++] = x->gpr[X86_SP];
    words[n++] = x->seg[X86_SS].selector;
    store_frame64(x, words, n, rsp, t.cpl);
    x86_desc_accessed(x, &t.code);
    if (inner) {
        x86_put_null(x, X86_SS, (uint16_t)t.cpl);
    }
    X86Stack s = x86_stack64(x, rsp - n * 8, t.cpl);
    enter(x, &t, &s);
}

/* ---- all of them ---- */

void x86_interrupt(X86Cpu *x, uint8_t vector, bool is_int, bool has_error, uint32_t error_code, uint64_t return_pc,
                   bool external)
{
    Event e = {.vector = vector, .is_int = is_int, .has_error = has_error, .external = external,
               .error_code = error_code, .return_pc = return_pc};
    log_if(LOG_INT, "cpu %u: %s %#x, error %#x, at %04x:%" PRIx64 " (pc %#" PRIx64 ", cpl %u), sp %04x:%" PRIx64
           ", cr2 %#" PRIx64 "\n",
           x->cpu.index, is_int ? "INT" : external ? "interrupt" : "exception", vector, has_error ? error_code : 0,
           x->seg[X86_CS].selector, return_pc - x->seg[X86_CS].base, return_pc, x->cpl, x->seg[X86_SS].selector,
           x->gpr[X86_SP], vector == X86_EXC_PF ? x->cr2 : 0);
    if (!(x->cr0 & CR0_PE)) {
        e.has_error = false;
        interrupt_real(x, &e);
    } else if (x86_long_mode(x)) {
        interrupt_long(x, &e);
    } else {
        interrupt_protected(x, &e);
    }
}

/* INT n in virtual-8086 mode (SDM 3A 20.3, table 20-2). True: done by the 8086 program's own handler. */
static bool v86_int(X86Cpu *x, uint8_t vector, uint64_t next)
{
    unsigned iopl = x86_iopl(x);
    if ((x->cr4 & CR4_VME) && x86_tss_redirects(x, vector)) {
        uint32_t flags = x86_get_eflags(x), clear = EFL_IF | EFL_TF;
        if (iopl < 3) {
            flags = (flags & ~(uint32_t)EFL_IF) | EFL_IOPL | (flags & EFL_VIF ? EFL_IF : 0);
            clear = EFL_VIF | EFL_TF;
        }
        real_frame(x, vector * 4u, flags, next - x->seg[X86_CS].base, clear);
        return true;
    }
    if (iopl < 3) {
        x86_gp0(x);
    }
    return false;
}

void x86_software_interrupt(X86Cpu *x, uint8_t vector, uint64_t next)
{
    if (!x86_v86(x) || !v86_int(x, vector, next)) {
        x86_interrupt(x, vector, true, false, 0, next, false);
    }
}

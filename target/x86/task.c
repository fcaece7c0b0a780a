/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Task-state segments: stacks of inner levels, interrupt stacks, the I/O permission and interrupt redirection bitmaps,
 * and the hardware task switch (SDM 3A chapter 7, 19.5.2, 20.3).
 *
 * A task switch has a point of no return: until then everything that can fault is looked at with the old task's state
 * intact; faults behind it belong to the new task, whose registers are loaded by then.
 */
#include "segment.h"

/* ---- what interrupts, calls and I/O want from the current TSS ---- */

static bool tr_is_32(const X86Cpu *x) { return x86_desc_type(x->tr.attr) & 8; }

static uint64_t tss_word(X86Cpu *x, uint32_t at, unsigned bytes)
{
    if (at + bytes - 1 > x->tr.limit || x->tr.unusable) {
        x86_fault(x, X86_EXC_TS, x->tr.selector);
    }
    return x86_read_system(x, x->tr.base + at, bytes);
}

uint64_t x86_tss_stack(X86Cpu *x, unsigned cpl, uint16_t *ss)
{
    if (x86_long_mode(x)) {
        return tss_word(x, 4 + cpl * 8, 8);
    }
    if (tr_is_32(x)) {
        *ss = (uint16_t)tss_word(x, 8 + cpl * 8, 2);
        return tss_word(x, 4 + cpl * 8, 4);
    }
    *ss = (uint16_t)tss_word(x, 4 + cpl * 4, 2);
    return tss_word(x, 2 + cpl * 4, 2);
}

uint64_t x86_tss_ist(X86Cpu *x, unsigned ist) { return tss_word(x, 36 + (ist - 1) * 8, 8); }

/* Where the I/O bitmap begins; false where this TSS has none. */
static bool io_map(X86Cpu *x, uint32_t *at)
{
    if (x->tr.unusable || !tr_is_32(x) || x->tr.limit < 103) {
        return false;
    }
    *at = (uint32_t)x86_read_system(x, x->tr.base + 102, 2);
    return true;
}

bool x86_tss_redirects(X86Cpu *x, uint8_t vector)
{
    uint32_t at;
    if (!io_map(x, &at) || at < 32 || at - 32 + vector / 8 > x->tr.limit) {
        return false;
    }
    uint8_t bits = (uint8_t)x86_read_system(x, x->tr.base + at - 32 + vector / 8, 1);
    return !(bits >> (vector & 7) & 1);
}

void x86_check_io(X86Cpu *x, uint32_t port, unsigned size)
{
    if (!(x->cr0 & CR0_PE) || (!x86_v86(x) && x->cpl <= x86_iopl(x))) {
        return;
    }
    uint32_t at;
    port &= 0xffff;
    if (!io_map(x, &at) || at + port / 8 + 1 > x->tr.limit) { /* two bytes are read, whatever the port */
        x86_gp0(x);
    }
    uint32_t bits = (uint32_t)x86_read_system(x, x->tr.base + at + port / 8, 2) >> (port & 7);
    if (bits & ((1u << size) - 1)) {
        x86_gp0(x);
    }
}

/* ---- task switch ---- */

typedef struct TaskState {
    uint32_t cr3, eip, eflags, gpr[8];
    uint16_t seg[X86_SEG_COUNT], ldt;
    bool trap;
} TaskState;
enum { TSS32_SIZE = 104, TSS16_SIZE = 44, TSS32_EIP = 32, TSS16_IP = 14 };

/* Both pages of a range, so that what follows cannot fault. */
static void probe(X86Cpu *x, uint64_t va, unsigned len, MmuAccess access)
{
    uint64_t last = x86_wrap(x, va + len - 1);
    va = x86_wrap(x, va);
    cpu_probe(&x->cpu, va, 1, access, X86_MODE_K);
    if (va >> 12 != last >> 12) {
        cpu_probe(&x->cpu, last, 1, access, X86_MODE_K);
    }
}

static void new_tss(X86Cpu *x, uint16_t selector, unsigned how, X86Desc *d)
{
    bool iret = how == X86_TASK_IRET;
    X86Exception vector = iret ? X86_EXC_TS : X86_EXC_GP;
    if ((selector & 4) || x86_null(selector) || !x86_desc_find(x, selector, d)) {
        x86_fault(x, vector, selector);
    }
    unsigned type = x86_desc_type(d->attr) & ~8u;
    if ((d->attr & X86_ATTR_S) || type != (iret ? X86_SYS_TSS16_BUSY : X86_SYS_TSS16)) {
        x86_fault(x, vector, selector);
    }
    if (!x86_present(d->attr)) {
        x86_fault(x, X86_EXC_NP, selector);
    }
    if (d->limit < (x86_desc_type(d->attr) & 8 ? TSS32_SIZE : TSS16_SIZE) - 1u) {
        x86_fault(x, X86_EXC_TS, selector);
    }
}

static void read_state(X86Cpu *x, const X86Desc *d, TaskState *t)
{
    bool big = x86_desc_type(d->attr) & 8;
    unsigned w = big ? 4 : 2, at = big ? TSS32_EIP : TSS16_IP;
    *t = (TaskState){.cr3 = big ? (uint32_t)x86_read_system(x, d->base + 28, 4) : 0};
    t->eip = (uint32_t)x86_read_system(x, d->base + at, w);
    t->eflags = (uint32_t)x86_read_system(x, d->base + at + w, w);
    for (unsigned i = 0; i < 8; i++) {
        t->gpr[i] = (uint32_t)x86_read_system(x, d->base + at + (2 + i) * w, w);
    }
    for (unsigned i = 0; i < (big ? 6u : 4u); i++) {
        t->seg[i] = (uint16_t)x86_read_system(x, d->base + at + (10 + i) * w, 2);
    }
    t->ldt = (uint16_t)x86_read_system(x, d->base + (big ? 96 : 42), 2);
    t->trap = big && (x86_read_system(x, d->base + 100, 2) & 1);
}

static void save_state(X86Cpu *x, uint32_t eip, uint32_t eflags)
{
    bool big = tr_is_32(x);
    unsigned w = big ? 4 : 2, at = big ? TSS32_EIP : TSS16_IP;
    x86_write_system(x, x->tr.base + at, w, eip);
    x86_write_system(x, x->tr.base + at + w, w, eflags);
    for (unsigned i = 0; i < 8; i++) {
        x86_write_system(x, x->tr.base + at + (2 + i) * w, w, x->gpr[i]);
    }
    for (unsigned i = 0; i < (big ? 6u : 4u); i++) {
        x86_write_system(x, x->tr.base + at + (10 + i) * w, 2, x->seg[i].selector);
    }
}

static void write_busy(X86Cpu *x, uint64_t desc_va, uint16_t attr, bool busy)
{
    x86_write_system(x, desc_va + 5, 1, busy ? attr | 2 : attr & 0xfd);
}

/* ---- the new task's segments: faults are #TS and its own ---- */

static void load_task_ldt(X86Cpu *x, uint16_t selector)
{
    X86Desc d;
    x->ldt = (X86Seg){.selector = selector, .unusable = true};
    if (x86_null(selector)) {
        return;
    }
    if ((selector & 4) || !x86_desc_find(x, selector, &d) || (d.attr & X86_ATTR_S) ||
        x86_desc_type(d.attr) != X86_SYS_LDT || !x86_present(d.attr)) {
        x86_fault(x, X86_EXC_TS, selector);
    }
    x->ldt = (X86Seg){.selector = selector, .base = d.base, .limit = d.limit, .attr = d.attr};
}

static void load_task_code(X86Cpu *x, uint16_t selector)
{
    X86Desc d;
    unsigned rpl = x86_rpl(selector);
    x86_desc_get(x, selector, &d, X86_EXC_TS);
    if (!x86_is_code(d.attr) || (d.attr & X86_ATTR_CONFORMING ? x86_dpl(d.attr) > rpl : x86_dpl(d.attr) != rpl)) {
        x86_fault(x, X86_EXC_TS, selector);
    }
    if (!x86_present(d.attr)) {
        x86_fault(x, X86_EXC_NP, selector);
    }
    x86_desc_accessed(x, &d);
    x86_put_seg(x, X86_CS, selector, &d);
}

static void load_task_data(X86Cpu *x, unsigned seg, uint16_t selector)
{
    X86Desc d;
    if (seg != X86_SS && x86_null(selector)) {
        return;
    }
    x86_desc_get(x, selector, &d, X86_EXC_TS);
    if (seg == X86_SS) {
        x86_check_stack(x, selector, &d, x->cpl, X86_EXC_TS);
    } else {
        unsigned level = MAX(x->cpl, x86_rpl(selector));
        if (!x86_is_readable(d.attr) || (!x86_is_conforming(d.attr) && level > x86_dpl(d.attr))) {
            x86_fault(x, X86_EXC_TS, selector);
        }
        if (!x86_present(d.attr)) {
            x86_fault(x, X86_EXC_NP, selector);
        }
    }
    x86_desc_accessed(x, &d);
    x86_put_seg(x, seg, selector, &d);
}

static void load_task_segs(X86Cpu *x, const TaskState *t)
{
    static const uint8_t order[] = {X86_SS, X86_ES, X86_DS, X86_FS, X86_GS};
    if (t->eflags & EFL_VM) {
        for (unsigned i = 0; i < X86_SEG_COUNT; i++) {
            x86_put_seg_real(x, i, t->seg[i]);
        }
    }
    load_task_ldt(x, t->ldt);
    if (!(t->eflags & EFL_VM)) {
        load_task_code(x, t->seg[X86_CS]);
        x->pc = (uint32_t)(x->seg[X86_CS].base + t->eip);
        for (unsigned i = 0; i < sizeof(order); i++) {
            load_task_data(x, order[i], t->seg[order[i]]);
        }
    }
}

/* The point of no return is behind us. */
static void enter_task(X86Cpu *x, uint16_t selector, const X86Desc *d, const TaskState *t)
{
    bool big = x86_desc_type(d->attr) & 8, vm = big && (t->eflags & EFL_VM);
    x->tr = (X86Seg){.selector = selector, .base = d->base, .limit = d->limit, .attr = d->attr | 2};
    x->cr0 |= CR0_TS;
    x->dr[7] &= ~0x155ull; /* local breakpoints */
    x86_put_eflags(x, t->eflags & X86_EFL_ALL);
    for (unsigned i = 0; i < 8; i++) {
        x->gpr[i] = big ? t->gpr[i] : (x->gpr[i] & 0xffff0000u) | t->gpr[i];
    }
    x->cpl = vm ? 3 : (uint8_t)x86_rpl(t->seg[X86_CS]);
    for (unsigned i = 0; i < X86_SEG_COUNT; i++) {
        uint16_t cs_attr = i == X86_CS ? x->seg[i].attr & X86_ATTR_DB : 0;
        x86_put_null(x, i, t->seg[i]);
        x->seg[i].attr = cs_attr;
    }
    x->pc = t->eip;
    x86_update_flags(x);
    if (big && (x->cr0 & CR0_PG)) {
        x86_write_cr3(x, t->cr3);
    }
}

void x86_task_switch(X86Cpu *x, uint16_t selector, unsigned how, bool has_error, uint32_t error_code, uint64_t next_eip)
{
    X86Desc d;
    TaskState t;
    uint32_t old_flags = x86_get_eflags(x);
    uint64_t old_desc = x86_wrap(x, x->gdt.base + (x->tr.selector & ~7u));
    unsigned old_size = tr_is_32(x) ? TSS32_SIZE : TSS16_SIZE;

    new_tss(x, selector, how, &d);
    if (x->tr.unusable || x->tr.limit < old_size - 1) {
        x86_fault(x, X86_EXC_TS, x->tr.selector);
    }
    probe(x, d.base, x86_desc_type(d.attr) & 8 ? TSS32_SIZE : TSS16_SIZE, MMU_READ);
    read_state(x, &d, &t);
    probe(x, x->tr.base, old_size, MMU_WRITE);
    if (how == X86_TASK_CALL) {
        probe(x, d.base, 2, MMU_WRITE);
        t.eflags |= EFL_NT;
    }
    probe(x, d.va + 5, 1, MMU_WRITE);
    probe(x, old_desc + 5, 1, MMU_WRITE);
    if (how == X86_TASK_IRET) {
        old_flags &= ~(uint32_t)EFL_NT;
    }
    save_state(x, (uint32_t)next_eip, old_flags);
    if (how == X86_TASK_CALL) {
        x86_write_system(x, d.base, 2, x->tr.selector);
    } else {
        write_busy(x, old_desc, x->tr.attr, false);
    }
    if (how != X86_TASK_IRET) {
        write_busy(x, d.va, d.attr, true); /* last: what is done again up to here finds the new task as it was */
    }

    cpu_sync_state(&x->cpu); /* from here on a fault does not go back to the instruction */
    enter_task(x, selector, &d, &t);
    load_task_segs(x, &t);
    x->pc = (uint32_t)(x->seg[X86_CS].base + t.eip);
    x86_update_flags(x);
    if (t.eip > x->seg[X86_CS].limit) {
        x86_gp0(x);
    }
    if (has_error) {
        X86Stack s = x86_stack(x, x->cpl);
        x86_push(&s, x86_desc_type(d.attr) & 8 ? 4 : 2, error_code);
        x86_stack_commit(&s);
    }
    if (t.trap) {
        x->dr[6] |= DR6_BT;
        x86_raise_trap(x, X86_EXC_DB);
    }
}

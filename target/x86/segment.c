/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Segments: descriptors, their checks, the hidden parts of segment registers, stacks, and the instructions that ask
 * about descriptors (SDM 3A chapters 3 and 5).
 *
 * On the vCPU thread with all state in memory. What raises does so before it changes a register.
 */
#include "segment.h"

/* ---- descriptors ---- */

void x86_desc_unpack(X86Desc *d, uint32_t lo, uint32_t hi)
{
    d->lo = lo;
    d->hi = hi;
    d->attr = (uint16_t)(hi >> 8 & 0xf0ff);
    d->base = lo >> 16 | (hi & 0xff) << 16 | (hi & 0xff000000u);
    d->limit = (lo & 0xffff) | (hi & 0xf0000);
    if (d->attr & X86_ATTR_G) {
        d->limit = d->limit << 12 | 0xfff;
    }
}

bool x86_desc_find(X86Cpu *x, uint16_t selector, X86Desc *d)
{
    bool local = selector & 4;
    uint64_t base = local ? x->ldt.base : x->gdt.base;
    uint32_t limit = local ? x->ldt.limit : x->gdt.limit, at = selector & ~7u;
    if (at + 7 > limit || (local && x->ldt.unusable)) {
        return false;
    }
    d->va = x86_wrap(x, base + at);
    const uint8_t *p = x86_host(x, d->va, 8, MMU_READ, X86_MODE_K);
    uint64_t raw = p ? ld_le64(p) : x86_read_system(x, d->va, 8);
    x86_desc_unpack(d, (uint32_t)raw, (uint32_t)(raw >> 32));
    return true;
}

void x86_desc_get(X86Cpu *x, uint16_t selector, X86Desc *d, X86Exception vector)
{
    if (x86_null(selector) || !x86_desc_find(x, selector, d)) {
        x86_fault(x, vector, selector);
    }
}

bool x86_desc_upper(X86Cpu *x, uint16_t selector, X86Desc *d)
{
    uint32_t limit = selector & 4 ? x->ldt.limit : x->gdt.limit;
    if ((selector & ~7u) + 15 > limit) {
        return false;
    }
    uint64_t upper = x86_read_system(x, d->va + 8, 8);
    d->base |= upper << 32;
    return !(upper >> 32 & 0x1f00); /* the second half must not look like a descriptor of its own */
}

void x86_desc_accessed(X86Cpu *x, X86Desc *d)
{
    if (!(d->attr & X86_ATTR_ACCESSED)) {
        d->attr |= X86_ATTR_ACCESSED;
        x86_write_system(x, d->va + 5, 1, d->attr & 0xff);
    }
}

/* ---- checks ---- */

void x86_check_code(X86Cpu *x, uint16_t selector, const X86Desc *d, unsigned cpl, bool check_rpl)
{
    unsigned dpl = x86_dpl(d->attr);
    bool wrong = !x86_is_code(d->attr);
    if (d->attr & X86_ATTR_CONFORMING) {
        wrong |= dpl > cpl;
    } else {
        wrong |= dpl != cpl || (check_rpl && x86_rpl(selector) > cpl);
    }
    if (wrong) {
        x86_fault(x, X86_EXC_GP, selector);
    }
    x86_check_code_mode(x, selector, d);
    if (!x86_present(d->attr)) {
        x86_fault(x, X86_EXC_NP, selector);
    }
}

void x86_check_code_mode(X86Cpu *x, uint16_t selector, const X86Desc *d)
{
    if (x86_desc_code64(x, d) && (d->attr & X86_ATTR_DB)) {
        x86_fault(x, X86_EXC_GP, selector);
    }
}

void x86_check_eip(X86Cpu *x, const X86Desc *d, uint64_t eip)
{
    if (x86_desc_code64(x, d) ? !x86_canonical(x, eip) : eip > d->limit) {
        x86_gp0(x);
    }
}

void x86_check_stack(X86Cpu *x, uint16_t selector, X86Desc *d, unsigned cpl, X86Exception vector)
{
    if (x86_rpl(selector) != cpl || x86_dpl(d->attr) != cpl || !x86_is_writable(d->attr)) {
        x86_fault(x, vector, selector);
    }
    if (!x86_present(d->attr)) {
        x86_fault(x, X86_EXC_SS, selector);
    }
}

/* ---- registers ---- */

/* What may be accessed without a further look (X86Seg). */
static void derive_ends(X86Seg *s)
{
    uint64_t end = (uint64_t)s->limit + 1;
    bool code = s->attr & X86_ATTR_CODE, ok = (s->attr & X86_ATTR_S) && (s->attr & X86_ATTR_P) && !s->unusable;
    ok = ok && (code || !(s->attr & X86_ATTR_EXPAND_DOWN));
    s->read_end = ok && (!code || (s->attr & X86_ATTR_RW)) ? end : 0;
    s->write_end = ok && !code && (s->attr & X86_ATTR_RW) ? end : 0;
}

void x86_set_seg(X86Cpu *x, unsigned seg, uint16_t selector, uint64_t base, uint32_t limit, uint16_t attr)
{
    X86Seg *s = &x->seg[seg];
    s->selector = selector;
    s->base = base;
    s->limit = limit;
    s->attr = attr;
    s->unusable = false;
    derive_ends(s);
}

void x86_put_seg(X86Cpu *x, unsigned seg, uint16_t selector, const X86Desc *d)
{
    x86_set_seg(x, seg, selector, d->base, d->limit, d->attr);
}

void x86_put_null(X86Cpu *x, unsigned seg, uint16_t selector)
{
    x86_set_seg(x, seg, selector, 0, 0, 0);
    x->seg[seg].unusable = true;
}

/*
 * In real mode only selector and base change, so limits and the D and B bits of protected mode stay; the type becomes
 * read-write data, of CS too. Virtual-8086 mode sets everything (SDM 3A 20.1.1, 20.2.1).
 */
void x86_put_seg_real(X86Cpu *x, unsigned seg, uint16_t selector)
{
    const X86Seg *s = &x->seg[seg];
    const uint16_t type = X86_ATTR_P | X86_ATTR_S | X86_ATTR_RW | X86_ATTR_ACCESSED;
    bool v86 = x86_v86(x);
    uint16_t kept = s->attr & (X86_ATTR_DB | X86_ATTR_G | X86_ATTR_AVL);
    uint16_t attr = v86 ? type | 3u << X86_ATTR_DPL_SHIFT : type | kept;
    uint32_t limit = v86 || s->unusable ? 0xffff : s->limit;
    x86_set_seg(x, seg, selector, (uint32_t)selector << 4, limit, attr);
}

void x86_set_seg_real(X86Cpu *x, unsigned seg, uint16_t selector)
{
    x86_put_seg_real(x, seg, selector);
    x86_update_flags(x);
}

void x86_put_code(X86Cpu *x, uint16_t selector, const X86Desc *d, unsigned cpl, uint64_t eip)
{
    x86_put_seg(x, X86_CS, (uint16_t)((selector & ~3u) | cpl), d);
    x->cpl = (uint8_t)cpl;
    if (x86_desc_code64(x, d)) {
        x->seg[X86_CS].base = 0;
        x->pc = eip;
    } else {
        x->pc = (uint32_t)(x->seg[X86_CS].base + (uint32_t)eip);
    }
}

void x86_drop_segs(X86Cpu *x, unsigned cpl)
{
    static const uint8_t segs[] = {X86_ES, X86_DS, X86_FS, X86_GS};
    for (unsigned i = 0; i < sizeof(segs); i++) {
        X86Seg *s = &x->seg[segs[i]];
        if (!s->unusable && !x86_is_conforming(s->attr) && x86_dpl(s->attr) < cpl) {
            s->selector = 0; /* the base stays, which 64-bit mode still uses for FS and GS */
            s->unusable = true;
            derive_ends(s);
        }
    }
}

/* ---- loading data segments ---- */

static void load_null(X86Cpu *x, unsigned seg, uint16_t selector)
{
    bool allowed = seg != X86_SS || (x86_code64(x) && x->cpl != 3 && x86_rpl(selector) == x->cpl);
    if (!allowed) {
        x86_gp0(x);
    }
    x86_put_null(x, seg, selector);
}

static void load_protected(X86Cpu *x, unsigned seg, uint16_t selector)
{
    X86Desc d;
    x86_desc_get(x, selector, &d, X86_EXC_GP);
    if (seg == X86_SS) {
        x86_check_stack(x, selector, &d, x->cpl, X86_EXC_GP);
    } else {
        unsigned level = MAX(x->cpl, x86_rpl(selector));
        if (!x86_is_readable(d.attr) || (!x86_is_conforming(d.attr) && level > x86_dpl(d.attr))) {
            x86_fault(x, X86_EXC_GP, selector);
        }
        if (!x86_present(d.attr)) {
            x86_fault(x, X86_EXC_NP, selector);
        }
    }
    x86_desc_accessed(x, &d);
    x86_put_seg(x, seg, selector, &d);
}

void x86_load_seg(X86Cpu *x, unsigned seg, uint16_t selector)
{
    if (!x86_protected(x)) {
        x86_put_seg_real(x, seg, selector);
    } else if (x86_null(selector)) {
        load_null(x, seg, selector);
    } else {
        load_protected(x, seg, selector);
    }
    if (seg != X86_FS && seg != X86_GS) { /* no region depends on those two */
        x86_update_flags(x);
    }
}

/* ---- stacks ---- */

static void stack_bounds(X86Stack *s, uint16_t attr, uint32_t limit)
{
    bool big = attr & X86_ATTR_DB;
    s->mask = big ? 0xffffffffu : 0xffff;
    if (!(attr & X86_ATTR_CODE) && (attr & X86_ATTR_EXPAND_DOWN)) {
        s->low = limit + 1; /* of 4 GiB: nothing is left, which 0 would not say */
        s->high = big ? 0xffffffffu : 0xffff;
        if (limit == 0xffffffffu) {
            s->low = 1;
            s->high = 0;
        }
    } else {
        s->low = 0;
        s->high = limit;
    }
}

X86Stack x86_stack(X86Cpu *x, unsigned cpl)
{
    const X86Seg *ss = &x->seg[X86_SS];
    if (x86_code64(x)) {
        return x86_stack64(x, x->gpr[X86_SP], cpl);
    }
    X86Stack s = {.x = x, .base = ss->base, .mode = x86_mode_at(x, cpl)};
    stack_bounds(&s, ss->attr, ss->limit);
    s.sp = x->gpr[X86_SP] & s.mask;
    return s;
}

X86Stack x86_stack_at(X86Cpu *x, const X86Desc *ss, uint16_t selector, uint64_t sp, unsigned cpl)
{
    X86Stack s = {.x = x, .base = ss->base, .selector = selector, .mode = x86_mode_at(x, cpl)};
    stack_bounds(&s, ss->attr, ss->limit);
    s.sp = sp & s.mask;
    return s;
}

X86Stack x86_stack64(X86Cpu *x, uint64_t rsp, unsigned cpl)
{
    return (X86Stack){.x = x, .mask = ~0ull, .sp = rsp, .flat = true, .mode = x86_mode_at(x, cpl)};
}

/* Where the access lies: linear, after the limit or canonical check. */
static uint64_t stack_address(X86Stack *s, uint64_t sp, unsigned bytes)
{
    if (s->flat) {
        if (G_UNLIKELY(!x86_canonical(s->x, sp) || !x86_canonical(s->x, sp + bytes - 1))) {
            x86_fault(s->x, X86_EXC_SS, s->selector);
        }
        return sp;
    }
    uint64_t last = sp + bytes - 1;
    if (G_UNLIKELY(sp < s->low || last > s->high)) {
        x86_fault(s->x, X86_EXC_SS, s->selector);
    }
    return (uint32_t)(s->base + sp);
}

void x86_push(X86Stack *s, unsigned bytes, uint64_t v)
{
    uint64_t sp = (s->sp - bytes) & s->mask;
    x86_write(s->x, stack_address(s, sp, bytes), bytes, v, s->mode);
    s->sp = sp;
}

uint64_t x86_pop(X86Stack *s, unsigned bytes)
{
    uint64_t v = x86_read(s->x, stack_address(s, s->sp, bytes), bytes, s->mode);
    s->sp = (s->sp + bytes) & s->mask;
    return v;
}

void x86_stack_room(X86Stack *s, unsigned bytes, bool down)
{
    if (bytes) {
        stack_address(s, (down ? s->sp - bytes : s->sp) & s->mask, bytes);
    }
}

/* ---- LAR, LSL, VERR, VERW ---- */

/* A descriptor that the program may see; @types: system types that the instruction knows, a bit each. */
static bool visible(X86Cpu *x, uint16_t selector, uint32_t types, X86Desc *d)
{
    if (x86_null(selector) || !x86_desc_find(x, selector, d)) {
        return false;
    }
    if (!(d->attr & X86_ATTR_S) && !(types >> x86_desc_type(d->attr) & 1)) {
        return false;
    }
    return x86_is_conforming(d->attr) || MAX(x->cpl, x86_rpl(selector)) <= x86_dpl(d->attr);
}

enum { LSL_TYPES = 1 << X86_SYS_TSS16 | 1 << X86_SYS_LDT | 1 << X86_SYS_TSS16_BUSY | 1 << X86_SYS_TSS32 |
                   1 << X86_SYS_TSS32_BUSY,
       LAR_TYPES = LSL_TYPES | 1 << X86_SYS_CALL16 | 1 << X86_SYS_TASK | 1 << X86_SYS_CALL32,
       LONG_TYPES = 1 << X86_SYS_LDT | 1 << X86_SYS_TSS32 | 1 << X86_SYS_TSS32_BUSY | 1 << X86_SYS_CALL32 };

bool x86_lar(X86Cpu *x, uint16_t selector, uint32_t *result)
{
    X86Desc d;
    if (!visible(x, selector, x86_long_mode(x) ? LAR_TYPES & LONG_TYPES : LAR_TYPES, &d)) {
        return false;
    }
    *result = d.hi & 0x00f0ff00;
    return true;
}

bool x86_lsl(X86Cpu *x, uint16_t selector, uint32_t *result)
{
    X86Desc d;
    if (!visible(x, selector, x86_long_mode(x) ? LSL_TYPES & LONG_TYPES : LSL_TYPES, &d)) {
        return false;
    }
    *result = d.limit;
    return true;
}

bool x86_verify(X86Cpu *x, uint16_t selector, bool write)
{
    X86Desc d;
    return visible(x, selector, 0, &d) && (write ? x86_is_writable(d.attr) : x86_is_readable(d.attr));
}

/* ---- LLDT, LTR ---- */

/* Loads a system segment of a type in @types; the descriptor is 16 bytes in long mode. */
static void system_desc(X86Cpu *x, uint16_t selector, uint32_t types, X86Desc *d)
{
    if ((selector & 4) || !x86_desc_find(x, selector, d) || (d->attr & X86_ATTR_S) ||
        !(types >> x86_desc_type(d->attr) & 1)) {
        x86_fault(x, X86_EXC_GP, selector);
    }
    if (!x86_present(d->attr)) {
        x86_fault(x, X86_EXC_NP, selector);
    }
    if (x86_long_mode(x) && (!x86_desc_upper(x, selector, d) || !x86_canonical(x, d->base))) {
        x86_fault(x, X86_EXC_GP, selector);
    }
}

static void put_system(X86Seg *s, uint16_t selector, const X86Desc *d)
{
    *s = (X86Seg){.base = d->base, .limit = d->limit, .selector = selector, .attr = d->attr};
}

void x86_lldt(X86Cpu *x, uint16_t selector)
{
    if (x86_null(selector)) {
        x->ldt = (X86Seg){.selector = selector, .unusable = true};
        return;
    }
    X86Desc d;
    system_desc(x, selector, 1u << X86_SYS_LDT, &d);
    put_system(&x->ldt, selector, &d);
}

void x86_ltr(X86Cpu *x, uint16_t selector)
{
    X86Desc d;
    if (x86_null(selector)) {
        x86_gp0(x);
    }
    system_desc(x, selector, x86_long_mode(x) ? 1u << X86_SYS_TSS32 : 1u << X86_SYS_TSS16 | 1u << X86_SYS_TSS32, &d);
    d.attr |= 2; /* busy */
    x86_write_system(x, d.va + 5, 1, d.attr & 0xff);
    put_system(&x->tr, selector, &d);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x87 instructions: stack, tags, exceptions (SDM 1 chapter 8; faults of the stack: 8.5.1.1). The arithmetic is
 * x87-host.c's.
 *
 * Each helper first raises what an earlier instruction left pending, then computes, and commits only where the
 * exceptions that came up are masked or are of the kind that is reported after the result (overflow, underflow,
 * inexact; to memory only inexact). FIP is noted by each instruction; FOP and FDP only with an unmasked exception, as
 * processors do that say so in CPUID.7.EBX[6].
 */
#include <string.h>

#include "x87.h"

static const X86Fpr indefinite = {.mantissa = 3ull << 62, .exponent = 0xffff};

/* ---- stack ---- */

static inline void set_valid(X86Cpu *x, unsigned i) { x->ftag &= (uint8_t) ~(1u << ((x->ftop + i) & 7)); }

static inline void put_st(X86Cpu *x, unsigned i, const X86Fpr *v)
{
    X86Fpr *r = x87_st(x, i);
    r->mantissa = v->mantissa;
    r->exponent = v->exponent;
    set_valid(x, i);
}

static inline void pop(X86Cpu *x, unsigned n)
{
    for (; n; n--) {
        x->ftag |= (uint8_t)(1u << x->ftop);
        x->ftop = (x->ftop + 1) & 7;
    }
}

static inline void push(X86Cpu *x, const X86Fpr *v)
{
    x->ftop = (x->ftop - 1) & 7;
    put_st(x, 0, v);
}

void x87_pending(X86Cpu *x)
{
    if (x->cr0 & CR0_NE) {
        x86_raise(x, X86_EXC_MF);
    }
    if (x->ferr) {
        x->ferr(x->ferr_opaque, true);
    }
}

/* Flags that an operation may leave as they are: where nothing is unmasked, whose they are does not matter. */
static inline uint16_t sticky(const X86Cpu *x) { return (x->fcw & X87_FLAGS) == X87_FLAGS ? x->fsw & X87_FLAGS : 0; }

static inline void begin(X86Cpu *x, uint64_t fip)
{
    x87_wait(x);
    x->fip = fip;
}

#define KEEP_FDP UINT64_MAX /* of instructions without a memory operand */

/* Notes what @sw says came up. True: the result may be stored (@after: those of these flags do not forbid it). */
static bool note(X86Cpu *x, uint32_t ctl, uint32_t sw, uint64_t fdp, uint32_t forbid)
{
    x->fsw = (uint16_t)((x->fsw & ~X87_C1) | (sw & (X87_C1 | X87_FLAGS | X87_SF)));
    uint32_t bad = sw & ~x->fcw & X87_FLAGS;
    if (G_LIKELY(!bad)) {
        return true;
    }
    x->fsw |= X87_ES | X87_B;
    x->fop = ctl >> X87_CTL_FOP_SHIFT & 0x7ff;
    x->fdp = fdp == KEEP_FDP ? x->fdp : fdp;
    return !(bad & forbid);
}

enum { BEFORE = X87_IE | X87_DE | X87_ZE, TO_MEMORY = BEFORE | X87_OE | X87_UE };

static bool underflow_mem(X86Cpu *x, uint32_t ctl, uint64_t fdp) { return note(x, ctl, X87_IE | X87_SF, fdp, BEFORE); }
static bool stack_underflow(X86Cpu *x, uint32_t ctl) { return underflow_mem(x, ctl, KEEP_FDP); }
static bool stack_overflow(X86Cpu *x, uint32_t ctl, uint64_t fdp)
{
    return note(x, ctl, X87_IE | X87_SF | X87_C1, fdp, BEFORE);
}

/* Pushes the result of a load that brought up @sw. */
static void push_result(X86Cpu *x, uint32_t ctl, const X86Fpr *v, uint32_t sw, uint64_t fdp)
{
    if (!x87_empty(x, 7)) {
        if (stack_overflow(x, ctl, fdp)) {
            push(x, &indefinite);
        }
    } else if (note(x, ctl, sw, fdp, X87_IE)) { /* a denormal is loaded also where that is not masked */
        push(x, v);
    }
}

/* ---- arithmetic ---- */

static void binary(CpuState *cpu, uint32_t ctl, uint64_t fip)
{
    X86Cpu *x = x86_cpu(cpu);
    unsigned i = ctl & X87_CTL_INDEX, dest = ctl & X87_CTL_TO_I ? i : 0;
    begin(x, fip);
    if (x87_empty(x, 0) || x87_empty(x, i)) {
        if (!stack_underflow(x, ctl)) {
            return;
        }
        put_st(x, dest, &indefinite);
    } else {
        X86Fpr r;
        uint32_t sw = x87_host_binary((X87Binary)x87_ctl_op(ctl), &r, x87_st(x, 0), x87_st(x, i), x->fcw, sticky(x));
        if (!note(x, ctl, sw, KEEP_FDP, BEFORE)) {
            return;
        }
        put_st(x, dest, &r);
    }
    pop(x, x87_ctl_pops(ctl));
}
const TcgHelper x87_helper_binary = {"x87_binary", (void *)binary,     TCG_HELPER_RAISES | TCG_HELPER_FP,
                                     TCG_VOID,     {TCG_I32, TCG_I64}, X87_SLOTS,
                                     X87_SLOTS};

static void binary_mem(CpuState *cpu, uint32_t ctl, uint64_t fip, uint64_t bits, uint64_t fdp)
{
    X86Cpu *x = x86_cpu(cpu);
    begin(x, fip);
    if (x87_empty(x, 0)) {
        if (underflow_mem(x, ctl, fdp)) {
            put_st(x, 0, &indefinite);
        }
        return;
    }
    X86Fpr r;
    uint32_t sw =
        x87_host_binary_mem((X87Binary)x87_ctl_op(ctl), x87_ctl_type(ctl), &r, x87_st(x, 0), bits, x->fcw, sticky(x));
    if (note(x, ctl, sw, fdp, BEFORE)) {
        put_st(x, 0, &r);
    }
}
const TcgHelper x87_helper_binary_mem = {"x87_binary_mem",
                                         (void *)binary_mem,
                                         TCG_HELPER_RAISES | TCG_HELPER_FP,
                                         TCG_VOID,
                                         {TCG_I32, TCG_I64, TCG_I64, TCG_I64},
                                         X87_SLOTS,
                                         X87_SLOTS};

/* ---- comparisons ---- */

static void put_comparison(X86Cpu *x, uint32_t ctl, uint32_t sw, uint64_t fdp, bool empty)
{
    if (empty) {
        sw = X87_IE | X87_SF | X87_C0 | X87_C2 | X87_C3;
    }
    bool ok = note(x, ctl, sw & ~X87_C1, fdp, BEFORE);
    x->fsw = (uint16_t)((x->fsw & ~X87_CC) | (sw & (X87_C0 | X87_C2 | X87_C3)));
    if (ok) {
        pop(x, x87_ctl_pops(ctl));
    }
}

static void compare(CpuState *cpu, uint32_t ctl, uint64_t fip)
{
    X86Cpu *x = x86_cpu(cpu);
    unsigned i = ctl & X87_CTL_INDEX;
    begin(x, fip);
    bool empty = x87_empty(x, 0) || x87_empty(x, i);
    put_comparison(x, ctl, empty ? 0 : x87_host_compare(ctl & X87_CTL_QUIET, x87_st(x, 0), x87_st(x, i), sticky(x)),
                   KEEP_FDP, empty);
}
const TcgHelper x87_helper_compare = {"x87_compare", (void *)compare,    TCG_HELPER_RAISES | TCG_HELPER_FP,
                                      TCG_VOID,      {TCG_I32, TCG_I64}, X87_SLOTS,
                                      X87_SLOTS};

static void compare_mem(CpuState *cpu, uint32_t ctl, uint64_t fip, uint64_t bits, uint64_t fdp)
{
    X86Cpu *x = x86_cpu(cpu);
    begin(x, fip);
    bool empty = x87_empty(x, 0);
    put_comparison(x, ctl, empty ? 0 : x87_host_compare_mem(x87_ctl_type(ctl), x87_st(x, 0), bits, sticky(x)), fdp,
                   empty);
}
const TcgHelper x87_helper_compare_mem = {"x87_compare_mem",
                                          (void *)compare_mem,
                                          TCG_HELPER_RAISES,
                                          TCG_VOID,
                                          {TCG_I32, TCG_I64, TCG_I64, TCG_I64},
                                          X87_SLOTS,
                                          X87_SLOTS};

/* FCOMI and FUCOMI: the status flags afterwards. */
static uint64_t comi(CpuState *cpu, uint32_t ctl, uint64_t fip)
{
    X86Cpu *x = x86_cpu(cpu);
    unsigned i = ctl & X87_CTL_INDEX;
    begin(x, fip);
    uint32_t sw = X87_IE | X87_SF | X87_C0 | X87_C2 | X87_C3, c1 = 0;
    if (!x87_empty(x, 0) && !x87_empty(x, i)) {
        sw = x87_host_compare(ctl & X87_CTL_QUIET, x87_st(x, 0), x87_st(x, i), sticky(x));
        c1 = x->fsw & X87_C1;
    }
    if (note(x, ctl, (sw & ~X87_C1) | c1, KEEP_FDP, BEFORE)) {
        pop(x, x87_ctl_pops(ctl));
    }
    return (sw & X87_C0 ? EFL_CF : 0) | (sw & X87_C2 ? EFL_PF : 0) | (sw & X87_C3 ? EFL_ZF : 0);
}
const TcgHelper x87_helper_comi = {
    "x87_comi", (void *)comi, TCG_HELPER_RAISES | TCG_HELPER_FP, TCG_I64, {TCG_I32, TCG_I64}, X87_SLOTS, X87_SLOTS};

/* ---- loads ---- */

static void load(CpuState *cpu, uint32_t ctl, uint64_t fip, uint64_t bits, uint64_t fdp)
{
    X86Cpu *x = x86_cpu(cpu);
    X86Fpr r;
    begin(x, fip);
    uint32_t sw = x87_host_load(x87_ctl_type(ctl), &r, bits, sticky(x));
    push_result(x, ctl, &r, sw, fdp);
}
const TcgHelper x87_helper_load = {
    "x87_load", (void *)load, TCG_HELPER_RAISES | TCG_HELPER_FP, TCG_VOID, {TCG_I32, TCG_I64, TCG_I64, TCG_I64},
    X87_SLOTS,  X87_SLOTS};

static void load80(CpuState *cpu, uint32_t ctl, uint64_t fip, uint64_t mantissa, uint32_t exponent)
{
    X86Cpu *x = x86_cpu(cpu);
    X86Fpr r = {.mantissa = mantissa, .exponent = (uint16_t)exponent};
    begin(x, fip);
    push_result(x, ctl, &r, 0, KEEP_FDP);
}
const TcgHelper x87_helper_load80 = {
    "x87_load80", (void *)load80, TCG_HELPER_RAISES | TCG_HELPER_FP, TCG_VOID, {TCG_I32, TCG_I64, TCG_I64, TCG_I32},
    X87_SLOTS,    X87_SLOTS};

static void load_bcd(CpuState *cpu, uint32_t ctl, uint64_t fip, uint64_t low, uint32_t high)
{
    X86Cpu *x = x86_cpu(cpu);
    uint8_t bcd[10];
    X86Fpr r;
    begin(x, fip);
    memcpy(bcd, &low, 8);
    memcpy(bcd + 8, &high, 2);
    x87_host_load_bcd(&r, bcd);
    push_result(x, ctl, &r, 0, KEEP_FDP);
}
const TcgHelper x87_helper_load_bcd = {
    "x87_load_bcd", (void *)load_bcd, TCG_HELPER_RAISES | TCG_HELPER_FP, TCG_VOID, {TCG_I32, TCG_I64, TCG_I64, TCG_I32},
    X87_SLOTS,      X87_SLOTS};

static void push_st(CpuState *cpu, uint32_t ctl, uint64_t fip)
{
    X86Cpu *x = x86_cpu(cpu);
    unsigned i = ctl & X87_CTL_INDEX;
    begin(x, fip);
    if (x87_empty(x, i)) {
        if (stack_underflow(x, ctl)) {
            push(x, &indefinite);
        }
        return;
    }
    X86Fpr r = *x87_st(x, i);
    push_result(x, ctl, &r, 0, KEEP_FDP);
}
const TcgHelper x87_helper_push_st = {"x87_push_st", (void *)push_st,    TCG_HELPER_RAISES | TCG_HELPER_FP,
                                      TCG_VOID,      {TCG_I32, TCG_I64}, X87_SLOTS,
                                      X87_SLOTS};

static void constant(CpuState *cpu, uint32_t ctl, uint64_t fip)
{
    X86Cpu *x = x86_cpu(cpu);
    X86Fpr r;
    begin(x, fip);
    x87_host_constant((X87Constant)x87_ctl_op(ctl), &r, x->fcw, sticky(x));
    push_result(x, ctl, &r, 0, KEEP_FDP);
}
const TcgHelper x87_helper_constant = {"x87_constant", (void *)constant,   TCG_HELPER_RAISES | TCG_HELPER_FP,
                                       TCG_VOID,       {TCG_I32, TCG_I64}, X87_SLOTS,
                                       X87_SLOTS};

/* ---- stores ---- */

static TcgMem mem_of(unsigned bytes, unsigned mode)
{
    return TCG_MEM((unsigned)__builtin_ctz(bytes), 0u, 0u, TCG_ALIGN_ANY, mode);
}

/* As generated code stores: straight to RAM where the TLB knows the page. */
static void store_bits(CpuState *cpu, uint64_t linear, uint64_t bits, unsigned bytes, unsigned mode)
{
    const TlbEntry *e = &cpu->tcg.tlb->table[mode][TLB_WRITE][linear >> TLB_PAGE_BITS & (TLB_ENTRIES - 1)];
    if ((linear & (TLB_PAGE_MASK | (bytes - 1))) == __atomic_load_n(&e->tag, __ATOMIC_RELAXED)) {
        memcpy((void *)(uintptr_t)(linear + e->addend), &bits, bytes);
    } else {
        cpu_store(cpu, linear, bits, mem_of(bytes, mode));
    }
}

/* A stack fault's answer, or false. */
static bool store_of_empty(X86Cpu *x, uint32_t ctl, uint64_t fdp, bool *may_store)
{
    if (!x87_empty(x, 0)) {
        return false;
    }
    *may_store = !(X87_IE & ~x->fcw);
    if (!*may_store) {
        underflow_mem(x, ctl, fdp);
    }
    return true;
}

static void store(CpuState *cpu, uint32_t ctl, uint64_t fip, uint64_t linear, uint64_t fdp)
{
    X86Cpu *x = x86_cpu(cpu);
    X87Type type = x87_ctl_type(ctl);
    static const uint8_t sizes[] = {4, 8, 2, 4, 8, 2, 4, 8};
    uint64_t bits;
    bool may_store = true;
    x87_wait(x);
    uint32_t sw;
    if (store_of_empty(x, ctl, fdp, &may_store)) {
        sw = X87_IE | X87_SF;
        bits = type == X87_F32 ? 0xffc00000 : type == X87_F64 ? 0xfff8000000000000 : 1ull << (8 * sizes[type] - 1);
    } else {
        sw = x87_host_store(type, x87_st(x, 0), &bits, x->fcw, sticky(x));
        may_store = !(sw & ~x->fcw & TO_MEMORY);
    }
    if (may_store) {
        store_bits(cpu, linear, bits, sizes[type], x87_ctl_mmu(ctl));
    }
    x->fip = fip;
    if (note(x, ctl, sw, fdp, TO_MEMORY)) {
        pop(x, x87_ctl_pops(ctl));
    }
}
const TcgHelper x87_helper_store = {
    "x87_store", (void *)store, TCG_HELPER_RAISES | TCG_HELPER_FP, TCG_VOID, {TCG_I32, TCG_I64, TCG_I64, TCG_I64},
    X87_SLOTS,   X87_SLOTS};

static void store80(CpuState *cpu, uint32_t ctl, uint64_t fip, uint64_t linear, uint64_t fdp)
{
    X86Cpu *x = x86_cpu(cpu);
    bool may_store = true, empty;
    x87_wait(x);
    empty = store_of_empty(x, ctl, fdp, &may_store);
    if (may_store) {
        x87_store_bytes(x, linear, empty ? &indefinite : x87_st(x, 0), 10, x87_ctl_mmu(ctl));
    }
    x->fip = fip;
    if (note(x, ctl, empty ? X87_IE | X87_SF : 0, fdp, TO_MEMORY)) {
        pop(x, 1);
    }
}
const TcgHelper x87_helper_store80 = {
    "x87_store80", (void *)store80, TCG_HELPER_RAISES | TCG_HELPER_FP, TCG_VOID, {TCG_I32, TCG_I64, TCG_I64, TCG_I64},
    X87_SLOTS,     X87_SLOTS};

static void store_bcd(CpuState *cpu, uint32_t ctl, uint64_t fip, uint64_t linear, uint64_t fdp)
{
    X86Cpu *x = x86_cpu(cpu);
    uint8_t bcd[10] = {0, 0, 0, 0, 0, 0, 0, 0xc0, 0xff, 0xff}; /* the indefinite */
    bool may_store = true;
    uint32_t sw = X87_IE | X87_SF;
    x87_wait(x);
    if (!store_of_empty(x, ctl, fdp, &may_store)) {
        sw = x87_host_store_bcd(x87_st(x, 0), bcd, x->fcw, sticky(x));
        may_store = !(sw & ~x->fcw & TO_MEMORY);
    }
    if (may_store) {
        x87_store_bytes(x, linear, bcd, 10, x87_ctl_mmu(ctl));
    }
    x->fip = fip;
    if (note(x, ctl, sw, fdp, TO_MEMORY)) {
        pop(x, 1);
    }
}
const TcgHelper x87_helper_store_bcd = {"x87_store_bcd",
                                        (void *)store_bcd,
                                        TCG_HELPER_RAISES | TCG_HELPER_FP,
                                        TCG_VOID,
                                        {TCG_I32, TCG_I64, TCG_I64, TCG_I64},
                                        X87_SLOTS,
                                        X87_SLOTS};

/* FST ST(i), FSTP ST(i). QUIET: D9 D8+i, which only pops where ST(0) is empty. */
static void store_st(CpuState *cpu, uint32_t ctl, uint64_t fip)
{
    X86Cpu *x = x86_cpu(cpu);
    unsigned i = ctl & X87_CTL_INDEX;
    begin(x, fip);
    if (x87_empty(x, 0) && ctl & X87_CTL_QUIET) {
        x->fsw &= (uint16_t)~X87_C1;
    } else if (x87_empty(x, 0)) {
        if (!stack_underflow(x, ctl)) {
            return;
        }
        put_st(x, i, &indefinite);
    } else {
        note(x, ctl, 0, KEEP_FDP, BEFORE);
        put_st(x, i, x87_st(x, 0));
    }
    pop(x, x87_ctl_pops(ctl));
}
const TcgHelper x87_helper_store_st = {"x87_store_st", (void *)store_st,   TCG_HELPER_RAISES | TCG_HELPER_FP,
                                       TCG_VOID,       {TCG_I32, TCG_I64}, X87_SLOTS,
                                       X87_SLOTS};

/* ---- moves ---- */

static void fill_empty(X86Cpu *x, unsigned i)
{
    if (x87_empty(x, i)) {
        put_st(x, i, &indefinite);
    }
}

static void xch(CpuState *cpu, uint32_t ctl, uint64_t fip)
{
    X86Cpu *x = x86_cpu(cpu);
    unsigned i = ctl & X87_CTL_INDEX;
    begin(x, fip);
    if (x87_empty(x, 0) || x87_empty(x, i)) {
        if (!stack_underflow(x, ctl)) {
            return;
        }
        fill_empty(x, 0);
        fill_empty(x, i);
    } else {
        x->fsw &= (uint16_t)~X87_C1;
    }
    X86Fpr t = *x87_st(x, 0);
    put_st(x, 0, x87_st(x, i));
    put_st(x, i, &t);
}
const TcgHelper x87_helper_xch = {
    "x87_xch", (void *)xch, TCG_HELPER_RAISES | TCG_HELPER_FP, TCG_VOID, {TCG_I32, TCG_I64}, X87_SLOTS, X87_SLOTS};

static void cmov(CpuState *cpu, uint32_t ctl, uint64_t fip, uint64_t condition)
{
    X86Cpu *x = x86_cpu(cpu);
    unsigned i = ctl & X87_CTL_INDEX;
    begin(x, fip);
    if (x87_empty(x, 0) || x87_empty(x, i)) {
        if (stack_underflow(x, ctl)) {
            put_st(x, 0, &indefinite);
        }
        return;
    }
    if (condition) {
        put_st(x, 0, x87_st(x, i));
    }
}
const TcgHelper x87_helper_cmov = {
    "x87_cmov", (void *)cmov, TCG_HELPER_RAISES | TCG_HELPER_FP, TCG_VOID, {TCG_I32, TCG_I64, TCG_I64},
    X87_SLOTS,  X87_SLOTS};

static void misc(CpuState *cpu, uint32_t ctl, uint64_t fip)
{
    X86Cpu *x = x86_cpu(cpu);
    unsigned i = ctl & X87_CTL_INDEX, op = x87_ctl_op(ctl);
    begin(x, fip);
    switch (op) {
    case X87_FREE:
        x->ftag |= (uint8_t)(1u << ((x->ftop + i) & 7));
        pop(x, x87_ctl_pops(ctl));
        break;
    case X87_NOP: return;
    case X87_INCSTP:
    case X87_DECSTP: x->ftop = (x->ftop + (op == X87_INCSTP ? 1 : 7)) & 7; break;
    default:
        if (x87_empty(x, 0)) {
            if (stack_underflow(x, ctl)) {
                put_st(x, 0, &indefinite);
            }
            return;
        }
        x87_st(x, 0)->exponent = op == X87_CHS ? x87_st(x, 0)->exponent ^ 0x8000 : x87_st(x, 0)->exponent & 0x7fff;
    }
    x->fsw &= (uint16_t)~X87_C1;
}
const TcgHelper x87_helper_misc = {
    "x87_misc", (void *)misc, TCG_HELPER_RAISES | TCG_HELPER_FP, TCG_VOID, {TCG_I32, TCG_I64}, X87_SLOTS, X87_SLOTS};

/* ---- functions ---- */

static bool reads_st1(X87Function f)
{
    return f == X87_FYL2X || f == X87_FPATAN || f == X87_FPREM || f == X87_FPREM1 || f == X87_FYL2XP1 ||
           f == X87_FSCALE;
}

/* Condition codes that the function writes beside C1. FPREM without a number as result keeps C0 and C3. */
static uint32_t codes_of(X87Function f)
{
    switch (f) {
    case X87_FPTAN:
    case X87_FSINCOS:
    case X87_FSIN:
    case X87_FCOS: return X87_C2;
    case X87_FPREM:
    case X87_FPREM1:
    case X87_FTST: return X87_C0 | X87_C2 | X87_C3;
    default: return 0;
    }
}

static bool is_nan(const X86Fpr *r) { return (r->exponent & 0x7fff) == 0x7fff && r->mantissa << 1; }

static void xam(X86Cpu *x)
{
    X86Fpr s[2] = {*x87_st(x, 0), indefinite};
    uint32_t sw = x87_empty(x, 0) ? X87_C0 | X87_C3 | (s[0].exponent & 0x8000 ? X87_C1 : 0)
                                  : x87_host_function(X87_FXAM, s, x->fcw, sticky(x));
    x->fsw = (uint16_t)((x->fsw & ~X87_CC) | (sw & X87_CC));
}

static void pushing_function(X86Cpu *x, uint32_t ctl, X87Function f)
{
    X86Fpr s[2] = {*x87_st(x, 0), indefinite};
    if (!x87_empty(x, 7)) {
        x->fsw &= (uint16_t)~codes_of(f);
        if (stack_overflow(x, ctl, KEEP_FDP)) {
            put_st(x, 0, &indefinite);
            push(x, &indefinite);
        }
        return;
    }
    uint32_t sw = x87_host_function(f, s, x->fcw, sticky(x)), codes = codes_of(f);
    if (sw & ~x->fcw & BEFORE) {
        sw &= BEFORE | (X87_CC & ~X87_C1);
    }
    bool ok = note(x, ctl, sw, KEEP_FDP, BEFORE);
    x->fsw = (uint16_t)((x->fsw & ~codes) | (sw & codes));
    if (ok && !(sw & codes & X87_C2)) {
        put_st(x, 0, &s[1]);
        push(x, &s[0]);
    }
}

static void function(CpuState *cpu, uint32_t ctl, uint64_t fip)
{
    X86Cpu *x = x86_cpu(cpu);
    X87Function f = (X87Function)x87_ctl_op(ctl);
    uint32_t codes = codes_of(f);
    begin(x, fip);
    if (f == X87_FXAM) {
        xam(x);
    } else if (x87_empty(x, 0) || (reads_st1(f) && x87_empty(x, 1))) {
        bool ok = stack_underflow(x, ctl);
        if (f == X87_FTST) {
            x->fsw |= codes;
            return;
        }
        x->fsw &= (uint16_t) ~(codes & X87_C2);
        if (ok) {
            put_st(x, x87_ctl_pops(ctl), &indefinite);
            pop(x, x87_ctl_pops(ctl));
            if (f == X87_FPTAN || f == X87_FXTRACT || f == X87_FSINCOS) {
                push(x, &indefinite);
            }
        }
    } else if (f == X87_FPTAN || f == X87_FXTRACT || f == X87_FSINCOS) {
        pushing_function(x, ctl, f);
    } else {
        X86Fpr s[2] = {*x87_st(x, 0), *x87_st(x, 1)};
        uint32_t sw = x87_host_function(f, s, x->fcw, sticky(x));
        if (sw & ~x->fcw & BEFORE) {
            sw &= BEFORE | (X87_CC & ~X87_C1);
        }
        bool ok = note(x, ctl, sw, KEEP_FDP, BEFORE);
        if (f != X87_FTST && (!ok || is_nan(&s[0]))) {
            x->fsw &= (uint16_t) ~(codes & X87_C2);
            codes = ok ? codes & X87_C2 : 0;
        }
        x->fsw = (uint16_t)((x->fsw & ~codes) | (sw & codes));
        if (ok && f != X87_FTST) {
            put_st(x, x87_ctl_pops(ctl), &s[0]);
            pop(x, x87_ctl_pops(ctl));
        }
    }
}
const TcgHelper x87_helper_function = {"x87_function", (void *)function,   TCG_HELPER_RAISES | TCG_HELPER_FP,
                                       TCG_VOID,       {TCG_I32, TCG_I64}, X87_SLOTS,
                                       X87_SLOTS};

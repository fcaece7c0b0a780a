/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x87 control: control and status words, FINIT, FCLEX, the environment and FSAVE images (SDM 1 8.1.8 to 8.1.10, figures
 * 8-9 to 8-12).
 *
 * The selectors of the last instruction and operand are stored as 0 (CPUID.7.EBX[13]).
 */
#include <string.h>

#include "x87.h"

enum { FSW_KEPT = 0xffff & ~(7 << 11) };

/* ES and B say whether an unmasked exception is there. */
static void update_summary(X86Cpu *x)
{
    if (x->fsw & ~x->fcw & X87_FLAGS) {
        x->fsw |= X87_ES | X87_B;
    } else {
        x->fsw &= (uint16_t) ~(X87_ES | X87_B);
    }
}

void x87_set_status(X86Cpu *x, uint16_t fsw)
{
    x->ftop = fsw >> 11 & 7;
    x->fsw = fsw & FSW_KEPT;
    update_summary(x);
}

void x87_set_control(X86Cpu *x, uint16_t fcw)
{
    x->fcw = (fcw & 0x1f3f) | 0x40;
    update_summary(x);
}

void x86_fpu_reset(X86Cpu *x)
{
    x->fcw = X87_CW_INIT;
    x->fsw = 0;
    x->ftop = 0;
    x->ftag = 0xff;
    x->fop = x->fcs = x->fds = 0;
    x->fip = x->fdp = 0;
}

/* ---- tags ---- */

static unsigned tag_of(const X86Fpr *r)
{
    unsigned e = r->exponent & 0x7fff;
    if (e == 0) {
        return r->mantissa ? 2 : 1;
    }
    return e == 0x7fff || !(r->mantissa >> 63) ? 2 : 0;
}

uint16_t x87_full_tags(const X86Cpu *x)
{
    unsigned tags = 0;
    for (unsigned i = 0; i < 8; i++) {
        tags |= (x->ftag >> i & 1 ? 3 : tag_of(&x->fpr[i])) << (2 * i);
    }
    return (uint16_t)tags;
}

void x87_set_full_tags(X86Cpu *x, uint16_t tags)
{
    x->ftag = 0;
    for (unsigned i = 0; i < 8; i++) {
        x->ftag |= (uint8_t)((tags >> (2 * i) & 3) == 3) << i;
    }
}

/* ---- memory ---- */

static TcgMem mem_of(unsigned bytes, unsigned mode)
{
    return TCG_MEM((unsigned)__builtin_ctz(bytes), 0u, 0u, TCG_ALIGN_ANY, mode);
}

static unsigned piece(uint64_t linear, unsigned len)
{
    unsigned n = 8;
    while (n > len || (linear & (n - 1))) {
        n /= 2;
    }
    return n;
}

/* The part of [linear, linear + len) in its page. */
static unsigned in_page(uint64_t linear, unsigned len) { return MIN(len, 4096 - (unsigned)(linear & 4095)); }

/* Raises what any page of the range raises. */
static void probe(X86Cpu *x, uint64_t linear, unsigned len, MmuAccess access, unsigned mode)
{
    unsigned first = in_page(linear, len);
    cpu_probe(&x->cpu, linear, first, access, mode);
    if (first < len) {
        cpu_probe(&x->cpu, x87_wrap(x, linear + first), len - first, access, mode);
    }
}

/* RAM in one go, else as what a bus sees. */
static void store_in_page(X86Cpu *x, uint64_t linear, const uint8_t *p, unsigned len, unsigned mode)
{
    void *host = cpu_probe(&x->cpu, linear, len, MMU_WRITE, mode);
    if (host) {
        memcpy(host, p, len);
        return;
    }
    for (unsigned n; len; len -= n, p += n, linear += n) {
        uint64_t v = 0;
        n = piece(linear, len);
        memcpy(&v, p, n);
        cpu_store(&x->cpu, linear, v, mem_of(n, mode));
    }
}

static void load_in_page(X86Cpu *x, uint64_t linear, uint8_t *p, unsigned len, unsigned mode)
{
    const void *host = cpu_probe(&x->cpu, linear, len, MMU_READ, mode);
    if (host) {
        memcpy(p, host, len);
        return;
    }
    for (unsigned n; len; len -= n, p += n, linear += n) {
        n = piece(linear, len);
        uint64_t v = cpu_load(&x->cpu, linear, mem_of(n, mode));
        memcpy(p, &v, n);
    }
}

void x87_store_bytes(X86Cpu *x, uint64_t linear, const void *data, unsigned len, unsigned mode)
{
    const uint8_t *p = data;
    linear = x87_wrap(x, linear);
    if (in_page(linear, len) < len) {
        probe(x, linear, len, MMU_WRITE, mode);
    }
    for (unsigned n; len; len -= n, p += n, linear = x87_wrap(x, linear + n)) {
        n = in_page(linear, len);
        store_in_page(x, linear, p, n, mode);
    }
}

void x87_load_bytes(X86Cpu *x, uint64_t linear, void *data, unsigned len, unsigned mode)
{
    uint8_t *p = data;
    linear = x87_wrap(x, linear);
    for (unsigned n; len; len -= n, p += n, linear = x87_wrap(x, linear + n)) {
        n = in_page(linear, len);
        load_in_page(x, linear, p, n, mode);
    }
}

/* ---- control and status ---- */

static void wait_helper(CpuState *cpu) { x87_wait(x86_cpu(cpu)); }
const TcgHelper x87_helper_wait = {
    "x87_wait", (void *)wait_helper, TCG_HELPER_RAISES | TCG_HELPER_FP, TCG_VOID, {TCG_VOID}, {{0}}, {{0}}};

static uint32_t get_status(CpuState *cpu) { return x87_status(x86_cpu(cpu)); }
const TcgHelper x87_helper_get_status = {
    "x87_get_status", (void *)get_status, TCG_HELPER_FP, TCG_I32, {TCG_VOID}, {{0}}, {{0}}};

static uint32_t get_control(CpuState *cpu) { return x86_cpu(cpu)->fcw; }
const TcgHelper x87_helper_get_control = {
    "x87_get_control", (void *)get_control, TCG_HELPER_FP, TCG_I32, {TCG_VOID}, {{0}}, {{0}}};

static void set_control(CpuState *cpu, uint32_t fcw)
{
    x87_wait(x86_cpu(cpu));
    x87_set_control(x86_cpu(cpu), (uint16_t)fcw);
}
const TcgHelper x87_helper_set_control = {
    "x87_set_control", (void *)set_control, TCG_HELPER_RAISES | TCG_HELPER_FP, TCG_VOID, {TCG_I32}, {{0}}, {{0}}};

static void init(CpuState *cpu) { x86_fpu_reset(x86_cpu(cpu)); }
const TcgHelper x87_helper_init = {"x87_init", (void *)init, TCG_HELPER_FP, TCG_VOID, {TCG_VOID}, {{0}}, {{0}}};

static void clear(CpuState *cpu) { x86_cpu(cpu)->fsw &= FSW_KEPT & ~(X87_FLAGS | X87_SF | X87_ES | X87_B); }
const TcgHelper x87_helper_clear = {"x87_clear", (void *)clear, TCG_HELPER_FP, TCG_VOID, {TCG_VOID}, {{0}}, {{0}}};

/* ---- environment ---- */

static void put16(uint8_t *p, uint64_t v) { memcpy(p, &(uint16_t){(uint16_t)v}, 2); }
static void put32(uint8_t *p, uint64_t v) { memcpy(p, &(uint32_t){(uint32_t)v}, 4); }
static uint16_t get16(const uint8_t *p)
{
    uint16_t v;
    memcpy(&v, p, 2);
    return v;
}
static uint32_t get32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return v;
}

static unsigned make_env(const X86Cpu *x, unsigned kind, uint8_t *p)
{
    bool real = kind & X87_ENV_REAL;
    if (kind & X87_ENV_32) {
        put32(p, 0xffff0000 | x->fcw);
        put32(p + 4, 0xffff0000 | x87_status(x));
        put32(p + 8, 0xffff0000 | x87_full_tags(x));
        put32(p + 12, real ? 0xffff0000 | (x->fip & 0xffff) : x->fip);
        put32(p + 16, real ? (x->fip >> 16 & 0xffff) << 12 | x->fop : (uint32_t)x->fop << 16);
        put32(p + 20, real ? 0xffff0000 | (x->fdp & 0xffff) : x->fdp);
        put32(p + 24, real ? (x->fdp >> 16 & 0xffff) << 12 : 0xffff0000);
        return 28;
    }
    put16(p, x->fcw);
    put16(p + 2, x87_status(x));
    put16(p + 4, x87_full_tags(x));
    put16(p + 6, x->fip);
    put16(p + 8, real ? (x->fip >> 16 & 15) << 12 | x->fop : 0);
    put16(p + 10, x->fdp);
    put16(p + 12, real ? (x->fdp >> 16 & 15) << 12 : 0);
    return 14;
}

static void take_env(X86Cpu *x, unsigned kind, const uint8_t *p)
{
    unsigned w = kind & X87_ENV_32 ? 4 : 2;
    bool real = kind & X87_ENV_REAL;
    x->fcw = (get16(p) & 0x1f3f) | 0x40;
    x87_set_status(x, get16(p + w));
    x87_set_full_tags(x, get16(p + 2 * w));
    const uint8_t *ip = p + 3 * w, *cs = ip + w, *dp = cs + w, *ds = dp + w;
    if (w == 2) {
        x->fip = get16(ip) | (real ? (uint32_t)get16(cs) >> 12 << 16 : 0);
        x->fop = real ? get16(cs) & 0x7ff : 0;
        x->fdp = get16(dp) | (real ? (uint32_t)get16(ds) >> 12 << 16 : 0);
    } else if (real) {
        x->fip = get16(ip) | (get32(cs) >> 12 & 0xffff) << 16;
        x->fop = get32(cs) & 0x7ff;
        x->fdp = get16(dp) | (get32(ds) >> 12 & 0xffff) << 16;
    } else {
        x->fip = get32(ip);
        x->fop = get32(cs) >> 16 & 0x7ff;
        x->fdp = get32(dp);
    }
}

/* FNSTENV, FNSAVE. */
static void store_env(CpuState *cpu, uint32_t ctl, uint64_t linear)
{
    X86Cpu *x = x86_cpu(cpu);
    uint8_t image[28 + 80];
    unsigned n = make_env(x, ctl, image);
    if (ctl & X87_ENV_REGS) {
        for (unsigned i = 0; i < 8; i++, n += 10) {
            memcpy(image + n, x87_st(x, i), 10);
        }
    }
    x87_store_bytes(x, linear, image, n, x87_ctl_mmu(ctl));
    if (ctl & X87_ENV_REGS) {
        x86_fpu_reset(x);
    } else {
        x87_set_control(x, x->fcw | X87_FLAGS);
    }
}
const TcgHelper x87_helper_store_env = {"x87_store_env",
                                        (void *)store_env,
                                        TCG_HELPER_RAISES | TCG_HELPER_FP,
                                        TCG_VOID,
                                        {TCG_I32, TCG_I64},
                                        X87_SLOTS,
                                        {{0}}};

/* FLDENV, FRSTOR. */
static void load_env(CpuState *cpu, uint32_t ctl, uint64_t linear)
{
    X86Cpu *x = x86_cpu(cpu);
    uint8_t image[28 + 80];
    unsigned n = ctl & X87_ENV_32 ? 28 : 14;
    x87_wait(x);
    x87_load_bytes(x, linear, image, ctl & X87_ENV_REGS ? n + 80 : n, x87_ctl_mmu(ctl));
    take_env(x, ctl, image);
    if (ctl & X87_ENV_REGS) {
        for (unsigned i = 0; i < 8; i++, n += 10) {
            memcpy(x87_st(x, i), image + n, 10);
        }
    }
}
const TcgHelper x87_helper_load_env = {"x87_load_env", (void *)load_env,   TCG_HELPER_RAISES | TCG_HELPER_FP,
                                       TCG_VOID,       {TCG_I32, TCG_I64}, X87_SLOTS,
                                       X87_SLOTS};

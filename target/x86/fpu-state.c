/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MXCSR, and the images that FXSAVE and the XSAVE family write and read (SDM 1 10.5.1 and chapter 13).
 *
 * State components: 0 x87, 1 SSE, 2 the upper halves of YMM, 9 PKRU. A component is in use where it is not in its
 * initial configuration; of the processor's freedom to write less (XSAVEOPT, XSAVES: "not modified since") only that is
 * used.
 */
#include <string.h>

#include "fpu-state.h"
#include "x87.h"

enum { MXCSR_INIT = 0x1f80, MXCSR_MASK = 0xffff, LEGACY = 512, HEADER = 64, YMM_OFFSET = 576, PKRU_OFFSET = 2688 };
#define COMPACTED (1ull << 63)

void x86_set_mxcsr(X86Cpu *x, uint32_t v)
{
    x->cpu.tcg.guest_mxcsr = v | MXCSR_INIT;
    x->mxcsr_masks = v & MXCSR_INIT;
    x86_update_flags(x);
}

/* ---- the 512 bytes of FXSAVE ---- */

static void put_x87(const X86Cpu *x, uint8_t *p, bool wide)
{
    uint16_t fsw = x87_status(x);
    memset(p, 0, 24);
    memcpy(p, &x->fcw, 2);
    memcpy(p + 2, &fsw, 2);
    p[4] = (uint8_t)~x->ftag;
    memcpy(p + 6, &x->fop, 2);
    memcpy(p + 8, &x->fip, wide ? 8 : 4);
    memcpy(p + 16, &x->fdp, wide ? 8 : 4);
    memset(p + 32, 0, 128);
    for (unsigned i = 0; i < 8; i++) {
        memcpy(p + 32 + 16 * i, &x->fpr[(x->ftop + i) & 7], 10);
    }
}

static void take_x87(X86Cpu *x, const uint8_t *p, bool wide)
{
    uint16_t fcw, fsw;
    memcpy(&fcw, p, 2);
    memcpy(&fsw, p + 2, 2);
    x->fcw = (fcw & 0x1f3f) | 0x40;
    x87_set_status(x, fsw);
    x->ftag = (uint8_t)~p[4];
    memcpy(&x->fop, p + 6, 2);
    x->fop &= 0x7ff;
    x->fip = x->fdp = 0;
    memcpy(&x->fip, p + 8, wide ? 8 : 4);
    memcpy(&x->fdp, p + 16, wide ? 8 : 4);
    for (unsigned i = 0; i < 8; i++) {
        memcpy(&x->fpr[(x->ftop + i) & 7], p + 32 + 16 * i, 10);
    }
}

static void init_x87(X86Cpu *x)
{
    x86_fpu_reset(x);
    for (unsigned i = 0; i < 8; i++) {
        x->fpr[i].mantissa = 0;
        x->fpr[i].exponent = 0;
    }
}

static bool in_use_x87(const X86Cpu *x)
{
    uint64_t any = (uint64_t)(x->fcw ^ X87_CW_INIT) | x->fsw | x->ftop | (uint8_t)~x->ftag | x->fop | x->fip | x->fdp;
    for (unsigned i = 0; i < 8; i++) {
        any |= x->fpr[i].mantissa | x->fpr[i].exponent;
    }
    return any != 0;
}

static bool in_use_vectors(const uint64_t (*v)[2])
{
    uint64_t any = 0;
    for (unsigned i = 0; i < 16; i++) {
        any |= v[i][0] | v[i][1];
    }
    return any != 0;
}

static unsigned vector_count(const X86Cpu *x) { return x->region_flags & X86_RF_CS64 ? 16 : 8; }

static void put_mxcsr(const X86Cpu *x, uint8_t *p)
{
    uint32_t words[2] = {x86_get_mxcsr(x), MXCSR_MASK};
    memcpy(p + 24, words, 8);
}

/* Raises where reserved bits are set. */
static uint32_t get_mxcsr(X86Cpu *x, const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p + 24, 4);
    if (v & ~(uint32_t)MXCSR_MASK) {
        x86_raise_error(x, X86_EXC_GP, 0);
    }
    return v;
}

static void check_aligned(X86Cpu *x, uint64_t linear, unsigned n)
{
    if (linear & (n - 1)) {
        x86_raise_error(x, X86_EXC_GP, 0);
    }
}

/* Nothing is written before all of it can be: the last byte of what is always there comes first, as processors do it.
 */
static void probe_area(X86Cpu *x, uint64_t linear, unsigned base, unsigned size, MmuAccess access, unsigned mode)
{
    cpu_probe(&x->cpu, x87_wrap(x, linear + base - 1), 1, access, mode);
    for (unsigned at = 0; at < size; at += 4096) {
        cpu_probe(&x->cpu, x87_wrap(x, linear + at), 1, access, mode);
    }
    cpu_probe(&x->cpu, x87_wrap(x, linear + size - 1), 1, access, mode);
}

static void fxsave(CpuState *cpu, uint32_t ctl, uint64_t linear)
{
    X86Cpu *x = x86_cpu(cpu);
    uint8_t p[LEGACY];
    unsigned vectors = vector_count(x);
    check_aligned(x, linear, 16);
    probe_area(x, linear, LEGACY, LEGACY, MMU_WRITE, x87_ctl_mmu(ctl));
    put_x87(x, p, ctl & X86_STATE_WIDE);
    put_mxcsr(x, p);
    memcpy(p + 160, x->xmm, 16 * vectors);
    x87_store_bytes(x, linear, p, 160 + 16 * vectors, x87_ctl_mmu(ctl));
}
const TcgHelper x86_helper_fxsave = {"x86_fxsave",    (void *)fxsave, TCG_HELPER_RAISES, TCG_VOID, {TCG_I32, TCG_I64},
                                     X86_STATE_SLOTS, {{0}}};

static void fxrstor(CpuState *cpu, uint32_t ctl, uint64_t linear)
{
    X86Cpu *x = x86_cpu(cpu);
    uint8_t p[LEGACY];
    unsigned vectors = vector_count(x);
    check_aligned(x, linear, 16);
    probe_area(x, linear, LEGACY, LEGACY, MMU_READ, x87_ctl_mmu(ctl));
    x87_load_bytes(x, linear, p, 160 + 16 * vectors, x87_ctl_mmu(ctl));
    uint32_t mxcsr = get_mxcsr(x, p);
    take_x87(x, p, ctl & X86_STATE_WIDE);
    memcpy(x->xmm, p + 160, 16 * vectors);
    x86_set_mxcsr(x, mxcsr);
}
const TcgHelper x86_helper_fxrstor = {"x86_fxrstor",      (void *)fxrstor, TCG_HELPER_RAISES, TCG_VOID,
                                      {TCG_I32, TCG_I64}, X86_STATE_SLOTS, X86_STATE_SLOTS};

/* ---- XSAVE ---- */

static uint64_t in_use(const X86Cpu *x)
{
    return (in_use_x87(x) ? 1u : 0u) | (in_use_vectors(x->xmm) ? 2u : 0u) | (in_use_vectors(x->ymmh) ? 4u : 0u) |
           (x->pkru ? 1u << 9 : 0u);
}

/* Where a component beyond the first two lies. */
static unsigned component_offset(unsigned i, uint64_t xcomp)
{
    if (!(xcomp & COMPACTED)) {
        return i == 2 ? YMM_OFFSET : PKRU_OFFSET;
    }
    return LEGACY + HEADER + (i == 9 && (xcomp & 4) ? 256 : 0);
}

static uint64_t load64(X86Cpu *x, uint64_t linear, unsigned mode)
{
    return cpu_load(&x->cpu, x87_wrap(x, linear), TCG_MEM(3u, 0u, 0u, TCG_ALIGN_ANY, mode));
}
static void store64(X86Cpu *x, uint64_t linear, uint64_t v, unsigned mode)
{
    cpu_store(&x->cpu, x87_wrap(x, linear), v, TCG_MEM(3u, 0u, 0u, TCG_ALIGN_ANY, mode));
}

static void xsave_components(X86Cpu *x, uint64_t linear, uint64_t which, uint64_t xcomp, bool mxcsr, bool wide,
                             unsigned mode)
{
    uint8_t p[LEGACY];
    unsigned vectors = vector_count(x);
    if (which & 1) {
        put_x87(x, p, wide);
        x87_store_bytes(x, linear, p, 24, mode);
        x87_store_bytes(x, linear + 32, p + 32, 128, mode);
    }
    if (mxcsr) {
        put_mxcsr(x, p);
        x87_store_bytes(x, linear + 24, p + 24, 8, mode);
    }
    if (which & 2) {
        x87_store_bytes(x, linear + 160, x->xmm, 16 * vectors, mode);
    }
    if (which & 4) {
        x87_store_bytes(x, linear + component_offset(2, xcomp), x->ymmh, 16 * vectors, mode);
    }
    if (which & 1u << 9) {
        uint64_t pkru = (uint32_t)x->pkru;
        store64(x, linear + component_offset(9, xcomp), pkru, mode);
    }
}

static unsigned area_size(uint64_t which, uint64_t xcomp)
{
    unsigned last = which & 1u << 9 ? 9 : which & 4 ? 2 : 0;
    return last == 9 ? component_offset(9, xcomp) + 8 : last == 2 ? component_offset(2, xcomp) + 256 : LEGACY + HEADER;
}

static void xsave(CpuState *cpu, uint32_t ctl, uint64_t linear, uint64_t mask)
{
    X86Cpu *x = x86_cpu(cpu);
    unsigned kind = ctl & X86_STATE_KIND, mode = x87_ctl_mmu(ctl);
    bool compact = kind == X86_XSAVEC || kind == X86_XSAVES;
    uint64_t rfbm = mask & (x->xcr0 | (kind == X86_XSAVES ? x->xss : 0)), used = in_use(x);
    check_aligned(x, linear, 64);
    if (compact && x86_get_mxcsr(x) != MXCSR_INIT) {
        used |= 2;
    }
    uint64_t which = kind == X86_XSAVE ? rfbm : rfbm & used, xcomp = compact ? rfbm | COMPACTED : 0;
    probe_area(x, linear, LEGACY + HEADER, area_size(which, xcomp), MMU_WRITE, mode);
    uint64_t old = compact ? 0 : load64(x, linear + LEGACY, mode);
    xsave_components(x, linear, which, xcomp, compact ? which & 2 : rfbm & 6, ctl & X86_STATE_WIDE, mode);
    store64(x, linear + LEGACY, (old & ~rfbm) | (rfbm & used), mode);
    if (compact) {
        store64(x, linear + LEGACY + 8, xcomp, mode);
    }
}
const TcgHelper x86_helper_xsave = {
    "x86_xsave", (void *)xsave, TCG_HELPER_RAISES, TCG_VOID, {TCG_I32, TCG_I64, TCG_I64}, X86_STATE_SLOTS, {{0}}};

/* The header's rules: SDM 1 13.8, 13.12. */
static bool header_ok(const X86Cpu *x, unsigned kind, const uint64_t h[8])
{
    uint64_t allowed = x->xcr0 | (kind == X86_XRSTORS ? x->xss : 0), zero = h[2] | h[3] | h[4] | h[5] | h[6] | h[7];
    if (!(h[1] & COMPACTED)) {
        return kind != X86_XRSTORS && !(h[0] & ~allowed) && !h[1] && !h[2];
    }
    if (kind != X86_XRSTORS && !x86_has(x, X86_FEAT_XSAVEC)) {
        return false;
    }
    return !(h[1] & ~(allowed | COMPACTED)) && !(h[0] & ~h[1]) && !zero;
}

static void restore_pkru(X86Cpu *x, uint32_t v)
{
    if (x->pkru != v) {
        x->pkru = v;
        x86_mmu_switch(x);
    }
}

static void restore_vectors(uint64_t (*v)[2], const uint8_t *p, unsigned count)
{
    if (p) {
        memcpy(v, p, 16 * count);
    } else {
        memset(v, 0, 16 * count);
    }
}

static void xrstor(CpuState *cpu, uint32_t ctl, uint64_t linear, uint64_t mask)
{
    X86Cpu *x = x86_cpu(cpu);
    unsigned kind = ctl & X86_STATE_KIND, mode = x87_ctl_mmu(ctl), vectors = vector_count(x);
    bool wide = ctl & X86_STATE_WIDE;
    uint64_t rfbm = mask & (x->xcr0 | (kind == X86_XRSTORS ? x->xss : 0)), h[8], pkru = 0;
    uint8_t p[LEGACY], upper[256];
    check_aligned(x, linear, 64);
    probe_area(x, linear, LEGACY + HEADER, LEGACY + HEADER, MMU_READ, mode);
    x87_load_bytes(x, linear + LEGACY, h, sizeof(h), mode);
    if (!header_ok(x, kind, h)) {
        x86_raise_error(x, X86_EXC_GP, 0);
    }
    bool compact = h[1] & COMPACTED;
    uint64_t load = rfbm & h[0];
    x87_load_bytes(x, linear, p, LEGACY, mode);
    if (load & 4) {
        x87_load_bytes(x, linear + component_offset(2, h[1]), upper, 16 * vectors, mode);
    }
    if (load & 1u << 9) {
        pkru = load64(x, linear + component_offset(9, h[1]), mode);
    }
    uint32_t mxcsr = x86_get_mxcsr(x);
    if (compact ? load & 2 : rfbm & 6) {
        mxcsr = get_mxcsr(x, p);
    } else if (compact && (rfbm & 2)) {
        mxcsr = MXCSR_INIT;
    }
    if (load & 1) {
        take_x87(x, p, wide);
    } else if (rfbm & 1) {
        init_x87(x);
    }
    if (rfbm & 2) {
        restore_vectors(x->xmm, load & 2 ? p + 160 : NULL, vectors);
    }
    if (rfbm & 4) {
        restore_vectors(x->ymmh, load & 4 ? upper : NULL, vectors);
    }
    if (rfbm & 1u << 9) {
        restore_pkru(x, (uint32_t)pkru);
    }
    x86_set_mxcsr(x, mxcsr);
}
const TcgHelper x86_helper_xrstor = {
    "x86_xrstor",    (void *)xrstor, TCG_HELPER_RAISES, TCG_VOID, {TCG_I32, TCG_I64, TCG_I64},
    X86_STATE_SLOTS, X86_STATE_SLOTS};

/* ---- XCR0 ---- */

static uint64_t xgetbv(CpuState *cpu, uint32_t index)
{
    X86Cpu *x = x86_cpu(cpu);
    if (index > 1 || (index == 1 && !x86_has(x, X86_FEAT_XGETBV1))) {
        x86_raise_error(x, X86_EXC_GP, 0);
    }
    return index ? x->xcr0 & in_use(x) : x->xcr0;
}
const TcgHelper x86_helper_xgetbv = {"x86_xgetbv",    (void *)xgetbv, TCG_HELPER_RAISES, TCG_I64, {TCG_I32},
                                     X86_STATE_SLOTS, {{0}}};

static void xsetbv(CpuState *cpu, uint32_t index, uint64_t v)
{
    X86Cpu *x = x86_cpu(cpu);
    if (index || !x86_write_xcr0(x, v)) {
        x86_raise_error(x, X86_EXC_GP, 0);
    }
}
const TcgHelper x86_helper_xsetbv = {"x86_xsetbv", (void *)xsetbv, TCG_HELPER_RAISES, TCG_VOID, {TCG_I32, TCG_I64},
                                     {{0}},        {{0}}};

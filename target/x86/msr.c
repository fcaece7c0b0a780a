/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Model-specific registers (SDM 4 chapter 2, 3A chapters 11, 15, 17; AMD's APM 2 appendix A).
 *
 * What the processor has no use for is storage with the checks the manuals give; what is not there answers #GP, except registers
 * that widely used guests touch without asking CPUID, which read as 0 and ignore writes (table `inert`).
 */
#include "accel/tcg/tcg-accel.h"
#include "x86-cpu.h"

#define MC_BANKS 10u
enum { APIC_DEADLINE = UINT32_MAX }; /* X86ApicOps index */

typedef enum Access { OK, GP, NEXT } Access; /* NEXT: not this function's */

static bool has_8001_edx(const X86Cpu *x, unsigned bit) { return x->feature_words[X86_FEATW_8001_EDX] >> bit & 1; }

/* ---- plain 64-bit storage ---- */

enum { ANY, CANONICAL, LOW32 };
typedef struct PlainMsr {
    uint32_t index;
    uint16_t feature; /* + 1; 0: always */
    uint8_t check;
    uint32_t offset;
} PlainMsr;
#define PLAIN(index_, feature_, check_, member) {index_, (feature_), check_, offsetof(X86Cpu, member)}
#define NEEDS(f) (X86_FEAT_##f + 1)
static const PlainMsr plain[] = {
    PLAIN(0x174, NEEDS(SEP), ANY, sysenter_cs), PLAIN(0x175, NEEDS(SEP), CANONICAL, sysenter_esp),
    PLAIN(0x176, NEEDS(SEP), CANONICAL, sysenter_eip), PLAIN(0x3a, 0, ANY, msr_misc[X86_MISC_FEATURE_CONTROL]),
    PLAIN(0x8b, 0, ANY, msr_misc[X86_MISC_BIOS_SIGN]), PLAIN(0x199, 0, ANY, msr_misc[X86_MISC_PERF_CTL]),
    PLAIN(0x1a0, 0, ANY, misc_enable), PLAIN(0x1d9, 0, ANY, debugctl),
    PLAIN(0xc0000081, NEEDS(SYSCALL), ANY, star), PLAIN(0xc0000082, NEEDS(LM), CANONICAL, lstar),
    PLAIN(0xc0000083, NEEDS(LM), CANONICAL, cstar), PLAIN(0xc0000084, NEEDS(SYSCALL), LOW32, sfmask),
    PLAIN(0xc0000100, NEEDS(LM), CANONICAL, seg[X86_FS].base), PLAIN(0xc0000101, NEEDS(LM), CANONICAL, seg[X86_GS].base),
    PLAIN(0xc0000102, NEEDS(LM), CANONICAL, kernel_gs_base), PLAIN(0xc0010117, 0, ANY, msr_misc[X86_MISC_VM_HSAVE]),
    PLAIN(0xc0010015, 0, ANY, msr_misc[X86_MISC_HWCR]),
};

static const PlainMsr *find_plain(const X86Cpu *x, uint32_t index)
{
    for (size_t i = 0; i < G_N_ELEMENTS(plain); i++) {
        if (plain[i].index == index) {
            return !plain[i].feature || x86_has(x, plain[i].feature - 1u) ? &plain[i] : NULL;
        }
    }
    return NULL;
}

/* Read as 0, writes are ignored: ranges, inclusive. */
static const struct {
    uint32_t first, last;
} inert[] = {
    {0x17, 0x17}, {0x2a, 0x2a}, {0x79, 0x79}, {0xc1, 0xc2}, {0xcd, 0xce}, {0x11e, 0x11e}, {0x140, 0x140}, {0x186, 0x187}, {0x198, 0x198},
    {0x19a, 0x19c}, {0x1ad, 0x1ad}, {0x1b0, 0x1b2}, {0x1c9, 0x1c9}, {0x1db, 0x1de}, {0x1fc, 0x1fc}, {0x606, 0x606}, {0x611, 0x611}, {0x619, 0x619},
    {0x639, 0x639}, {0x641, 0x641}, {0xc0010000, 0xc0010007}, {0xc0010010, 0xc0010010}, {0xc001001f, 0xc0010020}, {0xc0010055, 0xc0010055},
    {0xc0010058, 0xc0010058}, {0xc0010112, 0xc0010113}, {0xc0011020, 0xc001102c},
};

static bool is_inert(uint32_t index)
{
    for (size_t i = 0; i < G_N_ELEMENTS(inert); i++) {
        if (index >= inert[i].first && index <= inert[i].last) {
            return true;
        }
    }
    return false;
}

/* ---- memory types: PAT and MTRRs (SDM 3A 11.11, 11.12) ---- */

static bool type_ok(unsigned t, bool pat) { return t <= 7 && t != 2 && t != 3 && (pat || t != 7); }

static bool types_ok(uint64_t v, bool pat)
{
    for (unsigned i = 0; i < 8; i++) {
        if (!type_ok((unsigned)(v >> (8 * i)) & 0xff, pat)) {
            return false;
        }
    }
    return true;
}

/* Index into mtrr_fixed, or -1. */
static int fixed_mtrr(uint32_t index)
{
    switch (index) {
    case 0x250: return 0;
    case 0x258: case 0x259: return (int)(index - 0x258) + 1;
    default: return index >= 0x268 && index <= 0x26f ? (int)(index - 0x268) + 3 : -1;
    }
}

static Access memory_type_read(X86Cpu *x, uint32_t index, uint64_t *v)
{
    bool mtrr = x->feature_words[X86_FEATW_1_EDX] >> 12 & 1;
    int fixed = fixed_mtrr(index);
    if (index == 0x277) {
        *v = x->pat;
        return x->feature_words[X86_FEATW_1_EDX] >> 16 & 1 ? OK : GP;
    }
    if (index == 0xfe) {
        *v = 0x508; /* 8 variable ranges, fixed ranges, write combining */
    } else if (index == 0x2ff) {
        *v = x->mtrr_def;
    } else if (index >= 0x200 && index < 0x210) {
        *v = x->mtrr_var[index - 0x200];
    } else if (fixed >= 0) {
        *v = x->mtrr_fixed[fixed];
    } else {
        return NEXT;
    }
    return mtrr ? OK : GP;
}

static Access memory_type_write(X86Cpu *x, uint32_t index, uint64_t v)
{
    bool mtrr = x->feature_words[X86_FEATW_1_EDX] >> 12 & 1;
    int fixed = fixed_mtrr(index);
    if (index == 0x277) {
        if (!types_ok(v, true) || !(x->feature_words[X86_FEATW_1_EDX] >> 16 & 1)) {
            return GP;
        }
        x->pat = v;
        return OK;
    }
    if (index == 0xfe) {
        return GP;
    }
    if (index == 0x2ff) {
        if ((v & ~0xcffull) || !type_ok((unsigned)v & 0xff, false) || !mtrr) {
            return GP;
        }
        x->mtrr_def = v;
    } else if (index >= 0x200 && index < 0x210) {
        uint64_t reserved = ~x->phys_mask | (index & 1 ? 0x7ff : 0xf00);
        if ((v & reserved) || (!(index & 1) && !type_ok((unsigned)v & 0xff, false)) || !mtrr) {
            return GP;
        }
        x->mtrr_var[index - 0x200] = v;
    } else if (fixed >= 0) {
        if (!types_ok(v, false) || !mtrr) {
            return GP;
        }
        x->mtrr_fixed[fixed] = v;
    } else {
        return NEXT;
    }
    return OK;
}

/* ---- machine checks (SDM 3B chapter 15): banks that never report ---- */

static bool has_mca(const X86Cpu *x) { return x->feature_words[X86_FEATW_1_EDX] >> 14 & 1; }

static uint64_t *mc_register(X86Cpu *x, uint32_t index)
{
    uint32_t n = index - 0x400;
    if (index == 0x17a) {
        return &x->mcg_status;
    }
    if (index == 0x17b) {
        return &x->mcg_ctl;
    }
    return index >= 0x400 && n < 4 * MC_BANKS ? &x->mc_status[n / 4][n % 4] : NULL;
}

static Access mc_read(X86Cpu *x, uint32_t index, uint64_t *v)
{
    if (index <= 1) { /* P5: address and type of the last one */
        *v = 0;
        return OK;
    }
    uint64_t *r = mc_register(x, index);
    if (index == 0x179) {
        *v = 1u << 24 | 1u << 8 | MC_BANKS; /* SER_P, CTL_P */
    } else if (r) {
        *v = *r;
    } else {
        return NEXT;
    }
    return has_mca(x) ? OK : GP;
}

static Access mc_write(X86Cpu *x, uint32_t index, uint64_t v)
{
    uint64_t *r = mc_register(x, index);
    if (index == 0x179) {
        return GP;
    }
    if (!r) {
        return index <= 1 ? OK : NEXT;
    }
    if (!has_mca(x)) {
        return GP;
    }
    bool ctl = index >= 0x400 && index % 4 == 0, status = index >= 0x400 && index % 4 == 1;
    if (status && v) {
        return GP; /* can only be cleared */
    }
    if (ctl && v && (v | 1u << 10 | 1) != UINT64_MAX) {
        return GP; /* all or nothing, but for the bits that Linux and others leave out (GART walks, parity) */
    }
    *r = v;
    return OK;
}

/* ---- time ---- */

static Access time_write(X86Cpu *x, uint32_t index, uint64_t v)
{
    if (index == 0x10) {
        uint64_t delta = v - x86_cpu_tsc(&x->cpu);
        __atomic_store_n(&x->tsc_offset, x->tsc_offset + delta, __ATOMIC_RELAXED);
        x->tsc_adjust += delta;
        return OK;
    }
    if (index == 0x3b && x86_has(x, X86_FEAT_TSC_ADJUST)) {
        __atomic_store_n(&x->tsc_offset, x->tsc_offset + (v - x->tsc_adjust), __ATOMIC_RELAXED);
        x->tsc_adjust = v;
        return OK;
    }
    if (index == 0xc0000103 && (has_8001_edx(x, 27) || x86_has(x, X86_FEAT_RDPID))) {
        if (v >> 32) {
            return GP;
        }
        x->tsc_aux = v;
        return OK;
    }
    return index == 0x3b || index == 0xc0000103 ? GP : NEXT;
}

static Access time_read(X86Cpu *x, uint32_t index, uint64_t *v)
{
    switch (index) {
    case 0x10: *v = x86_cpu_tsc(&x->cpu); return OK;
    case 0x3b: *v = x->tsc_adjust; return x86_has(x, X86_FEAT_TSC_ADJUST) ? OK : GP;
    case 0xc0000103: *v = x->tsc_aux; return has_8001_edx(x, 27) || x86_has(x, X86_FEAT_RDPID) ? OK : GP;
    default: return NEXT;
    }
}

/* ---- the local APIC ---- */

static Access apic_index(const X86Cpu *x, uint32_t index, uint32_t *reg)
{
    if (index == 0x6e0) {
        *reg = APIC_DEADLINE;
        return x86_has(x, X86_FEAT_TSC_DEADLINE) ? OK : GP;
    }
    if (index >= 0x800 && index <= 0x8ff) {
        *reg = index - 0x800;
        return x86_has(x, X86_FEAT_X2APIC) ? OK : GP;
    }
    return NEXT;
}

static Access apic_read(X86Cpu *x, uint32_t index, uint64_t *v)
{
    uint32_t reg;
    *v = 0;
    if (index == 0x1b) {
        *v = x->apic_ops && x->apic_ops->get_base ? x->apic_ops->get_base(x->apic) : 0;
        return x86_has(x, X86_FEAT_APIC) ? OK : GP;
    }
    Access a = apic_index(x, index, &reg);
    if (a == OK && x->apic_ops && x->apic_ops->read_msr) {
        return x->apic_ops->read_msr(x->apic, reg, v) ? OK : GP;
    }
    return a;
}

static Access apic_write(X86Cpu *x, uint32_t index, uint64_t v)
{
    uint32_t reg;
    if (index == 0x1b) {
        if (!x86_has(x, X86_FEAT_APIC) || (v & (~x->phys_mask | 0x2ff)) || ((v & 1u << 10) && !x86_has(x, X86_FEAT_X2APIC))) {
            return GP;
        }
        return !x->apic_ops->set_base || x->apic_ops->set_base(x->apic, v) ? OK : GP;
    }
    Access a = apic_index(x, index, &reg);
    if (a == OK && x->apic_ops && x->apic_ops->write_msr) {
        return x->apic_ops->write_msr(x->apic, reg, v) ? OK : GP;
    }
    return a;
}

/* ---- speculation control and the rest ---- */

static Access other_read(X86Cpu *x, uint32_t index, uint64_t *v)
{
    *v = 0;
    switch (index) {
    case 0xc0000080: *v = x->efer; return OK;
    case 0x48: *v = x->spec_ctrl; return x->feature_words[X86_FEATW_7_EDX] >> 26 & 1 ? OK : GP;
    case 0x9e: *v = x->smbase; return x->smm ? OK : GP;
    case 0xda0: *v = x->xss; return x86_has(x, X86_FEAT_XSAVES) ? OK : GP;
    default: return NEXT;
    }
}

static Access other_write(X86Cpu *x, uint32_t index, uint64_t v)
{
    switch (index) {
    case 0xc0000080: return x86_write_efer(x, v) ? OK : GP;
    case 0x48:
        if (!(x->feature_words[X86_FEATW_7_EDX] >> 26 & 1) || (v & ~7ull)) {
            return GP;
        }
        x->spec_ctrl = v;
        return OK;
    case 0x49: return x->feature_words[X86_FEATW_7_EDX] >> 26 & 1 && !(v & ~1ull) ? OK : GP;
    case 0xda0: return x86_has(x, X86_FEAT_XSAVES) && !v ? OK : GP; /* no supervisor state is there */
    default: return NEXT;
    }
}

/* ---- both directions ---- */

bool x86_rdmsr(X86Cpu *x, uint32_t index, uint64_t *value)
{
    const PlainMsr *p = find_plain(x, index);
    if (p) {
        *value = *(const uint64_t *)((const char *)x + p->offset);
        return true;
    }
    static Access (*const readers[])(X86Cpu *, uint32_t, uint64_t *) = {time_read, apic_read, other_read, memory_type_read, mc_read};
    for (size_t i = 0; i < G_N_ELEMENTS(readers); i++) {
        Access a = readers[i](x, index, value);
        if (a != NEXT) {
            return a == OK;
        }
    }
    *value = 0;
    return is_inert(index);
}

bool x86_wrmsr(X86Cpu *x, uint32_t index, uint64_t value)
{
    const PlainMsr *p = find_plain(x, index);
    if (p) {
        if ((p->check == CANONICAL && !x86_canonical_base(x, value)) || (p->check == LOW32 && value >> 32)) {
            return false;
        }
        *(uint64_t *)((char *)x + p->offset) = value;
        return true;
    }
    static Access (*const writers[])(X86Cpu *, uint32_t, uint64_t) = {time_write, apic_write, other_write, memory_type_write, mc_write};
    for (size_t i = 0; i < G_N_ELEMENTS(writers); i++) {
        Access a = writers[i](x, index, value);
        if (a != NEXT) {
            return a == OK;
        }
    }
    return is_inert(index);
}

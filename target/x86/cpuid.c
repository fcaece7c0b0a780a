/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPUID (SDM 2A, instruction CPUID; AMD's APM 3 appendix E for the extended leaves), made from feature words, model and topology.
 *
 * A leaf beyond the highest one answers as the highest basic one does. Leaf 0x40000000 has the signature by which guests
 * know the reference's emulation, so that they treat this one alike.
 */
#include <string.h>

#include "x86-cpu.h"

enum { AX, BX, CX, DX };

static bool intel(const X86Cpu *x) { return !strcmp(x->cfg.vendor, "GenuineIntel"); }

static void put_vendor(const X86Cpu *x, uint32_t out[4])
{
    char text[12] = {0};
    memcpy(text, x->cfg.vendor, MIN(strlen(x->cfg.vendor), sizeof(text)));
    memcpy(&out[BX], text, 4);
    memcpy(&out[DX], text + 4, 4);
    memcpy(&out[CX], text + 8, 4);
}

static unsigned bits_for(unsigned count) { return count > 1 ? 32 - (unsigned)__builtin_clz(count - 1) : 0; }

/* The APIC may have been switched off by IA32_APIC_BASE. */
static bool apic_on(const X86Cpu *x)
{
    return !x->apic_ops || !x->apic_ops->get_base || (x->apic_ops->get_base(x->apic) & 1u << 11);
}

static void leaf_1(const X86Cpu *x, uint32_t out[4])
{
    unsigned logical = x->cores * x->threads;
    out[AX] = x->signature;
    out[BX] = (x->apic_id & 0xff) << 24 | (logical > 1 ? MIN(logical, 255u) << 16 : 0);
    out[BX] |= x86_has(x, X86_FEAT_CLFSH) ? 8 << 8 : 0;
    out[CX] = x->feature_words[X86_FEATW_1_ECX] | (x->cr4 & CR4_OSXSAVE ? 1u << 27 : 0);
    out[DX] = x->feature_words[X86_FEATW_1_EDX];
    if (!apic_on(x)) {
        out[DX] &= ~(1u << 9);
    }
}

/* ---- caches: 32 KiB L1 each, 4 MiB L2, 16 MiB L3 ---- */

typedef struct Cache {
    uint8_t type, level; /* 1 data, 2 instruction, 3 unified */
    uint16_t ways, line;
    uint32_t sets;
    bool shared;         /* by all of a socket */
} Cache;
static const Cache caches[] = {
    {1, 1, 8, 64, 64, false}, {2, 1, 8, 64, 64, false}, {3, 2, 16, 64, 4096, false}, {3, 3, 16, 64, 16384, true},
};

static void put_cache(const X86Cpu *x, const Cache *c, uint32_t out[4], bool amd)
{
    unsigned sharing = c->shared ? x->cores * x->threads : x->threads;
    unsigned field = amd ? sharing - 1 : (1u << bits_for(sharing)) - 1;
    out[AX] = c->type | (uint32_t)c->level << 5 | 1u << 8 | field << 14;
    if (!amd) {
        out[AX] |= ((1u << bits_for(x->cores)) - 1) << 26;
    }
    out[BX] = (c->line - 1u) | (c->ways - 1u) << 22;
    out[CX] = c->sets - 1;
    out[DX] = c->shared ? 6 : 1;
}

static void leaf_4(const X86Cpu *x, uint32_t subleaf, uint32_t out[4], bool amd)
{
    if (subleaf < G_N_ELEMENTS(caches)) {
        put_cache(x, &caches[subleaf], out, amd);
    }
}

/* ---- 7, 0xB, 0xD ---- */

static void leaf_7(const X86Cpu *x, uint32_t subleaf, uint32_t out[4])
{
    if (subleaf == 0) {
        out[AX] = x->feature_words[X86_FEATW_7_1_EAX] ? 1 : 0;
        out[BX] = x->feature_words[X86_FEATW_7_EBX];
        out[CX] = x->feature_words[X86_FEATW_7_ECX] | (x->cr4 & CR4_PKE ? 1u << 4 : 0);
        out[DX] = x->feature_words[X86_FEATW_7_EDX];
    } else if (subleaf == 1) {
        out[AX] = x->feature_words[X86_FEATW_7_1_EAX];
    }
}

static void leaf_topology(const X86Cpu *x, uint32_t subleaf, uint32_t out[4])
{
    out[CX] = subleaf & 0xff;
    out[DX] = x->apic_id;
    if (subleaf == 0) {
        out[AX] = bits_for(x->threads);
        out[BX] = x->threads;
        out[CX] |= 1 << 8;
    } else if (subleaf == 1) {
        out[AX] = bits_for(x->threads) + bits_for(x->cores);
        out[BX] = x->threads * x->cores;
        out[CX] |= 2 << 8;
    }
}

/* Bytes of an XSAVE area with the components @mask. */
static uint32_t xsave_size(uint64_t mask, bool compact)
{
    uint32_t size = 576;
    if (mask & 4) {
        size = X86_XSAVE_AVX_OFFSET + 256;
    }
    if (mask & 1u << 9) {
        size = (compact ? size : X86_XSAVE_PKRU_OFFSET) + 8;
    }
    return size;
}

static void leaf_xsave(const X86Cpu *x, uint32_t subleaf, uint32_t out[4])
{
    if (!x86_has(x, X86_FEAT_XSAVE)) {
        return;
    }
    if (subleaf == 0) {
        out[AX] = (uint32_t)x->xcr0_mask;
        out[BX] = xsave_size(x->xcr0, false);
        out[CX] = xsave_size(x->xcr0_mask, false);
        out[DX] = (uint32_t)(x->xcr0_mask >> 32);
    } else if (subleaf == 1) {
        out[AX] = x->feature_words[X86_FEATW_D_1_EAX];
        out[BX] = out[AX] & 10 ? xsave_size(x->xcr0 | x->xss, true) : 0;
    } else if (subleaf == 2 && (x->xcr0_mask & 4)) {
        out[AX] = 256;
        out[BX] = X86_XSAVE_AVX_OFFSET;
    } else if (subleaf == 9 && (x->xcr0_mask & 1u << 9)) {
        out[AX] = 8;
        out[BX] = X86_XSAVE_PKRU_OFFSET;
    }
}

static void basic_leaf(const X86Cpu *x, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    switch (leaf) {
    case 0:
        out[AX] = x->cfg.level;
        put_vendor(x, out);
        break;
    case 1: leaf_1(x, out); break;
    case 2: /* descriptors: L1D, L1I, L2 of the above; L3 by leaf 4 */
        out[AX] = 1;
        out[CX] = 0x4d;
        out[DX] = 0x2c307d;
        break;
    case 4: leaf_4(x, subleaf, out, false); break;
    case 5:
        out[AX] = out[BX] = x86_has(x, X86_FEAT_MONITOR) ? 64 : 0; /* monitor line */
        out[CX] = x86_has(x, X86_FEAT_MONITOR) ? 3 : 0;
        break;
    case 6: out[AX] = x->feature_words[X86_FEATW_6_EAX]; break;
    case 7: leaf_7(x, subleaf, out); break;
    case 0xb: leaf_topology(x, subleaf, out); break;
    case 0xd: leaf_xsave(x, subleaf, out); break;
    default: break; /* 0xA: no performance counters; others: nothing there */
    }
}

/* ---- extended ---- */

static void put_brand(const X86Cpu *x, unsigned part, uint32_t out[4])
{
    char text[48] = {0};
    memcpy(text, x->cfg.model_id, MIN(strlen(x->cfg.model_id), sizeof(text)));
    memcpy(out, text + 16 * part, 16);
}

static void extended_leaf(const X86Cpu *x, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    unsigned logical = x->cores * x->threads;
    bool topoext = x->feature_words[X86_FEATW_8001_ECX] >> 22 & 1;
    switch (leaf) {
    case 0x80000000:
        out[AX] = x->cfg.xlevel;
        put_vendor(x, out);
        break;
    case 0x80000001:
        out[AX] = x->signature;
        out[CX] = x->feature_words[X86_FEATW_8001_ECX];
        out[DX] = x->feature_words[X86_FEATW_8001_EDX];
        if (!apic_on(x)) {
            out[DX] &= ~(1u << 9);
        }
        if (intel(x) && !(x->region_flags & X86_RF_CS64)) {
            out[DX] &= ~(1u << 11); /* SYSCALL is there in 64-bit mode only */
        }
        break;
    case 0x80000002: case 0x80000003: case 0x80000004: put_brand(x, leaf - 0x80000002, out); break;
    case 0x80000005: /* L1 TLBs and caches */
        if (!intel(x)) {
            out[AX] = out[BX] = 0x01ff01ff;
            out[CX] = out[DX] = 32u << 24 | 8u << 16 | 1u << 8 | 64;
        }
        break;
    case 0x80000006:
        out[BX] = intel(x) ? 0 : 0x42004200;
        out[CX] = 4096u << 16 | 8u << 12 | 1u << 8 | 64;
        out[DX] = intel(x) ? 0 : 32u << 18 | 8u << 12 | 1u << 8 | 64;
        break;
    case 0x80000007: out[DX] = x->feature_words[X86_FEATW_8007_EDX]; break;
    case 0x80000008:
        out[AX] = x->phys_bits | x->virt_bits << 8;
        out[BX] = x->feature_words[X86_FEATW_8008_EBX];
        out[CX] = logical > 1 ? (logical - 1) | (topoext ? bits_for(logical) << 12 : 0) : 0;
        break;
    case 0x8000001d:
        if (topoext) {
            leaf_4(x, subleaf, out, true);
        }
        break;
    case 0x8000001e:
        if (topoext) {
            out[AX] = x->apic_id;
            out[BX] = ((x->apic_id >> bits_for(x->threads)) & ((1u << bits_for(x->cores)) - 1)) | (x->threads - 1) << 8;
            out[CX] = (x->apic_id >> (bits_for(x->threads) + bits_for(x->cores))) & 0xff;
        }
        break;
    default: break;
    }
}

void x86_cpuid(X86Cpu *x, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    memset(out, 0, 4 * sizeof(uint32_t));
    if (leaf == 0x40000000 && x86_has(x, X86_FEAT_HYPERVISOR)) {
        out[AX] = 0x40000001;
        memcpy(&out[BX], "TCGTCGTCGTCG", 12);
        return;
    }
    if (leaf == 0x40000001 && x86_has(x, X86_FEAT_HYPERVISOR)) {
        return;
    }
    if (leaf >= 0x80000000 ? leaf > x->cfg.xlevel : leaf > x->cfg.level) {
        leaf = x->cfg.level;
    }
    if (leaf >= 0x80000000) {
        extended_leaf(x, leaf, subleaf, out);
    } else {
        basic_leaf(x, leaf, subleaf, out);
    }
}

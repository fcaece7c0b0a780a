/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The instruction encoder: operand forms of x86-64 as inline functions over an output pointer.
 *
 * An instruction is named by an X_* word: opcode byte, opcode map, mandatory prefix, W bit. The same word drives the legacy
 * and the VEX form. Sequence: asm_rr (register, register), asm_rm (register, memory), asm_ri/asm_mi (immediates), asm_v*
 * (VEX three-operand). In all of them the first register goes to ModRM.reg. Nothing checks for room: the driver keeps a
 * margin in front of each TinyCode operation (compile.c).
 *
 * Reference: Intel SDM volume 2, chapter 2 (prefixes, ModRM, VEX) and chapters 3 to 5.
 */
#ifndef TCG_X86_64_ASM_H
#define TCG_X86_64_ASM_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef enum Reg {
    RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15, NOREG = 255
} Reg;

typedef struct Mem {
    uint8_t base, index; /* NOREG: none */
    uint8_t scale;       /* log2 */
    int32_t disp;
} Mem;
static inline Mem mem_b(unsigned base, int32_t disp) { return (Mem){(uint8_t)base, NOREG, 0, disp}; }
static inline Mem mem_bi(unsigned base, unsigned index, unsigned scale, int32_t disp)
{
    return (Mem){(uint8_t)base, (uint8_t)index, (uint8_t)scale, disp};
}

typedef struct Asm {
    uint8_t *p; /* RW address of the next byte */
} Asm;

/* Instruction words */
enum {
    X_0F = 1 << 8, X_0F38 = 2 << 8, X_0F3A = 3 << 8,
    X_66 = 1 << 10, X_F3 = 2 << 10, X_F2 = 3 << 10,
    X_W = 1 << 12,
    X_BYTE = 1 << 13,   /* both registers are byte registers: a REX for spl..dil */
    X_BYTERM = 1 << 14, /* only the r/m one is */
};
enum {
    X_ADD = 0x03, X_OR = 0x0b, X_ADC = 0x13, X_SBB = 0x1b, X_AND = 0x23, X_SUB = 0x2b, X_XOR = 0x33, X_CMP = 0x3b, /* r, r/m */
    X_ADD_MR = 0x01, X_OR_MR = 0x09, X_AND_MR = 0x21, X_XOR_MR = 0x31, X_CMP_MR = 0x39,
    X_TEST = 0x85, X_XCHG = 0x87, X_MOV = 0x8b, X_MOV_MR = 0x89, X_MOVB_MR = 0x88 | X_BYTE, X_MOVW_MR = 0x89 | X_66,
    X_LEA = 0x8d, X_MOVSXD = 0x63 | X_W,
    X_IMUL = 0xaf | X_0F, X_IMUL_I = 0x69,
    X_MOVZXB = 0xb6 | X_0F | X_BYTERM, X_MOVZXW = 0xb7 | X_0F, X_MOVSXB = 0xbe | X_0F | X_BYTERM, X_MOVSXW = 0xbf | X_0F,
    X_CMOV = 0x40 | X_0F, X_SETCC = 0x90 | X_0F | X_BYTERM,
    X_BSF = 0xbc | X_0F, X_BSR = 0xbd | X_0F, X_TZCNT = 0xbc | X_0F | X_F3, X_LZCNT = 0xbd | X_0F | X_F3,
    X_POPCNT = 0xb8 | X_0F | X_F3,
    X_MOVBE = 0xf0 | X_0F38, X_MOVBE_MR = 0xf1 | X_0F38, X_MOVBEW = 0xf0 | X_0F38 | X_66, X_MOVBEW_MR = 0xf1 | X_0F38 | X_66,
    X_CMPXCHG = 0xb1 | X_0F, X_XADD = 0xc1 | X_0F,
    X_ANDN = 0xf2 | X_0F38, X_SHLX = 0xf7 | X_0F38 | X_66, X_SHRX = 0xf7 | X_0F38 | X_F2, X_SARX = 0xf7 | X_0F38 | X_F3,
    X_RORX = 0xf0 | X_0F3A | X_F2,
    /* vectors and floating point */
    X_MOVUPS = 0x10 | X_0F, X_MOVUPS_MR = 0x11 | X_0F, X_MOVAPS = 0x28 | X_0F,
    X_MOVSS = 0x10 | X_0F | X_F3, X_MOVSS_MR = 0x11 | X_0F | X_F3, X_MOVSD = 0x10 | X_0F | X_F2, X_MOVSD_MR = 0x11 | X_0F | X_F2,
    X_MOVD_XG = 0x6e | X_0F | X_66, X_MOVD_GX = 0x7e | X_0F | X_66, /* with X_W: movq */
    X_MOVQ = 0x7e | X_0F | X_F3, X_MOVQ_MR = 0xd6 | X_0F | X_66,
    X_UCOMISS = 0x2e | X_0F, X_COMISS = 0x2f | X_0F, /* X_66: double */
    X_SQRTS = 0x51 | X_0F, X_ADDS = 0x58 | X_0F, X_MULS = 0x59 | X_0F, X_SUBS = 0x5c | X_0F, X_MINS = 0x5d | X_0F,
    X_DIVS = 0x5e | X_0F, X_MAXS = 0x5f | X_0F, X_CVTF = 0x5a | X_0F, X_CVTI2F = 0x2a | X_0F, X_CVTTF2I = 0x2c | X_0F,
    X_CVTF2I = 0x2d | X_0F, X_CMPS = 0xc2 | X_0F,
    X_ANDPS = 0x54 | X_0F, X_ANDNPS = 0x55 | X_0F, X_ORPS = 0x56 | X_0F, X_XORPS = 0x57 | X_0F,
    X_PINSRD = 0x22 | X_0F3A | X_66, X_PEXTRD = 0x16 | X_0F3A | X_66, X_PINSRQ = X_PINSRD | X_W, X_PEXTRQ = X_PEXTRD | X_W,
    X_PINSRB = 0x20 | X_0F3A | X_66, X_PEXTRB = 0x14 | X_0F3A | X_66, X_PINSRW = 0xc4 | X_0F | X_66, X_PEXTRW = 0xc5 | X_0F | X_66,
    X_LDMXCSR = 0xae | X_0F, /* /2; stmxcsr /3 */
};
/* condition codes */
enum { CC_O, CC_NO, CC_B, CC_AE, CC_E, CC_NE, CC_BE, CC_A, CC_S, CC_NS, CC_P, CC_NP, CC_L, CC_GE, CC_LE, CC_G };

static inline void asm_b(Asm *a, uint8_t v) { *a->p++ = v; }
static inline void asm_d(Asm *a, uint32_t v) { memcpy(a->p, &v, 4); a->p += 4; }
static inline void asm_q(Asm *a, uint64_t v) { memcpy(a->p, &v, 8); a->p += 8; }

static inline void asm_legacy_prefix(Asm *a, uint32_t x, unsigned rex, bool force)
{
    static const uint8_t pp[4] = {0, 0x66, 0xf3, 0xf2};
    unsigned prefix = x >> 10 & 3, map = x >> 8 & 3;
    if (prefix)
        asm_b(a, pp[prefix]);
    if (x & X_W)
        rex |= 8;
    if (rex || force)
        asm_b(a, (uint8_t)(0x40 | rex));
    if (map) {
        asm_b(a, 0x0f);
        if (map == 2)
            asm_b(a, 0x38);
        else if (map == 3)
            asm_b(a, 0x3a);
    }
    asm_b(a, (uint8_t)x);
}

static inline void asm_modrm_mem(Asm *a, unsigned reg, Mem m)
{
    unsigned r = (reg & 7) << 3, mod;
    if (m.base == NOREG) { /* [disp32] or [index*s + disp32] */
        asm_b(a, (uint8_t)(r | 4));
        asm_b(a, (uint8_t)(m.scale << 6 | (m.index == NOREG ? 4 : m.index & 7) << 3 | 5));
        asm_d(a, (uint32_t)m.disp);
        return;
    }
    if (m.disp == 0 && (m.base & 7) != 5)
        mod = 0;
    else
        mod = m.disp == (int8_t)m.disp ? 0x40 : 0x80;
    if (m.index != NOREG || (m.base & 7) == 4) {
        asm_b(a, (uint8_t)(mod | r | 4));
        asm_b(a, (uint8_t)(m.scale << 6 | (m.index == NOREG ? 4 : m.index & 7) << 3 | (m.base & 7)));
    } else {
        asm_b(a, (uint8_t)(mod | r | (m.base & 7)));
    }
    if (mod == 0x40)
        asm_b(a, (uint8_t)m.disp);
    else if (mod == 0x80)
        asm_d(a, (uint32_t)m.disp);
}

static inline void asm_rr(Asm *a, uint32_t x, unsigned reg, unsigned rm)
{
    bool force = ((x & X_BYTE) && (reg >= 4 || rm >= 4)) || ((x & X_BYTERM) && rm >= 4);
    asm_legacy_prefix(a, x, (reg >> 3 & 1) << 2 | (rm >> 3 & 1), force);
    asm_b(a, (uint8_t)(0xc0 | (reg & 7) << 3 | (rm & 7)));
}

static inline void asm_rm(Asm *a, uint32_t x, unsigned reg, Mem m)
{
    unsigned rex = (reg >> 3 & 1) << 2;
    if (m.base != NOREG)
        rex |= m.base >> 3 & 1;
    if (m.index != NOREG)
        rex |= (m.index >> 3 & 1) << 1;
    asm_legacy_prefix(a, x, rex, (x & X_BYTE) && reg >= 4);
    asm_modrm_mem(a, reg, m);
}

/* VEX; l: 1 for 256 bits */
static inline void asm_vex_prefix(Asm *a, uint32_t x, unsigned reg, unsigned v, unsigned idx, unsigned base, unsigned l)
{
    unsigned map = x >> 8 & 3;
    unsigned tail = (~v & 15) << 3 | l << 2 | (x >> 10 & 3); /* the prefixes have the same numbers in VEX */
    if (map == 1 && !(x & X_W) && !(idx >> 3) && !(base >> 3)) {
        asm_b(a, 0xc5);
        asm_b(a, (uint8_t)((~reg >> 3 & 1) << 7 | tail));
    } else {
        asm_b(a, 0xc4);
        asm_b(a, (uint8_t)((~reg >> 3 & 1) << 7 | (~idx >> 3 & 1) << 6 | (~base >> 3 & 1) << 5 | map));
        asm_b(a, (uint8_t)((x & X_W ? 0x80 : 0) | tail));
    }
    asm_b(a, (uint8_t)x);
}
static inline void asm_vrr(Asm *a, uint32_t x, unsigned reg, unsigned v, unsigned rm, unsigned l)
{
    asm_vex_prefix(a, x, reg, v, 0, rm, l);
    asm_b(a, (uint8_t)(0xc0 | (reg & 7) << 3 | (rm & 7)));
}
static inline void asm_vrm(Asm *a, uint32_t x, unsigned reg, unsigned v, Mem m, unsigned l)
{
    asm_vex_prefix(a, x, reg, v, m.index == NOREG ? 0 : m.index, m.base == NOREG ? 0 : m.base, l);
    asm_modrm_mem(a, reg, m);
}

static inline bool fits_s32(int64_t v) { return v == (int32_t)v; }

/* mov reg, imm in the shortest form; leaves the flags alone */
static inline void asm_mov_ri(Asm *a, unsigned reg, uint64_t v)
{
    if (v <= UINT32_MAX) {
        if (reg >= 8)
            asm_b(a, 0x41);
        asm_b(a, (uint8_t)(0xb8 | (reg & 7)));
        asm_d(a, (uint32_t)v);
    } else if (fits_s32((int64_t)v)) {
        asm_b(a, (uint8_t)(0x48 | (reg >> 3)));
        asm_b(a, 0xc7);
        asm_b(a, (uint8_t)(0xc0 | (reg & 7)));
        asm_d(a, (uint32_t)v);
    } else {
        asm_b(a, (uint8_t)(0x48 | (reg >> 3)));
        asm_b(a, (uint8_t)(0xb8 | (reg & 7)));
        asm_q(a, v);
    }
}
/* the ten-byte form, whatever the value: for patching */
static inline void asm_mov_ri64(Asm *a, unsigned reg, uint64_t v)
{
    asm_b(a, (uint8_t)(0x48 | (reg >> 3)));
    asm_b(a, (uint8_t)(0xb8 | (reg & 7)));
    asm_q(a, v);
}

/* Group 1 with immediate: ext 0 add, 1 or, 2 adc, 3 sbb, 4 and, 5 sub, 6 xor, 7 cmp */
enum { G1_ADD, G1_OR, G1_ADC, G1_SBB, G1_AND, G1_SUB, G1_XOR, G1_CMP };
static inline void asm_g1_ri(Asm *a, unsigned ext, bool w, unsigned reg, int32_t imm)
{
    uint32_t xw = w ? X_W : 0;
    if (imm == (int8_t)imm) {
        asm_rr(a, 0x83 | xw, ext, reg);
        asm_b(a, (uint8_t)imm);
    } else if (reg == RAX) {
        if (w)
            asm_b(a, 0x48);
        asm_b(a, (uint8_t)(ext << 3 | 5));
        asm_d(a, (uint32_t)imm);
    } else {
        asm_rr(a, 0x81 | xw, ext, reg);
        asm_d(a, (uint32_t)imm);
    }
}
static inline void asm_g1_mi(Asm *a, unsigned ext, bool w, Mem m, int32_t imm)
{
    uint32_t xw = w ? X_W : 0;
    if (imm == (int8_t)imm) {
        asm_rm(a, 0x83 | xw, ext, m);
        asm_b(a, (uint8_t)imm);
    } else {
        asm_rm(a, 0x81 | xw, ext, m);
        asm_d(a, (uint32_t)imm);
    }
}
/* Group 2: 0 rol, 1 ror, 4 shl, 5 shr, 7 sar */
enum { G2_ROL = 0, G2_ROR = 1, G2_SHL = 4, G2_SHR = 5, G2_SAR = 7 };
static inline void asm_g2_ri(Asm *a, unsigned ext, bool w, unsigned reg, unsigned imm)
{
    uint32_t xw = w ? X_W : 0;
    if (imm == 1) {
        asm_rr(a, 0xd1 | xw, ext, reg);
    } else {
        asm_rr(a, 0xc1 | xw, ext, reg);
        asm_b(a, (uint8_t)imm);
    }
}
static inline void asm_g2_cl(Asm *a, unsigned ext, bool w, unsigned reg) { asm_rr(a, 0xd3 | (w ? X_W : 0), ext, reg); }
/* Group 3: 2 not, 3 neg, 4 mul, 5 imul, 6 div, 7 idiv */
enum { G3_NOT = 2, G3_NEG = 3, G3_MUL = 4, G3_IMUL = 5, G3_DIV = 6, G3_IDIV = 7 };
static inline void asm_g3_r(Asm *a, unsigned ext, bool w, unsigned reg) { asm_rr(a, 0xf7 | (w ? X_W : 0), ext, reg); }

static inline void asm_mov_rr(Asm *a, bool w, unsigned dst, unsigned src) { asm_rr(a, X_MOV | (w ? X_W : 0), dst, src); }
static inline void asm_lea(Asm *a, bool w, unsigned dst, Mem m) { asm_rm(a, X_LEA | (w ? X_W : 0), dst, m); }
static inline void asm_mov_mi(Asm *a, bool w, Mem m, int32_t imm) /* sign-extended to 64 bits with w */
{
    asm_rm(a, 0xc7 | (w ? X_W : 0), 0, m);
    asm_d(a, (uint32_t)imm);
}

/* Jumps: rel32 forms return the RW address of the displacement, to be patched by asm_patch32. */
static inline uint8_t *asm_jcc(Asm *a, unsigned cc)
{
    asm_b(a, 0x0f);
    asm_b(a, (uint8_t)(0x80 | cc));
    asm_d(a, 0);
    return a->p - 4;
}
static inline uint8_t *asm_jmp(Asm *a)
{
    asm_b(a, 0xe9);
    asm_d(a, 0);
    return a->p - 4;
}
static inline void asm_patch32(uint8_t *at, const uint8_t *target)
{
    int32_t v = (int32_t)(target - (at + 4));
    memcpy(at, &v, 4);
}
static inline uint8_t *asm_jcc8(Asm *a, unsigned cc)
{
    asm_b(a, (uint8_t)(0x70 | cc));
    asm_b(a, 0);
    return a->p - 1;
}
static inline uint8_t *asm_jmp8(Asm *a)
{
    asm_b(a, 0xeb);
    asm_b(a, 0);
    return a->p - 1;
}
static inline void asm_patch8(uint8_t *at, const uint8_t *target) { *at = (uint8_t)(target - (at + 1)); }
/* to known places; addresses in the RW mapping throughout (distances are the same in both) */
static inline void asm_jmp_to(Asm *a, const uint8_t *t)
{
    if (t - (a->p + 2) == (int8_t)(t - (a->p + 2)))
        asm_patch8(asm_jmp8(a), t);
    else
        asm_patch32(asm_jmp(a), t);
}
static inline void asm_jcc_to(Asm *a, unsigned cc, const uint8_t *t)
{
    if (t - (a->p + 2) == (int8_t)(t - (a->p + 2)))
        asm_patch8(asm_jcc8(a, cc), t);
    else
        asm_patch32(asm_jcc(a, cc), t);
}
static inline void asm_call_to(Asm *a, const uint8_t *t)
{
    asm_b(a, 0xe8);
    asm_d(a, 0);
    asm_patch32(a->p - 4, t);
}
/* n bytes of nothing, n below 10 */
static inline void asm_nop(Asm *a, unsigned n)
{
    static const uint8_t nops[9][9] = {
        {0x90}, {0x66, 0x90}, {0x0f, 0x1f, 0x00}, {0x0f, 0x1f, 0x40, 0x00}, {0x0f, 0x1f, 0x44, 0x00, 0x00},
        {0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00}, {0x0f, 0x1f, 0x80, 0, 0, 0, 0}, {0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0},
        {0x66, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0}};
    if (n) {
        memcpy(a->p, nops[n - 1], n);
        a->p += n;
    }
}

#endif

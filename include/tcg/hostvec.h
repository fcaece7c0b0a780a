/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Vector instructions of x86 as TinyCode operations. A TcgHostVec names the instruction; HOSTVEC, HOSTVECI, HOSTVEC3,
 * HOSTVECG and HOSTVECX (tcg-opc.h) carry it, by its form. The x86-64 backend emits that very instruction where the
 * host has it; everyone else calls the C reference function, which is exact: rounding, exception flags, denormals,
 * which NaN comes out.
 *
 * All of them work on v128. An instruction on 256 bits is two of them; those that cross the 128-bit lanes are put
 * together from others. hostvec-list.h is the list.
 */
#ifndef TCG_HOSTVEC_H
#define TCG_HOSTVEC_H

#include "tcg/tcg.h"

typedef enum TcgHostVec {
#define HV(id, name, prefix, map, opcode, form, feature, flags, fn, p) TCG_HV_##id,
#include "tcg/hostvec-list.h"
#undef HV
    TCG_HV_COUNT
} TcgHostVec;

/* How an instruction takes its operands a, b, c; which operation carries it. */
typedef enum TcgHostVecForm {
    TCG_HVF_V1,      /* r = op(a): a is ModRM.rm. HOSTVEC[I], with a given twice */
    /* r = op(a, b): a is the first source (VEX.vvvv; the destination of legacy SSE), b is ModRM.rm. HOSTVEC[I] */
    TCG_HVF_V2,
    TCG_HVF_SI,      /* r = a shifted by the immediate: ModRM.reg extends the opcode. HOSTVECI */
    TCG_HVF_R1,      /* r = op(a): a is ModRM.reg, r is ModRM.rm. HOSTVEC */
    TCG_HVF_L2,      /* as V2, in legacy encoding only. HOSTVECI */
    TCG_HVF_BLENDV,  /* r = op(a, b, c): c is xmm0, or with VEX the register in the immediate. HOSTVEC3 */
    TCG_HVF_XMM0,    /* r = op(a, b, c): c is xmm0, legacy encoding only. HOSTVEC3 */
    TCG_HVF_FMA,     /* r = op(a, b, c): a is overwritten, b is VEX.vvvv, c is ModRM.rm. HOSTVEC3 */
    TCG_HVF_REF3,    /* r = op(a, b, c), by the reference function always. HOSTVEC3 */
    TCG_HVF_TOGPR,   /* i64 = op(a), upper bits 0. HOSTVECG, with a given twice */
    TCG_HVF_FLAGS,   /* i64 = ZF (0x40), PF (4), CF (1) of op(a, b). HOSTVECG */
    TCG_HVF_FROMGPR, /* r = op(a, b), b an i64. HOSTVECX */
} TcgHostVecForm;

typedef enum TcgHostVecFeature {
    TCG_HVX_SSE, TCG_HVX_AVX, TCG_HVX_AVX2, TCG_HVX_FMA, TCG_HVX_F16C, TCG_HVX_AES, TCG_HVX_PCLMUL, TCG_HVX_SHA,
} TcgHostVecFeature;

enum {
    TCG_HVB_FP = 1,  /* uses and changes MXCSR */
    TCG_HVB_IMM = 2, /* has an immediate byte */
    TCG_HVB_W = 4,   /* VEX.W or REX.W is 1 */
    TCG_HVB_REG = 8, /* ModRM.rm must be a register */
};

#define TCG_HV_EXPLICIT 0x100 /* in the immediate of PCMPSTRx: the lengths are in c */

/* A register's content, in lanes */
typedef union TcgHvReg {
    uint8_t b[16];
    uint16_t w[8];
    uint32_t d[4];
    uint64_t q[2];
    int8_t sb[16];
    int16_t sw[8];
    int32_t sd[4];
    int64_t sq[2];
} TcgHvReg;

typedef struct TcgHvArgs {
    TcgHvReg a, b, c; /* FROMGPR: the integer is b.q[0] */
    unsigned imm;     /* also TCG_HV_EXPLICIT */
    unsigned p;       /* TcgHostVecInfo.param */
    uint32_t *mxcsr;
} TcgHvArgs;
typedef void TcgHvFn(const TcgHvArgs *h, TcgHvReg *r); /* *r is 0 before; results in general registers in r->q[0] */

typedef struct TcgHostVecInfo {
    const char *name;
    uint8_t prefix;  /* 0, 0x66, 0xf3, 0xf2 */
    uint8_t map;     /* 1: 0F, 2: 0F38, 3: 0F3A */
    uint8_t opcode;
    uint8_t form;    /* TcgHostVecForm */
    uint8_t ext;     /* SI: opcode extension */
    uint8_t feature; /* TcgHostVecFeature */
    uint8_t flags;   /* TCG_HVB_* */
    uint16_t param;
    TcgHvFn *fn;
} TcgHostVecInfo;
extern const TcgHostVecInfo tcg_hostvec[TCG_HV_COUNT];

/* The operation that carries @id, and what it computes. */
TcgOp tcg_hostvec_op(TcgHostVec id);
unsigned tcg_hostvec_result_bits(TcgHostVec id); /* of HOSTVECG: those above are 0 */
void tcg_hostvec_ref(TcgHostVec id, const uint64_t (*args)[4], uint64_t imm, uint64_t *result, uint32_t *mxcsr);

/* FMA instructions by opcode: the low four bits of the opcode, the form 132, 213, 231 as 0 to 2, double or not. */
static inline TcgHostVec tcg_hv_fma(unsigned form, unsigned op4, bool is_double)
{
    return (TcgHostVec)(TCG_HV_VFMADDSUB132PS + form * 20 + (op4 - 6) * 2 + is_double);
}

#endif

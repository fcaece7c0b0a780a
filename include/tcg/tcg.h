/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TinyCode: the intermediate representation between guest frontends and host backends.
 *
 * A TcgRegion is a unit of translation: blocks in linear order, single entry (block 0), several exits, internal edges and
 * loops allowed. Values are SSA: a TcgVal is the index of the instruction that defines it (0 is "none").
 *
 * Two stages share the structure:
 *   built     as a frontend made it: guest registers are accessed by GET and PUT of slots, maps are not there yet;
 *   promoted  slots have become values: GET remains where memory must be read, PUT where a helper must see the slot,
 *             and each instruction that may leave the region (TCG_EFF_FAULT, _EXIT, helpers that raise) has an exit map.
 *
 * A region is owned by one thread at a time.
 */
#ifndef TCG_TCG_H
#define TCG_TCG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "util/error.h"

typedef enum TcgType {
    TCG_VOID, TCG_I32, TCG_I64, TCG_I128, TCG_F32, TCG_F64, TCG_V64, TCG_V128, TCG_V256, TCG_FLAGS_T, TCG_TYPE_COUNT
} TcgType;
static inline bool tcg_type_is_int(TcgType t) { return t == TCG_I32 || t == TCG_I64; }
static inline bool tcg_type_is_fp(TcgType t) { return t == TCG_F32 || t == TCG_F64; }
static inline bool tcg_type_is_vec(TcgType t) { return t >= TCG_V64 && t <= TCG_V256; }
unsigned tcg_type_bytes(TcgType t); /* TCG_FLAGS_T: sizeof(TcgLazyFlags) */
const char *tcg_type_name(TcgType t);

typedef enum TcgOp {
#define OP(name, text, result, operands, effects) TCG_OP_##name,
#include "tcg/tcg-opc.h"
#undef OP
    TCG_OP_COUNT
} TcgOp;

enum {
    TCG_EFF_READ_STATE = 1 << 0,
    TCG_EFF_WRITE_STATE = 1 << 1,
    TCG_EFF_FP = 1 << 2,        /* reads the rounding mode, accumulates exception flags */
    TCG_EFF_MEM_READ = 1 << 3,
    TCG_EFF_MEM_WRITE = 1 << 4,
    TCG_EFF_FAULT = 1 << 5,     /* may raise a guest exception: needs an exit map */
    TCG_EFF_EXCL = 1 << 6,
    TCG_EFF_CALL = 1 << 7,      /* effects by the helper's declaration */
    TCG_EFF_EXIT = 1 << 8,      /* may leave the region: needs an exit map */
    TCG_EFF_TERM = 1 << 9,      /* nothing follows in the block */
    TCG_EFF_ENDBLOCK = 1 << 10, /* last in its block, but falls through */
};

typedef struct TcgOpInfo {
    const char *name;
    uint8_t result; /* TCG_RES_* */
    uint8_t operand_count;
    const char *operands;
    uint32_t effects;
} TcgOpInfo;
enum { TCG_RES_NONE, TCG_RES_TYPE, TCG_RES_I64, TCG_RES_I32, TCG_RES_FLAGS, TCG_RES_F32, TCG_RES_F64, TCG_RES_AUX };
extern const TcgOpInfo tcg_op_info[TCG_OP_COUNT];

typedef enum TcgCond {
    TCG_COND_EQ, TCG_COND_NE, TCG_COND_LT, TCG_COND_GE, TCG_COND_LE, TCG_COND_GT,
    TCG_COND_LTU, TCG_COND_GEU, TCG_COND_LEU, TCG_COND_GTU,
} TcgCond; /* xor 1 inverts EQ/NE, LT/GE, LE/GT, LTU/GEU, LEU/GTU */
static inline TcgCond tcg_cond_invert(TcgCond c) { return (TcgCond)(c ^ 1); }
TcgCond tcg_cond_swap(TcgCond c); /* cond for swapped operands */

/* How a `flags` value came about; operands as of the arithmetic operation. */
typedef enum TcgFlagsKind {
    TCG_FK_PACKED_X86, TCG_FK_PACKED_ARM, /* a: packed bits */
    TCG_FK_ADD, TCG_FK_ADC, TCG_FK_SUB, TCG_FK_SBB, TCG_FK_LOGIC, /* LOGIC: a is the result */
    TCG_FK_INC, TCG_FK_DEC, TCG_FK_NEG, TCG_FK_SHL, TCG_FK_SHR, TCG_FK_SAR, TCG_FK_MUL, /* INC/DEC: c carries CF through */
} TcgFlagsKind;
static inline bool tcg_flags_use_b(TcgFlagsKind k) { return (k >= TCG_FK_ADD && k <= TCG_FK_SBB) || k >= TCG_FK_SHL; }
static inline bool tcg_flags_use_c(TcgFlagsKind k) { return k == TCG_FK_ADC || k == TCG_FK_SBB || k == TCG_FK_INC || k == TCG_FK_DEC; }
/* Conditions on flags, as x86's sixteen; Arm's map onto them (its carry of a subtraction is the inverse of x86's). */
typedef enum TcgFlagCond {
    TCG_FC_O, TCG_FC_NO, TCG_FC_B, TCG_FC_AE, TCG_FC_E, TCG_FC_NE, TCG_FC_BE, TCG_FC_A,
    TCG_FC_S, TCG_FC_NS, TCG_FC_P, TCG_FC_NP, TCG_FC_L, TCG_FC_GE, TCG_FC_LE, TCG_FC_G,
} TcgFlagCond;
/* Memory form of a flags slot. */
typedef struct TcgLazyFlags {
    uint16_t kind; /* TcgFlagsKind */
    uint16_t type; /* TcgType; 8- and 16-bit operations are done shifted up to the top of an i32 by the frontend:
                    * by how much (FLAGS: imm; 24 or 16) is in bits 8-12, for PF and AF */
    uint64_t a, b, c; /* at 8, 16, 24; those that the kind has no use for are undefined */
} TcgLazyFlags;

typedef enum TcgRmw {
    TCG_RMW_ADD, TCG_RMW_AND, TCG_RMW_OR, TCG_RMW_XOR, TCG_RMW_SWAP, TCG_RMW_MIN, TCG_RMW_MAX, TCG_RMW_MINU, TCG_RMW_MAXU,
} TcgRmw;
typedef enum TcgFence { TCG_FENCE_LL = 1, TCG_FENCE_LS = 2, TCG_FENCE_SL = 4, TCG_FENCE_SS = 8 } TcgFence; /* only SL costs on x86 */

/* --- memory operand descriptor (aux of LD/ST/...) --- */
enum { TCG_ALIGN_ANY, TCG_ALIGN_NATURAL, TCG_ALIGN_TWICE }; /* TWICE: to twice the size, for the first half of something */
typedef uint32_t TcgMem;
#define TCG_MEM(size_log2, sign, big, align, mmu)                                                                       \
    ((TcgMem)((size_log2) | (sign) << 3 | (big) << 4 | (align) << 5 | (mmu) << 8))
#define TCG_MEM_PAIR ((TcgMem)1 << 12) /* of a store: as many bytes behind it are stored next; none of both is done where one faults */
#define TCG_MEM_WILL_WRITE ((TcgMem)1 << 11) /* of a load: the same place will be stored to; a fault is one of a write */
static inline unsigned tcg_mem_size_log2(TcgMem m) { return m & 7; }
static inline unsigned tcg_mem_bytes(TcgMem m) { return 1u << (m & 7); }
static inline bool tcg_mem_signed(TcgMem m) { return m >> 3 & 1; }
static inline bool tcg_mem_big(TcgMem m) { return m >> 4 & 1; }
static inline unsigned tcg_mem_align(TcgMem m) { return m >> 5 & 3; } /* ANY: misaligned allowed; NATURAL: slow path decides/faults */
static inline unsigned tcg_mem_align_mask(TcgMem m) /* address bits that must be 0 */
{
    return tcg_mem_align(m) == TCG_ALIGN_ANY ? 0 : tcg_mem_bytes(m) * tcg_mem_align(m) - 1;
}
static inline unsigned tcg_mem_mmu(TcgMem m) { return m >> 8 & 7; }   /* TLB table index, below TLB_MODES */

/* --- floating point descriptor (aux of FP ops) --- */
typedef enum TcgRound { TCG_RM_RNE, TCG_RM_RTZ, TCG_RM_RDN, TCG_RM_RUP, TCG_RM_RMM, TCG_RM_DYN } TcgRound; /* DYN: host MXCSR holds it */
typedef enum TcgNan { TCG_NAN_RISCV, TCG_NAN_X86, TCG_NAN_ARM, TCG_NAN_ARM_DEFAULT } TcgNan;
typedef uint32_t TcgFp;
#define TCG_FP(round, nan, ftz) ((TcgFp)((round) | (nan) << 3 | (ftz) << 6))
static inline TcgRound tcg_fp_round(TcgFp f) { return (TcgRound)(f & 7); }
static inline TcgNan tcg_fp_nan(TcgFp f) { return (TcgNan)(f >> 3 & 7); }
static inline bool tcg_fp_ftz(TcgFp f) { return f >> 6 & 1; }

/* --- guest state slots --- */
#define TCG_MAX_SLOTS 128
typedef struct TcgSlot {
    const char *name; /* as the manual calls it */
    TcgType type;     /* width in memory; GET/PUT may use another type of the same width (i64 and f64) */
    uint32_t offset;  /* from the start of CpuState */
} TcgSlot;
#define TCG_SLOT_PC 0 /* slot 0 of every target is the guest PC, i64 */
typedef struct TcgSlotSet {
    uint64_t w[TCG_MAX_SLOTS / 64];
} TcgSlotSet;
static inline bool tcg_slot_in(const TcgSlotSet *s, unsigned i) { return s->w[i / 64] >> (i % 64) & 1; }
static inline void tcg_slot_add(TcgSlotSet *s, unsigned i) { s->w[i / 64] |= 1ull << (i % 64); }

/* --- helpers --- */
struct CpuState;
enum {
    TCG_HELPER_RAISES = 1 << 0, /* may raise a guest exception (cpu_loop_exit_restore) */
    TCG_HELPER_PURE = 1 << 1,   /* result depends on arguments only; no cpu argument is passed */
    TCG_HELPER_FP = 1 << 2,     /* runs with the guest's rounding mode and accumulates flags; others may not compute with floats for the guest */
    TCG_HELPER_NORETURN = 1 << 3,
    TCG_HELPER_READS_ALL = 1 << 4,
    TCG_HELPER_WRITES_ALL = 1 << 5,
};
/*
 * fn's C type: RET fn(struct CpuState *cpu, ARGS...) (no cpu where PURE), at most 4 arguments, each and the result
 * i32, i64, f32 or f64, passed as uint32_t/uint64_t bits: floating point goes as its bits in an integer.
 * A helper that raises finds its return address by cpu->tcg.ra (set by the trampoline).
 */
typedef struct TcgHelper {
    const char *name;
    void *fn;
    uint32_t flags;
    TcgType ret;
    TcgType args[4]; /* TCG_VOID ends */
    TcgSlotSet reads, writes;
} TcgHelper;

/* --- instructions, blocks, exits --- */
typedef uint32_t TcgVal;
#define TCG_NONE 0u

typedef struct TcgInsn {
    uint16_t op;    /* TcgOp */
    uint8_t type;   /* TcgType of the operation (most ops: of the result) */
    uint8_t cond;   /* TcgCond or TcgFlagCond */
    uint8_t sub;    /* TcgRmw or a second TcgType, by op */
    uint8_t spare;
    uint16_t guest; /* index into region->guest: the guest instruction it belongs to */
    TcgVal arg[4];
    uint32_t aux;
    uint32_t map;   /* promoted: index into region->maps (0: none) */
    uint64_t imm;
} TcgInsn;

typedef struct TcgBlock {
    uint32_t first, end;  /* instruction index range [first, end) */
    uint64_t pc;          /* guest PC it starts at; UINT64_MAX for a local label's block */
    bool loop_head;       /* target of a backward edge */
    uint8_t loop_depth;
    uint16_t pred_count;
    uint32_t pred_first;  /* into region->preds: block numbers; a phi's argument k belongs to predecessor k */
} TcgBlock;

typedef enum TcgExitKind {
    TCG_EXIT_DIRECT,   /* to a known PC: linkable */
    TCG_EXIT_INDIRECT, /* to the PC in EXIT's operand a: looked up inline */
    TCG_EXIT_RUNTIME,  /* back to the dispatcher, with pc set and `reason` */
} TcgExitKind;
typedef enum TcgEdge { TCG_EDGE_JUMP, TCG_EDGE_CALL, TCG_EDGE_RETURN, TCG_EDGE_XRET, TCG_EDGE_FALL } TcgEdge;
typedef enum TcgReason { /* what the dispatcher does after a RUNTIME exit; targets may use values from TCG_REASON_TARGET on */
    TCG_REASON_NONE,     /* look at interrupts, then go on at pc */
    TCG_REASON_IDLE,     /* wait for an interrupt (HLT, WFI) */
    TCG_REASON_PAUSE,    /* spin-wait hint */
    TCG_REASON_DEBUG,    /* breakpoint or single step */
    TCG_REASON_TARGET = 16,
} TcgReason;

typedef struct TcgExit {
    uint8_t kind, edge;
    uint16_t guest;       /* guest instruction index */
    uint32_t reason;
    uint64_t pc;          /* DIRECT: target; RUNTIME: pc to store (UINT64_MAX: slot PC is in the map or memory already) */
    uint64_t return_pc;   /* CALL: where the callee returns to */
} TcgExit;

/* Exit map: the dirty slots at a point and the values they hold; the PC is not in it (guest index gives it). */
typedef struct TcgMapEntry {
    uint16_t slot;
    uint8_t type;
    TcgVal val;
} TcgMapEntry;
typedef struct TcgMap {
    uint32_t first, count; /* into region->map_entries */
} TcgMap;

typedef struct TcgGuestInsn {
    uint64_t pc;
    uint8_t len;
} TcgGuestInsn;

#define TCG_MAX_GUEST_INSNS 256

typedef struct TcgRegion {
    const TcgSlot *slots;
    unsigned slot_count;
    uint64_t pc;       /* guest virtual address of the entry */
    uint64_t flags;    /* the target's mode flags it was translated for */
    bool wide_flags;   /* indirect jumps compare all 64 flags, not the low 32 */
    bool promoted;
    bool backward_polls; /* POLL on internal back edges was emitted */

    TcgInsn *insns;    uint32_t insn_count, insn_cap;  /* insns[0] is unused */
    TcgBlock *blocks;  uint32_t block_count, block_cap;
    uint32_t *preds;   uint32_t pred_count, pred_cap;
    TcgVal *phi_args;  uint32_t phi_arg_count, phi_arg_cap; /* PHI: aux = first index, imm = slot it stands for */
    TcgExit *exits;    uint32_t exit_count, exit_cap;
    TcgMap *maps;      uint32_t map_count, map_cap;    /* maps[0] is empty */
    TcgMapEntry *map_entries; uint32_t map_entry_count, map_entry_cap;
    const TcgHelper **helpers; uint32_t helper_count, helper_cap;
    TcgGuestInsn guest[TCG_MAX_GUEST_INSNS]; uint32_t guest_count;
} TcgRegion;

TcgRegion *tcg_region_new(const TcgSlot *slots, unsigned slot_count);
void tcg_region_reset(TcgRegion *r, uint64_t pc, uint64_t flags); /* keeps the memory for the next translation */
void tcg_region_free(TcgRegion *r);
TcgType tcg_value_type(const TcgRegion *r, TcgVal v);
unsigned tcg_operand_count(const TcgRegion *r, const TcgInsn *insn); /* used entries of arg[]; calls and exits included */
TcgType tcg_operand_type(const TcgRegion *r, const TcgInsn *insn, unsigned k);
unsigned tcg_block_succs(const TcgRegion *r, uint32_t block, uint32_t succ[2]); /* successors, by block number */

/* --- passes: tcg_optimize() is the list of them --- */
void tcg_optimize(TcgRegion *r);         /* built -> promoted, folded, dead code gone */
void tcg_pass_promote(TcgRegion *r);     /* slots to SSA values, phis, exit maps; also constant/copy propagation and local CSE */
void tcg_pass_fold(TcgRegion *r);        /* fold rules */
void tcg_pass_dce(TcgRegion *r);         /* dead code; instructions become NOP or are compacted away */
/* Checks types, dominance by linear order and block structure, maps; false and a message on the first violation. */
bool tcg_verify(const TcgRegion *r, Error **errp);
void tcg_print(const TcgRegion *r, FILE *out);

#endif

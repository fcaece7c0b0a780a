/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Private to the x86-64 backend: the state of one compilation (Cg), what is known of each value, and the functions that
 * its files offer to each other. README.md has the register convention and the order of the phases.
 *
 * Positions: instruction i reads its operands and runs at 2*i and defines its result at 2*i+1; a phi is defined at 2*(first
 * instruction of its block), the moves of an edge happen at 2*(end of the predecessor)-1.
 */
#ifndef TCG_X86_64_CG_H
#define TCG_X86_64_CG_H

#include <glib.h>
#include <inttypes.h>
#include <stddef.h>

#include "tcg/backend.h"
#include "tcg/reference.h"
#include "target/cpu.h"

#include "asm.h"

#define CPU_OFF(member) ((int32_t)offsetof(struct CpuState, tcg.member))

enum { FEAT_BMI1 = 1, FEAT_BMI2 = 2, FEAT_LZCNT = 4, FEAT_FMA = 8, FEAT_AVX = 16, FEAT_AVX2 = 32, FEAT_F16C = 64, FEAT_MOVBE = 128,
       FEAT_AES = 256, FEAT_PCLMUL = 512, FEAT_SHA = 1024 };
uint32_t x86_features(void);
const char *x86_features_text(uint32_t feat);

enum { VEC_NONE, VEC_XMM, VEC_YMM, VEC_VARIANTS };
enum { HELPER_CPU, HELPER_PURE, HELPER_CPU_FP, HELPER_PURE_FP, HELPER_KINDS };

struct CgScratch;
struct TcgBackend {
    TcgCodeBuffer *cb;
    TcgRuntime rt;
    uint32_t pc_offset, feat;
    /* RW addresses of the trampolines; see trampolines.c for what they expect in registers */
    uint8_t *t_load[VEC_VARIANTS], *t_store[VEC_VARIANTS], *t_load_vec[VEC_VARIANTS], *t_store_vec[VEC_VARIANTS];
    uint8_t *t_atomic[VEC_VARIANTS], *t_cmpxchg[VEC_VARIANTS], *t_helper[HELPER_KINDS][VEC_VARIANTS], *t_ref[VEC_VARIANTS], *t_carry[VEC_VARIANTS];
    uint8_t *t_lookup, *t_leave, *t_leave0, *t_leave_rcx;
    uint8_t *pool; /* constants, see POOL_* */
    TcgLink *(*enter)(struct CpuState *cpu, const void *entry, uint32_t *reason);
    struct CgScratch *scratch; /* taken and put back atomically */
    char features_text[80];
};
/* constants in the pool, 16 bytes each */
enum { POOL_SIGN64, POOL_ABS64, POOL_SIGN32, POOL_ABS32, POOL_2P63_F64, POOL_2P63_F32, POOL_U32MAX_F64, POOL_2P32_F32,
       POOL_NAN64, POOL_NAN32, POOL_ONES, POOL_COUNT };

/* In the frame, above the spill slots: operands (4 of 32 bytes) and result of tcg_ref_eval */
#define FRAME_REF (TCG_FRAME_BYTES - 192)
#define FRAME_REF_RESULT (FRAME_REF + 128)
#define FRAME_SAVE (FRAME_REF + 160) /* 8 bytes for a register a sequence borrows */
#define FRAME_SCRATCH (FRAME_REF + 168)
#define FRAME_SPILL_SLOTS (FRAME_REF / 8)

enum { CLS_NONE, CLS_GPR, CLS_XMM, CLS_MEM }; /* MEM: lives in the frame only (flags; ymm without AVX2) */
#define GPR_ALLOCATABLE 0x7fccu /* rdx rbx rsi rdi r8-r14 */
#define XMM_ALLOCATABLE 0x3fffu /* xmm0-13 */
#define XS0 14u                 /* scratch xmm registers */
#define XS1 15u

typedef enum { MEM_NONE, MEM_SLOT, MEM_FRAME } MemKind;
enum {
    VF_DEAD = 1,        /* nobody uses it and it does nothing else */
    VF_CONST = 2,
    VF_ALIAS = 4,       /* shares everything with value `root` */
    VF_STORE = 8,       /* its definition also stores it to memory */
    VF_NOSLOT = 16,     /* a GET that must not be read from its slot late */
    VF_DIRTYNAN = 32,   /* may hold a NaN that is not canonical yet; made so where bits are seen */
    VF_LAZY = 64,       /* computed where an exit map asks for it, out of its operands */
    VF_COMPUTED = 128,  /* some computation (not only maps) uses it */
    VF_FUSED = 256,     /* emitted together with its only consumer */
    VF_CANON = 512,     /* somebody looks at the bits: NaNs are made canonical at the definition */
    VF_NEED64 = 1024,   /* a computation looks at its upper half */
    VF_MAP64 = 2048,    /* a map does */
    VF_ROTATE = 4096,   /* an OR of two shifts that is a rotation */
};
#define VF_WIDE (VF_NEED64 | VF_MAP64)

typedef struct Val {
    uint32_t start, end; /* positions of definition and last use; end 0: no use seen */
    uint32_t reg_end;    /* the register holds it at positions below */
    uint32_t uses;       /* list of computing uses, ascending; advanced by the allocator */
    uint32_t root;       /* where its bits are; */
    uint32_t map_root;   /* the same for maps: may be a lazy value */
    uint32_t phi;        /* a phi it flows into: register hint */
    float weight;
    int32_t disp;        /* of its memory home, from rbp (MEM_SLOT) or rsp (MEM_FRAME) */
    int16_t home;        /* the only slot that maps give it, -1: none yet, -2: several */
    uint16_t flags;
    uint8_t cls, type, reg, mem; /* reg: NOREG: none */
    uint8_t owner_slot;  /* MEM_SLOT: which */
} Val;

typedef struct UseNode {
    uint32_t pos, next;
} UseNode;

typedef struct Loop {
    uint32_t start, end; /* positions */
} Loop;

typedef struct Clobber { /* slots that an instruction writes in memory */
    uint32_t pos;
    uint32_t val;        /* PUT: what it stores, 0 for helpers */
    TcgSlotSet set;
} Clobber;

typedef struct MapSite { /* an instruction that reads memory slots outside of its map: exits and helpers */
    uint32_t pos;
    TcgSlotSet present;  /* slots in its map and in those of all later ones */
} MapSite;

typedef struct Group { /* of memory accesses; see mem-groups.c */
    uint32_t base;       /* root value */
    uint32_t first, last, count;
    uint32_t val;        /* pseudo value that holds the addend, or 1 */
    int32_t lo, hi;      /* displacements [lo, hi) */
    uint32_t align;      /* address bits that must be 0 at displacement `aligned` */
    int32_t aligned;
    uint8_t mmu;
    bool write;          /* has a store: checks the write table */
    bool passed_exit;    /* while groups are made */
    bool cold;           /* in no loop */
} Group;

typedef enum StubKind {
    STUB_LOAD, STUB_STORE, STUB_ATOMIC, STUB_CMPXCHG, STUB_LDX, STUB_STX, STUB_EXIT, STUB_EDGE, STUB_FIXNAN, STUB_REF,
    STUB_FMINMAX, STUB_LEAVE, STUB_DATA, STUB_LEADER, STUB_MEMBER,
} StubKind;
typedef struct Stub {
    uint8_t kind, reg, cls;
    uint32_t insn;
    uint32_t block;      /* STUB_EDGE: target */
    uint8_t *from[3];    /* displacements that jump here */
    uint8_t *back;       /* where it returns to; STUB_LEAVE: displacement of the poll's jump */
} Stub;

typedef struct Fixup { /* jump to a block not emitted yet */
    uint8_t *at;
    uint32_t block;
} Fixup;

typedef enum { LOC_GPR, LOC_XMM, LOC_MEM, LOC_CONST } LocKind;
typedef struct Loc {
    uint8_t kind, reg;
    uint8_t slot; /* LOC_MEM in a slot's memory: its number, else 255 */
    Mem m;
    uint64_t imm;
} Loc;

typedef struct PatchLink { /* a mov reg, imm64 that wants the address of a TcgLink */
    uint8_t *at;
    uint32_t link;
} PatchLink;

/* Grow-only arrays, kept from one compilation to the next */
typedef struct CgScratch {
    Val *val;            uint32_t val_cap;
    UseNode *use;        uint32_t use_count, use_cap;
    Loop *loop;          uint32_t loop_count, loop_cap;
    Clobber *clobber;    uint32_t clobber_count, clobber_cap;
    MapSite *msite;      uint32_t msite_count, msite_cap;
    Stub *stub;          uint32_t stub_count, stub_cap;
    Fixup *fixup;        uint32_t fixup_count, fixup_cap;
    PatchLink *plink;    uint32_t plink_count, plink_cap;
    TcgSite *site;       uint32_t site_count, site_cap;
    uint8_t *locs;       uint32_t loc_size, loc_cap;
    TcgLink *link;       uint32_t link_count, link_cap;
    uint8_t **block_at;  uint32_t block_cap;
    uint8_t *busy;       uint32_t busy_cap; /* per instruction: bit 0: rdx holds something else; bits 1-2: VEC_* variant */
    Group *group;        uint32_t group_count, group_cap;
    uint16_t *group_of;  /* per instruction; 0: none */
    uint32_t *homed;     uint32_t homed_count, homed_cap; /* values living in slot memory */
} CgScratch;

typedef struct Cg {
    Asm a;
    TcgBackend *be;
    TcgRegion *r;
    CgScratch *s;
    Val *val;
    uint8_t *start, *limit; /* RW */
    uint32_t feat;
    bool avx, bmi2;
    unsigned mmu_fetch;
    uint32_t i, pos, block;  /* the instruction being emitted */
    uint32_t frame_end[FRAME_SPILL_SLOTS]; /* position up to which a spill slot is taken */
    uint32_t last_get[TCG_MAX_SLOTS];      /* position of each slot's last GET */
    uint32_t last_map;       /* liveness: the map looked at last */
    bool frame_full, too_big;
    const char *unsupported;
} Cg;

#define GROW(arr, count, cap)                                                                                           \
    do {                                                                                                                \
        if ((count) >= (cap)) {                                                                                         \
            (cap) = (cap) ? (cap) * 2 : 64;                                                                             \
            (arr) = g_realloc_n((arr), (cap), sizeof *(arr));                                                           \
        }                                                                                                               \
    } while (0)

/* liveness.c, regalloc.c */
void cg_liveness(Cg *c);
void cg_find_groups(Cg *c);
void cg_allocate(Cg *c);
/* The instruction that defines a value; a NOP for pseudo values */
static inline const TcgInsn *cg_insn(const Cg *c, uint32_t i)
{
    static const TcgInsn nop;
    return i < c->r->insn_count ? &c->r->insns[i] : &nop;
}
/* The group that the instruction belongs to, or NULL */
static inline const Group *cg_group(const Cg *c, uint32_t i) { return c->s->group_of[i] ? &c->s->group[c->s->group_of[i]] : NULL; }
TcgType cg_result_type(const TcgInsn *in);
unsigned cg_operands(const TcgRegion *r, const TcgInsn *in);
/* The value that the OR or ADD @in rotates, and by how much to the right, or TCG_NONE */
TcgVal cg_rotation(const Cg *c, const TcgInsn *in, unsigned *right);

/* Locations (compile.c) */
Loc cg_loc_at(const Cg *c, TcgVal v, uint32_t pos);
static inline Loc cg_loc(const Cg *c, TcgVal v) { return cg_loc_at(c, v, c->pos); }
static inline bool loc_is(Loc l, LocKind k, unsigned reg) { return l.kind == k && l.reg == reg; }
bool cg_dies(const Cg *c, TcgVal v); /* its last use is the current instruction */
/* Value in a register: its own, or loaded into @scratch. w: 64 bits */
unsigned cg_use_gpr(Cg *c, TcgVal v, bool w, unsigned scratch);
unsigned cg_use_xmm(Cg *c, TcgVal v, unsigned scratch);
void cg_load_gpr(Cg *c, unsigned dst, Loc l, bool w); /* copies any location into a register */
void cg_load_xmm(Cg *c, unsigned dst, Loc l, TcgType t);
void cg_store_loc(Cg *c, Mem to, Loc l, TcgType t, unsigned gtmp); /* location to memory by the type's width; gtmp: rax or rcx */
unsigned cg_dst_gpr(const Cg *c); /* of the current instruction; RAX where it has none (the driver stores it) */
unsigned cg_dst_xmm(const Cg *c); /* XS1 where it has none */
unsigned cg_vec_variant(const Cg *c);
Stub *cg_stub(Cg *c, StubKind kind); /* for the current instruction; sizes: filled by the caller */
void cg_jump_block(Cg *c, uint32_t block);
void cg_jcc_block(Cg *c, unsigned cc, uint32_t block);
void cg_site(Cg *c); /* records a site at the current output address (a return address) for the current instruction */
bool cg_has_edge_moves(Cg *c, uint32_t from, uint32_t to);
void cg_edge_moves(Cg *c, uint32_t from, uint32_t to);
static inline bool cg_w(TcgType t) { return t != TCG_I32; }

/* Instruction with a rip-relative operand in the constant pool; legacy or VEX by host */
void cg_pool_rm(Cg *c, uint32_t x, unsigned reg, unsigned v, unsigned k);

/* FP/vector move and three-operand emission: VEX where the host has it */
void cg_xmov(Cg *c, unsigned dst, unsigned src);
void cg_xop(Cg *c, uint32_t x, unsigned dst, unsigned a, Loc b);         /* dst = a op b; b in xmm or memory */
void cg_xrr(Cg *c, uint32_t x, unsigned reg, unsigned rm);               /* two-operand: ucomis, movd, cvt.. (vvvv unused) */
void cg_xrm(Cg *c, uint32_t x, unsigned reg, Mem m);

/* Lowering; each emits the current instruction */
bool lower_int(Cg *c, const TcgInsn *in);
bool lower_mem(Cg *c, const TcgInsn *in);
bool lower_fp(Cg *c, const TcgInsn *in);
bool lower_vec(Cg *c, const TcgInsn *in);
bool lower_flags(Cg *c, const TcgInsn *in);
void cg_store_flags(Cg *c, const TcgInsn *in, Mem to); /* FLAGS or FLAGUNPACK as a TcgLazyFlags; uses rax */
bool cg_flags_operand(const Cg *c, const TcgInsn *in, unsigned k, Loc *l); /* false: a, b or c has no meaning there (*l is 0) */
bool lower_exit(Cg *c, const TcgInsn *in);
void lower_call(Cg *c, const TcgInsn *in);
void lower_ref(Cg *c, const TcgInsn *in); /* through tcg_ref_eval or tcg_ref_scalar */
void cg_pass(Cg *c, unsigned n, Loc v, TcgType t); /* value to call_arg[n]; uses rcx */
void cg_ref_scalar(Cg *c, const TcgInsn *in, uint64_t desc); /* calls tcg_ref_scalar for the instruction; result to its place */
/* The comparison of vectors (HOSTVECG) whose flags cond(a, b) tests, and the condition code for them; or NULL. And its code */
const TcgInsn *cg_vec_test(const Cg *c, TcgType t, TcgCond cond, TcgVal a, TcgVal b, unsigned *cc);
void cg_vec_compare(Cg *c, const TcgInsn *test);
int cg_compare(Cg *c, TcgType t, TcgCond cond, TcgVal a, TcgVal b); /* emits cmp/test; returns the condition code */

void stub_mem(Cg *c, const Stub *s);
void stub_exit(Cg *c, const Stub *s);
void stub_fp(Cg *c, const Stub *s);
void cg_nan_fix(Cg *c, unsigned xmm, TcgType t); /* canonical NaN in place, repair out of line */

bool x86_trampolines(TcgBackend *be, size_t *used, Error **errp);

#endif

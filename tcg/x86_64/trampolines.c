/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generated once per code buffer: the way into and out of generated code, and the trampolines through which it calls C.
 *
 * A trampoline is entered by `call` and preserves every register but rax and rcx: the allocatable general registers are put
 * into cpu->tcg.save_gpr and, in the xmm and ymm variants, vector registers 0 to 13 into save_vec, where tcg_site_restore()
 * finds the guest's state. It sets tcg.ra and tcg.host_sp. C runs with the guest's MXCSR still loaded, because loading one costs more than
 * all the rest: its exceptions are masked, and what C adds to the flags is dropped, unless the helper computes for the guest
 * (FP), which is marked in tcg.fp_call. MXCSR is loaded only where it is not what tcg.guest_mxcsr says. In registers they expect, and
 * return in rax:
 *   load         rax = address, ecx = TcgMem
 *   store        rax = address, ecx = TcgMem, call_arg[0] = value
 *   load_vec     rax = address, ecx = TcgMem; the result is in call_ret
 *   store_vec    rax = address, ecx = TcgMem, call_arg = value
 *   atomic       rax = address, ecx = TcgMem | TcgRmw << 16, call_arg[0] = operand
 *   cmpxchg      rax = address, ecx = TcgMem, call_arg[0] = expected, call_arg[1] = new
 *   helper       rax = function, call_arg[0..3] = arguments
 *   ref          rax = TcgInsn, operands and result in the frame at FRAME_REF
 * `lookup` and `leave_rcx` (rcx = target PC, all other guest state in memory) and `leave` (rax = TcgLink or 0, edx = reason; pc
 * stored) are jumped to.
 */
#include "cg.h"

#define ARG(n) CPU_OFF(call_arg[n])

static const uint8_t saved[] = {RDX, RBX, RSI, RDI, R8, R9, R10, R11, R12, R13, R14};
static const uint8_t clobbered[] = {RDX, RSI, RDI, R8, R9, R10, R11}; /* by a C function; rax and rcx are nobody's */

static void ld(Asm *a, unsigned reg, int32_t off) { asm_rm(a, X_MOV | X_W, reg, mem_b(RBP, off)); }
static void st(Asm *a, unsigned reg, int32_t off) { asm_rm(a, X_MOV_MR | X_W, reg, mem_b(RBP, off)); }
static void stmxcsr(Asm *a, int32_t off) { asm_rm(a, X_LDMXCSR, 3, mem_b(RBP, off)); }
static void ldmxcsr(Asm *a, int32_t off) { asm_rm(a, X_LDMXCSR, 2, mem_b(RBP, off)); }

/* The guest's MXCSR is in force; uses @reg and the flags. */
static void load_guest(Asm *a, unsigned reg)
{
    stmxcsr(a, CPU_OFF(live_mxcsr));
    asm_rm(a, X_MOV, reg, mem_b(RBP, CPU_OFF(live_mxcsr)));
    asm_rm(a, X_CMP, reg, mem_b(RBP, CPU_OFF(guest_mxcsr)));
    uint8_t *same = asm_jcc(a, CC_E);
    ldmxcsr(a, CPU_OFF(guest_mxcsr));
    asm_patch32(same, a->p);
}

static void move_vec(TcgBackend *be, Asm *a, unsigned variant, bool save)
{
    for (unsigned i = 0; i < 14; i++) {
        Mem m = mem_b(RBP, CPU_OFF(save_vec) + (int32_t)i * 32);
        uint32_t x = save ? X_MOVUPS_MR : X_MOVUPS;
        if (variant == VEC_YMM || (be->feat & FEAT_AVX))
            asm_vrm(a, x, i, 0, m, variant == VEC_YMM);
        else
            asm_rm(a, x, i, m);
    }
    if (save && variant == VEC_YMM) {
        asm_b(a, 0xc5), asm_b(a, 0xf8), asm_b(a, 0x77); /* vzeroupper */
    }
}

static void enter_c(TcgBackend *be, Asm *a, unsigned variant, bool swap)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(saved); i++)
        st(a, saved[i], CPU_OFF(save_gpr[0]) + 8 * saved[i]);
    asm_rm(a, X_MOV | X_W, R11, mem_b(RSP, 0));
    st(a, R11, CPU_OFF(ra));
    asm_lea(a, true, R11, mem_b(RSP, 8));
    st(a, R11, CPU_OFF(host_sp));
    if (variant != VEC_NONE)
        move_vec(be, a, variant, true);
    if (swap)
        stmxcsr(a, CPU_OFF(guest_mxcsr));
    else
        asm_mov_mi(a, false, mem_b(RBP, CPU_OFF(fp_call)), 1);
}

static void call_c(Asm *a, const void *fn)
{
    asm_g1_ri(a, G1_SUB, true, RSP, 8);
    if (fn)
        asm_mov_ri(a, RAX, (uintptr_t)fn);
    asm_rr(a, 0xff, 2, RAX);
    asm_g1_ri(a, G1_ADD, true, RSP, 8);
}

static void leave_c(TcgBackend *be, Asm *a, unsigned variant, bool swap)
{
    if (swap)
        load_guest(a, R11);
    else
        asm_mov_mi(a, false, mem_b(RBP, CPU_OFF(fp_call)), 0);
    asm_mov_mi(a, true, mem_b(RBP, CPU_OFF(ra)), 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(clobbered); i++)
        ld(a, clobbered[i], CPU_OFF(save_gpr[0]) + 8 * clobbered[i]);
    if (variant != VEC_NONE)
        move_vec(be, a, variant, false);
    asm_b(a, 0xc3);
}

/* Runtime functions: (cpu, address, ...), with operands out of call_arg. */
static uint8_t *make_mem(TcgBackend *be, Asm *a, unsigned v, const void *fn, int nargs)
{
    uint8_t *at = a->p;
    enter_c(be, a, v, true);
    asm_mov_rr(a, true, RSI, RAX);
    asm_mov_rr(a, true, RDI, RBP);
    if (nargs == 0) {
        asm_mov_rr(a, false, RDX, RCX);
    } else if (nargs == 1) {
        ld(a, RDX, ARG(0)); /* mem is in ecx already: the fourth argument */
    } else {
        asm_mov_rr(a, false, R8, RCX);
        ld(a, RDX, ARG(0));
        ld(a, RCX, ARG(1));
    }
    call_c(a, fn);
    leave_c(be, a, v, true);
    return at;
}

static uint8_t *make_helper(TcgBackend *be, Asm *a, unsigned v, unsigned kind)
{
    static const uint8_t regs[] = {RDI, RSI, RDX, RCX, R8};
    bool pure = kind == HELPER_PURE || kind == HELPER_PURE_FP, swap = kind == HELPER_CPU || kind == HELPER_PURE;
    uint8_t *at = a->p;
    enter_c(be, a, v, swap);
    if (!pure)
        asm_mov_rr(a, true, RDI, RBP);
    for (unsigned i = 0; i < 4; i++)
        ld(a, regs[i + !pure], ARG(0) + 8 * (int32_t)i);
    call_c(a, NULL);
    leave_c(be, a, v, swap);
    return at;
}

static uint8_t *make_ref(TcgBackend *be, Asm *a, unsigned v)
{
    uint8_t *at = a->p;
    enter_c(be, a, v, false);
    asm_mov_rr(a, true, RDI, RAX);
    asm_lea(a, true, RSI, mem_b(RSP, 8 + FRAME_REF));
    asm_lea(a, true, RDX, mem_b(RSP, 8 + FRAME_REF_RESULT));
    call_c(a, (const void *)tcg_ref_eval);
    leave_c(be, a, v, false);
    return at;
}

static const uint8_t callee_saved[] = {RBP, RBX, R12, R13, R14, R15};

static void make_enter_leave(TcgBackend *be, Asm *a)
{
    uint8_t *enter = a->p;
    for (unsigned i = 0; i < G_N_ELEMENTS(callee_saved); i++) {
        if (callee_saved[i] >= 8)
            asm_b(a, 0x41);
        asm_b(a, (uint8_t)(0x50 | (callee_saved[i] & 7)));
    }
    asm_b(a, 0x52); /* push rdx: where the reason goes */
    asm_g1_ri(a, G1_SUB, true, RSP, TCG_FRAME_BYTES);
    asm_mov_rr(a, true, RBP, RDI);
    ld(a, R15, CPU_OFF(tlb));
    load_guest(a, RAX);
    asm_rr(a, 0xff, 4, RSI); /* jmp rsi */
    be->enter = (TcgLink * (*)(struct CpuState *, const void *, uint32_t *))(uintptr_t)(be->cb->rx + (enter - be->cb->rw));

    be->t_leave_rcx = a->p;
    st(a, RCX, (int32_t)be->pc_offset);
    asm_rr(a, X_XOR, RDX, RDX);
    be->t_leave0 = a->p;
    asm_rr(a, X_XOR, RAX, RAX);
    be->t_leave = a->p;
    stmxcsr(a, CPU_OFF(guest_mxcsr));
    if (be->feat & FEAT_AVX) {
        asm_b(a, 0xc5), asm_b(a, 0xf8), asm_b(a, 0x77);
    }
    asm_g1_ri(a, G1_ADD, true, RSP, TCG_FRAME_BYTES);
    asm_b(a, 0x59); /* pop rcx */
    asm_rm(a, X_MOV_MR, RDX, mem_b(RCX, 0));
    for (unsigned i = G_N_ELEMENTS(callee_saved); i-- > 0;) {
        if (callee_saved[i] >= 8)
            asm_b(a, 0x41);
        asm_b(a, (uint8_t)(0x58 | (callee_saved[i] & 7)));
    }
    asm_b(a, 0xc3);

    be->t_lookup = a->p; /* nothing is live in registers: no saving */
    st(a, RCX, (int32_t)be->pc_offset);
    stmxcsr(a, CPU_OFF(guest_mxcsr));
    if (be->feat & FEAT_AVX) {
        asm_b(a, 0xc5), asm_b(a, 0xf8), asm_b(a, 0x77);
    }
    asm_mov_rr(a, true, RDI, RBP);
    asm_mov_rr(a, true, RSI, RCX);
    asm_mov_ri(a, RAX, (uintptr_t)be->rt.lookup);
    asm_rr(a, 0xff, 2, RAX); /* rsp is aligned here: jumped to */
    load_guest(a, RCX);
    asm_rr(a, X_XOR, RDX, RDX);
    asm_rr(a, X_TEST | X_W, RAX, RAX);
    asm_jcc_to(a, CC_E, be->t_leave0);
    asm_rr(a, 0xff, 4, RAX);
}

/* al = carry flag of the lazy flags at rax, for the usual kinds without C; changes rax and rcx only */
static uint8_t *make_carry(TcgBackend *be, Asm *a, unsigned v)
{
    enum { KINDS = 6 };
    static const uint8_t kind[KINDS] = {TCG_FK_LOGIC, TCG_FK_SUB, TCG_FK_ADD, TCG_FK_DEC, TCG_FK_INC, TCG_FK_PACKED_X86};
    uint8_t *at = a->p, *to[KINDS];
    asm_rm(a, X_MOVZXW, RCX, mem_b(RAX, offsetof(TcgLazyFlags, kind)));
    for (unsigned i = 0; i < KINDS; i++) {
        asm_g1_ri(a, G1_CMP, false, RCX, kind[i]);
        to[i] = asm_jcc(a, CC_E);
    }
    st(a, RAX, ARG(0));
    asm_mov_mi(a, true, mem_b(RBP, ARG(1)), TCG_FC_B);
    asm_mov_ri(a, RAX, (uintptr_t)tcg_ref_flagtest);
    asm_jmp_to(a, be->t_helper[HELPER_PURE][v]);
    for (unsigned i = 0; i < KINDS; i++) {
        asm_patch32(to[i], a->p);
        if (i == 0) {
            asm_rr(a, X_XOR, RAX, RAX);
        } else if (i < 3) { /* narrow ones stand at the top of their 32 bits */
            uint32_t x = i == 1 ? X_CMP : X_ADD;
            asm_rm(a, 0x80, 7, mem_b(RAX, offsetof(TcgLazyFlags, type))), asm_b(a, TCG_I64);
            asm_rm(a, X_MOV | X_W, RCX, mem_b(RAX, offsetof(TcgLazyFlags, a)));
            uint8_t *narrow = asm_jcc(a, CC_NE);
            asm_rm(a, x | X_W, RCX, mem_b(RAX, offsetof(TcgLazyFlags, b)));
            asm_rr(a, X_SETCC | CC_B, 0, RAX);
            asm_b(a, 0xc3);
            asm_patch32(narrow, a->p);
            asm_rm(a, x, RCX, mem_b(RAX, offsetof(TcgLazyFlags, b)));
            asm_rr(a, X_SETCC | CC_B, 0, RAX);
        } else {
            asm_rm(a, X_MOV, RAX, mem_b(RAX, i == 5 ? offsetof(TcgLazyFlags, a) : offsetof(TcgLazyFlags, c)));
            asm_g1_ri(a, G1_AND, false, RAX, 1);
        }
        asm_b(a, 0xc3);
    }
    return at;
}

static void make_pool(TcgBackend *be, Asm *a)
{
    static const uint64_t value[POOL_COUNT][2] = {
        [POOL_SIGN64] = {1ull << 63, 0}, [POOL_ABS64] = {~(1ull << 63), 0},
        [POOL_SIGN32] = {1u << 31, 0}, [POOL_ABS32] = {0x7fffffff, 0},
        [POOL_2P63_F64] = {0x43e0000000000000, 0}, [POOL_2P63_F32] = {0x5f000000, 0},
        [POOL_U32MAX_F64] = {0x41efffffffe00000, 0}, [POOL_2P32_F32] = {0x4f800000, 0},
        [POOL_NAN64] = {0x7ff8000000000000, 0}, [POOL_NAN32] = {0x7fc00000, 0},
        [POOL_ONES] = {~0ull, ~0ull},
    };
    while ((uintptr_t)a->p & 15)
        asm_b(a, 0xcc);
    be->pool = a->p;
    for (unsigned i = 0; i < POOL_COUNT; i++)
        asm_q(a, value[i][0]), asm_q(a, value[i][1]);
}

bool x86_trampolines(TcgBackend *be, size_t *used, Error **errp)
{
    Asm a = {be->cb->rw};
    if (be->cb->size < 64 * 1024) {
        error_setg(errp, "A code buffer of %zu bytes is too small for the x86-64 backend; give it 65536 or more", be->cb->size);
        return false;
    }
    make_pool(be, &a);
    make_enter_leave(be, &a);
    unsigned variants = be->feat & FEAT_AVX ? VEC_VARIANTS : VEC_YMM;
    for (unsigned v = 0; v < variants; v++) {
        be->t_load[v] = make_mem(be, &a, v, (const void *)be->rt.load, 0);
        be->t_load_vec[v] = make_mem(be, &a, v, (const void *)be->rt.load_vec, 0);
        be->t_store_vec[v] = make_mem(be, &a, v, (const void *)be->rt.store_vec, 0);
        be->t_store[v] = make_mem(be, &a, v, (const void *)be->rt.store, 1);
        be->t_atomic[v] = make_mem(be, &a, v, (const void *)be->rt.atomic, 1);
        be->t_cmpxchg[v] = make_mem(be, &a, v, (const void *)be->rt.cmpxchg, 2);
        be->t_ref[v] = make_ref(be, &a, v);
        for (unsigned k = 0; k < HELPER_KINDS; k++)
            be->t_helper[k][v] = make_helper(be, &a, v, k);
        be->t_carry[v] = make_carry(be, &a, v);
    }
    *used = ((size_t)(a.p - be->cb->rw) + 63) & ~(size_t)63;
    return true;
}

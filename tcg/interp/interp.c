/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interpreter of TinyCode: runs a region, built or promoted, instruction by instruction. It is the oracle of the backends'
 * tests and the fallback on hosts without a backend, so it is written for plainness: what an operation computes is in
 * the reference evaluator (tcg/reference*.c), what is here is state, memory, control flow and exits.
 *
 * Precise state. A promoted region keeps guest registers in values; where a runtime function or helper raises a guest
 * exception it calls tcg_interp_restore(), which stores the dirty slots of the current instruction's map and the PC. A built
 * region has no maps: its PUTs go to memory at once, so it relies on frontends that put results after everything of the
 * guest instruction that can fault.
 *
 * The current frame is found through cpu->tcg.host_sp; frames live on the C stack, so leaving by longjmp needs no clean-up.
 * Guest FP exceptions accumulate in cpu->tcg.guest_mxcsr; the host's FPU is touched for helpers marked TCG_HELPER_FP only.
 */
#include "interp-internal.h"

#include <alloca.h>
#include <string.h>

static inline void *slot_address(const Interp *in, unsigned slot) { return (char *)in->cpu + in->r->slots[slot].offset; }

static void store_pc(const Interp *in, uint64_t pc) { memcpy(slot_address(in, TCG_SLOT_PC), &pc, sizeof(pc)); }

static void store_map(const Interp *in, uint32_t map)
{
    const TcgMap *m = &in->r->maps[map];

    for (uint32_t i = 0; i < m->count; i++) {
        const TcgMapEntry *e = &in->r->map_entries[m->first + i];

        memcpy(slot_address(in, e->slot), in->vals[e->val], tcg_type_bytes((TcgType)e->type));
    }
}

void tcg_interp_restore(struct CpuState *cpu)
{
    const Interp *in = cpu->tcg.host_sp;

    if (!in || in->magic != INTERP_MAGIC) {
        return;
    }
    if (in->fp_call) {
        cpu->tcg.guest_mxcsr = tcg_host_fp_get();
        tcg_host_fp_set(cpu->tcg.host_mxcsr);
        cpu->tcg.fp_call = 0;
    }
    store_map(in, in->at->map);
    store_pc(in, in->r->guest[in->at->guest].pc);
    cpu->tcg.host_sp = NULL;
    cpu->tcg.ra = 0;
}

typedef uint64_t HelperCpu(struct CpuState *, uint64_t, uint64_t, uint64_t, uint64_t);
typedef uint64_t HelperPure(uint64_t, uint64_t, uint64_t, uint64_t);

static void call_helper(Interp *in, const TcgInsn *insn, uint64_t *result)
{
    const TcgHelper *h = in->r->helpers[insn->aux];
    struct CpuState *cpu = in->cpu;
    uint64_t a[4] = {0}, ret;

    for (unsigned k = 0; k < 4 && h->args[k] != TCG_VOID; k++) {
        a[k] = in->vals[insn->arg[k]][0];
        a[k] = tcg_type_bytes(h->args[k]) == 4 ? (uint32_t)a[k] : a[k];
    }
    if (h->flags & TCG_HELPER_FP) {
        cpu->tcg.host_mxcsr = tcg_host_fp_get();
        cpu->tcg.fp_call = 1;
        in->fp_call = true;
        tcg_host_fp_set(cpu->tcg.guest_mxcsr);
    }
    cpu->tcg.ra = TCG_RA_INTERP;
    if (h->flags & TCG_HELPER_PURE) {
        ret = ((HelperPure *)h->fn)(a[0], a[1], a[2], a[3]);
    } else {
        ret = ((HelperCpu *)h->fn)(cpu, a[0], a[1], a[2], a[3]);
    }
    cpu->tcg.ra = 0;
    if (h->flags & TCG_HELPER_FP) {
        cpu->tcg.guest_mxcsr = tcg_host_fp_get();
        tcg_host_fp_set(cpu->tcg.host_mxcsr);
        cpu->tcg.fp_call = 0;
        in->fp_call = false;
    }
    result[0] = h->ret == TCG_VOID ? 0 : tcg_type_bytes(h->ret) == 4 ? (uint32_t)ret : ret;
}

static void compute(Interp *in, const TcgInsn *insn, uint64_t *result)
{
    uint64_t args[4][4];
    unsigned n = tcg_op_info[insn->op].operand_count;

    if (insn->op >= TCG_OP_ADD && insn->op <= TCG_OP_DEPOSIT && tcg_type_is_int((TcgType)insn->type)) {
        uint64_t a = in->vals[insn->arg[0]][0], b = in->vals[insn->arg[1]][0];
        bool narrow = insn->type == TCG_I32 && insn->op != TCG_OP_TRUNC;

        result[0] = tcg_ref_int(insn, narrow ? (uint32_t)a : a, narrow ? (uint32_t)b : b);
        if (insn->type == TCG_I32) {
            result[0] = (uint32_t)result[0];
        }
        return;
    }
    for (unsigned k = 0; k < n; k++) {
        memcpy(args[k], in->vals[insn->arg[k]], 32);
    }
    tcg_ref_eval_env(insn, (const uint64_t(*)[4])args, result, &in->cpu->tcg.guest_mxcsr);
}

static bool branch_taken(Interp *in, const TcgInsn *insn)
{
    TcgLazyFlags f;

    switch (insn->op) {
    case TCG_OP_BRCOND:
    case TCG_OP_EXIT_IF:
        return tcg_ref_cond((TcgCond)insn->cond, (TcgType)insn->type, in->vals[insn->arg[0]][0], in->vals[insn->arg[1]][0]);
    case TCG_OP_BRFLAGS:
    case TCG_OP_EXIT_FLAGS:
        memcpy(&f, in->vals[insn->arg[0]], sizeof(f));
        return tcg_ref_flagtest(&f, (TcgFlagCond)insn->cond);
    case TCG_OP_POLL:
        return __atomic_load_n(&in->cpu->tcg.exit_request, __ATOMIC_ACQUIRE) != 0;
    default:
        return true;
    }
}

static TcgInterpResult leave(Interp *in, const TcgInsn *insn)
{
    const TcgExit *exit = &in->r->exits[insn->aux];
    TcgInterpResult result = {.reason = TCG_REASON_NONE, .linkable = exit->kind == TCG_EXIT_DIRECT};

    store_map(in, insn->map);
    if (exit->kind == TCG_EXIT_INDIRECT) {
        store_pc(in, in->vals[insn->arg[0]][0]);
    } else if (exit->kind == TCG_EXIT_DIRECT || exit->pc != UINT64_MAX) {
        store_pc(in, exit->pc);
    }
    if (exit->kind == TCG_EXIT_RUNTIME) {
        result.reason = (TcgReason)exit->reason;
    }
    in->cpu->tcg.host_sp = NULL;
    return result;
}

/* Phis of @to for the edge from @from: all operands are read before any result is written. */
static void enter_block(Interp *in, uint32_t to, uint32_t from)
{
    const TcgRegion *r = in->r;
    const TcgBlock *b = &r->blocks[to];
    uint64_t incoming[TCG_MAX_SLOTS][4];
    TcgVal phis[TCG_MAX_SLOTS];
    uint32_t k = 0, n = 0;

    while (k < b->pred_count && r->preds[b->pred_first + k] != from) {
        k++;
    }
    if (k == b->pred_count) {
        return;
    }
    for (TcgVal v = b->first; v < b->end && (r->insns[v].op == TCG_OP_PHI || r->insns[v].op == TCG_OP_NOP); v++) {
        if (r->insns[v].op == TCG_OP_PHI && n < TCG_MAX_SLOTS) {
            phis[n] = v;
            memcpy(incoming[n++], in->vals[r->phi_args[r->insns[v].aux + k]], 32);
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        memcpy(in->vals[phis[i]], incoming[i], 32);
    }
}

/* Runs one instruction; false: control goes to @next_block or out by @result. */
static bool step(Interp *in, uint32_t index, uint32_t *next_block, TcgInterpResult *result, bool *left)
{
    const TcgInsn *insn = &in->r->insns[index];
    uint32_t effects = tcg_op_info[insn->op].effects;
    uint64_t *res = in->vals[index];

    in->at = insn;
    switch (insn->op) {
    case TCG_OP_NOP:
    case TCG_OP_INSN:
    case TCG_OP_PHI:
        return true;
    case TCG_OP_GET:
        memset(res, 0, 32);
        memcpy(res, slot_address(in, insn->aux), tcg_type_bytes((TcgType)insn->type));
        return true;
    case TCG_OP_PUT:
        memcpy(slot_address(in, insn->aux), in->vals[insn->arg[0]], tcg_type_bytes((TcgType)insn->type));
        return true;
    case TCG_OP_PUTF: {
        TcgLazyFlags f = {.kind = insn->cond, .type = (uint16_t)(insn->sub | (insn->imm & 31) << 8)};
        uint64_t *part[] = {&f.a, &f.b, &f.c};
        for (unsigned k = 0; k < 3; k++) {
            *part[k] = insn->arg[k] ? in->vals[insn->arg[k]][0] : 0;
        }
        memcpy(slot_address(in, insn->aux), &f, sizeof(f));
        return true;
    }
    case TCG_OP_CALL:
        call_helper(in, insn, res);
        return true;
    case TCG_OP_BR:
    case TCG_OP_BRCOND:
    case TCG_OP_BRFLAGS:
        if (branch_taken(in, insn)) {
            *next_block = insn->aux;
            return false;
        }
        return true;
    default:
        break;
    }
    if (effects & TCG_EFF_EXIT) {
        if (branch_taken(in, insn)) {
            *result = leave(in, insn);
            *left = true;
            return false;
        }
    } else if (effects & (TCG_EFF_MEM_READ | TCG_EFF_MEM_WRITE)) {
        tcg_interp_memory(in, insn, res);
    } else {
        compute(in, insn, res);
    }
    return true;
}

TcgInterpResult tcg_interp_run(const TcgRegion *r, struct CpuState *cpu, const TcgRuntime *rt)
{
    TcgInterpResult result = {.reason = TCG_REASON_NONE};
    Interp in = {.magic = INTERP_MAGIC, .r = r, .cpu = cpu, .rt = rt, .at = &r->insns[0]};
    uint32_t block = 0;
    bool left = false;

    in.vals = alloca((size_t)r->insn_count * sizeof(*in.vals));
    memset(in.vals, 0, sizeof(*in.vals));
    cpu->tcg.host_sp = &in;
    while (!left && block < r->block_count) {
        const TcgBlock *b = &r->blocks[block];
        uint32_t next = block + 1;

        for (uint32_t i = b->first; i < b->end; i++) {
            if (!step(&in, i, &next, &result, &left)) {
                break;
            }
        }
        if (!left && next < r->block_count) {
            enter_block(&in, next, block);
        }
        block = next;
    }
    cpu->tcg.host_sp = NULL;
    return result;
}

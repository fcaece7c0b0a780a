/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The region's memory, and its control-flow graph: reachable blocks, predecessors, loops.
 *
 * A loop is an interval of blocks [head, end]: end is the last block that branches back to head, or that branches back to any
 * head inside the interval. So intervals nest. A block inside an interval that is entered from outside the interval (a loop
 * entered in its middle) is marked TCG_JOIN_ALL, and so is the head of such a loop: promotion treats both with care.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#define GROW(ptr, count, cap)                                                                                           \
    do {                                                                                                                \
        if ((count) >= (cap)) {                                                                                         \
            (cap) = TCG_ROUND_UP_CAP((count) + 1);                                                                      \
            (ptr) = g_realloc_n((ptr), (cap), sizeof(*(ptr)));                                                          \
        }                                                                                                               \
    } while (0)

TcgRegion *tcg_region_new(const TcgSlot *slots, unsigned slot_count)
{
    TcgRegionFull *f = g_new0(TcgRegionFull, 1);

    f->r.slots = slots;
    f->r.slot_count = MIN(slot_count, TCG_MAX_SLOTS);
    f->emit.r = &f->r;
#ifdef TCG_CHECK
    f->check = true;
#else
    f->check = getenv("MIMIC_TCG_CHECK") != NULL;
#endif
    tcg_region_reset(&f->r, 0, 0);
    return &f->r;
}

void tcg_region_reset(TcgRegion *r, uint64_t pc, uint64_t flags)
{
    r->pc = pc;
    r->flags = flags;
    r->promoted = r->backward_polls = false;
    r->insn_count = r->block_count = r->pred_count = r->phi_arg_count = r->exit_count = 0;
    r->map_count = r->map_entry_count = r->helper_count = r->guest_count = 0;
    tcg_region_grow_insns(r);
    memset(&r->insns[0], 0, sizeof(r->insns[0]));
    r->insn_count = 1;
    GROW(r->maps, r->map_count, r->map_cap);
    r->maps[r->map_count++] = (TcgMap){0, 0};
    tcg_emit_begin(&tcg_full(r)->emit);
}

void tcg_region_free(TcgRegion *r)
{
    TcgRegionFull *f = tcg_full(r);

    if (!r) {
        return;
    }
    g_free(r->insns);
    g_free(r->blocks);
    g_free(r->preds);
    g_free(r->phi_args);
    g_free(r->exits);
    g_free(r->maps);
    g_free(r->map_entries);
    g_free(r->helpers);
    g_free(f->emit.zb);
    g_free(f->emit.sb);
    g_free(f->spare);
    g_free(f->loop_end);
    g_free(f->loop_entry);
    g_free(f->u32);
    g_free(f->bytes);
    g_free(f);
}

void tcg_region_grow_insns(TcgRegion *r)
{
    TcgRegionFull *f = tcg_full(r);

    if (r->insn_count < r->insn_cap) {
        return;
    }
    r->insn_cap = MAX(512u, TCG_ROUND_UP_CAP(r->insn_count + 1));
    r->insns = g_renew(TcgInsn, r->insns, r->insn_cap);
    f->emit.zb = g_renew(uint8_t, f->emit.zb, r->insn_cap);
    f->emit.sb = g_renew(uint8_t, f->emit.sb, r->insn_cap);
}

void tcg_region_swap_insns(TcgRegion *r, TcgInsn **old, uint32_t *old_count)
{
    TcgRegionFull *f = tcg_full(r);
    TcgInsn *insns = r->insns;

    if (f->spare_cap != r->insn_cap) {
        f->spare = g_renew(TcgInsn, f->spare, r->insn_cap);
        f->spare_cap = r->insn_cap;
    }
    *old = insns;
    *old_count = r->insn_count;
    r->insns = f->spare;
    f->spare = insns;
    memset(&r->insns[0], 0, sizeof(r->insns[0]));
    r->insn_count = 1;
}

uint32_t *tcg_scratch_u32(TcgRegion *r, size_t n)
{
    TcgRegionFull *f = tcg_full(r);

    if (n > f->u32_cap) {
        f->u32_cap = (uint32_t)(n + n / 2);
        g_free(f->u32);
        f->u32 = g_new(uint32_t, f->u32_cap);
    }
    return f->u32;
}

void *tcg_scratch_bytes(TcgRegion *r, size_t n)
{
    TcgRegionFull *f = tcg_full(r);

    if (n > f->bytes_cap) {
        f->bytes_cap = n + n / 2;
        g_free(f->bytes);
        f->bytes = g_malloc(f->bytes_cap);
    }
    return f->bytes;
}

uint32_t tcg_region_add_block(TcgRegion *r, uint64_t pc)
{
    GROW(r->blocks, r->block_count, r->block_cap);
    r->blocks[r->block_count] = (TcgBlock){.first = r->insn_count, .end = r->insn_count, .pc = pc};
    return r->block_count++;
}

uint32_t tcg_region_add_exit(TcgRegion *r, const TcgExit *e)
{
    GROW(r->exits, r->exit_count, r->exit_cap);
    r->exits[r->exit_count] = *e;
    return r->exit_count++;
}

uint32_t tcg_region_add_helper(TcgRegion *r, const TcgHelper *h)
{
    for (uint32_t i = 0; i < r->helper_count; i++) {
        if (r->helpers[i] == h) {
            return i;
        }
    }
    GROW(r->helpers, r->helper_count, r->helper_cap);
    r->helpers[r->helper_count] = h;
    return r->helper_count++;
}

unsigned tcg_operand_count(const TcgRegion *r, const TcgInsn *insn)
{
    unsigned n = tcg_op_info[insn->op].operand_count;

    if (insn->op == TCG_OP_CALL) {
        const TcgHelper *h = r->helpers[insn->aux];

        while (n < 4 && h->args[n] != TCG_VOID) {
            n++;
        }
    } else if (insn->op == TCG_OP_EXIT) {
        n = insn->aux < r->exit_count && r->exits[insn->aux].kind == TCG_EXIT_INDIRECT;
    }
    return n;
}

TcgType tcg_operand_type(const TcgRegion *r, const TcgInsn *insn, unsigned k)
{
    if (insn->op == TCG_OP_CALL) {
        return r->helpers[insn->aux]->args[k];
    }
    if (insn->op == TCG_OP_EXIT) {
        return TCG_I64;
    }
    if (insn->op == TCG_OP_STX && k == 1) {
        return (TcgType)insn->sub;
    }
    switch (tcg_op_info[insn->op].operands[k]) {
    case 't':
        return (TcgType)insn->type;
    case 'i':
        return TCG_I64;
    case 'w':
        return TCG_I32;
    case 'f':
        return TCG_FLAGS_T;
    case 'x':
        return (TcgType)(insn->aux & 0xff);
    case 's':
        return TCG_F32;
    case 'd':
        return TCG_F64;
    case 'v':
        return TCG_V128;
    case 'n':
        return (TcgType)insn->sub;
    default:
        return TCG_VOID;
    }
}

unsigned tcg_block_succs(const TcgRegion *r, uint32_t block, uint32_t succ[2])
{
    const TcgBlock *b = &r->blocks[block];
    const TcgInsn *last = b->end > b->first ? &r->insns[b->end - 1] : NULL;
    unsigned n = 0;

    if (last && (last->op == TCG_OP_BR || last->op == TCG_OP_BRCOND || last->op == TCG_OP_BRFLAGS)) {
        succ[n++] = last->aux;
    }
    if (!last || !(tcg_op_info[last->op].effects & TCG_EFF_TERM)) {
        if (block + 1 < r->block_count) {
            succ[n++] = block + 1;
        }
    }
    return n;
}

#define GONE UINT32_MAX

/* Removes blocks that nothing reaches; instructions stay. The new number of each block (or GONE), NULL where all stay. */
static const uint32_t *drop_unreachable(TcgRegion *r)
{
    uint32_t n = r->block_count, top = 0, live = 0, kept = 0;
    uint32_t *stack = tcg_scratch_u32(r, 3 * (size_t)n + 2), *number = stack + 2 * n + 2;
    uint32_t succ[2];

    memset(number, 0, n * sizeof(*number));
    stack[top++] = 0;
    number[0] = 1;
    live = 1;
    while (top) {
        uint32_t b = stack[--top];
        unsigned count = tcg_block_succs(r, b, succ);

        for (unsigned k = 0; k < count; k++) {
            if (!number[succ[k]]) {
                number[succ[k]] = 1;
                live++;
                stack[top++] = succ[k];
            }
        }
    }
    if (live == n) {
        return NULL;
    }
    for (uint32_t b = 0; b < n; b++) {
        if (number[b]) {
            number[b] = kept;
            r->blocks[kept++] = r->blocks[b];
        } else {
            number[b] = GONE;
            for (uint32_t i = r->blocks[b].first; i < r->blocks[b].end; i++) {
                r->insns[i] = (TcgInsn){.op = TCG_OP_NOP};
            }
        }
    }
    r->block_count = kept;
    for (uint32_t b = 0; b < kept; b++) {
        const TcgBlock *block = &r->blocks[b];
        TcgInsn *last = block->end > block->first ? &r->insns[block->end - 1] : NULL;

        if (last && (last->op == TCG_OP_BR || last->op == TCG_OP_BRCOND || last->op == TCG_OP_BRFLAGS)) {
            last->aux = number[last->aux];
        }
    }
    return number;
}

static void compute_preds(TcgRegion *r)
{
    uint32_t n = r->block_count, total = 0, succ[2];

    for (uint32_t b = 0; b < n; b++) {
        r->blocks[b].pred_count = 0;
    }
    for (uint32_t b = 0; b < n; b++) {
        unsigned count = tcg_block_succs(r, b, succ);

        for (unsigned k = 0; k < count; k++) {
            r->blocks[succ[k]].pred_count++;
        }
    }
    for (uint32_t b = 0; b < n; b++) {
        r->blocks[b].pred_first = total;
        total += r->blocks[b].pred_count;
        r->blocks[b].pred_count = 0;
    }
    if (total > r->pred_cap) {
        r->pred_cap = TCG_ROUND_UP_CAP(total);
        r->preds = g_renew(uint32_t, r->preds, r->pred_cap);
    }
    r->pred_count = total;
    for (uint32_t b = 0; b < n; b++) {
        unsigned count = tcg_block_succs(r, b, succ);

        for (unsigned k = 0; k < count; k++) {
            TcgBlock *s = &r->blocks[succ[k]];

            r->preds[s->pred_first + s->pred_count++] = b;
        }
    }
}

static void compute_loops(TcgRegion *r)
{
    TcgRegionFull *f = tcg_full(r);
    uint32_t n = r->block_count;
    bool changed = false;

    if (n > f->block_info_cap) {
        f->block_info_cap = TCG_ROUND_UP_CAP(n);
        f->loop_end = g_renew(uint32_t, f->loop_end, f->block_info_cap);
        f->loop_entry = g_renew(uint8_t, f->loop_entry, f->block_info_cap);
    }
    memset(f->loop_end, 0, n * sizeof(*f->loop_end));
    memset(f->loop_entry, 0, n);
    for (uint32_t b = 0; b < n; b++) {
        TcgBlock *block = &r->blocks[b];

        block->loop_head = false;
        block->loop_depth = 0;
        for (unsigned k = 0; k < block->pred_count; k++) {
            uint32_t p = r->preds[block->pred_first + k];

            if (p >= b) {
                block->loop_head = changed = true;
                f->loop_end[b] = MAX(f->loop_end[b], p);
            }
        }
    }
    while (changed) { /* an interval swallows those that start inside it */
        changed = false;
        for (uint32_t h = n; h-- > 0;) {
            for (uint32_t i = h + 1; r->blocks[h].loop_head && i <= f->loop_end[h]; i++) {
                if (r->blocks[i].loop_head && f->loop_end[i] > f->loop_end[h]) {
                    f->loop_end[h] = f->loop_end[i];
                    changed = true;
                }
            }
        }
    }
    for (uint32_t h = 0; h < n; h++) {
        if (!r->blocks[h].loop_head) {
            continue;
        }
        for (uint32_t i = h; i <= f->loop_end[h]; i++) {
            TcgBlock *block = &r->blocks[i];

            block->loop_depth += block->loop_depth < 255;
            for (unsigned k = 0; i > h && k < block->pred_count; k++) {
                uint32_t p = r->preds[block->pred_first + k];

                if (p < h || p > f->loop_end[h]) {
                    f->loop_entry[i] |= TCG_JOIN_ALL;
                    f->loop_entry[h] |= TCG_JOIN_ALL;
                }
            }
        }
        if (r->preds[r->blocks[h].pred_first] >= h) { /* only back edges lead here */
            f->loop_entry[h] |= TCG_JOIN_ALL;
        }
    }
}

void tcg_region_cfg(TcgRegion *r)
{
    drop_unreachable(r);
    compute_preds(r);
    compute_loops(r);
}

/* The operand that came from block @pred (its number now) when the predecessors were @old. */
static TcgVal old_phi_arg(const TcgVal *row, const uint32_t *old, unsigned count, const uint32_t *number, uint32_t pred)
{
    for (unsigned k = 0; k < count; k++) {
        if ((number ? number[old[k]] : old[k]) == pred) {
            return row[k];
        }
    }
    return TCG_NONE; /* never: edges are only removed */
}

void tcg_region_recfg(TcgRegion *r)
{
    uint32_t old_count = r->block_count;
    g_autofree uint32_t *old_preds = g_memdup2(r->preds, r->pred_count * sizeof(uint32_t));
    g_autofree TcgBlock *old_blocks = g_memdup2(r->blocks, old_count * sizeof(TcgBlock));
    const uint32_t *number = drop_unreachable(r);

    compute_preds(r);
    for (uint32_t b = 0; b < old_count; b++) {
        const TcgBlock *was = &old_blocks[b], *is;
        uint32_t now = number ? number[b] : b;

        if (now == GONE) {
            continue;
        }
        is = &r->blocks[now];
        for (TcgVal v = is->first; v < is->end && r->insns[v].op == TCG_OP_PHI; v++) {
            TcgVal *row = &r->phi_args[r->insns[v].aux];
            g_autofree TcgVal *kept = g_new(TcgVal, is->pred_count + 1);

            for (unsigned k = 0; k < is->pred_count; k++) {
                kept[k] = old_phi_arg(row, old_preds + was->pred_first, was->pred_count, number, r->preds[is->pred_first + k]);
            }
            memcpy(row, kept, is->pred_count * sizeof(*row));
        }
    }
    compute_loops(r);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dead code. One sweep from the last instruction to the first marks what is used; operands come before their users except
 * for phi operands along backward edges, which go over a stack. Then the live instructions move together. FP operations
 * stay: they accumulate exception flags. So do loads: they may fault.
 */
#include "internal.h"

#include <string.h>

typedef struct Dce {
    TcgRegion *r;
    uint8_t *live, *map_done;
    TcgVal *stack;
    uint32_t top;
} Dce;

static bool is_root(const TcgRegion *r, const TcgInsn *in)
{
    if (in->op == TCG_OP_INSN) {
        return true;
    }
    if (in->op == TCG_OP_CALL) {
        return !(r->helpers[in->aux]->flags & TCG_HELPER_PURE);
    }
    return tcg_op_info[in->op].effects & ~(uint32_t)TCG_EFF_READ_STATE;
}

static inline void mark(Dce *d, TcgVal v, TcgVal from)
{
    if (!d->live[v]) {
        d->live[v] = 1;
        if (v >= from) {
            d->stack[d->top++] = v;
        }
    }
}

static void mark_operands(Dce *d, TcgVal v, TcgVal from)
{
    const TcgRegion *r = d->r;
    const TcgInsn *in = &r->insns[v];

    for (unsigned k = 0; k < 4; k++) {
        mark(d, in->arg[k], from);
    }
    if (in->map && !d->map_done[in->map]) {
        const TcgMap *m = &r->maps[in->map];

        d->map_done[in->map] = 1;
        for (uint32_t k = 0; k < m->count; k++) {
            mark(d, r->map_entries[m->first + k].val, from);
        }
    }
}

static void mark_all(Dce *d)
{
    TcgRegion *r = d->r;

    for (uint32_t b = r->block_count; b-- > 0;) {
        const TcgBlock *block = &r->blocks[b];

        for (TcgVal v = block->end; v-- > block->first;) {
            const TcgInsn *in = &r->insns[v];

            if (!d->live[v]) {
                if (!is_root(r, in)) {
                    continue;
                }
                d->live[v] = 1;
            }
            mark_operands(d, v, v);
            if (in->op == TCG_OP_PHI) {
                for (unsigned k = 0; k < block->pred_count; k++) {
                    mark(d, r->phi_args[in->aux + k], v);
                }
            }
            while (d->top) {
                TcgVal late = d->stack[--d->top];

                mark_operands(d, late, v);
                if (r->insns[late].op == TCG_OP_PHI) { /* in a block further down, whose own sweep is over */
                    const TcgBlock *home = block;

                    while (late >= home->end) {
                        home++;
                    }
                    for (unsigned k = 0; k < home->pred_count; k++) {
                        mark(d, r->phi_args[r->insns[late].aux + k], v);
                    }
                }
            }
        }
    }
}

/* A branch to the next block is the same as falling into it. */
static bool is_noop_branch(const TcgInsn *in, uint32_t block) { return in->op == TCG_OP_BR && in->aux == block + 1; }

static void compact(TcgRegion *r, const uint8_t *live, TcgVal *remap)
{
    uint32_t n = 1;

    for (uint32_t b = 0; b < r->block_count; b++) {
        TcgBlock *block = &r->blocks[b];
        uint32_t first = n;

        for (TcgVal v = block->first; v < block->end; v++) {
            TcgInsn *in = &r->insns[v];

            if (!live[v] || in->op == TCG_OP_NOP || is_noop_branch(in, b)) {
                remap[v] = TCG_NONE;
                continue;
            }
            remap[v] = n;
            if (n != v) {
                r->insns[n] = *in;
                in = &r->insns[n];
            }
            for (unsigned k = 0; k < 4; k++) {
                in->arg[k] = remap[in->arg[k]];
            }
            n++;
        }
        block->first = first;
        block->end = n;
    }
    r->insn_count = n;
    for (uint32_t i = 0; i < r->phi_arg_count; i++) {
        r->phi_args[i] = remap[r->phi_args[i]];
    }
    for (uint32_t i = 0; i < r->map_entry_count; i++) {
        r->map_entries[i].val = remap[r->map_entries[i].val];
    }
}

void tcg_pass_dce(TcgRegion *r)
{
    uint32_t n = r->insn_count;
    TcgVal *remap = tcg_scratch_u32(r, 2 * (size_t)n);
    Dce d = {.r = r, .live = tcg_scratch_bytes(r, (size_t)n + r->map_count), .stack = remap};

    d.map_done = d.live + n;
    memset(d.live, 0, (size_t)n + r->map_count);
    d.live[0] = 1; /* "none" is never pushed */
    mark_all(&d);
    memset(remap, 0, n * sizeof(*remap)); /* what no block holds is nothing */
    compact(r, d.live, remap);
}

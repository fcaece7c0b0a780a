/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Groups of memory accesses that share one TLB check: loads and stores of one block off the same base value with
 * different displacements, as in a function's prologue or a walk over a structure's members.
 *
 * A group with a store checks the write table: a page whose write entry is fast is RAM that may be read as well (no target has
 * pages that can only be written, and watchpoints make all entries of a page slow). A store that may not be reached, behind
 * an exit, does not turn a group of loads into one of stores: on a read-only page every leader would fail.
 *
 * The first access of a group, its leader, checks that the whole range of the group lies on one page that hits, and keeps the
 * page's addend in a value of its own (a pseudo value behind those of the region's instructions), which lives to the last
 * member. Where that fails (miss, slow page, range over two pages) the value is 1, which no addend is: addends are page aligned.
 * The check takes in the strictest alignment of the members.
 * A member tests that bit and accesses memory; on a 1 it makes its own check, out of line.
 *
 * Why an addend may be kept so long: only this thread takes entries of the read tables away, between regions or inside a helper (groups
 * end at calls). For write tables it is as for a single access, only longer: another thread that makes an entry slow cannot be
 * sure before this vCPU has left its region.
 */
#include "cg.h"

#define MAX_OPEN 8
#define MAX_RANGE 512   /* bytes; wide ranges cross pages too often */
#define MAX_GAP 120     /* instructions between two members */

static bool eligible(const Cg *c, const TcgInsn *in)
{
    TcgMem mem = in->aux;
    int64_t disp = (int64_t)in->imm;
    if (in->op != TCG_OP_LD && in->op != TCG_OP_ST)
        return false;
    if ((c->val[c->val[in->arg[0]].root].flags & VF_CONST) || disp > (1 << 30) || disp < -(1 << 30))
        return false;
    return tcg_mem_size_log2(mem) <= 4 && !(tcg_mem_size_log2(mem) > 3 && tcg_mem_big(mem));
}

/* Do the alignments agree? If not, one of them faults */
static bool same_alignment(const Group *g, uint32_t mask, int32_t disp)
{
    return ((uint32_t)(disp - g->aligned) & MIN(g->align, mask)) == 0;
}

static void find_in_block(Cg *c, const TcgBlock *blk)
{
    CgScratch *s = c->s;
    uint32_t open[MAX_OPEN], n = 0;

    for (uint32_t i = blk->first; i < blk->end; i++) {
        const TcgInsn *in = &c->r->insns[i];
        if (in->op == TCG_OP_CALL)
            n = 0;
        if (in->op == TCG_OP_EXIT_IF || in->op == TCG_OP_EXIT_FLAGS)
            for (uint32_t k = 0; k < n; k++)
                s->group[open[k]].passed_exit = true;
        if (!eligible(c, in))
            continue;
        uint32_t base = c->val[in->arg[0]].root, k;
        int32_t lo = (int32_t)in->imm, hi = lo + (int32_t)tcg_mem_bytes(in->aux);
        uint32_t align = tcg_mem_align_mask(in->aux);
        bool write = in->op == TCG_OP_ST;
        for (k = 0; k < n; k++) {
            Group *g = &s->group[open[k]];
            if (g->base == base && (g->write || !write || !g->passed_exit) && g->mmu == tcg_mem_mmu(in->aux) && i - g->last < MAX_GAP &&
                MAX(hi, g->hi) - MIN(lo, g->lo) <= MAX_RANGE && same_alignment(g, align, lo)) {
                if (align > g->align) {
                    g->align = align;
                    g->aligned = lo;
                }
                g->lo = MIN(lo, g->lo);
                g->hi = MAX(hi, g->hi);
                g->write |= write;
                g->last = i;
                g->count++;
                s->group_of[i] = (uint16_t)open[k];
                break;
            }
        }
        if (k < n || s->group_count == UINT16_MAX)
            continue;
        GROW(s->group, s->group_count, s->group_cap);
        s->group[s->group_count] = (Group){.base = base, .first = i, .last = i, .lo = lo, .hi = hi, .count = 1,
                                           .align = align, .aligned = lo,
                                           .write = write, .mmu = (uint8_t)tcg_mem_mmu(in->aux),
                                           .cold = !blk->loop_depth};
        s->group_of[i] = (uint16_t)s->group_count;
        open[n < MAX_OPEN ? n++ : i % MAX_OPEN] = s->group_count++;
    }
}

void cg_find_groups(Cg *c)
{
    CgScratch *s = c->s;
    uint32_t next = c->r->insn_count;

    s->group_count = 1; /* 0: none */
    GROW(s->group, 1, s->group_cap);
    memset(s->group_of, 0, c->r->insn_count * sizeof *s->group_of);
    for (uint32_t b = 0; b < c->r->block_count; b++)
        find_in_block(c, &c->r->blocks[b]);
    for (uint32_t k = 1; k < s->group_count; k++) {
        Group *g = &s->group[k];
        if (g->count < 2u + g->cold) { /* two alone take more code for their slow paths than they save, but in a loop */
            s->group_of[g->first] = s->group_of[g->last] = 0;
            continue;
        }
        g->val = next++;
        c->val[g->val] = (Val){.root = g->val, .map_root = g->val, .start = 2 * g->first, .reg = NOREG, .home = -1,
                               .type = TCG_I64, .cls = CLS_GPR};
    }
}

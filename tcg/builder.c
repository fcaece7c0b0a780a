/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The builder's skeleton: guest instructions, blocks, labels, branches and exits. (builder-ops.c has the emitters of values.)
 *
 * Block 0 never has predecessors: where the region's first PC is itself a label, block 0 stays empty and is the place for
 * what a loop wants to have loaded before it starts.
 *
 * While building, the aux of a branch is a label number; tcg_builder_end() makes it a block number, turns branches to labels
 * that were never reached by the region former into exits, and drops unreachable blocks. A NOP after the INSN of each labelled
 * PC is the place for a POLL: it becomes one where a backward edge leads there. Polling at the head of the loop, before any of
 * the instruction is done, leaves through an exit whose state is complete by construction.
 */
#include "builder-internal.h"

#include <string.h>

TcgBuilder *tcg_builder_new(void) { return g_new0(TcgBuilder, 1); }

void tcg_builder_free(TcgBuilder *b)
{
    if (b) {
        g_free(b->labels);
        g_free(b);
    }
}

TcgRegion *tcg_builder_region(TcgBuilder *b) { return b->r; }
uint64_t tcg_builder_pc(const TcgBuilder *b) { return b->pc; }
unsigned tcg_builder_len(const TcgBuilder *b) { return b->len; }
bool tcg_builder_reachable(const TcgBuilder *b) { return b->reachable; }

static unsigned pc_slot(uint64_t pc) { return (unsigned)((pc ^ pc >> 9) >> 1) & (BUILDER_PC_SLOTS - 1); }

/* The label of @pc, or NULL. The table is open addressed; at most half of it is ever used. */
static BuilderLabel *find_pc_label(TcgBuilder *b, uint64_t pc, unsigned *free_slot)
{
    unsigned i = pc_slot(pc);

    while (b->pc_gen[i] == b->gen) {
        BuilderLabel *l = &b->labels[b->pc_label[i]];

        if (l->pc == pc) {
            return l;
        }
        i = (i + 1) & (BUILDER_PC_SLOTS - 1);
    }
    if (free_slot) {
        *free_slot = i;
    }
    return NULL;
}

static TcgLabel new_label(TcgBuilder *b, uint64_t pc, bool local)
{
    if (b->label_count == b->label_cap) {
        b->label_cap = TCG_ROUND_UP_CAP(b->label_count + 1);
        b->labels = g_renew(BuilderLabel, b->labels, b->label_cap);
    }
    b->labels[b->label_count] =
        (BuilderLabel){.pc = pc, .block = LABEL_UNBOUND, .local = local, .guest = b->e ? b->e->guest : 0};
    return b->label_count++;
}

void tcg_builder_begin(TcgBuilder *b, TcgRegion *r)
{
    b->r = r;
    b->e = &tcg_full(r)->emit;
    b->label_count = b->pc_label_count = 0;
    if (++b->gen == 0) {
        memset(b->pc_gen, 0, sizeof(b->pc_gen));
        b->gen = 1;
    }
    b->reachable = true;
    b->full = false;
    b->pc = r->pc;
    b->len = 0;
    tcg_emit_begin(b->e);
    tcg_region_add_block(r, UINT64_MAX);
}

void tcg_builder_label_pc(TcgBuilder *b, uint64_t pc)
{
    unsigned slot;

    if (b->pc_label_count >= BUILDER_PC_SLOTS / 2 || find_pc_label(b, pc, &slot)) {
        return; /* what has no label becomes an exit */
    }
    b->pc_label[slot] = (uint16_t)new_label(b, pc, false);
    b->pc_gen[slot] = b->gen;
    b->pc_label_count++;
}

static void start_block(TcgBuilder *b, uint64_t pc, bool merges)
{
    TcgRegion *r = b->r;

    r->blocks[r->block_count - 1].end = r->insn_count;
    tcg_region_add_block(r, pc);
    if (merges) {
        tcg_emit_new_block(b->e);
    }
}

TcgVal tcg_builder_append(TcgBuilder *b, const TcgInsn *in) { return tcg_emit_append(b->e, in); }

static void end_flow(TcgBuilder *b) { b->reachable = false; }

/* After a conditional branch: what follows is a block of its own. */
static void after_branch(TcgBuilder *b) { start_block(b, UINT64_MAX, false); }

static uint32_t add_exit(TcgBuilder *b, TcgExit exit)
{
    exit.guest = b->e->guest;
    return tcg_region_add_exit(b->r, &exit);
}

static void emit_exit(TcgBuilder *b, TcgExit exit, TcgVal target)
{
    TcgInsn in = {.op = TCG_OP_EXIT, .arg = {target}, .aux = add_exit(b, exit)};

    tcg_builder_append(b, &in);
    end_flow(b);
}

void tcg_builder_insn(TcgBuilder *b, uint64_t pc, unsigned len)
{
    TcgRegion *r = b->r;
    BuilderLabel *l;
    bool bind;

    b->pc = pc;
    b->len = len;
    if (r->guest_count >= TCG_MAX_GUEST_INSNS && !b->full) {
        if (b->reachable) {
            emit_exit(b, (TcgExit){.kind = TCG_EXIT_DIRECT, .edge = TCG_EDGE_FALL, .pc = pc}, TCG_NONE);
        }
        b->full = true;
    }
    if (b->full) {
        return;
    }
    r->guest[r->guest_count] = (TcgGuestInsn){pc, (uint8_t)len};
    b->e->guest = (uint16_t)r->guest_count++;
    l = b->pc_label_count ? find_pc_label(b, pc, NULL) : NULL;
    bind = l && l->block == LABEL_UNBOUND;
    if (bind) {
        TcgBlock *last = &r->blocks[r->block_count - 1];

        if (b->reachable && r->block_count > 1 && last->first == r->insn_count && last->pc == UINT64_MAX) {
            last->pc = pc; /* nothing in it yet: a branch ended right before */
            tcg_emit_new_block(b->e);
        } else {
            start_block(b, pc, true);
        }
        l->block = r->block_count - 1;
        b->reachable = true;
    } else if (!b->reachable) {
        return;
    } else if (r->blocks[r->block_count - 1].first == r->insn_count) {
        r->blocks[r->block_count - 1].pc = pc;
    }
    tcg_builder_append(b, &(TcgInsn){.op = TCG_OP_INSN, .aux = len, .imm = pc});
    if (bind) {
        l->poll = tcg_builder_append(b, &(TcgInsn){.op = TCG_OP_NOP});
    }
}

/* --- branches between guest instructions --- */

static void emit_compare(TcgBuilder *b, TcgOp op, TcgCompare c, uint32_t aux)
{
    tcg_builder_append(b, &(TcgInsn){.op = (uint16_t)op, .type = (uint8_t)c.type, .cond = (uint8_t)c.cond, .arg = {c.a, c.b}, .aux = aux});
}

void tcg_branch(TcgBuilder *b, TcgCond cond, TcgType cmp_type, TcgVal x, TcgVal y, uint64_t pc)
{
    TcgCompare c = {cmp_type, cond, x, y};
    BuilderLabel *l;
    int known;

    if (!b->reachable) {
        return;
    }
    known = tcg_fold_compare(b->e, &c);
    if (known == 0) {
        return;
    }
    if (known == 1) {
        tcg_goto(b, pc, TCG_EDGE_JUMP, 0);
        return;
    }
    l = find_pc_label(b, pc, NULL);
    if (l) {
        emit_compare(b, TCG_OP_BRCOND, c, (uint32_t)(l - b->labels));
        after_branch(b);
    } else {
        emit_compare(b, TCG_OP_EXIT_IF, c, add_exit(b, (TcgExit){.kind = TCG_EXIT_DIRECT, .edge = TCG_EDGE_JUMP, .pc = pc}));
    }
}

void tcg_branch_flags(TcgBuilder *b, TcgFlagCond cond, TcgVal flags, uint64_t pc)
{
    TcgCompare c;
    BuilderLabel *l;

    if (!b->reachable) {
        return;
    }
    if (tcg_fold_flagtest(b->e, flags, cond, &c)) {
        tcg_branch(b, c.cond, c.type, c.a, c.b, pc);
        return;
    }
    l = find_pc_label(b, pc, NULL);
    if (l) {
        tcg_builder_append(b, &(TcgInsn){.op = TCG_OP_BRFLAGS, .cond = (uint8_t)cond, .arg = {flags}, .aux = (uint32_t)(l - b->labels)});
        after_branch(b);
    } else {
        uint32_t exit = add_exit(b, (TcgExit){.kind = TCG_EXIT_DIRECT, .edge = TCG_EDGE_JUMP, .pc = pc});

        tcg_builder_append(b, &(TcgInsn){.op = TCG_OP_EXIT_FLAGS, .cond = (uint8_t)cond, .arg = {flags}, .aux = exit});
    }
}

void tcg_goto(TcgBuilder *b, uint64_t pc, TcgEdge edge, uint64_t return_pc)
{
    BuilderLabel *l;

    if (!b->reachable) {
        return;
    }
    l = find_pc_label(b, pc, NULL);
    if (l) {
        tcg_builder_append(b, &(TcgInsn){.op = TCG_OP_BR, .aux = (uint32_t)(l - b->labels)});
        end_flow(b);
    } else {
        emit_exit(b, (TcgExit){.kind = TCG_EXIT_DIRECT, .edge = (uint8_t)edge, .pc = pc, .return_pc = return_pc}, TCG_NONE);
    }
}

void tcg_goto_indirect(TcgBuilder *b, TcgVal pc, TcgEdge edge, uint64_t return_pc)
{
    uint64_t known;

    if (!b->reachable) {
        return;
    }
    if (tcg_is_const(b, pc, &known)) {
        tcg_goto(b, known, edge, return_pc);
        return;
    }
    emit_exit(b, (TcgExit){.kind = TCG_EXIT_INDIRECT, .edge = (uint8_t)edge, .return_pc = return_pc}, pc);
}

void tcg_exit(TcgBuilder *b, TcgReason reason, uint64_t pc)
{
    if (b->reachable) {
        emit_exit(b, (TcgExit){.kind = TCG_EXIT_RUNTIME, .edge = TCG_EDGE_JUMP, .reason = (uint32_t)reason, .pc = pc}, TCG_NONE);
    }
}

/* --- labels within one guest instruction --- */

TcgLabel tcg_label_new(TcgBuilder *b) { return new_label(b, b->pc, true); }

void tcg_label_branch(TcgBuilder *b, TcgLabel l, TcgCond cond, TcgType cmp_type, TcgVal x, TcgVal y)
{
    TcgCompare c = {cmp_type, cond, x, y};
    int known;

    if (!b->reachable) {
        return;
    }
    known = tcg_fold_compare(b->e, &c);
    if (known == 1) {
        tcg_label_goto(b, l);
    } else if (known < 0) {
        b->labels[l].refs++;
        emit_compare(b, TCG_OP_BRCOND, c, l);
        after_branch(b);
    }
}

void tcg_label_goto(TcgBuilder *b, TcgLabel l)
{
    if (b->reachable) {
        b->labels[l].refs++;
        tcg_builder_append(b, &(TcgInsn){.op = TCG_OP_BR, .aux = l});
        end_flow(b);
    }
}

void tcg_label_bind(TcgBuilder *b, TcgLabel l)
{
    BuilderLabel *label = &b->labels[l];

    if (!b->reachable && label->refs == 0) {
        return;
    }
    start_block(b, UINT64_MAX, true);
    label->block = b->r->block_count - 1;
    b->reachable = true;
}

/* --- the end --- */

/* A branch to a label without a block leaves the region. A local one (a frontend's mistake) starts its instruction again. */
static void branch_to_exit(TcgBuilder *b, TcgInsn *in, const BuilderLabel *l)
{
    TcgExit exit = {.kind = l->local ? TCG_EXIT_RUNTIME : TCG_EXIT_DIRECT, .edge = TCG_EDGE_JUMP, .pc = l->pc, .guest = in->guest};

    in->op = in->op == TCG_OP_BR ? TCG_OP_EXIT : in->op == TCG_OP_BRCOND ? TCG_OP_EXIT_IF : TCG_OP_EXIT_FLAGS;
    in->aux = tcg_region_add_exit(b->r, &exit);
}

static void resolve_labels(TcgBuilder *b)
{
    TcgRegion *r = b->r;

    for (uint32_t i = 0; i < r->block_count; i++) {
        const TcgBlock *block = &r->blocks[i];
        TcgInsn *last = &r->insns[block->end - 1];
        BuilderLabel *l;

        if (block->end == block->first || (last->op != TCG_OP_BR && last->op != TCG_OP_BRCOND && last->op != TCG_OP_BRFLAGS)) {
            continue;
        }
        l = &b->labels[last->aux];
        if (l->block == LABEL_UNBOUND) {
            branch_to_exit(b, last, l);
            continue;
        }
        last->aux = l->block;
        if (l->block <= i && l->poll && r->insns[l->poll].op == TCG_OP_NOP) {
            TcgInsn *poll = &r->insns[l->poll];
            TcgExit exit = {.kind = TCG_EXIT_RUNTIME, .reason = TCG_REASON_NONE, .pc = l->pc, .guest = poll->guest};

            poll->op = TCG_OP_POLL;
            poll->aux = tcg_region_add_exit(r, &exit);
            r->backward_polls = true;
        }
    }
}

void tcg_builder_end(TcgBuilder *b, uint64_t next_pc)
{
    TcgRegion *r = b->r;

    if (b->reachable) {
        emit_exit(b, (TcgExit){.kind = TCG_EXIT_DIRECT, .edge = TCG_EDGE_FALL, .pc = next_pc}, TCG_NONE);
    }
    r->blocks[r->block_count - 1].end = r->insn_count;
    resolve_labels(b);
    tcg_region_cfg(r);
}

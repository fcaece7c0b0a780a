/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What promotion plans per block before it copies (promote-plan.c); see promote.c.
 */
#ifndef TCG_PROMOTE_H
#define TCG_PROMOTE_H

#include "internal.h"

/*
 * A narrow form: all values a slot can have at a point were made by widening. Its phi is then made of what was widened, and the
 * widening, done behind the phi, is often needed by exit maps only: float accumulators and 32-bit loop counters stay narrow.
 */
enum { FORM_BOX32, FORM_EXTS, FORM_COUNT };

typedef struct TcgPromoteBlock {
    TcgSlotSet use;       /* read by GET before written here */
    TcgSlotSet use_dirty; /* needed here where dirty: exit maps, stores before helpers */
    TcgSlotSet def;       /* written here: by PUT or by a helper */
    TcgSlotSet gen;       /* dirty at the end because of this block */
    TcgSlotSet kill;      /* stored or overwritten in memory here */
    TcgSlotSet dirty_in;  /* may be dirty at the start */
    TcgSlotSet live_in;   /* needed at the start */
    TcgSlotSet phis;      /* where a phi may be needed */
    TcgSlotSet keep;      /* heads of loops: of `phis`, those that nothing in the loop writes */
    TcgSlotSet widened[FORM_COUNT];     /* where live at the start, always of this form (once planned: and worth it) */
    TcgSlotSet form_gen[FORM_COUNT];    /* last written here by such a value */
    TcgSlotSet form_kill[FORM_COUNT];   /* last written here by another, or by a helper */
    TcgSlotSet store;     /* flags: stored at the end, because a block that merges follows where they are needed */
    uint32_t phi_first;   /* phi_args of the first of `phis`; pred_count per slot */
    bool jumps;           /* has a successor that is not the next block */
} TcgPromoteBlock;

/*
 * NULL where no block has more than one predecessor. The array is followed by room for two values for each slot and
 * one slot set, for each block. @view: the type to keep each slot's value in where blocks meet: a 64-bit register that the
 * region (its loops above all) uses as f64 shall not go through an integer register.
 */
TcgPromoteBlock *tcg_promote_plan(TcgRegion *r, uint8_t view[TCG_MAX_SLOTS]);
/* Slots a helper may read and may write, with the _ALL flags resolved. */
void tcg_helper_effects(const TcgHelper *h, unsigned slot_count, TcgSlotSet *reads, TcgSlotSet *writes);

#endif

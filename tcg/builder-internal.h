/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The builder's state, for its own files.
 */
#ifndef TCG_BUILDER_INTERNAL_H
#define TCG_BUILDER_INTERNAL_H

#include "internal.h"
#include "tcg/builder.h"

#define BUILDER_PC_SLOTS 1024
#define LABEL_UNBOUND UINT32_MAX

typedef struct BuilderLabel {
    uint64_t pc;    /* of the label, or of the guest instruction a local label belongs to */
    uint32_t block;
    TcgVal poll;    /* the NOP that becomes a POLL */
    uint32_t refs;
    uint16_t guest;
    bool local;
} BuilderLabel;

struct TcgBuilder {
    TcgRegion *r;
    TcgEmit *e;
    uint64_t pc;
    unsigned len;
    bool reachable;
    bool full;      /* no room for more guest instructions */
    BuilderLabel *labels;
    uint32_t label_count, label_cap, pc_label_count;
    uint32_t gen;   /* entries of pc_label with another pc_gen are empty */
    uint32_t pc_gen[BUILDER_PC_SLOTS];
    uint16_t pc_label[BUILDER_PC_SLOTS];
};

TcgVal tcg_builder_append(TcgBuilder *b, const TcgInsn *in);

#endif

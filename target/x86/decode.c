/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The decoder: prefixes, opcode, ModRM, SIB, displacement and immediates (SDM 2A chapter 2), by the compiled rows. It
 * is a function of code bytes, pc and region flags; it looks at no byte that the instruction does not have.
 */
#include <string.h>

#include "decode-internal.h"

typedef struct Cursor {
    const uint8_t *p, *end;
    bool short_of; /* more bytes were needed */
} Cursor;

static inline unsigned take(Cursor *c)
{
    if (c->p == c->end) {
        c->short_of = true;
        return 0;
    }
    return *c->p++;
}

static inline uint64_t take_bytes(Cursor *c, unsigned n)
{
    uint64_t v = 0;
    if ((size_t)(c->end - c->p) < n) {
        c->p = c->end;
        c->short_of = true;
        return 0;
    }
    for (unsigned i = 0; i < n; i++) {
        v |= (uint64_t)c->p[i] << (8 * i);
    }
    c->p += n;
    return v;
}

static inline int64_t sign_extend(uint64_t v, unsigned bytes)
{
    unsigned up = 64 - 8 * bytes;
    return (int64_t)(v << up) >> up;
}

/* --- prefixes and opcode --- */

typedef struct Prefixes {
    unsigned rex;   /* the byte, 0: none */
    unsigned last_rep;
    bool address, protected_mode;
    unsigned vex_r, vex_x, vex_b; /* inverted bits put right */
} Prefixes;

/* Takes prefixes; returns the first byte that is none. */
static unsigned take_prefixes(X86Insn *d, Cursor *c, Prefixes *pf)
{
    bool is64 = x86_is64(d);
    for (;;) {
        unsigned byte = take(c);
        switch (byte) {
        case 0x26: case 0x2e: case 0x36: case 0x3e:
            d->seg = (int8_t)(byte >> 3 & 3);
            d->seg_override = true;
            break;
        case 0x64: case 0x65:
            d->seg = (int8_t)(byte - 0x64 + X86_FS);
            d->seg_override = true;
            break;
        case 0x66:
            d->opsize_prefix = true;
            break;
        case 0x67:
            pf->address = true;
            break;
        case 0xf0:
            d->lock = true;
            break;
        case 0xf2: case 0xf3:
            pf->last_rep = byte;
            break;
        default:
            if (is64 && (byte & 0xf0) == 0x40) {
                pf->rex = byte;
                continue;
            }
            return byte;
        }
        pf->rex = 0; /* counts only right before the opcode */
        if (c->short_of) {
            return 0;
        }
    }
}

/* C4 and C5 are VEX in 64-bit mode, and elsewhere where LES and LDS would have a register operand. True: it is one;
 * *ok: it is legal. */
static bool take_vex(X86Insn *d, Cursor *c, Prefixes *pf, unsigned byte, bool *ok)
{
    unsigned b1, b2;
    if ((byte != 0xc4 && byte != 0xc5) || c->p == c->end) {
        c->short_of |= c->p == c->end && (byte == 0xc4 || byte == 0xc5);
        return false;
    }
    if (!x86_is64(d) && *c->p < 0xc0) {
        return false;
    }
    b1 = take(c);
    pf->vex_r = (~b1 >> 7 & 1) << 3;
    b2 = b1;
    d->map = 2;
    if (byte == 0xc4) {
        d->map = (uint8_t)((b1 & 31) + 1);
        pf->vex_x = (~b1 >> 6 & 1) << 3;
        pf->vex_b = (~b1 >> 5 & 1) << 3;
        b2 = take(c);
        d->rex_w = b2 >> 7;
    }
    d->vex = true;
    d->vex_l = b2 >> 2 & 1;
    d->vvvv = ~b2 >> 3 & 15;
    *ok =
        pf->protected_mode && !d->lock && !d->opsize_prefix && !pf->last_rep && !pf->rex && d->map >= 2 && d->map <= 4;
    if (!x86_is64(d)) {
        pf->vex_r = pf->vex_x = pf->vex_b = 0;
        d->vvvv &= 7;
    }
    static const uint8_t prefix_of[] = {0, 0x66, 0xf3, 0xf2};
    d->opsize_prefix = prefix_of[b2 & 3] == 0x66;
    pf->last_rep = prefix_of[b2 & 3] >= 0xf2 ? prefix_of[b2 & 3] : 0;
    d->opcode = (uint8_t)take(c);
    return true;
}

static void take_opcode(X86Insn *d, Cursor *c, unsigned byte)
{
    d->map = 1;
    if (byte == 0x0f) {
        byte = take(c);
        d->map = 2;
        if (byte == 0x38 || byte == 0x3a) {
            d->map = byte == 0x38 ? 3 : 4;
            byte = take(c);
        }
    }
    d->opcode = (uint8_t)byte;
}

/* --- ModRM --- */

static void address16(X86Insn *d, Cursor *c)
{
    static const int8_t base[] = {X86_BX, X86_BX, X86_BP, X86_BP, X86_SI, X86_DI, X86_BP, X86_BX};
    static const int8_t index[] = {X86_SI, X86_DI, X86_SI, X86_DI, -1, -1, -1, -1};
    unsigned rm = d->modrm & 7;
    d->base = base[rm];
    d->index = index[rm];
    if (d->mod == 0 && rm == 6) {
        d->base = -1;
        d->disp = (int64_t)take_bytes(c, 2);
    } else if (d->mod == 1) {
        d->disp = sign_extend(take_bytes(c, 1), 1);
    } else if (d->mod == 2) {
        d->disp = sign_extend(take_bytes(c, 2), 2);
    }
}

static void address32(X86Insn *d, Cursor *c, unsigned b, unsigned x)
{
    unsigned rm = d->modrm & 7, base = rm;
    d->base = (int8_t)(rm | b);
    if (rm == 4) {
        unsigned sib = take(c);
        unsigned index = (sib >> 3 & 7) | x;
        d->index = index == 4 ? -1 : (int8_t)index; /* for vector indexes see x86_vsib_index() */
        d->sib_index = (uint8_t)index;
        d->scale = (uint8_t)(sib >> 6);
        base = sib & 7;
        d->base = (int8_t)(base | b);
    }
    if (d->mod == 0 && base == 5) {
        d->base = rm == 5 && x86_is64(d) ? -2 : -1;
        d->disp = sign_extend(take_bytes(c, 4), 4);
    } else if (d->mod == 1) {
        d->disp = sign_extend(take_bytes(c, 1), 1);
    } else if (d->mod == 2) {
        d->disp = sign_extend(take_bytes(c, 4), 4);
    }
}

static void take_modrm(X86Insn *d, Cursor *c, const Prefixes *pf)
{
    unsigned r = pf->vex_r | (pf->rex & 4) << 1, x = pf->vex_x | (pf->rex & 2) << 2, b = pf->vex_b | (pf->rex & 1) << 3;
    d->has_modrm = true;
    d->modrm = (uint8_t)take(c);
    if (d->map == 2 && (d->opcode & 0xfc) == 0x20) { /* MOV to and from control and debug registers ignores mod */
        d->modrm |= 0xc0;
    }
    d->mod = d->modrm >> 6;
    d->reg = (uint8_t)((d->modrm >> 3 & 7) | r);
    d->rm = (uint8_t)((d->modrm & 7) | b);
    if (d->mod == 3 || c->short_of) {
        return;
    }
    if (d->addrsize == 2) {
        address16(d, c);
    } else {
        address32(d, c, b, x);
    }
}

/* Segment of the memory operand: the stack's where BP or SP is the base; in 64-bit mode only FS and GS are different
 * from nothing. */
static void choose_segment(X86Insn *d)
{
    if (d->seg_override && (!x86_is64(d) || d->seg >= X86_FS)) {
        return;
    }
    d->seg_override = false;
    d->seg = d->has_modrm && d->mod != 3 && (d->base == X86_BP || d->base == X86_SP) ? X86_SS : X86_DS;
}

/* --- operands --- */

static unsigned operand_bytes(const X86Insn *d, unsigned size)
{
    switch (size) {
    case X86_SZ_B: case X86_SZ_BS:
        return 1;
    case X86_SZ_W:
        return 2;
    case X86_SZ_D:
        return 4;
    case X86_SZ_Q:
        return 8;
    case X86_SZ_Z:
        return MIN(d->opsize, 4u);
    case X86_SZ_Y:
        return x86_is64(d) && (d->rex_w || d->row->flags & X86_ROW_F64) ? 8 : 4;
    case X86_SZ_DQ:
        return 16;
    case X86_SZ_QQ:
        return 32;
    case X86_SZ_X:
        return d->vex_l ? 32 : 16;
    case X86_SZ_T:
        return 10;
    case X86_SZ_S:
        return x86_is64(d) ? 10 : 6;
    case X86_SZ_NATIVE:
        return x86_is64(d) ? 8 : 4;
    default: /* V, P, A */
        return d->opsize;
    }
}

static void gpr_operand(const X86Insn *d, X86Operand *o, unsigned reg)
{
    o->kind = X86_OP_GPR;
    o->reg = (uint8_t)reg;
    if (o->bytes == 1 && !d->rex && reg >= 4 && reg < 8 && !d->vex) {
        o->kind = X86_OP_GPR_HIGH;
        o->reg = (uint8_t)(reg - 4);
    }
}

static void set_reg(X86Operand *o, X86OpKind kind, unsigned reg)
{
    o->kind = (uint8_t)kind;
    o->reg = (uint8_t)reg;
}

static void immediate(X86Insn *d, Cursor *c, X86Operand *o, unsigned size)
{
    unsigned bytes = o->bytes;
    o->kind = X86_OP_IMM;
    if (size == X86_SZ_V || size == X86_SZ_Z || size == X86_SZ_BS || size == X86_SZ_D) {
        o->imm = sign_extend(take_bytes(c, bytes), bytes);
        o->bytes = size == X86_SZ_V || size == X86_SZ_D ? (uint8_t)bytes : d->opsize;
    } else {
        o->imm = (int64_t)take_bytes(c, bytes);
    }
}

static void take_operand(X86Insn *d, Cursor *c, const X86CompiledOperand *co, X86Operand *o, unsigned b)
{
    *o = (X86Operand){.bytes = (uint8_t)operand_bytes(d, co->size)};
    switch (co->code) {
    case X86_OC_E: case X86_OC_R: case X86_OC_M:
        if (d->mod == 3 || co->code == X86_OC_R) {
            gpr_operand(d, o, d->rm);
        } else {
            o->kind = X86_OP_MEM;
        }
        break;
    case X86_OC_G:
        gpr_operand(d, o, d->reg);
        break;
    case X86_OC_B:
        set_reg(o, X86_OP_GPR, d->vvvv);
        break;
    case X86_OC_Z:
        gpr_operand(d, o, (d->opcode & 7u) | b);
        break;
    case X86_OC_W: case X86_OC_U:
        set_reg(o, d->mod == 3 ? X86_OP_VEC : X86_OP_MEM, d->mod == 3 ? d->rm : 0);
        break;
    case X86_OC_V:
        set_reg(o, X86_OP_VEC, d->reg);
        break;
    case X86_OC_H:
        set_reg(o, X86_OP_VEC, d->vex ? d->vvvv : d->reg);
        break;
    case X86_OC_L:
        d->is4 = (uint8_t)take(c);
        set_reg(o, X86_OP_VEC, x86_is64(d) ? d->is4 >> 4 : d->is4 >> 4 & 7);
        break;
    case X86_OC_P:
        set_reg(o, X86_OP_MMX, d->reg & 7);
        break;
    case X86_OC_Q: case X86_OC_N:
        set_reg(o, d->mod == 3 ? X86_OP_MMX : X86_OP_MEM, d->mod == 3 ? d->rm & 7 : 0);
        break;
    case X86_OC_S:
        set_reg(o, X86_OP_SEG, d->modrm >> 3 & 7); /* 6 and 7 do not exist: see x86_decode */
        break;
    case X86_OC_C:
        set_reg(o, X86_OP_CR, d->reg);
        break;
    case X86_OC_D:
        set_reg(o, X86_OP_DR, d->reg);
        break;
    case X86_OC_I:
        immediate(d, c, o, co->size);
        break;
    case X86_OC_J:
        o->kind = X86_OP_REL;
        o->imm = sign_extend(take_bytes(c, co->size == X86_SZ_B ? 1 : MIN(d->opsize, 4u)),
                             co->size == X86_SZ_B ? 1 : MIN(d->opsize, 4u));
        break;
    case X86_OC_O:
        o->kind = X86_OP_MEM;
        d->disp = (int64_t)take_bytes(c, d->addrsize);
        break;
    case X86_OC_A:
        o->kind = X86_OP_FAR;
        o->imm = (int64_t)take_bytes(c, d->opsize);
        d->selector = (uint16_t)take_bytes(c, 2);
        break;
    case X86_OC_FIXED_GPR:
        set_reg(o, X86_OP_GPR, co->fixed);
        break;
    case X86_OC_FIXED_SEG:
        set_reg(o, X86_OP_SEG, co->fixed);
        break;
    case X86_OC_ONE:
        o->kind = X86_OP_IMM;
        o->imm = 1;
        break;
    default:
        break;
    }
}

/* --- rows --- */

static const X86CompiledRow *find_row(const X86Insn *d, const X86DecodeTables *t, const X86Bucket *b, unsigned last_rep)
{
    unsigned prefix = last_rep == 0xf3   ? X86_PREFIX_F3
                      : last_rep == 0xf2 ? X86_PREFIX_F2
                      : d->opsize_prefix ? X86_PREFIX_66
                                         : X86_PREFIX_NONE;
    uint32_t key = d->modrm | prefix << X86_KEY_PREFIX_SHIFT | (d->rex_w ? X86_KEY_W : 0u) |
                   (d->vex_l ? X86_KEY_L : 0u) | (x86_is64(d) ? X86_KEY_64 : 0u) | (last_rep ? X86_KEY_REPS : 0u) |
                   (d->opsize_prefix ? X86_KEY_66 : 0u);
    const X86DecodeConfig *config = NULL;
    for (unsigned i = 0; i < b->count; i++) {
        const X86CompiledRow *c = &t->rows[t->list[b->first + i]];
        if ((key & c->mask) != c->match) {
            continue;
        }
        if (c->row->feature) {
            unsigned feature = c->row->feature - 1u;
            config = config ? config : x86_decode_config(d->flags);
            if (!(config->words[feature >> 5] >> (feature & 31) & 1)) {
                continue;
            }
        }
        return c;
    }
    return NULL;
}

static void choose_sizes(X86Insn *d, const X86CompiledRow *c)
{
    uint32_t f = c->row->flags;
    bool small = d->opsize_prefix && !c->no_opsize;
    if (x86_is64(d)) {
        d->opsize = d->rex_w || f & X86_ROW_F64 ? 8 : small ? 2 : f & X86_ROW_D64 ? 8 : 4;
    } else {
        d->opsize = !(d->flags & X86_RF_CS32) == !small ? 2 : 4;
    }
}

/* What the row's flags forbid in this mode, and the rules of LOCK, VEX.vvvv and segment registers. */
static bool allowed(const X86Insn *d, const X86CompiledRow *c, const Prefixes *pf)
{
    uint32_t f = c->row->flags;
    if (f & X86_ROW_PROT && !pf->protected_mode) {
        return false;
    }
    if (d->lock && !(f & X86_ROW_LOCK && d->op_count && d->op[0].kind == X86_OP_MEM)) {
        return false;
    }
    if (c->vex && (c->vvvv_free || f & X86_ROW_NO_VEX_VVVV) && d->vvvv) {
        return false;
    }
    for (unsigned i = 0; i < d->op_count; i++) {
        if (d->op[i].kind == X86_OP_SEG && d->op[i].reg >= X86_SEG_COUNT) {
            return false;
        }
    }
    return true;
}

static bool finish(X86Insn *d, const Cursor *c, const uint8_t *code, size_t avail)
{
    d->len = (uint8_t)(c->p - code);
    if (!c->short_of) {
        return true;
    }
    if (avail < X86_MAX_INSN_LEN) {
        return false;
    }
    d->row = &x86_row_too_long;
    d->op_count = 0;
    return true;
}

bool x86_decode(X86Insn *d, const uint8_t *code, size_t avail, uint64_t pc, uint64_t flags)
{
    TcgBuilder *b = d->b;
    Cursor c = {code, code + MIN(avail, (size_t)X86_MAX_INSN_LEN), false};
    const X86DecodeTables *t = x86_decode_tables();
    bool ok = true;

    memset(d, 0, sizeof(*d));
    d->b = b;
    d->pc = pc;
    d->flags = flags;
    d->base = d->index = -1;
    d->seg = X86_DS;
    Prefixes pf = {.protected_mode = (flags & (X86_RF_PE | X86_RF_VM)) == X86_RF_PE};
    unsigned byte = take_prefixes(d, &c, &pf);
    bool wide = x86_is64(d), half = wide || flags & X86_RF_CS32;
    d->addrsize = wide ? (pf.address ? 4 : 8) : (half != pf.address ? 4 : 2);
    if (!take_vex(d, &c, &pf, byte, &ok)) {
        take_opcode(d, &c, byte);
        d->rex = pf.rex != 0;
        d->rex_w = pf.rex >> 3 & 1;
    }
    d->rep = pf.last_rep == 0xf3;
    d->repne = pf.last_rep == 0xf2;
    if (c.short_of || !ok) {
        return finish(d, &c, code, avail);
    }
    const X86Bucket *bucket = &t->opcode[x86_space(d->map, d->vex)][d->opcode];
    if (bucket->modrm) {
        take_modrm(d, &c, &pf);
        if (c.short_of) {
            return finish(d, &c, code, avail);
        }
    }
    if (bucket->split) {
        bucket = &t->split[bucket->split][x86_split_index(d->modrm)];
    }
    const X86CompiledRow *row = find_row(d, t, bucket, pf.last_rep);
    if (!row) {
        return finish(d, &c, code, avail);
    }
    d->row = row->row;
    if (!row->modrm) {
        d->has_modrm = false;
    }
    choose_sizes(d, row);
    choose_segment(d);
    d->op_count = row->op_count;
    for (unsigned i = 0; i < row->op_count; i++) {
        take_operand(d, &c, &row->op[i], &d->op[i], pf.vex_b | (pf.rex & 1) << 3);
    }
    if (d->base == -2) {
        d->disp += (int64_t)(pc + (uint64_t)(c.p - code)) - (int64_t)x86_rf_cs_base(flags);
        d->disp = d->addrsize == 4 ? (int64_t)(uint32_t)d->disp : d->disp;
    }
    if (!allowed(d, row, &pf)) {
        d->row = NULL;
    }
    return finish(d, &c, code, avail);
}

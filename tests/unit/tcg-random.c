/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The generator of random TinyCode. Operations are drawn from the op table; operands are made to fit by their letters. So
 * a new line in tcg-opc.h is used without a change here, unless its aux, sub or imm needs a rule (in set_details()).
 *
 * A guest instruction computes a few values and puts results into slots at its end, after everything that may fault: the
 * shape real frontends have. Loops are bounded by the slot `trip`, which nothing else writes and every backward branch counts down.
 */
#include "tcg-random.h"

#include <string.h>

#include "tcg/reference.h"

#define POOL 64
#define FIRST_PC 0x1000u
enum { SLOT_X = 1, SLOT_TRIP = SLOT_X + RANDOM_X, SLOT_W, SLOT_F = SLOT_W + RANDOM_W, SLOT_Q = SLOT_F + RANDOM_F,
       SLOT_Y = SLOT_Q + RANDOM_Q, SLOT_FL = SLOT_Y + RANDOM_Y };

typedef struct Gen {
    TcgRandom *g;
    TcgBuilder *b;
    TcgRegion *r;
    unsigned size, at;
    uint8_t labelled[TCG_MAX_GUEST_INSNS];
    TcgVal pool[POOL];
    unsigned pool_count;
} Gen;

static unsigned pick(Gen *n, unsigned limit) { return (unsigned)(tcg_random_next(n->g) >> 20) % limit; }
static bool chance(Gen *n, unsigned percent) { return pick(n, 100) < percent; }
static bool has(const Gen *n, uint32_t feature) { return n->g->features & feature; }

static void remember(Gen *n, TcgVal v)
{
    if (v && n->pool_count < POOL) {
        n->pool[n->pool_count++] = v;
    }
}

static TcgVal raw(Gen *n, TcgInsn in)
{
    TcgVal v = TCG_NONE;

    if (tcg_emit_raw(n->b, &in, &v)) {
        n->g->coverage[in.op]++;
    }
    return v;
}

static TcgVal constant(Gen *n, TcgType type, uint64_t bits)
{
    return raw(n, (TcgInsn){.op = TCG_OP_CONST, .type = (uint8_t)type, .imm = tcg_type_bytes(type) == 4 ? (uint32_t)bits : bits});
}

static TcgVal get(Gen *n, unsigned slot, TcgType type)
{
    return raw(n, (TcgInsn){.op = TCG_OP_GET, .type = (uint8_t)type, .aux = slot});
}

static unsigned slot_for(Gen *n, TcgType type)
{
    switch (type) {
    case TCG_I32:
    case TCG_F32:
        return SLOT_W + pick(n, RANDOM_W);
    case TCG_F64:
        return SLOT_F + pick(n, RANDOM_F);
    case TCG_I128:
    case TCG_V128:
        return SLOT_Q + pick(n, RANDOM_Q);
    case TCG_V256:
        return SLOT_Y + pick(n, RANDOM_Y);
    case TCG_FLAGS_T:
        return SLOT_FL + pick(n, RANDOM_FL);
    default:
        return chance(n, 15) ? SLOT_F + pick(n, RANDOM_F) : SLOT_X + pick(n, RANDOM_X);
    }
}

/* A value of @type: one made before, a slot, a constant, or a conversion. */
static TcgVal value(Gen *n, TcgType type)
{
    unsigned start = n->pool_count ? pick(n, n->pool_count) : 0;

    if (chance(n, 60)) {
        for (unsigned i = 0; i < n->pool_count; i++) {
            TcgVal v = n->pool[(start + i) % n->pool_count];

            if (tcg_value_type(n->r, v) == type) {
                return v;
            }
        }
    }
    if (type != TCG_FLAGS_T && tcg_type_bytes(type) <= 8 && chance(n, 25)) {
        return constant(n, type, tcg_random_bits(n->g));
    }
    if (type == TCG_I32 && chance(n, 60)) {
        return raw(n, (TcgInsn){.op = TCG_OP_TRUNC, .type = TCG_I32, .arg = {value(n, TCG_I64)}});
    }
    if (type == TCG_F32 && chance(n, 60)) {
        return raw(n, (TcgInsn){.op = TCG_OP_UNBOX32, .type = TCG_F32, .arg = {get(n, SLOT_F + pick(n, RANDOM_F), TCG_I64)}});
    }
    {
        TcgVal v = get(n, slot_for(n, type), type);

        if (chance(n, 10)) {
            remember(n, v);
        }
        return v;
    }
}

static TcgType int_type(Gen *n) { return chance(n, 50) ? TCG_I64 : TCG_I32; }
static TcgType fp_type(Gen *n) { return chance(n, 50) ? TCG_F64 : TCG_F32; }

static TcgType vec_type(Gen *n)
{
    if (has(n, TCG_RANDOM_VEC256) && chance(n, 30)) {
        return TCG_V256;
    }
    return chance(n, 60) ? TCG_V128 : TCG_V64;
}

static TcgFp fp_rule(Gen *n)
{
    TcgRound round = chance(n, 50) ? TCG_RM_DYN : (TcgRound)pick(n, 5);
    TcgNan nan = has(n, TCG_RANDOM_RARE) && chance(n, 30) ? (TcgNan)pick(n, 4) : TCG_NAN_RISCV;

    return TCG_FP(round, nan, 0);
}

static TcgMem mem_rule(Gen *n, unsigned max_log2)
{
    unsigned log2 = pick(n, max_log2 + 1);

    return TCG_MEM(log2, chance(n, 40) && log2 < 4, chance(n, 15) && log2 < 4, chance(n, 30), 1);
}

/* An address inside the page for most, with some alignment; sometimes one that faults. */
static TcgVal address(Gen *n, uint64_t *disp)
{
    TcgVal x, masked;

    if (chance(n, 2)) {
        *disp = pick(n, 64);
        return value(n, TCG_I64);
    }
    x = value(n, TCG_I64);
    masked = raw(n, (TcgInsn){.op = TCG_OP_AND, .type = TCG_I64, .arg = {x, constant(n, TCG_I64, chance(n, 80) ? 0x7c0 : 0x7df)}});
    *disp = chance(n, 50) ? pick(n, 32) * 8 : pick(n, 200);
    return raw(n, (TcgInsn){.op = TCG_OP_ADD, .type = TCG_I64, .arg = {masked, constant(n, TCG_I64, RANDOM_MEM_BASE + 256)}});
}

static bool allowed(const Gen *n, unsigned op)
{
    uint32_t effects = tcg_op_info[op].effects, f = n->g->features;

    if (n->g->skip_op[op] || op <= TCG_OP_INSN || op >= TCG_OP_CALL) {
        return false;
    }
    if (op >= TCG_OP_FLAGS && op <= TCG_OP_FLAGUNPACK) {
        return f & TCG_RANDOM_FLAGS;
    }
    if (op >= TCG_OP_HOSTVEC && op <= TCG_OP_HOSTVECX) {
        return f & TCG_RANDOM_HOSTVEC;
    }
    if (op >= TCG_OP_VDUP && op < TCG_OP_HOSTVEC) {
        return f & TCG_RANDOM_VEC;
    }
    if (op >= TCG_OP_FADD && op <= TCG_OP_UNBOX32 && op != TCG_OP_BITCAST) {
        return f & TCG_RANDOM_FP;
    }
    if (op == TCG_OP_MAKE128 || op == TCG_OP_LO128 || op == TCG_OP_HI128) {
        return f & TCG_RANDOM_I128;
    }
    return !(effects & (TCG_EFF_MEM_READ | TCG_EFF_MEM_WRITE)) || f & TCG_RANDOM_MEM;
}

static void set_memory(Gen *n, TcgInsn *in)
{
    unsigned max = 3;

    in->type = (uint8_t)int_type(n);
    if (in->op == TCG_OP_FENCE) {
        in->type = TCG_VOID;
        in->imm = 1 + pick(n, 15);
        return;
    }
    if (in->op == TCG_OP_LD || in->op == TCG_OP_ST) {
        unsigned kind = pick(n, 10);

        if (kind == 0 && has(n, TCG_RANDOM_FP)) {
            in->type = (uint8_t)fp_type(n);
            in->aux = TCG_MEM(in->type == TCG_F32 ? 2 : 3, 0, chance(n, 10), 0, 1);
            return;
        }
        if (kind == 1 && has(n, TCG_RANDOM_VEC)) {
            in->type = (uint8_t)vec_type(n);
            in->aux = TCG_MEM(in->type == TCG_V64 ? 3 : in->type == TCG_V128 ? 4 : 5, 0, 0, 0, 1);
            return;
        }
    } else if (chance(n, 90)) {
        in->aux = TCG_MEM(2 + (in->type == TCG_I64 ? pick(n, 2) : 0), chance(n, 50), 0, 1, 1);
        return;
    }
    if (in->type == TCG_I32) {
        max = 2;
    }
    in->aux = mem_rule(n, max);
}

static void set_vector(Gen *n, TcgInsn *in)
{
    unsigned op = in->op, lane;

    in->type = (uint8_t)vec_type(n);
    in->aux = pick(n, 4);
    if (op >= TCG_OP_VFADD && op <= TCG_OP_VFDIV) {
        in->aux = 2 + pick(n, 2);
    }
    lane = 1u << in->aux;
    if (op == TCG_OP_VSHLI || op == TCG_OP_VSHRI || op == TCG_OP_VSARI) {
        in->imm = pick(n, 8 * lane);
    } else if (op == TCG_OP_VEXTRACT) {
        in->type = TCG_I64;
        in->imm = pick(n, 16 / lane);
    } else if (op == TCG_OP_VINSERT) {
        in->imm = pick(n, tcg_type_bytes((TcgType)in->type) / lane);
    } else if (op >= TCG_OP_HOSTVEC) {
        do {
            in->aux = pick(n, TCG_HV_COUNT);
        } while (tcg_hostvec_op((TcgHostVec)in->aux) != op || strncmp(tcg_hostvec[in->aux].name, "rcp", 3) == 0 ||
                 strncmp(tcg_hostvec[in->aux].name, "rsqrt", 5) == 0); /* approximations differ from host to host */
        in->imm = tcg_hostvec[in->aux].flags & TCG_HVB_IMM ? pick(n, 256) : 0;
        in->type = op == TCG_OP_HOSTVECG ? TCG_I64 : TCG_V128;
    }
}

/* Conversions between types, compares of floats. */
static bool set_conversion(Gen *n, TcgInsn *in)
{
    switch (in->op) {
    case TCG_OP_FCMP:
        in->type = TCG_I64;
        in->cond = (uint8_t)(const uint8_t[]){TCG_COND_EQ, TCG_COND_LT, TCG_COND_LE}[pick(n, 3)];
        in->aux = fp_type(n);
        in->imm = pick(n, 2);
        break;
    case TCG_OP_FTOF:
        in->aux = fp_type(n);
        in->type = in->aux == TCG_F32 ? TCG_F64 : TCG_F32;
        in->aux |= fp_rule(n) << 8;
        break;
    case TCG_OP_FTOI:
        in->aux = fp_type(n) | fp_rule(n) << 8;
        in->imm = pick(n, 2);
        break;
    case TCG_OP_ITOF:
        in->type = (uint8_t)fp_type(n);
        in->sub = (uint8_t)int_type(n);
        in->aux = fp_rule(n);
        in->imm = pick(n, 2);
        break;
    case TCG_OP_FCLASS:
        in->type = TCG_I64;
        in->aux = fp_type(n);
        break;
    case TCG_OP_BITCAST: {
        static const uint8_t pairs[][2] = {{TCG_I32, TCG_F32}, {TCG_F32, TCG_I32}, {TCG_I64, TCG_F64}, {TCG_F64, TCG_I64},
                                           {TCG_I64, TCG_V64}, {TCG_V64, TCG_I64}, {TCG_V64, TCG_F64}, {TCG_I128, TCG_V128}, {TCG_V128, TCG_I128}};
        unsigned i = pick(n, G_N_ELEMENTS(pairs));

        in->aux = pairs[i][0];
        in->type = pairs[i][1];
        return (in->aux < TCG_V64 && in->type < TCG_V64 && i < 7) || has(n, i < 7 ? TCG_RANDOM_VEC : TCG_RANDOM_I128);
    }
    case TCG_OP_BOX32:
        in->type = TCG_I64;
        break;
    case TCG_OP_UNBOX32:
        in->type = TCG_F32;
        break;
    default:
        break;
    }
    return true;
}

static bool set_integer(Gen *n, TcgInsn *in)
{
    unsigned op = in->op;

    switch (op) {
    case TCG_OP_SEXT:
    case TCG_OP_ZEXT:
        in->imm = 8u << pick(n, in->type == TCG_I64 ? 3 : 2);
        break;
    case TCG_OP_EXTS:
    case TCG_OP_EXTU:
        in->type = TCG_I64;
        break;
    case TCG_OP_TRUNC:
        in->type = TCG_I32;
        break;
    case TCG_OP_EXTRACT:
    case TCG_OP_DEPOSIT: {
        unsigned width = in->type == TCG_I64 ? 64 : 32, pos = pick(n, width), len = 1 + pick(n, width - pos);

        in->imm = pos | len << 8;
        break;
    }
    case TCG_OP_SETCOND:
        in->type = TCG_I64;
        in->cond = (uint8_t)pick(n, TCG_COND_GTU + 1);
        in->aux = int_type(n);
        break;
    case TCG_OP_SELECT:
        in->type = (uint8_t)(has(n, TCG_RANDOM_FP) && chance(n, 20) ? fp_type(n) : int_type(n));
        in->cond = (uint8_t)pick(n, TCG_COND_GTU + 1);
        in->aux = int_type(n);
        break;
    case TCG_OP_MAKE128:
        in->type = TCG_I128;
        break;
    case TCG_OP_LO128:
    case TCG_OP_HI128:
        in->type = TCG_I64;
        in->aux = TCG_I128;
        break;
    case TCG_OP_FLAGS:
        in->sub = (uint8_t)int_type(n);
        in->type = TCG_FLAGS_T;
        in->aux = TCG_FK_ADD + pick(n, TCG_FK_MUL - TCG_FK_ADD + 1);
        in->aux |= (uint32_t)in->sub << 8;
        break;
    case TCG_OP_FLAGTEST:
        in->type = TCG_I64;
        in->cond = (uint8_t)pick(n, 16);
        break;
    case TCG_OP_FLAGPACK:
    case TCG_OP_FLAGUNPACK:
        in->type = op == TCG_OP_FLAGPACK ? TCG_I64 : TCG_FLAGS_T;
        in->aux = pick(n, 2);
        break;
    default:
        return set_conversion(n, in);
    }
    return true;
}

/* Type, sub, cond, aux and imm of an operation. False: not now. */
static bool set_details(Gen *n, TcgInsn *in)
{
    unsigned op = in->op;

    in->type = (uint8_t)int_type(n);
    if (op >= TCG_OP_LD && op <= TCG_OP_FENCE) {
        set_memory(n, in);
        if (op == TCG_OP_ATOMIC) {
            in->sub = (uint8_t)pick(n, TCG_RMW_MAXU + 1);
        } else if (op == TCG_OP_STX) {
            in->sub = in->type;
            in->type = TCG_I64;
        }
        return true;
    }
    if (op >= TCG_OP_VDUP && op <= TCG_OP_HOSTVECX) {
        set_vector(n, in);
        return true;
    }
    if (op >= TCG_OP_FADD && op <= TCG_OP_FMAX) {
        in->type = (uint8_t)fp_type(n);
        in->aux = fp_rule(n);
        in->imm = op == TCG_OP_FMA ? pick(n, 4) : 0;
        return true;
    }
    return set_integer(n, in);
}

static TcgVal op2(Gen *n, TcgOp op, TcgType type, TcgVal a, TcgVal b)
{
    return raw(n, (TcgInsn){.op = (uint16_t)op, .type = (uint8_t)type, .arg = {a, b}});
}

/* A value of an operation that fold rules look for below others. */
static TcgVal shaped(Gen *n, TcgType t)
{
    static const uint16_t with_const[] = {TCG_OP_ADD, TCG_OP_AND, TCG_OP_OR, TCG_OP_XOR, TCG_OP_SHL, TCG_OP_SHR, TCG_OP_SAR, TCG_OP_MUL,
                                          TCG_OP_SUB, TCG_OP_DIVU, TCG_OP_REMU, TCG_OP_ANDN, TCG_OP_DIVS, TCG_OP_REMS, TCG_OP_ROL};
    static const uint16_t unary[] = {TCG_OP_NEG, TCG_OP_NOT, TCG_OP_BSWAP};
    unsigned kind = pick(n, 10), bits;
    TcgVal x = chance(n, 30) && n->pool_count < POOL / 2 ? shaped(n, t) : value(n, t);

    if (kind < 4) {
        unsigned op = with_const[pick(n, G_N_ELEMENTS(with_const))];
        uint64_t c = chance(n, 50) ? pick(n, 4) * (t == TCG_I64 ? 16 : 8) : chance(n, 30) ? 1ull << pick(n, 64) : tcg_random_bits(n->g);

        if (chance(n, 15)) {
            return op2(n, (TcgOp)op, t, constant(n, t, c), x);
        }
        return op2(n, (TcgOp)op, t, x, constant(n, t, c));
    }
    if (kind < 6 && t == TCG_I64) {
        return raw(n, (TcgInsn){.op = chance(n, 50) ? TCG_OP_EXTS : TCG_OP_EXTU, .type = t, .arg = {value(n, TCG_I32)}});
    }
    if (kind < 6) {
        return raw(n, (TcgInsn){.op = TCG_OP_TRUNC, .type = t, .arg = {chance(n, 40) ? shaped(n, TCG_I64) : value(n, TCG_I64)}});
    }
    if (kind < 8) {
        bits = 8u << pick(n, t == TCG_I64 ? 3 : 2);
        return raw(n, (TcgInsn){.op = chance(n, 50) ? TCG_OP_SEXT : TCG_OP_ZEXT, .type = (uint8_t)t, .arg = {x}, .imm = bits});
    }
    if (kind == 8) {
        return raw(n, (TcgInsn){.op = unary[pick(n, 3)], .type = (uint8_t)t, .arg = {x}});
    }
    return op2(n, chance(n, 50) ? TCG_OP_SUB : TCG_OP_XOR, t, x, chance(n, 20) ? x : value(n, t));
}

/* Chains that fold rules match: shaped operands under a shaped operation, compares of them, flags of them. */
static void idiom(Gen *n)
{
    TcgType t = int_type(n);
    TcgVal a = shaped(n, t), b = chance(n, 40) ? constant(n, t, chance(n, 60) ? pick(n, 3) - 1 : tcg_random_bits(n->g)) : shaped(n, t);
    TcgInsn in = {.op = TCG_OP_SETCOND, .type = TCG_I64, .cond = (uint8_t)pick(n, TCG_COND_GTU + 1), .arg = {a, b}, .aux = t};
    unsigned kind = pick(n, 8);
    TcgVal v;

    if (chance(n, 10)) {
        in.arg[0] = b;
        in.arg[1] = a;
    }
    if (kind < 2) {
        remember(n, shaped(n, t));
    } else if (kind < 4) {
        v = raw(n, in);
        remember(n, v);
        in = (TcgInsn){.op = TCG_OP_SETCOND, .type = TCG_I64, .cond = (uint8_t)pick(n, 2), .aux = TCG_I64,
                       .arg = {v, constant(n, TCG_I64, chance(n, 80) ? 0 : 1)}};
        remember(n, raw(n, in));
        remember(n, op2(n, TCG_OP_XOR, TCG_I64, v, constant(n, TCG_I64, 1)));
    } else if (kind < 6) {
        in.op = TCG_OP_SELECT;
        in.type = (uint8_t)int_type(n);
        in.arg[2] = chance(n, 30) ? constant(n, (TcgType)in.type, pick(n, 2)) : shaped(n, (TcgType)in.type);
        in.arg[3] = chance(n, 30) ? constant(n, (TcgType)in.type, pick(n, 2)) : value(n, (TcgType)in.type);
        remember(n, raw(n, in));
    } else if (has(n, TCG_RANDOM_FLAGS)) {
        TcgInsn f = {.op = TCG_OP_FLAGS, .type = TCG_FLAGS_T, .sub = (uint8_t)t, .arg = {a, b},
                     .aux = (chance(n, 50) ? TCG_FK_SUB : TCG_FK_LOGIC) | (uint32_t)t << 8};

        v = raw(n, f);
        remember(n, v);
        remember(n, raw(n, (TcgInsn){.op = TCG_OP_FLAGTEST, .type = TCG_I64, .cond = (uint8_t)pick(n, 16), .arg = {v}}));
    }
}

/* Flags of any kind, of 8- and 16-bit operations too, which stand shifted up in an i32; then what they say. */
static void flags_idiom(Gen *n)
{
    TcgType t = int_type(n);
    TcgFlagsKind kind = (TcgFlagsKind)(TCG_FK_ADD + pick(n, TCG_FK_MUL - TCG_FK_ADD + 1));
    bool shift = kind == TCG_FK_SHL || kind == TCG_FK_SHR || kind == TCG_FK_SAR;
    unsigned up = t == TCG_I32 && chance(n, 60) ? 16 + 8 * pick(n, 2) : 0;
    TcgVal a = shaped(n, t), b = shaped(n, t), c = op2(n, TCG_OP_AND, t, value(n, t), constant(n, t, 1));

    if (up) {
        a = op2(n, TCG_OP_SHL, t, a, constant(n, t, up));
        b = op2(n, TCG_OP_SHL, t, b, constant(n, t, up));
    }
    if (shift) {
        b = chance(n, 80) ? constant(n, t, pick(n, 34)) : value(n, t);
    }
    TcgVal f = raw(n, (TcgInsn){.op = TCG_OP_FLAGS, .type = TCG_FLAGS_T, .sub = (uint8_t)t, .arg = {a, b, c}, .imm = up,
                                .aux = kind | (uint32_t)t << 8});
    remember(n, f);
    for (unsigned i = 1 + pick(n, 3); i; i--) {
        remember(n, raw(n, (TcgInsn){.op = TCG_OP_FLAGTEST, .type = TCG_I64, .cond = (uint8_t)pick(n, 16), .arg = {f}}));
    }
}

static void operation(Gen *n)
{
    TcgInsn in = {0};
    unsigned count, k = 0;

    if (chance(n, 25)) {
        idiom(n);
        return;
    }
    if (has(n, TCG_RANDOM_FLAGS) && chance(n, 8)) {
        flags_idiom(n);
        return;
    }

    do {
        in.op = (uint16_t)pick(n, TCG_OP_COUNT);
    } while (!allowed(n, in.op));
    if (!set_details(n, &in)) {
        return;
    }
    count = tcg_op_info[in.op].operand_count;
    if (tcg_op_info[in.op].effects & TCG_EFF_FAULT) {
        uint64_t disp = 0;

        in.arg[0] = address(n, &disp);
        in.imm = in.op == TCG_OP_LD || in.op == TCG_OP_ST ? disp : 0;
        k = 1;
    }
    for (; k < count; k++) {
        if (in.op == TCG_OP_FLAGS && k == 2) {
            TcgInsn bit = {.op = TCG_OP_AND, .type = in.sub, .arg = {value(n, (TcgType)in.sub), constant(n, (TcgType)in.sub, 1)}};

            in.arg[k] = raw(n, bit);
        } else {
            TcgType t = tcg_operand_type(n->r, &in, k);

            in.arg[k] = tcg_type_is_int(t) && chance(n, 20) ? shaped(n, t) : value(n, t);
        }
    }
    if (tcg_op_info[in.op].result == TCG_RES_NONE) {
        raw(n, in);
    } else {
        remember(n, raw(n, in));
    }
}

/* --- helpers --- */

static void helper_fault(RandomCpu *cpu)
{
    cpu->faulted = true;
    cpu->fault_va = 0xbad;
    cpu->restore(&cpu->parent);
    siglongjmp(cpu->parent.jmp_env, 1);
}

static uint64_t help_pure(uint64_t a, uint64_t b) { return (a ^ b << 7) * 3; }
static uint32_t help_narrow(RandomCpu *cpu, uint32_t a, uint32_t b) { return a * 5 + b; }

static uint64_t help_raise(RandomCpu *cpu, uint64_t a)
{
    if ((a & 31) == 5) {
        helper_fault(cpu);
    }
    cpu->x[3] = cpu->x[1] + cpu->x[2] + a;
    return cpu->x[3] ^ 1;
}

static uint64_t help_all(RandomCpu *cpu)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < RANDOM_X; i++) {
        sum = sum * 31 + cpu->x[i];
    }
    for (unsigned i = 0; i < RANDOM_F; i++) {
        sum = sum * 31 + cpu->f[i];
    }
    cpu->x[0] = sum;
    cpu->q[0][1] ^= sum;
    return sum + cpu->w[0];
}

static void help_maybe(RandomCpu *cpu, uint64_t a)
{
    if (a & 1) {
        cpu->x[4] = a;
    }
}

static uint64_t help_bits(RandomCpu *cpu, uint64_t f, uint32_t s) { return f ^ s; }
static uint32_t help_look(RandomCpu *cpu) { return (uint32_t)cpu->x[5] + cpu->w[1]; }

#define BIT(slot) (1ull << (slot))
static const TcgHelper helpers[] = {
    {.name = "pure", .fn = (void *)help_pure, .flags = TCG_HELPER_PURE, .ret = TCG_I64, .args = {TCG_I64, TCG_I64}},
    {.name = "narrow", .fn = (void *)help_narrow, .ret = TCG_I32, .args = {TCG_I32, TCG_I32}},
    {.name = "raise", .fn = (void *)help_raise, .flags = TCG_HELPER_RAISES, .ret = TCG_I64, .args = {TCG_I64},
     .reads = {{BIT(SLOT_X + 1) | BIT(SLOT_X + 2)}}, .writes = {{BIT(SLOT_X + 3)}}},
    {.name = "all", .fn = (void *)help_all, .flags = TCG_HELPER_READS_ALL | TCG_HELPER_WRITES_ALL | TCG_HELPER_RAISES, .ret = TCG_I64},
    {.name = "maybe", .fn = (void *)help_maybe, .ret = TCG_VOID, .args = {TCG_I64}, .writes = {{BIT(SLOT_X + 4)}}},
    {.name = "bits", .fn = (void *)help_bits, .flags = TCG_HELPER_FP, .ret = TCG_F64, .args = {TCG_F64, TCG_F32}},
    {.name = "look", .fn = (void *)help_look, .ret = TCG_F32, .reads = {{BIT(SLOT_X + 5) | BIT(SLOT_W + 1)}}},
};

static void helper(Gen *n)
{
    const TcgHelper *h = &helpers[pick(n, G_N_ELEMENTS(helpers))];
    TcgVal a[4] = {0};

    for (unsigned k = 0; k < 4 && h->args[k] != TCG_VOID; k++) {
        a[k] = value(n, h->args[k]);
    }
    if (chance(n, 30)) { /* a slot put back to what it was before the helper wrote it */
        static const uint8_t written[] = {SLOT_X, SLOT_X + 3, SLOT_X + 4, SLOT_Q};
        unsigned slot = written[pick(n, G_N_ELEMENTS(written))];
        TcgVal old = get(n, slot, tcg_random_slots[slot].type);

        remember(n, tcg_call(n->b, h, a[0], a[1], a[2], a[3]));
        tcg_put(n->b, slot, old);
        return;
    }
    remember(n, tcg_call(n->b, h, a[0], a[1], a[2], a[3]));
}

/* --- guest instructions --- */

static void put_results(Gen *n, unsigned count)
{
    while (count-- && n->pool_count) {
        TcgVal v = n->pool[n->pool_count - 1 - pick(n, MIN(n->pool_count, 6))];
        TcgType type = tcg_value_type(n->r, v);

        if (type == TCG_F32 && chance(n, 70)) {
            v = raw(n, (TcgInsn){.op = TCG_OP_BOX32, .type = TCG_I64, .arg = {v}});
            tcg_put(n->b, SLOT_F + pick(n, RANDOM_F), v);
        } else if (type == TCG_I32 && chance(n, 70)) {
            v = raw(n, (TcgInsn){.op = chance(n, 70) ? TCG_OP_EXTS : TCG_OP_EXTU, .type = TCG_I64, .arg = {v}});
            tcg_put(n->b, SLOT_X + pick(n, RANDOM_X), v);
        } else if (n->r->insns[v].op == TCG_OP_GET && n->r->insns[v].aux != SLOT_TRIP && chance(n, 60)) {
            tcg_put(n->b, n->r->insns[v].aux, v); /* perhaps what is in memory still */
        } else if (type != TCG_VOID) {
            tcg_put(n->b, slot_for(n, type), v);
        }
    }
}

/* if (c) { put... } [else { put... }]: within one guest instruction. */
static void diamond(Gen *n)
{
    TcgType type = int_type(n);
    TcgLabel other = tcg_label_new(n->b), end = tcg_label_new(n->b);
    bool has_else = chance(n, 50);
    unsigned mark;

    tcg_label_branch(n->b, other, (TcgCond)pick(n, 10), type, value(n, type), value(n, type));
    mark = n->pool_count;
    value(n, TCG_I64);
    put_results(n, 2);
    if (mark && n->r->insns[n->pool[mark - 1]].op == TCG_OP_GET && chance(n, 50)) {
        tcg_put(n->b, n->r->insns[n->pool[mark - 1]].aux, n->pool[mark - 1]);
    }
    if (has_else) {
        tcg_label_goto(n->b, end);
    }
    n->pool_count = mark;
    tcg_label_bind(n->b, other);
    if (has_else) {
        put_results(n, 2);
        n->pool_count = mark;
        tcg_label_bind(n->b, end);
    }
}

static uint64_t pc_of(unsigned i) { return FIRST_PC + 4 * i; }

static uint64_t forward_target(Gen *n)
{
    for (unsigned i = n->at + 1 + pick(n, 4); i < n->size; i++) {
        if (n->labelled[i]) {
            return pc_of(i);
        }
    }
    return 0x8000 + pick(n, 4) * 4;
}

static bool backward_branch(Gen *n)
{
    TcgVal trip;

    for (unsigned tries = 0; tries < 8; tries++) {
        unsigned i = pick(n, n->at + 1);

        if (n->labelled[i]) {
            trip = raw(n, (TcgInsn){.op = TCG_OP_ADD, .type = TCG_I64, .arg = {get(n, SLOT_TRIP, TCG_I64), constant(n, TCG_I64, ~0ull)}});
            tcg_put(n->b, SLOT_TRIP, trip);
            tcg_branch(n->b, TCG_COND_GT, TCG_I64, trip, constant(n, TCG_I64, 0), pc_of(i));
            return true;
        }
    }
    return false;
}

static void control(Gen *n)
{
    unsigned kind = pick(n, 100);
    TcgType type = int_type(n);

    if (kind < 30) {
        TcgVal a = value(n, type), b = value(n, type);

        tcg_branch(n->b, (TcgCond)pick(n, 10), type, a, b, forward_target(n));
    } else if (kind < 60 && has(n, TCG_RANDOM_LOOP)) {
        backward_branch(n);
    } else if (kind < 70 && has(n, TCG_RANDOM_FLAGS)) {
        tcg_branch_flags(n->b, (TcgFlagCond)pick(n, 16), value(n, TCG_FLAGS_T), forward_target(n));
    } else if (kind < 85) { /* rarely taken */
        tcg_branch(n->b, TCG_COND_EQ, type, value(n, type), constant(n, type, pick(n, 1000)), 0x9000);
    } else if (kind < 93) {
        tcg_goto(n->b, forward_target(n), TCG_EDGE_JUMP, 0);
    } else if (kind < 94) {
        tcg_goto_indirect(n->b, value(n, TCG_I64), TCG_EDGE_RETURN, 0);
    } else if (kind < 95) {
        tcg_exit(n->b, TCG_REASON_IDLE, pc_of(n->at + 1));
    } else if (kind < 96) {
        tcg_goto(n->b, 0x7000, TCG_EDGE_CALL, pc_of(n->at + 1));
    } else if (kind < 97) {
        tcg_put(n->b, TCG_SLOT_PC, value(n, TCG_I64));
        tcg_exit(n->b, TCG_REASON_TARGET, UINT64_MAX);
    }
}

void tcg_random_region(TcgRandom *g, TcgBuilder *b, TcgRegion *r, unsigned size)
{
    Gen n = {.g = g, .b = b, .r = r, .size = MIN(size, TCG_MAX_GUEST_INSNS)};

    r->pc = FIRST_PC;
    tcg_builder_begin(b, r);
    if (has(&n, TCG_RANDOM_BRANCH)) {
        for (unsigned i = 0; i < n.size; i++) {
            if (chance(&n, 20)) {
                n.labelled[i] = 1;
                tcg_builder_label_pc(b, pc_of(i));
            }
        }
    }
    for (n.at = 0; n.at < n.size; n.at++) {
        unsigned ops = 1 + pick(&n, 4);

        tcg_builder_insn(b, pc_of(n.at), 4);
        if (n.labelled[n.at] || !tcg_builder_reachable(b) || chance(&n, 50)) {
            n.pool_count = 0;
        }
        if (!tcg_builder_reachable(b)) {
            continue;
        }
        while (ops--) {
            operation(&n);
        }
        if (has(&n, TCG_RANDOM_CALL) && chance(&n, 8)) {
            helper(&n);
        }
        if (has(&n, TCG_RANDOM_BRANCH) && chance(&n, 8)) {
            diamond(&n);
        }
        put_results(&n, 1 + pick(&n, 2));
        if (has(&n, TCG_RANDOM_BRANCH) && chance(&n, 25)) {
            control(&n);
        }
    }
    tcg_builder_end(b, pc_of(n.size));
    for (TcgVal v = 1; v < r->insn_count; v++) {
        if (r->insns[v].op >= TCG_OP_CALL || r->insns[v].op <= TCG_OP_INSN) {
            g->coverage[r->insns[v].op]++;
        }
    }
}

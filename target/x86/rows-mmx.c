/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MMX, and what SSE, SSE2 and SSSE3 added on its registers (SDM 1 chapter 9).
 *
 * An MMX register is the mantissa of a physical x87 register and a slot of its own; operations are those of the 128-bit
 * registers, of which the low half counts. Each instruction makes the whole register file valid with TOP 0, and gives
 * the register that it writes an exponent of all ones: one small helper, which touches no slot.
 */
#include "vec.h"
#include "x87.h"

/* ---- state ---- */

enum { MMX_KEEP = 8 }; /* no register is written */

static void enter(CpuState *cpu, uint32_t reg)
{
    X86Cpu *x = x86_cpu(cpu);
    x87_wait(x);
    x->ftop = 0;
    x->ftag = 0;
    if (reg < MMX_KEEP) {
        x->fpr[reg].exponent = 0xffff;
    }
}
static const TcgHelper helper_enter = {
    "mmx_enter", (void *)enter, TCG_HELPER_RAISES | TCG_HELPER_FP, TCG_VOID, {TCG_I32}, {{0}}, {{0}}};

/* Behind x86_emit_fp_begin(), which has put the sticky flags aside. */
static void enter_trapping(CpuState *cpu)
{
    X86Cpu *x = x86_cpu(cpu);
    if (x->fsw & X87_ES) {
        cpu->tcg.guest_mxcsr |= x->sticky_saved;
    }
    enter(cpu, MMX_KEEP);
}
static const TcgHelper helper_enter_trapping = {
    "mmx_enter_trapping", (void *)enter_trapping, TCG_HELPER_RAISES, TCG_VOID, {TCG_VOID}, {{0}}, {{0}}};

static void emms(CpuState *cpu)
{
    X86Cpu *x = x86_cpu(cpu);
    x87_wait(x);
    x->ftop = 0;
    x->ftag = 0xff;
}
static const TcgHelper helper_emms = {
    "mmx_emms", (void *)emms, TCG_HELPER_RAISES | TCG_HELPER_FP, TCG_VOID, {TCG_VOID}, {{0}}, {{0}}};

/* Stores make TOP 0 before they fault. */
static void begin_store(CpuState *cpu)
{
    x87_wait(x86_cpu(cpu));
    x86_cpu(cpu)->ftop = 0;
}
static const TcgHelper helper_begin_store = {
    "mmx_begin_store", (void *)begin_store, TCG_HELPER_RAISES | TCG_HELPER_FP, TCG_VOID, {TCG_VOID}, {{0}}, {{0}}};

/* In front of an access to memory: what waits comes before its faults. */
static void wait_before_memory(X86Insn *d)
{
    if (d->mod != 3) {
        tcg_call(d->b, &x87_helper_wait, TCG_NONE, TCG_NONE, TCG_NONE, TCG_NONE);
    }
}

/* Everything that may fault has been done. */
static void enter_mmx(X86Insn *d, unsigned reg)
{
    tcg_call(d->b, &helper_enter, x86_const32(d, reg), TCG_NONE, TCG_NONE, TCG_NONE);
}

static void enter_fp(X86Insn *d)
{
    if (d->flags & X86_RF_SSE_TRAPS) {
        tcg_call(d->b, &helper_enter_trapping, TCG_NONE, TCG_NONE, TCG_NONE, TCG_NONE);
    } else {
        enter_mmx(d, MMX_KEEP);
    }
}

static TcgVal get_mm(X86Insn *d, unsigned reg) { return tcg_get(d->b, X86_SLOT_MM + (reg & 7), TCG_I64); }

static void put_mm(X86Insn *d, unsigned reg, TcgVal v)
{
    enter_mmx(d, reg & 7);
    tcg_put(d->b, X86_SLOT_MM + (reg & 7), v);
}

/* Operand n as i64. */
static TcgVal source(X86Insn *d, unsigned n)
{
    const X86Operand *o = &d->op[n];
    if (o->kind == X86_OP_MMX) {
        return get_mm(d, o->reg);
    }
    if (o->kind == X86_OP_IMM) {
        return x86_const(d, (uint64_t)o->imm & 0xff);
    }
    TcgVal v = x86_read_op(d, n);
    return o->bytes == 8 ? v : tcg_extu(d->b, v);
}

static TcgVal wide(X86Insn *d, TcgVal bits) { return x86_vec_insert(d, x86_vec_zero(d), 3, 0, bits); }
static TcgVal half(X86Insn *d, TcgVal v, unsigned which) { return x86_vec_extract(d, v, 3, which); }

/* ---- shapes: the row's argument is the TcgHostVec ---- */

static TcgHostVec id_of(const X86Insn *d) { return (TcgHostVec)d->row->arg; }

/* 0 = op(0, 1), lane by lane; or the low half of an unpacking. */
static void emit_lanes(X86Insn *d)
{
    wait_before_memory(d);
    TcgVal b = wide(d, source(d, 1)), a = wide(d, get_mm(d, d->op[0].reg));
    put_mm(d, d->op[0].reg, half(d, x86_hv(d, id_of(d), a, b, 0), 0));
}

/* The upper half of what the 128-bit instruction makes of low halves. */
static void emit_unpack_high(X86Insn *d)
{
    wait_before_memory(d);
    TcgVal b = wide(d, source(d, 1)), a = wide(d, get_mm(d, d->op[0].reg));
    put_mm(d, d->op[0].reg, half(d, x86_hv(d, id_of(d), a, b, 0), 1));
}

/* Those that put what comes of operand 0 below what comes of operand 1: both stand in one register. */
static void emit_joined(X86Insn *d)
{
    wait_before_memory(d);
    TcgVal b = wide(d, source(d, 1)), a = wide(d, get_mm(d, d->op[0].reg));
    TcgVal both = x86_hv(d, TCG_HV_PUNPCKLQDQ, a, b, 0);
    put_mm(d, d->op[0].reg, half(d, x86_hv(d, id_of(d), both, both, 0), 0));
}

static void emit_logic(X86Insn *d)
{
    wait_before_memory(d);
    TcgVal b = source(d, 1), a = get_mm(d, d->op[0].reg), v;
    if (id_of(d) == TCG_HV_PANDN) {
        v = tcg_andn(d->b, TCG_I64, b, a);
    } else {
        v = tcg_emit2(d->b,
                      id_of(d) == TCG_HV_PAND  ? TCG_OP_AND
                      : id_of(d) == TCG_HV_POR ? TCG_OP_OR
                                               : TCG_OP_XOR,
                      TCG_I64, a, b);
    }
    put_mm(d, d->op[0].reg, v);
}

static void emit_one(X86Insn *d)
{
    wait_before_memory(d);
    TcgVal v = wide(d, source(d, 1));
    put_mm(d, d->op[0].reg, half(d, x86_hv(d, id_of(d), v, TCG_NONE, 0), 0));
}

static void emit_shift_imm(X86Insn *d)
{
    TcgVal a = wide(d, get_mm(d, d->op[0].reg));
    put_mm(d, d->op[0].reg, half(d, x86_hv(d, id_of(d), a, TCG_NONE, (uint64_t)d->op[1].imm & 0xff), 0));
}

static void emit_pshufb(X86Insn *d)
{
    wait_before_memory(d);
    TcgVal b = tcg_and(d->b, TCG_I64, source(d, 1), x86_const(d, 0x8787878787878787)),
           a = wide(d, get_mm(d, d->op[0].reg));
    put_mm(d, d->op[0].reg, half(d, x86_hv(d, TCG_HV_PSHUFB, a, wide(d, b), 0), 0));
}

static void emit_palignr(X86Insn *d)
{
    wait_before_memory(d);
    TcgVal b = wide(d, source(d, 1)), a = wide(d, get_mm(d, d->op[0].reg));
    TcgVal both = x86_hv(d, TCG_HV_PUNPCKLQDQ, b, a, 0);
    put_mm(d, d->op[0].reg, half(d, x86_hv(d, TCG_HV_PSRLDQ, both, TCG_NONE, (uint64_t)d->op[2].imm & 0xff), 0));
}

static void emit_pshufw(X86Insn *d)
{
    wait_before_memory(d);
    TcgVal v = wide(d, source(d, 1));
    put_mm(d, d->op[0].reg, half(d, x86_hv(d, TCG_HV_PSHUFLW, v, TCG_NONE, (uint64_t)d->op[2].imm & 0xff), 0));
}

/* ---- moves ---- */

static void emit_load(X86Insn *d) /* MOVD, MOVQ */
{
    TcgVal v;
    wait_before_memory(d);
    if (d->op[1].kind == X86_OP_GPR) {
        v = x86_get_gpr(d, d->op[1].reg, d->op[1].bytes);
        v = d->op[1].bytes == 8 ? v : tcg_extu(d->b, v);
    } else {
        v = source(d, 1);
    }
    put_mm(d, d->op[0].reg, v);
}

static void emit_store(X86Insn *d)
{
    TcgVal v = get_mm(d, d->op[1].reg);
    if (d->op[0].kind == X86_OP_MMX) {
        put_mm(d, d->op[0].reg, v);
        return;
    }
    TcgVal narrow = d->op[0].bytes == 8 ? v : tcg_trunc(d->b, v);
    if (d->op[0].kind == X86_OP_MEM) {
        tcg_call(d->b, &helper_begin_store, TCG_NONE, TCG_NONE, TCG_NONE, TCG_NONE);
        x86_write_op(d, 0, narrow);
        enter_mmx(d, MMX_KEEP);
    } else {
        enter_mmx(d, MMX_KEEP);
        x86_write_op(d, 0, narrow);
    }
}

static void emit_movq2dq(X86Insn *d)
{
    enter_mmx(d, MMX_KEEP);
    x86_put_xmm(d, d->op[0].reg, wide(d, get_mm(d, d->op[1].reg)));
}

static void emit_movdq2q(X86Insn *d) { put_mm(d, d->op[0].reg, half(d, x86_get_xmm(d, d->op[1].reg), 0)); }

static void emit_pmovmskb(X86Insn *d)
{
    enter_mmx(d, MMX_KEEP);
    TcgVal v = x86_hv_gpr(d, TCG_HV_PMOVMSKB, wide(d, get_mm(d, d->op[1].reg)), TCG_NONE);
    x86_put_gpr(d, d->op[0].reg, 4, tcg_trunc(d->b, v));
}

static void emit_pextrw(X86Insn *d)
{
    enter_mmx(d, MMX_KEEP);
    TcgVal v =
        tcg_emit1(d->b, TCG_OP_EXTRACT, TCG_I64, get_mm(d, d->op[1].reg), ((uint64_t)d->op[2].imm & 3) * 16 | 16 << 8);
    x86_put_gpr(d, d->op[0].reg, 4, tcg_trunc(d->b, v));
}

static void emit_pinsrw(X86Insn *d)
{
    TcgVal v = TCG_NONE;
    wait_before_memory(d);
    TcgVal word = tcg_extu(d->b, x86_read_op(d, 1)), old = get_mm(d, d->op[0].reg);
    uint64_t at = ((uint64_t)d->op[2].imm & 3) * 16;
    tcg_emit_raw(d->b, &(TcgInsn){.op = TCG_OP_DEPOSIT, .type = TCG_I64, .arg = {old, word}, .imm = at | 16 << 8}, &v);
    put_mm(d, d->op[0].reg, v);
}

/* MASKMOVQ: the bytes of 0 whose sign in 1 is set, to DS:rDI. */
static void maskmov(CpuState *cpu, uint64_t at, uint64_t v, uint64_t mask, uint32_t mode)
{
    bool all = (mask & 0x8080808080808080) == 0x8080808080808080;
    if (all) {
        cpu_store(cpu, at, v, TCG_MEM(3u, 0u, 0u, TCG_ALIGN_ANY, mode));
        return;
    }
    for (unsigned i = 0; i < 8; i++) { /* faults first */
        if (mask >> (8 * i + 7) & 1) {
            cpu_probe(cpu, at + i, 1, MMU_WRITE, mode);
        }
    }
    for (unsigned i = 0; i < 8; i++) {
        if (mask >> (8 * i + 7) & 1) {
            cpu_store(cpu, at + i, v >> (8 * i) & 0xff, TCG_MEM(0u, 0u, 0u, TCG_ALIGN_ANY, mode));
        }
    }
}
static const TcgHelper helper_maskmov = {
    "mmx_maskmov", (void *)maskmov, TCG_HELPER_RAISES | TCG_HELPER_FP, TCG_VOID,
    {TCG_I64, TCG_I64, TCG_I64, TCG_I32}, {{0}}, {{0}}};

static void emit_maskmov(X86Insn *d)
{
    TcgVal offset = x86_get_gpr(d, X86_DI, 8);
    if (d->addrsize != 8) {
        TcgVal low = tcg_trunc(d->b, offset);
        offset = tcg_extu(d->b, d->addrsize == 2 ? tcg_zext(d->b, TCG_I32, low, 16) : low);
    }
    enter_mmx(d, MMX_KEEP); /* done also where the store faults */
    TcgVal at = x86_seg_linear(d, d->seg_override ? (unsigned)d->seg : X86_DS, offset, 8, true);
    tcg_call(d->b, &helper_maskmov, at, get_mm(d, d->op[0].reg), get_mm(d, d->op[1].reg),
             x86_const32(d, x86_rf_mode(d->flags)));
}

static void emit_emms(X86Insn *d) { tcg_call(d->b, &helper_emms, TCG_NONE, TCG_NONE, TCG_NONE, TCG_NONE); }

/* ---- conversions between MMX and XMM ---- */

/* CVTPI2PS: into the lower half; CVTPI2PD: into all of it. From memory they do not touch the x87. */
static void emit_from_mmx(X86Insn *d)
{
    bool pd = id_of(d) == TCG_HV_CVTDQ2PD;
    TcgVal bits = source(d, 1);
    if (d->mod == 3) {
        enter_fp(d);
    } else {
        x86_emit_fp_begin(d);
    }
    TcgVal v = x86_hv(d, id_of(d), wide(d, bits), TCG_NONE, 0);
    x86_emit_fp_check(d);
    x86_put_xmm(d, d->op[0].reg, pd ? v : x86_hv(d, TCG_HV_MOVSD, x86_get_xmm(d, d->op[0].reg), v, 0));
}

/* CVTPS2PI, CVTPD2PI and their truncating forms. */
static void emit_to_mmx(X86Insn *d)
{
    wait_before_memory(d);
    TcgVal v = x86_vec_source(d, 1);
    if (d->op[1].bytes == 8) {
        v = x86_hv(d, TCG_HV_MOVQ, v, TCG_NONE, 0);
    }
    if (d->mod == 3 || d->flags & X86_RF_SSE_TRAPS) {
        enter_fp(d); /* what waits comes before flags change; done also where #XM comes */
    }
    v = half(d, x86_hv(d, id_of(d), v, TCG_NONE, 0), 0);
    x86_emit_fp_check(d);
    put_mm(d, d->op[0].reg, v);
}

/* ---- rows ---- */

#define ROW(name_, pattern_, operands_, emit_, arg_, feat_)                                          \
    {.name = name_, .pattern = "NP " pattern_, .operands = operands_, .emit = emit_, .arg = arg_,    \
     .flags = X86_ROW_MMX, X86_NEEDS(feat_)}
#define OP2(name_, op_, emit_, id_, feat_) ROW(name_, "0F " op_ " /r", "Pq,Qq", emit_, TCG_HV_##id_, feat_)
#define LANES(name_, op_, id_)             OP2(name_, op_, emit_lanes, id_, MMX)
#define LANES_SSE(name_, op_, id_)         OP2(name_, op_, emit_lanes, id_, SSE)
#define LANES_SSE2(name_, op_, id_)        OP2(name_, op_, emit_lanes, id_, SSE2)
#define SSSE3(name_, op_, emit_, id_)      ROW(name_, "0F38 " op_ " /r", "Pq,Qq", emit_, TCG_HV_##id_, SSSE3)
#define SHIFT(name_, op_, imm_op_, ext_, id_) \
    LANES(name_, op_, id_), ROW(name_, "0F " imm_op_ " " ext_, "Nq,Ib", emit_shift_imm, TCG_HV_##id_##_I, MMX)
#define CONVERT(name_, pp_, op_, operands_, emit_, id_, flags_, feat_)                                             \
    {.name = name_, .pattern = pp_ " 0F " op_ " /r", .operands = operands_, .emit = emit_, .arg = TCG_HV_##id_,    \
     .flags = X86_ROW_SSE | X86_ROW_FP | (flags_), X86_NEEDS(feat_)}

static const X86Row rows[] = {
    LANES("paddb", "FC", PADDB),
    LANES("paddw", "FD", PADDW),
    LANES("paddd", "FE", PADDD),
    LANES_SSE2("paddq", "D4", PADDQ),
    LANES("psubb", "F8", PSUBB),
    LANES("psubw", "F9", PSUBW),
    LANES("psubd", "FA", PSUBD),
    LANES_SSE2("psubq", "FB", PSUBQ),
    LANES("paddsb", "EC", PADDSB),
    LANES("paddsw", "ED", PADDSW),
    LANES("paddusb", "DC", PADDUSB),
    LANES("paddusw", "DD", PADDUSW),
    LANES("psubsb", "E8", PSUBSB),
    LANES("psubsw", "E9", PSUBSW),
    LANES("psubusb", "D8", PSUBUSB),
    LANES("psubusw", "D9", PSUBUSW),
    LANES("pmullw", "D5", PMULLW),
    LANES("pmulhw", "E5", PMULHW),
    LANES("pmaddwd", "F5", PMADDWD),
    LANES_SSE("pmulhuw", "E4", PMULHUW),
    LANES_SSE2("pmuludq", "F4", PMULUDQ),
    LANES_SSE("psadbw", "F6", PSADBW),
    LANES_SSE("pavgb", "E0", PAVGB),
    LANES_SSE("pavgw", "E3", PAVGW),
    LANES_SSE("pminub", "DA", PMINUB),
    LANES_SSE("pmaxub", "DE", PMAXUB),
    LANES_SSE("pminsw", "EA", PMINSW),
    LANES_SSE("pmaxsw", "EE", PMAXSW),
    LANES("pcmpeqb", "74", PCMPEQB),
    LANES("pcmpeqw", "75", PCMPEQW),
    LANES("pcmpeqd", "76", PCMPEQD),
    LANES("pcmpgtb", "64", PCMPGTB),
    LANES("pcmpgtw", "65", PCMPGTW),
    LANES("pcmpgtd", "66", PCMPGTD),
    OP2("pand", "DB", emit_logic, PAND, MMX),
    OP2("pandn", "DF", emit_logic, PANDN, MMX),
    OP2("por", "EB", emit_logic, POR, MMX),
    OP2("pxor", "EF", emit_logic, PXOR, MMX),
    OP2("packsswb", "63", emit_joined, PACKSSWB, MMX),
    OP2("packssdw", "6B", emit_joined, PACKSSDW, MMX),
    OP2("packuswb", "67", emit_joined, PACKUSWB, MMX),
    ROW("punpcklbw", "0F 60 /r", "Pq,Qd", emit_lanes, TCG_HV_PUNPCKLBW, MMX),
    ROW("punpcklwd", "0F 61 /r", "Pq,Qd", emit_lanes, TCG_HV_PUNPCKLWD, MMX),
    ROW("punpckldq", "0F 62 /r", "Pq,Qd", emit_lanes, TCG_HV_PUNPCKLDQ, MMX),
    OP2("punpckhbw", "68", emit_unpack_high, PUNPCKLBW, MMX),
    OP2("punpckhwd", "69", emit_unpack_high, PUNPCKLWD, MMX),
    OP2("punpckhdq", "6A", emit_unpack_high, PUNPCKLDQ, MMX),
    SHIFT("psllw", "F1", "71", "/6", PSLLW),
    SHIFT("pslld", "F2", "72", "/6", PSLLD),
    SHIFT("psllq", "F3", "73", "/6", PSLLQ),
    SHIFT("psrlw", "D1", "71", "/2", PSRLW),
    SHIFT("psrld", "D2", "72", "/2", PSRLD),
    SHIFT("psrlq", "D3", "73", "/2", PSRLQ),
    SHIFT("psraw", "E1", "71", "/4", PSRAW),
    SHIFT("psrad", "E2", "72", "/4", PSRAD),
    ROW("pshufw", "0F 70 /r", "Pq,Qq,Ib", emit_pshufw, 0, SSE),
    SSSE3("pshufb", "00", emit_pshufb, PSHUFB),
    SSSE3("phaddw", "01", emit_joined, PHADDW),
    SSSE3("phaddd", "02", emit_joined, PHADDD),
    SSSE3("phaddsw", "03", emit_joined, PHADDSW),
    SSSE3("pmaddubsw", "04", emit_lanes, PMADDUBSW),
    SSSE3("phsubw", "05", emit_joined, PHSUBW),
    SSSE3("phsubd", "06", emit_joined, PHSUBD),
    SSSE3("phsubsw", "07", emit_joined, PHSUBSW),
    SSSE3("psignb", "08", emit_lanes, PSIGNB),
    SSSE3("psignw", "09", emit_lanes, PSIGNW),
    SSSE3("psignd", "0A", emit_lanes, PSIGND),
    SSSE3("pmulhrsw", "0B", emit_lanes, PMULHRSW),
    SSSE3("pabsb", "1C", emit_one, PABSB),
    SSSE3("pabsw", "1D", emit_one, PABSW),
    SSSE3("pabsd", "1E", emit_one, PABSD),
    ROW("palignr", "0F3A 0F /r", "Pq,Qq,Ib", emit_palignr, 0, SSSE3),

    ROW("movd", "0F 6E /r", "Pq,Ey", emit_load, 0, MMX),
    ROW("movd", "0F 7E /r", "Ey,Pq", emit_store, 0, MMX),
    ROW("movq", "0F 6F /r", "Pq,Qq", emit_load, 0, MMX),
    ROW("movq", "0F 7F /r", "Qq,Pq", emit_store, 0, MMX),
    ROW("movntq", "0F E7 /r", "Mq,Pq", emit_store, 0, SSE),
    ROW("maskmovq", "0F F7 /r", "Pq,Nq", emit_maskmov, 0, SSE),
    ROW("pmovmskb", "0F D7 /r", "Gd,Nq", emit_pmovmskb, 0, SSE),
    ROW("pextrw", "0F C5 /r", "Gd,Nq,Ib", emit_pextrw, 0, SSE),
    ROW("pinsrw", "0F C4 /r", "Pq,Rd,Ib", emit_pinsrw, 0, SSE),
    ROW("pinsrw", "0F C4 /r", "Pq,Mw,Ib", emit_pinsrw, 0, SSE),
    ROW("emms", "0F 77", NULL, emit_emms, 0, MMX),
    {.name = "movq2dq",
     .pattern = "F3 0F D6 /r",
     .operands = "Vdq,Nq",
     .emit = emit_movq2dq,
     .flags = X86_ROW_SSE,
     X86_NEEDS(SSE2)},
    {.name = "movdq2q",
     .pattern = "F2 0F D6 /r",
     .operands = "Pq,Udq",
     .emit = emit_movdq2q,
     .flags = X86_ROW_SSE,
     X86_NEEDS(SSE2)},
    CONVERT("cvtpi2ps", "NP", "2A", "Vdq,Qq", emit_from_mmx, CVTDQ2PS, 0, SSE),
    CONVERT("cvtps2pi", "NP", "2D", "Pq,Wq", emit_to_mmx, CVTPS2DQ, 0, SSE),
    CONVERT("cvttps2pi", "NP", "2C", "Pq,Wq", emit_to_mmx, CVTTPS2DQ, 0, SSE),
    CONVERT("cvtpi2pd", "66", "2A", "Vdq,Qq", emit_from_mmx, CVTDQ2PD, 0, SSE2),
    CONVERT("cvtpd2pi", "66", "2D", "Pq,Wdq", emit_to_mmx, CVTPD2DQ, X86_ROW_SSE_ALIGN, SSE2),
    CONVERT("cvttpd2pi", "66", "2C", "Pq,Wdq", emit_to_mmx, CVTTPD2DQ, X86_ROW_SSE_ALIGN, SSE2),
};
const X86RowGroup x86_rows_mmx = X86_GROUP(rows);

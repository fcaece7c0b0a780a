/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The base integer instructions of RV32I and RV64I, and fences (unprivileged manual, chapters 2, 4 and 7).
 *
 * 32-bit harts keep registers sign-extended to 64 bits: bitwise operations and comparisons are then the same for both widths, and
 * arithmetic and shifts use the 32-bit forms that RV64 has as *W instructions.
 */
#include "insn.h"
#include "rows.h"

static void emit_lui(RvInsn *d) { rv_put(d, d->rd, rv_const(d, (uint64_t)(int64_t)(int32_t)d->imm)); }

static void emit_auipc(RvInsn *d)
{
    uint64_t v = d->pc + (uint64_t)(int64_t)(int32_t)d->imm;
    rv_put(d, d->rd, rv_const(d, d->rv32 ? (uint64_t)(int64_t)(int32_t)v : v));
}

/* ---- jumps ---- */

static bool is_link(unsigned r) { return r == 1 || r == 5; }

/* The manual's hints for return-address stacks (table 3 of the unprivileged manual). */
static TcgEdge jalr_edge(unsigned rd, unsigned rs1)
{
    if (is_link(rd)) {
        return TCG_EDGE_CALL;
    }
    return is_link(rs1) ? TCG_EDGE_RETURN : TCG_EDGE_JUMP;
}

static uint64_t link_value(const RvInsn *d)
{
    uint64_t next = rv_next_pc(d);
    return d->rv32 ? (uint64_t)(int64_t)(int32_t)next : next;
}

/* Without C, targets must be multiples of four. */
static bool misaligned_target(RvInsn *d, uint64_t target)
{
    return (target & 2) && !riscv_flag_ext(d->flags, RISCV_EXT_C);
}

void rv_emit_jal(RvInsn *d)
{
    uint64_t target = rv_target_pc(d);
    if (misaligned_target(d, target)) {
        rv_emit_raise(d, CAUSE_FETCH_MISALIGNED, rv_const(d, target));
        return;
    }
    rv_put(d, d->rd, rv_const(d, link_value(d)));
    tcg_goto(d->b, target, is_link(d->rd) ? TCG_EDGE_CALL : TCG_EDGE_JUMP, rv_next_pc(d));
}

void rv_emit_jalr(RvInsn *d)
{
    TcgVal target = tcg_addi(d->b, TCG_I64, rv_get(d, d->rs1), d->imm);
    target = tcg_and(d->b, TCG_I64, target, rv_const(d, d->rv32 ? 0xfffffffe : ~1ull));
    if (!riscv_flag_ext(d->flags, RISCV_EXT_C)) {
        TcgLabel fine = tcg_label_new(d->b);
        tcg_label_branch(d->b, fine, TCG_COND_EQ, TCG_I64, tcg_and(d->b, TCG_I64, target, rv_const(d, 2)), rv_const(d, 0));
        rv_emit_raise(d, CAUSE_FETCH_MISALIGNED, target);
        tcg_label_bind(d->b, fine);
        target = tcg_and(d->b, TCG_I64, tcg_addi(d->b, TCG_I64, rv_get(d, d->rs1), d->imm),
                         rv_const(d, d->rv32 ? 0xfffffffe : ~1ull));
    }
    rv_put(d, d->rd, rv_const(d, link_value(d)));
    tcg_goto_indirect(d->b, target, jalr_edge(d->rd, d->rs1), rv_next_pc(d));
}

void rv_emit_branch(RvInsn *d)
{
    uint64_t target = rv_target_pc(d);
    TcgCond cond = (TcgCond)d->row->arg;
    TcgVal a = rv_get(d, d->rs1), b = rv_get(d, d->rs2);
    if (misaligned_target(d, target)) {
        TcgLabel not_taken = tcg_label_new(d->b);
        tcg_label_branch(d->b, not_taken, tcg_cond_invert(cond), TCG_I64, a, b);
        rv_emit_raise(d, CAUSE_FETCH_MISALIGNED, rv_const(d, target));
        tcg_label_bind(d->b, not_taken);
        return;
    }
    tcg_branch(d->b, cond, TCG_I64, a, b, target);
}

/* ---- memory ---- */

void rv_emit_load(RvInsn *d)
{
    int64_t disp;
    TcgVal addr = rv_addr(d, &disp);
    rv_put(d, d->rd, tcg_load(d->b, TCG_I64, addr, disp, rv_mem(d, d->row->arg & 7, d->row->arg & RV_SIGNED)));
}

void rv_emit_store(RvInsn *d)
{
    int64_t disp;
    TcgVal addr = rv_addr(d, &disp);
    tcg_store(d->b, TCG_I64, addr, disp, rv_get(d, d->rs2), rv_mem(d, d->row->arg & 7, false));
}

/* ---- arithmetic: arg is the TinyCode operation; RV_WORD: on the low 32 bits, result sign-extended ---- */

static bool is_word(const RvInsn *d) { return d->rv32 || (d->row->arg & RV_WORD); }

static void alu(RvInsn *d, TcgVal (*operand)(RvInsn *d, TcgType t))
{
    TcgOp op = (TcgOp)(d->row->arg & 0xff);
    bool bitwise = op == TCG_OP_AND || op == TCG_OP_OR || op == TCG_OP_XOR;
    if (is_word(d) && !bitwise) {
        TcgVal b = operand(d, TCG_I32);
        rv_put32(d, d->rd, tcg_emit2(d->b, op, TCG_I32, rv_get32(d, d->rs1), b));
    } else {
        TcgVal b = operand(d, TCG_I64);
        rv_put(d, d->rd, tcg_emit2(d->b, op, TCG_I64, rv_get(d, d->rs1), b));
    }
}

static TcgVal operand_rs2(RvInsn *d, TcgType t) { return t == TCG_I32 ? rv_get32(d, d->rs2) : rv_get(d, d->rs2); }
static TcgVal operand_imm(RvInsn *d, TcgType t)
{
    return tcg_const(d->b, t, t == TCG_I32 ? (uint32_t)d->imm : (uint64_t)d->imm);
}

void rv_emit_alu(RvInsn *d) { alu(d, operand_rs2); }
void rv_emit_alu_imm(RvInsn *d) { alu(d, operand_imm); }

static void emit_set(RvInsn *d)
{
    rv_put(d, d->rd, tcg_setcond(d->b, (TcgCond)d->row->arg, TCG_I64, rv_get(d, d->rs1), rv_get(d, d->rs2)));
}

static void emit_set_imm(RvInsn *d)
{
    rv_put(d, d->rd, tcg_setcond(d->b, (TcgCond)d->row->arg, TCG_I64, rv_get(d, d->rs1), rv_const(d, (uint64_t)d->imm)));
}

/* ---- fences ---- */

/* Device input and output order as reads and writes of memory. */
static void emit_fence(RvInsn *d)
{
    unsigned pred = d->imm >> 4 & 15, succ = d->imm & 15;
    bool pred_r = pred & 0xa, pred_w = pred & 5, succ_r = succ & 0xa, succ_w = succ & 5;
    unsigned kinds = 0;
    kinds |= pred_r && succ_r ? TCG_FENCE_LL : 0;
    kinds |= pred_r && succ_w ? TCG_FENCE_LS : 0;
    kinds |= pred_w && succ_r ? TCG_FENCE_SL : 0;
    kinds |= pred_w && succ_w ? TCG_FENCE_SS : 0;
    if (d->imm >> 8 == 8) {
        kinds &= ~(unsigned)TCG_FENCE_SL; /* fence.tso */
    }
    if (pred == 1 && succ == 0) { /* pause */
        tcg_exit(d->b, TCG_REASON_PAUSE, rv_next_pc(d));
    } else if (kinds) {
        tcg_fence(d->b, kinds);
    }
}

/* Writes to translated code are seen at once; what follows must only be looked up anew. */
static void emit_fence_i(RvInsn *d) { rv_emit_leave(d); }

#define ROW(name_, pattern_, format_, emit_, arg_, xlen_, scan_)                                                       \
    {.name = name_, .pattern = pattern_, .format = format_, .emit = emit_, .arg = (arg_), .ext = RISCV_EXT_I, .xlen = xlen_, .scan = scan_}
#define NEXT(name_, pattern_, format_, emit_, arg_) ROW(name_, pattern_, format_, emit_, arg_, RV_BOTH, SCAN_NEXT)
#define NEXT32(name_, pattern_, format_, emit_, arg_) ROW(name_, pattern_, format_, emit_, arg_, RV_32, SCAN_NEXT)
#define NEXT64(name_, pattern_, format_, emit_, arg_) ROW(name_, pattern_, format_, emit_, arg_, RV_64, SCAN_NEXT)
#define BRANCH(name_, pattern_, cond_) ROW(name_, pattern_, "rs1, rs2, target", rv_emit_branch, cond_, RV_BOTH, SCAN_BRANCH)

static const RvRow rows[] = {
    NEXT("lui", "imm[31:12] rd 0110111", "rd, upper", emit_lui, 0),
    NEXT("auipc", "imm[31:12] rd 0010111", "rd, upper", emit_auipc, 0),
    ROW("jal", "imm[20|10:1|11|19:12] rd 1101111", "rd, target", rv_emit_jal, 0, RV_BOTH, SCAN_JUMP),
    ROW("jalr", "imm[11:0] rs1 000 rd 1100111", "rd, imm(rs1)", rv_emit_jalr, 0, RV_BOTH, SCAN_STOP),
    BRANCH("beq", "imm[12|10:5] rs2 rs1 000 imm[4:1|11] 1100011", TCG_COND_EQ),
    BRANCH("bne", "imm[12|10:5] rs2 rs1 001 imm[4:1|11] 1100011", TCG_COND_NE),
    BRANCH("blt", "imm[12|10:5] rs2 rs1 100 imm[4:1|11] 1100011", TCG_COND_LT),
    BRANCH("bge", "imm[12|10:5] rs2 rs1 101 imm[4:1|11] 1100011", TCG_COND_GE),
    BRANCH("bltu", "imm[12|10:5] rs2 rs1 110 imm[4:1|11] 1100011", TCG_COND_LTU),
    BRANCH("bgeu", "imm[12|10:5] rs2 rs1 111 imm[4:1|11] 1100011", TCG_COND_GEU),
    NEXT("lb", "imm[11:0] rs1 000 rd 0000011", "rd, imm(rs1)", rv_emit_load, 0 | RV_SIGNED),
    NEXT("lh", "imm[11:0] rs1 001 rd 0000011", "rd, imm(rs1)", rv_emit_load, 1 | RV_SIGNED),
    NEXT("lw", "imm[11:0] rs1 010 rd 0000011", "rd, imm(rs1)", rv_emit_load, 2 | RV_SIGNED),
    NEXT64("ld", "imm[11:0] rs1 011 rd 0000011", "rd, imm(rs1)", rv_emit_load, 3 | RV_SIGNED),
    NEXT("lbu", "imm[11:0] rs1 100 rd 0000011", "rd, imm(rs1)", rv_emit_load, 0),
    NEXT("lhu", "imm[11:0] rs1 101 rd 0000011", "rd, imm(rs1)", rv_emit_load, 1),
    NEXT64("lwu", "imm[11:0] rs1 110 rd 0000011", "rd, imm(rs1)", rv_emit_load, 2),
    NEXT("sb", "imm[11:5] rs2 rs1 000 imm[4:0] 0100011", "rs2, imm(rs1)", rv_emit_store, 0),
    NEXT("sh", "imm[11:5] rs2 rs1 001 imm[4:0] 0100011", "rs2, imm(rs1)", rv_emit_store, 1),
    NEXT("sw", "imm[11:5] rs2 rs1 010 imm[4:0] 0100011", "rs2, imm(rs1)", rv_emit_store, 2),
    NEXT64("sd", "imm[11:5] rs2 rs1 011 imm[4:0] 0100011", "rs2, imm(rs1)", rv_emit_store, 3),
    NEXT("addi", "imm[11:0] rs1 000 rd 0010011", "rd, rs1, imm", rv_emit_alu_imm, TCG_OP_ADD),
    NEXT("slti", "imm[11:0] rs1 010 rd 0010011", "rd, rs1, imm", emit_set_imm, TCG_COND_LT),
    NEXT("sltiu", "imm[11:0] rs1 011 rd 0010011", "rd, rs1, imm", emit_set_imm, TCG_COND_LTU),
    NEXT("xori", "imm[11:0] rs1 100 rd 0010011", "rd, rs1, imm", rv_emit_alu_imm, TCG_OP_XOR),
    NEXT("ori", "imm[11:0] rs1 110 rd 0010011", "rd, rs1, imm", rv_emit_alu_imm, TCG_OP_OR),
    NEXT("andi", "imm[11:0] rs1 111 rd 0010011", "rd, rs1, imm", rv_emit_alu_imm, TCG_OP_AND),
    NEXT32("slli", "0000000 shamt[4:0] rs1 001 rd 0010011", "rd, rs1, imm", rv_emit_alu_imm, TCG_OP_SHL),
    NEXT32("srli", "0000000 shamt[4:0] rs1 101 rd 0010011", "rd, rs1, imm", rv_emit_alu_imm, TCG_OP_SHR),
    NEXT32("srai", "0100000 shamt[4:0] rs1 101 rd 0010011", "rd, rs1, imm", rv_emit_alu_imm, TCG_OP_SAR),
    NEXT64("slli", "000000 shamt[5:0] rs1 001 rd 0010011", "rd, rs1, imm", rv_emit_alu_imm, TCG_OP_SHL),
    NEXT64("srli", "000000 shamt[5:0] rs1 101 rd 0010011", "rd, rs1, imm", rv_emit_alu_imm, TCG_OP_SHR),
    NEXT64("srai", "010000 shamt[5:0] rs1 101 rd 0010011", "rd, rs1, imm", rv_emit_alu_imm, TCG_OP_SAR),
    NEXT("add", "0000000 rs2 rs1 000 rd 0110011", "rd, rs1, rs2", rv_emit_alu, TCG_OP_ADD),
    NEXT("sub", "0100000 rs2 rs1 000 rd 0110011", "rd, rs1, rs2", rv_emit_alu, TCG_OP_SUB),
    NEXT("sll", "0000000 rs2 rs1 001 rd 0110011", "rd, rs1, rs2", rv_emit_alu, TCG_OP_SHL),
    NEXT("slt", "0000000 rs2 rs1 010 rd 0110011", "rd, rs1, rs2", emit_set, TCG_COND_LT),
    NEXT("sltu", "0000000 rs2 rs1 011 rd 0110011", "rd, rs1, rs2", emit_set, TCG_COND_LTU),
    NEXT("xor", "0000000 rs2 rs1 100 rd 0110011", "rd, rs1, rs2", rv_emit_alu, TCG_OP_XOR),
    NEXT("srl", "0000000 rs2 rs1 101 rd 0110011", "rd, rs1, rs2", rv_emit_alu, TCG_OP_SHR),
    NEXT("sra", "0100000 rs2 rs1 101 rd 0110011", "rd, rs1, rs2", rv_emit_alu, TCG_OP_SAR),
    NEXT("or", "0000000 rs2 rs1 110 rd 0110011", "rd, rs1, rs2", rv_emit_alu, TCG_OP_OR),
    NEXT("and", "0000000 rs2 rs1 111 rd 0110011", "rd, rs1, rs2", rv_emit_alu, TCG_OP_AND),
    NEXT64("addiw", "imm[11:0] rs1 000 rd 0011011", "rd, rs1, imm", rv_emit_alu_imm, TCG_OP_ADD | RV_WORD),
    NEXT64("slliw", "0000000 shamt[4:0] rs1 001 rd 0011011", "rd, rs1, imm", rv_emit_alu_imm, TCG_OP_SHL | RV_WORD),
    NEXT64("srliw", "0000000 shamt[4:0] rs1 101 rd 0011011", "rd, rs1, imm", rv_emit_alu_imm, TCG_OP_SHR | RV_WORD),
    NEXT64("sraiw", "0100000 shamt[4:0] rs1 101 rd 0011011", "rd, rs1, imm", rv_emit_alu_imm, TCG_OP_SAR | RV_WORD),
    NEXT64("addw", "0000000 rs2 rs1 000 rd 0111011", "rd, rs1, rs2", rv_emit_alu, TCG_OP_ADD | RV_WORD),
    NEXT64("subw", "0100000 rs2 rs1 000 rd 0111011", "rd, rs1, rs2", rv_emit_alu, TCG_OP_SUB | RV_WORD),
    NEXT64("sllw", "0000000 rs2 rs1 001 rd 0111011", "rd, rs1, rs2", rv_emit_alu, TCG_OP_SHL | RV_WORD),
    NEXT64("srlw", "0000000 rs2 rs1 101 rd 0111011", "rd, rs1, rs2", rv_emit_alu, TCG_OP_SHR | RV_WORD),
    NEXT64("sraw", "0100000 rs2 rs1 101 rd 0111011", "rd, rs1, rs2", rv_emit_alu, TCG_OP_SAR | RV_WORD),
    NEXT("fence", "fm pred succ rs1 000 rd 0001111", "pred, succ", emit_fence, 0),
    ROW("fence.i", "imm[11:0] rs1 001 rd 0001111", "", emit_fence_i, 0, RV_BOTH, SCAN_STOP),
};
const RvRowGroup riscv_rows_i = RV_GROUP(rows);

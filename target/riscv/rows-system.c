/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System instructions: environment calls, CSR accesses (Zicsr), trap returns, WFI, translation fences (Svinval too), and
 * cache-block operations (Zicbom, Zicboz).
 *
 * CSRs that are plain storage are slots and are read and written inline; the rest goes through two helpers. A write
 * helper answers whether the region must be left: because mode flags changed, an interrupt can be taken, or translation changed. So a CSR
 * access does not end a region by itself.
 */
#include "helper.h"
#include "insn.h"
#include "rows.h"

static TcgVal insn_bits(RvInsn *d) { return tcg_const(d->b, TCG_I32, d->bits); }

static void emit_ecall(RvInsn *d)
{
    rv_emit_raise(d, (RiscvCause)(CAUSE_ECALL_U + RISCV_FLAG_PRIV(d->flags)), rv_const(d, 0));
}

void rv_emit_ebreak(RvInsn *d) { rv_emit_raise(d, CAUSE_BREAKPOINT, rv_const(d, d->pc)); }

static void emit_xret(RvInsn *d)
{
    unsigned priv = RISCV_FLAG_PRIV(d->flags);
    if (priv < d->row->arg) {
        rv_emit_illegal(d);
        return;
    }
    const TcgHelper *h = d->row->arg == RISCV_PRIV_M ? &riscv_helper_mret : &riscv_helper_sret;
    tcg_call(d->b, h, insn_bits(d), TCG_NONE, TCG_NONE, TCG_NONE);
    tcg_exit(d->b, TCG_REASON_NONE, UINT64_MAX);
}

static void emit_wfi(RvInsn *d)
{
    if (RISCV_FLAG_PRIV(d->flags) != RISCV_PRIV_M) {
        tcg_call(d->b, &riscv_helper_wfi, insn_bits(d), TCG_NONE, TCG_NONE, TCG_NONE);
    }
    tcg_exit(d->b, TCG_REASON_IDLE, rv_next_pc(d));
}

static void emit_sfence(RvInsn *d)
{
    if (RISCV_FLAG_PRIV(d->flags) == RISCV_PRIV_U) {
        rv_emit_illegal(d);
        return;
    }
    tcg_call(d->b, &riscv_helper_sfence, insn_bits(d), rv_get(d, d->rs1), rv_get(d, d->rs2), TCG_NONE);
    rv_emit_leave(d);
}

/* Ordering of sinval.vma against other things: it takes effect at once here. */
static void emit_sfence_order(RvInsn *d)
{
    if (RISCV_FLAG_PRIV(d->flags) == RISCV_PRIV_U) {
        rv_emit_illegal(d);
    }
}

static TcgVal block_address(RvInsn *d) { return d->rv32 ? tcg_extu(d->b, rv_get32(d, d->rs1)) : rv_get(d, d->rs1); }

static void emit_cbo(RvInsn *d)
{
    tcg_call(d->b, &riscv_helper_cbo, insn_bits(d), block_address(d), TCG_NONE, TCG_NONE);
}

/* Kernels clear pages with it: four stores of 16 bytes, of which the first takes every fault there is. */
static void emit_cbo_zero(RvInsn *d)
{
    if (!(d->flags & RISCV_FLAG_CBO_ZERO)) {
        tcg_call(d->b, &riscv_helper_cbo_zero, insn_bits(d), block_address(d), TCG_NONE, TCG_NONE);
        return;
    }
    TcgVal addr = tcg_and(d->b, TCG_I64, block_address(d), rv_const(d, ~63ull)), zero = rv_const(d, 0), v = TCG_NONE;
    TcgInsn make = {.op = TCG_OP_MAKE128, .type = TCG_I128, .arg = {zero, zero}};
    tcg_emit_raw(d->b, &make, &v);
    for (int at = 0; v && at < 64; at += 16) {
        tcg_store(d->b, TCG_I128, addr, at, v, rv_mem(d, 4, false));
    }
}

/* ---- CSR accesses ---- */

enum { CSR_SSTATUS = 0x100, CSR_MSTATUS = 0x300, CSR_MIP = 0x344, CSR_SIP = 0x144 };
enum { ACCESS_WRITE, ACCESS_SET, ACCESS_CLEAR, ACCESS_IMMEDIATE = 4 };

/* Plain storage that needs no check beyond the privilege. */
static unsigned csr_slot(unsigned number, uint64_t *mask)
{
    *mask = ~0ull;
    switch (number) {
    case 0x140: return RISCV_SLOT_SSCRATCH;
    case 0x141: *mask = ~3ull; return RISCV_SLOT_SEPC;
    case 0x142: return RISCV_SLOT_SCAUSE;
    case 0x143: return RISCV_SLOT_STVAL;
    case 0x340: return RISCV_SLOT_MSCRATCH;
    case 0x341: *mask = ~3ull; return RISCV_SLOT_MEPC;
    case 0x342: return RISCV_SLOT_MCAUSE;
    case 0x343: return RISCV_SLOT_MTVAL;
    default: return 0;
    }
}

static bool writes(const RvInsn *d) { return (d->row->arg & 3) == ACCESS_WRITE || d->rs1; }
static TcgVal source(RvInsn *d) { return d->row->arg & ACCESS_IMMEDIATE ? rv_const(d, d->rs1) : rv_get(d, d->rs1); }

static TcgVal combined(RvInsn *d, TcgVal old, TcgVal src)
{
    switch (d->row->arg & 3) {
    case ACCESS_SET: return tcg_or(d->b, TCG_I64, old, src);
    case ACCESS_CLEAR: return tcg_andn(d->b, TCG_I64, old, src);
    default: return src;
    }
}

static void access_slot(RvInsn *d, unsigned slot, uint64_t mask)
{
    if (mask == ~3ull && riscv_flag_ext(d->flags, RISCV_EXT_C)) {
        mask = ~1ull;
    }
    TcgVal src = source(d);
    TcgVal old = tcg_get(d->b, slot, TCG_I64);
    if (writes(d)) {
        TcgVal v = combined(d, old, src);
        tcg_put(d->b, slot, mask == ~0ull ? v : tcg_and(d->b, TCG_I64, v, rv_const(d, mask)));
    }
    rv_put(d, d->rd, old);
}

/*
 * Accesses of sstatus and mstatus that a kernel does all the time are inline: reads; and setting or clearing known bits that neither
 * make an interrupt deliverable nor switch the address space. Bits on which region flags depend are among them: where they
 * change the flags of this region, it is left.
 */
enum { STATUS_CLEARS = MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP | MSTATUS_FS | MSTATUS_SUM, STATUS_SETS = MSTATUS_SPIE | MSTATUS_SPP | MSTATUS_SUM };

static bool known_bits(RvInsn *d, uint64_t *bits)
{
    unsigned access = d->row->arg & 3;
    if (!writes(d)) {
        *bits = 0;
        return true;
    }
    return access != ACCESS_WRITE && tcg_is_const(d->b, source(d), bits);
}

/* Whether the change may alter what riscv_region_flags() answers for this region's mode. */
static bool changes_flags(const RvInsn *d, uint64_t bits)
{
    bool sets = (d->row->arg & 3) == ACCESS_SET;
    unsigned mode = RISCV_FLAG_MODE(d->flags);
    bool sum = (bits & MSTATUS_SUM) && mode == (sets ? RISCV_MODE_S : RISCV_MODE_S_SUM);
    return sum || (!sets && (bits & MSTATUS_FS) && RISCV_FLAG_FS(d->flags) != RISCV_FS_OFF);
}

static bool access_status(RvInsn *d, unsigned number)
{
    uint64_t bits;
    if ((number != CSR_SSTATUS && number != CSR_MSTATUS) || d->rv32 || !known_bits(d, &bits)) {
        return false;
    }
    bool sets = (d->row->arg & 3) == ACCESS_SET;
    bits &= number == CSR_SSTATUS ? SSTATUS_MASK & ~(MSTATUS_UXL | MSTATUS_SD) : ~0ull;
    if (bits & ~(uint64_t)(sets ? STATUS_SETS : STATUS_CLEARS | (number == CSR_MSTATUS ? MSTATUS_MIE : 0))) {
        return false;
    }
    TcgVal old = tcg_get(d->b, RISCV_SLOT_MSTATUS, TCG_I64);
    if (bits) {
        uint64_t clear = bits | (bits & MSTATUS_FS ? MSTATUS_SD : 0);
        tcg_put(d->b, RISCV_SLOT_MSTATUS, sets ? tcg_or(d->b, TCG_I64, old, rv_const(d, bits))
                                               : tcg_and(d->b, TCG_I64, old, rv_const(d, ~clear)));
    }
    rv_put(d, d->rd, number == CSR_SSTATUS ? tcg_and(d->b, TCG_I64, old, rv_const(d, SSTATUS_MASK)) : old);
    if (changes_flags(d, bits)) {
        rv_emit_leave(d);
    }
    return true;
}

static void access_by_helper(RvInsn *d, unsigned number)
{
    TcgVal src = source(d);
    TcgVal old = TCG_NONE;
    bool update = writes(d) && (d->row->arg & 3) != ACCESS_WRITE;
    if (update || d->rd || !writes(d)) {
        uint32_t which = number | (update ? RISCV_CSR_FOR_UPDATE : 0);
        old = tcg_call(d->b, &riscv_helper_csr_read, tcg_const(d->b, TCG_I32, which), insn_bits(d), TCG_NONE, TCG_NONE);
    }
    if (!writes(d)) {
        rv_put(d, d->rd, old);
        return;
    }
    TcgVal shown = old;
    if (update && d->rd && (number == CSR_MIP || number == CSR_SIP)) { /* rd gets the lines too, the update does not */
        shown = tcg_call(d->b, &riscv_helper_csr_read, tcg_const(d->b, TCG_I32, number), insn_bits(d), TCG_NONE, TCG_NONE);
    }
    TcgVal leave = tcg_call(d->b, &riscv_helper_csr_write, tcg_const(d->b, TCG_I32, number), combined(d, old, src),
                            insn_bits(d), TCG_NONE);
    if (d->rd) {
        rv_put(d, d->rd, shown);
    }
    TcgLabel stay = tcg_label_new(d->b);
    tcg_label_branch(d->b, stay, TCG_COND_EQ, TCG_I64, leave, rv_const(d, 0));
    rv_emit_leave(d);
    tcg_label_bind(d->b, stay);
}

static void emit_csr(RvInsn *d)
{
    unsigned number = (unsigned)d->imm & 0xfff;
    bool read_only = number >> 10 == 3;
    if (RISCV_FLAG_PRIV(d->flags) < (number >> 8 & 3) || (read_only && writes(d))) {
        rv_emit_illegal(d);
        return;
    }
    uint64_t mask;
    bool inline_ok = !(d->flags & RISCV_FLAG_NO_S);
    unsigned slot = inline_ok ? csr_slot(number, &mask) : 0;
    if (slot) {
        access_slot(d, slot, mask);
    } else if (!inline_ok || !access_status(d, number)) {
        access_by_helper(d, number);
    }
}

#define ROW(name_, pattern_, format_, emit_, arg_, ext_, scan_)                                                        \
    {.name = name_, .pattern = pattern_, .format = format_, .emit = emit_, .arg = (arg_), .ext = RISCV_EXT_##ext_, .scan = scan_}
#define CSR(name_, funct3_, arg_) ROW(name_, "csr rs1 " funct3_ " rd 1110011", "rd, csr, rs1", emit_csr, arg_, ZICSR, SCAN_NEXT)
#define CSRI(name_, funct3_, arg_)                                                                                     \
    ROW(name_, "csr zimm " funct3_ " rd 1110011", "rd, csr, zimm", emit_csr, (arg_) | ACCESS_IMMEDIATE, ZICSR, SCAN_NEXT)
#define CBO(name_, number_, emit_, ext_)                                                                               \
    ROW(name_, number_ " rs1 010 00000 0001111", "(rs1)", emit_, 0, ext_, SCAN_NEXT)

static const RvRow rows[] = {
    ROW("ecall", "000000000000 00000 000 00000 1110011", "", emit_ecall, 0, I, SCAN_STOP),
    ROW("ebreak", "000000000001 00000 000 00000 1110011", "", rv_emit_ebreak, 0, I, SCAN_STOP),
    ROW("sret", "0001000 00010 00000 000 00000 1110011", "", emit_xret, RISCV_PRIV_S, I, SCAN_STOP),
    ROW("mret", "0011000 00010 00000 000 00000 1110011", "", emit_xret, RISCV_PRIV_M, I, SCAN_STOP),
    ROW("wfi", "0001000 00101 00000 000 00000 1110011", "", emit_wfi, 0, I, SCAN_STOP),
    ROW("sfence.vma", "0001001 rs2 rs1 000 00000 1110011", "rs1, rs2", emit_sfence, 0, I, SCAN_STOP),
    ROW("sinval.vma", "0001011 rs2 rs1 000 00000 1110011", "rs1, rs2", emit_sfence, 0, SVINVAL, SCAN_STOP),
    ROW("sfence.w.inval", "0001100 00000 00000 000 00000 1110011", "", emit_sfence_order, 0, SVINVAL, SCAN_NEXT),
    ROW("sfence.inval.ir", "0001100 00001 00000 000 00000 1110011", "", emit_sfence_order, 0, SVINVAL, SCAN_NEXT),
    CSR("csrrw", "001", ACCESS_WRITE),
    CSR("csrrs", "010", ACCESS_SET),
    CSR("csrrc", "011", ACCESS_CLEAR),
    CSRI("csrrwi", "101", ACCESS_WRITE),
    CSRI("csrrsi", "110", ACCESS_SET),
    CSRI("csrrci", "111", ACCESS_CLEAR),
    CBO("cbo.inval", "000000000000", emit_cbo, ZICBOM),
    CBO("cbo.clean", "000000000001", emit_cbo, ZICBOM),
    CBO("cbo.flush", "000000000010", emit_cbo, ZICBOM),
    CBO("cbo.zero", "000000000100", emit_cbo_zero, ZICBOZ),
};
const RvRowGroup riscv_rows_system = RV_GROUP(rows);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The target's face to the translator: what the next instruction is (scan), its translation, and the mode flags that
 * translations depend on. All of it is a function of code bytes, pc and flags.
 *
 * Floating point: with FS off an FP instruction is illegal. With FS on but not dirty the first instruction that changes FP state
 * marks it dirty and leaves the region, so that from then on code translated for "dirty" runs, which carries no marking at all.
 */
#include "helper.h"
#include "insn.h"

enum { PAUSE_BITS = 0x0100000f };

void riscv_update_flags(RiscvCpu *rc)
{
    rc->flags_base = rc->ext << RISCV_FLAG_EXT_SHIFT | (riscv_is32(rc) ? RISCV_FLAG_RV32 : 0) | (rc->cfg.s ? 0 : RISCV_FLAG_NO_S);
    rc->flags_cbo = 0;
    for (unsigned priv = RISCV_PRIV_U; priv <= RISCV_PRIV_M && rc->cfg.cboz_blocksize == 64; priv++) {
        rc->flags_cbo |= (uint8_t)(riscv_env_allows(rc, priv, MENVCFG_CBZE) << priv);
    }
}

uint64_t riscv_region_flags(CpuState *cpu)
{
    static const uint8_t fs[] = {RISCV_FS_OFF, RISCV_FS_CLEAN, RISCV_FS_CLEAN, RISCV_FS_DIRTY};
    static const uint8_t frm[] = {0, 0, 0, 0, RISCV_FRM_RMM, RISCV_FRM_INVALID, RISCV_FRM_INVALID, RISCV_FRM_INVALID};
    const RiscvCpu *rc = riscv_cpu(cpu);
    return rc->flags_base | rc->priv | (uint64_t)fs[rc->mstatus >> MSTATUS_FS_SHIFT & 3] << RISCV_FLAG_FS_SHIFT |
           (uint64_t)riscv_data_mode(cpu) << RISCV_FLAG_MODE_SHIFT | (uint64_t)frm[rc->frm & 7] << RISCV_FLAG_FRM_SHIFT |
           (rc->flags_cbo >> rc->priv & 1 ? RISCV_FLAG_CBO_ZERO : 0);
}

unsigned riscv_fetch_mode(uint64_t flags)
{
    switch (RISCV_FLAG_PRIV(flags)) {
    case RISCV_PRIV_U: return RISCV_MODE_U;
    case RISCV_PRIV_S: return RISCV_MODE_S;
    default: return RISCV_MODE_M;
    }
}

static uint32_t fetch(const uint8_t *code)
{
    uint32_t low = (uint32_t)code[0] | (uint32_t)code[1] << 8;
    return (low & 3) == 3 ? low | (uint32_t)code[2] << 16 | (uint32_t)code[3] << 24 : low;
}

static bool fp_off(const RvInsn *d) { return d->row->fp != RV_FP_NONE && RISCV_FLAG_FS(d->flags) == RISCV_FS_OFF; }
static bool fp_marks(const RvInsn *d) { return d->row->fp == RV_FP_CHANGES && RISCV_FLAG_FS(d->flags) == RISCV_FS_CLEAN; }

void riscv_scan(const uint8_t *code, size_t avail, uint64_t pc, uint64_t flags, ScanInfo *info)
{
    *info = (ScanInfo){.kind = SCAN_STOP};
    if (avail < 2) {
        return;
    }
    unsigned len = riscv_insn_len(code[0]);
    if (avail < len) {
        return;
    }
    info->len = len;
    RvInsn d = {.pc = pc};
    riscv_decode(&d, fetch(code), flags);
    if (!d.row || fp_off(&d) || fp_marks(&d) || d.bits == PAUSE_BITS) {
        return;
    }
    info->kind = (ScanKind)d.row->scan;
    if (info->kind == SCAN_JUMP || info->kind == SCAN_BRANCH) {
        info->target = rv_target_pc(&d);
        if (info->kind == SCAN_JUMP && (d.rd == 1 || d.rd == 5)) {
            info->kind = SCAN_CALL;
        }
        if ((info->target & 2) && !riscv_flag_ext(flags, RISCV_EXT_C)) {
            info->kind = info->kind == SCAN_BRANCH ? SCAN_NEXT : SCAN_STOP;
        }
    }
}

void riscv_translate(TcgBuilder *b, const uint8_t *code, uint64_t pc, uint64_t flags)
{
    RvInsn d = {.pc = pc, .b = b};
    riscv_decode(&d, fetch(code), flags);
    if (!d.row || fp_off(&d)) {
        rv_emit_illegal(&d);
        return;
    }
    bool marks = fp_marks(&d);
    if (marks) {
        tcg_call(b, &riscv_helper_fs_dirty, TCG_NONE, TCG_NONE, TCG_NONE, TCG_NONE);
    }
    d.row->emit(&d);
    if (marks) {
        rv_emit_leave(&d);
    }
}

void rv_emit_raise(RvInsn *d, RiscvCause cause, TcgVal value)
{
    tcg_call(d->b, &riscv_helper_raise, tcg_const(d->b, TCG_I32, cause), value, TCG_NONE, TCG_NONE);
    tcg_exit(d->b, TCG_REASON_NONE, d->pc);
}

void rv_emit_illegal(RvInsn *d) { rv_emit_raise(d, CAUSE_ILLEGAL, rv_const(d, d->bits)); }

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Helpers of system instructions: raising, trap returns, WFI, translation fences, cache blocks. Called from translated code on the
 * vCPU thread; what they need of slots is in their declarations.
 */
#include "accel/tcg/tcg-accel.h"
#include "helper.h"

static void helper_raise(CpuState *cpu, uint32_t cause, uint64_t value)
{
    riscv_raise(riscv_cpu(cpu), (RiscvCause)cause, value);
}

static void helper_fs_dirty(CpuState *cpu) { riscv_fs_dirty(riscv_cpu(cpu)); }

/* ---- trap returns ---- */

static void return_to(RiscvCpu *rc, unsigned priv, uint64_t pc)
{
    if (priv != RISCV_PRIV_M) {
        rc->mstatus &= ~MSTATUS_MPRV;
    }
    riscv_set_priv(rc, priv);
    rc->cpu.tcg.excl_addr = UINT64_MAX; /* another context must not complete this one's reservation */
    pc &= riscv_has(rc, RISCV_EXT_C) ? ~1ull : ~3ull;
    rc->pc = riscv_is32(rc) ? (uint32_t)pc : pc;
}

static void helper_sret(CpuState *cpu, uint32_t insn)
{
    RiscvCpu *rc = riscv_cpu(cpu);
    if (!rc->cfg.s || (rc->priv == RISCV_PRIV_S && (rc->mstatus & MSTATUS_TSR))) {
        riscv_raise(rc, CAUSE_ILLEGAL, insn);
    }
    uint64_t s = rc->mstatus;
    unsigned priv = s & MSTATUS_SPP ? RISCV_PRIV_S : RISCV_PRIV_U;
    s = (s & ~(MSTATUS_SIE | MSTATUS_SPP)) | (s & MSTATUS_SPIE ? MSTATUS_SIE : 0) | MSTATUS_SPIE;
    rc->mstatus = s;
    return_to(rc, priv, rc->sepc);
}

static void helper_mret(CpuState *cpu, uint32_t insn)
{
    RiscvCpu *rc = riscv_cpu(cpu);
    uint64_t s = rc->mstatus;
    unsigned priv = (s & MSTATUS_MPP) >> MSTATUS_MPP_SHIFT;
    s = (s & ~(MSTATUS_MIE | MSTATUS_MPP)) | (s & MSTATUS_MPIE ? MSTATUS_MIE : 0) | MSTATUS_MPIE;
    s |= rc->cfg.u ? 0 : MSTATUS_MPP;
    rc->mstatus = s;
    return_to(rc, priv, rc->mepc);
}

static void helper_wfi(CpuState *cpu, uint32_t insn)
{
    RiscvCpu *rc = riscv_cpu(cpu);
    bool user = rc->priv == RISCV_PRIV_U && rc->cfg.s;
    if (user || (rc->priv != RISCV_PRIV_M && (rc->mstatus & MSTATUS_TW))) {
        riscv_raise(rc, CAUSE_ILLEGAL, insn);
    }
}

static void helper_sfence(CpuState *cpu, uint32_t insn, uint64_t va, uint64_t asid)
{
    RiscvCpu *rc = riscv_cpu(cpu);
    if (!rc->cfg.s || (rc->priv == RISCV_PRIV_S && (rc->mstatus & MSTATUS_TVM))) {
        riscv_raise(rc, CAUSE_ILLEGAL, insn);
    }
    riscv_sfence(rc, insn >> 15 & 31, va, insn >> 20 & 31, asid);
}

/* ---- cache blocks ---- */

bool riscv_env_allows(const RiscvCpu *rc, unsigned priv, uint64_t bits)
{
    return (priv == RISCV_PRIV_M || (rc->menvcfg & bits)) &&
           (priv != RISCV_PRIV_U || !rc->cfg.s || (rc->senvcfg & bits));
}

static void helper_cbo(CpuState *cpu, uint32_t insn, uint64_t va)
{
    RiscvCpu *rc = riscv_cpu(cpu);
    bool inval = insn >> 20 == 0;
    if (!riscv_env_allows(rc, rc->priv, inval ? MENVCFG_CBIE : MENVCFG_CBCFE)) {
        riscv_raise(rc, CAUSE_ILLEGAL, insn);
    }
    /* Caches are coherent, so only the permission check remains: the block must be readable or writable. */
    unsigned mode = riscv_data_mode(cpu);
    if (!riscv_tlb_fill(cpu, va, MMU_READ, mode, true)) {
        riscv_tlb_fill(cpu, va, MMU_WRITE, mode, false);
    }
}

static void helper_cbo_zero(CpuState *cpu, uint32_t insn, uint64_t va)
{
    RiscvCpu *rc = riscv_cpu(cpu);
    if (!riscv_env_allows(rc, rc->priv, MENVCFG_CBZE)) {
        riscv_raise(rc, CAUSE_ILLEGAL, insn);
    }
    unsigned size = rc->cfg.cboz_blocksize, mode = riscv_data_mode(cpu);
    va &= ~(uint64_t)(size - 1);
    void *host = cpu_probe(cpu, va, size, MMU_WRITE, mode);
    if (host) {
        memset(host, 0, size);
        return;
    }
    for (unsigned i = 0; i < size; i += 8) {
        cpu_store(cpu, va + i, 0, TCG_MEM(3, 0u, 0, TCG_ALIGN_ANY, mode));
    }
}

const TcgHelper riscv_helper_raise = {
    .name = "raise", .fn = (void *)helper_raise, .flags = TCG_HELPER_RAISES | TCG_HELPER_NORETURN, .args = {TCG_I32, TCG_I64},
};
const TcgHelper riscv_helper_fs_dirty = {
    .name = "fs_dirty", .fn = (void *)helper_fs_dirty, .reads = RISCV_SLOTS_MSTATUS, .writes = RISCV_SLOTS_MSTATUS,
};
#define XRET(name_)                                                                                                    \
    {                                                                                                                  \
        .name = #name_, .fn = (void *)helper_##name_, .flags = TCG_HELPER_RAISES, .args = {TCG_I32},                   \
        .reads = RISCV_SLOTS_CSR, .writes = {{1, 1}},                                                                  \
    }
const TcgHelper riscv_helper_sret = XRET(sret);
const TcgHelper riscv_helper_mret = XRET(mret);
const TcgHelper riscv_helper_wfi = {
    .name = "wfi", .fn = (void *)helper_wfi, .flags = TCG_HELPER_RAISES, .args = {TCG_I32}, .reads = RISCV_SLOTS_MSTATUS,
};
const TcgHelper riscv_helper_sfence = {
    .name = "sfence", .fn = (void *)helper_sfence, .flags = TCG_HELPER_RAISES, .args = {TCG_I32, TCG_I64, TCG_I64},
    .reads = RISCV_SLOTS_MSTATUS,
};
const TcgHelper riscv_helper_cbo = {
    .name = "cbo", .fn = (void *)helper_cbo, .flags = TCG_HELPER_RAISES, .args = {TCG_I32, TCG_I64}, .reads = RISCV_SLOTS_MSTATUS,
};
const TcgHelper riscv_helper_cbo_zero = {
    .name = "cbo_zero", .fn = (void *)helper_cbo_zero, .flags = TCG_HELPER_RAISES, .args = {TCG_I32, TCG_I64},
    .reads = RISCV_SLOTS_MSTATUS,
};

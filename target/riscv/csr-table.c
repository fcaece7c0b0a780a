/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every CSR a hart has, by the privileged manual (version 20211203 with the ratified extensions up to Svadu), and the functions
 * of those that are more than storage. 32-bit harts keep XLEN-wide values sign-extended; 64-bit CSRs that they see
 * in two halves have a row ending in `h`.
 */
#include "csr.h"

/* ---- who may ---- */

static bool if_fp(const RiscvCpu *rc, const CsrRow *row, unsigned number, unsigned priv)
{
    return riscv_has(rc, RISCV_EXT_F) && (rc->mstatus & MSTATUS_FS);
}

static bool if_s(const RiscvCpu *rc, const CsrRow *row, unsigned number, unsigned priv) { return rc->cfg.s; }
static bool if_u(const RiscvCpu *rc, const CsrRow *row, unsigned number, unsigned priv) { return rc->cfg.u; }
static bool if_32(const RiscvCpu *rc, const CsrRow *row, unsigned number, unsigned priv) { return riscv_is32(rc); }
static bool if_u32(const RiscvCpu *rc, const CsrRow *row, unsigned number, unsigned priv)
{
    return rc->cfg.u && riscv_is32(rc);
}

static bool if_satp(const RiscvCpu *rc, const CsrRow *row, unsigned number, unsigned priv)
{
    return rc->cfg.s && !(priv == RISCV_PRIV_S && (rc->mstatus & MSTATUS_TVM));
}

static bool if_counter(const RiscvCpu *rc, const CsrRow *row, unsigned number, unsigned priv)
{
    unsigned n = number & 31;
    if (!riscv_has(rc, n < 3 ? RISCV_EXT_ZICNTR : RISCV_EXT_ZIHPM) || ((number & 0x80) && !riscv_is32(rc))) {
        return false;
    }
    return (priv == RISCV_PRIV_M || (rc->mcounteren >> n & 1)) &&
           (priv != RISCV_PRIV_U || !rc->cfg.s || (rc->scounteren >> n & 1));
}

static bool if_sstc(const RiscvCpu *rc, const CsrRow *row, unsigned number, unsigned priv)
{
    if (!riscv_has(rc, RISCV_EXT_SSTC) || ((number & 0x10) && !riscv_is32(rc))) {
        return false;
    }
    return priv == RISCV_PRIV_M || ((rc->mcounteren & 2) && (rc->menvcfg & MENVCFG_STCE));
}

static bool if_stateen(const RiscvCpu *rc, const CsrRow *row, unsigned number, unsigned priv)
{
    if (!riscv_has(rc, RISCV_EXT_SMSTATEEN) || (number >= 0x31c && number <= 0x31f && !riscv_is32(rc))) {
        return false;
    }
    return priv == RISCV_PRIV_M || (rc->mstateen[number & 3] & STATEEN_SE0);
}

static bool if_senvcfg(const RiscvCpu *rc, const CsrRow *row, unsigned number, unsigned priv)
{
    return rc->cfg.s && (priv == RISCV_PRIV_M || !riscv_has(rc, RISCV_EXT_SMSTATEEN) || (rc->mstateen[0] & STATEEN_ENVCFG));
}

static bool if_pmp(const RiscvCpu *rc, const CsrRow *row, unsigned number, unsigned priv)
{
    return rc->cfg.pmp && (number >= 0x3b0 || riscv_is32(rc) || !(number & 1));
}

static bool if_trigger(const RiscvCpu *rc, const CsrRow *row, unsigned number, unsigned priv) { return rc->cfg.debug; }

/* ---- floating point ---- */

static uint64_t read_fflags(RiscvCpu *rc, const CsrRow *row, unsigned number) { return riscv_fflags_read(rc); }
static uint64_t read_frm(RiscvCpu *rc, const CsrRow *row, unsigned number) { return rc->frm; }
static uint64_t read_fcsr(RiscvCpu *rc, const CsrRow *row, unsigned number)
{
    return riscv_fflags_read(rc) | (uint64_t)rc->frm << 5;
}

static void write_fflags(RiscvCpu *rc, const CsrRow *row, unsigned number, uint64_t v)
{
    riscv_fflags_write(rc, v & 31);
    riscv_fs_dirty(rc);
}

static void write_frm(RiscvCpu *rc, const CsrRow *row, unsigned number, uint64_t v)
{
    riscv_frm_write(rc, v & 7);
    riscv_fs_dirty(rc);
}

static void write_fcsr(RiscvCpu *rc, const CsrRow *row, unsigned number, uint64_t v)
{
    riscv_fflags_write(rc, v & 31);
    riscv_frm_write(rc, v >> 5 & 7);
    riscv_fs_dirty(rc);
}

/* ---- status ---- */

static uint64_t shown_status(const RiscvCpu *rc, uint64_t v)
{
    return riscv_is32(rc) ? (v & 0x7fffffff) | (v & MSTATUS_SD ? 1ull << 31 : 0) : v;
}

static uint64_t read_mstatus(RiscvCpu *rc, const CsrRow *row, unsigned number) { return shown_status(rc, rc->mstatus); }
static uint64_t read_sstatus(RiscvCpu *rc, const CsrRow *row, unsigned number)
{
    return shown_status(rc, rc->mstatus & SSTATUS_MASK);
}

static uint64_t legal_mpp(const RiscvCpu *rc, uint64_t old, uint64_t v)
{
    unsigned mpp = (v & MSTATUS_MPP) >> MSTATUS_MPP_SHIFT;
    bool legal = mpp == RISCV_PRIV_M || (mpp == RISCV_PRIV_S && rc->cfg.s) || (mpp == RISCV_PRIV_U && rc->cfg.u);
    return legal ? v : (v & ~MSTATUS_MPP) | (old & MSTATUS_MPP);
}

void riscv_mstatus_write(RiscvCpu *rc, uint64_t v)
{
    uint64_t mask = MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP;
    mask |= rc->cfg.u ? MSTATUS_MPRV | MSTATUS_TW : 0;
    mask |= rc->cfg.s ? MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP | MSTATUS_SUM | MSTATUS_MXR | MSTATUS_TVM | MSTATUS_TSR : 0;
    mask |= riscv_has(rc, RISCV_EXT_F) ? MSTATUS_FS : 0;
    uint64_t old = rc->mstatus;
    v = legal_mpp(rc, old, (old & ~mask) | (v & mask)) & ~MSTATUS_SD;
    v |= (v & MSTATUS_FS) == MSTATUS_FS ? MSTATUS_SD : 0;
    rc->mstatus = v;
    if ((old ^ v) & MSTATUS_MXR) {
        riscv_mmu_switch(rc);
    }
}

static void write_mstatus(RiscvCpu *rc, const CsrRow *row, unsigned number, uint64_t v) { riscv_mstatus_write(rc, v); }
static void write_sstatus(RiscvCpu *rc, const CsrRow *row, unsigned number, uint64_t v)
{
    riscv_mstatus_write(rc, (rc->mstatus & ~SSTATUS_MASK) | (v & SSTATUS_MASK));
}

/* tinfo: bit 0 says that tselect names no trigger. */
static uint64_t read_no_trigger(RiscvCpu *rc, const CsrRow *row, unsigned number) { return 1; }

/* Everything implemented stays on: writes are ignored. */
static void write_nothing(RiscvCpu *rc, const CsrRow *row, unsigned number, uint64_t v) {}

/* ---- traps and interrupts ---- */

static void write_tvec(RiscvCpu *rc, const CsrRow *row, unsigned number, uint64_t v)
{
    if ((v & 3) < 2) {
        *(number == 0x305 ? &rc->mtvec : &rc->stvec) = v;
    }
}

static void write_epc(RiscvCpu *rc, const CsrRow *row, unsigned number, uint64_t v)
{
    *(number == 0x341 ? &rc->mepc : &rc->sepc) = v & (riscv_has(rc, RISCV_EXT_C) ? ~1ull : ~3ull);
}

static void store_mie(RiscvCpu *rc, uint64_t v) { __atomic_store_n(&rc->mie, v, __ATOMIC_RELEASE); }

static void write_mie(RiscvCpu *rc, const CsrRow *row, unsigned number, uint64_t v)
{
    store_mie(rc, v & (rc->cfg.s ? RISCV_IRQ_ALL : RISCV_IRQ_ALL & ~RISCV_IRQ_S));
}

static uint64_t read_sie(RiscvCpu *rc, const CsrRow *row, unsigned number) { return rc->mie & rc->mideleg; }
static void write_sie(RiscvCpu *rc, const CsrRow *row, unsigned number, uint64_t v)
{
    store_mie(rc, (rc->mie & ~rc->mideleg) | (v & rc->mideleg));
}

static uint64_t read_mip(RiscvCpu *rc, const CsrRow *row, unsigned number) { return riscv_mip(rc); }
static uint64_t read_sip(RiscvCpu *rc, const CsrRow *row, unsigned number) { return riscv_mip(rc) & rc->mideleg; }

static void store_mip(RiscvCpu *rc, uint32_t mask, uint64_t v)
{
    __atomic_store_n(&rc->mip_sw, (rc->mip_sw & ~mask) | ((uint32_t)v & mask), __ATOMIC_RELEASE);
}

static void write_mip(RiscvCpu *rc, const CsrRow *row, unsigned number, uint64_t v)
{
    uint32_t mask = rc->cfg.s ? RISCV_IRQ_SSIP | RISCV_IRQ_SEIP : 0;
    mask |= rc->cfg.s && !(rc->menvcfg & MENVCFG_STCE) ? RISCV_IRQ_STIP : 0;
    store_mip(rc, mask, v);
}

static void write_sip(RiscvCpu *rc, const CsrRow *row, unsigned number, uint64_t v)
{
    store_mip(rc, RISCV_IRQ_SSIP & (uint32_t)rc->mideleg, v);
}

/* ---- environment configuration ---- */

static uint64_t menvcfg_mask(const RiscvCpu *rc)
{
    uint64_t mask = MENVCFG_FIOM;
    mask |= riscv_has(rc, RISCV_EXT_ZICBOM) ? MENVCFG_CBIE | MENVCFG_CBCFE : 0;
    mask |= riscv_has(rc, RISCV_EXT_ZICBOZ) ? MENVCFG_CBZE : 0;
    return mask;
}

static void store_menvcfg(RiscvCpu *rc, uint64_t v, uint64_t lanes)
{
    uint64_t mask = menvcfg_mask(rc);
    mask |= riscv_has(rc, RISCV_EXT_SVADU) ? MENVCFG_ADUE : 0;
    mask |= riscv_has(rc, RISCV_EXT_SVPBMT) ? MENVCFG_PBMTE : 0;
    mask |= riscv_has(rc, RISCV_EXT_SSTC) ? MENVCFG_STCE : 0;
    mask &= lanes;
    uint64_t old = rc->menvcfg;
    rc->menvcfg = (old & ~mask) | (v & mask);
    uint64_t changed = old ^ rc->menvcfg;
    riscv_update_flags(rc);
    if (changed & MENVCFG_STCE) {
        riscv_stimer_update(rc);
    }
    if (changed & (MENVCFG_ADUE | MENVCFG_PBMTE)) {
        riscv_sfence(rc, false, 0, false, 0);
    }
}

static void write_menvcfg(RiscvCpu *rc, const CsrRow *row, unsigned number, uint64_t v)
{
    store_menvcfg(rc, v, riscv_is32(rc) ? 0xffffffff : ~0ull);
}
static uint64_t read_menvcfgh(RiscvCpu *rc, const CsrRow *row, unsigned number) { return rc->menvcfg >> 32; }
static void write_menvcfgh(RiscvCpu *rc, const CsrRow *row, unsigned number, uint64_t v)
{
    store_menvcfg(rc, v << 32, 0xffffffffull << 32);
}

static void write_senvcfg(RiscvCpu *rc, const CsrRow *row, unsigned number, uint64_t v)
{
    rc->senvcfg = v & menvcfg_mask(rc);
    riscv_update_flags(rc);
}

static uint64_t read_mstateen(RiscvCpu *rc, const CsrRow *row, unsigned number)
{
    return number >= 0x31c ? rc->mstateen[number & 3] >> 32 : rc->mstateen[number & 3];
}

static void write_mstateen(RiscvCpu *rc, const CsrRow *row, unsigned number, uint64_t v)
{
    unsigned n = number & 3;
    uint64_t mask = n ? STATEEN_SE0 : STATEEN_SE0 | STATEEN_ENVCFG;
    if (riscv_is32(rc)) {
        mask &= number >= 0x31c ? 0xffffffffull << 32 : 0xffffffff;
        v = number >= 0x31c ? v << 32 : v;
    }
    rc->mstateen[n] = (rc->mstateen[n] & ~mask) | (v & mask);
}

/* ---- translation and protection ---- */

static uint64_t read_satp(RiscvCpu *rc, const CsrRow *row, unsigned number) { return rc->satp; }

static void write_satp(RiscvCpu *rc, const CsrRow *row, unsigned number, uint64_t v)
{
    if (riscv_is32(rc)) {
        v &= 0xffffffff;
        if (!riscv_satp_mode_ok(rc, v >> 31 & 1)) {
            return;
        }
    } else {
        if (!riscv_satp_mode_ok(rc, (unsigned)(v >> SATP_MODE_SHIFT))) {
            return;
        }
        v &= ~(1ull << 43);
    }
    if (v != rc->satp) {
        rc->satp = v;
        riscv_mmu_switch(rc);
    }
}

static uint64_t read_pmpcfg(RiscvCpu *rc, const CsrRow *row, unsigned number)
{
    unsigned first = (number - 0x3a0) * 4;
    uint64_t v = 0;
    for (unsigned i = 0; i < rc->xlen / 8; i++) {
        v |= (uint64_t)rc->pmpcfg[first + i] << (8 * i);
    }
    return v;
}

static void write_pmpcfg(RiscvCpu *rc, const CsrRow *row, unsigned number, uint64_t v)
{
    riscv_pmpcfg_write(rc, (number - 0x3a0) * 4, rc->xlen / 8, v);
}

static uint64_t read_pmpaddr(RiscvCpu *rc, const CsrRow *row, unsigned number) { return riscv_pmpaddr_read(rc, number - 0x3b0); }
static void write_pmpaddr(RiscvCpu *rc, const CsrRow *row, unsigned number, uint64_t v)
{
    riscv_pmpaddr_write(rc, number - 0x3b0, v);
}

/* ---- counters ---- */

static uint64_t half(const RiscvCpu *rc, uint64_t v, bool high) { return high ? v >> 32 : v; }

static uint64_t read_counter(RiscvCpu *rc, const CsrRow *row, unsigned number)
{
    unsigned n = number & 31;
    uint64_t v = n == 1 ? riscv_time(rc) : riscv_counter_read(rc, n == 2);
    return half(rc, v, number & 0x80);
}

static void write_counter(RiscvCpu *rc, const CsrRow *row, unsigned number, uint64_t v)
{
    bool instret = (number & 31) == 2;
    if (riscv_is32(rc)) {
        uint64_t old = riscv_counter_read(rc, instret);
        v = number & 0x80 ? (old & 0xffffffff) | v << 32 : (old & ~0xffffffffull) | (v & 0xffffffff);
    }
    riscv_counter_write(rc, instret, v);
}

static void write_countinhibit(RiscvCpu *rc, const CsrRow *row, unsigned number, uint64_t v) { riscv_countinhibit_write(rc, v & 5); }

static uint64_t read_stimecmp(RiscvCpu *rc, const CsrRow *row, unsigned number) { return half(rc, rc->stimecmp, number & 0x10); }
static void write_stimecmp(RiscvCpu *rc, const CsrRow *row, unsigned number, uint64_t v)
{
    if (riscv_is32(rc)) {
        v = number & 0x10 ? (rc->stimecmp & 0xffffffff) | v << 32 : (rc->stimecmp & ~0xffffffffull) | (v & 0xffffffff);
    }
    riscv_stimecmp_write(rc, v);
}

/* ---- the table ---- */

#define AT(member_) .offset = offsetof(RiscvCpu, member_)
#define STORE(number_, name_, member_, mask_, allowed_) {.name = name_, .number = number_, AT(member_), .mask = mask_, .allowed = allowed_}
#define ZERO(number_, name_, allowed_) {.name = name_, .number = number_, .allowed = allowed_}
#define ZEROES(number_, name_, count_, first_, allowed_)                                                               \
    {.name = name_, .number = number_, .count = count_, .first_index = first_, .allowed = allowed_}
#define FUNC(number_, name_, allowed_, read_, write_)                                                                  \
    {.name = name_, .number = number_, .allowed = allowed_, .read = read_, .write = write_}
#define FUNCS(number_, name_, count_, allowed_, read_, write_)                                                         \
    {.name = name_, .number = number_, .count = count_, .allowed = allowed_, .read = read_, .write = write_}
#define WARL(number_, name_, member_, allowed_, write_)                                                                \
    {.name = name_, .number = number_, AT(member_), .allowed = allowed_, .write = write_}

const CsrRow riscv_csr_rows[] = {
    /* user level */
    FUNC(0x001, "fflags", if_fp, read_fflags, write_fflags),
    FUNC(0x002, "frm", if_fp, read_frm, write_frm),
    FUNC(0x003, "fcsr", if_fp, read_fcsr, write_fcsr),
    FUNC(0xc00, "cycle", if_counter, read_counter, write_nothing),
    FUNC(0xc01, "time", if_counter, read_counter, write_nothing),
    FUNC(0xc02, "instret", if_counter, read_counter, write_nothing),
    ZEROES(0xc03, "hpmcounter%u", 29, 3, if_counter),
    FUNC(0xc80, "cycleh", if_counter, read_counter, write_nothing),
    FUNC(0xc81, "timeh", if_counter, read_counter, write_nothing),
    FUNC(0xc82, "instreth", if_counter, read_counter, write_nothing),
    ZEROES(0xc83, "hpmcounter%uh", 29, 3, if_counter),

    /* supervisor level */
    FUNC(0x100, "sstatus", if_s, read_sstatus, write_sstatus),
    FUNC(0x104, "sie", if_s, read_sie, write_sie),
    WARL(0x105, "stvec", stvec, if_s, write_tvec),
    STORE(0x106, "scounteren", scounteren, 0xffffffff, if_s),
    WARL(0x10a, "senvcfg", senvcfg, if_senvcfg, write_senvcfg),
    ZEROES(0x10c, "sstateen%u", 4, 0, if_stateen),
    STORE(0x140, "sscratch", sscratch, ~0ull, if_s),
    WARL(0x141, "sepc", sepc, if_s, write_epc),
    STORE(0x142, "scause", scause, ~0ull, if_s),
    STORE(0x143, "stval", stval, ~0ull, if_s),
    FUNC(0x144, "sip", if_s, read_sip, write_sip),
    FUNC(0x14d, "stimecmp", if_sstc, read_stimecmp, write_stimecmp),
    FUNC(0x15d, "stimecmph", if_sstc, read_stimecmp, write_stimecmp),
    FUNC(0x180, "satp", if_satp, read_satp, write_satp),

    /* machine level */
    STORE(0xf11, "mvendorid", cfg.mvendorid, 0, NULL),
    STORE(0xf12, "marchid", cfg.marchid, 0, NULL),
    STORE(0xf13, "mimpid", cfg.mimpid, 0, NULL),
    STORE(0xf14, "mhartid", cfg.hartid, 0, NULL),
    ZERO(0xf15, "mconfigptr", NULL),
    FUNC(0x300, "mstatus", NULL, read_mstatus, write_mstatus),
    WARL(0x301, "misa", misa, NULL, write_nothing),
    STORE(0x302, "medeleg", medeleg, 0xb3ff, if_s),
    STORE(0x303, "mideleg", mideleg, RISCV_IRQ_S, if_s),
    {.name = "mie", .number = 0x304, AT(mie), .write = write_mie},
    WARL(0x305, "mtvec", mtvec, NULL, write_tvec),
    STORE(0x306, "mcounteren", mcounteren, 0xffffffff, if_u),
    WARL(0x30a, "menvcfg", menvcfg, if_u, write_menvcfg),
    FUNCS(0x30c, "mstateen%u", 4, if_stateen, read_mstateen, write_mstateen),
    ZERO(0x310, "mstatush", if_32),
    FUNC(0x31a, "menvcfgh", if_u32, read_menvcfgh, write_menvcfgh),
    FUNCS(0x31c, "mstateen%uh", 4, if_stateen, read_mstateen, write_mstateen),
    WARL(0x320, "mcountinhibit", mcountinhibit, NULL, write_countinhibit),
    ZEROES(0x323, "mhpmevent%u", 29, 3, NULL),
    STORE(0x340, "mscratch", mscratch, ~0ull, NULL),
    WARL(0x341, "mepc", mepc, NULL, write_epc),
    STORE(0x342, "mcause", mcause, ~0ull, NULL),
    STORE(0x343, "mtval", mtval, ~0ull, NULL),
    FUNC(0x344, "mip", NULL, read_mip, write_mip),
    FUNCS(0x3a0, "pmpcfg%u", 4, if_pmp, read_pmpcfg, write_pmpcfg),
    FUNCS(0x3b0, "pmpaddr%u", RISCV_PMP_ENTRIES, if_pmp, read_pmpaddr, write_pmpaddr),
    FUNC(0xb00, "mcycle", NULL, read_counter, write_counter),
    FUNC(0xb02, "minstret", NULL, read_counter, write_counter),
    ZEROES(0xb03, "mhpmcounter%u", 29, 3, NULL),
    FUNC(0xb80, "mcycleh", if_32, read_counter, write_counter),
    FUNC(0xb82, "minstreth", if_32, read_counter, write_counter),
    ZEROES(0xb83, "mhpmcounter%uh", 29, 3, if_32),

    /* debug triggers: there are none, which reading zero says */
    ZERO(0x7a0, "tselect", if_trigger),
    ZERO(0x7a1, "tdata1", if_trigger),
    ZERO(0x7a2, "tdata2", if_trigger),
    ZERO(0x7a3, "tdata3", if_trigger),
    FUNC(0x7a4, "tinfo", if_trigger, read_no_trigger, write_nothing),
};
const unsigned riscv_csr_row_count = G_N_ELEMENTS(riscv_csr_rows);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address translation: Sv32, Sv39, Sv48 and Sv57 page walks (privileged manual 4.3 to 4.6) with Svnapot, Svpbmt and hardware
 * update of A and D (Svadu).
 *
 * A walk reads page-table entries through host pointers inside an RCU read section, without a lock; A and D are set by
 * compare-and-exchange, and a lost race walks again. Everything that is not writable RAM counts as unmapped for entries.
 * Results go into the TLB with W only when D is set, so that the first store to a clean page walks again.
 */
#include "accel/tcg/tcg-accel.h"
#include "riscv-cpu.h"
#include "softmmu/memory.h"
#include "util/log.h"
#include "util/rcu.h"

enum { PTE_V = 1, PTE_R = 2, PTE_W = 4, PTE_X = 8, PTE_U = 16, PTE_A = 64, PTE_D = 128 };
#define PTE_PBMT (3ull << 61)
#define PTE_N (1ull << 63)
#define PTE_RESERVED (0x7full << 54)

typedef enum WalkResult { WALK_OK, WALK_PAGE_FAULT, WALK_ACCESS_FAULT } WalkResult;

typedef struct Walk {
    RiscvCpu *rc;
    uint64_t va;
    MmuAccess access;
    unsigned mode;      /* RISCV_MODE_U, _S or _S_SUM */
    bool debug;         /* no permission checks, no updates */
    /* result */
    uint64_t pa, page_size;
    unsigned prot;
    /* the section that the last entry was in: mostly all of RAM */
    MemorySection section;
    uint64_t section_addr;
} Walk;

typedef struct PagingMode {
    uint8_t levels, index_bits, entry_log2, va_bits;
} PagingMode;

static const PagingMode *paging_mode(const RiscvCpu *rc)
{
    static const PagingMode sv32 = {2, 10, 2, 32}, sv39 = {3, 9, 3, 39}, sv48 = {4, 9, 3, 48}, sv57 = {5, 9, 3, 57};
    if (riscv_is32(rc)) {
        return rc->satp & SATP32_MODE ? &sv32 : NULL;
    }
    switch (rc->satp >> SATP_MODE_SHIFT) {
    case 8: return &sv39;
    case 9: return &sv48;
    case 10: return &sv57;
    default: return NULL;
    }
}

bool riscv_satp_mode_ok(const RiscvCpu *rc, unsigned mode)
{
    if (mode == 0) {
        return true;
    }
    if (!rc->cfg.mmu) {
        return false;
    }
    if (riscv_is32(rc)) {
        return rc->cfg.sv32;
    }
    return (mode == 8 && rc->cfg.sv39) || (mode == 9 && rc->cfg.sv48) || (mode == 10 && rc->cfg.sv57);
}

unsigned riscv_data_mode(CpuState *cpu)
{
    const RiscvCpu *rc = riscv_cpu(cpu);
    unsigned priv = rc->priv;
    if (priv == RISCV_PRIV_M && (rc->mstatus & MSTATUS_MPRV)) {
        priv = (rc->mstatus & MSTATUS_MPP) >> MSTATUS_MPP_SHIFT;
    }
    switch (priv) {
    case RISCV_PRIV_U: return RISCV_MODE_U;
    case RISCV_PRIV_S: return rc->mstatus & MSTATUS_SUM ? RISCV_MODE_S_SUM : RISCV_MODE_S;
    default: return RISCV_MODE_M;
    }
}

/* ---- page-table entries ---- */

static void *entry_host(Walk *w, uint64_t addr, unsigned size)
{
    uint64_t off = addr - w->section_addr;
    if (!w->section.host || addr < w->section_addr || off > w->section.left || w->section.left - off < size) {
        w->section = address_space_lookup(w->rc->cpu.as, addr);
        w->section_addr = addr;
        off = 0;
        if (!w->section.mr || w->section.mr->kind != MEM_RAM || !w->section.host || w->section.left < size) {
            w->section.host = NULL;
            return NULL;
        }
    }
    return w->section.host + off;
}

static uint64_t entry_load(const void *host, unsigned size)
{
    if (size == 4) {
        return GUINT32_FROM_LE(__atomic_load_n((const uint32_t *)host, __ATOMIC_ACQUIRE));
    }
    return GUINT64_FROM_LE(__atomic_load_n((const uint64_t *)host, __ATOMIC_ACQUIRE));
}

static bool entry_exchange(Walk *w, uint64_t addr, void *host, unsigned size, uint64_t old, uint64_t new)
{
    bool done;
    if (size == 4) {
        uint32_t expected = GUINT32_TO_LE((uint32_t)old);
        done = __atomic_compare_exchange_n((uint32_t *)host, &expected, GUINT32_TO_LE((uint32_t)new), false, __ATOMIC_ACQ_REL,
                                           __ATOMIC_ACQUIRE);
    } else {
        uint64_t expected = GUINT64_TO_LE(old);
        done = __atomic_compare_exchange_n((uint64_t *)host, &expected, GUINT64_TO_LE(new), false, __ATOMIC_ACQ_REL,
                                           __ATOMIC_ACQUIRE);
    }
    if (done && w->section.mr->ram) {
        ram_written(w->rc->cpu.machine, w->section.mr->ram, w->section.offset + (addr - w->section_addr), size);
    }
    return done;
}

static bool pte_legal(const RiscvCpu *rc, uint64_t pte, bool leaf)
{
    if (!(pte & PTE_V) || (pte & (PTE_R | PTE_W)) == PTE_W) {
        return false;
    }
    if (riscv_is32(rc)) {
        return leaf || !(pte & (PTE_A | PTE_D | PTE_U));
    }
    uint64_t pbmt = pte & PTE_PBMT;
    if ((pte & PTE_RESERVED) || ((pte & PTE_N) && !riscv_has(rc, RISCV_EXT_SVNAPOT)) ||
        (pbmt && (!(rc->menvcfg & MENVCFG_PBMTE) || pbmt == PTE_PBMT))) {
        return false;
    }
    return leaf || !(pte & (PTE_A | PTE_D | PTE_U | PTE_PBMT | PTE_N));
}

static bool pte_permits(const Walk *w, uint64_t pte)
{
    if (pte & PTE_U) {
        if (w->mode != RISCV_MODE_U && (w->mode != RISCV_MODE_S_SUM || w->access == MMU_FETCH)) {
            return false;
        }
    } else if (w->mode == RISCV_MODE_U) {
        return false;
    }
    switch (w->access) {
    case MMU_FETCH: return pte & PTE_X;
    case MMU_WRITE: return pte & PTE_W;
    default: return (pte & PTE_R) || ((pte & PTE_X) && (w->rc->mstatus & MSTATUS_MXR));
    }
}

/* The page and its size from a leaf at @level; false: a misaligned superpage or a wrong NAPOT size. */
static bool leaf_range(Walk *w, const PagingMode *m, unsigned level, uint64_t pte)
{
    uint64_t ppn = riscv_is32(w->rc) ? pte >> 10 : (pte & ~(PTE_N | PTE_PBMT | PTE_RESERVED)) >> 10;
    unsigned bits = 12 + level * m->index_bits;
    if (level && (ppn & ((1ull << (bits - 12)) - 1))) {
        return false;
    }
    if (!riscv_is32(w->rc) && (pte & PTE_N)) {
        if (level || (ppn & 15) != 8) {
            return false;
        }
        bits = 16;
        ppn &= ~15ull;
    }
    w->page_size = 1ull << bits;
    w->pa = ppn << 12 | (w->va & (w->page_size - 1));
    return true;
}

static unsigned leaf_prot(const Walk *w, uint64_t pte)
{
    unsigned prot = 0;
    prot |= (pte & PTE_R) || ((pte & PTE_X) && (w->rc->mstatus & MSTATUS_MXR)) ? PAGE_R : 0;
    prot |= (pte & PTE_W) && (pte & PTE_D) ? PAGE_W : 0;
    prot |= (pte & PTE_X) && (w->mode == RISCV_MODE_U || !(pte & PTE_U)) ? PAGE_X : 0;
    return prot;
}

/* One leaf: permissions, then A and D. *again is set where another hart changed the entry meanwhile. */
static WalkResult take_leaf(Walk *w, const PagingMode *m, unsigned level, uint64_t addr, void *host, uint64_t pte, bool *again)
{
    if (!pte_legal(w->rc, pte, true) || !leaf_range(w, m, level, pte)) {
        return WALK_PAGE_FAULT;
    }
    if (w->debug) {
        return WALK_OK;
    }
    if (!pte_permits(w, pte)) {
        return WALK_PAGE_FAULT;
    }
    uint64_t want = pte | PTE_A | (w->access == MMU_WRITE ? PTE_D : 0);
    if (want != pte) {
        if (!(w->rc->menvcfg & MENVCFG_ADUE)) {
            return WALK_PAGE_FAULT;
        }
        if (w->section.readonly || !(riscv_pmp_prot(w->rc, addr, RISCV_PRIV_S) & PAGE_W)) {
            return WALK_ACCESS_FAULT;
        }
        if (!entry_exchange(w, addr, host, 1u << m->entry_log2, pte, want)) {
            *again = true;
            return WALK_OK;
        }
    }
    w->prot = leaf_prot(w, want);
    return WALK_OK;
}

static WalkResult walk_once(Walk *w, const PagingMode *m, bool *again)
{
    RiscvCpu *rc = w->rc;
    uint64_t base = riscv_is32(rc) ? (rc->satp & 0x3fffff) << 12 : (rc->satp & SATP_PPN) << 12;
    unsigned size = 1u << m->entry_log2;
    for (int level = m->levels - 1; level >= 0; level--) {
        unsigned shift = 12 + (unsigned)level * m->index_bits;
        uint64_t addr = base + ((w->va >> shift & ((1u << m->index_bits) - 1)) << m->entry_log2);
        if (!w->debug && !(riscv_pmp_prot(rc, addr, RISCV_PRIV_S) & PAGE_R)) {
            return WALK_ACCESS_FAULT;
        }
        void *host = entry_host(w, addr, size);
        if (!host) {
            return WALK_ACCESS_FAULT;
        }
        uint64_t pte = entry_load(host, size);
        if (pte & (PTE_R | PTE_W | PTE_X)) {
            return take_leaf(w, m, (unsigned)level, addr, host, pte, again);
        }
        if (!pte_legal(rc, pte, false)) {
            return WALK_PAGE_FAULT;
        }
        base = (riscv_is32(rc) ? pte >> 10 : pte << 10 >> 20) << 12;
    }
    return WALK_PAGE_FAULT;
}

static WalkResult walk(Walk *w)
{
    const PagingMode *m = paging_mode(w->rc);
    if (!m) {
        w->pa = w->va;
        w->page_size = 4096;
        w->prot = PAGE_R | PAGE_W | PAGE_X;
        return WALK_OK;
    }
    if (m->va_bits > 32) {
        int64_t top = (int64_t)w->va >> (m->va_bits - 1);
        if (top != 0 && top != -1) {
            return WALK_PAGE_FAULT;
        }
    }
    WalkResult result;
    bool again;
    rcu_read_begin();
    do {
        again = false;
        result = walk_once(w, m, &again);
    } while (again);
    rcu_read_end();
    return result;
}

/* ---- the target's face ---- */

static void fault(RiscvCpu *rc, uint64_t va, MmuAccess access, bool page)
{
    static const uint8_t causes[2][3] = {
        {[MMU_READ] = CAUSE_LOAD_ACCESS, [MMU_WRITE] = CAUSE_STORE_ACCESS, [MMU_FETCH] = CAUSE_FETCH_ACCESS},
        {[MMU_READ] = CAUSE_LOAD_PAGE, [MMU_WRITE] = CAUSE_STORE_PAGE, [MMU_FETCH] = CAUSE_FETCH_PAGE},
    };
    riscv_raise(rc, (RiscvCause)causes[page][access], va);
}

bool riscv_tlb_fill(CpuState *cpu, uint64_t va, MmuAccess access, unsigned mode, bool probe)
{
    RiscvCpu *rc = riscv_cpu(cpu);
    Walk w = {.rc = rc, .va = riscv_is32(rc) ? (uint32_t)va : va, .access = access, .mode = mode};
    WalkResult result = WALK_OK;
    if (mode == RISCV_MODE_M) {
        w.pa = w.va;
        w.page_size = 4096;
        w.prot = PAGE_R | PAGE_W | PAGE_X;
    } else {
        result = walk(&w);
    }
    if (result == WALK_OK) {
        w.prot &= riscv_pmp_prot(rc, w.pa, mode == RISCV_MODE_M ? RISCV_PRIV_M : mode == RISCV_MODE_U ? RISCV_PRIV_U : RISCV_PRIV_S);
        static const uint8_t need[] = {[MMU_READ] = PAGE_R, [MMU_WRITE] = PAGE_W, [MMU_FETCH] = PAGE_X};
        if (!(w.prot & need[access])) {
            result = WALK_ACCESS_FAULT;
        }
    }
    log_if(LOG_MMU, "mmu: hart %u va %016" G_GINT64_MODIFIER "x access %d mode %u -> pa %016" G_GINT64_MODIFIER "x prot %x result %d\n",
           cpu->index, w.va, (int)access, mode, w.pa, w.prot, (int)result);
    if (result != WALK_OK) {
        if (!probe) {
            fault(rc, va, access, result == WALK_PAGE_FAULT);
        }
        return false;
    }
    tlb_set_page(cpu, w.va, w.pa, w.prot, mode, w.page_size);
    return true;
}

bool riscv_translate_debug(CpuState *cpu, uint64_t va, uint64_t *pa)
{
    RiscvCpu *rc = riscv_cpu(cpu);
    Walk w = {.rc = rc, .va = riscv_is32(rc) ? (uint32_t)va : va, .access = MMU_READ, .mode = riscv_data_mode(cpu), .debug = true};
    if (w.mode == RISCV_MODE_M) {
        *pa = w.va;
        return true;
    }
    if (walk(&w) != WALK_OK) {
        return false;
    }
    *pa = w.pa;
    return true;
}

void riscv_misaligned(CpuState *cpu, uint64_t va, MmuAccess access)
{
    riscv_raise(riscv_cpu(cpu), access == MMU_WRITE ? CAUSE_STORE_MISALIGNED : CAUSE_LOAD_MISALIGNED, va);
}

void riscv_bus_error(CpuState *cpu, uint64_t va, uint64_t pa, MmuAccess access)
{
    log_if(LOG_GUEST_ERROR, "hart %u: %s of unmapped physical address 0x%" G_GINT64_MODIFIER "x at pc 0x%" G_GINT64_MODIFIER "x\n",
           cpu->index, access == MMU_WRITE ? "write" : access == MMU_READ ? "read" : "fetch", pa, riscv_cpu(cpu)->pc);
    fault(riscv_cpu(cpu), va, access, false);
}

/* ---- TLB maintenance ---- */

void riscv_mmu_switch(RiscvCpu *rc)
{
    tlb_switch(&rc->cpu, rc->satp | (rc->mstatus & MSTATUS_MXR ? 1ull << 43 : 0));
    rc->end_region = true;
}

typedef struct FenceMatch {
    bool has_asid, is32;
    uint64_t asid;
} FenceMatch;

static bool fence_matches(uint64_t key, void *opaque)
{
    const FenceMatch *f = opaque;
    return !f->has_asid || (f->is32 ? key >> 22 & 0x1ff : key >> SATP_ASID_SHIFT & 0xffff) == f->asid;
}

void riscv_sfence(RiscvCpu *rc, bool has_va, uint64_t va, bool has_asid, uint64_t asid)
{
    if (!has_va && !has_asid) {
        tlb_flush_all(&rc->cpu);
    } else {
        FenceMatch f = {.has_asid = has_asid, .is32 = riscv_is32(rc), .asid = asid & (riscv_is32(rc) ? 0x1ff : 0xffff)};
        if (has_va && riscv_is32(rc)) {
            va = (uint32_t)va;
        }
        if (has_va && va >= TLB_PAGE_MASK) {
            va = TLB_PAGE_MASK; /* UINT64_MAX means all pages */
        }
        tlb_flush_matching(&rc->cpu, fence_matches, &f, has_va ? va : UINT64_MAX);
    }
    rc->end_region = true;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paging (SDM 3A chapter 4): 32-bit, PAE, 4-level and 5-level walks; large pages, NX, SMEP, SMAP, WP, protection keys.
 *
 * A walk reads entries through host pointers inside an RCU read section, without a lock. A and D are set by
 * compare-and-exchange; a lost race walks again. Entries may lie in ROM (firmware does that): there A and D stay as
 * they are. Results go into the TLB with W only when D is set, so that the first store to a clean page walks again.
 *
 * TLB contexts: one for each PCID and table where CR4.PCIDE is set, else a single one, which a load of CR3 flushes. What
 * changes the meaning of entries otherwise (CR0.PG and WP, CR4, EFER.NXE, PKRU, A20) flushes all contexts; only SMM is part of the key.
 */
#include "accel/tcg/tcg-accel.h"
#include "softmmu/memory.h"
#include "util/log.h"
#include "util/rcu.h"
#include "x86-cpu.h"

enum { PTE_P = 1, PTE_W = 2, PTE_U = 4, PTE_A = 32, PTE_D = 64, PTE_PS = 128, PTE_G = 256 };
#define PTE_NX (1ull << 63)
#define PTE_PK_SHIFT 59

typedef struct Walk {
    X86Cpu *x;
    uint64_t va;
    MmuAccess access;
    unsigned mode;     /* X86_MODE_* */
    bool debug;        /* no permission checks, no updates */
    /* result */
    uint64_t pa, page_size;
    unsigned prot;
    uint32_t error;    /* X86_PFEC_* of a fault */
    bool global;
    /* the section that the last entry was in: mostly all of RAM */
    MemorySection section;
    uint64_t section_addr;
} Walk;

typedef enum WalkResult { WALK_OK, WALK_FAULT, WALK_AGAIN } WalkResult;

/* What a kind of paging looks like; levels count from 0, the page table. */
typedef struct PagingKind {
    uint8_t levels, index_bits, entry_bytes;
    bool is_long;
} PagingKind;
static const PagingKind paging_32 = {2, 10, 4, false}, paging_pae = {3, 9, 8, false}, paging_4 = {4, 9, 8, true}, paging_5 = {5, 9, 8, true};

static const PagingKind *paging_kind(const X86Cpu *x)
{
    if (!(x->cr0 & CR0_PG)) {
        return NULL;
    }
    if (x->efer & EFER_LMA) {
        return x->cr4 & CR4_LA57 ? &paging_5 : &paging_4;
    }
    return x->cr4 & CR4_PAE ? &paging_pae : &paging_32;
}

unsigned x86_data_mode(CpuState *cpu) { return x86_rf_mode(x86_cpu(cpu)->region_flags); }

/* ---- entries ---- */

static void *entry_host(Walk *w, uint64_t addr, unsigned size)
{
    uint64_t off = addr - w->section_addr;
    if (!w->section.host || addr < w->section_addr || off >= w->section.left || w->section.left - off < size) {
        w->section = address_space_lookup(w->x->cpu.as, addr);
        w->section_addr = addr;
        off = 0;
        if (!w->section.host || w->section.left < size) {
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

/* Sets A or D; false where another CPU changed the entry meanwhile. */
static bool entry_update(Walk *w, uint64_t addr, void *host, unsigned size, uint64_t old, uint64_t bits)
{
    if (w->section.readonly || !w->section.mr || w->section.mr->kind != MEM_RAM) {
        return true;
    }
    bool done;
    if (size == 4) {
        uint32_t expected = GUINT32_TO_LE((uint32_t)old);
        done = __atomic_compare_exchange_n((uint32_t *)host, &expected, GUINT32_TO_LE((uint32_t)(old | bits)), false,
                                           __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
    } else {
        uint64_t expected = GUINT64_TO_LE(old);
        done = __atomic_compare_exchange_n((uint64_t *)host, &expected, GUINT64_TO_LE(old | bits), false, __ATOMIC_ACQ_REL,
                                           __ATOMIC_ACQUIRE);
    }
    if (done && w->section.mr->ram && w->x->cpu.machine) {
        ram_written(w->x->cpu.machine, w->section.mr->ram, w->section.offset + (addr - w->section_addr), size);
    }
    return done;
}

/* Bits that have to be 0 in a present entry. */
static uint64_t reserved_bits(const X86Cpu *x, const PagingKind *k, unsigned level, uint64_t pte, bool leaf)
{
    if (k->entry_bytes == 4) {
        if (!leaf || level == 0) {
            return 0;
        }
        return x86_has(x, X86_FEAT_PSE36) ? 1u << 21 | (x->phys_bits < 40 ? 0x1fe000u & ~((1u << MAX(x->phys_bits - 19, 13u)) - 1) : 0)
                                          : 0x3fe000;
    }
    uint64_t rsvd = 0x000ffffffffff000ull & ~x->phys_mask;
    if (!(x->efer & EFER_NXE)) {
        rsvd |= PTE_NX;
    }
    if (!k->is_long) {
        rsvd |= 0x7ff0000000000000ull;
        if (level == 2) {
            return rsvd | PTE_NX | 0x1e6;
        }
    }
    if (level >= 3 || (level == 2 && !x86_has(x, X86_FEAT_PDPE1GB))) {
        rsvd |= PTE_PS;
    }
    if (leaf && level) {
        rsvd |= ((1ull << (12 + 9 * level)) - 1) & ~0x1fffull;
    }
    return rsvd;
}

static bool is_leaf(const X86Cpu *x, const PagingKind *k, unsigned level, uint64_t pte)
{
    if (level == 0) {
        return true;
    }
    if (!(pte & PTE_PS)) {
        return false;
    }
    if (k->entry_bytes == 4) {
        return level == 1 && (x->cr4 & CR4_PSE);
    }
    return level == 1 || (level == 2 && k->is_long);
}

/* ---- permissions ---- */

/*
 * What the accumulated rights @pte (W, U of all levels; NX of any) and the leaf's protection key allow in this mode, as PAGE_*; *pk is set where
 * only the key forbids the access.
 */
static unsigned rights(const Walk *w, uint64_t pte, bool *pk)
{
    const X86Cpu *x = w->x;
    bool user = w->mode == X86_MODE_U;
    bool nx = (pte & PTE_NX) && (x->efer & EFER_NXE);
    unsigned prot = nx ? PAGE_R : PAGE_R | PAGE_X;
    if ((pte & PTE_W) || (!user && !(x->cr0 & CR0_WP))) {
        prot |= PAGE_W;
    }
    *pk = false;
    if (!(pte & PTE_U)) {
        return user ? 0 : prot;
    }
    if (!user) {
        if (x->cr4 & CR4_SMEP) {
            prot &= ~(unsigned)PAGE_X;
        }
        if ((x->cr4 & CR4_SMAP) && w->mode != X86_MODE_K_AC) {
            prot &= ~(unsigned)(PAGE_R | PAGE_W);
        }
    }
    if ((x->cr4 & CR4_PKE) && (x->efer & EFER_LMA)) {
        unsigned key = (unsigned)(pte >> PTE_PK_SHIFT) & 15, bits = (unsigned)(x->pkru >> (2 * key)) & 3;
        unsigned denied = bits & 1 ? PAGE_R | PAGE_W : bits & 2 && (user || (x->cr0 & CR0_WP)) ? PAGE_W : 0;
        unsigned want = w->access == MMU_WRITE ? PAGE_W : w->access == MMU_READ ? PAGE_R : 0;
        *pk = (prot & want) && (denied & want);
        prot &= ~denied;
    }
    return prot;
}

static uint32_t base_error(const Walk *w)
{
    const X86Cpu *x = w->x;
    uint32_t e = (w->mode == X86_MODE_U ? X86_PFEC_U : 0) | (w->access == MMU_WRITE ? X86_PFEC_W : 0);
    bool nx = (x->efer & EFER_NXE) && (x->cr4 & CR4_PAE);
    return e | (w->access == MMU_FETCH && (nx || (x->cr4 & CR4_SMEP)) ? X86_PFEC_I : 0);
}

static unsigned needed(MmuAccess access)
{
    static const uint8_t need[] = {[MMU_READ] = PAGE_R, [MMU_WRITE] = PAGE_W, [MMU_FETCH] = PAGE_X};
    return need[access];
}

/* ---- the walk ---- */

static uint64_t page_size(const PagingKind *k, unsigned level) { return 1ull << (12 + level * k->index_bits); }

static uint64_t leaf_base(const X86Cpu *x, const PagingKind *k, unsigned level, uint64_t pte)
{
    if (k->entry_bytes == 4 && level) {
        return (pte & 0xffc00000) | (x86_has(x, X86_FEAT_PSE36) ? (pte >> 13 & 0xff) << 32 : 0);
    }
    uint64_t mask = k->entry_bytes == 4 ? 0xfffff000u : 0x000ffffffffff000ull;
    return pte & mask & ~(page_size(k, level) - 1);
}

static WalkResult take_leaf(Walk *w, const PagingKind *k, unsigned level, uint64_t addr, void *host, uint64_t pte, uint64_t acc)
{
    X86Cpu *x = w->x;
    w->page_size = page_size(k, level);
    w->pa = leaf_base(x, k, level, pte) | (w->va & (w->page_size - 1));
    w->global = (pte & PTE_G) && (x->cr4 & CR4_PGE);
    if (w->debug) {
        return WALK_OK;
    }
    bool pk;
    /* the key is the leaf's; its bits are ignored elsewhere */
    unsigned prot = rights(w, (acc & (PTE_W | PTE_U | PTE_NX)) | (k->is_long ? pte & 15ull << PTE_PK_SHIFT : 0), &pk);
    if (!(prot & needed(w->access))) {
        w->error = base_error(w) | X86_PFEC_P | (pk ? X86_PFEC_PK : 0);
        return WALK_FAULT;
    }
    uint64_t want = PTE_A | (w->access == MMU_WRITE ? PTE_D : 0);
    if ((pte & want) != want && !entry_update(w, addr, host, k->entry_bytes, pte, want)) {
        return WALK_AGAIN;
    }
    w->prot = (pte | want) & PTE_D ? prot : prot & ~(unsigned)PAGE_W;
    return WALK_OK;
}

static uint64_t table_base(const X86Cpu *x, const PagingKind *k)
{
    if (k->is_long) {
        return x->cr3 & 0x000ffffffffff000ull & x->phys_mask;
    }
    return x->cr3 & (k == &paging_pae ? 0xffffffe0u : 0xfffff000u);
}

static WalkResult walk_once(Walk *w, const PagingKind *k)
{
    X86Cpu *x = w->x;
    unsigned size = k->entry_bytes;
    uint64_t base = table_base(x, k), acc = PTE_W | PTE_U;
    for (unsigned level = k->levels; level-- > 0;) {
        uint64_t index = w->va >> (12 + level * k->index_bits) & ((1u << k->index_bits) - 1);
        uint64_t addr = (base + index * size) & x->a20_mask;
        void *host = entry_host(w, addr, size);
        uint64_t pte = host ? entry_load(host, size) : 0;
        if (!(pte & PTE_P)) {
            w->error = base_error(w);
            return WALK_FAULT;
        }
        bool leaf = is_leaf(x, k, level, pte);
        if (pte & reserved_bits(x, k, level, pte, leaf)) {
            w->error = base_error(w) | X86_PFEC_P | X86_PFEC_RSVD;
            return WALK_FAULT;
        }
        bool pdpte = k == &paging_pae && level == 2; /* has no rights and no A */
        if (!pdpte) {
            acc &= pte | PTE_NX;
            acc |= size == 8 ? pte & PTE_NX : 0;
        }
        if (leaf) {
            return take_leaf(w, k, level, addr, host, pte, acc);
        }
        if (!pdpte && !(pte & PTE_A) && !w->debug && !entry_update(w, addr, host, size, pte, PTE_A)) {
            return WALK_AGAIN;
        }
        base = pte & (size == 4 ? 0xfffff000u : 0x000ffffffffff000ull & x->phys_mask);
    }
    return WALK_FAULT;
}

/* Another CPU that changes the entry all the time must not hold this one for ever: then it faults, and the guest tries again. */
#define WALK_TRIES 1000

static WalkResult walk(Walk *w)
{
    X86Cpu *x = w->x;
    const PagingKind *k = paging_kind(x);
    WalkResult r = WALK_OK;
    if (!k) {
        w->pa = w->va;
        w->page_size = 4096;
        w->prot = PAGE_R | PAGE_W | PAGE_X;
    } else {
        rcu_read_begin();
        unsigned tries = 0;
        do {
            r = walk_once(w, k);
        } while (r == WALK_AGAIN && ++tries < WALK_TRIES);
        rcu_read_end();
        if (r == WALK_AGAIN) {
            w->error = base_error(w);
            r = WALK_FAULT;
        }
    }
    w->pa &= x->a20_mask;
    return r;
}

/* ---- the target's face ---- */

bool x86_tlb_fill(CpuState *cpu, uint64_t va, MmuAccess access, unsigned mode, bool probe)
{
    X86Cpu *x = x86_cpu(cpu);
    bool is_long = x->efer & EFER_LMA;
    if (is_long && !x86_canonical(x, va)) {
        if (!probe) {
            x86_raise_error(x, X86_EXC_GP, 0);
        }
        return false;
    }
    Walk w = {.x = x, .va = is_long ? va : (uint32_t)va, .access = access, .mode = mode};
    WalkResult result = walk(&w);
    log_if(LOG_MMU, "mmu: cpu %u va %016" G_GINT64_MODIFIER "x access %d mode %u -> pa %016" G_GINT64_MODIFIER "x prot %x error %x\n",
           cpu->index, va, (int)access, mode, w.pa, w.prot, w.error);
    if (result != WALK_OK) {
        if (!probe) {
            x86_raise_page_fault(x, w.va, w.error);
        }
        return false;
    }
    if (w.global) {
        uint64_t first = w.va & ~(w.page_size - 1), last = first + (w.page_size - 1);
        bool none = x->global_first > x->global_last;
        x->global_first = none ? first : MIN(x->global_first, first);
        x->global_last = none ? last : MAX(x->global_last, last);
    }
    tlb_set_page(cpu, va, w.pa, w.prot, mode, w.page_size);
    return true;
}

bool x86_translate_debug(CpuState *cpu, uint64_t va, uint64_t *pa)
{
    X86Cpu *x = x86_cpu(cpu);
    bool is_long = x->efer & EFER_LMA;
    if (is_long && !x86_canonical(x, va)) {
        return false;
    }
    Walk w = {.x = x, .va = is_long ? va : (uint32_t)va, .access = MMU_READ, .mode = X86_MODE_K, .debug = true};
    if (walk(&w) != WALK_OK) {
        return false;
    }
    *pa = w.pa;
    return true;
}

/* Reads of nothing are what the bus leaves, writes are lost; code there is FF FF, which no instruction is. */
void x86_bus_error(CpuState *cpu, uint64_t va, uint64_t pa, MmuAccess access)
{
    if (access == MMU_FETCH) {
        log_if(LOG_GUEST_ERROR, "cpu %u: runs code at physical address 0x%" G_GINT64_MODIFIER "x, where no memory is\n", cpu->index, pa);
        x86_raise(x86_cpu(cpu), X86_EXC_UD);
    }
}

/* ---- PDPTEs ---- */

bool x86_pdptes_ok(X86Cpu *x, uint64_t cr3)
{
    Walk w = {.x = x};
    bool ok = true;
    rcu_read_begin();
    for (unsigned i = 0; i < 4; i++) {
        void *host = entry_host(&w, ((cr3 & 0xffffffe0u) + 8 * i) & x->a20_mask, 8);
        uint64_t pte = host ? entry_load(host, 8) : 0;
        ok = ok && !((pte & PTE_P) && (pte & reserved_bits(x, &paging_pae, 2, pte, false)));
    }
    rcu_read_end();
    return ok;
}

/* ---- TLB maintenance ---- */

#define KEY_PG (1ull << 63)
#define KEY_SMM (1ull << 62)
#define KEY_PCID 0xfffull

void x86_mmu_switch(X86Cpu *x)
{
    if (!x->cpu.accel) {
        return;
    }
    uint64_t key = (x->cr0 & CR0_PG ? KEY_PG : 0) | (x->smm ? KEY_SMM : 0);
    if ((x->cr0 & CR0_PG) && (x->cr4 & CR4_PCIDE)) {
        key |= x->cr3 & 0x000fffffffffffffull;
    }
    tlb_switch(&x->cpu, key);
}

void x86_mmu_flush(X86Cpu *x)
{
    if (x->cpu.accel) {
        tlb_flush_all(&x->cpu);
    }
    x->global_first = UINT64_MAX;
    x->global_last = 0;
}

static bool any_key(uint64_t key, void *opaque) { return true; }
static bool same_pcid(uint64_t key, void *opaque) { return (key & KEY_PCID) == *(const uint64_t *)opaque; }

/* UINT64_MAX would mean all pages. */
static uint64_t page_of(uint64_t va) { return va & TLB_PAGE_MASK; }

void x86_invlpg(X86Cpu *x, uint64_t va)
{
    if (!(x->region_flags & X86_RF_CS64)) {
        va = (uint32_t)va;
    }
    if (va >= x->global_first && va <= x->global_last) {
        tlb_flush_matching(&x->cpu, any_key, NULL, page_of(va));
    } else {
        tlb_flush_page(&x->cpu, page_of(va));
    }
}

bool x86_invpcid(X86Cpu *x, uint64_t type, uint64_t pcid, uint64_t va)
{
    if (type > 3 || (type < 2 && pcid > KEY_PCID) || (type < 2 && pcid && !(x->cr4 & CR4_PCIDE)) ||
        (type == 0 && (x->efer & EFER_LMA) && !x86_canonical_base(x, va))) {
        return false;
    }
    switch (type) {
    case 0: tlb_flush_matching(&x->cpu, same_pcid, &pcid, page_of(va)); break;
    case 1: tlb_flush_matching(&x->cpu, same_pcid, &pcid, UINT64_MAX); break;
    default: x86_mmu_flush(x); break;
    }
    return true;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Physical memory protection (privileged manual 3.7) with 16 entries and a grain of 4 KiB, the page: the manual leaves the grain to
 * the platform, and with this one every page is inside a region or outside, so that checks happen in TLB fills alone.
 */
#include "accel/tcg/tcg-accel.h"
#include "riscv-cpu.h"

enum { PMP_R = 1, PMP_W = 2, PMP_X = 4, PMP_A_SHIFT = 3, PMP_L = 0x80 };
enum { PMP_OFF, PMP_TOR, PMP_NA4, PMP_NAPOT };
#define PMPADDR_MASK ((1ull << 54) - 1)
enum { GRAIN = RISCV_PMP_GRAIN_BITS - 2 }; /* the manual's G: low bits of pmpaddr below the grain */

static unsigned match_kind(const RiscvCpu *rc, unsigned n) { return rc->pmpcfg[n] >> PMP_A_SHIFT & 3; }

static void set_range(RiscvCpu *rc, unsigned n)
{
    struct RiscvPmpRange *r = &rc->pmp_range[n];
    *r = (struct RiscvPmpRange){.first = 1, .last = 0};
    uint64_t low_bits = (1ull << GRAIN) - 1;
    switch (match_kind(rc, n)) {
    case PMP_TOR: {
        uint64_t from = n ? rc->pmpaddr[n - 1] & ~low_bits : 0, to = rc->pmpaddr[n] & ~low_bits;
        if (from < to) {
            *r = (struct RiscvPmpRange){.first = from << 2, .last = (to << 2) - 1};
        }
        break;
    }
    case PMP_NAPOT: {
        uint64_t a = rc->pmpaddr[n] | low_bits >> 1;
        uint64_t size_mask = a ^ (a + 1); /* trailing ones and the zero above them */
        *r = (struct RiscvPmpRange){.first = (a & ~size_mask) << 2, .last = (a | size_mask) << 2 | 3};
        break;
    }
    default:
        break;
    }
}

void riscv_pmp_update(RiscvCpu *rc)
{
    rc->pmp_active = 0;
    rc->pmp_last.first = 1;
    rc->pmp_last.last = 0;
    for (unsigned n = 0; n < RISCV_PMP_ENTRIES; n++) {
        set_range(rc, n);
        if (rc->pmp_range[n].first <= rc->pmp_range[n].last) {
            rc->pmp_active = n + 1;
        }
    }
}

/* The entry that decides about @pa, or pmp_active; [*first, *last] becomes the range around it in which that entry decides. */
static unsigned deciding_entry(const RiscvCpu *rc, uint64_t pa, uint64_t *first, uint64_t *last)
{
    *first = 0;
    *last = UINT64_MAX;
    for (unsigned n = 0; n < rc->pmp_active; n++) {
        const struct RiscvPmpRange *r = &rc->pmp_range[n];
        if (r->first > r->last) {
            continue;
        }
        if (pa >= r->first && pa <= r->last) {
            *first = MAX(*first, r->first);
            *last = MIN(*last, r->last);
            return n;
        }
        if (pa > r->last) {
            *first = MAX(*first, r->last + 1);
        } else {
            *last = MIN(*last, r->first - 1);
        }
    }
    return rc->pmp_active;
}

unsigned riscv_pmp_prot(RiscvCpu *rc, uint64_t pa, unsigned priv)
{
    if (!rc->cfg.pmp) {
        return PAGE_R | PAGE_W | PAGE_X;
    }
    if (priv != RISCV_PRIV_M && pa >= rc->pmp_last.first && pa <= rc->pmp_last.last) {
        return rc->pmp_last.prot;
    }
    uint64_t first, last;
    unsigned n = deciding_entry(rc, pa, &first, &last), prot = 0;
    bool found = n < rc->pmp_active;
    uint8_t cfg = found ? rc->pmpcfg[n] : 0;
    if (found) {
        prot = (cfg & PMP_R ? PAGE_R : 0u) | (cfg & PMP_W ? PAGE_W : 0u) | (cfg & PMP_X ? PAGE_X : 0u);
    }
    if (priv == RISCV_PRIV_M) {
        return cfg & PMP_L ? prot : PAGE_R | PAGE_W | PAGE_X;
    }
    rc->pmp_last.first = first;
    rc->pmp_last.last = last;
    rc->pmp_last.prot = prot;
    return prot;
}

uint64_t riscv_pmpaddr_read(const RiscvCpu *rc, unsigned n)
{
    uint64_t low_bits = (1ull << GRAIN) - 1;
    return match_kind(rc, n) == PMP_NAPOT ? rc->pmpaddr[n] | low_bits >> 1 : rc->pmpaddr[n] & ~low_bits;
}

static void changed(RiscvCpu *rc)
{
    riscv_pmp_update(rc);
    tlb_flush_all(&rc->cpu);
    rc->end_region = true;
}

void riscv_pmpaddr_write(RiscvCpu *rc, unsigned n, uint64_t v)
{
    bool locked_by_next = n + 1 < RISCV_PMP_ENTRIES && (rc->pmpcfg[n + 1] & PMP_L) && match_kind(rc, n + 1) == PMP_TOR;
    v &= riscv_is32(rc) ? 0xffffffffull : PMPADDR_MASK;
    if (!(rc->pmpcfg[n] & PMP_L) && !locked_by_next && rc->pmpaddr[n] != v) {
        rc->pmpaddr[n] = v;
        changed(rc);
    }
}

static uint8_t legal_cfg(uint8_t old, uint8_t v)
{
    v &= PMP_R | PMP_W | PMP_X | 3 << PMP_A_SHIFT | PMP_L;
    if ((v & (PMP_R | PMP_W)) == PMP_W) {
        v &= (uint8_t)~PMP_W; /* reserved combination */
    }
    if ((v >> PMP_A_SHIFT & 3) == PMP_NA4) { /* below the grain: keeps its mode */
        v = (uint8_t)((v & ~(3 << PMP_A_SHIFT)) | (old & 3 << PMP_A_SHIFT));
    }
    return v;
}

void riscv_pmpcfg_write(RiscvCpu *rc, unsigned first, unsigned count, uint64_t v)
{
    bool any = false;
    for (unsigned i = 0; i < count && first + i < RISCV_PMP_ENTRIES; i++) {
        uint8_t *cfg = &rc->pmpcfg[first + i];
        uint8_t new = legal_cfg(*cfg, (uint8_t)(v >> (8 * i)));
        if (!(*cfg & PMP_L) && *cfg != new) {
            *cfg = new;
            any = true;
        }
    }
    if (any) {
        changed(rc);
    }
}

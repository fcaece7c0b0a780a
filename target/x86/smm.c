/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System-management mode: entry by SMI, the state-save map, RSM (SDM 3C chapter 32; the 64-bit map is the one of AMD's APM 2 section
 * 10.2.3, which firmware for the reference machine expects; the 32-bit map is SDM 3C 32.4.1).
 *
 * While the CPU is in SMM it sees X86Cpu.smm_memory. The map is read and written by physical address, in that memory.
 */
#include "accel/tcg/tcg-accel.h"
#include "softmmu/machine.h"
#include "softmmu/memory.h"
#include "util/log.h"
#include "x86-cpu.h"

enum {
    MAP = 0x8000,              /* offsets below count from SMBASE + 0x8000 */
    REVISION = 0x7efc, REVISION_32 = 0x20000, REVISION_64 = 0x20064, RELOCATES = 0x20000,
    ATTR_FLAT_DATA = X86_ATTR_P | X86_ATTR_S | X86_ATTR_RW | X86_ATTR_ACCESSED | X86_ATTR_G,
};

static uint64_t map_at(const X86Cpu *x, unsigned offset) { return (uint32_t)(x->smbase + MAP + offset); }

static void put(X86Cpu *x, unsigned offset, unsigned bytes, uint64_t v)
{
    address_space_write_mmio(x->cpu.as, map_at(x, offset), bytes, v);
}

static uint64_t get(X86Cpu *x, unsigned offset, unsigned bytes)
{
    uint64_t v = 0;
    return address_space_read_mmio(x->cpu.as, map_at(x, offset), bytes, &v) == MEM_OK ? v : 0;
}

/* ---- 64-bit map ---- */

static void put_seg64(X86Cpu *x, unsigned offset, const X86Seg *s)
{
    put(x, offset, 2, s->selector);
    put(x, offset + 2, 2, s->attr & 0xf0ff);
    put(x, offset + 4, 4, s->limit);
    put(x, offset + 8, 8, s->base);
}

static void save64(X86Cpu *x)
{
    for (unsigned i = 0; i < X86_SEG_COUNT; i++) {
        put_seg64(x, 0x7e00 + 16 * i, &x->seg[i]);
    }
    put(x, 0x7e68, 8, x->gdt.base);
    put(x, 0x7e64, 4, x->gdt.limit);
    put_seg64(x, 0x7e70, &x->ldt);
    put(x, 0x7e88, 8, x->idt.base);
    put(x, 0x7e84, 4, x->idt.limit);
    put_seg64(x, 0x7e90, &x->tr);
    put(x, 0x7ed0, 8, x->efer);
    put(x, 0x7f48, 8, x->cr4);
    put(x, 0x7f50, 8, x->cr3);
    put(x, 0x7f58, 8, x->cr0);
    put(x, 0x7f60, 8, x->dr[7]);
    put(x, 0x7f68, 8, x->dr[6]);
    put(x, 0x7f70, 8, x86_get_eflags(x));
    put(x, 0x7f78, 8, x86_eip(x));
    static const uint8_t order[] = {X86_AX, X86_CX, X86_DX, X86_BX, X86_SP, X86_BP, X86_SI, X86_DI};
    for (unsigned i = 0; i < 16; i++) {
        put(x, 0x7ff8 - 8 * i, 8, x->gpr[i < 8 ? order[i] : i]);
    }
    put(x, REVISION, 4, REVISION_64);
    put(x, 0x7f00, 4, x->smbase);
}

static void get_seg64(X86Cpu *x, unsigned offset, unsigned seg)
{
    uint16_t selector = (uint16_t)get(x, offset, 2), attr = (uint16_t)get(x, offset + 2, 2) & 0xf0ff;
    x86_set_seg(x, seg, selector, get(x, offset + 8, 8), (uint32_t)get(x, offset + 4, 4), attr);
}

static void get_system_seg(X86Cpu *x, unsigned offset, X86Seg *s)
{
    *s = (X86Seg){.selector = (uint16_t)get(x, offset, 2), .attr = (uint16_t)get(x, offset + 2, 2) & 0xf0ff,
                  .limit = (uint32_t)get(x, offset + 4, 4), .base = get(x, offset + 8, 8)};
    s->unusable = !(s->attr & X86_ATTR_P);
}

static void load64(X86Cpu *x)
{
    for (unsigned i = 0; i < 16; i++) {
        x->gpr[i] = get(x, 0x7ff8 - 8 * i, 8);
    }
    for (unsigned i = 0; i < X86_SEG_COUNT; i++) {
        get_seg64(x, 0x7e00 + 16 * i, i);
    }
    x->gdt.base = get(x, 0x7e68, 8);
    x->gdt.limit = (uint32_t)get(x, 0x7e64, 4) & 0xffff;
    get_system_seg(x, 0x7e70, &x->ldt);
    x->idt.base = get(x, 0x7e88, 8);
    x->idt.limit = (uint32_t)get(x, 0x7e84, 4) & 0xffff;
    get_system_seg(x, 0x7e90, &x->tr);
    x->efer = get(x, 0x7ed0, 8);
    x->cr4 = get(x, 0x7f48, 8) & x86_cr4_allowed(x);
    x->cr3 = get(x, 0x7f50, 8);
    x->cr0 = (get(x, 0x7f58, 8) & 0xe005003f) | CR0_ET;
    x->dr[7] = get(x, 0x7f60, 8);
    x->dr[6] = get(x, 0x7f68, 8);
    x86_set_eflags(x, (uint32_t)get(x, 0x7f70, 8));
    x->pc = x->seg[X86_CS].base + get(x, 0x7f78, 8);
    if (get(x, REVISION, 4) & RELOCATES) {
        x->smbase = (uint32_t)get(x, 0x7f00, 4);
    }
}

/* ---- 32-bit map ---- */

static unsigned seg32_at(unsigned i) { return i < 3 ? 0x7f84 + 12 * i : 0x7f2c + 12 * (i - 3); }

static void save32(X86Cpu *x)
{
    put(x, 0x7ffc, 4, x->cr0);
    put(x, 0x7ff8, 4, x->cr3);
    put(x, 0x7ff4, 4, x86_get_eflags(x));
    put(x, 0x7ff0, 4, x86_eip(x));
    static const uint8_t order[] = {X86_DI, X86_SI, X86_BP, X86_SP, X86_BX, X86_DX, X86_CX, X86_AX};
    for (unsigned i = 0; i < 8; i++) {
        put(x, 0x7fec - 4 * i, 4, x->gpr[order[i]]);
    }
    put(x, 0x7fcc, 4, x->dr[6]);
    put(x, 0x7fc8, 4, x->dr[7]);
    const X86Seg *const system[] = {&x->tr, &x->ldt};
    static const uint16_t at[2][2] = {{0x7fc4, 0x7f5c}, {0x7fc0, 0x7f78}}; /* selector; attributes, limit, base */
    for (unsigned i = 0; i < 2; i++) {
        put(x, at[i][0], 4, system[i]->selector);
        put(x, at[i][1], 4, system[i]->attr & 0xf0ff);
        put(x, at[i][1] + 4u, 4, system[i]->limit);
        put(x, at[i][1] + 8u, 4, system[i]->base);
    }
    put(x, 0x7f74, 4, x->gdt.base);
    put(x, 0x7f70, 4, x->gdt.limit);
    put(x, 0x7f58, 4, x->idt.base);
    put(x, 0x7f54, 4, x->idt.limit);
    for (unsigned i = 0; i < X86_SEG_COUNT; i++) {
        put(x, 0x7fa8 + 4 * i, 4, x->seg[i].selector);
        put(x, seg32_at(i), 4, x->seg[i].attr & 0xf0ff);
        put(x, seg32_at(i) + 4, 4, x->seg[i].limit);
        put(x, seg32_at(i) + 8, 4, x->seg[i].base);
    }
    put(x, 0x7f14, 4, x->cr4);
    put(x, REVISION, 4, REVISION_32);
    put(x, 0x7ef8, 4, x->smbase);
}

static void load32(X86Cpu *x)
{
    static const uint8_t order[] = {X86_DI, X86_SI, X86_BP, X86_SP, X86_BX, X86_DX, X86_CX, X86_AX};
    for (unsigned i = 0; i < 8; i++) {
        x->gpr[order[i]] = get(x, 0x7fec - 4 * i, 4);
    }
    X86Seg *const system[] = {&x->tr, &x->ldt};
    static const uint16_t at[2][2] = {{0x7fc4, 0x7f5c}, {0x7fc0, 0x7f78}};
    for (unsigned i = 0; i < 2; i++) {
        *system[i] = (X86Seg){.selector = (uint16_t)get(x, at[i][0], 4), .attr = (uint16_t)get(x, at[i][1], 4) & 0xf0ff,
                              .limit = (uint32_t)get(x, at[i][1] + 4u, 4), .base = get(x, at[i][1] + 8u, 4)};
        system[i]->unusable = !(system[i]->attr & X86_ATTR_P);
    }
    x->gdt.base = get(x, 0x7f74, 4);
    x->gdt.limit = (uint32_t)get(x, 0x7f70, 4) & 0xffff;
    x->idt.base = get(x, 0x7f58, 4);
    x->idt.limit = (uint32_t)get(x, 0x7f54, 4) & 0xffff;
    for (unsigned i = 0; i < X86_SEG_COUNT; i++) {
        x86_set_seg(x, i, (uint16_t)get(x, 0x7fa8 + 4 * i, 4), get(x, seg32_at(i) + 8, 4), (uint32_t)get(x, seg32_at(i) + 4, 4),
                    (uint16_t)get(x, seg32_at(i), 4) & 0xf0ff);
    }
    x->efer = 0;
    x->cr4 = get(x, 0x7f14, 4) & x86_cr4_allowed(x);
    x->cr3 = get(x, 0x7ff8, 4);
    x->cr0 = (get(x, 0x7ffc, 4) & 0xe005003f) | CR0_ET;
    x->dr[6] = get(x, 0x7fcc, 4);
    x->dr[7] = get(x, 0x7fc8, 4);
    x86_set_eflags(x, (uint32_t)get(x, 0x7ff4, 4));
    x->pc = (uint32_t)(x->seg[X86_CS].base + get(x, 0x7ff0, 4));
    if (get(x, REVISION, 4) & RELOCATES) {
        x->smbase = (uint32_t)get(x, 0x7ef8, 4);
    }
}

/* ---- entry and return ---- */

/* The auto-HALT restart field: RSM goes back to sleep where the SMI came in a HLT. */
static unsigned halt_field(const X86Cpu *x) { return x86_has(x, X86_FEAT_LM) ? 0x7ec9 : 0x7f02; }

/* An NMI that is blocked when the SMI comes stays so after it. */
enum { NMI_FIELD = 0x7eca };

static void change_mode(X86Cpu *x)
{
    x86_mmu_switch(x);
    x86_update_flags(x);
}

void x86_smi(X86Cpu *x)
{
    if (!x86_has_smm(x) || x->smm) {
        return;
    }
    bool halted = __atomic_load_n(&x->cpu.halted, __ATOMIC_ACQUIRE), is64 = x86_has(x, X86_FEAT_LM);
    log_if(LOG_INT, "cpu %u: SMI at pc 0x%" G_GINT64_MODIFIER "x, SMBASE 0x%" G_GINT64_MODIFIER "x\n", x->cpu.index, x->pc, x->smbase);
    x->smm = true;
    x->cpu.as = x->smm_memory;
    (is64 ? save64 : save32)(x);
    put(x, halt_field(x), 1, halted);
    put(x, NMI_FIELD, 1, x->nmi_blocked);
    x->nmi_blocked = true;
    x->efer = 0;
    x->cr0 &= ~(uint64_t)(CR0_PE | CR0_EM | CR0_TS | CR0_PG);
    x->cr4 = 0;
    x->dr[7] = DR7_FIXED;
    x->cpl = 0;
    x->inhibit = UINT64_MAX;
    x86_set_eflags(x, EFL_FIXED);
    for (unsigned i = 0; i < X86_SEG_COUNT; i++) {
        x86_set_seg(x, i, 0, 0, UINT32_MAX, ATTR_FLAT_DATA);
    }
    x86_set_seg(x, X86_CS, (uint16_t)(x->smbase >> 4), (uint32_t)x->smbase, UINT32_MAX, ATTR_FLAT_DATA);
    x->pc = (uint32_t)(x->smbase + MAP);
    change_mode(x);
}

/* What would be a state that no sequence of instructions reaches: the processor shuts down. */
static bool resumable(const X86Cpu *x)
{
    bool pg = x->cr0 & CR0_PG, lma = x->efer & EFER_LMA;
    return (!pg || (x->cr0 & CR0_PE)) && (!(x->cr0 & CR0_NW) || (x->cr0 & CR0_CD)) &&
           lma == (pg && (x->efer & EFER_LME)) && (!lma || (x->cr4 & CR4_PAE));
}

static uint8_t resumed_cpl(const X86Cpu *x)
{
    if (!(x->cr0 & CR0_PE)) {
        return 0;
    }
    return x->eflags & EFL_VM ? 3 : (uint8_t)(x->seg[X86_SS].attr >> X86_ATTR_DPL_SHIFT & 3);
}

void x86_rsm(X86Cpu *x)
{
    if (!x->smm) {
        x86_raise(x, X86_EXC_UD);
    }
    bool is64 = x86_has(x, X86_FEAT_LM);
    bool halted = get(x, halt_field(x), 1) & 1, nmi = get(x, NMI_FIELD, 1) & 1;
    (is64 ? load64 : load32)(x);
    x->smm = false;
    x->nmi_blocked = nmi;
    if (x->normal_memory) {
        x->cpu.as = x->normal_memory;
    }
    if (!resumable(x)) {
        log_if(LOG_INT | LOG_GUEST_ERROR, "cpu %u: RSM to an impossible state: shutdown\n", x->cpu.index);
        x->efer = x->cr4 = 0;
        x->cr0 = CR0_ET;
        __atomic_store_n(&x->cpu.halted, true, __ATOMIC_SEQ_CST);
        machine_request_reset(x->cpu.machine, SHUTDOWN_GUEST_RESET);
    } else if (halted) {
        __atomic_store_n(&x->cpu.halted, true, __ATOMIC_SEQ_CST);
    }
    x->cpl = resumed_cpl(x);
    x->inhibit = UINT64_MAX;
    change_mode(x);
    log_if(LOG_INT, "cpu %u: RSM to pc 0x%" G_GINT64_MODIFIER "x\n", x->cpu.index, x->pc);
}

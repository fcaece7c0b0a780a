/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Debug registers (SDM 3B chapter 17): instruction breakpoints by a check in front of each instruction while one is
 * enabled (X86_RF_BREAK), data breakpoints by slow TLB entries of their pages, I/O breakpoints where IN and OUT ask, general detect.
 */
#include "accel/tcg/tcg-accel.h"
#include "x86-cpu.h"

enum { DR7_RW_EXEC, DR7_RW_WRITE, DR7_RW_IO, DR7_RW_ANY };

static bool enabled(const X86Cpu *x, unsigned n) { return x->dr[7] >> (2 * n) & 3; }
static unsigned kind(const X86Cpu *x, unsigned n) { return (unsigned)(x->dr[7] >> (16 + 4 * n)) & 3; }
static unsigned length(const X86Cpu *x, unsigned n)
{
    static const uint8_t bytes[] = {1, 2, 8, 4};
    return bytes[x->dr[7] >> (18 + 4 * n) & 3];
}

static bool is_data(const X86Cpu *x, unsigned n) { return enabled(x, n) && (kind(x, n) & 1); }

static bool watches_data(const X86Cpu *x)
{
    return is_data(x, 0) || is_data(x, 1) || is_data(x, 2) || is_data(x, 3);
}

void x86_write_dr(X86Cpu *x, unsigned n, uint64_t v)
{
    if (n >= 4 && v >> 32) {
        x86_raise_error(x, X86_EXC_GP, 0);
    }
    if (n < 4) {
        if (x->dr[n] != v && watches_data(x)) {
            x86_mmu_flush(x);
        }
        x->dr[n] = v;
        return;
    }
    if (n == 6) {
        x->dr[6] = (v & (DR6_B | DR6_BD | DR6_BS | DR6_BT)) | DR6_FIXED;
        return;
    }
    bool watched = watches_data(x);
    x->dr[7] = (v & 0xffff2bffull) | DR7_FIXED;
    if (watched || watches_data(x)) {
        x86_mmu_flush(x); /* TLB entries of watched pages are slow ones */
    }
    x86_update_flags(x);
    if (x->region_flags & X86_RF_BREAK) {
        x->eflags &= ~(uint64_t)EFL_RF; /* nobody clears it while no breakpoint is on */
    }
}

uint64_t x86_read_dr(X86Cpu *x, unsigned n) { return x->dr[n & 7]; }

void x86_check_breakpoint(X86Cpu *x, uint64_t linear)
{
    if (x->eflags & EFL_RF) {
        x->eflags &= ~(uint64_t)EFL_RF;
        return;
    }
    unsigned hit = 0;
    bool on = false;
    for (unsigned i = 0; i < 4; i++) {
        if (kind(x, i) == DR7_RW_EXEC && x->dr[i] == linear) {
            hit |= 1u << i;
            on |= enabled(x, i);
        }
    }
    if (on) {
        x->dr[6] = (x->dr[6] & ~(uint64_t)DR6_B) | hit;
        x86_raise(x, X86_EXC_DB);
    }
}

/* ---- data breakpoints (SDM 3B 17.2.4, 17.3.1.2): traps ---- */

bool x86_page_watched(CpuState *cpu, uint64_t va)
{
    const X86Cpu *x = x86_cpu(cpu);
    if (G_LIKELY(!(x->dr[7] & 0xff))) {
        return false;
    }
    for (unsigned i = 0; i < 4; i++) {
        if (is_data(x, i) && ((x->dr[i] ^ va) & TLB_PAGE_MASK) == 0) {
            return true;
        }
    }
    return false;
}

enum { STEPPING = 16 };

void x86_access_watched(CpuState *cpu, uint64_t va, unsigned len, MmuAccess access)
{
    X86Cpu *x = x86_cpu(cpu);
    unsigned hit = 0;
    for (unsigned i = 0; i < 4; i++) {
        uint64_t first = x->dr[i] & ~(uint64_t)(length(x, i) - 1), last = first + (length(x, i) - 1);
        if (is_data(x, i) && (access == MMU_WRITE || kind(x, i) == DR7_RW_ANY) && va <= last && va + (len - 1) >= first) {
            hit |= 1u << i;
        }
    }
    if (!hit || !cpu->tcg.ra) {
        return; /* the frame of an interrupt that is being delivered between instructions does not count */
    }
    if (x->dr_pending) { /* on its second way */
        x->dr_pending |= hit;
        return;
    }
    cpu_sync_state(cpu);
    x->dr_pending = hit | STEPPING;
    x86_update_flags(x); /* regions of one instruction from here on */
    cpu_loop_exit(cpu);
}

void x86_data_breakpoint(X86Cpu *x, bool single_step)
{
    x->dr[6] = (x->dr[6] & ~(uint64_t)DR6_B) | (x->dr_pending & DR6_B) | (single_step ? DR6_BS : 0);
    x->dr_pending = 0;
    x86_update_flags(x);
    x->has_error = x->is_int = false;
    x->error_code = 0;
    x->cpu.exception = X86_EXC_DB;
}

bool x86_check_io_breakpoint(X86Cpu *x, uint32_t port, unsigned bytes)
{
    unsigned hit = 0;
    for (unsigned i = 0; (x->cr4 & CR4_DE) && i < 4; i++) {
        uint64_t first = x->dr[i] & ~(uint64_t)(length(x, i) - 1);
        if (kind(x, i) == DR7_RW_IO && enabled(x, i) && port + (bytes - 1) >= first && port <= first + (length(x, i) - 1)) {
            hit |= 1u << i;
        }
    }
    if (hit) {
        x->dr[6] = (x->dr[6] & ~(uint64_t)DR6_B) | hit;
    }
    return hit != 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Debug registers (SDM 3B chapter 17): instruction breakpoints by a check in front of each instruction while one is
 * enabled (X86_RF_BREAK), I/O breakpoints where IN and OUT ask, general detect.
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

void x86_write_dr(X86Cpu *x, unsigned n, uint64_t v)
{
    if (n >= 4 && v >> 32) {
        x86_raise_error(x, X86_EXC_GP, 0);
    }
    if (n < 4) {
        x->dr[n] = v;
        return;
    }
    if (n == 6) {
        x->dr[6] = (v & (DR6_B | DR6_BD | DR6_BS | DR6_BT)) | DR6_FIXED;
        return;
    }
    x->dr[7] = (v & 0xffff2bffull) | DR7_FIXED;
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

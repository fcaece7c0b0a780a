/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Port I/O: IN, OUT, INS, OUTS (SDM 1 chapter 19). What nobody answers reads as ones.
 */
#include "accel/tcg/tcg-accel.h"
#include "repeat.h"
#include "softmmu/memory.h"
#include "util/rcu.h"

enum { MAX_ELEMENTS = 1024 };

static uint64_t ones(unsigned size) { return (1ull << 8 * size) - 1; }

static uint64_t port_read(X86Cpu *x, uint32_t port, unsigned size)
{
    uint64_t v = ones(size);
    if (x->io && address_space_read_mmio(x->io, port, size, &v) != MEM_OK) {
        v = ones(size);
    }
    return v & ones(size);
}

static void port_write(X86Cpu *x, uint32_t port, unsigned size, uint64_t v)
{
    if (x->io) {
        address_space_write_mmio(x->io, port, size, v & ones(size));
    }
}

static uint64_t in(CpuState *cpu, uint32_t port, uint32_t how)
{
    X86Cpu *x = x86_cpu(cpu);
    unsigned size = how & 15;
    if (how & 0x10) {
        x86_check_io(x, port, size);
    }
    return port_read(x, port, size);
}

static void out(CpuState *cpu, uint32_t port, uint32_t how, uint32_t v)
{
    X86Cpu *x = x86_cpu(cpu);
    unsigned size = how & 15;
    if (how & 0x10) {
        x86_check_io(x, port, size);
    }
    port_write(x, port, size, v);
}
/* Devices may look at the state (a monitor command, a debug exit), and stop or reset the machine. */
const TcgHelper x86_helper_in = {
    "x86_in", (void *)in, TCG_HELPER_RAISES, TCG_I64, {TCG_I32, TCG_I32}, {{X86_SLOTS_EFL, 0}}, {{0}}};
const TcgHelper x86_helper_out = {
    "x86_out", (void *)out, TCG_HELPER_RAISES, TCG_VOID, {TCG_I32, TCG_I32, TCG_I32}, {{X86_SLOTS_EFL, 0}}, {{0}}};

/* INS and OUTS: an element at a time; memory is proven before a port is read, so that no input is lost. */
static uint64_t ports(CpuState *cpu, uint32_t what)
{
    X86Cpu *x = x86_cpu(cpu);
    unsigned op = what & X86_REP_OP, log = what >> X86_REP_SIZE_SHIFT & 3, size = 1u << log,
             addrsize = 1u << (what >> X86_REP_ADDR_SHIFT & 3);
    unsigned seg = op == X86_STR_INS ? X86_ES : what >> X86_REP_SEG_SHIFT & 7,
             reg = op == X86_STR_INS ? X86_DI : X86_SI;
    unsigned mode = what >> X86_REP_MODE_SHIFT & 3;
    uint64_t mask = addrsize == 8 ? UINT64_MAX : (1ull << 8 * addrsize) - 1;
    uint32_t port = (uint16_t)x->gpr[X86_DX];
    TcgMem mem = TCG_MEM(log, 0u, 0u, TCG_ALIGN_ANY, mode);
    bool counted = what & X86_REP_COUNTED, is64 = what & X86_REP_64;
    if (what & X86_REP_CHECK_IO) {
        x86_check_io(x, port, size);
    }
    for (unsigned n = 0; !counted || x->gpr[X86_CX] & mask; n++) {
        uint64_t va = x86_string_linear(x, seg, x->gpr[reg] & mask, size, op == X86_STR_INS, is64);
        if (op == X86_STR_INS) {
            if ((va & 0xfff) + size <= 0x1000) {
                cpu_probe(cpu, va, size, MMU_WRITE, mode);
            }
            cpu_store(cpu, va, port_read(x, port, size), mem);
        } else {
            port_write(x, port, size, cpu_load(cpu, va, mem));
        }
        x86_string_advance(x, reg, x->df == 1 ? (int64_t)size : -(int64_t)size, addrsize);
        if (!counted) {
            return 0;
        }
        x86_string_advance(x, X86_CX, -1, addrsize);
        if (what & X86_REP_ONE || n >= MAX_ELEMENTS || __atomic_load_n(&cpu->tcg.exit_request, __ATOMIC_RELAXED)) {
            return (x->gpr[X86_CX] & mask) != 0;
        }
    }
    return 0;
}
#define S(reg) X86_S0(X86_SLOT_GPR + X86_##reg)
const TcgHelper x86_helper_ports = {"x86_ports",
                                    (void *)ports,
                                    TCG_HELPER_RAISES,
                                    TCG_I64,
                                    {TCG_I32},
                                    {{S(CX) | S(DX) | S(SI) | S(DI) | X86_SLOTS_EFL | X86_SLOTS_SEG, 0}},
                                    {{S(CX) | S(SI) | S(DI), 0}}};

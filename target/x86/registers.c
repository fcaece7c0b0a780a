/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Register tables for the debugger: gdb's standard features org.gnu.gdb.i386.core, .sse and .segments with its numbers, and the system
 * registers behind them. The instruction pointer is what the program sees: offset in CS.
 *
 * The two widths have different orders of the general registers, which is gdb's history.
 */
#include <string.h>

#include "accel/tcg/tcg-accel.h"
#include "util/bytes.h"
#include "x86-cpu.h"

const char *const x86_gpr_names[16] = {
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
};

/* ---- general ---- */

static uint64_t get_gpr(CpuState *cpu, const RegisterRecord *r) { return x86_cpu(cpu)->gpr[r->arg]; }
static bool set_gpr(CpuState *cpu, const RegisterRecord *r, uint64_t v)
{
    x86_cpu(cpu)->gpr[r->arg] = r->bits == 32 ? (uint32_t)v : v;
    return true;
}

static uint64_t get_ip(CpuState *cpu, const RegisterRecord *r) { return x86_eip(x86_cpu(cpu)); }
static bool set_ip(CpuState *cpu, const RegisterRecord *r, uint64_t v)
{
    cpu->target->set_pc(cpu, x86_cpu(cpu)->seg[X86_CS].base + v);
    return true;
}

static uint64_t get_flags(CpuState *cpu, const RegisterRecord *r) { return x86_get_eflags(x86_cpu(cpu)); }
static bool set_flags(CpuState *cpu, const RegisterRecord *r, uint64_t v)
{
    X86Cpu *x = x86_cpu(cpu);
    uint32_t fixed = EFL_VM; /* virtual-8086 mode is entered by more than a bit */
    x86_set_eflags(x, ((uint32_t)v & ~fixed) | (x86_get_eflags(x) & fixed));
    return true;
}

/* Selectors can be changed where that loads no descriptor. */
static uint64_t get_selector(CpuState *cpu, const RegisterRecord *r) { return x86_cpu(cpu)->seg[r->arg].selector; }
static bool set_selector(CpuState *cpu, const RegisterRecord *r, uint64_t v)
{
    X86Cpu *x = x86_cpu(cpu);
    if (v == x->seg[r->arg].selector) {
        return true;
    }
    if ((x->cr0 & CR0_PE) && !(x->eflags & EFL_VM)) {
        return false;
    }
    x86_set_seg_real(x, r->arg, (uint16_t)v);
    x86_update_flags(x);
    return true;
}

/* ---- x87 ---- */

static X86Fpr *st(X86Cpu *x, unsigned n) { return &x->fpr[(x->ftop + n) & 7]; }

static uint64_t get_st(CpuState *cpu, const RegisterRecord *r) { return st(x86_cpu(cpu), r->arg)->mantissa; }
static void get_st_bytes(CpuState *cpu, const RegisterRecord *r, uint8_t *bytes)
{
    const X86Fpr *f = st(x86_cpu(cpu), r->arg);
    st_le64(bytes, f->mantissa);
    st_le16(bytes + 8, f->exponent);
}
static bool set_st_bytes(CpuState *cpu, const RegisterRecord *r, const uint8_t *bytes)
{
    X86Fpr *f = st(x86_cpu(cpu), r->arg);
    f->mantissa = ld_le64(bytes);
    f->exponent = ld_le16(bytes + 8);
    return true;
}

enum { FP_CONTROL, FP_STATUS, FP_TAGS, FP_CS, FP_IP, FP_DS, FP_DP, FP_OPCODE };

/* Two bits for each register: 3 empty, else 0; debuggers do not care for the finer kinds. */
static uint32_t full_tags(const X86Cpu *x)
{
    uint32_t tags = 0;
    for (unsigned i = 0; i < 8; i++) {
        tags |= x->ftag >> i & 1 ? 3u << (2 * i) : 0;
    }
    return tags;
}

static uint64_t get_fp(CpuState *cpu, const RegisterRecord *r)
{
    const X86Cpu *x = x86_cpu(cpu);
    switch (r->arg) {
    case FP_CONTROL: return x->fcw;
    case FP_STATUS: return x->fsw | (uint32_t)(x->ftop & 7) << 11;
    case FP_TAGS: return full_tags(x);
    case FP_CS: return x->fcs;
    case FP_IP: return (uint32_t)x->fip;
    case FP_DS: return x->fds;
    case FP_DP: return (uint32_t)x->fdp;
    default: return x->fop;
    }
}

static bool set_fp(CpuState *cpu, const RegisterRecord *r, uint64_t v)
{
    X86Cpu *x = x86_cpu(cpu);
    switch (r->arg) {
    case FP_CONTROL: x->fcw = (uint16_t)v; break;
    case FP_STATUS:
        x->fsw = v & ~0x3800u;
        x->ftop = v >> 11 & 7;
        break;
    case FP_TAGS:
        x->ftag = 0;
        for (unsigned i = 0; i < 8; i++) {
            x->ftag |= (v >> (2 * i) & 3) == 3 ? 1u << i : 0;
        }
        break;
    case FP_CS: x->fcs = (uint16_t)v; break;
    case FP_IP: x->fip = (uint32_t)v; break;
    case FP_DS: x->fds = (uint16_t)v; break;
    case FP_DP: x->fdp = (uint32_t)v; break;
    default: x->fop = v & 0x7ff; break;
    }
    return true;
}

/* ---- vectors ---- */

static uint64_t get_xmm(CpuState *cpu, const RegisterRecord *r) { return x86_cpu(cpu)->xmm[r->arg][0]; }
static void get_xmm_bytes(CpuState *cpu, const RegisterRecord *r, uint8_t *bytes)
{
    st_le64(bytes, x86_cpu(cpu)->xmm[r->arg][0]);
    st_le64(bytes + 8, x86_cpu(cpu)->xmm[r->arg][1]);
}
static bool set_xmm_bytes(CpuState *cpu, const RegisterRecord *r, const uint8_t *bytes)
{
    x86_cpu(cpu)->xmm[r->arg][0] = ld_le64(bytes);
    x86_cpu(cpu)->xmm[r->arg][1] = ld_le64(bytes + 8);
    return true;
}

static uint64_t get_mxcsr(CpuState *cpu, const RegisterRecord *r) { return x86_get_mxcsr(x86_cpu(cpu)); }
static bool set_mxcsr(CpuState *cpu, const RegisterRecord *r, uint64_t v)
{
    x86_set_mxcsr(x86_cpu(cpu), (uint32_t)v & 0xffff);
    return true;
}

/* ---- system ---- */

enum { SYS_FS_BASE, SYS_GS_BASE, SYS_KERNEL_GS, SYS_CR0, SYS_CR2, SYS_CR3, SYS_CR4, SYS_CR8, SYS_EFER };

static uint64_t get_system(CpuState *cpu, const RegisterRecord *r)
{
    X86Cpu *x = x86_cpu(cpu);
    switch (r->arg) {
    case SYS_FS_BASE: return x->seg[X86_FS].base;
    case SYS_GS_BASE: return x->seg[X86_GS].base;
    case SYS_KERNEL_GS: return x->kernel_gs_base;
    case SYS_CR0: return x->cr0;
    case SYS_CR2: return x->cr2;
    case SYS_CR3: return x->cr3;
    case SYS_CR4: return x->cr4;
    case SYS_CR8: return x86_read_cr8(x);
    default: return x->efer;
    }
}

/* Those without consequences. */
static bool set_system(CpuState *cpu, const RegisterRecord *r, uint64_t v)
{
    X86Cpu *x = x86_cpu(cpu);
    switch (r->arg) {
    case SYS_FS_BASE: x->seg[X86_FS].base = v; return true;
    case SYS_GS_BASE: x->seg[X86_GS].base = v; return true;
    case SYS_KERNEL_GS: x->kernel_gs_base = v; return true;
    case SYS_CR2: x->cr2 = v; return true;
    default: return v == get_system(cpu, r);
    }
}

/* ---- the tables ---- */

#define CORE "org.gnu.gdb.i386.core"
#define SSE "org.gnu.gdb.i386.sse"
#define SEGMENTS "org.gnu.gdb.i386.segments"
#define SYSTEM "org.mimic.i386.system"

#define GPR(name_, bits_, n_, gdb_, type_) {name_, "general", CORE, bits_, gdb_, type_, get_gpr, set_gpr, n_}
#define IP(name_, bits_, gdb_) {name_, "general", CORE, bits_, gdb_, "code_ptr", get_ip, set_ip, 0}
#define FLAGS(gdb_) {"eflags", "general", CORE, 32, gdb_, "int32", get_flags, set_flags, 0}
#define SEL(name_, seg_, gdb_) {name_, "general", CORE, 32, gdb_, "int32", get_selector, set_selector, seg_}
#define ST(n_, gdb_) {"st" #n_, "float", CORE, 80, (gdb_) + n_, "i387_ext", get_st, NULL, n_, get_st_bytes, set_st_bytes}
#define FP(name_, what_, gdb_) {name_, "float", CORE, 32, gdb_, "int", get_fp, set_fp, what_}
#define XMM(n_, gdb_) {"xmm" #n_, "vector", SSE, 128, (gdb_) + n_, "uint128", get_xmm, NULL, n_, get_xmm_bytes, set_xmm_bytes}
#define MXCSR(gdb_) {"mxcsr", "vector", SSE, 32, gdb_, "int", get_mxcsr, set_mxcsr, 0}
#define SYS(name_, feature_, bits_, what_, gdb_) {name_, "system", feature_, bits_, gdb_, "int", get_system, set_system, what_}

#define X87(first)                                                                                                     \
    ST(0, first), ST(1, first), ST(2, first), ST(3, first), ST(4, first), ST(5, first), ST(6, first), ST(7, first),    \
    FP("fctrl", FP_CONTROL, first + 8), FP("fstat", FP_STATUS, first + 9), FP("ftag", FP_TAGS, first + 10),            \
    FP("fiseg", FP_CS, first + 11), FP("fioff", FP_IP, first + 12), FP("foseg", FP_DS, first + 13),                    \
    FP("fooff", FP_DP, first + 14), FP("fop", FP_OPCODE, first + 15)
#define SELECTORS(first)                                                                                               \
    FLAGS(first), SEL("cs", X86_CS, first + 1), SEL("ss", X86_SS, first + 2), SEL("ds", X86_DS, first + 3),            \
    SEL("es", X86_ES, first + 4), SEL("fs", X86_FS, first + 5), SEL("gs", X86_GS, first + 6)
#define XMM8(first)                                                                                                    \
    XMM(0, first), XMM(1, first), XMM(2, first), XMM(3, first), XMM(4, first), XMM(5, first), XMM(6, first), XMM(7, first)
#define SYSTEM_REGISTERS(bits, first)                                                                                  \
    SYS("k_gs_base", SYSTEM, bits, SYS_KERNEL_GS, first), SYS("cr0", SYSTEM, bits, SYS_CR0, first + 1),                \
    SYS("cr2", SYSTEM, bits, SYS_CR2, first + 2), SYS("cr3", SYSTEM, bits, SYS_CR3, first + 3),                        \
    SYS("cr4", SYSTEM, bits, SYS_CR4, first + 4), SYS("cr8", SYSTEM, bits, SYS_CR8, first + 5),                        \
    SYS("efer", SYSTEM, bits, SYS_EFER, first + 6)

const RegisterRecord x86_64_registers[] = {
    GPR("rax", 64, X86_AX, 0, "int64"), GPR("rbx", 64, X86_BX, 1, "int64"), GPR("rcx", 64, X86_CX, 2, "int64"),
    GPR("rdx", 64, X86_DX, 3, "int64"), GPR("rsi", 64, X86_SI, 4, "int64"), GPR("rdi", 64, X86_DI, 5, "int64"),
    GPR("rbp", 64, X86_BP, 6, "data_ptr"), GPR("rsp", 64, X86_SP, 7, "data_ptr"), GPR("r8", 64, 8, 8, "int64"),
    GPR("r9", 64, 9, 9, "int64"), GPR("r10", 64, 10, 10, "int64"), GPR("r11", 64, 11, 11, "int64"), GPR("r12", 64, 12, 12, "int64"),
    GPR("r13", 64, 13, 13, "int64"), GPR("r14", 64, 14, 14, "int64"), GPR("r15", 64, 15, 15, "int64"),
    IP("rip", 64, 16), SELECTORS(17), X87(24),
    XMM8(40), XMM(8, 40), XMM(9, 40), XMM(10, 40), XMM(11, 40), XMM(12, 40), XMM(13, 40), XMM(14, 40), XMM(15, 40), MXCSR(56),
    SYS("fs_base", SEGMENTS, 64, SYS_FS_BASE, 57), SYS("gs_base", SEGMENTS, 64, SYS_GS_BASE, 58),
    SYSTEM_REGISTERS(64, 59),
    {.name = NULL},
};

const RegisterRecord i386_registers[] = {
    GPR("eax", 32, X86_AX, 0, "int32"), GPR("ecx", 32, X86_CX, 1, "int32"), GPR("edx", 32, X86_DX, 2, "int32"),
    GPR("ebx", 32, X86_BX, 3, "int32"), GPR("esp", 32, X86_SP, 4, "data_ptr"), GPR("ebp", 32, X86_BP, 5, "data_ptr"),
    GPR("esi", 32, X86_SI, 6, "int32"), GPR("edi", 32, X86_DI, 7, "int32"),
    IP("eip", 32, 8), SELECTORS(9), X87(16), XMM8(32), MXCSR(40),
    SYS("fs_base", SYSTEM, 32, SYS_FS_BASE, 41), SYS("gs_base", SYSTEM, 32, SYS_GS_BASE, 42),
    SYSTEM_REGISTERS(32, 43),
    {.name = NULL},
};

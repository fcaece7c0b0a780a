/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Register tables for the debugger: gdb's standard features and numbers (x 0..31, pc 32, f 33..64, CSRs 65 + number, priv
 * 65 + 4096). The two widths differ in the size of x registers and CSRs alone.
 */
#include "helper.h"
#include "riscv-cpu.h"

enum { GDB_PC = 32, GDB_F0 = 33, GDB_CSR0 = 65, GDB_PRIV = GDB_CSR0 + 4096 };

static uint64_t get_x(CpuState *cpu, const RegisterRecord *r) { return riscv_cpu(cpu)->x[r->arg]; }
static bool set_x(CpuState *cpu, const RegisterRecord *r, uint64_t v)
{
    riscv_cpu_set_gpr(cpu, r->arg, v);
    return true;
}

static uint64_t get_f(CpuState *cpu, const RegisterRecord *r) { return riscv_cpu(cpu)->f[r->arg]; }
static bool set_f(CpuState *cpu, const RegisterRecord *r, uint64_t v)
{
    riscv_cpu(cpu)->f[r->arg] = v;
    return true;
}

static uint64_t get_pc(CpuState *cpu, const RegisterRecord *r) { return cpu->target->get_pc(cpu); }
static bool set_pc(CpuState *cpu, const RegisterRecord *r, uint64_t v)
{
    cpu->target->set_pc(cpu, v);
    return true;
}

static uint64_t get_csr(CpuState *cpu, const RegisterRecord *r)
{
    uint64_t v = 0;
    riscv_csr_get(riscv_cpu(cpu), r->arg, &v);
    return v;
}
static bool set_csr(CpuState *cpu, const RegisterRecord *r, uint64_t v) { return riscv_csr_set(riscv_cpu(cpu), r->arg, v); }

static uint64_t get_priv(CpuState *cpu, const RegisterRecord *r) { return riscv_cpu(cpu)->priv; }
static bool set_priv(CpuState *cpu, const RegisterRecord *r, uint64_t v)
{
    if (v > RISCV_PRIV_M || v == 2) {
        return false;
    }
    riscv_set_priv(riscv_cpu(cpu), (unsigned)v);
    return true;
}

#define CPU_FEATURE "org.gnu.gdb.riscv.cpu"
#define FPU_FEATURE "org.gnu.gdb.riscv.fpu"
#define CSR_FEATURE "org.gnu.gdb.riscv.csr"
#define VIRTUAL_FEATURE "org.gnu.gdb.riscv.virtual"

#define XREG(n, name_, type_, bits_) {name_, "general", CPU_FEATURE, bits_, n, type_, get_x, set_x, n}
#define FREG(n, name_) {name_, "float", FPU_FEATURE, 64, GDB_F0 + n, "ieee_double", get_f, set_f, n}
#define CSRR(number, name_, bits_) {name_, "csr", CSR_FEATURE, bits_, GDB_CSR0 + number, "int", get_csr, set_csr, number}
#define CSRRO(number, name_, bits_) {name_, "csr", CSR_FEATURE, bits_, GDB_CSR0 + number, "int", get_csr, NULL, number}

#define REGISTERS(bits)                                                                                                \
    XREG(0, "zero", "int", bits), XREG(1, "ra", "code_ptr", bits), XREG(2, "sp", "data_ptr", bits),                    \
    XREG(3, "gp", "data_ptr", bits), XREG(4, "tp", "data_ptr", bits), XREG(5, "t0", "int", bits),                      \
    XREG(6, "t1", "int", bits), XREG(7, "t2", "int", bits), XREG(8, "fp", "data_ptr", bits), XREG(9, "s1", "int", bits), \
    XREG(10, "a0", "int", bits), XREG(11, "a1", "int", bits), XREG(12, "a2", "int", bits), XREG(13, "a3", "int", bits), \
    XREG(14, "a4", "int", bits), XREG(15, "a5", "int", bits), XREG(16, "a6", "int", bits), XREG(17, "a7", "int", bits), \
    XREG(18, "s2", "int", bits), XREG(19, "s3", "int", bits), XREG(20, "s4", "int", bits), XREG(21, "s5", "int", bits), \
    XREG(22, "s6", "int", bits), XREG(23, "s7", "int", bits), XREG(24, "s8", "int", bits), XREG(25, "s9", "int", bits), \
    XREG(26, "s10", "int", bits), XREG(27, "s11", "int", bits), XREG(28, "t3", "int", bits), XREG(29, "t4", "int", bits), \
    XREG(30, "t5", "int", bits), XREG(31, "t6", "int", bits),                                                          \
    {"pc", "general", CPU_FEATURE, bits, GDB_PC, "code_ptr", get_pc, set_pc, 0},                                       \
    FREG(0, "ft0"), FREG(1, "ft1"), FREG(2, "ft2"), FREG(3, "ft3"), FREG(4, "ft4"), FREG(5, "ft5"), FREG(6, "ft6"),    \
    FREG(7, "ft7"), FREG(8, "fs0"), FREG(9, "fs1"), FREG(10, "fa0"), FREG(11, "fa1"), FREG(12, "fa2"), FREG(13, "fa3"), \
    FREG(14, "fa4"), FREG(15, "fa5"), FREG(16, "fa6"), FREG(17, "fa7"), FREG(18, "fs2"), FREG(19, "fs3"),              \
    FREG(20, "fs4"), FREG(21, "fs5"), FREG(22, "fs6"), FREG(23, "fs7"), FREG(24, "fs8"), FREG(25, "fs9"),              \
    FREG(26, "fs10"), FREG(27, "fs11"), FREG(28, "ft8"), FREG(29, "ft9"), FREG(30, "ft10"), FREG(31, "ft11"),          \
    CSRR(0x001, "fflags", 32), CSRR(0x002, "frm", 32), CSRR(0x003, "fcsr", 32),                                        \
    CSRRO(0xc00, "cycle", bits), CSRRO(0xc01, "time", bits), CSRRO(0xc02, "instret", bits),                            \
    CSRR(0x100, "sstatus", bits), CSRR(0x104, "sie", bits), CSRR(0x105, "stvec", bits), CSRR(0x106, "scounteren", bits), \
    CSRR(0x10a, "senvcfg", bits), CSRR(0x140, "sscratch", bits), CSRR(0x141, "sepc", bits), CSRR(0x142, "scause", bits), \
    CSRR(0x143, "stval", bits), CSRR(0x144, "sip", bits), CSRR(0x14d, "stimecmp", bits), CSRR(0x180, "satp", bits),    \
    CSRRO(0xf11, "mvendorid", bits), CSRRO(0xf12, "marchid", bits), CSRRO(0xf13, "mimpid", bits),                      \
    CSRRO(0xf14, "mhartid", bits), CSRR(0x300, "mstatus", bits), CSRR(0x301, "misa", bits),                            \
    CSRR(0x302, "medeleg", bits), CSRR(0x303, "mideleg", bits), CSRR(0x304, "mie", bits), CSRR(0x305, "mtvec", bits),  \
    CSRR(0x306, "mcounteren", bits), CSRR(0x30a, "menvcfg", bits), CSRR(0x320, "mcountinhibit", bits),                 \
    CSRR(0x340, "mscratch", bits), CSRR(0x341, "mepc", bits), CSRR(0x342, "mcause", bits), CSRR(0x343, "mtval", bits), \
    CSRR(0x344, "mip", bits), CSRR(0x3a0, "pmpcfg0", bits), CSRR(0x3a2, "pmpcfg2", bits),                              \
    CSRR(0x3b0, "pmpaddr0", bits), CSRR(0x3b1, "pmpaddr1", bits), CSRR(0x3b2, "pmpaddr2", bits),                       \
    CSRR(0x3b3, "pmpaddr3", bits), CSRR(0x3b4, "pmpaddr4", bits), CSRR(0x3b5, "pmpaddr5", bits),                       \
    CSRR(0x3b6, "pmpaddr6", bits), CSRR(0x3b7, "pmpaddr7", bits), CSRR(0x3b8, "pmpaddr8", bits),                       \
    CSRR(0x3b9, "pmpaddr9", bits), CSRR(0x3ba, "pmpaddr10", bits), CSRR(0x3bb, "pmpaddr11", bits),                     \
    CSRR(0x3bc, "pmpaddr12", bits), CSRR(0x3bd, "pmpaddr13", bits), CSRR(0x3be, "pmpaddr14", bits),                    \
    CSRR(0x3bf, "pmpaddr15", bits), CSRR(0xb00, "mcycle", bits), CSRR(0xb02, "minstret", bits),                        \
    {"priv", "system", VIRTUAL_FEATURE, 8, GDB_PRIV, "int", get_priv, set_priv, 0}

const RegisterRecord riscv64_registers[] = {REGISTERS(64), {.name = NULL}};
const RegisterRecord riscv32_registers[] = {
    REGISTERS(32),
    CSRR(0x31a, "menvcfgh", 32), CSRR(0x15d, "stimecmph", 32), CSRR(0x3a1, "pmpcfg1", 32), CSRR(0x3a3, "pmpcfg3", 32),
    CSRR(0xb80, "mcycleh", 32), CSRR(0xb82, "minstreth", 32), CSRRO(0xc80, "cycleh", 32), CSRRO(0xc81, "timeh", 32),
    CSRRO(0xc82, "instreth", 32),
    {.name = NULL},
};

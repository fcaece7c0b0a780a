/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two target records, riscv64 and riscv32, which share everything but names, widths and register tables; and the slots:
 * the parts of the state that TinyCode holds in values.
 */
#include "insn.h"

enum { EM_RISCV = 243 };

#define X_SLOT(n) [n] = {"x" #n, TCG_I64, offsetof(RiscvCpu, x) + 8 * n}
#define F_SLOT(n) [RISCV_SLOT_F0 + n] = {"f" #n, TCG_I64, offsetof(RiscvCpu, f) + 8 * n}
#define CSR_SLOT(id, member) [RISCV_SLOT_##id] = {#member, TCG_I64, offsetof(RiscvCpu, member)}

const TcgSlot riscv_slots[RISCV_SLOT_COUNT] = {
    [TCG_SLOT_PC] = {"pc", TCG_I64, offsetof(RiscvCpu, pc)},
    X_SLOT(1), X_SLOT(2), X_SLOT(3), X_SLOT(4), X_SLOT(5), X_SLOT(6), X_SLOT(7), X_SLOT(8), X_SLOT(9), X_SLOT(10), X_SLOT(11),
    X_SLOT(12), X_SLOT(13), X_SLOT(14), X_SLOT(15), X_SLOT(16), X_SLOT(17), X_SLOT(18), X_SLOT(19), X_SLOT(20), X_SLOT(21),
    X_SLOT(22), X_SLOT(23), X_SLOT(24), X_SLOT(25), X_SLOT(26), X_SLOT(27), X_SLOT(28), X_SLOT(29), X_SLOT(30), X_SLOT(31),
    F_SLOT(0), F_SLOT(1), F_SLOT(2), F_SLOT(3), F_SLOT(4), F_SLOT(5), F_SLOT(6), F_SLOT(7), F_SLOT(8), F_SLOT(9), F_SLOT(10),
    F_SLOT(11), F_SLOT(12), F_SLOT(13), F_SLOT(14), F_SLOT(15), F_SLOT(16), F_SLOT(17), F_SLOT(18), F_SLOT(19), F_SLOT(20),
    F_SLOT(21), F_SLOT(22), F_SLOT(23), F_SLOT(24), F_SLOT(25), F_SLOT(26), F_SLOT(27), F_SLOT(28), F_SLOT(29), F_SLOT(30),
    F_SLOT(31),
    CSR_SLOT(MSTATUS, mstatus), CSR_SLOT(SSCRATCH, sscratch), CSR_SLOT(SEPC, sepc), CSR_SLOT(SCAUSE, scause),
    CSR_SLOT(STVAL, stval), CSR_SLOT(MSCRATCH, mscratch), CSR_SLOT(MEPC, mepc), CSR_SLOT(MCAUSE, mcause), CSR_SLOT(MTVAL, mtval),
};

static uint64_t get_pc(CpuState *cpu) { return riscv_cpu(cpu)->pc; }

static void set_pc(CpuState *cpu, uint64_t pc)
{
    RiscvCpu *rc = riscv_cpu(cpu);
    rc->pc = riscv_is32(rc) ? (uint32_t)pc : pc;
}

#define RISCV_TARGET(name_, base_, model_, bits_, registers_)                                                          \
    {                                                                                                                  \
        .name = name_, .cpu_base = base_, .default_model = model_, .long_bits = bits_, .state_size = sizeof(RiscvCpu), \
        .elf_name = name_, .elf_machine = EM_RISCV, .gdb_arch = "riscv:rv" #bits_, .watch_before = true,               \
        .slots = riscv_slots, .slot_count = RISCV_SLOT_COUNT,                                                          \
        .insn_align = 2, .max_insn_len = 4, .region_flags = riscv_region_flags, .fetch_mode = riscv_fetch_mode,        \
        .scan = riscv_scan, .translate = riscv_translate, .disassemble = riscv_disassemble,                            \
        .tlb_fill = riscv_tlb_fill, .translate_debug = riscv_translate_debug, .misaligned = riscv_misaligned,          \
        .bus_error = riscv_bus_error, .deliver_exception = riscv_deliver_exception,                                    \
        .deliver_interrupt = riscv_deliver_interrupt, .has_work = riscv_has_work, .reset = riscv_reset,                \
        .registers = registers_, .get_pc = get_pc, .set_pc = set_pc, .print_state = riscv_print_state,                 \
        .current_mode = riscv_data_mode,                                                                               \
    }

const TargetRecord riscv64_target = RISCV_TARGET("riscv64", TYPE_RISCV64_CPU, RISCV64_DEFAULT_MODEL, 64, riscv64_registers);
const TargetRecord riscv32_target = RISCV_TARGET("riscv32", TYPE_RISCV32_CPU, RISCV32_DEFAULT_MODEL, 32, riscv32_registers);
TARGET(riscv64_target);
TARGET(riscv32_target);

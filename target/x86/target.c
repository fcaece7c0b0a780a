/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two target records, x86_64 and i386, which share everything but names, widths and register tables; and the slots:
 * the parts of the state that TinyCode holds in values.
 */
#include "insn.h"

enum { EM_386 = 3, EM_X86_64 = 62 };

#define GPR_SLOT(n, name_) [X86_SLOT_GPR + n] = {name_, TCG_I64, offsetof(X86Cpu, gpr) + 8 * n}
#define SEG_SLOTS(id, name_)                                                                                           \
    [X86_SLOT_SEG_BASE + id] = {name_ ".base", TCG_I64, offsetof(X86Cpu, seg[id].base)},                               \
    [X86_SLOT_SEG_READ + id] = {name_ ".read_end", TCG_I64, offsetof(X86Cpu, seg[id].read_end)},                       \
    [X86_SLOT_SEG_WRITE + id] = {name_ ".write_end", TCG_I64, offsetof(X86Cpu, seg[id].write_end)}
#define VEC_SLOTS(n)                                                                                                   \
    [X86_SLOT_XMM + n] = {"xmm" #n, TCG_V128, offsetof(X86Cpu, xmm) + 16 * n},                                         \
    [X86_SLOT_YMMH + n] = {"ymmh" #n, TCG_V128, offsetof(X86Cpu, ymmh) + 16 * n}
#define MM_SLOT(n) [X86_SLOT_MM + n] = {"mm" #n, TCG_I64, offsetof(X86Cpu, fpr[n].mantissa)}

const TcgSlot x86_slots[X86_SLOT_COUNT] = {
    [X86_SLOT_PC] = {"pc", TCG_I64, offsetof(X86Cpu, pc)},
    GPR_SLOT(0, "rax"), GPR_SLOT(1, "rcx"), GPR_SLOT(2, "rdx"), GPR_SLOT(3, "rbx"), GPR_SLOT(4, "rsp"), GPR_SLOT(5, "rbp"),
    GPR_SLOT(6, "rsi"), GPR_SLOT(7, "rdi"), GPR_SLOT(8, "r8"), GPR_SLOT(9, "r9"), GPR_SLOT(10, "r10"), GPR_SLOT(11, "r11"),
    GPR_SLOT(12, "r12"), GPR_SLOT(13, "r13"), GPR_SLOT(14, "r14"), GPR_SLOT(15, "r15"),
    [X86_SLOT_FLAGS] = {"flags", TCG_FLAGS_T, offsetof(X86Cpu, flags)},
    [X86_SLOT_DF] = {"df", TCG_I64, offsetof(X86Cpu, df)},
    [X86_SLOT_EFLAGS] = {"eflags", TCG_I64, offsetof(X86Cpu, eflags)},
    [X86_SLOT_INHIBIT] = {"inhibit", TCG_I64, offsetof(X86Cpu, inhibit)},
    SEG_SLOTS(X86_ES, "es"), SEG_SLOTS(X86_CS, "cs"), SEG_SLOTS(X86_SS, "ss"), SEG_SLOTS(X86_DS, "ds"), SEG_SLOTS(X86_FS, "fs"),
    SEG_SLOTS(X86_GS, "gs"),
    VEC_SLOTS(0), VEC_SLOTS(1), VEC_SLOTS(2), VEC_SLOTS(3), VEC_SLOTS(4), VEC_SLOTS(5), VEC_SLOTS(6), VEC_SLOTS(7),
    VEC_SLOTS(8), VEC_SLOTS(9), VEC_SLOTS(10), VEC_SLOTS(11), VEC_SLOTS(12), VEC_SLOTS(13), VEC_SLOTS(14), VEC_SLOTS(15),
    [X86_SLOT_KERNEL_GS] = {"kernel_gs_base", TCG_I64, offsetof(X86Cpu, kernel_gs_base)},
    [X86_SLOT_IRQ_WAITING] = {"irq_waiting", TCG_I64, offsetof(X86Cpu, irq_waiting)},
    MM_SLOT(0), MM_SLOT(1), MM_SLOT(2), MM_SLOT(3), MM_SLOT(4), MM_SLOT(5), MM_SLOT(6), MM_SLOT(7),
};

/* The debugger's PC is the linear address: what it puts breakpoints at. */
static uint64_t get_pc(CpuState *cpu) { return x86_cpu(cpu)->pc; }

static void set_pc(CpuState *cpu, uint64_t pc)
{
    X86Cpu *x = x86_cpu(cpu);
    x->pc = x->region_flags & X86_RF_CS64 ? pc : (uint32_t)pc;
    x->inhibit = UINT64_MAX;
}

/*
 * An interrupt that comes while IF is clear has had its look; the instruction that sets IF must bring the next one, and knows
 * by irq_waiting whether it is worth leaving the region. One that comes later sets exit_request anyway.
 */
static bool deliver_interrupt(CpuState *cpu)
{
    x86_cpu(cpu)->irq_waiting = cpu_interrupts(cpu) & X86_PIN_INTR;
    return !x86_cpu(cpu)->dr_pending && x86_deliver_interrupt(cpu); /* not between a data breakpoint and its instruction */
}

/* A fault of the instruction that met a data breakpoint: it will be met again. */
static void deliver_exception(CpuState *cpu)
{
    X86Cpu *x = x86_cpu(cpu);
    if (x->dr_pending) {
        x->dr_pending = 0;
        x86_update_flags(x);
    }
    x86_deliver_exception(cpu);
}

static void runtime_exit(CpuState *cpu, uint32_t reason)
{
    X86Cpu *x = x86_cpu(cpu);
    if (x->dr_pending) {
        x86_data_breakpoint(x, x->eflags & EFL_TF);
    } else {
        x86_runtime_exit(cpu, reason);
    }
}

/* Only vector operands ask for alignment. */
static void misaligned(CpuState *cpu, uint64_t va, MmuAccess access) { x86_raise_error(x86_cpu(cpu), X86_EXC_GP, 0); }

#define X86_TARGET(name_, base_, model_, bits_, machine_, arch_, registers_)                                           \
    {                                                                                                                  \
        .name = name_, .cpu_base = base_, .default_model = model_, .long_bits = bits_, .state_size = sizeof(X86Cpu),   \
        .elf_name = name_, .elf_machine = machine_, .gdb_arch = arch_, .wide_flag = X86_RF_CSBASE,                     \
        .exact_code_writes = true,                                                                                     \
        .slots = x86_slots, .slot_count = X86_SLOT_COUNT,                                                              \
        .insn_align = 1, .max_insn_len = 15, .region_flags = x86_region_flags, .fetch_mode = x86_fetch_mode,           \
        .scan = x86_scan, .translate = x86_translate, .disassemble = x86_disassemble,                                  \
        .tlb_fill = x86_tlb_fill, .translate_debug = x86_translate_debug, .bus_error = x86_bus_error,                  \
        .misaligned = misaligned,                                                                                      \
        .deliver_exception = deliver_exception, .deliver_interrupt = deliver_interrupt,                                \
        .has_work = x86_has_work, .reset = x86_reset, .registers = registers_, .get_pc = get_pc, .set_pc = set_pc,     \
        .print_state = x86_print_state, .current_mode = x86_data_mode, .runtime_exit = runtime_exit,                   \
        .page_watched = x86_page_watched, .access_watched = x86_access_watched,                                        \
    }

const TargetRecord x86_64_target =
    X86_TARGET("x86_64", TYPE_X86_64_CPU, X86_64_DEFAULT_MODEL, 64, EM_X86_64, "i386:x86-64", x86_64_registers);
const TargetRecord i386_target = X86_TARGET("i386", TYPE_I386_CPU, I386_DEFAULT_MODEL, 32, EM_386, "i386", i386_registers);
TARGET(x86_64_target);
TARGET(i386_target);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Raising and delivering exceptions, and what comes in by pins: double and triple faults, SMI, INIT, SIPI, NMI, INTR
 * (SDM 3A 6.9, 6.15; table 6-5: which exceptions make a double fault of which).
 *
 * A raise is a long jump to the run loop, which calls x86_deliver_exception(). If the delivery raises again, it is
 * called again: X86Cpu.delivering says what it was about. Delivery changes registers only at its end, so each begins
 * with the state of the first fault.
 */
#include <inttypes.h>

#include "segment.h"
#include "softmmu/machine.h"
#include "util/log.h"

/* ---- raising ---- */

static void set_pending(X86Cpu *x, bool has_error, uint32_t error_code)
{
    x->has_error = has_error;
    x->error_code = error_code;
    x->is_int = false;
}

void x86_raise(X86Cpu *x, X86Exception vector)
{
    set_pending(x, false, 0);
    cpu_raise(&x->cpu, (int32_t)vector);
}

void x86_raise_error(X86Cpu *x, X86Exception vector, uint32_t error_code)
{
    set_pending(x, true, error_code);
    cpu_raise(&x->cpu, (int32_t)vector);
}

void x86_raise_page_fault(X86Cpu *x, uint64_t va, uint32_t error_code)
{
    x->fault_address = va;
    x86_raise_error(x, X86_EXC_PF, error_code);
}

void x86_raise_int(X86Cpu *x, uint8_t vector, uint64_t next, bool is_int)
{
    set_pending(x, false, 0);
    x->is_int = is_int;
    x->next_pc = next;
    if (!is_int) { /* INT1: a trap without the privilege check of the others */
        cpu_sync_state(&x->cpu);
        x->pc = next;
    }
    cpu_raise(&x->cpu, vector);
}

void x86_raise_trap(X86Cpu *x, X86Exception vector)
{
    uint64_t pc = x->pc;
    cpu_sync_state(&x->cpu); /* would put the PC back to the instruction */
    x->pc = pc;
    x86_raise(x, vector);
}

void x86_runtime_exit(CpuState *cpu, uint32_t reason)
{
    X86Cpu *x = x86_cpu(cpu);
    if (reason == X86_REASON_STEP || (reason == X86_REASON_STEP_IF_TF && (x->eflags & EFL_TF))) {
        x->dr[6] |= DR6_BS;
        set_pending(x, false, 0);
        cpu->exception = X86_EXC_DB;
    }
}

/* ---- double and triple faults ---- */

static bool contributory(int32_t v)
{
    return v == X86_EXC_DE || v == X86_EXC_TS || v == X86_EXC_NP || v == X86_EXC_SS || v == X86_EXC_GP;
}

static bool makes_double_fault(int32_t first, int32_t second)
{
    return (contributory(first) && contributory(second)) ||
           (first == X86_EXC_PF && (second == X86_EXC_PF || contributory(second)));
}

/* The processor stops, and a PC's board answers by a reset. Nothing but a reset or INIT ends it. */
static void shutdown(X86Cpu *x)
{
    log_if(LOG_INT | LOG_RESET | LOG_GUEST_ERROR, "cpu %u: triple fault at %#" PRIx64 "\n", x->cpu.index, x->pc);
    x->delivering = X86_DELIVERING_SHUTDOWN;
    __atomic_store_n(&x->cpu.halted, true, __ATOMIC_RELEASE);
    machine_request_reset(x->cpu.machine, SHUTDOWN_GUEST_RESET);
}

void x86_deliver_exception(CpuState *cpu)
{
    X86Cpu *x = x86_cpu(cpu);
    int32_t vector = cpu->exception;
    bool is_int = x->is_int, has_error = x->has_error;
    uint32_t error_code = x->error_code;

    cpu->exception = -1;
    if (vector < 0 || x->delivering == X86_DELIVERING_SHUTDOWN) {
        return;
    }
    if (vector == X86_EXC_PF && !is_int) {
        x->cr2 = x->fault_address;
    }
    if (x->delivering == X86_EXC_DF && !is_int) {
        shutdown(x);
        return;
    }
    if (!is_int && makes_double_fault(x->delivering, vector)) {
        log_if(LOG_INT, "cpu %u: exception %#x while %#x was delivered\n", cpu->index, vector, x->delivering);
        vector = X86_EXC_DF;
        has_error = true;
        error_code = 0;
    }
    if (vector == X86_EXC_DB && !is_int) {
        x->dr[7] &= ~(uint64_t)DR7_GD;
    }
    x->delivering = is_int ? X86_DELIVERING_INT : vector;
    x->delivering_ext = !is_int;
    x86_interrupt(x, (uint8_t)vector, is_int, has_error, error_code, is_int ? x->next_pc : x->pc, false);
    x->delivering = -1;
    x->inhibit = UINT64_MAX;
}

/* ---- pins ---- */

static void take(X86Cpu *x, uint8_t vector)
{
    x->delivering = X86_DELIVERING_INTERRUPT;
    x->delivering_ext = true;
    x86_interrupt(x, vector, false, false, 0, x->pc, true);
    x->delivering = -1;
    x->inhibit = UINT64_MAX;
}

/*
 * Interrupts wait while the instruction behind STI or a load of SS has not been done. It becomes a region of its own,
 * which clears `inhibit`, and the kick brings the next look behind it.
 */
static bool inhibited(X86Cpu *x)
{
    if (G_LIKELY(x->inhibit != x->pc)) {
        return false;
    }
    x->region_flags |= X86_RF_SHADOW;
    cpu_kick(&x->cpu);
    return true;
}

/* INIT and SIPI; true where the CPU starts at another place now. Does not return where it has to wait. */
static bool deliver_start(X86Cpu *x, uint32_t lines)
{
    CpuState *cpu = &x->cpu;
    bool moved = false;

    if ((lines & X86_PIN_INIT) && !x->smm) {
        cpu_interrupt_clear(cpu, X86_PIN_INIT);
        x86_init_reset(x);
        x->delivering = -1;
        moved = true;
    }
    if (cpu_interrupts(cpu) & X86_PIN_SIPI) {
        cpu_interrupt_clear(cpu, X86_PIN_SIPI);
        if (x->wait_sipi) {
            x86_sipi_start(x);
            return true;
        }
    }
    if (x->wait_sipi && (moved || !__atomic_load_n(&cpu->halted, __ATOMIC_ACQUIRE))) {
        __atomic_store_n(&cpu->halted, true, __ATOMIC_RELEASE);
        cpu_loop_exit(cpu); /* the run loop looks at `halted` before anything else */
    }
    return moved;
}

static bool deliver_smi(X86Cpu *x, uint32_t lines)
{
    if (!(lines & X86_PIN_SMI) || x->smm) {
        return false;
    }
    if (!x86_has_smm(x)) {
        cpu_interrupt_clear(&x->cpu, X86_PIN_SMI);
        return false;
    }
    if (inhibited(x)) {
        return false;
    }
    cpu_interrupt_clear(&x->cpu, X86_PIN_SMI);
    x86_smi(x);
    return true;
}

static bool deliver_masked(X86Cpu *x)
{
    const X86ApicOps *ops = x->apic_ops;
    if (!(x->eflags & EFL_IF) || inhibited(x)) {
        return false;
    }
    if (!ops || !ops->ack) {
        cpu_interrupt_clear(&x->cpu, X86_PIN_INTR);
        return false;
    }
    int vector = ops->ack(x->apic);
    if (vector < 0) {
        return false;
    }
    take(x, (uint8_t)vector);
    return true;
}

bool x86_deliver_interrupt(CpuState *cpu)
{
    X86Cpu *x = x86_cpu(cpu);
    uint32_t lines = cpu_interrupts(cpu);

    x->region_flags &= ~(uint64_t)X86_RF_SHADOW;
    if (G_LIKELY(!lines) && !x->wait_sipi) {
        return false;
    }
    if ((lines & (X86_PIN_INIT | X86_PIN_SIPI)) || x->wait_sipi) {
        if (deliver_start(x, lines)) {
            return true;
        }
        if (x->wait_sipi) {
            return false;
        }
    }
    if (x->delivering == X86_DELIVERING_SHUTDOWN) {
        return false;
    }
    if (deliver_smi(x, lines)) {
        return true;
    }
    if ((lines & X86_PIN_MCE) && (x->cr4 & CR4_MCE)) {
        cpu_interrupt_clear(cpu, X86_PIN_MCE);
        take(x, X86_EXC_MC);
        return true;
    }
    if ((lines & X86_PIN_NMI) && !x->nmi_blocked && !inhibited(x)) {
        cpu_interrupt_clear(cpu, X86_PIN_NMI);
        x->nmi_blocked = true;
        take(x, X86_EXC_NMI);
        return true;
    }
    return (lines & X86_PIN_INTR) && deliver_masked(x);
}

/*
 * Whether a halted CPU goes on. What x86_deliver_interrupt() takes wakes it there, with the interrupt as the first
 * thing that happens; so here it is only about single steps by a debugger, which are not interrupted.
 */
bool x86_has_work(CpuState *cpu)
{
    const X86Cpu *x = x86_cpu(cpu);
    uint32_t lines = cpu_interrupts(cpu);
    if (!cpu->single_step || x->wait_sipi || x->delivering == X86_DELIVERING_SHUTDOWN) {
        return false;
    }
    return (lines & (X86_PIN_INIT | X86_PIN_SMI | X86_PIN_MCE)) || ((lines & X86_PIN_NMI) && !x->nmi_blocked) ||
           ((lines & X86_PIN_INTR) && (x->eflags & EFL_IF));
}

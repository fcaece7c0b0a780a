/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traps: raising exceptions, entering the handler's mode (privileged manual 3.1.6 to 3.1.15 and 4.1), choosing among pending
 * interrupts, and what wakes a hart from WFI.
 *
 * riscv_deliver_*() run on the vCPU thread between regions with all state in memory; the others as they say.
 */
#include "accel/tcg/tcg-accel.h"
#include "riscv-cpu.h"
#include "util/log.h"

void riscv_raise(RiscvCpu *rc, RiscvCause cause, uint64_t value)
{
    rc->trap_value = value;
    cpu_raise(&rc->cpu, (int32_t)cause);
}

void riscv_set_priv(RiscvCpu *rc, unsigned priv) { rc->priv = (uint8_t)priv; }

const char *riscv_cause_name(bool interrupt, unsigned cause)
{
    static const char *const exceptions[] = {
        "misaligned_fetch", "fault_fetch", "illegal_instruction", "breakpoint", "misaligned_load", "fault_load",
        "misaligned_store", "fault_store", "user_ecall", "supervisor_ecall", "hypervisor_ecall", "machine_ecall",
        "exec_page_fault", "load_page_fault", "reserved", "store_page_fault",
    };
    static const char *const interrupts[] = {
        "u_software", "s_software", "vs_software", "m_software", "u_timer", "s_timer", "vs_timer", "m_timer", "u_external",
        "s_external", "vs_external", "m_external",
    };
    if (interrupt) {
        return cause < G_N_ELEMENTS(interrupts) ? interrupts[cause] : "(unknown)";
    }
    return cause < G_N_ELEMENTS(exceptions) ? exceptions[cause] : "(unknown)";
}

static uint64_t as_register(const RiscvCpu *rc, uint64_t v) { return riscv_is32(rc) ? (uint64_t)(int64_t)(int32_t)v : v; }

static void enter(RiscvCpu *rc, bool interrupt, unsigned cause, uint64_t value)
{
    uint64_t deleg = interrupt ? rc->mideleg : rc->medeleg;
    bool to_s = rc->priv <= RISCV_PRIV_S && (deleg >> cause & 1);
    uint64_t cause_csr = as_register(rc, cause | (interrupt ? CAUSE_INTERRUPT(rc) : 0));
    uint64_t s = rc->mstatus, tvec;
    log_if(LOG_INT, "trap: hart:%u, async:%d, cause:%016" G_GINT64_MODIFIER "x, epc:0x%016" G_GINT64_MODIFIER "x, tval:0x%016"
           G_GINT64_MODIFIER "x, desc=%s, mode %u to %u\n", rc->cpu.index, interrupt, cause_csr, rc->pc, value,
           riscv_cause_name(interrupt, cause), rc->priv, to_s ? RISCV_PRIV_S : RISCV_PRIV_M);
    if (to_s) {
        s = (s & ~(MSTATUS_SPIE | MSTATUS_SPP)) | (s & MSTATUS_SIE ? MSTATUS_SPIE : 0) | (rc->priv ? MSTATUS_SPP : 0);
        rc->mstatus = s & ~MSTATUS_SIE;
        rc->scause = cause_csr;
        rc->sepc = as_register(rc, rc->pc);
        rc->stval = as_register(rc, value);
        tvec = rc->stvec;
        riscv_set_priv(rc, RISCV_PRIV_S);
    } else {
        s = (s & ~(MSTATUS_MPIE | MSTATUS_MPP)) | (s & MSTATUS_MIE ? MSTATUS_MPIE : 0) | (uint64_t)rc->priv << MSTATUS_MPP_SHIFT;
        rc->mstatus = s & ~MSTATUS_MIE;
        rc->mcause = cause_csr;
        rc->mepc = as_register(rc, rc->pc);
        rc->mtval = as_register(rc, value);
        tvec = rc->mtvec;
        riscv_set_priv(rc, RISCV_PRIV_M);
    }
    uint64_t pc = (tvec & ~3ull) + (interrupt && (tvec & 1) ? 4ull * cause : 0);
    rc->pc = riscv_is32(rc) ? (uint32_t)pc : pc;
}

void riscv_deliver_exception(CpuState *cpu)
{
    RiscvCpu *rc = riscv_cpu(cpu);
    int32_t cause = cpu->exception;
    cpu->exception = -1;
    if (cause >= 0) {
        uint64_t value = rc->trap_value;
        rc->trap_value = 0;
        enter(rc, false, (unsigned)cause & 31, value);
    }
}

uint32_t riscv_mip(const RiscvCpu *rc)
{
    return (cpu_interrupts(&rc->cpu) | __atomic_load_n(&rc->mip_sw, __ATOMIC_ACQUIRE)) & RISCV_IRQ_ALL;
}

/* The cause of the interrupt to be taken now, or -1. Order of priority: the privileged manual, 3.1.9. */
static int best_interrupt(const RiscvCpu *rc)
{
    uint32_t pending = riscv_mip(rc) & (uint32_t)rc->mie;
    if (!pending) {
        return -1;
    }
    uint32_t mideleg = (uint32_t)rc->mideleg;
    bool m_on = rc->priv < RISCV_PRIV_M || (rc->mstatus & MSTATUS_MIE);
    bool s_on = rc->priv < RISCV_PRIV_S || (rc->priv == RISCV_PRIV_S && (rc->mstatus & MSTATUS_SIE));
    uint32_t now = m_on ? pending & ~mideleg : 0;
    if (!now) {
        now = s_on ? pending & mideleg : 0;
    }
    static const uint8_t order[] = {11, 3, 7, 9, 1, 5};
    for (unsigned i = 0; i < sizeof(order); i++) {
        if (now >> order[i] & 1) {
            return order[i];
        }
    }
    return -1;
}

bool riscv_interrupt_ready(const RiscvCpu *rc) { return best_interrupt(rc) >= 0; }

bool riscv_deliver_interrupt(CpuState *cpu)
{
    RiscvCpu *rc = riscv_cpu(cpu);
    int cause = best_interrupt(rc);
    if (cause < 0) {
        return false;
    }
    enter(rc, true, (unsigned)cause, 0);
    return true;
}

/* WFI goes on when an enabled interrupt is pending, whatever the global enables say. */
bool riscv_has_work(CpuState *cpu)
{
    const RiscvCpu *rc = riscv_cpu(cpu);
    return (riscv_mip(rc) & (uint32_t)__atomic_load_n(&rc->mie, __ATOMIC_ACQUIRE)) != 0;
}

void riscv_cpu_irq(CpuState *cpu, uint32_t bits, bool level)
{
    if (level) {
        cpu_interrupt_set(cpu, bits);
    } else {
        cpu_interrupt_clear(cpu, bits);
    }
}

void riscv_cpu_irq_handler(void *opaque, int n, int level)
{
    if (n >= 0 && n < 32) {
        riscv_cpu_irq(opaque, 1u << n & RISCV_IRQ_ALL, level != 0);
    }
}
